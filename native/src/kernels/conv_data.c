/*
 * dx (+)= the gradient of conv's x, also the forward of a transposed convolution. It is the product of conv: dy is the image, the weights
 * change their roles, and every (row % sh, column % sw) of dx is a phase, a convolution of stride 1 with those taps that reach it.
 */
#include "conv_product.h"
#include "columns.h"
#include "depthwise.h"
#include "gemm.h"
#include "im2col.h"
#include "winograd.h"

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

/* Each unit is a tap of some rows of a panel: rows of w, channels of one tap. All panels read these rows before the next. */
static int64_t data_chunks(const struct conv *g) { return g->depthwise ? 1 : ceil_div(g->depth, PACK_ROWS); }
static int64_t data_panels(const struct conv *g) { return g->depthwise ? 1 : panel_count(g->width); }
static void data_pack_part(void *context, int64_t part, int64_t parts) {
    const struct data_context *c = context;
    int64_t in_chunk = data_panels(&c->conv), in_group = data_chunks(&c->conv) * in_chunk;
    int64_t taps = c->g.kh * c->g.kw, from, to, unit = 0;
    fathom_range(c->conv.groups * in_group * taps, 1, part, parts, &from, &to);
    for (int64_t phase = 0; phase < data_phases(&c->g) && unit < to; phase++) {
        int64_t last_row, row_step, last_column, column_step;
        struct conv g = data_phase(c, phase, &last_row, &row_step, &last_column, &column_step);
        int64_t phase_taps = g.rows.taps * g.columns.taps, count = g.groups * in_group * phase_taps;
        for (int64_t i = most(from - unit, 0); i < least(to - unit, count); i++) {
            int64_t group = i / phase_taps / in_group, panel = i / phase_taps % in_chunk, tap = i % phase_taps;
            int64_t k0 = i / phase_taps % in_group / in_chunk * PACK_ROWS;
            int64_t r = last_row - tap / g.columns.taps * row_step, s = last_column - tap % g.columns.taps * column_step;
            int64_t j = panel_start(g.width, panel), wide = panel_start(g.width, panel + 1) - j;
            if (g.depthwise) {
                depthwise_tap(c->w, taps, r * c->g.kw + s, g.width, (float *)g.panels, phase_taps, tap);
                continue;
            }
            struct right_side one = {c->w + (group * g.depth * taps + r * c->g.kw + s) * g.width, taps * g.width, g.width, 0};
            float *panels = (float *)g.panels + group * group_floats(&g) + j * phase_taps * g.depth;
            pack_panel(&one, panel, k0, least(k0 + PACK_ROWS, g.depth), panels + (tap * g.depth + k0) * wide);
        }
        unit += count;
    }
}

static void data_part(void *context, int64_t part, int64_t parts) {
    const struct data_context *c = context;
    for (int64_t phase = 0; phase < data_phases(&c->g); phase++) {
        int64_t ignored, t0, t1, p0, p1;
        struct conv g = data_phase(c, phase, &ignored, &ignored, &ignored, &ignored);
        if (g.depthwise) {
            depthwise_rows(&g, part, parts);
            continue;
        }
        fathom_range(conv_tiles(&g), 1, part % c->row_cuts, c->row_cuts, &t0, &t1);
        fathom_range(conv_panels(&g), 1, part / c->row_cuts, parts / c->row_cuts, &p0, &p1);
        if (t0 < t1 && p0 < p1) conv_multiply(&g, t0, t1, p0, p1);
    }
}

/* what a form gets: the window of n images as simple as it can be written */
struct data_call {
    const struct conv_data_args *a;
    struct window g;
    int64_t n;
    float *scratch;
};

static struct data_call data_call(const struct conv_data_args *a) {
    struct data_call c = {.a = a, .n = a->n, .scratch = aligned_scratch(a->scratch)};
    c.g = simplified(a->g, &c.n);
    return c;
}

/* ---- a foreign product of patches ---- */

static int is_foreign_data(const struct data_call *c) { return patches_fit(&c->a->g); }
static int64_t foreign_data_floats(const struct data_call *c) { return patches_floats(&c->a->g); }
static void foreign_data(const struct data_call *c) {
    const struct conv_data_args *a = c->a;
    multiply_patches(&(struct blas_conv){PATCHES_DATA, .g = &a->g, .n = a->n, .w = a->w, .dy = a->dy, .dx = a->dx, .add = a->add,
                                  .scratch = a->scratch});
}

/* ---- 1x1 kernels: a product of matrices, which reads w as it lies where few pixels want it ---- */

static int is_product_data(const struct data_call *c) { return is_pointwise(&c->g) && c->g.groups == 1; }
static struct gemm_args data_product(const struct data_call *c) {
    return (struct gemm_args){.a = c->a->dy, .b = c->a->w, .c = c->a->dx, .m = c->g.w, .n = c->g.c, .k = c->g.k, .add = c->a->add,
                              .scratch = c->scratch};
}
static int64_t product_data_floats(const struct data_call *c) {
    struct gemm_args a = data_product(c);
    return gemm_scratch(&a);
}
static void product_data(const struct data_call *c) {
    struct gemm_args a = data_product(c);
    gemm_run(&a);
}

/* ---- small kernels of stride 1 between many channels ---- */

static int is_winograd_data(const struct data_call *c) { return is_winograd(&c->g); }
static int64_t winograd_data_floats(const struct data_call *c) {
    return SUM(winograd_packed(c->g.k, c->g.c), winograd_slot(c->g.k));
}
static void winograd_data(const struct data_call *call) {
    const struct window *g = &call->g;
    struct winograd_filters f = {.w = call->a->w, .u = call->scratch, .c = g->c, .k = g->k, .turned = 1};
    winograd_filter(&f);
    struct winograd t = {.x = call->a->dy, .u = f.u, .y = call->a->dx, .scratch = f.u + winograd_packed(g->k, g->c), .n = call->n,
                         .h = g->oh, .w = g->ow, .oh = g->h, .ow = g->w, .depth = g->k, .width = g->c, .ldy = g->c, .top = 2 - g->top,
                         .left = 2 - g->left, .add = call->a->add};
    winograd_images(&t);
}

/* ---- few channels ---- */

static int is_columns_data(const struct data_call *c) { return is_columns(&c->g); }
static int64_t columns_data_floats(const struct data_call *c) { return SUM(columns_packed(&c->g), columns_slot(&c->g)); }
static void columns_data(const struct data_call *call) {
    const struct window *g = &call->g;
    int64_t width = columns_width(g);
    struct columns t = {.g = *g, .n = call->n, .add = call->a->add, .dy = call->a->dy, .panels = call->scratch, .dx = call->a->dx};
    struct right_side w = {call->a->w, width, width, 0};
    for (int64_t panel = 0; panel < panel_count(width); panel++)
        pack_panel(&w, panel, 0, g->k, call->scratch + panel_start(width, panel) * g->k);
    double nanos = conv_nanos((double)(call->n * g->oh * g->ow), g);
    fathom_parallel_with(columns_part, &t, fathom_parts(nanos, call->n * g->h), call->scratch + columns_packed(g), columns_slot(g));
}

/* ---- phases, which are products of tiles or run row by row ---- */

static void data_run(const struct data_call *call, int64_t depthwise) {
    struct data_context c = {.g = call->g, .w = call->a->w, .panels = call->scratch};
    const struct window *g = &c.g;
    int64_t groups = depthwise ? 1 : g->groups, depth = g->k / g->groups, width = g->c / groups, ignored;
        c.conv = (struct conv){.x = call->a->dy, .y = call->a->dx, .x_image = g->oh * g->ow * g->k, .x_row = g->ow * g->k,
                           .x_pixel = g->k, .x_group = depth, .y_image = g->h * g->w * g->c, .y_row = g->sh * g->w * g->c,
                           .y_pixel = g->sw * g->c, .y_group = width, .n = call->n, .groups = groups, .depth = depth,
                           .width = width, .add = call->a->add, .depthwise = depthwise};
    double nanos = conv_nanos((double)(call->n * g->oh * g->ow), g);
    int64_t units = (depthwise ? 1 : groups) * data_chunks(&c.conv) * data_panels(&c.conv) * g->kh * g->kw;
    if (units) fathom_parallel(data_pack_part, &c, least(fathom_parts(nanos, units), units));
    struct conv first = data_phase(&c, 0, &ignored, &ignored, &ignored, &ignored);
    int64_t tiles = depthwise ? call->n * first.rows.out : conv_tiles(&first), panels = depthwise ? 1 : conv_panels(&first);
    int64_t parts = fathom_parts(depthwise ? nanos * DEPTHWISE_COST : nanos, tiles * panels);
    if (!depthwise) c.row_cuts = conv_cuts(&first, &parts);
    fathom_parallel(data_part, &c, parts);
}

static int is_depthwise_data(const struct data_call *c) { return is_depthwise(&c->g); }
static int64_t depthwise_data_floats(const struct data_call *c) { return PRODUCT(padded(c->g.c), c->g.kh, c->g.kw); }
static void depthwise_data(const struct data_call *c) { data_run(c, 1); }

/* ---- each channel by itself, by blocks that hold all phases ---- */

static int is_depthwise_up(const struct data_call *c) {
    struct axis rows = axis_rows(&c->g), columns = axis_columns(&c->g);
    return is_depthwise(&c->g) && depthwise_has_up(&rows, &columns);
}
static void depthwise_up(const struct data_call *call) {
    const struct window *g = &call->g;
    struct conv c = {.rows = axis_rows(g), .columns = axis_columns(g), .x = call->a->dy, .y = call->a->dx,
                     .x_image = g->oh * g->ow * g->k, .x_row = g->ow * g->k, .x_pixel = g->k, .y_image = g->h * g->w * g->c,
                     .y_row = g->w * g->c, .y_pixel = g->c, .n = call->n, .groups = 1, .depth = 1, .width = g->c,
                     .panels = call->scratch, .add = call->a->add, .depthwise = DEPTHWISE_UP};
    depthwise_pack(call->a->w, g->kh * g->kw, c.width, call->scratch);
    double nanos = conv_nanos((double)(call->n * g->oh * g->ow), g) * DEPTHWISE_COST;
    fathom_parallel(depthwise_rows, &c, fathom_parts(nanos, call->n * g->h));
}

static int64_t taps_floats(const struct data_call *c) {
    const struct window *g = &c->g;
    return PRODUCT(g->groups, padded(g->c / g->groups), g->kh, g->kw, g->k / g->groups);
}

static int is_any_data(const struct data_call *c) { return c != 0; }
static void plain_data(const struct data_call *c) { data_run(c, 0); }

/* ---- the forms, of which the first that applies is taken; the foreign one only while there is a foreign product ---- */

static const struct data_form {
    int (*applies)(const struct data_call *);
    int64_t (*floats)(const struct data_call *);
    void (*run)(const struct data_call *);
} data_forms[] = {
    {is_foreign_data, foreign_data_floats, foreign_data},
    {is_product_data, product_data_floats, product_data},
    {is_winograd_data, winograd_data_floats, winograd_data},
    {is_depthwise_up, depthwise_data_floats, depthwise_up},
    {is_depthwise_data, depthwise_data_floats, depthwise_data},
    {is_columns_data, columns_data_floats, columns_data},
    {is_any_data, taps_floats, plain_data},
};

static const struct data_form *data_form(const struct data_call *c, int foreign) {
    const struct data_form *f = foreign ? data_forms : data_forms + 1;
    while (!f->applies(c)) f++;
    return f;
}

static int is_no_data(const struct conv_data_args *a) { return a->n == 0 || a->g.h == 0 || a->g.w == 0 || a->g.c == 0; }
static int flows_nothing(const struct window *g) { return g->oh == 0 || g->ow == 0 || g->k == 0 || g->kh == 0 || g->kw == 0; }

/* 16 floats to align, and what the form takes; a foreign product may be chosen or given up later */
static int64_t conv_data_scratch(const struct conv_data_args *a) {
    if (!window_fits(&a->g, a->n)) return INT64_MAX;
    if (is_no_data(a) || flows_nothing(&a->g)) return 0;
    struct data_call c = data_call(a);
    return most(SUM(16, data_form(&c, 0)->floats(&c)), is_foreign_data(&c) ? foreign_data_floats(&c) : 0);
}

static int32_t k_conv_data(const struct conv_data_args *a, int64_t *detail) {
    (void)detail;
    if (is_no_data(a)) return FATHOM_OK;
    if (flows_nothing(&a->g)) {
        if (!a->add) memset(a->dx, 0, (size_t)(a->n * a->g.h * a->g.w * a->g.c) * 4);
        return FATHOM_OK;
    }
    struct data_call c = data_call(a);
    data_form(&c, fathom_sgemm != 0)->run(&c);
    return FATHOM_OK;
}

EXPORT(conv_data)
EXPORT_SCRATCH(conv_data, conv_data_scratch)
