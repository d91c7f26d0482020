package dev.fathom.labs;

import dev.fathom.train.Classification;
import dev.fathom.train.History;

/**
 * What came of an entry.
 *
 * @param summary the table of layers
 * @param plan the settings of the training, in a line
 * @param seconds the training took
 * @param curve epochs, or steps where the lab looks more often, and the accuracy on the images held out after each
 */
record Outcome(
        Entry entry,
        long parameters,
        long multiplyAdds,
        String summary,
        String plan,
        History history,
        double seconds,
        double[][] curve,
        Classification answers,
        Frozen frozen) {}
