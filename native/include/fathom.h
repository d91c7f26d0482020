/*
 * The whole C ABI of Fathom: scalars and addresses only.
 *
 * Work reaches the kernels as commands. A command is a row of 64-bit words: word 0 holds the kernel's number (low 32 bits)
 * and the count of argument words (high 32 bits), then come the arguments in the order of kernels.def. A kernel's number and FATHOM_BESIDE
 * say that the command runs at the same time as the next one: neither touches what the other writes. An eager operation
 * is a buffer of one command, a frozen plan is a buffer of many, and both run through fathom_run: there is no second path.
 *
 * Java validates every argument before a command is written. The kernels trust their caller and never abort the process.
 */
#ifndef FATHOM_H
#define FATHOM_H

#include <stdint.h>

#define FATHOM_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* Status of a run; the words behind it say more. */
enum {
    FATHOM_OK = 0,
    FATHOM_BAD_LABEL = 1,   /* detail: row, label, classes */
    FATHOM_BAD_INDEX = 2,   /* detail: row, index, rows of the source */
    FATHOM_BAD_COMMAND = 3, /* detail: kernel, argument words found, argument words expected */
    FATHOM_BAD_LENGTH = 4,  /* detail: row, length, the most */
    FATHOM_BAD_BLANK = 5,   /* detail: row, place, the blank that is a label there */
    FATHOM_NO_STEPS = 6,    /* detail: row */
    FATHOM_BAD_WORD = 7,    /* detail: kernel, argument word, what it holds: not one of its enumeration */
    FATHOM_BAD_DIVISOR = 8, /* detail: which element of the divisor is 0 */
    FATHOM_LONG_SUM = 9     /* detail: kernel, terms of a sum, the most */
};

#define FATHOM_BESIDE (UINT32_C(1) << 31)

/*
 * Runs the commands in words[4 .. 4 + count) and stops at the first failure. The low half of words[0] receives the status, which is
 * returned too, the high half the place of the command that failed: its first word is words[4 + place]. words[1..3] receive the status's
 * detail.
 */
FATHOM_API int32_t fathom_run(int64_t words, int64_t count);

/*
 * Bytes of scratch for the S word of the command in words[0 .. count), which lies elsewhere or is not written yet; of other addresses it
 * matters only which are 0. 0 where the command needs none; -1 where it would need more than 1 TiB or its sizes make no sense.
 */
FATHOM_API int64_t fathom_scratch_bytes(int64_t words, int64_t count);

/* Instruction sets: 0 baseline, 1 x86-64-v3, 2 x86-64-v4; on 64-bit Arm only 3 NEON, and on other processors only 0. */
FATHOM_API int32_t fathom_best_isa(void);
/* Chooses the kernels; returns isa, or -1 where this processor (or this build) lacks it. Before the first run. */
FATHOM_API int32_t fathom_select_isa(int32_t isa);

/* The caches by which kernels choose the size of blocks, as a line of text for people. */
FATHOM_API const char *fathom_machine(void);

/*
 * The five tables as text, a row a line: 0 kernels (kernels.def) "name:kinds", with a letter for each argument word (D and W are words of
 * I); 1 unary (unary.def) and 2 binary (binary.def) "name:parameters:reads"; 3 integer (integer.def) "name"; 4 update rules (optim.def)
 * "name:moments:parameters". The number of parameters or moments is a count, reads are names joined by |. Another number gives an empty
 * text.
 */
FATHOM_API const char *fathom_table(int32_t which);

/*
 * Zeroed pages. map returns 0 where the system refuses; how is a sum of 1: ask for transparent huge pages, 2: touch every page now, or, for
 * tests, 4: nobody may touch the first and the last page of 4 KiB, and the bytes between them are 0xff, which is NaN in floats and -1 in
 * integers; where pages are larger it is refused.
 */
FATHOM_API int64_t fathom_map(int64_t bytes, int32_t how);
FATHOM_API int32_t fathom_unmap(int64_t address, int64_t bytes);

/* Threads. set_threads keeps 1 <= n <= 256; the calling thread counts as one. cap limits the calling thread only (0: no cap). */
FATHOM_API void fathom_set_threads(int32_t n);
FATHOM_API int32_t fathom_threads(void);
FATHOM_API void fathom_cap_threads(int32_t n);
/*
 * Keeps the calling thread and the threads that work for it on a socket: it is one of so many that compute beside each other, from 0.
 * Returns 1 if so, and 0, with nothing done, where there is one socket, or the pool has fewer threads than there are processors. 0 parts
 * let it go where it was allowed to be before.
 */
FATHOM_API int32_t fathom_settle(int32_t part, int32_t parts);
/*
 * For tests: kernels that this thread runs cut their work into n parts, or as many as it has pieces, however small it is (0: as it is
 * worth).
 */
FATHOM_API void fathom_force_parts(int32_t n);
/*
 * 0: regions run by more than one thread; 1: parts run by workers; 2: wakes of parked workers; 3: regions the caller ran alone because the
 * pool was busy.
 */
FATHOM_API int64_t fathom_pool_counter(int32_t which);

/* Nanoseconds this thread has spent inside fathom_run since fathom_clock(1) was called; fathom_clock(0) stops counting. */
FATHOM_API void fathom_clock(int32_t on);
FATHOM_API int64_t fathom_nanos(void);

/* Bytes of a packed w[n, k] */
FATHOM_API int64_t fathom_packed_bytes(int64_t n, int64_t k);
/* Bytes of w[n, k] packed as int8, each row in so many runs; INT64_MAX where they are too many to count. */
FATHOM_API int64_t fathom_int8_bytes(int64_t n, int64_t k, int64_t runs);
/* Bytes of w[n, k] packed as bf16. */
FATHOM_API int64_t fathom_bf16_bytes(int64_t n, int64_t k);
/* Bytes of w[n, k] in blocks, of Q8 (0) or Q4 (1); INT64_MAX where they are too many to count. */
FATHOM_API int64_t fathom_blocks_bytes(int64_t kind, int64_t n, int64_t k);
/* 1 where the chosen kernels multiply bytes by an instruction for that (VNNI), else 0: then they widen them, which pays less. */
FATHOM_API int32_t fathom_int8_native(void);
/*
 * 1 if the packed filters of a convolution are those of winograd_pack, 0 if those of linear_pack: of one with 3 by 3 taps of stride and
 * dilation 1 from c channels in one group to k, where the smaller side of the result has so many pixels.
 */
FATHOM_API int32_t fathom_conv_winograd(int64_t c, int64_t k, int64_t pixels);

/*
 * Calls of malloc and its kin by this thread and the pool's workers, where the library of native/test/malloc_count.c is preloaded,
 * else -1. mark 1 starts from 0, 0 tells the calls since then.
 */
FATHOM_API int64_t fathom_malloc_calls(int32_t mark);

/* The BLAS backend: 0 for our kernels, else the address of a cblas_sgemm. */
FATHOM_API void fathom_set_blas(int64_t cblas_sgemm);

#ifdef __cplusplus
}
#endif

#endif
