/*
 * Linear layers and tables of weights in blocks, which blocks.h describes. Every output is the chain of gemm.c, c = fma(x, w, c) over
 * ascending k from 0: the bits of linear with the same w as floats.
 */
#include "blocks.h"
#include "indices.h"
#include "narrow.h"

/* ---- numbers ---- */

enum { RUN = 8 }; /* numbers that words of Q4 hold */

/* the lowest 4 bits of each word as a float */
INLINE v nibble(vu words) {
#if defined(__AVX512F__)
    static const v numbers = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return (v)_mm512_permutexvar_ps((__m512i)words, (__m512)numbers);
#else
    return __builtin_convertvector((vi)(words & 15), v);
#endif
}

/* where in words of Q4 number p of a run lies */
INLINE uint32_t nibble_place(int64_t p) { return (uint32_t)(p % 4 * 8 + p % RUN / 4 * 4); }

/* the words of Q4 that hold number p of a block and its neighbors; `words` points to those of VL rows of a block */
INLINE vu run_words(int q4, const uint8_t *words, int64_t p) { return q4 ? words_load(words + p / RUN * BLOCK_WORDS) : (vu){0}; }

/*
 * Number p of a block, of Q4 out of its words. A byte of Q8 becomes the highest of its word by where the word is read from, which may begin
 * in the block's head: then it is q 2^24, exactly.
 */
INLINE v block_number(int q4, const uint8_t *words, int64_t p, vu run, struct block_scale s) {
    if (q4) return v_fma(nibble(run >> nibble_place(p)), s.times, s.plus);
    const vu top = words_load(words + p / 4 * BLOCK_WORDS + p % 4 - 3) & 0xff000000;
    return __builtin_convertvector((vi)top, v) * s.times;
}
/* what Q8 is multiplied by then */
INLINE struct block_scale number_scale(int q4, const uint8_t *strip, int64_t block, int64_t lane) {
    struct block_scale s = block_scale(q4, strip, block, lane);
    if (!q4) s.times = s.times * 0x1p-24f;
    return s;
}
INLINE const uint8_t *block_words(int q4, const uint8_t *strip, int64_t block, int64_t lane) {
    return strip + block_start(q4, block) + block_head(q4) + 4 * lane;
}

/* ---- tiles of few rows ---- */

/* sum[R][NV] += the `count` numbers of a block times the numbers at left, which point at every third row */
INLINE void block_sum(int R, int NV, int q4, int64_t lda, const float *const *left, const uint8_t *const *strip, const int64_t *lane,
                      int64_t block, int64_t count, v (*sum)[TILE_CHAINS]) {
    struct block_scale scale[TILE_VECS];
    const uint8_t *words[TILE_VECS];
    UNROLLED for (int j = 0; j < NV; j++) {
        scale[j] = number_scale(q4, strip[j], block, lane[j]);
        words[j] = block_words(q4, strip[j], block, lane[j]);
    }
    for (int64_t first = 0; first < count; first += RUN) {
        vu run[TILE_VECS];
        UNROLLED for (int j = 0; j < NV; j++) run[j] = run_words(q4, words[j], first);
        UNROLLED for (int p = 0; p < RUN; p++) {
            if (first + p >= count) break;
            v number[TILE_VECS];
            UNROLLED for (int j = 0; j < NV; j++) number[j] = block_number(q4, words[j], first + p, run[j], scale[j]);
            UNROLLED for (int i = 0; i < R; i++) {
                const v one = v_set(left[i / 3][i % 3 * lda + first + p]);
                UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = v_fma(one, number[j], sum[i][j]);
            }
        }
    }
}

INLINE void block_tile(int R, int NV, int q4, const struct sweep *sweep, const float *a, const float *b, float *c) {
    held_sweep s = sweep;
    const int64_t lda = s->lda, depth = s->depth, column = ((const struct narrow_sweep *)sweep)->column, strip = blocks_strip(q4, depth);
    const float *left[2] = {a, a + 3 * lda};
    const uint8_t *strips[TILE_VECS];
    int64_t lane[TILE_VECS];
    UNROLLED for (int j = 0; j < NV; j++) {
        const int64_t at = column % BLOCK_STRIP + j * VL;
        strips[j] = (const uint8_t *)b + at / BLOCK_STRIP * strip, lane[j] = VL == BLOCK_STRIP ? 0 : at % BLOCK_STRIP;
    }
    v sum[R][TILE_CHAINS];
    tile_begin(R, NV, 0, c, s->ldc, 0, sum);
    int64_t block = 0;
    for (; (block + 1) * BLOCK <= depth; block++) {
        block_sum(R, NV, q4, lda, left, strips, lane, block, BLOCK, sum);
        UNROLLED for (int i = 0; i < (R + 2) / 3; i++) {
            left[i] += BLOCK;
            HERE(left[i]);
        }
    }
    if (block * BLOCK < depth) block_sum(R, NV, q4, lda, left, strips, lane, block, depth - block * BLOCK, sum);
    const int64_t last = s->last;
    linear_end(R, NV, &s, last, sum);
    tile_store(R, NV, c, s->ldc, last, sum);
}

#define BLOCK_TILE(R, NV)                                                                                                      \
    static void q8_##R##_##NV(const struct sweep *s, const float *a, const float *b, float *c) {                               \
        block_tile(R, NV, 0, s, a, b, c);                                                                                      \
    }                                                                                                                          \
    static void q4_##R##_##NV(const struct sweep *s, const float *a, const float *b, float *c) {                               \
        block_tile(R, NV, 1, s, a, b, c);                                                                                      \
    }
EACH_TILE(BLOCK_TILE)

/* ---- the product ---- */

INLINE void widen_blocks(int q4, const struct narrow *g, int64_t j, int64_t width, int64_t k0, int64_t rows, float *to) {
    for (int64_t x = 0; x < width; x += VL) {
        const int64_t lane = (j + x) % BLOCK_STRIP;
        const uint8_t *strip = g->packed + (j + x) / BLOCK_STRIP * blocks_strip(q4, g->end.k);
        for (int64_t p0 = 0; p0 < rows; p0 += BLOCK) {
            const int64_t block = (k0 + p0) / BLOCK;
            const struct block_scale scale = number_scale(q4, strip, block, lane);
            const uint8_t *words = block_words(q4, strip, block, lane);
            for (int64_t p = 0; p < BLOCK && p0 + p < rows; p++)
                v_store(to + (p0 + p) * width + x, block_number(q4, words, p, run_words(q4, words, p), scale));
        }
    }
}

#define BLOCK_FORMAT(name, q4)                                                                                                 \
    static const uint8_t *name##_panel(const struct narrow *g, int64_t j) {                                                    \
        return g->packed + j / BLOCK_STRIP * blocks_strip(q4, g->end.k);                                                       \
    }                                                                                                                          \
    static void name##_widen(const struct narrow *g, int64_t j, int64_t width, int64_t k0, int64_t rows, float *to) {          \
        widen_blocks(q4, g, j, width, k0, rows, to);                                                                           \
    }
BLOCK_FORMAT(q8, 0)
BLOCK_FORMAT(q4, 1)
#define Q8_ENTRY(R, NV) [NV][R] = q8_##R##_##NV,
#define Q4_ENTRY(R, NV) [NV][R] = q4_##R##_##NV,
static const struct narrow_format block_formats[BLOCK_KINDS] = {
    [BLOCK_Q8] = {0, q8_panel, q8_widen, {EACH_TILE(Q8_ENTRY)}},
    [BLOCK_Q4] = {0, q4_panel, q4_widen, {EACH_TILE(Q4_ENTRY)}},
};

static int32_t k_linear_blocks(const struct linear_blocks_args *a, int64_t *detail) {
    (void)detail;
    struct narrow g = {.end = {LINEAR_END(a), .x = a->x, .m = a->m, .n = a->n, .k = a->k}, .packed = a->packed};
    g.format = &block_formats[a->kind];
    return narrow_product(&g);
}

/* ---- rows of a table ---- */

/* lane `lane` of a strip, k numbers */
static void block_row(int q4, const uint8_t *strip, int64_t lane, int64_t k, float *y) {
    for (int64_t p = 0; p < k; p++) {
        const int64_t block = p / BLOCK, at = p % BLOCK;
        const uint8_t *head = strip + block_start(q4, block), *words = block_words(q4, strip, block, lane);
        if (q4) {
            const float *shared = block_shared(strip, block);
            const uint8_t byte = words[at / RUN * BLOCK_WORDS + at % 4];
            const float number = (float)(at % RUN < 4 ? byte & 15 : byte >> 4);
            y[p] = shared[lane] * (float)head[lane] * number - shared[BLOCK_STRIP + lane] * (float)head[BLOCK_STRIP + lane];
        } else {
            y[p] = ((const float *)head)[lane] * (float)(int8_t)words[at / 4 * BLOCK_WORDS + at % 4];
        }
    }
}

static void gather_blocks_part(void *context, int64_t part, int64_t parts) {
    const struct indexed *c = context;
    const struct gather_blocks_args *a = c->args;
    int64_t from, to;
    fathom_range(a->rows, 1, part, parts, &from, &to);
    for (; from < to; from++) {
        const int64_t row = index_at(a->index, from, a->n, c->detail);
        block_row(a->kind == BLOCK_Q4, a->packed + row / BLOCK_STRIP * blocks_strip(a->kind == BLOCK_Q4, a->k), row % BLOCK_STRIP, a->k,
                  a->y + from * a->k);
    }
}

static int32_t k_gather_blocks(const struct gather_blocks_args *a, int64_t *detail) {
    if (!indices_below(a->index, a->rows, a->n, detail)) return FATHOM_BAD_INDEX;
    struct indexed c = {a, detail};
    if (a->k) fathom_parallel(gather_blocks_part, &c, fathom_parts((double)(a->rows * a->k), a->rows));
    return indices_held(detail) ? FATHOM_OK : FATHOM_BAD_INDEX;
}

EXPORT(linear_blocks)
EXPORT(gather_blocks)
