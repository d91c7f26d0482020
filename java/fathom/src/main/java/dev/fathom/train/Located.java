package dev.fathom.train;

import dev.fathom.data.Batch;
import dev.fathom.kernel.KernelException;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Says in which example of the dataset a label or a token lies that a kernel refused by its row in the batch. */
final class Located {
    private Located() {}

    /**
     * The exception itself, or one that names the example, if just one example has the refused number in the refused
     * row of one of these fields. What was read otherwise, such as a part of a field, is not guessed.
     *
     * @param unpadded how rows may have been counted: whether only among the steps that are no padding
     */
    static IllegalArgumentException in(
            List<String> fields, IllegalArgumentException e, Batch batch, boolean... unpadded) {
        if (!(e.getCause() instanceof KernelException refused)) {
            return e;
        }
        Set<Integer> meant = new TreeSet<>();
        Set<String> where = new TreeSet<>();
        for (String field : fields) {
            Tensor t = batch.get(field);
            if (t.dtype() != DType.I32 || t.size() == 0) {
                continue;
            }
            int[] all = t.toIntArray();
            Tensor places = Tensor.ofInts(
                    IntStream.range(0, all.length).toArray(), t.shape().toArray());
            for (boolean alone : unpadded) {
                int[] read = (alone && batch.ragged(field) ? batch.unpadded(field, places) : places).toIntArray();
                long row = refused.row();
                if (row >= 0 && row < read.length && all[read[(int) row]] == refused.found()) {
                    meant.add(batch.example(read[(int) row] / (all.length / batch.size())));
                    where.add(field);
                }
            }
        }
        int example = meant.size() == 1 ? meant.iterator().next() : -1;
        return example < 0
                ? e
                : new IllegalArgumentException(
                        e.getMessage() + "; the row is counted in the batch, and it is in " + String.join(" or ", where)
                                + " of example " + example + " of the dataset",
                        e);
    }
}
