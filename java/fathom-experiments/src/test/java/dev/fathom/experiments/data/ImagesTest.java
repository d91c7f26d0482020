package dev.fathom.experiments.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.data.Dataset;
import dev.fathom.op.Shape;
import java.util.Arrays;
import java.util.Collections;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** {@link Images}: which images a part of a set consists of. */
class ImagesTest {
    /** Images of one pixel, whose labels tell them apart. */
    private static Dataset numbered(int n) {
        return Dataset.images(
                new byte[n], Shape.of(1, 1, 1), IntStream.range(0, n).toArray());
    }

    private static int[] sample(int n, long seed) {
        try (Dataset all = numbered(1000);
                Dataset some = Images.sample(all, n, seed)) {
            return some.labels();
        }
    }

    @Test
    void theFirstImagesAreNoSample() {
        int[] drawn = sample(200, 1);
        assertThat(drawn).hasSize(200).doesNotHaveDuplicates();
        // of 200 out of 1,000, about 40 are among the first 200, with a deviation of 5
        assertThat(Arrays.stream(drawn).filter(i -> i < 200).count()).isBetween(15L, 65L);
    }

    @Test
    void theSeedDecidesTheSample() {
        assertThat(sample(200, 1)).isEqualTo(sample(200, 1)).isNotEqualTo(sample(200, 2));
    }

    @Test
    void theFirstOfASampleAreASampleToo() {
        assertThat(Arrays.stream(sample(200, 1)).limit(20).max().orElseThrow()).isGreaterThan(500);
    }

    @Test
    void allImagesKeepTheirOrder() {
        assertThat(sample(1000, 1)).isEqualTo(IntStream.range(0, 1000).toArray());
        assertThat(sample(2000, 1)).hasSize(1000);
    }

    @Test
    void eachUseIsDrawnFromItsOwnImages() {
        try (Images all = new Images(
                        "numbers",
                        Collections.nCopies(1000, ""),
                        Shape.of(1, 1, 1),
                        numbered(1000),
                        numbered(300),
                        numbered(10));
                Images some = all.sample(500, 3)) {
            assertThat(some.learn().size()).isEqualTo(500);
            assertThat(some.choose().labels())
                    .hasSize(100)
                    .isNotEqualTo(IntStream.range(0, 100).toArray());
            assertThat(some.test().size()).isEqualTo(10);
        }
    }
}
