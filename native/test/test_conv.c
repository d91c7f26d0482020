/*
 * conv, conv_data and conv_weights against sums in double, over windows that pad, stride, dilate and group, on images of awkward
 * sizes. The bits do not depend on the parts, on the FMA instruction set (v3, v4) or on the other images of a batch.
 */
#include "check.h"

struct shape {
    int64_t n;
    struct window g;
};

/* n images [h, w, c] -> k channels; kernel, stride, dilation; padding top, bottom, left, right; groups */
static struct shape window_of(int64_t n, int64_t h, int64_t w, int64_t c, int64_t k, int64_t kh, int64_t kw, int64_t sh,
                              int64_t sw, int64_t dh, int64_t dw, int64_t top, int64_t bottom, int64_t left, int64_t right,
                              int64_t groups) {
    int64_t oh = (h + top + bottom - (kh - 1) * dh - 1) / sh + 1, ow = (w + left + right - (kw - 1) * dw - 1) / sw + 1;
    return (struct shape){n, {.h = h, .w = w, .c = c, .oh = oh, .ow = ow, .k = k, .kh = kh, .kw = kw, .sh = sh, .sw = sw,
                              .dh = dh, .dw = dw, .top = top, .left = left, .groups = groups}};
}
/* the same kernel, stride and padding both ways */
static struct shape square(int64_t n, int64_t h, int64_t w, int64_t c, int64_t k, int64_t kernel, int64_t stride, int64_t pad,
                           int64_t groups) {
    return window_of(n, h, w, c, k, kernel, kernel, stride, stride, 1, 1, pad, pad, pad, pad, groups);
}

static float *some(int64_t n) { return guarded_random(n, anywhere(), -1, 1); }

static int64_t x_count(const struct shape *s) { return s->n * s->g.h * s->g.w * s->g.c; }
static int64_t y_count(const struct shape *s) { return s->n * s->g.oh * s->g.ow * s->g.k; }
static int64_t w_count(const struct shape *s) { return s->g.k * s->g.kh * s->g.kw * (s->g.c / s->g.groups); }

/* body with the places ix, iw, iy of every multiply-add */
#define EACH_TERM(s, ...)                                                                                                 \
    do {                                                                                                                  \
        const struct window g_ = (s)->g;                                                                                  \
        int64_t depth_ = g_.c / g_.groups, width_ = g_.k / g_.groups;                                                     \
        for (int64_t iy = 0; iy < y_count(s); iy++) {                                                                     \
            int64_t k_ = iy % g_.k, q_ = iy / g_.k % g_.ow, row_ = iy / g_.k / g_.ow;                                     \
            for (int64_t tap_ = 0; tap_ < g_.kh * g_.kw; tap_++) {                                                        \
                int64_t i_ = row_ % g_.oh * g_.sh - g_.top + tap_ / g_.kw * g_.dh;                                        \
                int64_t j_ = q_ * g_.sw - g_.left + tap_ % g_.kw * g_.dw;                                                 \
                if (i_ < 0 || i_ >= g_.h || j_ < 0 || j_ >= g_.w) continue;                                               \
                for (int64_t c_ = 0; c_ < depth_; c_++) {                                                                 \
                    int64_t ix = ((row_ / g_.oh * g_.h + i_) * g_.w + j_) * g_.c + k_ / width_ * depth_ + c_;             \
                    int64_t iw = (k_ * g_.kh * g_.kw + tap_) * depth_ + c_;                                               \
                    __VA_ARGS__                                                                                           \
                }                                                                                                         \
            }                                                                                                             \
        }                                                                                                                 \
    } while (0)

struct sums {
    double *sum, *size;
    int64_t *terms;
};
static struct sums sums_of(int64_t n) {
    struct sums s = {calloc((size_t)n + 1, 8), calloc((size_t)n + 1, 8), calloc((size_t)n + 1, 8)};
    return s;
}
static void free_sums(struct sums s) {
    free(s.sum);
    free(s.size);
    free(s.terms);
}
static void term(struct sums *s, int64_t at, double product) {
    s->sum[at] += product;
    s->size[at] += fabs(product);
    s->terms[at]++;
}

static const char *label(const struct shape *s) {
    static char text[200];
    const struct window *g = &s->g;
    const char *form = "n %ld %ldx%ldx%ld -> %ldx%ldx%ld kernel %ldx%ld stride %ld,%ld dilation %ld,%ld pad %ld,%ld groups %ld";
    snprintf(text, sizeof text, form, s->n, g->h, g->w, g->c, g->oh, g->ow, g->k, g->kh, g->kw, g->sh, g->sw, g->dh,
             g->dw, g->top, g->left, g->groups);
    return text;
}

/* got[n] is start + the sums */
static void check_sums(const char *what, const struct shape *s, const float *got, const float *start, struct sums want, int64_t n,
                       int isa) {
    for (int64_t i = 0; i < n; i++) {
        double from = start ? start[i] : 0, size = want.size[i] + fabs(from);
        CHECK_NEAR(got[i], from + want.sum[i], (double)(want.terms[i] + 2) * size * 0x1p-23, "%s[%ld] isa %d %s", what, i, isa,
                   label(s));
    }
}

/* All runs of an instruction set, and those of the two that fuse, agree with the first; that with the sums. */
struct outcome {
    float *first[2];
};
static void check_outcome(struct outcome *o, const char *what, const struct shape *s, const float *got, const float *start,
                          struct sums want, int64_t n, int isa, int parts) {
    float **first = &o->first[is_fused(isa)];
    if (!*first) {
        check_sums(what, s, got, start, want, n, isa);
        *first = copied(got, n, anywhere());
    } else {
        CHECK_BITS(got, *first, n, "%s isa %d parts %d %s", what, isa, parts, label(s));
    }
}

static void test_conv(struct shape s) {
    const struct window g = s.g;
    int64_t nx = x_count(&s), ny = y_count(&s), nw = w_count(&s);
    float *x = some(nx), *w = some(nw), *dy = some(ny), *bias = some(g.k), *residual = some(ny), *dx0 = some(nx), *dw0 = some(nw);
    struct sums forward = sums_of(ny), data = sums_of(nx), weights = sums_of(nw);
    EACH_TERM(&s, {
        term(&forward, iy, (double)x[ix] * w[iw]);
        term(&data, ix, (double)dy[iy] * w[iw]);
        term(&weights, iw, (double)dy[iy] * x[ix]);
    });
    struct outcome plain = {{0}}, in_data = {{0}}, in_data_add = {{0}}, in_weights = {{0}}, in_weights_add = {{0}};
    float *before = guarded_floats(ny, 0), *after = guarded_floats(ny, 0);
    FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
        float *y = guarded_floats(ny, anywhere());
        RUN(conv, .x = x, .w = w, .y = y, .n = s.n, .g = g, .row = -1);
        check_outcome(&plain, "y", &s, y, 0, forward, ny, isa, parts);

        int form = (int)random_below(4);
        int64_t row = random_row();
        for (int64_t i = 0; i < ny; i++) {
            before[i] = form & 1 ? y[i] + bias[i % g.k] : y[i];
            if (form & 2) before[i] += residual[i];
        }
        if (row < 0) memcpy(after, before, (size_t)ny * 4);
        else RUN(unary, .row = row, .x = before, .y = after, .n = ny, .p0 = -0.25f, .p1 = 0.5f);
        float *pre = random_below(2) ? guarded_floats(ny, anywhere()) : 0, *packed = 0;
        if (g.groups > 1 && g.groups == g.c && g.groups == g.k) {
            packed = guarded((size_t)fathom_packed_bytes(g.k, g.kh * g.kw), anywhere());
            RUN(depthwise_pack, .w = w, .packed = packed, .n = g.k, .k = g.kh * g.kw);
        }
        if (g.groups == 1) {
            int64_t winograd = g.kh == 3 && g.kw == 3 && g.sh == 1 && g.sw == 1 && g.dh == 1 && g.dw == 1
                               && fathom_conv_winograd(g.c, g.k, g.oh < g.ow ? g.oh : g.ow);
            int64_t k = winograd ? 16 * g.c : g.kh * g.kw * g.c;
            packed = guarded((size_t)fathom_packed_bytes(g.k, k), anywhere());
            if (winograd) RUN(winograd_pack, .w = w, .packed = packed, .n = g.k, .k = k);
            else RUN(linear_pack, .w = w, .packed = packed, .n = g.k, .k = k);
        }
        float *fused = guarded_floats(ny, anywhere());
        RUN(conv, .x = x, .w = packed ? 0 : w, .packed = packed, .bias = form & 1 ? bias : 0,
            .residual = form & 2 ? residual : 0, .pre = pre, .y = fused, .n = s.n, .g = g, .row = row, .p0 = -0.25f, .p1 = 0.5f);
        int64_t pixels = ny / g.k, ld = g.k + 1 + random_below(40);
        float *wide = apart(0, pixels, g.k, ld), *wide_pre = pre ? apart(0, pixels, g.k, ld) : 0;
        RUN(conv, .x = x, .w = packed ? 0 : w, .packed = packed, .bias = form & 1 ? bias : 0,
            .residual = form & 2 ? apart(residual, pixels, g.k, ld) : 0, .pre = wide_pre, .y = wide, .n = s.n, .g = g, .ld = ld,
            .row = row, .p0 = -0.25f, .p1 = 0.5f);
        CHECK_BITS(wide, apart(fused, pixels, g.k, ld), (pixels - 1) * ld + g.k, "ld %ld isa %d %s", ld, isa, label(&s));
        if (pre) CHECK_BITS(wide_pre, apart(pre, pixels, g.k, ld), (pixels - 1) * ld + g.k, "pre, ld %ld isa %d %s", ld, isa, label(&s));
        CHECK_BITS(fused, after, ny, "fused form %d row %ld isa %d parts %d %s", form, row, isa, parts, label(&s));
        if (pre) CHECK_BITS(pre, before, ny, "pre form %d isa %d parts %d %s", form, isa, parts, label(&s));

        float *dx = guarded_floats(nx, anywhere()), *dw = guarded_floats(nw, anywhere());
        RUN(conv_data, .dy = dy, .w = w, .dx = dx, .n = s.n, .g = g);
        check_outcome(&in_data, "dx", &s, dx, 0, data, nx, isa, parts);
        RUN(conv_weights, .x = x, .dy = dy, .dw = dw, .n = s.n, .g = g);
        check_outcome(&in_weights, "dw", &s, dw, 0, weights, nw, isa, parts);
        memcpy(dx, dx0, (size_t)nx * 4);
        memcpy(dw, dw0, (size_t)nw * 4);
        RUN(conv_data, .dy = dy, .w = w, .dx = dx, .n = s.n, .g = g, .add = 1);
        check_outcome(&in_data_add, "dx +=", &s, dx, dx0, data, nx, isa, parts);
        RUN(conv_weights, .x = x, .dy = dy, .dw = dw, .n = s.n, .g = g, .add = 1);
        check_outcome(&in_weights_add, "dw +=", &s, dw, dw0, weights, nw, isa, parts);
    }
    /* an image alone */
    if (s.n > 1) {
        int64_t each = ny / s.n, image = random_below(s.n);
        float *y = guarded_floats(each, anywhere());
        RUN(conv, .x = x + image * (nx / s.n), .w = w, .y = y, .n = 1, .g = g, .row = -1);
        CHECK_BITS(y, plain.first[fathom_best_isa() > 0] + image * each, each, "image %ld alone: %s", image, label(&s));
    }
    free_sums(forward);
    free_sums(data);
    free_sums(weights);
    release_guarded();
}

/* a NaN of the image reaches the outputs that read it, and no other */
static void test_nan(struct shape s) {
    const struct window g = s.g;
    int64_t ny = y_count(&s), bad = random_below(x_count(&s));
    float *x = some(x_count(&s)), *w = some(w_count(&s)), *y = guarded_floats(ny, 0);
    char *reads = calloc((size_t)ny, 1);
    x[bad] = NAN;
    EACH_TERM(&s, {
        (void)iw;
        reads[iy] |= ix == bad;
    });
    FOR_EACH_ISA(isa) {
        RUN(conv, .x = x, .w = w, .y = y, .n = s.n, .g = g, .row = -1);
        for (int64_t i = 0; i < ny; i++) CHECK(isnan(y[i]) == reads[i], "y[%ld] is %g, isa %d %s", i, y[i], isa, label(&s));
    }
    free(reads);
    release_guarded();
}

/* ---- the other backend ---- */

static int sgemm_calls;

static void plain_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                        int ldb, float beta, float *c, int ldc) {
    CHECK(order == 101 && alpha == 1, "order %d alpha %g", order, alpha);
    sgemm_calls++;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float sum = beta == 0 ? 0 : c[i * ldc + j];
            for (int64_t p = 0; p < k; p++)
                sum += (ta == 112 ? a[p * lda + i] : a[i * lda + p]) * (tb == 112 ? b[j * ldb + p] : b[p * ldb + j]);
            c[i * ldc + j] = sum;
        }
}

static void test_blas(struct shape s) {
    const struct window g = s.g;
    int64_t nx = x_count(&s), ny = y_count(&s), nw = w_count(&s);
    float *x = some(nx), *w = some(nw), *dy = some(ny), *bias = some(g.k), *dx = some(nx), *dw = some(nw);
    float *y = guarded_floats(ny, 0), *dx0 = copied(dx, nx, anywhere()), *dw0 = copied(dw, nw, anywhere());
    struct sums forward = sums_of(ny), data = sums_of(nx), weights = sums_of(nw);
    EACH_TERM(&s, {
        term(&forward, iy, (double)x[ix] * w[iw]);
        term(&data, ix, (double)dy[iy] * w[iw]);
        term(&weights, iw, (double)dy[iy] * x[ix]);
    });
    fathom_set_blas((int64_t)(intptr_t)plain_sgemm);
    sgemm_calls = 0;
    FOR_EACH_PARTS(parts) for (int add = 1; add >= 0; add--) {
        memcpy(dx, dx0, (size_t)nx * 4);
        memcpy(dw, dw0, (size_t)nw * 4);
        RUN(conv, .x = x, .w = w, .bias = bias, .y = y, .n = s.n, .g = g, .row = UNARY_relu);
        RUN(conv_data, .dy = dy, .w = w, .dx = dx, .n = s.n, .g = g, .add = add);
        RUN(conv_weights, .x = x, .dy = dy, .dw = dw, .n = s.n, .g = g, .add = add);
        check_sums("blas dx", &s, dx, add ? dx0 : 0, data, nx, parts);
        check_sums("blas dw", &s, dw, add ? dw0 : 0, weights, nw, parts);
        for (int64_t i = 0; i < ny; i++)
            CHECK_NEAR(y[i], fmax(0, forward.sum[i] + bias[i % g.k]),
                       (double)(forward.terms[i] + 2) * (forward.size[i] + 1) * 0x1p-23,
                       "blas y[%ld] parts %d %s", i, parts, label(&s));
    }
    CHECK(sgemm_calls > 0, "no calls");
    fathom_set_blas(0);
    free_sums(forward);
    free_sums(data);
    free_sums(weights);
    release_guarded();
}

static int64_t odd(void) {
    static const int64_t sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 12, 15, 16, 17, 24, 31, 33, 40, 64, 65, 70};
    return sizes[random_below(19)];
}

/* any window of at most 4M multiply-adds that has an output */
static struct shape random_window(void) {
    for (;;) {
        int64_t kh = 1 + random_below(5), kw = 1 + random_below(5), sh = 1 + random_below(3), sw = 1 + random_below(3);
        int64_t dh = 1 + random_below(4) / 2, dw = 1 + random_below(4) / 2, h = 1 + random_below(14), w = 1 + random_below(20);
        int64_t groups = random_below(3) ? 1 : 1 + random_below(5), c = odd(), k = odd();
        if (random_below(3) == 0) c = 1 + random_below(6);
        if (random_below(4) == 0) kh = 1, h = 1;
        if (random_below(6) == 0) kh = kw = 1;
        if (random_below(8) == 0) groups = k = c; /* depthwise */
        c = ceil(c / (double)groups) * groups, k = ceil(k / (double)groups) * groups;
        struct shape s = window_of(1 + random_below(4), h, w, c, k, kh, kw, sh, sw, dh, dw, random_below(3), random_below(3),
                                   random_below(4), random_below(4), groups);
        if (h + s.g.top + 2 < (kh - 1) * dh + 1 || s.g.oh < 1 || s.g.ow < 1 || s.g.top >= 3) continue;
        if ((double)y_count(&s) * (double)(kh * kw * c / groups) < 1e6) return s;
    }
}

int main(void) {
    static const int64_t shapes[][9] = {
        /* n, h, w, c, k, kernel, stride, pad, groups */
        {1, 1, 1, 1, 1, 1, 1, 0, 1}, {1, 1, 1, 3, 5, 3, 1, 1, 1}, {2, 2, 2, 5, 3, 5, 1, 2, 1}, {3, 5, 5, 17, 33, 3, 1, 1, 1},
        {2, 28, 28, 1, 6, 5, 1, 2, 1}, {6, 28, 28, 1, 6, 5, 1, 0, 1}, {2, 14, 14, 6, 16, 5, 1, 0, 1},
        {2, 32, 32, 3, 32, 3, 1, 1, 1}, {2, 16, 16, 32, 64, 3, 1, 1, 1}, {2, 8, 8, 64, 128, 3, 1, 1, 1},
        {1, 7, 7, 128, 70, 3, 1, 1, 1}, {1, 4, 4, 700, 33, 3, 1, 1, 1}, {1, 30, 30, 3, 64, 7, 2, 3, 1},
        {2, 9, 9, 64, 48, 1, 1, 0, 1}, {2, 9, 9, 64, 48, 1, 2, 0, 1}, {3, 7, 7, 32, 40, 3, 2, 1, 1},
        {4, 5, 5, 16, 120, 5, 1, 0, 1}, {2, 8, 8, 3, 24, 4, 4, 0, 1}, {2, 9, 9, 5, 7, 2, 5, 0, 1},
        {2, 9, 9, 20, 7, 2, 5, 1, 1}, {2, 6, 6, 12, 8, 3, 1, 1, 4}, {2, 6, 6, 40, 80, 3, 2, 1, 2},
        {2, 12, 12, 20, 20, 3, 1, 1, 20}, {1, 12, 12, 70, 70, 3, 2, 1, 70}, {2, 7, 7, 6, 18, 5, 1, 2, 6},
        {1, 1, 1, 17, 5, 1, 1, 0, 1}, {9, 24, 24, 3, 6, 5, 1, 0, 1}, {6, 32, 32, 2, 9, 3, 1, 1, 1},
        {2, 9, 9, 33, 70, 3, 1, 1, 1}, {3, 8, 8, 40, 32, 3, 1, 0, 1}, {1, 12, 12, 130, 65, 3, 1, 2, 1},
        {1, 8, 8, 32, 32, 3, 1, 4, 1}, {24, 14, 14, 16, 10, 1, 1, 0, 1}, {5000, 1, 1, 20, 7, 1, 1, 0, 1},
    };
    for (int i = 0; i < COUNT(shapes); i++) {
        const int64_t *s = shapes[i];
        test_conv(square(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]));
        test_nan(square(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]));
        if (s[0] < 10 && (fathom_best_isa() > 0)) test_blas(square(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]));
    }
    test_conv(window_of(2, 1, 700, 1, 8, 1, 9, 1, 1, 1, 1, 0, 0, 4, 4, 1));   /* one dimension */
    test_conv(window_of(1, 1, 9000, 2, 5, 1, 5, 1, 2, 1, 1, 0, 0, 2, 2, 1));
    test_conv(window_of(3, 1, 50, 33, 20, 1, 3, 1, 1, 1, 8, 0, 0, 16, 0, 1)); /* causal, dilated */
    test_conv(window_of(2, 9, 15, 40, 48, 3, 3, 1, 1, 1, 1, 0, 1, 2, 3, 1));  /* Winograd, sides unlike */
    test_nan(window_of(2, 15, 9, 40, 48, 3, 3, 1, 1, 1, 1, 0, 1, 2, 3, 1));
    test_conv(window_of(1, 40, 1, 20, 16, 3, 1, 1, 1, 2, 1, 2, 2, 0, 0, 1));
    test_conv(window_of(2, 6, 7, 24, 18, 3, 2, 3, 2, 2, 3, 4, 1, 3, 5, 1));   /* stride and dilation share no factor, or do */
    test_conv(window_of(3, 5, 8, 2, 17, 1, 1, 1, 3, 1, 2, 0, 2, 0, 2, 1));    /* products that read beyond the right border */
    test_conv(window_of(2, 3, 5, 24, 64, 1, 1, 1, 1, 1, 1, 0, 0, 0, 2, 1));
    test_conv(window_of(2, 9, 8, 24, 18, 3, 3, 2, 4, 2, 6, 4, 4, 12, 3, 1));
    for (int64_t i = 0; i < 12; i++) { /* blocks of depthwise, and all ends */
        test_conv(square(1, 7 + i, 18 - i, 36, 36, 3, 1, 1, 36));
        test_conv(square(2, 6, 3 + i, 31, 31, 3, 1, i % 3, 31));
        test_conv(square(1, 5 + i, 18 - i, 20, 20, 5, 1, 2, 20));
        test_conv(square(2, 5 + i, 20 - i, 20, 20, 3, 2, i % 4, 20));
        test_conv(square(2, 20 - i, 5 + i, 20, 20, 5, 2, i % 4, 20));
    }
    for (int64_t pad = 0; pad < 4; pad++) { /* gradients of its taps over wide images, in tiles and by whole rows */
        test_conv(square(1, 4, 27 + pad, 128, 128, 3, 1, pad, 128));
        test_conv(square(2, 5, 30 - pad, 52, 52, 3, 1, pad, 52));
    }
    for (int64_t n = 6; n < 15; n += 4) { /* tiles of an output of several images */
        test_conv(square(n, 5, 7, 20, 33, 5, 1, 2, 1));
        test_conv(square(n, 7, 4, 34, 18, 3, 2, 1, 2));
        test_conv(window_of(n, 6, 3, 17, 40, 3, 2, 2, 1, 3, 4, 7, 0, 5, 1, 1)); /* some read nothing */
    }
    test_conv(square(7, 3, 3, 700, 70, 3, 2, 1, 1)); /* in several blocks of taps */
    test_nan(square(9, 5, 6, 20, 20, 5, 1, 2, 1));
    test_conv(square(2, 5, 3, 3, 40, 4, 3, 1, 1)); /* columns.h: strides that leave out taps, outputs in several blocks */
    test_conv(window_of(1, 3, 1500, 8, 20, 3, 7, 1, 2, 2, 1, 2, 0, 3, 3, 1));
    test_conv(square(1, 3, 2, 17, 17, 5, 2, 40, 17)); /* most blocks read nothing */
    test_conv(square(1, 3, 2, 17, 17, 3, 1, 70, 17));
    test_nan(square(1, 11, 9, 20, 20, 5, 2, 2, 20));
    test_conv(square(3, 3, 2, 256, 512, 1, 1, 0, 1)); /* pixels 2 KiB apart */
    test_conv(square(1, 5, 1, 512, 260, 1, 1, 0, 1));
    test_nan(square(1, 3, 2, 512, 256, 1, 1, 0, 1));
    test_conv(square(1, 2, 3, 40, 400, 1, 1, 0, 1)); /* wide pixels, of which vectors of x would be emptier */
    test_conv(square(1, 2, 3, 70, 390, 1, 1, 0, 1));
    test_conv(window_of(1, 1, 3, 256, 512, 1, 1, 1, 2, 1, 1, 0, 0, 1, 1, 1)); /* as many outputs as inputs, but no product */
    test_conv(window_of(1, 1, 2, 64, 400, 1, 1, 1, 2, 1, 1, 0, 0, 0, 1, 1));
    test_conv(square(2, 3, 4, 0, 20, 1, 1, 0, 1)); /* of no channels */
    test_conv(window_of(1, 1, 4, 64, 400, 1, 1, 2, 1, 1, 1, 1, 0, 0, 0, 1));
    test_conv(window_of(1, 1, 700, 20, 130, 1, 3, 1, 2, 1, 1, 0, 0, 1, 0, 1));
    test_conv(square(2, 97, 101, 48, 64, 1, 2, 0, 1)); /* in parts that are joined */
    test_conv(square(3, 9, 7, 40, 125, 3, 2, 1, 1)); /* pixels that are copied for the gradient of w */
    test_conv(window_of(2, 6, 300, 18, 118, 2, 3, 1, 2, 1, 2, 1, 0, 3, 2, 1));
    test_conv(square(1, 7, 7, 640, 440, 1, 1, 0, 1)); /* panels that few tiles ask for */
    test_conv(square(1, 6, 5, 100, 330, 3, 2, 1, 1));
    test_conv(square(1, 8, 8, 130, 140, 3, 1, 1, 1));
#if defined(RUNS_SLOWLY)
    enum { RANDOM = 40 };
#else
    enum { RANDOM = 150 };
#endif
    for (int i = 0; i < RANDOM; i++) {
        struct shape s = random_window();
        test_conv(s);
        if (i % 5 == 0) test_nan(s);
        if (i % 5 == 1 && fathom_best_isa() > 0) test_blas(s);
    }
    return DONE();
}
