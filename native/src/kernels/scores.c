/*
 * Dot products of many rows with a few queries, as a search through vectors needs them: each row is read once, so that memory is the
 * limit. Whoever searches shares out the rows himself, since he also copies them and picks the best.
 */
#include "vec.h"
#include "isa.h"

/* rows by queries whose sums are in registers */
#if VL == 16
enum { ROWS = 4, QUERIES = 4 };
#else
enum { ROWS = 2, QUERIES = 2 };
#endif

/* R rows from x on with Q queries; lanes i, i + 16, .. of a row are one sum, whatever the tile and the vector */
INLINE void dots_tile(int R, int Q, const struct dots_args *a, const float *x, const float *q, float *y) {
    v16 sum[ROWS][QUERIES];
    UNROLLED for (int r = 0; r < R; r++) UNROLLED for (int j = 0; j < Q; j++) sum[r][j] = v16_zero();
    for (int64_t i = 0; i < a->c; i += 16) {
        v16 left[ROWS];
        const int whole = i + 16 <= a->c;
        UNROLLED for (int r = 0; r < R; r++) left[r] = whole ? v16_load(x + r * a->c + i) : v16_load_n(x + r * a->c + i, a->c - i);
        UNROLLED for (int j = 0; j < Q; j++) {
            v16 right = whole ? v16_load(q + j * a->c + i) : v16_load_n(q + j * a->c + i, a->c - i);
            UNROLLED for (int r = 0; r < R; r++) sum[r][j] = v16_fma(left[r], right, sum[r][j]);
        }
    }
    UNROLLED for (int r = 0; r < R; r++) UNROLLED for (int j = 0; j < Q; j++) y[j * a->rows + r] = v16_total(sum[r][j]);
}

INLINE void dots_rows(int R, const struct dots_args *a, int64_t row) {
    const float *x = a->x + row * a->c, *q = a->q;
    float *y = a->y + row;
    int64_t j = 0;
    for (; j + QUERIES <= a->queries; j += QUERIES, q += QUERIES * a->c, y += QUERIES * a->rows) dots_tile(R, QUERIES, a, x, q, y);
    for (; j < a->queries; j++, q += a->c, y += a->rows) dots_tile(R, 1, a, x, q, y);
}

static int32_t k_dots(const struct dots_args *a, int64_t *detail) {
    (void)detail;
    int64_t row = 0;
    for (; row + ROWS <= a->rows; row += ROWS) dots_rows(ROWS, a, row);
    for (; row < a->rows; row++) dots_rows(1, a, row);
    return FATHOM_OK;
}

#if defined(__SSE2__)
/* the sum of four lanes, which may wrap around */
static inline uint32_t total(__m128i x) {
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
    return (uint32_t)_mm_cvtsi128_si32(_mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1)));
}
#endif

/*
 * Products of an int8 and an int16, two to a lane: the widening multiply-add that every x86-64 has; NEON's takes one. It reads bytes faster
 * than memory gives them, so that an instruction for int8 alone (VNNI) would gain nothing, and the query keeps 16 bits.
 */
INLINE int32_t dot_int8(const int8_t *x, const int16_t *q, int64_t c) {
    int64_t i = 0;
    uint32_t sum = 0;
#if defined(__AVX512BW__)
    __m512i part = _mm512_setzero_si512();
    for (; i + 32 <= c; i += 32)
        part = _mm512_add_epi32(part, _mm512_madd_epi16(_mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(x + i))),
                                                        _mm512_loadu_si512(q + i)));
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(part), _mm512_extracti64x4_epi64(part, 1));
    sum = total(_mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)));
#elif defined(__AVX2__)
    __m256i part = _mm256_setzero_si256();
    for (; i + 16 <= c; i += 16)
        part = _mm256_add_epi32(part, _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(x + i))),
                                                        _mm256_loadu_si256((const __m256i *)(q + i))));
    sum = total(_mm_add_epi32(_mm256_castsi256_si128(part), _mm256_extracti128_si256(part, 1)));
#elif defined(__SSE2__)
    __m128i part = _mm_setzero_si128();
    for (; i + 8 <= c; i += 8) {
        __m128i bytes = _mm_loadl_epi64((const __m128i *)(x + i)); /* each twice, then shifted with its sign */
        part = _mm_add_epi32(part, _mm_madd_epi16(_mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8),
                                                  _mm_loadu_si128((const __m128i *)(q + i))));
    }
    sum = total(part);
#elif defined(__aarch64__)
    int32x4_t part = vdupq_n_s32(0);
    for (; i + 8 <= c; i += 8) {
        int16x8_t bytes = vmovl_s8(vld1_s8(x + i)), words = vld1q_s16(q + i);
        part = vmlal_high_s16(vmlal_s16(part, vget_low_s16(bytes), vget_low_s16(words)), bytes, words);
    }
    sum = (uint32_t)vaddvq_s32(part);
#endif
    for (; i < c; i++) sum += (uint32_t)((int32_t)x[i] * q[i]);
    return (int32_t)sum;
}

static int32_t k_dots_int8(const struct dots_int8_args *a, int64_t *detail) {
    (void)detail;
    for (int64_t row = 0; row < a->rows; row++)
        for (int64_t j = 0; j < a->queries; j++)
            a->y[j * a->rows + row] = dot_int8((const int8_t *)a->x + row * a->c, (const int16_t *)a->q + j * a->c, a->c);
    return FATHOM_OK;
}

EXPORT(dots)
EXPORT(dots_int8)
