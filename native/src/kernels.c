/*
 * All kernels of one ISA. CMake compiles this file once per ISA (-march and -DFATHOM_ISA=baseline|v3|v4); everything in it is
 * static but the table at its end, so that the objects live side by side in one library and dispatch is a pointer.
 */
#include "internal.h"

#include "vec.h"

#include "loops.h"
#include "elementwise.h"
#include "reduce.h"
#include "gather.h"
#include "integer.h"
#include "permute.h"
#include "softmax.h"
#include "cross_entropy.h"
#include "random.h"
#include "optim.h"
#include "gemm.h"
#include "conv.h"
#include "pad.h"
#include "pool.h"
#include "resize.h"
#include "augment.h"
#include "norm.h"

#define TABLE_(isa) fathom_kernels_##isa
#define TABLE(isa) TABLE_(isa)

#define KERNEL(name, args) \
    static int32_t run_##name(const void *a, int64_t *detail) { return k_##name((const struct name##_args *)a, detail); }
#include "kernels.def"
#undef KERNEL

const struct kernel_table TABLE(FATHOM_ISA) = {
    {
#define KERNEL(name, args) run_##name,
#include "kernels.def"
#undef KERNEL
    },
};
