/* Lengths that a call reads from a tensor. */
#ifndef FATHOM_LENGTHS_H
#define FATHOM_LENGTHS_H

#include "internal.h"

/* whether lengths[n] (or 0) are all in 0 .. most */
static inline int32_t check_lengths(const int32_t *lengths, int64_t n, int64_t most, int64_t *detail) {
    for (int64_t b = 0; lengths && b < n; b++)
        if (lengths[b] < 0 || lengths[b] > most) {
            detail[0] = b, detail[1] = lengths[b], detail[2] = most;
            return FATHOM_BAD_LENGTH;
        }
    return FATHOM_OK;
}

#endif
