/*
 * dw (+)= the gradient of conv's w. It multiplies pixels: for each tap dy^T x over the rectangle of outputs for which the tap lies in the
 * image, n, oh and ow ascending, in turned tiles.
 */
#include "conv_axis.h"
#include "depthwise.h"
#include "gemm.h"
#include "halo.h"
#include "im2col.h"
#include "planes.h"
#include "winograd.h"

enum {
    PIXELS_AHEAD = 32,    /* about as long as memory takes */
    COPIED_PIXELS = 256,  /* of a panel, which fill half of an L1 of 32 KiB */
    ALIASED_PIXELS = 512, /* floats. On AVX-512 512 x 2,048 and 256 x 1,024 take 0.55 to 0.75 of the time as products, 128 x 512 1.75 */
    WIDE_PIXELS = 384     /* floats. On AVX2 320 x 1,280 takes 0.75 of the time as a product, 128 x 512 0.8, 64 x 384 0.94 */
};

/*
 * A thread with at least so many tiles for a tap copies the pixels that they read. An L1 of 48 KiB holds more of these pixels where they
 * lie: there a layer of 64 to 128 channels (11 tiles) takes 1.14 times as long with copies, and one of 128 to 256 (22 tiles) 0.96 times.
 */
static int64_t copying_tiles(void) { return machine.l1 > 32 << 10 ? 16 : 10; }

/* floats of x and dy that stay in L2 while all tiles of a weight gradient pass over them */
static int64_t span_floats(void) { return most(l2_floats(3), 48 * 1024); }

/* outputs q0 .. q1 of rows o0 .. o1 of images n0 .. n1 */
struct span {
    int64_t n0, n1, o0, o1, q0, q1;
};

static int64_t weights_units(const struct weights *w) {
    return w->g.groups * row_tiles(w->m, w->width) * w->rows.taps * w->columns.taps;
}

/* the outputs of a span for which a tap lies in the image, and where the first of them reads x */
struct tap_pixels {
    int64_t o0, o1, q0, q1;
    const float *x;
};
static struct tap_pixels tap_pixels(const struct weights *w, const struct span *p, int64_t tap) {
    struct tap_pixels t;
    int64_t r = tap / w->columns.taps, s = tap % w->columns.taps;
    axis_outputs(&w->rows, r, p->o0, p->o1, &t.o0, &t.o1);
    axis_outputs(&w->columns, s, p->q0, p->q1, &t.q0, &t.q1);
    t.x = w->x + p->n0 * w->x_image + (t.o0 * w->rows.stride + r * w->rows.dilation - w->rows.before) * w->x_row
          + (t.q0 * w->columns.stride + s * w->columns.dilation - w->columns.before) * w->g.c;
    return t;
}

/* a panel of the pixels that a tap reads, side by side */
static void copy_pixels(const struct weights *w, const struct span *p, int64_t tap, int64_t panel, float *copy) {
    struct tap_pixels t = tap_pixels(w, p, tap);
    struct right_side x = {.ld = w->columns.stride * w->g.c, .n = w->width};
    int64_t width = panel_start(w->width, panel + 1) - panel_start(w->width, panel);
    for (int64_t n = p->n0; n < p->n1; n++, t.x += w->x_image) {
        x.at = t.x;
        for (int64_t o = t.o0; o < t.o1; o++, x.at += w->rows.stride * w->x_row, copy += (t.q1 - t.q0) * width)
            pack_panel(&x, panel, 0, t.q1 - t.q0, copy);
    }
}

/*
 * copy: what copy_pixels has copied, or 0. left_ahead, right_ahead: how many pixels further what is read soon lies, 0 where it was read
 * just now.
 */
static void weights_tile(const struct weights *w, const struct span *p, int64_t unit, int64_t panel, const float *copy, float *out,
                         int64_t add, int64_t left_ahead, int64_t right_ahead) {
    int64_t taps = w->rows.taps * w->columns.taps, tap = unit % taps;
    int64_t count = row_tiles(w->m, w->width), tile = unit / taps % count, group = unit / taps / count;
    int64_t i = w->m * tile / count, height = w->m * (tile + 1) / count - i;
    int64_t j = panel_start(w->width, panel), width = panel_start(w->width, panel + 1) - j, exist = least(w->width - j, width);
    int64_t y_row = w->g.ow * w->g.k, y_image = w->g.oh * y_row;
    struct tap_pixels t = tap_pixels(w, p, tap);
    out += group * w->out_group + tap * w->out_tap + i * w->out_row + j;
    if (t.o0 == t.o1 || t.q0 == t.q1) {
        if (!add) clear_rows(out, w->out_row, height, exist);
        return;
    }
    const float *dy = w->dy + p->n0 * y_image + t.o0 * y_row + t.q0 * w->g.k;
    int64_t x_inner = w->rows.stride * w->x_row, x_step = w->columns.stride * w->g.c;
    struct sweep s = {.outer = p->n1 - p->n0, .inner = t.o1 - t.o0, .depth = t.q1 - t.q0, .ldc = w->out_row, .add = add,
                      .last = last_lanes(exist - (width - VL))};
    const float *left = w->joined ? t.x : dy + group * w->m, *right = copy ? copy : (w->joined ? dy : t.x + group * w->width) + j;
    if (w->joined) s.a_outer = w->x_image, s.a_inner = x_inner, s.lda = x_step, s.b_outer = y_image, s.b_inner = y_row, s.ldb = w->g.k;
    else s.a_outer = y_image, s.a_inner = y_row, s.lda = w->g.k, s.b_outer = w->x_image, s.b_inner = x_inner, s.ldb = x_step;
    if (copy) s.ldb = width, s.b_inner = s.depth * width, s.b_outer = s.inner * s.b_inner;
    s.left_ahead = left_ahead * s.lda, s.right_ahead = right_ahead * s.ldb;
    turned_tiles[width / VL][height](&s, left + i, right, out);
}

static int64_t weights_positions(const struct weights *w) {
    int64_t rows = w->n * w->rows.out;
    return rows == 1 ? w->columns.out : rows;
}

/*
 * The rows u .. of all images (or the outputs u .. where there is one row only) that make the next span, whole images where they
 * are small; returns where it ends. With a halo the span reads a copy of its rows.
 */
static int64_t next_span(const struct weights *w, int64_t u, int64_t end, int64_t copied, struct span *p, float *halo,
                         struct weights *moved) {
    int64_t oh = w->rows.out, ow = w->columns.out, n = u / oh, o = u % oh;
    int64_t pixels = span_floats() / (w->joined ? w->g.c + w->g.k : least(w->m, 64) + least(w->width, 64));
    if (copied) pixels = least(pixels, copied);
    *p = (struct span){n, n + 1, o, least(oh, o + end - u), 0, ow};
    if (w->n * oh == 1) *p = (struct span){0, 1, 0, 1, u, least(end, u + pixels)};
    if (halo) {
        int64_t i0, i1;
        p->o1 = halo_end(&w->g, p->o0, p->o1, &i0, &i1);
        halo_copy(&w->g, w->x + p->n0 * w->x_image, i0, i1, halo);
        moved->x_row = halo_width(&w->g) * w->g.c;
        moved->x_image = 0;
        moved->x = halo - i0 * moved->x_row;
    } else if (w->n > 1 && o == 0 && end - u >= 2 * oh && pixels >= 2 * oh * ow) {
        p->n1 = n + least((end - u) / oh, pixels / (oh * ow));
    } else {
        int64_t rows = p->o1 - p->o0;
        p->o1 = p->o0 + ceil_div(rows, ceil_div(rows * ow, pixels));
    }
    return w->n * oh == 1 ? p->q1 : p->n1 > p->n0 + 1 ? u + (p->n1 - p->n0) * oh : u + p->o1 - p->o0;
}

/* the sum over rows [from, to) of all images for units [u0, u1) and panels [p0, p1) */
static void weights_sum(const struct weights *w, int64_t from, int64_t to, int64_t u0, int64_t u1, int64_t p0, int64_t p1,
                        float *scratch, float *out, int64_t add) {
    struct weights moved = *w;
    struct span p;
    int64_t taps = w->rows.taps * w->columns.taps, copied = u1 - u0 < copying_tiles() * taps ? 0 : w->copied;
    const float *copy = copied ? scratch : 0;
    if (!copied) taps = 1; /* one tap at a time where its pixels are copied, else all */
    for (int64_t u = from, empty = from == to; u < to || empty; add = 1, empty = 0) {
        if (empty) p = (struct span){0}; /* nothing to sum is zero */
        else u = next_span(w, u, to, copied, &p, w->copied ? 0 : scratch, &moved);
        for (int64_t panel = p0; panel < p1; panel++)
            for (int64_t tap = 0; tap < taps; tap++) {
                if (copied) copy_pixels(w, &p, tap, panel, scratch);
                for (int64_t unit = u0 + (tap - u0 % taps + taps) % taps; unit < u1; unit += taps)
                    weights_tile(&moved, &p, unit, panel, copy, out, add, panel == p0 ? PIXELS_AHEAD : 0,
                                 unit == u0 && !copy ? PIXELS_AHEAD : 0);
            }
    }
}

/* the parts in a fixed tree, and into dw */
static void weights_join_part(void *context, int64_t part, int64_t parts) {
    const struct weights *w = context;
    int64_t rows = w->joined ? w->rows.taps * w->m : 1, count = w->joined ? w->width : w->out_group * w->g.groups, from, to;
    fathom_range(w->joined ? rows : count, w->joined ? 1 : VL, part, parts, &from, &to);
    for (int64_t r = w->joined ? from : 0; r < (w->joined ? to : 1); r++) {
        for (int64_t i = w->joined ? 0 : from; i < (w->joined ? count : to); i += VL) {
            int64_t lanes = least((w->joined ? count : to) - i, VL);
            v sum[SPLITS];
            for (int64_t s = 0; s < w->splits; s++) sum[s] = v_get(w->out + s * w->slot + r * w->out_row + i, lanes);
            for (int64_t h = w->splits / 2; h; h /= 2)
                for (int64_t s = 0; s < h; s++) sum[s] = sum[s] + sum[s + h];
            if (!w->joined) {
                give(w->dw + i, sum[0], w->add, lanes);
                continue;
            }
            for (int64_t x = 0; x < lanes; x++) {
                int64_t at = (i + x) * rows + r;
                if (w->banded) at = ((i + x) % w->g.k * rows + r + 1) * w->g.kw - 1 - (i + x) / w->g.k;
                float *to_dw = w->dw + at;
                *to_dw = w->add ? *to_dw + sum[0][x] : sum[0][x];
            }
        }
    }
}

/* what a form gets: the window of n images as simple as it can be written */
struct weights_call {
    const struct conv_weights_args *a;
    struct window g;
    int64_t n;
    float *scratch;
};

static struct weights_call weights_call(const struct conv_weights_args *a) {
    struct weights_call c = {.a = a, .n = a->n, .scratch = aligned_scratch(a->scratch)};
    c.g = simplified(a->g, &c.n);
    return c;
}

/* ---- a foreign product of patches ---- */

static int is_foreign_weights(const struct weights_call *c) { return patches_fit(&c->a->g); }
static int64_t foreign_weights_floats(const struct weights_call *c) { return patches_floats(&c->a->g); }
static void foreign_weights(const struct weights_call *c) {
    const struct conv_weights_args *a = c->a;
    multiply_patches(&(struct blas_conv){PATCHES_WEIGHTS, .g = &a->g, .n = a->n, .x = a->x, .dy = a->dy, .dw = a->dw, .add = a->add,
                                  .scratch = a->scratch});
}

/* ---- small kernels of stride 1 between many channels ---- */

static int is_winograd_weights(const struct weights_call *c) { return is_winograd(&c->g); }
static int64_t winograd_weights_floats(const struct weights_call *c) {
    return SUM(PRODUCT(16, c->g.k, padded(c->g.c)), winograd_weights_slot(c->g.c, c->g.k));
}
static void run_winograd_weights(const struct weights_call *call) {
    const struct window *g = &call->g;
    struct winograd_weights t = {.g = {.x = call->a->x, .n = call->n, .h = g->h, .w = g->w, .oh = g->oh, .ow = g->ow, .depth = g->c,
                                       .width = g->k, .top = g->top, .left = g->left},
                                 .dy = call->a->dy, .dw = call->a->dw, .du = call->scratch,
                                 .scratch = call->scratch + 16 * g->k * padded(g->c), .add = call->a->add};
    winograd_gradient(&t);
}

/*
 * ---- 1x1 kernels between many channels: where pixels lie far apart, and even more where it is a multiple of 2 KiB, so that those of a
 * tile share a few sets of L1 and L2, it reads as a product does: copies of both sides, or a few pixels at a time ----
 */

static int is_product_weights(const struct weights_call *c) {
    const struct window *g = &c->g;
    int is_product = is_pointwise(g) && g->groups == 1 && !is_joined_sum(g);
    int is_aliased = (g->c % ALIASED_PIXELS == 0 || g->k % ALIASED_PIXELS == 0) && least(g->c, g->k) >= ALIASED_PIXELS / 2;
    int is_wide = VL < 16 && most(g->c, g->k) >= WIDE_PIXELS && least(g->c, g->k) >= 64;
    return is_product && (is_aliased || is_wide) && !is_split_weights(g);
}
static struct gemm_args weights_product(const struct weights_call *c) {
    return (struct gemm_args){.ta = 1, .a = c->a->dy, .b = c->a->x, .c = c->a->dw, .m = c->g.k, .n = c->g.c, .k = c->g.w,
                              .add = c->a->add, .scratch = c->scratch};
}
static int64_t product_weights_floats(const struct weights_call *c) {
    struct gemm_args a = weights_product(c);
    return gemm_scratch(&a);
}
static void product_weights(const struct weights_call *c) {
    struct gemm_args a = weights_product(c);
    gemm_run(&a);
}

/* ---- sums over pixels, whole or in parts that are joined at the end ---- */

static struct weights weights_of(const struct weights_call *c) {
    const struct window *g = &c->g;
    struct weights w = {.g = *g, .x = c->a->x, .dy = c->a->dy, .dw = c->a->dw, .out = c->a->dw, .n = c->n, .add = c->a->add,
                        .splits = 1, .slot = weights_floats(g), .rows = axis_rows(g), .columns = axis_columns(g)};
    w.x_row = g->w * g->c, w.x_image = g->h * w.x_row;
    if (is_split_weights(g) && c->n * g->oh * g->ow >= SPLIT_FROM) w.splits = SPLITS;
    return w;
}

/* What is joined at the end needs its sums beside dw; borders lie behind them. */
static int64_t sums_floats(const struct weights_call *c, int joined, int64_t borders) {
    int64_t copies = is_split_weights(&c->g) ? SPLITS : joined;
    return SUM(PRODUCT(copies, weights_floats(&c->g)), borders);
}
static void weights_run(const struct weights_call *c, struct weights *w, part_fn part, int64_t borders,
                        int64_t units, int64_t panels, double cost) {
    const struct window *g = &c->g;
    float *scratch = c->scratch;
    if (w->joined || w->splits > 1) w->out = scratch, scratch += w->splits * w->slot;
    double nanos = conv_nanos((double)(c->n * g->oh * g->ow), g) * cost;
    int64_t parts = w->splits > 1 ? fathom_parts(nanos, units) : fathom_team(nanos, units * panels);
    w->unit_cuts = grid_rows(units, panels, &parts, MOST_ROW_CUTS);
    if (w->out != w->dw) w->add = 0;
    fathom_parallel_with(part, w, parts, scratch, borders);
    if (w->out == w->dw) return;
    w->add = c->a->add;
    int64_t count = w->joined ? w->rows.taps * w->m : w->out_group * g->groups;
    fathom_parallel(weights_join_part, w, fathom_parts((double)(w->slot * w->splits) / 4, count));
}

static int is_depthwise_weights(const struct weights_call *c) { return is_depthwise(&c->g); }
static int64_t depthwise_weights_floats(const struct weights_call *c) { return sums_floats(c, 1, 0); }
static void depthwise_weights_part(void *context, int64_t part, int64_t parts) {
    const struct weights *w = context;
    int64_t all = w->n * w->g.oh, from, to;
    fathom_range(w->splits > 1 ? w->splits : w->g.c, w->splits > 1 ? 1 : 2 * VL, part, parts, &from, &to);
    if (w->splits == 1) depthwise_sum(w, 0, all, from, to, w->out);
    for (int64_t s = from; s < to && w->splits > 1; s++)
        depthwise_sum(w, all * s / w->splits, all * (s + 1) / w->splits, 0, w->g.c, w->out + s * w->slot);
}
static void depthwise_weights(const struct weights_call *c) {
    struct weights w = weights_of(c);
    w.joined = 1;
    w.m = w.g.kw, w.width = w.g.c, w.out_row = padded(w.g.c);
    weights_run(c, &w, depthwise_weights_part, 0, w.splits > 1 ? w.splits : ceil_div(w.g.c, 2 * VL), 1, DEPTHWISE_COST);
}

static int is_banded_weights(const struct weights_call *c) { return is_banded(&c->g); }
static int64_t banded_weights_floats(const struct weights_call *c) { return sums_floats(c, 1, banded_floats(&c->g)); }
static void banded_weights_part(void *context, int64_t part, int64_t parts) {
    const struct weights *w = context;
    int64_t all = w->n * w->g.oh, from, to;
    fathom_range(w->splits, 1, part, parts, &from, &to);
    for (int64_t s = from; s < to; s++)
        banded_sum(w, all * s / w->splits, all * (s + 1) / w->splits, fathom_own(), w->out + s * w->slot);
}
static void banded_weights(const struct weights_call *c) {
    struct weights w = weights_of(c);
    w.joined = w.banded = 1;
    w.m = 1, w.width = w.g.kw * w.g.k, w.out_row = padded(w.width);
    weights_run(c, &w, banded_weights_part, banded_floats(&w.g), w.splits, 1, 1);
}

static void weights_part(void *context, int64_t part, int64_t parts) {
    const struct weights *w = context;
    float *scratch = w->copied || needs_halo(&w->g) ? fathom_own() : 0;
    int64_t all = weights_positions(w), from, to, p0, p1;
    if (w->splits > 1) {
        fathom_range(w->splits, 1, part, parts, &from, &to);
        for (int64_t s = from; s < to; s++)
            weights_sum(w, all * s / w->splits, all * (s + 1) / w->splits, 0, weights_units(w), 0, panel_count(w->width), scratch,
                        w->out + s * w->slot, 0);
        return;
    }
    fathom_range(weights_units(w), 1, part % w->unit_cuts, w->unit_cuts, &from, &to);
    fathom_range(panel_count(w->width), 1, part / w->unit_cuts, parts / w->unit_cuts, &p0, &p1);
    if (from < to && p0 < p1) weights_sum(w, 0, all, from, to, p0, p1, scratch, w->out, w->add);
}
static void sum_weights(const struct weights_call *c, struct weights *w, int64_t borders) {
    /* a narrow image may as well be read by all threads */
    int64_t panels = w->splits > 1 || w->width < w->m ? 1 : panel_count(w->width);
    weights_run(c, w, weights_part, borders, w->splits > 1 ? w->splits : weights_units(w), panels, 1);
}

static int is_joined_weights(const struct weights_call *c) { return is_joined_sum(&c->g); }
static int64_t joined_weights_floats(const struct weights_call *c) { return sums_floats(c, 1, halo_floats(&c->g)); }
static void joined_weights(const struct weights_call *c) {
    struct weights w = weights_of(c);
    const struct window *g = &w.g;
    w.joined = 1;
    w.columns = (struct axis){.in = halo_width(g), .out = g->ow, .taps = 1, .stride = g->sw, .dilation = 1};
    w.m = g->kw * g->c, w.width = g->k;
    w.out_row = padded(g->k), w.out_tap = w.m * w.out_row;
    sum_weights(c, &w, halo_floats(g));
}

static int is_any_weights(const struct weights_call *c) { return c != 0; }
/*
 * With a stride, pixels that a tap reads share few sets of L1, and few taps read the same: then many tiles read a copy. Measured on AVX2,
 * stride 2: 128 to 256 channels take 0.83 of the time, 256 to 512 of 1x1 0.76; stride 1: a 5x5 kernel 1.1, 32 to 192 of 1x1 1.1.
 */
static int64_t copied_pixels(const struct weights_call *c) {
    const struct window *g = &c->g;
    int fits = c->n * g->oh == 1 || g->ow <= COPIED_PIXELS;
    return VL < 16 && g->groups == 1 && g->sw > 1 && fits && row_tiles(g->k, g->c) >= copying_tiles() ? COPIED_PIXELS : 0;
}
/* a span of whole rows may have a row more */
static int64_t copy_floats(const struct weights_call *c) {
    int64_t pixels = copied_pixels(c);
    return pixels ? (pixels + (c->n * c->g.oh == 1 ? 0 : c->g.ow)) * TILE_VECS * VL : 0;
}
static int64_t plain_weights_floats(const struct weights_call *c) { return sums_floats(c, 0, copy_floats(c)); }
static void plain_weights(const struct weights_call *c) {
    struct weights w = weights_of(c);
    const struct window *g = &w.g;
    w.m = g->k / g->groups, w.width = g->c / g->groups;
    w.out_row = g->kh * g->kw * w.width, w.out_tap = w.width, w.out_group = w.m * w.out_row;
    w.copied = copied_pixels(c);
    sum_weights(c, &w, copy_floats(c));
}

/* ---- the forms, of which the first that applies is taken; the foreign one only while there is a foreign product ---- */

static const struct weights_form {
    int (*applies)(const struct weights_call *);
    int64_t (*floats)(const struct weights_call *);
    void (*run)(const struct weights_call *);
} weights_forms[] = {
    {is_foreign_weights, foreign_weights_floats, foreign_weights},
    {is_winograd_weights, winograd_weights_floats, run_winograd_weights},
    {is_product_weights, product_weights_floats, product_weights},
    {is_depthwise_weights, depthwise_weights_floats, depthwise_weights},
    {is_banded_weights, banded_weights_floats, banded_weights},
    {is_joined_weights, joined_weights_floats, joined_weights},
    {is_any_weights, plain_weights_floats, plain_weights},
};

static const struct weights_form *weights_form(const struct weights_call *c, int foreign) {
    const struct weights_form *f = foreign ? weights_forms : weights_forms + 1;
    while (!f->applies(c)) f++;
    return f;
}

static int is_no_weights(const struct window *g) { return g->k == 0 || g->kh == 0 || g->kw == 0 || g->c == 0; }
static int sums_nothing(const struct conv_weights_args *a) {
    return a->n == 0 || a->g.h == 0 || a->g.w == 0 || a->g.oh == 0 || a->g.ow == 0;
}

/* 16 floats to align, and what the form takes; a foreign product may be chosen or given up later */
static int64_t conv_weights_scratch(const struct conv_weights_args *a) {
    if (!window_fits(&a->g, a->n)) return INT64_MAX;
    if (is_no_weights(&a->g) || sums_nothing(a)) return 0;
    struct weights_call c = weights_call(a);
    return most(SUM(16, weights_form(&c, 0)->floats(&c)), is_foreign_weights(&c) ? foreign_weights_floats(&c) : 0);
}

static int32_t k_conv_weights(const struct conv_weights_args *a, int64_t *detail) {
    (void)detail;
    if (is_no_weights(&a->g)) return FATHOM_OK;
    if (sums_nothing(a)) {
        if (!a->add) memset(a->dw, 0, (size_t)(a->g.k * a->g.kh * a->g.kw * (a->g.c / a->g.groups)) * 4);
        return FATHOM_OK;
    }
    struct weights_call c = weights_call(a);
    weights_form(&c, fathom_sgemm != 0)->run(&c);
    return FATHOM_OK;
}

EXPORT(conv_weights)
EXPORT_SCRATCH(conv_weights, conv_weights_scratch)
