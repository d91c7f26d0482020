package dev.fathom.onnx;

import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Unary;
import dev.fathom.op.Window;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.DoubleBinaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** How each operator is computed: one row an operator. */
final class Rules {
    /** Computes the outputs of a node, each an {@link Array}, a {@link Held} or a {@link Pending}. */
    interface Rule {
        Object[] of(Step s);
    }

    /** An operator of one output. */
    private interface One {
        Object of(Step s);
    }

    private static final Map<String, Rule> ALL = new HashMap<>();

    private Rules() {}

    static @Nullable Rule of(Node node) {
        return ALL.get(node.operator());
    }

    private static void one(String op, One rule) {
        ALL.put(op, s -> new Object[] {rule.of(s)});
    }

    static {
        one("Identity", s -> s.value(0));
        one("Dropout", s -> s.value(0));
        activations();
        arithmetic();
        products();
        pools();
        shapes();
    }

    // ---- element by element

    private static void activations() {
        activation("Relu", s -> Activation.RELU);
        activation("Sigmoid", s -> Activation.SIGMOID);
        activation("Tanh", s -> Activation.TANH);
        activation("Clip", Rules::clip);
        unary("Exp", Tensor::exp);
        unary("Sqrt", Tensor::sqrt);
        unary("Neg", Tensor::neg);
        unary("Abs", Tensor::abs);
        unary("Erf", Tensor::erf);
        unary("Log", Tensor::log);
        unary("Reciprocal", Tensor::reciprocal);
        one("Softmax", s -> softmax(s, Tensor::softmax));
        one("LogSoftmax", s -> softmax(s, Tensor::logSoftmax));
    }

    private interface OfStep<T> {
        T of(Step s);
    }

    private interface Along {
        Tensor of(Tensor x, int dim);
    }

    private static void activation(String op, OfStep<Activation> what) {
        one(op, s -> {
            Activation a = what.of(s);
            if (s.value(0) instanceof Pending p) {
                return p.end(a);
            }
            Held x = s.held(0);
            return new Held(Pass.apply(a, x.tensor()), x.type(), x.last());
        });
    }

    private static Activation clip(Step s) {
        double low = s.given(1) ? s.array(1).real() : s.real("min", Double.NEGATIVE_INFINITY);
        double high = s.given(2) ? s.array(2).real() : s.real("max", Double.POSITIVE_INFINITY);
        return new Activation(Unary.CLAMP, (float) low, (float) high);
    }

    private static void unary(String op, UnaryOperator<Tensor> function) {
        one(op, s -> {
            Held x = s.held(0);
            return new Held(function.apply(x.tensor()), x.type(), x.last());
        });
    }

    /** Before version 13 it is over all dimensions from the axis on. */
    private static Object softmax(Step s, Along function) {
        Held x = s.held(0);
        if (s.version() >= 13) {
            int axis = x.axis(Step.axis(s.whole("axis", -1), x.rank()));
            return new Held(function.of(x.tensor(), axis), x.type(), x.last());
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

    private static void arithmetic() {
        binary("Add", Tensor::add, Long::sum, Double::sum);
        binary("Sub", Tensor::sub, (a, b) -> a - b, (a, b) -> a - b);
        binary("Mul", Tensor::mul, (a, b) -> a * b, (a, b) -> a * b);
        binary("Div", Tensor::div, (a, b) -> a / b, (a, b) -> a / b);
        binary("Pow", Tensor::pow, (a, b) -> (long) Math.pow((double) a, (double) b), Math::pow);
        one("Cast", s -> {
            ElementType to = ElementType.of((int) s.whole("to", 1));
            if (s.known(0)) {
                return Array.cast(s.array(0), to);
            }
            Held x = s.held(0);
            return new Held(x.tensor().to(Program.dtype(to)), to, x.last());
        });
    }

    private static void binary(
            String op, BinaryOperator<Tensor> tensors, LongBinaryOperator whole, DoubleBinaryOperator real) {
        one(op, s -> {
            if (s.allKnown()) {
                return Array.both(s.array(0).type(), s.array(0), s.array(1), whole, real);
            }
            Pending fused = op.equals("Add") && s.fusible() ? added(s) : null;
            if (fused != null) {
                return fused;
            }
            Held a = s.held(0);
            Held b = s.held(1);
            boolean last = (a.last() || b.last()) && a.rank() == b.rank();
            ElementType type = a.type();
            return last
                    ? new Held(tensors.apply(a.channelsLast(), b.channelsLast()), type, true)
                    : Held.of(tensors.apply(a.channelsFirst(), b.channelsFirst()), type);
        });
    }

    /** A sum that the kernel of a product computes, or null. */
    private static @Nullable Pending added(Step s) {
        for (int i = 0; i < 2; i++) {
            if (!(s.value(i) instanceof Pending p) || p.residual() != null) {
                continue;
            }
            int[] dims = s.dims(1 - i);
            if (p.takesBias() && dims.length == 1 && dims[0] > 1) {
                return p.withBias(s.vector(1 - i));
            }
            if (dims.length > 1 && !s.known(1 - i)) {
                Held other = s.held(1 - i);
                return p.withResidual(p.last() ? other.channelsLast() : other.channelsFirst());
            }
        }
        return null;
    }

    // ---- products

    private static void products() {
        one("MatMul", s -> {
            if (s.value(1) instanceof Step.Weight w && w.order().length == 2 && s.dims(0).length > 1) {
                Tensor x = s.tensor(0);
                Operand b = w.in(1, 0);
                return pending(s, false, true, (bias, residual, a) -> x.linear(b, bias, residual, a));
            }
            return Held.of(s.tensor(0).matmul(s.tensor(1)), ElementType.FLOAT);
        });
        one("Conv", Rules::conv);
        one("Gemm", Rules::gemm);
        one("BatchNormalization", s -> {
            Tensor x = s.channelsLast(0);
            float epsilon = s.real("epsilon", 1e-5);
            return pending(
                    s,
                    true,
                    false,
                    (bias, residual, a) -> x.batchNorm(
                            s.vector(3), s.vector(4), s.vectorIfGiven(1), s.vectorIfGiven(2), epsilon, residual, a));
        });
    }

    private static Object pending(Step s, boolean last, boolean takesBias, Pending.Kernel kernel) {
        Pending p = new Pending(s.node(), last, takesBias, null, null, kernel);
        return s.fusible() ? p : p.end(null);
    }

    private static Object conv(Step s) {
        int rank = s.dims(0).length - 2;
        Tensor x = s.channelsLast(0);
        Operand w = s.weight(1, Held.last(rank + 2));
        int[] kernel = s.wholes("kernel_shape", Arrays.copyOfRange(s.dims(1), 2, rank + 2));
        Window window = window(s, kernel);
        int groups = (int) s.whole("group", 1);
        Operand own = s.vectorIfGiven(2);
        return pending(s, true, false, (bias, residual, a) -> x.conv(w, own, window, groups, residual, a));
    }

    /** The geometry of a window, without what runs over its end. */
    private static Window window(Step s, int... kernel) {
        int rank = kernel.length;
        Window w = switch (rank) {
            case 1 -> Window.line(kernel[0]);
            case 2 -> Window.of(kernel[0], kernel[1]);
            case 3 -> Window.of(kernel[0], kernel[1], kernel[2]);
            default ->
                throw new IllegalArgumentException(
                        "a window of " + rank + " dimensions is not computed, only of 1 to 3");
        };
        w = w.stride(s.wholes("strides", ones(rank))).dilation(s.wholes("dilations", ones(rank)));
        String auto = s.text("auto_pad", "NOTSET");
        int[] pads = s.wholes("pads", new int[2 * rank]);
        return switch (auto) {
            case "NOTSET" -> w.pad(interleaved(pads));
            case "VALID" -> w;
            case "SAME_UPPER" -> w.same();
            default -> throw new IllegalArgumentException("auto_pad " + auto + " is not computed");
        };
    }

    private static int[] ones(int n) {
        int[] all = new int[n];
        Arrays.fill(all, 1);
        return all;
    }

    /** ONNX has all beginnings and then all ends; here each dimension has both. */
    private static int[] interleaved(int[] pads) {
        int n = pads.length / 2;
        return IntStream.range(0, 2 * n).map(i -> pads[i / 2 + i % 2 * n]).toArray();
    }

    private static Object gemm(Step s) {
        Tensor x = s.tensor(0);
        boolean transposed = s.whole("transB", 0) != 0;
        Operand w = transposed ? s.weight(1, 0, 1) : s.weight(1, 1, 0);
        Tensor a = s.whole("transA", 0) != 0 ? x.permute(1, 0) : x;
        float alpha = s.real("alpha", 1);
        float beta = s.real("beta", 1);
        if (alpha == 1 && (!s.given(2) || beta == 1 && s.dims(2).length == 1)) {
            Operand own = s.vectorIfGiven(2);
            return pending(s, false, false, (bias, residual, act) -> a.linear(w, own, residual, act));
        }
        Tensor y = a.linear(w, null).mul(alpha);
        return Held.of(s.given(2) ? y.add(s.tensor(2).mul(beta)) : y, ElementType.FLOAT);
    }

    // ---- pools

    private static void pools() {
        one("GlobalAveragePool", s -> {
            Tensor x = s.channelsLast(0);
            int[] dims = x.shape().toArray();
            int[] axes = IntStream.range(1, dims.length - 1).toArray();
            int[] to = dims.clone();
            Arrays.fill(to, 1, dims.length - 1, 1);
            return new Held(x.mean(axes).reshape(to), ElementType.FLOAT, true);
        });
        one("MaxPool", s -> new Held(s.channelsLast(0).maxPool(pool(s)), ElementType.FLOAT, true));
        one("AveragePool", s -> {
            Tensor x = s.channelsLast(0);
            Window w = pool(s);
            return new Held(
                    s.whole("count_include_pad", 0) != 0 ? x.avgPool(w) : x.avgPoolExcludingPadding(w),
                    ElementType.FLOAT,
                    true);
        });
    }

    private static Window pool(Step s) {
        Window w = window(s, s.wholes("kernel_shape"));
        return s.whole("ceil_mode", 0) != 0 ? w.ceil() : w;
    }

    // ---- shapes

    private static void shapes() {
        one("Flatten", s -> {
            Held x = s.held(0);
            int axis = (int) s.whole("axis", 1);
            axis = axis < 0 ? axis + x.rank() : axis;
            int[] dims = x.dims();
            int before = product(dims, 0, axis);
            int behind = product(dims, axis, dims.length);
            boolean flat = product(dims, 2, dims.length) == 1; // the order does not matter then
            return Held.of((flat ? x.tensor() : x.channelsFirst()).reshape(before, behind), x.type());
        });
        one("Concat", s -> {
            int rank = s.dims(0).length;
            int axis = Step.axis(s.whole("axis", 0), rank);
            if (s.allKnown()) {
                return Array.concatenated(
                        axis,
                        IntStream.range(0, s.in().length).mapToObj(s::array).toList());
            }
            List<Held> parts = new ArrayList<>();
            for (int i = 0; i < s.in().length; i++) {
                parts.add(s.held(i));
            }
            boolean last = parts.stream().anyMatch(Held::last);
            Tensor[] all = parts.stream()
                    .map(p -> last ? p.channelsLast() : p.channelsFirst())
                    .toArray(Tensor[]::new);
            int at = last ? Held.first(rank)[axis] : axis;
            return new Held(Tensor.concat(at, all), parts.get(0).type(), last);
        });
        one("Constant", Rules::constant);
        one("Shape", s -> {
            int[] dims = s.dims(0);
            int begin = between(s.whole("start", 0), dims.length);
            int end = between(s.whole("end", dims.length), dims.length);
            return Array.longs(Arrays.stream(dims, begin, Math.max(begin, end))
                    .asLongStream()
                    .toArray());
        });
        one("Size", s -> Array.scalar(product(s.dims(0), 0, s.dims(0).length)));
        one("Reshape", s -> {
            int[] from = s.dims(0);
            int[] to = s.ints("shape", 1);
            int[] dims = to.clone();
            for (int d = 0; d < dims.length; d++) {
                dims[d] = to[d] == 0 && s.whole("allowzero", 0) == 0 ? from[d] : to[d];
            }
            int open = IntStream.range(0, dims.length)
                    .filter(d -> dims[d] == -1)
                    .findFirst()
                    .orElse(-1);
            if (open >= 0) {
                dims[open] = 1;
                dims[open] = product(from, 0, from.length) / Math.max(1, product(dims, 0, dims.length));
            }
            return s.known(0)
                    ? s.array(0).reshaped(dims)
                    : Held.of(s.tensor(0).reshape(dims), s.held(0).type());
        });
        one("Transpose", s -> {
            int rank = s.dims(0).length;
            int[] order = s.wholes(
                    "perm", IntStream.range(0, rank).map(d -> rank - 1 - d).toArray());
            if (s.known(0)) {
                return s.array(0).transposed(order);
            }
            Held x = s.held(0);
            int[] of = Arrays.stream(order).map(x::axis).toArray();
            boolean same = IntStream.range(0, rank).allMatch(d -> of[d] == d);
            return Held.of(same ? x.tensor() : x.tensor().permute(of), x.type());
        });
        one("Unsqueeze", s -> {
            int[] axes = s.ints("axes", 1);
            int rank = s.dims(0).length + axes.length;
            int[] at = Arrays.stream(axes).map(a -> Step.axis(a, rank)).sorted().toArray();
            if (s.known(0)) {
                List<Integer> dims =
                        new ArrayList<>(Arrays.stream(s.dims(0)).boxed().toList());
                Arrays.stream(at).forEach(d -> dims.add(d, 1));
                return s.array(0).reshaped(dims.stream().mapToInt(d -> d).toArray());
            }
            return Held.of(s.tensor(0).unsqueeze(at), s.held(0).type());
        });
        one("Squeeze", s -> {
            int[] dims = s.dims(0);
            int[] axes = s.intsIfGiven("axes", 1);
            boolean[] gone = new boolean[dims.length];
            for (int d = 0; d < dims.length; d++) {
                gone[d] = axes == null && dims[d] == 1;
            }
            for (int a : axes == null ? new int[0] : axes) {
                int d = Step.axis(a, dims.length);
                if (dims[d] != 1) {
                    throw new IllegalArgumentException(
                            "axis " + a + " of " + Arrays.toString(dims) + " cannot go, since it is not 1");
                }
                gone[d] = true;
            }
            int[] to = IntStream.range(0, dims.length)
                    .filter(d -> !gone[d])
                    .map(d -> dims[d])
                    .toArray();
            return s.known(0)
                    ? s.array(0).reshaped(to)
                    : Held.of(s.tensor(0).reshape(to), s.held(0).type());
        });
        one("Gather", s -> {
            int axis = Step.axis(s.whole("axis", 0), s.dims(0).length);
            if (s.allKnown()) {
                return s.array(0).gathered(axis, s.array(1));
            }
            if (s.value(0) instanceof Step.Weight w && w.order().length == 2 && axis == 0) {
                return Held.of(s.tensor(1).embedding(s.weight(0, 0, 1), null), ElementType.FLOAT);
            }
            Held x = s.held(0);
            Tensor t = x.channelsFirst();
            if (s.known(1) && s.array(1).size() == 1) { // one place is a slice
                int n = t.dim(axis);
                long at = s.array(1).longs()[0];
                int place = (int) (at < 0 ? at + n : at);
                Tensor part = t.slice(axis, place, place + 1);
                return Held.of(s.array(1).rank() == 0 ? part.squeeze(axis) : part, x.type());
            }
            return Held.of(t.take(axis, s.tensor(1)), x.type());
        });
        one("ConstantOfShape", s -> {
            Array value = s.tensor("value");
            return Array.full(
                    value == null ? Array.ofReals(ElementType.FLOAT, new int[0], 0) : value.reshaped(),
                    s.array(0).ints());
        });
        one("Expand", s -> {
            int[] to = Array.together(s.dims(0), s.array(1).ints());
            return s.known(0)
                    ? s.array(0).expanded(to)
                    : Held.of(s.tensor(0).expand(to), s.held(0).type());
        });
        one("Range", s -> {
            Array first = s.array(0);
            double step = s.array(2).real();
            int n = (int) Math.max(0, Math.ceil((s.array(1).real() - first.real()) / step));
            Array.size(new int[] {n});
            double[] all = new double[n];
            for (int i = 0; i < n; i++) {
                all[i] = first.real() + i * step;
            }
            return Array.cast(Array.ofReals(ElementType.DOUBLE, new int[] {n}, all), first.type());
        });
        one("DepthToSpace", s -> {
            int b = (int) s.whole("blocksize", 1);
            Tensor x = s.channelsLast(0);
            if (s.text("mode", "DCR").equals("CRD")) {
                return new Held(x.pixelShuffle(b), ElementType.FLOAT, true);
            }
            int[] d = x.shape().toArray(); // blocks run over channels, not channels over blocks
            Tensor blocks = x.reshape(d[0], d[1], d[2], b, b, d[3] / (b * b)).permute(0, 1, 3, 2, 4, 5);
            return new Held(blocks.reshape(d[0], d[1] * b, d[2] * b, d[3] / (b * b)), ElementType.FLOAT, true);
        });
        one("Resize", Rules::resize);
        ALL.put("Split", Rules::split);
        reduction("ReduceMean", Tensor::mean);
        reduction("ReduceMax", Tensor::max);
        reduction("ReduceMin", Tensor::min);
        reduction("ReduceSum", Tensor::sum);
        one("Slice", Rules::slice);
        one("Pad", Rules::pad);
    }

    private static Object constant(Step s) {
        if (s.has("value_float")) {
            return Array.ofReals(ElementType.FLOAT, new int[0], s.real("value_float", 0));
        }
        if (s.has("value_int")) {
            return Array.scalar(s.whole("value_int", 0));
        }
        if (s.has("value_ints")) {
            return Array.longs(
                    Arrays.stream(s.wholes("value_ints")).asLongStream().toArray());
        }
        throw new IllegalArgumentException(
                "it has no value that is read, but " + s.node().attributes().keySet());
    }

    /** An index that may count from the end, within a size. */
    private static int between(long at, int size) {
        return (int) Math.max(0, Math.min(size, at < 0 ? at + size : at));
    }

    /** Versions before 11 have no regions and no choice of coordinates. */
    private static Object resize(Step s) {
        int first = s.version() < 11 ? 1 : 2;
        int[] from = s.dims(0);
        int rank = from.length;
        int[] to = new int[rank - 2];
        double[] scales =
                s.given(first) && s.dims(first)[0] > 0 ? s.array(first).reals() : null;
        for (int d = 2; d < rank; d++) {
            to[d - 2] = scales != null
                    ? (int) Math.floor(from[d] * scales[d])
                    : (int) s.array(3).longs()[d];
        }
        String mode = s.text("mode", "nearest");
        String places = s.text("coordinate_transformation_mode", s.version() < 11 ? "asymmetric" : "half_pixel");
        String nearest = s.text("nearest_mode", s.version() < 11 ? "floor" : "round_prefer_floor");
        boolean multiple = IntStream.range(0, to.length).allMatch(d -> to[d] % from[d + 2] == 0);
        Resize how;
        if (mode.equals("nearest") && places.equals("asymmetric") && nearest.equals("floor")) {
            how = Resize.NEAREST;
        } else if (mode.equals("nearest") && places.equals("half_pixel") && nearest.startsWith("round") && multiple) {
            how = Resize.NEAREST; // the center of a pixel falls into the one it is a part of
        } else if (mode.equals("linear") && places.endsWith("half_pixel")) {
            how = Resize.LINEAR;
        } else if (mode.equals("linear") && places.equals("align_corners")) {
            how = Resize.LINEAR_CORNERS;
        } else {
            throw new IllegalArgumentException(
                    "mode " + mode + " with coordinates " + places + " and rounding " + nearest + " is not computed");
        }
        return new Held(s.channelsLast(0).resize(how, to), ElementType.FLOAT, true);
    }

    private interface Over {
        Tensor of(Tensor x, int... dims);
    }

    private static void reduction(String op, Over function) {
        one(op, s -> {
            Held x = s.held(0);
            int rank = x.rank();
            int[] axes = s.intsIfGiven("axes", 1);
            if (axes == null || axes.length == 0) {
                if (s.whole("noop_with_empty_axes", 0) != 0) {
                    return x;
                }
                axes = IntStream.range(0, rank).toArray();
            }
            int[] graphs = Arrays.stream(axes).map(a -> Step.axis(a, rank)).toArray();
            if (s.whole("keepdims", 1) != 0) {
                int[] own = Arrays.stream(graphs).map(x::axis).sorted().toArray();
                return new Held(function.of(x.tensor(), own).unsqueeze(own), x.type(), x.last());
            }
            return Held.of(function.of(x.channelsFirst(), graphs), x.type());
        });
    }

    private static Object[] split(Step s) {
        Held x = s.held(0);
        int axis = Step.axis(s.whole("axis", 0), x.rank());
        int n = x.dims()[axis];
        int[] sizes = s.intsIfGiven("split", 1);
        int parts = s.node().outputs().size();
        if (sizes == null) {
            int each = (n + parts - 1) / parts;
            sizes = new int[parts];
            for (int i = 0; i < parts; i++) {
                sizes[i] = Math.min(each, n - i * each);
            }
        }
        Object[] out = new Object[parts];
        for (int i = 0, at = 0; i < parts; at += sizes[i++]) {
            out[i] = new Held(x.tensor().slice(x.axis(axis), at, at + sizes[i]), x.type(), x.last());
        }
        return out;
    }

    private static Object slice(Step s) {
        int rank = s.dims(0).length;
        int[] starts = s.ints("starts", 1);
        int[] ends = s.ints("ends", 2);
        int[] axes = s.intsIfGiven("axes", 3);
        int[] steps = s.given(4) ? s.array(4).ints() : ones(starts.length);
        Object value = s.value(0);
        for (int i = 0; i < starts.length; i++) {
            int axis = axes == null ? i : Step.axis(axes[i], rank);
            int size =
                    value instanceof Array a ? a.dims()[axis] : Step.held(value).dims()[axis];
            int step = steps[i];
            if (step < 1) {
                throw new IllegalArgumentException("a step of " + step + " is not computed");
            }
            int begin = Math.max(0, Math.min(size, starts[i] < 0 ? starts[i] + size : starts[i]));
            int end = Math.max(begin, Math.min(size, ends[i] < 0 ? ends[i] + size : ends[i]));
            int count = (end - begin + step - 1) / step;
            if (value instanceof Array a) {
                value = a.sliced(axis, begin, count, step);
            } else {
                Held x = Step.held(value);
                value = new Held(x.tensor().slice(x.axis(axis), begin, end, step), x.type(), x.last());
            }
        }
        return value;
    }

    private static Object pad(Step s) {
        Held x = s.held(0);
        int[] pads = s.ints("pads", 1);
        double with = s.given(2) ? s.array(2).real() : s.real("value", 0);
        PadMode mode = switch (s.text("mode", "constant")) {
            case "constant" -> null;
            case "reflect" -> PadMode.REFLECT;
            case "edge" -> PadMode.REPLICATE;
            default -> throw new IllegalArgumentException("mode " + s.text("mode", "") + " is not computed");
        };
        Tensor t = x.tensor();
        int rank = pads.length / 2;
        for (int d = 0; d < rank; d++) {
            if (pads[d] != 0 || pads[d + rank] != 0) {
                t = mode == null
                        ? t.pad(x.axis(d), with, pads[d], pads[d + rank])
                        : t.pad(x.axis(d), mode, pads[d], pads[d + rank]);
            }
        }
        return new Held(t, x.type(), x.last());
    }

    private static int product(int[] dims, int from, int to) {
        int n = 1;
        for (int d = from; d < to; d++) {
            n *= dims[d];
        }
        return n;
    }
}
