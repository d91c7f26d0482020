package dev.fathom.tensor;

import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * A state that outlives the passes which compute it, in one place:
 *
 * <pre>{@code
 * try (var carried = new KeptState()) {
 *   for (Tensor piece : pieces) {
 *     try (Pass pass = Pass.infer()) {
 *       Tensor logits = carried.step(state -> net.step(piece, state));
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>In training, a trainer keeps the state of its step by itself. A kept state belongs to one thread at a time.
 */
public final class KeptState implements AutoCloseable {
    private State state = State.EMPTY;
    private Collection<KeptTensor> kept = Set.of();
    private boolean closed;

    /** Starts with the empty state, from which a recurrent layer begins with zeros. */
    public KeptState() {}

    /** Starts with a copy of this state. */
    public KeptState(State start) {
        keep(start);
    }

    /**
     * Returns the state kept last, which is a constant in every pass.
     *
     * @throws IllegalStateException if this is closed
     */
    public State state() {
        check();
        return state;
    }

    /**
     * Keeps a copy of this state in place of the one before, which is freed. What is kept already is not copied again.
     *
     * @throws IllegalStateException if this is closed
     */
    public void keep(State next) {
        check();
        if (next.tensors().isEmpty()) { // as in every step that carries no state
            reset();
            return;
        }
        Map<String, KeptTensor> now = new LinkedHashMap<>();
        Set<KeptTensor> used = new HashSet<>();
        try {
            next.tensors().forEach((name, tensor) -> now.put(name, kept(tensor, used)));
        } catch (RuntimeException | Error e) {
            free(now.values(), kept);
            throw e;
        }
        Collection<KeptTensor> before = kept;
        state = new State(Collections.unmodifiableMap(now));
        kept = now.values();
        free(before, kept);
    }

    /** A tensor in the memory that is there for it, which serves one alone, or a copy. */
    private KeptTensor kept(Tensor tensor, Set<KeptTensor> used) {
        for (KeptTensor t : kept) {
            KeptTensor same = t.successor(tensor);
            if (same != null && used.add(t)) {
                return same;
            }
        }
        return tensor.keep();
    }

    private static void free(Collection<KeptTensor> tensors, Collection<KeptTensor> except) {
        for (KeptTensor t : tensors) {
            if (except.stream().noneMatch(t::sharesMemory)) {
                t.close();
            }
        }
    }

    /**
     * Computes a step from the state that is kept, keeps the state that follows, and returns the output. A cache to
     * which rows are added is computed in its own memory, so the function must not read it after that. If the function
     * throws, call this again or {@link #reset}: a cache may have rows of the step that failed.
     *
     * @throws IllegalStateException if this is closed
     */
    public Tensor step(Function<State, Next> step) {
        check();
        kept.forEach(KeptTensor::offerMemory);
        Next next;
        try {
            next = step.apply(state);
        } finally {
            kept.forEach(KeptTensor::withdrawMemory);
        }
        keep(next.state());
        return next.output();
    }

    /**
     * Makes row i of the state what row {@code parents[i]} is now, in the current pass; see {@link State#reorder}.
     *
     * @throws IllegalStateException if this is closed
     */
    public void reorder(int... parents) {
        keep(state().reorder(parents));
    }

    /** Forgets the state, so that the next sequence begins anew. */
    public void reset() {
        free(kept, Set.of());
        state = State.EMPTY;
        kept = Set.of();
    }

    private void check() {
        if (closed) {
            throw new IllegalStateException("KeptState: it is closed; use it before the close");
        }
    }

    /** Frees the state. Closing twice does nothing. */
    @Override
    public void close() {
        closed = true;
        reset();
    }
}
