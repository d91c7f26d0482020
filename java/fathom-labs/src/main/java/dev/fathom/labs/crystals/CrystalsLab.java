package dev.fathom.labs.crystals;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.Pca;
import dev.fathom.features.Predictor;
import dev.fathom.labs.experiments.KeptParts;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.experiments.OldExperiment;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.labs.statistics.Averages;
import dev.fathom.labs.statistics.Correlation;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.optim.Adam;
import dev.fathom.optim.LBfgs;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.train.Workers;
import dev.fathom.view.Chart;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A property of generated crystals by graph networks: few crystals have a label, and many more without one teach what
 * the elements are like.
 */
public final class CrystalsLab implements OldExperiment {
    private static final int[] LABELS = {20, 50, 100, 200, 500};
    private static final int[] BRIEF = {20, 100};
    private static final int BATCH = 50;
    private static final String MEAN = "mean of the labels";
    private static final String LINEAR = "linear map of the composition";
    private static final String NEAREST = "3 nearest compositions";
    private static final String ALONE = "graph network, labels alone";
    private static final String TAUGHT = "graph network, taught first by crystals without labels";

    @Override
    public String name() {
        return "crystals";
    }

    @Override
    public Findings run(LabRun run) {
        int unlabeled = run.of(4000, 1500);
        int tested = run.of(1000, 300);
        Crystals all = Crystals.draw(unlabeled + tested, new Rng(run.seed()).split("crystals"));
        Crystals known = all.subset(0, unlabeled);
        Crystals test = all.subset(unlabeled, unlabeled + tested);
        Findings page = run.page(
                "Lab crystals",
                line(
                        "Generated crystals: %,d to learn from, few of which have a label, and %,d for the test",
                        unlabeled, tested));
        page.section("Generated crystals", "")
                .text(line(
                        "These crystals are generated and not real. Each has a cell of %d sites on one of four "
                                + "lattices. Each of %d elements has an "
                                + "electronegativity X and a radius R that no learner sees, and the property of a "
                                + "crystal is the mean of (R - R')^2 - (X - "
                                + "X')^2 over its bonds. As in nature, crystals that exist are stable ones: "
                                + "elements are drawn for the sites with "
                                + "probabilities that fall with that energy, so that a crystal tells something of "
                                + "its elements even where its property is "
                                + "not known. The network passes messages between neighbors. Taught first, it "
                                + "learns to name the element of a hidden site "
                                + "in crystals without labels, and then the property from those with one. No "
                                + "figures are published for such crystals, so "
                                + "the baselines are computed.",
                        Lattice.SITES, Crystals.ELEMENTS));
        try (Model<CrystalNet> taught = taught(run, known)) {
            if (taught == null) {
                return page;
            }
            boolean done = properties(run, page, known, test, taught);
            elements(page, known, taught);
            return done ? page.finished() : page;
        }
    }

    /** A network that learned to name the elements of hidden sites, to be closed; null if the run was interrupted. */
    private static @Nullable Model<CrystalNet> taught(LabRun run, Crystals crystals) {
        run.training().say("%n== Hidden sites");
        int epochs = run.epochs(40, 15);
        Model<CrystalNet> model = Model.of(CrystalNet.of(), run.seed());
        boolean done = false;
        try (Dataset data = crystals.dataset(0, 1)) {
            var trainer = Trainer.custom(
                            model,
                            new Adam(3e-3f),
                            (net, batch) -> new Step.Result(net.hiddenLoss(batch.x(), batch.get("a"))))
                    .schedule(Schedule.cosine(epochs))
                    .seed(run.seed());
            done = run.training()
                    .fit(
                            trainer,
                            run.folder().resolve("hidden-sites"),
                            "crystals",
                            data.shuffled(run.seed()).batches(BATCH),
                            epochs);
            return done ? model : null;
        } finally {
            if (!done) {
                model.close();
            }
        }
    }

    // ---- the property

    /**
     * What came of a draw of labels.
     *
     * @param errors the mean absolute error of each method on the test
     * @param said what the network that was taught first says of the test
     */
    private record Drawn(Map<String, Double> errors, float[] said) {
        double error(String name) {
            return Objects.requireNonNull(errors.get(name));
        }
    }

    /**
     * Teaches the property by more and more labels, and shows the numbers of labels that are finished; false if the run
     * was interrupted before the last.
     */
    private static boolean properties(
            LabRun run, Findings page, Crystals known, Crystals test, Model<CrystalNet> taught) {
        int[] labels = run.brief() ? BRIEF : LABELS;
        int draws = run.of(5, 2);
        run.training().say("%n== The property");
        var kept = new KeptParts<>(
                run, "lessons", Drawn.class, line("%d crystals, %d for the test", known.size(), test.size()));
        Map<Integer, List<Drawn>> finished = new LinkedHashMap<>();
        for (int n : labels) {
            List<Drawn> all = Workers.all()
                    .run(
                            draws,
                            draw -> kept.of(line("%d labels, draw %d", n, draw), () -> {
                                Crystals labeled = known.subset(draw * n, (draw + 1) * n);
                                return drawn(answers(run, labeled, test, taught, draw), test);
                            }))
                    .stream()
                    .flatMap(Optional::stream)
                    .toList();
            if (all.size() == draws) {
                finished.put(n, all);
                run.training()
                        .say(
                                "%d labels: mean absolute error %.3f by labels alone, %.3f taught first",
                                n, mean(all, ALONE), mean(all, TAUGHT));
            }
        }
        if (!finished.isEmpty()) {
            page(page, finished, draws, test);
        }
        return finished.size() == labels.length;
    }

    private static Drawn drawn(Map<String, float[]> answers, Crystals test) {
        Map<String, Double> errors = new LinkedHashMap<>();
        answers.forEach((name, said) -> errors.put(name, error(said, test)));
        return new Drawn(errors, Objects.requireNonNull(answers.get(TAUGHT)));
    }

    private static double mean(List<Drawn> all, String name) {
        return Averages.mean(all, one -> one.error(name));
    }

    /** The mean absolute error. */
    private static double error(float[] said, Crystals test) {
        double sum = 0;
        for (int i = 0; i < said.length; i++) {
            sum += Math.abs(said[i] - test.energies()[i]);
        }
        return sum / said.length;
    }

    /** What each method says of the test. */
    private static Map<String, float[]> answers(
            LabRun run, Crystals labeled, Crystals test, Model<CrystalNet> taught, int draw) {
        double mean = Averages.mean(Averages.doubles(labeled.energies()));
        double deviation = Averages.deviation(Averages.doubles(labeled.energies()));
        Map<String, float[]> all = new LinkedHashMap<>();
        float[] same = new float[test.size()];
        Arrays.fill(same, (float) mean);
        all.put(MEAN, same);
        all.put(LINEAR, linear(labeled, test, mean, deviation, run.seed() + draw));
        all.put(NEAREST, nearest(labeled, test));
        try (Model<CrystalNet> fresh = Model.of(CrystalNet.of(), run.seed() + 1 + draw);
                Model<CrystalNet> copy = taught.copy()) {
            all.put(ALONE, network(run, fresh, labeled, test, mean, deviation));
            all.put(TAUGHT, network(run, copy, labeled, test, mean, deviation));
        }
        return all;
    }

    private static float[] linear(Crystals labeled, Crystals test, double mean, double deviation, long seed) {
        float[][] y = new float[labeled.size()][1];
        for (int i = 0; i < y.length; i++) {
            y[i][0] = (float) ((labeled.energies()[i] - mean) / deviation);
        }
        float[][] x = test.composition();
        try (Dataset data = Dataset.of(labeled.composition(), y);
                Dataset asked = Dataset.of(x, new float[x.length][1]);
                Model<Linear> model = Model.of(new Linear(x[0].length, 1), seed)) {
            Trainer.of(model, Loss.mse(), new LBfgs())
                    .penalties(Penalty.l2(1e-3f).except("bias"))
                    .fit(data.batches(y.length), 20);
            float[][] said = Examples.of(model.net(), asked).x();
            float[] all = new float[said.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = (float) (mean + deviation * said[i][0]);
            }
            return all;
        }
    }

    private static float[] nearest(Crystals labeled, Crystals test) {
        float[][] y = new float[labeled.size()][];
        for (int i = 0; i < y.length; i++) {
            y[i] = new float[] {labeled.energies()[i]};
        }
        try (Predictor near = new NearestNeighbors(3).fit(Examples.of(labeled.composition(), y), 0)) {
            float[][] said = near.predict(test.composition());
            float[] all = new float[said.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = said[i][0];
            }
            return all;
        }
    }

    private static float[] network(
            LabRun run, Model<CrystalNet> model, Crystals labeled, Crystals test, double mean, double deviation) {
        int batch = Math.min(20, labeled.size());
        int epochs = Math.max(1, run.of(1500, 400) * batch / labeled.size());
        try (Dataset data = labeled.dataset(mean, deviation);
                Dataset asked = test.dataset(mean, deviation)) {
            var trainer = Trainer.custom(
                            model,
                            new Adam(2e-3f),
                            (net, b) -> new Step.Result(Loss.mse().of(net.energy(b.x(), b.get("a")), b.y())))
                    .schedule(Schedule.cosine(epochs))
                    .seed(run.seed());
            trainer = trainer.callbacks(run.interrupt().stopping());
            trainer.fit(data.shuffled(run.seed()).batches(batch), epochs);
            float[] all = new float[test.size()];
            int at = 0;
            for (Batches.Epoch batches = asked.batches(100).epoch(0); batches.hasNext(); ) {
                try (Pass pass = Pass.infer()) {
                    var b = batches.next();
                    for (float one : model.net().energy(b.x(), b.get("a")).toArray()) {
                        all[at++] = (float) (mean + deviation * one);
                    }
                }
            }
            return all;
        }
    }

    // ---- the page

    private static void page(Findings page, Map<Integer, List<Drawn>> finished, int draws, Crystals test) {
        List<String> methods = List.of(MEAN, LINEAR, NEAREST, ALONE, TAUGHT);
        List<String> places = finished.keySet().stream().map(n -> n.toString()).toList();
        Map<String, double[]> errors = new LinkedHashMap<>();
        methods.forEach(name -> errors.put(
                name,
                finished.values().stream().mapToDouble(all -> mean(all, name)).toArray()));
        List<String> header = new ArrayList<>(List.of("mean absolute error, by the number of labels"));
        header.addAll(places);
        page.section(
                        "The property by the number of labels",
                        line(
                                "Means over %d draws of labels and initial weights; all networks take the same "
                                        + "number of steps on labels.",
                                draws))
                .table(
                        header,
                        errors.entrySet().stream()
                                .map(e -> {
                                    List<String> row = new ArrayList<>(List.of(e.getKey()));
                                    Arrays.stream(e.getValue()).forEach(v -> row.add(line("%.3f", v)));
                                    return row;
                                })
                                .toList())
                .picture(
                        "labels.png",
                        "Mean absolute error by the number of labels",
                        () -> Plots.compare("mean absolute error", "labels", places, errors));
        List<Drawn> hundred = finished.get(100);
        if (hundred != null) {
            hundred(page, hundred, test);
        }
        finished.forEach((n, all) -> {
            double mean = mean(all, MEAN);
            for (String name : methods) {
                Figure error = Figure.of(line("%s, %d labels, mean absolute error", name, n), "", mean(all, name));
                page.figure(name.equals(MEAN) ? error : error.baseline(mean, MEAN));
            }
        });
    }

    /** What a hundred labels come to. */
    private static void hundred(Findings page, List<Drawn> all, Crystals test) {
        double alone = mean(all, ALONE);
        double taught = mean(all, TAUGHT);
        double simple = Math.min(mean(all, LINEAR), mean(all, NEAREST));
        double[] truth = Averages.doubles(test.energies());
        double middle = Averages.mean(truth);
        double wide = 2 * Averages.deviation(truth);
        double[] ends = {middle - wide, middle + wide};
        page.text(line(
                        "With 100 labels the graph network has a mean absolute error of %.3f by labels alone, and "
                                + "of %.3f if it is taught first by crystals "
                                + "without labels: %.0f %% of the error. The better of the two methods that see "
                                + "the composition alone has %.3f.",
                        alone, taught, 100 * taught / alone, simple))
                .key(Figure.of(
                                "Graph network taught first, 100 labels, error divided by that of labels alone",
                                "",
                                taught / alone)
                        .baseline(1, "the same network, labels alone"))
                .key(Figure.of("Graph network taught first, 100 labels, mean absolute error", "", taught)
                        .baseline(simple, "the better of linear map and nearest compositions"))
                .figure(Figure.of("Gain by crystals without labels, 100 labels", "", alone - taught)
                        .baseline(0, "labels alone"))
                .picture(
                        "predicted.png",
                        "The property that is said of test crystals, beside the true one",
                        () -> new Chart("said property, 100 labels", "true property")
                                .points(
                                        "test crystals, taught first",
                                        truth,
                                        Averages.doubles(all.get(all.size() - 1).said))
                                .dashed("equal", ends, ends)
                                .render());
    }

    /** What the network learned of the elements without a label. */
    private static void elements(Findings page, Crystals crystals, Model<CrystalNet> taught) {
        float[][] vectors = new float[Crystals.ELEMENTS][];
        try (Pass pass = Pass.infer()) {
            float[] all = taught.net().elements().toArray();
            int width = all.length / vectors.length;
            for (int e = 0; e < vectors.length; e++) {
                vectors[e] = Arrays.copyOfRange(all, e * width, (e + 1) * width);
            }
        }
        float[][] plane = Pca.fit(vectors, 2).transform(vectors);
        float[] first = new float[vectors.length];
        for (int e = 0; e < first.length; e++) {
            first[e] = plane[e][0];
        }
        double r = Math.abs(Correlation.pearson(first, crystals.electronegativity(), 0, first.length));
        page.section(
                        "What crystals without labels tell of the elements",
                        "Each element has a vector in the network. After learning to name hidden sites, before "
                                + "any label, its first principal component is "
                                + "drawn over the electronegativity, which the network never saw.")
                .text(line("The two have a correlation of %.2f, whatever its sign.", r))
                .figure(Figure.of(
                        "Elements without labels, correlation of the first component with electronegativity", "", r))
                .picture(
                        "elements.png",
                        "First component of each element's vector over its electronegativity",
                        () -> new Chart("first principal component", "electronegativity")
                                .points(
                                        "elements",
                                        Averages.doubles(crystals.electronegativity()),
                                        Averages.doubles(first))
                                .render());
    }
}
