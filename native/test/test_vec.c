/*
 * vec.h: every row of unary.def in ulp against double precision over a sample of all floats (every 2053rd bit pattern, or every
 * argv[1]-th), on every instruction set through the kernels, v3 and v4 bit for bit; gelu's slope; then tails, selections and the
 * 16-lane sum, on vectors of the baseline.
 */
#include "check.h"
#include "references.h"
#include "kernels/vec.h"

enum { CHUNK = 4096 };

/* ---- every row of unary.def over all floats ---- */

static void sweep(int row, uint64_t stride) {
    static float x[CHUNK], y[ISA_COUNT][CHUNK];
    static const float special[] = {
        0,      -0.0f,    INFINITY, -INFINITY, NAN,     1,         -1,     0x1p-126f, 0x1p-149f, 0x1.fffffep127f, 88.7f, 88.7229f,
        -87.3f, -103.97f, -104.5f,  -0x1p-99f, 14.35f,  -14.4f,    -0.75f, 9.01f,     -9.02f,    10.05f,          10.1f, -0.9999f,
        1e-5f,  -20,      16777216, 0x1p127f,  0x1.6p127f,
    };
    const char *name = unaries[row].name;
    const struct unary_reference is = *unaries[row].is;
    double worst[ISA_COUNT] = {0};
    float at[ISA_COUNT] = {0};
    int64_t unequal = 0;
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += CHUNK * stride) {
        for (int i = 0; i < CHUNK; i++) {
            uint32_t b = (uint32_t)(bits + (uint64_t)i * stride); /* wraps around at the end */
            memcpy(x + i, &b, 4);
        }
        if (bits == 0) memcpy(x, special, sizeof special);
        FOR_EACH_ISA(isa) {
            int32_t status = RUN(unary, .row = row, .x = x, .y = y[isa], .n = CHUNK, .p0 = is.p, .p1 = is.q);
            CHECK(status == FATHOM_OK, "%s", name);
        }
        for (int i = 0; i < CHUNK; i++) {
            double want = is.f(as_read(x[i]), is.p, is.q);
            FOR_EACH_ISA(isa) {
                double error = ulps(y[isa][i], want);
                if (error > worst[isa]) worst[isa] = error, at[isa] = x[i];
            }
        }
        unequal += fathom_best_isa() == ISA_V4 && differs(y[1], y[2], CHUNK) >= 0;
    }
    FOR_EACH_ISA(isa) {
        double slack = isa == ISA_BASELINE && is.ulp > 0.5 ? 0.5 : 0;
        CHECK(worst[isa] <= is.ulp + slack, "%s, isa %d: %.3f ulp, worst at %.9g", name, isa, worst[isa], at[isa]);
        printf("%-10s isa %d: %.3f ulp\n", name, isa, worst[isa]);
    }
    CHECK(unequal == 0, "%s: v3 and v4 differ in %lld chunks", name, (long long)unequal);
}

/* pow on pairs of all magnitudes, and of all special values with each other as C99 and IEEE 754 have them */
static void powers(void) {
    static float a[CHUNK], b[CHUNK], y[ISA_COUNT][CHUNK];
    static const float special[] = {0, 1, -1, 0.5f, -0.5f, 2, -2, 3, -3, 0.25f, 16777215, 16777216, 3e38f,
                                    1e-40f, INFINITY, -INFINITY, NAN};
    enum { SPECIALS = COUNT(special) };
    double worst[ISA_COUNT] = {0};
    for (int chunk = 0; chunk < 300; chunk++) {
        for (int i = 0; i < CHUNK; i++) {
            if (chunk == 0) {
                a[i] = special[i % SPECIALS], b[i] = special[i / SPECIALS % SPECIALS];
                if (i & 1) a[i] = -a[i];
                continue;
            }
            uint32_t bits = (uint32_t)random_bits() & INT32_MAX;
            memcpy(a + i, &bits, 4);
            if (chunk & 1) a[i] = (float)random_uniform(0.5, 2);
            b[i] = (float)(random_uniform(-150, 150) / (chunk % 4 == 1 ? 1 : fmax(1, fabs(log2(a[i])))));
            if (chunk % 8 == 7) a[i] = -a[i], b[i] = rintf(b[i]);
        }
        FOR_EACH_ISA(isa) {
            struct binary_args g = {.row = BINARY_pow, .a = a, .b = b, .y = y[isa], .dims = {1, 1, 1, 1, 1, CHUNK},
                                    .sa = {[5] = 1}, .sb = {[5] = 1}};
            CHECK(run_command(K_binary, &g, sizeof g) == FATHOM_OK, "pow");
            for (int i = 0; i < CHUNK; i++) {
                double want = pow(as_read(a[i]), as_read(b[i])), error = ulps(y[isa][i], want);
                if (error > worst[isa]) worst[isa] = error;
                CHECK(error <= 1, "%g to the %g is %g, not %g: isa %d", a[i], b[i], y[isa][i], want, isa);
            }
        }
        FOR_EACH_ISA(isa) CHECK_BITS(y[isa], y[fathom_best_isa()], CHUNK, "pow needs no fused operation");
    }
    FOR_EACH_ISA(isa)
        printf("pow        isa %d: %.3f ulp\n", isa, worst[isa]);
}

/* gelu's slope passes through 0 at -0.7518, where only the absolute error can be small; in the tail it is the relative one */
static void gelu_slope(void) {
    static float x[CHUNK], one[CHUNK], dx[ISA_COUNT][CHUNK];
    for (int i = 0; i < CHUNK; i++) {
        x[i] = -13 + 26 * (float)i / CHUNK;
        one[i] = 1;
    }
    FOR_EACH_ISA(isa) {
        CHECK(RUN(unary_grad, .row = UNARY_gelu, .x = x, .dy = one, .dx = dx[isa], .n = CHUNK) == FATHOM_OK, "gelu");
        for (int i = 0; i < CHUNK; i++) {
            double t = x[i], want = 0.5 * erfc(-t * sqrt(0.5)) + t * exp(-t * t / 2) * 0.3989422804014327;
            CHECK_NEAR(dx[isa][i], want, t < -2 ? 6e-7 * fabs(want) : 2e-7, "slope of gelu at %g, isa %d", t, isa);
        }
    }
    if (fathom_best_isa() == ISA_V4) CHECK_BITS(dx[2], dx[1], CHUNK, "slope of gelu on v3 and v4");
}

/* ---- vectors ---- */

static void tails(void) {
    for (int64_t n = 0; n <= 16; n++) {
        float *x = guarded_random(n, 4, -1, 1), *y = guarded_floats(n, 12);
        if (n <= VL) {
            v_store_n(y, v_load_n(x, n), n);
            CHECK_BITS(y, x, n, "%d lanes", (int)n);
            v got = v_load_n(x, n);
            for (int64_t i = n; i < VL; i++) CHECK(got[i] == 0, "lane %d of %d", (int)i, (int)n);
        }
        /* the tree of vec.h, written out */
        float lane[16] = {0};
        memcpy(lane, x, (size_t)n * 4);
        float largest = 0;
        for (int i = 0; i < 16; i++) largest = fmaxf(largest, lane[i]);
        CHECK(v16_largest(v16_load_n(x, n)) == fmaxf(largest, 0), "%d lanes", (int)n);
        for (int step = 8; step; step /= 2)
            for (int i = 0; i < step; i++) lane[i] += lane[i + step];
        CHECK(v16_total(v16_add_load_n(v16_zero(), x, n)) == lane[0], "%d lanes", (int)n);
    }
    release_guarded();
}

static void selections(void) {
    v x = {NAN, -1, 0, 1}, one = v_set(1), two = v_set(2);
    v less = v_sel(x < 0, one, two), absolute = v_abs(x), large = v_max(v_set(0), x), small = v_min(v_set(0), x);
    float want[] = {2, 1, 2, 2}, want_absolute[] = {NAN, 1, 0, 1}, want_large[] = {NAN, 0, 0, 1}, want_small[] = {NAN, -1, 0, 0};
    for (int i = 0; i < 4; i++) {
        CHECK(less[i] == want[i], "v_sel, lane %d", i);
        CHECK_NEAR(absolute[i], want_absolute[i], 0, "v_abs, lane %d", i);
        CHECK_NEAR(large[i], want_large[i], 0, "v_max, lane %d", i);
        CHECK_NEAR(small[i], want_small[i], 0, "v_min, lane %d", i);
    }
    v zero = v_set(-0.0f);
    CHECK(signbit(zero[0]), "v_set keeps the sign of zero");
}

int main(int count, char **arguments) {
    for (int row = 0; row < UNARY_COUNT; row++) sweep(row, count > 1 ? strtoull(arguments[1], NULL, 10) : 2053);
    powers();
    gelu_slope();
    tails();
    selections();
    return DONE();
}
