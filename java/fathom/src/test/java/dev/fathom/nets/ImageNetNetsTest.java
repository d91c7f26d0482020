package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.io.Npy;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Access;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Held;
import dev.fathom.tensor.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Shape;
import dev.fathom.tensor.Store;
import dev.fathom.tensor.Structure;
import dev.fathom.tensor.Tape;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The networks of ImageNet have the published sizes, work and names. */
class ImageNetNetsTest {
    /** A network for photographs [side, side, 3] and a thousand classes. */
    record Known(String name, Supplier<Layer> net, int side, long parameters, long multiplyAdds) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Known> known() {
        return Stream.of(
                new Known("SqueezeNet 1.0", () -> SqueezeNet.squeezenet1_0(1000), 224, 1_248_424, 818_924_576),
                new Known("SqueezeNet 1.1", () -> SqueezeNet.squeezenet1_1(1000), 224, 1_235_496, 349_151_936));
    }

    @ParameterizedTest
    @MethodSource("known")
    void sizesAreThePublishedOnes(Known known) {
        Layer net = known.net.get();
        assertThat(held(net)
                        .filter(n -> n.value() instanceof Parameter)
                        .mapToLong(n -> ((Held) n.value()).shape().size())
                        .sum())
                .isEqualTo(known.parameters);
        assertThat(multiplyAdds(net, Shape.of(1, known.side, known.side, 3))).isEqualTo(known.multiplyAdds);
    }

    /** Everything with numbers, by its name. */
    private static Stream<Structure.Named> held(Layer net) {
        return Structure.walk(net).stream().filter(n -> n.value() instanceof Held);
    }

    /** Of one traced call. The parameters lie in memory that nobody writes or reads, of which there need not be any: VGG would take 550 MB. */
    private static long multiplyAdds(Layer net, Shape images) {
        List<Structure.Named> named = held(net).toList();
        List<Held> held = named.stream().map(n -> (Held) n.value()).toList();
        try (Store store = Access.store(
                        held, named.stream().map(Structure.Named::name).toList());
                Pass pass = Access.trace()) {
            for (int i = 0; i < held.size(); i++) {
                Access.bind(held.get(i), store, i);
            }
            assertThat(net.apply(Access.input(pass, images, DType.F32)).shape()).isEqualTo(Shape.of(1, 1000));
            return pass.tape().entries().stream()
                    .mapToLong(ImageNetNetsTest::multiplyAdds)
                    .sum();
        }
    }

    private static long multiplyAdds(Tape.Entry e) {
        return e.op().multiplyAdds(e.inputs().stream().map(Tensor::shape).toArray(Shape[]::new));
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
