package dev.fathom.plan;

/** Dimensions that a {@link Spec} leaves open. */
public final class Dim {
    /** The batch: every session chooses its own. */
    public static final int BATCH = -1;

    /** The length of sequences: every session chooses its own. */
    public static final int LENGTH = -2;

    private Dim() {}
}
