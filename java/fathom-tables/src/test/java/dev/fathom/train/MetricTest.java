package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.assess.Classification;
import dev.fathom.assess.Regression;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The figures that a trainer shows are those of the assessment, however the examples are cut into batches. */
class MetricTest {
    private static final int N = 23;

    private static Map<String, Double> evaluated(Dataset data, Loss loss, Metric... metrics) {
        try (var model = Model.of(new Sequential(), 1)) {
            return Trainer.of(model, loss, new Sgd(1)).metrics(metrics).evaluate(data.batches(7));
        }
    }

    @Test
    void classes() {
        int[] labels = new int[N];
        float[] logits = new Rng(1).normal(4 * N, 0, 2);
        for (int i = 0; i < N; i++) {
            labels[i] = i % 4;
            logits[4 * i] = logits[4 * i + 1]; // ties
        }
        Classification expected = Classification.ofLogits(logits, 4, labels);
        try (Dataset data = Dataset.of(logits, Shape.of(4), labels)) {
            Map<String, Double> found = evaluated(
                    data,
                    Loss.crossEntropy(),
                    Metric.topAccuracy(1),
                    Metric.topAccuracy(2),
                    Metric.brier(),
                    Metric.accuracy());
            assertThat(found.get("loss")).isCloseTo(expected.logLoss(), within(1e-6));
            assertThat(found.get("top1_accuracy"))
                    .isEqualTo(expected.topAccuracy(1))
                    .isEqualTo(found.get("accuracy"));
            assertThat(found.get("top2_accuracy")).isCloseTo(expected.topAccuracy(2), within(1e-12));
            assertThat(expected.topAccuracy(2)).isGreaterThan(expected.topAccuracy(1));
            assertThat(found.get("brier")).isCloseTo(expected.brier(), within(1e-6));
        }
        assertThat(Metric.brier().moreIsBetter()).isFalse();
        assertThat(Metric.topAccuracy(3).moreIsBetter()).isTrue();
        assertThatThrownBy(() -> Metric.topAccuracy(0)).hasMessage("topAccuracy: k=0 must be at least 1");
        try (Pass pass = Pass.infer()) {
            Tensor three = Tensor.of(new float[] {1, 2, 3}, 1, 3);
            assertThatThrownBy(() -> Metric.topAccuracy(4).of(three, Tensor.ofInts(new int[1], 1)))
                    .isInstanceOf(IllegalArgumentException.class);
            Tensor mixed = Tensor.of(new float[] {0, .25f, .75f}, 1, 3);
            assertThat(Metric.topAccuracy(1).of(three, mixed).value()).isEqualTo(1);
            assertThat(Metric.brier().of(three.mul(0), mixed).value())
                    .isCloseTo(1.0 / 9 + 1.0 / 144 + 25.0 / 144, within(1e-6));
        }
    }

    @Test
    void numbers() {
        float[] predicted = new Rng(2).normal(2 * N, 0, 1);
        float[] truth = new Rng(3).uniform(2 * N, 1, 2);
        Regression expected = Regression.of(truth, predicted);
        try (Dataset data = Dataset.of(predicted, Shape.of(2), truth, Shape.of(2))) {
            Map<String, Double> found = evaluated(
                    data,
                    Loss.mse(),
                    Metric.meanAbsoluteError(),
                    Metric.rootMeanSquaredError(),
                    Metric.meanAbsolutePercentageError());
            assertThat(found.get("mae")).isCloseTo(expected.mae(), within(1e-6));
            assertThat(found.get("rmse")).isCloseTo(expected.rmse(), within(1e-6));
            assertThat(found.get("mape")).isCloseTo(expected.mape(), within(1e-6));
        }
        assertThat(Metric.rootMeanSquaredError().moreIsBetter()).isFalse();
    }
}
