package dev.fathom.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import dev.fathom.testing.Learners;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Projections, clusters and heads against scikit-learn. */
class FeaturesTest {
    private static final Learners GOLDEN = Learners.read();

    /** A rounding to single precision at the end. */
    private static final double EXACT = 1e-6;

    private static void assertClose(float[][] found, float[][] expected, double tolerance) {
        assertThat(found).hasNumberOfRows(expected.length);
        for (int i = 0; i < expected.length; i++) {
            for (int j = 0; j < expected[i].length; j++) {
                assertThat(found[i][j]).as("row %d, column %d", i, j).isCloseTo(expected[i][j], within((float)
                        (tolerance * Math.max(1, Math.abs(expected[i][j])))));
            }
        }
    }

    private static <T> Stream<T> each(T[] cases) {
        return Arrays.stream(cases);
    }

    static Stream<Learners.Pca> pca() {
        return each(GOLDEN.pca());
    }

    @ParameterizedTest
    @MethodSource("pca")
    void componentsAreThoseOfScikitLearn(Learners.Pca golden) {
        int width = golden.variances().length;
        Pca pca = Pca.fit(golden.x(), width);
        assertThat(pca.variances()).containsExactly(golden.variances(), within(1e-10 * golden.variances()[0]));
        assertThat(pca.share()).isCloseTo(golden.share(), within(1e-12));
        int varied = width
                - (width == golden.x().length ? 1 : 0); // the last direction of as many components as rows is free
        int numbers = varied * golden.x()[0].length;
        assertThat(Arrays.copyOf(pca.components(), numbers))
                .containsExactly(Arrays.copyOf(golden.components(), numbers), within(1e-9));
        if (varied == width) {
            assertClose(pca.transform(golden.x()), golden.z(), EXACT);
        }
        assertClose(pca.inverse(pca.transform(golden.x())), golden.inverse(), 2 * EXACT);
    }

    @Test
    void denseAndSparseRowsHaveTheSameComponents() {
        float[][] x = GOLDEN.pca()[0].x();
        float[] flat = new float[x.length * 4];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = x[i / 4][i % 4];
        }
        SparseRows sparse = SparseRows.dense(flat, 4);
        Pca pca = Pca.of(sparse, 2, 1e-15, 1);
        Pca exact = Pca.fit(x, 2);
        assertThat(pca.components()).containsExactly(exact.components(), within(1e-9));
        assertThat(pca.total()).isCloseTo(exact.total(), within(1e-9 * exact.total()));
        double[] scores = pca.scores(sparse);
        float[][] z = exact.transform(x);
        for (int i = 0; i < scores.length; i++) {
            assertThat(scores[i]).isCloseTo(z[i / 2][i % 2], within(1e-5));
        }
    }

    static Stream<Learners.Lda> lda() {
        return each(GOLDEN.lda());
    }

    @ParameterizedTest
    @MethodSource("lda")
    void discriminantsAreThoseOfScikitLearn(Learners.Lda golden) {
        Examples data = Examples.of(golden.x(), golden.labels());
        Lda lda = Lda.fit(data);
        assertThat(lda.width()).isEqualTo(2);
        assertThat(lda.shares()).containsExactly(golden.shares(), within(1e-9));
        assertThat(lda.directions()).containsExactly(golden.directions(), within(1e-6));
        assertClose(lda.transform(golden.x()), golden.z(), 5 * EXACT);
        assertThat(lda.classify(golden.x())).isEqualTo(golden.predicted());
        float[][] scores = lda.predict(golden.x());
        for (int i = 0; i < scores.length; i++) {
            for (int k = 0; k < 3; k++) {
                assertThat(scores[i][k]).isCloseTo((float) Math.exp(golden.log_probabilities()[i][k]), within(1e-5f));
            }
        }
        // the way back loses nothing of what the directions see
        assertClose(lda.transform(lda.inverse(golden.z())), golden.z(), 2e-5);
    }

    @Test
    void weightsOfDiscriminantsCountLikeRepeatedExamples() {
        float[] noise = new Rng(4).normal(24, 0, 1);
        float[][] x = IntStream.range(0, 12)
                .mapToObj(i -> new float[] {noise[2 * i] + i % 3, noise[2 * i + 1] - i % 3})
                .toArray(float[][]::new);
        Examples all = Examples.ofClasses(x, 3, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2);
        Examples twice = all.subset(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5);
        Lda weighted = Lda.fit(all.weighted(7, 7, 7, 7, 7, 7, 0, 0, 0, 0, 0, 0));
        Lda repeated = Lda.fit(twice);
        assertThat(weighted.directions()).containsExactly(repeated.directions(), within(1e-9));
        assertClose(weighted.predict(x), repeated.predict(x), 1e-6f);
        refused(() -> Lda.fit(all.weighted(1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0)), "lda: all 12 examples are of class 0");
    }

    @Test
    void clustersAreThoseOfScikitLearn() {
        Learners.KMeans golden = GOLDEN.kmeans();
        KMeans found = KMeans.fit(golden.x(), Arrays.copyOf(golden.x(), 4));
        assertClose(found.centers(), golden.centers(), EXACT);
        assertThat(found.assign(golden.x())).isEqualTo(golden.labels());
        assertThat(found.inertia()).isCloseTo(golden.inertia(), within(1e-5));
        float[][] distances = found.distances(golden.x());
        double inertia = 0;
        for (float[] row : distances) {
            double least = Arrays.stream(new double[] {row[0], row[1], row[2], row[3]})
                    .min()
                    .getAsDouble();
            inertia += least * least;
        }
        assertThat(inertia).isCloseTo(found.inertia(), within(1e-4));
    }

    @Test
    void plusPlusFindsEveryClump() {
        float[][] x = new float[200][];
        float[] noise = new Rng(3).normal(400, 0, 0.1f);
        for (int i = 0; i < x.length; i++) {
            x[i] = new float[] {i % 8 * 10 + noise[2 * i], i % 8 * i % 8 + noise[2 * i + 1]};
        }
        KMeans found = KMeans.fit(x, 8, 1);
        assertThat(found.inertia()).isLessThan(200 * 2 * 0.02 * 2);
        assertThat(Arrays.stream(found.assign(x)).distinct().count()).isEqualTo(8);
        assertThat(KMeans.fit(x, 8, 1)).usingRecursiveComparison().isEqualTo(found);
        // a center that no row is nearest to moves to the row that is farthest from its own
        KMeans moved = KMeans.fit(new float[][] {{0}, {1}, {9}}, new float[][] {{0}, {100}});
        assertThat(moved.assign(new float[][] {{0}, {1}, {9}})).containsExactly(0, 0, 1);
    }

    static Stream<Learners.Svm> svm() {
        return each(GOLDEN.svm());
    }

    @ParameterizedTest
    @MethodSource("svm")
    void machinesAreThoseOfScikitLearn(Learners.Svm golden) {
        LinearSvm svm = new LinearSvm(golden.cost(), golden.squared(), golden.scale(), 1e-10, 1_000_000);
        Examples data = Examples.of(golden.x(), golden.labels()).weighted(golden.weights());
        Predictor machine = svm.fit(data, 1);
        float[][] scores = machine.predict(golden.x());
        int classes = golden.scores()[0].length;
        for (int i = 0; i < scores.length; i++) {
            for (int k = 0; k < classes; k++) {
                assertThat(scores[i][classes == 1 ? 1 : k]).isCloseTo(golden.scores()[i][k], within(2e-5f));
            }
        }
        assertThat(machine.classify(golden.x())).isEqualTo(golden.predicted());
        if (machine instanceof LinearSvm.Machine two) {
            assertThat(two.violation()).isLessThanOrEqualTo(1e-10);
            assertThat(((LinearSvm.Machine) svm.until(1e-10, 1).fit(data, 1)).violation())
                    .isGreaterThan(1e-10);
        }
    }

    static Stream<Learners.Neighbors> neighbors() {
        return each(GOLDEN.neighbors());
    }

    @ParameterizedTest
    @MethodSource("neighbors")
    void votesAreThoseOfScikitLearn(Learners.Neighbors golden) {
        Examples classes = Examples.of(golden.x(), golden.labels());
        Examples numbers = Examples.of(golden.x(), golden.targets());
        NearestNeighbors near = new NearestNeighbors(golden.k());
        assertVotes(golden, near.fit(classes, 0), near.fit(numbers, 0), golden.uniform());
        NearestNeighbors weighted = near.weightedByDistance();
        assertVotes(golden, weighted.fit(classes, 0), weighted.fit(numbers, 0), golden.distance());
    }

    private static void assertVotes(
            Learners.Neighbors golden, Predictor classes, Predictor numbers, Learners.Votes votes) {
        float[][] shares = classes.predict(golden.queries());
        float[][] means = numbers.predict(golden.queries());
        int[] predicted = classes.classify(golden.queries());
        int compared = 0;
        for (int i = 0; i < shares.length; i++) {
            if (golden.unique()[i]) {
                compared++;
                assertClose(new float[][] {shares[i]}, new float[][] {votes.shares()[i]}, EXACT);
                assertClose(new float[][] {means[i]}, new float[][] {votes.numbers()[i]}, EXACT);
                assertThat(predicted[i]).isEqualTo(votes.classes()[i]);
            }
        }
        assertThat(compared).isGreaterThan(25);
    }

    @Test
    void neighborsAreExactHoweverFastTheyAreFound() {
        Rng rng = new Rng(5);
        float[][] x = new float[5000]
                []; // more than one chunk, far from 0, and on a coarse grid, so that most distances are equal
        float[] values = rng.uniform(15000, 0, 9);
        for (int i = 0; i < x.length; i++) {
            x[i] = new float[] {
                1000 + Math.round(values[3 * i]), Math.round(values[3 * i + 1]), Math.round(values[3 * i + 2])
            };
        }
        float[][] queries = Arrays.copyOf(x, 300);
        var found =
                new NearestNeighbors(6).fit(Examples.of(x, new int[5000]), 0).neighbors(queries);
        for (int q = 0; q < queries.length; q += 37) {
            float[] query = queries[q];
            List<Integer> expected = IntStream.range(0, x.length)
                    .boxed()
                    .sorted((a, b) -> {
                        int byDistance = Double.compare(
                                Vectors.squaredDistance(query, x[a]), Vectors.squaredDistance(query, x[b]));
                        return byDistance != 0 ? byDistance : Integer.compare(a, b);
                    })
                    .limit(6)
                    .toList();
            assertThat(found.get(q))
                    .extracting(NearestNeighbors.Neighbor::example)
                    .isEqualTo(expected);
        }
        // products that no float can hold
        var huge = new NearestNeighbors(1).fit(Examples.of(new float[][] {{1e30f}, {3e30f}}, 0, 1), 0);
        assertThat(huge.classify(new float[][] {{1.5e30f}, {2.9e30f}})).containsExactly(0, 1);
        // equal votes go to the smaller class, and examples of weight 0 do not vote
        Examples tied = Examples.of(new float[][] {{0}, {1}, {2}, {3}}, 1, 0, 0, 1);
        assertThat(new NearestNeighbors(4).fit(tied, 0).classify(new float[][] {{0}}))
                .containsExactly(0);
        assertThat(new NearestNeighbors(4).fit(tied.weighted(1, 1, 0, 1), 0).classify(new float[][] {{2}}))
                .containsExactly(1);
        assertThat(new NearestNeighbors(1).fit(tied.weighted(0, 1, 1, 1), 0).classify(new float[][] {{0}}))
                .containsExactly(1);
    }

    @Test
    void threeClassesByALearnerOfTwo() {
        Learners.Svm golden = GOLDEN.svm()[2];
        Examples data = Examples.of(golden.x(), golden.labels());
        OneVsRest.Members fitted = new OneVsRest(new NearestNeighbors(5)).fit(data, 1);
        assertThat(fitted.members()).hasSize(4);
        float[][] shares = new NearestNeighbors(5).fit(data, 1).predict(golden.x());
        float[][] scores = fitted.predict(golden.x());
        for (int i = 0; i < scores.length; i++) {
            for (int k = 0; k < 4; k++) {
                assertThat(scores[i][k]).isCloseTo(shares[i][k] - 0.5f, within(1e-6f));
            }
        }
    }

    private static final int SIDE = 4;

    /** Images whose brighter half tells their class. */
    private static Dataset halves() {
        float[] noise = new Rng(9).uniform(200 * SIDE * SIDE, 0, 1);
        int[] labels = new int[200];
        for (int i = 0; i < 200; i++) {
            labels[i] = i % 3 == 0 ? 1 : 0;
            for (int p = 0; p < SIDE * SIDE / 2; p++) {
                noise[i * SIDE * SIDE + labels[i] * SIDE * SIDE / 2 + p] += 1;
            }
        }
        return Dataset.of(noise, Shape.of(SIDE, SIDE, 1), labels);
    }

    @Test
    void headsStandOnTheFeaturesOfANetwork() {
        try (Dataset images = halves()) {
            Examples pixels = Examples.of(images);
            assertThat(pixels.columns()).isEqualTo(16);
            Layer halves = x -> Tensor.stack(
                    1, x.slice(1, 0, 2).mean(1, 2, 3), x.slice(1, 2, 4).mean(1, 2, 3));
            Examples features = Examples.of(halves, images);
            assertThat(features.columns()).isEqualTo(2);
            for (Learner head : List.of(
                    new LinearSvm(1),
                    new NearestNeighbors(3),
                    Lda.learner(),
                    new LinearSvm(1).after(d -> Pca.fit(d.x(), 2)))) {
                assertThat(head.fit(features.subset(IntStream.range(0, 100).toArray()), 1)
                                .accuracy(features))
                        .isGreaterThan(0.97);
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Examples.of(x -> x.mean(), images))
                    .withMessageContaining("the layer gives [] of 1 examples");
        }
    }

    @Test
    void aNetworkIsALearner() {
        try (Dataset images = halves()) {
            Examples all = Examples.of(images);
            IntFunction<Layer> net = k -> new Sequential(new Flatten(), new Linear(16, k));
            Learner learner = NetLearner.classifier(() -> net.apply(2), new Adam(0.05f), 20, 8)
                    .shaped(SIDE, SIDE, 1);
            try (Predictor fitted = learner.fit(all, 1);
                    Predictor again = learner.fit(all, 1)) {
                assertThat(fitted.accuracy(all)).isGreaterThan(0.97);
                float[][] p = fitted.predict(all.x());
                assertThat(p[0][0] + p[0][1]).isCloseTo(1, within(1e-6f));
                assertThat(again.predict(all.x())).isDeepEqualTo(p);
            }
            // what only has examples of one class can give no other answer
            double[] weights = new double[200];
            for (int i = 0; i < 200; i += 3) {
                weights[i] = 1;
            }
            try (Predictor fitted = learner.fit(all.weighted(weights), 1)) {
                assertThat(fitted.classify(all.x())).contains(1);
                assertThat(fitted.accuracy(all)).isLessThan(0.5);
            }
            // numbers
            float[][] y = Arrays.stream(all.x())
                    .map(r -> new float[] {r[0] - 2 * r[7]})
                    .toArray(float[][]::new);
            Examples numbers = Examples.of(all.x(), y);
            try (Predictor fitted = NetLearner.regressor(() -> new Linear(16, 1), new Adam(0.05f), 20, 60)
                    .fit(numbers, 1)) {
                assertThat(fitted.squaredError(numbers)).isLessThan(1e-3);
            }
            assertThatIllegalArgumentException().isThrownBy(() -> numbers.labels());
        }
    }

    @Test
    void theTaskSaysWhetherTargetsAreNumbers() {
        float[][] x = {{0}, {1}, {2}, {3}};
        float[][] oneHot = {{1, 0}, {0, 1}, {1, 0}, {0, 1}};
        float[][] ones = {{1}, {1}, {1}, {1}};
        for (float[][] y : List.of(oneHot, ones)) {
            Examples numbers = Examples.of(x, y);
            assertThat(numbers.areClasses()).isFalse();
            assertThat(numbers.subset(1, 3).areClasses()).isFalse();
            assertThat(numbers.resampled(1).areClasses()).isFalse();
            try (Dataset data = numbers.dataset()) {
                assertThat(data.classes()).isZero();
            }
            try (Predictor fitted = NetLearner.regressor(() -> new Linear(1, y[0].length), new Adam(0.05f), 4, 300)
                    .fit(numbers, 1)) {
                assertThat(fitted.squaredError(numbers)).isLessThan(0.3);
            }
            refused(() -> numbers.labels(), "labels: the targets of these examples are " + y[0].length + " number");
            refused(
                    () -> NetLearner.classifier(() -> new Linear(1, 2), new Adam(0.05f), 4, 1)
                            .fit(numbers, 1),
                    "net learner: the targets of these examples are numbers, and its loss takes classes");
        }
        // a regressor learns the zeros and ones of classes as numbers
        Examples classes = Examples.of(x, 0, 1, 0, 1);
        Examples same = Examples.of(x, oneHot);
        NetLearner net = NetLearner.regressor(() -> new Linear(1, 2), new Adam(0.05f), 4, 20);
        try (Predictor a = net.fit(classes, 1);
                Predictor b = net.fit(same, 1)) {
            assertThat(a.predict(x)).isDeepEqualTo(b.predict(x));
        }
        assertThat(classes.withY(oneHot).areClasses())
                .as("other targets are numbers")
                .isFalse();
        assertThat(classes.weighted(1, 2, 3, 4).resampled(1).areClasses()).isTrue();
        refused(
                () -> new Examples(x, new float[][] {{1, 0}, {0, 1}, {1, 1}, {0, 1}}, new double[] {1, 1, 1, 1}, true),
                "examples: the targets of row 2 are [1.0, 1.0], which name no class");
        try (Dataset four = Examples.ofClasses(x, 4, 0, 1, 0, 1).dataset()) {
            assertThat(four.classes()).as("classes without examples").isEqualTo(4);
        }
    }

    @Test
    void resamplingFollowsTheWeights() {
        Examples data =
                Examples.of(new float[][] {{0}, {1}, {2}, {3}}, 0, 1, 0, 1).weighted(0, 1, 3, 0);
        int[] counts = new int[4];
        for (int seed = 0; seed < 500; seed++) {
            for (float[] row : data.resampled(seed).x()) {
                counts[(int) row[0]]++;
            }
        }
        assertThat(counts[0] + counts[3]).isZero();
        assertThat(counts[2] / 2000.0).isCloseTo(0.75, within(0.03));
    }

    private static void refused(ThrowingCallable call, String start) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessageStartingWith(start);
    }

    @Test
    void badInputIsNamed() {
        float[][] x = {{1, 2}, {3, 4}, {5, 7}};
        Examples one = Examples.of(x, 0, 0, 0);
        refused(() -> Pca.fit(x, 3), "pca: 3 components of 3 rows of 2 columns; ask for 1 to 2 of at least two rows");
        refused(() -> Pca.fit(new float[][] {{1, 2}, {3}}, 1), "pca: row 1 has 1 numbers and row 0 has 2");
        refused(() -> Pca.fit(new float[][] {{1, 2}, {3, Float.NaN}}, 1), "pca: row 1, column 1 is NaN");
        refused(() -> Pca.fit(new float[0][], 1), "pca: 0 rows of 0 numbers");
        refused(() -> Pca.fit(x, 1).transform(new float[][] {{1}}), "transform: row 0 has 1 numbers and 2 were fitted");
        refused(() -> Pca.fit(x, 1).inverse(x), "inverse: row 0 has 2 numbers and the transform gives 1");
        refused(() -> Lda.fit(one), "lda: all 3 examples are of class 0");
        refused(() -> Lda.fit(Examples.of(x, 0, 1, 2)), "lda: 3 examples of 3 classes do not show how they vary");
        refused(() -> Lda.fit(Examples.of(new float[][] {{1}, {1}, {2}, {2}}, 0, 0, 1, 1)), "lda: no column varies");
        refused(
                () -> Lda.fit(Examples.of(new float[][] {{1}, {2}, {1}, {2}}, 0, 0, 1, 1)),
                "lda: the means of all 2 classes are the same");
        refused(() -> KMeans.fit(x, 4, 1), "k-means: 4 centers of 3 rows");
        refused(() -> KMeans.fit(new float[][] {{1}, {1}}, 2, 1), "k-means: 2 centers of 1 different rows");
        refused(() -> KMeans.fit(x, new float[][] {{1}}), "k-means' start: row 0 has 1 numbers and 2 were fitted");
        refused(() -> new LinearSvm(Double.NaN), "linear SVM: cost=NaN");
        refused(() -> new LinearSvm(1).interceptScale(-1), "linear SVM: interceptScale=-1.0");
        refused(() -> new LinearSvm(1).until(0, 1), "linear SVM: tolerance=0.0");
        refused(() -> new LinearSvm(1).until(1, 0), "linear SVM: mostRounds=0");
        refused(() -> new LinearSvm(1).fit(one, 1), "linear SVM: all 3 examples are of class 0");
        refused(() -> new NearestNeighbors(0), "nearest neighbors: k=0");
        refused(() -> new NearestNeighbors(4).fit(one, 1), "nearest neighbors: k=4 of 3 examples");
        refused(
                () -> new NearestNeighbors(1).fit(one, 1).predict(new float[][] {{1}}),
                "nearest neighbors: row 0 has 1 numbers and 2 were fitted");
        refused(() -> new OneVsRest(new NearestNeighbors(1)).fit(one, 1), "one vs rest: all 3 examples are of class 0");
        refused(() -> Examples.of(x, 0, -1, 1), "examples: the label of row 1 is -1, outside [0, 2)");
        refused(() -> Examples.of(x, 0, 1), "examples: 3 rows with 2 targets and 3 weights");
        refused(() -> one.weighted(0, 0, 0), "examples: all weights are 0");
        refused(() -> one.weighted(1, Double.NaN, 0), "examples: the weight of row 1 is NaN");
        refused(() -> one.subset(3), "subset: example 3 is outside [0, 3)");
        refused(
                () -> Examples.of(x, new float[][] {{1}, {2}, {3}}).labels(),
                "labels: the targets of these examples are 1 number, not classes");
        refused(
                () -> NetLearner.classifier(() -> (Layer) (Tensor t) -> t, new Adam(0.1f), 0, 1),
                "net learner: batch=0 and epochs=1");
    }
}
