package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.io.Safetensors;
import dev.fathom.op.Activation;
import dev.fathom.op.PadMode;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Layers of convolution: what they compute, count, refuse, and write to files. */
class ConvTest {
    @TempDir
    Path folder;

    private static float[] random(int n) {
        return new Rng(5).uniform(n, -1, 1);
    }

    private static Tensor input(int... dims) {
        return Tensor.of(random((int) Shape.of(dims).size()), dims);
    }

    private static float[] infer(Layer layer, int... dims) {
        try (Pass pass = Pass.infer()) {
            return layer.apply(input(dims)).toArray();
        }
    }

    // ---- values

    @Test
    void theActivationAndTheBiasAreInTheLayer() {
        Conv conv = new Conv(3, 4, Window.of(3).pad(1)).act(Activation.RELU);
        try (var model = Model.of(new Sequential(conv, new Flatten()), 1);
                Pass pass = Pass.infer()) {
            Tensor x = input(2, 5, 6, 3);
            Tensor y = new Conv(conv.weight(), null, conv.window(), 1, PadMode.ZEROS, null)
                    .apply(x)
                    .add(conv.bias().value())
                    .relu();
            assertThat(conv.apply(x).toArray()).isEqualTo(y.toArray());
            assertThat(y.shape()).isEqualTo(Shape.of(2, 5, 6, 4));
            assertThat(conv.withoutBias().bias()).isNull();
        }
    }

    /** Beyond the edge is what the mode says: as the convolution of an image that was made larger by hand. */
    @Test
    void edges() {
        Conv conv = new Conv(1, 1, Window.of(1, 3).pad(0, 0, 2, 1)).withoutBias();
        try (var model = Model.of(conv, 1);
                Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {1, 2, 3, 4}, 1, 1, 4, 1);
            float[][] larger = {
                {0, 0, 1, 2, 3, 4, 0}, {1, 1, 1, 2, 3, 4, 4}, {3, 2, 1, 2, 3, 4, 3}, {3, 4, 1, 2, 3, 4, 1}
            };
            for (PadMode mode : PadMode.values()) {
                Tensor wide = Tensor.of(larger[mode.ordinal()], 1, 1, 7, 1);
                assertThat(conv.edges(mode).apply(x).toArray())
                        .as("%s", mode)
                        .isEqualTo(wide.conv(conv.weight(), null, Window.of(1, 3), 1)
                                .toArray());
            }
        }
    }

    /** Also with dilation, strides and one dimension or three: "same" pads as much as it needs, whatever the mode. */
    @Test
    void edgesInEveryRank() {
        for (Window w : List.of(
                Window.line(4).stride(3).same(),
                Window.of(3, 5).dilation(2, 1).same(),
                Window.of(3, 2, 3).pad(1))) {
            int[] x = new int[w.rank() + 2];
            Arrays.fill(x, 6);
            for (PadMode mode : PadMode.values()) {
                Conv conv = new Conv(6, 2, w);
                try (var model = Model.of(conv, 1)) {
                    int[] zeros = shape(conv, x);
                    assertThat(shape(conv.edges(mode), x)).as("%s %s", w, mode).isEqualTo(zeros);
                }
            }
        }
    }

    private static int[] shape(Layer layer, int... dims) {
        try (Pass pass = Pass.infer()) {
            return layer.apply(input(dims)).shape().toArray();
        }
    }

    /** A convolution of volumes with a window of depth 1 is one of pictures; with a picture of one slice too. */
    @Test
    void volumesOfOneSlice() {
        Conv deep = new Conv(3, 4, Window.of(1, 3, 3).pad(0, 1, 1));
        try (var model = Model.of(deep, 1);
                Pass pass = Pass.infer()) {
            Tensor x = input(2, 1, 5, 6, 3);
            Conv flat = new Conv(
                    new Parameter(
                            Shape.of(4, 3, 3, 3),
                            (s, r) -> deep.weight().value().toArray()),
                    new Parameter(Shape.of(4), (s, r) -> deep.bias().value().toArray()),
                    Window.of(3).pad(1),
                    1,
                    PadMode.ZEROS,
                    null);
            try (var other = Model.of(flat, 1)) {
                assertThat(deep.apply(x).toArray())
                        .isEqualTo(flat.apply(x.reshape(2, 5, 6, 3)).toArray());
            }
        }
    }

    // ---- as a matrix

    @Test
    void theMatrixOfAConvolutionGivesTheSame() {
        for (Conv conv : List.of(
                new Conv(2, 3, Window.of(3).stride(2).pad(1)),
                new Conv(2, 4, Window.of(2, 3).dilation(2, 1).pad(1, 2), 2).edges(PadMode.CIRCULAR),
                new Conv(3, 2, Window.line(3).same()).edges(PadMode.REPLICATE),
                new Conv(1, 2, Window.of(2, 2, 2)))) {
            int[] image = new int[conv.window().rank() + 1];
            Arrays.fill(image, 5);
            image[0] = 4;
            image[image.length - 1] = conv.weight().shape().dim(-1) * conv.groups();
            int[] batch = new int[image.length + 1];
            batch[0] = 3;
            System.arraycopy(image, 0, batch, 1, image.length);
            try (var model = Model.of(conv, 3);
                    Pass pass = Pass.infer()) {
                Tensor x = input(batch);
                Tensor y = conv.apply(x);
                Tensor matrix = conv.asMatrix(image);
                assertThat(matrix.shape()).isEqualTo(Shape.of((int) y.size() / 3, (int) x.size() / 3));
                Tensor product = x.reshape(3, -1)
                        .matmulTransposed(matrix)
                        .reshape(y.shape().toArray());
                assertThat(product.add(conv.bias().value()).toArray()).containsExactly(y.toArray(), offset(1e-5f));
            }
        }
    }

    // ---- transposed

    /** The inner products agree: y . conv(x) = conv transposed(y) . x, and its matrix is the transpose. */
    @Test
    void aTransposedConvolutionIsTheTranspose() {
        Window w = Window.of(3, 2).stride(2).pad(1, 0);
        Conv conv = new Conv(3, 5, w).withoutBias();
        try (var model = Model.of(conv, 1);
                Pass pass = Pass.infer()) {
            Tensor x = input(1, 7, 6, 3);
            Tensor y = conv.apply(x);
            Tensor dy = input(y.shape().toArray());
            Tensor back = dy.convTransposed(conv.weight(), w, 1);
            assertThat(back.shape()).isEqualTo(x.shape());
            Tensor expected = dy.reshape(1, -1).matmul(conv.asMatrix(7, 6, 3));
            assertThat(back.reshape(1, -1).toArray()).containsExactly(expected.toArray(), offset(1e-5f));
        }
    }

    @Test
    void aTransposedConvolutionUndoesTheSizesOfTheConvolution() {
        for (int size = 4; size < 12; size++) {
            for (Window w : List.of(
                    Window.line(3).stride(2).pad(1),
                    Window.line(4).stride(3),
                    Window.line(5).pad(2))) {
                int outputs = w.width().outputs(size);
                int rest = (size + 2 * w.width().before() - (int) w.width().extent())
                        % w.width().stride();
                ConvTransposed back =
                        new ConvTransposed(2, 3, w).outputPadding(rest).act(Activation.TANH);
                try (var model = Model.of(back, 1)) {
                    assertThat(shape(back, 1, outputs, 2)).containsExactly(1, size, 3);
                }
            }
        }
        ConvTransposed same = new ConvTransposed(2, 3, Window.of(4).stride(2).same());
        try (var model = Model.of(same, 1)) {
            assertThat(shape(same, 1, 5, 7, 2)).containsExactly(1, 10, 14, 3);
            assertThat(shape(same.withoutBias(), 1, 5, 7, 2)).containsExactly(1, 10, 14, 3);
        }
    }

    // ---- over time

    @Test
    void theSameLayerForEveryStep() {
        var net = new TimeDistributed(new Sequential(new Conv(3, 4, Window.of(3)), Tensor::relu, new Flatten()));
        try (var model = Model.of(net, 1);
                Pass pass = Pass.infer()) {
            assertThat(model.parameters().stream().map(Parameter::name)).containsExactly("0.weight", "0.bias");
            Tensor x = input(2, 5, 6, 7, 3);
            Tensor y = net.apply(x);
            assertThat(y.shape()).isEqualTo(Shape.of(2, 5, 80));
            for (int n = 0; n < 2; n++) {
                Tensor one = net.layer().apply(x.slice(0, n, n + 1).squeeze(0));
                assertThat(y.slice(0, n, n + 1).toArray()).isEqualTo(one.toArray());
            }
        }
        try (Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> new TimeDistributed(Tensor::relu).apply(input(3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("x [3] has no steps; give it as [batch, steps, ..]");
            assertThatThrownBy(() -> new TimeDistributed(x -> x.slice(0, 0, 2)).apply(input(3, 2, 2)))
                    .hasMessageContaining("the layer made [2, 2] of 6 steps; it must keep the first dimension");
        }
    }

    // ---- gradients

    @Test
    void gradientsOfTheLayers() {
        List<Layer> layers = List.of(
                new Conv(3, 4, Window.of(3).stride(2).pad(1))
                        .act(Activation.GELU)
                        .edges(PadMode.REFLECT),
                new Conv(4, 4, Window.line(3).same(), 2),
                new Conv(2, 2, Window.of(2, 3, 2).pad(1)),
                new ConvTransposed(3, 2, Window.of(3).stride(2).pad(1))
                        .outputPadding(1)
                        .act(Activation.TANH),
                new TimeDistributed(new Conv(2, 3, Window.line(2))),
                new Recompute(new Conv(3, 4, Window.of(3)).act(Activation.GELU)));
        int[][] shapes = {{2, 6, 5, 3}, {2, 7, 4}, {1, 3, 3, 4, 2}, {2, 3, 4, 3}, {2, 3, 5, 2}, {2, 4, 5, 3}};
        for (int i = 0; i < shapes.length; i++) {
            int[] dims = shapes[i];
            try (var model = Model.of(new Sequential(layers.get(i)), 1);
                    Pass pass = Pass.infer()) {
                GradientCheck.check(in -> model.net().apply(in[0]), 2e-2, model.parameters(), input(dims));
            }
        }
    }

    /** What is computed again in backward gives the same bits. */
    @Test
    void recomputedConvolutionsAreTheSame() {
        float[][] results = new float[2][];
        for (int how = 0; how < 2; how++) {
            Layer inner = new Sequential(
                    new Conv(3, 16, Window.of(3).pad(1)).act(Activation.RELU), new Conv(16, 8, Window.of(3)));
            try (var model = Model.of(how == 0 ? inner : new Recompute(inner), 1);
                    Pass pass = Pass.train(new Rng(1))) {
                pass.backward(model.net().apply(input(4, 9, 8, 3)).square().sum());
                results[how] = model.parameter("0.weight").gradient().toArray();
            }
        }
        assertThat(results[1]).isEqualTo(results[0]);
    }

    /** Where the last window reaches beyond the padding it reads zeros, along the depth of volumes too. */
    @Test
    void aLastWindowBeyondThePadding() {
        for (Window w : List.of(
                Window.line(3).stride(2).ceil(),
                Window.of(2, 3).stride(3).pad(1).ceil(),
                Window.of(3, 2, 2).stride(2).pad(1, 1, 0, 0, 0, 0).ceil())) {
            Conv conv = new Conv(3, 5, w).withoutBias();
            try (var model = Model.of(conv, 1);
                    Pass pass = Pass.infer()) {
                int[] dims = {2, 4, 6, 8, 3};
                Tensor x = input(Arrays.copyOfRange(dims, 3 - w.rank(), 5));
                Tensor filters = conv.weight().value().reshape(5, -1).transpose(0, 1);
                assertThat(conv.apply(x).toArray())
                        .as("%s", w)
                        .containsExactly(x.patches(w).matmul(filters).toArray(), offset(1e-5f));
            }
        }
    }

    // ---- shifts

    /** A convolution commutes with shifts; the largest of a map does not notice them. */
    @Test
    void shifts() {
        Conv conv = new Conv(3, 5, Window.of(3).pad(1)).edges(PadMode.CIRCULAR);
        UnaryOperator<Tensor> shift =
                x -> Tensor.concat(2, x.slice(2, 5, 8), x.slice(2, 0, 5)); // three to the right, and around
        try (var model = Model.of(conv, 1);
                Pass pass = Pass.infer()) {
            Tensor x = input(2, 7, 8, 3);
            Tensor y = conv.apply(x);
            Tensor shifted = conv.apply(shift.apply(x));
            assertThat(shifted.toArray()).isEqualTo(shift.apply(y).toArray());
            assertThat(shifted.max(1, 2).toArray()).isEqualTo(y.max(1, 2).toArray());
        }
    }

    // ---- sizes, counts and words

    @Test
    void countsOfParametersAndMultiplyAdds() {
        try (var model = Model.of(
                new Sequential(
                        new Conv(3, 64, Window.of(7).stride(2).pad(3)).withoutBias(),
                        new Conv(64, 64, Window.of(3).pad(1), 64).act(Activation.RELU),
                        new Conv(64, 128, Window.of(1))),
                1)) {
            assertThat(model.multiplyAdds(Shape.of(1, 224, 224, 3)))
                    .isEqualTo(112L * 112 * (64 * 49 * 3 + 64 * 9 + 64 * 128));
            assertThat(model.summary(Shape.of(1, 224, 224, 3))).isEqualTo("""
                   layer                        output              parameters  multiply-adds
                -----------------------------------------------------------------------------
                   input                        [1, 224, 224, 3]
                0  Conv 7x7 stride 2 padding 3  [1, 112, 112, 64]        9,408    118,013,952
                1  Conv 3x3 padding 1, relu     [1, 112, 112, 64]          640      7,225,344
                2  Conv 1x1                     [1, 112, 112, 128]       8,320    102,760,448
                -----------------------------------------------------------------------------
                   total                                                18,368    227,999,744
                """);
        }
        try (var model = Model.of(new ConvTransposed(8, 4, Window.of(2).stride(2)), 1)) {
            assertThat(model.parameterCount()).isEqualTo(8 * 4 * 4 + 4);
            assertThat(model.multiplyAdds(Shape.of(3, 5, 7, 8))).isEqualTo(3 * 35 * 8 * 4 * 4);
        }
    }

    @Test
    void mistakesAreNamedWithTheirPlaceInTheModel() {
        try (var model = Model.of(new Sequential(new Conv(3, 4, Window.of(3)), new Conv(8, 4, Window.of(3))), 1);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(input(1, 8, 8, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("conv at 1: x [1, 6, 6, 4] and weight [4, 3, 3, 8] disagree: x.dim(3)=4 but "
                            + "weight.dim(3)=8; they must be equal");
            assertThatThrownBy(() -> model.net().apply(input(1, 4, 2, 3)))
                    .hasMessage("conv at 0: x [1, 4, 2, 3] is too small for the window 3x3: x.dim(2)=2 and its padding "
                            + "make 2 but the window reaches over 3; pad more, or give a larger x");
            assertThatThrownBy(() -> model.net().apply(input(4, 2, 3)))
                    .hasMessage("conv at 0: x [4, 2, 3] has 3 dimensions but the window 3x3 takes [N, H, W, C]; "
                            + "reshape it");
        }
        assertThatThrownBy(() -> new Conv(3, 4, Window.of(3), 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Conv: 3 channels and 4 filters must both be at least 1 and multiples of groups=2");
        assertThatThrownBy(() -> new ConvTransposed(0, 4, Window.of(3)))
                .hasMessage("ConvTransposed: 4 channels and 0 filters must both be at least 1 and multiples of "
                        + "groups=1");
    }

    // ---- how they begin, and files

    @Test
    void beginsAsPyTorchs() {
        for (Conv conv : List.of(new Conv(16, 32, Window.of(5)), new Conv(64, 32, Window.of(5), 4))) {
            try (var model = Model.of(conv, 3)) {
                for (Parameter p : model.parameters()) {
                    float most = 0;
                    for (float v : p.value().toArray()) {
                        most = Math.max(most, Math.abs(v));
                    }
                    assertThat(most).as("1 / sqrt(16 * 25) = 0.05").isBetween(0.044f, 0.05f);
                }
            }
        }
    }

    /**
     * Files have PyTorch's shapes: [out, in, kh, kw], [out, in, k], and [in, out, kh, kw] of a transposed convolution.
     */
    @Test
    void filesHaveThePyTorchShapes() {
        Path file = folder.resolve("net.safetensors");
        record Convolutions(Conv conv1, Conv depthwise, Conv line, Conv volume, ConvTransposed up) implements Net {}

        var net = new Convolutions(
                new Conv(3, 8, Window.of(5, 7)),
                new Conv(8, 8, Window.of(3), 8).withoutBias(),
                new Conv(4, 6, Window.line(9)),
                new Conv(2, 4, Window.of(3, 4, 5)),
                new ConvTransposed(8, 3, Window.of(2, 4)));
        try (var model = Model.of(net, 1);
                var other = model.copy()) {
            other.save(file);
            model.load(file);
            try (Safetensors data = Safetensors.read(file);
                    Pass pass = Pass.infer()) {
                assertThat(data.names())
                        .containsExactly(
                                "conv1.weight",
                                "conv1.bias",
                                "depthwise.weight",
                                "line.weight",
                                "line.bias",
                                "volume.weight",
                                "volume.bias",
                                "up.weight",
                                "up.bias");
                assertThat(data.shape("conv1.weight")).isEqualTo(Shape.of(8, 3, 5, 7));
                assertThat(data.shape("depthwise.weight")).isEqualTo(Shape.of(8, 1, 3, 3));
                assertThat(data.shape("line.weight")).isEqualTo(Shape.of(6, 4, 9));
                assertThat(data.shape("volume.weight")).isEqualTo(Shape.of(4, 2, 3, 4, 5));
                assertThat(data.shape("up.weight")).isEqualTo(Shape.of(8, 3, 2, 4));
                assertThat(data.tensor("up.weight").toArray())
                        .isEqualTo(net.up().weight().value().permute(0, 3, 1, 2).toArray());
                assertThat(data.tensor("volume.weight").get(3, 1, 2, 0, 4))
                        .isEqualTo(net.volume().weight().value().get(3, 2, 0, 4, 1));
            }
        }
    }

    private record Network(Conv first, Conv second, ConvTransposed third) implements Layer {
        Network() {
            this(
                    new Conv(3, 8, Window.of(3, 5).stride(2, 1).pad(1, 2)).act(Activation.RELU),
                    new Conv(8, 8, Window.of(3).pad(1), 8).withoutBias().act(Activation.RELU),
                    new ConvTransposed(8, 4, Window.of(2, 3).stride(2)));
        }

        @Override
        public Tensor forward(Tensor x) {
            return third.apply(second.apply(first.apply(x)));
        }
    }

    /**
     * A state_dict of PyTorch's computes what PyTorch computed, and is written again with the same names, shapes and
     * values.
     */
    @Test
    void aNetworkOfPyTorchs() {
        Golden golden = new Golden("network");
        Path written = folder.resolve("net.safetensors");
        try (var model = Model.of(new Network(), 1);
                Pass pass = Pass.infer()) {
            model.load(Golden.path("network"), Names.exact().ignore("io/*"));
            Tensor x = Tensor.of(golden.values("io/x"), golden.shape("io/x").toArray());
            Tensor y = model.net().apply(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2);
            assertThat(y.shape()).isEqualTo(golden.shape("io/y"));
            assertThat(y.toArray()).containsExactly(golden.values("io/y"), offset(2e-5f));
            model.save(written);
            try (Safetensors file = Safetensors.read(written)) {
                assertThat(file.names())
                        .containsExactlyElementsOf(golden.names().stream()
                                .filter(name -> !name.contains("/"))
                                .toList());
                for (String name : file.names()) {
                    assertThat(file.shape(name)).isEqualTo(golden.shape(name));
                    assertThat(file.tensor(name).toArray()).isEqualTo(golden.values(name));
                }
            }
        }
    }
}
