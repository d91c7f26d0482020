package dev.fathom.tokenizer;

/**
 * How short texts are filled up.
 *
 * @param length how many tokens each has at least; 0 for as many as the longest of a batch has
 * @param multiple of which the number of tokens is one; 0 or 1 for any
 * @param id the number of the token that fills
 * @param typeId its type
 * @param left whether it stands in front of the text rather than behind it
 */
public record TokenPadding(int length, int multiple, int id, int typeId, boolean left) {
    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException if one is negative
     */
    public TokenPadding {
        if (length < 0 || multiple < 0 || id < 0 || typeId < 0) {
            throw new IllegalArgumentException("padding: length " + length + ", multiple " + multiple + ", id " + id
                    + " and typeId " + typeId + ": give numbers that are not negative");
        }
    }

    /** Fills up behind the texts, to the length of the longest, with the token of this number. */
    public static TokenPadding longest(int id) {
        return new TokenPadding(0, 0, id, 0, false);
    }
}
