/*
 * Sizes at the edges of what an int holds: windows, pools, paddings, resizes and gathers whose strides, dilations and sides are huge and
 * whose tensors are small, or empty. Every one is refused or computed: nothing crashes, hangs, or leaves a result unwritten.
 */
#include "check.h"
#include "sizes.h"

enum { SMALL = 1 << 12, SCRATCH = 1 << 24 }; /* floats of a tensor, bytes of scratch, with which a command is run */

static int64_t ran, refused;

/* mostly small; else at a power of two below 2^31 */
static int64_t extreme(int64_t lowest) {
    int64_t choice = random_below(8), power = (int64_t)1 << random_below(32);
    int64_t value = choice < 5 ? random_below(6) : power + random_below(3) - 1;
    return clamp(value, lowest, INT32_MAX);
}

static int64_t small(int64_t lowest) { return lowest + random_below(7); }

/* outputs along a dimension, -1 where the window does not fit or an int does not count them */
static int64_t outputs(int64_t size, int64_t taps, int64_t stride, int64_t dilation, int64_t before, int64_t after) {
    int64_t room = size + before + after - (taps - 1) * dilation - 1;
    return room < 0 || room / stride + 1 > INT32_MAX ? -1 : room / stride + 1;
}

/* of a window and what lies behind it, where it has outputs; sides are extreme where there are no channels */
static int window_at_the_edge(struct window *g, int64_t *n, int pool) {
    int empty = random_below(4) == 0;
    *n = empty ? extreme(0) : small(0);
    g->c = empty ? 0 : random_below(3) ? small(1) : 30 + random_below(10);
    g->k = pool ? g->c : random_below(8) ? small(0) : 33;
    g->groups = pool ? g->c : 1;
    if (!pool && !empty && random_below(6) == 0) g->groups = g->k = g->c;
    g->h = empty ? extreme(1) : 1 + random_below(12), g->w = empty ? extreme(1) : 1 + random_below(12);
    g->kh = random_below(8) ? small(1) : extreme(1), g->kw = random_below(8) ? small(1) : extreme(1);
    g->sh = extreme(1), g->sw = extreme(1), g->dh = extreme(1), g->dw = extreme(1);
    g->top = random_below(3) ? small(0) : extreme(0), g->left = random_below(3) ? small(0) : extreme(0);
    if (g->kh * g->kw > INT32_MAX || (g->kh - 1) * g->dh >= INT32_MAX || (g->kw - 1) * g->dw >= INT32_MAX) return 0;
    if (random_below(3) == 0) g->top = (g->kh - 1) * g->dh / 2, g->left = (g->kw - 1) * g->dw / 2;
    int64_t bottom = random_below(2) ? g->top : (g->kh - 1) * g->dh, right = random_below(2) ? g->left : (g->kw - 1) * g->dw;
    g->oh = outputs(g->h, g->kh, g->sh, g->dh, g->top, bottom);
    g->ow = outputs(g->w, g->kw, g->sw, g->dw, g->left, right);
    return g->oh > 0 && g->ow > 0;
}

/* whether tensors of so many values are few enough to be made */
static int few(int64_t a, int64_t b, int64_t c) { return a <= SMALL && b <= SMALL && c <= SMALL; }

/* runs what is not refused; 1 if it ran */
static int run_at_the_edge(int64_t kernel, const void *arguments, size_t bytes) {
    int64_t words[1 + RUN_MOST] = {kernel | (int64_t)(bytes / 8) << 32};
    memcpy(words + 1, arguments, bytes);
    int64_t scratch = fathom_scratch_bytes((int64_t)(intptr_t)words, 1 + (int64_t)(bytes / 8));
    CHECK(scratch >= -1 && scratch <= (int64_t)1 << 40, "kernel %lld asks for %lld bytes", (long long)kernel, (long long)scratch);
    if (scratch < 0 || scratch > SCRATCH) {
        refused++;
        return 0;
    }
    CHECK(run_command(kernel, arguments, bytes) == FATHOM_OK, "kernel %lld", (long long)kernel);
    ran++;
    return 1;
}
#define RUN_AT_THE_EDGE(name, ...) run_at_the_edge(K_##name, &(struct name##_args){__VA_ARGS__}, sizeof(struct name##_args))

/* buffers begin as NaN */
static void check_written(const char *what, const float *y, int64_t n, const struct window *g) {
    for (int64_t i = 0; i < n; i++)
        if (isnan(y[i])) {
            CHECK(0, "%s[%lld] is not written: x %ld %ld %ld y %ld %ld %ld taps %ld %ld "
                  "stride %ld %ld dilation %ld %ld pad %ld %ld groups %ld",
                  what, (long long)i, g->h, g->w, g->c, g->oh, g->ow, g->k, g->kh, g->kw, g->sh, g->sw, g->dh, g->dw, g->top, g->left,
                  g->groups);
            return;
        }
}

static float *some(int64_t n) { return guarded_random(n, anywhere(), -1, 1); }

static void conv(void) {
    struct window g;
    int64_t n;
    if (!window_at_the_edge(&g, &n, 0)) return;
    int64_t xs = PRODUCT(n, g.h, g.w, g.c), ys = PRODUCT(n, g.oh, g.ow, g.k), ws = PRODUCT(g.k, g.kh, g.kw, g.c / g.groups);
    int small_enough = few(xs, ys, ws);
    float *x = small_enough ? some(xs) : 0, *w = small_enough ? some(ws) : 0, *dy = small_enough ? some(ys) : 0;
    float *y = small_enough ? guarded_floats(ys, 4) : 0, *dx = small_enough ? guarded_floats(xs, 8) : 0;
    float *dw = small_enough ? guarded_floats(ws, 12) : 0;
    if (!small_enough) { /* only what they would need */
        struct conv_args a = {.w = (float *)8, .n = n, .g = g, .row = -1};
        int64_t words[1 + sizeof a / 8] = {K_conv | (int64_t)(sizeof a / 8) << 32};
        memcpy(words + 1, &a, sizeof a);
        int64_t bytes = fathom_scratch_bytes((int64_t)(intptr_t)words, 1 + sizeof a / 8);
        CHECK(bytes >= -1 && bytes <= (int64_t)1 << 40, "conv asks for %lld bytes", (long long)bytes);
        refused++;
        return;
    }
    if (RUN_AT_THE_EDGE(conv, .x = x, .w = w, .y = y, .n = n, .g = g, .row = -1)) check_written("y", y, ys, &g);
    if (RUN_AT_THE_EDGE(conv_data, .dy = dy, .w = w, .dx = dx, .n = n, .g = g)) check_written("dx", dx, xs, &g);
    if (RUN_AT_THE_EDGE(conv_weights, .x = x, .dy = dy, .dw = dw, .n = n, .g = g)) check_written("dw", dw, ws, &g);
    int64_t runs = g.dw == 1 ? g.kh : g.kh * g.kw, k = g.kh * g.kw * g.c, bytes = fathom_int8_bytes(g.k, k, runs);
    if (g.groups > 1 || runs > INT8_TERMS || k > INT8_TERMS || bytes > SCRATCH) return;
    uint8_t *packed = guarded((size_t)bytes, 4);
    float *rounded = guarded_floats(ys, 4);
    RUN_AT_THE_EDGE(int8_pack, .w = w, .packed = packed, .n = g.k, .k = k, .runs = runs);
    if (RUN_AT_THE_EDGE(conv_int8, .x = x, .packed = packed, .y = rounded, .n = n, .g = g, .row = -1))
        check_written("int8 y", rounded, ys, &g);
}

/* every window of a pool reaches its image: padding is less than its taps reach */
static void pool(void) {
    struct window g;
    int64_t n;
    if (!window_at_the_edge(&g, &n, 1)) return;
    if (g.top > (g.kh - 1) * g.dh || g.left > (g.kw - 1) * g.dw) return;
    int64_t down = g.dh > g.h ? 1 : 0, along = g.dw > g.w ? 1 : 0; /* taps may step over the image */
    int64_t bottom = (g.oh - 1) * g.sh + (g.kh - 1) * g.dh + 1 - g.h - g.top,
        right = (g.ow - 1) * g.sw + (g.kw - 1) * g.dw + 1 - g.w - g.left;
    bottom = most(bottom, 0), right = most(right, 0);
    int64_t xs = PRODUCT(n, g.h, g.w, g.c), ys = PRODUCT(n, g.oh, g.ow, g.c), wide = g.kh * g.kw > 256 ? 4 : 1;
    if (!few(xs, ys, 0)) return;
    float *x = some(xs), *y = guarded_floats(ys, 4), *dy = some(ys), *dx = guarded_floats(xs, 8);
    uint8_t *taps = guarded((size_t)(ys * wide), 0);
    RUN_AT_THE_EDGE(avg_pool, .x = x, .y = y, .n = n, .g = g, .padded = 1, .bottom = bottom, .right = right);
    RUN_AT_THE_EDGE(avg_pool_grad, .dy = dy, .dx = dx, .n = n, .g = g, .padded = 1, .bottom = bottom, .right = right);
    check_written("avg_pool dx", dx, xs, &g);
    RUN_AT_THE_EDGE(max_pool, .x = x, .y = y, .taps = taps, .n = n, .g = g);
    check_written("max_pool y", y, ys, &g);
    RUN_AT_THE_EDGE(max_pool_grad, .dy = dy, .taps = taps, .dx = dx, .n = n, .g = g);
    check_written("max_pool dx", dx, xs, &g);
    if (down || along || PRODUCT(g.h, g.w) > INT32_MAX) return;
    RUN_AT_THE_EDGE(pool_positions, .taps = taps, .y = (int32_t *)y, .n = n, .g = g);
}

static void pad(void) {
    int empty = random_below(3) == 0;
    int64_t n = empty ? extreme(0) : small(0), d = empty ? extreme(1) : small(1), h = empty ? extreme(1) : small(1);
    int64_t w = empty ? extreme(1) : small(1), c = empty ? 0 : small(0), mode = random_below(4), sides[] = {d, h, w};
    struct pad_args a = {.mode = mode, .n = n, .d = d, .h = h, .w = w, .c = c, .width = 4, .value = 0x3f800000};
    for (int i = 0; i < 6; i++) {
        int64_t most_here = mode == PAD_REFLECT ? sides[i / 2] - 1 : mode == PAD_CIRCULAR ? sides[i / 2] : INT32_MAX;
        a.pads[i] = least(random_below(3) ? random_below(3) : extreme(0), most_here);
    }
    int64_t xs = PRODUCT(n, d, h, w, c);
    int64_t ys = PRODUCT(n, d + a.pads[0] + a.pads[1], h + a.pads[2] + a.pads[3], w + a.pads[4] + a.pads[5], c);
    if (!few(xs, ys, 0)) return;
    float *y = guarded_floats(ys, 4);
    a.x = (uint8_t *)some(xs), a.y = (uint8_t *)y;
    run_at_the_edge(K_pad, &a, sizeof a);
    check_written("pad", y, ys, &(struct window){.h = h, .w = w, .c = c});
    struct pad_grad_args b = {.mode = mode, .dy = some(ys), .dx = guarded_floats(xs, 4), .n = n, .d = d, .h = h, .w = w, .c = c};
    memcpy(b.pads, a.pads, sizeof b.pads);
    run_at_the_edge(K_pad_grad, &b, sizeof b);
    check_written("pad dx", b.dx, xs, &(struct window){.h = h, .w = w, .c = c});
}

static void resize(void) {
    int64_t outer = extreme(0), from = extreme(1), to = extreme(1), inner = random_below(3) ? small(0) : extreme(0);
    int64_t kind = random_below(4), xs = PRODUCT(outer, from, inner), ys = PRODUCT(outer, to, inner);
    if (!few(xs, ys, 0)) return;
    float *x = some(xs), *y = guarded_floats(ys, 4), *dy = some(ys), *dx = guarded_floats(xs, 8);
    RUN_AT_THE_EDGE(resize, .kind = kind, .x = x, .y = y, .outer = outer, .from = from, .to = to, .inner = inner);
    RUN_AT_THE_EDGE(resize_grad, .kind = kind, .dy = dy, .dx = dx, .outer = outer, .from = from, .to = to, .inner = inner);
    check_written("resize y", y, ys, &(struct window){.h = from, .oh = to});
    check_written("resize dx", dx, xs, &(struct window){.h = from, .oh = to});
}

static void gather(void) {
    int64_t srcrows = extreme(1), rows = small(0), outer = extreme(0), cols = extreme(0);
    int64_t xs = PRODUCT(outer, srcrows, cols), ys = PRODUCT(outer, rows, cols);
    if (!few(xs, ys, 0)) return;
    float *x = some(xs), *y = guarded_floats(ys, 4), *sum = some(xs);
    int32_t *index = guarded((size_t)rows * 4, 4);
    for (int64_t i = 0; i < rows; i++) index[i] = (int32_t)random_below(srcrows);
    RUN_AT_THE_EDGE(gather, .kind = GATHER_ELEMENTS, .width = 4, .src = (uint8_t *)x, .srcrows = srcrows, .index = index, .y = (uint8_t *)y,
                    .outer = outer, .rows = rows, .cols = cols);
    RUN_AT_THE_EDGE(scatter_add, .x = y, .index = index, .y = sum, .outer = outer, .rows = rows, .most = 1, .cols = cols,
                    .yrows = srcrows, .padding = NO_PADDING);
    check_written("gather", y, ys, &(struct window){.h = srcrows, .oh = rows});
    if (rows == 0) return;
    index[0] = (int32_t)least(srcrows, INT32_MAX);
    int wrong = index[0] >= srcrows;
    int32_t status = RUN(gather, .kind = GATHER_ELEMENTS, .width = 4, .src = (uint8_t *)x, .srcrows = srcrows, .index = index,
                         .y = (uint8_t *)y, .outer = outer, .rows = rows, .cols = cols);
    CHECK((status == FATHOM_BAD_INDEX) == wrong, "index %d of %ld rows", index[0], srcrows);
}

/* a product and a normalization of so many values that their scratch cannot be counted */
static void refusals(void) {
    const int64_t huge[] = {INT32_MAX, (int64_t)1 << 40, INT64_MAX - 3, INT64_MAX};
    for (int i = 0; i < 4; i++) {
        struct gemm_args a = {.m = huge[i], .n = huge[i], .k = huge[i]};
        struct norm_args b = {.outer = huge[i], .rows = huge[i], .c = huge[i], .groups = 1};
        struct sort_args c = {.outer = huge[i], .r = huge[i], .inner = 2};
        struct linear_args d = {.m = huge[i], .n = huge[i], .k = huge[i]};
        struct ctc_args e = {.n = huge[i], .steps = huge[i], .classes = 2, .most = huge[i], .grad = (float *)&a};
        struct linear_int8_args f = {.m = huge[i], .n = huge[i], .k = INT8_TERMS};
        const struct {
            int64_t kernel, bytes;
            const void *args;
        } all[] = {{K_gemm, sizeof a, &a}, {K_norm, sizeof b, &b}, {K_sort, sizeof c, &c}, {K_linear, sizeof d, &d}, {K_ctc, sizeof e, &e},
                     {K_linear_int8, sizeof f, &f}};
        for (int k = 0; k < 6; k++) {
            int64_t words[1 + RUN_MOST] = {all[k].kernel | all[k].bytes / 8 << 32};
            memcpy(words + 1, all[k].args, (size_t)all[k].bytes);
            int64_t bytes = fathom_scratch_bytes((int64_t)(intptr_t)words, 1 + all[k].bytes / 8);
            CHECK(bytes == -1 || (i == 0 && all[k].kernel == K_sort), "kernel %ld of sizes %ld asks for %ld", all[k].kernel, huge[i],
                  bytes);
        }
    }
    CHECK(PRODUCT(INT64_MAX, 2, 0) == 0 && PRODUCT(-1, 0) == INT64_MAX && PRODUCT(1ll << 31, 1ll << 31, 4) == INT64_MAX, "products");
    CHECK(SUM(INT64_MAX, 1) == INT64_MAX && SUM(3, -1) == INT64_MAX && SUM(3, 4, 5) == 12, "sums");
    CHECK(fathom_packed_bytes(INT32_MAX, INT64_MAX) == INT64_MAX && fathom_packed_bytes(17, 3) == 32 * 3 * 4, "packed");
}

/* rows that lie 2^30 apart: once a copy of 600 GB with its border, or one of too few bytes */
static void far_taps(void) {
    struct window g = {.h = 3, .w = 3, .c = 1, .k = 1, .kh = 2, .kw = 1, .sh = 1, .sw = 1 << 22, .dh = 1 << 30, .dw = 1, .top = 1 << 29,
                       .left = 0, .groups = 1};
    g.oh = 3 + (1 << 29) + ((1 << 29) + 5) - (1 << 30), g.ow = 1;
    float *x = some(9), *w = some(2), *y = guarded_floats(g.oh, 4);
    CHECK(RUN_AT_THE_EDGE(conv, .x = x, .w = w, .y = y, .n = 1, .g = g, .row = -1), "far taps are refused");
    check_written("far taps", y, g.oh, &g);
    g.h = g.w = INT32_MAX, g.c = 0, g.oh = INT32_MAX - 1, g.ow = 512;
    float *none = guarded_floats(0, 0);
    CHECK(RUN_AT_THE_EDGE(conv_weights, .x = none, .dy = none, .dw = none, .n = 0, .g = g), "an empty window is refused");
}

int main(void) {
    enum { RUNS = 100000 };
    refusals();
    far_taps();
    release_guarded();
    for (int64_t i = 0; i < RUNS; i++) {
        use_isa((int)(i % ISA_COUNT));
        switch (i % 5) {
        case 0: conv(); break;
        case 1: pool(); break;
        case 2: pad(); break;
        case 3: resize(); break;
        default: gather();
        }
        release_guarded();
    }
    CHECK(ran > RUNS / 10 * 3 && refused > RUNS / 1000, "%ld commands ran, %ld were too large", ran, refused);
    printf("%ld commands ran, %ld were too large\n", ran, refused);
    return DONE();
}
