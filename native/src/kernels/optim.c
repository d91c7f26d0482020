/*
 * The rows of optim.def over the segments (offset, count, group) of one flat block, and the norm by which gradients are clipped
 * (Pascanu et al. 2013). A segment is one parameter, or rows of one. It is cut into as many pieces as there are parts, so that a
 * thread updates the rows of a weight that gemm.c gave it; one too short for that belongs to one part. Every value is its own, so
 * the cut leaves no trace.
 */
#include "loops.h"

enum { OPTIM_GRAIN = 64, NORM_PIECES = 16 };

/* what another segment costs: rows lie anywhere in memory */
static const double SEGMENT_NANOS = 15;

static int64_t segment_parts(const int64_t *segments, int64_t count, double nanos_each) {
    int64_t total = 0;
    for (int64_t s = 0; s < count; s++) total += segments[3 * s + 1];
    return fathom_parts((double)total * nanos_each + (double)count * SEGMENT_NANOS, total / 1024 + 1);
}

/* what a part takes of a segment of n floats: a short one whole, if it is one of its own */
INLINE void segment_range(int64_t n, int own, int64_t part, int64_t parts, int64_t *from, int64_t *to) {
    if (n >= OPTIM_GRAIN * parts) {
        fathom_range(n, OPTIM_GRAIN, part, parts, from, to);
    } else {
        *from = 0;
        *to = own ? n : 0;
    }
}

/* the gradient that a rule works with: scaled, then limited; NaN stays */
INLINE v clipped(const float *g, int64_t n, float scale, float limit) {
    return v_max(v_set(-limit), v_min(v_set(limit), v_get(g, n) * scale));
}

/* m + (g - m) part */
INLINE v moved(v m, v g, float part) { return v_fma(v_set(part), g - m, m); }

/* keep s + (1 - keep) g g */
INLINE v mean_square(v s, v g, float keep) { return v_fma((1 - keep) * g, g, keep * s); }

/* a moment, of zeros where there is none */
INLINE v state(const float *m, int64_t i, int64_t n) { return m ? v_get(m + i, n) : v_set(0); }
INLINE void keep(float *m, int64_t i, v x, int64_t n) {
    if (m) v_put(m + i, x, n);
}

/*
 * Every row of optim.def becomes name_part, which calls name_vector for every vector of every segment. A copy of the arguments
 * stays in registers: what is written cannot alias it.
 */
#define NAMES_PICK(zero, one, two, three, four, five, six, seven, names, ...) names
#define NAMES(take, ...)                                                                                                    \
    NAMES_PICK(0, ##__VA_ARGS__, NAMES_7, NAMES_6, NAMES_5, NAMES_4, NAMES_3, NAMES_2, NAMES_1, NAMES_0)(take, ##__VA_ARGS__)
#define NAMES_0(take)
#define NAMES_1(take, a) take(0, a)
#define NAMES_2(take, a, b) take(0, a) take(1, b)
#define NAMES_3(take, a, b, c) NAMES_2(take, a, b) take(2, c)
#define NAMES_4(take, a, b, c, d) NAMES_3(take, a, b, c) take(3, d)
#define NAMES_5(take, a, b, c, d, e) NAMES_4(take, a, b, c, d) take(4, e)
#define NAMES_6(take, a, b, c, d, e, f) NAMES_5(take, a, b, c, d, e) take(5, f)
#define NAMES_7(take, a, b, c, d, e, f, h) NAMES_6(take, a, b, c, d, e, f) take(6, h)
#define UNPACK(...) __VA_ARGS__
#define NAMED(take, list) NAMED_(take, UNPACK list)
#define NAMED_(...) NAMES(__VA_ARGS__)
#define READ_MOMENT(k, name) v name = state(a->m##k, i, n);
#define KEEP_MOMENT(k, name) keep(a->m##k, i, name, n);
#define READ_PARAMETER(k, name) const float name = a->p##k;
#define decayed(g) (decay != 0 ? v_fma(v_set(decay), w, g) : (g))

#define RULE(name, moments, parameters, nanos, ...)                                                                         \
    INLINE void name##_vector(const struct update_args *a, int64_t i, int64_t n, float rate, float decay) {                 \
        v w = v_get(a->w + i, n), g = clipped(a->g + i, n, a->scale, a->limit);                                             \
        NAMED(READ_MOMENT, moments) NAMED(READ_PARAMETER, parameters) __VA_ARGS__ v_put(a->w + i, w, n);                    \
        NAMED(KEEP_MOMENT, moments)                                                                                         \
        (void)decay;                                                                                                        \
    }                                                                                                                       \
    static void name##_part(void *at, int64_t part, int64_t parts) {                                                        \
        const struct update_args a = *(struct update_args *)at;                                                             \
        int64_t first, last;                                                                                                \
        fathom_range(a.count, 1, part, parts, &first, &last);                                                               \
        for (int64_t s = 0; s < a.count; s++) {                                                                             \
            const int64_t offset = a.segments[3 * s], group = a.segments[3 * s + 2];                                        \
            const float rate = a.groups[2 * group], decay = a.groups[2 * group + 1];                                        \
            int64_t from, to;                                                                                               \
            segment_range(a.segments[3 * s + 1], first <= s && s < last, part, parts, &from, &to);                          \
            EACH_VECTOR(to - from, name##_vector(&a, offset + from + i, m, rate, decay););                                  \
        }                                                                                                                   \
    }
#include "optim.def"
#undef RULE

static const struct {
    void (*part)(void *, int64_t, int64_t);
    double nanos;
} rules[] = {
#define RULE(name, moments, parameters, nanos, ...) {name##_part, nanos},
#include "optim.def"
#undef RULE
};

static int32_t k_update(const struct update_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(rules[a->rule].part, (void *)a, segment_parts(a->segments, a->count, rules[a->rule].nanos));
    return FATHOM_OK;
}

/*
 * ---- squares ----
 * Every segment is cut into 16 pieces whatever the parts, the very rows of a thread where their number divides 16; one that is
 * shorter than a piece is the first of them, and belongs to one part. A piece is summed in 32 lanes of double, where the square
 * of a float is exact and none overflows; the pieces are added in order.
 */

static double sum_of_squares(const float *x, int64_t n) {
    enum { LANES = 32, HALF = VL / 2 };
    v_double sum[LANES / HALF] = {{0}};
    float rest[LANES] = {0};
    double lane[LANES];
    for (int64_t i = 0; i < n; i += LANES) {
        const float *from = x + i;
        if (n - i < LANES) from = memcpy(rest, from, (size_t)(n - i) * sizeof(float));
        _Pragma("GCC unroll 16") for (int k = 0; k < LANES / HALF; k++) {
            v_double d = v_widen(from + k * HALF);
            sum[k] += d * d;
        }
    }
    _Pragma("GCC unroll 16") for (int k = 0; k < LANES / HALF; k++) memcpy(lane + k * HALF, &sum[k], sizeof sum[k]);
    for (int half = LANES / 2; half > 0; half /= 2)
        for (int k = 0; k < half; k++) lane[k] += lane[k + half];
    return lane[0];
}

static void squares_part(void *at, int64_t part, int64_t parts) {
    const struct squares_args *a = at;
    double *sums = (double *)a->sums;
    int64_t first, last, first_short, last_short;
    fathom_range(NORM_PIECES, 1, part, parts, &first, &last);
    fathom_range(a->count, 1, part, parts, &first_short, &last_short);
    for (int64_t s = 0; s < a->count; s++) {
        const int64_t n = a->segments[3 * s + 1];
        const float *g = a->g + a->segments[3 * s];
        double *of = sums + 1 + NORM_PIECES * s;
        if (n <= OPTIM_GRAIN) {
            if (s < first_short || s >= last_short) continue;
            memset(of, 0, NORM_PIECES * sizeof *of);
            of[0] = sum_of_squares(g, n);
            continue;
        }
        for (int64_t piece = first; piece < last; piece++) {
            int64_t from, to;
            fathom_range(n, OPTIM_GRAIN, piece, NORM_PIECES, &from, &to);
            of[piece] = from < to ? sum_of_squares(g + from, to - from) : 0;
        }
    }
}

static int32_t k_squares(const struct squares_args *a, int64_t *detail) {
    (void)detail;
    double *sums = (double *)a->sums;
    int64_t parts = segment_parts(a->segments, a->count, 0.08);
    fathom_parallel(squares_part, (void *)a, parts < NORM_PIECES ? parts : NORM_PIECES);
    sums[0] = 0;
    for (int64_t s = 0; s < a->count; s++) {
        const int64_t pieces = a->segments[3 * s + 1] <= OPTIM_GRAIN ? 1 : NORM_PIECES;
        for (int64_t k = 0; k < pieces; k++) sums[0] += sums[1 + NORM_PIECES * s + k];
    }
    return FATHOM_OK;
}

/* ---- zero ---- */

static void zero_part(void *at, int64_t part, int64_t parts) {
    const struct zero_args *a = at;
    int64_t first, last;
    fathom_range(a->count, 1, part, parts, &first, &last);
    for (int64_t s = 0; s < a->count; s++) {
        int64_t from, to;
        segment_range(a->segments[3 * s + 1], first <= s && s < last, part, parts, &from, &to);
        float *y = a->y + a->segments[3 * s];
        if (to - from > SHORT_ROW) memset(y + from, 0, (size_t)(to - from) * sizeof(float));
        else EACH_VECTOR(to - from, v_put(y + from + i, v_set(0), m););
    }
}

static int32_t k_zero(const struct zero_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(zero_part, (void *)a, segment_parts(a->segments, a->count, MEMORY_NANOS));
    return FATHOM_OK;
}

EXPORT(update)
EXPORT(squares)
EXPORT(zero)
