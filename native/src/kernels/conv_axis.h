/* What a convolution is to the kernels: two axes, and where the elements lie. */
#ifndef FATHOM_CONV_AXIS_H
#define FATHOM_CONV_AXIS_H

#include "conv_shape.h"
#include "finish.h"
#include "panels.h"

/* A function of a header that several units include and not all of them call. */
#define SHARED static __attribute__((unused))

/* ---- one dimension of a window: output o and tap t read input o stride + t dilation - before, where it exists ---- */

struct axis {
    int64_t in, out, taps, stride, dilation, before;
};

static inline struct axis axis_rows(const struct window *g) { return (struct axis){g->h, g->oh, g->kh, g->sh, g->dh, g->top}; }
static inline struct axis axis_columns(const struct window *g) { return (struct axis){g->w, g->ow, g->kw, g->sw, g->dw, g->left}; }

/* the first i >= 0 with start + i step >= 0 */
static inline int64_t first_inside(int64_t start, int64_t step) {
    return start >= 0 ? 0 : step == 1 ? -start : ceil_div(-start, step);
}
/* the taps from .. to that output o reads, among t0 .. t1 */
static inline void axis_taps(const struct axis *a, int64_t o, int64_t t0, int64_t t1, int64_t *from, int64_t *to) {
    int64_t start = o * a->stride - a->before;
    *from = clamp(first_inside(start, a->dilation), t0, t1);
    *to = clamp(first_inside(start - a->in, a->dilation), *from, t1);
}
/* the outputs from .. to that read tap t, among o0 .. o1 */
static inline void axis_outputs(const struct axis *a, int64_t t, int64_t o0, int64_t o1, int64_t *from, int64_t *to) {
    int64_t start = t * a->dilation - a->before;
    *from = clamp(first_inside(start, a->stride), o0, o1);
    *to = clamp(first_inside(start - a->in, a->stride), *from, o1);
}

static inline void clear_rows(float *y, int64_t ld, int64_t rows, int64_t count) {
    for (int64_t i = 0; i < rows; i++) memset(y + i * ld, 0, (size_t)count * 4);
}

/* The product of conv, and of a phase of conv_data. Depthwise: groups and depth are 1, and panels those of depthwise_pack. */
struct conv {
    struct axis rows, columns;
    const float *x;
    float *y;
    int64_t x_image, x_row, x_pixel, x_group; /* how far apart images, rows, pixels and groups of channels lie */
    int64_t y_image, y_row, y_pixel, y_group;
    int64_t n, groups, depth, width;          /* channels of a group: `depth` are read, `width` computed */
    const float *panels;                      /* of each group: packed, their rows in the order r, s, channel */
    int64_t add, depthwise;
    const struct linear_args *finish;
};

/* what follows the sums of outputs q0 .. q1 of row o of image n, channels c0 .. c1 */
static inline void conv_finish(const struct conv *g, int64_t n, int64_t o, int64_t q0, int64_t q1, int64_t c0, int64_t c1) {
    int64_t at = (n * g->rows.out + o) * g->columns.out;
    linear_finish(g->finish, at + q0, at + q1, c0, c1);
}

/*
 * out[tap][m rows][width] (+)= sum over pixels of left[m] right[width]. Straight: m are channels of dy and width those of x, so
 * out is dw. Joined: m are the kw C floats that a row of taps reads, width the channels of dy; out[r][kw C][K] is turned later.
 * Depthwise: out[r][s][C], and banded (planes.h), are turned as well.
 */
struct weights {
    struct window g;
    struct axis rows, columns; /* of taps: joined windows have one column */
    const float *x, *dy;
    float *out;
    int64_t n, x_image, x_row, joined, banded;
    int64_t m, width;                 /* of a group */
    int64_t copied;                   /* of a panel of x about so many pixels may be copied for each tap, or 0 */
    int64_t out_row, out_tap, out_group;
    int64_t add, splits, slot;        /* parts of the sum, and how far apart they lie */
    int64_t unit_cuts;                /* else the threads form a grid of so many ranges of units */
    float *dw;
};

/* multiply-adds at half the peak of a common core */
static inline double conv_nanos(double pixels, const struct window *g) {
    return pixels * (double)(g->k * g->kh * g->kw) * (double)(g->c / g->groups) / (4 * VL);
}

#endif
