package dev.fathom.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Comparator;
import org.junit.jupiter.api.Test;

class RecurrenceTest {
    @Test
    void operationsOfALayerAndOfATrainingStep() {
        Recurrence lstm = Recurrence.of("lstm-32x500");
        double product = 2.0 * 32 * 500 * 4 * 32 * 32; // of the inputs or of the states, which are as many here
        assertThat(lstm.flops(false)).isEqualTo(2 * product);
        assertThat(lstm.flops(true)).isEqualTo(4 * product);
        assertThat(lstm.trainingFlops()).isEqualTo(6 * product); // the embedding asks for the gradient of its vectors
        Recurrence gru = Recurrence.of("gru-256x100");
        assertThat(gru.trainingFlops()).isEqualTo(2.0 * 64 * 100 * 3 * 256 * (2 * 128 + 3 * 256));
    }

    @Test
    void lengthsFallAndTheirSumIsTheWork() {
        Recurrence r = Recurrence.of("bilstm-packed");
        int[] lengths = r.lengths(1);
        assertThat(lengths).hasSize(32);
        assertThat(Arrays.stream(lengths).boxed())
                .allMatch(n -> n >= 20 && n <= 200)
                .isSortedAccordingTo(Comparator.reverseOrder());
        double steps = Arrays.stream(new int[] {0, 1, 2, 3})
                .map(i -> Arrays.stream(r.lengths(i)).sum())
                .average()
                .orElseThrow();
        double macs = steps * 2 * 4 * 128 * ((2 * 128 + 3 * 128) + 3 * (256 + 128));
        assertThat(r.trainingFlops()).isEqualTo(2 * macs, within(1.0));
        assertThat(Recurrence.of("lstm").lengths(1)).containsOnly(50);
    }

    @Test
    void twiceTheStepsOrTheBatchIsTwiceTheWork() {
        Recurrence once = Recurrence.of("gru-256x100");
        for (String what : new String[] {"steps", "batch"}) {
            Recurrence twice = Recurrence.of("gru-256x100-twice-" + what);
            assertThat(twice.trainingFlops()).isEqualTo(2 * once.trainingFlops());
            assertThat(twice.steps() * once.batch() == twice.batch() * once.steps())
                    .isFalse();
            assertThat(twice.ragged()).isFalse();
        }
        Row row = Row.all().stream()
                .filter(r -> r.name().equals("gru-256x100-twice-batch"))
                .findFirst()
                .orElseThrow();
        assertThat(row.otherSize(row.ours())).isFalse();
        assertThat(row.rivals()).allMatch(row::otherSize);
    }

    @Test
    void aContenderIsHeldToDoublePrecision() {
        Recurrence r = Recurrence.of("gru-32x500");
        assertThatThrownBy(() -> r.check(new float[32 * 500 * 32]))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("h of step 0, unit 0: 0.0 instead of ");
    }
}
