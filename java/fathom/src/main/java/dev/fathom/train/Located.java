package dev.fathom.train;

import dev.fathom.data.Batch;
import dev.fathom.kernel.KernelException;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;

/** Says in which example of the dataset a label or a token lies that a kernel refused by its row in the batch. */
final class Located {
    private Located() {}

    /** The exception itself, or one that names the example if a field of the batch has the refused number in this row. */
    static IllegalArgumentException of(IllegalArgumentException e, Batch batch) {
        return e.getCause() instanceof KernelException refused ? of(e, refused, batch) : e;
    }

    private static IllegalArgumentException of(IllegalArgumentException e, KernelException refused, Batch batch) {
        for (String field : batch.names()) {
            Tensor t = batch.get(field);
            long row = refused.row();
            if (t.dtype() != DType.I32
                    || row < 0
                    || row >= t.shape().size()
                    || t.toIntArray()[(int) row] != refused.found()) {
                continue;
            }
            int example = batch.example((int) (row / (t.shape().size() / batch.size())));
            if (example >= 0) {
                return new IllegalArgumentException(
                        e.getMessage() + "; the row is counted in the batch, and it is in " + field + " of example "
                                + example + " of the dataset",
                        e);
            }
        }
        return e;
    }
}
