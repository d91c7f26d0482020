package dev.fathom.labs.generative;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import dev.fathom.view.Animation;
import dev.fathom.view.Chart;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Gaussians in the plane that are far apart, each with the same share, so that one can count which of them a generator
 * has found.
 */
enum Mixture {
    /** Eight on a circle of radius 2. */
    RING(8),
    /** Five times five, one apart. */
    GRID(25);

    /** How many examples a step of any game has. */
    static final int BATCH = 128;

    private static final int SHOWN = 1000;
    /** The deviation of each. */
    private static final float DEVIATION = 0.05f;
    /** A sample within so many deviations of a mode belongs to it. */
    private static final double NEAR = 4;

    private final int modes;

    Mixture(int modes) {
        this.modes = modes;
    }

    /** A game for a mixture of so many modes. */
    record Contest(String name, IntFunction<Gan> net, AdversarialDuel duel) {}

    /** Which modes samples have found. */
    record Coverage(int modes, double share) {}

    int modes() {
        return modes;
    }

    private double[] center(int mode) {
        double angle = 2 * Math.PI * mode / modes;
        return this == RING
                ? new double[] {2 * Math.cos(angle), 2 * Math.sin(angle)}
                : new double[] {mode % 5 - 2, mode / 5 - 2};
    }

    /** A draw of each of these modes, two numbers each. */
    float[] sample(int[] which, Rng rng) {
        float[] x = rng.normal(2 * which.length, 0, DEVIATION);
        for (int i = 0; i < x.length; i++) {
            x[i] += (float) center(which[i / 2])[i % 2];
        }
        return x;
    }

    /**
     * Counts the modes near which lies at least a quarter of the share of the samples that they have in the data, and
     * the samples near any mode.
     */
    Coverage coverage(float[] samples) {
        int n = samples.length / 2;
        int found = 0;
        int all = 0;
        for (int mode = 0; mode < modes; mode++) {
            double[] center = center(mode);
            int near = 0;
            for (int i = 0; i < samples.length; i += 2) {
                double distance = Math.hypot(samples[i] - center[0], samples[i + 1] - center[1]);
                near += distance <= NEAR * DEVIATION ? 1 : 0;
            }
            found += near * 4 * modes >= n ? 1 : 0;
            all += near;
        }
        return new Coverage(found, (double) all / n);
    }

    // ---- games

    /** Plays all games on both mixtures, in a short run on the ring alone, with a section for each mixture. */
    static void play(Lab lab, List<Contest> contests) {
        for (Mixture mixture : lab.of(List.of(values()), List.of(RING))) {
            mixture.section(lab, contests);
        }
    }

    /** Every game on a mixture has as many rounds of as many examples as any other. */
    private void section(Lab lab, List<Contest> contests) {
        String shape = name().toLowerCase(Locale.ROOT);
        String mixture = shape + " of " + modes;
        int epochs = lab.epochs(this == RING ? 60 : 120, 6);
        int rounds = lab.of(50, 15);
        lab.section("Modes of the {mixture}")
                .put("mixture", mixture)
                .put("rounds", epochs * rounds)
                .put("modes", modes)
                .put("shape", shape)
                .put("first", this == RING);
        Table table = lab.table("games", "game").named("{row}, " + mixture + ", {column}");
        List<Chart> charts = new ArrayList<>();
        for (Contest contest : contests) {
            Rng rng = lab.rng(name());
            AdversarialDuel duel = contest.duel();
            String name = contest.name() + ", " + mixture;
            int[] which = rng.ints(rounds * (duel.turns() + 1) * BATCH, modes);
            try (Dataset data = Dataset.of(sample(which, rng), Shape.of(2), which);
                    Model<Gan> model = Model.of(contest.net().apply(modes), lab.seed())) {
                var played = duel.play(lab, name, model, data, epochs, SHOWN, float[].class, x -> x);
                Coverage coverage = coverage(model.net().samples(10 * SHOWN, rng));
                table.row(contest.name())
                        .put("modes covered", "%d", coverage.modes())
                        .baseline(modes, "modes of the data")
                        .put("samples near a mode", "%.1f %%", 100 * coverage.share());
                float[] real = sample(rng.ints(SHOWN, modes), rng);
                charts.add(chart(name, real, played.seen().get(epochs - 1)));
                if (this == RING && charts.size() == 1) {
                    lab.put("game", contest.name()).animation("modes.gif", () -> {
                        List<BufferedImage> frames = new ArrayList<>();
                        for (int e = 0; e < epochs; e += Math.max(1, epochs / 20)) {
                            String title = name + ", epoch " + (e + 1);
                            frames.add(chart(title, real, played.seen().get(e)).render());
                        }
                        return new Animation(frames, 300, 1500);
                    });
                }
            }
        }
        double most = Arrays.stream(table.values("modes covered")).max().orElseThrow();
        Stream<Table.Row> best = table.rows().stream().filter(row -> row.get("modes covered") == most);
        double share = Arrays.stream(table.values("samples near a mode")).max().orElseThrow();
        lab.put("most", (int) most).put("by", best.map(Table.Row::name).collect(Collectors.joining(" and ")));
        lab.put("share", share);
        lab.charts("modes-" + shape + ".png", 2, charts);
    }

    private static Chart chart(String title, float[] real, float[] fake) {
        return new Chart(title, "x")
                .points("data", column(real, 0), column(real, 1))
                .points("generator", column(fake, 0), column(fake, 1))
                .range(-3, 3);
    }

    private static double[] column(float[] points, int offset) {
        return Averages.each(points.length / 2, i -> points[2 * i + offset]);
    }
}
