package dev.fathom.plan;

import dev.fathom.tensor.Access;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Op;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Shape;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collection;
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
    record Value(Kind kind, Shape shape, DType dtype, String name, @Nullable Tensor source) {}

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
        try (Pass pass = Access.trace()) {
            Map<Tensor, Integer> numbers = new IdentityHashMap<>();
            Tensor[] in = new Tensor[specs.size()];
            for (int i = 0; i < in.length; i++) {
                Spec s = specs.get(i);
                in[i] = Access.input(pass, s.at(batch), s.dtype());
                graph.inputs[i] = graph.add(numbers, in[i], new Value(Kind.INPUT, in[i].shape(), s.dtype(), s.name(), null));
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
                    to[o] = t == null ? -1 : graph.add(numbers, t, new Value(Kind.RESULT, t.shape(), t.dtype(), e.op().label(), null));
                }
                graph.nodes.add(new Node(e.op(), e.path(), from, to));
            }
            List<Tensor> results = new ArrayList<>();
            collect(result, results);
            if (results.isEmpty()) {
                throw new IllegalArgumentException("freeze: the function returned no tensor; return the outputs of the plan");
            }
            graph.outputs = results.stream().mapToInt(t -> graph.number(numbers, t)).toArray();
            // constants die with the pass: keep their values
            for (int v = 0; v < graph.values.size(); v++) {
                Value value = graph.values.get(v);
                if (value.kind == Kind.WEIGHT && Access.held(source(value)) == null) {
                    graph.values.set(v, new Value(value.kind, value.shape, value.dtype, value.name, source(value).keep()));
                }
            }
        }
        return graph;
    }

    static Tensor source(Value v) {
        Tensor t = v.source;
        assert t != null;
        return t;
    }

    /** Gives back the constants that the trace kept. */
    void close() {
        for (Value v : values) {
            if (v.source instanceof dev.fathom.tensor.KeptTensor kept) {
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

    private static void collect(@Nullable Object result, List<Tensor> to) {
        if (result instanceof Tensor t) {
            to.add(t);
        } else if (result instanceof Collection<?> all) {
            all.forEach(o -> collect(o, to));
        } else if (result instanceof Object[] array) {
            for (Object o : array) {
                collect(o, to);
            }
        } else if (result != null) {
            Access.tensorsIn(result, to::add);
        }
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
                throw new IllegalStateException("freeze: call " + i + " is " + a + " at batch " + batch + " but " + b + " at batch " + otherBatch
                        + "; a plan cannot choose its layers by the batch size");
            }
        }
        if (!java.util.Arrays.equals(outputs, other.outputs)) {
            throw new IllegalStateException("freeze: the outputs at batch " + batch + " and " + otherBatch + " are of different calls");
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
