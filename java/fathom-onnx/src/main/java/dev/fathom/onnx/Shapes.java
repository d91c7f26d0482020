package dev.fathom.onnx;

import dev.fathom.op.PadMode;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What moves elements without computing with them, and what makes constants of shapes. */
final class Shapes {
    private Shapes() {}

    /** The row of the operator of this name, or null. */
    static @Nullable Operator of(String name) {
        return switch (name) {
            case "Identity" -> Operator.one(s -> s.value(0));
            case "Dropout" ->
                new Operator(s -> {
                    boolean training = s.given(2) && s.array(2).isTrue();
                    if (training && (s.given(1) ? s.array(1).real() : 0.5) > 0) {
                        throw new IllegalArgumentException(
                                "it draws random numbers; export the model in evaluation mode");
                    }
                    return s.wants(1) ? new Object[] {s.value(0), full(s.dims(0), 1)} : new Object[] {s.value(0)};
                });
            case "Constant" -> Operator.one(Shapes::constant);
            case "Shape" ->
                Operator.one(s -> {
                    int[] dims = s.dims(0);
                    int begin = between(s.whole("start", 0), dims.length);
                    int end = between(s.whole("end", dims.length), dims.length);
                    return Array.longs(Arrays.stream(dims, begin, Math.max(begin, end))
                            .asLongStream()
                            .toArray());
                });
            case "Size" -> Operator.one(s -> Array.scalar(product(s.dims(0), 0, s.rank(0))));
            case "ConstantOfShape" ->
                Operator.one(s -> {
                    Array given = s.tensor("value");
                    Array value = given == null ? Array.ofReals(ElementType.FLOAT, new int[0], 0) : given.reshaped();
                    int[] dims = s.array(0).ints();
                    return s.sized() && dims.length > 1 && value.type() != ElementType.STRING
                            ? s.full(value, dims)
                            : Array.full(value, dims);
                });
            case "Range" -> Operator.one(Shapes::range);
            case "EyeLike" ->
                Operator.one(s -> {
                    int[] dims = s.dims(0);
                    int k = (int) s.whole("k", 0);
                    ElementType type = s.has("dtype") ? ElementType.of((int) s.whole("dtype", 1)) : s.type(0);
                    long[] ones = new long[Array.size(dims)];
                    for (int i = 0; i < dims[0]; i++) {
                        if (i + k >= 0 && i + k < dims[1]) {
                            ones[i * dims[1] + i + k] = 1;
                        }
                    }
                    return Array.of(type, dims, ones);
                });
            case "Reshape" -> Operator.one(Shapes::reshape).settings(1);
            case "Flatten" ->
                Operator.one(s -> {
                    Held x = s.held(0);
                    int[] dims = x.dims();
                    int axis = (int) s.whole("axis", 1);
                    axis = axis < 0 ? axis + dims.length : axis;
                    return x.reshaped(product(dims, 0, axis), product(dims, axis, dims.length));
                });
            case "Transpose" -> Operator.one(Shapes::transpose);
            case "Squeeze" -> Operator.one(Shapes::squeeze).settings(1);
            case "Unsqueeze" ->
                Operator.one(s -> {
                            int[] axes = s.ints("axes", 1);
                            int rank = s.rank(0) + axes.length;
                            int[] at = Arrays.stream(axes)
                                    .map(a -> Step.axis(a, rank))
                                    .sorted()
                                    .toArray();
                            if (!s.known(0)) {
                                return s.held(0).unsqueezed(at);
                            }
                            List<Integer> dims = new ArrayList<>(
                                    Arrays.stream(s.dims(0)).boxed().toList());
                            Arrays.stream(at).forEach(d -> dims.add(d, 1));
                            return s.array(0)
                                    .reshaped(dims.stream().mapToInt(d -> d).toArray());
                        })
                        .settings(1);
            case "Expand" ->
                Operator.one(s -> {
                            int[] dims = Array.together(s.dims(0), s.array(1).ints());
                            if (s.known(0)
                                    && s.sized()
                                    && dims.length > 1
                                    && s.array(0).rank() == 0) {
                                return s.full(s.array(0), dims);
                            }
                            return s.known(0)
                                    ? s.array(0).expanded(dims)
                                    : Held.of(
                                            s.tensor(0).expand(dims), s.held(0).type());
                        })
                        .settings(1);
            case "Tile" -> Operator.one(s -> tiled(s, s.array(1).ints())).settings(1);
            case "Concat" -> Operator.one(Shapes::concat);
            case "Split" -> new Operator(Shapes::split).settings(1);
            case "Slice" -> Operator.one(Shapes::slice).settings(1);
            case "Pad" -> Operator.one(Shapes::pad).settings(1);
            case "CenterCropPad" -> Operator.one(Shapes::centered).settings(1);
            case "Trilu" ->
                Operator.one(s -> {
                            boolean upper = s.whole("upper", 1) != 0;
                            int k = s.given(1) ? s.array(1).ints()[0] : 0;
                            int[] dims = s.dims(0);
                            int rank = dims.length;
                            // how far a column lies behind its row
                            Tensor behind = s.count(dims[rank - 1])
                                    .sub(s.count(dims[rank - 2]).unsqueeze(1));
                            Tensor mask = upper ? behind.ge(k) : behind.le(k);
                            Held x = s.held(0).first();
                            return x.with(mask.where(x.tensor(), zero(x.type())));
                        })
                        .settings(1);
            case "DepthToSpace" ->
                Operator.one(s -> {
                    Held h = s.held(0);
                    int b = (int) s.whole("blocksize", 1);
                    Tensor x = h.channelsLast();
                    int[] d = x.shape().toArray();
                    if (s.text("mode", "DCR").equals("CRD")) {
                        return Held.ofLast(x.pixelShuffle(b), h.type());
                    }
                    // blocks run over channels, not channels over blocks
                    Tensor blocks =
                            x.reshape(d[0], d[1], d[2], b, b, d[3] / (b * b)).permute(0, 1, 3, 2, 4, 5);
                    return Held.ofLast(blocks.reshape(d[0], d[1] * b, d[2] * b, d[3] / (b * b)), h.type());
                });
            case "SpaceToDepth" ->
                Operator.one(s -> {
                    Held h = s.held(0);
                    int b = (int) s.whole("blocksize", 1);
                    Tensor x = h.channelsLast();
                    if (s.text("mode", "DCR").equals("CRD")) {
                        return Held.ofLast(x.pixelUnshuffle(b), h.type());
                    }
                    int[] d = x.shape().toArray();
                    Tensor blocks =
                            x.reshape(d[0], d[1] / b, b, d[2] / b, b, d[3]).permute(0, 1, 3, 2, 4, 5);
                    return Held.ofLast(blocks.reshape(d[0], d[1] / b, d[2] / b, b * b * d[3]), h.type());
                });
            case "ReverseSequence" -> Operator.one(Shapes::reversed);
            default -> null;
        };
    }

    // ---- constants

    private static Array full(int[] dims, long value) {
        return Array.full(Array.of(ElementType.BOOL, new int[0], value), dims);
    }

    /** A zero of the tensors of this type. */
    static Tensor zero(ElementType type) {
        return Array.of(type, new int[0], 0).tensor();
    }

    private static Object constant(Step s) {
        if (s.has("value_float")) {
            return Array.ofReals(ElementType.FLOAT, new int[0], s.real("value_float", 0));
        }
        if (s.has("value_floats")) {
            float[] all = s.reals("value_floats");
            return Array.ofReals(
                    ElementType.FLOAT,
                    new int[] {all.length},
                    IntStream.range(0, all.length).mapToDouble(i -> all[i]).toArray());
        }
        if (s.has("value_int")) {
            return Array.scalar(s.whole("value_int", 0));
        }
        if (s.has("value_ints")) {
            return Array.longs(
                    Arrays.stream(s.wholes("value_ints")).asLongStream().toArray());
        }
        if (s.has("value_string")) {
            return new Array(ElementType.STRING, new int[0], new String[] {s.text("value_string", "")});
        }
        if (s.has("value_strings")) {
            String[] all = s.texts("value_strings").toArray(String[]::new);
            return new Array(ElementType.STRING, new int[] {all.length}, all);
        }
        Array value = s.tensor("value");
        if (value == null) {
            throw new IllegalArgumentException(
                    "it has no value that is read, but " + s.node().attributes().keySet());
        }
        return value;
    }

    private static Object range(Step s) {
        Array first = s.array(0);
        double step = s.array(2).real();
        int n = (int) Math.max(0, Math.ceil((s.array(1).real() - first.real()) / step));
        if (s.sized() && s.scope().witness != null && first.type().whole()) {
            Tensor t = s.count(n);
            t = step == 1 ? t : t.mul(step);
            return Held.of(first.real() == 0 ? t : t.add(first.real()), first.type());
        }
        Array.size(new int[] {n});
        double[] all = new double[n];
        for (int i = 0; i < n; i++) {
            all[i] = first.real() + i * step;
        }
        return Array.cast(Array.ofReals(ElementType.DOUBLE, new int[] {n}, all), first.type());
    }

    // ---- dimensions

    private static Object reshape(Step s) {
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
        return s.known(0) ? s.array(0).reshaped(dims) : s.held(0).reshaped(dims);
    }

    private static Object transpose(Step s) {
        int rank = s.rank(0);
        int[] order =
                s.wholes("perm", IntStream.range(0, rank).map(d -> rank - 1 - d).toArray());
        if (!Arrays.equals(IntStream.of(order).sorted().toArray(), Operator.inOrder(rank))) {
            throw new IllegalArgumentException(
                    Arrays.toString(order) + " is not an order of the " + rank + " dimensions");
        }
        if (s.known(0)) {
            return s.array(0).transposed(order);
        }
        return s.held(0).transposed(order);
    }

    private static Object squeeze(Step s) {
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
        IntStream all = IntStream.range(0, dims.length);
        return s.known(0)
                ? s.array(0)
                        .reshaped(all.filter(d -> !gone[d]).map(d -> dims[d]).toArray())
                : s.held(0).squeezed(all.filter(d -> gone[d]).toArray());
    }

    // ---- parts

    private static Object concat(Step s) {
        int rank = s.rank(0);
        int axis = Step.axis(s.whole("axis", 0), rank);
        if (s.allKnown()) {
            return Array.concatenated(
                    axis, IntStream.range(0, s.in().length).mapToObj(s::array).toList());
        }
        return concat(axis, IntStream.range(0, s.in().length).mapToObj(s::held).toList());
    }

    static Held concat(int axis, List<Held> parts) {
        Held leader = Held.leader(parts.toArray(Held[]::new));
        Tensor[] all = parts.stream().map(p -> p.as(leader)).toArray(Tensor[]::new);
        return leader.with(Tensor.concat(leader.axis(axis), all), parts.get(0).type());
    }

    /** Repeats along each dimension. */
    private static Object tiled(Step s, int... times) {
        if (s.known(0)) {
            Array a = s.array(0);
            for (int d = 0; d < times.length; d++) {
                Array one = a;
                a = Array.concatenated(
                        d, IntStream.range(0, times[d]).mapToObj(i -> one).toList());
            }
            return a;
        }
        Held x = s.held(0).first();
        Tensor t = x.tensor();
        int[] wide = x.dims();
        for (int d = 0; d < times.length; d++) {
            wide[d] *= s.sized() && wide[d] == 1 ? times[d] : 1;
        }
        if (s.sized()) { // also a batch of one takes the call that others take
            t = t.expand(wide);
        }
        for (int d = 0; d < times.length; d++) {
            if (times[d] == 0) {
                t = t.slice(d, 0, 0);
            } else if (times[d] > 1 && !(s.sized() && x.dims()[d] == 1)) {
                int[] dims = t.shape().toArray();
                int[] apart = t.unsqueeze(d).shape().toArray();
                apart[d] = times[d];
                dims[d] *= times[d];
                t = t.unsqueeze(d).expand(apart).reshape(dims);
            }
        }
        return x.with(t);
    }

    private static int[] partSizes(int n, int parts, int @Nullable [] given) {
        if (given != null) {
            return given;
        }
        int each = (n + parts - 1) / parts;
        return IntStream.range(0, parts)
                .map(i -> Math.max(0, Math.min(each, n - i * each)))
                .toArray();
    }

    private static Object[] split(Step s) {
        int axis = Step.axis(s.whole("axis", 0), s.rank(0));
        int parts = (int) s.whole("num_outputs", s.outputs());
        int[] sizes = partSizes(s.dims(0)[axis], parts, s.intsIfGiven("split", 1));
        Object[] out = new Object[sizes.length];
        for (int i = 0, at = 0; i < sizes.length; at += sizes[i++]) {
            out[i] = sliced(s.known(0) ? s.array(0) : s.held(0), axis, at, sizes[i], 1);
        }
        return out;
    }

    /** {@code count} places of a dimension from one on, backward where the step is negative. */
    static Object sliced(Object value, int axis, int begin, int count, int step) {
        if (value instanceof Array a) {
            return a.sliced(axis, begin, count, step);
        }
        Held x = Step.held(value);
        int at = x.axis(axis);
        Tensor t = x.tensor();
        if (count == 0) {
            return x.with(t.slice(at, 0, 0));
        }
        int last = begin + (count - 1) * step;
        if (step < 0) {
            return x.with(t.slice(at, last, begin + 1, -step).flip(at));
        }
        return x.with(t.slice(at, begin, last + 1, step));
    }

    private static Object slice(Step s) {
        int rank = s.rank(0);
        int[] starts = s.ints("starts", 1);
        int[] ends = s.ints("ends", 2);
        int[] axes = s.intsIfGiven("axes", 3);
        int[] steps = s.given(4) ? s.array(4).ints() : Windows.ones(starts.length);
        // a part of a constant that follows from sizes is cut out in each run, unless it is itself a shape
        boolean constant = s.sized() && s.scope().witness != null && s.isConstant(0) && rank > 1;
        Object value = s.known(0) ? s.array(0) : s.held(0);
        for (int i = 0; i < starts.length; i++) {
            int axis = axes == null ? i : Step.axis(axes[i], rank);
            int size = s.dims(0)[axis];
            int step = steps[i];
            if (step == 0) {
                throw new IllegalArgumentException("a slice with a step of 0 takes nothing; give another step");
            }
            if (starts[i] == 0 && ends[i] == Integer.MAX_VALUE && step == 1) {
                continue;
            }
            int low = step > 0 ? 0 : -1;
            int high = step > 0 ? size : size - 1;
            int begin = Math.max(Math.max(low, 0), Math.min(high, starts[i] < 0 ? starts[i] + size : starts[i]));
            long to = ends[i] < 0 ? (long) ends[i] + size : ends[i];
            int end = (int) Math.max(low, Math.min(high, to));
            int count = (int) Math.max(0, Math.ceil((end - begin) / (double) step));
            value = constant && step == 1 && count > 0
                    ? Step.held(value)
                            .with(Step.held(value)
                                    .tensor()
                                    .take(axis, s.count(count).add(begin)))
                    : sliced(value, axis, begin, count, step);
        }
        return value;
    }

    // ---- padding

    private static Object pad(Step s) {
        int rank = s.rank(0);
        int[] given = s.ints(s.has("pads") ? "pads" : "paddings", 1);
        int[] axes = s.given(3) ? s.array(3).ints() : Operator.inOrder(rank);
        int n = axes.length;
        String mode = s.text("mode", "constant");
        double with = s.given(2) ? s.array(2).real() : s.real("value", 0);
        Held x = s.held(0);
        for (int i = 0; i < n; i++) {
            x = padded(x, Step.axis(axes[i], rank), given[i], given[i + n], mode, with);
        }
        return x;
    }

    /** Negative numbers cut. */
    private static Held padded(Held x, int dim, int before, int after, String mode, double with) {
        int at = x.axis(dim);
        Tensor t = x.tensor();
        if (before < 0 || after < 0) {
            t = t.slice(at, Math.max(0, -before), t.dim(at) - Math.max(0, -after));
        }
        int front = Math.max(0, before);
        int behind = Math.max(0, after);
        if (front == 0 && behind == 0) {
            return x.with(t);
        }
        PadMode how = switch (mode) {
            case "constant" -> null;
            case "reflect" -> PadMode.REFLECT;
            case "edge" -> PadMode.REPLICATE;
            case "wrap" -> PadMode.CIRCULAR;
            default -> throw new IllegalArgumentException("mode " + mode + " is not computed");
        };
        return x.with(how == null ? t.pad(at, with, front, behind) : t.pad(at, how, front, behind));
    }

    private static Object centered(Step s) {
        int rank = s.rank(0);
        int[] sizes = s.array(1).ints();
        int[] axes = s.wholes("axes", Operator.inOrder(rank));
        Held x = s.held(0);
        for (int i = 0; i < axes.length; i++) {
            int d = Step.axis(axes[i], rank);
            int more = sizes[i] - x.dims()[d];
            int before = more >= 0 ? more / 2 : -(-more / 2);
            x = padded(x, d, before, more - before, "constant", 0);
        }
        return x;
    }

    /** Each row of the batch is reversed up to its length. */
    private static Object reversed(Step s) {
        Held x = s.held(0).first();
        int time = (int) s.whole("time_axis", 0);
        int batch = (int) s.whole("batch_axis", 1);
        int n = x.dims()[time];
        int rows = x.dims()[batch];
        Tensor lengths = s.tensor(1).reshape(rows, 1);
        Tensor steps = Tensor.ofInts(IntStream.range(0, n).toArray(), 1, n);
        Tensor back = lengths.sub(1).sub(steps);
        Tensor at = steps.lt(lengths).where(back, steps);
        Tensor flat = at.add(
                        Tensor.ofInts(IntStream.range(0, rows).map(i -> i * n).toArray(), rows, 1))
                .reshape(rows * n);
        int rank = x.rank();
        int[] order = IntStream.concat(
                        IntStream.of(batch, time), IntStream.range(0, rank).filter(d -> d != batch && d != time))
                .toArray();
        int[] back2 = new int[rank];
        for (int d = 0; d < rank; d++) {
            back2[order[d]] = d;
        }
        Tensor t = x.tensor().permute(order);
        int[] dims = t.shape().toArray();
        int[] merged = Arrays.copyOfRange(dims, 1, rank);
        merged[0] = rows * n;
        return x.with(t.reshape(merged).take(0, flat).reshape(dims).permute(back2));
    }

    // ---- numbers

    /** An index that may count from the end, within a size. */
    static int between(long at, int size) {
        return (int) Math.max(0, Math.min(size, at < 0 ? at + size : at));
    }

    static int product(int[] dims, int from, int to) {
        int n = 1;
        for (int d = from; d < to; d++) {
            n *= dims[d];
        }
        return n;
    }
}
