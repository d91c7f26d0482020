package dev.fathom.bench;

import dev.fathom.io.Safetensors;
import dev.fathom.nn.BatchNorm;
import dev.fathom.nn.Conv;
import dev.fathom.nn.ConvTransposed;
import dev.fathom.nn.Flatten;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Networks in safetensors files from Fathom to PyTorch and back, each under PyTorch's names and with equal outputs. */
@Command(
        name = "exchange",
        description = "Gives networks to PyTorch and takes PyTorch's, as safetensors files under PyTorch's own"
                + " names; exits with 1 if the outputs differ.")
final class Exchange implements Callable<Integer> {
    private static final double CLOSE = 1e-5;
    private static final int ROWS = 11;

    /** The element types in which PyTorch writes its networks. */
    private static final List<String> TYPES = List.of("F32", "F64", "F16", "BF16");

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "The folder for the files (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("out", "exchange");

    /** PyTorch's end has the same networks under the same names; they take x as it does. */
    private enum Net {
        MLP(Shape.of(ROWS, 7)) {
            @Override
            Layer make() {
                return new Mlp(
                        new Sequential(new Linear(7, 13), Tensor::tanh, new Linear(13, 5), Tensor::tanh),
                        new Linear(5, 3));
            }
        },
        CNN(Shape.of(ROWS, 3, 9, 8)) {
            @Override
            Layer make() {
                return new Cnn(
                        new Conv(3, 6, 3).stride(2).pad(1).withoutBias(),
                        new BatchNorm(6).act(Activation.RELU),
                        new Conv(6, 6, Window.of(3, 5).pad(1, 2), 6).act(Activation.RELU),
                        new ConvTransposed(6, 4, 2).stride(2).act(Activation.RELU),
                        new Flatten(),
                        new Linear(4 * 10 * 8, 3));
            }
        };

        private final Shape input;

        Net(Shape input) {
            this.input = input;
        }

        abstract Layer make();

        Path file(Path folder, String name) {
            return folder.resolve(name().toLowerCase(Locale.ROOT) + "-" + name + ".safetensors");
        }

        float[] inputs() {
            return new Rng(3).uniform((int) input.size(), -2, 2);
        }

        float[] outputs(Model<Layer> model) {
            try (Pass pass = Pass.infer()) {
                return model.net().apply(Tensor.of(inputs(), input.toArray())).toArray();
            }
        }
    }

    private record Mlp(Sequential trunk, Linear head) implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            return head.apply(trunk.apply(x));
        }
    }

    private record Cnn(
            Conv conv, BatchNorm norm, Conv depthwise, ConvTransposed transposed, Flatten flatten, Linear head)
            implements Layer {
        @Override
        public Tensor forward(Tensor x) {
            Tensor maps = norm.apply(conv.apply(x.permute(0, 2, 3, 1)));
            maps = transposed.apply(depthwise.apply(maps));
            return head.apply(flatten.apply(maps));
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Files.createDirectories(out);
        for (Net net : Net.values()) {
            give(net);
        }
        List<String> args = new ArrayList<>(TYPES);
        args.add(0, out.toString());
        int torch = Contender.torch("exchange", 1)
                .process("dev.fathom.bench.torch.StateDict", List.of(), args.toArray(String[]::new))
                .inheritIO()
                .start()
                .waitFor();
        if (torch != 0) {
            return 1;
        }
        boolean equal = true;
        for (Net net : Net.values()) {
            for (String type : TYPES) {
                equal &= take(net, type);
            }
        }
        return equal ? 0 : 1;
    }

    /**
     * Writes a network that has seen a batch, so that statistics are no longer what they begin with, and what it
     * computes.
     */
    private void give(Net net) {
        try (Model<Layer> model = Model.of(net.make(), 7)) {
            try (Pass pass = Pass.train(new Rng(7))) {
                pass.backward(model.net()
                        .apply(Tensor.of(net.inputs(), net.input.toArray()))
                        .square()
                        .mean());
            }
            model.save(net.file(out, "fathom"));
            new Safetensors.Writer()
                    .add("x", net.input, FloatBuffer.wrap(net.inputs()))
                    .add("y", Shape.of(ROWS, 3), FloatBuffer.wrap(net.outputs(model)))
                    .write(net.file(out, "fathom-io"));
        }
    }

    /** Whether a network that PyTorch wrote in numbers of this type computes here what it does there. */
    private boolean take(Net net, String type) {
        try (Model<Layer> model = Model.of(net.make(), 8);
                Safetensors io = Safetensors.read(net.file(out, "torch-" + type + "-io"))) {
            model.load(net.file(out, "torch-" + type));
            float[] y = new float[ROWS * 3];
            io.copy("y", FloatBuffer.wrap(y));
            float[] found = net.outputs(model);
            double off = 0;
            for (int i = 0; i < y.length; i++) {
                off = Math.max(off, Math.abs(found[i] - y[i]));
            }
            System.out.printf(
                    Locale.ROOT,
                    "Fathom with PyTorch's %s in %s: outputs differ by %.1e%s%n",
                    net,
                    type,
                    off,
                    off < CLOSE ? "" : ", which is too much");
            return off < CLOSE;
        }
    }
}
