package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;

/** Sums and other figures over dimensions. */
final class Reductions {
    private Reductions() {}

    private interface Over {
        Tensor of(Tensor x, int... dims);
    }

    static void addTo(Operators to) {
        whole(to, "ReduceSum", 0, Tensor::sum);
        whole(to, "ReduceMax", Double.NEGATIVE_INFINITY, Tensor::max);
        whole(to, "ReduceMin", Double.POSITIVE_INFINITY, Tensor::min);
        whole(to, "ReduceProd", 1, Tensor::prod);
        whole(to, "ReduceSumSquare", 0, (x, dims) -> x.mul(x).sum(dims));
        whole(to, "ReduceL1", 0, (x, dims) -> x.abs().sum(dims));
        real(to, "ReduceMean", Double.NaN, Tensor::mean);
        real(to, "ReduceL2", 0, Tensor::norm);
        real(
                to,
                "ReduceLogSum",
                Double.NEGATIVE_INFINITY,
                (x, dims) -> x.sum(dims).log());
        real(to, "ReduceLogSumExp", Double.NEGATIVE_INFINITY, Tensor::logSumExp);
    }

    /** @param nothing the figure of no elements */
    private static void whole(Operators to, String op, double nothing, Over function) {
        to.one(op, s -> reduced(s, nothing, function)).settings(1);
    }

    /** Of whole numbers as floats. */
    private static void real(Operators to, String op, double nothing, Over function) {
        whole(to, op, nothing, (x, dims) -> function.of(x.to(DType.F32), dims).to(x.dtype()));
    }

    private static Object reduced(Step s, double nothing, Over function) {
        Held x = s.held(0);
        int rank = x.rank();
        int[] axes = s.intsIfGiven("axes", 1);
        if (axes == null || axes.length == 0) {
            if (s.whole("noop_with_empty_axes", 0) != 0) {
                // what is computed of each element by itself is
                Tensor t = x.tensor();
                Tensor y = function.of(t.unsqueeze(rank), rank);
                return x.with(y);
            }
            axes = Operator.inOrder(rank);
        }
        int[] graphs = Arrays.stream(axes).map(a -> Step.axis(a, rank)).toArray();
        if (x.tensor().size() == 0) {
            return empty(s, x, nothing, graphs);
        }
        if (rank == 0) {
            return x.with(function.of(x.tensor().reshape(1), 0));
        }
        int[] own = Arrays.stream(graphs).map(x::axis).sorted().toArray();
        Tensor y = function.of(x.tensor(), own);
        return s.whole("keepdims", 1) != 0 ? x.with(y.unsqueeze(own)) : x.without(y, graphs);
    }

    private static Object empty(Step s, Held x, double nothing, int... axes) {
        boolean keep = s.whole("keepdims", 1) != 0;
        boolean[] gone = new boolean[x.rank()];
        Arrays.stream(axes).forEach(a -> gone[a] = true);
        int[] dims = IntStream.range(0, gone.length)
                .filter(d -> keep || !gone[d])
                .map(d -> gone[d] ? 1 : x.dims()[d])
                .toArray();
        double least = x.type() == ElementType.BOOL && nothing < 0 ? 0 : nothing;
        Array one = Array.cast(Array.ofReals(ElementType.DOUBLE, new int[0], least), x.type());
        return Held.of(Array.full(one, dims).tensor(), x.type());
    }
}
