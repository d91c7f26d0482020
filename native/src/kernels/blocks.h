/*
 * Weights w[n, k] in blocks of 32 neighbors along k, as Q8_0 and Q4_K of llama.cpp have them (ggml-common.h): w = d q with q of int8, or
 * w = d s q - e m with q of 4 bits, where a block has its s and m of 6 bits, and 8 blocks share d and e.
 *
 * d and e are floats that a half holds, so that d q, d s, d s q and e m are exact, and w is rounded once, in one operation or in two.
 *
 * packed holds strips of 16 rows of w, one behind the other, and a strip its blocks, filled up with what nobody reads as a number, so that
 * every instruction set reads the same bytes. A block of Q8 is float d[16] and the words q[8][16], each of which holds four neighbors
 * along k. A block of Q4 is uint8_t s[16], m[16] and the words q[4][16], whose bytes hold the first four of eight neighbors in their lower
 * halves and the other four in the upper ones; before each eighth block, from the first on, lie float d[16], e[16].
 */
#ifndef FATHOM_BLOCKS_H
#define FATHOM_BLOCKS_H

#include "bytes.h"
#include "loops.h"
#include "sizes.h"

enum { BLOCK_WORDS = 4 * BLOCK_STRIP }; /* bytes of the words that lie side by side */

/* bytes from the beginning of a strip to a block */
INLINE int64_t block_start(int q4, int64_t block) {
    return q4 ? (block / Q4_SHARING + 1) * Q4_SHARED + block * Q4_BYTES : block * Q8_BYTES;
}
/* and from that of a block to its words */
INLINE int64_t block_head(int q4) { return q4 ? 2 * BLOCK_STRIP : 4 * BLOCK_STRIP; }
/* what 8 blocks of Q4 share */
INLINE const float *block_shared(const uint8_t *strip, int64_t block) {
    return (const float *)(strip + block_start(1, block / Q4_SHARING * Q4_SHARING) - Q4_SHARED);
}

/* w = q times + plus, in VL rows of a strip from `lane` on */
struct block_scale {
    v times, plus;
};
INLINE struct block_scale block_scale(int q4, const uint8_t *strip, int64_t block, int64_t lane) {
    const uint8_t *at = strip + block_start(q4, block);
    if (!q4) return (struct block_scale){v_load((const float *)at + lane), v_set(0)};
    const float *shared = block_shared(strip, block) + lane;
    return (struct block_scale){v_load(shared) * __builtin_convertvector(bytes_load(at + lane), v),
                                -(v_load(shared + BLOCK_STRIP) * __builtin_convertvector(bytes_load(at + BLOCK_STRIP + lane), v))};
}

/* from any address */
INLINE vu words_load(const uint8_t *p) {
    vu words;
    memcpy(&words, p, sizeof words);
    return words;
}

#endif
