/* What the matrix kernels and the sizes of their scratch share. */
#ifndef FATHOM_GEMM_SIZE_H
#define FATHOM_GEMM_SIZE_H

#include "internal.h"

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t clamp(int64_t x, int64_t from, int64_t to) { return most(from, least(x, to)); }
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
/* a row of floats in whole vectors of the widest ISA */
static inline int64_t padded(int64_t n) { return (n + 15) / 16 * 16; }

/*
 * A weight gradient: few outputs, a sum over all rows of a batch. With fewer than SPLITS tiles of 6 x 64 and a sum this long the
 * sum is cut into SPLITS parts at k i / SPLITS, which are added up in a fixed tree: i + 8, i + 4, i + 2, i + 1. The shape alone
 * decides.
 */
enum { SPLITS = 16, SPLIT_FROM = 4096, SPLIT_ROWS = 6, SPLIT_COLUMNS = 64 };
static inline int is_split(int64_t ta, int64_t m, int64_t n, int64_t k) {
    return ta && k >= SPLIT_FROM && ceil_div(m, SPLIT_ROWS) * ceil_div(n, SPLIT_COLUMNS) < SPLITS;
}

/*
 * A batch of small products is shared out product by product, by at most SLOTS threads with scratch of their own; large ones run
 * one after the other, each by all threads.
 */
enum { SLOTS = 16, SMALL_ROWS = 4096, SMALL_RIGHT = 64 * 1024 };
static inline int64_t batch_slots(int64_t m, int64_t n, int64_t k) {
    return m <= SMALL_ROWS && n * k <= SMALL_RIGHT ? SLOTS : 1;
}

#endif
