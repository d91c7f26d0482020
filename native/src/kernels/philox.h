/*
 * Random words: word(i) = word i % 4 of Philox4x32-10(key = seed, counter = counter + i / 4), the same for every vector width.
 *
 * Philox of Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011). Its key words are (low, high) of
 * the seed, its counter words (low, high) of counter + i / 4, then (low, high) of the attempt: 0, and above 0 only where a draw
 * was rejected. So a draw of n elements uses exactly the blocks counter .. counter + ceil(n / 4) - 1.
 */
#ifndef FATHOM_PHILOX_H
#define FATHOM_PHILOX_H

#include "vec.h"

typedef uint64_t vq __attribute__((vector_size(4 * VL)));
enum { MOST_CHAINS = 8 };

static const uint32_t PHILOX_M0 = 0xD2511F53, PHILOX_M1 = 0xCD9E8D57; /* multipliers */
static const uint32_t PHILOX_W0 = 0x9E3779B9, PHILOX_W1 = 0xBB67AE85; /* key steps */

/* the block itself, one word at a time */
static inline void philox_block(uint64_t seed, uint64_t block, uint64_t attempt, uint32_t c[4]) {
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    c[0] = (uint32_t)block;
    c[1] = (uint32_t)(block >> 32);
    c[2] = (uint32_t)attempt;
    c[3] = (uint32_t)(attempt >> 32);
    for (int round = 0; round < 10; round++, k0 += PHILOX_W0, k1 += PHILOX_W1) {
        uint64_t p0 = (uint64_t)PHILOX_M0 * c[0], p1 = (uint64_t)PHILOX_M1 * c[2];
        c[0] = (uint32_t)(p1 >> 32) ^ c[1] ^ k0;
        c[1] = (uint32_t)p1;
        c[2] = (uint32_t)(p0 >> 32) ^ c[3] ^ k1;
        c[3] = (uint32_t)p0;
    }
}

/* the product of the low halves of each 64-bit lane */
static inline vq vq_mul32(vq a, vq b) {
#if defined(__AVX512F__)
    return (vq)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (vq)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (vq)_mm_mul_epu32((__m128i)a, (__m128i)b);
#elif defined(__aarch64__)
    return (vq)vmull_u32(vmovn_u64((uint64x2_t)a), vmovn_u64((uint64x2_t)b));
#else
    return (a & 0xffffffff) * (b & 0xffffffff);
#endif
}

/* The lanes hold blocks in the order that makes one unpack of 64-bit lanes put the words in place. */
#if VL == 16
static const vq PHILOX_LANES = {0, 4, 1, 5, 2, 6, 3, 7};
#define UNPACK_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define UNPACK_HIGH(a, b) __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define LOW_HALVES(a, b) __builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30)
#elif VL == 8
static const vq PHILOX_LANES = {0, 2, 1, 3};
#define UNPACK_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#define UNPACK_HIGH(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#define LOW_HALVES(a, b) __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#else
static const vq PHILOX_LANES = {0, 1};
#define UNPACK_LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define UNPACK_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#define LOW_HALVES(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#endif

static __attribute__((noinline)) void philox_carry(int chains, uint64_t seed, uint64_t block, vu *words) {
    for (int i = 0; i < chains * (VL / 2); i++) philox_block(seed, block + (uint64_t)i, 0, (uint32_t *)words + 4 * i);
}

/*
 * The words of the blocks from `block` on (attempt 0), in order, 2 VL for each of `chains`, a constant. A 64-bit lane holds one
 * block; of c0 .. c3 only the low halves count, the high halves are leftovers that the next multiplication ignores. One chain of ten
 * rounds is all latency: independent chains run side by side.
 */
INLINE void philox_words(const int chains, uint64_t seed, uint64_t block, vu *words) {
    const uint32_t high = (uint32_t)(block >> 32);
    if ((uint32_t)block > UINT32_MAX - (uint32_t)(chains * (VL / 2))) { /* below, all blocks share the high word */
        vu at[2 * MOST_CHAINS]; /* so that words itself can stay in registers */
        philox_carry(chains, seed, block, at);
        for (int i = 0; i < 2 * chains; i++) words[i] = at[i];
        return;
    }
    const vq m0 = (vq){0} + PHILOX_M0, m1 = (vq){0} + PHILOX_M1;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    /* Rounds 1 and 2, where c2 = c3 = 0 and then c0 and c1 are the same in all lanes. */
    const uint64_t same = (uint64_t)PHILOX_M0 * (high ^ k0);
    vq c0[MOST_CHAINS], c2[MOST_CHAINS], p0[MOST_CHAINS], p1[MOST_CHAINS];
    for (int i = 0; i < chains; i++) {
        p0[i] = vq_mul32(PHILOX_LANES + (block + (uint64_t)i * (VL / 2)), m0);
        p1[i] = vq_mul32((p0[i] >> 32) ^ k1, m1);
        c0[i] = (p1[i] >> 32) ^ (k0 + PHILOX_W0);
        c2[i] = p0[i] ^ (same >> 32 ^ (k1 + PHILOX_W1));
        p0[i] = (vq){0} + same;
    }
    k0 += PHILOX_W0;
    k1 += PHILOX_W1;
#pragma GCC unroll 8
    for (int round = 2; round < 10; round++) {
        k0 += PHILOX_W0;
        k1 += PHILOX_W1;
        for (int i = 0; i < chains; i++) {
            vq c1 = p1[i], c3 = p0[i];
            p0[i] = vq_mul32(c0[i], m0);
            p1[i] = vq_mul32(c2[i], m1);
            c0[i] = (p1[i] >> 32) ^ c1 ^ k0;
            c2[i] = (p0[i] >> 32) ^ c3 ^ k1;
        }
    }
    for (int i = 0; i < chains; i++) {
        vq front = (vq)LOW_HALVES((vu)c0[i], (vu)p1[i]), back = (vq)LOW_HALVES((vu)c2[i], (vu)p0[i]);
        words[2 * i] = (vu)UNPACK_LOW(front, back);
        words[2 * i + 1] = (vu)UNPACK_HIGH(front, back);
    }
}

/* A word below it is dropped with probability p: the threshold is exact, and p = 0 keeps all. p < 1. */
static inline uint32_t drop_threshold(float p) {
    double exact = (double)p * 0x1p32;
    uint32_t floor = (uint32_t)exact;
    return floor + (floor < exact);
}

#undef UNPACK_LOW
#undef UNPACK_HIGH
#undef LOW_HALVES

#endif
