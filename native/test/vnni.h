/* Kernels with and without VNNI, where the processor has it. */
#include "machine.h"

static int has_vnni, has_avx_vnni;

/* Runs what follows without VNNI, and once more with it where the processor has it for the kernels of this instruction set. */
#define FOR_EACH_FORM(isa, form)                                                                                                  \
    for (int form = 0; form <= ((isa) == 2 ? has_vnni : (isa) == 1 ? has_avx_vnni : 0); form++)                                   \
        if (use_vnni(form), fathom_int8_native() == form)
static void use_vnni(int form) { machine.avx512_vnni = form && has_vnni, machine.avx_vnni = form && has_avx_vnni; }
