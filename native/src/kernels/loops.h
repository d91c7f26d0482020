/* Loops over vectors and threads, which the kernels share. */
#ifndef FATHOM_LOOPS_H
#define FATHOM_LOOPS_H

#include "isa.h"
#include "machine.h"
#include "vec.h"

/* body for every i by VL and the m = VL floats from there, then for the rest with m < VL */
#define EACH_VECTOR(n, ...)                                                                                                      \
    do {                                                                                                                         \
        int64_t i = 0;                                                                                                           \
        for (; i + VL <= (n); i += VL) {                                                                                         \
            enum { m = VL };                                                                                                     \
            __VA_ARGS__                                                                                                          \
        }                                                                                                                        \
        if (i < (n)) {                                                                                                           \
            int64_t m = (n) - i;                                                                                                 \
            __VA_ARGS__                                                                                                          \
        }                                                                                                                        \
    } while (0)

/*
 * y[i .. i + m) = value, an expression of i and m, for every i by VL: m is VL, at the end what is left. Four vectors are computed
 * before the first is stored: a load waits for an earlier store whose address has the same low 12 bits. What is about to be written
 * and lies beyond L2 is asked for: on Zen 3 an addition in L3 takes 4 % less on one thread, 11 % on two. With AVX-512, ReLU on Zen 4 takes
 * 20 to 30 % more with it.
 */
enum { WRITE_AHEAD = 512 };
#define MAP(y, n, stream, ...)                                                                                                   \
    do {                                                                                                                         \
        const int ahead_ = VL == 8 && (n) >= l2_floats(4) && !(stream);                                                          \
        int64_t from_ = 0;                                                                                                       \
        for (; from_ + 4 * VL <= (n); from_ += 4 * VL) {                                                                         \
            if (ahead_)                                                                                                          \
                for (int j_ = 0; j_ < 4 * VL; j_ += 16) __builtin_prefetch((y) + from_ + WRITE_AHEAD + j_, 1);                   \
            v r_[4];                                                                                                             \
            _Pragma("GCC unroll 4") for (int j_ = 0; j_ < 4; j_++) {                                                             \
                const int64_t i = from_ + j_ * VL, m = VL;                                                                       \
                r_[j_] = ((void)i, (void)m, __VA_ARGS__);                                                                        \
            }                                                                                                                    \
            _Pragma("GCC unroll 4") for (int j_ = 0; j_ < 4; j_++) {                                                             \
                if (stream) v_stream((y) + from_ + j_ * VL, r_[j_]);                                                             \
                else v_store((y) + from_ + j_ * VL, r_[j_]);                                                                     \
            }                                                                                                                    \
        }                                                                                                                        \
        for (int64_t i = from_; i < (n); i += VL) {                                                                              \
            const int64_t m = (n) - i < VL ? (n) - i : VL;                                                                       \
            v_put((y) + i, (__VA_ARGS__), m);                                                                                    \
        }                                                                                                                        \
    } while (0)

/* fn over n items of about `nanos` each, cut at whole pages of floats */
enum { ELEMENT_GRAIN = 1024 };
static inline void each_part(part_fn fn, const void *a, int64_t n, double nanos) {
    if (n > 0) fathom_parallel(fn, (void *)a, fathom_parts((double)n * nanos, (n + ELEMENT_GRAIN - 1) / ELEMENT_GRAIN));
}
/* what an item costs one thread, in nanoseconds: memory, or a function of moderate length */
#define MEMORY_NANOS 0.06
#define FUNCTION_NANOS 0.15

/*
 * A result beyond the last-level cache goes past it: its lines are not read before they are overwritten, which is a third of
 * the traffic of an addition. Worth 1.5 to 2 times on 16M floats.
 */
static inline int beyond_caches(int64_t n) { return n >= machine.l3 / 4; }
static inline int streams(const float *y, int64_t n) { return beyond_caches(n) && (uintptr_t)y % sizeof(v) == 0; }

/* value, or y + value where it is added to what is there; n <= VL lanes */
static inline v plus(v value, const float *y, int64_t n, int64_t add) { return add ? v_get(y, n) + value : value; }
/* y (+)= value */
static inline void give(float *y, v value, int64_t add, int64_t n) { v_put(y, plus(value, y, n, add), n); }

static inline int64_t dims_count(const int64_t *dims) {
    int64_t count = 1;
    for (int d = 0; d < 6; d++) count *= dims[d];
    return count;
}

/* Few words: no call. A row that fills whole pages is memcpy's. */
enum { SHORT_ROW = 256 };
INLINE void copy_row(const float *x, float *y, int64_t n) {
    if (n > SHORT_ROW) memcpy(y, x, (size_t)n * 4);
    else MAP(y, n, 0, v_get(x + i, m));
}
/* n elements of `width` bytes, 1, 2 or 4 */
INLINE void copy_elements(const uint8_t *x, uint8_t *y, int64_t n, int64_t width) {
    if (width == 4) copy_row((const float *)x, (float *)y, n);
    else memcpy(y, x, (size_t)(n * width));
}

#endif
