/* The tiles of int8.h that every processor of the instruction set has. */
#define INT8_VNNI 0
#include "int8_tile.h"

const struct int8_tiles int8_plain_tiles = {LEFT_BYTES, MOST_VECTORS, {TILES(ENTRY)}};
