/*
 * Convolutions of images [N, H, W, C] with weights [K, kh, kw, C / groups], not flipped:
 *
 *     conv           y[n, oh, ow, k] = act((sum x[n, oh sh - top + r dh, ow sw - left + s dw, c] w[k, r, s, c] + bias)
 *                                          + residual)
 *     conv_data      dx (+)= its gradient
 *     conv_weights   dw (+)= its gradient
 *
 * Which of the forms below a shape takes is said in conv_shape.h; small kernels of stride 1 between many channels are winograd.h's.
 *
 * No matrix of patches is made. A tile of conv is R neighboring outputs of one row by a panel of channels (tile.h): its left
 * side is the image itself, of which neighboring outputs read elements sw C floats apart, its sweep goes over columns of taps,
 * rows of taps and channels. Taps outside the image are not computed: rows are left out of the sweep, and a column of taps that
 * only some of the R outputs reach is a call for those alone, which adds to what is there. Every output is thus one chain over
 * ascending s, r, c (r, s, c for joined windows) of the taps inside the image, whatever the tile, the block, the thread and the
 * batch.
 *
 * conv_data is the same product: dy is the image, the weights change their roles, and every (row % sh, column % sw) of dx is a
 * phase, a convolution of stride 1 with those taps that reach it. conv_weights multiplies pixels: for each tap dy^T x over the
 * rectangle of outputs for which the tap lies in the image, n, oh and ow ascending, in turned tiles.
 */
#include "depthwise.h"
#include "dots.h"
#include "im2col.h"
#include "planes.h"
#include "winograd.h"

enum {
    FEW_STEPS = 64,            /* of a tile's sum: it takes about as long as memory */
    PIXELS_AHEAD = 32,         /* about as long as memory takes */
};

/* rows of a panel that stay in L2 while the tiles of all outputs pass over it; fewer cost more than L3 */
static int64_t tap_block(void) { return most(l2_floats(10) / (PANEL_GROUP * TILE_VECS * VL), 640); }
/* floats of x and dy that stay in L2 while all tiles of a weight gradient pass over them */
static int64_t span_floats(void) { return most(l2_floats(3), 48 * 1024); }

/* ---- the product of conv and conv_data ---- */

/* taps [r0, r1) x [s0, s1) and channels [d0, d1) of them; outputs full0 .. full1 of a row read all those columns of taps */
struct tap_block {
    int64_t s0, s1, r0, r1, d0, d1, full0, full1;
    int first, last;
};

/* asks for `count` floats of each row to be in L1 */
static inline void prefetch_rows(const float *at, int64_t ld, int64_t rows, int64_t count) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t x = 0; x < count; x += 16) __builtin_prefetch(at + r * ld + x, 1, 3);
}

/* where the elements of a panel begin: right, tap (0, 0) of output (0, 0), and that output; how a tile of it sums */
struct conv_panel {
    int64_t width, count, channel;
    const float *right, *x;
    float *y;
    struct sweep sweep;
};

static int64_t conv_panels(const struct conv *g) { return g->groups * panel_count(g->width); }
/* a row of 7 to 12 outputs is one tile, if need be over half a panel at a time, so that its panels are read once */
static int64_t conv_row_tiles(const struct conv *g) {
    int64_t out = g->columns.out;
    return TILE_VECS == 4 && out > TILE_ROWS && out <= NARROW_ROWS ? 1 : row_tiles(out, g->width);
}
static int64_t conv_tiles(const struct conv *g) { return g->n * g->rows.out * conv_row_tiles(g); }
static int64_t group_floats(const struct conv *g) { return padded(g->width) * g->rows.taps * g->columns.taps * g->depth; }

static struct conv_panel conv_panel(const struct conv *g, const struct tap_block *b, int64_t panel) {
    int64_t in_group = panel_count(g->width), group = panel / in_group, j = panel_start(g->width, panel % in_group);
    int64_t width = panel_start(g->width, panel % in_group + 1) - j;
    return (struct conv_panel){
        .width = width, .count = least(g->width - j, width), .channel = group * g->width + j,
        .right = g->panels + group * group_floats(g) + j * (g->rows.taps * g->columns.taps * g->depth) + b->d0 * width,
        .x = g->x + group * g->x_group + b->d0 - g->rows.before * g->x_row - g->columns.before * g->x_pixel,
        .y = g->y + group * g->y_group + j,
        .sweep = {.outer = b->s1 - b->s0, .depth = b->d1 - b->d0, .a_outer = g->columns.dilation * g->x_pixel,
                  .a_inner = g->rows.dilation * g->x_row, .lda = g->columns.stride * g->x_pixel, .b_outer = g->depth * width,
                  .b_inner = g->columns.taps * g->depth * width, .ldb = width, .ldc = g->y_pixel,
                  .last = last_lanes(g->width - j - (width - VL)), .add = g->add || !b->first,
                  .end = b->last && ends_in_tile(g->finish) ? g->finish : 0}};
}

/*
 * outputs q0 .. q1 of row o of image n, one panel, columns [b.s0, b.s1) of the taps and as many rows from r0 as its sweep has, where
 * some outputs do not read all those columns, no rows are left, or the panel is wider than a tile of so many outputs
 */
static __attribute__((noinline)) void conv_edge(const struct conv *g, const struct tap_block *b, const struct conv_panel *p,
                                                int64_t n, int64_t o, int64_t q0, int64_t q1, int64_t r0) {
    struct sweep s = p->sweep;
    int64_t whole_tile = q0 >= b->full0 && q1 <= b->full1, ends = s.end && s.inner && whole_tile;
    s.end = 0;
    const float *x = p->x + n * g->x_image + (o * g->rows.stride + r0 * g->rows.dilation) * g->x_row;
    const float *right = p->right + r0 * s.b_inner;
    float *y = p->y + n * g->y_image + o * g->y_row;
    for (int64_t t = s.inner ? b->s0 : b->s1, next; t < b->s1; t = next) {
        int64_t from = q0, to = q1;
        next = b->s1;
        if (!whole_tile) {
            axis_outputs(&g->columns, t, q0, q1, &from, &to);
            for (next = t + 1; next < b->s1; next++) { /* the columns that the same outputs read */
                int64_t same, end;
                axis_outputs(&g->columns, next, q0, q1, &same, &end);
                if (same != from || end != to) break;
            }
            if (from == to) continue;
        }
        if (!s.add && (from > q0 || to < q1)) {
            clear_rows(y + q0 * g->y_pixel, g->y_pixel, q1 - q0, p->count);
            s.add = 1;
        }
        s.outer = next - t;
        for (int64_t j = 0, wide; j < p->width; j += wide) {
            wide = to - from > TILE_ROWS ? least(p->width - j, NARROW_VECS * VL) : p->width;
            float *at = y + from * g->y_pixel + j;
            s.last = last_lanes(p->count - j - (wide - VL));
            if (ends) end_tile(&s, g->finish, at, p->channel + j);
            tiles[wide / VL][to - from](&s, x + from * s.lda + t * s.a_outer, right + t * s.b_outer + j, at);
        }
        s.add = 1;
    }
    if (!s.add) clear_rows(y + q0 * g->y_pixel, g->y_pixel, q1 - q0, p->count);
    if (g->finish && b->last && !ends) conv_finish(g, n, o, q0, q1, p->channel, p->channel + p->count);
}

/* the same in one tile */
static inline void conv_tile(const struct conv *g, const struct tap_block *b, struct conv_panel *p, int64_t n, int64_t o,
                             int64_t q0, int64_t q1, int64_t r0) {
    struct sweep *s = &p->sweep;
    float *y = p->y + n * g->y_image + o * g->y_row + q0 * g->y_pixel;
    const float *x = p->x + n * g->x_image + (o * g->rows.stride + r0 * g->rows.dilation) * g->x_row;
    if (s->end) end_tile(s, g->finish, y, p->channel);
    tiles[p->width / VL][q1 - q0](s, x + q0 * s->lda + b->s0 * s->a_outer, p->right + r0 * s->b_inner + b->s0 * s->b_outer, y);
    if (g->finish && b->last && !s->end) conv_finish(g, n, o, q0, q1, p->channel, p->channel + p->count);
}

/* tiles [t0, t1) of the rows of all images by some panels, for one block of taps */
static void conv_block(const struct conv *g, const struct tap_block *b, int64_t t0, int64_t t1, struct conv_panel *panels,
                       int64_t count) {
    int64_t per_row = conv_row_tiles(g), out = g->columns.out, i = t0 % per_row, n = t0 / per_row / g->rows.out;
    int64_t steps = g->rows.taps * g->columns.taps * g->depth, far = g->n * (g->x_image + g->y_image) > l2_floats(16);
    int64_t ahead = g->x_image ? g->columns.stride * g->x_pixel : 0; /* a copy of the image (halo_copy) is near */
    int64_t o = t0 / per_row % g->rows.out, q0 = out * i / per_row, q1, r0, r1;
    axis_taps(&g->rows, o, b->r0, b->r1, &r0, &r1);
    for (int64_t t = t0; t < t1; t++, q0 = q1) {
        if (i == per_row) {
            i = q0 = 0;
            if (++o == g->rows.out) o = 0, n++;
            axis_taps(&g->rows, o, b->r0, b->r1, &r0, &r1);
        }
        q1 = out * ++i / per_row;
        for (struct conv_panel *p = panels; p < panels + count; p++) {
            float *y = p->y + n * g->y_image + o * g->y_row;
            p->sweep.inner = r1 - r0;
            if (far && steps < FEW_STEPS) {
                prefetch_rows(y + q0 * g->y_pixel, g->y_pixel, q1 - q0, p->width);
            } else if (far) {
                p->sweep.left_ahead = p == panels ? ahead * (q1 - q0) : 0;
                p->sweep.next = y + q1 * g->y_pixel;
            }
            int64_t fits = p->width <= NARROW_VECS * VL || q1 - q0 <= TILE_ROWS;
            if (r0 < r1 && q0 >= b->full0 && q1 <= b->full1 && fits) conv_tile(g, b, p, n, o, q0, q1, r0);
            else conv_edge(g, b, p, n, o, q0, q1, r0);
        }
    }
}

/* tiles [t0, t1) of the rows of all images by panels [p0, p1) */
static void conv_multiply(const struct conv *g, int64_t t0, int64_t t1, int64_t p0, int64_t p1) {
    int64_t taps = g->columns.taps, tap_rows = g->rows.taps, column = tap_rows * g->depth;
    int64_t s_cuts = 1, r_cuts = 1, d_cuts = 1, block = tap_block();
    if (column <= block) s_cuts = clamp(ceil_div(taps * column, block), 1, taps);
    else s_cuts = taps, r_cuts = ceil_div(tap_rows, most(block / g->depth, 1)), d_cuts = ceil_div(g->depth, block);
    if (t1 - t0 == 1) s_cuts = r_cuts = d_cuts = 1; /* a panel that one tile uses need not stay in L2 */
    for (int64_t cut = 0, cuts = s_cuts * r_cuts * d_cuts; cut < cuts; cut++) {
        int64_t s = cut / (r_cuts * d_cuts), r = cut / d_cuts % r_cuts, d = cut % d_cuts, ignored;
        struct tap_block b = {.s0 = taps * s / s_cuts, .s1 = taps * (s + 1) / s_cuts, .r0 = tap_rows * r / r_cuts,
                              .r1 = tap_rows * (r + 1) / r_cuts, .d0 = g->depth * d / d_cuts, .d1 = g->depth * (d + 1) / d_cuts,
                              .first = cut == 0, .last = cut == cuts - 1};
        if (b.s0 < b.s1) {
            axis_outputs(&g->columns, b.s0, 0, g->columns.out, &b.full0, &ignored);
            axis_outputs(&g->columns, b.s1 - 1, 0, g->columns.out, &ignored, &b.full1);
        }
        for (int64_t group = p0, count; group < p1; group += count) {
            struct conv_panel panels[PANEL_GROUP];
            count = least(PANEL_GROUP, p1 - group);
            for (int64_t p = 0; p < count; p++) panels[p] = conv_panel(g, &b, group + p);
            conv_block(g, &b, t0, t1, panels, count);
        }
    }
}

/* multiply-adds at half the peak of a common core */
static double conv_nanos(double pixels, const struct window *g) {
    return pixels * (double)(g->k * g->kh * g->kw) * (double)(g->c / g->groups) / (4 * VL);
}

/* ---- scratch ---- */

/* whether the window makes sense, and its images, results and filters have so few values that they can be counted together */
static int window_fits(const struct window *g, int64_t n) {
    const int64_t sides[] = {n, g->h, g->w, g->c, g->oh, g->ow, g->k, g->kh, g->kw, g->top, g->left};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        if (sides[i] < 0) return 0;
    if (g->sh < 1 || g->sw < 1 || g->dh < 1 || g->dw < 1 || g->groups < 1) return 0;
    const int64_t counts[] = {PRODUCT(n, g->h, g->w, g->c), PRODUCT(n, g->oh, g->ow, g->k), PRODUCT(g->k, g->kh, g->kw, g->c / g->groups),
                              SUM(PRODUCT(g->oh, g->sh), PRODUCT(g->kh, g->dh), g->top, g->h),
                              SUM(PRODUCT(g->ow, g->sw), PRODUCT(g->kw, g->dw), g->left, g->w)};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] > (int64_t)1 << 50) return 0;
    return 1;
}

/* 16 floats to align, and what the form of the shape takes; which: 0 conv, 1 conv_data, 2 conv_weights, 3 conv with packed weights */
static int64_t conv_floats(int which, int64_t n, struct window g) {
    if (!window_fits(&g, n)) return INT64_MAX;
    if (!n || !g.oh || !g.ow || !g.k || (which % 3 && !(g.h && g.w && g.c && g.kh && g.kw))) return 0; /* nothing to multiply */
    int64_t patches = which < 3 && patches_fit(&g) ? most(PATCH_FLOATS, patches_row(&g)) : 0; /* for a backend that is chosen later */
    g = simplified(g, &n);
    int64_t depth = g.c / g.groups, width = g.k / g.groups, taps = PRODUCT(g.kh, g.kw), floats = 16;
    if (is_depthwise(&g) && which < 2) floats = SUM(floats, PRODUCT(padded(g.c), taps));
    else if (which == 0) floats = SUM(floats, PRODUCT(g.groups, padded(width), taps, depth));
    else if (which == 1) floats = SUM(floats, PRODUCT(g.groups, padded(depth), taps, width));
    if (is_winograd(&g) && which < 2) floats = SUM(16, winograd_packed(which ? g.k : g.c, which ? g.c : g.k));
    if (is_winograd(&g) && which != 2) floats = SUM(floats, PRODUCT(SLOTS, winograd_slot(which == 1 ? g.k : g.c)));
    if (is_winograd(&g) && which == 2) floats = SUM(floats, PRODUCT(16, g.k, padded(g.c)), PRODUCT(SLOTS, winograd_weights_slot(g.c, g.k)));
    else if (which == 2) floats = SUM(floats, PRODUCT(is_split_weights(&g) ? SPLITS : 1, weights_floats(&g)));
    if (which != 1) floats = SUM(floats, PRODUCT(SLOTS, halo_floats(&g)));
    if (which == 0 || which == 3) floats = SUM(floats, is_planes(&g) ? SUM(PRODUCT(g.k, taps, g.c), 15, PRODUCT(SLOTS, planes_slot(&g))) : 0);
    if (which == 2 && is_banded(&g)) floats = SUM(floats, PRODUCT(SLOTS, banded_floats(&g)));
    return most(floats, patches);
}

/* ---- conv ---- */

/* a row of pixels with its borders: zeros, x, zeros */
static void halo_row(const float *x, int64_t count, int64_t before, float *to, int64_t width) {
    before = least(before, width); /* all of it, if strides step over x */
    int64_t exist = clamp(width - before, 0, count);
    memset(to, 0, (size_t)before * 4);
    memcpy(to + before, x, (size_t)exist * 4);
    memset(to + before + exist, 0, (size_t)(width - before - exist) * 4);
}

/* rows i0 .. i1 of an image of a joined window, to */
static void halo_copy(const struct window *g, const float *image, int64_t i0, int64_t i1, float *to) {
    int64_t width = halo_width(g);
    for (int64_t i = i0; i < i1; i++)
        halo_row(image + i * g->w * g->c, g->w * g->c, g->left * g->c, to + (i - i0) * width * g->c, width * g->c);
}

/* output rows [o0, end) whose input fits the copy, and the input rows i0 .. i1 that they read */
static int64_t halo_end(const struct window *g, int64_t o0, int64_t last, int64_t *i0, int64_t *i1) {
    int64_t rows = 1, end;
    while (halo_rows(g, rows + 1) * halo_width(g) * g->c <= halo_floats(g) && o0 + rows < last) rows++;
    end = o0 + rows;
    *i0 = clamp(o0 * g->sh - g->top, 0, g->h);
    *i1 = clamp((end - 1) * g->sh - g->top + (g->kh - 1) * g->dh + 1, *i0, g->h);
    return end;
}

struct conv_context {
    struct conv conv;
    struct window g;
    const float *w;
    float *panels, *halos;
    int64_t row_cuts;
};

static void conv_pack_part(void *context, int64_t part, int64_t parts) {
    const struct conv_context *c = context;
    int64_t k = c->g.kh * c->g.kw * (c->g.c / c->g.groups), width = c->g.k / c->g.groups, from, to;
    int64_t chunks = ceil_div(k, PACK_ROWS), in_group = panel_count(width);
    fathom_range(c->g.groups * in_group * chunks, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        int64_t group = unit / chunks / in_group, panel = unit / chunks % in_group, k0 = unit % chunks * PACK_ROWS;
        int64_t j = panel_start(width, panel), wide = panel_start(width, panel + 1) - j;
        struct right_side one = {c->w + group * width * k, k, width, 1};
        pack_panel(&one, panel, k0, least(k0 + PACK_ROWS, k), c->panels + (group * padded(width) + j) * k + k0 * wide);
    }
}

static void conv_part(void *context, int64_t part, int64_t parts) {
    const struct conv_context *c = context;
    struct conv g = c->conv;
    int64_t per_row = conv_row_tiles(&g), t0, t1, p0, p1;
    if (g.depthwise) {
        depthwise_rows(&g, part, parts);
        return;
    }
    fathom_range(conv_tiles(&g), 1, part % c->row_cuts, c->row_cuts, &t0, &t1);
    fathom_range(conv_panels(&g), 1, part / c->row_cuts, parts / c->row_cuts, &p0, &p1);
    if (!c->halos) {
        if (t0 < t1 && p0 < p1) conv_multiply(&g, t0, t1, p0, p1);
        return;
    }
    float *halo = c->halos + part * halo_floats(&c->g);
    g.x_row = halo_width(&c->g) * c->g.c;
    g.x_image = 0;
    for (int64_t t = t0, next; t < t1 && p0 < p1; t = next) {
        int64_t image = t / per_row / g.rows.out, o = t / per_row % g.rows.out, i0, i1;
        int64_t end = halo_end(&c->g, o, least(g.rows.out, ceil_div(t1, per_row) - image * g.rows.out), &i0, &i1);
        next = least(t1, (image * g.rows.out + end) * per_row);
        halo_copy(&c->g, c->conv.x + image * c->conv.x_image, i0, i1, halo);
        g.x = halo - i0 * g.x_row;
        conv_multiply(&g, t, next, p0, p1);
    }
}

/* Filters that are packed for this very form: those of Winograd's are of no use to others, and w is there as well. */
static const float *packed_filters(const struct conv_args *a) {
    return a->packed && (!a->w || is_winograd(&a->g)) ? a->packed : 0;
}

static int32_t k_conv(const struct conv_args *a, int64_t *detail) {
    (void)detail;
    int64_t n = a->n;
    if (n == 0 || a->g.oh == 0 || a->g.ow == 0 || a->g.k == 0) return FATHOM_OK;
    int64_t pixels = n * a->g.oh * a->g.ow;
    const float *packed = packed_filters(a);
    struct window g = simplified(a->g, &n);
    int64_t depth = g.c / g.groups, width = g.k / g.groups, k = g.kh * g.kw * depth;
    struct linear_args l = {.bias = a->bias, .residual = a->residual, .pre = a->pre, .y = a->y, .n = g.k, .row = a->row,
                            .p0 = a->p0, .p1 = a->p1};
    struct conv_context c = {.g = g, .w = a->w};
    float *scratch = aligned_scratch(a->scratch);
    c.conv = (struct conv){.rows = axis_rows(&g), .columns = axis_columns(&g), .x = a->x, .y = a->y, .x_image = g.h * g.w * g.c,
                           .x_row = g.w * g.c, .x_pixel = g.c, .x_group = depth, .y_image = g.oh * g.ow * g.k,
                           .y_row = g.ow * g.k, .y_pixel = g.k, .y_group = width, .n = n, .groups = g.groups, .depth = depth,
                           .width = width, .panels = packed};
    if (a->bias || a->residual || a->pre || a->row >= 0) c.conv.finish = &l;
    double nanos = conv_nanos((double)pixels, &g);
    if (fathom_sgemm && a->w && !a->packed && patches_fit(&a->g)) {
        l.m = pixels;
        blas_conv(&(struct blas_conv){PATCHES_CONV, .g = &a->g, .n = a->n, .x = a->x, .w = a->w, .y = a->y, .scratch = a->scratch});
        if (c.conv.finish) fathom_parallel(linear_finish_part, &l, fathom_parts((double)(pixels * g.k), pixels));
        return FATHOM_OK;
    }
    if (is_depthwise(&g)) {
        c.conv.groups = c.conv.depth = c.conv.depthwise = 1;
        c.conv.width = g.c;
        c.conv.panels = scratch;
        for (int64_t tap = 0; tap < k; tap++) depthwise_tap(a->w, k, tap, g.c, scratch + tap * padded(g.c));
        fathom_parallel(conv_part, &c, fathom_parts(nanos * DEPTHWISE_COST, n * g.oh));
        return FATHOM_OK;
    }
    if (is_planes(&g)) {
        struct planes p = {.g = g, .n = n, .x = a->x, .w = scratch, .y = a->y, .finish = c.conv.finish,
                           .scratch = scratch + padded(g.k * k)};
        for (int64_t i = 0; i < g.k * k; i++) { /* w[k][r][s][c], or one panel that holds all of it */
            int64_t channel = i / k, tap = i % k / g.c;
            scratch[channel * k + i % g.c * (k / g.c) + tap] = packed ? packed[i % k * whole(g.k) + channel] : a->w[i];
        }
        fathom_parallel(planes_part, &p, least(fathom_parts(nanos, n * g.oh), SLOTS));
        return FATHOM_OK;
    }
    if (is_winograd(&g)) {
        struct winograd_filters f = {.w = a->w, .u = scratch, .c = g.c, .k = g.k};
        if (!packed) winograd_filter(&f), scratch += winograd_packed(g.c, g.k);
        struct winograd t = {.x = a->x, .u = packed ? packed : f.u, .y = a->y, .scratch = scratch, .n = n, .h = g.h, .w = g.w,
                             .oh = g.oh, .ow = g.ow, .depth = g.c, .width = g.k, .top = g.top, .left = g.left,
                             .finish = c.conv.finish};
        winograd(&t);
        return FATHOM_OK;
    }
    if (!packed) {
        c.panels = scratch;
        c.conv.panels = scratch;
        scratch += g.groups * padded(width) * k;
        int64_t units = g.groups * panel_count(width) * ceil_div(k, PACK_ROWS);
        if (units) fathom_parallel(conv_pack_part, &c, least(fathom_parts(nanos, units), units));
    }
    if (is_joined(&g)) { /* columns of taps that never leave the row, as one */
        if (needs_halo(&g)) c.halos = scratch;
        c.conv.depth = g.kw * g.c;
        c.conv.columns = (struct axis){.in = halo_width(&g), .out = g.ow, .taps = 1, .stride = g.sw, .dilation = 1};
    }
    int64_t parts = fathom_parts(nanos, conv_tiles(&c.conv) * conv_panels(&c.conv));
    if (c.halos) parts = least(parts, SLOTS);
    c.row_cuts = conv_row_cuts(conv_tiles(&c.conv), conv_panels(&c.conv), parts);
    fathom_parallel(conv_part, &c, parts);
    return FATHOM_OK;
}

static int32_t k_winograd_pack(const struct winograd_pack_args *a, int64_t *detail) {
    (void)detail;
    winograd_filter(&(struct winograd_filters){.w = a->w, .u = a->packed, .c = a->k / 16, .k = a->n});
    return FATHOM_OK;
}

/* ---- conv_data ---- */

/* the largest number that divides both stride and dilation */
static int64_t common_divisor(const struct axis *a) {
    int64_t gcd = a->stride;
    for (int64_t rest = a->dilation; rest;) {
        int64_t next = gcd % rest;
        gcd = rest, rest = next;
    }
    return gcd;
}

/* phase b of dx along an axis: position b + i stride reads output i + u dilation - before with tap `last` - u step */
static struct axis phase_axis(const struct axis *a, int64_t b, int64_t *last, int64_t *step) {
    int64_t stride = a->stride, first = 0, gcd = common_divisor(a);
    *step = stride / gcd;
    while (first < *step && first < a->taps && (first * a->dilation - a->before - b) % stride) first++;
    int64_t taps = first < *step ? most(ceil_div(a->taps - first, *step), 0) : 0;
    *last = first + (taps - 1) * *step;
    return (struct axis){.in = a->out, .out = most(ceil_div(a->in - b, stride), 0), .taps = taps, .stride = 1,
                         .dilation = a->dilation / gcd, .before = taps ? (*last * a->dilation - b - a->before) / stride : 0};
}

/* how many taps are those of the phases before this one; every step-th is of the same phase */
static int64_t taps_before(const struct axis *a, int64_t phase) {
    int64_t count = 0, step = a->stride / common_divisor(a);
    for (int64_t t = 0; t < least(a->taps, step) && phase > 0; t++) {
        int64_t of = (t * a->dilation - a->before) % a->stride;
        if ((of < 0 ? of + a->stride : of) < phase) count += ceil_div(a->taps - t, step);
    }
    return count;
}

/* phases of a row that have a place in x */
static int64_t data_columns(const struct window *g) { return least(g->sw, g->w); }
static int64_t data_phases(const struct window *g) { return least(g->sh, g->h) * data_columns(g); }

struct data_context {
    struct window g;
    struct conv conv; /* what all phases share */
    const float *w;
    float *panels;
    int64_t parts, row_cuts;
};

/* the product of a phase, and where its panels begin: phases one after the other, each has its own taps */
static struct conv data_phase(const struct data_context *c, int64_t phase, int64_t *last_row, int64_t *row_step,
                              int64_t *last_column, int64_t *column_step) {
    struct axis rows = axis_rows(&c->g), columns = axis_columns(&c->g);
    struct conv g = c->conv;
    int64_t a = phase / data_columns(&c->g), b = phase % data_columns(&c->g);
    g.rows = phase_axis(&rows, a, last_row, row_step);
    int64_t before = taps_before(&rows, a) * columns.taps + taps_before(&columns, b) * g.rows.taps;
    g.columns = phase_axis(&columns, b, last_column, column_step);
    g.panels = c->panels + before * g.groups * padded(g.width) * g.depth;
    g.y += a * c->g.w * c->g.c + b * c->g.c;
    return g;
}

/* Each unit is a tap of a panel: its rows are rows of w, channels of one tap. */
static void data_pack_part(void *context, int64_t part, int64_t parts) {
    const struct data_context *c = context;
    int64_t in_group = c->conv.depthwise || c->conv.dots ? 1 : panel_count(c->conv.width);
    int64_t taps = c->g.kh * c->g.kw, from, to, unit = 0;
    fathom_range(c->conv.groups * in_group * taps, 1, part, parts, &from, &to);
    for (int64_t phase = 0; phase < data_phases(&c->g) && unit < to; phase++) {
        int64_t last_row, row_step, last_column, column_step;
        struct conv g = data_phase(c, phase, &last_row, &row_step, &last_column, &column_step);
        int64_t phase_taps = g.rows.taps * g.columns.taps, count = g.groups * in_group * phase_taps;
        for (int64_t i = most(from - unit, 0); i < least(to - unit, count); i++) {
            int64_t group = i / phase_taps / in_group, panel = i / phase_taps % in_group, tap = i % phase_taps;
            int64_t r = last_row - tap / g.columns.taps * row_step, s = last_column - tap % g.columns.taps * column_step;
            int64_t j = panel_start(g.width, panel), wide = panel_start(g.width, panel + 1) - j;
            if (g.depthwise) {
                depthwise_tap(c->w, taps, r * c->g.kw + s, g.width, (float *)g.panels + tap * padded(g.width));
                continue;
            }
            if (g.dots) {
                dots_tap(c->w, taps, r * c->g.kw + s, g.width, g.depth, (float *)g.panels + tap * dots_stride(&g));
                continue;
            }
            struct right_side one = {c->w + (group * g.depth * taps + r * c->g.kw + s) * g.width, taps * g.width, g.width, 0};
            float *panels = (float *)g.panels + group * group_floats(&g) + j * phase_taps * g.depth;
            pack_panel(&one, panel, 0, g.depth, panels + tap * g.depth * wide);
        }
        unit += count;
    }
}

static void data_part(void *context, int64_t part, int64_t parts) {
    const struct data_context *c = context;
    for (int64_t phase = 0; phase < data_phases(&c->g); phase++) {
        int64_t ignored, t0, t1, p0, p1;
        struct conv g = data_phase(c, phase, &ignored, &ignored, &ignored, &ignored);
        if (g.depthwise || g.dots) {
            if (g.dots) dots_rows(&g, part, parts);
            else depthwise_rows(&g, part, parts);
            continue;
        }
        fathom_range(conv_tiles(&g), 1, part % c->row_cuts, c->row_cuts, &t0, &t1);
        fathom_range(conv_panels(&g), 1, part / c->row_cuts, parts / c->row_cuts, &p0, &p1);
        if (t0 < t1 && p0 < p1) conv_multiply(&g, t0, t1, p0, p1);
    }
}

static int32_t k_conv_data(const struct conv_data_args *a, int64_t *detail) {
    (void)detail;
    int64_t n = a->n, ignored;
    if (n == 0 || a->g.h == 0 || a->g.w == 0 || a->g.c == 0) return FATHOM_OK;
    if (a->g.oh == 0 || a->g.ow == 0 || a->g.k == 0 || a->g.kh == 0 || a->g.kw == 0) { /* nothing flows back */
        if (!a->add) memset(a->dx, 0, (size_t)(n * a->g.h * a->g.w * a->g.c) * 4);
        return FATHOM_OK;
    }
    struct data_context c = {.g = simplified(a->g, &n), .w = a->w, .panels = aligned_scratch(a->scratch)};
    const struct window *g = &c.g;
    if (fathom_sgemm && patches_fit(&a->g)) {
        blas_conv(&(struct blas_conv){PATCHES_DATA, .g = &a->g, .n = a->n, .w = a->w, .dy = a->dy, .dx = a->dx, .add = a->add,
                                      .scratch = a->scratch});
        return FATHOM_OK;
    }
    if (is_winograd(g)) {
        struct winograd_filters f = {.w = a->w, .u = c.panels, .c = g->c, .k = g->k, .turned = 1};
        winograd_filter(&f);
        struct winograd t = {.x = a->dy, .u = f.u, .y = a->dx, .scratch = f.u + winograd_packed(g->k, g->c), .n = n, .h = g->oh,
                             .w = g->ow, .oh = g->h, .ow = g->w, .depth = g->k, .width = g->c, .top = 2 - g->top,
                             .left = 2 - g->left, .add = a->add};
        winograd(&t);
        return FATHOM_OK;
    }
    int64_t groups = is_depthwise(g) ? 1 : g->groups, depth = g->k / g->groups, width = g->c / groups;
    int by_rows = is_depthwise(g) || is_dots(g);
    int64_t units = (by_rows ? 1 : groups * panel_count(width)) * g->kh * g->kw;
    c.conv = (struct conv){.x = a->dy, .y = a->dx, .x_image = g->oh * g->ow * g->k, .x_row = g->ow * g->k, .x_pixel = g->k,
                           .x_group = depth, .y_image = g->h * g->w * g->c, .y_row = g->sh * g->w * g->c, .y_pixel = g->sw * g->c,
                           .y_group = width, .n = n, .groups = groups, .depth = depth, .width = width, .add = a->add,
                           .depthwise = is_depthwise(g), .dots = is_dots(g)};
    double nanos = conv_nanos((double)(n * g->oh * g->ow), g);
    if (units) fathom_parallel(data_pack_part, &c, least(fathom_parts(nanos, units), units));
    struct conv first = data_phase(&c, 0, &ignored, &ignored, &ignored, &ignored);
    int64_t tiles = by_rows ? n * first.rows.out : conv_tiles(&first), panels = by_rows ? 1 : conv_panels(&first);
    int64_t parts = fathom_parts(c.conv.depthwise ? nanos * DEPTHWISE_COST : nanos, tiles * panels);
    c.row_cuts = conv_row_cuts(tiles, panels, parts);
    fathom_parallel(data_part, &c, parts);
    return FATHOM_OK;
}

/* ---- conv_weights ---- */

/* outputs q0 .. q1 of rows o0 .. o1 of images n0 .. n1 */
struct span {
    int64_t n0, n1, o0, o1, q0, q1;
};

static int64_t weights_units(const struct weights *w) {
    return w->g.groups * row_tiles(w->m, w->width) * w->rows.taps * w->columns.taps;
}

/* x_ahead, dy_ahead: how many pixels further what is read soon lies, 0 where it was read just now */
static void weights_tile(const struct weights *w, const struct span *p, int64_t unit, int64_t panel, float *out, int64_t add,
                         int64_t x_ahead, int64_t dy_ahead) {
    int64_t taps = w->rows.taps * w->columns.taps, tap = unit % taps, r = tap / w->columns.taps, t = tap % w->columns.taps;
    int64_t count = row_tiles(w->m, w->width), tile = unit / taps % count, group = unit / taps / count;
    int64_t i = w->m * tile / count, height = w->m * (tile + 1) / count - i;
    int64_t j = panel_start(w->width, panel), width = panel_start(w->width, panel + 1) - j, exist = least(w->width - j, width);
    int64_t o0, o1, q0, q1, x_pixel = w->g.c, y_row = w->g.ow * w->g.k, y_image = w->g.oh * y_row;
    axis_outputs(&w->rows, r, p->o0, p->o1, &o0, &o1);
    axis_outputs(&w->columns, t, p->q0, p->q1, &q0, &q1);
    out += group * w->out_group + tap * w->out_tap + i * w->out_row + j;
    if (o0 == o1 || q0 == q1) {
        if (!add) clear_rows(out, w->out_row, height, exist);
        return;
    }
    const float *x = w->x + p->n0 * w->x_image + (o0 * w->rows.stride + r * w->rows.dilation - w->rows.before) * w->x_row
                     + (q0 * w->columns.stride + t * w->columns.dilation - w->columns.before) * x_pixel;
    const float *dy = w->dy + p->n0 * y_image + o0 * y_row + q0 * w->g.k;
    int64_t x_inner = w->rows.stride * w->x_row, x_step = w->columns.stride * x_pixel;
    struct sweep s = {.outer = p->n1 - p->n0, .inner = o1 - o0, .depth = q1 - q0, .ldc = w->out_row, .add = add,
                      .last = last_lanes(exist - (width - VL))};
    if (w->joined) {
        s.a_outer = w->x_image, s.a_inner = x_inner, s.lda = x_step, s.b_outer = y_image, s.b_inner = y_row, s.ldb = w->g.k;
        turned_tiles[width / VL][height](&s, x + i, dy + j, out);
    } else {
        s.a_outer = y_image, s.a_inner = y_row, s.lda = w->g.k, s.b_outer = w->x_image, s.b_inner = x_inner, s.ldb = x_step;
        s.left_ahead = dy_ahead * s.lda, s.right_ahead = x_ahead * s.ldb;
        turned_tiles[width / VL][height](&s, dy + group * w->m + i, x + group * w->width + j, out);
    }
}

static int64_t weights_positions(const struct weights *w) {
    int64_t rows = w->n * w->rows.out;
    return rows == 1 ? w->columns.out : rows;
}

/*
 * The rows u .. of all images (or the outputs u .. where there is one row only) that make the next span, whole images where they
 * are small; returns where it ends. With a halo the span reads a copy of its rows.
 */
static int64_t next_span(const struct weights *w, int64_t u, int64_t end, struct span *p, float *halo, struct weights *moved) {
    int64_t oh = w->rows.out, ow = w->columns.out, n = u / oh, o = u % oh;
    int64_t pixels = span_floats() / (w->joined ? w->g.c + w->g.k : least(w->m, 64) + least(w->width, 64));
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
                        float *halo, float *out, int64_t add) {
    struct weights moved = *w;
    struct span p;
    for (int64_t u = from, empty = from == to; u < to || empty; add = 1, empty = 0) {
        if (empty) p = (struct span){0}; /* nothing to sum is zero */
        else u = next_span(w, u, to, &p, halo, &moved);
        for (int64_t panel = p0; panel < p1; panel++)
            for (int64_t unit = u0; unit < u1; unit++)
                weights_tile(&moved, &p, unit, panel, out, add, unit == u0 ? PIXELS_AHEAD : 0, panel == p0 ? PIXELS_AHEAD : 0);
    }
}

static void weights_part(void *context, int64_t part, int64_t parts) {
    const struct weights *w = context;
    float *halo = w->halos ? w->halos + part * halo_floats(&w->g) : 0;
    int64_t all = is_depthwise(&w->g) ? w->n * w->g.oh : weights_positions(w), from, to;
    if (is_depthwise(&w->g)) {
        fathom_range(w->splits > 1 ? w->splits : w->g.c, w->splits > 1 ? 1 : 2 * VL, part, parts, &from, &to);
        if (w->splits == 1) depthwise_sum(w, 0, all, from, to, w->out);
        for (int64_t s = from; s < to && w->splits > 1; s++)
            depthwise_sum(w, all * s / w->splits, all * (s + 1) / w->splits, 0, w->g.c, w->out + s * w->slot);
    } else if (w->banded) {
        fathom_range(w->splits, 1, part, parts, &from, &to);
        all = w->n * w->g.oh;
        for (int64_t s = from; s < to; s++)
            banded_sum(w, all * s / w->splits, all * (s + 1) / w->splits, w->halos + part * banded_floats(&w->g),
                       w->out + s * w->slot);
    } else if (w->splits > 1) {
        fathom_range(w->splits, 1, part, parts, &from, &to);
        for (int64_t s = from; s < to; s++)
            weights_sum(w, all * s / w->splits, all * (s + 1) / w->splits, 0, weights_units(w), 0, panel_count(w->width), halo,
                        w->out + s * w->slot, 0);
    } else {
        int64_t p0, p1;
        fathom_range(weights_units(w), 1, part % w->unit_cuts, w->unit_cuts, &from, &to);
        fathom_range(panel_count(w->width), 1, part / w->unit_cuts, parts / w->unit_cuts, &p0, &p1);
        if (from < to && p0 < p1) weights_sum(w, 0, all, from, to, p0, p1, halo, w->out, w->add);
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

static int32_t k_conv_weights(const struct conv_weights_args *a, int64_t *detail) {
    (void)detail;
    int64_t n = a->n;
    if (a->g.k == 0 || a->g.kh == 0 || a->g.kw == 0 || a->g.c == 0) return FATHOM_OK;
    if (n == 0 || a->g.h == 0 || a->g.w == 0 || a->g.oh == 0 || a->g.ow == 0) {
        if (!a->add) memset(a->dw, 0, (size_t)(a->g.k * a->g.kh * a->g.kw * (a->g.c / a->g.groups)) * 4);
        return FATHOM_OK;
    }
    struct weights w = {.g = simplified(a->g, &n), .x = a->x, .dy = a->dy, .dw = a->dw, .out = a->dw, .n = n, .add = a->add,
                        .splits = 1};
    const struct window *g = &w.g;
    if (fathom_sgemm && patches_fit(&a->g)) {
        blas_conv(&(struct blas_conv){PATCHES_WEIGHTS, .g = &a->g, .n = a->n, .x = a->x, .dy = a->dy, .dw = a->dw, .add = a->add,
                                      .scratch = a->scratch});
        return FATHOM_OK;
    }
    float *scratch = aligned_scratch(a->scratch);
    if (is_winograd(g)) {
        struct winograd_weights t = {.g = {.x = a->x, .n = n, .h = g->h, .w = g->w, .oh = g->oh, .ow = g->ow, .depth = g->c,
                                           .width = g->k, .top = g->top, .left = g->left},
                                     .dy = a->dy, .dw = a->dw, .du = scratch, .scratch = scratch + 16 * g->k * padded(g->c),
                                     .add = a->add};
        winograd_weights(&t);
        return FATHOM_OK;
    }
    w.x_row = g->w * g->c, w.x_image = g->h * w.x_row;
    w.rows = axis_rows(g), w.columns = axis_columns(g);
    w.banded = is_banded(g);
    w.joined = is_joined(g) || is_depthwise(g);
    w.slot = weights_floats(g);
    if (is_depthwise(g)) {
        w.m = g->kw, w.width = g->c, w.out_row = padded(g->c);
    } else if (w.banded) {
        w.m = 1, w.width = g->kw * g->k, w.out_row = padded(w.width);
    } else if (w.joined) {
        w.columns = (struct axis){.in = halo_width(g), .out = g->ow, .taps = 1, .stride = g->sw, .dilation = 1};
        w.m = g->kw * g->c, w.width = g->k;
        w.out_row = padded(g->k), w.out_tap = w.m * w.out_row;
    } else {
        w.m = g->k / g->groups, w.width = g->c / g->groups;
        w.out_row = g->kh * g->kw * w.width, w.out_tap = w.width, w.out_group = w.m * w.out_row;
    }
    if (is_split_weights(g) && n * g->oh * g->ow >= SPLIT_FROM) w.splits = SPLITS;
    if (w.joined || w.splits > 1) w.out = scratch, scratch += w.splits * w.slot;
    if (needs_halo(g) || w.banded) w.halos = scratch;
    int64_t units = w.splits > 1 || w.banded ? w.splits : is_depthwise(g) ? ceil_div(g->c, 2 * VL) : weights_units(&w);
    /* a narrow image may as well be read by all threads */
    int64_t panels = w.splits > 1 || w.banded || is_depthwise(g) || w.width < w.m ? 1 : panel_count(w.width);
    double nanos = conv_nanos((double)(n * g->oh * g->ow), g) * (is_depthwise(g) ? DEPTHWISE_COST : 1);
    int64_t parts = fathom_parts(nanos, w.halos ? least(units * panels, SLOTS) : units * panels);
    w.unit_cuts = conv_row_cuts(units, panels, parts);
    if (w.out != a->dw) w.add = 0;
    fathom_parallel(weights_part, &w, parts);
    if (w.out == a->dw) return FATHOM_OK;
    w.add = a->add;
    int64_t count = w.joined ? w.rows.taps * w.m : w.out_group * g->groups;
    fathom_parallel(weights_join_part, &w, fathom_parts((double)(w.slot * w.splits) / 4, count));
    return FATHOM_OK;
}

static int64_t conv_scratch(const struct conv_args *a) { return conv_floats(packed_filters(a) ? 3 : 0, a->n, a->g); }
static int64_t conv_data_scratch(const struct conv_data_args *a) { return conv_floats(1, a->n, a->g); }
static int64_t conv_weights_scratch(const struct conv_weights_args *a) { return conv_floats(2, a->n, a->g); }

EXPORT(conv)
EXPORT_SCRATCH(conv, conv_scratch)
EXPORT(winograd_pack)
EXPORT(conv_data)
EXPORT_SCRATCH(conv_data, conv_data_scratch)
EXPORT(conv_weights)
EXPORT_SCRATCH(conv_weights, conv_weights_scratch)
