package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.testing.Causality;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Causal convolutions: not a bit comes from the future. */
class CausalTest {
    /** What comes later changes no bit of what is before it, and what is at a place does change it. */
    @Test
    void nothingComesFromTheFuture() {
        for (Layer net : List.of(
                Conv.causal(3, 6, 5, 1),
                Conv.causal(3, 6, 3, 7),
                Conv.causal(3, 6, 1, 1),
                new Sequential(Conv.causal(3, 8, 3, 1), Conv.causal(8, 6, 3, 2)))) {
            Causality.assertNothingComesFromTheFuture(net, 3, 6);
        }
    }

    @Test
    void badSizesAreRefused() {
        assertThatThrownBy(() -> Conv.causal(1, 1, 0, 1))
                .hasMessage(
                        "window: kernel=0, stride=1 and dilation=1 must be at least 1, and padding=0, 0 at least 0");
    }
}
