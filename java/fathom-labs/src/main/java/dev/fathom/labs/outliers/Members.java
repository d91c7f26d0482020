package dev.fathom.labs.outliers;

import dev.fathom.nn.Net;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The independent members of an ensemble as one network, so that they can be trained and asked together.
 *
 * @param members the auto-encoders
 */
record Members(List<RecurrentAutoencoder> members) implements Net {
    /** Makes members with skip lengths of their own. */
    static Members of(int count, int columns, RecurrentAutoencoder.Cell cell, long seed) {
        return new Members(IntStream.range(0, count)
                .mapToObj(m -> RecurrentAutoencoder.of(columns, cell, new Rng(seed).split(m)))
                .toList());
    }

    /** The mean of the members' mean squared errors. No member's gradient depends on another member. */
    Tensor error(Tensor x) {
        return members.stream()
                .map(m -> m.again(x).sub(x).square().mean())
                .reduce(Tensor::add)
                .orElseThrow()
                .mul(1f / members.size());
    }
}
