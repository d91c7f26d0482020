/* The tiles of compact.h for a left side without negative numbers, from x86-64-v3 on. */
#if defined(__AVX2__)
#define FORM UNSIGNED
#include "compact_tile.h"

const struct compact_tiles int8_unsigned_tiles = COMPACT_TILES(0, 0.5);
#else
#include "compact.h"

const struct compact_tiles int8_unsigned_tiles = {0}; /* never asked for */
#endif
