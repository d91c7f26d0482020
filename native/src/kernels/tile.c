/* The tiles of all heights and widths: those of linear and conv end as these want, turned ones are sums alone. */
#include "finish.h"

#define TILE(R, NV)                                                                                                            \
    static void tile_##R##_##NV(const struct sweep *sweep, const float *a, const float *b, float *c) {                         \
        held_sweep s = sweep;                                                                                                  \
        v sum[R][TILE_CHAINS];                                                                                                 \
        tile_begin(R, NV, s->add, c, s->ldc, s->last, sum);                                                                    \
        tile_sum(R, NV, &s, a, b, sum);                                                                                        \
        const int64_t last = s->last;                                                                                          \
        linear_end(R, NV, &s, last, sum);                                                                                      \
        tile_store(R, NV, c, s->ldc, last, sum);                                                                               \
    }
#define TURNED_TILE(R, NV)                                                                                                     \
    static void turned_##R##_##NV(const struct sweep *s, const float *a, const float *b, float *c) {                           \
        v sum[R][TILE_CHAINS];                                                                                                 \
        tile_begin(R, NV, s->add, c, s->ldc, s->last, sum);                                                                    \
        if (s->last) turned_sum(R, NV, s, a, b, s->last, sum);                                                                 \
        else turned_sum(R, NV, s, a, b, 0, sum);                                                                               \
        tile_store(R, NV, c, s->ldc, s->last, sum);                                                                            \
    }

#define LONG_TILES(X, NV) SHORT_TILES(X, NV) X(7, NV) X(8, NV) X(9, NV) X(10, NV) X(11, NV) X(12, NV)
#if TILE_VECS == 4
#define ALL_TILES(X) LONG_TILES(X, 1) LONG_TILES(X, 2) SHORT_TILES(X, 3) SHORT_TILES(X, 4)
#else
#define ALL_TILES(X) LONG_TILES(X, 1) SHORT_TILES(X, 2)
#endif

ALL_TILES(TILE)
JOINED_TILES(TILE)
ALL_TILES(TURNED_TILE)

#define ENTRY(R, NV) [NV][R] = tile_##R##_##NV,
#define TURNED_ENTRY(R, NV) [NV][R] = turned_##R##_##NV,
tile_fn *const tiles[TILE_CHAINS + 1][NARROW_ROWS + 1] = {ALL_TILES(ENTRY) JOINED_TILES(ENTRY)};
tile_fn *const turned_tiles[TILE_VECS + 1][NARROW_ROWS + 1] = {ALL_TILES(TURNED_ENTRY)};
