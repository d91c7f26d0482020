package dev.fathom.labs.outliers;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.List;

/**
 * Recurrent auto-encoders that share one code: what all encoders remember, made as short as that of one by a linear
 * layer. Each decoder begins from it.
 *
 * @param members the auto-encoders
 * @param join from all codes to one
 */
record SharedAutoencoders(List<RecurrentAutoencoder> members, Linear join) implements Net {
    static SharedAutoencoders of(List<RecurrentAutoencoder> members) {
        int hidden = RecurrentAutoencoder.HIDDEN;
        return new SharedAutoencoders(members, new Linear(members.size() * hidden, hidden));
    }

    /** The shared code [n, hidden] of x [n, t, columns]. */
    Tensor code(Tensor x) {
        return join.apply(Tensor.concat(
                1, members.stream().map(m -> m.encoder().run(x).last()).toArray(Tensor[]::new)));
    }

    /** What each member writes from the shared code: [n, t, columns] for each. */
    List<Tensor> rows(Tensor code, int t) {
        State state = State.of("hidden", code.unsqueeze(1), "cell", Tensor.zeros(code.dim(0), 1, code.dim(1)));
        return members.stream().map(m -> m.rows(state, t)).toList();
    }
}
