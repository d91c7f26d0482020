package dev.fathom.serve.http;

import com.google.gson.stream.JsonWriter;
import dev.fathom.pretrained.Classifier;
import dev.fathom.pretrained.Embedder;
import dev.fathom.pretrained.Pretrained;
import dev.fathom.pretrained.TextWriter;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.serve.MicroBatcher.Statistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A model of texts under the name by which a service knows it: one that turns texts into vectors, one that labels them,
 * or one that goes on writing them.
 *
 * <pre>{@code
 * Service.on(8080).text(ServedText.load("minilm", Path.of("all-MiniLM-L6-v2"), Settings.of(32))).start();
 * }</pre>
 *
 * <p>It needs the module {@code fathom-text}, which a service of plans does without.
 */
public abstract class ServedText implements AutoCloseable {
    private final String name;
    private final String kind;

    ServedText(String name, String kind) {
        this.name = ServedModel.checked("ServedText", name);
        this.kind = kind;
    }

    /**
     * Serves vectors of texts, which several requests compute together. The embedder belongs to this from now on.
     *
     * @param name letters, digits, dots, hyphens and underscores
     * @throws IllegalArgumentException if the name has others, or as {@link dev.fathom.serve.FunctionBatcher}
     */
    public static ServedText of(String name, Embedder embedder, Settings settings) {
        return new ServedEmbedder(name, embedder, settings);
    }

    /**
     * Serves labels of texts, which several requests compute together. The classifier belongs to this from now on.
     *
     * @param name letters, digits, dots, hyphens and underscores
     * @throws IllegalArgumentException if the name has others, or as {@link dev.fathom.serve.FunctionBatcher}
     */
    public static ServedText of(String name, Classifier classifier, Settings settings) {
        return new ServedClassifier(name, classifier, settings);
    }

    /**
     * Serves what follows texts. The writer, whose way to choose tokens is that of requests that name none, belongs to
     * this from now on.
     *
     * @param name letters, digits, dots, hyphens and underscores
     * @param atOnce how many texts are written at the same time; further requests wait
     * @throws IllegalArgumentException if the name has others, or none may be written
     */
    public static ServedText of(String name, TextWriter writer, int atOnce) {
        return new ServedWriter(name, writer, atOnce);
    }

    /**
     * Loads a folder as transformers or sentence-transformers writes it, or the file of a Llama that llama.cpp has. The
     * architecture that its {@code config.json} names decides what is served: labels where it ends with
     * {@code ForSequenceClassification}, what follows where it is a causal language model, and vectors otherwise.
     *
     * @param settings how requests are put together; a writer has as many texts at once as there are workers
     * @throws IllegalArgumentException if it is of another kind, or as the load of an {@link Embedder}, a
     *     {@link Classifier} or a {@link TextWriter}
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static ServedText load(String name, Path folder, Settings settings) {
        String checked = ServedModel.checked("ServedText", name); // before minutes of loading
        String architecture =
                Files.isDirectory(folder) ? Pretrained.architecture(folder).orElse("") : "CausalLM";
        if (architecture.endsWith("ForSequenceClassification")) {
            return of(checked, Classifier.load(folder), settings);
        }
        if (architecture.endsWith("CausalLM") || architecture.endsWith("LMHeadModel")) {
            return of(checked, TextWriter.load(folder), settings.workers());
        }
        if (architecture.endsWith("ForTokenClassification") || architecture.endsWith("ForQuestionAnswering")) {
            throw new IllegalArgumentException("ServedText: " + folder + " is of a " + architecture + ", which is"
                    + " not served over HTTP; call it by TokenClassifier or QuestionAnswering");
        }
        return of(checked, Embedder.load(folder), settings);
    }

    /** Returns the name. */
    public final String name() {
        return name;
    }

    /** Returns what was computed, and what waits. */
    public abstract Statistics statistics();

    /** What the page of the service knows of it, as JSON. */
    final String described() {
        return Json.write(out -> {
            out.beginObject().name("name").value(name).name("kind").value(kind);
            describe(out);
            out.endObject();
        });
    }

    /** Writes what the page knows of it beside its name and kind. */
    void describe(JsonWriter out) throws IOException {}

    /** Computes what was submitted, and closes the model. Closing twice does nothing. */
    @Override
    public abstract void close();

    /** Returns the name, and what it does. */
    @Override
    public abstract String toString();
}
