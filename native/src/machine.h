/*
 * The caches of this machine, read once when the library is loaded. They choose how large blocks are and what goes past the caches;
 * which form a shape takes is a matter of the shape alone, so no bit of a result depends on them.
 */
#ifndef FATHOM_MACHINE_H
#define FATHOM_MACHINE_H

#include <stdint.h>

struct machine {
    int64_t l1, l2, l3; /* bytes: the data cache of a core, the L2 that it has for itself, the L3 that it shares */
    int64_t l3_cores;   /* cores that share it */
    int64_t smt;        /* threads that share a core */
    int avx512_vnni, avx_vnni; /* whether the processor multiplies bytes (compact.h), in vectors of 512 bits, of 256 */
    int avx512_bf16;           /* and pairs of bf16 */
};
extern __attribute__((visibility("hidden"))) struct machine machine;

/* floats that fill so many sixteenths of L2 */
static inline int64_t l2_floats(int64_t sixteenths) { return machine.l2 / 64 * sixteenths; }

#endif
