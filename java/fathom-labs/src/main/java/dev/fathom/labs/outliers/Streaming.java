package dev.fathom.labs.outliers;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.plan.Spec;
import dev.fathom.recurrent.Output;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Scores of a series row by row, as the rows come. A frozen session carries what the encoders of an ensemble remember
 * from row to row; after each row every decoder writes its first row, which is the one that was read last. The score is
 * the median of their squared errors.
 *
 * <p>A member with skip connections of length L remembers its last L hidden states, and reads each row from the mean of
 * the newest and the oldest of them. Its encoder has connections of both kinds at every step,
 * {@link RecurrentAutoencoder.Cell.RSCN}: draws belong to the steps of a window, which a stream has not.
 */
final class Streaming implements AutoCloseable {
    private static final int HIDDEN = RecurrentAutoencoder.HIDDEN;
    private static final int MOST_LAG = RecurrentAutoencoder.MOST_LAG;

    private final Model<RecurrentEnsemble> model;
    private final Plan plan;
    private final Session session;

    /** Takes the trained members over; those models cannot be used any more. */
    Streaming(List<RecurrentAutoencoder> members) {
        int n = members.size();
        int columns = members.get(0).out().weight().shape().dim(0);
        model = Model.adopt(new RecurrentEnsemble(members, null), 0);
        plan = Plan.freeze(
                model,
                (net, in, state) -> step(net.members(), in[0], state.get("hidden"), state.get("cell")),
                net -> State.of("hidden", Tensor.zeros(n, MOST_LAG, HIDDEN), "cell", Tensor.zeros(n, 1, HIDDEN)),
                Spec.of("row", 1, 1, columns));
        session = plan.newSession().threads(1);
    }

    /**
     * The squared error of each member [members], and the state: its hidden states, the newest first [members, 10,
     * hidden], and its cells [members, 1, hidden].
     */
    private static Next step(List<RecurrentAutoencoder> members, Tensor row, Tensor hidden, Tensor cells) {
        int n = members.size();
        Tensor[] errors = new Tensor[n];
        Tensor[] states = new Tensor[n];
        Tensor[] memories = new Tensor[n];
        for (int m = 0; m < n; m++) {
            RecurrentAutoencoder member = members.get(m);
            int lag = Objects.requireNonNull(member.encoder().settings().skip()).lag();
            Tensor past = hidden.slice(0, m, m + 1);
            Tensor both = past.slice(1, 0, 1).add(past.slice(1, lag - 1, lag)).mul(0.5f);
            Output read = member.encoder().run(row, State.of("hidden", both, "cell", cells.slice(0, m, m + 1)));
            errors[m] = member.rows(read.last(), 1).sub(row).square().sum().reshape(Shape.of(1));
            states[m] = Tensor.concat(1, read.state().get("hidden"), past.slice(1, 0, MOST_LAG - 1));
            memories[m] = read.state().get("cell");
        }
        return new Next(
                Tensor.concat(0, errors),
                State.of("hidden", Tensor.concat(0, states), "cell", Tensor.concat(0, memories)));
    }

    /** Reads the next row and returns its score. */
    double score(float... next) {
        session.set("row", next).run();
        var errors = session.output();
        return Averages.median(
                IntStream.range(0, errors.capacity()).mapToDouble(errors::get).toArray());
    }

    /** Forgets all rows. */
    void reset() {
        session.reset();
    }

    @Override
    public void close() {
        session.close();
        plan.close();
        model.close();
    }
}
