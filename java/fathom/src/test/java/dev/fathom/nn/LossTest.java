package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Losses on the numbers of the courses, and their gradients. */
class LossTest {
    private static double crossEntropyOf(double... probabilities) {
        float[] logits = new float[probabilities.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) Math.log(probabilities[i]);
        }
        try (Pass pass = Pass.infer()) {
            return Loss.crossEntropy()
                    .of(Tensor.of(logits, 1, logits.length), Tensor.ofInts(new int[] {0}, 1))
                    .item();
        }
    }

    /** Neural Networks, slide "Cross entropy": B has the lower loss and the wrong class, A the other way round. */
    @Test
    void crossEntropyOfTheSlide() {
        assertThat(crossEntropyOf(0.4, 0.3, 0.3)).isCloseTo(0.916290732, within(2e-7));
        assertThat(crossEntropyOf(0.45, 0.5, 0.05)).isCloseTo(0.798507696, within(2e-7));
    }

    /** The gradient is (softmax - onehot) / rows; a common shift of the logits changes nothing. */
    @Test
    void crossEntropyIsAMeanOverRowsWhoseGradientIsPMinusOnehot() {
        float[] logits = {5, 2, 0, -2, 0, 0, 0, 0, 1000, -1000, 0, 0};
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(logits, 3, 4));
            Tensor loss = Loss.crossEntropy().of(x, Tensor.ofInts(new int[] {0, 3, 0}, 3));
            // softmax of <5, 2, 0, -2> as in AI basics, log sum exp 5.0558479597; then log 4; then 0
            assertThat((double) loss.item()).isCloseTo((0.0558479597 + Math.log(4) + 0) / 3, within(1e-6));
            pass.backward(loss);
            float third = 1f / 3;
            assertThat(pass.gradient(x).toArray())
                    .containsExactly(
                            new float[] {
                                (0.9456829079f - 1) * third,
                                0.0470827796f * third,
                                0.0063719613f * third,
                                0.0008623512f * third,
                                third / 4,
                                third / 4,
                                third / 4,
                                -third * 0.75f,
                                0,
                                0,
                                0,
                                0
                            },
                            offset(1e-7f));
            for (int i = 0; i < 4; i++) {
                logits[i] += 30;
            }
            Tensor shifted = Loss.crossEntropy().of(Tensor.of(logits, 3, 4), Tensor.ofInts(new int[] {0, 3, 0}, 3));
            assertThat(shifted.item()).isCloseTo(loss.item(), within(1e-6f));
        }
    }

    /**
     * Neural Networks, slide "Mean squared error": y = [1, 2, 3] against 0; the slide's half sum is 7, ours is the
     * mean.
     */
    @Test
    void meanSquaredError() {
        try (Pass pass = Pass.grad()) {
            Tensor q = pass.watch(Tensor.zeros(3));
            Tensor loss = Loss.mse().of(q, Tensor.of(new float[] {1, 2, 3}, 3));
            assertThat(loss.item()).isCloseTo(4.6666667f, within(1e-6f));
            pass.backward(loss);
            assertThat(pass.gradient(q).toArray()).containsExactly(new float[] {-2 / 3f, -4 / 3f, -2}, offset(1e-6f));
        }
    }

    /** CS155, logistic loss at a score of 2: log(1 + exp(-y s)) for y = 1 and -1; and it stays finite at +-1000. */
    @Test
    void binaryCrossEntropyOnLogits() {
        float[] s = {2, 2, 1000, 1000, -1000, -1000, 0};
        float[] t = {1, 0, 1, 0, 1, 0, 0.5f};
        double[] expected = {0.126928011, 2.126928011, 0, 1000, 1000, 0, Math.log(2)};
        try (Pass pass = Pass.grad()) {
            for (int i = 0; i < s.length; i++) {
                Tensor x = pass.watch(Tensor.of(new float[] {s[i]}, 1));
                Tensor loss = Loss.bceWithLogits().of(x, Tensor.of(new float[] {t[i]}, 1));
                assertThat((double) loss.item()).isCloseTo(expected[i], within(3e-7));
                pass.backward(loss);
                assertThat((double) pass.gradient(x).item()).isCloseTo(1 / (1 + Math.exp(-s[i])) - t[i], within(1e-7));
            }
            Tensor mean =
                    Loss.bceWithLogits().of(Tensor.of(new float[] {2, 2}, 2, 1), Tensor.of(new float[] {1, 0}, 2, 1));
            assertThat((double) mean.item()).isCloseTo((0.126928011 + 2.126928011) / 2, within(3e-7));
        }
    }

    @Test
    void targetsMustFit() {
        try (Pass pass = Pass.infer()) {
            Tensor logits = Tensor.zeros(2, 3);
            assertThatThrownBy(() -> Loss.crossEntropy().of(logits, Tensor.ofInts(new int[] {0, 3}, 2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("cross_entropy: label 3 at row 1 is outside [0, 3): labels are class numbers, "
                            + "one less than the logits' last dimension at most");
            assertThatThrownBy(() -> Loss.crossEntropy().of(logits, Tensor.ofInts(new int[] {0, 1, 2}, 3)))
                    .hasMessage("cross_entropy: logits [2, 3] and labels [3] disagree: logits.dim(0)=2 but "
                            + "labels.dim(0)=3; "
                            + "give one class number a row");
            assertThatThrownBy(() -> Loss.mse().of(Tensor.zeros(2, 1), Tensor.zeros(2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("mse: output [2, 1] and target [2] differ; reshape the target to [2, 1]");
            assertThatThrownBy(() -> Loss.bceWithLogits().of(logits, Tensor.zeros(3)))
                    .hasMessage("bceWithLogits: output [2, 3] and target [3] differ; give each output its target");
        }
    }
}
