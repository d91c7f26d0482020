/*
 * Convolutions of x[n, h, w, c] with w[k, kh, kw, c / groups], their gradients, and what follows the sum. Every output is one chain
 * over ascending taps, then channels.
 */
#ifndef FATHOM_CONV_H
#define FATHOM_CONV_H

/* The outputs [*from, *to) for which tap t of a dimension lies inside x. */
static inline void inside(int64_t in, int64_t out, int64_t stride, int64_t dilated, int64_t pad, int64_t *from, int64_t *to) {
    int64_t lo = pad - dilated, hi = in - 1 + pad - dilated; /* lo <= o * stride <= hi */
    *from = lo <= 0 ? 0 : ceil_div(lo, stride);
    *to = hi < 0 ? 0 : hi / stride + 1 < out ? hi / stride + 1 : out;
    if (*from > *to) *from = *to;
}

static double conv_nanos(const struct window *g, int64_t n) {
    return (double)n * (double)(g->oh * g->ow * g->k) * (double)(g->kh * g->kw * (g->c / g->groups));
}

static void conv_row(const struct conv_args *a, int64_t image, int64_t oh) {
    const struct window *g = &a->g;
    int64_t deep = g->c / g->groups, wide = g->k / g->groups;
    for (int64_t ow = 0; ow < g->ow; ow++)
        for (int64_t k = 0; k < g->k; k++) {
            float sum = 0;
            for (int64_t i = 0; i < g->kh; i++)
                for (int64_t j = 0; j < g->kw; j++) {
                    int64_t y = oh * g->sh + i * g->dh - g->top, x = ow * g->sw + j * g->dw - g->left;
                    if (y < 0 || y >= g->h || x < 0 || x >= g->w) continue;
                    const float *from = a->x + ((image * g->h + y) * g->w + x) * g->c + k / wide * deep;
                    const float *w = a->w + ((k * g->kh + i) * g->kw + j) * deep;
                    for (int64_t c = 0; c < deep; c++) sum += from[c] * w[c];
                }
            int64_t at = ((image * g->oh + oh) * g->ow + ow) * g->k + k;
            if (a->bias) sum += a->bias[k];
            if (a->residual) sum += a->residual[at];
            if (a->pre) a->pre[at] = sum;
            a->y[at] = sum;
        }
    float *y = a->y + (image * g->oh + oh) * g->ow * g->k;
    if (a->row >= 0) unary_rows[a->row].forward(y, y, g->ow * g->k, v_set(a->p0), v_set(a->p1), 0);
}

static void conv_part(void *context, int64_t part, int64_t parts) {
    const struct conv_args *a = context;
    int64_t from, to;
    fathom_range(a->n * a->g.oh, 1, part, parts, &from, &to);
    for (; from < to; from++) conv_row(a, from / a->g.oh, from % a->g.oh);
}

static int32_t k_conv(const struct conv_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(conv_part, (void *)a, fathom_parts(conv_nanos(&a->g, a->n), a->n * a->g.oh));
    return FATHOM_OK;
}

static void conv_data_part(void *context, int64_t part, int64_t parts) {
    const struct conv_data_args *a = context;
    const struct window *g = &a->g;
    int64_t from, to, deep = g->c / g->groups, wide = g->k / g->groups, image = g->h * g->w * g->c;
    fathom_range(a->n, 1, part, parts, &from, &to);
    for (int64_t n = from; n < to; n++) {
        float *dx = a->dx + n * image;
        if (!a->add) memset(dx, 0, (size_t)image * sizeof *dx);
        for (int64_t i = 0; i < g->kh; i++)
            for (int64_t j = 0; j < g->kw; j++) {
                int64_t y0, y1, x0, x1;
                inside(g->h, g->oh, g->sh, i * g->dh, g->top, &y0, &y1);
                inside(g->w, g->ow, g->sw, j * g->dw, g->left, &x0, &x1);
                for (int64_t oh = y0; oh < y1; oh++)
                    for (int64_t ow = x0; ow < x1; ow++) {
                        const float *dy = a->dy + ((n * g->oh + oh) * g->ow + ow) * g->k;
                        float *to_x = dx + ((oh * g->sh + i * g->dh - g->top) * g->w + ow * g->sw + j * g->dw - g->left) * g->c;
                        for (int64_t k = 0; k < g->k; k++) {
                            const float *w = a->w + ((k * g->kh + i) * g->kw + j) * deep;
                            for (int64_t c = 0; c < deep; c++) to_x[k / wide * deep + c] += dy[k] * w[c];
                        }
                    }
            }
    }
}

static int32_t k_conv_data(const struct conv_data_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(conv_data_part, (void *)a, fathom_parts(conv_nanos(&a->g, a->n), a->n));
    return FATHOM_OK;
}

static void conv_weights_part(void *context, int64_t part, int64_t parts) {
    const struct conv_weights_args *a = context;
    const struct window *g = &a->g;
    int64_t from, to, deep = g->c / g->groups, wide = g->k / g->groups;
    fathom_range(g->k, 1, part, parts, &from, &to);
    for (int64_t k = from; k < to; k++)
        for (int64_t i = 0; i < g->kh; i++)
            for (int64_t j = 0; j < g->kw; j++) {
                int64_t y0, y1, x0, x1;
                float *dw = a->dw + ((k * g->kh + i) * g->kw + j) * deep;
                if (!a->add) memset(dw, 0, (size_t)deep * sizeof *dw);
                inside(g->h, g->oh, g->sh, i * g->dh, g->top, &y0, &y1);
                inside(g->w, g->ow, g->sw, j * g->dw, g->left, &x0, &x1);
                for (int64_t n = 0; n < a->n; n++)
                    for (int64_t oh = y0; oh < y1; oh++)
                        for (int64_t ow = x0; ow < x1; ow++) {
                            float dy = a->dy[((n * g->oh + oh) * g->ow + ow) * g->k + k];
                            int64_t y = oh * g->sh + i * g->dh - g->top, x = ow * g->sw + j * g->dw - g->left;
                            const float *of = a->x + ((n * g->h + y) * g->w + x) * g->c + k / wide * deep;
                            for (int64_t c = 0; c < deep; c++) dw[c] += dy * of[c];
                        }
            }
}

static int32_t k_conv_weights(const struct conv_weights_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(conv_weights_part, (void *)a, fathom_parts(conv_nanos(&a->g, a->n), a->g.k));
    return FATHOM_OK;
}

#endif
