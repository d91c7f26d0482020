/* Run under malloc_count: calls of this thread and of the pool's workers count, another thread's do not; a region makes none. */
#include "check.h"

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
    atomic_int begun = 0;
    fathom_set_threads(2);
    fathom_parallel(meet, &begun, 2); /* starts the worker */

    CHECK(fathom_malloc_calls(1) == 0, "malloc_count is not preloaded");
    for (int i = 0; i < 1000; i++) fathom_parallel(nothing, NULL, 2);
    int64_t calls = fathom_malloc_calls(0);
    CHECK(calls == 0, "%lld calls in empty regions", (long long)calls);

    fathom_malloc_calls(1);
    free(sink = malloc(1));
    free(sink = calloc(1, 1));
    free(sink = realloc(NULL, 1));
    free(sink = aligned_alloc(64, 64));
    void *at = NULL;
    int failed = posix_memalign(&at, 64, 64);
    free(at);
    calls = fathom_malloc_calls(0);
    CHECK(!failed && (uintptr_t)at % 64 == 0 && calls == 5, "%lld calls of five", (long long)calls);
    CHECK(posix_memalign(&at, 3, 64) != 0, "3 is no alignment");

    fathom_malloc_calls(1);
    begun = 0;
    fathom_parallel(meet, &begun, 2);
    calls = fathom_malloc_calls(0);
    CHECK(calls == 1, "%lld calls of a worker's one", (long long)calls);

    pthread_t other;
    fathom_malloc_calls(1);
    pthread_create(&other, NULL, allocate, NULL);
    int64_t started = fathom_malloc_calls(0); /* the start of a thread may allocate in this one */
    pthread_join(other, NULL);
    calls = fathom_malloc_calls(0);
    CHECK(calls == started, "%lld calls counted of a foreign thread", (long long)(calls - started));
    return DONE();
}
