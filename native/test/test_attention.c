/*
 * attention and its gradients against the formula in double, which builds whole rows of weights. A row alone equals the same row in a
 * padded batch, a query alone that of the whole sequence, and bits are the same for any parts and on v3 and v4.
 */
#include "check.h"

enum { MASK_NONE, MASK_ALL, MASK_HEADS, MASK_BATCH, MASK_KEYS, MASKS };
enum { FREE, CAUSAL, PAST };

struct shape {
    int64_t n, heads, kv_heads, lq, lk, d;
    int causal, mask, lengths, packed;
    float p;
};

/* one problem with its inputs and results; sizes in floats */
struct problem {
    struct attention_grad_args g;
    struct shape s;
    int64_t q_floats, kv_floats, y_floats, mask_floats, queries;
};
#define A(problem) ((problem)->g)

static int64_t planes_n(const struct shape *s) { return s->mask == MASK_ALL || s->mask == MASK_BATCH || s->mask == MASK_KEYS ? s->n : 1; }
static int64_t planes_h(const struct shape *s) { return s->mask == MASK_ALL || s->mask == MASK_HEADS ? s->heads : 1; }

static int32_t *ints(int64_t n, int64_t from, int64_t to) {
    int32_t *x = guarded((size_t)n * 4, 4);
    for (int64_t i = 0; i < n; i++) x[i] = (int32_t)(from + random_below(to - from + 1));
    return x;
}

static struct problem problem(struct shape s, int add) {
    struct problem p = {.s = s};
    struct attention_grad_args *a = &p.g;
    a->n = s.n, a->heads = s.heads, a->kv_heads = s.kv_heads, a->lq = s.lq, a->lk = s.lk, a->d = s.d;
    a->ldq = s.heads * s.d, a->ldk = s.kv_heads * s.d;
    a->scale = 1 / sqrtf((float)s.d), a->causal = s.causal != FREE, a->p = s.p, a->seed = 77, a->counter = 0xfffffff0;
    p.y_floats = s.n * s.lq * s.heads * s.d, p.queries = s.n * s.heads * s.lq;
    if (s.packed) { /* one tensor [n, l, heads + 2 kv_heads, d] */
        a->ldq = a->ldk = (s.heads + 2 * s.kv_heads) * s.d;
        p.q_floats = p.kv_floats = s.n * s.lq * a->ldq;
        a->q = guarded_random(p.q_floats, 8, -2, 2);
        a->k = a->q + s.heads * s.d, a->v = a->k + s.kv_heads * s.d;
    } else {
        p.q_floats = s.n * s.lq * a->ldq, p.kv_floats = s.n * s.lk * a->ldk;
        a->q = guarded_random(p.q_floats, 8, -2, 2);
        a->k = guarded_random(p.kv_floats, 4, -2, 2);
        a->v = guarded_random(p.kv_floats, 12, -2, 2);
    }
    if (s.mask) {
        int64_t rows = s.mask == MASK_KEYS ? 1 : s.lq;
        p.mask_floats = planes_n(&s) * planes_h(&s) * rows * s.lk;
        a->mask_l = rows > 1 ? s.lk : 0;
        a->mask_h = planes_h(&s) > 1 ? rows * s.lk : 0;
        a->mask_n = planes_n(&s) > 1 ? planes_h(&s) * rows * s.lk : 0;
        a->mask = guarded_random(p.mask_floats, 0, -1, 1);
        for (int64_t i = 0; i < p.mask_floats; i++)
            if (random_below(4) == 0) a->mask[i] = -INFINITY;
        a->dmask = guarded_floats(p.mask_floats, 8);
    }
    if (s.lengths) {
        a->lengths = ints(s.n, 0, s.lk);
        a->queries = ints(s.n, 0, s.lq);
        a->lengths[0] = (int32_t)s.lk;
    }
    if (s.causal == PAST) a->past = ints(s.n, 0, s.lk - s.lq);
    a->y = guarded_floats(p.y_floats, 4);
    a->lse = guarded_floats(p.queries, 0);
    a->dy = guarded_random(p.y_floats, 4, -2, 2);
    a->dq = guarded_floats(p.q_floats, 4);
    a->dk = s.packed ? a->dq + s.heads * s.d : guarded_floats(p.kv_floats, 12);
    a->dv = s.packed ? a->dk + s.kv_heads * s.d : guarded_floats(p.kv_floats, 0);
    a->add = add ? 15 : 0;
    return p;
}

/* what gradients are added to */
static void before(struct problem *p) {
    for (int64_t i = 0; p->g.add && i < p->q_floats; i++) p->g.dq[i] = (float)(i % 3);
    for (int64_t i = 0; p->g.add && !p->s.packed && i < p->kv_floats; i++) p->g.dk[i] = (float)(i % 3), p->g.dv[i] = (float)(i % 3);
    for (int64_t i = 0; p->g.add && i < p->mask_floats; i++) p->g.dmask[i] = (float)(i % 3);
}

static void run(struct problem *p) {
    struct attention_args a;
    memcpy(&a, &p->g, offsetof(struct attention_args, scratch));
    CHECK(run_command(K_attention, &a, sizeof a) == FATHOM_OK, "attention fails");
    before(p);
    CHECK(run_command(K_attention_grad, &p->g, sizeof p->g) == FATHOM_OK, "attention_grad fails");
}

/* ---- the reference ---- */

static int sees(const struct attention_grad_args *a, int64_t b, int64_t i, int64_t j) {
    int64_t keys = a->lengths ? a->lengths[b] : a->lk, queries = a->queries ? a->queries[b] : a->lq;
    int64_t past = a->past ? a->past[b] : a->lk - a->lq;
    return j < keys && i < queries && (!a->causal || j <= past + i);
}

/* whether the weight is kept, from the kernel dropout, whose words test_random.c compares with Philox's own */
static float *kept(const struct attention_grad_args *a) {
    int64_t n = a->n * a->heads * a->lq * ((a->lk + 63) / 64) * 64;
    float *x = guarded_floats(n, 0), *y = guarded_floats(n, 0);
    for (int64_t i = 0; i < n; i++) x[i] = 1;
    RUN(dropout, .x = x, .y = y, .n = n, .p = a->p, .scale = 1 / (1 - a->p), .seed = a->seed, .counter = a->counter);
    return y;
}

struct sums {
    double *dq, *dk, *dv, *dmask; /* in the shapes of the floats */
};

static void compare(const struct problem *p, int isa, int index) {
    const struct attention_grad_args *a = &p->g;
    const int64_t group = a->heads / a->kv_heads, lq = a->lq, lk = a->lk, d = a->d, blocks = (lk + 63) / 64 * 64;
    const float *keep = a->p > 0 ? kept(a) : 0;
    struct sums want = {calloc((size_t)p->q_floats + 1, 8), calloc((size_t)p->kv_floats + 1, 8), calloc((size_t)p->kv_floats + 1, 8),
                        calloc((size_t)p->mask_floats + 1, 8)};
    double *w = malloc((size_t)(lk + 1) * 8), *dw = malloc((size_t)(lk + 1) * 8);
    for (int64_t b = 0; b < a->n; b++)
        for (int64_t h = 0; h < a->heads; h++)
            for (int64_t i = 0; i < lq; i++) {
                int64_t qi = (b * lq + i) * a->ldq + h * d, yi = ((b * lq + i) * a->heads + h) * d, query = (b * a->heads + h) * lq + i;
                double total = 0, top = -INFINITY, delta = 0;
                for (int64_t j = 0; j < lk; j++) {
                    const float *k = a->k + (b * lk + j) * a->ldk + h / group * d;
                    double s = 0;
                    for (int64_t c = 0; c < d; c++) s += (double)a->q[qi + c] * k[c];
                    s *= a->scale;
                    if (a->mask) s += a->mask[b * a->mask_n + h * a->mask_h + i * a->mask_l + j];
                    w[j] = sees(a, b, i, j) ? s : -INFINITY;
                    top = fmax(top, w[j]);
                }
                for (int64_t j = 0; j < lk; j++) total += w[j] = top == -INFINITY ? 0 : exp(w[j] - top);
                for (int64_t j = 0; j < lk; j++) w[j] = total > 0 ? w[j] / total : 0;
                if (total > 0) CHECK_NEAR(a->lse[query], top + log(total), 4e-6, "lse, isa %d shape %d", isa, index);
                for (int64_t c = 0; c < d; c++) {
                    double y = 0;
                    for (int64_t j = 0; j < lk; j++)
                        y += w[j] * (keep ? keep[query * blocks + j] : 1) * a->v[(b * lk + j) * a->ldk + h / group * d + c];
                    delta += y * a->dy[yi + c];
                    CHECK_NEAR(a->y[yi + c], y, 2e-6, "y, isa %d shape %d row %lld head %lld query %lld", isa, index, (long long)b,
                               (long long)h, (long long)i);
                }
                for (int64_t j = 0; j < lk; j++) {
                    int64_t kj = (b * lk + j) * a->ldk + h / group * d;
                    double kept_ = keep ? keep[query * blocks + j] : 1, dp = 0;
                    for (int64_t c = 0; c < d; c++) {
                        dp += (double)a->dy[yi + c] * a->v[kj + c];
                        want.dv[kj + c] += w[j] * kept_ * a->dy[yi + c];
                    }
                    dw[j] = w[j] * (dp * kept_ - delta);
                    if (a->mask) want.dmask[b * a->mask_n + h * a->mask_h + i * a->mask_l + j] += dw[j];
                    for (int64_t c = 0; c < d; c++) {
                        want.dq[qi + c] += dw[j] * a->scale * a->k[kj + c];
                        want.dk[kj + c] += dw[j] * a->scale * a->q[qi + c];
                    }
                }
            }
    const float *got[] = {a->dq, a->dk, a->dv, a->dmask};
    const double *wants[] = {want.dq, want.dk, want.dv, want.dmask};
    const int64_t rows[] = {a->n * lq, a->n * lk, a->n * lk, a->mask ? 1 : 0}, strides[] = {a->ldq, a->ldk, a->ldk, 0};
    const int64_t widths[] = {a->heads * d, a->kv_heads * d, a->kv_heads * d, p->mask_floats};
    for (int o = 0; o < 4; o++)
        for (int64_t r = 0; r < rows[o]; r++)
            for (int64_t c = 0; c < widths[o]; c++) {
                int64_t at = r * strides[o] + c, place = p->s.packed && o < 3 ? (got[o] - a->dq) + at : at;
                double sum = wants[o][at] + (a->add ? (double)(place % 3) : 0);
                CHECK_NEAR(got[o][at], sum, 1e-5 + 2e-6 * fabs(sum) + 1e-7 * (double)(lq * (o == 3 ? 1 : 4)),
                           "gradient %d, isa %d shape %d row %lld column %lld", o, isa, index, (long long)r, (long long)c);
            }
    free(want.dq), free(want.dk), free(want.dv), free(want.dmask), free(w), free(dw);
}

static const struct shape shapes[] = {
    /* n, heads, kv_heads, lq, lk, d, causal, mask, lengths, packed, p */
    {1, 1, 1, 1, 1, 1, FREE, 0, 0, 0, 0},
    {2, 2, 2, 3, 3, 5, FREE, 0, 0, 1, 0},
    {1, 2, 1, 17, 65, 16, FREE, 0, 0, 0, 0},
    {2, 3, 3, 64, 64, 8, CAUSAL, 0, 0, 1, 0},
    {1, 2, 2, 100, 131, 20, CAUSAL, 0, 0, 0, 0},
    {2, 2, 2, 70, 40, 33, CAUSAL, 0, 0, 0, 0}, /* the first 30 queries see nothing */
    {3, 2, 2, 66, 129, 24, FREE, 0, 1, 0, 0},
    {3, 4, 2, 37, 37, 12, CAUSAL, 0, 1, 1, 0},
    {2, 6, 2, 5, 140, 64, PAST, 0, 0, 0, 0},
    {3, 4, 1, 1, 90, 48, PAST, 0, 0, 0, 0},
    {2, 2, 2, 1, 77, 7, FREE, 0, 1, 0, 0},
    {1, 8, 4, 1, 700, 128, PAST, 0, 0, 0, 0}, /* a single query, of 2, 3 and 7 heads that share keys, and of one */
    {2, 6, 2, 1, 71, 16, PAST, MASK_ALL, 0, 0, 0},
    {2, 7, 1, 1, 130, 32, FREE, 0, 1, 0, 0.4f},
    {3, 5, 5, 1, 100, 80, FREE, MASK_BATCH, 1, 0, 0},
    {2, 2, 2, 1, 1, 16, CAUSAL, 0, 0, 1, 0},
    {2, 2, 2, 33, 70, 16, FREE, MASK_ALL, 0, 0, 0},
    {2, 4, 2, 70, 66, 9, CAUSAL, MASK_HEADS, 0, 0, 0},
    {3, 2, 2, 12, 70, 32, FREE, MASK_BATCH, 1, 0, 0},
    {3, 2, 1, 12, 70, 32, FREE, MASK_KEYS, 0, 0, 0},
    {1, 1, 1, 420, 67, 6, FREE, 0, 0, 0, 0}, /* more rows than a unit */
    {1, 1, 1, 20, 20, 144, FREE, 0, 0, 0, 0},
    {2, 2, 2, 30, 130, 16, FREE, 0, 0, 0, 0.3f},
    {2, 4, 2, 65, 65, 8, CAUSAL, MASK_HEADS, 1, 1, 0.5f},
    {2, 2, 2, 0, 5, 8, FREE, 0, 0, 0, 0},
    {2, 2, 2, 5, 0, 8, FREE, 0, 0, 0, 0},
    {0, 2, 2, 5, 5, 8, FREE, 0, 0, 0, 0},
};

static void against_reference(void) {
    for (int index = 0; index < COUNT(shapes); index++)
        for (int add = 0; add < 2; add++) {
            struct problem p = problem(shapes[index], add);
            FOR_EACH_ISA(isa) {
                run(&p);
                int first = guarded_count;
                compare(&p, isa, index);
                release_guarded_from(first);
            }
            release_guarded();
        }
}

static float *copy(const float *x, int64_t n) {
    float *y = guarded_floats(n, 0);
    if (n) memcpy(y, x, (size_t)n * 4);
    return y;
}

static void same_bits(void) {
    for (int index = 0; index < COUNT(shapes); index++) {
        struct problem p = problem(shapes[index], 1);
        float *outs[] = {p.g.y, p.g.lse, p.g.dq, p.g.dk, p.g.dv, p.g.dmask}, *first[6] = {0};
        const int64_t counts[] = {p.y_floats, p.queries, p.q_floats, p.s.packed ? 0 : p.kv_floats, p.s.packed ? 0 : p.kv_floats,
                                  p.mask_floats};
        int reference = -1;
        FOR_EACH_ISA(isa)
            FOR_EACH_PARTS(parts) {
                run(&p);
                int start = reference < 0 || (!is_fused(reference) && is_fused(isa));
                for (int o = 0; o < 6; o++) {
                    if (start) first[o] = copy(outs[o], counts[o]);
                    CHECK_BITS(outs[o], first[o], counts[o], "result %d shape %d isa %d parts %d", o, index, isa, parts);
                }
                if (start) reference = isa;
            }
        release_guarded();
    }
}

/* rows from .. from + l of x[n][lx][ld], dense */
static float *cut(const float *x, int64_t b, int64_t lx, int64_t ld, int64_t from, int64_t l) {
    return copy(x + (b * lx + from) * ld, l * ld);
}

/* A row of the batch with its own lengths, cut to them, and a query of it alone. */
static void alone(int64_t d) {
    for (int causal = FREE; causal <= PAST; causal++)
        for (int threads = 1; threads <= 4; threads += 3) {
            const int64_t l = causal == CAUSAL ? 150 : 70; /* as many queries as keys, or fewer */
            struct problem p = problem((struct shape){4, 4, 2, l, 150, d, causal, MASK_NONE, 1, 0, 0}, 0);
            struct attention_grad_args *a = &p.g;
            for (int64_t b = 0; causal == CAUSAL && b < 4; b++) a->queries[b] = a->lengths[b];
            fathom_set_threads(threads);
            fathom_force_parts(threads == 1 ? 1 : 5);
            /* nothing of the padding may be read: NaN there is the same as numbers */
            for (int64_t b = 0; b < 4; b++) {
                for (int64_t i = a->lengths[b] * a->ldk; i < 150 * a->ldk; i++)
                    a->k[b * 150 * a->ldk + i] = a->v[b * 150 * a->ldk + i] = NAN;
                for (int64_t i = a->queries[b] * a->ldq; i < l * a->ldq; i++) a->q[b * l * a->ldq + i] = NAN;
            }
            run(&p);
            for (int64_t b = 0; b < 4; b++) {
                int64_t lq = a->queries[b], lk = a->lengths[b], width = a->ldq;
                int mark = guarded_count;
                struct problem one = p;
                struct attention_grad_args *o = &one.g;
                int32_t past = causal == PAST ? a->past[b] : 0;
                if (causal == PAST) lk = lk < past + lq ? past + lq : lk; /* keys that are not there may still be in sight */
                int32_t keys = a->lengths[b];
                o->n = 1, o->lq = lq, o->lk = lk, o->queries = 0, o->lengths = &keys, o->past = causal == PAST ? &past : 0;
                one.y_floats = lq * width, one.q_floats = lq * width, one.kv_floats = lk * a->ldk;
                o->q = cut(a->q, b, l, a->ldq, 0, lq), o->dy = cut(a->dy, b, l, width, 0, lq);
                o->k = cut(a->k, b, 150, a->ldk, 0, lk), o->v = cut(a->v, b, 150, a->ldk, 0, lk);
                o->y = guarded_floats(lq * width, 0), o->lse = guarded_floats(lq * a->heads, 0);
                o->dq = guarded_floats(lq * width, 0), o->dk = guarded_floats(lk * a->ldk, 0), o->dv = guarded_floats(lk * a->ldk, 0);
                run(&one);
                CHECK_BITS(o->y, a->y + b * l * width, lq * width, "y of row %d alone, causal %d", (int)b, causal);
                CHECK_BITS(o->dq, a->dq + b * l * width, lq * width, "dq of row %d alone, causal %d", (int)b, causal);
                CHECK_BITS(o->dk, a->dk + b * 150 * a->ldk, lk * a->ldk, "dk of row %d alone, causal %d", (int)b, causal);
                CHECK_BITS(o->dv, a->dv + b * 150 * a->ldk, lk * a->ldk, "dv of row %d alone, causal %d", (int)b, causal);
                for (int64_t i = lq * width; i < l * width; i++)
                    CHECK(a->y[b * l * width + i] == 0 && a->dq[b * l * width + i] == 0, "a padded query gives %g",
                          a->y[b * l * width + i]);
                for (int64_t i = lk * a->ldk; i < 150 * a->ldk; i++)
                    CHECK(a->dk[b * 150 * a->ldk + i] == 0 && a->dv[b * 150 * a->ldk + i] == 0, "a padded key has a gradient");
                for (int64_t i = 0; i < lq; i += 13) {
                    struct attention_args query;
                    memcpy(&query, o, offsetof(struct attention_args, scratch));
                    int32_t before = (int32_t)((causal == PAST ? past : causal == CAUSAL ? lk - lq : 0) + i);
                    query.q = cut(o->q, 0, lq, width, i, 1), query.lq = 1, query.y = guarded_floats(width, 0), query.lse = 0;
                    query.past = causal == FREE ? 0 : &before;
                    if (causal != FREE && before > lk - 1) continue;
                    run_command(K_attention, &query, sizeof query);
                    CHECK_BITS(query.y, o->y + i * width, width, "query %d of row %d alone, causal %d", (int)i, (int)b, causal);
                }
                release_guarded_from(mark);
            }
            fathom_force_parts(0);
            fathom_set_threads(1);
            release_guarded();
        }
}

/*
 * rows of x[80][ld], of the head whose 16 columns begin at x: those from .. to are reached by what is not finite, the others keep their
 * bits
 */
static void reached(const float *x, const float *finite, int64_t ld, int64_t from, int64_t to, const char *what, int isa, int which) {
    for (int64_t r = 0; r < 80; r++, x += ld, finite += ld)
        if (r >= from && r < to) CHECK(!isfinite(x[3]), "isa %d: input %d does not reach %s %d", isa, which, what, (int)r);
        else CHECK_BITS(x, finite, 16, "isa %d: input %d reaches %s %d", isa, which, what, (int)r);
}

/* NaN and infinities reach the queries that see them and the keys that these see, and no others. */
static void not_finite(void) {
    enum { AT = 44 }; /* in the middle of tiles of keys */
    FOR_EACH_ISA(isa)
        for (int which = 0; which < 4; which++) {
            struct problem p = problem((struct shape){1, 2, 2, 80, 80, 16, CAUSAL, 0, 0, 0, 0}, 0);
            struct attention_grad_args *a = &p.g;
            float *inputs[] = {a->q, a->k, a->v, a->dy}, *outs[] = {a->y, a->dq, a->dk, a->dv}, *finite[4];
            const char *names[] = {"query", "dq", "dk", "dv"};
            run(&p);
            for (int o = 0; o < 4; o++) finite[o] = copy(outs[o], p.y_floats);
            inputs[which][AT * a->ldq + 3] = which >= 2 ? INFINITY : NAN; /* of head 0 */
            run(&p);
            for (int o = 0; o < 4; o++) {
                int query = which == 0 || which == 3; /* of query AT alone, else of all that see key AT */
                int64_t from = o < 2 ? AT : 0, to = query ? AT + 1 : 80;
                if (which == 3 && o == 0) from = to; /* dy is not read */
                if (which == 2 && o == 3) from = to; /* dv depends on v by the other factor of each product: not at all */
                reached(outs[o], finite[o], a->ldq, from, to, names[o], isa, which);
                reached(outs[o] + 16, finite[o] + 16, a->ldq, 80, 80, names[o], isa, which);
            }
            release_guarded();
        }
}

/* Scores far apart, and all of them -Inf. */
static void extremes(void) {
    FOR_EACH_ISA(isa) {
        struct problem p = problem((struct shape){1, 1, 1, 3, 200, 4, FREE, MASK_BATCH, 0, 0, 0}, 0);
        struct attention_grad_args *a = &p.g;
        for (int64_t j = 0; j < 200; j++) {
            a->mask[j] = (float)(j * 50);      /* the last key alone counts */
            a->mask[200 + j] = -INFINITY;      /* nothing is seen */
            a->mask[400 + j] = j < 199 ? -INFINITY : 3; /* blocks of nothing, then a key */
        }
        run(&p);
        for (int64_t c = 0; c < 4; c++) {
            CHECK_NEAR(a->y[c], a->v[199 * 4 + c], 1e-6, "isa %d: the largest score", isa);
            CHECK(a->y[4 + c] == 0 && a->dq[4 + c] == 0, "isa %d: a query that sees nothing gives %g", isa, a->y[4 + c]);
            CHECK(a->y[8 + c] == a->v[199 * 4 + c], "isa %d: the only key", isa);
        }
        CHECK(isinf(a->lse[1]), "lse of nothing is %g", a->lse[1]);
        release_guarded();
    }
}

/* takes the square of a text from token `start` on out of each plane [rows][tokens] of a mask, and leaves zeros */
static void take_square(float *whole, int64_t planes, int64_t rows, int64_t tokens, int64_t start, int64_t l, float *text) {
    for (int64_t r = 0; r < planes * (rows > 1 ? l : 1); r++) {
        float *at = whole + (rows > 1 ? (r / l * rows + start + r % l) * tokens : r * tokens) + start;
        memcpy(text + r * l, at, (size_t)l * 4), memset(at, 0, (size_t)l * 4);
    }
}

/* Texts side by side in one row give the bits of each alone, whatever lies behind them, which is 0. */
static void beside(int64_t d, int packed, int mask) {
    enum { TEXTS = 6, TOKENS = 340 };
    const int64_t planes = mask == MASK_HEADS ? 6 : 1, mask_rows = mask == MASK_KEYS ? 1 : TOKENS;
    for (int causal = FREE; causal <= CAUSAL; causal++)
        for (int threads = 1; threads <= 4; threads += 3) {
            struct problem p = problem((struct shape){1, 6, packed ? 6 : 2, TOKENS, TOKENS, d, causal, mask, 0, packed, 0}, 0);
            struct attention_grad_args *a = &p.g;
            int32_t lengths[TEXTS] = {1, 70, 0, 64, 200, 3}; /* two tokens are behind the last */
            a->n = TEXTS, a->beside = 1, a->lengths = lengths;
            fathom_set_threads(threads);
            fathom_force_parts(threads == 1 ? 1 : 5);
            run(&p);
            for (int64_t b = 0, start = 0; b < TEXTS; start += lengths[b++]) {
                const int64_t l = lengths[b], at = start * a->ldq, to = start * a->ldk, y = start * 6 * d;
                int mark = guarded_count;
                struct problem one = problem((struct shape){1, 6, packed ? 6 : 2, l ? l : 1, l ? l : 1, d, causal, mask, 0, packed, 0}, 0);
                struct attention_grad_args *o = &one.g;
                if (l == 0) continue;
                memcpy(o->q, a->q + at, (size_t)(l * a->ldq) * 4);
                if (!packed) memcpy(o->k, a->k + to, (size_t)(l * a->ldk) * 4), memcpy(o->v, a->v + to, (size_t)(l * a->ldk) * 4);
                memcpy(o->dy, a->dy + y, (size_t)(l * 6 * d) * 4);
                if (mask) take_square(a->mask, planes, mask_rows, TOKENS, start, l, o->mask);
                run(&one);
                if (mask) { /* what is left of the whole gradient is that of no text */
                    float *square = guarded_floats(planes * l * l, 0);
                    take_square(a->dmask, planes, mask_rows, TOKENS, start, l, square);
                    CHECK_BITS(o->dmask, square, one.mask_floats, "dmask of text %d, causal %d", (int)b, causal);
                }
                CHECK_BITS(o->y, a->y + y, l * 6 * d, "y of text %d, causal %d", (int)b, causal);
                CHECK_BITS(o->lse, a->lse + start * 6, l * 6, "lse of text %d, causal %d", (int)b, causal);
                CHECK_BITS(o->dq, a->dq + at, l * a->ldq - (packed ? 12 * d : 0), "dq of text %d, causal %d", (int)b, causal);
                CHECK_BITS(o->dk, a->dk + to, l * a->ldk - (packed ? 12 * d : 0), "dk of text %d, causal %d", (int)b, causal);
                CHECK_BITS(o->dv, a->dv + to, l * a->ldk - (packed ? 12 * d : 0), "dv of text %d, causal %d", (int)b, causal);
                release_guarded_from(mark);
            }
            for (int64_t i = 0; i < p.mask_floats; i++) CHECK(a->dmask[i] == 0, "a gradient of the mask between texts");
            for (int64_t i = 338 * 6 * d; i < p.y_floats; i++) CHECK(a->y[i] == 0, "behind the texts is %g", a->y[i]);
            for (int64_t t = 338; t < TOKENS; t++)
                for (int64_t i = 0; i < 2 * d; i++)
                    CHECK(a->dq[t * a->ldq + i] == 0 && a->dk[t * a->ldk + i] == 0 && a->dv[t * a->ldk + i] == 0,
                          "a gradient behind the texts");
            lengths[5] = 6;
            CHECK(run_command(K_attention_grad, &p.g, sizeof p.g) == FATHOM_BAD_LENGTH, "texts of more tokens than the row has");
            CHECK(run_words[1] == 5 && run_words[2] == 6 && run_words[3] == 5, "details of the text that does not fit");
            fathom_force_parts(0);
            release_guarded();
        }
}

/* A mask of distances gives what the mask of all its rows gives, and its gradient is the sum of theirs. */
static void relative(int texts) {
    enum { L = 150, P = 170, HEADS = 4 };
    for (int add = 0; add < 2; add++) {
        struct problem p = problem((struct shape){1, HEADS, 2, L, L, 20, FREE, MASK_HEADS, 0, 0, 0}, add), full = p;
        struct attention_grad_args *a = &p.g;
        int32_t lengths[3] = {70, 0, 80};
        const int64_t row = 2 * P - 1;
        float *mask = guarded_random(HEADS * row, 4, -1, 1), *dmask = guarded_floats(HEADS * row, 4),
            *sums = guarded_floats(HEADS * row, 0);
        mask[P + 3] = -INFINITY;
        if (texts) a->n = 3, a->beside = 1, a->lengths = lengths;
        for (int64_t h = 0; h < HEADS; h++)
            for (int64_t i = 0; i < L; i++)
                for (int64_t j = 0; j < L; j++) {
                    int same = !texts || (i < 70) == (j < 70);
                    full.g.mask[(h * L + i) * L + j] = same ? mask[h * row + P - 1 + j - i] : -INFINITY;
                }
        a->mask = mask + P - 1, a->mask_n = 0, a->mask_h = row, a->mask_l = -1, a->dmask = dmask + P - 1;
        for (int64_t i = 0; i < HEADS * row; i++) sums[i] = dmask[i] = add ? (float)(i % 5) : NAN;
        for (int64_t i = 0; !add && i < HEADS * row; i++) sums[i] = 0;
        a->y = guarded_floats(p.y_floats, 0), a->lse = guarded_floats(p.queries, 0);
        a->dq = guarded_floats(p.q_floats, 0), a->dk = guarded_floats(p.kv_floats, 0), a->dv = guarded_floats(p.kv_floats, 0);
        p.mask_floats = 0; /* what it adds to is there */
        full.g.add = p.g.add = add ? 8 : 0;
        run(&p);
        full.g.add = 0;
        run(&full);
        if (texts) { /* one of more tokens than there are distances to each side */
            a->mask_h = 2 * 79 - 1;
            CHECK(run_command(K_attention_grad, &p.g, sizeof p.g) == FATHOM_BAD_LENGTH, "a text beyond the distances");
            CHECK(run_words[1] == 2 && run_words[2] == 80 && run_words[3] == 79, "details of the text beyond the distances");
            a->mask_h = row;
        }
        for (int64_t i = 0; i < p.y_floats; i++) CHECK(fabsf(a->y[i] - full.g.y[i]) < 1e-5f, "y %g, %g", a->y[i], full.g.y[i]);
        for (int64_t i = 0; i < p.q_floats; i++) CHECK(fabsf(a->dq[i] - full.g.dq[i]) < 1e-4f, "dq %g, %g", a->dq[i], full.g.dq[i]);
        for (int64_t h = 0; h < HEADS; h++)
            for (int64_t i = 0; i < L; i++)
                for (int64_t j = 0; j < L; j++) sums[h * row + P - 1 + j - i] += full.g.dmask[(h * L + i) * L + j];
        for (int64_t i = 0; i < HEADS * row; i++) CHECK(fabsf(dmask[i] - sums[i]) < 1e-3f, "dmask %d: %g, %g", (int)i, dmask[i], sums[i]);
        release_guarded();
    }
}

static void bad_lengths(void) {
    struct problem p = problem((struct shape){3, 1, 1, 4, 9, 4, PAST, 0, 1, 0, 0}, 0);
    struct attention_args a;
    memcpy(&a, &p.g, offsetof(struct attention_args, scratch));
    int32_t *arrays[] = {a.lengths, a.queries, a.past}, most[] = {9, 4, 5};
    const int32_t status[] = {FATHOM_BAD_LENGTH, FATHOM_BAD_LENGTH, FATHOM_BAD_INDEX};
    for (int k = 0; k < 3; k++)
        for (int what = 0; what < 2; what++) {
            int32_t good = arrays[k][1], bad = what ? -1 : most[k] + 1;
            arrays[k][1] = bad;
            CHECK(run_command(K_attention, &a, sizeof a) == status[k], "array %d takes %d", k, bad);
            CHECK(run_words[1] == 1 && run_words[2] == bad && run_words[3] == most[k] + (k == 2), "details of array %d", k);
            CHECK(run_command(K_attention_grad, &p.g, sizeof p.g) == status[k], "backward: array %d takes %d", k, bad);
            arrays[k][1] = good;
        }
    CHECK(run_command(K_attention, &a, sizeof a) == FATHOM_OK, "good lengths");
    release_guarded();
}

int main(void) {
    against_reference();
    same_bits();
    alone(24);
    FOR_EACH_ISA(isa) alone(32); /* whole vectors: a query alone has a form of its own */
    not_finite();
    extremes();
    const int masks[] = {MASK_NONE, MASK_HEADS, MASK_BATCH, MASK_KEYS};
    for (int packed = 0; packed < 2; packed++)
        for (int m = 0; m < COUNT(masks); m++) FOR_EACH_ISA(isa) beside(packed ? 32 : 20, packed, masks[m]);
    for (int texts = 0; texts < 2; texts++) FOR_EACH_ISA(isa) relative(texts);
    bad_lengths();
    return DONE();
}
