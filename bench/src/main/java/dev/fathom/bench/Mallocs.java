package dev.fathom.bench;

/** The counting malloc, which the driver preloads, as every contender's JVM can reach it. */
final class Mallocs {
    static {
        System.load(System.getenv("LD_PRELOAD")); // it is there already: this gives its functions to Java
    }

    private Mallocs() {}

    /** 1: counts from 0 what this thread and the threads of Fathom's workers call; 0: the calls since then. */
    static native long count(int mark);
}
