package dev.fathom.pretrained;

import dev.fathom.tokenizer.PretrainedTokenizer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns tokens into text one by one, and hands text on as soon as no later token can change it. Only a few tokens are
 * decoded at a time: those that are new and the piece before them, because a tokenizer may write the first token of a
 * text in another way than the others. What a token is behind a whole piece is known from then on ({@link Known}), so
 * that it allocates nothing but what {@link #take} returns.
 */
final class TextStream {
    /** What a decoder writes for bytes that are no letter, or not yet. */
    private static final char BROKEN = '\ufffd';
    /** A letter has at most four bytes, and so many tokens; more that are broken remain so. */
    private static final int MOST_BROKEN = 4;

    /** The texts of tokens behind others, where these do not matter; any number of threads may share them. */
    record Known(PretrainedTokenizer tokenizer, String[] texts) {
        Known(PretrainedTokenizer tokenizer) {
            this(tokenizer, new String[tokenizer.decodesApart() ? tokenizer.size() : 0]);
        }

        @Nullable
        String text(int token) {
            return token < texts.length ? texts[token] : null;
        }

        void add(int token, String text) {
            if (token < texts.length) {
                texts[token] = text;
            }
        }
    }

    private final PretrainedTokenizer tokenizer;
    private final Known known;
    /** The tokens from the last whole piece on. */
    private int[] last;
    /** How many there are. */
    private int count;
    /** How many of them are that piece. */
    private int whole;
    /** Whether that piece is a text that ends with a letter, so that another token adds what it adds behind any. */
    private boolean solid;

    /** What was not given on yet. */
    private final StringBuilder text = new StringBuilder();

    private final List<String> stops;
    private boolean finished;

    /** The text behind a prompt, up to the first of these stops. */
    TextStream(Known known, int[] prompt, List<String> stops) {
        tokenizer = known.tokenizer;
        this.known = known;
        this.stops = stops;
        last = Arrays.copyOfRange(prompt, Math.max(0, prompt.length - 2 * MOST_BROKEN), prompt.length);
        count = last.length;
        whole = count;
        solid = isSolid(decoded(whole));
    }

    private static boolean isSolid(String piece) {
        return !piece.isEmpty() && piece.charAt(piece.length() - 1) != BROKEN;
    }

    /** Adds a token, and returns whether the text has a stop now. */
    boolean add(int token) {
        String piece = solid && count == whole ? known.text(token) : null;
        if (piece != null) {
            text.append(piece);
            last[0] = token;
            count = 1;
            whole = 1;
        } else {
            decode(token);
        }
        for (int i = 0; i < stops.size(); i++) {
            if (text.indexOf(stops.get(i)) >= 0) {
                return true;
            }
        }
        return false;
    }

    private void decode(int token) {
        if (count == last.length) {
            last = Arrays.copyOf(last, 2 * count + 1);
        }
        last[count++] = token;
        String before = decoded(whole);
        String all = decoded(count);
        if (all.length() > before.length() && (all.charAt(all.length() - 1) != BROKEN || count - whole > MOST_BROKEN)) {
            boolean one = solid && count - whole == 1;
            shift(before, all);
            solid = isSolid(all) && isSolid(decoded(whole));
            if (one && solid) {
                known.add(token, all.substring(before.length()));
            }
        }
    }

    private void shift(String before, String all) {
        text.append(all, Math.min(before.length(), all.length()), all.length());
        System.arraycopy(last, whole, last, 0, count - whole);
        count -= whole;
        whole = count;
    }

    private String decoded(int tokens) {
        return tokenizer.decode(Arrays.copyOf(last, tokens));
    }

    /** No token follows: what is left is certain, up to the first stop. */
    void finish() {
        if (count > whole) {
            shift(decoded(whole), decoded(count));
        }
        for (String stop : stops) {
            int at = text.indexOf(stop);
            if (at >= 0) {
                text.setLength(at);
            }
        }
        finished = true;
    }

    /** Takes what is certain, which may be nothing. */
    String take() {
        int end = finished ? text.length() : certain();
        String piece = end == 0 ? "" : text.substring(0, end);
        text.delete(0, end);
        return piece;
    }

    /** How many letters are certain: the end of the text may be the beginning of a stop. */
    private int certain() {
        int end = text.length();
        for (int i = 0; i < stops.size(); i++) {
            int n = Math.min(stops.get(i).length(), end);
            while (n > 0 && !ends(end, stops.get(i), n)) {
                n--;
            }
            end -= n;
        }
        return end;
    }

    /** Whether the text up to {@code end} ends with the first letters of a stop. */
    private boolean ends(int end, String stop, int letters) {
        int same = 0;
        while (same < letters && text.charAt(end - letters + same) == stop.charAt(same)) {
            same++;
        }
        return same == letters;
    }
}
