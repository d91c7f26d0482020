package dev.fathom.plan;

import dev.fathom.jni.Native;
import dev.fathom.kernel.KernelException;
import dev.fathom.memory.Memory;
import dev.fathom.offheap.Block;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One caller's memory for a {@link Plan} at one batch size and length: inputs, outputs, intermediates, and the commands
 * with every address filled in. {@link #run} is one native call and allocates nothing. A session runs one call at a
 * time, so give each thread its own.
 *
 * <pre>{@code
 * session.set(pixels).run();
 * float logit = session.output().get(0);
 * }</pre>
 *
 * <p>{@code set} writes an input as a whole, checks the number and the type of the values, and is the way to write one.
 * {@code input}, {@code intInput} and {@code inputBytes} give the memory itself, for callers that compute into it: an
 * element keeps its value from run to run until it is written again. {@code output} and its kin give the memory of the
 * results, which holds those of the last run, until the next one begins. Each of these methods returns the same buffer
 * at every call, with position 0 and its limit at its end. A run takes input buffers back to that position, and it
 * refuses one that relative reads or writes ({@code put(values)}, as opposed to {@code put(0, values)}) or a changed
 * limit left in the middle, also if it was asked for again since, until the input is set or written as a whole. After
 * such a refusal, whoever asks for the buffer begins anew. A run also refuses an input that was neither set nor asked
 * for, unless it is carried or a {@link Spec#lengths}. A buffer taken before the close stays memory that can be read,
 * and holds what it held then.
 */
public final class Session implements AutoCloseable {
    private static final int HEADER = 32;
    /** Of the first word of a command: it runs at the same time as the next one; FATHOM_BESIDE of fathom.h. */
    private static final long BESIDE = 1L << 31;

    private static final int IDLE = 0;
    private static final int RUNNING = 1;
    private static final int CLOSED = 2;
    private final Plan plan;
    private final Sizes sizes;
    private final List<CallGraph.Value> inputs;
    private final List<CallGraph.Value> outputs;
    /** Its commands, for messages. */
    private final List<Lowering.Command> work;

    private final Block memory;
    private final long commands;
    private final int words;
    private final ByteBuffer header;
    private final Port[] in;
    private final Port[] out;

    private final AtomicInteger state = new AtomicInteger(IDLE);
    /** The session in whose memory this one carries its state, or null for its own. */
    private final @Nullable Session owner;

    private int threads;
    private boolean finite;
    /** Whether the last run ended well, so that the outputs are its results. */
    private boolean computed;

    private @Nullable ByteBuffer moving;

    Session(Plan plan, Sizes sizes, Lowering lowering, @Nullable Session owner, int first) {
        this.plan = plan;
        this.sizes = sizes;
        this.owner = owner;
        inputs = lowering.in();
        outputs = lowering.out();
        work = lowering.commands;
        in = new Port[inputs.size()];
        for (int i = 0; i < in.length; i++) {
            CallGraph.Value port = inputs.get(i);
            in[i] = owner == null || !plan.specs.get(i).isCarried()
                    ? Port.input(port, sizes)
                    : owner.in[i].part(port, plan.specs.get(i).has(Dim.BATCH) ? first * (port.bytes() / batch()) : 0);
        }
        out = new Port[outputs.size()];
        for (int o = 0; o < out.length; o++) {
            Slot shown = lowering.slots.get(lowering.shown[o]);
            CallGraph.Value port = outputs.get(o);
            out[o] = shown.role == Slot.Role.INPUT ? in[shown.port].sharing(port) : Port.output(port, sizes);
        }
        complete();
        WorkspaceLayout placement = WorkspaceLayout.of(lowering);
        int count = 0;
        for (Lowering.Command c : work) {
            count += 1 + c.words().size();
        }
        memory = new Block("session", placement.bytes() + HEADER + 8L * count, plan.sessions);
        try {
            plan.weights.lease(); // from here on nothing fails
        } catch (IllegalStateException e) {
            memory.close();
            throw e;
        }
        commands = memory.address() + placement.bytes();
        words = count;
        header = memory.view(placement.bytes(), HEADER + 8L * count);
        long[] addresses = new long[lowering.slots.size()];
        for (int i = 0; i < addresses.length; i++) {
            Slot slot = lowering.slots.get(i);
            addresses[i] = slot.used() ? address(slot, placement) : 0;
        }
        int at = HEADER;
        for (int i = 0; i < work.size(); i++) {
            Lowering.Command c = work.get(i);
            long beside = lowering.besideNext.get(i) ? BESIDE : 0;
            header.putLong(at, c.kernel().ordinal() | beside | (long) c.words().size() << 32);
            at += 8;
            for (Lowering.Word word : c.words()) {
                long base = word.slot() < 0 ? 0 : addresses[word.slot()];
                header.putLong(at, word.value() + base);
                at += 8;
            }
        }
    }

    /** Makes every sequence as long as the session. */
    private void complete() {
        for (int i = 0; i < in.length; i++) {
            if (plan.specs.get(i).isLengths()) {
                in[i].fill(sizes.length());
            }
        }
    }

    /** Where a slot lies in this session. */
    private long address(Slot slot, WorkspaceLayout placement) {
        return switch (slot.role) {
            case INPUT -> Native.address(in[slot.port].memory);
            case OUTPUT -> Native.address(out[slot.port].memory);
            case WEIGHT -> plan.address(slot.content);
            case WORK -> memory.piece(placement.offsets().getOrDefault(slot, 0L), slot.bytes);
        };
    }

    /**
     * Makes a session of the same plan and of other sizes, which carries the state of {@code batch} rows of this one,
     * from row {@code first} on, in the memory of this one: each goes on where the other stopped. So one session reads
     * a prompt at once and another goes on from it token by token, and a batch grows smaller without a copy. Only one
     * of them runs at a time, and none after this one is closed. An output that is carried is read from the session
     * that computed it; other inputs are not shared.
     *
     * @throws IllegalArgumentException as {@link Plan#newSession(int, int)}, or if this session lacks such a row
     * @throws IllegalStateException if this session or the plan is closed, or another thread is running it
     */
    public Session sharing(int first, int batch, int length) {
        checkIdle();
        if (first < 0 || batch < 1 || batch > batch() - first) {
            throw new IllegalArgumentException("sharing: " + batch + " rows from row " + first
                    + " on are not among the " + batch() + " of this session; name rows that it has");
        }
        return plan.newSession(batch, length, this, first);
    }

    // ---- writing inputs

    /**
     * Writes all of the first input.
     *
     * @throws IllegalArgumentException if it is not F32, or there is not one value for each element
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public Session set(float[] values) {
        in(0).set(values);
        return this;
    }

    /**
     * Writes all of the first input, such as tokens.
     *
     * @throws IllegalArgumentException if it is not I32, or there is not one value for each element
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public Session set(int[] values) {
        in(0).set(values);
        return this;
    }

    /**
     * Writes all of the input of this name.
     *
     * @throws IllegalArgumentException if there is none, it is not F32, or there is not one value for each element
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public Session set(String name, float[] values) {
        in(name).set(values);
        return this;
    }

    /**
     * Writes all of the input of this name, such as tokens or lengths.
     *
     * @throws IllegalArgumentException if there is none, it is not I32, or there is not one value for each element
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public Session set(String name, int[] values) {
        in(name).set(values);
        return this;
    }

    /**
     * Writes all of the input of this name, such as pixels.
     *
     * @throws IllegalArgumentException if there is none, it is neither U8 nor I8, or there is not one value for each
     *     element
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public Session set(String name, byte[] values) {
        in(name).set(values);
        return this;
    }

    /**
     * Writes all of the input of this name by the bits of its numbers.
     *
     * @throws IllegalArgumentException if there is none, it is neither F16 nor BF16, or there is not one value for each
     *     element
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public Session set(String name, short[] bits) {
        in(name).set(bits);
        return this;
    }

    /** Writes all of an input by the bytes of its elements. */
    void set(String name, ByteBuffer elements) {
        in(name).set(elements);
    }

    /**
     * Says whether later runs refuse inputs that hold NaN or infinity, and returns this session. At first they do not.
     * Carried state is not checked, because it is what the runs before computed.
     */
    public Session checkFinite(boolean on) {
        finite = on;
        return this;
    }

    // ---- buffers

    /**
     * Returns the memory of the first input, for callers that compute into it. To write values that are there already,
     * call {@link #set(float[])}, which checks how many they are: a {@code put} beyond the end throws the JDK's
     * {@link java.nio.BufferOverflowException}, which names no input.
     *
     * @throws IllegalStateException if it is not F32, the session is closed, or another thread is running it
     */
    public FloatBuffer input() {
        return in(0).floats();
    }

    /**
     * Returns the memory of the first input, which is I32, such as tokens, for callers that compute into it. To write
     * values that are there already, call {@link #set(int[])}, which checks how many they are: a {@code put} beyond the
     * end throws the JDK's {@link java.nio.BufferOverflowException}.
     *
     * @throws IllegalStateException if it is not I32, the session is closed, or another thread is running it
     */
    public IntBuffer intInput() {
        return in(0).ints();
    }

    /**
     * Returns the memory of the F32 input of this name, for callers that compute into it. To write values that are
     * there already, call {@link #set(String, float[])}, which checks how many they are: a {@code put} beyond the end
     * throws the JDK's {@link java.nio.BufferOverflowException}.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if it is not F32, the session is closed, or another thread is running it
     */
    public FloatBuffer input(String name) {
        return in(name).floats();
    }

    /**
     * Returns the memory of the I32 input of this name, such as tokens, for callers that compute into it. To write
     * values that are there already, call {@link #set(String, int[])}, which checks how many they are: a {@code put}
     * beyond the end throws the JDK's {@link java.nio.BufferOverflowException}.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if it is not I32, the session is closed, or another thread is running it
     */
    public IntBuffer intInput(String name) {
        return in(name).ints();
    }

    /**
     * Returns the memory of the input of this name as bytes in native order, of whatever type it is. To write bytes
     * that are there already into a U8 or I8 input, call {@link #set(String, byte[])}, which checks how many they are.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public ByteBuffer inputBytes(String name) {
        return in(name).bytes();
    }

    /**
     * Returns the first output.
     *
     * @throws IllegalStateException if it is not F32, no run has computed it, the session is closed, or another thread
     *     is running it
     */
    public FloatBuffer output() {
        return out(0).floats();
    }

    /**
     * Returns output number {@code i}, which is F32. Outputs have the order in which the frozen function returned them.
     *
     * @throws IndexOutOfBoundsException if there is none
     * @throws IllegalStateException if it is not F32, no run has computed it, the session is closed, or another thread
     *     is running it
     */
    public FloatBuffer output(int i) {
        return out(i).floats();
    }

    /**
     * Returns the F32 output of this name.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if it is not F32, no run has computed it, the session is closed, or another thread
     *     is running it
     */
    public FloatBuffer output(String name) {
        return out(name).floats();
    }

    /**
     * Returns the I32 output of this name, such as classes.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if it is not I32, no run has computed it, the session is closed, or another thread
     *     is running it
     */
    public IntBuffer intOutput(String name) {
        return out(name).ints();
    }

    /**
     * Returns output number {@code i} as bytes in native order, of whatever type it is. Outputs have the order in which
     * the frozen function returned them.
     *
     * @throws IndexOutOfBoundsException if there is none
     * @throws IllegalStateException if no run has computed it, the session is closed, or another thread is running it
     */
    public ByteBuffer outputBytes(int i) {
        return out(i).bytes();
    }

    /**
     * Returns the output of this name as bytes in native order, of whatever type it is.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if no run has computed it, the session is closed, or another thread is running it
     */
    public ByteBuffer outputBytes(String name) {
        return out(name).bytes();
    }

    private Port in(String name) {
        return in(find("input", inputs, name));
    }

    private Port in(int i) {
        checkIdle();
        return in[i];
    }

    private Port out(String name) {
        return out(find("output", outputs, name));
    }

    private Port out(int i) {
        String name = port(outputs, i, "output").name();
        checkIdle();
        if (!computed) {
            throw new IllegalStateException("session: output " + name
                    + " is not computed: no run has ended well since the session was made or a run failed; call run()"
                    + " first, and take the output after it");
        }
        return out[i];
    }

    private void checkIdle() {
        if (state.get() != IDLE) {
            throw refused();
        }
    }

    private static CallGraph.Value port(List<CallGraph.Value> ports, int i, String kind) {
        if (i < 0 || i >= ports.size()) {
            throw new IndexOutOfBoundsException(
                    "session: no " + kind + " has number " + i + "; numbered from 0, there are "
                            + ports.stream().map(CallGraph.Value::name).toList());
        }
        return ports.get(i);
    }

    private static int find(String kind, List<CallGraph.Value> ports, String name) {
        for (int i = 0; i < ports.size(); i++) {
            if (ports.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new IllegalArgumentException("session: no " + kind + " is called " + name + "; there are "
                + ports.stream().map(CallGraph.Value::name).toList());
    }

    /** Returns the shape of input number {@code i} of this session. */
    public Shape inputShape(int i) {
        return port(inputs, i, "input").shape();
    }

    /** Returns the shape of output number {@code i} of this session. */
    public Shape outputShape(int i) {
        return port(outputs, i, "output").shape();
    }

    /**
     * Returns the shape of the output of this name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Shape outputShape(String name) {
        return outputs.get(find("output", outputs, name)).shape();
    }

    /**
     * Returns the names of the outputs that are no carried state, such as the logits beside it, in the order in which
     * the frozen function returned them.
     */
    public List<String> resultNames() {
        List<String> carried =
                plan.specs.stream().filter(Spec::isCarried).map(Spec::name).toList();
        return outputs.stream()
                .map(CallGraph.Value::name)
                .filter(name -> !carried.contains(name))
                .toList();
    }

    /** Returns the number of examples in each run. */
    public int batch() {
        return Math.max(1, sizes.batch());
    }

    /** Returns the number of steps of each example; 1 if no input has {@link Dim#LENGTH}. */
    public int length() {
        return Math.max(1, sizes.length());
    }

    /**
     * Limits later runs to this many threads and returns this session. At first the limit is 0, which allows as many as
     * the pool has.
     *
     * @throws IllegalArgumentException if it is negative
     */
    public Session threads(int limit) {
        if (limit < 0) {
            throw new IllegalArgumentException("threads: " + limit + " threads; give at least 1, or 0 for no limit");
        }
        threads = limit;
        return this;
    }

    /**
     * Computes the outputs from the inputs.
     *
     * @throws IllegalArgumentException if an index or a label in an input is out of range, with the sentence of an
     *     eager run: op, path and index; or if {@link #checkFinite} is on and an input is not finite
     * @throws IllegalStateException if an input was never written or only in part, the session or its plan is closed,
     *     or another thread is running it
     */
    public void run() {
        Events.Run event = Events.run();
        begin();
        try {
            if (plan.weights.closed()) {
                plan.check();
            }
            checkInputs();
            computed = false;
            if (threads > 0) {
                Native.capThreads(threads);
            }
            int status = Native.run(commands, words);
            if (threads > 0) {
                Native.capThreads(0);
            }
            if (status != 0) {
                throw failed();
            }
            computed = true;
        } finally {
            end();
            if (event != null) {
                event.batch = batch();
                event.length = length();
                event.commit();
            }
        }
    }

    /**
     * Measures where the time goes: runs this session so many times, as a whole and command by command. What it has
     * computed stays that of its inputs; a session that carries a state is {@linkplain #reset set back} to zeros.
     *
     * @throws IllegalArgumentException if {@code runs} is below 1, or as {@link #run}
     * @throws IllegalStateException as {@link #run}
     */
    public Profile profile(int runs) {
        Checks.atLeast("profile", "runs", runs, 1);
        Lowering lowering = plan.lowered(sizes);
        long[] whole = new long[runs];
        for (int r = 0; r < runs; r++) {
            reset();
            long begin = System.nanoTime();
            run();
            whole[r] = System.nanoTime() - begin;
        }
        reset();
        begin();
        try {
            Native.capThreads(threads);
            Profiler profiler = new Profiler(lowering, header, HEADER);
            return new Profile(profiler.rows(profiler.measure(runs)), Profiler.median(whole) / 1e3);
        } finally {
            Native.capThreads(0);
            zeroCarried();
            end();
        }
    }

    private void checkInputs() {
        for (int i = 0; i < in.length; i++) {
            if (!plan.specs.get(i).isCarried()) { // what is read of a carried state moves its buffer too
                in[i].checkWritten();
                if (finite) {
                    in[i].checkFinite();
                }
            }
        }
        for (Port p : in) {
            p.rewind();
        }
    }

    /**
     * Sets every carried input to zeros, so that the next run begins a new sequence. Other inputs, whose rows
     * {@link #reorder} moves too, stay as they are.
     *
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public void reset() {
        begin();
        try {
            zeroCarried();
        } finally {
            end();
        }
    }

    private void zeroCarried() {
        for (int i = 0; i < in.length; i++) {
            if (plan.specs.get(i).isCarried()) {
                zero(in[i].memory, 0, in[i].memory.limit());
            }
        }
    }

    /**
     * Makes this session as it was at first, for a caller who is not to see anything of the one before: every input
     * must be written again, carried state is zeros, lengths are complete, and no output is there.
     *
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public void clear() {
        begin();
        try {
            for (Port p : in) {
                p.forget();
            }
            zeroCarried();
            complete();
            computed = false;
        } finally {
            end();
        }
    }

    /**
     * Replaces row i of every input that has {@link Dim#BATCH} by what row {@code from[i]} holds now: for beams that
     * change rows, or a server that gives a row to another sequence. Where {@code from[i]} is -1, row i of a carried
     * input becomes zeros, as in a new session, and that of any other input stays as it is. Rows from
     * {@code from.length} on also stay as they are. A row that nobody uses goes on counting what is in its caches:
     * begin it anew before they are full.
     *
     * @throws IllegalArgumentException if there are more rows than the session has, or one is neither a row nor -1
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public void reorder(int... from) {
        if (from.length > batch()) {
            throw new IllegalArgumentException("reorder: " + from.length + " rows are named but the session has "
                    + batch() + "; name at most " + batch());
        }
        for (int i = 0; i < from.length; i++) {
            if (from[i] < -1 || from[i] >= batch()) {
                throw new IllegalArgumentException("reorder: row " + i + " is to become row " + from[i]
                        + ", which does not exist; name a row in [0, " + batch() + "), or -1 to start anew");
            }
        }
        begin();
        try {
            for (int i = 0; i < in.length; i++) {
                int axis = plan.specs.get(i).axis(Dim.BATCH);
                if (axis >= 0) {
                    reorder(
                            in[i].memory,
                            axis,
                            inputs.get(i).shape(),
                            plan.specs.get(i).isCarried(),
                            from);
                }
            }
        } finally {
            end();
        }
    }

    /** Keeps others from the memory of the session, and from that of the one whose state it shares. */
    private void begin() {
        if (!state.compareAndSet(IDLE, RUNNING)) {
            throw refused();
        }
        if (owner != null) {
            try {
                owner.begin();
            } catch (IllegalStateException e) {
                state.setRelease(IDLE);
                throw e;
            }
        }
    }

    private void end() {
        if (owner != null) {
            owner.end();
        }
        state.setRelease(IDLE);
    }

    private void reorder(ByteBuffer buffer, int axis, Shape shape, boolean carried, int... from) {
        int blocks = 1;
        for (int d = 0; d < axis; d++) {
            blocks *= shape.dim(d);
        }
        int block = buffer.limit() / blocks;
        int row = block / shape.dim(axis);
        ByteBuffer old = moving;
        if (old == null || old.capacity() < block) {
            old = Memory.buffer(block);
            moving = old;
        }
        for (int at = 0; at < buffer.limit(); at += block) {
            for (int i = 0; i < from.length; i++) {
                if (from[i] >= 0 && from[i] != i) {
                    old.put(i * row, buffer, at + from[i] * row, row);
                }
            }
            for (int i = 0; i < from.length; i++) {
                if (from[i] >= 0 && from[i] != i) {
                    buffer.put(at + i * row, old, i * row, row);
                } else if (from[i] < 0 && carried) {
                    zero(buffer, at + i * row, at + (i + 1) * row);
                }
            }
        }
    }

    private static void zero(ByteBuffer buffer, int from, int to) {
        int at = from;
        for (; at <= to - Long.BYTES; at += Long.BYTES) {
            buffer.putLong(at, 0);
        }
        for (; at < to; at++) {
            buffer.put(at, (byte) 0);
        }
    }

    /** What the call that failed says when it runs eagerly. */
    private IllegalArgumentException failed() {
        long status = header.getLong(0);
        long left = status >>> 32;
        for (Lowering.Command c : work) {
            if (left == 0) {
                KernelException refused = new KernelException(
                        c.kernel(), status, header.getLong(8), header.getLong(16), header.getLong(24));
                return new IllegalArgumentException(c.where() + ": " + c.refusal(refused), refused);
            }
            left -= 1 + c.words().size();
        }
        throw new AssertionError("the failing command is one of the plan");
    }

    private IllegalStateException refused() {
        return state.get() == CLOSED
                ? new IllegalStateException(
                        "session is closed: it was closed at " + memory.closedAt() + "; use it before the close")
                : new IllegalStateException(
                        "session is running on another thread; give each thread its own plan.newSession()");
    }

    /** Closes the session after a run under way has ended. Closing twice does nothing. */
    @Override
    public void close() {
        while (!state.compareAndSet(IDLE, CLOSED)) {
            if (state.get() == CLOSED) {
                return;
            }
            Thread.onSpinWait();
        }
        memory.close();
        plan.weights.release();
    }
}
