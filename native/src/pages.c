/* Fresh pages from the system. */
#define _GNU_SOURCE
#include "internal.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HUGE_PAGE = 2 << 20, FENCE = 4096 };

typedef struct {
    char *at;
    int64_t size, page;
} fresh_pages;

/* The first touch of a page takes far longer than its zeros: the system, and a host below it, look for memory. */
static void touch(void *context, int64_t part, int64_t parts) {
    fresh_pages *f = context;
    int64_t units = (f->size + HUGE_PAGE - 1) / HUGE_PAGE, end = units * (part + 1) / parts * HUGE_PAGE;
    for (int64_t i = units * part / parts * HUGE_PAGE; i < end && i < f->size; i += f->page) ((volatile char *)f->at)[i] = 0;
}

/* From 2 MiB on the address is a multiple of 2 MiB: more is mapped, and both ends are given back. */
int64_t fathom_map(int64_t bytes, int32_t how) {
    int64_t page = sysconf(_SC_PAGESIZE);
    if (bytes <= 0 || bytes > INT64_MAX - HUGE_PAGE - page) return 0;
    int64_t size = (bytes + page - 1) / page * page, slack = bytes >= HUGE_PAGE ? HUGE_PAGE - page : 0;
    int access = how & 4 ? PROT_NONE : PROT_READ | PROT_WRITE;
    char *mapped = mmap(NULL, (size_t)(size + slack), access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return 0;
    char *at = slack ? (char *)(((intptr_t)mapped + slack) / HUGE_PAGE * HUGE_PAGE) : mapped;
    int64_t front = at - mapped;
    if (front) munmap(mapped, (size_t)front);
    if (slack > front) munmap(at + size, (size_t)(slack - front));
#if defined(MADV_HUGEPAGE)
    if (how & 1) madvise(at, (size_t)size, MADV_HUGEPAGE); /* a wish: without it the pages are small */
#endif
    if (how & 2) fathom_parallel(touch, &(fresh_pages){at, size, page}, fathom_parts((double)size / 8, size / HUGE_PAGE + 1));
    if (how & 4) {
        size_t inner = size > 2 * FENCE ? (size_t)size - 2 * FENCE : 0;
        if (page != FENCE || !inner || mprotect(at + FENCE, inner, PROT_READ | PROT_WRITE)) {
            munmap(at, (size_t)size);
            return 0;
        }
        memset(at + FENCE, 0xff, inner);
    }
    return (int64_t)(intptr_t)at;
}

int32_t fathom_unmap(int64_t address, int64_t bytes) { return munmap((void *)(intptr_t)address, (size_t)bytes) ? -1 : 0; }
