/*
 * Windows over images x [n, h, w, c]: the largest value of each with its tap (tap i kw + j lies i dh rows down and j dw pixels to
 * the right of the first), or the average; and the gradients.
 *
 * A vector holds VL channels of one pixel. Where there are few channels it holds several pixels, lane l channel l % c of pixel
 * l / c: with a stride of 1 they lie side by side, else a shuffle brings them together, or apart.
 *
 * A part owns rows of y, or of dx: a value of dx gathers what the windows over it have for it, in their order, and is written
 * once.
 */
#include "bytes.h"
#include "indices.h"
#include "loops.h"

enum pool_kind { POOL_MAX, POOL_AVERAGE };

struct pool {
    struct window g;
    const float *from; /* x, or dy */
    float *to;         /* y, or dx */
    uint8_t *taps;     /* of POOL_MAX; 0: nobody asks */
    int64_t wide;      /* taps are int32, not bytes */
    int64_t padded, bottom, right, add, stream;
    int64_t ahead; /* how far on the next row of windows begins, if x comes from memory */
    int64_t rows, lo, hi; /* all rows; the windows of a row that lie inside */
};

/* Images and results without values: their sides may be so long that nothing counts their places. */
static int is_empty(const struct window *g, int64_t n) { return n == 0 || g->c == 0; }

static int64_t taps_wide(const struct window *g) { return g->kh * g->kw > 256; }

/* the taps i0 .. i1 of k, d apart from place `first` on, that lie in 0 .. n-1 */
INLINE void taps_inside(int64_t first, int64_t n, int64_t k, int64_t d, int64_t *i0, int64_t *i1) {
    *i0 = first < 0 ? (d - 1 - first) / d : 0;
    *i1 = first + (k - 1) * d < n ? k : (n - first + d - 1) / d;
}

/* what an average divides by along one dimension: the taps inside, or also those on `after` places of padding behind */
INLINE int64_t taps_counted(int64_t first, int64_t n, int64_t k, int64_t d, int64_t padded, int64_t after) {
    int64_t i0, i1;
    taps_inside(first, padded ? n + after : n, k, d, &i0, &i1);
    return i1 - (padded ? 0 : i0);
}

INLINE int64_t counted_rows(const struct pool *p, int64_t oh) {
    const struct window *g = &p->g;
    return taps_counted(oh * g->sh - g->top, g->h, g->kh, g->dh, p->padded, p->bottom);
}
INLINE int64_t counted_columns(const struct pool *p, int64_t ow) {
    const struct window *g = &p->g;
    return taps_counted(ow * g->sw - g->left, g->w, g->kw, g->dw, p->padded, p->right);
}

static void pool_inside(struct pool *p) {
    const struct window *g = &p->g;
    int64_t last = g->w - 1 + g->left - (g->kw - 1) * g->dw;
    p->lo = (g->left + g->sw - 1) / g->sw;
    p->hi = last < 0 ? 0 : last / g->sw + 1;
    if (p->hi > g->ow) p->hi = g->ow;
    if (p->lo > p->hi) p->lo = p->hi = 0;
}

/* ---- taps in memory ---- */

static inline void taps_put(uint8_t *taps, int64_t at, vi tap, int64_t n, int64_t wide) {
    if (wide) {
        v_put((float *)taps + at, (v)tap, n);
        return;
    }
#if defined(__AVX512BW__) && defined(__AVX512VL__)
    _mm_mask_storeu_epi8(taps + at, (__mmask16)((1u << n) - 1), _mm512_cvtepi32_epi8((__m512i)tap));
#else
    typedef uint8_t v_bytes __attribute__((vector_size(VL)));
    v_bytes bytes = __builtin_convertvector(tap, v_bytes);
    if (n == VL) memcpy(taps + at, &bytes, VL);
    else
        for (int i = 0; i < n; i++) taps[at + i] = bytes[i];
#endif
}
static inline vi taps_get(const uint8_t *taps, int64_t at, int64_t n, int64_t wide) {
    if (wide) return (vi)v_get((const float *)taps + at, n);
#if defined(__AVX512BW__) && defined(__AVX512VL__)
    return (vi)_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8((__mmask16)((1u << n) - 1), taps + at));
#else
    if (n == VL) return bytes_load(taps + at);
    vi tap = {0};
    for (int i = 0; i < n; i++) tap[i] = taps[at + i];
    return tap;
#endif
}

/* ---- several pixels in a vector ---- */

struct spread {
    int64_t pixels; /* that a vector holds, 0 for one or less */
    vi from;        /* where a lane comes from */
};

static inline v v_lanes_of(v x, vi from) {
#if defined(__AVX512F__)
    return (v)_mm512_permutexvar_ps((__m512i)from, (__m512)x);
#elif defined(__aarch64__)
    return (v)vqtbl1q_u8((uint8x16_t)x, (uint8x16_t)(from * 0x04040404 + 0x03020100));
#else
    return __builtin_shuffle(x, from);
#endif
}

/* n <= 2 VL floats in a row */
struct two {
    v low, high;
};
static inline struct two two_load(const float *p, int64_t n) {
    v low = v_get(p, n < VL ? n : VL);
    return (struct two){low, n > VL ? v_load_n(p + VL, n - VL) : low};
}
static inline v two_lanes(struct two x, vi from) {
#if defined(__AVX512F__)
    return (v)_mm512_permutex2var_ps((__m512)x.low, (__m512i)from, (__m512)x.high);
#elif defined(__aarch64__)
    return (v)vqtbl2q_u8((uint8x16x2_t){{(uint8x16_t)x.low, (uint8x16_t)x.high}}, (uint8x16_t)(from * 0x04040404 + 0x03020100));
#else
    return __builtin_shuffle(x.low, x.high, from);
#endif
}

/* every sw-th pixel, so many that all the taps of a row lie in two vectors */
static struct spread spread_forward(const struct window *g) {
    struct spread s = {0};
    int64_t c = g->c, most = VL / c, reach = (2 * VL - c - (g->kw - 1) * g->dw * c) / (g->sw * c) + 1;
    if (g->sw > 1 && reach > 1 && most > 1) s.pixels = most < reach ? most : reach;
    for (int l = 0; l < s.pixels * c; l++) s.from[l] = (int32_t)(l / c * g->sw * c + l % c);
    return s;
}

/* ---- forward ---- */

/* y = x where that is larger, or the first NaN */
INLINE void take_larger(v x, vi tap, v *y, vi *best) {
#if defined(__AVX512F__)
    const __m512 had = (__m512)*y;
    __mmask16 larger = _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(had, had, _CMP_ORD_Q), (__m512)x, had, _CMP_NLE_UQ);
    *y = (v)_mm512_mask_mov_ps(had, larger, (__m512)x);
    *best = (vi)_mm512_mask_mov_epi32((__m512i)*best, larger, (__m512i)tap);
#else
    vi larger = ~(x <= *y) & (*y == *y);
    *y = v_sel(larger, x, *y);
    *best = (vi)v_sel(larger, (v)tap, (v)*best);
#endif
}

/*
 * n lanes of y[to], whose windows begin at from[at]; taps i0 .. i1 by j0 .. j1. With s the windows of several pixels begin there:
 * a row of taps is `span` floats. ahead: the row of windows that follows begins so far on, and is asked for; 0: it is not.
 */
INLINE void pool_vector(enum pool_kind kind, const struct pool *p, const struct spread *s, int64_t span, int64_t ahead,
                        int64_t at, int64_t to, int64_t n, int64_t i0, int64_t i1, int64_t j0, int64_t j1, int64_t kw,
                        float scale) {
    const int64_t down = p->g.dh * p->g.w * p->g.c, right = p->g.dw * p->g.c;
    v y = v_set(kind == POOL_MAX ? -INFINITY : 0);
    vi best = vi_set((int32_t)(i0 * kw + j0));
    for (int64_t i = i0; i < i1; i++) {
        const float *from = p->from + at + i * down;
        struct two row;
        if (s) row = two_load(from, span);
        for (int64_t j = j0; j < j1; j++) {
            if (ahead && i < i0 + 2 && j < 2) __builtin_prefetch(from + j * right + ahead); /* pixels of this window alone */
            v x = s ? two_lanes(row, s->from + vi_set((int32_t)(j * right))) : v_get(from + j * right, n);
            if (kind == POOL_AVERAGE) y = y + x;
            else take_larger(x, vi_set((int32_t)(i * kw + j)), &y, &best);
        }
    }
    v_put(p->to + to, kind == POOL_MAX ? y : y * scale, n);
    if (kind == POOL_MAX && p->taps) taps_put(p->taps, to, best, n, p->wide);
}

static __attribute__((noinline)) void pool_edge(enum pool_kind kind, const struct pool *p, int64_t row, int64_t ow, int64_t at,
                                                int64_t i0, int64_t i1, int64_t height) {
    const struct window *g = &p->g;
    int64_t j0, j1, to = (row * g->ow + ow) * g->c;
    taps_inside(ow * g->sw - g->left, g->w, g->kw, g->dw, &j0, &j1);
    float scale = kind == POOL_MAX ? 1 : 1 / (float)(height * counted_columns(p, ow));
    for (int64_t c = 0; c < g->c; c += VL) {
        int64_t n = lane_count(g->c - c);
        if (kind == POOL_MAX) pool_vector(POOL_MAX, p, 0, 0, 0, at + c, to + c, n, i0, i1, j0, j1, g->kw, 1);
        else pool_vector(POOL_AVERAGE, p, 0, 0, 0, at + c, to + c, n, i0, i1, j0, j1, g->kw, scale);
    }
}

/* windows lo .. hi of a row, which lie inside */
INLINE void pool_interior(enum pool_kind kind, const struct pool *p, const struct spread *s, int64_t row, int64_t at, int64_t i0,
                          int64_t i1, int64_t kw, float scale) {
    const int64_t c = p->g.c, step = p->g.sw * c, to = row * p->g.ow * c, lo = p->lo, hi = p->hi;
    if (p->g.sw == 1) {
        for (int64_t f = lo * c; f < hi * c; f += VL)
            pool_vector(kind, p, 0, 0, 0, at + f, to + f, lane_count(hi * c - f), i0, i1, 0, kw, kw, scale);
    } else if (s->pixels) {
        for (int64_t ow = lo; ow < hi; ow += s->pixels) {
            int64_t pixels = hi - ow < s->pixels ? hi - ow : s->pixels;
            int64_t span = (pixels - 1) * step + (kw - 1) * p->g.dw * c + c;
            pool_vector(kind, p, s, span, 0, at + ow * step, to + ow * c, pixels * c, i0, i1, 0, kw, kw, scale);
        }
    } else {
        for (int64_t ow = lo; ow < hi; ow++)
            for (int64_t f = 0; f < c; f += VL)
                pool_vector(kind, p, 0, 0, p->ahead, at + ow * step + f, to + ow * c + f, lane_count(c - f), i0, i1, 0, kw, kw,
                            scale);
    }
}

/* The loops read a copy of their own: what they store might else be a part of it, and all would be read again. */
INLINE void pool_rows(enum pool_kind kind, const struct pool *shared, int64_t part, int64_t parts) {
    const struct pool own = *shared, *p = &own;
    const struct window *g = &p->g;
    const struct spread s = spread_forward(g);
    int64_t row, end, i0, i1;
    fathom_range(p->rows, 1, part, parts, &row, &end);
    for (; row < end; row++) {
        int64_t oh = row % g->oh, first = oh * g->sh - g->top;
        int64_t at = ((row / g->oh * g->h + first) * g->w - g->left) * g->c, step = g->sw * g->c;
        int64_t height = kind == POOL_MAX ? 1 : counted_rows(p, oh);
        float scale = 1 / (float)(height * g->kw);
        taps_inside(first, g->h, g->kh, g->dh, &i0, &i1);
        for (int64_t ow = 0; ow < p->lo; ow++) pool_edge(kind, shared, row, ow, at + ow * step, i0, i1, height);
        if (g->kw == 2 && i0 == 0 && i1 == 2) pool_interior(kind, p, &s, row, at, 0, 2, 2, scale);
        else if (g->kw == 3 && i0 == 0 && i1 == 3) pool_interior(kind, p, &s, row, at, 0, 3, 3, scale);
        else pool_interior(kind, p, &s, row, at, i0, i1, g->kw, scale);
        for (int64_t ow = p->hi; ow < g->ow; ow++) pool_edge(kind, shared, row, ow, at + ow * step, i0, i1, height);
    }
}

/* measured: 15 % less time where x comes from memory, 5 % more where it does not */
static int64_t pool_ahead(const struct window *g, int64_t n) {
    return beyond_caches(2 * n * g->h * g->w * g->c) ? g->sh * g->w * g->c : 0;
}

static void max_pool_part(void *at, int64_t part, int64_t parts) { pool_rows(POOL_MAX, at, part, parts); }
static void avg_pool_part(void *at, int64_t part, int64_t parts) { pool_rows(POOL_AVERAGE, at, part, parts); }

static void pool_run(part_fn fn, struct pool *p) {
    const struct window *g = &p->g;
    pool_inside(p);
    double vectors = (double)(p->rows * g->ow) * (double)((g->c + VL - 1) / VL);
    fathom_parallel(fn, p, fathom_parts(vectors * (2 + 2 * (double)(g->kh * g->kw)), p->rows));
}

static int32_t k_max_pool(const struct max_pool_args *a, int64_t *detail) {
    (void)detail;
    if (is_empty(&a->g, a->n)) return FATHOM_OK;
    struct pool p = {.g = a->g, .from = a->x, .to = a->y, .taps = a->taps, .wide = taps_wide(&a->g),
                     .ahead = pool_ahead(&a->g, a->n), .rows = a->n * a->g.oh};
    pool_run(max_pool_part, &p);
    return FATHOM_OK;
}

static int32_t k_avg_pool(const struct avg_pool_args *a, int64_t *detail) {
    (void)detail;
    if (is_empty(&a->g, a->n)) return FATHOM_OK;
    struct pool p = {.g = a->g, .from = a->x, .to = a->y, .padded = a->padded, .bottom = a->bottom, .right = a->right,
                     .ahead = pool_ahead(&a->g, a->n), .rows = a->n * a->g.oh};
    pool_run(avg_pool_part, &p);
    return FATHOM_OK;
}

/* ---- backward ---- */

#define NOTHING v_set(-0.0f) /* x + -0 is x, for zeros too */

/* Windows over a place along one dimension, ascending, a few at a time: each has it at a tap, and `part` of its average. */
enum { OVER = 16, PHASES = 4 };
struct over {
    int64_t n, at[OVER]; /* the window, then where its values lie in dy */
    int32_t tap[OVER];
    float part[OVER];
};

/* How many windows before window q = place / s may also lie over a place r = place % s into it; -1: not even q does. */
INLINE int64_t windows_before(int64_t r, int64_t s, int64_t reach) {
    return r > reach ? -1 : r + s > reach ? 0 : (reach - r) / s;
}

/* Collects windows q - b, q - b + 1 .. below `end` over the place r + b s into them; returns the next b, -1 for no more. */
INLINE int64_t windows_over(struct over *o, int64_t q, int64_t r, int64_t b, int64_t s, int64_t d, int64_t end) {
    int64_t last = q - end + 1 > 0 ? q - end + 1 : 0;
    if (b > q) b = q;
    for (o->n = 0; b >= last && o->n < OVER; b--) {
        int64_t places = r + b * s;
        if (d > 1 && places % d) continue;
        o->at[o->n] = q - b;
        o->tap[o->n++] = (int32_t)(d > 1 ? places / d : places);
    }
    return b >= last ? b : -1;
}

/* What is the same in all rows: the windows over a pixel of window q far from the edges, counted from q - before. */
struct inner {
    int64_t before, known; /* known: all of them are in phases[pixel % sw] */
    struct over phases[PHASES];
};

static struct inner pool_inner(const struct window *g) {
    const int64_t reach = (g->kw - 1) * g->dw;
    struct inner r = {.before = reach / g->sw, .known = reach / g->sw < OVER && g->sw <= PHASES};
    for (int64_t i = 0; r.known && i < g->sw; i++) {
        struct over *o = &r.phases[i];
        windows_over(o, r.before, i, windows_before(i, g->sw, reach), g->sw, g->dw, r.before + 1);
        for (int64_t k = 0; k < o->n; k++) o->at[k] *= g->c, o->part[k] = 1 / (float)g->kw;
    }
    return r;
}

/* n lanes of dx[to] (+)= what windows `rows` by `columns`, `at` floats further on, have for them */
INLINE void grad_vector(enum pool_kind kind, const struct pool *p, const struct over *rows, const struct over *columns,
                        int64_t at, int64_t to, int64_t n, int64_t add) {
    v dx = add ? v_get(p->to + to, n) : v_set(0);
    for (int64_t a = 0; a < rows->n; a++)
        for (int64_t b = 0; b < columns->n; b++) {
            int64_t from = rows->at[a] + columns->at[b] + at;
            v dy = v_get(p->from + from, n);
            int32_t tap = rows->tap[a] * (int32_t)p->g.kw + columns->tap[b];
            if (kind == POOL_AVERAGE) dx = dx + dy * (rows->part[a] * columns->part[b]);
            else dx = dx + v_sel(taps_get(p->taps, from, n, p->wide) == tap, dy, NOTHING);
        }
    if (p->stream) v_stream(p->to + to, dx);
    else v_put(p->to + to, dx, n);
}

/* pixels iw .. end of a row, one by one */
static __attribute__((noinline)) void grad_pixels(enum pool_kind kind, const struct pool *p, int64_t row,
                                                  const struct over *rows, int64_t iw, int64_t end, int64_t add) {
    const struct window *g = &p->g;
    const int64_t c = g->c, reach = (g->kw - 1) * g->dw;
    int64_t q = (iw + g->left) / g->sw, r = (iw + g->left) % g->sw, to = (row * g->w + iw) * c;
    struct over columns;
    for (; iw < end; iw++, to += c) {
        int64_t b = windows_before(r, g->sw, reach), more = add;
        do {
            b = windows_over(&columns, q, r, b, g->sw, g->dw, g->ow);
            for (int64_t k = 0; k < columns.n; k++) {
                if (kind == POOL_AVERAGE) columns.part[k] = 1 / (float)counted_columns(p, columns.at[k]);
                columns.at[k] *= c;
            }
            for (int64_t f = 0; f < c; f += VL) {
                if (kind == POOL_MAX) grad_vector(POOL_MAX, p, rows, &columns, f, to + f, lane_count(c - f), more);
                else grad_vector(POOL_AVERAGE, p, rows, &columns, f, to + f, lane_count(c - f), more);
            }
            more = 1;
        } while (b >= 0);
        if (++r == g->sw) r = 0, q++;
    }
}

/* a row of dx (+)= what the windows `rows` have for it */
INLINE void grad_row(enum pool_kind kind, const struct pool *shared, const struct pool *p, const struct inner *in, int64_t row,
                     const struct over *rows, int64_t add) {
    const struct window *g = &p->g;
    const int64_t c = g->c, sw = g->sw;
    const int64_t lo = kind == POOL_MAX ? 0 : p->lo, hi = kind == POOL_MAX ? g->ow : p->hi; /* windows that count alike */
    int64_t q = (g->left + sw - 1) / sw, iw = 0;
    if (q < lo + in->before) q = lo + in->before;
    if (in->known && q < hi && q * sw - g->left < g->w) { /* pixels under windows lo .. hi alone */
        iw = q * sw - g->left;
        if (iw > 0) grad_pixels(kind, shared, row, rows, 0, iw, add);
        int64_t at = (q - in->before) * c, to = (row * g->w + iw) * c;
        if (sw == 1) {
            int64_t end = hi - g->left < g->w ? hi - g->left : g->w, n = (end - iw) * c;
            for (int64_t f = 0; f < n; f += VL) grad_vector(kind, p, rows, in->phases, at + f, to + f, lane_count(n - f), add);
            iw = end;
        } else {
            for (; q < hi && iw + sw <= g->w; q++, iw += sw, at += c, to += sw * c)
                for (int64_t r = 0; r < sw; r++)
                    for (int64_t f = 0; f < c; f += VL)
                        grad_vector(kind, p, rows, in->phases + r, at + f, to + r * c + f, lane_count(c - f), add);
        }
    }
    if (iw < g->w) grad_pixels(kind, shared, row, rows, iw, g->w, add);
}

INLINE void grad_rows(enum pool_kind kind, const struct pool *shared, int64_t part, int64_t parts) {
    const struct pool own = *shared, *p = &own;
    const struct window *g = &p->g;
    const struct inner in = pool_inner(g);
    int64_t row, end;
    struct over rows;
    fathom_range(p->rows, 1, part, parts, &row, &end);
    for (; row < end; row++) {
        int64_t place = row % g->h + g->top, q = place / g->sh, r = place % g->sh, add = p->add;
        int64_t b = windows_before(r, g->sh, (g->kh - 1) * g->dh);
        do {
            b = windows_over(&rows, q, r, b, g->sh, g->dh, g->oh);
            for (int64_t k = 0; k < rows.n; k++) {
                if (kind == POOL_AVERAGE) rows.part[k] = 1 / (float)counted_rows(p, rows.at[k]);
                rows.at[k] = (row / g->h * g->oh + rows.at[k]) * g->ow * g->c;
            }
            if (rows.n) grad_row(kind, shared, p, &in, row, &rows, add);
            else if (!add) memset(p->to + row * g->w * g->c, 0, (size_t)(g->w * g->c) * sizeof(float));
            add = 1;
        } while (b >= 0);
    }
    if (p->stream) v_stream_end();
}

/*
 * Tiles: windows without padding that lie apart, of few channels. Each is read once, and several of them in a vector become sw
 * vectors of every row under them.
 */
struct tiles {
    int64_t windows;
    vi from[PHASES];   /* the lane of dy that each lane of those vectors takes */
    vi column[PHASES]; /* which pixel of its window it is; far off if beyond kw */
};

static int tiled(const struct pool *p, enum pool_kind kind) {
    const struct window *g = &p->g;
    int apart = g->kh <= g->sh && g->kw <= g->sw && g->dh == 1 && g->dw == 1 && g->top == 0 && g->left == 0;
    int whole = p->hi == g->ow && (g->oh - 1) * g->sh + g->kh <= g->h;
    return apart && (kind == POOL_MAX || whole) && 2 * g->c <= VL && g->sw > 1 && g->sw <= PHASES;
}

static struct tiles pool_tiles(const struct window *g) {
    struct tiles t = {.windows = VL / g->c};
    for (int64_t l = 0; l < t.windows * g->sw * g->c; l++) {
        int64_t column = l / g->c % g->sw;
        t.from[l / VL][l % VL] = (int32_t)(l / (g->c * g->sw) * g->c + l % g->c);
        t.column[l / VL][l % VL] = (int32_t)(column < g->kw ? column : 1 << 24);
    }
    return t;
}

INLINE void tile_rows(enum pool_kind kind, const struct pool *shared, int64_t part, int64_t parts) {
    const struct pool own = *shared, *p = &own;
    const struct window *g = &p->g;
    const struct tiles t = pool_tiles(g);
    const int64_t c = g->c, line = g->w * c;
    const float scale = 1 / (float)g->kh * (1 / (float)g->kw);
    int64_t row, end;
    fathom_range(p->rows / g->h * g->oh, 1, part, parts, &row, &end);
    for (; row < end; row++) {
        int64_t oh = row % g->oh, below = g->h - oh * g->sh, height = oh == g->oh - 1 || below < g->sh ? below : g->sh;
        float *to = p->to + (row / g->oh * g->h + oh * g->sh) * line;
        for (int64_t ow = 0; ow < g->ow; ow += t.windows) {
            int64_t n = (g->ow - ow < t.windows ? g->ow - ow : t.windows) * c, from = (row * g->ow + ow) * c;
            int64_t right = line - ow * g->sw * c, wide = n * g->sw < right ? n * g->sw : right;
            v dy = v_get(p->from + from, n);
            vi tap = kind == POOL_MAX ? taps_get(p->taps, from, n, p->wide) : vi_set(0);
            for (int64_t k = 0; k * VL < wide; k++) {
                int64_t lanes = lane_count(wide - k * VL);
                v mine = v_lanes_of(dy, t.from[k]);
                vi row_tap = (vi)v_lanes_of((v)tap, t.from[k]) - t.column[k]; /* i kw, if the tap is of this column */
                if (kind == POOL_AVERAGE) mine = v_sel(t.column[k] < (int32_t)g->kw, mine * scale, NOTHING);
                for (int64_t i = 0; i < height; i++) {
                    float *dx = to + i * line + ow * g->sw * c + k * VL;
                    v sum = p->add ? v_get(dx, lanes) : v_set(0), part = mine;
                    if (kind == POOL_MAX) part = v_sel(row_tap == (int32_t)(i * g->kw), mine, NOTHING);
                    v_put(dx, i < g->kh ? sum + part : sum, lanes);
                }
            }
        }
        int64_t covered = g->ow * g->sw * c;
        if (covered < line && !p->add)
            for (int64_t i = 0; i < height; i++) memset(to + i * line + covered, 0, (size_t)(line - covered) * sizeof(float));
    }
}

static void max_pool_grad_part(void *at, int64_t part, int64_t parts) {
    if (tiled(at, POOL_MAX)) tile_rows(POOL_MAX, at, part, parts);
    else grad_rows(POOL_MAX, at, part, parts);
}
static void avg_pool_grad_part(void *at, int64_t part, int64_t parts) {
    if (tiled(at, POOL_AVERAGE)) tile_rows(POOL_AVERAGE, at, part, parts);
    else grad_rows(POOL_AVERAGE, at, part, parts);
}

static int64_t pool_streams(const struct window *g, int64_t n, const float *dx, int64_t add) {
    int64_t once = (g->kh - 1) * g->dh < OVER * g->sh && (g->kw - 1) * g->dw < OVER * g->sw; /* dx is not read again */
    return once && !add && g->c % VL == 0 && streams(dx, n * g->h * g->w * g->c);
}

static int32_t k_max_pool_grad(const struct max_pool_grad_args *a, int64_t *detail) {
    (void)detail;
    if (is_empty(&a->g, a->n)) return FATHOM_OK;
    struct pool p = {.g = a->g, .from = a->dy, .to = a->dx, .taps = a->taps, .wide = taps_wide(&a->g), .add = a->add,
                     .stream = pool_streams(&a->g, a->n, a->dx, a->add), .rows = a->n * a->g.h};
    pool_run(max_pool_grad_part, &p);
    return FATHOM_OK;
}

static int32_t k_avg_pool_grad(const struct avg_pool_grad_args *a, int64_t *detail) {
    (void)detail;
    if (is_empty(&a->g, a->n)) return FATHOM_OK;
    struct pool p = {.g = a->g, .from = a->dy, .to = a->dx, .padded = a->padded, .bottom = a->bottom, .right = a->right,
                     .add = a->add, .stream = pool_streams(&a->g, a->n, a->dx, a->add), .rows = a->n * a->g.h};
    pool_run(avg_pool_grad_part, &p);
    return FATHOM_OK;
}

/* ---- positions, and back to them ---- */

/* y = the place h w + w of the largest value in its image */
static void positions_part(void *at, int64_t part, int64_t parts) {
    const struct pool_positions_args *a = at;
    const struct window *g = &a->g;
    int64_t row, end, wide = taps_wide(g), lanes = g->ow * g->c;
    fathom_range(a->n * g->oh, 1, part, parts, &row, &end);
    for (; row < end; row++) {
        int64_t h = row % g->oh * g->sh - g->top;
        for (int64_t f = 0; f < lanes; f++) {
            int64_t tap = wide ? ((const int32_t *)a->taps)[row * lanes + f] : a->taps[row * lanes + f];
            int64_t w = f / g->c * g->sw - g->left;
            a->y[row * lanes + f] = (int32_t)((h + tap / g->kw * g->dh) * g->w + w + tap % g->kw * g->dw);
        }
    }
}

static int32_t k_pool_positions(const struct pool_positions_args *a, int64_t *detail) {
    (void)detail;
    if (is_empty(&a->g, a->n)) return FATHOM_OK;
    int64_t rows = a->n * a->g.oh;
    fathom_parallel(positions_part, (void *)a, fathom_parts((double)(rows * a->g.ow * a->g.c) * 4, rows));
    return FATHOM_OK;
}

/* a part owns images: later values of a place stay */
static void unpool_part(void *at, int64_t part, int64_t parts) {
    const struct indexed *context = at;
    const struct unpool_args *a = context->args;
    int64_t image, end, c = a->c;
    fathom_range(a->n, 1, part, parts, &image, &end);
    for (; image < end; image++) {
        float *y = a->y + image * a->to * c;
        memset(y, 0, (size_t)(a->to * c) * sizeof(float));
        for (int64_t i = image * a->from * c, last = i + a->from * c, k = 0; i < last; i++, k = k + 1 < c ? k + 1 : 0)
            y[index_at(a->index, i, a->to, context->detail) * c + k] = a->x[i];
    }
}

static int32_t k_unpool(const struct unpool_args *a, int64_t *detail) {
    if (a->c == 0) return FATHOM_OK;
    if (!indices_below(a->index, a->n * a->from * a->c, a->to, detail)) return FATHOM_BAD_INDEX;
    struct indexed context = {a, detail};
    double nanos = (double)(a->n * a->c) * ((double)a->to * 0.1 + (double)a->from * 2);
    fathom_parallel(unpool_part, &context, fathom_parts(nanos, a->n));
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_INDEX;
}

static void unpool_grad_part(void *at, int64_t part, int64_t parts) {
    const struct indexed *context = at;
    const struct unpool_grad_args *a = context->args;
    int64_t i, end, c = a->c, line = a->from * c;
    fathom_range(a->n * line, ELEMENT_GRAIN, part, parts, &i, &end);
    for (; i < end; i++) {
        float dy = a->dy[(i / line * a->to + index_at(a->index, i, a->to, context->detail)) * c + i % c];
        a->dx[i] = a->add ? a->dx[i] + dy : dy;
    }
}

static int32_t k_unpool_grad(const struct unpool_grad_args *a, int64_t *detail) {
    int64_t n = a->n * a->from * a->c;
    if (!indices_below(a->index, n, a->to, detail)) return FATHOM_BAD_INDEX;
    struct indexed context = {a, detail};
    each_part(unpool_grad_part, &context, n, 4);
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_INDEX;
}

EXPORT(max_pool)
EXPORT(avg_pool)
EXPORT(max_pool_grad)
EXPORT(avg_pool_grad)
EXPORT(pool_positions)
EXPORT(unpool)
EXPORT(unpool_grad)
