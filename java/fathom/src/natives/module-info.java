/** The kernels of one platform: a resource that {@code dev.fathom} loads. */
module dev.fathom.natives {}
