package dev.fathom.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.jni.Native;
import dev.fathom.kernel.NativeRuntime;
import java.util.function.Supplier;

/** Runs what a test compares on several threads, and sees to it that workers of the pool took part. */
public final class Workers {
    private static final int TRIES = 100;

    private Workers() {}

    /** Cuts all work into at least so many parts, also what is too small for threads; 0 ends that. */
    public static void parts(int n) {
        Native.forceParts(n);
    }

    /**
     * The result of {@code work} on a pool of so many threads, which stay set. A worker that gets no processor in time
     * is not waited for, so that on a busy machine the work is repeated until one has run a part of it.
     */
    public static <T> T with(int threads, Supplier<T> work) {
        NativeRuntime.get().threads(threads);
        long before = Native.poolCounter(1);
        T result = work.get();
        if (threads == 1) {
            assertThat(Native.poolCounter(1))
                    .as("parts run by workers of a pool without any")
                    .isEqualTo(before);
            return result;
        }
        if (Runtime.getRuntime().availableProcessors() == 1) {
            System.out.println("SKIPPED that workers took part: there is one processor");
            return result;
        }
        for (int i = 1; i < TRIES && Native.poolCounter(1) == before; i++) {
            result = work.get();
        }
        assertThat(Native.poolCounter(1))
                .as("parts run by workers of %d threads", threads)
                .isGreaterThan(before);
        return result;
    }
}
