package dev.fathom.train;

import dev.fathom.recurrent.KeptState;
import dev.fathom.recurrent.State;
import dev.fathom.recurrent.StateAccess;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * The states that a step keeps from batch to batch: checkpoints hold them, and what is only looked at leaves them
 * alone.
 */
final class States {
    private final List<KeptState> named = new ArrayList<>();

    void add(KeptState... all) {
        named.addAll(List.of(all));
    }

    List<KeptState> all() {
        return named;
    }

    boolean any() {
        return !named.isEmpty();
    }

    /** Runs a step, which may keep no other states: a run that is resumed would have lost them without a word. */
    <T> T stepping(Supplier<T> step) {
        return StateAccess.observed(this::check, step);
    }

    private void check(KeptState state) {
        if (named.stream().noneMatch(s -> s == state)) {
            throw new IllegalStateException("trainer: the step keeps a KeptState that the trainer does not know, which"
                    + " checkpoints would lose and evaluations would change; name it with trainer.states(carried)");
        }
    }

    /** Runs {@code body} with states that begin anew, and brings those of the training back. */
    <T> T aside(Supplier<T> body) {
        List<KeptState> held = new ArrayList<>();
        try {
            for (KeptState s : named) {
                KeptState copy = new KeptState();
                held.add(copy);
                move(s, copy);
                s.reset();
            }
            return body.get();
        } finally {
            for (int i = 0; i < held.size(); i++) {
                move(held.get(i), named.get(i));
                held.get(i).close();
            }
        }
    }

    private static void move(KeptState from, KeptState to) {
        State state = from.state();
        if (state == null) {
            to.reset();
        } else {
            to.keep(state);
        }
    }
}
