/* What follows the sums of linear and conv: y = act((sum + bias) + residual). */
#ifndef FATHOM_FINISH_H
#define FATHOM_FINISH_H

#include "panels.h"
#include "unary.h"

/* the fields of a struct linear_args that stand for what follows, from the arguments of any such kernel */
#define LINEAR_END(a)                                                                                                           \
    .bias = (a)->bias, .residual = (a)->residual, .pre = (a)->pre, .y = (a)->y, .row = (a)->row, .p0 = (a)->p0, .p1 = (a)->p1

/*
 * Whether a tile does it in registers; else linear_finish does, where the sum has been written. Either way as in linear_end, for the
 * same bits.
 */
static inline int ends_in_tile(const struct linear_args *l) {
    return l && !l->pre && (l->row < 0 || l->row == UNARY_relu || l->row == UNARY_clamp);
}

/* For fathom_parts: what follows so many sums outside the tiles, beside what the sums take. */
static inline double end_nanos(const struct linear_args *l, int64_t count) {
    return l && l->row >= 0 && !ends_in_tile(l) ? (double)count * FUNCTION_NANOS : 0;
}

/* Rows of so many floats at most are ended together, while they lie in L1: a call of a function for few floats is mostly waiting. */
enum { ENDED_FLOATS = 2048 };

/* how many panels of results, of so many rows, are ended together: as many as stay in L2 until then */
static inline int64_t finished_panels(int64_t rows) { return clamp(l2_floats(8) / most(rows * TILE_VECS * VL, 1), 1, PANEL_GROUP); }

/* the tile whose first result is c, of this channel, ends its sum */
static inline void end_tile(struct sweep *s, const struct linear_args *l, const float *c, int64_t channel) {
    s->end = l;
    s->bias = l->bias ? l->bias + channel : 0;
    s->residual = l->residual ? l->residual + (c - l->y) : 0;
}

/* sum[R][NV vectors] through the activation of a row that a tile ends in */
INLINE void sum_act(int R, int NV, int64_t row, v p0, v p1, v (*sum)[TILE_CHAINS]) {
    if (row == UNARY_relu)
        UNROLLED for (int i = 0; i < R; i++) UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = unary_relu(sum[i][j], p0, p1);
    if (row == UNARY_clamp)
        UNROLLED for (int i = 0; i < R; i++) UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = unary_clamp(sum[i][j], p0, p1);
}

/* the epilogue of a tile of linear or conv: sum = act((sum + bias) + residual) */
INLINE void linear_end(int R, int NV, held_sweep *s, int64_t last, v (*sum)[TILE_CHAINS]) {
    const struct linear_args *end = (*s)->end;
    if (!end) return;
    const float *bias = (*s)->bias, *residual = (*s)->residual;
    v p0 = v_set(end->p0), p1 = v_set(end->p1);
    if (bias) UNROLLED for (int j = 0; j < NV; j++) {
        v one = tile_load(bias, j, NV, last);
        UNROLLED for (int i = 0; i < R; i++) sum[i][j] = sum[i][j] + one;
    }
    if (residual) {
        int64_t ldc = (*s)->ldc;
        UNROLLED for (int i = 0; i < R; i++, residual += ldc) {
            HERE(residual);
            UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = sum[i][j] + tile_load(residual, j, NV, last);
        }
    }
    sum_act(R, NV, end->row, p0, p1, sum);
}

/* where it has been written: rows i0 .. i1, columns j0 .. j1 of l->y */
#define linear_finish FOR_ISA(linear_finish)
HIDDEN void linear_finish(const struct linear_args *l, int64_t i0, int64_t i1, int64_t j0, int64_t j1);

static inline void linear_finish_part(void *context, int64_t part, int64_t parts) {
    const struct linear_args *l = context;
    int64_t from, to;
    fathom_range(l->m, 1, part, parts, &from, &to);
    linear_finish(l, from, to, 0, l->n);
}

#endif
