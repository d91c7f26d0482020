/*
 * What every C test shares: checks that count, seeded random numbers, buffers whose edges are watched, commands run by name,
 * loops over instruction sets and thread counts.
 *
 *     FOR_EACH_ISA(isa) FOR_EACH_THREADS(threads) {
 *         float *y = guarded(n * sizeof(float), 4);
 *         CHECK(RUN(fill, .y = y, .n = n, .value = 2) == FATHOM_OK, "isa %d, n %d", isa, n);
 *         release_guarded();
 *     }
 *     return DONE();
 */
#ifndef FATHOM_CHECK_H
#define FATHOM_CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* for sched.h */
#endif
#include "internal.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COUNT(a) (int)(sizeof(a) / sizeof *(a))

/* on an emulated processor, as under the thread sanitizer, a run takes long: fewer cases */
#if defined(FATHOM_EMULATED)
enum { EMULATED = 1 };
#else
enum { EMULATED = 0 };
#endif
#if defined(__SANITIZE_THREAD__) || defined(FATHOM_EMULATED)
#define RUNS_SLOWLY
enum { SLOW = 1 };
#else
enum { SLOW = 0 };
#endif
/* and somewhat fewer under any sanitizer; bits are compared in the objects that are shipped */
#if defined(RUNS_SLOWLY) || defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(at, bytes) ((void)(at), (void)(bytes))
#endif

/* ---- checks: any thread may make them; the first twenty failures are printed ---- */

static int64_t check_count, check_failures;

static inline int check_failed(const char *file, int line, const char *what) {
    int64_t before = __atomic_fetch_add(&check_failures, 1, __ATOMIC_RELAXED);
    if (before == 20) printf("further failures are only counted\n");
    if (before < 20) printf("%s:%d: failed: %s: ", file, line, what);
    return before < 20;
}

#define CHECK_COUNT_() __atomic_fetch_add(&check_count, 1, __ATOMIC_RELAXED)

/* CHECK(condition, "message", ...) */
#define CHECK(condition, ...)                                                                 \
    do {                                                                                      \
        CHECK_COUNT_();                                                                       \
        if (!(condition) && check_failed(__FILE__, __LINE__, #condition)) {                   \
            printf(__VA_ARGS__);                                                              \
            printf("\n");                                                                     \
        }                                                                                     \
    } while (0)

/* |got - want| <= tolerance; NaN equals NaN, an infinity itself */
#define CHECK_NEAR(got, want, tolerance, ...)                                                 \
    do {                                                                                      \
        double got_ = (got), want_ = (want), tolerance_ = (tolerance);                        \
        CHECK_COUNT_();                                                                       \
        if (!near(got_, want_, tolerance_) && check_failed(__FILE__, __LINE__, #got)) {       \
            printf("%.9g, expected %.9g within %.2g: ", got_, want_, tolerance_);             \
            printf(__VA_ARGS__);                                                              \
            printf("\n");                                                                     \
        }                                                                                     \
    } while (0)

/* the same n floats bit for bit, but any NaN equals any NaN (its payload follows the order of operands) */
#define CHECK_BITS(got, want, n, ...)                                                         \
    do {                                                                                      \
        const float *got_ = (got), *want_ = (want);                                           \
        int64_t at_ = differs(got_, want_, (n));                                              \
        CHECK_COUNT_();                                                                       \
        if (at_ >= 0 && check_failed(__FILE__, __LINE__, #got)) {                             \
            printf("[%lld] is %.9g (%a), expected %.9g (%a): ", (long long)at_, got_[at_], got_[at_], want_[at_], want_[at_]); \
            printf(__VA_ARGS__);                                                              \
            printf("\n");                                                                     \
        }                                                                                     \
    } while (0)

/* Kernels make a number below the smallest normal one 0, also on their way to a result, so a difference of twice that size is none. */
static inline int negligible(double difference) { return fabs(difference) <= 0x1p-125; }

/* what a kernel takes x for: on Arm, inputs below the smallest normal number are zeros as results are (internal.h) */
static inline float as_read(float x) {
#if defined(__aarch64__)
    if (fabsf(x) < 0x1p-126f) return copysignf(0, x);
#endif
    return x;
}

/* what a kernel makes of a result, which is 0 below the smallest normal number */
static inline float flushed(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }

static inline int near(double got, double want, double tolerance) {
    return got == want || (isnan(got) && isnan(want)) || negligible(got - want) || fabs(got - want) <= tolerance;
}

/* index of the first difference, or -1 */
static inline int64_t differs(const float *a, const float *b, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (memcmp(a + i, b + i, sizeof(float)) && !(isnan(a[i]) && isnan(b[i]))) return i;
    return -1;
}

/* distance of got from the exact value, in units of the last place that a float of this size has */
static inline double ulps(float got, double want) {
    if ((isnan(got) && isnan(want)) || got == want || negligible(got - want)) return 0;
    if (isnan(got) || isnan(want) || isinf(want)) return INFINITY;
    double unit = ldexp(1, (fabs(want) < 0x1p-126 ? -126 : ilogb(want)) - 23);
    if (!isinf(got)) return fabs(got - want) / unit;
    return fabs(want) >= 0x1.ffffffp127 ? 0 : fabs(want) > 0x1.fffffep127 ? 1 : INFINITY; /* overflow is a rounding */
}

/* what this thread, and so a test that leaves its threads where they are, may run on */
static inline int processors_here(void) {
    cpu_set_t mine;
    return sched_getaffinity(0, sizeof mine, &mine) ? 1 : CPU_COUNT(&mine);
}

/* More than `before` parts have been run by workers: what is to be checked with threads would else be checked with the caller alone. */
static inline void check_workers(int64_t before, const char *where) {
    if (processors_here() == 1) printf("%s: SKIPPED that workers took part: there is one processor\n", where);
    else CHECK(fathom_pool_counter(1) > before, "%s: no worker took part", where);
}

/*
 * Whether work of several threads is to be done once more, in try number `tries`, before check_workers: a caller does not wait for a worker
 * that gets no processor in time, so that a busy machine may need several tries.
 */
static inline int workers_missed(int64_t before, int tries) {
    return tries < 100 && processors_here() > 1 && fathom_pool_counter(1) == before;
}

static inline double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int check_parts; /* whether work was cut for several threads */

static inline int check_done(const char *file) {
    const char *name = strrchr(file, '/');
    if (check_parts) check_workers(0, "FOR_EACH_PARTS");
    printf("%s: %lld checks, %lld failed\n", name ? name + 1 : file, (long long)check_count, (long long)check_failures);
    return check_failures != 0;
}
#define DONE() check_done(__FILE__)

/* ---- random numbers: SplitMix64, the same in every run unless FATHOM_SEED is another; set random_state to start anew ---- */

static uint64_t random_state = 1;

__attribute__((constructor)) static void random_begin(void) {
    const char *seed = getenv("FATHOM_SEED");
    if (seed) random_state = strtoull(seed, 0, 10);
}

static inline uint64_t random_bits(void) {
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static inline double random_uniform(double lo, double hi) { return lo + (hi - lo) * (double)(random_bits() >> 11) * 0x1p-53; }

/* an integer of 0 .. n-1 */
static inline int64_t random_below(int64_t n) { return (int64_t)(random_bits() % (uint64_t)n); }
/* what follows a sum: any row, but as often one of those that products compute in registers */
static inline int64_t random_row(void) {
    static const int64_t in_registers[] = {-1, UNARY_relu, UNARY_clamp};
    return random_below(2) ? in_registers[random_below(3)] : random_below(UNARY_COUNT);
}

static inline void random_fill(float *x, int64_t n, double lo, double hi) {
    for (int64_t i = 0; i < n; i++) x[i] = (float)random_uniform(lo, hi);
}

/* what: 0 moderate, 1 +-1000, 2 some -Inf, 3 a row of -Inf, a NaN, an Inf */
static inline void random_logits(float *x, int64_t n, int what) {
    random_fill(x, n, -4, 4);
    for (int64_t i = 0; i < n; i++) {
        if (what == 1) x[i] = x[i] * 250;
        if (what == 2 && i % 3 == 1) x[i] = -INFINITY;
        if (what == 3) x[i] = i % 11 == 0 ? NAN : i % 7 == 0 ? INFINITY : -INFINITY;
    }
}

/* ---- buffers: every byte starts as 0xff (a NaN); what lies around them must not be touched ---- */

enum { GUARD = 64, GUARD_BYTE = 0xa5, GUARDED_MOST = 256 };

static struct guarded {
    unsigned char *base, *data;
    size_t bytes, total, room;
} guarded_buffers[GUARDED_MOST];
static int guarded_count;

/* Large memory that was freed is used again: for each large piece the system maps new pages, which takes most of the time under ASan. */
enum { LARGE_MEMORY = 1 << 17, SPARE_MOST = 8 };
static struct spare {
    unsigned char *base;
    size_t room;
} spare[SPARE_MOST];

/* at least `bytes` bytes; what it writes into `room` is for give_memory */
static inline unsigned char *take_memory(size_t bytes, size_t *room) {
    for (int i = 0; bytes >= LARGE_MEMORY && i < SPARE_MOST; i++) {
        if (spare[i].room >= bytes) {
            struct spare taken = spare[i];
            spare[i] = (struct spare){0};
            *room = taken.room;
            return taken.base;
        }
    }
    *room = bytes;
    return aligned_alloc(64, bytes);
}

static inline void give_memory(unsigned char *base, size_t room) {
    struct spare *least = spare;
    for (int i = 1; i < SPARE_MOST; i++) {
        if (spare[i].room < least->room) least = spare + i;
    }
    if (room < LARGE_MEMORY || room <= least->room) {
        free(base);
        return;
    }
    free(least->base);
    *least = (struct spare){base, room};
}

/* `bytes` bytes that begin `misaligned` bytes (0 .. 63) past a multiple of 64 */
static inline void *guarded(size_t bytes, size_t misaligned) {
    if (guarded_count == GUARDED_MOST) {
        printf("more than %d guarded buffers: call release_guarded\n", GUARDED_MOST);
        exit(2);
    }
    struct guarded *g = &guarded_buffers[guarded_count++];
    g->bytes = bytes;
    g->total = (GUARD + misaligned + bytes + GUARD + 63) / 64 * 64;
    g->base = take_memory(g->total, &g->room);
    g->data = g->base + GUARD + misaligned;
    memset(g->base, GUARD_BYTE, GUARD + misaligned);
    memset(g->data, 0xff, bytes);
    memset(g->data + bytes, GUARD_BYTE, g->total - bytes - GUARD - misaligned);
    /* under ASan even a read of the edge stops the test */
    ASAN_POISON_MEMORY_REGION(g->base, GUARD + misaligned);
    ASAN_POISON_MEMORY_REGION(g->data + bytes, g->room - bytes - GUARD - misaligned);
    return g->data;
}

static inline float *guarded_floats(int64_t n, size_t misaligned) { return guarded((size_t)n * sizeof(float), misaligned); }

static inline float *guarded_random(int64_t n, size_t misaligned, double lo, double hi) {
    float *x = guarded_floats(n, misaligned);
    random_fill(x, n, lo, hi);
    return x;
}

/* for `misaligned` */
static inline size_t anywhere(void) { return 4 * (size_t)random_below(16); }

static inline float *copied(const float *x, int64_t n, size_t misaligned) {
    float *y = guarded_floats(n, misaligned);
    if (n) memcpy(y, x, (size_t)n * 4);
    return y;
}

/* `pixels` of k floats, those of x or (0) NaN, which lie ld apart with -7 between them */
static inline float *apart(const float *x, int64_t pixels, int64_t k, int64_t ld) {
    int64_t n = (pixels - 1) * ld + k;
    float *to = guarded_floats(n, anywhere());
    for (int64_t i = 0; i < n; i++) to[i] = i % ld >= k ? -7 : x ? x[i / ld * k + i % ld] : NAN;
    return to;
}

/* checks the edges of the guarded buffers from number `first` on and frees them */
static inline void release_guarded_from(int first) {
    for (int i = first; i < guarded_count; i++) {
        struct guarded *g = &guarded_buffers[i];
        ASAN_UNPOISON_MEMORY_REGION(g->base, g->room);
        int64_t broken = 0;
        for (const unsigned char *at = g->base; at < g->data; at++) broken += *at != GUARD_BYTE;
        for (const unsigned char *at = g->data + g->bytes; at < g->base + g->total; at++) broken += *at != GUARD_BYTE;
        CHECK(broken == 0, "buffer %d of %zu bytes: %lld bytes written outside", i, g->bytes, (long long)broken);
        give_memory(g->base, g->room);
    }
    guarded_count = first;
}
static inline void release_guarded(void) { release_guarded_from(0); }

/* ---- commands ---- */

enum { RUN_HEADER = 4, RUN_MOST = 64 };
static int64_t run_words[RUN_HEADER + RUN_MOST]; /* after RUN: [0] status, [1..3] detail */

/*
 * One command as Java writes it, through fathom_run; arguments that are not named are 0. A kernel with an S word gets guarded scratch
 * of just the bytes that it asks for.
 */
#define RUN(name, ...) run_command(K_##name, &(struct name##_args){__VA_ARGS__}, sizeof(struct name##_args))

static inline int32_t run_command(int64_t kernel, const void *arguments, size_t bytes) {
    run_words[RUN_HEADER] = kernel | (int64_t)(bytes / 8) << 32;
    memcpy(run_words + RUN_HEADER + 1, arguments, bytes);
    int64_t count = 1 + (int64_t)(bytes / 8), scratch = fathom_scratch_bytes((int64_t)(intptr_t)(run_words + RUN_HEADER), count);
    CHECK(scratch >= 0, "kernel %lld refuses its sizes", (long long)kernel);
    if (scratch < 0) return FATHOM_BAD_COMMAND;
    int before = guarded_count;
    if (scratch) run_words[RUN_HEADER + count - 1] = (int64_t)(intptr_t)guarded((size_t)scratch, 8 * (kernel % 8));
    int32_t status = fathom_run((int64_t)(intptr_t)run_words, count);
    release_guarded_from(before);
    return status;
}

/* an image of h by w by c, and k filters of kernel by kernel, with the same stride and padding both ways */
static inline struct window square_window(int64_t h, int64_t w, int64_t c, int64_t k, int64_t kernel, int64_t stride, int64_t pad,
                                          int64_t groups) {
    return (struct window){.h = h, .w = w, .c = c, .oh = (h + 2 * pad - kernel) / stride + 1, .ow = (w + 2 * pad - kernel) / stride + 1,
                           .k = k, .kh = kernel, .kw = kernel, .sh = stride, .sw = stride, .dh = 1, .dw = 1, .top = pad, .left = pad,
                           .groups = groups};
}

/* ---- settings ---- */

/* The baseline has no fused multiply-add, so that its bits differ from those of the others, which agree. */
static inline int is_fused(int isa) { return isa != ISA_BASELINE; }

/* what a library may have left behind: denormals are results, and sums round up */
#if defined(__x86_64__)
enum { FOREIGN_ARITHMETIC = 0x5f80 };
#elif defined(__aarch64__)
enum { FOREIGN_ARITHMETIC = 1 << 22 };
#else
enum { FOREIGN_ARITHMETIC = KERNEL_ARITHMETIC };
#endif

/* the first set from isa on that is there */
static inline int use_isa(int isa) {
    for (; isa <= fathom_best_isa(); isa++)
        if (fathom_select_isa(isa) == isa) return isa;
    fathom_select_isa(fathom_best_isa());
    return -1;
}

static inline int use_parts(int at) {
#if defined(RUNS_SLOWLY)
    static const int counts[] = {1, 7, 0}; /* one cut shows a race as well as another */
#elif defined(__SANITIZE_ADDRESS__)
    static const int counts[] = {1, 7, 64, 0};
#else
    static const int counts[] = {1, 3, 7, 17, 64, 0};
#endif
    int parts = counts[at];
    fathom_set_threads(parts > 1 ? 4 : 1);
    fathom_force_parts(parts);
    check_parts |= parts > 1;
    return parts;
}

/* those that are there, up to fathom_best_isa(), which is left behind */
#define FOR_EACH_ISA(isa) for (int isa = use_isa(0); isa >= 0; isa = use_isa(isa + 1))
/* The parts of every region, whatever its work: 1, 3, 7, 17, 64, for four threads; leaves one thread behind, and parts as work is worth. */
#define FOR_EACH_PARTS(parts) for (int at_##parts = 0, parts = use_parts(0); parts; parts = use_parts(++at_##parts))

#endif
