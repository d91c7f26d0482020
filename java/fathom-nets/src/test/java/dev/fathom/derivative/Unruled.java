package dev.fathom.derivative;

import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import org.jspecify.annotations.Nullable;

/** An op without its rule for forward mode, whose tangent must be derived. */
record Unruled(Op op) implements Op {
    @Override
    public String label() {
        return op.label();
    }

    @Override
    public int outputs() {
        return op.outputs();
    }

    @Override
    public Shape shape(Call c, int output) {
        return op.shape(c, output);
    }

    @Override
    public DType dtype(Call c, int output) {
        return op.dtype(c, output);
    }

    @Override
    public @Nullable DType takes(int i) {
        return op.takes(i);
    }

    @Override
    public boolean onlyForBackward(int output) {
        return op.onlyForBackward(output);
    }

    @Override
    public boolean optional(int i) {
        return op.optional(i);
    }

    @Override
    public long view(Call c) {
        return op.view(c);
    }

    @Override
    public void forward(Call c) {
        op.forward(c);
    }

    @Override
    public boolean differentiable() {
        return op.differentiable();
    }

    @Override
    public void backward(Grad g) {
        op.backward(g);
    }

    @Override
    public boolean readsInput(int i) {
        return op.readsInput(i);
    }

    @Override
    public boolean readsOutput(int o) {
        return op.readsOutput(o);
    }
}
