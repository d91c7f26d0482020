package dev.fathom.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/** How a tokenizer cuts a text into pieces, each of which has its own tokens; the names are those of the file. */
interface PreTokenizer {
    /** Adds the pieces of a text to a list; none of them is empty. */
    void cut(Text text, List<Text> to);

    /** The pieces of each piece, but for added tokens, which stay as they are. */
    static List<Text> all(PreTokenizer cut, List<Text> pieces) {
        List<Text> to = new ArrayList<>(2 * pieces.size() + 8);
        for (Text piece : pieces) {
            if (piece.added >= 0) {
                to.add(piece);
            } else {
                cut.cut(piece, to);
            }
        }
        return to;
    }

    /** What becomes of the places at which a text is cut. */
    enum Behavior {
        REMOVED,
        ISOLATED,
        MERGED_WITH_PREVIOUS,
        MERGED_WITH_NEXT,
        CONTIGUOUS
    }

    /** Cuts where a pattern is found, or where it is not. */
    record Split(TextPattern pattern, Behavior behavior, boolean invert) implements PreTokenizer {
        @Override
        public void cut(Text text, List<Text> to) {
            var parts = new Parts(text, this, to);
            int[] last = {text.start};
            pattern.matches(text, (first, end) -> {
                parts.add(last[0], first, invert);
                parts.add(first, end, !invert);
                last[0] = end;
            });
            parts.add(last[0], text.end, invert);
            parts.end();
        }
    }

    /** The parts of a text, which follow each other, on their way to a list. */
    final class Parts {
        private final Text text;
        private final Behavior behavior;
        private final List<Text> to;
        /** What waits because the next part may join it. */
        private int first;

        private int last;
        private boolean match;

        Parts(Text text, Split split, List<Text> to) {
            this.text = text;
            this.behavior = split.behavior;
            this.to = to;
            first = text.start;
            last = text.start;
        }

        /** The part from {@code start} to {@code end}, and whether it is one at which the text is cut. */
        void add(int start, int end, boolean matches) {
            if (start == end) {
                return;
            }
            boolean joins = last > first
                    && switch (behavior) {
                        case REMOVED, ISOLATED -> false;
                        case MERGED_WITH_PREVIOUS -> matches && !match;
                        case MERGED_WITH_NEXT -> match && !matches;
                        case CONTIGUOUS -> match == matches;
                    };
            if (!joins) {
                end();
                first = start;
            }
            last = end;
            match = matches;
        }

        void end() {
            if (last > first && !(match && behavior == Behavior.REMOVED)) {
                to.add(text.piece(first, last));
            }
            first = last;
        }
    }

    /** Cuts at each code point of a kind. */
    static PreTokenizer at(IntPredicate kind, Behavior behavior) {
        return new Split(new TextPattern.Each(kind), behavior, false);
    }

    /** One after the other. */
    record Sequence(List<PreTokenizer> cuts) implements PreTokenizer {
        @Override
        public void cut(Text text, List<Text> to) {
            List<Text> pieces = List.of(text);
            for (PreTokenizer cut : cuts) {
                pieces = all(cut, pieces);
            }
            to.addAll(pieces);
        }
    }

    /** Words and single marks of punctuation, as BERT has them. */
    record Bert() implements PreTokenizer {
        @Override
        public void cut(Text text, List<Text> to) {
            int word = text.start;
            for (int i = text.start; i < text.end; i++) {
                int c = text.points[i];
                boolean mark = Unicode.punctuation(c);
                if (mark || Unicode.whiteSpace(c)) {
                    if (word < i) {
                        to.add(text.piece(word, i));
                    }
                    if (mark) {
                        to.add(text.piece(i, i + 1));
                    }
                    word = i + 1;
                }
            }
            if (word < text.end) {
                to.add(text.piece(word, text.end));
            }
        }
    }

    /** Words and runs of anything else that is not white space. */
    record Whitespace() implements PreTokenizer {
        private static int kind(int c) {
            return Unicode.word(c) ? 1 : Unicode.whiteSpace(c) ? 0 : 2;
        }

        @Override
        public void cut(Text text, List<Text> to) {
            for (int i = text.start, end; i < text.end; i = end) {
                int kind = kind(text.points[i]);
                end = i + 1;
                while (end < text.end && kind(text.points[end]) == kind) {
                    end++;
                }
                if (kind > 0) {
                    to.add(text.piece(i, end));
                }
            }
        }
    }

    /** Pieces as GPT-2 cuts them, if it cuts at all, with a letter for each byte. */
    record ByteLevel(boolean prefixSpace, boolean cuts) implements PreTokenizer {
        private static final Normalizer BYTES = new Normalizer.Bytes();
        private static final Split WORDS = new Split(
                new TextPattern.Regex(LinearPattern.compile(
                        "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+")),
                Behavior.ISOLATED,
                false);

        @Override
        public void cut(Text text, List<Text> to) {
            boolean bare = prefixSpace && !text.isEmpty() && text.points[text.start] != ' ';
            Text all = bare ? Normalizer.prepended(text, " ") : text;
            if (!cuts) {
                to.add(BYTES.normalize(all));
                return;
            }
            int before = to.size();
            WORDS.cut(all, to);
            for (int i = before; i < to.size(); i++) {
                to.set(i, BYTES.normalize(to.get(i)));
            }
        }
    }

    /** A sign in the place of each blank, and pieces that begin with one, as SentencePiece has them. */
    record Metaspace(int sign, Prefix prefix, boolean cuts) implements PreTokenizer {
        /** Where a sign is set in front of what begins without one. */
        enum Prefix {
            ALWAYS,
            FIRST,
            NEVER
        }

        @Override
        public void cut(Text text, List<Text> to) {
            Text.Change change = new Text.Change(text);
            for (int i = text.start; i < text.end; i++) {
                if (text.points[i] == ' ') {
                    change.keepTo(i);
                    change.replace(sign);
                }
            }
            Text all = change.done();
            boolean wanted =
                    prefix == Prefix.ALWAYS || prefix == Prefix.FIRST && !all.isEmpty() && all.from(all.start) == 0;
            if (wanted && !all.isEmpty() && all.points[all.start] != sign) {
                all = Normalizer.prepended(all, Character.toString(sign));
            }
            if (!cuts) {
                to.add(all);
                return;
            }
            int first = all.start;
            for (int i = all.start + 1; i < all.end; i++) {
                if (all.points[i] == sign) {
                    to.add(all.piece(first, i));
                    first = i;
                }
            }
            if (first < all.end) {
                to.add(all.piece(first, all.end));
            }
        }
    }

    /** Pieces of so many code points. */
    record FixedLength(int length) implements PreTokenizer {
        @Override
        public void cut(Text text, List<Text> to) {
            for (int i = text.start; i < text.end; i += length) {
                to.add(text.piece(i, Math.min(text.end, i + length)));
            }
        }
    }

    /**
     * Cuts where the script changes. Blanks, and code points that stand for no character, are of any script; those in
     * front of all others are left out.
     */
    record Scripts() implements PreTokenizer {
        private static Character.UnicodeScript script(int c) {
            if (c == ' ') {
                return Character.UnicodeScript.UNKNOWN;
            }
            // Japanese writes in three scripts at once
            Character.UnicodeScript script = c == 0x30fc ? Character.UnicodeScript.HAN : Character.UnicodeScript.of(c);
            return script == Character.UnicodeScript.HIRAGANA || script == Character.UnicodeScript.KATAKANA
                    ? Character.UnicodeScript.HAN
                    : script;
        }

        @Override
        public void cut(Text text, List<Text> to) {
            int first = -1;
            Character.UnicodeScript last = Character.UnicodeScript.UNKNOWN;
            for (int i = text.start; i < text.end; i++) {
                Character.UnicodeScript script = script(text.points[i]);
                if (script == Character.UnicodeScript.UNKNOWN || first >= 0 && script == last) {
                    continue;
                }
                if (first >= 0) {
                    to.add(text.piece(first, i));
                }
                first = i;
                last = script;
            }
            if (first >= 0) {
                to.add(text.piece(first, text.end));
            }
        }
    }
}
