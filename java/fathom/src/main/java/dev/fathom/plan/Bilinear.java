package dev.fathom.plan;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An integer of a plan as a function of the batch B and the length L: constant + batch B + length L + both B L.
 *
 * @param constant its value where both are 0
 * @param batch how much each example adds
 * @param length how much each step of the length adds
 * @param both how much each step of each example adds
 */
record Bilinear(long constant, long batch, long length, long both) {
    static final Bilinear ZERO = new Bilinear(0, 0, 0, 0);

    long at(Sizes s) {
        return constant + batch * s.batch() + (length + both * s.batch()) * s.length();
    }

    boolean isConstant() {
        return batch == 0 && length == 0 && both == 0;
    }

    Bilinear minus(Bilinear other) {
        return new Bilinear(constant - other.constant, batch - other.batch, length - other.length, both - other.both);
    }

    /** Whether some batch and length of at least 1 make it negative. */
    boolean mayBeNegative() {
        return at(new Sizes(1, 1)) < 0 || batch < 0 || length < 0 || both < 0;
    }

    /** The function through the values measured at these {@link Sizes#traced} sizes, or null if there is none over the integers. */
    static @Nullable Bilinear through(List<Sizes> sizes, long[] values) {
        Sizes first = sizes.get(0);
        long batch = 0;
        long length = 0;
        long both = 0;
        for (int i = 1; i < values.length; i++) { // neighbors of the first, one step along one dimension or both
            Sizes s = sizes.get(i);
            int examples = s.batch() - first.batch();
            int steps = s.length() - first.length();
            if (examples == 1 && steps == 0) {
                batch = values[i] - values[0];
            } else if (examples == 0 && steps == 1) {
                length = values[i] - values[0];
            } else if (examples == 1 && steps == 1) {
                both = values[i] - values[0] - batch - length;
            }
        }
        batch -= both * first.length();
        length -= both * first.batch();
        Bilinear slopes = new Bilinear(0, batch, length, both);
        Bilinear fit = new Bilinear(values[0] - slopes.at(first), batch, length, both);
        for (int i = 1; i < values.length; i++) {
            if (fit.at(sizes.get(i)) != values[i]) {
                return null;
            }
        }
        return fit;
    }
}
