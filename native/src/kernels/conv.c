/*
 * y[n, oh, ow, k] = act((sum x[n, oh sh - top + r dh, ow sw - left + s dw, c] w[k, r, s, c] + bias) + residual) for images [N, H, W, C] and
 * weights [K, kh, kw, C / groups], not flipped. Its forms are in a table at the end, and the first that applies computes a shape.
 */
#include "conv_product.h"
#include "depthwise.h"
#include "gemm.h"
#include "halo.h"
#include "im2col.h"
#include "planes.h"
#include "winograd.h"

/* Filters that are packed for this very form: those of Winograd's are of no use to others, and w is there as well. */
static const float *packed_filters(const struct conv_args *a) {
    return a->packed && (!a->w || is_winograd(&a->g)) ? a->packed : 0;
}

/* what a form gets: the window of n images as simple as it can be written, and what ends every output */
struct conv_call {
    const struct conv_args *a;
    struct window g;
    int64_t n, ld; /* floats from a pixel of y to the next */
    const float *packed;
    struct linear_args end;
    float *scratch;
};

static struct conv_call conv_call(const struct conv_args *a) {
    struct conv_call c = {.a = a, .n = a->n, .ld = a->ld ? a->ld : a->g.k, .packed = packed_filters(a),
                          .scratch = aligned_scratch(a->scratch)};
    c.g = simplified(a->g, &c.n);
    c.end = (struct linear_args){LINEAR_END(a), .n = c.ld};
    return c;
}

static int64_t conv_pixels(const struct conv_call *c) { return c->n * c->g.oh * c->g.ow; }
static const struct linear_args *conv_end(const struct conv_call *c) {
    const struct conv_args *a = c->a;
    return a->bias || a->residual || a->pre || a->row >= 0 ? &c->end : 0;
}

/* for fathom_parts: the sums, which cost so many times those of tiles, and what follows them */
static double call_nanos(const struct conv_call *c, double cost) {
    return conv_nanos((double)conv_pixels(c), &c->g) * cost + end_nanos(conv_end(c), conv_pixels(c) * c->g.k);
}

/* ---- a foreign product of patches ---- */

static int is_foreign_conv(const struct conv_call *c) {
    return c->a->w && !c->a->packed && c->ld == c->g.k && patches_fit(&c->a->g);
}
static int64_t foreign_conv_floats(const struct conv_call *c) { return patches_floats(&c->a->g); }
static void foreign_conv(struct conv_call *c) {
    const struct conv_args *a = c->a;
    int64_t pixels = conv_pixels(c);
    c->end.m = pixels;
    multiply_patches(&(struct blas_conv){PATCHES_CONV, .g = &a->g, .n = a->n, .x = a->x, .w = a->w, .y = a->y, .scratch = a->scratch});
    if (conv_end(c)) fathom_parallel(linear_finish_part, &c->end, fathom_parts((double)(pixels * c->g.k), pixels));
}

/* ---- products of tiles ---- */

struct conv_context {
    struct conv conv;
    struct window g;
    const float *w;
    float *panels;
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
    fathom_range(conv_tiles(&g), 1, part % c->row_cuts, c->row_cuts, &t0, &t1);
    fathom_range(conv_panels(&g), 1, part / c->row_cuts, parts / c->row_cuts, &p0, &p1);
    if (!needs_halo(&c->g)) {
        if (t0 < t1 && p0 < p1) conv_multiply(&g, t0, t1, p0, p1);
        return;
    }
    float *halo = fathom_own();
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

static struct conv_context conv_context(const struct conv_call *c) {
    const struct window *g = &c->g;
    int64_t depth = g->c / g->groups, width = g->k / g->groups;
    return (struct conv_context){
        .g = *g, .w = c->a->w,
        .conv = {.rows = axis_rows(g), .columns = axis_columns(g), .x = c->a->x, .y = c->a->y, .x_image = g->h * g->w * g->c,
                 .x_row = g->w * g->c, .x_pixel = g->c, .x_group = depth, .y_image = g->oh * g->ow * c->ld, .y_row = g->ow * c->ld,
                 .y_pixel = c->ld, .y_group = width, .n = c->n, .groups = g->groups, .depth = depth, .width = width,
                 .panels = c->packed, .finish = conv_end(c)}};
}

/* the panels of all filters, which lie in front of what else the scratch holds */
static int64_t panels_floats(const struct conv_call *c) {
    const struct window *g = &c->g;
    return c->packed ? 0 : PRODUCT(g->groups, padded(g->k / g->groups), g->kh, g->kw, g->c / g->groups);
}
static void conv_run(const struct conv_call *call, struct conv_context *c) {
    const struct window *g = &c->g;
    double nanos = call_nanos(call, 1);
    if (!call->packed) {
        c->panels = call->scratch;
        c->conv.panels = call->scratch;
        int64_t units = g->groups * panel_count(g->k / g->groups) * ceil_div(g->kh * g->kw * (g->c / g->groups), PACK_ROWS);
        if (units) fathom_parallel(conv_pack_part, c, least(fathom_parts(nanos, units), units));
    }
    int64_t parts = fathom_parts(nanos, conv_tiles(&c->conv) * conv_panels(&c->conv));
    c->row_cuts = conv_cuts(&c->conv, &parts);
    fathom_parallel_with(conv_part, c, parts, call->scratch + panels_floats(call), halo_floats(g));
}

static int is_any_conv(const struct conv_call *c) { return c != 0; }
static void plain_conv(struct conv_call *call) {
    struct conv_context c = conv_context(call);
    conv_run(call, &c);
}

/* columns of taps that never leave the row, as one */
static int is_joined_conv(const struct conv_call *c) { return is_joined(&c->g); }
static int64_t joined_conv_floats(const struct conv_call *c) { return SUM(panels_floats(c), halo_floats(&c->g)); }
static void joined_conv(struct conv_call *call) {
    struct conv_context c = conv_context(call);
    c.conv.depth = c.g.kw * c.g.c;
    c.conv.columns = (struct axis){.in = halo_width(&c.g), .out = c.g.ow, .taps = 1, .stride = c.g.sw, .dilation = 1};
    conv_run(call, &c);
}

/* ---- each channel by itself ---- */

static int is_depthwise_conv(const struct conv_call *c) { return is_depthwise(&c->g); }
static int64_t depthwise_conv_floats(const struct conv_call *c) { return c->packed ? 0 : PRODUCT(padded(c->g.c), c->g.kh, c->g.kw); }
static void depthwise_conv(struct conv_call *call) {
    struct conv c = conv_context(call).conv;
    c.groups = c.depth = c.depthwise = 1;
    c.width = call->g.c;
    if (!call->packed) {
        depthwise_pack(call->a->w, call->g.kh * call->g.kw, c.width, call->scratch);
        c.panels = call->scratch;
    }
    double nanos = call_nanos(call, DEPTHWISE_COST);
    fathom_parallel(depthwise_rows, &c, fathom_parts(nanos, call->n * call->g.oh));
}

/* ---- few channels ---- */

static int is_planes_conv(const struct conv_call *c) { return is_planes(&c->g); }
static int64_t planes_conv_floats(const struct conv_call *c) { return SUM(planes_filters(&c->g), planes_slot(&c->g)); }
static void planes_conv(struct conv_call *call) {
    const struct window *g = &call->g;
    int64_t taps = g->kh * g->kw, k = taps * g->c, line = whole(g->k);
    struct planes p = {.g = *g, .n = call->n, .ldy = call->ld, .x = call->a->x, .w = call->scratch, .y = call->a->y,
                       .finish = conv_end(call)};
    const float *packed = call->packed; /* w[k][r][s][c], or one panel that holds all of it */
    for (int64_t channel = 0; channel < g->k; channel++)
        for (int64_t tap = 0; tap < taps; tap++)
            for (int64_t c = 0, i = tap * g->c; c < g->c; c++, i++)
                call->scratch[channel * k + c * taps + tap] = packed ? packed[i * line + channel] : call->a->w[channel * k + i];
    double nanos = call_nanos(call, 1);
    fathom_parallel_with(planes_part, &p, fathom_parts(nanos, call->n * g->oh), call->scratch + planes_filters(g), planes_slot(g));
}

/* ---- 1x1 kernels: a product of matrices ---- */

static int is_product_conv(const struct conv_call *c) { return is_pointwise(&c->g) && c->g.groups == 1 && c->ld == c->g.k; }
static struct linear_args conv_product(const struct conv_call *c) {
    const struct conv_args *a = c->a;
    return (struct linear_args){LINEAR_END(a), .x = a->x, .w = a->w, .packed = c->packed ? a->packed : 0, .m = c->g.w, .n = c->g.k,
                                .k = c->g.c, .scratch = c->scratch};
}
static int64_t product_conv_floats(const struct conv_call *c) {
    struct linear_args a = conv_product(c);
    return linear_scratch(&a);
}
static void product_conv(struct conv_call *c) {
    struct linear_args a = conv_product(c);
    linear_run(&a);
}

/* ---- small kernels of stride 1 between many channels ---- */

static int is_winograd_conv(const struct conv_call *c) { return is_winograd(&c->g); }
static int64_t winograd_filters_floats(const struct conv_call *c) { return c->packed ? 0 : winograd_packed(c->g.c, c->g.k); }
static int64_t winograd_conv_floats(const struct conv_call *c) {
    return SUM(winograd_filters_floats(c), winograd_slot(c->g.c));
}
static void winograd_conv(struct conv_call *call) {
    const struct window *g = &call->g;
    struct winograd_filters f = {.w = call->a->w, .u = call->scratch, .c = g->c, .k = g->k};
    if (!call->packed) winograd_filter(&f);
    struct winograd t = {.x = call->a->x, .u = call->packed ? call->packed : f.u, .y = call->a->y,
                         .scratch = call->scratch + winograd_filters_floats(call), .n = call->n, .h = g->h, .w = g->w, .oh = g->oh,
                         .ow = g->ow, .depth = g->c, .width = g->k, .ldy = call->ld, .top = g->top, .left = g->left,
                         .finish = conv_end(call)};
    winograd_images(&t);
}

/* ---- the forms, of which the first that applies is taken; the foreign one only while there is a foreign product ---- */

static const struct conv_form {
    int (*applies)(const struct conv_call *);
    int64_t (*floats)(const struct conv_call *);
    void (*run)(struct conv_call *);
} conv_forms[] = {
    {is_foreign_conv, foreign_conv_floats, foreign_conv},
    {is_depthwise_conv, depthwise_conv_floats, depthwise_conv},
    {is_planes_conv, planes_conv_floats, planes_conv},
    {is_winograd_conv, winograd_conv_floats, winograd_conv},
    {is_product_conv, product_conv_floats, product_conv},
    {is_joined_conv, joined_conv_floats, joined_conv},
    {is_any_conv, panels_floats, plain_conv},
};

static const struct conv_form *conv_form(const struct conv_call *c, int foreign) {
    const struct conv_form *f = foreign ? conv_forms : conv_forms + 1;
    while (!f->applies(c)) f++;
    return f;
}

/* 16 floats to align, and what the form takes; a foreign product may be chosen or given up later */
static int64_t conv_scratch(const struct conv_args *a) {
    if (!window_fits(&a->g, a->n)) return INT64_MAX;
    if (has_no_outputs(&a->g, a->n)) return 0;
    struct conv_call c = conv_call(a);
    return most(SUM(16, conv_form(&c, 0)->floats(&c)), is_foreign_conv(&c) ? foreign_conv_floats(&c) : 0);
}

static int32_t k_conv(const struct conv_args *a, int64_t *detail) {
    (void)detail;
    if (has_no_outputs(&a->g, a->n)) return FATHOM_OK;
    struct conv_call c = conv_call(a);
    conv_form(&c, fathom_sgemm != 0)->run(&c);
    return FATHOM_OK;
}

static int32_t k_winograd_pack(const struct winograd_pack_args *a, int64_t *detail) {
    (void)detail;
    winograd_filter(&(struct winograd_filters){.w = a->w, .u = a->packed, .c = a->k / 16, .k = a->n});
    return FATHOM_OK;
}

static int32_t k_depthwise_pack(const struct depthwise_pack_args *a, int64_t *detail) {
    (void)detail;
    depthwise_pack(a->w, a->k, a->n, a->packed);
    return FATHOM_OK;
}

EXPORT(conv)
EXPORT_SCRATCH(conv, conv_scratch)
EXPORT(winograd_pack)
EXPORT(depthwise_pack)
