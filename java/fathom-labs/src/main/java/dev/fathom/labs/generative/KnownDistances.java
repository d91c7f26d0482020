package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.derivative.GradientPenalty;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.experiments.statistics.Density;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What critics say of Wasserstein distances that are known: of densities on a line, and of a few points in the plane.
 */
final class KnownDistances {
    private static final int SIZE = 4096;
    private static final float CLIP = 0.1f;
    /** A penalty of this weight lets the slope of the best critic be 1 + W / (2 weight), which is near 1. */
    private static final float WEIGHT = 100;

    static final GradientPenalty ONE_SIDED = GradientPenalty.oneSided(WEIGHT);

    private KnownDistances() {}

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
    static void shifts(Lab lab) {
        double[] shifts = lab.of(new double[] {0, 0.5, 1, 2, 4, 6}, new double[] {0, 1, 6});
        int n = shifts.length;
        int steps = lab.of(1200, 160);
        GradientPenalty twoSided = GradientPenalty.twoSided(WEIGHT);
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
                    .put("two-sided penalty", "%.3f", estimate(lab, "two-sided " + i, a, b, 1, twoSided, steps))
                    .put("weight clipping", "%.3f", estimate(lab, "clipping " + i, a, b, 1, null, steps))
                    .put("JS", "%.4f", Density.jensenShannon(p, q));
        }
        double[] truth = table.values("of the samples");
        double[] penalty = table.values("one-sided penalty");
        double[] clipping = table.values("weight clipping");
        double[] js = table.values("JS");
        // without a shift the distance is 0, and any sign right
        long wrong = Arrays.stream(table.values("two-sided penalty"))
                .skip(1)
                .filter(v -> v < 0)
                .count();
        lab.put("wrong", wrong)
                .put("held", wrong > 0)
                .put("shifted", n - 1)
                .put("first", clipping[1] / truth[1])
                .put("last", clipping[n - 1] / truth[n - 1])
                .put("js", js[n - 1])
                .figure("Largest error of the estimate on a line", "", Averages.furthest(penalty, truth))
                .baseline(slack(truth[n - 1]), "what the weight of the penalty allows at the largest shift");
        lab.chart(
                "shifts.png",
                new Chart("Distance", "shift")
                        .dashed("sorted", shifts, truth)
                        .line("penalty", shifts, penalty)
                        .line("clipping", shifts, clipping)
                        .line("JS", shifts, js));
    }

    /** Six points and six others: all 720 pairings are tried. */
    static void points(Lab lab) {
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
        double error = Averages.furthest(table.values("critic's estimate"), truth);
        lab.figure("Largest error of the estimate for six points", "", error)
                .baseline(slack, "what the weight of the penalty allows at the largest distance");
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
}
