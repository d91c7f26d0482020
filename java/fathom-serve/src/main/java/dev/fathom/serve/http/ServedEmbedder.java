package dev.fathom.serve.http;

import com.google.gson.stream.JsonWriter;
import dev.fathom.pretrained.Embedder;
import dev.fathom.serve.FunctionBatcher;
import dev.fathom.serve.MicroBatcher.Settings;
import dev.fathom.serve.MicroBatcher.Statistics;
import dev.fathom.tokenizer.EncodedText;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Vectors of texts, of which several requests compute theirs together. */
final class ServedEmbedder extends ServedText {
    private final Embedder embedder;
    private final FunctionBatcher<Question, float[]> batcher;
    /** The embedders of each kind and number of dimensions that were asked for, so that their texts meet again. */
    private final Map<List<Object>, Embedder> variants = new ConcurrentHashMap<>();

    /** A text, and by which embedder it was read. */
    private record Question(Embedder embedder, EncodedText text) {}

    ServedEmbedder(String name, Embedder embedder, Settings settings) {
        super(name, "vectors");
        this.embedder = embedder;
        batcher = new FunctionBatcher<>(ServedEmbedder::embed, settings);
    }

    private static List<float[]> embed(List<Question> questions) {
        Map<Embedder, List<EncodedText>> texts = new LinkedHashMap<>();
        float[][] vectors = new float[questions.size()][];
        for (Question question : questions) {
            texts.computeIfAbsent(question.embedder, e -> new ArrayList<>()).add(question.text);
        }
        texts.forEach((embedder, of) -> {
            float[][] these = embedder.embedEncoded(of);
            for (int i = 0, next = 0; i < vectors.length; i++) {
                if (questions.get(i).embedder == embedder) {
                    vectors[i] = these[next++];
                }
            }
        });
        return List.of(vectors);
    }

    /**
     * The embedder of requests that want so many dimensions, or all for 0, and give texts of this kind, such as
     * {@code query}.
     */
    Embedder variant(int dimensions, @Nullable String kind) {
        if (dimensions == 0 && kind == null) {
            return embedder;
        }
        String prompt = kind == null ? null : embedder.prompts().get(kind);
        if (kind != null && prompt == null) {
            throw new HttpException(
                    400,
                    "the model knows no input_type \"" + kind + "\"; it knows "
                            + embedder.prompts().keySet());
        }
        return variants.computeIfAbsent(List.of(dimensions, kind == null ? "" : kind), asked -> {
            Embedder read = prompt == null ? embedder : embedder.prompt(prompt);
            return dimensions == 0 ? read : read.dimensions(dimensions);
        });
    }

    /** The vectors of texts that the embedder has encoded. */
    List<float[]> embed(Embedder variant, List<EncodedText> texts, Duration deadline) throws InterruptedException {
        return batcher.apply(
                texts.stream().map(text -> new Question(variant, text)).toList(), deadline);
    }

    @Override
    public Statistics statistics() {
        return batcher.statistics();
    }

    @Override
    void describe(JsonWriter out) throws IOException {
        out.name("dimensions").value(embedder.dimensions());
        out.name("longest").value(embedder.longest());
    }

    @Override
    public void close() {
        batcher.close();
        embedder.close();
    }

    @Override
    public String toString() {
        return name() + ": vectors of " + embedder.dimensions() + " numbers, of texts of at most " + embedder.longest()
                + " tokens";
    }
}
