package dev.fathom.onnx;

import dev.fathom.autograd.Values;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.parameter.Variable;
import dev.fathom.plan.Dim;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A graph of ONNX that is drawn call by call. A value may lie there with its dimensions in another order than here,
 * channels first: it is turned where somebody needs it so, once for all who do, and permutations cost nothing until
 * then. So a net of convolutions has no transpositions inside.
 */
final class Drawing {
    /** The value of a graph that holds one of ours: its dimension i is ours of number order[i]. */
    private record Drawn(String name, int[] order) {}

    /** A node, with attributes that are a Long, Float, String or long[]. */
    record Node(String type, String name, List<String> inputs, List<String> outputs, Map<String, Object> attributes) {}

    /** The numbers of an initializer, in their order; written when their turn comes. */
    record Initial(String name, ElementType type, long[] dims, Numbers numbers) {
        long bytes() {
            return Arrays.stream(dims).reduce(1, Math::multiplyExact) * (type == ElementType.INT64 ? 8 : 4);
        }
    }

    /** A float[], an int[] of bits of four bytes, or a long[], which is made when it is written. */
    interface Numbers {
        Object make();
    }

    final Traced traced;
    final List<Node> nodes = new ArrayList<>();
    final Map<String, Initial> initials = new LinkedHashMap<>();
    private final Map<Integer, List<Drawn>> drawn = new HashMap<>();
    private final Set<String> names = new HashSet<>();
    private final Map<Object, String> constants = new HashMap<>();
    private final NavigableMap<Long, Variable> parameters;
    /** Truths, which are numbers here and booleans there. */
    private final Map<Integer, String> truths = new HashMap<>();

    private Traced.Call call;

    /** @param parameters by the addresses of their numbers */
    Drawing(Traced traced, boolean channelsLast, NavigableMap<Long, Variable> parameters) {
        this.traced = traced;
        this.parameters = parameters;
        call = new Traced.Call(List.of(), "", new int[0], new int[0]);
        for (int i = 0; i < traced.inputs.length; i++) {
            String name = traced.specs.get(i).name();
            names.add(name);
            int rank = traced.values.get(traced.inputs[i]).rank();
            put(traced.inputs[i], name, outside(rank, channelsLast));
        }
        names.addAll(traced.outputNames);
    }

    // ---- orders

    static int[] plain(int rank) {
        return IntStream.range(0, rank).toArray();
    }

    /** The order [n, c, ..] of what is [n, .., c] here. */
    static int[] channelsFirst(int rank) {
        int[] order = plain(rank);
        for (int i = 1; i < rank; i++) {
            order[i] = i == 1 ? rank - 1 : i - 1;
        }
        return order;
    }

    /** The order in which inputs and outputs of a rank lie: those of images and volumes have their channels first. */
    static int[] outside(int rank, boolean channelsLast) {
        return rank < 4 || rank > 5 || channelsLast ? plain(rank) : channelsFirst(rank);
    }

    static int position(int[] order, int dim) {
        for (int i = 0; i < order.length; i++) {
            if (order[i] == dim) {
                return i;
            }
        }
        throw new IllegalArgumentException("dimension " + dim);
    }

    // ---- the call that is drawn

    void begin(Traced.Call next) {
        call = next;
    }

    Op op() {
        return call.ops().get(0);
    }

    boolean has(int i) {
        return i < call.in().length && call.in()[i] >= 0;
    }

    int in(int i) {
        return call.in()[i];
    }

    boolean wants(int o) {
        return o < call.out().length && call.out()[o] >= 0;
    }

    int inputs() {
        return call.in().length;
    }

    Traced.Value value(int v) {
        return traced.values.get(v);
    }

    Traced.Value input(int i) {
        return value(in(i));
    }

    Traced.Value output() {
        return value(call.out()[0]);
    }

    int rank(int i) {
        return input(i).rank();
    }

    Extent dim(int i, int d) {
        return input(i).dim(d < 0 ? rank(i) + d : d);
    }

    /** A number of the op, which may follow the sizes. */
    <O extends Op> Extent number(Class<O> type, ToLongFunction<O> of) {
        return new Extent(call.ops().stream()
                .mapToLong(op -> of.applyAsLong(type.cast(op)))
                .toArray());
    }

    Extent number(long n) {
        return Extent.of(n, traced.traces());
    }

    /** Whether the op is the same at all sizes. */
    boolean fixed() {
        return call.ops().stream().allMatch(op()::equals);
    }

    IllegalArgumentException refusal(String why) {
        return new IllegalArgumentException(call.where() + (why.isEmpty() ? "" : " (" + why + ")"));
    }

    // ---- results

    /** Says that a value of the graph is a result of the call. */
    void result(int o, String name, int[] order) {
        if (wants(o)) {
            put(call.out()[o], name, order);
        }
    }

    void result(String name, int[] order) {
        result(0, name, order);
    }

    void result(String name) {
        result(0, name, plain(output().rank()));
    }

    /** The result is this boolean as a number. */
    void truth(String name, int[] order) {
        result(node("Cast", Map.of("to", (long) ElementType.FLOAT.ordinal()), name), order);
        truths.put(call.out()[0], name);
    }

    /** A number that is not 0, as a boolean. */
    String truthOf(int v, String name, int[] order) {
        String truth = truths.get(v);
        return truth != null && Arrays.equals(order(v), order)
                ? truth
                : node("Cast", Map.of("to", (long) ElementType.BOOL.ordinal()), name);
    }

    private void put(int v, String name, int[] order) {
        drawn.computeIfAbsent(v, k -> new ArrayList<>()).add(new Drawn(name, order));
    }

    /** Says that the result is input 0 by other dimensions: {@code to} makes its order of that of the input. */
    void sameAs(int v, UnaryOperator<int[]> to) {
        for (Drawn d : all(v)) {
            put(call.out()[0], d.name, to.apply(d.order));
        }
    }

    /** Something in the place of a result that cannot be drawn, so that what follows can be. */
    void give(int v) {
        if (v >= 0 && !drawn.containsKey(v)) {
            put(v, "?", plain(value(v).rank()));
        }
    }

    /** Gives a value the name of an output. */
    void output(String name, String output) {
        for (int i = 0; i < nodes.size(); i++) {
            Node n = nodes.get(i);
            int at = n.outputs.indexOf(name);
            if (at >= 0 && !traced.outputNames.contains(name)) {
                renamed(name, output);
                return;
            }
        }
        nodes.add(new Node("Identity", unique("Identity"), List.of(name), List.of(output), Map.of()));
    }

    private void renamed(String from, String to) {
        nodes.replaceAll(n -> new Node(
                n.type,
                n.name,
                n.inputs.stream().map(i -> i.equals(from) ? to : i).toList(),
                n.outputs.stream().map(o -> o.equals(from) ? to : o).toList(),
                n.attributes));
        for (List<Drawn> all : drawn.values()) {
            all.replaceAll(d -> d.name.equals(from) ? new Drawn(to, d.order) : d);
        }
    }

    // ---- nodes

    private String unique(String name) {
        String free = name;
        for (int i = 2; !names.add(free); i++) {
            free = name + "_" + i;
        }
        return free;
    }

    /** Adds a node of one result, whose name it returns. */
    String node(String type, Map<String, ?> attributes, String... inputs) {
        return nodes(type, attributes, 1, inputs)[0];
    }

    String node(String type, String... inputs) {
        return node(type, Map.of(), inputs);
    }

    /** Adds a node of so many results. */
    String[] nodes(String type, Map<String, ?> attributes, int results, String... inputs) {
        String name = unique((call.path().isEmpty() ? "" : call.path() + "/") + type);
        String[] out = new String[results];
        for (int o = 0; o < results; o++) {
            out[o] = o == 0 ? name : unique(name + ":" + o);
        }
        List<String> in = new ArrayList<>(Arrays.asList(inputs));
        while (!in.isEmpty() && in.get(in.size() - 1).isEmpty()) {
            in.remove(in.size() - 1);
        }
        nodes.add(new Node(type, name, in, List.of(out), new LinkedHashMap<>(attributes)));
        return out;
    }

    /** A result that the node need not make. */
    void drop(String output) {
        Node last = nodes.get(nodes.size() - 1);
        List<String> left = new ArrayList<>(last.outputs);
        left.set(left.indexOf(output), "");
        while (left.get(left.size() - 1).isEmpty()) {
            left.remove(left.size() - 1);
        }
        nodes.set(nodes.size() - 1, new Node(last.type, last.name, last.inputs, left, last.attributes));
    }

    // ---- constants of nodes

    String ints(long... values) {
        return constant(Arrays.toString(values), ElementType.INT64, new long[] {values.length}, values);
    }

    String int64(long value) {
        return constant(value, ElementType.INT64, new long[0], new long[] {value});
    }

    String int32(int value) {
        return constant(value, ElementType.INT32, new long[0], new int[] {value});
    }

    String scalar(float value) {
        return constant(value, ElementType.FLOAT, new long[0], Turn.bits(value));
    }

    /** A tensor of one value. */
    String full(long[] dims, float value) {
        float[] all = new float[Math.toIntExact(Arrays.stream(dims).reduce(1, Math::multiplyExact))];
        Arrays.fill(all, value);
        return constant(Arrays.toString(dims) + value, ElementType.FLOAT, dims, Turn.bits(all));
    }

    private String constant(Object key, ElementType type, long[] dims, Object numbers) {
        return once(key, () -> initial("constant", type, dims, () -> numbers));
    }

    /** What is made when it is first asked for. */
    private String once(Object key, Supplier<String> made) {
        String name = constants.get(key);
        if (name == null) {
            name = made.get();
            constants.put(key, name);
        }
        return name;
    }

    /** Adds an initializer. */
    String initial(String name, ElementType type, long[] dims, Numbers numbers) {
        String free = unique(name);
        initials.put(free, new Initial(free, type, dims, numbers));
        return free;
    }

    // ---- sizes

    /** A vector of int64 with these numbers. */
    String vector(Extent... numbers) {
        if (Arrays.stream(numbers).allMatch(Extent::constant)) {
            return ints(Arrays.stream(numbers).mapToLong(Extent::first).toArray());
        }
        if (numbers.length == 1) {
            return one(numbers[0]);
        }
        return once(
                "vector " + Arrays.toString(numbers),
                () -> node(
                        "Concat",
                        Map.of("axis", 0L),
                        Arrays.stream(numbers).map(this::one).toArray(String[]::new)));
    }

    /** A number as an int64 without dimensions. */
    String scalar(Extent number) {
        return number.constant()
                ? int64(number.first())
                : once("scalar " + number, () -> node("Squeeze", one(number), ints(0)));
    }

    /** The I32 vector 0, 1 .. to one below a number. */
    String range(Extent number) {
        if (number.constant()) {
            int[] all = IntStream.range(0, (int) number.first()).toArray();
            return constant("range " + number, ElementType.INT32, new long[] {all.length}, all);
        }
        return once("range " + number, () -> {
            String range = node("Range", int64(0), scalar(number), int64(1));
            return node("Cast", Map.of("to", (long) ElementType.INT32.ordinal()), range);
        });
    }

    private String one(Extent number) {
        if (number.constant()) {
            return ints(number.first());
        }
        String known = constants.get("one " + number);
        if (known == null) {
            known = number.equals(traced.batch())
                    ? size(Dim.BATCH)
                    : number.equals(traced.length()) ? size(Dim.LENGTH) : sum(number);
            constants.put("one " + number, known);
        }
        return known;
    }

    /** A dimension of an input. */
    private String size(int dim) {
        for (int i = 0; i < traced.inputs.length; i++) {
            int[] dims = traced.specs.get(i).dims();
            for (int d = 0; d < dims.length; d++) {
                if (dims[d] == dim) {
                    Drawn input = all(traced.inputs[i]).get(0);
                    long at = position(input.order, d);
                    return node("Shape", Map.of("start", at, "end", at + 1), input.name);
                }
            }
        }
        throw new AssertionError("no input has it");
    }

    /** A number a + b batch + c length + d batch length. */
    private String sum(Extent number) {
        long[] batch = traced.batch().at();
        long[] length = traced.length().at();
        long[] x = number.at();
        long[] f = fit(batch, length, x);
        String[] terms = {null, term(f[1], Dim.BATCH), term(f[2], Dim.LENGTH), null};
        if (f[3] != 0) {
            String both = node("Mul", one(traced.batch()), one(traced.length()));
            terms[3] = f[3] == 1 ? both : node("Mul", both, ints(f[3]));
        }
        String sum = f[0] == 0 ? null : ints(f[0]);
        for (String t : terms) {
            sum = t == null ? sum : sum == null ? t : node("Add", t, sum);
        }
        return sum == null ? ints(0) : sum;
    }

    private @Nullable String term(long factor, int dim) {
        if (factor == 0) {
            return null;
        }
        String size = one(dim == Dim.BATCH ? traced.batch() : traced.length());
        return factor == 1 ? size : node("Mul", size, ints(factor));
    }

    private long[] fit(long[] batch, long[] length, long[] x) {
        for (long d : candidates(batch, length, x, 3)) {
            for (long c : candidates(batch, length, x, 2)) {
                for (long b : candidates(batch, length, x, 1)) {
                    long a = x[0] - b * batch[0] - c * length[0] - d * batch[0] * length[0];
                    boolean fits = true;
                    for (int t = 0; fits && t < x.length; t++) {
                        fits = x[t] == a + b * batch[t] + c * length[t] + d * batch[t] * length[t];
                    }
                    if (fits) {
                        return new long[] {a, b, c, d};
                    }
                }
            }
        }
        throw refusal("its number is " + Arrays.toString(x) + " at the batches " + Arrays.toString(batch)
                + " and the lengths " + Arrays.toString(length) + ", which is no sum of multiples of these");
    }

    /** Slopes that two of the sizes have: 0, and what one changes from one size to the next. */
    private static long[] candidates(long[] batch, long[] length, long[] x, int which) {
        Set<Long> slopes = new LinkedHashSet<>(List.of(0L));
        for (int s = 0; s < x.length; s++) {
            for (int t = 0; t < s; t++) {
                long db = batch[s] - batch[t];
                long dl = length[s] - length[t];
                long dx = x[s] - x[t];
                if (which == 1 && dl == 0 && db != 0) {
                    slopes.add(dx / db);
                } else if (which == 2 && db == 0 && dl != 0) {
                    slopes.add(dx / dl);
                } else if (which == 3 && db == 0 && dl != 0 && batch[s] != 0) {
                    slopes.add(dx / dl / batch[s]);
                }
            }
        }
        return slopes.stream().mapToLong(Long::longValue).toArray();
    }

    // ---- operands

    /** The order in which a value lies; that of a constant may be any. */
    int[] order(int v) {
        return value(v).constant() ? plain(value(v).rank()) : all(v).get(0).order;
    }

    /** The first order of some values of a rank that is not the usual one. */
    int[] common(int rank, int... of) {
        for (int v : of) {
            if (v >= 0 && !value(v).constant() && value(v).rank() == rank) {
                for (Drawn d : all(v)) {
                    if (!Arrays.equals(d.order, plain(rank))) {
                        return d.order;
                    }
                }
            }
        }
        return plain(rank);
    }

    /** Input i in the usual order. */
    String get(int i) {
        return as(in(i), plain(rank(i)));
    }

    String get(int i, int[] order) {
        return as(in(i), order);
    }

    String getOr(int i, String otherwise) {
        return has(i) ? get(i) : otherwise;
    }

    /** A value with its dimensions in an order. */
    String as(int v, int[] order) {
        if (value(v).constant() && !drawn.containsKey(v)) {
            return weight(v, order);
        }
        for (Drawn d : all(v)) {
            if (Arrays.equals(d.order, order)) {
                return d.name;
            }
        }
        return turned(v, all(v).get(0), order);
    }

    /** A value that lies in memory as in the usual order: only dimensions of 1 may be elsewhere. */
    String flat(int v) {
        for (Drawn d : all(v)) {
            int last = -1;
            boolean sorted = true;
            for (int dim : d.order) {
                if (!value(v).dim(dim).is(1)) {
                    sorted &= dim > last;
                    last = dim;
                }
            }
            if (sorted) {
                return d.name;
            }
        }
        return as(v, plain(value(v).rank()));
    }

    /** A value as an operand that is broadcast to results of an order. */
    String operand(int v, int[] order) {
        Traced.Value value = value(v);
        int missing = order.length - value.rank();
        if (Arrays.equals(order, plain(order.length))) {
            return as(v, plain(value.rank()));
        }
        if (missing == 0) {
            return value.constant() ? weight(v, order) : as(v, order);
        }
        if (value.rank() == 0 || value.constant()) {
            return value.rank() == 0 ? as(v, new int[0]) : weight(v, order);
        }
        String more = node(
                "Unsqueeze",
                as(v, plain(value.rank())),
                ints(IntStream.range(0, missing).asLongStream().toArray()));
        return node(
                "Transpose", Map.of("perm", Arrays.stream(order).asLongStream().toArray()), more);
    }

    private List<Drawn> all(int v) {
        List<Drawn> all = drawn.get(v);
        if (all == null) {
            if (!value(v).constant()) {
                throw new IllegalStateException("value " + v + " is not drawn");
            }
            weight(v, plain(value(v).rank()));
            all = drawn.get(v);
        }
        return Objects.requireNonNull(all);
    }

    // ---- weights

    /** What a constant is called: as the parameter or buffer that it is, or is a part of. */
    String nameOf(int v) {
        long address = Values.address(value(v).first());
        Map.Entry<Long, Variable> before = parameters.floorEntry(address);
        if (before != null
                && address - before.getKey() < before.getValue().shape().size() * Float.BYTES) {
            return before.getValue().name();
        }
        return (call.path().isEmpty() ? "" : call.path() + ".") + "constant";
    }

    boolean zero(int v) {
        if (!value(v).constant() || value(v).dtype() != DType.F32) {
            return false;
        }
        for (float x : value(v).first().toArray()) {
            if (x != 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * A constant with its dimensions in an order of that many or more: those that it lacks are 1. It is stored so,
     * unless it is there in another order already.
     */
    String weight(int v, int[] order) {
        Traced.Value value = value(v);
        int rank = value.rank();
        if (rank == order.length && drawn.containsKey(v)) {
            return as(v, order);
        }
        if (IntStream.range(0, rank).anyMatch(d -> !value.dim(d).constant())) {
            int[] own = rank == order.length ? order : plain(rank);
            String block = repeated(v, own);
            if (block == null) {
                put(v, longest(v), plain(rank));
            } else {
                Extent[] to = IntStream.of(own).mapToObj(value::dim).toArray(Extent[]::new);
                put(v, node("Expand", block, vector(to)), own);
            }
            return operand(v, order);
        }
        String name = stored(nameOf(v), value.first(), order);
        if (rank == order.length) {
            put(v, name, order);
        }
        return name;
    }

    private String turned(int v, Drawn from, int[] order) {
        long[] turn =
                IntStream.of(order).mapToLong(d -> position(from.order, d)).toArray();
        String name = node("Transpose", Map.of("perm", turn), from.name);
        put(v, name, order);
        return name;
    }

    private String stored(String name, Tensor t, int[] order) {
        int missing = order.length - t.shape().rank();
        int[] dims = new int[order.length];
        Arrays.fill(dims, 1);
        System.arraycopy(t.shape().toArray(), 0, dims, missing, dims.length - missing);
        return initial(name, type(t), dims(dims, order), () -> Turn.of(t, dims, order));
    }

    private static long[] dims(int[] dims, int[] order) {
        return IntStream.of(order).mapToLong(d -> dims[d]).toArray();
    }

    private ElementType type(Tensor t) {
        if (!t.dtype().computes()) {
            throw refusal("a constant of " + t.dtype());
        }
        return ExportRules.type(t.dtype());
    }

    /** The dimensions along which a constant follows the sizes. */
    private List<Integer> growing(Traced.Value value) {
        return IntStream.range(0, value.rank())
                .filter(d -> !value.dim(d).constant())
                .boxed()
                .toList();
    }

    /** Of a constant that is the same at all places that the sizes ask for, one of them; else null. */
    private @Nullable String repeated(int v, int[] order) {
        Traced.Value value = value(v);
        List<Integer> axes = growing(value);
        int[] one = value.first().shape().toArray();
        axes.forEach(d -> one[d] = 1);
        ElementType type = type(value.first());
        int[] block = Turn.begin(Turn.bits(value.first()), value.first().shape().toArray(), one);
        for (Tensor t : value.tensors()) {
            if (!Turn.repeats(Turn.bits(t), t.shape().toArray(), one, block)) {
                return null;
            }
        }
        return initial(nameOf(v), type, dims(one, order), () -> Turn.of(block, one, order));
    }

    /** A constant that is the beginning of the one at the greatest length. */
    private String longest(int v) {
        Traced.Value value = value(v);
        List<Integer> axes = growing(value);
        Tensor longest = value.first();
        int[] most = longest.shape().toArray();
        Variable whole = parameter(longest, axes);
        if (whole == null) {
            int[] all = Turn.bits(longest);
            for (Tensor t : value.tensors()) {
                int[] dims = t.shape().toArray();
                if (IntStream.range(0, dims.length).anyMatch(d -> dims[d] > most[d])
                        || !Arrays.equals(Turn.bits(t), Turn.begin(all, most, dims))) {
                    throw refusal("a constant of it, " + t.shape()
                            + ", is neither the beginning of the longest nor the same again and again");
                }
            }
        }
        String from = whole == null
                ? stored(nameOf(v), longest, plain(value.rank()))
                : once("whole " + whole.name(), () -> stored(whole.name(), whole.value(), plain(value.rank())));
        Extent[] ends = axes.stream().map(value::dim).toArray(Extent[]::new);
        return node(
                "Slice",
                from,
                ints(new long[axes.size()]),
                vector(ends),
                ints(axes.stream().mapToLong(a -> a).toArray()));
    }

    /** The parameter whose first rows these are, or null. */
    private @Nullable Variable parameter(Tensor t, List<Integer> axes) {
        Variable p = axes.equals(List.of(0)) ? parameters.get(Values.address(t)) : null;
        return p != null
                        && p.shape().rank() == t.shape().rank()
                        && p.shape().with(0, t.dim(0)).equals(t.shape())
                        && p.shape().dim(0) >= t.dim(0)
                ? p
                : null;
    }

    Extent[] dims(Traced.Value value) {
        return IntStream.range(0, value.rank()).mapToObj(value::dim).toArray(Extent[]::new);
    }
}
