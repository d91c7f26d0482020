package dev.fathom.experiments.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Against what NumPy computes by recursion, and by hand. */
class NgramModelTest {
    private static final Golden GOLDEN = golden();

    private record Golden(
            int vocabulary,
            int[][] sequences,
            int[][] heldOut,
            double[] losses,
            double[] next,
            float[] x,
            float[] y,
            double correlation) {}

    private static Golden golden() {
        Path file = Path.of(System.getProperty("fathom.root"), "test-data/goldens/ngrams.json");
        try {
            return new Gson().fromJson(Files.readString(file), Golden.class);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void everyOrderHasNumPysLoss() {
        for (int order = 1; order <= 5; order++) {
            var model = new NgramModel(order, GOLDEN.vocabulary, GOLDEN.sequences);
            assertThat(model.logLoss(GOLDEN.heldOut)).isCloseTo(GOLDEN.losses[order - 1], within(1e-12));
        }
        var model = new NgramModel(3, GOLDEN.vocabulary, GOLDEN.sequences);
        assertThat(model.next(new int[] {4, 0, 1, 3}, 3)).containsExactly(GOLDEN.next, within(1e-12));
    }

    @Test
    void aPairByHand() {
        var model = new NgramModel(2, 2, new int[] {0, 0, 1, 0, 0}); // after 0: 0, 1, 0; after 1: 0
        double one = (1 + 2 * 0.5) / (4 + 2); // of the four that were foretold, one is 1
        assertThat(model.next(new int[0], 0)).containsExactly(new double[] {1 - one, one}, within(1e-15));
        assertThat(model.next(new int[] {0}, 1)[1]).isCloseTo((1 + 2 * one) / (3 + 2), within(1e-15));
        assertThat(model.next(new int[] {1}, 1)[1]).isCloseTo((0 + 1 * one) / (1 + 1), within(1e-15));
    }

    @Test
    void probabilitiesSumToOneAfterWhatWasNeverSeen() {
        var model = new NgramModel(4, 65, new int[] {3, 5, 3, 7, 64});
        for (int[] context : new int[][] {{}, {3}, {64, 64, 64}, {3, 5, 3}, {9, 3, 5}}) {
            assertThat(Arrays.stream(model.next(context, context.length)).sum()).isCloseTo(1, within(1e-12));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new NgramModel(13, 65))
                .withMessage("n-grams: order 13 and a vocabulary of 65 must both be at least 1, "
                        + "and vocabulary^(order - 1) below 2^62");
    }

    @Test
    void noTokenHasNoLoss() {
        var model = new NgramModel(2, 3, new int[] {0, 1, 2});
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.logLoss(new int[] {1}, new int[0]))
                .withMessage("n-grams: none of the 2 sequences has a second token to predict; "
                        + "give one of two tokens or more");
    }

    @Test
    void correlationIsNumPys() {
        assertThat(Correlation.pearson(GOLDEN.x, GOLDEN.y, 0, 200)).isCloseTo(GOLDEN.correlation, within(1e-12));
        float[] x = {9, 1, 2, 3, 9};
        assertThat(Correlation.pearson(x, new float[] {0, 6, 4, 2, 0}, 1, 4)).isCloseTo(-1, within(1e-15));
        assertThat(Correlation.pearson(x, new float[5], 0, 5)).isZero();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Correlation.pearson(x, new float[4], 0, 4))
                .withMessageStartingWith("correlation: from 0 to 4 of 5 and 4 numbers; ");
    }
}
