package dev.fathom.onnx;

import dev.fathom.io.TensorFile;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.recurrent.Recurrent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What of a model is trained or at least packed for the kernels, in the order in which its nodes read it. */
final class Weights {
    /** Larger tensors of whole numbers are weights, where an operator takes quantized ones. */
    private static final int SMALL = 64;

    private final Map<String, Variable> variables = new LinkedHashMap<>();
    private final Map<String, Step.Weight> weights = new LinkedHashMap<>();
    private final Map<String, Recurrence> recurrences = new LinkedHashMap<>();
    private final List<TensorFile.Entry> entries = new ArrayList<>();

    /** Parameters and buffers by their names. */
    Map<String, Variable> variables() {
        return variables;
    }

    /** Recurrent layers by their names. */
    Map<String, Recurrent> layers() {
        Map<String, Recurrent> layers = new LinkedHashMap<>();
        recurrences.forEach((name, r) -> layers.put(name, r.net()));
        return layers;
    }

    /** The numbers of all, as a file of tensors whose names are those of the net's parameters. */
    TensorFile tensors(String file) {
        return new TensorFile(file, entries, Map.of(), () -> {});
    }

    boolean isLayer(String name) {
        return recurrences.containsKey(name);
    }

    void add(String name, Recurrence r) {
        recurrences.put(name, r);
        r.entries()
                .forEach(e -> entries.add(new TensorFile.Entry(
                        name + "." + e.name(), e.type(), e.stored(), e.dims(), e.bytes(), e.source())));
    }

    /**
     * Adds a constant if it is a weight: floats of more than one element, and many whole numbers where an operator
     * takes quantized weights. The order is the one that its first reader wants.
     *
     * @param name of the parameter
     * @return the weight, or null if the constant is none
     */
    Step.@Nullable Weight add(String name, Node reader, Operator operator, int input, Initializer constant) {
        Step.Weight before = weights.get(name);
        if (before != null || operator.isSetting(input)) {
            return before;
        }
        ElementType type = constant.type();
        int[] dims = Arrays.stream(constant.entry().dims())
                .mapToInt(Math::toIntExact)
                .toArray();
        long size = TensorFile.Entry.elements(constant.entry().dims());
        boolean quantized = type.stored != null
                && type.whole()
                && type.stored.bytes() <= 2
                && type != ElementType.BOOL
                && operator.isWeight(input)
                && size > SMALL;
        if (size < 2 || dims.length > Shape.MAX_RANK || type.stored == null || type.whole() && !quantized) {
            return null;
        }
        int[] order = quantized ? Operator.inOrder(dims.length) : operator.order(reader, input, dims.length);
        Shape own = Shape.of(Arrays.stream(order).map(d -> dims[d]).toArray());
        int[] back = new int[order.length];
        for (int i = 0; i < order.length; i++) {
            back[order[i]] = i;
        }
        dev.fathom.parameter.Initializer zeros = (shape, rng) -> new float[(int) shape.size()];
        Variable variable =
                quantized || operator.isStatistic(input) ? new Buffer(own, zeros) : new Parameter(own, zeros, back);
        Step.Weight weight = new Step.Weight(variable, type, order);
        variables.put(name, variable);
        weights.put(name, weight);
        entries.add(constant.named(name).entry());
        return weight;
    }

    /** A weight by the name of its parameter, or null. */
    Step.@Nullable Weight get(String name) {
        return weights.get(name);
    }
}
