package dev.fathom.cli;

import dev.fathom.onnx.OnnxGraph;
import dev.fathom.op.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that say what goes into a model of ONNX. */
public final class OnnxInputs {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--input",
            paramLabel = "[NAME=]FILE",
            description = "An input: an npy file, NAME=FILE for the input of that name, an npz file, or a folder of npy"
                    + " files with the names of the inputs. Inputs that are not given are random.")
    private List<String> given = List.of();

    @Option(
            names = "--size",
            paramLabel = "NAME=N",
            description = "The size of a free dimension of random inputs, by its name in the file, ? for those without"
                    + " one (1).")
    private Map<String, Integer> sizes = Map.of();

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "The seed of random inputs (${DEFAULT-VALUE}).")
    private long seed;

    /**
     * What a model is given.
     *
     * @param arrays in the order of the graph
     * @param random what was drawn, in words; empty where all were given
     * @param sizes of free dimensions by their names, "" for those without one if all of them have this size
     */
    record Filled(List<NamedArray> arrays, List<String> random, Map<String, Integer> sizes) {}

    /**
     * Reads the inputs, or draws them.
     *
     * @param more arrays of files, which are used for inputs that the options do not give
     * @throws ParameterException if what was given does not fit the graph
     */
    Filled of(OnnxGraph graph, Map<String, NamedArray> more) {
        Map<String, NamedArray> arrays = new LinkedHashMap<>();
        for (String one : given) {
            read(one, graph, arrays);
        }
        for (OnnxGraph.Port port : graph.inputs()) {
            if (!arrays.containsKey(port.name())) {
                NamedArray.find(more, port.name()).forEach(a -> arrays.put(port.name(), a));
            }
        }
        Map<String, Integer> bound = new LinkedHashMap<>();
        sizes.forEach((name, size) -> {
            if (size < 1) {
                throw misuse("--size " + name + "=" + size + ": choose at least 1");
            }
            if (graph.inputs().stream()
                    .flatMap(p -> p.dims() == null ? Stream.of() : p.dims().stream())
                    .noneMatch(d -> d.free() && d.toString().equals(name))) {
                throw misuse("--size " + name + ": no free dimension of " + graph.inputs() + " is called so");
            }
            bound.put(name, size);
        });
        for (OnnxGraph.Port port : graph.inputs()) {
            NamedArray a = arrays.get(port.name());
            if (a != null) {
                bind(port, a, bound);
            }
        }
        List<NamedArray> all = new ArrayList<>();
        List<String> random = new ArrayList<>();
        for (OnnxGraph.Port port : graph.inputs()) {
            NamedArray a = arrays.get(port.name());
            if (a == null) {
                a = drawn(port, bound, random);
            }
            all.add(a);
        }
        return new Filled(all, random, free(graph, all));
    }

    private void read(String one, OnnxGraph graph, Map<String, NamedArray> to) {
        for (OnnxGraph.Port port : graph.inputs()) {
            String prefix = port.name() + "=";
            if (one.startsWith(prefix)) {
                Map<String, NamedArray> read = NamedArray.read(Path.of(one.substring(prefix.length())));
                if (read.size() != 1) {
                    throw misuse("--input " + one + ": there are several arrays, " + read.keySet()
                            + "; give an npy file, or leave out the name");
                }
                to.put(port.name(), read.values().iterator().next().named(port.name()));
                return;
            }
        }
        Map<String, NamedArray> read = NamedArray.read(Path.of(one));
        if (read.containsKey("")) { // one npy file: the first input that has none yet
            OnnxGraph.Port next = graph.inputs().stream()
                    .filter(p -> !to.containsKey(p.name()))
                    .findFirst()
                    .orElseThrow(() -> misuse("--input " + one + ": the model has only " + graph.inputs()));
            to.put(next.name(), read.get("").named(next.name()));
            return;
        }
        int before = to.size();
        for (OnnxGraph.Port port : graph.inputs()) {
            NamedArray.find(read, port.name()).forEach(a -> to.put(port.name(), a));
        }
        if (to.size() == before) {
            throw misuse("--input " + one + ": none of " + read.keySet() + " is an input of the model, which are "
                    + graph.inputs());
        }
    }

    /** Checks an array against what the file says, and keeps the sizes of the free dimensions. */
    private void bind(OnnxGraph.Port port, NamedArray a, Map<String, Integer> bound) {
        if (port.whole() != a.whole()) {
            throw misuse("the input " + port + " takes " + (port.whole() ? "integers" : "floats") + " but "
                    + (a.whole() ? "integers" : "floats") + " were given; save them as "
                    + (port.whole() ? "int32" : "float32"));
        }
        List<OnnxGraph.Dimension> dims = port.dims();
        if (dims == null) {
            return;
        }
        boolean fits = dims.size() == a.shape().rank();
        for (int d = 0; fits && d < dims.size(); d++) {
            OnnxGraph.Dimension dim = dims.get(d);
            int size = a.shape().dim(d);
            if (!dim.free()) {
                fits = dim.size() == size;
            } else if (!dim.name().isEmpty()) {
                Integer before = bound.put(dim.name(), size);
                fits = before == null || before == size;
            }
        }
        if (!fits) {
            throw misuse("the input " + port + " does not take " + a.shape()
                    + (bound.isEmpty() ? "" : " beside the sizes " + bound) + "; give an array of its shape");
        }
    }

    private NamedArray drawn(OnnxGraph.Port port, Map<String, Integer> bound, List<String> random) {
        List<OnnxGraph.Dimension> dims = port.dims();
        if (dims == null) {
            throw misuse("the file does not say which shape the input " + port.name() + " has; give it by --input "
                    + port.name() + "=FILE.npy");
        }
        int[] sizes = dims.stream()
                .mapToInt(d -> d.free() ? bound.getOrDefault(d.toString(), 1) : d.size())
                .toArray();
        Shape shape = Shape.of(sizes);
        Random rng = new Random(seed + port.name().hashCode());
        int n = Math.toIntExact(shape.size());
        random.add(port.name() + " " + port.type() + " " + shape);
        if (port.whole()) {
            int[] values = new int[n];
            for (int i = 0; i < n; i++) {
                values[i] = rng.nextInt(2);
            }
            return NamedArray.ints(port.name(), shape, values);
        }
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) rng.nextGaussian();
        }
        return NamedArray.floats(port.name(), shape, values);
    }

    private static Map<String, Integer> free(OnnxGraph graph, List<NamedArray> arrays) {
        Map<String, Integer> free = new LinkedHashMap<>();
        TreeSet<Integer> unnamed = new TreeSet<>();
        for (int i = 0; i < arrays.size(); i++) {
            List<OnnxGraph.Dimension> dims = graph.inputs().get(i).dims();
            for (int d = 0; dims != null && d < dims.size(); d++) {
                OnnxGraph.Dimension dim = dims.get(d);
                int size = arrays.get(i).shape().dim(d);
                if (dim.free() && dim.name().isEmpty()) {
                    unnamed.add(size);
                } else if (dim.free()) {
                    free.put(dim.name(), size);
                }
            }
        }
        if (unnamed.size() == 1) {
            free.put("", unnamed.first());
        }
        return free;
    }

    /** How random inputs are drawn, in words. */
    String drawing() {
        return "floats from the normal distribution, integers 0 or 1, seed " + seed;
    }

    /** What is wrong with the command line. */
    ParameterException misuse(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
