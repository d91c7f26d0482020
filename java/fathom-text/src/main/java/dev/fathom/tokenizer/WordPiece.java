package dev.fathom.tokenizer;

/**
 * WordPiece (Schuster and Nakajima 2012, as BERT has it): the longest token that begins a word, then the longest that
 * goes on from there, to its end. A word that cannot be written so, or is too long, is the unknown token.
 */
final class WordPiece implements Model {
    private final TokenTable table;
    private final String unknown;
    private final int longest;
    private final Trie beginnings = new Trie();
    private final Trie continuations = new Trie();

    WordPiece(TokenTable table, String unknown, String continuation, int longest) {
        this.table = table;
        this.unknown = unknown;
        this.longest = longest;
        table.all().forEach((token, id) -> {
            beginnings.put(token, id);
            if (token.startsWith(continuation)) {
                continuations.put(token.substring(continuation.length()), id);
            }
        });
    }

    @Override
    public TokenTable table() {
        return table;
    }

    @Override
    public void tokens(Text piece, Tokens to) {
        int before = to.size;
        int at = piece.size() > longest ? -1 : piece.start;
        while (at >= 0 && at < piece.end) {
            Trie trie = at == piece.start ? beginnings : continuations;
            long token = trie.longest(piece.points, at, piece.end);
            int id = (int) (token >> 32);
            if (id == Trie.NONE) {
                at = -1;
            } else {
                to.add(id, piece, at, (int) token);
                at = (int) token;
            }
        }
        if (at < 0) {
            to.size = before;
            int id = table.id(unknown);
            if (id < 0) {
                throw new IllegalStateException("encode: no tokens make \"" + piece + "\", and the vocabulary lacks the"
                        + " unknown token " + unknown + "; use the vocabulary that belongs to this tokenizer");
            }
            to.add(id, piece, piece.start, piece.end);
        }
    }
}
