package dev.fathom.onnx;

import dev.fathom.op.DType;
import dev.fathom.parameter.Variable;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One node while its graph runs: its attributes and its inputs, in the forms that an operator may want.
 *
 * @param key the name of its layer, if it has one
 * @param fusible whether only one other node reads what it gives
 * @param sized whether an input follows from the sizes of what the graph is given
 * @param scope the values of its graph
 */
record Step(
        Node node,
        String key,
        boolean fusible,
        boolean sized,
        Scope scope,
        @Nullable Object... in) {
    /** A node whose attributes are read before the graph runs. */
    static Step of(Node node) {
        return new Step(node, "", false, false, new Scope(Map.of(), Map.of()));
    }

    // ---- attributes

    /** The version of the operators of its domain. */
    long version() {
        return node.version();
    }

    boolean has(String name) {
        return node.attributes().get(name) != null;
    }

    long whole(String name, long otherwise) {
        return node.attributes().get(name) instanceof Long x ? x : otherwise;
    }

    float real(String name, double otherwise) {
        return node.attributes().get(name) instanceof Float x ? x : (float) otherwise;
    }

    String text(String name, String otherwise) {
        return node.attributes().get(name) instanceof String x ? x : otherwise;
    }

    float[] reals(String name) {
        return node.attributes().get(name) instanceof float[] all ? all : new float[0];
    }

    List<String> texts(String name) {
        List<String> all = new ArrayList<>();
        if (node.attributes().get(name) instanceof List<?> list) {
            list.forEach(x -> all.add(String.valueOf(x)));
        }
        return all;
    }

    int[] wholes(String name, int... otherwise) {
        return node.attributes().get(name) instanceof long[] all
                ? Array.longs(all).ints()
                : otherwise;
    }

    /** The tensor of an attribute, or null where it has none. */
    @Nullable
    Array tensor(String name) {
        return node.attributes().get(name) instanceof Array a ? a : null;
    }

    /** The graph of an attribute. */
    Program program(String name) {
        if (node.attributes().get(name) instanceof Program p) {
            return p;
        }
        throw new IllegalArgumentException("it has no graph " + name + "; the file is damaged, export it again");
    }

    /** Runs the graph of an attribute within the one of this node. */
    List<@Nullable Object> run(Program body, @Nullable Object... inputs) {
        return body.run(new Scope(scope), inputs);
    }

    /** The outputs of an operator that is not the library's. */
    Object[] compute(CustomOperator custom) {
        List<@Nullable Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < in.length; i++) {
            tensors.add(given(i) ? tensor(i) : null);
        }
        return custom.compute(Collections.unmodifiableMap(node.attributes()), tensors).stream()
                .map(t -> Held.of(t, t.dtype() == DType.F32 ? ElementType.FLOAT : ElementType.INT64))
                .toArray();
    }

    /** How many outputs the node names. */
    int outputs() {
        return node.outputs().size();
    }

    /** Whether something may read this output. */
    boolean wants(int output) {
        return output < outputs() && !node.outputs().get(output).isEmpty();
    }

    /**
     * The whole numbers from 0 on, where their count may follow from the sizes of what the graph is given: a plan then
     * counts in each run.
     */
    Tensor count(int n) {
        Tensor witness = scope.witness;
        return sized && witness != null ? CountOp.from0(n, witness) : Tensor.arange(n);
    }

    /** A size that may differ from run to run of a plan, as a number of its own. */
    Tensor number(long n) {
        Tensor witness = scope.witness;
        int size = Math.toIntExact(n);
        return witness == null
                ? Tensor.ofInts(new int[] {size})
                : CountOp.from0(size + 1, witness).slice(0, size, size + 1);
    }

    /** A constant of this shape, which a plan makes in each run where it may follow from sizes. */
    Held full(Array value, int... dims) {
        Tensor zero = number(0);
        Tensor t = value.reshaped(1).tensor().add(value.type().dtype() == DType.I32 ? zero : zero.to(DType.F32));
        int[] ones = Windows.ones(dims.length);
        return Held.of(t.reshape(ones).expand(dims), value.type());
    }

    // ---- inputs

    /** Whether an input is given. */
    boolean given(int i) {
        return i < in.length && in[i] != null;
    }

    Object value(int i) {
        Object value = i < in.length ? in[i] : null;
        if (value == null) {
            throw new IllegalArgumentException("input " + i + " is not given, which this operator needs");
        }
        return value;
    }

    /** Whether the values of an input are known before the graph runs. */
    boolean known(int i) {
        return given(i) && in[i] instanceof Array;
    }

    boolean allKnown() {
        return IntStream.range(0, in.length).allMatch(i -> in[i] == null || in[i] instanceof Array);
    }

    /**
     * The values of an input. Those of tensors are read, which a pass allows that computes.
     *
     * @throws IllegalArgumentException if they depend on what the graph is given, and a plan is made
     */
    Array array(int i) {
        return value(i) instanceof Array a ? a : Array.read(held(i));
    }

    /** Whether an input is the same in every run. */
    boolean isConstant(int i) {
        return known(i) || value(i) instanceof Weight;
    }

    ElementType type(int i) {
        return type(value(i));
    }

    static ElementType type(Object value) {
        return value instanceof Held h
                ? h.type()
                : value instanceof Array a ? a.type() : value instanceof Weight w ? w.type() : ElementType.FLOAT;
    }

    int rank(int i) {
        return dims(i).length;
    }

    int size(int i) {
        return Array.size(dims(i));
    }

    /** The numbers of an attribute, or of the input by which later versions give them, or null. */
    int @Nullable [] intsIfGiven(String name, int i) {
        return given(i) || has(name) ? ints(name, i) : null;
    }

    /**
     * The numbers of an attribute, or of the input by which later versions give them.
     *
     * @throws IllegalArgumentException if they are not given
     */
    int[] ints(String name, int i) {
        return !given(i) && has(name) ? wholes(name) : array(i).ints();
    }

    /** An input as a tensor of the pass. */
    Held held(int i) {
        Object value = value(i);
        boolean size = sized
                && value instanceof Array a
                && a.type().whole()
                && a.type() != ElementType.BOOL
                && a.rank() < 2
                && a.size() == 1
                && a.longs()[0] >= 0
                && a.longs()[0] < Array.MOST;
        Held h = size
                ? Held.of(number(((Array) value).longs()[0]).reshape(((Array) value).dims()), ((Array) value).type())
                : held(value);
        if (in[i] instanceof Deferred) {
            in[i] = h; // its kernel runs once
        }
        return h;
    }

    static Held held(Object value) {
        if (value instanceof Held h) {
            return h;
        }
        if (value instanceof Deferred d) {
            return d.held();
        }
        if (value instanceof Weight w) {
            return Held.of(w.graphs().to(w.type().dtype()), w.type());
        }
        if (!(value instanceof Array a)) {
            throw new IllegalArgumentException("it is given a list or nothing where a tensor should stand");
        }
        return Held.of(a.tensor(), a.type());
    }

    /** An input as floats with its dimensions as the graph has them. */
    Tensor floats(int i) {
        return tensor(i).to(DType.F32);
    }

    /** What becomes of two inputs, in the layout of the one whose channels are last. */
    Held together(int i, int j, BinaryOperator<Tensor> of) {
        return together(held(i), held(j), of);
    }

    static Held together(Held a, Held b, BinaryOperator<Tensor> of) {
        int rank = Math.max(a.rank(), b.rank());
        Held x = a.raised(rank);
        Held y = b.raised(rank);
        Held leader = Held.leader(x, y);
        return leader.with(of.apply(x.as(leader), y.as(leader)), a.type());
    }

    /** An input with its dimensions as the graph has them. */
    Tensor tensor(int i) {
        return held(i).channelsFirst();
    }

    Tensor channelsLast(int i) {
        return held(i).channelsLast();
    }

    /** The dimensions of an input. */
    int[] dims(int i) {
        return value(i) instanceof Array a ? a.dims() : value(i) instanceof Weight w ? w.dims() : held(i).dims();
    }

    /** An input that serves as a weight, whose dimensions stand in this order. */
    Operand weight(int i, int... order) {
        return value(i) instanceof Weight w ? w.in(order) : tensor(i).permute(order);
    }

    /** An input that serves as a weight in the order of the graph, or null. */
    @Nullable
    Operand weightOrNull(int i) {
        return given(i) ? weight(i, Operator.inOrder(rank(i))) : null;
    }

    /** A vector that serves as a weight. */
    Operand vector(int i) {
        return value(i) instanceof Weight w ? w.variable() : tensor(i);
    }

    @Nullable
    Operand vectorIfGiven(int i) {
        return given(i) ? vector(i) : null;
    }

    /** A dimension as an index from the front. */
    static int axis(long axis, int rank) {
        if (axis < -rank || axis >= Math.max(rank, 1)) {
            throw new IllegalArgumentException("the axis " + axis + " is not within " + rank + " dimensions");
        }
        return (int) (axis < 0 ? axis + rank : axis);
    }

    /**
     * A weight of the model.
     *
     * @param type as the graph has it; that of a quantized weight is whole, and the variable holds floats all the same
     */
    record Weight(Variable variable, ElementType type, int... order) {
        /** Dimension i of what is returned is dimension {@code wanted[i]} of the graph's. */
        Operand in(int... wanted) {
            if (Arrays.equals(order, wanted)) {
                return variable;
            }
            return graphs().permute(wanted);
        }

        int[] dims() {
            int[] dims = new int[order.length];
            for (int i = 0; i < dims.length; i++) {
                dims[order[i]] = variable.shape().dim(i);
            }
            return dims;
        }

        /** The weight with its dimensions as the graph has them. */
        Tensor graphs() {
            int[] back = new int[order.length];
            boolean same = true;
            for (int i = 0; i < back.length; i++) {
                back[order[i]] = i;
                same &= order[i] == i;
            }
            return same ? variable.value() : variable.value().permute(back);
        }
    }
}
