package dev.fathom.nn;

import dev.fathom.op.Activation;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Initializer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y = act(x W^T + b): x [.., in], W [out, in], b [out], y [.., out].
 *
 * @param weight W
 * @param bias b, or null for none
 * @param activation act, or null for none; it runs in the matrix kernel's epilogue
 */
public record Linear(
        Parameter weight,
        @Nullable Parameter bias,
        @Nullable Activation activation) implements FusibleLayer, WeightedLayer, StepwiseLayer {
    /**
     * Makes a layer with a bias and no activation. Weight and bias begin as in PyTorch, uniform in +-1/sqrt(in).
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public Linear(int in, int out) {
        this(in, out, Init.torch());
    }

    /**
     * Makes a layer whose weight begins as {@code init} says, and whose bias begins uniform in +-1/sqrt(in).
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public Linear(int in, int out, Initializer init) {
        this(new Parameter(sized(in, out), init), new Parameter(Shape.of(out), Init.torchBias(sized(in, out))), null);
    }

    private static Shape sized(int in, int out) {
        Checks.atLeast("Linear", "in", in, 1);
        return Shape.of(Checks.atLeast("Linear", "out", out, 1), in);
    }

    /** Returns this layer without a bias. */
    public Linear withoutBias() {
        return Records.with(this, "bias", null);
    }

    /** Returns this layer with a new bias, which begins as {@code init} says. */
    public Linear withBias(Initializer init) {
        return Records.with(this, "bias", new Parameter(Shape.of(weight.shape().dim(0)), init));
    }

    /** Returns this layer with an activation, which runs in the matrix kernel's epilogue. */
    public Linear act(Activation a) {
        return Records.with(this, "activation", a);
    }

    @Override
    public Tensor forward(Tensor x) {
        return fused(x, null, activation);
    }

    @Override
    public boolean fusible() {
        return activation == null;
    }

    @Override
    public Tensor fused(Tensor x, @Nullable Tensor residual, @Nullable Activation act) {
        return x.linear(weight, bias, residual, act);
    }

    @Override
    public Tensor weighted(Tensor x, Operand w) {
        return x.linear(w, bias, null, activation);
    }
}
