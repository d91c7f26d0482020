/*
 * The product that conv and conv_data share. No matrix of patches is made. A tile is R neighboring outputs of one row by a panel of
 * channels (tile.h): its left side is the image itself, of which neighboring outputs read elements sw C floats apart, its sweep goes over
 * columns of taps, rows of taps and channels. Taps outside the image are not computed: rows are left out of the sweep, and a column of taps
 * that only some of the R outputs reach is a call for those alone, which adds to what is there. Where rows are short, a tile is one
 * output of R images (is_by_images). Every output is thus one chain over ascending s, r, c (r, s, c for joined windows) of the taps inside
 * the image, whatever the tile, the block, the thread and the batch.
 */
#ifndef FATHOM_CONV_PRODUCT_H
#define FATHOM_CONV_PRODUCT_H

#include "conv_axis.h"

enum { FEW_COLUMNS = 16 }; /* outputs of a row that counts as short: it has few tiles, and most of them touch a border */

/* rows of a panel that stay in L2 while the tiles of all outputs pass over it; fewer cost more than L3 */
static int64_t tap_block(void) { return most(l2_floats(10) / (PANEL_GROUP * TILE_VECS * VL), 640); }
/*
 * Taps [r0, r1) x [s0, s1) and channels [d0, d1) of them, so many rows of a panel. Outputs full0 .. full1 of a row read all those columns
 * of taps.
 */
struct tap_block {
    int64_t s0, s1, r0, r1, d0, d1, full0, full1, depth;
    int first, last, finishes; /* finishes: what follows the sums is done behind all panels taken at once, unless a tile has done it */
};

/* where the elements of a panel begin: right, tap (0, 0) of output (0, 0), and that output; how a tile of it sums */
struct conv_panel {
    int64_t width, count, channel;
    const float *right, *x, *asked; /* asked: the right side of the panel that its tiles ask for, or 0 */
    float *y;
    tile_fn *const *tiles;
    struct sweep sweep;
};

static int64_t conv_panels(const struct conv *g) { return g->groups * panel_count(g->width); }
/* a row of 7 to 12 outputs is one tile, if need be over half a panel at a time, so that its panels are read once */
static int64_t conv_row_tiles(const struct conv *g) {
    int64_t out = g->columns.out;
    return TILE_VECS == 4 && out > TILE_ROWS && out <= NARROW_ROWS ? 1 : row_tiles(out, g->width);
}
/*
 * Where rows are short, a tile takes the same output of several images. They all read the same taps, so no tile is cut at a border, and
 * none is left with few rows. Rows without a border gain only where they are shorter than a tile.
 */
static int is_by_images(const struct conv *g) {
    int64_t few = g->columns.before > 0 ? FEW_COLUMNS : TILE_ROWS - 1;
    return g->n >= TILE_ROWS && g->columns.out <= few && g->rows.out > 1 && g->columns.taps > 1;
}
static int64_t conv_tiles(const struct conv *g) {
    if (is_by_images(g)) return ceil_div(g->n, TILE_ROWS) * g->rows.out * g->columns.out;
    return g->n * g->rows.out * conv_row_tiles(g);
}

/*
 * How many row ranges the threads' grid has. Of many pixels and few filters, two threads rather read all filters than all of the
 * image, even where panels halve a little better: 523 tiles by 4 panels do so by one tile in a thousand.
 */
static int64_t conv_cuts(const struct conv *g, int64_t *parts) {
    int wide = g->n * g->rows.out * g->columns.out > g->rows.taps * g->columns.taps * g->width;
    return grid_rows(conv_tiles(g), conv_panels(g), parts, wide ? MOST_ROW_CUTS_NEARLY : MOST_ROW_CUTS);
}

static int64_t group_floats(const struct conv *g) { return padded(g->width) * g->rows.taps * g->columns.taps * g->depth; }

/* the first channel of a panel, where the one before ends */
static int64_t panel_channel(const struct conv *g, int64_t panel) {
    int64_t in_group = panel_count(g->width);
    return panel / in_group * g->width + panel_start(g->width, panel % in_group);
}

static struct conv_panel conv_panel(const struct conv *g, const struct tap_block *b, int64_t panel) {
    int64_t in_group = panel_count(g->width), group = panel / in_group, j = panel_start(g->width, panel % in_group);
    int64_t width = panel_start(g->width, panel % in_group + 1) - j;
    return (struct conv_panel){
        .width = width, .count = least(g->width - j, width), .channel = panel_channel(g, panel),
        .right = g->panels + group * group_floats(g) + j * (g->rows.taps * g->columns.taps * g->depth) + b->d0 * width,
        .x = g->x + group * g->x_group + b->d0 - g->rows.before * g->x_row - g->columns.before * g->x_pixel,
        .y = g->y + group * g->y_group + j,
        .tiles = tiles[width / VL],
        .sweep = {.outer = b->s1 - b->s0, .depth = b->d1 - b->d0, .a_outer = g->columns.dilation * g->x_pixel,
                  .a_inner = g->rows.dilation * g->x_row, .lda = g->columns.stride * g->x_pixel, .b_outer = g->depth * width,
                  .b_inner = g->columns.taps * g->depth * width, .ldb = width, .ldc = g->y_pixel,
                  .last = last_lanes(g->width - j - (width - VL)), .add = g->add || !b->first,
                  .end = b->last && ends_in_tile(g->finish) ? g->finish : 0}};
}

/* where the first output of a tile lies, and its first tap, in floats from those of a panel */
struct tile_place {
    int64_t x, y, row; /* row: of the panel */
};
static inline struct tile_place tile_place(const struct conv *g, const struct tap_block *b, int64_t n, int64_t o, int64_t q0, int64_t r0) {
    return (struct tile_place){
        .x = n * g->x_image + (o * g->rows.stride + r0 * g->rows.dilation) * g->x_row
             + (q0 * g->columns.stride + b->s0 * g->columns.dilation) * g->x_pixel,
        .y = n * g->y_image + o * g->y_row + q0 * g->y_pixel,
        .row = (r0 * g->columns.taps + b->s0) * g->depth,
    };
}

/*
 * outputs q0 .. q1 of a row, one panel, columns [b.s0, b.s1) of the taps and as many rows as its sweep has, where some outputs do not
 * read all those columns, no rows are left, or the panel is wider than a tile of so many outputs
 */
static __attribute__((noinline)) void conv_edge(const struct conv *g, const struct tap_block *b, const struct conv_panel *p,
                                                const struct tile_place *at, int64_t q0, int64_t q1) {
    struct sweep s = p->sweep;
    int64_t whole_tile = q0 >= b->full0 && q1 <= b->full1, ends = s.end && s.inner && whole_tile;
    s.end = 0;
    const float *x = p->x + at->x, *right = p->right + at->row * p->width;
    float *y = p->y + at->y;
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
            clear_rows(y, g->y_pixel, q1 - q0, p->count);
            s.add = 1;
        }
        s.outer = next - t;
        for (int64_t j = 0, wide; j < p->width; j += wide) {
            wide = to - from > TILE_ROWS ? least(p->width - j, NARROW_VECS * VL) : p->width;
            float *to_y = y + (from - q0) * g->y_pixel + j;
            s.last = last_lanes(p->count - j - (wide - VL));
            if (ends) end_tile(&s, g->finish, to_y, p->channel + j);
            tiles[wide / VL][to - from](&s, x + (from - q0) * s.lda + (t - b->s0) * s.a_outer, right + (t - b->s0) * s.b_outer + j, to_y);
            has_asked(&s);
        }
        s.add = 1;
    }
    if (!s.add) clear_rows(y, g->y_pixel, q1 - q0, p->count);
}

/* `height` outputs of a row by `joined` panels, in one tile */
static inline void conv_tile(const struct conv *g, struct conv_panel *p, int64_t joined, const struct tile_place *at, int64_t height) {
    struct sweep *s = &p->sweep;
    const struct conv_panel *last = p + joined - 1;
    float *y = p->y + at->y;
    if (s->end) end_tile(s, g->finish, y, p->channel);
    s->last = last_lanes(last->count - (last->width - VL));
    if (TILE_CHAINS > TILE_VECS && joined > 1) {
        s->beside = p[1].right - p->right;
        tiles[joined * TILE_VECS][height](s, p->x + at->x, p->right + at->row * p->width, y);
    } else p->tiles[height](s, p->x + at->x, p->right + at->row * p->width, y);
}

/* tiles [t0, t1) of the rows of all images by some panels, the first of which is number `first`, for one block of taps */
static void conv_block(const struct conv *g, const struct tap_block *b, int64_t t0, int64_t t1, int64_t first,
                       struct conv_panel *panels, int64_t count) {
    int64_t per_row = conv_row_tiles(g), out = g->columns.out, i = t0 % per_row, n = t0 / per_row / g->rows.out;
    int64_t far = g->n * (g->x_image + g->y_image) > l2_floats(16);
    /* A copy of the image (halo_copy) is near. Pixels of few channels lie so close together that the processor fetches them unasked. */
    int64_t pixel = g->columns.stride * g->x_pixel, ahead = g->x_image && pixel >= 16 ? pixel : 0;
    int64_t o = t0 / per_row % g->rows.out, q0 = out * i / per_row, q1, r0, r1;
    const int64_t height_least = out / per_row, rest_each = out % per_row; /* q1 = out i / per_row, without a division for each tile */
    int64_t rest = out * i % per_row;
    axis_taps(&g->rows, o, b->r0, b->r1, &r0, &r1);
    for (int64_t t = t0; t < t1; t++, q0 = q1) {
        if (i == per_row) {
            i = q0 = 0; /* and rest is 0 again */
            if (++o == g->rows.out) o = 0, n++;
            axis_taps(&g->rows, o, b->r0, b->r1, &r0, &r1);
        }
        i++, q1 = q0 + height_least, rest += rest_each;
        if (rest >= per_row) rest -= per_row, q1++;
        const struct tile_place at = tile_place(g, b, n, o, q0, r0);
        const int64_t height = q1 - q0, within = r0 < r1 && q0 >= b->full0 && q1 <= b->full1;
        for (int64_t j = 0, joined; j < count; j += joined) {
            struct conv_panel *p = panels + j;
            joined = within && g->groups == 1 ? joined_panels(height, g->width, first + j, first + count) : 1;
            p->sweep.inner = r1 - r0;
            if (far) {
                p->sweep.left_ahead = p == panels ? ahead * height : 0;
                p->sweep.next = p->y + at.y + height * g->y_pixel;
            }
            if (p->asked) ask_for_share(&p->sweep, p->asked, b->depth * p->width, t - t0, t1 - t0);
            if (within && (height <= TILE_ROWS || p->width <= NARROW_VECS * VL)) conv_tile(g, p, joined, &at, height);
            else conv_edge(g, b, p, &at, q0, q1);
        }
        if (b->finishes && !(ends_in_tile(g->finish) && within))
            conv_finish(g, n, o, q0, q1, panels->channel, panels[count - 1].channel + panels[count - 1].count);
    }
}

/* tiles [t0, t1), each an output of several images, by some panels, for one block of taps */
static void conv_images(const struct conv *g, const struct tap_block *b, int64_t t0, int64_t t1, struct conv_panel *panels,
                        int64_t count) {
    int64_t outputs = g->rows.out * g->columns.out, images = ceil_div(g->n, TILE_ROWS);
    for (int64_t t = t0; t < t1; t++) {
        int64_t n0 = g->n * (t / outputs) / images, n1 = g->n * (t / outputs + 1) / images;
        int64_t o = t % outputs / g->columns.out, q = t % g->columns.out, r0, r1, s0, s1;
        axis_taps(&g->rows, o, b->r0, b->r1, &r0, &r1);
        axis_taps(&g->columns, q, b->s0, b->s1, &s0, &s1);
        int sums = s0 < s1 && r0 < r1;
        for (struct conv_panel *p = panels; p < panels + count; p++) {
            struct sweep s = p->sweep;
            const float *x = p->x + n0 * g->x_image + (o * g->rows.stride + r0 * g->rows.dilation) * g->x_row;
            float *y = p->y + n0 * g->y_image + o * g->y_row + q * g->y_pixel;
            s.outer = s1 - s0, s.inner = r1 - r0, s.lda = g->x_image, s.ldc = g->y_image;
            x += q * g->columns.stride * g->x_pixel + s0 * s.a_outer;
            if (s.end) end_tile(&s, g->finish, y, p->channel);
            if (sums) tiles[p->width / VL][n1 - n0](&s, x, p->right + r0 * s.b_inner + s0 * s.b_outer, y);
            else if (!s.add) clear_rows(y, s.ldc, n1 - n0, p->count);
        }
        for (int64_t n = n0; b->finishes && !(ends_in_tile(g->finish) && sums) && n < n1; n++)
            conv_finish(g, n, o, q, q + 1, panels->channel, panels[count - 1].channel + panels[count - 1].count);
    }
}

/*
 * Whether few tiles pass over panels that come from far away: then one panel is taken at a time, and its tiles ask for the next. Measured
 * on AVX2, where a 3x3 kernel of stride 2 from 256 to 512 channels at 14 x 14 takes 0.87 of the time.
 */
static int asks_for_panels(const struct conv *g, int64_t count, int64_t panels) {
    int64_t floats = panels * TILE_VECS * VL * g->rows.taps * g->columns.taps * g->depth;
    return VL < 16 && !is_by_images(g) && asks_for_next(count, floats);
}
/* about how many floats of the image so many tiles read */
static int64_t read_floats(const struct conv *g, int64_t count) {
    int64_t all = least(g->x_image, g->rows.out * g->columns.out * g->rows.taps * g->columns.taps * g->depth);
    return g->n * all / conv_tiles(g) * count;
}

/* the number of a tile's first output */
static int64_t first_output(const struct conv *g, int64_t t) {
    int64_t per_row = conv_row_tiles(g), out = g->columns.out;
    return t / per_row * out + out * (t % per_row) / per_row;
}

/* tiles [t0, t1) of the rows of all images by panels [p0, p1) */
static void conv_multiply(const struct conv *g, int64_t t0, int64_t t1, int64_t p0, int64_t p1) {
    int64_t taps = g->columns.taps, tap_rows = g->rows.taps, column = tap_rows * g->depth;
    int64_t s_cuts = 1, r_cuts = 1, d_cuts = 1, block = tap_block(), asks = asks_for_panels(g, t1 - t0, p1 - p0);
    if (column <= block) s_cuts = clamp(ceil_div(taps * column, block), 1, taps);
    else s_cuts = taps, r_cuts = ceil_div(tap_rows, most(block / g->depth, 1)), d_cuts = ceil_div(g->depth, block);
    if (asks) { /* while the image stays in L2, with two whole panels, or with blocks of them, whose rows lie side by side for one tap */
        int64_t image = read_floats(g, t1 - t0), whole = image + 2 * TILE_VECS * VL * taps * column <= l2_floats(16);
        asks = image / (whole ? 1 : d_cuts) <= l2_floats(8) && (whole || taps * tap_rows == 1);
        if (asks && whole) s_cuts = r_cuts = d_cuts = 1;
    }
    if (t1 - t0 == 1) s_cuts = r_cuts = d_cuts = 1; /* a panel that one tile uses need not stay in L2 */
    /* where panels are taken one by one, a function that no tile applies waits for the results of several */
    int64_t o0 = first_output(g, t0), o1 = first_output(g, t1), together = finished_panels(o1 - o0), ended = p0;
    int later = asks && g->finish && !ends_in_tile(g->finish);
    for (int64_t cut = 0, cuts = s_cuts * r_cuts * d_cuts; cut < cuts; cut++) {
        int64_t s = cut / (r_cuts * d_cuts), r = cut / d_cuts % r_cuts, d = cut % d_cuts, ignored;
        struct tap_block b = {.s0 = taps * s / s_cuts, .s1 = taps * (s + 1) / s_cuts, .r0 = tap_rows * r / r_cuts,
                              .r1 = tap_rows * (r + 1) / r_cuts, .d0 = g->depth * d / d_cuts, .d1 = g->depth * (d + 1) / d_cuts,
                              .first = cut == 0, .last = cut == cuts - 1, .finishes = cut == cuts - 1 && g->finish && !later};
        b.depth = (b.s1 - b.s0) * (b.r1 - b.r0) * (b.d1 - b.d0);
        if (b.s0 < b.s1) {
            axis_outputs(&g->columns, b.s0, 0, g->columns.out, &b.full0, &ignored);
            axis_outputs(&g->columns, b.s1 - 1, 0, g->columns.out, &ignored, &b.full1);
        }
        for (int64_t group = p0, count; group < p1; group += count) {
            struct conv_panel panels[PANEL_GROUP];
            count = least(asks ? 1 : PANEL_GROUP, p1 - group);
            for (int64_t p = 0; p < count; p++) panels[p] = conv_panel(g, &b, group + p);
            if (asks && group + 1 < p1) panels[0].asked = conv_panel(g, &b, group + 1).right;
            if (is_by_images(g)) conv_images(g, &b, t0, t1, panels, count);
            else conv_block(g, &b, t0, t1, group, panels, count);
            if (later && b.last && (group + 1 == p1 || group + 1 - ended == together)) {
                linear_finish(g->finish, o0, o1, panel_channel(g, ended), panel_channel(g, group + 1));
                ended = group + 1;
            }
        }
    }
}

#endif
