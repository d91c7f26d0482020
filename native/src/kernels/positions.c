/* What depends on the place of a token: rotary positions (Su et al. 2021), and rows that are put behind those of a cache. */
#include "indices.h"
#include "loops.h"

/* ---- rotary ---- */

/* lanes (0, 0, 1, 1, ..) of the first half, and each lane's neighbor in its pair */
#if VL == 16
#define TWICE 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7
#define NEIGHBOR 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14
#elif VL == 8
#define TWICE 0, 0, 1, 1, 2, 2, 3, 3
#define NEIGHBOR 1, 0, 3, 2, 5, 4, 7, 6
#else
#define TWICE 0, 0, 1, 1
#define NEIGHBOR 1, 0, 3, 2
#endif

/* one head of one token; `turn` is 1, or -1 for the way back */
INLINE void turn_halves(const float *x, const float *cosine, const float *sine, float *y, int64_t half, float turn, int64_t add) {
    EACH_VECTOR(half, {
        v a = v_get(x + i, m), b = v_get(x + half + i, m), c = v_get(cosine + i, m), s = v_get(sine + i, m) * turn;
        give(y + i, v_fnma(b, s, a * c), add, m);
        give(y + half + i, v_fma(a, s, b * c), add, m);
    });
}

INLINE void turn_pairs(const float *x, const float *cosine, const float *sine, float *y, int64_t half, float turn, int64_t add) {
    const v sign = v_sel((V_LANE & 1) == 1, v_set(turn), v_set(-turn));
    EACH_VECTOR(2 * half, {
        v at = v_get(x + i, m), c = v_load_n(cosine + i / 2, m / 2), s = v_load_n(sine + i / 2, m / 2);
        c = __builtin_shufflevector(c, c, TWICE);
        s = __builtin_shufflevector(s, s, TWICE) * sign;
        give(y + i, v_fma(__builtin_shufflevector(at, at, NEIGHBOR), s, at * c), add, m);
    });
}

static void copy_head(const float *x, float *y, int64_t n, int64_t add) {
    EACH_VECTOR(n, give(y + i, v_get(x + i, m), add, m););
}

static void rotary_part(void *context, int64_t part, int64_t parts) {
    const struct rotary_args *a = context;
    int64_t from, to, half = a->r / 2;
    fathom_range(a->n * a->l, 1, part, parts, &from, &to);
    for (int64_t token = from; token < to; token++) {
        int64_t b = token / a->l, position = (a->past ? length_at(a->past, b, a->positions - a->l) : 0) + token % a->l;
        const float *cosine = a->table + position * a->r, *x = a->x + token * a->heads * a->d, turn = a->back ? -1 : 1;
        float *y = a->y + token * a->heads * a->d;
        for (int64_t h = 0; h < a->turned; h++, x += a->d, y += a->d) {
            if (a->beside) turn_pairs(x, cosine, cosine + half, y, half, turn, a->add);
            else turn_halves(x, cosine, cosine + half, y, half, turn, a->add);
            copy_head(x + a->r, y + a->r, a->d - a->r, a->add);
        }
        copy_head(x, y, (a->heads - a->turned) * a->d, a->add);
    }
}

static int32_t k_rotary(const struct rotary_args *a, int64_t *detail) {
    if (!places_below(a->past, a->n, a->positions - a->l + 1, detail)) return FATHOM_BAD_INDEX;
    int64_t tokens = a->n * a->l;
    if (tokens == 0) return FATHOM_OK;
    fathom_parallel(rotary_part, (void *)a, fathom_parts((double)(tokens * a->heads * a->d) * 0.1, tokens));
    return FATHOM_OK;
}

/* ---- put_rows ---- */

static void put_rows_part(void *context, int64_t part, int64_t parts) {
    const struct put_rows_args *a = context;
    int64_t from, to, added = a->rows * a->cols, size = a->to * a->cols;
    fathom_range(a->n, 1, part, parts, &from, &to);
    for (int64_t b = from; b < to; b++) {
        int64_t first = length_at(a->past, b, a->to - a->rows) * a->cols, last = first + added;
        const float *x = a->x + b * size;
        float *y = a->y + b * size;
        if (x != y) {
            copy_row(x, y, first);
            copy_row(x + last, y + last, size - last);
        }
        copy_row(a->added + b * added, y + first, added);
    }
}

static int32_t k_put_rows(const struct put_rows_args *a, int64_t *detail) {
    if (!places_below(a->past, a->n, a->to - a->rows + 1, detail)) return FATHOM_BAD_INDEX;
    int64_t moved = a->n * a->cols * (a->x == a->y ? a->rows : a->to);
    if (moved == 0) return FATHOM_OK;
    fathom_parallel(put_rows_part, (void *)a, fathom_parts((double)moved * 2 * MEMORY_NANOS, a->n));
    return FATHOM_OK;
}

EXPORT(rotary)
EXPORT(put_rows)
