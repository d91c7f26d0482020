/*
 * Convolution by the matrix of patches: a row of it holds, for one output pixel, the kh kw C floats that the pixel reads, zeros
 * where a tap lies outside the image. With it y = patches W^T, dx = the patches of dy W added up where they came from, and
 * dw = dy^T patches. This is the plain statement of the three, and what a foreign cblas_sgemm computes with.
 */
#ifndef FATHOM_IM2COL_H
#define FATHOM_IM2COL_H

#include "conv_shape.h"

/* what to do with the patches of an image, or with those made of the other side */
enum patches_of { PATCHES_CONV, PATCHES_DATA, PATCHES_WEIGHTS };

/* all output rows of n images, as many patches at a time as the scratch holds; what is not needed is 0 */
struct blas_conv {
    enum patches_of what;
    const struct window *g;
    int64_t n;
    const float *x, *w, *dy;
    float *y, *dx, *dw;
    int64_t add;
    float *scratch;
};

#define multiply_patches FOR_ISA(multiply_patches)
HIDDEN void multiply_patches(const struct blas_conv *b);

#endif
