package dev.fathom.onnx;

import ai.onnxruntime.OnnxJavaType;
import dev.fathom.onnx.RandomGraph.Attribute;
import dev.fathom.onnx.RandomGraph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Draws nodes for a {@link RandomGraph}: every rule chooses values that its operator may read and attributes that the
 * version of the operators has. What is close to a step of a function, to a pole or to a tie is not asked for, since
 * there the smallest error would count.
 */
final class RandomOperators {
    private final RandomGraph g;
    private final Random random;
    private final List<Runnable> rules = List.of(
            this::function,
            this::function,
            this::steps,
            this::binary,
            this::binary,
            this::compare,
            this::logic,
            this::where,
            this::cast,
            this::whole,
            this::several,
            this::clip,
            this::matmul,
            this::gemm,
            this::einsum,
            this::conv,
            this::conv,
            this::convTranspose,
            this::pool,
            this::globalPool,
            this::batchNorm,
            this::norm,
            this::reshape,
            this::reshapeBySize,
            this::flatten,
            this::transpose,
            this::transpose,
            this::concat,
            this::split,
            this::slice,
            this::gather,
            this::gatherElements,
            this::embedding,
            this::gatherNd,
            this::scatter,
            this::fixed,
            this::likeShape,
            this::positions,
            this::castLike,
            this::oneHot,
            this::pad,
            this::squeeze,
            this::unsqueeze,
            this::expand,
            this::tile,
            this::reduce,
            this::reduce,
            this::softmax,
            this::resize,
            this::blocks,
            this::topk,
            this::best,
            this::cumulate,
            this::triangle,
            this::recurrent,
            this::attention,
            this::layerNorm);

    private RandomOperators(RandomGraph g) {
        this.g = g;
        random = g.random;
    }

    /** A graph of 3 to 15 nodes. */
    static RandomGraph draw(long seed) {
        RandomGraph g = new RandomGraph(seed);
        RandomOperators operators = new RandomOperators(g);
        operators.inputs();
        int nodes = 3 + g.random.nextInt(13);
        for (int tries = 0; g.size() < nodes && tries < 20 * nodes; tries++) {
            operators.rules.get(g.random.nextInt(operators.rules.size())).run();
        }
        return g;
    }

    private void inputs() {
        double[][] ranges = {{-2, 2}, {-2, 2}, {0.2, 2}, {-0.8, 0.8}, {1.2, 3}};
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            int[] behind = random.ints(1 + random.nextInt(4), 1, 7).toArray();
            double[] range = ranges[random.nextInt(ranges.length)];
            switch (random.nextInt(6)) {
                case 0 -> g.input(OnnxJavaType.INT64, 0, 5, behind);
                case 1, 2 ->
                    g.input(OnnxJavaType.FLOAT, range[0], range[1], 1 + random.nextInt(4), side(), side()); // an image
                default -> g.input(OnnxJavaType.FLOAT, range[0], range[1], behind);
            }
        }
    }

    private int side() {
        return 4 + random.nextInt(6);
    }

    // ---- choices

    private boolean coin() {
        return random.nextBoolean();
    }

    private int below(int n) {
        return random.nextInt(n);
    }

    @SafeVarargs
    private <T> T one(T... all) {
        return all[below(all.length)];
    }

    /** The one of these operators that the version has; each is written as {@code NAME:VERSION}. */
    private String operator(String... all) {
        List<String> some = Stream.of(all)
                .filter(o -> !o.contains(":") || g.opset >= Integer.parseInt(o.substring(o.indexOf(':') + 1)))
                .toList();
        String chosen = some.get(below(some.size()));
        return chosen.contains(":") ? chosen.substring(0, chosen.indexOf(':')) : chosen;
    }

    private Value real() {
        return g.any(Value::real);
    }

    private Value real(Predicate<Value> like) {
        return g.any(v -> v.real() && like.test(v));
    }

    private Value exact() {
        return real(Value::exact);
    }

    private static Predicate<Value> within(double low, double high) {
        return v -> v.low() >= low && v.high() <= high;
    }

    private static Predicate<Value> rank(int least, int most) {
        return v -> v.rank() >= least && v.rank() <= most;
    }

    /** A dimension, counted from the end now and then. */
    private int axis(int rank) {
        return below(rank) - (coin() ? rank : 0);
    }

    private static int place(int axis, int rank) {
        return axis < 0 ? axis + rank : axis;
    }

    private static Attribute attribute(String name, long value) {
        return new Attribute(name, value);
    }

    private static Attribute attribute(String name, double value) {
        return new Attribute(name, (float) value);
    }

    private static Attribute attribute(String name, String value) {
        return new Attribute(name, value);
    }

    private static Attribute attribute(String name, long... values) {
        return new Attribute(name, values);
    }

    private static Attribute[] array(List<Attribute> attributes) {
        return attributes.toArray(new Attribute[0]);
    }

    private double between(double low, double high) {
        return Math.round((low + random.nextDouble() * (high - low)) * 64) / 64.0;
    }

    private static List<Value> in(Value... values) {
        return Arrays.asList(values);
    }

    private static long[] longs(int... values) {
        return Arrays.stream(values).asLongStream().toArray();
    }

    private static int product(int... dims) {
        return Arrays.stream(dims).reduce(1, (a, b) -> a * b);
    }

    /** Adds a node of one output, which is null if it is left out. */
    private Value made(String op, boolean exact, List<Value> in, Attribute... attributes) {
        List<Value> out = g.node(op, 1, exact, in, attributes);
        return out.isEmpty() ? null : out.get(0);
    }

    // ---- elements

    private void function() {
        String op = operator(
                "Relu",
                "Sigmoid",
                "Tanh",
                "LeakyRelu",
                "Elu",
                "Selu",
                "Celu:12",
                "HardSigmoid",
                "HardSwish:14",
                "Softplus",
                "Softsign",
                "Mish:18",
                "Gelu:20",
                "Abs",
                "Neg",
                "Erf",
                "Sin",
                "Cos",
                "Atan",
                "Asinh",
                "Identity",
                "Dropout:13",
                "Exp",
                "Sinh",
                "Cosh",
                "Tan",
                "Asin",
                "Acos",
                "Atanh",
                "Acosh",
                "Sqrt",
                "Log",
                "Reciprocal");
        Predicate<Value> domain = switch (op) {
            case "Exp", "Sinh", "Cosh" -> within(-3, 3);
            case "Tan" -> within(-1.2, 1.2);
            case "Asin", "Acos", "Atanh" -> within(-0.9, 0.9);
            case "Acosh" -> within(1.1, 100);
            case "Sqrt", "Log", "Reciprocal" -> within(0.05, 100);
            default -> within(-10, 10);
        };
        Value x = real(domain);
        if (x == null) {
            return;
        }
        boolean moves = List.of("Relu", "Abs", "Neg", "Identity", "Dropout").contains(op);
        Attribute[] attributes = switch (op) {
            case "LeakyRelu", "Elu", "Celu" -> new Attribute[] {attribute("alpha", between(0.1, 2))};
            case "HardSigmoid" -> new Attribute[] {attribute("alpha", between(0.1, 1)), attribute("beta", 0.25)};
            case "Selu" -> new Attribute[] {attribute("alpha", between(1, 2)), attribute("gamma", 1.5)};
            case "Gelu" -> new Attribute[] {attribute("approximate", one("none", "tanh"))};
            default -> new Attribute[0];
        };
        made(op, moves, in(x), coin() || op.equals("Gelu") ? attributes : new Attribute[0]);
    }

    /** Functions with steps, of numbers that all compute alike. */
    private void steps() {
        Value x = exact();
        if (x != null) {
            String op = operator("Floor", "Ceil", "Round", "Sign", "ThresholdedRelu", "Shrink", "IsNaN:13", "IsInf");
            made(
                    op,
                    true,
                    in(x),
                    op.equals("Shrink")
                            ? new Attribute[] {attribute("lambd", 0.75), attribute("bias", 0.25)}
                            : op.equals("ThresholdedRelu")
                                    ? new Attribute[] {attribute("alpha", 0.5)}
                                    : new Attribute[0]);
        }
    }

    /** Dimensions that are broadcast to those of x: some are 1, and some in front are left out. */
    private int[] smaller(Value x) {
        int[] dims =
                Arrays.stream(x.dims()).map(d -> d < 0 || below(3) == 0 ? 1 : d).toArray();
        return Arrays.copyOfRange(dims, dims.length == 0 ? 0 : below(dims.length + 1), dims.length);
    }

    private void binary() {
        Value x = real();
        String op = operator("Add", "Add", "Sub", "Mul", "Mul", "Div", "Pow", "Max", "Min", "PRelu", "Mod");
        if (x == null) {
            return;
        }
        boolean same = op.equals("Max") || op.equals("Min");
        Value y = coin() ? null : coin() ? real() : real(v -> Arrays.equals(v.dims(), x.dims()));
        switch (op) {
            case "Div" -> {
                Value by = y == null || y.low() < 0.2 ? g.floats(0.5, 2, smaller(x)) : y;
                made(op, false, coin() && x.low() > 0.2 ? in(by, x) : in(x, by));
            }
            case "Pow" -> {
                double e = x.low() >= 0.1 ? one(0.5, 1.5, -1.0, -0.5) : one(2.0, 3.0, 1.0);
                made(op, false, in(x, coin() ? g.scalar((float) e) : g.floats(e, e, smaller(x))));
            }
            case "PRelu" -> made(op, false, in(x, g.floats(-0.5, 1, smaller(x))));
            case "Mod" -> {
                if (x.exact()) {
                    made(op, false, in(x, g.floats(0.7, 3, smaller(x))), attribute("fmod", 1));
                }
            }
            default -> {
                Value other = y == null ? g.floats(-2, 2, smaller(x)) : y;
                made(op, same, coin() ? in(x, other) : in(other, x));
            }
        }
    }

    private void several() {
        Value x = real();
        if (x != null) {
            Value y = real();
            String op = operator("Sum", "Mean", "Max", "Min");
            boolean same = op.startsWith("M") && !op.equals("Mean");
            made(op, same, below(3) == 0 ? in(x) : in(x, coin() ? y : g.floats(-1, 1, smaller(x)), x));
        }
    }

    private void clip() {
        Value x = real();
        if (x == null) {
            return;
        }
        if (g.opset < 11) {
            made("Clip", true, in(x), attribute("min", -0.5), attribute("max", between(0, 2)));
        } else if (coin()) {
            made("Clip", true, in(x, below(3) == 0 ? null : g.scalar(-0.5f), g.scalar((float) between(0, 2))));
        } else {
            made("Clip", true, in(x, g.scalar((float) between(-1, 1))));
        }
    }

    private void compare() {
        Value x = below(3) == 0 ? g.any(v -> v.type() == OnnxJavaType.INT64) : exact();
        if (x == null) {
            return;
        }
        String op = operator("Equal", "Greater", "Less", "GreaterOrEqual:12", "LessOrEqual:12");
        Value y = x.real() ? g.floats(-1, 1, smaller(x)) : g.ints(new int[0], below(5));
        Value z = g.any(v -> v.type() == x.type() && v.exact());
        made(op, true, coin() ? in(x, y) : in(z, x));
    }

    private void logic() {
        Value x = g.any(v -> v.type() == OnnxJavaType.BOOL);
        if (x != null) {
            String op = operator("Not", "And", "Or", "Xor");
            Value y = g.any(v -> v.type() == OnnxJavaType.BOOL);
            made(op, true, op.equals("Not") ? in(x) : in(x, y));
        }
    }

    private void where() {
        Value is = g.any(v -> v.type() == OnnxJavaType.BOOL);
        Value x = real();
        if (is != null && x != null) {
            Value y = coin() ? g.scalar((float) between(-2, 2)) : below(3) == 0 ? real() : g.floats(-1, 1, smaller(is));
            made("Where", true, coin() ? in(is, x, y) : in(is, y, x));
        }
    }

    private void cast() {
        Value x = g.any(Value::exact);
        if (x != null) {
            ElementType to = one(ElementType.FLOAT, ElementType.INT64, ElementType.INT32, ElementType.BOOL);
            made("Cast", true, in(x), attribute("to", to.ordinal()));
        }
    }

    /** Operators on whole numbers. */
    private void whole() {
        Value x = g.any(v -> v.type() == OnnxJavaType.INT64);
        if (x == null) {
            return;
        }
        String op = operator("Add", "Sub", "Mul", "Div", "Max:12", "Min:12", "Mod", "Neg", "Abs", "Sign");
        int[] dims = coin() ? new int[0] : smaller(x);
        Value y = g.ints(dims, random.longs(product(dims), 1, 5).toArray());
        switch (op) {
            case "Neg", "Abs", "Sign" -> made(op, true, in(x));
            case "Div" -> made(op, true, in(x, g.ints(new int[0], 1 + below(4))));
            case "Mod" -> made(op, true, in(x, g.ints(new int[0], below(6) - 7)));
            default -> made(op, true, coin() ? in(x, y) : in(y, x));
        }
    }

    // ---- products

    private void matmul() {
        Value x = real(rank(1, 4));
        if (x == null) {
            return;
        }
        int k = x.dim(x.rank() - 1);
        Value y = real(v -> v.rank() > 1 && v.dim(v.rank() - 2) == k && k > 0);
        if (y != null && coin()) {
            made("MatMul", false, in(x, y));
        } else if (k > 0) {
            int n = 1 + below(6);
            int[] dims = x.rank() == 3 && x.dim(0) > 0 && coin()
                    ? new int[] {x.dim(0), k, n}
                    : below(5) == 0 ? new int[] {k} : new int[] {k, n};
            Value product = made("MatMul", false, in(x, g.floats(-1, 1, dims)));
            if (product != null && dims.length > 1 && coin()) {
                made("Add", false, coin() ? in(product, g.floats(-1, 1, n)) : in(g.floats(-1, 1, n), product));
            }
        } else if (x.rank() > 1 && x.dim(x.rank() - 2) > 0) {
            made("MatMul", false, in(g.floats(-1, 1, 3, x.dim(x.rank() - 2)), x));
        }
    }

    private void gemm() {
        Value x = real(rank(2, 2));
        if (x == null) {
            return;
        }
        boolean turned = x.dim(1) < 0;
        int k = turned ? x.dim(0) : x.dim(1);
        if (k < 0) {
            return;
        }
        int n = 1 + below(6);
        boolean b = coin();
        List<Value> in = new ArrayList<>(in(x, b ? g.floats(-1, 1, n, k) : g.floats(-1, 1, k, n)));
        if (coin()) {
            in.add(one(g.floats(-1, 1, n), g.floats(-1, 1, 1, n), g.scalar(0.5f), g.floats(-1, 1, 1)));
        }
        List<Attribute> attributes = new ArrayList<>();
        attributes.add(attribute("transA", turned ? 1L : 0L));
        attributes.add(attribute("transB", b ? 1L : 0L));
        if (coin()) {
            attributes.add(attribute("alpha", between(0.25, 2)));
            attributes.add(attribute("beta", between(0.25, 2)));
        }
        made("Gemm", false, in, array(attributes));
    }

    private void einsum() {
        Value x = real(rank(3, 3));
        if (g.opset < 12 || x == null || x.dim(1) < 0 || x.dim(2) < 0) {
            return;
        }
        int n = 1 + below(4);
        switch (below(4)) {
            case 0 -> made("Einsum", false, in(x, g.floats(-1, 1, x.dim(2), n)), attribute("equation", "bij,jk->bik"));
            case 1 -> made("Einsum", false, in(x, g.floats(-1, 1, n, x.dim(1))), attribute("equation", "bij,ki->bkj"));
            case 2 -> made("Einsum", false, in(x, x), attribute("equation", "bij,bkj->bik"));
            default -> made("Einsum", true, in(x), attribute("equation", "bij->bji"));
        }
    }

    /** Attributes of windows over the inner dimensions of x. */
    private List<Attribute> windows(Value x, int[] kernel, boolean dilated) {
        int n = kernel.length;
        List<Attribute> all = new ArrayList<>();
        all.add(attribute("kernel_shape", longs(kernel)));
        long[] strides = random.longs(n, 1, 4).toArray();
        boolean strided = coin();
        if (strided) {
            all.add(attribute("strides", strides));
        }
        boolean wide = dilated && below(3) == 0;
        if (wide) {
            long[] dilations = IntStream.range(0, n)
                    .mapToLong(d -> 2 * kernel[d] - 1 <= x.dim(d + 2) ? 2 : 1)
                    .toArray();
            all.add(attribute("dilations", dilations));
        }
        // dilated windows, and those smaller than their strides, ONNX Runtime pads otherwise than the format says
        boolean usual = !wide && !(strided && IntStream.range(0, n).anyMatch(d -> strides[d] > kernel[d]));
        switch (usual ? below(6) : 1 + below(5)) {
            case 0 -> all.add(attribute("auto_pad", one("SAME_UPPER", "SAME_LOWER", "VALID")));
            case 1, 2, 3 -> {
                long[] pads = new long[2 * n];
                for (int i = 0; i < 2 * n; i++) {
                    pads[i] = below(Math.min(3, kernel[i % n]));
                }
                all.add(attribute("pads", pads));
            }
            default -> {}
        }
        return all;
    }

    /** Sizes of a kernel over the inner dimensions of x; null if they are not known. */
    private int[] kernel(Value x) {
        int[] kernel = new int[x.rank() - 2];
        for (int i = 0; i < kernel.length; i++) {
            int size = x.dim(i + 2);
            if (size < 0) {
                return null;
            }
            kernel[i] = 1 + below(Math.min(size, 4));
        }
        return kernel;
    }

    private static int[] joined(int first, int... more) {
        return IntStream.concat(IntStream.of(first), IntStream.of(more)).toArray();
    }

    private void conv() {
        Value x = real(rank(3, below(6) == 0 ? 5 : 4));
        if (x == null || x.dim(1) < 0 || kernel(x) == null) {
            return;
        }
        int[] kernel = kernel(x);
        int channels = x.dim(1);
        int groups = coin() ? 1 : one(channels, channels % 2 == 0 ? 2 : 1);
        int out = groups * (1 + below(4));
        List<Value> in = new ArrayList<>(in(x, g.floats(-0.7, 0.7, joined(out, joined(channels / groups, kernel)))));
        if (coin()) {
            in.add(g.floats(-1, 1, out));
        }
        List<Attribute> attributes = windows(x, kernel, true);
        attributes.add(attribute("group", (long) groups));
        Value y = made("Conv", false, in, array(attributes));
        if (y != null && below(4) == 0) {
            y = scaled(y);
        }
        if (y != null && below(4) == 0) {
            y = made("Add", false, coin() ? in(y, x) : in(x, y));
        }
        if (y != null && below(3) == 0) {
            made(operator("Relu", "Sigmoid", "LeakyRelu", "HardSwish:14"), false, in(y));
        }
    }

    private void convTranspose() {
        Value x = real(rank(3, 4));
        if (x == null || x.dim(1) < 0 || kernel(x) == null) {
            return;
        }
        int[] kernel = kernel(x);
        int channels = x.dim(1);
        int groups = coin() ? 1 : channels;
        List<Value> in = new ArrayList<>(in(x, g.floats(-0.7, 0.7, joined(channels, joined(1 + below(3), kernel)))));
        if (coin()) {
            in.add(g.floats(-1, 1, groups * in.get(1).dim(1)));
        }
        List<Attribute> attributes = windows(x, kernel, true);
        attributes.add(attribute("group", (long) groups));
        if (below(4) == 0) {
            attributes.add(attribute(
                    "output_padding", random.longs(kernel.length, 0, 2).toArray()));
        }
        made("ConvTranspose", false, in, array(attributes));
    }

    private void pool() {
        Value x = real(rank(3, below(6) == 0 ? 5 : 4));
        if (x == null || kernel(x) == null) {
            return;
        }
        String op = operator("MaxPool", "MaxPool", "AveragePool", "AveragePool", "LpPool");
        boolean max = op.equals("MaxPool");
        int dilated = max ? 10 : op.equals("LpPool") ? 18 : 19;
        List<Attribute> attributes = windows(x, kernel(x), g.opset >= dilated);
        if (coin()) {
            attributes.add(attribute("ceil_mode", 1));
        }
        if (op.equals("AveragePool") && coin()) {
            attributes.add(attribute("count_include_pad", 1));
        }
        boolean indices = max && x.exact() && x.rank() < 5 && below(4) == 0;
        g.node(op, indices ? 2 : 1, max, in(x), array(attributes));
    }

    private void globalPool() {
        Value x = real(rank(3, 5));
        if (x != null) {
            String op = operator("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool");
            made(op, op.equals("GlobalMaxPool"), in(x));
        }
    }

    // ---- norms

    private void batchNorm() {
        Value x = real(rank(2, 5));
        if (x != null && x.dim(1) > 0) {
            scaled(x);
        }
    }

    private Value scaled(Value x) {
        int c = x.dim(1);
        List<Value> in = in(x, g.floats(-1, 1, c), g.floats(-1, 1, c), g.floats(-1, 1, c), g.floats(0.3, 2, c));
        Attribute[] attributes = coin() ? new Attribute[0] : new Attribute[] {attribute("epsilon", 1e-3)};
        return made("BatchNormalization", false, in, attributes);
    }

    private void norm() {
        String op = operator(
                "InstanceNormalization",
                "LayerNormalization:17",
                "GroupNormalization:21",
                "LRN",
                "LpNormalization",
                "MeanVarianceNormalization:13",
                "LogSoftmax");
        Value x = real(rank(op.equals("LayerNormalization") ? 2 : op.endsWith("p") ? 1 : 3, 4));
        if (x == null || x.dim(1) < 0 || x.high() - x.low() < 0.1) {
            return;
        }
        int c = x.dim(1);
        Attribute epsilon = attribute("epsilon", 0.01);
        switch (op) {
            case "InstanceNormalization" -> made(op, false, in(x, g.floats(-1, 1, c), g.floats(-1, 1, c)), epsilon);
            case "LayerNormalization" -> {
                int axis = 1 + below(x.rank() - 1);
                int[] dims = Arrays.copyOfRange(x.dims(), axis, x.rank());
                if (Arrays.stream(dims).allMatch(d -> d > 0)) {
                    List<Value> in =
                            coin() ? in(x, g.floats(-1, 1, dims)) : in(x, g.floats(-1, 1, dims), g.floats(-1, 1, dims));
                    made(op, false, in, attribute("axis", (long) (coin() ? axis : axis - x.rank())), epsilon);
                }
            }
            case "GroupNormalization" -> {
                long groups = coin() ? 1 : c;
                made(
                        op,
                        false,
                        in(x, g.floats(-1, 1, c), g.floats(-1, 1, c)),
                        attribute("num_groups", groups),
                        epsilon);
            }
            case "LRN" ->
                made(
                        op,
                        false,
                        in(x),
                        attribute("size", 1L + below(4)),
                        attribute("alpha", 0.1),
                        attribute("bias", 1.5));
            case "LpNormalization" ->
                made(op, false, in(x), attribute("axis", (long) axis(x.rank())), attribute("p", 1L + below(2)));
            default -> {
                long[] axes = IntStream.range(0, x.rank())
                        .filter(d -> d != 1)
                        .asLongStream()
                        .toArray();
                made(
                        op,
                        false,
                        in(x),
                        x.rank() == 4 && coin() ? new Attribute[0] : new Attribute[] {new Attribute("axes", axes)});
            }
        }
    }

    /** A norm over the last dimension as older programs write it. */
    private void layerNorm() {
        Value x = real(v -> v.rank() > 1 && v.dim(v.rank() - 1) > 1 && v.high() - v.low() > 0.5);
        if (x == null) {
            return;
        }
        Value mean = g.opset < 18
                ? made("ReduceMean", false, in(x), new Attribute("axes", new long[] {-1}))
                : made("ReduceMean", false, in(x, g.line(-1)));
        Value off = mean == null ? null : made("Sub", false, in(x, mean));
        Value square = off == null ? null : made("Pow", false, in(off, g.scalar(2)));
        Value variance = square == null
                ? null
                : g.opset < 18
                        ? made("ReduceMean", false, in(square), new Attribute("axes", new long[] {-1}))
                        : made("ReduceMean", false, in(square, g.line(-1)));
        Value more = variance == null ? null : made("Add", false, in(variance, g.scalar(0.01f)));
        Value deviation = more == null ? null : made("Sqrt", false, in(more));
        Value y = deviation == null ? null : made("Div", false, in(off, deviation));
        if (y != null && coin()) {
            Value times = made("Mul", false, in(y, g.floats(-1, 1, x.dim(x.rank() - 1))));
            if (times != null) {
                made("Add", false, in(times, g.floats(-1, 1, x.dim(x.rank() - 1))));
            }
        }
    }

    private void softmax() {
        Value x = real(rank(1, 5));
        if (x != null) {
            boolean hard = x.exact() && below(4) == 0;
            made(
                    hard ? "Hardmax" : operator("Softmax", "Softmax", "LogSoftmax"),
                    hard,
                    in(x),
                    coin() ? new Attribute[0] : new Attribute[] {attribute("axis", (long) axis(x.rank()))});
        }
    }

    /** Attention of an input to itself, in parts. */
    private void attention() {
        Value x = real(v -> v.rank() == 3 && v.dim(0) < 0 && v.dim(1) > 0 && v.dim(2) > 0 && v.most() < 5);
        if (x == null) {
            return;
        }
        int heads = 1 + below(3);
        int width = 2 + below(3);
        Value[] qkv = new Value[3];
        for (int i = 0; i < 3; i++) {
            Value product = made("MatMul", false, in(x, g.floats(-0.5, 0.5, x.dim(2), heads * width)));
            Value parts = product == null ? null : made("Reshape", false, in(product, g.line(0, 0, heads, width)));
            long[] order = i == 1 ? new long[] {0, 2, 3, 1} : new long[] {0, 2, 1, 3};
            qkv[i] = parts == null ? null : made("Transpose", false, in(parts), new Attribute("perm", order));
            if (qkv[i] == null) {
                return;
            }
        }
        Value scores = made("MatMul", false, in(qkv[0], qkv[1]));
        Value scaled = scores == null ? null : made("Mul", false, in(scores, g.scalar(0.5f)));
        if (scaled != null && coin()) {
            scaled = made("Add", false, in(scaled, g.floats(-2, 2, 1, 1, x.dim(1), x.dim(1))));
        }
        Value weights = scaled == null ? null : made("Softmax", false, in(scaled), attribute("axis", 3));
        Value mixed = weights == null ? null : made("MatMul", false, in(weights, qkv[2]));
        Value back = mixed == null
                ? null
                : made("Transpose", false, in(mixed), new Attribute("perm", new long[] {0, 2, 1, 3}));
        if (back != null) {
            made("Reshape", false, in(back, g.line(0, 0, heads * width)));
        }
    }

    private void recurrent() {
        Value x = real(v -> v.rank() == 3 && v.dim(0) > 0 && v.dim(2) > 0 && v.most() < 5);
        if (x == null) {
            return;
        }
        String op = one("LSTM", "GRU", "RNN");
        String direction = one("forward", "reverse", "bidirectional");
        int both = direction.equals("bidirectional") ? 2 : 1;
        int units = 1 + below(5);
        int gates = op.equals("LSTM") ? 4 : op.equals("GRU") ? 3 : 1;
        List<Value> in = new ArrayList<>(in(
                x,
                g.floats(-0.7, 0.7, both, gates * units, x.dim(2)),
                g.floats(-0.7, 0.7, both, gates * units, units)));
        if (coin()) {
            in.add(g.floats(-0.5, 0.5, both, 2 * gates * units));
            if (x.dim(1) > 0 && coin()) {
                in.add(null);
                in.add(g.floats(-0.5, 0.5, both, x.dim(1), units));
                if (op.equals("LSTM")) {
                    in.add(g.floats(-0.5, 0.5, both, x.dim(1), units));
                }
            }
        }
        List<Attribute> attributes = new ArrayList<>();
        attributes.add(attribute("hidden_size", (long) units));
        attributes.add(attribute("direction", direction));
        if (op.equals("GRU") && coin()) {
            attributes.add(attribute("linear_before_reset", 1));
        }
        g.node(op, 1 + below(op.equals("LSTM") ? 3 : 2), false, in, array(attributes));
    }

    // ---- shapes

    private void reshape() {
        Value x = g.any(rank(1, 5));
        if (x == null) {
            return;
        }
        int[] dims = x.dims();
        int free = IntStream.range(0, dims.length)
                .filter(d -> dims[d] < 0)
                .findFirst()
                .orElse(-1);
        List<Long> to = new ArrayList<>();
        if (free == 0 && coin()) { // the batch as it is, the others as one, two or three
            int rest = product(Arrays.copyOfRange(dims, 1, dims.length));
            to.add(0L);
            to.addAll(factors(rest));
            if (coin()) {
                to.set(1 + below(to.size() - 1), -1L);
            }
        } else if (free < 0) {
            to.addAll(factors(product(dims)));
        } else {
            to.add(-1L);
            if (dims[dims.length - 1] > 0) {
                to.addAll(factors(dims[dims.length - 1]));
            }
            if (coin()) {
                Collections.rotate(to, 1);
            }
        }
        made("Reshape", true, in(x, g.line(to.stream().mapToLong(d -> d).toArray())));
    }

    private List<Long> factors(int n) {
        List<Long> all = new ArrayList<>();
        int left = Math.abs(n);
        for (int i = 0; i < 2; i++) {
            int[] some = IntStream.rangeClosed(1, left).filter(f -> n % f == 0).toArray();
            int f = some[below(some.length)];
            if (left % f == 0) {
                all.add((long) f);
                left /= f;
            }
        }
        all.add((long) left);
        return all;
    }

    /** A shape that the graph computes, as exported models do. */
    private void reshapeBySize() {
        Value x = g.any(rank(2, 4));
        if (x == null) {
            return;
        }
        Value shape = made("Shape", true, in(x));
        Value first = shape == null ? null : made("Gather", true, in(shape, g.line(0)), attribute("axis", 0));
        Value all = first == null ? null : made("Concat", true, in(first, g.line(-1)), attribute("axis", 0));
        if (all != null) {
            made("Reshape", true, in(x, all));
        }
    }

    private void flatten() {
        Value x = g.any(rank(1, 5));
        if (x != null) {
            made("Flatten", true, in(x), attribute("axis", (long) (coin() ? 1 : axis(x.rank()))));
        }
    }

    private void transpose() {
        Value x = g.any(rank(2, 5));
        if (x == null) {
            return;
        }
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, x.rank()).boxed().toList());
        Collections.shuffle(coin() ? order : order.subList(1, order.size()), random);
        made(
                "Transpose",
                true,
                in(x),
                below(6) == 0
                        ? new Attribute[0]
                        : new Attribute[] {
                            attribute("perm", order.stream().mapToLong(d -> d).toArray())
                        });
    }

    private void concat() {
        Value x = g.any(rank(1, 5));
        if (x == null) {
            return;
        }
        int axis = axis(x.rank());
        int at = place(axis, x.rank());
        Value y = g.any(v -> v.type() == x.type()
                && v.rank() == x.rank()
                && IntStream.range(0, x.rank()).allMatch(d -> d == at || v.dim(d) == x.dim(d)));
        Value z = x;
        if (x.real() && Arrays.stream(x.dims()).allMatch(d -> d > 0)) {
            int[] dims = x.dims();
            dims[at] = 1 + below(3);
            z = g.floats(-1, 1, dims);
        }
        made("Concat", true, coin() ? in(x, y) : coin() ? in(z, y, x) : in(x, z), attribute("axis", (long) axis));
    }

    private void split() {
        Value x = g.any(rank(1, 5));
        if (x == null) {
            return;
        }
        int axis = axis(x.rank());
        int size = x.dim(place(axis, x.rank()));
        if (size < 2) {
            return;
        }
        int first = 1 + below(size - 1);
        boolean equal = size % 2 == 0 && coin();
        List<Attribute> attributes = new ArrayList<>(List.of(attribute("axis", (long) axis)));
        List<Value> in = new ArrayList<>(in(x));
        if (equal && g.opset >= 18) {
            attributes.add(attribute("num_outputs", 2));
        } else if (!equal && g.opset < 13) {
            attributes.add(attribute("split", first, size - first));
        } else if (!equal) {
            in.add(g.line(first, size - first));
        }
        g.node("Split", 2, true, in, array(attributes));
    }

    private void slice() {
        Value x = g.any(rank(1, 5));
        if (x == null) {
            return;
        }
        int count = 1 + below(Math.min(2, x.rank()));
        int[] axes = random.ints(0, x.rank()).distinct().limit(count).toArray();
        long[] starts = new long[count];
        long[] ends = new long[count];
        long[] steps = new long[count];
        long[] named = new long[count];
        for (int i = 0; i < count; i++) {
            int size = Math.max(1, x.dim(axes[i]));
            boolean backwards = g.opset > 9 && below(4) == 0;
            steps[i] = (backwards ? -1 : 1) * (1L + below(2));
            int from = below(size);
            starts[i] = backwards ? coin() ? size - 1 : -1 : x.dim(axes[i]) < 0 ? 0 : coin() ? from : from - size;
            ends[i] = backwards ? Long.MIN_VALUE + 1 : coin() ? Integer.MAX_VALUE : x.dim(axes[i]) < 0 ? 1 : size;
            ends[i] = backwards ? Integer.MIN_VALUE : ends[i];
            named[i] = coin() ? axes[i] : axes[i] - x.rank();
        }
        if (g.opset < 10) {
            List<Attribute> all = new ArrayList<>();
            all.add(new Attribute("starts", starts));
            all.add(new Attribute("ends", ends));
            all.add(new Attribute("axes", longs(axes)));
            made("Slice", true, in(x), array(all));
            return;
        }
        List<Value> in = new ArrayList<>(in(x, g.line(starts), g.line(ends), g.line(named)));
        if (coin() || Arrays.stream(steps).anyMatch(s -> s < 0)) {
            in.add(g.line(steps));
        }
        made("Slice", true, in);
    }

    private void gather() {
        Value x = g.any(rank(1, 5));
        if (x == null) {
            return;
        }
        int axis = axis(x.rank());
        int size = Math.max(1, x.dim(place(axis, x.rank())));
        int[] dims = one(new int[0], new int[] {1 + below(4)}, new int[] {2, 2});
        long[] places = random.longs(product(dims), -size, size).toArray();
        made("Gather", true, in(x, g.ints(dims, places)), attribute("axis", (long) axis));
    }

    private void gatherElements() {
        Value x = g.any(rank(1, 4));
        if (x == null) {
            return;
        }
        int axis = below(x.rank());
        int size = Math.max(1, x.dim(axis));
        int[] dims = IntStream.range(0, x.rank())
                .map(d -> d == axis ? 1 + below(4) : x.dim(d) < 0 ? 1 : 1 + below(x.dim(d)))
                .toArray();
        Value places = g.ints(dims, random.longs(product(dims), -size, size).toArray());
        made("GatherElements", true, in(x, places), attribute("axis", (long) axis));
    }

    private void gatherNd() {
        Value x = g.any(rank(1, 4));
        if (x == null || g.opset < 11) {
            return;
        }
        int depth = 1 + below(x.rank());
        int count = 1 + below(3);
        long[] places = new long[count * depth];
        for (int i = 0; i < places.length; i++) {
            int size = Math.max(1, x.dim(i % depth));
            places[i] = below(size) - (x.dim(i % depth) > 0 && coin() ? size : 0);
        }
        made("GatherND", true, in(x, g.ints(new int[] {count, depth}, places)));
    }

    private void scatter() {
        Value x = real(rank(1, 4));
        if (x == null || g.opset < 11) {
            return;
        }
        int axis = below(x.rank());
        int size = Math.max(1, x.dim(axis));
        int count = 1 + below(size);
        List<Attribute> attributes = new ArrayList<>();
        if (g.opset >= 16 && coin()) {
            attributes.add(attribute("reduction", operator("add", "mul", "none", "max:18", "min:18")));
        }
        if (coin()) {
            int[] dims =
                    IntStream.range(0, x.rank()).map(d -> d == axis ? count : 1).toArray();
            long[] places =
                    random.ints(0, size).distinct().limit(count).asLongStream().toArray();
            attributes.add(attribute("axis", (long) (coin() ? axis : axis - x.rank())));
            made(
                    "ScatterElements",
                    attributes.size() < 2,
                    in(x, g.ints(dims, places), g.floats(-2, 2, dims)),
                    array(attributes));
        } else if (Arrays.stream(x.dims()).skip(1).allMatch(d -> d > 0)) {
            int[] rest = Arrays.copyOfRange(x.dims(), 1, x.rank());
            Value places = g.ints(new int[] {1, 1}, below(Math.max(1, x.dim(0))));
            made("ScatterND", attributes.isEmpty(), in(x, places, g.floats(-2, 2, joined(1, rest))), array(attributes));
        }
    }

    /** A constant that the graph computes of another one, as exported weights are turned. */
    private void fixed() {
        Value x = real();
        if (x == null) {
            return;
        }
        int[] dims = smaller(x);
        Value c = g.floats(0.2, 2, dims);
        String op = operator("Neg", "Sqrt", "Exp", "Relu", "Identity", "Sigmoid", "Floor", "Reciprocal", "Tanh", "Abs");
        Value y = made(op, false, in(c));
        if (y != null && dims.length > 1 && coin()) {
            Value turned = made("Transpose", false, in(y));
            y = turned == null ? null : made("Transpose", false, in(turned));
        } else if (y != null && coin()) {
            y = made(operator("Add", "Mul", "Sub", "Div", "Pow"), false, in(y, g.floats(0.5, 2, smaller(y))));
        }
        if (y != null) {
            made(operator("Add", "Mul"), false, coin() ? in(x, y) : in(y, x));
        }
    }

    /** Constants of the shape of x. */
    private void likeShape() {
        Value x = real(rank(1, 4));
        Value shape = x == null ? null : made("Shape", true, in(x));
        if (shape == null) {
            return;
        }
        Message two = new Message().number(1, 1).number(2, 1).floats(4, 2);
        Value y = coin()
                ? made("ConstantOfShape", true, in(shape), new Attribute("value", two))
                : made("Expand", true, in(g.floats(-1, 1, smaller(x)), shape));
        if (y != null) {
            made(operator("Add", "Mul", "Max"), false, in(x, y));
        }
    }

    /** The numbers of places along the last dimension. */
    private void positions() {
        Value x = real(rank(1, 4));
        Value shape = x == null || g.opset < 11 ? null : made("Shape", true, in(x));
        Value n = shape == null ? null : made("Gather", true, in(shape, g.ints(new int[0], -1)));
        Value range = n == null ? null : made("Range", true, in(g.ints(new int[0], 0), n, g.ints(new int[0], 1)));
        Value real = range == null ? null : made("Cast", true, in(range), attribute("to", 1));
        if (real != null) {
            made(operator("Add", "Sub"), false, in(x, real));
        }
    }

    private void castLike() {
        Value x = g.any(Value::exact);
        Value y = g.any(v -> true);
        if (x != null && g.opset >= 15) {
            made("CastLike", true, in(x, y));
        }
    }

    private void embedding() {
        Value ids = g.any(v -> v.type() == OnnxJavaType.INT64 && v.low() >= 0 && v.high() < 50 && v.rank() < 4);
        if (ids != null) {
            int rows = (int) ids.high() + 1;
            made("Gather", true, in(g.floats(-1, 1, rows, 1 + below(6)), ids));
        }
    }

    private void oneHot() {
        Value ids = g.any(v -> v.type() == OnnxJavaType.INT64 && v.rank() < 4);
        if (ids != null) {
            Attribute axis = attribute("axis", coin() ? -1L : below(ids.rank() + 1));
            made("OneHot", true, in(ids, g.ints(new int[] {}, 4 + below(3)), g.reals(-0.5f, 2)), axis);
        }
    }

    private void pad() {
        Value x = real(rank(1, 5));
        if (x == null) {
            return;
        }
        String mode = operator("constant", "reflect", "edge", "wrap:19");
        long[] pads = new long[2 * x.rank()];
        for (int i = 0; i < pads.length; i++) {
            int size = x.dim(i % x.rank());
            int most = mode.equals("reflect") ? Math.min(3, size) : mode.equals("wrap") ? Math.min(3, size + 1) : 3;
            pads[i] = size < 0 || most < 1 || coin()
                    ? 0
                    : mode.equals("constant") && size > 3 ? below(4) - 1 : below(most);
        }
        if (g.opset < 11) {
            made("Pad", true, in(x), new Attribute("pads", pads), attribute("mode", mode), attribute("value", 0.5));
            return;
        }
        List<Value> in = new ArrayList<>(in(x, g.line(pads)));
        if (mode.equals("constant") && coin()) {
            in.add(g.scalar((float) between(-2, 2)));
        }
        made("Pad", true, in, attribute("mode", mode));
    }

    /** Gives an operator its axes as an input or an attribute. */
    private Value overAxes(String op, int since, boolean exact, Value x, long[] axes, Attribute... more) {
        List<Attribute> attributes = new ArrayList<>(List.of(more));
        List<Value> in = new ArrayList<>(in(x));
        if (axes != null && g.opset >= since) {
            in.add(g.line(axes));
        } else if (axes != null) {
            attributes.add(new Attribute("axes", axes));
        }
        return made(op, exact, in, array(attributes));
    }

    private void squeeze() {
        Value x = g.any(v -> v.rank() > 1 && Arrays.stream(v.dims()).anyMatch(d -> d == 1));
        if (x != null) {
            int[] ones = IntStream.range(0, x.rank()).filter(d -> x.dim(d) == 1).toArray();
            int d = ones[below(ones.length)];
            overAxes("Squeeze", 13, true, x, new long[] {coin() ? d : d - x.rank()});
        }
    }

    private void unsqueeze() {
        Value x = g.any(rank(0, 4));
        if (x != null) {
            int d = below(x.rank() + 1);
            long[] axes =
                    coin() || x.rank() > 3 ? new long[] {coin() ? d : d - x.rank() - 1} : new long[] {d, x.rank() + 1};
            overAxes("Unsqueeze", 13, true, x, axes);
        }
    }

    private void expand() {
        Value x = g.any(rank(0, 4));
        if (x != null) {
            long[] to = Arrays.stream(x.dims())
                    .mapToLong(d -> d == 1 ? 1 + below(3) : 1)
                    .toArray();
            long[] more = coin() || x.rank() > 3
                    ? to
                    : IntStream.rangeClosed(-1, x.rank() - 1)
                            .mapToLong(d -> d < 0 ? 2 : to[d])
                            .toArray();
            made("Expand", true, in(x, g.line(more)));
        }
    }

    private void tile() {
        Value x = g.any(rank(1, 4));
        if (x != null) {
            made("Tile", true, in(x, g.line(random.longs(x.rank(), 1, 3).toArray())));
        }
    }

    private void reduce() {
        Value x = real(rank(1, 5));
        if (x == null) {
            return;
        }
        String op = operator(
                "ReduceSum",
                "ReduceMean",
                "ReduceMax",
                "ReduceMin",
                "ReduceProd",
                "ReduceL1",
                "ReduceL2",
                "ReduceLogSumExp",
                "ReduceSumSquare",
                "ReduceLogSum");
        if (op.equals("ReduceLogSum") && x.low() < 0.1 || op.equals("ReduceProd") && x.most() > 3) {
            return;
        }
        boolean moves = op.equals("ReduceMax") || op.equals("ReduceMin");
        long[] axes = random.ints(0, x.rank())
                .distinct()
                .limit(1 + below(x.rank()))
                .mapToLong(d -> coin() ? d : d - x.rank())
                .toArray();
        overAxes(
                op,
                op.equals("ReduceSum") ? 13 : 18,
                moves,
                x,
                below(5) == 0 ? null : axes,
                coin() ? new Attribute[0] : new Attribute[] {attribute("keepdims", below(2))});
    }

    private void resize() {
        Value x = real(v -> v.rank() > 2 && v.rank() < 5 && v.dim(0) != 0);
        if (x == null || x.dim(2) < 0 || x.dim(x.rank() - 1) < 0) {
            return;
        }
        String mode = one("nearest", "linear", x.rank() == 4 ? "cubic" : "linear");
        List<Attribute> attributes = new ArrayList<>(List.of(attribute("mode", mode)));
        String coordinates =
                operator("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric:19");
        attributes.add(attribute("coordinate_transformation_mode", coordinates));
        boolean nearest = mode.equals("nearest");
        if (nearest) {
            attributes.add(attribute("nearest_mode", one("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")));
        } else if (mode.equals("cubic") && coin()) {
            attributes.add(attribute("cubic_coeff_a", -0.5));
        }
        float[] scales = new float[x.rank()];
        long[] sizes = new long[x.rank()];
        Arrays.fill(scales, 1);
        for (int d = 2; d < x.rank(); d++) {
            // places between two numbers are computed with errors of their own
            scales[d] = nearest ? one(1f, 2f, 4f, 0.5f) : one(1f, 2f, 0.5f, 1.5f, 0.75f);
            sizes[d] = nearest ? x.dim(d) * (1L + below(2)) : 1 + below(9);
        }
        boolean whole = IntStream.range(2, x.rank()).allMatch(d -> x.dim(d) * scales[d] % 1 == 0);
        if (nearest && coordinates.equals("align_corners")
                || !whole && List.of("align_corners", "half_pixel_symmetric").contains(coordinates)) {
            return; // ONNX Runtime rounds a size here that ONNX's own cases do not
        }
        if (g.opset < 11) {
            String op = g.opset < 10 ? "Upsample" : "Resize";
            made(op, nearest, in(x, g.reals(scales)), attribute("mode", nearest ? "nearest" : "linear"));
        } else if (x.dim(0) > 0 && x.dim(1) > 0 && coin()) {
            sizes[0] = x.dim(0);
            sizes[1] = x.dim(1);
            made("Resize", nearest, in(x, null, null, g.line(sizes)), array(attributes));
        } else {
            made("Resize", nearest, in(x, null, g.reals(scales)), array(attributes));
        }
    }

    private void blocks() {
        Value x = real(rank(4, 4));
        if (x != null) {
            if (coin()) {
                List<Attribute> attributes = new ArrayList<>(List.of(attribute("blocksize", 2)));
                if (coin()) {
                    attributes.add(attribute("mode", one("DCR", "CRD")));
                }
                made("DepthToSpace", true, in(x), array(attributes));
            } else {
                made("SpaceToDepth", true, in(x), attribute("blocksize", 2));
            }
        }
    }

    // ---- places

    private void topk() {
        Value x = exact();
        if (x == null || x.rank() == 0) {
            return;
        }
        int axis = axis(x.rank());
        int size = x.dim(place(axis, x.rank()));
        if (size > 0) {
            long k = 1 + below(size);
            List<Attribute> attributes = new ArrayList<>(List.of(attribute("axis", (long) axis)));
            if (g.opset < 10) {
                attributes.add(attribute("k", k));
            } else if (g.opset > 10) {
                attributes.add(attribute("largest", below(2)));
            }
            g.node("TopK", 2, true, g.opset < 10 ? in(x) : in(x, g.line(k)), array(attributes));
        }
    }

    private void best() {
        Value x = real(v -> v.exact() && v.rank() > 0);
        if (x != null) {
            List<Attribute> attributes = new ArrayList<>(List.of(attribute("axis", (long) axis(x.rank()))));
            if (coin()) {
                attributes.add(attribute("keepdims", below(2)));
            }
            if (g.opset >= 12 && coin()) {
                attributes.add(attribute("select_last_index", below(2)));
            }
            made(one("ArgMax", "ArgMin"), true, in(x), array(attributes));
        }
    }

    private void cumulate() {
        Value x = real(rank(1, 5));
        if (x != null) {
            made(
                    "CumSum",
                    false,
                    in(x, g.ints(new int[0], axis(x.rank()))),
                    attribute("exclusive", below(2)),
                    attribute("reverse", below(2)));
        }
    }

    private void triangle() {
        Value x = real(rank(2, 4));
        if (x != null && g.opset >= 14) {
            List<Value> in = coin() ? in(x) : in(x, g.ints(new int[0], below(4) - 2));
            made("Trilu", true, in, attribute("upper", below(2)));
        }
    }
}
