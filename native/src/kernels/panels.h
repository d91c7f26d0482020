/*
 * The right side of a product is cut into panels as wide as a tile; a packed panel holds its k rows one after the other, padded
 * with zeros to whole vectors.
 */
#ifndef FATHOM_PANELS_H
#define FATHOM_PANELS_H

#include "sizes.h"
#include "tile.h"
#include "transpose.h"

enum {
    PANEL_GROUP = 256 / (TILE_VECS * VL), /* at most so many panels pass over a tile's rows while those are in L1 */
    PACK_ROWS = 128,                      /* of a panel that are packed at a time */
    ASKING_TILES = VL == 16 ? 6 : 24,     /* where so many tiles or more pass over a panel, the first of them waits for its lines */
    PACK_AHEAD = 8                        /* rows of which so few floats are read that no processor expects the next ones */
};

/*
 * A sum of this many rows for few results is cut into SPLITS parts at k i / SPLITS, which are added up in a fixed tree: i + 8, i + 4,
 * i + 2, i + 1. Few are less than SPLITS tiles of 6 x 64: a weight gradient. The shape alone decides.
 */
enum { SPLITS = 16, SPLIT_FROM = 4096, SPLIT_ROWS = 6, SPLIT_COLUMNS = 64 };

/* ---- how rows and columns are cut: evenly, so that no tile is left with a row or a vector or two ---- */

static inline int64_t whole(int64_t n) { return (n + VL - 1) / VL * VL; }

static inline int64_t panel_count(int64_t n) { return ceil_div(ceil_div(n, VL), TILE_VECS); }
static inline int64_t panel_start(int64_t n, int64_t panel) { return ceil_div(n, VL) * panel / panel_count(n) * VL; }
static inline int64_t row_tiles(int64_t m, int64_t n) {
    return ceil_div(m, ceil_div(n, VL) <= NARROW_VECS ? NARROW_ROWS : TILE_ROWS);
}

/* floats from a row of n to the next: rows 4 KiB apart fall into the same sets of L1 */
enum { ALIASED = 1024 };
static inline int64_t unaliased(int64_t n) { return n % ALIASED ? n : SUM(n, 16); }

/*
 * How many row ranges a grid of `parts` has, so that its largest share is smallest. Where several have equal shares it is the fewest, whose
 * column ranges fit L2 best, or the most, with which the fewest threads read a row, or the most even where shares are only about equal.
 */
enum grid_ties { FEWEST_ROW_CUTS, MOST_ROW_CUTS, MOST_ROW_CUTS_NEARLY };
static inline int64_t grid_rows(int64_t rows, int64_t panels, int64_t *parts, enum grid_ties ties) {
    int64_t best = 1, smallest = INT64_MAX / 2;
    for (int64_t cuts = 1; cuts <= *parts && cuts <= rows; cuts++) {
        int64_t share = ceil_div(rows, cuts) * ceil_div(panels, *parts / cuts);
        int64_t slack = ties == MOST_ROW_CUTS_NEARLY ? smallest / 16 : 0;
        if (ties == FEWEST_ROW_CUTS ? share < smallest : share <= smallest + slack) best = cuts;
        smallest = least(share, smallest);
    }
    *parts = *parts / best * best;
    return best;
}

/* right[k, n] in rows of ld floats, or stored as right[n, k] */
struct right_side {
    const float *at;
    int64_t ld, n;
    int turned;
};

/* rows k0 .. k1 of a panel */
static inline void pack_panel(const struct right_side *r, int64_t panel, int64_t k0, int64_t k1, float *to) {
    int64_t j = panel_start(r->n, panel), width = panel_start(r->n, panel + 1) - j;
    int64_t exist = r->n - j < width ? r->n - j : width;
    if (r->turned) {
        transpose(r->at + j * r->ld + k0, r->ld, exist, k1 - k0, to, width, 1);
        return;
    }
    for (int64_t p = k0; p < k1; p++, to += width) {
        const float *from = r->at + p * r->ld + j;
        for (int64_t x = 0; x < exist; x += VL) {
            __builtin_prefetch(from + PACK_AHEAD * r->ld + x, 0, 3);
            v_store(to + x, v_load_n(from + x, exist - x < VL ? exist - x : VL));
        }
    }
}

/* whether so many tiles that pass over each panel of a right side of so many floats ask for the next one, which lies far away */
static inline int asks_for_next(int64_t count, int64_t floats) { return count > 1 && count < ASKING_TILES && floats > l2_floats(8); }

/* has tile t of `count` ask for its share of so many floats of a right side, which are read soon and lie far away */
static inline void ask_for_share(struct sweep *s, const float *soon, int64_t floats, int64_t t, int64_t count) {
    enum { LINE = 16 };
    int64_t share = ceil_div(floats, count), passes = most(s->outer * s->inner * (s->depth / TILE_STEPS), 1);
    s->soon = soon + share * t;
    s->soon_lines = most(ceil_div(share, LINE * passes), 1);
    s->soon_step = ceil_div(share, s->soon_lines * passes);
}

/* after a tile: the next one goes on with what this one has asked for */
static inline void has_asked(struct sweep *s) {
    if (s->soon) s->soon += s->soon_lines * s->soon_step * s->outer * s->inner * (s->depth / TILE_STEPS);
}

/* panels of n columns, from `panel` on and before `end`, that a tile of so many rows takes at once: none that is narrower than others */
static inline int64_t joined_panels(int64_t rows, int64_t n, int64_t panel, int64_t end) {
    int64_t count = TILE_CHAINS > TILE_VECS && rows ? least(TILE_CHAINS / (TILE_VECS * rows), end - panel) : 1;
    while (count > 1 && panel_start(n, panel + count) - panel_start(n, panel) < count * TILE_VECS * VL) count--;
    return most(count, 1);
}

/*
 * ---- products that a thread computes by itself; those of gemm.c and conv_product.h are cut for several ----
 *
 * c[rows][ldc] (+)= left[rows][lda] right, a panel of so many columns, in tiles of even heights, which ask for the next panel at `soon`,
 * or for nothing where that is 0
 */
static inline void panel_product(struct sweep *s, int64_t width, const float *left, const float *right, float *c, int64_t rows,
                                 const float *soon) {
    int64_t count = row_tiles(rows, width);
    for (int64_t t = 0, i = 0, next; t < count; t++, i = next) {
        next = rows * (t + 1) / count;
        if (soon) ask_for_share(s, soon, s->depth * width, t, count);
        tiles[width / VL][next - i](s, left + i * s->lda, right, c + i * s->ldc);
    }
}

/* and of panels p0 .. p1 of a packed right side [depth, n] */
static inline void packed_product(struct sweep s, const float *left, const float *panels, float *c, int64_t rows, int64_t n,
                                  int64_t p0, int64_t p1) {
    for (int64_t joined; p0 < p1; p0 += joined) {
        int64_t j = panel_start(n, p0), width = panel_start(n, p0 + 1) - j, columns;
        const float *right = panels + j * s.depth;
        joined = joined_panels(rows, n, p0, p1), columns = joined * width;
        s.ldb = width, s.beside = width * s.depth, s.last = last_lanes(least(n - j, columns) - (columns - VL));
        if (TILE_CHAINS > TILE_VECS && joined > 1) tiles[columns / VL][rows](&s, left, right, c + j);
        else panel_product(&s, width, left, right, c + j, rows, 0);
    }
}

static inline float *aligned_scratch(float *p) { return (float *)(((uintptr_t)p + 63) & ~(uintptr_t)63); }

#endif
