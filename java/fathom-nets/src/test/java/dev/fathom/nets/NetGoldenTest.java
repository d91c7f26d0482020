package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.io.Safetensors;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Names;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Sgd;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Networks that begin with PyTorch's state_dict and are trained as PyTorch trains them. It computed in float64; ten
 * steps with momentum leave roundings of some 1e-7 in weights of size 1.
 */
class NetGoldenTest {
    private static final int SAMPLE = 7;

    @TempDir
    Path folder;

    private record Run(Golden file, Path path, String name, Supplier<Layer> net, Optimizer recipe) {
        Run(String file, String name, Supplier<Layer> net, Optimizer recipe) {
            this(new Golden(file), Golden.path(file), name, net, recipe);
        }

        @Override
        public String toString() {
            return path.getFileName() + " " + name;
        }

        Tensor images() {
            return Tensor.of(file.values("io/x"), file.shape("io/x").toArray()).permute(0, 2, 3, 1);
        }

        Tensor labels() {
            return Tensor.ofInts(
                    Golden.whole(file.values("io/labels")),
                    file.shape("io/labels").toArray());
        }

        void assertSays(String name, Model<Layer> model) {
            try (Pass pass = Pass.infer()) {
                assertClose(name, model.net().apply(images()).toArray(), file.values(name));
            }
        }

        void assertStatistics(int step, Model<Layer> model) {
            for (Buffer b : model.buffers()) {
                if (b.name().endsWith("num_batches_tracked")) {
                    assertThat(b.value().item()).isEqualTo(step + 1);
                } else {
                    assertClose(
                            b.name() + " after step " + (step + 1),
                            b.value().toArray(),
                            file.row(name + "/" + b.name(), step));
                }
            }
        }

        void assertClose(String what, float[] found, float[] expected) {
            Golden.assertClose(this + ": " + what, found, expected, 1e-6, 1e-6);
        }
    }

    static Stream<Run> runs() {
        return Stream.of(
                new Run("lenet5", "momentum", () -> new LeNet5(10), new Sgd(0.05f, 0.9f, 0, false, 5e-4f)),
                new Run("lenet5", "adam", () -> new LeNet5(10), new Adam(1e-3f).epsilon(1e-3f)),
                new Run(
                        "block",
                        "momentum",
                        () -> new Block(new ResNet.BasicBlock(3, 5, 2), new Linear(5, 4)),
                        new Sgd(0.1f).momentum(0.9f)));
    }

    private record Block(ResNet.BasicBlock block, Linear fc) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return fc.apply(block.apply(x).mean(1, 2));
        }
    }

    /**
     * Losses, running statistics after each step, parameters at the end, and what the network says before and after.
     */
    @ParameterizedTest
    @MethodSource("runs")
    void trainsAsPyTorchDoes(Run run) {
        Path end = folder.resolve("end.safetensors");
        try (var model = Model.of(run.net.get(), 1);
                BoundOptimizer optimizer = run.recipe.on(model)) {
            model.load(run.path, Names.exact().ignore("*/*")); // beside the weights lie losses and trained weights
            run.assertSays("io/y", model);
            float[] losses = new float[run.file.shape(run.name + "/loss").dim(0)];
            for (int step = 0; step < losses.length; step++) {
                try (Pass pass = Pass.train(new Rng(1))) {
                    Tensor loss = Loss.crossEntropy().of(model.net().apply(run.images()), run.labels());
                    losses[step] = loss.item();
                    pass.backward(loss);
                }
                optimizer.step();
                run.assertStatistics(step, model);
            }
            run.assertClose("loss", losses, run.file.values(run.name + "/loss"));
            run.assertSays(run.name + "/y", model);
            model.save(end);
            try (Safetensors file = Safetensors.read(end);
                    Pass pass = Pass.infer()) {
                for (Parameter p : model.parameters()) {
                    assertThat(file.shape(p.name())).isEqualTo(run.file.shape(p.name()));
                    float[] expected = run.file.values(run.name + "/" + p.name());
                    run.assertClose(p.name(), sample(file.tensor(p.name()).toArray(), expected.length), expected);
                }
            }
        }
    }

    /** Of large parameters the file has every seventh number. */
    private static float[] sample(float[] all, int count) {
        if (count == all.length) {
            return all;
        }
        assertThat(count).isEqualTo((all.length + SAMPLE - 1) / SAMPLE);
        float[] some = new float[count];
        for (int i = 0; i < count; i++) {
            some[i] = all[SAMPLE * i];
        }
        return some;
    }

    /** A run without a golden fails above; this one fails where a golden has no run. */
    @Test
    void everyGoldenIsCompared() {
        for (String file : List.of("lenet5", "block")) {
            assertThat(new Golden(file).names().stream().filter(name -> name.endsWith("/loss")))
                    .as(file)
                    .containsExactlyElementsOf(runs().filter(run -> run.path.equals(Golden.path(file)))
                            .map(run -> run.name + "/loss")
                            .toList());
        }
    }
}
