/* The tiles of compact.h that every processor has. */
#define FORM WIDENED
#include "compact_tile.h"

const struct compact_tiles int8_widened_tiles = COMPACT_TILES(0, 0.7);
