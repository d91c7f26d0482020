/*
 * Random changes to a batch of images x[n][h][w][c]. What is random about an image (its map, tone, box, share) comes as numbers, so
 * that the caller may say it any way it likes; each image's result depends on the image and its numbers alone (of a mix, on two).
 */
#include "loops.h"

/* ---- warp ---- */

/* A flip or a shift by whole pixels: row and column are +-r and +-q plus integers, and pixels are copied. */
static inline int whole_pixels(const float m[6]) {
    return m[1] == 0 && m[3] == 0 && fabsf(m[0]) == 1 && fabsf(m[4]) == 1 && fabsf(m[2]) < 0x1p23f && fabsf(m[5]) < 0x1p23f
           && m[2] == (float)(int32_t)m[2] && m[5] == (float)(int32_t)m[5];
}

static inline int64_t clamped(int64_t i, int64_t n) { return i < 0 ? 0 : i < n ? i : n - 1; }

INLINE void copy_pixel(const float *x, float *y, int64_t c) {
    if (c <= 4) memcpy(y, x, (size_t)c * 4);
    else EACH_VECTOR(c, v_put(y + i, v_get(x + i, m), m););
}

/* row r of one image */
INLINE void warp_whole(const float *x, float *y, int64_t r, int64_t h, int64_t w, int64_t c, const float m[6], int64_t edge) {
    int64_t row = (int64_t)m[0] * r + (int64_t)m[2], step = (int64_t)m[4], first = (int64_t)m[5];
    if (!edge && (row < 0 || row >= h)) {
        memset(y, 0, (size_t)(w * c) * 4);
        return;
    }
    x += clamped(row, h) * w * c;
    /* columns first + step q lie inside for lo <= q < hi */
    int64_t lo = step > 0 ? -first : first - w + 1, hi = step > 0 ? w - first : first + 1;
    lo = lo < 0 ? 0 : lo > w ? w : lo;
    hi = hi > w ? w : hi < lo ? lo : hi;
    if (edge) {
        for (int64_t q = 0; q < lo; q++) copy_pixel(x + clamped(first + step * q, w) * c, y + q * c, c);
        for (int64_t q = hi; q < w; q++) copy_pixel(x + clamped(first + step * q, w) * c, y + q * c, c);
    } else {
        memset(y, 0, (size_t)(lo * c) * 4);
        memset(y + hi * c, 0, (size_t)((w - hi) * c) * 4);
    }
    if (step > 0) memcpy(y + lo * c, x + (first + lo) * c, (size_t)((hi - lo) * c) * 4);
    else
        for (int64_t q = lo; q < hi; q++) copy_pixel(x + (first - q) * c, y + q * c, c);
}

/* Along one axis of n pixels: the pixels i0 and i1 around the place `at`, and their weights, 0 outside the image. */
INLINE void around(v at, int64_t n, int64_t edge, vi *i0, vi *i1, v *w0, v *w1) {
    /* beyond this, nothing changes; a NaN becomes a bound */
    const v last = v_set((float)(n - 1)), none = v_set(0);
    at = edge ? v_min(v_max(at, none), last) : v_min(v_max(at, v_set(-1)), v_set((float)n));
    v floor = v_floor(at), part = at - floor;
    vi low = __builtin_convertvector(floor, vi), high = low + 1;
    *w0 = v_sel((floor < 0) | (floor > last), none, 1 - part);
    *w1 = v_sel(floor + 1 > last, none, part);
    const v most = (v)vi_set((int32_t)n - 1);
    *i0 = (vi)v_sel(low < 0, v_set(0), v_sel(low >= (int32_t)n, most, (v)low));
    *i1 = (vi)v_sel(high >= (int32_t)n, most, (v)high);
}

/* v_fma of one number */
static inline float fma_one(float a, float b, float c) {
#ifdef V_FUSED
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/* row r of one image: places and weights of VL pixels at once, then the channels of each pixel */
INLINE void warp_smooth(const float *x, float *y, int64_t r, int64_t h, int64_t w, int64_t c, const float m[6], int64_t edge) {
    const v row = v_set(m[0] * (float)r + m[2]), column = v_set(m[3] * (float)r + m[5]);
    const int32_t line = (int32_t)w, step = (int32_t)c;
    for (int64_t q = 0; q < w; q += VL, y += VL * c) {
        v at = __builtin_convertvector(V_LANE + (int32_t)q, v), top, bottom, left, right;
        vi r0, r1, c0, c1;
        around(v_fma(at, v_set(m[1]), row), h, edge, &r0, &r1, &top, &bottom);
        around(v_fma(at, v_set(m[4]), column), w, edge, &c0, &c1, &left, &right);
        const v w00 = top * left, w01 = top * right, w10 = bottom * left, w11 = bottom * right;
        const vi x00 = (r0 * line + c0) * step, x01 = (r0 * line + c1) * step;
        const vi x10 = (r1 * line + c0) * step, x11 = (r1 * line + c1) * step;
        const int64_t n = lane_count(w - q);
        for (int64_t k = 0; k < n; k++) {
            const float *p00 = x + x00[k], *p01 = x + x01[k], *p10 = x + x10[k], *p11 = x + x11[k];
            float *to = y + k * c;
            if (c <= 4) {
                for (int64_t i = 0; i < c; i++) {
                    float sum = fma_one(p01[i], w01[k], p00[i] * w00[k]);
                    to[i] = fma_one(p11[i], w11[k], fma_one(p10[i], w10[k], sum));
                }
                continue;
            }
            const v k00 = v_set(w00[k]), k01 = v_set(w01[k]), k10 = v_set(w10[k]), k11 = v_set(w11[k]);
            EACH_VECTOR(c, {
                v sum = v_fma(v_get(p01 + i, m), k01, v_get(p00 + i, m) * k00);
                v_put(to + i, v_fma(v_get(p11 + i, m), k11, v_fma(v_get(p10 + i, m), k10, sum)), m);
            });
        }
    }
}

INLINE void warp_rows(const struct warp_args *a, int64_t c, int64_t from, int64_t to) {
    for (int64_t line = from; line < to; line++) {
        const int64_t i = line / a->h, r = line - i * a->h;
        const float *map = a->maps + 6 * i, *x = a->x + i * a->h * a->w * c;
        float *y = a->y + line * a->w * c;
        if (whole_pixels(map)) warp_whole(x, y, r, a->h, a->w, c, map, a->edge);
        else warp_smooth(x, y, r, a->h, a->w, c, map, a->edge);
    }
}

static void warp_part(void *at, int64_t part, int64_t parts) {
    const struct warp_args *a = at;
    int64_t from, to;
    fathom_range(a->n * a->h, 1, part, parts, &from, &to);
    if (a->c == 1) warp_rows(a, 1, from, to); /* gray and color: loops of a known length */
    else if (a->c == 3) warp_rows(a, 3, from, to);
    else warp_rows(a, a->c, from, to);
}

static int32_t k_warp(const struct warp_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(warp_part, (void *)a, fathom_parts((double)(a->n * a->h * a->w) * (1 + 0.3 * (double)a->c), a->n * a->h));
    return FATHOM_OK;
}

/* ---- tone: the channels of 16 pixels fill whole vectors; the caller sees to it that they are at most MOST_CHANNELS ---- */

enum { MOST_CHANNELS = 64 };

/* shift[16][c]: what is added to a value times the gain. A mean is a sum in 16 parts, pixel p in part p % 16, added in a fixed tree. */
static void tone_shift(const float *x, int64_t pixels, int64_t c, float gain, float offset, float *shift) {
    const int64_t period = 16 * c;
    float sum[16 * MOST_CHANNELS] = {0};
    for (int64_t n = gain == 1 ? 0 : pixels * c; n > 0; n -= period, x += period) {
        const int64_t some = n < period ? n : period;
        EACH_VECTOR(some, v_put(sum + i, v_get(sum + i, m) + v_get(x + i, m), m););
    }
    for (int64_t half = period / 2; half >= c; half /= 2)
        for (int64_t i = 0; i < half; i++) sum[i] += sum[i + half];
    for (int64_t i = 0; i < period; i++) shift[i] = i < c ? (1 - gain) * (sum[i] / (float)pixels) + offset : shift[i - c];
}

static void tone_part(void *at, int64_t part, int64_t parts) {
    const struct tone_args *a = at;
    const int64_t period = 16 * a->c;
    float shift[16 * MOST_CHANNELS];
    int64_t from, to;
    fathom_range(a->n, 1, part, parts, &from, &to);
    for (int64_t image = from; image < to; image++) {
        float *x = a->x + image * a->pixels * a->c;
        const float *tone = a->tones + 2 * image;
        tone_shift(x, a->pixels, a->c, tone[0], tone[1], shift);
        for (int64_t n = a->pixels * a->c; n > 0; n -= period, x += period) {
            const int64_t some = n < period ? n : period;
            EACH_VECTOR(some, v_put(x + i, v_fma(v_get(x + i, m), v_set(tone[0]), v_get(shift + i, m)), m););
        }
    }
}

static int32_t k_tone(const struct tone_args *a, int64_t *detail) {
    (void)detail;
    fathom_parallel(tone_part, (void *)a, fathom_parts((double)(a->n * a->pixels) * 0.2 * (double)a->c, a->n));
    return FATHOM_OK;
}

/* ---- erase ---- */

static int32_t k_erase(const struct erase_args *a, int64_t *detail) {
    (void)detail;
    for (int64_t i = 0; i < a->n; i++) {
        const int32_t *box = a->boxes + 4 * i;
        for (int64_t r = box[0]; r < box[1]; r++)
            memset(a->x + ((i * a->h + r) * a->w + box[2]) * a->c, 0, (size_t)((box[3] - box[2]) * a->c) * 4);
    }
    return FATHOM_OK;
}

/* ---- mix: pairs from both ends, each read before either is written ---- */

static void mix_part(void *at, int64_t part, int64_t parts) {
    const struct mix_args *a = at;
    int64_t from, to;
    fathom_range(a->n / 2 * a->cols, ELEMENT_GRAIN, part, parts, &from, &to);
    while (from < to) {
        const int64_t row = from / a->cols, c = from - row * a->cols, other = a->n - 1 - row;
        const int64_t n = a->cols - c < to - from ? a->cols - c : to - from;
        const v mine = v_set(a->share[row]), theirs = v_set(a->share[other]);
        float *x = a->x + row * a->cols + c, *y = a->x + other * a->cols + c;
        EACH_VECTOR(n, {
            const v p = v_get(x + i, m), q = v_get(y + i, m);
            v_put(x + i, v_fma(p, mine, q * (1 - mine)), m);
            v_put(y + i, v_fma(q, theirs, p * (1 - theirs)), m);
        });
        from += n;
    }
}

static int32_t k_mix(const struct mix_args *a, int64_t *detail) {
    (void)detail;
    each_part(mix_part, a, a->n / 2 * a->cols, 2 * MEMORY_NANOS);
    return FATHOM_OK;
}

EXPORT(warp)
EXPORT(tone)
EXPORT(erase)
EXPORT(mix)
