/*
 * Attention of queries to keys without a matrix [lq, lk] (Vaswani et al. 2017; in blocks as Dao 2023, "FlashAttention-2"):
 *
 *     s[i][j] = scale q[i] . k[j] + mask[i][j]
 *     p[i] = softmax of s[i] over the keys that query i sees
 *     y[i] = sum of p[i][j] v[j]
 *
 * A query sees the first keys of its row of the batch, as many as its sight. Keys are taken in blocks of KEYS from key 0 on. The
 * largest score, the sum of exp(s - largest) and y are those of the blocks so far; a larger score scales the last two. Backward
 * computes p again, as exp(s - lse).
 *
 * Every score is a chain over d, every y a chain over the keys, every gradient a chain over the keys (dq) or over the heads of a
 * group and their queries (dk, dv). So bits depend on the cut into KEYS alone, and not on threads, on blocks of queries, or on v3
 * or v4. Keys out of sight add nothing: a tile's chain ends with its longest sight, and beyond its own sight a row's p is 0.
 *
 * A pair is a row of the batch and a head of keys. Its rows are the queries of the heads that share the keys, head by head.
 */
#include "indices.h"
#include "panels.h"
#include "philox.h"
#include "rows.h"

enum {
    KEYS = 64,      /* of a block: part of the definition of every bit */
    ROWS = 384,     /* of a pair that one unit of work takes at most: so many pass over a packed block of keys */
    STEP = 48,      /* of them whose scores are computed at a time */
    BACK_STEP = 64, /* the same in backward, where everything exists twice */
    AHEAD = 16,     /* rows that are asked for while others are packed */
    SPAN = 4,       /* blocks of keys that backward holds at most */
    GROUPS = KEYS / 16
};
enum { ADD_Q = 1, ADD_K = 2, ADD_V = 4, ADD_MASK = 8 };

_Static_assert(offsetof(struct attention_grad_args, dy) == offsetof(struct attention_args, scratch), "begins as attention");

/* ---- what a row sees ---- */

struct pair {
    const struct attention_args *a;
    int64_t b, kv, group; /* heads that share the keys */
    int64_t past, keys, queries;
    const float *k, *v;
};

static struct pair pair_at(const struct attention_args *a, int64_t index) {
    int64_t b = index / a->kv_heads, kv = index % a->kv_heads, first = b * a->lk * a->ldk + kv * a->d;
    return (struct pair){
        .a = a,
        .b = b,
        .kv = kv,
        .group = a->heads / a->kv_heads,
        .past = a->past ? length_at(a->past, b, a->lk) : a->lk - a->lq,
        .keys = length_at(a->lengths, b, a->lk),
        .queries = length_at(a->queries, b, a->lq),
        .k = a->k + first,
        .v = a->v + first,
    };
}

/* how many keys query i sees */
static int64_t sight(const struct pair *p, int64_t i) {
    if (i >= p->queries) return 0;
    return p->a->causal ? clamp(p->past + i + 1, 0, p->keys) : p->keys;
}

/* of head g of the group and query i: where it lies in q (or dq), in y (or dy), and its number among the queries of all heads */
static int64_t q_at(const struct pair *p, int64_t g, int64_t i) {
    return (p->b * p->a->lq + i) * p->a->ldq + (p->kv * p->group + g) * p->a->d;
}
static int64_t y_at(const struct pair *p, int64_t g, int64_t i) {
    return ((p->b * p->a->lq + i) * p->a->heads + p->kv * p->group + g) * p->a->d;
}
static int64_t query_at(const struct pair *p, int64_t g, int64_t i) {
    return (p->b * p->a->heads + p->kv * p->group + g) * p->a->lq + i;
}
static int64_t mask_at(const struct pair *p, int64_t g, int64_t i) {
    return p->b * p->a->mask_n + (p->kv * p->group + g) * p->a->mask_h + i * p->a->mask_l;
}

/* reach[r] = how many keys of the block from j on the queries i .. i + rows see; returns the most */
static int64_t reaches(const struct pair *p, int64_t i, int64_t rows, int64_t j, int32_t *reach) {
    int64_t far = 0;
    for (int64_t r = 0; r < rows; r++) far = most(far, reach[r] = (int32_t)clamp(sight(p, i + r) - j, 0, KEYS));
    return far;
}

/* which of the 64 weights of a query and a block are kept */
static void keeps(const struct attention_args *a, int64_t query, int64_t j, vi keep[KEYS / VL]) {
    const vu threshold = (vu){0} + drop_threshold(a->p);
    int64_t block = query * ceil_div(a->lk, KEYS) + j / KEYS;
    vu words[KEYS / VL];
    philox_words(KEYS / (2 * VL), (uint64_t)a->seed, (uint64_t)(a->counter + block * (KEYS / 4)), words);
    for (int c = 0; c < KEYS / VL; c++) keep[c] = (vi)(words[c] >= threshold);
}

/* ---- products of small blocks ---- */

/* a tile's rows by n columns of the right side; `exact`: beyond n nothing is written */
static void strip(tile_fn *const (*table)[NARROW_ROWS + 1], struct sweep *s, int64_t height, int64_t n, int exact,
                  const float *left, const float *right, float *c) {
    int64_t vectors = ceil_div(n, VL), joined = TILE_CHAINS / height, last = exact ? last_lanes(n - (vectors - 1) * VL) : 0;
    int64_t cuts = ceil_div(vectors, TILE_VECS);
    if (table == tiles && joined > TILE_VECS && vectors % joined == 0) cuts = vectors / joined;
    s->beside = TILE_VECS * VL;
    for (int64_t cut = 0, from = 0, to; cut < cuts; cut++, from = to) {
        to = vectors * (cut + 1) / cuts;
        s->last = to == vectors ? last : 0;
        table[to - from][height](s, left, right + from * VL, c + from * VL);
    }
}

static int64_t longest(const int32_t *reach, int64_t rows) {
    int64_t far = 0;
    for (int64_t r = 0; r < rows; r++) far = most(far, reach[r]);
    return far;
}

/* s[rows][KEYS] = left[rows][ld] right[d][KEYS], at least as far as each row reaches */
static void scores(const float *left, int64_t ld, const float *right, float *s, const int32_t *reach, int64_t rows, int64_t d) {
    struct sweep w = {.outer = 1, .inner = 1, .depth = d, .lda = ld, .ldb = KEYS, .ldc = KEYS};
    for (int64_t t = 0, i = 0, count = ceil_div(rows, TILE_ROWS), next; t < count; t++, i = next) {
        next = rows * (t + 1) / count;
        int64_t far = longest(reach + i, next - i);
        if (far) strip(tiles, &w, next - i, far, 0, left + i * ld, right, s + i * KEYS);
    }
}

/* c[rows][ldc] += s[rows][KEYS] right[KEYS][ldr], of d columns, by the keys that each row reaches; the rest of s is 0 */
static void weigh(const float *s, const float *right, int64_t ldr, float *c, int64_t ldc, const int32_t *reach, int64_t rows,
                  int64_t d, int64_t tall, int exact) {
    struct sweep w = {.outer = 1, .inner = 1, .lda = KEYS, .ldb = ldr, .ldc = ldc, .add = 1};
    for (int64_t t = 0, i = 0, count = ceil_div(rows, tall), next; t < count; t++, i = next) {
        next = rows * (t + 1) / count;
        w.depth = longest(reach + i, next - i);
        if (w.depth) strip(tiles, &w, next - i, d, exact, s + i * KEYS, right, c + i * ldc);
    }
}

/* c[keys][ld] += s[rows][KEYS]^T right[rows][ld], of d columns, by the rows that reach a key; the rest of s is 0 */
static void weigh_turned(const float *s, const float *right, int64_t ld, float *c, const int32_t *reach, int64_t rows,
                         int64_t keys, int64_t d, int64_t tall) {
    struct sweep w = {.outer = 1, .inner = 1, .lda = KEYS, .ldb = ld, .ldc = ld, .add = 1};
    for (int64_t t = 0, j = 0, count = ceil_div(keys, tall), next; t < count; t++, j = next) {
        int64_t from = 0, to = rows;
        next = keys * (t + 1) / count;
        while (from < to && reach[from] <= j) from++;
        while (to > from && reach[to - 1] <= j) to--;
        w.depth = to - from;
        if (w.depth) strip(turned_tiles, &w, next - j, d, 0, s + from * KEYS + j, right + from * ld, c + j * ld);
    }
}

static int64_t tile_height(int64_t d) { return ceil_div(d, VL) <= NARROW_VECS ? NARROW_ROWS : TILE_ROWS; }

/*
 * Asks for rows that are read soon, up to the last: they are short and lie far apart, so that nothing else hides how far away they are.
 */
static void ask(const float *x, int64_t stride, int64_t rows, int64_t d) {
    for (int64_t r = 0; r < rows; r++, x += stride)
        for (int64_t c = 0; c < d; c += 16) __builtin_prefetch(x + c, 0, 2);
}

/* to[rows][ld] = scale x, whose rows lie `stride` apart, with zeros to whole vectors; whether a value is infinite or NaN */
static int pack_rows(const float *x, int64_t stride, int64_t rows, int64_t d, float scale, float *to, int64_t ld) {
    vi odd = {0};
    const v factor = v_set(scale);
    ask(x, stride, least(rows, AHEAD), d);
    for (int64_t r = 0; r < rows; r++, x += stride, to += ld) {
        if (r + AHEAD < rows) ask(x + AHEAD * stride, stride, 1, d);
        EACH_VECTOR(d, {
            v at = v_get(x + i, m);
            odd |= (vi)(at - at); /* 0 or NaN */
            v_store(to + i, at * factor);
        });
    }
    return v_bits(odd != 0) != 0;
}

/* to[d][KEYS] = x[keys][stride]^T */
static void pack_turned(const float *x, int64_t stride, int64_t keys, int64_t d, float *to) {
    transpose(x, stride, keys, d, to, KEYS, 1);
}

/* ---- forward ---- */

/* s + mask for the first n scores, -Inf beyond */
INLINE void row_scores(const float *s, const float *mask, int64_t n, v16 x[GROUPS]) {
    for (int g = 0; g < GROUPS; g++) {
        int64_t here = clamp(n - 16 * g, 0, 16);
        x[g] = here == 16 ? v16_load(s + 16 * g) : v16_load_else(s + 16 * g, here, -INFINITY);
        if (mask) x[g] = v16_add(x[g], here == 16 ? v16_load(mask + 16 * g) : v16_load_n(mask + 16 * g, here));
    }
}

/*
 * One row and one block: s becomes exp(s + mask - top) of the largest score so far, 0 beyond n. A larger one than before scales
 * sum[16] and y. While all scores are -Inf, top is too, and 0 stands for it. A NaN may hide the largest score, but then sum is NaN.
 */
INLINE void row_weights(float *s, const float *mask, int64_t n, float *top, float *sum, float *y, int64_t d) {
    v16 x[GROUPS], total;
    row_scores(s, mask, n, x);
    float largest = v16_largest(v16_max(v16_max(x[0], x[1]), v16_max(x[2], x[3]))), before = *top;
    if (largest > before) {
        *top = largest;
        if (before > -INFINITY) {
            v shrink = v_exp_down(v_set(before) - v_set(largest));
            for (int64_t c = 0; c < d; c += VL) v_store(y + c, v_load(y + c) * shrink);
            for (int c = 0; c < 16; c += VL) v_store(sum + c, v_load(sum + c) * shrink);
        }
    }
    const v base = v_set(*top > -INFINITY ? *top : 0);
    for (int g = 0; g < GROUPS; g++)
        for (int c = 0; c < V16; c++) x[g].part[c] = v_exp_down(x[g].part[c] - base);
    for (int g = 0; g < GROUPS; g++) v16_store(s + 16 * g, x[g]);
    total = v16_add(v16_add(x[0], x[1]), v16_add(x[2], x[3]));
    v16_store(sum, v16_add(v16_load(sum), total));
}

static void drop_row(const struct attention_args *a, int64_t query, int64_t j, float *s) {
    const v scale = v_set(1 / (1 - a->p));
    vi keep[KEYS / VL];
    keeps(a, query, j, keep);
    for (int c = 0; c < KEYS / VL; c++) v_store(s + c * VL, v_sel(keep[c], v_load(s + c * VL) * scale, v_set(0)));
}

/* rows from .. to of a pair, and what exists of them: q, y so far, sum[16] and the top score */
struct forward {
    struct pair pair;
    int64_t from, to, end; /* the last key in sight */
    int64_t rows, ld;      /* rows that there is room for, floats from one to the next */
    float *keys, *values, *q, *y, *sum, *top, *s;
    int32_t *sight; /* of each row */
};

/* a query for each row of the batch: generation */
static int is_single(const struct attention_args *a) { return a->lq == 1 && a->d % VL == 0; }

static int64_t forward_rows(const struct attention_args *a) {
    return is_single(a) ? a->heads : least(ROWS, PRODUCT(a->heads / a->kv_heads, a->lq));
}
static int64_t score_rows(const struct attention_args *a) { return is_single(a) ? a->heads : STEP; }

static int64_t forward_slot(const struct attention_args *a) {
    int64_t single = a->beside ? a->heads : 0; /* a text may have one token */
    int64_t rows = most(forward_rows(a), single), ld = SUM(a->d, 15) / 16 * 16;
    return SUM(PRODUCT(SUM(2 * KEYS, rows, rows), ld), PRODUCT(18, SUM(rows, 15)), PRODUCT(most(score_rows(a), single), KEYS), 16);
}

static struct forward forward_begin(const struct attention_args *a, int64_t pair, int64_t from, int64_t to, float *scratch) {
    struct forward f = {.pair = pair_at(a, pair), .from = from, .to = to, .rows = forward_rows(a), .ld = padded(a->d)};
    f.keys = aligned_scratch(scratch), f.values = f.keys + KEYS * f.ld, f.q = f.values + KEYS * f.ld;
    f.y = f.q + f.rows * f.ld, f.s = f.y + f.rows * f.ld, f.sum = f.s + score_rows(a) * KEYS, f.top = f.sum + 16 * f.rows;
    f.sight = (int32_t *)(f.top + f.rows);
    for (int64_t r = from, next; r < to; r = next) { /* a head */
        int64_t g = r / a->lq, i = r - g * a->lq;
        next = least(r - i + a->lq, to);
        pack_rows(a->q + q_at(&f.pair, g, i), a->ldq, next - r, a->d, a->scale, f.q + (r - from) * f.ld, f.ld);
        for (int64_t row = r; row < next; row++) {
            f.top[row - from] = -INFINITY;
            f.sight[row - from] = (int32_t)sight(&f.pair, i + row - r);
            f.end = most(f.end, f.sight[row - from]);
        }
    }
    memset(f.y, 0, (size_t)((to - from) * f.ld) * 4);
    memset(f.sum, 0, (size_t)((to - from) * 16) * 4);
    return f;
}

/* the scores s[rows][KEYS] of the rows from number `row` of a unit on become weights, 0 beyond what a row sees of the block from j on */
static void forward_weights(const struct forward *f, int64_t row, int64_t rows, int64_t j, float *s) {
    const struct attention_args *a = f->pair.a;
    int64_t near = KEYS;
    for (int64_t r = row; r < row + rows; r++) near = least(near, f->sight[r] - j);
    if (near == KEYS && !a->mask && a->p == 0) { /* nearly all: a loop whose constants stay in registers */
        for (; rows > 0; rows--, row++, s += KEYS)
            row_weights(s, 0, KEYS, f->top + row, f->sum + 16 * row, f->y + row * f->ld, a->d);
        return;
    }
    for (int64_t last = row + rows; row < last; row++, s += KEYS) {
        int64_t n = clamp(f->sight[row] - j, 0, KEYS), g = (f->from + row) / a->lq, i = (f->from + row) % a->lq;
        float *top = f->top + row, *sum = f->sum + 16 * row, *y = f->y + row * f->ld;
        if (!n) memset(s, 0, KEYS * 4);
        else if (a->mask) row_weights(s, a->mask + mask_at(&f->pair, g, i) + j, n, top, sum, y, a->d);
        else row_weights(s, 0, n, top, sum, y, a->d);
        if (n && a->p > 0) drop_row(a, query_at(&f->pair, g, i), j, s);
    }
}

/* rows r0 .. r1 and the block from j on */
static void forward_step(const struct forward *f, int64_t r0, int64_t r1, int64_t j, int64_t tall) {
    const struct pair *p = &f->pair;
    const struct attention_args *a = p->a;
    const int64_t d = a->d, ld = f->ld, first = r0 - f->from;
    int32_t reach[STEP];
    int64_t far = 0;
    for (int64_t r = r0; r < r1; r++) far = most(far, reach[r - r0] = (int32_t)clamp(f->sight[r - f->from] - j, 0, KEYS));
    if (!far) return;
    scores(f->q + first * ld, ld, f->keys, f->s, reach, r1 - r0, d);
    forward_weights(f, first, r1 - r0, j, f->s);
    weigh(f->s, f->values, ld, f->y + first * ld, ld, reach, r1 - r0, d, tall, 0);
}

static void forward_end(const struct forward *f) {
    const struct attention_args *a = f->pair.a;
    for (int64_t r = f->from; r < f->to; r++) {
        int64_t row = r - f->from, g = r / a->lq, i = r % a->lq;
        float total = v16_total(v16_load(f->sum + 16 * row));
        if (a->lse) a->lse[query_at(&f->pair, g, i)] = total == 0 ? INFINITY : f->top[row] + v_log(v_set(total))[0];
        row_scale(f->y + row * f->ld, a->y + y_at(&f->pair, g, i), a->d, total == 0 ? 0 : 1 / total);
    }
}

static void forward_unit(const struct attention_args *a, int64_t pair, int64_t from, int64_t to, float *scratch) {
    const struct forward f = forward_begin(a, pair, from, to, scratch);
    const struct pair *p = &f.pair;
    for (int64_t j = 0; j < f.end; j += KEYS) {
        int64_t keys = least(KEYS, f.end - j), at = j * a->ldk, tall = tile_height(a->d);
        pack_turned(p->k + at, a->ldk, keys, a->d, f.keys);
        /* a NaN times a weight of 0 is one: then each row stops where its sight does */
        if (pack_rows(p->v + at, a->ldk, keys, a->d, 1, f.values, f.ld)) tall = 1;
        int64_t soon = clamp(f.end - j - KEYS, 0, KEYS);
        ask(p->k + at + KEYS * a->ldk, a->ldk, soon, a->d);
        ask(p->v + at + KEYS * a->ldk, a->ldk, soon, a->d);
        for (int64_t r = from; r < to; r += STEP) forward_step(&f, r, least(r + STEP, to), j, tall);
    }
    forward_end(&f);
}

/*
 * ---- forward of a single query: keys and values are read once, where they lie ----
 *
 * A unit takes neighboring heads of a row of the batch, of which memory is read from front to back.
 */

enum { FEW = 4, LINE = 16, SIDE = VL == 16 ? 1 : 4 }; /* one row takes SIDE vectors of keys at a time: as many chains */

/*
 * s[R][KEYS] = left[R][ld] k[keys][ldk]^T for `side` vectors of keys, which are turned in registers, so that a score has the chain
 * that tiles give it. Of a key a whole line is read at once: keys may lie a power of two apart and share a few sets of L1. Behind
 * the last key that one is read again, if not all are there.
 */
INLINE void turned_scores(int R, int side, int all, const float *left, int64_t ld, const float *k, int64_t ldk, int64_t keys,
                          float *s, int64_t d) {
    v sum[FEW][SIDE];
    UNROLLED for (int i = 0; i < R; i++) UNROLLED for (int g = 0; g < side; g++) sum[i][g] = v_set(0);
    for (int64_t line = 0; line < d; line += LINE)
        UNROLLED for (int g = 0; g < side; g++)
            for (int64_t c = line; c < least(line + LINE, d); c += VL) {
                const float *at = k + (all ? g * VL : least(g * VL, keys - 1)) * ldk + c, *q = left + c;
                v x[VL];
                UNROLLED for (int p = 0; p < VL; p++) {
                    x[p] = v_load(at);
                    if (all || g * VL + p + 1 < keys) at += ldk;
                    HERE(at);
                }
                transpose_block(x);
                UNROLLED for (int p = 0; p < VL; p++, q++) {
                    HERE(q);
                    UNROLLED for (int i = 0; i < R; i++) sum[i][g] = v_fma(v_set(q[i * ld]), x[p], sum[i][g]);
                }
            }
    UNROLLED for (int i = 0; i < R; i++) UNROLLED for (int g = 0; g < side; g++) v_store(s + i * KEYS + g * VL, sum[i][g]);
}
static void few_scores(int64_t rows, const float *left, int64_t ld, const float *k, int64_t ldk, int64_t keys, float *s,
                       int64_t d) {
    for (int64_t now; rows > 0; rows -= now, left += now * ld, s += now * KEYS) {
        now = keys < SIDE * VL ? 1 : least(rows, FEW);
        if (keys < SIDE * VL) turned_scores(1, SIDE, 0, left, ld, k, ldk, keys, s, d);
        else if (now == 1) turned_scores(1, SIDE, 1, left, ld, k, ldk, keys, s, d);
        else for (int64_t g = 0; g < SIDE * VL; g += VL)
            if (now == 2) turned_scores(2, 1, 1, left, ld, k + g * ldk, ldk, keys, s + g, d);
            else if (now == 3) turned_scores(3, 1, 1, left, ld, k + g * ldk, ldk, keys, s + g, d);
            else turned_scores(4, 1, 1, left, ld, k + g * ldk, ldk, keys, s + g, d);
    }
}

/* heads h0 .. h1 of row b of the batch */
static void single_unit(const struct attention_args *a, int64_t b, int64_t h0, int64_t h1, float *scratch) {
    const int64_t d = a->d, group = a->heads / a->kv_heads, kv = h0 / group, from = h0 - kv * group, to = h1 - kv * group;
    const struct forward f = forward_begin(a, b * a->kv_heads + kv, from, to, scratch);
    const float *q = f.q - from * f.ld;
    float *s = f.s - from * KEYS, *y = f.y - from * f.ld;
    for (int64_t j = 0; j < f.end; j += KEYS) {
        const int64_t keys = least(KEYS, f.end - j), at = j * a->ldk;
        struct sweep w = {.outer = 1, .inner = 1, .depth = keys, .lda = KEYS, .ldb = a->ldk, .ldc = f.ld, .add = 1};
        for (int64_t i = 0; i < keys; i += SIDE * VL)
            for (int64_t r = from, next; r < to; r = next) { /* the rows that share keys */
                next = least((r / group + 1) * group, to);
                few_scores(next - r, q + r * f.ld, f.ld, f.pair.k + at + i * a->ldk + r / group * d, a->ldk, keys - i,
                           s + r * KEYS + i, d);
            }
        forward_weights(&f, 0, to - from, j, f.s);
        for (int64_t r = from, next; r < to; r = next) {
            next = least(r + TILE_ROWS, least((r / group + 1) * group, to));
            strip(tiles, &w, next - r, d, 0, s + r * KEYS, f.pair.v + at + r / group * d, y + r * f.ld);
        }
    }
    forward_end(&f);
}

/* ---- units: a part takes every parts-th, every other round from the other end, as a later causal unit costs more ---- */

static int64_t unit_at(int64_t round, int64_t part, int64_t parts) {
    return round * parts + (round % 2 ? parts - 1 - part : part);
}
#define EACH_UNIT(unit, count, part, parts)                                                                                      \
    for (int64_t round_ = 0, unit; round_ * (parts) < (count); round_++)                                                         \
        if ((unit = unit_at(round_, part, parts)) < (count))

struct units {
    const struct attention_args *a;
    int64_t rows, blocks, count; /* the rows of a pair are cut into so many blocks */
};

static void single_part(void *context, int64_t part, int64_t parts) {
    const struct units *u = context;
    const struct attention_args *a = u->a;
    EACH_UNIT(unit, u->count, part, parts) {
        int64_t block = unit % u->blocks;
        single_unit(a, unit / u->blocks, a->heads * block / u->blocks, a->heads * (block + 1) / u->blocks,
                    fathom_own());
    }
}

static void forward_part(void *context, int64_t part, int64_t parts) {
    const struct units *u = context;
    float *scratch = fathom_own();
    EACH_UNIT(unit, u->count, part, parts) {
        int64_t block = unit % u->blocks;
        forward_unit(u->a, unit / u->blocks, u->rows * block / u->blocks, u->rows * (block + 1) / u->blocks, scratch);
    }
}

static int64_t forward_scratch(const struct attention_args *a) {
    if (a->n == 0 || a->lq == 0 || a->kv_heads == 0) return 0;
    return forward_slot(a);
}

/* ---- texts side by side in one row of lq tokens: each is an attention of its own ---- */

/* where the mask of the text whose first token has this number begins */
static int64_t text_mask(const struct attention_args *a, int64_t start) { return a->mask_l < 0 ? 0 : start * (a->mask_l + 1); }

/* makes `a` the attention of the text of so many tokens whose first is number `start` of the row */
static void only_text(struct attention_args *a, int64_t start, int64_t tokens) {
    a->q += start * a->ldq, a->k += start * a->ldk, a->v += start * a->ldk, a->y += start * a->heads * a->d;
    if (a->lse) a->lse += start * a->heads;
    if (a->mask) a->mask += text_mask(a, start);
    a->counter += start * a->heads * ceil_div(a->lk, KEYS) * (KEYS / 4);
    a->lengths = 0, a->beside = 0, a->n = 1, a->lq = a->lk = tokens;
}
/* the most tokens of a text that begins there: the row ends, and a mask of distances has no more */
static int64_t text_most(const struct attention_args *a, int64_t start) {
    return least(a->lk - start, a->mask_l < 0 ? a->mask_h / 2 + 1 : a->lk);
}
static int64_t text_tokens(const struct attention_args *a, int64_t b, int64_t start) {
    return least(length_at(a->lengths, b, a->lk), text_most(a, start));
}

/* whether they fit the row; else detail as of lengths_within */
static int texts_within(const struct attention_args *a, int64_t *detail) {
    int64_t start = 0;
    for (int64_t b = 0; b < a->n; b++) {
        int64_t tokens = length_at(a->lengths, b, a->lk);
        if (tokens > text_most(a, start)) {
            detail[0] = b, detail[1] = tokens, detail[2] = text_most(a, start);
            return 0;
        }
        start += tokens;
    }
    return 1;
}

static void beside_part(void *context, int64_t part, int64_t parts) {
    const struct units *u = context;
    const struct attention_args *a = u->a;
    float *scratch = fathom_own();
    for (int64_t b = 0, start = 0, unit = 0, tokens; b < a->n; b++, start += tokens) {
        struct attention_args text = *a;
        tokens = text_tokens(a, b, start);
        only_text(&text, start, tokens);
        int64_t rows = a->heads / a->kv_heads * tokens;
        for (int64_t kv = 0, blocks = ceil_div(rows, ROWS); kv < a->kv_heads; kv++)
            for (int64_t block = 0; block < blocks; block++) /* of equal sizes, so that each part has as much to do */
                if (unit++ % parts == part)
                    forward_unit(&text, kv, rows * block / blocks, rows * (block + 1) / blocks, scratch);
    }
}

static int32_t run_beside(struct units *u) {
    const struct attention_args *a = u->a;
    int64_t start = 0;
    double products = 0;
    for (int64_t b = 0, tokens; b < a->n; b++, start += tokens) {
        tokens = text_tokens(a, b, start);
        products += (double)(tokens * tokens);
        u->count += a->kv_heads * ceil_div(a->heads / a->kv_heads * tokens, ROWS);
    }
    memset(a->y + start * a->heads * a->d, 0, (size_t)((a->lq - start) * a->heads * a->d) * 4);
    if (u->count) {
        double nanos = products * (double)(a->heads * a->d) * 2.5 / (4 * VL * (a->causal ? 2 : 1));
        fathom_parallel_with(beside_part, u, fathom_parts(nanos, u->count), a->scratch, forward_slot(a));
    }
    return FATHOM_OK;
}

static int32_t check_all(const struct attention_args *a, int64_t *detail) {
    if (!lengths_within(a->lengths, a->n, a->lk, detail)) return FATHOM_BAD_LENGTH;
    if (!lengths_within(a->queries, a->n, a->lq, detail)) return FATHOM_BAD_LENGTH;
    if (a->beside && !texts_within(a, detail)) return FATHOM_BAD_LENGTH;
    return places_below(a->past, a->n, a->lk - a->lq + 1, detail) ? FATHOM_OK : FATHOM_BAD_INDEX;
}

/* so many products [lq, d] by [lk, d] for every head, at half the peak of a common core */
static double product_nanos(const struct attention_args *a, double products) {
    return (double)(a->n * a->heads * a->lq) * (double)(a->lk * a->d) * products / (4 * VL * (a->causal && a->lq > 1 ? 2 : 1));
}

static int32_t run_single(struct units *u) {
    const struct attention_args *a = u->a;
    int64_t seen = 0;
    for (int64_t b = 0; b < a->n; b++) {
        struct pair p = pair_at(a, b * a->kv_heads);
        seen += sight(&p, 0);
    }
    int64_t parts = fathom_parts((double)(seen * a->heads * a->d) * (2 * MEMORY_NANOS), a->n * a->heads);
    u->blocks = least(a->heads, ceil_div(parts, a->n));
    u->count = a->n * u->blocks;
    fathom_parallel_with(single_part, u, least(parts, u->count), a->scratch, forward_slot(a));
    return FATHOM_OK;
}

static int32_t k_attention(const struct attention_args *a, int64_t *detail) {
    int32_t status = check_all(a, detail);
    int64_t pairs = a->n * a->kv_heads;
    if (status || pairs == 0 || a->lq == 0) return status;
    struct units u = {.a = a, .rows = a->heads / a->kv_heads * a->lq};
    if (a->beside) return run_beside(&u);
    if (is_single(a)) return run_single(&u);
    int64_t team = fathom_team(product_nanos(a, 2.5), pairs * u.rows);
    u.blocks = most(ceil_div(u.rows, ROWS), least(u.rows, ceil_div(team * (a->causal ? 2 : 1), pairs)));
    u.count = pairs * u.blocks;
    int64_t parts = fathom_parts(product_nanos(a, 2.5), u.count);
    fathom_parallel_with(forward_part, &u, parts, a->scratch, forward_slot(a));
    return FATHOM_OK;
}

/* ---- backward: with delta = y . dy, ds = p (dy v^T - delta), and dv = p^T dy, dk = scale ds^T q, dq = scale ds k ---- */

enum { WANT_Q = 1, WANT_KV = 2, WANT_MASK = 4 };

/* keys j .. j_end of a pair, by queries i .. i_end of the heads g0 .. g_end of its group, and the gradients that are wanted */
struct back {
    const struct attention_grad_args *g;
    struct pair pair;
    int64_t j, j_end, g0, g_end, i, i_end;
    int wants;
    const float *delta;
    int64_t ld;
    struct back_keys {
        float *keys, *values, *rows, *dk, *dv; /* k^T, v^T, scale k */
        int64_t seen, tall;                    /* keys that a query may see; the tiles for dq */
    } block[SPAN];
    float *q, *dy, *p, *ds; /* of BACK_STEP queries */
};

/* blocks of keys that are held at a time, while all queries pass over them: as many as fit a part of L2 */
static int64_t span(int64_t d) { return clamp(4 * KEYS / most(d, 1), 1, SPAN); }

static int64_t back_slot(const struct attention_args *a) {
    return SUM(PRODUCT(span(a->d) * 5 * KEYS + 2 * BACK_STEP, SUM(a->d, 15) / 16 * 16), 2 * BACK_STEP * KEYS, 16);
}

static void back_room(struct back *k, float *scratch) {
    const int64_t size = KEYS * k->ld;
    float *at = aligned_scratch(scratch);
    for (int64_t b = 0; b < span(k->pair.a->d); b++, at += 5 * size)
        k->block[b] = (struct back_keys){at, at + size, at + 2 * size, at + 3 * size, at + 4 * size, 0, 0};
    k->q = at, k->dy = k->q + BACK_STEP * k->ld;
    k->p = k->dy + BACK_STEP * k->ld, k->ds = k->p + BACK_STEP * KEYS;
}

/* p becomes exp(p + mask - lse) and ds p (ds - delta), 0 beyond n; where weights are dropped, p those and ds from theirs */
INLINE void row_back(float *p, float *ds, const float *mask, int64_t n, float lse, float delta, const vi *keep, float scale) {
    v16 x[GROUPS];
    row_scores(p, mask, n, x);
    for (int g = 0; g < GROUPS; g++)
        for (int c = 0; c < V16; c++) {
            int at = 16 * g + c * VL;
            v weight = v_exp_down(x[g].part[c] - lse), dp = v_load(ds + at);
            if (keep) dp = v_sel(keep[at / VL], dp * scale, v_set(0));
            v change = weight * (dp - delta), kept = keep ? v_sel(keep[at / VL], weight * scale, v_set(0)) : weight;
            if (n < KEYS) { /* lse and delta may be NaN */
                vi seen = V_LANE + at < (int32_t)n;
                change = v_sel(seen, change, v_set(0)), kept = v_sel(seen, kept, v_set(0));
            }
            v_store(ds + at, change);
            v_store(p + at, kept);
        }
}

/* queries i .. i + rows of head g, which see something of a block of keys from j on; `tall`: the tiles for dk and dv */
static void back_step(const struct back *k, const struct back_keys *block, int64_t g, int64_t i, int64_t rows, int64_t j,
                      const int32_t *reach, int64_t tall) {
    const struct attention_grad_args *args = k->g;
    const struct pair *pair = &k->pair;
    const struct attention_args *a = pair->a;
    const int64_t d = a->d, ld = k->ld, query = query_at(pair, g, i);
    const float drop = 1 / (1 - a->p);
    scores(k->q, ld, block->keys, k->p, reach, rows, d);
    scores(k->dy, ld, block->values, k->ds, reach, rows, d);
    for (int64_t r = 0; r < rows; r++) {
        float *p = k->p + r * KEYS, *ds = k->ds + r * KEYS, lse = a->lse[query + r], delta = k->delta[query + r];
        const float *mask = a->mask ? a->mask + mask_at(pair, g, i + r) + j : 0;
        vi keep[KEYS / VL];
        if (!reach[r]) {
            memset(p, 0, KEYS * 4);
            memset(ds, 0, KEYS * 4);
        } else if (a->p > 0) {
            keeps(a, query + r, j, keep);
            row_back(p, ds, mask, reach[r], lse, delta, keep, drop);
        } else if (mask) row_back(p, ds, mask, reach[r], lse, delta, 0, 1);
        else if (reach[r] == KEYS) row_back(p, ds, 0, KEYS, lse, delta, 0, 1);
        else row_back(p, ds, 0, reach[r], lse, delta, 0, 1);
        if (k->wants & WANT_MASK) {
            float *to = args->dmask + mask_at(pair, g, i + r) + j;
            EACH_VECTOR(reach[r], v_put(to + i, v_get(to + i, m) + v_get(ds + i, m), m););
        }
    }
    if (k->wants & WANT_KV && args->dv) weigh_turned(k->p, k->dy, ld, block->dv, reach, rows, block->seen, d, tall);
    if (k->wants & WANT_KV && args->dk) weigh_turned(k->ds, k->q, ld, block->dk, reach, rows, block->seen, d, tall);
    if (k->wants & WANT_Q) weigh(k->ds, block->rows, ld, args->dq + q_at(pair, g, i), a->ldq, reach, rows, d, block->tall, 1);
}

/* dk or dv of `keys` tokens, to or from memory */
static void begin_rows(float *to, int64_t ld, const float *from, int64_t stride, int64_t keys, int64_t d, int64_t add) {
    if (add) pack_rows(from, stride, keys, d, 1, to, ld);
    else memset(to, 0, (size_t)(keys * ld) * 4);
}
static void end_rows(const float *from, int64_t ld, float *to, int64_t stride, int64_t keys, int64_t d) {
    for (int64_t r = 0; r < keys; r++, from += ld, to += stride) copy_row(from, to, d);
}

/* packs the block of keys from j on, and begins its gradients */
static void back_begin(const struct back *k, struct back_keys *block, int64_t j, int64_t keys) {
    const struct attention_grad_args *args = k->g;
    const struct attention_args *a = k->pair.a;
    const int64_t at = j * a->ldk, to = k->pair.k - a->k + at, d = a->d, ld = k->ld;
    block->seen = clamp(k->pair.keys - j, 0, keys);
    block->tall = tile_height(d);
    if (k->wants & WANT_KV && args->dk) begin_rows(block->dk, ld, args->dk + to, a->ldk, keys, d, args->add & ADD_K);
    if (k->wants & WANT_KV && args->dv) begin_rows(block->dv, ld, args->dv + to, a->ldk, keys, d, args->add & ADD_V);
    pack_turned(k->pair.k + at, a->ldk, block->seen, d, block->keys);
    pack_turned(k->pair.v + at, a->ldk, block->seen, d, block->values);
    if (k->wants & WANT_Q && pack_rows(k->pair.k + at, a->ldk, block->seen, d, a->scale, block->rows, ld)) block->tall = 1;
}

static void back_end(const struct back *k, const struct back_keys *block, int64_t j, int64_t keys) {
    const struct attention_grad_args *args = k->g;
    const struct attention_args *a = k->pair.a;
    const int64_t to = k->pair.k - a->k + j * a->ldk;
    if (k->wants & WANT_KV && args->dk) end_rows(block->dk, k->ld, args->dk + to, a->ldk, keys, a->d);
    if (k->wants & WANT_KV && args->dv) end_rows(block->dv, k->ld, args->dv + to, a->ldk, keys, a->d);
}

/* queries i .. i + rows of head g, and the blocks from j to `end` */
static void back_rows(const struct back *k, int64_t g, int64_t i, int64_t rows, int64_t j, int64_t end) {
    const struct attention_args *a = k->pair.a;
    int32_t reach[BACK_STEP];
    if (!reaches(&k->pair, i, rows, j, reach)) return; /* nor any later block */
    int odd = pack_rows(a->q + q_at(&k->pair, g, i), a->ldq, rows, a->d, a->scale, k->q, k->ld)
              | pack_rows(k->g->dy + y_at(&k->pair, g, i), a->heads * a->d, rows, a->d, 1, k->dy, k->ld);
    for (const struct back_keys *block = k->block; j < end && reaches(&k->pair, i, rows, j, reach); j += KEYS, block++)
        back_step(k, block, g, i, rows, j, reach, odd ? 1 : tile_height(a->d)); /* a NaN stays with the keys that its query sees */
}

static void back_run(struct back *k) {
    for (int64_t j = k->j, end; j < k->j_end; j = end) {
        end = least(j + span(k->pair.a->d) * KEYS, k->j_end);
        for (int64_t b = 0, at = j; at < end; b++, at += KEYS) back_begin(k, k->block + b, at, least(KEYS, end - at));
        for (int64_t g = k->g0; g < k->g_end; g++)
            for (int64_t i = k->i; i < k->i_end; i += BACK_STEP) back_rows(k, g, i, least(BACK_STEP, k->i_end - i), j, end);
        for (int64_t b = 0, at = j; at < end; b++, at += KEYS) back_end(k, k->block + b, at, least(KEYS, end - at));
    }
}

struct backward {
    const struct attention_grad_args *g;
    const struct attention_args *a; /* the same */
    float *delta, *scratch;
    int64_t pairs, group, blocks, query_blocks;
    int wants; /* of a sweep over pairs */
};

static struct back back_at(const struct backward *w, int64_t pair, int wants) {
    struct back k = {.g = w->g, .pair = pair_at(w->a, pair), .j_end = w->a->lk, .g_end = w->group, .i_end = w->a->lq,
                     .wants = wants, .delta = w->delta, .ld = padded(w->a->d)};
    back_room(&k, fathom_own());
    return k;
}

/* delta of every query, and zeros for dq to add to */
static void delta_part(void *context, int64_t part, int64_t parts) {
    const struct backward *w = context;
    const struct attention_args *a = w->a;
    int64_t from, to, d = a->d;
    fathom_range(a->n * a->lq, 1, part, parts, &from, &to);
    for (int64_t token = from; token < to; token++) {
        for (int64_t h = 0; h < a->heads; h++) {
            int64_t at = (token * a->heads + h) * d;
            w->delta[(token / a->lq * a->heads + h) * a->lq + token % a->lq] = row_dot(a->y + at, w->g->dy + at, d);
        }
        if (w->g->dq && !(w->g->add & ADD_Q)) memset(w->g->dq + token * a->ldq, 0, (size_t)(a->heads * d) * 4);
    }
}

static void pairs_part(void *context, int64_t part, int64_t parts) {
    const struct backward *w = context;
    EACH_UNIT(unit, w->pairs, part, parts) {
        struct back k = back_at(w, unit, w->wants);
        back_run(&k);
    }
}

static void keys_part(void *context, int64_t part, int64_t parts) {
    const struct backward *w = context;
    EACH_UNIT(unit, w->pairs * w->blocks, part, parts) {
        struct back k = back_at(w, unit / w->blocks, WANT_KV);
        k.j = unit % w->blocks * KEYS;
        k.j_end = least(k.j + KEYS, w->a->lk);
        back_run(&k);
    }
}

static void queries_part(void *context, int64_t part, int64_t parts) {
    const struct backward *w = context;
    EACH_UNIT(unit, w->pairs * w->group * w->query_blocks, part, parts) {
        struct back k = back_at(w, unit / (w->group * w->query_blocks), WANT_Q);
        k.g0 = unit / w->query_blocks % w->group, k.g_end = k.g0 + 1;
        k.i = unit % w->query_blocks * BACK_STEP, k.i_end = least(k.i + BACK_STEP, w->a->lq);
        back_run(&k);
    }
}

/* A unit has all sums of a plane of the mask and a block of queries, or of all queries where they share a row. */
static void mask_part(void *context, int64_t part, int64_t parts) {
    const struct backward *w = context;
    const struct attention_args *a = w->a;
    int64_t cuts = a->mask_l > 0 ? w->query_blocks : 1, heads = a->mask_h ? a->heads : 1, planes = (a->mask_n ? a->n : 1) * heads;
    EACH_UNIT(unit, planes * cuts, part, parts) {
        /* rows of distances overlap: then a unit has all queries */
        int64_t b0 = a->mask_n ? unit / cuts / heads : 0, b1 = a->mask_n ? b0 + 1 : a->n;
        int64_t h0 = a->mask_h ? unit / cuts % heads : 0, h1 = a->mask_h ? h0 + 1 : a->heads;
        int64_t i0 = a->mask_l > 0 ? unit % cuts * BACK_STEP : 0, i1 = a->mask_l > 0 ? least(i0 + BACK_STEP, a->lq) : a->lq;
        for (int64_t i = i0; !(w->g->add & ADD_MASK) && i < (a->mask_l ? i1 : 1); i++)
            memset(w->g->dmask + b0 * a->mask_n + h0 * a->mask_h + i * a->mask_l, 0, (size_t)a->lk * 4);
        for (int64_t b = b0; b < b1; b++)
            for (int64_t h = h0; h < h1; h++) {
                struct back k = back_at(w, b * a->kv_heads + h / w->group, WANT_MASK);
                k.g0 = h % w->group, k.g_end = k.g0 + 1, k.i = i0, k.i_end = i1;
                back_run(&k);
            }
    }
}

static void back_region(struct backward *w, part_fn fn, int64_t parts) {
    fathom_parallel_with(fn, w, parts, w->scratch, back_slot(w->a));
}

static int64_t grad_scratch(const struct attention_grad_args *g) {
    const struct attention_args *a = (const struct attention_args *)g;
    return SUM(PRODUCT(a->beside ? 1 : a->n, a->heads, a->lq), 16, back_slot(a));
}

/* rows that lie `stride` apart become zeros, if there is a place for them */
static void clear_rows(float *to, int64_t stride, int64_t rows, int64_t width) {
    for (int64_t r = 0; to && r < rows; r++) memset(to + r * stride, 0, (size_t)width * 4);
}

static int32_t k_attention_grad(const struct attention_grad_args *g, int64_t *detail);

static int32_t run_beside_grad(const struct attention_grad_args *g, int64_t *detail) {
    const struct attention_args *a = (const struct attention_args *)g;
    int64_t start = 0;
    for (int64_t b = 0, tokens; b < a->n; b++, start += tokens) {
        struct attention_grad_args text = *g;
        tokens = text_tokens(a, b, start);
        only_text((struct attention_args *)&text, start, tokens);
        text.dy += start * a->heads * a->d;
        if (g->dmask) text.dmask += text_mask(a, start);
        if (g->dq) text.dq += start * a->ldq;
        if (g->dk) text.dk += start * a->ldk;
        if (g->dv) text.dv += start * a->ldk;
        if (tokens) k_attention_grad(&text, detail);
    }
    if (!(g->add & ADD_Q)) clear_rows(g->dq ? g->dq + start * a->ldq : 0, a->ldq, a->lq - start, a->heads * a->d);
    if (!(g->add & ADD_K)) clear_rows(g->dk ? g->dk + start * a->ldk : 0, a->ldk, a->lk - start, a->kv_heads * a->d);
    if (!(g->add & ADD_V)) clear_rows(g->dv ? g->dv + start * a->ldk : 0, a->ldk, a->lk - start, a->kv_heads * a->d);
    return FATHOM_OK;
}

static int32_t k_attention_grad(const struct attention_grad_args *g, int64_t *detail) {
    const struct attention_args *a = (const struct attention_args *)g;
    int32_t status = check_all(a, detail);
    if (!status && g->dmask && (a->mask_l < 0 || a->beside) && !(g->add & ADD_MASK)) { /* also what no text has */
        struct attention_grad_args added = *g;
        int64_t floats = a->mask_h ? a->heads * a->mask_h : a->mask_l ? a->lq * a->mask_l : a->lk;
        memset(g->dmask - (a->mask_l < 0 ? a->mask_h / 2 : 0), 0, (size_t)floats * 4);
        added.add |= ADD_MASK;
        return k_attention_grad(&added, detail);
    }
    if (!status && a->beside) return run_beside_grad(g, detail);
    struct backward w = {.g = g, .a = a, .pairs = a->n * a->kv_heads, .delta = g->scratch,
                         .scratch = g->scratch + padded(a->n * a->heads * a->lq)};
    if (status) return status;
    w.group = a->heads / a->kv_heads, w.blocks = ceil_div(a->lk, KEYS), w.query_blocks = ceil_div(a->lq, BACK_STEP);
    w.wants = (g->dq ? WANT_Q : 0) | (g->dk || g->dv ? WANT_KV : 0);
    if (w.pairs == 0) { /* no rows, but a mask that all rows share may have a gradient: zeros */
        if (g->dmask) back_region(&w, mask_part, 1);
        return FATHOM_OK;
    }
    fathom_parallel(delta_part, &w, fathom_parts((double)(a->n * a->lq * a->heads * a->d) * 0.1, a->n * a->lq));
    int64_t units = w.pairs * most(w.blocks, w.group * w.query_blocks);
    int64_t team = fathom_team(product_nanos(a, 6), units), parts = fathom_parts(product_nanos(a, 6), units);
    /* five products by pairs, or scores twice and seven in smaller units, where pairs are too few for the threads */
    if (ceil_div(w.pairs, least(team, w.pairs)) * 5 * team <= w.pairs * 7) {
        if (w.wants) back_region(&w, pairs_part, least(parts, w.pairs));
    } else {
        if (w.wants & WANT_KV) back_region(&w, keys_part, least(parts, w.pairs * w.blocks));
        if (w.wants & WANT_Q) back_region(&w, queries_part, least(parts, w.pairs * w.group * w.query_blocks));
    }
    if (g->dmask) back_region(&w, mask_part, parts);
    return FATHOM_OK;
}

EXPORT(attention)
EXPORT_SCRATCH(attention, forward_scratch)
EXPORT(attention_grad)
EXPORT_SCRATCH(attention_grad, grad_scratch)
