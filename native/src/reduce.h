/*
 * y[outer][inner] = sum, mean, max or argmax over r of x[outer][r][inner], their gradients, and the count of non-finite values.
 *
 * The bits depend on the shape alone. Along contiguous values a sum runs in 4 x 16 virtual lanes; down columns it takes the rows
 * in order; few columns (inner < 16) give 16 rows to 16 virtual lanes. Long sums are cut into 16 blocks of rows, whose sums
 * meet in a tree: blocks also let threads share one sum.
 */
#ifndef FATHOM_REDUCE_H
#define FATHOM_REDUCE_H

enum { SUM, MEAN, MAX, ARGMAX };
enum { STRIP = 256, NARROW = 16, BLOCKS = 16 };

/* the first n floats of p, 0 <= n <= 16, then `rest` */
static inline v16 v16_load_else(const float *p, int64_t n, float rest) {
    v16 r = v16_load_n(p, n);
    for (int i = 0; i < V16; i++) r.part[i] = v_sel(V_LANE + i * VL < (int32_t)n, r.part[i], v_set(rest));
    return r;
}

/* ---- rows of contiguous values ---- */

static float row_sum(const float *x, int64_t n) {
    if (n <= 16) return v16_total(v16_load_n(x, n));
    v16 s0 = v16_zero(), s1 = s0, s2 = s0, s3 = s0;
    int64_t i = 0;
    for (; i + 64 <= n; i += 64) {
        s0 = v16_add_load(s0, x + i);
        s1 = v16_add_load(s1, x + i + 16);
        s2 = v16_add_load(s2, x + i + 32);
        s3 = v16_add_load(s3, x + i + 48);
    }
    if (i + 16 <= n) s0 = v16_add_load(s0, x + i), i += 16;
    if (i + 16 <= n) s1 = v16_add_load(s1, x + i), i += 16;
    if (i + 16 <= n) s2 = v16_add_load(s2, x + i), i += 16;
    if (i < n) s3 = v16_add_load_n(s3, x + i, n - i);
    return v16_total(v16_add(v16_add(s0, s1), v16_add(s2, s3)));
}

/* the largest value that is not NaN, or -Inf */
static float row_largest(const float *x, int64_t n) {
    v16 m0 = v16_set(-INFINITY), m1 = m0, m2 = m0, m3 = m0;
    int64_t i = 0;
    for (; i + 64 <= n; i += 64) {
        m0 = v16_max(v16_load(x + i), m0);
        m1 = v16_max(v16_load(x + i + 16), m1);
        m2 = v16_max(v16_load(x + i + 32), m2);
        m3 = v16_max(v16_load(x + i + 48), m3);
    }
    for (; i + 16 <= n; i += 16) m0 = v16_max(v16_load(x + i), m0);
    if (i < n) m1 = v16_max(v16_load_else(x + i, n - i, -INFINITY), m1);
    return v16_largest(v16_max(v16_max(m0, m1), v16_max(m2, m3)));
}

/* the first i with x[i] == value (or NaN, if value is NaN), or n */
static int64_t row_find(const float *x, int64_t n, float value) {
    for (int64_t i = 0; i < n; i += VL) {
        int64_t lanes = lane_count(n - i);
        v at = lanes == VL ? v_load(x + i) : v_load_n(x + i, lanes);
        uint32_t bits = v_bits(value != value ? at != at : at == value) & (uint32_t)((1ull << lanes) - 1);
        if (bits) return i + __builtin_ctz(bits);
    }
    return n;
}

/* NaN wins */
static float row_max(const float *x, int64_t n) {
    v16 m0 = v16_set(-INFINITY), m1 = m0;
    vi nan = {0};
    int64_t i = 0;
    for (; i + 32 <= n; i += 32)
        for (int p = 0; p < V16; p++) {
            v x0 = v_load(x + i + p * VL), x1 = v_load(x + i + 16 + p * VL);
            m0.part[p] = v_max(x0, m0.part[p]);
            m1.part[p] = v_max(x1, m1.part[p]);
            nan |= (x0 != x0) | (x1 != x1);
        }
    if (v_bits(nan) || (i < n && row_find(x + i, n - i, NAN) < n - i)) return NAN;
    float rest = row_largest(x + i, n - i), most = v16_largest(v16_max(m0, m1));
    return rest > most ? rest : most;
}

/* the first largest; the first NaN wins */
static int64_t row_argmax(const float *x, int64_t n) { return row_find(x, n, row_max(x, n)); }

/* ---- blocks of rows: out[c0 .. c1) from rows r0 .. r1 of x[r][inner], c1 - c0 <= STRIP ---- */

INLINE v v_join(int max, v a, v x) { return max ? v_sel((x > a) | (x != x), x, a) : a + x; }
INLINE v16 v16_join(int max, v16 a, v16 x) {
    for (int i = 0; i < V16; i++) a.part[i] = v_join(max, a.part[i], x.part[i]);
    return a;
}
static inline float join(int max, float a, float x) { return max ? (x > a || x != x ? x : a) : a + x; }

/* Down whole vectors of columns, 16 rows at a time: whole lines of the strip are read before the next rows. */
INLINE void wide_block(int max, const float *x, int64_t rows, int64_t inner, int64_t n, float *out) {
    enum { SIDE = 64 / VL };
    for (int64_t c = 0; c < n; c++) out[c] = max ? -INFINITY : 0;
    for (int64_t j0 = 0; j0 < rows; j0 += 16, x += 16 * inner) {
        int64_t height = rows - j0 < 16 ? rows - j0 : 16, c = 0;
        for (; c + 64 <= n; c += 64) {
            v s[SIDE];
            for (int k = 0; k < SIDE; k++) s[k] = v_load(out + c + k * VL);
            for (int64_t j = 0; j < height; j++)
                for (int k = 0; k < SIDE; k++) s[k] = v_join(max, s[k], v_load(x + j * inner + c + k * VL));
            for (int k = 0; k < SIDE; k++) v_store(out + c + k * VL, s[k]);
        }
        for (; c < n; c += VL) {
            int64_t lanes = lane_count(n - c);
            v s = v_get(out + c, lanes);
            for (int64_t j = 0; j < height; j++) s = v_join(max, s, v_get(x + j * inner + c, lanes));
            v_put(out + c, s, lanes);
        }
    }
}

/* Few columns: 16 rows are inner vectors of 16 lanes; value q of these 16 * inner belongs to column q % inner. */
INLINE void narrow_block(int max, const float *x, int64_t rows, int64_t inner, float *out) {
    float lanes[16 * NARROW], column[16];
    int64_t j = 0;
    v16 s = v16_set(max ? -INFINITY : 0);
    if (rows >= 64) {
        for (int64_t k = 0; k < inner; k++) v16_store(lanes + 16 * k, s);
        for (; j + 16 <= rows; j += 16)
            for (int64_t k = 0; k < inner; k++) {
                float *at = lanes + 16 * k;
                v16_store(at, v16_join(max, v16_load(at), v16_load(x + j * inner + 16 * k)));
            }
        for (int64_t c = 0; c < inner; c++) {
            for (int64_t row = 0; row < 16; row++) column[row] = lanes[row * inner + c];
            for (int half = 8; half; half /= 2)
                for (int row = 0; row < half; row++) column[row] = join(max, column[row], column[row + half]);
            out[c] = column[0];
        }
        s = v16_load_n(out, inner);
    }
    for (; j < rows; j++) s = v16_join(max, s, v16_load_n(x + j * inner, inner));
    v16_store(column, s);
    memcpy(out, column, (size_t)inner * sizeof(float));
}

static void reduce_block(int max, const float *x, int64_t r0, int64_t r1, int64_t inner, int64_t c0, int64_t c1, float *out) {
    x += r0 * inner + c0;
    int64_t rows = r1 - r0;
    if (inner == 1) out[0] = max ? row_max(x, rows) : row_sum(x, rows);
    else if (inner < NARROW && max) narrow_block(1, x, rows, inner, out);
    else if (inner < NARROW) narrow_block(0, x, rows, inner, out);
    else if (max) wide_block(1, x, rows, inner, c1 - c0, out);
    else wide_block(0, x, rows, inner, c1 - c0, out);
}

/* block b of the rows; cut at multiples of 64 */
static void block_rows(int64_t r, int64_t blocks, int64_t b, int64_t *r0, int64_t *r1) { fathom_range(r, 64, b, blocks, r0, r1); }

/* By the shape alone: enough rows for 16 blocks, and enough work for more than one thread. */
static int64_t reduce_blocks(int64_t r, int64_t inner) { return r >= 1024 && r * inner >= 65536 ? BLOCKS : 1; }

/* sum[0] = join over the blocks, as a tree */
static void join_blocks(int max, float (*sum)[STRIP], int64_t columns) {
    for (int half = BLOCKS / 2; half; half /= 2)
        for (int b = 0; b < half; b++)
            for (int64_t c = 0; c < columns; c++) sum[b][c] = join(max, sum[b][c], sum[b + half][c]);
}

/* the sum of x[n], with the bits of reduce */
static float sum_all(const float *x, int64_t n) {
    float sum[BLOCKS][STRIP];
    if (reduce_blocks(n, 1) == 1) return row_sum(x, n);
    for (int64_t b = 0; b < BLOCKS; b++) {
        int64_t r0, r1;
        block_rows(n, BLOCKS, b, &r0, &r1);
        sum[b][0] = row_sum(x + r0, r1 - r0);
    }
    join_blocks(0, sum, 1);
    return sum[0][0];
}

/* ---- reduce: a unit is a strip of columns of one outer index ---- */

struct reduce_context {
    const struct reduce_args *a;
    int64_t strips, blocks, unit;
    float (*sum)[STRIP];
};

struct strip {
    const float *x;
    int64_t y, c0, c1;
};
static struct strip strip_of(const struct reduce_context *c, int64_t unit) {
    const struct reduce_args *a = c->a;
    int64_t o = c->strips == 1 ? unit : unit / c->strips, c0 = (unit - o * c->strips) * STRIP,
            c1 = c0 + STRIP < a->inner ? c0 + STRIP : a->inner;
    return (struct strip){a->x + o * a->r * a->inner, o * a->inner + c0, c0, c1};
}

static void strip_block(const struct reduce_context *c, struct strip s, int64_t b, float *out) {
    int64_t r0, r1;
    block_rows(c->a->r, c->blocks, b, &r0, &r1);
    reduce_block(c->a->kind == MAX, s.x, r0, r1, c->a->inner, s.c0, s.c1, out);
}

static void strip_end(const struct reduce_context *c, struct strip s, float (*sum)[STRIP]) {
    const int64_t columns = s.c1 - s.c0, add = c->a->add;
    const v divisor = v_set(c->a->kind == MEAN ? (float)c->a->r : 1);
    if (c->blocks > 1) join_blocks(c->a->kind == MAX, sum, columns);
    for (int64_t i = 0; i < columns; i += VL) {
        int64_t n = lane_count(columns - i);
        give(c->a->y + s.y + i, v_get(sum[0] + i, n) / divisor, add, n);
    }
}

/* the row of each column's first largest value; NaN wins, and then stays */
static void strip_argmax(const struct reduce_context *c, struct strip s) {
    const struct reduce_args *a = c->a;
    int32_t *y = (int32_t *)a->y + s.y;
    float max[STRIP];
    int64_t columns = s.c1 - s.c0;
    memcpy(max, s.x + s.c0, (size_t)columns * sizeof(float));
    memset(y, 0, (size_t)columns * sizeof(int32_t));
    for (int64_t j = 1; j < a->r; j++)
        for (int64_t i = 0; i < columns; i += VL) {
            int64_t n = lane_count(columns - i);
            v x = v_get(s.x + j * a->inner + s.c0 + i, n), m = v_get(max + i, n), at = v_get((float *)y + i, n);
            vi better = (x > m) | ((x != x) & (m == m));
            v_put(max + i, v_sel(better, x, m), n);
            v_put((float *)y + i, v_sel(better, (v)vi_set((int32_t)j), at), n);
        }
}

static void reduce_units(void *at, int64_t part, int64_t parts) {
    const struct reduce_context *c = at;
    int64_t from, to;
    fathom_range(c->a->outer * c->strips, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) {
        struct strip s = strip_of(c, unit);
        if (c->a->inner == 1 && c->a->kind == ARGMAX) {
            *((int32_t *)c->a->y + s.y) = (int32_t)row_argmax(s.x, c->a->r);
            continue;
        }
        if (c->a->inner == 1 && c->blocks == 1 && c->a->kind <= MEAN) { /* the frequent small case, without a strip's cost */
            float value = row_sum(s.x, c->a->r), *y = c->a->y + s.y;
            if (c->a->kind == MEAN) value /= (float)c->a->r;
            *y = c->a->add ? *y + value : value;
            continue;
        }
        if (c->a->kind == ARGMAX) {
            strip_argmax(c, s);
            continue;
        }
        float sum[BLOCKS][STRIP];
        for (int64_t b = 0; b < c->blocks; b++) strip_block(c, s, b, sum[b]);
        strip_end(c, s, sum);
    }
}

static void reduce_one_unit(void *at, int64_t part, int64_t parts) {
    const struct reduce_context *c = at;
    int64_t from, to;
    fathom_range(BLOCKS, 1, part, parts, &from, &to);
    for (int64_t b = from; b < to; b++) strip_block(c, strip_of(c, c->unit), b, c->sum[b]);
}

static int32_t k_reduce(const struct reduce_args *a, int64_t *detail) {
    (void)detail;
    struct reduce_context c = {a, (a->inner + STRIP - 1) / STRIP, a->kind == ARGMAX ? 1 : reduce_blocks(a->r, a->inner), 0, 0};
    int64_t units = a->outer * c.strips;
    double nanos = (double)(a->outer * a->r * a->inner) * 0.05 + (double)units * 10;
    int64_t parts = fathom_parts(nanos, units * c.blocks);
    if (parts <= units) {
        fathom_parallel(reduce_units, &c, parts);
        return FATHOM_OK;
    }
    float sum[BLOCKS][STRIP];
    c.sum = sum;
    for (c.unit = 0; c.unit < units; c.unit++) {
        fathom_parallel(reduce_one_unit, &c, parts < BLOCKS ? parts : BLOCKS);
        strip_end(&c, strip_of(&c, c.unit), sum);
    }
    return FATHOM_OK;
}

/* ---- gradient: sum and mean cut the work by lines (the inner values of one row), max by strips of columns ---- */

static void spread_part(void *at, int64_t part, int64_t parts) {
    const struct reduce_grad_args *a = at;
    const v divisor = v_set(a->kind == MEAN ? (float)a->r : 1);
    int64_t from, to, inner = a->inner, lines = a->outer * a->r;
    fathom_range(lines, 16, part, parts, &from, &to);
    while (from < to) { /* the lines of one outer index */
        int64_t o = from / a->r, end = (o + 1) * a->r < to ? (o + 1) * a->r : to;
        const float *dy = a->dy + o * inner;
        if (inner == 1) {
            v value = v_set(dy[0]) / divisor;
            for (; from < end; from += VL) give(a->dx + from, value, a->add, lane_count(end - from));
        } else {
            for (int64_t c0 = 0; c0 < inner; c0 += STRIP) {
                float value[STRIP];
                int64_t columns = inner - c0 < STRIP ? inner - c0 : STRIP;
                for (int64_t c = 0; c < columns; c++) value[c] = a->kind == MEAN ? dy[c0 + c] / (float)a->r : dy[c0 + c];
                for (int64_t line = from; line < end; line++)
                    for (int64_t c = 0; c < columns; c += VL) {
                        int64_t n = lane_count(columns - c);
                        give(a->dx + line * inner + c0 + c, v_get(value + c, n), a->add, n);
                    }
            }
        }
        from = end;
    }
}

static void max_grad_part(void *at, int64_t part, int64_t parts) {
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
        int32_t open[STRIP]; /* columns whose largest is still to come */
        memset(open, 0xff, sizeof open);
        for (int64_t j = 0; j < a->r; j++)
            for (int64_t c = 0; c < columns; c += VL) {
                int64_t n = lane_count(columns - c);
                v x_j = v_get(x + j * inner + c, n), max = v_get(y + c, n);
                vi wait = (vi)v_load((float *)open + c), hit = wait & ((x_j == max) | ((x_j != x_j) & (max != max)));
                v_store((float *)open + c, (v)(wait & ~hit));
                give(dx + j * inner + c, v_sel(hit, v_get(dy + c, n), v_set(0)), a->add, n);
            }
    }
}

static int32_t k_reduce_grad(const struct reduce_grad_args *a, int64_t *detail) {
    (void)detail;
    double nanos = (double)(a->outer * a->r * a->inner) * 0.1;
    if (a->kind == MAX)
        fathom_parallel(max_grad_part, (void *)a, fathom_parts(nanos, a->outer * ((a->inner + STRIP - 1) / STRIP)));
    else fathom_parallel(spread_part, (void *)a, fathom_parts(nanos, (a->outer * a->r + 15) / 16));
    return FATHOM_OK;
}

/* ---- nonfinite: exponent bits all ones ---- */

static void nonfinite_part(void *at, int64_t part, int64_t parts) {
    const struct nonfinite_args *a = at;
    int64_t i, to;
    int32_t found = 0;
    fathom_range(a->n, 64, part, parts, &i, &to);
    while (i < to) {
        vi count = {0}; /* a lane holds at most 4096 */
        int64_t stop = to - i > 4096 * VL ? i + 4096 * VL : to;
        for (; i + VL <= stop; i += VL) count -= ((vi)v_load(a->x + i) & 0x7f800000) == 0x7f800000;
        if (i < stop) count -= ((vi)v_load_n(a->x + i, stop - i) & 0x7f800000) == 0x7f800000, i = stop;
        for (int lane = 0; lane < VL; lane++) found += count[lane];
    }
    if (found) __atomic_fetch_add(a->count, found, __ATOMIC_RELAXED);
}

static int32_t k_nonfinite(const struct nonfinite_args *a, int64_t *detail) {
    (void)detail;
    *a->count = 0;
    fathom_parallel(nonfinite_part, (void *)a, fathom_parts((double)a->n * 0.05, (a->n + 1023) / 1024));
    return FATHOM_OK;
}

#endif
