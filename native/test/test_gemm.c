/*
 * gemm, linear_pack and linear against the canonical dot written in one line: every output is the chain c = fma(a, b, c) over
 * ascending k, bit for bit. What equals it for all shapes, storage orders, instruction sets and thread counts also agrees
 * among themselves. A sum in double says that the chain itself is right.
 */
#include "check.h"

static float step(int fused, float a, float b, float c) {
    a = as_read(a), b = as_read(b);
    if (fused) return fmaf(a, b, c);
    float product = a * b;
    return product + c;
}

static float *transposed(const float *x, int64_t rows, int64_t cols, size_t misaligned) {
    float *y = guarded_floats(rows * cols, misaligned);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) y[j * rows + i] = x[i * cols + j];
    return y;
}

/* c[m, n] (+)= a[m, k] b[n, k]^T; splits > 1: the weight gradient's sum in 16 parts */
static void chain(int fused, const float *a, const float *b, float *c, int64_t m, int64_t n, int64_t k, int add, int splits) {
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float *at = c + i * n + j, part[16];
            for (int64_t s = 0; s < splits; s++) {
                float sum = add && splits == 1 ? *at : 0;
                for (int64_t p = k * s / splits; p < k * (s + 1) / splits; p++)
                    sum = step(fused, a[i * k + p], b[j * k + p], sum);
                part[s] = sum;
            }
            for (int h = splits / 2; h; h /= 2)
                for (int s = 0; s < h; s++) part[s] += part[s + h];
            *at = add && splits > 1 ? *at + part[0] : part[0];
        }
}

struct shape {
    int64_t m, n, k;
};

static float *some(int64_t n, int special) {
    float *x = guarded_random(n, anywhere(), -1, 1);
    static const float specials[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 3e38f, 1e-40f};
    if (special)
        for (int64_t i = 0; i < n; i++)
            if (random_below(40) == 0) x[i] = specials[random_below(7)];
    return x;
}

/* ---- gemm ---- */

static void test_gemm(struct shape s, int special) {
    int64_t m = s.m, n = s.n, k = s.k;
    float *a = some(m * k, special), *b = some(n * k, special), *c = some(m * n, special); /* b[n, k] */
    float *at = transposed(a, m, k, anywhere()), *bt = transposed(b, n, k, anywhere());
    int long_sum = k >= 4096 && (m + 5) / 6 * ((n + 63) / 64) < 16;
    for (int add = 0; add < 2; add++) {
        float *want[2][2]; /* [fused][split] */
        for (int i = 0; i < 4; i++) {
            want[i / 2][i % 2] = i % 2 && !long_sum ? want[i / 2][0] : copied(c, m * n, 0);
            if (i % 2 == 0 || long_sum) chain(i / 2, a, b, want[i / 2][i % 2], m, n, k, add, i % 2 ? 16 : 1);
        }
        if (!special)
            for (int64_t i = 0; i < m * n; i++) {
                double sum = add ? c[i] : 0, size = fabs(sum);
                for (int64_t p = 0; p < k; p++) {
                    double term = (double)a[i / n * k + p] * b[i % n * k + p];
                    sum += term, size += fabs(term);
                }
                for (int j = 0; j < 4; j++)
                    CHECK_NEAR(want[j / 2][j % 2][i], sum, (double)(k + 2) * size * 0x1p-23, "m %ld n %ld k %ld", m, n, k);
            }
        FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) for (int order = 0; order < 3; order++) {
            int ta = order == 2, tb = order == 1;
            float *got = copied(c, m * n, anywhere());
            RUN(gemm, .ta = ta, .tb = tb, .a = ta ? at : a, .b = tb ? b : bt, .c = got, .m = m, .n = n, .k = k, .add = add);
            CHECK_BITS(got, want[is_fused(isa)][ta], m * n, "ta %d tb %d add %d m %ld n %ld k %ld isa %d parts %d", ta, tb, add,
                       m, n, k, isa, parts);
        }
    }
    release_guarded();
}

/* A batch over dims, a and b broadcast along some: the bits of its products one by one. */
static void test_batch(struct shape s, const int64_t dims[6], int a_stretch, int b_stretch) {
    int64_t m = s.m, n = s.n, k = s.k, count = 1, sa[6], sb[6], as = m * k, bs = n * k;
    for (int d = 5; d >= 0; d--) {
        sa[d] = a_stretch >> d & 1 ? 0 : as;
        sb[d] = b_stretch >> d & 1 ? 0 : bs;
        count *= dims[d];
        if (sa[d]) as *= dims[d];
        if (sb[d]) bs *= dims[d];
    }
    float *a = some(as, 0), *b = some(bs, 0), *c = some(count * m * n, 0), *want = guarded_floats(count * m * n, 0);
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts)
            for (int order = 0; order < 6; order++) {
                int ta = order % 3 == 2, tb = order % 3 == 1, add = order / 3;
                float *got = copied(c, count * m * n, anywhere());
                struct gemm_batch_args all = {.ta = ta, .tb = tb, .a = a, .b = b, .c = got, .m = m, .n = n, .k = k, .add = add};
                memcpy(all.dims, dims, sizeof all.dims);
                memcpy(all.sa, sa, sizeof sa);
                memcpy(all.sb, sb, sizeof sb);
                run_command(K_gemm_batch, &all, sizeof all);
                memcpy(want, c, (size_t)(count * m * n) * 4);
                for (int64_t i = 0; i < count; i++) {
                    int64_t at_a = 0, at_b = 0, rest = i;
                    for (int d = 5; d >= 0; rest /= dims[d--]) {
                        at_a += rest % dims[d] * sa[d];
                        at_b += rest % dims[d] * sb[d];
                    }
                    RUN(gemm, .ta = ta, .tb = tb, .a = a + at_a, .b = b + at_b, .c = want + i * m * n, .m = m, .n = n, .k = k,
                        .add = add);
                }
                CHECK_BITS(got, want, count * m * n, "ta %d tb %d add %d m %ld n %ld k %ld isa %d parts %d", ta, tb, add, m, n,
                           k, isa, parts);
            }
    release_guarded();
}

/* ---- linear ---- */

static void test_linear(struct shape s, int special) {
    int64_t m = s.m, n = s.n, k = s.k;
    float *x = some(m * k, special), *w = some(n * k, special), *bias = some(n, special), *residual = some(m * n, special);
    float *before = guarded_floats(m * n, 0), *after = guarded_floats(m * n, 0), *sum[2];
    for (int fused = 0; fused < 2; fused++) {
        sum[fused] = guarded_floats(m * n, 0);
        chain(fused, x, w, sum[fused], m, n, k, 0, 1);
    }
    FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) for (int form = 0; form < 4; form++) {
        float *packed = 0, *b = form & 1 ? bias : 0, *r = form & 2 ? residual : 0;
        int64_t row = random_row();
        const float *z = sum[is_fused(isa)];
        for (int64_t i = 0; i < m * n; i++) {
            before[i] = b ? z[i] + b[i % n] : z[i];
            if (r) before[i] += r[i];
        }
        if (row < 0) memcpy(after, before, (size_t)(m * n) * 4);
        else RUN(unary, .row = row, .x = before, .y = after, .n = m * n, .p0 = -0.25f, .p1 = 0.5f);
        for (int kept = 0; kept < 2; kept++) {
            float *y = guarded_floats(m * n, anywhere());
            float *pre = kept ? guarded_floats(m * n, anywhere()) : 0;
            if (kept) {
                packed = guarded((size_t)fathom_packed_bytes(n, k), anywhere());
                RUN(linear_pack, .w = w, .packed = packed, .n = n, .k = k);
            }
            RUN(linear, .x = x, .w = packed ? 0 : w, .packed = packed, .bias = b, .residual = r, .pre = pre, .y = y, .m = m,
                .n = n, .k = k, .row = row, .p0 = -0.25f, .p1 = 0.5f);
            CHECK_BITS(y, after, m * n, "y: m %ld n %ld k %ld form %d row %ld packed %d isa %d parts %d", m, n, k, form, row,
                       packed != 0, isa, parts);
            if (pre)
                CHECK_BITS(pre, before, m * n, "pre: m %ld n %ld k %ld form %d isa %d parts %d", m, n, k, form, isa, parts);
        }
    }
    release_guarded();
}

/* ---- the other backend: a cblas_sgemm that counts its calls ---- */

static int sgemm_calls;

static void plain_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                        int ldb, float beta, float *c, int ldc) {
    CHECK(order == 101 && alpha == 1, "order %d alpha %g", order, alpha);
    sgemm_calls++;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            float sum = beta == 0 ? 0 : c[i * ldc + j];
            for (int p = 0; p < k; p++) {
                float left = ta == 112 ? a[p * lda + i] : a[i * lda + p], right = tb == 112 ? b[j * ldb + p] : b[p * ldb + j];
                sum = fmaf(left, right, sum);
            }
            c[i * ldc + j] = sum;
        }
}

static void test_blas(struct shape s) {
    int64_t m = s.m, n = s.n, k = s.k;
    float *a = some(m * k, 0), *b = some(n * k, 0), *bias = some(n, 0), *c = some(m * n, 0), *got = copied(c, m * n, 4);
    float *at = transposed(a, m, k, 0), *bt = transposed(b, n, k, 0);
    fathom_set_blas((int64_t)(intptr_t)plain_sgemm);
    sgemm_calls = 0;
    for (int add = 1; add >= 0; add--)
        for (int order = 0; order < 3; order++) {
            int ta = order == 2, tb = order == 1;
            chain(1, a, b, c, m, n, k, add, 1);
            RUN(gemm, .ta = ta, .tb = tb, .a = ta ? at : a, .b = tb ? b : bt, .c = got, .m = m, .n = n, .k = k, .add = add);
            CHECK_BITS(got, c, m * n, "backend, m %ld n %ld k %ld order %d add %d", m, n, k, order, add);
        }
    for (int64_t i = 0; i < m * n; i++) c[i] = fmaxf(c[i] + bias[i % n], 0);
    RUN(linear, .x = a, .w = b, .bias = bias, .y = got, .m = m, .n = n, .k = k, .row = UNARY_relu);
    CHECK_BITS(got, c, m * n, "backend, linear, m %ld n %ld k %ld", m, n, k);
    CHECK(sgemm_calls == (k ? 7 : 0), "%d calls", sgemm_calls);
    fathom_set_blas(0);
    release_guarded();
}

int main(void) {
    set_arithmetic(KERNEL_ARITHMETIC); /* sums in floats are compared bit for bit */
    static const struct shape shapes[] = {
        {1, 1, 1},      {1, 1, 0},       {3, 5, 0},       {2, 3, 1},      {1, 64, 385},     {1, 257, 800},   {300, 1, 383},
        {6, 64, 384},   {7, 65, 385},    {15, 17, 16},    {16, 15, 17},   {17, 16, 15},     {12, 32, 33},    {13, 31, 64},
        {25, 33, 65},   {128, 10, 128},  {5, 48, 800},    {11, 80, 127},  {33, 211, 97},    {211, 33, 97},   {97, 129, 1024},
        {100, 257, 384}, {131, 149, 383}, {32, 256, 784}, {520, 33, 260}, {64, 1024, 130},  {1024, 64, 129}, {10, 70, 4099},
        {30, 64, 4096}, {1, 1, 5000},    {90, 100, 4096}, {400, 65, 1030},  {2, 1000, 600},  {138, 2000, 135},
        {1030, 41, 860}, {2000, 4, 40},
    };
    for (int i = 0; i < COUNT(shapes); i += SLOW ? 2 : 1) {
        test_gemm(shapes[i], 0);
        test_linear(shapes[i], 0);
    }
    for (int i = 0; i < (SLOW ? 20 : 60); i++) {
        struct shape s = {1 + random_below(i % 2 ? 300 : 20), 1 + random_below(i % 3 ? 300 : 20), random_below(i % 5 ? 60 : 500)};
        test_gemm(s, i % 4 == 0);
        test_linear(s, i % 4 == 1);
    }
    test_batch((struct shape){3, 5, 4}, (int64_t[6]){1, 1, 1, 1, 2, 3}, 0, 0);
    test_batch((struct shape){17, 30, 40}, (int64_t[6]){1, 1, 1, 3, 2, 5}, 1 << 3, 1 << 5);
    test_batch((struct shape){1, 16, 33}, (int64_t[6]){1, 2, 1, 1, 1, 40}, 1 << 1, 1 << 1);
    test_batch((struct shape){4, 3, 0}, (int64_t[6]){1, 1, 1, 1, 1, 9}, 0, 0);
    test_batch((struct shape){50, 60, 70}, (int64_t[6]){1, 1, 1, 1, 1, 30}, 0, 1 << 5);
    test_batch((struct shape){20, 300, 301}, (int64_t[6]){1, 1, 1, 1, 1, 9}, 0, 0);
    test_batch((struct shape){4, 4, 4}, (int64_t[6]){1, 1, 1, 1, 0, 9}, 0, 0);
    if (is_fused(fathom_best_isa())) {
        test_blas((struct shape){1, 1, 1});
        test_blas((struct shape){7, 33, 20});
        test_blas((struct shape){20, 9, 0});
    }
    return DONE();
}
