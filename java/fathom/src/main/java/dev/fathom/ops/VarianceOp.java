package dev.fathom.ops;

import dev.fathom.kernel.Kernel;
import dev.fathom.op.Call;
import dev.fathom.op.Grad;
import dev.fathom.op.Shape;
import dev.fathom.op.Unary;

/**
 * y = sum (x - mean)^2 / (n - correction) over some dimensions, which disappear, or its square root; the mean comes
 * first, so that large means cost no digits. The second result is the mean, for backward: dx = dy 2 (x - mean) / (n -
 * correction), and dy / (2 y) in place of dy behind a root, 0 where y is 0.
 *
 * @param mask bit i: dimension i is reduced
 * @param correction 1 for an estimate from a sample, 0 for the sample's own
 * @param root whether y is the standard deviation
 */
public record VarianceOp(int mask, int correction, boolean root) implements SavingOp {
    public static VarianceOp of(int correction, boolean root, Shape x, int[] dims) {
        return new VarianceOp(ReduceOp.mask(label(correction, root), x, dims), correction, root);
    }

    private static String label(int correction, boolean root) {
        return (correction == 0 ? "" : "sample_") + (root ? "std" : "variance");
    }

    @Override
    public String label() {
        return label(correction, root);
    }

    @Override
    public Shape shape(Call c, int output) {
        Shape x = c.shape(0);
        long n = ReduceOp.reduced(x, mask);
        if (n <= correction) {
            throw c.fail("x " + x + " has " + n + " elements along the dimensions to reduce but " + (correction + 1)
                    + " are needed; give more elements"
                    + (correction == 0 ? "" : ", or divide by n: " + label(0, root)));
        }
        return ReduceOp.kept(x, mask);
    }

    @Override
    public boolean readsOutput(int o) {
        return o == 1 || root;
    }

    @Override
    public void forward(Call c) {
        Shape shape = c.shape(0);
        long[][] groups = ReduceOp.groups(shape, mask);
        long x = c.in(0);
        long mean = c.out(1) != 0 ? c.out(1) : c.scratch(4 * c.outShape(0).size());
        ReduceOp.reduce(c, ReduceOp.Kind.MEAN, x, mean, shape, mask, false);
        long shift = spread(c, mean, groups);
        for (int i = 0; i < groups.length; i++) {
            boolean last = i == groups.length - 1;
            long to = last ? c.out(0) : c.scratch(4 * groups[i][0] * groups[i][2]);
            int kernel = i == 0 ? Kernel.REDUCE_VARIANCE : ReduceOp.Kind.SUM.kernel;
            ReduceOp.step(c, kernel, x, i == 0 ? shift : 0, to, groups[i], last ? divisor(shape) : 1, false);
            x = to;
        }
        if (root) {
            Unary.SQRT.op().forward(c, c.out(0), c.out(0), c.outShape(0).size());
        }
    }

    @Override
    public void backward(Grad g) {
        long[][] groups = ReduceOp.groups(g.shape(0), mask);
        long x = g.in(0);
        long mean = spread(g, g.out(1), groups);
        long dy = spread(g, root ? halved(g) : g.dout(0), groups);
        long dx = g.din(0);
        ReduceOp.gradient(g, Kernel.REDUCE_VARIANCE, x, mean, dy, dx, groups[0], divisor(g.shape(0)), g.adds());
    }

    /** dy / (2 y), 0 where y is 0: what a norm's gradient makes of 1 / 2. */
    private static long halved(Grad g) {
        long n = g.outShape(0).size();
        long half = g.scratch(4 * n);
        g.begin(Kernel.FILL).at(half).put(n).put(0.5f).run();
        long[] each = {1, 1, n};
        ReduceOp.gradient(g, ReduceOp.Kind.NORM.kernel, half, g.out(0), g.dout(0), half, each, 1, false);
        return half;
    }

    private long divisor(Shape x) {
        return ReduceOp.reduced(x, mask) - correction;
    }

    /** A value for each result, repeated for each result of the first run. */
    private static long spread(Call c, long y, long[][] groups) {
        for (int i = groups.length - 1; i > 0; i--) {
            long to = c.scratch(ReduceOp.size(groups[i]));
            ReduceOp.gradient(c, ReduceOp.Kind.SUM.kernel, 0, 0, y, to, groups[i], 1, false);
            y = to;
        }
        return y;
    }
}
