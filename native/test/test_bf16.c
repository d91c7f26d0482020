/*
 * bf16_pack and linear_bf16 against their definition: both sides rounded to nearest even, and one chain of fused multiply-adds whose
 * pairs go from the odd to the even neighbor. x86-64-v3 and v4 have those bits, with and without AVX512_BF16.
 */
#include "check.h"
#include "machine.h"

/* the value of the nearest bf16, the even one of two */
static float rounded(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    if (isnan(x)) return x;
    if (fabsf(x) < 0x1p-126f) return 0;
    uint32_t rest = bits & 0xffff, up = rest > 0x8000 || (rest == 0x8000 && bits >> 16 & 1);
    bits = (bits & 0xffff0000) + (up << 16);
    memcpy(&x, &bits, 4);
    return x;
}

static float step(int fused, float a, float b, float c) {
    if (fused) return flushed(fmaf(a, b, c));
    float product = flushed(a * b);
    return flushed(product + c);
}

static float *rounded_pairs(const float *x, int64_t rows, int64_t k) {
    int64_t even = (k + 1) / 2 * 2;
    float *y = guarded_floats(rows * even, 0);
    for (int64_t i = 0; i < rows * even; i++) y[i] = i % even < k ? rounded(x[i / even * k + i % even]) : 0;
    return y;
}

static void put_specials(float *x, int64_t n) {
    static const float specials[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 3.4e38f, 1e-40f, 1.2e-38f, 3e-20f, -2e-20f};
    for (int64_t i = 0; i < n; i++)
        if (random_below(30) == 0) x[i] = specials[random_below(10)];
}

static void test_linear(int64_t m, int64_t n, int64_t k, int special) {
    float *x = guarded_random(m * k, anywhere(), -2, 2), *w = guarded_random(n * k, anywhere(), -1, 1);
    float *bias = guarded_random(n, anywhere(), -1, 1), *residual = guarded_random(m * n, anywhere(), -1, 1);
    if (special) put_specials(x, m * k), put_specials(w, n * k);
    int64_t even = (k + 1) / 2 * 2;
    const float *left = rounded_pairs(x, m, k), *right = rounded_pairs(w, n, k);
    float *want[2] = {guarded_floats(m * n, 0), guarded_floats(m * n, 0)};
    for (int64_t i = 0; i < 2 * m * n; i++) {
        int fused = i >= m * n;
        int64_t at = i % (m * n);
        const float *a = left + at / n * even, *b = right + at % n * even;
        float sum = 0;
        for (int64_t p = 0; p < even; p += 2) sum = step(fused, a[p], b[p], step(fused, a[p + 1], b[p + 1], sum));
        sum = flushed(flushed(sum + bias[at % n]) + residual[at]);
        want[fused][at] = sum < 0 ? 0 : sum;
    }
    const int native = machine.avx512_bf16;
    FOR_EACH_ISA(isa) {
        uint8_t *packed = guarded((size_t)fathom_bf16_bytes(n, k), anywhere());
        RUN(bf16_pack, .w = w, .packed = packed, .n = n, .k = k);
        FOR_EACH_PARTS(parts) for (int form = 0; form <= (isa == ISA_V4 && native); form++) {
            machine.avx512_bf16 = form;
            float *y = guarded_floats(m * n, anywhere());
            RUN(linear_bf16, .x = x, .packed = packed, .bias = bias, .residual = residual, .y = y, .m = m, .n = n, .k = k,
                .row = UNARY_relu);
            CHECK_BITS(y, want[is_fused(isa)], m * n, "m %ld n %ld k %ld special %d isa %d AVX512_BF16 %d parts %d", m, n, k, special, isa,
                       form, parts);
        }
        machine.avx512_bf16 = native;
    }
    release_guarded();
}

int main(void) {
    printf("AVX512_BF16 %d\n", machine.avx512_bf16);
    for (int64_t m = 1; m <= 20; m++) test_linear(m, 1 + random_below(150), 1 + random_below(300), m % 3 == 0);
    for (int i = 0; i < 40; i++) test_linear(1 + random_below(9), 1 + random_below(80), random_below(60), i % 2);
    test_linear(1, 1030, 1101, 0);
    test_linear(37, 130, 2048, 0);
    return DONE();
}
