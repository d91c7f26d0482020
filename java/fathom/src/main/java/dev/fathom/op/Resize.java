package dev.fathom.op;

/** How {@code Tensor.resize} makes a place of the result, along each dimension of n places that become m. */
public enum Resize {
    /** The place floor(o n / m). */
    NEAREST,
    /** Between the two around (o + 1/2) n / m - 1/2, in proportion: the edges of both images meet (PyTorch's {@code align_corners=False}). */
    LINEAR,
    /** Between the two around o (n - 1) / (m - 1): the centers of the corner pixels meet ({@code align_corners=True}). */
    LINEAR_CORNERS,
    /** The average from floor(o n / m) to ceil((o + 1) n / m) - 1: adaptive average pooling. */
    AREA
}
