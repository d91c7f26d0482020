package dev.fathom.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Gabor functions nearest to filters. */
class GaborTest {
    /** A wave is found with its direction and frequency; noise is not explained. */
    @Test
    void gaborFunctionsAreFound() {
        double[] wave = new double[49];
        double[] noise = new double[49];
        Random random = new Random(1);
        for (int i = 0; i < 49; i++) {
            double x = i % 7 - 3;
            double y = i / 7 - 2;
            double across = x * Math.cos(Math.PI / 4) + y * Math.sin(Math.PI / 4);
            wave[i] = Math.exp(-(x * x + y * y) / 8) * Math.cos(2 * Math.PI * 0.2 * across + 1);
            noise[i] = random.nextGaussian();
        }
        List<Gabor> found = Gabor.fit(List.of(wave, noise), 7);
        assertThat(found.get(0).degrees()).isEqualTo(45);
        assertThat(found.get(0).frequency()).isEqualTo(0.2);
        assertThat(found.get(0).explained()).isCloseTo(1, within(1e-9));
        assertThat(found.get(0).values()).containsExactly(wave, within(1e-9));
        assertThat(found.get(1).explained()).isBetween(0.1, 0.5);
    }

    @Test
    void filtersOfAnotherSizeAreRefused() {
        for (double[] bad : List.of(new double[48], new double[49])) {
            assertThatThrownBy(() -> Gabor.fit(List.of(bad), 7))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Gabor: a filter of " + bad.length
                            + " values is not one of 7 x 7 numbers, of which some are not 0; give [side, side]");
        }
    }
}
