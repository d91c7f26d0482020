package dev.fathom.labs;

import dev.fathom.train.Classification;
import dev.fathom.train.History;

/**
 * What came of an entry.
 *
 * @param summary the table of layers
 * @param plan the settings of the training, in a line
 * @param seconds the training took
 */
record Outcome(
        Entry entry,
        long parameters,
        long multiplyAdds,
        String summary,
        String plan,
        History history,
        double seconds,
        Classification answers,
        Frozen frozen) {}
