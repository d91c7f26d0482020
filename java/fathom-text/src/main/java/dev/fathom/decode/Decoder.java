package dev.fathom.decode;

import dev.fathom.tensor.KeptState;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.nio.FloatBuffer;
import java.util.function.BiFunction;

/**
 * A {@link NextToken} made of a step: a function of a token for each row, I32 [rows, 1], and a state, which gives the
 * logits, [rows, vocabulary] or [rows, 1, vocabulary], and the next state. The same function may train a net, which
 * then reads many tokens of each row, and be frozen.
 *
 * <pre>{@code
 * try (var model = new Decoder(net::step, encoded)) {
 *   Hypothesis best = new BeamSearch(5, STOP, 100).of(model, START).get(0).get(0);
 * }
 * }</pre>
 *
 * <p>A decoder goes on from where it stands, so that each search takes a decoder of its own.
 *
 * <p>Between steps the state is kept outside of passes ({@link KeptState#step}), so that memory does not grow with the
 * number of steps, and caches grow in place.
 */
public final class Decoder implements NextToken, AutoCloseable {
    private final BiFunction<Tensor, State, Next> step;
    private final KeptState state;

    /**
     * Makes a model from a step and a copy of the first state, which has a row for each start symbol. The state may
     * have no tensors.
     */
    public Decoder(BiFunction<Tensor, State, Next> step, State start) {
        this.step = step;
        state = new KeptState(start);
    }

    @Override
    public FloatBuffer step(int... tokens) {
        try (Pass pass = Pass.infer()) {
            Tensor logits = state.step(before -> step.apply(Tensor.ofInts(tokens, tokens.length, 1), before));
            return FloatBuffer.wrap(logits.toArray());
        }
    }

    @Override
    public void reorder(int[] parents) {
        try (Pass pass = Pass.infer()) {
            state.reorder(parents);
        }
    }

    /** Frees the state. Closing twice does nothing. */
    @Override
    public void close() {
        state.close();
    }
}
