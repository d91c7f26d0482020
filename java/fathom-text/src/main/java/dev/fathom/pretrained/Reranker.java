package dev.fathom.pretrained;

import dev.fathom.tokenizer.EncodedText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How well passages answer a query, by an encoder that reads each of them together with the query (Nogueira and Cho
 * 2019), from a folder whose architecture in {@code config.json} ends with {@code ForSequenceClassification} and that
 * has one output, such as a CrossEncoder of sentence-transformers:
 *
 * <pre>{@code
 * try (var reranker = Reranker.load(Path.of("ms-marco-MiniLM-L6-v2"))) {
 *     int best = reranker.rank("How do I reset my password?", passages).get(0).passage();
 * }
 * }</pre>
 *
 * <p>A score is the sigmoid of the output, as in sentence-transformers, or the output itself where its settings name
 * the activation {@code Identity}.
 *
 * <p>A passage has the same bits alone, in any batch and with any number of threads. A pair that is longer than the
 * model takes is cut at the end of its longer text. Any number of threads may share a reranker.
 */
public final class Reranker implements AutoCloseable {
    /**
     * A passage of those that were given, and its score.
     *
     * @param passage its place among them, from 0
     */
    public record Ranked(int passage, float score) {}

    private final TextHead head;
    private final boolean identity;

    private Reranker(TextHead head, boolean identity) {
        this.head = head;
        this.identity = identity;
    }

    /**
     * Loads a folder: {@code config.json}, weights and a tokenizer.
     *
     * @throws IllegalArgumentException if it is of another architecture or family, which the message names, or has
     *     several outputs, or a file is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static Reranker load(Path folder) {
        Config config = Config.read(folder.resolve("config.json"));
        Task.TEXTS.mustBeOf(config, "Reranker");
        if (config.labels().size() != 1) {
            throw config.wrong("it has the labels " + config.labels() + ", which Classifier reads, but Reranker reads a"
                    + " model with one output");
        }
        Config sentences = Config.readIfThere(folder.resolve("config_sentence_transformers.json"));
        if (sentences.has("default_prompt_name")) {
            throw sentences.wrong("\"default_prompt_name\" is not null but Reranker sets no prompt in front of a query;"
                    + " set it to null, and give the prompt with each query");
        }
        String newer = sentences.text("activation_fn"); // since version 6
        String activation = newer != null ? newer : config.scoreActivation();
        boolean identity = activation != null && activation.endsWith(".Identity");
        if (activation != null && !identity && !activation.endsWith(".Sigmoid")) {
            throw (newer != null ? sentences : config)
                    .wrong("the activation of its scores is \"" + activation + "\" but only Sigmoid and Identity"
                            + " of torch.nn are known");
        }
        return new Reranker(TextHead.load(folder, Task.TEXTS, "Reranker", TextRuns.TEXTS), identity);
    }

    /**
     * Returns the score of each passage, higher where it answers the query better.
     *
     * @throws IllegalStateException if the reranker was closed
     */
    public float[] scores(String query, List<String> passages) {
        float[] scores = outputs(query, passages);
        for (int i = 0; i < scores.length; i++) {
            scores[i] = score(scores[i]);
        }
        return scores;
    }

    /**
     * Returns all passages with their scores, the best first.
     *
     * @throws IllegalStateException if the reranker was closed
     */
    public List<Ranked> rank(String query, List<String> passages) {
        float[] outputs = outputs(query, passages); // which differ where sigmoids are 1
        return IntStream.range(0, outputs.length)
                .boxed()
                .sorted(Comparator.comparing((Integer i) -> outputs[i]).reversed())
                .map(i -> new Ranked(i, score(outputs[i])))
                .toList();
    }

    private float score(float output) {
        return identity ? output : TextHead.sigmoid(output);
    }

    private float[] outputs(String query, List<String> passages) {
        long begin = System.nanoTime();
        List<EncodedText> pairs = new ArrayList<>(passages.size());
        for (String passage : passages) {
            pairs.add(head.tokenizer().encode(query, passage));
        }
        float[] results = new float[pairs.size()];
        head.runs().run(begin, pairs, (outputs, text, place, start) -> results[text] = outputs.get(place));
        return results;
    }

    /** Returns how many tokens a second were read so far, with all that was done, or 0 before the first. */
    public double tokensPerSecond() {
        return head.runs().tokensPerSecond();
    }

    /** Closes the model. */
    @Override
    public void close() {
        head.close();
    }
}
