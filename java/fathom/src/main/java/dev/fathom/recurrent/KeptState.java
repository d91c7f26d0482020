package dev.fathom.recurrent;

import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A state that outlives the passes which compute it. Truncated back-propagation through time gives the state of one
 * piece of a text to the next as a constant:
 *
 * <pre>{@code
 * try (var carried = new KeptState()) {
 *   for (Batch piece : pieces) {
 *     try (Pass pass = Pass.train(rng)) {
 *       Output out = lstm.run(piece.x(), carried.state(), null);
 *       carried.keep(out.state());
 *       pass.backward(loss(out.steps(), piece.y()));
 *     }
 *   }
 * }
 * }</pre>
 *
 * <p>A trainer whose step keeps a state is told by {@code trainer.states(carried)}, so that its checkpoints hold the
 * state and its evaluations leave the state as it is; a step that keeps another one is refused. It belongs to one
 * thread at a time.
 */
public final class KeptState implements AutoCloseable {
    private @Nullable KeptTensor hidden;
    private @Nullable KeptTensor cell;
    private boolean closed;

    /** Starts without a state, from which a layer begins with zeros. */
    public KeptState() {}

    /**
     * Returns the state kept last, which is a constant in every pass, or null if there is none.
     *
     * @throws IllegalStateException if this is closed
     */
    public @Nullable State state() {
        check();
        return hidden == null ? null : new State(hidden, cell);
    }

    /**
     * Keeps a copy of this state in place of the one before, which is freed.
     *
     * @throws IllegalStateException if this is closed, or the step of a trainer keeps it that was not told of it
     */
    public void keep(State state) {
        check();
        StateAccess.kept(this);
        Tensor newCell = state.cell();
        KeptTensor h = state.hidden().keep();
        KeptTensor c;
        try {
            c = newCell == null ? null : newCell.keep();
        } catch (RuntimeException | Error e) {
            h.close();
            throw e;
        }
        reset();
        hidden = h;
        cell = c;
    }

    /** Forgets the state, so that the next sequence begins with zeros. */
    public void reset() {
        if (hidden != null) {
            hidden.close();
        }
        if (cell != null) {
            cell.close();
        }
        hidden = null;
        cell = null;
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
