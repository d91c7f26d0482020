/* The tiles of products of blocks for processors that multiply bytes: AVX512_VNNI beyond x86-64-v4, AVX_VNNI beyond x86-64-v3. */
#if defined(__AVX512F__)
#pragma GCC target("avx512vnni")
#elif defined(__AVX2__)
#pragma GCC target("avxvnni")
#endif
#if defined(__AVX2__)
#define MULTIPLIES_BYTES
#define FORM WORDS
#include "block_tile.h"

const struct block_tiles block_tiles_vnni = BLOCK_TILES(0.25);
#else
#include "block_products.h"

const struct block_tiles block_tiles_vnni = {0}; /* never asked for */
#endif
