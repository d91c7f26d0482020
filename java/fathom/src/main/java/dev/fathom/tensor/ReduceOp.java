package dev.fathom.tensor;

import dev.fathom.kernel.Kernel;
import java.util.Arrays;
import java.util.Locale;

/**
 * y = sum, mean, max or argmax of x over some dimensions, which disappear. Neighbouring dimensions are merged; each run of reduced ones is one
 * kernel call over [outer, r, inner], the innermost run first.
 *
 * @param kind what is computed
 * @param mask bit i: dimension i is reduced
 */
record ReduceOp(Kind kind, int mask) implements Op {
    enum Kind {
        SUM,
        MEAN,
        MAX,
        ARGMAX
    }

    static ReduceOp of(Kind kind, Tensor x, int[] dims) {
        int mask = 0;
        for (int d : dims) {
            int axis = x.axis(kind.name().toLowerCase(Locale.ROOT), d);
            if ((mask & 1 << axis) != 0) {
                throw new IllegalArgumentException(kind.name().toLowerCase(Locale.ROOT) + Pass.where() + ": dimension "
                        + d + " of " + x.shape() + " is named twice in " + Arrays.toString(dims) + "; name each once");
            }
            mask |= 1 << axis;
        }
        return new ReduceOp(kind, dims.length == 0 ? (1 << x.shape().rank()) - 1 : mask);
    }

    @Override
    public String label() {
        return kind.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        int[] kept = new int[x.rank()];
        int n = 0;
        long reduced = 1;
        for (int i = 0; i < x.rank(); i++) {
            if ((mask & 1 << i) == 0) {
                kept[n++] = x.dim(i);
            } else {
                reduced *= x.dim(i);
            }
        }
        if (reduced == 0 && kind != Kind.SUM) {
            throw c.fail("x " + x + " is empty along the dimensions to reduce; give at least one element");
        }
        if (kind == Kind.ARGMAX && groups(x, mask).length > 1) {
            throw c.fail("x " + x + ": dimensions of an argmax must be neighbours; reduce them one after the other");
        }
        return Shape.of(Arrays.copyOf(kept, n));
    }

    @Override
    public DType dtype(Call c, int output) {
        return kind == Kind.ARGMAX ? DType.I32 : DType.F32;
    }

    @Override
    public boolean differentiable() {
        return kind != Kind.ARGMAX;
    }

    @Override
    public boolean readsInput(int i) {
        return kind == Kind.MAX;
    }

    @Override
    public boolean readsOutput(int o) {
        return kind == Kind.MAX;
    }

    @Override
    public void forward(Call c) {
        reduce(c, kind, c.in(0), c.out(0), c.shape(0), mask, false);
    }

    /** y (+)= the reduction of x[shape] over the dimensions in {@code mask}. */
    static void reduce(Call c, Kind kind, long x, long y, Shape shape, int mask, boolean add) {
        long[][] groups = groups(shape, mask);
        long from = x;
        for (int i = 0; i < groups.length; i++) {
            long[] g = groups[i];
            boolean last = i == groups.length - 1;
            long to = last ? y : c.scratch(4 * g[0] * g[2]);
            c.begin(Kernel.REDUCE)
                    .put(kind.ordinal())
                    .at(from)
                    .at(to)
                    .put(g[0])
                    .put(g[1])
                    .put(g[2])
                    .put(last && add ? 1 : 0)
                    .run();
            from = to;
        }
    }

    @Override
    public void backward(Grad g) {
        long[][] groups = groups(g.shape(0), mask);
        int n = groups.length;
        // the values before each step, which only max reads
        long[] values = new long[n + 1];
        if (kind == Kind.MAX) {
            values[0] = g.in(0);
            values[n] = g.out(0);
            for (int i = 0; i < n - 1; i++) {
                values[i + 1] = g.scratch(4 * groups[i][0] * groups[i][2]);
                g.begin(Kernel.REDUCE)
                        .put(kind.ordinal())
                        .at(values[i])
                        .at(values[i + 1])
                        .put(groups[i][0])
                        .put(groups[i][1])
                        .put(groups[i][2])
                        .put(0)
                        .run();
            }
        }
        long dy = g.dout(0);
        for (int i = n - 1; i >= 0; i--) {
            long[] s = groups[i];
            long dx = i == 0 ? g.din(0) : g.scratch(4 * s[0] * s[1] * s[2]);
            g.begin(Kernel.REDUCE_GRAD)
                    .put(kind.ordinal())
                    .at(values[i])
                    .at(values[i + 1])
                    .at(dy)
                    .at(dx)
                    .put(s[0])
                    .put(s[1])
                    .put(s[2])
                    .put(i == 0 && g.adds() ? 1 : 0)
                    .run();
            dy = dx;
        }
    }

    /** Runs of reduced dimensions as {outer, r, inner}, the innermost first; what an earlier run removed no longer counts. */
    private static long[][] groups(Shape shape, int mask) {
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
