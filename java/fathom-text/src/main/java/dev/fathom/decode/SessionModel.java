package dev.fathom.decode;

import dev.fathom.op.Shape;
import dev.fathom.plan.Session;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * A session as a model. The rows of a search are the first ones of its batch; the others are idle and read the token of
 * the first.
 */
final class SessionModel implements NextToken {
    private final Session session;
    private final IntBuffer tokens;
    private final String logits;
    private final int vocabulary;
    private int rows;

    SessionModel(Session session, String logits) {
        this.session = session;
        this.logits = logits;
        tokens = session.intInput();
        Shape in = session.inputShape(0);
        Shape out = session.outputShape(logits);
        int batch = session.batch();
        if (in.size() != batch || out.rank() < 2 || out.dim(0) != batch || out.size() != (long) batch * out.dim(-1)) {
            throw new IllegalArgumentException("NextToken.of: the session reads tokens " + in + " and gives logits "
                    + out + " at batch " + batch + ", but a step is one token for each row: the first input must be ["
                    + batch + "] or [" + batch + ", 1] and the logits [" + batch
                    + ", vocabulary]; give a session of length 1 whose plan returns the logits of the last token");
        }
        vocabulary = out.dim(-1);
    }

    @Override
    public FloatBuffer step(int... next) {
        check(next.length);
        rows = next.length;
        tokens.put(0, next);
        for (int idle = rows; idle < session.batch(); idle++) {
            tokens.put(idle, next[0]); // and not what a search left there, which may be no token
        }
        session.run();
        return session.output(logits).limit(rows * vocabulary);
    }

    @Override
    public void reorder(int[] parents) {
        check(parents.length);
        int[] from = Arrays.copyOf(parents, Math.max(rows, parents.length));
        // a row that falls idle begins anew, so that its cache is not full before that of a sequence
        Arrays.fill(from, parents.length, from.length, -1);
        session.reorder(from);
        rows = parents.length;
    }

    private void check(int wanted) {
        if (wanted > session.batch()) {
            throw new IllegalArgumentException("NextToken.of: the search needs " + wanted
                    + " rows but the session has a batch of " + session.batch()
                    + "; make a session whose batch is at least " + wanted);
        }
    }
}
