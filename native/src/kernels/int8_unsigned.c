/* The tiles of int8.h for a left side without negative numbers, from x86-64-v3 on. */
#if defined(__AVX2__)
#define FORM UNSIGNED
#include "int8_tile.h"

const struct int8_tiles int8_unsigned_tiles = INT8_TILES(0, 0.5);
#else
#include "int8.h"

const struct int8_tiles int8_unsigned_tiles = {0}; /* never asked for */
#endif
