package dev.fathom.assess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The course's worked examples, models that are assessed from end to end, and what has no figure. */
class AssessmentTest {
    // ---- worked examples

    /** ML session 11, "PR and ROC curves": three areas of the same four scores. */
    @Test
    void theAreaHasThreeDefinitions() {
        Ranking r = Ranking.of(new float[] {.1f, .4f, .35f, .8f}, new int[] {0, 0, 1, 1});
        assertThat(r.rocAuc()).isEqualTo(.75);
        assertThat(r.averagePrecision()).isCloseTo(.8333333, within(5e-8));
        assertThat(r.prAuc()).isCloseTo(.7916667, within(5e-8));
        assertThat(r).hasToString("ranking of 2 positive and 2 negative examples, ROC AUC 0.7500");
        assertThat(r.roc()[0]).containsExactly(0, 0, .5, .5, 1);
        assertThat(r.roc()[1]).containsExactly(0, .5, .5, 1, 1);
    }

    /** The area is the share of pairs in the right order, where a tie is half a pair. */
    @Test
    void theAreaCountsPairs() {
        float[] scores = {2, -0.0f, 0, 5, 2, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 2, 0};
        int[] labels = {1, 0, 1, 1, 0, 0, 0, 0, 1};
        double pairs = 0;
        for (int i = 0; i < 9; i++) {
            for (int j = 0; j < 9; j++) {
                if (labels[i] == 1 && labels[j] == 0) {
                    pairs += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? .5 : 0;
                }
            }
        }
        Ranking r = Ranking.of(scores, labels);
        assertThat(r.rocAuc()).isEqualTo(pairs / 20);
        assertThat(r.thresholds()).as("zeros of both signs are one").hasSize(5);
        for (int i = 0; i < 9; i++) {
            scores[i] = -scores[i];
        }
        assertThat(Ranking.of(scores, labels).rocAuc()).isEqualTo(1 - pairs / 20);
    }

    @Test
    void halfAMillionExamplesDoNotOverflow() {
        int n = 500_000;
        float[] scores = new float[n];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            scores[i] = i;
            labels[i] = i % 2;
        }
        assertThat(Ranking.of(scores, labels).rocAuc()).isCloseTo(0.5 + 1.0 / n, within(1e-12));
    }

    /** Two bins: confidences .6 and .8 with one right in two, .9 and 1 with both right. */
    @Test
    void calibrationByHand() {
        double[] p = {.6, .8, .9, 1};
        boolean[] right = {true, false, true, true};
        Calibration c = Calibration.equalWidth(p, right, 5);
        assertThat(c.bins()).hasSize(3);
        assertThat(c.bins().get(0)).isEqualTo(new Calibration.Bin(.4, .6, 1, .6, 1));
        assertThat(c.bins().get(1)).isEqualTo(new Calibration.Bin(.6, .8, 1, .8, 0));
        assertThat(c.bins().get(2).observed()).isEqualTo(1);
        assertThat(c.expectedError()).isCloseTo((.4 + .8 + .1) / 4, within(1e-15));
        assertThat(c.maximumError()).isEqualTo(.8);
        assertThat(Calibration.equalCount(p, right, 2).bins())
                .extracting(Calibration.Bin::examples)
                .containsExactly(2, 2);
        assertThat(c.toString().lines()).hasSize(4);
    }

    /** Logits {0, z} that are k times too large have the temperature k. */
    @Test
    void aTemperatureUndoesAnExaggeration() {
        int n = 1000;
        float[] logits = new float[n];
        int[] labels = new int[n];
        float[] u = new Rng(1).uniform(n, 0, 1);
        for (int i = 0; i < n; i++) {
            double p = (i % 10 + .5) / 10;
            labels[i] = i / 10 < Math.round(100 * p) ? 1 : 0; // exactly the share p of the examples with this p
            logits[i] = (float) (5 * Math.log(p / (1 - p)));
            u[i] = logits[i] / 10;
        }
        Classification c = Classification.ofBinary(logits, labels);
        assertThat(c.temperature()).isCloseTo(5, within(1e-6));
        Classification scaled = c.scaled(c.temperature());
        assertThat(scaled.calibration(1, 10).expectedError()).isLessThan(1e-6);
        assertThat(c.calibration(1, 10).expectedError()).isGreaterThan(.1);
        assertThat(scaled.right()).containsExactly(c.right());
        assertThat(scaled.brier(1)).isLessThan(c.brier(1));
        assertThat(Classification.ofBinary(u, labels).temperature())
                .as("half as large")
                .isCloseTo(.5, within(1e-6));
    }

    // ---- from end to end

    @Test
    void theTaskIsThatOfTheDataset() {
        try (Dataset few = Dataset.of(new float[8], Shape.of(2), new int[] {0, 1, 1, 0});
                Dataset five = few.withClasses(5);
                var one = Model.of(new Sequential(new Linear(2, 1)), 1)) {
            assertThat(Classification.of(one, few).confusion().classes()).isEqualTo(2);
            assertThatThrownBy(() -> Classification.of(one, five))
                    .hasMessage("classification: the model gives one logit, which tells two classes apart, and the"
                            + " examples have labels of 5 classes; give a model with a logit for each");
        }
    }

    /** An assessment reads one logit as a trainer does; its argmax would be right always. */
    @Test
    void anAssessmentOfOneLogitHasTwoClasses() {
        float[] logits = {1.5f, -2, 0.5f, 0};
        try (var model = Model.of(new Sequential(), 1);
                Dataset labels = Dataset.of(logits, Shape.of(1), new int[] {1, 0, 0, 0});
                Dataset floats = Dataset.of(logits, Shape.of(1), new float[] {1, 0, 0, 0}, Shape.of(1));
                Dataset halves = Dataset.of(logits, Shape.of(1), new float[] {1, 0, 0.5f, 0}, Shape.of(1))) {
            for (Dataset d : List.of(labels, floats)) {
                Classification found = Classification.of(model, d);
                assertThat(found.confusion().accuracy()).isEqualTo(0.75);
                assertThat(found.probability(0)).isCloseTo(1 / (1 + Math.exp(-1.5)), within(1e-7));
            }
            assertThatThrownBy(() -> Classification.of(model, halves))
                    .hasMessage(
                            "classification: the target 0.5 belongs to a model of one logit, which tells two classes"
                                    + " apart; give targets 0 and 1");
        }
    }

    @Test
    void aClassificationNeedsAnAnswerForEveryLabel() {
        try (var rows = Model.of(new Sequential(x -> x.reshape(x.dim(0), 1, 2)), 1);
                var few = Model.of(new Sequential(x -> x.slice(0, 0, 0)), 1);
                Dataset labels = Dataset.of(new float[8], Shape.of(2), new int[4]);
                Dataset targets = Dataset.of(new float[8], Shape.of(2), new float[8], Shape.of(2))) {
            assertThatThrownBy(() -> Classification.of(rows, labels))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "classification: the model gives [1, 1, 2] and the targets are I32 [1]; it must give [n,"
                                    + " classes] for I32 labels [n], or [n, 1] for targets 0 or 1, so reshape what it"
                                    + " gives");
            assertThatThrownBy(() -> Classification.of(few, labels))
                    .hasMessageStartingWith("classification: the model gives [0, 2] and the targets are I32 [1];");
            assertThatThrownBy(() -> Classification.of(few, targets))
                    .hasMessageStartingWith("classification: the model gives [0, 2] and the targets are F32 [1, 2];");
        }
    }

    // ---- what has no figure

    @Test
    void oneClassAloneCannotBeRanked() {
        assertThatThrownBy(() -> Ranking.of(new float[] {1, 2}, new int[] {1, 1}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "ranking: all of the 2 examples are positive, so there is nothing to tell apart; give examples"
                                + " of both classes");
        assertThatThrownBy(() -> Ranking.of(new float[] {1, 2}, new int[] {0, 0}))
                .hasMessageStartingWith("ranking: none of the 2 examples are positive");
        assertThatThrownBy(() -> Ranking.of(new float[] {1, 2}, new int[] {0, 2}))
                .hasMessage(
                        "ranking: the label of example 1 is 2; a positive example has the label 1 and a negative one"
                                + " 0");
        assertThatThrownBy(() -> Ranking.of(new float[] {1, Float.NaN}, new int[] {0, 1}))
                .hasMessageStartingWith("ranking: the score of example 1 is NaN");
        assertThatThrownBy(() -> Ranking.of(new float[0], new int[0]))
                .hasMessageStartingWith("ranking: there are 0 scores and 0 truths;");
        assertThatThrownBy(() -> Ranking.of(new float[2], new int[3]))
                .hasMessageStartingWith("ranking: there are 2 scores and 3 truths;");
        Classification c = Classification.ofLogits(new float[6], 3, new int[] {0, 1});
        assertThatThrownBy(c::rocAuc)
                .hasMessage("ranking: none of the 2 examples belong to class 2, so there is nothing to tell apart; give"
                        + " examples of this class and of others");
        assertThat(c.ranking(1).rocAuc()).isEqualTo(.5);
        assertThatThrownBy(() -> c.ranking(3)).hasMessage("ranking: class 3 is outside [0, 3); there are 3 classes");
        assertThatThrownBy(() -> c.brier(-1)).hasMessage("brier: class -1 is outside [0, 3); there are 3 classes");
        assertThatThrownBy(() -> c.topAccuracy(4)).hasMessage("topAccuracy: k=4 of 3 classes; choose 1 to 3");
        assertThatThrownBy(() -> c.topAccuracy(0)).hasMessageStartingWith("topAccuracy: k=0 of 3 classes");
        assertThatThrownBy(() ->
                        Classification.ofLogits(new float[2], 1, new int[2]).rocAuc())
                .hasMessageStartingWith("rocAuc: there is one class only");
    }

    @Test
    void logitsAndProbabilitiesAreChecked() {
        float inf = Float.POSITIVE_INFINITY;
        assertThatThrownBy(() -> Classification.ofLogits(new float[0], 3, new int[0]))
                .hasMessageStartingWith("classification: 0 logits are not those of 0 labels and 3 classes;");
        assertThatThrownBy(() -> Classification.ofLogits(new float[5], 3, new int[2]))
                .hasMessageStartingWith("classification: 5 logits are not those of 2 labels and 3 classes;");
        assertThatThrownBy(() -> Classification.ofLogits(new float[] {0, 1, 2, Float.NaN}, 2, new int[2]))
                .hasMessage(
                        "classification: the logit of class 1 of example 1 is NaN; it must be a number below infinity,"
                                + " so check the model");
        assertThatThrownBy(() -> Classification.ofLogits(new float[] {0, inf}, 2, new int[1]))
                .hasMessageStartingWith("classification: the logit of class 1 of example 0 is Infinity;");
        assertThatThrownBy(() -> Classification.ofLogits(new float[] {-inf, -inf}, 2, new int[1]))
                .hasMessageStartingWith("classification: all 2 logits of example 0 are -infinity");
        assertThatThrownBy(() -> Classification.ofLogits(new float[2], 2, new int[] {2}))
                .hasMessage("confusion matrix: class 2 is outside [0, 2); ask for one of its 2 classes");
        assertThatThrownBy(() -> Classification.ofProbabilities(new float[] {.5f, .4f}, 2, new int[1]))
                .hasMessageMatching(
                        "classification: the probabilities of example 0 sum to 0\\.9\\d* but must sum to 1; give"
                                + " what softmax makes of logits");
        assertThatThrownBy(() -> Classification.ofProbabilities(new float[] {.5f, 1.5f}, 2, new int[1]))
                .hasMessageStartingWith("classification: the probability of class 1 of example 0 is 1.5;");
        assertThatThrownBy(() -> Classification.ofProbabilities(new float[] {0, 0}, 2, new int[1]))
                .hasMessageStartingWith("classification: all 2 logits of example 0 are -infinity");
        Classification sure = Classification.ofProbabilities(new float[] {0, 1, 1, 0}, 2, new int[] {1, 0});
        assertThat(sure.logLoss()).isZero();
        assertThat(sure.brier()).isZero();
        assertThat(Classification.ofProbabilities(new float[] {0, 1}, 2, new int[] {0})
                        .logLoss())
                .isInfinite();
        assertThatThrownBy(sure::temperature).hasMessageStartingWith("temperature: a logit is -infinity");
        assertThatThrownBy(() -> Classification.ofBinary(new float[] {-1, 1}, new int[] {0, 1})
                        .temperature())
                .hasMessage(
                        "temperature: all 2 examples have the largest logit at their label, so the loss falls as long"
                                + " as T does; give more validation examples");
        assertThatThrownBy(() -> Classification.ofLogits(new float[] {2, 2, 1}, 3, new int[] {1})
                        .temperature())
                .as("a tie at the top")
                .hasMessageStartingWith("temperature: all 1 examples");
        assertThatThrownBy(() -> Classification.ofBinary(new float[] {-1, 1, 1}, new int[] {1, 0, 1})
                        .temperature())
                .hasMessageStartingWith(
                        "temperature: the logits of the labels are on average no larger than those of all");
        assertThatThrownBy(() -> sure.scaled(0))
                .hasMessage("scaled: temperature=0.0 must be finite and above 0; temperature() fits one");
        assertThatThrownBy(() -> sure.scaled(Double.NaN)).hasMessageStartingWith("scaled: temperature=NaN");
        assertThatThrownBy(() -> sure.calibration(0)).hasMessageContaining("and 0 bins");
        assertThatThrownBy(() -> Calibration.equalWidth(new double[] {1.1}, new boolean[1], 3))
                .hasMessageStartingWith("equalWidth: the probability of example 0 is 1.1; it must be in [0, 1]");
        assertThatThrownBy(() -> Calibration.equalCount(new double[] {Double.NaN}, new boolean[1], 3))
                .hasMessageStartingWith("equalCount: the probability of example 0 is NaN;");
        assertThatThrownBy(() -> Calibration.equalCount(new double[0], new boolean[0], 3))
                .hasMessageStartingWith("equalCount: there are 0 probabilities, 0 truths and 3 bins;");
    }

    @Test
    void numbersWithoutAFigure() {
        Regression same = Regression.of(new float[] {3, 3}, new float[] {3, 4});
        assertThat(same.mae()).isEqualTo(.5);
        assertThatThrownBy(same::r2)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage(
                        "r2: all 2 true values are 3.0, so there is no spread to explain; use mae or rmse, or give more"
                                + " examples");
        assertThatThrownBy(() ->
                        Regression.of(new double[] {1, 0}, new double[] {1, 1}).mape())
                .hasMessage(
                        "mape: the true value of example 1 is 0, so its error is no share of it; use mae, or leave such"
                                + " examples out");
        assertThatThrownBy(() -> Regression.of(new double[] {1, 0}, new double[] {1, Double.NaN}))
                .hasMessageStartingWith("regression: the true value of example 1 is 0.0 and its prediction NaN;");
        assertThatThrownBy(() -> Regression.of(new double[0], new double[0]))
                .hasMessageStartingWith("regression: there are 0 true values and 0 predictions;");
        assertThatThrownBy(() -> Regression.of(new double[2], new double[3]))
                .hasMessageStartingWith("regression: there are 2 true values and 3 predictions;");
        assertThatThrownBy(() -> ConfusionMatrix.of(new int[2], new int[3], 2))
                .hasMessage(
                        "confusion matrix: there are 2 labels but 3 predictions; give one prediction for each label");
    }

    @Test
    void aMeanOfTwoAnswers() {
        Classification sure = Classification.ofProbabilities(new float[] {0.9f, 0.1f, 0.4f, 0.6f}, 2, new int[] {0, 1});
        Classification other =
                Classification.ofProbabilities(new float[] {0.4f, 0.6f, 0.8f, 0.2f}, 2, new int[] {0, 1});
        Classification mean = Classification.mean(List.of(sure, other));
        assertThat(mean.probability(0, 0)).isCloseTo(0.65, within(1e-6));
        assertThat(mean.probability(1, 1)).isCloseTo(0.4, within(1e-6));
        assertThat(mean.wrong(2)).containsExactly(1);
        assertThat(mean.confidence()).isCloseTo((0.65 + 0.6) / 2, within(1e-6));
        assertThat(mean.actual(1)).isEqualTo(1);
    }

    @Test
    void aMeanOfOtherExamplesIsRefused() {
        Classification one = Classification.ofLogits(new float[] {0, 1}, 2, new int[] {0});
        Classification other = Classification.ofLogits(new float[] {0, 1}, 2, new int[] {1});
        assertThatThrownBy(() -> Classification.mean(List.of(one, other)))
                .hasMessage("classification: the members answer different examples; give"
                        + " answers to the same examples in the same order");
        assertThatThrownBy(() -> Classification.mean(List.of()))
                .hasMessage("classification: there are no answers to average; give at least one");
    }
}
