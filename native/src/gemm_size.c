/* Bytes the matrix kernels ask for: the same for every ISA, and affine in m. */
#include "gemm_size.h"

int64_t fathom_packed_bytes(int64_t n, int64_t k) { return padded(n) * k * 4; }

/* 64 bytes to align, the packed right side (or left, if smaller), and the transposed result, in rows of at most m + 31 floats */
int64_t fathom_linear_scratch(int64_t m, int64_t n, int64_t k) { return fathom_packed_bytes(n, k) + (n * (m + 31) + 32) * 4; }

/* of a weight gradient also the transposed left side, and where k is long the partial sums of a split one */
int64_t fathom_gemm_scratch(int64_t ta, int64_t tb, int64_t m, int64_t n, int64_t k) {
    if (tb) return fathom_linear_scratch(m, n, k);
    int64_t left = ta ? m * (padded(k) + 16) + 16 : 0;
    int64_t sums = ta && k >= SPLIT_FROM ? SPLITS * (SPLITS - 1) * SPLIT_ROWS * SPLIT_COLUMNS : 0;
    return (16 + padded(n) * k + left + sums) * 4;
}

int64_t fathom_gemm_batch_scratch(int64_t ta, int64_t tb, int64_t m, int64_t n, int64_t k) {
    return batch_slots(m, n, k) * (fathom_gemm_scratch(ta, tb, m, n, k) + 64);
}
