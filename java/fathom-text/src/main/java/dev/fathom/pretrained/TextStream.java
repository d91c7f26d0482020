package dev.fathom.pretrained;

import dev.fathom.tokenizer.PretrainedTokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * The text that tokens make one after the other, which is given on as far as no further token can change it. A few
 * tokens alone are decoded at a time: those of the last piece that was whole, since a tokenizer writes the first token
 * of a text in another way than the others, and those behind it.
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

    private boolean finished;

    /** The text behind a prompt. */
    TextStream(PretrainedTokenizer tokenizer, int[] prompt) {
        this.tokenizer = tokenizer;
        for (int i = Math.max(0, prompt.length - 2 * MOST_BROKEN); i < prompt.length; i++) {
            last.add(prompt[i]);
        }
        whole = last.size();
    }

    /** Adds a token. */
    void add(int token) {
        last.add(token);
        String before = decoded(whole);
        String all = decoded(last.size());
        if (all.length() > before.length()
                && (all.charAt(all.length() - 1) != BROKEN || last.size() - whole > MOST_BROKEN)) {
            shift(before, all);
        }
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

    /** Whether the text has one of the stops. */
    boolean stopped(List<String> stops) {
        return stops.stream().anyMatch(stop -> text.indexOf(stop) >= 0);
    }

    /** No token follows: what is left is certain, up to the first stop. */
    void finish(List<String> stops) {
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

    /** How many letters are certain: the end of the text may be the beginning of a stop. */
    int certain(List<String> stops) {
        int end = text.length();
        for (String stop : finished ? List.<String>of() : stops) {
            for (int n = Math.min(stop.length(), end); n > 0; n--) {
                if (text.indexOf(stop.substring(0, n), end - n) == end - n) {
                    end -= n;
                    break;
                }
            }
        }
        return end;
    }

    /** Takes what is certain. */
    String take(List<String> stops) {
        int end = certain(stops);
        String piece = text.substring(0, end);
        text.delete(0, end);
        return piece;
    }
}
