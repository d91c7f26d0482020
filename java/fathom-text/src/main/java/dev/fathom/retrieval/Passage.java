package dev.fathom.retrieval;

import java.util.ArrayList;
import java.util.List;

/**
 * A part of a text file that an answer shows.
 *
 * @param file its path relative to the folder, with forward slashes
 * @param firstLine the number of its first line, from 1
 * @param lastLine the number of its last line
 */
public record Passage(String file, int firstLine, int lastLine, String text) {
    /** A passage that is shorter than this part of the longest one, such as a heading, takes the next paragraph too. */
    private static final int SHORT = 4;

    /**
     * Cuts a text into passages: paragraphs, which blank lines part. A heading or another short paragraph goes with the
     * next one, but a heading of Markdown begins a passage. What is too long is cut behind a sentence, else between
     * lines or words, and only where there are none inside a word.
     *
     * @param file as the passages name it
     * @param longest how many characters a passage has at most
     * @throws IllegalArgumentException if longest is below 2
     */
    public static List<Passage> split(String file, String text, int longest) {
        if (longest < 2) {
            throw new IllegalArgumentException("split: longest=" + longest + " must be at least 2 characters");
        }
        List<int[]> spans = new ArrayList<>();
        for (int[] paragraph : paragraphs(text)) {
            int[] last = spans.isEmpty() ? null : spans.get(spans.size() - 1);
            if (last != null
                    && text.charAt(paragraph[0]) != '#'
                    && SHORT * (last[1] - last[0]) < longest
                    && paragraph[1] - last[0] <= longest) {
                last[1] = paragraph[1];
            } else {
                cut(text, paragraph, longest, spans);
            }
        }
        List<Passage> passages = new ArrayList<>();
        int line = 1;
        int at = 0;
        for (int[] span : spans) {
            line += lines(text, at, span[0]);
            int last = line + lines(text, span[0], span[1]);
            passages.add(new Passage(file, line, last, text.substring(span[0], span[1])));
            line = last;
            at = span[1];
        }
        return passages;
    }

    private static int lines(String text, int from, int to) {
        int n = 0;
        for (int i = from; i < to; i++) {
            n += text.charAt(i) == '\n' ? 1 : 0;
        }
        return n;
    }

    /** From the first to behind the last character of each that is not white. */
    private static List<int[]> paragraphs(String text) {
        List<int[]> all = new ArrayList<>();
        boolean blank = true;
        for (int at = 0; at < text.length(); ) {
            int end = text.indexOf('\n', at);
            end = end < 0 ? text.length() : end;
            int from = at;
            int to = end;
            while (from < to && white(text, from)) {
                from++;
            }
            while (to > from && white(text, to - 1)) {
                to--;
            }
            if (from < to && blank) {
                all.add(new int[] {from, to});
            } else if (from < to) {
                all.get(all.size() - 1)[1] = to;
            }
            blank = from == to;
            at = end + 1;
        }
        return all;
    }

    private static boolean white(String text, int at) {
        return Character.isWhitespace(text.charAt(at));
    }

    private static void cut(String text, int[] span, int longest, List<int[]> to) {
        int from = span[0];
        while (span[1] - from > longest) {
            int end = end(text, from, from + longest);
            int last = end;
            while (last > from && white(text, last - 1)) {
                last--;
            }
            to.add(new int[] {from, last});
            from = end;
            while (from < span[1] && white(text, from)) {
                from++;
            }
        }
        if (from < span[1]) {
            to.add(new int[] {from, span[1]});
        }
    }

    /** Where a passage best ends that begins at {@code from} and ends at {@code most} at the latest. */
    private static int end(String text, int from, int most) {
        int line = 0;
        int word = 0;
        for (int i = most; i > from; i--) {
            if (white(text, i)) {
                if (".!?:;。！？".indexOf(text.charAt(i - 1)) >= 0) {
                    return i;
                }
                line = line == 0 && text.charAt(i) == '\n' ? i : line;
                word = word == 0 ? i : word;
            }
        }
        int inside = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
        return line > 0 ? line : word > 0 ? word : inside;
    }
}
