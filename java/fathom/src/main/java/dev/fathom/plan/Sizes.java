package dev.fathom.plan;

/**
 * The sizes of a plan's free dimensions in one trace or session.
 *
 * @param batch of {@link Dim#BATCH}, 0 where no input has it
 * @param length of {@link Dim#LENGTH}, 0 where no input has it
 */
record Sizes(int batch, int length) {
    /** The names of the free dimensions, for messages. */
    String names() {
        return length == 0 ? "batch size" : batch == 0 ? "length" : "batch size and length";
    }

    /** What names their ranges, for messages; empty where neither is free. */
    String ranges() {
        return (batch == 0 ? "" : "Spec.batch(min, max)")
                + (batch == 0 || length == 0 ? "" : " and ")
                + (length == 0 ? "" : "Spec.length(min, max, multipleOf)");
    }

    /** Those that are not the same in {@code other}; 0 for one that is. */
    Sizes changes(Sizes other) {
        return new Sizes(batch == other.batch ? 0 : batch, length == other.length ? 0 : length);
    }

    /** {@code batch 2 and length 16}: those that are free, or batch 1. */
    @Override
    public String toString() {
        return batch == 0 && length == 0
                ? "batch 1"
                : (batch == 0 ? "" : "batch " + batch)
                        + (batch == 0 || length == 0 ? "" : " and ")
                        + (length == 0 ? "" : "length " + length);
    }
}
