package dev.fathom.tensor;

import dev.fathom.autograd.Leaf;
import dev.fathom.autograd.Value;
import dev.fathom.autograd.Values;
import dev.fathom.offheap.Block;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Order;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Scatter;
import dev.fathom.op.Shape;
import dev.fathom.op.Unary;
import dev.fathom.op.Where;
import dev.fathom.op.Window;
import dev.fathom.ops.AvgPoolOp;
import dev.fathom.ops.BagOp;
import dev.fathom.ops.Binary;
import dev.fathom.ops.CastOp;
import dev.fathom.ops.ConvOp;
import dev.fathom.ops.ConvTransposedOp;
import dev.fathom.ops.CorrectOp;
import dev.fathom.ops.CtcOp;
import dev.fathom.ops.CumsumOp;
import dev.fathom.ops.DropoutOp;
import dev.fathom.ops.EmbeddingOp;
import dev.fathom.ops.ExpandOp;
import dev.fathom.ops.GatherElementsOp;
import dev.fathom.ops.IndexAddOp;
import dev.fathom.ops.LinearOp;
import dev.fathom.ops.LocalResponseNormOp;
import dev.fathom.ops.MatmulOp;
import dev.fathom.ops.MaxPoolOp;
import dev.fathom.ops.MaxUnpoolOp;
import dev.fathom.ops.NonfiniteOp;
import dev.fathom.ops.NormOp;
import dev.fathom.ops.OneHotOp;
import dev.fathom.ops.PadOp;
import dev.fathom.ops.PermuteOp;
import dev.fathom.ops.PutRowsOp;
import dev.fathom.ops.ReduceOp;
import dev.fathom.ops.ReshapeOp;
import dev.fathom.ops.ResizeOp;
import dev.fathom.ops.RollOp;
import dev.fathom.ops.ScatterOp;
import dev.fathom.ops.SliceOp;
import dev.fathom.ops.SoftmaxOp;
import dev.fathom.ops.TakeOp;
import dev.fathom.ops.VarianceOp;
import dev.fathom.ops.WhereOp;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A dense row-major array of numbers off the Java heap. Tensors are immutable values: every method makes a new one (or
 * a view) in the thread's innermost {@link Pass}, which owns it; {@link #keep} copies one out. Elementwise methods
 * broadcast as NumPy does.
 *
 * <p>Dimensions are counted from 0, and negative numbers count from the end. A method that works along one dimension
 * takes it as its first argument: {@code x.slice(dim, from, to)}, {@code x.take(dim, index)}. A reduction takes the
 * dimensions that it reduces, {@code x.mean(1, 2)}, and without any it reduces all of them. These dimensions disappear,
 * and {@code x.mean(1, 2).unsqueeze(1, 2)} has them again with size 1, so that it broadcasts against x.
 *
 * <p>Functions are of F32, but these take I32 too, whose results are exact: {@code add}, {@code sub}, {@code mul} and
 * {@code div}, {@code mod}, {@code fmod} and {@code pow}, {@code max}, {@code min}, {@code neg}, {@code abs},
 * {@code sign} and {@code clamp}, comparisons, {@code where}, the reductions {@code sum}, {@code prod}, {@code max},
 * {@code min}, {@code argmax} and {@code argmin}, {@code cumsum}, {@code sort}, {@code topk}, {@code indexAdd} and
 * {@code scatter}. What is too large for 32 bits wraps around, as in Java, NumPy and PyTorch: the largest number plus 1
 * is the smallest one. A plain number beside an I32 tensor must be whole. Methods that only move elements, such as
 * {@code slice}, {@code concat}, {@code take}, {@code permute}, {@code flip} and {@code pad}, take tensors of every
 * type.
 *
 * <p>Every method throws IllegalStateException when the tensor is dead (its pass was closed, or the net that made it
 * returned without it), when no pass is open, or when another thread's pass owns it; and IllegalArgumentException,
 * naming both shapes, when shapes disagree.
 */
public sealed class Tensor extends Value implements Target, Operand permits KeptTensor {
    static {
        Values.by((shape, block, offset, title, leaf) -> new Tensor(shape, DType.F32, block, offset, title, leaf));
    }

    /** A tensor of a pass. */
    Tensor(Shape shape, DType dtype, Pass pass, @Nullable Value base, long at, @Nullable Op op) {
        super(shape, dtype, pass, base, at, op);
    }

    /** A tensor over part of a block that outlives passes. */
    Tensor(Shape shape, DType dtype, Block block, long offset, String title, @Nullable Leaf leaf) {
        super(shape, dtype, block, offset, title, leaf);
    }

    // ---- making

    /**
     * Copies values into a new F32 tensor of the current pass.
     *
     * @throws IllegalArgumentException if the number of values is not the product of {@code dims}
     */
    public static Tensor of(float[] values, int... dims) {
        return of(FloatBuffer.wrap(values), dims);
    }

    /**
     * Copies the values between position and limit of a buffer into a new F32 tensor of the current pass. The buffer
     * may lie on the heap, off it or be mapped from a file, in any byte order; its position does not move.
     */
    public static Tensor of(FloatBuffer values, int... dims) {
        return filled(DType.F32, values, dims);
    }

    /** Copies values into a new I32 tensor of the current pass. */
    public static Tensor ofInts(int[] values, int... dims) {
        return ofInts(IntBuffer.wrap(values), dims);
    }

    /**
     * Copies the values of a buffer into a new I32 tensor of the current pass, as {@link #of(FloatBuffer, int...)}
     * does.
     */
    public static Tensor ofInts(IntBuffer values, int... dims) {
        return filled(DType.I32, values, dims);
    }

    /**
     * Copies the bytes of a buffer into a new U8 tensor of the current pass, as {@link #of(FloatBuffer, int...)} does.
     */
    public static Tensor ofBytes(ByteBuffer values, int... dims) {
        return filled(DType.U8, values, dims);
    }

    /** Copies signed bytes into a new I8 tensor of the current pass. */
    public static Tensor ofInt8(byte[] values, int... dims) {
        return filled(DType.I8, ByteBuffer.wrap(values), dims);
    }

    /** Copies the bits of IEEE 754 binary16 numbers into a new F16 tensor of the current pass. */
    public static Tensor ofFloat16(short[] bits, int... dims) {
        return filled(DType.F16, ShortBuffer.wrap(bits), dims);
    }

    /** Copies the bits of bfloat16 numbers into a new BF16 tensor of the current pass. */
    public static Tensor ofBfloat16(short[] bits, int... dims) {
        return filled(DType.BF16, ShortBuffer.wrap(bits), dims);
    }

    private static Tensor filled(DType dtype, java.nio.Buffer values, int[] dims) {
        Shape shape = Shape.of(dims);
        if (shape.size() != values.remaining()) {
            throw new IllegalArgumentException("of: " + values.remaining() + " values do not fill shape " + shape
                    + ", which has " + shape.size() + " elements; give one value for each");
        }
        Tensor t = Pass.current().create(shape, dtype);
        Block.write(t.address(), values);
        return t;
    }

    /** Returns a number as a scalar tensor. */
    public static Tensor scalar(float value) {
        return full(Shape.SCALAR, value);
    }

    /** Returns an F32 tensor of zeros with these dimensions. */
    public static Tensor zeros(int... dims) {
        return full(Shape.of(dims), 0);
    }

    /** Returns an F32 tensor of zeros. */
    public static Tensor zeros(Shape shape) {
        return full(shape, 0);
    }

    /** Returns an F32 tensor of ones with these dimensions. */
    public static Tensor ones(int... dims) {
        return full(Shape.of(dims), 1);
    }

    /** Returns an F32 tensor of ones. */
    public static Tensor ones(Shape shape) {
        return full(shape, 1);
    }

    /** Returns the I32 numbers 0, 1, .., {@code to} - 1; {@link #to} makes floats of them. */
    public static Tensor arange(int to) {
        return arange(0, to, 1);
    }

    /** Returns the I32 numbers from {@code from} to {@code to} - 1. */
    public static Tensor arange(int from, int to) {
        return arange(from, to, 1);
    }

    /**
     * Returns the I32 numbers {@code from}, {@code from + step} and so on, up to but without {@code to}; with a
     * negative step they descend to it.
     *
     * @throws IllegalArgumentException if step is 0, or there are more numbers than an int counts
     */
    public static Tensor arange(int from, int to, int step) {
        if (step == 0) {
            throw new IllegalArgumentException(
                    "arange: step=0 never gets from " + from + " to " + to + "; give the difference of two neighbors");
        }
        long n = Math.max(0, ((long) to - from + step - Integer.signum(step)) / step);
        if (n > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("arange: from " + from + " to " + to + " by " + step + " are " + n
                    + " numbers, more than an int counts; give a larger step");
        }
        int[] values = new int[(int) n];
        Arrays.setAll(values, i -> (int) (from + (long) i * step));
        return ofInts(values, values.length);
    }

    /**
     * Returns {@code count} F32 numbers at equal distances, of which the first is {@code from} and the last is
     * {@code to}.
     *
     * @throws IllegalArgumentException if count is negative
     */
    public static Tensor linspace(float from, float to, int count) {
        if (count < 0) {
            throw new IllegalArgumentException("linspace: count=" + count + "; give how many numbers, 0 or more");
        }
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            double share = count == 1 ? 0 : (double) i / (count - 1);
            values[i] = (float) ((1 - share) * from + share * to);
        }
        return of(values, count);
    }

    /** Returns an F32 tensor whose elements are all {@code value}. */
    public static Tensor full(Shape shape, float value) {
        return Pass.current().full(shape, value);
    }

    // ---- what it is

    /** Returns the dimensions. */
    public Shape shape() {
        return shape;
    }

    /** Returns dimension {@code i}; negative numbers count from the end. */
    public int dim(int i) {
        return shape.dim(i);
    }

    /** Returns the number of elements. */
    public long size() {
        return shape.size();
    }

    /** Returns the element type. */
    public DType dtype() {
        return dtype;
    }

    /** Returns this tensor: as an {@link Operand}, a tensor stands for itself. */
    @Override
    public Tensor value() {
        return this;
    }

    /** Whether backward would reach something through it. */
    @Override
    public boolean needsGradient() {
        return super.needsGradient();
    }

    // ---- elementwise

    /** max(x, 0). The derivative at 0 is 0; some textbooks take 1. */
    public Tensor relu() {
        return Pass.call(Activation.RELU, this);
    }

    /** 1 / (1 + exp(-x)). */
    public Tensor sigmoid() {
        return Pass.call(Activation.SIGMOID, this);
    }

    /** Hyperbolic tangent. */
    public Tensor tanh() {
        return Pass.call(Activation.TANH, this);
    }

    /** e to the x. */
    public Tensor exp() {
        return Pass.call(Unary.EXP.op(), this);
    }

    /** Natural logarithm. */
    public Tensor log() {
        return Pass.call(Unary.LOG.op(), this);
    }

    /** x x. */
    public Tensor square() {
        return Pass.call(Unary.SQUARE.op(), this);
    }

    /** Square root. */
    public Tensor sqrt() {
        return Pass.call(Unary.SQRT.op(), this);
    }

    /** -x, of F32 or I32. The smallest I32 stays what it is. */
    public Tensor neg() {
        return dtype == DType.I32 ? rsub(0) : Pass.call(Unary.NEG.op(), this);
    }

    /** x Phi(x), exact. */
    public Tensor gelu() {
        return Pass.call(Activation.GELU, this);
    }

    /**
     * x for x &gt; 0, else alpha (exp(x) - 1).
     *
     * @throws IllegalArgumentException if alpha is negative or NaN
     */
    public Tensor elu(float alpha) {
        return Pass.call(Activation.elu(alpha), this);
    }

    /**
     * x limited to [lo, hi], of F32 or I32. The gradient passes where x is inside. The lower limit may be -Infinity and
     * the upper one +Infinity.
     *
     * @throws IllegalArgumentException if lo &gt; hi or one is NaN, or if x is I32 and a finite limit is no whole
     *     number of 32 bits
     */
    public Tensor clamp(double lo, double hi) {
        if (dtype != DType.I32) {
            return Pass.call(new Activation(Unary.CLAMP, (float) lo, (float) hi), this);
        }
        if (!(lo <= hi)) { // also where a float would not tell them apart
            throw new IllegalArgumentException(
                    "clamp" + Where.running() + ": lo=" + lo + " and hi=" + hi + "; lo must not be above hi");
        }
        return min(number("clamp", hi == Double.POSITIVE_INFINITY ? Integer.MAX_VALUE : hi))
                .max(number("clamp", lo == Double.NEGATIVE_INFINITY ? Integer.MIN_VALUE : lo));
    }

    /** |x|, of F32 or I32; the derivative at 0 is 0. The smallest I32 stays what it is. */
    public Tensor abs() {
        return dtype == DType.I32 ? max(neg()) : Pass.call(Unary.ABS.op(), this);
    }

    /** 1 / sqrt(x). */
    public Tensor rsqrt() {
        return Pass.call(Unary.RSQRT.op(), this);
    }

    /** 1 / x. */
    public Tensor reciprocal() {
        return Pass.call(Unary.RECIPROCAL.op(), this);
    }

    /** log(1 + x), accurate near 0. */
    public Tensor log1p() {
        return Pass.call(Unary.LOG1P.op(), this);
    }

    /** exp(x) - 1, accurate near 0. */
    public Tensor expm1() {
        return Pass.call(Unary.EXPM1.op(), this);
    }

    /** log(1 + exp(x)). */
    public Tensor softplus() {
        return Pass.call(Activation.SOFTPLUS, this);
    }

    /**
     * log(1 + exp(beta x)) / beta, which is nearer to ReLU the larger beta is.
     *
     * @throws IllegalArgumentException if beta is not positive and finite
     */
    public Tensor softplus(float beta) {
        return Pass.call(Activation.softplus(beta), this);
    }

    /** x / (1 + exp(-x)), also called swish. */
    public Tensor silu() {
        return Pass.call(Activation.SILU, this);
    }

    /**
     * x / (1 + exp(-beta x)) (Ramachandran et al. 2017); with beta 1.702 it is the quick form of GELU.
     *
     * @throws IllegalArgumentException if beta is not positive and finite
     */
    public Tensor swish(float beta) {
        return Pass.call(Activation.swish(beta), this);
    }

    /**
     * x / (1 + exp(-beta x)) with a beta that is learned; the two broadcast.
     *
     * @throws IllegalArgumentException if the shapes do not broadcast
     */
    public Tensor swish(Tensor beta) {
        return Pass.call(Binary.SWISH, this, beta);
    }

    /**
     * x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2, the approximation of GELU by the hyperbolic tangent (Hendrycks
     * and Gimpel 2016).
     */
    public Tensor geluTanh() {
        return Pass.call(Activation.GELU_TANH, this);
    }

    /** x tanh(log(1 + exp(x))) (Misra 2019). */
    public Tensor mish() {
        return Pass.call(Activation.MISH, this);
    }

    /**
     * 1.0507 x for x &gt; 0, else 1.0507 times 1.67326 (exp(x) - 1), which keeps mean 0 and variance 1 (Klambauer et
     * al. 2017).
     */
    public Tensor selu() {
        return Pass.call(Activation.SELU, this);
    }

    /**
     * x for x &gt; 0, else alpha (exp(x / alpha) - 1), whose slope is continuous (Barron 2017).
     *
     * @throws IllegalArgumentException if alpha is not positive and finite
     */
    public Tensor celu(float alpha) {
        return Pass.call(Activation.celu(alpha), this);
    }

    /** min(max(x, 0), 6); the gradient passes from 0 to 6. */
    public Tensor relu6() {
        return Pass.call(Activation.RELU6, this);
    }

    /** x limited to [-1, 1]; the gradient passes from -1 to 1. */
    public Tensor hardTanh() {
        return Pass.call(Activation.HARD_TANH, this);
    }

    /** min(max(x + 3, 0), 6) / 6 (Howard et al. 2019). */
    public Tensor hardSigmoid() {
        return Pass.call(Activation.HARD_SIGMOID, this);
    }

    /** x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019). */
    public Tensor hardSwish() {
        return Pass.call(Activation.HARD_SWISH, this);
    }

    /** x / (1 + |x|) (Bergstra et al. 2009). */
    public Tensor softsign() {
        return Pass.call(Activation.SOFTSIGN, this);
    }

    /** 1 for x &gt; 0, else 0, as the perceptron has it; no gradient. */
    public Tensor step() {
        return Pass.call(Unary.STEP.op(), this);
    }

    /**
     * 1 for x &gt; 0, else 0, whose gradient passes unchanged where |x| is at most limit, the straight-through
     * estimator (Bengio et al. 2013). An infinite limit lets every gradient pass.
     *
     * @throws IllegalArgumentException if limit is not above 0
     */
    public Tensor straightThrough(float limit) {
        return Pass.call(Activation.straightThrough(limit), this);
    }

    /** log((exp(x) + exp(-x)) / 2), accurate near 0 and without overflow. */
    public Tensor logCosh() {
        return Pass.call(Unary.LOG_COSH.op(), this);
    }

    /**
     * x for x &gt; 0, else slope x, with a slope that is learned (He et al. 2015); the two broadcast.
     *
     * @throws IllegalArgumentException if the shapes do not broadcast
     */
    public Tensor prelu(Tensor slope) {
        return Pass.call(Binary.PRELU, this, slope);
    }

    /**
     * x for x &gt; 0, else slope x.
     *
     * @throws IllegalArgumentException if slope is negative or NaN
     */
    public Tensor leakyRelu(float slope) {
        return Pass.call(Activation.leakyRelu(slope), this);
    }

    /** Sine of radians. */
    public Tensor sin() {
        return Pass.call(Unary.SIN.op(), this);
    }

    /** Cosine of radians. */
    public Tensor cos() {
        return Pass.call(Unary.COS.op(), this);
    }

    /** Tangent of radians. */
    public Tensor tan() {
        return Pass.call(Unary.TAN.op(), this);
    }

    /** The angle in [-pi / 2, pi / 2] whose sine is x; NaN where |x| &gt; 1. The derivative is 1 / sqrt(1 - x^2). */
    public Tensor asin() {
        return Pass.call(Unary.ASIN.op(), this);
    }

    /** The angle in [0, pi] whose cosine is x; NaN where |x| &gt; 1. The derivative is -1 / sqrt(1 - x^2). */
    public Tensor acos() {
        return Pass.call(Unary.ACOS.op(), this);
    }

    /** The angle in [-pi / 2, pi / 2] whose tangent is x. The derivative is 1 / (1 + x^2). */
    public Tensor atan() {
        return Pass.call(Unary.ATAN.op(), this);
    }

    /** Hyperbolic sine, (exp(x) - exp(-x)) / 2, accurate near 0. */
    public Tensor sinh() {
        return Pass.call(Unary.SINH.op(), this);
    }

    /** Hyperbolic cosine, (exp(x) + exp(-x)) / 2. */
    public Tensor cosh() {
        return Pass.call(Unary.COSH.op(), this);
    }

    /** The inverse of {@link #sinh}, log(x + sqrt(x^2 + 1)), accurate near 0. The derivative is 1 / sqrt(x^2 + 1). */
    public Tensor asinh() {
        return Pass.call(Unary.ASINH.op(), this);
    }

    /**
     * The inverse of {@link #cosh}, log(x + sqrt(x^2 - 1)); NaN where x &lt; 1. The derivative is 1 / sqrt(x^2 - 1).
     */
    public Tensor acosh() {
        return Pass.call(Unary.ACOSH.op(), this);
    }

    /**
     * The inverse of {@link #tanh}, log((1 + x) / (1 - x)) / 2, accurate near 0; NaN where |x| &gt; 1. The derivative
     * is 1 / (1 - x^2).
     */
    public Tensor atanh() {
        return Pass.call(Unary.ATANH.op(), this);
    }

    /** The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
    public Tensor erf() {
        return Pass.call(Unary.ERF.op(), this);
    }

    /** 1 where x is positive, -1 where it is negative, else x, of F32 or I32. No gradient flows. */
    public Tensor sign() {
        return dtype == DType.I32 ? clamp(-1, 1) : Pass.call(Unary.SIGN.op(), this);
    }

    /** The largest integer not above x. No gradient flows. */
    public Tensor floor() {
        return Pass.call(Unary.FLOOR.op(), this);
    }

    /** The smallest integer not below x. No gradient flows. */
    public Tensor ceil() {
        return Pass.call(Unary.CEIL.op(), this);
    }

    /** 1 where x is NaN, else 0: an F32 mask. No gradient flows. */
    public Tensor isNan() {
        return ne(this);
    }

    /** 1 where x is infinite, of either sign, else 0: an F32 mask. No gradient flows. */
    public Tensor isInf() {
        return abs().eq(Double.POSITIVE_INFINITY);
    }

    /** The integer nearest to x, the even one of two. No gradient flows. */
    public Tensor round() {
        return Pass.call(Unary.ROUND.op(), this);
    }

    /**
     * x^2 / 2 for |x| up to delta, else delta (|x| - delta / 2): the loss of Huber (1964) for a difference x.
     *
     * @throws IllegalArgumentException if delta is not above 0
     */
    public Tensor huber(float delta) {
        return Pass.call(new Activation(Unary.HUBER, delta, 0), this);
    }

    /** a + b, of two F32 tensors or of two I32, which wrap around. */
    public Tensor add(Tensor b) {
        return Pass.call(Binary.ADD, this, b);
    }

    /** a - b, of two F32 tensors or of two I32, which wrap around. */
    public Tensor sub(Tensor b) {
        return Pass.call(Binary.SUB, this, b);
    }

    /** a b, element by element, of two F32 tensors or of two I32, which wrap around. */
    public Tensor mul(Tensor b) {
        return Pass.call(Binary.MUL, this, b);
    }

    /**
     * a / b, of two F32 tensors or of two I32, whose quotients are truncated as in Java: -7 / 2 = -3. The smallest I32
     * divided by -1 wraps around to itself.
     *
     * @throws IllegalArgumentException if b is I32 and one of its elements is 0
     */
    public Tensor div(Tensor b) {
        return Pass.call(Binary.DIV, this, b);
    }

    /** x + c, of F32 or I32. */
    public Tensor add(double c) {
        return withNumber(Binary.ADD, Unary.ADD_SCALAR, c, c);
    }

    /** x - c, of F32 or I32. */
    public Tensor sub(double c) {
        return withNumber(Binary.SUB, Unary.ADD_SCALAR, c, -c);
    }

    /** c - x, of F32 or I32. */
    public Tensor rsub(double c) {
        return dtype == DType.I32
                ? number("rsub", c).sub(this)
                : Pass.call(new Activation(Unary.RSUB_SCALAR, (float) c, 0), this);
    }

    /** c x, of F32 or I32. */
    public Tensor mul(double c) {
        return withNumber(Binary.MUL, Unary.MUL_SCALAR, c, c);
    }

    /**
     * x / c, of F32 or I32, whose quotients are truncated as those of {@link #div(Tensor)}.
     *
     * @throws IllegalArgumentException if x is I32 and c is 0
     */
    public Tensor div(double c) {
        return withNumber(Binary.DIV, Unary.DIV_SCALAR, c, c);
    }

    /** The op of two I32 with c as the second, or the row of F32 with {@code parameter}. */
    private Tensor withNumber(Binary ints, Unary floats, double c, double parameter) {
        return dtype == DType.I32
                ? Pass.call(ints, this, number(ints.label(), c))
                : Pass.call(new Activation(floats, (float) parameter, 0), this);
    }

    /** A plain number beside this tensor: I32 beside I32, else F32, which an op refuses beside all but F32. */
    private Tensor number(String op, double c) {
        return dtype == DType.I32 ? ofInts(new int[] {bits(op, c)}) : scalar((float) c);
    }

    /** The bits of an element of this type, the lowest ones where it is narrower. */
    private int bits(String op, double value) {
        ByteBuffer element = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        dtype.put(element, 0, value);
        if (dtype.isWhole() && dtype.get(element, 0) != value) {
            throw new IllegalArgumentException(op + Where.running() + ": x " + shape + " is " + dtype + " but " + value
                    + " is no whole number "
                    + (dtype == DType.I32 ? "of 32 bits" : dtype == DType.U8 ? "from 0 to 255" : "from -128 to 127")
                    + "; give one, or convert x with to(DType.F32)");
        }
        return element.getInt(0);
    }

    /**
     * The larger of a and b, element by element, of two F32 tensors or of two I32; NaN if one is. Where they are equal,
     * each gets half of the gradient.
     */
    public Tensor max(Tensor b) {
        return Pass.call(Binary.MAX, this, b);
    }

    /**
     * The smaller of a and b, element by element, of two F32 tensors or of two I32; NaN if one is. Where they are
     * equal, each gets half of the gradient.
     */
    public Tensor min(Tensor b) {
        return Pass.call(Binary.MIN, this, b);
    }

    /**
     * a to the b, element by element, as IEEE 754 defines it: a^0 = 1 and 1^b = 1 even if the other is NaN, and a
     * negative a gives NaN unless b is a whole number. The gradients are b a^(b-1), 0 where b = 0, and a^b log(a), 0
     * where a = 0 and b is not negative. Powers of two I32 wrap around, and those with a negative b are truncated: 1
     * and -1 have them, and others give 0.
     */
    public Tensor pow(Tensor b) {
        return Pass.call(Binary.POW, this, b);
    }

    /** x to the c; see {@link #pow(Tensor)}. */
    public Tensor pow(double c) {
        return pow(number("pow", c));
    }

    /**
     * a - b floor(a / b), of two F32 tensors, exact but for the last rounding, or of two I32: what a division leaves
     * that rounds down, with the sign of b, as Python's {@code %}: mod(-7, 3) = 2. The gradients are dy and -dy floor(a
     * / b). For F32, b = 0 and an infinite a give NaN.
     *
     * @throws IllegalArgumentException if b is I32 and one of its elements is 0
     */
    public Tensor mod(Tensor b) {
        return Pass.call(Binary.MOD, this, b);
    }

    /** x - c floor(x / c); see {@link #mod(Tensor)}. */
    public Tensor mod(double c) {
        return mod(number("mod", c));
    }

    /**
     * a - b trunc(a / b), of two F32 tensors, exact, or of two I32: what a division leaves that is truncated, with the
     * sign of a, as Java's {@code %} and C's {@code fmod}: fmod(-7, 3) = -1. The gradients are dy and -dy trunc(a / b).
     * For F32, b = 0 and an infinite a give NaN.
     *
     * @throws IllegalArgumentException if b is I32 and one of its elements is 0
     */
    public Tensor fmod(Tensor b) {
        return Pass.call(Binary.FMOD, this, b);
    }

    /** x - c trunc(x / c); see {@link #fmod(Tensor)}. */
    public Tensor fmod(double c) {
        return fmod(number("fmod", c));
    }

    /** The bits that both of two I32 have, as Java's {@code &}. */
    public Tensor bitAnd(Tensor b) {
        return Pass.call(Binary.BIT_AND, this, b);
    }

    /** The bits that one of two I32 has, as Java's {@code |}. */
    public Tensor bitOr(Tensor b) {
        return Pass.call(Binary.BIT_OR, this, b);
    }

    /** The bits in which two I32 differ, as Java's {@code ^}. */
    public Tensor bitXor(Tensor b) {
        return Pass.call(Binary.BIT_XOR, this, b);
    }

    /** The bits that this I32 lacks, as Java's {@code ~}: -x - 1. */
    public Tensor bitNot() {
        return bitXor(number("bit_not", -1));
    }

    /** The bits of this I32 b places further up: x 2^b, which wraps around. Where b is not in [0, 32) it is 0. */
    public Tensor shiftLeft(Tensor b) {
        return Pass.call(Binary.SHIFT_LEFT, this, b);
    }

    /**
     * The bits of this I32 b places further down, as Java's {@code >>}: x / 2^b, rounded down. Where b is not in [0,
     * 32) it is -1 of a negative x, else 0.
     */
    public Tensor shiftRight(Tensor b) {
        return Pass.call(Binary.SHIFT_RIGHT, this, b);
    }

    /**
     * 1 where a &gt; b, else 0, an F32 mask of two F32 tensors or of two I32; NaN compares false. No gradient flows.
     *
     * @see #where
     */
    public Tensor gt(Tensor b) {
        return Pass.call(Binary.GT, this, b);
    }

    /** 1 where x &gt; c, else 0. No gradient flows. */
    public Tensor gt(double c) {
        return gt(number("gt", c));
    }

    /**
     * 1 where a &gt;= b, else 0, an F32 mask of two F32 tensors or of two I32; NaN compares false. No gradient flows.
     *
     * @see #where
     */
    public Tensor ge(Tensor b) {
        return Pass.call(Binary.GE, this, b);
    }

    /** 1 where x &gt;= c, else 0. No gradient flows. */
    public Tensor ge(double c) {
        return ge(number("ge", c));
    }

    /**
     * 1 where a &lt; b, else 0, an F32 mask of two F32 tensors or of two I32; NaN compares false. No gradient flows.
     *
     * @see #where
     */
    public Tensor lt(Tensor b) {
        return Pass.call(Binary.LT, this, b);
    }

    /** 1 where x &lt; c, else 0. No gradient flows. */
    public Tensor lt(double c) {
        return lt(number("lt", c));
    }

    /**
     * 1 where a &lt;= b, else 0, an F32 mask of two F32 tensors or of two I32; NaN compares false. No gradient flows.
     *
     * @see #where
     */
    public Tensor le(Tensor b) {
        return Pass.call(Binary.LE, this, b);
    }

    /** 1 where x &lt;= c, else 0. No gradient flows. */
    public Tensor le(double c) {
        return le(number("le", c));
    }

    /**
     * 1 where a = b, else 0, an F32 mask of two F32 tensors or of two I32; NaN compares false. No gradient flows.
     *
     * @see #where
     */
    public Tensor eq(Tensor b) {
        return Pass.call(Binary.EQ, this, b);
    }

    /** 1 where x = c, else 0. No gradient flows. */
    public Tensor eq(double c) {
        return eq(number("eq", c));
    }

    /**
     * 1 where a and b differ, else 0, an F32 mask of two F32 tensors or of two I32; NaN differs from all. No gradient
     * flows.
     *
     * @see #where
     */
    public Tensor ne(Tensor b) {
        return Pass.call(Binary.NE, this, b);
    }

    /** 1 where x and c differ, else 0. No gradient flows. */
    public Tensor ne(double c) {
        return ne(number("ne", c));
    }

    /**
     * a where this mask is not 0, else b, all three broadcast: {@code x.gt(0).where(x, y)}. The mask is F32, and a and
     * b are both F32 or both I32. The gradient goes to where the value came from, so values that were not chosen may be
     * infinite or NaN.
     *
     * @throws IllegalArgumentException if shapes do not broadcast, or types disagree
     */
    public Tensor where(Tensor a, Tensor b) {
        return Pass.call(WhereOp.INSTANCE, this, a, b);
    }

    /**
     * {@code value} where the mask is not 0, else the elements of this tensor; mask and tensor broadcast. The gradient
     * goes to the elements that were kept.
     *
     * @see #where
     */
    public Tensor maskedFill(Tensor mask, double value) {
        return mask.where(number("masked_fill", value), this);
    }

    /**
     * Returns these numbers as another type. Floats are rounded toward 0 to I32, U8 or I8. A number outside such a type
     * becomes the nearest one that it has, so that -1 becomes 0 and 300 becomes 255 of U8 and 127 of I8, and NaN
     * becomes 0. I32 becomes the nearest F32, which is exact up to 2^24. F16 and BF16 become the equal F32. What
     * becomes F16 or BF16 is made F32 first and then the nearest number, of two the one whose last bit is 0; what is
     * too large becomes infinite, and NaN stays NaN. A tensor that has the type already is returned itself. No gradient
     * flows through a cast.
     */
    public Tensor to(DType type) {
        return type == dtype ? this : Pass.call(new CastOp(dtype, type), this);
    }

    /**
     * Returns F32 [.., classes] from these I32 labels [..]: 1 at each label, else 0.
     *
     * @throws IllegalArgumentException if a label is outside [0, classes)
     */
    public Tensor oneHot(int classes) {
        return Pass.call(new OneHotOp(classes), this);
    }

    // ---- products

    /**
     * Returns the matrix products [.., m, k] [.., k, n] = [.., m, n]. The dimensions in front broadcast. A matrix b [k,
     * n] multiplies all rows of this tensor, which may then be a vector [k].
     *
     * @throws IllegalArgumentException naming the two dimensions, if k or the dimensions in front disagree
     */
    public Tensor matmul(Tensor b) {
        return Pass.call(MatmulOp.PLAIN, this, b);
    }

    /**
     * Returns the matrix products [.., m, k] [.., n, k]^T = [.., m, n], such as the scores q k^T of attention, without
     * copying b.
     *
     * @throws IllegalArgumentException naming the two dimensions, if k or the dimensions in front disagree
     */
    public Tensor matmulTransposed(Tensor b) {
        return Pass.call(MatmulOp.TRANSPOSED, this, b);
    }

    /**
     * Returns the sum of products that an equation of letters describes, as NumPy's {@code einsum} does, for one or two
     * tensors: {@code einsum("bij,bjk->bik", a, b)} is a product of matrices for each b. Every dimension has a letter,
     * and equal letters are equal indices. A letter that occurs twice in one tensor takes its diagonal, and letters
     * that the result lacks are summed over. Without {@code ->} the result has the letters that occur once, in
     * alphabetical order. An ellipsis stands for the dimensions without letters, which broadcast and stay:
     * {@code einsum("...ij,jk->...ik", a, b)}.
     *
     * @throws IllegalArgumentException naming the equation, if it has other characters, a letter for two sizes, or does
     *     not fit the tensors
     */
    public static Tensor einsum(String equation, Tensor... tensors) {
        return Einsum.of(equation, tensors);
    }

    /**
     * y = x W^T + b with x [.., k], W [n, k], b [n] or null. Weights may be parameters or computed tensors, here and
     * below; see {@link Operand}.
     *
     * @throws IllegalArgumentException naming the two dimensions, if shapes disagree
     */
    public Tensor linear(Operand weight, @Nullable Operand bias) {
        return linear(weight, bias, null, null);
    }

    /** y = act((x W^T + b) + residual); what is null is left out. */
    public Tensor linear(
            Operand weight, @Nullable Operand bias, @Nullable Tensor residual, @Nullable Activation activation) {
        return Pass.call(LinearOp.of(activation), this, weight.value(), value(bias), residual);
    }

    /**
     * Returns softmax(q k^T / sqrt(d)) v for each head of these queries q [batch, queries, heads d], with k and v
     * [batch, keys, kvHeads d] (Vaswani et al. 2017). Without k and v, this tensor [batch, tokens, (heads + 2 kvHeads)
     * d] holds queries, keys and values of each token one after the other. No matrix [queries, keys] is made, forward
     * or backward: memory grows with queries plus keys. The result of a row does not depend on its batch, nor on
     * padding that the mask's lengths leave out. Keys and values that are NaN reach the queries that see them; where a
     * bias of -Infinity hides a key, its value must be finite.
     *
     * @throws IllegalArgumentException naming the two dimensions, if shapes disagree, or a length is larger than the
     *     tensor
     */
    public Tensor attention(@Nullable Tensor k, @Nullable Tensor v, Attention how) {
        return how.of(this, k, v);
    }

    /**
     * Returns the convolution of x [N, L, C], [N, H, W, C] or [N, D, H, W, C] with the filters W [K, taps.., C /
     * groups], plus b [K] if it is not null. The filters are not flipped, and x is 0 outside. Each of {@code groups}
     * groups of channels has filters of its own; with as many groups as channels the convolution is depthwise. A
     * convolution of volumes takes the memory of x times the window's depth. PyTorch and its files have filters as [K,
     * C / groups, taps..]: {@code w.permute(0, 2, 3, 1)} brings those of images into the order used here.
     *
     * <p>Windows of 3x3 taps and stride 1 with 32 channels or more on both sides, on images of 4 pixels or more in each
     * direction, are computed by Winograd's F(2x2, 3x3) (Lavin and Gray, Fast Algorithms for Convolutional Neural
     * Networks, 2016), with 16 multiplications instead of 36. Rounding errors are like those of the direct sum. Where x
     * holds an infinity, outputs that read it may be NaN.
     *
     * @throws IllegalArgumentException naming the two dimensions, if channels, filters and window disagree, or x is too
     *     small
     */
    public Tensor conv(Operand weight, @Nullable Operand bias, Window window, int groups) {
        return conv(weight, bias, window, groups, null, null);
    }

    /**
     * Returns the convolution in one group, in which every filter sees all channels: {@code x.conv(weight, bias,
     * Window.of(3).pad(1))}.
     */
    public Tensor conv(Operand weight, @Nullable Operand bias, Window window) {
        return conv(weight, bias, window, 1);
    }

    /**
     * Returns the convolution with stride 1 and without padding. The sizes of the window are those of the filters [K,
     * taps.., C].
     *
     * @throws IllegalArgumentException if the filters do not have three to five dimensions, or disagree with x
     */
    public Tensor conv(Operand weight, @Nullable Operand bias) {
        int[] w = weight.value().shape().toArray();
        return switch (w.length) {
            case 3 -> conv(weight, bias, Window.line(w[1]));
            case 4 -> conv(weight, bias, Window.of(w[1], w[2]));
            case 5 -> conv(weight, bias, Window.of(w[1], w[2], w[3]));
            default ->
                throw new IllegalArgumentException("conv" + Where.running() + ": weight " + Shape.of(w) + " has "
                        + w.length + " dimensions; give filters [out, height, width, in], or of sequences or volumes");
        };
    }

    /** act((conv(x, W) + b) + residual); what is null is left out. */
    public Tensor conv(
            Operand weight,
            @Nullable Operand bias,
            Window window,
            int groups,
            @Nullable Tensor residual,
            @Nullable Activation activation) {
        ConvOp op = new ConvOp(window, groups, activation);
        return window.rank() < 3
                ? Pass.call(op, this, weight.value(), value(bias), residual)
                : Compositions.volumes(op, this, weight.value(), value(bias), residual);
    }

    /**
     * Returns the transposed convolution of x [N, L, C] or [N, H, W, C] with W [C, taps.., K / groups], which computes
     * what a convolution's gradient does: each element adds its filter, times the element, to the result at stride
     * times its position. Each dimension becomes (size - 1) stride + dilation (kernel - 1) + 1 - padding + output
     * padding. A strided convolution maps several sizes to one; {@code outputPadding}, one number for all dimensions or
     * one for each, chooses among them.
     *
     * @throws IllegalArgumentException naming the two dimensions, if channels, filters and window disagree, or the
     *     result would have no place
     */
    public Tensor convTransposed(Operand weight, Window window, int groups, int... outputPadding) {
        return Pass.call(ConvTransposedOp.of(window, groups, outputPadding), this, weight.value());
    }

    // ---- normalization

    /**
     * y = act((weight (x - mean) / sqrt(variance + epsilon) + bias) + residual) for x [.., c], with the mean and the
     * biased variance of each channel over all else: batch normalization in training (Ioffe and Szegedy 2015). What is
     * null is left out. {@code nn.BatchNorm} is the layer.
     *
     * @throws IllegalArgumentException if shapes disagree, epsilon is negative, or a channel has fewer than two values
     */
    public Normalized batchNorm(
            @Nullable Operand weight,
            @Nullable Operand bias,
            float epsilon,
            @Nullable Tensor residual,
            @Nullable Activation activation) {
        Op op = new NormOp(NormOp.Over.BATCH, 0, epsilon, residual != null, activation);
        Pass pass = Pass.current();
        Tensor[] y = Pass.applyAll(op, this, null, null, value(weight), value(bias), residual);
        return new Normalized(y[0], pass.detach(y[1]), pass.detach(y[3]));
    }

    /**
     * y = act((weight (x - mean) / sqrt(variance + epsilon) + bias) + residual) for x [.., c], with a mean and a
     * variance [c] that are given: batch normalization in evaluation. What is null is left out.
     */
    public Tensor batchNorm(
            Operand mean,
            Operand variance,
            @Nullable Operand weight,
            @Nullable Operand bias,
            float epsilon,
            @Nullable Tensor residual,
            @Nullable Activation activation) {
        Op op = new NormOp(NormOp.Over.GIVEN, 0, epsilon, residual != null, activation);
        return Pass.call(op, this, mean.value(), variance.value(), value(weight), value(bias), residual);
    }

    /**
     * y = weight (x - mean) / sqrt(variance + epsilon) + bias with the mean and the biased variance over the last
     * {@code lastDims} dimensions, which are those of weight and bias (Ba et al. 2016). What is null is left out.
     *
     * @throws IllegalArgumentException if shapes disagree, or epsilon is negative
     */
    public Tensor layerNorm(int lastDims, @Nullable Operand weight, @Nullable Operand bias, float epsilon) {
        Op op = new NormOp(NormOp.Over.LAYER, lastDims, epsilon, false, null);
        return Pass.call(op, this, null, null, value(weight), value(bias), null);
    }

    /**
     * y = weight x / sqrt(mean(x^2) + epsilon) with the mean over the last {@code lastDims} dimensions, which are those
     * of weight (Zhang and Sennrich 2019).
     *
     * @throws IllegalArgumentException if shapes disagree, or epsilon is negative
     */
    public Tensor rmsNorm(int lastDims, @Nullable Operand weight, float epsilon) {
        Op op = new NormOp(NormOp.Over.RMS, lastDims, epsilon, false, null);
        return Pass.call(op, this, null, null, value(weight), null, null);
    }

    /**
     * y = weight (x - mean) / sqrt(variance + epsilon) + bias for x [n, .., c], with the mean and the biased variance
     * of every example and group of c / {@code groups} neighboring channels (Wu and He 2018). With as many groups as
     * channels it is instance normalization (Ulyanov et al. 2016). Weight and bias [c] may be null.
     *
     * @throws IllegalArgumentException if shapes disagree, groups do not divide c, a group has fewer than two values,
     *     or epsilon is negative
     */
    public Tensor groupNorm(int groups, @Nullable Operand weight, @Nullable Operand bias, float epsilon) {
        Op op = new NormOp(NormOp.Over.GROUP, groups, epsilon, false, null);
        return Pass.call(op, this, null, null, value(weight), value(bias), null);
    }

    /**
     * y = x / (k + alpha / size * sum x^2)^beta for x [.., c], where the sum runs over those of the {@code size}
     * channels from c - size / 2 to c + (size - 1) / 2 that exist: local response normalization (Krizhevsky et al.
     * 2012), with PyTorch's meaning of alpha.
     *
     * @throws IllegalArgumentException if size is below 1
     */
    public Tensor localResponseNorm(int size, float alpha, float beta, float k) {
        return Pass.call(new LocalResponseNormOp(size, alpha, beta, k), this);
    }

    private static @Nullable Tensor value(@Nullable Operand p) {
        return p == null ? null : p.value();
    }

    // ---- reductions

    /**
     * Returns the sum over {@code dims} (over all without any), which disappear; of F32, or of I32, which wraps around.
     */
    public Tensor sum(int... dims) {
        return reduce(ReduceOp.Kind.SUM, dims);
    }

    /**
     * Returns the product over {@code dims} (over all without any), which disappear; of F32, or of I32, which wraps
     * around. Of no elements it is 1. The gradient of an element is dy times the product of the others, so that zeros
     * have theirs.
     */
    public Tensor prod(int... dims) {
        return reduce(ReduceOp.Kind.PROD, dims);
    }

    /** Returns the mean over {@code dims} (over all without any). */
    public Tensor mean(int... dims) {
        return reduce(ReduceOp.Kind.MEAN, dims);
    }

    /**
     * Returns the largest value of F32 or I32 over {@code dims} (over all without any); NaN wins. The gradient goes to
     * the first of equal values.
     */
    public Tensor max(int... dims) {
        return reduce(ReduceOp.Kind.MAX, dims);
    }

    /**
     * Returns the smallest value of F32 or I32 over {@code dims} (over all without any); NaN wins. The gradient goes to
     * the first of equal values.
     */
    public Tensor min(int... dims) {
        return reduce(ReduceOp.Kind.MIN, dims);
    }

    /**
     * Returns the mean of (x - mean)^2 over {@code dims} (over all without any): the sum divided by the number n of
     * elements, as in NumPy and in normalizing layers.
     *
     * @throws IllegalArgumentException if there is no element
     */
    public Tensor variance(int... dims) {
        return Pass.call(VarianceOp.of(0, false, shape, dims), this);
    }

    /**
     * Returns the sum of (x - mean)^2 over {@code dims} (over all without any), divided by n - 1: the estimate of a
     * population's variance from a sample of n (Bessel), as in PyTorch.
     *
     * @throws IllegalArgumentException if there are fewer than two elements
     */
    public Tensor sampleVariance(int... dims) {
        return Pass.call(VarianceOp.of(1, false, shape, dims), this);
    }

    /**
     * Returns the standard deviation over {@code dims} (over all without any), the square root of {@link #variance}.
     * Its gradient is 0 where it is 0.
     *
     * @throws IllegalArgumentException if there is no element
     */
    public Tensor std(int... dims) {
        return Pass.call(VarianceOp.of(0, true, shape, dims), this);
    }

    /**
     * Returns the estimate of a population's standard deviation from a sample, the square root of
     * {@link #sampleVariance}. Its gradient is 0 where it is 0.
     *
     * @throws IllegalArgumentException if there are fewer than two elements
     */
    public Tensor sampleStd(int... dims) {
        return Pass.call(VarianceOp.of(1, true, shape, dims), this);
    }

    /**
     * Returns log sum exp(x) over {@code dims} (over all without any), shifted by the maximum, so that large numbers
     * stay finite.
     */
    public Tensor logSumExp(int... dims) {
        return reduce(ReduceOp.Kind.LOGSUMEXP, dims);
    }

    /**
     * Returns the Euclidean norm sqrt(sum x^2) over {@code dims} (over all without any). Its gradient is 0 where it is
     * 0. The squares do not overflow; only the result may.
     */
    public Tensor norm(int... dims) {
        return reduce(ReduceOp.Kind.NORM, dims);
    }

    /** Returns the sum of |x| over {@code dims} (over all without any). Its gradient is 0 where x is 0. */
    public Tensor norm1(int... dims) {
        return reduce(ReduceOp.Kind.NORM1, dims);
    }

    /**
     * Returns the I32 index of the first of the largest values along neighboring {@code dims}, which count as one
     * flattened dimension (all of them without any); NaN wins.
     *
     * @throws IllegalArgumentException if the dimensions are not neighbors, or there is no element along them
     */
    public Tensor argmax(int... dims) {
        return reduce(ReduceOp.Kind.ARGMAX, dims);
    }

    /**
     * Returns the I32 index of the first of the smallest values along neighboring {@code dims}, which count as one
     * flattened dimension (all of them without any); NaN wins.
     *
     * @throws IllegalArgumentException if the dimensions are not neighbors, or there is no element along them
     */
    public Tensor argmin(int... dims) {
        return reduce(ReduceOp.Kind.ARGMIN, dims);
    }

    /**
     * Returns the cumulative sums along dimension {@code dim}, each up to and including its own element, added one
     * after the other: F32 in double precision, I32 wrapping around. The gradient is the sum from each element on.
     *
     * @throws IllegalArgumentException if there is no such dimension
     */
    public Tensor cumsum(int dim) {
        return Pass.call(new CumsumOp(axis("cumsum", dim)), this);
    }

    /**
     * Returns the values along dimension {@code dim}, the smallest first and NaN last, and the indices that they had.
     * Equal values keep their order. The gradient of a value goes to the element that it came from.
     *
     * @throws IllegalArgumentException if there is no such dimension
     */
    public Sorted sort(int dim) {
        return sort(dim, Order.ASCENDING);
    }

    /**
     * Returns the values along dimension {@code dim} in an order, and the indices that they had. Equal values keep
     * their order, even when it is descending. NaN counts as larger than all other values. The gradient of a value goes
     * to the element that it came from.
     *
     * @throws IllegalArgumentException if there is no such dimension
     */
    public Sorted sort(int dim, Order order) {
        return Compositions.sort(this, dim, order);
    }

    /**
     * Returns the {@code k} largest values along dimension {@code dim}, the largest first and NaN before it, and the
     * indices that they had. They are the first k of {@link #sort(int, Order)}. The k smallest are
     * {@code x.sort(dim).values().slice(dim, 0, k)}.
     *
     * @throws IllegalArgumentException if there is no such dimension, or k is not from 0 to its size
     */
    public Sorted topk(int dim, int k) {
        return Compositions.topk(this, dim, k);
    }

    /** Returns exp(x) / sum exp(x) along a dimension. */
    public Tensor softmax(int dim) {
        return Pass.call(new SoftmaxOp(axis("softmax", dim), false), this);
    }

    /** Returns x - log sum exp(x) along a dimension. */
    public Tensor logSoftmax(int dim) {
        return Pass.call(new SoftmaxOp(axis("log_softmax", dim), true), this);
    }

    /**
     * Returns a scalar: the mean over rows of logsumexp(x) - x[label] for logits x [.., classes] and I32 labels [..],
     * or of -sum t log softmax(x) for probabilities t [.., classes].
     *
     * @throws IllegalArgumentException if the shapes disagree or a label is outside [0, classes)
     */
    public Tensor crossEntropy(Tensor target) {
        return crossEntropy(target, 0, null);
    }

    /**
     * Returns the cross-entropy with label smoothing (Szegedy et al. 2016) and a constant weight w for each class, as
     * PyTorch computes it. Labels give -sum w t' log softmax(x) / sum w[label] with t' = (1 - smoothing) onehot +
     * smoothing / classes. Probabilities t take the place of onehot, and their sum is divided by the number of rows.
     *
     * @throws IllegalArgumentException if the shapes disagree, a label is outside [0, classes), smoothing is outside
     *     [0, 1], or the weights need a gradient, which they do not get
     */
    public Tensor crossEntropy(Tensor target, float smoothing, @Nullable Tensor weights) {
        return Compositions.crossEntropy(this, target, smoothing, weights);
    }

    /**
     * Returns the loss of connectionist temporal classification (Graves et al. 2006) for each example, [n]: minus the
     * logarithm of the probability of its labels, which is the sum over all ways to align them with the steps of the
     * logits x [n, steps, classes]. At each step an alignment has a label or {@code blank}; repeats and then blanks are
     * taken out, so that two equal labels in a row need a blank between them. Softmax is part of it.
     *
     * <p>Only the first {@code lengths[n]} steps of an example and the first {@code targetLengths[n]} of its labels
     * count; null means all of them. Where the labels need more steps than there are, the loss is infinite and its
     * gradient 0. A NaN makes the loss of its example NaN. {@code nn.CtcLoss} is the loss of a batch.
     *
     * @param targets I32 [n, length], classes but not the blank
     * @param lengths I32 [n]
     * @param targetLengths I32 [n]
     * @throws IllegalArgumentException if shapes disagree, blank or a label is outside [0, classes), a label is the
     *     blank, or a length is negative or larger than the tensor has room for
     */
    public Tensor ctcLoss(Tensor targets, @Nullable Tensor lengths, @Nullable Tensor targetLengths, int blank) {
        return Pass.call(new CtcOp(blank), this, targets, lengths, targetLengths);
    }

    /** Returns the I32 number of rows of x [.., classes] whose first largest value is at their label [..]. */
    public Tensor correct(Tensor labels) {
        return Pass.call(CorrectOp.INSTANCE, this, labels);
    }

    /** Returns the I32 number of elements that are NaN or infinite. */
    public Tensor nonfinite() {
        return Pass.call(NonfiniteOp.INSTANCE, this);
    }

    /** max(x, 0) - x t + log(1 + exp(-|x|)), binary cross-entropy of logits x against targets t, element by element. */
    public Tensor bceWithLogits(Tensor targets) {
        return Pass.call(Binary.BCE_LOGITS, this, targets);
    }

    /**
     * Returns these elements with each set to 0 with probability p and the survivors multiplied by {@code scale}, in
     * any pass with random numbers. {@code nn.Dropout} is the layer.
     *
     * @throws IllegalArgumentException if p is outside [0, 1]
     * @throws IllegalStateException if the pass has no random numbers
     */
    public Tensor dropout(float p, float scale) {
        if (!(p >= 0 && p <= 1)) {
            throw new IllegalArgumentException("dropout: p=" + p + " is the probability to drop and must be in [0, 1]");
        }
        Rng rng = Pass.current().rng();
        return Pass.call(new DropoutOp(p, scale, rng.seed(), rng.take(shape.size())), this);
    }

    // ---- views

    /**
     * Returns a view of these elements in another shape. One dimension may be -1, which stands for the size that fits.
     *
     * @throws IllegalArgumentException if the products of the dimensions differ
     */
    public Tensor reshape(int... dims) {
        return Pass.call(new ReshapeOp(ReshapeOp.resolve(shape, dims)), this);
    }

    /**
     * Returns a view of these elements in another shape.
     *
     * @throws IllegalArgumentException if the sizes differ
     */
    public Tensor reshape(Shape to) {
        return reshape(to.toArray());
    }

    /**
     * Returns a view in which all dimensions from {@code from} on are one.
     *
     * @throws IllegalArgumentException if there is no such dimension
     */
    public Tensor flatten(int from) {
        int axis = axis("flatten", from);
        int[] dims = Arrays.copyOf(shape.toArray(), axis + 1);
        dims[axis] = Shape.merged("flatten", Arrays.copyOfRange(shape.toArray(), axis, shape.rank()));
        return Pass.call(new ReshapeOp(Shape.of(dims)), this);
    }

    /**
     * Returns indices {@code from} to {@code to - 1} of dimension {@code dim}. This is a view if the dimension is the
     * leading one, and a copy otherwise.
     *
     * @throws IllegalArgumentException unless 0 &lt;= from &lt;= to &lt;= dim(dim)
     */
    public Tensor slice(int dim, int from, int to) {
        return Pass.call(new SliceOp(axis("slice", dim), from, to, 1), this);
    }

    /**
     * Returns every {@code step}-th index of dimension {@code dim} from {@code from} on, below {@code to}: Python's
     * {@code x[from:to:step]}.
     *
     * @throws IllegalArgumentException unless 0 &lt;= from &lt;= to &lt;= dim(dim) and step &gt;= 1
     */
    public Tensor slice(int dim, int from, int to, int step) {
        return Pass.call(new SliceOp(axis("slice", dim), from, to, step), this);
    }

    /**
     * Returns a view of these elements with additional dimensions of 1, which are dimensions {@code dims} of the
     * result; -1 appends one. Behind a reduction it brings back what that reduced: {@code x.mean(1).unsqueeze(1)}.
     *
     * @throws IllegalArgumentException if a dimension is named twice, or the result does not have it
     */
    public Tensor unsqueeze(int... dims) {
        return Pass.call(new ReshapeOp(ReshapeOp.unsqueezed(shape, dims)), this);
    }

    /**
     * Returns a view of these elements without dimension {@code dim}, which must be 1.
     *
     * @throws IllegalArgumentException if it is not 1
     */
    public Tensor squeeze(int dim) {
        return Pass.call(new ReshapeOp(ReshapeOp.squeezed(shape, dim)), this);
    }

    // ---- moving

    /**
     * Returns consecutive parts of these sizes along dimension {@code dim}, which {@link #concat} puts together again.
     *
     * @throws IllegalArgumentException if the sizes do not add up to the dimension
     */
    public List<Tensor> split(int dim, int... sizes) {
        return Compositions.split(this, dim, sizes);
    }

    /**
     * Returns {@code count} consecutive parts of equal size along dimension {@code dim}. If count does not divide the
     * dimension, the size is rounded up, so the last part is smaller and there may be fewer parts, as in PyTorch.
     *
     * @throws IllegalArgumentException if count is below 1
     */
    public List<Tensor> chunk(int dim, int count) {
        return Compositions.chunk(this, dim, count);
    }

    /**
     * Returns a copy with the elements repeated along dimensions of 1, and along new dimensions in front, so that the
     * tensor has the dimensions {@code dims}; -1 keeps a dimension as it is. Elementwise methods broadcast and do not
     * need this copy. The gradient is summed over what was repeated.
     *
     * @throws IllegalArgumentException if a dimension other than 1 would change
     */
    public Tensor expand(int... dims) {
        return Pass.call(ExpandOp.of(shape, dims), this);
    }

    /**
     * Returns the elements in reverse order along {@code dims}.
     *
     * @throws IllegalArgumentException if no dimension is named, or one twice
     */
    public Tensor flip(int... dims) {
        return Compositions.flip(this, dims);
    }

    /**
     * Returns the elements moved along dimension {@code dim} by {@code shift} indices, which may be negative. Elements
     * that leave at one end come back at the other.
     *
     * @throws IllegalArgumentException if there is no such dimension
     */
    public Tensor roll(int dim, int shift) {
        return Pass.call(new RollOp(axis("roll", dim), shift), this);
    }

    /**
     * Returns the elements with the dimensions in another order: dimension i of the result is dimension
     * {@code order[i]} of this tensor.
     *
     * @throws IllegalArgumentException unless order names each dimension once
     */
    public Tensor permute(int... order) {
        return Pass.call(PermuteOp.of(shape, order), this);
    }

    /**
     * Returns the elements with two dimensions exchanged: {@code transpose(-1, -2)} transposes matrices.
     *
     * @throws IllegalArgumentException if there is no such dimension
     */
    public Tensor transpose(int a, int b) {
        return Pass.call(PermuteOp.exchange(shape, a, b), this);
    }

    /**
     * Takes the indices of dimension {@code dim} that an I32 tensor names, as {@code numpy.take} does: x [a, n, b] and
     * an index [i, j] give [a, i, j, b]. Negative indices count from the end: -1 is the last.
     *
     * @throws IllegalArgumentException if an index is outside [-dim(dim), dim(dim))
     */
    public Tensor take(int dim, Tensor index) {
        return Pass.call(new TakeOp(axis("take", dim)), this, index);
    }

    /**
     * Returns this cache [n, size, ..] with more rows [n, added, ..], written into its element b from row
     * {@code past[b]} on. No gradient flows through it.
     *
     * <p>In a pass that does not record, a cache of this pass gives its memory to the result, so that a step costs the
     * same for a large cache as for a small one. This cache must then not be used any more, and using it is an
     * exception. To go on from one cache twice, {@link #keep} it before.
     *
     * @param past I32 [n]
     * @throws IllegalArgumentException if the shapes disagree, or the cache has no room for the rows
     */
    public Tensor putRows(Tensor rows, Tensor past) {
        return Pass.call(PutRowsOp.INSTANCE, this, rows, past);
    }

    /**
     * Returns the rows of a table W [vocabulary, dim] that these I32 tokens [..] name, as [.., dim]: the vectors of an
     * embedding. A row that {@code padding} names is read like any other but gets no gradient; null means that there is
     * none. The gradient of a parameter is rows and their values, as
     * {@link dev.fathom.parameter.Parameter#gradientRows} says. {@code nn.Embedding} is the layer.
     *
     * @throws IllegalArgumentException if W is no matrix, or a token is outside [0, vocabulary)
     */
    public Tensor embedding(Operand weight, @Nullable Integer padding) {
        return Pass.call(EmbeddingOp.of(padding), weight.value(), this);
    }

    /**
     * Returns y [n, out] = b + the sum over k of w[n, k] W[token[n, k]] for these I32 tokens [n, length]: a linear
     * layer on sparse rows, such as the words of a text with their counts, at a cost that follows the tokens and not
     * the vocabulary. Only the first {@code lengths[n]} tokens of a row count, and those that are {@code padding} do
     * not. What is null is left out: there is no b, all lengths are length, all w are 1, no token is padding. The
     * gradient of W is rows and their values. {@code nets.SparseLinear} is the layer.
     *
     * @param weight W [vocabulary, out]
     * @param bias b [out]
     * @param lengths I32 [n]
     * @param weights w [n, length]
     * @throws IllegalArgumentException if shapes disagree, a token that counts is outside [0, vocabulary), or a length
     *     outside [0, length]
     */
    public Tensor embeddingBag(
            Operand weight,
            @Nullable Operand bias,
            @Nullable Tensor lengths,
            @Nullable Tensor weights,
            @Nullable Integer padding) {
        return Pass.call(BagOp.of(padding), weight.value(), this, lengths, weights, value(bias));
    }

    /**
     * Adds elements up by an index, which is the transpose of {@link #take}: for x [a, i, j, b] and an index [i, j] at
     * dimension {@code dim}, the result is zeros [a, size, b], to which x[:, i, j] is added at the number that the
     * index holds, in the order of the index. Negative indices count from the end. Sums of I32 wrap around.
     *
     * @throws IllegalArgumentException if an index is outside [-size, size)
     */
    public Tensor indexAdd(int dim, Tensor index, int size) {
        return Pass.call(new IndexAddOp(axis("index_add", dim), size), this, index);
    }

    /**
     * Returns these values x [a, n, b] with updates [a, i, j, b] joined to them at the places of dimension {@code dim}
     * that an I32 index [i, j] names, in its order: what {@link #take} gives of an index has the shape of the updates.
     * Negative indices count from the end. With {@link Scatter#SET} the last of several updates stays, and the gradient
     * goes to what stayed; the others are PyTorch's {@code index_reduce} with the value itself included. Values are F32
     * or I32, whose sums and products wrap around.
     *
     * @throws IllegalArgumentException if shapes or types disagree, an index is outside [-dim(dim), dim(dim)), or MUL,
     *     MAX or MIN, which have no gradient, are given something that needs one
     */
    public Tensor scatter(int dim, Tensor index, Tensor updates, Scatter how) {
        return Compositions.scatter(new ScatterOp(axis("scatter", dim), how, false), this, index, updates);
    }

    /**
     * Returns these values with each update joined to them at the place along dimension {@code dim} that the I32 index
     * names for it, where the other places are its own: PyTorch's {@code scatter_reduce}. Of a matrix and {@code dim}
     * 0, updates[i, j] goes to [index[i, j], j]. Index and updates have one shape, with the rank of this tensor, and
     * may be smaller than it. All else is as in {@link #scatter}.
     *
     * @throws IllegalArgumentException if shapes or types disagree, an index is outside [-dim(dim), dim(dim)), or MUL,
     *     MAX or MIN, which have no gradient, are given something that needs one
     */
    public Tensor scatterElements(int dim, Tensor index, Tensor updates, Scatter how) {
        return Compositions.scatter(new ScatterOp(axis("scatter_elements", dim), how, true), this, index, updates);
    }

    /**
     * Returns for each element of an I32 index the value at the place along dimension {@code dim} that it names, where
     * the other places are its own: PyTorch's {@code gather}. Of a matrix and {@code dim} 0, y[i, j] = x[index[i, j],
     * j]. The index has the rank of this tensor, which is F32 or I32, and may be smaller along other dimensions.
     * Negative indices count from the end.
     *
     * @throws IllegalArgumentException if shapes disagree, or an index is outside [-dim(dim), dim(dim))
     */
    public Tensor gatherElements(int dim, Tensor index) {
        return Pass.call(new GatherElementsOp(axis("gather_elements", dim)), this, index);
    }

    /**
     * Returns the tensors one after the other along dimension {@code dim}.
     *
     * @throws IllegalArgumentException if there are none, or their other dimensions or element types differ
     */
    public static Tensor concat(int dim, Tensor... parts) {
        return Compositions.concat(dim, parts);
    }

    /**
     * Returns tensors of equal shape side by side along a new dimension {@code dim}.
     *
     * @throws IllegalArgumentException if there are none, or their shapes or element types differ
     */
    public static Tensor stack(int dim, Tensor... parts) {
        Tensor[] rows = new Tensor[parts.length];
        for (int i = 0; i < parts.length; i++) {
            rows[i] = parts[i].unsqueeze(dim);
        }
        return concat(dim, rows);
    }

    /**
     * Returns what a square window of this size reads at each position of images, with stride 1 and no padding.
     *
     * @throws IllegalArgumentException if the size is below 1 or larger than the image
     */
    public Tensor patches(int size) {
        return patches(Window.of(size));
    }

    /**
     * Returns what the window reads at each position: x [N, .., C] gives [N, .., taps C], with the taps in row-major
     * order and 0 outside x. A convolution then is one matrix product, which takes the memory of x times the taps.
     *
     * @throws IllegalArgumentException if x is too small for the window
     */
    public Tensor patches(Window window) {
        return Patches.of(this, window);
    }

    // ---- padding, pooling, resizing: [n, l, c], [n, h, w, c], [n, d, h, w, c]

    /**
     * Pads sequences [n, l, c] (left, right), images [n, h, w, c] (left, right, top, bottom) or volumes [n, d, h, w, c]
     * (left, right, top, bottom, front, back) at their edges. One number stands for all sides. The gradient of a padded
     * element goes to the element whose value it holds.
     *
     * @throws IllegalArgumentException if a side is negative, there are not two for each dimension between the first
     *     and the last, or one is wider than the mode can fill
     */
    public Tensor pad(PadMode mode, int... sides) {
        return Pass.call(PadOp.of(shape, mode, 0, allSides(sides)), this);
    }

    /**
     * Pads dimension {@code dim}, whichever it is, with {@code before} elements in front and {@code after} behind.
     *
     * @throws IllegalArgumentException if there is no such dimension, a number is negative, or larger than the mode can
     *     fill
     */
    public Tensor pad(int dim, PadMode mode, int before, int after) {
        return Pass.call(PadOp.along(mode, 0, axis("pad", dim), before, after), this);
    }

    /**
     * Pads dimension {@code dim} with {@code before} elements in front and {@code after} behind, all of them
     * {@code value}. No gradient flows from the padding.
     *
     * @throws IllegalArgumentException if there is no such dimension, a number is negative, or the type of this tensor
     *     does not have the value
     */
    public Tensor pad(int dim, double value, int before, int after) {
        return Pass.call(PadOp.along(PadMode.ZEROS, bits("pad", value), axis("pad", dim), before, after), this);
    }

    /**
     * Pads with {@code value} at the edges, with {@code sides} as for {@link #pad(PadMode, int...)}. No gradient flows
     * from the padding.
     *
     * @throws IllegalArgumentException as {@link #pad(PadMode, int...)}, or if the type of this tensor does not have
     *     the value
     */
    public Tensor padWithValue(double value, int... sides) {
        return Pass.call(PadOp.of(shape, PadMode.ZEROS, bits("pad", value), allSides(sides)), this);
    }

    private int[] allSides(int[] sides) {
        if (sides.length != 1 || shape.rank() < 3) {
            return sides;
        }
        int[] all = new int[2 * (shape.rank() - 2)];
        Arrays.fill(all, sides[0]);
        return all;
    }

    /**
     * Returns the largest value of every window over [n, l, c], [n, h, w, c] or [n, d, h, w, c], channel by channel.
     * Padding never wins, because it holds no values. The first of equal values gets the gradient; NaN wins.
     *
     * @throws IllegalArgumentException if the window does not fit, or lies in the padding alone somewhere
     */
    public Tensor maxPool(Window window) {
        return window.rank() == 3
                ? inPlanes("max_pool", window, Tensor::maxPool)
                : Pass.call(new MaxPoolOp(window, false), this);
    }

    /**
     * Returns the largest value of every square of this size in images [n, h, w, c]; the squares lie side by side.
     *
     * @throws IllegalArgumentException if the size is below 1 or larger than the image
     */
    public Tensor maxPool(int size) {
        return maxPool(Window.of(size).stride(size));
    }

    /**
     * Returns the result of max pooling squares of this size side by side, together with the indices of its values, for
     * {@link #maxUnpool}.
     *
     * @throws IllegalArgumentException if the size is below 1 or larger than the image
     */
    public Pooled maxPoolWithIndices(int size) {
        return maxPoolWithIndices(Window.of(size).stride(size));
    }

    /**
     * Returns the result of max pooling together with the indices of its values, for {@link #maxUnpool}.
     *
     * @throws IllegalArgumentException as {@link #maxPool}, and for volumes, whose indices are not kept
     */
    public Pooled maxPoolWithIndices(Window window) {
        if (window.rank() == 3) {
            throw new IllegalArgumentException("max_pool" + Where.running() + ": x " + shape
                    + " is a volume, whose indices are not kept; give a window over sequences or images");
        }
        Tensor[] y = Pass.applyAll(new MaxPoolOp(window, true), this);
        return new Pooled(y[0], y[2]);
    }

    /**
     * Returns a tensor [n, size.., c] that holds the values of this tensor at the given indices and 0 elsewhere. This
     * undoes {@link #maxPoolWithIndices}. If several values share an index, the last one is kept, and each of them gets
     * the gradient of that position.
     *
     * @throws IllegalArgumentException if the indices have another shape, or one is outside the size
     */
    public Tensor maxUnpool(Tensor indices, int... size) {
        return Pass.call(new MaxUnpoolOp(Shape.of(size)), this, indices);
    }

    /**
     * Returns the average of every window over [n, l, c], [n, h, w, c] or [n, d, h, w, c], in which the zeros of the
     * padding count.
     *
     * @throws IllegalArgumentException if the window does not fit, or lies in the padding alone somewhere
     */
    public Tensor avgPool(Window window) {
        return avgPool(window, true);
    }

    /**
     * Returns the average of every square of this size in images [n, h, w, c]; the squares lie side by side.
     *
     * @throws IllegalArgumentException if the size is below 1 or larger than the image
     */
    public Tensor avgPool(int size) {
        return avgPool(Window.of(size).stride(size));
    }

    /**
     * Returns the average of every window without its padding: the sum is divided by the number of values inside x
     * alone (PyTorch's {@code count_include_pad=False}).
     *
     * @throws IllegalArgumentException as {@link #avgPool(Window)}
     */
    public Tensor avgPoolExcludingPadding(Window window) {
        return avgPool(window, false);
    }

    private Tensor avgPool(Window window, boolean countPadding) {
        return window.rank() == 3
                ? inPlanes("avg_pool", window, (x, w) -> x.avgPool(w, countPadding))
                : Pass.call(new AvgPoolOp(window, countPadding), this);
    }

    /** A pool of volumes [n, d, h, w, c], whose window is a product: of every plane, then of every column of depth. */
    private Tensor inPlanes(String op, Window window, BiFunction<Tensor, Window, Tensor> pool) {
        Shape y = MaxPoolOp.shape(m -> new IllegalArgumentException(op + Where.running() + ": " + m), window, shape);
        int n = dim(0);
        int c = dim(-1);
        Tensor planes = pool.apply(reshape(Shape.merged(op, n, dim(1)), dim(2), dim(3), c), window.plane());
        return pool.apply(planes.reshape(n, dim(1), Shape.merged(op, y.dim(2), y.dim(3)), c), window.column())
                .reshape(y.toArray());
    }

    /**
     * Resizes sequences [n, l, c], images [n, h, w, c] or volumes [n, d, h, w, c] to other sizes ([h, w] for images).
     * This serves up-sampling and interpolation, and with {@link Resize#AREA} adaptive average pooling.
     *
     * @throws IllegalArgumentException if there is not one size of at least 1 for each dimension between the first and
     *     the last
     */
    public Tensor resize(Resize mode, int... size) {
        return Pass.call(ResizeOp.of(mode, size), this);
    }

    /**
     * Rearranges [n, h, w, c f f] into [n, h f, w f, c]: channel c f f + i f + j becomes pixel (i, j) of a square in
     * channel c (Shi et al. 2016).
     *
     * @throws IllegalArgumentException if these are no images, or the channels no multiple of f f
     */
    public Tensor pixelShuffle(int factor) {
        if (shape.rank() != 4 || factor < 1) {
            throw new IllegalArgumentException("pixel_shuffle" + Where.running() + ": x " + shape + " and factor "
                    + factor + ": give images [n, h, w, c * factor * factor] and a factor of 1 or more");
        }
        int c = dim(3) / factor / factor;
        if (c * factor * factor != dim(3)) {
            throw new IllegalArgumentException("pixel_shuffle" + Where.running() + ": x " + shape + " has " + dim(3)
                    + " channels, which are no multiple of " + factor + " x " + factor + "; give [n, h, w, c * "
                    + (long) factor * factor
                    + "]");
        }
        return reshape(dim(0), dim(1), dim(2), c, factor, factor)
                .permute(0, 1, 4, 2, 5, 3)
                .reshape(
                        dim(0),
                        Shape.merged("pixel_shuffle", dim(1), factor),
                        Shape.merged("pixel_shuffle", dim(2), factor),
                        c);
    }

    /**
     * Rearranges [n, h f, w f, c] into [n, h, w, c f f], which {@link #pixelShuffle} undoes.
     *
     * @throws IllegalArgumentException if these are no images, or the height or width no multiple of f
     */
    public Tensor pixelUnshuffle(int factor) {
        if (shape.rank() != 4 || factor < 1) {
            throw new IllegalArgumentException("pixel_unshuffle" + Where.running() + ": x " + shape + " and factor "
                    + factor + ": give images [n, h * factor, w * factor, c] and a factor of 1 or more");
        }
        int h = dim(1) / factor;
        int w = dim(2) / factor;
        if (h * factor != dim(1) || w * factor != dim(2)) {
            throw new IllegalArgumentException("pixel_unshuffle" + Where.running() + ": x " + shape + " is " + dim(1)
                    + " x " + dim(2) + ", of which one is no multiple of " + factor + "; crop or pad it");
        }
        return reshape(dim(0), h, factor, w, factor, dim(3))
                .permute(0, 1, 3, 5, 2, 4)
                .reshape(dim(0), h, w, Shape.merged("pixel_unshuffle", dim(3), factor, factor));
    }

    // ---- apart

    /** Returns a view of these values through which no gradient flows. */
    public Tensor detach() {
        return Pass.current().detach(this);
    }

    /** Returns a copy that outlives the pass and may be read by any thread. Close it after use. */
    public KeptTensor keep() {
        long from = readable();
        Block b = lease();
        try {
            long bytes = bytes();
            Block own = new Block("kept tensor", bytes);
            Block.copy(from, own.address(), bytes);
            return new KeptTensor(shape, dtype, own);
        } finally {
            release(b);
        }
    }

    // ---- reading

    /**
     * Returns the only element of a tensor with a single element.
     *
     * @throws IllegalArgumentException if it has another number of elements, or is an integer that no float equals
     */
    public float item() {
        if (shape.size() != 1) {
            throw new IllegalArgumentException(
                    "item: " + label() + " has " + shape.size() + " elements; reduce it first, or use toArray()");
        }
        double value = element(readable());
        if (dtype.isWhole() && (float) value != value) {
            throw new IllegalArgumentException(
                    "item: " + label() + " holds " + (int) value + ", which no float equals; use toIntArray()[0]");
        }
        return (float) value;
    }

    /**
     * Returns one element of an F32 tensor.
     *
     * @throws IllegalArgumentException if it is not F32, or there is not one index for each dimension
     * @throws IndexOutOfBoundsException if an index is outside its dimension
     */
    public float get(int... index) {
        if (index.length != shape.rank()) {
            throw new IllegalArgumentException("get: " + label() + " has " + shape.rank() + " dimensions but "
                    + index.length + " indices were given");
        }
        long flat = 0;
        for (int i = 0; i < index.length; i++) {
            if (index[i] < 0 || index[i] >= shape.dim(i)) {
                throw new IndexOutOfBoundsException("get: index " + Arrays.toString(index) + " is outside " + label());
            }
            flat = flat * shape.dim(i) + index[i];
        }
        return (float) element(floatsAt("get") + 4 * flat);
    }

    /**
     * Returns the elements of an F32 tensor in row-major order.
     *
     * @throws IllegalArgumentException if it is not F32
     */
    public float[] toArray() {
        return floats("toArray");
    }

    /**
     * Copies the elements of an F32 tensor into a buffer, from its position on.
     *
     * @throws IllegalArgumentException if it is not F32, or the buffer has not room for them
     */
    public void copyTo(FloatBuffer to) {
        if (to.remaining() < shape.size()) {
            throw new IllegalArgumentException("copyTo: " + label() + " has " + shape.size()
                    + " elements but the buffer has room for " + to.remaining());
        }
        read(floatsAt("copyTo"), to.slice().limit((int) shape.size()));
        to.position(to.position() + (int) shape.size());
    }

    /**
     * Returns the elements of an I32, U8 or I8 tensor in row-major order; those of U8 are 0 to 255.
     *
     * @throws IllegalArgumentException if it holds floats
     */
    public int[] toIntArray() {
        return ints("toIntArray");
    }

    /**
     * Returns the bits of the elements of an F16 or BF16 tensor in row-major order.
     *
     * @throws IllegalArgumentException if it is of another type
     */
    public short[] toShortArray() {
        if (dtype.bytes() != 2) {
            throw new IllegalArgumentException("toShortArray: " + label() + " is " + dtype + "; use "
                    + (dtype.isWhole() ? "toIntArray()" : "toArray()"));
        }
        short[] bits = new short[Math.toIntExact(shape.size())];
        read(readable(), ShortBuffer.wrap(bits));
        return bits;
    }

    // ---- below the surface

    private Tensor reduce(ReduceOp.Kind kind, int... dims) {
        return Pass.call(new ReduceOp(kind, ReduceOp.mask(kind.label(), shape, dims)), this);
    }

    /** Dimension {@code dim} of an argument of {@code op}, counted from the front. */
    int axis(String op, int dim) {
        return shape.axis(op, dim);
    }

    @Override
    public boolean wants(Tensor leaf) {
        return leaf == this;
    }

    /** Returns the tensor's name and shape, and its first values if they can be read. */
    @Override
    public String toString() {
        StringBuilder s = new StringBuilder(label().substring("tensor ".length()));
        try {
            if (!traced()) {
                int n = (int) Math.min(8, shape.size());
                var head = new StringJoiner(", ", " = [", n < shape.size() ? ", ...]" : "]");
                ByteBuffer first = elements(address(), n);
                for (int i = 0; i < n; i++) {
                    head.add(dtype.text(first, i));
                }
                s.append(head);
            }
        } catch (IllegalStateException e) {
            s.append(" (dead)");
        }
        return s.toString();
    }
}
