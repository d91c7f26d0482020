package dev.fathom.tokenizer;

import org.jspecify.annotations.Nullable;

/** How the pieces of a text become tokens; the names are those of {@code tokenizer.json}. */
interface Model {
    /** Adds the tokens of a piece, which is not empty. */
    void tokens(Text piece, Tokens to);

    /** The tokens by their numbers. */
    TokenTable table();

    /** How a piece is written without what says that it continues a word; null where the model has no such sign. */
    default @Nullable String continuation() {
        return null;
    }
}
