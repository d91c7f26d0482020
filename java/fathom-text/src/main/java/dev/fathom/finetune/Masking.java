package dev.fathom.finetune;

import dev.fathom.op.Checks;
import dev.fathom.pretrained.HeadTuning;
import dev.fathom.pretrained.Headed;
import dev.fathom.pretrained.TextBatch;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tokenizer.EncodedText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Masks tokens of texts, from whose neighbors an encoder with a head that fills in words learns to tell them, as for
 * BERT (Devlin et al. 2019): each token is chosen with the probability {@code share}; of those that are chosen, 80 %
 * become the mask, 10 % a random token, and 10 % stay, and the loss is over the chosen ones alone. Special tokens are
 * never chosen. Each call draws anew, so that an epoch masks other tokens than the one before (Liu et al. 2019).
 *
 * <pre>{@code
 * try (var tuning = HeadTuning.fillMask(folder);
 *         var optimizer = new AdamW(5e-5f).on(tuning.model())) {
 *     Masking masking = Masking.of(tuning);
 *     for (...) {
 *         try (Pass pass = Pass.train(rng)) {
 *             Masking.Batch batch = masking.batch(tuning.tokenizer().encode(texts), rng);
 *             pass.backward(batch.loss(tuning.model().net()));
 *             optimizer.step();
 *         }
 *     }
 * }
 * }</pre>
 *
 * @param mask the number of the token that masks others
 * @param vocabulary how many tokens a random one is drawn from
 * @param share the probability by which a token is chosen, in (0, 1]
 * @param wholeWords whether all tokens of a word are chosen together, each of which then becomes the mask or another
 *     token by itself
 */
public record Masking(int mask, int vocabulary, double share, boolean wholeWords) {
    private static final double MASKED = 0.8;
    private static final double RANDOM = 0.1;

    /**
     * Texts with masked tokens.
     *
     * @param places I32 [chosen], which tokens of all texts were chosen
     * @param targets I32 [chosen], what stood there
     */
    public record Batch(TextBatch texts, Tensor places, Tensor targets) {
        /** Computes the mean over the chosen tokens of -log P(token). */
        public Tensor loss(Headed net) {
            return net.tokens(texts, places).crossEntropy(targets);
        }
    }

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if the mask is not in [0, vocabulary), or the share not in (0, 1]
     */
    public Masking {
        Checks.atLeast("Masking", "vocabulary", vocabulary, 1);
        if (mask < 0 || mask >= vocabulary) {
            throw new IllegalArgumentException("Masking: the mask " + mask + " is none of " + vocabulary
                    + " tokens; give the number of [MASK] or <mask>");
        }
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException(
                    "Masking: a share of " + share + " cannot be chosen; give one above 0 and at most 1, such as 0.15");
        }
    }

    /**
     * Makes BERT's masking, which chooses 15 % of the tokens, with the tokenizer of a folder.
     *
     * @throws IllegalArgumentException if the tokenizer has no mask
     */
    public static Masking of(HeadTuning tuning) {
        return new Masking(tuning.mask(), tuning.tokenizer().size(), 0.15, false);
    }

    /** Returns this masking with another probability by which a token is chosen. */
    public Masking share(double newShare) {
        return new Masking(mask, vocabulary, newShare, wholeWords);
    }

    /** Returns this masking of whole words. */
    public Masking ofWords() {
        return new Masking(mask, vocabulary, share, true);
    }

    /**
     * Masks tokens of texts, in the current pass. If chance chooses none, one token is drawn, so that there is a loss.
     *
     * @throws IllegalArgumentException if all tokens are special ones
     */
    public Batch batch(List<EncodedText> texts, Rng rng) {
        List<int[]> units = units(texts);
        if (units.isEmpty()) {
            throw new IllegalArgumentException(
                    "Masking: the " + texts.size() + " texts have no tokens but special ones; give texts with words");
        }
        double[] drawn = rng.doubles(units.size());
        List<int[]> chosen = new ArrayList<>();
        for (int i = 0; i < drawn.length; i++) {
            if (drawn[i] < share) {
                chosen.add(units.get(i));
            }
        }
        if (chosen.isEmpty()) {
            chosen.add(units.get(rng.ints(1, units.size())[0]));
        }
        int[] places = chosen.stream().flatMapToInt(Arrays::stream).toArray();
        TextBatch whole = TextBatch.of(texts);
        int[] ids = whole.ids().toIntArray();
        int[] targets = new int[places.length];
        double[] fates = rng.doubles(places.length);
        int[] others = rng.ints(places.length, vocabulary);
        for (int i = 0; i < places.length; i++) {
            targets[i] = ids[places[i]];
            if (fates[i] < MASKED) {
                ids[places[i]] = mask;
            } else if (fates[i] < MASKED + RANDOM) {
                ids[places[i]] = others[i];
            }
        }
        return new Batch(
                new TextBatch(
                        Tensor.ofInts(ids, 1, ids.length),
                        whole.types(),
                        whole.places(),
                        whole.owners(),
                        whole.lengths()),
                Tensor.ofInts(places, places.length),
                Tensor.ofInts(targets, targets.length));
    }

    /** The places that are chosen together, each of one token or of those of one word, in their order. */
    private List<int[]> units(List<EncodedText> texts) {
        List<int[]> units = new ArrayList<>();
        int begin = 0;
        for (EncodedText text : texts) {
            for (int t = 0; t < text.size(); t++) {
                if (text.special(t)) {
                    continue;
                }
                int from = t;
                while (wholeWords
                        && t + 1 < text.size()
                        && !text.special(t + 1)
                        && text.word(t + 1) == text.word(from)
                        && text.text(t + 1) == text.text(from)) {
                    t++;
                }
                int first = begin + from;
                units.add(IntStream.rangeClosed(first, begin + t).toArray());
            }
            begin += text.size();
        }
        return units;
    }
}
