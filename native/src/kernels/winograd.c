/* See winograd.h. */
#include "winograd.h"

enum {
    FILTER_ROWS = 16, /* of the taps, that are transformed at a time */
    FILTERS_AHEAD = 4 /* rows that are asked for while others are transformed */
};

static int64_t winograd_rows(const struct winograd *g) { return ceil_div(g->oh, 2); }
static int64_t winograd_columns(const struct winograd *g) { return ceil_div(g->ow, 2); }
static int64_t winograd_tiles(const struct winograd *g) { return g->n * winograd_rows(g) * winograd_columns(g); }

/* ---- taps ---- */

/* a vector of each of the 16 positions, `position` floats apart, from vectors of the taps, `tap` floats apart, of which `m` lanes exist */
INLINE void winograd_taps(const float *w, int64_t tap, int64_t m, float *u, int64_t position) {
    v g[3][3], t[4][3];
    UNROLLED for (int i = 0; i < 9; i++) g[i / 3][i % 3] = v_get(w + i * tap, m);
    UNROLLED for (int s = 0; s < 3; s++) {
        v sum = g[0][s] + g[2][s];
        t[0][s] = g[0][s], t[1][s] = 0.5f * (sum + g[1][s]), t[2][s] = 0.5f * (sum - g[1][s]), t[3][s] = g[2][s];
    }
    UNROLLED for (int r = 0; r < 4; r++, u += 4 * position) {
        v sum = t[r][0] + t[r][2];
        v_store(u, t[r][0]);
        v_store(u + position, 0.5f * (sum + t[r][1]));
        v_store(u + 2 * position, 0.5f * (sum - t[r][1]));
        v_store(u + 3 * position, t[r][2]);
    }
}

/* Channels are turned into columns, a chunk of them for a panel of filters at a time. */
static void winograd_filters_part(void *context, int64_t part, int64_t parts) {
    const struct winograd_filters *f = context;
    int64_t chunks = ceil_div(f->c, FILTER_ROWS), from, to;
    float taps[9 * FILTER_ROWS * TILE_VECS * VL];
    fathom_range(panel_count(f->k) * chunks, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        int64_t panel = unit / chunks, j = panel_start(f->k, panel), wide = panel_start(f->k, panel + 1) - j;
        int64_t d0 = unit % chunks * FILTER_ROWS, d1 = least(d0 + FILTER_ROWS, f->c), tap_floats = (d1 - d0) * wide;
        for (int64_t tap = 0; tap < 9; tap++) {
            struct right_side one = {f->w + tap * f->c, 9 * f->c, f->k, 1};
            pack_panel(&one, panel, d0, d1, taps + tap * tap_floats);
        }
        float *u = f->u + 16 * j * f->c + d0 * wide;
        for (int64_t i = 0; i < tap_floats; i += VL) winograd_taps(taps + i, tap_floats, VL, u + i, f->c * wide);
    }
}

/* For the gradient of x, channels are columns as they lie; taps are reversed. Neighboring units read neighboring taps. */
static void winograd_turned_part(void *context, int64_t part, int64_t parts) {
    const struct winograd_filters *f = context;
    int64_t panels = panel_count(f->c), from, to;
    fathom_range(panels * ceil_div(f->k, FILTER_ROWS), 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        int64_t panel = unit % panels, j = panel_start(f->c, panel), wide = panel_start(f->c, panel + 1) - j;
        for (int64_t row = unit / panels * FILTER_ROWS, end = least(row + FILTER_ROWS, f->k); row < end; row++) {
            const float *w = f->w + (9 * row + 8) * f->c + j;
            float *u = f->u + 16 * j * f->k + row * wide;
            for (int64_t i = 0; i < wide; i += VL) {
                for (int tap = 0; tap < 9; tap++) __builtin_prefetch(w + i + (9 * FILTERS_AHEAD - tap) * f->c, 0, 3);
                winograd_taps(w + i, -f->c, least(f->c - j - i, VL), u + i, f->k * wide);
            }
        }
    }
}

void winograd_filter(struct winograd_filters *f) {
    int64_t columns = f->turned ? f->c : f->k, rows = f->turned ? f->k : f->c, units = panel_count(columns) * ceil_div(rows, FILTER_ROWS);
    int64_t parts = fathom_parts((double)(f->c * f->k) * 2, units);
    fathom_parallel(f->turned ? winograd_turned_part : winograd_filters_part, f, parts);
}

/* ---- images ---- */

/* the tile t: its image, and the first of its outputs */
struct winograd_place {
    int64_t image, o, q;
};
static inline struct winograd_place winograd_place(const struct winograd *g, int64_t t) {
    int64_t across = winograd_columns(g), row = t / across;
    return (struct winograd_place){row / winograd_rows(g), 2 * (row % winograd_rows(g)), 2 * (t % across)};
}

/* row `row` of V: positions[4][tile][channel] of tiles from .. from + count */
static void winograd_input(const struct winograd *g, int64_t row, int64_t from, int64_t count, const float *zeros, float *to,
                           int64_t line, int64_t slot) {
    static const struct {
        int64_t a, b;
        float sign;
    } rows[] = {{0, 2, -1}, {1, 2, 1}, {2, 1, -1}, {1, 3, -1}}; /* of B': a + sign b */
    int64_t depth = g->depth;
    v sign = v_set(rows[row].sign);
    for (int64_t t = from; t < from + count; t++, to += line) {
        struct winograd_place at = winograd_place(g, t);
        int64_t a = at.o - g->top + rows[row].a, b = at.o - g->top + rows[row].b, q = at.q - g->left;
        const float *image = g->x + at.image * g->h * g->w * depth, *pa[4], *pb[4];
        for (int64_t s = 0; s < 4; s++) {
            int exists = q + s >= 0 && q + s < g->w;
            pa[s] = exists && a >= 0 && a < g->h ? image + (a * g->w + q + s) * depth : zeros;
            pb[s] = exists && b >= 0 && b < g->h ? image + (b * g->w + q + s) * depth : zeros;
        }
        EACH_VECTOR(depth, {
            v d[4];
            UNROLLED for (int s = 0; s < 4; s++) d[s] = v_fma(v_get(pb[s] + i, m), sign, v_get(pa[s] + i, m));
            v_store(to + i, d[0] - d[2]);
            v_store(to + slot + i, d[1] + d[2]);
            v_store(to + 2 * slot + i, d[2] - d[1]);
            v_store(to + 3 * slot + i, d[1] - d[3]);
        });
    }
}

/* ends the outputs of a tile, those of a row `line` floats behind the row before, in the steps of linear_end, for the same bits */
INLINE void winograd_end(const struct linear_args *l, const float *y, int64_t line, int64_t pixel, int64_t rows, int64_t columns,
                         int64_t channel, int64_t m, v (*out)[TILE_CHAINS]) {
    if (l->bias) {
        v one = v_get(l->bias + channel, m);
        UNROLLED for (int r = 0; r < 2; r++) UNROLLED for (int q = 0; q < 2; q++) out[r][q] = out[r][q] + one;
    }
    if (l->residual)
        UNROLLED for (int r = 0; r < 2; r++) UNROLLED for (int q = 0; q < 2; q++)
            if (r < rows && q < columns) out[r][q] = out[r][q] + v_get(l->residual + (y + r * line + q * pixel - l->y), m);
    sum_act(2, 2, l->row, v_set(l->p0), v_set(l->p1), out);
}

/* outputs of tiles from .. from + count, channels j .. j + exist, from M[position][tile][width] */
static void winograd_output(const struct winograd *g, int64_t from, int64_t count, const float *sums, int64_t line, int64_t slot,
                            int64_t j, int64_t exist) {
    const int64_t pixel = g->ldy;
    const int ends = ends_in_tile(g->finish);
    for (int64_t t = from; t < from + count; t++, sums += line) {
        struct winograd_place p = winograd_place(g, t);
        int64_t at = (p.image * g->oh + p.o) * g->ow + p.q, rows = least(2, g->oh - p.o), columns = least(2, g->ow - p.q);
        float *y = g->y + at * pixel + j;
        EACH_VECTOR(exist, {
            v a[2][4];
            UNROLLED for (int s = 0; s < 4; s++) {
                const float *p = sums + s * slot + i;
                v m1 = v_load(p + 4 * slot), m2 = v_load(p + 8 * slot);
                a[0][s] = v_load(p) + m1 + m2, a[1][s] = m1 - m2 - v_load(p + 12 * slot);
            }
            v out[2][TILE_CHAINS];
            UNROLLED for (int r = 0; r < 2; r++) {
                out[r][0] = a[r][0] + a[r][1] + a[r][2];
                out[r][1] = a[r][1] - a[r][2] - a[r][3];
            }
            if (ends) winograd_end(g->finish, y + i, g->ow * pixel, pixel, rows, columns, j + i, m, out);
            UNROLLED for (int r = 0; r < 2; r++) UNROLLED for (int q = 0; q < 2; q++)
                if (r < rows && q < columns) give(y + r * g->ow * pixel + q * pixel + i, out[r][q], g->add, m);
        });
    }
}

/* what follows the outputs of these tiles, channels j0 .. j1, where that has no place in registers */
static void winograd_finish(const struct winograd *g, int64_t from, int64_t count, int64_t j0, int64_t j1) {
    for (int64_t t = from; t < from + count; t++) {
        struct winograd_place p = winograd_place(g, t);
        int64_t at = (p.image * g->oh + p.o) * g->ow + p.q, rows = least(2, g->oh - p.o), columns = least(2, g->ow - p.q);
        for (int64_t r = 0; r < rows; r++) linear_finish(g->finish, at + r * g->ow, at + r * g->ow + columns, j0, j1);
    }
}

/*
 * Whether the tiles of a block of images ask for the filters of the next position: in the first block, before which this thread has not
 * read them, or where they are much larger than L2. Measured on AVX2: an image of 7 x 7 with 512 channels takes 0.72 of the time, 14 x 14
 * with 256 0.88.
 */
static int asks_for_filters(const struct winograd *g, int64_t block, int64_t count) {
    int64_t floats = 16 * g->depth * g->width;
    return VL < 16 && asks_for_next(count, floats) && (block == 0 || floats > 8 * l2_floats(16));
}

static void winograd_part(void *context, int64_t part, int64_t parts) {
    const struct winograd *g = context;
    int64_t t0, t1, p0, p1, line = padded(g->depth), at_once = winograd_block(g->depth), panels = panel_count(g->width);
    fathom_range(winograd_tiles(g), 1, part % g->row_cuts, g->row_cuts, &t0, &t1);
    fathom_range(panels, 1, part / g->row_cuts, parts / g->row_cuts, &p0, &p1);
    if (t0 == t1 || p0 == p1) return;
    float *input = fathom_own(), *zeros = input + 16 * winograd_line(at_once, line);
    float *sums = zeros + line;
    memset(zeros, 0, (size_t)line * 4);
    int64_t blocks = ceil_div(t1 - t0, at_once);
    for (int64_t block = 0; block < blocks; block++) {
        int64_t from = t0 + (t1 - t0) * block / blocks, count = t0 + (t1 - t0) * (block + 1) / blocks - from;
        int64_t slot = winograd_line(count, line);
        int asks = asks_for_filters(g, block, row_tiles(count, TILE_VECS * VL));
        for (int64_t row = 0; row < 4; row++)
            winograd_input(g, row, from, count, zeros, input + 4 * row * slot, line, slot);
        for (int64_t panel = p0; panel < p1; panel++) {
            int64_t j = panel_start(g->width, panel), wide = panel_start(g->width, panel + 1) - j;
            int64_t out_slot = winograd_line(count, wide);
            struct sweep s = {.outer = 1, .inner = 1, .depth = g->depth, .lda = line, .ldb = wide, .ldc = wide};
            const float *right = g->u + 16 * j * g->depth;
            for (int64_t position = 0; position < 16; position++, right += wide * g->depth)
                panel_product(&s, wide, input + position * slot, right, sums + position * out_slot, count,
                              asks ? right + wide * g->depth : 0);
            winograd_output(g, from, count, sums, wide, out_slot, j, least(g->width - j, wide));
        }
        if (g->finish && !ends_in_tile(g->finish))
            winograd_finish(g, from, count, panel_start(g->width, p0), least(panel_start(g->width, p1), g->width));
    }
}

void winograd_images(struct winograd *g) {
    int64_t rows = ceil_div(winograd_tiles(g), TILE_ROWS), panels = panel_count(g->width);
    double nanos = (double)winograd_tiles(g) * (double)(16 * g->depth * g->width) / (4 * VL);
    int64_t parts = fathom_team(nanos, rows * panels); /* in smaller shares, blocks of tiles get smaller */
    g->row_cuts = grid_rows(rows, panels, &parts, MOST_ROW_CUTS);
    fathom_parallel_with(winograd_part, g, parts, g->scratch, winograd_slot(g->depth));
}

/* ---- the gradient of the taps: dU = the sum over tiles of V (A dy A'), dw = G' dU G ---- */

/* row `row` of A dy A': positions[4][tile][channel], as winograd_input */
static void winograd_output_gradient(const struct winograd_weights *w, int64_t row, int64_t from, int64_t count,
                                     const float *zeros, float *to, int64_t line, int64_t slot) {
    const struct winograd *g = &w->g;
    int64_t k = g->width;
    v sign = v_set(row < 2 ? 1 : -1);
    for (int64_t t = from; t < from + count; t++, to += line) {
        struct winograd_place at = winograd_place(g, t);
        const float *dy = w->dy + ((at.image * g->oh + at.o) * g->ow + at.q) * k, *pa[2], *pb[2];
        for (int64_t s = 0; s < 2; s++) {
            int exists = at.q + s < g->ow;
            pa[s] = exists && row < 3 ? dy + s * k : zeros;
            pb[s] = exists && row > 0 && at.o + 1 < g->oh ? dy + (g->ow + s) * k : zeros;
        }
        EACH_VECTOR(k, {
            v d[2];
            UNROLLED for (int s = 0; s < 2; s++) d[s] = v_fma(v_get(pb[s] + i, m), sign, v_get(pa[s] + i, m));
            v_store(to + i, d[0]);
            v_store(to + slot + i, d[0] + d[1]);
            v_store(to + 2 * slot + i, d[0] - d[1]);
            v_store(to + 3 * slot + i, -d[1]);
        });
    }
}

/* row `row` of positions, units [u0, u1) of 6 channels of dy: dU (+)= the sum over tiles from .. from + count */
static void winograd_weights_block(const struct winograd_weights *w, int64_t row, int64_t from, int64_t count, int64_t u0, int64_t u1,
                                   float *scratch) {
    int64_t c = w->g.depth, k = w->g.width, line = padded(c), y_line = padded(k), units = row_tiles(k, c);
    int64_t slot = winograd_line(count, line), y_slot = winograd_line(count, y_line);
    float *zeros = scratch, *input = zeros + most(line, y_line), *gradient = input + 4 * slot;
    struct sweep s = {.outer = 1, .inner = 1, .depth = count, .lda = y_line, .ldb = line, .ldc = line, .add = from > 0};
    memset(zeros, 0, (size_t)most(line, y_line) * 4);
    winograd_input(&w->g, row, from, count, zeros, input, line, slot);
    winograd_output_gradient(w, row, from, count, zeros, gradient, y_line, y_slot);
    for (int64_t position = 0; position < 4; position++)
        for (int64_t panel = 0; panel < panel_count(c); panel++) {
            int64_t j = panel_start(c, panel), wide = panel_start(c, panel + 1) - j;
            for (int64_t unit = u0; unit < u1; unit++) {
                int64_t i = k * unit / units, height = k * (unit + 1) / units - i;
                turned_tiles[wide / VL][height](&s, gradient + position * y_slot + i, input + position * slot + j,
                                                w->du + ((4 * row + position) * k + i) * line + j);
            }
        }
}

/* Sums that fit L2 see all rows of positions while a block of tiles is there; of larger ones each row sees all tiles in turn. */
static void winograd_weights_part(void *context, int64_t part, int64_t parts) {
    const struct winograd_weights *w = context;
    int64_t c = w->g.depth, k = w->g.width, r0, r1, u0, u1;
    int64_t all = winograd_tiles(&w->g), blocks = ceil_div(all, winograd_span(c, k)), large = 16 * c * k > 2 * l2_floats(16);
    float *scratch = fathom_own();
    fathom_range(4, 1, part % w->row_cuts, w->row_cuts, &r0, &r1);
    fathom_range(row_tiles(k, c), 1, part / w->row_cuts, parts / w->row_cuts, &u0, &u1);
    if (u0 == u1) return;
    for (int64_t step = 0; step < (r1 - r0) * blocks; step++) {
        int64_t row = r0 + (large ? step / blocks : step % (r1 - r0)), block = large ? step % blocks : step / (r1 - r0);
        int64_t from = all * block / blocks;
        winograd_weights_block(w, row, from, all * (block + 1) / blocks - from, u0, u1, scratch);
    }
}

static void winograd_weights_join_part(void *context, int64_t part, int64_t parts) {
    const struct winograd_weights *w = context;
    int64_t c = w->g.depth, slot = w->g.width * padded(c), from, to;
    fathom_range(w->g.width, 1, part, parts, &from, &to);
    for (int64_t k = from; k < to; k++) {
        const float *du = w->du + k * padded(c);
        float *dw = w->dw + k * 9 * c;
        EACH_VECTOR(c, {
            v t[3][4];
            UNROLLED for (int s = 0; s < 4; s++) {
                v u1 = v_load(du + (4 + s) * slot + i), u2 = v_load(du + (8 + s) * slot + i), half = 0.5f * (u1 + u2);
                t[0][s] = v_load(du + s * slot + i) + half, t[1][s] = 0.5f * (u1 - u2);
                t[2][s] = half + v_load(du + (12 + s) * slot + i);
            }
            UNROLLED for (int r = 0; r < 3; r++) {
                v half = 0.5f * (t[r][1] + t[r][2]);
                give(dw + 3 * r * c + i, t[r][0] + half, w->add, m);
                give(dw + (3 * r + 1) * c + i, 0.5f * (t[r][1] - t[r][2]), w->add, m);
                give(dw + (3 * r + 2) * c + i, half + t[r][3], w->add, m);
            }
        });
    }
}

void winograd_gradient(struct winograd_weights *w) {
    int64_t units = row_tiles(w->g.width, w->g.depth), multiply_adds = 16 * w->g.depth * w->g.width;
    int64_t parts = fathom_team((double)winograd_tiles(&w->g) * (double)multiply_adds / (4 * VL), 4 * units);
    w->row_cuts = grid_rows(4, units, &parts, MOST_ROW_CUTS);
    fathom_parallel_with(winograd_weights_part, w, parts, w->scratch, winograd_weights_slot(w->g.depth, w->g.width));
    fathom_parallel(winograd_weights_join_part, w, fathom_parts((double)multiply_adds / 4, w->g.width));
}
