/*
 * softmax y = exp(x - max x) / sum exp(x - max x) and log-softmax along r of x[outer][r][inner].
 *
 * Subtracting the maximum first keeps any finite row finite. A NaN or an Inf in a row, and a row of -Inf alone, give NaN.
 */
#include "rows.h"

/* short rows (several stay in L1) take the logarithms of VL rows at once */
enum { SHORT_LOG_ROW = 256 };
static void rows_log_softmax(const float *x, float *y, int64_t rows, int64_t n) {
    const int64_t most = n <= SHORT_LOG_ROW ? VL : 1;
    float sum[VL] = {0}, max[VL];
    for (; rows > 0; rows -= most, x += most * n, y += most * n) {
        int64_t count = rows < most ? rows : most;
        for (int64_t k = 0; k < count; k++) sum[k] = row_softmax(x + k * n, NULL, n, &max[k]);
        v logs = v_log(v_load(sum));
        for (int64_t k = 0; k < count; k++) {
            const float *x_k = x + k * n;
            float *y_k = y + k * n;
            const v most_k = v_set(max[k]), log_k = v_set(logs[k]);
            EACH_VECTOR(n, v_put(y_k + i, v_get(x_k + i, m) - most_k - log_k, m););
        }
    }
}

/* n <= VL columns at once */
INLINE void column_softmax(int64_t log, const float *x, float *y, int64_t r, int64_t inner, int64_t n) {
    v max = v_set(-INFINITY), sum = v_set(0);
    for (int64_t j = 0; j < r; j++) max = v_max(v_get(x + j * inner, n), max);
    for (int64_t j = 0; j < r; j++) {
        v e = v_exp_down(v_get(x + j * inner, n) - max);
        if (!log) v_put(y + j * inner, e, n);
        sum += e;
    }
    v shift = v_log(sum), scale = 1 / sum;
    for (int64_t j = 0; j < r; j++) {
        v value = log ? v_get(x + j * inner, n) - max - shift : v_get(y + j * inner, n) * scale;
        v_put(y + j * inner, value, n);
    }
}

/* A unit is a row, or VL columns of one outer index. */
static inline int64_t softmax_units(int64_t outer, int64_t inner) { return outer * ((inner + VL - 1) / VL); }

static void softmax_part(void *at, int64_t part, int64_t parts) {
    const struct softmax_args *a = at;
    int64_t from, to, vectors = (a->inner + VL - 1) / VL;
    fathom_range(a->outer * vectors, 1, part, parts, &from, &to);
    if (a->inner == 1 && a->log) {
        rows_log_softmax(a->x + from * a->r, a->y + from * a->r, to - from, a->r);
        return;
    }
    for (int64_t unit = from; unit < to; unit++) {
        int64_t c = unit % vectors * VL, offset = unit / vectors * a->r * a->inner + c;
        const float *x = a->x + offset;
        float *y = a->y + offset, max;
        if (a->inner > 1 && a->inner - c >= VL) column_softmax(a->log, x, y, a->r, a->inner, VL);
        else if (a->inner > 1) column_softmax(a->log, x, y, a->r, a->inner, a->inner - c);
        else row_softmax(x, y, a->r, &max);
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

INLINE v softmax_dx(int64_t log, v y, v dy, v sum) {
    return log ? v_fnma(v_exp(y), sum, dy) : y * (dy - sum);
}

INLINE void row_softmax_grad(int64_t log, const float *y, const float *dy, float *dx, int64_t r, int64_t add) {
    v sum = v_set(log ? row_sum(dy, r) : row_dot(y, dy, r));
    EACH_VECTOR(r, give(dx + i, softmax_dx(log, v_get(y + i, m), v_get(dy + i, m), sum), add, m););
}

/* n <= VL columns at once */
INLINE void column_softmax_grad(int64_t log, const float *y, const float *dy, float *dx, int64_t r, int64_t inner, int64_t add,
                                int64_t n) {
    v sum = v_set(0);
    for (int64_t j = 0; j < r * inner; j += inner) {
        v dy_j = v_get(dy + j, n);
        sum = log ? sum + dy_j : v_fma(v_get(y + j, n), dy_j, sum);
    }
    for (int64_t j = 0; j < r * inner; j += inner)
        give(dx + j, softmax_dx(log, v_get(y + j, n), v_get(dy + j, n), sum), add, n);
}

static void softmax_grad_part(void *at, int64_t part, int64_t parts) {
    const struct softmax_grad_args *a = at;
    int64_t from, to, inner = a->inner, vectors = (inner + VL - 1) / VL;
    fathom_range(a->outer * vectors, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        int64_t c = unit % vectors * VL, offset = unit / vectors * a->r * inner + c;
        const float *y = a->y + offset, *dy = a->dy + offset;
        float *dx = a->dx + offset;
        if (inner == 1 && a->log) row_softmax_grad(1, y, dy, dx, a->r, a->add);
        else if (inner == 1) row_softmax_grad(0, y, dy, dx, a->r, a->add);
        else if (inner - c >= VL) column_softmax_grad(a->log, y, dy, dx, a->r, inner, a->add, VL);
        else column_softmax_grad(a->log, y, dy, dx, a->r, inner, a->add, inner - c);
    }
}

static int32_t k_softmax_grad(const struct softmax_grad_args *a, int64_t *detail) {
    (void)detail;
    int64_t units = softmax_units(a->outer, a->inner);
    double nanos = (double)(a->outer * a->r * a->inner) * (a->log ? 0.3 : 0.15) + (double)units * 15;
    fathom_parallel(softmax_grad_part, (void *)a, fathom_parts(nanos, units));
    return FATHOM_OK;
}

EXPORT(softmax)
EXPORT(softmax_grad)
