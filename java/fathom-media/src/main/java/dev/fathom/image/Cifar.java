package dev.fathom.image;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.io.Packed;
import dev.fathom.op.Shape;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A file of CIFAR-10 or CIFAR-100 in its publisher's binary version (Krizhevsky 2009), plain or gzip: records of one
 * label, or a coarse and a fine one, then an image of 32 x 32 pixels as 1,024 red, 1,024 green and 1,024 blue bytes,
 * row by row. Nothing in it says what it is but its size and its labels, which are checked.
 *
 * <p>Images are read as [32, 32, 3], the three colors of a pixel side by side.
 */
public final class Cifar {
    /** Height and width of every image. */
    public static final int SIDE = 32;
    /** Colors of a pixel. */
    public static final int CHANNELS = 3;
    /** Bytes of an image. */
    public static final int IMAGE = SIDE * SIDE * CHANNELS;

    private static final int PLANE = SIDE * SIDE;
    private static final int MOST = 1 << 24;
    /** Records read at once. */
    private static final int CHUNK = 64;

    /** What a file is, and which of its labels are read. */
    public enum Labels {
        /** CIFAR-10: one label of ten classes. */
        TEN(1, 0, 10),
        /** CIFAR-100: the second label, of a hundred classes. */
        FINE(2, 1, 100),
        /** CIFAR-100: the first label, of twenty classes of five fine ones each. */
        COARSE(2, 0, 20);

        private final int bytes;
        private final int at;
        private final int classes;

        Labels(int bytes, int at, int classes) {
            this.bytes = bytes;
            this.at = at;
            this.classes = classes;
        }

        /** Returns the number of classes. */
        public int classes() {
            return classes;
        }

        /** Bytes of one image with its labels. */
        public int record() {
            return bytes + IMAGE;
        }
    }

    private final Packed file;
    private final Labels labels;
    private final int size;

    private Cifar(Packed file, Labels labels, int size) {
        this.file = file;
        this.labels = labels;
        this.size = size;
    }

    /**
     * Reads images [32, 32, 3] of CIFAR-10 in ten classes from one or more files, one after another:
     * {@code data_batch_1.bin} to {@code data_batch_5.bin}, or {@code test_batch.bin}.
     *
     * @throws IllegalArgumentException if there is no file, or one is empty, damaged, or of another size than whole
     *     records have
     * @throws UncheckedIOException if one cannot be read
     */
    public static Dataset ten(Path... files) {
        return dataset(Labels.TEN, files);
    }

    /**
     * Reads images [32, 32, 3] of CIFAR-100 in its hundred classes from {@code train.bin} or {@code test.bin}.
     *
     * @throws IllegalArgumentException as {@link #ten}
     * @throws UncheckedIOException if one cannot be read
     */
    public static Dataset hundred(Path... files) {
        return dataset(Labels.FINE, files);
    }

    /**
     * Reads images [32, 32, 3] of CIFAR-100 in its twenty coarse classes, which have five fine ones each, from
     * {@code train.bin} or {@code test.bin}.
     *
     * @throws IllegalArgumentException as {@link #ten}
     * @throws UncheckedIOException if one cannot be read
     */
    public static Dataset coarse(Path... files) {
        return dataset(Labels.COARSE, files);
    }

    private static Dataset dataset(Labels labels, Path... files) {
        List<Cifar> parts = new ArrayList<>();
        int n = 0;
        for (Path file : files) {
            Cifar part = of(file, labels);
            parts.add(part);
            n = Math.addExact(n, part.size);
        }
        if (n == 0) {
            throw new IllegalArgumentException("cifar: there are no files; give at least one");
        }
        int[] classes = new int[n]; // filled as the images are read
        List<InputStream> images = new ArrayList<>();
        int first = 0;
        for (Cifar part : parts) {
            images.add(part.new Images(classes, first));
            first += part.size;
        }
        return Dataset.of(
                Field.pixels(
                                "x",
                                Shape.of(SIDE, SIDE, CHANNELS),
                                n,
                                () -> new SequenceInputStream(Collections.enumeration(images)))
                        .input(),
                Field.labels("y", classes).target().classes(labels.classes));
    }

    private static Cifar of(Path path, Labels labels) {
        Packed file = Packed.of(path, labels == Labels.TEN ? "a CIFAR-10 file" : "a CIFAR-100 file");
        long bytes = file.stated();
        if (bytes == 0 || bytes % labels.record() != 0) {
            throw file.damaged(
                    "it has " + bytes + " bytes" + file.source() + ", which are not whole records of "
                            + labels.record(),
                    null);
        }
        if (bytes / labels.record() > MOST) {
            throw file.damaged("it has " + bytes / labels.record() + " records, more than CIFAR could", null);
        }
        Cifar cifar = new Cifar(file, labels, (int) (bytes / labels.record()));
        if (!file.plausible(bytes)) {
            try (InputStream images = cifar.new Images(new int[cifar.size], 0)) {
                images.transferTo(OutputStream.nullOutputStream());
            } catch (IOException e) {
                throw file.failure(e);
            }
        }
        return cifar;
    }

    /** The pixels of all images, whose labels are put into an array as they come by. */
    private final class Images extends InputStream {
        private final int[] classes;
        private final int first;
        private final byte[] raw = new byte[CHUNK * labels.record()];
        private final byte[] images = new byte[CHUNK * IMAGE];
        private @Nullable DataInputStream in;
        /** The next record, and of the images that were read the next byte and the end. */
        private int record;

        private int next;
        private int end;

        Images(int[] classes, int first) {
            this.classes = classes;
            this.first = first;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int count) {
            if (next == end && !more()) {
                return -1;
            }
            int n = Math.min(count, end - next);
            System.arraycopy(images, next, to, offset, n);
            next += n;
            return n;
        }

        /** Reads records, and that nothing follows the last. */
        private boolean more() {
            if (record == size) {
                return false;
            }
            try {
                DataInputStream from = in == null ? file.open() : in;
                in = from;
                int bytes = labels.record();
                int count = Math.min(CHUNK, size - record);
                from.readFully(raw, 0, count * bytes);
                for (int i = 0; i < count; i++) {
                    check(raw, i * bytes, record + i);
                    classes[first + record + i] = raw[i * bytes + labels.at] & 0xff;
                    interleave(raw, i * bytes + labels.bytes, images, i * IMAGE);
                }
                record += count;
                next = 0;
                end = count * IMAGE;
                if (record == size && from.read() >= 0) {
                    throw file.damaged("it goes on after its " + size + " records", null);
                }
                return true;
            } catch (IOException e) {
                throw file.failure(e);
            }
        }

        @Override
        public void close() throws IOException {
            if (in != null) {
                in.close();
            }
        }
    }

    /** A label out of range is a file of something else: all of a record's labels are looked at. */
    private void check(byte[] raw, int from, int record) {
        for (int b = 0; b < labels.bytes; b++) {
            int label = raw[from + b] & 0xff;
            Labels kind = labels == Labels.TEN ? labels : b == 0 ? Labels.COARSE : Labels.FINE;
            if (label >= kind.classes) {
                throw file.damaged(
                        "label " + label + " of record " + record + " is outside [0, " + kind.classes + ")", null);
            }
        }
    }

    private static void interleave(byte[] from, int at, byte[] to, int first) {
        for (int p = 0; p < PLANE; p++) {
            for (int c = 0; c < CHANNELS; c++) {
                to[first + CHANNELS * p + c] = from[at + PLANE * c + p];
            }
        }
    }
}
