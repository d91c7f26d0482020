/* Softmax, log-softmax and their gradients against double references. */
#include "check.h"

static const int64_t shapes[][3] = {
    {1, 1, 1},    {3, 2, 1},    {128, 10, 1}, {5, 15, 1}, {5, 16, 1},  {5, 17, 1}, {2, 31, 1},  {2, 63, 1}, {2, 65, 1},
    {3, 1000, 1}, {1, 4099, 1}, {2, 5, 2},    {3, 7, 15}, {2, 11, 16}, {1, 6, 17}, {2, 10, 67}, {1, 1, 9},
};

static void reference(const float *x, int64_t r, int64_t inner, double *max, double *sum) {
    *max = -INFINITY, *sum = 0;
    for (int64_t j = 0; j < r; j++) *max = x[j * inner] > *max || isnan(x[j * inner]) ? x[j * inner] : *max;
    for (int64_t j = 0; j < r; j++) *sum += exp(x[j * inner] - *max);
}

static void forward_and_gradient(int64_t outer, int64_t r, int64_t inner, int what) {
    int64_t n = outer * r * inner;
    float *x = guarded_floats(n, 4), *y = guarded_floats(n, 8), *dy = guarded_random(n, 12, -1, 1), *dx = guarded_floats(n, 4);
    double *max = malloc((size_t)(outer * inner) * sizeof *max), *sum = malloc((size_t)(outer * inner) * sizeof *sum);
    random_logits(x, n, what);
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

static void same_bits(void) {
    static const int64_t large[][3] = {{1024, 1003, 1}, {100003, 10, 1}, {10, 37, 1009}, {2, 30011, 3}};
    for (int k = 0; k < COUNT(large); k++) {
        int64_t outer = large[k][0], r = large[k][1], inner = large[k][2], n = outer * r * inner;
        float *x = guarded_random(n, 4, -9, 9), *y = guarded_floats(n, 8), *dx = guarded_floats(n, 12);
        float *first[2] = {guarded_floats(n, 0), guarded_floats(n, 0)};
        for (int log_ = 0; log_ < 2; log_++) {
            int reference = -1;
            FOR_EACH_ISA(isa)
                FOR_EACH_PARTS(parts) {
                    RUN(softmax, .log = log_, .x = x, .y = y, .outer = outer, .r = r, .inner = inner);
                    RUN(softmax_grad, .log = log_, .y = y, .dy = x, .dx = dx, .outer = outer, .r = r, .inner = inner);
                    int start = reference < 0 || (!is_fused(reference) && is_fused(isa));
                    if (start) {
                        memcpy(first[0], y, (size_t)n * 4);
                        memcpy(first[1], dx, (size_t)n * 4);
                        reference = isa;
                    }
                    CHECK_BITS(y, first[0], n, "softmax %d shape %d isa %d parts %d", log_, k, isa, parts);
                    CHECK_BITS(dx, first[1], n, "gradient %d shape %d isa %d parts %d", log_, k, isa, parts);
                }
        }
        release_guarded();
    }
}

int main(void) {
    for (int what = 0; what < 4; what++)
        for (int k = 0; k < COUNT(shapes); k++) forward_and_gradient(shapes[k][0], shapes[k][1], shapes[k][2], what);
    same_bits();
    return DONE();
}
