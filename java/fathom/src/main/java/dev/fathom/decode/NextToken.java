package dev.fathom.decode;

import dev.fathom.tensor.Tensor;

/**
 * A model that says what may come next, one token at a time, with a state of its own that it changes from step to step. The state has rows, one for each
 * sequence that is being written, and begins with one for each start symbol that a search is given: the state behind a prompt, or what a decoder gets from
 * an encoder. A search calls both methods on one thread, each in a pass that it opens and closes, so that what the state keeps of a step must outlive the
 * pass: {@code tensor.keep()}, arrays, or a session. {@link Carried} does that for tensors.
 */
public interface NextToken {
    /**
     * Gives each row its next token, which is first the start symbol and later what the search chose, and returns the logits of what may follow.
     *
     * @param tokens a token for each row
     * @return F32 [rows, vocabulary]; minus infinity forbids a token
     */
    Tensor logits(int[] tokens);

    /**
     * Makes row i of the state what row {@code parents[i]} is now. A row may be named several times or not at all; from here on there are as many rows as
     * parents.
     */
    void keep(int[] parents);
}
