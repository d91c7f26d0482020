/* Every reduction, the gradients, and the count of non-finite values against double references. */
#include "check.h"

enum { FEW = 65 }; /* a product of more ends in 0, and there an infinity makes it NaN or not */

/* outer, r, inner: one value, lanes +- 1, primes, blocks of rows, few columns, wide columns */
static const int64_t shapes[][3] = {
    {1, 1, 1},     {3, 7, 1},      {2, 15, 1},    {2, 16, 1},    {5, 17, 1},  {2, 63, 1},    {1, 64, 1},
    {3, 65, 1},    {1, 1021, 1},   {1, 70001, 1}, {2, 65536, 1}, {1, 5, 2},   {3, 63, 2},    {1, 64, 3},
    {2, 1027, 3},  {1, 9001, 15},  {1, 40000, 2}, {4, 1, 5},     {1, 7, 15},  {1, 7, 16},    {2, 5, 17},
    {1, 100, 31},  {1, 128, 63},   {3, 13, 64},   {1, 11, 65},   {2, 3, 127}, {1, 128, 256}, {1, 1024, 64},
    {2, 1500, 67}, {1, 1100, 131}, {1, 2, 1009},  {128, 10, 1},  {33, 4, 1},
};

/* what: 0 plain, 1 NaN and infinities sprinkled, 2 many equal values */
static void values(float *x, int64_t n, int what) {
    random_fill(x, n, -1, 1);
    for (int64_t i = 0; i < n; i++) {
        if (what == 2) x[i] = (float)random_below(3);
        if (what == 1 && random_below(97) == 0) x[i] = random_below(2) ? NAN : random_below(2) ? INFINITY : -INFINITY;
    }
}

/* what y[i] of these x should be, and the size of what was added up; shift is what reduce is given */
static void reference(int kind, const float *x, int64_t r, int64_t inner, double shift, double *value, double *size,
                      int64_t *index) {
    double s = 0, largest = -INFINITY, product = 1;
    int64_t at = 0;
    *size = 0;
    for (int64_t j = 0; j < r; j++) {
        double e = kind == REDUCE_MIN || kind == REDUCE_ARGMIN ? -x[j * inner] : x[j * inner], term = e;
        if (kind == REDUCE_PROD) product *= e;
        if (kind == REDUCE_NORM1) term = fabs(e);
        if (kind == REDUCE_NORM) term = e * e;
        if (kind == REDUCE_VARIANCE) term = (e - shift) * (e - shift);
        if (kind == REDUCE_LOGSUMEXP) term = exp(isinf(shift) ? e : e - shift);
        s += term;
        *size += fabs(term);
        if (j == 0 || e > largest || (isnan(e) && !isnan(largest))) largest = e, at = j;
    }
    *value = kind == REDUCE_MAX ? largest : kind == REDUCE_MIN ? -largest : kind == REDUCE_NORM ? sqrt(s) : s;
    if (kind == REDUCE_PROD) *value = product;
    if (kind == REDUCE_NORM) *size = sqrt(*size);
    if (kind == REDUCE_LOGSUMEXP) {
        *value = (isinf(shift) ? 0 : shift) + log(s);
        *size = 1;
    }
    *index = at;
}

/* means or maxima, for the kinds that take them */
static void shifts(int kind, float *x, float *shift, int64_t outer, int64_t r, int64_t inner) {
    int mean = kind == REDUCE_VARIANCE;
    RUN(reduce, .kind = mean ? REDUCE_SUM : REDUCE_MAX, .x = x, .y = shift, .outer = outer, .r = r, .inner = inner,
        .divisor = mean ? r : 1);
}

static void forward(int64_t outer, int64_t r, int64_t inner, int what) {
    int64_t n = outer * r * inner, m = outer * inner;
    float *x = guarded_floats(n, 4), *y = guarded_floats(m, 8), *shift = guarded_floats(m, 4);
    values(x, n, what);
    FOR_EACH_ISA(isa)
        for (int kind = REDUCE_SUM; kind < REDUCE_KINDS - (what == 1 && r > FEW); kind++)
            for (int add = 0; add <= (kind != REDUCE_ARGMAX && kind != REDUCE_ARGMIN); add++) {
                int64_t divisor = kind == REDUCE_SUM || kind == REDUCE_VARIANCE ? 1 + add * 6 : 1;
                shifts(kind, x, shift, outer, r, inner);
                for (int64_t i = 0; i < m; i++) y[i] = (float)i;
                CHECK(RUN(reduce, .kind = kind, .x = x, .shift = shift, .y = y, .outer = outer, .r = r, .inner = inner,
                          .divisor = divisor, .add = add)
                          == FATHOM_OK,
                      "status");
                for (int64_t i = 0; i < m; i++) {
                    double want, size;
                    int64_t index;
                    reference(kind, x + i / inner * r * inner + i % inner, r, inner, shift[i], &want, &size, &index);
                    if (kind == REDUCE_ARGMAX || kind == REDUCE_ARGMIN) {
                        CHECK(((int32_t *)y)[i] == index, "isa %d [%lld, %lld, %lld] kind %d what %d: [%lld] %d not %lld", isa,
                              (long long)outer, (long long)r, (long long)inner, kind, what, (long long)i, ((int32_t *)y)[i],
                              (long long)index);
                        continue;
                    }
                    want = want / (double)divisor + (add ? (double)i : 0);
                    int exact = (kind == REDUCE_MAX || kind == REDUCE_MIN) && !add;
                    double tolerance = exact ? 0 : 1e-6 * (isfinite(size) ? size : 0) + (add ? 1e-7 * (double)i : 0) + 1e-6;
                    CHECK_NEAR(y[i], want, tolerance, "isa %d kind %d [%lld, %lld, %lld] what %d add %d at %lld", isa, kind,
                               (long long)outer, (long long)r, (long long)inner, what, add, (long long)i);
                }
            }
    release_guarded();
}

static void gradient(int64_t outer, int64_t r, int64_t inner, int what) {
    int64_t n = outer * r * inner, m = outer * inner;
    float *x = guarded_floats(n, 4), *y = guarded_floats(m, 8), *shift = guarded_floats(m, 8), *dy = guarded_random(m, 12, -1, 1);
    float *dx = guarded_floats(n, 20), *before = guarded_floats(n, 0);
    double *want = malloc((size_t)n * sizeof(double));
    values(x, n, what);
    FOR_EACH_ISA(isa)
        for (int kind = REDUCE_SUM; kind < REDUCE_KINDS - (what == 1 && r > FEW); kind++)
            for (int add = 0; add < 2 - (kind == REDUCE_PROD) && kind != REDUCE_ARGMAX && kind != REDUCE_ARGMIN; add++) {
                int64_t divisor = kind == REDUCE_SUM || kind == REDUCE_VARIANCE ? r : 1;
                shifts(kind, x, shift, outer, r, inner);
                RUN(reduce, .kind = kind, .x = x, .shift = shift, .y = y, .outer = outer, .r = r, .inner = inner,
                    .divisor = divisor);
                if (kind == REDUCE_VARIANCE) memcpy(y, shift, (size_t)m * 4);
                for (int64_t i = 0; i < n; i++) {
                    int64_t j = i / inner % r, o = i / inner / r, at = o * inner + i % inner, index;
                    double value, size, g = dy[at], e = x[i];
                    if (kind == REDUCE_SUM) want[i] = g / (double)r;
                    if (kind == REDUCE_NORM1) want[i] = g * (e > 0 ? 1 : e < 0 ? -1 : e);
                    if (kind == REDUCE_NORM) want[i] = y[at] == 0 ? 0 : g * (e / y[at]);
                    if (kind == REDUCE_VARIANCE) want[i] = 2 * g / (double)r * (e - y[at]);
                    if (kind == REDUCE_LOGSUMEXP) want[i] = g * exp(e - (y[at] == -INFINITY ? 0 : y[at]));
                    if (kind == REDUCE_PROD && j == 0) {
                        double before = g, behind = 1;
                        for (int64_t k = 0; k < r; before *= x[i + k++ * inner]) want[i + k * inner] = before;
                        for (int64_t k = r - 1; k >= 0; behind *= x[i + k-- * inner]) want[i + k * inner] *= behind;
                    }
                    if ((kind == REDUCE_MAX || kind == REDUCE_MIN) && j == 0) { /* once for a column */
                        reference(kind, x + i, r, inner, 0, &value, &size, &index);
                        for (int64_t k = 0; k < r; k++) want[i + k * inner] = k == index ? g : 0;
                    }
                }
                for (int64_t i = 0; i < n; i++) before[i] = dx[i] = (float)(i % 5);
                int reads = kind != REDUCE_SUM;
                RUN(reduce_grad, .kind = kind, .x = reads ? x : 0, .y = reads ? y : 0, .dy = dy, .dx = dx, .outer = outer, .r = r,
                    .inner = inner, .divisor = divisor, .add = add);
                for (int64_t i = 0; i < n; i++) {
                    double w = want[i] + (add ? before[i] : 0), tolerance = 1e-6 * (1 + fabs(w));
                    if (!near(dx[i], w, tolerance)) /* a check for each would take long */
                        CHECK_NEAR(dx[i], w, tolerance, "isa %d kind %d [%lld, %lld, %lld] what %d add %d at %lld", isa, kind,
                                   (long long)outer, (long long)r, (long long)inner, what, add, (long long)i);
                }
            }
    free(want);
    release_guarded();
}

/* Norms whose squares overflow or vanish. */
static void far_norms(void) {
    static const int64_t shapes[][2] = {{3, 1}, {100, 1}, {100000, 1}, {70, 5}, {50, 40}};
    static const float sizes[] = {0, 1e-42f, 1e-30f, 1e30f, 1e37f, INFINITY};
    FOR_EACH_ISA(isa)
        for (int k = 0; k < COUNT(shapes); k++)
            for (int e = 0; e < COUNT(sizes); e++) {
                int64_t r = shapes[k][0], inner = shapes[k][1];
                float *x = guarded_floats(r * inner, 4), *y = guarded_floats(inner, 4);
                for (int64_t i = 0; i < r * inner; i++) x[i] = i % 3 ? sizes[e] : 0;
                RUN(reduce, .kind = REDUCE_NORM, .x = x, .y = y, .outer = 1, .r = r, .inner = inner, .divisor = 1);
                for (int64_t i = 0; i < inner; i++) {
                    double s = 0;
                    for (int64_t j = 0; j < r; j++) s += (double)x[j * inner + i] * x[j * inner + i];
                    CHECK(ulps(y[i], sqrt(s)) <= 1, "isa %d shape %d size %g: %g not %g", isa, k, sizes[e], y[i], sqrt(s));
                }
                release_guarded();
            }
}

/* Shapes large enough for parts, in each of the ways a sum is cut; v3 and v4 and all cuts agree. */
static void same_bits(void) {
    static const int64_t large[][3] = {{1, 1500007, 1}, {3, 200003, 1}, {997, 1003, 1}, {1, 300007, 3}, {1, 60013, 15},
                                       {70, 1031, 7},   {1, 30011, 40}, {1, 4001, 251}, {2, 701, 1009}, {5, 1, 200003}};
    for (int k = 0; k < COUNT(large); k++) {
        int64_t outer = large[k][0], r = large[k][1], inner = large[k][2], n = outer * r * inner, m = outer * inner;
        float *x = guarded_random(n, 4, -1, 1), *y = guarded_floats(m, 8), *dx = guarded_floats(n, 0);
        float *first = guarded_floats(m, 0), *first_dx = guarded_floats(n, 0), *shift = guarded_floats(m, 0);
        for (int kind = REDUCE_SUM; kind < REDUCE_KINDS; kind++) {
            int reference = -1, has_gradient = kind != REDUCE_ARGMAX && kind != REDUCE_ARGMIN;
            FOR_EACH_ISA(isa)
                FOR_EACH_PARTS(parts) {
                    shifts(kind, x, shift, outer, r, inner);
                    RUN(reduce, .kind = kind, .x = x, .shift = shift, .y = y, .outer = outer, .r = r, .inner = inner,
                        .divisor = 1);
                    if (has_gradient)
                        RUN(reduce_grad, .kind = kind, .x = x, .y = y, .dy = y, .dx = dx, .outer = outer, .r = r, .inner = inner,
                            .divisor = 3);
                    if (reference < 0 || (!is_fused(reference) && is_fused(isa))) {
                        memcpy(first, y, (size_t)m * 4);
                        if (has_gradient) memcpy(first_dx, dx, (size_t)n * 4);
                        reference = isa;
                    }
                    CHECK_BITS(y, first, m, "kind %d shape %d isa %d parts %d", kind, k, isa, parts);
                    if (has_gradient)
                        CHECK_BITS(dx, first_dx, n, "gradient of kind %d shape %d isa %d parts %d", kind, k, isa, parts);
                }
        }
        release_guarded();
    }
}

/* A row's sum does not depend on the rows around it. */
static void rows_alone(void) {
    const int64_t rows = 300, r = 777;
    float *x = guarded_random(rows * r, 4, -1, 1), *together = guarded_floats(rows, 0), *alone = guarded_floats(rows, 0);
    FOR_EACH_ISA(isa) {
        RUN(reduce, .kind = REDUCE_SUM, .x = x, .y = together, .outer = rows, .r = r, .inner = 1, .divisor = 1);
        for (int64_t i = 0; i < rows; i++)
            RUN(reduce, .kind = REDUCE_SUM, .x = x + i * r, .y = alone + i, .outer = 1, .r = r, .inner = 1, .divisor = 1);
        CHECK_BITS(alone, together, rows, "isa %d", isa);
    }
    release_guarded();
}

/* Which of 0 and -0 is the larger depends on the order of comparisons: it is one order on every instruction set. */
static void signs_of_zeros(void) {
    enum { N = 100 };
    float *x = guarded_floats(N, 4), *y = guarded_floats(ISA_COUNT, 0);
    for (int round = 0; round < 500; round++) {
        for (int i = 0; i < N; i++) x[i] = random_below(2) ? 0.0f : -0.0f;
        int64_t n = 1 + random_below(N);
        FOR_EACH_ISA(isa) RUN(reduce, .kind = REDUCE_MAX, .x = x, .y = y + isa, .outer = 1, .r = n, .inner = 1);
        FOR_EACH_ISA(isa) CHECK_BITS(y + isa, y + fathom_best_isa(), 1, "%lld zeros, isa %d", (long long)n, isa);
    }
    release_guarded();
}

static void nonfinite(void) {
    static const int64_t ns[] = {1, 15, 16, 17, 63, 64, 65, 1009, 400009};
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts)
            for (int k = 0; k < COUNT(ns); k++)
                for (int what = 0; what < 3; what++) {
                    int64_t n = ns[k], want = 0;
                    float *x = guarded_floats(n, 4);
                    int32_t *count = guarded(4, 4);
                    values(x, n, what);
                    if (what == 2) /* all of them, and the largest finite values */
                        for (int64_t i = 0; i < n; i++) x[i] = i % 3 == 0 ? -INFINITY : i % 3 == 1 ? NAN : 0x1.fffffep127f;
                    for (int64_t i = 0; i < n; i++) want += !isfinite(x[i]);
                    RUN(nonfinite, .x = x, .n = n, .count = count);
                    CHECK(*count == want, "isa %d parts %d n %lld what %d: %d not %lld", isa, parts, (long long)n, what,
                          *count, (long long)want);
                    release_guarded();
                }
}

int main(void) {
    for (int what = 0; what < 3; what++)
        for (int k = 0; k < COUNT(shapes); k++) {
            forward(shapes[k][0], shapes[k][1], shapes[k][2], what);
            gradient(shapes[k][0], shapes[k][1], shapes[k][2], what);
        }
    forward(0, 3, 5, 0); /* nothing to write */
    forward(2, 3, 0, 0);
    far_norms();
    same_bits();
    rows_alone();
    signs_of_zeros();
    nonfinite();
    return DONE();
}
