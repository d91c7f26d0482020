package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Group;
import dev.fathom.optim.Schedule;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Buffer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Workers;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The training loop: that it learns, what it measures and keeps, when it ends, and how it fails. */
class TrainerTest {
    @TempDir
    Path folder;

    /** n points of the plane; the class is the quadrant's parity, as XOR has it, with a gap between the classes. */
    private static Dataset points(int n, long seed) {
        float[] x = new Rng(seed).uniform(2 * n, -1, 1);
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            for (int d = 0; d < 2; d++) {
                x[2 * i + d] += Math.signum(x[2 * i + d]) * 0.1f;
            }
            labels[i] = x[2 * i] * x[2 * i + 1] > 0 ? 1 : 0;
        }
        return Dataset.of(x, Shape.of(2), labels);
    }

    private static Sequential net() {
        return new Sequential(new Linear(2, 16), Tensor::tanh, new Linear(16, 2));
    }

    private static List<float[]> values(Model<?> model) {
        return model.parameters().stream().map(p -> p.value().toArray()).toList();
    }

    private static void assertSame(List<float[]> actual, List<float[]> expected) {
        assertThat(actual.toArray()).isEqualTo(expected.toArray());
    }

    // ---- learning

    @Test
    void trainerAndHistorySayWhatTheyHold() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(40, 1)) {
            Trainer<?> trainer = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                    .metrics(Metric.accuracy())
                    .clipNorm(5)
                    .callbacks(new EarlyStopping(3))
                    .keepBest()
                    .seed(7);
            assertThat(trainer.toString().lines())
                    .startsWith(
                            "Trainer",
                            "  model: Model of a Sequential, 82 parameters in 4 tensors, 0 buffers, 384 bytes")
                    .anyMatch(l -> l.startsWith("  loss: crossEntropy["))
                    .anyMatch(l -> l.startsWith("  optimizer: Sgd"))
                    .contains(
                            "  metrics: accuracy",
                            "  callbacks: EarlyStopping",
                            "  gradients: norm at most 5.0",
                            "  best weights kept by: val_loss or loss",
                            "  seed: 7");
            Run history = trainer.fit(data.batches(8), data, 2);
            assertThat(history.toString())
                    .matches("Run of 2 epochs in \\d\\.\\d s, ended: 2 epochs\\R"
                            + "  last epoch 2: loss 0\\.\\d+  accuracy 0\\.\\d+  val_loss 0\\.\\d+  val_accuracy"
                            + " [01]\\.\\d+(\\R  best epoch 1: .*)?");
        }
    }

    @Test
    void itLearnsAndTellsWhatItMeasured() {
        try (var model = Model.of(net(), 1);
                Dataset train = points(400, 1);
                Dataset validation = points(100, 2)) {
            Trainer<?> trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Adam(0.02f)).metrics(Metric.accuracy());
            Run history = trainer.fit(train.shuffled(3).batches(32), validation, 30);

            assertThat(history.ended()).isEqualTo("30 epochs");
            assertThat(history.names()).containsExactly("loss", "accuracy", "val_loss", "val_accuracy");
            assertThat(history.epochs()).hasSize(30);
            for (int i = 0; i < 30; i++) {
                EpochLog log = history.epochs().get(i);
                assertThat(log.epoch()).isEqualTo(i + 1);
                assertThat(log.learningRate()).isEqualTo(0.02);
                assertThat(log.seconds()).isPositive();
                assertThat(log.value("nothing")).isNaN();
            }
            assertThat(history.series("loss")[29]).isLessThan(0.15).isLessThan(history.series("loss")[0] / 4);
            assertThat(history.series("val_accuracy")[29]).isGreaterThan(0.95);

            Map<String, Double> evaluated = trainer.evaluate(validation);
            assertThat(evaluated.get("loss")).isCloseTo(history.series("val_loss")[29], within(1e-6));
            assertThat(evaluated.get("accuracy")).isEqualTo(history.series("val_accuracy")[29]);
            assertThat(trainer.evaluate(validation.batches(32)).get("loss"))
                    .as("in the batches of the validation")
                    .isEqualTo(history.series("val_loss")[29]);
            assertThat(trainer.evaluate(validation.batches(7)).get("loss"))
                    .as("whatever the batches")
                    .isCloseTo(evaluated.get("loss"), within(1e-6));
        }
    }

    private record Regressor(Linear line) implements Net {
        Tensor at(Tensor x) {
            return Pass.frame(this, () -> line.apply(x));
        }
    }

    /** y = 2 a - b + 3 from examples, by a step of one's own. */
    @Test
    void aCustomStepTrainsAModuleOfAnyShape() {
        int n = 64;
        float[] x = new Rng(4).uniform(2 * n, -1, 1);
        float[] y = new float[n];
        for (int i = 0; i < n; i++) {
            y[i] = 2 * x[2 * i] - x[2 * i + 1] + 3;
        }
        try (var model = Model.of(new Regressor(new Linear(2, 1)), 1);
                Dataset data = Dataset.of(x, Shape.of(2), y, Shape.of(1))) {
            Trainer<Regressor> trainer = Trainer.custom(
                    model,
                    new Sgd(0.3f),
                    (net, batch) -> new Step.Result(Loss.mse().of(net.at(batch.x()), batch.y())));
            Run history = trainer.fit(data.shuffled(1).batches(16), data, 60);
            assertThat(history.names()).containsExactly("loss", "val_loss");
            assertThat(history.series("val_loss")[59]).isLessThan(1e-6);
            assertThat(model.net().line().weight().value().toArray())
                    .containsExactly(new float[] {2, -1}, within(1e-3f));
            assertThat(model.net().line().bias().value().item()).isCloseTo(3, within(1e-3f));
            assertThat(trainer.evaluate(data).keySet()).containsExactly("loss");
            assertThatThrownBy(() -> trainer.metrics(Metric.accuracy()).fit(data.batches(16), 1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("metrics: the step gave no output that accuracy could read; return "
                            + "new Step.Result(loss, output)");
        }
    }

    /**
     * A step that is what the trainer does by itself has its history, figure by figure; another target is another
     * figure.
     */
    @Test
    void aCustomStepThatShowsItsOutputKeepsItsMetrics() {
        try (var model = Model.of(net(), 1);
                var same = model.copy();
                var shifted = model.copy();
                Dataset data = points(100, 1)) {
            var batches = data.shuffled(3).batches(32);
            Metric error = Metric.lowerIsBetter(
                    "error",
                    (y, t) -> new Metric.Sum(y.dim(0) - (double) y.correct(t).item(), y.dim(0)));
            Run plain = Trainer.of(model, Loss.crossEntropy(), new Adam(0.02f))
                    .metrics(Metric.accuracy(), error)
                    .fit(batches, data, 3);
            Run custom = Trainer.custom(same, new Adam(0.02f), (net, batch) -> {
                        Tensor output = net.apply(batch.x());
                        return new Step.Result(Loss.crossEntropy().of(output, batch.y()), output);
                    })
                    .metrics(Metric.accuracy(), error)
                    .fit(batches, data, 3);
            assertThat(custom.names())
                    .isEqualTo(plain.names())
                    .contains("accuracy", "val_accuracy", "error", "val_error");
            for (String name : plain.names()) {
                assertThat(custom.series(name)).as(name).isEqualTo(plain.series(name));
            }
            assertThat(plain.series("error")[0]).isCloseTo(1 - plain.series("accuracy")[0], within(1e-12));
            assertSame(values(same), values(model));
            Run own = Trainer.custom(shifted, new Adam(0.02f), (net, batch) -> {
                        Tensor output = net.apply(batch.x());
                        return new Step.Result(Loss.crossEntropy().of(output, batch.y()), output, output.argmax(-1));
                    })
                    .metrics(Metric.accuracy())
                    .fit(batches, 1);
            assertThat(own.series("accuracy")).containsExactly(1);
        }
    }

    /** The trainer's loop is the loop that anyone would write, bit for bit. */
    @Test
    void theLoopHasNoSecrets() {
        try (var model = Model.of(net(), 1);
                var byHand = model.copy();
                Dataset data = points(100, 1)) {
            var batches = data.shuffled(3).batches(32);
            Run history =
                    Trainer.of(model, Loss.crossEntropy(), new Adam(0.02f)).fit(batches, 2);
            double mean = 0;
            try (BoundOptimizer adam = new Adam(0.02f).on(byHand)) {
                for (int epoch = 1; epoch <= 2; epoch++) {
                    var e = batches.epoch(epoch);
                    mean = 0;
                    while (e.hasNext()) {
                        try (Pass pass = Pass.train(new Rng(0))) {
                            var batch = e.next();
                            Tensor loss = byHand.net().apply(batch.x()).crossEntropy(batch.y());
                            mean += batch.size() * (double) loss.item() / 100;
                            pass.backward(loss);
                            adam.step();
                        }
                    }
                }
            }
            assertSame(values(model), values(byHand));
            assertThat(history.series("loss")[1])
                    .as("a mean over examples, the short last batch too")
                    .isCloseTo(mean, within(1e-12));
        }
    }

    private record Trained(double[] losses, List<float[]> values) {}

    @Test
    void oneSeedGivesTheSameBitsOnAnyNumberOfThreads() {
        NativeRuntime runtime = NativeRuntime.get();
        int before = runtime.threads();
        List<Trained> all = new ArrayList<>();
        float[] x = new Rng(6).uniform(600 * 100, -1, 1);
        int[] labels = new Rng(7).permutation(600);
        for (int i = 0; i < 600; i++) {
            labels[i] %= 10;
        }
        try {
            for (int run = 0; run < 5; run++) {
                int modelSeed = run == 4 ? 2 : 1;
                int seed = run == 3 ? 10 : 9;
                all.add(Workers.with(new int[] {1, 2, 4, 4, 2}[run], () -> {
                    try (var model = Model.of(
                                    new Sequential(
                                            new Linear(100, 256),
                                            Tensor::relu,
                                            new Dropout(0.4f),
                                            new Linear(256, 200),
                                            new Linear(200, 10)),
                                    modelSeed);
                            Dataset data = Dataset.of(x, Shape.of(100), labels)) {
                        double[] loss = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                                .seed(seed)
                                .metrics(Metric.accuracy())
                                .fit(data.shuffled(5).batches(128), data, 2)
                                .series("val_loss");
                        return new Trained(loss, values(model));
                    }
                }));
            }
        } finally {
            runtime.threads(before);
        }
        for (int run = 1; run < 3; run++) {
            assertSame(all.get(run).values(), all.get(0).values());
            assertThat(all.get(run).losses()).isEqualTo(all.get(0).losses());
        }
        assertThat(all.get(3).values().get(0))
                .as("another seed of dropout")
                .isNotEqualTo(all.get(0).values().get(0));
        assertThat(all.get(4).values().get(0))
                .as("another seed of the model")
                .isNotEqualTo(all.get(0).values().get(0));
    }

    // ---- the course of training

    /** Writes down what it is told. */
    private static class Log implements Callback {
        final List<String> lines;
        final String name;

        Log(String name, List<String> lines) {
            this.name = name;
            this.lines = lines;
        }

        @Override
        public void onTrainBegin(Run run) {
            lines.add(name + "begin " + run.progress().epochs() + "x"
                    + run.progress().steps() + " of " + run.progress().examplesPerEpoch());
        }

        @Override
        public void onStepEnd(Run run) {
            lines.add(name + "step " + run.progress().epoch() + "."
                    + run.progress().step() + " " + run.progress().examples()
                    + (Double.isFinite(run.progress().loss()) ? "" : " no loss"));
        }

        @Override
        public void onEpochEnd(Run run, EpochLog log) {
            lines.add(name + "epoch " + log.epoch() + " " + log.values().keySet() + " rate "
                    + run.progress().learningRate());
        }

        @Override
        public void onTrainEnd(Run run) {
            lines.add(name + "end: " + run.ended() + ", " + run.epochs().size() + " finished");
        }
    }

    @Test
    void callbacksAreCalledInOrder() {
        List<String> lines = new ArrayList<>();
        try (var model = Model.of(net(), 1);
                Dataset data = points(10, 1)) {
            Trainer.of(model, Loss.crossEntropy(), new Sgd(0.5f))
                    .callbacks(new Log("a ", lines), new Log("b ", lines))
                    .fit(data.batches(8), data, 2);
        }
        List<String> one = lines.stream()
                .filter(s -> s.startsWith("a "))
                .map(s -> s.substring(2))
                .toList();
        assertThat(one)
                .containsExactly(
                        "begin 2x2 of 10",
                        "step 1.1 8",
                        "step 1.2 10",
                        "epoch 1 [loss, val_loss] rate 0.5",
                        "step 2.1 8",
                        "step 2.2 10",
                        "epoch 2 [loss, val_loss] rate 0.5",
                        "end: 2 epochs, 2 finished");
        assertThat(lines).hasSize(2 * one.size());
        for (int i = 0; i < lines.size(); i++) {
            assertThat(lines.get(i)).isEqualTo((i % 2 == 0 ? "a " : "b ") + one.get(i / 2));
        }
    }

    @Test
    void theScheduleSetsTheRateOfEachEpoch() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(10, 1)) {
            Run history = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.5f))
                    .schedule(Schedule.step(2, 0.1))
                    .fit(data.batches(10), 5);
            assertThat(history.epochs().stream().map(EpochLog::learningRate))
                    .containsExactly(0.5, 0.5, 0.05, 0.05, 0.005);
            assertThat(history.names()).containsExactly("loss");
        }
    }

    /**
     * The factor is asked for before every step, with the epochs finished; the log has the rate of an epoch's last
     * step.
     */
    @Test
    void everyStepHasItsRate() {
        List<Double> asked = new ArrayList<>();
        List<Long> counted = new ArrayList<>();
        List<Double> rates = new ArrayList<>();
        Callback listener = new Callback() {
            @Override
            public void onStepEnd(Run run) {
                rates.add(run.progress().learningRate());
            }
        };
        try (var model = Model.of(net(), 1);
                Dataset data = points(10, 1)) {
            Schedule warm = Schedule.step(2, 0.5).warmUp(1);
            Run history = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.5f))
                    .schedule((epochs, steps) -> {
                        asked.add(epochs);
                        counted.add(steps);
                        return warm.factor(epochs, steps);
                    })
                    .callbacks(listener)
                    .fit(data.batches(3), 4);
            assertThat(counted.subList(0, 6)).containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
            assertThat(asked.subList(0, 6)).containsExactly(0.0, 0.25, 0.5, 0.75, 1.0, 1.25);
            assertThat(rates)
                    .startsWith(0.0, 0.125, 0.25, 0.375, 0.5)
                    .hasSize(16)
                    .endsWith(0.5, 0.25, 0.25, 0.25, 0.25);
            assertThat(history.epochs().stream().map(EpochLog::learningRate)).containsExactly(0.375, 0.5, 0.5, 0.25);
        }
    }

    /** The options are those of the optimizer: the same bits as a loop by hand. */
    @Test
    void groupsAndClippingReachTheOptimizer() {
        try (var model = Model.of(net(), 1);
                var byHand = model.copy();
                Dataset data = points(20, 1)) {
            Group slow = Group.of("0.*").rateFactor(0.1f);
            Trainer.of(model, Loss.crossEntropy(), new Sgd(0.5f))
                    .groups(slow)
                    .clipNorm(0.05f)
                    .clipValue(0.02f)
                    .fit(data.batches(10), 1);
            try (BoundOptimizer sgd =
                    new Sgd(0.5f).on(byHand, slow).clipNorm(0.05f).clipValue(0.02f)) {
                var epoch = data.batches(10).epoch(1);
                while (epoch.hasNext()) {
                    try (Pass pass = Pass.train(new Rng(0))) {
                        var batch = epoch.next();
                        pass.backward(byHand.net().apply(batch.x()).crossEntropy(batch.y()));
                        sgd.step();
                        assertThat(sgd.gradientNorm()).isGreaterThan(0.05);
                    }
                }
            }
            assertSame(values(model), values(byHand));
            Trainer<?> trainer = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.5f));
            assertThatThrownBy(() -> trainer.clipNorm(0)).hasMessage("clipNorm: 0.0 must be above 0");
            assertThatThrownBy(() -> trainer.clipValue(Float.NaN)).hasMessage("clipValue: NaN must be above 0");
            assertThatThrownBy(() -> trainer.groups(Group.of("nothing")).fit(data.batches(10), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("optimizer: group nothing matches none of [0.weight");
        }
    }

    /** A loss whose gradient overflows though it does not itself. */
    @Test
    void aNormThatIsNotFiniteEndsTraining() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(20, 1)) {
            List<float[]> before = values(model);
            NonFiniteLossException e = catchThrowableOfType(
                    NonFiniteLossException.class,
                    () -> Trainer.of(model, (y, t) -> overflowing(y.mean()), new Sgd(0.5f))
                            .clipNorm(1)
                            .fit(data.batches(10), 2));
            assertThat(e)
                    .hasMessage(
                            "the gradients are not finite at step 1 of epoch 1 (learning rate 0.5): step: the gradient"
                                    + " of 0.weight is not finite, so nothing was changed; lower the learning rate, or"
                                    + " leave the step out with zeroGrad()");
            assertSame(values(model), before);
            assertThat(model.parameters().get(0).gradient()).isNull();
        }
    }

    /** Its value is 0 and its slope infinite. */
    private static Tensor overflowing(Tensor x) {
        return x.sub(x.detach()).square().sqrt();
    }

    /** Three batches of 8 are a batch of 24; what an epoch leaves over, 8 + 2 of 34, is a batch of 10. */
    @Test
    void accumulatedBatchesAreOneBatch() {
        for (Loss loss : List.of(Loss.crossEntropy(), new Loss() {
            @Override
            public Tensor of(Tensor y, Tensor t) {
                return Loss.crossEntropy().of(y, t).mul(y.dim(0));
            }

            @Override
            public boolean sums() {
                return true;
            }
        })) {
            try (var accumulated = Model.of(net(), 1);
                    var whole = accumulated.copy();
                    Dataset data = points(34, 1)) {
                List<Integer> steps = new ArrayList<>();
                Callback counting = new Callback() {
                    @Override
                    public void onStepEnd(Run run) {
                        steps.add(run.progress().step());
                    }
                };
                float rate = loss.sums() ? 0.02f : 0.5f;
                Run many = Trainer.of(accumulated, loss, new Sgd(rate).momentum(0.9f))
                        .accumulate(3)
                        .callbacks(counting)
                        .fit(data.batches(8), 2);
                Run one = Trainer.of(whole, loss, new Sgd(rate).momentum(0.9f)).fit(data.batches(24), 2);
                assertThat(steps).hasSize(10).startsWith(1, 2, 3, 4, 5, 1);
                assertThat(many.series("loss")).containsExactly(one.series("loss"), within(1e-6));
                for (int i = 0; i < 4; i++) {
                    assertThat(accumulated.parameters().get(i).value().toArray())
                            .containsExactly(whole.parameters().get(i).value().toArray(), within(1e-6f));
                }
            }
        }
        try (var model = Model.of(net(), 1)) {
            assertThatThrownBy(() -> Trainer.of(model, Loss.mse(), new Sgd(1)).accumulate(0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("accumulate: batches=0 must be at least 1");
        }
    }

    /** The mean of a sum is by example, as the mean of a mean is, whatever the batches. */
    @Test
    void sumsAreShownAsMeansOverTheExamples() {
        float[] x = new Rng(4).uniform(20, -1, 1);
        try (var model = Model.of(new Sequential(new Linear(2, 1)), 1);
                Dataset data = Dataset.of(x, Shape.of(2), new float[10], Shape.of(1))) {
            double mean =
                    Trainer.of(model, Loss.mse(), new Sgd(1)).evaluate(data).get("loss");
            Trainer<?> sums = Trainer.of(model, Loss.sse(), new Sgd(1e-12f));
            assertThat(sums.evaluate(data).get("loss")).isCloseTo(mean, within(1e-6));
            assertThat(sums.evaluate(data.batches(3)).get("loss")).isCloseTo(mean, within(1e-6));
            assertThat(sums.fit(data.batches(4), 1).series("loss")[0]).isCloseTo(mean, within(1e-6));
        }
    }

    /** A callback may look at the very batches that the model is trained on, in the middle of an epoch too. */
    @Test
    void evaluatingTheTrainingBatchesFromACallbackChangesNothing() {
        List<float[]> weights = new ArrayList<>();
        for (boolean looking : new boolean[] {false, true}) {
            try (Dataset data = points(40, 1);
                    Model<Sequential> model = Model.of(net(), 1)) {
                var batches = data.shuffled(1).batches(8);
                var trainer = Trainer.of(model, Loss.crossEntropy(), new Adam(1e-2f));
                var watched = trainer.callbacks(new Callback() {
                    @Override
                    public void onStepEnd(Run run) {
                        if (looking) {
                            assertThat(trainer.evaluate(batches).get("loss")).isPositive();
                        }
                    }
                });
                assertThat(watched.fit(batches, 3).ended()).isEqualTo("3 epochs");
                weights.add(model.parameters().get(0).value().toArray());
            }
        }
        assertThat(weights.get(1)).isEqualTo(weights.get(0));
    }

    /** Stopped between two steps of accumulated batches, the batches under way still get their step. */
    @Test
    void stopWaitsForTheAccumulatedStep() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(20, 1)) {
            Trainer<?> trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Sgd(0.5f)).accumulate(2);
            List<Integer> steps = new ArrayList<>();
            trainer = trainer.callbacks(new Callback() {
                @Override
                public void onStepEnd(Run run) {
                    steps.add(run.progress().step());
                    run.stopNow("enough");
                }
            });
            trainer.fit(data.batches(4), 1);
            assertThat(steps).containsExactly(1, 2);
            assertThat(model.parameters().get(0).gradient()).isNull();
        }
    }

    /** A figure of the validation set that follows a script, an entry an epoch. */
    private static final class Scripted implements Metric, Callback {
        private final String name;
        private final double[] script;
        private int epoch;
        private final List<List<float[]>> weights = new ArrayList<>();
        private final Model<?> model;

        Scripted(String name, Model<?> model, double... script) {
            this.name = name;
            this.model = model;
            this.script = script;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public Sum of(Tensor output, Tensor target) {
            return Sum.ofMean(Pass.current().training() ? 0 : script[epoch], output.dim(0));
        }

        @Override
        public boolean moreIsBetter() {
            return name.endsWith("accuracy");
        }

        @Override
        public void onEpochEnd(Run run, EpochLog log) {
            epoch++;
            weights.add(values(model));
        }
    }

    private static Run follow(Scripted script, Model<? extends Layer> model, Dataset data, Callback... more) {
        return Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                .metrics(script)
                .callbacks(script)
                .callbacks(more)
                .keepBest("val_" + script.name())
                .fit(data.batches(10), data, script.script.length);
    }

    /** The training loss falls also when a model overfits, so stopping by it must be asked for. */
    @Test
    void earlyStoppingNeedsValidationOrAFigure() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(32, 1)) {
            var batches = data.batches(8);
            assertThatThrownBy(() -> Trainer.of(model, Loss.crossEntropy(), new Sgd(1e-9f))
                            .callbacks(new EarlyStopping(2))
                            .fit(batches, 5))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "fit: EarlyStopping needs validation data, because the training loss falls also when the"
                                    + " model overfits; call fit(train, validation, epochs), or say "
                                    + "keepBest(\"loss\") to"
                                    + " go by the training loss");
            assertThatThrownBy(() -> Trainer.of(model, Loss.crossEntropy(), new Sgd(1e-9f))
                            .callbacks(new EarlyStopping(2))
                            .start(batches, 5))
                    .hasMessageStartingWith("start: EarlyStopping needs validation data, because")
                    .hasMessageContaining("; call start(train, validation, epochs), or say");
            Run history = Trainer.of(model, Loss.crossEntropy(), new Sgd(1e-9f))
                    .callbacks(new EarlyStopping(2, 0.1))
                    .keepBest("loss")
                    .fit(batches, 5);
            assertThat(history.ended()).isEqualTo("no better loss for 2 epochs");
        }
    }

    @Test
    void earlyStoppingBearsPatienceEpochsAndRestoresTheBest() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(20, 1)) {
            Scripted script = new Scripted("script", model, 5, 4, 4.5, 3, 3, 3.5, 3.25, 1);
            Run history = follow(script, model, data, new EarlyStopping(3));
            assertThat(history.ended()).isEqualTo("no better val_script for 3 epochs");
            assertThat(history.series("val_script")).containsExactly(5, 4, 4.5, 3, 3, 3.5, 3.25);
            assertThat(history.best().epoch()).as("the first of equals").isEqualTo(4);
            assertSame(values(model), script.weights.get(3));
        }
    }

    @Test
    void accuraciesAreTheBetterTheLarger() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(20, 1)) {
            Scripted script = new Scripted("top5_accuracy", model, 0.5, 0.75, 0.25, 0.25);
            Run history = follow(script, model, data, new EarlyStopping(2));
            assertThat(history.best().epoch()).isEqualTo(2);
            assertThat(history.ended()).isEqualTo("no better val_top5_accuracy for 2 epochs");
            assertSame(values(model), script.weights.get(1));
        }
    }

    /** Improvements of a quarter each: none is more than minDelta = .25, but two together are. */
    @Test
    void smallImprovementsAddUpToMinDelta() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(20, 1)) {
            Scripted script = new Scripted("script", model, 3, 2.75, 2.5, 2.25, 2, 2, 2, 0);
            Run history = follow(script, model, data, new EarlyStopping(2, 0.25));
            assertThat(history.epochs())
                    .as("the bar is 3, then 2.5, then 2; 2 and 2 do not pass it")
                    .hasSize(7);
            assertThat(history.ended()).isEqualTo("no better val_script for 2 epochs");

            script = new Scripted("script", model, 3, 2.75, 2.75, 0);
            history = follow(script, model, data, new EarlyStopping(2, 0.25));
            assertThat(history.ended()).isEqualTo("no better val_script for 2 epochs");
            assertThat(history.best().epoch())
                    .as("better, if not by enough to go on")
                    .isEqualTo(2);
            assertSame(values(model), script.weights.get(1));
        }
        assertThatThrownBy(() -> new EarlyStopping(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("EarlyStopping: patience=0 must be at least 1");
        assertThatThrownBy(() -> new EarlyStopping(1, -1))
                .hasMessage("EarlyStopping: minDelta=-1.0 must be at least 0");
    }

    @Test
    void withoutKeepBestTheLastWeightsStay() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(20, 1)) {
            Scripted script = new Scripted("script", model, 1, 2, 3);
            Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                    .metrics(script)
                    .callbacks(script)
                    .fit(data.batches(10), data, 3);
            assertSame(values(model), script.weights.get(2));
        }
    }

    @Test
    void keepBestGoesByTheLossUnlessToldOtherwise() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(200, 1)) {
            Run history = Trainer.of(model, Loss.crossEntropy(), new Sgd(30))
                    .keepBest()
                    .fit(data.batches(50), data, 12);
            double[] loss = history.series("val_loss");
            assertThat(java.util.Arrays.stream(loss).min().orElseThrow())
                    .isEqualTo(history.best().value("val_loss"));
            Trainer<?> trainer = Trainer.of(model, Loss.crossEntropy(), new Sgd(1));
            assertThat(trainer.evaluate(data.batches(50)).get("loss"))
                    .isEqualTo(history.best().value("val_loss"));
            assertThatThrownBy(() -> trainer.keepBest("val_f1")
                            .metrics(Metric.accuracy())
                            .fit(data.batches(50), data, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("fit: val_f1 is not measured; there are [loss, accuracy, val_loss, val_accuracy]; add "
                            + "its metric");
            assertThatThrownBy(() -> trainer.keepBest("val_loss").fit(data.batches(50), 1))
                    .hasMessage(
                            "fit: val_loss is not measured; there are [loss]; add its metric, or " + "validation data");
            assertThatThrownBy(() -> trainer.fit(data.batches(50), 0)).hasMessage("fit: epochs=0 must be at least 1");
        }
    }

    /** Ten examples in batches of eight: the last two take a quarter of the rate. */
    @Test
    void aShortLastBatchMayTakeItsShareOfTheRate() {
        try (var model = Model.of(net(), 1);
                var byHand = model.copy();
                Dataset data = points(10, 1)) {
            Run history = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.5f))
                    .fit(data.batches(8).scaleLast(), 1);
            assertThat(history.epochs().get(0).learningRate()).isEqualTo(0.5);
            try (BoundOptimizer sgd = new Sgd(0.5f).on(byHand)) {
                var e = data.batches(8).epoch(1);
                for (float rate : new float[] {0.5f, 0.125f}) {
                    try (Pass pass = Pass.train(new Rng(0))) {
                        var batch = e.next();
                        sgd.learningRate(rate);
                        pass.backward(byHand.net().apply(batch.x()).crossEntropy(batch.y()));
                        sgd.step();
                    }
                }
            }
            assertSame(values(model), values(byHand));
        }
    }

    // ---- statistics

    /** Two batches of two: the mean of their means, and of their variances with n - 1. */
    @Test
    void recalibratedBatchNormsHaveTheMeanOfTheStatisticsOfTheBatches() {
        try (Dataset data = Dataset.of(new float[] {1, 3, 10, 16}, Shape.of(1), new float[4], Shape.of(1));
                var model = Model.of(new Sequential(new BatchNorm(1)), 1)) {
            Trainer<?> trainer = Trainer.of(model, Loss.mse(), new Sgd(0.1f));
            BatchNorm norm = (BatchNorm) model.net().layers().get(0);
            try (Pass pass = Pass.train(new Rng(1))) {
                norm.apply(Tensor.ones(2, 1));
            }
            assertThat(norm.runningMean().value().item())
                    .as("a forward without backward changes nothing")
                    .isZero();
            trainer.recalibrate(data.batches(2));
            assertThat(norm.runningMean().value().item()).isCloseTo((2 + 13) / 2f, within(1e-5f));
            assertThat(norm.runningVar().value().item()).isCloseTo((2 + 18) / 2f, within(1e-4f));
            assertThat(norm.numBatchesTracked().value().item()).isEqualTo(2);
            assertThat(norm.weight().value().item()).as("weights stay").isEqualTo(1);
            assertThat(model.parameters()).allMatch(p -> p.gradient() == null);
        }
    }

    private record Counting(Buffer calls) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            calls.update(calls.value().add(1));
            return x;
        }
    }

    @Test
    void recalibrationLeavesOtherBuffersAlone() {
        try (Dataset data = Dataset.of(new float[] {1, 3}, Shape.of(1), new float[2], Shape.of(1));
                var model = Model.of(
                        new Sequential(
                                new Counting(new Buffer(Shape.SCALAR, Init.zeros())),
                                new BatchNorm(1).momentum(0.5f),
                                new BatchNorm(1).momentum(0f)),
                        1)) {
            Trainer.of(model, Loss.mse(), new Sgd(0.1f)).recalibrate(data.batches(2));
            assertThat(model.buffers().stream()
                            .map(b -> b.name() + " " + b.value().item()))
                    .containsExactly(
                            "0.calls 0.0",
                            "1.running_mean 2.0",
                            "1.running_var 2.0",
                            "1.num_batches_tracked 1.0",
                            "2.running_mean 0.0",
                            "2.running_var 1.0",
                            "2.num_batches_tracked 0.0");
        }
    }

    // ---- stopping

    /** One stop ends one fit, also one that begins after it. */
    @Test
    void aStopBeforeFitEndsItBeforeTheFirstStep() {
        List<String> lines = new ArrayList<>();
        try (var model = Model.of(net(), 1);
                var before = model.copy();
                Dataset data = points(32, 1)) {
            var batches = data.shuffled(2).batches(8);
            Trainer<?> trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f)).callbacks(new Log("", lines));
            boolean[] wished = {true};
            trainer = trainer.callbacks(new Callback() {
                @Override
                public void onTrainBegin(Run run) {
                    if (wished[0]) {
                        run.stopNow("Ctrl-C");
                    }
                    assertThatThrownBy(() -> run.stopNow(null))
                            .hasMessage("stopNow: reason is null; say in a few words why training ends");
                }
            });
            Run history = trainer.fit(batches, 5);
            wished[0] = false;
            assertThat(history.ended()).isEqualTo("Ctrl-C");
            assertThat(history.epochs()).isEmpty();
            assertThat(history.best()).isNull();
            assertThat(lines).noneMatch(line -> line.startsWith("step")).endsWith("end: Ctrl-C, 0 finished");
            assertSame(values(model), values(before));
            assertThat(trainer.fit(batches, 1).ended()).isEqualTo("1 epoch");
        }
    }

    @Test
    void stopFromAnotherThreadEndsAfterTheStepUnderWay() {
        List<String> lines = new ArrayList<>();
        try (var model = Model.of(net(), 1);
                var reference = model.copy();
                Dataset data = points(32, 1)) {
            var batches = data.shuffled(2).batches(8);
            Trainer<?> trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f)).callbacks(new Log("", lines));
            List<String> watched = new ArrayList<>();
            trainer = trainer.callbacks(new Callback() {
                @Override
                public void onStepEnd(Run run) {
                    if (run.progress().epoch() == 2 && run.progress().step() == 3) {
                        Thread other = new Thread(() -> {
                            watched.add(run.progress().epoch() + "."
                                    + run.progress().step() + " "
                                    + run.progress().examples() + " "
                                    + run.epochs().size() + " "
                                    + (run.progress().loss() > 0));
                            run.stopNow("interrupted");
                        });
                        other.start();
                        try {
                            other.join();
                        } catch (InterruptedException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                }
            });
            Run history = trainer.fit(batches, data, 5);
            assertThat(history.ended()).isEqualTo("interrupted");
            assertThat(history.epochs()).hasSize(1);
            assertThat(lines).endsWith("step 2.3 24", "end: interrupted, 1 finished");
            assertThat(watched).containsExactly("2.3 24 1 true");

            // the weights are those after step 3 of epoch 2
            try (BoundOptimizer sgd = new Sgd(0.1f).on(reference)) {
                for (int epoch = 1; epoch <= 2; epoch++) {
                    var e = batches.epoch(epoch);
                    for (int step = 0; step < (epoch == 1 ? 4 : 3); step++) {
                        try (Pass pass = Pass.train(new Rng(0))) {
                            var batch = e.next();
                            pass.backward(reference.net().apply(batch.x()).crossEntropy(batch.y()));
                            sgd.step();
                        }
                    }
                }
            }
            assertSame(values(model), values(reference));
            assertThat(trainer.fit(batches, data, 1).ended())
                    .as("a stop does not outlive its fit")
                    .isEqualTo("1 epoch");
        }
    }

    @Test
    void aCallbackEndsTrainingAfterTheEpoch() {
        try (var model = Model.of(net(), 1);
                Dataset data = points(16, 1)) {
            Run history = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                    .callbacks(new Callback() {
                        @Override
                        public void onStepEnd(Run run) {
                            if (run.progress().epoch() == 2) {
                                run.stop("good enough");
                            }
                        }
                    })
                    .fit(data.batches(4), data, 9);
            assertThat(history.ended()).isEqualTo("good enough");
            assertThat(history.epochs()).hasSize(2);
        }
    }

    @Test
    void aCallbackThatThrowsEndsTrainingAndIsTold() {
        List<String> lines = new ArrayList<>();
        try (var model = Model.of(net(), 1);
                Dataset data = points(16, 1)) {
            assertThatThrownBy(() -> Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                            .callbacks(new Log("", lines), new Callback() {
                                @Override
                                public void onEpochEnd(Run run, EpochLog log) {
                                    throw new UnsupportedOperationException("disk full");
                                }
                            })
                            .fit(data.batches(16), 3))
                    .isInstanceOf(UnsupportedOperationException.class);
            assertThat(lines).endsWith("end: disk full, 1 finished");
            assertThatThrownBy(Pass::current).as("no pass is left open").isInstanceOf(IllegalStateException.class);
        }
    }

    // ---- losses that are not finite

    private static NonFiniteLossException failing(Trainer<?> trainer, Dataset data, int batch, int epochs) {
        return catchThrowableOfType(NonFiniteLossException.class, () -> trainer.fit(data.batches(batch), epochs));
    }

    /** Dataset takes no NaN; a scale that takes a byte of 255 over the largest float gets by. */
    @Test
    void aBatchThatIsNotFiniteIsNamed() {
        List<String> lines = new ArrayList<>();
        byte[] pixels = {1, 1, 2, 1, 1, 2, (byte) 255, 1, 1, (byte) 255, 1, 1};
        try (var model = Model.of(new Sequential(new Linear(2, 2)), 1);
                Dataset data = Dataset.images(pixels, Shape.of(2), new int[] {0, 1, 0, 1, 0, 1});
                Dataset bad = data.scaled(2e36f, 0)) {
            Trainer<?> trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Sgd(1e-38f)).callbacks(new Log("", lines));
            NonFiniteLossException e = failing(trainer, bad, 2, 1);
            assertThat(e)
                    .hasMessage("loss is NaN at step 2 of epoch 1 (learning rate 1.0E-38): "
                            + "the batch itself holds 1 values that are not finite in its field x; clean the data");
            assertThat(lines).endsWith("step 1.1 2", "end: " + e.getMessage() + ", 0 finished");
        }
    }

    /** Linear regression diverges at this rate: the loss grows a thousandfold and more each step until it overflows. */
    @Test
    void aRateTooHighLeavesTheWeightsOfTheStepBefore() {
        List<List<float[]>> weights = new ArrayList<>();
        try (var model = Model.of(new Sequential(new Linear(1, 1, Init.constant(1))), 1);
                Dataset data =
                        Dataset.of(new float[] {1, 2, -1, 3}, Shape.of(1), new float[] {0, 1, 5, 2}, Shape.of(1))) {
            Trainer<?> trainer = Trainer.of(model, Loss.mse(), new Sgd(100)).callbacks(new Callback() {
                @Override
                public void onStepEnd(Run run) {
                    weights.add(values(model));
                }
            });
            NonFiniteLossException e = failing(trainer, data, 4, 50);
            int finished = e.run().epochs().size();
            assertThat(e)
                    .hasMessage("loss is Infinity at step 1 of epoch " + (finished + 1)
                            + " (learning rate 100.0): the loss overflows; lower the learning rate or scale the data");
            assertThat(finished).isBetween(3, 20);
            assertThat(weights).hasSize(finished);
            assertSame(values(model), weights.get(finished - 1));
            assertThat(e.run().series("loss")[finished - 1]).isFinite().isGreaterThan(1e20);
            assertThat(e.run().ended()).isEqualTo(e.getMessage());
        }
    }

    @Test
    void aParameterThatIsNotFiniteIsNamed() {
        try (var model = Model.of(new Sequential(new Linear(1, 1, Init.constant(1))), 1);
                Dataset data = Dataset.of(new float[] {1, 2}, Shape.of(1), new float[] {-3, -4}, Shape.of(1))) {
            NonFiniteLossException e = failing(Trainer.of(model, Loss.mse(), new Sgd(3e38f)), data, 2, 5);
            assertThat(e)
                    .hasMessage("loss is Infinity at step 1 of epoch 2 (learning rate 3.0E38): "
                            + "parameter 0.weight became non-finite at an earlier step; lower the learning rate");
            assertThat(e.run().epochs()).hasSize(1);
        }
    }

    private record Deep(Linear first, Layer steep) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return steep.apply(first.apply(x));
        }
    }

    @Test
    void theLayerWhereValuesOverflowIsNamed() {
        Deep deep = new Deep(new Linear(2, 2, Init.constant(50)), Tensor::exp);
        try (var model = Model.of(new Sequential(new Linear(2, 2, Init.constant(1)), Tensor::relu, deep), 1);
                Dataset data = regression()) {
            float[] before = model.parameter("2.first.weight").value().toArray();
            NonFiniteLossException e = failing(Trainer.of(model, Loss.mse(), new Sgd(1)), data, 4, 1);
            assertThat(e)
                    .hasMessage("loss is Infinity at step 1 of epoch 1 (learning rate 1.0): the first non-finite "
                            + "values come from "
                            + "exp at 2.steep; lower the learning rate or scale the data");
            assertThat(model.parameter("2.first.weight").value().toArray()).isEqualTo(before);
            assertThat(e.run().epochs()).isEmpty();
        }
    }

    private static Dataset regression() {
        return Dataset.of(new float[] {1, 1, 2, 2, 1, 2, 2, 1}, Shape.of(2), new float[8], Shape.of(2));
    }

    // ---- history

    @Test
    void theHistoryAsCsv() throws Exception {
        Run history = new Run();
        history.add(new EpochLog(1, 0.001, 0.5, Map.of("loss", 1.25)), true);
        var values = new java.util.LinkedHashMap<String, Double>();
        values.put("loss", 0.75);
        values.put("val, odd", 3.0);
        history.add(new EpochLog(2, 1e-4, 0.25, values), false);
        values.clear();
        assertThatThrownBy(() -> history.epochs().get(1).values().clear())
                .isInstanceOf(UnsupportedOperationException.class);
        Path file = folder.resolve("a/b/history.csv");
        history.writeCsv(file);
        assertThat(Files.readString(file))
                .isEqualTo("epoch,learning_rate,seconds,loss,\"val, "
                        + "odd\"\r\n1,0.001,0.5,1.25,NaN\r\n2,1.0E-4,0.25,0.75,3.0\r\n");
        assertThat(history.best().epoch()).isEqualTo(1);
        assertThat(history.series("val, odd")).containsExactly(Double.NaN, 3);
        Path plain = Files.createFile(folder.resolve("plain"));
        assertThatThrownBy(() -> history.writeCsv(plain.resolve("history.csv")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith("cannot write " + plain.resolve("history.csv") + ": ");
        assertThat(new Run().best()).isNull();
    }

    @Test
    void theHistoryAsACurveAndItsSeconds() {
        Run history = new Run();
        assertThat(history.curve("loss")).isDeepEqualTo(new double[2][0]);
        assertThat(history.seconds()).isZero();
        history.add(new EpochLog(1, 0.001, 0.5, Map.of("loss", 1.25)), true);
        history.add(new EpochLog(2, 0.001, 0.25, Map.of("loss", 0.75, "accuracy", 0.5)), false);
        assertThat(history.curve("loss")).isDeepEqualTo(new double[][] {{1, 2}, {1.25, 0.75}});
        assertThat(history.curve("accuracy")[1]).containsExactly(Double.NaN, 0.5);
        assertThat(history.seconds()).isEqualTo(0.75);
    }

    /**
     * exp of the mean over all labels of all batches, of unequal sizes, and not the mean of the batches' perplexities.
     */
    @Test
    void perplexityIsOfTheMean() {
        float[] x = new Rng(1).normal(5 * 3 * 4, 0, 1);
        int[] y = {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2};
        try (var data = Dataset.of(
                        Field.floats("x", Shape.of(3, 4), x).input(),
                        Field.ints("y", Shape.of(3), y).target());
                var model = Model.of(new Linear(4, 4), 1)) {
            Trainer<?> trainer = Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                    .metrics(Metric.perplexity(), Metric.bitsPerCharacter());
            double all;
            try (Pass pass = Pass.infer()) {
                all = Math.exp(model.net()
                        .apply(Tensor.of(x, 5, 3, 4))
                        .crossEntropy(Tensor.ofInts(y, 5, 3))
                        .item());
            }
            assertThat(trainer.evaluate(data.batches(2)).get("perplexity")).isCloseTo(all, within(1e-5));
            assertThat(trainer.evaluate(data.batches(2)).get("bits_per_character"))
                    .as("2 to the bits is the perplexity")
                    .isCloseTo(Math.log(all) / Math.log(2), within(1e-6));
            assertThat(Metric.perplexity().moreIsBetter()).isFalse();
            assertThat(Metric.bitsPerCharacter().moreIsBetter()).isFalse();
        }
    }
}
