package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Event files, read again by a reader that knows only the formats; TensorBoard 2.21 reads them too. */
class EventFileTest {
    @TempDir
    Path temp;

    /** CRC-32C bit by bit (Castagnoli 1993), whose check value for the digits 1 to 9 is e3069283. */
    private static int crc(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc ^= b & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >>> 1 ^ ((crc & 1) == 1 ? 0x82f63b78 : 0);
            }
        }
        return ~crc;
    }

    private static int masked(byte[] bytes) {
        int crc = crc(bytes);
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }

    private static List<ByteBuffer> records(Path file) throws Exception {
        ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<ByteBuffer> records = new ArrayList<>();
        while (all.hasRemaining()) {
            byte[] length = new byte[8];
            all.get(length);
            assertThat(all.getInt()).isEqualTo(masked(length));
            byte[] body = new byte
                    [(int) ByteBuffer.wrap(length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong()];
            all.get(body);
            assertThat(all.getInt()).isEqualTo(masked(body));
            records.add(ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN));
        }
        return records;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    /** The fields of a message by their numbers. */
    private static Map<Integer, Object> fields(ByteBuffer in) {
        Map<Integer, Object> fields = new TreeMap<>();
        while (in.hasRemaining()) {
            int key = (int) varint(in);
            Object value = switch (key & 7) {
                case 0 -> varint(in);
                case 1 -> in.getDouble();
                case 5 -> in.getFloat();
                case 2 -> {
                    int n = (int) varint(in);
                    ByteBuffer part = in.slice(in.position(), n).order(ByteOrder.LITTLE_ENDIAN);
                    in.position(in.position() + n);
                    yield part;
                }
                default -> throw new AssertionError("form " + (key & 7));
            };
            fields.put(key >> 3, value);
        }
        return fields;
    }

    private static String text(Object bytes) {
        return StandardCharsets.UTF_8.decode((ByteBuffer) bytes).toString();
    }

    private static Map<Integer, Object> value(ByteBuffer event) {
        return fields((ByteBuffer) fields((ByteBuffer) fields(event).get(5)).get(1));
    }

    @Test
    void recordsHoldWhatWasWritten() throws Exception {
        assertThat(crc("123456789".getBytes(StandardCharsets.UTF_8))).isEqualTo(0xe3069283);
        Path file;
        try (EventFile events = new EventFile(temp.resolve("run"))) {
            file = events.file();
            events.scalar("loss/ü", 300, 0.25)
                    .histogram("weights", 2, -1, 0, 0, 2)
                    .image("picture", 3, new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB));
        }
        List<ByteBuffer> records = records(file);
        assertThat(records).hasSize(4);
        Map<Integer, Object> version = fields(records.get(0).duplicate().order(ByteOrder.LITTLE_ENDIAN));
        assertThat(text(version.get(3))).isEqualTo("brain.Event:2");
        assertThat((Double) version.get(1)).isGreaterThan(1.7e9);
        assertThat(fields(records.get(1).duplicate().order(ByteOrder.LITTLE_ENDIAN))
                        .get(2))
                .isEqualTo(300L);
        Map<Integer, Object> scalar = value(records.get(1));
        assertThat(text(scalar.get(1))).isEqualTo("loss/ü");
        assertThat(scalar.get(2)).isEqualTo(0.25f);
        Map<Integer, Object> histogram =
                fields((ByteBuffer) value(records.get(2)).get(5));
        assertThat(histogram)
                .containsEntry(1, -1.0)
                .containsEntry(2, 2.0)
                .containsEntry(3, 4.0)
                .containsEntry(4, 1.0)
                .containsEntry(5, 5.0);
        ByteBuffer counts = (ByteBuffer) histogram.get(7);
        assertThat(counts.remaining()).isEqualTo(30 * 8);
        assertThat(counts.getDouble(0)).isEqualTo(1);
        assertThat(counts.getDouble(10 * 8)).isEqualTo(2);
        assertThat(counts.getDouble(29 * 8)).isEqualTo(1);
        Map<Integer, Object> image = fields((ByteBuffer) value(records.get(3)).get(4));
        assertThat(image).containsEntry(1, 2L).containsEntry(2, 3L);
        assertThat(((ByteBuffer) image.get(4)).getInt(0)).isEqualTo(Integer.reverseBytes(0x89504e47)); // PNG
    }

    @Test
    void whatCannotBeWrittenIsNamed() throws Exception {
        Path file = Files.writeString(temp.resolve("file"), "x");
        assertThatThrownBy(() -> new EventFile(file)).hasMessageStartingWith("cannot write " + file);
        try (EventFile events = new EventFile(temp)) {
            assertThatThrownBy(() -> events.histogram("x", 1)).hasMessageContaining("has 0 values");
            assertThatThrownBy(() -> events.histogram("x", 1, Double.NaN)).hasMessageContaining("only finite ones");
        }
    }
}
