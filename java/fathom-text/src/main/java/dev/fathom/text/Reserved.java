package dev.fathom.text;

import java.util.HashSet;
import java.util.List;

/**
 * The first tokens of a vocabulary, which stand for something that is not in a text: padding, an unknown token, the
 * start and the end. A number that is -1 says that there is no such token.
 *
 * <pre>{@code
 * new Reserved(List.of("<pad>", "<unk>"), 0, 1, -1, -1)
 * }</pre>
 *
 * @param tokens the tokens, whose numbers are their places in this list
 * @param padding the number of the token that fills what a short text lacks
 * @param unknown the number of the token that stands for any token which the vocabulary does not have
 * @param start the number of the token in front of a text
 * @param end the number of the token behind a text
 */
public record Reserved(List<String> tokens, int padding, int unknown, int start, int end) {
    /** No token is reserved, and an unknown token is an error. */
    public static final Reserved NONE = new Reserved(List.of(), -1, -1, -1, -1);

    /** {@code <pad>} 0, as in Keras's {@code Tokenizer}; an unknown token is an error. */
    public static final Reserved PADDING = new Reserved(List.of("<pad>"), 0, -1, -1, -1);

    /** {@code <pad>} 0, {@code <unk>} 1, {@code <start>} 2 and {@code <end>} 3. */
    public static final Reserved STANDARD = new Reserved(List.of("<pad>", "<unk>", "<start>", "<end>"), 0, 1, 2, 3);

    /**
     * {@code <PAD>} 0, {@code <START>} 1, {@code <UNK>} 2 and {@code <UNUSED>} 3, so that the most frequent word has
     * the number 4: the codes of the IMDB reviews of Keras, with its index offset of 3.
     */
    public static final Reserved KERAS = new Reserved(List.of("<PAD>", "<START>", "<UNK>", "<UNUSED>"), 0, 2, 1, -1);

    /**
     * Checks the tokens and their numbers.
     *
     * @throws IllegalArgumentException if a token is empty or comes twice, or a number is neither -1 nor that of a
     *     token
     */
    public Reserved {
        tokens = List.copyOf(tokens);
        if (tokens.contains("") || new HashSet<>(tokens).size() < tokens.size()) {
            throw new IllegalArgumentException(
                    "reserved: one of the tokens " + tokens + " is empty or comes twice; give each a name of its own");
        }
        for (int id : new int[] {padding, unknown, start, end}) {
            if (id < -1 || id >= tokens.size()) {
                throw new IllegalArgumentException("reserved: there is no token " + id + " among the " + tokens.size()
                        + " reserved ones; give the place of one in the list, or -1 for none");
            }
        }
    }
}
