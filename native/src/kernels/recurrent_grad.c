/* Recurrent layers, backward; recurrent.h tells how the rows of a batch lie inside. */
#include "recurrent.h"

/* ---- the cells: a row of h units ---- */

struct row {
    const float *g, *h, *from; /* what forward has left: the gates, and what went into the step */
    const float *dy;           /* or 0 */
    float *dh, *carry;         /* of h' without dy, to be completed; of c' (LSTM), or the part of dh that does not pass through U */
    float *d, *du;             /* of the sums of the gates: as W and as U see them; the same but of a GRU */
};
struct weights {
    const float *peep;
    int64_t h, units, update_takes_new; /* units of h that are computed */
};

INLINE v gate(const struct row *r, const struct weights *w, int which, int64_t i, int64_t m) { return v_get(r->g + which * w->h + i, m); }
INLINE void put(float *d, const struct weights *w, int which, int64_t i, int64_t m, v x) { v_put(d + which * w->h + i, x, m); }
INLINE v total(const struct row *r, int64_t i, int64_t m) {
    v dh = v_get(r->dh + i, m);
    return r->dy ? dh + v_get(r->dy + i, m) : dh;
}
/* y (1 - y) dy and (1 - y^2) dy */
INLINE v through_sigmoid(v y, v dy) { return dy * (y * (1 - y)); }
INLINE v through_tanh(v y, v dy) { return dy * v_fnma(y, y, v_set(1)); }

static void rnn_tanh_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, put(r->d, w, 0, i, m, through_tanh(gate(r, w, 0, i, m), total(r, i, m))););
}
static void rnn_relu_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, put(r->d, w, 0, i, m, v_sel(gate(r, w, 0, i, m) <= 0, v_set(0), total(r, i, m))););
}

INLINE void lstm(const struct row *r, const struct weights *w, const float *peep) {
    EACH_VECTOR(w->units, {
        v in = gate(r, w, 0, i, m), forget = gate(r, w, 1, i, m), new = gate(r, w, 2, i, m), out = gate(r, w, 3, i, m);
        v before = v_get(r->from + i, m), shown = v_tanh(v_fma(forget, before, in * new)), dh = total(r, i, m);
        v dout = through_sigmoid(out, dh * shown), dc = v_get(r->carry + i, m) + through_tanh(shown, dh * out);
        if (peep) dc = v_fma(dout, v_get(peep + 2 * w->h + i, m), dc);
        v din = through_sigmoid(in, dc * new), dforget = through_sigmoid(forget, dc * before), left = dc * forget;
        if (peep) left = v_fma(din, v_get(peep + i, m), v_fma(dforget, v_get(peep + w->h + i, m), left));
        put(r->d, w, 0, i, m, din), put(r->d, w, 1, i, m, dforget);
        put(r->d, w, 2, i, m, through_tanh(new, dc * in)), put(r->d, w, 3, i, m, dout);
        v_put(r->carry + i, left, m);
    });
}
static void lstm_row(const struct row *r, const struct weights *w) {
    if (w->peep) lstm(r, w, w->peep);
    else lstm(r, w, 0);
}

/* dh of the new candidate, of z before its sigmoid and of the state that z lets through */
INLINE void unmix(const struct row *r, const struct weights *w, v dh, v z, v new, int64_t i, int64_t m, v *dnew, v *dz) {
    v h = v_get(r->h + i, m), other = 1 - z;
    *dnew = dh * (w->update_takes_new ? z : other);
    *dz = through_sigmoid(z, dh * (w->update_takes_new ? new - h : h - new));
    v_put(r->carry + i, dh * (w->update_takes_new ? other : z), m);
}
static void gru_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, {
        v reset = gate(r, w, 0, i, m), new = gate(r, w, 2, i, m), dh = total(r, i, m) + v_get(r->carry + i, m), dnew, dz;
        unmix(r, w, dh, gate(r, w, 1, i, m), new, i, m, &dnew, &dz);
        dnew = through_tanh(new, dnew);
        v dreset = through_sigmoid(reset, dnew * v_get(r->from + i, m));
        put(r->d, w, 0, i, m, dreset), put(r->d, w, 1, i, m, dz), put(r->d, w, 2, i, m, dnew);
        put(r->du, w, 0, i, m, dreset), put(r->du, w, 1, i, m, dz), put(r->du, w, 2, i, m, dnew * reset);
    });
}
/* r follows in reset_row, when the gradient of r * h is known */
static void gru_reset_first_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, {
        v new = gate(r, w, 2, i, m), dh = total(r, i, m) + v_get(r->carry + i, m), dnew, dz;
        unmix(r, w, dh, gate(r, w, 1, i, m), new, i, m, &dnew, &dz);
        put(r->d, w, 1, i, m, dz), put(r->du, w, 1, i, m, dz), put(r->d, w, 2, i, m, through_tanh(new, dnew));
    });
}
static void reset_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, {
        v reset = gate(r, w, 0, i, m), drh = v_get(r->dh + i, m);
        v dreset = through_sigmoid(reset, drh * v_get(r->h + i, m));
        put(r->d, w, 0, i, m, dreset), put(r->du, w, 0, i, m, dreset);
        v_put(r->carry + i, v_fma(drh, reset, v_get(r->carry + i, m)), m);
    });
}

static void ugrnn_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, {
        v u = gate(r, w, 0, i, m), new = gate(r, w, 1, i, m), dh = total(r, i, m) + v_get(r->carry + i, m);
        put(r->d, w, 0, i, m, through_sigmoid(u, dh * (v_get(r->h + i, m) - new)));
        put(r->d, w, 1, i, m, through_tanh(new, dh * (1 - u)));
        v_put(r->carry + i, dh * u, m);
    });
}

static void (*const cell_rows[])(const struct row *, const struct weights *) = {
    [CELL_RNN_TANH] = rnn_tanh_row, [CELL_RNN_RELU] = rnn_relu_row, [CELL_LSTM] = lstm_row,
    [CELL_GRU] = gru_row, [CELL_GRU_RESET_FIRST] = gru_reset_first_row, [CELL_UGRNN] = ugrnn_row};

/* ---- from the last step to the first ---- */

/*
 * Steps whose gradients lie in scratch at a time: those of the cells, then their share of the sums over all rows. The sums take them by few
 * steps, which the shape alone decides, as each chunk goes on where the later one has left the chains. One thread does both while these few
 * are in L2; several would wait for each other, and read what the others have in their L2, so that they take many at once.
 */
struct chunk {
    int64_t from, to, low; /* steps, and the time of the first of its rows */
    int64_t row, rows;
};
enum { FEW_FLOATS = 1 << 16, FEW_ROWS = 128, MANY_FLOATS = 7 << 17 }; /* of d, and the rows that few steps have at least */

/* sums[left_columns][columns] = left^T right over all rows: a weight gradient, transposed */
struct outer_sum {
    const float *left, *right;
    int64_t ld, width, columns; /* floats from a row of left to the next, columns of left that exist, and of right */
    int64_t right_ld, kept;     /* kept: left has all rows, not those of a chunk */
    float *sums;
};
enum { SUMS = 5, ADD_DX = 1, ADD_DW = 2, ADD_DU = 4, ADD_DB = 8, ADD_DBH = 16, ADD_DPEEP = 32, ADD_DH0 = 64, ADD_DC0 = 128 };

struct backward {
    const struct recurrent_grad_args *a;
    struct steps steps;
    int64_t few, many; /* steps of a chunk */
    struct chunk now;
    int64_t gates, through; /* columns of du, in gates: those by which the state goes in */
    int64_t ld, ldu;        /* floats from a row of d and of du to the next */
    const float *w, *u, *candidate;     /* packed rows of W and U, and those of a candidate that sees r h */
    float *d, *du, *dnew;               /* of a chunk; dnew: dense copies of the gradient of such a candidate */
    float *dh, *carry, *dx;             /* of each sequence, at the step */
    float *masked;                      /* of a chunk: the states as U saw them, or 0: as they are */
    float *skipped;                     /* of what the state gives to a step `lag` steps later, in the row of that; or 0 */
    struct outer_sum sums[SUMS];
    int64_t sum_count;
    float *peepholes;                   /* sums[3][h] */
};

/* the chunk of at most so many steps before step `to` */
static struct chunk chunk_before(const struct backward *f, int64_t to, int64_t steps) {
    const struct steps *s = &f->steps;
    int64_t from = most(to - steps, 0), low = s->reverse ? step_time(s, to - 1) : from, row = s->offset[low];
    return (struct chunk){from, to, low, row, s->offset[low + to - from] - row};
}
/* Have the chunks behind this one left sums? */
static int64_t goes_on(const struct backward *f, const struct chunk *c) {
    return f->steps.reverse ? c->row > 0 : c->row + c->rows < f->steps.rows;
}

static const float *row_or_none(const float *x, int64_t row, int64_t h) { return x ? x + row * h : 0; }

static void begin_row(const float *from, float *to, const struct share *share) {
    size_t bytes = (size_t)(share->to - share->from) * sizeof *to;
    if (from) memcpy(to + share->from, from + share->from, bytes);
    else memset(to + share->from, 0, bytes);
}

/* the gradient of what U saw of the states of sequences b0 .. b1 becomes that of the states */
static void unmask(const struct backward *f, const struct share *share, int64_t b0, int64_t b1) {
    const struct recurrent_grad_args *a = f->a;
    for (int64_t b = b0; a->mask && b < b1; b++) {
        float *dh = f->dh + b * a->h + share->from;
        mask_row(dh, a->mask + f->steps.order[b] * a->h + share->from, dh, share->to - share->from);
    }
}

/* dh of sequences b0 .. b1 of a step, whose rows of du begin at `row` */
static void multiply_back(const struct backward *f, const struct share *share, int64_t row, int64_t b0, int64_t b1) {
    int64_t h = f->a->h, depth = f->through * h;
    if (b0 == b1) return;
    multiply_rows(share, f->du + (row + b0) * f->ldu, f->ldu, f->u, f->dh + b0 * h, h, b1 - b0, h, depth, 0);
    unmask(f, share, b0, b1);
}

static void give_inputs(const struct backward *f, const struct share *share, int64_t row, int64_t time, int64_t soon, int64_t b0,
                        int64_t b1) {
    const struct recurrent_grad_args *a = f->a;
    int64_t depth = f->gates * a->h, from, to;
    share_columns(share, a->i, &from, &to);
    multiply_rows(share, f->d + (row + b0) * f->ld, f->ld, f->w, f->dx + b0 * a->i, a->i, b1 - b0, a->i, depth, 0);
    for (int64_t b = b0; b < b1; b++) {
        float *dx = a->dx + row_of(&f->steps, b, time) * a->i + from, *sum = f->dx + b * a->i + from;
        ask_for(a->dx + row_of(&f->steps, b, soon) * a->i + from, to - from, 1);
        EACH_VECTOR(to - from, give(dx + i, v_get(sum + i, m), a->add & ADD_DX, m););
    }
}

/* the gradient of the state that goes into a step, all of it, becomes that of the state before; what skips steps is kept for later */
static void unmix_states(const struct backward *f, const struct share *share, int64_t time, int64_t b0, int64_t b1) {
    const struct recurrent_grad_args *a = f->a;
    int64_t h = a->h, row = f->steps.offset[time], u0 = share->from;
    v before = v_set(a->skip[2 * time]), skipping = v_set(a->skip[2 * time + 1]);
    for (int64_t b = b0; b < b1; b++) {
        float *dh = f->dh + b * h + u0, *carry = f->carry + b * h + u0, *skipped = f->skipped + (row + b) * h + u0;
        EACH_VECTOR(share->to - u0, {
            v all = v_get(dh + i, m);
            if (a->cell != CELL_LSTM) {
                all = all + v_get(carry + i, m);
                v_put(carry + i, v_set(0), m);
            }
            v_put(dh + i, all * before, m);
            v_put(skipped + i, all * skipping, m);
        });
    }
}

/* dh += what skipped from the state of this time, or from the initial one (time -1), to the step of time `to` */
static void add_skipped(const struct backward *f, const struct share *share, int64_t b, int64_t time, int64_t to) {
    int64_t h = f->a->h;
    if (to < 0 || to >= f->steps.t || b >= f->steps.active[to] || lagged_time(&f->steps, b, to, f->a->lag) != time) return;
    const float *skipped = f->skipped + (f->steps.offset[to] + b) * h + share->from;
    float *dh = f->dh + b * h + share->from;
    EACH_VECTOR(share->to - share->from, v_put(dh + i, v_get(dh + i, m) + v_get(skipped + i, m), m););
}

/* the gradients of the initial states of sequences b0 .. b1, whose first step is that of `time` */
static void end_rows(const struct backward *f, const struct share *share, int64_t time, int64_t b0, int64_t b1) {
    const struct recurrent_grad_args *a = f->a;
    int64_t h = a->h, u0 = share->from;
    if (b0 >= b1 || (!a->dh0 && !a->dc0)) return;
    for (int64_t b = b0; b < b1; b++) {
        for (int64_t later = 1; a->skip && later < a->lag && later < f->steps.t; later++)
            add_skipped(f, share, b, -1, f->steps.reverse ? time - later : time + later);
        int64_t of = f->steps.order[b] * h + u0;
        float *dh0 = a->dh0 ? a->dh0 + of : 0, *dc0 = a->dc0 ? a->dc0 + of : 0;
        EACH_VECTOR(share->to - u0, {
            v dh = v_get(f->dh + b * h + u0 + i, m), carry = v_get(f->carry + b * h + u0 + i, m);
            if (dh0) give(dh0 + i, a->cell == CELL_LSTM ? dh : dh + carry, a->add & ADD_DH0, m);
            if (dc0) give(dc0 + i, carry, a->add & ADD_DC0, m);
        });
    }
}

static void backward_step(const struct backward *f, const struct share *share, int64_t step, int64_t b0, int64_t b1) {
    const struct recurrent_grad_args *a = f->a;
    const struct steps *s = &f->steps;
    int64_t h = a->h, ld = f->gates * h, time = step_time(s, step), last = step + 1 == s->t, at = s->offset[time], row = at - f->now.row;
    int64_t staying = last ? b0 : clamp(active_behind(s, time), b0, b1);
    int64_t soon = step_time(s, most(step - 1, 0)), u0 = share->from, units = share->to - u0;
    struct weights weights = {a->peep ? a->peep + u0 : 0, h, units, a->flags & UPDATE_TAKES_NEW};
    if (a->skip) unmix_states(f, share, step_time(s, least(step + 1, s->t - 1)), b0, staying);
    for (int64_t b = staying; b < b1; b++) {
        begin_row(row_or_none(a->dhn, s->order[b], h), f->dh + b * h, share);
        begin_row(a->cell == CELL_LSTM ? row_or_none(a->dcn, s->order[b], h) : 0, f->carry + b * h, share);
    }
    for (int64_t b = b0; a->skip && b < staying; b++) add_skipped(f, share, b, time, s->reverse ? time - a->lag : time + a->lag);
    for (int64_t b = b0; b < b1; b++) {
        struct row r = {.g = a->gates + (at + b) * ld + u0, .h = a->states + (at + b) * h + u0, .dh = f->dh + b * h + u0,
                        .from = a->extra ? a->extra + (at + b) * h + u0 : 0, .dy = a->dy ? a->dy + row_of(s, b, time) * h + u0 : 0,
                        .carry = f->carry + b * h + u0, .d = f->d + (row + b) * f->ld + u0, .du = f->du + (row + b) * f->ldu + u0};
        if (r.dy) ask_for(a->dy + row_of(s, b, soon) * h + u0, units, 0);
        cell_rows[a->cell](&r, &weights);
        if (f->masked) mask_row(r.h, a->mask + s->order[b] * h + u0, f->masked + (row + b) * h + u0, units);
        if (a->cell == CELL_GRU_RESET_FIRST) memcpy(f->dnew + (row + b) * h + u0, r.d + 2 * h, (size_t)units * sizeof(float));
    }
    if (a->cell == CELL_GRU_RESET_FIRST) {
        meet(share);
        multiply_rows(share, f->dnew + (row + b0) * h, h, f->candidate, f->dh + b0 * h, h, b1 - b0, h, h, 0);
        unmask(f, share, b0, b1);
        for (int64_t b = b0; b < b1; b++)
            reset_row(&(struct row){.g = a->gates + (at + b) * ld + u0, .h = a->states + (at + b) * h + u0, .dh = f->dh + b * h + u0,
                                    .carry = f->carry + b * h + u0, .d = f->d + (row + b) * f->ld + u0,
                                    .du = f->du + (row + b) * f->ldu + u0},
                      &weights);
    }
    meet(share);
    if (a->dx) give_inputs(f, share, row, time, soon, b0, b1);
    int64_t going = clamp(active_before(s, time), b0, b1);
    multiply_back(f, share, row, b0, a->dh0 ? b1 : going);
    end_rows(f, share, time, going, b1);
}

/* the steps of a chunk */
static void backward_steps(const struct backward *f, const struct share *share, int64_t b0, int64_t b1) {
    const struct steps *s = &f->steps;
    int64_t from, to;
    share_columns(share, f->a->i, &from, &to);
    for (int64_t step = f->now.to - 1; step >= f->now.from; step--) {
        int64_t time = step_time(s, step), active = clamp(s->active[time], b0, b1);
        if (active > b0) backward_step(f, share, step, b0, active);
        if (f->a->dx && !(f->a->add & ADD_DX))
            for (int64_t b = active; b < b1; b++)
                memset(f->a->dx + row_of(s, b, time) * f->a->i + from, 0, (size_t)(to - from) * sizeof(float));
    }
}

/* ---- the gradients of the weights ---- */

/* Rows that pass over all tiles of a part while they stay in L2. */
enum { SUM_ROWS = 128 };

static int64_t sum_tiles(const struct outer_sum *o) { return row_tiles(o->width, o->columns) * panel_count(o->columns); }

/* over `depth` rows of the chunk from row `from` on */
static void sum_tile(const struct backward *f, const struct chunk *c, const struct outer_sum *o, int64_t tile, int64_t from,
                     int64_t depth) {
    int64_t count = row_tiles(o->width, o->columns), p = tile / count, t = tile % count;
    int64_t i = o->width * t / count, height = o->width * (t + 1) / count - i, j = panel_start(o->columns, p);
    int64_t width = panel_start(o->columns, p + 1) - j, columns = least(o->columns - j, width);
    struct sweep s = {.outer = 1, .inner = 1, .depth = depth, .lda = o->ld, .ldb = o->right_ld, .ldc = o->columns,
                      .add = from > 0 || goes_on(f, c), .last = last_lanes(columns - (width - VL))};
    int64_t row = c->row + from, here = row - f->now.row;
    turned_tiles[width / VL][height](&s, o->left + (o->kept ? row : here) * o->ld + i, o->right + here * o->right_ld + j,
                                     o->sums + i * o->columns + j);
}

/* the peepholes of units from .. to, of i, f and o, by the chain of all rows */
static void sum_peepholes(const struct backward *f, const struct chunk *c, int64_t from, int64_t to) {
    const struct recurrent_grad_args *a = f->a;
    int64_t h = a->h;
    float *sums = f->peepholes + from;
    EACH_VECTOR(to - from, {
        int64_t add = goes_on(f, c);
        v zero = v_set(0), in = plus(zero, sums + i, m, add), forget = plus(zero, sums + h + i, m, add),
            out = plus(zero, sums + 2 * h + i, m, add);
        for (int64_t row = c->row; row < c->row + c->rows; row++) {
            const float *g = a->gates + 4 * row * h + from + i, *d = f->d + (row - f->now.row) * f->ld + from + i;
            v before = v_get(a->extra + row * h + from + i, m);
            v now = v_fma(v_get(g + h, m), before, v_get(g, m) * v_get(g + 2 * h, m));
            in = v_fma(v_get(d, m), before, in), forget = v_fma(v_get(d + h, m), before, forget);
            out = v_fma(v_get(d + 3 * h, m), now, out);
        }
        v_put(sums + i, in, m), v_put(sums + h + i, forget, m), v_put(sums + 2 * h + i, out, m);
    });
}

static int64_t all_tiles(const struct backward *f) {
    int64_t total = 0;
    for (int i = 0; i < SUMS; i++) total += sum_tiles(f->sums + i);
    return total;
}

static void sum_chunk(const struct backward *f, const struct chunk *c, int64_t part, int64_t parts) {
    int64_t from, to;
    fathom_range(all_tiles(f), 1, part, parts, &from, &to);
    for (int64_t row = 0; row < c->rows; row += SUM_ROWS)
        for (int64_t i = 0, first = 0; i < SUMS; first += sum_tiles(f->sums + i++))
            for (int64_t tile = most(from - first, 0); tile < least(to - first, sum_tiles(f->sums + i)); tile++)
                sum_tile(f, c, f->sums + i, tile, row, least(SUM_ROWS, c->rows - row));
    if (!f->peepholes) return;
    fathom_range(f->a->h, VL, part, parts, &from, &to);
    sum_peepholes(f, c, from, to);
}

/* of the chunk in scratch, few steps at a time */
static void sums_part(void *context, int64_t part, int64_t parts) {
    const struct backward *f = context;
    struct chunk c;
    for (int64_t to = f->now.to; to > f->now.from; to = c.from) {
        c = chunk_before(f, to, least(f->few, to - f->now.from));
        sum_chunk(f, &c, part, parts);
    }
}

/* dw[columns][width] (+)= sums^T: the rows of a part */
static void give_transposed(const struct outer_sum *o, float *dw, int64_t ld, int64_t add, int64_t part, int64_t parts) {
    enum { BLOCK = 64 };
    float block[BLOCK * BLOCK];
    int64_t from, to;
    fathom_range(o->columns, VL, part, parts, &from, &to);
    for (int64_t j0 = from; dw && j0 < to; j0 += BLOCK)
        for (int64_t i0 = 0; i0 < o->width; i0 += BLOCK) {
            int64_t width = least(o->width - i0, BLOCK), rows = least(to - j0, BLOCK);
            transpose(o->sums + i0 * o->columns + j0, o->columns, width, rows, block, BLOCK, 1);
            for (int64_t j = 0; j < rows; j++)
                EACH_VECTOR(width, give(dw + (j0 + j) * ld + i0 + i, v_get(block + j * BLOCK + i, m), add, m););
        }
}

static void give_part(void *context, int64_t part, int64_t parts) {
    const struct backward *f = context;
    const struct recurrent_grad_args *a = f->a;
    int64_t h = a->h, from, to;
    give_transposed(f->sums, a->dw, a->i, a->add & ADD_DW, part, parts);
    give_transposed(f->sums + 1, a->db, 1, a->add & ADD_DB, part, parts);
    give_transposed(f->sums + 2, a->du, h, a->add & ADD_DU, part, parts);
    give_transposed(f->sums + (a->cell == CELL_GRU ? 3 : 1), a->dbh, 1, a->add & ADD_DBH, part, parts);
    if (f->candidate) give_transposed(f->sums + 4, a->du ? a->du + 2 * h * h : 0, h, a->add & ADD_DU, part, parts);
    if (!a->dpeep) return;
    fathom_range(3 * h, VL, part, parts, &from, &to);
    EACH_VECTOR(to - from, give(a->dpeep + from + i, v_get(f->peepholes + from + i, m), a->add & ADD_DPEEP, m););
}

/* ---- the parts of a chunk ---- */

static void backward_part(void *context, int64_t part, int64_t parts) {
    const struct backward *f = context;
    struct share all = share_of(0, 0, 1, f->a->h);
    int64_t b0, b1;
    part_sequences(&f->steps, f->now.low, f->now.low + f->now.to - f->now.from, part, parts, &b0, &b1);
    backward_steps(f, &all, b0, b1);
}

/* all chunks */
static void backward_member(void *context, int64_t member, int64_t members, struct gang *gang) {
    struct backward f = *(const struct backward *)context;
    struct share share = share_of(gang, member, members, f.a->h);
    for (int64_t to = f.steps.t; to > 0; to = f.now.from) {
        f.now = chunk_before(&f, to, f.many);
        backward_steps(&f, &share, 0, f.a->n);
        sums_part(&f, member, members);
        meet(&share);
    }
}

/* ---- the kernel ---- */

/* the next sum, of no columns where nobody wants it */
static void add_sum(struct backward *f, struct room *r, const float *left, int64_t ld, int64_t width, const float *right,
                    int64_t right_ld, int64_t columns, int wanted) {
    width = wanted ? width : 0;
    float *sums = take(r, PRODUCT(width, columns));
    f->sums[f->sum_count++] = (struct outer_sum){left, right, ld, width, columns, right_ld, left != f->masked, sums};
}

static int64_t backward_room(const struct recurrent_grad_args *a, float *at, struct backward *f, float **tables) {
    static const float one = 1;
    struct room r = {at, 0};
    int64_t h = a->h, first = a->cell == CELL_GRU_RESET_FIRST, apart = a->cell == CELL_GRU;
    *f = (struct backward){.a = a, .gates = cell_gates(a->cell), .through = first ? 2 : cell_gates(a->cell)};
    int64_t columns = PRODUCT(f->gates, h), through = PRODUCT(f->through, h);
    f->ld = unaliased(columns), f->ldu = unaliased(through);
    int64_t step = most(PRODUCT(a->n, columns), 1);
    f->few = clamp(FEW_FLOATS / step, ceil_div(FEW_ROWS, most(a->n, 1)), most(a->t, 1));
    f->many = least(most(MANY_FLOATS / PRODUCT(step, f->few), 1) * f->few, most(a->t, 1));
    int64_t some = PRODUCT(a->n, f->many);
    *tables = take(&r, steps_floats(a->n, a->t));
    f->w = a->dx ? take(&r, packed_floats(a->i, columns)) : 0;
    f->u = take(&r, packed_floats(h, through));
    f->candidate = first ? take(&r, packed_floats(h, h)) : 0;
    f->dh = take(&r, PRODUCT(a->n, h));
    f->carry = take(&r, PRODUCT(a->n, h));
    f->dx = take(&r, PRODUCT(a->n, a->i));
    f->d = take(&r, PRODUCT(some, f->ld));
    f->du = first || apart ? take(&r, PRODUCT(some, f->ldu)) : f->d;
    f->skipped = a->skip ? take(&r, PRODUCT(a->n, a->t, h)) : 0;
    f->masked = a->mask && a->du ? take(&r, PRODUCT(some, h)) : 0;
    f->dnew = first ? take(&r, PRODUCT(some, h)) : 0;
    f->peepholes = a->dpeep ? take(&r, PRODUCT(3, h)) : 0;
    add_sum(f, &r, a->inputs, a->i, a->i, f->d, f->ld, columns, a->dw != 0);
    add_sum(f, &r, &one, 0, 1, f->d, f->ld, columns, a->db || (a->dbh && !apart));
    add_sum(f, &r, f->masked ? f->masked : a->states, h, h, f->du, f->ldu, through, a->du != 0);
    add_sum(f, &r, &one, 0, 1, f->du, f->ldu, through, a->dbh && apart);
    add_sum(f, &r, a->extra, h, h, f->dnew, h, h, a->du && first);
    return SUM(r.floats, 16);
}

static int64_t recurrent_grad_scratch(const struct recurrent_grad_args *a) {
    struct backward f;
    float *tables;
    return backward_room(a, 0, &f, &tables);
}

/* w[depth][n] as the right side of a product: a part's share */
static void pack_rows(const float *w, int64_t n, int64_t depth, const float *to, int64_t part, int64_t parts) {
    struct right_side right = {w, n, n, 0};
    int64_t chunks = ceil_div(depth, PACK_ROWS), unit, end;
    fathom_range(panel_count(n) * chunks, 1, part, parts, &unit, &end);
    for (; unit < end; unit++) {
        int64_t p = unit / chunks, k = unit % chunks * PACK_ROWS, j = panel_start(n, p), width = panel_start(n, p + 1) - j;
        pack_panel(&right, p, k, least(k + PACK_ROWS, depth), (float *)to + j * depth + k * width);
    }
}

static void pack_part(void *context, int64_t part, int64_t parts) {
    const struct backward *f = context;
    const struct recurrent_grad_args *a = f->a;
    int64_t h = a->h;
    if (a->dx) pack_rows(a->w, a->i, f->gates * h, f->w, part, parts);
    pack_rows(a->u, h, f->through * h, f->u, part, parts);
    if (f->candidate) pack_rows(a->u + 2 * h * h, h, h, f->candidate, part, parts);
}

/* where there are no rows */
static void clear_sums(const struct backward *f) {
    for (const struct outer_sum *o = f->sums; o < f->sums + SUMS; o++) memset(o->sums, 0, (size_t)(o->width * o->columns) * sizeof(float));
    if (f->peepholes) memset(f->peepholes, 0, (size_t)(3 * f->a->h) * sizeof(float));
}

/* products: those of the sums alone take so many of the nanos */
static void run_chunks(struct backward *f, double nanos, double products) {
    for (int64_t to = f->steps.t; to > 0 && f->steps.rows > 0; to = f->now.from) {
        f->now = chunk_before(f, to, f->many);
        double share = (double)f->now.rows / (double)f->steps.rows;
        int64_t parts = fathom_team(nanos * share, f->a->n), tiles = most(all_tiles(f), 1);
        if (parts == 1) f->now = chunk_before(f, to, f->few);
        fathom_parallel(backward_part, f, parts);
        if (all_tiles(f) || f->peepholes) fathom_parallel(sums_part, f, parts == 1 ? 1 : fathom_parts(products * share, tiles));
    }
}

static int32_t k_recurrent_grad(const struct recurrent_grad_args *a, int64_t *detail) {
    struct backward f;
    float *tables;
    backward_room(a, aligned_scratch(a->scratch), &f, &tables);
    int32_t status = make_steps(&f.steps, tables, a->lengths, a->n, a->t, a->flags, detail);
    if (status) return status;
    int64_t h = a->h, rows = f.steps.rows, width = f.gates * h;
    int64_t weights = width * (h + a->i), cuts = ceil_div(width, PACK_ROWS);
    fathom_parallel(pack_part, &f, fathom_parts((double)weights * MEMORY_NANOS, cuts));
    double products = (double)(rows * width) * (double)(h + a->i) / (4 * VL);
    double nanos = products + (double)(rows * width);
    if (units_are_shared(a->n, f.gates, h)) fathom_gang(backward_member, &f, nanos, panel_count(h));
    else run_chunks(&f, nanos, products);
    if (!rows) clear_sums(&f);
    fathom_parallel(give_part, &f, fathom_parts((double)weights * FUNCTION_NANOS, cuts));
    return FATHOM_OK;
}

EXPORT(recurrent_grad)
EXPORT_SCRATCH(recurrent_grad, recurrent_grad_scratch)
