package dev.fathom.tokenizer;

import dev.fathom.text.BytePairs;
import java.text.Normalizer.Form;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;

/** What a tokenizer does to a text before it cuts it; the names are those of {@code tokenizer.json}. */
interface Normalizer {
    Text normalize(Text text);

    /** One after the other. */
    record Sequence(List<Normalizer> normalizers) implements Normalizer {
        @Override
        public Text normalize(Text text) {
            Text all = text;
            for (Normalizer n : normalizers) {
                all = n.normalize(all);
            }
            return all;
        }
    }

    /** What BERT does: cleans, sets ideographs apart, takes accents away, and writes small letters. */
    record Bert(boolean cleanText, boolean ideographs, boolean stripAccents, boolean lowercase) implements Normalizer {
        private static boolean clean(int c) {
            return c == '\t' || c == '\n' || c == '\r' || c != 0 && c != 0xfffd && !Unicode.other(c);
        }

        private static int blank(int c) {
            return Unicode.whiteSpace(c) ? ' ' : c;
        }

        @Override
        public Text normalize(Text text) {
            Text t = text;
            if (cleanText) {
                t = mapped(filtered(t, Bert::clean), Bert::blank);
            }
            if (ideographs) {
                t = apart(t);
            }
            if (stripAccents) {
                t = filtered(Forms.of(t, Form.NFD), c -> !Unicode.nonspacingMark(c));
            }
            return lowercase ? lower(t) : t;
        }

        private static Text apart(Text text) {
            Text.Change change = null;
            for (int i = text.start; i < text.end; i++) {
                int c = text.points[i];
                if (Unicode.ideograph(c)) {
                    change = change == null ? new Text.Change(text) : change;
                    change.keepTo(i);
                    change.replace(' ');
                    change.insert(c);
                    change.insert(' ');
                }
            }
            return change == null ? text : change.done();
        }
    }

    /** A form of Unicode. */
    record Unicodes(Form form) implements Normalizer {
        @Override
        public Text normalize(Text text) {
            return Forms.of(text, form);
        }
    }

    /** Small letters. */
    record Lowercase() implements Normalizer {
        @Override
        public Text normalize(Text text) {
            return lower(text);
        }
    }

    /** Takes away combining marks. */
    record StripAccents() implements Normalizer {
        @Override
        public Text normalize(Text text) {
            return filtered(text, c -> !Unicode.mark(c));
        }
    }

    /** Takes away white space at the ends. */
    record Strip(boolean left, boolean right) implements Normalizer {
        @Override
        public Text normalize(Text text) {
            int first = text.start;
            int last = text.end;
            while (left && first < last && Unicode.whiteSpace(text.points[first])) {
                first++;
            }
            while (right && last > first && Unicode.whiteSpace(text.points[last - 1])) {
                last--;
            }
            if (first == text.start && last == text.end) {
                return text;
            }
            Text.Change change = new Text.Change(text);
            change.skip(first - text.start);
            change.keepTo(last);
            change.skip(text.end - last);
            return change.done();
        }
    }

    /** Takes controls away and makes blanks of what looks like one, as in machine translation. */
    record Nmt() implements Normalizer {
        private static boolean stays(int c) {
            return !(c >= 1 && c <= 8 || c == 0xb || c >= 0xe && c <= 0x1f || c == 0x7f || c == 0x8f || c == 0x9f);
        }

        private static int blank(int c) {
            boolean blank = c == '\t'
                    || c == '\n'
                    || c == '\f'
                    || c == '\r'
                    || c == 0x1680
                    || c >= 0x200b && c <= 0x200f
                    || c == 0x2028
                    || c == 0x2029
                    || c == 0x2581
                    || c == 0xfeff
                    || c == 0xfffd;
            return blank ? ' ' : c;
        }

        @Override
        public Text normalize(Text text) {
            return mapped(filtered(text, Nmt::stays), Nmt::blank);
        }
    }

    /** Another string wherever a pattern is found. */
    record Replace(TextPattern pattern, String content) implements Normalizer {
        @Override
        public Text normalize(Text text) {
            Text.Change change = new Text.Change(text);
            pattern.matches(text, (first, last) -> {
                change.keepTo(first);
                change.skip(last - first);
                change.insert(content);
            });
            return change.done();
        }
    }

    /** A string in front of a text that is not empty. */
    record Prepend(String content) implements Normalizer {
        @Override
        public Text normalize(Text text) {
            return text.isEmpty() ? text : prepended(text, content);
        }
    }

    /** The letter of each byte of the text in UTF-8, as {@link BytePairs} have it. */
    record Bytes() implements Normalizer {
        @Override
        public Text normalize(Text text) {
            Text.Change change = null;
            for (int i = text.start; i < text.end; i++) {
                int c = text.points[i];
                if (c > ' ' && c <= '~') {
                    continue; // is its own letter
                }
                change = change == null ? new Text.Change(text) : change;
                change.keepTo(i);
                if (c < 0x80) {
                    change.replace(BytePairs.letter(c));
                } else if (c < 0x800) {
                    change.replace(BytePairs.letter(0xc0 | c >> 6));
                    change.insert(BytePairs.letter(0x80 | c & 0x3f));
                } else if (c < 0x10000) {
                    change.replace(BytePairs.letter(0xe0 | c >> 12));
                    change.insert(BytePairs.letter(0x80 | c >> 6 & 0x3f));
                    change.insert(BytePairs.letter(0x80 | c & 0x3f));
                } else {
                    change.replace(BytePairs.letter(0xf0 | c >> 18));
                    change.insert(BytePairs.letter(0x80 | c >> 12 & 0x3f));
                    change.insert(BytePairs.letter(0x80 | c >> 6 & 0x3f));
                    change.insert(BytePairs.letter(0x80 | c & 0x3f));
                }
            }
            return change == null ? text : change.done();
        }
    }

    /** The code points that stay, each of which stands for itself alone. */
    private static Text filtered(Text text, IntPredicate stays) {
        Text.Change change = null;
        for (int i = text.start; i < text.end; i++) {
            if (!stays.test(text.points[i])) {
                change = change == null ? new Text.Change(text) : change;
                change.keepTo(i);
                change.skip(1);
            }
        }
        return change == null ? text : change.done();
    }

    private static Text mapped(Text text, IntUnaryOperator map) {
        Text.Change change = null;
        for (int i = text.start; i < text.end; i++) {
            int c = map.applyAsInt(text.points[i]);
            if (c != text.points[i]) {
                change = change == null ? new Text.Change(text) : change;
                change.keepTo(i);
                change.replace(c);
            }
        }
        return change == null ? text : change.done();
    }

    private static Text lower(Text text) {
        Text.Change change = null;
        for (int i = text.start; i < text.end; i++) {
            int c = text.points[i];
            int small = c < 0x80 ? c >= 'A' && c <= 'Z' ? c + 32 : c : Character.toLowerCase(c);
            if (c == 0x130) { // the only one that becomes two
                change = change == null ? new Text.Change(text) : change;
                change.keepTo(i);
                change.replace('i');
                change.insert(0x307);
            } else if (small != c) {
                change = change == null ? new Text.Change(text) : change;
                change.keepTo(i);
                change.replace(small);
            }
        }
        return change == null ? text : change.done();
    }

    /** The first of what is new stands for the first code point, and so does all behind it. */
    static Text prepended(Text text, String content) {
        Text.Change change = new Text.Change(text);
        boolean begun = false;
        for (int i = 0; i < content.length(); ) {
            int c = content.codePointAt(i);
            i += Character.charCount(c);
            if (begun) {
                change.insert(c);
            } else {
                change.replace(c);
                begun = true;
            }
        }
        if (begun) {
            change.insert(text.points[text.start]);
        }
        return change.done();
    }
}
