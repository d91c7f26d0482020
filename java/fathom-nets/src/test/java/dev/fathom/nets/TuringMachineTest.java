package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.GradientCheck;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The heads of a Neural Turing Machine, and its gradients. */
class TuringMachineTest {
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
            GradientCheck.check(in -> machine.apply(in[0]).square().sum(), 0.02, model.parameters(), x);
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void aShiftLeadsToAnotherSlot() {
        assertThatThrownBy(() -> new TuringMachine(3, 2, 4, 2, 3)).hasMessageContaining("slots=2; give at least 3");
    }
}
