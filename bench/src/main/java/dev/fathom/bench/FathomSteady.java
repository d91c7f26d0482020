package dev.fathom.bench;

import com.sun.management.ThreadMXBean;
import dev.fathom.jni.Native;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;

/**
 * What a warm training step (batch 128, one thread) and a warm {@code session.run()} cost beside arithmetic: calls of
 * malloc, bytes of the Java heap, time outside the natives. Runs under the counting malloc.
 */
public final class FathomSteady {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /**
     * Mallocs are counted block by block and the median counts: the JVM itself allocates now and then in any thread.
     */
    private static final int BLOCKS = 20;

    /** With fewer steps, the last compiler of the JVM has not seen all of a step yet, and its time is twice as long. */
    private static final int WARM = 5000;

    private FathomSteady() {}

    /** How many steps to count. */
    public static void main(String[] args) {
        int steps = Integer.parseInt(args[0]);
        FathomMlp.Training training = new FathomMlp.Training();
        training.setup();
        javaTime(training, Math.max(WARM, steps / 2));
        say("step-java-time", javaTime(training, steps), "us");
        count("step", training::step, steps);
        training.check();

        FathomMlp.Latency latency = new FathomMlp.Latency();
        latency.setup();
        count("run", latency::run, 10 * steps);
        latency.check();
    }

    /** Median microseconds of a step outside the library. */
    private static double javaTime(FathomMlp.Training training, int steps) {
        double[] micros = new double[steps];
        Native.clock(1);
        for (int i = 0; i < steps; i++) {
            long inside = Native.nanos();
            long start = System.nanoTime();
            training.step();
            long all = System.nanoTime() - start;
            micros[i] = (all - (Native.nanos() - inside)) / 1e3;
        }
        Native.clock(0);
        return Duel.median(micros);
    }

    private static void count(String what, Runnable work, int times) {
        for (int i = 0; i < times; i++) { // warm
            work.run();
        }
        THREADS.getCurrentThreadAllocatedBytes();
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < times; i++) {
            work.run();
        }
        bytes = THREADS.getCurrentThreadAllocatedBytes() - bytes;
        say(what + "-java-bytes", (double) bytes / times, "B");
        if (Native.mallocCalls(1) < 0) {
            throw new IllegalStateException("the counting malloc is not preloaded");
        }
        double[] calls = new double[BLOCKS];
        int each = times / BLOCKS;
        for (int b = 0; b < BLOCKS; b++) {
            Native.mallocCalls(1);
            for (int i = 0; i < each; i++) {
                work.run();
            }
            calls[b] = (double) Native.mallocCalls(0) / each;
        }
        System.err.println(what + ": mallocs of each block " + Arrays.toString(calls));
        say(what + "-mallocs", Duel.median(calls), "calls");
    }

    private static void say(String name, double figure, String unit) {
        System.out.printf(Locale.ROOT, "%sok %s %.4f %s%n", Server.MARK, name, figure, unit);
    }
}
