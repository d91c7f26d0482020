package dev.fathom.decode;

import java.util.List;

/**
 * A sequence that a search wrote.
 *
 * @param tokens without the start symbol and the stop symbol
 * @param logProbability the sum of the logarithms of the tokens' probabilities, that of the stop symbol among them if
 *     it came
 * @param score what a search ranks by: the log-probability, or what a length penalty makes of it
 * @param finished whether the stop symbol came or a {@link StopCondition} was met; otherwise the sequence was cut off
 *     at the largest number of tokens
 */
public record Hypothesis(List<Integer> tokens, double logProbability, double score, boolean finished) {
    /** Keeps its own copy of the tokens. */
    public Hypothesis {
        tokens = List.copyOf(tokens);
    }

    /** Returns the tokens as an array. */
    public int[] toArray() {
        return tokens.stream().mapToInt(Integer::intValue).toArray();
    }
}
