/* Packs weights as int8 and bf16, rounds rows and images likewise, and shares out their products: compact.h has the formats. */
#include "bytes.h"
#include "conv_axis.h"
#include "compact.h"
#include "rounding.h"

/* ---- rounding ---- */

static void round_row(const struct compact_tiles *tiles, const float *x, struct rounding r, uint8_t *to, int64_t n) {
    if (tiles->left_bytes == 1) round_to(1, (int32_t)tiles->zero, x, r, to, n);
    else round_to(2, 0, x, r, to, n);
}

/* the bits of a bf16, of which what is below the smallest normal number is 0 */
static inline vu bf16_bits(v x) { return bfloat_bits(x) & (vu)~(v_abs(x) < 0x1p-126f); }

/* x[n] to bf16, or to floats of their values */
static void narrow_row(const struct compact_tiles *tiles, const float *x, uint8_t *to, int64_t n) {
    if (tiles->left_bytes == 4) {
        EACH_VECTOR(n, v_put((float *)to + i, (v)(bf16_bits(v_get(x + i, m)) << 16), m););
        return;
    }
    EACH_VECTOR(n, {
        const v_shorts two = v_low16(bf16_bits(v_get(x + i, m)));
        memcpy(to + 2 * i, &two, (size_t)(2 * m));
    });
}

/* ---- weights ---- */

/* where the parts of packed weights lie */
struct compact_weights {
    int64_t words, strip; /* of a run; bytes of a strip */
    int8_t *strips;
    int32_t *offsets;
    float *scales;
};
static struct compact_weights int8_weights(uint8_t *packed, int64_t n, int64_t k, int64_t runs) {
    struct compact_weights w = {.words = int8_words(k, runs), .strips = (int8_t *)packed};
    w.strip = runs * w.words * COMPACT_STEP;
    w.offsets = (int32_t *)(packed + padded(n) / COMPACT_STRIP * w.strip);
    w.scales = (float *)(w.offsets + padded(n));
    return w;
}

/* channel j of w[n, k], or zeros behind the last */
static void pack_channel(const struct int8_pack_args *a, const struct compact_weights *to, int64_t j) {
    int64_t run = a->runs > 0 ? a->k / a->runs : 0, exists = j < a->n;
    const float *w = a->w + j * a->k;
    struct rounding r = exists ? rounding_of(largest_bits(w, a->k)) : (struct rounding){0, 0};
    int8_t *at = to->strips + j / COMPACT_STRIP * to->strip + j % COMPACT_STRIP * COMPACT_WORD;
    int32_t sum = 0;
    for (int64_t o = 0; o < a->runs; o++, w += run)
        for (int64_t i = 0; i < to->words * COMPACT_WORD; i += COMPACT_WORD, at += COMPACT_STEP)
            for (int64_t x = 0; x < COMPACT_WORD; x++) {
                at[x] = r.unit != 0 && i + x < run ? rounded(w[i + x] * r.unit) : 0;
                sum += at[x];
            }
    to->offsets[j] = (int32_t)(-128u * (uint32_t)sum); /* may wrap around, as a sum that begins with it does */
    to->scales[j] = r.scale;
}

static void int8_pack_part(void *context, int64_t part, int64_t parts) {
    const struct int8_pack_args *a = context;
    struct compact_weights to = int8_weights(a->packed, a->n, a->k, a->runs);
    int64_t from, end;
    fathom_range(padded(a->n), COMPACT_STRIP, part, parts, &from, &end);
    for (; from < end; from++) pack_channel(a, &to, from);
}

/* channels from .. to of w[n, k] as bf16, in strips of pairs, with zeros behind the last */
static void bf16_pack_part(void *context, int64_t part, int64_t parts) {
    const struct bf16_pack_args *a = context;
    int64_t from, to, strip = (a->k + 1) / 2 * COMPACT_STEP;
    fathom_range(padded(a->n), COMPACT_STRIP, part, parts, &from, &to);
    for (int64_t j = from; j < to; j++)
        for (int64_t i = 0; i < (a->k + 1) / 2 * 2; i += VL) {
            const int64_t most_here = least((a->k + 1) / 2 * 2 - i, VL), m = j < a->n ? clamp(a->k - i, 0, most_here) : 0;
            const v_shorts two = v_low16(bf16_bits(v_load_n(a->w + (m ? j * a->k + i : 0), m)));
            for (int64_t x = 0; x < most_here; x += 2)
                memcpy(a->packed + j / COMPACT_STRIP * strip + (i + x) / 2 * COMPACT_STEP + j % COMPACT_STRIP * COMPACT_WORD,
                       (const uint16_t *)&two + x, 4);
        }
}

static int32_t k_bf16_pack(const struct bf16_pack_args *a, int64_t *detail) {
    (void)detail;
    int64_t strips = padded(a->n) / COMPACT_STRIP;
    if (strips && a->k) fathom_parallel(bf16_pack_part, (void *)a, fathom_parts((double)a->n * (double)a->k, strips));
    return FATHOM_OK;
}

/* an int32 may not hold the sum */
static int32_t refuse(int64_t *detail, enum kernel_id kernel, int64_t terms) {
    detail[0] = kernel, detail[1] = terms, detail[2] = INT8_TERMS;
    return FATHOM_LONG_SUM;
}

static int32_t k_int8_pack(const struct int8_pack_args *a, int64_t *detail) {
    int64_t strips = padded(a->n) / COMPACT_STRIP;
    if (a->k > INT8_TERMS) return refuse(detail, K_int8_pack, a->k);
    if (strips) fathom_parallel(int8_pack_part, (void *)a, fathom_parts((double)a->n * (double)a->k, strips));
    return FATHOM_OK;
}

/* ---- a product: of convolutions, and of rows as images of one pixel ---- */

struct compact_product {
    struct window g;
    int64_t n;
    const float *x;
    const struct compact_tiles *tiles;
    struct compact_weights w;
    int64_t height, line, image; /* rows of an image with its borders, bytes of one of them, of all */
    int32_t *largest;            /* largest_bits of each row of x, or 0: those of an image are asked for when it is rounded */
    float *scales;               /* of the images */
    uint8_t *left;               /* the rounded images with their borders */
    int64_t vectors, panels;     /* the most of a panel, and how many panels there are */
    int64_t row_cuts;
    struct linear_args end;
};

/* bytes of a row with its borders, in whole lines */
static int64_t compact_line(const struct window *g, int64_t left_bytes) {
    return 4 * unaliased(SUM(PRODUCT(halo_width(g), g->c, left_bytes), 63) / 64 * 16);
}

/* scales, rows of x, images, and what the last word of the last run may read beyond its pixel */
static int64_t compact_floats(const struct window *g, int64_t n, int64_t left_bytes) {
    int64_t bytes = PRODUCT(n, halo_rows(g, g->oh), compact_line(g, left_bytes));
    return SUM(PRODUCT(n, SUM(g->h, 1)), bytes == INT64_MAX ? bytes : bytes / 4, 48);
}

static void largest_part(void *context, int64_t part, int64_t parts) {
    const struct compact_product *p = context;
    int64_t row = p->g.w * p->g.c, from, to;
    fathom_range(p->n * p->g.h, 1, part, parts, &from, &to);
    for (; from < to; from++) p->largest[from] = largest_bits(p->x + from * row, row);
}

static struct rounding image_rounding(const struct compact_product *p, int64_t image) {
    int64_t h = p->g.h, row = p->g.w * p->g.c;
    if (!p->largest) return rounding_of(largest_bits(p->x + image * h * row, h * row));
    int32_t most = 0;
    for (int64_t i = image * h; i < (image + 1) * h; i++)
        if ((p->largest[i] & INT32_MAX) > most) most = p->largest[i] & INT32_MAX;
    return rounding_of(most);
}

static void round_part(void *context, int64_t part, int64_t parts) {
    const struct compact_product *p = context;
    const struct window *g = &p->g;
    int64_t bytes = p->tiles->left_bytes, width = halo_width(g) * g->c, before = least(g->left * g->c, width);
    int64_t exist = clamp(width - before, 0, g->w * g->c), from, to, known = -1, bf16 = p->tiles->bf16;
    struct rounding r = {0, 0};
    fathom_range(p->n * p->height, 1, part, parts, &from, &to);
    for (; from < to; from++) {
        int64_t image = from / p->height, i = from % p->height - g->top;
        uint8_t *line = p->left + image * p->image + (i + g->top) * p->line;
        if (image != known && !bf16) r = image_rounding(p, known = image);
        if (from % p->height == 0) p->scales[image] = r.scale;
        int64_t inside = i >= 0 && i < g->h ? exist : 0, start = inside ? before : 0;
        memset(line, (int)p->tiles->zero, (size_t)(start * bytes));
        if (inside && bf16) narrow_row(p->tiles, p->x + (image * g->h + i) * g->w * g->c, line + start * bytes, inside);
        else if (inside) round_row(p->tiles, p->x + (image * g->h + i) * g->w * g->c, r, line + start * bytes, inside);
        memset(line + (start + inside) * bytes, (int)p->tiles->zero, (size_t)(p->line - (start + inside) * bytes));
    }
}

static int64_t compact_pixels(const struct compact_product *p) { return p->n * p->g.oh * p->g.ow; }
static int64_t compact_row_tiles(const struct compact_product *p) { return ceil_div(compact_pixels(p), TILE_ROWS); }
/* the first vector of a panel */
static int64_t compact_panel(const struct compact_product *p, int64_t panel) { return ceil_div(p->g.k, VL) * panel / p->panels; }

/* the left sides and scales of pixels i .. i + height */
static void tile_rows(const struct compact_product *p, int64_t i, int64_t height, const uint8_t **rows, float *scales) {
    const struct window *g = &p->g;
    int64_t column = i % g->ow, row = i / g->ow % g->oh, image = i / g->ow / g->oh, step = g->sw * g->c * p->tiles->left_bytes;
    for (int64_t x = 0; x < height; x++) {
        rows[x] = p->left + image * p->image + row * g->sh * p->line + column * step;
        scales[x] = p->scales[image];
        if (++column < g->ow) continue;
        column = 0;
        if (++row < g->oh) continue;
        row = 0, image++;
    }
}

/* the tile of pixels i .. i + height and a panel */
static void compact_multiply_tile(const struct compact_product *p, struct compact_sweep *s, const uint8_t **rows, const float *scales,
                                  int64_t i, int64_t height, int64_t panel) {
    int64_t first = compact_panel(p, panel), vectors = compact_panel(p, panel + 1) - first, j = first * VL;
    int64_t columns = least(p->g.k - j, vectors * VL);
    float *c = p->end.y + i * p->end.n + j;
    s->column = j;
    s->end.last = last_lanes(columns - (vectors - 1) * VL);
    if (ends_in_tile(&p->end)) end_tile(&s->end, &p->end, c, j);
    p->tiles->tile[vectors][height](s, rows, scales, c);
}

static void compact_multiply_part(void *context, int64_t part, int64_t parts) {
    const struct compact_product *p = context;
    const struct window *g = &p->g;
    const struct compact_weights *w = &p->w;
    int64_t pixels = compact_pixels(p), count = compact_row_tiles(p), t0, t1, p0, p1, joined = g->dw == 1;
    fathom_range(count, 1, part % p->row_cuts, p->row_cuts, &t0, &t1);
    fathom_range(p->panels, 1, part / p->row_cuts, parts / p->row_cuts, &p0, &p1);
    struct compact_sweep s = {.outer = w->words ? g->kh : 0, .inner = joined ? 1 : g->kw, .words = w->words, .a_outer = g->dh * p->line,
                           .a_inner = g->dw * g->c * p->tiles->left_bytes, .right = w->strips, .strip = w->strip,
                           .offsets = w->offsets, .scales = w->scales, .end = {.ldc = p->end.n}};
    /* panels that stay in L2 while all tiles pass over them */
    int64_t at_once = clamp(l2_floats(6) * 4 / most(w->strip / COMPACT_STRIP * VL * p->vectors, 1), 1, INT32_MAX);
    for (int64_t group = p0, end; group < p1; group = end) {
        end = least(group + at_once, p1);
        for (int64_t t = t0; t < t1; t++) {
            const uint8_t *rows[TILE_ROWS];
            float scales[TILE_ROWS];
            int64_t i = pixels * t / count, height = pixels * (t + 1) / count - i;
            tile_rows(p, i, height, rows, scales);
            for (int64_t panel = group; panel < end; panel++) compact_multiply_tile(p, &s, rows, scales, i, height, panel);
            if (!ends_in_tile(&p->end))
                linear_finish(&p->end, i, i + height, compact_panel(p, group) * VL, least(compact_panel(p, end) * VL, g->k));
        }
    }
}

/* Tiles for what largest_part has found. */
static const struct compact_tiles *choose_tiles(const struct compact_product *p) {
    int any = VL < 8; /* then there are none for what has no negative numbers */
    for (int64_t i = 0; i < p->n * p->g.h; i++) any |= p->largest[i] < 0;
    return any ? &int8_widened_tiles : &int8_unsigned_tiles;
}

/* for fathom_parts */
static double compact_nanos(const struct compact_product *p) {
    return conv_nanos((double)compact_pixels(p), &p->g) * p->tiles->cost + end_nanos(&p->end, compact_pixels(p) * p->g.k);
}

/* x is read twice: all of it first, where more than the image itself depends on what is found, or threads share an image */
static void run_compact(struct compact_product *p, float *scratch) {
    const struct window *g = &p->g;
    int64_t rows = p->n * g->h;
    double pass = (double)(rows * g->w * g->c) * MEMORY_NANOS;
    p->scales = aligned_scratch(scratch);
    if (p->tiles) p->largest = 0;
    else if (g->h > 1 || !int8_has_vnni()) {
        p->largest = (int32_t *)(p->scales + p->n);
        fathom_parallel(largest_part, p, fathom_parts(pass, rows));
    }
    if (!p->tiles) p->tiles = int8_has_vnni() ? &int8_vnni_tiles : choose_tiles(p);
    p->left = (uint8_t *)aligned_scratch(p->scales + p->n + rows);
    p->height = halo_rows(g, g->oh), p->line = compact_line(g, p->tiles->left_bytes), p->image = p->height * p->line;
    fathom_parallel(round_part, p, fathom_parts(2 * pass, p->n * p->height));
    p->vectors = p->tiles->vectors[least(compact_pixels(p), TILE_ROWS)];
    p->panels = ceil_div(ceil_div(g->k, VL), p->vectors);
    int64_t tiles = compact_row_tiles(p), parts = fathom_team(compact_nanos(p), tiles * p->panels);
    p->row_cuts = grid_rows(tiles, p->panels, &parts, MOST_ROW_CUTS);
    fathom_parallel(compact_multiply_part, p, parts);
}

/* ---- kernels ---- */

/* rows of k floats as images of one pixel */
static struct window one_pixel(int64_t n, int64_t k) {
    return (struct window){.h = 1, .w = 1, .c = k, .oh = 1, .ow = 1, .k = n, .kh = 1, .kw = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
                           .groups = 1};
}

static int64_t int8_left_bytes(void) { return int8_has_vnni() ? 1 : 2; } /* at most */
static int64_t linear_int8_scratch(const struct linear_int8_args *a) {
    struct window g = one_pixel(a->n, a->k);
    return a->m == 0 || a->n == 0 ? 0 : compact_floats(&g, a->m, int8_left_bytes());
}
static int32_t k_linear_int8(const struct linear_int8_args *a, int64_t *detail) {
    if (a->k > INT8_TERMS) return refuse(detail, K_linear_int8, a->k);
    if (a->m == 0 || a->n == 0) return FATHOM_OK;
    struct compact_product p = {.g = one_pixel(a->n, a->k), .n = a->m, .x = a->x, .w = int8_weights(a->packed, a->n, a->k, 1),
                             .end = {LINEAR_END(a), .m = a->m, .n = a->n}};
    run_compact(&p, a->scratch);
    return FATHOM_OK;
}

static const struct compact_tiles *bf16_tiles(void) {
    return VL == 16 && machine.avx512_bf16 ? &bf16_native_tiles : &bf16_widened_tiles;
}
static int64_t linear_bf16_scratch(const struct linear_bf16_args *a) {
    struct window g = one_pixel(a->n, a->k);
    return a->m == 0 || a->n == 0 ? 0 : compact_floats(&g, a->m, bf16_tiles()->left_bytes);
}
static int32_t k_linear_bf16(const struct linear_bf16_args *a, int64_t *detail) {
    (void)detail;
    if (a->m == 0 || a->n == 0) return FATHOM_OK;
    struct compact_product p = {.g = one_pixel(a->n, a->k), .n = a->m, .x = a->x, .tiles = bf16_tiles(),
                             .w = {.words = (a->k + 1) / 2, .strip = (a->k + 1) / 2 * COMPACT_STEP, .strips = (int8_t *)a->packed},
                             .end = {LINEAR_END(a), .m = a->m, .n = a->n}};
    run_compact(&p, a->scratch);
    return FATHOM_OK;
}

static int64_t conv_int8_scratch(const struct conv_int8_args *a) {
    if (!window_fits(&a->g, a->n)) return INT64_MAX;
    if (has_no_outputs(&a->g, a->n)) return 0;
    return a->g.kh == 0 || a->g.kw == 0 ? INT64_MAX : compact_floats(&a->g, a->n, int8_left_bytes());
}
static int32_t k_conv_int8(const struct conv_int8_args *a, int64_t *detail) {
    const struct window *g = &a->g;
    int64_t k = PRODUCT(g->kh, g->kw, g->c);
    if (k > INT8_TERMS) return refuse(detail, K_conv_int8, k);
    if (has_no_outputs(&a->g, a->n)) return FATHOM_OK;
    struct compact_product p = {.g = *g, .n = a->n, .x = a->x, .w = int8_weights(a->packed, g->k, k, int8_runs(g)),
                             .end = {LINEAR_END(a), .m = a->n * g->oh * g->ow, .n = a->ld ? a->ld : g->k}};
    run_compact(&p, a->scratch);
    return FATHOM_OK;
}

EXPORT(int8_pack)
EXPORT(linear_int8)
EXPORT_SCRATCH(linear_int8, linear_int8_scratch)
EXPORT(bf16_pack)
EXPORT(linear_bf16)
EXPORT_SCRATCH(linear_bf16, linear_bf16_scratch)
EXPORT(conv_int8)
EXPORT_SCRATCH(conv_int8, conv_int8_scratch)
