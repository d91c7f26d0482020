/* What the normalizing kernels and the size of their scratch share. */
#ifndef FATHOM_NORM_SIZE_H
#define FATHOM_NORM_SIZE_H

#include "internal.h"

/*
 * x[rows][c] as lines of `width` floats and a tail of less than one: of few channels 16 or 4 rows stand side by side, so that
 * vectors are full. Lines are cut into blocks, by the shape alone; their sums meet in a tree.
 */
enum { NORM_WIDEST = 256, NORM_BLOCKS = 16, NORM_CHUNK = 16 }; /* NORM_WIDEST: no line of several rows is wider */
struct norm_view {
    int64_t side, width, lines, tail, blocks; /* side: rows in a line */
};
static inline struct norm_view norm_view_of(int64_t rows, int64_t c) {
    struct norm_view w;
    w.side = c < 16 ? 16 : c < 64 ? 4 : 1;
    w.width = w.side * c;
    w.lines = rows * c / w.width;
    w.tail = rows * c - w.lines * w.width;
    w.blocks = w.lines >= NORM_BLOCKS * NORM_CHUNK && w.lines * w.width >= 65536 ? NORM_BLOCKS : 1;
    return w;
}

/* floats of scratch for one outer index: mean, rstd and two terms of the gradient for a line, two sums for each block */
static inline int64_t norm_each(int64_t outer, struct norm_view w) {
    return w.width * (4 + 2 * (outer == 1 ? NORM_BLOCKS : w.blocks)); /* with one, rows may grow with a plan's batch */
}

#endif
