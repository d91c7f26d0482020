/*
 * Values joined to the places of a dimension that an index names, element by element or as rows that share a number, and read from
 * there. Other dimensions of x, index and y run along; what meets at one place meets in the order of the index.
 */
#include "broadcast.h"
#include "indices.h"

/*
 * A part owns positions of the other dimensions; where these are few it owns places of the dimension itself, and reads the whole
 * index. No two parts write one place.
 */
struct scatter_places {
    const struct scatter_args *a;
    int64_t *detail;
    int64_t dims[6], sx[6]; /* those of x, where the dimension itself counts as 1 */
    int by_places;
};

#define JOIN_FLOATS(f)                                                                                                           \
    EACH_VECTOR(n, {                                                                                                             \
        const v a = v_get(y + i, m), b = v_get(x + i, m);                                                                        \
        v_put(y + i, f, m);                                                                                                      \
    })
#define JOIN_INTEGERS(f)                                                                                                         \
    EACH_VECTOR(n, {                                                                                                             \
        const vi a = (vi)v_get(y + i, m), b = (vi)v_get(x + i, m);                                                               \
        v_put(y + i, (v)(f), m);                                                                                                 \
    })

static void join_row(int64_t kind, int64_t integers, float *x, float *y, int64_t n) {
    switch (kind) {
    case JOIN_SET: copy_row(x, y, n); break;
    case JOIN_READ: copy_row(y, x, n); break;
    case JOIN_TAKE:
        copy_row(y, x, n);
        memset(y, 0, (size_t)n * sizeof(float));
        break;
    case JOIN_ADD:
        if (integers) JOIN_INTEGERS((vu)a + (vu)b);
        else JOIN_FLOATS(a + b);
        break;
    case JOIN_MUL:
        if (integers) JOIN_INTEGERS((vu)a * (vu)b);
        else JOIN_FLOATS(a * b);
        break;
    case JOIN_MAX:
        if (integers) JOIN_INTEGERS(v_sel(a > b, (v)a, (v)b));
        else JOIN_FLOATS(v_sel((a > b) | (a != a), a, b));
        break;
    default:
        if (integers) JOIN_INTEGERS(v_sel(a < b, (v)a, (v)b));
        else JOIN_FLOATS(v_sel((a < b) | (a != a), a, b));
    }
}

static void scatter_places(void *context, int64_t part, int64_t parts) {
    const struct scatter_places *c = context;
    const struct scatter_args *a = c->a;
    const int64_t *strides[] = {c->sx, a->si, a->sy}, line = a->dims[a->axis];
    int64_t from = 0, to = dims_count(c->dims), first = 0, end = a->bound;
    if (c->by_places) fathom_range(a->bound, 1, part, parts, &first, &end);
    else fathom_range(to, 16, part, parts, &from, &to);
    for (struct runs r = runs_between(from, to, c->dims, strides, 3); r.place < to; runs_next(&r)) {
        const int64_t shared = a->si[5] == 0 || r.length == 1; /* a row has one number */
        for (int64_t j = 0; j < line; j++) {
            const int64_t i = a->kind == JOIN_TAKE ? line - 1 - j : j;
            float *x = a->x + r.at[0] + i * c->sx[a->axis];
            for (int64_t e = 0; e < (shared ? 1 : r.length); e++) {
                const int64_t at = r.at[1] + i * a->si[a->axis] + e * a->si[5];
                const int64_t place = index_within(index_read(a->index, at), at, -a->bound, a->bound, c->detail);
                if (place < first || place >= end) continue;
                float *y = a->y + r.at[2] + e * a->sy[5] + place * a->step;
                join_row(a->kind, a->integers, x + e * c->sx[5], y, shared ? r.length : 1);
            }
        }
    }
}

static int32_t k_scatter(const struct scatter_args *a, int64_t *detail) {
    struct scatter_places c = {.a = a, .detail = detail};
    int64_t numbers = 1, run = 1;
    for (int d = 5; d >= 0; d--) {
        c.dims[d] = d == a->axis ? 1 : a->dims[d];
        c.sx[d] = run;
        run *= a->dims[d];
        if (a->si[d]) numbers *= a->dims[d];
    }
    if (run == 0) return FATHOM_OK;
    if (!indices_within(a->index, numbers, -a->bound, a->bound, detail)) return FATHOM_BAD_INDEX;
    const int64_t positions = dims_count(c.dims), most = positions > a->bound ? positions : a->bound;
    int64_t parts = fathom_parts((double)run * 0.1 + (double)numbers * 3, most);
    c.by_places = positions < 16 * parts && parts <= a->bound;
    fathom_parallel(scatter_places, &c, parts);
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_INDEX;
}

EXPORT(scatter)
