/* SGD, Adam and RMSprop against PyTorch's formulas in double, over segments and groups; the sum of squares; zeros; short rows. */
#include "check.h"

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))
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

static void sgd(int isa, float momentum, float dampening, int nesterov) {
    float *w = guarded_random(BLOCK, 4, -1, 1), *g = guarded_floats(BLOCK, 8), *velocity = guarded_floats(BLOCK, 12);
    double wd[BLOCK], vd[BLOCK] = {0};
    for (int i = 0; i < BLOCK; i++) wd[i] = w[i];
    for (int step = 0; step < 4; step++) {
        random_fill(g, BLOCK, -1, 1);
        CHECK(RUN(sgd, .w = w, .g = g, .velocity = momentum ? velocity : NULL, .segments = *segments, .count = SEGMENTS,
                  .groups = *groups, .scale = SCALE, .limit = LIMIT, .momentum = momentum, .dampening = dampening,
                  .nesterov = nesterov, .first = step == 0)
                  == FATHOM_OK,
              "status");
        for (int i = 0; i < BLOCK; i++) {
            int group;
            if (in_segment(i, &group)) {
                double e = clipped(g[i]) + (double)groups[group][1] * wd[i];
                if (momentum) {
                    vd[i] = step == 0 ? e : momentum * vd[i] + (1 - dampening) * e;
                    e = nesterov ? e + momentum * vd[i] : vd[i];
                }
                wd[i] -= (double)groups[group][0] * e;
            }
            CHECK_NEAR(w[i], wd[i], 2e-6, "isa %d momentum %g nesterov %d step %d at %d", isa, momentum, nesterov, step, i);
        }
    }
    release_guarded();
}

static void adam(int isa, int decoupled) {
    const float beta1 = 0.9f, beta2 = 0.999f, eps = 1e-8f;
    float *w = guarded_random(BLOCK, 4, -1, 1), *g = guarded_floats(BLOCK, 8), *m = guarded_floats(BLOCK, 12),
          *s = guarded_floats(BLOCK, 20);
    double wd[BLOCK], md[BLOCK] = {0}, sd[BLOCK] = {0};
    memset(m, 0, BLOCK * 4);
    memset(s, 0, BLOCK * 4);
    for (int i = 0; i < BLOCK; i++) wd[i] = w[i];
    for (int step = 1; step <= 5; step++) {
        double bc1 = 1 - pow(beta1, step), bc2 = 1 - pow(beta2, step);
        random_fill(g, BLOCK, -1, 1);
        if (step == 2) memset(g, 0, BLOCK * 4);
        CHECK(RUN(adam, .w = w, .g = g, .m = m, .v = s, .segments = *segments, .count = SEGMENTS, .groups = *groups,
                  .scale = SCALE, .limit = LIMIT, .beta1 = beta1, .beta2 = beta2, .eps = eps, .inv_bc1 = (float)(1 / bc1),
                  .inv_sqrt_bc2 = (float)(1 / sqrt(bc2)), .decoupled = decoupled)
                  == FATHOM_OK,
              "status");
        for (int i = 0; i < BLOCK; i++) {
            int group;
            if (in_segment(i, &group)) {
                double lr = groups[group][0], decay = groups[group][1], e = clipped(g[i]);
                if (decoupled) wd[i] -= lr * decay * wd[i];
                else e += decay * wd[i];
                md[i] += (1 - (double)beta1) * (e - md[i]);
                sd[i] = beta2 * sd[i] + (1 - (double)beta2) * e * e;
                wd[i] -= lr / bc1 * md[i] / (sqrt(sd[i]) / sqrt(bc2) + eps);
            }
            CHECK_NEAR(w[i], wd[i], 3e-6, "isa %d decoupled %d step %d at %d", isa, decoupled, step, i);
        }
    }
    release_guarded();
}

static void rmsprop(int isa, int centered, float momentum) {
    const float alpha = 0.9f, eps = 1e-4f;
    float *w = guarded_random(BLOCK, 4, -1, 1), *g = guarded_floats(BLOCK, 8), *square = guarded_floats(BLOCK, 12),
          *mean = guarded_floats(BLOCK, 20), *velocity = guarded_floats(BLOCK, 0);
    double wd[BLOCK], sd[BLOCK] = {0}, md[BLOCK] = {0}, vd[BLOCK] = {0};
    memset(square, 0, BLOCK * 4);
    memset(mean, 0, BLOCK * 4);
    memset(velocity, 0, BLOCK * 4);
    for (int i = 0; i < BLOCK; i++) wd[i] = w[i];
    for (int step = 1; step <= 5; step++) {
        random_fill(g, BLOCK, -1, 1);
        CHECK(RUN(rmsprop, .w = w, .g = g, .segments = *segments, .count = SEGMENTS, .groups = *groups, .scale = SCALE,
                  .limit = LIMIT, .square = square, .mean = centered ? mean : NULL, .velocity = momentum ? velocity : NULL,
                  .alpha = alpha, .eps = eps, .momentum = momentum)
                  == FATHOM_OK,
              "status");
        for (int i = 0; i < BLOCK; i++) {
            int group;
            if (in_segment(i, &group)) {
                double lr = groups[group][0], e = clipped(g[i]) + (double)groups[group][1] * wd[i];
                sd[i] = alpha * sd[i] + (1 - (double)alpha) * e * e;
                md[i] += (1 - (double)alpha) * (e - md[i]);
                double move = e / (sqrt(sd[i] - (centered ? md[i] * md[i] : 0)) + eps);
                wd[i] -= lr * (momentum ? vd[i] = momentum * vd[i] + move : move);
            }
            CHECK_NEAR(w[i], wd[i], 2e-5, "isa %d centered %d momentum %g step %d at %d", isa, centered, momentum, step, i);
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
        RUN(rmsprop, .w = w, .g = g, .segments = segment, .count = 1, .groups = group, .scale = 1, .limit = INFINITY,
            .square = square, .mean = mean, .alpha = 0.9f, .eps = 1e-3f);
    CHECK(w[0] < 0 && w[0] > -1e5f, "isa %d: %g", isa, w[0]);
}

/* A gradient that is not finite shows in w; without a limit, scale 1 leaves every bit of a gradient alone. */
static void special_gradients(int isa) {
    float g[8] = {NAN, INFINITY, -INFINITY, -0.0f, 1e-37f, 3e38f, -3e38f, 2}, w[8] = {0}, want[8];
    int64_t segment[3] = {0, 8, 0};
    float group[2] = {1, 0};
    RUN(sgd, .w = w, .g = g, .segments = segment, .count = 1, .groups = group, .scale = 1, .limit = INFINITY);
    for (int i = 0; i < 8; i++) want[i] = 0 - g[i];
    CHECK_BITS(w, want, 8, "isa %d", isa);
    memset(w, 0, sizeof w);
    RUN(sgd, .w = w, .g = g, .segments = segment, .count = 1, .groups = group, .scale = 1, .limit = 1);
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
    RUN(adam, .w = w, .g = g, .m = m, .v = s, .segments = segment, .count = 1, .groups = group, .scale = 1,
        .limit = INFINITY, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f, .inv_bc1 = (float)(1 / (1 - (double)0.9f)),
        .inv_sqrt_bc2 = (float)(1 / sqrt(1 - (double)0.999f)));
    const float want[4] = {0.9f, 1.1f, 1, 0.9f};
    for (int i = 0; i < 4; i++) CHECK_NEAR(w[i], want[i], i == 0 ? 2e-6 : 2e-7, "isa %d at %d", isa, i);
}

/* Segments large enough for parts: the cut leaves no trace, nor does the vector width. */
static void same_bits(void) {
    const int64_t n = 700001;
    int64_t segments[3][3] = {{0, 300001, 0}, {300005, 1, 1}, {300007, 399990, 1}};
    float *w0 = guarded_random(n, 4, -1, 1), *g = guarded_random(n, 8, -1, 1), *m0 = guarded_random(n, 0, -1, 1),
          *s0 = guarded_random(n, 4, 0, 1);
    float *w = guarded_floats(n, 0), *m = guarded_floats(n, 4), *s = guarded_floats(n, 8);
    float *first[3] = {guarded_floats(n, 0), guarded_floats(n, 0), guarded_floats(n, 0)};
    for (int rule = 0; rule < 4; rule++) {
        int reference = -1;
        FOR_EACH_ISA(isa)
            FOR_EACH_PARTS(parts) {
                memcpy(w, w0, (size_t)n * 4);
                memcpy(m, m0, (size_t)n * 4);
                memcpy(s, s0, (size_t)n * 4);
                if (rule < 2)
                    RUN(sgd, .w = w, .g = g, .velocity = m, .segments = *segments, .count = 3, .groups = *groups, .scale = 0.7f,
                        .limit = 0.5f, .momentum = 0.9f, .nesterov = rule);
                else if (rule == 2)
                    RUN(rmsprop, .w = w, .g = g, .segments = *segments, .count = 3, .groups = *groups, .scale = 0.7f, .limit = 0.5f,
                        .square = s, .mean = m, .alpha = 0.99f, .eps = 1e-3f);
                else
                    RUN(adam, .w = w, .g = g, .m = m, .v = s, .segments = *segments, .count = 3, .groups = *groups, .scale = 0.7f,
                        .limit = 0.5f, .beta1 = 0.9f, .beta2 = 0.999f, .eps = 1e-8f, .inv_bc1 = 1.3f, .inv_sqrt_bc2 = 1.7f);
                float *now[3] = {w, m, s};
                for (int i = 0; i < 3; i++) {
                    if (reference < 0 || (reference == 0 && isa > 0)) memcpy(first[i], now[i], (size_t)n * 4);
                    CHECK_BITS(now[i], first[i], n, "rule %d array %d isa %d parts %d", rule, i, isa, parts);
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
            CHECK(RUN(sgd, .w = w, .g = g, .segments = *rows, .count = ROWS + 1, .groups = *groups, .scale = 1, .limit = INFINITY)
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
        sgd(isa, 0, 0, 0);
        sgd(isa, 0.9f, 0, 0);
        sgd(isa, 0.9f, 0.4f, 0);
        sgd(isa, 0.9f, 0, 1);
        adam(isa, 0);
        adam(isa, 1);
        adam_first_step(isa);
        for (int centered = 0; centered < 2; centered++) {
            rmsprop(isa, centered, 0);
            rmsprop(isa, centered, 0.8f);
        }
        rmsprop_without_variance(isa);
        special_gradients(isa);
    }
    same_bits();
    squares();
    short_rows();
    return DONE();
}
