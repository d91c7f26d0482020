package dev.fathom.ensemble;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.assess.Classification;
import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.features.Lda;
import dev.fathom.features.Learner;
import dev.fathom.features.LinearSvm;
import dev.fathom.features.NearestNeighbors;
import dev.fathom.features.NetLearner;
import dev.fathom.features.OneVsRest;
import dev.fathom.features.Pca;
import dev.fathom.features.Prediction;
import dev.fathom.features.Predictor;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Learners;
import dev.fathom.train.Workers;
import dev.fathom.validation.Folds;
import dev.fathom.validation.Scores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ensembles against scikit-learn, and what they promise. */
class EnsembleTest {
    private static final Learners GOLDEN = Learners.read();

    /** Rows that hold their own number. */
    private static float[][] numbers(int n) {
        return IntStream.range(0, n).mapToObj(i -> new float[] {i}).toArray(float[][]::new);
    }

    /** Points of two classes that a line cannot part: y = sign of x0 x1, with noise around it. */
    private static Examples crossing(int n, long seed) {
        float[] drawn = new Rng(seed).normal(2 * n, 0, 1);
        float[][] x = new float[n][];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            x[i] = new float[] {drawn[2 * i], drawn[2 * i + 1]};
            labels[i] = x[i][0] * x[i][1] > 0 ? 1 : 0;
        }
        return Examples.of(x, labels);
    }

    private static final Learner NET = NetLearner.classifier(
            () -> new Sequential(new Linear(2, 8), Tensor::tanh, new Linear(8, 2)), new Adam(0.03f), 20, 12);

    @Test
    void adaBoostOnKnownAnswersIsThatOfScikitLearn() {
        for (Learners.AdaBoost golden : GOLDEN.adaboost()) {
            AtomicInteger turn = new AtomicInteger();
            List<double[]> seen = new ArrayList<>();
            Learner fixed = (data, seed) -> {
                seen.add(data.weights());
                int[] answers = golden.answers()[turn.getAndIncrement()];
                return Predictor.of(Prediction.SCORES, x -> {
                    float[][] scores = new float[x.length][golden.classes()];
                    for (int i = 0; i < x.length; i++) {
                        scores[i][answers[(int) x[i][0]]] = 1;
                    }
                    return scores;
                });
            };
            float[][] x = numbers(golden.labels().length);
            Ensemble boosted =
                    new AdaBoost(fixed, golden.answers().length, golden.rate()).fit(Examples.of(x, golden.labels()), 1);
            assertThat(boosted.weights()).containsExactly(golden.alphas(), within(1e-12));
            assertThat(boosted.classify(x)).isEqualTo(golden.predicted());
            // wrong answers weigh more: by exp(alpha) than right ones, if they weighed the same before
            int wrong = 0;
            int right = 0;
            for (int i = 0; i < x.length; i++) {
                if (golden.answers()[0][i] == golden.labels()[i]) {
                    right = i;
                } else {
                    wrong = i;
                }
            }
            assertThat(seen.get(1)[wrong] / seen.get(1)[right]).isCloseTo(Math.exp(golden.alphas()[0]), within(1e-9));
        }
    }

    @Test
    void stumpsAreTheTreesOfScikitLearn() {
        Learners.Stumps golden = GOLDEN.stumps();
        Examples data = Examples.of(golden.x(), golden.labels());
        Stump.Question question = new Stump().fit(data.weighted(golden.weights()), 0);
        assertThat(question.column()).isEqualTo(golden.column());
        assertThat(question.threshold()).isCloseTo(golden.threshold(), within(1e-12));
        float[][] p = question.predict(golden.x());
        for (int i = 0; i < p.length; i++) {
            assertThat(p[i]).containsExactly(golden.probabilities()[i], within(1e-6f));
        }
        Ensemble boosted = new AdaBoost(new Stump(), 8).fit(data, 0);
        assertThat(boosted.weights()).containsExactly(golden.alphas(), within(1e-9));
        assertThat(boosted.classify(golden.x())).isEqualTo(golden.boosted());
        float[][] y = IntStream.range(0, p.length)
                .mapToObj(i -> new float[] {golden.y()[i]})
                .toArray(float[][]::new);
        Ensemble residual = new ResidualBoosting(new Stump(), 25, 0.3).fit(Examples.of(golden.x(), y), 0);
        float[][] made = residual.predict(golden.x());
        for (int i = 0; i < made.length; i++) {
            assertThat(made[i][0]).isCloseTo(golden.residual()[i], within(1e-5f));
        }
        // with each member the error on what it learned of gets smaller
        double before = Double.POSITIVE_INFINITY;
        for (int m = 1; m <= 26; m++) {
            double error = residual.first(m).squaredError(Examples.of(golden.x(), y));
            assertThat(error).isLessThan(before);
            before = error;
        }
    }

    @Test
    void boostingEndsWhereScikitLearnEndsIt() {
        float[][] x = numbers(4);
        Examples data = Examples.of(x, 0, 0, 1, 1);
        Ensemble perfect = new AdaBoost(new Stump(), 10).fit(data, 0);
        assertThat(perfect.weights()).containsExactly(1);
        assertThat(perfect.accuracy(data)).isEqualTo(1);
        Learner wrong = (some, seed) -> Predictor.of(
                Prediction.SCORES,
                rows -> Arrays.stream(rows)
                        .map(r -> new float[] {r[0], 2.5f - r[0]})
                        .map(r -> r[0] > 1.5f ? new float[] {1, 0} : new float[] {0, 1})
                        .toArray(float[][]::new));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AdaBoost(wrong, 3).fit(data, 0))
                .withMessageStartingWith(
                        "adaboost: the first member is wrong on 1.0 of the weights, and chance on 0.5");
    }

    @Test
    void baggingIsTheSameForAnyNumberOfWorkers() {
        Examples data = crossing(120, 1);
        Examples test = crossing(400, 2);
        try (Ensemble one = new Bagging(NET, 6).workers(1).fit(data, 5);
                Ensemble three = new Bagging(NET, 6).workers(3).fit(data, 5)) {
            assertThat(three.predict(test.x())).isDeepEqualTo(one.predict(test.x()));
            assertThat(one.timing().members()).hasSize(6).doesNotContain(0);
            assertThat(one.timing().atOnce()).isBetween(0.5, 1.0 + 1e-9);
            assertThat(three.timing().speedup(one.timing()))
                    .isEqualTo(one.timing().seconds() / three.timing().seconds());
            assertThat(three.timing().workers()).isEqualTo(3);
            Diversity diversity = Diversity.of(one.answers(test.x()), test.labels());
            assertThat(diversity.disagreement()).isBetween(0.001, 0.5);
            assertThat(diversity.q()).isBetween(0.1, 1.0);
            double mean = one.members().stream()
                    .mapToDouble(m -> m.accuracy(test))
                    .average()
                    .orElseThrow();
            assertThat(one.accuracy(test)).isGreaterThan(mean).isGreaterThan(0.85);
        }
    }

    @Test
    void samplesAreDrawnAsAsked() {
        Examples data = Examples.of(numbers(50), new int[50]);
        List<Set<Float>> seen = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        Learner spy = (some, seed) -> {
            Set<Float> different = new HashSet<>();
            Arrays.stream(some.x()).forEach(r -> different.add(r[0]));
            seen.add(different);
            sizes.add(some.size());
            return Predictor.of(Prediction.SCORES, x -> new float[x.length][1]);
        };
        new Bagging(spy, 20).workers(1).fit(data, 1);
        assertThat(sizes).containsOnly(50);
        assertThat(seen.stream().mapToInt(Set::size).average().orElseThrow() / 50)
                .isCloseTo(1 - Math.exp(-1), within(0.04)); // 1 - (1 - 1/n)^n
        seen.clear();
        sizes.clear();
        new Bagging(spy, 5).withoutReplacement(0.5).workers(1).fit(data, 1);
        assertThat(sizes).containsOnly(25);
        assertThat(seen).allMatch(s -> s.size() == 25).doesNotHaveDuplicates();
    }

    /** So many points about the origin in all classes but the last, and three of the last class far from them all. */
    private static Examples rare(int classes, int each) {
        float[] noise = new Rng(7).normal(2 * (each * (classes - 1) + 3), 0, 0.3f);
        float[][] x = new float[noise.length / 2][];
        int[] labels = new int[x.length];
        for (int i = 0; i < x.length; i++) {
            labels[i] = Math.min(i / each, classes - 1);
            boolean last = labels[i] == classes - 1;
            x[i] = new float[] {noise[2 * i] + (last ? 8 : 0), noise[2 * i + 1] + (last ? 0 : 3 * labels[i])};
        }
        return Examples.of(x, labels);
    }

    static Stream<Learner> classifiers() {
        Learner near = new NearestNeighbors(1);
        return Stream.of(
                Lda.learner(),
                new LinearSvm(1),
                new OneVsRest(new LinearSvm(1)),
                new OneVsRest(near),
                near,
                new Stump(),
                NetLearner.classifier(() -> new Linear(2, 3), new Adam(0.1f), 20, 40),
                new AdaBoost(new Stump(), 10),
                new ResidualBoosting(new Stump(), 10, 0.5),
                new Stacking(near, Lda.learner(), new LinearSvm(1)).folds(3));
    }

    @ParameterizedTest
    @MethodSource("classifiers")
    void aClassWithoutExamplesIsNeverChosen(Learner learner) {
        Examples two = rare(2, 20);
        for (int absent = 0; absent < 3; absent++) {
            int gap = absent;
            int[] labels =
                    Arrays.stream(two.labels()).map(k -> k < gap ? k : k + 1).toArray();
            Examples data = Examples.ofClasses(two.x(), 3, labels);
            try (Predictor fitted = learner.fit(data, 1);
                    Predictor bag = new Bagging(learner, 5).workers(1).fit(data, 1)) {
                assertThat(fitted.classify(data.x())).doesNotContain(absent);
                assertThat(bag.classify(data.x())).doesNotContain(absent);
                assertThat(fitted.predict(data.x())[0]).hasSize(3);
            }
        }
    }

    static Stream<Learner> goodClassifiers() {
        return classifiers()
                .filter(l ->
                        !(l instanceof Stump || l instanceof AdaBoost)); // two answers are too few for three classes
    }

    @ParameterizedTest
    @MethodSource("goodClassifiers")
    void membersThatLackARareClassDoNotForbidIt(Learner learner) {
        Examples data = rare(3, 20); // of 25 bootstraps one or two lack the last class
        for (Combination by : new Combination[] {Combination.MEAN, Combination.VOTE, Combination.MEDIAN}) {
            try (Predictor bag = new Bagging(learner, 25).by(by).workers(1).fit(data, 1)) {
                assertThat(bag.classify(new float[][] {{8, 0}})).as("%s", by).containsExactly(2);
                for (float[] row : bag.predict(data.x())) {
                    for (float v : row) {
                        assertThat(v).isFinite();
                    }
                }
            }
        }
    }

    @Test
    void aMemberThatSawASingleClassNamesIt() {
        Examples two = rare(2, 20);
        for (Learner learner : List.of(Lda.learner(), new LinearSvm(1), new OneVsRest(new LinearSvm(1)))) {
            try (Ensemble bag = new Bagging(learner, 60).workers(1).fit(two, 1)) {
                int[][] answers = bag.answers(new float[][] {{8, 0}});
                assertThat(Arrays.stream(answers).filter(a -> a[0] == 0).count())
                        .isBetween(1L, 12L);
                assertThat(bag.classify(new float[][] {{8, 0}, {0, 0}})).containsExactly(1, 0);
            }
        }
        // of three examples of a class, each is in another of the three folds: two of them may be all that a fold has
        Examples single = Examples.of(numbers(6), 0, 0, 0, 0, 0, 1);
        Stacking.Stack stack = new Stacking(new NearestNeighbors(1), new LinearSvm(10))
                .folds(6)
                .workers(1)
                .fit(single, 1);
        assertThat(stack.predict(single.x())[0]).hasSize(2);
    }

    /** All examples of the rare class are tested on in one fold, so that what is learned there never saw it. */
    @ParameterizedTest
    @MethodSource("classifiers")
    void aFoldMayLackAClass(Learner learner) {
        Examples rare = rare(3, 20);
        try (Dataset data = rare.dataset()) {
            Scores scores = Folds.crossValidate(data, Folds.grouped(groups(rare), 3), (train, test) -> {
                try (Predictor fitted = learner.fit(Examples.of(train), 1)) {
                    assertThat(fitted.predict(new float[1][2])[0]).hasSize(3);
                    return fitted.accuracy(Examples.of(test));
                }
            });
            assertThat(scores.values()).hasSize(3);
        }
    }

    /** The rare class is a group of its own. */
    private static int[] groups(Examples data) {
        return IntStream.range(0, data.size())
                .map(i -> data.labels()[i] == 2 ? 9 : i % 4)
                .toArray();
    }

    @Test
    void combinationsAreWhatTheySay() {
        float[][] of = {{0.9f, 0.1f, 0}, {0.2f, 0.5f, 0.3f}, {0.1f, 0.6f, 0.3f}, {0, 0.1f, 0.9f}};
        double[] weights = {3, 1, 1, 1};
        float[] mean = new float[3];
        Combination.MEAN.combine(of, weights, mean);
        assertThat(mean).containsExactly(new float[] {0.5f, 0.25f, 0.25f}, within(1e-6f));
        Combination.MEDIAN.combine(of, weights, mean);
        assertThat(mean).containsExactly(new float[] {0.15f, 0.3f, 0.3f}, within(1e-6f));
        Combination.VOTE.combine(of, weights, mean);
        assertThat(mean).containsExactly(new float[] {3 / 6f, 2 / 6f, 1 / 6f}, within(1e-6f));
        Combination.SUM.combine(of, weights, mean);
        assertThat(mean).containsExactly(new float[] {3, 1.5f, 1.5f}, within(1e-6f));
    }

    @Test
    void theTopOfAStackSeesPredictionsOfMembersThatDidNotSeeTheExample() {
        int n = 41;
        int[] labels = IntStream.range(0, n).map(i -> i % 2).toArray();
        Examples data = Examples.of(numbers(n), labels);
        // a member that knows by heart what it learned of: 1 for examples that it saw
        Learner heart = (some, seed) -> {
            Set<Float> known = ConcurrentHashMap.newKeySet();
            Arrays.stream(some.x()).forEach(r -> known.add(r[0]));
            return Predictor.of(
                    Prediction.SCORES,
                    x -> Arrays.stream(x)
                            .map(r -> new float[] {known.contains(r[0]) ? 1 : 0, r[0]})
                            .toArray(float[][]::new));
        };
        List<float[][]> upper = new ArrayList<>();
        Learner top = (some, seed) -> {
            upper.add(some.x());
            return Predictor.of(Prediction.SCORES, x -> {
                upper.add(x);
                return new float[x.length][2];
            });
        };
        Stacking stacking =
                new Stacking(top, heart, heart).folds(4).passingThrough().workers(2);
        Stacking.Stack stack = stacking.fit(data, 3);
        for (int i = 0; i < n; i++) {
            assertThat(upper.get(0)[i]).containsExactly(0, i, 0, i, i);
        }
        stack.predict(data.x());
        assertThat(upper.get(1)[7]).containsExactly(1, 7, 1, 7, 7);
        assertThat(stack.timing().members()).hasSize(10);
    }

    @Test
    void aStackJoinsWhatItsMembersKnow() {
        Examples data = crossing(150, 3);
        Examples test = crossing(400, 4);
        Stacking stacking = new Stacking(
                new LinearSvm(1),
                new NearestNeighbors(7),
                new LinearSvm(1),
                new Bagging(NET, 2)); // an ensemble is a member
        try (Predictor stack = stacking.workers(2).fit(data, 1);
                Predictor again = stacking.workers(1).fit(data, 1)) {
            assertThat(stack.accuracy(test)).isGreaterThan(0.88);
            assertThat(again.predict(test.x())).isDeepEqualTo(stack.predict(test.x()));
        }
    }

    @Test
    void networksAreBoosted() {
        Examples data = crossing(150, 3);
        Learner weak = NetLearner.classifier(
                () -> new Sequential(new Linear(2, 3), Tensor::tanh, new Linear(3, 2)), new Adam(0.02f), 20, 6);
        try (Ensemble boosted = new AdaBoost(weak, 12).fit(data, 1)) {
            assertThat(boosted.accuracy(data)).isGreaterThan(boosted.first(1).accuracy(data) + 0.05);
        }
        // a wave of eight nets, each of which learns what the others leave over
        float[][] x = numbers(60);
        float[][] y = new float[60][];
        for (int i = 0; i < 60; i++) {
            x[i][0] = i / 10f - 3;
            y[i] = new float[] {(float) Math.sin(2 * x[i][0])};
        }
        Examples wave = Examples.of(x, y);
        Learner net = NetLearner.regressor(
                () -> new Sequential(new Linear(1, 4), Tensor::tanh, new Linear(4, 1)), new Adam(0.05f), 20, 40);
        try (Ensemble boosted = new ResidualBoosting(net, 8, 1).fit(wave, 1)) {
            assertThat(boosted.first(2).squaredError(wave))
                    .isLessThan(0.2 * boosted.first(1).squaredError(wave));
            assertThat(boosted.squaredError(wave))
                    .isLessThan(0.95 * boosted.first(2).squaredError(wave));
        }
    }

    @Test
    void diversityIsThatOfTheTextbook() {
        int[] labels = new int[10];
        int[][] answers = new int[3][];
        answers[0] = new int[] {0, 0, 0, 0, 0, 0, 1, 1, 1, 1};
        answers[1] = new int[] {0, 0, 0, 0, 1, 1, 0, 1, 1, 1};
        answers[2] = answers[0].clone();
        // of 0 and 1: N11 4, N10 2, N01 1, N00 3
        double q = (4.0 * 3 - 2 * 1) / (4 * 3 + 2 * 1);
        Diversity found = Diversity.of(answers, labels);
        assertThat(found.disagreement()).isCloseTo((0.3 + 0 + 0.3) / 3, within(1e-12));
        assertThat(found.q()).isCloseTo((2 * q + 1) / 3, within(1e-12));
        assertThat(Diversity.of(new int[][] {labels, labels}, labels).q()).isNaN();
        assertThat(Diversity.distance(new float[] {0}, new float[] {1}, new float[] {3}))
                .isEqualTo(2);
        assertThat(Diversity.distance(new float[] {0, 0}, new float[] {3, 4})).isEqualTo(5);
    }

    /** The answers are compared, and not how sure they are. */
    @Test
    void classificationsDifferAsTheirAnswersDo() {
        int[] labels = {0, 1, 1, 0};
        Classification one =
                Classification.ofProbabilities(new float[] {.9f, .1f, .2f, .8f, .6f, .4f, .3f, .7f}, 2, labels);
        Classification two =
                Classification.ofProbabilities(new float[] {.6f, .4f, .7f, .3f, .9f, .1f, .2f, .8f}, 2, labels);
        assertThat(Diversity.of(List.of(one, two)))
                .isEqualTo(Diversity.of(new int[][] {{0, 1, 0, 1}, {0, 0, 0, 1}}, labels));
        Classification other = Classification.ofProbabilities(new float[] {.6f, .4f}, 2, new int[] {0});
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Diversity.of(List.of(one, other)))
                .withMessageContaining("answer different examples");
        assertThatIllegalArgumentException().isThrownBy(() -> Diversity.of(List.of(one)));
        assertThatIllegalArgumentException().isThrownBy(() -> Diversity.of(List.of()));
    }

    @Test
    void predictionsOfAnotherSizeAreNoAnswers() {
        Examples three = Examples.ofClasses(numbers(6), 3, 0, 1, 2, 0, 1, 2);
        Predictor two = Predictor.of(Prediction.PROBABILITIES, x -> new float[x.length][2]);
        refused(
                () -> two.accuracy(three),
                "accuracy: example 2 is of class 2, and the predictor knows 2 classes; number the classes as in"
                        + " training");
        refused(() -> two.squaredError(three), "squaredError: the predictor gives 2 numbers for the 3 targets");
        Learner net = (data, seed) -> two;
        refused(
                () -> new Stacking(new Stump(), new Stump(), net)
                        .folds(2)
                        .workers(1)
                        .fit(three, 1),
                "stacking: member 1 gives 2 outputs, and member 0 3; let all members give one for each class or"
                        + " target");
        Predictor mixed = new Ensemble(
                List.of(new Stump().fit(three, 1), two),
                new double[] {1, 1},
                Combination.MEAN,
                new Timing(1, 1, new double[2]));
        refused(() -> mixed.predict(numbers(2)), "ensemble: member 1 gives 2 outputs, and member 0 3");
        refused(
                () -> new Stump().fit(three, 1).predict(new float[][] {{1, 2}}),
                "stump: row 0 has 2 numbers and 1 were fitted; give rows of the same features");
    }

    @Test
    void everyPredictorSaysWhatItPredicts() {
        Examples classes = crossing(40, 1);
        Examples numbers = Examples.of(classes.x(), classes.y());
        NetLearner regressor = NetLearner.regressor(() -> new Linear(2, 2), new Adam(0.1f), 20, 2);
        Map<Learner, Prediction> ofClasses = Map.of(
                new NearestNeighbors(3),
                Prediction.PROBABILITIES,
                new Stump(),
                Prediction.PROBABILITIES,
                NET,
                Prediction.PROBABILITIES,
                Lda.learner(),
                Prediction.PROBABILITIES,
                new LinearSvm(1),
                Prediction.SCORES,
                new OneVsRest(new NearestNeighbors(3)),
                Prediction.SCORES,
                new AdaBoost(new Stump(), 3),
                Prediction.PROBABILITIES,
                new Bagging(new LinearSvm(1), 2).workers(1),
                Prediction.SCORES,
                regressor,
                Prediction.SCORES,
                new Stacking(NET, new LinearSvm(1)).workers(1),
                Prediction.PROBABILITIES);
        ofClasses.forEach((learner, kind) -> {
            try (Predictor fitted = learner.fit(classes, 1)) {
                assertThat(fitted.kind()).as("%s", learner).isEqualTo(kind);
                refused(() -> fitted.accuracy(numbers), "accuracy: the predictor gives " + kind + ", and the targets");
                refused(
                        () -> fitted.squaredError(numbers),
                        "squaredError: the predictor gives " + kind + ", and the targets");
            }
        });
        List<Learner> ofNumbers = List.of(
                new NearestNeighbors(3),
                new Stump(),
                regressor,
                new ResidualBoosting(new Stump(), 2),
                new Bagging(new Stump(), 2).workers(1),
                new Stacking(new Stump(), new NearestNeighbors(1)).workers(1),
                new NearestNeighbors(3).after(data -> Pca.fit(data.x(), 1)));
        for (Learner learner : ofNumbers) {
            try (Predictor fitted = learner.fit(numbers, 1)) {
                assertThat(fitted.kind()).as("%s", learner).isEqualTo(Prediction.NUMBERS);
                refused(() -> fitted.classify(numbers.x()), "classify: the predictor gives numbers, not classes;");
                refused(
                        () -> fitted.accuracy(classes),
                        "accuracy: the predictor gives numbers, and the targets of the examples are classes;");
            }
        }
        assertThat(new ResidualBoosting(new Stump(), 2).fit(classes, 1).kind())
                .as("zeros and ones learned as numbers")
                .isEqualTo(Prediction.SCORES);
    }

    @Test
    void probabilitiesAreAssessedAndScoresAreNot() {
        Examples data = crossing(60, 1);
        Predictor near = new NearestNeighbors(3).fit(data, 1);
        assertThat(near.classification(data).confusion().accuracy()).isEqualTo(near.accuracy(data));
        assertThat(near.classification(data).probability(7, 1)).isCloseTo(near.predict(data.x())[7][1], within(1e-6));
        refused(
                () -> new LinearSvm(1).fit(data, 1).classification(data),
                "classification: the predictor gives scores, which are no probabilities;");
        Examples numbers = Examples.of(data.x(), data.y());
        refused(
                () -> new Stump().fit(numbers, 1).classification(data),
                "classification: the predictor gives numbers, and the targets of the examples are classes;");
    }

    @Test
    void theKindOfACombinationIsThatOfItsNumbers() {
        Examples data = crossing(40, 1);
        Bagging bag = new Bagging(new Stump(), 3).workers(1);
        assertThat(bag.fit(data, 1).kind()).isEqualTo(Prediction.PROBABILITIES);
        assertThat(bag.by(Combination.MEDIAN).fit(data, 1).kind())
                .as("medians need not sum to 1")
                .isEqualTo(Prediction.SCORES);
        assertThat(bag.by(Combination.SUM).fit(data, 1).kind()).isEqualTo(Prediction.SCORES);
        Ensemble margins = new Bagging(new LinearSvm(1), 3).workers(1).fit(data, 1);
        assertThat(margins.kind()).isEqualTo(Prediction.SCORES);
        assertThat(margins.first(2).kind()).isEqualTo(Prediction.SCORES);
        Ensemble votes =
                new Bagging(new LinearSvm(1), 3).by(Combination.VOTE).workers(1).fit(data, 1);
        assertThat(votes.kind()).isEqualTo(Prediction.PROBABILITIES);
    }

    @Test
    void differentKindsAreNotMixed() {
        Examples classes = crossing(40, 1);
        Examples numbers = Examples.of(classes.x(), classes.y());
        Predictor share = new Stump().fit(classes, 1);
        Predictor margin = new LinearSvm(1).fit(classes, 1);
        Predictor number = new Stump().fit(numbers, 1);
        double[] weights = {1, 1};
        Timing timing = new Timing(1, 1, new double[2]);
        refused(
                () -> new Ensemble(List.of(share, margin), weights, Combination.MEAN, timing),
                "ensemble: member 1 gives scores of classes, and member 0 probabilities of classes; let all members"
                        + " predict one kind, or classes VOTE");
        refused(
                () -> new Ensemble(List.of(share, number), weights, Combination.VOTE, timing),
                "ensemble: member 1 gives numbers, on which nobody can vote; combine numbers by MEAN or MEDIAN");
        assertThat(new Ensemble(List.of(share, margin), weights, Combination.VOTE, timing).classify(classes.x()))
                .hasSize(40);
        Learner always = (data, seed) -> number;
        for (Learner learner : List.of(
                new Bagging(always, 2).workers(1),
                new AdaBoost(always, 2),
                new Stacking(new Stump(), always).workers(1),
                new Stacking(always, new Stump()).workers(1))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> learner.fit(classes, 1))
                    .withMessageEndingWith(": a learner gives numbers to examples whose targets are classes; give"
                            + " learners of the task of the examples");
        }
        refused(() -> new OneVsRest(always).fit(classes, 1), "one vs rest: its learner gives numbers to examples");
        refused(
                () -> new ResidualBoosting((data, seed) -> share, 2).fit(numbers, 1),
                "residual boosting: a learner gives probabilities of classes to examples whose targets are numbers;");
        refused(
                () -> new Bagging(new Stump(), 2).by(Combination.VOTE).fit(numbers, 1),
                "bagging: the targets of these examples are numbers, on which nobody can vote;");
        refused(
                () -> new Ensemble(List.of(), new double[0], Combination.MEAN, timing),
                "ensemble: there are no members");
    }

    private static void refused(ThrowingCallable call, String start) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageStartingWith(start);
    }

    @Test
    void badInputIsNamed() {
        Learner stump = new Stump();
        Examples data = Examples.of(numbers(4), 0, 0, 1, 1);
        refused(() -> new Bagging(stump, 0), "bagging: members=0");
        refused(() -> new Bagging(stump, 1).withoutReplacement(Double.NaN), "bagging: share=NaN");
        refused(() -> new Bagging(stump, 1).workers(0), "workers: count=0");
        refused(() -> new AdaBoost(stump, 0), "adaboost: rounds=0");
        refused(() -> new AdaBoost(stump, 1, -1), "adaboost: rate=-1.0");
        refused(() -> new AdaBoost(stump, 1).fit(Examples.of(numbers(2), 0, 0), 1), "adaboost: there is one class");
        refused(() -> new ResidualBoosting(stump, 1, 1.5), "residual boosting: shrinkage=1.5");
        refused(() -> new Stacking(stump), "stacking: 0 members and 5 folds");
        refused(() -> new Stacking(stump, stump).fit(data, 1), "stacking: 4 examples for 5 folds");
        refused(() -> Diversity.of(new int[1][3], 1, 2, 3), "diversity: 1 members and 3 examples");
        refused(() -> Diversity.of(new int[2][3], 1, 2), "diversity: member 0 gives 3 answers for 2 examples");
        refused(() -> Diversity.distance(new float[2], new float[3]), "distance: member 0 gives 2 numbers");
        refused(
                () -> new Bagging(stump, 3).fit(data, 1).first(4),
                "first: 4 of 3 members; ask for at least 1 and at most as many as there are");
        refused(
                () -> new Bagging(
                                (some, seed) -> new LinearSvm(1).fit(some.withX(new float[1][1]), 1),
                                2,
                                1,
                                true,
                                Combination.MEAN,
                                new Workers(2))
                        .fit(data, 1),
                "examples: 1 rows with 4 targets");
    }
}
