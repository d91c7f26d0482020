package dev.fathom.decode;

import dev.fathom.nn.Layer;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;

/**
 * A net in which each token sees itself and those before it, and whose layers keep what they need of a token in caches,
 * so that a sequence can be read piece by piece: the stack of a GPT or of a Llama. {@link CachedDecoder} generates with
 * it, and as a layer of whole sequences it is trained. With a {@link dev.fathom.attention.TransformerEncoder} a family
 * writes the methods in a line each:
 *
 * <pre>{@code
 * public Tensor forward(Tensor tokens) {
 *     return logits(encoder.apply(positions.apply(in.apply(tokens)), AttentionMask.CAUSAL));
 * }
 *
 * public Next read(Tensor tokens, State state) {
 *     return encoder.step(positions.apply(in.apply(tokens), state.get("past")), state);
 * }
 *
 * public Tensor logits(Tensor vectors) {
 *     return out.apply(vectors);
 * }
 *
 * public State state(int batch, int capacity) {
 *     return encoder.state(batch, capacity);
 * }
 *
 * public int context() {
 *     return 1024;
 * }
 * }</pre>
 */
public interface CausalNet extends Layer {
    /**
     * Computes the logits [n, length, vocabulary] of what follows each token of whole sequences, I32 [n, length].
     * Gradients flow through all of it, as they do not through the state of {@link #read}.
     */
    @Override
    Tensor forward(Tensor tokens);

    /**
     * Reads more tokens, which stand behind those of a state.
     *
     * @param tokens I32 [n, added]
     * @param state that of {@link #state}, or what the step before returned
     * @return a vector for each token, [n, added, width], from which {@link #logits} says what follows it, and the
     *     state behind the tokens, under the same names
     */
    Next read(Tensor tokens, State state);

    /** Returns the logits [.., vocabulary] of what follows the tokens of these vectors [.., width]. */
    Tensor logits(Tensor vectors);

    /**
     * Returns the state behind which there are no tokens, in the current pass: {@code past}, I32 [batch], which counts
     * the tokens of each row, and caches [batch, capacity, ..], which hold the tokens at their front. What a cache
     * holds behind those that {@code past} counts must not change any result.
     */
    State state(int batch, int capacity);

    /** Returns how many positions there are: the most tokens that a sequence may have. */
    int context();

    /**
     * Reads more tokens and returns the logits [n, added, vocabulary] of what follows each, and the state behind them.
     */
    default Next step(Tensor tokens, State state) {
        Next top = read(tokens, state);
        return new Next(logits(top.output()), top.state());
    }
}
