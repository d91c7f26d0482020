package dev.fathom.labs.generative;

import dev.fathom.labs.experiments.LabRun;
import dev.fathom.tensor.Rng;
import java.util.List;
import java.util.Locale;

/**
 * Gaussians in the plane that are far apart, each with the same share, so that one can count which of them a generator
 * has found.
 */
enum Mixture {
    /** Eight on a circle of radius 2. */
    RING(8),
    /** Five times five, one apart. */
    GRID(25);

    /** The deviation of each. */
    static final float DEVIATION = 0.05f;
    /** A sample within so many deviations of a mode belongs to it. */
    private static final double NEAR = 4;

    private final int modes;

    Mixture(int modes) {
        this.modes = modes;
    }

    /** Both in a whole run, and the ring alone in a short one. */
    static List<Mixture> of(LabRun run) {
        return run.brief() ? List.of(RING) : List.of(values());
    }

    /** Which modes samples have found. */
    record Coverage(int modes, double share) {}

    int modes() {
        return modes;
    }

    /** Its name for readers. */
    String title() {
        return name().toLowerCase(Locale.ROOT) + " of " + modes;
    }

    private double[] center(int mode) {
        double angle = 2 * Math.PI * mode / modes;
        return this == RING
                ? new double[] {2 * Math.cos(angle), 2 * Math.sin(angle)}
                : new double[] {mode % 5 - 2, mode / 5 - 2};
    }

    /** Independent draws, two numbers each. */
    float[] sample(int n, Rng rng) {
        return sample(rng.ints(n, modes), rng);
    }

    /** A draw of each of these modes, two numbers each. */
    float[] sample(int[] which, Rng rng) {
        float[] x = rng.normal(2 * which.length, 0, DEVIATION);
        for (int i = 0; i < which.length; i++) {
            double[] center = center(which[i]);
            x[2 * i] += (float) center[0];
            x[2 * i + 1] += (float) center[1];
        }
        return x;
    }

    /**
     * Counts the modes near which lies at least a quarter of the share of the samples that they have in the data, and
     * the samples near any mode.
     */
    Coverage coverage(float[] samples) {
        int n = samples.length / 2;
        int[] near = new int[modes];
        for (int i = 0; i < n; i++) {
            for (int m = 0; m < modes; m++) {
                double[] c = center(m);
                near[m] += Math.hypot(samples[2 * i] - c[0], samples[2 * i + 1] - c[1]) <= NEAR * DEVIATION ? 1 : 0;
            }
        }
        int found = 0;
        int sum = 0;
        for (int count : near) {
            found += count * 4L * modes >= n ? 1 : 0;
            sum += count;
        }
        return new Coverage(found, (double) sum / n);
    }
}
