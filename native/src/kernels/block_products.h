/*
 * Products of weights in blocks (blocks.h) and rows of bytes. A block of a row of x is q t, as a row of int8 is (compact.h). The sum S of the
 * products of a block is exact in every form of the tiles, and so is X, that of the q of x; with w = q times + plus, a result is
 * c = fma(S, t times, c) over ascending blocks, for Q4 each followed by c = fma(plus, t X, c).
 */
#ifndef FATHOM_BLOCK_PRODUCTS_H
#define FATHOM_BLOCK_PRODUCTS_H

#include "blocks.h"
#include "finish.h"

struct block_sweep {
    const uint8_t *packed;
    int64_t k, column; /* of w; the first column, a multiple of VL */
    const int8_t *left;
    const float *scales, *sums; /* t and t X of the blocks of the left rows, one row behind the other */
    struct sweep end;           /* of which linear_end and tile_store read what they need */
};
typedef void block_tile_fn(const struct block_sweep *s, float *c);

struct block_tiles {
    int64_t zero; /* what the bytes of x have for 0, with Q8; with Q4 they have 0 */
    double cost;  /* of the time of a product of floats */
    block_tile_fn *tile[BLOCK_KINDS][TILE_VECS + 1][TILE_ROWS + 1];
};
#define block_tiles_plain FOR_ISA(block_tiles_plain)
#define block_tiles_vnni FOR_ISA(block_tiles_vnni)
extern HIDDEN const struct block_tiles block_tiles_plain, block_tiles_vnni;

#endif
