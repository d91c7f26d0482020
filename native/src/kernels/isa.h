/*
 * A unit of kernels is compiled once per instruction set (-march and -DFATHOM_ISA=baseline|v3|v4|neon), so that its objects live side by
 * side in one library and dispatch is a pointer. What other units see of it bears the name of the instruction set.
 */
#ifndef FATHOM_ISA_H
#define FATHOM_ISA_H

#include "internal.h"

#define FOR_ISA_NAMED(name, isa) name##_##isa
#define FOR_ISA_OF(name, isa) FOR_ISA_NAMED(name, isa)
#define FOR_ISA(name) FOR_ISA_OF(name, FATHOM_ISA)
#define HIDDEN __attribute__((visibility("hidden")))

/* gives k_name of this unit to the table of kernels (table.c) */
#define EXPORT(name)                                                                                                             \
    HIDDEN int32_t FOR_ISA(kernel_##name)(const void *a, int64_t *detail) { return k_##name(a, detail); }
/* The kernel has an S word, and the function `scratch` tells how many floats it needs. */
#define EXPORT_SCRATCH(name, scratch)                                                                                            \
    HIDDEN int64_t FOR_ISA(scratch_##name)(const void *a) { return scratch(a); }

#endif
