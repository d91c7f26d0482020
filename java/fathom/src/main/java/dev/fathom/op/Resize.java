package dev.fathom.op;

/** How {@code Tensor.resize} computes position o of the result along each dimension, where n positions become m. */
public enum Resize {
    /** Takes the element at floor(o n / m). */
    NEAREST,
    /**
     * Interpolates linearly between the two elements around (o + 1/2) n / m - 1/2. The edges of both images meet
     * (PyTorch's {@code align_corners=False}).
     */
    LINEAR,
    /**
     * Interpolates linearly between the two elements around o (n - 1) / (m - 1). The centers of the corner pixels meet
     * (PyTorch's {@code align_corners=True}).
     */
    LINEAR_CORNERS,
    /** Averages the elements from floor(o n / m) to ceil((o + 1) n / m) - 1, which is adaptive average pooling. */
    AREA
}
