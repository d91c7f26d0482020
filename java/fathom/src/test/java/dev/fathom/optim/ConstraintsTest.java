package dev.fathom.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Limits of weights, which hold after every step. */
class ConstraintsTest {
    private static double norm(float[] w, int row, int columns) {
        double sum = 0;
        for (int i = row * columns; i < (row + 1) * columns; i++) {
            sum += (double) w[i] * w[i];
        }
        return Math.sqrt(sum);
    }

    /** Rows above the limit come down to it, in their direction; rows within it keep their bits, as do biases. */
    @Test
    void maxNormScalesTheRowsThatAreTooLong() {
        try (var free = Model.of(new Linear(5, 3), 1);
                var held = Model.of(new Linear(5, 3), 1);
                BoundOptimizer a = new Sgd(0.1f).on(free);
                BoundOptimizer b = new Sgd(0.1f).on(held, Group.of("*").maxNorm(1))) {
            float[] scale = {30, 0, 3};
            for (Model<Linear> m : java.util.List.of(free, held)) {
                try (Pass pass = Pass.grad()) {
                    Tensor y = m.net().apply(Tensor.of(new float[] {1, -2, 3, 0.5f, 1}, 1, 5));
                    pass.backward(y.mul(Tensor.of(scale, 3)).sum(), m);
                }
            }
            a.step();
            b.step();
            float[] loose = free.parameter("weight").value().toArray();
            float[] tight = held.parameter("weight").value().toArray();
            for (int row = 0; row < 3; row++) {
                double n = norm(loose, row, 5);
                for (int i = 5 * row; i < 5 * row + 5; i++) {
                    if (n <= 1) {
                        assertThat(tight[i]).isEqualTo(loose[i]);
                    } else {
                        assertThat((double) tight[i]).isCloseTo(loose[i] / n, within(1e-6));
                    }
                }
            }
            assertThat(norm(loose, 0, 5)).isGreaterThan(2);
            assertThat(norm(loose, 1, 5)).isLessThan(1);
            assertThat(held.parameter("bias").value().toArray())
                    .containsExactly(free.parameter("bias").value().toArray());
        }
    }

    @Test
    void aFilterIsAUnit() {
        try (var model = Model.of(new Conv(2, 4, 3), 1);
                BoundOptimizer sgd = new Sgd(5).on(model, Group.of("weight").maxNorm(0.5f))) {
            try (Pass pass = Pass.grad()) {
                pass.backward(model.net().apply(Tensor.ones(1, 5, 5, 2)).sum(), model);
            }
            sgd.step();
            float[] w = model.parameter("weight").value().toArray();
            for (int filter = 0; filter < 4; filter++) {
                assertThat(norm(w, filter, 18)).isCloseTo(0.5, within(1e-6));
            }
        }
    }

    /** As for a critic: every weight within the limit after every step, and no others are touched. */
    @Test
    void clippedWeights() {
        float[] x = new Rng(3).normal(64, 0, 1);
        float[] signs = new float[32];
        for (int i = 0; i < 32; i++) {
            signs[i] = i % 2 == 0 ? 1 : -1;
        }
        try (var data = Dataset.of(x, Shape.of(2), signs, Shape.of(1));
                var model = Model.of(new Sequential(new Linear(2, 8), Tensor::relu, new Linear(8, 1)), 1)) {
            Trainer.of(model, Loss.wasserstein(), new RmsProp(0.01f))
                    .groups(Group.of("0.*").clipWeights(0.01f))
                    .fit(data.batches(8), 2);
            for (String name : new String[] {"0.weight", "0.bias"}) {
                for (float w : model.parameter(name).value().toArray()) {
                    assertThat(Math.abs(w)).isLessThanOrEqualTo(0.01f);
                }
            }
            float most = 0;
            for (float w : model.parameter("2.weight").value().toArray()) {
                most = Math.max(most, Math.abs(w));
            }
            assertThat(most).isGreaterThan(0.1f);
        }
    }

    /** An average of weights that were within the limits is within them, also when it is a lookahead's. */
    @Test
    void averagesAreOfTheConstrainedWeights() {
        Sgd fast = new Sgd(10);
        for (Optimizer recipe :
                List.of(new Ema(fast, 0.5f), new Swa(fast, 1, 1), new Ema(new Lookahead(fast, 2, 0.5f), 0.5f))) {
            try (var model = Model.of(new Linear(4, 2), 1);
                    BoundOptimizer bound = recipe.on(
                            model,
                            Group.of("weight").clipWeights(0.01f),
                            Group.of("bias").clipWeights(0.02f))) {
                for (int i = 0; i < 3; i++) {
                    step(model, bound);
                    mustBeWithin(model);
                }
                bound.swapAverages();
                mustBeWithin(model);
                if (!recipe.toString().contains("Lookahead")) {
                    assertThat(model.parameter("weight").value().toArray()).containsOnly(-0.01f);
                    assertThat(model.parameter("bias").value().toArray()).containsOnly(-0.02f);
                }
            }
        }
    }

    private static void mustBeWithin(Model<Linear> model) {
        for (float w : model.parameter("weight").value().toArray()) {
            assertThat(Math.abs(w)).isLessThanOrEqualTo(0.01f);
        }
        for (float b : model.parameter("bias").value().toArray()) {
            assertThat(Math.abs(b)).isLessThanOrEqualTo(0.02f);
        }
    }

    /** Part of the parameters may be averaged by another recipe: the others are within their limits all the same. */
    @Test
    void aStepOfAnotherRecipeLimitsTheRestToo() {
        record Half(float learningRate) implements Optimizer {
            @Override
            public int moments() {
                return 1;
            }

            @Override
            public void step(Update update) {
                new Sgd(learningRate).step(update);
                update.with(new Ema(new Sgd(learningRate), 0.5f), p -> p.name().equals("bias"));
            }
        }
        try (var model = Model.of(new Linear(4, 2), 1);
                BoundOptimizer bound = new Half(10)
                        .on(
                                model,
                                Group.of("weight").clipWeights(0.01f),
                                Group.of("bias").clipWeights(0.02f))) {
            step(model, bound);
            mustBeWithin(model);
        }
    }

    /** The first group that matches is the one that counts, and groups can be replaced. */
    @Test
    void theFirstGroupThatMatches() {
        try (var model = Model.of(new Linear(4, 2), 1);
                BoundOptimizer sgd = new Sgd(0.1f)
                        .on(model, Group.of("weight"), Group.of("*").clipWeights(1e-3f))) {
            step(model, sgd);
            assertThat(Math.abs(model.parameter("weight").value().toArray()[0])).isGreaterThan(0.01f);
            assertThat(Math.abs(model.parameter("bias").value().toArray()[0])).isEqualTo(1e-3f);
            sgd.groups();
            step(model, sgd);
            assertThat(Math.abs(model.parameter("bias").value().toArray()[0])).isGreaterThan(0.05f);
        }
    }

    private static void step(Model<Linear> model, BoundOptimizer sgd) {
        try (Pass pass = Pass.grad()) {
            pass.backward(model.net().apply(Tensor.ones(1, 4)).sum(), model);
        }
        sgd.step();
    }

    @Test
    void limitsAreAbove0() {
        assertThatThrownBy(() -> Group.of("*").maxNorm(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("group *: maxNorm=0.0 must be above 0");
        assertThatThrownBy(() -> Group.of("*").clipWeights(Float.NaN))
                .hasMessage("group *: clipWeights=NaN must be above 0");
    }
}
