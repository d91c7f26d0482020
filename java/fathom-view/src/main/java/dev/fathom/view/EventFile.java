package dev.fathom.view;

import dev.fathom.io.AtomicFile;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32C;

/**
 * A file of events that TensorBoard reads: numbers, pictures and histograms by their tags and steps.
 *
 * <pre>{@code
 * try (EventFile events = new EventFile(Path.of("out/events"))) {
 *     trainer.callbacks(events.callback()).fit(batches, 10);
 * }
 * }</pre>
 *
 * <p>A record is the length of an event as 8 bytes, a masked CRC-32C of these, the event, and a masked CRC-32C of it,
 * all little-endian. An event is a message of protocol buffers (tensorflow/core/util/event.proto and summary.proto). It
 * is written here by hand, because a dozen fields that will never change do not justify a library of generated code.
 */
public final class EventFile implements AutoCloseable {
    private static final int VARINT = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int BYTES = 2;
    private static final int FOUR_BYTES = 5;
    /** Tells files that begin in the same millisecond apart. */
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private final Path file;
    private final OutputStream out;

    /**
     * Begins a file in a folder, which is made if it is missing. Its name says when it was begun, so that an earlier
     * file stays.
     *
     * @throws UncheckedIOException if it cannot be written
     */
    public EventFile(Path folder) {
        file = folder.resolve(
                "events.out.tfevents." + System.currentTimeMillis() + "." + NUMBER.incrementAndGet() + ".fathom");
        try {
            Files.createDirectories(folder);
            out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + ": " + AtomicFile.reason(e), e);
        }
        write(event(0).text(3, "brain.Event:2"));
    }

    /** Returns the file. */
    public Path file() {
        return file;
    }

    /** Writes a number. */
    public EventFile scalar(String tag, long step, double value) {
        return summary(step, new Message().text(1, tag).real32(2, (float) value));
    }

    /** Writes a picture. */
    public EventFile image(String tag, long step, BufferedImage picture) {
        Message image = new Message()
                .integer(1, picture.getHeight())
                .integer(2, picture.getWidth())
                .integer(3, 3) // RGB
                .bytes(4, Plots.png(picture));
        return summary(step, new Message().text(1, tag).message(4, image));
    }

    /**
     * Writes a histogram of values in 30 bins of equal width.
     *
     * @throws IllegalArgumentException if there are no values or one is not finite
     */
    public EventFile histogram(String tag, long step, double... values) {
        double low = Arrays.stream(values).min().orElse(Double.NaN);
        double high = Arrays.stream(values).max().orElse(Double.NaN);
        double sum = Arrays.stream(values).sum();
        if (values.length == 0 || !Double.isFinite(sum)) {
            throw new IllegalArgumentException("event file: the histogram " + tag + " has " + values.length
                    + " values, whose sum is " + sum + "; give at least one, and only finite ones");
        }
        int bins = low < high ? 30 : 1;
        double[] limits = new double[bins];
        double[] counts = new double[bins];
        for (int b = 0; b < bins; b++) {
            limits[b] = b == bins - 1 ? high : low + (high - low) * (b + 1) / bins;
        }
        for (double v : values) {
            counts[low < high ? (int) Math.min(bins - 1, (v - low) / (high - low) * bins) : 0]++;
        }
        Message histogram = new Message()
                .real64(1, low)
                .real64(2, high)
                .real64(3, values.length)
                .real64(4, sum)
                .real64(5, Arrays.stream(values).map(v -> v * v).sum())
                .real64s(6, limits)
                .real64s(7, counts);
        return summary(step, new Message().text(1, tag).message(5, histogram));
    }

    /** Returns a callback that writes each figure of each epoch of a training, and the learning rate. */
    public Callback callback() {
        return new Callback() {
            @Override
            public void onEpochEnd(Run run, EpochLog log) {
                scalar("learning_rate", log.epoch(), log.learningRate());
                run.names().forEach(name -> scalar(name, log.epoch(), log.value(name)));
            }
        };
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    private EventFile summary(long step, Message value) {
        write(event(step).message(5, new Message().message(1, value)));
        return this;
    }

    private static Message event(long step) {
        return new Message().real64(1, System.currentTimeMillis() / 1000.0).integer(2, step);
    }

    private void write(Message event) {
        byte[] body = event.bytes.toByteArray();
        byte[] length = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(body.length)
                .array();
        ByteBuffer framed = ByteBuffer.allocate(body.length + 16).order(ByteOrder.LITTLE_ENDIAN);
        framed.put(length).putInt(masked(length)).put(body).putInt(masked(body));
        try {
            out.write(framed.array());
            out.flush(); // TensorBoard shows what has been written while a training goes on
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file + ": " + AtomicFile.reason(e), e);
        }
    }

    /** The checksum, rotated and shifted, because a checksum of bytes that hold their own checksum is weak. */
    static int masked(byte[] bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes);
        return Integer.rotateRight((int) sum.getValue(), 15) + 0xa282ead8;
    }

    /** A message of protocol buffers: each field is its number with its form, and then its value. */
    private static final class Message {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        private Message varint(long value) {
            long left = value;
            while ((left & ~0x7fL) != 0) {
                bytes.write((int) (left & 0x7f) | 0x80);
                left >>>= 7;
            }
            bytes.write((int) left);
            return this;
        }

        private Message field(int number, int form) {
            return varint((long) number << 3 | form);
        }

        Message integer(int number, long value) {
            return field(number, VARINT).varint(value);
        }

        Message real64(int number, double value) {
            field(number, EIGHT_BYTES).little(8, Double.doubleToRawLongBits(value));
            return this;
        }

        Message real32(int number, float value) {
            field(number, FOUR_BYTES).little(4, Float.floatToRawIntBits(value));
            return this;
        }

        Message real64s(int number, double[] values) {
            field(number, BYTES).varint(8L * values.length);
            for (double v : values) {
                little(8, Double.doubleToRawLongBits(v));
            }
            return this;
        }

        private void little(int count, long bits) {
            for (int b = 0; b < count; b++) {
                bytes.write((int) (bits >>> 8 * b));
            }
        }

        Message bytes(int number, byte[] value) {
            field(number, BYTES).varint(value.length);
            bytes.writeBytes(value);
            return this;
        }

        Message text(int number, String value) {
            return bytes(number, value.getBytes(StandardCharsets.UTF_8));
        }

        Message message(int number, Message value) {
            return bytes(number, value.bytes.toByteArray());
        }
    }
}
