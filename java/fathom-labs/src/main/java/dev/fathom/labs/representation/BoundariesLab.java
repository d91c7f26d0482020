package dev.fathom.labs.representation;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.labs.data.PlaneSet;
import dev.fathom.labs.data.PlaneSet.Points;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.training.Descent;
import dev.fathom.labs.training.ManyLinear;
import dev.fathom.labs.training.NamedActivation;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.view.Regions;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The regions into which networks with each activation divide the plane, on four toy problems. */
public final class BoundariesLab implements OldExperiment {
    /**
     * Activations that need not learn: two layers of slope 1/6 pass on little of the signal, and steps pass on no
     * gradient.
     */
    private static final int HIDDEN = 16;

    private static final float RATE = 0.02f;
    private static final int LEARN = 200;
    private static final int TEST = 1000;
    private static final double REACH = 1.7;

    /**
     * What networks of one activation do, one for each problem and draw.
     *
     * @param accuracies the mean test accuracy over the draws, for each problem
     * @param shares what the network of each problem's first draw says to the places of the plane
     */
    private record Trained(double[] accuracies, float[][] shares) {
        double mean() {
            return Averages.mean(accuracies);
        }
    }

    /** A layer over the units of all networks side by side, so that what it learns belongs to each network alone. */
    record Beside(Layer layer) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            int nets = x.dim(0);
            int n = x.dim(1);
            return layer.apply(x.transpose(0, 1).reshape(n, nets * x.dim(2)))
                    .reshape(n, nets, HIDDEN)
                    .transpose(0, 1);
        }
    }

    @Override
    public String name() {
        return "boundaries";
    }

    @Override
    public Findings run(LabRun run) {
        int draws = run.of(5, 1);
        int steps = run.epochs(2000, 300);
        PlaneSet[] sets = PlaneSet.values();
        List<Points> learn = draw(run, "learn", draws, LEARN);
        List<Points> test = draw(run, "test", draws, TEST);
        Findings page = run.page(
                "Lab boundaries",
                line("Generated points in the plane, %,d to learn from and %,d to test on", LEARN, TEST));
        page.section("The problems", "")
                .text(line(
                        "Moons, circles, spirals and blobs are toy problems of two classes. For each activation "
                                + "and problem%s, a network with two hidden "
                                + "layers of %d units (2-%d-%d-1) takes %,d steps of Adam on the cross-entropy of "
                                + "all %,d examples; the learning rate falls "
                                + "from %.2f to 0 as a cosine does. The network without activations is a linear "
                                + "classifier. Five nearest neighbors are the "
                                + "baseline.",
                        draws == 1 ? "" : ", and for each of " + draws + " draws of the points",
                        HIDDEN,
                        HIDDEN,
                        HIDDEN,
                        steps,
                        LEARN,
                        RATE));
        double[] neighbors = neighbors(learn, test, draws);
        Map<String, Trained> all = new LinkedHashMap<>();
        for (NamedActivation activation : NamedActivation.ALL) {
            Trained trained = train(run, activation, learn, test, draws, steps);
            if (trained == null) {
                break;
            }
            all.put(activation.name(), trained);
        }
        if (all.isEmpty()) {
            return page;
        }
        table(page, all, neighbors);
        for (int s = 0; s < sets.length; s++) {
            int set = s;
            page.picture(
                    sets[s].name().toLowerCase(Locale.ROOT) + ".png",
                    "The regions of networks with each activation on " + sets[s].title()
                            + ", with their test accuracies",
                    () -> sheet(all, set, learn.get(set * draws)));
        }
        boolean whole =
                all.size() == NamedActivation.ALL.size() && !run.interrupt().requested();
        return whole ? page.finished() : page;
    }

    /** The points of all draws of the first problem, then those of the second, and so on. */
    private static List<Points> draw(LabRun run, String purpose, int draws, int n) {
        List<Points> all = new ArrayList<>();
        for (PlaneSet set : PlaneSet.values()) {
            for (int d = 0; d < draws; d++) {
                all.add(set.draw(n, new Rng(run.seed()).split(purpose + set + d)));
            }
        }
        return all;
    }

    private static double[] neighbors(List<Points> learn, List<Points> test, int draws) {
        double[] accuracies = new double[learn.size() / draws];
        for (int i = 0; i < learn.size(); i++) {
            try (var index = new NearestNeighbors(5).fit(examples(learn.get(i)), 1)) {
                accuracies[i / draws] += index.accuracy(examples(test.get(i))) / draws;
            }
        }
        return accuracies;
    }

    private static Examples examples(Points points) {
        float[][] rows = new float[points.size()][];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = new float[] {points.x()[2 * i], points.x()[2 * i + 1]};
        }
        return Examples.of(rows, points.labels());
    }

    private static @Nullable Trained train(
            LabRun run, NamedActivation activation, List<Points> learn, List<Points> test, int draws, int steps) {
        int nets = learn.size();
        int wide = activation.inputs() * HIDDEN;
        Sequential net = new Sequential(
                new ManyLinear(nets, 2, wide),
                new Beside(activation.layer().apply(nets * HIDDEN)),
                new ManyLinear(nets, HIDDEN, wide),
                new Beside(activation.layer().apply(nets * HIDDEN)),
                new ManyLinear(nets, HIDDEN, 1));
        float[] x = joined(learn, Points::x);
        float[] y = joined(learn, Points::targets);
        try (Model<Sequential> model = Model.of(net, run.seed())) {
            boolean whole = Descent.cosine(new Adam(RATE), steps)
                    .run(
                            run,
                            model,
                            () -> Loss.bceWithLogits()
                                    .of(net.apply(Tensor.of(x, nets, LEARN, 2)), Tensor.of(y, nets, LEARN, 1))
                                    .mul(nets));
            if (!whole) {
                return null;
            }
            try (Pass pass = Pass.infer()) {
                float[] logits = net.apply(Tensor.of(joined(test, Points::x), nets, TEST, 2))
                        .toArray();
                double[] accuracies = new double[nets / draws];
                for (int k = 0; k < nets; k++) {
                    float[] own = Arrays.copyOfRange(logits, k * TEST, (k + 1) * TEST);
                    accuracies[k / draws] += test.get(k).accuracy(own) / draws;
                }
                float[][] shares = new float[nets / draws][];
                Tensor places = Tensor.of(plane("").places(), Regions.PLACES, 2);
                float[] answers = net.apply(places).sigmoid().toArray();
                for (int s = 0; s < shares.length; s++) {
                    int first = s * draws * Regions.PLACES;
                    shares[s] = Arrays.copyOfRange(answers, first, first + Regions.PLACES);
                }
                return new Trained(accuracies, shares);
            }
        }
    }

    /** The numbers of all problems, one after another. */
    private static float[] joined(List<Points> all, Function<Points, float[]> numbers) {
        int n = numbers.apply(all.get(0)).length;
        float[] joined = new float[all.size() * n];
        for (int i = 0; i < all.size(); i++) {
            System.arraycopy(numbers.apply(all.get(i)), 0, joined, i * n, n);
        }
        return joined;
    }

    private static Regions plane(String title) {
        return new Regions(title, -REACH, REACH, -REACH, REACH).side(180);
    }

    private static void table(Findings page, Map<String, Trained> all, double[] neighbors) {
        PlaneSet[] sets = PlaneSet.values();
        List<List<String>> rows = new ArrayList<>();
        all.forEach((name, t) -> rows.add(row(name, t.accuracies)));
        rows.add(row("5 nearest neighbors", neighbors));
        List<String> header = new ArrayList<>(List.of("activation"));
        for (PlaneSet set : sets) {
            header.add(set.title());
        }
        page.section("Test accuracy", "").table(header, rows);
        for (Map.Entry<String, Trained> entry : all.entrySet()) {
            for (int s = 0; s < sets.length; s++) {
                Figure figure = Figure.of(
                                entry.getKey() + " on " + sets[s].title() + ", test accuracy",
                                "%",
                                100 * entry.getValue().accuracies[s])
                        .baseline(100 * neighbors[s], "5 nearest neighbors");
                page.figure(figure);
            }
        }
        Trained none = all.get(NamedActivation.NONE);
        if (none != null && all.size() > 1) {
            List<Map.Entry<String, Trained>> ranked = all.entrySet().stream()
                    .filter(entry -> !entry.getKey().equals(NamedActivation.NONE))
                    .sorted(Comparator.comparingDouble(entry -> entry.getValue().mean()))
                    .toList();
            Map.Entry<String, Trained> worst = ranked.get(0);
            Map.Entry<String, Trained> best = ranked.get(ranked.size() - 1);
            page.text(line(
                    "Over all problems, %s is best with %.1f %% and %s worst of the activations with %.1f %%; the "
                            + "linear classifier reaches %.1f %%. "
                            + "Piecewise linear activations have boundaries with corners, smooth ones round "
                            + "boundaries, and a step lets boundaries jump "
                            + "along lines.",
                    best.getKey(),
                    100 * best.getValue().mean(),
                    worst.getKey(),
                    100 * worst.getValue().mean(),
                    100 * none.mean()));
            page.key(Figure.of(
                            "best activation, mean test accuracy over the problems",
                            "%",
                            100 * best.getValue().mean())
                    .baseline(100 * none.mean(), "the linear classifier"));
        }
    }

    private static List<String> row(String name, double[] accuracies) {
        List<String> row = new ArrayList<>(List.of(name));
        for (double a : accuracies) {
            row.add(line("%.1f %%", 100 * a));
        }
        return row;
    }

    private static BufferedImage sheet(Map<String, Trained> all, int set, Points points) {
        List<Regions> planes = new ArrayList<>();
        all.forEach((name, t) -> planes.add(plane(line("%s, %.1f %%", name, 100 * t.accuracies[set]))
                .shares(t.shares[set])
                .points(0, points.of(0))
                .points(1, points.of(1))));
        return Regions.sheet(6, planes);
    }
}
