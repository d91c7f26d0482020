package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonStreamParser;
import dev.fathom.data.Dataset;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Penalty;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Ema;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Sam;
import dev.fathom.optim.Sgd;
import dev.fathom.optim.Swa;
import dev.fathom.parameter.Variable;
import dev.fathom.store.StoreRange;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Learning rates that follow results, steps that grow, the range test, and averages of weights in a trainer; each of
 * them resumed.
 */
class RatesTest {
    private static final JsonObject GOLDENS =
            new JsonStreamParser(Golden.text("schedules.json")).next().getAsJsonObject();
    private static final int EPOCHS = 5;

    @TempDir
    Path folder;

    private static double[] golden(String name) {
        return GOLDENS.get(name).getAsJsonArray().asList().stream()
                .mapToDouble(JsonElement::getAsDouble)
                .toArray();
    }

    private static List<EpochLog> logs(double... figures) {
        return IntStream.range(0, figures.length)
                .mapToObj(i -> new EpochLog(i + 1, 1, 0, Map.of("val_loss", figures[i])))
                .toList();
    }

    private static double[] factors(Callback callback, boolean moreIsBetter, double... figures) {
        List<EpochLog> all = logs(figures);
        return IntStream.range(0, figures.length)
                .mapToDouble(i -> callback.rateFactor(new Monitor("val_loss", moreIsBetter), all.subList(0, i)))
                .toArray();
    }

    // ---- by results

    @Test
    void plateausArePyTorchs() {
        ReduceOnPlateau half = new ReduceOnPlateau(3).factor(0.5);
        compare("plateau", half, "losses");
        compare(
                "plateau cooldown",
                new ReduceOnPlateau(1).factor(0.5).cooldown(4).threshold(0.05),
                "losses");
        compare(
                "plateau absolute",
                new ReduceOnPlateau(2).factor(0.3).absoluteThreshold(0.1).least(0.01),
                "losses");
        compare("plateau of accuracies", new ReduceOnPlateau(2).factor(0.5).threshold(0.01), "accuracies");
    }

    private static void compare(String form, ReduceOnPlateau callback, String figures) {
        double[] expected = golden(form);
        assertThat(expected[39]).as("it has fallen").isLessThan(0.51);
        assertThat(factors(callback, figures.equals("accuracies"), golden(figures)))
                .as(form)
                .containsExactly(expected, within(1e-12));
    }

    @Test
    void newbobHalvesOnEveryRise() {
        assertThat(factors(new Newbob(), false, 3, 2, 2.5, 2.4, 2.6, 2.7, 1))
                .containsExactly(1, 1, 1, 0.5, 0.5, 0.25, 0.125);
        assertThat(factors(new Newbob(0.1), true, 3, 2, Double.NaN, 1, 0.5, 9))
                .containsExactly(1, 1, 0.1, 0.1, 0.1, 0.1 * 0.1);
        assertThat(factors(new Newbob(), false, 3, 3, 3, 4, 4, 4))
                .as("a tie is no rise")
                .containsExactly(1, 1, 1, 1, 0.5, 0.5);
    }

    @Test
    void anEpochWithoutTheFigureIsABadOne() {
        assertThat(factors(new ReduceOnPlateau(1), false, Double.NaN, 1, Double.NaN, Double.NaN, 0.5))
                .containsExactly(1, 1, 1, 1, 0.1);
    }

    // ---- in a run

    private static Sequential net() {
        return new Sequential(new Linear(2, 8), new BatchNorm(8), Tensor::tanh, new Linear(8, 2));
    }

    private static Dataset points(int n, long seed) {
        float[] x = new Rng(seed).uniform(2 * n, -1, 1);
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = x[2 * i] * x[2 * i + 1] > 0 ? 1 : 0;
        }
        return Dataset.of(x, Shape.of(2), labels);
    }

    /** What a run leaves. */
    private record Left(List<float[]> values, List<String> epochs, List<Double> rates) {
        void mustBe(Left other) {
            assertThat(values.toArray()).isEqualTo(other.values.toArray());
            assertThat(epochs).isEqualTo(other.epochs);
        }
    }

    private static Left run(int seed, Optimizer recipe, UnaryOperator<Trainer<Sequential>> settings) {
        try (var model = Model.of(net(), seed);
                Dataset train = points(44, 1);
                Dataset validation = points(30, 2)) {
            Trainer<Sequential> trainer =
                    Trainer.of(model, Loss.crossEntropy(), recipe).seed(7);
            Run h = settings.apply(trainer).fit(train.shuffled(3).batches(12), validation, EPOCHS);
            return new Left(
                    values(model),
                    h.epochs().stream()
                            .map(e -> e.epoch() + " " + e.learningRate() + " " + e.values())
                            .toList(),
                    h.epochs().stream().map(EpochLog::learningRate).toList());
        }
    }

    private static List<float[]> values(Model<?> model) {
        List<float[]> all = new ArrayList<>();
        for (Variable h : StoreRange.store(model.range()).<Variable>cells()) {
            all.add(h.value().toArray());
        }
        return all;
    }

    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private static Callback killedAfter(int epoch, int step) {
        return new Callback() {
            @Override
            public void onStepEnd(Run run) {
                if (run.progress().epoch() == epoch && run.progress().step() == step) {
                    throw new Killed();
                }
            }
        };
    }

    private void resumes(Optimizer recipe, UnaryOperator<Trainer<Sequential>> settings) {
        Left whole = run(1, recipe, settings);
        for (int[] end : new int[][] {{2, 3}, {3, 1}, {4, 4}}) {
            Path here = folder.resolve("killed " + recipe.hashCode() + " " + Arrays.toString(end));
            Checkpoints every = Checkpoints.in(here).everySteps(1);
            assertThatThrownBy(() -> run(
                            1,
                            recipe,
                            t -> settings.apply(t).checkpoints(every).callbacks(killedAfter(end[0], end[1]))))
                    .isInstanceOf(Killed.class);
            run(99, recipe, t -> settings.apply(t).resume(here)).mustBe(whole);
        }
    }

    /** A rate that rises and falls with the results, and two callbacks whose factors are multiplied. */
    @Test
    void theRatesFollowTheResultsAndAreResumed() {
        Callback rising = new Callback() {
            @Override
            public double rateFactor(Monitor monitor, List<EpochLog> finished) {
                return 1 + finished.size();
            }
        };
        Callback shrinking = new ReduceOnPlateau(0).factor(0.5).absoluteThreshold(10);
        Left left = run(1, new Sgd(0.5f), t -> t.callbacks(rising, shrinking));
        assertThat(left.rates).containsExactly(0.5, 1.0, 0.75, 0.5, 0.3125);
        resumes(new Adam(0.05f), t -> t.callbacks(new Newbob(), shrinking));
    }

    /** Four batches an epoch: four steps, then two of 3 and 1, then one. */
    @Test
    void stepsMayGrowFromEpochToEpoch() {
        List<Long> updates = new ArrayList<>();
        List<Long> scheduled = new ArrayList<>();
        UnaryOperator<Trainer<Sequential>> growing = t -> t.accumulate(epoch -> epoch == 1 ? 1 : epoch == 2 ? 3 : 9);
        Callback counting = new Callback() {
            @Override
            public void onEpochEnd(Run run, EpochLog log) {
                updates.add(run.progress().updates());
            }
        };
        run(
                1,
                new Sgd(0.1f),
                t -> growing.apply(t).callbacks(counting).schedule((epochs, steps) -> {
                    scheduled.add(steps);
                    return 1;
                }));
        assertThat(updates).containsExactly(4L, 6L, 7L, 8L, 9L);
        assertThat(scheduled.subList(0, 12)).containsExactly(0L, 1L, 2L, 3L, 4L, 4L, 4L, 5L, 6L, 6L, 6L, 6L);
        Left one = run(1, new Sgd(0.1f), t -> t.accumulate(3));
        one.mustBe(run(1, new Sgd(0.1f), t -> t.accumulate(epoch -> 3)));
        resumes(new Adam(0.05f), t -> t.accumulate(epoch -> epoch));
        assertThatThrownBy(() -> run(1, new Sgd(0.1f), t -> t.accumulate(epoch -> 2 - epoch)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("accumulate: a step of epoch 2 has 0 batches; give at least 1 for every epoch");
    }

    // ---- averages

    private static List<float[]> weights(Model<?> model) {
        return model.parameters().stream().map(p -> p.value().toArray()).toList();
    }

    /** The average of the weights after each epoch from the third on, and the statistics of its batch norm by hand. */
    @Test
    void theAverageIsValidatedAndLeftWithStatisticsOfItsOwn() {
        List<List<float[]>> after = new ArrayList<>();
        try (var model = Model.of(net(), 1);
                Dataset train = points(48, 1);
                Dataset validation = points(30, 2)) {
            var batches = train.shuffled(3).batches(12);
            Trainer<Sequential> trainer = Trainer.of(model, Loss.crossEntropy(), new Swa(new Sgd(0.5f), 12, 4))
                    .callbacks(new Callback() {
                        @Override
                        public void onEpochEnd(Run run, EpochLog log) {
                            after.add(weights(model));
                        }
                    });
            Run history = trainer.fit(batches, validation, EPOCHS);
            for (int i = 0; i < model.parameters().size(); i++) {
                float[] left = model.parameters().get(i).value().toArray();
                for (int k = 0; k < left.length; k++) {
                    double mean = (after.get(2).get(i)[k]
                                    + after.get(3).get(i)[k]
                                    + after.get(4).get(i)[k])
                            / 3.0;
                    assertThat((double) left[k]).isCloseTo(mean, within(1e-6));
                }
            }
            BatchNorm norm = (BatchNorm) (Object) model.net().layers().get(1);
            double[] means = new double[8];
            double[] variances = new double[8];
            var epoch = batches.epoch(EPOCHS);
            for (int b = 0; b < 4; b++) {
                try (Pass pass = Pass.infer()) {
                    Tensor h = model.net().layers().get(0).apply(epoch.next().x());
                    float[] mean = h.mean(0).toArray();
                    float[] variance = h.sampleVariance(0).toArray();
                    for (int c = 0; c < 8; c++) {
                        means[c] += mean[c] / 4;
                        variances[c] += variance[c] / 4;
                    }
                }
            }
            float[] mean = norm.runningMean().value().toArray();
            float[] variance = norm.runningVar().value().toArray();
            for (int c = 0; c < 8; c++) {
                assertThat((double) mean[c]).isCloseTo(means[c], within(1e-6));
                assertThat((double) variance[c]).isCloseTo(variances[c], within(1e-6));
            }
            assertThat(norm.numBatchesTracked().value().item()).isEqualTo(4);
            assertThat(trainer.evaluate(validation.batches(12)).get("loss"))
                    .as("the last validation saw the same")
                    .isEqualTo(history.epochs().get(EPOCHS - 1).value("val_loss"));
        }
    }

    @Test
    void averagesAreResumed() {
        resumes(new Ema(new Adam(0.05f), 0.9f), t -> t);
        resumes(new Swa(new Adam(0.05f), 7, 2), t -> t.keepBest());
    }

    /** The file of the best epoch holds the weights that were validated. */
    @Test
    void theBestAverageIsWrittenDown() {
        Path here = folder.resolve("best");
        try (var model = Model.of(net(), 1);
                var loaded = Model.of(net(), 2);
                var other = Model.of(net(), 3);
                Dataset train = points(44, 1);
                Dataset validation = points(30, 2)) {
            Trainer<Sequential> trainer = Trainer.of(model, Loss.crossEntropy(), new Ema(new Adam(0.05f), 0.8f))
                    .keepBest()
                    .checkpoints(Checkpoints.in(here));
            Run history = trainer.fit(train.shuffled(3).batches(12), validation, EPOCHS);
            loaded.load(here.resolve("best.safetensors"));
            assertThat(values(loaded).toArray()).isEqualTo(values(model).toArray());
            assertThat(trainer.evaluate(validation.batches(12)).get("loss"))
                    .isEqualTo(history.best().value("val_loss"));
            for (Path file : Checkpoints.all(here)) {
                if (!Checkpoints.isBest(file)) {
                    delete(file);
                }
            }
            List<float[]> before = values(other);
            assertThatThrownBy(() -> trainer.model(other)
                            .resume(here)
                            .fit(train.shuffled(3).batches(12), validation, EPOCHS))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("resume: " + here.resolve("best.safetensors")
                            + " holds averaged weights and batch norms that fit them, from which no run goes on to the"
                            + " same bits; begin anew without resume()");
            assertThat(values(other).toArray()).as("nothing was loaded").isEqualTo(before.toArray());
        }
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    // ---- the range test

    private static Layer line() {
        return new Linear(1, 1, Init.constant(1));
    }

    /** Loss (w x + b)^2 at x = 1 and -1 alike: rates above 1 diverge. */
    @Test
    void theRangeTestFindsWhereTheLossFalls() {
        float[] x = {1, -1, 1, -1};
        try (var model = Model.of(new Sequential(line()), 1);
                Dataset data = Dataset.of(x, Shape.of(1), new float[4], Shape.of(1))) {
            Trainer<Sequential> trainer = Trainer.of(model, Loss.mse(), new Sgd(0.1f));
            List<float[]> before = values(model);
            RateRange range = trainer.findRate(data.batches(4), 60, 1e-4, 1e4);
            assertThat(values(model).toArray()).as("the model stays").isEqualTo(before.toArray());
            assertThat(range.rates()[0]).isCloseTo(1e-4, within(1e-12));
            assertThat(range.rates()[10]).isCloseTo(1e-4 * Math.pow(1e8, 10 / 59.0), within(1e-12));
            assertThat(range.rates().length).as("it diverges").isBetween(20, 50);
            assertThat(range.losses()[0])
                    .isEqualTo(trainer.evaluate(data.batches(4)).get("loss"));
            assertThat(range.smoothed()[0]).isCloseTo(range.losses()[0], within(1e-9));
            assertThat(range.smoothed()[1])
                    .isCloseTo((0.09 * range.losses()[0] + 0.1 * range.losses()[1]) / 0.19, within(1e-9));
            assertThat(range.suggestion()).isBetween(0.003, 1.0);
            assertThat(range.minimum()).isBetween(range.suggestion(), 10.0);
            assertThat(range.curve()).isDeepEqualTo(new double[][] {range.rates(), range.smoothed()});
            assertThat(range.toString()).startsWith("RateRange[" + range.rates().length + " rates, loss least at ");
        }
    }

    @Test
    void theRangeTestMinimizesThePenaltiesToo() {
        float[] x = {1, -1, 1, -1};
        try (var model = Model.of(new Sequential(line()), 1);
                Dataset data = Dataset.of(x, Shape.of(1), new float[4], Shape.of(1))) {
            Trainer<Sequential> trainer = Trainer.of(model, Loss.mse(), new Sgd(0.1f));
            RateRange without = trainer.findRate(data.batches(4), 60, 1e-4, 1e4);
            RateRange with = trainer.penalties(Penalty.l2(3).on("0.weight")).findRate(data.batches(4), 60, 1e-4, 1e4);
            assertThat(with.losses()[0]).isCloseTo(without.losses()[0] + 3, within(1e-6)); // the weight is 1
            assertThat(with.rates().length)
                    .as("a steeper slope diverges at smaller rates")
                    .isLessThan(without.rates().length);
        }
    }

    @Test
    void aLossThatIsNowhereBetterHasNoSuggestion() {
        try (var model = Model.of(new Sequential(line()), 1);
                Dataset data = Dataset.of(new float[] {3e38f}, Shape.of(1), new float[1], Shape.of(1))) {
            RateRange range = Trainer.of(model, Loss.mse(), new Sgd(0.1f)).findRate(data.batches(1));
            assertThat(range.rates()).isEmpty();
            assertThat(range.suggestion()).isNaN();
            assertThat(range.minimum()).isNaN();
        }
    }

    /** Without this the run would leave the weights of the last step and nobody would know. */
    @Test
    void averagesThatWouldNeverBeginAreRefused() {
        try (var model = Model.of(new Sequential(line()), 1);
                Dataset data = Dataset.of(new float[6], Shape.of(1), new float[6], Shape.of(1))) {
            refused(
                    () -> Trainer.of(model, Loss.mse(), new Swa(new Sgd(0.1f), 7, 2))
                            .accumulate(2)
                            .fit(data.batches(1), 2),
                    "fit: " + new Swa(new Sgd(0.1f), 7, 2)
                            + " would have no average in the end, because the run has only 6 steps; let the averages"
                            + " begin earlier, or train for longer");
            refused(
                    () -> Trainer.of(model, Loss.mse(), new Swa(new Sgd(0.1f), 7, 2))
                            .start(data.batches(2), 2),
                    "start: " + new Swa(new Sgd(0.1f), 7, 2)
                            + " would have no average in the end, because the run has only 6 steps; let the averages"
                            + " begin earlier, or train for longer");
            Trainer.of(model, Loss.mse(), new Swa(new Sgd(0.1f), 7, 2)).fit(data.batches(1), 2);
        }
    }

    @Test
    void settingsWithoutSenseAreRefused() {
        try (var model = Model.of(new Sequential(line()), 1);
                Dataset data = Dataset.of(new float[2], Shape.of(1), new float[2], Shape.of(1))) {
            Trainer<Sequential> trainer = Trainer.of(model, Loss.mse(), new Sgd(0.1f));
            var batches = data.batches(1);
            refused(
                    () -> trainer.findRate(batches, 1, 1e-3, 1),
                    "findRate: steps=1 must be at least 2, and from=0.001 and to=1.0 must be above 0, finite and"
                            + " ascending");
            refused(
                    () -> trainer.findRate(batches, 5, Double.NaN, 1),
                    "findRate: steps=5 must be at least 2, and from=NaN and to=1.0 must be above 0, finite and"
                            + " ascending");
            Trainer<Sequential> again =
                    Trainer.custom(model, new Sam(new Sgd(0.1f)), (net, batch, state) -> new Step.Result(batch.x()));
            refused(
                    () -> again.findRate(batches),
                    "findRate: Sam evaluates the loss again, and a step that carries a state would read a batch twice;"
                            + " choose an optimizer that does not, or a step without a state");
        }
        refused(() -> new Newbob(1), "Newbob: factor=1.0 must be in (0, 1)");
        refused(() -> new ReduceOnPlateau(-1), "ReduceOnPlateau: patience=-1 and cooldown=0 must be 0 or more");
        refused(
                () -> new ReduceOnPlateau(1).cooldown(-2),
                "ReduceOnPlateau: patience=1 and cooldown=-2 must be 0 or more");
        refused(() -> new ReduceOnPlateau(1).factor(Double.NaN), "ReduceOnPlateau: factor=NaN must be in (0, 1)");
        refused(
                () -> new ReduceOnPlateau(1).threshold(-1),
                "ReduceOnPlateau: threshold=-1.0 must be 0 or more and finite");
        refused(() -> new ReduceOnPlateau(1).least(2), "ReduceOnPlateau: least=2.0 must be in [0, 1]");
    }

    private static void refused(Runnable make, String message) {
        assertThatThrownBy(make::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }
}
