package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.explain.ReceptiveField;
import dev.fathom.io.Npy;
import dev.fathom.nn.GlobalAvgPool;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.parameter.Parameter;
import dev.fathom.parameter.Variable;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Structure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The networks of ImageNet have the published sizes, work and names. */
class ImageNetNetsTest {
    /** A network for photographs [224, 224, 3] and a thousand classes. */
    record Known(String name, Supplier<Layer> net, long parameters, long multiplyAdds) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Known> known() {
        return Stream
                .of( // torchvision prints the work of its own: 0.71, 7.61, 15.47, 19.63, 1.50, 7.80, 0.30, 0.82 and
                        // 0.35 thousand millions
                        new Known("AlexNet", () -> AlexNet.alexnet(1000), 61_100_840, 714_188_480),
                        new Known("AlexNet of 2012", () -> AlexNet.paper(1000), 60_965_224, 724_406_816),
                        new Known("ZFNet", () -> new ZfNet(1000), 62_357_608, 1_168_032_896),
                        new Known("VGG-11", () -> Vgg.vgg11(1000), 132_863_336, 7_609_090_048L),
                        new Known("VGG-11 BN", () -> Vgg.vgg11_bn(1000), 132_868_840, 7_609_090_048L),
                        new Known("VGG-16", () -> Vgg.vgg16(1000), 138_357_544, 15_470_264_320L),
                        new Known("VGG-16 BN", () -> Vgg.vgg16_bn(1000), 138_365_992, 15_470_264_320L),
                        new Known("VGG-19", () -> Vgg.vgg19(1000), 143_667_240, 19_632_062_464L),
                        new Known("VGG-19 BN", () -> Vgg.vgg19_bn(1000), 143_678_248, 19_632_062_464L),
                        new Known("GoogLeNet", () -> GoogLeNet.googlenet(1000), 13_004_888, 1_498_376_192),
                        new Known(
                                "GoogLeNet, no heads",
                                () -> GoogLeNet.googlenet(1000).withoutHeads(),
                                6_624_904,
                                1_498_376_192),
                        new Known("GoogLeNet of 2014", () -> GoogLeNet.paper(1000), 13_378_280, 1_582_671_872),
                        new Known(
                                "GoogLeNet of 2014, no heads",
                                () -> GoogLeNet.paper(1000).withoutHeads(),
                                6_998_552,
                                1_582_671_872),
                        new Known("ResNet-101", () -> ResNet.resnet101(1000), 44_549_160, 7_801_405_440L),
                        new Known("MobileNetV2", () -> new MobileNetV2(1000), 3_504_872, 300_774_272),
                        new Known("SqueezeNet 1.0", () -> SqueezeNet.squeezenet1_0(1000), 1_248_424, 818_924_576),
                        new Known("SqueezeNet 1.1", () -> SqueezeNet.squeezenet1_1(1000), 1_235_496, 349_151_936));
    }

    @ParameterizedTest
    @MethodSource("known")
    void sizesAreThePublishedOnes(Known known) {
        Layer net = known.net.get();
        assertThat(held(net)
                        .filter(n -> n.value() instanceof Parameter)
                        .mapToLong(n -> ((Variable) n.value()).shape().size())
                        .sum())
                .isEqualTo(known.parameters);
        assertThat(multiplyAdds(net)).isEqualTo(known.multiplyAdds);
    }

    /** Each weight of the large linear layers works once; to trace them would take 550 MB for VGG. */
    private static long multiplyAdds(Layer net) {
        if (net instanceof AlexNet n) {
            return multiplyAdds(n.features(), 6, 6, 256) + weights(n.classifier());
        }
        if (net instanceof ZfNet n) {
            return multiplyAdds(n.features(), 6, 6, 256) + weights(n.classifier());
        }
        if (net instanceof Vgg n) {
            return multiplyAdds(n.features(), 7, 7, 512) + weights(n.classifier());
        }
        return multiplyAdds(net, 1000);
    }

    private static long weights(Layer classifier) {
        return held(classifier)
                .filter(n -> n.name().endsWith("weight"))
                .mapToLong(n -> ((Variable) n.value()).shape().size())
                .sum();
    }

    /** Everything with numbers, by its name. */
    private static Stream<Structure.Named> held(Layer net) {
        return Structure.walk(net).stream().filter(n -> n.value() instanceof Variable);
    }

    /** Of one traced call, whose result is so large. */
    private static long multiplyAdds(Layer net, int... result) {
        Shape photo = Shape.of(1, 224, 224, 3);
        try (var model = Model.of(net, 1)) {
            List<ReceptiveField> rows = ReceptiveField.of(model, photo);
            assertThat(rows.get(rows.size() - 1).output().toArray()).endsWith(result);
            return model.multiplyAdds(photo);
        }
    }

    /** Of what is large, the convolutions: its linear layers are those of other tests. */
    static Stream<Arguments> small() {
        return Stream.of(
                small("AlexNet", () -> pooled(AlexNet.alexnet(10).features()), 63, 256),
                small("AlexNet of 2012", () -> pooled(AlexNet.paper(10).features()), 63, 256),
                small("ZFNet", () -> pooled(new ZfNet(10).features()), 63, 256),
                small("VGG-11", () -> pooled(Vgg.vgg11(10).features()), 32, 512),
                small("VGG-11 BN", () -> pooled(Vgg.vgg11_bn(10).features()), 32, 512),
                small("GoogLeNet", () -> GoogLeNet.googlenet(10).withoutHeads(), 32, 10),
                small("GoogLeNet of 2014", () -> GoogLeNet.paper(10).withoutHeads(), 32, 10),
                small("MobileNetV2", () -> new MobileNetV2(10), 32, 10),
                small("SqueezeNet 1.0", () -> SqueezeNet.squeezenet1_0(10), 32, 10),
                small("SqueezeNet 1.1", () -> SqueezeNet.squeezenet1_1(10), 32, 10));
    }

    private static Arguments small(String name, Supplier<Layer> net, int side, int classes) {
        return Arguments.of(name, net, side, classes);
    }

    private static Layer pooled(Layer features) {
        return new Sequential(features, new GlobalAvgPool());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("small")
    void aFewStepsLowerTheLossAndThePlanAgrees(String name, Supplier<Layer> net, int side, int classes) {
        NetsTest.learnsAndFreezes(net, side, 3, classes);
    }

    private static List<String> names(Layer net) {
        return held(net).map(Structure.Named::name).toList();
    }

    /** weight and bias of each. */
    private static List<String> pairs(String layers) {
        return Arrays.stream(layers.split(" "))
                .flatMap(layer -> Stream.of(layer + ".weight", layer + ".bias"))
                .toList();
    }

    /** Of a convolution without bias and its batch norm. */
    private static Stream<String> normalized(String conv, String bn) {
        return Stream.of("", "bias", "running_mean", "running_var", "num_batches_tracked")
                .map(part -> part.isEmpty() ? conv + ".weight" : bn + "." + part)
                .flatMap(n -> n.equals(bn + ".bias") ? Stream.of(bn + ".weight", n) : Stream.of(n));
    }

    @Test
    void namesAreTorchvisions() {
        assertThat(names(AlexNet.alexnet(10)))
                .isEqualTo(pairs("features.0 features.3 features.6 features.8 features.10 classifier.1 classifier.4"
                        + " classifier.6"));
        assertThat(names(Vgg.vgg16(10)))
                .isEqualTo(pairs("features.0 features.2 features.5 features.7 features.10 features.12 features.14"
                        + " features.17 features.19 features.21 features.24 features.26 features.28 classifier.0"
                        + " classifier.3 classifier.6"));
        assertThat(names(Vgg.vgg11_bn(10)))
                .startsWith("features.0.weight", "features.0.bias", "features.1.weight", "features.1.bias")
                .contains("features.25.weight", "features.26.running_var", "classifier.6.bias")
                .hasSize(8 * 2 + 8 * 5 + 3 * 2);
        assertThat(names(SqueezeNet.squeezenet1_0(10)))
                .isEqualTo(Stream.concat(
                                Stream.of("features.0"),
                                IntStream.of(3, 4, 5, 7, 8, 9, 10, 12)
                                        .boxed()
                                        .flatMap(i -> Stream.of("squeeze", "expand1x1", "expand3x3")
                                                .map(part -> "features." + i + "." + part)))
                        .flatMap(layer -> pairs(layer).stream())
                        .collect(Collectors.collectingAndThen(Collectors.toList(), all -> {
                            all.addAll(pairs("classifier.1"));
                            return all;
                        })));
    }

    @Test
    void namesOfMobileNetV2AreTorchvisions() {
        List<String> expected = new ArrayList<>();
        normalized("features.0.0", "features.0.1").forEach(expected::add);
        for (int i = 1; i <= 17; i++) {
            String at = "features." + i + ".conv.";
            int next = 0;
            for (; next < (i == 1 ? 1 : 2); next++) {
                normalized(at + next + ".0", at + next + ".1").forEach(expected::add);
            }
            normalized(at + next, at + (next + 1)).forEach(expected::add);
        }
        normalized("features.18.0", "features.18.1").forEach(expected::add);
        expected.addAll(pairs("classifier.1"));
        assertThat(names(new MobileNetV2(10))).isEqualTo(expected).hasSize(314);
    }

    @Test
    void namesOfGoogLeNetAreTorchvisions() {
        List<String> expected = new ArrayList<>();
        List<String> units = new ArrayList<>(List.of("conv1", "conv2", "conv3"));
        for (String inception : "3a 3b 4a 4b 4c 4d 4e 5a 5b".split(" ")) {
            for (String branch : "1 2.0 2.1 3.0 3.1 4.1".split(" ")) {
                units.add("inception" + inception + ".branch" + branch);
            }
        }
        for (String unit : units) {
            normalized(unit + ".conv", unit + ".bn").forEach(expected::add);
        }
        for (String aux : List.of("aux1", "aux2")) {
            normalized(aux + ".conv.conv", aux + ".conv.bn").forEach(expected::add);
            expected.addAll(pairs(aux + ".fc1 " + aux + ".fc2"));
        }
        expected.addAll(pairs("fc"));
        assertThat(names(GoogLeNet.googlenet(10))).isEqualTo(expected);
    }

    @Test
    void theHeadsOfGoogLeNetLearnByItsOwnLoss() {
        Tensor labels;
        try (var model = Model.of(GoogLeNet.googlenet(4), 1);
                var adam = new Adam(1e-3f).on(model)) {
            float[] before = model.parameter("aux2.fc2.weight").value().toArray();
            for (int step = 0; step < 2; step++) {
                try (var pass = Pass.train(new Rng(step))) {
                    Tensor x = pass.randn(4, 32, 32, 3);
                    labels = Tensor.ofInts(new int[] {0, 1, 2, 3}, 4);
                    pass.backward(model.net().loss(x, labels, Loss.crossEntropy()));
                }
                adam.step();
            }
            assertThat(model.parameter("aux2.fc2.weight").value().toArray()).isNotEqualTo(before);
        }
        try (var pass = Pass.train(new Rng(1))) {
            assertThatThrownBy(() -> GoogLeNet.googlenet(4)
                            .withoutHeads()
                            .loss(pass.randn(1, 32, 32, 3), Tensor.ofInts(new int[1], 1), Loss.crossEntropy()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("has no auxiliary heads");
        }
    }

    /** torchvision's SqueezeNet 1.1 says of four photographs what it says in ONNX Runtime. */
    @Test
    void thePublishedSqueezeNetSaysWhatItShould(@TempDir Path temp) throws IOException {
        String data = System.getenv("FATHOM_DATA");
        Path folder = Path.of(data == null ? "" : data, "pretrained-imagenet");
        assumeTrue(
                data != null && Files.isDirectory(folder),
                "the published SqueezeNet is not tested: FATHOM_DATA has no folder pretrained-imagenet");
        try (var zip = new ZipFile(folder.resolve("check.npz").toFile());
                var model = Model.of(SqueezeNet.squeezenet1_1(1000), 1);
                Pass pass = Pass.infer()) {
            model.load(folder.resolve("squeezenet1_1.safetensors"));
            Tensor images = npy(zip, "images.npy", temp)
                    .to(DType.F32)
                    .div(255)
                    .sub(Tensor.of(new float[] {0.485f, 0.456f, 0.406f}, 3))
                    .div(Tensor.of(new float[] {0.229f, 0.224f, 0.225f}, 3));
            float[] expected = npy(zip, "squeezenet1_1.npy", temp).toArray();
            assertThat(model.net().apply(images).toArray())
                    .usingComparatorWithPrecision(1e-3f)
                    .containsExactly(expected);
        }
    }

    private static Tensor npy(ZipFile zip, String name, Path temp) throws IOException {
        try (InputStream in = zip.getInputStream(zip.getEntry(name))) {
            Path file = temp.resolve(name);
            Files.copy(in, file);
            return Npy.read(file).tensor();
        }
    }
}
