package dev.fathom.image;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.io.MappedFile;
import dev.fathom.io.Packed;
import dev.fathom.op.Shape;
import java.io.DataInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * An idx file, the format of MNIST (Yann LeCun): two zero bytes, the type (8 for unsigned bytes, the only one that is
 * read), the number of dimensions, each dimension as a big-endian 32-bit number, and then the values, row-major. It may
 * be plain or gzip; the first bytes decide, not the name.
 *
 * <p>{@link #read} reads the header and compares it with the size of the file (for gzip: with the size that the file's
 * last four bytes tell); the values are read by {@link #toArray} or {@link #stream}, and {@link #dataset} leaves those
 * of a plain file where they are.
 */
public final class Idx {
    private static final int UNSIGNED_BYTE = 8;
    private static final long MOST = Integer.MAX_VALUE - 8;

    private static final String[] TYPES = {
        "", "signed byte", "", "16-bit integer", "32-bit integer", "float32", "float64", "", ""
    };

    private final Packed file;
    private final Shape shape;

    private Idx(Packed file, Shape shape) {
        this.file = file;
        this.shape = shape;
    }

    /**
     * Reads the header.
     *
     * @throws IllegalArgumentException if the file is damaged, truncated, not idx, or of other values than unsigned
     *     bytes
     * @throws UncheckedIOException if it cannot be read
     */
    public static Idx read(Path path) {
        Packed file = Packed.of(path, "an idx file");
        try {
            Shape shape;
            try (DataInputStream in = file.open()) {
                shape = header(file, in);
            }
            long claimed = 4 + 4 * shape.rank() + shape.size();
            claimed = file.gzip() ? claimed & 0xffffffffL : claimed;
            if (file.stated() != claimed) {
                throw file.damaged(
                        "its header says " + shape + ", which takes " + claimed + " bytes, but there are "
                                + file.stated() + file.source(),
                        null);
            }
            Idx idx = new Idx(file, shape);
            if (!file.plausible(shape.size())) {
                try (InputStream values = idx.stream()) {
                    values.transferTo(OutputStream.nullOutputStream());
                }
            }
            return idx;
        } catch (IOException e) {
            throw file.failure(e);
        }
    }

    private static Shape header(Packed file, DataInputStream in) throws IOException {
        int magic = in.readInt();
        int type = magic >> 8;
        int rank = magic & 0xff;
        if (type > UNSIGNED_BYTE && type <= 0xe) {
            throw new IllegalArgumentException(file.file() + ": its values are of the type "
                    + TYPES[type - UNSIGNED_BYTE] + " but only unsigned bytes are read; convert it before");
        }
        if (type != UNSIGNED_BYTE || rank == 0) {
            throw file.damaged(
                    String.format(
                            "it begins with %08x where an idx file of bytes begins with 000008 and its dimensions",
                            magic),
                    null);
        }
        if (rank > Shape.MAX_RANK) {
            throw file.damaged("it claims " + rank + " dimensions but " + Shape.MAX_RANK + " are the most", null);
        }
        int[] dims = new int[rank];
        long size = 1;
        for (int i = 0; i < rank; i++) {
            dims[i] = in.readInt();
            long dim = Integer.toUnsignedLong(dims[i]);
            if (dims[i] < 0 || dim > 0 && size > (1L << 45) / dim) {
                throw file.damaged("it claims a dimension of " + dim + ", which no file could fill", null);
            }
            size *= Math.max(dim, 1);
        }
        return Shape.of(dims);
    }

    /**
     * Makes a dataset of images and their labels, the format of MNIST and similar sets. The largest label decides the
     * number of classes.
     *
     * <p>The images of a plain file stay in it: the file is mapped, and only the examples of a batch are copied. So it
     * may be larger than the memory and does not count against {@code -Dfathom.memory}. It should stay as it is while
     * the dataset is open. A file that became shorter is an {@link IllegalStateException} when it is read.
     *
     * <p>The images of a gzip file, or of a file inside an archive, cannot be mapped and are copied into memory. If
     * they do not fit, unpack the file, or collect the parts of its {@link #stream} by {@link Dataset#onDisk}.
     *
     * @throws IllegalArgumentException if a file is damaged, the two do not hold equally many examples, or there are
     *     none
     * @throws UncheckedIOException if one cannot be read
     */
    public static Dataset dataset(Path images, Path labels) {
        Idx x = read(images);
        Idx y = read(labels);
        if (x.shape.rank() < 2 || y.shape.rank() != 1) {
            throw new IllegalArgumentException("idx: images must have two dimensions or more and labels one, but "
                    + images + " is " + x.shape + " and " + labels + " is " + y.shape + "; give the images first");
        }
        int[] dims = x.shape.toArray();
        if (dims[0] != y.shape.dim(0)) {
            throw new IllegalArgumentException("idx: there are " + dims[0] + " images in " + images + " but "
                    + y.shape.dim(0) + " labels in " + labels + "; give one label for each image");
        }
        if (x.shape.size() == 0) {
            throw new IllegalArgumentException("idx: " + images + " is " + x.shape
                    + ", so there is nothing in it; give a file of at least one image of at least one pixel");
        }
        byte[] bytes = y.toArray();
        int[] all = new int[bytes.length];
        int most = 0;
        for (int i = 0; i < bytes.length; i++) {
            all[i] = bytes[i] & 0xff;
            most = Math.max(most, all[i]);
        }
        Shape image = Shape.of(Arrays.copyOfRange(dims, 1, dims.length));
        if (x.file.gzip() || images.getFileSystem() != FileSystems.getDefault()) {
            return Dataset.of(
                    Field.pixels("x", image, all.length, x::stream).input(),
                    Field.labels("y", all).target());
        }
        MappedFile file = MappedFile.open(images);
        try {
            long begin = 4 + 4L * dims.length;
            if (file.size() != begin + x.shape.size()) {
                throw x.changed();
            }
            return MappedImages.dataset(file, begin, image, all, most + 1);
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    /** Returns the dimensions, of which the first counts the examples. */
    public Shape shape() {
        return shape;
    }

    /**
     * Reads the values.
     *
     * @throws IllegalArgumentException if the file is damaged or truncated, or holds more than an array can
     * @throws UncheckedIOException if it cannot be read
     */
    public byte[] toArray() {
        if (shape.size() > MOST) {
            throw new IllegalArgumentException(
                    file.file() + ": its " + shape.size() + " values are more than an array can hold; use stream");
        }
        try (InputStream values = stream()) {
            return values.readAllBytes();
        } catch (IOException e) {
            throw file.failure(e);
        }
    }

    /**
     * Opens a stream of the values, whose reading throws what {@link #toArray} throws. The end of the stream is checked
     * to be the end of the file.
     */
    public InputStream stream() {
        try {
            DataInputStream in = file.open();
            try {
                if (!header(file, in).equals(shape)) {
                    throw changed();
                }
                return new Values(in);
            } catch (IOException | RuntimeException | Error e) {
                in.close();
                throw e;
            }
        } catch (IOException e) {
            throw file.failure(e);
        }
    }

    private IllegalArgumentException changed() {
        return new IllegalArgumentException(
                file.file() + ": the file has changed since its header was read; read it again");
    }

    /** Reads as many values as the header tells, and that nothing follows them. */
    private final class Values extends FilterInputStream {
        private long at;

        Values(InputStream in) {
            super(in);
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int count) {
            long size = shape.size();
            try {
                int n = at == size ? 0 : in.read(to, offset, (int) Math.min(count, size - at));
                if (n < 0) {
                    throw file.damaged(
                            "it ends after " + at + " of the " + size + " values that its header " + shape + " tells",
                            null);
                }
                at += n;
                if (at == size && in.read() >= 0) {
                    throw file.damaged(
                            "it goes on after the " + size + " values that its header " + shape + " tells", null);
                }
                return n == 0 && count > 0 ? -1 : n;
            } catch (IOException e) {
                throw file.failure(e);
            }
        }
    }
}
