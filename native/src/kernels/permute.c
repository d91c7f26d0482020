/*
 * y[dims] = x at any strides.
 *
 * Where the last dimension of y is also x's last, lines of it are copied. Else the last of y and the last of x change places:
 * tiles of both, whose lines on either side are whole cache lines, are transposed.
 */
#include "loops.h"
#include "transpose.h"

enum { PERMUTE_TILE = 64, PERMUTE_LINE = 4096, BUFFER_LINE = PERMUTE_TILE + 16 };

/*
 * A tile. Lines a multiple of 1 KiB apart fall into few sets of L1, which cannot hold the many lines of a large tile while it is written.
 * Such a tile goes through a buffer and leaves it line by line.
 */
static void permute_tile(const float *x, int64_t ldx, int64_t rows, int64_t cols, float *y, int64_t ldy) {
    enum { FEW_LINES = 8 };
    float buffer[PERMUTE_TILE * BUFFER_LINE];
    if (rows <= 4 && ldy == rows) {
        interleave(x, ldx, rows, cols, y);
        return;
    }
    if ((ldx % 256 || rows <= FEW_LINES) && (ldy % 256 || cols <= FEW_LINES)) {
        transpose(x, ldx, rows, cols, y, ldy, 0);
        return;
    }
    transpose(x, ldx, rows, cols, buffer, BUFFER_LINE, 1);
    for (int64_t c = 0; c < cols; c++) copy_row(buffer + c * BUFFER_LINE, y + c * ldy, rows);
}

struct permute_context {
    const uint8_t *x;
    uint8_t *y;
    int64_t width;                          /* bytes of an element */
    int64_t dims[6], strides[6];            /* without dimensions of 1, neighbors merged, 1 in front */
    int64_t units[6], step_x[6], step_y[6]; /* tiles or lines along each dimension, and how many bytes apart they begin */
    int turned;                             /* the dimension along which x is contiguous */
};

INLINE void permute_narrow(const uint8_t *x, int64_t ldx, int64_t rows, int64_t cols, uint8_t *y, int64_t ldy, size_t width) {
    for (int64_t c = 0; c < cols; c++)
        for (int64_t r = 0; r < rows; r++) memcpy(y + (c * ldy + r) * width, x + (r * ldx + c) * width, width);
}

static void permute_unit(const struct permute_context *c, const int64_t *at, const uint8_t *x, uint8_t *y) {
    int p = c->turned;
    if (p == 5) {
        int64_t left = c->dims[5] - at[5] * PERMUTE_LINE;
        copy_elements(x, y, left < PERMUTE_LINE ? left : PERMUTE_LINE, c->width);
        return;
    }
    int64_t rows = c->dims[5] - at[5] * PERMUTE_TILE, cols = c->dims[p] - at[p] * PERMUTE_TILE;
    const int64_t ldy = c->step_y[p] / PERMUTE_TILE / c->width;
    rows = rows < PERMUTE_TILE ? rows : PERMUTE_TILE;
    cols = cols < PERMUTE_TILE ? cols : PERMUTE_TILE;
    if (c->width == 4) permute_tile((const float *)x, c->strides[5], rows, cols, (float *)y, ldy);
    else if (c->width == 2) permute_narrow(x, c->strides[5], rows, cols, y, ldy, 2);
    else permute_narrow(x, c->strides[5], rows, cols, y, ldy, 1);
}

static void permute_part(void *context, int64_t part, int64_t parts) {
    const struct permute_context *c = context;
    int64_t from, to, at[6];
    fathom_range(dims_count(c->units), 1, part, parts, &from, &to);
    const uint8_t *x = c->x;
    uint8_t *y = c->y;
    int64_t rest = from;
    for (int d = 5; d >= 0; rest /= c->units[d--]) {
        at[d] = rest % c->units[d];
        x += at[d] * c->step_x[d];
        y += at[d] * c->step_y[d];
    }
    for (; from < to; from++) {
        permute_unit(c, at, x, y);
        for (int d = 5; d >= 0; d--) {
            x += c->step_x[d];
            y += c->step_y[d];
            if (++at[d] < c->units[d]) break;
            x -= at[d] * c->step_x[d];
            y -= at[d] * c->step_y[d];
            at[d] = 0;
        }
    }
}

static int32_t k_permute(const struct permute_args *a, int64_t *detail) {
    (void)detail;
    struct permute_context c = {.x = a->x, .y = a->y, .width = a->width, .dims = {1, 1, 1, 1, 1, 1}, .strides = {0, 0, 0, 0, 0, 1},
                                .turned = 5};
    int64_t n = dims_count(a->dims), dense = 1;
    if (n == 0) return FATHOM_OK;
    for (int d = 5, to = 6; d >= 0; d--) {
        if (a->dims[d] == 1) continue;
        if (to < 6 && a->strides[d] == c.strides[to] * c.dims[to]) {
            c.dims[to] *= a->dims[d];
        } else {
            c.dims[--to] = a->dims[d];
            c.strides[to] = a->strides[d];
        }
    }
    for (int d = 0; d < 5 && c.strides[5] != 1; d++)
        if (c.strides[d] == 1) c.turned = d;
    for (int d = 5; d >= 0; dense *= c.dims[d--]) {
        int64_t size = d != 5 && d != c.turned ? 1 : c.turned == 5 ? PERMUTE_LINE : PERMUTE_TILE;
        c.units[d] = (c.dims[d] + size - 1) / size;
        c.step_x[d] = size * c.strides[d] * a->width;
        c.step_y[d] = size * dense * a->width;
    }
    fathom_parallel(permute_part, &c, fathom_parts((double)n * 0.1, dims_count(c.units)));
    return FATHOM_OK;
}

EXPORT(permute)
