package dev.fathom.op;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What ops are called in messages. */
class LabelTest {
    private interface Named extends Op {
        @Override
        default Shape shape(Call c, int output) {
            return c.shape(0);
        }

        @Override
        default void forward(Call c) {}
    }

    private record ScaledSumOp() implements Named {}

    @Test
    void anOpIsCalledAsItsClassIfThatHasAName() {
        assertThat(new ScaledSumOp().label()).isEqualTo("scaled_sum");
        assertThat(new Named() {}.label()).isEqualTo("op");
    }
}
