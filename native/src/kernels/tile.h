/*
 * A tile of a product is R rows of the left side, read one float at a time, by up to TILE_VECS vectors along the columns of the
 * right side. Every output is one chain c = fma(left, right, c) over the steps of a sweep, in their order.
 */
#ifndef FATHOM_TILE_H
#define FATHOM_TILE_H

#include "loops.h"

#if defined(__AVX512F__) || defined(__aarch64__)
#define TILE_VECS 4 /* 32 registers: 6 x 64 floats on AVX-512, 6 x 16 on NEON */
#else
#define TILE_VECS 2 /* 16 registers: 6 x 16 floats on AVX2 */
#endif
enum {
    TILE_ROWS = 6,
    NARROW_VECS = TILE_VECS / 2, /* a right side of so few vectors takes twice the rows: 12 x 32 */
    NARROW_ROWS = 2 * TILE_ROWS,
    /*
     * Steps in one pass of a tile's loop, which asks for lines and counts once for all of them. A core that two threads share starts
     * fewer instructions for each, as in a virtual machine with a busy neighbor: with one step a pass, a tile then loses more than
     * the multipliers do.
     */
    TILE_STEPS = 4,
    TILE_REACH = 3, /* rows of the left side for a register that points at the first: x86 adds a distance once or twice */
    TILE_CHAINS = VL == 16 ? 4 : 8 /* sums that a tile of few rows takes to keep the multipliers, or L2, busy */
};

/*
 * What a tile sums over: three nested loops, of which the innermost takes `depth` steps and the others at least one. A left
 * element of row i lies i lda floats from the first and a step is one float; in the turned tiles rows are one float apart and a
 * step is lda. A step of the right side is ldb. A product of matrices needs the innermost loop only, a convolution (conv_product.h) all.
 * The sum begins at 0, or at c if `add`; rows of c lie ldc floats apart, and of its last vector only `last` lanes exist (0: all).
 */
struct sweep {
    int64_t outer, inner, depth;
    int64_t a_outer, a_inner, lda;
    int64_t b_outer, b_inner, ldb;
    int64_t ldc, last, add;
    int64_t left_ahead, right_ahead; /* floats from an element to one that is read soon and wanted in L2, or 0 */
    const float *soon;               /* of the right side, wanted in L2 while the sum goes on, or 0 */
    int64_t soon_lines, soon_step;   /* lines that each pass of TILE_STEPS steps asks for, and floats between them */
    const float *next;               /* the results of the tile that follows, if they are wanted in L2 */
    const struct linear_args *end;   /* what follows the sum, if that is done in registers: see ends_in_tile */
    const float *bias, *residual;    /* of it, for the first column and the first result, or 0 */
    int64_t beside;                  /* floats from a panel to the next, in a tile over several */
};
typedef void tile_fn(const struct sweep *sweep, const float *a, const float *b, float *c);

/* of a vector, the lanes that exist: 0 if all do */
static inline int64_t last_lanes(int64_t count) { return count < VL ? count : 0; }

/*
 * ---- begin, sum, store: what a tile consists of, for constant R and NV ----
 *
 *     v sum[R][TILE_CHAINS];
 *     tile_begin(R, NV, s->add, c, s->ldc, s->last, sum);
 *     tile_sum(R, NV, &s, a, b, sum);
 *     an epilogue of sum[R][NV], such as linear_end
 *     tile_store(R, NV, c, s->ldc, s->last, sum);
 *
 * The compiler would work out the addresses of all rows before the sum, and spill them to the stack and to vector registers: stores
 * that queue up behind those of the tile before, reads that wait for its sum. Without them a sum of 27 steps takes 17 % less time.
 * So a tile reads the fields of its sweep where it needs them, and pointers move from row to row in a register of theirs.
 */
typedef const volatile struct sweep *const volatile held_sweep;
#define HERE(pointer) __asm__("" : "+r"(pointer))

/* vector j of NV from p on, of whose last only `last` lanes exist (0: all) */
INLINE v tile_load(const float *p, int j, int NV, int64_t last) {
    return j < NV - 1 || !last ? v_load(p + j * VL) : v_load_n(p + j * VL, last);
}

INLINE void tile_begin(int R, int NV, int64_t add, const float *c, int64_t ldc, int64_t last, v (*sum)[TILE_CHAINS]) {
    UNROLLED for (int i = 0; !add && i < R; i++) UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = v_set(0);
    if (!add) return;
    UNROLLED for (int i = 0; i < R; i++, c += ldc) {
        HERE(c);
        UNROLLED for (int j = 0; j < NV; j++) sum[i][j] = tile_load(c, j, NV, last);
    }
}

INLINE void tile_store(int R, int NV, float *c, int64_t ldc, int64_t last, v (*sum)[TILE_CHAINS]) {
    UNROLLED for (int i = 0; i < R; i++, c += ldc) {
        HERE(c);
        UNROLLED for (int j = 0; j < NV; j++) {
            if (j < NV - 1 || !last) v_store(c + j * VL, sum[i][j]);
            else v_store_n(c + j * VL, sum[i][j], last);
        }
    }
}

/*
 * sum += x y, in the register of the sum. Where sums and vectors fill nearly all registers, the compiler would take instructions that
 * overwrite a factor, copy vectors, and spill a sum in each pass: a tile of 6 x 16 of AVX2 reached 91 % of the peak, not 98. Turned tiles
 * of AVX-512 are faster as the compiler orders them, by 2 to 4 %.
 */
static inline void add_product(int turned, v *sum, v x, v y) {
#if defined(__AVX2__)
    if (!(turned && VL == 16)) {
        __asm__("vfmadd231ps %2, %1, %0" : "+v"(*sum) : "v"(x), "v"(y));
        return;
    }
#endif
    (void)turned;
    *sum = v_fma(x, y, *sum);
}

/*
 * One step: sum[R][NV] += left[R] right[NV]. A register points at the first of TILE_REACH rows of the left side (of all, if it is turned),
 * which lie `row` floats apart; `beside` and `last` are those of the right side.
 */
INLINE void tile_step(int R, int NV, int turned, int64_t row, const float *const *left, int step, const float *right, int64_t beside,
                      int64_t last, v (*sum)[TILE_CHAINS]) {
    /* Loads are the limit of a tile of one row or one vector, or of few sums, and the compiler places them better: by 2 to 10 %. */
    const int keeps_sums = R > 1 && NV > 1 && R * NV > 4, reach = turned ? R : TILE_REACH;
    v vectors[TILE_CHAINS];
    UNROLLED for (int j = 0; j < NV; j++) vectors[j] = tile_load(right + j / TILE_VECS * (beside - TILE_VECS * VL), j, NV, last);
    UNROLLED for (int i = 0; i < R; i++) {
        v one = v_set(left[i / reach][i % reach * row + step]);
        UNROLLED for (int j = 0; j < NV; j++) {
            if (keeps_sums) add_product(turned, &sum[i][j], one, vectors[j]);
            else sum[i][j] = v_fma(one, vectors[j], sum[i][j]);
        }
    }
}

/*
 * One line of each row at a time, since many requests at once would keep the tile waiting. A sum may be short, so each pass asks for a line
 * of the next results, from step `first` on: 24 steps to 144 channels took 8 to 20 % longer on Zen 4 with four passes between two lines.
 * The first pass asks for none, and on AVX2 the second does not either: a first convolution of 27 steps took 9 % longer where it did.
 */
INLINE void tile_ahead(int R, int NV, held_sweep *s, const float *left, int64_t lda, int64_t p, int64_t first) {
    if (p % 16 == 0 && (*s)->left_ahead) {
        const float *at = left + (*s)->left_ahead;
        UNROLLED for (int i = 0; i < R; i++, at += lda) {
            HERE(at);
            __builtin_prefetch(at, 0, 2);
        }
    }
    if (p >= first && p < first + NV * VL / 16 * TILE_STEPS && (*s)->next) {
        const float *at = (*s)->next + (p - first) / TILE_STEPS * 16;
        int64_t ldc = (*s)->ldc;
        UNROLLED for (int i = 0; i < R; i++, at += ldc) {
            HERE(at);
            __builtin_prefetch(at, 1, 2);
        }
    }
}

/*
 * Requests that are spread over the whole sum: few can be under way at a time, and behind more of them the tile's own loads would wait.
 * Nothing checks for the end, because a request beyond it does no harm.
 */
INLINE const float *tile_soon(held_sweep *s, const float *soon) {
    int64_t lines = (*s)->soon_lines, step = (*s)->soon_step;
    do {
        __builtin_prefetch(soon, 0, 2);
        soon += step;
    } while (--lines);
    return soon;
}

/* moves the pointers into the left side so many steps further */
INLINE void tile_left(int R, int64_t steps, const float **left) {
    const int pointers = (R + TILE_REACH - 1) / TILE_REACH;
    UNROLLED for (int i = 0; i < pointers; i++) {
        left[i] += steps;
        HERE(left[i]);
    }
}

/* sum[R][NV vectors] += left[R][sweep] right[sweep][NV vectors]; registers point at every third row of the left side */
INLINE void tile_sum(int R, int NV, held_sweep *s, const float *a, const float *b, v (*sum)[TILE_CHAINS]) {
    const int64_t ldb = (*s)->ldb, beside = NV > TILE_VECS ? (*s)->beside : 0;
    int64_t lda = (*s)->lda, first = (VL == 16 ? 1 : 2) * TILE_STEPS;
    const float *soon = (*s)->soon;
    for (int64_t o = (*s)->outer;;) {
        for (int64_t q = (*s)->inner;; a += (*s)->a_inner, b += (*s)->b_inner) {
            const float *left[NARROW_ROWS / TILE_REACH], *right = b;
            UNROLLED for (int i = 0; i < (R + TILE_REACH - 1) / TILE_REACH; i++) left[i] = i ? left[i - 1] + TILE_REACH * lda : a;
            int64_t p = 0, depth = (*s)->depth;
            for (; p + TILE_STEPS <= depth; p += TILE_STEPS) {
                tile_ahead(R, NV, s, left[0], lda, p, first);
                if (soon) soon = tile_soon(s, soon);
                UNROLLED for (int step = 0; step < TILE_STEPS; step++, right += ldb) {
                    HERE(right);
                    HERE(lda); /* else the compiler keeps lda + step, too, and runs out of registers for them */
                    tile_step(R, NV, 0, lda, left, step, right, beside, 0, sum);
                }
                tile_left(R, TILE_STEPS, left);
            }
            for (; p < depth; p++, right += ldb) {
                tile_step(R, NV, 0, lda, left, 0, right, beside, 0, sum);
                tile_left(R, 1, left);
            }
            if (VL == 16) first = INT64_MAX / 2; /* once for the whole sum; AVX2 has no register for it, and loses 3 to 6 % */
            if (--q == 0) break;
        }
        if (--o == 0) break;
        a += (*s)->a_outer - ((*s)->inner - 1) * (*s)->a_inner;
        b += (*s)->b_outer - ((*s)->inner - 1) * (*s)->b_inner;
    }
}

/*
 * Sums with a transposed left side. A step is a pixel. It prefetches the pixel's lines of the right side, and of the left side only that of
 * the last row, because the tile before has fetched the others. Of the right side no more than the `last` lanes are read.
 */
INLINE void turned_sum(int R, int NV, const struct sweep *s, const float *a, const float *b, int64_t last, v (*sum)[TILE_CHAINS]) {
    const int64_t lda = s->lda, ldb = s->ldb, left_ahead = s->left_ahead, right_ahead = s->right_ahead;
    for (int64_t o = s->outer;;) {
        for (int64_t q = s->inner;; a += s->a_inner, b += s->b_inner) {
            const float *left = a, *right = b;
            int64_t p = 0, depth = s->depth;
            for (; p + TILE_STEPS <= depth; p += TILE_STEPS) {
                if (left_ahead) UNROLLED for (int i = 0; i < TILE_STEPS; i++) __builtin_prefetch(left + left_ahead + i * lda + R - 1, 0, 2);
                if (right_ahead)
                    UNROLLED for (int i = 0; i < TILE_STEPS; i++) UNROLLED for (int j = 0; j < NV; j++)
                        __builtin_prefetch(right + right_ahead + i * ldb + j * VL, 0, 2);
                UNROLLED for (int step = 0; step < TILE_STEPS; step++, left += lda, right += ldb) {
                    HERE(left);
                    HERE(right);
                    tile_step(R, NV, 1, 1, &left, 0, right, TILE_VECS * VL, last, sum);
                }
            }
            for (; p < depth; p++, left += lda, right += ldb) {
                HERE(left);
                tile_step(R, NV, 1, 1, &left, 0, right, TILE_VECS * VL, last, sum);
            }
            if (--q == 0) break;
        }
        if (--o == 0) break;
        a += s->a_outer - (s->inner - 1) * s->a_inner;
        b += s->b_outer - (s->inner - 1) * s->b_inner;
    }
}

/* ---- tiles of all sizes ---- */

/* X(rows, vectors) for every height */
#define SHORT_TILES(X, NV) X(1, NV) X(2, NV) X(3, NV) X(4, NV) X(5, NV) X(6, NV)
/* X(rows, vectors) for every height and width of a panel */
#if TILE_VECS == 4
#define EACH_TILE(X) SHORT_TILES(X, 1) SHORT_TILES(X, 2) SHORT_TILES(X, 3) SHORT_TILES(X, 4)
#else
#define EACH_TILE(X) SHORT_TILES(X, 1) SHORT_TILES(X, 2)
#endif
/* and for few rows by several panels side by side: see TILE_CHAINS */
#if VL == 16
#define JOINED_TILES(X)
#elif TILE_VECS == 4
#define JOINED_TILES(X) X(1, 8)
#else
#define JOINED_TILES(X) X(1, 4) X(1, 6) X(1, 8) X(2, 4)
#endif

/* of tile.c, by how many vectors wide and how many rows high they are; in turned_tiles rows of the left side are one float apart */
#define tiles FOR_ISA(tiles)
#define turned_tiles FOR_ISA(turned_tiles)
extern HIDDEN tile_fn *const tiles[TILE_CHAINS + 1][NARROW_ROWS + 1];
extern HIDDEN tile_fn *const turned_tiles[TILE_VECS + 1][NARROW_ROWS + 1];

#endif
