/*
 * Products of int8 and of bf16, into which both sides are rounded: weights when they are packed, the left side as it comes.
 *
 * Sums of int8 are int32 and exact, so that every instruction set, tile and thread gives the same bits. What was x and w is
 * q s: for a row of x (an image of a convolution) and for a channel of w, s = max / 127 and q = x (127 / max), rounded to the nearest, the
 * even one of two. Where max is below 2^-119, s and q are 0, as 127 / max is no float; where it is NaN or infinite, s is NaN and q 0.
 *
 * w[n, k] is packed in strips of 16 channels, one behind the other, filled up with zeros. A strip holds words of four neighbors along k, of
 * its 16 channels side by side: 64 bytes, a step. k is cut into runs, each of which fills whole words; the taps of a row of a convolution's
 * kernel are one run, because neighbors in an image lie side by side as well. Behind the strips come int32 offsets[padded n], -128 times
 * the sum of a channel, and float scales[padded n].
 *
 * A tile of int8 has one of three forms. VNNI multiplies unsigned bytes by signed ones, so there the left side is q + 128, and sums begin
 * at the offsets. Elsewhere the left side is int16, the words of the right are widened as they are read, and two products are added at once
 * (vpmaddwd). Where nothing on the left is negative, as behind a relu, bytes are multiplied on AVX2 as well (vpmaddubsw): two products of
 * at most 127^2 fit its int16.
 *
 * A word of bf16 holds two neighbors, and a sum takes the odd one first: c = fma(even, fma(odd, c)), which is what the processor's own
 * instruction computes (vdpbf16ps, without denormals, which rounding has made 0). Elsewhere words are widened to floats, for the same bits.
 * A word is never filled up with what lies behind a row, as with int8: zero times infinity is none.
 */
#ifndef FATHOM_COMPACT_H
#define FATHOM_COMPACT_H

#include "finish.h"
#include "sizes.h"

enum { COMPACT_STRIP = 16, COMPACT_WORD = 4, COMPACT_STEP = COMPACT_STRIP * COMPACT_WORD };

/* of a convolution, whose packed weights depend on it */
static inline int64_t int8_runs(const struct window *g) { return g->dw == 1 ? g->kh : g->kh * g->kw; }

/* what a tile of R rows and NV vectors of channels sums, and how it ends */
struct compact_sweep {
    int64_t outer, inner, words; /* rows of taps, runs of each, words of a run */
    int64_t a_outer, a_inner;    /* bytes of the left side from one to the next */
    const int8_t *right;         /* the strips, */
    int64_t strip, column;       /* bytes of each, and the first channel, a multiple of VL */
    const int32_t *offsets;      /* of all channels */
    const float *scales;
    struct sweep end; /* of which linear_end and tile_store read what they need */
};
/* rows[R] of the left side with their scales[R], to c */
typedef void compact_tile_fn(const struct compact_sweep *s, const uint8_t *const *rows, const float *scales, float *c);

enum { COMPACT_VECTORS = 4 };
struct compact_tiles {
    int bf16;                       /* else int8 */
    int64_t left_bytes, zero;       /* of an element of the left side; what it holds for 0 */
    double cost;                    /* of the time of a product of floats */
    int64_t vectors[TILE_ROWS + 1]; /* the most of a tile of so many rows */
    compact_tile_fn *tile[COMPACT_VECTORS + 1][TILE_ROWS + 1];
};
#define int8_widened_tiles FOR_ISA(int8_widened_tiles)
#define int8_unsigned_tiles FOR_ISA(int8_unsigned_tiles)
#define int8_vnni_tiles FOR_ISA(int8_vnni_tiles)
extern HIDDEN const struct compact_tiles int8_widened_tiles, int8_unsigned_tiles, int8_vnni_tiles;
#define bf16_widened_tiles FOR_ISA(bf16_widened_tiles)
#define bf16_native_tiles FOR_ISA(bf16_native_tiles)
extern HIDDEN const struct compact_tiles bf16_widened_tiles, bf16_native_tiles;

static inline int int8_has_vnni(void) { return VL == 16 ? machine.avx512_vnni : VL == 8 && machine.avx_vnni; }

#endif
