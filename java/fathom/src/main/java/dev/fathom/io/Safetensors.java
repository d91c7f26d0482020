package dev.fathom.io;

import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import dev.fathom.autograd.Values;
import dev.fathom.memory.Block;
import dev.fathom.memory.Memory;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.Tensor;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file: the length of a header as 8 little-endian bytes, the header (JSON: name to dtype, shape and offsets, and text under
 * {@code __metadata__}), then the numbers, row-major and little-endian, without a gap. See
 * <a href="https://github.com/huggingface/safetensors">huggingface/safetensors</a>.
 *
 * <p>Files are written with F32. F16, BF16, F32 and F64 (rounded) are read as F32; I8, I16, U16 and I32 are read as I32, and so are U32, I64 and U64
 * if every value fits; U8 and BOOL are read as U8. Integers can also be copied to floats if that changes no value.
 *
 * <p>{@link #read} checks the whole header against the file and keeps the file open, so that {@link #copy} reads from the same file later even if a
 * new one has been moved into its place. Close it after use (a forgotten one is closed by the collector); names, shapes and texts stay readable. Any
 * thread may use it.
 */
public final class Safetensors implements AutoCloseable {
    /** The reference implementation reads no longer header either. */
    private static final int LONGEST_HEADER = 100_000_000;

    private static final int CHUNK = 1 << 16;
    private static final Pattern COUNT = Pattern.compile("0|[1-9][0-9]{0,17}");
    private static final String METADATA = "__metadata__";
    private static final String NOT_UNICODE = "is not valid Unicode";
    /** The text under which {@link Writer#checksum} leaves the checksum of all the rest. */
    private static final String CHECKSUM = "fathom.crc32c";

    private final Path file;
    private final RandomAccessFile data;
    private final Map<String, Entry> entries;
    private final Map<String, String> metadata;
    private final List<String> names;
    private boolean closed;
    private @Nullable Object closedAt;

    private record Entry(String name, Stored stored, Shape shape, long begin, long end) {}

    private Safetensors(Path file, RandomAccessFile data, Map<String, Entry> entries, Map<String, String> metadata) {
        this.file = file;
        this.data = data;
        this.entries = entries;
        this.metadata = Collections.unmodifiableMap(metadata);
        this.names = List.copyOf(entries.keySet());
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws IllegalArgumentException if it is damaged, not safetensors, or holds numbers of another type
     * @throws UncheckedIOException if it cannot be read
     */
    public static Safetensors read(Path file) {
        if (!Files.isRegularFile(file)) {
            String message =
                    "cannot read " + file + ": " + (Files.exists(file) ? "it is not a file" : "it does not exist")
                            + "; give the path of a safetensors file";
            throw new UncheckedIOException(message, new IOException(message));
        }
        RandomAccessFile data = null;
        Safetensors result = null;
        try {
            data = new RandomAccessFile(file.toFile(), "r");
            result = new Header(file).read(data);
            return result;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
        } finally {
            if (result == null && data != null) {
                closeQuietly(data);
            }
        }
    }

    /** Returns the names of the tensors, in the order of the file. */
    public List<String> names() {
        return names;
    }

    /** Returns the texts that the file carries beside its tensors. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * Returns the shape of a tensor.
     *
     * @throws IllegalArgumentException if the file has none of this name
     */
    public Shape shape(String name) {
        return entry(name).shape;
    }

    /**
     * Returns the type as which a tensor is read.
     *
     * @throws IllegalArgumentException if the file has none of this name
     */
    public DType dtype(String name) {
        return entry(name).stored.dtype();
    }

    /**
     * Reads a tensor of the file into a tensor of the current pass.
     *
     * @throws IllegalArgumentException if the file has none of this name, a value does not fit, or the file has shrunk since it was opened
     * @throws IllegalStateException if no pass is open or the file was closed
     * @throws UncheckedIOException if the file cannot be read
     */
    public Tensor tensor(String name) {
        Entry e = entry(name);
        Tensor t = Access.create(e.shape, e.stored.dtype());
        long address = Values.address(t);
        int width = e.stored.dtype().bytes();
        values(e, (from, n, at) -> e.stored.convert(from, n, Block.at(address + at * width, n * width)));
        return t;
    }

    /**
     * Copies a tensor to where {@code to} has its position, which does not move.
     *
     * @param order as it was given to {@link Writer#add(String, Shape, FloatBuffer, int...)}: dimension i of the file is dimension {@code order[i]} of
     *     what is copied; without any the dimensions stay as they are
     * @throws IllegalArgumentException if the file has none of this name, {@code to} has not room for exactly its elements, the order does not name each
     *     dimension once, a value is no float32, or the file has shrunk since it was opened
     * @throws IllegalStateException if the file was closed
     * @throws UncheckedIOException if the file cannot be read
     */
    public void copy(String name, FloatBuffer to, int... order) {
        Entry e = entry(name, to);
        if (order.length == 0) {
            FloatBuffer target = to.duplicate();
            values(e, (from, n, at) -> e.stored.floats(from, n, target));
            return;
        }
        Places places = Places.of(e.shape, order);
        FloatBuffer target = to.slice();
        FloatBuffer chunk = FloatBuffer.allocate(CHUNK);
        values(e, (from, n, at) -> {
            int fine = e.stored.floats(from, n, chunk.clear());
            for (int i = 0; i < fine; i++) {
                target.put(places.next(), chunk.get(i));
            }
            return fine;
        });
    }

    /**
     * Copies a tensor of integers to where {@code to} has its position, which does not move.
     *
     * @throws IllegalArgumentException if the file has none of this name, it holds floats, {@code to} has not room for exactly its elements, a value does
     *     not fit an int, or the file has shrunk since it was opened
     * @throws IllegalStateException if the file was closed
     * @throws UncheckedIOException if the file cannot be read
     */
    public void copy(String name, IntBuffer to) {
        Entry e = entry(name, to);
        if (e.stored.dtype() == DType.F32) {
            throw new IllegalArgumentException(
                    "copy: " + quoted(name) + " holds " + e.stored + "; copy it to a FloatBuffer");
        }
        IntBuffer target = to.duplicate();
        values(e, (from, n, at) -> e.stored.ints(from, n, target));
    }

    private Entry entry(String name, Buffer to) {
        Entry e = entry(name);
        if (to.remaining() != e.shape.size()) {
            throw new IllegalArgumentException("copy: " + quoted(name) + " " + e.shape + " has " + e.shape.size()
                    + " elements but the buffer has room for " + to.remaining() + "; give one of exactly that size");
        }
        return e;
    }

    /** Takes {@code n} values, the first of which is number {@code at}; returns how many before one that does not fit. */
    private interface Sink {
        int take(ByteBuffer from, int n, long at);
    }

    private void values(Entry e, Sink sink) {
        int width = e.stored.bytes();
        byte[] chunk = new byte[(int) Math.min(CHUNK, e.end - e.begin)];
        ByteBuffer from = ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN);
        synchronized (data) {
            mustBeOpen("copy");
            try {
                if (data.length() < e.end) {
                    throw new EOFException();
                }
                data.seek(e.begin);
                for (long at = 0; at < e.shape.size(); at += chunk.length / width) {
                    int n = (int) Math.min(chunk.length / width, e.shape.size() - at);
                    data.readFully(chunk, 0, n * width);
                    int fine = sink.take(from, n, at);
                    if (fine < n) {
                        throw new IllegalArgumentException(file + ": element " + (at + fine) + " of " + quoted(e.name)
                                + ", " + e.stored.text(from, fine) + " in " + e.stored
                                + ", does not fit; convert the tensor before it is saved");
                    }
                }
            } catch (EOFException x) {
                throw new IllegalArgumentException(
                        file + ": the file has been truncated since it was opened; fetch or save it again", x);
            } catch (IOException x) {
                throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(x), x);
            }
        }
    }

    /**
     * Reads the whole file and compares it with the checksum that {@link Writer#checksum} left.
     *
     * @throws IllegalArgumentException if they differ, or there is none
     * @throws IllegalStateException if the file was closed
     * @throws UncheckedIOException if the file cannot be read
     */
    public void verify() {
        String claimed = metadata.get(CHECKSUM);
        if (claimed == null) {
            throw new IllegalArgumentException(file + ": it has no checksum; save it with one");
        }
        Checksum sum = new Checksum();
        metadata.forEach(sum::text);
        byte[] chunk = new byte[CHUNK];
        synchronized (data) {
            mustBeOpen("verify");
            try {
                for (Entry e : entries.values()) {
                    sum.tensor(e.name, e.stored, e.shape);
                    data.seek(e.begin);
                    for (long left = e.end - e.begin; left > 0; left -= chunk.length) {
                        int n = (int) Math.min(chunk.length, left);
                        data.readFully(chunk, 0, n);
                        sum.crc.update(chunk, 0, n);
                    }
                }
            } catch (EOFException e) {
                throw new IllegalArgumentException(
                        file + ": the file has been truncated since it was opened; fetch or save it again", e);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read " + file + ": " + AtomicFile.reason(e), e);
            }
        }
        if (!sum.toString().equals(claimed)) {
            throw new IllegalArgumentException(file + ": its checksum is " + quoted(claimed) + " but its content has "
                    + sum + "; the file is damaged, use another");
        }
    }

    /** CRC32C over the texts in their order, then each tensor's name, kind, shape and numbers. */
    private static final class Checksum {
        private final CRC32C crc = new CRC32C();

        void text(String key, String value) {
            if (!key.equals(CHECKSUM)) {
                line(key);
                line(value);
            }
        }

        void tensor(String name, Stored stored, Shape shape) {
            line(name);
            line(stored.name());
            line(shape.toString());
        }

        private void line(String text) {
            crc.update((text + "\n").getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String toString() {
            return String.format("%08x", crc.getValue());
        }
    }

    private Entry entry(String name) {
        Entry e = entries.get(name);
        if (e == null) {
            throw new IllegalArgumentException(file + " has no tensor " + quoted(name) + "; it holds "
                    + names.stream().map(Safetensors::plain).toList());
        }
        return e;
    }

    private void mustBeOpen(String who) {
        if (closed) {
            throw new IllegalStateException(
                    who + ": " + file + " was closed at " + Memory.render(closedAt) + "; " + who + " before the close");
        }
    }

    /** Closes the file; names, shapes and texts stay readable. Closing twice does nothing. */
    @Override
    public void close() {
        synchronized (data) {
            if (!closed) {
                closed = true;
                closedAt = Memory.callSite();
                closeQuietly(data);
            }
        }
    }

    private static void closeQuietly(RandomAccessFile data) {
        try {
            data.close();
        } catch (IOException e) {
            // a file that was only read loses nothing
        }
    }

    /** A text of a file for a message: quoted, cut where a hostile file makes it long, without control characters. */
    static String quoted(String text) {
        return '"' + plain(text) + '"';
    }

    private static String plain(String text) {
        String cut = text.length() > 80 ? text.substring(0, 80) + "..." : text;
        return cut.replaceAll("\\p{Cntrl}", "?");
    }

    private static boolean isUnicode(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    /** What is wrong with the name of a tensor that is to be written, or null: it must survive UTF-8, logs and terminals. */
    private static @Nullable String fault(String name) {
        if (name.equals(METADATA)) {
            return "is reserved for texts; use metadata(key, value)";
        }
        if (name.chars().anyMatch(Character::isISOControl)) {
            return "contains a control character";
        }
        return isUnicode(name) ? null : NOT_UNICODE;
    }

    // ---- reading

    /** Reads the header of one file; everything in it is a claim until it has been compared with the file. */
    private static final class Header {
        private final Path file;
        private final Map<String, Entry> entries = new LinkedHashMap<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private boolean metadataSeen;

        Header(Path file) {
            this.file = file;
        }

        Safetensors read(RandomAccessFile data) throws IOException {
            long size = data.length();
            if (size < 8) {
                throw damaged("it has " + size + " bytes where the length of the header alone takes 8");
            }
            long length = Long.reverseBytes(data.readLong());
            if (length < 2 || length > Math.min(LONGEST_HEADER, size - 8)) {
                throw damaged("its header claims " + Long.toUnsignedString(length) + " bytes; there are " + (size - 8)
                        + " behind its length and " + LONGEST_HEADER + " are the most");
            }
            int first = data.read();
            while (first >= 0 && " \t\n\r".indexOf(first) >= 0 && data.getFilePointer() < 8 + length) {
                first = data.read();
            }
            if (first != '{') {
                throw damaged("its header does not begin with {");
            }
            data.seek(8);
            // decoded as it is parsed: a long header takes no more memory than what it says
            try (JsonReader json = new JsonReader(new InputStreamReader(
                    new Bounded(data, length),
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .onMalformedInput(CodingErrorAction.REPORT)
                            .onUnmappableCharacter(CodingErrorAction.REPORT)))) {
                json.setStrictness(Strictness.STRICT);
                parse(json);
            } catch (CharacterCodingException e) {
                throw damaged("its header is not UTF-8");
            } catch (MalformedJsonException | EOFException | JsonParseException | IllegalStateException e) {
                throw damaged("its header is not the JSON of a safetensors file");
            }
            return new Safetensors(file, data, inOrder(8 + length, size), metadata);
        }

        private void parse(JsonReader json) throws IOException {
            json.beginObject();
            while (json.hasNext()) {
                String name = json.nextName();
                if (name.equals(METADATA)) {
                    texts(json);
                    continue;
                }
                if (!isUnicode(name)) {
                    throw damaged("the name of tensor number " + entries.size() + " " + NOT_UNICODE);
                }
                if (entries.put(name, tensor(json, name)) != null) {
                    throw damaged("two tensors are called " + quoted(name));
                }
            }
            json.endObject();
            if (json.peek() != JsonToken.END_DOCUMENT) {
                throw damaged("its header goes on after the last }");
            }
        }

        private void texts(JsonReader json) throws IOException {
            if (metadataSeen) {
                throw damaged("it has " + METADATA + " twice");
            }
            metadataSeen = true;
            json.beginObject();
            while (json.hasNext()) {
                String key = json.nextName();
                if (json.peek() != JsonToken.STRING) {
                    throw damaged(METADATA + " maps " + quoted(key) + " to something else than a text");
                }
                if (metadata.put(key, json.nextString()) != null) {
                    throw damaged(METADATA + " has " + quoted(key) + " twice");
                }
            }
            json.endObject();
        }

        private Entry tensor(JsonReader json, String name) throws IOException {
            String dtype = null;
            long[] dims = null;
            long[] offsets = null;
            if (json.peek() != JsonToken.BEGIN_OBJECT) {
                throw damaged("tensor " + quoted(name) + " is not an object with dtype, shape and data_offsets");
            }
            json.beginObject();
            while (json.hasNext()) {
                String field = json.nextName();
                boolean again = false;
                switch (field) {
                    case "dtype" -> {
                        again = dtype != null;
                        if (json.peek() != JsonToken.STRING) {
                            throw damaged("tensor " + quoted(name) + " has a dtype that is not a text");
                        }
                        dtype = json.nextString();
                    }
                    case "shape" -> {
                        again = dims != null;
                        dims = numbers(json, name, field, Shape.MAX_RANK);
                    }
                    case "data_offsets" -> {
                        again = offsets != null;
                        offsets = numbers(json, name, field, 2);
                    }
                    default -> throw damaged("tensor " + quoted(name) + " has the unknown field " + quoted(field));
                }
                if (again) {
                    throw damaged("tensor " + quoted(name) + " has " + field + " twice");
                }
            }
            json.endObject();
            if (dtype == null || dims == null || offsets == null || offsets.length != 2) {
                throw damaged("tensor " + quoted(name) + " lacks "
                        + (dtype == null ? "its dtype" : dims == null ? "its shape" : "its two data_offsets"));
            }
            Stored stored = Stored.named(dtype);
            if (stored == null) {
                throw new IllegalArgumentException(file + ": tensor " + quoted(name) + " has the dtype " + quoted(dtype)
                        + " but " + Arrays.toString(Stored.values()) + " are read; convert it before it is saved");
            }
            return entry(name, stored, dims, offsets[0], offsets[1]);
        }

        private Entry entry(String name, Stored stored, long[] dims, long begin, long end) {
            int[] shape = new int[dims.length];
            long elements = 1;
            long others = 1; // without the zeros
            for (int i = 0; i < dims.length; i++) {
                shape[i] = (int) dims[i];
                // a FloatBuffer has at most 2^31 - 1 elements
                if (shape[i] != dims[i] || others * dims[i] > Integer.MAX_VALUE) {
                    throw damaged("tensor " + quoted(name) + " claims the shape " + Arrays.toString(dims)
                            + ", which is more than " + Integer.MAX_VALUE + " elements");
                }
                elements *= dims[i];
                others *= Math.max(dims[i], 1);
            }
            if (begin > end || end - begin != stored.bytes() * elements) {
                throw damaged("tensor " + quoted(name) + " lies at " + begin + " to " + end + " but its shape "
                        + Arrays.toString(dims) + " takes " + stored.bytes() * elements + " bytes");
            }
            return new Entry(name, stored, Shape.of(shape), begin, end);
        }

        private long[] numbers(JsonReader json, String name, String field, int most) throws IOException {
            long[] values = new long[most];
            int n = 0;
            if (json.peek() != JsonToken.BEGIN_ARRAY) {
                throw damaged("tensor " + quoted(name) + " has a " + field + " that is not a list");
            }
            json.beginArray();
            while (json.hasNext()) {
                if (n == most) {
                    throw damaged("tensor " + quoted(name) + " has more than " + most + " numbers in its " + field);
                }
                // nextLong would also take "1" and 1.0
                String text = json.peek() == JsonToken.NUMBER ? json.nextString() : "";
                if (!COUNT.matcher(text).matches()) {
                    throw damaged("tensor " + quoted(name) + " has something else than counts in its " + field);
                }
                values[n++] = Long.parseLong(text);
            }
            json.endArray();
            return Arrays.copyOf(values, n);
        }

        /** The tensors sorted by offset, with offsets into the file, once they are known to fill it exactly. */
        private Map<String, Entry> inOrder(long start, long size) {
            List<Entry> sorted = new ArrayList<>(entries.values());
            sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
            Map<String, Entry> placed = new LinkedHashMap<>();
            long at = 0;
            for (Entry e : sorted) {
                if (e.begin != at) {
                    throw damaged("tensor " + quoted(e.name) + " begins at " + e.begin
                            + " but the one before it ends at " + at);
                }
                at = e.end;
                placed.put(e.name, new Entry(e.name, e.stored, e.shape, start + e.begin, start + e.end));
            }
            if (at != size - start) {
                throw damaged("its tensors take " + at + " bytes but " + (size - start) + " lie behind its header");
            }
            return placed;
        }

        private IllegalArgumentException damaged(String what) {
            return new IllegalArgumentException(
                    file + ": " + what + "; the file is damaged or not safetensors, fetch or save it again");
        }
    }

    /** The next {@code left} bytes of a file that stays open. */
    private static final class Bounded extends InputStream {
        private final RandomAccessFile data;
        private long left;

        Bounded(RandomAccessFile data, long left) {
            this.data = data;
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            if (left == 0) {
                return -1;
            }
            left--;
            return data.read();
        }

        @Override
        public int read(byte[] to, int from, int count) throws IOException {
            if (left == 0) {
                return -1;
            }
            int n = data.read(to, from, (int) Math.min(count, left));
            left -= Math.max(n, 0);
            return n;
        }
    }

    // ---- writing

    /** Collects tensors and writes them as one file. It copies no values before {@link #write}. */
    public static final class Writer {
        private final Map<String, Added> tensors = new LinkedHashMap<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private boolean checked;

        /** A tensor's shape in the file, its values, and which of their dimensions each dimension of the file is. */
        private record Added(Shape shape, FloatBuffer values, int[] order) {}

        /** A file without tensors so far. */
        public Writer() {}

        /**
         * Adds the tensor between the position and the limit of {@code values}, neither of which moves.
         *
         * @param order which dimension of {@code shape} each dimension in the file is; without any the file has this shape
         * @throws IllegalArgumentException if the name is taken or cannot be one, the shape has not exactly as many elements, or the order does not name
         *     each dimension once
         */
        public Writer add(String name, Shape shape, FloatBuffer values, int... order) {
            String fault = fault(name);
            if (fault != null) {
                throw new IllegalArgumentException(
                        "safetensors: the name " + quoted(name) + " " + fault + "; choose another");
            }
            if (shape.size() != values.remaining()) {
                throw new IllegalArgumentException("safetensors: " + quoted(name) + " " + shape + " has " + shape.size()
                        + " elements but " + values.remaining() + " values were given; give one for each");
            }
            Shape inFile = order.length == 0 ? shape : shape.permuted(order);
            if (tensors.putIfAbsent(name, new Added(inFile, values.slice(), order.clone())) != null) {
                throw new IllegalArgumentException(
                        "safetensors: " + quoted(name) + " was added twice; each tensor needs a name of its own");
            }
            return this;
        }

        /**
         * Adds a text; a later one of the same key takes its place.
         *
         * @throws IllegalArgumentException if the key or the text is not valid Unicode
         */
        public Writer metadata(String key, String value) {
            // one by one: a pair of surrogates may be split between them
            CharsetEncoder utf8 = StandardCharsets.UTF_8.newEncoder();
            if (!utf8.canEncode(key) || !utf8.canEncode(value)) {
                throw new IllegalArgumentException(
                        "safetensors: the text of " + quoted(key) + " is not valid Unicode; choose another");
            }
            metadata.put(key, value);
            return this;
        }

        /** Lets {@link #write} add a checksum of everything, which {@link Safetensors#verify} compares. */
        public Writer checksum() {
            checked = true;
            return this;
        }

        /**
         * Writes the file beside its place, forces it to the disk and moves it there: after a failure the old file is as it was.
         *
         * @throws UncheckedIOException if it cannot be written
         */
        public void write(Path file) {
            if (checked) {
                metadata.put(CHECKSUM, sum());
            }
            byte[] header = header();
            if (header.length > LONGEST_HEADER) {
                throw new IllegalArgumentException("safetensors: the names and texts take " + header.length
                        + " bytes but " + LONGEST_HEADER + " are the most; use fewer or shorter ones");
            }
            AtomicFile.write(file, out -> {
                out.write(ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(header.length)
                        .array());
                out.write(header);
                byte[] chunk = new byte[CHUNK];
                for (Added t : tensors.values()) {
                    write(t, chunk, out);
                }
            });
        }

        private String sum() {
            Checksum sum = new Checksum();
            metadata.forEach(sum::text);
            byte[] chunk = new byte[CHUNK];
            try (OutputStream out = new CheckedOutputStream(OutputStream.nullOutputStream(), sum.crc)) {
                for (Map.Entry<String, Added> t : tensors.entrySet()) {
                    sum.tensor(t.getKey(), Stored.F32, t.getValue().shape);
                    write(t.getValue(), chunk, out);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return sum.toString();
        }

        private static void write(Added t, byte[] chunk, OutputStream out) throws IOException {
            FloatBuffer floats =
                    ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
            Places places = t.order.length == 0 ? null : Places.of(t.shape, t.order);
            int n;
            for (int at = 0; at < t.values.capacity(); at += n) {
                n = Math.min(floats.capacity(), t.values.capacity() - at);
                floats.clear();
                if (places == null) {
                    floats.put(0, t.values, at, n);
                } else {
                    for (int i = 0; i < n; i++) {
                        floats.put(t.values.get(places.next()));
                    }
                }
                out.write(chunk, 0, 4 * n);
            }
        }

        /** The JSON, padded with spaces so that the numbers begin at a multiple of eight. */
        private byte[] header() {
            StringWriter text = new StringWriter();
            try (JsonWriter json = new JsonWriter(text)) {
                json.beginObject();
                if (!metadata.isEmpty()) {
                    json.name(METADATA).beginObject();
                    for (Map.Entry<String, String> m : metadata.entrySet()) {
                        json.name(m.getKey()).value(m.getValue());
                    }
                    json.endObject();
                }
                long at = 0;
                for (Map.Entry<String, Added> t : tensors.entrySet()) {
                    json.name(t.getKey())
                            .beginObject()
                            .name("dtype")
                            .value("F32")
                            .name("shape")
                            .beginArray();
                    for (int d : t.getValue().shape.toArray()) {
                        json.value(d);
                    }
                    json.endArray().name("data_offsets").beginArray().value(at);
                    at += 4 * t.getValue().shape.size();
                    json.value(at).endArray().endObject();
                }
                json.endObject();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
            byte[] padded = Arrays.copyOf(bytes, bytes.length + 7 & -8);
            Arrays.fill(padded, bytes.length, padded.length, (byte) ' ');
            return padded;
        }
    }
}
