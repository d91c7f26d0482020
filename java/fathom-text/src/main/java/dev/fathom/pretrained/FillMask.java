package dev.fathom.pretrained;

import dev.fathom.tokenizer.EncodedText;
import dev.fathom.tokenizer.PretrainedTokenizer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * What may stand in the place of a masked token, from a folder whose architecture in {@code config.json} ends with
 * {@code ForMaskedLM}:
 *
 * <pre>{@code
 * try (var fill = FillMask.load(Path.of("bert-base-uncased"))) {
 *     fill.fill("Paris is the " + fill.mask() + " of France.", 5).get(0).token();   // capital
 * }
 * }</pre>
 *
 * <p>Only the logits of the masked tokens are computed, since a vocabulary is large. A text has the same bits alone, in
 * any batch and with any number of threads. A text that is longer than the model takes is cut at its end. Any number of
 * threads may share an object.
 */
public final class FillMask implements AutoCloseable {
    /** Each text of a run has a row of logits as long as the vocabulary. */
    private static final int TEXTS = 4;

    /**
     * A token in the place of the mask.
     *
     * @param token its text
     * @param text the whole text with it, as the tokenizer writes it
     * @param probability of all tokens of the vocabulary, whose sum is 1
     */
    public record Filled(String token, String text, float probability) {}

    private final TextHead head;
    private final int maskId;
    private final String mask;

    private FillMask(TextHead head, Path folder) {
        this.head = head;
        maskId = maskOf(folder, head.tokenizer());
        mask = head.tokenizer().token(maskId).orElseThrow();
    }

    /**
     * Loads a folder: {@code config.json}, weights and a tokenizer.
     *
     * @throws IllegalArgumentException if it is of another architecture or family, which the message names, or its
     *     tokenizer has no mask, or a file is damaged or contradicts another
     * @throws java.io.UncheckedIOException if a file cannot be read
     */
    public static FillMask load(Path folder) {
        return new FillMask(TextHead.load(folder, Task.WORDS, "FillMask", TEXTS), folder);
    }

    /** The number of the token that masks others, as the tokenizer's files name it or as it is usually called. */
    static int maskOf(Path folder, PretrainedTokenizer tokenizer) {
        List<String> names = new ArrayList<>();
        for (String file : List.of("tokenizer_config.json", "special_tokens_map.json")) {
            String name = Config.readIfThere(folder.resolve(file)).token("mask_token");
            if (name != null) {
                names.add(name);
            }
        }
        names.addAll(List.of("[MASK]", "<mask>"));
        return names.stream()
                .mapToInt(tokenizer::id)
                .filter(id -> id >= 0)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(folder + ": its tokenizer has none of the tokens "
                        + names + " for a mask; give the tokenizer of a model that fills in words"));
    }

    /** Returns the token that stands for the one that is looked for, such as {@code [MASK]}. */
    public String mask() {
        return mask;
    }

    /**
     * Returns the k likeliest tokens for the mask of a text, the likeliest first.
     *
     * @throws IllegalArgumentException if the text has not exactly one mask among the tokens that the model takes, or k
     *     is below 1 or above the number of tokens
     * @throws IllegalStateException if this was closed
     */
    public List<Filled> fill(String text, int k) {
        return fill(List.of(text), k).get(0);
    }

    /**
     * Returns for each text the k likeliest tokens for its mask, the likeliest first.
     *
     * @throws IllegalArgumentException if a text has not exactly one mask among the tokens that the model takes, or k
     *     is below 1 or above the number of tokens
     * @throws IllegalStateException if this was closed
     */
    public List<List<Filled>> fill(List<String> texts, int k) {
        long begin = System.nanoTime();
        PretrainedTokenizer tokenizer = head.tokenizer();
        int size = Math.min(tokenizer.size(), head.outputs());
        if (k < 1 || k > size) {
            throw new IllegalArgumentException(
                    "fill: k = " + k + " but there are " + size + " tokens; give 1 to " + size);
        }
        List<EncodedText> encoded = tokenizer.encode(texts);
        for (int i = 0; i < encoded.size(); i++) {
            long masks = Arrays.stream(encoded.get(i).ids())
                    .filter(id -> id == maskId)
                    .count();
            if (masks != 1) {
                throw new IllegalArgumentException("fill: text " + i + " has " + masks + " times " + mask + " among its"
                        + " first " + encoded.get(i).size() + " tokens; give one with it once");
            }
        }
        List<List<Filled>> results = new ArrayList<>(texts.size());
        int[] best = new int[k];
        head.runs()
                .run(
                        begin,
                        encoded,
                        (logits, text, place, start) -> results.add(
                                filled(encoded.get(text).ids(), logits, place * head.outputs(), best, size)));
        return results;
    }

    private List<Filled> filled(int[] ids, FloatBuffer logits, int at, int[] best, int size) {
        int n = 0;
        for (int id = 0; id < size; id++) {
            float z = logits.get(at + id);
            if (n == best.length && z <= logits.get(at + best[n - 1])) {
                continue;
            }
            int i = n < best.length ? n++ : n - 1;
            for (; i > 0 && z > logits.get(at + best[i - 1]); i--) {
                best[i] = best[i - 1];
            }
            best[i] = id;
        }
        float most = logits.get(at + best[0]);
        double sum = 0;
        for (int id = 0; id < head.outputs(); id++) {
            sum += Math.exp(logits.get(at + id) - most);
        }
        int masked = 0;
        while (ids[masked] != maskId) {
            masked++;
        }
        List<Filled> all = new ArrayList<>(n);
        for (int id : best) {
            if (head.tokenizer().token(id).isPresent()) {
                ids[masked] = id;
                all.add(new Filled(
                        head.tokenizer().decode(new int[] {id}, false),
                        head.tokenizer().decode(ids),
                        (float) (Math.exp(logits.get(at + id) - most) / sum)));
            }
        }
        return Collections.unmodifiableList(all);
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
