package dev.fathom.cli;

import com.google.gson.stream.JsonWriter;
import dev.fathom.io.TensorFile;
import dev.fathom.io.TensorFormat;
import dev.fathom.onnx.OnnxGraph;
import dev.fathom.view.HtmlReport;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code fathom inspect FILE}: what a file of tensors or a model of ONNX holds, without reading numbers. */
@Command(
        name = "inspect",
        description = "Lists the tensors, sizes, types and metadata of a file of weights: safetensors (also in several"
                + " parts), PyTorch, npz, GGUF, llama2.c, ONNX; of a model of ONNX its graph, too.")
public final class Inspect implements Callable<Integer> {
    private static final int HEAD = 512;
    private static final int LONGEST_TEXT = 100;
    /** Nodes of a graph that one picture holds. */
    private static final int MOST_DRAWN = 400;

    private final PrintStream out;

    @Parameters(paramLabel = "FILE", description = "The file, or the index of its parts.")
    private Path file;

    @Option(names = "--json", description = "Print it as JSON, with the whole texts.")
    private boolean json;

    @Option(names = "--dot", paramLabel = "FILE", description = "Writes the graph of ONNX to a file for Graphviz, too.")
    private @Nullable Path dot;

    @Option(names = "--page", paramLabel = "FILE", description = "Writes a page with a drawing of the graph, too.")
    private @Nullable Path page;

    @Spec
    private CommandSpec spec;

    @Mixin
    Help help;

    public Inspect(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        OnnxGraph graph = file.toString().endsWith(".onnx") ? OnnxGraph.read(file) : null;
        if (graph == null && (dot != null || page != null)) {
            throw new ParameterException(
                    spec.commandLine(), "--dot and --page draw the graph of ONNX, which " + file + " has not");
        }
        try (TensorFile tensors = TensorFile.open(file)) {
            List<TensorFile.Entry> entries =
                    tensors.names().stream().map(tensors::entry).toList();
            if (json) {
                out.println(json(format(file), entries, tensors.metadata(), graph));
            } else {
                print(entries, tensors.metadata());
                if (graph != null) {
                    print(graph);
                }
            }
        }
        if (graph != null && dot != null) {
            ExplainCommand.write(dot, graph.toDot());
        }
        if (graph != null && page != null) {
            page(graph).write(page);
            if (!json) {
                out.println("page: " + page);
            }
        }
        return 0;
    }

    // ---- graphs

    private void print(OnnxGraph graph) {
        out.println();
        graph.inputs().forEach(in -> out.println("input " + plain(in.toString())));
        graph.outputs().forEach(o -> out.println("output " + plain(o.toString())));
        out.println(counted(graph));
        out.println(computed(graph));
    }

    private static String counted(OnnxGraph graph) {
        return graph.operators().values().stream().mapToInt(n -> n).sum() + " nodes: "
                + graph.operators().entrySet().stream()
                        .map(e -> e.getValue() + " " + plain(e.getKey()))
                        .collect(Collectors.joining(", "));
    }

    private static String computed(OnnxGraph graph) {
        return graph.missing().isEmpty()
                ? "Fathom computes all of these operators."
                : "Fathom does not compute "
                        + graph.missing().stream().map(Inspect::plain).toList() + ".";
    }

    private HtmlReport page(OnnxGraph graph) {
        String name = String.valueOf(file.getFileName());
        HtmlReport page = new HtmlReport("The graph " + name)
                .text("Written by " + (graph.producer().isEmpty() ? "an unnamed program" : graph.producer()) + ". "
                        + computed(graph));
        page.section("What goes in and comes out");
        List<List<String>> ports = new ArrayList<>();
        graph.inputs().forEach(p -> ports.add(List.of("input", p.name(), p.type(), String.valueOf(p.dims()))));
        graph.outputs().forEach(p -> ports.add(List.of("output", p.name(), p.type(), String.valueOf(p.dims()))));
        page.table(List.of("", "name", "type", "dimensions"), ports).section("Operators");
        page.table(
                List.of("operator", "nodes"),
                graph.operators().entrySet().stream()
                        .map(e -> List.of(e.getKey(), e.getValue().toString()))
                        .toList());
        page.section("How the nodes are joined");
        return graph.nodes().size() > MOST_DRAWN
                ? page.text("There are more than " + MOST_DRAWN + " nodes; --dot writes them for Graphviz.")
                : page.picture(PlanPage.diagram(name, graph.toDot()).render(), "nodes of the graph");
    }

    /** The name of the format that reads a file. */
    private static String format(Path file) {
        byte[] head;
        try (InputStream in = Files.newInputStream(file)) {
            head = in.readNBytes(HEAD);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + e.getMessage(), e);
        }
        for (TensorFormat format : ServiceLoader.load(TensorFormat.class)) {
            if (format.reads(file, head)) {
                return format.toString();
            }
        }
        return "safetensors";
    }

    private static long parameters(List<TensorFile.Entry> entries) {
        return entries.stream()
                .mapToLong(e -> TensorFile.Entry.elements(e.dims()))
                .sum();
    }

    private static long bytes(List<TensorFile.Entry> entries) {
        return entries.stream().mapToLong(TensorFile.Entry::bytes).sum();
    }

    private void print(List<TensorFile.Entry> entries, Map<String, String> metadata) {
        int name =
                entries.stream().mapToInt(e -> plain(e.name()).length()).max().orElse(0);
        int type =
                entries.stream().mapToInt(e -> plain(e.type()).length()).max().orElse(0);
        int shape = entries.stream().mapToInt(e -> shape(e).length()).max().orElse(0);
        String row =
                "%-" + Math.max(name, 6) + "s  %-" + Math.max(type, 4) + "s  %-" + Math.max(shape, 5) + "s  %15s%s%n";
        out.println(file + ": " + format(file));
        out.println();
        out.printf(Locale.ROOT, row, "tensor", "type", "shape", "bytes", "");
        for (TensorFile.Entry e : entries) {
            String unread = e.stored() == null ? "  (listed only: this type is not read)" : "";
            out.printf(
                    Locale.ROOT,
                    row,
                    plain(e.name()),
                    plain(e.type()),
                    shape(e),
                    String.format(Locale.ROOT, "%,d", e.bytes()),
                    unread);
        }
        out.println();
        out.printf(
                Locale.ROOT,
                "%,d tensors, %,d numbers, %,d bytes%n",
                entries.size(),
                parameters(entries),
                bytes(entries));
        if (!metadata.isEmpty()) {
            out.println();
            metadata.forEach((key, value) -> out.println(plain(key) + " = " + plain(value)));
        }
    }

    private static String shape(TensorFile.Entry e) {
        return Arrays.toString(e.dims());
    }

    /** A text of the file for a terminal: cut, and without characters that would move its cursor. */
    private static String plain(String text) {
        String cut = text.length() > LONGEST_TEXT
                ? text.substring(0, LONGEST_TEXT) + "... (" + text.length() + " characters)"
                : text;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }

    private static String json(
            String format, List<TensorFile.Entry> entries, Map<String, String> metadata, @Nullable OnnxGraph graph) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setIndent("  ");
            json.beginObject().name("format").value(format).name("tensors").beginArray();
            for (TensorFile.Entry e : entries) {
                json.beginObject().name("name").value(e.name()).name("type").value(e.type());
                json.name("shape").beginArray();
                for (long d : e.dims()) {
                    json.value(d);
                }
                json.endArray().name("bytes").value(e.bytes());
                json.name("read").value(e.stored() != null).endObject();
            }
            json.endArray()
                    .name("numbers")
                    .value(parameters(entries))
                    .name("bytes")
                    .value(bytes(entries));
            json.name("metadata").beginObject();
            for (Map.Entry<String, String> m : metadata.entrySet()) {
                json.name(m.getKey()).value(m.getValue());
            }
            json.endObject();
            if (graph != null) {
                ports(json.name("inputs"), graph.inputs());
                ports(json.name("outputs"), graph.outputs());
                json.name("operators").beginObject();
                for (Map.Entry<String, Integer> o : graph.operators().entrySet()) {
                    json.name(o.getKey()).value(o.getValue());
                }
                json.endObject().name("missing").beginArray();
                for (String operator : graph.missing()) {
                    json.value(operator);
                }
                json.endArray();
            }
            json.endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private static void ports(JsonWriter json, List<OnnxGraph.Port> ports) throws IOException {
        json.beginArray();
        for (OnnxGraph.Port port : ports) {
            json.beginObject().name("name").value(port.name()).name("type").value(port.type());
            json.name("shape");
            if (port.dims() == null) {
                json.nullValue();
            } else {
                json.beginArray();
                for (OnnxGraph.Dimension d : port.dims()) {
                    if (d.free()) {
                        json.value(d.toString());
                    } else {
                        json.value(d.size());
                    }
                }
                json.endArray();
            }
            json.endObject();
        }
        json.endArray();
    }
}
