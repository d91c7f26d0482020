package dev.fathom.plan;

/** Dimensions of a {@link Spec} that follow what each session chooses. */
public final class Dim {
    /** The batch size, which every session chooses. */
    public static final int BATCH = -1;

    /** The length of sequences, which every session chooses. */
    public static final int LENGTH = -2;

    /** In an output, a dimension that follows the batch size or the length, and is equal to neither. */
    public static final int OPEN = -3;

    private Dim() {}
}
