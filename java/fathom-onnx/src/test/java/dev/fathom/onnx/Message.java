package dev.fathom.onnx;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes messages of protocol buffers, to make small files of ONNX. */
final class Message {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private void varint(long value) {
        long left = value;
        while ((left & ~0x7fL) != 0) {
            bytes.write((int) (left & 0x7f | 0x80));
            left >>>= 7;
        }
        bytes.write((int) left);
    }

    Message number(int field, long... values) {
        for (long value : values) {
            varint((long) field << 3);
            varint(value);
        }
        return this;
    }

    Message bytes(int field, byte[] value) {
        varint((long) field << 3 | 2);
        varint(value.length);
        bytes.writeBytes(value);
        return this;
    }

    Message text(int field, String... values) {
        for (String value : values) {
            bytes(field, value.getBytes(StandardCharsets.UTF_8));
        }
        return this;
    }

    Message add(int field, Message... values) {
        for (Message value : values) {
            bytes(field, value.done());
        }
        return this;
    }

    Message floats(int field, float... values) {
        for (float value : values) {
            varint((long) field << 3 | 5);
            int bits = Float.floatToRawIntBits(value);
            for (int shift = 0; shift < 32; shift += 8) {
                bytes.write(bits >> shift);
            }
        }
        return this;
    }

    byte[] done() {
        return bytes.toByteArray();
    }

    // ---- of ONNX

    static Message model(Message graph) {
        return new Message().number(1, 8).text(2, "test").add(7, graph).add(8, new Message().number(2, 13));
    }

    static Message node(String op, String inputs, String output, Message... attributes) {
        return new Message()
                .text(1, inputs.split(" "))
                .text(2, output)
                .text(4, op)
                .add(5, attributes);
    }

    static Message tensor(String name, int[] dims, float... values) {
        Message m = new Message();
        for (int d : dims) {
            m.number(1, d);
        }
        return m.number(2, 1).floats(4, values).text(8, name);
    }

    /** A vector of int64. */
    static Message ints(String name, long... values) {
        return new Message()
                .number(1, values.length)
                .number(2, 7)
                .number(7, values)
                .text(8, name);
    }

    /** A float value, of which -1 is a dimension called {@code N}. */
    static Message value(String name, int... dims) {
        Message shape = new Message();
        for (int d : dims) {
            shape.add(1, d < 0 ? new Message().text(2, "N") : new Message().number(1, d));
        }
        return new Message()
                .text(1, name)
                .add(2, new Message().add(1, new Message().number(1, 1).add(2, shape)));
    }
}
