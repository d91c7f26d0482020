/* The kernels of one instruction set, in the order of kernels.def. */
#include "isa.h"

#define KERNEL(name, args) HIDDEN int32_t FOR_ISA(kernel_##name)(const void *a, int64_t *detail);
#include "kernels.def"
#undef KERNEL

const struct kernel_table FOR_ISA(fathom_kernels) = {
    {
#define KERNEL(name, args) FOR_ISA(kernel_##name),
#include "kernels.def"
#undef KERNEL
    },
};
