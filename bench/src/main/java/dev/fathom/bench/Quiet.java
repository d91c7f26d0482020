package dev.fathom.bench;

import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.runner.IterationType;

/**
 * Has a measurement wait until the JVM's compilers have worked off what a benchmark's setup left them: on two cores
 * they would take a third of the time from a benchmark of two threads.
 */
public final class Quiet implements InternalProfiler {
    /** What the compilers do between two measurements is waited for if it takes longer than this. */
    private static final long BUSY_MILLIS = 20;

    /** Compilers count a method when they have finished it, which seldom takes longer. */
    private static final long STEP_MILLIS = 60;

    private static final int MOST_STEPS = 50;
    private static final CompilationMXBean COMPILERS = ManagementFactory.getCompilationMXBean();
    /** Their time when the last measurement of this process ended, in milliseconds. */
    private static long compiled;

    @Override
    public String getDescription() {
        return "waits for the JVM's compilers";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        if (iteration.getType() != IterationType.MEASUREMENT
                || COMPILERS.getTotalCompilationTime() - compiled < BUSY_MILLIS) {
            return;
        }
        try {
            long before = -1;
            for (int i = 0; i < MOST_STEPS && before != COMPILERS.getTotalCompilationTime(); i++) {
                before = COMPILERS.getTotalCompilationTime();
                Thread.sleep(STEP_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        if (iteration.getType() == IterationType.MEASUREMENT) {
            compiled = COMPILERS.getTotalCompilationTime();
        }
        return List.of();
    }
}
