/*
 * Integers: every row of integer.def with broadcasting, conversions between types, one-hot rows. An int32 travels in the
 * lanes of a vector of floats: loads, stores and selections move bits.
 */
#include "broadcast.h"
#include "bytes.h"
#include "indices.h"

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
static int32_t k_integer(const struct integer_args *a, int64_t *detail) {
    (void)detail;
    each_part(integer_part, a, dims_count(a->dims), FUNCTION_NANOS);
    return FATHOM_OK;
}

/* ---- conversions ---- */

enum cast_kind { FLOATS_TO_INTS, INTS_TO_FLOATS, BYTES_AS_FLOATS, BYTES_AS_INTS };

/* toward 0, saturating, NaN to 0 */
static inline vi v_ints(v x) {
    v inside = v_max(v_set(-0x1p31f), v_min(v_set(0x1.fffffep30f), v_sel(x == x, x, v_set(0))));
    return (vi)v_sel(x >= 0x1p31f, (v)vi_set(INT32_MAX), (v)__builtin_convertvector(inside, vi));
}

static void cast_part(void *context, int64_t part, int64_t parts) {
    const struct cast_args *a = context;
    int64_t from, to;
    fathom_range(a->n, ELEMENT_GRAIN, part, parts, &from, &to);
    const float *x = (const float *)a->x + from;
    const uint8_t *bytes = a->x + from;
    float *y = a->y + from;
    const int64_t n = to - from;
    switch (a->kind) {
    case FLOATS_TO_INTS: MAP(y, n, 0, (v)v_ints(v_get(x + i, m))); break;
    case INTS_TO_FLOATS: MAP(y, n, 0, __builtin_convertvector((vi)v_get(x + i, m), v)); break;
    case BYTES_AS_FLOATS: MAP(y, n, 0, __builtin_convertvector(bytes_get(bytes + i, m), v)); break;
    default: MAP(y, n, 0, (v)bytes_get(bytes + i, m));
    }
}
static int32_t k_cast(const struct cast_args *a, int64_t *detail) {
    (void)detail;
    each_part(cast_part, a, a->n, MEMORY_NANOS);
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
EXPORT(cast)
EXPORT(one_hot)
