package dev.fathom.files;

import dev.fathom.io.Bytes;
import dev.fathom.io.InputFile;
import dev.fathom.io.TensorFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a GGUF file of llama.cpp says before its tensors (<a
 * href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">gguf.md</a>, versions 1 to 3, in both byte orders):
 * the settings of the model and its tokenizer, by their keys.
 */
public final class Gguf {
    private static final int MAGIC = 0x46554747; // GGUF
    private static final int LONGEST_TEXT = 1 << 26;
    private static final int MOST_VALUES = 1 << 24;
    private static final int MOST_DIMENSIONS = 8;

    private static final int TEXT = 8;
    private static final int LIST = 9;

    private final Map<String, Object> values = new LinkedHashMap<>();
    private final Cursor in;
    private final boolean wide;
    private final long tensors;
    private int left = MOST_VALUES;

    /**
     * Reads the settings of a file, which may end behind them.
     *
     * @throws IllegalArgumentException if it is damaged or no GGUF
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Gguf read(Path file) {
        return Opening.read(file, "a GGUF file", false, (name, data) -> new Gguf(data));
    }

    Gguf(Bytes data) throws IOException {
        in = new Cursor(data, 0);
        if (in.left() < 8 || in.int32() != MAGIC) {
            throw new IllegalArgumentException(
                    "it does not begin with GGUF; give a file of llama.cpp, or fetch it again");
        }
        int version = in.int32();
        in.big = (version & 0xffff) == 0; // a small number whose highest byte came first
        version = in.big ? Integer.reverseBytes(version) : version;
        if (version < 1 || version > 3) {
            throw new IllegalArgumentException("it is GGUF of version " + version
                    + " but 1 to 3 are read; give a file of another version, or fetch it again");
        }
        wide = version > 1;
        tensors = in.number(wide ? 8 : 4);
        long settings = count("settings");
        for (long i = 0; i < settings; i++) {
            String key = text();
            Object value = value(in.int32());
            if (values.put(key, value) != null) {
                throw Opening.damaged("it has the setting " + InputFile.quoted(key) + " twice");
            }
        }
    }

    /**
     * Returns all settings in the order of the file. A value is a {@link String}, {@link Long}, {@link Float},
     * {@link Double}, {@link Boolean}, or a {@link List} of values of one of these kinds. An unsigned number of 2^63 or
     * more is negative.
     */
    public Map<String, Object> values() {
        return Collections.unmodifiableMap(values);
    }

    // ---- the settings

    private long count(String what) throws IOException {
        long n = in.number(wide ? 8 : 4);
        if (n < 0 || n > in.left()) {
            throw Opening.damaged("it claims " + Long.toUnsignedString(n) + " " + what + ", for which it is too short");
        }
        return n;
    }

    private String text() throws IOException {
        long n = in.number(wide ? 8 : 4);
        if (n < 0 || n > Math.min(LONGEST_TEXT, in.left())) {
            throw Opening.damaged("it claims a text of " + Long.toUnsignedString(n) + " bytes, of which " + in.left()
                    + " are left and " + LONGEST_TEXT + " are the most");
        }
        return new String(in.bytes(n), StandardCharsets.UTF_8);
    }

    private Object value(int type) throws IOException {
        if (left-- == 0) {
            throw new IllegalArgumentException(
                    "its settings have more than " + MOST_VALUES + " values, which are too many for those of a model");
        }
        return switch (type) {
            case 0 -> in.number(1);
            case 1 -> (long) (byte) in.number(1);
            case 2 -> in.number(2);
            case 3 -> (long) (short) in.number(2);
            case 4 -> in.number(4);
            case 5 -> (long) in.int32();
            case 6 -> Float.intBitsToFloat(in.int32());
            case 7 -> in.number(1) != 0;
            case TEXT -> text();
            case LIST -> {
                int of = in.int32();
                if (of == LIST) {
                    throw Opening.damaged("it has a list of lists");
                }
                long n = count("values of a list");
                List<Object> all = new ArrayList<>((int) Math.min(n, 1 << 16));
                for (long i = 0; i < n; i++) {
                    all.add(value(of));
                }
                yield Collections.unmodifiableList(all);
            }
            case 10, 11 -> in.number(8);
            case 12 -> Double.longBitsToDouble(in.number(8));
            default -> throw Opening.damaged("it has a value of the type " + type + ", which is not known");
        };
    }

    // ---- the tensors

    /** What the header says of one tensor, whose first dimension is the innermost. */
    private record Place(String name, int type, long[] dims, long begin) {}

    /** The tensors, whose places follow the settings; this is called once. */
    List<TensorFile.Entry> tensors(Bytes data) throws IOException {
        if (tensors < 0 || tensors > in.left()) {
            throw Opening.damaged(
                    "it claims " + Long.toUnsignedString(tensors) + " tensors, for which it is too short");
        }
        List<Place> places = new ArrayList<>();
        for (long i = 0; i < tensors; i++) {
            String name = text();
            int rank = in.int32();
            if (rank < 0 || rank > MOST_DIMENSIONS) {
                throw Opening.damaged("its tensor " + InputFile.quoted(name) + " claims " + rank + " dimensions but "
                        + MOST_DIMENSIONS + " are the most");
            }
            long[] dims = new long[rank];
            for (int d = rank - 1; d >= 0; d--) {
                dims[d] = in.number(wide ? 8 : 4);
            }
            places.add(new Place(name, in.int32(), dims, in.number(8)));
        }
        long align = values.get("general.alignment") instanceof Long n ? n : 32;
        if (align < 1 || align > 1 << 20) {
            throw Opening.damaged("it claims that its tensors are aligned to " + align + " bytes");
        }
        long start = (in.at() + align - 1) / align * align;
        List<TensorFile.Entry> entries = new ArrayList<>();
        for (Place p : places) {
            entries.add(entry(p, data, start, in.big));
        }
        return entries;
    }

    private static TensorFile.Entry entry(Place p, Bytes data, long start, boolean big) throws IOException {
        GgufType type = GgufType.of(p.type);
        long there = data.length() - start;
        long elements = TensorFile.Entry.elements(p.dims);
        if (elements < 0) {
            throw Opening.damaged("its tensor " + InputFile.quoted(p.name) + " claims the shape "
                    + Arrays.toString(p.dims) + ", which no memory holds");
        }
        if (type == null) { // of a later version, whose size is not known either
            return new TensorFile.Entry(p.name, "type " + p.type, null, p.dims, 0, (at, to, n) -> {});
        }
        long row = p.dims.length == 0 ? 1 : p.dims[p.dims.length - 1];
        if (row % type.block != 0) {
            throw Opening.damaged("its tensor " + InputFile.quoted(p.name) + " has rows of " + row + " numbers but "
                    + type + " has blocks of " + type.block);
        }
        long bytes = elements / type.block * type.bytes;
        if (p.begin < 0 || p.begin > there || bytes > there - p.begin) {
            throw Opening.damaged("its tensor " + InputFile.quoted(p.name) + " takes " + bytes + " bytes from "
                    + p.begin + " on but there are " + Math.max(there, 0));
        }
        return new TensorFile.Entry(
                p.name,
                type.toString(),
                type.stored(big),
                p.dims,
                bytes,
                type.source(data, start + p.begin, p.dims, big));
    }
}
