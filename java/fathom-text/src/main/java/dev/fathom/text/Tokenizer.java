package dev.fathom.text;

import java.util.List;

/**
 * Cuts a text into tokens: {@link Words}, {@link Characters}, {@link BytePairs}, {@link Ngrams}, or one of your own. A
 * {@link Vocabulary} numbers the tokens. A tokenizer keeps no state, so that any number of threads may share it.
 */
public interface Tokenizer {
    /** Returns the tokens of a text in their order; there are none in an empty text. */
    List<String> tokens(String text);

    /** Returns the text that these tokens make, which is what was cut only where the tokenizer says so. */
    String text(List<String> tokens);
}
