package dev.fathom.decode;

import dev.fathom.tensor.Rng;
import java.util.List;

/**
 * Draws every token from softmax(logits / temperature), if asked to from its best part alone: first the {@code topK} most probable tokens (Fan et al. 2018),
 * then of these the fewest, the most probable first, whose share is at least {@code topP} (nucleus sampling, Holtzman et al. 2020). What is left is scaled to
 * sum to 1.
 *
 * <pre>{@code
 * new Sampling(STOP, 200).temperature(0.8f).topP(0.95f).of(model, new Rng(7), START)
 * }</pre>
 *
 * @param stop the token that ends a sequence, or -1 if there is none
 * @param most the largest number of tokens
 * @param temperature below 1 likely tokens become likelier; 0 takes the most probable one, as {@link Greedy}
 * @param topK how many tokens are left to choose from, or 0 for all
 * @param topP the share of the probability that is left to choose from, in (0, 1]
 */
public record Sampling(int stop, int most, float temperature, int topK, float topP) {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if one is outside the range that is named above
     */
    public Sampling {
        Rows.check("sampling", stop, most);
        if (!(temperature >= 0 && temperature < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "sampling: temperature=" + temperature + " must be 0 or more, and finite");
        }
        if (topK < 0) {
            throw new IllegalArgumentException("sampling: topK=" + topK + " must be 1 or more, or 0 for all tokens");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("sampling: topP=" + topP + " must be in (0, 1]");
        }
    }

    /** Draws from all tokens at temperature 1. */
    public Sampling(int stop, int most) {
        this(stop, most, 1, 0, 1);
    }

    /** Returns this with another temperature. */
    public Sampling temperature(float t) {
        return new Sampling(stop, most, t, topK, topP);
    }

    /** Returns this with another number of tokens to choose from; 0 for all. */
    public Sampling topK(int k) {
        return new Sampling(stop, most, temperature, k, topP);
    }

    /** Returns this with another share of the probability to choose from. */
    public Sampling topP(float p) {
        return new Sampling(stop, most, temperature, topK, p);
    }

    /**
     * Writes a sequence for each start symbol, all of them in one batch. Sequence i draws from the streams {@code rng.split(i).split(step)}, so that it is
     * the same alone and among others.
     *
     * @throws IllegalArgumentException if there is no start symbol, stop is outside the vocabulary, or a logit is NaN or infinite
     */
    public List<Hypothesis> of(NextToken model, Rng rng, int... starts) {
        if (temperature == 0) {
            return new Greedy(stop, most).of(model, starts);
        }
        return Rows.write("sampling", model, starts, stop, most, (logits, sequence, step) -> {
            int vocabulary = logits.dim(1);
            int k = topK > 0 ? Math.min(topK, vocabulary) : vocabulary;
            Rows.Best best = Rows.best("sampling", logits, k, step);
            Rows.Choice[] chosen = new Rows.Choice[sequence.length];
            for (int row = 0; row < chosen.length; row++) {
                float u = rng.split(sequence[row]).split(step).uniform(1, 0, 1)[0];
                int at = row * k + draw(best.logProbabilities(), row * k, k, u);
                chosen[row] = new Rows.Choice(best.tokens()[at], best.logProbabilities()[at]);
            }
            return chosen;
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
