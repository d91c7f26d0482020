package dev.fathom.jni;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;
import org.bytedeco.javacpp.annotation.Raw;

/**
 * The C ABI of {@code fathom.h}, one method per function: scalars and addresses only, 7 to 10 ns a call.
 *
 * <p>This is the only class with {@code native} methods. JavaCPP writes their C++ side from this file at build time; at
 * run time none of JavaCPP is touched. Nothing is checked here: callers validate, and reach the library through
 * {@code NativeRuntime.get()} first, which loads it or says in words why it cannot be loaded.
 */
@Platform(include = "fathom_jni.h", library = "fathom")
@NoException
public final class Native {
    private Native() {}

    /**
     * Runs {@code count} words of commands that start at {@code words + 32}; the first four words receive the status
     * (the low half of the first; the high half is the number of the word at which the failing command starts) and its
     * detail.
     *
     * @return the status: 0, or what the first failing command reported
     */
    @Name("fathom_run")
    public static native int run(long words, long count);

    /** The number of the best instruction set that this processor and this build share. */
    @Name("fathom_best_isa")
    public static native int bestIsa();

    /** Chooses the kernels; -1 where the processor or the build lacks them. */
    @Name("fathom_select_isa")
    public static native int selectIsa(int isa);

    /**
     * The library's own tables as text, a row a line: 0 kernels {@code name:kinds} with a letter for each argument
     * word, 1 unary and 2 binary {@code name:params:reads}, 3 integer {@code name}, 4 update rules
     * {@code name:moments:params}.
     */
    @Raw(withEnv = true)
    @Name("fathom_jni_table")
    public static native String table(int which);

    /** The caches of this machine, by which kernels choose the size of blocks, as a line of text for people. */
    @Raw(withEnv = true)
    @Name("fathom_jni_machine")
    public static native String machine();

    /**
     * Maps zeroed pages, and returns 0 where the system refuses.
     *
     * @param huge whether to ask for huge pages
     * @param touch whether to touch every page now rather than at its first use
     */
    public static long map(long bytes, boolean huge, boolean touch) {
        return map0(bytes, (huge ? 1 : 0) + (touch ? 2 : 0));
    }

    /**
     * For tests: maps pages of 4 KiB, of which nobody may touch the first and the last, and returns 0 where the system
     * refuses. The bytes between these are 0xff, NaN as floats and -1 as integers.
     */
    public static long mapFenced(long bytes) {
        return map0(bytes, 4);
    }

    @Name("fathom_map")
    private static native long map0(long bytes, int how);

    /** Gives pages back to the system; both numbers as they went into and came from {@link #map}. */
    @Name("fathom_unmap")
    public static native int unmap(long address, long bytes);

    @Name("fathom_set_threads")
    public static native void setThreads(int n);

    @Name("fathom_threads")
    public static native int threads();

    /** Caps the threads that work of the calling thread may use; 0 lifts the cap. */
    @Name("fathom_cap_threads")
    public static native void capThreads(int n);

    /**
     * Keeps the calling thread, and the threads that its kernels use, on a socket, as one of {@code parts} that compute
     * beside each other; 0 parts let it go. Returns 1 if so, and 0 where there is one socket.
     */
    @Name("fathom_settle")
    public static native int settle(int part, int parts);

    /**
     * Cuts what the calling thread runs into {@code n} parts, or as many as it has pieces, however small it is; 0 cuts
     * it as it is worth. Tests compare the bits of results at different cuts.
     */
    @Name("fathom_force_parts")
    public static native void forceParts(int n);

    /**
     * A counter of the pool: 0 regions run by several threads, 1 parts run by workers, 2 wakes of parked workers, 3
     * regions the caller ran alone because the pool was busy.
     */
    @Name("fathom_pool_counter")
    public static native long poolCounter(int which);

    /** Starts (1, from zero) or stops (0) counting the nanoseconds that this thread spends in {@link #run}. */
    @Name("fathom_clock")
    public static native void clock(int on);

    /** Nanoseconds counted on this thread since {@code clock(1)}. */
    @Name("fathom_nanos")
    public static native long nanos();

    /** Bytes of a packed W[n, k], by whichever kernel packs. */
    @Name("fathom_packed_bytes")
    public static native long packedBytes(long n, long k);

    /**
     * Bytes of W[n, k] packed as int8, each row in so many runs; {@code Long.MAX_VALUE} where they are too many to
     * count.
     */
    @Name("fathom_int8_bytes")
    public static native long int8Bytes(long n, long k, long runs);

    /** Bytes of W[n, k] packed as bf16; {@code Long.MAX_VALUE} where they are too many to count. */
    @Name("fathom_bf16_bytes")
    public static native long bf16Bytes(long n, long k);

    /** Bytes of W[n, k] in blocks, of Q8 (0) or Q4 (1); {@code Long.MAX_VALUE} where they are too many to count. */
    @Name("fathom_blocks_bytes")
    public static native long blocksBytes(long kind, long n, long k);

    /** 1 where the chosen kernels multiply bytes by an instruction for that (VNNI), else 0: then they widen them. */
    @Name("fathom_int8_native")
    public static native int int8Native();

    /**
     * Bytes of scratch for the command of {@code count} words at {@code words}, of whose addresses it matters only
     * which are 0; -1 where it would need more than 1 TiB or its sizes make no sense.
     */
    @Name("fathom_scratch_bytes")
    public static native long scratchBytes(long words, long count);

    /**
     * 1 if packed filters are those of {@code winograd_pack}, 0 if those of {@code linear_pack}: of a convolution with
     * 3 by 3 taps of stride and dilation 1 from c channels in one group to k, where the smaller side of the result has
     * so many pixels.
     */
    @Name("fathom_conv_winograd")
    public static native int convWinograd(long c, long k, long pixels);

    /** The BLAS backend: 0 for our kernels, else the address of a {@code cblas_sgemm}. */
    @Name("fathom_set_blas")
    public static native void setBlas(long sgemm);

    /**
     * Calls of malloc and its kin by this thread and the pool's workers: 1 starts counting from 0, 0 tells the calls
     * since then; -1 where the counting malloc of {@code native/test} is not preloaded.
     */
    @Name("fathom_malloc_calls")
    public static native long mallocCalls(int mark);

    /**
     * A direct buffer in native byte order over {@code bytes < 2^31} bytes at {@code address}; it does not own the
     * memory.
     */
    public static ByteBuffer view(long address, long bytes) {
        return view0(address, bytes).order(ByteOrder.nativeOrder());
    }

    @Raw(withEnv = true)
    @Name("fathom_jni_view")
    private static native ByteBuffer view0(long address, long bytes);

    /** Where the memory of a direct buffer lies; it stays there while the buffer is reachable. */
    @Name("fathom_jni_address")
    public static native long address(@Raw(withEnv = true) ByteBuffer direct);
}
