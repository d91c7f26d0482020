package dev.fathom.tensor;

import dev.fathom.op.DType;
import dev.fathom.op.Where;
import dev.fathom.tree.Inline;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * What a net carries from one step to the next: named tensors in an order, such as the {@code hidden} and {@code cell}
 * state of an LSTM, or the {@code layers.0.keys} of a Transformer. It is immutable: a step takes one and gives another.
 * The first dimension of each tensor is the batch. Parts have dotted names, as parameters do.
 *
 * <p>{@link KeptState} keeps a state outside of passes, a plan carries one from run to run, and a checkpoint of a
 * trainer holds the one that training carries from batch to batch.
 *
 * @param tensors by name, in their order
 */
public record State(@Inline Map<String, Tensor> tensors) {
    /** The state without tensors, from which a recurrent layer begins with zeros. */
    public static final State EMPTY = new State(Map.of());

    /**
     * Keeps its own copy of the map.
     *
     * @throws IllegalArgumentException if a name is empty
     */
    public State {
        if (tensors.containsKey("")) {
            throw new IllegalArgumentException("State: a name is empty; give each tensor a name");
        }
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /** Returns a state of one tensor. */
    public static State of(String name, Tensor tensor) {
        return EMPTY.with(name, tensor);
    }

    /**
     * Returns a state of two tensors.
     *
     * @throws IllegalArgumentException if both have one name
     */
    public static State of(String name1, Tensor tensor1, String name2, Tensor tensor2) {
        if (name1.equals(name2)) {
            throw new IllegalArgumentException(
                    "State: two tensors are called " + name1 + "; give each a name of its own");
        }
        return of(name1, tensor1).with(name2, tensor2);
    }

    /** Returns this state with a tensor of this name, in the place of the one that had it, or else as the last. */
    public State with(String name, Tensor tensor) {
        Map<String, Tensor> all = new LinkedHashMap<>(tensors);
        all.put(name, tensor);
        return new State(all);
    }

    /** Returns this state with the tensors of another under names that begin with {@code prefix} and a dot. */
    public State with(String prefix, State part) {
        Map<String, Tensor> all = new LinkedHashMap<>(tensors);
        part.tensors.forEach((name, tensor) -> all.put(prefix + "." + name, tensor));
        return new State(all);
    }

    /**
     * Returns the tensor of this name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Tensor get(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("State" + Where.running() + ": there is no " + name + " in " + this
                    + "; give the state of a net of this kind");
        }
        return tensor;
    }

    /** Returns the tensors whose names begin with {@code prefix} and a dot, by the rest of their names. */
    public State part(String prefix) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            if (name.startsWith(prefix + ".")) {
                all.put(name.substring(prefix.length() + 1), tensor);
            }
        });
        return new State(all);
    }

    /** Returns the names in their order. */
    public Set<String> names() {
        return tensors.keySet();
    }

    /**
     * Returns the state in which row i of each tensor is row {@code parents[i]} of this one, as a beam search needs it.
     * A row may be named several times or not at all.
     *
     * @throws IllegalArgumentException if a tensor has no such row
     */
    public State reorder(int... parents) {
        if (tensors.isEmpty()) {
            return this;
        }
        for (int parent : parents) {
            if (parent < 0) {
                throw new IllegalArgumentException(
                        "reorder: row " + parent + " does not exist; rows are counted from 0");
            }
        }
        Tensor index = Tensor.ofInts(parents, parents.length);
        return map(tensor -> tensor.take(0, index));
    }

    /** Returns the state of what a function makes of each tensor, such as {@code state.map(Tensor::detach)}. */
    public State map(UnaryOperator<Tensor> function) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> all.put(name, function.apply(tensor)));
        return new State(all);
    }

    private static String described(String name, Tensor t) {
        return name + " " + t.shape() + (t.dtype() == DType.F32 ? "" : " " + t.dtype());
    }

    /** Returns the names with their shapes, and with the element types of those that are not F32. */
    @Override
    public String toString() {
        return tensors.isEmpty()
                ? "an empty state"
                : tensors.entrySet().stream()
                        .map(e -> described(e.getKey(), e.getValue()))
                        .collect(Collectors.joining(", ", "the state (", ")"));
    }
}
