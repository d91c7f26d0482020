/* Transposition in registers. */
#ifndef FATHOM_TRANSPOSE_H
#define FATHOM_TRANSPOSE_H

#include "vec.h"

/*
 * The lane of (a, b) that each lane of a shuffle takes; each is one instruction. Two rounds of zips transpose 4 x 4 floats inside
 * the quads of four rows, then rounds of unzips transpose the quads.
 */
#define ZIP_LOW(lane) (((lane) & 1 ? VL : 0) + (lane) / 4 * 4 + (lane) % 4 / 2)
#define ZIP_HIGH(lane) (ZIP_LOW(lane) + 2)
#define QUADS_EVEN(lane) (((lane) < VL / 2 ? 0 : VL) + (lane) % (VL / 2) / 4 * 8 + (lane) % 4)
#define QUADS_ODD(lane) (QUADS_EVEN(lane) + 4)
#define FOUR(F, at) F(at), F(at + 1), F(at + 2), F(at + 3)
#if VL == 16
#define LANES(F) FOUR(F, 0), FOUR(F, 4), FOUR(F, 8), FOUR(F, 12)
#elif VL == 8
#define LANES(F) FOUR(F, 0), FOUR(F, 4)
#else
#define LANES(F) FOUR(F, 0)
#endif
#define SHUFFLE(a, b, F) __builtin_shufflevector(a, b, LANES(F))

INLINE void transpose_block(v *x) {
    UNROLLED for (int i = 0; i < VL; i += 4) {
        v a = SHUFFLE(x[i], x[i + 2], ZIP_LOW), b = SHUFFLE(x[i + 1], x[i + 3], ZIP_LOW);
        v c = SHUFFLE(x[i], x[i + 2], ZIP_HIGH), d = SHUFFLE(x[i + 1], x[i + 3], ZIP_HIGH);
        x[i] = SHUFFLE(a, b, ZIP_LOW), x[i + 1] = SHUFFLE(a, b, ZIP_HIGH);
        x[i + 2] = SHUFFLE(c, d, ZIP_LOW), x[i + 3] = SHUFFLE(c, d, ZIP_HIGH);
    }
#if VL > 4
    UNROLLED for (int round = 4; round < VL; round *= 2) {
        v y[VL];
        UNROLLED for (int i = 0; i < VL / 2; i++) {
            int from = i / 4 * 8 + i % 4;
            y[i] = SHUFFLE(x[from], x[from + 4], QUADS_EVEN);
            y[i + VL / 2] = SHUFFLE(x[from], x[from + 4], QUADS_ODD);
        }
        UNROLLED for (int i = 0; i < VL; i++) x[i] = y[i];
    }
#endif
}

/* dst[c][r] = src[r][c]; `fill`: rows of dst are written in whole vectors, with zeros beyond the rows of src */
static inline void transpose(const float *src, int64_t ld, int64_t rows, int64_t cols, float *dst, int64_t ldd, int fill) {
    for (int64_t r = 0; r < rows; r += VL) {
        int64_t height = rows - r < VL ? rows - r : VL;
        for (int64_t c = 0; c < cols; c += VL) {
            int64_t width = cols - c < VL ? cols - c : VL;
            const float *from = src + r * ld + c;
            float *to = dst + c * ldd + r;
            v x[VL];
            if (height == VL && width == VL) {
                UNROLLED for (int i = 0; i < VL; i++) x[i] = v_load(from + i * ld);
            } else {
                UNROLLED for (int i = 0; i < VL; i++) x[i] = i < height ? v_load_n(from + i * ld, width) : v_set(0);
            }
            transpose_block(x);
            if (width == VL && (height == VL || fill)) {
                UNROLLED for (int i = 0; i < VL; i++) v_store(to + i * ldd, x[i]);
            } else {
                UNROLLED for (int i = 0; i < VL; i++) if (i < width) v_store_n(to + i * ldd, x[i], fill ? VL : height);
            }
        }
    }
}

/*
 * dst[c * rows + r] = src[r][c] for at most four rows, such as the colors of an image. Four floats are stored for each column, of which the
 * next one overwrites those that are too many; nothing is written behind the last.
 */
static inline void interleave(const float *src, int64_t ld, int64_t rows, int64_t cols, float *dst) {
    typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));
    int64_t c = 0;
    for (; (c + VL - 1) * rows + 4 <= cols * rows; c += VL) {
        v x[4];
        UNROLLED for (int i = 0; i < 4; i++) x[i] = v_load(src + (i < rows ? i : 0) * ld + c);
        v a = SHUFFLE(x[0], x[2], ZIP_LOW), b = SHUFFLE(x[1], x[3], ZIP_LOW);
        v e = SHUFFLE(x[0], x[2], ZIP_HIGH), d = SHUFFLE(x[1], x[3], ZIP_HIGH);
        x[0] = SHUFFLE(a, b, ZIP_LOW), x[1] = SHUFFLE(a, b, ZIP_HIGH), x[2] = SHUFFLE(e, d, ZIP_LOW), x[3] = SHUFFLE(e, d, ZIP_HIGH);
        UNROLLED for (int i = 0; i < VL; i++) *(quad *)(dst + (c + i) * rows) = ((quad *)&x[i % 4])[i / 4];
    }
    for (; c < cols; c++)
        for (int64_t r = 0; r < rows; r++) dst[c * rows + r] = src[r * ld + c];
}

#undef ZIP_LOW
#undef ZIP_HIGH

#endif
