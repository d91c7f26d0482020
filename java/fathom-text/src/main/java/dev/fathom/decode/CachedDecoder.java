package dev.fathom.decode;

import dev.fathom.memory.Memory;
import dev.fathom.nn.Model;
import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Quantization;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Generates with a {@link CausalNet}: it freezes the net as a plan with caches, which reads any number of tokens at
 * once and then goes on token by token. A decoder is a snapshot of the net, immutable, and shared by any number of
 * threads, each with {@link Sequences} of its own.
 *
 * <pre>{@code
 * try (CachedDecoder decoder = CachedDecoder.of(model);
 *         CachedDecoder.Sequences sequences = decoder.sequences()) {
 *     Hypothesis best = new BeamSearch(5, STOP, 100).after(sequences, prompt).get(0).get(0);
 * }
 * }</pre>
 *
 * <p>A row gives the same bits however its tokens were divided among reads and steps, alone and among others, and
 * wherever it was moved. The {@code baseline} kernels keep this up to rounding.
 */
public final class CachedDecoder implements AutoCloseable {
    private static final String PAST = "past";
    /** How many tokens one run reads of several rows; more would take memory and save no time. */
    private static final int TOGETHER = 1024;

    private final Plan plan;
    private final int context;
    private final int capacity;
    /** The caches by name, and the bytes of a token in each. */
    private final Map<String, Integer> caches;

    private CachedDecoder(Plan plan, int context, int capacity, Map<String, Integer> caches) {
        this.plan = plan;
        this.context = context;
        this.capacity = capacity;
        this.caches = caches;
    }

    /**
     * Makes a decoder whose sequences have room for as many tokens as the net has positions.
     *
     * @throws IllegalArgumentException as {@link #of(Model, int)}
     * @throws IllegalStateException as {@link Plan#freeze(Model, Plan.Step, java.util.function.Function, Spec...)}
     */
    public static CachedDecoder of(Model<? extends CausalNet> model) {
        return of(model, model.net().context());
    }

    /**
     * Makes a decoder whose sequences have room for fewer tokens than the net has positions, which saves memory.
     *
     * @param capacity the most tokens of a sequence
     * @throws IllegalArgumentException if the capacity is below 1 or above the context of the net, or the net's state
     *     is not that of {@link CausalNet#state}
     * @throws IllegalStateException as {@link Plan#freeze(Model, Plan.Step, java.util.function.Function, Spec...)}
     */
    public static CachedDecoder of(Model<? extends CausalNet> model, int capacity) {
        int context = model.net().context();
        if (capacity < 1 || capacity > context) {
            throw new IllegalArgumentException("CachedDecoder: a capacity of " + capacity + " tokens must be in [1, "
                    + context + "], the positions of this net");
        }
        Map<String, Integer> caches = new LinkedHashMap<>();
        try (Pass pass = Pass.infer()) {
            Map<String, Tensor> state = model.net().state(1, capacity).tensors();
            state.forEach((name, t) -> {
                boolean cache = t.shape().rank() >= 2 && t.dim(0) == 1 && t.dim(1) == capacity;
                if (name.equals(PAST) ? t.dtype() != DType.I32 || t.shape().size() != 1 : !cache) {
                    throw new IllegalArgumentException("CachedDecoder: the state has " + name + " " + t.shape()
                            + " at batch 1 and capacity " + capacity
                            + ", but it must be past, I32 [batch], and caches [batch, capacity, ..]");
                }
                if (cache) {
                    caches.put(
                            name,
                            Math.toIntExact(
                                    t.shape().size() / capacity * t.dtype().bytes()));
                }
            });
            if (!state.containsKey(PAST)) {
                throw new IllegalArgumentException("CachedDecoder: the state " + state.keySet()
                        + " does not count its tokens; add past, I32 [batch]");
            }
        }
        return new CachedDecoder(freeze(model, capacity), context, capacity, caches);
    }

    private static <N extends CausalNet> Plan freeze(Model<N> model, int capacity) {
        return Plan.freeze(
                model,
                (net, in, state) -> {
                    Next top = net.read(in[0], state);
                    Tensor all = top.output();
                    return new Next(net.logits(all.reshape(-1, all.dim(-1)).take(0, in[1])), top.state());
                },
                net -> net.state(1, capacity),
                Spec.of("tokens", DType.I32, Dim.BATCH, Dim.LENGTH).length(1, capacity),
                Spec.of("last", DType.I32, Dim.BATCH)); // the rows of the vectors of which logits are computed
    }

    /**
     * Makes a decoder whose matrices and tables take fewer bytes, as {@link Plan#quantize(Quantization)} does. A step
     * reads all of them to write one token, so it becomes faster in proportion. This decoder stays as it is.
     *
     * @throws IllegalArgumentException if it was quantized before
     * @throws IllegalStateException if the decoder is closed
     */
    public CachedDecoder quantize(Quantization as) {
        return new CachedDecoder(plan.quantize(as), context, capacity, caches);
    }

    /** Returns the most tokens of a sequence. */
    public int capacity() {
        return capacity;
    }

    /**
     * Makes sequences, of which there are none yet: the first read or step begins one for each row that it is given.
     */
    public Sequences sequences() {
        return new Sequences(this);
    }

    /**
     * Reads what many sequences begin with, once, to {@link Sequences#add} it.
     *
     * @throws IllegalArgumentException if there are no tokens, more than the capacity, or one is none of the vocabulary
     * @throws IllegalStateException if the decoder is closed
     */
    public Prefix prefix(int... tokens) {
        try (Sequences one = sequences()) {
            one.read(tokens);
            return one.prefix(0);
        }
    }

    /** Closes the decoder, whose sequences can then not go on. Closing twice does nothing. */
    @Override
    public void close() {
        plan.close();
    }

    /**
     * What the caches hold of some tokens. It is immutable, may be shared by threads, and its memory returns when
     * nobody holds it any more.
     */
    public static final class Prefix {
        private final CachedDecoder decoder;
        private final int length;
        private final List<ByteBuffer> rows = new ArrayList<>();

        private Prefix(CachedDecoder decoder, int length) {
            this.decoder = decoder;
            this.length = length;
        }

        /** Returns the number of tokens. */
        public int length() {
            return length;
        }
    }

    /**
     * Sequences that are read and written together, each a row. They are used by one thread at a time. As a
     * {@link NextToken} they serve every search, which reads whole prompts at once; a search goes on behind the tokens
     * that are there, and {@link #reset} begins anew.
     *
     * <p>A step is one native call that allocates nothing. Rows that leave, by {@link #reorder}, are not computed any
     * more.
     */
    public static final class Sequences implements NextToken, AutoCloseable {
        private final CachedDecoder decoder;
        /** Has the caches, with room for the most rows that there were; null before there are any. */
        private @Nullable Session all;
        /** Computes steps of the rows that there are, in the caches of {@code all}; null where these are not known. */
        private @Nullable Session step;

        private @Nullable ByteBuffer moving;
        private int rows;
        private boolean closed;

        private Sequences(CachedDecoder decoder) {
            this.decoder = decoder;
        }

        // ---- rows

        /** Returns the number of sequences. */
        public int rows() {
            return rows;
        }

        /**
         * Returns the number of tokens of a sequence.
         *
         * @throws IllegalArgumentException if there is no such row
         */
        public int length(int row) {
            checkRow(row);
            return past().get(row);
        }

        private void checkRow(int row) {
            checkOpen();
            if (row < 0 || row >= rows) {
                throw new IllegalArgumentException("CachedDecoder: row " + row + " does not exist; there are " + rows
                        + " sequences, which are counted from 0");
            }
        }

        private void checkOpen() {
            if (closed) {
                throw new IllegalStateException("CachedDecoder: the sequences are closed; use them before the close");
            }
        }

        private Session all() {
            Session session = all;
            if (session == null) {
                throw new IllegalStateException("CachedDecoder: there are no sequences; read a prompt first");
            }
            return session;
        }

        private IntBuffer past() {
            return all().intInput(PAST);
        }

        /** Removes all sequences; the next read begins others. */
        public void reset() {
            checkOpen();
            resize(0);
        }

        /**
         * Takes the last tokens of a sequence back, so that it has {@code length} of them, such as those that a draft
         * wrote and the net refused.
         *
         * @throws IllegalArgumentException if there is no such row, or it has fewer tokens
         */
        public void rewind(int row, int length) {
            if (length < 0 || length > length(row)) {
                throw new IllegalArgumentException("CachedDecoder: row " + row + " has " + length(row)
                        + " tokens and cannot be rewound to " + length + "; name a length that it had");
            }
            past().put(row, length);
        }

        /**
         * Makes row i what row {@code parents[i]} is now. A row may be named several times or not at all; from here on
         * there are as many rows as parents, and a step computes no others.
         *
         * @throws IllegalArgumentException if there is no such row
         */
        @Override
        public void reorder(int[] parents) {
            int[] lengths = Arrays.stream(parents).map(this::length).toArray();
            checkOpen();
            Session from = all;
            if (parents.length > 0 && from != null) {
                Session to = withRoom(parents.length);
                decoder.caches.forEach((name, bytes) -> move(from, to, name, bytes, parents, lengths));
                own(to);
                to.intInput(PAST).put(0, lengths);
            }
            resize(parents.length);
        }

        /** Moves the tokens of rows in one cache; within one session by way of a buffer, since rows change places. */
        private void move(Session from, Session to, String cache, int token, int[] parents, int[] lengths) {
            int row = token * decoder.capacity;
            ByteBuffer old = from.inputBytes(cache);
            ByteBuffer now = to.inputBytes(cache);
            if (from != to) {
                for (int i = 0; i < parents.length; i++) {
                    now.put(i * row, old, parents[i] * row, lengths[i] * token);
                }
                return;
            }
            ByteBuffer buffer = moving;
            if (buffer == null || buffer.capacity() < old.capacity()) {
                buffer = Memory.buffer(old.capacity());
                moving = buffer;
            }
            for (int i = 0; i < parents.length; i++) {
                if (parents[i] != i) {
                    buffer.put(i * row, old, parents[i] * row, lengths[i] * token);
                }
            }
            for (int i = 0; i < parents.length; i++) {
                if (parents[i] != i) {
                    now.put(i * row, buffer, i * row, lengths[i] * token);
                }
            }
        }

        /** The session of the caches, or a larger one that has room for so many rows. */
        private Session withRoom(int wanted) {
            Session session = all;
            return session != null && session.batch() >= wanted ? session : decoder.plan.newSession(wanted, 1);
        }

        /** Makes a session that of the caches. */
        private void own(Session session) {
            if (session != all) {
                resize(0);
                if (all != null) {
                    all.close();
                }
                all = session;
            }
        }

        /** From here on there are so many rows. */
        private void resize(int count) {
            if (step != null && step.batch() != count) {
                if (step != all) {
                    step.close();
                }
                step = null;
            }
            rows = count;
        }

        /** Adds rows of no tokens. */
        private void add(int count) {
            int before = rows;
            if (before > 0 && all().batch() < before + count) {
                reorder(IntStream.range(0, before + count)
                        .map(i -> Math.min(i, before - 1))
                        .toArray());
            } else {
                own(withRoom(before + count));
            }
            resize(before + count);
            for (int row = before; row < rows; row++) {
                past().put(row, 0);
            }
        }

        /**
         * Adds {@code count} sequences that begin with a prefix, behind those that are there. Nothing is computed.
         *
         * @throws IllegalArgumentException if the prefix is that of another decoder, or the count below 1
         */
        public void add(Prefix prefix, int count) {
            checkOpen();
            Checks.atLeast("CachedDecoder.add", "count", count, 1);
            if (prefix.decoder != decoder) {
                throw new IllegalArgumentException(
                        "CachedDecoder: the prefix is that of another decoder; make it with this one");
            }
            add(count);
            for (int row = rows - count; row < rows; row++) {
                int i = 0;
                for (Map.Entry<String, Integer> cache : decoder.caches.entrySet()) {
                    ByteBuffer held = prefix.rows.get(i++);
                    all().inputBytes(cache.getKey())
                            .put(row * decoder.capacity * cache.getValue(), held, 0, held.capacity());
                }
                past().put(row, prefix.length);
            }
        }

        /**
         * Returns a copy of what the caches hold of a sequence, for other sequences of this decoder to begin with.
         *
         * @throws IllegalArgumentException if there is no such row
         */
        public Prefix prefix(int row) {
            Prefix prefix = new Prefix(decoder, length(row));
            decoder.caches.forEach((name, token) -> {
                ByteBuffer copy = Memory.buffer(prefix.length * token);
                copy.put(0, all().inputBytes(name), row * decoder.capacity * token, copy.capacity());
                prefix.rows.add(copy);
            });
            return prefix;
        }

        // ---- tokens

        /**
         * Reads more tokens of each row, such as its prompt, at once, and returns the logits [rows, vocabulary] of what
         * follows the last of them. Rows may have different numbers of tokens. If there are no sequences, one begins
         * for each row.
         *
         * @throws IllegalArgumentException if a row has no token, there are not as many as sequences, a sequence would
         *     become longer than the capacity, or a token is none of the vocabulary. The sequences stay as they were.
         * @throws IllegalStateException if the sequences or the decoder are closed
         */
        public FloatBuffer read(int[]... tokens) {
            SequenceRows.checkPrompts("CachedDecoder", tokens);
            return readAll(tokens);
        }

        /** Reads what may be none of a row's tokens, whose logits are then no such. */
        private FloatBuffer readAll(int[][] tokens) {
            int before = begin(tokens.length, i -> tokens[i].length);
            float[] logits = new float[0];
            int[] lengths = IntStream.range(0, rows).map(this::length).toArray();
            boolean done = false;
            try {
                for (int first = 0; first < rows; ) {
                    int end = together(tokens, lengths, first);
                    int length = longest(tokens, first, end);
                    if (length > 0) {
                        FloatBuffer some = read(tokens, first, end, length);
                        int vocabulary = some.limit() / (end - first);
                        logits = logits.length == 0 ? new float[Math.multiplyExact(rows, vocabulary)] : logits;
                        some.get(logits, first * vocabulary, some.limit());
                    }
                    first = end;
                }
                for (int row = 0; row < rows; row++) {
                    lengths[row] += tokens[row].length;
                }
                done = true;
            } finally {
                past().put(0, lengths); // of a run that read too much of the shorter rows, or of all if one failed
                resize(done ? rows : before);
            }
            return FloatBuffer.wrap(logits);
        }

        /** Which rows from {@code first} on one run reads: at least one, and few tokens that are there to fill up. */
        private int together(int[][] tokens, int[] lengths, int first) {
            int end = first;
            int sum = 0;
            do {
                sum += tokens[end++].length;
            } while (end < rows && fit(tokens, lengths, first, end + 1, sum + tokens[end].length));
            return end;
        }

        private boolean fit(int[][] tokens, int[] lengths, int first, int end, int sum) {
            int longest = longest(tokens, first, end);
            long read = (long) longest * (end - first);
            return read <= Math.min(TOGETHER, 2L * sum)
                    && IntStream.range(first, end).allMatch(row -> lengths[row] + longest <= decoder.capacity);
        }

        private static int longest(int[][] tokens, int first, int end) {
            return IntStream.range(first, end).map(i -> tokens[i].length).max().orElse(0);
        }

        private FloatBuffer read(int[][] tokens, int first, int end, int length) {
            int[] x = new int[(end - first) * length];
            int[] last = new int[end - first];
            for (int i = 0; i < last.length; i++) {
                int[] row = tokens[first + i];
                Arrays.fill(x, i * length, (i + 1) * length, row.length > 0 ? row[0] : anyOf(tokens, first, end));
                System.arraycopy(row, 0, x, i * length, row.length);
                last[i] = i * length + Math.max(0, row.length - 1);
            }
            try (Session session = all().sharing(first, last.length, length)) {
                session.set("tokens", x).set("last", last).run();
                return session.output("output");
            }
        }

        private static int anyOf(int[][] tokens, int first, int end) {
            return Arrays.stream(tokens, first, end)
                    .flatMapToInt(Arrays::stream)
                    .findFirst()
                    .orElseThrow();
        }

        /**
         * Reads one more token of each row, and returns the logits [rows, vocabulary] of what follows. They lie in
         * memory that is the same until rows come or go, and hold what the last step computed. If there are no
         * sequences, one begins for each token.
         *
         * @throws IllegalArgumentException if there are not as many tokens as sequences, a sequence is as long as the
         *     capacity, or a token is none of the vocabulary. The sequences stay as they were.
         * @throws IllegalStateException if the sequences or the decoder are closed
         */
        @Override
        public FloatBuffer step(int... tokens) {
            int before = begin(tokens.length, i -> 1);
            boolean done = false;
            try {
                Session session = stepping();
                session.set("tokens", tokens).run();
                done = true;
                return session.output("output");
            } finally {
                resize(done ? rows : before);
            }
        }

        private Session stepping() {
            Session session = step;
            if (session == null) {
                session = rows == all().batch() ? all() : all().sharing(0, rows, 1);
                session.set("last", IntStream.range(0, rows).toArray());
                step = session;
            }
            return session;
        }

        /**
         * Checks the tokens that are about to be read and begins rows if there are none; returns how many there were.
         */
        private int begin(int count, IntUnaryOperator added) {
            checkOpen();
            int before = rows;
            if (count == 0 || before > 0 && before != count) {
                throw new IllegalArgumentException(
                        "CachedDecoder: tokens of " + count + " rows are given but there are " + before
                                + " sequences; give tokens for each, or reset() to begin others");
            }
            for (int row = 0; row < count; row++) {
                int length = before == 0 ? 0 : length(row);
                int more = added.applyAsInt(row);
                if (more > decoder.capacity - length) {
                    throw new IllegalArgumentException("CachedDecoder: row " + row + " has " + length
                            + " tokens and reads "
                            + more + " more, but position " + decoder.capacity + " is beyond the " + decoder.capacity
                            + (decoder.capacity == decoder.context
                                    ? " positions of this net; rewind it, or begin anew with the last tokens"
                                    : " tokens that this decoder has room for; make it with a larger capacity, up to "
                                            + decoder.context));
                }
            }
            if (before == 0) {
                add(count);
            }
            return before;
        }

        // ---- searches

        /** Reads all of each prompt but its last token at once, and returns that. */
        @Override
        public int[][] prefill(int[]... prompts) {
            SequenceRows.checkPrompts("CachedDecoder", prompts);
            readAll(Arrays.stream(prompts)
                    .map(p -> Arrays.copyOf(p, p.length - 1))
                    .toArray(int[][]::new));
            return Arrays.stream(prompts).map(p -> new int[] {p[p.length - 1]}).toArray(int[][]::new);
        }

        /** Frees the caches. Closing twice does nothing. */
        @Override
        public void close() {
            closed = true;
            resize(0);
            if (all != null) {
                all.close();
            }
        }
    }
}
