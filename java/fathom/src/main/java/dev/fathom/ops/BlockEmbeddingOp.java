package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;

/**
 * {@link EmbeddingOp} in a plan that stores the table in blocks.
 *
 * @param rows of the table
 * @param dim numbers of a row
 */
public record BlockEmbeddingOp(BlockFormat format, int rows, int dim) implements RowsOp {
    @Override
    public String label() {
        return "embedding";
    }

    @Override
    public DType takes(int i) {
        return i == 0 ? DType.I8 : DType.I32;
    }

    @Override
    public DType dtype(Call c, int output) {
        return DType.F32;
    }

    @Override
    public Shape shape(Call c, int output) {
        format.check(c, 0, rows, dim);
        return RowsOp.vectors(c, dim);
    }

    @Override
    public void forward(Call c) {
        c.begin(Kernel.GATHER_BLOCKS).put(format.kind).at(c.in(0)).put(rows);
        c.at(c.in(1), c.out(0)).put(c.shape(1).size(), dim).run();
    }

    @Override
    public boolean differentiable() {
        return false;
    }
}
