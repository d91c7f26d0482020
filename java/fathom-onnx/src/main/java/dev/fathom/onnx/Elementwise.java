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

    static void addFunctionsTo(Operators to) {
        function(to, "Abs", Tensor::abs, Math::abs);
        function(to, "Neg", Tensor::neg, x -> -x);
        function(to, "Sign", Tensor::sign, Math::signum);
        function(to, "Floor", Tensor::floor, Math::floor);
        function(to, "Ceil", Tensor::ceil, Math::ceil);
        function(to, "Round", Tensor::round, Math::rint);
        function(to, "Sqrt", Tensor::sqrt, Math::sqrt);
        function(to, "Exp", Tensor::exp, Math::exp);
        function(to, "Log", Tensor::log, Math::log);
        function(to, "Reciprocal", Tensor::reciprocal, x -> 1 / x);
        function(to, "Sin", Tensor::sin, Math::sin);
        function(to, "Cos", Tensor::cos, Math::cos);
        function(to, "Erf", Tensor::erf, null);
        function(to, "Tan", Tensor::tan, null);
        function(to, "Asin", Tensor::asin, null);
        function(to, "Acos", Tensor::acos, null);
        function(to, "Atan", Tensor::atan, null);
        function(to, "Sinh", Tensor::sinh, null);
        function(to, "Cosh", Tensor::cosh, null);
        function(to, "Asinh", Tensor::asinh, null);
        function(to, "Acosh", Tensor::acosh, null);
        function(to, "Atanh", Tensor::atanh, null);
        to.one(
                "IsNaN",
                s -> s.value(0) instanceof PendingScores p && p.isShares()
                        ? new PendingScores.Unseen(p)
                        : s.held(0).with(s.held(0).floats().isNan(), ElementType.BOOL));
        to.one("IsInf", s -> {
            Held x = s.held(0);
            Tensor t = x.floats();
            boolean negative = s.whole("detect_negative", 1) != 0;
            boolean positive = s.whole("detect_positive", 1) != 0;
            Tensor found = negative && positive
                    ? t.isInf()
                    : t.eq(negative ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY);
            return x.with(negative || positive ? found : found.mul(0), ElementType.BOOL);
        });
        to.one("Not", s -> {
            if (s.known(0)) {
                return s.array(0).each(x -> 1 - x);
            }
            Held x = s.held(0);
            return x.with(x.tensor().rsub(1));
        });
        to.one("BitwiseNot", s -> {
            Held x = s.held(0);
            return wrapped(x.with(x.tensor().bitNot()));
        });
    }

    private static void function(
            Operators to, String name, UnaryOperator<Tensor> tensor, @Nullable DoubleUnaryOperator known) {
        to.one(name, s -> {
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

    static void addActivationsTo(Operators to) {
        activation(to, "Relu", s -> Activation.RELU);
        activation(to, "Sigmoid", s -> Activation.SIGMOID);
        activation(to, "Tanh", s -> Activation.TANH);
        activation(to, "HardSwish", s -> Activation.HARD_SWISH);
        activation(to, "Softplus", s -> Activation.SOFTPLUS);
        activation(to, "Softsign", s -> Activation.SOFTSIGN);
        activation(to, "Mish", s -> Activation.MISH);
        activation(to, "Elu", s -> Activation.elu(s.real("alpha", 1)));
        activation(to, "Celu", s -> Activation.celu(s.real("alpha", 1)));
        activation(to, "LeakyRelu", s -> Activation.leakyRelu(s.real("alpha", 0.01)));
        activation(to, "Swish", Elementwise::swish);
        activation(to, "com.microsoft.QuickGelu", s -> Activation.swish(s.real("alpha", 1.702)));
        activation(
                to, "Gelu", s -> s.text("approximate", "none").equals("tanh") ? Activation.GELU_TANH : Activation.GELU);
        activation(to, "com.microsoft.Gelu", s -> Activation.GELU);
        to.one("Selu", s -> {
            float alpha = s.real("alpha", 1.6732631921768188);
            float gamma = s.real("gamma", 1.0507010221481323);
            Held y = activated(s, Activation.elu(alpha));
            return y.with(y.tensor().mul(gamma));
        });
        to.one("HardSigmoid", s -> {
            float alpha = s.real("alpha", 0.2);
            float beta = s.real("beta", 0.5);
            return Math.abs(alpha - 1 / 6f) < 1e-6f && beta == 0.5f
                    ? activated(s, Activation.HARD_SIGMOID)
                    : function(s, t -> t.mul(alpha).add(beta).clamp(0, 1));
        });
        to.one("ThresholdedRelu", s -> {
            float alpha = s.real("alpha", 1);
            return function(s, t -> t.gt(alpha).where(t, t.mul(0)));
        });
        to.one("Shrink", s -> {
            float bias = s.real("bias", 0);
            float limit = s.real("lambd", 0.5);
            Held x = s.held(0);
            Tensor t = x.floats();
            Tensor y = t.lt(-limit).where(t.add(bias), t.gt(limit).where(t.sub(bias), t.mul(0)));
            return x.with(y.to(x.tensor().dtype()));
        });
        to.one("SwiGLU", s -> {
            Activation swish = swish(s);
            return s.together(0, 1, (a, b) -> Pass.apply(swish, a).mul(b));
        });
        to.one("PRelu", s -> s.together(0, 1, Tensor::prelu));
        to.one("Clip", Elementwise::clip).settings(1);
        to.one("com.microsoft.BiasGelu", s -> biased(s, Activation.GELU));
        to.one("com.microsoft.FastGelu", s -> biased(s, Activation.GELU_TANH));
    }

    private static Activation swish(Step s) {
        float alpha = s.real("alpha", 1);
        return alpha == 1 ? Activation.SILU : Activation.swish(alpha);
    }

    private static void activation(Operators to, String name, OfStep what) {
        to.one(name, s -> activated(s, what.of(s)));
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

    static void addArithmeticTo(Operators to) {
        to.one("Add", s -> {
            Object fused = masked(s);
            fused = fused == null && s.fusible() && !s.allKnown() ? added(s) : fused;
            return fused == null ? both(s, Tensor::add, Long::sum, Double::sum) : fused;
        });
        binary(to, "Sub", Tensor::sub, (a, b) -> a - b, (a, b) -> a - b);
        to.one("Mul", s -> {
            PendingScores scaled = scaled(s, 0, 1, false);
            scaled = scaled == null ? scaled(s, 1, 0, false) : scaled;
            return scaled == null ? both(s, Tensor::mul, (a, b) -> a * b, (a, b) -> a * b) : scaled;
        });
        to.one("Div", s -> {
            PendingScores scaled = scaled(s, 0, 1, true);
            return scaled == null ? both(s, Tensor::div, (a, b) -> a / b, (a, b) -> a / b) : scaled;
        });
        to.one("Pow", Elementwise::power);
        to.one("Mod", s -> {
            boolean truncated = s.whole("fmod", 0) != 0;
            return both(
                    s,
                    truncated ? Tensor::fmod : Tensor::mod,
                    truncated ? (a, b) -> a % b : Math::floorMod,
                    truncated ? (a, b) -> a % b : (a, b) -> a - Math.floor(a / b) * b);
        });
        to.one("BitShift", s -> {
            boolean left = s.text("direction", "LEFT").equals("LEFT");
            return both(
                    s,
                    left ? Tensor::shiftLeft : Tensor::shiftRight,
                    left ? (a, b) -> b > 63 ? 0 : a << b : (a, b) -> b > 63 ? 0 : a >>> b,
                    null);
        });
        binary(to, "BitwiseAnd", Tensor::bitAnd, (a, b) -> a & b, null);
        binary(to, "BitwiseOr", Tensor::bitOr, (a, b) -> a | b, null);
        binary(to, "BitwiseXor", Tensor::bitXor, (a, b) -> a ^ b, null);
        to.one("Sum", s -> several(s, Tensor::add));
        to.one("Mean", s -> {
            Held sum = several(s, Tensor::add);
            return sum.with(sum.tensor().div(s.in().length));
        });
        to.one("Max", s -> several(s, Tensor::max));
        to.one("Min", s -> several(s, Tensor::min));
        to.one("Where", Elementwise::where);
    }

    private static void binary(
            Operators to,
            String name,
            BinaryOperator<Tensor> tensors,
            LongBinaryOperator whole,
            @Nullable DoubleBinaryOperator real) {
        to.one(name, s -> both(s, tensors, whole, real));
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

    static void addComparisonsTo(Operators to) {
        compare(to, "Equal", Tensor::eq, (a, b) -> a == b ? 1 : 0, (a, b) -> a == b ? 1 : 0);
        compare(to, "Greater", Tensor::gt, (a, b) -> a > b ? 1 : 0, (a, b) -> a > b ? 1 : 0);
        compare(to, "GreaterOrEqual", Tensor::ge, (a, b) -> a >= b ? 1 : 0, (a, b) -> a >= b ? 1 : 0);
        compare(to, "Less", Tensor::lt, (a, b) -> a < b ? 1 : 0, (a, b) -> a < b ? 1 : 0);
        compare(to, "LessOrEqual", Tensor::le, (a, b) -> a <= b ? 1 : 0, (a, b) -> a <= b ? 1 : 0);
        compare(to, "And", Tensor::mul, (a, b) -> a & b, null);
        compare(to, "Or", Tensor::max, (a, b) -> a | b, null);
        compare(to, "Xor", Tensor::ne, (a, b) -> a ^ b, null);
    }

    private static void compare(
            Operators to,
            String name,
            BinaryOperator<Tensor> tensors,
            LongBinaryOperator whole,
            @Nullable DoubleBinaryOperator real) {
        to.one(name, s -> {
            if (s.allKnown()) {
                return Array.both(ElementType.BOOL, s.array(0), s.array(1), whole, real);
            }
            Held y = s.together(0, 1, tensors);
            return y.with(y.tensor().to(DType.F32), ElementType.BOOL);
        });
    }

    // ---- types

    static void addCastsTo(Operators to) {
        to.one("Cast", s -> cast(s, ElementType.of((int) s.whole("to", 1))));
        to.one("CastLike", s -> cast(s, s.type(1)));
        to.one("BitCast", Elementwise::bits);
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
