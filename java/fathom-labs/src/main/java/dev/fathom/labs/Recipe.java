package dev.fathom.labs;

import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Schedule;

/**
 * How a network is taught.
 *
 * @param words the optimizer and its rate, as people say it
 */
record Recipe(int epochs, int batch, Optimizer optimizer, Schedule schedule, String words) {
    /** All of it in a line. */
    String plan(long seed) {
        return epochs + (epochs == 1 ? " epoch" : " epochs") + " in batches of " + batch + ", " + words + ", seed "
                + seed;
    }
}
