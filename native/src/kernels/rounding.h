/* Floats rounded to int8 with a scale of their own. */
#ifndef FATHOM_ROUNDING_H
#define FATHOM_ROUNDING_H

#include "bytes.h"
#include "loops.h"
#include "sizes.h"

static inline vi larger(vi a, vi b) { return (vi)v_sel(a > b, (v)a, (v)b); }

/* The largest |x|, as the bits of a float, of which NaN has the largest; with a sign where any x is negative. */
static inline int32_t largest_bits(const float *x, int64_t n) {
    enum { CHAINS = 4 };
    vi most[CHAINS] = {{0}}, below[CHAINS] = {{0}};
    int64_t i = 0;
    for (; i + CHAINS * VL <= n; i += CHAINS * VL)
        UNROLLED for (int j = 0; j < CHAINS; j++) {
            const v one = v_load(x + i + j * VL);
            most[j] = larger(most[j], (vi)v_abs(one)), below[j] |= one < 0;
        }
    for (; i < n; i += VL) {
        const v one = v_get(x + i, least(n - i, VL));
        most[0] = larger(most[0], (vi)v_abs(one)), below[0] |= one < 0;
    }
    most[0] = larger(larger(most[0], most[1]), larger(most[2], most[3]));
    int32_t bits = 0;
    for (int j = 0; j < VL; j++) bits = most[0][j] > bits ? most[0][j] : bits;
    return v_bits(below[0] | below[1] | below[2] | below[3]) ? bits | INT32_MIN : bits;
}

/* q = round(x unit), and x is about q scale */
struct rounding {
    float scale, unit;
};
static inline struct rounding rounding_of(int32_t largest) {
    float most;
    memcpy(&most, &largest, 4);
    most = fabsf(most);
    if (!(most < INFINITY)) return (struct rounding){NAN, 0};
    if (most < 0x1p-119f) return (struct rounding){0, 0};
    return (struct rounding){most / 127, 127 / most};
}

/* the nearest integer to -127 .. 127 */
static inline int8_t rounded(float x) {
    uint32_t bits;
    x += V_ROUND;
    memcpy(&bits, &x, 4);
    return (int8_t)(uint8_t)bits;
}

/* x[n] to elements of so many bytes, which hold `zero` for 0: it is added where they have one byte */
INLINE void round_to(int bytes, int32_t zero, const float *x, struct rounding r, uint8_t *to, int64_t n) {
    if (r.unit == 0) {
        memset(to, zero, (size_t)(n * bytes));
        return;
    }
    const v unit = v_set(r.unit);
    EACH_VECTOR(n, {
        const vu q = (vu)(v_get(x + i, m) * unit + V_ROUND); /* in the low bits */
        const v_bytes one = v_low8(q + (uint32_t)zero);
        const v_shorts two = v_low16(q);
        memcpy(to + i * bytes, bytes == 1 ? (const void *)&one : &two, (size_t)(m * bytes));
    });
}

#endif
