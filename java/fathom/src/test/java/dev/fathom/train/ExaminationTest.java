package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Padding;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.SequenceLayer;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Parameter;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is looked at before and during training: the trainer's check, and the statistics of layers. */
class ExaminationTest {
    // ---- the check

    private static Dataset points(int n, float scale) {
        float[] x = new Rng(1).uniform(2 * n, -scale, scale);
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = x[2 * i] > x[2 * i + 1] ? 1 : 0;
        }
        return Dataset.of(x, Shape.of(2), labels);
    }

    private static Check check(Layer net, float scale) {
        try (var model = Model.of(net, 1);
                Dataset data = points(64, scale)) {
            float[] before = model.parameters().get(0).value().toArray();
            Check check = Trainer.of(model, Loss.crossEntropy(), new Adam(0.02f))
                    .clipNorm(5)
                    .check(data.shuffled(1).batches(16));
            assertThat(model.parameters().get(0).value().toArray())
                    .as("on copies")
                    .isEqualTo(before);
            return check;
        }
    }

    private static String sentence(Check check, String name) {
        return check.findings().stream()
                .filter(f -> f.name().equals(name))
                .map(f -> f.passed() + " " + f.sentence())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void whatIsAsItShouldBePasses() {
        Check check = check(new Sequential(new Linear(2, 16), Tensor::tanh, new Dropout(0.1f), new Linear(16, 2)), 1);
        assertThat(check.findings().stream().map(Check.Finding::name))
                .containsExactly("start loss", "one batch", "inputs", "examples", "outputs");
        assertThat(check.passed()).as(check.toString()).isTrue();
        assertThat(sentence(check, "start loss")).endsWith(", where chance (logits of zeros) has 0.6931");
        assertThat(sentence(check, "one batch")).matches("true its loss falls from 0\\.\\d+ to 0\\.\\d+ in \\d+ steps");
        assertThat(sentence(check, "examples")).isEqualTo("true the output of each depends on that example alone");
        assertThat(check.toString().lines()).hasSize(5).allMatch(l -> l.startsWith("ok     "));
    }

    @Test
    void featuresTooLargeShowInTheStartLoss() {
        Check check = check(new Sequential(new Linear(2, 16), new Linear(16, 2)), 1000);
        assertThat(check.passed()).isFalse();
        assertThat(sentence(check, "start loss"))
                .startsWith("false ")
                .endsWith(" is far above 0.6931, that of chance (logits of zeros); scale the features, or begin with"
                        + " smaller weights");
    }

    private static Parameter zeros(int... shape) {
        return new Parameter(Shape.of(shape), Init.zeros());
    }

    /** The second loss is that after the steps it names: w + b of (w + b - 2)^2 begins at 0 and nears 2. */
    @Test
    void theLossOfOneBatchIsThatAfterItsSteps() {
        float rate = 5e-5f;
        try (Dataset data = Dataset.of(new float[] {1, 1}, Shape.of(1), new float[] {2, 2}, Shape.of(1));
                var model = Model.of(new Linear(zeros(1, 1), zeros(1), null), 1)) {
            Check check = Trainer.of(model, Loss.mse(), new Sgd(rate)).check(data.batches(2));
            assertThat(sentence(check, "one batch"))
                    .startsWith(String.format(
                            Locale.ROOT,
                            "false its loss goes from 4.000 to %.4g in 300 steps",
                            4 * Math.pow(1 - 4 * rate, 600)));
        }
    }

    /** Its inputs do not matter: it answers with its bias. */
    private record Deaf(Linear linear) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return linear.apply(x.mul(0));
        }
    }

    @Test
    void aModelThatDoesNotListenIsFound() {
        Check check = check(new Deaf(new Linear(2, 2)), 1);
        assertThat(sentence(check, "one batch"))
                .startsWith("false its loss goes from ")
                .contains(" in 300 steps, and what cannot learn one batch by heart learns nothing from more; try ");
        assertThat(sentence(check, "inputs")).startsWith("false after 100 steps the loss is ");
        assertThat(check.toString()).contains("wrong  inputs: ");
    }

    /** Every example sees the mean of all. */
    private record Mixing(Linear linear) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return linear.apply(x.sub(x.mean(0)));
        }
    }

    @Test
    void anExampleThatSeesAnotherIsFound() {
        assertThat(sentence(check(new Mixing(new Linear(2, 2)), 1), "examples"))
                .isEqualTo("false the output of example 0 depends on example 1; look for a reshape or a reduction that "
                        + "mixes the batch");
    }

    private static String outputs(Layer net, Loss loss, Dataset data) {
        try (var model = Model.of(net, 1)) {
            return sentence(Trainer.of(model, loss, new Adam(0.02f)).check(data.batches(16)), "outputs");
        }
    }

    @Test
    void outputsThatTheLossCannotMeanAreFound() {
        Layer softmax = x -> x.softmax(-1);
        Layer log = x -> x.logSoftmax(-1);
        float[] y = new float[64];
        try (Dataset data = points(64, 1);
                Dataset floats = Dataset.of(new Rng(1).normal(128, 0, 1), Shape.of(2), y, Shape.of(1));
                Dataset ofOne = Dataset.of(new Rng(1).normal(128, 0, 1), Shape.of(2), new int[64])) {
            assertThat(outputs(new Sequential(new Linear(2, 2), softmax), Loss.crossEntropy(), data))
                    .isEqualTo(
                            "false the outputs are probabilities already, and this loss takes their softmax once more,"
                                    + " which hardly learns; leave the softmax out of the net, and take it of what the"
                                    + " trained net gives");
            assertThat(outputs(new Linear(2, 1), Loss.crossEntropy(), ofOne))
                    .startsWith("false the outputs [16, 1] have one class, whose probability is always 1")
                    .endsWith("or take Loss.bceWithLogits() for one logit");
            assertThat(outputs(new Linear(2, 2), Loss.nll(), data))
                    .startsWith("false the outputs are no log-probabilities");
            assertThat(outputs(new Sequential(new Linear(2, 2), log), Loss.nll(), data))
                    .startsWith("true ");
            assertThat(outputs(new Linear(2, 2), Loss.crossEntropy(), data)).startsWith("true ");
            assertThat(outputs(new Sequential(new Linear(2, 1), Tensor::sigmoid), Loss.bceWithLogits(), floats))
                    .startsWith("false the net ends with a sigmoid");
            assertThat(outputs(new Sequential(new Linear(2, 1), Tensor::sigmoid), Loss.bce(), floats))
                    .startsWith("true ");
        }
    }

    /** Says that it heeds lengths, and takes the mean over all steps. */
    private record MeanOfSteps(boolean mask) implements SequenceLayer {
        @Override
        public Tensor forward(Tensor x, @Nullable Tensor lengths) {
            if (!mask || lengths == null) {
                return x.mean(1);
            }
            float[] shares = new float[x.dim(0) * x.dim(1)];
            int[] n = lengths.toIntArray();
            for (int i = 0; i < shares.length; i++) {
                int row = i / x.dim(1);
                shares[i] = i % x.dim(1) < n[row] ? 1f / n[row] : 0;
            }
            return x.mul(Tensor.of(shares, x.dim(0), x.dim(1), 1)).sum(1);
        }

        @Override
        public boolean keepsSteps() {
            return false;
        }
    }

    /** Says that it heeds lengths, and shows each step what comes next, which is padding after the last one. */
    private record Next() implements SequenceLayer {
        @Override
        public Tensor forward(Tensor x, @Nullable Tensor lengths) {
            return x.add(x.roll(1, -1));
        }
    }

    private static String padding(Layer net, Dataset data) {
        try (var model = Model.of(net, 1)) {
            return sentence(
                    Trainer.of(model, Loss.crossEntropy(), new Adam(0.02f)).check(data.batches(4)), "padding");
        }
    }

    @Test
    void aNetThatReadsItsPaddingIsFound() {
        int[][] x = {{1, 2, 3, 4}, {2, 1}, {3, 4, 4}, {4, 3, 2, 1}};
        int[][] tags = {{0, 1, 0, 1}, {0, 1}, {0, 1, 1}, {1, 1, 0, 0}};
        try (Dataset words = Dataset.of(
                        Field.ragged("x", x).input(),
                        Field.labels("y", 0, 1, 0, 1).target());
                Dataset front = words.padded("x", Padding.front());
                Dataset tagged = Dataset.of(
                        Field.ragged("x", x).input(), Field.ragged("y", tags).target());
                Dataset even = Dataset.of(
                        Field.ragged("x", new int[][] {{1, 2}, {2, 3}, {3, 4}, {4, 1}})
                                .input(),
                        Field.labels("y", 0, 1, 0, 1).target())) {
            Supplier<Layer> careless =
                    () -> new Sequential(new Embedding(5, 3), new MeanOfSteps(false), new Linear(3, 2));
            assertThat(padding(careless.get(), words))
                    .matches("false output \\[[01]\\] of example 1 is -?[\\d.]+ for its 2 steps alone and "
                            + "-?[\\d.]+ with 2 steps of"
                            + " padding; let each layer that mixes steps read the lengths, as a "
                            + "SequenceLayer is told"
                            + " them");
            String fine = "true an example of 2 steps gives the same alone and with 2 steps of padding";
            assertThat(padding(new Sequential(new Embedding(5, 3), new MeanOfSteps(true), new Linear(3, 2)), words))
                    .isEqualTo(fine);
            assertThat(padding(
                            new Sequential(
                                    new Embedding(5, 3),
                                    Recurrent.gru(3, 4).paddedInFront().lastStep(),
                                    new Linear(4, 2)),
                            front))
                    .isEqualTo(fine);
            assertThat(padding(
                            new Sequential(
                                    new Embedding(5, 3), Recurrent.gru(3, 4).bidirectional(), new Linear(8, 2)),
                            tagged))
                    .isEqualTo(fine);
            assertThat(padding(new Embedding(5, 2), tagged)).isEqualTo(fine); // is told no lengths and needs none
            assertThat(padding(new Sequential(new Embedding(5, 3), new Next(), new Linear(3, 2)), tagged))
                    .startsWith("false output [1, ");
            assertThat(padding(careless.get(), even))
                    .isEqualTo("true all examples of a batch have 2 steps, so that none is padded");
        }
    }

    /** Each of these takes the softmax or the sigmoid itself, and so does its sum. */
    @Test
    void aSoftmaxOrASigmoidThatIsTakenTwiceIsFoundForEveryLoss() {
        Layer softmax = x -> x.softmax(-1);
        float[] x = new Rng(1).normal(128, 0, 1);
        float[] ones = new float[64];
        Arrays.fill(ones, 1);
        try (Dataset labels = points(64, 1);
                Dataset signs = Dataset.of(x, Shape.of(2), ones, Shape.of(1));
                Dataset rows = Dataset.of(x, Shape.of(2), new Rng(2).normal(128, 0, 1), Shape.of(2));
                Dataset sequences = Dataset.of(
                        Field.floats("x", Shape.of(4, 2), x).input(),
                        Field.ints("y", Shape.of(1), new int[16]).target())) {
            for (Loss loss : List.of(
                    Loss.crossEntropy().sum(),
                    Loss.squaredEarthMover(),
                    Loss.squaredEarthMover().sum())) {
                assertThat(outputs(new Sequential(new Linear(2, 2), softmax), loss, labels))
                        .as(loss.toString())
                        .startsWith("false the outputs are probabilities already");
            }
            assertThat(outputs(new Sequential(new Linear(2, 2), softmax), Loss.distillation(2), rows))
                    .startsWith("false the outputs are probabilities already");
            assertThat(outputs(
                            new Sequential(new Linear(2, 2), softmax),
                            Loss.ctc().blank(1),
                            sequences))
                    .startsWith("false the outputs are probabilities already");
            assertThat(outputs(new Linear(2, 2), Loss.ctc().blank(1), sequences))
                    .startsWith("true ");
            assertThat(outputs(new Linear(2, 2), Loss.kl(), labels)).startsWith("false the outputs are no log-prob");
            Sequential sigmoids = new Sequential(new Linear(2, 2), Tensor::sigmoid);
            assertThat(outputs(sigmoids, Loss.oneVsRest(), labels)).startsWith("false the net ends with a sigmoid");
            for (Loss loss : List.of(
                    Loss.bceWithLogits().sum(), Loss.logistic(), Loss.logistic().sum())) {
                assertThat(outputs(new Sequential(new Linear(2, 1), Tensor::sigmoid), loss, signs))
                        .as(loss.toString())
                        .startsWith("false the net ends with a sigmoid");
            }
            assertThat(outputs(new Linear(2, 1), Loss.logistic(), signs)).startsWith("true ");
        }
    }

    // ---- losses of which zeros are no answer, and losses below zero

    private static Check check(Layer net, Loss loss, Dataset data, Optimizer optimizer) {
        try (var model = Model.of(net, 1)) {
            return Trainer.of(model, loss, optimizer).check(data.shuffled(1).batches(16));
        }
    }

    /** Points with a float that follows from them: 0 or 1, a sign, or a count. */
    private static Dataset floats(float no, float yes) {
        float[] x = new Rng(1).uniform(128, -1, 1);
        float[] y = new float[64];
        for (int i = 0; i < 64; i++) {
            y[i] = x[2 * i] > x[2 * i + 1] ? yes : no;
        }
        return Dataset.of(x, Shape.of(2), y, Shape.of(1));
    }

    @Test
    void lossesOfWhichZerosAreNoAnswerPass() {
        Layer log = x -> x.logSoftmax(-1);
        try (Dataset labels = points(64, 1);
                Dataset shares = floats(0, 1);
                Dataset signs = floats(-1, 1);
                Dataset counts = floats(1, 5)) {
            Optimizer adam = new Adam(0.05f);
            for (Check c : List.of(
                    check(new Sequential(new Linear(2, 2), log), Loss.nll(), labels, adam),
                    check(new Sequential(new Linear(2, 1), Tensor::sigmoid), Loss.bce(), shares, adam),
                    check(new Sequential(new Linear(2, 2), Tensor::softplus), Loss.gaussianNll(false), shares, adam),
                    check(new Linear(2, 1), Loss.wasserstein(), signs, adam),
                    check(new Linear(2, 1), Loss.poissonNll(false), counts, adam))) {
                assertThat(c.passed()).as(c.toString()).isTrue();
            }
        }
    }

    /** A loss below zero has no least value to be near, but one that stays where it was was not learned. */
    @Test
    void aLossBelowZeroThatDoesNotFallIsFound() {
        Loss below = (y, t) -> Loss.mse().of(y, t).sub(5);
        try (Dataset data = floats(-1, 1)) {
            Check still = check(new Linear(2, 1), below, data, new Sgd(1e-12f));
            assertThat(sentence(still, "one batch")).startsWith("false its loss goes from -");
            Check deaf = check(new Deaf(new Linear(2, 1)), below, data, new Sgd(0.1f));
            assertThat(sentence(deaf, "inputs")).startsWith("false ");
            Check learns = check(new Linear(2, 1), below, data, new Sgd(0.1f));
            assertThat(learns.passed()).as(learns.toString()).isTrue();
        }
    }

    @Test
    void aLossThatBecomesNaNIsNamed() {
        try (Dataset data = floats(-1, 1)) {
            Check check = check(new Linear(2, 1), Loss.mse(), data, new Sgd(1e30f));
            assertThat(sentence(check, "inputs"))
                    .matches("false its loss becomes (NaN|Infinity) within 100 steps; lower the learning rate, or clip"
                            + " the gradients");
            Layer quotient = new Sequential(x -> x.div(x), new Linear(2, 1));
            assertThat(sentence(check(quotient, Loss.mse(), data, new Sgd(1e-3f)), "inputs"))
                    .isEqualTo("false its loss becomes NaN within 100 steps where all inputs are zero; lower the"
                            + " learning rate, or clip the gradients");
        }
    }

    @Test
    void aLossThatIsNoNumberIsNamed() {
        try (var model = Model.of(new Linear(2, 2), 1);
                Dataset data = points(64, 1)) {
            Loss each = (y, t) -> y.square();
            assertThatThrownBy(() -> Trainer.of(model, each, new Adam(0.1f)).fit(data.batches(16), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "trainer: the loss is [16, 2], but it must be a single number to be minimized; reduce it,"
                                    + " for example with mean(), or make a ReducedLoss of it, whose mean comes "
                                    + "with it");
        }
    }

    @Test
    void aCustomStepIsExaminedAsFarAsItShows() {
        try (var model = Model.of(new Linear(2, 2), 1);
                Dataset data = points(64, 1)) {
            Check check = Trainer.custom(
                            model,
                            new Adam(0.1f),
                            (net, batch) -> new Step.Result(net.apply(batch.x()).crossEntropy(batch.y())))
                    .check(data.batches(16));
            assertThat(check.findings().stream().map(Check.Finding::name))
                    .containsExactly("start loss", "one batch", "inputs");
            assertThat(check.passed()).as(check.toString()).isTrue();
        }
        try (var model = Model.of(new Linear(2, 2), 1);
                Dataset data = points(64, 1)) {
            Check check = Trainer.custom(model, new Adam(0.1f), (net, batch) -> {
                        throw new IllegalStateException("not today");
                    })
                    .check(data.batches(16));
            assertThat(check.findings())
                    .allMatch(f -> f.sentence().equals("could not be examined: not today") && !f.passed());
        }
    }
}
