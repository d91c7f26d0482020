package dev.fathom.io;

import dev.fathom.autograd.Values;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * An array in NumPy's file format (<a
 * href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">numpy.lib.format</a>):
 * {@code \x93NUMPY}, the version, the length of a header, the header (a Python dictionary: descr, fortran_order,
 * shape), the numbers.
 *
 * <p>Versions 1 to 3 are read, in both byte orders, in C order and in Fortran order (which becomes C order). The types
 * float16, float32 and float64 (rounded to float32) are read as F32, all integers but uint8 as I32 (every value must
 * fit), uint8 and bool as U8; {@link #tensorAsStored} keeps int8 and float16. Files are written in version 1,
 * little-endian and in C order.
 *
 * <p>{@link #read} reads the header and compares it with the size of the file; the values are read by the methods that
 * give them.
 */
public final class Npy {
    private static final int MAGIC = 0x93_4e_55_4d; // \x93NUM
    private static final int MAGIC_END = 0x50_59; // PY
    /** NumPy's own reader takes 10,000 unless told otherwise. */
    private static final int LONGEST_HEADER = 1 << 16;

    private static final int CHUNK = 1 << 16;
    private static final int VIEW_BITS = 30;

    private final Source source;
    private final Header header;

    /** Where the bytes of an array come from: a file, or an entry of an archive. Its text names it in messages. */
    public interface Source {
        /** Returns the bytes from the first one on. */
        InputStream open() throws IOException;

        /** Returns how many bytes there are. */
        long bytes() throws IOException;
    }

    private record Header(Stored stored, ByteOrder order, boolean fortran, Shape shape, long bytes) {}

    /**
     * How the numbers of an array lie, for those who read them by themselves.
     *
     * @param type what NumPy calls their type, such as {@code <f4}
     * @param stored that type, or null if it is not read here
     * @param order of the bytes of a number
     * @param fortran whether the first index runs fastest
     * @param dims the dimensions, which may be more than a tensor can have
     * @param begin the byte at which they begin
     */
    public record Layout(
            String type, @Nullable Stored stored, ByteOrder order, boolean fortran, int[] dims, long begin) {}

    private Npy(Source source, Header header) {
        this.source = source;
        this.header = header;
    }

    // ---- reading

    /**
     * Reads the header.
     *
     * @throws IllegalArgumentException if the file is damaged, truncated, not npy, or of another type
     * @throws UncheckedIOException if it cannot be read
     */
    public static Npy read(Path file) {
        InputFile.mustBeFile(file, "an npy file");
        return read(new FileSource(file));
    }

    private record FileSource(Path file) implements Source {
        @Override
        public InputStream open() throws IOException {
            return Files.newInputStream(file);
        }

        @Override
        public long bytes() throws IOException {
            return Files.size(file);
        }

        @Override
        public String toString() {
            return file.toString();
        }
    }

    /**
     * Reads the header of an array wherever it lies.
     *
     * @throws IllegalArgumentException if it is damaged, or of a type that is not read
     * @throws UncheckedIOException if it cannot be read
     */
    public static Npy read(Source source) {
        try (DataInputStream in = open(source)) {
            Header header = new Parser(source).header(in);
            long claimed = header.bytes + header.shape.size() * header.stored.bytes();
            long there = source.bytes();
            if (there != claimed) {
                throw damaged(
                        source,
                        "its header says " + header.shape + " of " + header.stored + ", which takes " + claimed
                                + " bytes, but there are " + there);
            }
            return new Npy(source, header);
        } catch (IOException e) {
            throw unreadable(source, e, "it is truncated");
        }
    }

    /**
     * Reads the header of an array of any type and compares nothing with it.
     *
     * @throws IllegalArgumentException if it is damaged
     * @throws UncheckedIOException if it cannot be read
     */
    public static Layout layout(Source source) {
        try (DataInputStream in = open(source)) {
            return new Parser(source).layout(in);
        } catch (IOException e) {
            throw unreadable(source, e, "it is truncated");
        }
    }

    private static RuntimeException unreadable(Source source, IOException e, String truncated) {
        if (e instanceof EOFException) {
            return damaged(source, truncated);
        }
        if (e instanceof ZipException) {
            return damaged(source, "its archive is damaged (" + e.getMessage() + ")");
        }
        return InputFile.unreadable(source, e);
    }

    /** Returns the dimensions. */
    public Shape shape() {
        return header.shape;
    }

    /** Returns the type as which the numbers are read: F32, I32 or U8. */
    public DType dtype() {
        return header.stored.dtype();
    }

    /**
     * Returns where in the file the numbers begin, for those who map it: they follow each other in row-major order, in
     * native bytes of {@link #dtype}.
     *
     * @throws IllegalArgumentException if they lie there in another type or order
     */
    public long begin() {
        boolean plain = header.stored == Stored.F32 || header.stored == Stored.I32 || header.stored == Stored.U8;
        boolean order = header.stored.bytes() == 1 || header.order == ByteOrder.nativeOrder();
        if (!plain || !order || header.fortran && header.shape.rank() > 1) {
            throw new IllegalArgumentException(this + " cannot be mapped as it is"
                    + (plain ? ", in this order of its numbers or bytes" : "")
                    + "; save it as float32, int32 or uint8, in C order and the byte order of this machine");
        }
        return header.bytes;
    }

    /**
     * Reads the numbers into a tensor of the current pass.
     *
     * @throws IllegalArgumentException as {@link #copyTo}
     * @throws IllegalStateException if no pass is open
     */
    public Tensor tensor() {
        return tensor(dtype());
    }

    /**
     * Reads the numbers into a tensor of the current pass, of type I8 or F16 where the file holds int8 or float16, else
     * as {@link #tensor} does.
     *
     * @throws IllegalArgumentException as {@link #copyTo}
     * @throws IllegalStateException if no pass is open
     */
    public Tensor tensorAsStored() {
        return tensor(header.stored.kept());
    }

    private Tensor tensor(DType type) {
        Tensor t = Values.create(Tensor.class, shape(), type);
        values((at, count) -> Block.at(Values.address(t) + at, count), type);
        return t;
    }

    /**
     * Copies the numbers in row-major order, in native bytes of {@link #dtype}.
     *
     * @throws IllegalArgumentException if the file has changed, or a value does not fit its type; the target then holds
     *     part of the values
     * @throws UncheckedIOException if it cannot be read
     */
    public void copyTo(Target target) {
        values(target, dtype());
    }

    /** Where the numbers go. */
    @FunctionalInterface
    public interface Target {
        /** Returns a buffer for {@code count} bytes, which are those from {@code at} on. */
        ByteBuffer view(long at, int count);
    }

    private void values(Target target, DType type) {
        try (DataInputStream in = open(source)) {
            if (!new Parser(source).header(in).equals(header)) {
                throw new IllegalArgumentException(
                        source + ": the file has changed since its header was read; read it again");
            }
            Stored stored = header.stored;
            int width = type.bytes();
            byte[] chunk = new byte[CHUNK];
            ByteBuffer from = ByteBuffer.wrap(chunk).order(header.order);
            ByteBuffer converted =
                    ByteBuffer.allocate(width * (CHUNK / stored.bytes())).order(ByteOrder.nativeOrder());
            Scatter scatter = header.fortran && header.shape.rank() > 1 ? new Scatter(target, width) : null;
            long size = header.shape.size();
            for (long at = 0; at < size; ) {
                int n = (int) Math.min(CHUNK / stored.bytes(), size - at);
                in.readFully(chunk, 0, n * stored.bytes());
                int fine = stored.convert(from, n, converted.clear(), type);
                if (fine < n) {
                    throw new IllegalArgumentException(source + ": value number " + (at + fine) + ", "
                            + stored.text(from, fine) + ", does not fit into " + type
                            + "; convert the array before it is saved");
                }
                converted.position(0).limit(n * width);
                if (scatter == null) {
                    target.view(at * width, n * width).put(converted);
                } else {
                    scatter.put(converted, n);
                }
                at += n;
            }
            if (in.read() >= 0) {
                throw damaged(source, "it goes on after the " + size + " values that its header tells");
            }
        } catch (IOException e) {
            throw unreadable(source, e, "it ends before the last of the values that its header tells");
        }
    }

    /** Puts values that come with the first index running fastest where the last one does. */
    private final class Scatter {
        private final ByteBuffer[] views;
        private final Places places;
        private final int width;

        Scatter(Target target, int width) {
            this.width = width;
            long bytes = header.shape.size() * width;
            views = new ByteBuffer[(int) ((bytes >> VIEW_BITS) + 1)];
            for (int i = 0; i < views.length; i++) {
                long begin = (long) i << VIEW_BITS;
                views[i] = target.view(begin, (int) Math.min(1L << VIEW_BITS, bytes - begin));
            }
            int rank = header.shape.rank();
            int[] turned = IntStream.range(0, rank).map(i -> rank - 1 - i).toArray();
            places = Places.of(header.shape.permuted(turned), turned);
        }

        void put(ByteBuffer from, int n) {
            for (int i = 0; i < n; i++) {
                long at = places.next() * width;
                ByteBuffer view = views[(int) (at >> VIEW_BITS)];
                int place = (int) (at & (1L << VIEW_BITS) - 1);
                switch (width) {
                    case 1 -> view.put(place, from.get(i));
                    case 2 -> view.putShort(place, from.getShort(2 * i));
                    default -> view.putInt(place, from.getInt(4 * i));
                }
            }
        }
    }

    private static DataInputStream open(Source source) throws IOException {
        return new DataInputStream(new BufferedInputStream(source.open(), CHUNK));
    }

    private static IllegalArgumentException damaged(Source source, String what) {
        return new IllegalArgumentException(
                source + ": " + what + "; the file is damaged or not npy, fetch or save it again");
    }

    /** Reads a header: the one dictionary that NumPy writes, not Python. */
    private static final class Parser {
        /** An item with what is behind it, a comma or nothing. No group of it repeats, so that none is too deep. */
        private static final Pattern ITEM = Pattern.compile("(?s)\\s*['\"](?:"
                + "descr['\"]\\s*:\\s*(?:['\"](?<descr>[^'\"]*)['\"]|(?<records>\\[.*))|"
                + "fortran_order['\"]\\s*:\\s*(?<fortran>True|False)|"
                + "shape['\"]\\s*:\\s*\\((?<shape>[0-9L,\\s]*)\\))\\s*(?:,|$)");

        private final Source source;

        Parser(Source source) {
            this.source = source;
        }

        Header header(DataInputStream in) throws IOException {
            Layout all = layout(in);
            if (all.stored == null) {
                throw unread("the type " + InputFile.quoted(all.type));
            }
            return new Header(all.stored, all.order, all.fortran, shape(all.dims), all.begin);
        }

        Layout layout(DataInputStream in) throws IOException {
            int magic = in.readInt();
            int end = in.readUnsignedShort();
            if (magic != MAGIC || end != MAGIC_END) {
                throw damaged(source, "it does not begin with \\x93NUMPY");
            }
            int version = in.readUnsignedByte();
            int minor = in.readUnsignedByte();
            if (version < 1 || version > 3 || minor != 0) {
                throw damaged(source, "its format version is " + version + "." + minor + " but 1.0 to 3.0 are known");
            }
            long length = version == 1
                    ? Short.toUnsignedInt(Short.reverseBytes(in.readShort()))
                    : Integer.toUnsignedLong(Integer.reverseBytes(in.readInt()));
            if (length > LONGEST_HEADER) {
                throw damaged(source, "its header claims " + length + " bytes but " + LONGEST_HEADER + " are the most");
            }
            byte[] bytes = in.readNBytes((int) length);
            if (bytes.length < length) {
                throw new EOFException();
            }
            String text = new String(bytes, version == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
            return dictionary(text, (version == 1 ? 10 : 12) + length);
        }

        private Layout dictionary(String text, long bytes) {
            String all = text.strip();
            if (!all.startsWith("{") || !all.endsWith("}")) {
                throw malformed();
            }
            String descr = null;
            String fortran = null;
            String tuple = null;
            Matcher item = ITEM.matcher(all).region(1, all.length() - 1);
            while (item.lookingAt()) {
                if (item.group("records") != null) {
                    throw unread("records of several fields");
                }
                descr = once(descr, item.group("descr"));
                fortran = once(fortran, item.group("fortran"));
                tuple = once(tuple, item.group("shape"));
                item.region(item.end(), all.length() - 1);
            }
            boolean rest = !all.substring(item.regionStart(), all.length() - 1).isBlank();
            if (rest || descr == null || fortran == null || tuple == null) {
                throw malformed();
            }
            ByteOrder order = descr.startsWith(">")
                    ? ByteOrder.BIG_ENDIAN
                    : descr.startsWith("=") ? ByteOrder.nativeOrder() : ByteOrder.LITTLE_ENDIAN;
            return new Layout(descr, stored(descr), order, fortran.equals("True"), dims(tuple), bytes);
        }

        /** What one item of the dictionary says, which no two may. */
        private @Nullable String once(@Nullable String before, @Nullable String now) {
            if (before != null && now != null) {
                throw malformed();
            }
            return now == null ? before : now;
        }

        private static @Nullable Stored stored(String descr) {
            boolean ordered = !descr.isEmpty() && "<>=|".indexOf(descr.charAt(0)) >= 0;
            return switch (ordered ? descr.substring(1) : "") {
                case "f2" -> Stored.F16;
                case "f4" -> Stored.F32;
                case "f8" -> Stored.F64;
                case "i1" -> Stored.I8;
                case "i2" -> Stored.I16;
                case "i4" -> Stored.I32;
                case "i8" -> Stored.I64;
                case "u1" -> Stored.U8;
                case "u2" -> Stored.U16;
                case "u4" -> Stored.U32;
                case "u8" -> Stored.U64;
                case "b1" -> Stored.BOOL;
                default -> null;
            };
        }

        private Shape shape(int[] dims) {
            if (dims.length > Shape.MAX_RANK) {
                throw new IllegalArgumentException(source + ": it has " + dims.length + " dimensions but "
                        + Shape.MAX_RANK + " are the most; reshape it before it is saved");
            }
            long size = 1;
            for (int dim : dims) {
                if (dim > 0 && size > (1L << 45) / dim) {
                    throw damaged(
                            source, "it claims the shape " + Arrays.toString(dims) + ", which no file could fill");
                }
                size *= Math.max(dim, 1);
            }
            return Shape.of(dims);
        }

        /** The numbers of a tuple, of which one alone has a comma behind it. */
        private int[] dims(String tuple) {
            List<String> parts = new ArrayList<>(List.of(tuple.split(",", -1)));
            String last = parts.remove(parts.size() - 1);
            if (!last.isBlank()) {
                if (parts.isEmpty()) {
                    throw malformed();
                }
                parts.add(last);
            }
            return parts.stream().map(String::strip).mapToInt(this::dim).toArray();
        }

        private int dim(String text) {
            if (!text.matches("[0-9]{1,10}L?")) { // Python 2 wrote the L
                throw malformed();
            }
            long dim = Long.parseLong(text.replace("L", ""));
            if (dim > Integer.MAX_VALUE) {
                throw damaged(
                        source, "it claims a dimension of " + dim + " but " + Integer.MAX_VALUE + " is the largest");
            }
            return (int) dim;
        }

        private IllegalArgumentException malformed() {
            return damaged(source, "its header is not the dictionary of an npy file");
        }

        private IllegalArgumentException unread(String what) {
            return new IllegalArgumentException(source + ": it holds " + what
                    + " but float16, float32, float64, all integers and bool are read; convert it before it is saved");
        }
    }

    // ---- writing

    /**
     * Writes a tensor. A failed write leaves the old file as it was.
     *
     * @throws IllegalArgumentException if it is BF16, which NumPy does not have
     * @throws UncheckedIOException if the file cannot be written
     */
    public static void write(Path file, Tensor t) {
        AtomicFile.write(file, content(t));
    }

    /**
     * Returns the content of a tensor's file, for a tensor that lives at least until it is written.
     *
     * @throws IllegalArgumentException if it is BF16, which NumPy does not have
     */
    public static AtomicFile.Content content(Tensor t) {
        String descr = switch (t.dtype()) {
            case F32 -> "<f4";
            case I32 -> "<i4";
            case U8 -> "|u1";
            case I8 -> "|i1";
            case F16 -> "<f2";
            case BF16 ->
                throw new IllegalArgumentException(
                        "npy: x " + t.shape() + " is BF16, which NumPy does not have; convert it with to(DType.F32)");
        };
        return out -> {
            out.write(preamble(t.shape(), descr));
            Elements.write(t, out);
        };
    }

    /**
     * Writes the float32 numbers between the position and the limit of {@code values}, neither of which moves.
     *
     * @throws IllegalArgumentException if they do not fill the shape
     * @throws UncheckedIOException if the file cannot be written
     */
    public static void write(Path file, Shape shape, FloatBuffer values) {
        write(file, shape, "<f4", 4, values);
    }

    /**
     * Writes the int32 numbers between the position and the limit of {@code values}, neither of which moves.
     *
     * @throws IllegalArgumentException if they do not fill the shape
     * @throws UncheckedIOException if the file cannot be written
     */
    public static void write(Path file, Shape shape, IntBuffer values) {
        write(file, shape, "<i4", 4, values);
    }

    /**
     * Writes the unsigned bytes between the position and the limit of {@code values}, neither of which moves.
     *
     * @throws IllegalArgumentException if they do not fill the shape
     * @throws UncheckedIOException if the file cannot be written
     */
    public static void write(Path file, Shape shape, ByteBuffer values) {
        write(file, shape, "|u1", 1, values);
    }

    private static void write(Path file, Shape shape, String descr, int width, Buffer values) {
        if (values.remaining() != shape.size()) {
            throw new IllegalArgumentException("npy: " + shape + " has " + shape.size() + " elements but "
                    + values.remaining() + " values were given; give one for each");
        }
        AtomicFile.write(file, out -> {
            out.write(preamble(shape, descr));
            ByteBuffer bytes = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
            for (int at = values.position(), n; at < values.limit(); at += n) {
                n = Math.min(CHUNK / width, values.limit() - at);
                Block.put(values, at, n, bytes);
                out.write(bytes.array(), 0, n * width);
            }
        });
    }

    /** All before the numbers, which begin at a multiple of 64. */
    private static byte[] preamble(Shape shape, String descr) {
        StringBuilder dims = new StringBuilder();
        for (int d : shape.toArray()) {
            dims.append(d).append(", ");
        }
        String tuple =
                shape.rank() == 1 ? dims.toString().trim() : dims.toString().replaceFirst(", $", "");
        String header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + tuple + "), }";
        int length = (10 + header.length() + 1 + 63 & -64) - 10;
        ByteBuffer bytes = ByteBuffer.allocate(10 + length).order(ByteOrder.BIG_ENDIAN);
        bytes.putInt(MAGIC).putShort((short) MAGIC_END).putShort((short) 0x100);
        bytes.putShort(Short.reverseBytes((short) length));
        bytes.put((header + " ".repeat(length - header.length() - 1) + "\n").getBytes(StandardCharsets.US_ASCII));
        return bytes.array();
    }

    /** Returns a short form such as {@code /data/x.npy [60000, 784] of F64}. */
    @Override
    public String toString() {
        return source + " " + header.shape + " of " + header.stored;
    }
}
