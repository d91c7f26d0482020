/* See im2col.h. */
#include "im2col.h"

struct patches {
    struct window g;
    const float *x;
    float *dx, *patches;
    int64_t row0, row1, group; /* output rows of all images, and the group of channels */
};

/* the place in the image that tap (r, s) of output (row, q) reads, or -1 */
static int64_t tap_place(const struct window *g, int64_t row, int64_t q, int64_t r, int64_t s) {
    int64_t i = row % g->oh * g->sh - g->top + r * g->dh, j = q * g->sw - g->left + s * g->dw;
    if (i < 0 || i >= g->h || j < 0 || j >= g->w) return -1;
    return ((row / g->oh * g->h + i) * g->w + j) * g->c;
}

static void im2col_part(void *context, int64_t part, int64_t parts) {
    const struct patches *p = context;
    const struct window *g = &p->g;
    int64_t depth = g->c / g->groups, from, to;
    fathom_range((p->row1 - p->row0) * g->ow, 1, part, parts, &from, &to);
    float *at = p->patches + from * g->kh * g->kw * depth;
    for (int64_t i = from; i < to; i++)
        for (int64_t r = 0; r < g->kh; r++)
            for (int64_t s = 0; s < g->kw; s++, at += depth) {
                int64_t place = tap_place(g, p->row0 + i / g->ow, i % g->ow, r, s);
                if (place < 0) memset(at, 0, (size_t)depth * 4);
                else memcpy(at, p->x + place + p->group * depth, (size_t)depth * 4);
            }
}

/* images are shared out, so that no two threads add to the same place */
static void col2im_part(void *context, int64_t part, int64_t parts) {
    const struct patches *p = context;
    const struct window *g = &p->g;
    int64_t depth = g->c / g->groups, first = p->row0 / g->oh, from, to;
    fathom_range(ceil_div(p->row1, g->oh) - first, 1, part, parts, &from, &to);
    int64_t row0 = most(p->row0, (first + from) * g->oh), row1 = least(p->row1, (first + to) * g->oh);
    const float *at = p->patches + (row0 - p->row0) * g->ow * g->kh * g->kw * depth;
    for (int64_t row = row0; row < row1; row++)
        for (int64_t q = 0; q < g->ow; q++)
            for (int64_t r = 0; r < g->kh; r++)
                for (int64_t s = 0; s < g->kw; s++, at += depth) {
                    int64_t place = tap_place(g, row, q, r, s);
                    float *to_dx = p->dx + place + p->group * depth;
                    for (int64_t c = 0; place >= 0 && c < depth; c++) to_dx[c] += at[c];
                }
}

void multiply_patches(const struct blas_conv *b) {
    const struct window *g = b->g;
    int64_t depth = g->c / g->groups, width = g->k / g->groups, k = g->kh * g->kw * depth, rows = b->n * g->oh;
    int64_t at_once = most(PATCH_FLOATS / (g->ow * k), 1);
    if (b->what == PATCHES_DATA && !b->add) memset(b->dx, 0, (size_t)(b->n * g->h * g->w * g->c) * 4);
    for (int64_t group = 0; group < g->groups; group++)
        for (int64_t row = 0; row < rows; row += at_once) {
            struct patches p = {.g = *g, .x = b->x, .dx = b->dx, .patches = b->scratch, .row0 = row,
                                .row1 = least(row + at_once, rows), .group = group};
            int64_t m = (p.row1 - row) * g->ow, at = row * g->ow * g->k + group * width, w = group * width * k;
            int64_t parts = fathom_parts((double)(m * k), m);
            if (b->what == PATCHES_DATA) {
                fathom_sgemm(ROW_MAJOR, AS_STORED, AS_STORED, (int)m, (int)k, (int)width, 1, b->dy + at, (int)g->k, b->w + w,
                             (int)k, 0, p.patches, (int)k);
                fathom_parallel(col2im_part, &p, least(parts, ceil_div(p.row1, g->oh) - row / g->oh));
                continue;
            }
            fathom_parallel(im2col_part, &p, parts);
            if (b->what == PATCHES_CONV)
                fathom_sgemm(ROW_MAJOR, AS_STORED, TRANSPOSED, (int)m, (int)width, (int)k, 1, p.patches, (int)k, b->w + w, (int)k,
                             0, b->y + at, (int)g->k);
            else
                fathom_sgemm(ROW_MAJOR, TRANSPOSED, AS_STORED, (int)width, (int)k, (int)m, 1, b->dy + at, (int)g->k, p.patches,
                             (int)k, b->add || row > 0, b->dw + w, (int)k);
        }
}
