package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.autograd.Recomputation;
import dev.fathom.autograd.RecomputeOp;
import dev.fathom.autograd.Values;
import dev.fathom.offheap.Block;
import dev.fathom.op.Activation;
import dev.fathom.op.Cell;
import dev.fathom.op.DType;
import dev.fathom.op.Order;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Scatter;
import dev.fathom.op.Shape;
import dev.fathom.op.Unary;
import dev.fathom.op.Window;
import dev.fathom.ops.AttentionOp;
import dev.fathom.ops.AvgPoolOp;
import dev.fathom.ops.BagOp;
import dev.fathom.ops.Binary;
import dev.fathom.ops.CastOp;
import dev.fathom.ops.ConcatOp;
import dev.fathom.ops.ConvOp;
import dev.fathom.ops.ConvTransposedOp;
import dev.fathom.ops.CorrectOp;
import dev.fathom.ops.CrossEntropyOp;
import dev.fathom.ops.CtcOp;
import dev.fathom.ops.CumsumOp;
import dev.fathom.ops.DropoutOp;
import dev.fathom.ops.EmbeddingOp;
import dev.fathom.ops.ExpandOp;
import dev.fathom.ops.FlipOp;
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
import dev.fathom.ops.RecurrentOp;
import dev.fathom.ops.ReduceOp;
import dev.fathom.ops.ReshapeOp;
import dev.fathom.ops.ResizeOp;
import dev.fathom.ops.RollOp;
import dev.fathom.ops.RotaryOp;
import dev.fathom.ops.ScatterOp;
import dev.fathom.ops.SliceOp;
import dev.fathom.ops.SoftmaxOp;
import dev.fathom.ops.SortOp;
import dev.fathom.ops.TakeOp;
import dev.fathom.ops.VarianceOp;
import dev.fathom.ops.WhereOp;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.function.ToIntFunction;

/**
 * The test table: one row per op, with a reference in double precision, the shapes and the range of its samples, its
 * tolerance, and what it refuses in which words. Generic suites run every row; {@link OpTableTest} fails when an op has
 * none.
 */
public final class OpTable {
    /** Sizes around the lanes of every instruction set, and primes. */
    private static final int[] SIZES = {1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17, 31, 33, 67};
    /** Where a reference takes long. */
    private static final int[] FEW = {1, 3, 5, 17};

    /** What an input holds; a gradient flows to floats only. */
    private enum Numbers {
        FLOATS(DType.F32),
        /** No gradient flows to it, and it has no extreme values. */
        SETTING(DType.F32),
        /** Whole numbers below what the shapes say. */
        LABELS(DType.I32),
        /** Whole numbers in the row's range. */
        INTS(DType.I32),
        BYTES(DType.U8),
        SIGNED_BYTES(DType.I8),
        /** What both types of 16 bits have. */
        HALVES(DType.F16),
        BFLOATS(DType.BF16),
        /** 0 and 1. */
        MASK(DType.F32);

        private final DType type;

        Numbers(DType type) {
            this.type = type;
        }
    }

    /** What an op must refuse: the call, the exception's type and its exact words. */
    public record Bad(Supplier<Tensor> call, Class<? extends RuntimeException> type, String message) {}

    /** One op. Its setters are for the table; suites read. */
    public static final class Row {
        private final String name;
        private final String section = OpTable.section;
        private final List<Object> covers = new ArrayList<>();
        private final List<int[][]> samples = new ArrayList<>();
        private final List<int[][]> large = new ArrayList<>();
        private final List<Bad> refuses = new ArrayList<>();
        private final Map<Integer, double[]> ranges = new LinkedHashMap<>();
        private double[] range = {-3, 3};
        private final Map<Integer, Numbers> numbers = new LinkedHashMap<>();
        private final Set<Integer> ordinary = new HashSet<>();
        private ToIntFunction<int[][]> below;
        private boolean differentiable = true;
        private boolean product;
        private double relative = 3.6e-7;
        private double absolute = 1e-38;
        private double gradient = 1e-5;
        private Function<Tensor[], Tensor> f;
        private Function<Doubles[], Doubles> reference;

        private Row(String name, Object... covers) {
            this.name = name;
            this.covers.addAll(List.of(covers));
        }

        /**
         * Also covers these: rows of an enum, classes of ops, public methods of Tensor as {@code add(float)}, and
         * layers where no method calls the op.
         */
        private Row covers(Object... more) {
            covers.addAll(List.of(more));
            return this;
        }

        /** Samples for each of the {@link #SIZES}. */
        private Row sized(IntFunction<int[][]> shapes) {
            return sized(SIZES, shapes);
        }

        /** Samples for each of these sizes. */
        private Row sized(int[] sizes, IntFunction<int[][]> shapes) {
            for (int n : sizes) {
                samples.add(shapes.apply(n));
            }
            return this;
        }

        /** One more sample: the shapes of its inputs. */
        private Row sample(int[]... shapes) {
            samples.add(shapes);
            return this;
        }

        /** A sample above the threading threshold, forward and backward. */
        private Row large(int[]... shapes) {
            large.add(shapes);
            return this;
        }

        /** The values of every input. */
        private Row range(double lo, double hi) {
            range = new double[] {lo, hi};
            return this;
        }

        /** The values of one input. */
        private Row range(int input, double lo, double hi) {
            ranges.put(input, new double[] {lo, hi});
            return this;
        }

        /** Input {@code i} is I32: numbers below the last dimension of input 0. */
        private Row labels(int input) {
            return indices(input, shapes -> shapes[0][shapes[0].length - 1]);
        }

        /** Input {@code i} is I32: numbers below what the shapes of the sample say. */
        private Row indices(int input, ToIntFunction<int[][]> below) {
            this.below = below;
            return numbers(input, Numbers.LABELS);
        }

        /** What input {@code i} holds. */
        private Row numbers(int input, Numbers what) {
            numbers.put(input, what);
            return this;
        }

        /** Input {@code i} is not tried with infinities and their like. */
        private Row ordinary(int input) {
            ordinary.add(input);
            return this;
        }

        /** No gradient flows through it. */
        private Row constant() {
            differentiable = false;
            return this;
        }

        /** A matrix product, which both backends must compute. */
        private Row product() {
            product = true;
            return tolerance(2e-6, 2e-5);
        }

        private Row tolerance(double relative, double absolute) {
            this.relative = relative;
            this.absolute = absolute;
            return this;
        }

        /** This row with other numbers in the places of the floats, to which no gradient flows. */
        private Row of(Numbers what) {
            Row r = new Row(name + " of " + what.type);
            r.samples.addAll(samples);
            r.range = range;
            int inputs = samples.stream().mapToInt(s -> s.length).max().orElseThrow();
            for (int i = 0; i < inputs; i++) {
                r.numbers.put(i, holds(i) == Numbers.FLOATS ? what : holds(i));
            }
            r.below = below;
            return r.constant().f(f).is(reference);
        }

        private Row f(Function<Tensor[], Tensor> f) {
            this.f = f;
            return this;
        }

        private Row is(Function<Doubles[], Doubles> reference) {
            this.reference = reference;
            return this;
        }

        private Row refuses(String message, Supplier<Tensor> call) {
            return refuses(IllegalArgumentException.class, message, call);
        }

        private Row refuses(Class<? extends RuntimeException> type, String message, Supplier<Tensor> call) {
            refuses.add(new Bad(call, type, message));
            return this;
        }

        /** What the row is called. */
        public String name() {
            return name;
        }

        /** The heading under which the page of ops has what it covers. */
        public String section() {
            return section;
        }

        /** The op under test, from its inputs to its (first) result. */
        public Tensor run(Tensor... in) {
            return f.apply(in);
        }

        /** What it should give. */
        public Doubles expected(Doubles... in) {
            return reference.apply(in);
        }

        /** The shapes of the inputs of every small sample. */
        public List<int[][]> samples() {
            return samples;
        }

        /** The shapes of the inputs of samples that several threads share. */
        public List<int[][]> large() {
            return large;
        }

        /** What it refuses. */
        public List<Bad> refuses() {
            return refuses;
        }

        /** What it covers: rows of an enum, classes of ops, and as texts the methods and layers that call them. */
        public Collection<Object> covered() {
            return covers;
        }

        /** The element type of input {@code i}. */
        public DType dtype(int i) {
            return holds(i).type;
        }

        /** Whether input {@code i} receives a gradient. */
        public boolean differentiable(int i) {
            return differentiable && holds(i) == Numbers.FLOATS;
        }

        /** Whether input {@code i} is tried with infinities and their like. */
        public boolean takesExtremes(int i) {
            return dtype(i) == DType.F32 && holds(i) != Numbers.SETTING && !ordinary.contains(i);
        }

        private Numbers holds(int i) {
            return numbers.getOrDefault(i, Numbers.FLOATS);
        }

        /** Whether one tensor may be the inputs {@code i} and {@code j} of a sample. */
        public boolean alike(int[][] shapes, int i, int j) {
            return holds(i) == holds(j) && Arrays.equals(shapes[i], shapes[j]);
        }

        /** Whether it is a matrix product. */
        public boolean isProduct() {
            return product;
        }

        /** How far a result may be from {@code expected}. */
        public double tolerance(double expected) {
            return absolute + relative * Math.abs(expected);
        }

        /** How far a gradient may be off, relative to one plus its largest element. */
        public double gradientTolerance() {
            return gradient;
        }

        /** The values of the inputs of a sample; the same at every call. Labels are whole numbers. */
        public float[][] values(int[][] shapes) {
            Random random = new Random(name.hashCode() + Arrays.deepHashCode(shapes));
            float[][] values = new float[shapes.length][];
            for (int i = 0; i < shapes.length; i++) {
                values[i] = new float[(int) Shape.of(shapes[i]).size()];
                double[] r = ranges.getOrDefault(i, range);
                Numbers holds = holds(i);
                for (int j = 0; j < values[i].length; j++) {
                    double x = r[0] + (r[1] - r[0]) * random.nextDouble();
                    values[i][j] = switch (holds) {
                        case FLOATS, SETTING -> (float) x;
                        case LABELS -> random.nextInt(below.applyAsInt(shapes));
                        case INTS -> (float) Math.rint(x);
                        case BYTES -> random.nextInt(256);
                        case SIGNED_BYTES -> random.nextInt(256) - 128;
                        case HALVES, BFLOATS -> (random.nextInt(256) - 128) / 4f;
                        case MASK -> random.nextInt(2);
                    };
                }
            }
            return values;
        }

        /** A tensor of the current pass for input {@code i}. */
        public Tensor tensor(int i, float[] values, int[] shape) {
            if (dtype(i) == DType.F32) {
                return Tensor.of(values, shape);
            }
            Tensor t = Pass.current().create(Shape.of(shape), dtype(i));
            ByteBuffer to = Block.at(Values.address(t), values.length * dtype(i).bytes());
            for (int j = 0; j < values.length; j++) {
                dtype(i).put(to, j, values[j]);
            }
            return t;
        }

        /** All inputs of a sample as tensors of the current pass. */
        public Tensor[] tensors(int[][] shapes) {
            return tensors(shapes, values(shapes));
        }

        /** These values as tensors of the current pass. */
        public Tensor[] tensors(int[][] shapes, float[][] values) {
            Tensor[] in = new Tensor[shapes.length];
            for (int i = 0; i < in.length; i++) {
                in[i] = tensor(i, values[i], shapes[i]);
            }
            return in;
        }

        /** The bits of the result on these values, and of the gradients of the sum of its squares. */
        public List<int[]> bits(int[][] shapes, float[][] values) {
            List<int[]> all = new ArrayList<>();
            try (Pass pass = Pass.grad()) {
                Tensor[] x = tensors(shapes, values);
                for (int i = 0; i < x.length; i++) {
                    if (differentiable(i)) {
                        x[i] = pass.watch(x[i]);
                    }
                }
                Tensor y = run(x);
                all.add(bits(y));
                if (differentiable(0)) {
                    pass.backward(y.square().sum());
                    for (int i = 0; i < x.length; i++) {
                        if (differentiable(i)) {
                            all.add(bits(pass.gradient(x[i])));
                        }
                    }
                }
            }
            return all;
        }

        private static int[] bits(Tensor t) {
            if (t.dtype().isWhole()) {
                return t.toIntArray();
            }
            float[] values = t.to(DType.F32).toArray();
            int[] bits = new int[values.length];
            for (int i = 0; i < bits.length; i++) {
                bits[i] = Float.floatToRawIntBits(values[i]);
            }
            return bits;
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static final List<Row> ROWS = new ArrayList<>();
    /** That of the rows that follow. */
    private static String section = "";

    private OpTable() {}

    /** Every row. */
    public static List<Row> rows() {
        return List.copyOf(ROWS);
    }

    /** The rows that are tried above the threading threshold. */
    static List<Row> threaded() {
        return ROWS.stream().filter(r -> !r.large.isEmpty()).toList();
    }

    /** The rows that either backend may compute. */
    static List<Row> products() {
        return ROWS.stream().filter(Row::isProduct).toList();
    }

    /** The rows that refuse something. */
    static List<Row> refusing() {
        return ROWS.stream().filter(r -> !r.refuses.isEmpty()).toList();
    }

    private static Row row(String name, Object... covers) {
        Row r = new Row(name, covers);
        ROWS.add(r);
        return r;
    }

    private static int[] s(int... dims) {
        return dims;
    }

    private static Tensor t(int... dims) {
        return Tensor.zeros(dims);
    }

    // ---- elementwise, one input

    /** What {@link #unary} was told of a row, for the epilogues that fuse it. */
    private record Formula(Activation op, DoubleUnaryOperator reference) {}

    private static final Set<Unary> STEEP =
            Set.of(Unary.SIN, Unary.COS, Unary.TAN, Unary.SINH, Unary.COSH, Unary.ATANH);

    /** Not a number, or without a slope, where a sum leaves their range. */
    private static final Set<Unary> BOUNDED = Set.of(Unary.ASIN, Unary.ACOS, Unary.ACOSH);

    private static final Map<Unary, Formula> UNARY = new EnumMap<>(Unary.class);

    private static Row unary(Unary row, String method, Function<Tensor, Tensor> f, DoubleUnaryOperator reference) {
        return unary(row.op(), method, f, reference);
    }

    private static Row unary(Activation op, String method, Function<Tensor, Tensor> f, DoubleUnaryOperator reference) {
        String name = op.label();
        UNARY.put(op.row(), new Formula(op, reference));
        Row r = row(name, op.row(), Activation.class, method)
                .sized(n -> new int[][] {{n}})
                .sample(s())
                .sample(s(0))
                .sample(s(2, 3, 5))
                .large(s(400_003))
                .f(x -> f.apply(x[0]))
                .is(x -> x[0].map(reference))
                .refuses(
                        name + ": x [2] is U8 but must be F32; convert it with to(DType.F32)",
                        () -> f.apply(Tensor.ofBytes(ByteBuffer.allocate(2), 2)));
        return op.differentiable() ? r : r.constant();
    }

    /** A row of a function with a parameter. */
    private static Row unary(
            Unary row, float p, String method, Function<Tensor, Tensor> f, DoubleUnaryOperator reference) {
        return unary(new Activation(row, p, 0), method, f, reference);
    }

    static {
        section = "Elementwise, of one input";
        unary(Unary.RELU, "relu()", Tensor::relu, x -> x < 0 ? 0 : x);
        unary(Unary.SIGMOID, "sigmoid()", Tensor::sigmoid, Doubles::sigmoid).range(-8, 8);
        unary(Unary.TANH, "tanh()", Tensor::tanh, Math::tanh).range(-4, 4);
        unary(Unary.EXP, "exp()", Tensor::exp, Math::exp).range(-6, 3);
        unary(Unary.LOG, "log()", Tensor::log, Math::log).range(0.1, 9);
        unary(Unary.SQUARE, "square()", Tensor::square, x -> x * x);
        unary(Unary.SQRT, "sqrt()", Tensor::sqrt, Math::sqrt).range(0.1, 9);
        unary(Unary.NEG, "neg()", Tensor::neg, x -> -x);
        unary(Unary.GELU, "gelu()", Tensor::gelu, Doubles::gelu).range(-5, 5).tolerance(2e-6, 1e-38);
        unary(Unary.ELU, 0.7f, "elu(float)", x -> x.elu(0.7f), x -> x > 0 ? x : 0.7f * Math.expm1(x))
                .refuses("elu: alpha=-1.0; alpha must be a number and not negative", () -> t(2).elu(-1))
                .refuses("elu: alpha=NaN; alpha must be a number and not negative", () -> t(2).elu(Float.NaN))
                .refuses(
                        IllegalStateException.class,
                        "elu has 1 parameter; give them with new Activation(row, p0, p1)",
                        () -> Pass.call(Unary.ELU.op(), t(2)));
        unary(
                        new Activation(Unary.CLAMP, -1, 1.5f),
                        "clamp(double,double)",
                        x -> x.clamp(-1, 1.5f),
                        x -> x < -1 ? -1 : x > 1.5 ? 1.5 : x)
                .refuses("clamp: lo=2.0 and hi=1.0; lo must not be above hi", () -> t(2).clamp(2, 1))
                .refuses("clamp: lo=NaN and hi=1.0; lo must not be above hi", () -> t(2).clamp(Float.NaN, 1));
        unary(Unary.ABS, "abs()", Tensor::abs, Math::abs);
        unary(Unary.RSQRT, "rsqrt()", Tensor::rsqrt, x -> 1 / Math.sqrt(x)).range(0.1, 9);
        unary(Unary.RECIPROCAL, "reciprocal()", Tensor::reciprocal, x -> 1 / x).range(0.2, 3);
        unary(Unary.LOG1P, "log1p()", Tensor::log1p, Math::log1p).range(-0.9, 9);
        unary(Unary.EXPM1, "expm1()", Tensor::expm1, Math::expm1).range(-6, 3);
        unary(Unary.SOFTPLUS, 2, "softplus(float)", x -> x.softplus(2), x -> Doubles.softplus(2 * x) / 2)
                .range(-8, 8)
                .refuses("softplus: beta=0.0; beta must be above 0 and finite", () -> t(2).softplus(0));
        withNumber("softplus()", Tensor::softplus, Doubles::softplus).range(-8, 8);
        unary(Unary.SWISH, 1.5f, "swish(float)", x -> x.swish(1.5f), x -> Doubles.swish(x, 1.5))
                .range(-8, 8)
                .tolerance(2e-6, 1e-38)
                .refuses("swish: beta=-1.0; beta must be above 0 and finite", () -> t(2).swish(-1));
        unary(Unary.GELU_TANH, "geluTanh()", Tensor::geluTanh, Doubles::geluTanh)
                .range(-5, 5)
                .tolerance(4e-6, 1e-38);
        unary(Unary.MISH, "mish()", Tensor::mish, Doubles::mish).range(-8, 8);
        unary(Unary.SELU, "selu()", Tensor::selu, Doubles::selu).range(-8, 8);
        unary(Unary.CELU, 0.7f, "celu(float)", x -> x.celu(0.7f), x -> x > 0 ? x : 0.7f * Math.expm1(x / 0.7f))
                .refuses("celu: alpha=0.0; alpha must be above 0 and finite", () -> t(2).celu(0))
                .refuses("celu: alpha=NaN; alpha must be above 0 and finite", () -> t(2).celu(Float.NaN));
        unary(Unary.HARD_SIGMOID, "hardSigmoid()", Tensor::hardSigmoid, Doubles::hardSigmoid)
                .range(-5, 5);
        unary(Unary.HARD_SWISH, "hardSwish()", Tensor::hardSwish, Doubles::hardSwish)
                .range(-5, 5);
        unary(Unary.SOFTSIGN, "softsign()", Tensor::softsign, Doubles::softsign).range(-8, 8);
        unary(Unary.STEP, "step()", Tensor::step, Doubles::step);
        // its gradient is not its derivative, so it is not fused below; what is left of it here is x, whose gradient is
        // 1 up to the limit
        row("straight_through", Unary.STRAIGHT_THROUGH, "straightThrough(float)")
                .sized(n -> new int[][] {{n}})
                .sample(s(2, 3, 5))
                .large(s(400_003))
                .f(x -> x[0].straightThrough(9).sub(x[0].step()).add(x[0].detach()))
                .is(x -> x[0].map(value -> value))
                .refuses(
                        "straight_through: limit=0.0; limit must be above 0, or infinite",
                        () -> t(2).straightThrough(0));
        withNumber("relu6()", Tensor::relu6, x -> Math.max(0, Math.min(6, x))).range(-3, 9);
        withNumber("hardTanh()", Tensor::hardTanh, x -> Math.max(-1, Math.min(1, x)));
        unary(Unary.SILU, "silu()", Tensor::silu, Doubles::silu).range(-8, 8);
        unary(Unary.LEAKY_RELU, 0.1f, "leakyRelu(float)", x -> x.leakyRelu(0.1f), x -> x < 0 ? 0.1f * x : x)
                .refuses("leaky_relu: slope=-1.0; slope must be a number and not negative", () -> t(2).leakyRelu(-1));
        unary(Unary.SIN, "sin()", Tensor::sin, Math::sin).range(-9, 9);
        unary(Unary.COS, "cos()", Tensor::cos, Math::cos).range(-9, 9);
        unary(Unary.ERF, "erf()", Tensor::erf, Doubles::erf);
        unary(Unary.SIGN, "sign()", Tensor::sign, Math::signum);
        unary(Unary.FLOOR, "floor()", Tensor::floor, Math::floor);
        unary(Unary.CEIL, "ceil()", Tensor::ceil, Math::ceil);
        unary(Unary.TAN, "tan()", Tensor::tan, Math::tan).range(-1.2, 1.2).tolerance(4.8e-7, 1e-38);
        unary(Unary.ASIN, "asin()", Tensor::asin, Math::asin).range(-0.9, 0.9);
        unary(Unary.ACOS, "acos()", Tensor::acos, Math::acos).range(-0.9, 0.9);
        unary(Unary.ATAN, "atan()", Tensor::atan, Math::atan);
        unary(Unary.SINH, "sinh()", Tensor::sinh, Math::sinh);
        unary(Unary.COSH, "cosh()", Tensor::cosh, Math::cosh);
        unary(Unary.ASINH, "asinh()", Tensor::asinh, Doubles::asinh);
        unary(
                        Unary.ACOSH,
                        "acosh()",
                        Tensor::acosh,
                        x -> x < 1 ? Double.NaN : Math.log(x + Math.sqrt((x - 1) * (x + 1))))
                .range(1.1, 9);
        unary(Unary.ATANH, "atanh()", Tensor::atanh, x -> 0.5 * (Math.log1p(x) - Math.log1p(-x)))
                .range(-0.9, 0.9);
        row("isNan()", "isNan()")
                .sized(n -> new int[][] {{n}})
                .constant()
                .f(x -> x[0].log().isNan())
                .is(x -> x[0].map(v -> flag(v < 0 || v != v)));
        row("isInf()", "isInf()")
                .sized(n -> new int[][] {{n}})
                .constant()
                .f(x -> x[0].floor().reciprocal().isInf())
                .is(x -> x[0].map(v -> flag(Math.floor(v) == 0)));
        unary(Unary.ROUND, "round()", Tensor::round, Math::rint);
        unary(Unary.ADD_SCALAR, 2.5f, "add(double)", x -> x.add(2.5f), x -> x + 2.5);
        unary(Unary.MUL_SCALAR, 2.5f, "mul(double)", x -> x.mul(2.5f), x -> x * 2.5);
        unary(Unary.DIV_SCALAR, 2.5f, "div(double)", x -> x.div(2.5f), x -> x / 2.5);
        unary(Unary.RSUB_SCALAR, 2.5f, "rsub(double)", x -> x.rsub(2.5f), x -> 2.5 - x);
        unary(
                        Unary.HUBER,
                        1.25f,
                        "huber(float)",
                        x -> x.huber(1.25f),
                        x -> Math.abs(x) > 1.25 ? 1.25 * (Math.abs(x) - 0.625) : x * x / 2)
                .refuses("huber: delta=0.0; delta must be above 0", () -> t(2).huber(0))
                .refuses("huber: delta=NaN; delta must be above 0", () -> t(2).huber(Float.NaN));
        unary(Unary.LOG_COSH, "logCosh()", Tensor::logCosh, Doubles::logCosh);
    }

    // ---- elementwise, two inputs

    private static Row binary(Binary row, String method, DoubleBinaryOperator reference) {
        String name = row.label();
        Row r = row(row == Binary.SWISH ? "swish of two" : name, row, method) // there is one of one input
                .sized(n -> new int[][] {{n}, {n}})
                .sample(s(0), s(0))
                .sample(s(), s()) // scalars
                .sample(s(3, 5), s()) // a scalar on either side
                .sample(s(), s(3, 5))
                .sample(s(4, 17), s(17)) // a row
                .sample(s(17), s(4, 17))
                .sample(s(4, 17), s(4, 1)) // a column
                .sample(s(4, 1), s(4, 17))
                .sample(s(4, 1), s(5)) // both stretch
                .sample(s(3, 1, 5), s(1, 4, 1))
                .sample(s(2, 3, 4, 5), s(3, 1, 5))
                .sample(s(2, 1, 3, 1, 2, 1), s(1, 2, 1, 3, 1, 5))
                .sample(s(1, 1), s(1))
                .sample(s(0, 3), s(1, 3))
                .sample(s(1), s(0))
                .large(s(400_003), s(400_003))
                .large(s(700, 601), s(601))
                .large(s(700, 601), s(700, 1))
                .large(s(400_003), s())
                .large(s(90, 1, 71), s(1, 67, 1))
                .f(x -> Pass.apply(row, x[0], x[1]))
                .is(x -> x[0].zip(x[1], reference))
                .refuses(
                        name
                                + ": a [2, 3] and b [2, 4] do not broadcast: a.dim(1)=3 but b.dim(1)=4; make them"
                                + " equal or one of them 1",
                        () -> Pass.apply(row, t(2, 3), t(2, 4)))
                .refuses(
                        name
                                + ": a [5] and b [4, 3, 2] do not broadcast: a.dim(0)=5 but b.dim(2)=2; make them"
                                + " equal or one of them 1",
                        () -> Pass.apply(row, t(5), t(4, 3, 2)))
                .refuses(
                        name
                                + (Binary.INTEGERS.contains(row)
                                        ? ": a [2] is F32 but b [2] is I32; convert b with to(DType.F32)"
                                        : ": input 1 [2] is I32 but must be F32; convert it with to(DType.F32)"),
                        () -> Pass.apply(row, t(2), Tensor.ofInts(new int[2], 2)));
        return row.differentiable() ? r : r.constant();
    }

    private static Row withNumber(String method, Function<Tensor, Tensor> f, DoubleUnaryOperator reference) {
        return row(method, method)
                .sized(n -> new int[][] {{n}})
                .f(x -> f.apply(x[0]))
                .is(x -> x[0].map(reference));
    }

    /** With the sign of b, as Python's {@code %}. */
    private static double mod(double a, double b) {
        double r = a % b;
        return r != 0 && r < 0 != b < 0 ? r + b : r;
    }

    private static double flag(boolean holds) {
        return holds ? 1 : 0;
    }

    static {
        section = "Elementwise, of two inputs";
        binary(Binary.ADD, "add(Tensor)", (a, b) -> a + b);
        binary(Binary.SUB, "sub(Tensor)", (a, b) -> a - b);
        binary(Binary.MUL, "mul(Tensor)", (a, b) -> a * b);
        binary(Binary.DIV, "div(Tensor)", (a, b) -> a / b).range(1, 0.5, 3);
        binary(
                        Binary.BCE_LOGITS,
                        "bceWithLogits(Tensor)",
                        (a, b) -> Math.max(a, 0) - a * b + Math.log1p(Math.exp(-Math.abs(a))))
                .range(0, -6, 6)
                .range(1, 0, 1)
                .tolerance(2e-6, 1e-6);
        binary(Binary.MAX, "max(Tensor)", Math::max);
        binary(Binary.MIN, "min(Tensor)", Math::min);
        binary(Binary.POW, "pow(Tensor)", Math::pow).range(0, 0.3, 3);
        binary(Binary.MOD, "mod(Tensor)", OpTable::mod).range(1, 0.5, 3).tolerance(1e-6, 1e-6);
        binary(Binary.FMOD, "fmod(Tensor)", (a, b) -> a % b).range(1, -3, -0.5);
        binary(Binary.PRELU, "prelu(Tensor)", (a, b) -> a > 0 ? a : b * a);
        binary(Binary.SWISH, "swish(Tensor)", Doubles::swish).tolerance(4e-6, 1e-38);
        binary(Binary.GT, "gt(Tensor)", (a, b) -> flag(a > b));
        binary(Binary.GE, "ge(Tensor)", (a, b) -> flag(a >= b));
        binary(Binary.LT, "lt(Tensor)", (a, b) -> flag(a < b));
        binary(Binary.LE, "le(Tensor)", (a, b) -> flag(a <= b));
        binary(Binary.EQ, "eq(Tensor)", (a, b) -> flag(a == b));
        binary(Binary.NE, "ne(Tensor)", (a, b) -> flag(a != b));
        withNumber("sub(double)", x -> x.sub(2.5f), x -> x - 2.5);
        withNumber("pow(double)", x -> x.pow(1.5f), x -> Math.pow(x, 1.5)).range(0.3, 3);
        withNumber("mod(double)", x -> x.mod(-0.75), x -> mod(x, -0.75)).tolerance(1e-6, 1e-6);
        withNumber("fmod(double)", x -> x.fmod(0.75), x -> x % 0.75);
        withNumber("gt(double)", x -> x.gt(0.5f), x -> flag(x > 0.5)).constant();
        withNumber("ge(double)", x -> x.ge(0.5f), x -> flag(x >= 0.5)).constant();
        withNumber("lt(double)", x -> x.lt(0.5f), x -> flag(x < 0.5)).constant();
        withNumber("le(double)", x -> x.le(0.5f), x -> flag(x <= 0.5)).constant();
        withNumber("eq(double)", x -> x.eq(0), x -> flag(x == 0)).constant();
        withNumber("ne(double)", x -> x.ne(0), x -> flag(x != 0)).constant();
    }

    // ---- integers, masks and conversions

    private static Row integer(Binary row, String method, DoubleBinaryOperator reference) {
        return row(row.label() + " of I32", row, method)
                .numbers(0, Numbers.INTS)
                .numbers(1, Numbers.INTS)
                .range(-9, 9)
                .sized(n -> new int[][] {{n}, {n}})
                .sample(s(3, 5), s())
                .sample(s(17), s(4, 17))
                .sample(s(4, 1), s(5))
                .sample(s(3, 1, 5), s(1, 4, 1))
                .sample(s(0), s(1))
                .range(1, 1, 9) // a quotient's divisor is not 0
                .large(s(400_003), s(400_003))
                .constant()
                .f(x -> Pass.apply(row, x[0], x[1]))
                .is(x -> x[0].zip(x[1], reference))
                .refuses(
                        row.label()
                                + (row.ofBits()
                                        ? ": input 1 [2] is F32 but must be I32; make it with Tensor.ofInts, or"
                                                + " convert it with to(DType.I32)"
                                        : ": a [2] is I32 but b [2] is F32; convert a with to(DType.F32)"),
                        () -> Pass.apply(row, Tensor.ofInts(new int[2], 2), t(2)));
    }

    private static Row cast(Numbers from, DType to) {
        return row("cast " + from.type + " to " + to, CastOp.class, "to(DType)")
                .numbers(0, from)
                .range(-400, 600)
                .sized(n -> new int[][] {{n}})
                .sample(s())
                .sample(s(0))
                .sample(s(2, 3, 5))
                .large(s(1_000_003))
                .constant()
                .f(x -> x[0].to(to))
                .is(x -> x[0].map(v -> switch (to) {
                    case F32 -> v;
                    case I32 -> (int) v;
                    case U8 -> Math.max(0, Math.min(255, (int) v));
                    case I8 -> Math.max(-128, Math.min(127, (int) v));
                    case F16 -> nearest(v, 11, 16);
                    case BF16 -> nearest(v, 8, 128);
                }));
    }

    /**
     * The nearest number of so many binary digits, of which the first is below 2^top; IEEE 754 has the least of them.
     */
    private static double nearest(double v, int digits, int top) {
        double unit = Math.scalb(1.0, Math.max(Math.getExponent(v), 2 - top) + 1 - digits);
        double y = Math.rint(v / unit) * unit;
        return Math.abs(y) < Math.scalb(1.0, top) ? y : y * Double.POSITIVE_INFINITY;
    }

    static {
        section = "Integers, masks and conversions";
        integer(Binary.ADD, "add(Tensor)", (a, b) -> a + b);
        integer(Binary.SUB, "sub(Tensor)", (a, b) -> a - b);
        integer(Binary.MUL, "mul(Tensor)", (a, b) -> a * b);
        integer(Binary.DIV, "div(Tensor)", (a, b) -> (int) (a / b));
        integer(Binary.MAX, "max(Tensor)", Math::max);
        integer(Binary.MIN, "min(Tensor)", Math::min);
        integer(Binary.POW, "pow(Tensor)", (a, b) -> a == 0 && b < 0 ? 0 : (int) Math.pow(a, b))
                .range(-7, 7)
                .range(1, -3, 9);
        integer(Binary.MOD, "mod(Tensor)", (a, b) -> Math.floorMod((int) a, (int) b));
        integer(Binary.FMOD, "fmod(Tensor)", (a, b) -> a % b)
                .range(1, -9, -1)
                .refuses(
                        "fmod: element 0 of b is 0, and no integer is divided by 0; give another divisor there, or"
                                + " convert both to F32",
                        () -> Tensor.ofInts(new int[2], 2).fmod(0));
        integer(Binary.BIT_AND, "bitAnd(Tensor)", (a, b) -> (int) a & (int) b);
        integer(Binary.BIT_OR, "bitOr(Tensor)", (a, b) -> (int) a | (int) b);
        integer(Binary.BIT_XOR, "bitXor(Tensor)", (a, b) -> (int) a ^ (int) b);
        integer(Binary.SHIFT_LEFT, "shiftLeft(Tensor)", (a, b) -> (int) a << (int) b);
        integer(Binary.SHIFT_RIGHT, "shiftRight(Tensor)", (a, b) -> (int) a >> (int) b);
        row("bit_not", "bitNot()")
                .numbers(0, Numbers.INTS)
                .sized(n -> new int[][] {{n}})
                .constant()
                .f(x -> x[0].bitNot())
                .is(x -> x[0].map(v -> ~(int) v))
                .refuses(
                        "bit_xor: x [2] is F32 but must be I32; make it with Tensor.ofInts, or convert it with"
                                + " to(DType.I32)",
                        () -> t(2).bitNot());
        row("I32 with numbers")
                .numbers(0, Numbers.INTS)
                .range(-20, 20)
                .sized(n -> new int[][] {{n}})
                .sample(s())
                .sample(s(0))
                .sample(s(2, 3, 5))
                .constant()
                .f(x -> x[0].add(3)
                        .mul(-2)
                        .sub(1)
                        .rsub(7)
                        .div(3)
                        .clamp(-9, 11)
                        .neg()
                        .abs()
                        .add(x[0].gt(2).to(DType.I32)))
                .is(x -> x[0].map(v -> {
                    double quotient = (int) ((7 - ((v + 3) * -2 - 1)) / 3);
                    return Math.abs(Math.max(-9, Math.min(11, quotient))) + flag(v > 2);
                }))
                .refuses(
                        "mul: x [2] is I32 but 2.5 is no whole number of 32 bits; give one, or convert x with"
                                + " to(DType.F32)",
                        () -> Tensor.ofInts(new int[2], 2).mul(2.5))
                .refuses(
                        "div: element 0 of b is 0, and no integer is divided by 0; give another divisor there, or"
                                + " convert both to F32",
                        () -> Tensor.ofInts(new int[2], 2).div(0))
                .refuses(
                        "div: element 2 of b is 0, and no integer is divided by 0; give another divisor there, or"
                                + " convert both to F32",
                        () -> Tensor.ofInts(new int[6], 2, 3).div(Tensor.ofInts(new int[] {1, 2, 0}, 3)))
                .refuses(
                        "mean: x [2] is I32 but must be F32; convert it with to(DType.F32)",
                        () -> Tensor.ofInts(new int[2], 2).mean())
                .refuses(
                        "sum: x [2] is U8 but must be F32 or I32; convert it with to(DType.F32)",
                        () -> Tensor.ofBytes(ByteBuffer.allocate(2), 2).sum())
                .refuses(
                        "mean: x [2] is F16 but must be F32; convert it with to(DType.F32)",
                        () -> Tensor.ofFloat16(new short[2], 2).mean())
                .refuses(
                        "sum: x [2] is BF16 but must be F32 or I32; convert it with to(DType.F32)",
                        () -> Tensor.ofBfloat16(new short[2], 2).sum())
                .refuses(
                        "add: x [2] is I8 but must be F32 or I32; convert it with to(DType.F32)",
                        () -> Tensor.ofInt8(new byte[2], 2).add(Tensor.ofFloat16(new short[2], 2)))
                .refuses(
                        "add: a [2] is F16 but b [2] is I32; convert a with to(DType.I32)",
                        () -> Tensor.ofFloat16(new short[2], 2).add(Tensor.ofInts(new int[2], 2)));
        integer(Binary.GT, "gt(Tensor)", (a, b) -> flag(a > b));
        integer(Binary.GE, "ge(Tensor)", (a, b) -> flag(a >= b));
        integer(Binary.LT, "lt(Tensor)", (a, b) -> flag(a < b));
        integer(Binary.LE, "le(Tensor)", (a, b) -> flag(a <= b));
        integer(Binary.EQ, "eq(Tensor)", (a, b) -> flag(a == b));
        integer(Binary.NE, "ne(Tensor)", (a, b) -> flag(a != b));
        for (Numbers from : List.of(
                Numbers.FLOATS, Numbers.INTS, Numbers.BYTES, Numbers.SIGNED_BYTES, Numbers.HALVES, Numbers.BFLOATS)) {
            Arrays.stream(DType.values()).filter(to -> to != from.type).forEach(to -> cast(from, to));
        }
        row("one_hot", OneHotOp.class, "oneHot(int)")
                .numbers(0, Numbers.INTS)
                .range(0, 6)
                .sized(n -> new int[][] {{n}})
                .sample(s())
                .sample(s(0))
                .sample(s(2, 3))
                .large(s(300_000))
                .constant()
                .f(x -> x[0].oneHot(7))
                .is(x -> {
                    double[] y = new double[7 * x[0].v().length];
                    for (int i = 0; i < x[0].v().length; i++) {
                        y[7 * i + (int) x[0].v()[i]] = 1;
                    }
                    int[] dims = Arrays.copyOf(x[0].dims(), x[0].dims().length + 1);
                    dims[dims.length - 1] = 7;
                    return new Doubles(y, dims);
                })
                .refuses(
                        "one_hot: label 3 at row 1 is outside [0, 3): labels are class numbers, one less than the"
                                + " logits' last dimension at most",
                        () -> Tensor.ofInts(new int[] {0, 3}, 2).oneHot(3))
                .refuses(
                        "one_hot: classes=0; give at least one class",
                        () -> Tensor.ofInts(new int[2], 2).oneHot(0));
        row("where", WhereOp.class, "where(Tensor,Tensor)") // a, b, mask
                .numbers(2, Numbers.MASK)
                .sized(n -> new int[][] {{n}, {n}, {n}})
                .sample(s(), s(), s())
                .sample(s(3, 5), s(), s(3, 5))
                .sample(s(), s(5), s(3, 1))
                .sample(s(4, 1), s(1, 17), s(4, 17))
                .sample(s(2, 1, 3), s(4, 1), s(2, 1, 1))
                .sample(s(0), s(1), s(0))
                .large(s(400_003), s(400_003), s(400_003))
                .large(s(700, 601), s(), s(601))
                .f(x -> x[2].where(x[0], x[1]))
                .is(x -> {
                    // the mask and one operand each, then whichever was chosen; stretched by adding zeros of all three
                    Doubles zero =
                            x[0].map(v -> 0).zip(x[1].map(v -> 0), Double::sum).zip(x[2].map(v -> 0), Double::sum);
                    Doubles mask = zero.zip(x[2], (z, m) -> m);
                    double[] a = zero.zip(x[0], (z, v) -> v).v();
                    double[] y = zero.zip(x[1], (z, v) -> v).v();
                    for (int i = 0; i < y.length; i++) {
                        y[i] = mask.v()[i] != 0 ? a[i] : y[i];
                    }
                    return new Doubles(y, mask.dims());
                })
                .refuses(
                        "where: a [3] and b [2] do not broadcast: a.dim(0)=3 but b.dim(0)=2; make them equal or one of"
                                + " them 1",
                        () -> t().where(t(3), t(2)))
                .refuses(
                        "where: a [2] is F32 but b [2] is I32; both must be F32 or both I32, so convert them with"
                                + " to(DType)",
                        () -> t().where(t(2), Tensor.ofInts(new int[2], 2)))
                .refuses(
                        "where: a [2] and b [2] are U8 but must be F32 or I32; convert them with to(DType.F32)",
                        () -> t().where(t(2).to(DType.U8), t(2).to(DType.U8)));
        row("maskedFill", "maskedFill(Tensor,double)")
                .numbers(1, Numbers.MASK)
                .sized(n -> new int[][] {{n}, {n}})
                .sample(s(3, 5), s(5))
                .sample(s(5), s(3, 1))
                .large(s(400_003), s(400_003))
                .f(x -> x[0].maskedFill(x[1], -7.5f))
                .is(x -> x[1].zip(x[0], (m, v) -> m != 0 ? -7.5 : v));
    }

    // ---- products

    private static final String EINSUM = "einsum(String,Tensor[])";

    private static Row einsum(String equation) {
        return row("einsum " + equation, EINSUM)
                .product()
                .range(-1, 1)
                .f(x -> Tensor.einsum(equation, x))
                .is(x -> Doubles.einsum(equation.replace(" ", ""), x));
    }

    /** With an ellipsis, and the equation that says the same of operands reshaped, where a shape is not empty. */
    private static Row ellipsis(String equation, String letters, int[]... shapes) {
        return row("einsum " + equation + (shapes[0].length > 0 ? " " + Arrays.toString(shapes[0]) : ""), EINSUM)
                .product()
                .range(-1, 1)
                .f(x -> Tensor.einsum(equation, x))
                .is(x -> {
                    Doubles[] in = x.clone();
                    for (int t = 0; t < x.length; t++) {
                        int[] dims = shapes[t].clone();
                        int known = Arrays.stream(dims).filter(d -> d > 0).reduce(1, (a, b) -> a * b);
                        int size = x[t].v().length;
                        Arrays.setAll(dims, i -> dims[i] < 0 ? size / known : dims[i]);
                        in[t] = dims.length == 0 ? x[t] : x[t].reshape(dims);
                    }
                    return Doubles.einsum(letters, in);
                });
    }

    /**
     * Which optional inputs a row's tensors hold behind those that an op must have, and how the op ends.
     *
     * @param bias whether there is one
     * @param residual whether there is one, the last
     * @param activation act, or null
     */
    record Ends(boolean bias, boolean residual, Activation activation) {
        /**
         * The tensors in the places of an op that has {@code front} places before the bias, of which the last ones may
         * be left out.
         */
        Tensor[] places(int front, Tensor... x) {
            Tensor[] in = new Tensor[front + 2];
            int own = x.length - (bias ? 1 : 0) - (residual ? 1 : 0);
            System.arraycopy(x, 0, in, 0, own);
            in[front] = bias ? x[own] : null;
            in[front + 1] = residual ? x[x.length - 1] : null;
            return in;
        }
    }

    /** A convolution of a row. */
    record Conv(Window window, int groups, Ends end) {
        ConvOp op() {
            return new ConvOp(window, groups, end.activation);
        }

        Tensor of(Tensor... x) {
            Tensor[] in = end.places(2, x);
            return window.rank() == 3 ? Compositions.volumes(op(), in[0], in[1], in[2], in[3]) : Pass.apply(op(), in);
        }
    }

    /** A normalization of a row, with gamma or without. */
    record Norm(NormOp.Over over, int count, boolean gamma, float epsilon, Ends end) {
        NormOp op() {
            return new NormOp(over, count, epsilon, end.residual, end.activation);
        }

        Tensor of(Tensor... x) {
            Tensor[] in = new Tensor[6];
            int at = 0;
            for (int i = 0; i < in.length; i++) {
                boolean there = i < 1
                        || i < 3 && over == NormOp.Over.GIVEN
                        || i == 3 && gamma
                        || i == 4 && end.bias
                        || i == 5 && end.residual;
                in[i] = there ? x[at++] : null;
            }
            return Pass.apply(op(), in);
        }
    }

    /** y = act((x W^T + b) + residual) from x, W and what there is of b and residual. */
    private static Row linear(String name, boolean bias, boolean residual, Activation act) {
        DoubleUnaryOperator g = act == null ? x -> x : UNARY.get(act.row()).reference();
        Row r = row(name, LinearOp.class)
                .product()
                .f(x -> x[0].linear(x[1], bias ? x[2] : null, residual ? x[x.length - 1] : null, act))
                .is(x -> {
                    Doubles y = x[0].matmul(x[1].transposed());
                    y = bias ? y.zip(x[2], Double::sum) : y;
                    return (residual ? y.zip(x[x.length - 1], Double::sum) : y).map(g);
                })
                .sized(n -> operands(bias, residual, 3, n, 5))
                .sample(operands(bias, residual, 13, 17, 67))
                .sample(operands(bias, residual, 1, 65, 33))
                .sample(operands(bias, residual, 0, 3, 2))
                .large(operands(bias, residual, 128, 300, 260))
                .large(operands(bias, residual, 1, 1500, 1300));
        if (act == null) {
            return r.range(-1, 1);
        }
        Unary row = act.row();
        if (row == Unary.EXP || row == Unary.EXPM1) {
            r.tolerance(2e-5, 2e-5); // an error of the sum becomes a relative one of its exponential
        }
        boolean positive = List.of(Unary.LOG, Unary.SQRT, Unary.RSQRT, Unary.RECIPROCAL, Unary.LOG1P)
                .contains(row);
        r.range(positive ? 0.2 : -1, 1);
        return act.differentiable() ? r : r.constant();
    }

    /** a [.., m, k] and b [.., k, n], or [.., n, k]. */
    private static int[][] batched(boolean transposed, int m, int k, int n, int[] a, int[] b) {
        int[] left = Arrays.copyOf(a, a.length + 2);
        int[] right = Arrays.copyOf(b, b.length + 2);
        left[a.length] = m;
        left[a.length + 1] = k;
        right[b.length] = transposed ? n : k;
        right[b.length + 1] = transposed ? k : n;
        return new int[][] {left, right};
    }

    private static int[][] operands(boolean bias, boolean residual, int m, int k, int n) {
        List<int[]> shapes = new ArrayList<>(List.of(s(m, k), s(n, k)));
        if (bias) {
            shapes.add(s(n));
        }
        if (residual) {
            shapes.add(s(m, n));
        }
        return shapes.toArray(new int[0][]);
    }

    static {
        section = "Products";
        row("matmul", MatmulOp.class, "matmul(Tensor)")
                .product()
                .range(-1, 1)
                .sized(n -> new int[][] {{3, n}, {n, 5}})
                .sample(s(13, 17), s(17, 67))
                .sample(s(65, 3), s(3, 33))
                .sample(s(2, 3, 4), s(4, 5))
                .sample(s(7), s(7, 3))
                .sample(s(0, 3), s(3, 2))
                .sample(s(2, 0), s(0, 3))
                .large(s(131, 300), s(300, 260))
                .large(s(1, 1500), s(1500, 1300))
                .large(s(70_000, 8), s(8, 5))
                .f(x -> x[0].matmul(x[1]))
                .is(x -> x[0].matmul(x[1]))
                .refuses(
                        "matmul: a [2, 3] and b [4, 5] disagree: a.dim(1)=3 but b.dim(0)=4; they must be equal",
                        () -> t(2, 3).matmul(t(4, 5)))
                .refuses(
                        "matmul: a [2, 3] and b [3] cannot be multiplied: b needs two dimensions or more, and a one, "
                                + "or two if b has more than two; reshape them",
                        () -> t(2, 3).matmul(t(3)));
        row("matmul_transposed", MatmulOp.class, "matmulTransposed(Tensor)")
                .product()
                .range(-1, 1)
                .sized(n -> new int[][] {{3, n}, {5, n}})
                .sample(s(13, 17), s(67, 17))
                .sample(s(2, 3, 4), s(5, 4))
                .sample(s(7), s(3, 7))
                .sample(s(0, 3), s(2, 3))
                .large(s(131, 300), s(260, 300))
                .f(x -> x[0].matmulTransposed(x[1]))
                .is(x -> x[0].matmul(x[1].transposed()))
                .refuses(
                        "matmul_transposed: a [2, 3] and b [3, 4] disagree: a.dim(1)=3 but b.dim(1)=4; they must be"
                                + " equal",
                        () -> t(2, 3).matmulTransposed(t(3, 4)));
        for (boolean transposed : new boolean[] {false, true}) {
            String name = transposed ? "matmul_transposed" : "matmul";
            IntFunction<int[][]> products =
                    n -> transposed ? new int[][] {{2, 3, n}, {2, 5, n}} : new int[][] {{2, 3, n}, {2, n, 5}};
            row(name + " in batches")
                    .product()
                    .range(-1, 1)
                    .sized(products)
                    .sample(batched(transposed, 4, 3, 6, s(2, 3), s(2, 3)))
                    .sample(batched(transposed, 4, 3, 6, s(2, 1), s(1, 3))) // both stretch
                    .sample(batched(transposed, 4, 17, 6, s(), s(5)))
                    .sample(batched(transposed, 1, 17, 6, s(5), s(1)))
                    .sample(batched(transposed, 2, 3, 4, s(3), s(2, 1)))
                    .sample(batched(transposed, 2, 1, 3, s(2, 2, 2, 2), s(2, 1, 2, 1)))
                    .sample(batched(transposed, 2, 3, 4, s(0), s(1)))
                    .sample(batched(transposed, 2, 0, 4, s(2), s(2)))
                    .large(batched(transposed, 60, 30, 40, s(8, 12), s(8, 12)))
                    .large(batched(transposed, 300, 301, 290, s(2), s(2)))
                    .f(x -> transposed ? x[0].matmulTransposed(x[1]) : x[0].matmul(x[1]))
                    .is(x -> x[0].matmuls(x[1], transposed))
                    .refuses(
                            name
                                    + ": a [2, 1, 4, 5] and b [3, 3, 5, 5] do not broadcast: a.dim(0)=2 but"
                                    + " b.dim(0)=3; make them equal or one of them 1",
                            () -> transposed
                                    ? t(2, 1, 4, 5).matmulTransposed(t(3, 3, 5, 5))
                                    : t(2, 1, 4, 5).matmul(t(3, 3, 5, 5)));
        }
        einsum("ij,jk->ik").sized(n -> new int[][] {{3, n}, {n, 5}}).large(s(131, 300), s(300, 260));
        einsum("ij,kj").sized(n -> new int[][] {{3, n}, {5, n}});
        einsum("bij,bjk->bik").sized(n -> new int[][] {{2, 3, n}, {2, n, 5}});
        einsum("bhqd,bhkd->bhqk").sized(FEW, n -> new int[][] {{2, 3, 4, n}, {2, 3, 5, n}});
        einsum("bqhd, bkhd -> hbkq").sized(FEW, n -> new int[][] {{2, 4, 3, n}, {2, 5, 3, n}});
        einsum("i,i->").sized(n -> new int[][] {{n}, {n}}).sample(s(0), s(0));
        einsum("i,j->ij").sized(n -> new int[][] {{n}, {4}});
        einsum("bi,bi->b").sized(n -> new int[][] {{3, n}, {3, n}});
        einsum("bi,i->bi").sized(n -> new int[][] {{3, n}, {n}});
        einsum("ijk,lk->jl")
                .sized(n -> new int[][] {{2, 3, n}, {4, n}})
                .ordinary(1); // i is summed before it meets an infinity
        einsum("ijl,jlk->ik").sized(n -> new int[][] {{2, 3, n}, {3, n, 4}}); // two letters summed
        einsum("ij->ji").sized(n -> new int[][] {{3, n}});
        einsum("ijk->j").sized(n -> new int[][] {{3, n, 2}});
        ellipsis("...ij,jk->...ik", "abij,jk->abik", s(), s())
                .sized(FEW, n -> new int[][] {{2, 3, 4, n}, {n, 5}})
                .large(s(10, 7, 60, 80), s(80, 90));
        ellipsis("...ij,...jk", "abij,bjk->abik", s(2, 3, 4, -1), s(3, -1, 5)).sized(FEW, n ->
                new int[][] {{2, 3, 4, n}, {3, n, 5}});
        ellipsis("...i,...i->...", "ai,bi->ab", s(2, -1), s(3, -1))
                .sized(FEW, n -> new int[][] {{2, 1, n}, {3, n}})
                .sized(FEW, n -> new int[][] {{2, 1, n}, {1, 3, n}});
        ellipsis("i...->...i", "iab->abi", s(5, 2, -1)).sized(FEW, n -> new int[][] {{5, 2, n}});
        einsum("ii->i").sized(n -> new int[][] {{n, n}}).sample(s(0, 0));
        einsum("ii").sized(n -> new int[][] {{n, n}});
        einsum("ijij->ji").sized(FEW, n -> new int[][] {{3, n, 3, n}});
        einsum("iij,jk->ik").sized(FEW, n -> new int[][] {{3, 3, n}, {n, 4}});
        einsum("ij,->ji")
                .sized(n -> new int[][] {{3, n}, {}})
                .refuses(
                        "einsum: i..j->ij holds '.', which is no letter; name every dimension by a letter, as in"
                                + " ij,jk->ik",
                        () -> Tensor.einsum("i..j->ij", t(2, 3)))
                .refuses(
                        "einsum: i...j->ij has an ellipsis that the result lacks; write ... behind -> too, or letters"
                                + " to sum over",
                        () -> Tensor.einsum("i...j->ij", t(2, 5, 3)))
                .refuses(
                        "einsum: ...i,...i of a [2, 3] and b [4, 3]: dimensions of the ellipsis do not broadcast:"
                                + " a.dim(0)=2 but b.dim(0)=4; make them equal or one of them 1",
                        () -> Tensor.einsum("...i,...i", t(2, 3), t(4, 3)))
                .refuses(
                        "einsum: ...ij,...jk->...ik of a [1, 2, 3] and b [5, 4, 7]: letter j is a.dim(2)=3 but"
                                + " b.dim(1)=4; they must be equal",
                        () -> Tensor.einsum("...ij,...jk->...ik", t(1, 2, 3), t(5, 4, 7)))
                .refuses(
                        "einsum: ...i,...i,...i->... names 3 tensors but one or two are taken; multiply two at a time",
                        () -> Tensor.einsum("...i,...i,...i->...", t(2), t(2)))
                .refuses(
                        "einsum: i,i,i-> names 3 tensors but one or two are taken; multiply two at a time",
                        () -> Tensor.einsum("i,i,i->", t(2), t(2), t(2)))
                .refuses(
                        "einsum: i,i-> names 2 tensors but 1 are given; give one for each",
                        () -> Tensor.einsum("i,i->", t(2)))
                .refuses(
                        "einsum: ij,jk->ik names 2 dimensions of b [3, 4, 5], which has 3; write one letter for each",
                        () -> Tensor.einsum("ij,jk->ik", t(2, 3), t(3, 4, 5)))
                .refuses(
                        "einsum: ij,jk->ik of a [2, 3] and b [4, 5]: letter j is a.dim(1)=3 but b.dim(0)=4; they must"
                                + " be equal",
                        () -> Tensor.einsum("ij,jk->ik", t(2, 3), t(4, 5)))
                .refuses(
                        "einsum: ii of a [2, 3]: letter i is a.dim(0)=2 but a.dim(1)=3; they must be equal",
                        () -> Tensor.einsum("ii", t(2, 3)))
                .refuses(
                        "einsum: ij->ik has letter k in the result alone; name it in a tensor too",
                        () -> Tensor.einsum("ij->ik", t(2, 3)))
                .refuses(
                        "einsum: ij->ii has letter i twice in the result; name each once",
                        () -> Tensor.einsum("ij->ii", t(2, 3)));
        linear("linear", false, false, null)
                .covers("linear(Operand,Operand)")
                .sample(s(2, 3, 4), s(5, 4))
                .sample(s(7), s(3, 7))
                .refuses(
                        "linear: x [2, 3] and input 1 [64, 784] disagree: x.dim(1)=3 but input 1.dim(1)=784",
                        () -> Pass.apply(LinearOp.of(null), t(2, 3), t(64, 784)))
                .refuses(
                        "linear: input 1 [784] is not a matrix; give it as [out, in]",
                        () -> Pass.apply(LinearOp.of(null), t(2, 784), t(784)));
        linear("linear with bias", true, false, null)
                .refuses(
                        "linear: input 2 [3] and input 1 [4, 3] disagree: input 2.dim(0) must be input 1.dim(0)=4",
                        () -> t(2, 3).linear(t(4, 3), t(3)));
        linear("linear with residual", false, true, null)
                .covers("linear(Operand,Operand,Tensor,Activation)")
                .refuses(
                        "linear: residual [2, 5] and the result [2, 4] disagree; they must be equal",
                        () -> t(2, 3).linear(t(4, 3), null, t(2, 5), null));
        linear("linear with bias and residual", true, true, null);
        for (Formula f : UNARY.values()) {
            // what a rounded sum does to the steep ones is nobody's, as to the sine of 1e30; the others run in the
            // epilogue as they do alone
            if (!STEEP.contains(f.op.row()) && !BOUNDED.contains(f.op.row())) {
                linear("linear with bias and " + f.op.label(), true, false, f.op);
            }
        }
        linear("linear with bias, residual and relu", true, true, Activation.RELU);
        linear("linear with bias, residual and gelu", true, true, Activation.GELU);
        linear("linear with relu", false, false, Activation.RELU);
    }

    // ---- convolutions

    /** x, W and what there is of b and residual, for n images of these spatial dimensions. */
    private static int[][] images(Conv op, int n, int channels, int filters, int... spatial) {
        Window window = op.window();
        int rank = window.rank();
        int[] x = new int[rank + 2];
        int[] w = new int[rank + 2];
        int[] y = new int[rank + 2];
        x[0] = y[0] = n;
        w[0] = y[rank + 1] = filters;
        x[rank + 1] = channels;
        w[rank + 1] = channels / op.groups();
        for (int i = 0; i < rank; i++) {
            x[i + 1] = spatial[i];
            w[i + 1] = window.axis(i).kernel();
            y[i + 1] = window.axis(i).outputs(spatial[i]);
        }
        List<int[]> shapes = new ArrayList<>(List.of(x, w));
        if (op.end().bias()) {
            shapes.add(s(filters));
        }
        if (op.end().residual()) {
            shapes.add(y);
        }
        return shapes.toArray(new int[0][]);
    }

    /** As many images as are worth several threads. */
    private static int[][] heavy(Conv op, int channels, int filters, int... spatial) {
        int[][] one = images(op, 1, channels, filters, spatial);
        return images(op, many(op.op().multiplyAdds(Shape.of(one[0]), Shape.of(one[1]))), channels, filters, spatial);
    }

    private static int[][] heavy(Window window, int groups, int channels, int filters, int... spatial) {
        int[][] one = transposed(window, groups, 1, channels, filters, spatial);
        ConvTransposedOp op = ConvTransposedOp.of(window, groups);
        return transposed(
                window, groups, many(op.multiplyAdds(Shape.of(one[0]), Shape.of(one[1]))), channels, filters, spatial);
    }

    private static int many(long multiplyAdds) {
        return (int) Math.max(1, 16_000_000 / multiplyAdds);
    }

    /**
     * A NaN among the filters is not everywhere that of a tap beyond the edge: it may meet a zero there or be passed
     * by.
     */
    private static Row conv(String name, Conv op) {
        Ends end = op.end();
        DoubleUnaryOperator g = end.activation() == null
                ? x -> x
                : UNARY.get(end.activation().row()).reference();
        Row r = row(name, ConvOp.class)
                .product()
                .range(-1, 1)
                .ordinary(1)
                .f(x -> x[0].conv(
                        x[1],
                        end.bias() ? x[2] : null,
                        op.window(),
                        op.groups(),
                        end.residual() ? x[x.length - 1] : null,
                        end.activation()))
                .is(x -> {
                    Doubles y = x[0].conv(x[1], op.window(), op.groups());
                    y = end.bias() ? y.zip(x[2], Double::sum) : y;
                    return (end.residual() ? y.zip(x[x.length - 1], Double::sum) : y).map(g);
                });
        return end.activation() == null || end.activation().differentiable() ? r : r.constant();
    }

    private static Row conv(String name, Window window, int groups) {
        return conv(name, new Conv(window, groups, new Ends(false, false, null)));
    }

    private static Row transposed(String name, Window window, int groups, int extra) {
        return row(name, ConvTransposedOp.class)
                .product()
                .range(-1, 1)
                .ordinary(1)
                .f(x -> x[0].convTransposed(x[1], window, groups, extra))
                .is(x -> {
                    int[] spatial = new int[window.rank()];
                    for (int i = 0; i < spatial.length; i++) {
                        Window.Axis a = window.axis(i);
                        int size = x[0].dim(i + 1);
                        spatial[i] = a.same()
                                ? size * a.stride()
                                : (size - 1) * a.stride() + (int) a.extent() - a.before() - a.after() + extra;
                    }
                    return x[0].convTransposed(x[1], window, groups, spatial);
                });
    }

    private static int[][] transposed(Window window, int groups, int n, int channels, int filters, int... spatial) {
        int rank = window.rank();
        int[] x = new int[rank + 2];
        int[] w = new int[rank + 2];
        x[0] = n;
        x[rank + 1] = w[0] = channels;
        w[rank + 1] = filters / groups;
        for (int i = 0; i < rank; i++) {
            x[i + 1] = spatial[i];
            w[i + 1] = window.axis(i).kernel();
        }
        return new int[][] {x, w};
    }

    static {
        section = "Convolutions";
        Map<String, Window> windows = new LinkedHashMap<>();
        for (Window w : List.of(
                Window.of(1),
                Window.of(3),
                Window.of(3).pad(1),
                Window.of(3).stride(2).pad(1),
                Window.of(5).stride(3).pad(2),
                Window.of(2).stride(3),
                Window.of(1).stride(2),
                Window.of(3).dilation(2).pad(2),
                Window.of(4, 1).stride(1, 2).pad(2, 1, 0, 3),
                Window.of(3, 5).stride(2, 1).dilation(1, 2).same(),
                Window.of(7).stride(2).pad(3))) {
            windows.put(w.toString(), w);
        }
        windows.forEach((name, w) -> {
            Conv op = new Conv(w, 1, new Ends(true, false, null));
            Row r = conv("conv " + name, op).sample(images(op, 2, 3, 4, 9, 8));
            for (int channels : s(1, 3, 5, 17)) {
                r.sample(images(op, 1, channels, 3, 5, 7)).sample(images(op, 3, channels, 17, 6, 5));
            }
            int least = (int) Math.max(
                    w.height().extent() - w.height().before() - w.height().after(), 1);
            int narrow = (int)
                    Math.max(w.width().extent() - w.width().before() - w.width().after(), 1);
            r.sample(images(op, 2, 5, 5, least, narrow)) // with padding the window is larger than the image
                    .sample(images(op, 1, 1, 1, least, narrow))
                    .sample(images(op, 1, 17, 65, 4, 5))
                    .sample(images(op, 0, 3, 2, 8, 8))
                    .large(heavy(op, 20, 40, 17, 15));
            r.large(heavy(op, 3, 65, 33, 30));
            transposed("conv_transposed " + name, w, 1, 0)
                    .sample(transposed(w, 1, 2, 3, 4, 4, 5))
                    .sample(transposed(w, 1, 1, 1, 1, 5, 3))
                    .sample(transposed(w, 1, 3, 17, 5, 3, 4))
                    .sample(transposed(w, 1, 1, 5, 17, 4, 4))
                    .large(heavy(w, 1, 40, 20, 11, 9));
        });
        for (int groups : s(2, 5)) {
            Window w = Window.of(3).stride(2).pad(1);
            Conv op = new Conv(w, groups, new Ends(false, true, null));
            conv("conv in " + groups + " groups", op)
                    .sample(images(op, 2, groups, groups, 5, 4))
                    .sample(images(op, 1, 3 * groups, 2 * groups, 7, 5))
                    .sample(images(op, 2, 17 * groups, 5 * groups, 3, 3))
                    .large(heavy(op, 20 * groups, 16 * groups, 17, 15));
            transposed("conv_transposed in " + groups + " groups", w, groups, 1)
                    .sample(transposed(w, groups, 2, groups, groups, 4, 5))
                    .sample(transposed(w, groups, 1, 3 * groups, 2 * groups, 3, 3))
                    .large(heavy(w, groups, 20 * groups, 16 * groups, 11, 9));
        }
        for (int channels : s(1, 3, 17, 33)) { // depthwise, each channel with one filter or two
            Window w = channels == 17
                    ? Window.of(5).stride(2).same()
                    : Window.of(3).pad(1);
            Conv op = new Conv(w, channels, new Ends(true, false, Activation.RELU));
            conv("conv of " + channels + " channels apart", op)
                    .sample(images(op, 2, channels, channels, 5, 4))
                    .sample(images(op, 1, channels, 2 * channels, 7, 5))
                    .sample(images(op, 2, channels, channels, 1, 1))
                    .large(heavy(op, channels, channels * (channels < 17 ? 6 : 1), 57, 55));
        }
        Window three = Window.of(3).pad(1);
        for (Formula f : UNARY.values()) {
            if (List.of(Unary.RELU, Unary.GELU, Unary.SIGMOID, Unary.SIGN).contains(f.op.row())) {
                Conv op = new Conv(three, 1, new Ends(true, true, f.op));
                conv("conv with bias, residual and " + f.op.label(), op)
                        .sample(images(op, 2, 3, 5, 4, 5))
                        .sample(images(op, 1, 17, 33, 4, 5))
                        .large(heavy(op, 20, 40, 17, 15));
            }
        }
        for (Window w : List.of(
                three, Window.of(3), Window.of(3).pad(1, 2, 0, 3))) { // enough channels for Winograd's transforms
            Conv op = new Conv(w, 1, new Ends(true, true, Activation.RELU));
            conv("conv of many channels, " + w, op)
                    .ordinary(0) // the difference of two infinities is no number
                    .sample(images(op, 1, 32, 33, 10, 11))
                    .large(heavy(op, 40, 70, 13, 16));
        }
        Conv plain = new Conv(three, 1, new Ends(false, false, null));
        conv("conv alone", plain)
                .covers("conv(Operand,Operand,Window,int)")
                .covers("conv(Operand,Operand,Window)", "conv(Operand,Operand)")
                .refuses(
                        "conv: weight [4] has 1 dimensions; give filters [out, height, width, in], or of sequences or"
                                + " volumes",
                        () -> t(1, 5, 5, 3).conv(t(4), null))
                .covers("conv(Operand,Operand,Window,int,Tensor,Activation)")
                .sample(images(plain, 2, 3, 5, 4, 5))
                .refuses(
                        "conv: x [2, 8, 8, 4] and input 1 [5, 3, 3, 3] disagree: x.dim(3)=4 but input 1.dim(3)=3; they"
                                + " must be equal",
                        () -> plain.of(t(2, 8, 8, 4), t(5, 3, 3, 3)))
                .refuses(
                        "conv: input 1 [5, 3, 5, 3] and the window 3x3 padding 1 disagree: input 1.dim(2)=5 but the"
                                + " window has 3 taps there; they must be equal",
                        () -> plain.of(t(2, 8, 8, 3), t(5, 3, 5, 3)))
                .refuses(
                        "conv: input 1 [5, 27] has 2 dimensions but those of a window of 2 have 4: the filters, the"
                                + " window's, the channels",
                        () -> plain.of(t(2, 8, 8, 3), t(5, 27)))
                .refuses(
                        "conv: x [8, 8, 3] has 3 dimensions but the window 3x3 padding 1 takes [N, H, W, C]; reshape"
                                + " it",
                        () -> plain.of(t(8, 8, 3), t(5, 3, 3, 3)))
                .refuses(
                        "conv: x [1, 2, 8, 3] is too small for the window 5x5: x.dim(1)=2 and its padding make 2 but"
                                + " the window reaches over 5; pad more, or give a larger x",
                        () -> new Conv(Window.of(5), 1, plain.end()).of(t(1, 2, 8, 3), t(5, 5, 5, 3)))
                .refuses(
                        "conv: x [2, 8, 8, 4] and input 1 [4, 3, 3, 3] disagree: x.dim(3)=4 but input 1.dim(3)=3 of"
                                + " groups=2; it must be 6",
                        () -> new Conv(three, 2, plain.end()).of(t(2, 8, 8, 4), t(4, 3, 3, 3)))
                .refuses(
                        "conv: input 1 [5, 3, 3, 2] has 5 filters for groups=2; there must be as many in each group",
                        () -> new Conv(three, 2, plain.end()).of(t(2, 8, 8, 4), t(5, 3, 3, 2)))
                .refuses(
                        "conv: input 1 [5, 3, 3, 3] has 5 filters for groups=-1; there must be as many in each group",
                        () -> new Conv(three, -1, plain.end()).of(t(2, 8, 8, 3), t(5, 3, 3, 3)))
                .refuses(
                        "conv: x [1, 2, 8, 3] and the window 3x3 padding 2147483647x1 make dim(1)=4294967294 of the"
                                + " result, more than an int counts; pad less, or stride further",
                        () -> new Conv(three.pad(Integer.MAX_VALUE, 1), 1, plain.end())
                                .of(t(1, 2, 8, 3), t(5, 3, 3, 3)))
                .refuses(
                        "conv: the result would be of shape [1, 2, 2147483644, 65536] has more than 2^45 elements,"
                                + " which no memory holds",
                        () -> new Conv(Window.of(1).pad(0, 0, 0, Integer.MAX_VALUE - 11), 1, plain.end())
                                .of(t(1, 2, 8, 1), t(65536, 1, 1, 1)))
                .refuses(
                        "conv: input 2 [3] and input 1 [5, 3, 3, 3] disagree: input 2.dim(0) must be input 1.dim(0)=5",
                        () -> new Conv(three, 1, new Ends(true, false, null)).of(t(2, 8, 8, 3), t(5, 3, 3, 3), t(3)))
                .refuses(
                        "conv: residual [2, 8, 8, 3] and the result [2, 8, 8, 5] disagree; they must be equal",
                        () -> new Conv(three, 1, new Ends(false, true, null))
                                .of(t(2, 8, 8, 3), t(5, 3, 3, 3), t(2, 8, 8, 3)));
        for (Window w : List.of(
                Window.line(3).stride(2),
                Window.line(5).pad(2, 1),
                Window.line(2).dilation(3).same())) {
            Conv op = new Conv(w, 1, new Ends(true, false, Activation.TANH));
            conv("conv of sequences, " + w, op)
                    .sample(images(op, 2, 3, 4, 7))
                    .sample(images(op, 1, 1, 1, 9))
                    .sample(images(op, 3, 17, 5, 8))
                    .large(heavy(op, 64, 48, 200));
            transposed("conv_transposed of sequences, " + w, w, 1, w.width().stride() - 1)
                    .sample(transposed(w, 1, 2, 3, 4, 7))
                    .sample(transposed(w, 1, 3, 17, 5, 4))
                    .large(heavy(w, 1, 48, 64, 200));
        }
        for (Window w : List.of(
                Window.of(3, 3, 3).pad(1),
                Window.of(2, 3, 1).stride(2, 1, 3).pad(1, 0, 1, 1, 0, 0),
                Window.of(2, 2, 2).dilation(2, 1, 1).same())) {
            for (int groups : s(1, 2)) {
                Conv op = new Conv(w, groups, new Ends(true, true, Activation.RELU));
                conv("conv of volumes, " + w + (groups == 1 ? "" : " in groups"), op)
                        .sample(images(op, 2, 2, 2, 3, 4, 3))
                        .sample(images(op, 1, 6, 4, 5, 3, 4))
                        .large(heavy(op, 8, 16, 9, 14, 13));
            }
        }
        ROWS.get(ROWS.size() - 1)
                .refuses(
                        "conv: x [2, 7, 8, 8, 4] and input 1 [5, 3, 3, 3, 3] disagree: x.dim(4)=4 but input"
                                + " 1.dim(4)=3; they must be equal",
                        () -> new Conv(Window.of(3, 3, 3), 1, plain.end()).of(t(2, 7, 8, 8, 4), t(5, 3, 3, 3, 3)))
                .refuses(
                        "conv: [65536, 65536] make one dimension of more places than an int counts; give less at a"
                                + " time",
                        () -> new Conv(Window.of(1, 1, 1), 1, plain.end())
                                .of(t(0, 3, 65536, 65536, 4), t(5, 1, 1, 1, 4)));
        transposed("conv_transposed", three, 1, 0)
                .covers("convTransposed(Operand,Window,int,int[])")
                .sample(transposed(three, 1, 2, 3, 4, 4, 5))
                .refuses(
                        "conv_transposed: x [2, 8, 8, 4] and input 1 [3, 3, 3, 5] disagree: x.dim(3)=4 but input"
                                + " 1.dim(0)=3; they must be equal",
                        () -> Pass.apply(ConvTransposedOp.of(three, 1), t(2, 8, 8, 4), t(3, 3, 3, 5)))
                .refuses(
                        "conv_transposed: input 1 [3, 3, 2, 5] and the window 3x3 padding 1 disagree: input 1.dim(2)=2"
                                + " but the window has 3 taps there; they must be equal",
                        () -> Pass.apply(ConvTransposedOp.of(three, 1), t(2, 8, 8, 3), t(3, 3, 2, 5)))
                .refuses(
                        "conv_transposed: input 1 [3, 3, 3, 5] has 3 filters for groups=2; there must be as many in"
                                + " each group",
                        () -> Pass.apply(ConvTransposedOp.of(three, 2), t(2, 8, 8, 3), t(3, 3, 3, 5)))
                .refuses(
                        "conv_transposed: x [8, 3] has 2 dimensions but the window 3x3 padding 1 takes [N, H, W, C];"
                                + " reshape it",
                        () -> Pass.apply(ConvTransposedOp.of(three, 1), t(8, 3), t(3, 3, 3, 5)))
                .refuses(
                        "conv_transposed: output padding 1 and the window 3x3 stride 2 same disagree: a window that is"
                                + " same makes exactly size times stride places; pad by numbers, or leave the output"
                                + " padding out",
                        () -> Pass.apply(
                                ConvTransposedOp.of(Window.of(3).stride(2).same(), 1, 1), t(2, 8, 8, 3), t(3, 3, 3, 5)))
                .refuses(
                        "conv_transposed: input 1 [0, 1, 1, 65536] of groups=65536 makes 4294967296 channels, more"
                                + " than an int counts; choose fewer",
                        () -> Pass.apply(ConvTransposedOp.of(Window.of(1), 65536), t(2, 8, 8, 0), t(0, 1, 1, 65536)))
                .refuses(
                        "conv_transposed: output padding 2 must be 0 or more and below the stride 2 or the dilation 1",
                        () -> Pass.apply(
                                ConvTransposedOp.of(Window.of(3).stride(2), 1, 0, 2), t(2, 8, 8, 3), t(3, 3, 3, 5)))
                .refuses(
                        "conv_transposed: output padding got 3 numbers but the window has 2 spatial dimensions; give"
                                + " one for all, or one for each",
                        () -> Pass.apply(ConvTransposedOp.of(three, 1, 0, 1, 2), t(2, 8, 8, 3), t(3, 3, 3, 5)))
                .refuses(
                        "conv_transposed: x [2, 1, 8, 3] and the window 1x1 padding 1 make dim(1)=-1 of the result;"
                                + " pad less, or give another x",
                        () -> Pass.apply(ConvTransposedOp.of(Window.of(1).pad(1), 1), t(2, 1, 8, 3), t(3, 1, 1, 5)))
                .refuses(
                        "conv_transposed: the window 3x3x3 has three dimensions; one or two are offered",
                        () -> Pass.apply(
                                ConvTransposedOp.of(Window.of(3, 3, 3), 1), t(2, 8, 8, 8, 3), t(3, 3, 3, 3, 5)));
        for (Window w : List.of(
                Window.line(3).pad(1),
                three,
                Window.of(2).stride(2),
                Window.of(2, 1, 2).same())) {
            int[] x = new int[w.rank() + 2];
            Arrays.fill(x, 4);
            int[] large = x.clone();
            Arrays.fill(large, w.rank() == 1 ? 100 : w.rank() == 2 ? 30 : 16);
            x[w.rank() + 1] = 3;
            row("patches of " + w, "patches(Window)", "patches(int)")
                    .sample(x)
                    .large(large)
                    .f(in -> in[0].patches(w))
                    .is(in -> in[0].patches(w));
        }
        ROWS.get(ROWS.size() - 1)
                .refuses(
                        "patches: x [1, 2, 8, 3] is too small for the window 5x5: x.dim(1)=2 and its padding make 2"
                                + " but the window reaches over 5; pad more, or give a larger x",
                        () -> t(1, 2, 8, 3).patches(Window.of(5)));
    }

    // ---- reductions

    private interface Reduction {
        Tensor of(Tensor x, int... dims);
    }

    private static Row reduction(String name, Reduction f, ToDoubleFunction<double[]> reference) {
        Row first = null;
        for (int[] dims : new int[][] {{}, {0}, {1}, {-1}, {0, 1}, {1, 2}, {0, 2}, {0, 1, 2}, {2, 0}}) {
            boolean finds = name.startsWith("arg");
            if (finds && (Arrays.equals(dims, s(0, 2)) || Arrays.equals(dims, s(2, 0)))) {
                continue;
            }
            Row r = row(
                            name + Arrays.toString(dims),
                            ReduceOp.class,
                            (name.equals("logsumexp") ? "logSumExp" : name) + "(int[])")
                    .sized(n -> new int[][] {{3, n, 5}})
                    .sample(s(5, 3, 67))
                    .sample(s(2, 1, 1))
                    .f(x -> f.of(x[0], dims))
                    .is(x -> x[0].reduce(reference, dims))
                    .tolerance(2e-6, 1e-5);
            if (name.equals("prod")) { // of many, none too large or too small
                r.range(0.97, 1.03).tolerance(2e-5, 1e-5).ordinary(0);
            }
            first = first == null ? r : first;
            if (!finds || Arrays.equals(dims, s(1)) || Arrays.equals(dims, s(-1))) {
                r.large(s(90, 180, 120)); // a search is not split along the dimensions that it reduces
            }
            if (!finds) {
                r.large(s(200_000, 1, 3));
            }
        }
        return first.sample(s())
                .sample(s(1))
                .sample(s(1000))
                .sample(s(5000))
                .refuses(name + ": x [2, 3] has no dimension 2; choose one from -2 to 1", () -> f.of(t(2, 3), 2))
                .refuses(name + ": x [] has no dimension 0; it is a single number", () -> f.of(t(), 0))
                .refuses(
                        name + ": dimension -1 of [2, 3] is named twice in [1, -1]; name each once",
                        () -> f.of(t(2, 3), 1, -1));
    }

    static {
        section = "Reductions";
        reduction("sum", Tensor::sum, line -> Arrays.stream(line).sum())
                .sample(s(0))
                .sample(s(3, 0));
        reduction("prod", Tensor::prod, line -> Arrays.stream(line).reduce(1, (a, b) -> a * b))
                .sample(s(0))
                .sample(s(3, 0));
        reduction("mean", Tensor::mean, line -> Arrays.stream(line).sum() / line.length)
                .refuses(
                        "mean: x [0] is empty along the dimensions to reduce; give at least one element",
                        () -> t(0).mean());
        reduction("max", Tensor::max, Doubles::max)
                .refuses(
                        "max: x [2, 0] is empty along the dimensions to reduce; give at least one element",
                        () -> t(2, 0).max(1));
        reduction("min", Tensor::min, Doubles::min)
                .refuses(
                        "min: x [2, 0] is empty along the dimensions to reduce; give at least one element",
                        () -> t(2, 0).min(1));
        reduction(
                "norm1",
                Tensor::norm1,
                line -> Arrays.stream(line).map(Math::abs).sum());
        reduction("norm", Tensor::norm, Doubles::norm);
        reduction("logsumexp", Tensor::logSumExp, OpTable::logSumExp);
        variance("variance", 0, false, Tensor::variance);
        variance("sampleVariance", 1, false, Tensor::sampleVariance);
        variance("std", 0, true, Tensor::std);
        variance("sampleStd", 1, true, Tensor::sampleStd);
        ROWS.get(ROWS.size() - 1)
                .sample(s(1000, 2, 1))
                .refuses(
                        "sample_variance: x [3, 1] has 1 elements along the dimensions to reduce but 2 are needed;"
                                + " give more elements, or divide by n: variance",
                        () -> t(3, 1).sampleVariance(1))
                .refuses(
                        "sample_std: x [3, 1] has 1 elements along the dimensions to reduce but 2 are needed; give"
                                + " more elements, or divide by n: std",
                        () -> t(3, 1).sampleStd(1))
                .refuses(
                        "std: x [3, 0] has 0 elements along the dimensions to reduce but 1 are needed; give more"
                                + " elements",
                        () -> t(3, 0).std(1))
                .refuses(
                        "variance: dimension -1 of [2, 3] is named twice in [1, -1]; name each once",
                        () -> t(2, 3).variance(1, -1));
        reduction("argmin", Tensor::argmin, Doubles::argmin)
                .refuses(
                        "argmin: x [2, 3, 4]: dimensions of an argmin must be neighbors; reduce them one after the"
                                + " other",
                        () -> t(2, 3, 4).argmin(0, 2));
        reduction("argmax", Tensor::argmax, Doubles::argmax)
                .refuses(
                        "argmax: x [2, 0] is empty along the dimensions to reduce; give at least one element",
                        () -> t(2, 0).argmax(1))
                .refuses(
                        "argmax: x [2, 3, 4]: dimensions of an argmax must be neighbors; reduce them one after the"
                                + " other",
                        () -> t(2, 3, 4).argmax(0, 2));
        ROWS.stream().filter(r -> r.name.startsWith("arg")).forEach(Row::constant);
    }

    /** A root, infinite where a float cannot hold what is under it. */
    private static double floatRoot(double variance) {
        return variance > Float.MAX_VALUE ? Double.POSITIVE_INFINITY : Math.sqrt(variance);
    }

    private static void variance(String method, int correction, boolean root, Reduction f) {
        ToDoubleFunction<double[]> reference = line -> {
            double variance = Doubles.variance(line, correction);
            return root ? floatRoot(variance) : variance;
        };
        for (int[] dims : new int[][] {{}, {0}, {1}, {-1}, {0, 1}, {0, 2}, {0, 1, 2}}) {
            row(method + Arrays.toString(dims), VarianceOp.class, method + "(int[])")
                    .sized(n -> new int[][] {{3, n + (root ? 2 : correction), 5}})
                    .sample(s(5, 3, 67))
                    .large(s(90, 180, 120))
                    .large(s(2, 100_000, 3))
                    .f(x -> f.of(x[0], dims))
                    .is(x -> x[0].reduce(reference, dims))
                    .tolerance(2e-6, 1e-6);
        }
    }

    private static double logSumExp(double[] line) {
        double max = Doubles.max(line);
        return Double.isInfinite(max) ? max : Doubles.logSumExp(line);
    }

    // ---- normalization

    private static final float EPSILON = 0.1f;

    /** How x lies for a normalization: {outer, rows, channels, groups}. */
    private interface View {
        int[] of(int[] dims);
    }

    private static int product(int[] dims, int from, int to) {
        int n = 1;
        for (int i = from; i < to; i++) {
            n *= dims[i];
        }
        return n;
    }

    private static int[] channels(int[] d) {
        return s(1, product(d, 0, d.length - 1), d[d.length - 1], d[d.length - 1]);
    }

    private static int[] lastOf(int[] d, int dims) {
        return s(product(d, 0, d.length - dims), 1, product(d, d.length - dims, d.length), 1);
    }

    private static int[] grouped(int[] d, int groups) {
        return s(d[0], product(d, 1, d.length - 1), d[d.length - 1], groups);
    }

    /** The operands of a normalization of x. */
    private static int[][] normalized(Norm op, int... x) {
        List<int[]> shapes = new ArrayList<>(List.of(x));
        int own = op.over() == NormOp.Over.LAYER || op.over() == NormOp.Over.RMS ? op.count() : 1;
        int[] last = Arrays.copyOfRange(x, x.length - own, x.length);
        int vectors = (op.over() == NormOp.Over.GIVEN ? 2 : 0)
                + (op.gamma() ? 1 : 0)
                + (op.end().bias() ? 1 : 0);
        for (int i = 0; i < vectors; i++) {
            shapes.add(last);
        }
        if (op.end().residual()) {
            shapes.add(x);
        }
        return shapes.toArray(new int[0][]);
    }

    private static Doubles normalize(Norm op, int[] view, Doubles[] in) {
        int channels = view[2];
        int wide = channels / view[3];
        int each = view[1] * channels;
        boolean given = op.over() == NormOp.Over.GIVEN;
        double[] x = in[0].v();
        double[] y = new double[x.length];
        double[] mean = new double[view[0] * view[3]];
        double[] variance = new double[mean.length];
        if (given) {
            mean = in[1].v();
            variance = in[2].v();
        } else {
            double n = view[1] * wide;
            for (int i = 0; i < x.length && op.over() != NormOp.Over.RMS; i++) {
                mean[i / each * view[3] + i % channels / wide] += x[i] / n;
            }
            for (int i = 0; i < x.length; i++) {
                int g = i / each * view[3] + i % channels / wide;
                variance[g] += (x[i] - mean[g]) * (x[i] - mean[g]) / n;
            }
        }
        int next = given ? 3 : 1;
        double[] gamma = op.gamma() ? in[next++].v() : null;
        double[] beta = op.end().bias() ? in[next].v() : null;
        double[] residual = op.end().residual() ? in[in.length - 1].v() : null;
        DoubleUnaryOperator act = op.end().activation() == null
                ? z -> z
                : UNARY.get(op.end().activation().row()).reference();
        for (int i = 0; i < x.length; i++) {
            int g = i / each * view[3] + i % channels / wide;
            double z = (x[i] - mean[g]) / Math.sqrt(variance[g] + EPSILON);
            z = gamma == null ? z : z * gamma[i % channels];
            z = beta == null ? z : z + beta[i % channels];
            y[i] = act.applyAsDouble(residual == null ? z : z + residual[i]);
        }
        return new Doubles(y, in[0].dims());
    }

    private static Row norm(String name, Norm op, View view, int[]... samples) {
        Row r = row(name, NormOp.class)
                .f(op::of)
                .is(x -> normalize(op, view.of(x[0].dims()), x))
                .tolerance(2e-6, 4e-6);
        for (int[] x : samples) {
            r.sample(normalized(op, x));
        }
        int at = 1;
        if (op.over() == NormOp.Over.GIVEN) {
            r.numbers(1, Numbers.SETTING).numbers(2, Numbers.SETTING).range(2, 1, 2);
            at = 3;
        }
        // a huge gamma shows the rounding of differences near 0
        return op.gamma() ? r.range(at, 0.5, 1.5).ordinary(at) : r;
    }

    private static Norm batch(boolean given, boolean affine, boolean residual, Activation act) {
        NormOp.Over over = given ? NormOp.Over.GIVEN : NormOp.Over.BATCH;
        return new Norm(over, 0, affine, EPSILON, new Ends(affine, residual, act));
    }

    static {
        section = "Normalization";
        for (boolean given : new boolean[] {false, true}) {
            String name = given ? "batch_norm given" : "batch_norm";
            for (Norm op : List.of(
                    batch(given, false, false, null),
                    batch(given, true, false, null),
                    batch(given, true, true, null),
                    batch(given, false, false, Activation.RELU),
                    batch(given, true, false, Activation.RELU),
                    batch(given, true, true, Activation.RELU),
                    batch(given, true, false, Activation.SIGMOID),
                    batch(given, true, true, Activation.SILU))) {
                String what = name
                        + (op.gamma() ? " affine" : "")
                        + (op.end().residual() ? " with residual" : "")
                        + (op.end().activation() == null
                                ? ""
                                : " " + op.end().activation().label());
                Row r = norm(what, op, OpTable::channels, s(3, 5, 4, 6), s(2, 3, 3, 17), s(40, 3), s(37, 1), s(50, 20))
                        .sized(n -> normalized(op, 5, n))
                        .sized(n -> normalized(op, n + 2, 3))
                        .large(normalized(op, 10_000, 40))
                        .large(normalized(op, 150_001, 3))
                        .large(normalized(op, 700, 601));
                // so many values are not all far from the kink of a relu
                if (op.equals(batch(given, true, true, Activation.SILU))
                        || op.equals(batch(given, true, false, null))) {
                    r.sample(normalized(op, 1041, 64)).sample(normalized(op, 21_907, 3));
                }
                if (given) {
                    r.sample(normalized(op, 1, 7)).sample(normalized(op, 0, 3));
                }
            }
        }
        ROWS.get(ROWS.size() - 1)
                .covers("batchNorm(Operand,Operand,float,Tensor,Activation)")
                .covers("batchNorm(Operand,Operand,Operand,Operand,float,Tensor,Activation)")
                .refuses(
                        "batch_norm: x [1, 4] has 1 values a channel but statistics of a batch need 2; give a larger"
                                + " batch, or evaluate (Pass.infer, model.eval)",
                        () -> batch(false, false, false, null).of(t(1, 4)))
                .refuses(
                        "batch_norm: x [2, 3] and input 1 [4] disagree: input 1 must be [3], as the last of x",
                        () -> batch(true, false, false, null).of(t(2, 3), t(4), t(4)))
                .refuses(
                        "batch_norm: residual [2, 4] and x [2, 3] disagree; they must be equal",
                        () -> batch(false, false, true, null).of(t(2, 3), t(2, 4)))
                .refuses(
                        "batch_norm: x [] has 0 dimensions but 1 are needed; give [.., channels]",
                        () -> batch(false, false, false, null).of(t()))
                .refuses(
                        "batch_norm: x [2, 0] has no values to normalize; give at least one channel",
                        () -> batch(false, false, false, null).of(t(2, 0)));
        for (boolean affine : new boolean[] {false, true}) {
            for (int dims = 1; dims <= 2; dims++) {
                int count = dims;
                Norm layer = new Norm(NormOp.Over.LAYER, dims, affine, EPSILON, new Ends(affine, false, null));
                Norm rms = new Norm(NormOp.Over.RMS, dims, affine, EPSILON, new Ends(false, false, null));
                for (Norm op : List.of(layer, rms)) {
                    Row r = norm(
                                    op.op().label() + "(" + dims + ")" + (affine ? " affine" : ""),
                                    op,
                                    d -> lastOf(d, count),
                                    s(2, 3, 4, 5),
                                    s(3, 1, 1),
                                    s(0, 2, 3))
                            .sized(n -> dims(count, op, n))
                            .large(normalized(op, 700, 3, 301));
                    if (dims == 1) {
                        r.sample(normalized(op, 3000, 7)).large(normalized(op, 30_000, 10));
                    }
                }
            }
        }
        ROWS.get(ROWS.size() - 2).covers("layerNorm(int,Operand,Operand,float)");
        ROWS.get(ROWS.size() - 1)
                .covers("rmsNorm(int,Operand,float)")
                .refuses(
                        "layer_norm: x [3] has 1 dimensions but 2 are needed; give [.., channels]",
                        () -> t(3).layerNorm(2, null, null, 1e-5f))
                .refuses("layer_norm: epsilon=-1.0 must be 0 or more", () -> t(3).layerNorm(1, null, null, -1))
                .refuses(
                        "rms_norm: x [2, 3] and input 3 [2] disagree: input 3 must be [3], as the last of x",
                        () -> t(2, 3).rmsNorm(1, t(2), 0));
        for (Activation act : new Activation[] {null, Activation.RELU}) {
            for (int groups : new int[] {1, 2}) {
                Norm op = new Norm(NormOp.Over.GROUP, groups, true, EPSILON, new Ends(true, act != null, act));
                norm(
                                "group_norm(" + groups + ")" + (act == null ? "" : " with residual and relu"),
                                op,
                                d -> grouped(d, groups),
                                s(2, 3, 2, 6),
                                s(3, 5, 34),
                                act == null ? s(2, 1024, 64) : s(2, 30, 64),
                                s(3, 40, 2))
                        .sized(n -> normalized(op, 3, n, 4))
                        .sized(n -> normalized(op, 3, 2 * n + 2))
                        .large(normalized(op, 50, 100, 40))
                        .large(normalized(op, 1, 20_000, 16))
                        .large(normalized(op, 30_000, 10));
            }
            row("instance_norm" + (act == null ? "" : " relu"), NormOp.class)
                    .f(x -> new Norm(NormOp.Over.GROUP, x[0].dim(-1), false, EPSILON, new Ends(false, false, act))
                            .of(x[0]))
                    .is(x -> normalize(
                            new Norm(NormOp.Over.GROUP, x[0].dim(-1), false, EPSILON, new Ends(false, false, act)),
                            grouped(x[0].dims(), x[0].dim(-1)),
                            x))
                    .sized(n -> new int[][] {{2, 3, n}})
                    .sized(n -> new int[][] {{2, n + 1, 3}})
                    .sample(s(3, 4, 5, 17))
                    .large(s(50, 100, 40))
                    .tolerance(2e-6, 4e-6);
        }
        ROWS.get(ROWS.size() - 1)
                .covers("groupNorm(int,Operand,Operand,float)")
                .refuses(
                        "group_norm: x [2, 5, 6] has 6 channels, which 4 groups do not divide; choose a divisor",
                        () -> t(2, 5, 6).groupNorm(4, null, null, 0))
                .refuses(
                        "group_norm: x [2, 1, 6] has 1 values in each of its 6 groups but statistics need 2; choose"
                                + " fewer groups, or a larger image",
                        () -> t(2, 1, 6).groupNorm(6, null, null, 0))
                .refuses(
                        "group_norm: x [6] has 1 dimensions but 2 are needed; give [batch, .., channels]",
                        () -> t(6).groupNorm(1, null, null, 0));
        for (int size : new int[] {1, 2, 5, 40}) {
            row(
                            "local_response_norm(" + size + ")",
                            LocalResponseNormOp.class,
                            "localResponseNorm(int,float,float,float)")
                    .sized(n -> new int[][] {{3, n}})
                    .sample(s(2, 3, 2, 96))
                    .sample(s(0, 3))
                    .large(s(3000, 96))
                    .f(x -> x[0].localResponseNorm(size, 0.5f, 0.75f, 2))
                    .is(x -> x[0].along(-1, line -> {
                        double[] y = new double[line.length];
                        for (int i = 0; i < y.length; i++) {
                            double sum = 0;
                            for (int j = i - size / 2; j <= i + (size - 1) / 2; j++) {
                                sum += j < 0 || j >= y.length ? 0 : line[j] * line[j];
                            }
                            y[i] = line[i] / Math.pow(2 + 0.5 / size * sum, 0.75);
                        }
                        return y;
                    }))
                    .tolerance(1e-6, 1e-6)
                    .refuses(
                            "local_response_norm: size=0 is the number of channels in a sum and must be at least 1",
                            () -> t(2, 3).localResponseNorm(0, 1, 1, 1))
                    .refuses(
                            "local_response_norm: x [] has no channels; give [.., channels]",
                            () -> t().localResponseNorm(5, 1, 1, 1));
        }
    }

    /** A sample of n values to normalize over the last dimensions. */
    private static int[][] dims(int count, Norm op, int n) {
        return count == 1 ? normalized(op, 3, n) : normalized(op, 3, n, 2);
    }

    // ---- softmax and cross-entropy

    static {
        section = "Softmax and losses";
        for (int axis : new int[] {0, 1, -1}) {
            for (boolean log : new boolean[] {false, true}) {
                String name = log ? "log_softmax" : "softmax";
                row(name + "(" + axis + ")", SoftmaxOp.class, log ? "logSoftmax(int)" : "softmax(int)")
                        .range(-5, 5)
                        .sized(n -> new int[][] {{3, n}})
                        .sized(n -> new int[][] {{n, 2, 5}})
                        .sample(s(2, 7, 19))
                        .sample(s(0, 3))
                        .large(s(300, 1000))
                        .large(s(10, 300, 100))
                        .f(x -> log ? x[0].logSoftmax(axis) : x[0].softmax(axis))
                        .is(x -> x[0].along(axis, log ? Doubles::logSoftmax : Doubles::softmax))
                        .tolerance(2e-6, 1e-6)
                        .refuses(
                                (log ? "log_softmax" : "softmax")
                                        + ": x [2, 3] has no dimension 3; choose one from -2 to 1",
                                () -> log ? t(2, 3).logSoftmax(3) : t(2, 3).softmax(3));
            }
        }
        row("cross_entropy", CrossEntropyOp.class, "crossEntropy(Tensor)")
                .labels(1)
                .range(-5, 5)
                .sized(n -> new int[][] {{3, n}, {3}})
                .sized(n -> new int[][] {{n, 10}, {n}})
                .sample(s(2, 3, 5), s(2, 3))
                .sample(s(7), s())
                .large(s(3000, 100), s(3000))
                .f(x -> x[0].crossEntropy(x[1]))
                .is(x -> crossEntropy(x, 0))
                .tolerance(2e-6, 1e-6)
                .refuses(
                        "cross_entropy: label 3 at row 1 is outside [0, 3): labels are class numbers, one less than"
                                + " the logits' last dimension at most",
                        () -> t(2, 3).crossEntropy(Tensor.ofInts(new int[] {0, 3}, 2)))
                .refuses(
                        "cross_entropy: label -1 at row 0 is outside [0, 3): labels are class numbers, one less than"
                                + " the logits' last dimension at most",
                        () -> t(2, 3).crossEntropy(Tensor.ofInts(new int[] {-1, 0}, 2)))
                .refuses(
                        "cross_entropy: logits [2, 3] and probabilities [2] must have one shape [.., classes], and not"
                                + " an empty one; class numbers are I32: give Dataset.of an int[], or use "
                                + "Tensor.ofInts",
                        () -> t(2, 3).crossEntropy(t(2)))
                .refuses(
                        "cross_entropy: logits [2, 3] and labels [2, 3] disagree: labels have 2 dimensions but 1 are"
                                + " needed; give one class number a row",
                        () -> t(2, 3).crossEntropy(Tensor.ofInts(new int[6], 2, 3)))
                .refuses(
                        "cross_entropy: logits [2, 3] and labels [4] disagree: logits.dim(0)=2 but labels.dim(0)=4;"
                                + " give one class number a row",
                        () -> t(2, 3).crossEntropy(Tensor.ofInts(new int[4], 4)))
                .refuses(
                        "cross_entropy: logits [0, 3] are empty; a mean needs at least one row and one class",
                        () -> t(0, 3).crossEntropy(Tensor.ofInts(new int[0], 0)));
        row("cross_entropy smoothed", CrossEntropyOp.class, "crossEntropy(Tensor,float,Tensor)")
                .labels(1)
                .range(-5, 5)
                .sized(n -> new int[][] {{3, n}, {3}})
                .sample(s(7), s())
                .large(s(3000, 100), s(3000))
                .f(x -> x[0].crossEntropy(x[1], 0.3f, null))
                .is(x -> crossEntropy(x, 0.3f))
                .tolerance(2e-6, 1e-6)
                .refuses(
                        "cross_entropy: smoothing=1.5 must be in [0, 1]",
                        () -> t(2, 3).crossEntropy(Tensor.ofInts(new int[2], 2), 1.5f, null))
                .refuses(
                        "cross_entropy: smoothing=NaN must be in [0, 1]",
                        () -> t(2, 3).crossEntropy(t(2, 3), Float.NaN, null));
        row("cross_entropy weighted and smoothed", CrossEntropyOp.class)
                .labels(1)
                .range(-5, 5)
                .range(2, 0.1, 1)
                .sized(n -> new int[][] {{3, n}, {3}, {n}})
                .sized(n -> new int[][] {{n, 10}, {n}, {10}})
                .sample(s(2, 3, 5), s(2, 3), s(5))
                .large(s(3000, 100), s(3000), s(100))
                .numbers(2, Numbers.SETTING)
                .f(x -> x[0].crossEntropy(x[1], 0.3f, x[2]))
                .is(x -> crossEntropy(x, 0.3f))
                .tolerance(2e-6, 1e-6)
                .refuses(
                        "cross_entropy: logits [2, 3] and weights [4] disagree: logits.dim(1)=3 but there are 4"
                                + " weights; give one weight a class",
                        () -> t(2, 3).crossEntropy(Tensor.ofInts(new int[2], 2), 0, t(4)));
        row("cross_entropy of probabilities")
                .range(-5, 5)
                .range(1, 0, 1)
                .range(2, 0.1, 3)
                .sized(n -> new int[][] {{3, n}, {3, n}, {n}})
                .sample(s(2, 3, 5), s(2, 3, 5), s(5))
                .large(s(3000, 100), s(3000, 100), s(100))
                .numbers(2, Numbers.SETTING)
                .f(x -> x[0].crossEntropy(x[1], 0.3f, x[2]))
                .is(x -> {
                    int classes = x[0].dim(-1);
                    double[] z = x[0].reduce(Doubles::logSumExp, -1).v();
                    double sum = 0;
                    for (int i = 0; i < x[0].v().length; i++) {
                        double q = (1 - (double) 0.3f) * x[1].v()[i] + (double) 0.3f / classes;
                        sum += q * x[2].v()[i % classes] * (z[i / classes] - x[0].v()[i]);
                    }
                    return Doubles.scalar(sum / z.length);
                })
                .tolerance(4e-6, 2e-6)
                .refuses(
                        "cross_entropy: logits [2, 3] and weights [4] disagree: logits.dim(1)=3 but there are 4"
                                + " weights; give one weight a class",
                        () -> t(2, 3).crossEntropy(t(2, 3), 0, t(4)))
                .refuses(
                        "cross_entropy: logits [0, 3] and probabilities [0, 3] must have one shape [.., classes], and"
                                + " not an empty one; class numbers are I32: give Dataset.of an int[], or use "
                                + "Tensor.ofInts",
                        () -> t(0, 3).crossEntropy(t(0, 3)));
    }

    /** Logits, labels and, if there are three, weights of classes. */
    private static Doubles crossEntropy(Doubles[] x, double smoothing) {
        double[] z = x[0].reduce(Doubles::logSumExp, -1).v();
        int classes = x[0].dim(-1);
        double sum = 0;
        double divisor = 0;
        for (int i = 0; i < x[0].v().length; i++) {
            double w = x.length > 2 ? x[2].v()[i % classes] : 1;
            boolean right = i % classes == (int) x[1].v()[i / classes];
            double q = w * ((right ? 1 - smoothing : 0) + smoothing / classes);
            sum += q == 0 ? 0 : q * (z[i / classes] - x[0].v()[i]);
            divisor += right ? w : 0;
        }
        return Doubles.scalar(sum / divisor);
    }

    // ---- connectionist temporal classification

    static {
        row("ctc_loss", CtcOp.class, "ctcLoss(Tensor,Tensor,Tensor,int)")
                .indices(1, shapes -> shapes[0][2] - 1)
                .range(-5, 5)
                .sized(FEW, n -> new int[][] {{2, n + 2, 4}, {2, Math.min(3, n / 2 + 1)}})
                .sized(FEW, n -> new int[][] {{3, 5, n + 1}, {3, 2}})
                .sample(s(2, 33, 7), s(2, 16))
                .sample(s(1, 4, 3), s(1, 0))
                .sample(s(3, 2, 3), s(3, 4))
                .large(s(64, 60, 30), s(64, 12))
                .f(x -> x[0].ctcLoss(x[1], null, null, x[0].dim(2) - 1))
                .is(x -> ctc(x[0], x[1], null, null, x[0].dim(2) - 1))
                .tolerance(2e-6, 1e-5)
                .refuses(
                        "ctc_loss: logits [2, 3] have 2 dimensions; give [n, steps, classes]",
                        () -> t(2, 3).ctcLoss(ints(2, 1), null, null, 0))
                .refuses(
                        "ctc_loss: logits [2, 3, 4] and targets [3, 1] disagree: give targets [2, length], the labels"
                                + " of each example, padded to one length",
                        () -> t(2, 3, 4).ctcLoss(ints(3, 1), null, null, 0))
                .refuses(
                        "ctc_loss: logits [2, 3, 4] have 4 classes but blank=4 is the class between labels; choose one"
                                + " of them",
                        () -> t(2, 3, 4).ctcLoss(ints(2, 1), null, null, 4))
                .refuses(
                        "ctc_loss: label 4 at row 1 is outside [0, 4): labels are class numbers, one less than the"
                                + " logits' last dimension at most",
                        () -> t(2, 3, 4).ctcLoss(Tensor.ofInts(new int[] {1, 4}, 2, 1), null, null, 0))
                .refuses(
                        "ctc_loss: label 0 at place 1 of row 0 is the blank, which is no label; leave it out, or"
                                + " choose another blank",
                        () -> t(1, 3, 4).ctcLoss(Tensor.ofInts(new int[] {1, 0}, 1, 2), null, null, 0));
        row("ctc_loss of lengths", CtcOp.class)
                .indices(1, shapes -> 4)
                .numbers(2, Numbers.INTS)
                .numbers(3, Numbers.INTS)
                .range(2, 0, 6)
                .range(3, 0, 3)
                .range(0, -5, 5)
                .sized(FEW, n -> new int[][] {{n, 6, 5}, {n, 3}, {n}, {n}})
                .large(s(64, 60, 30), s(64, 12), s(64), s(64))
                .f(x -> x[0].ctcLoss(x[1], x[2], x[3], 4))
                .is(x -> ctc(x[0], x[1], x[2], x[3], 4))
                .tolerance(2e-6, 1e-5)
                .refuses(
                        "ctc_loss: length 4 at row 1 is outside [0, 3]: lengths count the steps of a row that are no"
                                + " padding",
                        () -> t(2, 3, 4).ctcLoss(ints(2, 0), Tensor.ofInts(new int[] {3, 4}, 2), null, 0))
                .refuses(
                        "ctc_loss: logits [2, 3, 4] and lengths [3] disagree: logits.dim(0)=2 but there are 3 lengths;"
                                + " give [2], one for each row",
                        () -> t(2, 3, 4).ctcLoss(ints(2, 0), ints(3), null, 0))
                .refuses(
                        "ctc_loss: targets [2, 1] and target lengths [3] disagree: targets.dim(0)=2 but there are 3"
                                + " target lengths; give [2], one for each row",
                        () -> t(2, 3, 4).ctcLoss(ints(2, 1), null, ints(3), 0));
    }

    private static Tensor ints(int... dims) {
        return Tensor.ofInts(new int[(int) Shape.of(dims).size()], dims);
    }

    /** State by state (Graves et al. 2006). */
    private static Doubles ctc(Doubles x, Doubles targets, Doubles lengths, Doubles targetLengths, int blank) {
        int n = x.dim(0);
        int classes = x.dim(2);
        double[] loss = new double[n];
        for (int i = 0; i < n; i++) {
            int steps = lengths == null ? x.dim(1) : (int) lengths.v()[i];
            int labels =
                    targetLengths == null ? targets.dim(1) : (int) targetLengths.v()[i];
            int[] symbols = new int[2 * labels + 1];
            Arrays.fill(symbols, blank);
            for (int u = 0; u < labels; u++) {
                symbols[2 * u + 1] = (int) targets.v()[i * targets.dim(1) + u];
            }
            double[] path = new double[symbols.length + 1]; // the last is where nothing is
            Arrays.fill(path, Double.NEGATIVE_INFINITY);
            double start = 0;
            for (int t = 0; t < steps; t++) {
                int from = (i * x.dim(1) + t) * classes;
                double[] p = Doubles.logSoftmax(Arrays.copyOfRange(x.v(), from, from + classes));
                for (int s = symbols.length - 1; s >= 0; s--) {
                    double before = s > 0 ? path[s - 1] : start;
                    boolean skips = s > 1 && s % 2 == 1 && symbols[s] != symbols[s - 2];
                    double far = skips ? path[s - 2] : s == 1 ? start : Double.NEGATIVE_INFINITY;
                    path[s] = p[symbols[s]] + logSum(path[s], before, far);
                }
                start = Double.NEGATIVE_INFINITY;
            }
            double last = labels > 0 ? path[2 * labels - 1] : start;
            loss[i] = 0 - (steps == 0 && labels == 0 ? 0 : logSum(path[2 * labels], last));
        }
        return new Doubles(loss, n);
    }

    private static double logSum(double... terms) {
        double most = Arrays.stream(terms).max().orElseThrow();
        if (most == Double.NEGATIVE_INFINITY) {
            return most;
        }
        return most + Math.log(Arrays.stream(terms).map(t -> Math.exp(t - most)).sum());
    }

    private static Doubles bag(
            Doubles table, Doubles tokens, Doubles lengths, Doubles weights, Doubles bias, int padding) {
        int n = tokens.dim(0);
        int most = tokens.dim(1);
        int cols = table.dim(1);
        double[] y = new double[n * cols];
        for (int i = 0; i < y.length; i++) {
            int row = i / cols;
            y[i] = bias == null ? 0 : bias.v()[i % cols];
            for (int k = row * most; k < row * most + (lengths == null ? most : (int) lengths.v()[row]); k++) {
                if (tokens.v()[k] != padding) {
                    double w = weights == null ? 1 : weights.v()[k];
                    y[i] += w * table.v()[(int) tokens.v()[k] * cols + i % cols];
                }
            }
        }
        return new Doubles(y, n, cols);
    }

    // ---- counts

    static {
        section = "Counts";
        row("correct", CorrectOp.class, "correct(Tensor)")
                .labels(1)
                .sized(n -> new int[][] {{3, n}, {3}})
                .sized(n -> new int[][] {{n, 3}, {n}})
                .sample(s(2, 3, 5), s(2, 3))
                .large(s(3000, 100), s(3000))
                .constant()
                .f(x -> x[0].correct(x[1]))
                .is(x -> {
                    Doubles best = x[0].reduce(Doubles::argmax, -1);
                    int right = 0;
                    for (int i = 0; i < best.v().length; i++) {
                        right += best.v()[i] == x[1].v()[i] ? 1 : 0;
                    }
                    return Doubles.scalar(right);
                })
                .refuses(
                        "correct: logits [2, 3] and labels [4] disagree: logits.dim(0)=2 but labels.dim(0)=4; give one"
                                + " class number a row",
                        () -> t(2, 3).correct(Tensor.ofInts(new int[4], 4)));
        row("nonfinite", NonfiniteOp.class, "nonfinite()")
                .sized(n -> new int[][] {{n}})
                .sample(s(0))
                .large(s(4_000_003))
                .constant()
                .f(x -> x[0].nonfinite())
                .is(x -> Doubles.scalar(
                        Arrays.stream(x[0].v()).filter(v -> !Double.isFinite(v)).count()));
    }

    /** The values of {@link Tensor#sort}, or the first k of {@link Tensor#topk}, where k is above 0. */
    private static Row sorted(String name, int axis, Order order, int k) {
        boolean places = name.startsWith("places");
        return row(name, SortOp.class, k < 0 ? "sort(int,Order)" : "topk(int,int)")
                .sized(n -> new int[][] {{3, n, 5}})
                .sized(n -> new int[][] {{n, 3, 4}})
                .sample(s(2, 3, 200))
                .sample(s(300, 3, 2))
                .large(s(90, 180, 120))
                .f(x -> k < 0
                        ? x[0].sort(axis, order).values()
                        : x[0].topk(axis, Math.min(k, x[0].dim(axis))).values())
                .is(x -> {
                    Doubles all =
                            x[0].along(axis, line -> places ? Doubles.order(line, order) : Doubles.sorted(line, order));
                    float[] first = new float[Math.min(k < 0 ? Integer.MAX_VALUE : k, x[0].dim(axis))];
                    for (int i = 0; i < first.length; i++) {
                        first[i] = i;
                    }
                    return all.take((axis + 3) % 3, Doubles.of(first, first.length));
                });
    }

    /** x stretched to dimensions of which -1 stands for its own. */
    private static Row expand(int[] dims) {
        return row("expand" + Arrays.toString(dims), ExpandOp.class, "expand(int[])")
                .f(x -> x[0].expand(x[0].shape().rank() == 0 ? s(4, 3) : dims))
                .is(x -> {
                    int[] to = x[0].dims().length == 0 ? s(4, 3) : dims.clone();
                    for (int i = 1; i <= x[0].dims().length; i++) {
                        int at = to.length - i;
                        to[at] = to[at] < 0 ? x[0].dim(-i) : to[at];
                    }
                    return Doubles.each(to, i -> 0).zip(x[0], (zero, v) -> v);
                });
    }

    /** Two shapes whose dimension {@code axis} differs, of extents around n. */
    private static int[][] joined(int axis, int n, int other) {
        int[] a = {3, 5, 4};
        int[] b = {3, 5, 4};
        a[axis] = n;
        b[axis] = other;
        a[(axis + 1) % 3] = b[(axis + 1) % 3] = n + 2;
        return new int[][] {a, b};
    }

    /** An index and an x that holds its shape from dimension {@code axis} on, among dimensions a and b. */
    private static int[][] scattered(int axis, int[] index, int a, int b) {
        int[] x = new int[2 + index.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = i < axis
                    ? (i == 0 ? a : b)
                    : i < axis + index.length ? index[i - axis] : i - index.length == 0 ? a : b;
        }
        return new int[][] {x, index};
    }

    // ---- random numbers, moves and indices, and what runs again

    static {
        section = "Random numbers";
        for (float p : new float[] {0, 0.4f, 1}) {
            long seed = 0x123456789abcL;
            long counter = 0xfffffffeL; // the block number carries into its high word
            Row r = row("dropout(" + p + ")", DropoutOp.class, "dropout(float,float)")
                    .sized(n -> new int[][] {{n}})
                    .sample(s(0))
                    .sample(s(3, 5, 7))
                    .f(x -> Pass.apply(new DropoutOp(p, 1.5f, seed, counter), x[0]))
                    .is(x -> {
                        double[] y = x[0].v().clone();
                        for (int i = 0; i < y.length; i++) {
                            y[i] = Doubles.philox(seed, counter, i) >= (double) p * (1L << 32) ? 1.5 * y[i] : 0;
                        }
                        return new Doubles(y, x[0].dims());
                    })
                    .refuses(
                            "dropout: p=1.5 is the probability to drop and must be in [0, 1]",
                            () -> t(2).dropout(1.5f, 1));
            if (p < 1) {
                r.large(s(400_003)); // all zeros are a memset
            }
        }
        section = "Moves and indices";
        row("reshape", ReshapeOp.class, "reshape(int[])")
                .sized(n -> new int[][] {{2, n, 3}})
                .sample(s(0, 2))
                .f(x -> x[0].reshape(3, -1, 2))
                .is(x -> x[0].reshape(3, x[0].v().length / 6, 2))
                .refuses(
                        "reshape: x [2, 3] has 6 elements, which do not fill [4, -1]; the products must agree",
                        () -> t(2, 3).reshape(4, -1))
                .refuses(
                        "reshape: 2 sizes of [-1, -1] are -1, which stands for what is left, but at most one may "
                                + "be; give"
                                + " the others as numbers",
                        () -> t(2, 3).reshape(-1, -1))
                .refuses(
                        "reshape: x [2, 3] has 6 elements, which do not fill [5]; the products must agree",
                        () -> t(2, 3).reshape(5));
        row("reshape to a shape", ReshapeOp.class, "reshape(Shape)")
                .sized(n -> new int[][] {{2, n, 3}})
                .f(x -> x[0].reshape(Shape.of(6, x[0].dim(1))))
                .is(x -> x[0].reshape(6, x[0].dim(1)));
        row("flatten", ReshapeOp.class, "flatten(int)")
                .sized(n -> new int[][] {{2, n, 3}})
                .f(x -> x[0].flatten(1))
                .is(x -> x[0].reshape(2, x[0].v().length / 2))
                .refuses("flatten: x [2, 3] has no dimension 2; choose one from -2 to 1", () -> t(2, 3).flatten(2));
        row("slice", SliceOp.class, "slice(int,int,int)")
                .sized(n -> new int[][] {{4, n}})
                .sample(s(5, 2, 3))
                .f(x -> x[0].slice(0, 1, 3))
                .is(x -> x[0].slice(1, 3))
                .refuses(
                        "slice: places 1 to 3 are outside x [2, 3]: x.dim(0)=2; choose 0 <= from <= to <= dim(0)",
                        () -> t(2, 3).slice(0, 1, 3))
                .refuses(
                        "slice: places 2 to 1 are outside x [2, 3]: x.dim(0)=2; choose 0 <= from <= to <= dim(0)",
                        () -> t(2, 3).slice(0, 2, 1))
                .refuses("slice: x [] has no dimension 0; it is a single number", () -> t().slice(0, 0, 0));
        row("slice of a dimension", SliceOp.class)
                .sized(n -> new int[][] {{3, 4, n}})
                .sample(s(5, 3, 2, 7))
                .large(s(2000, 4, 401))
                .f(x -> x[0].slice(1, 1, 3))
                .is(x -> x[0].take(1, Doubles.of(new float[] {1, 2}, 2)))
                .refuses(
                        "slice: places 1 to 3 are outside x [4, 2]: x.dim(1)=2; choose 0 <= from <= to <= dim(1)",
                        () -> t(4, 2).slice(-1, 1, 3));
        row("unsqueeze", ReshapeOp.class, "unsqueeze(int[])")
                .sized(n -> new int[][] {{4, n}})
                .f(x -> x[0].unsqueeze(1))
                .is(x -> x[0].reshape(x[0].dim(0), 1, x[0].dim(1)))
                .refuses(
                        "unsqueeze: x [2, 3] gets the new dimensions [3], but the result has rank 3; choose different"
                                + " ones from -3 to 2",
                        () -> t(2, 3).unsqueeze(3))
                .refuses(
                        "unsqueeze: x [2] gets the new dimensions [0, -3], but the result has rank 3; choose different"
                                + " ones from -3 to 2",
                        () -> t(2).unsqueeze(0, -3));
        row("unsqueeze of two dimensions", ReshapeOp.class)
                .sized(n -> new int[][] {{4, n}})
                .f(x -> x[0].unsqueeze(-1, 1))
                .is(x -> x[0].reshape(x[0].dim(0), 1, x[0].dim(1), 1));
        row("squeeze", ReshapeOp.class, "squeeze(int)")
                .sized(n -> new int[][] {{4, 1, n}})
                .f(x -> x[0].squeeze(-2))
                .is(x -> x[0].reshape(x[0].dim(0), x[0].dim(2)))
                .refuses("squeeze: x [2, 3] has dim(1)=3; only a dimension of 1 can go", () -> t(2, 3).squeeze(1));
        for (int[] order : new int[][] {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}) {
            row("permute" + Arrays.toString(order), PermuteOp.class, "permute(int[])")
                    .sized(n -> new int[][] {{3, n, 5}})
                    .sample(s(2, 3, 67))
                    .sample(s(65, 2, 70))
                    .sample(s(70, 65, 2))
                    .sample(s(1, 7, 1))
                    .sample(s(2, 0, 3))
                    .large(s(90, 130, 120))
                    .f(x -> x[0].permute(order))
                    .is(x -> x[0].permute(order));
        }
        row("permute of many dimensions")
                .sample(s(2, 3, 4, 5, 2, 3))
                .sample(s(1, 3, 1, 5, 2, 1))
                .f(x -> x[0].permute(3, -1, 0, 4, 2, 1))
                .is(x -> x[0].permute(3, 5, 0, 4, 2, 1))
                .refuses(
                        "permute: [0, 0] is not an order of the 2 dimensions of x [2, 3]; name each once",
                        () -> t(2, 3).permute(0, 0))
                .refuses(
                        "permute: [0] is not an order of the 2 dimensions of x [2, 3]; name each once",
                        () -> t(2, 3).permute(0));
        row("transpose", PermuteOp.class, "transpose(int,int)")
                .sized(n -> new int[][] {{4, n}})
                .sample(s(2, 3, 4, 5))
                .f(x -> x[0].transpose(-1, -2))
                .is(x -> {
                    int[] order = java.util.stream.IntStream.range(0, x[0].dims().length)
                            .toArray();
                    order[order.length - 1] = order.length - 2;
                    order[order.length - 2] = order.length - 1;
                    return x[0].permute(order);
                });
        for (int axis = 0; axis < 3; axis++) {
            int at = axis;
            row("concat along " + at, ConcatOp.class, "concat(int,Tensor[])")
                    .sized(n -> joined(at, n, 4))
                    .sample(s(2, 3, 4))
                    .sample(joined(at, 0, 3))
                    .large(joined(at, 500, 700)[0], joined(at, 500, 700)[1])
                    .f(x -> Tensor.concat(at, x))
                    .is(x -> Doubles.concat(at, x));
            row("stack along " + at, ConcatOp.class, "stack(int,Tensor[])")
                    .sized(n -> new int[][] {{3, n}, {3, n}, {3, n}})
                    .f(x -> Tensor.stack(at, x))
                    .is(x -> Doubles.concat(
                            at,
                            Arrays.stream(x)
                                    .map(d -> d.reshape(
                                            at == 0
                                                    ? s(1, 3, d.dim(1))
                                                    : at == 1 ? s(3, 1, d.dim(1)) : s(3, d.dim(1), 1)))
                                    .toArray(Doubles[]::new)));
        }
        ROWS.get(ROWS.size() - 1)
                .refuses("concat: there are no tensors; give at least one", () -> Tensor.concat(0))
                .refuses(
                        "concat: input 0 [2, 3] and input 1 [2] disagree: they have 2 and 1 dimensions; reshape one of"
                                + " them",
                        () -> Tensor.concat(0, t(2, 3), t(2)))
                .refuses(
                        "concat: input 0 [2, 3] and input 1 [2, 4] disagree: their dim(1) are 3 and 4; only dim(0) may"
                                + " differ",
                        () -> Tensor.concat(0, t(2, 3), t(2, 4)))
                .refuses(
                        "concat: input 0 [2] is F32 but input 1 [2] is I32; convert one of them",
                        () -> Tensor.concat(0, t(2), Tensor.ofInts(new int[2], 2)));
        for (int axis : new int[] {0, 1, -1}) {
            row("cumsum(" + axis + ")", CumsumOp.class, "cumsum(int)")
                    .sized(n -> new int[][] {{3, n, 5}})
                    .sized(n -> new int[][] {{n, 2, 3}})
                    .sample(s(2, 3, 200))
                    .sample(s(2, 0, 3))
                    .large(s(90, 180, 120))
                    .f(x -> x[0].cumsum(axis))
                    .is(x -> x[0].along(axis, line -> {
                        double[] y = line.clone();
                        for (int i = 1; i < y.length; i++) {
                            y[i] += y[i - 1];
                        }
                        return y;
                    }))
                    .refuses("cumsum: x [2, 3] has no dimension 2; choose one from -2 to 1", () -> t(2, 3).cumsum(2))
                    .refuses("cumsum: x [] has no dimension 0; it is a single number", () -> t().cumsum(0));
            for (Order order : Order.values()) {
                String name = order.name().toLowerCase(java.util.Locale.ROOT) + " along " + axis;
                sorted("sort " + name, axis, order, -1);
                sorted("places of sort " + name, axis, order, -1)
                        .constant()
                        .f(x -> x[0].sort(axis, order).indices());
                row("places of sort of I32 " + name, SortOp.class)
                        .numbers(0, Numbers.INTS) // many are equal: they keep their order
                        .range(-5, 5)
                        .constant()
                        .sized(n -> new int[][] {{2, n, 5}})
                        .sample(s(3, 500, 2))
                        .f(x -> x[0].sort(axis, order).indices())
                        .is(x -> x[0].along(axis, line -> Doubles.order(line, order)));
            }
            sorted("topk along " + axis, axis, Order.DESCENDING, 3);
        }
        row("sort of I32", SortOp.class, "sort(int)")
                .numbers(0, Numbers.INTS)
                .range(-2_000_000_000, 2_000_000_000)
                .constant()
                .sized(n -> new int[][] {{3, n}})
                .f(x -> x[0].sort(-1).values())
                .is(x -> x[0].along(-1, line -> Arrays.stream(line).sorted().toArray()))
                .refuses(
                        "sort: x [2, 3] has no dimension 2; choose one from -2 to 1",
                        () -> t(2, 3).sort(2).values())
                .refuses(
                        "topk: x [2, 3] has x.dim(1)=3 places but k=4 are asked for; choose 0 <= k <= dim(1)",
                        () -> t(2, 3).topk(1, 4).values())
                .refuses(
                        "topk: k=-1 of x [2, 3] is how many values are taken; give 0 or more, and at"
                                + " most as many as there are",
                        () -> t(2, 3).topk(1, -1).values())
                .refuses(
                        "sort: x [2] is U8 but must be F32 or I32; convert it with to(DType.F32)",
                        () -> Tensor.ofBytes(ByteBuffer.allocate(2), 2).sort(0).values());
        for (int[] dims : new int[][] {{0}, {1}, {-1}, {0, 2}, {2, 1, 0}}) {
            row("flip" + Arrays.toString(dims), FlipOp.class, "flip(int[])")
                    .sized(n -> new int[][] {{3, n, 2}})
                    .sized(n -> new int[][] {{2, 3, n}})
                    .sample(s(0, 2, 3))
                    .large(s(90, 130, 120))
                    .f(x -> x[0].flip(dims))
                    .is(x -> Doubles.each(x[0].dims(), i -> {
                        int[] from = i.clone();
                        for (int d : dims) {
                            int at = (d + 3) % 3;
                            from[at] = x[0].dim(at) - 1 - i[at];
                        }
                        return x[0].at(from);
                    }))
                    .refuses(
                            "flip: x [2, 3] is flipped along no dimension; name those whose order is to change",
                            () -> t(2, 3).flip())
                    .refuses(
                            "flip: dimension -1 of [2, 3] is named twice in [1, -1]; name each once",
                            () -> t(2, 3).flip(1, -1));
        }
        for (int[] by : new int[][] {{0, 1}, {1, -2}, {-1, 5}, {2, 0}, {1, Integer.MIN_VALUE}}) {
            row("roll" + Arrays.toString(by), RollOp.class, "roll(int,int)")
                    .sized(n -> new int[][] {{3, n, 2}})
                    .sized(n -> new int[][] {{n, 2, 3}})
                    .sample(s(2, 0, 3))
                    .large(s(90, 130, 120))
                    .f(x -> x[0].roll(by[0], by[1]))
                    .is(x -> Doubles.each(x[0].dims(), i -> {
                        int[] from = i.clone();
                        int at = (by[0] + 3) % 3;
                        from[at] = (int) Math.floorMod((long) i[at] - by[1], (long) x[0].dim(at));
                        return x[0].at(from);
                    }))
                    .refuses("roll: x [2, 3] has no dimension 2; choose one from -2 to 1", () -> t(2, 3).roll(2, 1));
        }
        expand(s(4, -1)).sized(n -> new int[][] {{n}}).sample(s()).large(s(300_000));
        expand(s(-1, 5)).sized(n -> new int[][] {{n, 1}}).large(s(100_000, 1));
        expand(s(3, 2, 4, -1, 5))
                .sized(FEW, n -> new int[][] {{2, 1, n, 1}})
                .sample(s(1, 3, 5))
                .refuses(
                        "expand: x [2, 3] does not stretch to [4, 3]: x.dim(0)=2 but dim(0) of the result is 4; only a"
                                + " dimension of 1 stretches",
                        () -> t(2, 3).expand(4, 3))
                .refuses(
                        "expand: x [2, 3] does not stretch to [5, 2, 1]: x.dim(1)=3 but dim(2) of the result is 1;"
                                + " only a dimension of 1 stretches",
                        () -> t(2, 3).expand(5, 2, 1))
                .refuses("expand: x [2, 3] has more dimensions than [3]; reduce or reshape it", () -> t(2, 3).expand(3))
                .refuses(
                        "expand: [-1, 2, 3] are no dimensions for x [2, 3]; give 0 or more, or -1 to keep a dimension"
                                + " that x has",
                        () -> t(2, 3).expand(-1, 2, 3));
        row("split", SliceOp.class, "split(int,int[])")
                .sized(n -> new int[][] {{3, n + 2, 2}})
                .f(x -> {
                    List<Tensor> parts = x[0].split(1, 2, 0, x[0].dim(1) - 2);
                    return Tensor.concat(1, parts.get(2), parts.get(1), parts.get(0));
                })
                .is(x -> Doubles.each(x[0].dims(), i -> x[0].at(i[0], (i[1] + 2) % x[0].dim(1), i[2])))
                .refuses(
                        "split: x [2, 5] has dim(1)=5, which the sizes [2, 2] do not add up to; give sizes of 0 or"
                                + " more whose sum it is",
                        () -> t(2, 5).split(-1, 2, 2).get(0))
                .refuses(
                        "split: x [2, 5] has dim(1)=5, which the sizes [6, -1] do not add up to; give sizes of 0 or"
                                + " more whose sum it is",
                        () -> t(2, 5).split(1, 6, -1).get(0));
        row("chunk", SliceOp.class, "chunk(int,int)")
                .sized(n -> new int[][] {{n, 4}})
                .f(x -> {
                    List<Tensor> parts = x[0].chunk(0, 3);
                    int each = (x[0].dim(0) + 2) / 3;
                    assertThat(parts).allSatisfy(p -> assertThat(p.dim(0)).isBetween(1, each));
                    assertThat(parts).hasSize((x[0].dim(0) + each - 1) / each);
                    return Tensor.concat(0, parts.toArray(Tensor[]::new));
                })
                .is(x -> x[0].map(v -> v))
                .refuses(
                        "chunk: x [2, 5] in 0 parts; give a count of 1 or more",
                        () -> t(2, 5).chunk(1, 0).get(0));
        for (int axis = 0; axis < 3; axis++) {
            int at = axis;
            row("take along " + at, TakeOp.class, "take(int,Tensor)")
                    .indices(1, shapes -> shapes[0][at])
                    .sized(n -> new int[][] {{3, 4, n}, {2, 3}})
                    .sized(n -> new int[][] {{n, 2, 3}, {17}})
                    .sample(s(3, 4, 5), s())
                    .sample(s(3, 4, 5), s(0))
                    .large(s(60, 70, 80), s(150))
                    .large(s(3, 20, 1000), s(40, 10))
                    .f(x -> x[0].take(at, x[1]))
                    .is(x -> x[0].take(at, x[1]))
                    .refuses(
                            "take: index 3 at row 1 is outside [-3, 3): give a number that exists; -1 is the last",
                            () -> t(3, 3, 3).take(at, Tensor.ofInts(new int[] {0, 3}, 2)))
                    .refuses(
                            "take: input 1 [2] is F32 but must be I32; make it with Tensor.ofInts, or convert it with"
                                    + " to(DType.I32)",
                            () -> t(3, 3, 3).take(at, t(2)));
            for (Scatter how : Scatter.values()) {
                boolean flows = how == Scatter.SET || how == Scatter.ADD;
                Row r = row("scatter " + how + " along " + at, ScatterOp.class, "scatter(int,Tensor,Tensor,Scatter)")
                        .indices(1, shapes -> 3)
                        .sized(FEW, n ->
                                new int[][] {scattered(at, s(3), n, 2)[0], s(2, 3), scattered(at, s(2, 3), n, 2)[0]})
                        .large(scattered(at, s(3), 300, 400)[0], s(2, 3), scattered(at, s(2, 3), 300, 400)[0])
                        .f(x -> x[0].scatter(at, x[1], x[2], how))
                        .is(x -> x[0].scatter(at, x[1], x[2], how, false))
                        .tolerance(2e-6, 2e-5);
                Row e = row(
                                "scatter_elements " + how + " along " + at,
                                ScatterOp.class,
                                "scatterElements(int,Tensor,Tensor,Scatter)")
                        .indices(1, shapes -> shapes[0][at])
                        .sized(FEW, n -> new int[][] {{5, n, 4}, {5, n, 4}, {5, n, 4}})
                        .sample(
                                s(5, 4, 3),
                                at == 0 ? s(7, 2, 3) : at == 1 ? s(5, 6, 2) : s(4, 4, 8),
                                at == 0 ? s(7, 2, 3) : at == 1 ? s(5, 6, 2) : s(4, 4, 8))
                        .large(s(90, 50, 60), s(90, 50, 60), s(90, 50, 60))
                        .f(x -> x[0].scatterElements(at, x[1], x[2], how))
                        .is(x -> x[0].scatter(at, x[1], x[2], how, true))
                        .tolerance(2e-6, 2e-5);
                if (!flows) {
                    r.constant();
                    e.constant();
                }
                if (how == Scatter.MUL) { // whether products overflow on the way depends on their order
                    r.ordinary(0).ordinary(2);
                    e.ordinary(0).ordinary(2);
                }
            }
            row("gather_elements along " + at, GatherElementsOp.class, "gatherElements(int,Tensor)")
                    .indices(1, shapes -> shapes[0][at])
                    .sized(n -> new int[][] {{5, n, 4}, {5, n, 4}})
                    .sample(s(5, 4, 3), at == 0 ? s(7, 2, 3) : at == 1 ? s(5, 6, 2) : s(4, 4, 8))
                    .large(s(90, 50, 60), s(90, 50, 60))
                    .f(x -> x[0].gatherElements(at, x[1]))
                    .is(x -> x[0].gatherElements(at, x[1]))
                    .refuses(
                            "gather_elements: index 2 at row 1 is outside [-2, 2): give a number that exists; -1 is the last",
                            () -> t(2, 2, 2).gatherElements(at, Tensor.ofInts(new int[] {-2, 2}, 1, 1, 2)))
                    .refuses(
                            "gather_elements: index [2, 2] must have 3 dimensions like x [2, 2, 2], none larger but"
                                    + " dimension " + at + "; expand or slice it",
                            () -> t(2, 2, 2).gatherElements(at, ints(2, 2)));
            row("index_add along " + at, IndexAddOp.class, "indexAdd(int,Tensor,int)")
                    .indices(1, shapes -> 5)
                    .sized(n -> scattered(at, s(2, 3), n, 3))
                    .sized(n -> scattered(at, s(n), 2, 3))
                    .sample(scattered(at, s(1), 2, 3))
                    .large(scattered(at, s(700), 30, 40)[0], s(700))
                    .large(scattered(at, s(200), 3, 1000)[0], s(200))
                    .f(x -> x[0].indexAdd(at, x[1], 5))
                    .is(x -> x[0].indexAdd(at, x[1], 5))
                    .tolerance(2e-6, 2e-5)
                    .refuses(
                            "index_add: index -5 at row 0 is outside [-4, 4): give a number that exists; -1 is the last",
                            () -> t(2, 2, 2).indexAdd(at, Tensor.ofInts(new int[] {-5, 3}, 2), 4))
                    .refuses(
                            "index_add: x [2, 2, 2] and index [3] disagree: x.dim(" + at
                                    + ")=2 but index.dim(0)=3; they must be equal",
                            () -> t(2, 2, 2).indexAdd(at, Tensor.ofInts(new int[3], 3), 4));
        }
        ROWS.get(ROWS.size() - 2)
                .refuses(
                        "scatter: index 3 at row 0 is outside [-3, 3): give a number that exists; -1 is the last",
                        () -> t(3, 2).scatter(0, Tensor.ofInts(new int[] {3}, 1), t(1, 2), Scatter.ADD))
                .refuses(
                        "scatter: updates [4, 2] must have the shape of x [3, 2] with the dimensions of index [5] in the"
                                + " place of dimension 0, as take gives it",
                        () -> t(3, 2).scatter(0, ints(5), t(4, 2), Scatter.SET))
                .refuses(
                        "scatter_elements: x [3, 2] is F32 but updates [1, 2] are I32; both must be F32 or both I32, so"
                                + " convert them with to(DType)",
                        () -> t(3, 2).scatterElements(0, ints(1, 2), ints(1, 2), Scatter.SET))
                .refuses(
                        "scatter_elements: updates [2, 2] and index [1, 2] must have the same shape; give a place for"
                                + " each update",
                        () -> t(3, 2).scatterElements(0, ints(1, 2), t(2, 2), Scatter.SET))
                .refuses(
                        "scatter: x [3, 2] or updates [1, 2] need a gradient, but MAX has none; detach() them, or join by SET"
                                + " or ADD",
                        () -> {
                            try (Pass pass = Pass.grad()) {
                                return pass.watch(t(3, 2)).scatter(0, ints(1), t(1, 2), Scatter.MAX);
                            }
                        });
        ROWS.get(ROWS.size() - 1)
                .refuses(
                        "index_add: x [2, 3] has 1 dimensions from 1 on but index [3, 2] has 2; give an index for"
                                + " those dimensions of x",
                        () -> t(2, 3).indexAdd(1, Tensor.ofInts(new int[6], 3, 2), 4))
                .refuses(
                        "index_add: size=-1 is how many places the result has; give 0 or more",
                        () -> t(2, 3).indexAdd(1, Tensor.ofInts(new int[3], 3), -1));
        ROWS.get(ROWS.size() - 2)
                .refuses(
                        "take: x [1, 1, 1, 1] and index [1, 1, 1, 1] make 7 dimensions but 6 are the most; flatten the"
                                + " index",
                        () -> t(1, 1, 1, 1).take(0, Tensor.ofInts(new int[1], 1, 1, 1, 1)));
        row("embedding", EmbeddingOp.class, "embedding(Operand,Integer)")
                .indices(1, shapes -> shapes[0][0])
                .sized(n -> new int[][] {{n, 5}, {2, 3}})
                .sized(n -> new int[][] {{7, n}, {n}})
                .sample(s(3, 4), s())
                .sample(s(3, 4), s(0))
                .sample(s(300, 20), s(2, 3, 5))
                .large(s(500, 64), s(4000))
                .f(x -> x[1].embedding(x[0], null))
                .is(x -> x[0].take(0, x[1]))
                .refuses(
                        "embedding: index 3 at row 1 is outside [0, 3): give the number of a row that exists",
                        () -> Tensor.ofInts(new int[] {0, 3}, 2).embedding(t(3, 2), null))
                .refuses(
                        "embedding: x [3] is no table; give [vocabulary, dim], a row for each token",
                        () -> ints(2).embedding(t(3), null))
                .refuses(
                        "embedding: input 1 [2] is F32 but must be I32; make it with Tensor.ofInts, or convert it with"
                                + " to(DType.I32)",
                        () -> t(2).embedding(t(3, 2), null))
                .refuses(
                        "embedding: tokens [1, 1, 1, 1, 1, 1] and their vectors make 7 dimensions but 6 are the most;"
                                + " flatten the tokens",
                        () -> ints(1, 1, 1, 1, 1, 1).embedding(t(3, 2), null));
        row("embedding_bag", BagOp.class, "embeddingBag(Operand,Operand,Tensor,Tensor,Integer)")
                .indices(1, shapes -> shapes[0][0])
                .numbers(2, Numbers.INTS)
                .range(2, 0, 3)
                .sized(n -> new int[][] {{9, n}, {4, 3}, {4}, {4, 3}, {n}})
                .sized(FEW, n -> new int[][] {{n, 5}, {n, 4}, {n}, {n, 4}, {5}})
                .large(s(500, 64), s(600, 6), s(600), s(600, 6), s(64))
                .f(x -> x[1].embeddingBag(x[0], x[4], x[2], x[3], 1))
                .is(x -> bag(x[0], x[1], x[2], x[3], x[4], 1))
                .tolerance(2e-6, 1e-5)
                .ordinary(0)
                .ordinary(3)
                .refuses(
                        "embedding_bag: index 3 at row 2 is outside [0, 3): give the number of a row that exists",
                        () -> Tensor.ofInts(new int[] {0, -1, 3, 2}, 2, 2).embeddingBag(t(3, 2), null, null, null, -1))
                .refuses(
                        "embedding_bag: length 3 at row 0 is outside [0, 2]: lengths count the steps of a row that are"
                                + " no padding",
                        () -> ints(1, 2).embeddingBag(t(3, 2), null, Tensor.ofInts(new int[] {3}, 1), null, null))
                .refuses(
                        "embedding_bag: tokens [2] are no rows; give [n, length], padded to one length",
                        () -> ints(2).embeddingBag(t(3, 2), null, null, null, null))
                .refuses(
                        "embedding_bag: tokens [1, 2] and weights [2] disagree; give one weight for each token",
                        () -> ints(1, 2).embeddingBag(t(3, 2), null, null, t(2), null))
                .refuses(
                        "embedding_bag: weight [3, 2] and bias [3] disagree: weight.dim(1)=2 but the bias has 3"
                                + " numbers; give one for each output",
                        () -> ints(1, 2).embeddingBag(t(3, 2), t(3), null, null, null))
                .refuses(
                        "embedding_bag: tokens [1, 2] and lengths [2] disagree: tokens.dim(0)=1 but there are 2"
                                + " lengths; give [1], one for each row",
                        () -> ints(1, 2).embeddingBag(t(3, 2), null, ints(2), null, null));
        row("embedding_bag of ones", BagOp.class)
                .indices(1, shapes -> shapes[0][0])
                .sized(n -> new int[][] {{9, n}, {n, 3}})
                .sample(s(3, 4), s(2, 0))
                .large(s(500, 64), s(600, 6))
                .f(x -> x[1].embeddingBag(x[0], null, null, null, null))
                .is(x -> bag(x[0], x[1], null, null, null, -1))
                .tolerance(2e-6, 1e-5)
                .ordinary(0);
        row("detach", "detach()", "value()")
                .sized(n -> new int[][] {{n}})
                .constant()
                .f(x -> x[0].detach())
                .is(x -> x[0].map(v -> v));
        row("recompute", RecomputeOp.class)
                .sized(n -> new int[][] {{2, n}})
                .f(x -> Recomputation.run(h -> h.square().tanh(), x[0]))
                .is(x -> x[0].map(v -> Math.tanh(v * v)));
    }

    // ---- padding, pooling, resizing

    private static Row pad(String name, PadMode mode, float value, int... sides) {
        return row("pad " + name, PadOp.class)
                .tolerance(1e-6, 1e-6)
                .f(x -> mode == PadMode.ZEROS ? x[0].padWithValue(value, sides) : x[0].pad(mode, sides))
                .is(x -> x[0].pad(mode, value, sides));
    }

    static {
        section = "Padding, pooling and resizing";
        for (PadMode mode : PadMode.values()) {
            String name = mode.name().toLowerCase(java.util.Locale.ROOT);
            float value = mode == PadMode.ZEROS ? 7 : 0;
            for (int axis = 0; axis < 3; axis++) {
                int at = axis;
                row("pad " + name + " along " + at, PadOp.class)
                        .sized(FEW, n ->
                                new int[][] {at == 0 ? s(n + 2, 2, 3) : at == 1 ? s(2, n + 2, 3) : s(2, 3, n + 2)})
                        .large(s(90, 180, 120))
                        .tolerance(1e-6, 1e-6)
                        .f(x -> mode == PadMode.ZEROS ? x[0].pad(at - 3, value, 2, 1) : x[0].pad(at, mode, 2, 1))
                        .is(x -> {
                            int rows = product(x[0].dims(), 0, at);
                            int inner = product(x[0].dims(), at + 1, 3);
                            int[] dims = x[0].dims().clone();
                            dims[at] += 3;
                            return x[0].reshape(rows, x[0].dim(at), inner)
                                    .pad(mode, value, 2, 1)
                                    .reshape(dims);
                        });
            }
            pad(name + " images", mode, value, 2, 1, 0, 3)
                    .sized(FEW, n -> new int[][] {{2, 4, 3, n}})
                    .sized(FEW, n -> new int[][] {{1, 5, n + 2, 2}})
                    .sample(s(0, 4, 3, 2))
                    .sample(s(2, 4, 3, 0))
                    .large(s(32, 28, 28, 6))
                    .large(s(8, 30, 17, 64));
            pad(name + " sequences", mode, value, 3, 2)
                    .sized(FEW, n -> new int[][] {{2, n + 3, 3}})
                    .sized(FEW, n -> new int[][] {{3, 4, n}})
                    .large(s(300, 200, 8));
            pad(name + " volumes", mode, value, 1, 0, 1, 2, 2, 1)
                    .sample(s(2, 3, 4, 5, 3))
                    .sample(s(1, 3, 3, 2, 17))
                    .sample(s(2, 4, 3, 3, 1))
                    .large(s(5, 10, 20, 20, 16));
            if (mode == PadMode.ZEROS || mode == PadMode.REPLICATE) {
                pad(name + " wider than the image", mode, value, 5, 4, 3, 6)
                        .sample(s(2, 1, 1, 17))
                        .sample(s(1, 2, 3, 5))
                        .sample(s(1, 1, 1, 1));
            }
        }
        pad("circular, all around", PadMode.CIRCULAR, 0, 3, 3, 2, 2)
                .covers(
                        "pad(PadMode,int[])",
                        "padWithValue(double,int[])",
                        "pad(int,PadMode,int,int)",
                        "pad(int,double,int,int)")
                .sample(s(2, 2, 3, 5))
                .refuses(
                        "pad: x [1, 2, 2, 1] has dim(2)=2 but 3 places beside it; circular fills at most 2, so pad"
                                + " less or with zeros",
                        () -> t(1, 2, 2, 1).pad(PadMode.CIRCULAR, 1, 3, 0, 0))
                .refuses(
                        "pad: x [1, 2, 2, 1] has dim(1)=2 but 2 places beside it; reflect fills at most 1, so pad less"
                                + " or with zeros",
                        () -> t(1, 2, 2, 1).pad(PadMode.REFLECT, 1, 1, 2, 0))
                .refuses(
                        "pad: x [1, 0, 1] has dim(1)=0 but 1 places beside it; replicate fills at most 0, so pad less"
                                + " or with zeros",
                        () -> t(1, 0, 1).pad(PadMode.REPLICATE, 1, 0))
                .refuses(
                        "pad: x [2, 3] has 2 dimensions but 4 sides are those of [n, h, w, c]; reshape it, or name the"
                                + " dimension to pad",
                        () -> t(2, 3).padWithValue(0, 1, 1, 1, 1))
                .refuses(
                        "pad: [1, 1, 1] are 3 sides; give left and right, then top and bottom of images, then front"
                                + " and back of volumes",
                        () -> t(1, 2, 2, 1).padWithValue(0, 1, 1, 1))
                .refuses(
                        "pad: the sides [-1, 1] must be 0 or more; slice() takes away",
                        () -> t(1, 2, 2).padWithValue(0, -1, 1))
                .refuses(
                        "pad: dim(1) of the result would be 2147483649; an int is the most",
                        () -> t(0, 2, 2).padWithValue(0, Integer.MAX_VALUE, 0))
                .refuses("pad: x [2, 3] has no dimension 2; choose one from -2 to 1", () -> t(2, 3).pad(2, 1, 1, 1))
                .refuses(
                        "pad: the sides [0, -1] must be 0 or more; slice() takes away",
                        () -> t(2, 3).pad(1, PadMode.ZEROS, 0, -1))
                .refuses(
                        "pad: x [2] is I32 but 0.5 is no whole number of 32 bits; give one, or convert x with"
                                + " to(DType.F32)",
                        () -> Tensor.ofInts(new int[2], 2).pad(0, 0.5, 1, 1))
                .refuses(
                        "pad: x [2] is U8 but 256.0 is no whole number from 0 to 255; give one, or convert x with"
                                + " to(DType.F32)",
                        () -> Tensor.ofBytes(ByteBuffer.allocate(2), 2).pad(0, 256, 1, 1))
                .refuses(
                        "pad: x [2] is I8 but -129.0 is no whole number from -128 to 127; give one, or convert x with"
                                + " to(DType.F32)",
                        () -> Tensor.ofInt8(new byte[2], 2).pad(0, -129, 1, 1));
    }

    private static Row pool(String name, Window w, Class<?> op, Function<Tensor, Tensor> f, Doubles.Pooling reference) {
        Row r = row(name + " " + w, op).f(x -> f.apply(x[0])).is(x -> x[0].pool(w, reference));
        return switch (w.rank()) {
            case 1 ->
                r.sized(FEW, n -> new int[][] {{2, 9, n}})
                        .sized(FEW, n -> new int[][] {{3, n + 6, 2}})
                        .sample(s(0, 9, 2))
                        .large(s(64, 300, 6))
                        .large(s(64, 60, 48));
            case 2 ->
                r.sized(FEW, n -> new int[][] {{2, 7, 8, n}})
                        .sized(FEW, n -> new int[][] {{1, 9, n + 6, 3}})
                        .sample(s(1, 8, 7, 1))
                        .sample(s(1, 7, 37, 1))
                        .sample(s(2, 12, 28, 6))
                        .sample(s(0, 8, 8, 2))
                        .sample(s(2, 8, 8, 0))
                        .large(s(32, 40, 41, 6))
                        .large(s(16, 33, 30, 32));
            default ->
                r.sized(FEW, n -> new int[][] {{2, 4, 5, 4, n}})
                        .sample(s(1, 6, 5, 7, 3))
                        .large(s(8, 10, 20, 20, 16));
        };
    }

    private static Row maxPool(Window w) {
        return pool("max_pool", w, MaxPoolOp.class, x -> x.maxPool(w), (seen, at, places) -> Doubles.max(seen));
    }

    private static void avgPool(Window w) {
        pool(
                        "avg_pool",
                        w,
                        AvgPoolOp.class,
                        x -> x.avgPool(w),
                        (seen, at, places) -> Arrays.stream(seen).sum() / places)
                .tolerance(2e-6, 1e-6);
        pool(
                        "avg_pool inside",
                        w,
                        AvgPoolOp.class,
                        x -> x.avgPoolExcludingPadding(w),
                        (seen, at, places) -> Arrays.stream(seen).sum() / seen.length)
                .tolerance(2e-6, 1e-6);
    }

    private static final List<Window> WINDOWS = List.of(
            Window.of(2).stride(2),
            Window.of(2).stride(2).ceil(),
            Window.of(3).stride(2).pad(1),
            Window.of(3).stride(2).ceil(),
            Window.of(3).pad(1),
            Window.of(2).stride(3),
            Window.of(1).stride(2),
            Window.of(2, 3).stride(3, 1).pad(0, 1),
            Window.of(3).dilation(2).stride(2).pad(2),
            Window.of(3).dilation(1, 2).pad(1, 0, 2, 1),
            Window.of(2).dilation(2).stride(3),
            Window.of(3, 2).stride(2).same(),
            Window.of(5, 4).stride(4, 3).pad(2),
            Window.line(2).stride(2),
            Window.line(3).stride(2).pad(1).ceil(),
            Window.of(2, 2, 2).stride(2),
            Window.of(3, 2, 3).stride(2, 1, 2).pad(1, 0, 1));

    static {
        for (Window w : WINDOWS) {
            maxPool(w);
            avgPool(w);
        }
        for (Window w : List.of(
                Window.of(2).stride(2),
                Window.of(3).stride(2).pad(1),
                Window.line(3).dilation(2))) {
            pool(
                            "max_pool positions",
                            w,
                            MaxPoolOp.class,
                            x -> x.maxPoolWithIndices(w).indices(),
                            (seen, at, places) -> at[(int) Doubles.argmax(seen)])
                    .covers("maxPoolWithIndices(Window)", "maxPoolWithIndices(int)")
                    .constant();
        }
        // taps that are no bytes; windows larger than the image
        Window large = Window.of(18).stride(3).pad(9);
        row("max_pool " + large, MaxPoolOp.class)
                .covers("maxPool(Window)", "maxPool(int)")
                .refuses(
                        "max_pool: x [1, 2, 5, 2] is too small for the window 3x3 stride 3: x.dim(1)=2 and its padding"
                                + " make 2 but the window reaches over 3; pad more, or give a larger x",
                        () -> t(1, 2, 5, 2).maxPool(3))
                .sample(s(1, 2, 5, 3))
                .sample(s(1, 1, 1, 17))
                .sample(s(2, 20, 21, 5))
                .f(x -> x[0].maxPool(large))
                .is(x -> x[0].pool(large, (seen, at, places) -> Doubles.max(seen)))
                .refuses(
                        "max_pool: x [1, 2, 5, 2] is too small for the window 3x3: x.dim(1)=2 and its padding make 2"
                                + " but the window reaches over 3; pad more, or give a larger x",
                        () -> t(1, 2, 5, 2).maxPool(Window.of(3)))
                .refuses(
                        "max_pool: x [1, 5, 3] has 3 dimensions but the window 3x3 takes [N, H, W, C]; reshape it",
                        () -> t(1, 5, 3).maxPool(Window.of(3)))
                .refuses(
                        "max_pool: x [1, 5, 2, 3, 1] is too small for the window 1x3x1: x.dim(2)=2 and its padding"
                                + " make 2 but the window reaches over 3; pad more, or give a larger x",
                        () -> t(1, 5, 2, 3, 1).maxPool(Window.of(1, 3, 1)))
                .refuses(
                        "max_pool: the window 2x2 padding 2 lies in the padding alone for some places of x [1, 5, 4,"
                                + " 3], x.dim(1)=5; pad less",
                        () -> t(1, 5, 4, 3).maxPool(Window.of(2).pad(2)))
                .refuses(
                        "max_pool: the window 2x2 dilation 2 padding 1 lies in the padding alone for some places of x"
                                + " [1, 1, 4, 3], x.dim(1)=1; pad less",
                        () -> t(1, 1, 4, 3).maxPool(Window.of(2).dilation(2).pad(1)))
                .refuses(
                        "max_pool: x [2, 2, 2, 2, 1] is a volume, whose indices are not kept; give a window over"
                                + " sequences or images",
                        () -> t(2, 2, 2, 2, 1)
                                .maxPoolWithIndices(Window.of(1, 1, 1))
                                .values())
                .refuses(
                        "max_pool: x [0, 65536, 65536, 1] has 4294967296 places for each batch and channel but an"
                                + " index is an I32; pool without indices",
                        () -> t(0, 65536, 65536, 1)
                                .maxPoolWithIndices(Window.of(1))
                                .values())
                .refuses(
                        "max_pool: x [1, 4, 4, 1] is I32 but must be F32; convert it with to(DType.F32)",
                        () -> Tensor.ofInts(new int[16], 1, 4, 4, 1).maxPool(Window.of(2)));
        row("avg_pool " + large, AvgPoolOp.class)
                .covers("avgPool(Window)", "avgPool(int)", "avgPoolExcludingPadding(Window)")
                .refuses(
                        "avg_pool: x [1, 2, 5, 2] is too small for the window 3x3 stride 3: x.dim(1)=2 and its padding"
                                + " make 2 but the window reaches over 3; pad more, or give a larger x",
                        () -> t(1, 2, 5, 2).avgPool(3))
                .sample(s(1, 2, 5, 3))
                .sample(s(1, 1, 1, 17))
                .f(x -> x[0].avgPoolExcludingPadding(large))
                .is(x -> x[0].pool(
                        large, (seen, at, places) -> Arrays.stream(seen).sum() / seen.length))
                .tolerance(2e-6, 1e-6)
                .refuses(
                        "avg_pool: the window 1x2 padding 0x2 lies in the padding alone for some places of x [1, 5, 4,"
                                + " 3], x.dim(2)=4; pad less",
                        () -> t(1, 5, 4, 3).avgPool(Window.of(1, 2).pad(0, 2)));
        row("max_unpool", MaxUnpoolOp.class, "maxUnpool(Tensor,int[])")
                .sized(FEW, n -> new int[][] {{2, 3, 2, n}})
                .sample(s(1, 1, 1, 1))
                .large(s(8, 14, 14, 32))
                .f(x -> x[0].maxUnpool(places(x[0].shape().toArray()), 2 * x[0].dim(1), 3 * x[0].dim(2)))
                .is(x -> {
                    int[] index = placesOf(x[0].dims());
                    int[] out = x[0].dims().clone();
                    out[1] *= 2;
                    out[2] *= 3;
                    Doubles y = Doubles.each(out, i -> 0);
                    for (int i = 0; i < index.length; i++) {
                        int image = i / (out[3] * x[0].dim(1) * x[0].dim(2));
                        y.v()[(image * out[1] * out[2] + index[i]) * out[3] + i % out[3]] = x[0].v()[i];
                    }
                    return y;
                })
                .refuses(
                        "max_unpool: index 6 at row 1 is outside [0, 6): give the number of a row that exists",
                        () -> t(1, 2, 1).maxUnpool(Tensor.ofInts(new int[] {0, 6}, 1, 2, 1), 6))
                .refuses(
                        "max_unpool: x [1, 2, 1] and index [2] disagree; they must be equal: give each value its place",
                        () -> t(1, 2, 1).maxUnpool(Tensor.ofInts(new int[2], 2), 6))
                .refuses(
                        "max_unpool: x [1, 2, 1] has 3 dimensions but the sizes [6, 6] need 4; give one for each"
                                + " dimension between the first and the last",
                        () -> t(1, 2, 1).maxUnpool(Tensor.ofInts(new int[2], 1, 2, 1), 6, 6));
        for (Resize mode : Resize.values()) {
            String name = "resize " + mode.name().toLowerCase(java.util.Locale.ROOT);
            for (int[] size : new int[][] {{6, 8}, {2, 3}, {7, 1}, {3, 4}}) {
                row(name + Arrays.toString(size), ResizeOp.class)
                        .tolerance(1e-6, 1e-6)
                        .sized(FEW, n -> new int[][] {{2, 3, 4, n}})
                        .sized(FEW, n -> new int[][] {{1, n, 2, 3}})
                        .large(s(64, 30, 40, 16))
                        .f(x -> x[0].resize(mode, size))
                        .is(x -> x[0].resize(mode, size));
            }
            row(name + " of sequences", ResizeOp.class)
                    .tolerance(1e-6, 1e-6)
                    .sized(FEW, n -> new int[][] {{3, n, 2}})
                    .large(s(3000, 20, 24))
                    .f(x -> x[0].resize(mode, 5))
                    .is(x -> x[0].resize(mode, 5));
            row(name + " of volumes", ResizeOp.class)
                    .tolerance(1e-6, 1e-6)
                    .sample(s(2, 3, 4, 2, 5))
                    .sample(s(1, 1, 2, 9, 1))
                    .large(s(4, 10, 20, 20, 16))
                    .f(x -> x[0].resize(mode, 4, 3, 5))
                    .is(x -> x[0].resize(mode, 4, 3, 5));
        }
        ROWS.get(ROWS.size() - 1)
                .covers("resize(Resize,int[])")
                .refuses(
                        "resize: x [2, 3, 1] has 3 dimensions but the sizes [6, 6] are those of [n, h, w, c]; give one"
                                + " for each dimension between the first and the last",
                        () -> t(2, 3, 1).resize(Resize.AREA, 6, 6))
                .refuses(
                        "resize: [6, 0] are no sizes; give one to three of at least 1, as [h, w] for images",
                        () -> t(2, 3, 3, 1).resize(Resize.AREA, 6, 0))
                .refuses(
                        "resize: [-1, 6] are no sizes; give one to three of at least 1, as [h, w] for images",
                        () -> t(2, 3, 3, 1).resize(Resize.AREA, -1, 6))
                .refuses(
                        "resize: [] are no sizes; give one to three of at least 1, as [h, w] for images",
                        () -> t(2, 3, 3, 1).resize(Resize.AREA))
                .refuses(
                        "resize: x [2, 0, 1] has dim(1)=0 and cannot be resized; give at least one element",
                        () -> t(2, 0, 1).resize(Resize.NEAREST, 3));
        row("pixel_shuffle", "pixelShuffle(int)")
                .sized(n -> new int[][] {{2, 3, 2, 4 * n}})
                .sample(s(1, 1, 1, 4))
                .f(x -> x[0].pixelShuffle(2))
                .is(x -> Doubles.each(
                        s(x[0].dim(0), 2 * x[0].dim(1), 2 * x[0].dim(2), x[0].dim(3) / 4),
                        i -> x[0].at(i[0], i[1] / 2, i[2] / 2, 4 * i[3] + 2 * (i[1] % 2) + i[2] % 2)))
                .refuses(
                        "pixel_shuffle: x [1, 2, 2, 6] has 6 channels, which are no multiple of 2 x 2; give [n, h, w,"
                                + " c * 4]",
                        () -> t(1, 2, 2, 6).pixelShuffle(2))
                .refuses(
                        "pixel_shuffle: x [2, 4] and factor 2: give images [n, h, w, c * factor * factor] and a factor"
                                + " of 1 or more",
                        () -> t(2, 4).pixelShuffle(2));
        row("pixel_unshuffle", "pixelUnshuffle(int)")
                .sized(n -> new int[][] {{2, 6, 3, n}})
                .sample(s(1, 3, 3, 1))
                .f(x -> x[0].pixelUnshuffle(3))
                .is(x -> Doubles.each(
                        s(x[0].dim(0), x[0].dim(1) / 3, x[0].dim(2) / 3, 9 * x[0].dim(3)),
                        i -> x[0].at(i[0], 3 * i[1] + i[3] % 9 / 3, 3 * i[2] + i[3] % 3, i[3] / 9)))
                .refuses(
                        "pixel_unshuffle: x [1, 4, 6, 1] is 4 x 6, of which one is no multiple of 3; crop or pad it",
                        () -> t(1, 4, 6, 1).pixelUnshuffle(3))
                .refuses(
                        "pixel_unshuffle: x [2, 4] and factor 2: give images [n, h * factor, w * factor, c] and a"
                                + " factor of 1 or more",
                        () -> t(2, 4).pixelUnshuffle(2));
        for (int axis = 0; axis < 4; axis++) {
            int at = axis;
            row("slice of every third place along " + at, SliceOp.class)
                    .sample(s(7, 8, 9, 10))
                    .sample(s(8, 7, 8, 7))
                    .sample(s(5, 5, 5, 5))
                    .large(s(60, 40, 40, 16))
                    .f(x -> x[0].slice(at, 1, x[0].dim(at), 3))
                    .is(x -> Doubles.each(every(x[0].dims(), at), i -> {
                        int[] from = i.clone();
                        from[at] = 1 + 3 * i[at];
                        return x[0].at(from);
                    }));
        }
        ROWS.get(ROWS.size() - 1)
                .covers("slice(int,int,int,int)")
                .refuses(
                        "slice: step=0 is how far apart the places are; give 1 or more",
                        () -> t(3, 4).slice(1, 0, 4, 0))
                .refuses(
                        "slice: places 1 to 5 are outside x [3, 4]: x.dim(1)=4; choose 0 <= from <= to <= dim(1)",
                        () -> t(3, 4).slice(1, 1, 5, 2));
    }

    // ---- recurrent layers

    static {
        section = "Recurrent layers";
        for (Cell cell : Cell.values()) {
            boolean reverse = cell.ordinal() % 2 == 1;
            boolean senses = cell == Cell.GRU_RESET_FIRST;
            RecurrentOp op = new RecurrentOp(cell, reverse, senses, false, 1);
            int lengths = cell.hasCellState() ? 8 : 6;
            Row r = row("recurrent " + cell.name().toLowerCase(Locale.ROOT), RecurrentOp.class, "Recurrent")
                    .range(-1, 1)
                    .numbers(lengths, Numbers.INTS)
                    .range(lengths, 1, 3)
                    .f(x -> Pass.apply(
                            op,
                            cell.hasCellState()
                                    ? x
                                    : new Tensor[] {x[0], x[1], x[2], x[3], x[4], null, x[5], null, x[6]}))
                    .is(new Recurrence(cell, reverse, senses)::of)
                    .sized(FEW, n -> recurrent(cell, 2, 3, 2, n))
                    .sized(FEW, n -> recurrent(cell, n, 3, n, 3))
                    .large(recurrent(cell, 150, 8, 48, 64))
                    .tolerance(2e-6, 2e-6);
            for (int i = 0; i < lengths; i++) {
                r.ordinary(i);
            }
        }
    }

    /** The shapes of n sequences of t steps: x, W, U, the biases, and what the cell has besides. */
    private static int[][] recurrent(Cell cell, int n, int t, int in, int hidden) {
        int width = cell.gates() * hidden;
        return cell.hasCellState()
                ? new int[][] {
                    {n, t, in},
                    {width, in},
                    {width, hidden},
                    {width},
                    {width},
                    {3 * hidden},
                    {n, hidden},
                    {n, hidden},
                    {n}
                }
                : new int[][] {{n, t, in}, {width, in}, {width, hidden}, {width}, {width}, {n, hidden}, {n}};
    }

    // ---- attention

    private static Row attention(String name, Attention how, int keyHeads) {
        return row(name, AttentionOp.class, "attention(Tensor,Tensor,Attention)")
                .range(-2, 2)
                .ordinary(0)
                .ordinary(1)
                .ordinary(2)
                .sized(FEW, n ->
                        new int[][] {{2, n, 3 * how.heads()}, {2, n + 2, 3 * keyHeads}, {2, n + 2, 3 * keyHeads}})
                .sample(s(1, 66, 5 * how.heads()), s(1, 131, 5 * keyHeads), s(1, 131, 5 * keyHeads))
                .sample(s(0, 3, 4 * how.heads()), s(0, 2, 4 * keyHeads), s(0, 2, 4 * keyHeads))
                .large(s(2, 200, 16 * how.heads()), s(2, 190, 16 * keyHeads), s(2, 190, 16 * keyHeads))
                .f(x -> x[0].attention(x[1], x[2], how))
                .tolerance(2e-6, 2e-6);
    }

    static {
        section = "Attention";
        attention("attention", new Attention(2), 2)
                .is(x -> AttentionReference.of(x[0], x[1], x[2], 2, 2, null, (b, i, j) -> true))
                .refuses(
                        "attention: heads=4 and kvHeads=3 disagree: as many heads share each head of keys, so kvHeads"
                                + " must divide heads",
                        () -> t(1, 2, 8).attention(t(1, 2, 8), t(1, 2, 8), new Attention(4).kvHeads(3)))
                .refuses(
                        "attention: q [1, 2, 9] must be [batch, queries, heads * d], but 4 heads do not divide it",
                        () -> t(1, 2, 9).attention(t(1, 2, 9), t(1, 2, 9), new Attention(4)))
                .refuses(
                        "attention: q [1, 2, 8] must be [batch, queries, heads * d], with keys and values of 2 * 2"
                                + " heads behind the queries, but 6 heads do not divide it",
                        () -> t(1, 2, 8).attention(null, null, new Attention(2)))
                .refuses(
                        "attention: q [1, 2, 8] must be [batch, queries, heads * d], with keys and values of 2 *"
                                + " 1431655766 heads behind the queries, but 4294967298 heads do not divide it",
                        () -> t(1, 2, 8).attention(null, null, new Attention(1431655766)))
                .refuses(
                        "attention: q [2, 3, 8] and k [2, 5, 6] disagree: with 2 heads of 4 numbers, k must be [2,"
                                + " keys, 8] for 2 heads",
                        () -> t(2, 3, 8).attention(t(2, 5, 6), t(2, 5, 6), new Attention(2)))
                .refuses(
                        "attention: k [2, 5, 8] and v [2, 4, 8] disagree; they must be equal",
                        () -> t(2, 3, 8).attention(t(2, 5, 8), t(2, 4, 8), new Attention(2)))
                .refuses(
                        "attention: k and v go together; give both, or neither where q holds queries, keys and values",
                        () -> t(2, 3, 8).attention(t(2, 5, 8), null, new Attention(2)))
                .refuses(
                        "attention: dropout=1.0 is the probability to drop and must be in [0, 1)",
                        () -> t(2, 3, 8).attention(t(2, 5, 8), t(2, 5, 8), new Attention(2).dropout(1)));
        attention(
                        "attention, causal, two heads of keys for six",
                        new Attention(6).kvHeads(2).causal(),
                        2)
                .is(x -> AttentionReference.of(
                        x[0], x[1], x[2], 6, 2, null, (b, i, j) -> i - j >= x[0].dim(1) - x[1].dim(1)));
        row("attention of one tensor", AttentionOp.class)
                .range(-2, 2)
                .ordinary(0)
                .sized(FEW, n -> new int[][] {{2, n, 8 * 3}})
                .large(s(2, 200, 8 * 8))
                .f(x -> x[0].attention(null, null, new Attention(4).kvHeads(2).causal()))
                .is(x -> {
                    int d = x[0].dim(2) / 8;
                    return AttentionReference.of(
                            AttentionReference.part(x[0], 0, 4 * d),
                            AttentionReference.part(x[0], 4 * d, 6 * d),
                            AttentionReference.part(x[0], 6 * d, 8 * d),
                            4,
                            2,
                            null,
                            (b, i, j) -> j <= i);
                })
                .tolerance(2e-6, 2e-6);
        row("attention with lengths and a bias", AttentionOp.class)
                .range(-2, 2)
                .ordinary(0)
                .ordinary(1)
                .ordinary(2)
                .ordinary(3)
                .indices(4, shapes -> shapes[1][1] + 1)
                .sized(FEW, n -> new int[][] {{3, n, 10}, {3, n + 1, 10}, {3, n + 1, 10}, {2, n, n + 1}, {3}})
                .large(s(3, 90, 32), s(3, 100, 32), s(3, 100, 32), s(2, 90, 100), s(3))
                .f(x -> x[0].attention(
                        x[1],
                        x[2],
                        new Attention(2).mask(AttentionMask.NONE.withBias(x[3]).withLengths(x[4]))))
                .is(x -> AttentionReference.of(x[0], x[1], x[2], 2, 2, x[3], (b, i, j) -> j < x[4].v()[b]))
                .tolerance(2e-6, 2e-6)
                .refuses(
                        "attention: length 6 at row 1 is outside [0, 5]: lengths count the steps of a row that are no"
                                + " padding",
                        () -> t(2, 3, 8)
                                .attention(
                                        t(2, 5, 8),
                                        t(2, 5, 8),
                                        new Attention(2)
                                                .mask(AttentionMask.NONE.withLengths(
                                                        Tensor.ofInts(new int[] {5, 6}, 2)))))
                .refuses(
                        "attention: lengths [3] must be [2], a number for each row of q [2, 3, 8]",
                        () -> t(2, 3, 8)
                                .attention(
                                        t(2, 5, 8),
                                        t(2, 5, 8),
                                        new Attention(2)
                                                .mask(AttentionMask.NONE.withLengths(Tensor.ofInts(new int[3], 3)))))
                .refuses(
                        "attention: bias [3, 4] does not broadcast to the scores [2, 2, 3, 5] of [batch, heads,"
                                + " queries, keys]; its last dimension must be the keys, and each other one equal or 1",
                        () -> t(2, 3, 8)
                                .attention(
                                        t(2, 5, 8),
                                        t(2, 5, 8),
                                        new Attention(2).mask(AttentionMask.NONE.withBias(t(3, 4)))));
        row("attention behind a past", AttentionOp.class)
                .range(-2, 2)
                .ordinary(0)
                .ordinary(1)
                .ordinary(2)
                .indices(3, shapes -> shapes[1][1] - shapes[0][1] + 1)
                .sized(FEW, n -> new int[][] {{3, 2, 12}, {3, n + 4, 12}, {3, n + 4, 12}, {3}})
                .f(x -> x[0].attention(x[1], x[2], new Attention(3).mask(AttentionMask.NONE.withPast(x[3]))))
                .is(x -> AttentionReference.of(x[0], x[1], x[2], 3, 3, null, (b, i, j) -> j - i <= x[3].v()[b]))
                .tolerance(2e-6, 2e-6)
                .refuses(
                        "attention: past 3 at row 1 is outside [0, 2]: past counts the tokens before the given ones,"
                                + " and after so many the cache or the position table has no room for these; make it"
                                + " larger, or start a new sequence with past 0",
                        () -> t(2, 3, 8)
                                .attention(
                                        t(2, 5, 8),
                                        t(2, 5, 8),
                                        new Attention(2)
                                                .mask(AttentionMask.NONE.withPast(
                                                        Tensor.ofInts(new int[] {2, 3}, 2)))));
        for (boolean beside : new boolean[] {false, true}) {
            row("rotary, pairs " + (beside ? "side by side" : "of halves"), RotaryOp.class, "RotaryPositions")
                    .numbers(1, Numbers.SETTING)
                    .indices(2, shapes -> shapes[1][0] - shapes[0][1] + 1)
                    .sized(FEW, n -> new int[][] {{2, n, 3 * 7}, {n + 3, 6}, {2}})
                    .sample(s(2, 5, 3 * 34), s(9, 34), s(2))
                    .large(s(4, 300, 3 * 64), s(512, 64), s(4))
                    .ordinary(0)
                    .f(x -> Pass.apply(new RotaryOp(3, 2, beside), x))
                    .is(x -> rotated(x[0], x[1], x[2], beside))
                    .tolerance(1e-6, 1e-6)
                    .refuses(
                            "rotary: x [2, 5, 12] and the table [4, 2] disagree: x.dim(1)=5 tokens but only 4"
                                    + " positions; make a table of more positions",
                            () -> Pass.apply(new RotaryOp(3, 2, beside), t(2, 5, 12), t(4, 2), null))
                    .refuses(
                            "rotary: x [2, 5, 12] has heads of 4 numbers, of which the table [9, 6] cannot turn pairs;"
                                    + " give [positions, an even number of at most 4]",
                            () -> Pass.apply(new RotaryOp(3, 2, beside), t(2, 5, 12), t(9, 6), null));
        }
        row("put_rows", PutRowsOp.class, "putRows(Tensor,Tensor)")
                .indices(2, shapes -> shapes[0][1] - shapes[1][1] + 1)
                .sized(FEW, n -> new int[][] {{3, n + 2, 5}, {3, n, 5}, {3}})
                .large(s(4, 3000, 64), s(4, 2900, 64), s(4))
                .constant()
                .f(x -> x[0].putRows(x[1], x[2]))
                .is(x -> Doubles.each(x[0].dims(), i -> {
                    int row = i[1] - (int) x[2].v()[i[0]];
                    return row >= 0 && row < x[1].dim(1) ? x[1].at(i[0], row, i[2]) : x[0].at(i);
                }))
                .refuses(
                        "put_rows: past 4 at row 0 is outside [0, 3]: past counts the tokens before the given ones,"
                                + " and after so many the cache or the position table has no room for these; make it"
                                + " larger, or start a new sequence with past 0",
                        () -> t(1, 5, 2).putRows(t(1, 2, 2), Tensor.ofInts(new int[] {4}, 1)))
                .refuses(
                        "put_rows: x [1, 5, 2] and added [1, 2, 3] disagree: all dimensions but the second must be"
                                + " equal",
                        () -> t(1, 5, 2).putRows(t(1, 2, 3), Tensor.ofInts(new int[] {4}, 1)));
    }

    /** x of three heads, of which two are turned. */
    private static Doubles rotated(Doubles x, Doubles table, Doubles past, boolean beside) {
        int d = x.dim(2) / 3;
        int half = table.dim(1) / 2;
        return Doubles.each(x.dims(), i -> {
            int c = i[2] % d;
            if (i[2] >= 2 * d || c >= 2 * half) {
                return x.at(i);
            }
            int pair = beside ? c / 2 : c % half;
            boolean second = beside ? c % 2 == 1 : c >= half;
            int step = beside ? 1 : half;
            int position = i[1] + (int) past.v()[i[0]];
            double other = x.at(i[0], i[1], i[2] + (second ? -step : step));
            return x.at(i) * table.at(position, pair) + (second ? other : -other) * table.at(position, half + pair);
        });
    }

    private static int[] every(int[] dims, int axis) {
        int[] out = dims.clone();
        out[axis] = (dims[axis] + 1) / 3;
        return out;
    }

    /** Different places for the values of [n, h, w, c] in images of 2 h by 3 w. */
    private static int[] placesOf(int[] dims) {
        int places = dims[1] * dims[2];
        int[] index = new int[places * dims[0] * dims[3]];
        for (int i = 0; i < index.length; i++) {
            index[i] = (i / dims[3] % places * 5 + i % dims[3]) % (6 * places); // 5 apart, of 6 times as many
        }
        return index;
    }

    private static Tensor places(int[] dims) {
        return Tensor.ofInts(placesOf(dims), dims);
    }

    // ---- the same moves and sums of integers and bytes

    private static final Set<Object> MOVES = Set.of(
            ConcatOp.class,
            ExpandOp.class,
            FlipOp.class,
            PadOp.class,
            PermuteOp.class,
            ReshapeOp.class,
            RollOp.class,
            SliceOp.class,
            TakeOp.class);
    private static final Set<Object> EXACT = Set.of(
            CumsumOp.class,
            GatherElementsOp.class,
            IndexAddOp.class,
            MaxUnpoolOp.class,
            ScatterOp.class,
            WhereOp.class);

    static {
        for (Row r : List.copyOf(ROWS)) {
            boolean moves = r.covers.stream().anyMatch(MOVES::contains);
            boolean exact = r.covers.stream().anyMatch(EXACT::contains)
                    || r.covers.contains(ReduceOp.class) && r.name.matches("(sum|prod|max|min|argmax|argmin)\\[.*");
            if (moves || exact) {
                ROWS.add(r.of(Numbers.INTS));
            }
            if (moves) {
                ROWS.add(r.of(Numbers.BYTES));
                ROWS.add(r.of(Numbers.SIGNED_BYTES));
                ROWS.add(r.of(Numbers.HALVES));
                ROWS.add(r.of(Numbers.BFLOATS));
            }
        }
        ROWS.stream().filter(r -> r.name.matches("(sum|argmax)\\[1\\] of I32")).forEach(r -> r.large(s(90, 180, 120)));
    }
}
