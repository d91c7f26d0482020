package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

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
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** Training that goes wrong: what is thrown, who is told, and which weights are left. */
class FailureTest {
    private static Dataset regression() {
        return Dataset.of(new float[] {1, 1, 2, 2, 1, 2, 2, 1}, Shape.of(2), new float[8], Shape.of(2));
    }

    private static NonFiniteLossException failing(Model<? extends Layer> model, Dataset data) {
        Trainer<?> trainer = Trainer.of(model, Loss.mse(), new Sgd(1e-3f));
        return catchThrowableOfType(NonFiniteLossException.class, () -> trainer.fit(data.batches(4), 1));
    }

    /** Scales by what it reads, as no plan could. */
    private record Reading() implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return x.mul(x.max().item()).exp();
        }
    }

    /** The row of the batch says nothing to whoever looks for it in the data. */
    @Test
    void aBadLabelIsNamedByItsExample() {
        int[] labels = new int[50];
        labels[37] = 3;
        try (var model = Model.of(new Linear(1, 3), 1);
                Dataset data = Dataset.of(new float[50], Shape.of(1), labels)) {
            String wrong =
                    "label 3 at row \\d+ is outside \\[0, 3\\): labels are class numbers, one less than the logits'"
                            + " last dimension at most; the row is counted in the batch, and it is in y of "
                            + "example 37 of"
                            + " the dataset";
            assertThatThrownBy(() -> Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                            .fit(data.shuffled(5).batches(8), 1))
                    .hasStackTraceContaining("of example 37 of the dataset")
                    .rootCause()
                    .hasMessageMatching(".*label 3 at row \\d+ is outside \\[0, 3\\).*");
            assertThatThrownBy(() -> Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                            .evaluate(data))
                    .hasMessageMatching(".*" + wrong);
        }
        int[][] tokens = {{1, 2}, {3, 9, 1}, {0}};
        try (var model = Model.of(new Words(new Embedding(5, 2)), 1);
                Dataset data = Dataset.of(
                        Field.ragged("x", tokens).input(),
                        Field.labels("y", 0, 1, 0).target())) {
            assertThatThrownBy(() -> Trainer.custom(
                                    model,
                                    new Sgd(0.1f),
                                    (net, b) -> new Step.Result(Loss.crossEntropy()
                                            .of(net.table().apply(b.x()).mean(1), b.y())))
                            .fit(data.shuffled(1).batches(2), 1))
                    .hasStackTraceContaining("it is in x of example 1 of the dataset");
        }
    }

    record Words(Embedding table) implements Net {}

    /**
     * The loss counts the labels that are no padding. In a padded batch the same place is of another example, which has
     * a bad label too.
     */
    @Test
    void aBadLabelOfARaggedFieldIsNamedByItsExample() {
        int[][] tokens = {{1, 2, 3, 4}, {1}, {2, 2}, {4, 4, 4}, {1, 2, 3}};
        int[][] labels = {{0, 1, 0, 1}, {0}, {9, 0}, {1, 1, 1}, {0, 0, 0}};
        var net = new Sequential(new Embedding(5, 2), Recurrent.gru(2, 3), new Linear(3, 2));
        try (var model = Model.of(net, 1)) {
            for (int[] other : new int[][] {{1, 1, 1}, {1, 9, 1}}) {
                // row 5 of the labels is the first of example 2, and padding of example 1 with four places each
                labels[3] = other;
                for (Padding side : List.of(Padding.behind(), Padding.front())) {
                    try (Dataset data = Dataset.of(
                                    Field.ragged("x", tokens).input(),
                                    Field.ragged("y", labels).target());
                            Dataset padded = data.padded("y", side.value(9))) {
                        assertThatThrownBy(() -> Trainer.of(model, Loss.crossEntropy(), new Sgd(0.1f))
                                        .evaluate(padded.batches(5)))
                                .hasMessageEndingWith("it is in y of example 2 of the dataset");
                    }
                }
            }
        }
    }

    /** What a step of one's own reads of a field is unknown: only a number in the refused row of a field is named. */
    @Test
    void aBadLabelThatMayBeOfSeveralExamplesIsNotNamed() {
        Step<Sequential> shortened = (net, b) -> {
            Tensor logits = net.apply(b.get("x").slice(1, 0, 2)).reshape(6, 3);
            return new Step.Result(
                    Loss.crossEntropy().of(logits, b.y().slice(1, 0, 2).reshape(6)));
        };
        // row 5 of what the step reads is place 7 of the field, whose own row 5 it leaves out
        assertThat(failure(shortened, new int[] {0, 1, 1, 0, 1, 1, 1, 9, 1}))
                .contains("label 9 at row 5")
                .doesNotContain("of the dataset");
        Step<Sequential> all = (net, b) -> new Step.Result(Loss.crossEntropy().of(net.apply(b.x()), b.y()));
        assertThat(failure(all, new int[] {0, 1, 1, 0, 1, 1, 1, 9, 1}))
                .endsWith("it is in y of example 2 of the dataset");
        assertThat(failure(all, new int[] {0, 1, 9, 0, 9, 9, 1, 9, 1}))
                .as("the first of several")
                .endsWith("it is in y of example 0 of the dataset");
    }

    private static String failure(Step<Sequential> step, int[] y) {
        try (var model = Model.of(new Sequential(new Embedding(5, 3)), 1);
                Dataset data = Dataset.of(
                        Field.ints("x", Shape.of(3), new int[9]).input(),
                        Field.ints("y", Shape.of(3), y).target())) {
            return catchThrowable(
                            () -> Trainer.custom(model, new Sgd(0.1f), step).evaluate(data.batches(3)))
                    .getMessage();
        }
    }

    /** The step looks up something else, and a field has the refused number where it means nothing. */
    @Test
    void aNumberThatStandsElsewhereInAFieldIsNotNamed() {
        Step<Sequential> reversed = (net, b) -> {
            Tensor turned = b.y().take(0, Tensor.ofInts(new int[] {2, 1, 0}, 3));
            return new Step.Result(Loss.crossEntropy().of(net.apply(b.x()), turned));
        };
        int[] ids = {4, 9, 4};
        try (var model = Model.of(new Sequential(new Embedding(5, 3)), 1);
                Dataset data = Dataset.of(
                        Field.ints("x", Shape.SCALAR, new int[3]).input(),
                        Field.ints("y", Shape.SCALAR, new int[] {9, 0, 0}).target(),
                        Field.ints("id", Shape.of(1), ids))) {
            assertThatThrownBy(
                            () -> Trainer.custom(model, new Sgd(0.1f), reversed).evaluate(data.batches(3)))
                    .hasMessageContaining("label 9 at row 2")
                    .hasMessageNotContaining("of the dataset");
        }
    }

    @Test
    void aLayerThatReadsItsValuesIsNamed() {
        try (var model = Model.of(new Sequential(new Linear(2, 2, Init.constant(50)), Tensor::relu, new Reading()), 1);
                Dataset data = regression()) {
            assertThat(failing(model, data))
                    .hasMessage("loss is Infinity at step 1 of epoch 1 (learning rate 0.001): the first non-finite "
                            + "values come from exp at 2; lower the learning rate or scale the data");
        }
    }

    /** 1e38 is a float, ten times that is none: only in training does dropout scale. */
    @Test
    void whatOverflowsInTrainingAloneIsNamed() {
        record Overflowing(Dropout dropout) implements Layer {
            @Override
            public Tensor forward(Tensor x) {
                return dropout.apply(x.add(1e38f)).mul(1e-38f);
            }
        }
        float[] zeros = new float[256];
        try (var model = Model.of(new Sequential(new Linear(2, 2), new Overflowing(new Dropout(0.9f))), 1);
                Dataset data = Dataset.of(zeros, Shape.of(2), zeros, Shape.of(2))) {
            Trainer<?> trainer = Trainer.of(model, Loss.mse(), new Sgd(1e-3f));
            assertThatThrownBy(() -> trainer.fit(data.batches(128), 1))
                    .isInstanceOf(NonFiniteLossException.class)
                    .hasMessage("loss is Infinity at step 1 of epoch 1 (learning rate 0.001): the first non-finite "
                            + "values come from dropout at 1.dropout; lower the learning rate or scale the data");
            assertThat(trainer.evaluate(data).get("loss")).isFinite();
        }
    }

    /** Bears to be run once. */
    private static final class Once {
        private int calls;

        Tensor at(Tensor x) {
            if (++calls > 1) {
                throw new UnsupportedOperationException("once");
            }
            return x.mul(Float.MAX_VALUE).mul(2);
        }
    }

    @Test
    void theExplanationNeverTakesThePlaceOfTheException() {
        Once once = new Once();
        try (var model = Model.of(new Linear(2, 2), 1);
                Dataset data = regression()) {
            Trainer<Linear> trainer = Trainer.custom(
                    model,
                    new Sgd(1),
                    (net, batch) -> new Step.Result(
                            once.at(net.apply(batch.x())).square().mean()));
            assertThatThrownBy(() -> trainer.fit(data.batches(4), 1))
                    .isInstanceOf(NonFiniteLossException.class)
                    .hasMessageEndingWith(": the loss overflows; lower the learning rate or scale the data");
        }
    }

    // ---- what is left

    private static List<float[]> values(Model<?> model) {
        return model.parameters().stream().map(p -> p.value().toArray()).toList();
    }

    /** Throws when {@code epoch} is over; remembers the weights of every epoch. */
    private static Callback failingAt(int epoch, Model<?> model, List<List<float[]>> weights) {
        return new Callback() {
            @Override
            public void onEpochEnd(Run run, EpochLog log) {
                weights.add(values(model));
                if (run.progress().epoch() == epoch) {
                    throw new UnsupportedOperationException();
                }
            }
        };
    }

    /** This rate makes each epoch worse than the one before. */
    @Test
    void theBestWeightsComeBackAfterAFailureToo() {
        List<List<float[]>> weights = new ArrayList<>();
        List<String> ended = new ArrayList<>();
        try (var model = Model.of(new Linear(2, 2), 1);
                Dataset data = regression()) {
            assertThatThrownBy(() -> Trainer.of(model, Loss.mse(), new Sgd(2))
                            .keepBest()
                            .callbacks(failingAt(3, model, weights), new Callback() {
                                @Override
                                public void onTrainEnd(Run run) {
                                    ended.add(run.ended() + " " + run.best().epoch());
                                    weights.add(values(model));
                                }
                            })
                            .fit(data.batches(4), data, 5))
                    .isInstanceOf(UnsupportedOperationException.class);
            assertThat(ended).containsExactly("java.lang.UnsupportedOperationException 1");
            assertThat(values(model).toArray()).isEqualTo(weights.get(0).toArray());
            assertThat(weights.get(3).toArray())
                    .as("told when they are back")
                    .isEqualTo(weights.get(0).toArray());
            assertThat(weights.get(2).get(0)).isNotEqualTo(weights.get(0).get(0));
        }
    }

    private static final class Told implements Callback {
        private final String name;
        private final String fails;
        private final List<String> lines;

        Told(String name, String fails, List<String> lines) {
            this.name = name;
            this.fails = fails;
            this.lines = lines;
        }

        private void tell(String what) {
            lines.add(name + what);
            if (what.equals(fails)) {
                throw new UnsupportedOperationException(name + what);
            }
        }

        @Override
        public void onTrainBegin(Run run) {
            tell("begin");
        }

        @Override
        public void onTrainEnd(Run run) {
            tell("end");
        }
    }

    @Test
    void everyCallbackThatBeganIsToldOfTheEnd() {
        List<String> lines = new ArrayList<>();
        try (var model = Model.of(new Linear(2, 2), 1);
                Dataset data = regression()) {
            assertThatThrownBy(() -> Trainer.of(model, Loss.mse(), new Sgd(1e-3f))
                            .callbacks(
                                    new Told("a ", "end", lines),
                                    new Told("b ", "", lines),
                                    new Told("c ", "begin", lines),
                                    new Told("d ", "", lines))
                            .fit(data.batches(4), 1))
                    .hasMessage("c begin")
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1))
                    .satisfies(e -> assertThat(e.getSuppressed()[0]).hasMessage("a end"));
            assertThat(lines).containsExactly("a begin", "b begin", "c begin", "a end", "b end");
            lines.clear();
            assertThatThrownBy(() -> Trainer.of(model, Loss.mse(), new Sgd(1e-3f))
                            .callbacks(new Told("a ", "end", lines), new Told("b ", "end", lines))
                            .fit(data.batches(4), 1))
                    .hasMessage("a end")
                    .satisfies(e -> assertThat(e.getSuppressed()[0]).hasMessage("b end"));
            assertThatThrownBy(Pass::current).as("no pass is left open").isInstanceOf(IllegalStateException.class);
        }
    }

    // ---- figures

    /** A figure of the validation set that follows a script, an entry an epoch. */
    private static Run follow(String name, boolean larger, int patience, double... script) {
        int[] epoch = {0};
        BiFunction<Tensor, Tensor, Metric.Sum> sum =
                (output, target) -> Metric.Sum.ofMean(script[epoch[0]], output.dim(0));
        Metric metric = larger ? Metric.higherIsBetter(name, sum) : Metric.lowerIsBetter(name, sum);
        try (var model = Model.of(new Linear(2, 2), 1);
                Dataset data = regression()) {
            return Trainer.of(model, Loss.mse(), new Sgd(1e-3f))
                    .metrics(metric)
                    .keepBest("val_" + name)
                    .callbacks(new EarlyStopping(patience), new Callback() {
                        @Override
                        public void onEpochEnd(Run run, EpochLog log) {
                            epoch[0]++;
                        }
                    })
                    .fit(data.batches(4), data, script.length);
        }
    }

    @Test
    void noNumberIsNoProgress() {
        double[] nan = new double[9];
        Arrays.fill(nan, Double.NaN);
        Run history = follow("score", false, 3, nan);
        assertThat(history.ended()).isEqualTo("no better val_score for 3 epochs");
        assertThat(history.best().epoch()).isEqualTo(1);

        history = follow("score", false, 3, 5, Double.NaN, 4, Double.NaN, Double.NaN, Double.NaN, 1);
        assertThat(history.epochs()).hasSize(6);
        assertThat(history.best().epoch()).isEqualTo(3);

        history = follow("score", false, 2, Double.NaN, 7, 8, 8);
        assertThat(history.best().epoch()).as("any number is better than none").isEqualTo(2);
    }

    @Test
    void aMetricSaysWhichWayIsBetter() {
        assertThat(follow("f1", true, 9, 0.5, 0.75, 0.25).best().epoch()).isEqualTo(2);
        assertThat(follow("f1", false, 9, 0.5, 0.75, 0.25).best().epoch()).isEqualTo(3);
        assertThat(Metric.accuracy().moreIsBetter()).isTrue();
    }

    @Test
    void namesAreTakenOnce() {
        try (var model = Model.of(new Linear(2, 2), 1)) {
            Trainer<?> trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Sgd(1)).metrics(Metric.accuracy());
            assertThatThrownBy(() -> trainer.metrics(Metric.accuracy()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("metrics: the name accuracy is taken (loss, val_... and each metric's own name are); "
                            + "choose another");
        }
    }

    /** Two rules side by side: the one that runs out first ends the run, whatever their order. */
    @Test
    void theFirstRuleThatRunsOutEndsARun() {
        double[] script = {5, 4, 4.9, 3.8, 3.7, 3.6, 3.5, 3.4};
        EarlyStopping[] rules = {new EarlyStopping(3), new EarlyStopping(2, 0.5)};
        for (int first = 0; first < 2; first++) {
            int[] epoch = {0};
            try (var model = Model.of(new Linear(2, 2), 1);
                    Dataset data = regression()) {
                Run history = Trainer.of(model, Loss.mse(), new Sgd(1e-3f))
                        .metrics(Metric.lowerIsBetter("score", (y, t) -> Metric.Sum.ofMean(script[epoch[0]], y.dim(0))))
                        .keepBest("val_score")
                        .callbacks(rules[first], rules[1 - first], new Callback() {
                            @Override
                            public void onEpochEnd(Run run, EpochLog log) {
                                epoch[0]++;
                            }
                        })
                        .fit(data.batches(4), data, script.length);
                assertThat(history.ended()).isEqualTo("no better val_score for 2 epochs");
                assertThat(history.epochs()).hasSize(4);
            }
        }
    }
}
