package dev.fathom.finetune;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.CrossEntropy;
import dev.fathom.nn.Loss;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.tokenizer.EncodedText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a decoder learns from: windows of tokens as the field {@code x}, and the token that follows each of theirs as
 * the field {@code y}, which is {@link #IGNORED} where nothing or a special token of the tokenizer follows, such as the
 * beginning of the next text. A decoder is a layer, so that a trainer trains it:
 *
 * <pre>{@code
 * try (Model<CausalNet> model = Pretrained.decoder(folder);
 *         Dataset windows = NextTokens.packed(tokenizer.encode(texts), tokenizer.id("<|endoftext|>"), 512)) {
 *     Trainer.of(model, NextTokens.loss(), new AdamW(5e-5f)).fit(windows.shuffled(1).batches(4), 3);
 *     Pretrained.save(model, folder, Path.of("tuned"));
 * }
 * }</pre>
 */
public final class NextTokens {
    /** The label that does not count, as in PyTorch. */
    public static final int IGNORED = -100;
    /** The end for texts that are followed by none. */
    public static final int NO_END = -1;

    private NextTokens() {}

    /** Returns the cross-entropy over the tokens that count. */
    public static CrossEntropy loss() {
        return Loss.crossEntropy().ignoreIndex(IGNORED);
    }

    /**
     * Lays texts one behind the other and cuts them into windows, so that no place is lost to padding except in the
     * last. A token also sees those of the texts in front of its own.
     *
     * @param end the number of the token behind each text, or {@link #NO_END}
     * @param length the tokens of a window
     * @throws IllegalArgumentException if the length is below 1 or the end below -1, or no token follows another
     */
    public static Dataset packed(List<EncodedText> texts, int end, int length) {
        List<int[]> all = new ArrayList<>();
        List<int[]> marks = new ArrayList<>();
        for (EncodedText text : texts) {
            all.add(tokens(text, end));
            marks.add(learned(text, end));
        }
        return dataset(List.of(joined(all)), List.of(joined(marks)), length, Integer.MAX_VALUE);
    }

    /**
     * Gives each text a window of its own, whose rest is padding. A longer text is cut at its end.
     *
     * @param end the number of the token behind each text, or {@link #NO_END}
     * @param length the tokens of a window
     * @throws IllegalArgumentException if the length is below 1 or the end below -1, or no token follows another
     */
    public static Dataset padded(List<EncodedText> texts, int end, int length) {
        return dataset(
                texts.stream().map(text -> tokens(text, end)).toList(),
                texts.stream().map(text -> learned(text, end)).toList(),
                length,
                1);
    }

    private static int[] tokens(EncodedText text, int end) {
        if (end < NO_END) {
            throw new IllegalArgumentException(
                    "NextTokens: the end " + end + " is no token; give its number, or NextTokens.NO_END for none");
        }
        int[] ids = Arrays.copyOf(text.ids(), text.size() + (end == NO_END ? 0 : 1));
        Arrays.fill(ids, text.size(), ids.length, end);
        return ids;
    }

    /** 1 for each token that is to be told from those before it. */
    private static int[] learned(EncodedText text, int end) {
        return IntStream.range(0, text.size() + (end == NO_END ? 0 : 1))
                .map(t -> t < text.size() && text.special(t) ? 0 : 1)
                .toArray();
    }

    private static int[] joined(List<int[]> parts) {
        return parts.stream().flatMapToInt(Arrays::stream).toArray();
    }

    private static Dataset dataset(List<int[]> tokens, List<int[]> learned, int length, int mostWindows) {
        Checks.atLeast("NextTokens", "length", length, 1);
        List<int[]> x = new ArrayList<>();
        List<int[]> y = new ArrayList<>();
        for (int i = 0; i < tokens.size(); i++) {
            int[] ids = tokens.get(i);
            int[] labels = new int[ids.length];
            for (int t = 0; t < ids.length; t++) {
                labels[t] = t + 1 < ids.length && learned.get(i)[t + 1] == 1 ? ids[t + 1] : IGNORED;
            }
            for (int from = 0, n = 0; from < ids.length - 1 && n < mostWindows; from += length, n++) {
                int to = Math.min(from + length, ids.length);
                int[] targets = new int[length];
                Arrays.fill(targets, IGNORED);
                System.arraycopy(labels, from, targets, 0, to - from);
                if (Arrays.stream(targets).anyMatch(label -> label != IGNORED)) {
                    x.add(Arrays.copyOf(Arrays.copyOfRange(ids, from, to), length));
                    y.add(targets);
                }
            }
        }
        if (x.isEmpty()) {
            throw new IllegalArgumentException("NextTokens: in the " + tokens.size()
                    + " texts no token follows another; give texts of at least two tokens");
        }
        return Dataset.of(
                Field.ints("x", Shape.of(length), joined(x)).input(),
                Field.ints("y", Shape.of(length), joined(y)).target());
    }
}
