package dev.fathom.plan;

import dev.fathom.jni.Native;
import dev.fathom.offheap.Block;
import dev.fathom.op.Shape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Runs the commands of a session one by one, and measures each. */
final class Profiler {
    private final Lowering lowering;
    private final ByteBuffer from;
    private final int header;

    /**
     * @param lowering what the session was made of
     * @param from a header of so many bytes, which a run writes, and behind it the words of all commands
     */
    Profiler(Lowering lowering, ByteBuffer from, int header) {
        this.lowering = lowering;
        this.from = from;
        this.header = header;
    }

    /**
     * The median times of each command, in nanoseconds.
     *
     * @throws IllegalStateException if a command fails
     */
    double[] measure(int runs) {
        int n = lowering.commands.size();
        long[][] nanos = new long[n][runs];
        try (Block one = new Block("profile", from.capacity())) {
            for (int r = 0; r < runs; r++) {
                int at = header;
                for (int c = 0; c < n; c++) {
                    int words = 1 + lowering.commands.get(c).words().size();
                    one.view(0, from.capacity()).put(header, from, at, 8 * words);
                    long begin = System.nanoTime();
                    int status = Native.run(one.address(), words);
                    nanos[c][r] = System.nanoTime() - begin;
                    if (status != 0) {
                        throw new IllegalStateException(
                                "profile: " + lowering.commands.get(c).where()
                                        + " refuses its input, as a run does, and says why; run the session first");
                    }
                    at += 8 * words;
                }
            }
        }
        return Arrays.stream(nanos).mapToDouble(Profiler::median).toArray();
    }

    static double median(long... all) {
        long[] sorted = all.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2.0;
    }

    /** A row for each call, whose commands follow one another. */
    List<Profile.Row> rows(double... nanos) {
        List<Profile.Row> rows = new ArrayList<>();
        for (int c = 0; c < nanos.length; ) {
            Lowering.Command first = lowering.commands.get(c);
            List<String> kernels = new ArrayList<>();
            Set<Integer> slots = new TreeSet<>();
            double sum = 0;
            int next = c;
            do {
                Lowering.Command each = lowering.commands.get(next);
                kernels.add(each.kernel().name());
                each.words().stream()
                        .map(Lowering.Word::slot)
                        .filter(s -> s >= 0)
                        .forEach(slots::add);
                sum += nanos[next++];
            } while (next < nanos.length
                    && first.call() >= 0
                    && lowering.commands.get(next).call() == first.call());
            long bytes = slots.stream()
                    .map(lowering.slots::get)
                    .filter(s -> s.content.value() >= 0) // scratch stays in the caches
                    .mapToLong(s -> s.bytes)
                    .sum();
            rows.add(new Profile.Row(
                    first.where(), kernels, lowering.shapes(first.call()), bytes, work(first.call()), sum / 1e3));
            c = next;
        }
        return rows;
    }

    private long work(int call) {
        return call < 0
                ? 0
                : lowering.call(call).op().multiplyAdds(lowering.given(call).toArray(Shape[]::new));
    }

    /** The calls of a graph and what they give to one another, in the language of Graphviz. */
    static String dot(CallGraph graph) {
        StringBuilder text = new StringBuilder("digraph plan {\n  node [shape=box, fontname=\"sans-serif\"];\n");
        for (int v : graph.inputs) {
            text.append(node("v" + v, graph.values.get(v), ", shape=ellipse"));
        }
        String[] maker = new String[graph.values.size()];
        for (int v : graph.inputs) {
            maker[v] = "v" + v;
        }
        for (int i = 0; i < graph.nodes.size(); i++) {
            CallGraph.Node n = graph.nodes.get(i);
            text.append("  c" + i + " [label=" + quoted(n.where()) + "];\n");
            for (int v : n.out()) {
                if (v >= 0) {
                    maker[v] = "c" + i;
                }
            }
            for (int v : n.in()) {
                if (v >= 0 && maker[v] != null) {
                    text.append("  " + maker[v] + " -> c" + i + " [label="
                            + quoted(graph.values.get(v).shape().toString()) + "];\n");
                }
            }
        }
        for (int o = 0; o < graph.outputs.length; o++) {
            CallGraph.Value value = graph.values.get(graph.outputs[o]).named(graph.outputNames.get(o));
            text.append(node("o" + o, value, ", shape=ellipse"));
            if (maker[graph.outputs[o]] != null) {
                text.append("  " + maker[graph.outputs[o]] + " -> o" + o + ";\n");
            }
        }
        return text.append("}\n").toString();
    }

    private static String node(String name, CallGraph.Value value, String more) {
        return "  " + name + " [label=" + quoted(value.name() + " " + value.shape()) + more + "];\n";
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    /** Shapes as {@code [1, 784] [10, 784] to [1, 10]}. */
    static String shapes(List<Shape> in, List<Shape> out) {
        return in.stream().map(Shape::toString).collect(Collectors.joining(" ")) + " to "
                + out.stream().map(Shape::toString).collect(Collectors.joining(" "));
    }
}
