/*
 * Vectors of VL floats (16, 8 or 4, the width of the ISA) by compiler extensions: + - * / < & | are the language's own.
 * v_fma is one rounding wherever the hardware has it (v3, v4, neon) and two on the x86-64 baseline. Contraction by the
 * compiler stays off, so what is fused is what is written v_fma or v_fnma, and v3, v4 and neon give the same bits.
 */
#ifndef FATHOM_VEC_H
#define FATHOM_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define VL 16
#elif defined(__AVX2__)
#define VL 8
#else
#define VL 4
#endif

#if defined(__AVX2__) || defined(__aarch64__)
#define V_FUSED /* v_fma rounds once */
#endif

#define INLINE static inline __attribute__((always_inline))
#define UNROLLED _Pragma("GCC unroll 16")

typedef float v __attribute__((vector_size(4 * VL)));
typedef int32_t vi __attribute__((vector_size(4 * VL)));
typedef uint32_t vu __attribute__((vector_size(4 * VL))); /* bits to count with: they may wrap around */
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
/* in halves, as vmaskmov takes 42 steps to store on Zen 3, and a load of what it stored waits for them all */
static inline void v_store_n(float *p, v x, int64_t n) {
    if (n >= VL) {
        v_store(p, x);
        return;
    }
    __m128 half = _mm256_castps256_ps128((__m256)x);
    if (n & 4) {
        _mm_storeu_ps(p, half);
        half = _mm256_extractf128_ps((__m256)x, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)p, half);
        half = _mm_movehl_ps(half, half);
        p += 2;
    }
    if (n & 1) _mm_store_ss(p, half);
}
#else
/* lane by lane, as a call of memcpy would empty the registers of a tile */
static inline v v_load_n(const float *p, int64_t n) {
    v x = {0};
    for (int i = 0; i < VL; i++)
        if (i < n) x[i] = p[i];
    return x;
}
static inline void v_store_n(float *p, v x, int64_t n) {
    for (int i = 0; i < VL; i++)
        if (i < n) p[i] = x[i];
}
#endif

/* loads n lanes, which are often all VL of them */
static inline v v_get(const float *p, int64_t n) { return n == VL ? v_load(p) : v_load_n(p, n); }
/*
 * Loads n lanes for arithmetic that waits for memory: a line in two loads, which bring the next lines from L3 earlier. Measured on Zen 4:
 * 6 % of an addition in L3, 3 % of a sum; what computes longer, or reads more than three arrays, loses as much.
 */
static inline v v_read(const float *p, int64_t n) {
#if defined(__AVX512F__)
    if (n == VL) return (v)_mm512_insertf32x8(_mm512_castps256_ps512(_mm256_loadu_ps(p)), _mm256_loadu_ps(p + 8), 1);
#endif
    return v_get(p, n);
}
static inline void v_put(float *p, v x, int64_t n) {
    if (n == VL) v_store(p, x);
    else v_store_n(p, x, n);
}

/* how many of `left` values the next vector takes */
static inline int64_t lane_count(int64_t left) { return left < 0 ? 0 : left < VL ? left : VL; }

/* past the caches, from an address that is a multiple of the vector; v_stream_end before another thread may read */
#if defined(__AVX512F__)
static inline void v_stream(float *p, v x) { _mm512_stream_ps(p, (__m512)x); }
#elif defined(__AVX2__)
static inline void v_stream(float *p, v x) { _mm256_stream_ps(p, (__m256)x); }
#elif defined(__SSE2__)
static inline void v_stream(float *p, v x) { _mm_stream_ps(p, (__m128)x); }
#else
static inline void v_stream(float *p, v x) { v_store(p, x); }
#endif
static inline void v_stream_end(void) {
#if defined(__SSE2__)
    _mm_sfence();
#endif
}

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
#elif defined(__aarch64__)
static inline v v_fma(v a, v b, v c) { return (v)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
static inline v v_fnma(v a, v b, v c) { return (v)vfmsq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b); }
static inline v v_sqrt(v x) { return (v)vsqrtq_f32((float32x4_t)x); }
#else
static inline v v_fma(v a, v b, v c) { return a * b + c; }
static inline v v_fnma(v a, v b, v c) { return v_fma(-a, b, c); }
static inline v v_sqrt(v x) {
    for (int i = 0; i < VL; i++) x[i] = __builtin_sqrtf(x[i]);
    return x;
}
#endif

/* VL / 2 floats from p as doubles */
typedef double v_double __attribute__((vector_size(4 * VL)));
#if defined(__AVX512F__)
static inline v_double v_widen(const float *p) { return (v_double)_mm512_cvtps_pd(_mm256_loadu_ps(p)); }
#elif defined(__AVX2__)
static inline v_double v_widen(const float *p) { return (v_double)_mm256_cvtps_pd(_mm_loadu_ps(p)); }
#else
static inline v_double v_widen(const float *p) { return (v_double){p[0], p[1]}; }
#endif

/*
 * mask ? a : b; the mask is a comparison of vectors (all ones or zeros). gcc makes one blend of this on AVX2 and up to three instructions
 * on AVX-512, so what can be a maximum or a minimum is written as one.
 */
static inline v v_sel(vi mask, v a, v b) { return (v)((mask & (vi)a) | (~mask & (vi)b)); }
#if VL == 16
static const vi V_LANE = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif VL == 8
static const vi V_LANE = {0, 1, 2, 3, 4, 5, 6, 7};
#else
static const vi V_LANE = {0, 1, 2, 3};
#endif

/* a mask of lanes as bits, lane 0 lowest */
static inline uint32_t v_bits(vi mask) {
#if defined(__AVX512F__)
    return _mm512_movepi32_mask((__m512i)mask);
#elif defined(__AVX2__)
    return (uint32_t)_mm256_movemask_ps((__m256)mask);
#elif defined(__SSE2__)
    return (uint32_t)_mm_movemask_ps((__m128)mask);
#elif defined(__aarch64__)
    return vaddvq_u32((uint32x4_t)(mask & (vi){1, 2, 4, 8}));
#else
    uint32_t bits = 0;
    for (int i = 0; i < VL; i++) bits |= (mask[i] & 1u) << i;
    return bits;
#endif
}

/* mask ? 1 : 0 */
static inline v v_flag(vi mask) { return (v)(mask & (vi)v_set(1)); }
static inline v v_abs(v x) { return (v)((vi)x & INT32_MAX); }
static inline v v_minus_abs(v x) { return (v)((vi)x | INT32_MIN); }
/* -x where s is negative (or -0), else x */
static inline v v_signed(v x, v s) { return (v)((vi)x ^ ((vi)s & INT32_MIN)); }

/* the nearest integer, the even one of two; the largest integer not above x */
static inline v v_round(v x) {
    v size = v_abs(x), whole = v_signed((size + 0x1p23f) - 0x1p23f, x);
    return v_sel(size < 0x1p23f, whole, x);
}
static inline v v_floor(v x) {
    v whole = v_round(x);
    return whole - v_flag(whole > x);
}
static inline v v_ceil(v x) { return -v_floor(-x); }

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
static inline v v_relu(v x) { return v_max(v_set(0), x); }

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
static inline v16 v16_read(const float *p) {
    v16 r;
    for (int i = 0; i < V16; i++) r.part[i] = v_read(p + i * VL, VL);
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
/* the largest lane, by the same tree, as the sign of a zero depends on the order; a NaN may be lost, so test for it where it matters */
static inline float v16_largest(v16 a) {
#if VL == 16
    v m = a.part[0];
    m = v_max(m, __builtin_shufflevector(m, m, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    m = v_max(m, __builtin_shufflevector(m, m, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3));
    m = v_max(m, __builtin_shufflevector(m, m, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1));
#elif VL == 8
    v m = v_max(a.part[0], a.part[1]);
    m = v_max(m, __builtin_shufflevector(m, m, 4, 5, 6, 7, 0, 1, 2, 3));
    m = v_max(m, __builtin_shufflevector(m, m, 2, 3, 0, 1, 2, 3, 0, 1));
#else
    v m = v_max(v_max(a.part[0], a.part[2]), v_max(a.part[1], a.part[3]));
    m = v_max(m, __builtin_shufflevector(m, m, 2, 3, 0, 1));
#endif
    return m[0] > m[1] ? m[0] : m[1];
}

/*
 * ---- functions ----
 * Polynomials and the rational function are minimax fits of relative error (Lawson's reweighted least squares in 40-digit
 * arithmetic, coefficients rounded to float one at a time and the rest refitted). Every bound is in ulp, over all floats, on an
 * ISA with FMA. Results that are infinite or NaN come out right, those below the smallest normal number as 0, and NaN in gives NaN out.
 */

/* k + 1.5 2^23 for the integer k nearest unit x / ln 2, its low bits are k; unit is a power of two or its negative, so exact */
#define V_ROUND 12582912.0f
static inline v v_exponent(v x, float unit) { return v_fma(x, v_set(unit * 1.44269504f), v_set(V_ROUND)); }
/* x - k ln 2 / unit, in two steps; k ln 2's first part has 9 bits, so it is exact without FMA too */
static inline v v_remainder(v x, v k, float unit) {
    v n = k - V_ROUND;
    return v_fma(n, v_set(2.12194440e-4f / unit), v_fma(n, v_set(-0.693359375f / unit), x));
}
/* x 2^k for any k in exp's range, rounded once */
static inline v v_scale(v x, v k) {
#if defined(__AVX512F__)
    return (v)_mm512_scalef_ps((__m512)x, (__m512)(k - V_ROUND));
#else
    vu half = ((vu)k << 22) & 0xff800000; /* two factors, because 2^-150 and 2^128 are not floats */
    return x * (v)(half + 0x3f800000) * (v)(((vu)k << 23) - half + 0x3f800000);
#endif
}

/* exp(unit r) for |unit r| <= ln 2 / 2 */
static inline v v_exp_part(v r, float unit) {
    float u2 = unit * unit, u3 = u2 * unit, u4 = u2 * u2;
    v q = v_fma(r, v_set(0x1.6a4d60p-10f * u3 * u3), v_set(0x1.12398ep-7f * u4 * unit));
    q = v_fma(q, r, v_set(0x1.5558b0p-5f * u4));
    q = v_fma(q, r, v_set(0x1.555492p-3f * u3));
    q = v_fma(q, r, v_set(0x1.fffffcp-2f * u2));
    q = v_fma(q, r, v_set(unit));
    return v_fma(q, r, v_set(1));
}
/* m exp(unit x) for -107 <= unit x <= 89, rounded once */
static inline v v_exp_times(v x, v m, float unit) {
    v k = v_exponent(x, unit);
    return v_scale(v_exp_part(v_remainder(x, k, unit), unit) * m, k);
}
static inline v v_exp(v x) { return v_exp_times(v_max(v_set(-104), v_min(v_set(89), x)), v_set(1), 1); }

/* x 2^(k + more) for exponents that one factor has: from -126 to 127; what is scaled by 2^-127 becomes 0 */
static inline v v_scale_near(v x, v k, int more) {
#if defined(__AVX512F__)
    return (v)_mm512_scalef_ps((__m512)x, (__m512)(k - (V_ROUND - (float)more)));
#else
    return x * (v)(((vu)k << 23) + (uint32_t)(0x3f800000 + more * 0x800000));
#endif
}
/* 2^more exp(unit x) for -88 - ln 2 more <= unit x <= 88 - ln 2 more */
static inline v v_exp_near(v x, float unit, int more) {
    v k = v_exponent(x, unit);
    return v_scale_near(v_exp_part(v_remainder(x, k, unit), unit), k, more);
}
/* e^x for x <= 88 or NaN, as beside the largest of a softmax; a greater x gives any number */
static inline v v_exp_down(v x) { return v_exp_near(v_max(v_set(-88), x), 1, 0); }

/* c (exp(unit x) - 1) for a power of two c and -20 <= unit x <= 89, where r is x - k ln 2 / unit */
static inline v v_expm1_of(v k, v r, float unit, float c) {
    v s = (v)(((vu)k << 23) + (vu)v_set(c * unit));
    float u2 = unit * unit, u3 = u2 * unit;
    v q = v_fma(r, v_set(0x1.6b9c68p-10f * u3 * u2), v_set(0x1.12254ap-7f * u2 * u2));
    q = v_fma(q, r, v_set(0x1.5556f2p-5f * u3));
    q = v_fma(q, r, v_set(0x1.5554b4p-3f * u2));
    q = v_fma(q, r, v_set(0x1.fffffep-2f * unit));
    return v_fma(v_fma(q * r, r, r), s, v_fma(s, v_set(1 / unit), v_set(-c)));
}
static inline v v_expm1(v x) {
    v near = v_max(v_set(-20), v_min(v_set(89), x)), k = v_exponent(near, 1);
    v half = v_expm1_of(k, v_remainder(near, k, 1), 1, 0.5f); /* half, because 2^128 is not a float */
    return v_sel(v_abs(x) < 0x1p-100f, x, half + half);
}

/*
 * h / (1 + h) with h = (e^2|x| - 1) / 2; where x is small h - h tanh, in which the division's rounding counts little. The k of
 * e^2|x| is small where its remainder counts, so one step gives it.
 */
static inline v v_tanh(v x) {
    v t = v_min(v_set(9.1f), v_abs(x)), k = v_exponent(t, 2);
    v h = v_expm1_of(k, v_fma(k - V_ROUND, v_set(-0.346573590f), t), 2, 0.5f), y = h / (1 + h);
    y = v_sel(t < 0.4f, v_fnma(h, y, h), y);
    return v_signed(y, x);
}

/* from e^-|x|, which cannot overflow and keeps the left tail down to the smallest normal number */
static inline v v_sigmoid(v x) {
    v z = v_exp_down(v_minus_abs(x));
    return v_sel(x < 0, z, v_set(1)) / (1 + z);
}

/* log(2^e (1 + f)) for 1 + f in [sqrt 1/2, sqrt 2] */
static inline v v_log_parts(v e, v f) {
    v p = v_fma(f, v_set(-0x1.38c94ep-4f), v_set(0x1.0568fep-3f));
    p = v_fma(p, f, v_set(-0x1.0d8718p-3f));
    p = v_fma(p, f, v_set(0x1.22d824p-3f));
    p = v_fma(p, f, v_set(-0x1.5471f8p-3f));
    p = v_fma(p, f, v_set(0x1.99a022p-3f));
    p = v_fma(p, f, v_set(-0x1.000228p-2f));
    p = v_fma(p, f, v_set(0x1.555554p-2f));
    v s = f * f;
    p = v_fma(e, v_set(-2.12194440e-4f), p * f * s);
    return v_fma(e, v_set(0.693359375f), v_fnma(v_set(0.5f), s, p) + f);
}
/* e, as an integer in the place of a float's exponent, such that x 2^-e lies in [sqrt 1/2, sqrt 2) */
static inline vi v_log_exponent(v x) { return (vi)(((vu)x - 0x3f3504f3) & 0xff800000); }

static inline v v_log(v x) {
    vi tiny = x < 0x1p-126f;
    v y = v_sel(tiny, x * 0x1p23f, x);
    vi e = v_log_exponent(y);
    v r = v_log_parts(__builtin_convertvector((e >> 23) - (tiny & 23), v), (v)((vu)y - (vu)e) - 1);
    r = v_sel(x > 0, v_sel(x < INFINITY, r, x), v_set(NAN));
    return v_sel(x == 0, v_set(-INFINITY), r);
}

/* log of u = 1 + x, with the rounding of that sum put back into f */
static inline v v_log1p(v x) {
    v u = 1 + x, low = v_sel(x < 1, x - (u - 1), 1 - (u - x));
    vi e = v_log_exponent(u);
    v f = ((v)((vu)u - (vu)e) - 1) + low * (v)((0x3f800000 - (vu)e) & (vu)(e < 0x40000000)); /* no 2^-128; low is 0 there */
    v r = v_log_parts(__builtin_convertvector(e >> 23, v), f);
    r = v_sel(x > -1, v_sel(x < INFINITY, r, x), v_set(NAN));
    return v_sel(x == -1, v_set(-INFINITY), r);
}

/* exp(t^2 / 2) erfc(t / sqrt 2) / 2 for 0 <= t <= 14.6: the normal tail without its fall; before rounding 0.15 ulp from the true value */
static inline v v_mills(v t) {
    v p = v_fma(t, v_set(0x1.0cc03ap-8f), v_set(0x1.4bf98p-5f));
    p = v_fma(p, t, v_set(0x1.76962ep-3f));
    p = v_fma(p, t, v_set(0x1.c05842p-2f));
    p = v_fma(p, t, v_set(0.5f));
    v q = v_fma(t, v_set(0x1.50d344p-7f), v_set(0x1.a01874p-4f));
    q = v_fma(q, t, v_set(0x1.dfd824p-2f));
    q = v_fma(q, t, v_set(0x1.337be4p+0f));
    q = v_fma(q, t, v_set(0x1.ac6e5p+0f));
    q = v_fma(q, t, v_set(1));
    return p / q;
}
/*
 * 2^more m exp(unit z^2) for unit z^2 >= -88 - ln 2 more and |m| <= 2^(1/2 + more), without the rounding of the square, because an
 * exponent of -88 shows it 88 times as large
 */
static inline v v_gauss_times(v z, v m, float unit, int more) {
    v s = z * z, k = v_exponent(s, unit);
#ifdef V_FUSED
    v n = k - V_ROUND, r = v_fma(n, v_set(2.12194440e-4f / unit), v_fma(z, z, n * (-0.693359375f / unit)));
#else
    v high = (v)((vi)z & (int32_t)0xfffff000), low = z - high; /* Dekker 1971 */
    v r = v_remainder(s, k, unit) - ((s - high * high) - (z + high) * low);
#endif
    return v_scale_near(v_exp_part(r, unit) * m, k, more);
}

/* x Phi(x) = max(x, 0) - t Phi(-t), t = |x|: the tail at -t is erfc's, its relative error bounded down to the smallest normal number */
static inline v v_gelu(v x) {
    v t = v_min(v_set(13.2f), v_abs(x));
    return v_relu(x) - v_gauss_times(t, t * v_mills(t), -0.5f, 0);
}
/*
 * Phi(x) + x phi(x); at -t it is exp(-t^2 / 2) (mills(t) - t / sqrt(2 pi)), at t one minus that. The last values that are not 0 are
 * some 5 exp(-89).
 */
static inline v v_gelu_slope(v x) {
    v t = v_min(v_set(13.6f), v_abs(x)), m = v_fnma(t, v_set(0.39894228f), v_mills(t));
    v g = v_gauss_times(t, m, -0.5f, 8) * 0x1p-8f;
    return v_sel(x < 0, g, 1 - g);
}

/* log(1 + e^(beta x)) / beta, where a beta x beyond the floats is no harm */
static inline v v_softplus(v x, v beta) { return v_relu(x) + v_log1p(v_exp_down(v_minus_abs(beta * x))) / beta; }

/*
 * x sigmoid(w) for w of the sign of x, and near = -|x| or something above it where e^w ends in 0: x / (1 + e^-w), on the left
 * x e^w / (1 + e^w). Powers are 2^8 times as large, which keeps the left tail down to the smallest normal number.
 */
static inline v v_gated(v x, v near, v w) {
    v z = v_exp_near(v_max(v_set(-93), v_minus_abs(w)), 1, 8);
    return v_sel(x < 0, z * near * 0x1p-8f, x) / v_fma(z, v_set(0x1p-8f), v_set(1));
}

/* x sigmoid(x) */
static inline v v_silu(v x) { return v_gated(x, v_max(v_set(-93), v_minus_abs(x)), x); }
static inline v v_silu_slope(v x) {
    v s = v_sigmoid(x), near = v_max(v_set(-110), v_min(v_set(110), x));
    return s * v_fma(near, 1 - s, v_set(1));
}

/* x sigmoid(beta x), on the left as in silu; below e^-104 it ends in 0 */
static inline v v_swish(v x, v beta) {
    v w = beta * x, t = v_min(v_set(104), v_abs(w)), z = v_exp_times(t, v_set(1), -1);
    v far = v_min(v_set(0x1p127f), v_abs(x));
    v y = v_sel(w < 0, v_exp_times(t, far, -1), v_abs(x)) / (1 + z);
    return v_sel(w < -104, v_set(0), v_signed(y, x));
}
/* s (1 - s) */
static inline v v_sigmoid_slope(v x) {
    v s = v_sigmoid(-v_abs(x));
    return s * (1 - s);
}

/* x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)): 1 + tanh(u) is twice the sigmoid of 2 u */
static inline v v_gelu_tanh_inner(v x) {
    v near = v_max(v_set(-11), v_min(v_set(11), x));
    return near * v_fma(near * near, v_set(0.0713548163f), v_set(1.59576912f));
}
static inline v v_gelu_tanh(v x) { return v_gated(x, v_max(v_set(-11), v_minus_abs(x)), v_gelu_tanh_inner(x)); }
static inline v v_gelu_tanh_slope(v x) {
    v near = v_max(v_set(-11), v_min(v_set(11), x)), s = v_sigmoid(v_gelu_tanh_inner(x));
    v inner = v_fma(near * near, v_set(0.214064449f), v_set(1.59576912f));
    return s * v_fma(near * (1 - s), inner, v_set(1));
}

/* tanh(softplus(x)) = n / (n + r), with z = e^-|x|, which cannot overflow: n = 1 + 2 z, r = 2 z^2, on the left n = z (z + 2), r = 2 */
static inline v v_mish(v x) {
    v t = v_min(v_set(104), v_abs(x)), z = v_exp_times(t, v_set(1), -1);
    v left = -v_exp_times(t, t, -1) * (z + 2), n = v_sel(x < 0, z * (z + 2), 1 + 2 * z);
    return v_sel(x < 0, left, x * n) / (n + v_sel(x < 0, v_set(2), 2 * z * z));
}
/* T + x (1 - T^2) sigmoid(x), with 1 - T = r / (n + r) */
static inline v v_mish_slope(v x) {
    v t = v_min(v_set(104), v_abs(x)), z = v_exp_times(t, v_set(1), -1);
    v n = v_sel(x < 0, z * (z + 2), 1 + 2 * z), r = v_sel(x < 0, v_set(2), 2 * z * z), d = n + r, gate = n / d;
    v s = v_sel(x < 0, z, v_set(1)) / (1 + z), near = v_max(v_set(-104), v_min(v_set(104), x));
    return v_fma(near * s * (r / d), 1 + gate, gate);
}

/* x clip(x + 3, 0, 6) / 6, where 0 stays 0 on the far left */
static inline v v_hard_swish(v x) {
    return v_sel(x <= -3, v_set(0), x * (v_max(v_set(0), v_min(v_set(6), x + 3)) / 6));
}

/* x / (1 + |x|); what lies beyond 2^100 counts as that, because infinity divided by itself is no number */
static inline v v_softsign(v x) {
    v near = v_max(v_set(-0x1p100f), v_min(v_set(0x1p100f), x));
    return near / (1 + v_abs(near));
}

/* 1, 0 or -1, and NaN stays */
static inline v v_sign(v x) { return v_sel(x > 0, v_set(1), v_sel(x < 0, v_set(-1), x)); }

/* 1 for x > 0, else 0; NaN stays */
static inline v v_step(v x) { return v_sel(x > 0, v_set(1), v_sel(x <= 0, v_set(0), x)); }

/* log cosh x = log(1 + (e^t - 1)^2 / (2 e^t)) near 0, where nothing cancels; further out t - log 2 + log(1 + e^-2t) */
static inline v v_log_cosh(v x) {
    v t = v_abs(x), e = v_expm1(v_min(v_set(4), t));
    v far = t - 0.693147181f + v_log1p(v_exp_down(-2 * t));
    return v_sel(t > 4, far, v_log1p(0.5f * e * (e / (1 + e))));
}

/* the angle whose tangent is x >= 0: z P(z^2) of z = x or 1 / x, whichever is below 1 */
static inline v v_angle(v x) {
    v z = v_sel(x > 1, 1 / x, x), s = z * z;
    v p = v_fma(s, v_set(0x1.6d2016p-9f), v_set(-0x1.03f2d4p-6f));
    p = v_fma(p, s, v_set(0x1.5beeb4p-5f));
    p = v_fma(p, s, v_set(-0x1.33194ep-4f));
    p = v_fma(p, s, v_set(0x1.b403a8p-4f));
    p = v_fma(p, s, v_set(-0x1.22f5c2p-3f));
    p = v_fma(p, s, v_set(0x1.997748p-3f));
    p = v_fma(p, s, v_set(-0x1.5554d8p-2f));
    p = v_fma(p * s, z, z);
    return v_sel(x > 1, 1.57079633f - p, p);
}
static inline v v_atan(v x) { return v_signed(v_angle(v_abs(x)), x); }
/* tan(asin(x) / 2) = x / (1 + cos), tan(acos(x) / 2) = sqrt((1 - x) / (1 + x)) */
static inline v v_asin(v x) {
    v t = v_abs(x), half = v_angle(t / (1 + v_sqrt((1 - t) * (1 + t))));
    return v_signed(half + half, x);
}
static inline v v_acos(v x) {
    v half = v_angle(v_sqrt((1 - x) / (1 + x)));
    return half + half;
}

/* e^|x| / 2, infinite where cosh is */
static inline v v_half_exp(v x) { return v_exp_times(v_min(v_set(90), v_abs(x)), v_set(0.5f), 1); }
static inline v v_sinh(v x) {
    v t = v_abs(x), h = v_expm1(v_min(v_set(9), t));
    return v_signed(v_sel(t > 9, v_half_exp(x), 0.5f * (h + h / (1 + h))), x);
}
static inline v v_cosh(v x) {
    v e = v_half_exp(x);
    return e + 0.25f / e;
}
/* sqrt(1 + x^2) of x >= 0, where no square overflows */
static inline v v_hypotenuse(v x) { return v_sel(x > 0x1p30f, x, v_sqrt(1 + x * x)); }
/* log(x + sqrt(x^2 + 1)) by log1p, from 2^13 on log(2 x); with - 1 likewise */
static inline v v_asinh(v x) {
    v t = v_abs(x), near = v_log1p(t + t * (t / (1 + v_hypotenuse(t))));
    return v_signed(v_sel(t > 0x1p13f, v_log(t) + 0.693147181f, near), x);
}
static inline v v_acosh(v x) {
    v t = x - 1, y = v_sel(x > 0x1p13f, v_log(x) + 0.693147181f, v_log1p(t + v_sqrt(t * (x + 1))));
    return v_sel(x < 1, v_set(NAN), y);
}
static inline v v_atanh(v x) {
    v t = v_abs(x);
    return v_signed(0.5f * v_log1p((t + t) / (1 - t)), x);
}

/* what a / b toward 0 leaves: no float is between, so it is exact; then with the sign of b */
static inline v v_fmod(v a, v b) {
    for (int i = 0; i < VL; i++) a[i] = __builtin_fmodf(a[i], b[i]);
    return a;
}
static inline v v_mod(v a, v b) {
    v r = v_fmod(a, b);
    return v_sel(r == 0, v_signed(v_abs(r), b), v_sel(((vi)r ^ (vi)b) < 0, r + b, r));
}

/* x P(x^2) near 0, further out 1 - erfc, which is known from the normal tail */
static inline v v_erf(v x) {
    v z = v_min(v_set(4), v_abs(x)), m = v_mills(z * 1.41421356f), s = x * x;
    v far = 1 - v_gauss_times(z, m + m, -1, 0);
    v p = v_fma(s, v_set(0x1.5ece7p-14f), v_set(-0x1.aae7ap-11f));
    p = v_fma(p, s, v_set(0x1.54ddacp-8f));
    p = v_fma(p, s, v_set(-0x1.b81148p-6f));
    p = v_fma(p, s, v_set(0x1.ce2e34p-4f));
    p = v_fma(p, s, v_set(-0x1.812744p-2f));
    p = v_fma(p, s, v_set(0x1.06eba8p-3f)); /* 2 / sqrt pi - 1 */
    return v_sel(z < 0.9f, v_fma(p, x, x), v_signed(far, x));
}
/* 2 exp(-x^2) / sqrt pi */
static inline v v_erf_slope(v x) { return v_gauss_times(v_min(v_set(9.38f), v_abs(x)), v_set(1.12837917f), -1, 0); }

/* ---- functions that need more digits on the way: half a vector at a time in double, unfused, the same on every ISA ---- */

typedef float v_half __attribute__((vector_size(2 * VL)));
typedef double vd __attribute__((vector_size(4 * VL)));
typedef uint64_t vd_bits __attribute__((vector_size(4 * VL)));
#if VL == 16
#define V_HALF(x, high) __builtin_shufflevector(x, x, high, high + 1, high + 2, high + 3, high + 4, high + 5, high + 6, high + 7)
#define V_BOTH(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
#define V_EVENS(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#elif VL == 8
#define V_HALF(x, high) __builtin_shufflevector(x, x, high, high + 1, high + 2, high + 3)
#define V_BOTH(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7)
#define V_EVENS(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#else
#define V_HALF(x, high) __builtin_shufflevector(x, x, high, high + 1)
#define V_BOTH(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3)
#define V_EVENS(a, b) __builtin_shufflevector(a, b, 0, 2, 4, 6)
#endif
#if defined(__aarch64__) /* gcc 12 moves the lanes one by one */
static inline vd vd_low(v x) { return (vd)vcvt_f64_f32(vget_low_f32((float32x4_t)x)); }
static inline vd vd_high(v x) { return (vd)vcvt_high_f64_f32((float32x4_t)x); }
static inline v vd_floats(vd low, vd high) { return (v)vcvt_high_f32_f64(vcvt_f32_f64((float64x2_t)low), (float64x2_t)high); }
#else
static inline vd vd_low(v x) { return __builtin_convertvector(V_HALF(x, 0), vd); }
static inline vd vd_high(v x) { return __builtin_convertvector(V_HALF(x, VL / 2), vd); }
static inline v vd_floats(vd low, vd high) {
    return V_BOTH(__builtin_convertvector(low, v_half), __builtin_convertvector(high, v_half));
}
#endif
#define VD_ROUND 0x1.8p52 /* x + this: the low 32 bits are the integer nearest x */

/* sine of angle + quarter pi / 2, |angle| <= pi / 4, by the polynomials of Cephes' sinf and cosf; the cosine is that of quarter + 1 */
static inline v v_sine(v angle, vu quarter) {
    v z = angle * angle;
    v s = v_fma(v_set(-1.9515295891e-4f), z, v_set(8.3321608736e-3f));
    s = v_fma(v_fma(s, z, v_set(-1.6666654611e-1f)), z * angle, angle);
    v c = v_fma(v_set(2.443315711809948e-5f), z, v_set(-1.388731625493765e-3f));
    c = v_fma(v_fma(c, z, v_set(4.166664568298827e-2f)), z * z, v_fma(z, v_set(-0.5f), v_set(1)));
    v y = v_sel((vi)((quarter & 1) == 1), c, s);
    return (v)((vu)y ^ (quarter & 2) << 30);
}

/*
 * Reduces the lanes with x >= 2^28 by Payne and Hanek (1983): x = m 2^e, and of 2 / pi only those bits count that m 2^e turns into less
 * than 4; 128 of them leave 100 behind the point. Infinity becomes NaN.
 */
static __attribute__((noinline)) void v_quarter_huge(const float *x, float *angle, uint32_t *quarter) {
    static const uint32_t two_over_pi[] = {0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
                                           0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561};
    for (int i = 0; i < VL; i++) {
        uint32_t bits;
        memcpy(&bits, x + i, 4);
        if (!(x[i] >= 0x1p28f)) continue;
        int first = (int)(bits >> 23) - 150 - 2; /* the first bit that counts */
        const uint32_t *w = two_over_pi + first / 32;
        unsigned __int128 window = 0;
        for (int k = 0; k < 4; k++) window = window << 32 | (uint32_t)(((uint64_t)w[k] << 32 | w[k + 1]) >> (32 - first % 32));
        uint64_t turns = (uint64_t)(window * ((bits & 0x7fffff) | 0x800000) >> 64), quarters = (turns + (UINT64_C(1) << 61)) >> 62;
        quarter[i] = (uint32_t)quarters;
        angle[i] = x[i] < INFINITY ? (float)((double)(int64_t)(turns - (quarters << 62)) * 0x1.921fb54442d18p-62) : NAN;
    }
}

/* x = angle + quarter pi / 2 for x >= 0; pi / 2 is 0x1.921fb5p+0, of 25 bits, plus a rest */
static inline void v_quarter(v x, v *angle, vu *quarter) {
    vd low = vd_low(x), high = vd_high(x);
    vd k_low = low * 0x1.45f306dc9c883p-1 + VD_ROUND, k_high = high * 0x1.45f306dc9c883p-1 + VD_ROUND;
    vd n_low = k_low - VD_ROUND, n_high = k_high - VD_ROUND;
    low = (low - n_low * 0x1.921fb5p+0) - n_low * 0x1.110b4611a6263p-26;
    high = (high - n_high * 0x1.921fb5p+0) - n_high * 0x1.110b4611a6263p-26;
    *angle = vd_floats(low, high);
    *quarter = (vu)V_EVENS((vu)k_low, (vu)k_high);
    if (v_bits(x >= 0x1p28f)) v_quarter_huge((const float *)&x, (float *)angle, (uint32_t *)quarter);
}
static inline v v_sin(v x) {
    v angle;
    vu quarter;
    v_quarter(v_abs(x), &angle, &quarter);
    return v_signed(v_sine(angle, quarter), x);
}
static inline v v_cos(v x) {
    v angle;
    vu quarter;
    v_quarter(v_abs(x), &angle, &quarter);
    return v_sine(angle, quarter + 1);
}
static inline v v_tan(v x) {
    v angle;
    vu quarter;
    v_quarter(v_abs(x), &angle, &quarter);
    return v_signed(v_sine(angle, quarter) / v_sine(angle, quarter + 1), x);
}

/* 2^(b log2(2^e m)) for half a vector, m in [sqrt 1/2, sqrt 2]: log2 m from (m - 1) / (m + 1) */
static inline vd vd_power(vd e, vd m, vd b) {
    vd s = (m - 1) / (m + 1), u = s * s;
    vd p = (((0x1.5ce857e73de8ap-2 * u + 0x1.a58d889965fc4p-2) * u + 0x1.27777fe8f161ap-1) * u + 0x1.ec709d12cec8ep-1) * u
           + 0x1.71547652bedf4p+1;
    vd y = b * (e + s * p);
    y = (vd)(((vd_bits)y & (vd_bits)(y > -200)) | ((vd_bits)((vd){0} - 200) & ~(vd_bits)(y > -200))); /* beyond any float */
    y = (vd)(((vd_bits)y & (vd_bits)(y < 200)) | ((vd_bits)((vd){0} + 200) & ~(vd_bits)(y < 200)));
    vd k = y + VD_ROUND, f = y - (k - VD_ROUND);
    vd q = (((((0x1.41d332d8541b6p-13 * f + 0x1.5f456a899fb78p-10) * f + 0x1.3b2dbbc1db64ep-7) * f + 0x1.c6aed4b953f5bp-5) * f
             + 0x1.ebfbdadcaf6e6p-3) * f + 0x1.62e430c7e9206p-1) * f + 0x1.0000000261502p+0;
    return (vd)((vd_bits)q + ((vd_bits)k << 52));
}
/* a^b as IEEE 754 has it: a^0 and 1^b are 1 even of NaN, a negative a takes integers only */
static inline v v_pow(v a, v b) {
    v size = v_abs(a), half = b * 0.5f;
    vi tiny = size < 0x1p-126f, whole = v_round(b) == b, odd = whole & (v_round(half) != half);
    v scaled = v_sel(tiny, size * 0x1p23f, size);
    vi exponent = v_log_exponent(scaled);
    v e = __builtin_convertvector((exponent >> 23) - (tiny & 23), v), m = (v)((vu)scaled - (vu)exponent);
    v y = vd_floats(vd_power(vd_low(e), vd_low(m), vd_low(b)), vd_power(vd_high(e), vd_high(m), vd_high(b)));
    y = v_sel((size == 0) | (size == INFINITY), v_sel((size == 0) ^ (b < 0), v_set(0), v_set(INFINITY)), y);
    y = (v)((vi)y ^ (odd & (vi)a & INT32_MIN));
    y = v_sel(((a < 0) & (size < INFINITY) & ~whole) | (a != a) | (b != b), v_set(NAN), y);
    return v_sel((b == 0) | (a == 1) | ((a == -1) & (v_abs(b) == INFINITY)), v_set(1), y);
}

#endif
