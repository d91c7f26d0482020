package dev.fathom.experiments.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.features.Examples;
import dev.fathom.tensor.Rng;
import org.junit.jupiter.api.Test;

/** The function of known values, and noise of deviation 1 about it. */
class FriedmanFunctionTest {
    @Test
    void friedmansFunction() {
        assertThat(FriedmanFunction.truth(0.5f, 1, 0.5f, 0, 0, 9, 9, 9, 9, 9)).isCloseTo(10, within(1e-6));
        assertThat(FriedmanFunction.truth(0, 0, 1, 1, 1, 0, 0, 0, 0, 0)).isCloseTo(20, within(1e-6));
        Examples many = FriedmanFunction.draw(20_000, new Rng(5));
        double squares = 0;
        for (int i = 0; i < many.size(); i++) {
            squares += Math.pow(many.y()[i][0] - FriedmanFunction.truth(many.x()[i]), 2) / many.size();
        }
        assertThat(squares).isCloseTo(1, within(0.05));
    }
}
