package dev.fathom.tokenizer;

import java.util.Arrays;

/**
 * The unigram language model (Kudo 2018): of all ways to write a text with tokens the one with the greatest sum of
 * log-probabilities, found by the Viterbi algorithm. A character that no token has is unknown, at the smallest
 * log-probability of all minus 10; neighbors that are unknown become one token, or a token for each of their bytes.
 */
final class Unigram implements Model {
    private static final double PENALTY = 10;

    private final TokenTable table;
    private final double[] scores;
    private final int unknown;
    private final double unknownScore;
    /** Whether sums are rounded to single precision, as SentencePiece itself has them, which decides between equals. */
    private final boolean rounds;
    /** The numbers of the tokens of bytes, or none. */
    private final int[] bytes;

    private final Trie trie = new Trie();

    /** Texts are written with the tokens that are usable alone. */
    Unigram(
            TokenTable table,
            double[] scores,
            boolean[] usable,
            int unknown,
            double unknownScore,
            boolean byteFallback,
            boolean rounds) {
        this.table = table;
        this.scores = scores;
        this.unknown = unknown;
        this.unknownScore = unknownScore;
        this.rounds = rounds;
        bytes = byteFallback ? table.bytes() : new int[0];
        table.all().forEach((token, id) -> {
            if (id < usable.length && usable[id]) {
                trie.put(token, id);
            }
        });
    }

    /** Texts are written with any of the tokens. */
    Unigram(TokenTable table, double[] scores, int unknown, boolean byteFallback) {
        this(table, scores, all(scores.length), unknown, least(scores) - PENALTY, byteFallback, false);
    }

    private static double least(double[] scores) {
        return Arrays.stream(scores).min().orElse(Double.POSITIVE_INFINITY);
    }

    private static boolean[] all(int n) {
        boolean[] all = new boolean[n];
        Arrays.fill(all, true);
        return all;
    }

    private double rounded(double score) {
        return rounds ? (float) score : score;
    }

    @Override
    public TokenTable table() {
        return table;
    }

    @Override
    public void tokens(Text piece, Tokens to) {
        int n = piece.size();
        int[] points = piece.points;
        double[] best = new double[n + 1];
        int[] from = new int[n + 1];
        int[] ids = new int[n + 1];
        Arrays.fill(from, -1);
        for (int i = 0; i < n; i++) {
            double here = best[i];
            boolean known = false;
            int node = Trie.ROOT;
            for (int k = i; k < n; k++) {
                node = trie.step(node, points[piece.start + k]);
                if (node == Trie.NONE) {
                    break;
                }
                int id = trie.number(node);
                if (id != Trie.NONE) {
                    known |= k == i;
                    double score = scores[id] + here;
                    if (from[k + 1] < 0 || score > best[k + 1]) {
                        best[k + 1] = rounded(score);
                        from[k + 1] = i;
                        ids[k + 1] = id;
                    }
                }
            }
            double score = rounded(unknownScore + here);
            if (!known && (from[i + 1] < 0 || score > best[i + 1])) {
                best[i + 1] = score;
                from[i + 1] = i;
                ids[i + 1] = unknown;
                if (unknown < 0) {
                    throw new IllegalStateException("encode: no token has the character "
                            + Character.toString(points[piece.start + i])
                            + ", and this vocabulary has no unknown token; use one that has");
                }
            }
        }
        // backwards, so that the places of the path are turned around in the array of beginnings
        int[] path = new int[n];
        int length = 0;
        for (int end = n; end > 0; end = from[end]) {
            path[length++] = end;
        }
        for (int k = length - 1; k >= 0; k--) {
            int first = from[path[k]];
            int last = path[k];
            if (ids[last] != unknown) {
                to.add(ids[last], piece, piece.start + first, piece.start + last);
                continue;
            }
            while (k > 0 && ids[path[k - 1]] == unknown) {
                last = path[--k];
            }
            unknown(piece, piece.start + first, piece.start + last, to);
        }
    }

    /** The tokens of code points that are unknown one by one. */
    private void unknown(Text piece, int first, int last, Tokens to) {
        String text = new String(piece.points, first, last - first);
        int node = trie.node(text);
        if (node != Trie.NONE && trie.number(node) != Trie.NONE) {
            to.add(trie.number(node), piece, first, last);
            return;
        }
        byte[] all = bytes.length == 0 ? new byte[0] : text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        boolean written = all.length > 0;
        for (byte b : all) {
            written &= bytes[b & 0xff] >= 0;
        }
        if (!written) {
            to.add(unknown, piece, first, last);
            return;
        }
        for (byte b : all) {
            to.add(bytes[b & 0xff], piece, first, last);
        }
    }
}
