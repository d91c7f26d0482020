package dev.fathom.attention;

import dev.fathom.tensor.Next;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.function.Function;
import java.util.function.IntFunction;

/** The states of attention: caches of layers, and how many tokens are in all of them. */
final class Caches {
    private static final String PAST = "past";

    private Caches() {}

    /** These caches, which hold no tokens yet. */
    static State empty(State caches, int batch) {
        return caches.with(PAST, Tensor.ofInts(new int[batch], batch));
    }

    /** The empty caches of the layers of a stack. */
    static State empty(int layers, IntFunction<State> cache, int batch) {
        State all = State.EMPTY;
        for (int i = 0; i < layers; i++) {
            all = all.with("layers." + i, cache.apply(i));
        }
        return empty(all, batch);
    }

    /** A step whose state also counts the tokens x that were added. */
    static Next counted(Tensor x, State state, Function<Tensor, Next> step) {
        Tensor past = state.get(PAST);
        Next next = step.apply(past);
        return new Next(next.output(), next.state().with(PAST, Positions.after(past, x.dim(1))));
    }

    /** A step of one layer, from its part of the state. */
    interface Layer {
        Next step(int i, Tensor x, State state);
    }

    /** The layers of a stack, one after another. */
    static Next through(int layers, Tensor x, State state, Layer layer) {
        Tensor y = x;
        State now = state;
        for (int i = 0; i < layers; i++) {
            Next next = layer.step(i, y, state.part("layers." + i));
            y = next.output();
            now = now.with("layers." + i, next.state());
        }
        return new Next(y, now);
    }
}
