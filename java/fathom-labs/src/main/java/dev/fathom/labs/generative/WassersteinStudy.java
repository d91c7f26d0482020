package dev.fathom.labs.generative;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.derivative.GradientPenalty;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import dev.fathom.view.Chart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a critic says of the Wasserstein distance where the distance is known: on a line by sorting, and for a few
 * points in the plane by trying all pairs.
 */
record WassersteinStudy(LabRun run, Findings page) {
    private static final double[] SHIFTS = {0, 0.5, 1, 2, 4, 6};
    private static final int SIZE = 4096;
    private static final int BATCH = 512;
    private static final float CLIP = 0.1f;
    /** A penalty of this weight lets the slope of the best critic be 1 + W / (2 weight), which is near 1. */
    private static final float WEIGHT = 100;

    private static final GradientPenalty ONE_SIDED = GradientPenalty.oneSided(WEIGHT);
    private static final GradientPenalty TWO_SIDED = GradientPenalty.twoSided(WEIGHT);

    /** Adds all of it; false if the run was interrupted. */
    boolean add() {
        return shifts() && points() && game();
    }

    /** The estimate of a critic between two samples of one size, of points with {@code width} numbers. */
    private double estimate(float[] a, float[] b, int width, @Nullable GradientPenalty penalty, int steps) {
        int n = a.length / width;
        Layer net = Nets.points(width, 1, 64).critic();
        try (Dataset data = Dataset.of(a, Shape.of(width), b, Shape.of(width));
                Model<Layer> model = Model.of(net, run.seed())) {
            int batch = Math.min(BATCH, n);
            int epochs = Math.max(1, steps * batch / n);
            var trainer = Trainer.custom(model, new Adam(2e-3f).betas(0.5f, 0.9f), (critic, pair) -> {
                        Tensor gap = Game.WASSERSTEIN.value(critic.apply(pair.x()), critic.apply(pair.y()));
                        Tensor loss = penalty == null
                                ? gap.neg()
                                : penalty.between(critic::apply, pair.x(), pair.y())
                                        .sub(gap);
                        return new Step.Result(loss, gap);
                    })
                    .seed(run.seed())
                    .schedule(Schedule.cosine(epochs));
            if (penalty == null) {
                trainer = trainer.groups(Group.of("*").clipWeights(CLIP));
            }
            trainer.fit(data.shuffled(run.seed()).batches(batch), epochs);
            try (Pass pass = Pass.infer()) {
                return Game.WASSERSTEIN
                        .value(net.apply(Tensor.of(a, n, width)), net.apply(Tensor.of(b, n, width)))
                        .item();
            }
        }
    }

    /**
     * A density and the same one, shifted: the Wasserstein distance is the shift, while the Jensen-Shannon divergence
     * soon says no more.
     */
    private boolean shifts() {
        double[] shifts = run.brief() ? new double[] {0, 1, 6} : SHIFTS;
        int steps = run.of(1200, 160);
        Rng rng = new Rng(run.seed()).split("shifts");
        Density p = Density.normal(0, 1);
        List<List<String>> rows = new ArrayList<>();
        double[] truth = new double[shifts.length];
        double[] one = truth.clone();
        double[] two = truth.clone();
        double[] clipped = truth.clone();
        double[] js = truth.clone();
        double worst = 0;
        for (int i = 0; i < shifts.length; i++) {
            if (run.interrupt().requested()) {
                return false;
            }
            Density q = Density.normal(shifts[i], 1);
            float[] a = p.sample(SIZE, rng);
            float[] b = q.sample(SIZE, rng);
            truth[i] = Density.wasserstein(a, b);
            one[i] = estimate(a, b, 1, ONE_SIDED, steps);
            two[i] = estimate(a, b, 1, TWO_SIDED, steps);
            clipped[i] = estimate(a, b, 1, null, steps);
            js[i] = Density.jensenShannon(p, q);
            worst = Math.max(worst, Math.abs(one[i] - truth[i]));
            rows.add(List.of(
                    q.name(),
                    line("%.3f", Density.wasserstein(p, q)),
                    line("%.3f", truth[i]),
                    line("%.3f", one[i]),
                    line("%.3f", two[i]),
                    line("%.3f", clipped[i]),
                    line("%.4f", js[i])));
        }
        int last = shifts.length - 1;
        long wrong = Arrays.stream(two)
                .skip(1)
                .filter(v -> v < 0)
                .count(); // without a shift the distance is 0, and any sign right
        page.section("The critic on a line", "")
                .text(line(
                        "N(0, 1²) and the same density, shifted. On a line the Wasserstein distance is the area "
                                + "between the two distribution functions, and "
                                + "for two samples the mean distance of their sorted numbers. A critic of two "
                                + "hidden layers learns from %,d draws of each. "
                                + "With a one-sided penalty on slopes above 1, of weight %.0f, its estimate is at "
                                + "most %.3f away from the distance of the "
                                + "samples. The two-sided penalty, which also pulls small slopes up to 1, gives "
                                + "%s. With weights clipped to ±%.1f the slope "
                                + "is limited by an unknown number, so the estimate is on a scale of its own: it "
                                + "is %.2f times the distance at the smallest "
                                + "shift and %.2f times at the largest. The Jensen-Shannon divergence, which the "
                                + "first game minimizes, can never be more "
                                + "than log 2 = 0.6931 and is %.4f there, so it no longer says which way is better.",
                        SIZE,
                        WEIGHT,
                        worst,
                        wrong == 0
                                ? "estimates of the right sign here"
                                : wrong + " of " + (shifts.length - 1)
                                        + " estimates of the wrong sign: a critic that begins with a slope of the "
                                        + "wrong sign is held at -1 there, because "
                                        + "it would have to pass through a slope of 0",
                        CLIP,
                        clipped[1] / truth[1],
                        clipped[last] / truth[last],
                        js[last]))
                .table(
                        List.of(
                                "q",
                                "distance",
                                "of the samples",
                                "one-sided penalty",
                                "two-sided penalty",
                                "weight clipping",
                                "JS"),
                        rows)
                .picture(
                        "shifts.png",
                        "The distance, estimates of it and the Jensen-Shannon divergence over the shift",
                        () -> new Chart("Distance", "shift")
                                .dashed("sorted", shifts, truth)
                                .line("penalty", shifts, one)
                                .line("clipping", shifts, clipped)
                                .line("JS", shifts, js)
                                .render())
                .figure(Figure.of("Largest error of the estimate on a line", "", worst)
                        .baseline(slack(truth[last]), "what the weight of the penalty allows at the largest shift"));
        return true;
    }

    /** Six points and six others: all 720 pairings are tried. */
    private boolean points() {
        Rng rng = new Rng(run.seed()).split("points");
        List<List<String>> rows = new ArrayList<>();
        int steps = run.of(3000, 250);
        double worst = 0;
        double most = 0;
        for (int k = 0; k < 3; k++) {
            if (run.interrupt().requested()) {
                return false;
            }
            float[] a = rng.normal(12, 0, 1);
            float[] b = rng.normal(12, 0, 1);
            for (int i = 0; i < b.length; i += 2) {
                b[i] += 2 * k;
            }
            double truth = ExactWasserstein.distance(a, b);
            double estimate = estimate(repeated(a), repeated(b), 2, ONE_SIDED, steps);
            worst = Math.max(worst, Math.abs(estimate - truth));
            most = Math.max(most, truth);
            rows.add(List.of(Integer.toString(2 * k), line("%.3f", truth), line("%.3f", estimate)));
        }
        page.section("A few points", "")
                .text(line(
                        "Six points in the plane and six others, which are shifted further in each row. The "
                                + "distance is the least mean distance over all "
                                + "720 ways to pair them. The critic's estimate, with the one-sided penalty, is "
                                + "at most %.3f away from it.",
                        worst))
                .table(List.of("shift", "distance", "critic's estimate"), rows)
                .figure(Figure.of("Largest error of the estimate for six points", "", worst)
                        .baseline(slack(most), "what the weight of the penalty allows at the largest distance"));
        return true;
    }

    /**
     * By how much the penalty lets the best critic's estimate be above a distance: its slope s maximizes s W - weight
     * (s - 1)^2.
     */
    private static double slack(double distance) {
        return distance * distance / (2 * WEIGHT);
    }

    /** Every point beside every other, so that the penalty looks between all pairs. */
    private static float[] repeated(float[] points) {
        int n = points.length / 2;
        float[] all = new float[2 * n * n];
        for (int i = 0; i < all.length / 2; i++) {
            all[2 * i] = points[2 * (i % n)];
            all[2 * i + 1] = points[2 * (i % n) + 1];
        }
        return all;
    }

    /** The whole game on a line: the critic's estimate and the true distance fall together. */
    private boolean game() {
        int n = 12_288;
        int epochs = run.epochs(40, 8);
        Density data = Density.pair(2, 0.5);
        Rng rng = new Rng(run.seed()).split("line");
        float[] draws = data.sample(n, rng);
        AdversarialDuel duel = WganLab.penalized(128, 1e-3f, ONE_SIDED);
        try (Dataset points = Dataset.of(draws, Shape.of(1), new int[n]);
                Model<Gan> model = Model.of(Nets.points(1, 4, 64), run.seed())) {
            Run history = duel.train(run, "A game on a line", model, points, epochs, 1000);
            if (history.epochs().size() < epochs) {
                return false;
            }
            Album album = new Album(Album.folder(run, "A game on a line"));
            float[] real = data.sample(1000, rng);
            double[] x = IntStream.rangeClosed(1, epochs).asDoubleStream().toArray();
            double[] truth = IntStream.rangeClosed(1, epochs)
                    .mapToDouble(e -> Density.wasserstein(real, album.get(e)))
                    .toArray();
            double[] estimate = history.series("value");
            double floor = Density.wasserstein(real, data.sample(1000, rng));
            page.section("The game on a line", "")
                    .text(line(
                            "A generator learns %s with the one-sided penalty. In the first epoch the critic's "
                                    + "mean estimate is %.3f, and after it the "
                                    + "sorted samples are %.3f apart; in the last epoch the estimate is %.3f and "
                                    + "the distance %.3f. Two samples of the data "
                                    + "themselves are %.3f apart.",
                            data.name(), estimate[0], truth[0], estimate[epochs - 1], truth[epochs - 1], floor))
                    .picture(
                            "line.png",
                            "The critic's estimate and the distance of sorted samples over the epochs",
                            () -> new Chart("Distance between data and generator", "epoch")
                                    .line("critic's estimate", x, estimate)
                                    .dashed("sorted samples", x, truth)
                                    .render())
                    .key(Figure.of("Distance at the end of the game on a line", "", truth[epochs - 1])
                            .baseline(truth[0], "after the first epoch"));
            return true;
        }
    }
}
