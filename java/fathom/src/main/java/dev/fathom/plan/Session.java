package dev.fathom.plan;

import dev.fathom.kernel.KernelException;
import dev.fathom.kernel.Native;
import dev.fathom.memory.Block;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One caller's memory for a {@link Plan} at one batch size and length: inputs, outputs, intermediates, and the commands with every address filled in.
 * {@link #run} is one native call and allocates nothing. A session runs one call at a time, so give each thread its own.
 */
public final class Session implements AutoCloseable {
    private static final int HEADER = 32;
    private static final int IDLE = 0;
    private static final int RUNNING = 1;
    private static final int CLOSED = 2;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Session.class, "state", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Plan plan;
    private final Sizes sizes;
    private final Block memory;
    private final long commands;
    private final int words;
    private final ByteBuffer header;
    private final ByteBuffer[] in;
    private final ByteBuffer[] out;
    private final FloatBuffer firstIn;
    private final FloatBuffer firstOut;

    @SuppressWarnings("unused") // through STATE
    private volatile int state;

    private int threads;
    private @Nullable ByteBuffer moving;

    Session(Plan plan, Sizes sizes) {
        this.plan = plan;
        this.sizes = sizes;
        plan.check();
        in = buffers(plan.inputs);
        out = buffers(plan.outputs);
        for (int o = 0; o < out.length; o++) {
            out[o] = plan.inPlace[o] < 0 ? out[o] : in[plan.inPlace[o]];
        }
        for (int i = 0; i < in.length; i++) {
            IntBuffer lengths = in[i].asIntBuffer();
            while (plan.specs.get(i).isLengths() && lengths.hasRemaining()) {
                lengths.put(sizes.length());
            }
        }
        Placement placement = Placement.of(plan, sizes);
        int count = plan.templates.stream().mapToInt(t -> 1 + t.terms().size()).sum();
        memory = new Block("session", placement.bytes() + HEADER + 8L * count);
        try {
            plan.weights.lease(); // from here on nothing fails
        } catch (IllegalStateException e) {
            memory.close();
            throw e;
        }
        firstIn = in[0].asFloatBuffer();
        firstOut = out[0].asFloatBuffer();
        commands = memory.address() + placement.bytes();
        words = count;
        header = memory.view(placement.bytes(), HEADER + 8L * count);
        int at = HEADER;
        for (Plan.Template t : plan.templates) {
            header.putLong(at, t.kernel().ordinal() | (long) t.terms().size() << 32);
            at += 8;
            for (Plan.Term term : t.terms()) {
                header.putLong(at, term.value().at(sizes) + base(term.slot(), placement));
                at += 8;
            }
        }
    }

    /** Where a slot lies in this session. */
    private long base(@Nullable Slot slot, Placement placement) {
        if (slot == null) {
            return 0;
        }
        return switch (slot.role) {
            case INPUT -> Native.address(in[slot.port]);
            case OUTPUT -> Native.address(out[slot.port]);
            case WEIGHT -> plan.weights.address() + slot.offset;
            case WORK -> memory.address() + placement.offsets().getOrDefault(slot, 0L);
        };
    }

    private ByteBuffer[] buffers(List<ShapeRules.Operand> ports) {
        List<ByteBuffer> buffers = new ArrayList<>();
        for (ShapeRules.Operand p : ports) {
            double bytes = p.dtype().bytes();
            for (Bilinear d : p.dims()) {
                bytes *= d.at(sizes);
            }
            if (bytes > Integer.MAX_VALUE - 64) {
                throw new IllegalArgumentException("newSession: " + p.name() + " would take " + (long) bytes
                        + " bytes at " + sizes + ", more than a buffer holds; choose a smaller " + sizes.names());
            }
            // 64 spare bytes to begin at a cache line
            ByteBuffer b = ByteBuffer.allocateDirect((int) bytes + 64);
            int skip = (int) (-Native.address(b) & 63);
            buffers.add(b.position(skip).limit(skip + (int) bytes).slice().order(ByteOrder.nativeOrder()));
        }
        return buffers.toArray(ByteBuffer[]::new);
    }

    /** Returns the first input. Write to it, and then {@link #run}. It is the same buffer at every call, and it stays valid after the close. */
    public FloatBuffer input() {
        return floats(firstIn, plan.inputs.get(0));
    }

    /**
     * Returns the first input, which is I32, such as tokens. Each call makes a new view, so keep it.
     *
     * @throws IllegalStateException if it is not I32
     */
    public IntBuffer intInput() {
        check(plan.inputs.get(0), DType.I32);
        return in[0].asIntBuffer();
    }

    /** Returns the first output. Its values are valid until the next {@link #run}. */
    public FloatBuffer output() {
        return floats(firstOut, plan.outputs.get(0));
    }

    private static FloatBuffer floats(FloatBuffer view, ShapeRules.Operand port) {
        check(port, DType.F32);
        return view;
    }

    private static void check(ShapeRules.Operand port, DType asked) {
        if (port.dtype() != asked) {
            throw new IllegalStateException("session: " + port.name() + " is " + port.dtype() + " but was asked for as "
                    + asked + "; take it with "
                    + switch (port.dtype()) {
                        case F32 -> "input or output";
                        case I32 -> "intInput or intOutput";
                        case U8 -> "inputBytes or outputBytes";
                    });
        }
    }

    /**
     * Returns the input of this name as bytes in native order. This is the buffer itself, for F32 and I32 inputs too.
     *
     * @throws IllegalArgumentException if there is none
     */
    public ByteBuffer inputBytes(String name) {
        return in[find("input", plan.inputs, name)];
    }

    /**
     * Returns the output of this name as bytes in native order. This is the buffer itself, for F32 and I32 outputs too.
     *
     * @throws IllegalArgumentException if there is none
     */
    public ByteBuffer outputBytes(String name) {
        return out[find("output", plan.outputs, name)];
    }

    /**
     * Returns output number {@code i} as bytes in native order. Outputs have the order in which the frozen function returned them.
     *
     * @throws IndexOutOfBoundsException if there is none
     */
    public ByteBuffer outputBytes(int i) {
        port(plan.outputs, i, "output");
        return out[i];
    }

    /**
     * Returns the F32 input of this name. Each call makes a new view, so keep it.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if it is not F32
     */
    public FloatBuffer input(String name) {
        int i = find("input", plan.inputs, name);
        return floats(in[i].asFloatBuffer(), plan.inputs.get(i));
    }

    /**
     * Returns the I32 input of this name, such as tokens. Each call makes a new view, so keep it.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if it is not I32
     */
    public IntBuffer intInput(String name) {
        int i = find("input", plan.inputs, name);
        check(plan.inputs.get(i), DType.I32);
        return in[i].asIntBuffer();
    }

    /**
     * Returns the F32 output of this name. Each call makes a new view, so keep it.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if it is not F32
     */
    public FloatBuffer output(String name) {
        return output(find("output", plan.outputs, name));
    }

    /**
     * Returns the I32 output of this name, such as classes. Each call makes a new view, so keep it.
     *
     * @throws IllegalArgumentException if there is none
     * @throws IllegalStateException if it is not I32
     */
    public IntBuffer intOutput(String name) {
        int i = find("output", plan.outputs, name);
        check(plan.outputs.get(i), DType.I32);
        return out[i].asIntBuffer();
    }

    /** Returns output number {@code i}, which is F32. Each call makes a new view, so keep it. */
    public FloatBuffer output(int i) {
        return floats(outputBytes(i).asFloatBuffer(), plan.outputs.get(i));
    }

    private static ShapeRules.Operand port(List<ShapeRules.Operand> ports, int i, String kind) {
        if (i < 0 || i >= ports.size()) {
            throw new IndexOutOfBoundsException(
                    "session: no " + kind + " has number " + i + "; numbered from 0, there are "
                            + ports.stream().map(ShapeRules.Operand::name).toList());
        }
        return ports.get(i);
    }

    private static int find(String kind, List<ShapeRules.Operand> ports, String name) {
        for (int i = 0; i < ports.size(); i++) {
            if (ports.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new IllegalArgumentException("session: no " + kind + " is called " + name + "; there are "
                + ports.stream().map(ShapeRules.Operand::name).toList());
    }

    /** Returns the shape of input number {@code i} of this session. */
    public Shape inputShape(int i) {
        return port(plan.inputs, i, "input").at(sizes);
    }

    /** Returns the shape of output number {@code i} of this session. */
    public Shape outputShape(int i) {
        return port(plan.outputs, i, "output").at(sizes);
    }

    /**
     * Returns the shape of the output of this name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Shape outputShape(String name) {
        return plan.outputs.get(find("output", plan.outputs, name)).at(sizes);
    }

    /**
     * Returns the names of the outputs that are no carried state, such as the logits beside it, in the order in which the frozen function returned
     * them.
     */
    public List<String> resultNames() {
        List<String> carried =
                plan.specs.stream().filter(Spec::isCarried).map(Spec::name).toList();
        return plan.outputs.stream()
                .map(ShapeRules.Operand::name)
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
     * Limits later runs to this many threads and returns this session. At first the limit is 0, which allows as many as the pool has.
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
     * @throws IllegalArgumentException if an index or a label in an input is out of range, with the sentence of an eager run: op, path and index
     * @throws IllegalStateException if the session or its plan is closed, or another thread is running it
     */
    public void run() {
        if (!STATE.compareAndSet(this, IDLE, RUNNING)) {
            throw refused();
        }
        try {
            if (plan.weights.closed()) {
                plan.check();
            }
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
        } finally {
            STATE.setRelease(this, IDLE);
        }
    }

    /**
     * Sets every carried input to zeros, so that the next run begins a new sequence. Other inputs, whose rows {@link #reorder} moves too, stay as they are.
     *
     * @throws IllegalStateException if the session is closed, or another thread is running it
     */
    public void reset() {
        if (!STATE.compareAndSet(this, IDLE, RUNNING)) {
            throw refused();
        }
        try {
            for (int i = 0; i < in.length; i++) {
                if (plan.specs.get(i).isCarried()) {
                    zero(in[i], 0, in[i].limit());
                }
            }
        } finally {
            STATE.setRelease(this, IDLE);
        }
    }

    /**
     * Replaces row i of every input that has {@link Dim#BATCH} by what row {@code from[i]} holds now: for beams that change rows, or a server that gives
     * a row to another sequence. Where {@code from[i]} is -1, row i of a carried input becomes zeros, as in a new session, and that of any other input
     * stays as it is. Rows from {@code from.length} on also stay as they are. A row that nobody uses goes on counting what is in its caches: begin it
     * anew before they are full.
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
        if (!STATE.compareAndSet(this, IDLE, RUNNING)) {
            throw refused();
        }
        try {
            for (int i = 0; i < in.length; i++) {
                int axis = plan.specs.get(i).axis(Dim.BATCH);
                if (axis >= 0) {
                    reorder(
                            in[i],
                            axis,
                            plan.inputs.get(i).at(sizes),
                            plan.specs.get(i).isCarried(),
                            from);
                }
            }
        } finally {
            STATE.setRelease(this, IDLE);
        }
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
            old = ByteBuffer.allocateDirect(block);
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
        for (Plan.Template t : plan.templates) {
            if (left == 0) {
                return new IllegalArgumentException(t.where() + ": "
                        + new KernelException(
                                        t.kernel(), status, header.getLong(8), header.getLong(16), header.getLong(24))
                                .getMessage());
            }
            left -= 1 + t.terms().size();
        }
        throw new AssertionError("the failing command is one of the plan");
    }

    private IllegalStateException refused() {
        return state == CLOSED
                ? new IllegalStateException(
                        "session is closed: it was closed at " + memory.closedAt() + "; use it before the close")
                : new IllegalStateException(
                        "session is running on another thread; give each thread its own plan.newSession()");
    }

    /** Closes the session after a run under way has ended. Buffers taken from it stay readable. Closing twice does nothing. */
    @Override
    public void close() {
        while (!STATE.compareAndSet(this, IDLE, CLOSED)) {
            if (state == CLOSED) {
                return;
            }
            Thread.onSpinWait();
        }
        memory.close();
        plan.weights.release();
    }
}
