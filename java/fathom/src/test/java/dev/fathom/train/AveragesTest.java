package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.CrossEntropy;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Losses and metrics of several batches are those of all their examples together, whatever counts and however often.
 */
class AveragesTest {
    private static Map<String, Double> evaluated(Dataset data, int batch, Loss loss, Metric... metrics) {
        try (var model = Model.of(new Sequential(), 1)) {
            return Trainer.of(model, loss, new Sgd(1)).metrics(metrics).evaluate(data.batches(batch));
        }
    }

    // ---- one logit

    /** Four logits of which three are on the right side of 0; argmax of one column would be right always. */
    @Test
    void aSingleLogitIsRightOnItsSideOfZero() {
        float[] logits = {1.5f, -2, 0.5f, 0};
        int[] labels = {1, 0, 0, 0};
        float[] targets = {1, 0, 0, 0};
        try (Dataset floats = Dataset.of(logits, Shape.of(1), targets, Shape.of(1))) {
            assertThat(evaluated(floats, 3, Loss.bceWithLogits(), Metric.accuracy()))
                    .containsEntry("accuracy", 0.75);
            assertThatThrownBy(() -> evaluated(floats, 4, Loss.bce(), Metric.accuracy()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("accuracy reads logits")
                    .hasMessageContaining("Metric.binaryAccuracy(0.5f)");
        }
        try (Pass pass = Pass.infer()) {
            Tensor column = Tensor.of(logits, 4, 1);
            Tensor row = Tensor.of(logits, 4);
            for (Tensor y : List.of(column, row)) {
                for (Tensor t : List.of(
                        Tensor.ofInts(labels, 4),
                        Tensor.ofInts(labels, 4, 1),
                        Tensor.of(targets, 4),
                        Tensor.of(targets, 4, 1))) {
                    assertThat(Metric.accuracy().of(y, t)).isEqualTo(new Metric.Sum(3, 4));
                }
            }
            // mixed labels, of which the more probable one counts
            assertThat(Metric.accuracy().of(column, Tensor.of(new float[] {0.7f, 0.7f, 0.2f, 0.5f}, 4, 1)))
                    .isEqualTo(new Metric.Sum(2, 4));
            assertThatThrownBy(() -> Metric.accuracy().of(column, Tensor.ofInts(new int[] {0, 1, 2, 1}, 4)))
                    .hasMessage(
                            "accuracy: the target 2 belongs to an output [4, 1] of one logit, which tells two classes"
                                    + " apart; give targets 0 and 1, or a net with a logit for each class");
            assertThatThrownBy(() -> Metric.accuracy().of(column, Tensor.of(new float[] {0, -1, 1, 1}, 4, 1)))
                    .hasMessageContaining("the target -1.0 belongs to an output [4, 1] of one logit");
            for (Metric m : List.of(Metric.topAccuracy(1), Metric.brier(), Metric.perplexity())) {
                assertThatThrownBy(() -> m.of(column, Tensor.ofInts(labels, 4)))
                        .as(m.name())
                        .hasMessageContaining("needs a logit for each of at least 2 classes");
            }
        }
    }

    /** One example is a batch as any other: 3 says class 1, and -3 class 0. */
    @Test
    void aBatchOfOneExampleCounts() {
        try (Pass pass = Pass.infer()) {
            for (Tensor y : List.of(Tensor.of(new float[] {3}, 1, 1), Tensor.of(new float[] {3}, 1))) {
                for (int label : new int[] {0, 1}) {
                    for (Tensor t : List.of(
                            Tensor.ofInts(new int[] {label}, 1),
                            Tensor.ofInts(new int[] {label}, 1, 1),
                            Tensor.of(new float[] {label}, 1),
                            Tensor.of(new float[] {label}, 1, 1))) {
                        for (Metric m : List.of(Metric.accuracy(), Metric.binaryAccuracy())) {
                            assertThat(m.of(y, t))
                                    .as("%s of %s and %s", m.name(), y, t)
                                    .isEqualTo(new Metric.Sum(label, 1));
                            assertThat(m.of(y.neg(), t)).isEqualTo(new Metric.Sum(1 - label, 1));
                        }
                    }
                }
            }
            Tensor one = Tensor.of(new float[] {3}, 1, 1);
            assertThatThrownBy(() -> Metric.binaryAccuracy().of(one, Tensor.scalar(1)))
                    .hasMessage("binary_accuracy: output [1, 1] and target [] differ; give one target for each output");
        }
    }

    /** Keras's BinaryAccuracy counts every column. */
    @Test
    void severalLabelsOfOneExampleCountEach() {
        try (Pass pass = Pass.infer()) {
            Tensor y = Tensor.of(new float[] {1, -1, 2, -3, 4, 0.1f}, 2, 3);
            Tensor t = Tensor.of(new float[] {1, 0, 0, 0, 1, 1}, 2, 3);
            assertThat(Metric.binaryAccuracy().of(y, t)).isEqualTo(new Metric.Sum(5, 6));
            assertThat(Metric.binaryAccuracy(0.5f).of(y, t)).isEqualTo(new Metric.Sum(4, 6));
            assertThatThrownBy(() -> Metric.accuracy().of(y, t))
                    .hasMessageContaining("is no distribution over classes")
                    .hasMessageContaining("Metric.binaryAccuracy()");
            assertThatThrownBy(() -> Metric.binaryAccuracy().of(y, Tensor.zeros(2)))
                    .hasMessage(
                            "binary_accuracy: output [2, 3] and target [2] differ; give one target for each output");
        }
    }

    // ---- a class without a score

    /** The score of the last class is 0, so that one of 2 says the first of two classes, and one of -2 the second. */
    @Test
    void metricsSeeTheScoreOfTheBaseline() {
        float[] scores = {2, -2, 1, -1};
        try (Dataset two = Dataset.of(scores, Shape.of(1), new int[] {0, 1, 0, 0});
                Dataset three = Dataset.of(scores, Shape.of(2), new int[] {0, 2});
                Dataset none = Dataset.of(
                        Field.floats("x", Shape.of(2), new float[] {-2, -1, 3, 1})
                                .input(),
                        Field.ints("y", Shape.SCALAR, new int[] {2, IGNORED}).target())) {
            Loss loss = Loss.crossEntropyWithBaseline();
            for (Loss each : List.of(loss, Loss.crossEntropyWithBaseline().sum())) {
                Map<String, Double> found = evaluated(
                        two, 3, each, Metric.accuracy(), Metric.topAccuracy(1), Metric.perplexity(), Metric.brier());
                assertThat(found).containsEntry("accuracy", 0.75).containsEntry("top1_accuracy", 0.75);
                assertThat(found.get("perplexity")).isCloseTo(Math.exp(found.get("loss")), within(1e-6));
            }
            Map<String, Double> found = evaluated(three, 2, loss, Metric.accuracy(), Metric.perplexity());
            assertThat(found).containsEntry("accuracy", 0.5);
            assertThat(found.get("perplexity")).isCloseTo(Math.exp(found.get("loss")), within(1e-6));
            assertThat(evaluated(none, 1, Loss.crossEntropyWithBaseline().ignoreIndex(IGNORED), Metric.accuracy()))
                    .containsEntry("accuracy", 1.0);
        }
    }

    // ---- tokens

    /** Three sentences of ten tokens, of which a right answer has 20 against 0 and a wrong one 0 against 20. */
    @Test
    void tokensCountEach() {
        int[] y = new int[30];
        float[] logits = new float[60];
        for (int i = 0; i < 30; i++) {
            y[i] = i % 3 == 0 ? 1 : 0;
            logits[2 * i + (i < 6 ? 1 - y[i] : y[i])] = 20; // the first 6 tokens are wrong
        }
        try (Dataset data = Dataset.of(
                Field.floats("x", Shape.of(10, 2), logits).input(),
                Field.ints("y", Shape.of(10), y).target())) {
            Map<String, Double> found = evaluated(
                    data,
                    2,
                    Loss.crossEntropy(),
                    Metric.accuracy(),
                    Metric.topAccuracy(1),
                    Metric.brier(),
                    Metric.perplexity());
            assertThat(found.get("accuracy")).isEqualTo(0.8);
            assertThat(found.get("top1_accuracy")).isEqualTo(0.8);
            assertThat(found.get("brier")).isCloseTo(2 * 0.2, within(1e-6));
            assertThat(found.get("loss")).isCloseTo(20 * 0.2, within(1e-5));
            assertThat(found.get("perplexity")).isCloseTo(Math.exp(found.get("loss")), within(1e-4));
        }
    }

    private static final int IGNORED = -100;

    /** Rows with 1, 3 and 2 labels that count, after which batches of two rows have 4 labels and 2. */
    private static Dataset ignoring() {
        int[] y = {0, IGNORED, IGNORED, 2, 1, 0, IGNORED, 1, 1};
        return Dataset.of(
                Field.floats("x", Shape.of(3, 3), new Rng(1).normal(27, 0, 2)).input(),
                Field.ints("y", Shape.of(3), y).target());
    }

    /**
     * What PyTorch's CrossEntropyLoss says: sum of w[label] loss over the labels that count, divided by the sum of
     * their w.
     */
    private static double expected(float[] x, int[] y, double... w) {
        double sum = 0;
        double weights = 0;
        for (int i = 0; i < y.length; i++) {
            if (y[i] != IGNORED) {
                double all = 0;
                for (int k = 0; k < 3; k++) {
                    all += Math.exp(x[3 * i + k]);
                }
                sum += w[y[i]] * (Math.log(all) - x[3 * i + y[i]]);
                weights += w[y[i]];
            }
        }
        return sum / weights;
    }

    @Test
    void ignoredLabelsCountNowhere() {
        try (Dataset data = ignoring()) {
            float[] x;
            int[] y;
            double right = 0;
            try (Pass pass = Pass.infer()) {
                var all = data.batches(3).epoch(0).next();
                x = all.x().toArray();
                y = all.y().toIntArray();
                int[] best = all.x().argmax(-1).toIntArray();
                for (int i = 0; i < y.length; i++) {
                    right += y[i] == best[i] ? 1 : 0;
                }
            }
            for (int batch = 1; batch <= 3; batch++) {
                Map<String, Double> found = evaluated(
                        data, batch, Loss.crossEntropy().ignoreIndex(IGNORED), Metric.accuracy(), Metric.perplexity());
                double loss = expected(x, y, 1, 1, 1);
                assertThat(found.get("loss")).isCloseTo(loss, within(1e-6));
                assertThat(found.get("perplexity")).isCloseTo(Math.exp(loss), within(1e-5));
                assertThat(found.get("accuracy")).isEqualTo(right / 6);
                assertThat(evaluated(
                                data,
                                batch,
                                Loss.crossEntropy().ignoreIndex(IGNORED).classWeights(1, 2, 5)))
                        .hasEntrySatisfying(
                                "loss", l -> assertThat(l).isCloseTo(expected(x, y, 1, 2, 5), within(1e-6)));
            }
            try (Pass pass = Pass.infer()) {
                var all = data.batches(3).epoch(0).next();
                assertThat(Metric.accuracy().ignoreIndex(IGNORED).of(all.x(), all.y()))
                        .isEqualTo(new Metric.Sum(right, 6));
                assertThatThrownBy(() -> Metric.accuracy().of(all.x(), all.y()))
                        .hasMessageContaining("label -100 at 1 is outside [0, 3)")
                        .hasMessageContaining("ignoreIndex(-100)");
                assertThatThrownBy(() -> Metric.perplexity().of(all.x(), all.y()))
                        .hasMessageContaining("ignoreIndex(-100)");
            }
        }
    }

    /** A loss of one's own that leaves a label out tells it, and a sum leaves out what its loss does. */
    @Test
    void anyLossTellsWhatItLeavesOut() {
        CrossEntropy mean = Loss.crossEntropy().ignoreIndex(IGNORED);
        Loss own = new Loss() {
            @Override
            public Tensor of(Tensor output, Tensor target) {
                return mean.of(output, target);
            }

            @Override
            public double weight(Tensor output, Tensor target) {
                return mean.weight(output, target);
            }

            @Override
            public Integer ignored() {
                return IGNORED;
            }
        };
        try (Dataset data = ignoring()) {
            Map<String, Double> expected = evaluated(data, 2, mean, Metric.accuracy(), Metric.brier());
            assertThat(evaluated(data, 2, own, Metric.accuracy(), Metric.brier()))
                    .isEqualTo(expected);
            evaluated(data, 2, mean.sum(), Metric.accuracy(), Metric.brier())
                    .forEach((name, value) -> assertThat(value).as(name).isCloseTo(expected.get(name), within(1e-6)));
            CrossEntropy weighted = mean.classWeights(1, 2, 5);
            assertThat(evaluated(data, 2, weighted.sum()).get("loss"))
                    .isCloseTo(evaluated(data, 2, weighted).get("loss"), within(1e-6));
        }
    }

    /** A class that a net forbids has an infinite logit, also in a batch in which nothing counts. */
    @Test
    void aBatchInWhichNothingCountsIsNothingWhateverItsOutputs() {
        Layer forbidding = x -> x.maskedFill(Tensor.of(new float[] {0, 0, 1}, 3), Float.NEGATIVE_INFINITY);
        Loss loss = Loss.crossEntropy().ignoreIndex(IGNORED);
        try (var model = Model.of(new Sequential(new Linear(2, 3), forbidding), 1);
                Dataset data = Dataset.of(
                        Field.floats("x", Shape.of(2), new float[8]).input(),
                        Field.ints("y", Shape.SCALAR, new int[] {0, 1, IGNORED, IGNORED})
                                .target())) {
            Trainer<Sequential> trainer = Trainer.of(model, loss, new Sgd(0.1f));
            assertThat(trainer.evaluate(data.batches(2))).isEqualTo(trainer.evaluate(data.batches(4)));
            trainer.fit(data.batches(2), 1);
            assertThat(model.parameters().get(1).value().toArray()).doesNotContain(Float.NaN);
        }
    }

    /** The root of the mean is no mean of roots. */
    @Test
    void aRootIsThatOfAllExamples() {
        float[] x = new Rng(6).normal(22, 0, 1);
        float[] y = new Rng(7).normal(22, 0, 3);
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += (x[i] - y[i]) * (x[i] - y[i]);
        }
        double root = Math.sqrt(sum / x.length);
        try (Dataset data = Dataset.of(x, Shape.of(2), y, Shape.of(2))) {
            for (int batch : new int[] {1, 3, 4, 11}) {
                Map<String, Double> found = evaluated(data, batch, Loss.rmse(), Metric.rootMeanSquaredError());
                assertThat(found.get("loss")).isCloseTo(root, within(1e-6));
                assertThat(found.get("loss")).isCloseTo(found.get("rmse"), within(1e-6));
            }
        }
        try (var model = Model.of(new Linear(2, 2), 1);
                Dataset data = Dataset.of(x, Shape.of(2), y, Shape.of(2))) {
            double[] shown = new double[1];
            var trainer = Trainer.of(model, Loss.rmse(), new Sgd(1e-12f)).callbacks(new Callback() {
                @Override
                public void onStepEnd(Run run) {
                    shown[0] = run.progress().loss();
                }
            });
            double expected = trainer.evaluate(data.batches(11)).get("loss");
            Run h = trainer.fit(data.batches(3), data, 1);
            assertThat(h.series("loss")[0]).isCloseTo(expected, within(1e-6));
            assertThat(h.series("val_loss")[0]).isCloseTo(expected, within(1e-6));
            assertThat(shown[0]).isCloseTo(expected, within(1e-6));
        }
    }

    /** A batch of padding alone has no loss; PyTorch gives NaN there. */
    @Test
    void aBatchInWhichNothingCountsChangesNoAverage() {
        int[] y = {1, 0, IGNORED, IGNORED};
        try (var model = Model.of(new Linear(2, 2), 1);
                Dataset data = Dataset.of(
                        Field.floats("x", Shape.of(2), new Rng(1).normal(8, 0, 1))
                                .input(),
                        Field.ints("y", Shape.SCALAR, y).target())) {
            var trainer = Trainer.of(model, Loss.crossEntropy().ignoreIndex(IGNORED), new Sgd(0.5f))
                    .metrics(Metric.accuracy());
            assertThat(trainer.evaluate(data.batches(2)).get("loss"))
                    .isEqualTo(trainer.evaluate(data.batches(4)).get("loss"), within(1e-7));
            float[] before = model.net().weight().value().toArray();
            try (Dataset padding = data.take(2, 4)) {
                Run h = trainer.fit(padding.batches(2), 1);
                assertThat(h.series("loss")[0]).isNaN();
            }
            assertThat(model.net().weight().value().toArray()).isEqualTo(before);
        }
    }

    // ---- accumulation

    /** Steps of batches that count differently are steps of one batch of all of them. */
    @Test
    void accumulatedBatchesOfUnequalWeightsAreOneBatch() {
        int n = 11;
        int[] y = new int[n];
        for (int i = 0; i < n; i++) {
            y[i] = i % 5 == 3 || i < 3 ? IGNORED : i % 3;
        }
        y[1] = 2;
        try (Dataset data = Dataset.of(
                Field.floats("x", Shape.of(4), new Rng(2).normal(4 * n, 0, 1)).input(),
                Field.ints("y", Shape.SCALAR, y).target())) {
            for (Loss loss : List.of(
                    Loss.crossEntropy().ignoreIndex(IGNORED),
                    Loss.crossEntropy().ignoreIndex(IGNORED).classWeights(0.3f, 1.7f, 4))) {
                try (var one = Model.of(new Linear(4, 3), 1);
                        var many = one.copy()) {
                    Run whole = Trainer.of(one, loss, new Sgd(0.3f).momentum(0.9f))
                            .penalties(Penalty.l2(0.1f))
                            .fit(data.batches(n), 3);
                    Run parts = Trainer.of(many, loss, new Sgd(0.3f).momentum(0.9f))
                            .penalties(Penalty.l2(0.1f))
                            .accumulate(4)
                            .fit(data.batches(3), 3);
                    assertThat(parts.series("loss")).containsExactly(whole.series("loss"), within(1e-6));
                    assertThat(many.net().weight().value().toArray())
                            .containsExactly(one.net().weight().value().toArray(), within(2e-6f));
                }
            }
        }
    }

    /** A step of one's own says how much its loss counts: here the examples whose first number is positive. */
    @Test
    void aCustomStepSaysItsWeight() {
        float[] x = new Rng(3).normal(14, 0, 1);
        try (var model = Model.of(new Sequential(), 1);
                Dataset data = Dataset.of(x, Shape.of(2), new int[7])) {
            Step<Sequential> positives = (net, batch) -> {
                Tensor counts = batch.x().slice(1, 0, 1).gt(0);
                float weight = counts.sum().item();
                Tensor sum = counts.mul(batch.x().slice(1, 1, 2)).sum();
                return new Step.Result(weight == 0 ? sum : sum.div(weight)).withWeight(weight);
            };
            double sum = 0;
            double weight = 0;
            for (int i = 0; i < 7; i++) {
                sum += x[2 * i] > 0 ? x[2 * i + 1] : 0;
                weight += x[2 * i] > 0 ? 1 : 0;
            }
            for (int batch = 1; batch <= 7; batch++) {
                assertThat(Trainer.custom(model, new Sgd(1), positives)
                                .evaluate(data.batches(batch))
                                .get("loss"))
                        .isCloseTo(sum / weight, within(1e-6));
            }
            assertThatThrownBy(() -> new Step.Result(null).withWeight(-1))
                    .hasMessage("step: the weight -1.0 of the loss must be 0 or more and finite; give what its mean was"
                            + " divided by");
        }
    }

    // ---- numbers

    @Test
    void numbersAreNotBroadcast() {
        try (Pass pass = Pass.infer()) {
            Tensor y = Tensor.of(new float[] {1, 2, 3}, 3, 1);
            for (Metric m : List.of(
                    Metric.meanAbsoluteError(), Metric.rootMeanSquaredError(), Metric.meanAbsolutePercentageError())) {
                assertThatThrownBy(() -> m.of(y, Tensor.of(new float[] {1, 2, 3}, 3)))
                        .hasMessage(m.name() + ": output [3, 1] and target [3] differ; give them one shape");
            }
        }
    }

    @Test
    void sumsOfOnesOwn() {
        try (Pass pass = Pass.infer()) {
            Tensor values = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
            assertThat(Metric.Sum.of(values)).isEqualTo(new Metric.Sum(10, 4));
            assertThat(Metric.Sum.of(values, Tensor.of(new float[] {1, 0, 0, 2}, 2, 2)))
                    .isEqualTo(new Metric.Sum(9, 3));
            assertThat(Metric.Sum.of(Tensor.ofInts(new int[] {1, 1, 0}, 3))).isEqualTo(new Metric.Sum(2, 3));
            assertThat(Metric.Sum.ofMean(0.5, 4)).isEqualTo(new Metric.Sum(2, 4));
            assertThatThrownBy(() -> Metric.Sum.of(values, Tensor.of(new float[] {1, 2}, 2)))
                    .hasMessageContaining("differ; give them one shape");
            assertThatThrownBy(() -> new Metric.Sum(1, Double.NaN)).hasMessageContaining("0 or more and finite");
        }
    }

    // ---- evaluation

    /** A validation needs no more memory than the training, and an evaluation what it may take. */
    @Test
    void evaluationsTakeAsManyExamplesAsMemoryAllows() {
        int[] most = new int[2];
        try (var model = Model.of(new Linear(2, 1), 1);
                Dataset data = Dataset.of(new float[200], Shape.of(2), new float[100], Shape.of(1))) {
            var trainer = Trainer.custom(model, new Sgd(0.1f), (net, batch) -> {
                int pass = Pass.current().training() ? 0 : 1;
                most[pass] = Math.max(most[pass], batch.size());
                return new Step.Result(Loss.mse().of(net.apply(batch.x()), batch.y()));
            });
            trainer.evaluate(data);
            assertThat(most).containsExactly(0, 83); // behind 1 and 16
            most[1] = 0;
            trainer.fit(data.batches(7), data, 1);
            assertThat(most).containsExactly(7, 7);
            trainer.evaluate(data.batches(50));
            assertThat(most[1]).isEqualTo(50);
        }
    }

    /**
     * Dropout and batch norm in evaluation mode, in the middle of a training pass, from whose random numbers nothing is
     * taken.
     */
    @Test
    void anEvaluationNeverTrains() {
        try (var model = Model.of(
                        new Sequential(new Linear(2, 8), new BatchNorm(8), new Dropout(0.5f), new Linear(8, 2)), 1);
                Dataset data = Dataset.of(new Rng(1).normal(80, 0, 1), Shape.of(2), new int[40])) {
            var trainer = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f)).metrics(Metric.accuracy());
            Map<String, Double> alone = trainer.evaluate(data);
            List<float[]> before =
                    model.parameters().stream().map(p -> p.value().toArray()).toList();
            BatchNorm norm = (BatchNorm) model.net().layers().get(1);
            float[] mean = norm.runningMean().value().toArray();
            Rng rng = new Rng(7);
            try (Pass pass = Pass.train(rng)) {
                Tensor loss =
                        model.net().apply(data.batches(40).epoch(0).next().x()).sum();
                long counter = rng.counter();
                assertThat(trainer.evaluate(data)).isEqualTo(alone);
                assertThat(rng.counter()).isEqualTo(counter);
                assertThat(Pass.current()).isSameAs(pass);
                pass.backward(loss, model);
            }
            for (int i = 0; i < before.size(); i++) {
                assertThat(model.parameters().get(i).value().toArray()).isEqualTo(before.get(i));
            }
            assertThat(norm.runningMean().value().toArray())
                    .as("only the backward of the pass around changes them")
                    .isNotEqualTo(mean);
            float[] after = norm.runningMean().value().toArray();
            trainer.evaluate(data);
            assertThat(norm.runningMean().value().toArray()).isEqualTo(after);
        }
    }
}
