package dev.fathom.tree;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Copies of records with some components changed. */
@Tag("any-instruction-set")
class RecordsTest {
    private record Settings(float rate, int steps, @Nullable String name, List<String> on) {
        Settings {
            if (steps < 0) {
                throw new IllegalArgumentException("settings: steps=" + steps + " must be 0 or more");
            }
            if (steps > 100) {
                throw new StackOverflowError("too many");
            }
        }
    }

    private static final Settings SETTINGS = new Settings(0.1f, 3, "a", List.of("*"));

    @Test
    void onlyTheNamedComponentsChange() {
        Settings other = Records.with(SETTINGS, "steps", 4, "name", null);
        assertThat(other).isEqualTo(new Settings(0.1f, 4, null, SETTINGS.on));
        assertThat(other.on).isSameAs(SETTINGS.on);
        assertThat(Records.with(SETTINGS, "rate", 2))
                .as("an int is a float too")
                .isEqualTo(new Settings(2, 3, "a", SETTINGS.on));
        assertThat(Records.with(SETTINGS)).isEqualTo(SETTINGS).isNotSameAs(SETTINGS);
    }

    @Test
    void theCanonicalConstructorChecks() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Records.with(SETTINGS, "steps", -1))
                .withMessage("settings: steps=-1 must be 0 or more");
        assertThatThrownBy(() -> Records.with(SETTINGS, "steps", 101)).isInstanceOf(StackOverflowError.class);
    }

    @Test
    void whatNoRecordHasIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Records.with(SETTINGS, "step", 1))
                .withMessage("with: Settings has no component step; it has rate, steps, name, on");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Records.with(SETTINGS, "steps", 1, "steps", 2))
                .withMessage("with: component steps of Settings comes twice; give each one once");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Records.with(SETTINGS, "steps"))
                .withMessageContaining("give a value behind each name");
        for (Object wrong : new @Nullable Object[] {"3", 3L, null}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Records.with(SETTINGS, "steps", wrong))
                    .withMessage("with: rate, steps, name, on of Settings cannot be [0.1, " + wrong
                            + ", a, [*]]; give each component a value of its type");
        }
    }
}
