package dev.fathom.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The levels of the mu-law. */
class MuLawTest {
    @Test
    void levelsFollowTheMuLaw() {
        MuLaw law = new MuLaw(128);
        for (int level = 0; level < law.levels(); level++) {
            assertThat(law.level(law.sample(level))).isEqualTo(level);
        }
        assertThat(law.level(-1)).isZero();
        assertThat(law.level(1)).isEqualTo(law.levels() - 1);
        // softer sounds have finer levels
        assertThat(law.sample(65) - law.sample(64)).isLessThan(0.002f);
        assertThat(law.sample(127) - law.sample(126)).isGreaterThan(0.05f);
    }

    @Test
    void aSampleIsANumber() {
        assertThat(new MuLaw(16).level(Float.POSITIVE_INFINITY)).isEqualTo(15);
        assertThatThrownBy(() -> new MuLaw(16).level(Float.NaN)).hasMessageContaining("a sample is NaN");
    }

    @Test
    void oneLevelIsRefused() {
        assertThatThrownBy(() -> new MuLaw(1)).hasMessageContaining("levels=1; give 2 to 65,536");
    }
}
