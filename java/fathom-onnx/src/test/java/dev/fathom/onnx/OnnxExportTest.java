package dev.fathom.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.autograd.ReturnedTensors;
import dev.fathom.io.Bytes;
import dev.fathom.nets.ResNet;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.nn.Sequential;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Variable;
import dev.fathom.plan.Dim;
import dev.fathom.plan.Spec;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Nets as files of ONNX. That ONNX Runtime computes the same numbers from them is tested where it is, beside the
 * benchmarks; here they are read again where the library reads what it writes, and looked at.
 */
class OnnxExportTest {
    @TempDir
    Path folder;

    /** What a file says. */
    private static final class Seen {
        final List<String> types = new ArrayList<>();
        final List<String> nodes = new ArrayList<>();
        final Map<String, List<Long>> weights = new LinkedHashMap<>();
        final List<String> values = new ArrayList<>();
        String graph = "";
        String producer = "";

        static Seen of(Path file) throws IOException {
            Seen seen = new Seen();
            for (Wire in = new Wire(Bytes.of(ByteBuffer.wrap(Files.readAllBytes(file)))); in.next(); ) {
                switch (in.field()) {
                    case 2 -> seen.producer = in.text();
                    case 7 -> seen.graph(in.message());
                    default -> {}
                }
            }
            return seen;
        }

        private void graph(Wire in) throws IOException {
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> node(in.message());
                    case 2 -> graph = in.text();
                    case 5 -> weight(in.message());
                    case 11, 12 -> value(in.message());
                    default -> {}
                }
            }
        }

        private void node(Wire in) throws IOException {
            while (in.next()) {
                switch (in.field()) {
                    case 3 -> nodes.add(in.text());
                    case 4 -> types.add(in.text());
                    default -> {}
                }
            }
        }

        private void weight(Wire in) throws IOException {
            List<Long> dims = new ArrayList<>();
            String name = "";
            while (in.next()) {
                switch (in.field()) {
                    case 1 -> in.numbers(dims::add);
                    case 8 -> name = in.text();
                    default -> {}
                }
            }
            weights.put(name, dims);
        }

        private void value(Wire in) throws IOException {
            StringBuilder text = new StringBuilder();
            while (in.next()) {
                if (in.field() == 1) {
                    text.append(in.text());
                } else {
                    dims(in.message(), text);
                }
            }
            values.add(text.toString());
        }

        /** The sizes and names of dimensions, which lie in several messages. */
        private static void dims(Wire in, StringBuilder text) throws IOException {
            Wire type = inside(in, 1);
            Wire shape = inside(type, 2);
            while (shape.next()) {
                Wire dim = shape.message();
                while (dim.next()) {
                    text.append(' ').append(dim.field() == 1 ? Long.toString(dim.number()) : dim.text());
                }
            }
        }

        private static Wire inside(Wire in, int field) throws IOException {
            while (in.next()) {
                if (in.field() == field) {
                    return in.message();
                }
            }
            throw new AssertionError("no field " + field);
        }

        long count(String type) {
            return types.stream().filter(type::equals).count();
        }
    }

    private Path written(OnnxExport export) {
        Path file = folder.resolve("net.onnx");
        export.write(file);
        return file;
    }

    static Stream<ExportedNet> nets() {
        return ExportedNet.all();
    }

    @ParameterizedTest
    @MethodSource("nets")
    void netsAreWritten(ExportedNet net) throws IOException {
        try (Model<Net> model = Model.of(net.net(), 1)) {
            Seen seen = Seen.of(written(net.export(model)));

            assertThat(seen.producer).isEqualTo("fathom");
            assertThat(seen.nodes).doesNotHaveDuplicates();
            assertThat(seen.values.get(0)).startsWith(net.inputs().get(0).name() + " batch");
            Set<String> weights = new HashSet<>(seen.weights.keySet());
            for (Variable p : model.parameters()) {
                boolean joined = p.name().contains("bias_hh"); // stands in one tensor with bias_ih
                assertThat(weights.contains(p.name()) || joined || p.name().startsWith("aux"))
                        .as(p.name())
                        .isTrue();
            }
        }
    }

    /** Those whose operators the library reads again. */
    static Stream<ExportedNet> readable() {
        Set<String> names = Set.of(
                "quickstart",
                "lenet5",
                "mnist-cnn",
                "textbook-figure",
                "textbook-lab",
                "resnet20",
                "resnet18",
                "resnet50",
                "mobilenet-v2",
                "squeezenet",
                "googlenet",
                "fractal-net");
        return ExportedNet.all().filter(n -> names.contains(n.name()));
    }

    @ParameterizedTest
    @MethodSource("readable")
    void whatIsReadAgainComputesTheSame(ExportedNet net) {
        try (Model<Net> model = Model.of(net.net(), 1);
                OnnxModel read = OnnxModel.read(written(net.export(model)));
                Pass pass = Pass.infer()) {
            Tensor[] in = net.tensors(new ExportedNet.Sizes(3, 20));
            List<Tensor> expected = new ArrayList<>();
            ReturnedTensors.forEach(net.function().apply(model.net(), in), Tensor.class, expected::add);
            Tensor[] turned = Stream.of(in)
                    .map(x -> x.shape().rank() == 4 ? x.permute(0, 3, 1, 2) : x)
                    .toArray(Tensor[]::new);

            List<Tensor> actual = List.copyOf(read.run(turned).values());

            assertThat(actual).hasSameSizeAs(expected);
            float largest = 0;
            for (float x : expected.get(0).toArray()) {
                largest = Math.max(largest, Math.abs(x));
            }
            assertThat(actual.get(0).toArray())
                    .usingComparatorWithPrecision(1e-4f * largest)
                    .containsExactly(expected.get(0).toArray());
        }
    }

    @Test
    void aResNetReadsAsAPersonWouldDrawIt() throws IOException {
        try (var model = Model.of(ResNet.resnet18(10), 1)) {
            Seen seen =
                    Seen.of(written(OnnxExport.of(model, Shape.of(1, 64, 64, 3)).named("resnet18")));

            assertThat(seen.graph).isEqualTo("resnet18");
            assertThat(seen.values).containsExactly("input batch 3 64 64", "output batch 10");
            assertThat(seen.count("Conv")).isEqualTo(20);
            assertThat(seen.count("BatchNormalization")).isEqualTo(20);
            assertThat(seen.count("Relu")).isEqualTo(17);
            assertThat(seen.count("Add")).isEqualTo(8);
            assertThat(seen.count("Gemm")).isEqualTo(1);
            assertThat(seen.count("Transpose")).isZero();
            assertThat(seen.types).hasSize(20 + 20 + 17 + 8 + 1 + 2); // and the two pools
            assertThat(seen.nodes).contains("conv1/Conv", "layer1.0.bn2/BatchNormalization", "fc/Gemm");
            assertThat(seen.weights.get("conv1.weight")).containsExactly(64L, 3L, 7L, 7L);
            assertThat(seen.weights).containsKeys("layer1.0.bn2.running_var", "fc.bias");
        }
    }

    @Test
    void channelsMayComeLast() throws IOException {
        try (var model = Model.of(ResNet.resnet18(10), 1)) {
            Seen seen =
                    Seen.of(written(OnnxExport.of(model, Shape.of(1, 64, 64, 3)).channelsLast()));

            assertThat(seen.values.get(0)).isEqualTo("input batch 64 64 3");
            assertThat(seen.count("Transpose")).isEqualTo(1);
        }
    }

    @Test
    void aRecurrentLayerIsOneNode() throws IOException {
        try (var model = Model.of(Recurrent.lstm(6, 5), 1)) {
            Seen seen = Seen.of(written(OnnxExport.of(
                    model,
                    (net, in) -> net.apply(in[0], in[1]),
                    Spec.of("x", Dim.BATCH, Dim.LENGTH, 6),
                    Spec.lengths("lengths"))));

            assertThat(seen.types).containsExactly("Transpose", "LSTM", "Squeeze", "Transpose");
            assertThat(seen.values).containsExactly("x batch length 6", "lengths batch", "output batch length 5");
            assertThat(seen.weights.get("weight_ih_l0")).containsExactly(1L, 20L, 6L);
            assertThat(seen.weights.get("bias_ih_l0")).containsExactly(1L, 40L);
        }
    }

    @Test
    void weightsMayLieBesideTheFile() throws IOException {
        try (var model = Model.of(new Sequential(new Linear(784, 10), Tensor::relu), 1)) {
            Path file = folder.resolve("net.onnx");
            OnnxExport.of(model, Shape.of(1, 784)).write(file, 1000);

            assertThat(Files.size(file)).isLessThan(1000);
            assertThat(Files.size(folder.resolve("net.onnx.data"))).isGreaterThanOrEqualTo(4 * 7840);
            float[] x = new float[784];
            x[3] = 1;
            try (OnnxModel read = OnnxModel.read(file);
                    Pass pass = Pass.infer()) {
                float[] expected = model.net().apply(Tensor.of(x, 1, 784)).toArray();
                float[] actual = read.run(Tensor.of(x, 1, 784)).get("output").toArray();
                for (int i = 0; i < 10; i++) {
                    assertThat(actual[i]).isCloseTo(expected[i], within(1e-6f));
                }
            }
        }
    }

    @Test
    void allThatCannotBeWrittenIsNamedAtOnce() {
        Layer net = new Sequential(new Linear(6, 6), Tensor::logCosh, x -> x.indexAdd(1, Tensor.arange(6), 6));
        try (var model = Model.of(new Sequential(Recurrent.ugrnn(6, 6).lastStep(), net), 1)) {
            OnnxExport export = OnnxExport.of(model, Shape.of(1, 5, 6));
            Path file = folder.resolve("none.onnx");

            assertThatThrownBy(() -> export.write(file))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("export: ONNX has no counterpart of ugrnn at 0, log_cosh at 1.1, index_add at 1.2;"
                            + " leave them out of the function, or compute them another way");
            assertThat(file).doesNotExist();
        }
    }

    /** Inputs and results of types that are only stored, and what lies beside a padded dimension. */
    @ParameterizedTest
    @EnumSource(names = {"U8", "I8", "F16", "BF16"})
    void storedTypesAreWritten(DType type) throws IOException {
        try (Model<Net> model = Model.of((Net) new Sequential(), 1)) {
            Path file = written(OnnxExport.of(
                    model,
                    (net, in) -> in[0].pad(1, 3, 1, 1)
                            .to(DType.F32)
                            .add(in[0].flip(1).pad(1, 7, 0, 2).to(DType.F32)),
                    Spec.of("x", type, Dim.BATCH, 2)));
            assertThat(Seen.of(file).types).contains("Pad", "Cast");
            try (OnnxModel read = OnnxModel.read(file);
                    Pass pass = Pass.infer()) {
                Tensor x = Tensor.of(new float[] {1, 2, 5, 6}, 2, 2).to(type);
                assertThat(List.copyOf(read.run(x).values()).get(0).toArray())
                        .containsExactly(5, 2, 9, 10, 9, 10, 13, 10);
            }
            KeptTensor kept;
            try (Pass pass = Pass.infer()) {
                kept = Tensor.ones(2).to(type).keep();
            }
            try (kept) {
                assertThatThrownBy(() -> written(OnnxExport.of(
                                model, (net, in) -> Tensor.concat(0, in[0], kept), Spec.of("x", type, 2))))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("a constant of " + type);
            }
        }
    }

    @Test
    void inputsAreChecked() {
        try (var model = Model.of(new Linear(2, 2), 1)) {
            assertThatThrownBy(() -> OnnxExport.of(model, Shape.SCALAR))
                    .hasMessage("export: shape [] has no batch dimension; give at least [1, ...]");
            assertThatThrownBy(() -> OnnxExport.of(model, (net, in) -> in[0]))
                    .hasMessage("export: no inputs; give a Spec for each");
            assertThatThrownBy(
                            () -> OnnxExport.of(model, (net, in) -> in[0], Spec.of("x", 2), Spec.of("x", DType.I32, 2)))
                    .hasMessage("export: inputs [x, x] share a name; give each its own");
            assertThatThrownBy(() -> OnnxExport.of(model, Shape.of(1, 3)).write(folder.resolve("x.onnx")))
                    .hasMessageContaining("x [2, 3] and weight [2, 2] disagree");
        }
    }
}
