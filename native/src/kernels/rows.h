/*
 * What a row of contiguous values comes to: sums of terms, extremes and where they lie, softmax. The bits are those of reduce.c,
 * which also says what the kinds are.
 */
#ifndef FATHOM_ROWS_H
#define FATHOM_ROWS_H

#include "loops.h"

enum { STRIP = 256, BLOCKS = 16 };

/* the first n floats of p, 0 <= n <= 16, then `rest` */
static inline v16 v16_load_else(const float *p, int64_t n, float rest) {
    v16 r = v16_load_n(p, n);
    for (int i = 0; i < V16; i++) r.part[i] = v_sel(V_LANE + i * VL < (int32_t)n, r.part[i], v_set(rest));
    return r;
}

/* ---- the table of reduce.c; kind is a constant wherever these are inlined ---- */

INLINE int joins_max(int64_t kind) { return kind == REDUCE_MAX || kind == REDUCE_MIN; }
INLINE int finds(int64_t kind) { return kind == REDUCE_ARGMAX || kind == REDUCE_ARGMIN; }
INLINE int is_shifted(int64_t kind) { return kind == REDUCE_VARIANCE || kind == REDUCE_LOGSUMEXP; }

/* what joins to nothing */
INLINE float joins_from(int64_t kind) { return joins_max(kind) ? -INFINITY : kind == REDUCE_PROD ? 1 : 0; }
INLINE v v_join(int64_t kind, v a, v x) {
    return joins_max(kind) ? v_sel((x > a) | (x != x), x, a) : kind == REDUCE_PROD ? a * x : a + x;
}
INLINE float join(int64_t kind, float a, float x) {
    return joins_max(kind) ? (x > a || x != x ? x : a) : kind == REDUCE_PROD ? a * x : a + x;
}

INLINE v v_term(int64_t kind, v x, v shift) {
    switch (kind) {
    case REDUCE_MIN: return -x;
    case REDUCE_NORM1: return v_abs(x);
    case REDUCE_NORM: return x * x;
    case REDUCE_VARIANCE: return (x - shift) * (x - shift);
    case REDUCE_LOGSUMEXP: return v_exp(x - shift);
    default: return x;
    }
}

/* an x whose term changes nothing */
INLINE float no_value(int64_t kind, float shift) {
    switch (kind) {
    case REDUCE_MAX:
    case REDUCE_LOGSUMEXP: return -INFINITY;
    case REDUCE_MIN: return INFINITY;
    case REDUCE_VARIANCE: return shift;
    default: return 0;
    }
}

/* ---- rows of contiguous values ---- */

INLINE v16 v16_add_terms(int64_t kind, v16 s, v16 x, v shift) {
    for (int i = 0; i < V16; i++) s.part[i] = s.part[i] + v_term(kind, x.part[i], shift);
    return s;
}

INLINE float row_terms(int64_t kind, const float *x, int64_t n, float shift) {
    const v m = v_set(shift);
    const float none = no_value(kind, shift);
    v16 s0 = v16_zero(), s1 = s0, s2 = s0, s3 = s0;
    int64_t i = 0;
    if (n <= 16) return v16_total(v16_add_terms(kind, s0, none == 0 ? v16_load_n(x, n) : v16_load_else(x, n, none), m));
    for (; i + 64 <= n; i += 64) {
        s0 = v16_add_terms(kind, s0, v16_read(x + i), m);
        s1 = v16_add_terms(kind, s1, v16_read(x + i + 16), m);
        s2 = v16_add_terms(kind, s2, v16_read(x + i + 32), m);
        s3 = v16_add_terms(kind, s3, v16_read(x + i + 48), m);
    }
    if (i + 16 <= n) s0 = v16_add_terms(kind, s0, v16_load(x + i), m), i += 16;
    if (i + 16 <= n) s1 = v16_add_terms(kind, s1, v16_load(x + i), m), i += 16;
    if (i + 16 <= n) s2 = v16_add_terms(kind, s2, v16_load(x + i), m), i += 16;
    if (i < n) s3 = v16_add_terms(kind, s3, none == 0 ? v16_load_n(x + i, n - i) : v16_load_else(x + i, n - i, none), m);
    return v16_total(v16_add(v16_add(s0, s1), v16_add(s2, s3)));
}
static inline float row_sum(const float *x, int64_t n) { return row_terms(REDUCE_SUM, x, n, 0); }

/* the product in 16 virtual lanes */
static inline float row_product(const float *x, int64_t n) {
    float lanes[16];
    v16 s = v16_set(1);
    for (int64_t i = 0; i < n; i += 16) {
        v16 next = v16_load_else(x + i, n - i < 16 ? n - i : 16, 1);
        for (int p = 0; p < V16; p++) s.part[p] *= next.part[p];
    }
    v16_store(lanes, s);
    for (int half = 8; half; half /= 2)
        for (int i = 0; i < half; i++) lanes[i] *= lanes[i + half];
    return lanes[0];
}

/* the largest value that is not NaN, or -Inf */
static inline float row_largest(const float *x, int64_t n) {
    v16 m0 = v16_set(-INFINITY), m1 = m0, m2 = m0, m3 = m0;
    int64_t i = 0;
    for (; i + 64 <= n; i += 64) {
        m0 = v16_max(v16_load(x + i), m0);
        m1 = v16_max(v16_load(x + i + 16), m1);
        m2 = v16_max(v16_load(x + i + 32), m2);
        m3 = v16_max(v16_load(x + i + 48), m3);
    }
    for (; i + 16 <= n; i += 16) m0 = v16_max(v16_load(x + i), m0);
    if (i < n) m1 = v16_max(v16_load_else(x + i, n - i, -INFINITY), m1);
    return v16_largest(v16_max(v16_max(m0, m1), v16_max(m2, m3)));
}

/* the largest term of MAX or MIN; NaN wins */
INLINE float row_most(int64_t kind, const float *x, int64_t n) {
    v16 m0 = v16_set(-INFINITY), m1 = m0;
    vi nan = {0};
    int64_t i = 0;
    for (; i + 32 <= n; i += 32)
        for (int p = 0; p < V16; p++) {
            v x0 = v_term(kind, v_load(x + i + p * VL), m0.part[p]), x1 = v_term(kind, v_load(x + i + 16 + p * VL), m0.part[p]);
            m0.part[p] = v_max(x0, m0.part[p]);
            m1.part[p] = v_max(x1, m1.part[p]);
            nan |= (x0 != x0) | (x1 != x1);
        }
    for (; i < n; i += 16) {
        v16 last = v16_load_else(x + i, n - i < 16 ? n - i : 16, no_value(kind, 0));
        for (int p = 0; p < V16; p++) {
            v x0 = v_term(kind, last.part[p], m0.part[p]);
            m0.part[p] = v_max(x0, m0.part[p]);
            nan |= x0 != x0;
        }
    }
    return v_bits(nan) ? NAN : v16_largest(v16_max(m0, m1));
}

/* the first i with x[i] == value (or NaN, if value is NaN), or n */
static inline int64_t row_find(const float *x, int64_t n, float value) {
    for (int64_t i = 0; i < n; i += VL) {
        int64_t lanes = lane_count(n - i);
        v at = v_get(x + i, lanes);
        uint32_t bits = v_bits(value != value ? at != at : at == value) & (uint32_t)((1ull << lanes) - 1);
        if (bits) return i + __builtin_ctz(bits);
    }
    return n;
}

/* the first largest or smallest; the first NaN wins */
static inline int64_t row_argmax(const float *x, int64_t n) { return row_find(x, n, row_most(REDUCE_MAX, x, n)); }
static inline int64_t row_argmin(const float *x, int64_t n) { return row_find(x, n, -row_most(REDUCE_MIN, x, n)); }

/* the sum of a[i] b[i] in 2 x 16 virtual lanes */
static inline float row_dot(const float *a, const float *b, int64_t n) {
    v16 s0 = v16_zero(), s1 = s0;
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) {
        s0 = v16_fma(v16_load(a + i), v16_load(b + i), s0);
        s1 = v16_fma(v16_load(a + i + 16), v16_load(b + i + 16), s1);
    }
    if (i + 16 <= n) s0 = v16_fma(v16_load(a + i), v16_load(b + i), s0), i += 16;
    if (i < n) s1 = v16_fma(v16_load_n(a + i, n - i), v16_load_n(b + i, n - i), s1);
    return v16_total(v16_add(s0, s1));
}

/* ---- long sums ---- */

/* block b of the rows; cut at multiples of 64 */
static inline void block_rows(int64_t r, int64_t blocks, int64_t b, int64_t *r0, int64_t *r1) { fathom_range(r, 64, b, blocks, r0, r1); }

/* By the shape alone: enough rows for 16 blocks, and enough work for more than one thread. */
static inline int64_t reduce_blocks(int64_t r, int64_t inner) { return r >= 1024 && r * inner >= 65536 ? BLOCKS : 1; }

/* sum[columns] = join over the blocks, which lie `width` floats apart, as a tree */
static inline void join_blocks(int64_t kind, float *sum, int64_t width, int64_t columns) {
    for (int half = BLOCKS / 2; half; half /= 2)
        for (int b = 0; b < half; b++)
            for (int64_t c = 0; c < columns; c++) sum[b * width + c] = join(kind, sum[b * width + c], sum[(b + half) * width + c]);
}

/* the sum of x[n], with the bits of reduce */
static inline float sum_all(const float *x, int64_t n) {
    float sum[BLOCKS];
    if (reduce_blocks(n, 1) == 1) return row_sum(x, n);
    for (int64_t b = 0; b < BLOCKS; b++) {
        int64_t r0, r1;
        block_rows(n, BLOCKS, b, &r0, &r1);
        sum[b] = row_sum(x + r0, r1 - r0);
    }
    join_blocks(REDUCE_SUM, sum, 1, 1);
    return sum[0];
}

/* ---- softmax ---- */

/*
 * The sum of exp(x - max) in 16 virtual lanes; y (or 0) receives the terms. No x is above max, unless a NaN is among them, which makes
 * the sum NaN.
 */
INLINE float row_exp(const float *x, float *y, int64_t n, float max) {
    enum { SIDE = 4 }; /* vectors side by side: one exp alone is all latency */
    v16 sum = v16_zero();
    int64_t i = 0;
    for (; i + SIDE * VL <= n; i += SIDE * VL) { /* SIDE is a multiple of V16: vector k starts virtual lane k VL % 16 */
        v e[SIDE];
        for (int k = 0; k < SIDE; k++) e[k] = v_exp_down(v_load(x + i + k * VL) - max);
        for (int k = 0; k < SIDE; k++) {
            if (y) v_store(y + i + k * VL, e[k]);
            sum.part[k % V16] += e[k];
        }
    }
    for (; i < n; i += 16) {
        v16 e = v16_load_else(x + i, n - i < 16 ? n - i : 16, -INFINITY);
        for (int p = 0; p < V16; p++) {
            int64_t left = n - i - p * VL;
            if (left <= 0) break;
            v term = v_exp_down(e.part[p] - max);
            if (y) v_put(y + i + p * VL, term, lane_count(left));
            sum.part[p] += term;
        }
    }
    return v16_total(sum);
}

/* y[i] = x[i] * scale */
static inline void row_scale(const float *x, float *y, int64_t n, float scale) {
    EACH_VECTOR(n, v_put(y + i, v_get(x + i, m) * scale, m););
}

/* y[i] = softmax, or where y is 0 nothing; returns sum exp(x - max) and max */
INLINE float row_softmax(const float *x, float *y, int64_t n, float *max) {
    if (n > 16) {
        *max = row_largest(x, n);
        float sum = row_exp(x, y, n, *max);
        if (y) row_scale(y, y, n, 1 / sum);
        return sum;
    }
    v16 e = v16_load_else(x, n, -INFINITY); /* few classes: all in registers, and the same bits */
    *max = v16_largest(e);
    for (int p = 0; p < V16; p++) e.part[p] = p * VL < n ? v_exp_down(e.part[p] - *max) : v_set(0);
    float sum = v16_total(e);
    for (int p = 0; y && p * VL < n; p++) v_put(y + p * VL, e.part[p] * (1 / sum), lane_count(n - p * VL));
    return sum;
}

#endif
