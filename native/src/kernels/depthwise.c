/* See depthwise.h. */
#include "depthwise.h"
#include "transpose.h"

enum {
    DEPTHWISE_TILE = 8,                       /* outputs of a row that are summed at a time */
    DEPTHWISE_HIGH = TILE_VECS == 4 ? 4 : 2,  /* a block of so many rows of outputs, where windows are of a kind that has one, */
    DEPTHWISE_WIDE = 4,                       /* by so many: its chains keep the multipliers busy, */
    DEPTHWISE_HELD = 9,                       /* and of at most so many taps in registers: more would move sums to the stack, */
    DEPTHWISE_ROW_HELD = TILE_VECS == 2,      /* or, where registers are few, of those that a row of pixels meets */
    DEPTHWISE_AHEAD = 1024,                   /* how many floats ahead along a row the tiles of sums for taps ask for what they read */
    DEPTHWISE_WIDEST = 24,                    /* outputs of a row that are summed whole wherever they come from, */
    DEPTHWISE_ALIASED = 128                   /* and channels a multiple of which lets pixels share few sets of L1 */
};

/*
 * Outputs of a row that a vector's gradients sum before those of the next vector. Where a line holds two vectors, the second finds
 * it in L1: three rows of x and one of dy fill half of it.
 */
static inline int64_t depthwise_turn(const struct weights *w) {
    return VL == 16 ? w->g.ow : most(machine.l1 / 8 / (w->g.c * (3 * w->columns.stride + 1)), 4);
}

void depthwise_pack(const float *w, int64_t taps, int64_t channels, float *panels) {
    for (int64_t c = 0; c < channels; c += VL)
        transpose(w + c * taps, taps, least(channels - c, VL), taps, panels + c * taps, VL, 1);
}

void depthwise_tap(const float *w, int64_t taps, int64_t tap, int64_t channels, float *panels, int64_t count, int64_t at) {
    for (int64_t c = 0; c < padded(channels); c += VL) {
        float *to = panels + c * count + at * VL;
        for (int64_t i = 0; i < VL; i++) to[i] = c + i < channels ? w[(c + i) * taps + tap] : 0;
    }
}

/*
 * y (+)= the sum over `rows` by `columns` taps for `count` outputs of a row, chains over r, then s. `side`: columns, where they
 * are a constant and outputs and taps both step from pixel to pixel: then each pixel is loaded once for all of its taps.
 */
INLINE void depthwise_tile(const struct conv *g, const float *x, const float *w, float *y, int64_t count, int64_t rows,
                           int64_t columns, int64_t side) {
    int64_t step = g->columns.stride * g->x_pixel, tap = g->columns.dilation * g->x_pixel, all = g->rows.taps * g->columns.taps;
    EACH_VECTOR(g->width, {
        v sum[DEPTHWISE_TILE];
        UNROLLED for (int q = 0; q < count; q++) sum[q] = g->add ? v_get(y + q * g->y_pixel + i, m) : v_set(0);
        const float *xr = x + i, *wr = w + i * all;
        for (int64_t r = 0; r < rows; r++, xr += g->rows.dilation * g->x_row, wr += g->columns.taps * VL) {
            if (side) {
                v taps[3];
                UNROLLED for (int s = 0; s < side; s++) taps[s] = v_load(wr + s * VL);
                UNROLLED for (int p = 0; p < count + side - 1; p++) {
                    v pixel = v_get(xr + p * step, m);
                    UNROLLED for (int s = 0; s < side; s++)
                        if (p - s >= 0 && p - s < count) sum[p - s] = v_fma(pixel, taps[s], sum[p - s]);
                }
            } else {
                for (int64_t s = 0; s < columns; s++) {
                    v one = v_load(wr + s * VL);
                    UNROLLED for (int q = 0; q < count; q++) sum[q] = v_fma(v_get(xr + s * tap + q * step, m), one, sum[q]);
                }
            }
        }
        if (count == DEPTHWISE_TILE) {
            const float *soon = xr - g->rows.dilation * g->x_row + (columns - 1) * tap + count * step;
            UNROLLED for (int q = 0; q < count; q++) __builtin_prefetch(soon + q * step, 0, 2);
            UNROLLED for (int q = 0; q < count; q++) __builtin_prefetch(y + (count + q) * g->y_pixel + i, 0, 2);
        }
        UNROLLED for (int q = 0; q < count; q++) v_put(y + q * g->y_pixel + i, sum[q], m);
    });
}

/* for each pixel of a block, with `at` on it: a register moves from one to the next, see HERE */
#define EACH_PIXEL(rows, columns, from, row, pixel, ...)                                                                       \
    do {                                                                                                                       \
        __typeof__((from) + 0) line_of_it = from;                                                                              \
        UNROLLED for (int a = 0; a < rows; a++, line_of_it += row) {                                                           \
            HERE(line_of_it);                                                                                                  \
            __typeof__((from) + 0) at = line_of_it;                                                                            \
            UNROLLED for (int q = 0; q < columns; q++, at += pixel) {                                                          \
                HERE(at);                                                                                                      \
                __VA_ARGS__                                                                                                    \
            }                                                                                                                  \
        }                                                                                                                      \
    } while (0);

/* where a block lies, and a bit for each of its rows and columns of outputs and pixels that exist: at a border not all do */
struct block {
    const float *x;
    float *y;
    uint32_t out_rows, out_columns, in_rows, in_columns;
};

/* along an axis, the pixels that so many neighboring outputs read; see depthwise_block */
INLINE int64_t block_pixels(int64_t outs, int64_t side, int64_t stride, int64_t up) {
    return up ? (outs + side - 2) / stride + 1 : (outs - 1) * stride + side;
}

/*
 * Vector i's share of the requests for what the next block is the first to touch. Each row of that is one run of memory, and every vector
 * asks for the next lines of it. Requests in this order are served faster than those for the same channels of every pixel: 8 images of
 * 112 x 112 with 96 channels and stride 2 take 0.58 of the time, 14 x 14 with 512 channels 0.85.
 */
INLINE void ask_for_rows(const float *p, int64_t row, int64_t i, const int rows, const int pixels) {
    enum { LINE = 16 };
    p += i * pixels;
    UNROLLED for (int a = 0; a < rows; a++, p += row) {
        HERE(p);
        UNROLLED for (int q = 0; q < pixels * VL; q += LINE) __builtin_prefetch(p + q, 0, 2);
    }
}

/*
 * y = act((((y +) the sum over `side` by `side` neighboring taps) + bias) + residual) for a block of outputs, whose windows overlap:
 * for rows one by one, every pixel comes from L2 `side` times. Up: the gradient of x, whose outputs lie `stride` times as close as the
 * pixels. Pixels are taken in order. Where registers are few and taps many, each row of taps is loaded once instead, and pixels are loaded
 * again from L1. The chains are those of depthwise_tile either way. Bounded: not all of the block exists.
 */
INLINE void depthwise_block(const struct conv *g, const struct linear_args *end, const struct block *b, const int side,
                            const int stride, const int up, const int bounded) {
    enum { HIGH = DEPTHWISE_HIGH, WIDE = DEPTHWISE_WIDE };
    const int64_t in_high = block_pixels(HIGH, side, stride, up), in_wide = block_pixels(WIDE, side, stride, up);
    const int new_high = up ? HIGH / stride : HIGH * stride, new_wide = up ? WIDE / stride : WIDE * stride;
    const int by_tap_rows = TILE_VECS == 2 && side * side > DEPTHWISE_HELD && !up;
    const int ahead = VL < 16 || stride == 1; /* with a stride, AVX-512 is faster where the processor guesses what comes */
    const int64_t x_row = g->x_row, x_pixel = g->x_pixel, y_row = g->y_row, y_pixel = g->y_pixel;
    const float *x = b->x, *bias = end ? end->bias : 0, *residual = end && end->residual ? end->residual + (b->y - end->y) : 0;
    float *y = b->y;
    const int row = end ? (int)end->row : -1;
    const v p0 = v_set(end ? end->p0 : 0), p1 = v_set(end ? end->p1 : 0);
    const uint32_t out_rows = b->out_rows, out_columns = b->out_columns, in_rows = b->in_rows, in_columns = b->in_columns;
#define IS_OUTPUT (!bounded || __builtin_expect((out_rows >> a & 1) && (out_columns >> q & 1), 1))
#define IS_PIXEL (!bounded || __builtin_expect((in_rows >> a & 1) && (in_columns >> q & 1), 1))
    EACH_VECTOR(g->width, {
        v sum[HIGH][TILE_CHAINS];
        const float *taps = g->panels + i * (side * side);
        EACH_PIXEL(HIGH, WIDE, y + i, y_row, y_pixel, sum[a][q] = g->add && IS_OUTPUT ? v_get(at, m) : v_set(0);)
        if (by_tap_rows) UNROLLED for (int r = 0; r < side; r++) {
            const float *line[HIGH];
            v tap[5];
            UNROLLED for (int s = 0; s < side; s++) tap[s] = v_load(taps + (r * side + s) * VL);
            UNROLLED for (int o = 0; o < HIGH; o++) line[o] = x + i + (o * stride + r) * x_row;
            UNROLLED for (int q = 0; q < in_wide; q++) UNROLLED for (int o = 0; o < HIGH; line[o++] += x_pixel) {
                const int a = o * stride + r;
                HERE(line[o]);
                if (IS_PIXEL) {
                    v pixel = v_get(line[o], m);
                    UNROLLED for (int p = 0; p < WIDE; p++) {
                        const int s = q - p * stride;
                        if (s >= 0 && s < side) sum[o][p] = v_fma(pixel, tap[s], sum[o][p]);
                    }
                }
            }
        }
        else EACH_PIXEL(in_high, in_wide, x + i, x_row, x_pixel, if (IS_PIXEL) {
            v pixel = v_get(at, m);
            if (side * side > DEPTHWISE_HELD || (DEPTHWISE_ROW_HELD && q == 0)) HERE(taps);
            UNROLLED for (int o = 0; o < HIGH; o++) UNROLLED for (int p = 0; p < WIDE; p++) {
                const int r = up ? o + side - 1 - a * stride : a - o * stride;
                const int s = up ? p + side - 1 - q * stride : q - p * stride;
                if (r >= 0 && r < side && s >= 0 && s < side) sum[o][p] = v_fma(pixel, v_load(taps + (r * side + s) * VL), sum[o][p]);
            }
        })
        if (bias) {
            v one = v_get(bias + i, m);
            UNROLLED for (int a = 0; a < HIGH; a++) UNROLLED for (int q = 0; q < WIDE; q++) sum[a][q] = sum[a][q] + one;
        }
        if (residual) EACH_PIXEL(HIGH, WIDE, residual + i, y_row, y_pixel, if (IS_OUTPUT) sum[a][q] = sum[a][q] + v_get(at, m);)
        sum_act(HIGH, WIDE, row, p0, p1, sum);
        EACH_PIXEL(HIGH, WIDE, y + i, y_row, y_pixel, if (IS_OUTPUT) v_put(at, sum[a][q], m);)
        if (ahead) {
            ask_for_rows(x + (in_high - new_high) * x_row + in_wide * x_pixel, x_row, i, new_high, new_wide);
            ask_for_rows(y + WIDE * y_pixel, y_row, i, HIGH, WIDE);
        }
    });
#undef IS_OUTPUT
#undef IS_PIXEL
}

/* a block of each kind that has one, within an image and at its borders */
typedef void depthwise_fn(const struct conv *g, const struct linear_args *end, const struct block *b);
#define DEPTHWISE_BLOCKS(ROW) ROW(3, 1, 0) ROW(3, 2, 0) ROW(3, 2, 1) ROW(5, 1, 0) ROW(5, 2, 0) ROW(5, 2, 1)
#define BLOCK_OF(side, stride, up, bounded)                                                                                    \
    static void depthwise_##side##stride##up##bounded(const struct conv *g, const struct linear_args *end, const struct block *b) { \
        depthwise_block(g, end, b, side, stride, up, bounded);                                                                 \
    }
#define BLOCKS_OF(side, stride, up) BLOCK_OF(side, stride, up, 0) BLOCK_OF(side, stride, up, 1)
DEPTHWISE_BLOCKS(BLOCKS_OF)

static const struct depthwise_kind {
    int64_t side, stride, up;
    depthwise_fn *within, *bounded;
} depthwise_kinds[] = {
#define KIND_OF(side, stride, up) {side, stride, up, depthwise_##side##stride##up##0, depthwise_##side##stride##up##1},
    DEPTHWISE_BLOCKS(KIND_OF)
#undef KIND_OF
};

/* the kind of blocks of a convolution, or of the gradient of its x, or 0 */
static const struct depthwise_kind *depthwise_kind(const struct axis *rows, const struct axis *columns, int64_t up) {
    for (size_t i = 0; i < sizeof depthwise_kinds / sizeof *depthwise_kinds; i++) {
        const struct depthwise_kind *k = depthwise_kinds + i;
        if (rows->taps == k->side && columns->taps == k->side && rows->stride == k->stride && columns->stride == k->stride
            && rows->dilation == 1 && columns->dilation == 1 && k->up == up)
            return k;
    }
    return 0;
}

static int is_three(const struct axis *a) { return a->taps == 3 && a->dilation == 1; }
static int is_dense3(const struct axis *a) { return is_three(a) && a->stride == 1; }

/* row o of image n */
static void depthwise_row(const struct conv *g, int64_t n, int64_t o) {
    int64_t r0, r1, full0, full1, ignored, out = g->columns.out, taps = g->columns.taps;
    axis_taps(&g->rows, o, 0, g->rows.taps, &r0, &r1);
    axis_outputs(&g->columns, 0, 0, out, &full0, &ignored);
    axis_outputs(&g->columns, taps - 1, 0, out, &ignored, &full1);
    int side = is_dense3(&g->columns);
    const float *x = g->x + n * g->x_image + (o * g->rows.stride + r0 * g->rows.dilation - g->rows.before) * g->x_row;
    const float *w = g->panels + r0 * taps * VL;
    float *y = g->y + n * g->y_image + o * g->y_row;
    int64_t ended = 0, at_once = ENDED_FLOATS / g->width;
    for (int64_t q = 0, next; q < out; q = next) {
        int64_t s0, s1;
        float *to = y + q * g->y_pixel;
        axis_taps(&g->columns, q, 0, taps, &s0, &s1);
        const float *from = x + (q * g->columns.stride + s0 * g->columns.dilation - g->columns.before) * g->x_pixel;
        const float *right = w + s0 * VL;
        int all = taps > 0 && q >= full0;
        next = q + 1;
        if (all && q + DEPTHWISE_TILE <= full1) {
            next = q + DEPTHWISE_TILE;
            if (side) depthwise_tile(g, from, right, to, DEPTHWISE_TILE, r1 - r0, taps, 3);
            else depthwise_tile(g, from, right, to, DEPTHWISE_TILE, r1 - r0, taps, 0);
        } else if (all && q + DEPTHWISE_TILE / 4 <= full1) {
            next = q + DEPTHWISE_TILE / 4;
            if (side) depthwise_tile(g, from, right, to, DEPTHWISE_TILE / 4, r1 - r0, taps, 3);
            else depthwise_tile(g, from, right, to, DEPTHWISE_TILE / 4, r1 - r0, taps, 0);
        } else {
            depthwise_tile(g, from, right, to, 1, s0 < s1 ? r1 - r0 : 0, s1 - s0, 0);
        }
        if (g->finish && (next == out || next - ended >= at_once)) {
            conv_finish(g, n, o, ended, next, 0, g->width);
            ended = next;
        }
    }
}

/* along an axis, the block whose first output is o */
struct block_span {
    int64_t first; /* of its pixels; it may lie before the image */
    uint32_t outs, pixels;
    int whole;
};
static uint32_t bits_between(int64_t from, int64_t to) {
    return to <= most(from, 0) ? 0 : ((uint32_t)1 << to) - ((uint32_t)1 << most(from, 0));
}
/* of `count` outputs, and those of from .. to exist */
static struct block_span block_span(const struct depthwise_kind *k, const struct axis *a, int64_t o, int64_t count, int64_t from,
                                    int64_t to) {
    int64_t first = k->up ? (o + a->before - k->side + 1) / k->stride : o * k->stride - a->before, in = k->up ? a->out : a->in;
    int64_t pixels = block_pixels(count, k->side, k->stride, k->up);
    struct block_span s = {first, bits_between(from - o, least(to - o, count)), bits_between(-first, least(in - first, pixels)), 0};
    s.whole = s.outs == bits_between(0, count) && s.pixels == bits_between(0, pixels);
    return s;
}
/* the first output of a block that holds output o; up: of one that begins where its first tap would meet a pixel */
static int64_t block_start(const struct depthwise_kind *k, const struct axis *a, int64_t o) {
    return k->up ? o - (o + a->before) % k->stride : o;
}

/* rows from .. to of image n */
static void depthwise_blocks(const struct conv *g, const struct depthwise_kind *k, int64_t n, int64_t from, int64_t to) {
    enum { HIGH = DEPTHWISE_HIGH, WIDE = DEPTHWISE_WIDE };
    const struct linear_args *end = ends_in_tile(g->finish) ? g->finish : 0;
    int64_t width = k->up ? g->columns.in : g->columns.out;
    for (int64_t o = block_start(k, &g->rows, from); o < to; o += HIGH) {
        struct block_span rows = block_span(k, &g->rows, o, HIGH, from, to);
        for (int64_t q = block_start(k, &g->columns, 0); q < width; q += WIDE) {
            struct block_span columns = block_span(k, &g->columns, q, WIDE, 0, width);
            struct block b = {g->x + n * g->x_image + rows.first * g->x_row + columns.first * g->x_pixel,
                              g->y + n * g->y_image + o * g->y_row + q * g->y_pixel, rows.outs, columns.outs, rows.pixels,
                              columns.pixels};
            (rows.whole && columns.whole ? k->within : k->bounded)(g, end, &b);
        }
        if (g->finish && !end)
            for (int64_t a = most(o, from); a < least(o + HIGH, to); a++) conv_finish(g, n, a, 0, width, 0, g->width);
    }
}

int depthwise_has_up(const struct axis *rows, const struct axis *columns) { return depthwise_kind(rows, columns, 1) != 0; }

void depthwise_rows(void *conv, int64_t part, int64_t parts) {
    const struct conv *g = conv;
    const struct depthwise_kind *kind = depthwise_kind(&g->rows, &g->columns, g->depthwise == DEPTHWISE_UP);
    int64_t row, end, high = g->depthwise == DEPTHWISE_UP ? g->rows.in : g->rows.out;
    fathom_range(g->n * high, 1, part, parts, &row, &end);
    for (int64_t next; row < end; row = next) {
        int64_t n = row / high, o = row % high;
        next = kind ? least(end, (n + 1) * high) : row + 1;
        if (kind) depthwise_blocks(g, kind, n, o, o + next - row);
        else depthwise_row(g, n, o);
    }
}

/* sums of `rows` by `taps` neighboring taps over outputs q0 .. q1 of a row, all of which read them; `vectors` of m channels */
INLINE void depthwise_dots(const struct weights *w, const float *x, const float *dy, float *out, int64_t q0, int64_t q1,
                           int64_t rows, int64_t taps, int64_t vectors, int64_t m) {
    int64_t c = w->g.c, step = w->columns.stride * c, tap = w->columns.dilation * c, row = w->rows.dilation * w->x_row;
    int64_t line = w->out_row, out_row = w->columns.taps * line;
    const float *x_below = x + 2 * row + w->rows.stride * w->x_row + tap;
    const int second = (uintptr_t)dy >> 5 & 1; /* of two vectors in a line */
    v sum[3][3][2];
    UNROLLED for (int r = 0; r < rows; r++) UNROLLED for (int s = 0; s < taps; s++) UNROLLED for (int j = 0; j < vectors; j++)
        sum[r][s][j] = v_load(out + r * out_row + s * line + j * VL);
    for (int64_t q = q0; q < q1; q++) {
        UNROLLED for (int j = 0; j < vectors; j++) {
            v right = v_get(dy + q * c + j * VL, m);
            if (rows == 3 && taps == 3) { /* those of the row of outputs below, of which there are too many streams to guess */
                if (VL == 16 || !second) __builtin_prefetch(dy + (w->g.ow + q) * c + j * VL, 0, 2);
                if (VL == 16 || second) __builtin_prefetch(x_below + q * step + j * VL, 0, 2);
            }
            UNROLLED for (int r = 0; r < rows; r++) UNROLLED for (int s = 0; s < taps; s++)
                sum[r][s][j] = v_fma(v_get(x + q * step + r * row + s * tap + j * VL, m), right, sum[r][s][j]);
        }
    }
    UNROLLED for (int r = 0; r < rows; r++) UNROLLED for (int s = 0; s < taps; s++) UNROLLED for (int j = 0; j < vectors; j++)
        v_store(out + r * out_row + s * line + j * VL, sum[r][s][j]);
}

/* all channels [c0, c1) of them */
INLINE void depthwise_channels(const struct weights *w, const float *x, const float *dy, float *out, int64_t q0, int64_t q1,
                               int64_t rows, int64_t taps, int64_t c0, int64_t c1) {
    int64_t c = c0;
    if (q0 >= q1) return;
    if (VL == 16 || rows == 1) /* there are registers for two vectors' sums */
        for (; c + 2 * VL <= c1; c += 2 * VL) depthwise_dots(w, x + c, dy + c, out + c, q0, q1, rows, taps, 2, VL);
    for (; c + VL <= c1; c += VL) depthwise_dots(w, x + c, dy + c, out + c, q0, q1, rows, taps, 1, VL);
    if (c < c1) depthwise_dots(w, x + c, dy + c, out + c, q0, q1, rows, taps, 1, c1 - c);
}

/* outputs q .. end of a row, `rows` rows of the kernel, three of their taps at a time where outputs read all of these */
INLINE void depthwise_taps_of(const struct weights *w, const float *x, const float *dy, float *out, int64_t q, int64_t end,
                              int64_t rows, int64_t c0, int64_t c1) {
    int64_t taps = w->columns.taps, tap = w->columns.dilation * w->g.c, line = w->out_row;
    for (int64_t t = 0, group; t < taps; t += group, x += group * tap, out += group * line) {
        int64_t q0[3], q1[3];
        group = t + 3 <= taps ? 3 : 1;
        for (int64_t s = 0; s < group; s++) axis_outputs(&w->columns, t + s, q, end, q0 + s, q1 + s);
        if (group == 1) {
            depthwise_channels(w, x, dy, out, q0[0], q1[0], rows, 1, c0, c1);
            continue;
        }
        int64_t from = most(q0[0], most(q0[1], q0[2])), to = most(from, least(q1[0], least(q1[1], q1[2])));
        for (int s = 0; s < 3; s++)
            depthwise_channels(w, x + s * tap, dy, out + s * line, q0[s], least(from, q1[s]), rows, 1, c0, c1);
        depthwise_channels(w, x, dy, out, from, to, rows, 3, c0, c1);
        for (int s = 0; s < 3; s++) depthwise_channels(w, x + s * tap, dy, out + s * line, most(to, q0[s]), q1[s], rows, 1, c0, c1);
    }
}
/* the same for any `rows`, which are taken three or one at a time */
static void depthwise_tap_rows(const struct weights *w, const float *x, const float *dy, float *out, int64_t q, int64_t end,
                               int64_t rows, int64_t c0, int64_t c1) {
    if (rows == 3) {
        depthwise_taps_of(w, x, dy, out, q, end, 3, c0, c1);
        return;
    }
    for (int64_t r = 0; r < rows; r++)
        depthwise_taps_of(w, x + r * w->rows.dilation * w->x_row, dy, out + r * w->columns.taps * w->out_row, q, end, 1, c0, c1);
}

/* rows of outputs whose gradients the sums of 3x3 neighboring taps read, or a tile of their columns */
struct depthwise_tile {
    const float *x, *dy; /* at its first pixel, or where that would be, and its first output */
    int64_t count;       /* of rows, over which the sums stay in registers */
    int left, right;     /* whether the first, the last pixel of each row does not exist */
};

#define EACH_SUM(rows, vectors, ...)                                                                                           \
    UNROLLED for (int r = 0; r < rows; r++) UNROLLED for (int s = 0; s < 3; s++) UNROLLED for (int j = 0; j < vectors; j++) { \
        float *at = out + (r * 3 + s) * w->out_row + i + j * VL;                                                               \
        __VA_ARGS__                                                                                                            \
    }

/*
 * out[r][s] += the sums over a tile of `width` neighboring outputs a row, all of which read `rows` rows of the kernel. Each pixel is
 * loaded once for all outputs that read it, and each gradient once for all pixels.
 */
INLINE void depthwise_near(const struct weights *w, const struct depthwise_tile *t, int64_t i, float *out, const int width, const int rows,
                           const int vectors) {
    const int64_t c = w->g.c, x_row = w->x_row;
    const float *x = t->x + i, *dy = t->dy + i;
    v sum[3][3][2];
    EACH_SUM(rows, vectors, sum[r][s][j] = v_load(at);)
    for (int64_t o = 0; o < t->count; o++, x += w->rows.stride * x_row, dy += w->g.ow * c) {
        v right[DEPTHWISE_TILE][2];
        const float *pixel = x, *gradient = dy;
        UNROLLED for (int p = 0; p < width + 2; p++, pixel += c) {
            HERE(pixel);
            if (p < width) {
                HERE(gradient);
                UNROLLED for (int j = 0; j < vectors; j++) {
                    right[p][j] = v_get(gradient + j * VL, VL);
                    __builtin_prefetch(gradient + DEPTHWISE_AHEAD + j * VL);
                }
                gradient += c;
            }
            if ((p == 0 && t->left) || (p == width + 1 && t->right)) continue;
            UNROLLED for (int j = 0; j < vectors; j++) {
                __builtin_prefetch(pixel + (rows - 1) * x_row + DEPTHWISE_AHEAD + j * VL); /* others were read for earlier outputs */
                UNROLLED for (int r = 0; r < rows; r++) {
                    v left = v_get(pixel + r * x_row + j * VL, VL);
                    UNROLLED for (int s = 0; s < 3; s++)
                        if (p - s >= 0 && p - s < width) sum[r][s][j] = v_fma(left, right[p - s][j], sum[r][s][j]);
                }
            }
        }
    }
    EACH_SUM(rows, vectors, v_store(at, sum[r][s][j]);)
}

/*
 * What the pixels that output q is the first to read bring to the sums. There are `stride` of them, and pixel i is tap s of the output that
 * lies (s - i) / stride before q. gradient: those of outputs q, q - 1 and q - 2. bounded: not all of them may exist.
 */
INLINE void depthwise_step(const struct weights *w, const float *x, const float *dy, int64_t q, const int stride, const int rows,
                           const int vectors, const int bounded, v (*gradient)[2], v (*sum)[3][2]) {
    const int64_t c = w->g.c, x_row = w->x_row, ow = w->g.ow, first = q * stride - w->columns.before;
    UNROLLED for (int j = 0; j < vectors; j++) {
        gradient[2][j] = gradient[1][j], gradient[1][j] = gradient[0][j];
        if (!bounded || q < ow) gradient[0][j] = v_get(dy + j * VL, VL);
    }
    UNROLLED for (int i = 0; i < stride; i++) {
        if (bounded && (first + i < 0 || first + i >= w->columns.in)) continue;
        UNROLLED for (int j = 0; j < vectors; j++) UNROLLED for (int r = 0; r < rows; r++) {
            const v left = v_get(x + i * c + r * x_row + j * VL, VL);
            UNROLLED for (int s = i; s < 3; s += stride) {
                const int back = (s - i) / stride;
                if (!bounded || (q >= back && q - back < ow)) sum[r][s][j] = v_fma(left, gradient[back][j], sum[r][s][j]);
            }
        }
    }
}

/*
 * out[r][s] += the sums over whole rows of outputs, all of which read `rows` rows of the kernel. Nothing is asked for in advance: the
 * processor guesses such regular steps, and requests would only disturb it.
 */
INLINE void depthwise_line(const struct weights *w, const struct depthwise_tile *t, int64_t i, float *out, const int stride, const int rows,
                           const int vectors) {
    const int64_t c = w->g.c, ow = w->g.ow, before = w->columns.before, end = ow + 2 / stride;
    const int64_t full0 = most(ceil_div(before, stride), 2 / stride), full1 = least((w->columns.in + before) / stride, ow);
    const float *x = t->x + i, *dy = t->dy + i;
    v sum[3][3][2], gradient[3][2] = {{{0}}};
    EACH_SUM(rows, vectors, sum[r][s][j] = v_load(at);)
    for (int64_t o = 0; o < t->count; o++, x += w->rows.stride * w->x_row, dy += ow * c) {
        const float *pixel = x, *right = dy;
        int64_t q = 0;
#define STEPS(to, bounded)                                                                                                     \
    for (; q < to; q++, pixel += stride * c, right += c)                                                                       \
        depthwise_step(w, pixel, right, q, stride, rows, vectors, bounded, gradient, sum);
        STEPS(least(full0, end), 1)
        STEPS(full1, 0)
        STEPS(end, 1)
#undef STEPS
    }
    EACH_SUM(rows, vectors, v_store(at, sum[r][s][j]);)
}

/* functions of their own: in a large one, addresses would move to the stack */
typedef void depthwise_sums_fn(const struct weights *w, const struct depthwise_tile *t, int64_t i, float *out);
#define SUMS_FN(name)                                                                                                          \
    static __attribute__((noinline)) void name(const struct weights *w, const struct depthwise_tile *t, int64_t i, float *out)
#define NEAR_OF(width, rows)                                                                                                   \
    SUMS_FN(depthwise_near_##width##rows##1) { depthwise_near(w, t, i, out, width, rows, 1); }                                 \
    SUMS_FN(depthwise_near_##width##rows##2) { depthwise_near(w, t, i, out, width, rows, 2); }
#define LINE_OF(stride, rows)                                                                                                  \
    SUMS_FN(depthwise_line_##stride##rows##1) { depthwise_line(w, t, i, out, stride, rows, 1); }                               \
    SUMS_FN(depthwise_line_##stride##rows##2) { depthwise_line(w, t, i, out, stride, rows, 2); }
#define DEPTHWISE_NEAR(ROW) ROW(8, 2) ROW(8, 3) ROW(7, 2) ROW(7, 3) ROW(4, 2) ROW(4, 3) ROW(1, 2) ROW(1, 3)
#define DEPTHWISE_LINES(ROW) ROW(1, 2) ROW(1, 3) ROW(2, 2) ROW(2, 3)
DEPTHWISE_NEAR(NEAR_OF)
DEPTHWISE_LINES(LINE_OF)

static const struct depthwise_sums {
    int64_t stride, width, rows;  /* of outputs a row; 0: all of them */
    depthwise_sums_fn *one, *two; /* vectors; 0 where there are no registers for the sums of two */
} depthwise_sums[] = {
#define SUMS_OF(stride, width, rows, name) {stride, width, rows, depthwise_##name##1, VL == 16 ? depthwise_##name##2 : 0},
#define NEAR_SUMS(width, rows) SUMS_OF(1, width, rows, near_##width##rows)
#define LINE_SUMS(stride, rows) SUMS_OF(stride, 0, rows, line_##stride##rows)
    DEPTHWISE_NEAR(NEAR_SUMS) DEPTHWISE_LINES(LINE_SUMS)
};

/* whether at most a pixel is missing on either side of a tile of outputs q .. q + width */
static int fits(const struct weights *w, int64_t width, int64_t q) {
    int64_t first = q - w->columns.before;
    return first >= -1 && first + width + 1 <= w->columns.in;
}

/* whole rows (`lines`), or tiles of most outputs; ImageNet's sides are multiples of 7 */
static const struct depthwise_sums *depthwise_widest(const struct weights *w, int lines, int64_t outputs, int64_t rows) {
    const struct depthwise_sums *d = depthwise_sums;
    while (d->rows != rows || d->stride != w->columns.stride || lines != !d->width || d->width > outputs
           || (d->width == 8 && outputs % 7 == 0)) d++;
    return d;
}

/* whether a tile is a whole row of outputs, whose sums can stay in registers from row to row */
static int is_row(const struct weights *w) {
    int64_t ow = w->g.ow;
    return w->columns.stride == 1 && depthwise_widest(w, 0, ow, 3)->width == ow && fits(w, ow, 0);
}

/*
 * Whether rows of outputs are summed whole, so that sums stay in registers from row to row. Tiles are better where one of them is a whole
 * row, and in wide images that come from beyond L3 (with AVX2 from beyond half of it) or whose pixels share few sets of L1. Measured on a
 * Zen 5 with AVX-512 and AVX2: whole rows take 0.4 and 0.3 of the time for 14 x 14 by 576 channels, 0.8 and 0.93 for 28 x 28 by 192, 0.75
 * and 1.0 for 56 x 56 by 144, but 1.0 and 1.9 by 128.
 */
static int in_lines(const struct weights *w) {
    int64_t c = w->g.c, ow = w->g.ow, floats = w->n * (w->x_image + w->g.oh * ow * c);
    if (w->columns.stride > 1) return 1;
    if (is_row(w)) return 0;
    return ow < DEPTHWISE_WIDEST || (c % DEPTHWISE_ALIASED && floats <= machine.l3 / (VL == 16 ? 4 : 8));
}

/*
 * out += the sums of 3x3 neighboring taps for channels [c0, c1) over `count` rows of outputs that read `rows` rows of the kernel; x
 * lies on the first pixel of those that they read, or where it would be
 */
static void depthwise_sum_rows(const struct weights *w, int lines, const float *x, const float *dy, float *out, int64_t count,
                               int64_t rows, int64_t c0, int64_t c1) {
    int64_t c = w->g.c, ow = w->g.ow, x_below = w->rows.stride * w->x_row;
    int64_t vectors = c0 + (c1 - c0) / VL * VL, width;
    for (int64_t q = 0; q < ow; q += width) {
        const struct depthwise_sums *d = depthwise_widest(w, lines, ow - q, rows);
        width = d->width ? d->width : ow;
        if (d->width && !fits(w, width, q)) {
            width = 1;
            for (int64_t o = 0; o < count; o++)
                depthwise_tap_rows(w, x + o * x_below, dy + o * ow * c, out, q, q + 1, rows, c0, vectors);
            continue;
        }
        struct depthwise_tile t = {x + q * c, dy + q * c, count, q < w->columns.before, q + width + 2 - w->columns.before > w->columns.in};
        int64_t i = c0;
        if (d->two)
            for (; i + 2 * VL <= vectors; i += 2 * VL) d->two(w, &t, i, out);
        for (; i < vectors; i += VL) d->one(w, &t, i, out);
    }
    for (int64_t o = 0; o < count && vectors < c1; o++)
        depthwise_tap_rows(w, x + o * x_below, dy + o * ow * c, out, 0, ow, rows, vectors, c1);
}

void depthwise_sum(const struct weights *w, int64_t from, int64_t to, int64_t c0, int64_t c1, float *out) {
    int64_t line = w->out_row, width = w->g.ow * w->g.c, turn = depthwise_turn(w);
    int in_tiles = is_three(&w->rows) && is_three(&w->columns) && w->columns.stride <= 2;
    int lines = in_tiles && in_lines(w), whole_rows = lines || (in_tiles && is_row(w));
    clear_rows(out + c0, line, w->rows.taps * w->columns.taps, whole(c1 - c0));
    for (int64_t row = from, count; row < to; row += count) {
        int64_t n = row / w->g.oh, o = row % w->g.oh, r0, r1;
        axis_taps(&w->rows, o, 0, w->rows.taps, &r0, &r1);
        int64_t first = o * w->rows.stride + r0 * w->rows.dilation - w->rows.before;
        const float *x = w->x + n * w->x_image + first * w->x_row - w->columns.before * w->g.c, *dy = w->dy + row * width;
        count = 1;
        if (in_tiles && r1 - r0 >= 2) {
            if (whole_rows && r1 - r0 == 3) {
                /* with those behind it that read as much; where vectors share a line, while L2 still holds it for the next one */
                int64_t end;
                axis_outputs(&w->rows, 2, o, w->g.oh, &o, &end);
                count = least(end - o, to - row);
                if (VL < 16) count = least(count, most(l2_floats(8) / (w->rows.stride * w->x_row + width), 1));
            }
            depthwise_sum_rows(w, lines, x, dy, out + r0 * 3 * line, count, r1 - r0, c0, c1);
            continue;
        }
        for (int64_t r = r0, next; r < r1; x += (next - r) * w->rows.dilation * w->x_row, r = next) {
            float *to_row = out + r * w->columns.taps * line;
            next = r + 3 <= r1 ? r + 3 : r + 1;
            for (int64_t q = 0, end; q < w->g.ow; q = end) {
                end = least(q + turn, w->g.ow);
                depthwise_tap_rows(w, x, dy, to_row, q, end, next - r, c0, c1);
            }
        }
    }
}
