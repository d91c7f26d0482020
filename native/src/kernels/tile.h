/*
 * A tile of a product is R rows of the left side, read one float at a time, by up to TILE_VECS vectors along the columns of the
 * right side. Every output is one chain c = fma(left, right, c) over the steps of a sweep, in their order.
 */
#ifndef FATHOM_TILE_H
#define FATHOM_TILE_H

#include "loops.h"

#if defined(__AVX512F__) || defined(__aarch64__)
#define TILE_VECS 4 /* 32 registers: 6 x 64 floats on AVX-512 */
#else
#define TILE_VECS 2 /* 16 registers: 6 x 16 floats on AVX2 */
#endif
enum {
    TILE_ROWS = 6,
    NARROW_VECS = TILE_VECS / 2, /* a right side of so few vectors takes twice the rows: 12 x 32 */
    NARROW_ROWS = 2 * TILE_ROWS,
    TILE_CHAINS = VL == 16 ? 4 : 8 /* sums that a tile of few rows takes to keep the multipliers, or L2, busy */
};

/*
 * What a tile sums over: three nested loops, of which the innermost takes `depth` steps and the others at least one. A left
 * element of row i lies i lda floats from the first and a step is one float; in the turned tiles rows are one float apart and a
 * step is lda. A step of the right side is ldb. A product of matrices needs the innermost loop only, a convolution (conv.c) all.
 * The sum begins at 0, or at c if `add`; rows of c lie ldc floats apart, and of its last vector only `last` lanes exist (0: all).
 */
struct sweep {
    int64_t outer, inner, depth;
    int64_t a_outer, a_inner, lda;
    int64_t b_outer, b_inner, ldb;
    int64_t ldc, last, add;
    int64_t left_ahead, right_ahead; /* floats from an element to one that is read soon and wanted in L2, or 0 */
    const float *next;               /* the results of the tile that follows, if they are wanted in L2 */
    const struct linear_args *end;   /* what follows the sum, if that is done in registers: see ends_in_tile */
    const float *bias, *residual;    /* of it, for the first column and the first result, or 0 */
    int64_t beside;                  /* floats from a panel to the next, in a tile over several */
};
typedef void tile_fn(const struct sweep *sweep, const float *a, const float *b, float *c);

/*
 * The compiler would work out the addresses of all rows before the sum, and spill them to the stack and to vector registers: stores
 * that queue up behind those of the tile before, reads that wait for its sum. Without them a sum of 27 steps takes 17 % less time.
 * So a tile reads the fields of its sweep where it needs them, and pointers move from row to row in a register of theirs.
 */
#define HERE(pointer) __asm__("" : "+r"(pointer))

/* of tile.c, by how many vectors wide and how many rows high they are; in turned_tiles rows of the left side are one float apart */
#define tiles FOR_ISA(tiles)
#define turned_tiles FOR_ISA(turned_tiles)
extern HIDDEN tile_fn *const tiles[TILE_CHAINS + 1][NARROW_ROWS + 1];
extern HIDDEN tile_fn *const turned_tiles[TILE_VECS + 1][NARROW_ROWS + 1];

/* of a vector, the lanes that exist: 0 if all do */
static inline int64_t last_lanes(int64_t count) { return count < VL ? count : 0; }

#endif
