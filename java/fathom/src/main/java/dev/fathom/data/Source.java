package dev.fathom.data;

import dev.fathom.memory.Block;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Shape;
import java.nio.ByteBuffer;

/**
 * The memory behind a dataset and all that was made from it: features [rows, columns], then targets [rows, target columns], in one block.
 * The pages go back when the last dataset over them is closed.
 *
 * <p>A dataset that was dropped without a close costs nothing but time: the collector takes the pages back, and reports them as forgotten only
 * if none of the datasets over them was ever closed.
 */
final class Source {
    /** One view, of 2^30 bytes, reaches all row numbers. */
    static final int MOST_ROWS = 1 << 28;

    final int rows;
    final DType dtype;
    final int columns;
    final DType targetDtype;
    /** Of one example; a label is a scalar. */
    final Shape targetShape;
    /** 0 for float targets. */
    final int classes;

    private final Block block;
    private final long targetOffset;
    private int users = 1;

    Source(Block block, int rows, DType dtype, int columns, DType targetDtype, Shape targetShape, int classes) {
        this.block = block;
        this.rows = rows;
        this.dtype = dtype;
        this.columns = columns;
        this.targetDtype = targetDtype;
        this.targetShape = targetShape;
        this.classes = classes;
        targetOffset = targetOffset(rows, dtype, columns);
        block.lease();
    }

    /** Where the targets begin, 64-byte aligned. */
    static long targetOffset(int rows, DType dtype, long columns) {
        return rows * columns * dtype.bytes() + 63 & -64L;
    }

    /** Room for all of it. */
    static Block block(int rows, DType dtype, long columns, DType targetDtype, long targetColumns) {
        return new Block("dataset", targetOffset(rows, dtype, columns) + rows * targetColumns * targetDtype.bytes());
    }

    long features() {
        return block.address();
    }

    long targets() {
        return block.address() + targetOffset;
    }

    /** The values of one row of the features. */
    ByteBuffer row(int row) {
        long bytes = (long) columns * dtype.bytes();
        return block.view(row * bytes, bytes);
    }

    int label(int row) {
        ByteBuffer at = block.view(targetOffset + (long) row * targetDtype.bytes(), targetDtype.bytes());
        return targetDtype == DType.U8 ? at.get(0) & 0xff : at.getInt(0);
    }

    synchronized void enter() {
        users++;
    }

    synchronized void exit() {
        // from the first close on, nothing was forgotten
        block.close();
        if (--users == 0) {
            block.release();
        }
    }

    /** Pages of {@code owner} that the collector may take back without a report; {@code release} gives them back before. */
    static Block unreported(String owner, long bytes) {
        Block b = new Block(owner, bytes);
        b.lease();
        b.close();
        return b;
    }
}
