package dev.fathom.pretrained;

import dev.fathom.tokenizer.EncodedText;
import dev.fathom.tokenizer.TokenTruncation;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The part of a text that answers a question (Rajpurkar et al. 2016), from a folder whose architecture in
 * {@code config.json} ends with {@code ForQuestionAnswering}:
 *
 * <pre>{@code
 * try (var reader = QuestionAnswering.load(Path.of("distilbert-squad"))) {
 *     reader.answer("Where does Anna live?", "Anna lives in New York.").text();   // New York
 * }
 * }</pre>
 *
 * <p>A long context is read in windows of at most 384 tokens with the question, which overlap by 128 of them. In each,
 * the softmaxes of the two outputs over the context's tokens and the first token, which stands for no answer, are the
 * probabilities that an answer begins and ends with a token. The answer is the span with the largest product of both,
 * of those in the context that are not longer than {@link #longest}, made wider to whole words. This is what the
 * pipeline of transformers does.
 *
 * <p>A question has the same bits with any number of threads, any of which may share an object; those that
 * {@link #longest} returns share its weights and are closed with it.
 */
public final class QuestionAnswering implements AutoCloseable {
    private static final int WINDOW = 384;
    private static final int STRIDE = 128;
    private static final int LONGEST = 15;

    /**
     * A part of a context.
     *
     * @param begin where it begins, in UTF-16 units as Java's strings count
     * @param end where it ends
     * @param score the product of the probabilities of its first and its last token
     */
    public record Answer(String text, int begin, int end, float score) {}

    /** The best span of a window, by its tokens. */
    private record Best(int first, int last, double score) {}

    private final TextHead head;
    private final int longest;

    private QuestionAnswering(TextHead head, int longest) {
        this.head = head;
        this.longest = longest;
    }

    /**
     * Loads a folder: {@code config.json}, weights and a tokenizer. Answers have at most 15 tokens unless
     * {@link #longest} says otherwise.
     *
     * @throws IllegalArgumentException if it is of another architecture or family, which the message names, or a file
     *     is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static QuestionAnswering load(Path folder) {
        return new QuestionAnswering(TextHead.load(folder, Task.ANSWERS, "QuestionAnswering", TextRuns.TEXTS), LONGEST);
    }

    /**
     * Returns a reader whose answers have at most so many tokens.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public QuestionAnswering longest(int tokens) {
        if (tokens < 1) {
            throw new IllegalArgumentException(
                    "QuestionAnswering: answers of at most " + tokens + " tokens have none; give at least 1");
        }
        return new QuestionAnswering(head, tokens);
    }

    /**
     * Returns the answer to a question that a context gives.
     *
     * @throws IllegalArgumentException if the context has no token, or the question is so long that no token of the
     *     context fits beside it
     * @throws IllegalStateException if this was closed
     */
    public Answer answer(String question, String context) {
        long begin = System.nanoTime();
        List<EncodedText> windows = windows(question, context);
        Best[] all = new Best[windows.size()];
        head.runs()
                .run(
                        begin,
                        windows,
                        (outputs, window, place, start) -> all[window] = best(windows.get(window), outputs, start));
        int found = -1;
        for (int w = 0; w < all.length; w++) {
            Best each = all[w];
            if (each != null && (found < 0 || each.score > all[found].score)) {
                found = w;
            }
        }
        if (found < 0) {
            throw new IllegalArgumentException("answer: the context has no token; give a text");
        }
        EncodedText window = windows.get(found);
        int first = all[found].first;
        int last = all[found].last;
        while (sameWord(window, first, first - 1)) {
            first--;
        }
        while (sameWord(window, last, last + 1)) {
            last++;
        }
        return new Answer(
                context.substring(window.start(first), window.end(last)), window.start(first), window.end(last), (float)
                        all[found].score);
    }

    private List<EncodedText> windows(String question, String context) {
        int most = Math.min(head.longest(), WINDOW);
        int others = head.tokenizer().withoutTruncation().encode(question, "").size();
        int room = most - others;
        if (room < 1) {
            throw new IllegalArgumentException("answer: the question has " + others + " tokens with those around it and"
                    + " leaves none of " + most + " for the context; ask a shorter one");
        }
        int stride = Math.min(STRIDE, most / 2);
        EncodedText first = head.tokenizer()
                .truncation(new TokenTruncation(
                        most, stride < room ? stride : room / 2, TokenTruncation.Strategy.ONLY_SECOND, false))
                .encode(question, context);
        List<EncodedText> all = new ArrayList<>(List.of(first));
        all.addAll(first.overflowing());
        return all;
    }

    private static boolean sameWord(EncodedText text, int token, int other) {
        return other >= 0 && other < text.size() && text.text(other) == 1 && text.word(other) == text.word(token);
    }

    /** The best span of the tokens from {@code start} on, or null where none is of the context. */
    private @Nullable Best best(EncodedText window, FloatBuffer outputs, int start) {
        int from = 0;
        while (from < window.size() && window.text(from) != 1) {
            from++;
        }
        int to = from;
        while (to < window.size() && window.text(to) == 1) {
            to++;
        }
        double[] begins = probabilities(outputs, start, from, to, 0);
        double[] ends = probabilities(outputs, start, from, to, 1);
        Best best = null;
        double most = Double.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) {
            for (int j = i; j < to && j - i < longest; j++) {
                double score = begins[i - from] * ends[j - from];
                if (score > most) {
                    most = score;
                    best = new Best(i, j, score);
                }
            }
        }
        return best;
    }

    /** The softmax of an output over the tokens of the context and the first of all, without the latter's share. */
    private static double[] probabilities(FloatBuffer outputs, int start, int from, int to, int which) {
        double[] p = new double[to - from];
        double none = outputs.get(2 * start + which);
        double most = none;
        for (int i = 0; i < p.length; i++) {
            p[i] = outputs.get(2 * (start + from + i) + which);
            most = Math.max(most, p[i]);
        }
        double sum = Math.exp(none - most);
        for (int i = 0; i < p.length; i++) {
            p[i] = Math.exp(p[i] - most);
            sum += p[i];
        }
        for (int i = 0; i < p.length; i++) {
            p[i] /= sum;
        }
        return p;
    }

    /** Returns how many tokens a second were read so far, with all that was done, or 0 before the first. */
    public double tokensPerSecond() {
        return head.runs().tokensPerSecond();
    }

    /** Closes the model, for all readers that share it. */
    @Override
    public void close() {
        head.close();
    }
}
