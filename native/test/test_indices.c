/*
 * Indices that another thread keeps writing while kernels read them: every access stays inside, what is refused is told, and a run that
 * succeeds has used valid indices alone. The race is deliberate: not for ThreadSanitizer.
 */
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- the thread that writes ---- */

static struct {
    int32_t *index;
    int64_t n, bound;
    atomic_int stop;
    pthread_t thread;
} writer;

static void put(int64_t i, int32_t value) { __atomic_store_n(writer.index + i, value, __ATOMIC_RELAXED); }

static void *flip(void *nothing) {
    uint64_t state = 1;
    while (!atomic_load(&writer.stop)) {
        const int32_t absurd[] = {(int32_t)writer.bound, -1, INT32_MIN, INT32_MAX, 1 << 24, -(1 << 24)};
        state = state * 6364136223846793005u + 1442695040888963407u;
        int64_t i = (int64_t)((state >> 33) % (uint64_t)writer.n);
        int32_t valid = writer.index[i];
        put(i, absurd[(state >> 20) % COUNT(absurd)]);
        for (volatile int pause = 0; pause < 50; pause++) {}
        put(i, valid);
    }
    return nothing;
}

static void start_writer(int32_t *index, int64_t n, int64_t bound) {
    writer.index = index, writer.n = n, writer.bound = bound;
    atomic_store(&writer.stop, 0);
    pthread_create(&writer.thread, NULL, flip, NULL);
}

static void stop_writer(void) {
    atomic_store(&writer.stop, 1);
    pthread_join(writer.thread, NULL);
}

/* ---- runs against it ---- */

static int32_t *random_indices(int64_t n, int64_t bound) {
    int32_t *index = guarded((size_t)n * sizeof(int32_t), 4);
    for (int64_t i = 0; i < n; i++) index[i] = (int32_t)random_below(bound);
    return index;
}

/* what a run left: its status and detail must fit, and after success y the values of the undisturbed run */
static void check_run(const char *name, int32_t status, int32_t refusal, const float *y, const float *want, int64_t ny) {
    if (status == FATHOM_OK) {
        CHECK_BITS(y, want, ny, "%s succeeded with an index that was not valid", name);
        return;
    }
    CHECK(status == refusal, "%s: status %d", name, status);
    CHECK(run_words[1] >= 0 && run_words[1] < writer.n && run_words[3] == writer.bound
              && (run_words[2] < 0 || run_words[2] >= writer.bound),
          "%s: row %lld, index %lld, bound %lld", name, (long long)run_words[1], (long long)run_words[2], (long long)run_words[3]);
}

enum { RUNS = 1500 };

/* Runs a command, which computes y[ny] from index[n], undisturbed and then while they are written, until both ways to end were seen. */
#define RACE(refusal, index, n, bound, y, ny, name, ...)                                               \
    do {                                                                                               \
        int32_t *index_ = (index);                                                                     \
        int64_t ny_ = (ny), runs_[2] = {0};                                                            \
        float *y_ = (y), *want_ = guarded_floats(ny_, 0);                                              \
        memset(y_, 0, (size_t)ny_ * sizeof(float));                                                    \
        CHECK(RUN(name, __VA_ARGS__) == FATHOM_OK, #name " with valid indices");                       \
        memcpy(want_, y_, (size_t)ny_ * sizeof(float));                                                \
        start_writer(index_, (n), (bound));                                                            \
        double until_ = seconds(CLOCK_MONOTONIC) + 20;                                                                \
        while (runs_[0] + runs_[1] < RUNS || !runs_[0] || !runs_[1]) {                                 \
            memset(y_, 0, (size_t)ny_ * sizeof(float));                                                \
            int32_t status_ = RUN(name, __VA_ARGS__);                                                  \
            check_run(#name, status_, (refusal), y_, want_, ny_);                                      \
            runs_[status_ != FATHOM_OK]++;                                                             \
            if (seconds(CLOCK_MONOTONIC) > until_) break;                                                             \
        }                                                                                              \
        stop_writer();                                                                                 \
        CHECK(runs_[0] && runs_[1], #name ": %lld runs succeeded, %lld were refused", (long long)runs_[0], (long long)runs_[1]); \
        release_guarded();                                                                             \
    } while (0)

static void moves(void) {
    static const int64_t sizes[][2] = {{900, 1}, {400, 7}, {60, 300}}; /* rows and columns */
    enum { BOUND = 50 };
    for (int k = 0; k < COUNT(sizes); k++) {
        int64_t rows = sizes[k][0], cols = sizes[k][1];
        for (int kind = 0; kind < GATHER_KINDS; kind++) {
            int32_t *index = random_indices(rows, BOUND);
            int64_t bytes = BOUND * cols * (kind == GATHER_ELEMENTS ? 4 : kind == GATHER_BF16_TO_FLOATS ? 2 : 1);
            uint8_t *src = guarded((size_t)bytes, 4);
            float *norm = guarded_random(BOUND, 0, 0, 1), *y = guarded_floats(rows * cols, 4);
            for (int64_t i = 0; i < bytes; i++) src[i] = (uint8_t)random_bits();
            RACE(FATHOM_BAD_INDEX, index, rows, BOUND, y, rows * cols, gather, .kind = kind, .width = 4, .src = src, .srcrows = BOUND,
                 .index = index, .y = (uint8_t *)y, .outer = 1, .rows = rows, .cols = cols, .norm = norm, .channels = 1);
        }
        int32_t *index = random_indices(rows, BOUND);
        float *x = guarded_random(rows * cols, 4, -1, 1), *y = guarded_floats(BOUND * cols, 4);
        RACE(FATHOM_BAD_INDEX, index, rows, BOUND, y, BOUND * cols, scatter_add, .x = x, .index = index, .y = y, .outer = 1,
             .rows = rows, .most = 1, .cols = cols, .yrows = BOUND, .padding = NO_PADDING);
        index = random_indices(rows, BOUND);
        float *src = guarded_random(BOUND * cols, 4, -1, 1);
        y = guarded_floats(cols, 4);
        RACE(FATHOM_BAD_INDEX, index, rows, BOUND, y, cols, bag, .src = src, .srcrows = BOUND, .index = index, .y = y, .rows = 1,
             .most = rows, .cols = cols, .padding = NO_PADDING);
    }
}

static void labels(void) {
    enum { ROWS = 500, CLASSES = 10 };
    int32_t *at = random_indices(ROWS, CLASSES);
    float *y = guarded_floats(ROWS * CLASSES, 4);
    RACE(FATHOM_BAD_LABEL, at, ROWS, CLASSES, y, ROWS * CLASSES, one_hot, .labels = at, .y = y, .rows = ROWS, .classes = CLASSES);
    for (int weighted = 0; weighted < 2; weighted++) {
        float *x, *weights, *probs, *loss;
        at = random_indices(ROWS, CLASSES);
        x = guarded_random(ROWS * CLASSES, 4, -1, 1);
        weights = guarded_random(CLASSES, 4, 0.5, 2);
        loss = guarded_floats(1, 4);
        y = guarded_floats(ROWS, 4);
        RACE(FATHOM_BAD_LABEL, at, ROWS, CLASSES, y, ROWS, cross_entropy, .x = x, .labels = at, .weights = weighted ? weights : 0,
             .rowloss = y, .loss = loss, .rows = ROWS, .classes = CLASSES, .smoothing = 0.1f);
        at = random_indices(ROWS, CLASSES);
        probs = guarded_random(ROWS * CLASSES, 4, 0, 1);
        weights = guarded_random(CLASSES, 4, 0.5, 2);
        loss = guarded_random(1, 4, 1, 2);
        y = guarded_floats(ROWS * CLASSES, 4);
        RACE(FATHOM_BAD_LABEL, at, ROWS, CLASSES, y, ROWS * CLASSES, cross_entropy_grad, .probs = probs, .labels = at,
             .weights = weighted ? weights : 0, .dloss = loss, .dx = y, .rows = ROWS, .classes = CLASSES, .smoothing = 0.1f);
    }
}

static void unpools(void) {
    enum { N = 4, FROM = 40, TO = 90, C = 5 };
    int32_t *index = random_indices(N * FROM * C, TO);
    float *x = guarded_random(N * FROM * C, 4, -1, 1), *y = guarded_floats(N * TO * C, 4);
    RACE(FATHOM_BAD_INDEX, index, N * FROM * C, TO, y, N * TO * C, unpool, .x = x, .index = index, .y = y, .n = N, .from = FROM,
         .to = TO, .c = C);
    index = random_indices(N * FROM * C, TO);
    float *dy = guarded_random(N * TO * C, 4, -1, 1), *dx = guarded_floats(N * FROM * C, 4);
    RACE(FATHOM_BAD_INDEX, index, N * FROM * C, TO, dx, N * FROM * C, unpool_grad, .dy = dy, .index = index, .dx = dx, .n = N,
         .from = FROM, .to = TO, .c = C);
}

/* Both only compare what they read: any number will do. */
static void compared(void) {
    enum { ROWS = 500, CLASSES = 10, SIDE = 20 };
    int32_t *at = random_indices(ROWS, CLASSES), *count = guarded(4, 4);
    float *x = guarded_random(ROWS * CLASSES, 4, -1, 1);
    start_writer(at, ROWS, CLASSES);
    for (int run = 0; run < RUNS; run++) {
        int32_t status = RUN(correct, .x = x, .labels = at, .count = count, .rows = ROWS, .classes = CLASSES);
        CHECK(status == FATHOM_OK && *count >= 0 && *count <= ROWS, "status %d, %d right", status, *count);
    }
    stop_writer();
    release_guarded();
    for (int side = 2; side < 20; side += 15) { /* taps of one byte and of four */
        int64_t wide = SIDE - side + 1, n = wide * wide;
        struct window g = {.h = SIDE, .w = SIDE, .c = 1, .oh = wide, .ow = wide, .k = 1, .kh = side, .kw = side, .sh = 1, .sw = 1,
                           .dh = 1, .dw = 1, .groups = 1};
        int32_t *taps = random_indices(n, side * side);
        float *dy = guarded_random(n, 4, -1, 1), *dx = guarded_floats(SIDE * SIDE, 4);
        start_writer(taps, side * side > 256 ? n : n / 4, side * side);
        for (int run = 0; run < RUNS; run++)
            CHECK(RUN(max_pool_grad, .dy = dy, .taps = (uint8_t *)taps, .dx = dx, .n = 1, .g = g) == FATHOM_OK, "status");
        stop_writer();
        release_guarded();
    }
}

int main(void) {
    fathom_set_threads(2);
    FOR_EACH_ISA(isa) for (int parts = 1; parts <= 3; parts += 2) {
        fathom_force_parts(parts);
        moves();
        labels();
        unpools();
        compared();
    }
    return DONE();
}
