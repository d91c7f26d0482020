/* The tiles of int8.h that every processor has. */
#define FORM WIDENED
#include "int8_tile.h"

const struct int8_tiles int8_widened_tiles = INT8_TILES(0, 0.7);
