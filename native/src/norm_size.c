/* Bytes the normalizing kernels ask for: the same for every ISA, and affine in outer. */
#include "norm_size.h"

int64_t fathom_norm_scratch(int64_t given, int64_t outer, int64_t rows, int64_t c) {
    if (rows == 1 && !given) return 4 * 2 * NORM_BLOCKS * c; /* a part of the parameters' gradients for each block */
    struct norm_view w = norm_view_of(rows, c);
    return 4 * (2 * w.width + outer * norm_each(outer, w));
}
