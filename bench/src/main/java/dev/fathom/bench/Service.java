package dev.fathom.bench;

/** The network of the rows {@code mlp-} as a contender serves it to callers, each on a thread of its own. */
public interface Service {
    /** What runs here. */
    String about();

    /** Makes what one caller needs; called on that caller's thread. */
    Caller caller() throws Exception;

    /** Answers the same question again and again, from float[] to float[]. */
    @FunctionalInterface
    interface Caller {
        /** The logits, which the next call may overwrite. */
        float[] answer() throws Exception;
    }
}
