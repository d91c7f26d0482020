/*
 * y = act((gamma (x - mean) rstd + beta) + residual), rstd = 1 / sqrt(variance + epsilon), for x[outer][rows][c] with a mean and
 * a variance for every outer index and group of c / groups channels:
 *
 *              outer     rows     c          groups
 *   batch      1         all      channels   c        or the mean and the variance are given
 *   instance   samples   places   channels   c
 *   group      samples   places   channels   groups
 *   layer      samples   1        features   1        rms: mean 0
 *
 * With dz what flows back to gamma (x - mean) rstd + beta, xhat = (x - mean) rstd and n values in a group,
 *
 *   dbeta = sum dz   dgamma = sum dz xhat   dx = rstd (gamma dz - sum (gamma dz) / n - xhat sum (gamma dz xhat) / n)
 *
 * where the sums of dx are over the group; they are left out where the mean and the variance are given.
 *
 * Memory is read once for the statistics: 16 lines at a time give their mean and then, from the cache, the squares about it,
 * which join those before (Chan, Golub and LeVeque 1979). All of it is relative to the first row, so that a large mean costs no
 * digits. A variance beyond the floats is computed again in doubles.
 */
#include "rows.h"
#include "sizes.h"
#include "unary.h"

enum { NORM_SIDE = VL == 16 ? 4 : 2 }; /* vectors side by side */

/* ---- lines and scratch ---- */

/*
 * x[rows][c] as lines of `width` floats and a tail of less than one: of few channels 16 or 4 rows stand side by side, so that
 * vectors are full. Lines are cut into blocks, by the shape alone; their sums meet in a tree.
 */
enum { NORM_WIDEST = 256, NORM_BLOCKS = 16, NORM_CHUNK = 16 }; /* NORM_WIDEST: no line of several rows is wider */
struct norm_view {
    int64_t side, width, lines, tail, blocks; /* side: rows in a line */
};
static struct norm_view norm_view_of(int64_t rows, int64_t c) {
    struct norm_view w;
    w.side = c < 16 ? 16 : c < 64 ? 4 : 1;
    w.width = w.side * c;
    w.lines = c ? rows * c / w.width : 0;
    w.tail = rows * c - w.lines * w.width;
    w.blocks = w.lines >= NORM_BLOCKS * NORM_CHUNK && w.lines * w.width >= 65536 ? NORM_BLOCKS : 1;
    return w;
}

/* for each outer index: mean, rstd and two terms of the gradient for a line, two sums for each block */
static int64_t norm_each(const struct norm_view *w) { return w->width * (4 + 2 * w->blocks); }

/* gamma and beta of a line, and what each outer index needs */
static int64_t norm_floats(int64_t outer, int64_t rows, int64_t c) {
    if (PRODUCT(rows, c, 16) == INT64_MAX) return INT64_MAX; /* too many values for a view of them */
    struct norm_view w = norm_view_of(rows, c);
    return SUM(2 * w.width, PRODUCT(outer, norm_each(&w)));
}

static int64_t norm_scratch(const struct norm_args *a) {
    return a->rows == 1 && a->mode != NORM_GIVEN ? 0 : norm_floats(a->outer, a->rows, a->c);
}

/* of single rows a part of the parameters' gradients for each block */
static int64_t norm_grad_scratch(const struct norm_grad_args *a) {
    return a->rows == 1 && a->mode != NORM_GIVEN ? PRODUCT(2, NORM_BLOCKS, a->c) : norm_floats(a->outer, a->rows, a->c);
}

/* to[width] = from[c] again and again, or `none` where there is no from */
static void norm_repeat(float *to, const float *from, float none, int64_t c, int64_t width) {
    if (from) memcpy(to, from, (size_t)c * sizeof(float));
    else
        for (int64_t i = 0; i < c; i++) to[i] = none;
    for (int64_t i = c; i < width; i++) to[i] = to[i - c];
}

INLINE v norm_hat(v x, v mean, v rstd) { return (x - mean) * rstd; }
static inline float norm_rstd(float variance, float epsilon) { return 1 / __builtin_sqrtf(variance + epsilon); }

/* ---- moments: the mean of x - shift and the sum of squares about it, a column each ---- */

/* those of `more` rows, s and q, join those of `before` */
INLINE void moments_join(v *mean, v *m2, v s, v q, float before, float more) {
    const float share = more / (before + more);
    v d = s - *mean;
    *mean = v_fma(d, v_set(share), *mean);
    *m2 = v_fma(d * d, v_set(before * share), *m2 + q);
}
static void moments_join_all(float *mean, float *m2, float before, const float *s, const float *q, float more, int64_t n) {
    EACH_VECTOR(n, {
        v a = v_get(mean + i, m), b = v_get(m2 + i, m);
        moments_join(&a, &b, v_get(s + i, m), v_get(q + i, m), before, more);
        v_put(mean + i, a, m);
        v_put(m2 + i, b, m);
    });
}

INLINE void moments_group(const float *x, int64_t rows, int64_t width, int64_t before, const float *shift, float *mean, float *m2,
                          int64_t side, int64_t last) {
    v k[NORM_SIDE], s[NORM_SIDE], q[NORM_SIDE];
    for (int i = 0; i < side; i++) k[i] = v_get(shift + i * VL, last), s[i] = q[i] = v_set(0);
    for (int64_t j = 0; j < rows; j++)
        for (int i = 0; i < side; i++) s[i] = s[i] + (v_get(x + j * width + i * VL, last) - k[i]);
    for (int i = 0; i < side; i++) s[i] = s[i] / (float)rows;
    for (int64_t j = 0; j < rows; j++)
        for (int i = 0; i < side; i++) {
            v d = (v_get(x + j * width + i * VL, last) - k[i]) - s[i];
            q[i] = v_fma(d, d, q[i]);
        }
    for (int i = 0; i < side; i++) {
        v a = v_get(mean + i * VL, last), b = v_get(m2 + i * VL, last);
        moments_join(&a, &b, s[i], q[i], (float)before, (float)rows);
        v_put(mean + i * VL, a, last);
        v_put(m2 + i * VL, b, last);
    }
}
static void moments(const float *x, int64_t rows, int64_t width, const float *shift, float *mean, float *m2) {
    memset(mean, 0, (size_t)width * sizeof(float));
    memset(m2, 0, (size_t)width * sizeof(float));
    for (int64_t j = 0; j < rows; j += NORM_CHUNK) {
        int64_t n = rows - j < NORM_CHUNK ? rows - j : NORM_CHUNK, c = 0;
        const float *at = x + j * width;
        for (; c + NORM_SIDE * VL <= width; c += NORM_SIDE * VL)
            moments_group(at + c, n, width, j, shift + c, mean + c, m2 + c, NORM_SIDE, VL);
        for (; c < width; c += VL) moments_group(at + c, n, width, j, shift + c, mean + c, m2 + c, 1, lane_count(width - c));
    }
}

/*
 * x > 0 as a float, a denormal too, which the arithmetic of kernels would make 0: the standard deviation of numbers near the largest
 * has such an inverse.
 */
static inline float small_float(double x) {
    if (!(x < 0x1p-126)) return (float)x; /* NaN, too */
    uint32_t bits = (uint32_t)(x * 0x1p149 + 0.5);
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* in doubles, of `wide` neighboring channels in each of `rows`; returns rstd */
static float far_moments(const float *x, int64_t rows, int64_t c, int64_t wide, int about_zero, float epsilon, float *mean,
                         float *variance) {
    double n = (double)rows * (double)wide, sum = 0, squares = 0, middle = 0;
    for (int64_t j = 0; j < rows && !about_zero; j++)
        for (int64_t i = 0; i < wide; i++) sum += x[j * c + i];
    if (!about_zero) middle = sum / n;
    for (int64_t j = 0; j < rows; j++)
        for (int64_t i = 0; i < wide; i++) squares += (x[j * c + i] - middle) * (x[j * c + i] - middle);
    *mean = (float)middle;
    *variance = (float)(squares / n);
    return small_float(1 / __builtin_sqrt(squares / n + epsilon));
}

/* ---- many rows: three passes over lines, each cut so that threads change nothing ---- */

struct norm_job {
    const void *a;
    struct norm_view w;
    int64_t outer;
    float *gamma, *beta, *scratch; /* of a line; scratch for every outer index */
    int measures;                  /* whether there is anything to sum up */
    void (*begin)(const struct norm_job *j, int64_t o);
    void (*sum)(const struct norm_job *j, int64_t o, int64_t b);
    void (*join)(const struct norm_job *j, int64_t o);
    void (*lines)(const struct norm_job *j, int64_t o, int64_t from, int64_t to);
};

/* what an outer index has of scratch */
struct norm_place {
    float *mean, *rstd, *a, *b, *sums;
};
static struct norm_place norm_place_of(const struct norm_job *j, int64_t o) {
    int64_t w = j->w.width;
    float *at = j->scratch + o * norm_each(&j->w);
    return (struct norm_place){at, at + w, at + 2 * w, at + 3 * w, at + 4 * w};
}

static int64_t norm_lines(const struct norm_view *w) { return w->lines + (w->tail > 0); }

static void norm_wholes(void *context, int64_t part, int64_t parts) {
    const struct norm_job *j = context;
    int64_t from, to;
    fathom_range(j->outer, 1, part, parts, &from, &to);
    for (int64_t o = from; o < to; o++) {
        j->begin(j, o);
        if (j->measures) {
            for (int64_t b = 0; b < j->w.blocks; b++) j->sum(j, o, b);
            j->join(j, o);
        }
        j->lines(j, o, 0, norm_lines(&j->w));
    }
}
static void norm_sums_part(void *context, int64_t part, int64_t parts) {
    const struct norm_job *j = context;
    int64_t from, to;
    fathom_range(j->outer * j->w.blocks, 1, part, parts, &from, &to);
    for (int64_t unit = from; unit < to; unit++) j->sum(j, unit / j->w.blocks, unit % j->w.blocks);
}
static void norm_lines_part(void *context, int64_t part, int64_t parts) {
    const struct norm_job *j = context;
    int64_t from, to, lines = norm_lines(&j->w);
    for (int64_t o = 0; o < j->outer; o++) {
        fathom_range(lines, 1, part, parts, &from, &to);
        if (from < to) j->lines(j, o, from, to);
    }
}
static void norm_run(struct norm_job *j, double nanos) {
    int64_t lines = norm_lines(&j->w), parts = fathom_parts(nanos, j->outer > lines ? j->outer : lines);
    if (parts <= j->outer) {
        fathom_parallel(norm_wholes, j, parts);
        return;
    }
    for (int64_t o = 0; o < j->outer; o++) j->begin(j, o);
    if (j->measures) {
        fathom_parallel(norm_sums_part, j, parts);
        for (int64_t o = 0; o < j->outer; o++) j->join(j, o);
    }
    fathom_parallel(norm_lines_part, j, parts);
}

/* whether lines from y on, part of n floats, go past the caches */
static int norm_streams(const struct norm_job *j, const float *y, int64_t n) { return j->w.width % VL == 0 && streams(y, n); }

/* the lines of block b */
static void norm_block(const struct norm_job *j, int64_t b, int64_t *from, int64_t *to) {
    fathom_range(j->w.lines, NORM_CHUNK, b, j->w.blocks, from, to);
}

/* ---- forward ---- */

static void norm_begin(const struct norm_job *j, int64_t o) {
    const struct norm_args *a = j->a;
    if (a->mode != NORM_GIVEN) return;
    struct norm_place p = norm_place_of(j, o);
    for (int64_t c = 0; c < a->c; c++) p.b[c] = norm_rstd(a->variance[c], a->epsilon);
    norm_repeat(p.rstd, p.b, 0, a->c, j->w.width);
    norm_repeat(p.mean, a->mean, 0, a->c, j->w.width);
}

static void norm_sum(const struct norm_job *j, int64_t o, int64_t b) {
    const struct norm_args *a = j->a;
    const float *x = a->x + o * a->rows * a->c, *shift = x;
    float line[NORM_WIDEST], *sums = norm_place_of(j, o).sums + 2 * b * j->w.width;
    int64_t from, to;
    norm_block(j, b, &from, &to);
    if (j->w.side > 1) norm_repeat(line, x, 0, a->c, j->w.width), shift = line;
    moments(x + from * j->w.width, to - from, j->w.width, shift, sums, sums + j->w.width);
}

/* the mean and the variance of the channels of a group, which lie at mean[0 .. wide) relative to x[0 .. wide) and at m2 */
static float group_moments(const float *x, const float *mean, const float *m2, int64_t rows, int64_t wide, float *variance) {
    float m = mean[0], q = m2[0];
    for (int64_t i = 1; i < wide; i++) {
        float d = (mean[i] + (x[i] - x[0])) - m, share = 1 / (float)(i + 1);
        m += d * share;
        q += m2[i] + d * d * ((float)(rows * i) * share);
    }
    *variance = q / (float)(rows * wide);
    return x[0] + m;
}

static void norm_join(const struct norm_job *j, int64_t o) {
    const struct norm_args *a = j->a;
    const struct norm_view *w = &j->w;
    const struct norm_place p = norm_place_of(j, o);
    const float *x = a->x + o * a->rows * a->c;
    float *mean = p.sums, *m2 = mean + w->width, count[NORM_BLOCKS], tail[2 * NORM_WIDEST], before = (float)w->lines;
    for (int64_t b = 0; b < w->blocks; b++) {
        int64_t from, to;
        norm_block(j, b, &from, &to);
        count[b] = (float)(to - from);
    }
    for (int64_t half = w->blocks / 2; half; half /= 2)
        for (int64_t b = 0; b < half; b++) {
            float *to = mean + 2 * b * w->width, *from = to + 2 * half * w->width;
            moments_join_all(to, to + w->width, count[b], from, from + w->width, count[b + half], w->width);
            count[b] += count[b + half];
        }
    if (w->side > 1) {
        for (int64_t half = w->side / 2; half && w->lines; half /= 2, before *= 2)
            moments_join_all(mean, m2, before, mean + half * a->c, m2 + half * a->c, before, half * a->c);
        if (w->tail) {
            moments(x + w->lines * w->width, w->tail / a->c, a->c, x, tail, tail + NORM_WIDEST);
            moments_join_all(mean, m2, before, tail, tail + NORM_WIDEST, (float)(w->tail / a->c), a->c);
        }
    }
    const int64_t wide = a->c / a->groups;
    if (wide == 1) {
        const float n = (float)a->rows;
        EACH_VECTOR(a->c, {
            v variance = v_get(m2 + i, m) / n;
            v_put(p.mean + i, v_get(x + i, m) + v_get(mean + i, m), m);
            v_put(p.rstd + i, 1 / v_sqrt(variance + a->epsilon), m);
            v_put(m2 + i, variance, m);
        });
    }
    for (int64_t g = 0; g < a->groups; g++) {
        int64_t c = g * wide, at = o * a->groups + g;
        float m = p.mean[c], rstd = p.rstd[c], variance = m2[c];
        if (wide > 1) {
            m = group_moments(x + c, mean + c, m2 + c, a->rows, wide, &variance);
            rstd = norm_rstd(variance, a->epsilon);
        }
        if (!(variance < INFINITY)) rstd = far_moments(x + c, a->rows, a->c, wide, 0, a->epsilon, &m, &variance);
        for (int64_t i = c; i < c + wide; i++) p.mean[i] = m, p.rstd[i] = rstd;
        if (a->mean) a->mean[at] = m;
        if (a->rstd) a->rstd[at] = rstd;
        if (a->variance) a->variance[at] = variance;
    }
    for (int64_t i = a->c; i < w->width; i++) p.mean[i] = p.mean[i - a->c], p.rstd[i] = p.rstd[i - a->c];
}

/* floats at .. to, from the beginning of a line on */
INLINE void norm_finish(const struct norm_job *j, const struct norm_place *p, int64_t at, int64_t to, int relu, int residual) {
    const struct norm_args *a = j->a;
    const int64_t width = j->w.width;
    const int stream = norm_streams(j, a->y + at, a->outer * a->rows * a->c);
    for (; at < to; at += width) {
        const float *x = a->x + at, *more = residual ? a->residual + at : x;
        float *y = a->y + at;
        MAP(y, to - at < width ? to - at : width, stream, ({
                v z = norm_hat(v_get(x + i, m), v_get(p->mean + i, m), v_get(p->rstd + i, m));
                z = v_fma(z, v_get(j->gamma + i, m), v_get(j->beta + i, m));
                if (residual) z = z + v_get(more + i, m);
                relu ? unary_relu(z, z, z) : z;
            }));
    }
    if (stream) v_stream_end();
}

static void norm_act(const struct norm_args *a, int64_t at, int64_t to) {
    if (a->pre) memcpy(a->pre + at, a->y + at, (size_t)(to - at) * sizeof(float));
    unary_rows[a->row].forward(a->y + at, a->y + at, to - at, v_set(a->p0), v_set(a->p1), 0);
}

static void norm_normal(const struct norm_job *j, int64_t o, int64_t from, int64_t to) {
    const struct norm_args *a = j->a;
    const struct norm_place p = norm_place_of(j, o);
    int64_t first = o * a->rows * a->c, end = first + a->rows * a->c, width = j->w.width;
    int64_t at = first + from * width, stop = first + to * width < end ? first + to * width : end;
    if (a->row == UNARY_relu && a->residual) norm_finish(j, &p, at, stop, 1, 1);
    else if (a->row == UNARY_relu) norm_finish(j, &p, at, stop, 1, 0);
    else if (a->row < 0 && a->residual) norm_finish(j, &p, at, stop, 0, 1);
    else if (a->row < 0) norm_finish(j, &p, at, stop, 0, 0);
    else
        for (int64_t step = (4096 + width - 1) / width * width; at < stop; at += step) { /* what was written lies in L1 still */
            int64_t n = stop - at < step ? stop - at : step;
            if (a->residual) norm_finish(j, &p, at, at + n, 0, 1);
            else norm_finish(j, &p, at, at + n, 0, 0);
            norm_act(a, at, at + n);
        }
}

/* ---- one row: the values of a group lie side by side ---- */

static void norm_row_part(void *context, int64_t part, int64_t parts) {
    const struct norm_args *a = context;
    int64_t from, to, n = a->c / a->groups;
    const int stream = n % VL == 0 && a->row < 0 && streams(a->y, a->outer * a->c);
    fathom_range(a->outer * a->groups, 1, part, parts, &from, &to);
    for (int64_t row = from; row < to; row++) {
        const float *x = a->x + row * n, *gamma = a->gamma ? a->gamma + row % a->groups * n : 0;
        const float *beta = a->beta ? a->beta + row % a->groups * n : 0, *residual = a->residual ? a->residual + row * n : 0;
        float *y = a->y + row * n, mean = 0, variance;
        if (a->mode != NORM_RMS) mean = row_sum(x, n) / (float)n;
        variance = row_terms(REDUCE_VARIANCE, x, n, mean) / (float)n;
        float rstd = norm_rstd(variance, a->epsilon);
        if (!(variance < INFINITY)) rstd = far_moments(x, 1, n, n, a->mode == NORM_RMS, a->epsilon, &mean, &variance);
        if (a->mean) a->mean[row] = mean;
        if (a->rstd) a->rstd[row] = rstd;
        const v m_ = v_set(mean), r_row = v_set(rstd), one = v_set(1), zero = v_set(0);
        const int relu = a->row == UNARY_relu;
        MAP(y, n, stream, ({
                v z = norm_hat(v_get(x + i, m), m_, r_row);
                z = v_fma(z, gamma ? v_get(gamma + i, m) : one, beta ? v_get(beta + i, m) : zero);
                if (residual) z = z + v_get(residual + i, m);
                relu ? unary_relu(z, z, z) : z;
            }));
        if (a->row >= 0 && !relu) norm_act(a, row * n, row * n + n);
    }
    if (stream) v_stream_end();
}

static int32_t k_norm(const struct norm_args *a, int64_t *detail) {
    (void)detail;
    double nanos = (double)(a->outer * a->rows * a->c) * 0.15;
    if (nanos == 0) return FATHOM_OK;
    if (a->rows == 1 && a->mode != NORM_GIVEN) {
        int64_t rows = a->outer * a->groups;
        fathom_parallel(norm_row_part, (void *)a, fathom_parts(nanos + (double)rows * 15, rows));
        return FATHOM_OK;
    }
    struct norm_view w = norm_view_of(a->rows, a->c);
    struct norm_job j = {.a = a, .w = w, .outer = a->outer, .gamma = a->scratch, .beta = a->scratch + w.width,
                         .scratch = a->scratch + 2 * w.width, .measures = a->mode != NORM_GIVEN, .begin = norm_begin,
                         .sum = norm_sum, .join = norm_join, .lines = norm_normal};
    norm_repeat(j.gamma, a->gamma, 1, a->c, w.width);
    norm_repeat(j.beta, a->beta, 0, a->c, w.width);
    norm_run(&j, nanos);
    return FATHOM_OK;
}

/* ---- gradients of many rows; relu 1: the mask is told by the value, computed again, 2: by y, and dy becomes dz ---- */

static void norm_grad_begin(const struct norm_job *j, int64_t o) {
    const struct norm_grad_args *a = j->a;
    const struct norm_place p = norm_place_of(j, o);
    int64_t wide = a->c / a->groups;
    for (int64_t c = 0; c < a->c; c++) {
        int64_t g = o * a->groups + c / wide;
        p.mean[c] = a->mean[g];
        p.rstd[c] = a->mode == NORM_GIVEN ? norm_rstd(a->variance[c], a->epsilon) : a->rstd[g];
    }
    for (int64_t i = a->c; i < j->w.width; i++) p.mean[i] = p.mean[i - a->c], p.rstd[i] = p.rstd[i - a->c];
    memset(p.a, 0, 2 * (size_t)j->w.width * sizeof(float));
}

INLINE void grad_group(const struct norm_job *j, const struct norm_place *p, int64_t at, int64_t c, int64_t lines, float *sums,
                       int64_t side, int64_t last, int64_t relu) {
    const struct norm_grad_args *a = j->a;
    const int64_t width = j->w.width;
    v mean[NORM_SIDE], rstd[NORM_SIDE], gamma[NORM_SIDE], beta[NORM_SIDE], s[NORM_SIDE], q[NORM_SIDE];
    for (int i = 0; i < side; i++) {
        mean[i] = v_get(p->mean + c + i * VL, last);
        rstd[i] = v_get(p->rstd + c + i * VL, last);
        gamma[i] = relu == 1 ? v_get(j->gamma + c + i * VL, last) : mean[i];
        beta[i] = relu == 1 ? v_get(j->beta + c + i * VL, last) : mean[i];
        s[i] = q[i] = v_set(0);
    }
    at += c;
    for (int64_t line = 0; line < lines; line++, at += width)
        for (int i = 0; i < side; i++) {
            v hat = norm_hat(v_get(a->x + at + i * VL, last), mean[i], rstd[i]), dz = v_get(a->dy + at + i * VL, last);
            if (relu == 1) {
                v z = v_fma(hat, gamma[i], beta[i]);
                dz = unary_relu_back(z, z, dz, z, z);
            } else if (relu == 2) {
                v y = v_get(a->y + at + i * VL, last);
                dz = unary_relu_back(y, y, dz, y, y);
                v_put(a->dy + at + i * VL, dz, last);
            }
            s[i] = s[i] + dz;
            q[i] = v_fma(dz, hat, q[i]);
        }
    for (int i = 0; i < side; i++) {
        float *to = sums + c + i * VL;
        v_put(to, v_get(to, last) + s[i], last);
        v_put(to + width, v_get(to + width, last) + q[i], last);
    }
}
INLINE void grad_lines(const struct norm_job *j, const struct norm_place *p, int64_t at, int64_t lines, int64_t n, float *sums,
                       int64_t relu) {
    int64_t c = 0;
    for (; c + NORM_SIDE * VL <= n; c += NORM_SIDE * VL) grad_group(j, p, at, c, lines, sums, NORM_SIDE, VL, relu);
    for (; c < n; c += VL) grad_group(j, p, at, c, lines, sums, 1, lane_count(n - c), relu);
}
INLINE void grad_block(const struct norm_job *j, int64_t o, int64_t b, int64_t relu) {
    const struct norm_grad_args *a = j->a;
    const struct norm_view *w = &j->w;
    const struct norm_place p = norm_place_of(j, o);
    float *sums = p.sums + 2 * b * w->width;
    int64_t from, to, first = o * a->rows * a->c;
    norm_block(j, b, &from, &to);
    memset(sums, 0, 2 * (size_t)w->width * sizeof(float));
    for (int64_t line = from; line < to; line += NORM_CHUNK)
        grad_lines(j, &p, first + line * w->width, to - line < NORM_CHUNK ? to - line : NORM_CHUNK, w->width, sums, relu);
    if (w->tail && b == w->blocks - 1) grad_lines(j, &p, first + w->lines * w->width, 1, w->tail, sums, relu);
}
static void norm_grad_sum(const struct norm_job *j, int64_t o, int64_t b) {
    const struct norm_grad_args *a = j->a;
    if (a->relu == 1) grad_block(j, o, b, 1);
    else if (a->relu == 2) grad_block(j, o, b, 2);
    else grad_block(j, o, b, 0);
}

/* to[n] += from[n] */
static void norm_add(float *to, const float *from, int64_t n) {
    EACH_VECTOR(n, v_put(to + i, v_get(to + i, m) + v_get(from + i, m), m););
}

static void norm_grad_join(const struct norm_job *j, int64_t o) {
    const struct norm_grad_args *a = j->a;
    const struct norm_place p = norm_place_of(j, o);
    int64_t width = j->w.width, wide = a->c / a->groups;
    float *s = p.sums, *q = s + width;
    for (int64_t half = j->w.blocks / 2; half; half /= 2) norm_add(s, s + 2 * half * width, 2 * half * width);
    for (int64_t half = j->w.side / 2; half; half /= 2) {
        norm_add(s, s + half * a->c, half * a->c);
        norm_add(q, q + half * a->c, half * a->c);
    }
    if (a->mode == NORM_GIVEN) return;
    const float n = (float)(a->rows * wide);
    if (wide == 1) {
        EACH_VECTOR(a->c, {
            v gamma = v_get(j->gamma + i, m);
            v_put(p.a + i, gamma * v_get(s + i, m) / n, m);
            v_put(p.b + i, gamma * v_get(q + i, m) / n, m);
        });
    }
    for (int64_t c = 0; c < a->c && wide > 1; c += wide) {
        float sum = 0, hats = 0;
        for (int64_t i = c; i < c + wide; i++) sum += j->gamma[i] * s[i], hats += j->gamma[i] * q[i];
        for (int64_t i = c; i < c + wide; i++) p.a[i] = sum / n, p.b[i] = hats / n;
    }
    for (int64_t i = a->c; i < width; i++) p.a[i] = p.a[i - a->c], p.b[i] = p.b[i - a->c];
}

INLINE void norm_grad_finish(const struct norm_job *j, const struct norm_place *p, int64_t at, int64_t to, int relu,
                             int64_t add) {
    const struct norm_grad_args *a = j->a;
    const int64_t width = j->w.width;
    const int stream = !add && a->dx != a->dy && norm_streams(j, a->dx + at, a->outer * a->rows * a->c);
    for (; at < to; at += width) {
        const float *x = a->x + at, *dy = a->dy + at;
        float *dx = a->dx + at;
        MAP(dx, to - at < width ? to - at : width, stream, ({
                v hat = norm_hat(v_get(x + i, m), v_get(p->mean + i, m), v_get(p->rstd + i, m));
                v gamma = v_get(j->gamma + i, m), dz = v_get(dy + i, m);
                if (relu) {
                    v z = v_fma(hat, gamma, v_get(j->beta + i, m));
                    dz = unary_relu_back(z, z, dz, z, z);
                }
                v sum = v_fnma(hat, v_get(p->b + i, m), v_fma(dz, gamma, -v_get(p->a + i, m)));
                plus(v_get(p->rstd + i, m) * sum, dx + i, m, add);
            }));
    }
    if (stream) v_stream_end();
}
static void norm_grad_dx(const struct norm_job *j, int64_t o, int64_t from, int64_t to) {
    const struct norm_grad_args *a = j->a;
    const struct norm_place p = norm_place_of(j, o);
    int64_t first = o * a->rows * a->c, end = first + a->rows * a->c, width = j->w.width;
    int64_t at = first + from * width, stop = first + to * width < end ? first + to * width : end;
    if (!a->dx) return;
    if (a->relu == 1 && !(a->add & 1)) norm_grad_finish(j, &p, at, stop, 1, 0);
    else if (a->relu == 1) norm_grad_finish(j, &p, at, stop, 1, 1);
    else if (!(a->add & 1)) norm_grad_finish(j, &p, at, stop, 0, 0);
    else norm_grad_finish(j, &p, at, stop, 0, 1);
}

/* what the parameters receive of sums that lie `each` floats apart for every outer index, in their order */
static void norm_parameters(const struct norm_grad_args *a, const float *s, const float *q, int64_t each) {
    for (int which = 0; which < 2; which++) {
        float *to = which ? a->dgamma : a->dbeta;
        const float *from = which ? q : s;
        if (!to) continue;
        EACH_VECTOR(a->c, {
            v sum = v_set(0);
            for (int64_t o = 0; o < a->outer; o++) sum = sum + v_get(from + o * each + i, m);
            give(to + i, sum, a->add & (which ? 2 : 4), m);
        });
    }
}

/* ---- gradients of one row ---- */

static int64_t norm_row_blocks(const struct norm_grad_args *a) {
    return a->outer >= NORM_BLOCKS && a->outer * a->c >= 16384 ? NORM_BLOCKS : 1;
}

INLINE void norm_row_grad(const struct norm_grad_args *a, int64_t row, int64_t n, float *dbeta, float *dgamma, int64_t relu) {
    const int64_t from = row * n, group = row % a->groups * n;
    const float *x = a->x + from, *gamma = a->gamma ? a->gamma + group : 0, *beta = a->beta ? a->beta + group : 0;
    float *dy = a->dy + from;
    const v mean = v_set(a->mode == NORM_RMS ? 0 : a->mean[row]), rstd = v_set(a->rstd[row]), one = v_set(1), zero = v_set(0);
    v16 s = v16_zero(), q = s;
    for (int64_t i = 0; i < n; i += VL) { /* dz, and the sums over gamma dz and gamma dz xhat */
        const int64_t m = lane_count(n - i), k = i / VL % V16;
        v hat = norm_hat(v_get(x + i, m), mean, rstd), g = gamma ? v_get(gamma + i, m) : one, dz = v_get(dy + i, m);
        if (relu == 1) {
            v z = v_fma(hat, g, beta ? v_get(beta + i, m) : zero);
            dz = unary_relu_back(z, z, dz, z, z);
        } else if (relu == 2) {
            v y = v_get(a->y + from + i, m);
            dz = unary_relu_back(y, y, dz, y, y);
            v_put(dy + i, dz, m);
        }
        g = dz * g;
        s.part[k] = s.part[k] + g;
        q.part[k] = v_fma(g, hat, q.part[k]);
    }
    const v sum = v_set(a->mode == NORM_RMS ? 0 : v16_total(s) / (float)n), hats = v_set(v16_total(q) / (float)n);
    for (int64_t i = 0; i < n; i += VL) {
        const int64_t m = lane_count(n - i);
        v hat = norm_hat(v_get(x + i, m), mean, rstd), g = gamma ? v_get(gamma + i, m) : one, dz = v_get(dy + i, m);
        if (relu == 1) {
            v z = v_fma(hat, g, beta ? v_get(beta + i, m) : zero);
            dz = unary_relu_back(z, z, dz, z, z);
        }
        if (a->dgamma) v_put(dgamma + i, v_fma(dz, hat, v_get(dgamma + i, m)), m);
        if (a->dbeta) v_put(dbeta + i, v_get(dbeta + i, m) + dz, m);
        if (a->dx) give(a->dx + from + i, rstd * v_fnma(hat, hats, dz * g - sum), a->add & 1, m);
    }
}

static void norm_row_grad_part(void *context, int64_t part, int64_t parts) {
    const struct norm_grad_args *a = context;
    int64_t from, to, n = a->c / a->groups, blocks = norm_row_blocks(a);
    fathom_range(blocks, 1, part, parts, &from, &to);
    for (int64_t b = from; b < to; b++) {
        float *sums = a->scratch + 2 * b * a->c;
        int64_t first, end;
        fathom_range(a->outer, 1, b, blocks, &first, &end);
        memset(sums, 0, 2 * (size_t)a->c * sizeof(float));
        for (int64_t row = first * a->groups; row < end * a->groups; row++) {
            float *at = sums + row % a->groups * n;
            if (a->relu == 1) norm_row_grad(a, row, n, at, at + a->c, 1);
            else if (a->relu == 2) norm_row_grad(a, row, n, at, at + a->c, 2);
            else norm_row_grad(a, row, n, at, at + a->c, 0);
        }
    }
}

static int32_t k_norm_grad(const struct norm_grad_args *a, int64_t *detail) {
    (void)detail;
    double nanos = (double)(a->outer * a->rows * a->c) * 0.25;
    if (a->rows == 1 && a->mode != NORM_GIVEN) {
        int64_t blocks = norm_row_blocks(a);
        fathom_parallel(norm_row_grad_part, (void *)a, fathom_parts(nanos, blocks));
        for (int64_t half = blocks / 2; half; half /= 2) norm_add(a->scratch, a->scratch + 2 * half * a->c, 2 * half * a->c);
        struct norm_grad_args all = *a;
        all.outer = 1;
        norm_parameters(&all, a->scratch, a->scratch + a->c, 0);
        return FATHOM_OK;
    }
    struct norm_view w = norm_view_of(a->rows, a->c);
    struct norm_job j = {.a = a, .w = w, .outer = a->outer, .gamma = a->scratch, .beta = a->scratch + w.width,
                         .scratch = a->scratch + 2 * w.width,
                         .measures = a->mode != NORM_GIVEN || a->dgamma || a->dbeta || a->relu == 2, .begin = norm_grad_begin,
                         .sum = norm_grad_sum, .join = norm_grad_join, .lines = norm_grad_dx};
    norm_repeat(j.gamma, a->gamma, 1, a->c, w.width);
    norm_repeat(j.beta, a->beta, 0, a->c, w.width);
    if (a->outer > 0) norm_run(&j, nanos);
    float *sums = norm_place_of(&j, 0).sums;
    norm_parameters(a, sums, sums + w.width, norm_each(&w));
    return FATHOM_OK;
}

/* ---- local response: y = x d^-beta, d = k + alpha / size * the sum of x^2 over size channels about it ---- */

/* the n <= VL floats from p[at] on, of a row of c; 0 outside it */
INLINE v row_window(const float *p, int64_t at, int64_t c, int64_t n) {
    if (at >= 0 && at + n <= c) return v_get(p + at, n);
    if (at >= c || at + n <= 0) return v_set(0);
    if (at >= 0) return v_load_n(p + at, c - at);
    float edge[2 * VL] = {0};
    int64_t some = at + n < c ? at + n : c;
    v_store_n(edge - at, v_load_n(p, some), some);
    return v_load(edge);
}

/* the first s with a channel at c + s - half, or in the lanes behind it */
static int64_t first_shift(int64_t half, int64_t c) { return half > c + VL ? half - c - VL : 0; }

static void local_response_part(void *context, int64_t part, int64_t parts) {
    const struct local_response_args *a = context;
    int64_t from, to;
    const v power = v_set(-a->beta), alpha = v_set(a->alpha / (float)a->size), k = v_set(a->k);
    fathom_range(a->rows, 1, part, parts, &from, &to);
    for (int64_t at = from * a->c; at < to * a->c; at += a->c)
        for (int64_t c = 0; c < a->c; c += VL) {
            int64_t n = lane_count(a->c - c);
            v sum = v_set(0);
            for (int64_t s = first_shift(a->size / 2, c); s < a->size && c + s - a->size / 2 < a->c; s++) {
                v x = row_window(a->x + at, c + s - a->size / 2, a->c, n);
                sum = v_fma(x, x, sum);
            }
            v d = v_fma(sum, alpha, k);
            if (a->d) v_put(a->d + at + c, d, n);
            v_put(a->y + at + c, v_get(a->x + at + c, n) * v_pow(d, power), n);
        }
}
static double local_response_nanos(int64_t n, int64_t size) { return (double)n * (0.5 + 0.05 * (double)size); }
static int32_t k_local_response(const struct local_response_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(local_response_part, (void *)a, fathom_parts(local_response_nanos(a->rows * a->c, a->size), a->rows));
    return FATHOM_OK;
}

/* dx = dy d^-beta - 2 alpha beta / size x * the sum of t = dy x d^(-beta - 1) over the channels in whose sum x is */
static void local_response_grad_part(void *context, int64_t part, int64_t parts) {
    const struct local_response_grad_args *a = context;
    int64_t from, to;
    const v power = v_set(-a->beta), slope = v_set(2 * a->alpha * a->beta / (float)a->size);
    fathom_range(a->rows, 1, part, parts, &from, &to);
    for (int64_t at = from * a->c; at < to * a->c; at += a->c) {
        const float *x = a->x + at, *d = a->d + at, *dy = a->dy + at;
        float *t = fathom_own(), *y = t + a->c;
        EACH_VECTOR(a->c, {
            v d_i = v_get(d + i, m), scaled = v_get(dy + i, m) * v_pow(d_i, power);
            v_put(y + i, scaled, m);
            v_put(t + i, scaled * v_get(x + i, m) / d_i, m);
        });
        for (int64_t c = 0; c < a->c; c += VL) {
            int64_t n = lane_count(a->c - c);
            v sum = v_set(0);
            int64_t half = (a->size - 1) / 2;
            for (int64_t s = first_shift(half, c); s < a->size && c + s - half < a->c; s++)
                sum = sum + row_window(t, c + s - half, a->c, n);
            give(a->dx + at + c, v_fnma(v_get(x + c, n) * slope, sum, v_get(y + c, n)), a->add, n);
        }
    }
}
static int64_t local_response_scratch(const struct local_response_grad_args *a) { return a->rows == 0 ? 0 : PRODUCT(2, a->c); }
static int32_t k_local_response_grad(const struct local_response_grad_args *a, int64_t *detail) {
    (void)detail;
    int64_t parts = fathom_parts(local_response_nanos(a->rows * a->c, a->size), a->rows);
    fathom_parallel_with(local_response_grad_part, (void *)a, parts, a->scratch, local_response_scratch(a));
    return FATHOM_OK;
}

EXPORT(norm)
EXPORT_SCRATCH(norm, norm_scratch)
EXPORT(norm_grad)
EXPORT_SCRATCH(norm_grad, norm_grad_scratch)
EXPORT(local_response)
EXPORT(local_response_grad)
EXPORT_SCRATCH(local_response_grad, local_response_scratch)
