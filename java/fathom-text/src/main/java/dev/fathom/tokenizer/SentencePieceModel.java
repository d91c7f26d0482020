package dev.fathom.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads a model of SentencePiece ({@code spiece.model}, {@code tokenizer.model}), a message in protocol buffers: its
 * pieces with their scores, how it was trained, and how texts are normalized.
 */
final class SentencePieceModel {
    /** The sign that stands for a blank. */
    static final int SIGN = 0x2581;

    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER = 4;
    private static final int UNUSED = 5;

    private static final int BPE = 2;

    private final TokenTable table = new TokenTable();
    private final List<AddedTokens.Token> added = new ArrayList<>();
    private final List<Piece> pieces = new ArrayList<>();
    private int kind = 1;
    private boolean byteFallback;
    private byte[] map = {};
    private boolean prefix = true;
    private boolean collapses = true;
    private boolean escapes = true;

    private record Piece(String text, float score, int type) {}

    private SentencePieceModel() {}

    /**
     * The tokenizer that a model describes; its numbers are those of SentencePiece, without special tokens around.
     *
     * @throws IllegalArgumentException if it is no such model, or is damaged
     */
    static PretrainedTokenizer.Parts parts(byte[] model) {
        var read = new SentencePieceModel();
        read.message(new Wire(model, 0, model.length));
        if (read.pieces.isEmpty()) {
            throw new IllegalArgumentException("it has no pieces");
        }
        return read.parts();
    }

    /** A message of protocol buffers: fields, each a number, eight or four bytes, or some bytes. */
    private static final class Wire {
        private final byte[] bytes;
        private int at;
        private final int end;
        /** What the last field held. */
        private int from;

        private int to;
        private long value;

        Wire(byte[] bytes, int at, int end) {
            this.bytes = bytes;
            this.at = at;
            this.end = end;
        }

        /** The number of the next field, or 0 at the end. */
        int next() {
            if (at == end) {
                return 0;
            }
            long key = varint();
            switch ((int) key & 7) {
                case 0 -> value = varint();
                case 1 -> skip(8);
                case 2 -> skip(varint());
                case 5 -> {
                    skip(4);
                    value = bytes[from] & 0xff
                            | (bytes[from + 1] & 0xff) << 8
                            | (bytes[from + 2] & 0xff) << 16
                            | (bytes[from + 3] & 0xff) << 24;
                }
                default -> throw new IllegalArgumentException("it is no message of protocol buffers");
            }
            int field = (int) (key >>> 3);
            if (field <= 0) {
                throw new IllegalArgumentException("it is no message of protocol buffers");
            }
            return field;
        }

        private void skip(long n) {
            if (n < 0 || n > end - at) {
                throw new IllegalArgumentException("it ends within a field");
            }
            from = at;
            at += (int) n;
            to = at;
        }

        private long varint() {
            long all = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                if (at == end) {
                    throw new IllegalArgumentException("it ends within a number");
                }
                byte b = bytes[at++];
                all |= (long) (b & 0x7f) << shift;
                if (b >= 0) {
                    return all;
                }
            }
            throw new IllegalArgumentException("it is no message of protocol buffers");
        }

        String text() {
            return new String(bytes, from, to - from, StandardCharsets.UTF_8);
        }

        Wire message() {
            return new Wire(bytes, from, to);
        }
    }

    private void message(Wire in) {
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> piece(in.message());
                case 2 -> trainer(in.message());
                case 3 -> normalizer(in.message());
                default -> {}
            }
        }
    }

    private void piece(Wire in) {
        String text = "";
        float score = 0;
        int type = 1;
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 1 -> text = in.text();
                case 2 -> score = Float.intBitsToFloat((int) in.value);
                case 3 -> type = (int) in.value;
                default -> {}
            }
        }
        pieces.add(new Piece(text, score, type));
    }

    private void trainer(Wire in) {
        for (int field = in.next(); field != 0; field = in.next()) {
            if (field == 3) {
                kind = (int) in.value;
            } else if (field == 35) {
                byteFallback = in.value != 0;
            }
        }
    }

    private void normalizer(Wire in) {
        for (int field = in.next(); field != 0; field = in.next()) {
            switch (field) {
                case 2 -> map = Arrays.copyOfRange(in.bytes, in.from, in.to);
                case 3 -> prefix = in.value != 0;
                case 4 -> collapses = in.value != 0;
                case 5 -> escapes = in.value != 0;
                default -> {}
            }
        }
    }

    private PretrainedTokenizer.Parts parts() {
        if (kind != 1 && kind != BPE) {
            throw new IllegalArgumentException(
                    "its model of type " + kind + " is not known; there are unigram (1) and byte-pair encoding (2)");
        }
        float[] scores = new float[pieces.size()];
        boolean[] usable = new boolean[pieces.size()];
        int unknown = -1;
        for (int id = 0; id < pieces.size(); id++) {
            Piece p = pieces.get(id);
            table.put(p.text, id);
            scores[id] = p.score;
            switch (p.type) {
                case UNKNOWN -> unknown = id;
                case USER -> added.add(AddedTokens.Token.of(p.text, id, false));
                case CONTROL, UNUSED -> {}
                default -> usable[id] = true;
            }
        }
        Model model = kind == BPE
                ? scored(table, scores, usable, unknown, byteFallback)
                : new Unigram(table, doubles(scores), usable, unknown, byteFallback);
        int blank = escapes ? SIGN : ' ';
        return new PretrainedTokenizer.Parts(
                added,
                new Normalization(map.length == 0 ? null : CharacterMap.of(map), prefix, collapses, blank),
                null,
                model,
                null,
                decoder(blank, prefix));
    }

    /** Bytes, then blanks, without the one that was set in front. */
    static Decoder decoder(int blank, boolean prefix) {
        return new Decoder.Sequence(List.of(
                new Decoder.ByteFallback(),
                new Decoder.Replace(TextPattern.Exactly.of(Character.toString(blank)), " "),
                new Decoder.Fuse(),
                new Decoder.Strip(' ', prefix ? 1 : 0, 0)));
    }

    private static double[] doubles(float[] some) {
        double[] all = new double[some.length];
        Arrays.setAll(all, i -> some[i]);
        return all;
    }

    /**
     * Byte-pair encoding by scores: of all neighbors that are a piece together, those of the greatest score are merged
     * first, which are the ranks of these scores for each way to make a piece of two.
     */
    static Model scored(TokenTable table, float[] scores, boolean[] usable, int unknown, boolean byteFallback) {
        float[] sorted = scores.clone();
        Arrays.sort(sorted);
        var merges = new Bpe.Merges(2 * scores.length);
        for (int id = 0; id < scores.length; id++) {
            String whole = table.token(id);
            if (!usable[id] || whole == null || table.id(whole) != id) {
                continue;
            }
            int rank = sorted.length - 1 - Arrays.binarySearch(sorted, scores[id]);
            for (int i = 1; i < whole.length(); i++) {
                int left = table.id(whole.substring(0, i));
                int right = left < 0 ? -1 : table.id(whole.substring(i));
                if (right >= 0 && usable[left] && usable[right]) {
                    merges.put(left, right, id, rank);
                }
            }
        }
        return new Bpe(
                table,
                merges,
                new Bpe.Settings(unknown < 0 ? null : table.token(unknown), "", "", true, byteFallback, false));
    }

    /**
     * What SentencePiece does to a text: its map of characters, one blank for each run of them and none at the ends, a
     * sign in the place of each blank, and one in front.
     */
    record Normalization(@Nullable CharacterMap map, boolean prefix, boolean collapses, int blank)
            implements Normalizer {
        @Override
        public Text normalize(Text text) {
            Text mapped = map == null ? text : map.longest(text);
            Text.Change change = new Text.Change(mapped);
            int first = mapped.start;
            int last = mapped.end;
            while (collapses && first < last && mapped.points[first] == ' ') {
                first++;
            }
            while (collapses && last > first && mapped.points[last - 1] == ' ') {
                last--;
            }
            change.skip(first - mapped.start);
            for (int i = first; i < last; i++) {
                if (mapped.points[i] != ' ') {
                    change.keep();
                } else if (collapses && mapped.points[i + 1] == ' ') {
                    change.skip(1);
                } else {
                    change.replace(blank);
                }
            }
            change.skip(mapped.end - last);
            Text all = change.done();
            boolean begins = !all.isEmpty() && (text.isEmpty() || text.from(text.start) == 0);
            return prefix && begins ? Normalizer.prepended(all, Character.toString(blank)) : all;
        }
    }
}
