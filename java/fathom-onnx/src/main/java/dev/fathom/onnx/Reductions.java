package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/** Sums and other figures over dimensions. */
final class Reductions {
    private Reductions() {}

    private interface Over {
        Tensor of(Tensor x, int... dims);
    }

    static void addTo(Operators to) {
        whole(to, "ReduceSum", Tensor::sum);
        whole(to, "ReduceMax", Tensor::max);
        whole(to, "ReduceMin", Tensor::min);
        whole(to, "ReduceProd", Tensor::prod);
        whole(to, "ReduceSumSquare", (x, dims) -> x.mul(x).sum(dims));
        whole(to, "ReduceL1", (x, dims) -> x.abs().sum(dims));
        real(to, "ReduceMean", Tensor::mean);
        real(to, "ReduceL2", Tensor::norm);
        real(to, "ReduceLogSum", (x, dims) -> x.sum(dims).log());
        real(to, "ReduceLogSumExp", Tensor::logSumExp);
    }

    private static void whole(Operators to, String op, Over function) {
        to.one(op, s -> reduced(s, function)).settings(1);
    }

    /** Of whole numbers as floats. */
    private static void real(Operators to, String op, Over function) {
        whole(to, op, (x, dims) -> function.of(x.to(DType.F32), dims).to(x.dtype()));
    }

    private static Object reduced(Step s, Over function) {
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
        if (rank == 0) {
            return x.with(function.of(x.tensor().reshape(1), 0));
        }
        if (s.whole("keepdims", 1) != 0) {
            int[] own = Arrays.stream(graphs).map(x::axis).sorted().toArray();
            return x.with(function.of(x.tensor(), own).unsqueeze(own));
        }
        return Held.of(function.of(x.channelsFirst(), graphs), x.type());
    }
}
