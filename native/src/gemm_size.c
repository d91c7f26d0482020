/* Bytes the matrix kernels ask for: the same for every ISA, and affine in m. */
#include "internal.h"

/* a row of floats in whole vectors of the widest ISA */
static int64_t padded(int64_t n) { return (n + 15) / 16 * 16; }

int64_t fathom_packed_bytes(int64_t n, int64_t k) { return padded(n) * k * 4; }

/* 64 bytes to align, the packed right side (or left, if smaller), and the transposed result, in rows of at most m + 31 floats */
int64_t fathom_linear_scratch(int64_t m, int64_t n, int64_t k) { return fathom_packed_bytes(n, k) + (n * (m + 31) + 32) * 4; }

/* of a weight gradient also the transposed left side, and the 16 partial sums of at most 15 tiles of 6 x 64 where k is long */
int64_t fathom_gemm_scratch(int64_t ta, int64_t tb, int64_t m, int64_t n, int64_t k) {
    if (tb) return fathom_linear_scratch(m, n, k);
    int64_t left = ta ? m * (padded(k) + 16) + 16 : 0, sums = ta && k >= 4096 ? 16 * 15 * 6 * 64 : 0;
    return (16 + padded(n) * k + left + sums) * 4;
}
