/* The tiles of int8.h in one of their forms. */
#define WIDENED 0
#define UNSIGNED 1
#define VNNI 2
#include "int8.h"

#if FORM != WIDENED
enum { SUMS = 1, LEFT_BYTES = 1 }; /* vectors of int32 for VL channels; bytes of an element of the left side */
typedef vi word_v;                 /* VL words of bytes */
INLINE word_v right_words(const int8_t *p) { return (vi)v_load((const float *)p); }
INLINE word_v left_word(const uint8_t *p) {
    int32_t word;
    memcpy(&word, p, 4);
    return vi_set(word);
}
INLINE vi add_products(vi sum, word_v left, word_v right) {
#if FORM == VNNI && VL == 16
    return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)left, (__m512i)right);
#elif FORM == VNNI
    return (vi)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)left, (__m256i)right);
#elif VL == 16
    return sum + (vi)_mm512_madd_epi16(_mm512_maddubs_epi16((__m512i)left, (__m512i)right), _mm512_set1_epi16(1));
#else
    return sum + (vi)_mm256_madd_epi16(_mm256_maddubs_epi16((__m256i)left, (__m256i)right), _mm256_set1_epi16(1));
#endif
}
#else
enum { SUMS = 2, LEFT_BYTES = 2 }; /* each channel has two lanes */
typedef int16_t word_v __attribute__((vector_size(4 * VL))); /* VL / 2 words of int16 */
typedef int64_t pair_v __attribute__((vector_size(4 * VL)));
INLINE word_v right_words(const int8_t *p) {
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
INLINE v whole_sum(const vi *sum) {
#if FORM != WIDENED
    return __builtin_convertvector(sum[0], v);
#else
    const vi low = sum[0] + (vi)((pair_v)sum[0] >> 32), high = sum[1] + (vi)((pair_v)sum[1] >> 32); /* in every second lane */
    return __builtin_convertvector(V_EVENS(low, high), v);
#endif
}

INLINE void int8_tile(int R, int NV, const struct int8_sweep *s, const uint8_t *const *rows, const float *row_scales, float *c) {
    vi sum[TILE_ROWS][INT8_VECTORS * SUMS];
    const int8_t *right[INT8_VECTORS];
    const uint8_t *left[TILE_ROWS];
    UNROLLED for (int j = 0; j < NV; j++) {
        const int64_t column = s->column + j * VL;
        right[j] = s->right + column / INT8_STRIP * s->strip + column % INT8_STRIP * INT8_WORD;
        const vi first = FORM == VNNI ? (vi)v_load((const float *)(s->offsets + column)) : vi_set(0);
        UNROLLED for (int i = 0; i < R; i++) UNROLLED for (int h = 0; h < SUMS; h++) sum[i][j * SUMS + h] = first;
    }
    UNROLLED for (int i = 0; i < R; i++) left[i] = rows[i];
    int64_t step = 0;
    for (int64_t o = 0; o < s->outer; o++)
        for (int64_t q = 0; q < s->inner; q++) {
            int64_t at = o * s->a_outer + q * s->a_inner;
            for (int64_t end = step + s->words * INT8_STEP; step < end; step += INT8_STEP, at += INT8_WORD * LEFT_BYTES) {
                word_v words[INT8_VECTORS * SUMS];
                UNROLLED for (int j = 0; j < NV * SUMS; j++)
                    words[j] = right_words(right[j / SUMS] + step + j % SUMS * (VL / SUMS * INT8_WORD));
                UNROLLED for (int i = 0; i < R; i++) {
                    const word_v word = left_word(left[i] + at);
                    UNROLLED for (int j = 0; j < NV * SUMS; j++) sum[i][j] = add_products(sum[i][j], word, words[j]);
                }
            }
        }
    v total[TILE_ROWS][TILE_CHAINS];
    UNROLLED for (int j = 0; j < NV; j++) {
        const v scale = v_load(s->scales + s->column + j * VL);
        UNROLLED for (int i = 0; i < R; i++) total[i][j] = whole_sum(sum[i] + j * SUMS) * scale * v_set(row_scales[i]);
    }
    held_sweep end = &s->end;
    const int64_t last = s->end.last;
    linear_end(R, NV, &end, last, total);
    tile_store(R, NV, c, s->end.ldc, last, total);
}

#define TILE(R, NV)                                                                                                              \
    static void tile_##R##_##NV(const struct int8_sweep *s, const uint8_t *const *rows, const float *scales, float *c) {         \
        int8_tile(R, NV, s, rows, scales, c);                                                                                    \
    }
#define ENTRY(R, NV) [NV][R] = tile_##R##_##NV,
#define ROWS_OF(X, NV) X(1, NV) X(2, NV) X(3, NV) X(4, NV) X(5, NV) X(6, NV)

/* of 32 registers 24 hold sums, of 16 twelve; a tile of few rows takes more vectors, to have as much to do at a time */
#if FORM != WIDENED && VL == 16
#define TILES(X) ROWS_OF(X, 1) ROWS_OF(X, 2) ROWS_OF(X, 3) ROWS_OF(X, 4)
#define MOST_VECTORS {0, 4, 4, 4, 4, 4, 4}
#elif FORM != WIDENED
#define TILES(X) ROWS_OF(X, 1) ROWS_OF(X, 2) X(1, 3) X(2, 3) X(1, 4) X(2, 4)
#define MOST_VECTORS {0, 4, 4, 2, 2, 2, 2}
#elif VL == 16
#define TILES(X) ROWS_OF(X, 1) ROWS_OF(X, 2) X(1, 3) X(2, 3) X(1, 4) X(2, 4)
#define MOST_VECTORS {0, 4, 4, 2, 2, 2, 2}
#else
#define TILES(X) ROWS_OF(X, 1) X(1, 2) X(2, 2) X(1, 3) X(1, 4)
#define MOST_VECTORS {0, 4, 2, 1, 1, 1, 1}
#endif

TILES(TILE)

#define INT8_TILES(zero, cost) {LEFT_BYTES, zero, cost, MOST_VECTORS, {TILES(ENTRY)}}
