package dev.fathom.validation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.op.Shape;
import dev.fathom.table.Encoder;
import dev.fathom.table.Table;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Divisions of rows: what every one keeps to, whatever the seed, and what cannot be divided. */
class FoldsTest {
    private static int[] all(int n) {
        return IntStream.range(0, n).toArray();
    }

    /** Each row is tested on once, and learned from in all other folds, in ascending order. */
    private static void assertDisjointAndComplete(List<Fold> folds, int n) {
        List<Integer> tested = new ArrayList<>();
        for (Fold fold : folds) {
            assertThat(fold.train()).isSorted().doesNotHaveDuplicates();
            assertThat(fold.test()).isSorted();
            assertThat(IntStream.concat(Arrays.stream(fold.train()), Arrays.stream(fold.test()))
                            .sorted()
                            .toArray())
                    .containsExactly(all(n));
            Arrays.stream(fold.test()).forEach(tested::add);
        }
        assertThat(tested.stream().mapToInt(i -> i).sorted().toArray()).containsExactly(all(n));
    }

    private static List<List<Integer>> tests(List<Fold> folds) {
        return folds.stream().map(f -> Arrays.stream(f.test()).boxed().toList()).toList();
    }

    @Test
    void shuffledFoldsAreDisjointAndCompleteAndDependOnTheSeedAlone() {
        for (int k : new int[] {2, 3, 10, 23}) {
            List<Fold> folds = Folds.of(23, k, 5);
            assertThat(folds).hasSize(k);
            assertDisjointAndComplete(folds, 23);
            assertThat(folds.stream().mapToInt(f -> f.test().length).boxed().toList())
                    .as("the first folds have a row more")
                    .isEqualTo(IntStream.range(0, k)
                            .map(f -> 23 / k + (f < 23 % k ? 1 : 0))
                            .boxed()
                            .toList());
        }
        assertThat(tests(Folds.of(23, 4, 5))).isEqualTo(tests(Folds.of(23, 4, 5)));
        assertThat(tests(Folds.of(23, 4, 5))).isNotEqualTo(tests(Folds.of(23, 4, 6)));
        assertThat(tests(Folds.of(23, 4, 5))).isNotEqualTo(tests(Folds.of(23, 4)));
    }

    @Test
    void stratifiedFoldsHaveTheSharesOfTheClasses() {
        int[] labels = IntStream.range(0, 61)
                .map(i -> i % 10 < 6 ? 0 : i % 10 < 9 ? 7 : -1)
                .toArray();
        List<Fold> folds = Folds.stratified(labels, 4, 9);
        assertDisjointAndComplete(folds, 61);
        for (int c : new int[] {0, 7, -1}) {
            int members = (int) Arrays.stream(labels).filter(l -> l == c).count();
            for (Fold fold : folds) {
                long tested =
                        Arrays.stream(fold.test()).filter(i -> labels[i] == c).count();
                assertThat((double) tested).as("class %d", c).isCloseTo(members / 4.0, within(0.999));
            }
        }
        assertThat(folds).allMatch(f -> f.test().length == 15 || f.test().length == 16);
        assertThat(tests(folds)).isEqualTo(tests(Folds.stratified(labels, 4, 9)));
        assertThat(tests(folds)).isNotEqualTo(tests(Folds.stratified(labels, 4, 10)));
    }

    @Test
    void aGroupIsInOneFold() {
        int[] groups = IntStream.range(0, 40).map(i -> i * i % 11).toArray();
        List<Fold> folds = Folds.grouped(groups, 3);
        assertDisjointAndComplete(folds, 40);
        for (Fold fold : folds) {
            Set<Integer> learned = new HashSet<>();
            Arrays.stream(fold.train()).forEach(i -> learned.add(groups[i]));
            assertThat(Arrays.stream(fold.test()).map(i -> groups[i])).noneMatch(learned::contains);
        }
    }

    @Test
    void repeatedFoldsAreThoseOfSeedsInARow() {
        List<Fold> folds = Folds.repeated(3, 7, s -> Folds.of(10, 5, s));
        assertThat(folds).hasSize(15);
        for (int r = 0; r < 3; r++) {
            assertThat(tests(folds.subList(5 * r, 5 * r + 5))).isEqualTo(tests(Folds.of(10, 5, 7 + r)));
        }
        assertThat(tests(folds.subList(0, 5))).isNotEqualTo(tests(folds.subList(5, 10)));
    }

    /** ML session 11, "Splits": 12 rows have 66 folds that leave two out, and 12 that leave one out. */
    @Test
    void everySetOfPRowsIsLeftOutOnce() {
        assertThat(Folds.leaveOneOut(12)).hasSize(12);
        assertDisjointAndComplete(Folds.leaveOneOut(12), 12);
        List<Fold> two = Folds.leavePOut(12, 2);
        assertThat(two).hasSize(66);
        assertThat(new HashSet<>(tests(two))).hasSize(66);
        assertThat(tests(two).get(0)).containsExactly(0, 1);
        assertThat(tests(two).get(65)).containsExactly(10, 11);
        List<Fold> many = Folds.leavePOut(60_000, 2);
        assertThat(many).hasSize(1_799_970_000);
        assertThat(many.get(1_799_969_999).test()).containsExactly(59_998, 59_999);
        assertThat(many.get(59_999).test()).containsExactly(1, 2);
    }

    @Test
    void aBootstrapTestsOnWhatItDidNotDraw() {
        int n = 2000;
        List<Fold> folds = Folds.bootstrap(n, 20, 3);
        double out = 0;
        for (Fold fold : folds) {
            assertThat(fold.train()).hasSize(n);
            Set<Integer> learned = new HashSet<>();
            Arrays.stream(fold.train()).forEach(learned::add);
            assertThat(learned.size() + fold.test().length).isEqualTo(n);
            assertThat(Arrays.stream(fold.test())).noneMatch(learned::contains);
            out += fold.test().length / (double) n / 20;
        }
        assertThat(out).isCloseTo(Math.exp(-1), within(0.01));
        assertThat(folds.get(3).train())
                .containsExactly(Folds.bootstrap(n, 20, 3).get(3).train());
        assertThat(folds.get(3).train()).isNotEqualTo(folds.get(4).train());
        assertThat(Folds.bootstrap(2, 50, 1))
                .as("never without rows to test on")
                .allMatch(f -> f.test().length == 1);
    }

    @Test
    void aFoldDividesDatasetsAndTables(@TempDir Path folder) throws IOException {
        float[] x = new float[10];
        for (int i = 0; i < 10; i++) {
            x[i] = i;
        }
        Fold fold = Folds.of(10, 5).get(1);
        assertThat(fold).hasToString("fold of 8 rows to learn from, 2 to test on");
        int[] labels = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
        try (Dataset data = Dataset.of(x, Shape.of(1), labels)) {
            assertThat(data.labels()).containsExactly(labels);
            Dataset.Split parts = fold.of(data);
            try (Dataset rest = parts.rest();
                    Dataset heldOut = parts.heldOut()) {
                assertThat(rest.labels()).containsExactly(0, 1, 4, 5, 6, 7, 8, 9);
                assertThat(heldOut.labels()).containsExactly(2, 3);
            }
            assertThatThrownBy(() -> new Fold(new int[] {0}, new int[] {10}).of(data))
                    .hasMessage("subset: example 10 is outside [0, 10); give the number of one that exists");
        }
        Path csv = folder.resolve("rows.csv");
        Files.writeString(csv, "a\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        Table.Split parts = fold.of(Table.csv(csv));
        assertThat(parts.heldOut().text(0, "a")).isEqualTo("2");
        assertThat(parts.heldOut().size()).isEqualTo(2);
        assertThat(parts.rest().text(2, "a")).isEqualTo("4");
        assertThatThrownBy(() -> new Fold(new int[] {0}, new int[] {10}).of(Table.csv(csv)))
                .hasMessage("subset: row 10 is outside [0, 10); give the number of one that exists");
        assertThatThrownBy(() -> Table.csv(csv).subset()).hasMessage("subset: there are no rows; give at least one");
        try (Dataset targets = Dataset.of(x, Shape.of(1), x, Shape.of(1))) {
            assertThatThrownBy(targets::labels)
                    .hasMessage("labels: the targets of this dataset are floats [1]; read them from batches");
        }
    }

    /**
     * A row far away is in the second of three folds. Were the encoder fitted to all rows, or once, the scaled numbers
     * of the training rows would not have mean 0 and deviation 1, and those far away would not be as far as they are.
     */
    @Test
    void theEncoderOfATableIsFittedToTheRowsToLearnFromAlone(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("rows.csv");
        Files.writeString(file, "a,city,y\n1,P,0\n2,Q,0\n1000,P,1\n4,Q,1\n5,P,2\n6,Q,2\n");
        Table table = Table.csv(file);
        Encoder encoder = new Encoder().standardize("a").target("y");
        List<float[]> learned = new ArrayList<>();
        List<float[]> tested = new ArrayList<>();
        List<Fold> folds = Folds.of(6, 3);
        Scores scores = Folds.crossValidate(table, encoder, folds, (train, test) -> {
            learned.add(features(train));
            tested.add(features(test));
            return learned.size();
        });
        assertThat(scores.values()).containsExactly(1, 2, 3);
        double[] a = {1, 2, 1000, 4, 5, 6};
        for (int f = 0; f < 3; f++) {
            double[] of =
                    Arrays.stream(folds.get(f).train()).mapToDouble(i -> a[i]).toArray();
            double mean = Arrays.stream(of).average().orElseThrow();
            double deviation = Math.sqrt(
                    Arrays.stream(of).map(v -> (v - mean) * (v - mean)).sum() / 4);
            for (int i = 0; i < 4; i++) {
                assertThat(learned.get(f)[i]).isCloseTo((float) ((of[i] - mean) / deviation), within(1e-6f));
            }
            for (int i = 0; i < 2; i++) {
                assertThat(tested.get(f)[i])
                        .isCloseTo((float) ((a[folds.get(f).test()[i]] - mean) / deviation), within(1e-3f));
            }
        }
        assertThat(tested.get(1)[0])
                .as("1000, which the second encoding never saw")
                .isGreaterThan(400);
        float whole = encoder.fit(table).features(table)[2];
        assertThat(whole).as("as a leak would show it").isLessThan(3);

        // a category of the rows to test on is unknown
        Encoder cities = new Encoder().oneHot("city").target("y");
        List<Fold> apart = List.of(new Fold(new int[] {0, 2}, new int[] {1}));
        assertThatThrownBy(() -> Folds.crossValidate(table, cities, apart, (train, test) -> 0))
                .hasMessageContaining("Q is none of the 1 categories that fit saw, [P];");
        assertThat(Folds.crossValidate(table, cities.unknownAsZeros(), apart, (train, test) -> features(test)[0])
                        .mean())
                .isZero();
    }

    private static float[] features(Dataset data) {
        try (Pass pass = Pass.infer()) {
            return data.batches(data.size()).epoch(0).next().x().toArray();
        }
    }

    /** The evaluation is "the mean label of the training rows, as a guess of those of the test rows". */
    @Test
    void anEvaluationRunsOnEveryFold() {
        int[] labels = {0, 0, 0, 3, 3, 3};
        try (Dataset data = Dataset.of(new float[6], Shape.of(1), labels)) {
            List<Dataset> seen = new ArrayList<>();
            Scores scores = Folds.crossValidate(data, Folds.of(6, 3), (train, test) -> {
                seen.add(train);
                return Arrays.stream(train.labels()).average().orElseThrow()
                        - Arrays.stream(test.labels()).average().orElseThrow();
            });
            assertThat(scores.values()).containsExactly(2.25, 0, -2.25);
            assertThat(scores.mean()).isZero();
            assertThat(scores.deviation()).isEqualTo(2.25);
            assertThat(scores).hasToString("0.0000 +- 2.2500 over 3 trials");
            assertThatThrownBy(() -> seen.get(0).label(0)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(
                            () -> Folds.crossValidate(data, Folds.of(6, 3), (a, b) -> b.label(0) == 3 ? Double.NaN : 1))
                    .hasMessage("crossValidate: the score of fold 2 of 3 is NaN; let the evaluation return a number "
                            + "for each fold");
        }
        assertThat(new Scores(new double[] {0.5})).hasToString("0.5000 in 1 trial");
        assertThat(new Scores(new double[] {0.5}).deviation()).isNaN();
        assertThatThrownBy(() -> new Scores(new double[0]))
                .hasMessage("scores: there are none; give the score of at least one trial");
        assertThatThrownBy(() -> new Scores(new double[] {1, Double.NaN}))
                .hasMessageStartingWith("scores: the score of trial 1 of 2 is NaN");
    }

    @Test
    void whatCannotBeDividedIsRefused() {
        assertThatThrownBy(() -> Folds.of(5, 6)).hasMessage("folds: cannot make 6 folds of 5 rows; choose 2 to 5");
        assertThatThrownBy(() -> Folds.of(5, 1, 0)).hasMessage("folds: cannot make 1 folds of 5 rows; choose 2 to 5");
        assertThatThrownBy(() -> Folds.of(1, 2, 0))
                .hasMessage("folds: cannot make 2 folds of 1 row; give at least 2 rows");
        assertThatThrownBy(() -> Folds.of(-3, 2)).hasMessageStartingWith("folds: cannot make 2 folds of -3 rows");
        assertThatThrownBy(() -> Folds.stratified(new int[0], 2, 1))
                .hasMessageStartingWith("stratified: cannot make 2 folds of 0 rows");
        assertThatThrownBy(() -> Folds.stratified(new int[] {0, 0, 0, 0, 4, 4}, 3, 1))
                .hasMessage(
                        "stratified: class 4 has 2 rows for 3 folds, so a fold would test on none of them; use fewer"
                                + " folds, or leave the class out");
        assertThatThrownBy(() -> Folds.grouped(new int[] {5, 5, 9, 9}, 3))
                .hasMessage("grouped: there are 2 groups for 3 folds, but a fold tests on one group at least; use "
                        + "fewer folds");
        assertThatThrownBy(() -> Folds.repeated(0, 1, s -> List.of()))
                .hasMessage("repeated: times=0 must be at least 1");
        assertThatThrownBy(() -> Folds.leavePOut(4, 4))
                .hasMessage("leavePOut: cannot leave 4 of 4 rows out; choose 1 to 3");
        assertThatThrownBy(() -> Folds.leaveOneOut(1))
                .hasMessage("leavePOut: cannot leave 1 of 1 rows out; give at least 2 rows");
        assertThatThrownBy(() -> Folds.leavePOut(100, 50))
                .hasMessage("leavePOut: there are more than 2147483647 sets of 50 of 100 rows; leave fewer out, or use"
                        + " repeated folds");
        assertThatThrownBy(() -> Folds.expanding(3, 3, 0))
                .hasMessage(
                        "expanding: 3 rows are too few for 3 folds with a gap of 0 and a row to learn from before the"
                                + " first; use fewer folds, or a smaller gap");
        assertThatThrownBy(() -> Folds.rolling(10, 4, 3, 2))
                .hasMessageStartingWith("rolling: 10 rows are too few for 4");
        assertThatThrownBy(() -> Folds.rolling(10, 4, 0, 0))
                .hasMessage("rolling: window=0; learn from at least one row");
        assertThatThrownBy(() -> Folds.expanding(10, 0, 0)).hasMessageStartingWith("expanding: k=0 gap=0;");
        assertThatThrownBy(() -> Folds.expanding(10, 2, -1)).hasMessageStartingWith("expanding: k=2 gap=-1;");
        assertThatThrownBy(() -> Folds.bootstrap(1, 5, 0)).hasMessageStartingWith("bootstrap: n=1 times=5;");
        assertThatThrownBy(() -> new Fold(new int[0], new int[] {1}))
                .hasMessage("fold: there are 0 rows to learn from and 1 to test on; give at least one of each");
        assertThatThrownBy(() -> new Fold(new int[] {0, 4}, new int[] {1, 4}))
                .hasMessageStartingWith("fold: row 4 is to be learned from and tested on;");
        assertThatThrownBy(() -> new Fold(new int[] {0, -4}, new int[] {1}))
                .hasMessage("fold: row -4 does not exist; rows count from 0");
        assertThatThrownBy(() -> Folds.of(5, 2).get(2)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
