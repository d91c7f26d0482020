package dev.fathom.nn;

import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import dev.fathom.parameter.Variable;
import dev.fathom.tensor.Tensor;

/** The checks of settings that several layers and losses share; each returns what it was given. */
final class Settings {
    private Settings() {}

    /** Refuses a size below 1. */
    static int atLeastOne(String who, String name, int size) {
        if (size < 1) {
            throw new IllegalArgumentException(who + ": " + name + "=" + size + " must be at least 1");
        }
        return size;
    }

    /** Refuses NaN and infinities. */
    static float finite(String who, String name, float value) {
        if (!Float.isFinite(value)) {
            throw new IllegalArgumentException(who + ": " + name + "=" + value + " must be finite");
        }
        return value;
    }

    /** Refuses everything but finite numbers above 0. */
    static float positive(String who, String name, float value) {
        if (!(value > 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(who + ": " + name + "=" + value + " must be above 0 and finite");
        }
        return value;
    }

    /** Refuses everything but finite numbers of 0 or more. */
    static float notNegative(String who, String name, float value) {
        if (!(value >= 0 && value < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(who + ": " + name + "=" + value + " must be 0 or more and finite");
        }
        return value;
    }

    /**
     * Refuses an x [.., channels] whose channels are not those of {@code one}, which has one number for each or a
     * single one.
     */
    static void perChannel(String layer, Tensor x, Variable one) {
        int channels = one.shape().dim(0);
        if (channels > 1) {
            lastDimension(layer, "x", x, channels);
        }
    }

    /** Refuses an x that has as many dimensions as a tensor may have, for layers that need one more in between. */
    static void oneMoreDimension(String layer, Tensor x) {
        if (x.shape().rank() == Shape.MAX_RANK) {
            throw new IllegalArgumentException(layer + Where.running() + ": x " + x.shape() + " has " + Shape.MAX_RANK
                    + " dimensions, but the layer needs one more in between; reshape x to fewer");
        }
    }

    /** Refuses an x that is not [.., size]. */
    static void lastDimension(String layer, String name, Tensor x, int size) {
        if (x.shape().rank() == 0 || x.dim(-1) != size) {
            throw new IllegalArgumentException(layer + Where.running() + ": " + name + " " + x.shape()
                    + " must be [.., " + size + "], with a last dimension of " + size + " as the layer was made for");
        }
    }
}
