package dev.fathom.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Small files of ONNX, written as messages of protocol buffers. */
final class OnnxFiles {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private OnnxFiles() {}

    /** y = relu(x W + b) with x [N, 2], W of 1 to 6 and b of 10, -20, 30. */
    static Path linear(Path file) throws IOException {
        return Files.write(
                file,
                model(new OnnxFiles()
                        .add(1, node("MatMul", "product", "x", "W"))
                        .add(1, node("Add", "sum", "product", "b"))
                        .add(1, node("Relu", "y", "sum"))
                        .add(5, tensor("W", new int[] {2, 3}, 1, 2, 3, 4, 5, 6))
                        .add(5, tensor("b", new int[] {3}, 10, -20, 30))
                        .add(11, value("x", 1, -1, 2))
                        .add(12, value("y", 1, -1, 3))));
    }

    /** The numbers of ids, as floats: y = cast(ids), with ids int64 [N, length]. */
    static Path cast(Path file) throws IOException {
        OnnxFiles to = new OnnxFiles().text(1, "to").number(3, 1).number(20, 2);
        return Files.write(
                file,
                model(new OnnxFiles()
                        .add(1, node("Cast", "y", "ids").add(5, to))
                        .add(11, value("ids", 7, -1, -2))
                        .add(12, value("y", 1, -1, -2))));
    }

    /** Two operators that nobody has. */
    static Path unknown(Path file) throws IOException {
        return Files.write(
                file,
                model(new OnnxFiles()
                        .add(1, node("Spin", "a", "x"))
                        .add(1, node("Relu", "b", "a"))
                        .add(1, node("Bend", "y", "b", "a"))
                        .add(11, value("x", 1, -1, 2))
                        .add(12, value("y", 1, -1, 2))));
    }

    private static byte[] model(OnnxFiles graph) {
        return new OnnxFiles()
                .number(1, 8)
                .text(2, "by hand")
                .add(7, graph)
                .add(8, new OnnxFiles().number(2, 13))
                .bytes
                .toByteArray();
    }

    private static OnnxFiles node(String op, String output, String... inputs) {
        OnnxFiles node = new OnnxFiles();
        for (String in : inputs) {
            node.text(1, in);
        }
        return node.text(2, output).text(4, op);
    }

    private static OnnxFiles tensor(String name, int[] dims, float... values) {
        OnnxFiles tensor = new OnnxFiles();
        for (int d : dims) {
            tensor.number(1, d);
        }
        ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(values);
        return tensor.number(2, 1).text(8, name).bytes(9, raw.array());
    }

    /** A value, of which -1 is a dimension called N and -2 one called length. */
    private static OnnxFiles value(String name, int type, int... dims) {
        OnnxFiles shape = new OnnxFiles();
        for (int d : dims) {
            shape.add(1, d < 0 ? new OnnxFiles().text(2, d == -1 ? "N" : "length") : new OnnxFiles().number(1, d));
        }
        OnnxFiles tensor = new OnnxFiles().number(1, type).add(2, shape);
        return new OnnxFiles().text(1, name).add(2, new OnnxFiles().add(1, tensor));
    }

    private void varint(long value) {
        long left = value;
        for (; (left & ~0x7fL) != 0; left >>>= 7) {
            bytes.write((int) (left & 0x7f | 0x80));
        }
        bytes.write((int) left);
    }

    private OnnxFiles number(int field, long value) {
        varint((long) field << 3);
        varint(value);
        return this;
    }

    private OnnxFiles bytes(int field, byte[] value) {
        varint((long) field << 3 | 2);
        varint(value.length);
        bytes.writeBytes(value);
        return this;
    }

    private OnnxFiles text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    private OnnxFiles add(int field, OnnxFiles value) {
        return bytes(field, value.bytes.toByteArray());
    }
}
