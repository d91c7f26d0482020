package dev.fathom.autograd;

/** Random numbers of a scope, of which a recomputed layer draws the same again. */
public interface Stream {
    /** Returns an independent copy of this stream, which gives the same numbers from here on. */
    Stream copy();
}
