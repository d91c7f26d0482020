package dev.fathom.onnx;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A message of protocol buffers that is to be written (<a href="https://protobuf.dev/programming-guides/encoding/">the
 * encoding</a>). Large fields are written when their turn comes, so that a message takes little memory however long it
 * is.
 */
final class ProtobufWriter {
    private static final int VARINT = 0;
    private static final int DELIMITED = 2;
    private static final int FIXED_32 = 5;

    /** Writes bytes of a length that is known before. */
    interface Data {
        void write(OutputStream out) throws IOException;
    }

    private final List<Data> parts = new ArrayList<>();
    private long length;

    /** How many bytes there are. */
    long length() {
        return length;
    }

    ProtobufWriter number(int field, long... values) {
        for (long value : values) {
            tag(field, VARINT);
            varint(value);
        }
        return this;
    }

    ProtobufWriter float32(int field, float value) {
        tag(field, FIXED_32);
        int bits = Float.floatToRawIntBits(value);
        add(new byte[] {(byte) bits, (byte) (bits >> 8), (byte) (bits >> 16), (byte) (bits >> 24)});
        return this;
    }

    ProtobufWriter text(int field, String... values) {
        for (String value : values) {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            data(field, bytes.length, out -> out.write(bytes));
        }
        return this;
    }

    ProtobufWriter message(int field, ProtobufWriter value) {
        return data(field, value.length, value::write);
    }

    /** A field of so many bytes. */
    ProtobufWriter data(int field, long bytes, Data data) {
        tag(field, DELIMITED);
        varint(bytes);
        parts.add(data);
        length += bytes;
        return this;
    }

    void write(OutputStream out) throws IOException {
        for (Data part : parts) {
            part.write(out);
        }
    }

    private void tag(int field, int kind) {
        varint((long) field << 3 | kind);
    }

    private void varint(long value) {
        byte[] bytes = new byte[10];
        int n = 0;
        for (long left = value; ; left >>>= 7) {
            boolean last = (left & ~0x7fL) == 0;
            bytes[n++] = (byte) (left & 0x7f | (last ? 0 : 0x80));
            if (last) {
                break;
            }
        }
        add(Arrays.copyOf(bytes, n));
    }

    private void add(byte[] bytes) {
        parts.add(out -> out.write(bytes));
        length += bytes.length;
    }
}
