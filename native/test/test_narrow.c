/*
 * linear_narrow: weights of bf16 give the bits of linear with the same numbers, for every m; those of int8 the bits of linear with the
 * whole numbers, times the scale, and then what follows. gather widens rows of both types.
 */
#include "check.h"
#include "sizes.h"

struct shape {
    int64_t m, n, k;
};

/* what the kernels of this ISA make a panel of */
static int64_t lanes(int isa) { return isa == ISA_V4 ? 16 : isa == ISA_V3 ? 8 : 4; }
static int64_t panel_vectors(int isa) {
#if defined(__aarch64__)
    (void)isa;
    return 4;
#else
    return isa == ISA_V4 ? 4 : 2;
#endif
}

static uint16_t upper_half(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    return (uint16_t)(bits >> 16);
}

/* numbers whose lower half is 0 */
static float *bfloats(int64_t n, int special) {
    float *x = guarded_random(n, 8, -1, 1);
    for (int64_t i = 0; i < n; i++) {
        if (special && i % 97 == 5) x[i] = i % 2 ? INFINITY : -NAN;
        uint32_t bits = (uint32_t)upper_half(x[i]) << 16;
        memcpy(x + i, &bits, 4);
    }
    return x;
}

/* w[n, k] in panels, as kernels.def says: bf16 in pairs, or int8 */
static uint8_t *packed_narrow(const float *w, int isa, int bf16, int64_t n, int64_t k) {
    const int64_t vl = lanes(isa), vectors = ceil_div(n, vl), panels = ceil_div(vectors, panel_vectors(isa)), pairs = ceil_div(k, 2);
    const int64_t size = bf16 ? 4 * vectors * vl * pairs : vectors * vl * k;
    uint8_t *packed = guarded((size_t)size, 4);
    memset(packed, 0, (size_t)size);
    for (int64_t panel = 0; panel < panels; panel++) {
        const int64_t j = vectors * panel / panels * vl, width = vectors * (panel + 1) / panels * vl - j;
        for (int64_t p = 0; p < k; p++)
            for (int64_t x = 0; x < width && j + x < n; x++) {
                const float one = w[(j + x) * k + p];
                const uint16_t half = upper_half(one);
                if (bf16) memcpy(packed + 2 * (j * 2 * pairs + (p / 2 * width + x) * 2 + p % 2), &half, 2);
                else packed[j * k + p * width + x] = (uint8_t)(int8_t)one;
            }
    }
    return packed;
}

static void test_linear(struct shape s, int special) {
    const int64_t m = s.m, n = s.n, k = s.k;
    float *x = guarded_random(m * k, 4, -1, 1), *bias = guarded_random(n, 12, -1, 1), *residual = guarded_random(m * n, 0, -1, 1);
    float *scale = guarded_random(n, 4, 0.001, 0.1), *bf = bfloats(n * k, special), *whole = guarded_floats(n * k, 0);
    for (int64_t i = 0; i < n * k; i++) whole[i] = (float)(random_below(255) - 127);
    FOR_EACH_ISA(isa) {
        const uint8_t *bf16 = packed_narrow(bf, isa, 1, n, k), *int8 = packed_narrow(whole, isa, 0, n, k);
        float *sum = guarded_floats(m * n, 0), *before = guarded_floats(m * n, 0), *after = guarded_floats(m * n, 0);
        FOR_EACH_PARTS(parts) for (int form = 0; form < 8; form++) {
            const int kept = guarded_count;
            float *b = form & 1 ? bias : 0, *r = form & 2 ? residual : 0, *y = guarded_floats(m * n, 20);
            float *pre = form == 7 ? guarded_floats(m * n, 4) : 0;
            const int64_t row = random_row();
            RUN(linear, .x = x, .w = form & 4 ? bf : whole, .y = sum, .m = m, .n = n, .k = k, .row = -1);
            for (int64_t i = 0; i < m * n; i++) {
                before[i] = form & 4 ? sum[i] : scale[i % n] * sum[i];
                if (b) before[i] += b[i % n];
                if (r) before[i] += r[i];
            }
            if (row < 0) memcpy(after, before, (size_t)(m * n) * 4);
            else RUN(unary, .row = row, .x = before, .y = after, .n = m * n, .p0 = -0.25f, .p1 = 0.5f);
            RUN(linear_narrow, .x = x, .packed = (uint8_t *)(form & 4 ? bf16 : int8), .scale = form & 4 ? 0 : scale, .bias = b,
                .residual = r, .pre = pre, .y = y, .m = m, .n = n, .k = k, .row = row, .p0 = -0.25f, .p1 = 0.5f);
            CHECK_BITS(y, after, m * n, "y: m %ld n %ld k %ld form %d row %ld isa %d parts %d", m, n, k, form, row, isa, parts);
            if (pre) CHECK_BITS(pre, before, m * n, "pre: m %ld n %ld k %ld isa %d parts %d", m, n, k, isa, parts);
            release_guarded_from(kept);
        }
    }
    release_guarded();
}

static void test_gather(int64_t rows, int64_t cols) {
    enum { TAKEN = 50 };
    float *table = bfloats(rows * cols, 1), *scale = guarded_random(rows, 4, 0.001, 0.1), *want = guarded_floats(TAKEN * cols, 0);
    uint16_t *bf16 = guarded((size_t)(rows * cols) * 2, 2);
    int8_t *int8 = guarded((size_t)(rows * cols), 1);
    int32_t *index = guarded(TAKEN * 4, 4);
    for (int i = 0; i < TAKEN; i++) index[i] = (int32_t)random_below(rows);
    for (int64_t i = 0; i < rows * cols; i++) bf16[i] = upper_half(table[i]), int8[i] = (int8_t)(random_below(255) - 127);
    FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) for (int kind = GATHER_BF16_TO_FLOATS; kind <= GATHER_INT8_TO_FLOATS; kind++) {
        const int kept = guarded_count, bytes = kind == GATHER_INT8_TO_FLOATS;
        float *y = guarded_floats(TAKEN * cols, 4);
        for (int64_t i = 0; i < TAKEN * cols; i++) {
            const int64_t row = index[i / cols], at = row * cols + i % cols;
            want[i] = bytes ? (float)int8[at] * scale[row] : table[at];
        }
        CHECK(RUN(gather, .kind = kind, .width = bytes ? 1 : 2, .src = bytes ? (uint8_t *)int8 : (uint8_t *)bf16, .srcrows = rows,
                  .index = index, .y = (uint8_t *)y, .outer = 1, .rows = TAKEN, .cols = cols, .norm = bytes ? scale : 0)
                  == FATHOM_OK,
              "gather of kind %d", kind);
        CHECK_BITS(y, want, TAKEN * cols, "kind %d rows %ld cols %ld isa %d parts %d", kind, rows, cols, isa, parts);
        release_guarded_from(kept);
    }
    index[7] = (int32_t)rows;
    CHECK(RUN(gather, .kind = GATHER_INT8_TO_FLOATS, .width = 1, .src = (uint8_t *)int8, .srcrows = rows, .index = index,
              .y = (uint8_t *)want, .outer = 1, .rows = TAKEN, .cols = cols, .norm = scale)
              == FATHOM_BAD_INDEX,
          "an index out of range");
    release_guarded();
}

int main(void) {
    set_arithmetic(KERNEL_ARITHMETIC); /* sums in floats are compared bit for bit */
    for (int64_t m = 1; m <= 20; m++) {
        test_linear((struct shape){m, 150, 37}, 0);
        test_linear((struct shape){m, 1 + random_below(300), random_below(90)}, m % 4 == 0);
    }
    static const struct shape shapes[] = {
        {1, 1, 1},   {3, 5, 0},     {2, 1, 2},      {1, 64, 385},  {1, 257, 800},  {1, 300, 1201}, {2, 512, 64}, {6, 64, 384},
        {7, 65, 385}, {13, 31, 1025}, {128, 10, 128}, {40, 211, 97}, {97, 129, 1024}, {211, 33, 300}, {64, 300, 515},
    };
    for (int i = 0; i < COUNT(shapes); i++) test_linear(shapes[i], i % 3 == 1);
    test_gather(1, 1);
    test_gather(30, 17);
    test_gather(100, 300);
    return DONE();
}
