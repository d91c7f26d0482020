package dev.fathom.op;

/**
 * The checks of settings that the library shares. Each names who asks, the setting and its value in one sentence, and
 * returns the value.
 */
public final class Checks {
    private Checks() {}

    /** Refuses NaN and numbers below {@code least}. */
    public static <N extends Number> N atLeast(String who, String name, N value, int least) {
        return check(value.doubleValue() >= least, who, name, value, "at least " + least);
    }

    /** Refuses NaN and infinities. */
    public static <N extends Number> N finite(String who, String name, N value) {
        return check(Double.isFinite(value.doubleValue()), who, name, value, "finite");
    }

    /** Refuses everything but finite numbers above 0. */
    public static <N extends Number> N positive(String who, String name, N value) {
        double v = value.doubleValue();
        return check(v > 0 && Double.isFinite(v), who, name, value, "above 0 and finite");
    }

    /** Refuses everything but a finite learning rate above 0. */
    public static <N extends Number> N learningRate(String who, N value) {
        double v = value.doubleValue();
        return check(v > 0 && Double.isFinite(v), who, "learningRate", value, "above 0 and finite, e.g. 1e-3");
    }

    /** Refuses everything but finite numbers of 0 or more. */
    public static <N extends Number> N notNegative(String who, String name, N value) {
        double v = value.doubleValue();
        return check(v >= 0 && Double.isFinite(v), who, name, value, "0 or more and finite");
    }

    /** Refuses everything but numbers above 0, which may be infinite. */
    public static <N extends Number> N above0(String who, String name, N value) {
        return check(value.doubleValue() > 0, who, name, value, "above 0");
    }

    /**
     * Refuses everything but numbers in an interval.
     *
     * @param interval as it stands in the message: {@code [0, 1)} is what is at least 0 and below 1
     */
    public static <N extends Number> N in(String who, String name, N value, String interval) {
        double v = value.doubleValue();
        int comma = interval.indexOf(',');
        int last = interval.length() - 1;
        double least = Double.parseDouble(interval.substring(1, comma));
        double most = Double.parseDouble(interval.substring(comma + 1, last));
        boolean above = interval.charAt(0) == '[' ? v >= least : v > least;
        boolean below = interval.charAt(last) == ']' ? v <= most : v < most;
        return check(above && below, who, name, value, "in " + interval);
    }

    /** Refuses everything but probabilities in [0, 1) with which something is dropped. */
    public static float dropProbability(String who, String name, float p) {
        if (!(p >= 0 && p < 1)) {
            throw new IllegalArgumentException(
                    who + ": " + name + "=" + p + " is the probability to drop and must be in [0, 1)");
        }
        return p;
    }

    /**
     * Refuses an x [.., channels] whose channels are not those of {@code one}, which has one number for each or a
     * single one.
     */
    public static void perChannel(String layer, Shape x, Shape one) {
        if (one.dim(0) > 1) {
            lastDimension(layer, "x", x, one.dim(0));
        }
    }

    /** Refuses an x that has as many dimensions as a tensor may have, for layers that need one more in between. */
    public static void oneMoreDimension(String layer, Shape x) {
        if (x.rank() == Shape.MAX_RANK) {
            throw new IllegalArgumentException(layer + Where.running() + ": x " + x + " has " + Shape.MAX_RANK
                    + " dimensions, but the layer needs one more in between; reshape x to fewer");
        }
    }

    /** Refuses an x that is not [.., size]. */
    public static void lastDimension(String layer, String name, Shape x, int size) {
        if (x.rank() == 0 || x.dim(x.rank() - 1) != size) {
            throw new IllegalArgumentException(layer + Where.running() + ": " + name + " " + x + " must be [.., " + size
                    + "], with a last dimension of " + size + " as the layer was made for");
        }
    }

    private static <N> N check(boolean holds, String who, String name, N value, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(who + ": " + name + "=" + value + " must be " + rule);
        }
        return value;
    }
}
