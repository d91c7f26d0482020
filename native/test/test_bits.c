/*
 * The bits of results, as hashes in bits.def: a row for a kernel on seeded inputs. v3 and v4 here and neon elsewhere are held to the same
 * rows, so that processors that never meet give the same results. `test_bits write` prints the rows, for a change that means to alter bits.
 */
#include "check.h"
#include "references.h"

static const struct {
    const char *name;
    uint64_t hash;
} rows[] = {
#define BITS(name, hash) {name, hash},
#include "bits.def"
#undef BITS
};
static int row, writes;

/* FNV-1a over words; one NaN is as good as another, as processors make different ones */
static void same(const char *name, const void *words, int64_t n) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (int64_t i = 0; i < n; i++) {
        uint32_t word;
        memcpy(&word, (const char *)words + 4 * i, 4);
        if ((word & 0x7fffffff) > 0x7f800000) word = 0x7fc00000;
        hash = (hash ^ word) * 0x100000001b3u;
    }
    if (writes) {
        printf("BITS(\"%s\", 0x%016llx)\n", name, (unsigned long long)hash);
        return;
    }
    const int known = row < COUNT(rows) && !strcmp(rows[row].name, name);
    CHECK(known && rows[row].hash == hash, "%s is %016llx; row %d of bits.def is %s, %016llx", name, (unsigned long long)hash, row,
          row < COUNT(rows) ? rows[row].name : "none", row < COUNT(rows) ? (unsigned long long)rows[row].hash : 0);
    row++;
}

/* runs a kernel, and compares the n words at y */
#define SAME(name, y, n, kernel, ...)                                                                                              \
    do {                                                                                                                           \
        CHECK(RUN(kernel, __VA_ARGS__) == FATHOM_OK, "%s", name);                                                                  \
        same(name, y, n);                                                                                                          \
    } while (0)

static float *in(int64_t n) { return guarded_random(n, 4, -1, 1); }
static float *out(int64_t n) { return guarded_floats(n, 8); }
static int32_t *below(int64_t n, int64_t bound) {
    int32_t *x = guarded((size_t)n * 4, 0);
    for (int64_t i = 0; i < n; i++) x[i] = (int32_t)random_below(bound);
    return x;
}

/* ---- elementwise ---- */

static const char *label(const char *what, const char *name) {
    static char text[64];
    snprintf(text, sizeof text, "%s %s", what, name);
    return text;
}

static void functions(void) {
    enum { N = 6007, HALF = N / 2 };
    float *x = out(N), *y = out(N), *dx = out(N), *dy = in(N);
    for (int r = 0; r < UNARY_COUNT; r++) {
        const struct unary_reference is = *unaries[r].is;
        random_fill(x, HALF, is.lo, is.hi);
        for (int i = HALF; i < N; i++) { /* of all sizes, but no denormals */
            uint32_t word = (uint32_t)random_bits();
            memcpy(x + i, &word, 4);
            if (fabsf(x[i]) < 0x1p-126f) x[i] = 0;
        }
        SAME(label("unary", unaries[r].name), y, N, unary, .row = r, .x = x, .y = y, .n = N, .p0 = is.p, .p1 = is.q);
        if (strcmp(unaries[r].reads, "FLAT"))
            SAME(label("gradient of", unaries[r].name), dx, N, unary_grad, .row = r, .x = x, .y = y, .dy = dy, .dx = dx, .n = N, .p0 = is.p,
                 .p1 = is.q);
    }
    float *a = guarded_random(N, 4, -3, 3), *b = guarded_random(N, 4, 0.5, 2);
    a[0] = INFINITY, a[1] = NAN, a[2] = 0, a[3] = -0.0f, b[4] = 0, b[5] = -INFINITY;
    for (int r = 0; r < COUNT(binaries); r++) {
        SAME(label("binary", binaries[r].name), y, N, binary, .row = r, .a = a, .b = b, .y = y, .dims = {1, 1, 1, 1, 1, N}, .sa = {[5] = 1},
             .sb = {[5] = 1});
        for (int which = 0; which < 2 && strcmp(binaries[r].reads, "FLAT"); which++)
            SAME(label(which ? "db of" : "da of", binaries[r].name), dx, N, binary_grad, .row = r, .which = which, .a = a, .b = b, .y = y,
                 .dy = dy, .dx = dx, .dims = {1, 1, 1, 1, 1, N}, .sa = {[5] = 1}, .sb = {[5] = 1});
    }
    release_guarded();
}

static void casts(void) {
    enum { N = 1009 };
    static const int width[ELEMENT_TYPES] = {4, 4, 1, 1, 2, 2};
    for (int from = 0; from < ELEMENT_TYPES; from++) {
        float *x = guarded_random(N, 4, -300, 300), *y = out(N);
        if (from == ELEMENT_F32) x[0] = INFINITY, x[1] = -INFINITY, x[2] = NAN, x[3] = 1e9f, x[4] = 3e9f, x[5] = 65519, x[6] = 65520,
            x[7] = 3e-7f;
        for (int to = 0; to < ELEMENT_TYPES; to++) {
            memset(y, 0, N * 4);
            char name[48];
            snprintf(name, sizeof name, "cast %d to %d", from, to);
            SAME(name, y, N * width[to] / 4, cast, .from = from, .to = to, .x = (uint8_t *)x, .y = (uint8_t *)y, .n = N / 4 * 4);
        }
    }
    release_guarded();
}

/* ---- along dimensions ---- */

static void sums(void) {
    static const int64_t shapes[][3] = {{3, 1009, 1}, {2, 37, 53}, {300, 7, 1}};
    static const char *const kinds[] = {"sum", "max", "min", "argmax", "norm1", "norm", "variance", "logsumexp", "argmin", "prod"};
    for (int s = 0; s < COUNT(shapes); s++) {
        int64_t outer = shapes[s][0], r = shapes[s][1], inner = shapes[s][2], m = outer * inner, n = m * r;
        float *x = in(n), *shift = in(m), *y = out(m), *dx = out(n), *dy = in(n), *z = out(n);
        int32_t *index = guarded((size_t)n * 4, 0);
        for (int kind = 0; kind < REDUCE_KINDS; kind++) {
            SAME(label("reduce", kinds[kind]), y, m, reduce, .kind = kind, .x = x, .shift = shift, .y = y, .outer = outer, .r = r,
                 .inner = inner, .divisor = kind == REDUCE_SUM || kind == REDUCE_VARIANCE ? r : 1);
            if (kind != REDUCE_ARGMAX && kind != REDUCE_ARGMIN)
                SAME(label("gradient of", kinds[kind]), dx, n, reduce_grad, .kind = kind, .x = x, .y = y, .dy = dy, .dx = dx,
                     .outer = outer, .r = r, .inner = inner, .divisor = 3);
        }
        for (int log = 0; log < 2; log++) {
            SAME(log ? "log softmax" : "softmax", z, n, softmax, .log = log, .x = x, .y = z, .outer = outer, .r = r, .inner = inner);
            SAME("softmax_grad", dx, n, softmax_grad, .log = log, .y = z, .dy = dy, .dx = dx, .outer = outer, .r = r, .inner = inner);
        }
        SAME("cumsum", z, n, cumsum, .x = x, .y = z, .outer = outer, .r = r, .inner = inner);
        SAME("sort", index, n, sort, .x = x, .y = z, .index = index, .outer = outer, .r = r, .inner = inner, .k = r);
        SAME("resize", z, 2 * m, resize, .kind = RESIZE_LINEAR, .x = x, .y = z, .outer = outer, .from = r, .to = 2, .inner = inner);
        release_guarded();
    }
}

static void norms(void) {
    static const struct {
        int64_t mode, outer, rows, c, groups;
    } shapes[] = {{NORM_MEASURED, 1, 301, 40, 40}, {NORM_MEASURED, 7, 30, 12, 6}, {NORM_MEASURED, 50, 1, 173, 1},
                  {NORM_GIVEN, 1, 70, 33, 33}, {NORM_RMS, 50, 1, 173, 1}};
    for (int s = 0; s < COUNT(shapes); s++) {
        int64_t mode = shapes[s].mode, outer = shapes[s].outer, r = shapes[s].rows, c = shapes[s].c, groups = shapes[s].groups,
            n = outer * r * c;
        float *x = in(n), *gamma = in(c), *beta = in(c), *mean = in(outer * groups), *variance = guarded_random(outer * groups, 4, 0.5, 2);
        float *rstd = out(outer * groups), *y = out(n), *dy = in(n), *dx = out(n), *dgamma = out(c), *dbeta = out(c);
        SAME("norm", y, n, norm, .mode = mode, .x = x, .gamma = gamma, .beta = beta, .mean = mean, .variance = variance, .rstd = rstd,
             .y = y, .outer = outer, .rows = r, .c = c, .groups = groups, .epsilon = 1e-5f, .row = UNARY_relu);
        SAME("norm_grad", dx, n, norm_grad, .mode = mode, .x = x, .gamma = gamma, .beta = beta, .mean = mean, .variance = variance,
             .rstd = rstd, .y = y, .dy = dy, .dx = dx, .dgamma = dgamma, .dbeta = dbeta, .outer = outer, .rows = r, .c = c,
             .groups = groups, .epsilon = 1e-5f, .relu = 1);
        same("dgamma", dgamma, c), same("dbeta", dbeta, c);
        release_guarded();
    }
    float *x = in(50 * 24), *y = out(50 * 24);
    SAME("local_response", y, 50 * 24, local_response, .x = x, .y = y, .rows = 50, .c = 24, .size = 5, .alpha = 1e-1f, .beta = 0.75f,
         .k = 2);
    release_guarded();
}

static void losses(void) {
    enum { ROWS = 70, CLASSES = 37, STEPS = 23, LABELS = 6 };
    float *x = in(ROWS * CLASSES), *probs = out(ROWS * CLASSES), *each = out(ROWS), *loss = out(1), *dx = out(ROWS * CLASSES), *one = in(1);
    int32_t *labels = below(ROWS, CLASSES);
    SAME("cross_entropy", each, ROWS, cross_entropy, .x = x, .labels = labels, .probs = probs, .rowloss = each, .loss = loss, .rows = ROWS,
         .classes = CLASSES, .smoothing = 0.1f);
    same("loss", loss, 1);
    SAME("cross_entropy_grad", dx, ROWS * CLASSES, cross_entropy_grad, .probs = probs, .labels = labels, .dloss = one, .dx = dx,
         .rows = ROWS, .classes = CLASSES, .smoothing = 0.1f);
    for (int i = 0; i < ROWS; i++) labels[i] = 1 + labels[i] % (CLASSES - 1);
    SAME("ctc", dx, 3 * STEPS * CLASSES, ctc, .x = x, .targets = labels, .targetlengths = (int32_t[]){6, 2, 4}, .grad = dx, .loss = each,
         .n = 3, .steps = STEPS, .classes = CLASSES, .most = LABELS, .blank = 0);
    same("ctc's loss", each, 3);
    release_guarded();
}

/* ---- products ---- */

static void products(void) {
    static const struct {
        int64_t m, n, k, ta, tb;
    } shapes[] = {{70, 130, 500, 0, 0}, {37, 90, 700, 0, 1}, {3, 130, 900, 1, 0}, {1, 300, 500, 0, 1}, {11, 23, 2000, 1, 0},
                  {64, 48, 1, 0, 0}};
    for (int s = 0; s < COUNT(shapes); s++) {
        int64_t m = shapes[s].m, n = shapes[s].n, k = shapes[s].k;
        float *a = in(m * k), *b = in(n * k), *c = in(m * n), *bias = in(n), *more = in(m * n),
            *packed = guarded((size_t)fathom_packed_bytes(n, k), 0);
        SAME("gemm", c, m * n, gemm, .ta = shapes[s].ta, .tb = shapes[s].tb, .a = a, .b = b, .c = c, .m = m, .n = n, .k = k, .add = s % 2);
        CHECK(RUN(linear_pack, .w = b, .packed = packed, .n = n, .k = k) == FATHOM_OK, "packed");
        SAME("linear", c, m * n, linear, .x = a, .packed = packed, .bias = bias, .residual = more, .y = c, .m = m, .n = n, .k = k,
             .row = UNARY_gelu);
        int64_t queries = m < 3 ? m : 3;
        SAME("dots", c, queries * n, dots, .x = b, .q = a, .y = c, .rows = n, .queries = queries, .c = k);
        release_guarded();
    }
}

static void convolutions(void) {
    const struct window shapes[] = {
        square_window(9, 12, 40, 40, 3, 2, 1, 1),  square_window(10, 11, 64, 96, 3, 1, 1, 1), /* Winograd */
        square_window(13, 14, 3, 20, 3, 1, 1, 1),  square_window(13, 14, 1, 6, 5, 1, 2, 1),   square_window(9, 20, 40, 40, 3, 1, 1, 40),
        square_window(9, 20, 24, 24, 3, 2, 1, 24), square_window(7, 7, 48, 80, 1, 1, 0, 1),   square_window(8, 8, 24, 24, 3, 1, 1, 2),
        square_window(12, 12, 6, 16, 5, 1, 0, 1),
    };
    enum { N = 2 };
    for (int s = 0; s < COUNT(shapes); s++) {
        const struct window *g = shapes + s;
        int64_t xs = N * g->h * g->w * g->c, ys = N * g->oh * g->ow * g->k, ws = g->k * g->kh * g->kw * (g->c / g->groups);
        float *x = in(xs), *w = in(ws), *dy = in(ys), *bias = in(g->k), *y = out(ys), *dx = out(xs), *dw = out(ws);
        SAME("conv", y, ys, conv, .x = x, .w = w, .bias = bias, .y = y, .n = N, .g = *g, .row = UNARY_relu);
        SAME("conv_data", dx, xs, conv_data, .dy = dy, .w = w, .dx = dx, .n = N, .g = *g);
        SAME("conv_weights", dw, ws, conv_weights, .x = x, .dy = dy, .dw = dw, .n = N, .g = *g);
        release_guarded();
    }
    struct window g = square_window(13, 15, 10, 10, 3, 2, 1, 10);
    int64_t xs = N * g.h * g.w * g.c, ys = N * g.oh * g.ow * g.c;
    float *x = in(xs), *y = out(ys), *dx = out(xs);
    uint8_t *taps = guarded((size_t)ys, 0);
    SAME("max_pool", y, ys, max_pool, .x = x, .y = y, .taps = taps, .n = N, .g = g);
    SAME("max_pool_grad", dx, xs, max_pool_grad, .dy = y, .taps = taps, .dx = dx, .n = N, .g = g);
    SAME("avg_pool", y, ys, avg_pool, .x = x, .y = y, .n = N, .g = g);
    SAME("avg_pool_grad", dx, xs, avg_pool_grad, .dy = y, .dx = dx, .n = N, .g = g);
    release_guarded();
}

static void sequences(void) {
    enum { N = 3, T = 7, I = 19, H = 37 };
    static const int gates[CELLS] = {1, 1, 4, 3, 3, 2};
    for (int cell = 0; cell < CELLS; cell++) {
        const int64_t width = gates[cell] * H;
        float *x = in(N * T * I), *w = in(width * I), *u = in(width * H), *b = in(width), *bh = in(width), *y = out(N * T * H),
            *hn = out(N * H);
        float *cn = out(N * H), *kept = out(N * T * width), *inputs = out(N * T * I), *states = out(N * T * H), *extra = out(N * T * H);
        float *dy = in(N * T * H), *dx = out(N * T * I), *dw = out(width * I), *du = out(width * H), *db = out(width);
        SAME("recurrent", y, N * T * H, recurrent, .cell = cell, .x = x, .w = w, .u = u, .b = b, .bh = bh, .y = y, .hn = hn, .cn = cn,
             .gates = kept, .inputs = inputs, .states = states, .extra = extra, .n = N, .t = T, .i = I, .h = H);
        SAME("recurrent_grad", dx, N * T * I, recurrent_grad, .cell = cell, .w = w, .u = u, .gates = kept, .inputs = inputs,
             .states = states, .extra = extra, .dy = dy, .dx = dx, .dw = dw, .du = du, .db = db, .n = N, .t = T, .i = I, .h = H);
        same("dw", dw, width * I), same("du", du, width * H), same("db", db, width);
        release_guarded();
    }
}

static void attentions(void) {
    static const struct {
        int64_t n, heads, kv_heads, lq, lk, d, causal;
        float p;
    } shapes[] = {{2, 2, 1, 70, 70, 24, 1, 0.1f}, {1, 3, 3, 1, 150, 32, 0, 0}, {1, 1, 1, 9, 40, 5, 0, 0}};
    for (int s = 0; s < COUNT(shapes); s++) {
        int64_t n = shapes[s].n, heads = shapes[s].heads, kv = shapes[s].kv_heads, lq = shapes[s].lq, lk = shapes[s].lk, d = shapes[s].d;
        int64_t qs = n * lq * heads * d, ks = n * lk * kv * d;
        float *q = in(qs), *k = in(ks), *v = in(ks), *y = out(qs), *lse = out(n * heads * lq), *dy = in(qs), *dq = out(qs), *dk = out(ks),
            *dv = out(ks);
#define ATTENTION                                                                                                                  \
    .q = q, .k = k, .v = v, .y = y, .lse = lse, .n = n, .heads = heads, .kv_heads = kv, .lq = lq, .lk = lk, .d = d, .ldq = heads * d, \
    .ldk = kv * d, .causal = shapes[s].causal, .scale = 0.2f, .p = shapes[s].p, .seed = 7
        SAME("attention", y, qs, attention, ATTENTION);
        same("lse", lse, n * heads * lq);
        SAME("attention_grad", dq, qs, attention_grad, ATTENTION, .dy = dy, .dq = dq, .dk = dk, .dv = dv);
        same("dk", dk, ks), same("dv", dv, ks);
        release_guarded();
    }
}

/* ---- the rest of a training ---- */

static void training(void) {
    enum { N = 3001, SIDE = 9 };
    float *w = in(N), *g = in(N), *m[3] = {guarded_random(N, 4, 0.1, 1), guarded_random(N, 4, 0.1, 1), guarded_random(N, 4, 0.1, 1)};
    int64_t segments[][3] = {{0, 17, 0}, {32, N - 32, 1}};
    float groups[][2] = {{0.1f, 0.01f}, {0.01f, 0}};
    static const char *const names[] = {
#define RULE(name, ...) #name,
#include "optim.def"
#undef RULE
    };
    for (int rule = 0; rule < RULE_COUNT; rule++)
        SAME(label("update", names[rule]), w, N, update, .rule = rule, .w = w, .g = g, .segments = *segments, .count = 2, .groups = *groups,
             .scale = 0.7f, .limit = 0.5f, .m0 = m[0], .m1 = m[1], .m2 = m[2], .p0 = 0.9f, .p1 = 0.99f, .p2 = 1e-3f, .p3 = 1.1f,
             .p4 = 1.2f);
    SAME("uniform", w, N, uniform, .y = w, .n = N, .lo = -1, .hi = 2, .seed = 5, .counter = 9);
    SAME("normal", w, N, normal, .y = w, .n = N, .mean = 1, .std = 2, .seed = 5, .counter = 0xfffffff0);
    SAME("dropout", w, N, dropout, .x = g, .y = w, .n = N, .p = 0.3f, .scale = 1.5f, .seed = 5, .counter = 9);
    SAME("permutation", w, N, permutation, .y = (int32_t *)w, .n = N, .seed = 5, .counter = 9);
    float maps[] = {0.9f, 0.1f, -0.4f, -0.2f, 1.1f, 0.3f}, tones[] = {1.2f, 0.1f}, share[] = {0.3f, 0.6f};
    SAME("warp", w, SIDE * SIDE * 3, warp, .x = g, .y = w, .n = 1, .h = SIDE, .w = SIDE, .c = 3, .maps = maps, .edge = 1);
    SAME("tone", w, SIDE * SIDE * 3, tone, .x = w, .n = 1, .pixels = SIDE * SIDE, .c = 3, .tones = tones);
    SAME("noise", g, N, noise, .x = g, .n = 1, .cols = N, .std = 0.1f, .seed = 3);
    SAME("mix", g, N - 1, mix, .x = g, .n = 2, .cols = N / 2, .share = share);
    int32_t *index = below(90, 50);
    float *weights = in(90), *table = in(50 * 13), *y = out(30 * 13);
    SAME("bag", y, 30 * 13, bag, .src = table, .srcrows = 50, .index = index, .weights = weights, .y = y, .rows = 30, .most = 3, .cols = 13,
         .padding = NO_PADDING);
    SAME("scatter_add", table, 50 * 13, scatter_add, .x = y, .index = index, .weights = weights, .y = table, .outer = 1, .rows = 30,
         .most = 3, .cols = 13, .yrows = 50, .padding = NO_PADDING);
    release_guarded();
}

/* of forms that depend on the instruction set, and added to what is there */
static void weight_gradients(void) {
    const struct window shapes[] = {
        square_window(2, 3, 65, 400, 1, 1, 0, 1), square_window(2, 3, 70, 390, 1, 1, 0, 1), square_window(7, 5, 256, 512, 1, 1, 0, 1),
        square_window(9, 7, 40, 125, 3, 2, 1, 1), square_window(11, 9, 33, 250, 1, 2, 0, 1),
    };
    enum { N = 2 };
    for (int s = 0; s < COUNT(shapes); s++) {
        const struct window *g = shapes + s;
        int64_t ws = g->k * g->kh * g->kw * g->c;
        float *x = in(N * g->h * g->w * g->c), *dy = in(N * g->oh * g->ow * g->k), *dw = in(ws);
        SAME("conv_weights added", dw, ws, conv_weights, .x = x, .dy = dy, .dw = dw, .n = N, .g = *g, .add = 1);
        release_guarded();
    }
}

int main(int count, char **arguments) {
    writes = count > 1 && !strcmp(arguments[1], "write");
    FOR_EACH_ISA(isa) {
        if (isa == ISA_BASELINE || (writes && isa != fathom_best_isa())) continue; /* no fused multiply-add; rows once */
        random_state = 1, row = 0;
        functions();
        casts();
        sums();
        norms();
        losses();
        products();
        convolutions();
        sequences();
        attentions();
        training();
        weight_gradients();
        if (!writes) CHECK(row == COUNT(rows), "%d rows of bits.def are read, of %d", row, COUNT(rows));
    }
    return writes ? 0 : DONE();
}
