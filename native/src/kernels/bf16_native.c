/* The tiles of bf16 for processors that multiply pairs of them: AVX512_BF16 beyond x86-64-v4. */
#if defined(__AVX512F__)
#pragma GCC target("avx512bf16")
#define FORM BF16_NATIVE
#include "compact_tile.h"

const struct compact_tiles bf16_native_tiles = COMPACT_TILES(0, 0.5);
#else
#include "compact.h"

const struct compact_tiles bf16_native_tiles = {0}; /* never asked for */
#endif
