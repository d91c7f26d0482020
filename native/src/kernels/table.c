/* The kernels of one instruction set, in the order of kernels.def, and what tells the scratch of those that have an S word. */
#include "isa.h"

#define KERNEL(name, args)                                                                                                       \
    HIDDEN int32_t FOR_ISA(kernel_##name)(const void *a, int64_t *detail);                                                       \
    HIDDEN int64_t FOR_ISA(scratch_##name)(const void *a);
#include "kernels.def"

/* An S among the arguments puts a comma in front of the function, which is then the second choice; else that is the 0 behind it. */
#define SECOND(first, second, ...) second
#define CHOICE(...) SECOND(__VA_ARGS__)

const struct kernel_table FOR_ISA(fathom_kernels) = {
    .fn =
        {
#define KERNEL(name, args) FOR_ISA(kernel_##name),
#include "kernels.def"
        },
    .scratch =
        {
#define S(n) 0,
#define KERNEL(name, args) CHOICE(args FOR_ISA(scratch_##name), 0, 0),
#include "kernels.def"
        },
};
