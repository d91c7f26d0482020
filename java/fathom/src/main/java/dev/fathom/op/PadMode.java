package dev.fathom.op;

/** What lies beyond the edge of an image. Each mode shows the row a b c d with two pixels of padding on either side. */
public enum PadMode {
    /** 0 0 a b c d 0 0. */
    ZEROS,
    /** The closest pixel: a a a b c d d d. */
    REPLICATE,
    /** The image in a mirror, whose edge is not repeated: c b a b c d c b. */
    REFLECT,
    /** The image again, from its other side: c d a b c d a b. */
    CIRCULAR
}
