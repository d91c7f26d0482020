/*
 * y [outer, to, inner] from x [outer, from, inner]: one dimension with another number of places. Place o of y is a weighted sum
 * of places first .. last of x:
 *
 *   NEAREST   first = last = floor(o from / to)
 *   LINEAR    the two around (o + 1/2) from / to - 1/2, by their closeness
 *   CORNERS   the two around o (from - 1) / (to - 1)
 *   AREA      the average of floor(o from / to) to ceil((o + 1) from / to) - 1
 *
 * Several dimensions are resized one after the other. Both ends of the range grow with o, so that the gradient of a place of x
 * comes from a range of y.
 */
#include "loops.h"

struct sources {
    int64_t first, last;
    float weight[2]; /* of the first and of all others */
};

static struct sources resize_sources(int64_t kind, int64_t from, int64_t to, int64_t o) {
    if (kind == RESIZE_NEAREST) return (struct sources){o * from / to, o * from / to, {1, 1}};
    if (kind == RESIZE_AREA) {
        int64_t first = o * from / to, end = ((o + 1) * from + to - 1) / to;
        float part = 1 / (float)(end - first);
        return (struct sources){first, end - 1, {part, part}};
    }
    double at = kind == RESIZE_CORNERS ? to > 1 ? (double)(o * (from - 1)) / (double)(to - 1) : 0
                                       : ((double)(2 * o + 1) * (double)from / (double)to - 1) / 2;
    int64_t first = at > 0 ? (int64_t)at : 0;
    float second = at > 0 && first < from - 1 ? (float)(at - (double)first) : 0;
    return (struct sources){first, first + (second > 0), {1 - second, second}};
}

/* y (+)= weight x */
static void weighted_row(const float *x, float *y, int64_t n, float weight, int64_t add) {
    const v w = v_set(weight);
    if (add) MAP(y, n, 0, v_fma(v_get(x + i, m), w, v_get(y + i, m)));
    else if (weight == 1) copy_row(x, y, n);
    else MAP(y, n, 0, v_get(x + i, m) * w);
}

static void resize_part(void *at, int64_t part, int64_t parts) {
    const struct resize_args *a = at;
    int64_t row, end;
    fathom_range(a->outer * a->to, 1, part, parts, &row, &end);
    for (; row < end; row++) {
        struct sources s = resize_sources(a->kind, a->from, a->to, row % a->to);
        const float *x = a->x + row / a->to * a->from * a->inner;
        for (int64_t i = s.first; i <= s.last; i++)
            weighted_row(x + i * a->inner, a->y + row * a->inner, a->inner, s.weight[i > s.first], i > s.first);
    }
}

static int32_t k_resize(const struct resize_args *a, int64_t *detail) {
    (void)detail;
    if (a->inner == 0) return FATHOM_OK;
    int64_t rows = a->outer * a->to;
    fathom_parallel(resize_part, (void *)a, fathom_parts((double)(rows * a->inner) * 0.1 + (double)rows * 10, rows));
    return FATHOM_OK;
}

static void resize_grad_part(void *at, int64_t part, int64_t parts) {
    const struct resize_grad_args *a = at;
    int64_t row, end, o = 0;
    fathom_range(a->outer * a->from, 1, part, parts, &row, &end);
    for (; row < end; row++) {
        int64_t i = row % a->from, add = a->add;
        const float *dy = a->dy + row / a->from * a->to * a->inner;
        float *dx = a->dx + row * a->inner;
        if (i == 0) o = 0;
        while (o < a->to && resize_sources(a->kind, a->from, a->to, o).last < i) o++;
        for (int64_t k = o; k < a->to; k++) {
            struct sources s = resize_sources(a->kind, a->from, a->to, k);
            if (s.first > i) break;
            weighted_row(dy + k * a->inner, dx, a->inner, s.weight[i > s.first], add);
            add = 1;
        }
        if (!add) memset(dx, 0, (size_t)a->inner * sizeof(float)); /* no place of y reads it */
    }
}

static int32_t k_resize_grad(const struct resize_grad_args *a, int64_t *detail) {
    (void)detail;
    if (a->inner == 0) return FATHOM_OK;
    int64_t rows = a->outer * a->from;
    double floats = (double)(a->outer * a->inner) * (double)(a->from > a->to ? a->from : a->to);
    fathom_parallel(resize_grad_part, (void *)a, fathom_parts(floats * 0.1 + (double)rows * 10, rows));
    return FATHOM_OK;
}

EXPORT(resize)
EXPORT(resize_grad)
