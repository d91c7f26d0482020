/*
 * Linear layers of weights in blocks (blocks.h), whose left side is rounded to int8 block by block: block_products.h has the formula.
 */
#if defined(__AVX2__)
#define FORM PAIRS
#else
#define FORM FLOATS
#endif
#include "block_tile.h"
#include "compact.h"
#include "panels.h"
#include "rounding.h"

const struct block_tiles block_tiles_plain = BLOCK_TILES(FORM == PAIRS ? 0.5 : 2);

struct block_layer {
    struct linear_args end; /* the sizes, and what follows the sum */
    int64_t kind;
    const uint8_t *packed;
    const struct block_tiles *tiles;
    int8_t *left; /* rounded rows of x, filled up to whole blocks with zeros, */
    float *scales, *sums; /* and of each of their blocks t and t X */
    int64_t row_cuts;
};

/* ---- the left side ---- */

static void round_blocks(void *context, int64_t part, int64_t parts) {
    const struct block_layer *g = context;
    const int64_t k = g->end.k, blocks = block_count(k), zero = g->kind == BLOCK_Q8 ? g->tiles->zero : 0;
    int64_t from, to;
    fathom_range(g->end.m * blocks, 1, part, parts, &from, &to);
    for (; from < to; from++) {
        const int64_t row = from / blocks, p = from % blocks * BLOCK, count = least(k - p, BLOCK);
        const float *x = g->end.x + row * k + p;
        int8_t *q = g->left + from * BLOCK;
        const struct rounding r = rounding_of(largest_bits(x, count));
        if (count < BLOCK) memset(q, (int)zero, BLOCK);
        round_to(1, (int32_t)zero, x, r, (uint8_t *)q, count);
        g->scales[from] = r.scale;
        int32_t sum = 0;
        for (int i = 0; i < BLOCK && g->kind == BLOCK_Q4; i++) sum += q[i];
        g->sums[from] = r.scale * (float)sum;
    }
}

/* ---- the product ---- */

static void block_layer_part(void *context, int64_t part, int64_t parts) {
    const struct block_layer *g = context;
    const struct linear_args *l = &g->end;
    const int64_t blocks = block_count(l->k), count = ceil_div(l->m, TILE_ROWS);
    int64_t t0, t1, p0, p1;
    fathom_range(count, 1, part % g->row_cuts, g->row_cuts, &t0, &t1);
    fathom_range(panel_count(l->n), 1, part / g->row_cuts, parts / g->row_cuts, &p0, &p1);
    const int64_t i0 = l->m * t0 / count, i1 = l->m * t1 / count, at_once = finished_panels(i1 - i0);
    struct block_sweep s = {.packed = g->packed, .k = l->k, .end = {.ldc = l->n}};
    for (int64_t panel = p0, ended = p0; panel < p1; panel++) {
        const int64_t j = s.column = panel_start(l->n, panel), width = panel_start(l->n, panel + 1) - j, columns = least(width, l->n - j);
        s.end.last = last_lanes(columns - (width - VL));
        for (int64_t t = t0, i = l->m * t0 / count, next; t < t1; t++, i = next) {
            next = l->m * (t + 1) / count;
            float *c = l->y + i * l->n + j;
            s.left = g->left + i * blocks * BLOCK, s.scales = g->scales + i * blocks, s.sums = g->sums + i * blocks;
            if (ends_in_tile(l)) end_tile(&s.end, l, c, j);
            g->tiles->tile[g->kind][width / VL][next - i](&s, c);
        }
        if (!ends_in_tile(l) && (panel + 1 == p1 || panel + 1 - ended == at_once)) {
            linear_finish(l, i0, i1, panel_start(l->n, ended), j + columns);
            ended = panel + 1;
        }
    }
}

static int64_t linear_blocks_int8_scratch(const struct linear_blocks_int8_args *a) {
    /* bytes of x, two floats for each block of them, and a line to begin at */
    return a->m == 0 || a->n == 0 ? 0 : SUM(PRODUCT(a->m, block_count(a->k), BLOCK / 4 + 2), 16);
}

static int32_t k_linear_blocks_int8(const struct linear_blocks_int8_args *a, int64_t *detail) {
    (void)detail;
    if (a->m == 0 || a->n == 0) return FATHOM_OK;
    struct block_layer g = {.end = {LINEAR_END(a), .x = a->x, .m = a->m, .n = a->n, .k = a->k}, .kind = a->kind, .packed = a->packed};
    const int64_t blocks = a->m * block_count(a->k), tile_rows = ceil_div(a->m, TILE_ROWS), panels = panel_count(a->n);
    g.tiles = int8_has_vnni() ? &block_tiles_vnni : &block_tiles_plain;
    g.left = (int8_t *)aligned_scratch(a->scratch), g.scales = (float *)(g.left + blocks * BLOCK), g.sums = g.scales + blocks;
    fathom_parallel(round_blocks, &g, fathom_parts(2 * MEMORY_NANOS * (double)(a->m * a->k), blocks));
    double nanos = (double)a->n * (double)a->k * (g.tiles->cost * (double)a->m / (4 * VL) + 0.02) + end_nanos(&g.end, a->m * a->n);
    int64_t parts = fathom_team(nanos, tile_rows * panels);
    g.row_cuts = grid_rows(tile_rows, panels, &parts, FEWEST_ROW_CUTS);
    fathom_parallel(block_layer_part, &g, parts);
    return FATHOM_OK;
}

EXPORT(linear_blocks_int8)
EXPORT_SCRATCH(linear_blocks_int8, linear_blocks_int8_scratch)
