/*
 * y[n] = f(x[n]) and y[dims] = f(a, b) with broadcasting, and their derivatives: every row of unary.def and binary.def becomes
 * its loops here. The matrix kernels call a unary row on what they have just written.
 */
#include "broadcast.h"
#include "unary.h"

/* ---- fill, copy, accumulate ---- */

static void fill_part(void *context, int64_t part, int64_t parts) {
    const struct fill_args *a = context;
    int64_t from, to;
    fathom_range(a->n, ELEMENT_GRAIN, part, parts, &from, &to);
    v value = v_set(a->value);
    int stream = streams(a->y, a->n);
    MAP(a->y + from, to - from, stream, value);
    if (stream) v_stream_end();
}
static int32_t k_fill(const struct fill_args *a, int64_t *detail) {
    (void)detail;
    each_part(fill_part, a, a->n, MEMORY_NANOS);
    return FATHOM_OK;
}

static void copy_part(void *context, int64_t part, int64_t parts) {
    const struct copy_args *a = context;
    int64_t from, to;
    fathom_range(a->bytes, 4 * ELEMENT_GRAIN, part, parts, &from, &to);
    if (from < to) memcpy(a->y + from, a->x + from, (size_t)(to - from));
}
static int32_t k_copy(const struct copy_args *a, int64_t *detail) {
    (void)detail;
    each_part(copy_part, a, a->bytes, MEMORY_NANOS / 4);
    return FATHOM_OK;
}

static void accumulate_part(void *context, int64_t part, int64_t parts) {
    const struct accumulate_args *a = context;
    int64_t from, to;
    fathom_range(a->n, ELEMENT_GRAIN, part, parts, &from, &to);
    const float *x = a->x + from;
    float *y = a->y + from;
    MAP(y, to - from, 0, v_get(y + i, m) + v_get(x + i, m));
}
static int32_t k_accumulate(const struct accumulate_args *a, int64_t *detail) {
    (void)detail;
    each_part(accumulate_part, a, a->n, MEMORY_NANOS);
    return FATHOM_OK;
}

/* ---- one input ---- */

#define UNARY(name, parameters, f, back, reads)                                                                                  \
    static void unary_##name##_forward(const float *x, float *y, int64_t n, v p0, v p1, int stream) {                            \
        MAP(y, n, stream, unary_##name(v_get(x + i, m), p0, p1));                                                                \
    }                                                                                                                            \
    static void unary_##name##_backward(const float *x, const float *y, const float *dy, float *dx, int64_t n, v p0, v p1,       \
                                        int64_t add) {                                                                           \
        MAP(dx, n, 0, plus(unary_##name##_back(v_read(x + i, m), v_read(y + i, m), v_read(dy + i, m), p0, p1), dx + i, m, add)); \
    }
#include "unary.def"
#undef UNARY

const struct unary_loops unary_rows[UNARY_COUNT] = {
#define UNARY(name, parameters, f, back, reads) {unary_##name##_forward, unary_##name##_backward},
#include "unary.def"
#undef UNARY
};

static void unary_part(void *context, int64_t part, int64_t parts) {
    const struct unary_args *a = context;
    int64_t from, to;
    fathom_range(a->n, ELEMENT_GRAIN, part, parts, &from, &to);
    int stream = a->x != a->y && streams(a->y, a->n);
    unary_rows[a->row].forward(a->x + from, a->y + from, to - from, v_set(a->p0), v_set(a->p1), stream);
    if (stream) v_stream_end();
}
static int32_t k_unary(const struct unary_args *a, int64_t *detail) {
    (void)detail;
    each_part(unary_part, a, a->n, FUNCTION_NANOS);
    return FATHOM_OK;
}

static void unary_grad_part(void *context, int64_t part, int64_t parts) {
    const struct unary_grad_args *a = context;
    int64_t from, to;
    fathom_range(a->n, ELEMENT_GRAIN, part, parts, &from, &to);
    const float *x = a->x ? a->x : a->dy, *y = a->y ? a->y : a->dy; /* dy stands in for what the row does not read */
    unary_rows[a->row].backward(x + from, y + from, a->dy + from, a->dx + from, to - from, v_set(a->p0), v_set(a->p1), a->add);
}
static int32_t k_unary_grad(const struct unary_grad_args *a, int64_t *detail) {
    (void)detail;
    each_part(unary_grad_part, a, a->n, FUNCTION_NANOS);
    return FATHOM_OK;
}

/* ---- two inputs ---- */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"

#define BINARY(name, parameters, f, da, db, reads)                                                                               \
    static inline v binary_##name(v a, v b, v p0, v p1) {                                                                        \
        BIND parameters return f;                                                                                                \
    }                                                                                                                            \
    static inline v binary_##name##_back_a(v a, v b, v y, v dy, v p0, v p1) {                                                    \
        BIND parameters return da;                                                                                               \
    }                                                                                                                            \
    static inline v binary_##name##_back_b(v a, v b, v y, v dy, v p0, v p1) {                                                    \
        BIND parameters return db;                                                                                               \
    }                                                                                                                            \
    static void binary_##name##_forward(const float *a, int64_t sa, const float *b, int64_t sb, float *y, int64_t n, v p0, v p1, \
                                        int stream) {                                                                            \
        MAP_PAIR(y, stream, binary_##name(va, vb, p0, p1));                                                                      \
    }                                                                                                                            \
    BINARY_BACKWARD(name, a)                                                                                                     \
    BINARY_BACKWARD(name, b)
#define BINARY_BACKWARD(name, to)                                                                                                \
    static void binary_##name##_backward_##to(const float *a, int64_t sa, const float *b, int64_t sb, const float *y,            \
                                              const float *dy, float *dx, int64_t n, v p0, v p1, int64_t add) {                  \
        MAP_PAIR(dx, 0, plus(binary_##name##_back_##to(va, vb, v_get(y + i, m), v_get(dy + i, m), p0, p1), dx + i, m, add));     \
    }
#include "binary.def"
#undef BINARY
#undef BINARY_BACKWARD

#pragma GCC diagnostic pop

static const struct {
    void (*forward)(const float *a, int64_t sa, const float *b, int64_t sb, float *y, int64_t n, v p0, v p1, int stream);
    void (*backward[2])(const float *a, int64_t sa, const float *b, int64_t sb, const float *y, const float *dy, float *dx,
                        int64_t n, v p0, v p1, int64_t add);
} binary_rows[] = {
#define BINARY(name, parameters, f, da, db, reads)                                                                               \
    {binary_##name##_forward, {binary_##name##_backward_a, binary_##name##_backward_b}},
#include "binary.def"
#undef BINARY
};

/* an operand that is not there: one zero, broadcast */
static float *or_zero(float *p, int64_t *strides) {
    static float zero;
    if (p) return p;
    memset(strides, 0, 6 * sizeof *strides);
    return &zero;
}

static void binary_part(void *context, int64_t part, int64_t parts) {
    const struct binary_args *a = context;
    int64_t from, to, n = dims_count(a->dims);
    fathom_range(n, ELEMENT_GRAIN, part, parts, &from, &to);
    const int64_t *strides[] = {a->sa, a->sb};
    for (struct runs r = runs_between(from, to, a->dims, strides, 2); r.place < to; runs_next(&r))
        binary_rows[a->row].forward(a->a + r.at[0], a->sa[5], a->b + r.at[1], a->sb[5], a->y + r.place, r.length,
                                    v_set(a->p0), v_set(a->p1), streams(a->y + r.place, n));
    if (beyond_caches(n)) v_stream_end();
}
static int32_t k_binary(const struct binary_args *a, int64_t *detail) {
    (void)detail;
    each_part(binary_part, a, dims_count(a->dims), FUNCTION_NANOS);
    return FATHOM_OK;
}

static void binary_grad_part(void *context, int64_t part, int64_t parts) {
    const struct binary_grad_args *a = context;
    int64_t from, to;
    fathom_range(dims_count(a->dims), ELEMENT_GRAIN, part, parts, &from, &to);
    const int64_t *strides[] = {a->sa, a->sb};
    for (struct runs r = runs_between(from, to, a->dims, strides, 2); r.place < to; runs_next(&r))
        binary_rows[a->row].backward[a->which](a->a + r.at[0], a->sa[5], a->b + r.at[1], a->sb[5], a->y + r.place,
                                               a->dy + r.place, a->dx + r.place, r.length, v_set(a->p0), v_set(a->p1), a->add);
}
static int32_t k_binary_grad(const struct binary_grad_args *a, int64_t *detail) {
    (void)detail;
    struct binary_grad_args g = *a;
    g.a = or_zero(g.a, g.sa);
    g.b = or_zero(g.b, g.sb);
    if (!g.y) g.y = g.dy; /* stands in for what the row does not read */
    each_part(binary_grad_part, &g, dims_count(g.dims), FUNCTION_NANOS);
    return FATHOM_OK;
}

/* ---- where ---- */

static inline v v_operand(const float *p, int64_t stride, int64_t i, int64_t m) {
    return stride == 1 ? v_get(p + i, m) : stride == 0 ? v_repeat(p) : v_strided(p + i * stride, stride, m);
}

static void where_part(void *context, int64_t part, int64_t parts) {
    const struct where_args *a = context;
    int64_t from, to;
    fathom_range(dims_count(a->dims), ELEMENT_GRAIN, part, parts, &from, &to);
    const int64_t *strides[] = {a->sm, a->sa, a->sb}, sm = a->sm[5], sa = a->sa[5], sb = a->sb[5], add = a->add;
    for (struct runs r = runs_between(from, to, a->dims, strides, 3); r.place < to; runs_next(&r)) {
        const float *mask = a->mask + r.at[0], *yes = a->a + r.at[1], *no = a->b + r.at[2];
        float *y = a->y + r.place;
        MAP(y, r.length, 0, ({
                v value = v_sel(v_operand(mask, sm, i, m) != 0, v_operand(yes, sa, i, m), v_operand(no, sb, i, m));
                plus(value, y + i, m, add);
            }));
    }
}
static int32_t k_where(const struct where_args *a, int64_t *detail) {
    (void)detail;
    struct where_args w = *a;
    w.a = or_zero(w.a, w.sa);
    w.b = or_zero(w.b, w.sb);
    each_part(where_part, &w, dims_count(w.dims), FUNCTION_NANOS);
    return FATHOM_OK;
}

EXPORT(fill)
EXPORT(copy)
EXPORT(accumulate)
EXPORT(unary)
EXPORT(unary_grad)
EXPORT(binary)
EXPORT(binary_grad)
EXPORT(where)
