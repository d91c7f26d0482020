package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.kernel.Blas;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Rng;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Plans that were frozen with a backend, and sessions that run with another one. */
class OpenBlasPlansTest {
    @Test
    void openBlasMultipliesInPlansToo() {
        NativeRuntime machine = NativeRuntime.get();
        Blas before = machine.blas();
        try (var model = Model.of(new Linear(300, 70), 3)) {
            machine.blas(Blas.OPENBLAS);
            try (Plan plan = Plan.freeze(model, Shape.of(20, 300));
                    Session s = plan.newSession()) {
                float[] x = PlanTest.random(6000);
                assertThat(PlanTest.frozen(s, x)).isEqualTo(PlanTest.eager(model, x, 20, 300));
            }
        } finally {
            machine.blas(before);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.fathom.plan.ConvPlanTest#nets")
    void thePlanEqualsTheEagerRun(ConvPlanTest.Net net) {
        NativeRuntime machine = NativeRuntime.get();
        Blas before = machine.blas();
        try (var model = Model.of(net.layer(), 1)) {
            for (Blas blas : new Blas[] {Blas.NATIVE, Blas.OPENBLAS}) {
                machine.blas(blas);
                try (Plan plan = Plan.freeze(model, Shape.of(ConvPlanTest.batch(1, net.image())))) {
                    for (int n : new int[] {1, 7, 64}) {
                        int[] dims = ConvPlanTest.batch(n, net.image());
                        float[] x = new Rng(n).normal((int) Shape.of(dims).size(), 0, 1);
                        float[] expected = PlanTest.eager(model, x, dims);
                        try (Session session = plan.newSession(n)) {
                            float[] found = PlanTest.frozen(session, x);
                            if (blas == Blas.NATIVE) {
                                assertThat(found).as("%s at batch %d", net, n).isEqualTo(expected);
                            } else {
                                assertThat(found).as("%s at batch %d", net, n).containsExactly(expected, offset(1e-4f));
                            }
                            machine.blas(blas == Blas.NATIVE ? Blas.OPENBLAS : Blas.NATIVE);
                            assertThat(PlanTest.frozen(session, x))
                                    .as("%s at batch %d, run by another backend than it was frozen with", net, n)
                                    .containsExactly(expected, offset(1e-4f));
                            machine.blas(blas);
                        }
                    }
                }
            }
        } finally {
            machine.blas(before);
        }
    }
}
