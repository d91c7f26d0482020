package dev.fathom.bench.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Writes what PyTorch computes into {@code test-data/goldens}, for Fathom's tests to compare with: {@code Goldens
 * FOLDER}.
 *
 * <p>The inputs are float32; PyTorch computes in float64 and each result is rounded once, so that what a test finds is
 * Fathom's own error. The same inputs come at every run: each case draws from a stream seeded by its name.
 */
@SuppressWarnings("try") // scopes are closed, not used
public final class Goldens {
    /**
     * What an op is given.
     *
     * @param kind {@code x} for numbers that get a gradient, {@code c} for those that get none, {@code i} for whole
     *     ones
     */
    record Input(char kind, float[] values, long... shape) {
        /** This input without a gradient. */
        Input constant() {
            return new Input('c', values, shape);
        }

        Tensor tensor() {
            Tensor t = floats(values, shape);
            return kind == 'i'
                    ? t.to(torch.ScalarType.Long)
                    : t.to(torch.ScalarType.Double).requires_grad_(kind == 'x');
        }
    }

    private final TensorFile file = new TensorFile();
    private final Map<String, Integer> cases = new HashMap<>();
    private Random random = new Random(0);

    /** Runs the command line. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        Files.createDirectories(folder);
        torch.set_num_threads(1);
        write(folder, "elementwise", GoldenOps::elementwise);
        write(folder, "structured", GoldenOps::structured);
        write(folder, "pools", GoldenPools::all);
        write(folder, "convolutions", GoldenConvs::all);
        write(folder, "network", GoldenConvs::network);
        write(folder, "lenet5", GoldenNets::leNet5);
        write(folder, "block", GoldenNets::block);
        write(folder, "normalization", GoldenNorms::all);
        write(folder, "losses", GoldenLosses::losses);
        write(folder, "optimizers", GoldenTraining::optimizers);
        write(folder, "training", GoldenTraining::training);
    }

    private static void write(Path folder, String name, Consumer<Goldens> cases) throws IOException {
        Goldens goldens = new Goldens();
        cases.accept(goldens);
        TensorFile file = goldens.file;
        file.text("made by", "PyTorch " + TorchRows.version() + " in float64, " + Goldens.class.getName());
        Path path = folder.resolve(name + ".safetensors");
        file.write(path);
        System.out.printf("%s: %d tensors, %d bytes%n", path, file.names().size(), Files.size(path));
    }

    // ---- inputs

    /** Begins a stream of numbers of its own. */
    Goldens seed(String name) {
        random = new Random(name.hashCode());
        return this;
    }

    /** Uniform in [lo, hi). */
    Input x(double lo, double hi, long... shape) {
        float[] values = new float[size(shape)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (lo + (hi - lo) * random.nextDouble());
        }
        return new Input('x', values, shape);
    }

    /** Whole numbers from 0 to {@code below - 1}. */
    Input whole(int below, long... shape) {
        float[] values = new float[size(shape)];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(below);
        }
        return new Input('i', values, shape);
    }

    /** These numbers in one dimension. */
    static Input row(float... values) {
        return new Input('x', values, values.length);
    }

    private static int size(long... shape) {
        long n = 1;
        for (long d : shape) {
            n *= d;
        }
        return (int) n;
    }

    static Tensor floats(float[] values, long... shape) {
        try (FloatPointer p = new FloatPointer(values)) {
            return torch.from_blob(p, shape).clone();
        }
    }

    /** [n, .., c] as PyTorch has it: [n, c, ..]. */
    static Tensor channelsSecond(Tensor t) {
        return torch.movedim(t, -1, 1);
    }

    /** And back. */
    static Tensor channelsLast(Tensor t) {
        return torch.movedim(t, 1, -1).contiguous();
    }

    /** f of x as PyTorch has it, and back. */
    static Tensor channelsSecond(Tensor x, Function<Tensor, Tensor> f) {
        return channelsLast(f.apply(channelsSecond(x)));
    }

    /** A tensor, or for null none. */
    static TensorOptional maybe(Tensor t) {
        return t == null ? new TensorOptional() : new TensorOptional(t);
    }

    // ---- cases

    /**
     * A case of {@code op} as {@code op#number/...}: its inputs {@code x0}, {@code c1}, {@code i2} ... by their kinds,
     * its result {@code y}, and where gradients flow a gradient {@code dy} of the result and what becomes of it,
     * {@code dx0}, {@code dx1} ...
     */
    void add(String op, Function<Tensor[], Tensor> f, Input... in) {
        add(op, true, f, in);
    }

    /** The result alone. */
    void forward(String op, Function<Tensor[], Tensor> f, Input... in) {
        add(op, false, f, in);
    }

    private void add(String op, boolean backward, Function<Tensor[], Tensor> f, Input... in) {
        String name = op + "#" + cases.merge(op, 1, Integer::sum) + "/";
        try (PointerScope scope = new PointerScope()) {
            List<Tensor> x = new ArrayList<>();
            for (int i = 0; i < in.length; i++) {
                x.add(in[i].tensor());
                put(name + in[i].kind + i, x.get(i));
            }
            Tensor y = f.apply(x.toArray(Tensor[]::new));
            put(name + "y", y);
            if (!backward || !y.requires_grad()) {
                return;
            }
            Tensor dy = floats(x(-1, 1, y.shape()).values, y.shape()).to(torch.ScalarType.Double);
            put(name + "dy", dy);
            y.backward(dy, new BoolOptional(), false, new TensorArrayRefOptional());
            for (int i = 0; i < in.length; i++) {
                if (x.get(i).grad().defined()) {
                    put(name + "dx" + i, x.get(i).grad());
                }
            }
        }
    }

    /** A tensor, rounded to float32. */
    void put(String name, Tensor t) {
        put(name, t, torch.ScalarType.Float);
    }

    /** A tensor, rounded to a type. */
    void put(String name, Tensor t, torch.ScalarType type) {
        file.put(name, t.detach().to(type));
    }
}
