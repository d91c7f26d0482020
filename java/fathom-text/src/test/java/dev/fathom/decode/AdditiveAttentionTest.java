package dev.fathom.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.GradientCheck;
import dev.fathom.nn.Model;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The attention that adds queries and keys before it scores them. */
class AdditiveAttentionTest {
    private static Tensor normal(long seed, int... dims) {
        return Tensor.of(new Rng(seed).normal((int) dev.fathom.op.Shape.of(dims).size(), 0, 1), dims);
    }

    private static Tensor ints(int... values) {
        return Tensor.ofInts(values, values.length);
    }

    @Test
    void theFormulaOfBahdanau() {
        int n = 2;
        int lq = 3;
        int lk = 70;
        try (Model<AdditiveAttention> model = Model.of(new AdditiveAttention(4, 6, 5), 1);
                Pass pass = Pass.infer()) {
            Tensor x = normal(8, n, lq, 4);
            Tensor memory = normal(9, n, lk, 6);
            int[] lengths = {70, 65};
            float[] found = model.net()
                    .apply(x, memory, AttentionMask.NONE.withLengths(ints(lengths)))
                    .toArray();
            float[] xs = x.toArray();
            float[] memories = memory.toArray();
            float[] w = model.net().query().weight().value().toArray();
            float[] u = model.net().key().weight().value().toArray();
            float[] s = model.net().score().weight().value().toArray();
            for (int b = 0; b < n; b++) {
                for (int i = 0; i < lq; i++) {
                    double total = 0;
                    double[] y = new double[6];
                    for (int j = 0; j < lengths[b]; j++) {
                        double score = 0;
                        for (int k = 0; k < 5; k++) {
                            double sum = 0;
                            for (int c = 0; c < 4; c++) {
                                sum += xs[(b * lq + i) * 4 + c] * w[k * 4 + c];
                            }
                            for (int c = 0; c < 6; c++) {
                                sum += memories[(b * lk + j) * 6 + c] * u[k * 6 + c];
                            }
                            score += s[k] * Math.tanh(sum);
                        }
                        total += Math.exp(score);
                        for (int c = 0; c < 6; c++) {
                            y[c] += Math.exp(score) * memories[(b * lk + j) * 6 + c];
                        }
                    }
                    for (int c = 0; c < 6; c++) {
                        assertThat(found[(b * lq + i) * 6 + c]).isCloseTo((float) (y[c] / total), within(2e-6f));
                    }
                }
            }
            Tensor weights = model.net().weights(x, memory, AttentionMask.NONE.withLengths(ints(lengths)));
            float[] added = weights.matmul(memory).toArray();
            for (int i = 0; i < found.length; i++) {
                assertThat(added[i]).isCloseTo(found[i], within(2e-6f));
            }
            assertThat(weights.slice(0, 1, 2).slice(2, 65, 70).toArray()).containsOnly(0f);
            for (float sum : weights.sum(2).toArray()) {
                assertThat(sum).isCloseTo(1, within(2e-6f));
            }
            GradientCheck.check(
                    in -> model.net().apply(in[0], in[1], AttentionMask.NONE.withLengths(ints(4, 0))),
                    2e-2,
                    model.parameters(),
                    normal(1, 2, 2, 4),
                    normal(2, 2, 5, 6));
            assertThat(model.net()
                            .apply(x, memory, AttentionMask.NONE.withLengths(ints(0, 3)))
                            .slice(0, 0, 1)
                            .toArray())
                    .containsOnly(0f);
            assertThatThrownBy(() -> model.net().apply(x, memory, AttentionMask.NONE.withBias(memory)))
                    .hasMessage("AdditiveAttention: the mask has a bias [2, 70, 6], but additive attention computes its"
                            + " own scores and takes no bias; hide keys with the mask's lengths");
            assertThatThrownBy(() -> model.net().apply(x, normal(1, 3, 2, 6), AttentionMask.NONE))
                    .hasMessage(
                            "AdditiveAttention: x [2, 3, 4] and memory [3, 2, 6] must be [batch, queries, width] and"
                                    + " [batch, keys, width] of one batch");
        }
    }
}
