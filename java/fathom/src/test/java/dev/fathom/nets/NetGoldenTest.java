package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.io.Safetensors;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.optim.Optimizer;
import dev.fathom.optim.Sgd;
import dev.fathom.tensor.Buffer;
import dev.fathom.tensor.DType;
import dev.fathom.tensor.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Networks that begin with PyTorch's state_dict and are trained as PyTorch trains them. It computed in float64; ten steps with momentum leave
 * roundings of some 1e-7 in weights of size 1.
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
                new Run("lenet5", "adam", () -> new LeNet5(10), new Adam(1e-3f, 0.9f, 0.999f, 1e-3f, 0)),
                new Run(
                        "block",
                        "momentum",
                        () -> new Block(new ResNet.BasicBlock(3, 5, 2), new Linear(5, 4)),
                        new Sgd(0.1f, 0.9f)));
    }

    private record Block(ResNet.BasicBlock block, Linear fc) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return fc.apply(block.apply(x).mean(1, 2));
        }
    }

    /** Losses, running statistics after each step, parameters at the end, and what the network says before and after. */
    @ParameterizedTest
    @MethodSource("runs")
    void trainsAsPyTorchDoes(Run run) {
        Path start = folder.resolve("start.safetensors");
        Path end = folder.resolve("end.safetensors");
        Path theirs = folder.resolve("theirs.safetensors");
        reorder(run.path, start, new int[] {120, 16, 5, 5}, 0, 2, 3, 1);
        try (var model = Model.of(run.net.get(), 1);
                BoundOptimizer optimizer = run.recipe.on(model)) {
            model.load(start);
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
            reorder(end, theirs, new int[] {120, 5, 5, 16}, 0, 3, 1, 2);
            try (Safetensors file = Safetensors.read(theirs);
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

    /**
     * The file with the columns of LeNet-5's first linear layer in another order: what it sees is [h, w, c] here and [c, h, w] in PyTorch, whose
     * flatten comes upon channels first.
     */
    private static void reorder(Path from, Path to, int[] shape, int... order) {
        try (Safetensors in = Safetensors.read(from);
                Pass pass = Pass.infer()) {
            Safetensors.Writer out = new Safetensors.Writer();
            for (String name : in.names()) {
                if (name.indexOf('/') < 0) {
                    Tensor t = in.tensor(name).to(DType.F32);
                    if (name.equals("c5.weight")) {
                        t = t.reshape(shape).permute(order).reshape(120, 400);
                    }
                    out.add(name, t.shape(), FloatBuffer.wrap(t.toArray()));
                }
            }
            out.write(to);
        }
    }

    /** LeNet-5 with PyTorch's flatten, which takes its file as it is. */
    private record ChannelsFirst(Conv c1, MaxPool s2, Conv c3, MaxPool s4, Linear c5, Linear f6, Linear output)
            implements Layer {
        static ChannelsFirst of(LeNet5 net) {
            return new ChannelsFirst(net.c1(), net.s2(), net.c3(), net.s4(), net.c5(), net.f6(), net.output());
        }

        @Override
        public Tensor forward(Tensor x) {
            Tensor maps = s4.apply(c3.apply(s2.apply(c1.apply(x))));
            return output.apply(f6.apply(c5.apply(maps.permute(0, 3, 1, 2).flatten(1))));
        }
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

    @Test
    void aFlattenOfChannelsFirstTakesPyTorchsFile() {
        Run run = runs().findFirst().orElseThrow();
        try (var model = Model.<Layer>of(ChannelsFirst.of(new LeNet5(10)), 1)) {
            model.load(run.path);
            run.assertSays("io/y", model);
        }
    }
}
