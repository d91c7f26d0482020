/* Indices that come from outside: another thread may write them while a kernel runs, so every use checks the very value that it uses. */
#ifndef FATHOM_INDICES_H
#define FATHOM_INDICES_H

#include "internal.h"

/*
 * index[i] if 0 <= index[i] < bound; else 0, which indices_below has found to be a valid index, and detail becomes i, index[i],
 * bound. Parts report at once: the first one stays.
 */
static inline int64_t index_at(const int32_t *index, int64_t i, int64_t bound, int64_t *detail) {
    const int32_t found = __atomic_load_n(index + i, __ATOMIC_RELAXED); /* atomic, so that the compiler reads it once */
    if (found >= 0 && found < bound) return found;
    int64_t none = 0;
    if (__atomic_compare_exchange_n(&detail[2], &none, bound, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        detail[0] = i;
        detail[1] = found;
    }
    return 0;
}

/* Whether index_at has reported nothing. */
static inline int indices_held(const int64_t *detail) { return detail[2] == 0; }

/* Whether 0 <= index[i] < bound for all i, before anything is written; else detail is the first that is not: i, index[i], bound. */
static inline int indices_below(const int32_t *index, int64_t n, int64_t bound, int64_t *detail) {
    int32_t outside = 0;
    const int32_t most = bound <= INT32_MAX ? (int32_t)bound : INT32_MAX; /* INT32_MAX rows and more: the last index may pass */
    for (int64_t i = 0; i < n; i++) outside |= (index[i] < 0) | (index[i] >= most);
    if (!outside) return 1;
    for (int64_t i = 0; i < n; i++) {
        const int32_t found = __atomic_load_n(index + i, __ATOMIC_RELAXED);
        if (found >= 0 && found < bound) continue;
        detail[0] = i;
        detail[1] = found;
        detail[2] = bound;
        return 0;
    }
    return 1;
}

/* The context of a region whose parts read indices. */
struct indexed {
    const void *args;
    int64_t *detail;
};

#endif
