/**
 * From the outputs of a net to sequences of tokens, and how good they are. {@link dev.fathom.decode.NextToken} is a
 * model that says what may come next; {@link dev.fathom.decode.Greedy}, {@link dev.fathom.decode.Sampling} and
 * {@link dev.fathom.decode.BeamSearch} write with it. {@link dev.fathom.decode.ScheduledSampling} makes the inputs of a
 * decoder in training, {@link dev.fathom.decode.CtcDecoding} reads what a net that was trained with {@code Loss.ctc()}
 * says, and {@link dev.fathom.decode.Bleu} and {@link dev.fathom.decode.ErrorRate} compare texts with references.
 * {@link dev.fathom.decode.Seq2Seq} is a network from one sequence to another, whose {@link dev.fathom.decode.Writer}
 * serves any encoder, and {@link dev.fathom.decode.Gpt} a small one that continues a text.
 *
 * <p>A search knows nothing of nets. Its model is an object with a state of its own: hidden states, a cache of keys and
 * values, a frozen session, a table of counts. All that a search asks of it is to take one token for each row and to
 * put rows in the place of others, so that every hypothesis that is alive, of every sentence, is a row of one batch,
 * and a step is one call. {@link dev.fathom.decode.CachedDecoder} makes such models of a
 * {@link dev.fathom.decode.CausalNet}, as a plan with caches, and {@link dev.fathom.decode.Decoder} is one made of a
 * function from a token and a {@link dev.fathom.tensor.State} to logits and the next state. Log-probabilities and the
 * best tokens of a row are found by the kernels; what is left for Java are the few candidates.
 *
 * <p>Results do not depend on how many rows go together, and nothing is left to chance: of equal scores the hypothesis
 * that was better before wins, then the lower token, and sampling draws from an {@code Rng}.
 *
 * <p>Rejected: a state as a value that searches hold and hand on (a session has none to give), searches as methods of
 * layers (a frozen plan has none), and a search inside a plan (its length depends on what it finds).
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.decode;
