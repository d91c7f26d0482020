/* The tiles of compact.h in one of their forms, which a unit names before it includes this. */
#define WIDENED 0
#define UNSIGNED 1
#define VNNI 2
#define BF16_WIDENED 3
#define BF16_NATIVE 4
#include "bytes.h"
#include "compact.h"

#if FORM >= BF16_WIDENED
typedef v sum_v;
#if FORM == BF16_NATIVE
enum { SUMS = 1, LEFT_BYTES = 2, LEFT_WORD = 4, HALVES = 1 };
typedef vu word_v; /* VL words of two bf16 */
INLINE word_v right_words(const int8_t *p, int half) { return (void)half, (vu)v_load((const float *)p); }
INLINE word_v left_word(const uint8_t *p) {
    uint32_t word;
    memcpy(&word, p, 4);
    return word - (vu){0};
}
INLINE sum_v add_products(sum_v sum, word_v left, word_v right) {
    return (v)_mm512_dpbf16_ps((__m512)sum, (__m512bh)left, (__m512bh)right);
}
#else
enum { SUMS = 1, LEFT_BYTES = 4, LEFT_WORD = 8, HALVES = 2 }; /* a word has two steps, as floats: the odd one, then the even one */
typedef v word_v;
INLINE word_v right_words(const int8_t *p, int half) {
    return bfloat_of_pair((vu)v_load((const float *)p), half);
}
INLINE word_v left_word(const uint8_t *p) { return v_set(*(const float *)p); }
INLINE sum_v add_products(sum_v sum, word_v left, word_v right) { return v_fma(left, right, sum); }
#endif
#elif FORM != WIDENED
typedef vi sum_v;
enum { SUMS = 1, LEFT_BYTES = 1, LEFT_WORD = 4, HALVES = 1 }; /* vectors of int32 for VL channels; bytes of an element of the left side */
typedef vi word_v;                 /* VL words of bytes */
INLINE word_v right_words(const int8_t *p, int half) { return (void)half, (vi)v_load((const float *)p); }
INLINE word_v left_word(const uint8_t *p) {
    int32_t word;
    memcpy(&word, p, 4);
    return vi_set(word);
}
INLINE vi add_products(vi sum, word_v left, word_v right) { return add_byte_products(sum, left, right); }
#else
typedef vi sum_v;
enum { SUMS = 2, LEFT_BYTES = 2, LEFT_WORD = 8, HALVES = 1 }; /* each channel has two lanes */
typedef int16_t word_v __attribute__((vector_size(4 * VL))); /* VL / 2 words of int16 */
typedef int64_t pair_v __attribute__((vector_size(4 * VL)));
INLINE word_v right_words(const int8_t *p, int half) {
    (void)half;
#if VL == 16
    return (word_v)_mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)p));
#elif VL == 8
    return (word_v)_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
#elif defined(__SSE2__)
    __m128i bytes = _mm_loadl_epi64((const __m128i *)p); /* each twice, then shifted with its sign */
    return (word_v)_mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8);
#else
    typedef int8_t bytes_v __attribute__((vector_size(2 * VL), aligned(1), may_alias));
    return __builtin_convertvector(*(const bytes_v *)p, word_v);
#endif
}
INLINE word_v left_word(const uint8_t *p) {
    int64_t word;
    memcpy(&word, p, 8);
    return (word_v)(word - (pair_v){0});
}
INLINE vi add_products(vi sum, word_v left, word_v right) {
#if VL == 16
    return sum + (vi)_mm512_madd_epi16((__m512i)left, (__m512i)right);
#elif VL == 8
    return sum + (vi)_mm256_madd_epi16((__m256i)left, (__m256i)right);
#elif defined(__SSE2__)
    return sum + (vi)_mm_madd_epi16((__m128i)left, (__m128i)right);
#else
    for (int i = 0; i < VL; i++) sum[i] += left[2 * i] * right[2 * i] + left[2 * i + 1] * right[2 * i + 1];
    return sum;
#endif
}
#endif

/* of VL channels, from their SUMS vectors */
INLINE v whole_sum(const sum_v *sum) {
#if FORM >= BF16_WIDENED
    return sum[0];
#elif FORM != WIDENED
    return __builtin_convertvector(sum[0], v);
#else
    const vi low = sum[0] + (vi)((pair_v)sum[0] >> 32), high = sum[1] + (vi)((pair_v)sum[1] >> 32); /* in every second lane */
    return __builtin_convertvector(V_EVENS(low, high), v);
#endif
}

INLINE void compact_tile(int R, int NV, const struct compact_sweep *s, const uint8_t *const *rows, const float *row_scales, float *c) {
    sum_v sum[TILE_ROWS][COMPACT_VECTORS * SUMS];
    const int8_t *right[COMPACT_VECTORS];
    const uint8_t *left[TILE_ROWS];
    UNROLLED for (int j = 0; j < NV; j++) {
        const int64_t column = s->column + j * VL;
        right[j] = s->right + column / COMPACT_STRIP * s->strip + column % COMPACT_STRIP * COMPACT_WORD;
        const sum_v first = (sum_v)(FORM == VNNI ? (vi)v_load((const float *)(s->offsets + column)) : vi_set(0));
        UNROLLED for (int i = 0; i < R; i++) UNROLLED for (int h = 0; h < SUMS; h++) sum[i][j * SUMS + h] = first;
    }
    UNROLLED for (int i = 0; i < R; i++) left[i] = rows[i];
    int64_t step = 0;
    for (int64_t o = 0; o < s->outer; o++)
        for (int64_t q = 0; q < s->inner; q++) {
            int64_t at = o * s->a_outer + q * s->a_inner;
            for (int64_t end = step + s->words * COMPACT_STEP; step < end; step += COMPACT_STEP, at += LEFT_WORD) {
                UNROLLED for (int half = HALVES - 1; half >= 0; half--) {
                    word_v words[COMPACT_VECTORS * SUMS];
                    UNROLLED for (int j = 0; j < NV * SUMS; j++)
                        words[j] = right_words(right[j / SUMS] + step + j % SUMS * (VL / SUMS * COMPACT_WORD), half);
                    UNROLLED for (int i = 0; i < R; i++) {
                        const word_v word = left_word(left[i] + at + half * LEFT_BYTES);
                        UNROLLED for (int j = 0; j < NV * SUMS; j++) sum[i][j] = add_products(sum[i][j], word, words[j]);
                    }
                }
            }
        }
    v total[TILE_ROWS][TILE_CHAINS];
    UNROLLED for (int j = 0; j < NV; j++) {
        UNROLLED for (int i = 0; i < R; i++) total[i][j] = whole_sum(sum[i] + j * SUMS);
        if (FORM >= BF16_WIDENED) continue;
        const v scale = v_load(s->scales + s->column + j * VL);
        UNROLLED for (int i = 0; i < R; i++) total[i][j] = total[i][j] * scale * v_set(row_scales[i]);
    }
    held_sweep end = &s->end;
    const int64_t last = s->end.last;
    linear_end(R, NV, &end, last, total);
    tile_store(R, NV, c, s->end.ldc, last, total);
}

#define TILE(R, NV)                                                                                                              \
    static void tile_##R##_##NV(const struct compact_sweep *s, const uint8_t *const *rows, const float *scales, float *c) {         \
        compact_tile(R, NV, s, rows, scales, c);                                                                                    \
    }
#define ENTRY(R, NV) [NV][R] = tile_##R##_##NV,

/* of 32 registers 24 hold sums, of 16 twelve; a tile of few rows takes more vectors, to have as much to do at a time */
#if VL == 16 && FORM != WIDENED
#define TILES(X) SHORT_TILES(X, 1) SHORT_TILES(X, 2) SHORT_TILES(X, 3) SHORT_TILES(X, 4)
#define MOST_VECTORS {0, 4, 4, 4, 4, 4, 4}
#elif FORM != WIDENED && VL == 8
#define TILES(X) SHORT_TILES(X, 1) SHORT_TILES(X, 2) X(1, 3) X(2, 3) X(1, 4) X(2, 4)
#define MOST_VECTORS {0, 4, 4, 2, 2, 2, 2}
#elif VL == 16
#define TILES(X) SHORT_TILES(X, 1) SHORT_TILES(X, 2) X(1, 3) X(2, 3) X(1, 4) X(2, 4)
#define MOST_VECTORS {0, 4, 4, 2, 2, 2, 2}
#else
#define TILES(X) SHORT_TILES(X, 1) X(1, 2) X(2, 2) X(1, 3) X(1, 4)
#define MOST_VECTORS {0, 4, 2, 1, 1, 1, 1}
#endif

TILES(TILE)

#define COMPACT_TILES(zero, cost) {FORM >= BF16_WIDENED, LEFT_BYTES, zero, cost, MOST_VECTORS, {TILES(ENTRY)}}
