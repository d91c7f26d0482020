/*
 * Connectionist temporal classification (Graves et al. 2006): loss = -log of the sum, over all alignments of the labels l[0 .. L) with the
 * steps, of the product of softmax(x[t])[symbol at t]. An alignment is a path through the states
 *
 *     blank 0, label 0, blank 1, label 1, .., label L - 1, blank L,
 *
 * which begins in one of the first two, ends in one of the last two, and goes at each step to the same state, the next one, or from a label
 * to the next label where the two differ. Blanks and labels lie in two arrays, so that every neighbor is a load one place beside.
 *
 * Probabilities are logarithms, since a path that is all but impossible for a while may be the only one that arrives. They are floats
 * relative to an offset that follows the largest of each step; the offsets add up in double. Where no path is, the logarithm is -Inf. A
 * part owns examples.
 */
#include "indices.h"
#include "rows.h"
#include "sizes.h"

enum { EDGE = 16 }; /* arrays of states have so many -Inf on either side */

/* the labels of an example, and its arrays of `width` floats: states in front of their edge */
struct ctc_row {
    int64_t steps, labels, width, states;
    float *x, *grad;
    int32_t *label;
    float *skip;           /* 0 where a path may go from label u - 1 to u at once, else -Inf */
    float *at_label;       /* log of the probability of each label at a step */
    float *back_b, *back_l; /* backward: what arrives from the step behind */
    float *post_b, *post_l;
    float *shift;          /* of each step: the largest x, and the logarithm of softmax's sum */
    float *forward;        /* blanks and labels of each step, or of two steps by turns */
    int64_t turns;
};

static int64_t ctc_width(int64_t most) { return SUM(PRODUCT(SUM(most, 16) / 16, 16), 2 * EDGE); } /* most + 1 in whole vectors */
static int64_t ctc_floats(const struct ctc_args *a) {
    const int64_t width = ctc_width(a->most);
    return SUM(PRODUCT(7, width), PRODUCT(2, a->steps), PRODUCT(2, width, a->grad ? SUM(a->steps, 1) : 2));
}
static int64_t ctc_scratch(const struct ctc_args *a) { return a->n == 0 ? 0 : ctc_floats(a); } /* of an example */

static void nowhere(float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] = -INFINITY;
}

/* log(exp(a) + exp(b) + exp(c)); NaN if one is */
INLINE v log_sum3(v a, v b, v c) {
    v m = v_max(v_max(a, b), c);
    m = v_sel(m == v_set(-INFINITY), v_set(0), m);
    return m + v_log(v_exp_down(a - m) + v_exp_down(b - m) + v_exp_down(c - m));
}
INLINE v log_sum2(v a, v b) {
    v m = v_max(a, b);
    m = v_sel(m == v_set(-INFINITY), v_set(0), m);
    return m + v_log(v_exp_down(a - m) + v_exp_down(b - m));
}

/* the largest of what was seen, or 0 where there is nothing but -Inf: what the next step is made relative to */
static inline float ctc_offset(v16 largest) {
    const float m = v16_largest(largest);
    return m == -INFINITY ? 0 : m;
}

/* log of the probabilities at step t, less `offset`: of the labels in r->at_label, of blank as the result */
static float ctc_symbols(const struct ctc_row *r, const struct ctc_args *a, int64_t t, float offset) {
    const float *x = r->x + t * a->classes, max = r->shift[2 * t], less = r->shift[2 * t + 1] + offset;
    for (int64_t u = 0; u < r->labels; u++) r->at_label[u] = x[r->label[u]] - max - less;
    return x[a->blank] - max - less;
}

/* the blanks of the states behind t steps; t = 0 is before the first */
static float *ctc_forward(const struct ctc_row *r, int64_t t) { return r->forward + t % r->turns * 2 * r->width + EDGE; }

/* Returns the logarithm of the probability of all paths. */
static double ctc_alpha(struct ctc_row *r, const struct ctc_args *a) {
    double offsets = 0;
    float offset = 0;
    float *b = ctc_forward(r, 0), *l = b + r->width;
    b[0] = 0;
    for (int64_t t = 0; t < r->steps; t++) {
        const float *x = r->x + t * a->classes;
        const float sum = row_softmax(x, r->grad ? r->grad + t * a->classes : NULL, a->classes, &r->shift[2 * t]);
        r->shift[2 * t + 1] = v_log(v_set(sum))[0];
        const v blank = v_set(ctc_symbols(r, a, t, offset));
        float *next_b = ctc_forward(r, t + 1), *next_l = next_b + r->width;
        v16 largest = v16_set(-INFINITY);
        for (int64_t u = 0; u < r->states; u += 16)
            for (int p = 0; p < V16; p++) {
                const int64_t i = u + p * VL;
                const v b_i = v_load(b + i), l_i = v_load(l + i), l_before = v_load(l + i - 1);
                const v to_b = blank + log_sum2(b_i, l_before);
                const v to_l = v_load(r->at_label + i) + log_sum3(l_i, b_i, l_before + v_load(r->skip + i));
                v_store(next_b + i, to_b);
                v_store(next_l + i, to_l);
                largest.part[p] = v_max(to_l, v_max(to_b, largest.part[p]));
            }
        offsets += offset;
        offset = ctc_offset(largest);
        b = next_b;
        l = next_l;
    }
    return offsets + (double)log_sum2(v_set(b[r->labels]), v_set(l[r->labels - 1]))[0];
}

/* r->grad, which holds softmax(x), less how probable it is to be at each symbol at each step */
static void ctc_beta(struct ctc_row *r, const struct ctc_args *a) {
    float offset = 0;
    nowhere(r->back_b - EDGE, 2 * r->width);
    r->back_b[r->labels] = 0;
    for (int64_t t = r->steps - 1; t >= 0; t--) {
        float *grad = r->grad + t * a->classes;
        const float *b = ctc_forward(r, t + 1), *l = b + r->width;
        const v blank = v_set(ctc_symbols(r, a, t, offset));
        v16 largest = v16_set(-INFINITY), most_probable = largest;
        for (int64_t u = 0; u < r->states; u += 16)
            for (int p = 0; p < V16; p++) { /* ascending, so what lies at i + 1 is still that of the step behind */
                const int64_t i = u + p * VL;
                const v from_l = v_load(r->back_l + i), after = v_load(r->back_l + i + 1) + v_load(r->skip + i + 1);
                const v in_b = log_sum2(v_load(r->back_b + i), from_l);
                const v in_l = log_sum3(from_l, v_load(r->back_b + i + 1), after);
                const v post_b = v_load(b + i) + in_b, post_l = v_load(l + i) + in_l;
                v_store(r->post_b + i, post_b);
                v_store(r->post_l + i, post_l);
                v_store(r->back_b + i, blank + in_b);
                v_store(r->back_l + i, v_load(r->at_label + i) + in_l);
                largest.part[p] = v_max(in_l, v_max(in_b, largest.part[p]));
                most_probable.part[p] = v_max(post_l, v_max(post_b, most_probable.part[p]));
            }
        offset = ctc_offset(largest);
        /* every path is in one state at every step, so that they sum to 1 whatever the offsets */
        const float max = ctc_offset(most_probable), at_blank = row_exp(r->post_b, NULL, r->states, max);
        const float all = at_blank + row_exp(r->post_l, r->post_l, r->states, max);
        grad[a->blank] -= at_blank / all;
        for (int64_t u = 0; u < r->labels; u++) grad[r->label[u]] -= r->post_l[u] / all;
    }
}

static void ctc_part(void *context, int64_t part, int64_t parts) {
    const struct indexed *c = context;
    const struct ctc_args *a = c->args;
    const int64_t width = ctc_width(a->most);
    float *at = fathom_own();
    struct ctc_row r = {.width = width, .states = width - 2 * EDGE, .turns = a->grad ? a->steps + 1 : 2};
    r.label = (int32_t *)at;
    r.skip = at + width + EDGE;
    r.at_label = r.skip + width;
    r.back_b = r.at_label + width;
    r.back_l = r.back_b + width;
    r.post_b = r.back_l + width;
    r.post_l = r.post_b + width;
    r.forward = at + 7 * width;
    r.shift = r.forward + 2 * width * r.turns;
    int64_t from, to;
    fathom_range(a->n, 1, part, parts, &from, &to);
    for (int64_t i = from; i < to; i++) {
        r.steps = length_at(a->lengths, i, a->steps);
        r.labels = length_at(a->targetlengths, i, a->most);
        r.x = a->x + i * a->steps * a->classes;
        r.grad = a->grad ? a->grad + i * a->steps * a->classes : NULL;
        nowhere(r.skip - EDGE, 2 * width);
        for (int64_t t = 0; t < r.turns; t++) nowhere(ctc_forward(&r, t) - EDGE, 2 * width);
        for (int64_t u = 0; u < r.labels; u++) {
            r.label[u] = (int32_t)index_at(a->targets, i * a->most + u, a->classes, c->detail);
            if (u > 0 && r.label[u] != r.label[u - 1]) r.skip[u] = 0;
        }
        const double log_probability = ctc_alpha(&r, a);
        a->loss[i] = (float)(0 - log_probability); /* not -0 where it is certain */
        if (!r.grad) continue;
        const int64_t n = r.steps * a->classes;
        memset(r.grad + n, 0, (size_t)(a->steps * a->classes - n) * sizeof(float));
        if (log_probability == -INFINITY) memset(r.grad, 0, (size_t)n * sizeof(float));
        else ctc_beta(&r, a);
    }
}

/* Whether every label that counts is below classes and not blank; else the status, with its detail. */
static int32_t ctc_targets(const struct ctc_args *a, int64_t *detail) {
    for (int64_t i = 0; i < a->n; i++)
        for (int64_t u = 0, labels = length_at(a->targetlengths, i, a->most); u < labels; u++) {
            const int32_t found = index_read(a->targets, i * a->most + u);
            const int inside = found >= 0 && found < a->classes;
            if (inside && found != a->blank) continue;
            detail[0] = inside ? i : i * a->most + u;
            detail[1] = inside ? u : found;
            detail[2] = inside ? a->blank : a->classes;
            return inside ? FATHOM_BAD_BLANK : FATHOM_BAD_LABEL;
        }
    return FATHOM_OK;
}

static int32_t k_ctc(const struct ctc_args *a, int64_t *detail) {
    if (!lengths_within(a->lengths, a->n, a->steps, detail)) return FATHOM_BAD_LENGTH;
    if (!lengths_within(a->targetlengths, a->n, a->most, detail)) return FATHOM_BAD_LENGTH;
    const int32_t status = ctc_targets(a, detail);
    if (status != FATHOM_OK) return status;
    struct indexed c = {a, detail};
    double nanos = (double)(a->n * a->steps) * ((double)a->classes * 0.3 + (double)a->most * (a->grad ? 5 : 2) + 50);
    fathom_parallel_with(ctc_part, &c, fathom_parts(nanos, a->n), a->scratch, ctc_scratch(a));
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_LABEL;
}

EXPORT(ctc)
EXPORT_SCRATCH(ctc, ctc_scratch)
