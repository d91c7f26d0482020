/* Every row of optim.def against its formula in double, over segments and groups; the sum of squares; zeros; short rows. */
#include "check.h"

enum { BLOCK = 4000, SEGMENTS = 6 };

/* offset, count, group: one value, lanes +- 1, a prime, gaps between them, two groups */
static int64_t segments[SEGMENTS][3] = {{3, 1, 0}, {16, 15, 1}, {32, 17, 0}, {64, 997, 1}, {1100, 64, 0}, {1200, 2700, 1}};
static float groups[2][2] = {{0.1f, 0}, {0.02f, 0.3f}}; /* learning rate, weight decay */

static int in_segment(int64_t i, int *group) {
    for (int s = 0; s < SEGMENTS; s++)
        if (i >= segments[s][0] && i < segments[s][0] + segments[s][1]) {
            *group = (int)segments[s][2];
            return 1;
        }
    return 0;
}

/* what a rule makes of a gradient: the limit bites at |g| > 0.8 */
static const float SCALE = 0.5f, LIMIT = 0.4f;
static double clipped(double g) { return fmin(fmax(g * SCALE, -LIMIT), LIMIT); }

/*
 * Every row of optim.def in double, one value at a time: w, the gradient after clipping, the moments and the parameters of the row,
 * learning rate and decay. A row without its reference does not compile.
 */
struct value {
    double w, g, m[3], rate, decay;
    const float *p;
};
static double sign(double x) { return (x > 0) - (x < 0); }
static double mean(double m, double g, double keep) { return m + (1 - keep) * (g - m); }

static void sgd_of(struct value *x) {
    x->g += x->decay * x->w;
    x->m[0] = x->p[3] != 0 ? x->g : x->p[0] * x->m[0] + (1 - (double)x->p[1]) * x->g;
    x->w -= x->rate * (x->p[2] != 0 ? x->g + x->p[0] * x->m[0] : x->m[0]);
}
static void momentum_of(struct value *x) {
    x->g += x->decay * x->w;
    x->m[0] = x->p[0] * x->m[0] - x->rate * x->g;
    x->w += x->p[1] != 0 ? x->p[0] * x->m[0] - x->rate * x->g : x->m[0];
}
static void adagrad_of(struct value *x) {
    x->g += x->decay * x->w;
    x->m[0] += x->g * x->g;
    x->w -= x->rate * x->p[2] * x->g / (sqrt(x->m[0] + x->p[1]) + x->p[0]);
}
static void adadelta_of(struct value *x) {
    x->g += x->decay * x->w;
    x->m[0] = mean(x->m[0], x->g * x->g, x->p[0]);
    double step = sqrt(x->m[1] + x->p[1]) / sqrt(x->m[0] + x->p[1]) * x->g;
    x->m[1] = mean(x->m[1], step * step, x->p[0]);
    x->w -= x->rate * step;
}
static void rmsprop_of(struct value *x) {
    x->g += x->decay * x->w;
    x->m[0] = mean(x->m[0], x->g * x->g, x->p[0]);
    if (x->p[3] != 0) x->m[1] = mean(x->m[1], x->g, x->p[0]);
    x->m[2] = x->p[2] * x->m[2] + x->g / (sqrt(x->m[0] - x->m[1] * x->m[1]) + x->p[1]);
    x->w -= x->rate * x->m[2];
}
static void moments_of(struct value *x, float decoupled) {
    if (decoupled != 0) x->w -= x->rate * x->decay * x->w;
    else x->g += x->decay * x->w;
    x->m[0] = mean(x->m[0], x->g, x->p[0]);
    x->m[1] = mean(x->m[1], x->g * x->g, x->p[1]);
}
static void adam_of(struct value *x) {
    moments_of(x, x->p[5]);
    double size = x->m[1];
    if (x->p[6] != 0) size = x->m[2] = fmax(x->m[2], x->p[6] * size);
    x->w -= x->rate * x->p[3] * x->m[0] / (sqrt(size) * x->p[4] + x->p[2]);
}
static void adamax_of(struct value *x) {
    x->g += x->decay * x->w;
    x->m[0] = mean(x->m[0], x->g, x->p[0]);
    x->m[1] = fmax(x->p[1] * x->m[1], fabs(x->g) + x->p[2]);
    x->w -= x->rate * x->p[3] * x->m[0] / x->m[1];
}
static void nadam_of(struct value *x) {
    moments_of(x, x->p[6]);
    x->w -= x->rate * (x->p[3] * x->g + x->p[4] * x->m[0]) / (sqrt(x->m[1]) * x->p[5] + x->p[2]);
}
static void radam_of(struct value *x) {
    moments_of(x, x->p[5]);
    x->w -= x->rate * x->p[3] * x->m[0] / (x->p[4] != 0 ? sqrt(x->m[1]) + x->p[2] : 1);
}
static void lion_of(struct value *x) {
    x->w -= x->rate * (x->decay * x->w + sign(mean(x->m[0], x->g, x->p[0])));
    x->m[0] = mean(x->m[0], x->g, x->p[1]);
}
static void rprop_of(struct value *x) {
    double turn = sign(x->g * x->m[0]);
    if (x->p[4] != 0) x->m[1] = x->rate;
    x->m[1] = fmax(x->p[2], fmin(x->p[3], x->m[1] * (turn > 0 ? x->p[1] : turn < 0 ? x->p[0] : 1)));
    if (turn < 0) x->g = 0;
    x->w -= sign(x->g) * x->m[1];
    x->m[0] = x->g;
}

static void (*const references[])(struct value *) = {
#define RULE(name, ...) name##_of,
#include "optim.def"
#undef RULE
};

/* settings of the rows: parameters, which moments are given, and the largest error after six steps */
static const struct setting {
    int rule, given;
    float p[7];
    double slack;
} settings[] = {
    {RULE_sgd, 0, {0}, 2e-6},
    {RULE_sgd, 1, {0.9f}, 2e-6},
    {RULE_sgd, 1, {0.9f, 0.4f}, 2e-6},
    {RULE_sgd, 1, {0.9f, 0, 1}, 2e-6},
    {RULE_sgd, 1, {0.9f, 0, 0, 1}, 2e-6},
    {RULE_momentum, 1, {0.9f}, 2e-6},
    {RULE_momentum, 1, {0.9f, 1}, 2e-6},
    {RULE_adagrad, 1, {1e-10f, 0, 1}, 3e-6},
    {RULE_adagrad, 1, {1e-10f, 0.1f, 0.5f}, 3e-6},
    {RULE_adadelta, 3, {0.9f, 1e-6f}, 3e-6},
    {RULE_rmsprop, 1, {0.9f, 1e-4f}, 2e-5},
    {RULE_rmsprop, 3, {0.9f, 1e-4f, 0, 1}, 2e-5},
    {RULE_rmsprop, 5, {0.9f, 1e-4f, 0.8f}, 2e-5},
    {RULE_rmsprop, 7, {0.9f, 1e-4f, 0.8f, 1}, 2e-5},
    {RULE_adam, 3, {0.9f, 0.999f, 1e-8f, 1.3f, 20}, 3e-6},
    {RULE_adam, 3, {0.9f, 0.999f, 1e-8f, 1.3f, 20, 1}, 3e-6},
    {RULE_adam, 7, {0.9f, 0.99f, 1e-8f, 1.3f, 2, 0, 1}, 3e-6},
    {RULE_adam, 7, {0.9f, 0.99f, 1e-8f, 1.3f, 1, 1, 3}, 3e-6},
    {RULE_adamax, 3, {0.9f, 0.99f, 1e-8f, 1.3f}, 3e-6},
    {RULE_nadam, 3, {0.9f, 0.99f, 1e-8f, 0.5f, 0.9f, 2}, 3e-6},
    {RULE_nadam, 3, {0.9f, 0.99f, 1e-8f, 0.5f, 0.9f, 2, 1}, 3e-6},
    {RULE_radam, 3, {0.9f, 0.99f, 1e-8f, 1.5f}, 3e-6},
    {RULE_radam, 3, {0.9f, 0.99f, 1e-3f, 0.3f, 1, 1}, 3e-6},
    {RULE_lion, 1, {0.9f, 0.99f}, 3e-6},
    {RULE_rprop, 3, {0.5f, 1.2f, 1e-6f, 50}, 3e-6},
};

/* the command of a rule over the segments above, or those given */
#define UPDATE(s, ...)                                                                                                            \
    RUN(update, .rule = (s)->rule, .p0 = (s)->p[0], .p1 = (s)->p[1], .p2 = (s)->p[2], .p3 = (s)->p[3], .p4 = (s)->p[4],           \
        .p5 = (s)->p[5], .p6 = (s)->p[6], __VA_ARGS__)

static void rule(int isa, const struct setting *of) {
    float *w = guarded_random(BLOCK, 4, -1, 1), *g = guarded_floats(BLOCK, 8);
    float *m[3] = {guarded_floats(BLOCK, 12), guarded_floats(BLOCK, 20), guarded_floats(BLOCK, 0)};
    static struct value x[BLOCK];
    for (int k = 0; k < 3; k++) memset(m[k], 0, BLOCK * 4);
    for (int i = 0; i < BLOCK; i++) x[i] = (struct value){.w = w[i]};
    for (int step = 0; step < 6; step++) {
        struct setting now = *of;
        /* the first step of a rule that knows it is told so, and every gradient is 0 once */
        if (step == 0 && (now.rule == RULE_sgd || now.rule == RULE_rprop)) now.p[now.rule == RULE_sgd ? 3 : 4] = 1;
        random_fill(g, BLOCK, -1, 1);
        if (step == 2) memset(g, 0, BLOCK * 4);
        CHECK(UPDATE(&now, .w = w, .g = g, .segments = *segments, .count = SEGMENTS, .groups = *groups, .scale = SCALE,
                     .limit = LIMIT, .m0 = of->given & 1 ? m[0] : NULL, .m1 = of->given & 2 ? m[1] : NULL,
                     .m2 = of->given & 4 ? m[2] : NULL)
                  == FATHOM_OK,
              "status");
        for (int i = 0; i < BLOCK; i++) {
            int group;
            if (in_segment(i, &group)) {
                x[i].g = clipped(g[i]), x[i].rate = groups[group][0], x[i].decay = groups[group][1], x[i].p = now.p;
                references[now.rule](&x[i]);
                for (int k = 0; k < 3; k++)
                    if (!(of->given >> k & 1)) x[i].m[k] = 0;
            }
            CHECK_NEAR(w[i], x[i].w, of->slack, "isa %d setting %d step %d at %d", isa, (int)(of - settings), step, i);
        }
    }
    release_guarded();
}

/* A gradient that never changes has no variance; rounding must not make the root of a negative number of it. */
static void rmsprop_without_variance(int isa) {
    float w[1] = {0}, g[1] = {0.7f}, square[1] = {0}, mean[1] = {0};
    int64_t segment[3] = {0, 1, 0};
    float group[2] = {0.1f, 0};
    for (int step = 0; step < 400; step++)
        RUN(update, .rule = RULE_rmsprop, .w = w, .g = g, .segments = segment, .count = 1, .groups = group, .scale = 1,
            .limit = INFINITY, .m0 = square, .m1 = mean, .p0 = 0.9f, .p1 = 1e-3f, .p3 = 1);
    CHECK(w[0] < 0 && w[0] > -1e5f, "isa %d: %g", isa, w[0]);
}

/* A gradient that is not finite shows in w; without a limit, scale 1 leaves every bit of a gradient alone. */
static void special_gradients(int isa) {
    float g[8] = {NAN, INFINITY, -INFINITY, -0.0f, 1e-37f, 3e38f, -3e38f, 2}, w[8] = {0}, want[8];
    int64_t segment[3] = {0, 8, 0};
    float group[2] = {1, 0};
    RUN(update, .rule = RULE_sgd, .w = w, .g = g, .segments = segment, .count = 1, .groups = group, .scale = 1, .limit = INFINITY);
    for (int i = 0; i < 8; i++) want[i] = 0 - g[i];
    CHECK_BITS(w, want, 8, "isa %d", isa);
    memset(w, 0, sizeof w);
    RUN(update, .rule = RULE_sgd, .w = w, .g = g, .segments = segment, .count = 1, .groups = group, .scale = 1, .limit = 1);
    for (int i = 0; i < 8; i++) want[i] = isnan(g[i]) ? g[i] : 0 - (float)fmin(fmax(g[i], -1), 1);
    CHECK_BITS(w, want, 8, "isa %d limited", isa);
}

/* The bits of a double sum that no square overflows, whatever the vectors and the parts. */
static void squares(void) {
    const int64_t n = 700001;
    int64_t segments[4][3] = {{0, 300001, 0}, {300005, 1, 1}, {300007, 399990, 1}, {300003, 0, 0}};
    float *g = guarded_random(n, 4, -1, 1);
    double *sums = guarded((1 + 16 * 4) * sizeof(double), 8), first = 0, want = 0;
    for (int s = 0; s < 3; s++)
        for (int64_t i = segments[s][0]; i < segments[s][0] + segments[s][1]; i++) want += (double)g[i] * g[i];
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts) {
            CHECK(RUN(squares, .g = g, .segments = *segments, .count = 4, .sums = (int64_t *)sums) == FATHOM_OK, "status");
            CHECK_NEAR(sums[0], want, 1e-12 * want, "isa %d parts %d", isa, parts);
            if (first == 0) first = sums[0];
            CHECK(sums[0] == first, "isa %d parts %d: %a, not %a", isa, parts, sums[0], first);
        }
    float huge[3] = {3e38f, -3e38f, 1e-30f}, bad[4] = {1, INFINITY, 2, NAN};
    int64_t segment[2][3] = {{0, 3, 0}, {0, 0, 0}};
    FOR_EACH_ISA(isa) {
        RUN(squares, .g = huge, .segments = *segment, .count = 1, .sums = (int64_t *)sums);
        CHECK_NEAR(sums[0], 2 * (double)3e38f * 3e38f, 1e62, "isa %d huge", isa);
        segment[1][1] = 2;
        RUN(squares, .g = bad, .segments = segment[1], .count = 1, .sums = (int64_t *)sums);
        CHECK(isinf(sums[0]), "isa %d: %g", isa, sums[0]);
        segment[1][1] = 4;
        RUN(squares, .g = bad, .segments = segment[1], .count = 1, .sums = (int64_t *)sums);
        CHECK(isnan(sums[0]), "isa %d: %g", isa, sums[0]);
    }
    release_guarded();
}

/* the first step of Adam moves every weight by lr against the sign of g; of a zero gradient by nothing */
static void adam_first_step(int isa) {
    float w[4] = {1, 1, 1, 1}, g[4] = {1e-3f, -5, 0, 2}, m[4] = {0}, s[4] = {0};
    int64_t segment[3] = {0, 4, 0};
    float group[2] = {0.1f, 0};
    RUN(update, .rule = RULE_adam, .w = w, .g = g, .m0 = m, .m1 = s, .segments = segment, .count = 1, .groups = group, .scale = 1,
        .limit = INFINITY, .p0 = 0.9f, .p1 = 0.999f, .p2 = 1e-8f, .p3 = (float)(1 / (1 - (double)0.9f)),
        .p4 = (float)(1 / sqrt(1 - (double)0.999f)));
    const float want[4] = {0.9f, 1.1f, 1, 0.9f};
    for (int i = 0; i < 4; i++) CHECK_NEAR(w[i], want[i], i == 0 ? 2e-6 : 2e-7, "isa %d at %d", isa, i);
}

/* Segments large enough for parts: the cut leaves no trace, nor does the vector width. */
static void same_bits(void) {
    const int64_t n = 700001;
    int64_t segments[3][3] = {{0, 300001, 0}, {300005, 1, 1}, {300007, 399990, 1}};
    enum { ARRAYS = 4 };
    float *g = guarded_random(n, 8, -1, 1), *begin[ARRAYS], *now[ARRAYS], *first[ARRAYS];
    for (int k = 0; k < ARRAYS; k++) {
        begin[k] = guarded_random(n, 4 * k, k == 0 ? -1 : 0, 1);
        now[k] = guarded_floats(n, 8);
        first[k] = guarded_floats(n, 0);
    }
    for (int rule = 0; rule < COUNT(settings); rule++) {
        int reference = -1;
        FOR_EACH_ISA(isa)
            FOR_EACH_PARTS(parts) {
                for (int k = 0; k < ARRAYS; k++) memcpy(now[k], begin[k], (size_t)n * 4);
                UPDATE(&settings[rule], .w = now[0], .g = g, .m0 = now[1], .m1 = now[2], .m2 = now[3], .segments = *segments, .count = 3,
                       .groups = *groups, .scale = 0.7f, .limit = 0.5f);
                for (int k = 0; k < ARRAYS; k++) {
                    if (reference < 0 || (!is_fused(reference) && is_fused(isa))) memcpy(first[k], now[k], (size_t)n * 4);
                    CHECK_BITS(now[k], first[k], n, "setting %d array %d isa %d parts %d", rule, k, isa, parts);
                }
                if (reference < 1) reference = isa;
            }
    }
    release_guarded();
}

/* Rows of an embedding, too short to be cut: every one is updated once whatever the parts, and zero leaves what lies between. */
static void short_rows(void) {
    enum { ROWS = 3001, COLS = 33, EVERY = 3 };
    const int64_t n = (int64_t)ROWS * COLS * EVERY;
    int64_t(*rows)[3] = guarded(sizeof(int64_t[3]) * (ROWS + 1), 8);
    for (int64_t r = 0; r < ROWS; r++) memcpy(rows[r], (int64_t[3]){r * COLS * EVERY + 1, COLS, r % 2}, sizeof rows[r]);
    memcpy(rows[ROWS], (int64_t[3]){n, 0, 0}, sizeof rows[ROWS]);
    float *w0 = guarded_random(n, 4, -1, 1), *g = guarded_random(n, 8, -1, 1);
    float *w = guarded_floats(n, 0), *y = guarded_floats(n, 4);
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts) {
            memcpy(w, w0, (size_t)n * 4);
            memcpy(y, w0, (size_t)n * 4);
            CHECK(RUN(update, .rule = RULE_sgd, .w = w, .g = g, .segments = *rows, .count = ROWS + 1, .groups = *groups, .scale = 1,
                      .limit = INFINITY)
                      == FATHOM_OK,
                  "status");
            CHECK(RUN(zero, .y = y, .segments = *rows, .count = ROWS + 1) == FATHOM_OK, "status");
            for (int64_t i = 0; i < n; i++) {
                const int64_t row = i / (COLS * EVERY), at = i % (COLS * EVERY) - 1, in = at >= 0 && at < COLS;
                const float *group = groups[row % 2];
                double want = in ? w0[i] - (double)group[0] * (g[i] + (double)group[1] * w0[i]) : w0[i];
                CHECK_NEAR(w[i], want, in ? 2e-7 : 0, "isa %d parts %d at %d", isa, parts, (int)i);
                CHECK(y[i] == (in ? 0 : w0[i]), "isa %d parts %d at %d: %g", isa, parts, (int)i, y[i]);
            }
        }
    release_guarded();
}

int main(void) {
    FOR_EACH_ISA(isa) {
        for (int i = 0; i < COUNT(settings); i++) rule(isa, settings + i);
        adam_first_step(isa);
        rmsprop_without_variance(isa);
        special_gradients(isa);
    }
    same_bits();
    squares();
    short_rows();
    return DONE();
}
