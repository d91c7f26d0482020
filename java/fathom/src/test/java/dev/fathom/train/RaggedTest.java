package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Padding;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Residual;
import dev.fathom.nn.SequenceLoss;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.optim.Sgd;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a trainer makes of sequences does not depend on how long the others of their batch are. */
public class RaggedTest {
    /** The words that the sentences are made of. */
    public static final int WORDS = 11;

    private static int[][] rows(boolean answers) {
        int[][] rows = new int[13][];
        Rng rng = new Rng(1);
        for (int i = 0; i < rows.length; i++) {
            int[] words = rng.split(i).ints(1 + i * 5 % 7, WORDS);
            rows[i] = answers ? Arrays.stream(words).map(w -> w % 3).toArray() : words;
        }
        return rows;
    }

    /** Sentences with a class each. */
    private static Dataset sentences() {
        int[] labels = new int[13];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % 2;
        }
        return Dataset.of(
                Field.ragged("x", rows(false)).input(),
                Field.labels("y", labels).target());
    }

    /** Sentences with a class for each word. */
    private static Dataset tagged() {
        return Dataset.of(
                Field.ragged("x", rows(false)).input(),
                Field.ragged("y", rows(true)).target());
    }

    private static List<float[]> trained(Supplier<Sequential> net, Dataset data, Loss loss) {
        try (var model = Model.of(net.get(), 1)) {
            Run h = Trainer.of(model, loss, new Sgd(0.3f))
                    .metrics(Metric.accuracy())
                    .fit(data.shuffled(1).batches(4), data, 3);
            List<float[]> all = new ArrayList<>();
            for (String name : h.names()) {
                if (!name.equals("seconds")) {
                    double[] series = h.series(name);
                    float[] values = new float[series.length];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = (float) series[i];
                    }
                    all.add(values);
                }
            }
            model.parameters().forEach(p -> all.add(p.value().toArray()));
            return all;
        }
    }

    private static void same(List<float[]> a, List<float[]> b) {
        assertThat(a).hasSameSizeAs(b);
        for (int i = 0; i < a.size(); i++) {
            assertThat(a.get(i)).containsExactly(b.get(i), within(2e-6f));
        }
    }

    @Test
    void paddingChangesNeitherLossNorWeights() {
        List<Supplier<Sequential>> ofSentences = List.of(
                () -> new Sequential(
                        new Embedding(WORDS, 6), Recurrent.gru(6, 5).lastStep(), new Linear(5, 2)),
                () -> new Sequential(
                        new Embedding(WORDS, 6),
                        Recurrent.lstm(6, 5).bidirectional(),
                        Recurrent.gru(10, 4).lastStep(),
                        new Linear(4, 2)));
        List<Supplier<Sequential>> ofWords = List.of(
                () -> new Sequential(
                        new Embedding(WORDS, 6), Recurrent.gru(6, 5).bidirectional(), new Linear(10, 3)),
                () -> new Sequential(
                        new Embedding(WORDS, 6),
                        Conv.causal(6, 6, 3, 1),
                        Tensor::relu,
                        Recurrent.gru(6, 5),
                        new Linear(5, 3)),
                () -> new Sequential(new Embedding(WORDS, 6), new Linear(6, 3)),
                () -> new Sequential(new Embedding(WORDS, 6), new Residual(Conv.causal(6, 6, 2, 2)), new Linear(6, 3)));
        try (Dataset sentences = sentences();
                Dataset longer =
                        sentences.padded("x", Padding.behind().length(19).value(3))) {
            for (Supplier<Sequential> net : ofSentences) {
                same(trained(net, sentences, Loss.crossEntropy()), trained(net, longer, Loss.crossEntropy()));
            }
        }
        paddingChangesNoNetOfWords(ofWords);
    }

    /** Checks that nets with three scores for each word learn the same whatever lies behind the sentences. */
    public static void paddingChangesNoNetOfWords(List<Supplier<Sequential>> nets) {
        try (Dataset words = tagged();
                Dataset wider = words.padded("x", Padding.behind().length(19).value(3));
                Dataset longer = wider.padded("y", Padding.behind().length(19).value(2))) {
            for (Supplier<Sequential> net : nets) {
                List<float[]> expected = trained(net, words, Loss.crossEntropy());
                same(expected, trained(net, longer, Loss.crossEntropy()));
                try (Dataset otherSide = wider.padded("y", Padding.front().value(2))) {
                    same(expected, trained(net, otherSide, Loss.crossEntropy()));
                }
            }
        }
    }

    /** The loss of all words is that of each sentence alone, times its words. */
    @Test
    void wordsCountOnceEach() {
        try (var model = Model.of(new Sequential(new Embedding(WORDS, 6), Recurrent.gru(6, 5), new Linear(5, 3)), 1);
                Dataset words = tagged()) {
            var trainer =
                    Trainer.of(model, Loss.crossEntropy(), new Sgd(1)).metrics(Metric.accuracy(), Metric.perplexity());
            double loss = 0;
            double right = 0;
            int n = 0;
            for (int i = 0; i < words.size(); i++) {
                int length = rows(true)[i].length;
                try (Dataset one = words.subset(new int[] {i})) {
                    loss += length * trainer.evaluate(one).get("loss");
                    right += length * trainer.evaluate(one).get("accuracy");
                }
                n += length;
            }
            for (int batch : new int[] {1, 4, 13}) {
                var found = trainer.evaluate(words.batches(batch));
                assertThat(found.get("loss")).isCloseTo(loss / n, within(1e-6));
                assertThat(found.get("accuracy")).isCloseTo(right / n, within(1e-12));
                assertThat(found.get("perplexity")).isCloseTo(Math.exp(loss / n), within(1e-5));
            }
        }
    }

    /** Four batches of unequally many words are one step with the gradient of all words. */
    @Test
    void accumulationCountsWords() {
        Sequential net = new Sequential(new Embedding(WORDS, 6), Recurrent.gru(6, 5), new Linear(5, 3));
        try (var one = Model.of(net, 1);
                var many = one.copy();
                Dataset words = tagged()) {
            Trainer.of(one, Loss.crossEntropy(), new Sgd(0.5f)).fit(words.batches(13), 2);
            Trainer.of(many, Loss.crossEntropy(), new Sgd(0.5f)).accumulate(4).fit(words.batches(4), 2);
            for (int i = 0; i < one.parameters().size(); i++) {
                assertThat(many.parameters().get(i).value().toArray())
                        .containsExactly(one.parameters().get(i).value().toArray(), within(2e-6f));
            }
        }
    }

    @Test
    void paddingInFrontIsForNetsThatExpectItThere() {
        Supplier<Sequential> front = () ->
                new Sequential(new Embedding(WORDS, 6), Recurrent.gru(6, 5).paddedInFront(), new Linear(5, 3));
        Supplier<Sequential> behind =
                () -> new Sequential(new Embedding(WORDS, 6), Recurrent.gru(6, 5), new Linear(5, 3));
        try (Dataset words = tagged();
                Dataset x = words.padded("x", Padding.front());
                Dataset both = x.padded("y", Padding.front())) {
            same(trained(behind, words, Loss.crossEntropy()), trained(front, both, Loss.crossEntropy()));
            assertThatThrownBy(() -> trained(behind, both, Loss.crossEntropy()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("x is padded in front, but Sequential expects padding behind");
            assertThatThrownBy(() -> trained(front, words, Loss.crossEntropy()))
                    .hasMessageContaining("x is padded behind, but Sequential expects padding in front");
        }
    }

    @Test
    void aNetThatTakesNoLengthsIsRefused() {
        Layer mean = x -> x.mean(1);
        Map<String, Supplier<Sequential>> nets = Map.of(
                "a function mixes the steps of its sequences",
                () -> new Sequential(new Embedding(WORDS, 6), mean, new Linear(6, 2)),
                ", 2] and ", // one row of logits for each word
                () -> new Sequential(new Embedding(WORDS, 6), new Linear(6, 2)));
        try (Dataset data = sentences()) {
            nets.forEach((sentence, net) -> {
                assertThatThrownBy(() -> trained(net, data, Loss.crossEntropy()))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(sentence);
            });
            assertThatThrownBy(() -> trained(
                            () -> new Sequential(
                                    new Embedding(WORDS, 6),
                                    new Conv(6, 6, Window.line(3).same()),
                                    Recurrent.gru(6, 5).lastStep(),
                                    new Linear(5, 2)),
                            data,
                            Loss.crossEntropy()))
                    .hasMessageContaining("Conv mixes the steps of its sequences");
        }
        try (Dataset data = Dataset.of(
                Field.ragged("x", rows(false)).input(),
                Field.ragged("y", new int[][] {{1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}, {1}})
                        .target())) {
            assertThatThrownBy(() -> trained(
                            () -> new Sequential(new Embedding(WORDS, 6), Recurrent.gru(6, 5), new Linear(5, 3)),
                            data,
                            Loss.crossEntropy()))
                    .hasMessageContaining("the ragged fields x and y have other lengths");
        }
    }

    /** A step of one's own knows padding; metrics do not, so it must say what they see. */
    @Test
    void aCustomStepLeavesPaddingOut() {
        Sequential net = new Sequential(new Embedding(WORDS, 6), Recurrent.gru(6, 5), new Linear(5, 3));
        try (var model = Model.of(net, 1);
                Dataset words = tagged()) {
            var expected = Trainer.of(model, Loss.crossEntropy(), new Sgd(1))
                    .metrics(Metric.accuracy())
                    .evaluate(words.batches(4));
            Step<Sequential> step = (n, batch) -> {
                Tensor y = batch.unpadded("y", batch.y());
                Tensor logits = batch.unpadded("y", n.apply(batch.x(), batch.lengths("x")));
                return new Step.Result(Loss.crossEntropy().of(logits, y), logits, y).withWeight(y.size());
            };
            assertThat(Trainer.custom(model, new Sgd(1), step)
                            .metrics(Metric.accuracy())
                            .evaluate(words.batches(4)))
                    .isEqualTo(expected);
            Step<Sequential> careless = (n, batch) -> {
                Tensor logits = n.apply(batch.x(), batch.lengths("x"));
                return new Step.Result(Loss.crossEntropy().of(logits, batch.y()), logits);
            };
            assertThatThrownBy(() -> Trainer.custom(model, new Sgd(1), careless)
                            .metrics(Metric.accuracy())
                            .evaluate(words.batches(4)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("y is ragged, so accuracy would count its padding");
        }
    }

    /** A loss of whole sequences is told the lengths of both. */
    @Test
    void ctcSeesLengths() {
        Rng rng = new Rng(5);
        int[][] y = {{1, 2}, {1}, {2, 1, 2}, {2}};
        float[] x = rng.normal(3 * 28, 0, 1);
        Field steps = Field.floats("x", Shape.of(3), x).input().ragged(0, 7, 11, 20, 28);
        try (var model = Model.of(new Sequential(Recurrent.gru(3, 3)), 1);
                Dataset data = Dataset.of(steps, Field.ragged("y", y).target());
                Dataset longer = data.padded("x", Padding.behind().length(17))) {
            double expected = Trainer.custom(
                            model,
                            new Sgd(1),
                            (net, b) -> new Step.Result(Loss.ctc()
                                    .of(net.apply(b.x(), b.lengths("x")), b.y(), b.lengths("x"), b.lengths("y"))))
                    .evaluate(data.batches(2))
                    .get("loss");
            var trainer = Trainer.of(model, Loss.ctc(), new Sgd(1));
            assertThat(trainer.evaluate(data.batches(2)).get("loss")).isEqualTo(expected);
            assertThat(trainer.evaluate(longer.batches(4)).get("loss")).isCloseTo(expected, within(1e-6));
        }
    }

    /** A loss of words over the words of padded sentences. */
    private record Tags(Loss each) implements SequenceLoss {
        @Override
        public Tensor of(Tensor output, Tensor target, @Nullable Tensor lengths, @Nullable Tensor targetLengths) {
            int[] own = Objects.requireNonNull(lengths).toIntArray();
            Tensor sum = Tensor.scalar(0);
            for (int i = 0; i < own.length; i++) {
                Tensor logits = output.slice(0, i, i + 1).slice(1, 0, own[i]);
                Tensor tags = target.slice(0, i, i + 1).slice(1, 0, own[i]);
                float weight = (float) each.weight(logits, tags);
                sum = weight == 0 ? sum : sum.add(each.of(logits, tags).mul(weight));
            }
            return sum.div((float) weight(output, target, lengths, targetLengths));
        }

        @Override
        public double weight(Tensor output, Tensor target, @Nullable Tensor lengths, @Nullable Tensor targetLengths) {
            int[] own = Objects.requireNonNull(lengths).toIntArray();
            double sum = 0;
            for (int i = 0; i < own.length; i++) {
                sum += each.weight(output, target.slice(0, i, i + 1).slice(1, 0, own[i]));
            }
            return sum;
        }

        @Override
        public boolean stepByStep() {
            return true;
        }

        @Override
        public @Nullable Integer ignored() {
            return each.ignored();
        }

        @Override
        public Outputs outputs() {
            return each.outputs();
        }
    }

    /**
     * Its metrics see the steps that are no padding, without the label that it ignores and with the scores of all
     * classes, and batches count by what it says, also those in which nothing counts.
     */
    @Test
    void aLossOfStepsInWholeSequencesIsMeasuredAsALossOfSteps() {
        int[] tags = Arrays.stream(rows(true))
                .flatMapToInt(row -> Arrays.stream(Arrays.copyOf(row, 7)))
                .toArray();
        try (Dataset words = tagged();
                Dataset longer = words.padded("x", Padding.behind().length(19).value(3));
                Dataset even = Dataset.of(
                                Field.ragged("x", rows(false)).input(),
                                Field.ints("y", Shape.of(7), tags).target())
                        .padded("x", Padding.behind().length(7))) {
            for (Loss each :
                    List.of(Loss.crossEntropy(), Loss.crossEntropy().ignoreIndex(1), Loss.crossEntropyWithBaseline())) {
                boolean lacking = each.outputs() == Loss.Outputs.LOGITS_WITHOUT_BASELINE;
                Sequential net =
                        new Sequential(new Embedding(WORDS, 6), Recurrent.gru(6, 5), new Linear(5, lacking ? 2 : 3));
                try (var model = Model.of(net, 1)) {
                    Metric[] metrics = {Metric.accuracy(), Metric.perplexity()};
                    var expected =
                            Trainer.of(model, each, new Sgd(1)).metrics(metrics).evaluate(words.batches(4));
                    var trainer = Trainer.of(model, new Tags(each), new Sgd(1)).metrics(metrics);
                    for (Dataset data : List.of(words, longer, even)) {
                        for (int batch : new int[] {1, 4, 13}) {
                            var found = trainer.evaluate(data.batches(batch));
                            assertThat(found.get("loss")).isCloseTo(expected.get("loss"), within(1e-6));
                            assertThat(found.get("accuracy")).isCloseTo(expected.get("accuracy"), within(1e-12));
                            assertThat(found.get("perplexity")).isCloseTo(expected.get("perplexity"), within(1e-5));
                        }
                    }
                }
            }
        }
    }

    @Test
    void aLossOfStepsNeedsATargetForEachStep() {
        try (var model = Model.of(new Sequential(new Embedding(WORDS, 3)), 1);
                Dataset data = Dataset.of(
                        Field.ragged("x", new int[][] {{1, 2, 3}, {4}}).input(),
                        Field.ragged("y", new int[][] {{1}, {2}}).target())) {
            var trainer = Trainer.of(model, new Tags(Loss.crossEntropy()), new Sgd(1));
            assertThatThrownBy(() -> trainer.evaluate(data.batches(2)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(
                            "the ragged fields x and y have other lengths, but this loss compares step" + " with step");
        }
    }

    /** What a metric sees depends on the loss, and not on whether there happen to be as many labels as steps. */
    @Test
    void metricsBesideALossOfWholeSequencesAreRefused() {
        SequenceLoss own = (output, target, lengths, targetLengths) -> output.sum();
        try (var model = Model.of(new Sequential(Recurrent.gru(3, 3)), 1)) {
            for (Loss loss : List.of(Loss.ctc(), own)) {
                var trainer = Trainer.of(model, loss, new Sgd(1));
                assertThatThrownBy(() -> trainer.metrics(Metric.accuracy()))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("metrics: accuracy would count padding, because this loss compares whole sequences"
                                + " and not step with step; measure it in a step of your own with Trainer.custom, as"
                                + " the documentation of CtcLoss shows, or override stepByStep() in a "
                                + "SequenceLoss whose"
                                + " steps have a target each");
            }
        }
    }

    @Test
    void unpaddedStepsAreThoseOfTheExamples() {
        int[][] rows = {{1, 2, 3}, {4}, {5, 6}};
        try (Dataset data = Dataset.of(Field.ragged("t", rows));
                Dataset front = data.padded("t", Padding.front());
                Pass pass = Pass.infer()) {
            for (Dataset d : List.of(data, front)) {
                Batch b = d.batches(3).epoch(0).next();
                assertThat(b.paddedInFront("t")).isEqualTo(d == front);
                assertThat(b.unpadded("t", b.get("t")).toIntArray()).containsExactly(1, 2, 3, 4, 5, 6);
                Tensor wide = b.get("t").to(DType.F32).reshape(3, 3, 1).expand(3, 3, 2);
                assertThat(b.unpadded("t", wide.mul(1)).shape()).isEqualTo(Shape.of(6, 2));
                assertThatThrownBy(() -> b.unpadded("t", Tensor.zeros(3, 4)))
                        .hasMessage(
                                "unpadded: [3, 4] is not [3, 3, ..], the steps of the ragged field t; give something"
                                        + " for each step of it");
            }
        }
    }
}
