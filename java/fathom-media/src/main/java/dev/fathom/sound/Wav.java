package dev.fathom.sound;

import dev.fathom.io.AtomicFile;
import dev.fathom.io.InputFile;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A recording as in a WAV file: samples from -1 to 1 for each channel, and how many a second has. It reads and writes
 * integers of 8 bits (unsigned, the value 128 is 0), 16, 24 and 32 bits (signed), and floats of 32 bits, also under a
 * {@code WAVE_FORMAT_EXTENSIBLE} header. An integer v of b bits is the sample v / 2^(b - 1), rounded to a float, which
 * is exact up to 24 bits.
 *
 * <pre>{@code
 * Wav wav = Wav.read(Path.of("7_jackson_0.wav"));
 * float[] samples = wav.mono();                            // at wav.rate() samples a second
 * }</pre>
 */
public final class Wav {
    private static final int PCM = 1;
    private static final int FLOAT = 3;
    private static final int EXTENSIBLE = 0xfffe;
    private static final int MOST_CHANNELS = 256;
    private static final int CHUNK = 1 << 16;

    /** How samples lie in a file. */
    public enum Format {
        /** Unsigned integers of 8 bits. */
        PCM_8(1),
        /** Signed integers of 16 bits, the usual format. */
        PCM_16(2),
        /** Signed integers of 24 bits. */
        PCM_24(3),
        /** Signed integers of 32 bits. */
        PCM_32(4),
        /** Floats of 32 bits. */
        FLOAT_32(4);

        private final int bytes;

        Format(int bytes) {
            this.bytes = bytes;
        }

        private float get(ByteBuffer from) {
            return switch (this) {
                case PCM_8 -> ((from.get() & 0xff) - 128) / 0x1p7f;
                case PCM_16 -> from.getShort() / 0x1p15f;
                case PCM_24 -> ((from.getShort() & 0xffff) | from.get() << 16) / 0x1p23f;
                case PCM_32 -> from.getInt() / 0x1p31f;
                case FLOAT_32 -> from.getFloat();
            };
        }

        private void put(float sample, ByteBuffer to) {
            if (this == FLOAT_32) {
                to.putFloat(sample);
                return;
            }
            double half = Math.scalb(1.0, 8 * bytes - 1);
            int value = (int) Math.max(-half, Math.min(half - 1, Math.rint(sample * half)));
            switch (this) {
                case PCM_8 -> to.put((byte) (value + 128));
                case PCM_16 -> to.putShort((short) value);
                case PCM_24 -> to.putShort((short) value).put((byte) (value >> 16));
                default -> to.putInt(value);
            }
        }
    }

    private final int rate;
    private final Format format;
    private final float[][] channels;

    private Wav(int rate, Format format, float[][] channels) {
        this.rate = rate;
        this.format = format;
        this.channels = channels;
    }

    /**
     * Makes a recording, whose samples are copied; it is written with 16 bits unless another format is asked for.
     *
     * @param rate samples a second
     * @param channels the samples of each channel; one is mono, two are left and right
     * @throws IllegalArgumentException if the rate is not above 0, there are no samples or more than 256 channels, the
     *     channels differ in length, or a sample is NaN or infinite
     */
    public static Wav of(int rate, float[]... channels) {
        if (rate < 1 || channels.length < 1 || channels.length > MOST_CHANNELS || channels[0].length == 0) {
            throw new IllegalArgumentException("wav: rate=" + rate + " and " + channels.length + " channels"
                    + (channels.length > 0 ? " of " + channels[0].length + " samples" : "")
                    + "; give a rate above 0 and 1 to " + MOST_CHANNELS + " channels with at least one sample");
        }
        float[][] copies = new float[channels.length][];
        for (int c = 0; c < channels.length; c++) {
            if (channels[c].length != channels[0].length) {
                throw new IllegalArgumentException("wav: channel " + c + " has " + channels[c].length
                        + " samples but channel 0 has " + channels[0].length + "; give equally many");
            }
            for (int i = 0; i < channels[c].length; i++) {
                if (!Float.isFinite(channels[c][i])) {
                    throw new IllegalArgumentException("wav: sample " + i + " of channel " + c + " is " + channels[c][i]
                            + "; give finite samples from -1 to 1");
                }
            }
            copies[c] = channels[c].clone();
        }
        return new Wav(rate, Format.PCM_16, copies);
    }

    // ---- reading

    /** What the chunk {@code fmt } says. */
    private record Layout(Format format, int channels, int rate) {
        int frame() {
            return format.bytes * channels;
        }
    }

    /**
     * Reads a file. Chunks other than {@code fmt } and {@code data} are skipped.
     *
     * @throws IllegalArgumentException if the file is damaged, truncated, no WAV file, compressed, has samples of
     *     another format, has none, or one of them is NaN or infinite
     * @throws UncheckedIOException if it cannot be read
     */
    public static Wav read(Path file) {
        InputFile.mustBeFile(file, "a WAV file");
        try (var in = new DataInputStream(new BufferedInputStream(Files.newInputStream(file), CHUNK))) {
            return read(file, in, Files.size(file));
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        }
    }

    private static Wav read(Path file, DataInputStream in, long length) throws IOException {
        if (length < 12) {
            throw damaged(file, "it has " + length + " bytes, fewer than the first header takes");
        }
        ByteBuffer head = bytes(in, 12);
        String magic = name(head) + " " + name(head.position(8));
        if (!magic.equals("RIFF WAVE")) {
            throw damaged(file, "it does not begin with RIFF and WAVE");
        }
        long end = 8 + Integer.toUnsignedLong(head.getInt(4));
        if (end > length) {
            throw damaged(file, "its header claims " + end + " bytes, but there are " + length);
        }
        Layout layout = null;
        for (long at = 12; at + 8 <= end; ) {
            ByteBuffer chunk = bytes(in, 8);
            String name = name(chunk);
            long size = Integer.toUnsignedLong(chunk.getInt(4));
            if (size > end - at - 8) {
                throw damaged(
                        file,
                        "its chunk \"" + name + "\" claims " + size + " bytes, but " + (end - at - 8) + " are left");
            }
            int read = 0;
            if (name.equals("fmt ")) {
                read = (int) Math.min(size, 40);
                layout = layout(file, bytes(in, read), size);
            } else if (name.equals("data")) {
                if (layout == null) {
                    throw damaged(file, "its samples come before the chunk \"fmt \" that says what they are");
                }
                return samples(file, in, layout, size);
            }
            long padded = size + (size & 1); // a chunk begins at an even place
            at += 8 + padded;
            if (at + 8 <= end) {
                in.skipNBytes(padded - read);
            }
        }
        throw damaged(file, "it has no chunk \"data\"");
    }

    private static ByteBuffer bytes(DataInputStream in, int n) throws IOException {
        byte[] bytes = new byte[n];
        in.readFully(bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Four letters; control characters, which a sentence cannot show, are dots. */
    private static String name(ByteBuffer from) {
        byte[] letters = new byte[4];
        from.get(letters);
        return new String(letters, StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", ".");
    }

    private static Layout layout(Path file, ByteBuffer from, long size) {
        if (size < 16) {
            throw damaged(file, "its chunk \"fmt \" has " + size + " bytes and not the 16 that it needs");
        }
        int kind = from.getShort(0) & 0xffff;
        int channels = from.getShort(2) & 0xffff;
        int rate = from.getInt(4);
        int frame = from.getShort(12) & 0xffff;
        int bits = from.getShort(14) & 0xffff;
        if (kind == EXTENSIBLE && size >= 26) {
            kind = from.getShort(24) & 0xffff;
        }
        Format format = null;
        for (Format f : Format.values()) {
            format = 8 * f.bytes == bits && kind == (f == Format.FLOAT_32 ? FLOAT : PCM) ? f : format;
        }
        if (format == null) {
            throw new IllegalArgumentException(file + ": its samples have " + bits + " bits in the format " + kind
                    + ", but only integers (1) of 8, 16, 24 and 32 bits and floats (3) of 32 bits are read;"
                    + " convert it before");
        }
        if (channels < 1 || channels > MOST_CHANNELS || rate < 1 || frame != channels * format.bytes) {
            throw damaged(
                    file,
                    String.format(
                            Locale.ROOT,
                            "its header claims %d channels of %d bits in %d bytes at %d samples a second",
                            channels,
                            bits,
                            frame,
                            Integer.toUnsignedLong(rate)));
        }
        return new Layout(format, channels, rate);
    }

    private static Wav samples(Path file, DataInputStream in, Layout layout, long size) throws IOException {
        long n = size / layout.frame();
        if (n == 0) {
            throw damaged(file, "it has no samples");
        }
        if (size % layout.frame() != 0 || n > Integer.MAX_VALUE - 8) {
            throw damaged(
                    file,
                    "its " + size + " bytes of samples are no whole number below 2^31 of " + layout.frame()
                            + " bytes each");
        }
        float[][] channels = new float[layout.channels][(int) n];
        int frames = CHUNK / layout.frame() + 1;
        for (int at = 0; at < n; ) {
            int some = (int) Math.min(frames, n - at);
            ByteBuffer chunk = bytes(in, some * layout.frame());
            for (int i = at; i < at + some; i++) {
                for (float[] channel : channels) {
                    channel[i] = layout.format.get(chunk);
                    if (!Float.isFinite(channel[i])) {
                        throw damaged(file, "sample " + i + " is " + channel[i]);
                    }
                }
            }
            at += some;
        }
        return new Wav(layout.rate, layout.format, channels);
    }

    private static IllegalArgumentException damaged(Path file, String what) {
        return new IllegalArgumentException(
                file + ": " + what + "; the file is damaged or not a WAV file, fetch it again");
    }

    // ---- writing

    /**
     * Writes the recording in the format in which it was read, or with 16 bits.
     *
     * @throws IllegalArgumentException as {@link #write(Path, Format)}
     * @throws UncheckedIOException if the file cannot be written
     */
    public void write(Path file) {
        write(file, format);
    }

    /**
     * Writes the recording. An integer is the sample times 2^(bits - 1), rounded to the nearest, ties to the even one,
     * and limited to its range.
     *
     * @throws IllegalArgumentException if the file would have 2^32 bytes or more
     * @throws UncheckedIOException if the file cannot be written
     */
    public void write(Path file, Format format) {
        byte[] head = head(format);
        AtomicFile.write(file, out -> write(head, format, out));
    }

    /** Returns the bytes of the file that {@link #write(Path)} writes, such as for a page that plays them. */
    public byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            write(head(format), format, out);
        } catch (IOException e) {
            throw new UncheckedIOException("wav: " + e.getMessage(), e); // there is no file that could fail
        }
        return out.toByteArray();
    }

    private byte[] head(Format format) {
        int frame = format.bytes * channels.length;
        long size = (long) frame * frames();
        if (size > 0xffffffffL - 45) {
            throw new IllegalArgumentException("wav: " + frames() + " samples of " + frame
                    + " bytes are more than the 4 GB that a WAV file can hold; write parts");
        }
        ByteBuffer head = ByteBuffer.allocate(44).order(ByteOrder.LITTLE_ENDIAN);
        head.put("RIFF".getBytes(StandardCharsets.ISO_8859_1)).putInt((int) (36 + size + (size & 1)));
        head.put("WAVEfmt ".getBytes(StandardCharsets.ISO_8859_1)).putInt(16);
        head.putShort((short) (format == Format.FLOAT_32 ? FLOAT : PCM)).putShort((short) channels.length);
        head.putInt(rate).putInt((int) Math.min(0xffffffffL, (long) rate * frame));
        head.putShort((short) frame).putShort((short) (8 * format.bytes));
        head.put("data".getBytes(StandardCharsets.ISO_8859_1)).putInt((int) size);
        return head.array();
    }

    private void write(byte[] head, Format format, OutputStream raw) throws IOException {
        BufferedOutputStream out = new BufferedOutputStream(raw, CHUNK);
        out.write(head);
        ByteBuffer row = ByteBuffer.allocate(format.bytes * channels.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < frames(); i++) {
            row.clear();
            for (float[] channel : channels) {
                format.put(channel[i], row);
            }
            out.write(row.array());
        }
        if ((row.capacity() * frames() & 1) == 1) {
            out.write(0);
        }
        out.flush();
    }

    // ---- what it holds

    /** Returns the number of samples a second. */
    public int rate() {
        return rate;
    }

    /** Returns the format in which it was read, {@link Format#PCM_16} if it was not. */
    public Format format() {
        return format;
    }

    /** Returns the number of channels. */
    public int channels() {
        return channels.length;
    }

    /** Returns the number of samples of each channel. */
    public int frames() {
        return channels[0].length;
    }

    /** Returns the length in seconds. */
    public double seconds() {
        return (double) frames() / rate;
    }

    /**
     * Returns the samples of a channel, of which the left one is 0.
     *
     * @throws IllegalArgumentException if there is no such channel
     */
    public float[] channel(int c) {
        if (c < 0 || c >= channels.length) {
            throw new IllegalArgumentException(
                    "channel: " + c + " is outside [0, " + channels.length + "); the recording has " + channels.length);
        }
        return channels[c].clone();
    }

    /** Returns the mean of all channels. */
    public float[] mono() {
        float[] mean = new float[frames()];
        for (int i = 0; i < mean.length; i++) {
            double sum = 0;
            for (float[] channel : channels) {
                sum += channel[i];
            }
            mean[i] = (float) (sum / channels.length);
        }
        return mean;
    }

    /** Returns a short form such as {@code Wav of 2384 samples at 8000 Hz, 1 channel}. */
    @Override
    public String toString() {
        return "Wav of " + frames() + " samples at " + rate + " Hz, " + channels.length
                + (channels.length == 1 ? " channel" : " channels");
    }
}
