/* Lengths and places that a call reads from a tensor, one for each row of a batch. What uses one later reads it by length_at (indices.h). */
#ifndef FATHOM_LENGTHS_H
#define FATHOM_LENGTHS_H

#include "indices.h"

/* the first row of x[n] outside 0 .. most, or n; x may be 0 */
static inline int64_t first_outside(const int32_t *x, int64_t n, int64_t most) {
    for (int64_t b = 0; x && b < n; b++) {
        int32_t found = index_read(x, b);
        if (found < 0 || found > most) return b;
    }
    return n;
}

static inline int32_t check_lengths(const int32_t *lengths, int64_t n, int64_t most, int64_t *detail) {
    int64_t b = first_outside(lengths, n, most);
    if (b == n) return FATHOM_OK;
    detail[0] = b, detail[1] = lengths[b], detail[2] = most;
    return FATHOM_BAD_LENGTH;
}

/* where `rows` of `room` rows begin */
static inline int32_t check_places(const int32_t *places, int64_t n, int64_t rows, int64_t room, int64_t *detail) {
    int64_t b = first_outside(places, n, room - rows);
    if (b == n) return FATHOM_OK;
    detail[0] = b, detail[1] = places[b], detail[2] = room - rows + 1;
    return FATHOM_BAD_INDEX;
}

#endif
