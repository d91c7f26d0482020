package dev.fathom.op;

import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * The geometry of a convolution or a pool over x [N, L, C], [N, H, W, C] or [N, D, H, W, C]: along each spatial
 * dimension, output {@code o} reads x at {@code o * stride + tap * dilation - before} for every {@code tap < kernel}.
 * With extent = dilation (kernel - 1) + 1, there are floor((size + before + after - extent) / stride) + 1 outputs. In
 * the form {@link #same} there are ceil(size / stride), with as much padding as that takes; if it is odd, the extra one
 * is behind.
 *
 * <pre>{@code
 * Window.of(3).pad(1)              // 3x3, keeps height and width
 * Window.of(7).stride(2).pad(3)    // the stem of a ResNet
 * Window.of(2, 3).dilation(1, 2)   // 2 high, 3 wide, every second pixel of a row
 * Window.line(5).same()            // along a sequence
 * }</pre>
 *
 * @param rank number of spatial dimensions: 1, 2 or 3
 * @param depth geometry along the first of three dimensions
 * @param height geometry along the last but one of two or three dimensions
 * @param width geometry along the last dimension
 */
public record Window(int rank, Axis depth, Axis height, Axis width) {
    /**
     * The geometry along one dimension.
     *
     * @param kernel taps
     * @param stride distance in x from one output to the next
     * @param dilation distance in x from one tap to the next
     * @param before padding in front
     * @param after padding behind
     * @param same whether the padding is chosen for ceil(size / stride) outputs; then {@code before} and {@code after}
     *     are 0
     * @param ceil whether a last output may reach beyond the padding
     */
    public record Axis(int kernel, int stride, int dilation, int before, int after, boolean same, boolean ceil) {
        private static final Axis ONE = of(1);

        /** Checks the sizes. */
        public Axis {
            if (kernel < 1 || stride < 1 || dilation < 1 || before < 0 || after < 0) {
                throw new IllegalArgumentException("window: kernel=" + kernel + ", stride=" + stride + " and dilation="
                        + dilation + " must be at least 1, and padding=" + before + ", " + after + " at least 0");
            }
            if ((long) dilation * (kernel - 1) >= Integer.MAX_VALUE) {
                throw new IllegalArgumentException("window: kernel=" + kernel + " and dilation=" + dilation
                        + " reach over more places than an int counts; give less of one");
            }
        }

        static Axis of(int kernel) {
            return new Axis(kernel, 1, 1, 0, 0, false, false);
        }

        Axis stride(int s) {
            return new Axis(kernel, s, dilation, before, after, same, ceil);
        }

        Axis dilation(int d) {
            return new Axis(kernel, stride, d, before, after, same, ceil);
        }

        Axis pad(int front, int behind) {
            return new Axis(kernel, stride, dilation, front, behind, false, ceil);
        }

        /** Returns the extent from the first tap to the last: dilation (kernel - 1) + 1. */
        public long extent() {
            return (long) dilation * (kernel - 1) + 1;
        }

        /**
         * Returns the number of outputs along a dimension of this size, or 0 if the window does not fit.
         *
         * @throws IllegalArgumentException if an int does not count them
         */
        public int outputs(int size) {
            long n = count(size);
            if (n > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("window: a dimension of " + size + " with padding=" + before + ", "
                        + after + " has " + n + " outputs, more than an int counts; pad less, or stride further");
            }
            return (int) n;
        }

        private long count(int size) {
            if (same) {
                return (size - 1L + stride) / stride;
            }
            long room = (long) size + before + after - extent();
            if (ceil) {
                long most = Math.floorDiv(room + stride - 1, stride) + 1;
                return Math.max(0, (most - 1) * stride >= (long) size + before ? most - 1 : most);
            }
            return room < 0 ? 0 : room / stride + 1;
        }

        /** Returns the padding in front of a dimension of this size. */
        public int before(int size) {
            return same ? (int) (missing(size) / 2) : before;
        }

        /** Returns the padding behind a dimension of this size. */
        public int after(int size) {
            return same ? (int) (missing(size) - missing(size) / 2) : after;
        }

        private long missing(int size) {
            return Math.max(0, (count(size) - 1) * stride + extent() - size);
        }
    }

    /** Checks the rank, and that an int counts the taps. */
    public Window {
        if (rank < 1 || rank > 3) {
            throw new IllegalArgumentException("window: rank=" + rank + " must be 1, 2 or 3");
        }
        depth = rank < 3 ? Axis.ONE : depth; // a file may claim more along a dimension that there is not
        height = rank < 2 ? Axis.ONE : height;
        if ((double) depth.kernel * height.kernel * width.kernel > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("window: kernels " + depth.kernel + ", " + height.kernel + " and "
                    + width.kernel + " make more taps than an int counts; give smaller ones");
        }
    }

    /** Makes a square window for pictures [N, H, W, C], with stride 1 and no padding ("valid"). */
    public static Window of(int kernel) {
        return of(kernel, kernel);
    }

    /** Makes a window for pictures [N, H, W, C], with stride 1 and no padding. */
    public static Window of(int height, int width) {
        return new Window(2, Axis.ONE, Axis.of(height), Axis.of(width));
    }

    /** Makes a window for volumes [N, D, H, W, C], with stride 1 and no padding. */
    public static Window of(int depth, int height, int width) {
        return new Window(3, Axis.of(depth), Axis.of(height), Axis.of(width));
    }

    /** Makes a window for sequences [N, L, C], with stride 1 and no padding. */
    public static Window line(int kernel) {
        return new Window(1, Axis.ONE, Axis.ONE, Axis.of(kernel));
    }

    /**
     * Returns this window with other strides: one for all dimensions, or one for each.
     *
     * @throws IllegalArgumentException if there are more or fewer, or one is below 1
     */
    public Window stride(int... s) {
        return with("stride", s, Axis::stride);
    }

    /** Returns this window with other dilations: one for all dimensions, or one for each. */
    public Window dilation(int... d) {
        return with("dilation", d, Axis::dilation);
    }

    /**
     * Returns this window with padding: one number for both sides of all dimensions, one for both sides of each, or one
     * for front and back of each (top, bottom, left, right).
     */
    public Window pad(int... p) {
        if (p.length != 2 * rank) {
            return with("pad", p, (axis, both) -> axis.pad(both, both));
        }
        return new Window(
                rank,
                rank < 3 ? depth : depth.pad(p[0], p[1]),
                rank < 2 ? height : height.pad(p[2 * rank - 4], p[2 * rank - 3]),
                width.pad(p[2 * rank - 2], p[2 * rank - 1]));
    }

    /** Returns this window with the padding that gives ceil(size / stride) outputs. */
    public Window same() {
        return with("same", new int[1], (a, ignored) -> new Axis(a.kernel, a.stride, a.dilation, 0, 0, true, false));
    }

    /**
     * Returns this window with a last output that may reach beyond the padding: the number of outputs is rounded up, as
     * in PyTorch's {@code ceil_mode}, but every output begins on x or on the padding in front.
     */
    public Window ceil() {
        return with(
                "ceil",
                new int[1],
                (a, ignored) -> new Axis(a.kernel, a.stride, a.dilation, a.before, a.after, a.same, !a.same));
    }

    /** Of a window over volumes, what it is over a plane of them. */
    public Window plane() {
        return new Window(2, Axis.ONE, height, width);
    }

    /** Of a window over volumes, what it is along their depth: over images [depth, height times width]. */
    public Window column() {
        return new Window(2, Axis.ONE, depth, Axis.ONE);
    }

    private Window with(String what, int[] values, BiFunction<Axis, Integer, Axis> change) {
        if (values.length != 1 && values.length != rank) {
            throw new IllegalArgumentException("window: " + what + " got " + values.length
                    + " numbers but the window has " + rank + " spatial dimensions; give one for all, or one for each");
        }
        int last = values.length - 1;
        return new Window(
                rank,
                rank < 3 ? depth : change.apply(depth, values[0]),
                rank < 2 ? height : change.apply(height, values[Math.max(0, last - 1)]),
                change.apply(width, values[last]));
    }

    /** Returns the geometry along spatial dimension {@code i}, which is {@code x.dim(i + 1)}. */
    public Axis axis(int i) {
        return i == rank - 1 ? width : i == rank - 2 ? height : depth;
    }

    /** Returns the number of taps, which is the product of the kernel sizes. */
    public long taps() {
        return (long) depth.kernel * height.kernel * width.kernel;
    }

    /** The shape of the result for x, with this many channels; checks x. */
    public Shape shape(Call c, Shape x, int channels) {
        return shape(c::fail, x, channels);
    }

    /** The shape of the result for x, with this many channels; checks x and makes exceptions with {@code fail}. */
    public Shape shape(Function<String, IllegalArgumentException> fail, Shape x, int channels) {
        checkRank(fail, x);
        Shape y = x.with(-1, channels);
        for (int i = 0; i < rank; i++) {
            Axis a = axis(i);
            int size = x.dim(i + 1);
            long outputs = a.count(size);
            if (outputs < 1) {
                throw fail.apply("x " + x + " is too small for the window " + this + ": x.dim(" + (i + 1) + ")=" + size
                        + " and its padding make " + (size + (long) a.before + a.after)
                        + " but the window reaches over "
                        + a.extent() + "; pad more, or give a larger x");
            }
            if (outputs > Integer.MAX_VALUE) {
                throw fail.apply("x " + x + " and the window " + this + " make dim(" + (i + 1) + ")=" + outputs
                        + " of the result, more than an int counts; pad less, or stride further");
            }
            y = y.with(i + 1, (int) outputs);
        }
        return y;
    }

    /** Refuses x that has not this many spatial dimensions. */
    public void checkRank(Function<String, IllegalArgumentException> fail, Shape x) {
        if (x.rank() != rank + 2) {
            throw fail.apply("x " + x + " has " + x.rank() + " dimensions but the window " + this + " takes "
                    + (rank == 1 ? "[N, L, C]" : rank == 2 ? "[N, H, W, C]" : "[N, D, H, W, C]") + "; reshape it");
        }
    }

    /** The words of the kernels' {@code struct window}, for one or two spatial dimensions. */
    public long[] words(Shape x, Shape y, int groups) {
        if (rank == 3) {
            throw new IllegalStateException("window: the kernels know one and two dimensions");
        }
        int h = rank == 1 ? 1 : x.dim(1);
        int w = x.dim(rank);
        return new long[] {
            h,
            w,
            x.dim(-1),
            rank == 1 ? 1 : y.dim(1),
            y.dim(rank),
            y.dim(-1),
            height.kernel,
            width.kernel,
            height.stride,
            width.stride,
            height.dilation,
            width.dilation,
            height.before(h),
            width.before(w),
            groups
        };
    }

    /** Returns a short form such as {@code 3x3 stride 2 padding 1}, which leaves out what is 1 or 0 by default. */
    @Override
    public String toString() {
        StringBuilder s = new StringBuilder();
        append(s, "", "x", 1, Axis::kernel);
        append(s, " stride ", "x", 1, Axis::stride);
        append(s, " dilation ", "x", 1, Axis::dilation);
        if (width.same) {
            return s.append(" same").toString();
        }
        append(s, " padding ", "x", 0, a -> a.before == a.after ? a.before : a.before + ":" + a.after);
        return width.ceil ? s.append(" ceil").toString() : s.toString();
    }

    private void append(StringBuilder s, String name, String between, int usual, Function<Axis, Object> of) {
        boolean differs = name.isEmpty();
        StringBuilder values = new StringBuilder();
        Object first = of.apply(axis(0));
        boolean equal = !name.isEmpty();
        for (int i = 0; i < rank; i++) {
            Object value = of.apply(axis(i));
            differs |= !value.equals(usual);
            equal &= value.equals(first);
            values.append(i == 0 ? "" : between).append(value);
        }
        if (differs) {
            s.append(name).append(equal ? first : values);
        }
    }
}
