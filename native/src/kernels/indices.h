/* Indices that come from outside: another thread may write them while a kernel runs, so every use checks the very value that it uses. */
#ifndef FATHOM_INDICES_H
#define FATHOM_INDICES_H

#include "internal.h"

static inline int32_t index_read(const int32_t *index, int64_t i) {
    return __atomic_load_n(index + i, __ATOMIC_RELAXED); /* atomic, so that the compiler reads it once */
}

/*
 * found if 0 <= found < bound, found + bound if low <= found < 0, where low is 0 or -bound; else 0, and detail becomes i, found, bound: the
 * check before has found that there are rows. Parts report at once: the first one stays.
 */
static inline int64_t index_within(int32_t found, int64_t i, int64_t low, int64_t bound, int64_t *detail) {
    if (found >= low && found < bound) return found < 0 ? found + bound : found;
    int64_t none = 0;
    if (__atomic_compare_exchange_n(&detail[2], &none, bound, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        detail[0] = i;
        detail[1] = found;
    }
    return 0;
}
static inline int64_t index_checked(int32_t found, int64_t i, int64_t bound, int64_t *detail) {
    return index_within(found, i, 0, bound, detail);
}
static inline int64_t index_at(const int32_t *index, int64_t i, int64_t bound, int64_t *detail) {
    return index_checked(index_read(index, i), i, bound, detail);
}

/* Whether index_at has reported nothing. */
static inline int indices_held(const int64_t *detail) { return detail[2] == 0; }

/* Whether low <= index[i] < bound for all i, before anything is written; else detail is the first that is not: i, index[i], bound. */
static inline int indices_within(const int32_t *index, int64_t n, int64_t low, int64_t bound, int64_t *detail) {
    int32_t outside = 0;
    const int32_t most = bound <= INT32_MAX ? (int32_t)bound : INT32_MAX; /* INT32_MAX rows and more: the last index may pass */
    const int32_t least = low >= INT32_MIN ? (int32_t)low : INT32_MIN;
    for (int64_t i = 0; i < n; i++) outside |= (index[i] < least) | (index[i] >= most);
    if (!outside) return 1;
    for (int64_t i = 0; i < n; i++) {
        const int32_t found = index_read(index, i);
        if (found >= low && found < bound) continue;
        detail[0] = i;
        detail[1] = found;
        detail[2] = bound;
        return 0;
    }
    return 1;
}

static inline int indices_below(const int32_t *index, int64_t n, int64_t bound, int64_t *detail) {
    return indices_within(index, n, 0, bound, detail);
}

/* indices_below, of the places where the rows of a batch begin, if there are any */
static inline int places_below(const int32_t *places, int64_t n, int64_t bound, int64_t *detail) {
    return !places || indices_below(places, n, bound, detail);
}

/* lengths[i] within 0 .. most, or most where there are no lengths */
static inline int64_t length_at(const int32_t *lengths, int64_t i, int64_t most) {
    const int64_t found = lengths ? index_read(lengths, i) : most;
    return found < 0 ? 0 : found < most ? found : most;
}

/* Whether 0 <= lengths[i] <= most for all i; else detail is the first that is not: i, lengths[i], most. */
static inline int lengths_within(const int32_t *lengths, int64_t n, int64_t most, int64_t *detail) {
    for (int64_t i = 0; lengths && i < n; i++) {
        const int32_t found = index_read(lengths, i);
        if (found >= 0 && found <= most) continue;
        detail[0] = i;
        detail[1] = found;
        detail[2] = most;
        return 0;
    }
    return 1;
}

/* indices_within for the first lengths[i] of each row of index[rows][most], of which those that are `padding` are no indices. */
static inline int bags_within(const int32_t *index, const int32_t *lengths, int64_t rows, int64_t most, int64_t padding, int64_t low,
                              int64_t bound, int64_t *detail) {
    if (!lengths && padding == NO_PADDING) return indices_within(index, rows * most, low, bound, detail);
    for (int64_t i = 0; i < rows; i++) {
        const int64_t n = length_at(lengths, i, most);
        for (int64_t k = i * most; k < i * most + n; k++) {
            const int32_t found = index_read(index, k);
            if (found == padding || (found >= low && found < bound)) continue;
            detail[0] = k;
            detail[1] = found;
            detail[2] = bound;
            return 0;
        }
    }
    return 1;
}

/* The context of a region whose parts read indices. */
struct indexed {
    const void *args;
    int64_t *detail;
};

#endif
