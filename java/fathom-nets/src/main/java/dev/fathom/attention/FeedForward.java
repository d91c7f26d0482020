package dev.fathom.attention;

import dev.fathom.nn.Dropout;
import dev.fathom.nn.FusibleLayer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.StepwiseLayer;
import dev.fathom.op.Activation;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y = linear2(linear1(x)), where linear1 has an activation, or y = linear2(gate(x) linear1(x)), where the gate has it
 * (Shazeer 2020).
 *
 * @param linear1 from the width to the hidden units
 * @param gate from the width to the hidden units, or null if there is no gate
 * @param linear2 back to the width
 * @param dropout of the hidden units, in training
 */
public record FeedForward(Linear linear1, @Nullable Linear gate, Linear linear2, Dropout dropout)
        implements FusibleLayer, StepwiseLayer {
    /**
     * Makes linear2(act(linear1(x))).
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public FeedForward(int width, int hidden, Activation activation) {
        this(new Linear(width, hidden).act(activation), null, new Linear(hidden, width), new Dropout(0));
    }

    /**
     * Makes linear2(act(gate(x)) linear1(x)): GLU with {@link Activation#SIGMOID} (Dauphin et al. 2017), SwiGLU with
     * {@link Activation#SILU}, GEGLU with {@link Activation#GELU}.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public static FeedForward gated(int width, int hidden, Activation activation) {
        return new FeedForward(
                new Linear(width, hidden),
                new Linear(width, hidden).act(activation),
                new Linear(hidden, width),
                new Dropout(0));
    }

    /** Returns this layer without biases. */
    public FeedForward withoutBias() {
        return new FeedForward(
                linear1.withoutBias(), gate == null ? null : gate.withoutBias(), linear2.withoutBias(), dropout);
    }

    /** Returns this layer with hidden units that are dropped in training, with this probability. */
    public FeedForward dropout(float p) {
        return Records.with(this, "dropout", new Dropout(p));
    }

    @Override
    public Tensor forward(Tensor x) {
        return fused(x, null, null);
    }

    @Override
    public boolean fusible() {
        return linear2.fusible();
    }

    @Override
    public Tensor fused(Tensor x, @Nullable Tensor residual, @Nullable Activation activation) {
        Tensor hidden = linear1.apply(x);
        if (gate != null) {
            hidden = gate.apply(x).mul(hidden);
        }
        return linear2.apply(dropout.apply(hidden), residual, activation == null ? linear2.activation() : activation);
    }
}
