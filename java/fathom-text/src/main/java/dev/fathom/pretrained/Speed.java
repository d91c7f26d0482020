package dev.fathom.pretrained;

import java.util.concurrent.atomic.LongAdder;

/** How many tokens a second were read or written so far. Any number of threads may add to it. */
record Speed(LongAdder tokens, LongAdder nanos) {
    Speed() {
        this(new LongAdder(), new LongAdder());
    }

    /** Adds the work on so many tokens, which began at this time, by {@link System#nanoTime}, and ends now. */
    void add(long count, long begin) {
        tokens.add(count);
        nanos.add(System.nanoTime() - begin);
    }

    double perSecond() {
        long time = nanos.sum();
        return time == 0 ? 0 : tokens.sum() * 1e9 / time;
    }
}
