package dev.fathom.plan;

/** Dimensions that a {@link Spec} leaves open. */
public final class Dim {
    /** The batch: every session chooses its own. */
    public static final int BATCH = -1;

    private Dim() {}
}
