/*
 * So few channels are computed that vectors of them would be mostly empty. Vectors run along the image instead: in first layers
 * and in last ones, which make images.
 *
 * Forward, the sides change places: left are the weights, right is the image, channel by channel, with its border. Outputs are
 * numbered through the rows of the image with its border, so that a vector may cross from one row into the next; the outputs that
 * do not exist are computed and left out. The sums [K][outputs] are then turned.
 *
 * Weights, one channel: out[r][j, k] = sum over columns p of x[row r][p] dy[p + j][k], where dy has a border of kw - 1 outputs:
 * kw K neighboring floats of dy, all taps of a row and channels at once, are one right side. Tap s is j = kw - 1 - s.
 */
#ifndef FATHOM_PLANES_H
#define FATHOM_PLANES_H

#include "conv_axis.h"

/* ---- forward ---- */

struct planes {
    struct window g;
    int64_t n, ldy; /* floats from a pixel of y to the next */
    const float *x, *w; /* w[k][c][r][s] */
    float *y;
    const struct linear_args *finish;
};

#if VL == 16
/* turn_planes where the pixels lie close together */
static void turn_dense(const float *sums, int64_t ld, int64_t k, int64_t count, float *y) {
    typedef float half __attribute__((vector_size(2 * VL), aligned(4), may_alias));
    for (int64_t q = 0; q < count; q += 2 * VL) { /* two blocks of 8 x 16 side by side */
        v x[VL];
        UNROLLED for (int i = 0; i < VL; i++) {
            x[i] = i % 8 < k ? v_load(sums + i % 8 * ld + q + i / 8 * VL) : v_set(0);
        }
        transpose_block(x);
        for (int64_t i = 0; i < 2 * VL && q + i < count; i++) {
            float *to = y + (q + i) * k;
            if ((q + i) * k + 8 > count * k) memcpy(to, (float *)(x + i % VL) + i / VL * 8, (size_t)k * 4);
            else *(half *)to = i < VL ? V_HALF(x[i % VL], 0) : V_HALF(x[i % VL], 8);
        }
    }
}
#endif

/* k <= FEW_OUTPUTS rows of `count` sums to pixels of k floats: y[q][i] = sums[i][q]; nothing is written behind the last */
static void turn_planes(const float *sums, int64_t ld, int64_t k, int64_t count, float *y, int64_t ldy) {
    if (k <= 4 && ldy == k) {
        interleave(sums, ld, k, count, y);
        return;
    }
#if VL == 16
    if (ldy == k) {
        turn_dense(sums, ld, k, count, y);
        return;
    }
#endif
    transpose(sums, ld, k, count, y, ldy, 0);
}

/* output rows o0 .. o0 + rows of image n */
static void planes_rows(const struct planes *p, int64_t n, int64_t o0, int64_t rows, float *scratch) {
    const struct window *g = &p->g;
    const struct linear_args *l = p->finish;
    int64_t line = halo_width(g), in_rows = rows + (g->kh - 1) * g->dh, plane = planes_floats(g), taps = g->kh * g->kw;
    int64_t count = rows * line, ld = planes_line(g), i0 = o0 - g->top;
    float *sums = scratch + g->c * plane;
    for (int64_t i = 0; i < in_rows; i++) {
        const float *from = p->x + ((n * g->h + i0 + i) * g->w - g->left) * g->c;
        int64_t q0 = least(g->left, line), q1 = clamp(g->w + g->left, q0, line);
        if (i0 + i < 0 || i0 + i >= g->h) q0 = q1 = line;
        for (int64_t c = 0; c < g->c; c++) {
            float *to = scratch + c * plane + i * line;
            memset(to, 0, (size_t)q0 * 4);
            memset(to + q1, 0, (size_t)(line - q1) * 4);
        }
        if (g->c == 1) memcpy(scratch + i * line + q0, from + q0, (size_t)(q1 - q0) * 4);
        else transpose(from + q0 * g->c, g->c, q1 - q0, g->c, scratch + i * line + q0, plane, 0);
    }
    struct sweep s = {.outer = g->c, .inner = g->kh, .depth = g->kw, .a_outer = taps, .a_inner = g->kw, .lda = taps * g->c,
                      .b_outer = plane, .b_inner = g->dh * line, .ldb = g->dw, .ldc = ld};
    for (int64_t q = 0; q < count; q += TILE_VECS * VL)
        panel_product(&s, TILE_VECS * VL, p->w, scratch + q, sums + q, g->k, 0);
    int here = l && !l->residual && !l->pre; /* what follows the sum is done before it is turned */
    for (int64_t k = 0; here && k < g->k; k++) {
        float *at = sums + k * ld;
        v bias = v_set(l->bias ? l->bias[k] : 0);
        if (l->bias) MAP(at, count, 0, v_get(at + i, m) + bias);
        if (l->row >= 0) unary_rows[l->row].forward(at, at, count, v_set(l->p0), v_set(l->p1), 0);
    }
    int64_t row = n * g->oh + o0;
    for (int64_t i = 0; i < rows; i++) turn_planes(sums + i * line, ld, g->k, g->ow, p->y + (row + i) * g->ow * p->ldy, p->ldy);
    if (l && !here) linear_finish(l, row * g->ow, (row + rows) * g->ow, 0, g->k);
}

SHARED void planes_part(void *context, int64_t part, int64_t parts) {
    const struct planes *p = context;
    int64_t from, to, rows;
    float *scratch = fathom_own();
    memset(scratch, 0, (size_t)(p->g.c * planes_floats(&p->g)) * 4); /* what lies behind the rows is read, too */
    fathom_range(p->n * p->g.oh, 1, part, parts, &from, &to);
    for (; from < to; from += rows) {
        int64_t o = from % p->g.oh;
        rows = least(planes_rows_at_once(&p->g), least(p->g.oh - o, to - from));
        planes_rows(p, from / p->g.oh, o, rows, scratch);
    }
}

/* ---- weights ---- */

/* out[r][j, k] = the sum over output rows [from, to) of all images; scratch for rows of dy with their border */
SHARED void banded_sum(const struct weights *w, int64_t from, int64_t to, float *scratch, float *out) {
    const struct window *g = &w->g;
    int64_t line = banded_line(g), at_once = banded_rows(g), before = g->kw - 1 - g->left, rows;
    clear_rows(out, w->out_row, g->kh, w->out_row);
    memset(scratch, 0, (size_t)banded_floats(g) * 4);
    for (; from < to; from += rows) {
        int64_t n = from / g->oh, o = from % g->oh, count, r0, r1;
        rows = least(at_once, least(g->oh - o, to - from));
        int64_t q0 = most(-before, 0), q1 = clamp(g->w + g->left, q0, g->ow); /* the outputs that lie in the line */
        for (int64_t i = 0; i < rows && q0 < q1; i++)
            memcpy(scratch + i * line + (q0 + before) * g->k, w->dy + ((from + i) * g->ow + q0) * g->k,
                   (size_t)((q1 - q0) * g->k) * 4);
        for (int64_t i = 0; i < rows; i += count) { /* rows of outputs that all rows of taps read; others one by one */
            axis_taps(&w->rows, o + i, 0, g->kh, &r0, &r1);
            for (count = 1; r1 - r0 == g->kh && i + count < rows; count++) {
                int64_t a, b;
                axis_taps(&w->rows, o + i + count, 0, g->kh, &a, &b);
                if (b - a < g->kh) break;
            }
            struct sweep s = {.outer = 1, .inner = count, .depth = g->w, .a_inner = g->sh * g->w, .lda = g->dh * g->w,
                              .b_inner = line, .ldb = g->k, .ldc = w->out_row, .add = 1};
            const float *x = w->x + (n * g->h + (o + i) * g->sh - g->top + r0 * g->dh) * g->w;
            for (int64_t panel = 0; panel < panel_count(w->width); panel++) {
                int64_t j = panel_start(w->width, panel), width = panel_start(w->width, panel + 1) - j;
                panel_product(&s, width, x, scratch + i * line + j, out + r0 * w->out_row + j, r1 - r0, 0);
            }
        }
    }
}

#endif
