/* The tiles of bf16 that every processor has: words become two vectors of floats. */
#define FORM BF16_WIDENED
#include "compact_tile.h"

const struct compact_tiles bf16_widened_tiles = COMPACT_TILES(0, 1);
