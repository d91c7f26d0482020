package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.DType;
import dev.fathom.op.Grad;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.op.Where;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * y = a reduction of x over some dimensions, which disappear. Neighboring dimensions are merged; each run of reduced
 * ones is one kernel call over [outer, r, inner], the innermost run first: every kind here may be taken run by run.
 *
 * @param kind what is computed
 * @param mask bit i: dimension i is reduced
 */
public record ReduceOp(Kind kind, int mask) implements Op {
    /** The reductions, with the kernel's kind. */
    public enum Kind {
        SUM(Kernel.REDUCE_SUM),
        MEAN(Kernel.REDUCE_SUM),
        MAX(Kernel.REDUCE_MAX),
        MIN(Kernel.REDUCE_MIN),
        ARGMAX(Kernel.REDUCE_ARGMAX),
        NORM1(Kernel.REDUCE_NORM1),
        NORM(Kernel.REDUCE_NORM),
        LOGSUMEXP(Kernel.REDUCE_LOGSUMEXP),
        ARGMIN(Kernel.REDUCE_ARGMIN),
        PROD(Kernel.REDUCE_PROD);

        final int kernel;

        Kind(int kernel) {
            this.kernel = kernel;
        }

        /** Whether it is computed of I32 too, whose sums and products wrap around. */
        boolean takesIntegers() {
            return this == SUM || this == PROD || this == MAX || this == MIN || finds();
        }

        /** Whether it gives places instead of values. */
        boolean finds() {
            return this == ARGMAX || this == ARGMIN;
        }

        boolean adds() {
            return kernel == Kernel.REDUCE_SUM;
        }

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Bits of {@code dims}, of all dimensions without any. */
    public static int mask(String label, Shape x, int[] dims) {
        int mask = 0;
        for (int d : dims) {
            int axis = x.axis(label, d);
            if ((mask & 1 << axis) != 0) {
                throw new IllegalArgumentException(label + Where.running() + ": dimension " + d + " of " + x
                        + " is named twice in " + Arrays.toString(dims) + "; name each once");
            }
            mask |= 1 << axis;
        }
        return dims.length == 0 ? (1 << x.rank()) - 1 : mask;
    }

    @Override
    public String label() {
        return kind.label();
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        MoveOp.words(c);
        long reduced = reduced(x, mask);
        if (reduced == 0 && kind != Kind.SUM && kind != Kind.PROD) {
            throw c.fail("x " + x + " is empty along the dimensions to reduce; give at least one element");
        }
        if (kind.finds() && groups(x, mask).length > 1) {
            throw c.fail(
                    "x " + x + ": dimensions of an " + label() + " must be neighbors; reduce them one after the other");
        }
        if (kind.finds() && reduced > Integer.MAX_VALUE) {
            throw c.fail("x " + x + " has " + reduced
                    + " elements along the dimensions to reduce but an index is an I32; reduce them one "
                    + "after the other");
        }
        return kept(x, mask);
    }

    /** How many elements of {@code x} make one of the result. */
    public static long reduced(Shape x, int mask) {
        long n = 1;
        for (int i = 0; i < x.rank(); i++) {
            n *= (mask & 1 << i) == 0 ? 1 : x.dim(i);
        }
        return n;
    }

    /** The dimensions that stay. */
    public static Shape kept(Shape x, int mask) {
        int[] kept = new int[x.rank()];
        int n = 0;
        for (int i = 0; i < x.rank(); i++) {
            if ((mask & 1 << i) == 0) {
                kept[n++] = x.dim(i);
            }
        }
        return Shape.of(Arrays.copyOf(kept, n));
    }

    @Override
    public DType dtype(Call c, int output) {
        return kind.finds() ? DType.I32 : c.dtype(0);
    }

    @Override
    public @Nullable DType takes(int i) {
        return kind.takesIntegers() ? null : DType.F32;
    }

    @Override
    public boolean differentiable() {
        return !kind.finds();
    }

    @Override
    public boolean readsInput(int i) {
        return !kind.adds();
    }

    @Override
    public boolean readsOutput(int o) {
        return !kind.adds();
    }

    @Override
    public void forward(Call c) {
        if (c.dtype(0) == DType.I32) {
            integers(c);
        } else {
            reduce(c, kind, c.in(0), c.out(0), c.shape(0), mask, false);
        }
    }

    private int integerKind() {
        return switch (kind) {
            case MAX -> Kernel.INTEGER_MAX;
            case MIN -> Kernel.INTEGER_MIN;
            case ARGMAX -> Kernel.INTEGER_ARGMAX;
            case ARGMIN -> Kernel.INTEGER_ARGMIN;
            case PROD -> Kernel.INTEGER_PROD;
            default -> Kernel.INTEGER_SUM;
        };
    }

    private void integers(Call c) {
        long x = c.in(0);
        long[][] groups = groups(c.shape(0), mask);
        for (int i = 0; i < groups.length; i++) {
            long y = i == groups.length - 1 ? c.out(0) : c.scratch(4 * groups[i][0] * groups[i][2]);
            c.begin(Kernel.REDUCE_INTEGERS)
                    .put(integerKind())
                    .at(x, y)
                    .put(groups[i])
                    .run();
            x = y;
        }
    }

    /** y (+)= the reduction of x[shape] over the dimensions in {@code mask}. */
    public static void reduce(Call c, Kind kind, long x, long y, Shape shape, int mask, boolean add) {
        long[][] groups = groups(shape, mask);
        int last = groups.length - 1;
        for (int i = 0; i <= last; i++) {
            long to = i == last ? y : c.scratch(4 * groups[i][0] * groups[i][2]);
            long divisor = kind == Kind.MEAN && i == last ? reduced(shape, mask) : 1;
            step(c, kind, x, to, groups[i], divisor, i == last && add);
            x = to;
        }
    }

    /** One run of reduced dimensions. */
    private static void step(Call c, Kind kind, long x, long y, long[] group, long divisor, boolean add) {
        if (kind == Kind.LOGSUMEXP) {
            step(c, Kind.MAX.kernel, x, 0, y, group, 1, false);
        }
        step(c, kind.kernel, x, kind == Kind.LOGSUMEXP ? y : 0, y, group, divisor, add);
    }

    public static void step(Call c, int kernel, long x, long shift, long y, long[] group, long divisor, boolean add) {
        c.begin(Kernel.REDUCE)
                .put(kernel)
                .at(x, shift, y)
                .put(group)
                .put(divisor, add ? 1 : 0)
                .run();
    }

    @Override
    public void backward(Grad g) {
        long[][] groups = groups(g.shape(0), mask);
        int n = groups.length;
        // the values before each step, which sum and mean do not read
        long[] values = new long[n + 1];
        if (!kind.adds()) {
            values[0] = g.in(0);
            values[n] = g.out(0);
            for (int i = 0; i < n - 1; i++) {
                values[i + 1] = g.scratch(4 * groups[i][0] * groups[i][2]);
                step(g, kind, values[i], values[i + 1], groups[i], 1, false);
            }
        }
        long dy = g.dout(0);
        for (int i = n - 1; i >= 0; i--) {
            if (i == 0 && kind == Kind.PROD) { // its kernel does not add
                long above = dy;
                g.through(0, to -> gradient(g, kind.kernel, values[0], values[1], above, to, groups[0], 1, false));
                break;
            }
            long dx = i == 0 ? g.din(0) : g.scratch(size(groups[i]));
            long divisor = kind == Kind.MEAN && i == n - 1 ? reduced(g.shape(0), mask) : 1;
            gradient(g, kind.kernel, values[i], values[i + 1], dy, dx, groups[i], divisor, i == 0 && g.adds());
            dy = dx;
        }
    }

    /** Bytes of what a run reduces. */
    public static long size(long[] group) {
        return 4 * group[0] * group[1] * group[2];
    }

    public static void gradient(
            Call c, int kernel, long x, long y, long dy, long dx, long[] group, long divisor, boolean add) {
        c.begin(Kernel.REDUCE_GRAD)
                .put(kernel)
                .at(x, y, dy, dx)
                .put(group)
                .put(divisor, add ? 1 : 0)
                .run();
    }

    /**
     * Runs of reduced dimensions as {outer, r, inner}, the innermost first; what an earlier run removed no longer
     * counts.
     */
    public static long[][] groups(Shape shape, int mask) {
        long[][] groups = new long[Shape.MAX_RANK][];
        int n = 0;
        long inner = 1;
        int i = shape.rank() - 1;
        while (i >= 0) {
            if ((mask & 1 << i) == 0) {
                inner *= shape.dim(i--);
                continue;
            }
            long r = 1;
            while (i >= 0 && (mask & 1 << i) != 0) {
                r *= shape.dim(i--);
            }
            groups[n++] = new long[] {shape.size(0, i + 1), r, inner};
        }
        if (n == 0) {
            groups[n++] = new long[] {1, 1, shape.size()};
        }
        return Arrays.copyOf(groups, n);
    }
}
