/* Random streams: element i of a draw comes from word(i) of philox.h, whatever the thread count. */
#include "loops.h"
#include "philox.h"

enum { CHAINS = 6, WORDS = CHAINS * 2 * VL, DRAW_GRAIN = 1024 };

#if VL == 16
#define ODDS(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif VL == 8
#define ODDS(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define ODDS(a, b) __builtin_shufflevector(a, b, 1, 3, 5, 7)
#define ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

/* Calls use(args, i, n0, n1, w0, w1) for elements i .. i + n0 + n1 of this part: w0 for the first n0 <= VL, w1 for the rest. */
typedef void (*use_words)(const void *args, int64_t i, int64_t n0, int64_t n1, vu w0, vu w1);
INLINE void draw(const void *args, int64_t n, int64_t seed, int64_t counter, int64_t part, int64_t parts, use_words use) {
    int64_t i, to;
    vu w[2 * CHAINS];
    fathom_range(n, DRAW_GRAIN, part, parts, &i, &to);
    for (; i < to; i += WORDS) {
        philox_words(CHAINS, (uint64_t)seed, (uint64_t)(counter + i / 4), w);
        if (i + WORDS <= to) {
            for (int c = 0; c < CHAINS; c++) use(args, i + c * 2 * VL, VL, VL, w[2 * c], w[2 * c + 1]);
            continue;
        }
        for (int c = 0; i + c * 2 * VL < to; c++) {
            int64_t at = i + c * 2 * VL;
            use(args, at, lane_count(to - at), lane_count(to - at - VL), w[2 * c], w[2 * c + 1]);
        }
    }
}

static inline int64_t draw_parts(int64_t n, double nanos_each) {
    return fathom_parts((double)n * nanos_each, (n + DRAW_GRAIN - 1) / DRAW_GRAIN);
}

/* ---- dropout: keep(i) iff word(i) >= p * 2^32, a threshold that is exact: p = 0 keeps all, p = 1 none ---- */

struct dropout_context {
    struct dropout_args a;
    uint32_t threshold;
};

INLINE void dropout_some(const struct dropout_context *c, int64_t i, int64_t n, vu words) {
    const struct dropout_args *a = &c->a;
    vi keep = (vi)(words >= (vu){0} + c->threshold);
    v y = v_sel(keep, v_get(a->x + i, n) * a->scale, v_set(0));
    if (a->add) y = v_get(a->y + i, n) + y;
    v_put(a->y + i, y, n);
}

INLINE void dropout_words(const void *at, int64_t i, int64_t n0, int64_t n1, vu w0, vu w1) {
    dropout_some(at, i, n0, w0);
    dropout_some(at, i + VL, n1, w1);
}

static void dropout_part(void *at, int64_t part, int64_t parts) {
    const struct dropout_context c = *(struct dropout_context *)at; /* a copy stays in registers: y cannot alias it */
    draw(&c, c.a.n, c.a.seed, c.a.counter, part, parts, dropout_words);
}

static int32_t k_dropout(const struct dropout_args *a, int64_t *detail) {
    (void)detail;
    if (a->p >= 1) { /* words never reach the threshold */
        if (!a->add) memset(a->y, 0, (size_t)a->n * sizeof(float));
        return FATHOM_OK;
    }
    struct dropout_context c = {*a, drop_threshold(a->p)};
    fathom_parallel(dropout_part, &c, draw_parts(a->n, 0.33));
    return FATHOM_OK;
}

/* ---- uniform in [lo, hi): u = the high 24 bits of the word, y = lo (1 - u) + hi u ---- */

struct uniform_context {
    struct uniform_args a;
    float last; /* the largest float below hi, which rounding may reach */
};

static inline v uniform_of(const struct uniform_context *c, vu words) {
    v u = __builtin_convertvector((vi)(words >> 8), v) * 0x1p-24f;
    v y = (1 - u) * c->a.lo + u * c->a.hi;
    return v_min(v_set(c->last), v_max(v_set(c->a.lo), y));
}

INLINE void uniform_words(const void *at, int64_t i, int64_t n0, int64_t n1, vu w0, vu w1) {
    const struct uniform_context *c = at;
    v_put(c->a.y + i, uniform_of(c, w0), n0);
    v_put(c->a.y + i + VL, uniform_of(c, w1), n1);
}

static void uniform_part(void *at, int64_t part, int64_t parts) {
    const struct uniform_context c = *(struct uniform_context *)at;
    draw(&c, c.a.n, c.a.seed, c.a.counter, part, parts, uniform_words);
}

static int32_t k_uniform(const struct uniform_args *a, int64_t *detail) {
    (void)detail;
    struct uniform_context c = {*a, a->lo < a->hi ? __builtin_nextafterf(a->hi, a->lo) : a->lo};
    fathom_parallel(uniform_part, &c, draw_parts(a->n, 0.4));
    return FATHOM_OK;
}

/*
 * ---- normal, by Box and Muller: elements 2j, 2j + 1 = mean + std sqrt(-2 ln u) (cos, sin)(2 pi t), with u in (0, 1] of 31 bits
 * from word 2j and the turn t of 32 bits from word 2j + 1. The largest |z| is 6.66. ----
 */

static inline void box_muller(vu w0, vu w1, v *z0, v *z1) {
    v u = (__builtin_convertvector((vi)(w0 >> 1), v) + 0.5f) * 0x1p-31f;
    v radius = v_sqrt(-2 * v_log(u));
    /* turns = quarter / 4 + rest, |rest| <= 1/8: exact in integers */
    vu quarter = (w1 + 0x20000000u) >> 30;
    v angle = __builtin_convertvector((vi)(w1 - (quarter << 30)), v) * (float)(2 * 3.14159265358979323846 * 0x1p-32);
    *z0 = radius * v_sine(angle, quarter + 1);
    *z1 = radius * v_sine(angle, quarter);
}

INLINE void normal_words(const void *at, int64_t i, int64_t n0, int64_t n1, vu w0, vu w1) {
    const struct normal_args *a = at;
    v z0, z1;
    box_muller(V_EVENS(w0, w1), ODDS(w0, w1), &z0, &z1);
    v_put(a->y + i, v_fma(ZIP_LOW(z0, z1), v_set(a->std), v_set(a->mean)), n0);
    v_put(a->y + i + VL, v_fma(ZIP_HIGH(z0, z1), v_set(a->std), v_set(a->mean)), n1);
}

static void normal_part(void *at, int64_t part, int64_t parts) {
    const struct normal_args a = *(struct normal_args *)at;
    draw(&a, a.n, a.seed, a.counter, part, parts, normal_words);
}

static int32_t k_normal(const struct normal_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(normal_part, (void *)a, draw_parts(a->n, 0.9));
    return FATHOM_OK;
}

/* ---- noise: the same numbers added to rows, each row from blocks of its own ---- */

struct noise_row {
    float *x, std;
};

INLINE void noise_words(const void *at, int64_t i, int64_t n0, int64_t n1, vu w0, vu w1) {
    const struct noise_row *a = at;
    float *x = a->x + i;
    v z0, z1, std = v_set(a->std);
    box_muller(V_EVENS(w0, w1), ODDS(w0, w1), &z0, &z1);
    v_put(x, v_fma(ZIP_LOW(z0, z1), std, v_get(x, n0)), n0);
    v_put(x + VL, v_fma(ZIP_HIGH(z0, z1), std, v_get(x + VL, n1)), n1);
}

static void noise_part(void *at, int64_t part, int64_t parts) {
    const struct noise_args a = *(struct noise_args *)at;
    int64_t from, to;
    fathom_range(a.n, 1, part, parts, &from, &to);
    for (int64_t i = from; i < to; i++) {
        const struct noise_row row = {a.x + i * a.cols, a.std};
        draw(&row, a.cols, a.seed, a.counter + i * ((a.cols + 3) / 4), 0, 1, noise_words);
    }
}

static int32_t k_noise(const struct noise_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(noise_part, (void *)a, fathom_parts((double)(a->n * a->cols) * 0.9, a->n));
    return FATHOM_OK;
}

/*
 * ---- permutation: Fisher-Yates inside out, one pass: for i: swap i into a place drawn from 0 .. i. Lemire's multiplication
 * ("Fast random integer generation in an interval", 2019) maps word(i) to 0 .. i without bias; a word it rejects is drawn again
 * from the same place of the stream at the next attempt. ----
 */

static inline uint32_t draw_below(uint32_t range, uint32_t word, const struct permutation_args *a, int64_t i) {
    uint64_t product = (uint64_t)word * range;
    if ((uint32_t)product < range) {
        uint32_t biased = -range % range;
        for (uint64_t attempt = 1; (uint32_t)product < biased; attempt++) {
            uint32_t c[4];
            philox_block((uint64_t)a->seed, (uint64_t)(a->counter + i / 4), attempt, c);
            product = (uint64_t)c[i % 4] * range;
        }
    }
    return (uint32_t)(product >> 32);
}

static int32_t k_permutation(const struct permutation_args *a, int64_t *detail) {
    (void)detail;
    vu words[2 * CHAINS];
    for (int64_t from = 0; from < a->n; from += WORDS) {
        philox_words(CHAINS, (uint64_t)a->seed, (uint64_t)(a->counter + from / 4), words);
        for (int64_t i = from; i < from + WORDS && i < a->n; i++) {
            uint32_t j = draw_below((uint32_t)i + 1, words[(i - from) / VL][(i - from) % VL], a, i);
            a->y[i] = a->y[j];
            a->y[j] = (int32_t)i;
        }
    }
    return FATHOM_OK;
}

#undef ZIP_LOW
#undef ZIP_HIGH

EXPORT(dropout)
EXPORT(uniform)
EXPORT(normal)
EXPORT(noise)
EXPORT(permutation)
