/*
 * recurrent and recurrent_grad against the cells written out in double precision, sequence by sequence in the order of the batch, and
 * against numeric derivatives of these: every cell, both directions, lengths, initial states, masks, peepholes and missing biases, on every
 * instruction set. Forward bits and gradients do not depend on how work is cut or who shares it, nor forward rows on the rest of the batch.
 */
#include "check.h"

enum { RNN_TANH, RNN_RELU, LSTM, GRU, GRU_RESET_FIRST, UGRNN };
enum { REVERSED = 1, TAKES_NEW = 2, IN_FRONT = 4 };

/* Inputs, in the order in which their gradients are checked. */
enum { X, W, U, B, BH, PEEP, H0, C0, INPUTS };

struct layer {
    int cell, flags;
    int64_t n, t, i, h;
    int32_t *lengths;        /* or 0 */
    float *skip;             /* or 0 */
    int64_t lag;
    float *mask;             /* or 0 */
    float *in[INPUTS];       /* or 0 */
    int64_t count[INPUTS];
    float *dy, *dhn, *dcn;   /* or 0 */
};

static int64_t gates_of(int cell) { return cell == LSTM ? 4 : cell == UGRNN ? 2 : cell == GRU || cell == GRU_RESET_FIRST ? 3 : 1; }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* ---- the reference ---- */

static double at(double *const *in, int which, int64_t i) { return in[which] ? in[which][i] : 0; }

/* row j of W x + b and of U h + bh */
static double from_input(const struct layer *l, double *const *in, int64_t j, const double *x) {
    double sum = at(in, B, j);
    for (int64_t k = 0; k < l->i; k++) sum += in[W][j * l->i + k] * x[k];
    return sum;
}
static double from_state(const struct layer *l, double *const *in, int64_t j, const double *h) {
    double sum = at(in, BH, j);
    for (int64_t k = 0; k < l->h; k++) sum += in[U][j * l->h + k] * h[k];
    return sum;
}

static void reference_step(const struct layer *l, double *const *in, const double *x, const float *mask, double *h, double *c) {
    int64_t n = l->h;
    double new_h[64], rh[64], z[64], r[64], seen[64];
    for (int64_t j = 0; j < n; j++) seen[j] = mask ? mask[j] * h[j] : h[j];
    for (int64_t j = 0; j < n; j++) {
        double s[4] = {0};
        for (int64_t g = 0; g < gates_of(l->cell); g++)
            s[g] = from_input(l, in, g * n + j, x) + (g == 2 && l->cell != LSTM ? 0 : from_state(l, in, g * n + j, seen));
        switch (l->cell) {
        case RNN_TANH: new_h[j] = tanh(s[0]); break;
        case RNN_RELU: new_h[j] = s[0] > 0 ? s[0] : 0; break;
        case UGRNN: new_h[j] = sigmoid(s[0]) * h[j] + (1 - sigmoid(s[0])) * tanh(s[1]); break;
        case LSTM: {
            double i = sigmoid(s[0] + at(in, PEEP, j) * c[j]), f = sigmoid(s[1] + at(in, PEEP, n + j) * c[j]);
            c[j] = f * c[j] + i * tanh(s[2]);
            new_h[j] = sigmoid(s[3] + at(in, PEEP, 2 * n + j) * c[j]) * tanh(c[j]);
            break;
        }
        default: r[j] = sigmoid(s[0]), z[j] = sigmoid(s[1]), rh[j] = r[j] * seen[j];
        }
    }
    if (l->cell == GRU || l->cell == GRU_RESET_FIRST)
        for (int64_t j = 0; j < n; j++) {
            double x_part = from_input(l, in, 2 * n + j, x), inner = from_state(l, in, 2 * n + j, l->cell == GRU ? seen : rh);
            double new = tanh(x_part + (l->cell == GRU ? r[j] : 1) * inner);
            new_h[j] = l->flags & TAKES_NEW ? (1 - z[j]) * h[j] + z[j] * new : (1 - z[j]) * new + z[j] * h[j];
        }
    memcpy(h, new_h, (size_t)n * sizeof *h);
}

/* y[n][t][h], hn, cn; returns the loss sum(y dy) + sum(hn dhn) + sum(cn dcn) */
static double reference(const struct layer *l, double *const *in, double *y, double *hn, double *cn) {
    double loss = 0;
    for (int64_t b = 0; b < l->n; b++) {
        double h[64], c[64];
        for (int64_t j = 0; j < l->h; j++) h[j] = at(in, H0, b * l->h + j), c[j] = at(in, C0, b * l->h + j);
        int64_t length = l->lengths ? l->lengths[b] : l->t;
        double past[64][64];
        for (int64_t s = 0; s < length; s++) {
            memcpy(past[s], h, sizeof h); /* the state before step s */
            int64_t time = l->flags & REVERSED ? length - 1 - s : s, row = b * l->t + time + (l->flags & IN_FRONT ? l->t - length : 0);
            int64_t at = row % l->t - (l->flags & IN_FRONT ? l->t - length : 0);
            for (int64_t j = 0; l->skip && s > 0 && j < l->h; j++)
                h[j] = l->skip[2 * at] * h[j] + l->skip[2 * at + 1] * past[s - l->lag + 1 > 0 ? s - l->lag + 1 : 0][j];
            reference_step(l, in, in[X] + row * l->i, l->mask ? l->mask + b * l->h : 0, h, c);
            for (int64_t j = 0; j < l->h; j++) {
                if (y) y[row * l->h + j] = h[j];
                if (l->dy) loss += h[j] * l->dy[row * l->h + j];
            }
        }
        for (int64_t j = 0; j < l->h; j++) {
            if (y) hn[b * l->h + j] = h[j], cn[b * l->h + j] = c[j];
            if (l->dhn) loss += h[j] * l->dhn[b * l->h + j];
            if (l->dcn && l->cell == LSTM) loss += c[j] * l->dcn[b * l->h + j];
        }
    }
    return loss;
}

/* ---- the kernels ---- */

struct results {
    float *y, *hn, *cn, *gates, *inputs, *states, *extra, *d[INPUTS];
};

static struct results forward(const struct layer *l, int saves, int packed) {
    int64_t width = gates_of(l->cell) * l->h, rows = l->n * l->t;
    struct results r = {.y = guarded_floats(rows * l->h, anywhere()), .hn = guarded_floats(l->n * l->h, anywhere()),
                        .cn = guarded_floats(l->n * l->h, anywhere())};
    if (saves) {
        r.gates = guarded_floats(rows * width, anywhere());
        r.inputs = guarded_floats(rows * l->i, anywhere());
        r.states = guarded_floats(rows * l->h, anywhere());
        r.extra = guarded_floats(rows * l->h, anywhere());
    }
    float *w = 0, *u = 0;
    if (packed) {
        w = guarded((size_t)fathom_packed_bytes(width, l->i), 0), u = guarded((size_t)fathom_packed_bytes(width, l->h), 0);
        RUN(linear_pack, .w = l->in[W], .packed = w, .n = width, .k = l->i);
        RUN(linear_pack, .w = l->in[U], .packed = u, .n = width, .k = l->h);
    }
    int32_t status = RUN(recurrent, .cell = l->cell, .x = l->in[X], .w = l->in[W], .w_packed = w, .u = l->in[U], .u_packed = u,
                         .b = l->in[B], .bh = l->in[BH], .peep = l->in[PEEP], .h0 = l->in[H0], .c0 = l->in[C0], .lengths = l->lengths,
                         .skip = l->skip, .lag = l->lag, .mask = l->mask, .y = r.y, .hn = r.hn, .cn = r.cn, .gates = r.gates,
                         .inputs = r.inputs, .states = r.states, .extra = r.extra, .n = l->n, .t = l->t, .i = l->i, .h = l->h,
                         .flags = l->flags);
    CHECK(status == FATHOM_OK, "status %d", status);
    return r;
}

static void backward(const struct layer *l, struct results *r, int add) {
    for (int i = 0; i < INPUTS; i++) {
        r->d[i] = l->in[i] ? guarded_floats(l->count[i], anywhere()) : 0;
        for (int64_t j = 0; r->d[i] && add && j < l->count[i]; j++) r->d[i][j] = 1;
    }
    int32_t status = RUN(recurrent_grad, .cell = l->cell, .w = l->in[W], .u = l->in[U], .peep = l->in[PEEP],
                         .lengths = l->lengths, .skip = l->skip, .lag = l->lag, .mask = l->mask, .gates = r->gates, .inputs = r->inputs,
                         .states = r->states, .extra = r->extra, .dy = l->dy, .dhn = l->dhn, .dcn = l->dcn, .dx = r->d[X], .dw = r->d[W],
                         .du = r->d[U], .db = r->d[B], .dbh = r->d[BH], .dpeep = r->d[PEEP], .dh0 = r->d[H0], .dc0 = r->d[C0],
                         .add = add ? 255 : 0, .n = l->n, .t = l->t, .i = l->i, .h = l->h, .flags = l->flags);
    CHECK(status == FATHOM_OK, "status %d", status);
}

static struct layer random_layer(int cell, int flags, int64_t n, int64_t t, int64_t i, int64_t h) {
    struct layer l = {.cell = cell, .flags = flags, .n = n, .t = t, .i = i, .h = h};
    int64_t width = gates_of(cell) * h;
    int64_t count[INPUTS] = {n * t * i, width * i, width * h, width, width, 3 * h, n * h, n * h};
    memcpy(l.count, count, sizeof count);
    int kind = (int)random_below(4); /* all there; no biases; no states; neither */
    for (int which = 0; which < INPUTS; which++) {
        int bias = which == B || which == BH, state = which == H0 || which == C0;
        if ((bias && (kind & 1)) || (state && (kind & 2))) continue;
        if ((which == PEEP && (cell != LSTM || random_below(2))) || (which == C0 && cell != LSTM)) continue;
        l.in[which] = guarded_random(count[which], anywhere(), -1, 1);
    }
    if (random_below(3)) {
        l.lengths = guarded((size_t)n * 4, anywhere());
        for (int64_t b = 0; b < n; b++) l.lengths[b] = (int32_t)(1 + random_below(t));
    }
    if (random_below(3) == 0) {
        l.lag = 1 + random_below(4);
        l.skip = guarded_floats(2 * t, anywhere());
        for (int64_t s = 0; s < t; s++) {
            int64_t drawn = random_below(3); /* (1, 0), (0, 1) or both */
            l.skip[2 * s] = drawn == 0 ? 1 : drawn == 1 ? 0 : 0.5f, l.skip[2 * s + 1] = 1 - l.skip[2 * s];
        }
    }
    if (random_below(3) == 0) {
        l.mask = guarded_floats(n * h, anywhere());
        for (int64_t j = 0; j < n * h; j++) l.mask[j] = random_below(3) ? 1.5f : 0;
    }
    if (random_below(4)) l.dy = guarded_random(n * t * h, anywhere(), -1, 1);
    if (random_below(4)) l.dhn = guarded_random(n * h, anywhere(), -1, 1);
    if (cell == LSTM && random_below(2)) l.dcn = guarded_random(n * h, anywhere(), -1, 1);
    return l;
}

static void free_all(double **x, int count) {
    for (int i = 0; i < count; i++) free(x[i]);
}

/* gradients of about so many elements of each input, or of all where there are fewer */
static void test_layer(struct layer l, int64_t checked) {
    double *in[INPUTS] = {0}, *out[3], *slope[INPUTS] = {0};
    for (int i = 0; i < INPUTS; i++)
        if (l.in[i]) {
            in[i] = malloc((size_t)l.count[i] * sizeof(double)), slope[i] = malloc((size_t)l.count[i] * sizeof(double));
            for (int64_t j = 0; j < l.count[i]; j++) in[i][j] = l.in[i][j];
        }
    int64_t sizes[3] = {l.n * l.t * l.h, l.n * l.h, l.n * l.h};
    for (int i = 0; i < 3; i++) out[i] = calloc((size_t)sizes[i], sizeof(double));
    reference(&l, in, out[0], out[1], out[2]);
    for (int i = 0; i < INPUTS; i++)
        for (int64_t j = 0; in[i] && j < l.count[i]; j++) {
            slope[i][j] = NAN;
            if (random_below(l.count[i]) >= checked) continue;
            double x = in[i][j], step = 1e-7; /* so small that hardly any relu changes its side */
            in[i][j] = x + step;
            double up = reference(&l, in, 0, 0, 0);
            in[i][j] = x - step;
            slope[i][j] = (up - reference(&l, in, 0, 0, 0)) / (2 * step);
            in[i][j] = x;
        }
    int first = guarded_count;
    FOR_EACH_ISA(isa) {
        struct results want = {0};
        FOR_EACH_PARTS(parts) {
            struct results r = forward(&l, 1, parts == 3), plain = forward(&l, 0, parts == 7);
            CHECK_BITS(plain.y, r.y, sizes[0], "without what backward reads, isa %d parts %d", isa, parts);
            CHECK_BITS(plain.hn, r.hn, sizes[1], "without what backward reads, isa %d parts %d", isa, parts);
            for (int add = 0; add < 2; add++) {
                backward(&l, &r, add);
                for (int i = 0; i < INPUTS; i++)
                    for (int64_t j = 0; r.d[i] && j < l.count[i]; j++)
                        if (!isnan(slope[i][j]))
                            CHECK_NEAR(r.d[i][j], slope[i][j] + add, 1e-4 * (1 + fabs(slope[i][j])),
                                       "gradient %d[%ld] cell %d flags %d n %ld t %ld i %ld h %ld isa %d parts %d add %d", i, j, l.cell,
                                       l.flags, l.n, l.t, l.i, l.h, isa, parts, add);
                if (parts == 1 && !add) want = r;
                for (int i = 0; i < INPUTS && !add; i++)
                    if (r.d[i]) CHECK_BITS(r.d[i], want.d[i], l.count[i], "gradient %d cell %d isa %d parts %d", i, l.cell, isa, parts);
            }
            for (int64_t j = 0; j < sizes[0]; j++)
                CHECK_NEAR(r.y[j], out[0][j], 2e-5, "y[%ld] cell %d flags %d n %ld t %ld i %ld h %ld isa %d parts %d", j, l.cell, l.flags,
                           l.n, l.t, l.i, l.h, isa, parts);
            for (int64_t j = 0; j < sizes[1]; j++) {
                CHECK_NEAR(r.hn[j], out[1][j], 2e-5, "hn[%ld] cell %d isa %d", j, l.cell, isa);
                if (l.cell == LSTM) CHECK_NEAR(r.cn[j], out[2][j], 2e-5, "cn[%ld] isa %d", j, isa);
            }
            CHECK_BITS(r.y, want.y, sizes[0], "cell %d isa %d parts %d", l.cell, isa, parts);
        }
        release_guarded_from(first);
    }
    free_all(in, INPUTS), free_all(slope, INPUTS), free_all(out, 3);
    release_guarded();
}

/* as many steps as backward takes in two and a half chunks */
static void test_chunks(int cell, int flags) {
    enum { N = 70, H = 40 };
    struct layer l = random_layer(cell, flags, N, 2240 / (gates_of(cell) * H), 3, H);
    for (int64_t j = 0; j < l.count[U]; j++) l.in[U][j] /= 8; /* or gradients grow from step to step */
    test_layer(l, 2);
}

/* twice as many steps as backward has scratch for: gradients have the same bits for any cut */
static void test_long(int cell, int flags) {
    enum { N = 70, H = 40 };
    struct layer l = random_layer(cell, flags, N, 32000 / (gates_of(cell) * H), 3, H);
    int first = guarded_count;
    FOR_EACH_ISA(isa) {
        struct results want = {0};
        FOR_EACH_PARTS(parts) {
            struct results r = forward(&l, 1, 0);
            backward(&l, &r, 0);
            if (parts == 1) want = r;
            for (int i = 0; i < INPUTS; i++)
                if (r.d[i]) CHECK_BITS(r.d[i], want.d[i], l.count[i], "gradient %d cell %d isa %d parts %d", i, cell, isa, parts);
        }
        release_guarded_from(first);
    }
    release_guarded();
}

/* a sequence alone, cut to its length, has the bits that it has in a padded batch; v3 and v4 agree */
static void test_rows(int cell, int flags) {
    struct layer l = random_layer(cell, flags, 7, 9, 5, 37);
    if (!l.lengths) l.lengths = guarded((size_t)l.n * 4, 0);
    for (int64_t b = 0; b < l.n; b++) l.lengths[b] = (int32_t)(1 + (b * 5) % l.t);
    float *bits = guarded_floats(l.n * l.t * l.h, 0);
    FOR_EACH_ISA(isa) {
        struct results all = forward(&l, 0, 1);
        if (isa == ISA_V3) memcpy(bits, all.y, (size_t)(l.n * l.t * l.h) * 4);
        if (isa == ISA_V4) CHECK_BITS(all.y, bits, l.n * l.t * l.h, "v4 and v3, cell %d", cell);
        for (int64_t b = 0; b < l.n; b++) {
            struct layer one = l;
            one.n = 1, one.t = l.lengths[b], one.lengths = 0;
            int64_t padding = l.t - one.t, from = b * l.t + (flags & IN_FRONT ? padding : 0),
                pad = flags & IN_FRONT ? b * l.t : from + one.t;
            one.in[X] = l.in[X] + from * l.i;
            one.in[H0] = l.in[H0] ? l.in[H0] + b * l.h : 0;
            one.mask = l.mask ? l.mask + b * l.h : 0;
            one.in[C0] = l.in[C0] ? l.in[C0] + b * l.h : 0;
            struct results alone = forward(&one, 0, 0);
            CHECK_BITS(alone.y, all.y + from * l.h, one.t * l.h, "sequence %ld alone, cell %d flags %d isa %d", b, cell, flags, isa);
            CHECK_BITS(alone.hn, all.hn + b * l.h, l.h, "the end of sequence %ld alone, cell %d flags %d isa %d", b, cell, flags, isa);
            for (int64_t j = 0; j < padding * l.h; j++) CHECK(all.y[pad * l.h + j] == 0, "padding of sequence %ld", b);
        }
    }
    release_guarded();
}

/* a gang that shares the units of wide layers leaves the bits that one thread leaves */
static void test_gang(int cell, int flags) {
    struct layer l = random_layer(cell, flags, flags == 0 ? 15 : 1 + random_below(5), 1 + random_below(5), 1 + random_below(150),
                                  200 + random_below(60));
    int64_t rows = l.n * l.t * l.h, states = l.n * l.h, first = guarded_count;
    fathom_set_threads(4);
    FOR_EACH_ISA(isa) {
        struct results one = {0};
        for (int members = 1; members < 5; members++) {
            fathom_force_parts(members);
            int64_t joined = fathom_pool_counter(1);
            struct results r = forward(&l, 1, members % 2), plain = forward(&l, 0, 0);
            backward(&l, &r, 0);
            joined = fathom_pool_counter(1) - joined;
            CHECK(joined >= 3 * (members - 1), "%ld parts of workers, %d members, cell %d isa %d", joined, members, cell, isa);
            if (members == 1) one = r;
            CHECK_BITS(r.y, one.y, rows, "y of %d members, cell %d flags %d isa %d", members, cell, flags, isa);
            CHECK_BITS(plain.y, one.y, rows, "y alone of %d members, cell %d flags %d isa %d", members, cell, flags, isa);
            CHECK_BITS(r.hn, one.hn, states, "hn of %d members, cell %d flags %d isa %d", members, cell, flags, isa);
            if (cell == LSTM) CHECK_BITS(r.cn, one.cn, states, "cn of %d members, flags %d isa %d", members, flags, isa);
            for (int i = 0; i < INPUTS; i++)
                if (r.d[i])
                    CHECK_BITS(r.d[i], one.d[i], l.count[i], "gradient %d of %d members, cell %d flags %d isa %d", i, members, cell, flags,
                               isa);
        }
        fathom_force_parts(0);
        release_guarded_from((int)first);
    }
    fathom_set_threads(1);
    release_guarded();
}

static void test_bad_lengths(void) {
    int32_t lengths[2] = {3, 0};
    float x[64] = {0}, y[64];
    for (int i = 0; i < 2; i++) {
        lengths[1] = i ? 5 : 0;
        int32_t status = RUN(recurrent, .x = x, .w = x, .u = x, .lengths = lengths, .y = y, .n = 2, .t = 4, .i = 2, .h = 3);
        CHECK(status == (i ? FATHOM_BAD_LENGTH : FATHOM_NO_STEPS), "%d", i);
        CHECK(run_words[1] == 1 && run_words[2] == lengths[1] && run_words[3] == 4, "detail of length %d", lengths[1]);
    }
    release_guarded();
}

int main(void) {
    for (int cell = 0; cell < CELLS; cell++)
        for (int flags = 0; flags < 8; flags++) {
            if ((flags & TAKES_NEW) && cell != GRU && cell != GRU_RESET_FIRST) continue;
            test_rows(cell, flags);
            test_gang(cell, flags);
            for (int i = 0; i < 2; i++)
                test_layer(random_layer(cell, flags, 1 + random_below(6), 1 + random_below(5), 1 + random_below(5), 1 + random_below(9)),
                           INT64_MAX);
            test_layer(random_layer(cell, flags, 14, 3, 2, 19), INT64_MAX);
            if (flags >= (SANITIZED ? 1 : IN_FRONT)) continue;
            test_chunks(cell, flags);
            if (!SLOW || cell == LSTM) test_long(cell, flags);
        }
    test_bad_lengths();
    return DONE();
}
