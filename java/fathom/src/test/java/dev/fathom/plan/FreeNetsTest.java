package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Conv;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** The nets that people serve with a free length, frozen, beside the bits of an eager run. */
class FreeNetsTest {
    private static final Spec SIGNAL = Spec.of("x", Dim.BATCH, Dim.LENGTH, 2);

    private static void signal(Layer net, Spec spec, int... lengths) {
        try (var model = Model.of(net, 1);
                Plan plan = Plan.freeze(model, (n, in) -> n.apply(in[0]), spec)) {
            for (int length : lengths) {
                for (int batch : new int[] {1, 3}) {
                    float[] x = new Rng(length).normal(batch * length * 2, 0, 1);
                    try (Session s = plan.newSession(batch, length)) {
                        assertThat(PlanTest.frozen(s, x))
                                .as("batch %d, length %d", batch, length)
                                .isEqualTo(PlanTest.eager(model, x, batch, length, 2));
                    }
                }
            }
        }
    }

    /** As many rows of a table as there are steps, and the last of them: what users write with {@code dim}. */
    private record Steps(Parameter table) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            int batch = x.dim(0);
            int steps = x.dim(1);
            Tensor y = x.add(table.value().slice(0, 0, steps)).mul(x.slice(1, steps - 1, steps));
            return y.reshape(batch * steps, 2).relu().reshape(batch, steps, 2);
        }
    }

    private static Layer positions(int most) {
        return new Steps(new Parameter(Shape.of(most, 2), Init.normal(0, 1)));
    }

    @Test
    void aKernelOf25() {
        signal(new Sequential(new Conv(2, 2, Window.line(25)), positions(4096)), SIGNAL, 25, 26, 100, 299);
        signal(new Sequential(new Conv(2, 2, Window.line(25)), positions(300)), SIGNAL.length(25, 300), 25, 26, 300);
    }

    @Test
    void fiveStridesOfTwo() {
        Layer[] convs = new Layer[6];
        for (int i = 0; i < 5; i++) {
            convs[i] = new Conv(2, 2, Window.line(3).stride(2).pad(1));
        }
        convs[5] = positions(200);
        signal(new Sequential(convs), SIGNAL, 1, 2, 31, 32, 33, 64, 65, 100, 300, 4095, 4096);
        for (int i = 0; i < 5; i++) {
            convs[i] = new Conv(2, 2, Window.line(4).stride(2));
        }
        convs[5] = positions(200);
        signal(new Sequential(convs), SIGNAL, 94, 95, 125, 126, 127, 300, 1001);
    }

    @Test
    void pools() {
        Layer pools = x -> x.maxPool(Window.line(3).stride(3))
                .avgPool(Window.line(2).stride(2).ceil());
        signal(new Sequential(pools, positions(1000)), SIGNAL, 3, 4, 5, 6, 7, 8, 9, 10, 11, 100, 301);
        Layer same = x -> x.maxPool(Window.line(5).stride(4).same());
        signal(new Sequential(same, positions(1024)), SIGNAL, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 301);
    }

    @Test
    void patchesOfSixteen() {
        signal(
                new Sequential(new Conv(2, 2, Window.line(16).stride(16)), positions(300)),
                SIGNAL,
                16,
                17,
                31,
                32,
                33,
                300);
        signal(
                new Sequential(new Conv(2, 2, Window.line(16).stride(16)), positions(3)),
                SIGNAL.length(20, 50),
                20,
                31,
                32,
                47,
                48,
                50);
        Layer cut = x -> x.reshape(x.dim(0), x.dim(1) / 16, 32).softmax(-1);
        signal(cut, SIGNAL.length(16, 512, 16), 16, 32, 304, 512);
        Layer rest = x -> x.slice(1, 0, x.dim(1) - x.dim(1) % 16)
                .reshape(x.dim(0), x.dim(1) / 16, 32)
                .softmax(-1);
        signal(rest, SIGNAL, 16, 17, 31, 32, 33, 300);
    }

    private record UNet(Conv down, Conv deeper, Conv middle, Conv up) implements Layer {
        static UNet random() {
            Window three = Window.line(3).pad(1);
            return new UNet(new Conv(2, 3, three), new Conv(3, 3, three), new Conv(3, 3, three), new Conv(9, 2, three));
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor a = down.apply(x).relu();
            Tensor b = deeper.apply(a.maxPool(Window.line(2).stride(2))).relu();
            Tensor c = middle.apply(b.maxPool(Window.line(4).stride(4)));
            Tensor wide = c.resize(Resize.NEAREST, 4 * c.dim(1));
            Tensor wider = Tensor.concat(2, b, wide).resize(Resize.LINEAR, a.dim(1));
            return up.apply(Tensor.concat(2, a, wider));
        }
    }

    @Test
    void aNetThatHalvesAndDoubles() {
        signal(UNet.random(), SIGNAL.length(8, 800, 8), 8, 16, 24, 304, 800);
        try (var model = Model.of(UNet.random(), 1)) {
            assertThatThrownBy(() -> Plan.freeze(model, (n, in) -> n.apply(in[0]), SIGNAL))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("freeze: at batch 2 and length ")
                    .hasMessageEndingWith(
                            "; or name the sizes that the function takes with Spec.length(min, max, multipleOf)");
        }
    }

    @Test
    void paddingToAMultiple() {
        Layer padded = x -> {
            int missing = (x.dim(1) + 7) / 8 * 8 - x.dim(1);
            return x.pad(PadMode.ZEROS, 0, missing)
                    .reshape(x.dim(0), (x.dim(1) + 7) / 8, 16)
                    .softmax(-1);
        };
        signal(padded, SIGNAL, 1, 7, 8, 9, 15, 16, 17, 300);
    }
}
