/*
 * Rows moved: y[o][i][:] = src[o][index[i]][:], rows of elements, of bytes to floats as value * scale + shift, or of bf16 and int8 to
 * floats; weighted sums of rows, y[i][:] = sum over k of weights[i][k] src[index[i][k]][:]; the backward of both, y[index[i][k]][:] +=
 * weights[i][k] x[i][:]; and rows at other distances.
 */
#include "bytes.h"
#include "indices.h"
#include "rows.h"

static void widen_row(const uint8_t *x, float *y, int64_t n) { EACH_VECTOR(n, v_put(y + i, (v)bytes_get(x + i, m), m);); }

/* The scales and shifts of 16 pixels are whole vectors, and begin anew with every 16 pixels. */
INLINE void scale_pixels(const uint8_t *x, float *y, int64_t n, const float *norm, int64_t channels) {
    const int64_t period = 16 * channels;
#define SCALED v_fma(__builtin_convertvector(bytes_get(x + i, m), v), v_load(norm + i), v_load(norm + period + i))
    for (; n >= period; n -= period, x += period, y += period) EACH_VECTOR(period, v_put(y + i, SCALED, m););
    EACH_VECTOR(n, v_put(y + i, SCALED, m););
#undef SCALED
}

static void scale_row(const uint8_t *x, float *y, int64_t n, const float *norm, int64_t channels) {
    if (channels == 1) scale_pixels(x, y, n, norm, 1); /* gray and color: loops of a known length */
    else if (channels == 3) scale_pixels(x, y, n, norm, 3);
    else scale_pixels(x, y, n, norm, channels);
}

static void bf16_row(const uint8_t *x, float *y, int64_t n) { EACH_VECTOR(n, v_put(y + i, bfloats_widen(shorts_get(x + 2 * i, m)), m);); }

static void int8_row(const uint8_t *x, float *y, int64_t n, float scale) {
    EACH_VECTOR(n, v_put(y + i, __builtin_convertvector(signed_get(x + i, m), v) * v_set(scale), m););
}

/* Rows lie anywhere: asked for two rows early, they come from memory while the rows before them are moved. */
enum { SHORT_BYTES = 4096 };
static inline void prefetch_bytes(const uint8_t *at, int64_t n) {
    for (int64_t i = 0; i < n; i += 64) __builtin_prefetch(at + i);
}

static void gather_part(void *at, int64_t part, int64_t parts) {
    const struct indexed *c = at;
    const struct gather_args *a = c->args;
    int64_t from, to, cols = a->cols, width = a->kind == GATHER_ELEMENTS ? a->width : a->kind == GATHER_BF16_TO_FLOATS ? 2 : 1;
    const int64_t bytes = cols * width;
    const int64_t low = a->negative ? -a->srcrows : 0;
    fathom_range(a->outer * a->rows, 1, part, parts, &from, &to);
    int64_t o = from / (a->rows ? a->rows : 1), i = from - o * a->rows;
    for (int64_t line = from; line < to; line++, i++) {
        if (i == a->rows) i = 0, o++;
        int64_t row = o * a->srcrows + index_within(index_read(a->index, i), i, low, a->srcrows, c->detail);
        float *y = (float *)a->y + line * cols;
        if (bytes <= SHORT_BYTES && i + 2 < a->rows) {
            int64_t ahead = o * a->srcrows + index_within(index_read(a->index, i + 2), i + 2, low, a->srcrows, c->detail);
            prefetch_bytes(a->src + ahead * bytes, bytes);
        }
        if (a->kind == GATHER_BYTES_TO_FLOATS) scale_row(a->src + row * cols, y, cols, a->norm, a->channels);
        else if (a->kind == GATHER_BYTES_TO_INTS) widen_row(a->src + row * cols, y, cols);
        else if (a->kind == GATHER_BF16_TO_FLOATS) bf16_row(a->src + row * bytes, y, cols);
        else if (a->kind == GATHER_INT8_TO_FLOATS) int8_row(a->src + row * bytes, y, cols, a->norm[row]);
        else if (bytes == 4) memcpy(a->y + line * 4, a->src + row * 4, 4);
        else copy_elements(a->src + row * bytes, a->y + line * bytes, cols, a->width);
    }
}

static int32_t k_gather(const struct gather_args *a, int64_t *detail) {
    if (!indices_within(a->index, a->rows, a->negative ? -a->srcrows : 0, a->srcrows, detail)) return FATHOM_BAD_INDEX;
    if (a->cols == 0) return FATHOM_OK;
    struct indexed c = {a, detail};
    int64_t lines = a->outer * a->rows;
    fathom_parallel(gather_part, &c, fathom_parts((double)(lines * a->cols) * 0.06 + (double)lines * 3, lines));
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_INDEX;
}

/* y += weight x */
static inline void row_add_times(const float *x, float weight, float *y, int64_t n) {
    const v w = v_set(weight);
    EACH_VECTOR(n, v_put(y + i, v_fma(w, v_get(x + i, m), v_get(y + i, m)), m););
}

/*
 * A part owns places of y: outer indices, and where those are too few for the threads, ranges of columns, or of rows where
 * columns are few. Whoever owns a place adds to it in the order of i.
 */
struct scatter_context {
    const struct scatter_add_args *a;
    int64_t *detail;
    int64_t cuts;  /* of the columns or rows of each outer index */
    int by_columns;
};

static void scatter_part(void *at, int64_t part, int64_t parts) {
    const struct scatter_context *c = at;
    const struct scatter_add_args *a = c->a;
    int64_t unit, end, cols = a->cols;
    const int64_t low = a->negative ? -a->yrows : 0;
    fathom_range(a->outer * c->cuts, 1, part, parts, &unit, &end);
    for (; unit < end; unit++) {
        int64_t o = unit / c->cuts, c0 = 0, c1 = cols, r0 = 0, r1 = a->yrows;
        if (c->by_columns) fathom_range(cols, 16, unit % c->cuts, c->cuts, &c0, &c1);
        else fathom_range(a->yrows, 1, unit % c->cuts, c->cuts, &r0, &r1);
        for (int64_t line = 0; line < a->rows; line++) {
            const float *x = a->x + (o * a->rows + line) * cols + c0;
            const int64_t end = line * a->most + length_at(a->lengths, line, a->most);
            for (int64_t k = line * a->most; k < end; k++) {
                const int32_t found = index_read(a->index, k);
                if (found == a->padding) continue;
                int64_t row = index_within(found, k, low, a->yrows, c->detail);
                if (row < r0 || row >= r1) continue;
                float *y = a->y + (o * a->yrows + row) * cols + c0;
                if (a->weights) row_add_times(x, a->weights[k], y, c1 - c0);
                else if (a->integers) EACH_VECTOR(c1 - c0, v_put(y + i, (v)((vu)v_get(y + i, m) + (vu)v_get(x + i, m)), m););
                else EACH_VECTOR(c1 - c0, v_put(y + i, v_get(y + i, m) + v_get(x + i, m), m););
            }
        }
    }
}

static int32_t k_scatter_add(const struct scatter_add_args *a, int64_t *detail) {
    if (!lengths_within(a->lengths, a->rows, a->most, detail)) return FATHOM_BAD_LENGTH;
    const int64_t low = a->negative ? -a->yrows : 0;
    if (!bags_within(a->index, a->lengths, a->rows, a->most, a->padding, low, a->yrows, detail)) return FATHOM_BAD_INDEX;
    const int64_t lines = a->outer * a->rows * a->most, vectors = (a->cols + 15) / 16;
    const int64_t most = vectors > a->yrows ? vectors : a->yrows;
    const int64_t parts = fathom_parts((double)(lines * a->cols) * 0.1 + (double)lines * 3, a->outer * most);
    /* whether a row belongs to a part is as good as random, and columns are not */
    const int by_columns = vectors >= parts;
    const int64_t cuts = by_columns ? vectors : a->yrows;
    struct scatter_context c = {a, detail, a->outer >= parts ? 1 : parts < cuts ? parts : cuts, by_columns};
    if (a->cols) fathom_parallel(scatter_part, &c, parts);
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_INDEX;
}

/* ---- weighted sums of rows ---- */

static void bag_part(void *at, int64_t part, int64_t parts) {
    const struct indexed *c = at;
    const struct bag_args *a = c->args;
    int64_t from, to, cols = a->cols;
    fathom_range(a->rows, 1, part, parts, &from, &to);
    for (int64_t line = from; line < to; line++) {
        float *y = a->y + line * cols;
        const int64_t end = line * a->most + length_at(a->lengths, line, a->most);
        if (a->bias) copy_row(a->bias, y, cols);
        else memset(y, 0, (size_t)cols * sizeof(float));
        for (int64_t k = line * a->most; k < end; k++) {
            const int32_t found = index_read(a->index, k);
            if (found == a->padding) continue;
            const float *row = a->src + index_checked(found, k, a->srcrows, c->detail) * cols;
            row_add_times(row, a->weights ? a->weights[k] : 1, y, cols);
        }
    }
}

static double bag_nanos(int64_t rows, int64_t most, int64_t cols) {
    return (double)(rows * (most + 1)) * (3 + 0.1 * (double)cols);
}

static int32_t k_bag(const struct bag_args *a, int64_t *detail) {
    if (!lengths_within(a->lengths, a->rows, a->most, detail)) return FATHOM_BAD_LENGTH;
    if (!bags_within(a->index, a->lengths, a->rows, a->most, a->padding, 0, a->srcrows, detail)) return FATHOM_BAD_INDEX;
    struct indexed c = {a, detail};
    if (a->cols) fathom_parallel(bag_part, &c, fathom_parts(bag_nanos(a->rows, a->most, a->cols), a->rows));
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_INDEX;
}

static void bag_weights_part(void *at, int64_t part, int64_t parts) {
    const struct indexed *c = at;
    const struct bag_weights_args *a = c->args;
    int64_t from, to, cols = a->cols;
    fathom_range(a->rows, 1, part, parts, &from, &to);
    for (int64_t line = from; line < to; line++) {
        const int64_t n = length_at(a->lengths, line, a->most);
        for (int64_t k = line * a->most; k < (line + 1) * a->most; k++) {
            const int32_t found = index_read(a->index, k);
            float dot = 0;
            if (k - line * a->most < n && found != a->padding)
                dot = row_dot(a->dy + line * cols, a->src + index_checked(found, k, a->srcrows, c->detail) * cols, cols);
            a->dweights[k] = a->add ? a->dweights[k] + dot : dot;
        }
    }
}

static int32_t k_bag_weights(const struct bag_weights_args *a, int64_t *detail) {
    if (!lengths_within(a->lengths, a->rows, a->most, detail)) return FATHOM_BAD_LENGTH;
    if (!bags_within(a->index, a->lengths, a->rows, a->most, a->padding, 0, a->srcrows, detail)) return FATHOM_BAD_INDEX;
    struct indexed c = {a, detail};
    fathom_parallel(bag_weights_part, &c, fathom_parts(bag_nanos(a->rows, a->most, a->cols), a->rows));
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_INDEX;
}

/* ---- rows at other distances ---- */

static void add_row(const float *x, float *y, int64_t n) { EACH_VECTOR(n, v_put(y + i, v_get(y + i, m) + v_get(x + i, m), m);); }

static void copy_rows_part(void *at, int64_t part, int64_t parts) {
    const struct copy_rows_args *a = at;
    int64_t from, to;
    fathom_range(a->outer * a->rows * a->cols, ELEMENT_GRAIN, part, parts, &from, &to);
    if (from == to) return;
    int64_t line = from / a->cols, c = from - line * a->cols, o = line / a->rows, row = line - o * a->rows;
    while (from < to) {
        int64_t n = a->cols - c < to - from ? a->cols - c : to - from;
        const uint8_t *x = a->x + (o * a->ox + row * a->sx + c) * a->width;
        uint8_t *y = a->y + (o * a->oy + row * a->sy + c) * a->width;
        if (a->add) add_row((const float *)x, (float *)y, n);
        else copy_elements(x, y, n, a->width);
        from += n;
        c = 0;
        if (++row == a->rows) row = 0, o++;
    }
}

static int32_t k_copy_rows(const struct copy_rows_args *a, int64_t *detail) {
    (void)detail;
    each_part(copy_rows_part, a, a->outer * a->rows * a->cols, MEMORY_NANOS + 3 / (double)a->cols);
    return FATHOM_OK;
}

EXPORT(gather)
EXPORT(scatter_add)
EXPORT(bag)
EXPORT(bag_weights)
EXPORT(copy_rows)
