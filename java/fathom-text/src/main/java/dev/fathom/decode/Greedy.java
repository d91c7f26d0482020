package dev.fathom.decode;

import dev.fathom.tensor.Rng;
import java.util.List;

/**
 * Writes the most probable token at every step, and the lowest one of equals. The search is cheap and deterministic,
 * but a token that looks good now may leave nothing good to follow; {@link BeamSearch} keeps several beginnings.
 *
 * @param stop the token that ends a sequence, or -1 if there is none
 * @param maxTokens the largest number of tokens
 */
public record Greedy(int stop, int maxTokens) {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if stop is below -1, or maxTokens below 1
     */
    public Greedy {
        SequenceRows.check("greedy", stop, maxTokens);
    }

    /**
     * Writes a sequence for each start symbol, all of them in one batch.
     *
     * @throws IllegalArgumentException if there is no start symbol, stop is outside the vocabulary, or a logit is NaN
     *     or +Infinity, or all logits of a row are -Infinity
     */
    public List<Hypothesis> of(NextToken model, int... starts) {
        return after(model, SequenceRows.prompts(starts));
    }

    /**
     * Goes on from each prompt, all of them in one batch. What the model does not read at once
     * ({@link NextToken#prefill}) each row reads token by token, and it starts to write when its own prompt ends, while
     * longer prompts are still being read. The results are without the prompts.
     *
     * @throws IllegalArgumentException as {@link #of}, or if a prompt is empty
     */
    public List<Hypothesis> after(NextToken model, int[]... prompts) {
        return Writing.all("greedy", new Sampling(stop, maxTokens).temperature(0), model, new Rng(0), prompts);
    }
}
