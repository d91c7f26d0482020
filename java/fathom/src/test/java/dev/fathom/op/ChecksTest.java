package dev.fathom.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The ends of every range, and NaN. */
@Tag("any-instruction-set")
class ChecksTest {
    private static final double INFINITE = Double.POSITIVE_INFINITY;

    @Test
    void whatIsWithinIsGivenBack() {
        assertThat(Checks.atLeast("a", "n", 3, 3)).isEqualTo(3);
        assertThat(Checks.positive("a", "x", 0.1f)).isEqualTo(0.1f);
        assertThat(Checks.notNegative("a", "x", 0.0)).isZero();
        assertThat(Checks.above0("a", "x", INFINITE)).isInfinite();
        assertThat(Checks.in("a", "x", 0, "[0, 1)")).isZero();
        assertThat(Checks.in("a", "x", 1.0, "(0, 1]")).isEqualTo(1);
        assertThat(Checks.in("a", "x", -1.0, "[-1, 1]")).isEqualTo(-1);
        assertThat(Checks.in("a", "x", 5f, "[1, Infinity)")).isEqualTo(5);
    }

    @Test
    void whatIsOutsideIsRefusedByItsNameAndValue() {
        refused(() -> Checks.atLeast("a", "n", 2, 3), "a: n=2 must be at least 3");
        refused(() -> Checks.atLeast("a", "x", Double.NaN, 0), "a: x=NaN must be at least 0");
        refused(() -> Checks.finite("a", "x", Float.NaN), "a: x=NaN must be finite");
        refused(() -> Checks.positive("a", "x", 0f), "a: x=0.0 must be above 0 and finite");
        refused(() -> Checks.notNegative("a", "x", INFINITE), "a: x=Infinity must be 0 or more and finite");
        refused(() -> Checks.learningRate("a", -0.1f), "a: learningRate=-0.1 must be above 0 and finite, e.g. 1e-3");
        refused(() -> Checks.above0("a", "x", 0), "a: x=0 must be above 0");
        refused(() -> Checks.in("a", "x", 1f, "[0, 1)"), "a: x=1.0 must be in [0, 1)");
        refused(() -> Checks.in("a", "x", 0.0, "(0, 1]"), "a: x=0.0 must be in (0, 1]");
        refused(() -> Checks.in("a", "x", Float.NaN, "[-1, 1]"), "a: x=NaN must be in [-1, 1]");
        refused(() -> Checks.in("a", "x", INFINITE, "[1, Infinity)"), "a: x=Infinity must be in [1, Infinity)");
        refused(() -> Checks.dropProbability("a", "p", 1), "a: p=1.0 is the probability to drop and must be in [0, 1)");
    }

    private static void refused(Runnable check, String message) {
        assertThatIllegalArgumentException().isThrownBy(check::run).withMessage(message);
    }
}
