package dev.fathom.labs.outliers;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * An ensemble of recurrent auto-encoders as one network (Kieu et al. 2019). Each decoder begins with its own encoder's
 * code (independent framework, IF), or all begin with a shared one (SF): all codes, made as short as one by a linear
 * layer. A code has 8 numbers in both.
 *
 * @param members the auto-encoders, each with a skip length of its own
 * @param join from all codes to one; null for independent members
 */
record RecurrentEnsemble(
        List<RecurrentAutoencoder> members, @Nullable Linear join) implements Net {
    /** The weight of the L1 norm of the shared code. */
    static final float SPARSITY = 1e-5f;

    /** Makes members whose connections depend on the seed and on their numbers. */
    static RecurrentEnsemble of(int count, int columns, RecurrentAutoencoder.Cell cell, boolean shared, long seed) {
        int hidden = RecurrentAutoencoder.HIDDEN;
        return new RecurrentEnsemble(
                IntStream.range(0, count)
                        .mapToObj(m -> RecurrentAutoencoder.of(columns, cell, new Rng(seed).split(m)))
                        .toList(),
                shared ? new Linear(count * hidden, hidden) : null);
    }

    /** The shared code [n, hidden] of x [n, t, columns]. */
    private Tensor code(Linear join, Tensor x) {
        return join.apply(Tensor.concat(1, members.stream().map(m -> m.code(x)).toArray(Tensor[]::new)));
    }

    private List<Tensor> decoded(Tensor code, int t) {
        return members.stream().map(m -> m.rows(code, t)).toList();
    }

    /** What each member writes for x [n, t, columns]. */
    List<Tensor> again(Tensor x) {
        return join == null ? members.stream().map(m -> m.again(x)).toList() : decoded(code(join, x), x.dim(1));
    }

    /**
     * With a shared code, its L1 norm and the sum of the members' mean squared errors; without one, the mean of these
     * errors, in which no member's gradient depends on another member. Each member is squared before the sum.
     */
    Tensor loss(Tensor x) {
        if (join == null) {
            return again(x).stream()
                    .map(again -> error(again, x))
                    .reduce(Tensor::add)
                    .orElseThrow()
                    .mul(1f / members.size());
        }
        Tensor code = code(join, x);
        Tensor sum = code.abs().sum().mul(SPARSITY / x.dim(0));
        for (Tensor again : decoded(code, x.dim(1))) {
            sum = sum.add(error(again, x));
        }
        return sum;
    }

    /** The mean squared error of what was written for x. */
    static Tensor error(Tensor again, Tensor x) {
        return again.sub(x).square().mean();
    }
}
