package dev.fathom.train;

import dev.fathom.data.Batch;
import dev.fathom.kernel.KernelException;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
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

    /** The exception of a custom step, which may read any part of any field: it names the example if the number and its place are those of one field. */
    static IllegalArgumentException inStep(IllegalArgumentException e, Batch batch) {
        if (!(e.getCause() instanceof KernelException refused)) {
            return e;
        }
        List<String> meant = new ArrayList<>();
        for (String field : batch.names()) {
            Tensor t = batch.get(field);
            int[] all = t.dtype() == DType.I32 ? t.toIntArray() : new int[0];
            long row = refused.row();
            if (row >= 0 && row < all.length && all[(int) row] == refused.found()) {
                meant.add(field);
            }
        }
        if (meant.size() != 1) {
            return e;
        }
        String in = meant.get(0);
        return named(e, batch, in, (int) (refused.row() / (batch.get(in).size() / batch.size())));
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
