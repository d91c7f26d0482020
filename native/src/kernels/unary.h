/* The rows of unary.def as functions of vectors, for kernels that end in one, and their loops (elementwise.c). */
#ifndef FATHOM_UNARY_H
#define FATHOM_UNARY_H

#include "loops.h"

/* names a row's parameters: BIND (lo, hi) is v lo = p0, hi = p1; */
#define BIND_0()
#define BIND_1(a) v a = p0;
#define BIND_2(a, b) v a = p0, b = p1;
#define BIND_PICK(none, one, two, bind, ...) bind
#define BIND(...) BIND_PICK(0, ##__VA_ARGS__, BIND_2, BIND_1, BIND_0)(__VA_ARGS__)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter" /* no row uses all that a row may use */
#pragma GCC diagnostic ignored "-Wunused-variable"

#define UNARY(name, parameters, f, back, reads)                                                                                  \
    static inline v unary_##name(v x, v p0, v p1) {                                                                              \
        BIND parameters return f;                                                                                                \
    }                                                                                                                            \
    static inline v unary_##name##_back(v x, v y, v dy, v p0, v p1) {                                                            \
        BIND parameters return back;                                                                                             \
    }
#include "unary.def"
#undef UNARY

#pragma GCC diagnostic pop

/* the loops of a row, at its place in unary.def */
struct unary_loops {
    void (*forward)(const float *x, float *y, int64_t n, v p0, v p1, int stream);
    void (*backward)(const float *x, const float *y, const float *dy, float *dx, int64_t n, v p0, v p1, int64_t add);
};
#define unary_rows FOR_ISA(unary_rows)
extern HIDDEN const struct unary_loops unary_rows[UNARY_COUNT];

#endif
