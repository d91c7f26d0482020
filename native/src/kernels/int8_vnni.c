/* The tiles of compact.h for processors that multiply bytes: AVX512_VNNI beyond x86-64-v4, AVX_VNNI beyond x86-64-v3. */
#if defined(__AVX512F__)
#pragma GCC target("avx512vnni")
#elif defined(__AVX2__)
#pragma GCC target("avxvnni")
#endif
#if defined(__AVX2__)
#define MULTIPLIES_BYTES
#define FORM VNNI
#include "compact_tile.h"

const struct compact_tiles int8_vnni_tiles = COMPACT_TILES(128, 0.25);
#else
#include "compact.h"

const struct compact_tiles int8_vnni_tiles = {0}; /* never asked for */
#endif
