package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.nn.Conv;
import dev.fathom.nn.GradientCheck;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.Steps;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Parameter;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** Convolutions whose filters are not shared: equal to a convolution where they are equal, and trained and frozen. */
class LocallyConnectedTest {
    private static Tensor input(int... dims) {
        return Tensor.of(new Rng(5).uniform((int) Shape.of(dims).size(), -1, 1), dims);
    }

    /** With the same filters at every place it is the convolution. */
    @Test
    void aLocallyConnectedLayerOfEqualFiltersIsAConvolution() {
        Window w = Window.of(3).stride(2).pad(1);
        Conv conv = new Conv(3, 4, w).withoutBias();
        LocallyConnected local = new LocallyConnected(Shape.of(5, 7, 3), 4, w);
        assertThat(local.weight().shape()).isEqualTo(Shape.of(12, 27, 4));
        assertThat(local.bias().shape()).isEqualTo(Shape.of(12, 1, 4));
        try (var shared = Model.of(conv, 1);
                Pass pass = Pass.infer()) {
            float[] filters =
                    conv.weight().value().reshape(4, 27).transpose(0, 1).toArray();
            float[] all = new float[12 * filters.length];
            for (int p = 0; p < 12; p++) {
                System.arraycopy(filters, 0, all, p * filters.length, filters.length);
            }
            LocallyConnected equal = new LocallyConnected(
                    new Parameter(local.weight().shape(), (s, r) -> all), null, w, Activation.RELU);
            try (var unshared = Model.of(equal, 1)) {
                Tensor x = input(2, 5, 7, 3);
                assertThat(equal.apply(x).toArray())
                        .containsExactly(conv.apply(x).relu().toArray(), offset(1e-5f));
            }
        }
        try (var model = Model.of(new Sequential(local.act(Activation.TANH)), 1);
                Pass pass = Pass.infer()) {
            assertThat(model.net().apply(input(2, 5, 7, 3)).shape()).isEqualTo(Shape.of(2, 3, 4, 4));
            assertThatThrownBy(() -> model.net().apply(input(2, 7, 7, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("LocallyConnected at 0: x [2, 7, 7, 3] makes 16 places of 27 numbers but weight "
                            + "[12, 27, 4] is for 12 of 27; it is made for images of one size");
        }
        assertThatThrownBy(() -> new LocallyConnected(Shape.of(5, 7), 4, w))
                .hasMessage("LocallyConnected: image [5, 7] has 2 dimensions but the window 3x3 stride 2 padding 1 "
                        + "takes 3, the channels last");
        assertThatThrownBy(() -> new LocallyConnected(Shape.of(1, 1, 2), 4, Window.of(3)))
                .hasMessage("LocallyConnected: image [1, 1, 2] and the window 3x3 make 0 places of out=4 channels; all "
                        + "sizes must be at least 1");
    }

    @Test
    void aSquareKernelIsANumber() {
        LocallyConnected brief = new LocallyConnected(Shape.of(6, 6, 4), 3, 2);
        assertThat(brief.window()).isEqualTo(Window.of(2));
        assertThat(brief.weight().shape()).isEqualTo(Shape.of(25, 16, 3));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> new LocallyConnected(Shape.of(6, 4), 3, 2))
                .hasMessageContaining("image [6, 4] has 2 dimensions");
        assertThatThrownBy(() -> new LocallyConnected(Shape.of(2, 2, 1), 3, 3))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new LocallyConnected(Shape.of(65536, 65536, 1), 1, Window.of(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "LocallyConnected: image [65536, 65536, 1] and the window 1x1 make more places, or numbers for"
                                + " each, than an int counts; give smaller ones");
    }

    @Test
    void itsGradientsAreCentralDifferences() {
        var net = new Sequential(new LocallyConnected(Shape.of(4, 5, 3), 2, Window.of(2)).act(Activation.SIGMOID));
        try (var model = Model.of(net, 1);
                Pass pass = Pass.infer()) {
            GradientCheck.check(in -> model.net().apply(in[0]), 2e-2, model.parameters(), input(2, 4, 5, 3));
        }
    }

    @Test
    void aPlanGivesTheSameBits() {
        Window three = Window.of(3).pad(1);
        var net = new LocallyConnected(Shape.of(4, 5, 3), 4, three).act(Activation.RELU);
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 4, 5, 3))) {
            for (int n : new int[] {1, 7, 64}) {
                float[] x = new Rng(n).normal(n * 60, 0, 1);
                try (Session session = plan.newSession(n);
                        Pass pass = Pass.infer()) {
                    session.input().put(0, x);
                    session.run();
                    float[] y = new float[session.output().capacity()];
                    session.output().get(0, y);
                    assertThat(y).isEqualTo(net.apply(Tensor.of(x, n, 4, 5, 3)).toArray());
                }
            }
        }
    }

    @Test
    void stepsAreMixed() {
        assertThat(new LocallyConnected(Shape.of(5, 3, 4), 4, Window.of(2, 1)).stepReading())
                .isEqualTo(Steps.MIXED);
    }
}
