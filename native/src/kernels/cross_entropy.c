/*
 * Cross-entropy on logits x[rows][classes] with class numbers, as PyTorch's: loss = sum over rows and classes of -q log softmax(x)
 * / sum of w[label], where q[c] = (1 - smoothing) w[label] [c == label] + smoothing / classes w[c] (Szegedy et al. 2016) and w = 1
 * without weights; its gradient dx = (softmax(x) sum q - q) / sum of w[label]. And the count of right answers.
 */
#include "indices.h"
#include "rows.h"

/* the sum of each w (max - x) in 16 virtual lanes, w = 1 where it is 0 */
static float row_distance(const float *x, const float *w, int64_t n, float each, float max) {
    v16 sum = v16_zero();
    for (int64_t i = 0; i < n; i += 16)
        for (int p = 0; p < V16; p++) {
            int64_t at = i + p * VL, lanes = lane_count(n - at);
            if (lanes == 0) break;
            v far = max - v_get(x + at, lanes), weight = w ? each * v_get(w + at, lanes) : v_set(each);
            far = v_sel(V_LANE < (int32_t)lanes, far, v_set(0));
            sum.part[p] = v_fma(weight, far, sum.part[p]);
        }
    return v16_total(sum);
}

static inline float label_weight(const float *weights, int64_t label) { return weights ? weights[label] : 1; }

/* what the sum is divided by: in double, the labels in order */
static float label_weights(const float *weights, const int32_t *labels, int64_t rows, int64_t classes, int64_t *detail) {
    double sum = 0;
    if (!weights) return (float)rows;
    for (int64_t i = 0; i < rows; i++) sum += weights[index_at(labels, i, classes, detail)];
    return (float)sum;
}

static float class_weights(const float *weights, int64_t classes) { return weights ? row_sum(weights, classes) : (float)classes; }

static void cross_entropy_part(void *at, int64_t part, int64_t parts) {
    const struct indexed *context = at;
    const struct cross_entropy_args *a = context->args;
    const float each = a->smoothing / (float)a->classes, all = each * class_weights(a->weights, a->classes);
    int64_t from, to;
    fathom_range(a->rows, VL, part, parts, &from, &to);
    for (; from < to; from += VL) { /* the logarithms of VL rows at once */
        float sum[VL], right[VL], mass[VL], max;
        int64_t n = lane_count(to - from);
        for (int64_t k = 0; k < n; k++) {
            const float *x = a->x + (from + k) * a->classes;
            const int64_t label = index_at(a->labels, from + k, a->classes, context->detail);
            float value = x[label], hit = (1 - a->smoothing) * label_weight(a->weights, label), spread = 0;
            if (each != 0) spread = row_distance(x, a->weights, a->classes, each, row_largest(x, a->classes));
            /* probs may lie over x, so it comes last */
            sum[k] = row_softmax(x, a->probs ? a->probs + (from + k) * a->classes : NULL, a->classes, &max);
            right[k] = hit * (value - max) - spread;
            mass[k] = hit + all;
        }
        v_put(a->rowloss + from, v_get(mass, n) * v_log(v_get(sum, n)) - v_get(right, n), n);
    }
}

static int32_t k_cross_entropy(const struct cross_entropy_args *a, int64_t *detail) {
    if (!indices_below(a->labels, a->rows, a->classes, detail)) return FATHOM_BAD_LABEL;
    double nanos = (double)(a->rows * a->classes) * 0.3 + (double)a->rows * 30;
    struct indexed context = {a, detail};
    fathom_parallel(cross_entropy_part, &context, fathom_parts(nanos, a->rows));
    a->loss[0] = sum_all(a->rowloss, a->rows) / label_weights(a->weights, a->labels, a->rows, a->classes, detail);
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_LABEL;
}

struct cross_entropy_grad_context {
    const struct cross_entropy_grad_args *a;
    int64_t *detail;
    float scale;
};

static void cross_entropy_grad_part(void *at, int64_t part, int64_t parts) {
    const struct cross_entropy_grad_context *context = at;
    const struct cross_entropy_grad_args *a = context->a;
    const float each = a->smoothing / (float)a->classes, all = each * class_weights(a->weights, a->classes);
    int64_t from, to;
    fathom_range(a->rows, 1, part, parts, &from, &to);
    for (int64_t i = from; i < to; i++) {
        const float *probs = a->probs + i * a->classes;
        const int64_t label = index_at(a->labels, i, a->classes, context->detail);
        const float hit = (1 - a->smoothing) * label_weight(a->weights, label), mass = hit + all;
        float *dx = a->dx + i * a->classes;
        for (int64_t c = 0; c < a->classes; c += VL) {
            int64_t n = lane_count(a->classes - c);
            v q = a->weights ? each * v_get(a->weights + c, n) : v_set(each);
            q += v_sel(V_LANE == (int32_t)(label - c), v_set(hit), v_set(0));
            give(dx + c, v_fma(v_get(probs + c, n), v_set(mass), -q) * context->scale, a->add, n);
        }
    }
}

static int32_t k_cross_entropy_grad(const struct cross_entropy_grad_args *a, int64_t *detail) {
    if (!indices_below(a->labels, a->rows, a->classes, detail)) return FATHOM_BAD_LABEL;
    struct cross_entropy_grad_context context = {
        a, detail, a->dloss[0] / label_weights(a->weights, a->labels, a->rows, a->classes, detail)};
    double nanos = (double)(a->rows * a->classes) * 0.1 + (double)a->rows * 5;
    fathom_parallel(cross_entropy_grad_part, &context, fathom_parts(nanos, a->rows));
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_LABEL;
}

/* ---- correct ---- */

static void correct_part(void *at, int64_t part, int64_t parts) {
    const struct correct_args *a = at;
    int64_t from, to;
    int32_t right = 0;
    fathom_range(a->rows, 1, part, parts, &from, &to);
    for (int64_t i = from; i < to; i++) right += row_argmax(a->x + i * a->classes, a->classes) == a->labels[i];
    if (right) __atomic_fetch_add(a->count, right, __ATOMIC_RELAXED);
}

static int32_t k_correct(const struct correct_args *a, int64_t *detail) {
    (void)detail;
    *a->count = 0;
    double nanos = (double)(a->rows * a->classes) * 0.1 + (double)a->rows * 15;
    fathom_parallel(correct_part, (void *)a, fathom_parts(nanos, a->rows));
    return FATHOM_OK;
}

EXPORT(cross_entropy)
EXPORT(cross_entropy_grad)
EXPORT(correct)
