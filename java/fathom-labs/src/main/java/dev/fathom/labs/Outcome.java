package dev.fathom.labs;

import dev.fathom.train.Classification;
import dev.fathom.train.History;

/**
 * What came of an entry.
 *
 * @param summary the table of layers
 * @param plan the settings of the training, in a line
 * @param seconds the training took
 * @param milestones steps, and the accuracy on the images held out after each
 */
record Outcome(
        Entry entry,
        long parameters,
        long multiplyAdds,
        String summary,
        String plan,
        History history,
        double seconds,
        double[][] milestones,
        Classification answers,
        Frozen frozen) {}
