package dev.fathom.labs.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab turing}: its short form, and what it asks. */
class TuringLabTest {
    @TempDir
    Path temp;

    @Test
    void theMachineCopiesLongerSequencesThanItSaw() {
        ShortRun run = ShortRun.of(new TuringLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.figure("Turing machine, bits right, up to 5 vectors")).isGreaterThan(98);
        assertThat(run.figure("Turing machine, bits right, 6 to 10 vectors")).isGreaterThan(95);
        assertThat(run.figure("LSTM, bits right, 6 to 10 vectors")).isBetween(50.0, 80.0);
        for (String file : List.of("write.png", "read.png", "answer.png", "lengths.png", "loss.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    @Test
    void theSeedDecidesAndAnInterruptedRunIsNotFinished() {
        InterruptedRun.assertThatTheSeedDecides(new TuringLab(), 1, temp);
        InterruptedRun run = InterruptedRun.of(new TuringLab(), "== Turing machine", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(run.result().figures())
                .extracting(Figure::name)
                .allMatch(name -> name.startsWith("LSTM, bits right, "))
                .hasSize(3);
    }

    @Test
    void theSignToAnswerFollowsTheVectors() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Copying.asked(Tensor.of(new float[] {1, 0, 0, 1}, 1, 2, 2));
            assertThat(x.toArray()).containsExactly(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1);
            assertThat(pass.recording()).isFalse();
        }
    }
}
