/* Recurrent layers, forward; recurrent.h tells how the rows of a batch lie inside. */
#include "recurrent.h"

/* ---- the order of the steps ---- */

int32_t make_steps(struct steps *s, float *at, const int32_t *lengths, int64_t n, int64_t t, int64_t flags, int64_t *detail) {
    int32_t *order = (int32_t *)at, *shift = order + padded(n), *found = shift + padded(n), *active = found + padded(n);
    int32_t *next = active + padded(t + 1);
    int64_t *offset = (int64_t *)(next + padded(t + 1));
    memset(active, 0, (size_t)(t + 1) * sizeof *active);
    for (int64_t b = 0; b < n; b++) {
        int64_t length = lengths ? index_read(lengths, b) : t;
        found[b] = (int32_t)length;
        if (length < 1 || length > t) {
            detail[0] = b, detail[1] = length, detail[2] = t;
            return length ? FATHOM_BAD_LENGTH : FATHOM_NO_STEPS;
        }
        active[length - 1]++;
    }
    for (int64_t time = t - 1; time-- > 0;) active[time] += active[time + 1];
    offset[0] = 0;
    for (int64_t time = 0; time < t; time++) {
        offset[time + 1] = offset[time] + active[time];
        next[time] = active[time + 1]; /* where those of this length begin; equal ones stay in their order */
    }
    for (int64_t b = 0; b < n; b++) {
        int32_t length = found[b], place = next[length - 1]++;
        order[place] = (int32_t)b;
        shift[place] = flags & FRONT ? (int32_t)t - length : 0;
    }
    *s = (struct steps){n, t, offset[t], flags & REVERSE, order, active, shift, offset};
    return FATHOM_OK;
}

void part_sequences(const struct steps *s, int64_t t0, int64_t t1, int64_t part, int64_t parts, int64_t *from, int64_t *to) {
    /* sequence b has a step at each time with more than b active, so a walk down the times meets them in order of length */
    int64_t rows = s->offset[t1] - s->offset[t0], low = rows * part / parts, high = rows * (part + 1) / parts, sum = 0, b = 0;
    *from = part ? s->n : 0, *to = s->n;
    for (int64_t time = t1 - 1; time >= t0; time--)
        for (; b < s->active[time]; b++, sum += time - t0 + 1) {
            if (sum >= low && *from == s->n) *from = b;
            if (sum >= high && *to == s->n) *to = b;
        }
    if (*to < *from) *to = *from;
}

/* ---- the cells: a row of h units ---- */

struct row {
    float *g;              /* the sums of each gate, then the gate */
    const float *h, *from; /* what goes in: the hidden state; the cell state (LSTM) or the sums of the states alone (GRU) */
    float *y, *next;       /* what comes out: the hidden state, as result and for the next step; */
    float *to;             /* the cell state, or what backward reads */
};
struct weights {
    const float *bias, *peep; /* [5][h], [3][h] or 0 */
    int64_t h, units, update_takes_new; /* units of h that are computed */
};

INLINE v gate(const struct row *r, const struct weights *w, int which, int64_t i, int64_t m) {
    return v_get(r->g + which * w->h + i, m) + v_get(w->bias + which * w->h + i, m);
}
INLINE void keep(const struct row *r, const struct weights *w, int which, int64_t i, int64_t m, v x) {
    v_put(r->g + which * w->h + i, x, m);
}
INLINE void show(const struct row *r, int64_t i, int64_t m, v h) { v_put(r->y + i, h, m), v_put(r->next + i, h, m); }

/* A sigmoid without the care that v_sigmoid takes of its left tail: below -87 it stays at 1e-38, which moves no state. */
INLINE v opened(v x) { return 1 / (1 + v_exp_near(v_max(v_set(-87), v_min(v_set(88), x)), -1, 0)); }

static void rnn_tanh_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, {
        v h = v_tanh(gate(r, w, 0, i, m));
        keep(r, w, 0, i, m, h);
        show(r, i, m, h);
    });
}
static void rnn_relu_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, {
        v x = gate(r, w, 0, i, m), h = v_relu(x);
        keep(r, w, 0, i, m, h);
        show(r, i, m, h);
    });
}

/* i, f, g, o: c' = f c + i g, h' = o tanh c'; with peepholes i and f see c, o sees c' */
INLINE void lstm(const struct row *r, const struct weights *w, const float *peep) {
    EACH_VECTOR(w->units, {
        v c = v_get(r->from + i, m), in = gate(r, w, 0, i, m), forget = gate(r, w, 1, i, m), out = gate(r, w, 3, i, m);
        if (peep) in = v_fma(v_get(peep + i, m), c, in), forget = v_fma(v_get(peep + w->h + i, m), c, forget);
        in = opened(in), forget = opened(forget);
        v new = v_tanh(gate(r, w, 2, i, m));
        c = v_fma(forget, c, in * new);
        if (peep) out = v_fma(v_get(peep + 2 * w->h + i, m), c, out);
        out = opened(out);
        keep(r, w, 0, i, m, in), keep(r, w, 1, i, m, forget), keep(r, w, 2, i, m, new), keep(r, w, 3, i, m, out);
        v_put(r->to + i, c, m);
        show(r, i, m, out * v_tanh(c));
    });
}
static void lstm_row(const struct row *r, const struct weights *w) {
    if (w->peep) lstm(r, w, w->peep);
    else lstm(r, w, 0);
}

/* r, z, n: h' = z h + (1 - z) n, or with z and 1 - z exchanged */
INLINE v mixed(const struct weights *w, v z, v h, v new) {
    return w->update_takes_new ? v_fma(z, new - h, h) : v_fma(z, h - new, new);
}
static void gru_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, {
        v reset = opened(gate(r, w, 0, i, m) + v_get(r->from + i, m)), z = opened(gate(r, w, 1, i, m) + v_get(r->from + w->h + i, m));
        v sum = v_get(r->from + 2 * w->h + i, m) + v_get(w->bias + 3 * w->h + i, m);
        v new = v_tanh(v_fma(reset, sum, gate(r, w, 2, i, m)));
        keep(r, w, 0, i, m, reset), keep(r, w, 1, i, m, z), keep(r, w, 2, i, m, new);
        v_put(r->to + i, sum, m);
        show(r, i, m, mixed(w, z, v_get(r->h + i, m), new));
    });
}
/* to = r h, by which the candidate sees the state */
static void reset_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, {
        v reset = opened(gate(r, w, 0, i, m)), z = opened(gate(r, w, 1, i, m));
        keep(r, w, 0, i, m, reset), keep(r, w, 1, i, m, z);
        v_put(r->to + i, reset * v_get(r->h + i, m), m);
    });
}
static void gru_reset_first_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, {
        v new = v_tanh(gate(r, w, 2, i, m));
        keep(r, w, 2, i, m, new);
        show(r, i, m, mixed(w, v_get(r->g + w->h + i, m), v_get(r->h + i, m), new));
    });
}

/* u, c: h' = u h + (1 - u) c */
static void ugrnn_row(const struct row *r, const struct weights *w) {
    EACH_VECTOR(w->units, {
        v u = opened(gate(r, w, 0, i, m)), new = v_tanh(gate(r, w, 1, i, m)), h = v_get(r->h + i, m);
        keep(r, w, 0, i, m, u), keep(r, w, 1, i, m, new);
        show(r, i, m, v_fma(u, h - new, new));
    });
}

static void (*const cell_rows[])(const struct row *, const struct weights *) = {
    [CELL_RNN_TANH] = rnn_tanh_row, [CELL_RNN_RELU] = rnn_relu_row, [CELL_LSTM] = lstm_row,
    [CELL_GRU] = gru_row, [CELL_GRU_RESET_FIRST] = gru_reset_first_row, [CELL_UGRNN] = ugrnn_row};

/* ---- a layer ---- */

struct forward {
    const struct recurrent_args *a;
    struct steps steps;
    struct weights weights;
    const float *w, *u, *candidate;                      /* packed; U's rows of a candidate that sees r h */
    float *inputs, *gates, *states, *extra, *sums, *bias; /* sums[n][3 h] of a GRU's states */
    float *masked;  /* [n][h]: the states of a step as U sees them, or 0: as they are */
    int saved; /* inputs, states and extra hold all rows; else two steps of them */
};

/* the place among inputs, states or extra of the first sequence at the time of a step */
static inline int64_t step_row(const struct forward *f, int64_t step, int64_t time) {
    return f->saved ? f->steps.offset[time] : step % 2 * f->steps.n;
}

/*
 * that place among the gates, of which there is one step where nothing is saved, but of one sequence all: their inputs are summed at once
 */
static inline int64_t gate_row(const struct forward *f, int64_t time) { return f->a->gates || f->a->n == 1 ? f->steps.offset[time] : 0; }

/* sequences b0 .. b1 of a step begin with the initial state, or with zeros */
static void begin_rows(const float *initial, const struct steps *s, const struct share *share, int64_t b0, int64_t b1, float *to,
                       int64_t h) {
    size_t bytes = (size_t)(share->to - share->from) * sizeof *to;
    to += share->from;
    for (int64_t b = b0; b < b1; b++, to += h)
        if (initial) memcpy(to, initial + s->order[b] * h + share->from, bytes);
        else memset(to, 0, bytes);
}

/* what goes into a step where connections skip steps: a share of the state before, and one of that `lag` steps before */
static void mix_states(const struct forward *f, const struct share *share, int64_t time, int64_t b0, int64_t b1, float *states) {
    const struct recurrent_args *a = f->a;
    int64_t h = a->h;
    states += share->from;
    v before = v_set(a->skip[2 * time]), skipping = v_set(a->skip[2 * time + 1]);
    for (int64_t b = b0; b < b1; b++, states += h) {
        int64_t from = lagged_time(&f->steps, b, time, a->lag);
        const float *initial = a->h0 ? a->h0 + f->steps.order[b] * h : 0;
        const float *past = from < 0 ? initial : a->y + row_of(&f->steps, b, from) * h;
        if (past) past += share->from;
        EACH_VECTOR(share->to - share->from, {
            v now = v_get(states + i, m) * before;
            v_put(states + i, past ? v_fma(skipping, v_get(past + i, m), now) : now, m);
        });
    }
}

/* the sums of the gates of sequences b0 .. b1, whose rows of inputs and states begin at `here` */
static void sum_gates(const struct forward *f, const struct share *share, const struct weights *weights, int64_t step, int64_t here,
                      int64_t b0, int64_t b1) {
    const struct recurrent_args *a = f->a;
    const struct steps *s = &f->steps;
    int64_t h = a->h, ld = cell_gates(a->cell) * h, time = step_time(s, step), rows = b1 - b0;
    float *g = f->gates + (gate_row(f, time) + b0) * ld;
    const float *states = f->states + (here + b0) * h;
    float *inputs = f->inputs + (here + b0) * a->i;
    int64_t u0 = share->from, units = share->to - u0;
    if (f->masked) {
        float *masked = f->masked + b0 * h;
        for (int64_t i = 0; i < rows; i++)
            mask_row(states + i * h + u0, a->mask + s->order[b0 + i] * h + u0, masked + i * h + u0, units);
        states = masked;
    }
    if (a->n > 1) {
        int64_t soon = step_time(s, least(step + 1, s->t - 1)), from, to;
        share_columns(share, a->i, &from, &to);
        for (int64_t i = 0; i < rows; i++) {
            ask_for(a->x + row_of(s, b0 + i, soon) * a->i + from, to - from, 0);
            copy_row(a->x + row_of(s, b0 + i, time) * a->i + from, inputs + i * a->i + from, to - from);
        }
    }
    meet(share);
    if (a->n > 1) multiply_rows(share, inputs, a->i, f->w, g, ld, rows, ld, a->i, 0);
    if (f->candidate) meet(share); /* the next product has fewer columns, and so other shares */
    if (a->cell == CELL_GRU) multiply_rows(share, states, h, f->u, f->sums + b0 * ld, ld, rows, ld, h, 0);
    else multiply_rows(share, states, h, f->u, g, ld, rows, f->candidate ? 2 * h : ld, h, 1);
    meet(share);
    if (f->candidate) {
        float *extra = f->extra + (here + b0) * h;
        for (int64_t i = 0; i < rows; i++)
            reset_row(&(struct row){.g = g + i * ld + u0, .h = states + i * h + u0, .to = extra + i * h + u0}, weights);
        meet(share);
        multiply_rows(share, extra, h, f->candidate, g + 2 * h, ld, rows, h, h, 1);
    }
}

static void forward_step(const struct forward *f, const struct share *share, int64_t step, int64_t b0, int64_t b1) {
    const struct recurrent_args *a = f->a;
    const struct steps *s = &f->steps;
    int64_t h = a->h, ld = cell_gates(a->cell) * h, time = step_time(s, step), last = step + 1 == s->t;
    int64_t going = clamp(active_before(s, time), b0, b1), staying = last ? b0 : clamp(active_behind(s, time), b0, b1);
    int64_t here = step_row(f, step, time), behind = last ? 0 : step_row(f, step + 1, step_time(s, step + 1));
    int64_t u0 = share->from, units = share->to - u0;
    const struct weights *all = &f->weights;
    struct weights weights = {all->bias + u0, all->peep ? all->peep + u0 : 0, h, units, all->update_takes_new};
    begin_rows(a->h0, s, share, going, b1, f->states + (here + going) * h, h);
    if (a->cell == CELL_LSTM) begin_rows(a->c0, s, share, going, b1, f->extra + (here + going) * h, h);
    if (a->skip) mix_states(f, share, time, b0, going, f->states + (here + b0) * h);
    sum_gates(f, share, &weights, step, here, b0, b1);
    int64_t soon = step_time(s, least(step + 1, s->t - 1));
    for (int64_t b = b0; b < b1; b++) {
        int64_t of = s->order[b] * h + u0, in = (here + b) * h + u0, out = (behind + b) * h + u0;
        float *y = a->y + row_of(s, b, time) * h + u0, *end = a->hn ? a->hn + of : y, *extra = f->extra ? f->extra + in : 0;
        struct row r = {.g = f->gates + (gate_row(f, time) + b) * ld + u0, .h = f->states + in, .from = extra, .to = extra, .y = y,
                        .next = b < staying ? f->states + out : end};
        if (a->cell == CELL_LSTM) r.to = b < staying ? f->extra + out : a->cn + of;
        if (a->cell == CELL_GRU) r.from = f->sums + b * ld + u0;
        ask_for(a->y + row_of(s, b, soon) * h + u0, units, 1);
        cell_rows[a->cell](&r, &weights);
    }
}

static void forward_steps(const struct forward *f, const struct share *share, int64_t b0, int64_t b1) {
    const struct recurrent_args *a = f->a;
    const struct steps *s = &f->steps;
    int64_t h = a->h, ld = cell_gates(a->cell) * h;
    if (a->n == 1) /* the inputs of all steps at once, as one row of a step would leave the multipliers idle */
        multiply_rows(share, a->x + s->shift[0] * a->i, a->i, f->w, f->gates, ld, s->rows, ld, a->i, 0);
    for (int64_t step = 0; step < s->t; step++) {
        int64_t time = step_time(s, step), active = clamp(s->active[time], b0, b1);
        if (active > b0) forward_step(f, share, step, b0, active);
        for (int64_t b = active; b < b1; b++)
            memset(a->y + row_of(s, b, time) * h + share->from, 0, (size_t)(share->to - share->from) * sizeof(float));
    }
}

static void forward_part(void *context, int64_t part, int64_t parts) {
    const struct forward *f = context;
    struct share all = share_of(0, 0, 1, f->a->h);
    int64_t b0, b1;
    part_sequences(&f->steps, 0, f->steps.t, part, parts, &b0, &b1);
    forward_steps(f, &all, b0, b1);
}

static void forward_member(void *context, int64_t member, int64_t members, struct gang *gang) {
    const struct forward *f = context;
    struct share share = share_of(gang, member, members, f->a->h);
    forward_steps(f, &share, 0, f->a->n);
}

/* Fills `f` with its pieces of the scratch at `at`, of which `tables` is one, and tells how much that is. */
static int64_t forward_room(const struct recurrent_args *a, float *at, struct forward *f, float **tables) {
    struct room r = {at, 0};
    int64_t h = a->h, gates = cell_gates(a->cell), rows = PRODUCT(a->n, a->t), step = PRODUCT(2, a->n), width = PRODUCT(gates, h);
    int first = a->cell == CELL_GRU_RESET_FIRST;
    *f = (struct forward){.a = a, .saved = a->states != 0};
    *tables = take(&r, steps_floats(a->n, a->t));
    f->bias = take(&r, PRODUCT(gates + 1, h));
    f->w = a->w_packed ? a->w_packed : take(&r, packed_floats(width, a->i));
    f->u = a->u_packed && !first ? a->u_packed : take(&r, packed_floats(first ? PRODUCT(2, h) : width, h));
    f->candidate = first ? take(&r, packed_floats(h, h)) : 0;
    f->gates = a->gates ? a->gates : take(&r, PRODUCT(a->n == 1 ? rows : a->n, width));
    f->inputs = f->saved ? a->inputs : take(&r, PRODUCT(step, a->i));
    f->states = f->saved ? a->states : take(&r, PRODUCT(step, h));
    f->extra = f->saved || !has_extra(a->cell) ? a->extra : take(&r, PRODUCT(step, h));
    f->sums = a->cell == CELL_GRU ? take(&r, PRODUCT(a->n, width)) : 0;
    f->masked = a->mask ? take(&r, PRODUCT(a->n, h)) : 0;
    return SUM(r.floats, 16);
}

static int64_t recurrent_scratch(const struct recurrent_args *a) {
    struct forward f;
    float *tables;
    return forward_room(a, 0, &f, &tables);
}

/* the biases of the gates; b_hn of a GRU, which r multiplies, is kept apart */
static void sum_biases(const struct recurrent_args *a, float *to) {
    int64_t gates = cell_gates(a->cell), apart = a->cell == CELL_GRU ? 2 * a->h : gates * a->h;
    for (int64_t j = 0; j < gates * a->h; j++) {
        float b = a->b ? a->b[j] : 0, recurrent = a->bh ? a->bh[j] : 0;
        to[j] = j < apart ? b + recurrent : b;
        if (j >= apart) to[j + a->h] = recurrent;
    }
}

static void pack(const float *w, const float *to, int64_t n, int64_t k) {
    struct linear_pack_args p = {.w = (float *)w, .packed = (float *)to, .n = n, .k = k};
    FOR_ISA(kernel_linear_pack)(&p, 0);
}

static int32_t k_recurrent(const struct recurrent_args *a, int64_t *detail) {
    struct forward f;
    float *tables;
    if (a->n == 0) return FATHOM_OK;
    forward_room(a, aligned_scratch(a->scratch), &f, &tables);
    int32_t status = make_steps(&f.steps, tables, a->lengths, a->n, a->t, a->flags, detail);
    if (status) return status;
    int64_t h = a->h, width = cell_gates(a->cell) * h, rows = f.steps.rows;
    if (!a->w_packed) pack(a->w, f.w, width, a->i);
    if (f.u != a->u_packed) pack(a->u, f.u, f.candidate ? 2 * h : width, h);
    if (f.candidate) pack(a->u + 2 * h * h, f.candidate, h, h);
    sum_biases(a, f.bias);
    f.weights = (struct weights){f.bias, a->peep, h, h, a->flags & UPDATE_TAKES_NEW};
    if (a->n == 1 && f.saved) copy_row(a->x + f.steps.shift[0] * a->i, f.inputs, rows * a->i);
    double nanos = (double)(rows * width) * ((double)(h + a->i) / (4 * VL) + 1);
    if (units_are_shared(a->n, cell_gates(a->cell), h)) fathom_gang(forward_member, &f, nanos, panel_count(h));
    else fathom_parallel(forward_part, &f, fathom_team(nanos, a->n));
    return FATHOM_OK;
}

EXPORT(recurrent)
EXPORT_SCRATCH(recurrent, recurrent_scratch)
