package dev.fathom.serve.micrometer;

import dev.fathom.memory.Memory;
import dev.fathom.serve.FunctionBatcher;
import dev.fathom.serve.MicroBatcher;
import dev.fathom.serve.Served;
import dev.fathom.serve.SessionPool;
import dev.fathom.serve.StreamPool;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/**
 * Meters of what serves plans, and of the native memory:
 *
 * <pre>{@code
 * ServeMeters.of("digits", batcher).bindTo(registry);
 * ServeMeters.memory().bindTo(registry);
 * }</pre>
 *
 * <p>The name is the tag {@code name}. A registry takes the first of two things of one kind and name, so give each its
 * own.
 *
 * <table>
 *   <caption>What a registry gets</caption>
 *   <tr><th>meter</th><th>what it tells</th></tr>
 *   <tr><td>{@code fathom.serve.pool.sessions}, {@code .active}</td><td>sessions there are, and are lent</td></tr>
 *   <tr><td>{@code fathom.serve.pool.lent}, {@code .waits}, {@code .refusals}</td>
 *     <td>how often one was lent, a thread had to wait, and a poll found none</td></tr>
 *   <tr><td>{@code fathom.serve.streams.max}, {@code .size}, {@code .active}</td>
 *     <td>streams there may be, there are, and are in use</td></tr>
 *   <tr><td>{@code fathom.serve.streams.started}, {@code .evicted}</td><td>how many began, and were given up</td></tr>
 *   <tr><td>{@code fathom.serve.batcher.queued}</td><td>requests that wait</td></tr>
 *   <tr><td>{@code fathom.serve.batcher.requests}</td><td>requests by their {@code outcome}: computed, failed,
 *     rejected, late, canceled</td></tr>
 *   <tr><td>{@code fathom.serve.batcher.wait}</td><td>the time of requests in the queue</td></tr>
 *   <tr><td>{@code fathom.serve.batcher.run}</td><td>the time of batches</td></tr>
 *   <tr><td>{@code fathom.memory.used}, {@code .max}</td><td>native bytes by {@code area}, and the limit</td></tr>
 *   <tr><td>{@code fathom.memory.forgotten}</td><td>what was collected without a close</td></tr>
 * </table>
 */
public final class ServeMeters {
    private ServeMeters() {}

    /** Returns the meters of a pool. */
    public static MeterBinder of(String name, SessionPool pool) {
        return registry -> pool(new Meters<>(registry, "fathom.serve.pool.", name, pool, SessionPool::statistics));
    }

    /** Returns the meters of a pool whose plan may be replaced; its counters go on over all plans. */
    public static MeterBinder of(String name, Served served) {
        return registry -> pool(new Meters<>(registry, "fathom.serve.pool.", name, served, Served::statistics));
    }

    private static void pool(Meters<?, SessionPool.Statistics> meters) {
        meters.gauge("sessions", "Sessions that there are.", s -> s.sessions());
        meters.gauge("active", "Sessions that are lent.", s -> s.inUse());
        meters.counter("lent", "How often a session was lent.", s -> s.lent());
        meters.counter("waits", "How often a thread had to wait for a session.", s -> s.waits());
        meters.counter("refusals", "How often no session was free in time.", s -> s.refusals());
    }

    /** Returns the meters of streams. */
    public static MeterBinder of(String name, StreamPool<?> streams) {
        return registry -> {
            var meters = new Meters<>(registry, "fathom.serve.streams.", name, streams, s -> s.statistics());
            meters.gauge("max", "Streams that there may be.", s -> s.most());
            meters.gauge("size", "Streams that there are.", s -> s.streams());
            meters.gauge("active", "Streams whose call is under way.", s -> s.inUse());
            meters.counter("started", "Streams that began.", s -> s.started());
            meters.counter(
                    "evicted", "Streams whose state was given up for another, or for its age.", s -> s.evicted());
        };
    }

    /** Returns the meters of a batcher. */
    public static MeterBinder of(String name, MicroBatcher batcher) {
        return registry ->
                batcher(new Meters<>(registry, "fathom.serve.batcher.", name, batcher, MicroBatcher::statistics));
    }

    /** Returns the meters of a batcher of a function. */
    public static MeterBinder of(String name, FunctionBatcher<?, ?> batcher) {
        return registry -> batcher(new Meters<>(registry, "fathom.serve.batcher.", name, batcher, b -> b.statistics()));
    }

    private static void batcher(Meters<?, MicroBatcher.Statistics> meters) {
        meters.gauge("queued", "Requests that wait for a batch.", s -> s.waiting());
        meters.outcome("computed", s -> s.requests());
        meters.outcome("failed", s -> s.failed());
        meters.outcome("rejected", s -> s.rejected());
        meters.outcome("late", s -> s.late());
        meters.outcome("canceled", s -> s.canceled());
        meters.timer(
                "wait",
                "Time of requests in the queue.",
                s -> s.requests() + s.failed(),
                s -> s.waited().toNanos());
        meters.timer("run", "Time of batches.", s -> s.batches(), s -> s.ran().toNanos());
    }

    /** Returns the meters of the native memory of this process. */
    public static MeterBinder memory() {
        return registry -> {
            used(registry, "owned", "of models, plans, sessions, data sets and kept tensors", s -> s.owned());
            used(registry, "passes", "of passes that are open", s -> s.passes());
            used(registry, "pooled", "ready for the next pass", s -> s.pooled());
            used(registry, "buffers", "of the inputs and outputs of sessions", s -> s.buffers());
            Gauge.builder("fathom.memory.max", () -> Memory.stats().limit())
                    .baseUnit(BaseUnits.BYTES)
                    .description("The most that all areas may come to together.")
                    .register(registry);
            FunctionCounter.builder(
                            "fathom.memory.forgotten",
                            Memory.class,
                            c -> Memory.stats().forgotten())
                    .description("What was collected without a close.")
                    .register(registry);
        };
    }

    private static void used(MeterRegistry registry, String area, String what, ToLongFunction<Memory.Stats> value) {
        Gauge.builder("fathom.memory.used", () -> value.applyAsLong(Memory.stats()))
                .tag("area", area)
                .baseUnit(BaseUnits.BYTES)
                .description("Native memory " + what + ".")
                .register(registry);
    }

    /** Makes the meters of one object, which is held weakly by each of them. */
    private record Meters<T, S>(
            MeterRegistry registry, String prefix, String name, T object, Function<T, S> statistics) {
        private ToDoubleFunction<T> read(ToLongFunction<S> value) {
            Function<T, S> from = statistics; // no more than this, which must not hold the object
            return t -> value.applyAsLong(from.apply(t));
        }

        void gauge(String what, String description, ToLongFunction<S> value) {
            Gauge.builder(prefix + what, object, read(value))
                    .tag("name", name)
                    .description(description)
                    .register(registry);
        }

        void counter(String what, String description, ToLongFunction<S> value) {
            FunctionCounter.builder(prefix + what, object, read(value))
                    .tag("name", name)
                    .description(description)
                    .register(registry);
        }

        void outcome(String outcome, ToLongFunction<S> value) {
            FunctionCounter.builder(prefix + "requests", object, read(value))
                    .tag("name", name)
                    .tag("outcome", outcome)
                    .description("Requests by what became of them.")
                    .register(registry);
        }

        void timer(String what, String description, ToLongFunction<S> count, ToLongFunction<S> nanos) {
            Function<T, S> from = statistics;
            FunctionTimer.builder(
                            prefix + what,
                            object,
                            t -> count.applyAsLong(from.apply(t)),
                            read(nanos),
                            TimeUnit.NANOSECONDS)
                    .tag("name", name)
                    .description(description)
                    .register(registry);
        }
    }
}
