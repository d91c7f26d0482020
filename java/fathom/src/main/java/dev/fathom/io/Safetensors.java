package dev.fathom.io;

import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;
import com.google.gson.stream.MalformedJsonException;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file: the length of a header as 8 little-endian bytes, the header (JSON: name to dtype, shape and
 * offsets, and text under {@code __metadata__}), then the numbers, row-major and little-endian, without a gap. See <a
 * href="https://github.com/huggingface/safetensors">huggingface/safetensors</a>.
 *
 * <p>Files are written with F32, or with the type of a tensor. {@link #read} checks the whole header against the file
 * and keeps the file open, so that {@link #copy} reads from the same file later even if a new one has been moved into
 * its place.
 */
public final class Safetensors extends TensorFile {
    /** The reference implementation reads no longer header either. */
    private static final int LONGEST_HEADER = 100_000_000;

    /** More than any array library has. */
    private static final int MOST_DIMENSIONS = 64;

    private static final String METADATA = "__metadata__";
    private static final String NOT_UNICODE = "is not valid Unicode";
    /** The text under which {@link Writer#checksum} leaves the checksum of all the rest. */
    private static final String CHECKSUM = "fathom.crc32c";

    private Safetensors(String file, Bytes data, List<Entry> entries, Map<String, String> metadata) {
        super(file, entries, metadata, data::close);
    }

    /**
     * Opens a file of any file system, such as one inside a jar, and checks its header. A file of another than the
     * default file system is held in memory.
     *
     * @throws IllegalArgumentException if it is damaged or not safetensors; other formats that hold weights are
     *     recognized and named
     * @throws UncheckedIOException if it cannot be read
     */
    public static Safetensors read(Path file) {
        return read(Bytes.of(file, "a safetensors file"), file.toString());
    }

    /**
     * Reads a stream to its end, which stays open, and checks the header. Its bytes are held in memory until this is
     * closed, at most 2 GiB of them.
     *
     * @param name what errors call it
     * @throws IllegalArgumentException if it is damaged or not safetensors
     * @throws UncheckedIOException if it cannot be read
     */
    public static Safetensors read(InputStream in, String name) {
        try {
            return read(Bytes.of(in, name), name);
        } catch (IOException e) {
            throw InputFile.unreadable(name, e);
        }
    }

    /**
     * Reads the bytes between the position and the limit of a buffer, neither of which moves. They must not change
     * until this is closed.
     *
     * @param name what errors call it
     * @throws IllegalArgumentException if it is damaged or not safetensors
     */
    public static Safetensors read(ByteBuffer buffer, String name) {
        return read(Bytes.of(buffer), name);
    }

    /**
     * Reads a file of the class path, such as one that lies in the program's jar beside its classes:
     * {@code Safetensors.resource(App.class, "net.safetensors")}, or with a slash in front from the root of the class
     * path.
     *
     * @param name as {@link Class#getResourceAsStream} takes it
     * @throws IllegalArgumentException if there is none, or it is damaged or not safetensors
     * @throws UncheckedIOException if it cannot be read
     */
    public static Safetensors resource(Class<?> beside, String name) {
        try (InputStream in = beside.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalArgumentException("resource: the class path has no " + name + " beside "
                        + beside.getName()
                        + "; put the file there, begin its name with / to look from the root, and in a"
                        + " module open its package to dev.fathom");
            }
            return read(in, name);
        } catch (IOException e) {
            throw InputFile.unreadable(name, e);
        }
    }

    private static Safetensors read(Bytes data, String file) {
        Safetensors result = null;
        try {
            result = new Header(file).read(data);
            return result;
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        } finally {
            if (result == null) {
                data.close();
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
        String claimed = metadata().get(CHECKSUM);
        if (claimed == null) {
            throw new IllegalArgumentException(this + ": it has no checksum; save it with one");
        }
        Checksum sum = new Checksum();
        metadata().forEach(sum::text);
        byte[] chunk = new byte[CHUNK];
        mustBeOpen("verify");
        for (String name : names()) {
            Entry e = entry(name);
            sum.tensor(name, e.type(), Arrays.toString(e.dims()));
            for (long at = 0; at < e.bytes(); at += chunk.length) {
                int n = (int) Math.min(chunk.length, e.bytes() - at);
                read("verify", e, at, chunk, n);
                sum.crc.update(chunk, 0, n);
            }
        }
        if (!sum.toString().equals(claimed)) {
            throw new IllegalArgumentException(this + ": its checksum is " + InputFile.quoted(claimed)
                    + " but its content has " + sum + "; the file is damaged, use another");
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

        void tensor(String name, String dtype, String shape) {
            line(name);
            line(dtype);
            line(shape);
        }

        private void line(String text) {
            crc.update((text + "\n").getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String toString() {
            return String.format("%08x", crc.getValue());
        }
    }

    private static boolean isUnicode(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    /**
     * What is wrong with the name of a tensor that is to be written, or null: it must survive UTF-8, logs and
     * terminals.
     */
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

    /** What the header says of one tensor, with its place behind the header. */
    private record Place(String name, String dtype, long[] dims, long begin, long end) {}

    /** Reads the header of one file; everything in it is a claim until it has been compared with the file. */
    private static final class Header {
        private final String file;
        private final Map<String, Place> places = new LinkedHashMap<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private boolean metadataSeen;

        Header(String file) {
            this.file = file;
        }

        Safetensors read(Bytes data) throws IOException {
            long size = data.length();
            if (size < 8) {
                mustNotBeKnown(data, size);
                throw damaged("it has " + size + " bytes where the length of the header alone takes 8");
            }
            byte[] eight = new byte[8];
            data.read(0, eight, 8);
            long length = ByteBuffer.wrap(eight).order(ByteOrder.LITTLE_ENDIAN).getLong();
            if (length < 2 || length > Math.min(LONGEST_HEADER, size - 8)) {
                mustNotBeKnown(data, size);
                throw damaged("its header claims " + Long.toUnsignedString(length) + " bytes; there are " + (size - 8)
                        + " behind its length and " + LONGEST_HEADER + " are the most");
            }
            InputStream beginning = new BufferedInputStream(new Bounded(data, 8, length));
            int first = beginning.read();
            while (first >= 0 && " \t\n\r".indexOf(first) >= 0) {
                first = beginning.read();
            }
            if (first != '{') {
                mustNotBeKnown(data, size);
                throw damaged("its header does not begin with {");
            }
            // decoded as it is parsed: a long header takes no more memory than what it says
            try (JsonReader json = new JsonReader(new InputStreamReader(
                    new Bounded(data, 8, length),
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
            return new Safetensors(file, data, inOrder(data, 8 + length, size), metadata);
        }

        /** Answers for a file of another format with what it is. */
        private void mustNotBeKnown(Bytes data, long size) throws IOException {
            byte[] head = new byte[(int) Math.min(Kind.HEAD, size)];
            byte[] tail = new byte[(int) Math.min(8, size)];
            data.read(0, head, head.length);
            data.read(size - tail.length, tail, tail.length);
            Kind kind = Kind.of(head, tail, file);
            if (kind != null) {
                throw new IllegalArgumentException(
                        file + ": it is " + kind.what() + ", not safetensors; " + kind.remedy());
            }
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
                    throw damaged("the name of tensor number " + places.size() + " " + NOT_UNICODE);
                }
                if (places.put(name, tensor(json, name)) != null) {
                    throw damaged("two tensors are called " + InputFile.quoted(name));
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
                    throw damaged(METADATA + " maps " + InputFile.quoted(key) + " to something else than a text");
                }
                if (metadata.put(key, json.nextString()) != null) {
                    throw damaged(METADATA + " has " + InputFile.quoted(key) + " twice");
                }
            }
            json.endObject();
        }

        private Place tensor(JsonReader json, String name) throws IOException {
            String dtype = null;
            long[] dims = null;
            long[] offsets = null;
            if (json.peek() != JsonToken.BEGIN_OBJECT) {
                throw damaged(
                        "tensor " + InputFile.quoted(name) + " is not an object with dtype, shape and data_offsets");
            }
            json.beginObject();
            while (json.hasNext()) {
                String field = json.nextName();
                boolean again = false;
                switch (field) {
                    case "dtype" -> {
                        again = dtype != null;
                        if (json.peek() != JsonToken.STRING) {
                            throw damaged("tensor " + InputFile.quoted(name) + " has a dtype that is not a text");
                        }
                        dtype = json.nextString();
                    }
                    case "shape" -> {
                        again = dims != null;
                        dims = numbers(json, name, field, MOST_DIMENSIONS);
                    }
                    case "data_offsets" -> {
                        again = offsets != null;
                        offsets = numbers(json, name, field, 2);
                    }
                    default ->
                        throw damaged("tensor " + InputFile.quoted(name) + " has the unknown field "
                                + InputFile.quoted(field));
                }
                if (again) {
                    throw damaged("tensor " + InputFile.quoted(name) + " has " + field + " twice");
                }
            }
            json.endObject();
            if (dtype == null || dims == null || offsets == null || offsets.length != 2) {
                throw damaged("tensor " + InputFile.quoted(name) + " lacks "
                        + (dtype == null ? "its dtype" : dims == null ? "its shape" : "its two data_offsets"));
            }
            return place(name, dtype, dims, offsets[0], offsets[1]);
        }

        /**
         * Whether this program reads the tensor is asked when it is used: others of the file may be all that is wanted.
         */
        private Place place(String name, String dtype, long[] dims, long begin, long end) {
            Stored stored = Stored.named(dtype);
            long elements = Entry.elements(dims);
            if (elements < 0) {
                throw damaged("tensor " + InputFile.quoted(name) + " claims the shape " + Arrays.toString(dims)
                        + ", which no memory holds");
            }
            String place = "tensor " + InputFile.quoted(name) + " lies at " + begin + " to " + end;
            if (stored != null && end - begin != stored.bytes() * elements) {
                throw damaged(place + " but its shape " + Arrays.toString(dims) + " takes " + stored.bytes() * elements
                        + " bytes");
            }
            if (begin > end) { // of a tensor whose numbers have an unknown size
                throw damaged(place + ", which is not where a tensor lies");
            }
            return new Place(name, dtype, dims, begin, end);
        }

        private long[] numbers(JsonReader json, String name, String field, int most) throws IOException {
            long[] values = new long[Math.min(most, 8)];
            int n = 0;
            if (json.peek() != JsonToken.BEGIN_ARRAY) {
                throw damaged("tensor " + InputFile.quoted(name) + " has a " + field + " that is not a list");
            }
            json.beginArray();
            while (json.hasNext()) {
                if (n == most) {
                    throw damaged(
                            "tensor " + InputFile.quoted(name) + " has more than " + most + " numbers in its " + field);
                }
                // nextLong would also take "1" and 1.0
                String text = json.peek() == JsonToken.NUMBER ? json.nextString() : "";
                if (!isCount(text)) {
                    throw damaged(
                            "tensor " + InputFile.quoted(name) + " has something else than counts in its " + field);
                }
                if (n == values.length) {
                    values = Arrays.copyOf(values, most);
                }
                values[n++] = Long.parseLong(text);
            }
            json.endArray();
            return Arrays.copyOf(values, n);
        }

        /** Whether it is a number of at most 18 digits as JSON writes it, without a regular expression for each. */
        private static boolean isCount(String text) {
            int n = text.length();
            for (int i = 0; i < n; i++) {
                if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                    return false;
                }
            }
            return n == 1 || n > 1 && n <= 18 && text.charAt(0) != '0';
        }

        /** The tensors sorted by offset, once they are known to fill the file exactly. */
        private List<Entry> inOrder(Bytes data, long start, long size) {
            List<Place> sorted = new ArrayList<>(places.values());
            sorted.sort((a, b) -> a.begin != b.begin ? Long.compare(a.begin, b.begin) : Long.compare(a.end, b.end));
            List<Entry> entries = new ArrayList<>();
            long at = 0;
            for (Place p : sorted) {
                if (p.begin != at) {
                    throw damaged("tensor " + InputFile.quoted(p.name) + " begins at " + p.begin
                            + " but the one before it ends at " + at);
                }
                at = p.end;
                entries.add(new Entry(
                        p.name,
                        p.dtype,
                        Stored.named(p.dtype),
                        p.dims,
                        p.end - p.begin,
                        (from, to, n) -> data.read(start + p.begin + from, to, n)));
            }
            if (at != size - start) {
                throw damaged("its tensors take " + at + " bytes but " + (size - start) + " lie behind its header");
            }
            return entries;
        }

        private IllegalArgumentException damaged(String what) {
            return new IllegalArgumentException(
                    file + ": " + what + "; the file is damaged or not safetensors, fetch or save it again");
        }
    }

    /** {@code left} bytes from {@code at} on. */
    private static final class Bounded extends InputStream {
        private final Bytes data;
        private long at;
        private long left;
        private byte[] chunk = new byte[0];

        Bounded(Bytes data, long at, long left) {
            this.data = data;
            this.at = at;
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int from, int count) throws IOException {
            if (left == 0) {
                return -1;
            }
            int n = (int) Math.min(count, left);
            if (chunk.length < n) {
                chunk = new byte[n];
            }
            data.read(at, chunk, n);
            System.arraycopy(chunk, 0, to, from, n);
            at += n;
            left -= n;
            return n;
        }
    }

    // ---- writing

    /** Collects tensors and writes them as one file. It copies no values before {@link #write}. */
    public static final class Writer {
        private final Map<String, Added> tensors = new LinkedHashMap<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private boolean checked;

        /** A tensor's type and shape in the file, and what writes its values. */
        private record Added(DType type, Shape shape, AtomicFile.Content values) {}

        /** A file without tensors so far. */
        public Writer() {}

        /**
         * Adds the tensor between the position and the limit of {@code values}, neither of which moves.
         *
         * @param order which dimension of {@code shape} each dimension in the file is; without any the file has this
         *     shape
         * @throws IllegalArgumentException if the name is taken or cannot be one, the shape has not exactly as many
         *     elements, or the order does not name each dimension once
         */
        public Writer add(String name, Shape shape, FloatBuffer values, int... order) {
            if (shape.size() != values.remaining()) {
                throw new IllegalArgumentException(
                        "safetensors: " + InputFile.quoted(name) + " " + shape + " has " + shape.size()
                                + " elements but " + values.remaining() + " values were given; give one for each");
            }
            Shape inFile = order.length == 0 ? shape : shape.permuted(order);
            FloatBuffer all = values.slice();
            int[] by = order.clone();
            return add(name, new Added(DType.F32, inFile, out -> write(inFile, all, by, out)));
        }

        /**
         * Adds a tensor, whose type and shape the file has too. It lives until it is written.
         *
         * @throws IllegalArgumentException if the name is taken or cannot be one
         */
        public Writer add(String name, Tensor t) {
            return add(name, new Added(t.dtype(), t.shape(), out -> Elements.write(t, out)));
        }

        private Writer add(String name, Added t) {
            String fault = fault(name);
            if (fault != null) {
                throw new IllegalArgumentException(
                        "safetensors: the name " + InputFile.quoted(name) + " " + fault + "; choose another");
            }
            if (tensors.putIfAbsent(name, t) != null) {
                throw new IllegalArgumentException("safetensors: " + InputFile.quoted(name)
                        + " was added twice; each tensor needs a name of its own");
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
                        "safetensors: the text of " + InputFile.quoted(key) + " is not valid Unicode; choose another");
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
         * Writes the file beside its place, forces it to the disk and moves it there: after a failure the old file is
         * as it was.
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
                for (Added t : tensors.values()) {
                    t.values.writeTo(out);
                }
            });
        }

        private String sum() {
            Checksum sum = new Checksum();
            metadata.forEach(sum::text);
            try (OutputStream out = new CheckedOutputStream(OutputStream.nullOutputStream(), sum.crc)) {
                for (Map.Entry<String, Added> t : tensors.entrySet()) {
                    Added added = t.getValue();
                    sum.tensor(t.getKey(), added.type.name(), added.shape.toString());
                    added.values.writeTo(out);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return sum.toString();
        }

        private static void write(Shape shape, FloatBuffer values, int[] order, OutputStream out) throws IOException {
            byte[] chunk = new byte[CHUNK];
            FloatBuffer floats =
                    ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
            Places places = order.length == 0 ? null : Places.of(shape, order);
            int n;
            for (int at = 0; at < values.capacity(); at += n) {
                n = Math.min(floats.capacity(), values.capacity() - at);
                floats.clear();
                if (places == null) {
                    floats.put(0, values, at, n);
                } else {
                    for (int i = 0; i < n; i++) {
                        floats.put(values.get((int) places.next()));
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
                            .value(t.getValue().type.name())
                            .name("shape")
                            .beginArray();
                    for (int d : t.getValue().shape.toArray()) {
                        json.value(d);
                    }
                    json.endArray().name("data_offsets").beginArray().value(at);
                    at += t.getValue().type.bytes() * t.getValue().shape.size();
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
