package dev.fathom.decode;

import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.tensor.Sorted;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The most probable tokens behind a step of a model: {@code k} for each row, the best first, of equals the lowest token
 * first. They are computed by a plan in memory that stays, so that a step allocates nothing on the heap.
 */
final class Choices implements AutoCloseable {
    private record Nothing() implements Net {}

    private final String search;
    private final int stop;
    private final int wanted;
    private @Nullable Plan plan;
    private @Nullable Session session;
    /** Of the session, whose last rows are idle where there are fewer now. */
    private int room;

    private int rows;
    private int vocabulary;
    private FloatBuffer logits = FloatBuffer.allocate(0);
    private FloatBuffer logProbabilities = logits;
    private IntBuffer tokens = IntBuffer.allocate(0);

    /** The {@code wanted} most probable tokens of each row, or all of them if there are fewer or it is 0. */
    Choices(String search, int stop, int wanted) {
        this.search = search;
        this.stop = stop;
        this.wanted = wanted;
    }

    /** Lets the model take a step, and returns its logits [rows, vocabulary], which may still be changed. */
    FloatBuffer read(NextToken model, int[] next) {
        FloatBuffer given = model.step(next);
        rows = next.length;
        if (given.limit() == 0
                || given.limit() % rows != 0
                || vocabulary > 0 && given.limit() != (long) rows * vocabulary) {
            throw new IllegalArgumentException(search + ": the model gave " + given.limit() + " logits for " + rows
                    + " tokens; it must give [" + rows + ", " + (vocabulary > 0 ? vocabulary : "vocabulary") + "]");
        }
        vocabulary = given.limit() / rows;
        if (stop >= vocabulary) {
            throw new IllegalArgumentException(search + ": stop=" + stop + " is outside the vocabulary of " + vocabulary
                    + "; give one of its tokens, or -1 if there is none");
        }
        if (rows > room || rows <= room / 2) {
            make();
        }
        return logits.put(0, given, 0, given.limit());
    }

    private void make() {
        close();
        int k = k();
        try (Model<Nothing> none = Model.of(new Nothing(), 1)) {
            plan = Plan.freeze(
                    none,
                    (net, in) -> {
                        Sorted best = in[0].logSoftmax(1).topk(1, k);
                        return Map.of("values", best.values(), "tokens", best.indices());
                    },
                    Spec.of("logits", rows, vocabulary));
        }
        session = plan.newSession();
        logits = session.input("logits");
        room = rows;
    }

    /** Computes the choices of the logits as they are now. */
    void choose(int step) {
        Session session = this.session;
        if (session == null) {
            throw new IllegalStateException(search + ": the model was not asked");
        }
        session.run();
        logProbabilities = session.output("values");
        tokens = session.intOutput("tokens");
        for (int row = 0; row < rows; row++) {
            if (Float.isNaN(logProbability(row * k()))) { // it counts as the largest
                throw bad(row, step);
            }
        }
    }

    /** What makes a row of logits no distribution. */
    private IllegalArgumentException bad(int row, int step) {
        for (int i = 0; i < vocabulary; i++) {
            float logit = logits.get(row * vocabulary + i);
            if (Float.isNaN(logit) || logit == Float.POSITIVE_INFINITY) {
                return new IllegalArgumentException(search + ": the logit of token " + i + " in row " + row
                        + " at step " + step + " is " + logit + "; the model has diverged, or divides by zero");
            }
        }
        return new IllegalArgumentException(search + ": all logits of row " + row + " at step " + step
                + " are -Infinity; let the model allow one token");
    }

    int vocabulary() {
        return vocabulary;
    }

    /** How many choices each row has. */
    int k() {
        return wanted == 0 ? vocabulary : Math.min(wanted, vocabulary);
    }

    /** The token of a choice: those of row 0 come first. */
    int token(int at) {
        return tokens.get(at);
    }

    float logProbability(int at) {
        return logProbabilities.get(at);
    }

    /** Frees the memory; a further step takes it anew. */
    @Override
    public void close() {
        if (session != null) {
            session.close();
        }
        if (plan != null) {
            plan.close();
        }
        room = 0;
    }
}
