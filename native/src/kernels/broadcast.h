/* Operands that are broadcast to the dims of their result: loops over a pair of them, and the runs of the last dimension. */
#ifndef FATHOM_BROADCAST_H
#define FATHOM_BROADCAST_H

#include "loops.h"

/* m <= VL floats that lie `stride` apart */
static inline v v_strided(const float *p, int64_t stride, int64_t m) {
    v x = {0};
    for (int64_t l = 0; l < m; l++) x[l] = p[l * stride];
    return x;
}

/* all lanes the float (or int32) at p */
static inline v v_repeat(const float *p) {
    int32_t bits;
    memcpy(&bits, p, 4);
    return (v)vi_set(bits);
}

/* MAP of an expression of the operands va and vb for the strides sa and sb: dense or broadcast are loops of their own */
#define MAP_PAIR(y, stream, ...)                                                                                                 \
    do {                                                                                                                         \
        const v a0_ = v_repeat(a), b0_ = v_repeat(b);                                                                            \
        if (sa == 1 && sb == 1) MAP(y, n, stream, ({ const v va = v_read(a + i, m), vb = v_read(b + i, m); __VA_ARGS__; }));     \
        else if (sa == 1 && sb == 0) MAP(y, n, stream, ({ const v va = v_read(a + i, m), vb = b0_; __VA_ARGS__; }));             \
        else if (sa == 0 && sb == 1) MAP(y, n, stream, ({ const v va = a0_, vb = v_read(b + i, m); __VA_ARGS__; }));             \
        else                                                                                                                     \
            MAP(y, n, stream, ({ const v va = v_strided(a + i * sa, sa, m), vb = v_strided(b + i * sb, sb, m); __VA_ARGS__; })); \
    } while (0)

/* The runs of broadcast operands along the last dimension of their result, between two places of it. */
struct runs {
    const int64_t *dims, *strides[3];
    int operands;
    int64_t place, end, length, index[6], at[3]; /* at: the operands' offsets at place */
};

static inline void runs_trim(struct runs *r) {
    int64_t row = r->dims[5] - r->index[5], left = r->end - r->place;
    r->length = row < left ? row : left;
}
static inline struct runs runs_between(int64_t from, int64_t to, const int64_t *dims, const int64_t *const *strides, int operands) {
    struct runs r = {.dims = dims, .operands = operands, .place = from, .end = to};
    for (int o = 0; o < operands; o++) r.strides[o] = strides[o];
    for (int d = 5; d >= 0; d--) {
        r.index[d] = from % dims[d];
        from /= dims[d];
        for (int o = 0; o < operands; o++) r.at[o] += r.index[d] * strides[o][d];
    }
    runs_trim(&r);
    return r;
}
static inline void runs_next(struct runs *r) {
    r->place += r->length;
    int64_t step = r->length;
    for (int d = 5; d >= 0; d--) {
        r->index[d] += step;
        for (int o = 0; o < r->operands; o++) r->at[o] += step * r->strides[o][d];
        if (r->index[d] < r->dims[d]) break;
        for (int o = 0; o < r->operands; o++) r->at[o] -= r->dims[d] * r->strides[o][d];
        r->index[d] = 0;
        step = 1;
    }
    runs_trim(r);
}

#endif
