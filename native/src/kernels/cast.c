/*
 * Conversions between the types of elements: each is read as a vector of floats or of int32, which become one another, and is written
 * from there. A float becomes the integer toward 0, NaN 0; integers saturate; F16 and BF16 are rounded to nearest even, and what is
 * too large for them becomes infinite.
 */
#include "bytes.h"
#include "loops.h"

/* toward 0, saturating, NaN to 0 */
static inline vi v_ints(v x) {
    v inside = v_max(v_set(-0x1p31f), v_min(v_set(0x1.fffffep30f), v_sel(x == x, x, v_set(0))));
    return (vi)v_sel(x >= 0x1p31f, (v)vi_set(INT32_MAX), (v)__builtin_convertvector(inside, vi));
}

/* the integers x, saturated, as m bytes */
static inline void bytes_put(uint8_t *p, vi x, int32_t low, int32_t high, int64_t m) {
    const v above = v_sel(x < low, (v)vi_set(low), (v)x);
    const v_bytes bytes = v_low8((vu)v_sel(x > high, (v)vi_set(high), above));
    memcpy(p, &bytes, (size_t)m);
}

/* ---- 16 bits ---- */

static inline void shorts_put(uint8_t *p, v_shorts x, int64_t m) { memcpy(p, &x, (size_t)m * 2); }

/* F16; NaN keeps its sign and its upper bits, and is quiet */
#if defined(__AVX512F__)
static inline v halves_widen(v_shorts x) { return (v)_mm512_cvtph_ps((__m256i)x); }
static inline v_shorts halves_narrow(v x) { return (v_shorts)_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT); }
#elif defined(__F16C__)
static inline v halves_widen(v_shorts x) { return (v)_mm256_cvtph_ps((__m128i)x); }
static inline v_shorts halves_narrow(v x) { return (v_shorts)_mm256_cvtps_ph((__m256)x, _MM_FROUND_TO_NEAREST_INT); }
#elif defined(__aarch64__)
static inline v halves_widen(v_shorts x) {
    float32x4_t y = vcvt_f32_f16((float16x4_t)x);
    __asm__("" : "+w"(y)); /* or gcc takes narrowing after widening for nothing, and a signaling NaN stays one */
    return (v)y;
}
static inline v_shorts halves_narrow(v x) { return (v_shorts)vcvt_f16_f32((float32x4_t)x); }
#else
static inline v halves_widen(v_shorts x) {
    const vu bits = __builtin_convertvector(x, vu);
    const vi rest = (vi)(bits & 0x7fff);
    const v small = __builtin_convertvector(rest, v) * 0x1p-24f;
    const v usual = (v)((rest << 13) + (112 << 23));
    const v special = (v)(rest << 13 | 0x7f800000 | ((rest > 0x7c00) & 0x400000));
    return (v)((vu)v_sel(rest < 0x400, small, v_sel(rest < 0x7c00, usual, special)) | (bits & 0x8000) << 16);
}
static inline v_shorts halves_narrow(v x) {
    const vu bits = (vu)x;
    const vi rest = (vi)(bits & 0x7fffffff);
    const vi small = (vi)((v)rest + 0.5f) - 0x3f000000; /* from 1/2 on, floats lie 2^-24 apart as small F16 do */
    const vu usual = (((vu)rest + 0xfff + ((vu)rest >> 13 & 1)) >> 13) - (112 << 10);
    const v special = v_sel(rest > 0x7f800000, (v)((rest >> 13 & 0x3ff) | 0x7e00), (v)vi_set(0x7c00));
    const v finite = v_sel(rest < 0x38800000, (v)small, (v)usual);
    return v_low16((vu)v_sel(rest < 0x47800000, finite, special) | (bits >> 16 & 0x8000));
}
#endif

/* ---- all types ---- */

/* a constant wherever the type is */
#define WIDTH(type) ((type) == ELEMENT_F32 || (type) == ELEMENT_I32 ? 4 : (type) == ELEMENT_U8 || (type) == ELEMENT_I8 ? 1 : 2)
#define WHOLE(type) ((type) == ELEMENT_I32 || (type) == ELEMENT_U8 || (type) == ELEMENT_I8)

/* m elements as floats, or as int32 in their lanes where they are whole numbers */
INLINE v elements_get(int type, const uint8_t *p, int64_t m) {
    switch (type) {
    case ELEMENT_U8: return (v)bytes_get(p, m);
    case ELEMENT_I8: return (v)signed_get(p, m);
    case ELEMENT_F16: return halves_widen(shorts_get(p, m));
    case ELEMENT_BF16: return bfloats_widen(shorts_get(p, m));
    default: return v_get((const float *)p, m);
    }
}
INLINE void elements_put(int type, uint8_t *p, v x, int64_t m) {
    switch (type) {
    case ELEMENT_U8: bytes_put(p, (vi)x, 0, 255, m); break;
    case ELEMENT_I8: bytes_put(p, (vi)x, -128, 127, m); break;
    case ELEMENT_F16: shorts_put(p, halves_narrow(x), m); break;
    case ELEMENT_BF16: shorts_put(p, v_low16(bfloat_bits(x)), m); break;
    default: v_put((float *)p, x, m);
    }
}

INLINE void cast_run(int from, int to, const uint8_t *x, uint8_t *y, int64_t n) {
#define CONVERTED(x) (WHOLE(from) == WHOLE(to) ? (x) : WHOLE(to) ? (v)v_ints(x) : __builtin_convertvector((vi)(x), v))
    if (WIDTH(to) == 4) MAP((float *)y, n, 0, CONVERTED(elements_get(from, x + i * WIDTH(from), m)));
    else EACH_VECTOR(n, elements_put(to, y + i * WIDTH(to), CONVERTED(elements_get(from, x + i * WIDTH(from), m)), m););
#undef CONVERTED
}

/* a loop of its own for each pair of types */
INLINE void cast_from(int from, int64_t to, const uint8_t *x, uint8_t *y, int64_t n) {
    switch (to) {
    case ELEMENT_F32: cast_run(from, ELEMENT_F32, x, y, n); break;
    case ELEMENT_I32: cast_run(from, ELEMENT_I32, x, y, n); break;
    case ELEMENT_U8: cast_run(from, ELEMENT_U8, x, y, n); break;
    case ELEMENT_I8: cast_run(from, ELEMENT_I8, x, y, n); break;
    case ELEMENT_F16: cast_run(from, ELEMENT_F16, x, y, n); break;
    default: cast_run(from, ELEMENT_BF16, x, y, n);
    }
}

static void cast_part(void *context, int64_t part, int64_t parts) {
    const struct cast_args *a = context;
    int64_t begin, end;
    fathom_range(a->n, ELEMENT_GRAIN, part, parts, &begin, &end);
    const uint8_t *x = a->x + begin * WIDTH(a->from);
    uint8_t *y = a->y + begin * WIDTH(a->to);
    switch (a->from) {
    case ELEMENT_F32: cast_from(ELEMENT_F32, a->to, x, y, end - begin); break;
    case ELEMENT_I32: cast_from(ELEMENT_I32, a->to, x, y, end - begin); break;
    case ELEMENT_U8: cast_from(ELEMENT_U8, a->to, x, y, end - begin); break;
    case ELEMENT_I8: cast_from(ELEMENT_I8, a->to, x, y, end - begin); break;
    case ELEMENT_F16: cast_from(ELEMENT_F16, a->to, x, y, end - begin); break;
    default: cast_from(ELEMENT_BF16, a->to, x, y, end - begin);
    }
}

static int32_t k_cast(const struct cast_args *a, int64_t *detail) {
    (void)detail;
    each_part(cast_part, a, a->n, MEMORY_NANOS);
    return FATHOM_OK;
}

EXPORT(cast)
