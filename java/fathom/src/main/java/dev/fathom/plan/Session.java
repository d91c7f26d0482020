package dev.fathom.plan;

import dev.fathom.kernel.KernelException;
import dev.fathom.kernel.Native;
import dev.fathom.memory.Block;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Shape;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One caller's memory for a {@link Plan} at one batch size: inputs, outputs, intermediates and the commands with every address filled in. {@link #run}
 * is one native call and allocates nothing. One call at a time: give each thread a session of its own.
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
    private final int batch;
    private final int threads;
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

    Session(Plan plan, int batch, int threads) {
        this.plan = plan;
        this.batch = batch;
        this.threads = threads;
        plan.check();
        in = buffers(plan.inputs);
        out = buffers(plan.outputs);
        Placement placement = Placement.of(plan.slots, batch);
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
                header.putLong(at, term.value().at(batch) + base(term.slot(), placement));
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

    private ByteBuffer[] buffers(List<Plan.Port> ports) {
        List<ByteBuffer> buffers = new ArrayList<>();
        for (Plan.Port p : ports) {
            double bytes = p.dtype().bytes();
            for (Affine d : p.dims()) {
                bytes *= d.at(batch);
            }
            if (bytes > Integer.MAX_VALUE - 64) {
                throw new IllegalArgumentException("newSession: " + p.name() + " would take " + (long) bytes
                        + " bytes at batch " + batch + ", more than a buffer holds; choose a smaller batch");
            }
            // 64 spare bytes to begin at a cache line
            ByteBuffer b = ByteBuffer.allocateDirect((int) bytes + 64);
            int skip = (int) (-Native.address(b) & 63);
            buffers.add(b.position(skip).limit(skip + (int) bytes).slice().order(ByteOrder.nativeOrder()));
        }
        return buffers.toArray(ByteBuffer[]::new);
    }

    /** The first input: write to it, then {@link #run}. The buffer is the same at every call and stays valid after the close. */
    public FloatBuffer input() {
        return floats(firstIn, plan.inputs.get(0));
    }

    /** The first output, valid until the next {@link #run}. */
    public FloatBuffer output() {
        return floats(firstOut, plan.outputs.get(0));
    }

    private static FloatBuffer floats(FloatBuffer view, Plan.Port port) {
        if (port.dtype() != DType.F32) {
            throw new IllegalStateException(
                    port.name() + " is " + port.dtype() + "; take its bytes with inputBytes or outputBytes");
        }
        return view;
    }

    /**
     * The input of this name as bytes in native order.
     *
     * @throws IllegalArgumentException if there is none
     */
    public ByteBuffer inputBytes(String name) {
        return in[find(plan.inputs, name)];
    }

    /**
     * Output number {@code i}, in the order in which the frozen function returned them, as bytes in native order.
     *
     * @throws IndexOutOfBoundsException if there is none
     */
    public ByteBuffer outputBytes(int i) {
        port(plan.outputs, i, "output");
        return out[i];
    }

    /** The input of this name as floats: a view made at each call, to be kept by the caller. */
    public FloatBuffer input(String name) {
        int i = find(plan.inputs, name);
        return floats(in[i].asFloatBuffer(), plan.inputs.get(i));
    }

    /** Output number {@code i} as floats: a view made at each call, to be kept by the caller. */
    public FloatBuffer output(int i) {
        return floats(outputBytes(i).asFloatBuffer(), plan.outputs.get(i));
    }

    private static Plan.Port port(List<Plan.Port> ports, int i, String kind) {
        if (i < 0 || i >= ports.size()) {
            throw new IndexOutOfBoundsException(
                    "session: no " + kind + " has number " + i + "; numbered from 0, there are "
                            + ports.stream().map(Plan.Port::name).toList());
        }
        return ports.get(i);
    }

    private static int find(List<Plan.Port> ports, String name) {
        for (int i = 0; i < ports.size(); i++) {
            if (ports.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new IllegalArgumentException("session: no input is called " + name + "; there are "
                + ports.stream().map(Plan.Port::name).toList());
    }

    /** The shape of an input at this session's batch size. */
    public Shape inputShape(int i) {
        return port(plan.inputs, i, "input").at(batch);
    }

    /** The shape of an output at this session's batch size. */
    public Shape outputShape(int i) {
        return port(plan.outputs, i, "output").at(batch);
    }

    /** Examples a run. */
    public int batch() {
        return batch;
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

    /**
     * Gives the memory back, after a run under way has ended; buffers taken from the session stay readable.
     *
     * @throws IllegalStateException if it is closed already
     */
    @Override
    public void close() {
        while (!STATE.compareAndSet(this, IDLE, CLOSED)) {
            if (state == CLOSED) {
                throw new IllegalStateException(
                        "close: the session was already closed at " + memory.closedAt() + "; close it once");
            }
            Thread.onSpinWait();
        }
        memory.close();
        plan.weights.release();
    }
}
