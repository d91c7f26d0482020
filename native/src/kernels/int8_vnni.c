/* The tiles of int8.h for processors that multiply bytes: AVX512_VNNI beyond x86-64-v4, AVX_VNNI beyond x86-64-v3. */
#if defined(__AVX512F__)
#pragma GCC target("avx512vnni")
#elif defined(__AVX2__)
#pragma GCC target("avxvnni")
#endif
#if defined(__AVX2__)
#define FORM VNNI
#include "int8_tile.h"

const struct int8_tiles int8_vnni_tiles = INT8_TILES(128, 0.25);
#else
#include "int8.h"

const struct int8_tiles int8_vnni_tiles = {0}; /* never asked for */
#endif
