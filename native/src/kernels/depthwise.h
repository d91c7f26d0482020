/*
 * Convolution of every channel by a kernel of its own: vectors run over channels. A float that is read from memory is worth no
 * more than kh kw multiply-adds, so what counts is that it is read once and, from L1, not once per tap.
 */
#ifndef FATHOM_DEPTHWISE_H
#define FATHOM_DEPTHWISE_H

#include "conv_axis.h"

enum {
    DEPTHWISE_COST = 4, /* of a multiply-add, beside one of a tile */
    DEPTHWISE_UP = 2    /* conv.depthwise, where all phases of the gradient of x are computed together: its axes are those of conv */
};

/* panels of w[C, kh, kw]: for each vector of channels its taps side by side, the last vector filled up with zeros */
#define depthwise_pack FOR_ISA(depthwise_pack)
HIDDEN void depthwise_pack(const float *w, int64_t taps, int64_t channels, float *panels);
/* tap `tap` of w alone, which becomes tap `at` of `count` */
#define depthwise_tap FOR_ISA(depthwise_tap)
HIDDEN void depthwise_tap(const float *w, int64_t taps, int64_t tap, int64_t channels, float *panels, int64_t count, int64_t at);

/* whether DEPTHWISE_UP can be */
#define depthwise_has_up FOR_ISA(depthwise_has_up)
HIDDEN int depthwise_has_up(const struct axis *rows, const struct axis *columns);

/* a part of the rows of all images of a struct conv */
#define depthwise_rows FOR_ISA(depthwise_rows)
HIDDEN void depthwise_rows(void *conv, int64_t part, int64_t parts);

/* out[r][s][C] = the sum over output rows [from, to) of all images, for channels [c0, c1), c0 a multiple of VL */
#define depthwise_sum FOR_ISA(depthwise_sum)
HIDDEN void depthwise_sum(const struct weights *w, int64_t from, int64_t to, int64_t c0, int64_t c1, float *out);

#endif
