package dev.fathom.onnx;

import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Order;
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
import dev.fathom.ops.CumsumOp;
import dev.fathom.ops.Epilogue;
import dev.fathom.ops.ExpandOp;
import dev.fathom.ops.FlipOp;
import dev.fathom.ops.GatherElementsOp;
import dev.fathom.ops.LinearOp;
import dev.fathom.ops.LocalResponseNormOp;
import dev.fathom.ops.MatmulOp;
import dev.fathom.ops.MaxPoolOp;
import dev.fathom.ops.NormOp;
import dev.fathom.ops.OneHotOp;
import dev.fathom.ops.PadOp;
import dev.fathom.ops.PermuteOp;
import dev.fathom.ops.RecurrentOp;
import dev.fathom.ops.ReduceOp;
import dev.fathom.ops.ReshapeOp;
import dev.fathom.ops.ResizeOp;
import dev.fathom.ops.RollOp;
import dev.fathom.ops.RotaryOp;
import dev.fathom.ops.RowsOp;
import dev.fathom.ops.SliceOp;
import dev.fathom.ops.SoftmaxOp;
import dev.fathom.ops.SortOp;
import dev.fathom.ops.TakeOp;
import dev.fathom.ops.VarianceOp;
import dev.fathom.ops.WhereOp;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** How each op of the library is drawn with nodes of ONNX: a row for each. */
final class ExportRules {
    /** Draws a call. */
    private interface Row<O extends Op> {
        void draw(Drawing d, O op);
    }

    private static final Map<Class<?>, Row<?>> ALL = new HashMap<>();
    /** Ops whose numbers may follow the sizes. */
    private static final Set<Class<?>> FOLLOWING = Set.of(ReshapeOp.class, ExpandOp.class, SliceOp.class);

    private static final Set<Binary> TRUTHS = Set.of(Binary.GT, Binary.GE, Binary.LT, Binary.LE, Binary.EQ, Binary.NE);

    private ExportRules() {}

    private static <O extends Op> void row(Class<O> type, Row<O> row) {
        ALL.put(type, row);
    }

    /**
     * Draws the call of the drawing.
     *
     * @throws IllegalArgumentException if ONNX has nothing for it
     */
    @SuppressWarnings("unchecked")
    static void draw(Drawing d) {
        Op op = d.op();
        Class<?> type = op instanceof Binary ? Binary.class : op instanceof RowsOp ? RowsOp.class : op.getClass();
        Row<Op> row = (Row<Op>) ALL.get(type);
        if (row == null) {
            throw d.refusal("");
        }
        if (!d.fixed() && !FOLLOWING.contains(type)) {
            throw d.refusal("its settings follow the sizes");
        }
        row.draw(d, op);
    }

    static {
        row(Activation.class, (d, a) -> {
            int[] order = d.order(d.in(0));
            if (a.row() == Unary.STEP || a.row() == Unary.STRAIGHT_THROUGH) {
                d.truth(d.node("Greater", d.get(0, order), d.scalar(0f)), order);
            } else {
                d.result(activate(d, d.get(0, order), a), order);
            }
        });
        row(Binary.class, ExportRules::binary);
        row(WhereOp.class, (d, op) -> {
            int[] order = d.common(d.output().rank(), d.in(0), d.in(1), d.in(2));
            int[] mask = Arrays.copyOf(order, order.length);
            String truth = d.rank(0) == order.length || Arrays.equals(order, Drawing.plain(order.length))
                    ? d.truthOf(d.in(0), d.operand(d.in(0), order), d.rank(0) == order.length ? mask : d.order(d.in(0)))
                    : d.node("Cast", Map.of("to", number(ElementType.BOOL)), d.operand(d.in(0), order));
            d.result(d.node("Where", truth, d.operand(d.in(1), order), d.operand(d.in(2), order)), order);
        });
        row(CastOp.class, (d, op) -> {
            int[] order = d.order(d.in(0));
            d.result(d.node("Cast", Map.of("to", number(type(op.to()))), d.get(0, order)), order);
        });
    }

    static long number(ElementType type) {
        return type.ordinal();
    }

    static ElementType type(DType type) {
        return switch (type) {
            case F32 -> ElementType.FLOAT;
            case I32 -> ElementType.INT32;
            case U8 -> ElementType.UINT8;
            case I8 -> ElementType.INT8;
            case F16 -> ElementType.FLOAT16;
            case BF16 -> ElementType.BFLOAT16;
        };
    }

    // ---- elementwise

    /** f(x), in the order of x. */
    private static String activate(Drawing d, String x, @Nullable Activation f) {
        if (f == null) {
            return x;
        }
        float p = f.p0();
        return switch (f.row()) {
            case RELU -> d.node("Relu", x);
            case SIGMOID -> d.node("Sigmoid", x);
            case TANH -> d.node("Tanh", x);
            case EXP -> d.node("Exp", x);
            case LOG -> d.node("Log", x);
            case SQUARE -> d.node("Mul", x, x);
            case SQRT -> d.node("Sqrt", x);
            case NEG -> d.node("Neg", x);
            case GELU -> d.node("Gelu", x);
            case GELU_TANH -> d.node("Gelu", Map.of("approximate", "tanh"), x);
            case ELU -> d.node("Elu", Map.of("alpha", p), x);
            case CLAMP ->
                d.node(
                        "Clip",
                        x,
                        p == Float.NEGATIVE_INFINITY ? "" : d.scalar(p),
                        f.p1() == Float.POSITIVE_INFINITY ? "" : d.scalar(f.p1()));
            case ABS -> d.node("Abs", x);
            case RSQRT -> d.node("Reciprocal", d.node("Sqrt", x));
            case RECIPROCAL -> d.node("Reciprocal", x);
            case LOG1P -> d.node("Log", d.node("Add", x, d.scalar(1f)));
            case EXPM1 -> d.node("Sub", d.node("Exp", x), d.scalar(1f));
            case SOFTPLUS ->
                p == 1
                        ? d.node("Softplus", x)
                        : d.node("Div", d.node("Softplus", d.node("Mul", x, d.scalar(p))), d.scalar(p));
            case SILU -> d.node("Mul", x, d.node("Sigmoid", x));
            case SWISH -> d.node("Mul", x, d.node("Sigmoid", d.node("Mul", x, d.scalar(p))));
            case MISH -> d.node("Mish", x);
            case SELU -> d.node("Selu", x);
            case CELU -> d.node("Celu", Map.of("alpha", p), x);
            case HARD_SIGMOID -> d.node("HardSigmoid", Map.of("alpha", 1 / 6f, "beta", 0.5f), x);
            case HARD_SWISH -> d.node("HardSwish", x);
            case SOFTSIGN -> d.node("Softsign", x);
            case STEP, STRAIGHT_THROUGH ->
                d.node("Cast", Map.of("to", number(ElementType.FLOAT)), d.node("Greater", x, d.scalar(0f)));
            case LEAKY_RELU -> d.node("LeakyRelu", Map.of("alpha", p), x);
            case SIN -> d.node("Sin", x);
            case COS -> d.node("Cos", x);
            case ERF -> d.node("Erf", x);
            case SIGN -> d.node("Sign", x);
            case FLOOR -> d.node("Floor", x);
            case ROUND -> d.node("Round", x);
            case ADD_SCALAR -> d.node("Add", x, d.scalar(p));
            case MUL_SCALAR -> d.node("Mul", x, d.scalar(p));
            case DIV_SCALAR -> d.node("Div", x, d.scalar(p));
            case RSUB_SCALAR -> d.node("Sub", d.scalar(p), x);
            case CEIL -> d.node("Ceil", x);
            case TAN -> d.node("Tan", x);
            case ASIN -> d.node("Asin", x);
            case ACOS -> d.node("Acos", x);
            case ATAN -> d.node("Atan", x);
            case SINH -> d.node("Sinh", x);
            case COSH -> d.node("Cosh", x);
            case ASINH -> d.node("Asinh", x);
            case ACOSH -> d.node("Acosh", x);
            case ATANH -> d.node("Atanh", x);
            default -> throw d.refusal("");
        };
    }

    private static void binary(Drawing d, Binary op) {
        int[] order = d.common(d.output().rank(), d.in(0), d.in(1));
        String a = d.operand(d.in(0), order);
        String b = d.operand(d.in(1), order);
        boolean whole = d.input(0).dtype() == DType.I32;
        String y = switch (op) {
            case ADD -> d.node("Add", a, b);
            case SUB -> d.node("Sub", a, b);
            case MUL -> d.node("Mul", a, b);
            case DIV -> d.node("Div", a, b);
            case MAX -> d.node("Max", a, b);
            case MIN -> d.node("Min", a, b);
            case POW -> d.node("Pow", a, b);
            case PRELU -> d.node("PRelu", a, b);
            case SWISH -> d.node("Mul", a, d.node("Sigmoid", d.node("Mul", a, b)));
            case MOD ->
                whole ? d.node("Mod", a, b) : d.node("Sub", a, d.node("Mul", b, d.node("Floor", d.node("Div", a, b))));
            case FMOD -> d.node("Mod", Map.of("fmod", 1L), a, b);
            case GT -> d.node("Greater", a, b);
            case GE -> d.node("GreaterOrEqual", a, b);
            case LT -> d.node("Less", a, b);
            case LE -> d.node("LessOrEqual", a, b);
            case EQ -> d.node("Equal", a, b);
            case NE -> d.node("Not", d.node("Equal", a, b));
            case BIT_AND -> d.node("BitwiseAnd", a, b);
            case BIT_OR -> d.node("BitwiseOr", a, b);
            case BIT_XOR -> d.node("BitwiseXor", a, b);
            default -> throw d.refusal("");
        };
        if (TRUTHS.contains(op)) {
            d.truth(y, order);
        } else {
            d.result(y, order);
        }
    }

    /** What follows the sum of a layer: the residual and the activation. */
    private static void end(Drawing d, Epilogue op, String y, int[] order) {
        String sum = d.has(op.residual()) ? d.node("Add", y, d.operand(d.in(op.residual()), order)) : y;
        d.result(activate(d, sum, op.activation()), order);
    }

    // ---- products

    static {
        row(LinearOp.class, (d, op) -> {
            int rank = d.rank(0);
            String y;
            if (rank == 2) {
                y = d.node("Gemm", Map.of("transB", 1L), d.get(0), d.get(1), d.getOr(2, ""));
            } else {
                y = d.node("MatMul", d.get(0), d.get(1, new int[] {1, 0}));
                y = d.has(2) ? d.node("Add", y, d.get(2)) : y;
            }
            end(d, op, y, Drawing.plain(rank));
        });
        row(MatmulOp.class, (d, op) -> {
            int[] order = Drawing.plain(d.rank(1));
            if (op.transposed()) {
                order[order.length - 1] = order.length - 2;
                order[order.length - 2] = order.length - 1;
            }
            d.result(d.node("MatMul", d.get(0), d.get(1, order)));
        });
        row(ConvOp.class, (d, op) -> {
            int[] order = Drawing.channelsFirst(d.rank(0));
            Map<String, Object> how = window(d, op.window(), false);
            how.put("group", (long) op.groups());
            String y = d.node("Conv", how, d.get(0, order), d.get(1, order), d.getOr(2, ""));
            end(d, op, y, order);
        });
        row(ConvTransposedOp.class, ExportRules::convTransposed);
        row(MaxPoolOp.class, (d, op) -> {
            if (d.wants(2)) {
                throw d.refusal("the places of the largest");
            }
            int[] order = Drawing.channelsFirst(d.rank(0));
            d.result(d.node("MaxPool", window(d, op.window(), true), d.get(0, order)), order);
        });
        row(AvgPoolOp.class, (d, op) -> {
            int[] order = Drawing.channelsFirst(d.rank(0));
            Map<String, Object> how = window(d, op.window(), true);
            how.put("count_include_pad", op.padded() ? 1L : 0L);
            d.result(d.node("AveragePool", how, d.get(0, order)), order);
        });
    }

    /** The attributes of a window over input 0. */
    private static Map<String, Object> window(Drawing d, Window w, boolean pools) {
        Map<String, Object> how = new LinkedHashMap<>();
        how.put("kernel_shape", each(w, a -> a.kernel()));
        how.put("strides", each(w, a -> a.stride()));
        how.put("dilations", each(w, a -> a.dilation()));
        boolean ceil = w.axis(0).ceil();
        long[] pads = new long[2 * w.rank()];
        for (int i = 0; i < w.rank(); i++) {
            Window.Axis a = w.axis(i);
            Extent size = d.dim(0, i + 1);
            if (a.same() && a.stride() > 1 && !size.constant() || ceil && !pools && !size.constant()) {
                if (a.same() && a.dilation() == 1) {
                    how.put("auto_pad", "SAME_UPPER");
                    return how;
                }
                throw d.refusal("a padding that follows the size");
            }
            int n = (int) size.first();
            pads[i] = a.before(n);
            pads[w.rank() + i] = ceil && !pools
                    ? Math.max(0, (a.outputs(n) - 1L) * a.stride() + a.extent() - n - a.before(n))
                    : a.after(n);
        }
        how.put("pads", pads);
        if (ceil && pools) {
            how.put("ceil_mode", 1L);
        }
        return how;
    }

    private static long[] each(Window w, ToIntFunction<Window.Axis> of) {
        return IntStream.range(0, w.rank())
                .mapToLong(i -> of.applyAsInt(w.axis(i)))
                .toArray();
    }

    private static void convTransposed(Drawing d, ConvTransposedOp op) {
        Window w = op.window();
        int[] order = Drawing.channelsFirst(d.rank(0));
        long[] pads = new long[2 * w.rank()];
        long[] more = new long[w.rank()];
        for (int i = 0; i < w.rank(); i++) {
            Window.Axis a = w.axis(i);
            long over = a.extent() - a.stride();
            more[i] = a.same() ? Math.max(0, -over) : i == w.rank() - 1 ? op.outputPadding() : op.heightPadding();
            pads[i] = a.same() ? Math.max(0, over) / 2 : a.before();
            pads[w.rank() + i] = a.same() ? Math.max(0, over) - pads[i] : a.after();
        }
        Map<String, Object> how = Map.of(
                "kernel_shape",
                each(w, a -> a.kernel()),
                "strides",
                each(w, a -> a.stride()),
                "dilations",
                each(w, a -> a.dilation()),
                "pads",
                pads,
                "output_padding",
                more,
                "group",
                (long) op.groups());
        d.result(d.node("ConvTranspose", how, d.get(0, order), d.get(1, order)), order);
    }

    // ---- norms

    static {
        row(NormOp.class, ExportRules::norm);
        row(LocalResponseNormOp.class, (d, op) -> {
            if (op.size() % 2 == 0) {
                throw d.refusal("an even size");
            }
            int[] order = Drawing.channelsFirst(d.rank(0));
            Map<String, Object> how =
                    Map.of("size", (long) op.size(), "alpha", op.alpha(), "beta", op.beta(), "bias", op.k());
            d.result(d.node("LRN", how, d.get(0, order)), order);
        });
        row(SoftmaxOp.class, (d, op) -> {
            int[] order = d.order(d.in(0));
            long axis = Drawing.position(order, op.axis());
            d.result(d.node(op.log() ? "LogSoftmax" : "Softmax", Map.of("axis", axis), d.get(0, order)), order);
        });
    }

    private static void norm(Drawing d, NormOp op) {
        int rank = d.rank(0);
        int channels = (int) d.dim(0, -1).first();
        switch (op.over()) {
            case GIVEN -> {
                int[] order = Drawing.channelsFirst(rank);
                String y = d.node(
                        "BatchNormalization",
                        Map.of("epsilon", op.epsilon()),
                        d.get(0, order),
                        filled(d, NormOp.GAMMA, channels, 1),
                        filled(d, op.bias(), channels, 0),
                        d.get(NormOp.MEAN),
                        d.get(NormOp.VARIANCE));
                end(d, op, y, order);
            }
            case LAYER -> {
                Map<String, Object> how = Map.of("axis", (long) -op.count(), "epsilon", op.epsilon());
                long[] dims = IntStream.range(rank - op.count(), rank)
                        .mapToLong(i -> d.dim(0, i).first())
                        .toArray();
                String gamma = d.has(NormOp.GAMMA) ? d.get(NormOp.GAMMA) : d.full(dims, 1);
                end(
                        d,
                        op,
                        d.node("LayerNormalization", how, d.get(0), gamma, d.getOr(op.bias(), "")),
                        Drawing.plain(rank));
            }
            case RMS -> {
                String x = d.get(0);
                String squares = d.node(
                        "ReduceMean",
                        d.node("Mul", x, x),
                        d.ints(IntStream.range(-op.count(), 0).asLongStream().toArray()));
                String y = d.node("Div", x, d.node("Sqrt", d.node("Add", squares, d.scalar(op.epsilon()))));
                y = d.has(NormOp.GAMMA) ? d.node("Mul", y, d.get(NormOp.GAMMA)) : y;
                y = d.has(op.bias()) ? d.node("Add", y, d.get(op.bias())) : y;
                end(d, op, y, Drawing.plain(rank));
            }
            case GROUP -> group(d, op, rank, channels);
            case BATCH -> throw d.refusal("with the statistics of the batch");
        }
    }

    /** Groups become the channels of an instance norm, and channels again. */
    private static void group(Drawing d, NormOp op, int rank, int channels) {
        int[] order = Drawing.channelsFirst(rank);
        String x = d.get(0, order);
        Map<String, Object> how = Map.of("epsilon", op.epsilon());
        if (op.count() == channels && rank > 2) {
            String y = d.node(
                    "InstanceNormalization",
                    how,
                    x,
                    filled(d, NormOp.GAMMA, channels, 1),
                    filled(d, op.bias(), channels, 0));
            end(d, op, y, order);
            return;
        }
        String grouped = d.node("Reshape", x, d.ints(0, op.count(), -1));
        long[] groups = {op.count()};
        String even = d.node("InstanceNormalization", how, grouped, d.full(groups, 1), d.full(groups, 0));
        String y = d.node("Reshape", even, d.node("Shape", x));
        y = d.has(NormOp.GAMMA) ? d.node("Mul", y, d.operand(d.in(NormOp.GAMMA), order)) : y;
        y = d.has(op.bias()) ? d.node("Add", y, d.operand(d.in(op.bias()), order)) : y;
        end(d, op, y, order);
    }

    /** An operand of so many numbers, or these where it is left out. */
    private static String filled(Drawing d, int i, int n, float otherwise) {
        return d.has(i) ? d.get(i) : d.full(new long[] {n}, otherwise);
    }

    // ---- reductions

    static {
        row(ReduceOp.class, ExportRules::reduce);
        row(VarianceOp.class, (d, op) -> {
            int[] order = d.order(d.in(0));
            String x = d.get(0, order);
            String axes = d.ints(axes(order, op.mask()));
            String off = d.node("Sub", x, d.node("ReduceMean", x, axes));
            String y = d.node("ReduceMean", Map.of("keepdims", 0L), d.node("Mul", off, off), axes);
            if (op.correction() != 0) {
                long n = 1;
                for (int i = 0; i < order.length; i++) {
                    if ((op.mask() & 1 << i) != 0) {
                        if (!d.dim(0, i).constant()) {
                            throw d.refusal("of a sample whose size is free");
                        }
                        n *= d.dim(0, i).first();
                    }
                }
                y = d.node("Mul", y, d.scalar((float) ((double) n / (n - op.correction()))));
            }
            d.result(op.root() ? d.node("Sqrt", y) : y, kept(order, op.mask()));
        });
        row(CumsumOp.class, (d, op) -> {
            int[] order = d.order(d.in(0));
            d.result(d.node("CumSum", d.get(0, order), d.int64(Drawing.position(order, op.axis()))), order);
        });
        row(SortOp.class, (d, op) -> {
            String k = op.k() == SortOp.ALL ? d.vector(d.dim(0, op.axis())) : d.ints(op.k());
            Map<String, Object> how =
                    Map.of("axis", (long) op.axis(), "largest", op.order() == Order.DESCENDING ? 1L : 0L);
            String[] sorted = d.nodes("TopK", how, 2, d.get(0), k);
            int[] order = Drawing.plain(d.rank(0));
            d.result(0, sorted[0], order);
            if (d.wants(1)) {
                d.result(1, d.node("Cast", Map.of("to", number(ElementType.INT32)), sorted[1]), order);
            }
        });
    }

    private static void reduce(Drawing d, ReduceOp op) {
        int[] order = d.order(d.in(0));
        String x = d.get(0, order);
        long[] axes = axes(order, op.mask());
        int[] kept = kept(order, op.mask());
        String type = switch (op.kind()) {
            case SUM -> "ReduceSum";
            case MEAN -> "ReduceMean";
            case MAX -> "ReduceMax";
            case MIN -> "ReduceMin";
            case NORM1 -> "ReduceL1";
            case NORM -> "ReduceL2";
            case LOGSUMEXP -> "ReduceLogSumExp";
            case PROD -> "ReduceProd";
            case ARGMAX -> "ArgMax";
            case ARGMIN -> "ArgMin";
            default -> throw d.refusal("");
        };
        if (!type.startsWith("Arg")) {
            d.result(d.node(type, Map.of("keepdims", 0L), x, d.ints(axes)), kept);
        } else if (axes.length == 1) {
            String place = d.node(type, Map.of("keepdims", 0L, "axis", axes[0]), x);
            d.result(d.node("Cast", Map.of("to", number(ElementType.INT32)), place), kept);
        } else {
            throw d.refusal("over several dimensions");
        }
    }

    private static long[] axes(int[] order, int mask) {
        return IntStream.range(0, order.length)
                .filter(i -> (mask & 1 << order[i]) != 0)
                .asLongStream()
                .toArray();
    }

    /** The order of the dimensions that stay. */
    private static int[] kept(int[] order, int mask) {
        return Arrays.stream(order)
                .filter(dim -> (mask & 1 << dim) == 0)
                .map(dim -> dim - Integer.bitCount(mask & (1 << dim) - 1))
                .toArray();
    }

    // ---- moves

    static {
        row(
                PermuteOp.class,
                (d, op) -> d.sameAs(
                        d.in(0),
                        order -> Arrays.stream(order)
                                .map(dim -> {
                                    for (int i = 0; i < op.rank(); i++) {
                                        if ((op.packed() >> 3 * i & 7) == dim) {
                                            return i;
                                        }
                                    }
                                    throw new AssertionError(op);
                                })
                                .toArray()));
        row(ReshapeOp.class, (d, op) -> reshape(d));
        row(ExpandOp.class, (d, op) -> {
            Extent[] to = d.dims(d.output());
            d.result(d.node("Expand", d.get(0), d.vector(to)));
        });
        row(SliceOp.class, (d, op) -> {
            int[] order = d.order(d.in(0));
            Extent size = d.dim(0, op.axis());
            Extent from = d.number(SliceOp.class, SliceOp::from);
            Extent to = d.number(SliceOp.class, SliceOp::to);
            d.result(
                    d.node(
                            "Slice",
                            d.get(0, order),
                            d.vector(fromEnd(from, size)),
                            to.equals(size) ? d.ints(Long.MAX_VALUE) : d.vector(fromEnd(to, size)),
                            d.ints(Drawing.position(order, op.axis())),
                            op.step() == 1 ? "" : d.ints(op.step())),
                    order);
        });
        row(ConcatOp.class, (d, op) -> {
            int rank = d.rank(0);
            int[] all = IntStream.range(0, d.inputs()).map(d::in).toArray();
            int[] order = d.common(rank, all);
            String[] parts =
                    Arrays.stream(all).mapToObj(v -> d.operand(v, order)).toArray(String[]::new);
            d.result(d.node("Concat", Map.of("axis", (long) Drawing.position(order, op.axis())), parts), order);
        });
        row(PadOp.class, ExportRules::pad);
        row(FlipOp.class, (d, op) -> {
            int[] order = d.order(d.in(0));
            String axis = d.ints(Drawing.position(order, op.axis()));
            d.result(d.node("Slice", d.get(0, order), d.ints(-1), d.ints(Long.MIN_VALUE), axis, d.ints(-1)), order);
        });
        row(RollOp.class, (d, op) -> {
            int[] order = d.order(d.in(0));
            String x = d.get(0, order);
            Extent size = d.dim(0, op.axis());
            if (!size.constant()) {
                throw d.refusal("along a dimension whose size is free");
            }
            long axis = Drawing.position(order, op.axis());
            long cut = Math.floorMod(-(long) op.shift(), size.first());
            String front = d.node("Slice", x, d.ints(0), d.ints(cut), d.ints(axis));
            String rest = d.node("Slice", x, d.ints(cut), d.ints(Long.MAX_VALUE), d.ints(axis));
            d.result(d.node("Concat", Map.of("axis", axis), rest, front), order);
        });
        row(ResizeOp.class, ExportRules::resize);
        row(RowsOp.class, (d, op) -> d.result(d.node("Gather", d.get(0), d.get(1))));
        row(TakeOp.class, (d, op) -> d.result(d.node("Gather", Map.of("axis", (long) op.axis()), d.get(0), d.get(1))));
        row(
                OneHotOp.class,
                (d, op) -> d.result(d.node(
                        "OneHot",
                        d.get(0),
                        d.int32(op.classes()),
                        d.initial("values", ElementType.FLOAT, new long[] {2}, () -> Turn.bits(0, 1)))));
        row(
                GatherElementsOp.class,
                (d, op) -> d.result(d.node("GatherElements", Map.of("axis", (long) op.axis()), d.get(0), d.get(1))));
        row(BagOp.class, ExportRules::bag);
    }

    /** A place as a constant, counted from the end of its dimension where that makes it one. */
    private static Extent fromEnd(Extent place, Extent size) {
        Extent behind = place.minus(size);
        return !place.constant() && behind.constant() && behind.first() < 0 ? behind : place;
    }

    private static void reshape(Drawing d) {
        Extent[] from = d.dims(d.input(0));
        Extent[] to = d.dims(d.output());
        if (Arrays.equals(from, to)) {
            d.sameAs(d.in(0), order -> order);
            return;
        }
        int rank = to.length;
        int[] order = Drawing.plain(rank);
        if (rank >= 4 && IntStream.range(1, rank - 1).allMatch(i -> to[i].is(1))) {
            order = Drawing.channelsFirst(rank); // where it will be wanted, as weights of channels
        }
        d.result(d.node("Reshape", d.flat(d.in(0)), target(d, from, to, order)), order);
    }

    private static String target(Drawing d, Extent[] from, Extent[] to, int[] order) {
        long[] target = new long[to.length];
        int open = 0;
        for (int i = 0; i < target.length; i++) {
            Extent dim = to[order[i]];
            if (dim.constant() && dim.first() > 0) {
                target[i] = dim.first();
            } else if (i < from.length && order[i] == i && dim.equals(from[i])) {
                target[i] = 0;
            } else {
                target[i] = -1;
                open++;
            }
        }
        return open < 2
                ? d.ints(target)
                : d.vector(Arrays.stream(order).mapToObj(i -> to[i]).toArray(Extent[]::new));
    }

    private static void pad(Drawing d, PadOp op) {
        int[] order = d.order(d.in(0));
        int rank = order.length;
        int[] sides = {op.front(), op.back(), op.top(), op.bottom(), op.left(), op.right()};
        long[] pads = new long[2 * rank];
        for (int s = 6 - op.spatial(); s < 6; s += 2) {
            int at = Drawing.position(order, op.axis() + (s - 6 + op.spatial()) / 2);
            pads[at] = sides[s];
            pads[rank + at] = sides[s + 1];
        }
        String mode = switch (op.mode()) {
            case ZEROS -> "constant";
            case REPLICATE -> "edge";
            case REFLECT -> "reflect";
            case CIRCULAR -> "wrap";
        };
        String value = mode.equals("constant") && op.value() != 0
                ? padding(d, d.input(0).dtype(), op.value())
                : "";
        d.result(d.node("Pad", Map.of("mode", mode), d.get(0, order), d.ints(pads), value), order);
    }

    /** A scalar of this type from the bits that an op of padding has. */
    private static String padding(Drawing d, DType type, int bits) {
        if (type == DType.I32) {
            return d.int32(bits);
        }
        ByteBuffer element =
                ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(0, bits);
        String value = d.scalar((float) type.get(element, 0));
        return type == DType.F32 ? value : d.node("Cast", Map.of("to", number(type(type))), value);
    }

    private static void resize(Drawing d, ResizeOp op) {
        int rank = d.rank(0);
        int[] order = Drawing.channelsFirst(rank);
        Extent[] to = d.dims(d.output());
        String x = d.get(0, order);
        float[] scales = new float[rank];
        Arrays.fill(scales, 1);
        boolean whole = true;
        boolean pools = true;
        long[] kernel = new long[rank - 2];
        for (int i = 1; i < rank - 1; i++) {
            Extent from = d.dim(0, i);
            boolean constant = from.constant() && to[i].constant();
            whole &= constant && to[i].first() % from.first() == 0;
            pools &= constant && from.first() % to[i].first() == 0;
            scales[i + 1] = (float) to[i].first() / from.first();
            kernel[i - 1] = from.first() / to[i].first();
        }
        if (whole && Arrays.equals(scales, new float[] {1, 1, 1, 1}) && rank == 4) {
            d.result(x, order);
            return;
        }
        Map<String, Object> how;
        switch (op.mode()) {
            case NEAREST ->
                how = Map.of(
                        "mode", "nearest", "coordinate_transformation_mode", "asymmetric", "nearest_mode", "floor");
            case LINEAR -> how = Map.of("mode", "linear", "coordinate_transformation_mode", "half_pixel");
            case LINEAR_CORNERS -> how = Map.of("mode", "linear", "coordinate_transformation_mode", "align_corners");
            case AREA -> {
                if (!pools) {
                    throw d.refusal("an average over areas that do not divide the image");
                }
                boolean one = IntStream.range(1, rank - 1).allMatch(i -> to[i].is(1));
                d.result(
                        one
                                ? d.node("GlobalAveragePool", x)
                                : d.node("AveragePool", Map.of("kernel_shape", kernel, "strides", kernel), x),
                        order);
                return;
            }
            default -> throw new AssertionError(op);
        }
        if (whole) {
            String by = d.initial("scales", ElementType.FLOAT, new long[] {rank}, () -> Turn.bits(scales));
            d.result(d.node("Resize", how, x, "", by), order);
        } else {
            Extent[] sizes = Arrays.stream(order).mapToObj(i -> to[i]).toArray(Extent[]::new);
            d.result(d.node("Resize", how, x, "", "", d.vector(sizes)), order);
        }
    }

    private static void bag(Drawing d, BagOp op) {
        String rows = d.node("Gather", d.get(0), d.get(1));
        List<String> factors = new ArrayList<>();
        if (d.has(3)) {
            factors.add(d.get(3));
        }
        String seen = null;
        if (op.padding() >= 0 && op.padding() <= Integer.MAX_VALUE) {
            seen = d.node("Not", d.node("Equal", d.get(1), d.int32((int) op.padding())));
        }
        if (d.has(2)) {
            String within = d.node("Less", d.range(d.dim(1, 1)), d.node("Unsqueeze", d.get(2), d.ints(1)));
            seen = seen == null ? within : d.node("And", seen, within);
        }
        if (seen != null) {
            factors.add(d.node("Cast", Map.of("to", number(ElementType.FLOAT)), seen));
        }
        for (String f : factors) {
            rows = d.node("Mul", rows, d.node("Unsqueeze", f, d.ints(2)));
        }
        String sum = d.node("ReduceSum", Map.of("keepdims", 0L), rows, d.ints(1));
        d.result(d.has(4) ? d.node("Add", sum, d.get(4)) : sum);
    }

    // ---- attention

    static {
        row(AttentionOp.class, ExportRules::attention);
        row(RotaryOp.class, ExportRules::rotary);
    }

    private static void attention(Drawing d, AttentionOp op) {
        if (op.beside()) {
            throw d.refusal("texts side by side");
        }
        boolean packed = !d.has(1);
        long heads = op.heads();
        long kv = op.kvHeads();
        long width = d.dim(0, 2).first() / (packed ? heads + 2 * kv : heads);
        String[] parts = packed
                ? d.nodes("Split", Map.of("axis", 2L), 3, d.get(0), d.ints(heads * width, kv * width, kv * width))
                : new String[] {d.get(0), d.get(1), d.get(2)};
        String q = d.node(
                "Transpose",
                Map.of("perm", new long[] {0, 2, 1, 3}),
                d.node("Reshape", parts[0], d.ints(0, 0, heads, width)));
        String k = ofHeads(d, parts[1], kv, heads, width, true);
        String v = ofHeads(d, parts[2], kv, heads, width, false);
        float scale = Float.isNaN(op.scale()) ? (float) (1 / Math.sqrt((double) width)) : op.scale();
        String scores = d.node("Mul", d.node("MatMul", q, k), d.scalar(scale));
        Extent queries = d.dim(0, 1);
        Extent keys = d.dim(packed ? 0 : 1, 1);
        if (d.has(AttentionOp.BIAS)) {
            scores = d.node("Add", scores, op.relative() ? distances(d, queries, keys) : d.get(AttentionOp.BIAS));
        }
        String seen = op.causal() ? causal(d, queries, keys) : null;
        if (d.has(AttentionOp.LENGTHS)) {
            String within = d.node("Less", d.range(keys), column(d, d.get(AttentionOp.LENGTHS)));
            seen = seen == null ? within : d.node("And", seen, within);
        }
        scores = seen == null ? scores : d.node("Where", seen, scores, d.scalar(-Float.MAX_VALUE));
        String weights = d.node("Softmax", Map.of("axis", -1L), scores);
        if (seen != null && d.has(AttentionOp.LENGTHS)) { // a query that sees no key gives zeros
            weights = d.node("Where", seen, weights, d.scalar(0f));
        }
        String y = d.node(
                "Reshape",
                d.node("Transpose", Map.of("perm", new long[] {0, 2, 1, 3}), d.node("MatMul", weights, v)),
                d.ints(0, 0, heads * width));
        if (d.has(AttentionOp.QUERY_LENGTHS)) {
            String lengths = d.node("Unsqueeze", d.get(AttentionOp.QUERY_LENGTHS), d.ints(1));
            String asks = d.node("Unsqueeze", d.node("Less", d.range(queries), lengths), d.ints(2));
            y = d.node("Where", asks, y, d.scalar(0f));
        }
        d.result(y);
    }

    /** x [n, l, kv width] as [n, heads, l, width], or with its last two dimensions exchanged. */
    private static String ofHeads(Drawing d, String x, long kv, long heads, long width, boolean exchanged) {
        long[] turn = exchanged ? new long[] {0, 2, 3, 1} : new long[] {0, 2, 1, 3};
        String own = d.node("Transpose", Map.of("perm", turn), d.node("Reshape", x, d.ints(0, 0, kv, width)));
        if (kv == heads) {
            return own;
        }
        String more = d.node("Expand", d.node("Unsqueeze", own, d.ints(2)), d.ints(1, 1, heads / kv, 1, 1));
        return d.node("Reshape", more, exchanged ? d.ints(0, heads, width, -1) : d.ints(0, heads, -1, width));
    }

    /** A number for each row as [n, 1, 1, 1]. */
    private static String column(Drawing d, String numbers) {
        return d.node("Unsqueeze", numbers, d.ints(1, 2, 3));
    }

    /** Whether key j is not behind query i. */
    private static String causal(Drawing d, Extent queries, Extent keys) {
        String last = d.node("Unsqueeze", d.range(queries), d.ints(1));
        if (d.has(AttentionOp.PAST)) {
            last = d.node("Add", last, column(d, d.get(AttentionOp.PAST)));
        } else if (!keys.equals(queries)) {
            String more = d.node("Cast", Map.of("to", number(ElementType.INT32)), d.scalar(keys.minus(queries)));
            last = d.node("Add", last, more);
        }
        return d.node("LessOrEqual", d.range(keys), last);
    }

    /** The numbers [heads, queries, keys] of the distances of keys from queries. */
    private static String distances(Drawing d, Extent queries, Extent keys) {
        Extent middle = d.dim(AttentionOp.BIAS, 1);
        if (!middle.constant()) {
            throw d.refusal("a bias of distances whose number is free");
        }
        String distance = d.node("Sub", d.range(keys), d.node("Unsqueeze", d.range(queries), d.ints(1)));
        String place = d.node("Add", distance, d.int32((int) (middle.first() / 2)));
        return d.node("Gather", Map.of("axis", 1L), d.get(AttentionOp.BIAS), place);
    }

    private static void rotary(Drawing d, RotaryOp op) {
        long width = d.dim(0, 2).first() / op.heads();
        long half = d.dim(1, 1).first() / 2;
        String table = d.get(1);
        Extent tokens = d.dim(0, 1);
        String rows;
        if (d.has(2)) {
            String places = d.node("Add", d.node("Unsqueeze", d.get(2), d.ints(1)), d.range(tokens));
            rows = d.node("Gather", table, places);
        } else {
            rows = tokens.equals(d.dim(1, 0)) ? table : d.node("Slice", table, d.ints(0), d.vector(tokens), d.ints(0));
        }
        String[] turns =
                d.nodes("Split", Map.of("axis", -1L), 2, d.node("Unsqueeze", rows, d.ints(-2)), d.ints(half, half));
        String x = d.node("Reshape", d.get(0), d.ints(0, 0, op.heads(), width));
        String rest = null;
        if (op.turned() < op.heads()) {
            String[] parts = d.nodes("Split", Map.of("axis", 2L), 2, x, d.ints(op.turned(), op.heads() - op.turned()));
            x = parts[0];
            rest = parts[1];
        }
        String plain = null;
        if (2 * half < width) {
            String[] parts = d.nodes("Split", Map.of("axis", 3L), 2, x, d.ints(2 * half, width - 2 * half));
            x = parts[0];
            plain = parts[1];
        }
        String[] pair;
        if (op.beside()) {
            pair = d.nodes(
                    "Split",
                    Map.of("axis", 4L),
                    2,
                    d.node("Reshape", x, d.ints(0, 0, op.turned(), half, 2)),
                    d.ints(1, 1));
            pair = new String[] {d.node("Squeeze", pair[0], d.ints(4)), d.node("Squeeze", pair[1], d.ints(4))};
        } else {
            pair = d.nodes("Split", Map.of("axis", 3L), 2, x, d.ints(half, half));
        }
        String a = d.node("Sub", d.node("Mul", pair[0], turns[0]), d.node("Mul", pair[1], turns[1]));
        String b = d.node("Add", d.node("Mul", pair[1], turns[0]), d.node("Mul", pair[0], turns[1]));
        String y;
        if (op.beside()) {
            String both = d.node(
                    "Concat", Map.of("axis", 4L), d.node("Unsqueeze", a, d.ints(4)), d.node("Unsqueeze", b, d.ints(4)));
            y = d.node("Reshape", both, d.ints(0, 0, op.turned(), 2 * half));
            y = plain == null ? y : d.node("Concat", Map.of("axis", 3L), y, plain);
        } else {
            y = plain == null
                    ? d.node("Concat", Map.of("axis", 3L), a, b)
                    : d.node("Concat", Map.of("axis", 3L), a, b, plain);
        }
        y = rest == null ? y : d.node("Concat", Map.of("axis", 2L), y, rest);
        d.result(d.node("Reshape", y, d.ints(0, 0, op.heads() * width)));
    }

    // ---- recurrence

    static {
        row(RecurrentOp.class, RecurrentExport::draw);
    }
}
