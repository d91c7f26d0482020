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

int64_t fathom_conv_scratch(int64_t which, int64_t n, int64_t h, int64_t w, int64_t c, int64_t oh, int64_t ow, int64_t k, int64_t kh,
                            int64_t kw, int64_t sh, int64_t sw, int64_t dh, int64_t dw, int64_t top, int64_t left, int64_t groups) {
    (void)which, (void)n, (void)h, (void)w, (void)c, (void)oh, (void)ow, (void)k, (void)kh, (void)kw, (void)sh, (void)sw, (void)dh;
    (void)dw, (void)top, (void)left, (void)groups;
    return 64;
}
