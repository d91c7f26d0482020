/* Products of matrices for other kernels, as the kernels gemm and linear compute them, and the floats of scratch that these take. */
#ifndef FATHOM_GEMM_H
#define FATHOM_GEMM_H

#include "isa.h"

#define gemm_run FOR_ISA(gemm_run)
HIDDEN void gemm_run(const struct gemm_args *a);
#define gemm_scratch FOR_ISA(gemm_scratch)
HIDDEN int64_t gemm_scratch(const struct gemm_args *a);
#define linear_run FOR_ISA(linear_run)
HIDDEN void linear_run(const struct linear_args *a);
#define linear_scratch FOR_ISA(linear_scratch)
HIDDEN int64_t linear_scratch(const struct linear_args *a);

#endif
