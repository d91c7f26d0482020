package dev.fathom.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.explain.ReceptiveField.Axis;
import dev.fathom.nets.LeNet5;
import dev.fathom.nets.ResNet;
import dev.fathom.nets.TemporalBlock;
import dev.fathom.nn.AdaptiveAvgPool;
import dev.fathom.nn.AvgPool;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.InstanceNorm;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Pad;
import dev.fathom.nn.Residual;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.SqueezeExcite;
import dev.fathom.nn.Upsample;
import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Resize;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Fields against published ones, against those worked out by hand, and against what gradients reach. */
class ReceptiveFieldTest {
    private static List<ReceptiveField> fields(Layer net, int... input) {
        try (var model = Model.of(net, 1)) {
            return ReceptiveField.of(model, Shape.of(input));
        }
    }

    private static Axis last(Layer net, int... input) {
        List<ReceptiveField> all = fields(net, input);
        return all.get(all.size() - 1).axes().get(0);
    }

    private static Layer conv(int k, int stride, int pad) {
        return new Conv(1, 1, Window.of(k).stride(stride).pad(pad));
    }

    /**
     * AI basics lecture 13, "Receptive field": kernels of 3 at stride 1 with padding, two layers see 5 places, n layers
     * 2 n + 1.
     */
    @Test
    void layersOfThree() {
        for (int n = 1; n <= 6; n++) {
            Layer[] layers = IntStream.range(0, n)
                    .mapToObj(i -> new Conv(1, 1, Window.line(3).same()))
                    .toArray(Layer[]::new);
            assertThat(last(new Sequential(layers), 1, 31, 1)).isEqualTo(new Axis(31, 2 * n + 1, 1, 0));
        }
    }

    /**
     * The lecture goes on: stride 2 and then stride 1 give 3 + 2 * 2 = 7; (5, 9, 4) are the three places that kernel 3
     * at stride 2 leaves of seven.
     */
    @Test
    void aStrideMakesLaterKernelsWider() {
        Window second = Window.line(3).stride(2);
        assertThat(last(new Conv(1, 1, second), 1, 7, 1)).isEqualTo(new Axis(3, 3, 2, 1));
        assertThat(last(new Sequential(new Conv(1, 1, second), new Conv(1, 1, Window.line(3))), 1, 31, 1))
                .isEqualTo(new Axis(13, 7, 2, 3));
    }

    /**
     * Course "Neural Networks", "Convolution puzzles": 3 x 3 with padding 1 keeps H x W; at stride 2 floor((H - 1) / 2)
     * + 1.
     */
    @Test
    void sizesOfThePuzzles() {
        for (int h = 1; h < 12; h++) {
            List<ReceptiveField> rows = fields(new Sequential(conv(3, 1, 1), conv(3, 2, 1)), 1, h, 8, 1);
            assertThat(rows.get(1).output()).isEqualTo(Shape.of(1, h, 8, 1));
            assertThat(rows.get(2).axes()).containsExactly(new Axis((h - 1) / 2 + 1, 5, 2, 0), new Axis(4, 5, 2, 0));
        }
    }

    /**
     * Araujo, Norris and Sim 2019, table 1: AlexNet's last pool has field 195 and VGG-16's 212, both with an effective
     * stride of 32.
     */
    @Test
    void publishedFields() {
        Window pool = Window.of(3).stride(2);
        Layer alexNet = new Sequential(
                conv(11, 4, 2),
                new MaxPool(pool),
                conv(5, 1, 2),
                new MaxPool(pool),
                conv(3, 1, 1),
                conv(3, 1, 1),
                conv(3, 1, 1),
                new MaxPool(pool));
        assertThat(last(alexNet, 1, 224, 224, 1)).isEqualTo(new Axis(6, 195, 32, 31));
        assertThat(last(new Sequential(vgg()), 1, 224, 224, 1)).isEqualTo(new Axis(7, 212, 32, 15.5));
        List<Layer> withHead = new ArrayList<>(vgg());
        withHead.add(new Flatten());
        withHead.add(new Linear(49, 3));
        assertThat(last(new Sequential(withHead), 1, 224, 224, 1).field())
                .as("fc6 as a convolution 7 x 7")
                .isEqualTo(404);
    }

    private static List<Layer> vgg() {
        List<Layer> layers = new ArrayList<>();
        for (int convs : new int[] {2, 2, 3, 3, 3}) {
            IntStream.range(0, convs).forEach(i -> layers.add(conv(3, 1, 1)));
            layers.add(new MaxPool(2));
        }
        return layers;
    }

    /**
     * Worked out by hand: 7 + 2 * 2, four 3 x 3 at jump 4, then in each stage one at the jump before and three at twice
     * that.
     */
    @Test
    void residualBlocksTakeTheWiderPath() {
        try (var model = Model.of(ResNet.resnet18(10), 1)) {
            List<ReceptiveField> rows = ReceptiveField.of(model, Shape.of(1, 64, 64, 3));
            assertThat(rows.stream()
                            .filter(r -> r.name().endsWith("1.bn2"))
                            .map(r -> r.axes().get(1))
                            .toList())
                    .containsExactly(
                            new Axis(16, 43, 4, 0),
                            new Axis(8, 99, 8, 0),
                            new Axis(4, 211, 16, 0),
                            new Axis(2, 435, 32, 0));
            assertThat(rows.get(rows.size() - 1).axes().get(0)).isEqualTo(new Axis(1, 435 + 32, 0, 16));
        }
    }

    /**
     * What a place depends on is what its gradient reaches: inside the image a field is that, and nowhere is it too
     * small.
     */
    @Test
    void gradientsReachAllOfTheFieldAndNothingElse() {
        reaches(true, new Conv(1, 1, Window.of(3).stride(2).dilation(2).pad(2)), new AvgPool(3), conv(2, 1, 1));
        reaches(
                true,
                new Pad(PadMode.REPLICATE, 2, 1, 3, 0),
                conv(3, 1, 0),
                x -> x.slice(1, 3, x.dim(1), 2).slice(2, 1, x.dim(2), 3));
        reaches(
                true,
                conv(3, 2, 1),
                new Residual(new Sequential(conv(3, 1, 1), conv(3, 1, 1)), Activation.SIGMOID),
                conv(3, 3, 0));
        reaches(
                true,
                new Conv(1, 1, Window.of(4, 3).stride(3, 2).same()),
                new AvgPool(Window.of(2).stride(1)));
        reaches(true, new AdaptiveAvgPool(8, 4), conv(3, 1, 1));
        reaches(
                false,
                conv(3, 2, 1),
                new ConvTransposed(1, 1, Window.of(4).stride(2).pad(1)),
                conv(3, 1, 1));
        reaches(false, conv(3, 2, 1), new Upsample(2, Resize.NEAREST), conv(3, 2, 1), new Upsample(3, Resize.LINEAR));
    }

    private static void reaches(boolean exactly, Layer... layers) {
        try (var model = Model.of(new Sequential(layers), 3)) {
            List<ReceptiveField> rows = ReceptiveField.of(model, Shape.of(1, 32, 32, 1));
            List<Axis> axes = rows.get(rows.size() - 1).axes();
            for (int axis = 0; axis < 2; axis++) {
                Axis a = axes.get(axis);
                for (int o = 0; o < a.size(); o++) {
                    double middle = a.start() + o * a.jump();
                    int first = (int) Math.ceil(middle - (a.field() - 1) / 2 - 1e-9);
                    int last = (int) Math.floor(middle + (a.field() - 1) / 2 + 1e-9);
                    int[] reached = reached(model.net(), axis, o);
                    String what = rows + ", axis " + axis + ", place " + o;
                    boolean inside = first >= 0 && last < 32;
                    double slack = exactly ? 0 : 2; // a place between those of the input is counted from its middle
                    assertThat(reached[0]).as(what).isGreaterThanOrEqualTo((int) (first - slack));
                    assertThat(reached[1]).as(what).isLessThanOrEqualTo((int) (last + slack));
                    if (inside) {
                        assertThat(reached[1] - reached[0]).as(what).isGreaterThanOrEqualTo((int)
                                (last - first - 2 * slack));
                    }
                }
            }
        }
    }

    /** The first and the last place along an axis whose gradient is not 0. */
    private static int[] reached(Layer net, int axis, int o) {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.zeros(1, 32, 32, 1).add(1));
            pass.backward(net.apply(x).slice(axis + 1, o, o + 1).sum());
            float[] g = pass.gradient(x).toArray();
            int[] places = IntStream.range(0, g.length)
                    .filter(i -> g[i] != 0)
                    .map(i -> axis == 0 ? i / 32 : i % 32)
                    .sorted()
                    .toArray();
            return new int[] {places[0], places[places.length - 1]};
        }
    }

    /** The formula of a stack of dilated convolutions is what tracing finds. */
    @Test
    void stacksOfTemporalBlocks() {
        for (int kernel : new int[] {2, 3, 5}) {
            for (int blocks = 1; blocks <= 4; blocks++) {
                int[] channels = new int[blocks];
                Arrays.fill(channels, 2);
                long field = TemporalBlock.receptiveField(kernel, blocks);
                assertThat(last(TemporalBlock.stack(2, kernel, 0, channels), 1, (int) field + 5, 2)
                                .field())
                        .isEqualTo((double) field);
            }
        }
    }

    @Test
    void theTable() {
        try (var model = Model.of(new LeNet5(10), 1)) {
            assertThat(ReceptiveField.table(model, Shape.of(1, 28, 28, 1))).isEqualTo("""
                             layer                 output           field  jump  start
                    ------------------------------------------------------------------
                             input                 [1, 28, 28, 1]       1     1      0
                    c1       Conv 5x5 padding 2    [1, 28, 28, 6]       5     1      0
                    s2       MaxPool 2x2 stride 2  [1, 14, 14, 6]       6     2    0.5
                    c3       Conv 5x5              [1, 10, 10, 16]     14     2    4.5
                    s4       MaxPool 2x2 stride 2  [1, 5, 5, 16]       16     4    5.5
                    flatten  Flatten               [1, 400]            32     0   13.5
                    c5       Linear                [1, 120]            32     0   13.5
                    f6       Linear                [1, 84]             32     0   13.5
                    output   Linear                [1, 10]             32     0   13.5
                    """);
        }
        try (var model = Model.of(new Conv(1, 2, Window.of(3, 4).stride(2, 1)), 1)) {
            assertThat(ReceptiveField.table(model, Shape.of(1, 9, 9, 1))).contains("3x4   2x1  1x1.5");
        }
    }

    /** The factors of squeeze and excite and a norm's statistics come to all places alike. */
    @Test
    void whatComesToAllPlacesAlikeIsNotCounted() {
        assertThat(last(
                        new Sequential(new Conv(1, 8, Window.of(3)), new SqueezeExcite(8, 2), new InstanceNorm()),
                        1,
                        9,
                        9,
                        1))
                .isEqualTo(new Axis(7, 3, 1, 1));
    }

    @Test
    void mistakesAreNamed() {
        try (var model = Model.of(new Linear(3, 3), 1)) {
            assertThatThrownBy(() -> ReceptiveField.of(model, Shape.of(1, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("receptive field: the input [1, 3] has 2 dimensions; fields are those of sequences"
                            + " [N, L, C] and of pictures [N, H, W, C]");
        }
    }
}
