package dev.fathom.pretrained;

import dev.fathom.tokenizer.PretrainedTokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns tokens into text one by one, and hands text on as soon as no later token can change it. Only a few tokens are
 * decoded at a time: those that are new and the piece before them, because a tokenizer may write the first token of a
 * text in another way than the others.
 */
final class TextStream {
    /** What a decoder writes for bytes that are no letter, or not yet. */
    private static final char BROKEN = '\ufffd';
    /** A letter has at most four bytes, and so many tokens; more that are broken remain so. */
    private static final int MOST_BROKEN = 4;

    private final PretrainedTokenizer tokenizer;
    /** The tokens from the last whole piece on. */
    private final List<Integer> last = new ArrayList<>();
    /** How many of them are that piece. */
    private int whole;

    /** What was not given on yet. */
    private final StringBuilder text = new StringBuilder();

    private final List<String> stops;
    private boolean finished;

    /** The text behind a prompt, up to the first of these stops. */
    TextStream(PretrainedTokenizer tokenizer, int[] prompt, List<String> stops) {
        this.tokenizer = tokenizer;
        this.stops = stops;
        for (int i = Math.max(0, prompt.length - 2 * MOST_BROKEN); i < prompt.length; i++) {
            last.add(prompt[i]);
        }
        whole = last.size();
    }

    /** Adds a token, and returns whether the text has a stop now. */
    boolean add(int token) {
        last.add(token);
        String before = decoded(whole);
        String all = decoded(last.size());
        if (all.length() > before.length()
                && (all.charAt(all.length() - 1) != BROKEN || last.size() - whole > MOST_BROKEN)) {
            shift(before, all);
        }
        return stops.stream().anyMatch(stop -> text.indexOf(stop) >= 0);
    }

    private void shift(String before, String all) {
        text.append(all, Math.min(before.length(), all.length()), all.length());
        last.subList(0, whole).clear();
        whole = last.size();
    }

    private String decoded(int tokens) {
        return tokenizer.decode(
                last.subList(0, tokens).stream().mapToInt(Integer::intValue).toArray());
    }

    /** No token follows: what is left is certain, up to the first stop. */
    void finish() {
        if (last.size() > whole) {
            shift(decoded(whole), decoded(last.size()));
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
        String piece = text.substring(0, end);
        text.delete(0, end);
        return piece;
    }

    /** How many letters are certain: the end of the text may be the beginning of a stop. */
    private int certain() {
        int end = text.length();
        for (String stop : stops) {
            for (int n = Math.min(stop.length(), end); n > 0; n--) {
                if (text.indexOf(stop.substring(0, n), end - n) == end - n) {
                    end -= n;
                    break;
                }
            }
        }
        return end;
    }
}
