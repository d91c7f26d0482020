package dev.fathom.optim;

import dev.fathom.kernel.Commands;

/**
 * What one step works on, as addresses.
 *
 * @param commands where to write the command
 * @param step its number, from 1
 * @param first whether it is the first of these segments
 * @param weights the block of values
 * @param gradients the block of gradients
 * @param moments the blocks of the method's moments
 * @param segments rows of (offset, count, group)
 * @param segmentCount how many rows
 * @param groups rows of (learning rate, weight decay)
 */
record Update(
        Commands commands,
        long step,
        boolean first,
        long weights,
        long gradients,
        long[] moments,
        long segments,
        int segmentCount,
        long groups) {}
