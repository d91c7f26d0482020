package dev.fathom.search;

/**
 * A trial that is finished.
 *
 * @param trial what was tried
 * @param score NaN if it failed
 * @param failure why it failed; empty if it did not
 */
public record Result(Trial trial, double score, String failure) {
    /** Returns whether it failed. */
    public boolean failed() {
        return !failure.isEmpty();
    }
}
