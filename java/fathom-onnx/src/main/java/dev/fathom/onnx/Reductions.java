package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Sums and other figures over dimensions. */
final class Reductions {
    private Reductions() {}

    private interface Over {
        Tensor of(Tensor x, int... dims);
    }

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "ReduceSum" -> whole(0, Tensor::sum);
            case "ReduceMax" -> whole(Double.NEGATIVE_INFINITY, Tensor::max);
            case "ReduceMin" -> whole(Double.POSITIVE_INFINITY, Tensor::min);
            case "ReduceProd" -> whole(1, Tensor::prod);
            case "ReduceSumSquare" -> whole(0, (x, dims) -> x.mul(x).sum(dims));
            case "ReduceL1" -> whole(0, (x, dims) -> x.abs().sum(dims));
            case "ReduceMean" -> real(Double.NaN, Tensor::mean);
            case "ReduceL2" -> real(0, Tensor::norm);
            case "ReduceLogSum" ->
                real(Double.NEGATIVE_INFINITY, (x, dims) -> x.sum(dims).log());
            case "ReduceLogSumExp" -> real(Double.NEGATIVE_INFINITY, Tensor::logSumExp);
            default -> null;
        };
    }

    /** @param nothing the figure of no elements */
    private static Operator whole(double nothing, Over function) {
        return Operator.one(s -> reduced(s, nothing, function)).settings(1);
    }

    /** Of whole numbers as floats. */
    private static Operator real(double nothing, Over function) {
        return whole(nothing, (x, dims) -> function.of(x.to(DType.F32), dims).to(x.dtype()));
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
