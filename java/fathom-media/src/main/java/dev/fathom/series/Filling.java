package dev.fathom.series;

import java.util.function.IntPredicate;

/**
 * How the holes of a series are filled: {@code series.filled(Filling.last().upTo(3))}. A hole is a run of missing
 * values in one column. What was filled is marked ({@link Series#filled(int, String)}), so that a forecast need not be
 * judged by numbers that nobody measured.
 */
public final class Filling {
    enum How {
        LAST,
        LINEAR,
        MEAN
    }

    final How how;
    final IntPredicate rows;
    final int most;

    private Filling(How how, IntPredicate rows, int most) {
        this.how = how;
        this.rows = rows;
        this.most = most;
    }

    /** Repeats the last value before the hole, which a service also has at that time. A hole at the beginning stays. */
    public static Filling last() {
        return new Filling(How.LAST, t -> true, Integer.MAX_VALUE);
    }

    /**
     * Draws a line from the last value before the hole to the first behind it, which is not known while the hole lasts.
     * Holes at both ends stay.
     */
    public static Filling linear() {
        return new Filling(How.LINEAR, t -> true, Integer.MAX_VALUE);
    }

    /** Takes the mean of all values of the column that are there. */
    public static Filling mean() {
        return mean(t -> true);
    }

    /**
     * Takes the mean of the values in the rows whose numbers {@code rows} accepts: those to train on, so that nothing
     * leaks from the others.
     */
    public static Filling mean(IntPredicate rows) {
        return new Filling(How.MEAN, rows, Integer.MAX_VALUE);
    }

    /**
     * Returns this filling for holes of at most so many rows; longer ones stay.
     *
     * @throws IllegalArgumentException if the number is less than 1
     */
    public Filling upTo(int longest) {
        if (longest < 1) {
            throw new IllegalArgumentException("filling: holes of up to " + longest + " rows; give at least 1");
        }
        return new Filling(how, rows, longest);
    }

    /** Fills column c of so many in place and marks what was filled. */
    void fill(double[] values, boolean[] filled, String name, int c, int columns) {
        int length = values.length / columns;
        double mean = how == How.MEAN ? mean(values, name, c, columns) : 0;
        for (int t = 0; t < length; t++) {
            int end = t;
            while (end < length && Double.isNaN(values[end * columns + c])) {
                end++;
            }
            boolean open = how != How.MEAN && t == 0 || how == How.LINEAR && end == length;
            if (end > t && end - t <= most && !open) {
                double before = t == 0 ? 0 : values[(t - 1) * columns + c];
                double behind = end == length ? 0 : values[end * columns + c];
                for (int i = t; i < end; i++) {
                    values[i * columns + c] = switch (how) {
                        case LAST -> before;
                        case LINEAR -> before + (behind - before) * (i - t + 1) / (end - t + 1);
                        case MEAN -> mean;
                    };
                    filled[i * columns + c] = true;
                }
            }
            t = end;
        }
    }

    private double mean(double[] values, String name, int c, int columns) {
        double sum = 0;
        int n = 0;
        for (int t = 0; t < values.length / columns; t++) {
            double v = values[t * columns + c];
            if (rows.test(t) && !Double.isNaN(v)) {
                sum += v;
                n++;
            }
        }
        if (n == 0) {
            throw new IllegalArgumentException("filling: column " + name
                    + " has no value in the rows that are accepted, and so no mean; accept more of them");
        }
        return sum / n;
    }
}
