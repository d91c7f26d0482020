package dev.fathom.tensor;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * y = layer(x), whose inside is not recorded but run again in backward from x and the same random counter (Chen et al. 2016, activation
 * checkpointing): memory for time.
 */
record RecomputeOp(UnaryOperator<Tensor> layer, long seed, long counter, List<Held> parameters, int[] versions)
        implements Op {
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
        for (int i = 0; i < versions.length; i++) {
            Parameter p = (Parameter) parameters.get(i);
            if (p.version() != versions[i]) {
                throw new IllegalStateException(
                        "backward: parameter " + p.name()
                                + " has changed since its layer ran and would be run again with other values; call backward before step()");
            }
        }
        Pass.current().replay(this, g);
    }
}
