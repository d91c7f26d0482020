package dev.fathom.labs.pairs;

import static dev.fathom.experiments.data.MovingDigits.DIRECTIONS;
import static dev.fathom.experiments.data.MovingDigits.FRAMES;
import static dev.fathom.experiments.data.MovingDigits.PIXELS;
import static dev.fathom.experiments.data.MovingDigits.SEEN;
import static dev.fathom.experiments.data.MovingDigits.SIDE;

import dev.fathom.experiments.data.MovingDigits;
import dev.fathom.experiments.statistics.Averages;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What is foretold about a clip.
 *
 * @param direction of the last frame that is seen
 * @param places [coming frame][axis] in pixels
 * @param frames [coming frame][pixel]
 */
record Motion(int direction, double[][] places, float[][] frames) {
    /** The frames that are foretold. */
    static final int COMING = FRAMES - SEEN;

    /** For each coming frame the mean of the training clips, and the most frequent direction. */
    static Motion mean(MovingDigits training) {
        int n = training.clips();
        int[] counts = new int[DIRECTIONS];
        IntStream.range(0, n).forEach(clip -> counts[training.direction(clip, SEEN - 1)]++);
        float[][] frames = new float[COMING][];
        double[][] places = new double[COMING][2];
        for (int t = 0; t < COMING; t++) {
            double[] sums = new double[PIXELS];
            for (int clip = 0; clip < n; clip++) {
                float[] one = training.frame(clip, SEEN + t);
                Arrays.setAll(sums, i -> sums[i] + one[i]);
                places[t][0] += training.place(clip, SEEN + t, 0) / n;
                places[t][1] += training.place(clip, SEEN + t, 1) / n;
            }
            frames[t] = Averages.floats(Arrays.stream(sums).map(sum -> sum / n).toArray());
        }
        return new Motion(Averages.highest(0, DIRECTIONS, direction -> counts[direction]), places, frames);
    }

    /** The last frame that is seen and its center of mass, moved on with a velocity. */
    static Motion moved(MovingDigits clips, int clip, int direction, double... v) {
        float[] last = clips.frame(clip, SEEN - 1);
        double[] center = MovingDigits.center(last);
        float[][] frames = new float[COMING][];
        double[][] places = new double[COMING][];
        for (int t = 0; t < COMING; t++) {
            double steps = t + 1;
            frames[t] = MovingDigits.moved(last, steps * v[0], steps * v[1]);
            places[t] = new double[] {center[0] + steps * v[0], center[1] + steps * v[1]};
        }
        return new Motion(direction, places, frames);
    }

    /** The last frame moved on as its center of mass moved from the frame before. */
    static Motion coasting(MovingDigits clips, int clip) {
        double[] before = MovingDigits.center(clips.frame(clip, SEEN - 2));
        double[] last = MovingDigits.center(clips.frame(clip, SEEN - 1));
        double[] v = {last[0] - before[0], last[1] - before[1]};
        return moved(clips, clip, MovingDigits.direction(v), v);
    }

    /** A row of {@link Clips#forecast}. */
    static Motion read(float... row) {
        double[][] places = new double[COMING][];
        float[][] frames = new float[COMING][];
        for (int t = 0; t < COMING; t++) {
            int from = DIRECTIONS + t * (2 + PIXELS);
            places[t] = new double[] {SIDE * (double) row[from], SIDE * (double) row[from + 1]};
            frames[t] = Arrays.copyOfRange(row, from + 2, from + 2 + PIXELS);
        }
        return new Motion(Averages.highest(0, DIRECTIONS, direction -> row[direction]), places, frames);
    }

    /**
     * How near forecasts come to the truth.
     *
     * @param directions the percent that is right
     * @param errors the mean squared error of the pixels of each coming frame
     * @param distances from the true place in each coming frame, in pixels
     */
    record Score(double directions, double[] errors, double[] distances) {}

    /** Compares a forecast of each clip with what happens. */
    static Score score(List<Motion> foretold, MovingDigits truth) {
        int n = truth.clips();
        double right = 0;
        double[] error = new double[COMING];
        double[] distance = new double[COMING];
        for (int clip = 0; clip < n; clip++) {
            Motion m = foretold.get(clip);
            right += m.direction == truth.direction(clip, SEEN - 1) ? 100.0 / n : 0;
            for (int t = 0; t < COMING; t++) {
                float[] frame = truth.frame(clip, SEEN + t);
                for (int i = 0; i < PIXELS; i++) {
                    double d = m.frames[t][i] - frame[i];
                    error[t] += d * d / PIXELS / n;
                }
                double dx = m.places[t][0] - truth.place(clip, SEEN + t, 0);
                double dy = m.places[t][1] - truth.place(clip, SEEN + t, 1);
                distance[t] += Math.hypot(dx, dy) / n;
            }
        }
        return new Score(right, error, distance);
    }
}
