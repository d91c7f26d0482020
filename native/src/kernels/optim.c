/*
 * Update rules over the segments (offset, count, group) of one flat block, in PyTorch's order of arithmetic: SGD, Adam (Kingma,
 * Ba 2015), AdamW (Loshchilov, Hutter 2019), RMSprop (Tieleman, Hinton 2012); and the norm by which gradients are clipped (Pascanu
 * et al. 2013). A segment is one parameter, or rows of one. It is cut into as many pieces as there are parts, so that a thread
 * updates the rows of a weight that gemm.c gave it; one too short for that belongs to one part. Every value is its own, so the
 * cut leaves no trace.
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

/*
 * RULE(name, nanos): k_name calls name_vector(args, i, n <= VL, learning rate, weight decay) for every vector; nanos is a value's
 * time. A copy of the arguments stays in registers: what is written cannot alias it.
 */
#define RULE(name, nanos)                                                                                                   \
    static void name##_part(void *at, int64_t part, int64_t parts) {                                                        \
        const struct name##_args a = *(struct name##_args *)at;                                                             \
        int64_t first, last;                                                                                                \
        fathom_range(a.count, 1, part, parts, &first, &last);                                                               \
        for (int64_t s = 0; s < a.count; s++) {                                                                             \
            const int64_t offset = a.segments[3 * s], group = a.segments[3 * s + 2];                                        \
            const float rate = a.groups[2 * group], decay = a.groups[2 * group + 1];                                        \
            int64_t from, to;                                                                                               \
            segment_range(a.segments[3 * s + 1], first <= s && s < last, part, parts, &from, &to);                          \
            EACH_VECTOR(to - from, name##_vector(&a, offset + from + i, m, rate, decay););                                  \
        }                                                                                                                   \
    }                                                                                                                       \
    static int32_t k_##name(const struct name##_args *a, int64_t *detail) {                                                 \
        (void)detail;                                                                                                       \
        fathom_parallel(name##_part, (void *)a, segment_parts(a->segments, a->count, nanos));                               \
        return FATHOM_OK;                                                                                                   \
    }

/* the gradient that a rule works with: scaled, then limited; NaN stays */
INLINE v clipped(const float *g, int64_t n, float scale, float limit) {
    return v_max(v_set(-limit), v_min(v_set(limit), v_get(g, n) * scale));
}

/* m + (g - m) w, PyTorch's lerp */
INLINE v moved(v m, v g, float w) { return v_fma(v_set(w), g - m, m); }

/* keep s + (1 - keep) g g */
INLINE v mean_square(v s, v g, float keep) { return v_fma((1 - keep) * g, g, keep * s); }

INLINE void sgd_vector(const struct sgd_args *a, int64_t i, int64_t n, float rate, float decay) {
    v w = v_get(a->w + i, n), g = clipped(a->g + i, n, a->scale, a->limit);
    if (decay != 0) g = v_fma(v_set(decay), w, g);
    if (a->momentum != 0) {
        v velocity = a->first ? g : v_fma(v_set(1 - a->dampening), g, a->momentum * v_get(a->velocity + i, n));
        v_put(a->velocity + i, velocity, n);
        g = a->nesterov ? v_fma(v_set(a->momentum), velocity, g) : velocity;
    }
    v_put(a->w + i, v_fnma(v_set(rate), g, w), n);
}
RULE(sgd, a->momentum != 0 ? 0.12 : 0.08)

INLINE void adam_vector(const struct adam_args *a, int64_t i, int64_t n, float rate, float decay) {
    v w = v_get(a->w + i, n), g = clipped(a->g + i, n, a->scale, a->limit);
    if (a->decoupled) w = w * (1 - rate * decay);
    else g = v_fma(v_set(decay), w, g);
    v m = moved(v_get(a->m + i, n), g, 1 - a->beta1), s = mean_square(v_get(a->v + i, n), g, a->beta2);
    v_put(a->m + i, m, n);
    v_put(a->v + i, s, n);
    v_put(a->w + i, w - rate * a->inv_bc1 * m / (v_sqrt(s) * a->inv_sqrt_bc2 + a->eps), n);
}
RULE(adam, 0.3)

INLINE void rmsprop_vector(const struct rmsprop_args *a, int64_t i, int64_t n, float rate, float decay) {
    v w = v_get(a->w + i, n), g = v_fma(v_set(decay), w, clipped(a->g + i, n, a->scale, a->limit));
    v s = mean_square(v_get(a->square + i, n), g, a->alpha);
    v_put(a->square + i, s, n);
    if (a->mean) {
        v m = moved(v_get(a->mean + i, n), g, 1 - a->alpha);
        v_put(a->mean + i, m, n);
        s = v_max(v_set(0), v_fnma(m, m, s)); /* a variance, but rounding may take it below 0 */
    }
    v step = g / (v_sqrt(s) + a->eps);
    if (a->velocity) {
        step = v_fma(v_set(a->momentum), v_get(a->velocity + i, n), step);
        v_put(a->velocity + i, step, n);
    }
    v_put(a->w + i, v_fnma(v_set(rate), step, w), n);
}
RULE(rmsprop, 0.3)
#undef RULE

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

EXPORT(sgd)
EXPORT(adam)
EXPORT(rmsprop)
EXPORT(squares)
EXPORT(zero)
