package dev.fathom.plan;

import dev.fathom.autograd.ReturnedTensors;
import dev.fathom.autograd.Values;
import dev.fathom.op.DType;
import dev.fathom.op.Op;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The calls of one trace as nodes over numbered values, at one size of the free dimensions. Passes over it remove and
 * merge nodes. Its constants lie in the traced pass, which {@link #close} ends.
 */
final class CallGraph implements AutoCloseable {
    /** Where a value comes from. */
    enum Kind {
        INPUT,
        WEIGHT,
        RESULT
    }

    /**
     * One value.
     *
     * @param kind where it comes from
     * @param shape its dimensions at these sizes
     * @param dtype its element type
     * @param name what it is called in messages
     * @param source the tensor behind a weight (a parameter, a buffer or a constant); null for a weight that is yet to
     *     be folded, and for all else
     */
    record Value(
            Kind kind,
            Shape shape,
            DType dtype,
            String name,
            @Nullable Tensor source) {
        long bytes() {
            return shape.size() * dtype.bytes();
        }

        /** The tensor behind a weight. */
        Tensor weight() {
            Tensor t = source;
            assert t != null : name + " is no weight";
            return t;
        }

        Value named(String other) {
            return new Value(kind, shape, dtype, other, source);
        }

        Value with(Kind newKind, Shape newShape, @Nullable Tensor newSource) {
            return new Value(newKind, newShape, dtype, name, newSource);
        }
    }

    /**
     * One call.
     *
     * @param op what is called
     * @param path where, by net names
     * @param where its label and path, for messages
     * @param in its operands, by number; -1 where one is left out
     * @param out its results, by number; -1 where one is not needed
     */
    record Node(Op op, String path, String where, int[] in, int[] out) {
        Node(Op op, String path, int[] in, int[] out) {
            this(op, path, where(op, path), in, out);
        }

        /** Returns this call with the op as it is at other sizes. */
        Node with(Op other) {
            return new Node(other, path, where, in, out);
        }

        /** Whether operand i is given. */
        boolean has(int i) {
            return i < in.length && in[i] >= 0;
        }

        /** One node in place of this and the user of its result at {@code slot}. */
        private Node merged(Node user, int slot, Op.Fused both) {
            int places = Math.max(in.length, 1 + Arrays.stream(both.at()).max().orElse(-1));
            int[] from = Arrays.copyOf(in, places);
            Arrays.fill(from, in.length, places, -1);
            int next = 0;
            for (int i = 0; i < user.in.length; i++) {
                if (i != slot) {
                    from[both.at()[next++]] = user.in[i];
                }
            }
            int[] to = new int[both.op().outputs()];
            Arrays.fill(to, -1);
            to[0] = user.out[0];
            return new Node(both.op(), path, from, to);
        }

        static String where(Op op, String path) {
            return path.isEmpty() ? op.label() : op.label() + " at " + path;
        }
    }

    final List<Value> values = new ArrayList<>();
    final List<Node> nodes = new ArrayList<>();
    final int[] inputs;
    final Sizes sizes;
    int[] outputs = {};
    /** For each input that is carried, its number and that of the output which it becomes. */
    private final Map<Integer, Integer> carried;

    List<String> outputNames = List.of();
    private final Map<Integer, Folding.Weight> folded = new HashMap<>();
    private final @Nullable Pass pass;

    private CallGraph(int[] inputs, Sizes sizes, Map<Integer, Integer> carried, @Nullable Pass pass) {
        this.inputs = inputs;
        this.sizes = sizes;
        this.carried = carried;
        this.pass = pass;
    }

    /** Runs {@code body} on inputs of these shapes, which have no values, and writes down what it called. */
    static CallGraph trace(List<Spec> specs, Sizes sizes, Function<Tensor[], Object> body) {
        Pass pass = Pass.trace(false, null);
        CallGraph graph = new CallGraph(new int[specs.size()], sizes, new HashMap<>(), pass);
        try {
            graph.write(pass, specs, body);
            return graph;
        } catch (RuntimeException | Error e) {
            graph.close();
            throw e;
        }
    }

    /**
     * These calls at other sizes: inputs as {@code specs} say, these ops, and results whose shapes are yet to be found.
     */
    CallGraph at(Sizes other, List<Spec> specs, List<Op> ops) {
        CallGraph graph = new CallGraph(inputs, other, carried, null);
        for (Value v : values) {
            graph.values.add(v.with(v.kind, v.shape, null));
        }
        for (int i = 0; i < inputs.length; i++) {
            Value v = values.get(inputs[i]);
            graph.values.set(inputs[i], v.with(Kind.INPUT, specs.get(i).at(other), null));
        }
        for (int i = 0; i < nodes.size(); i++) {
            graph.nodes.add(nodes.get(i).with(ops.get(i)));
        }
        graph.outputs = outputs;
        graph.outputNames = outputNames;
        return graph;
    }

    /** A graph that was traced elsewhere. */
    static CallGraph of(
            List<Value> values,
            List<Node> nodes,
            int[] inputs,
            Sizes sizes,
            Map<Integer, Integer> carried,
            int[] outputs,
            List<String> outputNames) {
        CallGraph graph = new CallGraph(inputs, sizes, carried, null);
        graph.values.addAll(values);
        graph.nodes.addAll(nodes);
        graph.outputs = outputs;
        graph.outputNames = outputNames;
        return graph;
    }

    private void write(Pass pass, List<Spec> specs, Function<Tensor[], Object> body) {
        Map<Tensor, Integer> numbers = new IdentityHashMap<>();
        Tensor[] in = new Tensor[specs.size()];
        for (int i = 0; i < in.length; i++) {
            Spec s = specs.get(i);
            in[i] = pass.input(s.at(sizes), s.dtype());
            inputs[i] = add(numbers, in[i], Kind.INPUT, s.name());
        }
        List<Tensor> results = new ArrayList<>();
        outputNames = new ArrayList<>();
        ReturnedTensors.forEachNamed(body.apply(in), Tensor.class, (name, t) -> {
            outputNames.add(name);
            results.add(t);
        });
        if (results.isEmpty()) {
            throw new IllegalArgumentException(
                    "freeze: the function returned no tensor; return the outputs of the plan");
        }
        if (outputNames.stream().distinct().count() < outputNames.size()) {
            throw new IllegalArgumentException("freeze: outputs " + outputNames + " share a name; give each its own");
        }
        for (Tape.Entry e : pass.tape().entries()) {
            String where = Node.where(e.op(), e.path());
            int[] from = new int[e.inputs().size()];
            for (int i = 0; i < from.length; i++) {
                Tensor t = e.inputs().get(i);
                from[i] = t == null ? -1 : number(numbers, t);
            }
            int[] to = new int[e.outputs().size()];
            for (int i = 0; i < to.length; i++) {
                Tensor t = e.outputs().get(i);
                to[i] = t == null ? -1 : add(numbers, t, Kind.RESULT, where);
            }
            nodes.add(new Node(e.op(), e.path(), where, from, to));
        }
        outputs = results.stream().mapToInt(t -> number(numbers, t)).toArray();
        for (int i = 0; i < in.length; i++) {
            if (specs.get(i).isCarried()) {
                carry(inputs[i]);
            }
        }
    }

    private void carry(int input) {
        Value state = values.get(input);
        int o = outputNames.indexOf(state.name);
        if (o < 0) {
            throw new IllegalArgumentException("freeze: the step is given " + state.name
                    + " in its state but returns only " + outputNames + "; return what it becomes under this name");
        }
        Value next = values.get(outputs[o]);
        if (!next.shape.equals(state.shape) || next.dtype != state.dtype) {
            throw new IllegalArgumentException("freeze: the step is given " + state.name + " " + state.shape + " "
                    + state.dtype + " in its state but returns " + next.shape + " " + next.dtype
                    + " under this name; it must be of the same shape and type");
        }
        carried.put(input, outputs[o]);
    }

    /** For each input that is carried, its number and that of the output which it becomes. */
    Map<Integer, Integer> carried() {
        return Map.copyOf(carried);
    }

    /** The output that the carried input of this number becomes, or -1 if it is not carried. */
    int becomes(int input) {
        return carried.getOrDefault(input, -1);
    }

    /**
     * Whether result {@code o} of a call may take the memory of a carried input: the input becomes this result, the op
     * can work in place, and nobody else reads what the input was.
     */
    boolean inPlace(Node node, int o) {
        int at = node.op.inPlaceOf(o);
        if (at < 0 || !node.has(at) || becomes(node.in[at]) != node.out[o]) {
            return false;
        }
        long readers = nodes.stream()
                .flatMapToInt(n -> Arrays.stream(n.in))
                .filter(v -> v == node.in[at])
                .count();
        return readers == 1 && Arrays.stream(outputs).noneMatch(v -> v == node.in[at]);
    }

    /** The number of what a call reads or the function returns: a weight, if no call before made it. */
    private int number(Map<Tensor, Integer> numbers, Tensor t) {
        Integer n = numbers.get(t);
        return n != null ? n : add(numbers, t, Kind.WEIGHT, Values.name(t));
    }

    private int add(Map<Tensor, Integer> numbers, Tensor t, Kind kind, String name) {
        values.add(new Value(kind, t.shape(), t.dtype(), name, kind == Kind.WEIGHT ? t : null));
        numbers.put(t, values.size() - 1);
        return values.size() - 1;
    }

    /** A weight that {@link Folding} makes when somebody asks for it: its number. */
    int addWeight(String name, Shape shape, DType dtype, Folding.Weight weight) {
        values.add(new Value(Kind.WEIGHT, shape, dtype, name, null));
        folded.put(values.size() - 1, weight);
        return values.size() - 1;
    }

    /** How weight v is folded, or null if it is there as it is. */
    Folding.@Nullable Weight folded(int v) {
        return folded.get(v);
    }

    /** The tensor behind weight v; one that is folded is computed in the current pass. */
    Tensor weight(int v) {
        Folding.Weight of = folded.get(v);
        return of == null ? values.get(v).weight() : of.fold().weights(this)[of.number()];
    }

    /** Whether it reads values that are neither inputs nor parameters or buffers of a model. */
    boolean hasConstants() {
        return values.stream().anyMatch(v -> v.kind == Kind.WEIGHT && Values.leaf(v.weight()) == null);
    }

    /** Gives back the constants of the trace. */
    @Override
    public void close() {
        if (pass != null) {
            pass.close();
        }
    }

    /** Adds a value: its number. */
    int add(Value value) {
        values.add(value);
        return values.size() - 1;
    }

    /**
     * Refuses a trace whose calls differ from this one's: a plan cannot choose its ops by its sizes.
     *
     * @throws IllegalStateException naming the first difference
     */
    void mustMatch(CallGraph other) {
        for (int i = 0; i < Math.max(nodes.size(), other.nodes.size()); i++) {
            String a = i < nodes.size() ? nodes.get(i).where() : "nothing";
            String b = i < other.nodes.size() ? other.nodes.get(i).where() : "nothing";
            boolean same = a.equals(b)
                    && Arrays.equals(nodes.get(i).in, other.nodes.get(i).in)
                    && Arrays.equals(nodes.get(i).out, other.nodes.get(i).out);
            if (!same) {
                throw chosen("call " + i + " is " + a + " at " + sizes + " but " + b + " at " + other.sizes, other);
            }
        }
        if (!Arrays.equals(outputs, other.outputs) || !outputNames.equals(other.outputNames)) {
            throw chosen("the outputs at " + sizes + " and " + other.sizes + " are of different calls", other);
        }
    }

    private IllegalStateException chosen(String difference, CallGraph other) {
        Sizes by = sizes.changes(other.sizes);
        return new IllegalStateException("freeze: " + difference + "; a plan cannot choose its layers by the "
                + by.names() + ", so leave one of the two out with " + by.ranges());
    }

    /** Drops calls whose results nobody uses. */
    void prune() {
        Set<Integer> used = new HashSet<>();
        for (int o : outputs) {
            used.add(o);
        }
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node n = nodes.get(i);
            boolean needed = false;
            for (int o : n.out) {
                needed |= used.contains(o);
            }
            if (needed) {
                for (int v : n.in) {
                    used.add(v); // -1 is nobody's
                }
            } else {
                nodes.remove(i);
            }
        }
    }

    /** Who makes a value, and how many calls and outputs read it. */
    record Links(int[] maker, int[] uses) {
        /** The number of the call that made value v for one reader alone, or -1. */
        int makerForOne(int v) {
            return v < 0 || uses[v] > 1 ? -1 : maker[v];
        }

        /** Whether anybody reads more of a call than its first result. */
        boolean usedBeyondFirst(Node node) {
            for (int o = 1; o < node.out.length; o++) {
                if (node.out[o] >= 0 && uses[node.out[o]] > 0) {
                    return true;
                }
            }
            return false;
        }
    }

    /** The links between the calls as they are now. */
    Links links() {
        int[] maker = new int[values.size()];
        int[] uses = new int[values.size()];
        Arrays.fill(maker, -1);
        for (int i = 0; i < nodes.size(); i++) {
            for (int v : nodes.get(i).out) {
                if (v >= 0) {
                    maker[v] = i;
                }
            }
            for (int v : nodes.get(i).in) {
                if (v >= 0) {
                    uses[v]++;
                }
            }
        }
        for (int v : outputs) {
            uses[v]++;
        }
        return new Links(maker, uses);
    }

    /** Removes the calls of these numbers. */
    void remove(BitSet gone) {
        List<Node> left = IntStream.range(0, nodes.size())
                .filter(i -> !gone.get(i))
                .mapToObj(nodes::get)
                .toList();
        nodes.clear();
        nodes.addAll(left);
    }

    /**
     * Merges each call into the only user of its result wherever {@link Op#fuse} finds one op that does both, in all
     * graphs alike.
     */
    static void fuse(List<CallGraph> graphs) {
        CallGraph graph = graphs.get(0);
        Links links = graph.links();
        BitSet merged = new BitSet();
        for (int i = 0; i < graph.nodes.size(); i++) {
            for (int slot = 0; slot < graph.nodes.get(i).in.length; slot++) {
                int first = links.makerForOne(graph.nodes.get(i).in[slot]);
                if (first >= 0 && merge(graphs, first, i, slot, links)) {
                    merged.set(first);
                    slot = -1; // what it took over may merge as well
                }
            }
        }
        graphs.forEach(g -> g.remove(merged));
    }

    /**
     * Puts a call and the user of its result at {@code slot} into one, in the user's place; false where that cannot be
     * in one of the graphs.
     */
    private static boolean merge(List<CallGraph> graphs, int first, int user, int slot, Links links) {
        Node before = graphs.get(0).nodes.get(first);
        Node after = graphs.get(0).nodes.get(user);
        if (before.out[0] != after.in[slot] || links.usedBeyondFirst(before) || links.usedBeyondFirst(after)) {
            return false;
        }
        List<Node> both = new ArrayList<>();
        for (CallGraph g : graphs) {
            Shape shape = g.values.get(before.out[0]).shape;
            boolean alike = Arrays.stream(after.in)
                    .allMatch(v -> v >= 0 && g.values.get(v).shape.equals(shape));
            Op.Fused fused = alike ? g.nodes.get(first).op.fuse(g.nodes.get(user).op, before::has) : null;
            if (fused == null) {
                return false;
            }
            both.add(before.merged(after, slot, fused));
        }
        for (int g = 0; g < both.size(); g++) {
            graphs.get(g).nodes.set(user, both.get(g));
        }
        return true;
    }
}
