/*
 * Linear layers whose weights are stored in fewer bytes: y = act((x W^T + bias) + residual), W[n, k] of bf16, or W = s q with a scale for
 * each of n outputs and q of int8.
 *
 * Every output is the chain of gemm.c, c = fma(x, w, c) over ascending k from 0, whose w is the bf16 number or q as a float, so that bf16
 * gives the bits of linear with the same numbers; s c, rounded once, is what follows for int8.
 *
 * Panels are those of linear_pack in another type. A panel of bf16 holds its rows of k in pairs, so that a word of 32 bits has two
 * neighbors of a column, the first in its lower half: two vectors of floats are a shift and a mask away. Behind an odd k there is half a
 * pair of zeros.
 *
 * Few rows of x wait for memory, and their tiles widen what they read in registers. More rows share a piece of a panel that is widened for
 * them to where it stays in the nearest cache.
 */
#include "bytes.h"
#include "narrow.h"

/* The most tiles of rows that widen for themselves, and the floats of a piece. Measured on Zen 4: until then widening costs nothing. */
enum { FEW_TILES = 10, PIECE = 8192 };

/* ---- rows of a panel as floats ---- */

/* bytes of two rows of k */
INLINE int64_t pair_bytes(int bf16, int64_t width) { return bf16 ? 4 * width : 2 * width; }

/* the vector from column j on of the first (0) or second row of a pair */
INLINE v widened(int bf16, const uint8_t *pair, int64_t width, int64_t j, int second) {
    if (!bf16) return __builtin_convertvector(signed_load((const int8_t *)pair + second * width + j), v);
    vu both;
    memcpy(&both, pair + 4 * j, sizeof both);
    return bfloat_of_pair(both, second);
}

static inline const uint8_t *narrow_panel(int bf16, const struct narrow *g, int64_t j) {
    return g->packed + (bf16 ? 2 * j * (g->end.k + g->end.k % 2) : j * g->end.k);
}

INLINE void widen_rows(int bf16, const struct narrow *g, int64_t j, int64_t width, int64_t k0, int64_t rows, float *to) {
    const uint8_t *from = narrow_panel(bf16, g, j) + pair_bytes(bf16, width) * (k0 / 2);
    for (int64_t p = 0; p < rows; p += 2, from += pair_bytes(bf16, width), to += 2 * width)
        for (int64_t j = 0; j < width; j += VL) {
            v_store(to + j, widened(bf16, from, width, j, 0));
            if (p + 1 < rows) v_store(to + width + j, widened(bf16, from, width, j, 1));
        }
}

/* ---- tiles of few rows ---- */

/*
 * sum[R][NV] += the numbers at left, which point at every third row, times a row of a pair: vector by vector, or where rows are more than
 * vectors row by row, so that registers hold as few of both as they can.
 */
INLINE void narrow_step(int R, int NV, int bf16, int64_t lda, const float *const *left, const uint8_t *pair, int64_t width,
                        int64_t beside, int second, v (*sum)[TILE_CHAINS]) {
#define LEFT_NUMBER(i) v_set(left[(i) / 3][(i) % 3 * lda + second])
#define RIGHT_VECTOR(j) widened(bf16, pair + (j) / TILE_VECS * beside, width, (j) % TILE_VECS * VL, second)
    v held[TILE_CHAINS];
    if (R <= NV) {
        UNROLLED for (int i = 0; i < R; i++) held[i] = LEFT_NUMBER(i);
        UNROLLED for (int j = 0; j < NV; j++) {
            v one = RIGHT_VECTOR(j);
            UNROLLED for (int i = 0; i < R; i++) sum[i][j] = v_fma(held[i], one, sum[i][j]);
        }
    } else {
        UNROLLED for (int j = 0; j < NV; j++) held[j] = RIGHT_VECTOR(j);
        UNROLLED for (int i = 0; i < R; i++) {
            v one = LEFT_NUMBER(i);
            UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = v_fma(one, held[j], sum[i][j]);
        }
    }
#undef LEFT_NUMBER
#undef RIGHT_VECTOR
}

INLINE void narrow_sum(int R, int NV, int bf16, held_sweep *s, const float *a, const uint8_t *b, v (*sum)[TILE_CHAINS]) {
    const int64_t lda = (*s)->lda, width = (*s)->ldb, depth = (*s)->depth, beside = NV > TILE_VECS ? (*s)->beside : 0;
    const float *left[2] = {a, a + 3 * lda};
    for (int64_t p = 0; p + 2 <= depth; p += 2, b += pair_bytes(bf16, width)) {
        narrow_step(R, NV, bf16, lda, left, b, width, beside, 0, sum);
        narrow_step(R, NV, bf16, lda, left, b, width, beside, 1, sum);
        UNROLLED for (int i = 0; i < (R + 2) / 3; i++) {
            left[i] += 2;
            HERE(left[i]);
        }
    }
    if (depth % 2) narrow_step(R, NV, bf16, lda, left, b, width, beside, 0, sum);
}

INLINE void narrow_tile(int R, int NV, int bf16, const struct sweep *sweep, const float *a, const float *b, float *c) {
    held_sweep s = sweep;
    const float *scale = ((const struct narrow_sweep *)sweep)->scale;
    v sum[R][TILE_CHAINS];
    tile_begin(R, NV, 0, c, s->ldc, 0, sum);
    narrow_sum(R, NV, bf16, &s, a, (const uint8_t *)b, sum);
    const int64_t last = s->last;
    if (scale) UNROLLED for (int j = 0; j < NV; j++) {
        v one = tile_load(scale, j, NV, last);
        UNROLLED for (int i = 0; i < R; i++) sum[i][j] = sum[i][j] * one;
    }
    linear_end(R, NV, &s, last, sum);
    tile_store(R, NV, c, s->ldc, last, sum);
}

#define NARROW_TILE(R, NV)                                                                                                     \
    static void bf16_##R##_##NV(const struct sweep *s, const float *a, const float *b, float *c) {                             \
        narrow_tile(R, NV, 1, s, a, b, c);                                                                                     \
    }                                                                                                                          \
    static void int8_##R##_##NV(const struct sweep *s, const float *a, const float *b, float *c) {                             \
        narrow_tile(R, NV, 0, s, a, b, c);                                                                                     \
    }
EACH_TILE(NARROW_TILE)
JOINED_TILES(NARROW_TILE)

#define BF16_ENTRY(R, NV) [NV][R] = bf16_##R##_##NV,
#define INT8_ENTRY(R, NV) [NV][R] = int8_##R##_##NV,

static const uint8_t *bf16_panel(const struct narrow *g, int64_t j) { return narrow_panel(1, g, j); }
static const uint8_t *int8_panel(const struct narrow *g, int64_t j) { return narrow_panel(0, g, j); }
static void bf16_widen(const struct narrow *g, int64_t j, int64_t width, int64_t k0, int64_t rows, float *to) {
    widen_rows(1, g, j, width, k0, rows, to);
}
static void int8_widen(const struct narrow *g, int64_t j, int64_t width, int64_t k0, int64_t rows, float *to) {
    widen_rows(0, g, j, width, k0, rows, to);
}
static const struct narrow_format bf16 = {1, bf16_panel, bf16_widen, {EACH_TILE(BF16_ENTRY) JOINED_TILES(BF16_ENTRY)}};
static const struct narrow_format int8 = {1, int8_panel, int8_widen, {EACH_TILE(INT8_ENTRY) JOINED_TILES(INT8_ENTRY)}};

/* ---- the product ---- */

static inline int ends(const struct linear_args *l) { return l->bias || l->residual || l->pre || l->row >= 0; }
/* tiles that read a panel widened for many rows know nothing of its scales */
static inline int ends_in_tiles(const struct narrow *g, int few) { return ends(&g->end) && ends_in_tile(&g->end) && (few || !g->scale); }

/* a few tiles of rows, [t0, t1) of `count`, by panels [p0, p1) */
static void multiply_few(const struct narrow *g, int64_t t0, int64_t t1, int64_t count, int64_t p0, int64_t p1) {
    const struct linear_args *l = &g->end;
    const int in_tile = ends_in_tiles(g, 1);
    for (int64_t panel = p0, joined; panel < p1; panel += joined) {
        joined = g->format->joins ? joined_panels(l->m, l->n, panel, p1) : 1;
        const int64_t j = panel_start(l->n, panel), width = panel_start(l->n, panel + 1) - j;
        const int64_t columns = least(panel_start(l->n, panel + joined), l->n) - j;
        const uint8_t *right = g->format->panel(g, j);
        struct narrow_sweep s = {{.depth = l->k, .lda = l->k, .ldb = width, .ldc = l->n}, g->scale ? g->scale + j : 0, j};
        s.all.last = last_lanes(columns - (joined * width - VL));
        if (joined > 1) s.all.beside = g->format->panel(g, panel_start(l->n, panel + 1)) - right;
        for (int64_t t = t0, i = l->m * t0 / count, next; t < t1; t++, i = next) {
            next = l->m * (t + 1) / count;
            float *c = l->y + i * l->n + j;
            if (in_tile) end_tile(&s.all, l, c, j);
            g->format->tiles[joined * width / VL][next - i](&s.all, l->x + i * l->k, (const float *)right, c);
        }
    }
}

static void scale_rows(const struct narrow *g, int64_t i0, int64_t i1, int64_t j, int64_t columns) {
    const float *scale = g->scale + j;
    for (float *y = g->end.y + i0 * g->end.n + j, *end = y + (i1 - i0) * g->end.n; y < end; y += g->end.n)
        EACH_VECTOR(columns, v_put(y + i, v_get(y + i, m) * v_get(scale + i, m), m););
}

/* rows of tiles [t0, t1) of `count` by a panel */
static void multiply_panel(const struct narrow *g, int64_t t0, int64_t t1, int64_t count, int64_t panel) {
    _Alignas(64) float piece[PIECE];
    const struct linear_args *l = &g->end;
    const int64_t j = panel_start(l->n, panel), width = panel_start(l->n, panel + 1) - j, columns = least(width, l->n - j);
    const int64_t rows = PIECE / width / BLOCK * BLOCK;
    const int in_tile = ends_in_tiles(g, 0);
    struct sweep s = {.outer = 1, .inner = 1, .lda = l->k, .ldb = width, .ldc = l->n, .last = last_lanes(columns - (width - VL))};
    for (int64_t k0 = 0; !s.add || k0 < l->k; k0 += rows, s.add = 1) {
        s.depth = least(rows, l->k - k0);
        g->format->widen(g, j, width, k0, s.depth, piece);
        const int done = k0 + s.depth == l->k;
        for (int64_t t = t0, i = l->m * t0 / count, next; t < t1; t++, i = next) {
            next = l->m * (t + 1) / count;
            float *c = l->y + i * l->n + j;
            if (done && in_tile) end_tile(&s, l, c, j);
            tiles[width / VL][next - i](&s, l->x + i * l->k + k0, piece, c);
            if (done && g->scale) scale_rows(g, i, next, j, columns);
        }
    }
}

static void narrow_part(void *context, int64_t part, int64_t parts) {
    const struct narrow *g = context;
    int64_t t0, t1, p0, p1, count = ceil_div(ceil_div(g->end.m, TILE_ROWS), g->row_cuts) * g->row_cuts;
    fathom_range(count, 1, part % g->row_cuts, g->row_cuts, &t0, &t1);
    fathom_range(panel_count(g->end.n), 1, part / g->row_cuts, parts / g->row_cuts, &p0, &p1);
    const struct linear_args *l = &g->end;
    const int few = count <= FEW_TILES, finishes = ends(l) && !ends_in_tiles(g, few);
    const int64_t i0 = l->m * t0 / count, i1 = l->m * t1 / count, at_once = finished_panels(i1 - i0);
    for (int64_t from = p0, to; from < p1; from = to) {
        to = least(from + at_once, p1);
        if (few) multiply_few(g, t0, t1, count, from, to);
        else for (int64_t panel = from; panel < to; panel++) multiply_panel(g, t0, t1, count, panel);
        if (finishes) linear_finish(l, i0, i1, panel_start(l->n, from), least(panel_start(l->n, to), l->n));
    }
}

int32_t narrow_product(struct narrow *g) {
    const struct linear_args *l = &g->end;
    if (l->m == 0 || l->n == 0) return FATHOM_OK;
    int64_t tile_rows = ceil_div(l->m, TILE_ROWS), panels = panel_count(l->n);
    double nanos = (double)l->n * (double)l->k * ((double)l->m / (4 * VL) + 0.04) + end_nanos(l, l->m * l->n);
    int64_t parts = fathom_team(nanos, tile_rows * panels);
    g->row_cuts = grid_rows(tile_rows, panels, &parts, FEWEST_ROW_CUTS);
    fathom_parallel(narrow_part, g, parts);
    return FATHOM_OK;
}

static int32_t k_linear_narrow(const struct linear_narrow_args *a, int64_t *detail) {
    (void)detail;
    struct narrow g = {.end = {LINEAR_END(a), .x = a->x, .m = a->m, .n = a->n, .k = a->k}, .packed = a->packed, .scale = a->scale};
    g.format = a->scale ? &int8 : &bf16;
    return narrow_product(&g);
}

EXPORT(linear_narrow)
