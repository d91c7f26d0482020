package dev.fathom.experiments.statistics;

import static dev.fathom.experiments.statistics.StatisticsGolden.ALL;
import static dev.fathom.experiments.statistics.StatisticsGolden.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The splits of others, drawn again. */
class SplitsTest {
    @Test
    void permutationsOfNumpy() {
        ALL.getAsJsonObject("permutations").entrySet().forEach(e -> {
            String[] seedAndCount = e.getKey().split(" ");
            assertThat(new NumpyRandom(Integer.parseInt(seedAndCount[0]))
                            .permutation(Integer.parseInt(seedAndCount[1])))
                    .as(e.getKey())
                    .containsExactly(ints(e.getValue()));
        });
    }

    @Test
    void foldsOfScikitLearn() {
        int[][] folds = NumpyRandom.folds(175, 10, 1);
        int[][] golden = ALL.getAsJsonArray("folds of 175").asList().stream()
                .map(StatisticsGolden::ints)
                .toArray(int[][]::new);
        assertThat(folds).isDeepEqualTo(golden);
        assertThatThrownBy(() -> NumpyRandom.folds(3, 4, 1)).hasMessage("folds: 4 folds of 3 rows; choose 2 to 3");
        assertThatThrownBy(() -> NumpyRandom.folds(3, 1, 1)).hasMessage("folds: 1 folds of 3 rows; choose 2 to 3");
    }

    /**
     * What R 3.6 and later print for {@code set.seed(13); sample(1:263, 87)[1:10]}, and for the {@code set.seed(42);
     * sample(1:10)} of many a tutorial.
     */
    @Test
    void samplesOfR() {
        assertThat(Arrays.copyOf(new RRandom(13).sample(263, 87), 10))
                .containsExactly(258, 73, 204, 131, 220, 247, 54, 22, 4, 139);
        assertThat(new RRandom(42).sample(10, 10)).containsExactly(0, 4, 9, 7, 1, 3, 5, 8, 6, 2);
    }

    @Test
    void foldsOfRHaveEveryRowOnce() {
        int[][] folds = new RRandom(1).folds(23, 5);
        assertThat(Arrays.stream(folds).mapToInt(f -> f.length)).containsExactly(5, 5, 5, 4, 4);
        assertThat(Arrays.stream(folds).flatMapToInt(Arrays::stream).distinct()).hasSize(23);
    }
}
