package dev.fathom.plan;

import dev.fathom.memory.Memory;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one input or output of a session, and the two buffers through which callers see it: its elements, and
 * its bytes. Both are the same objects at every call, handed out from their beginning to their end.
 */
final class Port {
    private final String name;
    private final Shape shape;
    private final DType dtype;
    /** Never handed out, so that its limits stay. */
    final ByteBuffer memory;

    private final ByteBuffer bytes;
    private final Buffer elements;
    /** Whether a caller has set it or asked for its buffer, and no run has refused it since. */
    private boolean given;
    /**
     * The buffer through which it was last written in part, and how far; null where it was not, or was written as a
     * whole since.
     */
    private @Nullable Buffer partial;

    private int end;

    private Port(CallGraph.Value port, Sizes sizes) {
        this(port, allocate(port, sizes));
    }

    private Port(CallGraph.Value port, ByteBuffer memory) {
        name = port.name();
        shape = port.shape();
        dtype = port.dtype();
        this.memory = memory;
        bytes = memory.duplicate().order(ByteOrder.nativeOrder());
        elements = switch (dtype) {
            case F32 -> memory.asFloatBuffer();
            case I32 -> memory.asIntBuffer();
            case U8, I8 -> bytes;
            case F16, BF16 -> memory.asShortBuffer();
        };
    }

    /** Zeros for an input at the sizes of a session. */
    static Port input(CallGraph.Value port, Sizes sizes) {
        return new Port(port, sizes);
    }

    /**
     * Memory for an output at the sizes of a session, which a run writes as a whole; so that tests see where it does
     * not, it is NaN at first in fenced memory.
     */
    static Port output(CallGraph.Value port, Sizes sizes) {
        Port made = new Port(port, sizes);
        for (int i = 0; Memory.fenced() && i < made.memory.limit(); i++) {
            made.memory.put(i, (byte) -1);
        }
        return made;
    }

    /** An output that is computed in this memory. */
    Port sharing(CallGraph.Value output) {
        return new Port(output, memory);
    }

    /** An input of other sizes in this memory, from a byte on. */
    Port part(CallGraph.Value input, long from) {
        return new Port(input, memory.slice((int) from, (int) input.bytes()).order(ByteOrder.nativeOrder()));
    }

    private static ByteBuffer allocate(CallGraph.Value port, Sizes sizes) {
        long bytes = port.bytes();
        if (bytes > Integer.MAX_VALUE - 64) {
            throw new IllegalArgumentException("newSession: " + port.name() + " would take " + bytes + " bytes at "
                    + sizes + ", more than a buffer holds; choose a smaller " + sizes.names());
        }
        return Memory.buffer((int) bytes);
    }

    // ---- what callers see

    ByteBuffer bytes() {
        give();
        return bytes.clear().order(ByteOrder.nativeOrder());
    }

    FloatBuffer floats() {
        check(DType.F32);
        give();
        return (FloatBuffer) elements.clear();
    }

    IntBuffer ints() {
        check(DType.I32);
        give();
        return (IntBuffer) elements.clear();
    }

    /** Keeps what is about to be lost: how far the buffers were written. */
    private void give() {
        if (given) {
            look();
        }
        given = true;
    }

    private void look() {
        if (isWhole(elements) || isWhole(bytes)) {
            partial = null;
            given = true;
        } else {
            lookAt(elements);
            lookAt(bytes);
        }
    }

    private static boolean isWhole(Buffer b) {
        return b.position() > 0 && b.position() == b.capacity();
    }

    private void lookAt(Buffer b) {
        int written = b.position() == 0 ? b.limit() : b.position();
        if (written < b.capacity()) {
            partial = b;
            end = written;
        }
    }

    private void check(DType asked) {
        if (dtype != asked) {
            throw new IllegalStateException("session: " + name + " is " + dtype + " but was asked for as " + asked
                    + "; take it with "
                    + switch (dtype) {
                        case F32 -> "input or output";
                        case I32 -> "intInput or intOutput";
                        default -> "inputBytes or outputBytes";
                    });
        }
    }

    // ---- writing all of it

    void set(float[] values) {
        checkWhole(values.length, DType.F32, DType.F32);
        rewind();
        floats().put(0, values);
    }

    void set(int[] values) {
        checkWhole(values.length, DType.I32, DType.I32);
        rewind();
        ints().put(0, values);
    }

    void set(byte[] values) {
        checkWhole(values.length, DType.U8, DType.I8);
        rewind();
        bytes().put(0, values);
    }

    void set(short[] values) {
        checkWhole(values.length, DType.F16, DType.BF16);
        rewind();
        give();
        ((ShortBuffer) elements).put(0, values);
    }

    /** Writes the bytes of elements of its type, in native order. */
    void set(ByteBuffer elements) {
        checkWhole(elements.limit() / dtype.bytes(), dtype, dtype);
        rewind();
        bytes().put(0, elements, 0, elements.limit());
    }

    /** Writes this value to all of it. */
    void fill(int value) {
        rewind();
        IntBuffer all = ints();
        for (int i = 0; i < all.capacity(); i++) {
            all.put(i, value);
        }
    }

    private void checkWhole(int count, DType given, DType other) {
        if (dtype != given && dtype != other) {
            throw new IllegalArgumentException("set: input " + name + " " + shape + " is " + dtype + " but was given "
                    + given + " values; give "
                    + switch (dtype) {
                        case F32 -> "a float[]";
                        case I32 -> "an int[]";
                        case U8, I8 -> "a byte[]";
                        case F16, BF16 -> "a short[] of their bits";
                    });
        }
        if (count != shape.size()) {
            throw new IllegalArgumentException("set: input " + name + " " + shape + " takes " + shape.size()
                    + " values but " + count + " were given; give one for each element");
        }
    }

    // ---- before a run

    /** Refuses an input that nobody has written, or that relative writes have filled in part only. */
    void checkWritten() {
        look();
        Buffer b = partial;
        if (b != null) {
            partial = null;
            given = false; // whoever asks for it from now on knows
            throw new IllegalStateException("run: input " + name + " " + shape + " was written only up to " + end
                    + " of " + b.capacity() + (b == elements ? " elements" : " bytes")
                    + ", and the rest would be that of an earlier run; write all of it, as session.set does");
        }
        if (!given) {
            throw new IllegalStateException("run: input " + name + " " + shape
                    + " was never written; write it with session.set(\"" + name + "\", values)");
        }
    }

    /**
     * Refuses NaN and infinity.
     *
     * @throws IllegalArgumentException naming the first that is not finite
     */
    void checkFinite() {
        for (int i = 0; i < shape.size() && !dtype.isWhole(); i++) {
            if (!Double.isFinite(dtype.get(memory, i))) {
                throw new IllegalArgumentException("run: input " + name + " " + shape + " holds "
                        + dtype.text(memory, i) + " at element " + i
                        + " but must be finite; remove it, or call checkFinite(false)");
            }
        }
    }

    /** Counts as never written again. */
    void forget() {
        rewind();
        given = false;
    }

    /** Puts the buffers back to their beginning, for the next relative writes and reads. */
    void rewind() {
        partial = null;
        elements.clear();
        bytes.clear();
    }
}
