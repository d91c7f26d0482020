/* Cross-entropy, plain, smoothed and weighted, its gradient and the count of right answers against double references. */
#include "check.h"

static const int64_t shapes[][2] = {{1, 1}, {3, 2}, {128, 10}, {5, 15}, {5, 16}, {5, 17}, {2, 31}, {2, 65}, {3, 1000}, {1, 4099}};

static void reference(const float *x, int64_t n, double *max, double *sum) {
    *max = -INFINITY, *sum = 0;
    for (int64_t j = 0; j < n; j++) *max = x[j] > *max || isnan(x[j]) ? x[j] : *max;
    for (int64_t j = 0; j < n; j++) *sum += exp(x[j] - *max);
}

/* what row i wants of class c */
static double wanted(const float *weights, int32_t label, int64_t classes, double smoothing, int64_t c) {
    return (weights ? weights[c] : 1) * ((c == label ? 1 - smoothing : 0) + smoothing / (double)classes);
}

static void cross_entropy(int64_t rows, int64_t classes, int what, float smoothing, int weighted) {
    int64_t n = rows * classes;
    float *x = guarded_floats(n, 4), *probs = guarded_floats(n, 8), *rowloss = guarded_floats(rows, 12),
          *again = guarded_floats(rows, 0), *weights = weighted ? guarded_random(classes, 4, 0.1, 3) : NULL;
    float *loss = guarded_floats(1, 4), *dloss = guarded_floats(1, 4), *dx = guarded_floats(n, 20);
    int32_t *labels = guarded((size_t)rows * 4, 4), *count = guarded(4, 4);
    double total = 0;
    random_logits(x, n, what);
    dloss[0] = 2.5f;
    for (int64_t i = 0; i < rows; i++) labels[i] = (int32_t)random_below(classes);
    for (int64_t i = 0; i < rows; i++) total += weights ? weights[labels[i]] : 1;
    FOR_EACH_ISA(isa) {
        double mean = 0;
        int32_t right = 0;
        CHECK(RUN(cross_entropy, .x = x, .labels = labels, .weights = weights, .probs = probs, .rowloss = rowloss, .loss = loss,
                  .rows = rows, .classes = classes, .smoothing = smoothing)
                  == FATHOM_OK,
              "status");
        for (int64_t i = 0; i < rows; i++) {
            double max, sum, want = 0, size = 0;
            int64_t best = 0;
            reference(x + i * classes, classes, &max, &sum);
            for (int64_t c = 0; c < classes; c++) {
                double q = wanted(weights, labels[i], classes, smoothing, c), far = max - x[i * classes + c];
                if (q != 0) want += q * (log(sum) + far), size += fabs(q * far);
            }
            CHECK_NEAR(rowloss[i], want, 1e-6 * size + 1e-6 * (weighted ? 3 : 1),
                       "isa %d %lld x %lld what %d smoothing %g weighted %d row %lld", isa, (long long)rows, (long long)classes,
                       what, smoothing, weighted, (long long)i);
            mean += rowloss[i] / total;
            for (int64_t c = 0; c < classes; c++) {
                float value = x[i * classes + c];
                if (value > x[i * classes + best] || (isnan(value) && !isnan(x[i * classes + best]))) best = c;
                CHECK_NEAR(probs[i * classes + c], exp(value - max) / sum, 1e-6, "isa %d row %lld class %lld", isa, (long long)i,
                           (long long)c);
            }
            right += best == labels[i];
        }
        CHECK_NEAR(loss[0], mean, 1e-6 * fabs(mean) + 1e-7, "isa %d mean", isa);

        RUN(cross_entropy, .x = x, .labels = labels, .weights = weights, .rowloss = again, .loss = loss, .rows = rows,
            .classes = classes, .smoothing = smoothing);
        CHECK_BITS(again, rowloss, rows, "isa %d without probs", isa);

        for (int add = 0; add < 2; add++) {
            for (int64_t i = 0; i < n; i++) dx[i] = (float)(i % 3);
            RUN(cross_entropy_grad, .probs = probs, .labels = labels, .weights = weights, .dloss = dloss, .dx = dx, .rows = rows,
                .classes = classes, .smoothing = smoothing, .add = add);
            for (int64_t i = 0; i < rows; i++) {
                double mass = 0;
                for (int64_t c = 0; c < classes; c++) mass += wanted(weights, labels[i], classes, smoothing, c);
                for (int64_t c = 0; c < classes; c++) {
                    double p = probs[i * classes + c], q = wanted(weights, labels[i], classes, smoothing, c);
                    double before = add ? (double)((i * classes + c) % 3) : 0, scale = 2.5 / total;
                    CHECK_NEAR(dx[i * classes + c], before + (p * mass - q) * scale,
                               5e-7 * (before + (p * mass + q) * scale) + 1e-9, "isa %d add %d smoothing %g weighted %d at %lld",
                               isa, add, smoothing, weighted, (long long)(i * classes + c));
                }
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
    static const int64_t large[][2] = {{1024, 1003}, {100003, 10}};
    for (int k = 0; k < COUNT(large); k++)
        for (int form = 0; form < 2; form++) {
            int64_t rows = large[k][0], classes = large[k][1], n = rows * classes;
            float *x = guarded_random(n, 4, -9, 9), *probs = guarded_floats(n, 8), *dx = guarded_floats(n, 12),
                  *rowloss = guarded_floats(rows, 0), *weights = form ? guarded_random(classes, 4, 0, 2) : NULL;
            float *first = guarded_floats(n, 0), *loss = guarded_floats(1, 0), first_loss[1];
            int32_t *labels = guarded((size_t)rows * 4, 0), *count = guarded(4, 0), first_count = 0;
            int reference = -1;
            for (int64_t i = 0; i < rows; i++) labels[i] = (int32_t)random_below(classes);
            FOR_EACH_ISA(isa)
                FOR_EACH_PARTS(parts) {
                    RUN(cross_entropy, .x = x, .labels = labels, .weights = weights, .probs = probs, .rowloss = rowloss,
                        .loss = loss, .rows = rows, .classes = classes, .smoothing = form ? 0.1f : 0);
                    RUN(cross_entropy_grad, .probs = probs, .labels = labels, .weights = weights, .dloss = loss, .dx = dx,
                        .rows = rows, .classes = classes, .smoothing = form ? 0.1f : 0);
                    RUN(correct, .x = x, .labels = labels, .count = count, .rows = rows, .classes = classes);
                    if (reference < 0 || (!is_fused(reference) && is_fused(isa))) {
                        memcpy(first, dx, (size_t)n * 4);
                        first_loss[0] = loss[0];
                        first_count = count[0];
                        reference = isa;
                    }
                    CHECK_BITS(dx, first, n, "gradient, shape %d form %d isa %d parts %d", k, form, isa, parts);
                    CHECK_BITS(loss, first_loss, 1, "loss, shape %d form %d isa %d parts %d", k, form, isa, parts);
                    CHECK(count[0] == first_count, "correct, shape %d isa %d parts %d", k, isa, parts);
                }
            release_guarded();
        }
}

int main(void) {
    for (int what = 0; what < 4; what++)
        for (int k = 0; k < COUNT(shapes); k++)
            for (int weighted = 0; weighted < 2; weighted++) {
                cross_entropy(shapes[k][0], shapes[k][1], what, 0, weighted);
                cross_entropy(shapes[k][0], shapes[k][1], what, 0.1f, weighted);
            }
    bad_labels();
    exact();
    same_bits();
    return DONE();
}
