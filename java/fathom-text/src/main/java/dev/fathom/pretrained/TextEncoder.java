package dev.fathom.pretrained;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Tensor;

/** A net that reads the tokens of texts and gives a vector for each of them. */
public interface TextEncoder extends Net {
    /** Returns the vectors [1, tokens, width] of the tokens, which are 0 or meaningless behind the last text. */
    Tensor encode(TextBatch texts);

    /** Returns the vectors of the tokens themselves, which a head that fills in words shares. */
    Embedding words();

    /** Returns the length of the vectors. */
    int width();

    /** Returns the number of tokens that there are, so that ids are below it. */
    int vocabulary();

    /** Returns the most tokens that a text may have. */
    int context();
}
