/*
 * The gradient of few input channels: vectors of them would be mostly empty, so vectors run along the kh kw C floats that an output
 * reads. A product gives what each output adds to all of them, and the kw C of a row of taps, which lie side by side in dx as in w,
 * are added there. Every float of dx is a sum of chains over the channels of dy, one for each output, in an order of the shape alone.
 */
#ifndef FATHOM_COLUMNS_H
#define FATHOM_COLUMNS_H

#include "conv_axis.h"

struct columns {
    struct window g;
    int64_t n, add;
    const float *dy, *panels; /* w[K][kh kw C] as panels */
    float *dx;
};

/*
 * What some outputs of a row add: each has `rows` rows of `count` floats at x, which go to y. Meanwhile their pixels of dy in the
 * next block, of `depth` floats, come into L2: a product of few columns would wait for them.
 */
struct runs {
    int64_t outputs, count, rows, ldx, ldy;
    int64_t next_x, next_y; /* from an output to the next */
    const float *soon;
    int64_t depth, next_soon;
};
INLINE void runs_add(int64_t NV, const struct runs *t, const float *x, float *y) { /* count: NV vectors, of which the last may be less */
    int64_t last = t->count - (NV - 1) * VL, rows = t->rows, ldx = t->ldx, ldy = t->ldy;
    for (int64_t q = 0; q < t->outputs; q++, x += t->next_x, y += t->next_y) {
        const float *from = x;
        float *to = y;
        for (int64_t k = 0; k < t->depth; k += 16) __builtin_prefetch(t->soon + q * t->next_soon + k, 0, 2);
        for (int64_t r = 0; r < rows; r++, from += ldx, to += ldy) {
            UNROLLED for (int64_t j = 0; j < NV - 1; j++) v_store(to + j * VL, v_load(to + j * VL) + v_load(from + j * VL));
            v_store_n(to + (NV - 1) * VL, v_load_n(to + (NV - 1) * VL, last) + v_load_n(from + (NV - 1) * VL, last), last);
        }
    }
}
static void add_runs(const struct runs *t, const float *x, float *y) {
    int64_t vectors = ceil_div(t->count, VL);
    if (vectors == 1) runs_add(1, t, x, y);
    else if (vectors == 2) runs_add(2, t, x, y);
    else if (vectors == 4) runs_add(4, t, x, y);
    else if (vectors > 0) runs_add(vectors, t, x, y);
}

/* outputs o0 .. o1 by q0 .. q1 of image n: what they add to rows i0 .. i1 of dx; several rows of outputs are whole */
static void columns_block(const struct columns *t, int64_t n, int64_t o0, int64_t o1, int64_t q0, int64_t q1, int64_t i0, int64_t i1,
                          float *sums) {
    const struct window *g = &t->g;
    int64_t width = whole(columns_width(g)), line = padded(columns_width(g)), count = (o1 - o0) * (q1 - q0);
    const float *dy = t->dy + ((n * g->oh + o0) * g->ow + q0) * g->k;
    struct sweep sums_of = {.outer = 1, .inner = 1, .depth = g->k, .lda = g->k, .ldc = line};
    packed_product(sums_of, dy, t->panels, sums, count, width, 0, panel_count(width));
    struct axis rows = axis_rows(g), columns = axis_columns(g);
    rows.in = i1 - i0, rows.before += i0;
    int64_t inside0, inside1, ignored, apart = ceil_div(padded(g->kw * g->c), g->sw * g->c); /* outputs whose vectors share no floats */
    axis_outputs(&columns, 0, q0, q1, &inside0, &ignored);
    axis_outputs(&columns, g->kw - 1, q0, q1, &ignored, &inside1);
    for (int64_t o = o0; o < o1; o++, sums += (q1 - q0) * line) {
        int64_t r0, r1, run = g->kw * g->c, row = g->w * g->c;
        axis_taps(&rows, o, 0, g->kh, &r0, &r1);
        float *image = t->dx + ((n * g->h + o * g->sh - g->top + r0 * g->dh) * g->w - g->left) * g->c;
        struct runs s = {.rows = r1 - r0, .ldx = run, .ldy = g->dh * row, .next_x = apart * line, .next_y = apart * g->sw * g->c,
                         .depth = g->k, .next_soon = apart * g->k};
        for (int64_t first = q0; first < least(q0 + apart, q1); first++)
            for (int64_t q = first; q < q1; q += s.outputs * apart) {
                int64_t at = (q * g->sw - g->left) * g->c, from = clamp(-at, 0, run);
                s.count = clamp(row - at, from, run) - from;
                s.outputs = q >= inside0 && q < inside1 ? ceil_div(inside1 - q, apart) : 1;
                s.soon = dy + (count + (o - o0) * (q1 - q0) + q - q0) * g->k;
                add_runs(&s, sums + (q - q0) * line + r0 * run + from, image + q * g->sw * g->c + from);
            }
    }
}

static void columns_part(void *context, int64_t part, int64_t parts) {
    const struct columns *t = context;
    const struct window *g = &t->g;
    int64_t at_once = columns_at_once(g), row = g->w * g->c, rows = most(at_once / g->ow, 1), columns = least(at_once, g->ow), from, to;
    float *sums = fathom_own();
    fathom_range(t->n * g->h, 1, part, parts, &from, &to);
    if (!t->add) clear_rows(t->dx + from * row, row, to - from, row);
    for (int64_t next; from < to; from = next) {
        int64_t n = from / g->h, i0 = from % g->h, i1 = least(g->h, i0 + to - from);
        int64_t first = ceil_div(most(i0 + g->top - (g->kh - 1) * g->dh, 0), g->sh);
        int64_t end = least((i1 - 1 + g->top) / g->sh + 1, g->oh);
        for (int64_t o = first; o < end; o += rows)
            for (int64_t q = 0; q < g->ow; q += columns)
                columns_block(t, n, o, least(o + rows, end), q, least(q + columns, g->ow), i0, i1, sums);
        next = from + i1 - i0;
    }
}

#endif
