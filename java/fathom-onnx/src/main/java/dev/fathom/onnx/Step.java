package dev.fathom.onnx;

import dev.fathom.parameter.Variable;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One node while its graph runs: its attributes and its inputs, in the forms that an operator may want.
 *
 * @param version of the operators of its domain
 * @param fusible whether only one other node reads what it gives
 */
record Step(
        Node node, long version, boolean fusible, @Nullable Object... in) {
    // ---- attributes

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
     * The values of an input that must be known.
     *
     * @throws IllegalArgumentException if they depend on what the graph is given
     */
    Array array(int i) {
        if (value(i) instanceof Array a) {
            return a;
        }
        throw new IllegalArgumentException("input " + node.inputs().get(i)
                + " depends on the values that the graph is given, but only constants and what follows from shapes are"
                + " taken here");
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
        Held h = held(value(i));
        if (in[i] instanceof Pending) {
            in[i] = h; // its kernel runs once
        }
        return h;
    }

    static Held held(Object value) {
        if (value instanceof Held h) {
            return h;
        }
        if (value instanceof Pending p) {
            return p.end(null);
        }
        if (value instanceof Weight w) {
            return Held.of(w.graphs(), ElementType.FLOAT);
        }
        Array a = (Array) value;
        Tensor t = a.type().whole() ? Tensor.ofInts(a.ints(), a.dims()) : Tensor.of(a.floats(), a.dims());
        return Held.of(t, a.type());
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

    /** A weight of the model. */
    record Weight(Variable variable, int... order) {
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
