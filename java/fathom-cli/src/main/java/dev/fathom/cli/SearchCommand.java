package dev.fathom.cli;

import com.google.gson.stream.JsonWriter;
import dev.fathom.pretrained.Embedder;
import dev.fathom.retrieval.Passage;
import dev.fathom.retrieval.TextIndex;
import dev.fathom.view.HtmlReport;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code fathom search FOLDER QUESTION}: the passages of a folder of text files that mean what is asked for. */
@Command(
        name = "search",
        description =
                "Finds passages in the text files of a folder by what they mean, with a model that makes vectors of"
                        + " texts. The index is renewed where files have changed.",
        sortOptions = false)
public final class SearchCommand implements Callable<Integer> {
    private final PrintStream out;
    private final PrintStream err;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FOLDER", description = "The folder of the text files.")
    private Path folder;

    @Parameters(index = "1", paramLabel = "QUESTION", description = "What is looked for, as a question or some words.")
    private String question;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "FOLDER",
            description = "The folder of a model of sentence-transformers, transformers or model2vec.")
    private Path model;

    @Option(names = "-k", paramLabel = "N", defaultValue = "5", description = "How many passages (${DEFAULT-VALUE}).")
    private int k;

    @Option(
            names = "--ending",
            paramLabel = "ENDING",
            description = "Files whose names end so are read too, such as .rst, beside .txt and .md; may be repeated.")
    private List<String> endings = List.of();

    @Option(
            names = "--index",
            paramLabel = "FOLDER",
            description = "The folder of the index (" + TextIndex.FOLDER + " in the folder of the files).")
    private @Nullable Path index;

    @Option(names = "--json", description = "Prints the answer as JSON.")
    private boolean json;

    @Option(
            names = "--page",
            paramLabel = "PAGE",
            description = "Writes the answer to a page .html, too, and opens it in a browser if this is a terminal.")
    private @Nullable Path page;

    @Mixin
    Help help;

    public SearchCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    @Override
    public Integer call() {
        if (k < 1) {
            throw new ParameterException(spec.commandLine(), "-k " + k + ": choose at least 1");
        }
        Set<String> all = new TreeSet<>(Set.of(".txt", ".md"));
        endings.forEach(e -> all.add(e.toLowerCase(Locale.ROOT)));
        Path place = index == null ? folder.resolve(TextIndex.FOLDER) : index;
        try (Embedder embedder = Embedder.load(model);
                TextIndex texts = TextIndex.of(folder, place, embedder, all, new Bar())) {
            texts.skipped().forEach(err::println);
            long begin = System.nanoTime();
            List<TextIndex.Match> found = texts.search(question, k);
            double millis = (System.nanoTime() - begin) * 1e-6;
            if (json) {
                out.println(json(found));
            } else {
                print(texts, found, millis);
            }
            if (page != null) {
                page(texts, found).write(page);
                err.println("open " + page + " in a browser");
                open(page);
            }
        }
        return 0;
    }

    private static String place(Passage p) {
        return p.file() + ":" + p.firstLine();
    }

    private void print(TextIndex texts, List<TextIndex.Match> found, double millis) {
        for (int i = 0; i < found.size(); i++) {
            Passage p = found.get(i).passage();
            out.printf(Locale.ROOT, "%d  %.3f  %s%n", i + 1, found.get(i).score(), plain(place(p)));
            p.text().lines().forEach(line -> out.println("    " + plain(line)));
            out.println();
        }
        out.printf(
                Locale.ROOT,
                "%,d passages of %,d files, %,d new; searched in %.1f ms%n",
                texts.passages().size(),
                texts.files(),
                texts.embedded(),
                millis);
    }

    /** A text of a file for a terminal: without characters that would move its cursor. */
    private static String plain(String text) {
        return text.replaceAll("\\p{Cntrl}", " ");
    }

    private static String json(List<TextIndex.Match> found) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setIndent("  ");
            json.beginArray();
            for (TextIndex.Match m : found) {
                json.beginObject().name("score").value(m.score());
                json.name("file").value(m.passage().file());
                json.name("firstLine").value(m.passage().firstLine());
                json.name("lastLine").value(m.passage().lastLine());
                json.name("text").value(m.passage().text()).endObject();
            }
            json.endArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private HtmlReport page(TextIndex texts, List<TextIndex.Match> found) {
        HtmlReport report = new HtmlReport(question)
                .figure(
                        "Passages",
                        String.format(Locale.ROOT, "%,d", texts.passages().size()))
                .figure("Files", String.format(Locale.ROOT, "%,d", texts.files()));
        if (found.isEmpty()) {
            report.text("The folder has no text to search.");
        }
        for (TextIndex.Match m : found) {
            String lines = m.passage().firstLine() == m.passage().lastLine()
                    ? "line " + m.passage().firstLine()
                    : "lines " + m.passage().firstLine() + " to " + m.passage().lastLine();
            report.note(
                    String.format(
                            Locale.ROOT, "%.3f  %s, %s", m.score(), m.passage().file(), lines),
                    m.passage().text());
        }
        report.small(
                "The number is the cosine of the angle between the vectors that " + model.getFileName()
                        + " gives the question and the passage: 1 for the same text, about 0 for texts that have nothing in common.");
        return report;
    }

    /** Where there is no browser, the line that names the page must do. */
    private static void open(Path page) {
        if (System.console() == null) {
            return;
        }
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String opener = system.contains("win") ? "explorer" : system.contains("mac") ? "open" : "xdg-open";
        try {
            new ProcessBuilder(opener, page.toAbsolutePath().toString())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            // the system has no such program
        }
    }

    /** Shows how far the model has come, on a terminal, and one line at the end elsewhere. */
    private final class Bar implements TextIndex.Progress {
        private final StatusLine line = new StatusLine(err);
        private final long began = System.nanoTime();

        @Override
        public void done(int passages, int total) {
            double seconds = Math.max(1e-9, (System.nanoTime() - began) * 1e-9);
            double rate = passages / seconds;
            String figures = String.format(Locale.ROOT, "%,d of %,d passages  %,.0f passages/s", passages, total, rate);
            if (passages == total) {
                line.clear();
                err.println("indexed " + figures);
            } else {
                String left = StatusLine.left((total - passages) / rate);
                line.show("indexing " + StatusLine.bar((double) passages / total) + " " + figures + "  " + left);
            }
        }
    }
}
