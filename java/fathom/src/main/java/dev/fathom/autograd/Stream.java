package dev.fathom.autograd;

/** What lies below an Rng: random numbers of a scope, of which a recomputed layer draws the same again. */
public abstract class Stream {
    /** A stream from its beginning. */
    protected Stream() {}

    /** An independent copy of this stream, which gives the same numbers from here on. */
    protected abstract Stream copy();
}
