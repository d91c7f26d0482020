/* Run under malloc_count: calls of this thread and of the pool's workers count, another thread's do not; a region makes none. */
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static void *volatile sink;

static void *allocate(void *nothing) {
    free(sink = malloc(100));
    return nothing;
}

static void nap(void) { nanosleep(&(struct timespec){0, 1000000}, NULL); }

/* part 0 leaves part 1 to a worker */
static void meet(void *context, int64_t part, int64_t parts) {
    (void)parts;
    atomic_int *begun = context;
    if (part == 0) {
        for (int i = 0; i < 5000 && !atomic_load(begun); i++) nap();
    } else {
        allocate(NULL);
        atomic_store(begun, 1);
    }
}

static void nothing(void *context, int64_t part, int64_t parts) { (void)context, (void)part, (void)parts; }

int main(void) {
    int64_t (*calls_of_malloc)(int32_t) = (int64_t(*)(int32_t))dlsym(RTLD_DEFAULT, "fathom_malloc_count");
    if (!calls_of_malloc) {
        printf("malloc_count is not preloaded\n");
        return 2;
    }
    atomic_int begun = 0;
    fathom_set_threads(2);
    fathom_parallel(meet, &begun, 2); /* starts the worker */

    CHECK(calls_of_malloc(1) == 0, "a count starts at 0");
    for (int i = 0; i < 1000; i++) fathom_parallel(nothing, NULL, 2);
    int64_t calls = calls_of_malloc(0);
    CHECK(calls == 0, "%lld calls in empty regions", (long long)calls);

    calls_of_malloc(1);
    free(sink = malloc(1));
    free(sink = calloc(1, 1));
    free(sink = realloc(NULL, 1));
    free(sink = aligned_alloc(64, 64));
    void *at = NULL;
    int failed = posix_memalign(&at, 64, 64);
    free(at);
    calls = calls_of_malloc(0);
    CHECK(!failed && (uintptr_t)at % 64 == 0 && calls == 5, "%lld calls of five", (long long)calls);
    CHECK(posix_memalign(&at, 3, 64) != 0, "3 is no alignment");

    calls_of_malloc(1);
    begun = 0;
    fathom_parallel(meet, &begun, 2);
    calls = calls_of_malloc(0);
    CHECK(calls == 1, "%lld calls of a worker's one", (long long)calls);

    pthread_t other;
    calls_of_malloc(1);
    pthread_create(&other, NULL, allocate, NULL);
    int64_t started = calls_of_malloc(0); /* the start of a thread may allocate in this one */
    pthread_join(other, NULL);
    calls = calls_of_malloc(0);
    CHECK(calls == started, "%lld calls counted of a foreign thread", (long long)(calls - started));
    return DONE();
}
