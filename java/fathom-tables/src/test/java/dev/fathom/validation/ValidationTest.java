package dev.fathom.validation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.memory.Memory;
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

/** Comparisons, curves and importances of models from end to end, and what has no figure. */
class ValidationTest {
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
        assertThatThrownBy(() -> McNemar.of(new boolean[0], new boolean[0]))
                .hasMessageStartingWith("McNemar: the first classifier has 0 answers and the second 0;");
        assertThatThrownBy(() -> McNemar.of(new boolean[1], new boolean[2]))
                .hasMessageStartingWith("McNemar: the first classifier has 1 answers and the second 2;");
        assertThatThrownBy(() -> new McNemar(-1, 3)).hasMessageStartingWith("McNemar: -1 and 3 examples");
    }

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
    void aLearningCurveKeepsNothing() {
        Dataset test = three(200, 2);
        test.close();
        long before = Memory.stats().owned();
        try (Dataset train = three(200, 1)) {
            assertThatThrownBy(() -> LearningCurve.of(train, test, 3, 1, EVALUATION, 10))
                    .isInstanceOf(IllegalStateException.class);
        }
        assertThat(Memory.stats().owned()).isEqualTo(before);
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
            Dataset noisy = data.map(
                    b -> b.withX(b.x().add(Pass.current().randn(b.size(), 3).mul(1e-3f))));
            var withNoise = PermutationImportance.of(
                    noisy, 5, 1, d -> Classification.of(model, d).confusion().accuracy());
            assertThat(withNoise.order()).as("a map may draw").containsExactly(0, 2, 1);
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
        try (Dataset other =
                Dataset.of(Field.floats("x", Shape.of(1), new float[3]).input(), Field.labels("z", new int[3]))) {
            assertThatThrownBy(() -> PermutationImportance.of(other, 1, 1, d -> 0))
                    .hasMessageContaining(
                            "has the fields [x, z], but only an input and a target of one shape each can be shuffled");
        }
    }

    @Test
    void theTaskIsThatOfTheDataset() {
        try (Dataset few = Dataset.of(new float[8], Shape.of(2), new int[] {0, 1, 1, 0});
                Dataset five = few.withClasses(5)) {
            List<Integer> classes = new ArrayList<>();
            PermutationImportance.of(five, 1, 1, d -> {
                classes.add(d.classes());
                return 0;
            });
            assertThat(classes).as("though no label is above 1").containsExactly(5, 5, 5);
        }
    }
}
