package dev.fathom.onnx;

import static java.util.Objects.requireNonNull;

import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Operators on whole numbers that stand for real ones: real = scale (whole - zero point). Sums of their products are
 * exact: digits of one factor are multiplied apart, so that no sum of floats rounds.
 */
final class Quantized {
    private static final String MICROSOFT = "com.microsoft.";

    private Quantized() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "QuantizeLinear", MICROSOFT + "QuantizeLinear" ->
                Operator.one(s -> {
                    ElementType type = s.given(2)
                            ? s.type(2)
                            : s.has("output_dtype") && s.whole("output_dtype", 0) != 0
                                    ? ElementType.of((int) s.whole("output_dtype", 2))
                                    : ElementType.UINT8;
                    Held x = s.held(0).first();
                    return quantized(s, x.floats(), 1, 2, type);
                });
            case "DequantizeLinear", MICROSOFT + "DequantizeLinear" ->
                Operator.one(s -> Held.of(real(s, 0, 1, 2), s.type(1))).weight(0);
            case "DynamicQuantizeLinear" -> new Operator(s -> dynamic(s.floats(0)));
            case "MatMulInteger" ->
                Operator.one(s -> Held.of(product(shifted(s, 0, 2, -2), shifted(s, 1, 3, -1)), ElementType.INT32))
                        .weight(1);
            case "ConvInteger" ->
                Operator.one(s -> {
                            Tensor y = convolution(s, shifted(s, 0, 2, 1), shifted(s, 1, 3, 0));
                            return Held.ofLast(y, ElementType.INT32);
                        })
                        .weight(1);
            case "QLinearMatMul" ->
                Operator.one(s -> {
                            Tensor sums = product(shifted(s, 0, 2, -2), shifted(s, 3, 5, -1))
                                    .to(DType.F32);
                            Tensor scale = along(s.floats(1), -2, s.rank(0)).mul(along(s.floats(4), -1, s.rank(3)));
                            return rescaled(s, sums, scale, 6, 7);
                        })
                        .weight(3);
            case "QLinearConv" -> Operator.one(Quantized::convolved).weight(3);
            case MICROSOFT + "MatMulIntegerToFloat" ->
                Operator.one(s -> {
                            Tensor y = product(shifted(s, 0, 4, -2), shifted(s, 1, 5, -1))
                                    .to(DType.F32);
                            y = y.mul(along(s.floats(2), -2, s.rank(0)).mul(along(s.floats(3), -1, s.rank(1))));
                            return Held.of(s.given(6) ? y.add(s.tensor(6)) : y, ElementType.FLOAT);
                        })
                        .weight(1);
            case MICROSOFT + "DynamicQuantizeMatMul" ->
                Operator.one(s -> {
                            Object[] a = dynamic(s.floats(0));
                            Tensor x = ((Held) a[0])
                                    .tensor()
                                    .to(DType.F32)
                                    .sub(((Held) a[2]).tensor().to(DType.F32));
                            Tensor y = product(x, shifted(s, 1, 3, -1)).to(DType.F32);
                            y = y.mul(((Held) a[1]).tensor().mul(along(s.floats(2), -1, s.rank(1))));
                            return Held.of(s.given(4) ? y.add(s.tensor(4)) : y, ElementType.FLOAT);
                        })
                        .weight(1);
            case MICROSOFT + "DynamicQuantizeLSTM" ->
                new Operator(s -> {
                            Tensor w = lstmWeights(s, 1, 8, 9);
                            return RecurrentSteps.lstm(s, w, lstmWeights(s, 2, 10, 11), Quantized::rounded);
                        })
                        .weight(1)
                        .weight(2);
            case MICROSOFT + "QGemm" -> Operator.one(Quantized::gemm).weight(3);
            case MICROSOFT + "MatMulNBits" -> Operator.one(Quantized::packed).weight(1);
            case MICROSOFT + "QLinearAdd" -> binary(Tensor::add);
            case MICROSOFT + "QLinearMul" -> binary(Tensor::mul);
            case MICROSOFT + "QLinearSigmoid" -> unary(s -> Tensor::sigmoid);
            case MICROSOFT + "QLinearLeakyRelu" -> unary(s -> x -> x.leakyRelu(s.real("alpha", 0.01)));
            case MICROSOFT + "QLinearGlobalAveragePool" ->
                Operator.one(s -> {
                    boolean last = s.whole("channels_last", 0) != 0;
                    Tensor x = real(s, 0, 1, 2);
                    int rank = x.shape().rank();
                    int[] axes = IntStream.range(last ? 1 : 2, last ? rank - 1 : rank)
                            .toArray();
                    return quantized(s, x.mean(axes).unsqueeze(axes), 3, 4, s.type(0));
                });
            case MICROSOFT + "QLinearConcat" ->
                Operator.one(s -> {
                    int axis = Step.axis(s.whole("axis", 0), s.rank(2));
                    Tensor[] parts = IntStream.range(0, (s.in().length - 2) / 3)
                            .mapToObj(i -> real(s, 2 + 3 * i, 3 + 3 * i, 4 + 3 * i))
                            .toArray(Tensor[]::new);
                    return quantized(s, Tensor.concat(axis, parts), 0, 1, s.type(2));
                });
            default -> null;
        };
    }

    private static Operator binary(BinaryOperator<Tensor> of) {
        return Operator.one(s -> quantized(s, of.apply(real(s, 0, 1, 2), real(s, 3, 4, 5)), 6, 7, s.type(0)));
    }

    private interface OfStep {
        UnaryOperator<Tensor> of(Step s);
    }

    private static Operator unary(OfStep of) {
        return Operator.one(s -> quantized(s, of.of(s).apply(real(s, 0, 1, 2)), 3, 4, s.type(0)));
    }

    // ---- between whole and real numbers

    /** An input as floats, which quantized weights are already. */
    private static Tensor floats(Step s, int i) {
        return s.value(i) instanceof Step.Weight w ? w.graphs() : s.floats(i);
    }

    /** Scales or zero points for a tensor of this shape: one, one for each place of an axis, or one for each block. */
    private static Tensor fitted(Step s, int i, int... dims) {
        Tensor t = floats(s, i);
        int rank = t.shape().rank();
        if (t.size() == 1) {
            return t.reshape(1);
        }
        int axis = Step.axis(s.whole("axis", 1), dims.length);
        if (rank == 1) {
            int[] to = Windows.ones(dims.length);
            to[axis] = t.dim(0);
            return t.reshape(to);
        }
        int block = (int) s.whole("block_size", 0);
        if (block < 1) {
            return t;
        }
        int[] from = t.shape().toArray();
        int[] wide = Places.concat(Arrays.copyOf(from, axis + 1), new int[] {block});
        wide = Places.concat(wide, Arrays.copyOfRange(from, axis + 1, rank));
        int[] merged = from.clone();
        merged[axis] *= block;
        return t.unsqueeze(axis + 1).expand(wide).reshape(merged).slice(axis, 0, dims[axis]);
    }

    /** The real numbers of an input with its scale and its zero point. */
    static Tensor real(Step s, int x, int scale, int zero) {
        int[] dims = s.dims(x);
        Tensor t = floats(s, x);
        t = s.given(zero) ? t.sub(fitted(s, zero, dims)) : t;
        return t.mul(fitted(s, scale, dims));
    }

    private static Held quantized(Step s, Tensor x, int scale, int zero, ElementType type) {
        int[] dims = x.shape().toArray();
        Tensor y = x.div(fitted(s, scale, dims));
        y = type.whole() ? y.round() : y;
        y = s.given(zero) ? y.add(fitted(s, zero, dims)) : y;
        return type.small == null || type == ElementType.FLOAT8E8M0
                ? saturated(y, type)
                : Held.of(type.small.nearest(y, s.whole("saturate", 1) != 0), type);
    }

    private static Held saturated(Tensor x, ElementType type) {
        if (!type.whole() || type.bits > 16 || type == ElementType.BOOL) {
            throw new IllegalArgumentException("numbers of type " + type + " are not quantized here");
        }
        double low = type.unsigned() ? 0 : -(1 << type.bits - 1);
        double high = low + (1 << type.bits) - 1;
        return Held.of(x.clamp(low, high).to(DType.I32), type);
    }

    /** Whole numbers from 0 to 255 for the range of x, which has 0 in it; their scale and their zero point. */
    private static Object[] dynamic(Tensor x) {
        Tensor low = x.min().clamp(Double.NEGATIVE_INFINITY, 0);
        Tensor high = x.max().clamp(0, Double.POSITIVE_INFINITY);
        Tensor scale = high.sub(low).div(255);
        scale = scale.eq(0).where(Tensor.scalar(1), scale);
        Tensor zero = low.neg().div(scale).clamp(0, 255).round();
        Tensor y = x.div(scale).round().add(zero);
        return new Object[] {
            saturated(y, ElementType.UINT8), Held.of(scale, ElementType.FLOAT), saturated(zero, ElementType.UINT8)
        };
    }

    /** The real numbers that x becomes where it is quantized as it runs. */
    private static Tensor rounded(Tensor x) {
        Object[] q = dynamic(x);
        Tensor shifted = ((Held) q[0]).tensor().sub(((Held) q[2]).tensor()).to(DType.F32);
        return shifted.mul(((Held) q[1]).tensor());
    }

    // ---- exact products

    /** An input without its zero point: one, or one for each row or column, which is dimension {@code axis}. */
    private static Tensor shifted(Step s, int x, int zero, int axis) {
        Tensor t = floats(s, x);
        return s.given(zero) ? t.sub(along(floats(s, zero), axis, t.shape().rank())) : t;
    }

    /** A vector along a dimension of tensors of this rank. */
    private static Tensor along(Tensor t, int axis, int rank) {
        if (t.size() == 1) {
            return t.reshape(1);
        }
        if (t.shape().rank() != 1) {
            return t;
        }
        int[] dims = Windows.ones(rank);
        dims[Step.axis(axis, rank)] = t.dim(0);
        return t.reshape(dims);
    }

    /** The exact sums of products of whole numbers up to 255, of which {@code terms} make one sum. */
    private static Tensor exact(Tensor a, long terms, UnaryOperator<Tensor> product) {
        int base = 256;
        while (base > 2 && base * 255L * terms > 1 << 24) {
            base = base == 256 ? 16 : base / 2;
        }
        if (base * 255L * terms > 1 << 24) {
            throw new IllegalArgumentException(
                    "sums of " + terms + " products of bytes may be larger than is computed");
        }
        Tensor sum = null;
        int digits = base == 256 ? 1 : (int) Math.ceil(8 / (Math.log(base) / Math.log(2)));
        for (int i = digits - 1; i >= 0; i--) {
            double unit = Math.pow(base, i);
            Tensor above = i == 0 ? a : a.div(unit).floor(); // a power of two, so that nothing rounds
            Tensor digit = i == digits - 1
                    ? above
                    : above.sub(a.div(unit * base).floor().mul(base));
            Tensor part = product.apply(digit).to(DType.I32);
            sum = sum == null ? part : sum.mul(base).add(part);
        }
        return requireNonNull(sum);
    }

    private static Tensor product(Tensor a, Tensor b) {
        return exact(a, a.dim(-1), digit -> digit.matmul(b));
    }

    /** The product of two inputs with their zero points, as floats. */
    static Tensor product(Step s, int a, int zeroOfA, int b, int zeroOfB) {
        return product(shifted(s, a, zeroOfA, -2), shifted(s, b, zeroOfB, -1)).to(DType.F32);
    }

    /** The channels of x and w are behind those of the graph. */
    private static Tensor convolution(Step s, Tensor x, Tensor w) {
        int rank = x.shape().rank();
        int[] filter = w.shape().toArray();
        int[] kernel = s.wholes("kernel_shape", Products.spatial(filter));
        Window window = Windows.of(s, kernel, Products.spatial(x.shape().toArray()));
        int groups = (int) s.whole("group", 1);
        Tensor filters = w.permute(Held.last(rank));
        long terms = w.size() / filter[0];
        return exact(x.permute(Held.last(rank)), terms, digit -> digit.conv(filters, null, window, groups));
    }

    private static Object convolved(Step s) {
        Tensor sums = convolution(s, shifted(s, 0, 2, 1), shifted(s, 3, 5, 0)); // channels last
        sums = s.given(8) ? sums.add(s.tensor(8)) : sums;
        Tensor scale = s.floats(1).reshape(1).mul(along(s.floats(4), 0, 1));
        Held y = rescaled(s, sums.to(DType.F32), scale, 6, 7);
        return Held.ofLast(y.tensor(), y.type());
    }

    private static Held rescaled(Step s, Tensor sums, Tensor scale, int to, int zero) {
        Tensor y = sums.mul(scale.div(s.floats(to).reshape(1))).round();
        ElementType type = s.given(zero) ? s.type(zero) : s.type(0);
        return saturated(s.given(zero) ? y.add(floats(s, zero).reshape(1)) : y, type);
    }

    private static Object gemm(Step s) {
        Tensor a = shifted(s, 0, 2, -2);
        Tensor b = floats(s, 3);
        b = s.whole("transB", 0) != 0 ? b.transpose(0, 1) : b;
        b = s.given(5) ? b.sub(along(floats(s, 5), -1, 2)) : b;
        a = s.whole("transA", 0) != 0 ? a.transpose(0, 1) : a;
        Tensor sums = product(a, b);
        sums = s.given(6) ? sums.add(s.tensor(6)) : sums;
        Tensor scale = s.floats(1).reshape(1).mul(along(s.floats(4), -1, 2)).mul(s.real("alpha", 1));
        return s.given(7)
                ? rescaled(s, sums.to(DType.F32), scale, 7, 8)
                : Held.of(sums.to(DType.F32).mul(scale), ElementType.FLOAT);
    }

    /** Weights [directions, in, 4 hidden] with a scale for each direction, or for each gate, as [.., 4 hidden, in]. */
    private static Tensor lstmWeights(Step s, int x, int scale, int zero) {
        Tensor w = floats(s, x).permute(0, 2, 1);
        Tensor z = floats(s, zero);
        Tensor by = s.floats(scale);
        int[] dims = by.shape().rank() == 2 ? new int[] {by.dim(0), by.dim(1), 1} : new int[] {by.dim(0), 1, 1};
        return w.sub(z.reshape(dims)).mul(by.reshape(dims));
    }

    // ---- weights of a few bits

    /** The product with a matrix whose rows come in blocks of numbers of 2, 4 or 8 bits, each with a scale. */
    private static Object packed(Step s) {
        int k = (int) s.whole("K", 0);
        int n = (int) s.whole("N", 0);
        int bits = (int) s.whole("bits", 4);
        int block = (int) s.whole("block_size", 32);
        int blocks = (k + block - 1) / block;
        Tensor w = unpacked(floats(s, 1), n, blocks, bits)
                .reshape(n, blocks * block)
                .slice(1, 0, k);
        Tensor zero = Tensor.full(Shape.of(n, blocks), 1 << (bits - 1));
        if (s.given(3)) {
            zero = s.type(3).whole()
                    ? unpacked(floats(s, 3), n, 1, bits).squeeze(1).slice(1, 0, blocks)
                    : s.floats(3).reshape(n, blocks);
        }
        // which block each column belongs to
        Tensor of = s.given(4)
                ? s.tensor(4).slice(0, 0, k)
                : Tensor.ofInts(IntStream.range(0, k).map(i -> i / block).toArray(), k);
        w = w.sub(zero.take(1, of)).mul(s.floats(2).reshape(n, blocks).take(1, of));
        return Held.of(s.tensor(0).linear(w, s.vectorIfGiven(5)), s.type(0));
    }

    /** The numbers of bytes, the lowest bits first. */
    private static Tensor unpacked(Tensor bytes, int n, int blocks, int bits) {
        int each = 8 / bits;
        int count = (int) (bytes.size() / n / blocks);
        Tensor rest = bytes.reshape(n, blocks, count);
        Tensor[] parts = new Tensor[each];
        for (int i = 0; i < each; i++) {
            Tensor above = rest.div(1 << bits).floor();
            parts[i] = rest.sub(above.mul(1 << bits));
            rest = above;
        }
        return Tensor.stack(3, parts).reshape(n, blocks, count * each);
    }
}
