package dev.fathom.onnx;

import dev.fathom.io.InputFile;
import dev.fathom.io.TensorFile;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Names;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A model of another program, read from a file in the open format ONNX (<a href="https://onnx.ai/onnx/intro/">Open
 * Neural Network Exchange</a>). It computes in a pass as any net does, can be trained on where its operators have
 * gradients, and is frozen for use:
 *
 * <pre>{@code
 * try (OnnxModel onnx = OnnxModel.read(Path.of("mobilenet.onnx")); Plan plan = onnx.plan()) {
 *     float[] logits = plan.predict(pixels);
 * }
 * }</pre>
 *
 * <p>Inputs and outputs have the names, the order of dimensions and the types of the file, except that int64 and
 * boolean values are I32 here. Inside, images have their channels last, as everywhere in this library. Every tensor of
 * floats in the file that has more than one element is a parameter of that name.
 */
public final class OnnxModel implements AutoCloseable {
    private final String file;
    private final Program program;
    private final Model<OnnxNet> model;

    private OnnxModel(String file, Program program, Model<OnnxNet> model) {
        this.file = file;
        this.program = program;
        this.model = model;
    }

    /**
     * Reads a file with its weights, which may lie in other files of its folder.
     *
     * @throws IllegalArgumentException if it is damaged, or has operators or settings of them that are not computed
     *     here, which are named
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static OnnxModel read(Path file) {
        return read(file, Map.of());
    }

    /**
     * Reads a file with its weights, whose graph has operators that are not the library's.
     *
     * @param own operators by their names, behind their domain and a point unless that is the standard's:
     *     {@code com.example.Scale}
     * @throws IllegalArgumentException as {@link #read(Path)}
     */
    public static OnnxModel read(Path file, Map<String, CustomOperator> own) {
        try (OnnxFile onnx = OnnxFormat.read(file)) {
            Program program = new Program(onnx, Map.copyOf(own));
            Weights all = program.weights();
            OnnxNet net = new OnnxNet(all.variables(), all.layers(), program);
            try (TensorFile weights = all.tensors(file.toString())) {
                return new OnnxModel(file.toString(), program, Model.of(net, 1, weights, Names.exact()));
            }
        } catch (IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            throw message.startsWith(file.toString()) ? e : new IllegalArgumentException(file + ": " + message, e);
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        }
    }

    /** Returns what goes in, as the file writes it: {@code input_ids int64 [batch, length]}. */
    public List<String> inputs() {
        return program.inputs().stream().map(Value::toString).toList();
    }

    /** Returns what comes out, as the file writes it: {@code logits float [batch, 1000]}. */
    public List<String> outputs() {
        return program.outputs().stream().map(Value::toString).toList();
    }

    /**
     * Returns the model, to train it, to look at it or to save its parameters. As a layer it takes the first input and
     * gives the first output.
     */
    public Model<? extends Layer> model() {
        return model;
    }

    /**
     * Computes the outputs in the current pass, by their names and in their order.
     *
     * @param inputs in the order of {@link #inputs}
     * @throws IllegalArgumentException if there are not as many as the graph has, or a node refuses what reaches it,
     *     which is named
     */
    public Map<String, Tensor> run(Tensor... inputs) {
        return model.net().run((Object[]) program.held(inputs));
    }

    /** Freezes the model as {@link #plan(Map)} does, where all free dimensions are batch or length. */
    public Plan plan() {
        return plan(Map.of());
    }

    /**
     * Freezes the model. A free first dimension is the batch, and one other name of free dimensions is the length; the
     * others need sizes. An input of one whole number or boolean may be given a value, such as the sampling rate by
     * which a graph chooses its branch: the plan then has no such input.
     *
     * @param sizes of free dimensions, by the names that the file gives them, and values of inputs by their names
     * @throws IllegalArgumentException if more dimensions are free, or one has no name
     * @throws IllegalStateException as {@link Plan#freeze(Model, java.util.function.BiFunction, Spec...)}
     */
    public Plan plan(Map<String, Integer> sizes) {
        return Plan.freeze(model, (net, in) -> net.run(with(sizes, in)), specs(sizes));
    }

    /** Freezes and closes the model as {@link #consume(Map)} does, where all free dimensions are batch or length. */
    public Plan consume() {
        return consume(Map.of());
    }

    /**
     * Freezes the model as {@link #plan(Map)} does and closes it. Its memory becomes the plan's, so that a model that
     * only serves is held once and is ready sooner:
     *
     * <pre>{@code
     * Plan plan = OnnxModel.read(Path.of("mobilenet.onnx")).consume();
     * }</pre>
     *
     * @throws IllegalArgumentException as {@link #plan(Map)}, after which the model is closed too
     * @throws IllegalStateException as {@link Plan#consume(Model, java.util.function.BiFunction, Spec...)}
     */
    public Plan consume(Map<String, Integer> sizes) {
        Spec[] specs;
        try {
            specs = specs(sizes);
        } catch (IllegalArgumentException e) {
            close();
            throw e;
        }
        return Plan.consume(model, (net, in) -> net.run(with(sizes, in)), specs);
    }

    /** All inputs, of which some have values and the others are given. */
    private Object[] with(Map<String, Integer> values, Tensor... given) {
        Object[] all = new Object[program.inputs().size()];
        for (int i = 0, k = 0; i < all.length; i++) {
            Value v = program.inputs().get(i);
            Integer value = values.get(v.name());
            int[] one = new int[v.dims() == null ? 0 : v.dims().size()];
            Arrays.fill(one, 1);
            all[i] = value == null ? Program.held(v, given[k++]) : Array.of(v.type(), one, value);
        }
        return all;
    }

    private Spec[] specs(Map<String, Integer> sizes) {
        TreeSet<String> lengths = new TreeSet<>();
        List<Value> free = program.inputs().stream()
                .filter(v -> !sizes.containsKey(v.name()))
                .toList();
        Spec[] specs = new Spec[free.size()];
        for (int i = 0; i < specs.length; i++) {
            Value v = free.get(i);
            List<Value.Dimension> dims = v.dims();
            if (dims == null) {
                throw new IllegalArgumentException(
                        file + ": the input " + v + " has no dimensions; export the model with some");
            }
            int[] spec = new int[dims.size()];
            for (int d = 0; d < spec.length; d++) {
                Value.Dimension dim = dims.get(d);
                Integer size = sizes.get(dim.name());
                if (dim.size() >= 0) {
                    spec[d] = Math.toIntExact(dim.size());
                } else if (size != null) {
                    spec[d] = size;
                } else if (d == 0) {
                    spec[d] = Dim.BATCH;
                } else {
                    spec[d] = Dim.LENGTH;
                    lengths.add(dim.name());
                }
            }
            specs[i] = Spec.of(v.name(), Program.dtype(v.type()), spec);
        }
        if (lengths.size() > 1 || lengths.contains("")) {
            throw new IllegalArgumentException(file + ": beside the batch the dimensions " + lengths
                    + " are free, of which one can be the length; give the others sizes by plan(Map), or export the"
                    + " model with them");
        }
        return specs;
    }

    /** Returns the file, and how many inputs, nodes and parameters it has. */
    @Override
    public String toString() {
        return file + ": " + inputs() + " to " + outputs() + ", " + model.parameterCount() + " parameters";
    }

    /** Closes the model. Plans that were frozen before stay. */
    @Override
    public void close() {
        model.close();
    }
}
