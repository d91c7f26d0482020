/*
 * Arithmetic of sizes. Those of scratch come from shapes that nobody has allocated, so they may be too large to count: PRODUCT and SUM
 * never wrap, and are INT64_MAX where the result is beyond it or a number is negative.
 */
#ifndef FATHOM_SIZES_H
#define FATHOM_SIZES_H

#include <stdint.h>

static inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t clamp(int64_t x, int64_t from, int64_t to) { return most(from, least(x, to)); }
static inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
/* a row of floats in whole vectors of the widest ISA */
static inline int64_t padded(int64_t n) { return (n + 15) / 16 * 16; }

static inline int64_t checked_product(const int64_t *x, int count) {
    int64_t product = 1;
    int negative = 0, zero = 0, huge = 0;
    for (int i = 0; i < count; i++) {
        negative |= x[i] < 0;
        zero |= x[i] == 0;
        huge |= __builtin_mul_overflow(product, x[i], &product);
    }
    return negative ? INT64_MAX : zero ? 0 : huge ? INT64_MAX : product;
}
static inline int64_t checked_sum(const int64_t *x, int count) {
    int64_t sum = 0;
    for (int i = 0; i < count; i++)
        if (x[i] < 0 || __builtin_add_overflow(sum, x[i], &sum)) return INT64_MAX;
    return sum;
}
#define PRODUCT(...) checked_product((const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
#define SUM(...) checked_sum((const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* ---- weights that are packed ---- */

/* floats of a packed w[n, k] */
static inline int64_t packed_floats(int64_t n, int64_t k) { return PRODUCT(SUM(n, 15) / 16, 16, k); }

/* a run of an int8 product is filled up to whole words of 4 bytes */
static inline int64_t int8_words(int64_t k, int64_t runs) { return runs > 0 ? SUM(k / runs, 3) / 4 : 0; }
/* of w[n, k] as int8, see compact.h: k in runs, an offset and a scale for each of n */
static inline int64_t int8_bytes(int64_t n, int64_t k, int64_t runs) {
    return PRODUCT(SUM(n, 15) / 16, 16, SUM(PRODUCT(runs, int8_words(k, runs), 4), 8));
}
/* of w[n, k] as bf16, two to a word */
static inline int64_t bf16_bytes(int64_t n, int64_t k) { return PRODUCT(SUM(n, 15) / 16, 16, SUM(k, 1) / 2, 4); }

/*
 * Of w[n, k] in blocks of 32 along k, see blocks.h: a block of a strip of 16 rows takes Q8_BYTES or Q4_BYTES, and up to 8 neighbors of Q4
 * share Q4_SHARED more.
 */
enum { BLOCK = 32, BLOCK_STRIP = 16, Q8_BYTES = 576, Q4_BYTES = 288, Q4_SHARED = 128, Q4_SHARING = 8 };
static inline int64_t block_count(int64_t k) { return SUM(k, BLOCK - 1) / BLOCK; }
static inline int64_t blocks_strip(int q4, int64_t k) {
    const int64_t blocks = block_count(k);
    return q4 ? SUM(PRODUCT(blocks, Q4_BYTES), PRODUCT(SUM(blocks, Q4_SHARING - 1) / Q4_SHARING, Q4_SHARED)) : PRODUCT(blocks, Q8_BYTES);
}
static inline int64_t blocks_bytes(int q4, int64_t n, int64_t k) {
    return PRODUCT(SUM(n, BLOCK_STRIP - 1) / BLOCK_STRIP, blocks_strip(q4, k));
}

/*
 * Whether 3 by 3 taps of stride and dilation 1 from c channels to k are worth Winograd's form (winograd.h), where the smaller side of a
 * result has so many pixels. Measured: of 16 channels the transforms cost more than they save.
 */
enum { WINOGRAD_CHANNELS = 32, WINOGRAD_PIXELS = 4 };
static inline int winograd_pays(int64_t c, int64_t k, int64_t pixels) {
    return c >= WINOGRAD_CHANNELS && k >= WINOGRAD_CHANNELS && pixels >= WINOGRAD_PIXELS;
}

#endif
