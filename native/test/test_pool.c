/* Pools, padding, resizing and their gradients against plain loops, on geometries of every kind. */
#include "check.h"

static int64_t between(int64_t lo, int64_t hi) { return lo + random_below(hi - lo + 1); }

/* how many windows, or 0 where one would lie in the padding alone */
static int64_t windows(int64_t size, int64_t k, int64_t s, int64_t d, int64_t before, int64_t after, int ceil) {
    int64_t room = size + before + after - d * (k - 1) - 1, out = (room + (ceil ? s - 1 : 0)) / s + 1;
    if (room < 0) return 0;
    if (ceil && (out - 1) * s >= size + before) out--;
    for (int64_t o = 0; o < out; o++) {
        int seen = 0;
        for (int64_t i = 0; i < k; i++) seen |= o * s + i * d >= before && o * s + i * d < size + before;
        if (!seen) return 0;
    }
    return out;
}

/* A window over images, and how far it is padded behind. */
static struct window draw(int64_t *bottom, int64_t *right) {
    static const int64_t channels[] = {1, 2, 3, 5, 6, 7, 8, 9, 15, 16, 17, 32, 33, 67};
    struct window g;
    do {
        int64_t most = random_below(40) ? 4 : 18;
        g = (struct window){.h = between(1, 9), .w = between(1, 40), .c = channels[random_below(14)], .kh = between(1, most),
                            .kw = between(1, most), .sh = between(1, 3), .sw = between(1, 3), .dh = between(1, 2),
                            .dw = between(1, 2)};
        if (random_below(2)) g.kh = g.kw = g.sh = g.sw = 2, g.dh = g.dw = 1;
        g.top = between(0, g.kh / 2), g.left = between(0, g.kw / 2);
        *bottom = between(0, g.kh / 2), *right = between(0, g.kw / 2);
        int ceil = (int)random_below(2);
        g.oh = windows(g.h, g.kh, g.sh, g.dh, g.top, *bottom, ceil);
        g.ow = windows(g.w, g.kw, g.sw, g.dw, g.left, *right, ceil);
        g.k = g.groups = g.c;
    } while (g.oh < 1 || g.ow < 1);
    return g;
}

static const char *text(const struct window *g) {
    static char s[200];
    snprintf(s, sizeof s, "%dx%dx%d to %dx%d kernel %dx%d stride %dx%d dilation %dx%d padding %dx%d", (int)g->h, (int)g->w,
             (int)g->c, (int)g->oh, (int)g->ow, (int)g->kh, (int)g->kw, (int)g->sh, (int)g->sw, (int)g->dh, (int)g->dw,
             (int)g->top, (int)g->left);
    return s;
}

struct expected {
    float *max, *max_dx;
    int32_t *tap, *position;
    double *average[2], *average_dx[2];
};

static void reference(const struct window *g, int64_t n, int64_t bottom, int64_t right, const float *x, const float *dy,
                      struct expected *e) {
    for (int64_t at = 0; at < n * g->oh * g->ow * g->c; at++) {
        int64_t c = at % g->c, ow = at / g->c % g->ow, oh = at / g->c / g->ow % g->oh, image = at / g->c / g->ow / g->oh;
        int64_t inside = 0, places = 0, best = -1;
        double sum = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t t = 0; t < g->kh * g->kw; t++) {
                int64_t h = oh * g->sh - g->top + t / g->kw * g->dh, w = ow * g->sw - g->left + t % g->kw * g->dw;
                int64_t from = ((image * g->h + h) * g->w + w) * g->c + c;
                int in = h >= 0 && h < g->h && w >= 0 && w < g->w;
                if (pass == 0) places += h < g->h + bottom && w < g->w + right;
                if (!in) continue;
                if (pass == 1) {
                    e->average_dx[0][from] += dy[at] / (double)inside;
                    e->average_dx[1][from] += dy[at] / (double)places;
                    continue;
                }
                inside++;
                sum += x[from];
                if (best < 0 || x[from] > x[best] || (isnan(x[from]) && !isnan(x[best]))) {
                    best = from;
                    e->tap[at] = (int32_t)t;
                    e->position[at] = (int32_t)(h * g->w + w);
                }
            }
        e->max[at] = x[best];
        e->max_dx[best] += dy[at];
        e->average[0][at] = sum / (double)inside;
        e->average[1][at] = sum / (double)places;
    }
}

static void check(const struct window *g, int64_t n, int64_t bottom, int64_t right, int special) {
    int64_t nx = n * g->h * g->w * g->c, ny = n * g->oh * g->ow * g->c, wide = g->kh * g->kw > 256;
    float *x = guarded_random(nx, 4, -1, 1), *dy = guarded_random(ny, 8, -1, 1);
    if (special)
        for (int64_t i = 0; i < nx; i++)
            x[i] = random_below(9) == 0 ? NAN : random_below(3) == 0 ? -INFINITY : (float)random_below(3); /* many equals */
    struct expected e = {calloc(ny, 4), calloc(nx, 4), calloc(ny, 4), calloc(ny, 4), {calloc(ny, 8), calloc(ny, 8)},
                         {calloc(nx, 8), calloc(nx, 8)}};
    reference(g, n, bottom, right, x, dy, &e);
    for (int add = 0; add < 2; add++) {
        float *y = guarded_floats(ny, 12), *dx = guarded_floats(nx, 4), *was = guarded_random(nx, 0, -1, 1);
        uint8_t *taps = guarded((size_t)ny * (wide ? 4 : 1), wide ? 4 : 3);
        int32_t *position = guarded((size_t)ny * 4, 4);
        RUN(max_pool, .x = x, .y = y, .taps = add ? taps : 0, .n = n, .g = *g);
        CHECK_BITS(y, e.max, ny, "max %s", text(g));
        if (add == 0) RUN(max_pool, .x = x, .y = y, .taps = taps, .n = n, .g = *g);
        int64_t wrong = 0, far = 0;
        for (int64_t i = 0; i < ny; i++) wrong += (wide ? ((int32_t *)taps)[i] : taps[i]) != e.tap[i];
        CHECK(wrong == 0, "%lld taps of %s", (long long)wrong, text(g));
        RUN(pool_positions, .taps = taps, .y = position, .n = n, .g = *g);
        for (int64_t i = 0; i < ny; i++) wrong += position[i] != e.position[i];
        CHECK(wrong == 0, "%lld positions of %s", (long long)wrong, text(g));
        if (add) memcpy(dx, was, (size_t)nx * 4);
        RUN(max_pool_grad, .dy = dy, .taps = taps, .dx = dx, .n = n, .g = *g, .add = add);
        for (int64_t i = 0; i < nx; i++) far += !near(dx[i], e.max_dx[i] + (add ? was[i] : 0), 2e-6);
        CHECK(far == 0, "%lld of the gradient of max %s, add %d", (long long)far, text(g), add);
        for (int padded = 0; padded < 2; padded++) {
            RUN(avg_pool, .x = x, .y = y, .n = n, .g = *g, .padded = padded, .bottom = bottom, .right = right);
            for (int64_t i = 0; i < ny; i++) far += !near(y[i], e.average[padded][i], 2e-6);
            CHECK(far == 0, "%lld of average %s, padded %d", (long long)far, text(g), padded);
            if (add) memcpy(dx, was, (size_t)nx * 4);
            RUN(avg_pool_grad, .dy = dy, .dx = dx, .n = n, .g = *g, .padded = padded, .bottom = bottom, .right = right,
                .add = add);
            for (int64_t i = 0; i < nx; i++) far += !near(dx[i], e.average_dx[padded][i] + (add ? was[i] : 0), 4e-6);
            CHECK(far == 0, "%lld of the gradient of average %s, padded %d, add %d", (long long)far, text(g), padded, add);
        }
    }
    void *all[] = {e.max, e.max_dx, e.tap, e.position, e.average[0], e.average[1], e.average_dx[0], e.average_dx[1]};
    for (int i = 0; i < 8; i++) free(all[i]);
    release_guarded();
}

static void pools(void) {
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts)
            for (int i = 0; i < 300; i++) {
                int64_t bottom, right;
                struct window g = draw(&bottom, &right);
                check(&g, between(1, 3), bottom, right, i % 4 == 0);
            }
    /* above the threading threshold */
    FOR_EACH_PARTS(parts) {
        struct window g = {64, 63, 33, 32, 32, 33, 3, 3, 2, 2, 1, 1, 1, 1, 33};
        check(&g, 4, 1, 1, 0);
        g = (struct window){60, 60, 6, 30, 30, 6, 2, 2, 2, 2, 1, 1, 0, 0, 6};
        check(&g, 20, 0, 0, 0);
    }
}

/* ---- padding ---- */

static int64_t source(int mode, int64_t p, int64_t n) {
    int64_t turn = n == 1 ? 0 : (p % (2 * n - 2) + 2 * n - 2) % (2 * n - 2);
    if (p >= 0 && p < n) return p;
    return mode == PAD_CONSTANT    ? -1
           : mode == PAD_REPLICATE ? (p < 0 ? 0 : n - 1)
           : mode == PAD_REFLECT   ? (turn < n ? turn : 2 * n - 2 - turn)
                                   : (p % n + n) % n;
}

static void pads(void) {
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts)
            for (int k = 0; k < 200; k++) {
                int mode = k % 4;
                int64_t n = between(1, 3), c = between(1, 35), size[3] = {between(1, 3), between(1, 6), between(1, 9)}, all[3];
                struct pad_args a = {.mode = mode, .n = n, .d = size[0], .h = size[1], .w = size[2], .c = c, .width = 4,
                                     .value = 0x3f000000};
                for (int i = 0; i < 6; i++) {
                    int64_t most = mode == PAD_REFLECT ? size[i / 2] - 1 : mode == PAD_CIRCULAR ? size[i / 2] : 4;
                    a.pads[i] = between(0, most);
                }
                for (int i = 0; i < 3; i++) all[i] = size[i] + a.pads[2 * i] + a.pads[2 * i + 1];
                int64_t nx = n * size[0] * size[1] * size[2] * c, ny = n * all[0] * all[1] * all[2] * c, far = 0;
                float *x = guarded_random(nx, 4, -1, 1), *y = guarded_floats(ny, 8), *want = guarded_floats(ny, 0);
                float *dy = guarded_random(ny, 12, -1, 1), *dx = guarded_random(nx, 4, -1, 1);
                double *sum = guarded((size_t)nx * sizeof *sum, 0), *size_of_sum = guarded((size_t)nx * sizeof *sum, 0);
                for (int64_t i = 0; i < nx; i++) sum[i] = dx[i], size_of_sum[i] = fabs(dx[i]);
                for (int64_t i = 0; i < ny; i++) {
                    int64_t w = source(mode, i / c % all[2] - a.pads[4], size[2]);
                    int64_t h = source(mode, i / c / all[2] % all[1] - a.pads[2], size[1]);
                    int64_t d = source(mode, i / c / all[2] / all[1] % all[0] - a.pads[0], size[0]);
                    int64_t image = i / c / all[2] / all[1] / all[0];
                    int64_t from = (((image * size[0] + d) * size[1] + h) * size[2] + w) * c + i % c;
                    int outside = w < 0 || h < 0 || d < 0;
                    want[i] = outside ? 0.5f : x[from];
                    if (!outside) sum[from] += dy[i], size_of_sum[from] += fabs(dy[i]);
                }
                a.x = (uint8_t *)x, a.y = (uint8_t *)y;
                run_command(K_pad, &a, sizeof a);
                CHECK_BITS(y, want, ny, "isa %d mode %d", isa, mode);
                if (c % 3 == 0) { /* the same numbers as elements of one byte and of two */
                    int64_t wrong = 0;
                    uint8_t *bytes = guarded((size_t)nx, 1), *padded = guarded((size_t)ny, 3);
                    uint16_t *shorts = guarded((size_t)nx * 2, 2), *wide = guarded((size_t)ny * 2, 6);
                    for (int64_t i = 0; i < nx; i++) bytes[i] = (uint8_t)((int)(x[i] * 64) + 128), shorts[i] = (uint16_t)(bytes[i] * 257);
                    struct pad_args b = a;
                    b.x = bytes, b.y = padded, b.width = 1, b.value = 200;
                    run_command(K_pad, &b, sizeof b);
                    b.x = (uint8_t *)shorts, b.y = (uint8_t *)wide, b.width = 2, b.value = 200 * 257;
                    run_command(K_pad, &b, sizeof b);
                    for (int64_t i = 0; i < ny; i++) {
                        const int byte = want[i] == 0.5f ? 200 : (int)(want[i] * 64) + 128;
                        wrong += padded[i] != byte || wide[i] != byte * 257;
                    }
                    CHECK(wrong == 0, "isa %d mode %d: %lld elements", isa, mode, (long long)wrong);
                }
                struct pad_grad_args g = {.mode = mode, .dy = dy, .dx = dx, .n = n, .d = size[0], .h = size[1], .w = size[2],
                                          .c = c, .add = 1};
                memcpy(g.pads, a.pads, sizeof g.pads);
                run_command(K_pad_grad, &g, sizeof g);
                for (int64_t i = 0; i < nx; i++) far += !near(dx[i], sum[i], 8e-6 * size_of_sum[i]); /* 5^3 terms */
                CHECK(far == 0, "isa %d mode %d: %lld of the gradient", isa, mode, (long long)far);
                release_guarded();
            }
}

/* ---- resizing ---- */

static void resizes(void) {
    FOR_EACH_ISA(isa)
        FOR_EACH_PARTS(parts)
            for (int k = 0; k < 300; k++) {
                int kind = k % 4;
                int64_t outer = between(1, 4), inner = between(1, 40), n = between(1, 12), m = between(1, 12), far = 0;
                float *x = guarded_random(outer * n * inner, 4, -1, 1), *y = guarded_floats(outer * m * inner, 8);
                float *dy = guarded_random(outer * m * inner, 12, -1, 1), *dx = guarded_floats(outer * n * inner, 4);
                double *weights = calloc((size_t)(n * m), 8); /* [m][n] */
                for (int64_t o = 0; o < m; o++) {
                    double at = kind == RESIZE_CORNERS ? (m == 1 ? 0 : (double)(o * (n - 1)) / (double)(m - 1))
                                                       : ((double)o + 0.5) * (double)n / (double)m - 0.5;
                    at = fmin(fmax(at, 0), (double)(n - 1));
                    int64_t count = 0;
                    for (int64_t i = 0; i < n; i++) count += weights[o * n + i] = i * m < (o + 1) * n && o * n < (i + 1) * m;
                    for (int64_t i = 0; i < n; i++) {
                        double *w = weights + o * n + i;
                        if (kind == RESIZE_NEAREST) *w = i * m <= o * n && o * n < (i + 1) * m;
                        else if (kind == RESIZE_AREA) *w /= (double)count;
                        else *w = fmax(0, 1 - fabs(at - (double)i));
                    }
                }
                RUN(resize, .kind = kind, .x = x, .y = y, .outer = outer, .from = n, .to = m, .inner = inner);
                RUN(resize_grad, .kind = kind, .dy = dy, .dx = dx, .outer = outer, .from = n, .to = m, .inner = inner);
                for (int64_t i = 0; i < outer * m * inner; i++) {
                    double sum = 0;
                    for (int64_t j = 0; j < n; j++)
                        sum += weights[i / inner % m * n + j] * x[(i / inner / m * n + j) * inner + i % inner];
                    far += !near(y[i], sum, 1e-6);
                }
                for (int64_t i = 0; i < outer * n * inner; i++) {
                    double sum = 0;
                    for (int64_t o = 0; o < m; o++)
                        sum += weights[o * n + i / inner % n] * dy[(i / inner / n * m + o) * inner + i % inner];
                    far += !near(dx[i], sum, 4e-6);
                }
                CHECK(far == 0, "isa %d kind %d, %d to %d: %d wrong", isa, kind, (int)n, (int)m, (int)far);
                free(weights);
                release_guarded();
            }
}

int main(void) {
    pools();
    pads();
    resizes();
    return DONE();
}
