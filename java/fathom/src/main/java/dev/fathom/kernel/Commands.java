package dev.fathom.kernel;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;

/**
 * Writes commands into native memory and runs them: {@code begin(kernel)}, then its arguments in the order of {@code kernels.def}, then
 * {@code run()}. One buffer belongs to one thread at a time and is reused, so that an operation costs one JNI call and no allocation.
 */
public final class Commands {
    /** Status and detail, written by the native side in front of the commands. */
    static final int HEADER = 4;

    private static final int BYTES = 4096;

    private final long address;
    private final LongBuffer words;
    @SuppressWarnings("NullAway.Init") // begin sets it
    private Kernel kernel;
    private int at;

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
        at = HEADER + 1;
        return this;
    }

    /** An integer or an address. */
    public Commands put(long word) {
        words.put(at++, word);
        return this;
    }

    /** A float. */
    public Commands put(float value) {
        return put(Float.floatToRawIntBits(value) & 0xffffffffL);
    }

    /**
     * Runs the command.
     *
     * @throws IllegalStateException if it was not written whole
     * @throws KernelException if the kernel found bad data (a label or an index out of range)
     */
    public void run() {
        int count = at - HEADER;
        if (count != kernel.words() + 1) {
            throw new IllegalStateException(
                    kernel + " takes " + kernel.words() + " argument words but " + (count - 1) + " were written");
        }
        int status = Native.run(address, count);
        Reference.reachabilityFence(words);
        if (status != 0) {
            throw new KernelException(kernel, words.get(0), words.get(1), words.get(2), words.get(3));
        }
    }
}
