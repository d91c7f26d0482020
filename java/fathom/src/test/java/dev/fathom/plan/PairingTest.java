package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.nn.Model;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Recurrent calls that need nothing of each other lie side by side in a plan and run at the same time. */
class PairingTest {
    private static Plan plan(Model<Recurrent> model) {
        return Plan.freeze(model, (net, in) -> net.run(in[0]).steps(), Spec.of("x", Dim.BATCH, Dim.LENGTH, 5));
    }

    /** For each command of a plan, whether it is recurrent. */
    private static List<Boolean> recurrent(Plan plan) {
        return plan.toString()
                .lines()
                .map(line -> line.startsWith("recurrent "))
                .toList();
    }

    @Test
    void directionsLieSideBySide() {
        try (var model = Model.of(Recurrent.lstm(5, 7).layers(2).bidirectional(), 1);
                Plan plan = plan(model)) {
            List<Boolean> recurrent = recurrent(plan);
            int first = recurrent.indexOf(true);
            int last = recurrent.lastIndexOf(true);
            assertThat(recurrent.stream().filter(is -> is)).hasSize(4);
            assertThat(recurrent.get(first + 1)).isTrue();
            assertThat(recurrent.get(last - 1)).isTrue();
            Lowering few = plan.lowered(new Sizes(1, 6));
            assertThat(few.besideNext.stream().toArray()).containsExactly(first, last - 1);
            assertThat(plan.lowered(new Sizes(16, 6)).besideNext.isEmpty()).isTrue();
        }
    }

    @Test
    void layersDoNotRunAtOnce() {
        try (var model = Model.of(Recurrent.gru(5, 7).layers(3), 1);
                Plan plan = plan(model)) {
            assertThat(recurrent(plan).stream().filter(is -> is)).hasSize(3);
            assertThat(plan.lowered(new Sizes(1, 6)).besideNext.isEmpty()).isTrue();
        }
    }

    /** Small and large layers, few sequences and many. */
    @ParameterizedTest
    @CsvSource({"1, 7", "1, 33", "3, 7", "3, 100", "20, 33"})
    void bitsAreThoseOfAnEagerRun(int batch, int hidden) {
        try (var model = Model.of(Recurrent.lstm(5, hidden).layers(2).bidirectional(), 1);
                Plan plan = plan(model);
                Session session = plan.newSession(batch, 9)) {
            float[] x = new Rng(3).normal(batch * 9 * 5, 0, 1);
            float[] eager;
            try (Pass pass = Pass.infer()) {
                eager = model.net().run(Tensor.of(x, batch, 9, 5)).steps().toArray();
            }
            float[] frozen = new float[eager.length];
            for (int i = 0; i < 20; i++) {
                session.set(x).run();
                session.output().get(0, frozen);
                assertThat(frozen).isEqualTo(eager);
            }
        }
    }
}
