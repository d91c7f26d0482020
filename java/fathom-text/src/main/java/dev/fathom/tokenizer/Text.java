package dev.fathom.tokenizer;

import java.util.Arrays;

/**
 * A text while it is normalized and cut: its code points, and for each of them the part of the original string that it
 * stands for, in UTF-16 units. A piece of a text is a view of the same arrays, so that cutting copies nothing. What
 * follows for offsets is what Hugging Face's tokenizers do: a character that is inserted stands for what the one before
 * it stands for.
 */
final class Text {
    /** The code points of this piece are those from {@code start} to {@code end}. */
    final int[] points;

    private final int[] from;
    private final int[] to;
    final int start;
    final int end;
    /** Where in the original string this piece begins, for what is inserted in front of it. */
    private final int origin;

    /** The number of the added token that this piece is, or -1. */
    final int added;

    private Text(int[] points, int[] from, int[] to, int start, int end, int origin, int added) {
        this.points = points;
        this.from = from;
        this.to = to;
        this.start = start;
        this.end = end;
        this.origin = origin;
        this.added = added;
    }

    /** A string as it is written; a surrogate that stands alone, which is no character, becomes U+FFFD. */
    static Text of(String string) {
        int n = string.length();
        int[] points = new int[n];
        int[] from = new int[n];
        int[] to = new int[n];
        int size = 0;
        for (int i = 0; i < n; size++) {
            int c = string.charAt(i);
            from[size] = i++;
            if (Character.isSurrogate((char) c)) {
                boolean pair =
                        Character.isHighSurrogate((char) c) && i < n && Character.isLowSurrogate(string.charAt(i));
                c = pair ? Character.toCodePoint((char) c, string.charAt(i++)) : 0xfffd;
            }
            points[size] = c;
            to[size] = i;
        }
        return new Text(points, from, to, 0, size, 0, -1);
    }

    int size() {
        return end - start;
    }

    boolean isEmpty() {
        return start == end;
    }

    /** Where in the original string the code point at {@code i} begins. */
    int from(int i) {
        return from[i];
    }

    /** Where in the original string the code point at {@code i} ends. */
    int to(int i) {
        return to[i];
    }

    /** The code points from {@code first} to {@code last}, which count in the arrays. */
    Text piece(int first, int last) {
        return piece(first, last, -1);
    }

    /** A piece that is the added token of this number. */
    Text piece(int first, int last, int added) {
        int begins = first == start ? origin : first < end ? from[first] : origin;
        return new Text(points, from, to, first, last, begins, added);
    }

    @Override
    public String toString() {
        return new String(points, start, size());
    }

    /** What replaces a text, code point by code point. */
    static final class Change {
        private final Text old;
        private int[] points;
        private int[] from;
        private int[] to;
        private int size;
        /** How far in the old text we are. */
        private int at;

        Change(Text old) {
            this.old = old;
            int room = old.size() + 16;
            points = new int[room];
            from = new int[room];
            to = new int[room];
            at = old.start;
        }

        private void put(int c, int from, int to) {
            if (size == points.length) {
                int room = 2 * size;
                points = Arrays.copyOf(points, room);
                this.from = Arrays.copyOf(this.from, room);
                this.to = Arrays.copyOf(this.to, room);
            }
            points[size] = c;
            this.from[size] = from;
            this.to[size++] = to;
        }

        /** {@code c} instead of the next code point. */
        void replace(int c) {
            put(c, old.from[at], old.to[at]);
            at++;
        }

        /** The next code point stays. */
        void keep() {
            replace(old.points[at]);
        }

        /** All code points before {@code next} stay. */
        void keepTo(int next) {
            while (at < next) {
                keep();
            }
        }

        /** The next {@code n} code points are left out. */
        void skip(int n) {
            at += n;
        }

        /** {@code c}, which stands for what the last old code point stands for. */
        void insert(int c) {
            if (at > old.start) {
                put(c, old.from[at - 1], old.to[at - 1]);
            } else {
                put(c, old.origin, old.origin);
            }
        }

        /** All of a string as {@link #insert}. */
        void insert(String text) {
            text.codePoints().forEach(this::insert);
        }

        /** The new text, after all that is left of the old one. */
        Text done() {
            keepTo(old.end);
            return new Text(points, from, to, 0, size, old.origin, old.added);
        }
    }
}
