package dev.fathom.decode;

import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.TensorAccess;
import java.util.Arrays;
import java.util.function.BiFunction;

/**
 * A {@link NextToken} whose state is tensors [rows, ..], such as hidden states, or a cache of keys and values that
 * grows: a function of a token for each row, I32 [rows], and the state gives the logits and the next state. Between
 * steps the state is kept outside of passes, so that memory does not grow with the number of steps. A cache grows in
 * place ({@link dev.fathom.attention.KeyValue#with}), so the function must not use a cache after it was added to.
 *
 * <pre>{@code
 * try (var model = new Decoder((token, state) -> {
 *       Tensor h = cell.next(embedding.apply(token), state[0]);
 *       return new Decoder.Step(output.apply(h), h);
 *     }, encoded)) {
 *   Hypothesis best = new BeamSearch(5, STOP, 100).of(model, START).get(0).get(0);
 * }
 * }</pre>
 */
public final class Decoder implements NextToken, AutoCloseable {
    private final BiFunction<Tensor, Tensor[], Step> step;
    private KeptTensor[] state;
    private boolean closed;

    /** What a step gives: logits [rows, vocabulary], and the state [rows, ..] for the next one. */
    public record Step(Tensor logits, Tensor... state) {}

    /**
     * Makes a model from a step function and a copy of the first state, which has a row for each start symbol. The
     * state may have no tensors.
     *
     * @param step from a token for each row, I32 [rows], and the state
     */
    public Decoder(BiFunction<Tensor, Tensor[], Step> step, Tensor... start) {
        this.step = step;
        state = kept(start);
    }

    private static KeptTensor[] kept(Tensor... tensors) {
        KeptTensor[] all = new KeptTensor[tensors.length];
        for (int i = 0; i < all.length; i++) {
            all[i] = tensors[i].keep();
        }
        return all;
    }

    private void replace(Tensor... next) {
        KeptTensor[] old = state;
        KeptTensor[] now = new KeptTensor[next.length];
        for (int i = 0; i < now.length; i++) {
            now[i] = TensorAccess.keep(next[i], old);
        }
        state = now;
        for (KeptTensor t : old) {
            if (Arrays.stream(now).noneMatch(n -> TensorAccess.shareMemory(n, t))) {
                t.close();
            }
        }
    }

    private void check() {
        if (closed) {
            throw new IllegalStateException("Decoder: it is closed; use it before the close");
        }
    }

    @Override
    public Tensor logits(int[] tokens) {
        check();
        Tensor[] now = Arrays.copyOf(state, state.length, Tensor[].class); // so that a step may store any tensor in it
        Tensor token = Tensor.ofInts(tokens, tokens.length);
        // the state is replaced, so that a cache with a row more needs no copy
        Step next = TensorAccess.offering(state, () -> step.apply(token, now));
        replace(next.state());
        return next.logits();
    }

    @Override
    public void reorder(int[] parents) {
        check();
        Tensor index = Tensor.ofInts(parents, parents.length);
        Tensor[] next = new Tensor[state.length];
        for (int i = 0; i < next.length; i++) {
            next[i] = state[i].take(0, index);
        }
        replace(next);
    }

    /** Frees the state. Closing twice does nothing. */
    @Override
    public void close() {
        closed = true;
        for (KeptTensor t : state) {
            t.close();
        }
    }
}
