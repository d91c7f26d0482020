/*
 * Recurrent layers, forward (recurrent.c) and backward (recurrent_grad.c).
 *
 * Inside, the rows of a batch are packed: sorted by length, the longest first, and step by step, so that the rows of a step are
 * neighbors and padding has no row at all. Row `offset[t] + b` is time t of the sequence `order[b]`; active[t] sequences are longer than t.
 * A part owns some sequences for all steps, so that no thread waits for another, and computes a step while its rows lie in L1: the sums of
 * the gates by the tiles of all products, then the cell in a pass over them. Which part has which sequences leaves no trace in a sum.
 * Where sequences are few and wide, a gang shares the columns of every product and the units of every cell instead, and meets in each step.
 *
 * gates[rows][gates * h] holds the sums, then the gates; inputs[rows][i] and states[rows][h] what goes into a step; extra[rows][h] the cell
 * state that goes in (LSTM), the sum that r multiplies (GRU), or r h.
 */
#ifndef FATHOM_RECURRENT_H
#define FATHOM_RECURRENT_H

#include "indices.h"
#include "panels.h"
#include "rows.h"

struct steps {
    int64_t n, t, rows, reverse;
    const int32_t *order, *active, *shift; /* active[t] is 0 behind the last time; shift[b] is how much padding a sequence has in front */
    const int64_t *offset;
};

/* floats of the tables of `steps` */
static inline int64_t steps_floats(int64_t n, int64_t t) {
    return SUM(n, t, 32) == INT64_MAX ? INT64_MAX : SUM(padded(n), PRODUCT(4, padded(t + 1)), PRODUCT(2, padded(n)));
}

/* the time of step s */
static inline int64_t step_time(const struct steps *s, int64_t step) { return s->reverse ? s->t - 1 - step : step; }
/* the row of x[n][t] or y[n][t] that holds time t of a sequence; behind its last time, the rows of its padding */
static inline int64_t row_of(const struct steps *s, int64_t b, int64_t time) {
    int64_t at = time + s->shift[b];
    return s->order[b] * s->t + (at < s->t ? at : at - s->t);
}
/* the time of the step of a sequence that lies `lag` steps before that of this time, or -1 */
static inline int64_t lagged_time(const struct steps *s, int64_t b, int64_t time, int64_t lag) {
    int64_t at = s->reverse ? time + lag : time - lag;
    return at >= 0 && at < s->t && b < s->active[at] ? at : -1;
}
/* how many sequences have a step before (or behind) that of this time */
static inline int64_t active_before(const struct steps *s, int64_t time) {
    return s->reverse ? s->active[time + 1] : time ? s->active[time] : 0;
}
static inline int64_t active_behind(const struct steps *s, int64_t time) {
    return s->reverse ? time ? s->active[time] : 0 : s->active[time + 1];
}

/* the tables, in the memory at `at`; lengths may be 0: all are t. FATHOM_BAD_LENGTH or FATHOM_NO_STEPS where one is not in 1 .. t */
#define make_steps FOR_ISA(make_steps)
HIDDEN int32_t make_steps(struct steps *s, float *at, const int32_t *lengths, int64_t n, int64_t t, int64_t flags, int64_t *detail);
/* the sequences of a part of the times t0 .. t1, cut to about equal numbers of steps; the last part has those without one, too */
#define part_sequences FOR_ISA(part_sequences)
HIDDEN void part_sequences(const struct steps *s, int64_t t0, int64_t t1, int64_t part, int64_t parts, int64_t *from, int64_t *to);

/* flags: from the last step to the first; z weighs the candidate and not the state; padding lies in front */
enum { REVERSE = 1, UPDATE_TAKES_NEW = 2, FRONT = 4 };

static inline int64_t cell_gates(int64_t cell) {
    return cell == CELL_LSTM ? 4 : cell == CELL_UGRNN ? 2 : cell == CELL_GRU || cell == CELL_GRU_RESET_FIRST ? 3 : 1;
}
static inline int has_extra(int64_t cell) { return cell == CELL_LSTM || cell == CELL_GRU || cell == CELL_GRU_RESET_FIRST; }

/* What a thread does of each step: all, or its columns of each product and its units from .. to of each cell. */
struct share {
    struct gang *gang; /* or 0 */
    int64_t member, members, from, to;
};

/* Sequences are few where a thread would have less than a tile of them; and a meeting must be little of a step. */
enum { FEW_SEQUENCES = 16, SHARED_FLOATS = 1 << 15 };
static inline int units_are_shared(int64_t n, int64_t gates, int64_t h) {
    return n < FEW_SEQUENCES && panel_count(h) > 1 && gates * h * h >= SHARED_FLOATS;
}

/* the panels p0 .. p1 of a product of n columns */
static inline void share_panels(const struct share *s, int64_t n, int64_t *p0, int64_t *p1) {
    *p0 = panel_count(n) * s->member / s->members;
    *p1 = panel_count(n) * (s->member + 1) / s->members;
}
/* the columns of these panels */
static inline void share_columns(const struct share *s, int64_t n, int64_t *from, int64_t *to) {
    int64_t p0, p1;
    share_panels(s, n, &p0, &p1);
    *from = panel_start(n, p0);
    *to = least(n, panel_start(n, p1));
}

static inline struct share share_of(struct gang *gang, int64_t member, int64_t members, int64_t h) {
    struct share s = {gang, member, members, 0, 0};
    share_columns(&s, h, &s.from, &s.to);
    return s;
}

/* waits for the rest of the gang */
static inline void meet(const struct share *s) {
    if (s->gang) fathom_meet(s->gang, s->member);
}

/* c[rows][n] (+)= a[rows][k] panels, which hold a packed right side [k, n]; the columns of a share, by this thread alone */
static inline void multiply_rows(const struct share *share, const float *a, int64_t lda, const float *panels, float *c, int64_t ldc,
                                 int64_t rows, int64_t n, int64_t k, int64_t add) {
    int64_t p, end;
    struct sweep s = {.outer = 1, .inner = 1, .depth = k, .lda = lda, .ldc = ldc, .add = add};
    share_panels(share, n, &p, &end);
    packed_product(s, a, panels, c, rows, n, p, end);
}

/* to = x mask: what U sees of a state of which some units are dropped */
static inline void mask_row(const float *x, const float *mask, float *to, int64_t h) {
    EACH_VECTOR(h, v_put(to + i, v_get(x + i, m) * v_get(mask + i, m), m););
}

/* Asks for the lines of a row that the next step reads or writes: rows of a batch lie too far apart for the processor to guess them. */
#define ask_for(at, n, write)                                                                                                    \
    do {                                                                                                                         \
        for (int64_t line_ = 0; line_ < (n); line_ += 16) __builtin_prefetch((at) + line_, write);                               \
    } while (0)

HIDDEN int32_t FOR_ISA(kernel_linear_pack)(const void *a, int64_t *detail);

/* Memory of a kernel is taken from its scratch piece by piece; while it is only counted, `at` is 0. */
struct room {
    float *at;
    int64_t floats;
};
static inline float *take(struct room *r, int64_t floats) {
    float *piece = r->at ? r->at + r->floats : 0;
    r->floats = SUM(r->floats, floats > INT64_MAX - 32 ? INT64_MAX : padded(floats));
    return piece;
}

#endif
