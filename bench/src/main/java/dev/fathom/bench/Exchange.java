package dev.fathom.bench;

import dev.fathom.io.Safetensors;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Shape;
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
        description = "Gives a network to PyTorch and takes one of PyTorch's, as safetensors files under PyTorch's own"
                + " names; exits with 1 where the outputs differ.")
final class Exchange implements Callable<Integer> {
    private static final double CLOSE = 1e-5;
    private static final int ROWS = 11;

    /** The element types in which PyTorch writes its network. */
    private static final List<String> TYPES = List.of("F32", "F64", "F16", "BF16");

    @Option(names = "--out", paramLabel = "FOLDER", description = "Where the files go (default: ${DEFAULT-VALUE}).")
    private Path out = Path.of("out", "exchange");

    /** PyTorch's end has the same network. */
    private record Net(Sequential trunk, Linear head) implements Layer {
        static Net make() {
            return new Net(
                    new Sequential(new Linear(7, 13), Tensor::tanh, new Linear(13, 5), Tensor::tanh), new Linear(5, 3));
        }

        @Override
        public Tensor forward(Tensor x) {
            return head.apply(trunk.apply(x));
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Files.createDirectories(out);
        float[] x = new Rng(3).uniform(ROWS * 7, -2, 2);
        try (Model<Net> model = Model.of(Net.make(), 7)) {
            model.save(out.resolve("fathom.safetensors"));
            new Safetensors.Writer()
                    .add("x", Shape.of(ROWS, 7), FloatBuffer.wrap(x))
                    .add("y", Shape.of(ROWS, 3), FloatBuffer.wrap(outputs(model, x)))
                    .write(out.resolve("fathom-io.safetensors"));
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
        for (String type : TYPES) {
            try (Model<Net> model = Model.of(Net.make(), 8);
                    Safetensors io = Safetensors.read(out.resolve("torch-" + type + "-io.safetensors"))) {
                model.load(out.resolve("torch-" + type + ".safetensors"));
                float[] y = new float[ROWS * 3];
                io.copy("y", FloatBuffer.wrap(y));
                float[] found = outputs(model, x);
                double off = 0;
                for (int i = 0; i < y.length; i++) {
                    off = Math.max(off, Math.abs(found[i] - y[i]));
                }
                equal &= off < CLOSE;
                System.out.printf(
                        Locale.ROOT,
                        "Fathom with PyTorch's network in %s: outputs differ by %.1e%s%n",
                        type,
                        off,
                        off < CLOSE ? "" : ", which is too much");
            }
        }
        return equal ? 0 : 1;
    }

    private static float[] outputs(Model<Net> model, float[] x) {
        try (Pass pass = Pass.infer()) {
            return model.net().apply(Tensor.of(x, ROWS, 7)).toArray();
        }
    }
}
