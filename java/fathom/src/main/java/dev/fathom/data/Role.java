package dev.fathom.data;

/**
 * What a field is for. Nets are applied to the field that is the {@link #INPUT}, losses and metrics compare with the
 * one that is the {@link #TARGET}, and the names of both are free. A dataset has at most one of each.
 */
public enum Role {
    /** What a net sees: {@link Batch#x}. */
    INPUT("input"),
    /** What it should say: {@link Batch#y}. */
    TARGET("target"),
    /** Anything else, which a step of your own reads by its name. */
    OTHER("");

    /** The method of {@link Field} that gives it. */
    final String word;

    Role(String word) {
        this.word = word;
    }
}
