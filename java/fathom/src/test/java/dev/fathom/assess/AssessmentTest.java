package dev.fathom.assess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Trainer;
import java.util.ArrayList;
import java.util.Arrays;
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

    @Test
    void mcNemarCounts() {
        McNemar test = McNemar.of(
                new boolean[] {true, true, false, false, true}, new boolean[] {true, false, true, false, false});
        assertThat(test).isEqualTo(new McNemar(2, 1));
        assertThat(test.exact()).isEqualTo(1);
        assertThat(test.statistic()).isZero();
        assertThat(test.corrected()).isEqualTo(1);
        assertThat(new McNemar(2000, 0).exact()).as("too small for a double").isZero();
        assertThat(new McNemar(1000, 0).exact()).isCloseTo(Math.scalb(1.0, -999), within(0.0));
        assertThat(new McNemar(Integer.MAX_VALUE, 0).corrected()).isZero();
    }

    // ---- from end to end

    private static final Evaluation EVALUATION = (train, test) -> {
        try (var model = Model.of(new Linear(3, 2), 1)) {
            Trainer.of(model, Loss.crossEntropy(), new Adam(.1f))
                    .fit(train.shuffled(1).batches(Math.min(20, train.size())), 10);
            return Classification.of(model, test).confusion().accuracy();
        }
    };

    /** The class is the sign of x0 + x2 / 4; x1 is noise. */
    private static Dataset three(int n, long seed) {
        float[] x = new Rng(seed).normal(3 * n, 0, 1);
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = x[3 * i] + x[3 * i + 2] / 4 > 0 ? 1 : 0;
        }
        return Dataset.of(x, Shape.of(3), labels);
    }

    @Test
    void aLearningCurveRisesAndRepeats() {
        try (Dataset train = three(200, 1);
                Dataset test = three(200, 2)) {
            LearningCurve curve = LearningCurve.of(train, test, 3, 1, EVALUATION, 2, 20, 200);
            assertThat(curve.curve()[0]).containsExactly(2, 20, 200);
            assertThat(curve.curve()[1][2]).isGreaterThan(.95).isGreaterThan(curve.curve()[1][0]);
            assertThat(curve.scores().get(0).values()).hasSize(3).doesNotContain(curve.curve()[1][2]);
            assertThat(curve.toString().lines()).hasSize(3);
            LearningCurve again = LearningCurve.of(train, test, 3, 1, EVALUATION, 2, 20);
            assertThat(again.scores().get(0).values())
                    .containsExactly(curve.scores().get(0).values());
            assertThat(again.scores().get(1).values())
                    .containsExactly(curve.scores().get(1).values());
            assertThat(train.size()).as("still open").isEqualTo(train.labels().length);

            List<List<Integer>> seen = new ArrayList<>();
            LearningCurve folded = LearningCurve.of(
                    train,
                    Folds.of(200, 2, 1),
                    1,
                    (some, held) -> {
                        seen.add(Arrays.stream(some.labels()).boxed().toList());
                        return held.size();
                    },
                    5,
                    100);
            assertThat(folded.curve()[1]).containsExactly(100, 100);
            assertThat(seen.get(1).subList(0, 5)).as("a part of the larger one").isEqualTo(seen.get(0));
            assertThatThrownBy(() -> LearningCurve.of(train, test, 1, 1, EVALUATION, 10, 10))
                    .hasMessage(
                            "learningCurve: the sizes [10, 10] do not ascend within 1 to 200, which is the number of"
                                    + " training examples");
            assertThatThrownBy(() -> LearningCurve.of(train, test, 1, 1, EVALUATION, 10, 201))
                    .hasMessageStartingWith("learningCurve: the sizes [10, 201] do not ascend within 1 to 200");
            assertThatThrownBy(() -> LearningCurve.of(train, test, 1, 1, EVALUATION))
                    .hasMessageStartingWith("learningCurve: the sizes [] do not ascend");
            assertThatThrownBy(() -> LearningCurve.of(train, test, 0, 1, EVALUATION, 10))
                    .hasMessage("learningCurve: repeats=0 must be at least 1");
            assertThatThrownBy(() -> LearningCurve.of(train, List.of(), 1, EVALUATION, 10))
                    .hasMessage("learningCurve: there are no folds; give at least one");
            assertThatThrownBy(() -> LearningCurve.of(train, test, 1, 1, (a, b) -> Double.NaN, 10))
                    .hasMessageStartingWith("learningCurve: the score of 10 examples in evaluation 0 is NaN;");
        }
    }

    @Test
    void aShuffledFeatureCostsWhatTheModelReadsInIt() {
        try (Dataset data = three(600, 3);
                var model = Model.of(new Sequential(new Linear(3, 2)), 1)) {
            Trainer.of(model, Loss.crossEntropy(), new Adam(.1f))
                    .fit(data.shuffled(1).batches(50), 20);
            var importance = PermutationImportance.of(
                    data, 5, 1, d -> Classification.of(model, d).confusion().accuracy());
            assertThat(importance.order()).containsExactly(0, 2, 1);
            assertThat(importance.score()).isGreaterThan(.97);
            double first = importance.drops().get(0).mean();
            assertThat(first).isBetween(.35, .6);
            assertThat(importance.drops().get(1).mean()).isCloseTo(0, within(.02));
            assertThat(importance.drops().get(2).mean()).isBetween(.03, .2);
            assertThat(importance.drops().get(0).values()).hasSize(5);
            var groups = PermutationImportance.of(
                    data,
                    new int[][] {{1}, {0, 2}},
                    5,
                    1,
                    d -> Classification.of(model, d).confusion().accuracy());
            assertThat(groups.drops().get(1).mean()).as("together").isBetween(.4, .6);
            assertThat(groups.drops().get(0).mean()).isCloseTo(0, within(.02));
            Dataset noisy = data.map(b ->
                    b.with("x", b.x().add(Pass.current().randn(b.size(), 3).mul(1e-3f))));
            var withNoise = PermutationImportance.of(
                    noisy, 5, 1, d -> Classification.of(model, d).confusion().accuracy());
            assertThat(withNoise.order()).as("a map may draw").containsExactly(0, 2, 1);
        }
    }

    @Test
    void theTaskIsThatOfTheDataset() {
        try (Dataset few = Dataset.of(new float[8], Shape.of(2), new int[] {0, 1, 1, 0});
                Dataset five = few.withClasses(5);
                var one = Model.of(new Sequential(new Linear(2, 1)), 1)) {
            List<Integer> classes = new ArrayList<>();
            PermutationImportance.of(five, 1, 1, d -> {
                classes.add(d.classes());
                return 0;
            });
            assertThat(classes).as("though no label is above 1").containsExactly(5, 5, 5);
            assertThat(Classification.of(one, few).confusion().classes()).isEqualTo(2);
            assertThatThrownBy(() -> Classification.of(one, five))
                    .hasMessage("classification: the model gives one logit, which tells two classes apart, and the"
                            + " examples have labels of 5 classes; give a model with a logit for each");
        }
    }

    /** The score is a sum over pairs of columns and targets, so that every value can be followed. */
    @Test
    void aGroupIsShuffledAsAWhole() {
        float[] x = new float[40];
        float[] y = new float[20];
        for (int i = 0; i < 20; i++) {
            x[2 * i] = i;
            x[2 * i + 1] = -i;
            y[i] = i;
        }
        try (Dataset data = Dataset.of(x, Shape.of(2), y, Shape.of(1))) {
            var sums = new ArrayList<Double>();
            var importance = PermutationImportance.of(data, new int[][] {{0, 1}}, 2, 1, d -> {
                try (Pass pass = Pass.infer()) {
                    var batch = d.batches(20).epoch(0).next();
                    float[] seen = batch.x().toArray();
                    double gaps = 0;
                    double moved = 0;
                    for (int i = 0; i < 20; i++) {
                        gaps += Math.abs(seen[2 * i] + seen[2 * i + 1]);
                        moved += Math.abs(seen[2 * i] - batch.y().toArray()[i]);
                    }
                    assertThat(gaps).as("the columns of a group move together").isZero();
                    sums.add(moved);
                    return -moved;
                }
            });
            assertThat(importance.score()).isZero();
            assertThat(importance.drops().get(0).values()).containsExactly(sums.get(1), sums.get(2));
            assertThat(sums.get(1)).isPositive().isNotEqualTo(sums.get(2));
            assertThatThrownBy(() -> PermutationImportance.of(data, new int[][] {{2}}, 1, 1, d -> 0))
                    .hasMessage("permutationImportance: column 2 is outside [0, 2); an example has 2 features");
            assertThatThrownBy(() -> PermutationImportance.of(data, 0, 1, d -> 0))
                    .hasMessageStartingWith(
                            "permutationImportance: repeats=0 with 20 examples and 2 groups of features;");
            assertThatThrownBy(() -> PermutationImportance.of(data, 1, 1, d -> Double.NaN))
                    .hasMessageStartingWith("permutationImportance: the score with all features is NaN;");
        }
        try (Dataset other = Dataset.of(Field.floats("x", Shape.of(1), new float[3]), Field.labels("z", new int[3]))) {
            assertThatThrownBy(() -> PermutationImportance.of(other, 1, 1, d -> 0))
                    .hasMessageContaining("has the fields [x, z], but only x and y of one shape can be shuffled");
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
                .hasMessage("confusion matrix: actual 2, predicted 0 but classes are 0 to 1");
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
        assertThatThrownBy(() -> McNemar.of(new boolean[0], new boolean[0]))
                .hasMessageStartingWith("McNemar: the first classifier has 0 answers and the second 0;");
        assertThatThrownBy(() -> McNemar.of(new boolean[1], new boolean[2]))
                .hasMessageStartingWith("McNemar: the first classifier has 1 answers and the second 2;");
        assertThatThrownBy(() -> new McNemar(-1, 3)).hasMessageStartingWith("McNemar: -1 and 3 examples");
        assertThatThrownBy(() -> ConfusionMatrix.of(new int[2], new int[3], 2))
                .hasMessage(
                        "confusion matrix: there are 2 labels but 3 predictions; give one prediction for each label");
    }
}
