package dev.fathom.tokenizer;

/**
 * How texts that have too many tokens are cut.
 *
 * @param length how many tokens a whole has at most, special ones included
 * @param stride how many tokens each part of what is cut off shares with the one before it
 * @param strategy which of two texts is cut
 * @param left whether the beginning is cut off rather than the end
 */
public record TokenTruncation(int length, int stride, Strategy strategy, boolean left) {
    /** Which of two texts is cut. */
    public enum Strategy {
        /** The longer one, and both where they are as long. */
        LONGEST_FIRST,
        /** The first one. */
        ONLY_FIRST,
        /** The second one, as for a question and a passage. */
        ONLY_SECOND
    }

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is negative
     */
    public TokenTruncation {
        if (length < 0 || stride < 0) {
            throw new IllegalArgumentException("truncation: length " + length + " and stride " + stride
                    + ": give numbers of tokens that are not negative");
        }
    }

    /** Cuts off the end of the longer text. */
    public static TokenTruncation to(int length) {
        return new TokenTruncation(length, 0, Strategy.LONGEST_FIRST, false);
    }
}
