package dev.fathom.decode;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Rng;
import dev.fathom.tree.Records;
import java.util.List;

/**
 * Draws every token from softmax(logits / temperature), if asked to from its best part alone: first the {@code topK}
 * most probable tokens (Fan et al. 2018), then of these the fewest, the most probable first, whose share is at least
 * {@code topP} (nucleus sampling, Holtzman et al. 2020). What is left is scaled to sum to 1.
 *
 * <pre>{@code
 * new Sampling(STOP, 200).temperature(0.8f).topP(0.95f).of(model, new Rng(7), START)
 * }</pre>
 *
 * @param stop the token that ends a sequence, or -1 if there is none
 * @param maxTokens the largest number of tokens
 * @param temperature below 1 likely tokens become likelier; 0 takes the most probable one, as {@link Greedy}
 * @param topK how many tokens are left to choose from, or 0 for all
 * @param topP the share of the probability that is left to choose from, in (0, 1]
 */
public record Sampling(int stop, int maxTokens, float temperature, int topK, float topP) {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if one is outside the range that is named above
     */
    public Sampling {
        SequenceRows.check("sampling", stop, maxTokens);
        Checks.notNegative("sampling", "temperature", temperature);
        if (topK < 0) {
            throw new IllegalArgumentException("sampling: topK=" + topK + " must be 1 or more, or 0 for all tokens");
        }
        Checks.in("sampling", "topP", topP, "(0, 1]");
    }

    /** Draws from all tokens at temperature 1. */
    public Sampling(int stop, int maxTokens) {
        this(stop, maxTokens, 1, 0, 1);
    }

    /** Returns this with another temperature. */
    public Sampling temperature(float t) {
        return Records.with(this, "temperature", t);
    }

    /** Returns this with another number of tokens to choose from; 0 for all. */
    public Sampling topK(int k) {
        return Records.with(this, "topK", k);
    }

    /** Returns this with another share of the probability to choose from. */
    public Sampling topP(float p) {
        return Records.with(this, "topP", p);
    }

    /**
     * Writes a sequence for each start symbol, all of them in one batch. Sequence i draws from the streams
     * {@code rng.split(i).split(w)}, where w is the number of tokens written so far, so that it is the same alone and
     * among others.
     *
     * @throws IllegalArgumentException if there is no start symbol, stop is outside the vocabulary, or a logit is NaN
     *     or +Infinity, or all logits of a row are -Infinity
     */
    public List<Hypothesis> of(NextToken model, Rng rng, int... starts) {
        return after(model, rng, SequenceRows.prompts(starts));
    }

    /**
     * Goes on from each prompt, all of them in one batch. Each row reads its own prompt token by token and starts to
     * write when it ends, while longer prompts are still being read. The results are without the prompts.
     *
     * <pre>{@code
     * new Sampling(-1, 500)
     *         .temperature(0.7f)
     *         .after(NextToken.of(session), new Rng(3), vocabulary.ids(letters.tokens("ROMEO:")))
     * }</pre>
     *
     * @throws IllegalArgumentException as {@link #of}, or if a prompt is empty
     */
    public List<Hypothesis> after(NextToken model, Rng rng, int[]... prompts) {
        if (temperature == 0) {
            return new Greedy(stop, maxTokens).after(model, prompts);
        }
        return SequenceRows.write("sampling", model, prompts, stop, maxTokens, topK, (best, row, sequence, written) -> {
            float u = rng.split(sequence).split(written).uniform(1, 0, 1)[0];
            return row * best.k() + draw(best.logProbabilities(), row * best.k(), best.k(), u);
        });
    }

    /** Which of k tokens, the most probable first, a number u in [0, 1) falls on. */
    private int draw(float[] logProbabilities, int from, int k, float u) {
        double[] reached = new double[k];
        double sum = 0;
        for (int i = 0; i < k; i++) {
            sum += Math.exp(((double) logProbabilities[from + i] - logProbabilities[from]) / temperature);
            reached[i] = sum;
        }
        int kept = first(reached, k - 1, topP * sum) + 1;
        return first(reached, kept - 1, Math.nextUp(u * reached[kept - 1]));
    }

    /** The first place that reaches {@code share}, or the last one. */
    private static int first(double[] reached, int last, double share) {
        int i = 0;
        while (i < last && reached[i] < share) {
            i++;
        }
        return i;
    }
}
