package dev.fathom.testing;

import dev.fathom.memory.Memory;

/** What the process owns by itself, without what earlier tests left to the garbage collector. */
public final class SettledMemory {
    private SettledMemory() {}

    /** Returns the bytes that are owned once the collector has taken what earlier tests left to it. */
    public static long owned() throws InterruptedException {
        long last;
        long now = Memory.stats().owned();
        do {
            last = now;
            System.gc();
            Thread.sleep(20);
            now = Memory.stats().owned();
        } while (now != last);
        return now;
    }
}
