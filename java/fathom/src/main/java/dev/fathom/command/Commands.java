package dev.fathom.command;

import dev.fathom.jni.Native;
import dev.fathom.kernel.Kernel;
import dev.fathom.kernel.KernelException;
import dev.fathom.kernel.NativeException;
import dev.fathom.kernel.NativeRuntime;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/**
 * Writes commands into native memory and runs them: {@code begin(kernel)}, then its arguments in the order of
 * {@code kernels.def}, then {@code run()}. One buffer belongs to one thread at a time and is reused, so that an
 * operation costs one JNI call and no allocation.
 */
public final class Commands {
    /** Status and detail, written by the native side in front of the commands. */
    static final int HEADER = 4;

    /** Where the arguments begin. */
    private static final int ARGUMENTS = HEADER + 1;

    private static final int BYTES = 4096;
    /** The word that no command reaches. */
    private static final int LAST = BYTES / Long.BYTES - 1;

    private final long address;
    private final LongBuffer words;

    @SuppressWarnings("NullAway.Init") // begin sets it
    private Kernel kernel;
    /** Argument words that are written. */
    private int count;

    /**
     * A buffer that the collector takes back with this object.
     *
     * @throws NativeException where the library cannot be loaded or configured
     */
    public Commands() {
        NativeRuntime.get();
        ByteBuffer bytes = ByteBuffer.allocateDirect(BYTES).order(ByteOrder.nativeOrder());
        address = Native.address(bytes);
        words = bytes.asLongBuffer();
    }

    /** Starts a command. */
    public Commands begin(Kernel kernel) {
        this.kernel = kernel;
        words.put(HEADER, kernel.ordinal() | (long) kernel.words() << 32);
        count = 0;
        return this;
    }

    /** The kernel of the command under way. */
    public Kernel kernel() {
        return kernel;
    }

    /** How many of its argument words are written. */
    public int count() {
        return count;
    }

    /**
     * Writes an integer.
     *
     * @throws IllegalStateException if the kernel takes no integer here
     */
    public Commands put(long value) {
        return write(Kernel.Kind.INTEGER, value);
    }

    /**
     * Writes a float.
     *
     * @throws IllegalStateException if the kernel takes no float here
     */
    public Commands put(float value) {
        return write(Kernel.Kind.FLOAT, Float.floatToRawIntBits(value) & 0xffffffffL);
    }

    /**
     * Writes an address, or 0 where the kernel allows it.
     *
     * @throws IllegalStateException if the kernel takes no address here
     */
    public Commands at(long address) {
        return write(Kernel.Kind.ADDRESS, address);
    }

    private Commands write(Kernel.Kind kind, long word) {
        if (!kernel.takes(count, kind)) {
            throw new IllegalStateException(kernel.refusal(count, kind));
        }
        words.put(ARGUMENTS + count++, word);
        return this;
    }

    /** Where a command may write one float, for {@link #readScalar} to read without a buffer. */
    public long scalar() {
        return address + Long.BYTES * LAST;
    }

    /** The float that a command wrote at {@link #scalar}. */
    public float readScalar() {
        return Float.intBitsToFloat((int) words.get(LAST)); // all platforms have the lowest byte first
    }

    private void checkWhole() {
        if (count != kernel.written()) {
            throw new IllegalStateException(
                    kernel + " takes " + kernel.written() + " argument words but " + count + " were written");
        }
    }

    /**
     * Bytes of scratch that the command written needs: 0 for most, -1 where it would need more than 1 TiB.
     *
     * @throws IllegalStateException if it was not written whole
     */
    public long scratchBytes() {
        checkWhole();
        if (!kernel.takesScratch()) {
            return 0;
        }
        long bytes = Native.scratchBytes(address + Long.BYTES * HEADER, 1 + kernel.words());
        Reference.reachabilityFence(words);
        return bytes;
    }

    /** Bytes of scratch that a command of these words would need, as {@link #scratchBytes()}; it is not run. */
    public long scratchBytes(Kernel kernel, long[] arguments) {
        begin(kernel);
        words.put(ARGUMENTS, arguments, 0, kernel.written());
        count = kernel.written();
        return scratchBytes();
    }

    /**
     * Runs a command that needs no scratch.
     *
     * @throws IllegalStateException if it was not written whole, or needs scratch
     * @throws KernelException if the kernel found bad data (a label or an index out of range)
     */
    public void run() {
        if (kernel.takesScratch() && scratchBytes() != 0) {
            throw new IllegalStateException(kernel + " needs scratch but was run without; ask scratchBytes() how much");
        }
        run(0);
    }

    /**
     * Runs the command with scratch of as many bytes as it needs, 0 for none.
     *
     * @throws IllegalStateException if it was not written whole
     * @throws KernelException if the kernel found bad data (a label or an index out of range)
     */
    public void run(long scratch) {
        checkWhole();
        if (kernel.takesScratch()) {
            words.put(ARGUMENTS + count, scratch);
        }
        int status = Native.run(address, 1 + kernel.words());
        Reference.reachabilityFence(words);
        if (status != 0) {
            throw new KernelException(kernel, words.get(0), words.get(1), words.get(2), words.get(3));
        }
    }
}
