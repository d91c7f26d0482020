package dev.fathom.labs.representation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.ShortRun;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The perceptron rule to the last weight, and the functions that it learns. */
class PerceptronLabTest {
    @TempDir
    static Path temp;

    private static ShortRun run;

    @BeforeAll
    static void run() {
        run = ShortRun.of(new PerceptronLab(), 1, temp);
    }

    /** Worked by hand: the rows 00, 01, 10, 11 in turn, and 1 only where w x is above 0. */
    @Test
    void andAndOrAreLearned() {
        PerceptronRule and = PerceptronRule.learn(2, PerceptronLab.AND);
        assertThat(and.last()).containsExactly(2, 1, -2);
        assertThat(and.mistakes()).containsExactly(1, 3, 3, 2, 1, 0);
        PerceptronRule or = PerceptronRule.learn(2, PerceptronLab.OR);
        assertThat(or.last()).containsExactly(1, 1, 0);
        assertThat(or.mistakes()).containsExactly(1, 2, 1, 0);
        for (int row = 0; row < 4; row++) {
            assertThat(PerceptronRule.answer(and.last(), row)).isEqualTo(row == 3 ? 1 : 0);
            assertThat(PerceptronRule.answer(or.last(), row)).isEqualTo(row == 0 ? 0 : 1);
        }
    }

    @Test
    void xorComesBackToItsOwnWeights() {
        PerceptronRule xor = PerceptronRule.learn(2, PerceptronLab.XOR);
        assertThat(xor.solved()).isFalse();
        assertThat(xor.weights().get(2))
                .containsExactly(-1, 0, 1)
                .containsExactly(xor.weights().get(3));
        assertThat(xor.mistakes()).doesNotContain(0);
        assertThat(run.out()).contains("the weights after epoch 3 are those after epoch 2, [-1, 0, 1]");
    }

    /** The rule is gradient descent on the perceptron's loss, one row at a time, as long as no score is exactly 0. */
    @Test
    void theRuleIsASgdStepOnThePerceptronLoss() {
        float[] w = {0, 0, 0.5f};
        Linear unit = new Linear(2, 1, (shape, rng) -> new float[2]).withBias((shape, rng) -> new float[] {0.5f});
        try (Model<Linear> model = Model.of(unit, 1);
                var sgd = new Sgd(1).on(model)) {
            for (int i = 0; i < 40; i++) {
                int row = i % 4;
                float[] x = {row >> 1, row & 1};
                float t = row == 3 ? 1 : 0;
                float error = t - (w[0] * x[0] + w[1] * x[1] + w[2] > 0 ? 1 : 0);
                w[0] += error * x[0];
                w[1] += error * x[1];
                w[2] += error;
                try (Pass pass = Pass.grad()) {
                    pass.backward(
                            Loss.perceptron()
                                    .of(unit.apply(Tensor.of(x, 1, 2)), Tensor.of(new float[] {2 * t - 1}, 1, 1)),
                            model);
                    sgd.step();
                }
                try (Pass pass = Pass.infer()) {
                    assertThat(unit.weight().value().toArray()).containsExactly(w[0], w[1]);
                    assertThat(model.parameter("bias").value().item()).isEqualTo(w[2]);
                }
            }
        }
        assertThat(w).as("AND is learned").containsExactly(2, 1, -2.5f);
    }

    @Test
    void itLearnsExactlyTheFunctionsThatAHyperplaneDivides() {
        assertThat(run.figure("functions of 2 inputs learned")).isEqualTo(14);
        assertThat(run.figure("functions of 3 inputs learned")).isEqualTo(104);
        assertThat(run.figure("functions of 4 inputs learned")).isEqualTo(1882);
        assertThat(run.missed(Figure.Kind.EXACT)).isEmpty();
    }

    @Test
    void novikoffsBoundHolds() {
        assertThat(PerceptronRule.bound(2, 2, -3)).isCloseTo(51, within(1e-12));
        assertThat(PerceptronRule.bound(2, 2, -1)).isCloseTo(27, within(1e-12));
        assertThat(run.figure("corrections for AND")).isLessThan(PerceptronRule.bound(2, 2, -3));
    }

    @Test
    void thePageHasItsPictures() {
        assertThat(run.result().isFinished()).isTrue();
        assertThat(temp.resolve("planes.png")).isNotEmptyFile();
        assertThat(temp.resolve("mistakes.png")).isNotEmptyFile();
    }
}
