/* Behind the ABI: runs commands on the kernels of the chosen instruction set, names the tables, times runs. */
#define _GNU_SOURCE
#include "internal.h"
#include "machine.h"
#include "sizes.h"
#include "tables.h"

#include <dlfcn.h>
#include <string.h>
#include <time.h>

/* ---- instruction sets ---- */

#if defined(__aarch64__)
enum { ISA_FIRST = ISA_NEON };
static const struct kernel_table *const tables[ISA_COUNT] = {[ISA_NEON] = &fathom_kernels_neon};
static const struct kernel_table *kernels = &fathom_kernels_neon;
#else
enum { ISA_FIRST = ISA_BASELINE };
static const struct kernel_table *const tables[ISA_COUNT] = {
    [ISA_BASELINE] = &fathom_kernels_baseline,
#if defined(__x86_64__) && !defined(FATHOM_BASELINE_ONLY)
    [ISA_V3] = &fathom_kernels_v3,
    [ISA_V4] = &fathom_kernels_v4,
#endif
};
static const struct kernel_table *kernels = &fathom_kernels_baseline;
#endif

/* The compiler's run-time looks at what the operating system saves of a thread's registers, too. */
int32_t fathom_best_isa(void) {
#if defined(__x86_64__) && !defined(FATHOM_BASELINE_ONLY)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("x86-64-v4")) return ISA_V4;
    if (__builtin_cpu_supports("x86-64-v3")) return ISA_V3;
#endif
    return ISA_FIRST;
}

int32_t fathom_select_isa(int32_t isa) {
    if (isa < ISA_FIRST || isa > fathom_best_isa()) return -1;
    kernels = tables[isa];
    return isa;
}

/* ---- commands ---- */

static const int32_t argument_words[KERNEL_COUNT] = {
#define KERNEL(name, args) sizeof(struct name##_args) / 8,
#include "kernels.def"
};

/* The place of the first argument word that names nothing in its enumeration, or -1. */
#define E(n, least, count)                                                                                                       \
    if (a->n < (least) || a->n >= (count)) return &a->n - words;
#define KERNEL(name, args)                                                                                                       \
    static int64_t unknown_##name(const int64_t *words) {                                                                        \
        const struct name##_args *a = (const struct name##_args *)words;                                                         \
        (void)a;                                                                                                                 \
        args return -1;                                                                                                          \
    }
#include "kernels.def"

static int64_t (*const unknown[KERNEL_COUNT])(const int64_t *words) = {
#define KERNEL(name, args) unknown_##name,
#include "kernels.def"
};

/* The status, and above it the word at which the command that failed begins. */
static int64_t failed(int32_t status, int64_t at) { return at << 32 | status; }

/* Whether the command at `at` is one; otherwise why it is none. */
static int32_t check_command(const int64_t *at, const int64_t *end, int64_t *detail) {
    uint32_t kernel = (uint32_t)at[0] & ~FATHOM_BESIDE;
    int64_t found = at[0] >> 32, expected = kernel < KERNEL_COUNT ? argument_words[kernel] : -1;
    if (found == expected && found > end - at - 1) found = end - at - 1;
    if (kernel >= KERNEL_COUNT || found != expected) {
        detail[0] = (uint32_t)at[0];
        detail[1] = found;
        detail[2] = expected;
        return FATHOM_BAD_COMMAND;
    }
    int64_t word = unknown[kernel](at + 1);
    if (word < 0) return FATHOM_OK;
    detail[0] = kernel;
    detail[1] = word;
    detail[2] = at[1 + word];
    return FATHOM_BAD_WORD;
}

static int32_t run_command(const int64_t *at, int64_t *detail) { return kernels->fn[(uint32_t)at[0] & ~FATHOM_BESIDE](at + 1, detail); }

static const int64_t *next_command(const int64_t *at) { return at + 1 + (at[0] >> 32); }

/* two commands that run at the same time, each on one thread where the pool has two */
struct pair {
    const int64_t *at[2];
    int64_t detail[2][3];
    int32_t status[2];
};

static void run_half(void *context, int64_t part, int64_t parts) {
    struct pair *p = context;
    (void)parts;
    p->status[part] = run_command(p->at[part], p->detail[part]);
}

/* the place of the one that failed, the first if both did, or 0 */
static const int64_t *run_pair(const int64_t *at, int32_t *status, int64_t *detail) {
    struct pair p = {.at = {at, next_command(at)}};
    fathom_parallel(run_half, &p, 2);
    for (int i = 0; i < 2; i++)
        if (p.status[i]) {
            memcpy(detail, p.detail[i], sizeof p.detail[i]);
            *status = p.status[i];
            return p.at[i];
        }
    return 0;
}

static int64_t run(int64_t *header, const int64_t *begin, const int64_t *end) {
    int64_t *detail = header + 1;
    for (const int64_t *at = begin; at < end; at = next_command(at)) {
        int32_t status = check_command(at, end, detail);
        if (status) return failed(status, at - begin);
        const int64_t *next = next_command(at);
        if ((uint32_t)at[0] & FATHOM_BESIDE && next < end) {
            if ((status = check_command(next, end, detail))) return failed(status, next - begin);
            const int64_t *wrong = run_pair(at, &status, detail);
            if (wrong) return failed(status, wrong - begin);
            at = next;
        } else if ((status = run_command(at, detail))) {
            return failed(status, at - begin);
        }
    }
    return FATHOM_OK;
}

/* More is a mistake in a shape, or a shape for which no machine has memory. */
enum { SCRATCH_LIMIT_BITS = 40 };

int64_t fathom_scratch_bytes(int64_t words, int64_t count) {
    const int64_t *at = (const int64_t *)(intptr_t)words;
    uint32_t kernel = count > 0 ? (uint32_t)at[0] : KERNEL_COUNT;
    if (kernel >= KERNEL_COUNT || !kernels->scratch[kernel]) return 0;
    if (count != 1 + argument_words[kernel]) return -1;
    if (unknown[kernel](at + 1) >= 0) return 0; /* the run refuses it */
    int64_t floats = kernels->scratch[kernel](at + 1);
    return floats <= ((int64_t)1 << SCRATCH_LIMIT_BITS) / 4 ? floats * 4 : -1;
}

int64_t fathom_packed_bytes(int64_t n, int64_t k) { return PRODUCT(packed_floats(n, k), 4); }

int64_t fathom_int8_bytes(int64_t n, int64_t k, int64_t runs) { return k < 0 ? INT64_MAX : int8_bytes(n, k, runs); }

int64_t fathom_bf16_bytes(int64_t n, int64_t k) { return k < 0 ? INT64_MAX : bf16_bytes(n, k); }

int64_t fathom_blocks_bytes(int64_t kind, int64_t n, int64_t k) { return blocks_bytes(kind == BLOCK_Q4, n, k); }

int32_t fathom_int8_native(void) {
#if defined(__x86_64__) && !defined(FATHOM_BASELINE_ONLY)
    if (kernels == &fathom_kernels_v4) return machine.avx512_vnni;
    if (kernels == &fathom_kernels_v3) return machine.avx_vnni;
#endif
    return 0;
}

int32_t fathom_conv_winograd(int64_t c, int64_t k, int64_t pixels) { return winograd_pays(c, k, pixels); }

static _Thread_local struct {
    int32_t on;
    int64_t nanos;
} stopwatch;

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int32_t fathom_run(int64_t words, int64_t count) {
    int64_t *header = (int64_t *)(intptr_t)words, since = stopwatch.on ? now() : 0;
    const uint64_t callers = arithmetic();
    const int foreign = (callers & ~(uint64_t)ARITHMETIC_FLAGS) != KERNEL_ARITHMETIC;
    header[1] = header[2] = header[3] = 0;
    if (foreign) set_arithmetic(KERNEL_ARITHMETIC);
    fathom_count_caller(1);
    header[0] = run(header, header + 4, header + 4 + count);
    fathom_count_caller(-1);
    if (foreign) set_arithmetic(callers);
    if (stopwatch.on) stopwatch.nanos += now() - since;
    return (int32_t)header[0];
}

void fathom_clock(int32_t on) {
    stopwatch.on = on;
    if (on) stopwatch.nanos = 0;
}

int64_t fathom_nanos(void) { return stopwatch.nanos; }

/* ---- tables ---- */

const char *fathom_table(int32_t which) {
    const char *texts[] = {fathom_kernel_text, fathom_unary_text, fathom_binary_text, fathom_integer_text, fathom_rule_text};
    return which >= 0 && which < 5 ? texts[which] : "";
}

/* ---- backend ---- */

sgemm_fn fathom_sgemm;

void fathom_set_blas(int64_t cblas_sgemm) { fathom_sgemm = (sgemm_fn)(intptr_t)cblas_sgemm; }

/* ---- tests ---- */

int64_t fathom_malloc_calls(int32_t mark) {
    int64_t (*calls)(int32_t) = (int64_t(*)(int32_t))dlsym(RTLD_DEFAULT, "fathom_malloc_count");
    return calls ? calls(mark) : -1;
}
