/* Which form a convolution takes, and how much scratch that needs. The shape alone decides. */
#ifndef FATHOM_CONV_SHAPE_H
#define FATHOM_CONV_SHAPE_H

#include "panels.h"

enum {
    FEW_OUTPUTS = 8,
    FEW_INPUTS = 4,
    FEW_PIXELS = 128,         /* fewer pixels of one tap cost less as tiles of few channels than as planes */
    PLANES = 128, /* the most channels of an image that are taken apart (more than a few only for one or two outputs), */
    PLANES_PIXELS = 512, /* and how many pixels at a time */
    COLUMN_FLOATS = 8 * 1024, /* of the sums that columns.h makes at a time */
    FEW_CHANNELS = 16,        /* below this the kw C floats of a row of taps are read as one run */
    HALO_FLOATS = 16 * 1024,  /* of an image and its border that a thread copies at a time, or more for one output row, */
    COPY_LIMIT = 1024 * 1024, /* for that row, unless the image itself is as large: taps may lie far apart */
    PATCH_FLOATS = 256 * 1024,     /* of the matrix that im2col.h makes at a time, at least one output row, */
    PATCH_LIMIT = 16 * 1024 * 1024 /* of which no more floats are made */
};

/* the patches of a row of outputs, and whether a foreign product gets them */
static inline int64_t patches_row(const struct window *g) { return PRODUCT(g->ow, g->kh, g->kw, g->c / g->groups); }
static inline int patches_fit(const struct window *g) { return patches_row(g) <= PATCH_LIMIT; }
static inline int64_t patches_floats(const struct window *g) { return most(PATCH_FLOATS, patches_row(g)); }

/* whether the window makes sense, and its images, results and filters have so few values that they can be counted together */
static inline int window_fits(const struct window *g, int64_t n) {
    const int64_t sides[] = {n, g->h, g->w, g->c, g->oh, g->ow, g->k, g->kh, g->kw, g->top, g->left};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        if (sides[i] < 0) return 0;
    if (g->sh < 1 || g->sw < 1 || g->dh < 1 || g->dw < 1 || g->groups < 1) return 0;
    const int64_t counts[] = {PRODUCT(n, g->h, g->w, g->c), PRODUCT(n, g->oh, g->ow, g->k), PRODUCT(g->k, g->kh, g->kw, g->c / g->groups),
                              SUM(PRODUCT(g->oh, g->sh), PRODUCT(g->kh, g->dh), g->top, g->h),
                              SUM(PRODUCT(g->ow, g->sw), PRODUCT(g->kw, g->dw), g->left, g->w)};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i] > (int64_t)1 << 50) return 0;
    return 1;
}

static inline int has_no_outputs(const struct window *g, int64_t n) { return n == 0 || g->oh == 0 || g->ow == 0 || g->k == 0; }

/* every output reads its own pixel, with one tap */
static inline int is_pointwise(const struct window *g) {
    return g->kh == 1 && g->kw == 1 && g->sh == 1 && g->sw == 1 && !g->top && !g->left && g->oh == g->h && g->ow == g->w;
}

/*
 * A window that covers its image is a product of N rows, a 1x1 window one of N H W rows: one image of one row, one tap. Of no channels
 * nothing is read.
 */
static inline struct window simplified(struct window g, int64_t *n) {
    if (g.c == 0) {
        g.h = g.oh, g.w = g.ow;
        g.kh = g.kw = g.sh = g.sw = g.dh = g.dw = 1;
        g.top = g.left = 0;
    }
    if (g.groups == 1 && g.kh == g.h && g.kw == g.w && g.oh == 1 && g.ow == 1 && !g.top && !g.left && g.dh == 1 && g.dw == 1) {
        g.c *= g.h * g.w;
        g.h = g.w = g.kh = g.kw = g.sh = g.sw = 1;
    }
    if (is_pointwise(&g)) {
        g.w = g.ow = *n * g.h * g.w;
        g.h = g.oh = *n = 1;
    }
    return g;
}

/* a kernel for each channel */
static inline int is_depthwise(const struct window *g) { return g->groups > 1 && g->groups == g->c && g->groups == g->k; }

/* whether the rows that an output row reads, with their border, are worth a copy */
static inline int is_near(const struct window *g, int64_t floats) { return floats <= most(COPY_LIMIT, PRODUCT(2, g->h, g->w, g->c)); }

/* a row of an image with its border, so that every output reads inside it */
static inline int64_t halo_width(const struct window *g) { return (g->ow - 1) * g->sw + (g->kw - 1) * g->dw + 1; }
/* input rows that `rows` output rows read */
static inline int64_t halo_rows(const struct window *g, int64_t rows) { return (rows - 1) * g->sh + (g->kh - 1) * g->dh + 1; }
/* the taps of a row of the kernel lie side by side in memory, and are too short to be worth a loop of their own */
static inline int is_joined(const struct window *g) {
    return g->groups == 1 && g->dw == 1 && g->c < FEW_CHANNELS && is_near(g, PRODUCT(halo_rows(g, 1), halo_width(g), g->c));
}
static inline int needs_halo(const struct window *g) { return is_joined(g) && (g->left > 0 || halo_width(g) - g->left > g->w); }
static inline int64_t halo_floats(const struct window *g) {
    return needs_halo(g) ? padded(most(halo_rows(g, 1) * halo_width(g) * g->c, HALO_FLOATS)) : 0;
}

/* columns.h: the gradient of a few channels, which is added up from a product; how many outputs at a time, and the floats that takes */
static inline int is_columns(const struct window *g) {
    return g->groups == 1 && g->c <= FEW_OUTPUTS && g->dw == 1 && g->kh * g->kw > 1;
}
static inline int64_t columns_width(const struct window *g) { return g->kh * g->kw * g->c; }
static inline int64_t columns_at_once(const struct window *g) { return most(COLUMN_FLOATS / padded(columns_width(g)), 12); }
static inline int64_t columns_slot(const struct window *g) { return PRODUCT(columns_at_once(g), padded(columns_width(g))); }
static inline int64_t columns_packed(const struct window *g) { return PRODUCT(padded(columns_width(g)), g->k); }

/* planes.h: so few channels are computed that vectors run along the image; rows of outputs at a time, and the floats for them */
static inline int is_planes(const struct window *g) {
    int64_t outputs = g->c <= FEW_INPUTS ? FEW_OUTPUTS : 2;
    /* The pixels of all images are one row here (simplified). With one tap, all forms sum in the same order, so their number may decide. */
    if (g->kh * g->kw == 1 && g->oh * g->ow < FEW_PIXELS) return 0;
    return g->groups == 1 && g->sh == 1 && g->sw == 1 && g->c <= PLANES && g->k <= outputs && g->kh * g->kw * g->c >= 9
           && halo_width(g) <= 2 * g->ow && is_near(g, PRODUCT(halo_rows(g, 1), halo_width(g), g->c));
}
static inline int64_t planes_rows_at_once(const struct window *g) { return most(PLANES_PIXELS / halo_width(g), 1); }
static inline int64_t planes_line(const struct window *g) { return padded(planes_rows_at_once(g) * halo_width(g) + 64); }
static inline int64_t planes_floats(const struct window *g) {
    return planes_line(g) + padded((g->kh - 1) * g->dh * halo_width(g) + (g->kw - 1) * g->dw);
}
static inline int64_t planes_slot(const struct window *g) { return g->c * planes_floats(g) + g->k * planes_line(g); }
static inline int64_t planes_filters(const struct window *g) { return SUM(PRODUCT(g->k, g->kh, g->kw, g->c), 15) / 16 * 16; }

/* the same for the weights of one channel: a row of dy with kw - 1 outputs more than x has pixels */
static inline int is_banded(const struct window *g) {
    return is_joined(g) && g->c == 1 && g->sw == 1 && g->k <= FEW_OUTPUTS && g->kw > 1;
}
static inline int64_t banded_line(const struct window *g) { return (g->w + g->kw - 1) * g->k; }
static inline int64_t banded_rows(const struct window *g) { return clamp(HALO_FLOATS / banded_line(g), 1, g->oh); }
static inline int64_t banded_floats(const struct window *g) { return padded(banded_rows(g) * banded_line(g) + 64); }

enum { WINOGRAD_TILES = 48 };
static inline int is_winograd(const struct window *g) {
    return g->groups == 1 && g->kh == 3 && g->kw == 3 && g->sh == 1 && g->sw == 1 && g->dh == 1 && g->dw == 1
           && winograd_pays(g->c, g->k, least(g->oh, g->ow));
}
static inline int64_t winograd_packed(int64_t depth, int64_t width) { return packed_floats(width, 16 * depth); }
/* what a thread works on at a time; the tiles that are, and the floats of a position of them: whole lines, but not whole pages */
static inline int64_t winograd_floats(void) { return l2_floats(12); }
static inline int64_t winograd_block(int64_t depth) {
    return clamp(winograd_floats() / (16 * padded(depth)) / 6 * 6, 6, WINOGRAD_TILES);
}
static inline int64_t winograd_line(int64_t tiles, int64_t width) { return tiles * width + 16; }
static inline int64_t winograd_slot(int64_t depth) {
    int64_t tiles = winograd_block(depth);
    return 16 * (winograd_line(tiles, padded(depth)) + winograd_line(tiles, 64)) + padded(depth);
}

/* the same for the gradient of the taps, where a thread takes four positions at a time */
static inline int64_t winograd_span(int64_t c, int64_t k) {
    return clamp(winograd_floats() / (4 * (padded(c) + padded(k))), 6, 2 * WINOGRAD_TILES);
}
static inline int64_t winograd_weights_slot(int64_t c, int64_t k) {
    int64_t tiles = winograd_span(c, k);
    return 4 * (winograd_line(tiles, padded(c)) + winograd_line(tiles, padded(k))) + padded(most(c, k));
}

/* whether a sum over pixels has vectors along the channels of dy: also of a 1x1 kernel where those of x would be emptier */
static inline int is_joined_sum(const struct window *g) {
    int is_product = g->kh == 1 && g->kw == 1 && g->groups == 1 && g->top == 0 && g->left == 0 && halo_width(g) <= g->w;
    return is_joined(g) || (is_product && 8 * padded(g->c) * g->k > 9 * padded(g->k) * g->c);
}

/* a sum over pixels for few outputs is cut into SPLITS parts, as a weight gradient's in panels.h */
static inline int64_t weights_tiles(const struct window *g) {
    int64_t per_group = is_joined_sum(g) ? g->kh * ceil_div(g->kw * g->c, SPLIT_ROWS) * ceil_div(g->k, SPLIT_COLUMNS)
                                         : g->kh * g->kw * ceil_div(g->k / g->groups, SPLIT_ROWS)
                                               * ceil_div(g->c / g->groups, SPLIT_COLUMNS);
    return g->groups * per_group;
}
static inline int is_split_weights(const struct window *g) { return is_depthwise(g) || weights_tiles(g) < SPLITS; }
/* floats of one copy of the weights' gradient while it is summed */
static inline int64_t weights_floats(const struct window *g) {
    if (is_depthwise(g)) return g->kh * g->kw * padded(g->c);
    return padded(is_joined_sum(g) ? g->kh * g->kw * g->c * padded(g->k) : g->k * g->kh * g->kw * (g->c / g->groups));
}

#endif
