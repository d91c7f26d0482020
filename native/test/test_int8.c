/*
 * int8_pack, linear_int8 and conv_int8 against their definition in plain C: each row (image, channel) rounded by itself, sums of integers,
 * two products and what follows. That is equal bit for bit for all shapes, instruction sets, with and without VNNI, and any parts.
 */
#include "check.h"
#include "vnni.h"

/* ---- the definition ---- */

/* q[n] and s of x[n], whose neighbors lie `step` floats apart */
static float rounded(const float *x, int64_t n, int32_t *q) {
    float most = 0;
    int finite = 1;
    for (int64_t i = 0; i < n; i++) {
        finite &= isfinite(x[i]) != 0;
        if (fabsf(x[i]) > most) most = fabsf(x[i]);
    }
    for (int64_t i = 0; i < n; i++) q[i] = finite && most >= 0x1p-119f ? (int32_t)rintf(x[i] * (127 / most)) : 0;
    return !finite ? NAN : most < 0x1p-119f ? 0 : most / 127;
}

struct rounded_rows {
    int32_t *q;
    float *scale;
};
static struct rounded_rows rounded_rows(const float *x, int64_t rows, int64_t n) {
    struct rounded_rows r = {guarded((size_t)(rows * n) * 4, 0), guarded_floats(rows, 0)};
    for (int64_t i = 0; i < rows; i++) r.scale[i] = rounded(x + i * n, n, r.q + i * n);
    return r;
}

static float scaled(int64_t sum, float channel, float row) {
    CHECK(sum <= INT32_MAX && sum >= INT32_MIN, "%ld is no int32", sum);
    return flushed(flushed((float)sum * channel) * row);
}

/* ---- packed weights ---- */

static uint8_t *packed_weights(float *w, int64_t n, int64_t k, int64_t runs) {
    int64_t bytes = fathom_int8_bytes(n, k, runs);
    uint8_t *packed = guarded((size_t)bytes, anywhere());
    CHECK(RUN(int8_pack, .w = w, .packed = packed, .n = n, .k = k, .runs = runs) == FATHOM_OK, "n %ld k %ld runs %ld", n, k, runs);
    return packed;
}

/* where they lie, and zeros around them */
static void test_pack(int64_t n, int64_t run, int64_t runs, int special) {
    int64_t k = run * runs, words = (run + 3) / 4, strip = runs * words * 64, wide = (n + 15) / 16 * 16;
    float *w = guarded_random(n * k, anywhere(), -3, 3);
    if (special)
        for (int64_t i = 0; i < n; i++) w[i * k + random_below(k)] = i % 3 == 0 ? NAN : i % 3 == 1 ? -INFINITY : 1e30f;
    struct rounded_rows want = rounded_rows(w, n, k);
    FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
        uint8_t *packed = packed_weights(w, n, k, runs);
        CHECK(fathom_int8_bytes(n, k, runs) == wide * (runs * words * 4 + 8), "bytes of %ld x %ld", n, k);
        int64_t wrong = 0;
        for (int64_t j = 0; j < wide; j++) {
            int64_t sum = 0;
            for (int64_t i = 0; i < runs * words * 4; i++) {
                int64_t o = i / (words * 4), x = i % (words * 4), q = j < n && x < run ? want.q[j * k + o * run + x] : 0;
                wrong += (int8_t)packed[j / 16 * strip + i / 4 * 64 + j % 16 * 4 + i % 4] != q;
                sum += q;
            }
            int32_t offset;
            float scale, expected = j < n ? want.scale[j] : 0;
            memcpy(&offset, packed + wide * runs * words * 4 + j * 4, 4);
            memcpy(&scale, packed + wide * runs * words * 4 + (wide + j) * 4, 4);
            wrong += offset != -128 * sum || !(scale == expected || (isnan(scale) && isnan(expected)));
        }
        CHECK(wrong == 0, "%ld differ: n %ld run %ld runs %ld isa %d parts %d", wrong, n, run, runs, isa, parts);
    }
    release_guarded();
}

/* ---- what follows the sums ---- */

struct ending {
    float *bias, *residual;
    int64_t row;
};
static const float P0 = -0.25f, P1 = 0.5f;

static struct ending random_ending(int64_t rows, int64_t n) {
    int form = (int)random_below(4);
    return (struct ending){form & 1 ? guarded_random(n, anywhere(), -1, 1) : 0,
                           form & 2 ? guarded_random(rows * n, anywhere(), -1, 1) : 0, random_row()};
}

/* z[rows, n] before the activation, and behind it by the chosen kernels */
static float *ended(const struct ending *e, const float *sums, float *z, int64_t rows, int64_t n) {
    float *y = guarded_floats(rows * n, 0);
    for (int64_t i = 0; i < rows * n; i++) {
        z[i] = e->bias ? sums[i] + e->bias[i % n] : sums[i];
        if (e->residual) z[i] += e->residual[i];
    }
    if (e->row < 0) memcpy(y, z, (size_t)(rows * n) * 4);
    else RUN(unary, .row = e->row, .x = z, .y = y, .n = rows * n, .p0 = P0, .p1 = P1);
    return y;
}

/* ---- linear_int8 ---- */

static void put_specials(float *x, int64_t m, int64_t k) {
    for (int64_t i = 0; i < m; i++) {
        float *row = x + i * k;
        if (i % 6 == 0) memset(row, 0, (size_t)k * 4);
        if (i % 6 == 1) row[random_below(k)] = NAN;
        if (i % 6 == 2) row[random_below(k)] = random_below(2) ? INFINITY : -INFINITY;
        if (i % 6 == 3)
            for (int64_t p = 0; p < k; p++) row[p] *= 0x1p-120f; /* a denormal among them */
        if (i % 6 == 4) row[random_below(k)] = 3e38f;
    }
}

/* values of one size, whose products are the largest that there are; no negative x, for which some kernels have a form of their own */
enum kind { USUAL, SPECIAL, LARGE, LARGE_POSITIVE };
static void make_positive(float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) x[i] = x[i] < 0 ? -x[i] : x[i];
}
static void test_linear(int64_t m, int64_t n, int64_t k, enum kind kind) {
    float *x = guarded_random(m * k, anywhere(), -2, 2), *w = guarded_random(n * k, anywhere(), -1, 1);
    if (kind == SPECIAL && k > 0) {
        put_specials(x, m, k);
        for (int64_t j = 0; j < n; j += 5) w[j * k + random_below(k)] = j % 2 ? INFINITY : NAN;
        for (int64_t j = 1; j < n; j += 5) memset(w + j * k, 0, (size_t)k * 4);
    }
    for (int64_t i = 0; kind >= LARGE && i < m * k; i++) x[i] = i / k % 2 ? -3 : 3;
    for (int64_t i = 0; kind >= LARGE && i < n * k; i++) w[i] = i / k % 3 ? 0.5f : -0.5f;
    if (kind == LARGE_POSITIVE || (kind != LARGE && random_below(2))) make_positive(x, m * k);
    struct rounded_rows left = rounded_rows(x, m, k), right = rounded_rows(w, n, k);
    float *sums = guarded_floats(m * n, 0), *z = guarded_floats(m * n, 0);
    for (int64_t i = 0; i < m * n; i++) {
        int64_t sum = 0;
        for (int64_t p = 0; p < k; p++) sum += left.q[i / n * k + p] * right.q[i % n * k + p];
        sums[i] = scaled(sum, right.scale[i % n], left.scale[i / n]);
    }
    struct ending e = random_ending(m, n);
    int common = guarded_count;
    FOR_EACH_ISA(isa) {
        const float *want = ended(&e, sums, z, m, n);
        uint8_t *packed = packed_weights(w, n, k, 1);
        int here = guarded_count;
        FOR_EACH_PARTS(parts) FOR_EACH_FORM(isa, form) {
            float *y = guarded_floats(m * n, anywhere()), *pre = random_below(2) ? guarded_floats(m * n, anywhere()) : 0;
            int32_t status = RUN(linear_int8, .x = x, .packed = packed, .bias = e.bias, .residual = e.residual, .pre = pre, .y = y,
                                 .m = m, .n = n, .k = k, .row = e.row, .p0 = P0, .p1 = P1);
            CHECK(status == FATHOM_OK, "status %d", status);
            CHECK_BITS(y, want, m * n, "y: m %ld n %ld k %ld kind %d row %ld isa %d VNNI %d parts %d", m, n, k, kind, e.row, isa,
                       form, parts);
            if (pre) CHECK_BITS(pre, z, m * n, "pre: m %ld n %ld k %ld isa %d VNNI %d parts %d", m, n, k, isa, form, parts);
            release_guarded_from(here);
        }
        release_guarded_from(common);
    }
    release_guarded();
}

/* ---- conv_int8 ---- */

static void test_conv(int64_t n, struct window g, int special) {
    int64_t run = g.c, taps = g.kh * g.kw, k = taps * run, pixels = g.h * g.w * g.c, rows = n * g.oh * g.ow;
    float *x = guarded_random(n * pixels, anywhere(), -2, 2), *w = guarded_random(g.k * k, anywhere(), -1, 1);
    if (special) put_specials(x, n, pixels);
    if (random_below(2)) make_positive(x, n * pixels);
    struct rounded_rows left = rounded_rows(x, n, pixels), right = rounded_rows(w, g.k, k);
    float *sums = guarded_floats(rows * g.k, 0), *z = guarded_floats(rows * g.k, 0);
    for (int64_t at = 0; at < rows * g.k; at++) {
        int64_t j = at % g.k, q = at / g.k % g.ow, o = at / g.k / g.ow % g.oh, image = at / g.k / g.ow / g.oh, sum = 0;
        for (int64_t tap = 0; tap < taps; tap++) {
            int64_t i = o * g.sh - g.top + tap / g.kw * g.dh, l = q * g.sw - g.left + tap % g.kw * g.dw;
            if (i < 0 || i >= g.h || l < 0 || l >= g.w) continue;
            const int32_t *a = left.q + image * pixels + (i * g.w + l) * g.c, *b = right.q + j * k + tap * g.c;
            for (int64_t c = 0; c < g.c; c++) sum += a[c] * b[c];
        }
        sums[at] = scaled(sum, right.scale[j], left.scale[image]);
    }
    struct ending e = random_ending(rows, g.k);
    int common = guarded_count;
    FOR_EACH_ISA(isa) {
        const float *want = ended(&e, sums, z, rows, g.k);
        uint8_t *packed = packed_weights(w, g.k, k, g.dw == 1 ? g.kh : taps);
        int here = guarded_count;
        FOR_EACH_PARTS(parts) FOR_EACH_FORM(isa, form) {
            float *y = guarded_floats(rows * g.k, anywhere()), *pre = random_below(2) ? guarded_floats(rows * g.k, anywhere()) : 0;
            int32_t status = RUN(conv_int8, .x = x, .packed = packed, .bias = e.bias, .residual = e.residual, .pre = pre, .y = y, .n = n,
                                 .g = g, .row = e.row, .p0 = P0, .p1 = P1);
            CHECK(status == FATHOM_OK, "status %d", status);
            CHECK_BITS(y, want, rows * g.k, "n %ld %ldx%ldx%ld -> %ldx%ldx%ld kernel %ldx%ld stride %ld,%ld dilation %ld,%ld pad %ld,%ld "
                       "row %ld isa %d VNNI %d parts %d", n, g.h, g.w, g.c, g.oh, g.ow, g.k, g.kh, g.kw, g.sh, g.sw, g.dh, g.dw, g.top,
                       g.left, e.row, isa, form, parts);
            if (pre) CHECK_BITS(pre, z, rows * g.k, "pre: isa %d VNNI %d parts %d", isa, form, parts);
            int64_t ld = g.k + 1 + random_below(40), floats = (rows - 1) * ld + g.k;
            float *wide = apart(0, rows, g.k, ld);
            RUN(conv_int8, .x = x, .packed = packed, .bias = e.bias, .residual = e.residual ? apart(e.residual, rows, g.k, ld) : 0,
                .y = wide, .n = n, .g = g, .ld = ld, .row = e.row, .p0 = P0, .p1 = P1);
            CHECK_BITS(wide, apart(want, rows, g.k, ld), floats, "ld %ld: isa %d VNNI %d parts %d", ld, isa, form, parts);
            release_guarded_from(here);
        }
        release_guarded_from(common);
    }
    release_guarded();
}

/* a window of its own size, step and padding on each side, which need not reach the end of the image */
static struct window random_window(void) {
    struct window g = {.c = 1 + random_below(40), .k = 1 + random_below(70), .kh = 1 + random_below(4), .kw = 1 + random_below(4),
                       .sh = 1 + random_below(3), .sw = 1 + random_below(3), .dh = 1 + random_below(2), .dw = 1 + random_below(2),
                       .top = random_below(3), .left = random_below(3), .oh = 1 + random_below(6), .ow = 1 + random_below(9), .groups = 1};
    int64_t h = (g.oh - 1) * g.sh + (g.kh - 1) * g.dh + 1 - g.top, w = (g.ow - 1) * g.sw + (g.kw - 1) * g.dw + 1 - g.left;
    g.h = h + random_below(4) - 1, g.w = w + random_below(4) - 1; /* bottom and right are padded by a row, or not read */
    if (g.h < 1) g.h = 1;
    if (g.w < 1) g.w = 1;
    return g;
}

/* ---- sizes ---- */

static void test_refusals(void) {
    float x[8] = {0}, y[8];
    uint8_t packed[512] = {0};
    CHECK(RUN(linear_int8, .x = x, .packed = packed, .y = y, .m = 1, .n = 1, .k = INT8_TERMS + 1, .row = -1) == FATHOM_LONG_SUM
              && run_words[1] == K_linear_int8 && run_words[2] == INT8_TERMS + 1 && run_words[3] == INT8_TERMS,
              "a sum that an int32 may not hold");
    CHECK(RUN(int8_pack, .w = x, .packed = packed, .n = 1, .k = INT8_TERMS + 1, .runs = 1) == FATHOM_LONG_SUM, "its weights");
    struct window g = square_window(3, 1, INT8_TERMS / 3 + 1, 1, 1, 1, 0, 1);
    g.kh = 3, g.oh = 1;
    CHECK(RUN(conv_int8, .x = x, .packed = packed, .y = y, .n = 1, .g = g, .row = -1) == FATHOM_LONG_SUM, "taps");
    CHECK(fathom_int8_bytes(INT64_MAX / 8, INT8_TERMS, 1) == INT64_MAX && fathom_int8_bytes(-1, 4, 1) == INT64_MAX, "too many bytes");
    CHECK(fathom_int8_bytes(1, INT64_MAX, 1) == INT64_MAX && fathom_int8_bytes(1, INT64_MAX, 2) == INT64_MAX,
          "too many bytes of a channel");
    CHECK(RUN(linear_int8, .x = x, .packed = packed, .y = y, .m = 0, .n = 3, .k = 4, .row = -1) == FATHOM_OK, "no rows");
    CHECK(RUN(linear_int8, .x = x, .packed = packed, .y = y, .m = 3, .n = 0, .k = 4, .row = -1) == FATHOM_OK, "no columns");
}

int main(void) {
    has_vnni = machine.avx512_vnni, has_avx_vnni = machine.avx_vnni;
    printf("AVX512_VNNI %d, AVX_VNNI %d\n", has_vnni, has_avx_vnni);
#if defined(__SANITIZE_THREAD__)
    enum { SOME = 10 };
#else
    enum { SOME = 60 };
#endif
    for (int64_t i = 0; i < SOME; i++) test_pack(1 + random_below(40), 1 + random_below(30), 1 + random_below(4), i % 4 == 0);
    for (int64_t m = 1; m <= 20; m++) test_linear(m, 1 + random_below(150), 1 + random_below(300), USUAL);
    for (int64_t i = 0; i < SOME; i++) test_linear(1 + random_below(20), 1 + random_below(90), random_below(301), i % 4 ? USUAL : SPECIAL);
    test_linear(1, 1030, 1100, USUAL);
    test_linear(130, 70, 1031, USUAL);
    test_linear(37, 330, 4096, USUAL);
    test_linear(7, 9, INT8_TERMS, LARGE);
    test_linear(2, 70, INT8_TERMS, LARGE_POSITIVE);
    for (int64_t i = 0; i < 2 * SOME; i++) test_conv(1 + random_below(3), random_window(), i % 8 == 0);
    test_conv(1, square_window(30, 30, 3, 64, 7, 2, 3, 1), 0);
    test_conv(2, square_window(14, 14, 64, 80, 3, 1, 1, 1), 0);
    test_conv(3, square_window(9, 9, 32, 48, 3, 2, 1, 1), 0);
    test_conv(7, square_window(8, 8, 40, 33, 1, 2, 0, 1), 1);
    test_refusals();
    return DONE();
}
