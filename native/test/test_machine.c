/*
 * What the processor says of its caches chooses blocks and what goes past the caches, never a bit of a result: every kernel that
 * asks runs on small, usual and huge machines, with the scratch that each of them asks for.
 */
#include "check.h"
#include "machine.h"

#include <unistd.h>

static const struct machine machines[] = {
    {.l1 = 1 << 10, .l2 = 4 << 10, .l3 = 16 << 10, .l3_cores = 1, .smt = 1},
    {.l1 = 32 << 10, .l2 = 256 << 10, .l3 = 128 << 10, .l3_cores = 4, .smt = 2},
    {.l1 = 32 << 10, .l2 = 512 << 10, .l3 = 32 << 20, .l3_cores = 8, .smt = 2},
    {.l1 = 48 << 10, .l2 = 1 << 20, .l3 = 32 << 20, .l3_cores = 8, .smt = 2},
    {.l1 = 1 << 30, .l2 = 1 << 30, .l3 = 1 << 30, .l3_cores = 64, .smt = 1},
};
#if defined(RUNS_SLOWLY)
enum { MACHINES = 2 }; /* the smallest blocks, and others */
#else
enum { MACHINES = COUNT(machines) };
#endif

/* a result on every machine and for any number of parts has the bits of the first; the expression writes `count` floats to y */
#define SAME_BITS(what, count, expression)                                                                  \
    do {                                                                                                    \
        int64_t n_ = count;                                                                                 \
        float *first_ = 0;                                                                                  \
        for (int m_ = 0; m_ < MACHINES; m_++) FOR_EACH_PARTS(parts) {                                   \
            machine = machines[m_];                                                                         \
            float *y = guarded_floats(n_, 4 * (size_t)m_);                                                  \
            random_state = 7; /* what is added to is the same as well */                                    \
            random_fill(y, n_, -1, 1);                                                                      \
            CHECK((expression) == FATHOM_OK, "%s", what);                                                   \
            if (first_) CHECK_BITS(y, first_, n_, "%s: machine %d, %d parts", what, m_, parts);         \
            else first_ = y;                                                                                \
        }                                                                                                   \
    } while (0)

static float *values(int64_t n) { return guarded_random(n, anywhere(), -1, 1); }

static void test_products(int isa) {
    static const struct {
        int64_t m, n, k, ta, tb;
    } shapes[] = {{70, 300, 1300, 0, 0}, {1, 520, 1100, 0, 0}, {37, 90, 700, 0, 1}, {3, 130, 2100, 1, 0}, {600, 70, 300, 0, 0}};
    for (int i = 0; i < COUNT(shapes); i++) {
        int64_t m = shapes[i].m, n = shapes[i].n, k = shapes[i].k, ta = shapes[i].ta, tb = shapes[i].tb;
        float *a = values(m * k), *b = values(k * n);
        for (int64_t add = 0; add < 2; add++)
            SAME_BITS("gemm", m * n,
                      RUN(gemm, .ta = ta, .tb = tb, .a = a, .b = b, .c = y, .m = m, .n = n, .k = k, .add = add));
        float *packed = guarded((size_t)fathom_packed_bytes(n, k), 0), *bias = values(n);
        RUN(linear_pack, .w = b, .packed = packed, .n = n, .k = k);
        SAME_BITS("linear", m * n,
                  RUN(linear, .x = a, .packed = packed, .bias = bias, .y = y, .m = m, .n = n, .k = k, .row = UNARY_relu));
        uint8_t *bytes = guarded((size_t)fathom_int8_bytes(n, k, 1), 0);
        RUN(int8_pack, .w = b, .packed = bytes, .n = n, .k = k, .runs = 1);
        SAME_BITS("linear_int8", m * n,
                  RUN(linear_int8, .x = a, .packed = bytes, .bias = bias, .y = y, .m = m, .n = n, .k = k, .row = UNARY_relu));
        release_guarded();
    }
    printf("products of isa %d\n", isa);
}

static void test_convolutions(int isa) {
    const struct window shapes[] = {
        square_window(9, 12, 200, 40, 3, 2, 1, 1), /* taps and channels in several blocks */
        square_window(10, 11, 64, 96, 3, 1, 1, 1), /* Winograd */
        square_window(21, 30, 3, 20, 3, 1, 1, 1),  /* joined, with a halo */
        square_window(21, 30, 1, 6, 5, 1, 2, 1),   /* planes and bands */
        square_window(9, 40, 40, 40, 3, 1, 1, 40), /* depthwise */
        square_window(13, 13, 48, 80, 1, 1, 0, 1),
        square_window(12, 12, 24, 24, 3, 1, 1, 2),
    };
    int64_t n = 3;
    for (int i = 0; i < COUNT(shapes); i++) {
        const struct window *g = shapes + i;
        int64_t xs = n * g->h * g->w * g->c, ys = n * g->oh * g->ow * g->k, ws = g->k * g->kh * g->kw * (g->c / g->groups);
        float *x = values(xs), *w = values(ws), *dy = values(ys), *bias = values(g->k);
        SAME_BITS("conv", ys, RUN(conv, .x = x, .w = w, .bias = bias, .y = y, .n = n, .g = *g, .row = UNARY_relu));
        SAME_BITS("conv_data", xs, RUN(conv_data, .dy = dy, .w = w, .dx = y, .n = n, .g = *g, .add = 1));
        SAME_BITS("conv_weights", ws,
                  RUN(conv_weights, .x = x, .dy = dy, .dw = y, .n = n, .g = *g, .add = 1));
        release_guarded();
    }
    printf("convolutions of isa %d\n", isa);
}

/* results that fit the caches of some and go past those of others */
static void test_streams(int isa) {
    int64_t n = 50000, c = 32, rows = n / c;
    struct window g = square_window(40, 39, c, c, 2, 2, 0, c);
    float *x = values(n), *b = values(n), *mean = values(c), *variance = guarded_random(c, 0, 0.5, 2);
    float *dy = values(g.oh * g.ow * c);
    SAME_BITS("unary", n, RUN(unary, .row = UNARY_sigmoid, .x = x, .y = y, .n = n));
    SAME_BITS("binary", n, RUN(binary, .row = BINARY_add, .a = x, .b = b, .y = y, .dims = {1, 1, 1, 1, 1, n}, .sa = {0, 0, 0, 0, 0, 1},
                               .sb = {0, 0, 0, 0, 0, 1}));
    SAME_BITS("norm", rows * c, RUN(norm, .mode = NORM_GIVEN, .x = x, .mean = mean, .variance = variance, .y = y, .outer = 1,
                                    .rows = rows, .c = c, .groups = c, .epsilon = 1e-5f, .row = -1));
    SAME_BITS("max_pool", g.oh * g.ow * c, RUN(max_pool, .x = x, .y = y, .n = 1, .g = g));
    SAME_BITS("avg_pool_grad", g.h * g.w * c, RUN(avg_pool_grad, .dy = dy, .dx = y, .n = 1, .g = g));
    release_guarded();
    printf("streams of isa %d\n", isa);
}

int main(void) {
    const struct machine here = machine;
    CHECK(here.l1 > 0 && here.l1 <= here.l2 && here.l2 > 0 && here.l3 > 0 && here.l3_cores > 0 && here.smt > 0, "%s", fathom_machine());
#ifdef _SC_LEVEL1_DCACHE_SIZE
    long l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE); /* as glibc finds them, or 0; cores may share an L2 */
    CHECK(l1 <= 0 || here.l1 == l1, "%s, and glibc says %ld bytes of L1", fathom_machine(), l1);
    CHECK(l2 <= 0 || here.l2 <= l2, "%s, and glibc says %ld bytes of L2", fathom_machine(), l2);
#endif
    FOR_EACH_ISA(isa) {
        test_products(isa);
        test_convolutions(isa);
        test_streams(isa);
    }
    machine = (struct machine){.l1 = 48 << 10, .l2 = 1 << 20, .l3 = 32 << 20, .l3_cores = 8, .smt = 1};
    CHECK(!strcmp(fathom_machine(), "L1 48 KiB, L2 1024 KiB a core, L3 32 MiB for 8 cores, 1 thread a core"), "%s", fathom_machine());
    machine = here;
    return DONE();
}
