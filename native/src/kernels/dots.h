/*
 * The gradient of few input channels: vectors of them would be mostly empty, so vectors run along the channels of dy, and a float
 * of dx is the sum of the 16 lanes (vec.h) of a dot product. Lane i takes channels i, i + 16, .. of each tap in turn.
 */
#ifndef FATHOM_DOTS_H
#define FATHOM_DOTS_H

#include "conv_axis.h"

#if VL == 16
#define EACH_DOTS(X) X(1, 8) X(2, 8) X(3, 8) X(4, 6) X(5, 4) X(6, 4) X(7, 3) X(8, 3)
#else
#define EACH_DOTS(X) X(1, 4) X(2, 2) X(3, 2) X(4, 1) X(5, 1) X(6, 1) X(7, 1) X(8, 1)
#endif

/* a tap of w[K, kh, kw, C] as rows of K for each channel, in whole vectors */
static void dots_tap(const float *w, int64_t taps, int64_t tap, int64_t channels, int64_t depth, float *to) {
    for (int64_t c = 0; c < channels; c++)
        for (int64_t k = 0; k < padded(depth); k++)
            to[c * padded(depth) + k] = k < depth ? w[(k * taps + tap) * channels + c] : 0;
}
static inline int64_t dots_stride(const struct conv *g) { return padded(g->width) * g->depth; }

/*
 * y[P][C] (+)= dot products for outputs q .. q + P of a row, `rows` rows of taps and all columns; x and w are the first of these.
 * `edge`: taps may lie outside the row; they count as zeros.
 */
INLINE void dots_sum(int64_t C, int64_t P, int edge, const struct conv *g, const float *x, const float *w, float *y, int64_t q,
                     int64_t rows) {
    static const float zeros[16];
    int64_t depth = g->depth, line = padded(depth), stride = dots_stride(g);
    v16 sum[8][8];
    UNROLLED for (int p = 0; p < P; p++) UNROLLED for (int c = 0; c < C; c++) sum[p][c] = v16_zero();
    for (int64_t r = 0; r < rows; r++, x += g->rows.dilation * g->x_row)
        for (int64_t s = 0; s < g->columns.taps; s++, w += stride) {
            int64_t first = q + s * g->columns.dilation - g->columns.before;
            const float *from = x + first * g->x_pixel, *right = w;
            for (int64_t k = 0; k < depth; k += 16, from += 16, right += 16) {
                v16 left[8];
                UNROLLED for (int p = 0; p < P; p++) {
                    int outside = edge && (uint64_t)(first + p) >= (uint64_t)g->columns.in;
                    const float *at = outside ? zeros : from + p * g->x_pixel;
                    left[p] = k + 16 <= depth ? v16_load(at) : v16_load_n(at, depth - k);
                }
                UNROLLED for (int c = 0; c < C; c++) {
                    v16 one = v16_load(right + c * line);
                    UNROLLED for (int p = 0; p < P; p++) sum[p][c] = v16_fma(left[p], one, sum[p][c]);
                }
            }
        }
    UNROLLED for (int p = 0; p < P; p++) UNROLLED for (int c = 0; c < C; c++) {
        float *at = y + (q + p) * g->y_pixel + c, total = v16_total(sum[p][c]);
        *at = g->add ? *at + total : total;
    }
}

typedef void dots_fn(const struct conv *g, const float *x, const float *w, float *y, int64_t q, int64_t rows);
#define DOTS_OF(C, P, edge, name)                                                                                    \
    static void dots_##name##_##C(const struct conv *g, const float *x, const float *w, float *y, int64_t q, int64_t rows) { \
        dots_sum(C, P, edge, g, x, w, y, q, rows);                                                                   \
    }
#define DOTS(C, P) DOTS_OF(C, P, 0, inside) DOTS_OF(C, P, 1, edge) DOTS_OF(C, 1, 1, one)
EACH_DOTS(DOTS)
#define DOTS_ENTRY(C, P) [C] = {dots_inside_##C, dots_edge_##C, dots_one_##C, P},
static const struct {
    dots_fn *inside, *edge, *one;
    int64_t count;
} dots[] = {EACH_DOTS(DOTS_ENTRY)};
#undef DOTS_OF
#undef DOTS
#undef DOTS_ENTRY

static void dots_row(const struct conv *g, int64_t n, int64_t o) {
    int64_t r0, r1, full0, full1, ignored, out = g->columns.out, taps = g->columns.taps, some = dots[g->width].count;
    axis_taps(&g->rows, o, 0, g->rows.taps, &r0, &r1);
    axis_outputs(&g->columns, 0, 0, out, &full0, &ignored);
    axis_outputs(&g->columns, taps - 1, 0, out, &ignored, &full1);
    const float *x = g->x + n * g->x_image + (o + r0 * g->rows.dilation - g->rows.before) * g->x_row;
    const float *w = g->panels + r0 * taps * dots_stride(g);
    float *y = g->y + n * g->y_image + o * g->y_row;
    int64_t q = 0;
    for (; q + some <= out; q += some)
        (q >= full0 && q + some <= full1 ? dots[g->width].inside : dots[g->width].edge)(g, x, w, y, q, r1 - r0);
    for (; q < out; q++) dots[g->width].one(g, x, w, y, q, r1 - r0);
}

static void dots_rows(const struct conv *g, int64_t part, int64_t parts) {
    int64_t from, to;
    fathom_range(g->n * g->rows.out, 1, part, parts, &from, &to);
    for (; from < to; from++) dots_row(g, from / g->rows.out, from % g->rows.out);
}

#endif
