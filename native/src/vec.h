/*
 * Vectors of VL floats (16, 8 or 4, the width of the ISA) by compiler extensions: + - * / < & | are the language's own.
 * v_fma is one rounding wherever the hardware has it (v3, v4, aarch64) and two on the x86-64 baseline. Contraction by the
 * compiler stays off, so what is fused is what is written v_fma or v_fnma, and v3 and v4 give the same bits.
 */
#ifndef FATHOM_VEC_H
#define FATHOM_VEC_H

#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define VL 16
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif

typedef float v __attribute__((vector_size(4 * VL)));
typedef int32_t vi __attribute__((vector_size(4 * VL)));
typedef float v_mem __attribute__((vector_size(4 * VL), aligned(4), may_alias)); /* where memory holds one: any float address */

/* ---- memory; _n touches the first n <= VL floats only, lanes beyond read as 0 ---- */

static inline v v_load(const float *p) { return *(const v_mem *)p; }
static inline void v_store(float *p, v x) { *(v_mem *)p = x; }

#if defined(__AVX512F__)
static inline v v_load_n(const float *p, int64_t n) { return (v)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
static inline void v_store_n(float *p, v x, int64_t n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x); }
#elif defined(__AVX2__)
/* the lanes below n, as vmaskmov wants them */
static inline __m256i v_lanes(int64_t n) {
    static const int32_t ramp[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return _mm256_loadu_si256((const __m256i *)(ramp + 8 - n));
}
static inline v v_load_n(const float *p, int64_t n) { return (v)_mm256_maskload_ps(p, v_lanes(n)); }
static inline void v_store_n(float *p, v x, int64_t n) { _mm256_maskstore_ps(p, v_lanes(n), (__m256)x); }
#else
static inline v v_load_n(const float *p, int64_t n) {
    v x = {0};
    memcpy(&x, p, (size_t)n * 4);
    return x;
}
static inline void v_store_n(float *p, v x, int64_t n) { memcpy(p, &x, (size_t)n * 4); }
#endif

/* ---- arithmetic ---- */

static inline v v_set(float x) { return x - (v){0}; } /* x - 0 is x for every x, -0 and NaN too */
static inline vi vi_set(int32_t x) { return x - (vi){0}; }

/* v_fma: a b + c, v_fnma: c - a b */
#if defined(__AVX512F__)
static inline v v_fma(v a, v b, v c) { return (v)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c); }
static inline v v_fnma(v a, v b, v c) { return (v)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c); }
static inline v v_sqrt(v x) { return (v)_mm512_sqrt_ps((__m512)x); }
#elif defined(__AVX2__)
static inline v v_fma(v a, v b, v c) { return (v)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c); }
static inline v v_fnma(v a, v b, v c) { return (v)_mm256_fnmadd_ps((__m256)a, (__m256)b, (__m256)c); }
static inline v v_sqrt(v x) { return (v)_mm256_sqrt_ps((__m256)x); }
#else
static inline v v_fma(v a, v b, v c) {
#ifdef __FP_FAST_FMAF
    for (int i = 0; i < VL; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
#else
    return a * b + c;
#endif
}
static inline v v_fnma(v a, v b, v c) { return v_fma(-a, b, c); }
static inline v v_sqrt(v x) {
    for (int i = 0; i < VL; i++) x[i] = __builtin_sqrtf(x[i]);
    return x;
}
#endif

/* mask ? a : b; the mask is a comparison of vectors (all ones or zeros). gcc turns this into mask registers or one blend. */
static inline v v_sel(vi mask, v a, v b) { return (v)((mask & (vi)a) | (~mask & (vi)b)); }
static inline v v_abs(v x) { return (v)((vi)x & 0x7fffffff); }

/* a > b ? a : b and a < b ? a : b, so b where either is NaN: keep the variable second and NaN passes through */
#if defined(__AVX512F__)
static inline v v_max(v a, v b) { return (v)_mm512_max_ps((__m512)a, (__m512)b); }
static inline v v_min(v a, v b) { return (v)_mm512_min_ps((__m512)a, (__m512)b); }
#elif defined(__AVX2__)
static inline v v_max(v a, v b) { return (v)_mm256_max_ps((__m256)a, (__m256)b); }
static inline v v_min(v a, v b) { return (v)_mm256_min_ps((__m256)a, (__m256)b); }
#elif defined(__SSE2__)
static inline v v_max(v a, v b) { return (v)_mm_max_ps((__m128)a, (__m128)b); }
static inline v v_min(v a, v b) { return (v)_mm_min_ps((__m128)a, (__m128)b); }
#else
static inline v v_max(v a, v b) { return v_sel(a > b, a, b); }
static inline v v_min(v a, v b) { return v_sel(a < b, a, b); }
#endif

/* ---- 16 virtual lanes: a sum that is the same for every vector width; element i goes to lane i % 16 ---- */

#define V16 (16 / VL)
typedef struct {
    v part[V16];
} v16;

static inline v16 v16_set(float x) {
    v16 r;
    for (int i = 0; i < V16; i++) r.part[i] = v_set(x);
    return r;
}
static inline v16 v16_zero(void) { return v16_set(0); }
static inline v16 v16_load(const float *p) {
    v16 r;
    for (int i = 0; i < V16; i++) r.part[i] = v_load(p + i * VL);
    return r;
}
/* the first n <= 16 lanes from p, the others 0 */
static inline v16 v16_load_n(const float *p, int64_t n) {
    v16 r;
    for (int i = 0; i < V16; i++) {
        int64_t left = n - i * VL;
        r.part[i] = left <= 0 ? v_set(0) : v_load_n(p + i * VL, left < VL ? left : VL);
    }
    return r;
}
static inline void v16_store(float *p, v16 a) {
    for (int i = 0; i < V16; i++) v_store(p + i * VL, a.part[i]);
}
static inline v16 v16_add(v16 a, v16 b) {
    for (int i = 0; i < V16; i++) a.part[i] = a.part[i] + b.part[i];
    return a;
}
static inline v16 v16_fma(v16 a, v16 b, v16 c) {
    for (int i = 0; i < V16; i++) c.part[i] = v_fma(a.part[i], b.part[i], c.part[i]);
    return c;
}
static inline v16 v16_max(v16 a, v16 b) {
    for (int i = 0; i < V16; i++) a.part[i] = v_max(a.part[i], b.part[i]);
    return a;
}
static inline v16 v16_add_load(v16 a, const float *p) { return v16_add(a, v16_load(p)); }
static inline v16 v16_add_load_n(v16 a, const float *p, int64_t n) { return v16_add(a, v16_load_n(p, n)); }

/* the fixed tree: lanes (0+8, 1+9, ..), then +4, +2, +1 */
typedef float v_quad __attribute__((vector_size(16)));
typedef float v_octet __attribute__((vector_size(32)));
static inline float v16_total(v16 a) {
    v_quad q;
#if VL == 16
    v_octet o = __builtin_shufflevector(a.part[0], a.part[0], 0, 1, 2, 3, 4, 5, 6, 7)
                + __builtin_shufflevector(a.part[0], a.part[0], 8, 9, 10, 11, 12, 13, 14, 15);
    q = __builtin_shufflevector(o, o, 0, 1, 2, 3) + __builtin_shufflevector(o, o, 4, 5, 6, 7);
#elif VL == 8
    v_octet o = a.part[0] + a.part[1];
    q = __builtin_shufflevector(o, o, 0, 1, 2, 3) + __builtin_shufflevector(o, o, 4, 5, 6, 7);
#else
    q = (a.part[0] + a.part[2]) + (a.part[1] + a.part[3]);
#endif
    q += __builtin_shufflevector(q, q, 2, 3, 2, 3);
    return q[0] + q[1];
}
/* the largest lane; a lane that is NaN may be lost, so test for NaN where it matters */
static inline float v16_largest(v16 a) {
    v m = a.part[0];
    for (int i = 1; i < V16; i++) m = v_max(m, a.part[i]);
#if VL == 16
    m = v_max(m, __builtin_shufflevector(m, m, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    m = v_max(m, __builtin_shufflevector(m, m, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3));
    m = v_max(m, __builtin_shufflevector(m, m, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));
#elif VL == 8
    m = v_max(m, __builtin_shufflevector(m, m, 4, 5, 6, 7, 0, 1, 2, 3));
    m = v_max(m, __builtin_shufflevector(m, m, 2, 3, 0, 1, 2, 3, 0, 1));
#else
    m = v_max(m, __builtin_shufflevector(m, m, 2, 3, 0, 1));
#endif
    return m[0] > m[1] ? m[0] : m[1];
}

#endif
