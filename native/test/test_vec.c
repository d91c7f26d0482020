/*
 * vec.h: exp, log, log1p, expm1, tanh, sigmoid, erfc, gelu and gelu's slope in ulp against double precision over a sample of all
 * floats (every 2053rd bit pattern, or every argv[1]-th), on every instruction set through the kernels, v3 and v4 bit for bit;
 * then tails, selections and the 16-lane sum, on vectors of the baseline.
 */
#include "check.h"
#include "vec.h"

enum {
#define UNARY(name, ...) UNARY_##name,
#include "unary.def"
#undef UNARY
};
enum {
#define BINARY(name, ...) BINARY_##name,
#include "binary.def"
#undef BINARY
};

enum { CHUNK = 4096 };

/* ---- functions ---- */

static double sigmoid_of(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static double gelu_of(double x) { return x == -INFINITY ? 0 : x * 0.5 * erfc(-x * sqrt(0.5)); }
static double elu_of(double x) { return x > 0 ? x : expm1(x); }
static double softplus_of(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))) + (x - x); }

static void run_unary(int row, const float *x, float *y) {
    CHECK(RUN(unary, .row = row, .x = (float *)x, .y = y, .n = CHUNK, .p0 = 1) == FATHOM_OK, "row %d", row);
}
static void run_exp(const float *x, float *y) { run_unary(UNARY_exp, x, y); }
static void run_log(const float *x, float *y) { run_unary(UNARY_log, x, y); }
static void run_tanh(const float *x, float *y) { run_unary(UNARY_tanh, x, y); }
static void run_sigmoid(const float *x, float *y) { run_unary(UNARY_sigmoid, x, y); }
static void run_gelu(const float *x, float *y) { run_unary(UNARY_gelu, x, y); }
static void run_elu(const float *x, float *y) { run_unary(UNARY_elu, x, y); }
static void run_sqrt(const float *x, float *y) { run_unary(UNARY_sqrt, x, y); }
/* softplus is the loss of a logit whose target is 0: v_log1p behind v_exp */
static void run_softplus(const float *x, float *y) {
    float target = 0;
    int32_t status = RUN(binary, .row = BINARY_bce_logits, .a = (float *)x, .b = &target, .y = y, .dims = {1, 1, 1, 1, 1, CHUNK},
                         .sa = {[5] = 1});
    CHECK(status == FATHOM_OK, "bce_logits");
}

#define DIRECT(name)                                                                    \
    static void direct_##name(const float *x, float *y) {                               \
        for (int i = 0; i < CHUNK; i += VL) v_store(y + i, v_##name(v_load(x + i)));    \
    }
DIRECT(erfc)
DIRECT(expm1)
DIRECT(log1p)

/* bounds in ulp with FMA (the baseline gets a half more) and for results that are denormal */
static const struct function {
    const char *name;
    void (*run)(const float *, float *);
    double (*exact)(double);
    double bound, denormal_bound;
    int direct; /* runs on the test's own vectors, so for one instruction set */
} functions[] = {
    {"exp", run_exp, exp, 1, 1, 0},
    {"log", run_log, log, 1, 0, 0},
    {"tanh", run_tanh, tanh, 2, 1, 0},
    {"sigmoid", run_sigmoid, sigmoid_of, 2.5, 1, 0},
    {"gelu", run_gelu, gelu_of, 6.5, 2, 0},
    {"elu", run_elu, elu_of, 1.5, 0, 0},
    {"sqrt", run_sqrt, sqrt, 0.5, 0, 0},
    {"softplus", run_softplus, softplus_of, 2, 1, 0},
    {"erfc", direct_erfc, erfc, 6.5, 2, 1},
    {"expm1", direct_expm1, expm1, 1.6, 0, 1},
    {"log1p", direct_log1p, log1p, 1.5, 0, 1},
};

static void sweep(const struct function *f, uint64_t stride) {
    static float x[CHUNK], y[3][CHUNK];
    static const float special[] = {
        0,      -0.0f,    INFINITY, -INFINITY, NAN,     1,         -1,     0x1p-126f, 0x1p-149f, 0x1.fffffep127f, 88.7f, 88.7229f,
        -87.3f, -103.97f, -104.5f,  -0x1p-99f, 14.35f,  -14.4f,    -0.75f, 9.01f,     -9.02f,    10.05f,          10.1f, -0.9999f,
        1e-5f,  -20,      16777216, 0x1p127f,  0x1.6p127f,
    };
    double worst[3] = {0}, worst_denormal[3] = {0};
    float at[3] = {0};
    int64_t unequal = 0;
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += CHUNK * stride) {
        for (int i = 0; i < CHUNK; i++) {
            uint32_t b = (uint32_t)(bits + (uint64_t)i * stride); /* wraps around at the end */
            memcpy(x + i, &b, 4);
        }
        if (bits == 0) memcpy(x, special, sizeof special);
        FOR_EACH_ISA(isa) {
            f->run(x, y[isa]);
            if (f->direct) break;
        }
        int isas = f->direct ? 1 : fathom_best_isa() + 1;
        for (int i = 0; i < CHUNK; i++) {
            double want = f->exact(x[i]);
            int denormal = fabs(want) < 0x1p-126;
            for (int isa = 0; isa < isas; isa++) {
                double error = ulps(y[isa][i], want), *w = denormal ? worst_denormal : worst;
                if (error > w[isa]) w[isa] = error, at[isa] = x[i];
            }
        }
        unequal += isas == 3 && differs(y[1], y[2], CHUNK) >= 0;
    }
    for (int isa = 0; isa <= (f->direct ? 0 : fathom_best_isa()); isa++) {
        double slack = isa == 0 && f->bound > 0.5 ? 0.5 : 0;
        CHECK(worst[isa] <= f->bound + slack, "%s, isa %d: %.3f ulp, worst at %.9g", f->name, isa, worst[isa], at[isa]);
        CHECK(worst_denormal[isa] <= f->denormal_bound + slack, "%s, isa %d: %.3f ulp in a denormal, worst at %.9g", f->name, isa,
              worst_denormal[isa], at[isa]);
        printf("%-9s isa %d: %.3f ulp, denormal results %.3f\n", f->name, isa, worst[isa], worst_denormal[isa]);
    }
    CHECK(unequal == 0, "%s: v3 and v4 differ in %lld chunks", f->name, (long long)unequal);
}

/* gelu's slope passes through 0 at -0.7518, where only the absolute error can be small; in the tail it is the relative one */
static void gelu_slope(void) {
    static float x[CHUNK], one[CHUNK], dx[3][CHUNK];
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
    if (fathom_best_isa() == 2) CHECK_BITS(dx[2], dx[1], CHUNK, "slope of gelu on v3 and v4");
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
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        sweep(functions + i, count > 1 ? strtoull(arguments[1], NULL, 10) : 2053);
    gelu_slope();
    tails();
    selections();
    return DONE();
}
