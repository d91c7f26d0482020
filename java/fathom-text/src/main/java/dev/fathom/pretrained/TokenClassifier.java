package dev.fathom.pretrained;

import dev.fathom.tokenizer.EncodedText;
import dev.fathom.tokenizer.PretrainedTokenizer;
import dev.fathom.tokenizer.TokenTruncation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Spans of a text with their labels, such as names of persons and places, from a folder whose architecture in
 * {@code config.json} ends with {@code ForTokenClassification}:
 *
 * <pre>{@code
 * try (var names = TokenClassifier.load(Path.of("bert-base-NER"))) {
 *     String text = "Anna lives in New York.";
 *     for (TokenClassifier.Span s : names.spans(text)) {
 *         System.out.println(s.label() + " " + text.substring(s.begin(), s.end()));   // PER Anna, LOC New York
 *     }
 * }
 * }</pre>
 *
 * <p>Each token has the label of its largest softmax. Neighboring tokens are one span where their labels are equal but
 * for {@code B-} and {@code I-} in front (Ramshaw and Marcus 1995), and {@code B-} begins a new one, which is the
 * aggregation {@code simple} of transformers. Tokens with the label {@code O} are in no span.
 *
 * <p>A text that is longer than the model takes is read in windows that overlap, and the label of a token is that of
 * the window in which more tokens stand around it. A text has the same bits alone, in any batch and with any number of
 * threads. Any number of threads may share an object.
 */
public final class TokenClassifier implements AutoCloseable {
    /** So many tokens of a long text are in two windows, or half of a window that is short. */
    private static final int STRIDE = 128;

    /**
     * A part of a text.
     *
     * @param label without {@code B-} and {@code I-}
     * @param score the mean of its tokens' probabilities
     * @param begin where it begins, in UTF-16 units as Java's strings count
     * @param end where it ends
     */
    public record Span(String label, float score, int begin, int end) {}

    private final TextHead head;
    private final PretrainedTokenizer tokenizer;
    private final int stride;
    private final List<String> labels;

    private TokenClassifier(TextHead head) {
        this.head = head;
        stride = Math.min(STRIDE, (head.longest() - head.around()) / 2);
        tokenizer = head.tokenizer()
                .truncation(new TokenTruncation(head.longest(), stride, TokenTruncation.Strategy.ONLY_FIRST, false));
        labels = head.config().labels();
    }

    /**
     * Loads a folder: {@code config.json}, weights and a tokenizer.
     *
     * @throws IllegalArgumentException if it is of another architecture or family, which the message names, or a file
     *     is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static TokenClassifier load(Path folder) {
        return new TokenClassifier(TextHead.load(folder, Task.TOKENS, "TokenClassifier", TextRuns.TEXTS));
    }

    /** Returns the labels of tokens in the order of the model's outputs. */
    public List<String> labels() {
        return labels;
    }

    /**
     * Returns the spans of a text, in their order.
     *
     * @throws IllegalStateException if this was closed
     */
    public List<Span> spans(String text) {
        return spans(List.of(text)).get(0);
    }

    /**
     * Returns the spans of each text, in their order.
     *
     * @throws IllegalStateException if this was closed
     */
    public List<List<Span>> spans(List<String> texts) {
        long begin = System.nanoTime();
        List<EncodedText> windows = new ArrayList<>();
        int[] ends = new int[texts.size()];
        for (int i = 0; i < ends.length; i++) {
            EncodedText first = tokenizer.encode(texts.get(i));
            windows.add(first);
            windows.addAll(first.overflowing());
            ends[i] = windows.size();
        }
        int[][] best = new int[windows.size()][];
        float[][] scores = new float[windows.size()][];
        float[] outputs = new float[labels.size()];
        head.runs().run(begin, windows, (results, window, place, start) -> {
            int n = windows.get(window).size();
            best[window] = new int[n];
            scores[window] = new float[n];
            for (int t = 0; t < n; t++) {
                results.get((start + t) * outputs.length, outputs);
                TextHead.softmax(outputs);
                int most = 0;
                for (int label = 1; label < outputs.length; label++) {
                    most = outputs[label] > outputs[most] ? label : most;
                }
                best[window][t] = most;
                scores[window][t] = outputs[most];
            }
        });
        List<List<Span>> all = new ArrayList<>(ends.length);
        for (int i = 0, first = 0; i < ends.length; first = ends[i++]) {
            Spans spans = new Spans();
            for (int w = first; w < ends[i]; w++) {
                EncodedText window = windows.get(w);
                int from = w > first ? stride / 2 : 0;
                int to = window.size() - head.around() - (w + 1 < ends[i] ? stride - stride / 2 : 0);
                for (int t = 0, at = 0; t < window.size(); t++) {
                    if (!window.special(t)) {
                        if (at >= from && at < to) {
                            spans.add(labels.get(best[w][t]), scores[w][t], window.start(t), window.end(t));
                        }
                        at++;
                    }
                }
            }
            all.add(spans.ended());
        }
        return all;
    }

    /** Joins tokens to spans. */
    private static final class Spans {
        private final List<Span> done = new ArrayList<>();
        private String last = "O";
        private String label = "O";
        private double sum;
        private int tokens;
        private int begin;
        private int end;

        void add(String next, float score, int from, int to) {
            if (tokens == 0 || next.startsWith("B-") || !kind(next).equals(kind(last))) {
                flush();
                label = next;
                begin = from;
            }
            last = next;
            sum += score;
            tokens++;
            end = to;
        }

        private static String kind(String label) {
            return label.startsWith("B-") || label.startsWith("I-") ? label.substring(2) : label;
        }

        private void flush() {
            if (tokens > 0 && !label.equals("O")) {
                done.add(new Span(label.substring(label.indexOf('-') + 1), (float) (sum / tokens), begin, end));
            }
            sum = 0;
            tokens = 0;
        }

        List<Span> ended() {
            flush();
            return List.copyOf(done);
        }
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
