/* The tiles of all heights and widths, with what linear and conv may want after the sum. */
#include "finish.h"

/* for each of R rows, of which the first is at `from`, with `at` on the row */
#define EACH_ROW(R, from, ld, ...)                                                                                             \
    do {                                                                                                                       \
        int64_t down = ld;                                                                                                     \
        __typeof__((from) + 0) at = from;                                                                                      \
        UNROLLED for (int i = 0; i < R; i++, at += down) {                                                                     \
            HERE(at);                                                                                                          \
            __VA_ARGS__                                                                                                        \
        }                                                                                                                      \
    } while (0);

/*
 * sum[R][NV vectors] += left[R][sweep] right[sweep][NV vectors]; get_last loads the last vector; soon(R, NV) runs at every step.
 * Of the left side a register points at the first of `reach` rows: three of a tile, by an index, all of a turned one.
 */
#define SWEEP(R, NV, row, step, reach, get_last, soon)                                                                         \
    for (int64_t o = s->outer;;) {                                                                                             \
        for (int64_t q = s->inner;; a += s->a_inner, b += s->b_inner) {                                                        \
            const float *ap[(R + reach - 1) / reach], *bp = b;                                                                 \
            UNROLLED for (int i = 0; i < (R + reach - 1) / reach; i++) ap[i] = i ? ap[i - 1] + reach * row : a;                \
            for (int64_t p = 0, depth = s->depth; p < depth; p++, bp += ldb) {                                                 \
                soon(R, NV)                                                                                                    \
                v right[NV];                                                                                                   \
                UNROLLED for (int j = 0; j < NV - 1; j++) right[j] = v_load(bp + RIGHT(j));                                    \
                right[NV - 1] = get_last(bp + RIGHT(NV - 1));                                                                  \
                UNROLLED for (int i = 0; i < R; i++) {                                                                         \
                    v left = v_set(ap[i / reach][i % reach * row]);                                                            \
                    UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = v_fma(left, right[j], sum[i][j]);                        \
                }                                                                                                              \
                UNROLLED for (int i = 0; i < (R + reach - 1) / reach; i++) {                                                   \
                    ap[i] += step;                                                                                             \
                    HERE(ap[i]);                                                                                               \
                }                                                                                                              \
            }                                                                                                                  \
            if (--q == 0) break;                                                                                               \
        }                                                                                                                      \
        if (--o == 0) break;                                                                                                   \
        a += s->a_outer - (s->inner - 1) * s->a_inner;                                                                         \
        b += s->b_outer - (s->inner - 1) * s->b_inner;                                                                         \
    }
#define RIGHT(j) ((j) / TILE_VECS * beside + (j) % TILE_VECS * VL)
#define LOAD_LAST(p) v_load_n(p, lanes)
/* a line of each row at a time: many requests at once would keep the tile waiting; tall tiles have no time for it */
#define AHEAD(R, NV)                                                                                                           \
    if (R <= TILE_ROWS && p % 16 == 0 && s->left_ahead)                                                                        \
        EACH_ROW(R, ap[0] + s->left_ahead, lda, __builtin_prefetch(at, 0, 2);)                                                 \
    if (p % 16 == 8 && p < NV * VL && s->next) EACH_ROW(R, s->next + p - 8, s->ldc, __builtin_prefetch(at, 1, 2);)
/* a step is a pixel: its lines of the right side, and of the left that of the last row; the tile before asked for the others */
#define PIXEL_AHEAD(R, NV)                                                                                                     \
    if (left_ahead) __builtin_prefetch(ap[0] + left_ahead + R - 1, 0, 2);                                                      \
    if (right_ahead) UNROLLED for (int j = 0; j < NV; j++) __builtin_prefetch(bp + right_ahead + j * VL, 0, 2);

/* act((sum + bias) + residual) */
#define END(R, NV)                                                                                                             \
    const struct linear_args *end = s->end;                                                                                    \
    if (end) {                                                                                                                 \
        const float *bias = s->bias, *residual = s->residual;                                                                  \
        v p0 = v_set(end->p0), p1 = v_set(end->p1);                                                                            \
        if (bias) UNROLLED for (int j = 0; j < NV; j++) {                                                                      \
            v one = j < NV - 1 || !last ? v_load(bias + j * VL) : v_load_n(bias + j * VL, last);                               \
            UNROLLED for (int i = 0; i < R; i++) sum[i][j] = sum[i][j] + one;                                                  \
        }                                                                                                                      \
        if (residual)                                                                                                          \
            EACH_ROW(R, residual, s->ldc, UNROLLED for (int j = 0; j < NV; j++) {                                              \
                sum[i][j] = sum[i][j] + (j < NV - 1 || !last ? v_load(at + j * VL) : v_load_n(at + j * VL, last));             \
            })                                                                                                                 \
        ACT(R, NV, end->row, p0, p1);                                                                                          \
    }

/* c (+)= that sum; a turned tile reads no more of the right side than the `last` lanes either */
#define TILE_OF(name, R, NV, held, sweep_of, ...)                                                                              \
    static void name##_##R##_##NV(const struct sweep *sweep, const float *a, const float *b, float *c) {                       \
        const held struct sweep *const held s = sweep;                                                                         \
        const int64_t lda = s->lda, ldb = s->ldb;                                                                              \
        v sum[R][NV];                                                                                                          \
        if (!s->add) UNROLLED for (int i = 0; i < R; i++) UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = v_set(0);          \
        else EACH_ROW(R, c, s->ldc, UNROLLED for (int j = 0; j < NV; j++) {                                                    \
            sum[i][j] = j < NV - 1 || !s->last ? v_load(at + j * VL) : v_load_n(at + j * VL, s->last);                         \
        })                                                                                                                     \
        sweep_of                                                                                                               \
        const int64_t last = s->last;                                                                                          \
        __VA_ARGS__                                                                                                            \
        EACH_ROW(R, c, s->ldc, UNROLLED for (int j = 0; j < NV; j++) {                                                         \
            if (j < NV - 1 || !last) v_store(at + j * VL, sum[i][j]);                                                          \
            else v_store_n(at + j * VL, sum[i][j], last);                                                                      \
        })                                                                                                                     \
    }
#define TILE(R, NV)                                                                                                            \
    TILE_OF(tile, R, NV, volatile, const int64_t beside = NV > TILE_VECS ? s->beside : 0;                                      \
            SWEEP(R, NV, lda, 1, 3, v_load, AHEAD), END(R, NV))
#define TURNED_TILE(R, NV)                                                                                                     \
    TILE_OF(turned, R, NV, , const int64_t left_ahead = s->left_ahead; const int64_t right_ahead = s->right_ahead;             \
            const int64_t lanes = s->last; const int64_t beside = 0;                                                           \
            if (!lanes) { SWEEP(R, NV, 1, lda, R, v_load, PIXEL_AHEAD) }                                                       \
            else { SWEEP(R, NV, 1, lda, R, LOAD_LAST, PIXEL_AHEAD) },)

#define SHORT_TILES(X, NV) X(1, NV) X(2, NV) X(3, NV) X(4, NV) X(5, NV) X(6, NV)
#define LONG_TILES(X, NV) SHORT_TILES(X, NV) X(7, NV) X(8, NV) X(9, NV) X(10, NV) X(11, NV) X(12, NV)
#if TILE_VECS == 4
#define ALL_TILES(X) LONG_TILES(X, 1) LONG_TILES(X, 2) SHORT_TILES(X, 3) SHORT_TILES(X, 4)
#else
#define ALL_TILES(X) LONG_TILES(X, 1) SHORT_TILES(X, 2)
#endif
/* few rows by several panels side by side: see TILE_CHAINS */
#if VL == 16
#define JOINED_TILES(X)
#elif TILE_VECS == 4
#define JOINED_TILES(X) X(1, 8)
#else
#define JOINED_TILES(X) X(1, 8) X(2, 4)
#endif

ALL_TILES(TILE)
JOINED_TILES(TILE)
ALL_TILES(TURNED_TILE)

#define ENTRY(R, NV) [NV][R] = tile_##R##_##NV,
#define TURNED_ENTRY(R, NV) [NV][R] = turned_##R##_##NV,
tile_fn *const tiles[TILE_CHAINS + 1][NARROW_ROWS + 1] = {ALL_TILES(ENTRY) JOINED_TILES(ENTRY)};
tile_fn *const turned_tiles[TILE_VECS + 1][NARROW_ROWS + 1] = {ALL_TILES(TURNED_ENTRY)};
