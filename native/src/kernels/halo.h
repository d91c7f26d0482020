/* Copies of a few rows of an image with their borders, so that every output of a joined window reads inside the copy. */
#ifndef FATHOM_HALO_H
#define FATHOM_HALO_H

#include "conv_shape.h"

/* a row of pixels with its borders: zeros, x, zeros */
static void halo_row(const float *x, int64_t count, int64_t before, float *to, int64_t width) {
    before = least(before, width); /* all of it, if strides step over x */
    int64_t exist = clamp(width - before, 0, count);
    EACH_VECTOR(before, v_put(to + i, v_set(0), m););
    copy_row(x, to + before, exist);
    EACH_VECTOR(width - before - exist, v_put(to + before + exist + i, v_set(0), m););
}

/* rows i0 .. i1 of an image of a joined window, to */
static void halo_copy(const struct window *g, const float *image, int64_t i0, int64_t i1, float *to) {
    int64_t width = halo_width(g);
    for (int64_t i = i0; i < i1; i++)
        halo_row(image + i * g->w * g->c, g->w * g->c, g->left * g->c, to + (i - i0) * width * g->c, width * g->c);
}

/* output rows [o0, end) whose input fits the copy, and the input rows i0 .. i1 that they read */
static int64_t halo_end(const struct window *g, int64_t o0, int64_t last, int64_t *i0, int64_t *i1) {
    int64_t rows = 1, end;
    while (halo_rows(g, rows + 1) * halo_width(g) * g->c <= halo_floats(g) && o0 + rows < last) rows++;
    end = o0 + rows;
    *i0 = clamp(o0 * g->sh - g->top, 0, g->h);
    *i1 = clamp((end - 1) * g->sh - g->top + (g->kh - 1) * g->dh + 1, *i0, g->h);
    return end;
}

#endif
