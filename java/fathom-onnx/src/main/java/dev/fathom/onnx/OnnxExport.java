package dev.fathom.onnx;

import dev.fathom.autograd.Values;
import dev.fathom.io.AtomicFile;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Variable;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a model as a file in the open format ONNX, which other programs run:
 *
 * <pre>{@code
 * OnnxExport.of(model, Shape.of(1, 224, 224, 3)).write(Path.of("resnet.onnx"));
 * }</pre>
 *
 * <p>The graph has the nodes that a person would draw: one {@code Conv} for a convolution, one {@code LSTM} for each
 * layer and direction. Weights have the names of the parameters, nodes those of the layers that they are of, and the
 * free dimensions are called {@code batch} and {@code length}. Images and volumes, inputs and outputs of four or five
 * dimensions, have their channels first, as other programs expect, unless {@link #channelsLast} says otherwise.
 */
public final class OnnxExport {
    /** The version of the operators, which ONNX Runtime has since 1.17. */
    private static final int OPSET = 20;
    /** The version of the format that came with it. */
    private static final int FORMAT = 9;
    /** The most bytes of weights in the file itself; a message of protocol buffers has less than 2 GiB. */
    private static final long MOST = 2_000_000_000;
    /** Weights of fewer bytes stay in the file in any case. */
    private static final long SMALL = 1 << 10;

    private static final int PAGE = 4096;
    private static final int CHUNK = 1 << 16;

    private final Model<?> model;
    private final List<Spec> specs;
    private final Function<Tensor[], Object> function;
    private final String name;
    private final boolean channelsLast;

    private OnnxExport(
            Model<?> model, List<Spec> specs, Function<Tensor[], Object> function, String name, boolean channelsLast) {
        this.model = model;
        this.specs = specs;
        this.function = function;
        this.name = name;
        this.channelsLast = channelsLast;
    }

    /**
     * Prepares a layer of one input for writing. The first dimension of {@code shape} is the batch, which stays free.
     *
     * @throws IllegalArgumentException if the shape has no dimension
     */
    public static OnnxExport of(Model<? extends Layer> model, Shape shape) {
        if (shape.rank() == 0) {
            throw new IllegalArgumentException("export: shape [] has no batch dimension; give at least [1, ...]");
        }
        int[] dims = shape.toArray();
        dims[0] = Dim.BATCH;
        return of(model, (net, in) -> net.apply(in[0]), Spec.of("input", dims));
    }

    /**
     * Prepares a function of a net and some inputs for writing, as {@link dev.fathom.plan.Plan#freeze(Model,
     * BiFunction, Spec...)} takes it. A state that goes from step to step is one more input and output.
     *
     * @throws IllegalArgumentException if there is no input, or two have one name
     */
    public static <M extends Net> OnnxExport of(Model<M> model, BiFunction<M, Tensor[], ?> function, Spec... inputs) {
        List<Spec> specs = List.of(inputs);
        if (specs.isEmpty()) {
            throw new IllegalArgumentException("export: no inputs; give a Spec for each");
        }
        if (specs.stream().map(Spec::name).distinct().count() < specs.size()) {
            throw new IllegalArgumentException(
                    "export: inputs " + specs.stream().map(Spec::name).toList() + " share a name; give each its own");
        }
        String name = model.net().getClass().getSimpleName();
        return new OnnxExport(model, specs, in -> function.apply(model.net(), in), name, false);
    }

    /** Returns these settings with another name of the graph; without, it is that of the net's class. */
    public OnnxExport named(String newName) {
        return new OnnxExport(model, specs, function, newName, channelsLast);
    }

    /**
     * Returns these settings for inputs and outputs whose channels come last, as everywhere in this library. The file
     * turns images once, where they come in.
     */
    public OnnxExport channelsLast() {
        return new OnnxExport(model, specs, function, name, true);
    }

    /**
     * Writes the file, and where weights are more than two gigabytes a second one beside it, {@code FILE.data}.
     *
     * @throws IllegalArgumentException if ops have no counterpart in ONNX, all of which are named, or the function
     *     refuses its inputs, or makes other calls at other sizes
     * @throws java.io.UncheckedIOException if it cannot be written
     */
    public void write(Path file) {
        write(file, MOST);
    }

    void write(Path file, long most) {
        try (Traced traced = Traced.of(specs, function)) {
            Drawing drawing = drawn(traced);
            List<String> outputs = named(drawing, traced);
            long all = drawing.initials.values().stream()
                    .mapToLong(Drawing.Initial::bytes)
                    .sum();
            Map<String, Long> outside = all > most ? beside(file, drawing) : Map.of();
            ProtobufWriter written = model(drawing, outputs, outside, file.getFileName() + ".data");
            AtomicFile.write(file, written::write);
        }
    }

    // ---- the graph

    private Drawing drawn(Traced traced) {
        TreeMap<Long, Variable> parameters = new TreeMap<>();
        Stream.concat(model.parameters().stream(), model.buffers().stream())
                .forEach(p -> parameters.put(Values.address(p.value()), p));
        Drawing drawing = new Drawing(traced, channelsLast, parameters);
        Set<String> refused = new LinkedHashSet<>();
        for (Traced.Call call : traced.calls) {
            drawing.begin(call);
            try {
                ExportRules.draw(drawing);
            } catch (IllegalArgumentException e) {
                refused.add(String.valueOf(e.getMessage()));
                for (int v : call.out()) {
                    drawing.give(v);
                }
            }
        }
        if (!refused.isEmpty()) {
            throw new IllegalArgumentException("export: ONNX has no counterpart of " + String.join(", ", refused)
                    + "; leave them out of the function, or compute them another way");
        }
        return drawing;
    }

    /** Gives the outputs their names. */
    private List<String> named(Drawing drawing, Traced traced) {
        drawing.begin(new Traced.Call(List.of(), "", new int[0], new int[0]));
        List<String> names = traced.outputNames;
        for (int o = 0; o < names.size(); o++) {
            int v = traced.outputs[o];
            drawing.output(drawing.as(v, Drawing.outside(traced.values.get(v).rank(), channelsLast)), names.get(o));
        }
        return names;
    }

    // ---- the file

    private ProtobufWriter model(Drawing drawing, List<String> outputs, Map<String, Long> outside, String beside) {
        ProtobufWriter graph = new ProtobufWriter();
        for (Drawing.Node node : drawing.nodes) {
            graph.message(1, node(node));
        }
        graph.text(2, name.isEmpty() ? "model" : name);
        for (Drawing.Initial initial : drawing.initials.values()) {
            graph.message(5, tensor(initial, outside.get(initial.name()), beside));
        }
        Traced traced = drawing.traced;
        for (int i = 0; i < traced.inputs.length; i++) {
            graph.message(11, value(traced, specs.get(i).name(), traced.values.get(traced.inputs[i])));
        }
        for (int o = 0; o < outputs.size(); o++) {
            graph.message(12, value(traced, outputs.get(o), traced.values.get(traced.outputs[o])));
        }
        return new ProtobufWriter()
                .number(1, FORMAT)
                .text(2, "fathom")
                .message(7, graph)
                .message(8, new ProtobufWriter().number(2, OPSET));
    }

    private static ProtobufWriter node(Drawing.Node node) {
        ProtobufWriter written = new ProtobufWriter()
                .text(1, node.inputs().toArray(new String[0]))
                .text(2, node.outputs().toArray(new String[0]))
                .text(3, node.name())
                .text(4, node.type());
        new TreeMap<>(node.attributes()).forEach((name, value) -> written.message(5, attribute(name, value)));
        return written;
    }

    private static ProtobufWriter attribute(String name, Object value) {
        ProtobufWriter written = new ProtobufWriter().text(1, name);
        if (value instanceof Float f) {
            written.float32(2, f).number(20, 1);
        } else if (value instanceof Long n) {
            written.number(3, n).number(20, 2);
        } else if (value instanceof String text) {
            written.text(4, text).number(20, 3);
        } else if (value instanceof long[] all) {
            written.number(8, all).number(20, 7);
        } else {
            ((List<?>) value).forEach(text -> written.text(9, (String) text));
            written.number(20, 8);
        }
        return written;
    }

    private ProtobufWriter value(Traced traced, String name, Traced.Value value) {
        ProtobufWriter shape = new ProtobufWriter();
        int[] order = Drawing.outside(value.rank(), channelsLast);
        for (int i = 0; i < order.length; i++) {
            Extent dim = value.dim(order[i]);
            ProtobufWriter written = new ProtobufWriter();
            if (dim.constant()) {
                written.number(1, dim.first());
            } else {
                written.text(
                        2,
                        dim.equals(traced.batch())
                                ? "batch"
                                : dim.equals(traced.length()) ? "length" : name + "_dim_" + i);
            }
            shape.message(1, written);
        }
        ProtobufWriter type = new ProtobufWriter()
                .number(1, ExportRules.number(ExportRules.type(value.dtype())))
                .message(2, shape);
        return new ProtobufWriter().text(1, name).message(2, new ProtobufWriter().message(1, type));
    }

    private static ProtobufWriter tensor(Drawing.Initial initial, @Nullable Long at, String beside) {
        ProtobufWriter written = new ProtobufWriter()
                .number(1, initial.dims())
                .number(2, ExportRules.number(initial.type()))
                .text(8, initial.name());
        if (at == null) {
            return written.data(9, initial.bytes(), out -> numbers(initial, out));
        }
        return written.message(13, entry("location", beside))
                .message(13, entry("offset", Long.toString(at)))
                .message(13, entry("length", Long.toString(initial.bytes())))
                .number(14, 1);
    }

    private static ProtobufWriter entry(String key, String value) {
        return new ProtobufWriter().text(1, key).text(2, value);
    }

    /** Writes large weights to a file of their own, and says where in it they are. */
    private static Map<String, Long> beside(Path file, Drawing drawing) {
        Map<String, Long> places = new HashMap<>();
        List<Drawing.Initial> large = drawing.initials.values().stream()
                .filter(i -> i.bytes() >= SMALL)
                .toList();
        AtomicFile.write(file.resolveSibling(file.getFileName() + ".data"), out -> {
            long at = 0;
            for (Drawing.Initial initial : large) {
                places.put(initial.name(), at);
                numbers(initial, out);
                long end = at + initial.bytes() + PAGE - 1 & -PAGE;
                out.write(new byte[(int) (end - at - initial.bytes())]);
                at = end;
            }
        });
        return places;
    }

    private static void numbers(Drawing.Initial initial, OutputStream out) throws IOException {
        Object all = initial.numbers().make();
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
        int n = all instanceof float[] f ? f.length : all instanceof int[] i ? i.length : ((long[]) all).length;
        for (int i = 0; i < n; i++) {
            if (all instanceof float[] x) {
                chunk.putFloat(x[i]);
            } else if (all instanceof int[] x) {
                chunk.putInt(x[i]);
            } else {
                chunk.putLong(((long[]) all)[i]);
            }
            if (chunk.remaining() < Long.BYTES || i == n - 1) {
                out.write(chunk.array(), 0, chunk.position());
                chunk.clear();
            }
        }
    }
}
