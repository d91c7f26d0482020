package dev.fathom.tokenizer;

import dev.fathom.text.BytePairs;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a tokenizer sets around the tokens of one or two texts; the names are those of {@code tokenizer.json}. */
interface PostProcessor {
    /** How many special tokens it adds to one text, or to two. */
    int added(boolean pair);

    /** Whether and how it takes blanks out of offsets; null where it does not. */
    default @Nullable TrimOffsets trim() {
        return null;
    }

    /** The parts of the whole, of one or two texts, with special tokens where they are wanted. */
    List<EncodedText> process(List<EncodedText> parts, List<PretrainedTokenizer.Source> texts, boolean special);

    /** One after the other. */
    record Sequence(List<PostProcessor> processors) implements PostProcessor {
        @Override
        public int added(boolean pair) {
            return processors.stream().mapToInt(p -> p.added(pair)).sum();
        }

        @Override
        public @Nullable TrimOffsets trim() {
            return processors.stream()
                    .map(PostProcessor::trim)
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElse(null);
        }

        @Override
        public List<EncodedText> process(
                List<EncodedText> parts, List<PretrainedTokenizer.Source> texts, boolean special) {
            List<EncodedText> all = parts;
            for (PostProcessor p : processors) {
                all = p.process(all, texts, special);
            }
            return all;
        }
    }

    /**
     * A list of texts and special tokens: {@code [CLS] A [SEP]} for one text, {@code [CLS] A [SEP] B [SEP]} for two.
     */
    record Template(TokenTable table, List<Part> single, List<Part> pair) implements PostProcessor {
        /**
         * A text or special tokens.
         *
         * @param text 0 or 1, or -1 where {@code ids} are special tokens
         */
        record Part(int text, int[] ids, int typeId) {}

        static Part text(int text, int typeId) {
            return new Part(text, new int[0], typeId);
        }

        static Part special(int id, int typeId) {
            return new Part(-1, new int[] {id}, typeId);
        }

        /** What BERT sets around one text, and around two. */
        static Template bert(TokenTable table, int first, int end) {
            return new Template(
                    table,
                    List.of(special(first, 0), text(0, 0), special(end, 0)),
                    List.of(special(first, 0), text(0, 0), special(end, 0), text(1, 1), special(end, 1)));
        }

        @Override
        public int added(boolean two) {
            return (two ? pair : single).stream().mapToInt(p -> p.ids.length).sum();
        }

        @Override
        public List<EncodedText> process(
                List<EncodedText> parts, List<PretrainedTokenizer.Source> texts, boolean special) {
            List<EncodedText> all = new ArrayList<>();
            for (Part part : parts.size() > 1 ? pair : single) {
                if (part.text >= 0) {
                    all.add(parts.get(part.text).withTypeId(part.typeId));
                } else if (special) {
                    all.add(EncodedText.special(table, part.ids, part.typeId));
                }
            }
            return all;
        }
    }

    /** Takes the blanks out of the offsets of byte-level tokens; RoBERTa does this before its special tokens. */
    record TrimOffsets(boolean prefixSpace) implements PostProcessor {
        @Override
        public int added(boolean pair) {
            return 0;
        }

        @Override
        public List<EncodedText> process(
                List<EncodedText> parts, List<PretrainedTokenizer.Source> texts, boolean special) {
            parts.forEach(e -> e.offsets(texts, this::trimmed));
            return parts;
        }

        private static boolean blank(int c) {
            return c == BytePairs.letter(' ') || Unicode.whiteSpace(c);
        }

        private long trimmed(int at, String token, String text, int start, int end) {
            int[] points = token.codePoints().toArray();
            int leading = 0;
            while (leading < points.length && blank(points[leading])) {
                leading++;
            }
            int trailing = 0;
            while (trailing < points.length && blank(points[points.length - 1 - trailing])) {
                trailing++;
            }
            int first = start;
            for (int i = set(at, leading, start) ? leading : 0; i < leading && first < end; i++) {
                first = text.offsetByCodePoints(first, 1);
            }
            int last = end;
            for (int i = 0; i < trailing && last > first; i++) {
                last = text.offsetByCodePoints(last, -1);
            }
            return (long) first << 32 | last;
        }

        /** Whether a blank was set in front of the text, and is not part of it. */
        private boolean set(int at, int leading, int start) {
            return (at == 0 || start == 0) && prefixSpace && leading == 1;
        }

        @Override
        public TrimOffsets trim() {
            return this;
        }

        /** The added token in a piece, with the white space that it took, as the token of this place. */
        void add(Text piece, int at, Tokens to) {
            int first = piece.start;
            while (first < piece.end && Unicode.whiteSpace(piece.points[first])) {
                first++;
            }
            int last = piece.end;
            while (last > first + 1 && Unicode.whiteSpace(piece.points[last - 1])) {
                last--;
            }
            boolean bare = first == piece.end || set(at, first - piece.start, piece.from(piece.start));
            to.add(piece.added, piece, bare ? piece.start : first, last);
        }
    }
}
