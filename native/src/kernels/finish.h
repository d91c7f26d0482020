/* What follows the sums of linear and conv: y = act((sum + bias) + residual). */
#ifndef FATHOM_FINISH_H
#define FATHOM_FINISH_H

#include "tile.h"
#include "unary.h"

/*
 * Whether a tile does it in registers; else linear_finish does, where the sum has been written. Either way as in END (tile.c), for
 * the same bits.
 */
static inline int ends_in_tile(const struct linear_args *l) {
    return l && !l->pre && (l->row < 0 || l->row == UNARY_relu || l->row == UNARY_clamp);
}

/* the tile whose first result is c, of this channel, ends its sum */
static inline void end_tile(struct sweep *s, const struct linear_args *l, const float *c, int64_t channel) {
    s->end = l;
    s->bias = l->bias ? l->bias + channel : 0;
    s->residual = l->residual ? l->residual + (c - l->y) : 0;
}

/* sum[R][NV vectors] through the activation of a row that a tile ends in */
#define ACT(R, NV, row, p0, p1)                                                                                                \
    do {                                                                                                                       \
        if ((row) == UNARY_relu)                                                                                               \
            UNROLLED for (int i = 0; i < R; i++) UNROLLED for (int j = 0; j < NV; j++)                                         \
                sum[i][j] = unary_relu(sum[i][j], p0, p1);                                                                     \
        if ((row) == UNARY_clamp)                                                                                              \
            UNROLLED for (int i = 0; i < R; i++) UNROLLED for (int j = 0; j < NV; j++)                                         \
                sum[i][j] = unary_clamp(sum[i][j], p0, p1);                                                                    \
    } while (0)

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
