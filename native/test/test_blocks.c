/*
 * linear_blocks and gather_blocks give the bits of linear and of rows with the same numbers as floats, in blocks of Q8 and of Q4, for every m,
 * ISA and number of parts. What fills blocks and strips up is not read as a number, so that it may be anything. linear_blocks_int8 is compared
 * with its definition in plain C, with and without VNNI.
 */
#include "check.h"
#include "sizes.h"
#include "vnni.h"

struct shape {
    int64_t m, n, k;
};

static void put_float(uint8_t *to, float x) { memcpy(to, &x, 4); }

/* a number that a half has */
static float random_half(void) { return (float)(1 + random_below(2000)) * 0x1p-16f; }

/* a weight as it lies in its block: w = q times - minus */
struct number {
    int32_t q;
    float times, minus;
};

/* w[n, k], random, and its blocks; 17 is what fills up */
static uint8_t *random_blocks(int q4, int64_t n, int64_t k, float *w, struct number *numbers) {
    const int64_t size = fathom_blocks_bytes(q4, n, k), strip = ceil_div(n, 16) ? size / ceil_div(n, 16) : 0;
    uint8_t *packed = guarded((size_t)size, 4);
    memset(packed, 17, (size_t)size);
    for (int64_t row = 0; row < n; row++) {
        uint8_t *at = packed + row / 16 * strip;
        const int64_t lane = row % 16;
        float d = 0, e = 0, times = 0, minus = 0;
        for (int64_t p = 0; p < k; p++) {
            if (q4 && p % 256 == 0) {
                d = random_half(), e = random_half();
                put_float(at + 4 * lane, d), put_float(at + 64 + 4 * lane, e);
                at += 128;
            }
            if (p % 32 == 0 && q4) {
                at[lane] = (uint8_t)random_below(64), at[16 + lane] = (uint8_t)random_below(64);
                times = d * at[lane], minus = e * at[16 + lane];
                for (int word = 0; word < 4; word++) memset(at + 32 + 64 * word + 4 * lane, 0, 4);
            } else if (p % 32 == 0) {
                times = random_half(), minus = 0;
                put_float(at + 4 * lane, times);
            }
            const int64_t q = q4 ? random_below(16) : random_below(256) - 128, in = p % 32;
            if (q4) at[32 + in / 8 * 64 + 4 * lane + in % 4] |= (uint8_t)(q << in % 8 / 4 * 4);
            else at[64 + in / 4 * 64 + 4 * lane + in % 4] = (uint8_t)q;
            if (numbers) numbers[row * k + p] = (struct number){(int32_t)q, times, minus};
            w[row * k + p] = q4 ? times * (float)q - minus : times * (float)q;
            if (in == 31) at += q4 ? 288 : 576;
        }
    }
    return packed;
}

static void test_linear(struct shape s) {
    const int64_t m = s.m, n = s.n, k = s.k;
    float *x = guarded_random(m * k, 4, -1, 1), *bias = guarded_random(n, 12, -1, 1), *residual = guarded_random(m * n, 0, -1, 1);
    for (int kind = 0; kind < BLOCK_KINDS; kind++) {
        float *w = guarded_floats(n * k, 4);
        uint8_t *packed = random_blocks(kind == BLOCK_Q4, n, k, w, 0);
        FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) for (int form = 0; form < 4; form++) {
            const int kept = guarded_count;
            float *b = form & 1 ? bias : 0, *r = form & 2 ? residual : 0, *y = guarded_floats(m * n, 20), *want = guarded_floats(m * n, 20);
            float *pre = form == 3 ? guarded_floats(m * n, 4) : 0, *want_pre = form == 3 ? guarded_floats(m * n, 4) : 0;
            const int64_t row = random_row();
            RUN(linear, .x = x, .w = w, .bias = b, .residual = r, .pre = want_pre, .y = want, .m = m, .n = n, .k = k, .row = row,
                .p0 = -0.25f, .p1 = 0.5f);
            RUN(linear_blocks, .kind = kind, .x = x, .packed = packed, .bias = b, .residual = r, .pre = pre, .y = y, .m = m, .n = n,
                .k = k, .row = row, .p0 = -0.25f, .p1 = 0.5f);
            CHECK_BITS(y, want, m * n, "y: kind %d m %ld n %ld k %ld form %d row %ld isa %d parts %d", kind, m, n, k, form, row, isa, parts);
            if (pre) CHECK_BITS(pre, want_pre, m * n, "pre: kind %d m %ld n %ld k %ld isa %d parts %d", kind, m, n, k, isa, parts);
            release_guarded_from(kept);
        }
    }
    release_guarded();
}

/* the product with x of one row, rounded block by block */
static float product(int fused, int q4, const float *x, const struct number *w, int64_t k) {
    float sum = 0;
    for (int64_t p = 0; p < k; p += 32) {
        const int64_t end = least(p + 32, k);
        float most = 0;
        int finite = 1;
        for (int64_t i = p; i < end; i++) {
            finite &= isfinite(x[i]) != 0;
            if (fabsf(x[i]) > most) most = fabsf(x[i]);
        }
        const float t = !finite ? NAN : most < 0x1p-119f ? 0 : most / 127;
        int64_t products = 0, whole = 0;
        for (int64_t i = p; i < end && t > 0; i++) {
            const int64_t q = (int64_t)rintf(x[i] * (127 / most));
            products += q * w[i].q, whole += q;
        }
        const float scale = t * w[p].times, rest = t * (float)whole;
        sum = fused ? fmaf((float)products, scale, sum) : (float)products * scale + sum;
        if (q4) sum = fused ? fmaf(-w[p].minus, rest, sum) : -w[p].minus * rest + sum;
    }
    return sum;
}

static void put_specials(float *x, int64_t n) {
    for (int64_t i = 0; i < n; i += 1 + random_below(200)) x[i] = i % 5 == 0 ? NAN : i % 5 == 1 ? -INFINITY : i % 5 == 2 ? 0x1p-130f : 1e30f;
}

static void test_products(struct shape s, int special) {
    const int64_t m = s.m, n = s.n, k = s.k;
    float *x = guarded_random(m * k, 4, -1, 1), *bias = guarded_random(n, 12, -1, 1), *residual = guarded_random(m * n, 0, -1, 1);
    if (special) put_specials(x, m * k);
    for (int64_t i = 0; i < m * k && k > 64; i++)
        if (i / 32 % 5 == 3) x[i] = 0; /* whole blocks of zeros */
    for (int kind = 0; kind < BLOCK_KINDS; kind++) {
        float *w = guarded_floats(n * k, 4), *want[2] = {guarded_floats(m * n, 0), guarded_floats(m * n, 0)};
        struct number *numbers = guarded((size_t)(n * k) * sizeof *numbers, 4);
        uint8_t *packed = random_blocks(kind == BLOCK_Q4, n, k, w, numbers);
        for (int64_t i = 0; i < 2 * m * n; i++) {
            const int64_t fused = i / (m * n), row = i % (m * n) / n, column = i % n;
            want[fused][i % (m * n)] = product((int)fused, kind == BLOCK_Q4, x + row * k, numbers + column * k, k) + bias[column] + residual[row * n + column];
        }
        FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) FOR_EACH_FORM(isa, form) {
            const int kept = guarded_count;
            const int64_t row = random_row();
            float *y = guarded_floats(m * n, 20), *after = guarded_floats(m * n, 20);
            if (row < 0) memcpy(after, want[is_fused(isa)], (size_t)(m * n) * 4);
            else RUN(unary, .row = row, .x = want[is_fused(isa)], .y = after, .n = m * n, .p0 = -0.25f, .p1 = 0.5f);
            RUN(linear_blocks_int8, .kind = kind, .x = x, .packed = packed, .bias = bias, .residual = residual, .y = y, .m = m, .n = n, .k = k,
                .row = row, .p0 = -0.25f, .p1 = 0.5f);
            CHECK_BITS(y, after, m * n, "kind %d m %ld n %ld k %ld row %ld isa %d vnni %d parts %d", kind, m, n, k, row, isa, form, parts);
            release_guarded_from(kept);
        }
    }
    release_guarded();
}

static void test_gather(int64_t rows, int64_t cols) {
    enum { TAKEN = 50 };
    int32_t *index = guarded(TAKEN * 4, 4);
    float *table = guarded_floats(rows * cols, 4), *want = guarded_floats(TAKEN * cols, 0);
    for (int kind = 0; kind < BLOCK_KINDS; kind++) {
        uint8_t *packed = random_blocks(kind == BLOCK_Q4, rows, cols, table, 0);
        for (int i = 0; i < TAKEN; i++) index[i] = (int32_t)random_below(rows);
        for (int64_t i = 0; i < TAKEN * cols; i++) want[i] = table[index[i / cols] * cols + i % cols];
        FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
            const int kept = guarded_count;
            float *y = guarded_floats(TAKEN * cols, 4);
            CHECK(RUN(gather_blocks, .kind = kind, .packed = packed, .n = rows, .index = index, .y = y, .rows = TAKEN, .k = cols) == FATHOM_OK,
                  "gather of kind %d", kind);
            CHECK_BITS(y, want, TAKEN * cols, "kind %d rows %ld cols %ld isa %d parts %d", kind, rows, cols, isa, parts);
            release_guarded_from(kept);
        }
        index[7] = (int32_t)rows;
        CHECK(RUN(gather_blocks, .kind = kind, .packed = packed, .n = rows, .index = index, .y = want, .rows = TAKEN, .k = cols)
                  == FATHOM_BAD_INDEX,
              "an index out of range");
    }
    release_guarded();
}

static void test_sizes(void) {
    CHECK(fathom_blocks_bytes(BLOCK_Q8, 17, 33) == 2 * 2 * 576, "bytes of Q8");
    CHECK(fathom_blocks_bytes(BLOCK_Q4, 17, 257) == 2 * (9 * 288 + 2 * 128), "bytes of Q4");
    for (int kind = 0; kind < BLOCK_KINDS; kind++) {
        CHECK(fathom_blocks_bytes(kind, INT64_MAX, 2) == INT64_MAX && fathom_blocks_bytes(kind, 2, INT64_MAX) == INT64_MAX, "too many");
        CHECK(fathom_blocks_bytes(kind, -1, 2) == INT64_MAX && fathom_blocks_bytes(kind, 2, -40) == INT64_MAX, "none");
        CHECK(fathom_blocks_bytes(kind, 0, 5) == 0 && fathom_blocks_bytes(kind, 5, 0) == 0, "empty");
    }
}

int main(void) {
    set_arithmetic(KERNEL_ARITHMETIC); /* sums in floats are compared bit for bit */
    has_vnni = machine.avx512_vnni, has_avx_vnni = machine.avx_vnni;
    test_sizes();
    for (int64_t m = 1; m <= 20; m++) {
        test_linear((struct shape){m, 150, 37});
        test_linear((struct shape){m, 1 + random_below(300), random_below(300)});
        test_products((struct shape){m, 150, 37}, 0);
        test_products((struct shape){m, 1 + random_below(300), random_below(300)}, m % 3 == 0);
    }
    static const struct shape shapes[] = {
        {1, 1, 1},  {3, 5, 0},     {2, 1, 2},      {1, 64, 385},  {1, 257, 800},  {1, 300, 1201}, {2, 512, 64},
        {6, 64, 384}, {7, 65, 385}, {13, 31, 1025}, {128, 10, 128}, {40, 211, 97}, {97, 129, 1024}, {211, 33, 300}, {64, 300, 515},
    };
    for (int i = 0; i < COUNT(shapes); i++) test_linear(shapes[i]), test_products(shapes[i], i % 4 == 1);
    test_gather(1, 1);
    test_gather(30, 17);
    test_gather(100, 300);
    return DONE();
}
