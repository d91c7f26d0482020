package dev.fathom.onnx;

import dev.fathom.io.Bytes;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The fields of one message of protocol buffers in the bytes of a file, one after the other (<a
 * href="https://protobuf.dev/programming-guides/encoding/">the encoding</a>). Nothing is allocated for bytes that are
 * not there, and what is left alone is not read.
 *
 * <pre>for (Wire in = ...; in.next(); ) {
 *     switch (in.field()) {
 *         case 1 -> name = in.text();
 *         case 2 -> number = in.number();
 *     }
 * }</pre>
 */
final class Wire {
    /** How deep messages of a sound file lie within each other: a graph within a graph takes three. */
    private static final int DEEPEST = 64;

    private static final int VARINT = 0;
    private static final int FIXED_64 = 1;
    private static final int DELIMITED = 2;
    private static final int FIXED_32 = 5;

    /** The character that decoding puts in the place of invalid bytes; a text may also contain it. */
    private static final char REPLACEMENT = '\uFFFD';

    private final Window window;
    private final long end;
    private final int depth;
    private long at;
    private int field;
    private int kind;
    /** Where the value of the field ends. */
    private long behind;

    Wire(Bytes data) throws IOException {
        this(new Window(data), 0, data.length(), 0);
    }

    private Wire(Window window, long begin, long end, int depth) {
        this.window = window;
        this.at = begin;
        this.behind = begin;
        this.end = end;
        this.depth = depth;
    }

    /** Goes to the next field, whether or not the value of the last one was read, and returns whether there is one. */
    boolean next() throws IOException {
        at = behind;
        if (at == end) {
            return false;
        }
        long tag = varint();
        field = (int) (tag >>> 3);
        kind = (int) tag & 7;
        if (tag >>> 32 != 0 || field == 0) {
            throw damaged("a field has the number " + Long.toUnsignedString(tag >>> 3));
        }
        switch (kind) {
            case VARINT -> {
                long from = at;
                varint();
                behind = at;
                at = from;
            }
            case FIXED_64 -> behind = at + Long.BYTES;
            case FIXED_32 -> behind = at + Integer.BYTES;
            case DELIMITED -> {
                long length = varint();
                if (length < 0 || length > end - at) {
                    throw damaged("field " + field + " claims " + Long.toUnsignedString(length) + " bytes, of which "
                            + (end - at) + " are there");
                }
                behind = at + length;
            }
            default -> throw damaged("field " + field + " is of the kind " + kind + ", which is not known");
        }
        if (behind > end) {
            throw new EOFException();
        }
        return true;
    }

    int field() {
        return field;
    }

    // ---- the value of the field

    /** A whole number; a boolean is 0 or 1. */
    long number() throws IOException {
        must(VARINT);
        return varint();
    }

    int int32() throws IOException {
        return (int) number();
    }

    float float32() throws IOException {
        must(FIXED_32);
        return Float.intBitsToFloat((int) fixed(Integer.BYTES));
    }

    Wire message() {
        must(DELIMITED);
        if (depth == DEEPEST) {
            throw damaged("its messages lie more than " + DEEPEST + " deep within each other");
        }
        return new Wire(window, at, behind, depth + 1);
    }

    byte[] bytes() throws IOException {
        must(DELIMITED);
        if (behind - at > Bytes.MOST) {
            throw new IllegalArgumentException("it has a text of " + (behind - at) + " bytes, which no array holds");
        }
        byte[] bytes = new byte[(int) (behind - at)];
        window.read(at, bytes);
        return bytes;
    }

    String text() throws IOException {
        byte[] bytes = bytes();
        String text = new String(bytes, StandardCharsets.UTF_8);
        if (text.indexOf(REPLACEMENT) < 0) {
            return text;
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw damaged("field " + field + " should be a text but is no UTF-8");
        }
    }

    /** Where the bytes of the value begin in the file. */
    long begin() {
        must(DELIMITED);
        return at;
    }

    /** How many bytes the value has. */
    long length() {
        return behind - at;
    }

    /** Takes whole numbers of a repeated field, one by one or all at once, as writers may choose. */
    void numbers(Numbers to) throws IOException {
        if (kind == VARINT) {
            to.add(varint());
            return;
        }
        must(DELIMITED);
        while (at < behind) {
            to.add(varint());
        }
        if (at > behind) {
            throw damaged("the last number of field " + field + " goes on behind its end");
        }
    }

    /** Takes numbers of so many bytes of a repeated field, one by one or all at once, by their bits. */
    void fixed(int bytes, Numbers to) throws IOException {
        if (kind == (bytes == Integer.BYTES ? FIXED_32 : FIXED_64)) {
            to.add(fixed(bytes));
            return;
        }
        must(DELIMITED);
        if ((behind - at) % bytes != 0) {
            throw damaged("field " + field + " has " + (behind - at) + " bytes, which are no numbers of " + bytes);
        }
        while (at < behind) {
            to.add(fixed(bytes));
        }
    }

    /** Whether all numbers of a repeated field lie one behind the other. */
    boolean packed() {
        return kind == DELIMITED;
    }

    private long fixed(int bytes) throws IOException {
        long all = 0;
        for (int i = 0; i < bytes; i++) {
            all |= (long) window.at(at++) << 8 * i;
        }
        return all;
    }

    private long varint() throws IOException {
        long all = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            if (at >= end) {
                throw new EOFException();
            }
            long b = window.at(at++);
            all |= (b & 0x7f) << shift;
            if (b < 0x80) {
                return all;
            }
        }
        throw damaged("a number has more than ten bytes");
    }

    private void must(int wanted) {
        if (kind != wanted) {
            throw damaged("field " + field + " is of the kind " + kind + " but " + wanted + " was expected");
        }
    }

    private IllegalArgumentException damaged(String what) {
        return new IllegalArgumentException(
                "at byte " + at + " " + what + "; the file is damaged or no ONNX, export or fetch it again");
    }

    /** Takes numbers. */
    interface Numbers {
        void add(long value);
    }

    /** Some bytes of the file that were read together. */
    private static final class Window {
        private final Bytes data;
        private final long size;
        private final byte[] chunk = new byte[1 << 13];
        private long begin;
        private int length;

        Window(Bytes data) throws IOException {
            this.data = data;
            this.size = data.length();
        }

        /** The byte at this place, from 0 to 255. */
        int at(long place) throws IOException {
            if (place < begin || place >= begin + length) {
                length = 0;
                begin = place;
                int n = (int) Math.min(chunk.length, size - place);
                if (n <= 0) {
                    throw new EOFException();
                }
                data.read(place, chunk, n);
                length = n;
            }
            return chunk[(int) (place - begin)] & 0xff;
        }

        void read(long from, byte[] to) throws IOException {
            if (to.length < chunk.length) {
                for (int i = 0; i < to.length; i++) {
                    to[i] = (byte) at(from + i);
                }
            } else {
                data.read(from, to, to.length);
            }
        }
    }
}
