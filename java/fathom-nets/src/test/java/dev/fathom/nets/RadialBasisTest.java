package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.LayerChecks;
import org.junit.jupiter.api.Test;

/** Radial basis functions: their formula, and nets that learn by them. */
class RadialBasisTest {
    @Test
    void theFormula() {
        float[] c = {0, 0, 1, -1, 100, 100};
        RadialBasis layer = RadialBasis.of(c, 2, 0.5f);
        try (var model = Model.of(layer, 0);
                Pass pass = Pass.infer()) {
            assertThat(model.parameters().stream().map(Parameter::name)).containsExactly("centers", "log_widths");
            float[] x = {0.3f, -0.2f, 100.2f, 99.9f};
            float[] y = model.net().apply(Tensor.of(x, 2, 2)).toArray();
            for (int i = 0; i < 2; i++) {
                for (int j = 0; j < 3; j++) {
                    double d = Math.pow(x[2 * i] - c[2 * j], 2) + Math.pow(x[2 * i + 1] - c[2 * j + 1], 2);
                    assertThat((double) y[3 * i + j]).isCloseTo(Math.exp(-d / (2 * 0.25)), within(1e-5));
                }
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (var model = Model.of(RadialBasis.of(new float[6], 2, 0.5f), 0);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(2, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("RadialBasis: x [2, 3] must be [.., 2], with a last dimension of 2 as the layer was "
                            + "made for");
        }
        assertThatThrownBy(() -> RadialBasis.of(new float[5], 2, 1))
                .hasMessage("RadialBasis: 5 numbers are no centers of in=2 features each; give a multiple of in");
        assertThatThrownBy(() -> new RadialBasis(2, 3, 0, Init.zeros()))
                .hasMessage("RadialBasis: width=0.0 must be above 0 and finite");
        assertThatThrownBy(() -> new RadialBasis(2, 0)).hasMessage("RadialBasis: units=0 must be at least 1");
    }

    @Test
    void gradientsAreCentralDifferencesAndPlansGiveTheSameBits() {
        LayerChecks.checkAndFreeze(new RadialBasis(3, 4), true, new Rng(5).normal(12, 0, 1), 4, 3);
    }

    @Test
    void itTrains() {
        LayerChecks.trains("radial", new Sequential(new RadialBasis(3, 30), new Linear(30, 1)), 3);
    }
}
