package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A linear layer whose rows have few numbers that are not 0. */
class SparseLinearTest {
    /**
     * A sparse layer loads the file of a linear layer, and computes of sparse rows what that computes of the rows
     * written out.
     */
    @Test
    void sparseRowsAreRowsOfALinearLayer(@TempDir Path folder) {
        int vocabulary = 300;
        try (var dense = Model.of(new Linear(vocabulary, 5), 1);
                var sparse = Model.of(new SparseLinear(vocabulary, 5).padding(-1), 2)) {
            dense.save(folder.resolve("linear"));
            sparse.load(folder.resolve("linear"));
            int[] ids = {7, 299, 7, -1, 0, 12, 299, 3};
            float[] counts = {2, 0.5f, 1, 9, 3, 1, -1, 9};
            float[] rows = new float[2 * vocabulary];
            for (int i = 0; i < ids.length; i++) {
                if (ids[i] >= 0 && i != 7) { // the second row has three words
                    rows[i / 4 * vocabulary + ids[i]] += counts[i];
                }
            }
            try (Pass pass = Pass.train(new Rng(1))) {
                Tensor y = sparse.net()
                        .apply(Tensor.ofInts(ids, 2, 4), Tensor.ofInts(new int[] {4, 3}, 2), Tensor.of(counts, 2, 4));
                Tensor expected = dense.net().apply(Tensor.of(rows, 2, vocabulary));
                Golden.assertClose("y", y.toArray(), expected.toArray(), 1e-6, 1e-6);
                pass.backward(y.square().sum().add(expected.square().sum()));
                Golden.assertClose(
                        "dW",
                        sparse.net().weight().gradient().permute(1, 0).toArray(),
                        dense.net().weight().gradient().toArray(),
                        1e-6,
                        1e-6);
                Golden.assertClose(
                        "db",
                        sparse.net().bias().gradient().toArray(),
                        dense.net().bias().gradient().toArray(),
                        1e-6,
                        1e-6);
            }
            assertThat(sparse.net().weight().gradientRows())
                    .as("without what lies beyond a length")
                    .containsExactly(0, 7, 12, 299);
            try (Pass pass = Pass.infer()) {
                assertThat(sparse.net()
                                .apply(Tensor.ofInts(new int[] {-1, -1}, 1, 2))
                                .toArray())
                        .as("all padding: the bias alone")
                        .isEqualTo(sparse.net().bias().value().toArray());
                assertThatThrownBy(() -> sparse.net().apply(Tensor.ofInts(new int[] {1, 300}, 1, 2)))
                        .hasMessage(
                                "embedding_bag: index 300 at row 1 is outside [0, 300): give the number of a row that"
                                        + " exists");
            }
        }
        assertThatThrownBy(() -> new SparseLinear(3, 0)).hasMessage("SparseLinear: out=0 must be at least 1");
    }
}
