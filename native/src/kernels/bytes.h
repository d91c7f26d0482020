/* Numbers of 8 and 16 bits as vectors of wider ones. */
#ifndef FATHOM_BYTES_H
#define FATHOM_BYTES_H

#include "vec.h"

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
#elif defined(__aarch64__)
    uint32_t four;
    memcpy(&four, p, 4);
    return (vi)vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)))));
#else
    typedef uint8_t v_bytes_mem __attribute__((vector_size(VL), aligned(1), may_alias));
    return __builtin_convertvector(*(const v_bytes_mem *)p, vi);
#endif
}

static inline vi bytes_get(const uint8_t *p, int64_t n) {
    if (n == VL) return bytes_load(p);
    uint8_t last[VL] = {0};
    memcpy(last, p, (size_t)n);
    return bytes_load(last);
}

typedef uint8_t v_bytes __attribute__((vector_size(VL)));
typedef uint16_t v_shorts __attribute__((vector_size(2 * VL)));

/* the lower bits of each lane, where gcc 12 would move the lanes one by one */
#if defined(__AVX512F__)
static inline v_shorts v_low16(vu x) { return (v_shorts)_mm512_cvtepi32_epi16((__m512i)x); }
static inline v_bytes v_low8(vu x) { return (v_bytes)_mm512_cvtepi32_epi8((__m512i)x); }
#else
static inline v_shorts v_low16(vu x) { return __builtin_convertvector(x, v_shorts); }
#if defined(__AVX2__)
static inline v_bytes v_low8(vu x) {
    const __m128i shorts = (__m128i)v_low16(x & 0xff);
    return (v_bytes)_mm_cvtsi128_si64(_mm_packus_epi16(shorts, shorts));
}
#elif defined(__aarch64__)
static inline v_bytes v_low8(vu x) {
    uint16x4_t shorts = vmovn_u32((uint32x4_t)x);
    uint32_t four = vget_lane_u32(vreinterpret_u32_u8(vmovn_u16(vcombine_u16(shorts, shorts))), 0);
    v_bytes bytes;
    memcpy(&bytes, &four, 4);
    return bytes;
}
#else
static inline v_bytes v_low8(vu x) { return __builtin_convertvector(x, v_bytes); }
#endif
#endif

/* VL bytes with a sign, widened */
static inline vi signed_load(const int8_t *p) {
#if defined(__AVX512F__)
    return (vi)_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p));
#elif defined(__AVX2__)
    return (vi)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p));
#else
    return (vi)((vu)bytes_load((const uint8_t *)p) << 24) >> 24;
#endif
}

static inline vi signed_get(const uint8_t *p, int64_t n) {
    if (n == VL) return signed_load((const int8_t *)p);
    int8_t last[VL] = {0};
    memcpy(last, p, (size_t)n);
    return signed_load(last);
}

#if defined(__AVX2__)
/*
 * sum += the products of the four bytes of each word of one vector, which are unsigned, and of the other, which are signed. Without VNNI,
 * each of the two halves of a word must have a sum that int16 holds. A unit whose target has VNNI says so by MULTIPLIES_BYTES: a compiler that
 * preprocesses apart (ccache, distcc) need not define the macro of a target that a pragma asks for.
 */
INLINE vi add_byte_products(vi sum, vi positive, vi other) {
#if VL == 16 && defined(MULTIPLIES_BYTES)
    return (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)positive, (__m512i)other);
#elif VL == 16
    return sum + (vi)_mm512_madd_epi16(_mm512_maddubs_epi16((__m512i)positive, (__m512i)other), _mm512_set1_epi16(1));
#elif defined(MULTIPLIES_BYTES)
    return (vi)_mm256_dpbusd_avx_epi32((__m256i)sum, (__m256i)positive, (__m256i)other);
#else
    return sum + (vi)_mm256_madd_epi16(_mm256_maddubs_epi16((__m256i)positive, (__m256i)other), _mm256_set1_epi16(1));
#endif
}
#endif

static inline v_shorts shorts_get(const uint8_t *p, int64_t m) {
    v_shorts x = {0};
    memcpy(&x, p, (size_t)m * 2);
    return x;
}

/* bf16: the nearest ones, in the lower halves; the first (0) or second of two that share a word, as floats */
static inline vu bfloat_bits(v x) {
    const vu bits = (vu)x, nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (vu)v_sel(x == x, (v)nearest, (v)(bits >> 16 | 0x40));
}
INLINE v bfloat_of_pair(vu words, int second) { return (v)(second ? words & 0xffff0000 : words << 16); }
static inline v bfloats_widen(v_shorts x) { return bfloat_of_pair(__builtin_convertvector(x, vu), 0); }

#endif
