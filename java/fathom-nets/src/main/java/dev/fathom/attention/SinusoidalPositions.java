package dev.fathom.attention;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Steps;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;

/**
 * y[b, t] = x[b, t] + table[t], table[t][2i] = sin(t / 10000^(2i / width)) and table[t][2i + 1] the cosine of the same
 * angle (Vaswani et al. 2017).
 *
 * @param table [positions, width]; files need not have it
 */
public record SinusoidalPositions(Buffer table) implements Layer {
    /**
     * Makes the table of sines and cosines for {@code positions} positions.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public SinusoidalPositions(int positions, int width) {
        this(Buffer.derived(
                LearnedPositions.sized("SinusoidalPositions", positions, width), (shape, rng) -> waves(shape)));
    }

    private static float[] waves(Shape shape) {
        int width = shape.dim(1);
        float[] table = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < table.length; i++) {
            int c = i % width;
            int position = i / width;
            double angle = position * Math.pow(10000, -(double) (c - c % 2) / width);
            table[i] = (float) (c % 2 == 0 ? Math.sin(angle) : Math.cos(angle));
        }
        return table;
    }

    @Override
    public Steps stepReading() {
        return Steps.PADDED_BEHIND;
    }

    /**
     * @throws IllegalArgumentException if x is not [batch, tokens, width], or has more tokens than there are positions
     */
    @Override
    public Tensor forward(Tensor x) {
        return Positions.add("SinusoidalPositions", x, table.value(), null);
    }

    /** Adds positions to tokens that follow past[b] earlier tokens in row b, where past is I32 [batch]. */
    public Tensor apply(Tensor x, Tensor past) {
        return Pass.frame(this, () -> Positions.add("SinusoidalPositions", x, table.value(), past));
    }
}
