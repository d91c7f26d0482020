package dev.fathom.io;

import dev.fathom.op.Shape;

/** Where the elements of a tensor, taken in their order, lie in an array that has its dimensions in another order. */
final class Places {
    private final int[] dims;
    private final long[] strides;
    private final int[] index;
    private long at;

    private Places(int[] dims, long[] strides) {
        this.dims = dims;
        this.strides = strides;
        index = new int[dims.length];
    }

    /** Dimension i of {@code shape} is dimension {@code order[i]} of the array. */
    static Places of(Shape shape, int[] order) {
        shape.permuted(order); // refuses what is no order
        long[] strides = new long[order.length];
        long size = 1;
        for (int d = order.length - 1; d >= 0; d--) { // of the array, the innermost first
            for (int i = 0; i < order.length; i++) {
                if (order[i] == d) {
                    strides[i] = size;
                    size *= shape.dim(i);
                }
            }
        }
        return new Places(shape.toArray(), strides);
    }

    /** The place of the next element. */
    long next() {
        long place = at;
        for (int i = dims.length - 1; i >= 0; i--) {
            at += strides[i];
            if (++index[i] < dims[i]) {
                break;
            }
            at -= index[i] * strides[i];
            index[i] = 0;
        }
        return place;
    }
}
