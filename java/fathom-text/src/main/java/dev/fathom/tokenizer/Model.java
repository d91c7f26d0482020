package dev.fathom.tokenizer;

/** How the pieces of a text become tokens; the names are those of {@code tokenizer.json}. */
interface Model {
    /** Adds the tokens of a piece, which is not empty. */
    void tokens(Text piece, Tokens to);

    /** The tokens by their numbers. */
    TokenTable table();
}
