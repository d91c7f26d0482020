/* A linear layer whose weights take fewer bytes than floats: one product, and a format for each way in which they lie. */
#ifndef FATHOM_NARROW_H
#define FATHOM_NARROW_H

#include "finish.h"
#include "panels.h"

struct narrow;
struct narrow_format {
    int joins; /* whether tiles of few rows take several panels */
    const uint8_t *(*panel)(const struct narrow *g, int64_t j); /* the one that begins with column j */
    /* its rows [k0, k0 + rows) of `width` columns as floats, one behind the other; k0 is a multiple of BLOCK */
    void (*widen)(const struct narrow *g, int64_t j, int64_t width, int64_t k0, int64_t rows, float *to);
    tile_fn *tiles[TILE_CHAINS + 1][TILE_ROWS + 1]; /* which get a struct narrow_sweep and the bytes of a panel */
};

struct narrow {
    struct linear_args end; /* the sizes, and what follows the sum */
    const uint8_t *packed;
    const float *scale; /* of the columns, by which sums are multiplied, or 0 */
    const struct narrow_format *format;
    int64_t row_cuts;
};

/* What a tile shares with others, whose `beside` counts bytes here; the scales of its columns, or 0; and the first of them. */
struct narrow_sweep {
    struct sweep all;
    const float *scale;
    int64_t column;
};

#define narrow_product FOR_ISA(narrow_product)
HIDDEN int32_t narrow_product(struct narrow *g);

#endif
