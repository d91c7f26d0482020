package dev.fathom.files;

import dev.fathom.files.Pickle.Dict;
import dev.fathom.files.Pickle.Global;
import dev.fathom.files.Pickle.Plain;
import dev.fathom.io.Bytes;
import dev.fathom.io.InputFile;
import dev.fathom.io.TensorFile;
import dev.fathom.io.TensorFormat;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Files of PyTorch's {@code torch.save} (zip archives since 1.6, and one pickle after the other before) and of
 * {@code torch.jit.save}. A tensor is named by the keys on the way to it, joined by dots; in a module, its parameters
 * and buffers are named as in its {@code state_dict}. Numbers and texts beside them become the metadata.
 *
 * <p>The pickle is read by a machine that knows tensors and plain containers only, and nothing of it is ever run.
 */
public final class Torch implements TensorFormat {
    private static final String PICKLE = "data.pkl";
    /** 0x1950a86a20f9469cfc6c, with which the old files begin. */
    private static final String MAGIC = "l\u00fc\u009cF\u00f9 j\u00a8P\u0019";

    private static final long LONGEST_PICKLE = 1 << 27;
    private static final int MOST_STORAGES = 1 << 20;
    private static final int MOST_VALUES = 1 << 22;
    private static final int LONGEST_NAME = 4096;
    private static final int LONGEST_NAMES = 1 << 26;
    private static final int DEEPEST = 100;

    /** For {@link java.util.ServiceLoader}. */
    public Torch() {}

    @Override
    public boolean reads(Path file, byte[] head) {
        String text = new String(head, StandardCharsets.ISO_8859_1);
        if (!Zip.begins(head)) {
            return text.indexOf(MAGIC) >= 0 && text.indexOf(MAGIC) < 32 && head[0] == (byte) 0x80;
        }
        String name = String.valueOf(file.getFileName());
        return text.contains("/" + PICKLE) || name.endsWith(".pt") || name.endsWith(".pth") || holdsPickle(file);
    }

    /** An archive that was packed again has its entries in another order. */
    private static boolean holdsPickle(Path file) {
        try {
            return Opening.read(
                    file,
                    "an archive",
                    false,
                    (name, data) -> new Zip(name, data)
                            .entries().keySet().stream().anyMatch(n -> n.equals(PICKLE) || n.endsWith("/" + PICKLE)));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    @Override
    public TensorFile open(Path file) {
        return Opening.tensors(file, "a file of PyTorch", (name, data) -> {
            byte[] head = new byte[(int) Math.min(4, data.length())];
            data.read(0, head, head.length);
            return new Contents(name, data).read(Zip.begins(head));
        });
    }

    @Override
    public String toString() {
        return "PyTorch";
    }

    /** One file. */
    private static final class Contents {
        private final String file;
        private final Bytes data;
        private final TorchObjects objects = new TorchObjects();
        private final Map<String, Bytes> storages = new HashMap<>();
        private final Map<String, TensorFile.Entry> entries = new LinkedHashMap<>();
        private final Map<String, String> metadata = new LinkedHashMap<>();
        private boolean big;
        private int values;
        private int names;

        Contents(String file, Bytes data) {
            this.file = file;
            this.data = data;
        }

        TensorFile read(boolean zip) throws IOException {
            collect("", zip ? zip() : legacy(), 0);
            return new TensorFile(file, entries.values(), metadata, data::close);
        }

        private Object zip() throws IOException {
            Zip zip = new Zip(file, data);
            Zip.Entry pickle = zip.entries().values().stream()
                    .filter(e -> e.name().equals(PICKLE) || e.name().endsWith("/" + PICKLE))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException(
                            "its archive has no " + PICKLE + ", as torch.save writes it; give a file of torch.save"));
            String folder = pickle.name().substring(0, pickle.name().length() - PICKLE.length());
            Zip.Entry order = zip.entries().get(folder + "byteorder");
            big = order != null && new Cursor(zip.open(order), 0).next() == 'b';
            for (Zip.Entry e : zip.entries().values()) {
                if (e.name().startsWith(folder + "data/")) {
                    storages.put(e.name().substring(folder.length() + 5), zip.open(e));
                }
            }
            Bytes bytes = zip.open(pickle);
            if (bytes.length() > LONGEST_PICKLE) {
                throw new IllegalArgumentException("its pickle has " + bytes.length() + " bytes but " + LONGEST_PICKLE
                        + " are the most; save the tensors alone, by torch.save(model.state_dict(), path)");
            }
            return Pickle.read(new Cursor(bytes, 0), objects);
        }

        /** A magic number, the version, the system, the objects, the keys of the storages, and their numbers. */
        private Object legacy() throws IOException {
            Cursor in = new Cursor(data, 0);
            Pickle.read(in, objects); // which was looked at
            Object version = Pickle.read(in, objects);
            if (!version.equals(1001L)) {
                throw Opening.damaged("its version is " + version + " but 1001 is the only one of this format");
            }
            big = Pickle.read(in, objects) instanceof Dict system
                    && Boolean.FALSE.equals(system.items.get("little_endian"));
            Object root = Pickle.read(in, objects);
            if (!(Pickle.read(in, objects) instanceof List<?> keys) || keys.size() > MOST_STORAGES) {
                throw Opening.damaged("it has no list of its storages");
            }
            in.big = big;
            for (Object key : keys) {
                long size = in.number(8);
                Integer width = key instanceof String text ? objects.widths.get(text) : null;
                if (width == null || size < 0 || size > in.left() / width) {
                    throw Opening.damaged("its storage " + InputFile.quoted(String.valueOf(key)) + " claims " + size
                            + " numbers, which are not in the file");
                }
                storages.put((String) key, new Part(data, in.at(), size * width));
                in.skip(size * width);
            }
            return root;
        }

        // ---- what the pickle holds

        private void collect(String name, Object value, int depth) throws IOException {
            if (++values > MOST_VALUES || (names += name.length()) > LONGEST_NAMES || name.length() > LONGEST_NAME) {
                throw new IllegalArgumentException("its pickle holds more than " + MOST_VALUES
                        + " values, or names that are too long for all of them; save the tensors alone, by"
                        + " torch.save(model.state_dict(), path)");
            }
            if (depth > DEEPEST) {
                throw new IllegalArgumentException("its pickle is nested deeper than " + DEEPEST
                        + " levels, or holds itself; save the tensors alone, by torch.save(model.state_dict(), path)");
            }
            if (value instanceof TorchObjects.Array array) {
                add(name.isEmpty() ? "tensor" : name, array);
            } else if (value instanceof Dict dict) {
                int number = 0;
                for (Map.Entry<?, ?> item : dict.items.entrySet()) {
                    String key = item.getKey().getClass() == Object.class && item.getKey() != Pickle.NONE
                            ? "#" + number
                            : item.getKey().toString();
                    number++;
                    item(name, dict.attributes, key, item.getValue(), depth);
                }
            } else if (value instanceof List<?> list && !list.stream().allMatch(Contents::isPlain)) {
                for (int i = 0; i < list.size(); i++) {
                    collect(joined(name, Integer.toString(i)), list.get(i), depth + 1);
                }
            } else {
                text(name, value);
            }
        }

        /** A module keeps its parameters, buffers and modules in dictionaries which its state_dict does not name. */
        private void item(String name, boolean attribute, String key, Object value, int depth) throws IOException {
            if (attribute && (key.equals("_parameters") || key.equals("_buffers") || key.equals("_modules"))) {
                collect(name, value, depth + 1);
            } else if (!attribute || !key.startsWith("_")) {
                collect(joined(name, key), value, depth + 1);
            }
        }

        private static String joined(String name, String key) {
            return name.isEmpty() ? key : name + "." + key;
        }

        private static boolean isPlain(Object value) {
            return value instanceof String
                    || value instanceof Number
                    || value instanceof Boolean
                    || value instanceof Plain
                    || value instanceof TorchType
                    || value instanceof Global;
        }

        private void text(String name, Object value) {
            if (name.isEmpty()) {
                return;
            }
            if (isPlain(value)) {
                metadata.put(name, text(value));
            } else if (value instanceof List<?> list && !list.isEmpty()) {
                metadata.put(
                        name,
                        list.stream()
                                .limit(100)
                                .map(Contents::text)
                                .collect(Collectors.joining(", ", "[", list.size() > 100 ? ", ...]" : "]")));
            }
        }

        private static String text(Object value) {
            return value instanceof TorchType type ? "torch." + type : value.toString();
        }

        private void add(String name, TorchObjects.Array array) throws IOException {
            long bytes = TensorFile.Entry.elements(array.dims()) * array.type().bytes;
            TorchObjects.Storage storage = array.storage();
            TensorFile.Source source = (at, to, n) -> {
                throw new EOFException();
            };
            if (storage != null) {
                Bytes there = storages.get(storage.key());
                if (there == null) {
                    throw Opening.damaged("the storage " + InputFile.quoted(storage.key()) + " of its tensor "
                            + InputFile.quoted(name) + " is missing");
                }
                int width = array.type().bytes;
                long begin = storage.base() + array.offset();
                long end = begin + View.span(array.dims(), array.strides());
                if (bytes > 0 && end > there.length() / width) {
                    throw Opening.damaged("its tensor " + InputFile.quoted(name) + " takes the numbers from " + begin
                            + " to " + end + " of a storage of " + there.length() + " bytes");
                }
                if (array.type().stored != null && bytes > 0) {
                    source = new View(there, begin * width, array.dims(), array.strides(), width, big);
                }
                bytes = Math.min(bytes, there.length());
            }
            var entry = new TensorFile.Entry(
                    name,
                    array.type().toString(),
                    storage == null ? null : array.type().stored,
                    array.dims(),
                    bytes,
                    source);
            if (entries.put(name, entry) != null) {
                throw new IllegalArgumentException("two of its tensors would be called " + InputFile.quoted(name)
                        + "; save them under other keys");
            }
        }
    }
}
