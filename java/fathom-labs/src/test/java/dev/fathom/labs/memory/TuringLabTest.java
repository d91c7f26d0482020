package dev.fathom.labs.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.nn.GradientCheck;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab turing}: its short form, and the machine's heads. */
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
    void headsBeginAtTheFirstSlotAndTheirWeightsSumToOne() {
        TuringMachine machine = new TuringMachine(3, 2, 8, 6, 4);
        try (Model<TuringMachine> model = Model.of(machine, 1);
                Pass pass = Pass.infer(new Rng(1))) {
            assertThat(machine.start(1).weights().toArray()).containsExactly(1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0);
            List<TuringMachine.State> states = machine.states(pass.uniform(Shape.of(2, 5, 3), 0, 1));
            assertThat(states).hasSize(5);
            for (TuringMachine.State state : states) {
                for (float sum : state.weights().sum(2).toArray()) {
                    assertThat(sum).isCloseTo(1, within(1e-5f));
                }
            }
            // the controller, the numbers of both heads, what is erased and added, the output
            assertThat(model.parameterCount())
                    .isEqualTo((3 + 4 + 1) * 8 + (8 + 1) * 2 * (4 + 6) + (8 + 1) * 8 + (8 + 4 + 1) * 2);
        }
    }

    @Test
    void theGradientsOfTheMachineAreThoseOfDifferences() {
        TuringMachine machine = new TuringMachine(3, 2, 4, 4, 3);
        try (Model<TuringMachine> model = Model.of(machine, 3);
                Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new Rng(2).uniform(2 * 4 * 3, -1, 1), 2, 4, 3);
            GradientCheck.check(in -> machine.outputs(in[0]).square().sum(), 0.02, model.parameters(), x);
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void theSignToAnswerFollowsTheVectors() {
        try (Pass pass = Pass.infer()) {
            Tensor x = TuringLab.asked(Tensor.of(new float[] {1, 0, 0, 1}, 1, 2, 2));
            assertThat(x.toArray()).containsExactly(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1);
            assertThat(pass.recording()).isFalse();
        }
    }
}
