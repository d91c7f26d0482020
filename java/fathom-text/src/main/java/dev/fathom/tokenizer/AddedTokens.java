package dev.fathom.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Tokens that are found in a text before it is cut, such as {@code [MASK]}. */
final class AddedTokens {
    /**
     * One of them.
     *
     * @param content as it is written
     * @param id its number
     * @param special whether it is left out of a text that is decoded, and may be told to be no token in a text
     * @param normalized whether it is found in the normalized text
     * @param singleWord whether it is found only where no word goes on beside it
     * @param left whether it takes the white space in front of it
     * @param right whether it takes the white space behind it
     */
    record Token(
            String content,
            int id,
            boolean special,
            boolean normalized,
            boolean singleWord,
            boolean left,
            boolean right) {
        /** A token that is found as it is written, and wherever it stands. */
        static Token of(String content, int id, boolean special) {
            return new Token(content, id, special, false, false, false, false);
        }
    }

    private final Map<Integer, Token> byId = new HashMap<>();
    private final Set<String> specials = new HashSet<>();
    private final Trie raw = new Trie();
    private final Trie normalized = new Trie();

    AddedTokens(List<Token> tokens, Normalizer normalizer) {
        for (Token t : tokens) {
            byId.put(t.id, t);
            if (t.special) {
                specials.add(t.content);
            }
            if (!t.normalized) {
                raw.put(t.content, t.id);
            } else {
                String content = normalizer.normalize(Text.of(t.content)).toString();
                if (!content.isEmpty()) {
                    normalized.put(content, t.id);
                }
            }
        }
    }

    /** Special tokens that no text has, as those of SentencePiece. */
    AddedTokens(Set<String> specials) {
        this.specials.addAll(specials);
    }

    boolean special(String token) {
        return specials.contains(token);
    }

    /**
     * The pieces of a text between the tokens that are found in it as it is written, and these.
     *
     * @param plain whether special tokens in a text are text
     */
    List<Text> cut(Text text, boolean plain) {
        List<Text> to = new ArrayList<>(4);
        cut(text, raw, plain, to);
        return to;
    }

    /** Adds those of a normalized piece. */
    void cutNormalized(Text text, boolean plain, List<Text> to) {
        cut(text, normalized, plain, to);
    }

    private void cut(Text text, Trie trie, boolean plain, List<Text> to) {
        int from = text.start;
        int i = text.start;
        while (i < text.end) {
            long found = trie.longest(text.points, i, text.end);
            int id = (int) (found >> 32);
            Token token = id == Trie.NONE ? null : byId.get(id);
            if (token == null) {
                i++;
                continue;
            }
            int start = i;
            int end = (int) found;
            i = end; // what is found but is none is passed over as a whole
            if (plain && token.special || token.singleWord && !alone(text, start, end)) {
                continue;
            }
            while (token.left && start > from && Unicode.whiteSpace(text.points[start - 1])) {
                start--;
            }
            while (token.right && end < text.end && Unicode.whiteSpace(text.points[end])) {
                end++;
            }
            if (from < start) {
                to.add(text.piece(from, start));
            }
            to.add(text.piece(start, end, id));
            from = end;
            i = end;
        }
        if (from < text.end) {
            to.add(text.piece(from, text.end));
        }
    }

    private static boolean alone(Text text, int start, int end) {
        return (start == text.start || !Unicode.word(text.points[start - 1]))
                && (end == text.end || !Unicode.word(text.points[end]));
    }
}
