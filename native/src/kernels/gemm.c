/*
 * Matrix products: C[m, n] (+)= op(A) op(B), and linear, y = act((x W^T + bias) + residual).
 *
 * Every output is one chain c = fma(left, right, c) over ascending k that starts from 0, or from C for +=. Tiles, k blocks,
 * threads, swapped sides and copies of the operands change who computes it and when, never the chain: GEMV, GEMM, v3 and v4
 * agree bit for bit and a row does not depend on m. The one exception is a weight gradient with few outputs and a long k, see
 * is_split.
 *
 * A tile is R rows of the left side, read one float at a time, by up to TILE_VECS vectors along the columns of the right side.
 * The right side is cut into panels as wide as a tile; a packed panel holds its k rows one after the other, padded with zeros
 * to whole vectors. A block of so many rows of a few panels as fit stays in L2 while the tiles of all rows pass over it.
 */
#include "finish.h"
#include "gemm.h"
#include "panels.h"

enum {
    BLOCK_COLUMNS = 128, /* of a block in L2 that is as deep as it can be: sums are then stored and read again the fewest times, */
    BLOCK_ROWS = 800,    /* by at most so many rows: as much of the left side's rows has to stay in L1 */
    PACK_BESIDE = 16,    /* rows that are packed for all panels of a block at a time, because rows may lie pages apart */
    TURN_BLOCK = 64,     /* rows and columns that are transposed at a time, from L1 or into it */
    TURNED_ROWS = 96,    /* of a turned left side that are copied for a block, and stay in L2 for all panels */
    IN_PLACE_ROWS = 128  /* of k, while all tiles pass over both sides in L2: see read_in_place */
};

/* of the right side, which stay in L2 while the tiles of all rows pass over them: half of it */
static int64_t block_floats(void) { return l2_floats(8); }
/* panels of so many rows, in whole numbers of those that few rows take side by side */
static int64_t block_panels(int64_t depth) {
    enum { BESIDE = TILE_CHAINS / TILE_VECS };
    return clamp(block_floats() / (most(depth, 1) * TILE_VECS * VL) / BESIDE * BESIDE, BESIDE, PANEL_GROUP);
}
static int64_t block_rows(void) { return clamp(block_floats() / BLOCK_COLUMNS, 64, BLOCK_ROWS); }

/* ---- one product ---- */

struct product {
    const float *a, *b;       /* left[m, k]; right[k, n], or 0 where its panels exist already */
    float *c;                 /* the result, in rows of ldc floats */
    int64_t lda, ldb, ldc;
    int64_t m, n, k, add;
    int a_turned, b_turned;   /* stored as left[k, m], right[n, k] */
    int c_turned;             /* c is a scratch copy of the transposed result, padded to whole vectors */
    float *left;              /* of a_turned, scratch for copies of a few rows, or 0: tiles read both sides as they lie */
    float *panels;            /* packed panels of the right side, from panel first_packed on */
    int64_t first_packed;
    int64_t row_cuts;         /* the parts of a region form a grid of so many row ranges */
    int own_panels;           /* each panel is of one part, which packs a block of a few when it comes to them: they never leave its L2 */
    float *out;               /* the result proper, where c_turned */
    const struct linear_args *finish;
};

static inline struct right_side right_side(const struct product *g) {
    return (struct right_side){g->b, g->ldb, g->n, g->b_turned};
}

/* ---- copies ---- */

static inline int in_place(const struct product *g) { return g->a_turned && !g->left; }

/* of the right side before the product, in units of so many rows of a panel */
static int64_t pack_units(const struct product *g) {
    return g->b && g->panels && !g->own_panels ? (panel_count(g->n) - g->first_packed) * ceil_div(g->k, PACK_ROWS) : 0;
}

static void pack_part(void *context, int64_t part, int64_t parts) {
    const struct product *g = context;
    struct right_side right = right_side(g);
    int64_t chunks = ceil_div(g->k, PACK_ROWS), count = panel_count(g->n) - g->first_packed, from, to;
    fathom_range(pack_units(g), 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        /* side by side, because rows may lie pages apart; where columns are rows, one after the other */
        int64_t panel = g->first_packed + (g->b_turned ? unit / chunks : unit % count);
        int64_t k0 = (g->b_turned ? unit % chunks : unit / count) * PACK_ROWS;
        int64_t k1 = k0 + PACK_ROWS < g->k ? k0 + PACK_ROWS : g->k;
        int64_t j = panel_start(g->n, panel), width = panel_start(g->n, panel + 1) - j;
        pack_panel(&right, panel, k0, k1, g->panels + j * g->k + k0 * width);
    }
}

/* of rows of a turned left side, for a block of k */
static int64_t left_rows(int64_t m) { return least(m, TURNED_ROWS); }
static int64_t left_stride(int64_t depth) { return unaliased(padded(depth)); }
static int64_t left_floats(int64_t m, int64_t k) { return (left_rows(m) + 2 * VL) * left_stride(least(k, block_rows())); }

/* ---- what follows the sum ---- */

/* `row` is known where this is inlined: relu and clamp run in registers, -1 stands for all others */
INLINE void finish_rows(const struct linear_args *l, int64_t i0, int64_t i1, int64_t j0, int64_t j1, int row) {
    v p0 = v_set(l->p0), p1 = v_set(l->p1);
    int64_t width = j1 - j0, at_once = width == l->n ? most(ENDED_FLOATS / width, 1) : 1;
    int sums = l->bias || l->residual || l->pre || row >= 0;
    for (int64_t r = i0, next; r < i1; r = next) {
        float *first = l->y + r * l->n + j0;
        next = least(r + at_once, i1);
        for (int64_t at = r * l->n + j0; sums && at < next * l->n; at += l->n) {
            const float *bias = l->bias ? l->bias + j0 : 0, *residual = l->residual ? l->residual + at : 0;
            float *y = l->y + at, *pre = l->pre ? l->pre + at : 0;
            EACH_VECTOR(width, {
                v x = v_get(y + i, m);
                if (bias) x = x + v_get(bias + i, m);
                if (residual) x = x + v_get(residual + i, m);
                if (pre) v_put(pre + i, x, m);
                if (row == UNARY_relu) x = unary_relu(x, p0, p1);
                if (row == UNARY_clamp) x = unary_clamp(x, p0, p1);
                v_put(y + i, x, m);
            });
        }
        if (row < 0 && l->row >= 0) unary_rows[l->row].forward(first, first, (next - r) * width, p0, p1, 0);
    }
}

void linear_finish(const struct linear_args *l, int64_t i0, int64_t i1, int64_t j0, int64_t j1) {
    if (l->row == UNARY_relu) finish_rows(l, i0, i1, j0, j1, UNARY_relu);
    else if (l->row == UNARY_clamp) finish_rows(l, i0, i1, j0, j1, UNARY_clamp);
    else finish_rows(l, i0, i1, j0, j1, -1);
}

/* ---- the product ---- */

/* of a panel: its first column, those that exist, the lanes of its last vector, its right side (0: not packed yet), tiles and sweep */
struct gemm_panel {
    int64_t start, columns, last;
    const float *right;
    tile_fn *const *tiles;
    struct sweep sweep;
};

/* over `depth` rows of k */
static void begin_panel(struct gemm_panel *p, const struct product *g, int64_t panel, int64_t from, int64_t depth, int64_t add) {
    int64_t j = panel_start(g->n, panel), width = panel_start(g->n, panel + 1) - j, packed = panel >= g->first_packed;
    int64_t columns = g->n - j < width ? g->n - j : width;
    p->start = j, p->columns = columns, p->tiles = (in_place(g) ? turned_tiles : tiles)[width / VL];
    p->right = !packed ? g->b + from * g->ldb + j : g->panels ? g->panels + j * g->k + from * width : 0;
    struct sweep *s = &p->sweep;
    s->outer = s->inner = 1, s->depth = depth, s->lda = g->lda, s->ldb = packed ? width : g->ldb, s->ldc = g->ldc, s->add = add;
    p->last = g->c_turned ? 0 : last_lanes(columns - (width - VL));
    s->end = !g->c_turned && from + depth == g->k && ends_in_tile(g->finish) ? g->finish : 0;
    s->soon = 0;
    s->right_ahead = 0;
}

/*
 * Panels that do not stay in L2 from one product to the next come from far away, and the first tile of a panel would wait for all of
 * its lines. So the tiles of one panel ask for those of the next: tile `t` of `count` for its share of the `rows` rows of k from `from` on.
 */
static inline void ask_for(struct sweep *s, const struct product *g, int64_t panel, int64_t from, int64_t rows, int64_t t,
                           int64_t count) {
    int64_t j = panel_start(g->n, panel), width = panel_start(g->n, panel + 1) - j;
    ask_for_share(s, g->panels + j * g->k + from * width, rows * width, t, count);
}

/* a tile whose panel is packed as it goes, for itself alone */
static __attribute__((noinline)) void multiply_packing(const struct product *g, const struct gemm_panel *p, int64_t panel,
                                                       int64_t from, int64_t height, const float *left, float *c) {
    float packed[TURN_BLOCK * TILE_VECS * VL];
    struct right_side right = right_side(g);
    struct sweep s = p->sweep;
    int64_t done = 0;
    do {
        s.depth = p->sweep.depth - done < TURN_BLOCK ? p->sweep.depth - done : TURN_BLOCK;
        s.end = done + s.depth == p->sweep.depth ? p->sweep.end : 0;
        pack_panel(&right, panel, from + done, from + done + s.depth, packed);
        p->tiles[height](&s, left + done, packed, c);
        s.add = 1;
    } while ((done += TURN_BLOCK) < p->sweep.depth);
}

/* how many panels from p on, which is number `panel`, a tile takes at once: their right sides have equal rows and lie equally far apart */
static inline int64_t joined_rights(const struct product *g, const struct gemm_panel *p, int64_t panel, int64_t end, int64_t height) {
    int64_t count = joined_panels(height, g->n, panel, end);
    for (int64_t i = 1; i < count; i++) {
        int apart = p->right && p[i].right && p[i].right - p->right == i * (p[1].right - p->right);
        if (!apart || p[i].sweep.ldb != p->sweep.ldb) return i;
    }
    return count;
}

/* the tile of rows i .. i + height and `joined` panels, over its rows of k, which begin at `from` */
static inline void multiply_tile(const struct product *g, struct gemm_panel *p, int64_t panel, int64_t joined, int64_t i,
                                 int64_t height, int64_t from) {
    struct sweep *s = &p->sweep;
    float *c = g->c + i * g->ldc + p->start;
    const float *left = in_place(g) ? g->a + from * g->lda + i : g->a + i * g->lda + from;
    if (s->end) end_tile(s, g->finish, c, p->start);
    s->last = p[joined - 1].last;
    if (TILE_CHAINS > TILE_VECS && joined > 1) {
        s->beside = p[1].right - p->right;
        tiles[joined * TILE_VECS][height](s, left, p->right, c);
    } else if (p->right) p->tiles[height](s, left, p->right, c);
    else multiply_packing(g, p, panel, from, height, left, c);
}

/* as many for each range of rows */
static int64_t cut_tiles(const struct product *g) { return ceil_div(row_tiles(g->m, g->n), g->row_cuts) * g->row_cuts; }

/* rows from .. from + depth of panels [group, end), where the part whose first panel is p0 has room for all of its own */
static void pack_own(const struct product *g, struct gemm_panel *panels, int64_t group, int64_t end, int64_t p0, int64_t from,
                     int64_t depth) {
    struct right_side right = right_side(g);
    int64_t at_once = g->b_turned ? depth : PACK_BESIDE;
    for (int64_t k = 0, next; k < depth; k = next) {
        float *to = g->panels + panel_start(g->n, p0) * g->k;
        next = least(k + at_once, depth);
        for (int64_t p = most(group, g->first_packed); p < end; p++) {
            struct gemm_panel *panel = panels + (p - group);
            pack_panel(&right, p, from + k, from + next, to + k * panel->sweep.ldb);
            panel->right = to;
            to += panel->sweep.ldb * depth;
        }
    }
}

/* rows of tiles [t0, t1) by panels [p0, p1), over [k0, k1) of k */
static void multiply(const struct product *g, int64_t t0, int64_t t1, int64_t p0, int64_t p1, int64_t k0, int64_t k1) {
    int64_t count = cut_tiles(g), blocks = ceil_div(k1 - k0, in_place(g) ? IN_PLACE_ROWS : block_rows());
    int64_t beyond_l2 = !in_place(g) && g->m * (g->n + g->k) > l2_floats(16);
    int64_t right_floats = (panel_start(g->n, p1) - panel_start(g->n, p0)) * g->k;
    int asks = g->panels && !g->b && t1 - t0 >= 2 && (g->left || t1 - t0 < ASKING_TILES) && right_floats > l2_floats(8);
    if (blocks == 0 || count == 1) blocks = 1; /* k = 0 still writes its zeros; a panel that one tile uses need not stay in L2 */
    /* A function that no tile applies takes all panels of a group, or several groups of one panel, as each call takes long to begin. */
    int64_t i0 = g->m * t0 / count, i1 = g->m * t1 / count, together = finished_panels(i1 - i0), ended = p0;
    for (int64_t block = 0; block < blocks; block++) {
        int64_t from = k0 + (k1 - k0) * block / blocks, depth = k0 + (k1 - k0) * (block + 1) / blocks - from;
        int finishes = g->finish && !g->c_turned && !ends_in_tile(g->finish) && from + depth == g->k;
        int64_t at_once = in_place(g) || (asks && g->m * depth <= l2_floats(16)) ? 1 : block_panels(depth);
        for (int64_t group = p0, end; group < p1; group = end) {
            struct gemm_panel panels[PANEL_GROUP];
            end = group + at_once < p1 ? group + at_once : p1;
            for (int64_t p = group; p < end; p++) begin_panel(panels + (p - group), g, p, from, depth, g->add || block > 0);
            if (g->own_panels) pack_own(g, panels, group, end, p0, from, depth);
            int64_t columns_end = least(panel_start(g->n, end), g->n);
            for (int64_t t = t0, i = g->m * t0 / count, next; t < t1; t++, i = next) {
                next = g->m * (t + 1) / count;
                int soon = beyond_l2 && t + 1 < t1;
                for (int64_t panel = group, joined; panel < end; panel += joined) {
                    struct gemm_panel *p = panels + (panel - group);
                    joined = joined_rights(g, p, panel, end, next - i);
                    p->sweep.left_ahead = soon && panel == group && !g->left ? (next - i) * g->lda : 0;
                    p->sweep.next = soon ? g->c + next * g->ldc + p->start : 0;
                    if (asks && panel + at_once < p1) ask_for(&p->sweep, g, panel + at_once, from, depth, t - t0, t1 - t0);
                    else if (asks && block + 1 < blocks)
                        ask_for(&p->sweep, g, p0 + panel - group, from + depth, depth, t - t0, t1 - t0);
                    multiply_tile(g, p, panel, joined, i, next - i, from);
                }
                if (finishes && at_once > 1) linear_finish(g->finish, i, next, panels->start, columns_end);
            }
            if (finishes && at_once == 1 && (end == p1 || end - ended == together)) {
                linear_finish(g->finish, i0, i1, panel_start(g->n, ended), columns_end);
                ended = end;
            }
        }
    }
}

/* the same, where copies of a turned left side, a few rows at a time, stay in L2 while all panels pass over them */
static void multiply_range(const struct product *g, int64_t t0, int64_t t1, int64_t p0, int64_t p1, int64_t k0, int64_t k1) {
    if (!g->left) {
        multiply(g, t0, t1, p0, p1, k0, k1);
        return;
    }
    int64_t count = cut_tiles(g), at_once = most(left_rows(g->m) / ceil_div(g->m, count), 1);
    float *copy = fathom_own();
    struct product piece = *g;
    if (VL == 16 && !g->first_packed) piece.b = 0; /* panels are asked for, for which tiles of narrower vectors have no time */
    int64_t blocks = most(ceil_div(k1 - k0, block_rows()), 1);
    for (int64_t block = 0; block < blocks; block++) {
        int64_t from = k0 + (k1 - k0) * block / blocks, to = k0 + (k1 - k0) * (block + 1) / blocks;
        piece.lda = left_stride(to - from), piece.add = g->add || block > 0;
        for (int64_t t = t0, next; t < t1; t = next) {
            next = least(t + at_once, t1);
            /* whole lines, if rows of k begin with one: neighboring parts of a line may be evicted in between */
            int64_t i0 = g->m * t / count / VL * VL, i1 = least(whole(g->m * next / count), g->m);
            for (int64_t p = from; p < to; p += TURN_BLOCK) /* in blocks, because rows of k lie pages apart */
                transpose(g->a + p * g->lda + i0, g->lda, least(TURN_BLOCK, to - p), i1 - i0, copy + (p - from), piece.lda, 0);
            piece.a = copy - i0 * piece.lda - from;
            multiply(&piece, t, next, p0, p1, from, to);
        }
    }
}

static void multiply_part(void *context, int64_t part, int64_t parts) {
    const struct product *g = context;
    int64_t t0, t1, p0, p1, column_cuts = parts / g->row_cuts;
    fathom_range(cut_tiles(g), 1, part % g->row_cuts, g->row_cuts, &t0, &t1);
    fathom_range(panel_count(g->n), 1, part / g->row_cuts, column_cuts, &p0, &p1);
    if (t0 == t1 || p0 == p1) return;
    if (!g->c_turned) {
        multiply_range(g, t0, t1, p0, p1, 0, g->k);
        return;
    }
    /* the result has rows j0 .. j1 and columns i0 .. i1 of this part's share */
    int64_t count = cut_tiles(g), i0 = g->m * t0 / count, i1 = g->m * t1 / count;
    int64_t j0 = panel_start(g->n, p0), j1 = panel_start(g->n, p1) < g->n ? panel_start(g->n, p1) : g->n;
    float *out = g->out + j0 * g->m + i0, *copy = g->c + i0 * g->ldc + j0;
    if (g->add) transpose(out, g->m, j1 - j0, i1 - i0, copy, g->ldc, 1);
    multiply(g, t0, t1, p0, p1, 0, g->k);
    transpose(copy, g->ldc, i1 - i0, j1 - j0, out, g->m, 0);
    if (g->finish) linear_finish(g->finish, j0, j1, i0, i1);
}

static int has_rows_of_weights(const struct product *g) { return g->c_turned || g->a_turned; }

/*
 * Where the left side is a weight, or the result its gradient, most row ranges: a thread that reads, differentiates and
 * (optim.c) updates the same rows in every step finds them in its own L2. Measured: else Adam takes twice as long, and six times
 * where the cores do not share an L3.
 */
static int64_t choose_row_cuts(const struct product *g, int64_t *parts) {
    enum grid_ties ties = has_rows_of_weights(g) || g->m > g->k ? MOST_ROW_CUTS_NEARLY : FEWEST_ROW_CUTS;
    return grid_rows(row_tiles(g->m, g->n), panel_count(g->n), parts, ties);
}

/*
 * Does the right side of A B deserve packed panels? Rows that lie a multiple of 4 KiB apart share a few sets of L1: on a Zen 5 a product of
 * 512 x 1,024 with 64 steps takes 0.85 of the time with copies, and 0.56 on AVX2. Other rows are read as they lie until m is so large that
 * a copy is cheap: a product of 128 x 512 with 512 steps takes 1.06 of the time with copies. On AVX2 a panel takes only one line of each
 * row, and long panels are copied sooner.
 */
static int copies_right(int64_t m, int64_t n, int64_t k) {
    const int wide = VL == 16;
    if (n % ALIASED == 0) return m >= (wide ? 64 : 16);
    return m >= 1024 || (!wide && m >= 64 && k >= 256);
}

/* For fathom_parts: the arithmetic at half the peak of a common core, and one pass over the right side. */
static double product_nanos(const struct product *g) {
    double pass = g->b_turned ? 0.125 : 0.04;
    return (double)g->n * (double)g->k * ((double)g->m / (4 * VL) + pass) + end_nanos(g->finish, g->m * g->n);
}

static void pack(struct product *g, int64_t parts) {
    int64_t units = pack_units(g);
    if (units) fathom_parallel(pack_part, g, parts < units ? parts : units);
}

/* parts of which each has a place for copies of the left side, if there are any */
static void run_parts(part_fn fn, struct product *g, int64_t parts) {
    fathom_parallel_with(fn, g, parts, g->left, g->left ? left_floats(g->m, g->k) : 0);
}

static void run_product(struct product *g) {
    int64_t most = row_tiles(g->m, g->n) * panel_count(g->n);
    int64_t parts = has_rows_of_weights(g) ? fathom_team(product_nanos(g), most) : fathom_parts(product_nanos(g), most);
    g->row_cuts = choose_row_cuts(g, &parts);
    g->own_panels = g->row_cuts == 1 && g->b && g->panels && !g->left;
    pack(g, parts);
    run_parts(multiply_part, g, parts);
}

static void split_part(void *context, int64_t part, int64_t parts) {
    const struct product g = *(const struct product *)context;
    int64_t from, to;
    fathom_range(SPLITS, 1, part, parts, &from, &to);
    for (int64_t s = from; s < to; s++) {
        struct product piece = g;
        piece.c = g.c + s * g.m * g.n;
        piece.add = 0;
        multiply_range(&piece, 0, row_tiles(g.m, g.n), 0, panel_count(g.n), g.k * s / SPLITS, g.k * (s + 1) / SPLITS);
    }
}

static void join_part(void *context, int64_t part, int64_t parts) {
    const struct product *g = context;
    int64_t count = g->m * g->n, from, to;
    fathom_range(count, VL, part, parts, &from, &to);
    for (int64_t x = from; x < to; x += VL) {
        int64_t lanes = to - x < VL ? to - x : VL;
        v sum[SPLITS];
        for (int s = 0; s < SPLITS; s++) sum[s] = v_load_n(g->c + s * count + x, lanes);
        for (int h = SPLITS / 2; h; h /= 2)
            for (int s = 0; s < h; s++) sum[s] = sum[s] + sum[s + h];
        if (g->add) sum[0] = v_load_n(g->out + x, lanes) + sum[0];
        v_store_n(g->out + x, sum[0], lanes);
    }
}

static void run_split(struct product *g) {
    int64_t parts = fathom_parts(product_nanos(g), SPLITS);
    pack(g, parts);
    g->row_cuts = 1;
    run_parts(split_part, g, parts);
    fathom_parallel(join_part, g, fathom_parts((double)(g->m * g->n), parts));
}

/* ---- kernels ---- */

/*
 * The packed right side (or left, if smaller). Where the sides may be swapped (is_swapped), also the transposed result, in rows of at most
 * m + 31 floats. 16 floats to align.
 */
static int64_t turned_floats(int64_t m, int64_t n, int64_t k) {
    int64_t may_swap = m <= n || n <= NARROW_ROWS;
    return SUM(16, packed_floats(n, k), may_swap ? PRODUCT(n, SUM(m, 31)) : 0, 32);
}

enum { SPLIT_FLOATS = SPLITS * (SPLITS - 1) * SPLIT_ROWS * SPLIT_COLUMNS }; /* of all parts: a sum has fewer tiles than parts */
static int is_split(int64_t ta, int64_t m, int64_t n, int64_t k) {
    return ta && k >= SPLIT_FROM && PRODUCT(ceil_div(m, SPLIT_ROWS), ceil_div(n, SPLIT_COLUMNS)) < SPLITS;
}

/*
 * Whether a weight gradient has so few results that copies of its sides would take longer than tiles lose by reading rows of k that lie
 * apart. Measured with k of 128 to 25,088: 64 x 64 takes 0.57 to 0.71 of the time so, 64 x 1,024 0.6 on AVX2, 512 x 256 1.08. A row or
 * two are for the tiles over several panels: see TILE_CHAINS.
 */
enum { IN_PLACE_LEAST = 3, IN_PLACE_MOST = 384, IN_PLACE_RESULTS = 1 << 17 };
static int read_in_place(int64_t ta, int64_t m, int64_t n) {
    return ta && m >= IN_PLACE_LEAST && m <= IN_PLACE_MOST && PRODUCT(m, n) <= IN_PLACE_RESULTS;
}

/* Of a weight gradient also some rows of the left side, and where k is long the partial sums. */
static int64_t gemm_floats(int64_t ta, int64_t tb, int64_t m, int64_t n, int64_t k) {
    if (m == 0 || n == 0) return 0;
    if (SUM(m, n, k) == INT64_MAX) return INT64_MAX; /* or negative */
    if (tb) return turned_floats(m, n, k);
    int64_t left = ta ? left_floats(m, k) : 0, copies = read_in_place(ta, m, n) ? 0 : SUM(packed_floats(n, k), left);
    return SUM(16, copies, SPLIT_FLOATS * is_split(ta, m, n, k));
}

int64_t gemm_scratch(const struct gemm_args *a) { return gemm_floats(a->ta, a->tb, a->m, a->n, a->k); }

int64_t linear_scratch(const struct linear_args *a) {
    return a->packed || a->m == 0 || a->n == 0 ? 0 : turned_floats(a->m, a->n, a->k);
}

/* A batch of many small products is shared out product by product; others run one after the other, each by all threads. */
enum { MANY_PRODUCTS = 8, SMALL_ROWS = 4096, SMALL_RIGHT = 64 * 1024 };
static int64_t batch_floats(const struct gemm_batch_args *a) { return SUM(gemm_floats(a->ta, a->tb, a->m, a->n, a->k), 16); }
static int64_t gemm_batch_scratch(const struct gemm_batch_args *a) { return dims_count(a->dims) == 0 ? 0 : batch_floats(a); }

/*
 * C = A B^T needs one side transposed, the one that takes the vectors. The swapped form also transposes its result; a float moved
 * costs about as much as 8 multiply-adds. The panels of A fit the scratch that those of B would take, or are not stored at all.
 */
static int is_swapped(int64_t m, int64_t n, int64_t k) {
    int64_t swapped = whole(m) * n * k + 8 * m * (k + 2 * n), straight = m * whole(n) * k + 8 * n * k;
    return swapped < straight && (m <= n || row_tiles(n, m) == 1);
}

static void run_turned(struct product *g, float *scratch) {
    int64_t m = g->m, n = g->n;
    scratch = aligned_scratch(scratch);
    g->b_turned = 1;
    if (is_swapped(m, n, g->k)) {
        struct product s = *g;
        s.a = g->b, s.b = g->a, s.m = n, s.n = m;
        s.c_turned = 1;
        s.out = g->c;
        s.ldc = unaliased(padded(m));
        s.c = scratch;
        scratch += padded(n * (m + 31));
        *g = s;
    }
    if (row_tiles(g->m, g->n) > 1) g->panels = scratch;
    run_product(g);
}

static int32_t k_gemm(const struct gemm_args *a, int64_t *detail) {
    (void)detail;
    int64_t m = a->m, n = a->n, k = a->k;
    if (m == 0 || n == 0) return FATHOM_OK;
    if (blas_takes(m, n, k)) {
        fathom_sgemm(ROW_MAJOR, a->ta ? TRANSPOSED : AS_STORED, a->tb ? TRANSPOSED : AS_STORED, (int)m, (int)n, (int)k, 1, a->a,
                     (int)(a->ta ? m : k), a->b, (int)(a->tb ? k : n), a->add ? 1 : 0, a->c, (int)n);
        return FATHOM_OK;
    }
    struct product g = {.a = a->a, .lda = a->ta ? m : k, .b = a->b, .ldb = a->tb ? k : n, .c = a->c, .ldc = n, .m = m, .n = n,
                        .k = k, .add = a->add != 0, .a_turned = a->ta != 0};
    if (a->tb) {
        run_turned(&g, a->scratch);
        return FATHOM_OK;
    }
    float *scratch = aligned_scratch(a->scratch);
    if (read_in_place(a->ta, m, n)) {
        g.first_packed = panel_count(n);
    } else {
        g.panels = scratch;
        scratch += padded(n) * k;
        /* a panel that ends inside a vector is always packed */
        g.first_packed = copies_right(m, n, k) ? 0 : panel_count(n) - (n % VL != 0);
    }
    int split = is_split(a->ta, m, n, k);
    if (split) {
        g.out = g.c;
        g.c = scratch;
        scratch += SPLIT_FLOATS;
    }
    if (a->ta && g.panels) g.left = scratch;
    (split ? run_split : run_product)(&g);
    return FATHOM_OK;
}

void gemm_run(const struct gemm_args *a) { k_gemm(a, 0); }

/* products from .. to of a batch */
static void batch_products(const struct gemm_batch_args *a, int64_t from, int64_t to, float *scratch) {
    for (int64_t i = from; i < to; i++) {
        struct gemm_args one = {.ta = a->ta, .tb = a->tb, .a = a->a, .b = a->b, .c = a->c + i * a->m * a->n, .m = a->m, .n = a->n,
                                .k = a->k, .add = a->add, .scratch = scratch};
        int64_t rest = i;
        for (int d = 5; d >= 0; rest /= a->dims[d--]) {
            one.a += rest % a->dims[d] * a->sa[d];
            one.b += rest % a->dims[d] * a->sb[d];
        }
        k_gemm(&one, 0);
    }
}

static void batch_part(void *context, int64_t part, int64_t parts) {
    const struct gemm_batch_args *a = context;
    int64_t from, to;
    fathom_range(dims_count(a->dims), 1, part, parts, &from, &to);
    batch_products(a, from, to, fathom_own());
}

static int32_t k_gemm_batch(const struct gemm_batch_args *a, int64_t *detail) {
    (void)detail;
    int64_t count = dims_count(a->dims), small = a->m <= SMALL_ROWS && PRODUCT(a->n, a->k) <= SMALL_RIGHT, parts = 1;
    double nanos = (double)count * ((double)a->m * (double)a->n * (double)a->k / (4 * VL) + 100);
    if (count >= MANY_PRODUCTS && small && !fathom_sgemm) parts = fathom_parts(nanos, count);
    if (parts > 1) fathom_parallel_with(batch_part, (void *)a, parts, a->scratch, batch_floats(a));
    else batch_products(a, 0, count, a->scratch);
    return FATHOM_OK;
}

static int32_t k_linear_pack(const struct linear_pack_args *a, int64_t *detail) {
    (void)detail;
    if (a->n == 0 || a->k == 0) return FATHOM_OK;
    struct product g = {.b = a->w, .ldb = a->k, .n = a->n, .k = a->k, .b_turned = 1, .panels = a->packed};
    fathom_parallel(pack_part, &g, fathom_parts((double)a->n * (double)a->k / 8, pack_units(&g)));
    return FATHOM_OK;
}

static int32_t k_linear(const struct linear_args *a, int64_t *detail) {
    (void)detail;
    int64_t m = a->m, n = a->n, k = a->k;
    if (m == 0 || n == 0) return FATHOM_OK;
    if (a->w && blas_takes(m, n, k)) {
        fathom_sgemm(ROW_MAJOR, AS_STORED, TRANSPOSED, (int)m, (int)n, (int)k, 1, a->x, (int)k, a->w, (int)k, 0, a->y, (int)n);
        fathom_parallel(linear_finish_part, (void *)a, fathom_parts((double)m * (double)n, m));
        return FATHOM_OK;
    }
    struct product g = {.a = a->x, .lda = k, .b = a->w, .ldb = k, .c = a->y, .ldc = n, .m = m, .n = n, .k = k, .finish = a};
    if (!a->bias && !a->residual && !a->pre && a->row < 0) g.finish = 0;
    if (a->packed) {
        g.panels = a->packed;
        g.b = 0;
        run_product(&g);
    } else {
        run_turned(&g, a->scratch);
    }
    return FATHOM_OK;
}

void linear_run(const struct linear_args *a) { k_linear(a, 0); }

EXPORT(gemm)
EXPORT_SCRATCH(gemm, gemm_scratch)
EXPORT(gemm_batch)
EXPORT_SCRATCH(gemm_batch, gemm_batch_scratch)
EXPORT(linear_pack)
EXPORT(linear)
EXPORT_SCRATCH(linear, linear_scratch)
