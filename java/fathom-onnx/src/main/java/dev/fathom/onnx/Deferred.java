package dev.fathom.onnx;

/** A value that waits for what reads it, since one kernel may compute both. */
interface Deferred {
    /** The value by itself, for a reader of another kind. */
    Held held();
}
