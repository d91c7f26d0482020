/*
 * 3x3 taps of stride 1 by F(2x2, 3x3) (Winograd 1980; Lavin and Gray 2016): 16 multiplications for four outputs instead of 36.
 *
 *     V = B' d B of 4x4 inputs d,   U = G g G' of the taps g,   y = A' M A of 2x2 outputs,   M = the sum over channels of U V
 *
 *          1  0 -1  0          1    0    0
 *     B' = 0  1  1  0      G = 1/2  1/2  1/2     A' = 1  1  1  0
 *          0 -1  1  0          1/2 -1/2  1/2          0  1 -1 -1
 *          0  1  0 -1          0    0    1
 *
 * Each of the 16 positions of M is a product of matrices [tiles, channels] by [channels, outputs] in the tiles of tile.h. A block of
 * tiles goes through all three steps while it lies in L2. An output reads those inputs only that its taps read, and is the same
 * whatever the block, the thread and the batch. Rounding errors are those of the sum itself; an infinite input makes NaN of some
 * outputs that would be infinite.
 */
#ifndef FATHOM_WINOGRAD_H
#define FATHOM_WINOGRAD_H

#include "conv_axis.h"

/* a convolution of stride 1 of x[n, h, w, depth] into y[n, oh, ow, width], or the gradient of one, which has the same form */
struct winograd {
    const float *x, *u; /* u[panel][position][depth][width of the panel] */
    float *y, *scratch;
    int64_t n, h, w, oh, ow, depth, width, ldy, top, left; /* ldy: floats from a pixel of y to the next */
    int64_t add, row_cuts;
    const struct linear_args *finish;
};

/* y of x and u */
#define winograd_images FOR_ISA(winograd_images)
HIDDEN void winograd_images(struct winograd *g);

struct winograd_filters {
    const float *w; /* [K, 3, 3, C] */
    float *u;
    int64_t c, k, turned; /* turned: for the gradient of x, from K channels to C, taps in reverse */
};
/* u of w */
#define winograd_filter FOR_ISA(winograd_filter)
HIDDEN void winograd_filter(struct winograd_filters *f);

/* the gradient of the taps: dU = the sum over tiles of V (A dy A'), dw = G' dU G */
struct winograd_weights {
    struct winograd g; /* the convolution; its y is not used */
    const float *dy;
    float *du, *dw, *scratch; /* du[position][K][padded(C)] */
    int64_t add, row_cuts;
};
#define winograd_gradient FOR_ISA(winograd_gradient)
HIDDEN void winograd_gradient(struct winograd_weights *w);

#endif
