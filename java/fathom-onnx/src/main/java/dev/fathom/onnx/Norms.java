package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Normalizations and the softmax. */
final class Norms {
    private Norms() {}

    private interface Along {
        Tensor of(Tensor x, int dim);
    }

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "Softmax" ->
                Operator.one(s -> {
                    PendingScores shares = shares(s);
                    return shares == null ? softmax(s, Tensor::softmax) : shares;
                });
            case "LogSoftmax" -> Operator.one(s -> softmax(s, Tensor::logSoftmax));
            case "Hardmax" ->
                Operator.one(s -> softmax(s, (x, axis) -> {
                    int n = x.dim(axis);
                    Tensor best = x.argmax(axis).oneHot(n); // the classes are behind
                    int rank = x.shape().rank();
                    int[] order = IntStream.range(0, rank)
                            .map(d -> d < axis ? d : d == axis ? rank - 1 : d - 1)
                            .toArray();
                    return best.permute(order);
                }));
            case "BatchNormalization" -> new Operator(Norms::batch).statistics(3);
            case "InstanceNormalization" ->
                Operator.one(s -> {
                    Tensor x = s.channelsLast(0);
                    return Held.ofLast(groups(s, x, x.dim(-1)), s.type(0));
                });
            case "GroupNormalization" ->
                Operator.one(s -> {
                    Tensor x = s.channelsLast(0);
                    return Held.ofLast(groups(s, x, (int) s.whole("num_groups", 1)), s.type(0));
                });
            case "com.microsoft.GroupNorm" ->
                Operator.one(
                        s -> { // of images with their channels behind
                            Tensor x = s.tensor(0);
                            boolean last = s.whole("channels_last", 1) != 0;
                            Tensor images =
                                    last ? x : x.permute(Held.last(x.shape().rank()));
                            Tensor y = groups(s, images, (int) s.whole("groups", 1));
                            y = s.whole("activation", 0) != 0 ? y.silu() : y;
                            return last ? Held.of(y, s.type(0)) : Held.ofLast(y, s.type(0));
                        });
            case "LayerNormalization" ->
                new Operator(s -> layer(s, s.held(0).first().floats(), s.vectorIfGiven(1), s.vectorIfGiven(2)));
            case "com.microsoft.SkipLayerNormalization" -> new Operator(s -> skip(s, true));
            case "com.microsoft.SkipSimplifiedLayerNormalization" -> new Operator(s -> skip(s, false));
            case "RMSNormalization" -> Operator.one(s -> rms(s, s.tensor(0), s.vectorIfGiven(1)));
            case "SimplifiedLayerNormalization" -> Operator.one(s -> rms(s, s.tensor(0), s.vectorIfGiven(1)));
            case "com.microsoft.SimplifiedLayerNormalization" ->
                Operator.one(s -> rms(s, s.tensor(0), s.vectorIfGiven(1)));
            case "LRN" ->
                Operator.one(s -> {
                    int size = (int) s.whole("size", 1);
                    boolean even =
                            size % 2 == 0; // such a window reaches further behind there, and further in front here
                    Tensor x = s.channelsLast(0);
                    Tensor y = (even ? x.flip(-1) : x)
                            .localResponseNorm(size, s.real("alpha", 1e-4), s.real("beta", 0.75), s.real("bias", 1));
                    return Held.ofLast(even ? y.flip(-1) : y, s.type(0));
                });
            case "LpNormalization" ->
                Operator.one(s -> {
                    Held x = s.held(0);
                    int axis = x.axis(Step.axis(s.whole("axis", -1), x.rank()));
                    Tensor t = x.tensor();
                    Tensor n = s.whole("p", 2) == 1 ? t.norm1(axis) : t.norm(axis);
                    n = n.unsqueeze(axis);
                    return x.with(n.eq(0).where(t.mul(0), t.div(n)));
                });
            case "MeanVarianceNormalization" ->
                Operator.one(s -> {
                    Held x = s.held(0);
                    int[] axes = Arrays.stream(s.wholes("axes", 0, 2, 3))
                            .map(a -> x.axis(Step.axis(a, x.rank())))
                            .sorted()
                            .toArray();
                    Tensor t = x.tensor();
                    Tensor d = t.sub(t.mean(axes).unsqueeze(axes));
                    return x.with(d.div(t.variance(axes).unsqueeze(axes).sqrt().add(1e-9)));
                });
            default -> null;
        };
    }

    /** Normalizes groups. The library's op refuses groups of one value, each of which is its own mean. */
    private static Tensor groups(Step s, Tensor x, int groups) {
        Operand weight = ofChannels(s, 1, x.dim(-1));
        Operand bias = ofChannels(s, 2, x.dim(-1));
        if (x.shape().size() > (long) x.dim(0) * groups) {
            return x.groupNorm(groups, weight, bias, s.real("epsilon", 1e-5));
        }
        Tensor zero = x.sub(x);
        return bias == null ? zero : zero.add(bias.value());
    }

    /** A number for each channel, or before version 21 for each group, if they are given. */
    private static @Nullable Operand ofChannels(Step s, int i, int channels) {
        Operand w = s.vectorIfGiven(i);
        if (w == null || w.value().shape().rank() == 1 && w.value().dim(0) == channels) {
            return w;
        }
        Tensor numbers = w.value().reshape((int) w.value().shape().size());
        int n = numbers.dim(0);
        return n == channels
                ? numbers
                : numbers.unsqueeze(1).expand(n, channels / n).reshape(channels);
    }

    /** The shares of scores that wait for the values of an attention, or null. */
    private static @Nullable PendingScores shares(Step s) {
        return s.value(0) instanceof PendingScores p
                ? p.softmax(Step.axis(s.whole("axis", s.version() >= 13 ? -1 : 1), p.rank()))
                : null;
    }

    /** Before version 13 it is over all dimensions from the axis on. */
    private static Object softmax(Step s, Along function) {
        Held x = s.held(0);
        if (s.version() >= 13) {
            return x.with(function.of(x.floats(), x.axis(Step.axis(s.whole("axis", -1), x.rank()))));
        }
        int axis = Step.axis(s.whole("axis", 1), x.rank());
        Tensor t = x.channelsFirst();
        if (axis == x.rank() - 1) {
            return Held.of(function.of(t, axis), x.type());
        }
        int[] dims = t.shape().toArray();
        int[] rows = Arrays.copyOf(dims, axis + 1);
        rows[axis] = (int) t.shape().size(axis, dims.length);
        return Held.of(function.of(t.reshape(rows), axis).reshape(dims), x.type());
    }

    private static Object[] batch(Step s) {
        Tensor x = s.channelsLast(0);
        float epsilon = s.real("epsilon", 1e-5);
        if (s.whole("training_mode", 0) == 0) {
            return new Object[] {
                Products.pending(
                        s,
                        s.dims(0),
                        true,
                        false,
                        (bias, residual, a) -> x.batchNorm(
                                s.vector(3), s.vector(4), s.vectorIfGiven(1), s.vectorIfGiven(2), epsilon, residual, a))
            };
        }
        float momentum = s.real("momentum", 0.9);
        int[] axes = IntStream.range(0, x.shape().rank() - 1).toArray();
        Tensor mean = x.mean(axes);
        Tensor variance = x.variance(axes);
        Tensor y = x.batchNorm(mean, variance, s.vectorIfGiven(1), s.vectorIfGiven(2), epsilon, null, null);
        return new Object[] {
            Held.ofLast(y, s.type(0)),
            Held.of(s.tensor(3).mul(momentum).add(mean.mul(1 - momentum)), s.type(3)),
            Held.of(s.tensor(4).mul(momentum).add(variance.mul(1 - momentum)), s.type(4))
        };
    }

    /** Also gives the mean and one over the deviation, where something reads them. */
    private static Object[] layer(Step s, Tensor x, @Nullable Operand weight, @Nullable Operand bias) {
        int rank = x.shape().rank();
        int axis = Step.axis(s.whole("axis", -1), rank);
        float epsilon = s.real("epsilon", 1e-5);
        int[] dims = Arrays.copyOfRange(x.shape().toArray(), axis, rank);
        boolean fits = (weight == null || Arrays.equals(weight.value().shape().toArray(), dims))
                && (bias == null || Arrays.equals(bias.value().shape().toArray(), dims));
        Tensor y = x.layerNorm(rank - axis, fits ? weight : null, fits ? bias : null, epsilon);
        y = fits || weight == null ? y : y.mul(weight.value());
        y = fits || bias == null ? y : y.add(bias.value());
        if (!s.wants(1) && !s.wants(2)) {
            return new Object[] {Held.of(y, s.type(0))};
        }
        int[] axes = IntStream.range(axis, rank).toArray();
        Tensor deviation = x.variance(axes).add(epsilon).sqrt().reciprocal().unsqueeze(axes);
        return new Object[] {
            Held.of(y, s.type(0)),
            Held.of(x.mean(axes).unsqueeze(axes), ElementType.FLOAT),
            Held.of(deviation, ElementType.FLOAT)
        };
    }

    static Held rms(Step s, Tensor x, @Nullable Operand weight) {
        int rank = x.shape().rank();
        int axis = Step.axis(s.whole("axis", -1), rank);
        float epsilon = s.real("epsilon", 1e-5);
        int[] dims = Arrays.copyOfRange(x.shape().toArray(), axis, rank);
        boolean fits = weight == null || Arrays.equals(weight.value().shape().toArray(), dims);
        Tensor y = x.to(DType.F32).rmsNorm(rank - axis, fits ? weight : null, epsilon);
        return Held.of(fits || weight == null ? y : y.mul(weight.value()), s.type(0));
    }

    /** Inputs: x, what is added to it, weight, and bias of the norm where it has a mean, and a bias of the sum. */
    private static Object[] skip(Step s, boolean mean) {
        Tensor sum = s.tensor(0).add(s.tensor(1));
        int own = mean ? 4 : 3;
        sum = s.given(own) ? sum.add(s.tensor(own)) : sum;
        float epsilon = s.real("epsilon", mean ? 1e-12 : 1e-5);
        Tensor y = mean
                ? sum.layerNorm(1, s.vector(2), s.vectorIfGiven(3), epsilon)
                : sum.rmsNorm(1, s.vector(2), epsilon);
        Held h = Held.of(y, s.type(0));
        return new Object[] {h, null, null, Held.of(sum, s.type(0))};
    }
}
