package dev.fathom.tokenizer;

import java.util.function.IntPredicate;

/** How a pattern is found in a text. */
interface TextPattern {
    void matches(Text text, Found found);

    /** Places of a text. */
    interface Found {
        void match(int first, int last);
    }

    /** A string as it is written. */
    record Exactly(int[] points) implements TextPattern {
        static Exactly of(String string) {
            return new Exactly(string.codePoints().toArray());
        }

        @Override
        public void matches(Text text, Found found) {
            int n = points.length;
            for (int i = text.start; n > 0 && i + n <= text.end; ) {
                int k = 0;
                while (k < n && text.points[i + k] == points[k]) {
                    k++;
                }
                if (k == n) {
                    found.match(i, i + n);
                    i += n;
                } else {
                    i++;
                }
            }
        }
    }

    /** A regular expression. */
    record Regex(LinearPattern pattern) implements TextPattern {
        @Override
        public void matches(Text text, Found found) {
            pattern.matches(text.points, text.start, text.end, found::match);
        }
    }

    /** Each code point of a kind. */
    record Each(IntPredicate kind) implements TextPattern {
        @Override
        public void matches(Text text, Found found) {
            for (int i = text.start; i < text.end; i++) {
                if (kind.test(text.points[i])) {
                    found.match(i, i + 1);
                }
            }
        }
    }
}
