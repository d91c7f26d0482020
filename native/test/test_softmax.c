/* Softmax, log-softmax, cross-entropy, their gradients and the count of right answers against double references. */
#include "check.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

static const int64_t shapes[][3] = {
    {1, 1, 1},    {3, 2, 1},    {128, 10, 1}, {5, 15, 1}, {5, 16, 1},  {5, 17, 1}, {2, 31, 1},  {2, 63, 1}, {2, 65, 1},
    {3, 1000, 1}, {1, 4099, 1}, {2, 5, 2},    {3, 7, 15}, {2, 11, 16}, {1, 6, 17}, {2, 10, 67}, {1, 1, 9},
};

/* what: 0 moderate, 1 +-1000, 2 some -Inf, 3 a row of -Inf, a NaN, an Inf */
static void logits(float *x, int64_t n, int what) {
    random_fill(x, n, -4, 4);
    for (int64_t i = 0; i < n; i++) {
        if (what == 1) x[i] = x[i] * 250;
        if (what == 2 && i % 3 == 1) x[i] = -INFINITY;
        if (what == 3) x[i] = i % 11 == 0 ? NAN : i % 7 == 0 ? INFINITY : -INFINITY;
    }
}

static void reference(const float *x, int64_t r, int64_t inner, double *max, double *sum) {
    *max = -INFINITY, *sum = 0;
    for (int64_t j = 0; j < r; j++) *max = x[j * inner] > *max || isnan(x[j * inner]) ? x[j * inner] : *max;
    for (int64_t j = 0; j < r; j++) *sum += exp(x[j * inner] - *max);
}

static void forward_and_gradient(int64_t outer, int64_t r, int64_t inner, int what) {
    int64_t n = outer * r * inner;
    float *x = guarded_floats(n, 4), *y = guarded_floats(n, 8), *dy = guarded_random(n, 12, -1, 1), *dx = guarded_floats(n, 4);
    double *max = malloc((size_t)(outer * inner) * sizeof *max), *sum = malloc((size_t)(outer * inner) * sizeof *sum);
    logits(x, n, what);
    for (int64_t c = 0; c < outer * inner; c++) reference(x + c / inner * r * inner + c % inner, r, inner, max + c, sum + c);
    FOR_EACH_ISA(isa)
        for (int log_ = 0; log_ < 2; log_++) {
            CHECK(RUN(softmax, .log = log_, .x = x, .y = y, .outer = outer, .r = r, .inner = inner) == FATHOM_OK, "status");
            for (int64_t i = 0; i < n; i++) {
                int64_t c = i / inner / r * inner + i % inner;
                double want = log_ ? x[i] - max[c] - log(sum[c]) : exp(x[i] - max[c]) / sum[c];
                CHECK_NEAR(y[i], want, log_ ? 1e-6 + 2e-7 * fabs(want) : 1e-6 * want + 1e-44,
                           "isa %d log %d [%lld, %lld, %lld] what %d at %lld", isa, log_, (long long)outer, (long long)r,
                           (long long)inner, what, (long long)i);
            }
            for (int add = 0; add < 2 && what < 2; add++) {
                for (int64_t i = 0; i < n; i++) dx[i] = (float)(i % 3);
                RUN(softmax_grad, .log = log_, .y = y, .dy = dy, .dx = dx, .outer = outer, .r = r, .inner = inner, .add = add);
                for (int64_t c = 0; c < outer * inner; c++) {
                    int64_t base = c / inner * r * inner + c % inner;
                    double total = 0, size = 0;
                    for (int64_t i = base; i < base + r * inner; i += inner) {
                        double term = dy[i] * (log_ ? 1 : (double)y[i]);
                        total += term;
                        size += fabs(term);
                    }
                    for (int64_t i = base; i < base + r * inner; i += inner) {
                        double want = (log_ ? dy[i] - exp(y[i]) * total : y[i] * (dy[i] - total)) + (add ? (double)(i % 3) : 0);
                        CHECK_NEAR(dx[i], want, 1e-6 + 1e-6 * size, "isa %d log %d [%lld, %lld, %lld] add %d at %lld", isa, log_,
                                   (long long)outer, (long long)r, (long long)inner, add, (long long)i);
                    }
                }
            }
        }
    free(max);
    free(sum);
    release_guarded();
}

static void cross_entropy(int64_t rows, int64_t classes, int what) {
    int64_t n = rows * classes;
    float *x = guarded_floats(n, 4), *probs = guarded_floats(n, 8), *rowloss = guarded_floats(rows, 12),
          *again = guarded_floats(rows, 0);
    float *loss = guarded_floats(1, 4), *dloss = guarded_floats(1, 4), *dx = guarded_floats(n, 20);
    int32_t *labels = guarded((size_t)rows * 4, 4), *count = guarded(4, 4);
    logits(x, n, what);
    dloss[0] = 2.5f;
    for (int64_t i = 0; i < rows; i++) labels[i] = (int32_t)random_below(classes);
    FOR_EACH_ISA(isa) {
        double mean = 0;
        int32_t right = 0;
        CHECK(RUN(cross_entropy, .x = x, .labels = labels, .probs = probs, .rowloss = rowloss, .loss = loss, .rows = rows,
                  .classes = classes)
                  == FATHOM_OK,
              "status");
        for (int64_t i = 0; i < rows; i++) {
            double max, sum;
            int64_t best = 0;
            reference(x + i * classes, classes, 1, &max, &sum);
            double want = log(sum) - (x[i * classes + labels[i]] - max);
            CHECK_NEAR(rowloss[i], want, 2e-7 * fabs(want) + 1e-6, "isa %d %lld x %lld what %d row %lld", isa, (long long)rows,
                       (long long)classes, what, (long long)i);
            mean += rowloss[i] / (double)rows;
            for (int64_t c = 0; c < classes; c++) {
                float value = x[i * classes + c];
                if (value > x[i * classes + best] || (isnan(value) && !isnan(x[i * classes + best]))) best = c;
                CHECK_NEAR(probs[i * classes + c], exp(value - max) / sum, 1e-6, "isa %d row %lld class %lld", isa, (long long)i,
                           (long long)c);
            }
            right += best == labels[i];
        }
        CHECK_NEAR(loss[0], mean, 1e-6 * fabs(mean) + 1e-7, "isa %d mean", isa);

        RUN(cross_entropy, .x = x, .labels = labels, .rowloss = again, .loss = loss, .rows = rows, .classes = classes);
        CHECK_BITS(again, rowloss, rows, "isa %d without probs", isa);

        for (int add = 0; add < 2; add++) {
            for (int64_t i = 0; i < n; i++) dx[i] = (float)(i % 3);
            RUN(cross_entropy_grad, .probs = probs, .labels = labels, .dloss = dloss, .dx = dx, .rows = rows, .classes = classes,
                .add = add);
            for (int64_t i = 0; i < n; i++) {
                double want =
                    (probs[i] - (i % classes == labels[i / classes])) * 2.5 / (double)rows + (add ? (double)(i % 3) : 0);
                CHECK_NEAR(dx[i], want, 3e-7 * (fabs(want) + (add ? 2 : 0)) + 1e-9, "isa %d add %d at %lld", isa, add,
                           (long long)i);
            }
        }
        RUN(correct, .x = x, .labels = labels, .count = count, .rows = rows, .classes = classes);
        CHECK(*count == right, "isa %d: %d right, not %d", isa, *count, right);
    }
    release_guarded();
}

static void bad_labels(void) {
    const int64_t rows = 5, classes = 10;
    float *x = guarded_random(50, 4, -1, 1), *probs = guarded_floats(50, 4), *rowloss = guarded_floats(5, 4),
          *loss = guarded_floats(1, 4);
    int32_t *labels = guarded(20, 4);
    static const int32_t bad[] = {10, -1, INT32_MIN, INT32_MAX};
    FOR_EACH_ISA(isa)
        for (int b = 0; b < COUNT(bad); b++) {
            for (int i = 0; i < 5; i++) labels[i] = i;
            labels[3] = bad[b];
            CHECK(RUN(cross_entropy, .x = x, .labels = labels, .probs = probs, .rowloss = rowloss, .loss = loss, .rows = rows,
                      .classes = classes)
                      == FATHOM_BAD_LABEL,
                  "isa %d label %d", isa, bad[b]);
            CHECK(run_words[0] == FATHOM_BAD_LABEL && run_words[1] == 3 && run_words[2] == bad[b] && run_words[3] == 10,
                  "detail %lld %lld %lld", (long long)run_words[1], (long long)run_words[2], (long long)run_words[3]);
            for (int i = 0; i < 50; i++) CHECK(isnan(probs[i]), "probs[%d] written", i);
            for (int i = 0; i < 5; i++) CHECK(isnan(rowloss[i]), "rowloss[%d] written", i);
            CHECK(isnan(loss[0]), "loss written");
        }
    release_guarded();
}

/* exact at +-1000: the right class gives 0, the wrong one 2000 */
static void exact(void) {
    float x[4] = {1000, -1000, 1000, -1000}, rowloss[2], loss[1], probs[4];
    int32_t labels[2] = {0, 1};
    FOR_EACH_ISA(isa) {
        RUN(cross_entropy, .x = x, .labels = labels, .probs = probs, .rowloss = rowloss, .loss = loss, .rows = 2, .classes = 2);
        CHECK(rowloss[0] == 0 && rowloss[1] == 2000 && loss[0] == 1000, "isa %d: %g %g %g", isa, rowloss[0], rowloss[1], loss[0]);
        CHECK(probs[0] == 1 && probs[1] == 0 && probs[2] == 1 && probs[3] == 0, "isa %d: probs", isa);
    }
}

static void same_bits(void) {
    static const int64_t large[][3] = {{1024, 1003, 1}, {100003, 10, 1}, {10, 37, 1009}, {2, 30011, 3}};
    for (int k = 0; k < COUNT(large); k++) {
        int64_t outer = large[k][0], r = large[k][1], inner = large[k][2], n = outer * r * inner;
        float *x = guarded_random(n, 4, -9, 9), *y = guarded_floats(n, 8), *dx = guarded_floats(n, 12),
              *rowloss = guarded_floats(outer, 0);
        float *first[4] = {guarded_floats(n, 0), guarded_floats(n, 0), guarded_floats(n, 0), guarded_floats(1, 0)},
              *loss = guarded_floats(1, 0);
        int32_t *labels = guarded((size_t)outer * 4, 0), *count = guarded(4, 0), first_count = 0;
        for (int64_t i = 0; i < outer; i++) labels[i] = (int32_t)random_below(r);
        for (int log_ = 0; log_ < 2; log_++) {
            int reference = -1;
            FOR_EACH_ISA(isa)
                FOR_EACH_THREADS(threads) {
                    RUN(softmax, .log = log_, .x = x, .y = y, .outer = outer, .r = r, .inner = inner);
                    RUN(softmax_grad, .log = log_, .y = y, .dy = x, .dx = dx, .outer = outer, .r = r, .inner = inner);
                    int start = reference < 0 || (reference == 0 && isa > 0);
                    if (start) {
                        memcpy(first[0], y, (size_t)n * 4);
                        memcpy(first[1], dx, (size_t)n * 4);
                        reference = isa;
                    }
                    CHECK_BITS(y, first[0], n, "softmax %d shape %d isa %d threads %d", log_, k, isa, threads);
                    CHECK_BITS(dx, first[1], n, "gradient %d shape %d isa %d threads %d", log_, k, isa, threads);
                    if (inner > 1) continue;
                    RUN(cross_entropy, .x = x, .labels = labels, .probs = y, .rowloss = rowloss, .loss = loss, .rows = outer,
                        .classes = r);
                    RUN(cross_entropy_grad, .probs = y, .labels = labels, .dloss = loss, .dx = dx, .rows = outer, .classes = r);
                    RUN(correct, .x = x, .labels = labels, .count = count, .rows = outer, .classes = r);
                    if (start) {
                        memcpy(first[2], dx, (size_t)n * 4);
                        first[3][0] = loss[0];
                        first_count = count[0];
                    }
                    CHECK_BITS(dx, first[2], n, "cross-entropy gradient, shape %d isa %d threads %d", k, isa, threads);
                    CHECK_BITS(loss, first[3], 1, "loss, shape %d isa %d threads %d", k, isa, threads);
                    CHECK(count[0] == first_count, "correct, shape %d isa %d threads %d", k, isa, threads);
                }
        }
        release_guarded();
    }
}

int main(void) {
    for (int what = 0; what < 4; what++)
        for (int k = 0; k < COUNT(shapes); k++) {
            forward_and_gradient(shapes[k][0], shapes[k][1], shapes[k][2], what);
            if (shapes[k][2] == 1) cross_entropy(shapes[k][0], shapes[k][1], what);
        }
    bad_labels();
    exact();
    same_bits();
    return DONE();
}
