/*
 * y[outer][inner] = a reduction over r of x[outer][r][inner], the gradients, and the count of non-finite values.
 *
 *               joined by   term              result of the joined s      dx = dy *
 *   SUM         +           x                 s / divisor                 1 / divisor
 *   MAX         max         x                 s                           1 for the first x that is y, else 0
 *   MIN         max         -x                -s                          the same
 *   PROD        x           x                 s                           the product of the others
 *   NORM1       +           |x|               s                           sign x
 *   NORM        +           x^2               sqrt s                      x / y, 0 where y = 0
 *   VARIANCE    +           (x - shift)^2     s / divisor                 2 (x - shift) / divisor
 *   LOGSUMEXP   +           exp(x - shift)    shift + log s               exp(x - y)
 *
 * The shift of a variance is the mean, that of log-sum-exp the maximum; both come from a reduction before.
 *
 * The bits depend on the shape alone. Along contiguous values a sum runs in 4 x 16 virtual lanes; down columns it adds up groups
 * of 16 rows, each in order; few columns (inner < 16) give 16 rows to 16 virtual lanes. Long sums are cut into 16 blocks of rows,
 * whose sums meet in a tree: blocks also let threads share one sum.
 */
#include "rows.h"

enum { NARROW = 16 };

INLINE v v_result(int64_t kind, v s, v shift, v divisor) {
    switch (kind) {
    case REDUCE_MIN: return -s;
    case REDUCE_NORM: return v_sqrt(s);
    case REDUCE_LOGSUMEXP: return shift + v_log(s);
    default: return s / divisor;
    }
}

/* KIND(kind) for every kind but argmax, which joins nothing */
#define EACH_KIND(KIND)                                                                                                          \
    KIND(REDUCE_SUM) KIND(REDUCE_PROD)                                                                                           \
    KIND(REDUCE_MAX) KIND(REDUCE_MIN) KIND(REDUCE_NORM1) KIND(REDUCE_NORM) KIND(REDUCE_VARIANCE) KIND(REDUCE_LOGSUMEXP)

/* ---- blocks of rows: out[n] from x[rows][inner], n <= STRIP of the inner columns ---- */

/* Down whole vectors of columns, 16 rows at a time: whole lines of the strip are read before the next rows. */
INLINE void wide_group(int64_t kind, const float *x, int64_t rows, int64_t inner, const float *shift, float *out, int first,
                       int64_t side, int64_t last) {
    v s[64 / VL], m[64 / VL];
    for (int k = 0; k < side; k++) {
        s[k] = v_set(joins_from(kind));
        m[k] = is_shifted(kind) ? v_get(shift + k * VL, last) : s[k];
    }
    for (int64_t j = 0; j < rows; j++)
        for (int k = 0; k < side; k++) s[k] = v_join(kind, s[k], v_term(kind, v_get(x + j * inner + k * VL, last), m[k]));
    for (int k = 0; k < side; k++) v_put(out + k * VL, first ? s[k] : v_join(kind, v_get(out + k * VL, last), s[k]), last);
}
INLINE void wide_block(int64_t kind, const float *x, int64_t rows, int64_t inner, int64_t n, const float *shift, float *out) {
    for (int64_t j = 0; j < rows; j += 16, x += 16 * inner) {
        int64_t height = rows - j < 16 ? rows - j : 16, c = 0;
        for (; c + 64 <= n; c += 64) wide_group(kind, x + c, height, inner, shift + c, out + c, j == 0, 64 / VL, VL);
        for (; c < n; c += VL) wide_group(kind, x + c, height, inner, shift + c, out + c, j == 0, 1, lane_count(n - c));
    }
}

/* Few columns: 16 rows are inner vectors of 16 lanes; value q of these 16 * inner belongs to column q % inner. */
INLINE void narrow_block(int64_t kind, const float *x, int64_t rows, int64_t inner, const float *shift, float *out) {
    float lanes[16 * NARROW], shifts[16 * NARROW], column[16];
    int64_t j = 0;
    v16 s = v16_set(joins_from(kind)), m = s;
    if (rows >= 64) {
        for (int64_t k = 0; k < inner; k++) v16_store(lanes + 16 * k, s);
        for (int64_t q = 0; is_shifted(kind) && q < 16 * inner; q++) shifts[q] = shift[q % inner];
        for (; j + 16 <= rows; j += 16)
            for (int64_t k = 0; k < inner; k++)
                for (int p = 0; p < V16; p++) {
                    float *at = lanes + 16 * k + p * VL;
                    v x_k = v_load(x + j * inner + 16 * k + p * VL);
                    v shift_k = is_shifted(kind) ? v_load(shifts + 16 * k + p * VL) : x_k;
                    v_store(at, v_join(kind, v_load(at), v_term(kind, x_k, shift_k)));
                }
        for (int64_t c = 0; c < inner; c++) {
            for (int64_t row = 0; row < 16; row++) column[row] = lanes[row * inner + c];
            for (int half = 8; half; half /= 2)
                for (int row = 0; row < half; row++) column[row] = join(kind, column[row], column[row + half]);
            out[c] = column[0];
        }
        s = v16_load_n(out, inner);
    }
    if (is_shifted(kind)) m = v16_load_n(shift, inner);
    for (; j < rows; j++) {
        v16 x_j = v16_load_n(x + j * inner, inner);
        for (int p = 0; p < V16; p++) s.part[p] = v_join(kind, s.part[p], v_term(kind, x_j.part[p], m.part[p]));
    }
    v16_store(column, s);
    memcpy(out, column, (size_t)inner * sizeof(float));
}

INLINE void kind_block(int64_t kind, const float *x, int64_t rows, int64_t inner, int64_t n, const float *shift, float *out) {
    if (inner == 1 && kind == REDUCE_PROD) out[0] = row_product(x, rows);
    else if (inner == 1) out[0] = joins_max(kind) ? row_most(kind, x, rows) : row_terms(kind, x, rows, shift[0]);
    else if (inner < NARROW) narrow_block(kind, x, rows, inner, shift, out);
    else wide_block(kind, x, rows, inner, n, shift, out);
}
static void reduce_block(int64_t kind, const float *x, int64_t rows, int64_t inner, int64_t n, const float *shift, float *out) {
    switch (kind) {
#define KIND(k)                                                                                                                  \
    case k: kind_block(k, x, rows, inner, n, shift, out); break;
        EACH_KIND(KIND)
#undef KIND
    }
}

/* ---- reduce: a unit is a strip of columns of one outer index ---- */

/*
 * A row's part of a strip is read at a stretch, so a strip is as wide as its sums, one for each block of rows, have room on the stack:
 * a JVM promises a kernel no more than 80 KiB.
 */
enum { NARROWEST = 64, WIDEST = 1024, SUMS = 8192 };

struct reduce_context {
    const struct reduce_args *a;
    int64_t width, strips, blocks, unit; /* width: columns of a strip, but for the last one */
    float *sum;                          /* a row of `width` for each block */
};

struct strip {
    const float *x; /* of its first column */
    int64_t y, columns;
    float shift[WIDEST];
};
static void strip_of(const struct reduce_context *c, int64_t unit, struct strip *s) {
    const struct reduce_args *a = c->a;
    int64_t o = c->strips == 1 ? unit : unit / c->strips, c0 = (unit - o * c->strips) * c->width;
    s->x = a->x + o * a->r * a->inner + c0;
    s->y = o * a->inner + c0;
    s->columns = a->inner - c0 < c->width ? a->inner - c0 : c->width;
    if (is_shifted(a->kind))
        for (int64_t i = 0; i < s->columns; i++) {
            float shift = a->shift[s->y + i];
            s->shift[i] = a->kind == REDUCE_LOGSUMEXP && fabsf(shift) == INFINITY ? 0 : shift; /* no Inf - Inf */
        }
}

static void strip_block(const struct reduce_context *c, const struct strip *s, int64_t b, float *out) {
    int64_t r0, r1;
    block_rows(c->a->r, c->blocks, b, &r0, &r1);
    reduce_block(c->a->kind, s->x + r0 * c->a->inner, r1 - r0, c->a->inner, s->columns, s->shift, out);
}

/* the norm of a column whose squares leave the range of floats */
static float far_norm(const float *x, int64_t r, int64_t inner) {
    double s = 0;
    for (int64_t j = 0; j < r; j++) s += (double)x[j * inner] * x[j * inner];
    return (float)__builtin_sqrt(s);
}

static void strip_end(const struct reduce_context *c, const struct strip *s, float *sum) {
    const struct reduce_args *a = c->a;
    const v divisor = v_set((float)a->divisor);
    if (c->blocks > 1) join_blocks(a->kind, sum, c->width, s->columns);
    for (int64_t i = 0; i < s->columns; i += VL) {
        int64_t n = lane_count(s->columns - i);
        v joined = v_get(sum + i, n);
        v value = v_result(a->kind, joined, is_shifted(a->kind) ? v_get(s->shift + i, n) : divisor, divisor);
        if (a->kind == REDUCE_NORM)
            for (int l = 0; l < n; l++)
                if (joined[l] < 0x1p-100f || joined[l] == INFINITY) value[l] = far_norm(s->x + i + l, a->r, a->inner);
        give(a->y + s->y + i, value, a->add, n);
    }
}

/* the row of each column's first largest value, or smallest: that of -x; NaN wins, and then stays */
static void strip_find(const struct reduce_context *c, const struct strip *s) {
    const struct reduce_args *a = c->a;
    const vi sign = vi_set(a->kind == REDUCE_ARGMIN ? INT32_MIN : 0);
    int32_t *y = (int32_t *)a->y + s->y;
    float max[WIDEST];
    for (int64_t i = 0; i < s->columns; i += VL) {
        int64_t n = lane_count(s->columns - i);
        v_put(max + i, (v)((vi)v_get(s->x + i, n) ^ sign), n);
    }
    memset(y, 0, (size_t)s->columns * sizeof(int32_t));
    for (int64_t j = 1; j < a->r; j++)
        for (int64_t i = 0; i < s->columns; i += VL) {
            int64_t n = lane_count(s->columns - i);
            v x = (v)((vi)v_get(s->x + j * a->inner + i, n) ^ sign), m = v_get(max + i, n), at = v_get((float *)y + i, n);
            vi better = (x > m) | ((x != x) & (m == m));
            v_put(max + i, v_sel(better, x, m), n);
            v_put((float *)y + i, v_sel(better, (v)vi_set((int32_t)j), at), n);
        }
}

static void reduce_units(void *at, int64_t part, int64_t parts) {
    const struct reduce_context *c = at;
    const struct reduce_args *a = c->a;
    int64_t from, to;
    struct strip s;
    fathom_range(a->outer * c->strips, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        if (a->inner == 1 && a->kind == REDUCE_ARGMAX) {
            ((int32_t *)a->y)[unit] = (int32_t)row_argmax(a->x + unit * a->r, a->r);
        } else if (a->inner == 1 && a->kind == REDUCE_ARGMIN) {
            ((int32_t *)a->y)[unit] = (int32_t)row_argmin(a->x + unit * a->r, a->r);
        } else if (a->inner == 1 && c->blocks == 1 && a->kind == REDUCE_SUM) { /* frequent and small: without a strip's cost */
            float value = row_sum(a->x + unit * a->r, a->r) / (float)a->divisor;
            a->y[unit] = a->add ? a->y[unit] + value : value;
        } else if (finds(a->kind)) {
            strip_of(c, unit, &s);
            strip_find(c, &s);
        } else {
            float sum[SUMS];
            strip_of(c, unit, &s);
            for (int64_t b = 0; b < c->blocks; b++) strip_block(c, &s, b, sum + b * c->width);
            strip_end(c, &s, sum);
        }
    }
}

static void reduce_one_unit(void *at, int64_t part, int64_t parts) {
    const struct reduce_context *c = at;
    int64_t from, to;
    struct strip s;
    strip_of(c, c->unit, &s);
    fathom_range(BLOCKS, 1, part, parts, &from, &to);
    for (int64_t b = from; b < to; b++) strip_block(c, &s, b, c->sum + b * c->width);
}

static double reduce_nanos(int64_t kind) { return kind == REDUCE_LOGSUMEXP ? 0.3 : 0.05; }

/* each unit by all threads, block by block; not inlined, because its sums would take stack from reduce_units */
static __attribute__((noinline)) void reduce_by_blocks(struct reduce_context *c, int64_t parts) {
    float sum[SUMS];
    struct strip s;
    c->sum = sum;
    for (c->unit = 0; c->unit < c->a->outer * c->strips; c->unit++) {
        fathom_parallel(reduce_one_unit, c, parts < BLOCKS ? parts : BLOCKS);
        strip_of(c, c->unit, &s);
        strip_end(c, &s, sum);
    }
}

/* as wide as can be, but of a number that the parts can share, unless they share the blocks */
static int64_t strip_width(const struct reduce_context *c, int64_t parts) {
    int64_t widest = SUMS / c->blocks < WIDEST ? SUMS / c->blocks : WIDEST;
    int64_t units = c->a->outer < parts ? c->a->outer * c->blocks : c->a->outer;
    int64_t strips = (c->a->inner + widest - 1) / widest, most = (c->a->inner + NARROWEST - 1) / NARROWEST;
    while (strips < most && units * strips % parts != 0 && units * strips < 8 * parts) strips++;
    return ((c->a->inner + strips - 1) / strips + NARROWEST - 1) / NARROWEST * NARROWEST;
}

static int32_t k_reduce(const struct reduce_args *a, int64_t *detail) {
    (void)detail;
    if (a->outer * a->inner == 0) return FATHOM_OK;
    struct reduce_context c = {.a = a, .blocks = finds(a->kind) ? 1 : reduce_blocks(a->r, a->inner)};
    double nanos = (double)(a->outer * a->r * a->inner) * reduce_nanos(a->kind) + (double)a->outer * 10;
    int64_t parts = fathom_parts(nanos, a->outer * ((a->inner + NARROWEST - 1) / NARROWEST) * c.blocks);
    c.width = strip_width(&c, parts);
    c.strips = (a->inner + c.width - 1) / c.width;
    int64_t units = a->outer * c.strips;
    if (parts > units && c.blocks > 1) reduce_by_blocks(&c, parts);
    else fathom_parallel(reduce_units, &c, parts < units ? parts : units);
    return FATHOM_OK;
}

/* ---- gradient: max, min and products cut the work by strips of columns, the others by lines (the inner values of one row) ---- */

/* what a column has of dy, and what its x are compared with */
INLINE v column_scale(int64_t kind, v dy, v divisor) { return kind == REDUCE_VARIANCE ? (dy + dy) / divisor : dy / divisor; }
INLINE v column_middle(int64_t kind, v y) {
    if (kind == REDUCE_NORM) return v_sel(y == 0, v_set(INFINITY), y);
    return kind == REDUCE_LOGSUMEXP ? v_sel(y == -INFINITY, v_set(0), y) : y;
}
INLINE v column_dx(int64_t kind, v scale, v middle, v x) {
    switch (kind) {
    case REDUCE_NORM1: return scale * v_sel(x > 0, v_set(1), v_sel(x < 0, v_set(-1), x));
    case REDUCE_NORM: return scale * (x / middle);
    case REDUCE_VARIANCE: return scale * (x - middle);
    case REDUCE_LOGSUMEXP: return scale * v_exp(x - middle);
    default: return scale;
    }
}

/* lines from .. to of one outer index, whose y and dy are given */
INLINE void spread_lines(int64_t kind, const struct reduce_grad_args *a, const float *y, const float *dy, int64_t from,
                         int64_t to) {
    const v divisor = v_set((float)a->divisor);
    const int64_t inner = a->inner;
    if (inner == 1) {
        v scale = column_scale(kind, v_set(dy[0]), divisor), middle = scale;
        if (kind != REDUCE_SUM) middle = column_middle(kind, v_set(y[0]));
        for (; from < to; from += VL) {
            int64_t n = lane_count(to - from);
            v x = kind == REDUCE_SUM ? scale : v_get(a->x + from, n);
            give(a->dx + from, column_dx(kind, scale, middle, x), a->add, n);
        }
        return;
    }
    for (int64_t c0 = 0; c0 < inner; c0 += STRIP) {
        float scale[STRIP], middle[STRIP];
        int64_t columns = inner - c0 < STRIP ? inner - c0 : STRIP;
        for (int64_t c = 0; c < columns; c += VL) {
            int64_t n = lane_count(columns - c);
            v_store(scale + c, column_scale(kind, v_get(dy + c0 + c, n), divisor));
            if (kind != REDUCE_SUM) v_store(middle + c, column_middle(kind, v_get(y + c0 + c, n)));
        }
        for (int64_t line = from; line < to; line++)
            for (int64_t c = 0; c < columns; c += VL) {
                int64_t n = lane_count(columns - c), at = line * inner + c0 + c;
                v s = v_load(scale + c);
                give(a->dx + at, kind == REDUCE_SUM ? s : column_dx(kind, s, v_load(middle + c), v_get(a->x + at, n)), a->add, n);
            }
    }
}

static void spread_part(void *at, int64_t part, int64_t parts) {
    const struct reduce_grad_args *a = at;
    int64_t from, to;
    fathom_range(a->outer * a->r, 16, part, parts, &from, &to);
    while (from < to) {
        int64_t o = from / a->r, end = (o + 1) * a->r < to ? (o + 1) * a->r : to;
        const float *y = a->y + o * a->inner, *dy = a->dy + o * a->inner;
        switch (a->kind) {
#define KIND(k)                                                                                                                  \
    case k: spread_lines(k, a, y, dy, from, end); break;
            EACH_KIND(KIND)
#undef KIND
        }
        from = end;
    }
}

static void extreme_grad_part(void *at, int64_t part, int64_t parts) {
    const struct reduce_grad_args *a = at;
    int64_t from, to, inner = a->inner, strips = (inner + STRIP - 1) / STRIP;
    fathom_range(a->outer * strips, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        int64_t o = unit / strips, c0 = unit % strips * STRIP, columns = inner - c0 < STRIP ? inner - c0 : STRIP;
        const float *x = a->x + o * a->r * inner + c0, *y = a->y + o * inner + c0, *dy = a->dy + o * inner + c0;
        float *dx = a->dx + o * a->r * inner + c0;
        if (inner == 1) {
            if (!a->add) memset(dx, 0, (size_t)a->r * sizeof(float));
            int64_t first = row_find(x, a->r, *y);
            if (first < a->r) dx[first] += *dy;
            continue;
        }
        int32_t open[STRIP]; /* columns whose extreme is still to come */
        memset(open, 0xff, sizeof open);
        for (int64_t j = 0; j < a->r; j++)
            for (int64_t c = 0; c < columns; c += VL) {
                int64_t n = lane_count(columns - c);
                v x_j = v_get(x + j * inner + c, n), most = v_get(y + c, n);
                vi wait = (vi)v_load((float *)open + c), hit = wait & ((x_j == most) | ((x_j != x_j) & (most != most)));
                v_store((float *)open + c, (v)(wait & ~hit));
                give(dx + j * inner + c, v_sel(hit, v_get(dy + c, n), v_set(0)), a->add, n);
            }
    }
}

/* dx = (dy times the x before) times the x behind, so that zeros are no harm */
static void product_grad_part(void *at, int64_t part, int64_t parts) {
    const struct reduce_grad_args *a = at;
    int64_t from, to, inner = a->inner, strips = (inner + STRIP - 1) / STRIP;
    fathom_range(a->outer * strips, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        int64_t o = unit / strips, c0 = unit % strips * STRIP, columns = inner - c0 < STRIP ? inner - c0 : STRIP;
        const float *x = a->x + o * a->r * inner + c0;
        float *dx = a->dx + o * a->r * inner + c0, running[STRIP];
        memcpy(running, a->dy + o * inner + c0, (size_t)columns * sizeof(float));
        for (int64_t j = 0; j < a->r; j++)
            for (int64_t c = 0; c < columns; c++) {
                dx[j * inner + c] = running[c];
                running[c] *= x[j * inner + c];
            }
        for (int64_t c = 0; c < columns; c++) running[c] = 1;
        for (int64_t j = a->r - 1; j >= 0; j--)
            for (int64_t c = 0; c < columns; c++) {
                dx[j * inner + c] *= running[c];
                running[c] *= x[j * inner + c];
            }
    }
}

static int32_t k_reduce_grad(const struct reduce_grad_args *a, int64_t *detail) {
    (void)detail;
    double nanos = (double)(a->outer * a->r * a->inner) * (0.05 + reduce_nanos(a->kind));
    if (joins_max(a->kind) || a->kind == REDUCE_PROD)
        fathom_parallel(a->kind == REDUCE_PROD ? product_grad_part : extreme_grad_part, (void *)a,
                        fathom_parts(nanos, a->outer * ((a->inner + STRIP - 1) / STRIP)));
    else fathom_parallel(spread_part, (void *)a, fathom_parts(nanos, (a->outer * a->r + 15) / 16));
    return FATHOM_OK;
}

/* ---- nonfinite: exponent bits all ones ---- */

struct nonfinite_context {
    const struct nonfinite_args *a;
    int64_t count;
};

static void nonfinite_part(void *at, int64_t part, int64_t parts) {
    struct nonfinite_context *c = at;
    const float *x = c->a->x;
    int64_t i, to, found = 0;
    fathom_range(c->a->n, 64, part, parts, &i, &to);
    while (i < to) {
        vi count = {0}; /* a lane holds at most 4096 */
        int64_t stop = to - i > 4096 * VL ? i + 4096 * VL : to;
        for (; i + VL <= stop; i += VL) count -= ((vi)v_load(x + i) & 0x7f800000) == 0x7f800000;
        if (i < stop) count -= ((vi)v_load_n(x + i, stop - i) & 0x7f800000) == 0x7f800000, i = stop;
        for (int lane = 0; lane < VL; lane++) found += count[lane];
    }
    if (found) __atomic_fetch_add(&c->count, found, __ATOMIC_RELAXED);
}

static int32_t k_nonfinite(const struct nonfinite_args *a, int64_t *detail) {
    (void)detail;
    struct nonfinite_context c = {a, 0};
    fathom_parallel(nonfinite_part, &c, fathom_parts((double)a->n * 0.05, (a->n + 1023) / 1024));
    *a->count = c.count < INT32_MAX ? (int32_t)c.count : INT32_MAX;
    return FATHOM_OK;
}

EXPORT(reduce)
EXPORT(reduce_grad)
EXPORT(nonfinite)
