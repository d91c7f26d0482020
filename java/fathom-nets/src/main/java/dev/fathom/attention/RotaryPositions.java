package dev.fathom.attention;

import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.ops.RotaryOp;
import dev.fathom.parameter.Buffer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Turns pairs (a, b) of numbers of a head to (a cos - b sin, b cos + a sin) by the angle t / base^(2i / r) for position
 * t and pair i of r / 2, so that the product of a query and a key depends on their distance alone (Su et al. 2021).
 *
 * @param table [positions, r] of r / 2 cosines before r / 2 sines; files need not have it
 * @param interleaved whether pair i is (2i, 2i + 1), as in the paper and in Llama's own code, else (i, i + r / 2), as
 *     in GPT-NeoX and Hugging Face's Llama
 */
public record RotaryPositions(Buffer table, boolean interleaved) implements Net {
    /**
     * Makes angles for so many positions, and pairs (i, i + r / 2) of the first r numbers of each head, as in GPT-NeoX.
     */
    public static RotaryPositions halves(int positions, int r) {
        return of(positions, r, 10000, false);
    }

    /**
     * Makes angles for so many positions, and pairs (2i, 2i + 1) of the first r numbers of each head, as in the paper.
     */
    public static RotaryPositions interleaved(int positions, int r) {
        return of(positions, r, 10000, true);
    }

    /**
     * Makes angles with another base.
     *
     * @throws IllegalArgumentException if positions are below 1, r is not even and at least 2, or the base is not above
     *     0
     */
    public static RotaryPositions of(int positions, int r, double base, boolean interleaved) {
        if (positions < 1 || r < 2 || r % 2 != 0 || !(base > 0)) {
            throw new IllegalArgumentException("RotaryPositions: positions=" + positions + ", r=" + r + " and base="
                    + base + "; positions must be at least 1, r even and at least 2, and the base above 0");
        }
        return of(positions, speeds(r, base), 1, interleaved);
    }

    /**
     * Returns base^(2i / r) to the power of -1 for each pair i of r / 2, by which its angle grows from place to place.
     */
    public static double[] speeds(int r, double base) {
        return IntStream.range(0, r / 2)
                .mapToDouble(i -> Math.pow(base, -2.0 * i / r))
                .toArray();
    }

    /**
     * Makes the angles t speeds[i] for position t and pair i, which are stretched in many ways for longer texts.
     *
     * @param scale what cosines and sines are multiplied by
     * @throws IllegalArgumentException if positions are below 1, or there are no speeds
     */
    public static RotaryPositions of(int positions, double[] speeds, double scale, boolean interleaved) {
        if (positions < 1 || speeds.length < 1) {
            throw new IllegalArgumentException("RotaryPositions: positions=" + positions + " and " + speeds.length
                    + " speeds; there must be at least one of each");
        }
        double[] own = speeds.clone();
        return new RotaryPositions(
                Buffer.derived(Shape.of(positions, 2 * own.length), (shape, rng) -> table(shape, own, scale)),
                interleaved);
    }

    private static float[] table(Shape shape, double[] speeds, double scale) {
        int half = speeds.length;
        float[] table = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < table.length; i++) {
            int position = i / (2 * half);
            double angle = position * speeds[i % half];
            table[i] = (float) (scale * (i / half % 2 == 0 ? Math.cos(angle) : Math.sin(angle)));
        }
        return table;
    }

    /** Turns all heads of x [batch, tokens, heads d]. */
    public Tensor apply(Tensor x, int heads) {
        return Pass.frame(this, () -> turn(x, heads, heads, null));
    }

    /**
     * Turns the first {@code turned} of {@code heads} heads of tokens x [batch, tokens, heads d] that stand behind
     * past[b] others.
     *
     * @param past I32 [batch], or null for none
     * @throws IllegalArgumentException if shapes disagree, or a position is beyond the table
     */
    public Tensor apply(Tensor x, int heads, int turned, @Nullable Tensor past) {
        return Pass.frame(this, () -> turn(x, heads, turned, past));
    }

    Tensor turn(Tensor x, int heads, int turned, @Nullable Tensor past) {
        return Pass.apply(new RotaryOp(heads, turned, interleaved), x, table.value(), past);
    }
}
