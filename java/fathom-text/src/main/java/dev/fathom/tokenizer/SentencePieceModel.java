package dev.fathom.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a model of SentencePiece ({@code spiece.model}, {@code tokenizer.model}), a message in protocol buffers: its
 * pieces with their scores, how it was trained, and how texts are normalized.
 *
 * <p>What SentencePiece's trainer does not write unless it is told to is not done: the rules for texts that were
 * decoded (its denormalizer), and pairs that merge through pieces whose type is unused.
 */
final class SentencePieceModel {
    /** The sign that stands for a blank. */
    static final int SIGN = 0x2581;

    private static final int NORMAL = 1;
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER = 4;
    private static final int BYTE = 6;

    private static final int BPE = 2;
    /** How much less likely than any other piece an unknown character is. */
    private static final float PENALTY = 10;
    /** What a symbol of the user costs, so that it is always chosen. */
    private static final double COST = 0.1;

    private final TokenTable table = new TokenTable();
    /** The symbols of the user, which stay whole. */
    private final Trie symbols = new Trie();

    private final List<Piece> pieces = new ArrayList<>();
    private int kind = 1;
    private boolean byteFallback;
    private byte[] map = {};
    private boolean prefix = true;
    private boolean collapses = true;
    private boolean escapes = true;
    private boolean suffix;
    private String surface = " \u2047 ";

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
            } else if (field == 24) {
                suffix = in.value != 0;
            } else if (field == 35) {
                byteFallback = in.value != 0;
            } else if (field == 44) {
                surface = in.text();
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
        Set<String> controls = new HashSet<>();
        int unknown = -1;
        boolean bytes = false;
        for (int id = 0; id < pieces.size(); id++) {
            Piece p = pieces.get(id);
            table.put(p.text, id);
            scores[id] = p.score;
            usable[id] = p.type == NORMAL;
            bytes |= p.type == BYTE;
            if (p.type == UNKNOWN) {
                unknown = id;
            } else if (p.type == CONTROL) {
                controls.add(p.text);
            } else if (p.type == USER) {
                symbols.put(p.text, id);
            }
        }
        Model model = kind == BPE
                ? scored(table, scores, usable, unknown, byteFallback, symbols)
                : unigram(scores, usable, unknown);
        int blank = escapes ? SIGN : ' ';
        CharacterMap characters = map.length == 0 ? null : CharacterMap.of(map);
        return new PretrainedTokenizer.Parts(
                new AddedTokens(controls),
                new Normalization(characters, symbols, prefix, suffix, collapses, blank),
                null,
                model,
                null,
                new Decoding(table.token(unknown), surface, bytes, prefix, collapses));
    }

    /** The model with the scores that SentencePiece gives to unknown characters and to symbols of the user. */
    private Unigram unigram(float[] scores, boolean[] usable, int unknown) {
        double[] all = new double[scores.length];
        float least = Float.MAX_VALUE;
        float greatest = Float.MIN_NORMAL;
        for (int id = 0; id < all.length; id++) {
            all[id] = scores[id];
            if (usable[id]) {
                least = Math.min(least, scores[id]);
                greatest = Math.max(greatest, scores[id]);
            }
        }
        for (int id = 0; id < all.length; id++) {
            Piece p = pieces.get(id);
            if (p.type == USER) {
                usable[id] = true;
                all[id] = p.text.getBytes(StandardCharsets.UTF_8).length * greatest - COST;
            }
        }
        return new Unigram(table, all, usable, unknown, least - PENALTY, byteFallback, true);
    }

    /** Bytes, then blanks, without the one that was set in front. */
    static Decoder decoder(int blank, boolean prefix) {
        return new Decoder.Sequence(List.of(
                new Decoder.ByteFallback(),
                new Decoder.Replace(TextPattern.Exactly.of(Character.toString(blank)), " "),
                new Decoder.Fuse(),
                new Decoder.Strip(' ', prefix ? 1 : 0, 0)));
    }

    /**
     * Byte-pair encoding by scores: of all neighbors that are a piece together, those of the greatest score are merged
     * first, which are the ranks of these scores for each way to make a piece of two.
     */
    static Model scored(TokenTable table, float[] scores, boolean[] usable, int unknown, boolean byteFallback) {
        return scored(table, scores, usable, unknown, byteFallback, new Trie());
    }

    private static Model scored(
            TokenTable table, float[] scores, boolean[] usable, int unknown, boolean byteFallback, Trie symbols) {
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
                new Bpe.Settings(unknown < 0 ? null : table.token(unknown), "", "", true, byteFallback, false),
                symbols);
    }

    /**
     * What SentencePiece does to a text, but for the symbols in it: its map of characters, one blank for each run of
     * them and none at the ends, a sign in the place of each blank, and one in front or behind.
     */
    record Normalization(
            @Nullable CharacterMap map, Trie symbols, boolean prefix, boolean suffix, boolean collapses, int blank)
            implements Normalizer {
        /** Without a map and without symbols. */
        Normalization(boolean prefix, boolean collapses, int blank) {
            this(null, new Trie(), prefix, false, collapses, blank);
        }

        @Override
        public Text normalize(Text text) {
            var writing = new Writing(text);
            boolean blanks = writing.all();
            Text all = writing.change.done();
            int end = all.end;
            while (collapses && end > all.start && all.points[end - 1] == blank) {
                end--;
            }
            all = all.piece(all.start, end);
            if (blanks || !prefix || text.from(text.start) > 0 || all.isEmpty() && !suffix && collapses) {
                return all;
            }
            if (!suffix && !all.isEmpty()) {
                return Normalizer.prepended(all, Character.toString(blank));
            }
            Text.Change change = new Text.Change(all);
            change.keepTo(all.end);
            change.insert(blank);
            return change.done();
        }

        /** A text on its way: what the longest prefix that is a symbol or in the map becomes, then the next one. */
        private final class Writing {
            private final Text text;
            private final Text.Change change;
            private boolean afterBlank = collapses;

            Writing(Text text) {
                this.text = text;
                change = new Text.Change(text);
            }

            /** Writes the whole text, and tells whether it is blanks alone. */
            boolean all() {
                byte[] bytes = map == null ? new byte[0] : text.toString().getBytes(StandardCharsets.UTF_8);
                boolean blanks = true;
                for (int at = text.start, end, next = 0; at < text.end; at = end) {
                    long symbol = symbols.longest(text.points, at, text.end);
                    int least = symbol >= 0 ? (int) symbol : at + 1;
                    var found = map == null || symbol >= 0 ? null : map.find(bytes, next, bytes.length, true);
                    String becomes = found == null ? null : found.becomes();
                    int to = found == null || becomes == null ? 0 : next + found.bytes();
                    for (end = at; end < least || next < to && end < text.end; end++) {
                        next += CharacterMap.utf8(text.points[end]);
                    }
                    blanks &= collapses
                            && (becomes == null ? end == at + 1 && text.points[at] == ' ' : becomes.equals(" "));
                    put(at, end, becomes);
                }
                return blanks;
            }

            /** Writes what the code points from {@code first} to {@code last} become. */
            private void put(int first, int last, @Nullable String becomes) {
                boolean cut = afterBlank; // the blanks in front
                int n = becomes == null ? last - first : becomes.length();
                int at = first;
                for (int i = 0, c; i < n; i += becomes == null ? 1 : Character.charCount(c)) {
                    c = becomes == null ? text.points[first + i] : becomes.codePointAt(i);
                    if (c == ' ' && cut) {
                        continue;
                    }
                    cut = false;
                    afterBlank = collapses && c == ' ';
                    if (at++ < last) {
                        change.replace(c == ' ' ? blank : c);
                    } else {
                        change.insert(c == ' ' ? blank : c);
                    }
                }
                change.skip(Math.max(0, last - at));
            }
        }
    }

    /**
     * How SentencePiece makes a text of pieces: without the blanks in front, with the characters that bytes make, and a
     * U+FFFD for each byte that is part of none. Control pieces are left out before this, if they are, so that one
     * between the bytes of a character does not part them, as it does in SentencePiece.
     *
     * @param unknown the unknown piece, which becomes {@code surface}
     * @param bytes whether there are pieces of bytes
     */
    record Decoding(@Nullable String unknown, String surface, boolean bytes, boolean prefix, boolean collapses)
            implements Decoder {
        @Override
        public List<String> decode(List<String> tokens) {
            StringBuilder text = new StringBuilder();
            var waiting = new ByteArrayOutputStream();
            boolean begins = prefix || collapses;
            for (String token : tokens) {
                int b = bytes ? Decoder.ByteFallback.value(token) : -1;
                if (b >= 0) {
                    waiting.write(b);
                    continue;
                }
                flush(waiting, text);
                begins &= text.length() == 0;
                boolean signed = begins && token.indexOf(SIGN) == 0;
                begins &= !signed || collapses; // of blanks that stay one alone was set in front
                String plain = signed ? token.substring(1) : token;
                text.append(token.equals(unknown) ? surface : plain.replace((char) SIGN, ' '));
            }
            flush(waiting, text);
            return List.of(text.toString());
        }

        private static void flush(ByteArrayOutputStream bytes, StringBuilder to) {
            ByteBuffer in = ByteBuffer.wrap(bytes.toByteArray());
            CharBuffer out = CharBuffer.allocate(in.remaining());
            CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
            for (CoderResult r = decoder.decode(in, out, true); r.isError(); r = decoder.decode(in, out, true)) {
                out.put("\ufffd".repeat(r.length()));
                in.position(in.position() + r.length());
            }
            to.append(out.flip());
            bytes.reset();
        }
    }
}
