package dev.fathom.tokenizer;

/** A token for each word, and the unknown token for all other words. */
record WordLevel(TokenTable table, String unknown) implements Model {
    @Override
    public void tokens(Text piece, Tokens to) {
        int id = table.id(piece.toString());
        id = id < 0 ? table.id(unknown) : id;
        if (id < 0) {
            throw new IllegalStateException(
                    "encode: \"" + piece + "\" is not in the vocabulary, which lacks the unknown" + " token " + unknown
                            + "; use the vocabulary that belongs to this tokenizer");
        }
        to.add(id, piece, piece.start, piece.end);
    }
}
