package dev.fathom.retrieval;

import dev.fathom.command.Commands;
import dev.fathom.io.Safetensors;
import dev.fathom.io.TensorFile;
import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.NativeMemoryException;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.offheap.Arena;
import dev.fathom.offheap.Block;
import dev.fathom.offheap.OffHeap;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A file of vectors, of which a search finds those with the largest scores, exactly: it reads all of them, as fast as
 * memory gives them.
 *
 * <pre>{@code
 * VectorFile.write(file, 384, VectorFile.Metric.COSINE, true, rows -> {
 *     for (float[] vector : vectors) {
 *         rows.add(vector);
 *     }
 * });
 * try (var vectors = VectorFile.open(file)) {
 *     List<Neighbor> nearest = vectors.nearest(query, 10);
 * }
 * }</pre>
 *
 * <p>{@link #open} maps the file, so that it need not fit into memory and one search begins at once. {@link #load}
 * reads it into memory, where a search through int8 codes is up to twice as fast: of a mapped file each block is copied
 * first, since a file that another program cuts would end the JVM otherwise. It is a safetensors file, which other
 * programs read and write: {@code vectors} F32 [n, d], and for int8 {@code codes} I8 [n, d], with vector i about
 * {@code bounds[i][0]} times codes[i], and {@code bounds} F32 [n, 3]. Its metadata may name the metric under
 * {@code fathom.metric}; without it, scores are dot products.
 *
 * <p><b>int8.</b> A search through codes reads a quarter of the bytes and finds the same vectors with the same bits. A
 * query is rounded too, h with the factor t, and the sum of the products of integers is exact, so that |q . x - s t (c
 * . h)| &le; |t h| |x - s c| + |q - t h| |x| bounds what rounding costs (Cauchy and Schwarz; the lengths of a vector
 * and of its error are in {@code bounds}). Every vector that may be among the first k by this bound is scored again
 * with its floats. Where these are too many, as among equal vectors, all vectors are.
 *
 * <p>Scores have the same bits for any number of threads, and for a query alone as in a batch. Of equal scores the
 * lower index comes first. A score that is not a number, which only vectors that others have written can give, is never
 * found. Any thread may search at any time. A search that runs while the file is closed fails if the file is mapped,
 * and otherwise ends as if the file were open.
 */
public final class VectorFile implements AutoCloseable {
    /** How long vectors may be. */
    static final int MOST_DIMENSIONS = 1 << 16;

    static final int MOST_ROWS = Integer.MAX_VALUE - 8;
    static final String METRIC = "fathom.metric";
    static final String ROWS = "vectors";
    static final String CODES = "codes";
    static final String BOUND = "bounds";
    /** Of a vector: its factor, the length of its error, its length. */
    static final int BOUNDS = 3;

    /** Copied at once: with the scores it stays in the second cache until the kernel has read it. */
    private static final int BLOCK_BYTES = 256 << 10;
    /** Queries that the kernel takes at once, which stay in the second cache too. */
    private static final int GROUP = 32;
    /** What one more thread is worth. */
    private static final long PART_BYTES = 1 << 20;
    /** Vectors to be scored again, in a part, from which on a plain search is as fast. */
    private static final int CANDIDATES = 8192;

    /** How vectors are compared. */
    public enum Metric {
        /** q . x */
        DOT,
        /** q . x / (|q| |x|), or 0 where a vector has the length 0; vectors are stored with the length 1. */
        COSINE;

        /** Returns the name in files. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** The vector as it is multiplied. */
        float[] stored(float[] x) {
            if (this == DOT) {
                return x;
            }
            double squares = 0;
            for (float value : x) {
                squares += (double) value * value;
            }
            float[] unit = new float[x.length];
            for (int i = 0; i < x.length && squares > 0; i++) {
                unit[i] = (float) (x[i] / Math.sqrt(squares));
            }
            return unit;
        }
    }

    /** Takes the vectors of a file that is written. */
    public interface Rows {
        /**
         * Adds a vector, which is copied.
         *
         * @throws IllegalArgumentException if it has another length than the file's, or a number that is not finite
         * @throws UncheckedIOException if the file cannot be written
         */
        void add(float[] vector);

        /** Returns how many were added. */
        int count();
    }

    private final FileBytes file;
    private final String name;
    private final Metric metric;
    private final int count;
    private final int dimensions;
    private final long rows;
    private final long codes;
    private final long bounds;

    private VectorFile(FileBytes file, TensorFile tensors) {
        this.file = file;
        name = tensors.toString();
        Map<String, Long> places = places(file, tensors);
        long[] shape = shape(tensors, ROWS, "F32", -1, -1);
        if (shape[0] > MOST_ROWS || shape[1] < 1 || shape[1] > MOST_DIMENSIONS) {
            throw new IllegalArgumentException(name + ": it has " + shape[0] + " vectors of " + shape[1]
                    + " numbers; at" + " most " + MOST_ROWS + " of 1 to " + MOST_DIMENSIONS + " can be searched");
        }
        count = (int) shape[0];
        dimensions = (int) shape[1];
        String text = tensors.metadata().getOrDefault(METRIC, Metric.DOT.toString());
        metric = Arrays.stream(Metric.values())
                .filter(m -> m.toString().equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        name + ": its metric is not known; " + Arrays.toString(Metric.values()) + " are"));
        rows = places.getOrDefault(ROWS, -1L);
        if (places.containsKey(CODES)) {
            shape(tensors, CODES, "I8", count, dimensions);
            shape(tensors, BOUND, "F32", count, BOUNDS);
        }
        codes = places.getOrDefault(CODES, -1L);
        bounds = places.getOrDefault(BOUND, -1L);
    }

    /** Where tensors begin in the file: one behind the other, as the reader of the header has made sure. */
    private static Map<String, Long> places(FileBytes file, TensorFile tensors) {
        ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.read(0, length);
        long at = Long.BYTES + length.getLong(0);
        Map<String, Long> places = new HashMap<>();
        for (String tensor : tensors.names()) {
            places.put(tensor, at);
            at += tensors.entry(tensor).bytes();
        }
        if (at != file.size()) {
            throw new IllegalArgumentException(tensors + ": it was replaced while it was opened; open it again");
        }
        return places;
    }

    private static long[] shape(TensorFile tensors, String name, String type, int n, int columns) {
        TensorFile.Entry e = tensors.entry(name);
        long[] dims = e.dims();
        if (!e.type().equals(type)
                || dims.length != 2
                || n >= 0 && dims[0] != n
                || columns >= 0 && dims[1] != columns) {
            throw new IllegalArgumentException(tensors + ": its tensor " + name + " is " + e.type() + " "
                    + Arrays.toString(dims) + " but must be " + type + " ["
                    + (n < 0 ? "n, d" : n + ", " + columns) + "]; write the file again");
        }
        return dims;
    }

    /**
     * Writes a file as its vectors come; a file that was there is replaced when all are written, or stays as it was.
     *
     * @param dimensions how long the vectors are, 1 to 65,536
     * @param int8 whether to add codes, which take a quarter more room; a search then reads a quarter of the bytes that
     *     the floats have
     * @param content adds the vectors
     * @return how many were added
     * @throws IllegalArgumentException if the dimensions are out of range, or the place is not on a disk
     * @throws UncheckedIOException if the file cannot be written
     */
    public static int write(Path file, int dimensions, Metric metric, boolean int8, Consumer<Rows> content) {
        return VectorWriter.write(file, dimensions, metric, int8, content);
    }

    /**
     * Maps a file and checks its header, and its length against it.
     *
     * @throws IllegalArgumentException if it is damaged, or not a file of vectors
     * @throws UncheckedIOException if it cannot be read
     */
    public static VectorFile open(Path file) {
        return checked(file, FileBytes::mapped);
    }

    /**
     * Reads a file into memory and checks its header, and its length against it. What becomes of the file afterwards
     * does not matter.
     *
     * @throws IllegalArgumentException if it is damaged, or not a file of vectors
     * @throws UncheckedIOException if it cannot be read
     * @throws NativeMemoryException if it does not fit into memory, or into what {@code -Dfathom.memory} leaves
     */
    public static VectorFile load(Path file) {
        return checked(file, FileBytes::loaded);
    }

    private static VectorFile checked(Path file, Function<Path, FileBytes> reader) {
        try (Safetensors tensors = Safetensors.read(file)) {
            FileBytes bytes = reader.apply(file);
            boolean done = false;
            try {
                VectorFile result = new VectorFile(bytes, tensors);
                done = true;
                return result;
            } finally {
                if (!done) {
                    bytes.close();
                }
            }
        }
    }

    /** Returns the number of vectors. */
    public int count() {
        return count;
    }

    /** Returns the length of the vectors. */
    public int dimensions() {
        return dimensions;
    }

    /** Returns how vectors are compared. */
    public Metric metric() {
        return metric;
    }

    /** Returns whether the file has int8 codes. */
    public boolean int8() {
        return codes >= 0;
    }

    /**
     * Returns a vector as it is stored, for cosines with the length 1.
     *
     * @throws IllegalArgumentException if there is none of this index
     * @throws IllegalStateException if the file was closed, or became shorter since it was opened
     */
    public float[] vector(int index) {
        if (index < 0 || index >= count) {
            throw new IllegalArgumentException(
                    "vector: index=" + index + " but " + name + " has " + count + "; give 0 to " + (count - 1));
        }
        ByteBuffer row = ByteBuffer.allocate(Float.BYTES * dimensions).order(ByteOrder.LITTLE_ENDIAN);
        file.lease();
        try {
            file.read(rowAt(index), row);
        } finally {
            file.release();
        }
        float[] x = new float[dimensions];
        row.rewind().asFloatBuffer().get(x);
        return x;
    }

    private long rowAt(int index) {
        return rows + (long) Float.BYTES * dimensions * index;
    }

    /**
     * Returns the k vectors with the largest scores, or all if there are fewer, in descending order.
     *
     * @throws IllegalArgumentException if k is below 1, or the query has another length than the vectors, or a number
     *     that is not finite
     * @throws IllegalStateException if the file was closed, or became shorter since it was opened
     */
    public List<Neighbor> nearest(float[] query, int k) {
        return nearest(new float[][] {query}, k).get(0);
    }

    /**
     * Returns for each query what {@link #nearest(float[], int)} returns for it; the file is read once for all.
     *
     * @throws IllegalArgumentException if k is below 1, or a query has another length than the vectors, or a number
     *     that is not finite
     * @throws IllegalStateException if the file was closed, or became shorter since it was opened
     */
    public List<List<Neighbor>> nearest(float[][] queries, int k) {
        return nearest(queries, k, NativeRuntime.get().threads());
    }

    static void check(String who, float[] x, int dimensions, String what) {
        if (x.length != dimensions) {
            throw new IllegalArgumentException(who + ": " + what + " has " + x.length
                    + " numbers but the file's vectors" + " have " + dimensions + "; use the model that made them");
        }
        for (int i = 0; i < x.length; i++) {
            if (!Float.isFinite(x[i])) {
                throw new IllegalArgumentException(
                        who + ": " + what + " has " + x[i] + " at " + i + "; all numbers must be finite");
            }
        }
    }

    List<List<Neighbor>> nearest(float[][] queries, int k, int threads) {
        file.lease();
        try {
            return found(queries, k, threads);
        } finally {
            file.release();
        }
    }

    private List<List<Neighbor>> found(float[][] queries, int k, int threads) {
        if (k < 1) {
            throw new IllegalArgumentException("nearest: k=" + k + " must be at least 1");
        }
        float[][] q = new float[queries.length][];
        for (int j = 0; j < q.length; j++) {
            check("nearest", queries[j], dimensions, "query number " + j);
            q[j] = metric.stored(queries[j]);
        }
        int most = Math.min(k, count);
        @Nullable Best[] found = new Best[q.length];
        if (most > 0 && int8()) {
            screened(q, most, threads, found);
        }
        int[] left = IntStream.range(0, q.length).filter(j -> found[j] == null).toArray();
        float[][] rest = Arrays.stream(left).mapToObj(j -> q[j]).toArray(float[][]::new);
        Best[] all = scanned(rest, most, threads);
        for (int i = 0; i < left.length; i++) {
            found[left[i]] = all[i];
        }
        List<List<Neighbor>> results = new ArrayList<>(q.length);
        for (Best best : found) {
            results.add(best == null ? List.of() : best.sorted());
        }
        return results;
    }

    // ---- all threads

    /** Does what is to be done with the rows of each part, and returns the results of the parts. */
    private <T> List<T> parts(long rowBytes, int threads, Work<T> work) {
        int parts = (int) Math.max(1, Math.min(threads, rowBytes * count / PART_BYTES));
        try {
            return IntStream.range(0, parts)
                    .parallel()
                    .mapToObj(p -> part(work, (int) ((long) count * p / parts), (int) ((long) count * (p + 1) / parts)))
                    .toList();
        } catch (IllegalStateException e) {
            throw FileBytes.original(e);
        }
    }

    private static <T> T part(Work<T> work, int from, int to) {
        Arena arena = OffHeap.borrow();
        try {
            return work.run(arena, from, to);
        } finally {
            OffHeap.giveBack(arena);
        }
    }

    private interface Work<T> {
        T run(Arena arena, int from, int to);
    }

    // ---- floats

    private Best[] scanned(float[][] queries, int k, int threads) {
        Best[] best = bests(queries.length, k);
        if (queries.length > 0 && count > 0) {
            for (Best[] part : parts((long) Float.BYTES * dimensions, threads, (arena, from, to) -> {
                Best[] own = bests(queries.length, k);
                new Scan(arena, queries).run(from, to, own);
                return own;
            })) {
                for (int j = 0; j < best.length; j++) {
                    best[j].offerAll(part[j]);
                }
            }
        }
        return best;
    }

    private static Best[] bests(int n, int k) {
        return IntStream.range(0, n).mapToObj(j -> new Best(k)).toArray(Best[]::new);
    }

    /** Scores rows by their floats, on one thread. */
    private final class Scan {
        private final int queries;
        private final int most = Math.max(1, BLOCK_BYTES / (Float.BYTES * dimensions));
        /** Room for rows that are not in memory in one piece. */
        private final long block;

        private final long scores;
        private final long queriesAt;
        private final ByteBuffer copied;
        private final FloatBuffer scored;
        private final Commands commands;

        Scan(Arena arena, float[][] queries) {
            this.queries = queries.length;
            int row = Float.BYTES * dimensions;
            block = arena.allocate((long) most * row);
            copied = Block.at(block, most * row);
            scores = arena.allocate((long) Float.BYTES * GROUP * most);
            scored = Block.at(scores, Float.BYTES * GROUP * most).asFloatBuffer();
            queriesAt = arena.allocate((long) row * queries.length);
            for (int j = 0; j < queries.length; j++) {
                Block.at(queriesAt + (long) row * j, row).asFloatBuffer().put(queries[j]);
            }
            commands = arena.commands();
        }

        void run(int from, int to, Best[] best) {
            for (int at = from; at < to; at += most) {
                int n = Math.min(most, to - at);
                long rows = file.find(rowAt(at), n * Float.BYTES * dimensions, block);
                for (int j = 0; j < queries; j += GROUP) {
                    int some = Math.min(GROUP, queries - j);
                    score(rows, j, n, some);
                    for (int q = 0; q < some; q++) {
                        Best b = best[j + q];
                        for (int i = 0; i < n; i++) {
                            b.offer(at + i, scored.get(q * n + i));
                        }
                    }
                }
            }
        }

        /** Scores rows that are anywhere in the file, with query {@code j}. */
        void run(int[] indices, int j, Best best) {
            for (int at = 0; at < indices.length; at += most) {
                int n = Math.min(most, indices.length - at);
                copied.clear();
                for (int i = 0; i < n; i++) {
                    file.read(rowAt(indices[at + i]), copied.limit((i + 1) * Float.BYTES * dimensions));
                }
                score(block, j, n, 1);
                for (int i = 0; i < n; i++) {
                    best.offer(indices[at + i], scored.get(i));
                }
            }
        }

        private void score(long rows, int first, int n, int some) {
            commands.begin(Kernel.DOTS)
                    .at(rows)
                    .at(queriesAt + (long) Float.BYTES * dimensions * first)
                    .at(scores)
                    .put(n)
                    .put(some)
                    .put(dimensions)
                    .run();
        }
    }

    // ---- int8

    /** What a part finds of one query by its codes: the rows that may be among the first k. */
    private static final class Candidates {
        private final int limit;
        /** The k largest of the least that scores can be: its floor is below the k-th score. */
        private final Best least;

        private int[] rows = new int[64];
        private float[] most = new float[64];
        private int size;
        private boolean tooMany;

        Candidates(int k) {
            least = new Best(k);
            limit = (int) Math.min(Integer.MAX_VALUE / 2, CANDIDATES + 16L * k);
        }

        void offer(int row, float score, float error) {
            float upper = Math.nextUp(score + error);
            if (!(upper < least.floor())) { // what is not a number may be anything
                tooMany |= !(upper <= Float.MAX_VALUE); // beyond floats no bound holds
                least.offer(row, Math.nextDown(score - error));
                add(row, upper);
            }
        }

        private void add(int row, float upper) {
            if (size == limit) {
                prune(least.floor());
                tooMany |= size > limit / 2;
            }
            if (!tooMany) {
                if (size == rows.length) {
                    rows = Arrays.copyOf(rows, 2 * size);
                    most = Arrays.copyOf(most, 2 * size);
                }
                rows[size] = row;
                most[size++] = upper;
            }
        }

        private void prune(float floor) {
            int kept = 0;
            for (int i = 0; i < size; i++) {
                if (!(most[i] < floor)) {
                    rows[kept] = rows[i];
                    most[kept++] = most[i];
                }
            }
            size = kept;
        }
    }

    /** Fills in the results of those queries of which the codes leave few enough rows. */
    private void screened(float[][] queries, int k, int threads, @Nullable Best[] found) {
        int levels = (int) Math.min(Short.MAX_VALUE, Integer.MAX_VALUE / (128L * dimensions));
        Codes[] rounded = Arrays.stream(queries).map(q -> Codes.of(q, levels)).toArray(Codes[]::new);
        List<Candidates[]> parts = parts(dimensions, threads, (arena, from, to) -> {
            Candidates[] own = new Candidates[queries.length];
            Arrays.setAll(own, j -> new Candidates(k));
            screen(arena, rounded, from, to, own);
            return own;
        });
        Arena arena = OffHeap.borrow();
        try {
            Scan scan = new Scan(arena, queries);
            for (int j = 0; j < queries.length; j++) {
                Best least = new Best(k);
                boolean few = true;
                for (Candidates[] part : parts) {
                    least.offerAll(part[j].least);
                    few &= !part[j].tooMany;
                }
                if (few) {
                    Best best = new Best(k);
                    for (Candidates[] part : parts) {
                        part[j].prune(least.floor());
                        scan.run(Arrays.copyOf(part[j].rows, part[j].size), j, best);
                    }
                    found[j] = best;
                }
            }
        } finally {
            OffHeap.giveBack(arena);
        }
    }

    private void screen(Arena arena, Codes[] queries, int from, int to, Candidates[] found) {
        int most = Math.max(1, BLOCK_BYTES / dimensions);
        long block = arena.allocate((long) most * dimensions);
        ByteBuffer bound = Block.at(arena.allocate((long) Float.BYTES * BOUNDS * most), Float.BYTES * BOUNDS * most);
        float[] lengths = new float[BOUNDS * most];
        long sums = arena.allocate((long) Integer.BYTES * GROUP * most);
        IntBuffer summed = Block.at(sums, Integer.BYTES * GROUP * most).asIntBuffer();
        int bytes = Short.BYTES * dimensions;
        long queriesAt = arena.allocate((long) bytes * queries.length);
        for (int j = 0; j < queries.length; j++) {
            ByteBuffer q = Block.at(queriesAt + (long) bytes * j, bytes);
            for (int value : queries[j].values()) {
                q.putShort((short) value);
            }
        }
        // what a sum of floats loses: its lanes add d / 16 products one after another, and the rest is room
        double loss = (dimensions / 16 + 16) * 0x1p-23;
        Commands commands = arena.commands();
        for (int at = from; at < to; at += most) {
            int n = Math.min(most, to - at);
            long rows = file.find(codes + (long) dimensions * at, n * dimensions, block);
            file.read(bounds + (long) Float.BYTES * BOUNDS * at, bound.clear().limit(n * Float.BYTES * BOUNDS));
            bound.rewind().asFloatBuffer().get(lengths, 0, BOUNDS * n);
            for (int j = 0; j < queries.length; j += GROUP) {
                int some = Math.min(GROUP, queries.length - j);
                commands.begin(Kernel.DOTS_INT8)
                        .at(rows)
                        .at(queriesAt + (long) bytes * j)
                        .at(sums)
                        .put(n)
                        .put(some)
                        .put(dimensions)
                        .run();
                for (int q = 0; q < some; q++) {
                    Codes query = queries[j + q];
                    Candidates c = found[j + q];
                    double factor = query.scale();
                    float whole = Math.nextUp((float) (query.norm() + query.error()));
                    float rest = Math.nextUp((float) (query.error() + loss * query.norm()));
                    for (int i = 0; i < n; i++) {
                        float score = (float) (summed.get(q * n + i) * factor * lengths[BOUNDS * i]);
                        float error = lengths[BOUNDS * i + 1] * whole + lengths[BOUNDS * i + 2] * rest;
                        c.offer(at + i, score, error + Float.MIN_NORMAL); // below which floats lose more
                    }
                }
            }
        }
    }

    /** Closes the file. */
    @Override
    public void close() {
        file.close();
    }

    /** Returns a line such as {@code vectors.safetensors: 1000000 vectors of 384, cosine, int8}. */
    @Override
    public String toString() {
        return name + ": " + count + " vectors of " + dimensions + ", " + metric + (int8() ? ", int8" : "");
    }
}
