package dev.fathom.linear;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The rule on classes that a line divides, and on some that none does. */
class PerceptronRuleTest {
    private static final int[][] ROWS = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};

    @Test
    void itLearnsAndEnds() {
        PerceptronRule and = PerceptronRule.learn(ROWS, 0, 0, 0, 1);
        assertThat(and.solved()).isTrue();
        assertThat(and.mistakes()).endsWith(0);
        for (int[] row : ROWS) {
            assertThat(PerceptronRule.answer(and.last(), row)).isEqualTo(row[0] * row[1]);
        }
        assertThat(and.corrections())
                .isEqualTo(and.mistakes().stream().mapToInt(m -> m).sum());
    }

    @Test
    void itSeesThatItNeverEnds() {
        PerceptronRule xor = PerceptronRule.learn(ROWS, 0, 1, 1, 0);
        assertThat(xor.solved()).isFalse();
        int last = xor.weights().size() - 1;
        assertThat(xor.last()).isEqualTo(xor.weights().get(last - xor.period()));
    }

    @Test
    void rowsThatDoNotFitAreRefused() {
        for (int[] y : new int[][] {{0, 1}, {0, 1, 2, 0}}) {
            assertThatThrownBy(() -> PerceptronRule.learn(ROWS, y))
                    .hasMessage("perceptron: 4 rows and " + y.length
                            + " classes do not fit; give rows of equal lengths, with a class of 0 or 1 for each");
        }
    }
}
