package dev.fathom.plan;

import java.util.Map;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * An integer as a function of the number i of a length in its {@link Range}: {@code start + slope i + jump floor((i +
 * shift) / period)}. Strides and pools, also one after the other, give such floor quotients.
 */
record Line(long start, long slope, long jump, int shift, int period) {
    /** The longest period that is looked for: five strides of 2. */
    static final int MOST = 32;

    long at(int i) {
        return start + slope * i + jump * ((i + shift) / period);
    }

    /**
     * The function through these values, or null.
     *
     * @param periods whether enough neighbors are known to tell one period from another
     */
    static @Nullable Line through(SortedMap<Integer, Long> values, boolean periods) {
        Line plain = line(values, 0, 1);
        for (int period = 2; plain == null && periods && period <= MOST; period++) {
            for (int shift = 0; plain == null && shift < period; shift++) {
                plain = line(values, shift, period);
            }
        }
        return plain;
    }

    /** The only function of this shift and period that may go through the values, or null. */
    private static @Nullable Line line(SortedMap<Integer, Long> values, int shift, int period) {
        Long level = null;
        Long jump = null;
        int before = Integer.MIN_VALUE;
        long last = 0;
        for (Map.Entry<Integer, Long> e : values.entrySet()) {
            int i = e.getKey();
            long step = e.getValue() - last;
            if (before == i - 1) {
                if (period > 1 && (i + shift) % period == 0) {
                    jump = jump == null ? step : jump;
                } else {
                    level = level == null ? step : level;
                }
            }
            before = i;
            last = e.getValue();
        }
        long slope = level == null ? 0 : level;
        Line rising = new Line(0, slope, jump == null ? 0 : jump - slope, shift, period);
        Line line = new Line(last - rising.at(before), slope, rising.jump, shift, period);
        return values.entrySet().stream().allMatch(e -> line.at(e.getKey()) == e.getValue()) ? line : null;
    }
}
