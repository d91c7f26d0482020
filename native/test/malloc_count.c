/*
 * Preloaded into a process (LD_PRELOAD), counts calls of malloc, calloc, realloc, posix_memalign, aligned_alloc and memalign
 * by one thread, the pool's workers and a MicroBatcher's, so that a test can prove that a training step makes none. A JVM
 * allocates all the time in threads of its own; those are left out. glibc only: its allocator is also reachable under names
 * of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *at, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

/* initial-exec, for other storage of a thread may call malloc */
static _Thread_local enum { UNKNOWN, WORKER, OTHER } kind __attribute__((tls_model("initial-exec")));
static _Atomic(void *) marked; /* the address of the counted thread's `kind`; 0: no count runs */
static atomic_llong calls;

static int is_counted(void *owner) {
    if (owner == &kind) return 1;
    if (kind == UNKNOWN) {
        char name[17] = "";
        prctl(PR_GET_NAME, name);
        int own = strncmp(name, "fathom-", 7) == 0 && name[7] >= '0' && name[7] <= '9'; /* of the pool */
        kind = own || strncmp(name, "fathom-batcher", 14) == 0 ? WORKER : OTHER;
    }
    return kind == WORKER;
}

static void count(void) {
    void *owner = atomic_load_explicit(&marked, memory_order_relaxed);
    if (owner && is_counted(owner)) atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
}

/* 1: counts from 0 this thread and the workers; 0: the calls since then. */
__attribute__((visibility("default"))) int64_t fathom_malloc_count(int32_t mark) {
    if (mark) {
        atomic_store(&calls, 0);
        atomic_store(&marked, (void *)&kind);
    }
    return atomic_load(&calls);
}

/* fathom_malloc_count for the JVMs of other libraries, which load this library by its name. */
__attribute__((visibility("default"))) int64_t Java_dev_fathom_bench_Mallocs_count(void *env, void *owner, int32_t mark) {
    (void)env, (void)owner;
    return fathom_malloc_count(mark);
}

void *malloc(size_t bytes) {
    count();
    return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes) {
    count();
    return __libc_calloc(n, bytes);
}

void *realloc(void *at, size_t bytes) {
    count();
    return __libc_realloc(at, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    count();
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    count();
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **at, size_t alignment, size_t bytes) {
    count();
    if (alignment % sizeof(void *) || !alignment || alignment & (alignment - 1)) return EINVAL;
    int before = errno;
    void *found = __libc_memalign(alignment, bytes);
    errno = before;
    if (!found) return ENOMEM;
    *at = found;
    return 0;
}
