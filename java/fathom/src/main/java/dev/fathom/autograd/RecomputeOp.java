package dev.fathom.autograd;

import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * y = layer(x), whose inside is not recorded but run again in backward from the same inputs and random numbers (Chen et
 * al. 2016, activation checkpointing): memory for time. Inputs are x and whatever else the layer reads.
 *
 * @param layer what runs again
 * @param random a copy of the scope's random numbers as they were, null in a scope without
 */
public record RecomputeOp(
        UnaryOperator<Value> layer, @Nullable Stream random) implements Op {
    @Override
    public String label() {
        return "recompute";
    }

    @Override
    public Shape shape(Call c, int output) {
        throw new IllegalStateException("recompute runs its layer itself");
    }

    @Override
    public void forward(Call c) {
        throw new IllegalStateException("recompute runs its layer itself");
    }

    @Override
    public boolean readsOutput(int o) {
        return false;
    }

    @Override
    public void backward(Grad g) {
        Eager call = (Eager) g;
        call.wroteGradients(); // those of its layer
        Recomputation.again(this, call);
    }
}
