/* What lies around the kernels: command buffers and their refusal, tables, the clock, pages. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int64_t *append(int64_t *at, int64_t kernel, const void *arguments, size_t bytes) {
    *at = kernel | (int64_t)(bytes / 8) << 32;
    memcpy(at + 1, arguments, bytes);
    return at + 1 + bytes / 8;
}

#define APPEND(at, name, ...) append(at, K_##name, &(struct name##_args){__VA_ARGS__}, sizeof(struct name##_args))

static int32_t run_until(int64_t *words, const int64_t *end) {
    return fathom_run((int64_t)(intptr_t)words, end - words - RUN_HEADER);
}

static void a_buffer_runs_in_order(void) {
    FOR_EACH_ISA(isa) {
        float *y = guarded_floats(10, 4);
        int64_t words[64] = {7, 7, 7, 7}, *at = words + RUN_HEADER;
        at = APPEND(at, fill, .y = y, .n = 10, .value = 1);
        at = APPEND(at, fill, .y = y + 2, .n = 5, .value = 2);
        at = APPEND(at, fill, .y = y + 3, .n = 1, .value = 3);
        CHECK(run_until(words, at) == FATHOM_OK, "isa %d", isa);
        CHECK(words[0] == 0 && words[1] == 0 && words[2] == 0 && words[3] == 0, "the header tells success");
        CHECK_BITS(y, ((float[]){1, 1, 2, 3, 2, 2, 2, 1, 1, 1}), 10, "isa %d", isa);
        words[0] = 7;
        CHECK(fathom_run((int64_t)(intptr_t)words, 0) == FATHOM_OK && words[0] == 0, "an empty buffer");
        release_guarded();
    }
}

static void a_failure_stops_the_buffer(void) {
    FOR_EACH_ISA(isa) {
        float y[2] = {0}, src[4] = {1, 2, 3, 4};
        int32_t index[2] = {1, 2};
        int64_t words[64] = {0}, *at = words + RUN_HEADER;
        at = APPEND(at, fill, .y = y, .n = 1, .value = 1);
        int64_t place = at - words - RUN_HEADER;
        at = APPEND(at, gather, .kind = GATHER_ELEMENTS, .width = 4, .src = (uint8_t *)src, .srcrows = 2, .index = index, .y = (uint8_t *)y,
                    .outer = 1, .rows = 2, .cols = 1);
        at = APPEND(at, fill, .y = y + 1, .n = 1, .value = 9);
        CHECK(run_until(words, at) == FATHOM_BAD_INDEX, "isa %d: status %lld", isa, (long long)words[0]);
        CHECK(words[0] == (place << 32 | FATHOM_BAD_INDEX), "the command at %lld failed, not that at %lld", (long long)place,
              (long long)(words[0] >> 32));
        CHECK(words[1] == 1 && words[2] == 2 && words[3] == 2, "row %lld, index %lld, rows %lld", (long long)words[1], (long long)words[2],
              (long long)words[3]);
        CHECK(y[1] != 9, "the command behind the failure ran");
    }
}

/* Two commands of which the first is marked run in any order, or at the same time; the first failure of the two is told. */
static void marked_commands_run_beside_the_next(void) {
    for (int threads = 1; threads <= 3; threads++) FOR_EACH_ISA(isa) {
        enum { N = 1000 };
        fathom_set_threads(threads);
        float *x = guarded_floats(N, 4), *a = guarded_floats(N, 4), *b = guarded_floats(N, 4), src[4] = {1, 2, 3, 4}, y[4];
        int32_t good[2] = {1, 3}, bad[2] = {1, 4};
        int64_t words[64], *at = words + RUN_HEADER;
        at = APPEND(at, fill, .y = x, .n = N, .value = 3);
        int64_t *marked = at;
        at = APPEND(at, unary, .row = UNARY_square, .x = x, .y = a, .n = N);
        at = APPEND(at, unary, .row = UNARY_neg, .x = x, .y = b, .n = N);
        *marked |= FATHOM_BESIDE;
        int64_t *last = at;
        at = APPEND(at, accumulate, .x = a, .y = b, .n = N);
        *last |= FATHOM_BESIDE; /* nothing follows */
        for (int i = 0; i < 20; i++) {
            memset(a, 0, N * sizeof *a), memset(b, 0, N * sizeof *b);
            CHECK(run_until(words, at) == FATHOM_OK, "isa %d, %d threads", isa, threads);
            CHECK(a[0] == 9 && a[N - 1] == 9 && b[0] == 6 && b[N - 1] == 6, "isa %d, %d threads: %g, %g", isa, threads, a[0], b[0]);
        }
        for (int wrong = 0; wrong < 4; wrong++) {
            at = words + RUN_HEADER;
            for (int i = 0; i < 2; i++)
                at = APPEND(at, gather, .kind = GATHER_ELEMENTS, .width = 4, .src = (uint8_t *)src, .srcrows = 4,
                            .index = wrong >> i & 1 ? bad : good, .y = (uint8_t *)(y + 2 * i), .outer = 1, .rows = 2, .cols = 1);
            words[RUN_HEADER] |= FATHOM_BESIDE;
            int64_t place = wrong & 1 ? 0 : (at - words - RUN_HEADER) / 2;
            CHECK(run_until(words, at) == (wrong ? FATHOM_BAD_INDEX : FATHOM_OK), "isa %d, wrong %d", isa, wrong);
            if (wrong)
                CHECK(words[0] >> 32 == place && words[2] == 4, "at %lld, index %lld", (long long)(words[0] >> 32), (long long)words[2]);
        }
        at[-1 - (int64_t)sizeof(struct gather_args) / 8] = KERNEL_COUNT;
        CHECK(run_until(words, at) == FATHOM_BAD_COMMAND, "the second is none");
        release_guarded();
    }
    fathom_set_threads(1);
}

static void check_refused(int64_t *words, int64_t count, int64_t kernel, int64_t found, int64_t expected) {
    CHECK(fathom_run((int64_t)(intptr_t)words, count) == FATHOM_BAD_COMMAND, "kernel %lld", (long long)kernel);
    CHECK(words[0] == FATHOM_BAD_COMMAND && words[1] == kernel && words[2] == found && words[3] == expected,
          "kernel %lld, found %lld, expected %lld", (long long)words[1], (long long)words[2], (long long)words[3]);
}

static void broken_commands_are_refused(void) {
    float y[4] = {0};
    int64_t words[64] = {0};
    APPEND(words + RUN_HEADER, fill, .y = y, .n = 4, .value = 5);
    check_refused(words, 1, K_fill, 0, 3); /* cut off */
    check_refused(words, 3, K_fill, 2, 3);
    words[RUN_HEADER] = K_fill | 2ll << 32;
    check_refused(words, 4, K_fill, 2, 3);
    words[RUN_HEADER] = K_fill - (1ll << 32);
    check_refused(words, 4, K_fill, -1, 3);
    words[RUN_HEADER] = KERNEL_COUNT | 3ll << 32;
    check_refused(words, 4, KERNEL_COUNT, 3, -1);
    words[RUN_HEADER] = -1;
    check_refused(words, 4, 0xffffffffll, -1, -1);
    CHECK(y[0] == 0, "a refused command ran");
}

static void isas_are_bounded(void) {
    int best = fathom_best_isa();
    CHECK(fathom_select_isa(-1) == -1 && fathom_select_isa(best + 1) == -1 && fathom_select_isa(best) == best, "best is %d", best);
    FOR_EACH_ISA(isa) CHECK((isa == ISA_NEON) == (best == ISA_NEON), "isa %d is of another family than %d", isa, best);
}

static void tables_have_a_line_a_row(void) {
    static const int rows[] = {
        KERNEL_COUNT,
#define UNARY(...) +1
        0
#include "unary.def"
#undef UNARY
        ,
#define BINARY(...) +1
        0
#include "binary.def"
#undef BINARY
        ,
        INTEGER_COUNT,
        RULE_COUNT
    };
    for (int i = 0; i < 5; i++) {
        const char *text = fathom_table(i);
        int lines = 0;
        for (const char *c = text; *c; c++) lines += *c == '\n';
        CHECK(lines == rows[i] && text[strlen(text) - 1] == '\n', "table %d has %d lines for %d rows", i, lines, rows[i]);
    }
    const char *kernels = fathom_table(0), *unary = fathom_table(1), *binary = fathom_table(2), *rules = fathom_table(4);
    CHECK(strncmp(kernels, "fill:AIF\ncopy:BBI\n", 18) == 0 && strstr(kernels, "\nbinary:EPPPIIIIIIIIIIIIIIIIIIFF\n"), "%s", kernels);
    CHECK(strncmp(unary, "relu:0:OUTPUT\n", 14) == 0 && strstr(unary, "\nclamp:2:INPUT\n"), "%s", unary);
    CHECK(strncmp(binary, "add:0:NONE\n", 11) == 0 && strstr(binary, "\nsub:0:NONE\n"), "%s", binary);
    CHECK(strncmp(rules, "sgd:1:4\n", 8) == 0 && strstr(rules, "\nadam:3:7\n"), "%s", rules);
    float x = 1;
    CHECK(RUN(unary, .row = UNARY_COUNT, .x = &x, .y = &x, .n = 1) == FATHOM_BAD_WORD && run_words[1] == K_unary &&
              run_words[2] == 0 && run_words[3] == UNARY_COUNT,
          "a row behind the last");
    CHECK(fathom_table(5)[0] == 0 && fathom_table(-1)[0] == 0, "no such table");
}

static void *foreign_nanos(void *nanos) {
    *(int64_t *)nanos = fathom_nanos();
    return NULL;
}

static void the_clock_counts_its_own_thread(void) {
    int64_t n = 1 << 20, foreign = -1;
    float *y = malloc((size_t)n * sizeof *y);
    fathom_clock(0);
    RUN(fill, .y = y, .n = n, .value = 1);
    CHECK(fathom_nanos() == 0, "off, yet %lld ns", (long long)fathom_nanos());
    fathom_clock(1);
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < 10; i++) RUN(fill, .y = y, .n = n, .value = 1);
    clock_gettime(CLOCK_MONOTONIC, &to);
    int64_t nanos = fathom_nanos(), most = (to.tv_sec - from.tv_sec) * 1000000000ll + to.tv_nsec - from.tv_nsec;
    CHECK(nanos > 1000 && nanos <= most, "%lld ns of %lld", (long long)nanos, (long long)most);
    fathom_clock(0);
    RUN(fill, .y = y, .n = n, .value = 1);
    CHECK(fathom_nanos() == nanos, "stopped, yet it went on");
    pthread_t thread;
    pthread_create(&thread, NULL, foreign_nanos, &foreign);
    pthread_join(thread, NULL);
    CHECK(foreign == 0, "another thread sees %lld ns", (long long)foreign);
    fathom_clock(1);
    CHECK(fathom_nanos() == 0, "started anew at %lld", (long long)fathom_nanos());
    fathom_clock(0);
    free(y);
}

/* pages of this process's address space, resident ones in which 1 */
static int64_t pages(int which) {
    long long size[2] = {0};
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        if (fscanf(f, "%lld %lld", &size[0], &size[1]) != 2) size[0] = -1;
        fclose(f);
    }
    return size[which];
}

static void mapped_pages_come_and_go(void) {
    if (EMULATED) printf("SKIPPED that pages are counted: an emulator maps its own beside them\n");
    static const int64_t sizes[] = {1, 4096, 5000, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, 5 * (1 << 20) + 3, 64 << 20};
    int64_t page = sysconf(_SC_PAGESIZE);
    pages(0); /* what stdio maps at first */
    fathom_unmap(fathom_map(64 << 20, 3), 64 << 20); /* and the stacks of workers */
    for (int i = 0; i < COUNT(sizes); i++)
        for (int huge = 0; huge < 4; huge += 3) {
            int64_t bytes = sizes[i], rounded = (bytes + page - 1) / page, before = pages(0), resident = pages(1);
            int64_t at = fathom_map(bytes, huge);
            volatile unsigned char *p = (unsigned char *)(intptr_t)at;
            CHECK(at && at % (bytes >= 2 << 20 ? 2 << 20 : page) == 0, "%lld bytes at %llx", (long long)bytes, (long long)at);
            CHECK(EMULATED || pages(0) - before == rounded, "%lld pages mapped for %lld", (long long)(pages(0) - before),
                  (long long)rounded);
            /* the system counts resident pages loosely */
            CHECK(!huge || EMULATED || pages(1) - resident > rounded - 512, "%lld pages are here", (long long)(pages(1) - resident));
            CHECK(p[0] == 0 && p[bytes / 2] == 0 && p[bytes - 1] == 0, "new pages are 0");
            for (int64_t j = 0; j < bytes; j += 1000) p[j] = 1;
            p[bytes - 1] = 1;
            CHECK(fathom_unmap(at, bytes) == 0 && (EMULATED || pages(0) == before), "%lld pages left", (long long)(pages(0) - before));
            at += (bytes - 1) / page * page;
            CHECK(msync((void *)(intptr_t)at, (size_t)page, MS_ASYNC) != 0, "the last page is still there");
        }
    CHECK(fathom_map(0, 0) == 0 && fathom_map(-1, 0) == 0 && fathom_map(INT64_MAX, 1) == 0 && fathom_map(1ll << 60, 0) == 0,
          "sizes the system refuses");
    CHECK(fathom_unmap(1, 4096) == -1, "no such pages");
}

/* The system itself reads the bytes, which tells that nobody may instead of ending the test. */
static void fenced_pages_end_where_they_say(void) {
    int64_t page = sysconf(_SC_PAGESIZE), bytes = 4 * page, at = fathom_map(bytes, 4);
    CHECK(fathom_map(2 * page, 4) == 0, "fences around nothing");
    if (page != 4096) {
        CHECK(at == 0, "pages of %lld bytes have no fence", (long long)page);
        return;
    }
    const unsigned char *p = (const unsigned char *)(intptr_t)at;
    const float *last = (const float *)(p + bytes - page) - 1;
    int ends[2];
    CHECK(at && pipe(ends) == 0, "pages and a pipe");
    CHECK(p[page] == 0xff && *last != *last, "fresh memory is NaN");
    CHECK(write(ends[1], p + page, 1) == 1 && write(ends[1], p + page - 1, 1) == -1, "the page in front is nobody's");
    CHECK(write(ends[1], last, 4) == 4 && write(ends[1], last + 1, 1) == -1, "the page behind is nobody's");
    close(ends[0]);
    close(ends[1]);
    CHECK(fathom_unmap(at, bytes) == 0, "unmapped");
}

static void *run_often(void *nothing) {
    enum { N = 4096 };
    float y[N];
    int64_t words[64];
    fathom_force_parts(2);
    for (int i = 0; i < 1000; i++) {
        int64_t *at = APPEND(words + RUN_HEADER, fill, .y = y, .n = N, .value = (float)i);
        CHECK(run_until(words, at) == FATHOM_OK && y[0] == (float)i && y[N - 1] == (float)i, "run %d", i);
    }
    return nothing;
}

static void threads_run_at_once(void) {
    int64_t parts = fathom_pool_counter(1);
    int tries = 0;
    pthread_t thread[4];
    fathom_set_threads(2);
    do {
        for (int i = 0; i < 4; i++) pthread_create(&thread[i], NULL, run_often, NULL);
        for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
    } while (workers_missed(parts, ++tries));
    check_workers(parts, "threads_run_at_once");
}

/* results too small for a normal number, and sums that must be rounded */
static void compute(float *x, int64_t n, float *y) {
    const int64_t dims[6] = {1, 1, 1, 1, 1, n}, dense[6] = {[5] = 1}, same[6] = {0};
    struct binary_args a = {.a = x, .b = x + 1, .y = y};
    memcpy(a.dims, dims, sizeof dims);
    memcpy(a.sa, dense, sizeof dense);
    memcpy(a.sb, same, sizeof same);
    a.row = BINARY_mul;
    CHECK(run_command(K_binary, &a, sizeof a) == FATHOM_OK, "status");
    a.y = y + n, a.row = BINARY_add;
    CHECK(run_command(K_binary, &a, sizeof a) == FATHOM_OK, "status");
    CHECK(RUN(reduce, .kind = REDUCE_SUM, .x = x, .y = y + 2 * n, .outer = 1, .r = n, .inner = 1, .divisor = 1) == FATHOM_OK, "status");
}

static void a_foreign_arithmetic_changes_nothing(void) {
    const int64_t n = 40000;
    const uint64_t before = arithmetic();
    float *x = guarded_random(n, 4, 0.1, 1), *want = guarded_floats(2 * n + 1, 4), *y = guarded_floats(2 * n + 1, 4);
    for (int64_t i = 0; i < n; i += 3) x[i] *= 1e-37f;
    x[0] = 2e-38f, x[1] = 0.3f;
    FOR_EACH_ISA(isa) FOR_EACH_PARTS(parts) {
        if (parts == 1) compute(x, n, want);
        set_arithmetic(FOREIGN_ARITHMETIC);
        compute(x, n, y);
        const uint64_t after = arithmetic();
        set_arithmetic(before);
        CHECK_BITS(y, want, 2 * n + 1, "isa %d parts %d", isa, parts);
        CHECK(after == FOREIGN_ARITHMETIC, "the caller's arithmetic was %llx and is %llx", (unsigned long long)FOREIGN_ARITHMETIC,
              (unsigned long long)after);
    }
    CHECK(want[0] == 0, "%g is kept", want[0]);
    release_guarded();
}

int main(void) {
    a_buffer_runs_in_order();
    a_failure_stops_the_buffer();
    marked_commands_run_beside_the_next();
    broken_commands_are_refused();
    isas_are_bounded();
    tables_have_a_line_a_row();
    the_clock_counts_its_own_thread();
    mapped_pages_come_and_go();
    fenced_pages_end_where_they_say();
    threads_run_at_once();
    a_foreign_arithmetic_changes_nothing();
    fathom_set_blas(4096);
    CHECK((intptr_t)fathom_sgemm == 4096, "the backend's address");
    fathom_set_blas(0);
    CHECK(!fathom_sgemm, "back to the kernels");
    CHECK(fathom_malloc_calls(1) == -1 && fathom_malloc_calls(0) == -1, "nothing is preloaded");
    return DONE();
}
