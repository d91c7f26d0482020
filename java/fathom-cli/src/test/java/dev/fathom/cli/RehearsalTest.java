package dev.fathom.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The service that is started once for its classes. */
class RehearsalTest {
    @Test
    void theServiceAnswersAndEnds() throws Exception {
        assertThat(Rehearsal.answer()).contains("\"outputs\":{\"output\":[[").contains("\"examples\":1");
    }
}
