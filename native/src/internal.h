/* What the kernels share below the ABI: argument structs drawn from kernels.def, the thread pool, the kernel table of an ISA. */
#ifndef FATHOM_INTERNAL_H
#define FATHOM_INTERNAL_H

#include "fathom.h"
#include <stddef.h>
#include <stdint.h>

/* Of a convolution or a pool: x[n, h, w, c], y[n, oh, ow, k]; output i reads input i * s + tap * d - (top or left), zero outside. */
struct window {
    int64_t h, w, c, oh, ow, k, kh, kw, sh, sw, dh, dw, top, left, groups;
};

/* products of two int8 in -127 .. 127 whose sum an int32 holds, however they are summed */
enum { INT8_TERMS = INT32_MAX / (127 * 127) };

/* struct NAME_args, laid over the words of a command */
#define I(n) int64_t n;
#define F(n) float n; int32_t n##_pad;
#define D(n) int64_t n[6];
#define P(n) float *n;
#define A(n) float *n;
#define Q(n) int32_t *n;
#define B(n) uint8_t *n;
#define L(n) int64_t *n;
#define W(n) struct window n;
#define S(n) float *n;
#define KERNEL(name, args) struct name##_args { args };
#include "kernels.def"

enum kernel_id {
#define KERNEL(name, args) K_##name,
#include "kernels.def"
    KERNEL_COUNT
};

/* what the argument `kind` of reduce, gather and linear_blocks and `mode` of pad and norm means; the build makes constants of Java's enum Kernel of them */
enum reduce_kind {
    REDUCE_SUM,
    REDUCE_MAX,
    REDUCE_MIN,
    REDUCE_ARGMAX,
    REDUCE_NORM1,
    REDUCE_NORM,
    REDUCE_VARIANCE,
    REDUCE_LOGSUMEXP,
    REDUCE_ARGMIN,
    REDUCE_PROD
};
enum norm_mode { NORM_MEASURED, NORM_GIVEN, NORM_RMS };
enum integer_reduce_kind { INTEGER_SUM, INTEGER_MAX, INTEGER_MIN, INTEGER_ARGMAX, INTEGER_ARGMIN, INTEGER_PROD };
enum gather_kind { GATHER_ELEMENTS, GATHER_BYTES_TO_FLOATS, GATHER_BYTES_TO_INTS, GATHER_BF16_TO_FLOATS, GATHER_INT8_TO_FLOATS };
enum block_kind { BLOCK_Q8, BLOCK_Q4 };
enum join_kind { JOIN_SET, JOIN_ADD, JOIN_MUL, JOIN_MAX, JOIN_MIN, JOIN_READ, JOIN_TAKE };
#define NO_PADDING (INT64_C(1) << 32) /* the padding of indices of which all count */
enum resize_kind { RESIZE_NEAREST, RESIZE_LINEAR, RESIZE_CORNERS, RESIZE_AREA };
enum pad_mode { PAD_CONSTANT, PAD_REPLICATE, PAD_REFLECT, PAD_CIRCULAR };

/* the types of elements and the cells of recurrent, as Java's enums DType and Cell have them */
enum element_type { ELEMENT_F32, ELEMENT_I32, ELEMENT_U8, ELEMENT_I8, ELEMENT_F16, ELEMENT_BF16 };
enum cell { CELL_RNN_TANH, CELL_RNN_RELU, CELL_LSTM, CELL_GRU, CELL_GRU_RESET_FIRST, CELL_UGRNN };
/* how many there are of each */
enum {
    REDUCE_KINDS = REDUCE_PROD + 1,
    INTEGER_REDUCE_KINDS = INTEGER_PROD + 1,
    NORM_MODES = NORM_RMS + 1,
    GATHER_KINDS = GATHER_INT8_TO_FLOATS + 1,
    BLOCK_KINDS = BLOCK_Q4 + 1,
    JOIN_KINDS = JOIN_TAKE + 1,
    RESIZE_KINDS = RESIZE_AREA + 1,
    PAD_MODES = PAD_CIRCULAR + 1,
    CELLS = CELL_UGRNN + 1,
    ELEMENT_TYPES = ELEMENT_BF16 + 1
};

/* the rows of the tables of elementwise functions and of update rules */
enum unary_row {
#define UNARY(name, ...) UNARY_##name,
#include "unary.def"
#undef UNARY
    UNARY_COUNT
};
enum binary_row {
#define BINARY(name, ...) BINARY_##name,
#include "binary.def"
#undef BINARY
    BINARY_COUNT
};
enum integer_row {
#define INTEGER(name, ...) INTEGER_##name,
#include "integer.def"
#undef INTEGER
    INTEGER_COUNT
};
enum rule_row {
#define RULE(name, ...) RULE_##name,
#include "optim.def"
#undef RULE
    RULE_COUNT
};

/* A kernel reads its arguments at a; on failure it fills detail[0..2] and returns a status. */
typedef int32_t (*kernel_fn)(const void *a, int64_t *detail);
/* The floats that the S word of these arguments needs; INT64_MAX where they are too many to count, or the sizes make no sense. */
typedef int64_t (*scratch_fn)(const void *a);
struct kernel_table {
    kernel_fn fn[KERNEL_COUNT];
    scratch_fn scratch[KERNEL_COUNT]; /* 0 for a kernel without an S word */
};
/* The instruction sets, as Java's enum Isa has them; a processor has those of its family up to its best. */
enum isa { ISA_BASELINE, ISA_V3, ISA_V4, ISA_NEON, ISA_COUNT };
extern const struct kernel_table fathom_kernels_baseline, fathom_kernels_v3, fathom_kernels_v4, fathom_kernels_neon;

/*
 * The pool. fathom_team tells how many threads work of about `nanos` (one thread) is worth right now: 1 below about 20 us when the
 * workers are parked, less when they still spin; never more than `most`. fathom_parts tells into how many parts to cut it: as many, or
 * several for each thread where they are large, so that threads which are done take parts of those which are late. Work that costs more
 * the finer it is cut takes fathom_team.
 *
 * fathom_parallel runs fn(context, part, parts) for every part, on the caller and on workers, and returns when all are done. Callers
 * at the same time share the workers; one that finds none (or a nested call) runs all parts itself. Results never depend on parts nor
 * on who runs them: every kernel cuts its work so that each output is computed the same way whatever the cut.
 *
 * Scratch belongs to threads: in fathom_parallel_with, fathom_own() is the caller's `scratch` in parts that the caller runs, and in
 * those of a worker as many floats (at least) of its own, which begin a page.
 */
int64_t fathom_team(double nanos, int64_t most);
int64_t fathom_parts(double nanos, int64_t most);
typedef void (*part_fn)(void *context, int64_t part, int64_t parts);
void fathom_parallel(part_fn fn, void *context, int64_t parts);
void fathom_parallel_with(part_fn fn, void *context, int64_t parts, float *scratch, int64_t floats);
float *fathom_own(void);

/* A thread begins (1) or ends (-1) to run commands: those which do at the same time share the workers. */
void fathom_count_caller(int by);

/*
 * A gang: fn(context, member, members, gang) on members that run at the same time, so that they may wait for each other; parts of a
 * region may not, as the caller may run them one after the other. Members are the caller, number 0, and the workers that come
 * before a small share of the `nanos` has passed that the work takes one thread; never more than `most`, than GANG_MOST, or than
 * processors. Where the pool is busy, as in nested calls, and where nobody comes in time, members is 1.
 *
 * fathom_meet returns when all members have called it as often: what they wrote before is seen by all behind it. Every member must
 * call it equally often. Between two cores that share an L3 it takes 0.1 us, and in a gang of one nothing; so a step between two
 * meetings is worth two members from 0.3 us on.
 */
enum { GANG_MOST = 16 };
struct gang;
typedef void (*member_fn)(void *context, int64_t member, int64_t members, struct gang *gang);
void fathom_gang(member_fn fn, void *context, double nanos, int64_t most);
void fathom_meet(struct gang *gang, int64_t member);

/*
 * How a thread rounds and what becomes of results below the smallest normal number, as its processor's control register has it. Bits of
 * results depend on it, and other libraries of a process change it (-ffast-math does), so kernels run with one of their own: to nearest,
 * and such results are zeros. Gradients that vanish over many steps and squares of small ones in Adam would else be denormals, each of
 * which costs an Intel core 150 cycles. A denormal that a user gives is read as it is, but on Arm, whose bit is for both.
 */
#if defined(__x86_64__)
enum { ARITHMETIC_FLAGS = 0x3f, KERNEL_ARITHMETIC = 0x9f80 }; /* of MXCSR; flags tell what has happened */
static inline uint64_t arithmetic(void) { return __builtin_ia32_stmxcsr(); }
static inline void set_arithmetic(uint64_t word) { __builtin_ia32_ldmxcsr((unsigned)word); }
#elif defined(__aarch64__)
enum { ARITHMETIC_FLAGS = 0, KERNEL_ARITHMETIC = 1 << 24 }; /* of FPCR */
static inline uint64_t arithmetic(void) {
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return word;
}
static inline void set_arithmetic(uint64_t word) { __asm__ volatile("msr fpcr, %0" : : "r"(word)); }
#else
enum { ARITHMETIC_FLAGS = 0, KERNEL_ARITHMETIC = 0 };
static inline uint64_t arithmetic(void) { return KERNEL_ARITHMETIC; }
static inline void set_arithmetic(uint64_t word) { (void)word; }
#endif

/* The range of `total` items (in units of `grain`) that `part` of `parts` takes. */
static inline void fathom_range(int64_t total, int64_t grain, int64_t part, int64_t parts, int64_t *from, int64_t *to) {
    int64_t units = (total + grain - 1) / grain;
    int64_t lo = units * part / parts * grain, hi = units * (part + 1) / parts * grain;
    *from = lo < total ? lo : total;
    *to = hi < total ? hi : total;
}

/* cblas_sgemm of the openblas backend, or 0 */
typedef void (*sgemm_fn)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                         int ldb, float beta, float *c, int ldc);
extern sgemm_fn fathom_sgemm;
enum { ROW_MAJOR = 101, AS_STORED = 111, TRANSPOSED = 112 }; /* CBLAS */
/* whether the chosen cblas_sgemm can take it: its dimensions are int */
static inline int blas_takes(int64_t m, int64_t n, int64_t k) {
    return fathom_sgemm && k > 0 && m <= INT32_MAX && n <= INT32_MAX && k <= INT32_MAX;
}

#endif
