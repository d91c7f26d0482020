/* The kernels of one instruction set, in the order of kernels.def, and what tells the scratch of those that have an S word. */
#include "isa.h"

#define KERNEL(name, args)                                                                                                       \
    HIDDEN int32_t FOR_ISA(kernel_##name)(const void *a, int64_t *detail);                                                       \
    HIDDEN int64_t FOR_ISA(scratch_##name)(const void *a);
#include "kernels.def"
#undef KERNEL

/* An S among the arguments puts a comma in front of the function, which is then the second choice; else that is the 0 behind it. */
#define SECOND(first, second, ...) second
#define CHOICE(...) SECOND(__VA_ARGS__)
#define I(n)
#define E(n, least, count)
#define F(n)
#define D(n)
#define P(n)
#define A(n)
#define Q(n)
#define B(n)
#define L(n)
#define W(n)
#define S(n) 0,

const struct kernel_table FOR_ISA(fathom_kernels) = {
    .fn =
        {
#define KERNEL(name, args) FOR_ISA(kernel_##name),
#include "kernels.def"
#undef KERNEL
        },
    .scratch =
        {
#define KERNEL(name, args) CHOICE(args FOR_ISA(scratch_##name), 0, 0),
#include "kernels.def"
#undef KERNEL
        },
};
