package dev.fathom.decode;

import dev.fathom.plan.Session;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * A model that says what may come next, one token at a time, with a state of its own that it changes from step to step.
 * The state has rows, one for each sequence that is being written, and begins with one for each start symbol or prompt
 * that a search is given: a state of zeros, or what a decoder gets from an encoder. A search calls all methods on one
 * thread, and outside of passes: a model that computes with tensors opens a pass for each step, and keeps its state in
 * what outlives it, such as {@code tensor.keep()}, arrays, or a session. {@link #of(Session)} is such a model made of a
 * frozen plan, {@link CachedDecoder.Sequences} one made of a net with caches, and {@link Decoder} one made of the step
 * itself.
 */
public interface NextToken {
    /**
     * Gives each row its next token, which is first the start symbol and later what the search chose, and returns the
     * logits of what may follow, F32 [rows, vocabulary] from 0 to the limit; minus infinity forbids a token. The search
     * has done with them when it calls the model again, so that they may lie in the same memory at every step. A model
     * that computes a tensor returns {@code FloatBuffer.wrap(tensor.toArray())}.
     *
     * @param tokens a token for each row
     */
    FloatBuffer step(int... tokens);

    /**
     * Reads at once what it can of the prompts with which a search begins, one for each row, and returns the rest of
     * each, at least its last token, which the search gives it token by token. By default it reads nothing.
     *
     * @param prompts at least one token for each row
     */
    default int[][] prefill(int[]... prompts) {
        return prompts;
    }

    /**
     * Makes row i of the state what row {@code parents[i]} is now. A row may be named several times or not at all; from
     * here on there are as many rows as parents.
     */
    void reorder(int[] parents);

    /**
     * Returns a model that runs this frozen session. The session's first input is a token for each row, I32 [batch] or
     * [batch, 1], and its output the logits [batch, vocabulary] or [batch, 1, vocabulary]. Its state is what it
     * carries; beside this it returns nothing but the logits. {@link #of(Session, String)} takes one that does.
     *
     * <pre>{@code
     * Plan plan = Plan.freeze(model, (net, in, state) -> net.step(in[0], state), net -> net.lstm().state(1),
     *     Spec.of("token", DType.I32, Dim.BATCH, 1));
     * Session session = plan.newSession(5);
     * new BeamSearch(5, STOP, 100).of(NextToken.of(session), START);
     * }</pre>
     *
     * <p>The session's batch is the largest number of rows that a search may use: one for each sequence, times the
     * width of a beam. It computes all of its rows at every step, whether a sequence is in them or not. What it carries
     * goes on from search to search; {@link Session#reset} begins anew. Its other inputs, such as what an encoder made
     * of a sentence, must be written before every search, because a search moves their rows with the state. A step
     * copies none of the state except where rows move, and allocates nothing on the heap.
     *
     * @throws IllegalArgumentException if the first input or the output has another shape, or there are other outputs;
     *     a step throws it if the search needs more rows than the session has
     * @throws IllegalStateException if the first input is not I32; a step throws it if the output is not F32
     */
    static NextToken of(Session session) {
        List<String> results = session.resultNames();
        if (results.size() != 1) {
            throw new IllegalArgumentException("NextToken.of: beside what it carries, the session returns " + results
                    + "; name the logits among them: NextToken.of(session, \"...\")");
        }
        return of(session, results.get(0));
    }

    /**
     * Returns a model that runs this frozen session, whose output of this name is the logits. The session may return
     * other results, such as the weights of attention, which {@link Session#output(String)} gives after a step.
     *
     * @throws IllegalArgumentException as {@link #of(Session)}, or if there is no output of this name
     * @throws IllegalStateException as {@link #of(Session)}
     */
    static NextToken of(Session session, String logits) {
        return new SessionModel(session, logits);
    }
}
