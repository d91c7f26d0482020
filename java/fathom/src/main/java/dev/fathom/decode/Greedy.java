package dev.fathom.decode;

import java.util.List;

/**
 * Writes the most probable token at every step, and the lowest one of equals. Cheap and without chance, but a token that looks good now may leave nothing
 * good to follow; {@link BeamSearch} keeps several beginnings.
 *
 * @param stop the token that ends a sequence, or -1 if there is none
 * @param most the largest number of tokens
 */
public record Greedy(int stop, int most) {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if stop is below -1, or most below 1
     */
    public Greedy {
        Rows.check("greedy", stop, most);
    }

    /**
     * Writes a sequence for each start symbol, all of them in one batch.
     *
     * @throws IllegalArgumentException if there is no start symbol, stop is outside the vocabulary, or a logit is NaN or infinite
     */
    public List<Hypothesis> of(NextToken model, int... starts) {
        return Rows.write("greedy", model, starts, stop, most, (logits, sequence, step) -> {
            Rows.Best best = Rows.best("greedy", logits, 1, step);
            Rows.Choice[] chosen = new Rows.Choice[sequence.length];
            for (int row = 0; row < chosen.length; row++) {
                chosen[row] = new Rows.Choice(best.tokens()[row], best.logProbabilities()[row]);
            }
            return chosen;
        });
    }
}
