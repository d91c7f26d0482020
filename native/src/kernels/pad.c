/*
 * y = x [n, d, h, w, c] with places added before and behind each of d, h and w. What the places outside hold, for a b c d and two
 * of them on either side:
 *
 *   CONSTANT    v v  a b c d  v v
 *   REPLICATE   a a  a b c d  d d
 *   REFLECT     c b  a b c d  c b      fewer than x has
 *   CIRCULAR    c d  a b c d  a b      as many at most
 */
#include "loops.h"

/* the place of 0 .. n-1 whose value place p holds, -1 for none */
static int64_t pad_source(int64_t mode, int64_t p, int64_t n) {
    if (p >= 0 && p < n) return p;
    switch (mode) {
    case PAD_REPLICATE: return p < 0 ? 0 : n - 1;
    case PAD_REFLECT: return p < 0 ? -p : 2 * (n - 1) - p;
    case PAD_CIRCULAR: return p < 0 ? p + n : p - n;
    default: return -1;
    }
}

/* The places before 0 .. n-1, then i of these (n: none), then those behind: what may hold the value of i. */
static int64_t pad_first(int64_t before, int64_t i) { return before ? -before : i; }
static int64_t pad_next(int64_t p, int64_t i, int64_t n) { return p == -1 ? i : p >= 0 && p < n ? n : p + 1; }

struct pad_context {
    const struct pad_args *forward;
    const struct pad_grad_args *backward;
    int64_t d, h, w; /* of the padded images */
};

static void fill_elements(uint8_t *y, int64_t n, int64_t width, int64_t value) {
    if (width == 4) MAP((float *)y, n, 0, (v)vi_set((int32_t)value));
    else if (width == 1) memset(y, (int)value, (size_t)n);
    else
        for (int64_t i = 0; i < n; i++) ((uint16_t *)y)[i] = (uint16_t)value;
}

/* a part owns rows of y */
static void pad_part(void *at, int64_t part, int64_t parts) {
    const struct pad_context *p = at;
    const struct pad_args *a = p->forward;
    const int64_t c = a->c, left = a->pads[4], width = a->width;
    int64_t row, to;
    fathom_range(a->n * p->d * p->h, 1, part, parts, &row, &to);
    for (; row < to; row++) {
        int64_t d = pad_source(a->mode, row / p->h % p->d - a->pads[0], a->d);
        int64_t h = pad_source(a->mode, row % p->h - a->pads[2], a->h);
        uint8_t *y = a->y + row * p->w * c * width;
        if (d < 0 || h < 0) {
            fill_elements(y, p->w * c, width, a->value);
            continue;
        }
        const uint8_t *x = a->x + ((row / p->h / p->d * a->d + d) * a->h + h) * a->w * c * width;
        copy_elements(x, y + left * c * width, a->w * c, width);
        for (int64_t w = pad_first(left, a->w); w < a->w + a->pads[5]; w = pad_next(w, a->w, a->w)) {
            uint8_t *to_w = y + (left + w) * c * width;
            if (a->mode == PAD_CONSTANT) fill_elements(to_w, c, width, a->value);
            else copy_elements(x + pad_source(a->mode, w, a->w) * c * width, to_w, c, width);
        }
    }
}

static int32_t k_pad(const struct pad_args *a, int64_t *detail) {
    (void)detail;
    struct pad_context p = {a, 0, a->d + a->pads[0] + a->pads[1], a->h + a->pads[2] + a->pads[3], a->w + a->pads[4] + a->pads[5]};
    if (p.w == 0 || a->c == 0) return FATHOM_OK; /* rows without values may be billions */
    int64_t rows = a->n * p.d * p.h;
    fathom_parallel(pad_part, &p, fathom_parts((double)(rows * p.w * a->c) * 0.08 + (double)rows * 10, rows));
    return FATHOM_OK;
}

static inline void add_row(const float *x, float *y, int64_t n) { MAP(y, n, 0, v_get(y + i, m) + v_get(x + i, m)); }

/* a part owns rows of dx; each adds up the rows that hold its values, in their order, and of each the inside before the border */
static void pad_grad_part(void *at, int64_t part, int64_t parts) {
    const struct pad_context *p = at;
    const struct pad_grad_args *a = p->backward;
    const int64_t c = a->c, left = a->pads[4];
    int64_t row, to;
    fathom_range(a->n * a->d * a->h, 1, part, parts, &row, &to);
    for (; row < to; row++) {
        int64_t image = row / a->h / a->d, d = row / a->h % a->d, h = row % a->h, add = a->add;
        float *dx = a->dx + row * a->w * c;
        for (int64_t e = pad_first(a->pads[0], d); e < a->d + a->pads[1]; e = pad_next(e, d, a->d)) {
            if (pad_source(a->mode, e, a->d) != d) continue;
            for (int64_t g = pad_first(a->pads[2], h); g < a->h + a->pads[3]; g = pad_next(g, h, a->h)) {
                if (pad_source(a->mode, g, a->h) != h) continue;
                const float *dy = a->dy + (((image * p->d + e + a->pads[0]) * p->h + g + a->pads[2]) * p->w + left) * c;
                if (add) add_row(dy, dx, a->w * c);
                else copy_row(dy, dx, a->w * c);
                add = 1;
                if (a->mode == PAD_CONSTANT) continue;
                for (int64_t w = pad_first(left, a->w); w < a->w + a->pads[5]; w = pad_next(w, a->w, a->w))
                    add_row(dy + w * c, dx + pad_source(a->mode, w, a->w) * c, c);
            }
        }
    }
}

static int32_t k_pad_grad(const struct pad_grad_args *a, int64_t *detail) {
    (void)detail;
    struct pad_context p = {0, a, a->d + a->pads[0] + a->pads[1], a->h + a->pads[2] + a->pads[3], a->w + a->pads[4] + a->pads[5]};
    if (a->w == 0 || a->c == 0) return FATHOM_OK;
    int64_t rows = a->n * a->d * a->h;
    fathom_parallel(pad_grad_part, &p, fathom_parts((double)(rows * p.w * a->c) * 0.08 + (double)rows * 10, rows));
    return FATHOM_OK;
}

EXPORT(pad)
EXPORT(pad_grad)
