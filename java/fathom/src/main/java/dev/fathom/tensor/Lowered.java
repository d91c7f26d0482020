package dev.fathom.tensor;

/** The base of a {@link Call} that another package of the library writes down instead of running. */
public abstract class Lowered extends Call {
    /** For the plan package. */
    protected Lowered() {}
}
