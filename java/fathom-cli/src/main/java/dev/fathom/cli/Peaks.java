package dev.fathom.cli;

import dev.fathom.kernel.NativeRuntime;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.Locale;

/**
 * What the machine gives through Fathom's own ops: the best of as many runs as fit into a moment.
 *
 * @param products GFLOP/s of a matrix product
 * @param cache GB/s of a + b on arrays that the caches hold
 * @param memory GB/s of a + b on arrays that they do not
 */
public record Peaks(double products, double cache, double memory) {
    private static final int SIDE = 768;
    private static final int CACHED = 1 << 18;
    private static final int UNCACHED = 1 << 24;
    private static final int BYTES_OF_SUM = 3 * Float.BYTES;
    private static final long NANOS = 500_000_000;
    /** The first touches fresh pages and compiles. */
    private static final int RUNS = 3;

    /** Measures for a second and a half, on that many threads. */
    static Peaks measure(int threads) {
        NativeRuntime runtime = NativeRuntime.get();
        int before = runtime.threads();
        runtime.threads(threads);
        try (Pass pass = Pass.infer()) {
            Tensor square = Tensor.full(Shape.of(SIDE, SIDE), 0.5f);
            return new Peaks(rate(2.0 * SIDE * SIDE * SIDE, () -> square.matmul(square)), sum(CACHED), sum(UNCACHED));
        } finally {
            runtime.threads(before);
        }
    }

    private static double sum(int n) {
        Tensor a = Tensor.ones(n);
        Tensor b = Tensor.full(Shape.of(n), 2);
        return rate((double) BYTES_OF_SUM * n, () -> a.add(b));
    }

    /** Work for each nanosecond of the fastest run. */
    private static double rate(double work, Runnable run) {
        long best = Long.MAX_VALUE;
        long end = System.nanoTime() + NANOS;
        for (int i = 0; i < RUNS || System.nanoTime() < end; i++) {
            long start = System.nanoTime();
            try (Pass inner = Pass.infer()) { // its memory serves the next run
                run.run();
            }
            best = Math.min(best, System.nanoTime() - start);
        }
        return work / best;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%6.0f GFLOP/s   %6.0f GB/s in the caches   %6.0f GB/s in memory",
                products,
                cache,
                memory);
    }
}
