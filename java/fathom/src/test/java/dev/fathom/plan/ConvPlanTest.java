package dev.fathom.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Recompute;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.TimeDistributed;
import dev.fathom.nn.Upsample;
import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Frozen convolutions: bit for bit the eager ones, weights packed, what follows fused. */
class ConvPlanTest {
    /** A convolution with a residual, as x goes by it. */
    private record Block(Conv first, Conv second) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return second.apply(first.apply(x).relu()).add(x).relu();
        }
    }

    /** A sum that comes after an activation, which no kernel does. */
    private record Sum(Conv conv) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return conv.apply(x).add(x);
        }
    }

    /** Applies one set of filters at two scales, of which only the larger is worth Winograd's transforms. */
    private record Pyramid(Conv conv) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            Tensor half = conv.apply(new MaxPool(2).apply(x));
            return conv.apply(x).add(new Upsample(2, Resize.NEAREST).apply(half));
        }
    }

    record Net(String name, Layer layer, int... image) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Net[] nets() {
        Window three = Window.of(3).pad(1);
        return new Net[] {
            new Net(
                    "a small network",
                    new Sequential(
                            new Conv(3, 16, Window.of(5).stride(2).pad(2)),
                            Tensor::relu,
                            new Conv(16, 40, three).act(Activation.GELU),
                            new Conv(40, 24, Window.of(1)).withoutBias(),
                            new Flatten(),
                            new Linear(5 * 4 * 24, 10)),
                    9,
                    8,
                    3),
            new Net("a residual block", new Block(new Conv(20, 20, three), new Conv(20, 20, three)), 7, 5, 20),
            new Net("a sum behind an activation", new Sum(new Conv(3, 3, three).act(Activation.RELU)), 4, 5, 3),
            new Net("many channels", new Block(new Conv(40, 40, three), new Conv(40, 40, three)), 9, 11, 40),
            new Net("filters for two sizes of images", new Pyramid(new Conv(32, 32, three)), 6, 6, 32),
            new Net("more pixels than a matrix of patches holds rows", new Conv(64, 9, Window.of(1)), 10, 10, 64),
            new Net("groups", new Sequential(new Conv(8, 16, three, 4), new Conv(16, 16, three, 16)), 6, 7, 8),
            new Net(
                    "a line",
                    new Sequential(
                            new Recompute(new Conv(5, 17, Window.line(3).same())),
                            new ConvTransposed(17, 4, Window.line(4).stride(2).pad(1)).act(Activation.TANH)),
                    11,
                    5),
            new Net("volumes", new Conv(2, 5, Window.of(3, 2, 3).pad(1)).act(Activation.RELU), 4, 5, 3, 2),
            new Net("edges", new Conv(3, 5, three).edges(PadMode.REFLECT).act(Activation.RELU), 4, 5, 3),
            new Net("steps", new TimeDistributed(new Conv(3, 5, three)), 2, 4, 5, 3),
            new Net("up", new ConvTransposed(6, 5, Window.of(3).stride(2).pad(1)).outputPadding(1), 4, 5, 6)
        };
    }

    static int[] batch(int n, int... image) {
        int[] dims = new int[image.length + 1];
        dims[0] = n;
        System.arraycopy(image, 0, dims, 1, image.length);
        return dims;
    }

    @ParameterizedTest
    @MethodSource("nets")
    void thePlanEqualsTheEagerRun(Net net) {
        try (var model = Model.of(net.layer(), 1);
                Plan plan = Plan.freeze(model, Shape.of(batch(1, net.image())))) {
            for (int n : new int[] {1, 7, 64}) {
                int[] dims = batch(n, net.image());
                float[] x = new Rng(n).normal((int) Shape.of(dims).size(), 0, 1);
                try (Session session = plan.newSession(n)) {
                    assertThat(PlanTest.frozen(session, x))
                            .as("%s at batch %d", net, n)
                            .isEqualTo(PlanTest.eager(model, x, dims));
                }
            }
        }
    }

    /** Packed weights, those of a tape, and those that are a mere tensor give the same bits. */
    @Test
    void packedWeightsGiveTheSameBits() {
        Conv conv = new Conv(17, 70, Window.of(3).pad(1)).act(Activation.RELU);
        try (var model = Model.of(conv, 1)) {
            float[] x = new Rng(1).normal(3 * 6 * 7 * 17, 0, 1);
            float[] packed;
            try (Pass pass = Pass.infer()) {
                packed = conv.apply(Tensor.of(x, 3, 6, 7, 17)).toArray();
            }
            try (Pass pass = Pass.train(new Rng(0))) {
                assertThat(conv.apply(Tensor.of(x, 3, 6, 7, 17)).toArray()).isEqualTo(packed);
            }
        }
    }

    /** Batch norm goes into the filters, also those of groups, and of a stack with a residual. */
    @Test
    void batchNormIsFolded() {
        Window three = Window.of(3).pad(1);
        var net = new Sequential(
                new Conv(8, 8, three, 4).withoutBias(),
                new BatchNorm(8).act(Activation.RELU),
                new Residual(new Sequential(new Conv(8, 8, three), new BatchNorm(8)), Activation.RELU));
        float[] x = new Rng(1).normal(2 * 6 * 5 * 8, 0, 1);
        try (var model = Model.of(net, 1)) {
            try (Pass pass = Pass.train(new Rng(0))) { // statistics that are not 0 and 1
                pass.backward(net.apply(Tensor.of(x, 2, 6, 5, 8)).sum());
            }
            try (Plan plan = Plan.freeze(model, Shape.of(1, 6, 5, 8));
                    Session session = plan.newSession(2)) {
                assertThat(plan.toString().lines().filter(line -> !line.startsWith("conv  conv at ")))
                        .isEmpty();
                assertThat(PlanTest.frozen(session, x))
                        .containsExactly(PlanTest.eager(model, x, 2, 6, 5, 8), offset(1e-5f));
            }
        }
    }

    /** The block is two commands: activation and residual are in the kernels. */
    @Test
    void activationAndResidualAreFused() {
        Window three = Window.of(3).pad(1);
        try (var model = Model.of(new Block(new Conv(8, 8, three), new Conv(8, 8, three)), 1);
                Plan plan = Plan.freeze(model, Shape.of(1, 6, 6, 8))) {
            assertThat(plan.toString()).isEqualTo("conv  conv at first\nconv  conv at second\n");
        }
    }
}
