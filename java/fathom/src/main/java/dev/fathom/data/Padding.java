package dev.fathom.data;

import dev.fathom.op.Checks;
import dev.fathom.tree.Records;

/**
 * Says how examples of different lengths become one tensor [n, length, ...]: steps that an example lacks are filled
 * with a value, and steps beyond a limit are left out. The length is that of the longest example of the batch, at least
 * 1.
 *
 * <pre>{@code
 * data.padded("tokens", Padding.front().limit(500))      // the first 500 steps at most, padded in front
 * }</pre>
 *
 * @param atFront whether missing steps are filled in before those of the example instead of behind them
 * @param value the value that fills them, a whole number if the field has integers
 * @param limit the largest number of steps of an example that are kept
 * @param fixed whether every batch is {@code limit} steps long
 * @param end whether the last steps of a longer example are kept instead of the first
 */
public record Padding(boolean atFront, double value, int limit, boolean fixed, boolean end) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the limit is less than 1, or the value is not finite as a float
     */
    public Padding {
        Checks.atLeast("padding", "limit", limit, 1);
        Checks.finite("padding", "value", (float) value);
    }

    /** Pads with zeros behind each example, without a limit. */
    public static Padding behind() {
        return new Padding(false, 0, Integer.MAX_VALUE, false, false);
    }

    /** Pads with zeros in front of each example, without a limit. */
    public static Padding front() {
        return new Padding(true, 0, Integer.MAX_VALUE, false, false);
    }

    /** Pads with another value instead of 0. */
    public Padding value(double v) {
        return Records.with(this, "value", v);
    }

    /** Keeps at most {@code steps} of each example. */
    public Padding limit(int steps) {
        return Records.with(this, "limit", steps, "fixed", false);
    }

    /** Makes every batch {@code steps} long, and keeps at most as many of each example. */
    public Padding length(int steps) {
        return Records.with(this, "limit", steps, "fixed", true);
    }

    /** Keeps the last steps of an example that is longer than the limit, instead of the first. */
    public Padding keepEnd() {
        return Records.with(this, "end", true);
    }
}
