package dev.fathom.train;

import dev.fathom.data.Batch;
import dev.fathom.kernel.KernelException;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;

/** Says in which example of the dataset a label or a token lies that a kernel refused by its row in the batch. */
final class Located {
    private Located() {}

    /**
     * The exception itself, or one that names the example if this field has the refused number in this row.
     *
     * @param unpadded whether rows count only the steps that are no padding
     */
    static IllegalArgumentException in(String field, boolean unpadded, IllegalArgumentException e, Batch batch) {
        if (!(e.getCause() instanceof KernelException refused)
                || batch.get(field).dtype() != DType.I32) {
            return e;
        }
        Tensor t = batch.get(field);
        int[] all = t.toIntArray();
        Tensor places = Tensor.ofInts(
                IntStream.range(0, all.length).toArray(), t.shape().toArray());
        int[] read = (unpadded ? batch.unpadded(field, places) : places).toIntArray();
        long row = refused.row();
        return row >= 0 && row < read.length && all[read[(int) row]] == refused.found()
                ? named(e, batch, field, read[(int) row] / (all.length / batch.size()))
                : e;
    }

    /**
     * The exception of a custom step, which may read any part of any field: it names the example if only one can be
     * meant.
     */
    static IllegalArgumentException inStep(IllegalArgumentException e, Batch batch) {
        if (!(e.getCause() instanceof KernelException refused)) {
            return e;
        }
        Set<Integer> meant = new HashSet<>();
        String in = "";
        for (String field : batch.names()) {
            Tensor t = batch.get(field);
            int[] all = t.dtype() == DType.I32 ? t.toIntArray() : new int[0];
            for (int i = 0; i < all.length; i++) {
                boolean whole = all.length == batch.size(); // or parts of the examples may have been read
                if (all[i] == refused.found() && (!whole || i == refused.row())) {
                    meant.add(i / (all.length / batch.size()));
                    in = field;
                }
            }
        }
        return meant.size() == 1 ? named(e, batch, in, meant.iterator().next()) : e;
    }

    private static IllegalArgumentException named(IllegalArgumentException e, Batch batch, String field, int row) {
        int example = batch.example(row);
        return example < 0
                ? e
                : new IllegalArgumentException(
                        e.getMessage() + "; the row is counted in the batch, and it is in " + field + " of example "
                                + example + " of the dataset",
                        e);
    }
}
