/* y[i][:] = src[index[i]][:], rows of bytes, floats or ints; bytes to floats as value * scale + shift. */
#ifndef FATHOM_GATHER_H
#define FATHOM_GATHER_H

enum { BYTES_TO_FLOATS, FLOATS, INTS, BYTES_TO_INTS };

/* VL bytes, widened */
static inline vi bytes_load(const uint8_t *p) {
#if defined(__AVX512F__)
    return (vi)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
#elif defined(__AVX2__)
    return (vi)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
#elif defined(__SSE2__)
    int32_t four;
    memcpy(&four, p, 4);
    __m128i zero = _mm_setzero_si128();
    return (vi)_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(four), zero), zero);
#else
    typedef uint8_t v_bytes __attribute__((vector_size(VL), aligned(1), may_alias));
    return __builtin_convertvector(*(const v_bytes *)p, vi);
#endif
}

/* the same for n <= VL; lanes beyond are 0 */
static inline vi bytes_get(const uint8_t *p, int64_t n) {
    if (n == VL) return bytes_load(p);
    uint8_t last[VL] = {0};
    memcpy(last, p, (size_t)n);
    return bytes_load(last);
}

INLINE v widen(int64_t kind, vi bytes, v scale, v shift) {
    return kind == BYTES_TO_INTS ? (v)bytes : v_fma(__builtin_convertvector(bytes, v), scale, shift);
}

INLINE void widen_row(int64_t kind, const uint8_t *x, float *y, int64_t n, v scale, v shift) {
    EACH_VECTOR(n, v_put(y + i, widen(kind, bytes_get(x + i, m), scale, shift), m););
}

static void gather_part(void *at, int64_t part, int64_t parts) {
    const struct gather_args *a = at;
    const v scale = v_set(a->scale), shift = v_set(a->shift);
    int64_t from, to, cols = a->cols;
    fathom_range(a->rows, 1, part, parts, &from, &to);
    for (int64_t i = from; i < to; i++) {
        int64_t row = a->index[i];
        float *y = a->y + i * cols;
        if (a->kind == BYTES_TO_FLOATS) widen_row(BYTES_TO_FLOATS, a->src + row * cols, y, cols, scale, shift);
        else if (a->kind == BYTES_TO_INTS) widen_row(BYTES_TO_INTS, a->src + row * cols, y, cols, scale, shift);
        else memcpy(y, a->src + row * cols * 4, (size_t)cols * 4);
    }
}

static int32_t k_gather(const struct gather_args *a, int64_t *detail) {
    for (int64_t i = 0; i < a->rows; i++)
        if (a->index[i] < 0 || a->index[i] >= a->srcrows) {
            detail[0] = i;
            detail[1] = a->index[i];
            detail[2] = a->srcrows;
            return FATHOM_BAD_INDEX;
        }
    double nanos = (double)(a->rows * a->cols) * 0.05 + (double)a->rows * 10;
    fathom_parallel(gather_part, (void *)a, fathom_parts(nanos, a->rows));
    return FATHOM_OK;
}

#endif
