/*
 * softmax y = exp(x - max x) / sum exp(x - max x) and log-softmax along r of x[outer][r][inner]; cross-entropy on logits
 * x[rows][classes]; the count of right answers.
 *
 * Subtracting the maximum first keeps any finite row finite. A NaN or an Inf in a row, and a row of -Inf alone, give NaN.
 */
#ifndef FATHOM_SOFTMAX_H
#define FATHOM_SOFTMAX_H

static inline float scalar_log(float x) { return v_log(v_set(x))[0]; }

/* the sum of exp(x - max) in 16 virtual lanes; y (or 0) receives the terms */
static inline __attribute__((always_inline)) float row_exp(const float *x, float *y, int64_t n, float max) {
    v16 sum = v16_zero();
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int p = 0; p < V16; p++) {
            v e = v_exp(v_load(x + i + p * VL) - max);
            if (y) v_store(y + i + p * VL, e);
            sum.part[p] += e;
        }
    if (i < n) {
        v16 last = v16_load_else(x + i, n - i, -INFINITY);
        for (int p = 0; p < V16; p++) {
            int64_t left = n - i - p * VL;
            v e = v_exp(last.part[p] - max);
            if (y && left > 0) v_store_n(y + i + p * VL, e, left < VL ? left : VL);
            sum.part[p] += e;
        }
    }
    return v16_total(sum);
}

/* y[i] = x[i] * scale */
static void row_scale(const float *x, float *y, int64_t n, float scale) {
    int64_t i = 0;
    for (; i + VL <= n; i += VL) v_store(y + i, v_load(x + i) * scale);
    if (i < n) v_store_n(y + i, v_load_n(x + i, n - i) * scale, n - i);
}

static void row_softmax(int64_t log, const float *x, float *y, int64_t n) {
    float max = row_largest(x, n);
    if (!log) {
        float sum = row_exp(x, y, n, max);
        row_scale(y, y, n, 1 / sum);
        return;
    }
    v shift = v_set(scalar_log(row_exp(x, NULL, n, max)));
    int64_t i = 0;
    for (; i + VL <= n; i += VL) v_store(y + i, v_load(x + i) - max - shift);
    if (i < n) v_store_n(y + i, v_load_n(x + i, n - i) - max - shift, n - i);
}

/* n <= VL columns at once */
static void column_softmax(int64_t log, const float *x, float *y, int64_t r, int64_t inner, int64_t n) {
    v max = v_set(-INFINITY), sum = v_set(0);
    for (int64_t j = 0; j < r; j++) max = v_max(v_load_n(x + j * inner, n), max);
    for (int64_t j = 0; j < r; j++) {
        v e = v_exp(v_load_n(x + j * inner, n) - max);
        if (!log) v_store_n(y + j * inner, e, n);
        sum += e;
    }
    v shift = v_log(sum), scale = 1 / sum;
    for (int64_t j = 0; j < r; j++) {
        v value = log ? v_load_n(x + j * inner, n) - max - shift : v_load_n(y + j * inner, n) * scale;
        v_store_n(y + j * inner, value, n);
    }
}

/* A unit is a row, or VL columns of one outer index. */
static inline int64_t softmax_units(int64_t outer, int64_t inner) { return outer * ((inner + VL - 1) / VL); }

static void softmax_part(void *at, int64_t part, int64_t parts) {
    const struct softmax_args *a = at;
    int64_t from, to, vectors = (a->inner + VL - 1) / VL;
    fathom_range(a->outer * vectors, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        int64_t c = unit % vectors * VL, offset = unit / vectors * a->r * a->inner + c;
        if (a->inner == 1) row_softmax(a->log, a->x + offset, a->y + offset, a->r);
        else column_softmax(a->log, a->x + offset, a->y + offset, a->r, a->inner, a->inner - c < VL ? a->inner - c : VL);
    }
}

static int32_t k_softmax(const struct softmax_args *a, int64_t *detail) {
    (void)detail;
    int64_t units = softmax_units(a->outer, a->inner);
    double nanos = (double)(a->outer * a->r * a->inner) * 0.3 + (double)units * 15;
    fathom_parallel(softmax_part, (void *)a, fathom_parts(nanos, units));
    return FATHOM_OK;
}

/* ---- gradients: softmax dx = y (dy - sum y dy), log-softmax dx = dy - exp(y) sum dy ---- */

/* the sum of a[i] b[i] in 2 x 16 virtual lanes */
static float row_dot(const float *a, const float *b, int64_t n) {
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

static inline __attribute__((always_inline)) v softmax_dx(int64_t log, v y, v dy, v sum) {
    return log ? v_fnma(v_exp(y), sum, dy) : y * (dy - sum);
}

static void softmax_grad_part(void *at, int64_t part, int64_t parts) {
    const struct softmax_grad_args *a = at;
    int64_t from, to, inner = a->inner, vectors = (inner + VL - 1) / VL;
    fathom_range(a->outer * vectors, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        int64_t c = unit % vectors * VL, offset = unit / vectors * a->r * inner + c, lanes = inner - c < VL ? inner - c : VL;
        const float *y = a->y + offset, *dy = a->dy + offset;
        float *dx = a->dx + offset;
        if (inner == 1) {
            v sum = v_set(a->log ? row_sum(dy, a->r) : row_dot(y, dy, a->r));
            for (int64_t i = 0; i < a->r; i += VL) {
                int64_t n = a->r - i < VL ? a->r - i : VL;
                give(dx + i, softmax_dx(a->log, v_load_n(y + i, n), v_load_n(dy + i, n), sum), a->add, n);
            }
            continue;
        }
        v sum = v_set(0);
        for (int64_t j = 0; j < a->r; j++) {
            v dy_j = v_load_n(dy + j * inner, lanes);
            sum = a->log ? sum + dy_j : v_fma(v_load_n(y + j * inner, lanes), dy_j, sum);
        }
        for (int64_t j = 0; j < a->r; j++)
            give(dx + j * inner, softmax_dx(a->log, v_load_n(y + j * inner, lanes), v_load_n(dy + j * inner, lanes), sum), a->add,
                 lanes);
    }
}

static int32_t k_softmax_grad(const struct softmax_grad_args *a, int64_t *detail) {
    (void)detail;
    int64_t units = softmax_units(a->outer, a->inner);
    double nanos = (double)(a->outer * a->r * a->inner) * (a->log ? 0.3 : 0.15) + (double)units * 15;
    fathom_parallel(softmax_grad_part, (void *)a, fathom_parts(nanos, units));
    return FATHOM_OK;
}

/* ---- cross-entropy: rowloss = log sum exp(x - max) - (x[label] - max), loss = their mean ---- */

static void cross_entropy_part(void *at, int64_t part, int64_t parts) {
    const struct cross_entropy_args *a = at;
    int64_t from, to;
    fathom_range(a->rows, 1, part, parts, &from, &to);
    for (int64_t i = from; i < to; i++) {
        const float *x = a->x + i * a->classes;
        float *probs = a->probs ? a->probs + i * a->classes : NULL;
        float max = row_largest(x, a->classes), sum;
        float right = x[a->labels[i]] - max; /* probs may lie over x */
        if (probs) {
            sum = row_exp(x, probs, a->classes, max);
            row_scale(probs, probs, a->classes, 1 / sum);
        } else {
            sum = row_exp(x, NULL, a->classes, max);
        }
        a->rowloss[i] = scalar_log(sum) - right;
    }
}

static int32_t k_cross_entropy(const struct cross_entropy_args *a, int64_t *detail) {
    for (int64_t i = 0; i < a->rows; i++)
        if (a->labels[i] < 0 || a->labels[i] >= a->classes) {
            detail[0] = i;
            detail[1] = a->labels[i];
            detail[2] = a->classes;
            return FATHOM_BAD_LABEL;
        }
    double nanos = (double)(a->rows * a->classes) * 0.3 + (double)a->rows * 30;
    fathom_parallel(cross_entropy_part, (void *)a, fathom_parts(nanos, a->rows));
    a->loss[0] = sum_all(a->rowloss, a->rows) / (float)a->rows;
    return FATHOM_OK;
}

static void cross_entropy_grad_part(void *at, int64_t part, int64_t parts) {
    const struct cross_entropy_grad_args *a = at;
    const float scale = a->dloss[0] / (float)a->rows;
    int64_t from, to;
    fathom_range(a->rows, 1, part, parts, &from, &to);
    for (int64_t i = from; i < to; i++) {
        const float *probs = a->probs + i * a->classes;
        float *dx = a->dx + i * a->classes;
        for (int64_t c = 0; c < a->classes; c += VL) {
            int64_t n = a->classes - c < VL ? a->classes - c : VL;
            v p = v_load_n(probs + c, n);
            give(dx + c, v_sel(V_LANE == a->labels[i] - (int32_t)c, p - 1, p) * scale, a->add, n);
        }
    }
}

static int32_t k_cross_entropy_grad(const struct cross_entropy_grad_args *a, int64_t *detail) {
    (void)detail;
    double nanos = (double)(a->rows * a->classes) * 0.1 + (double)a->rows * 5;
    fathom_parallel(cross_entropy_grad_part, (void *)a, fathom_parts(nanos, a->rows));
    return FATHOM_OK;
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

#endif
