package dev.fathom.nn;

import dev.fathom.op.Where;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import dev.fathom.tree.Structure;
import java.util.Arrays;

/**
 * y[n, t] = layer(x[n, t]): applies one layer to every step of x [N, T, ..]. The steps become one batch [N T, ..] and
 * are turned back afterwards, both as views.
 *
 * @param layer the layer to apply; the names of its parameters do not change
 */
public record TimeDistributed(@Inline Layer layer) implements Layer {
    /**
     * Returns that each step is computed alone, unless padding would be among the examples from which a batch norm in
     * the layer takes statistics.
     */
    @Override
    public Steps stepReading() {
        boolean mixed = !Pass.evaluating()
                && Structure.walk(layer).stream()
                        .anyMatch(part -> part.value() instanceof BatchNorm norm && Steps.asked(norm) == Steps.MIXED);
        return mixed ? Steps.MIXED : Steps.EACH;
    }

    @Override
    public Tensor forward(Tensor x) {
        int[] dims = x.shape().toArray();
        if (dims.length < 2) {
            throw new IllegalArgumentException("TimeDistributed" + Where.running() + ": x " + x.shape()
                    + " has no steps; give it as [batch, steps, ..]");
        }
        long steps = (long) dims[0] * dims[1];
        if (steps > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("TimeDistributed" + Where.running() + ": x " + x.shape() + " has "
                    + steps + " steps in all, more than an int counts; give a smaller batch");
        }
        int[] folded = Arrays.copyOfRange(dims, 1, dims.length);
        folded[0] = (int) steps;
        Tensor y = layer.apply(x.reshape(folded));
        int[] rows = y.shape().toArray();
        if (rows.length == 0 || rows[0] != folded[0]) {
            throw new IllegalArgumentException("TimeDistributed" + Where.running() + ": the layer made " + y.shape()
                    + " of " + folded[0] + " steps; it must keep the first dimension");
        }
        int[] unfolded = new int[rows.length + 1];
        unfolded[0] = dims[0];
        unfolded[1] = dims[1];
        System.arraycopy(rows, 1, unfolded, 2, rows.length - 1);
        return y.reshape(unfolded);
    }
}
