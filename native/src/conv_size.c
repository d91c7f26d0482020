/* Bytes the convolution kernels ask for: the same for every ISA, and for any number of images. */
#include "conv_size.h"

int64_t fathom_conv_scratch(int64_t which, int64_t n, int64_t h, int64_t w, int64_t c, int64_t oh, int64_t ow, int64_t k,
                            int64_t kh, int64_t kw, int64_t sh, int64_t sw, int64_t dh, int64_t dw, int64_t top, int64_t left,
                            int64_t groups) {
    struct window g = {h, w, c, oh, ow, k, kh, kw, sh, sw, dh, dw, top, left, groups};
    int64_t patches = 16 + most(PATCH_FLOATS, ow * kh * kw * (c / groups)); /* for a backend that is chosen later */
    g = simplified(g, &n);
    int64_t depth = g.c / groups, width = g.k / groups, taps = g.kh * g.kw, floats = 16;
    if (is_depthwise(&g) && which < 2) floats += padded(c) * taps;
    else if (which == 0) floats += groups * padded(width) * taps * depth;
    else if (which == 1) floats += groups * padded(depth) * taps * width;
    if (is_winograd(&g) && which < 2) floats = 16 + winograd_packed(which ? k : c, which ? c : k);
    if (is_winograd(&g) && which != 2) floats += SLOTS * winograd_slot(which == 1 ? k : c);
    if (is_winograd(&g) && which == 2) floats += 16 * k * padded(c) + SLOTS * winograd_weights_slot(c, k);
    else if (which == 2) floats += (is_split_weights(&g) ? SPLITS : 1) * weights_floats(&g);
    if (which != 1) floats += SLOTS * halo_floats(&g);
    if ((which == 0 || which == 3) && is_planes(&g)) floats += padded(g.k * taps * g.c) + SLOTS * planes_slot(&g);
    if (which == 2 && is_banded(&g)) floats += SLOTS * banded_floats(&g);
    return (which == 3 ? floats : most(floats, patches)) * 4;
}

int64_t fathom_conv_winograd(int64_t h, int64_t w, int64_t c, int64_t oh, int64_t ow, int64_t k, int64_t kh, int64_t kw, int64_t sh,
                             int64_t sw, int64_t dh, int64_t dw, int64_t top, int64_t left, int64_t groups) {
    struct window g = {h, w, c, oh, ow, k, kh, kw, sh, sw, dh, dw, top, left, groups};
    return is_winograd(&g);
}
