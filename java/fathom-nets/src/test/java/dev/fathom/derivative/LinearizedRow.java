package dev.fathom.derivative;

import dev.fathom.autograd.Frames;
import dev.fathom.autograd.Node;
import dev.fathom.tensor.OpTable;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** A row of {@link OpTable} as forward mode sees it. */
final class LinearizedRow {
    private LinearizedRow() {}

    /** Linearizes a row at its middle sample, and shows its calls while their pass is open. */
    static void forEachCall(OpTable.Row row, Consumer<Node> reader) {
        int[][] shapes = row.samples().get(row.samples().size() / 2);
        try (Pass pass = Pass.grad(new Rng(0))) {
            Tensor[] x = row.tensors(shapes);
            for (int i = 0; i < x.length; i++) {
                x[i] = row.differentiable(i) ? pass.watch(x[i]) : x[i];
            }
            Linearization.of(() -> row.run(x));
            Frames calls = Frames.of(pass);
            // a reader may record calls of its own, which are not shown
            IntStream.range(0, calls.calls()).mapToObj(calls::call).toList().forEach(reader);
        }
    }
}
