package dev.fathom.derivative;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.io.Safetensors;
import dev.fathom.nn.Conv;
import dev.fathom.nn.GlobalAvgPool;
import dev.fathom.nn.GroupNorm;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Linear;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradient penalties and products with Hessians are those that PyTorch computes in float64 by double backward. */
class CurvatureGoldenTest {
    private static final Golden GOLDEN = new Golden("curvature");

    @TempDir
    Path folder;

    private record Case(String name, Supplier<Layer> net) {
        @Override
        public String toString() {
            return name;
        }

        Tensor tensor(String what) {
            return Tensor.of(
                    GOLDEN.values(name + "/" + what),
                    GOLDEN.shape(name + "/" + what).toArray());
        }

        void assertClose(String what, float[] found) {
            float[] expected = GOLDEN.values(name + "/" + what);
            double largest = 0;
            for (float e : expected) {
                largest = Math.max(largest, Math.abs(e));
            }
            Golden.assertClose(name + ": " + what, found, expected, 0, 3e-6 * largest + 1e-6);
        }
    }

    static Stream<Case> critics() {
        Layer leaky = x -> x.leakyRelu(0.2f);
        return Stream.of(
                new Case(
                        "mlp",
                        () -> new Sequential(
                                new Linear(5, 8),
                                leaky,
                                new LayerNorm(8),
                                new Linear(8, 7),
                                Tensor::tanh,
                                new Linear(7, 1))),
                new Case(
                        "relu",
                        () -> new Sequential(
                                new Linear(5, 9), Tensor::relu, new Linear(9, 9), Tensor::relu, new Linear(9, 1))),
                new Case(
                        "conv",
                        () -> new Sequential(
                                new Conv(3, 4, 3).pad(1).act(Activation.leakyRelu(0.1f)),
                                x -> x,
                                new Conv(4, 6, 3).stride(2).pad(1).act(Activation.TANH),
                                x -> x,
                                new GlobalAvgPool(),
                                x -> x,
                                new LayerNorm(6),
                                new Linear(6, 1))),
                new Case(
                        "smooth",
                        () -> new Sequential(
                                new Conv(2, 5, 3).act(Activation.GELU),
                                x -> x,
                                new MaxPool(2),
                                new GroupNorm(1, 5),
                                Tensor::silu,
                                new GlobalAvgPool(),
                                x -> x,
                                new Linear(5, 1))));
    }

    static Stream<Case> hessians() {
        return Stream.of(
                new Case(
                        "classifier",
                        () -> new Sequential(
                                new Linear(5, 8),
                                Tensor::gelu,
                                new LayerNorm(8),
                                new Linear(8, 6),
                                Tensor::softplus,
                                new Linear(6, 4))),
                new Case("encoder", () -> new TransformerEncoderLayer(12, 3, 20, Activation.RELU)));
    }

    /** Sets the parameters to what the golden holds of a case. */
    private void load(Model<Layer> model, Case c, String what) {
        Safetensors.Writer writer = new Safetensors.Writer();
        String prefix = c.name + "/" + what + "/";
        for (String name : GOLDEN.names()) {
            if (name.startsWith(prefix)) {
                writer.add(name.substring(prefix.length()), GOLDEN.shape(name), FloatBuffer.wrap(GOLDEN.values(name)));
            }
        }
        Path file = folder.resolve(what + ".safetensors");
        writer.write(file);
        model.load(file);
    }

    /** The numbers of a parameter in the order of files. */
    private static float[] inFiles(Parameter p, Tensor values) {
        return (p.fileOrder().length == 0 ? values : values.permute(p.fileOrder())).toArray();
    }

    @ParameterizedTest
    @MethodSource("critics")
    void thePenaltyAndItsGradientArePyTorchs(Case c) {
        for (String kind : List.of("two_sided", "one_sided", "r1")) {
            GradientPenalty penalty = switch (kind) {
                case "two_sided" -> GradientPenalty.twoSided(10);
                case "one_sided" -> GradientPenalty.oneSided(10);
                default -> GradientPenalty.r1(10);
            };
            try (Model<Layer> model = Model.of(c.net.get(), 1);
                    Pass pass = Pass.train(new Rng(1))) {
                load(model, c, "param");
                Tensor x = c.tensor("x");
                Tensor value = penalty.at(model.net()::apply, x);
                c.assertClose(kind, new float[] {value.item()});
                model.parameters().forEach(p -> assertThat(p.gradient()).isNull());
                pass.backward(model.net().apply(x).mean().add(value));
                for (Parameter p : model.parameters()) {
                    c.assertClose(kind + "/" + p.name(), inFiles(p, p.gradient()));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("hessians")
    void theProductWithTheHessianIsPyTorchs(Case c) {
        try (Model<Layer> model = Model.of(c.net.get(), 1)) {
            load(model, c, "v");
            float[] v = flat(model.parameters());
            load(model, c, "param");
            Curvature curvature = new Curvature(
                    () -> {
                        Tensor y = model.net().apply(c.tensor("x"));
                        return c.name.equals("encoder")
                                ? y.tanh().square().mean()
                                : y.crossEntropy(
                                        Tensor.ofInts(Golden.whole(GOLDEN.values("classifier/labels")), 6), 0.1f, null);
                    },
                    model.parameters());
            FloatBuffer product = FloatBuffer.wrap(curvature.hessianVector(v));
            for (Parameter p : model.parameters()) {
                float[] part = new float[(int) p.shape().size()];
                product.get(part);
                c.assertClose("hv/" + p.name(), part);
            }
        }
    }

    private static float[] flat(List<Parameter> parameters) {
        FloatBuffer all = FloatBuffer.allocate(
                parameters.stream().mapToInt(p -> (int) p.shape().size()).sum());
        parameters.forEach(p -> all.put(p.value().toArray()));
        return all.array();
    }

    @Test
    void everyGoldenIsCompared() {
        Set<String> cases =
                GOLDEN.names().stream().map(n -> n.split("/")[0]).collect(Collectors.toCollection(TreeSet::new));
        assertThat(Stream.concat(critics(), hessians()).map(Case::name)).containsExactlyInAnyOrderElementsOf(cases);
    }
}
