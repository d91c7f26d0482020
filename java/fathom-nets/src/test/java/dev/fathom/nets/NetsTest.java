package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.files.Npz;
import dev.fathom.io.Npy;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.parameter.Variable;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The networks have the published sizes and names, they learn, and frozen they say the same. */
class NetsTest {
    /**
     * A network.
     *
     * @param image [height, width, channels] of the paper
     * @param small the least image on which all of it does something
     */
    record Known(
            String name, Supplier<Layer> net, int[] image, int small, int classes, long parameters, long multiplyAdds) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Known> known() {
        int[] digit = {28, 28, 1};
        int[] cifar = {32, 32, 3};
        int[] photo = {224, 224, 3};
        return Stream.of(
                new Known("LeNet-5", () -> new LeNet5(10), digit, 28, 10, 61_706, 416_520),
                new Known("MNIST CNN", MnistCnn::new, digit, 28, 10, 1_199_882, 11_992_448),
                // 168 + 660 + 2,616 in the convolutions
                new Known("figure 10.8", () -> TextbookCnn.figure(100), cifar, 32, 100, 246_044, 739_664),
                new Known("textbook's lab", () -> TextbookCnn.lab(100), cifar, 32, 100, 964_516, 15_616_000),
                new Known("ResNet-20", () -> new CifarResNet(3, 10), cifar, 16, 10, 269_722, 40_551_040),
                // torchvision prints 1.81, 3.66 and 4.09
                new Known("ResNet-18", () -> ResNet.resnet18(1000), photo, 32, 1000, 11_689_512, 1_814_073_344),
                new Known("ResNet-34", () -> ResNet.resnet34(1000), photo, 32, 1000, 21_797_672, 3_663_761_408L),
                new Known("ResNet-50", () -> ResNet.resnet50(1000), photo, 32, 1000, 25_557_032, 4_089_184_256L));
    }

    @ParameterizedTest
    @MethodSource("known")
    void sizesAreThePublishedOnes(Known known) {
        try (var model = Model.of(known.net.get(), 1)) {
            assertThat(model.parameterCount()).isEqualTo(known.parameters);
            assertThat(model.multiplyAdds(batch(1, known.image))).isEqualTo(known.multiplyAdds);
        }
    }

    private static Shape batch(int n, int[] image) {
        return Shape.of(n, image[0], image[1], image[2]);
    }

    @Test
    void theFigureLeaves384Values() {
        try (var model = Model.of(TextbookCnn.figure(100), 1)) {
            assertThat(model.summary(Shape.of(1, 32, 32, 3)))
                    .containsPattern("0 +Conv 3x3 padding 1, relu +\\[1, 32, 32, 6\\] +168 ")
                    .containsPattern("2 +Conv 3x3 padding 1, relu +\\[1, 16, 16, 12\\] +660 ")
                    .containsPattern("4 +Conv 3x3 padding 1, relu +\\[1, 8, 8, 24\\] +2,616 ")
                    .containsPattern("6 +Flatten +\\[1, 384\\] ");
        }
    }

    /** The names of torchvision's state_dict, from its rule, parameters first. */
    private static List<String> torchvision(boolean bottleneck, int... blocks) {
        List<String> parameters = new ArrayList<>(List.of("conv1.weight", "bn1.weight", "bn1.bias"));
        List<String> buffers = new ArrayList<>(statistics("bn1"));
        for (int stage = 1; stage <= 4; stage++) {
            for (int block = 0; block < blocks[stage - 1]; block++) {
                String at = "layer" + stage + "." + block + ".";
                List<String> pairs = new ArrayList<>();
                for (int i = 1; i <= (bottleneck ? 3 : 2); i++) {
                    pairs.add(at + "conv" + i + " " + at + "bn" + i);
                }
                if (block == 0 && (stage > 1 || bottleneck)) {
                    pairs.add(at + "downsample.0 " + at + "downsample.1");
                }
                for (String pair : pairs) {
                    String bn = pair.split(" ")[1];
                    parameters.addAll(List.of(pair.split(" ")[0] + ".weight", bn + ".weight", bn + ".bias"));
                    buffers.addAll(statistics(bn));
                }
            }
        }
        parameters.addAll(List.of("fc.weight", "fc.bias"));
        parameters.addAll(buffers);
        return parameters;
    }

    private static List<String> statistics(String bn) {
        return List.of(bn + ".running_mean", bn + ".running_var", bn + ".num_batches_tracked");
    }

    private static List<String> names(Layer net) {
        try (var model = Model.of(net, 1)) {
            return Stream.concat(model.parameters().stream(), model.buffers().stream())
                    .map(Variable::name)
                    .toList();
        }
    }

    @Test
    void namesAreTorchvisions() {
        assertThat(names(ResNet.resnet18(10)))
                .isEqualTo(torchvision(false, 2, 2, 2, 2))
                .hasSize(122);
        assertThat(names(ResNet.resnet34(10))).isEqualTo(torchvision(false, 3, 4, 6, 3));
        assertThat(names(ResNet.resnet50(10))).isEqualTo(torchvision(true, 3, 4, 6, 3));
        try (var model = Model.of(ResNet.resnet18(10), 1)) {
            assertThat(model.parameter("layer2.0.downsample.0.weight").fileShape())
                    .isEqualTo(Shape.of(128, 64, 1, 1));
            assertThat(model.parameter("conv1.weight").fileShape()).isEqualTo(Shape.of(64, 3, 7, 7));
        }
    }

    @ParameterizedTest
    @MethodSource("known")
    void aFewStepsLowerTheLossAndThePlanAgrees(Known known) {
        learnsAndFreezes(known.net, known.small, known.image[2], known.classes);
    }

    /** On eight images of noise. */
    static void learnsAndFreezes(Supplier<Layer> net, int side, int channels, int classes) {
        int n = 8;
        float[] pixels = new Rng(3).normal(n * side * side * channels, 0, 1);
        int[] labels = {0, 1, 2, 3, 4, 5, 6, 7};
        try (var model = Model.of(net.get(), 1);
                var adam = new Adam(1e-3f).on(model)) {
            float before = 0;
            float last = 0;
            for (int step = 0; step < 6; step++) {
                try (var pass = Pass.train(new Rng(9))) { // the same dropout, so that the losses compare
                    Tensor logits = model.net().apply(Tensor.of(pixels, n, side, side, channels));
                    assertThat(logits.shape()).isEqualTo(Shape.of(n, classes));
                    Tensor loss = Loss.crossEntropy().of(logits, Tensor.ofInts(labels, n));
                    last = loss.item();
                    before = step == 0 ? last : before;
                    pass.backward(loss, model);
                    adam.step();
                }
            }
            assertThat(last).isLessThan(0.95f * before);
            float[] eager;
            try (var pass = Pass.infer()) {
                eager = model.net()
                        .apply(Tensor.of(pixels, n, side, side, channels))
                        .toArray();
            }
            try (Plan plan = Plan.freeze(model, Shape.of(1, side, side, channels));
                    Session session = plan.newSession(n)) {
                session.input().put(0, pixels);
                session.run();
                float[] frozen = new float[eager.length];
                session.output().get(0, frozen);
                boolean folded =
                        Structure.walk(model.net()).stream().anyMatch(node -> node.value() instanceof BatchNorm);
                if (folded) { // into the weights before it, which rounds them
                    float largest = 1;
                    for (float y : eager) {
                        largest = Math.max(largest, Math.abs(y));
                    }
                    assertThat(frozen)
                            .usingComparatorWithPrecision(1e-4f * largest)
                            .containsExactly(eager);
                } else {
                    assertThat(frozen)
                            .as("nothing is folded, so the bits are promised")
                            .isEqualTo(eager);
                }
            }
        }
    }

    /** The network that Yerlan Idelbayev trained says of 32 images what it says in ONNX Runtime. */
    @Test
    void thePublishedResNet20SaysWhatItShould() {
        String data = System.getenv("FATHOM_DATA");
        Path folder = Path.of(data == null ? "" : data, "pretrained-cifar10");
        assumeTrue(
                data != null && Files.isDirectory(folder),
                "the published ResNet-20 is not tested: FATHOM_DATA has no folder pretrained-cifar10");
        float[] pixels = new float[32 * 32 * 32 * 3];
        float[] expected = new float[320];
        Map<String, Npy> check = Npz.read(folder.resolve("check.npz"));
        try (Pass pass = Pass.infer()) {
            Tensor images = check.get("images").tensor().to(DType.F32);
            float[] mean = {0.485f, 0.456f, 0.406f};
            float[] deviation = {0.229f, 0.224f, 0.225f};
            images.permute(0, 2, 3, 1)
                    .div(255)
                    .sub(Tensor.of(mean, 3))
                    .div(Tensor.of(deviation, 3))
                    .copyTo(FloatBuffer.wrap(pixels));
            check.get("logits").tensor().copyTo(FloatBuffer.wrap(expected));
        }
        try (var model = Model.of(new CifarResNet(3, 10), 1)) {
            model.load(folder.resolve("resnet20.safetensors"));
            try (Pass pass = Pass.infer()) {
                float[] logits =
                        model.net().apply(Tensor.of(pixels, 32, 32, 32, 3)).toArray();
                for (int i = 0; i < logits.length; i++) {
                    assertThat(logits[i]).isCloseTo(expected[i], within(2e-4f * Math.max(1, Math.abs(expected[i]))));
                }
            }
        }
    }
}
