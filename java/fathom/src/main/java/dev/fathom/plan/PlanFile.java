package dev.fathom.plan;

import dev.fathom.io.AtomicFile;
import dev.fathom.io.Bytes;
import dev.fathom.io.InputFile;
import dev.fathom.io.MappedFile;
import dev.fathom.jni.Native;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.offheap.Block;
import dev.fathom.op.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Plans in a file, with all that is needed to serve them: several plans that share their weights, such as the two of an
 * encoder and a decoder, and texts, such as a tokenizer, the settings of a preprocessing or the names of classes.
 *
 * <pre>{@code
 * PlanFile.save(path, Map.of("encode", encoder, "step", decoder), Map.of("tokenizer.json", text));
 *
 * try (PlanFile file = PlanFile.open(path)) {
 *     Plan step = file.plan("step");
 *     String tokenizer = file.text("tokenizer.json");
 * }
 * }</pre>
 *
 * <p>A plan of a file has inputs and outputs with their names, the calls at all sizes, and the weights as they are
 * packed in memory. It needs no class of the model. It stays open after the file is closed.
 *
 * <p>The file is a header of little-endian numbers, the calls and texts, and from the next page on the weights, each
 * from a multiple of 64 bytes on and none of them twice:
 *
 * <pre>
 *  0  text  FATHPLAN
 *  8  int   version of the format
 * 12  int   CRC32C of the rest of the header and of the calls and texts
 * 16  int   floats of a vector of packed weights, and behind it an int, the vectors of a panel
 * 24  long  bytes of the calls and texts
 * 32  long  bytes of the weights
 * 40  int   CRC32C of the weights; zeros up to byte 64
 * </pre>
 */
@SuppressWarnings("ByteBufferBackingArray") // header() allocates it, so its array begins at 0
public final class PlanFile implements AutoCloseable {
    private static final byte[] MAGIC = {'F', 'A', 'T', 'H', 'P', 'L', 'A', 'N'};
    private static final String WHAT = "a plan that Plan.save wrote";
    private static final int VERSION = 1;
    private static final int HEADER = 64;
    /** Where what the first checksum covers begins. */
    private static final int CHECKED = 16;

    private static final int PAGE = 4096;
    private static final int CHUNK = 1 << 18;

    private final Path file;
    private final ByteBuffer header;
    private final Map<String, Read> plans = new LinkedHashMap<>();
    private final Map<String, String> texts = new LinkedHashMap<>();
    private final Block block;
    private final @Nullable ByteBuffer mapped;

    /** A plan of a file under its name. */
    record Entry(String name, PlanData plan) {}

    /** A text of a file under its name. */
    record Text(String name, String text) {}

    /** All of a file beside its weights. */
    record Contents(List<Entry> plans, List<Text> texts) {}

    /** A plan whose calls were compared. */
    private record Read(PlanData data, Calls calls) {}

    // ---- writing

    /**
     * Writes plans and texts under their names. The file is replaced as a whole, so that a failure leaves what was
     * there.
     *
     * @throws IllegalArgumentException if there is no plan, or an op of your own has a component of a type that a file
     *     cannot hold
     * @throws IllegalStateException if a plan is closed
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public static void save(Path file, Map<String, Plan> plans, Map<String, String> texts) {
        if (plans.isEmpty()) {
            throw new IllegalArgumentException("save: there is no plan for " + file + "; give at least one");
        }
        List<Plan> leased = new ArrayList<>();
        try {
            for (Plan plan : plans.values()) {
                plan.weights.lease();
                leased.add(plan);
            }
            write(file, plans, texts);
        } finally {
            leased.forEach(plan -> plan.weights.release());
        }
    }

    private static void write(Path file, Map<String, Plan> plans, Map<String, String> texts) {
        Packed weights = new Packed();
        List<Entry> entries = new ArrayList<>();
        plans.forEach((name, plan) -> entries.add(new Entry(name, weights.with(plan))));
        List<Text> all = new ArrayList<>();
        texts.forEach((name, text) -> all.add(new Text(name, text)));
        byte[] contents;
        try {
            contents = PlanBytes.of(new Contents(entries, all));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("save: an op cannot be written: " + e.getMessage(), e);
        }
        Panels panels = Panels.here();
        ByteBuffer header = header();
        header.put(0, MAGIC).putInt(8, VERSION);
        header.putInt(16, panels.lanes()).putInt(20, panels.vectors());
        header.putLong(24, contents.length).putLong(32, weights.size);
        AtomicFile.write(file, out -> {
            CRC32C sum = new CRC32C();
            weights.each(sum::update);
            header.putInt(40, (int) sum.getValue()).putInt(12, checksum(header, contents));
            out.write(header.array());
            out.write(contents);
            out.write(new byte[(int) (weightsAt(contents.length) - HEADER - contents.length)]);
            weights.each(out::write);
        });
    }

    private interface Chunk {
        void take(byte[] bytes, int from, int n) throws IOException;
    }

    /** The weights of plans in memory, each of which has one place in the file. */
    private static final class Packed {
        private record Weight(long address, long bytes, long offset) {}

        private final Map<Long, List<Weight>> bySum = new HashMap<>();
        private final List<Weight> all = new ArrayList<>();
        private long size;

        /** What this plan is in a file with these weights. */
        PlanData with(Plan plan) {
            List<PlanData.Weight> placed = plan.weights().stream()
                    .sorted(Comparator.comparingInt(Slot.Content::value)
                            .thenComparing(c -> String.valueOf(c.packing()))
                            .thenComparingLong(Slot.Content::n))
                    .map(c -> new PlanData.Weight(c, offset(plan.address(c), bytes(plan.calls.graph(), c), c)))
                    .toList();
            return PlanData.of(plan.calls, placed, plan.defaultBatch(), plan.toString());
        }

        private long offset(long address, long bytes, Slot.Content c) {
            CRC32C sum = new CRC32C();
            for (long at = 0; at < bytes; at += CHUNK) {
                sum.update(Block.at(address + at, (int) Math.min(CHUNK, bytes - at)));
            }
            // a packed weight is packed anew by its own sizes, so that only one of the same sizes may share its place
            long key = 31 * (31 * sum.getValue() + c.n()) + c.k();
            List<Weight> alike = bySum.computeIfAbsent(key, k -> new ArrayList<>());
            for (Weight w : alike) {
                if (w.bytes == bytes && equal(w.address, address, bytes)) {
                    return w.offset;
                }
            }
            Weight weight = new Weight(address, bytes, size);
            alike.add(weight);
            all.add(weight);
            size += Slot.rounded(bytes);
            return weight.offset;
        }

        private static boolean equal(long a, long b, long bytes) {
            boolean same = true;
            for (long at = 0; same && at < bytes; at += CHUNK) {
                int n = (int) Math.min(CHUNK, bytes - at);
                same = a == b || Block.at(a + at, n).equals(Block.at(b + at, n));
            }
            return same;
        }

        /** Gives the weights chunk by chunk, with zeros between them. */
        void each(Chunk to) throws IOException {
            byte[] chunk = new byte[CHUNK];
            for (Weight w : all) {
                for (long at = 0; at < Slot.rounded(w.bytes); at += chunk.length) {
                    int n = (int) Math.min(chunk.length, Slot.rounded(w.bytes) - at);
                    int given = (int) Math.min(n, w.bytes - at);
                    Block.at(w.address + at, given).get(0, chunk, 0, given);
                    Arrays.fill(chunk, given, n, (byte) 0);
                    to.take(chunk, 0, n);
                }
            }
        }
    }

    private static ByteBuffer header() {
        return ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int checksum(ByteBuffer header, byte[] contents) {
        CRC32C sum = new CRC32C();
        sum.update(header.array(), CHECKED, HEADER - CHECKED);
        sum.update(contents, 0, contents.length);
        return (int) sum.getValue();
    }

    private static long weightsAt(long contents) {
        return HEADER + contents + PAGE - 1 & -PAGE;
    }

    /** What a weight takes. */
    static long bytes(CallGraph graph, Slot.Content c) {
        CallGraph.Value value = graph.values.get(c.value());
        return c.packing() == null ? value.bytes() : Panels.bytes(value.dtype(), c.n(), c.k());
    }

    // ---- reading

    /**
     * Reads a file into memory, and compares all of it with its checksums. On a processor with other instructions than
     * that of the writer, weights are packed anew.
     *
     * @throws IllegalArgumentException if it is no file of plans, damaged, of another version, or calls an op whose
     *     class is not there
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static PlanFile load(Path file) {
        return new PlanFile(file, false);
    }

    /**
     * Opens a file whose weights stay where they are: they are loaded page by page when they are first read, and
     * processes that open one file share them. Only the calls and texts are compared with their checksum. Where the
     * weights must be packed anew, or are more than 2 GiB, this reads them as {@link #load} does.
     *
     * <p>While a plan of it is open nobody may shorten or overwrite the file, which would end the process or change the
     * answers. To replace it, move another file into its place, as {@code save} does; the open plans keep the old one.
     *
     * @throws IllegalArgumentException as {@link #load}, or if the file is in an archive
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static PlanFile open(Path file) {
        return new PlanFile(file, true);
    }

    private PlanFile(Path file, boolean maps) {
        Events.Load event = Events.load();
        NativeRuntime.get(); // which tells how many words the calls of kernels take
        this.file = file;
        header = header();
        Bytes bytes = Bytes.of(file, WHAT);
        try {
            Contents contents = PlanBytes.read(file.toString(), claims(bytes));
            try {
                for (Text t : contents.texts) {
                    texts.put(t.name, t.text);
                }
                for (Entry e : contents.plans) {
                    plans.put(e.name, new Read(e.plan, check(e.plan)));
                }
            } catch (RuntimeException | OutOfMemoryError e) { // an op of a number that no caller of Tensor could give
                throw damaged(file, "its calls contradict themselves: " + e.getMessage());
            }
            if (plans.isEmpty() || plans.size() < contents.plans.size() || texts.size() < contents.texts.size()) {
                throw damaged(file, "it has no plan, or two of one name");
            }
            long size = header.getLong(32);
            boolean same = panels().same(Panels.here());
            if (maps && same && size <= Integer.MAX_VALUE) {
                mapped = MappedFile.map(file, weightsAt(header.getLong(24)), size);
                block = new Block("plan", 0);
            } else {
                mapped = null;
                block = new Block("plan", size, true);
                boolean done = false;
                try {
                    readWeights(bytes);
                    if (!same) {
                        repack();
                    }
                    done = true;
                } finally {
                    if (!done) {
                        block.close();
                    }
                }
            }
        } catch (IOException e) {
            throw InputFile.unreadable(file, e);
        } finally {
            bytes.close();
        }
        if (event != null) {
            event.file = file.toString();
            event.weights = header.getLong(32);
            event.mapped = mapped != null;
            event.commit();
        }
    }

    /** The bytes of the calls and texts. */
    private byte[] claims(Bytes bytes) throws IOException {
        long length = bytes.length();
        if (length >= HEADER) {
            bytes.read(0, header.array(), HEADER);
        }
        if (length < HEADER || !Arrays.equals(Arrays.copyOf(header.array(), MAGIC.length), MAGIC)) {
            throw new IllegalArgumentException(file + ": it is no plan; give a file that Plan.save wrote");
        }
        int version = header.getInt(8);
        if (version != VERSION) {
            throw new IllegalArgumentException(file + ": it is a plan of version " + version
                    + " but this version of Fathom reads version " + VERSION + "; save the plan again with it");
        }
        long count = header.getLong(24);
        long weights = header.getLong(32);
        if (count < 0 || count > length || weights < 0 || weights % 64 != 0 || weightsAt(count) != length - weights) {
            throw damaged(
                    file, "it claims " + count + " bytes of calls and " + weights + " of weights but has " + length);
        }
        byte[] all = new byte[Math.toIntExact(count)];
        bytes.read(HEADER, all, all.length);
        if (checksum(header, all) != header.getInt(12)) {
            throw damaged(file, "the checksum of its calls is not that of what is there");
        }
        return all;
    }

    static IllegalArgumentException damaged(Object file, String how) {
        return new IllegalArgumentException(file + ": " + how + "; the file is damaged, save the plan again");
    }

    /** The calls of a plan whose weights lie within the file. */
    private Calls check(PlanData plan) {
        Calls all = plan.calls();
        for (PlanData.Weight w : plan.weights()) {
            long bytes = bytes(all.graph(), w.content());
            if (w.offset() < 0 || w.offset() % 64 != 0 || bytes > header.getLong(32) - w.offset()) {
                throw new IllegalStateException("a weight of " + bytes + " bytes is claimed to lie at " + w.offset()
                        + " of " + header.getLong(32));
            }
        }
        return all;
    }

    private Panels panels() {
        int lanes = header.getInt(16);
        int vectors = header.getInt(20);
        // a packed matrix has room for whole blocks of 16 rows; panels of other widths would run past its end
        if (lanes < 1 || 16 % lanes != 0 || vectors < 1 || vectors > 64) {
            throw damaged(file, "its panels are of " + vectors + " vectors of " + lanes);
        }
        return new Panels(lanes, vectors);
    }

    private void readWeights(Bytes bytes) throws IOException {
        long begin = weightsAt(header.getLong(24));
        byte[] chunk = new byte[CHUNK];
        CRC32C sum = new CRC32C();
        long size = header.getLong(32);
        for (long at = 0; at < size; at += chunk.length) {
            int n = (int) Math.min(chunk.length, size - at);
            bytes.read(begin + at, chunk, n);
            sum.update(chunk, 0, n);
            block.view(at, n).put(0, chunk, 0, n);
        }
        if ((int) sum.getValue() != header.getInt(40)) {
            throw damaged(file, "the checksum of its weights is not that of what is there");
        }
    }

    private void repack() {
        Map<Long, Slot.Content> packed = new HashMap<>();
        for (Read plan : plans.values()) {
            for (PlanData.Weight w : plan.data.weights()) {
                Slot.Content c = w.content();
                if (c.packing() != null && packed.put(w.offset(), c) == null) {
                    DType type = plan.data.values().get(c.value()).dtype();
                    int size = Math.toIntExact(Panels.bytes(type, c.n(), c.k()));
                    long at = block.address() + w.offset();
                    try (Block copy = new Block("weight", size)) {
                        Block.copy(at, copy.address(), size);
                        Block.at(at, size).put(new byte[size]);
                        panels().repack(type, copy.address(), Panels.here(), at, c.n(), c.k());
                    }
                }
            }
        }
    }

    // ---- using

    /** Returns the names of the plans, in the order in which they were saved. */
    public Set<String> names() {
        return Collections.unmodifiableSet(plans.keySet());
    }

    /**
     * Returns the only plan of the file, which the caller closes.
     *
     * @throws IllegalArgumentException if there are several
     * @throws IllegalStateException if the file is closed
     */
    public Plan plan() {
        if (plans.size() > 1) {
            throw new IllegalArgumentException(
                    file + ": it has the plans " + names() + "; choose one of them by PlanFile.plan(name)");
        }
        return plan(names().iterator().next());
    }

    /**
     * Returns the plan of this name, which the caller closes.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if the file is closed
     */
    public Plan plan(String name) {
        Read plan = plans.get(name);
        if (plan == null) {
            throw new IllegalArgumentException(
                    file + ": there is no plan " + InputFile.quoted(name) + "; it has " + names());
        }
        long begin = mapped == null ? block.address() : Native.address(mapped);
        Map<Slot.Content, Long> addresses = new HashMap<>();
        for (PlanData.Weight w : plan.data.weights()) {
            addresses.put(w.content(), begin + w.offset());
        }
        Block owner = new Block("plan", 0);
        try {
            owner.keep(block);
        } catch (RuntimeException | Error e) {
            owner.close();
            throw e;
        }
        return new Plan(plan.calls, owner, addresses, plan.data.commands(), plan.data.batch(), mapped);
    }

    /** Returns the texts under their names, in the order in which they were saved. */
    public Map<String, String> texts() {
        return Collections.unmodifiableMap(texts);
    }

    /**
     * Returns the text of this name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public String text(String name) {
        String text = texts.get(name);
        if (text == null) {
            throw new IllegalArgumentException(
                    file + ": there is no text " + InputFile.quoted(name) + "; it has " + texts.keySet());
        }
        return text;
    }

    /** Returns the path, with the names of the plans and texts. */
    @Override
    public String toString() {
        return file + ": plans " + names() + ", texts " + texts.keySet();
    }

    /** Closes the file. Plans that it gave stay open. */
    @Override
    public void close() {
        block.close();
    }
}
