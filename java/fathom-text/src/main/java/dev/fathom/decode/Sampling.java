package dev.fathom.decode;

import dev.fathom.op.Checks;
import dev.fathom.tensor.Rng;
import dev.fathom.tree.Records;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.PrimitiveIterator;

/**
 * Draws every token from p = softmax(logits / temperature), if asked to from its best part alone. Of each filter that
 * is set, in this order, what it keeps goes to the next, and what is left is scaled to sum to 1:
 *
 * <ol>
 *   <li>{@code repetitionPenalty} r: each logit z of a token that the prompt or the sequence has becomes z / r if z is
 *       above 0 and z r if not (Keskar et al. 2019, as in Hugging Face's Transformers), before the temperature.
 *   <li>{@code topK}: the K most probable tokens are kept (Fan et al. 2018).
 *   <li>{@code topP}: the fewest are kept, the most probable first, whose share is at least P (nucleus sampling,
 *       Holtzman et al. 2020).
 *   <li>{@code minP}: those are kept for which p is at least M times that of the most probable token (Nguyen et al.
 *       2024).
 * </ol>
 *
 * <pre>{@code
 * new Sampling(STOP, 200).temperature(0.8f).topP(0.95f).of(model, new Rng(7), START)
 * }</pre>
 *
 * <p>The log-probability of a sequence is that of softmax(logits), behind the penalty for repetitions and before the
 * temperature and the filters.
 *
 * @param stop the token that ends a sequence, or -1 if there is none
 * @param maxTokens the largest number of tokens
 * @param temperature below 1 likely tokens become likelier; 0 takes the most probable one, as {@link Greedy}
 * @param topK how many tokens are left to choose from, or 0 for all
 * @param topP the share of the probability that is left to choose from, in (0, 1]
 * @param minP the least share of the greatest probability that is left to choose from, in [0, 1]
 * @param repetitionPenalty above 1 tokens that were there become less likely; 1 for none
 * @param until what finishes a sequence, beside the stop symbol
 */
public record Sampling(
        int stop,
        int maxTokens,
        float temperature,
        int topK,
        float topP,
        float minP,
        float repetitionPenalty,
        StopCondition until) {
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
        Checks.in("sampling", "minP", minP, "[0, 1]");
        Checks.positive("sampling", "repetitionPenalty", repetitionPenalty);
    }

    /** Draws from all tokens at temperature 1. */
    public Sampling(int stop, int maxTokens) {
        this(stop, maxTokens, 1, 0, 1, 0, 1, StopCondition.never());
    }

    /** Returns this with another largest number of tokens. */
    public Sampling maxTokens(int most) {
        return Records.with(this, "maxTokens", most);
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

    /** Returns this with another least share of the greatest probability to choose from; 0 for none. */
    public Sampling minP(float p) {
        return Records.with(this, "minP", p);
    }

    /** Returns this with another penalty for tokens that were there; 1 for none. */
    public Sampling repetitionPenalty(float r) {
        return Records.with(this, "repetitionPenalty", r);
    }

    /** Returns this with another condition that finishes a sequence, beside the stop symbol. */
    public Sampling until(StopCondition condition) {
        return Records.with(this, "until", condition);
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
     * Goes on from each prompt, all of them in one batch. What the model does not read at once
     * ({@link NextToken#prefill}) each row reads token by token, and it starts to write when its own prompt ends, while
     * longer prompts are still being read. The results are without the prompts.
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
        return Writing.all("sampling", this, model, rng, prompts);
    }

    /**
     * Goes on from a prompt token by token: each {@code next} writes one, the same that {@link #after} writes. The
     * tokens are without the stop symbol. The model is used by nothing else until the tokens are at their end.
     *
     * <p>A token allocates nothing on the heap, if the model's steps do not, such as those of
     * {@link CachedDecoder.Sequences}; the tokens so far are kept, whose room grows now and then.
     *
     * @throws IllegalArgumentException as {@link #after}, here or as soon as a token is asked for
     */
    public Continuation tokens(NextToken model, Rng rng, int... prompt) {
        return new Continuation(new Writing("sampling", this, model, rng, prompt));
    }

    /** The tokens that follow a prompt, while they are being written. Close them if you stop before their end. */
    public static final class Continuation implements PrimitiveIterator.OfInt, AutoCloseable {
        private final Writing writing;
        private int given;
        private boolean going = true;

        private Continuation(Writing writing) {
            this.writing = writing;
        }

        /** Writes a token, unless there is one that was not given yet, and returns whether there is one. */
        @Override
        public boolean hasNext() {
            while (going && writing.count(0) == given) {
                going = writing.step();
                if (!going) {
                    close();
                }
            }
            return given < writing.count(0);
        }

        @Override
        public int nextInt() {
            if (!hasNext()) {
                throw new NoSuchElementException("sampling: the sequence is finished; ask hasNext() before next()");
            }
            return writing.token(0, given++);
        }

        /** Writes no further. Closing twice does nothing. */
        @Override
        public void close() {
            going = false;
            writing.close();
        }
    }

    /**
     * Which of the choices of a row, the first of which is at {@code from}, a number u in [0, 1) falls on.
     *
     * @param reached room for a number for each choice
     */
    int draw(Choices choices, int from, float u, double[] reached) {
        int k = choices.k();
        double best = choices.logProbability(from);
        double sum = 0;
        int likely = 0;
        for (int i = 0; i < k; i++) {
            double share = Math.exp((choices.logProbability(from + i) - best) / temperature);
            likely += share >= minP ? 1 : 0;
            sum += share;
            reached[i] = sum;
        }
        int kept = Math.min(first(reached, k - 1, topP * sum) + 1, likely);
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
