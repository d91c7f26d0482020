package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.derivative.GradientPenalty;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.ImageSet;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.Correlation;
import dev.fathom.labs.generative.Mixture.Contest;
import dev.fathom.nn.Input;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.RmsProp;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import dev.fathom.view.Diagram;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Wasserstein adversarial nets, with clipped weights (Arjovsky, Chintala and Bottou 2017) and with a gradient penalty
 * (Gulrajani et al. 2017), and what their critics say of the Wasserstein distance where the distance is known.
 */
public final class WganLab implements Experiment {
    /** The nets for images with clipped weights, which the lab gan measures too. */
    static final AdversarialDuel CLIPPED = clipped(64, 5e-4f, 0.03f);
    /** The nets for images with a gradient penalty, which the lab gan measures too. */
    static final AdversarialDuel PENALIZED = penalized(64, 5e-4f, GradientPenalty.twoSided(10));

    private static final int TURNS = 5;
    private static final int SIZE = 4096;
    private static final float CLIP = 0.1f;
    /** A penalty of this weight lets the slope of the best critic be 1 + W / (2 weight), which is near 1. */
    private static final float WEIGHT = 100;

    private static final GradientPenalty ONE_SIDED = GradientPenalty.oneSided(WEIGHT);
    private static final GradientPenalty TWO_SIDED = GradientPenalty.twoSided(WEIGHT);

    /**
     * The settings of the second paper: five steps of the critic, a penalty on its slope, Adam with betas of 0 and 0.9.
     */
    static AdversarialDuel penalized(int batch, float rate, GradientPenalty penalty) {
        return new AdversarialDuel(
                Game.WASSERSTEIN, TURNS, batch, new Adam(rate).betas(0, 0.9f), Float.POSITIVE_INFINITY, penalty, false);
    }

    /** The settings of the first paper: five steps of the critic, weights clipped, RMSProp. */
    static AdversarialDuel clipped(int batch, float rate, float clip) {
        return new AdversarialDuel(Game.WASSERSTEIN, TURNS, batch, new RmsProp(rate), clip, null, false);
    }

    @Override
    public Optional<Diagram> net() {
        return Experiment.drawn(
                "The critic of images", Nets.convolutional(0, false).critic(), Input.floats(1, 28, 28, 1));
    }

    @Override
    public void run(Lab lab) {
        try (Images digits = ImageSet.MNIST.images(lab.data(), lab.seed()).sample(lab.of(60_000, 1000), lab.seed());
                Images clothes =
                        ImageSet.FASHION_MNIST.images(null, lab.seed()).sample(lab.of(60_000, 500), lab.seed())) {
            lab.put("mnist", digits.learn().size())
                    .put("fashion", clothes.learn().size());
            shifts(lab);
            points(lab);
            game(lab);
            AdversarialDuel penalized = penalized(Mixture.BATCH, 1e-3f, GradientPenalty.oneSided(10));
            AdversarialDuel clipped = clipped(Mixture.BATCH, 5e-4f, 0.1f);
            IntFunction<Gan> net = modes -> Nets.points(2, 16, lab.of(128, 64), 0);
            Mixture.play(
                    lab,
                    List.of(
                            new Contest("gradient penalty", net, penalized),
                            new Contest("weight clipping", net, clipped)));
            images(lab, "Digits", digits, lab.epochs(8, 2));
            images(lab, "Clothes", clothes, lab.epochs(4, 1));
        }
    }

    /** Both nets on images of one kind, and whether the estimate falls with the quality of the samples. */
    private static void images(Lab lab, String title, Images images, int epochs) {
        try (ImageStudy study = new ImageStudy(lab, title, images)) {
            for (Table.Row row : List.of(
                    study.add("weight clipping", Nets.convolutional(0, false), CLIPPED, epochs),
                    study.add("gradient penalty", Nets.convolutional(0, false), PENALIZED, epochs))) {
                double[][] curves = study.curves(row.name());
                if (epochs >= 6) {
                    float[] estimates = Averages.floats(curves[0]);
                    double correlation = Correlation.pearson(estimates, Averages.floats(curves[1]), 1, epochs);
                    row.put("correlation of estimate and Fréchet distance", "%.2f", correlation);
                }
            }
            study.compare("Critic's estimate");
            lab.put("correlated", epochs >= 6);
        }
    }

    // ---- what critics say of distances that are known

    /** The estimate of a critic between two samples of one size, of points with {@code width} numbers. */
    private static double estimate(
            Lab lab, String name, float[] a, float[] b, int width, @Nullable GradientPenalty penalty, int steps) {
        int n = a.length / width;
        int batch = Math.min(512, n);
        int epochs = Math.max(1, steps * batch / n);
        Layer net = Nets.points(width, 1, 64, 0).critic();
        try (Dataset data = Dataset.of(a, Shape.of(width), b, Shape.of(width));
                Model<Layer> model = Model.of(net, lab.seed())) {
            var trainer = Trainer.custom(model, new Adam(2e-3f).betas(0.5f, 0.9f), (critic, pair) -> {
                        Tensor gap = Game.WASSERSTEIN.value(critic.apply(pair.x()), critic.apply(pair.y()));
                        Tensor loss = gap.neg();
                        if (penalty != null) {
                            loss = loss.add(penalty.between(critic::apply, pair.x(), pair.y()));
                        }
                        return new Step.Result(loss, gap);
                    })
                    .seed(lab.seed())
                    .schedule(Schedule.cosine(epochs));
            if (penalty == null) {
                trainer = trainer.groups(Group.of("*").clipWeights(CLIP));
            }
            lab.quietly(name, trainer, data.shuffled(lab.seed()).batches(batch), epochs);
            try (Pass pass = Pass.infer()) {
                Tensor x = Tensor.of(a, n, width);
                Tensor y = Tensor.of(b, n, width);
                return Game.WASSERSTEIN.value(net.apply(x), net.apply(y)).item();
            }
        }
    }

    /**
     * A density and the same one, shifted: the Wasserstein distance is the shift, while the Jensen-Shannon divergence
     * soon says no more.
     */
    private static void shifts(Lab lab) {
        double[] shifts = lab.of(new double[] {0, 0.5, 1, 2, 4, 6}, new double[] {0, 1, 6});
        int n = shifts.length;
        int steps = lab.of(1200, 160);
        Rng rng = lab.rng("shifts");
        Density p = Density.normal(0, 1);
        lab.section("The critic on a line")
                .put("draws", SIZE)
                .put("weight", WEIGHT)
                .put("clip", CLIP);
        Table table = lab.table("shifts", "q");
        for (int i = 0; i < n; i++) {
            Density q = Density.normal(shifts[i], 1);
            float[] a = p.sample(SIZE, rng);
            float[] b = q.sample(SIZE, rng);
            table.row(q.name())
                    .put("distance", "%.3f", Density.wasserstein(p, q))
                    .put("of the samples", "%.3f", Density.wasserstein(a, b))
                    .put("one-sided penalty", "%.3f", estimate(lab, "one-sided " + i, a, b, 1, ONE_SIDED, steps))
                    .put("two-sided penalty", "%.3f", estimate(lab, "two-sided " + i, a, b, 1, TWO_SIDED, steps))
                    .put("weight clipping", "%.3f", estimate(lab, "clipping " + i, a, b, 1, null, steps))
                    .put("JS", "%.4f", Density.jensenShannon(p, q));
        }
        double[] truth = table.values("of the samples");
        double[] penalty = table.values("one-sided penalty");
        double[] clipping = table.values("weight clipping");
        double[] js = table.values("JS");
        double[] signed = table.values("two-sided penalty");
        // without a shift the distance is 0, and any sign right
        long wrong = Arrays.stream(signed).skip(1).filter(v -> v < 0).count();
        lab.put("wrong", wrong)
                .put("held", wrong > 0)
                .put("shifted", n - 1)
                .put("first", clipping[1] / truth[1])
                .put("last", clipping[n - 1] / truth[n - 1])
                .put("js", js[n - 1])
                .figure(Figure.of("Largest error of the estimate on a line", "", most(penalty, truth))
                        .baseline(slack(truth[n - 1]), "what the weight of the penalty allows at the largest shift"));
        Chart chart = new Chart("Distance", "shift")
                .dashed("sorted", shifts, truth)
                .line("penalty", shifts, penalty)
                .line("clipping", shifts, clipping)
                .line("JS", shifts, js);
        lab.chart("shifts.png", chart);
    }

    /** The largest distance between numbers and others. */
    private static double most(double[] numbers, double[] others) {
        return IntStream.range(0, numbers.length)
                .mapToDouble(i -> Math.abs(numbers[i] - others[i]))
                .max()
                .orElseThrow();
    }

    /** Six points and six others: all 720 pairings are tried. */
    private static void points(Lab lab) {
        Rng rng = lab.rng("points");
        lab.section("A few points");
        Table table = lab.table("points", "points");
        int steps = lab.of(3000, 250);
        for (int k = 0; k < 3; k++) {
            float[] a = rng.normal(12, 0, 1);
            float[] b = rng.normal(12, 0, 1);
            for (int i = 0; i < b.length; i += 2) {
                b[i] += 2 * k;
            }
            float[][] pairs = everyPair(a, b);
            double estimate = estimate(lab, "points " + k, pairs[0], pairs[1], 2, ONE_SIDED, steps);
            table.row("six points, shifted by " + 2 * k)
                    .put("distance", "%.3f", Density.paired(a, b))
                    .put("critic's estimate", "%.3f", estimate);
        }
        double[] truth = table.values("distance");
        double slack = slack(Arrays.stream(truth).max().orElseThrow());
        double error = most(table.values("critic's estimate"), truth);
        lab.figure(Figure.of("Largest error of the estimate for six points", "", error)
                .baseline(slack, "what the weight of the penalty allows at the largest distance"));
    }

    /**
     * By how much the penalty lets the best critic's estimate be above a distance: its slope s maximizes s W - weight
     * (s - 1)^2.
     */
    private static double slack(double distance) {
        return distance * distance / (2 * WEIGHT);
    }

    /**
     * The points [n, 2] of both, each beside every other [n * n, 2], so that a critic that learns from them side by
     * side has its slope looked at between all pairs.
     */
    static float[][] everyPair(float[] a, float[] b) {
        int n = a.length / 2;
        float[][] pairs = new float[2][n * a.length];
        for (int i = 0; i < pairs[0].length; i++) {
            pairs[0][i] = a[i / a.length * 2 + i % 2];
            pairs[1][i] = b[i % b.length];
        }
        return pairs;
    }

    /** The whole game on a line: the critic's estimate and the true distance fall together. */
    private static void game(Lab lab) {
        int n = 12_288;
        int epochs = lab.epochs(40, 8);
        Density data = Density.pair(2, 0.5);
        Rng rng = lab.rng("line");
        lab.section("The game on a line").put("density", data.name());
        try (Dataset points = Dataset.of(data.sample(n, rng), Shape.of(1), new int[n]);
                Model<Gan> model = Model.of(Nets.points(1, 4, 64, 0), lab.seed())) {
            var played = penalized(128, 1e-3f, ONE_SIDED)
                    .play(lab, "A game on a line", model, points, epochs, 1000, float[].class, x -> x);
            float[] real = data.sample(1000, rng);
            double[] truth = played.seen().stream()
                    .mapToDouble(samples -> Density.wasserstein(real, samples))
                    .toArray();
            double[][] estimate = played.history().curve("value");
            lab.put("estimate", estimate[1][0])
                    .put("estimateAtTheEnd", estimate[1][epochs - 1])
                    .put("distance", truth[0])
                    .put("floor", Density.wasserstein(real, data.sample(1000, rng)))
                    .figure(Figure.of("Distance at the end of the game on a line", "", truth[epochs - 1])
                            .baseline(truth[0], "after the first epoch"))
                    .chart(
                            "line.png",
                            new Chart("Distance between data and generator", "epoch")
                                    .line("critic's estimate", estimate[0], estimate[1])
                                    .dashed("sorted samples", estimate[0], truth));
        }
    }
}
