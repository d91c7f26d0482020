package dev.fathom.linear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Least squares of least norm, by hand: few rows, many rows, dependent columns, and a ridge penalty. */
class MinimumNormTest {
    /** x + 2 y = 5 is nearest to 0 at (1, 2). */
    @Test
    void oneRowOfTwoColumns() {
        assertThat(MinimumNorm.solve(new double[][] {{1, 2}}, new double[] {5}))
                .containsExactly(new double[] {1, 2}, within(1e-12));
    }

    /** The line through (0, 1), (1, 2), (2, 4) by least squares is 5/6 + 3/2 x. */
    @Test
    void moreRowsThanColumns() {
        assertThat(MinimumNorm.solve(new double[][] {{1, 0}, {1, 1}, {1, 2}}, new double[] {1, 2, 4}))
                .containsExactly(new double[] {5 / 6.0, 1.5}, within(1e-12));
    }

    /** Equal columns share a coefficient equally. */
    @Test
    void dependentColumns() {
        assertThat(MinimumNorm.solve(new double[][] {{1, 1}, {2, 2}, {3, 3}}, new double[] {2, 4, 6}))
                .containsExactly(new double[] {1, 1}, within(1e-12));
    }

    @Test
    void severalTargets() {
        double[][] b = MinimumNorm.solve(new double[][] {{1, 2}}, new double[][] {{5, 10}});
        assertThat(b[0]).containsExactly(new double[] {1, 2}, within(1e-12));
        assertThat(b[1]).containsExactly(new double[] {2, 4}, within(1e-12));
    }

    /** One column x = (1, 2), y = (1, 3) and the penalty 5: 7 / (5 + 5). */
    @Test
    void ridge() {
        assertThat(MinimumNorm.ridge(new double[][] {{1}, {2}}, new double[] {1, 3}, 5))
                .containsExactly(new double[] {0.7}, within(1e-12));
    }

    @Test
    void refusals() {
        assertThatThrownBy(() -> MinimumNorm.solve(new double[0][], new double[0]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0 rows of 0 columns");
        assertThatThrownBy(() -> MinimumNorm.solve(new double[][] {{1}}, new double[][] {{1}, {2}}))
                .hasMessageContaining("1 rows of 1 columns and 2 targets");
    }

    @Test
    void ridgeNeedsATargetForEachRow() {
        assertThatThrownBy(() -> MinimumNorm.ridge(new double[][] {{1, 2}, {3, 4}, {5, 6}}, new double[] {1, 2}, 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> MinimumNorm.ridge(new double[0][], new double[0]))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
