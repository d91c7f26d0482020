package dev.fathom.plan;

import dev.fathom.kernel.Kernel;
import dev.fathom.memory.Block;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.Call;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Op;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Shape;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The calls of one traced run as nodes over numbered values, at one batch size. Passes over it remove and merge nodes. */
final class Graph {
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
     * @param shape its dimensions at this batch size
     * @param dtype its element type
     * @param name what it is called in messages
     * @param source the tensor behind a weight (a parameter, a buffer or a constant), else null
     */
    record Value(
            Kind kind,
            Shape shape,
            DType dtype,
            String name,
            @Nullable Tensor source) {}

    /**
     * One call.
     *
     * @param op what is called
     * @param path where, by module names
     * @param in its operands, by number
     * @param out its results, by number; -1 where one is not needed
     */
    record Node(Op op, String path, int[] in, int[] out) {
        String where() {
            return path.isEmpty() ? op.label() : op.label() + " at " + path;
        }
    }

    final List<Value> values = new ArrayList<>();
    final List<Node> nodes = new ArrayList<>();
    final int[] inputs;
    int[] outputs = {};

    private Graph(int inputs) {
        this.inputs = new int[inputs];
    }

    /** Runs {@code body} on zeros of these shapes and writes down what it did. */
    static Graph trace(List<Spec> specs, int batch, Function<Tensor[], Object> body) {
        Graph graph = new Graph(specs.size());
        try (Pass pass = Access.freeze()) {
            Map<Tensor, Integer> numbers = new IdentityHashMap<>();
            Tensor[] in = new Tensor[specs.size()];
            for (int i = 0; i < in.length; i++) {
                Spec s = specs.get(i);
                in[i] = Access.input(pass, s.at(batch), s.dtype());
                graph.inputs[i] =
                        graph.add(numbers, in[i], new Value(Kind.INPUT, in[i].shape(), s.dtype(), s.name(), null));
            }
            Object result = body.apply(in);
            for (Tape.Entry e : pass.tape().entries()) {
                int[] from = new int[e.inputs().size()];
                for (int i = 0; i < from.length; i++) {
                    from[i] = graph.number(numbers, e.inputs().get(i));
                }
                int[] to = new int[e.outputs().size()];
                for (int o = 0; o < to.length; o++) {
                    Tensor t = e.outputs().get(o);
                    to[o] = t == null
                            ? -1
                            : graph.add(numbers, t, new Value(Kind.RESULT, t.shape(), t.dtype(), e.op().label(), null));
                }
                graph.nodes.add(new Node(e.op(), e.path(), from, to));
            }
            List<Tensor> results = new ArrayList<>();
            Access.tensorsIn(result, results::add);
            if (results.isEmpty()) {
                throw new IllegalArgumentException(
                        "freeze: the function returned no tensor; return the outputs of the plan");
            }
            graph.outputs =
                    results.stream().mapToInt(t -> graph.number(numbers, t)).toArray();
            // constants die with the pass: keep their values
            for (int v = 0; v < graph.values.size(); v++) {
                Value value = graph.values.get(v);
                if (value.kind == Kind.WEIGHT && Access.held(source(value)) == null) {
                    graph.values.set(
                            v,
                            new Value(
                                    value.kind,
                                    value.shape,
                                    value.dtype,
                                    value.name,
                                    source(value).keep()));
                }
            }
        }
        return graph;
    }

    /**
     * Constants that grow with the batch, row by row the same, such as the zeros that a recurrence begins with, become calls that repeat the row. All
     * others must be the same at every batch size.
     *
     * @throws IllegalStateException naming one that is not
     */
    static void matchConstants(List<Graph> graphs, int[] batches) {
        List<Value> first = graphs.get(0).values;
        for (int i = 0, n = first.size(); i < n; i++) {
            Value a = first.get(i);
            if (a.kind != Kind.WEIGHT) {
                continue;
            }
            boolean grows = false;
            for (int g = 1; g < graphs.size(); g++) {
                Value b = graphs.get(g).values.get(i);
                if (!same(a, b)) {
                    throw new IllegalStateException("freeze: constant " + a.name + " " + a.shape + " at batch "
                            + batches[0] + " has other values, " + b.shape + ", at batch " + batches[g]
                            + "; compute it from the inputs by ops, or make it an input");
                }
                grows |= !a.shape.equals(b.shape);
            }
            if (grows) {
                for (Graph g : graphs) {
                    g.repeat(i);
                }
            }
        }
    }

    private static boolean same(Value a, Value b) {
        Tensor x = source(a);
        Tensor y = source(b);
        if (Access.held(x) != null || Access.held(y) != null) {
            return Access.held(x) == Access.held(y);
        }
        if (a.dtype != b.dtype) {
            return false;
        }
        long bytes = x.size() * a.dtype.bytes();
        if (a.shape.equals(b.shape)) {
            return equal(x, y, 0, bytes);
        }
        if (a.dtype == DType.U8
                || a.shape.rank() == 0
                || a.shape.size() == 0
                || !a.shape.equals(b.shape.with(0, a.shape.dim(0)))) {
            return false;
        }
        long row = bytes / a.shape.dim(0);
        return repeats(x, x, row) && repeats(x, y, row);
    }

    /** Whether every row of y is the first of x. */
    private static boolean repeats(Tensor x, Tensor y, long row) {
        for (int i = 0; i < y.dim(0); i++) {
            if (!equal(x, y, i * row, row)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equal(Tensor x, Tensor y, long from, long bytes) {
        for (long at = 0; at < bytes; at += 1 << 30) {
            int n = (int) Math.min(1 << 30, bytes - at);
            if (!Block.at(Access.address(x) + at, n).equals(Block.at(Access.address(y) + from + at, n))) {
                return false;
            }
        }
        return true;
    }

    /** Makes value v the result of a call that repeats its first row. */
    private void repeat(int v) {
        Value of = values.get(v);
        values.set(v, new Value(Kind.RESULT, of.shape, of.dtype, of.name, null));
        values.add(new Value(Kind.WEIGHT, of.shape.with(0, 1), of.dtype, of.name, of.source));
        nodes.add(0, new Node(Repeat.ROW, "", new int[] {values.size() - 1}, new int[] {v}));
    }

    /** y [n, ..] = x [1, ..] n times, of four-byte elements. */
    private enum Repeat implements Op {
        ROW;

        private static final int FLOATS = 1;

        @Override
        public String label() {
            return "repeat";
        }

        @Override
        public Shape shape(Call c, int output) {
            return c.outShape(output);
        }

        @Override
        public void forward(Call c) {
            int n = c.outShape(0).dim(0);
            long index = c.scratch(4L * n);
            c.begin(Kernel.FILL).at(index).put(n).put(0f).run();
            c.begin(Kernel.GATHER)
                    .put(FLOATS)
                    .at(c.in(0))
                    .put(1)
                    .at(index)
                    .at(c.out(0))
                    .put(n)
                    .put(c.shape(0).size())
                    .put(1f)
                    .put(0f)
                    .run();
        }
    }

    static Tensor source(Value v) {
        Tensor t = v.source;
        assert t != null;
        return t;
    }

    /** Gives back the constants that the trace kept. */
    void close() {
        for (Value v : values) {
            if (v.source instanceof KeptTensor kept) {
                kept.close();
            }
        }
    }

    private int number(Map<Tensor, Integer> numbers, Tensor t) {
        Integer n = numbers.get(t);
        return n != null ? n : add(numbers, t, new Value(Kind.WEIGHT, t.shape(), t.dtype(), Access.nameOf(t), t));
    }

    private int add(Map<Tensor, Integer> numbers, Tensor t, Value v) {
        values.add(v);
        numbers.put(t, values.size() - 1);
        return values.size() - 1;
    }

    /**
     * Refuses a trace whose calls differ from this one's: a plan cannot choose its ops by the batch.
     *
     * @throws IllegalStateException naming the first difference
     */
    void mustMatch(Graph other, int batch, int otherBatch) {
        for (int i = 0; i < Math.max(nodes.size(), other.nodes.size()); i++) {
            String a = i < nodes.size() ? nodes.get(i).where() : "nothing";
            String b = i < other.nodes.size() ? other.nodes.get(i).where() : "nothing";
            boolean same = a.equals(b)
                    && java.util.Arrays.equals(nodes.get(i).in, other.nodes.get(i).in)
                    && java.util.Arrays.equals(nodes.get(i).out, other.nodes.get(i).out);
            if (!same) {
                throw new IllegalStateException("freeze: call " + i + " is " + a + " at batch " + batch + " but " + b
                        + " at batch " + otherBatch + "; a plan cannot choose its layers by the batch size");
            }
        }
        if (!java.util.Arrays.equals(outputs, other.outputs)) {
            throw new IllegalStateException(
                    "freeze: the outputs at batch " + batch + " and " + otherBatch + " are of different calls");
        }
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
                    used.add(v);
                }
            } else {
                nodes.remove(i);
            }
        }
    }

    /** Merges each call into the only user of its result wherever {@link Op#fuse} finds one op that does both. */
    void fuse() {
        for (int i = 0; i < nodes.size(); i++) {
            Node user = nodes.get(i);
            for (int slot = 0; slot < user.in.length; slot++) {
                int made = maker(user.in[slot], i);
                if (made < 0 || uses(user.in[slot]) != 1 || isOutput(user.in[slot])) {
                    continue;
                }
                Node first = nodes.get(made);
                if (first.out[0] != user.in[slot]) {
                    continue;
                }
                boolean sameShape = true;
                for (int v : user.in) {
                    sameShape &= values.get(v).shape.equals(values.get(first.out[0]).shape);
                }
                Op both = sameShape ? first.op.fuse(user.op) : null;
                if (both == null) {
                    continue;
                }
                int[] in = java.util.Arrays.copyOf(first.in, first.in.length + user.in.length - 1);
                int at = first.in.length;
                for (int other = 0; other < user.in.length; other++) {
                    if (other != slot) {
                        in[at++] = user.in[other];
                    }
                }
                int[] out = new int[both.outputs()];
                java.util.Arrays.fill(out, -1);
                out[0] = user.out[0];
                nodes.set(i, new Node(both, first.path, in, out));
                nodes.remove(made);
                i = -1;
                break;
            }
        }
    }

    private int maker(int value, int before) {
        for (int i = before - 1; i >= 0; i--) {
            for (int o : nodes.get(i).out) {
                if (o == value) {
                    return i;
                }
            }
        }
        return -1;
    }

    private int uses(int value) {
        int n = 0;
        for (Node node : nodes) {
            for (int v : node.in) {
                n += v == value ? 1 : 0;
            }
        }
        return n;
    }

    private boolean isOutput(int value) {
        for (int o : outputs) {
            if (o == value) {
                return true;
            }
        }
        return false;
    }
}
