package dev.fathom.cli;

import com.google.gson.stream.JsonWriter;
import dev.fathom.io.TensorFile;
import dev.fathom.io.TensorFormat;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code fathom inspect FILE}: what a file of tensors holds, without reading their numbers. */
@Command(
        name = "inspect",
        description = "Lists the tensors, sizes, types and metadata of a file of weights: safetensors (also in several"
                + " parts), PyTorch, npz, GGUF, llama2.c.")
public final class Inspect implements Callable<Integer> {
    private static final int HEAD = 512;
    private static final int LONGEST_TEXT = 100;

    private final PrintStream out;

    @Parameters(paramLabel = "FILE", description = "The file, or the index of its parts.")
    private Path file;

    @Option(names = "--json", description = "Print it as JSON, with the whole texts.")
    private boolean json;

    @Mixin
    Help help;

    public Inspect(PrintStream out) {
        this.out = out;
    }

    @Override
    public Integer call() {
        try (TensorFile tensors = TensorFile.open(file)) {
            List<TensorFile.Entry> entries =
                    tensors.names().stream().map(tensors::entry).toList();
            if (json) {
                out.println(json(format(file), entries, tensors.metadata()));
            } else {
                print(entries, tensors.metadata());
            }
        }
        return 0;
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

    private static String json(String format, List<TensorFile.Entry> entries, Map<String, String> metadata) {
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
            json.endObject().endObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }
}
