package dev.fathom.serve.http;

import dev.fathom.op.Checks;
import dev.fathom.pretrained.TextWriter;
import dev.fathom.serve.MicroBatcher.Statistics;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** What follows texts, of which so many are written at the same time. */
final class ServedWriter extends ServedText {
    private final TextWriter writer;
    private final Semaphore turns;
    private final LongAdder written = new LongAdder();
    private final LongAdder late = new LongAdder();
    private final LongAdder waited = new LongAdder();
    private final LongAdder ran = new LongAdder();

    ServedWriter(String name, TextWriter writer, int atOnce) {
        super(name, "writer");
        this.writer = writer;
        turns = new Semaphore(Checks.atLeast("ServedText", "atOnce", atOnce, 1), true);
    }

    TextWriter writer() {
        return writer;
    }

    /** Waits for its turn, which {@link #end} ends, and returns when it began. */
    long begin(Duration deadline) throws InterruptedException {
        long asked = System.nanoTime();
        long patience = deadline.isZero() ? Long.MAX_VALUE : deadline.toNanos();
        if (!turns.tryAcquire(patience, TimeUnit.NANOSECONDS)) {
            late.increment();
            throw new HttpException(
                    504, "the text was not begun before its deadline, since others are being written; ask again later");
        }
        long begin = System.nanoTime();
        waited.add(begin - asked);
        return begin;
    }

    /** Ends a turn that began then. */
    void end(long begin) {
        ran.add(System.nanoTime() - begin);
        turns.release();
    }

    void wrote() {
        written.increment();
    }

    @Override
    public Statistics statistics() {
        return new Statistics(
                written.sum(),
                written.sum(),
                turns.getQueueLength(),
                0,
                late.sum(),
                0,
                0,
                Duration.ofNanos(waited.sum()),
                Duration.ofNanos(ran.sum()));
    }

    @Override
    public void close() {
        writer.close();
    }

    @Override
    public String toString() {
        return name() + ": what follows texts";
    }
}
