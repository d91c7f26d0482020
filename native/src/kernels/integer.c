/*
 * Integers: every row of integer.def with broadcasting, reductions, one-hot rows. An int32 travels in
 * the lanes of a vector of floats: loads, stores and selections move bits.
 */
#include "broadcast.h"
#include "indices.h"

/*
 * a / b toward 0, where INT32_MIN / -1 wraps around. Lanes without numbers hold 0, and so may a divisor that another thread writes:
 * its quotient is 0.
 */
static inline vi quotients(vi a, vi b) {
    for (int l = 0; l < VL; l++) a[l] = b[l] == -1 ? (int32_t)-(uint32_t)a[l] : b[l] == 0 ? 0 : a[l] / b[l];
    return a;
}

/* what a / b toward 0 leaves, with the sign of a, or of b where quotients are rounded down; 0 where b is 0 */
static inline vi remainders(vi a, vi b, int floored) {
    for (int l = 0; l < VL; l++) {
        a[l] = b[l] == -1 || b[l] == 0 ? 0 : a[l] % b[l];
        if (floored && a[l] != 0 && (a[l] ^ b[l]) < 0) a[l] += b[l];
    }
    return a;
}

/* a^b by squares; of the inverses, those of 1 and -1 alone are not truncated to 0 */
static inline vi powers(vi a, vi b) {
    vu y = (vu)vi_set(1), square = (vu)a;
    for (vu left = (vu)v_sel(b < 0, (v)(b & 1), (v)b); v_bits((vi)(left != 0)); left >>= 1, square *= square)
        y = (vu)v_sel((vi)((left & 1) != 0), (v)(y * square), (v)y);
    return (vi)v_sel((b < 0) & (a != 1) & (a != -1), v_set(0), (v)y);
}

#define INTEGER(name, f)                                                                                                         \
    static inline v integer_##name(vi a, vi b) { return (v)(f); }                                                                \
    static void integer_##name##_forward(const float *a, int64_t sa, const float *b, int64_t sb, float *y, int64_t n) {          \
        MAP_PAIR(y, 0, integer_##name((vi)va, (vi)vb));                                                                          \
    }
#include "integer.def"
#undef INTEGER

static void (*const integer_rows[])(const float *a, int64_t sa, const float *b, int64_t sb, float *y, int64_t n) = {
#define INTEGER(name, f) integer_##name##_forward,
#include "integer.def"
#undef INTEGER
};

static void integer_part(void *context, int64_t part, int64_t parts) {
    const struct integer_args *a = context;
    int64_t from, to;
    fathom_range(dims_count(a->dims), ELEMENT_GRAIN, part, parts, &from, &to);
    const int64_t *strides[] = {a->sa, a->sb};
    for (struct runs r = runs_between(from, to, a->dims, strides, 2); r.place < to; runs_next(&r))
        integer_rows[a->row]((const float *)a->a + r.at[0], a->sa[5], (const float *)a->b + r.at[1], a->sb[5], a->y + r.place,
                             r.length);
}

/* Whether no divisor is 0, before anything is written; else detail is the first that is. */
static int divisors_hold(const struct integer_args *a, int64_t *detail) {
    int64_t dims[6]; /* those along which b moves */
    for (int d = 0; d < 6; d++) dims[d] = a->sb[d] == 0 && a->dims[d] > 0 ? 1 : a->dims[d];
    const int64_t *strides[] = {a->sb}, n = dims_count(dims);
    if (n == 0) return 1;
    for (struct runs r = runs_between(0, n, dims, strides, 1); r.place < n; runs_next(&r))
        for (int64_t i = 0; i < r.length; i++)
            if (a->b[r.at[0] + i * a->sb[5]] == 0) {
                detail[0] = r.place + i;
                return 0;
            }
    return 1;
}

static int32_t k_integer(const struct integer_args *a, int64_t *detail) {
    const int divides = a->row == INTEGER_div || a->row == INTEGER_mod || a->row == INTEGER_fmod;
    if (divides && !divisors_hold(a, detail)) return FATHOM_BAD_DIVISOR;
    each_part(integer_part, a, dims_count(a->dims), FUNCTION_NANOS);
    return FATHOM_OK;
}

/* ---- reductions ---- */

enum { REDUCE_STRIP = 64 }; /* columns whose results stay in L1 */

/* `take` says of column c of line i whether its x replaces best[c], which is what is found, or where */
#define REDUCE_STRIP_BY(take)                                                                                                    \
    for (int64_t i = 1; i < a->r; i++)                                                                                           \
        for (int64_t c = 0; c < columns; c++) {                                                                                  \
            const int32_t value = x[i * a->inner + c];                                                                           \
            const int taken = value take best[c];                                                                                \
            best[c] = taken ? value : best[c];                                                                                   \
            place[c] = taken ? (int32_t)i : place[c];                                                                            \
        }

static void reduce_strip(const struct reduce_integers_args *a, const int32_t *x, int32_t *y, int64_t columns) {
    int32_t best[REDUCE_STRIP], place[REDUCE_STRIP] = {0};
    uint32_t sum[REDUCE_STRIP] = {0};
    const size_t bytes = (size_t)columns * sizeof(int32_t);
    if (a->kind == INTEGER_SUM) {
        for (int64_t i = 0; i < a->r; i++)
            for (int64_t c = 0; c < columns; c++) sum[c] += (uint32_t)x[i * a->inner + c];
        memcpy(y, sum, bytes);
        return;
    }
    if (a->kind == INTEGER_PROD) {
        for (int64_t c = 0; c < columns; c++) sum[c] = 1;
        for (int64_t i = 0; i < a->r; i++)
            for (int64_t c = 0; c < columns; c++) sum[c] *= (uint32_t)x[i * a->inner + c];
        memcpy(y, sum, bytes);
        return;
    }
    memcpy(best, x, bytes);
    if (a->kind == INTEGER_MAX || a->kind == INTEGER_ARGMAX) REDUCE_STRIP_BY(>)
    else REDUCE_STRIP_BY(<)
    memcpy(y, a->kind == INTEGER_ARGMAX || a->kind == INTEGER_ARGMIN ? place : best, bytes);
}

static void reduce_integers_part(void *context, int64_t part, int64_t parts) {
    const struct reduce_integers_args *a = context;
    int64_t from, to, strips = (a->inner + REDUCE_STRIP - 1) / REDUCE_STRIP;
    fathom_range(a->outer * strips, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        int64_t o = unit / strips, c = unit % strips * REDUCE_STRIP, left = a->inner - c;
        reduce_strip(a, a->x + o * a->r * a->inner + c, a->y + o * a->inner + c, left < REDUCE_STRIP ? left : REDUCE_STRIP);
    }
}

static int32_t k_reduce_integers(const struct reduce_integers_args *a, int64_t *detail) {
    (void)detail;
    if (a->r == 0 && a->kind != INTEGER_SUM && a->kind != INTEGER_PROD) return FATHOM_OK; /* nothing has a largest value */
    double nanos = (double)(a->outer * a->inner) * (5 + (double)a->r * (a->inner < 8 ? 1 : 0.2));
    fathom_parallel(reduce_integers_part, (void *)a, fathom_parts(nanos, a->outer * ((a->inner + REDUCE_STRIP - 1) / REDUCE_STRIP)));
    return FATHOM_OK;
}

/* ---- one-hot ---- */

static void one_hot_part(void *context, int64_t part, int64_t parts) {
    const struct indexed *c = context;
    const struct one_hot_args *a = c->args;
    int64_t from, to;
    fathom_range(a->rows, 1, part, parts, &from, &to);
    if (from < to) memset(a->y + from * a->classes, 0, (size_t)((to - from) * a->classes) * sizeof(float));
    for (int64_t i = from; i < to; i++) a->y[i * a->classes + index_at(a->labels, i, a->classes, c->detail)] = 1;
}
static int32_t k_one_hot(const struct one_hot_args *a, int64_t *detail) {
    if (!indices_below(a->labels, a->rows, a->classes, detail)) return FATHOM_BAD_LABEL;
    struct indexed c = {a, detail};
    double nanos = (double)(a->rows * a->classes) * MEMORY_NANOS + (double)a->rows * 3;
    fathom_parallel(one_hot_part, &c, fathom_parts(nanos, a->rows));
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_LABEL;
}

EXPORT(integer)
EXPORT(reduce_integers)
EXPORT(one_hot)
