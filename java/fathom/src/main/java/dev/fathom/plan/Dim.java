package dev.fathom.plan;

/** Dimensions that a {@link Spec} leaves open for each session to choose. */
public final class Dim {
    /** The batch size, which every session chooses. */
    public static final int BATCH = -1;

    /** The length of sequences, which every session chooses. */
    public static final int LENGTH = -2;

    private Dim() {}
}
