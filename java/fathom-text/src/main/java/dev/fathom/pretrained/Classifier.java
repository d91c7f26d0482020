package dev.fathom.pretrained;

import dev.fathom.op.Checks;
import dev.fathom.tokenizer.EncodedText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Labels of texts, such as a sentiment, a topic or whether one text follows from another, from a folder whose
 * architecture in {@code config.json} ends with {@code ForSequenceClassification}:
 *
 * <pre>{@code
 * try (var classifier = Classifier.load(Path.of("distilbert-sst2"))) {
 *     Classifier.Label best = classifier.classify("A film to remember.").get(0);   // POSITIVE, 0.9998
 * }
 * }</pre>
 *
 * <p>The scores of a text are the softmax of its outputs, so that their sum is 1. Where {@code problem_type} is
 * {@code multi_label_classification}, or there is one output, each is the sigmoid of its output; where it is
 * {@code regression}, each is the output itself.
 *
 * <p>A text has the same bits alone, in any batch and with any number of threads. A text that is longer than the model
 * takes is cut at its end. Any number of threads may share a classifier.
 */
public final class Classifier implements AutoCloseable {
    /** A label and its score. */
    public record Label(String label, float score) {}

    private final TextHead head;
    private final List<String> labels;
    private final boolean regression;
    private final boolean each;

    private Classifier(TextHead head) {
        this.head = head;
        labels = head.config().labels();
        String type = head.config().text("problem_type");
        regression = "regression".equals(type);
        each = labels.size() == 1 || "multi_label_classification".equals(type);
    }

    /**
     * Loads a folder: {@code config.json}, weights and a tokenizer.
     *
     * @throws IllegalArgumentException if it is of another architecture or family, which the message names, or a file
     *     is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static Classifier load(Path folder) {
        return new Classifier(TextHead.load(folder, Task.TEXTS, "Classifier", TextRuns.TEXTS));
    }

    /** Returns the labels in the order of the model's outputs. */
    public List<String> labels() {
        return labels;
    }

    /**
     * Returns all labels of a text, the highest score first.
     *
     * @throws IllegalStateException if the classifier was closed
     */
    public List<Label> classify(String text) {
        return classify(List.of(text)).get(0);
    }

    /**
     * Returns all labels of two texts that belong together, such as a premise and a hypothesis, the highest score
     * first.
     *
     * @throws IllegalStateException if the classifier was closed
     */
    public List<Label> classify(String text, String second) {
        long begin = System.nanoTime();
        return labeled(begin, List.of(head.tokenizer().encode(text, second))).get(0);
    }

    /**
     * Returns all labels of each text, the highest score first.
     *
     * @throws IllegalStateException if the classifier was closed
     */
    public List<List<Label>> classify(List<String> texts) {
        long begin = System.nanoTime();
        return labeled(begin, head.tokenizer().encode(texts));
    }

    private List<List<Label>> labeled(long begin, List<EncodedText> texts) {
        List<List<Label>> results = new ArrayList<>(texts.size());
        float[] scores = new float[labels.size()];
        head.runs().run(begin, texts, (outputs, text, place, start) -> {
            outputs.get(place * scores.length, scores);
            if (!each && !regression) {
                TextHead.softmax(scores);
            }
            Label[] all = new Label[scores.length];
            for (int i = 0; i < all.length; i++) {
                all[i] = new Label(labels.get(i), each && !regression ? TextHead.sigmoid(scores[i]) : scores[i]);
            }
            Arrays.sort(all, Comparator.comparing(Label::score).reversed());
            results.add(List.of(all));
        });
        return results;
    }

    /**
     * Limits each later run to this many threads. With 0, which is the default, a run may use all threads of the pool.
     * A limit is for several callers at a time, each of which has processors of its own.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public void threads(int limit) {
        head.runs().threads(Checks.atLeast("Classifier", "threads", limit, 0));
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
