package dev.fathom.io;

import dev.fathom.command.Commands;
import dev.fathom.kernel.Kernel;
import dev.fathom.op.Shape;
import java.nio.FloatBuffer;
import java.util.Arrays;

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
        return merged(shape.toArray(), strides);
    }

    /** Dimensions that lie beside each other in both are one. */
    private static Places merged(int[] dims, long... strides) {
        int[] size = new int[dims.length + 1];
        long[] step = new long[dims.length + 1];
        size[0] = 1;
        int n = 1;
        for (int i = 0; i < dims.length; i++) {
            long together = (long) size[n - 1] * dims[i];
            if (dims[i] == 1) {
                continue;
            }
            boolean beside = size[n - 1] == 1 || step[n - 1] == strides[i] * dims[i];
            if (beside && together <= Integer.MAX_VALUE) {
                size[n - 1] = (int) together;
            } else {
                size[n++] = dims[i];
            }
            step[n - 1] = strides[i];
        }
        return new Places(Arrays.copyOf(size, n), Arrays.copyOf(step, n));
    }

    /** Whether every element stays where it is. */
    boolean inOrder() {
        return dims.length == 1 && (strides[0] == 1 || dims[0] == 1);
    }

    /** The number of elements in a row, if the first dimension is the first one in the tensor too; else 0. */
    int row() {
        long row = 1;
        for (int i = 1; i < dims.length; i++) {
            row *= dims[i];
        }
        return strides[0] == row && dims.length <= Shape.MAX_RANK ? (int) row : 0;
    }

    /** Copies rows from {@code from}, where they lie as in the tensor, to {@code to} as they lie in the array. */
    void permute(Commands commands, long from, int rows, long to) {
        long[] sizes = new long[Shape.MAX_RANK];
        long[] steps = new long[Shape.MAX_RANK]; // in the tensor, along the dimensions of the array
        Arrays.fill(sizes, 1);
        long step = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            int inside = 0;
            for (long stride : strides) {
                inside += stride < strides[i] ? 1 : 0;
            }
            sizes[Shape.MAX_RANK - 1 - inside] = i == 0 ? rows : dims[i];
            steps[Shape.MAX_RANK - 1 - inside] = step;
            step *= dims[i];
        }
        commands.begin(Kernel.PERMUTE).put(Float.BYTES).at(from).at(to);
        for (long size : sizes) {
            commands.put(size);
        }
        for (long s : steps) {
            commands.put(s);
        }
        commands.run();
    }

    /** Puts the next {@code n} elements, which are the first of {@code from}, an array's, at their places. */
    void put(FloatBuffer from, int n, FloatBuffer to) {
        int last = dims.length - 1;
        long stride = strides[last];
        for (int i = 0; i < n; ) {
            int runs = stride == 1 || index[last] > 0 ? 0 : besideEachOther(n - i);
            int run = runs > 0 ? dims[last] : Math.min(n - i, dims[last] - index[last]);
            if (stride == 1) {
                to.put((int) at, from, i, run);
            } else if (runs > 0) {
                turn(from.array(), from.arrayOffset() + i, runs, to);
                index[last - 1] += runs - 1;
                at += runs - 1;
                i += (runs - 1) * run;
            } else {
                for (int k = 0; k < run; k++) {
                    to.put((int) (at + k * stride), from.get(i + k));
                }
            }
            i += run;
            index[last] += run - 1;
            at += (run - 1) * stride;
            next();
        }
    }

    /**
     * How many whole runs of {@code n} elements begin side by side, such as the taps of filters, channel by channel.
     */
    private int besideEachOther(int n) {
        int d = dims.length - 2;
        return d < 0 || strides[d] != 1 ? 0 : Math.min(n / dims[d + 1], dims[d] - index[d]);
    }

    /** Puts whole runs that begin side by side: first the first elements of all, then the second ones, and so on. */
    private void turn(float[] from, int first, int runs, FloatBuffer to) {
        int n = dims[dims.length - 1];
        long stride = strides[dims.length - 1];
        float[] row = new float[runs];
        for (int k = 0; k < n; k++) {
            int next = first + k;
            for (int r = 0; r < runs; r++) {
                row[r] = from[next];
                next += n;
            }
            to.put((int) (at + k * stride), row);
        }
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
