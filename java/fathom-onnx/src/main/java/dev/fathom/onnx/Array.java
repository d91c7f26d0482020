package dev.fathom.onnx;

import dev.fathom.io.InputFile;
import dev.fathom.io.Stored;
import dev.fathom.op.DType;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntUnaryOperator;
import java.util.function.LongBinaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Values that are known before a graph runs: shapes, axes, scales, and what follows from them. Integers and booleans
 * are held as {@code long}, floats as {@code double} that were rounded to their type. Nothing here changes an array.
 *
 * @param values a {@code long[]}, {@code double[]} or {@code String[]} in row-major order
 */
record Array(ElementType type, int[] dims, Object values) {
    /** Larger ones belong into tensors. */
    static final int MOST = 1 << 24;

    // ---- making them

    static Array of(ElementType type, int[] dims, long... values) {
        return new Array(type, dims, type.whole() ? wrapped(type, values) : rounded(type, doubles(values)));
    }

    static Array ofReals(ElementType type, int[] dims, double... values) {
        return new Array(type, dims, rounded(type, values));
    }

    /** A vector of int64, as shapes and axes are. */
    static Array longs(long... values) {
        return of(ElementType.INT64, new int[] {values.length}, values);
    }

    static Array scalar(long value) {
        return of(ElementType.INT64, new int[0], value);
    }

    /** A tensor of zeros, or of another value, which is a number as {@link #type} has it. */
    static Array full(Array value, int[] dims) {
        return value.taken(dims, i -> 0);
    }

    /**
     * Reads the values of a constant.
     *
     * @throws IllegalArgumentException if there are too many, or they are of a type that is not read
     */
    static Array read(Initializer constant) throws IOException {
        int[] dims = Arrays.stream(constant.entry().dims())
                .mapToInt(Math::toIntExact)
                .toArray();
        if (constant.type() == ElementType.STRING) {
            return new Array(constant.type(), dims, constant.strings().toArray(String[]::new));
        }
        Stored stored = constant.type().stored;
        if (stored == null) {
            throw new IllegalArgumentException("tensor " + InputFile.quoted(constant.name()) + " has elements of type "
                    + constant.type() + ", which are not read; export it with others");
        }
        int n = size(dims);
        byte[] bytes = new byte[Math.multiplyExact(n, stored.bytes())];
        constant.entry().source().read(0, bytes, bytes.length);
        ByteBuffer from = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (constant.type().whole()) {
            long[] all = new long[n];
            for (int i = 0; i < n; i++) {
                all[i] = stored.integer(from, i);
            }
            return new Array(constant.type(), dims, all);
        }
        double[] all = new double[n];
        for (int i = 0; i < n; i++) {
            all[i] = stored.number(from, i);
        }
        return new Array(constant.type(), dims, all);
    }

    /**
     * Reads the values of a tensor.
     *
     * @throws IllegalArgumentException if it has none, since a plan is made
     */
    static Array read(Held of) {
        Tensor t = of.channelsFirst();
        int[] dims = t.shape().toArray();
        try {
            return t.dtype() == DType.F32
                    ? of.type() == ElementType.BOOL
                            ? of(of.type(), dims, wholes(t.toArray()))
                            : new Array(of.type(), dims, doubles(t.toArray()))
                    : new Array(
                            of.type(),
                            dims,
                            Arrays.stream(t.toIntArray()).asLongStream().toArray());
        } catch (IllegalStateException e) {
            throw new IllegalArgumentException(
                    "it needs values that the graph is given, which a plan does not know when it is made; run the model"
                            + " in a pass, or give the input as a constant",
                    e);
        }
    }

    private static double[] doubles(float[] from) {
        double[] to = new double[from.length];
        for (int i = 0; i < to.length; i++) {
            to[i] = from[i];
        }
        return to;
    }

    private static long[] wholes(float[] from) {
        long[] to = new long[from.length];
        for (int i = 0; i < to.length; i++) {
            to[i] = (long) from[i];
        }
        return to;
    }

    // ---- reading them

    String[] texts() {
        if (values instanceof String[] texts) {
            return texts;
        }
        throw new IllegalArgumentException("a value of type " + type + " stands where texts should");
    }

    /** These values as a constant of the pass. */
    Tensor tensor() {
        return type.dtype() == DType.I32 ? Tensor.ofInts(ints(), dims) : Tensor.of(floats(), dims);
    }

    boolean isTrue() {
        return real() != 0;
    }

    int rank() {
        return dims.length;
    }

    int size() {
        return size(dims);
    }

    /**
     * How many elements a shape has.
     *
     * @throws IllegalArgumentException if they are too many to be held here
     */
    static int size(int[] dims) {
        long n = 1;
        for (int d : dims) {
            n *= d;
            if (d < 0 || n > MOST) {
                throw new IllegalArgumentException("a constant of shape " + Arrays.toString(dims) + " has more than "
                        + MOST + " elements, or a negative dimension; compute it from an input instead");
            }
        }
        return (int) n;
    }

    /**
     * The values as whole numbers.
     *
     * @throws IllegalArgumentException if they are others
     */
    long[] longs() {
        if (values instanceof long[] whole) {
            return whole;
        }
        throw new IllegalArgumentException("a value of type " + type + " stands where whole numbers should");
    }

    /** The values as whole numbers, where those that no int holds become the nearest. */
    int[] ints() {
        long[] from = longs();
        int[] to = new int[from.length];
        for (int i = 0; i < to.length; i++) {
            to[i] = (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, from[i]));
        }
        return to;
    }

    double[] reals() {
        if (values instanceof double[] reals) {
            return reals;
        }
        return doubles(longs());
    }

    float[] floats() {
        double[] from = reals();
        float[] to = new float[from.length];
        for (int i = 0; i < to.length; i++) {
            to[i] = (float) from[i];
        }
        return to;
    }

    /**
     * The only value.
     *
     * @throws IllegalArgumentException if there are more
     */
    double real() {
        if (size() != 1) {
            throw new IllegalArgumentException(
                    "a value of shape " + Arrays.toString(dims) + " stands where one number should");
        }
        return reals()[0];
    }

    private static double[] doubles(long[] values) {
        return Arrays.stream(values).asDoubleStream().toArray();
    }

    // ---- moving them

    /** An array of this shape whose element {@code i} is the element {@code from(i)} of this one. */
    Array taken(int[] to, IntUnaryOperator from) {
        int n = size(to);
        Object result;
        if (values instanceof long[] all) {
            result = IntStream.range(0, n).map(from).mapToLong(i -> all[i]).toArray();
        } else if (values instanceof double[] all) {
            result = IntStream.range(0, n).map(from).mapToDouble(i -> all[i]).toArray();
        } else {
            String[] all = (String[]) values;
            result = IntStream.range(0, n).map(from).mapToObj(i -> all[i]).toArray(String[]::new);
        }
        return new Array(type, to, result);
    }

    /** These values in another shape of as many elements. */
    Array reshaped(int... to) {
        if (size(to) != size()) {
            throw new IllegalArgumentException("a constant of shape " + Arrays.toString(dims)
                    + " cannot have the shape " + Arrays.toString(to) + ", which has not as many elements");
        }
        return new Array(type, to, values);
    }

    Array transposed(int... order) {
        int[] to = Arrays.stream(order).map(d -> dims[d]).toArray();
        int[] own = strides(dims);
        int[] steps = Arrays.stream(order).map(d -> own[d]).toArray();
        return taken(to, i -> place(i, to, steps));
    }

    /** Repeats dimensions of one, and adds some in front. */
    Array expanded(int... to) {
        int[] own = strides(dims);
        int[] steps = new int[to.length];
        for (int d = 0; d < to.length; d++) {
            int mine = d - (to.length - dims.length);
            steps[d] = mine < 0 || dims[mine] == 1 ? 0 : own[mine];
        }
        return taken(to, i -> place(i, to, steps));
    }

    /** Every {@code step}-th of {@code count} places along a dimension, from {@code begin} on. */
    Array sliced(int axis, int begin, int count, int step) {
        int[] to = dims.clone();
        to[axis] = count;
        int[] steps = strides(dims);
        int first = begin * steps[axis];
        steps[axis] *= step;
        return taken(to, i -> first + place(i, to, steps));
    }

    /** The parts at these places along a dimension, whose place in the shape their own shape takes. */
    Array gathered(int axis, Array at) {
        int inner = size(Arrays.copyOfRange(dims, axis + 1, dims.length));
        long[] places = at.longs();
        int[] to = IntStream.concat(
                        IntStream.concat(Arrays.stream(dims, 0, axis), Arrays.stream(at.dims)),
                        Arrays.stream(dims, axis + 1, dims.length))
                .toArray();
        int n = dims[axis];
        for (long p : places) {
            if (p < -n || p >= n) {
                throw new IllegalArgumentException(
                        "the place " + p + " is not within the " + n + " of dimension " + axis + " of a constant");
            }
        }
        size(to);
        int each = Math.max(1, places.length) * inner;
        return taken(to, i -> {
            int place = (int) places[i % each / inner];
            return ((i / each) * n + (place < 0 ? place + n : place)) * inner + i % inner;
        });
    }

    static Array concatenated(int axis, List<Array> parts) {
        Array first = parts.get(0);
        int inner = size(Arrays.copyOfRange(first.dims, axis + 1, first.dims.length));
        int outer = size(Arrays.copyOf(first.dims, axis));
        int[] to = first.dims.clone();
        to[axis] = parts.stream().mapToInt(p -> p.dims[axis]).sum();
        int n = size(to);
        Object all = first.values instanceof long[]
                ? new long[n]
                : first.values instanceof double[] ? new double[n] : new String[n];
        int at = 0;
        for (int o = 0; o < outer; o++) {
            for (Array p : parts) {
                if (p.values.getClass() != all.getClass()) {
                    throw new IllegalArgumentException("values of " + first.type + " and " + p.type
                            + " stand side by side; cast them to one type");
                }
                int length = p.dims[axis] * inner;
                System.arraycopy(p.values, o * length, all, at, length);
                at += length;
            }
        }
        return new Array(first.type, to, all);
    }

    /** How far apart neighbors of each dimension lie. */
    static int[] strides(int[] dims) {
        int[] strides = new int[dims.length];
        int stride = 1;
        for (int d = dims.length - 1; d >= 0; d--) {
            strides[d] = stride;
            stride *= Math.max(dims[d], 1);
        }
        return strides;
    }

    private static int place(int index, int[] dims, int[] steps) {
        int place = 0;
        for (int d = dims.length - 1; d >= 0; d--) {
            place += index % dims[d] * steps[d];
            index /= dims[d];
        }
        return place;
    }

    // ---- computing with them

    /**
     * The shape to which tensors of these shapes are repeated, aligned at their last dimensions.
     *
     * @throws IllegalArgumentException if two have other sizes in one place, neither of which is 1
     */
    static int[] together(int[]... shapes) {
        int[] all = new int[Arrays.stream(shapes).mapToInt(s -> s.length).max().orElse(0)];
        Arrays.fill(all, 1);
        for (int[] s : shapes) {
            for (int d = 0; d < s.length; d++) {
                int at = all.length - s.length + d;
                if (all[at] != 1 && s[d] != 1 && all[at] != s[d]) {
                    throw new IllegalArgumentException("the shapes " + Arrays.deepToString(shapes)
                            + " differ in a dimension, " + all[at] + " and " + s[d] + ", and neither is 1");
                }
                all[at] = all[at] == 1 ? s[d] : all[at];
            }
        }
        return all;
    }

    /** These and others, repeated to the shape that both can have. */
    static Array both(
            ElementType type, Array a, Array b, LongBinaryOperator whole, @Nullable DoubleBinaryOperator real) {
        int[] dims = together(a.dims, b.dims);
        Array left = a.expanded(dims);
        Array right = b.expanded(dims);
        int n = size(dims);
        if (left.values instanceof long[] x && right.values instanceof long[] y) {
            return of(
                    type,
                    dims,
                    IntStream.range(0, n)
                            .mapToLong(i -> whole.applyAsLong(x[i], y[i]))
                            .toArray());
        }
        if (left.values instanceof String[] x && right.values instanceof String[] y && type == ElementType.BOOL) {
            return of(
                    type,
                    dims,
                    IntStream.range(0, n)
                            .mapToLong(i -> x[i].equals(y[i]) ? 1 : 0)
                            .toArray());
        }
        if (real == null) {
            throw new IllegalArgumentException("values of type " + a.type + " stand where whole numbers should");
        }
        double[] x = left.reals();
        double[] y = right.reals();
        double[] z = IntStream.range(0, n)
                .mapToDouble(i -> real.applyAsDouble(x[i], y[i]))
                .toArray();
        return cast(new Array(ElementType.DOUBLE, dims, z), type);
    }

    Array each(DoubleUnaryOperator of) {
        return cast(
                new Array(
                        ElementType.DOUBLE, dims, Arrays.stream(reals()).map(of).toArray()),
                type);
    }

    /** The elements of one or the other, repeated to the shape that all can have. */
    static Array where(Array mask, Array yes, Array no) {
        int[] dims = together(mask.dims, yes.dims, no.dims);
        long[] which = mask.expanded(dims).longs();
        Array a = yes.expanded(dims);
        Array b = no.expanded(dims);
        int n = which.length;
        return concatenated(0, List.of(a.reshaped(n), b.reshaped(n))).taken(dims, i -> which[i] != 0 ? i : n + i);
    }

    /** As C converts: floats lose what is behind the point, and integers wrap around. */
    static Array cast(Array a, ElementType type) {
        if (type == ElementType.STRING || a.type == ElementType.STRING) {
            return texts(a, type);
        }
        if (type == ElementType.BOOL) {
            return of(
                    type,
                    a.dims,
                    Arrays.stream(a.reals()).mapToLong(x -> x != 0 ? 1 : 0).toArray());
        }
        return type.whole()
                ? of(
                        type,
                        a.dims,
                        a.values instanceof long[] all
                                ? all
                                : Arrays.stream(a.reals())
                                        .mapToLong(x -> (long) x)
                                        .toArray())
                : ofReals(type, a.dims, a.reals());
    }

    /** Numbers as they are written, and texts as the numbers that they write. */
    private static Array texts(Array a, ElementType type) {
        if (type == a.type) {
            return a;
        }
        if (type == ElementType.STRING) {
            String[] texts = a.values instanceof long[] whole
                    ? Arrays.stream(whole)
                            .mapToObj(x -> a.type == ElementType.BOOL ? x != 0 ? "True" : "False" : Long.toString(x))
                            .toArray(String[]::new)
                    : Arrays.stream(a.reals())
                            .mapToObj(
                                    x -> a.type == ElementType.DOUBLE ? Double.toString(x) : Float.toString((float) x))
                            .toArray(String[]::new);
            return new Array(type, a.dims, texts);
        }
        double[] numbers = Arrays.stream(a.texts()).mapToDouble(Array::number).toArray();
        return cast(new Array(ElementType.DOUBLE, a.dims, numbers), type);
    }

    private static double number(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "inf", "+inf", "infinity" -> Double.POSITIVE_INFINITY;
            case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
            case "nan" -> Double.NaN;
            default -> Double.parseDouble(text);
        };
    }

    private static long[] wrapped(ElementType type, long[] values) {
        long[] wrapped = new long[values.length];
        for (int i = 0; i < wrapped.length; i++) {
            wrapped[i] = type.wrap(values[i]);
        }
        return wrapped;
    }

    private static double[] rounded(ElementType type, double[] values) {
        return Arrays.stream(values).map(type::round).toArray();
    }

    @Override
    public String toString() {
        return type + Arrays.toString(dims);
    }
}
