package dev.fathom.io;

import dev.fathom.memory.Block;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

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
     * Counts the records.
     *
     * @throws IllegalArgumentException if the file is empty, damaged, or of another size than whole records have
     * @throws UncheckedIOException if it cannot be read
     */
    public static Cifar read(Path path, Labels labels) {
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
            cifar.records((images, classes, at, count) -> {});
        }
        return cifar;
    }

    /** Returns the number of images. */
    public int size() {
        return size;
    }

    /**
     * Reads the images into a block from {@code offset} on, {@link #IMAGE} bytes each, and their labels into
     * {@code classes} from {@code first} on.
     *
     * @throws IllegalArgumentException if the file is damaged or a label is out of range; both then hold part of the
     *     values
     * @throws UncheckedIOException if it cannot be read
     */
    public void copyTo(Block block, long offset, byte[] classes, int first) {
        records((images, labeled, at, count) -> {
            block.view(offset + (long) IMAGE * at, (long) IMAGE * count).put(images, 0, IMAGE * count);
            System.arraycopy(labeled, 0, classes, first + at, count);
        });
    }

    private interface Sink {
        void take(byte[] images, byte[] classes, int at, int count);
    }

    /** Reads all records, and that nothing follows them. */
    private void records(Sink sink) {
        int record = labels.record();
        byte[] raw = new byte[CHUNK * record];
        byte[] images = new byte[CHUNK * IMAGE];
        byte[] classes = new byte[CHUNK];
        try (DataInputStream in = file.open()) {
            for (int at = 0; at < size; at += CHUNK) {
                int count = Math.min(CHUNK, size - at);
                in.readFully(raw, 0, count * record);
                for (int i = 0; i < count; i++) {
                    check(raw, i * record, at + i);
                    classes[i] = raw[i * record + labels.at];
                    interleave(raw, i * record + labels.bytes, images, i * IMAGE);
                }
                sink.take(images, classes, at, count);
            }
            if (in.read() >= 0) {
                throw file.damaged("it goes on after its " + size + " records", null);
            }
        } catch (IOException e) {
            throw file.failure(e);
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
