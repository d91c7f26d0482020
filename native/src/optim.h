/*
 * SGD and Adam (Kingma, Ba 2015) over the segments (offset, count, group) of one flat block, in PyTorch's order of arithmetic.
 * Every segment, usually one parameter, is cut into as many pieces as there are parts, so that a thread updates the rows of a weight
 * that gemm.h gave it; every value is its own, so the cut leaves no trace.
 */
#ifndef FATHOM_OPTIM_H
#define FATHOM_OPTIM_H

enum { OPTIM_GRAIN = 64 };

/* Calls update(args, from, n, lr, weight decay) for the pieces of segments that this part takes; from is a place in the block. */
typedef void (*update_fn)(const void *args, int64_t from, int64_t n, float lr, float decay);
INLINE void update_part(const void *args, const int64_t *segments, int64_t count, const float *groups, int64_t part,
                        int64_t parts, update_fn update) {
    for (int64_t s = 0; s < count; s++) {
        int64_t offset = segments[3 * s], n = segments[3 * s + 1], from, to;
        const float *group = groups + 2 * segments[3 * s + 2];
        fathom_range(n, OPTIM_GRAIN, part, parts, &from, &to);
        if (from < to) update(args, offset + from, to - from, group[0], group[1]);
    }
}

static int64_t update_parts(const int64_t *segments, int64_t count, double nanos_each) {
    int64_t total = 0;
    for (int64_t s = 0; s < count; s++) total += segments[3 * s + 1];
    return fathom_parts((double)total * nanos_each, total / 1024 + 1);
}

/* ---- sgd ---- */

INLINE void sgd_vector(const struct sgd_args *a, int64_t i, int64_t n, v lr, v decay, int decays) {
    v w = v_get(a->w + i, n), g = v_get(a->g + i, n);
    if (decays) g = v_fma(decay, w, g);
    if (a->momentum != 0) {
        v velocity = a->first ? g : v_fma(v_set(1 - a->dampening), g, a->momentum * v_get(a->velocity + i, n));
        v_put(a->velocity + i, velocity, n);
        g = a->nesterov ? v_fma(v_set(a->momentum), velocity, g) : velocity;
    }
    v_put(a->w + i, v_fnma(lr, g, w), n);
}

INLINE void sgd_update(const void *at, int64_t from, int64_t n, float lr, float decay) {
    EACH_VECTOR(n, sgd_vector(at, from + i, m, v_set(lr), v_set(decay), decay != 0););
}

static void sgd_part(void *at, int64_t part, int64_t parts) {
    const struct sgd_args a = *(struct sgd_args *)at; /* a copy stays in registers: what is written cannot alias it */
    update_part(&a, a.segments, a.count, a.groups, part, parts, sgd_update);
}

static int32_t k_sgd(const struct sgd_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(sgd_part, (void *)a, update_parts(a->segments, a->count, a->momentum != 0 ? 0.12 : 0.08));
    return FATHOM_OK;
}

/* ---- adam ---- */

INLINE void adam_vector(const struct adam_args *a, int64_t i, int64_t n, v step, v decay, v shrink) {
    v w = v_get(a->w + i, n), g = v_get(a->g + i, n);
    v m = v_get(a->m + i, n), s = v_get(a->v + i, n);
    if (a->decoupled) w = w * shrink;
    else g = v_fma(decay, w, g);
    m = v_fma(v_set(1 - a->beta1), g - m, m);
    s = v_fma((1 - a->beta2) * g, g, a->beta2 * s);
    v_put(a->m + i, m, n);
    v_put(a->v + i, s, n);
    v_put(a->w + i, w - step * m / (v_sqrt(s) * a->inv_sqrt_bc2 + a->eps), n);
}

INLINE void adam_update(const void *at, int64_t from, int64_t n, float lr, float decay) {
    const struct adam_args *a = at;
    const v step = v_set(lr * a->inv_bc1), shrink = v_set(1 - lr * decay), decay_all = v_set(decay);
    EACH_VECTOR(n, adam_vector(a, from + i, m, step, decay_all, shrink););
}

static void adam_part(void *at, int64_t part, int64_t parts) {
    const struct adam_args a = *(struct adam_args *)at;
    update_part(&a, a.segments, a.count, a.groups, part, parts, adam_update);
}

static int32_t k_adam(const struct adam_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(adam_part, (void *)a, update_parts(a->segments, a->count, 0.3));
    return FATHOM_OK;
}

#endif
