package dev.fathom.onnx;

import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Unary;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Operators that compute each element by itself. */
final class Elementwise {
    private Elementwise() {}

    // ---- functions of one number

    /** The row of the operator of this name, or null. */
    static @Nullable Operator functionOf(String name) {
        return switch (name) {
            case "Abs" -> function(Tensor::abs, Math::abs);
            case "Neg" -> function(Tensor::neg, x -> -x);
            case "Sign" -> function(Tensor::sign, Math::signum);
            case "Floor" -> function(Tensor::floor, Math::floor);
            case "Ceil" -> function(Tensor::ceil, Math::ceil);
            case "Round" -> function(Tensor::round, Math::rint);
            case "Sqrt" -> function(Tensor::sqrt, Math::sqrt);
            case "Exp" -> function(Tensor::exp, Math::exp);
            case "Log" -> function(Tensor::log, Math::log);
            case "Reciprocal" -> function(Tensor::reciprocal, x -> 1 / x);
            case "Sin" -> function(Tensor::sin, Math::sin);
            case "Cos" -> function(Tensor::cos, Math::cos);
            case "Erf" -> function(Tensor::erf, null);
            case "Tan" -> function(Tensor::tan, null);
            case "Asin" -> function(Tensor::asin, null);
            case "Acos" -> function(Tensor::acos, null);
            case "Atan" -> function(Tensor::atan, null);
            case "Sinh" -> function(Tensor::sinh, null);
            case "Cosh" -> function(Tensor::cosh, null);
            case "Asinh" -> function(Tensor::asinh, null);
            case "Acosh" -> function(Tensor::acosh, null);
            case "Atanh" -> function(Tensor::atanh, null);
            case "IsNaN" ->
                Operator.one(s -> s.value(0) instanceof PendingScores p && p.isShares()
                        ? new PendingScores.Unseen(p)
                        : s.held(0).with(s.held(0).floats().isNan(), ElementType.BOOL));
            case "IsInf" ->
                Operator.one(s -> {
                    Held x = s.held(0);
                    Tensor t = x.floats();
                    boolean negative = s.whole("detect_negative", 1) != 0;
                    boolean positive = s.whole("detect_positive", 1) != 0;
                    Tensor found = negative && positive
                            ? t.isInf()
                            : t.eq(negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY);
                    return x.with(negative || positive ? found : found.mul(0), ElementType.BOOL);
                });
            case "Not" ->
                Operator.one(s -> {
                    if (s.known(0)) {
                        return s.array(0).each(x -> 1 - x);
                    }
                    Held x = s.held(0);
                    return x.with(x.tensor().rsub(1));
                });
            case "BitwiseNot" ->
                Operator.one(s -> {
                    Held x = s.held(0);
                    return wrapped(x.with(x.tensor().bitNot()));
                });
            default -> null;
        };
    }

    private static Operator function(UnaryOperator<Tensor> tensor, @Nullable DoubleUnaryOperator known) {
        return Operator.one(s -> {
            if (known != null && s.known(0)) {
                return s.array(0).each(known);
            }
            Held x = s.held(0);
            return wrapped(x.with(tensor.apply(x.tensor())));
        });
    }

    private static Tensor whole(int value) {
        return Tensor.ofInts(new int[] {value});
    }

    /** A result of whole numbers without the bits that its type does not have. */
    static Held wrapped(Held x) {
        ElementType type = x.type();
        if (!type.whole() || type == ElementType.BOOL || type.bits >= 32) {
            return x;
        }
        Tensor above = whole(32 - type.bits);
        return x.with(
                type.unsigned()
                        ? x.tensor().bitAnd(whole((1 << type.bits) - 1))
                        : x.tensor().shiftLeft(above).shiftRight(above));
    }

    // ---- activations

    private interface OfStep {
        Activation of(Step s);
    }

    /** The row of the operator of this name, or null. */
    static @Nullable Operator activationOf(String name) {
        return switch (name) {
            case "Relu" -> activation(s -> Activation.RELU);
            case "Sigmoid" -> activation(s -> Activation.SIGMOID);
            case "Tanh" -> activation(s -> Activation.TANH);
            case "HardSwish" -> activation(s -> Activation.HARD_SWISH);
            case "Softplus" -> activation(s -> Activation.SOFTPLUS);
            case "Softsign" -> activation(s -> Activation.SOFTSIGN);
            case "Mish" -> activation(s -> Activation.MISH);
            case "Elu" -> activation(s -> Activation.elu(s.real("alpha", 1)));
            case "Celu" -> activation(s -> Activation.celu(s.real("alpha", 1)));
            case "LeakyRelu" -> activation(s -> Activation.leakyRelu(s.real("alpha", 0.01)));
            case "Swish" -> activation(Elementwise::swish);
            case "com.microsoft.QuickGelu" -> activation(s -> Activation.swish(s.real("alpha", 1.702)));
            case "Gelu" ->
                activation(s -> s.text("approximate", "none").equals("tanh") ? Activation.GELU_TANH : Activation.GELU);
            case "com.microsoft.Gelu" -> activation(s -> Activation.GELU);
            case "Selu" ->
                Operator.one(s -> {
                    float alpha = s.real("alpha", 1.6732631921768188);
                    float gamma = s.real("gamma", 1.0507010221481323);
                    Held y = activated(s, Activation.elu(alpha));
                    return y.with(y.tensor().mul(gamma));
                });
            case "HardSigmoid" ->
                Operator.one(s -> {
                    float alpha = s.real("alpha", 0.2);
                    float beta = s.real("beta", 0.5);
                    return Math.abs(alpha - 1 / 6f) < 1e-6f && beta == 0.5f
                            ? activated(s, Activation.HARD_SIGMOID)
                            : function(s, t -> t.mul(alpha).add(beta).clamp(0, 1));
                });
            case "ThresholdedRelu" ->
                Operator.one(s -> {
                    float alpha = s.real("alpha", 1);
                    return function(s, t -> t.gt(alpha).where(t, t.mul(0)));
                });
            case "Shrink" ->
                Operator.one(s -> {
                    float bias = s.real("bias", 0);
                    float limit = s.real("lambd", 0.5);
                    Held x = s.held(0);
                    Tensor t = x.floats();
                    Tensor y = t.lt(-limit).where(t.add(bias), t.gt(limit).where(t.sub(bias), t.mul(0)));
                    return x.with(y.to(x.tensor().dtype()));
                });
            case "SwiGLU" ->
                Operator.one(s -> {
                    Activation swish = swish(s);
                    return s.together(0, 1, (a, b) -> Pass.apply(swish, a).mul(b));
                });
            case "PRelu" -> Operator.one(s -> s.together(0, 1, Tensor::prelu));
            case "Clip" -> Operator.one(Elementwise::clip).settings(1);
            case "com.microsoft.BiasGelu" -> Operator.one(s -> biased(s, Activation.GELU));
            case "com.microsoft.FastGelu" -> Operator.one(s -> biased(s, Activation.GELU_TANH));
            default -> null;
        };
    }

    private static Activation swish(Step s) {
        float alpha = s.real("alpha", 1);
        return alpha == 1 ? Activation.SILU : Activation.swish(alpha);
    }

    private static Operator activation(OfStep what) {
        return Operator.one(s -> activated(s, what.of(s)));
    }

    /** An activation, which the kernel of a product before it applies. */
    private static Held activated(Step s, Activation a) {
        if (s.value(0) instanceof Pending p) {
            return p.end(a);
        }
        Held x = s.held(0);
        return x.with(Pass.apply(a, x.floats()).to(x.tensor().dtype()));
    }

    private static Object function(Step s, UnaryOperator<Tensor> of) {
        Held x = s.held(0);
        return x.with(of.apply(x.tensor()));
    }

    private static Object biased(Step s, Activation a) {
        if (!s.given(1)) {
            return activated(s, a);
        }
        if (s.value(0) instanceof Pending p && p.takesBias()) {
            return p.withBias(s.vector(1)).end(a);
        }
        return Held.of(Pass.apply(a, s.tensor(0).add(s.tensor(1))), ElementType.FLOAT);
    }

    private static Object clip(Step s) {
        boolean real = !s.type(0).whole();
        boolean fixed = (!s.given(1) || s.isConstant(1)) && (!s.given(2) || s.isConstant(2));
        if (real && fixed) {
            double low = s.given(1) ? s.array(1).real() : s.real("min", Double.NEGATIVE_INFINITY);
            double high = s.given(2) ? s.array(2).real() : s.real("max", Double.POSITIVE_INFINITY);
            if (low == Double.NEGATIVE_INFINITY && high == Double.POSITIVE_INFINITY) {
                return s.value(0);
            }
            if (low > high) { // all become the upper limit, as the specification says of min(max(x, low), high)
                low = high;
            }
            return activated(s, new Activation(Unary.CLAMP, (float) low, (float) high));
        }
        Held x = s.held(0);
        Tensor t = x.tensor();
        t = s.given(1) ? t.max(s.tensor(1)) : t;
        return x.with(s.given(2) ? t.min(s.tensor(2)) : t);
    }

    // ---- functions of two numbers

    /** The row of the operator of this name, or null. */
    static @Nullable Operator arithmeticOf(String name) {
        return switch (name) {
            case "Add" ->
                Operator.one(s -> {
                    Object fused = masked(s);
                    fused = fused == null && s.fusible() && !s.allKnown() ? added(s) : fused;
                    return fused == null ? both(s, Tensor::add, Long::sum, Double::sum) : fused;
                });
            case "Sub" -> binary(Tensor::sub, (a, b) -> a - b, (a, b) -> a - b);
            case "Mul" ->
                Operator.one(s -> {
                    PendingScores scaled = scaled(s, 0, 1, false);
                    scaled = scaled == null ? scaled(s, 1, 0, false) : scaled;
                    return scaled == null ? both(s, Tensor::mul, (a, b) -> a * b, (a, b) -> a * b) : scaled;
                });
            case "Div" ->
                Operator.one(s -> {
                    PendingScores scaled = scaled(s, 0, 1, true);
                    return scaled == null ? both(s, Tensor::div, (a, b) -> a / b, (a, b) -> a / b) : scaled;
                });
            case "Pow" -> Operator.one(Elementwise::power);
            case "Mod" ->
                Operator.one(s -> {
                    boolean truncated = s.whole("fmod", 0) != 0;
                    return both(
                            s,
                            truncated ? Tensor::fmod : Tensor::mod,
                            truncated ? (a, b) -> a % b : Math::floorMod,
                            truncated ? (a, b) -> a % b : (a, b) -> a - Math.floor(a / b) * b);
                });
            case "BitShift" ->
                Operator.one(s -> {
                    boolean left = s.text("direction", "LEFT").equals("LEFT");
                    return both(
                            s,
                            left ? Tensor::shiftLeft : Tensor::shiftRight,
                            left ? (a, b) -> b > 63 ? 0 : a << b : (a, b) -> b > 63 ? 0 : a >>> b,
                            null);
                });
            case "BitwiseAnd" -> binary(Tensor::bitAnd, (a, b) -> a & b, null);
            case "BitwiseOr" -> binary(Tensor::bitOr, (a, b) -> a | b, null);
            case "BitwiseXor" -> binary(Tensor::bitXor, (a, b) -> a ^ b, null);
            case "Sum" -> Operator.one(s -> several(s, Tensor::add));
            case "Mean" ->
                Operator.one(s -> {
                    Held sum = several(s, Tensor::add);
                    return sum.with(sum.tensor().div(s.in().length));
                });
            case "Max" -> Operator.one(s -> several(s, Tensor::max));
            case "Min" -> Operator.one(s -> several(s, Tensor::min));
            case "Where" -> Operator.one(Elementwise::where);
            default -> null;
        };
    }

    private static Operator binary(
            BinaryOperator<Tensor> tensors, LongBinaryOperator whole, @Nullable DoubleBinaryOperator real) {
        return Operator.one(s -> both(s, tensors, whole, real));
    }

    /** Scores of an attention times a number, or divided by it, or null. */
    private static @Nullable PendingScores scaled(Step s, int scores, int factor, boolean divided) {
        if (!(s.value(scores) instanceof PendingScores p) || !s.known(factor) || s.size(factor) != 1) {
            return null;
        }
        double f = s.array(factor).real();
        return p.times(divided ? 1 / f : f);
    }

    /** Scores of an attention with what is added to them, or null. */
    private static @Nullable PendingScores masked(Step s) {
        for (int i = 0; i < 2; i++) {
            if (s.value(i) instanceof PendingScores p && !(s.value(1 - i) instanceof PendingScores)) {
                return p.plus(s.held(1 - i));
            }
        }
        return null;
    }

    private static Object both(
            Step s, BinaryOperator<Tensor> tensors, LongBinaryOperator whole, @Nullable DoubleBinaryOperator real) {
        if (s.allKnown()) {
            return Array.both(s.array(0).type(), s.array(0), s.array(1), whole, real);
        }
        Object y = s.together(0, 1, tensors);
        return y instanceof Held h && h.type().whole() ? wrapped(h) : y;
    }

    /** The exponent may have another type than the base. */
    private static Object power(Step s) {
        ElementType type = s.type(0);
        if (s.allKnown()) {
            return Array.both(
                    type, s.array(0), s.array(1), (a, b) -> (long) Math.pow((double) a, (double) b), Math::pow);
        }
        Held x = s.held(0);
        if (s.isConstant(1) && s.size(1) == 1 && s.rank(1) <= x.rank()) {
            double exponent = s.array(1).real();
            Tensor t = x.floats();
            Tensor y = exponent == 2 ? t.square() : exponent == 0.5 ? t.sqrt() : t.pow(exponent);
            return x.with(y.to(x.tensor().dtype()));
        }
        Held e = s.held(1);
        if (type.whole() && e.type().whole()) {
            return wrapped(Held.of(x.channelsFirst().pow(e.channelsFirst()), type));
        }
        Tensor y = x.first().floats().pow(e.first().floats());
        return Held.of(y.to(x.tensor().dtype()), type);
    }

    /** Of any number of inputs, one after the other. */
    private static Held several(Step s, BinaryOperator<Tensor> of) {
        Held y = s.held(0);
        for (int i = 1; i < s.in().length; i++) {
            y = Step.together(y, s.held(i), of);
        }
        return y;
    }

    private static Object where(Step s) {
        if (s.allKnown()) {
            return Array.where(s.array(0), s.array(1), s.array(2));
        }
        boolean zeros = s.known(1) && s.size(1) == 1 && s.array(1).real() == 0;
        if (zeros && s.value(0) instanceof PendingScores.Unseen u && u.of() == s.value(2)) {
            return u.of();
        }
        Held a = s.held(1);
        Held b = s.held(2);
        Held mask = s.held(0);
        int rank = Math.max(mask.rank(), Math.max(a.rank(), b.rank()));
        Held m = mask.raised(rank);
        Held x = a.raised(rank);
        Held y = b.raised(rank);
        Held leader = Held.leader(m, x, y);
        return leader.with(m.as(leader).where(x.as(leader), y.as(leader)), a.type());
    }

    /** A sum that the kernel of a product computes, or null. */
    private static @Nullable Pending added(Step s) {
        for (int i = 0; i < 2; i++) {
            if (!(s.value(i) instanceof Pending p) || p.residual() != null) {
                continue;
            }
            int[] dims = s.dims(1 - i);
            boolean vector = dims.length == 1 && dims[0] > 1 && dims[0] == p.dims()[p.dims().length - 1];
            if (p.takesBias() && vector) {
                return p.withBias(s.vector(1 - i));
            }
            if (Arrays.equals(dims, p.dims()) && dims.length > 1 && !s.known(1 - i)) {
                Held other = s.held(1 - i);
                return p.withResidual(p.last() ? other.channelsLast() : other.channelsFirst());
            }
        }
        return null;
    }

    // ---- truth

    /** The row of the operator of this name, or null. */
    static @Nullable Operator comparisonOf(String name) {
        return switch (name) {
            case "Equal" -> compare(Tensor::eq, (a, b) -> a == b ? 1 : 0, (a, b) -> a == b ? 1 : 0);
            case "Greater" -> compare(Tensor::gt, (a, b) -> a > b ? 1 : 0, (a, b) -> a > b ? 1 : 0);
            case "GreaterOrEqual" -> compare(Tensor::ge, (a, b) -> a >= b ? 1 : 0, (a, b) -> a >= b ? 1 : 0);
            case "Less" -> compare(Tensor::lt, (a, b) -> a < b ? 1 : 0, (a, b) -> a < b ? 1 : 0);
            case "LessOrEqual" -> compare(Tensor::le, (a, b) -> a <= b ? 1 : 0, (a, b) -> a <= b ? 1 : 0);
            case "And" -> compare(Tensor::mul, (a, b) -> a & b, null);
            case "Or" -> compare(Tensor::max, (a, b) -> a | b, null);
            case "Xor" -> compare(Tensor::ne, (a, b) -> a ^ b, null);
            default -> null;
        };
    }

    private static Operator compare(
            BinaryOperator<Tensor> tensors, LongBinaryOperator whole, @Nullable DoubleBinaryOperator real) {
        return Operator.one(s -> {
            if (s.allKnown()) {
                return Array.both(ElementType.BOOL, s.array(0), s.array(1), whole, real);
            }
            Held y = s.together(0, 1, tensors);
            return y.with(y.tensor().to(DType.F32), ElementType.BOOL);
        });
    }

    // ---- types

    /** The row of the operator of this name, or null. */
    static @Nullable Operator castOf(String name) {
        return switch (name) {
            case "Cast" -> Operator.one(s -> cast(s, ElementType.of((int) s.whole("to", 1))));
            case "CastLike" -> Operator.one(s -> cast(s, s.type(1)));
            case "BitCast" -> Operator.one(Elementwise::bits);
            default -> null;
        };
    }

    private static Object cast(Step s, ElementType type) {
        if (type.small != null) {
            boolean saturate = s.whole("saturate", 1) != 0;
            Held x = s.held(0);
            return x.with(
                    type == ElementType.FLOAT8E8M0
                            ? SmallFloat.power(x.floats(), s.text("round_mode", "up"), saturate)
                            : type.small.nearest(x.floats(), saturate),
                    type);
        }
        return s.known(0) || type == ElementType.STRING ? Array.cast(s.array(0), type) : cast(s.held(0), type);
    }

    private static Object bits(Step s) {
        ElementType from = s.type(0);
        ElementType to = ElementType.of((int) s.whole("to", 1));
        if (from.bits == to.bits) {
            Held x = s.held(0);
            if (from == to || from.whole() && to.whole()) {
                return cast(s, to);
            }
            if (from == ElementType.FLOAT && to.whole()) {
                return x.with(BitsOp.whole(x.tensor()), to);
            }
            if (from.whole() && to == ElementType.FLOAT) {
                return x.with(BitsOp.real(x.tensor()), to);
            }
        }
        throw new IllegalArgumentException("the bits of " + from + " are not read as " + to + " here");
    }

    static Held cast(Held x, ElementType type) {
        if (type.stored == null) {
            throw new IllegalArgumentException("a cast to " + type + " is not computed; export it with float");
        }
        Tensor t = x.tensor();
        if (type == ElementType.BOOL) {
            return x.with(x.type() == type ? t : t.ne(0), type);
        }
        Held y = x.with(t.to(type.dtype()), type);
        boolean fits = x.type() == ElementType.BOOL || x.type() == type;
        return fits ? y : wrapped(y);
    }
}
