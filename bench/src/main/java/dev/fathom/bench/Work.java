package dev.fathom.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * What every contender works on: the same numbers from the same seeds, and references to check their answers against.
 */
public final class Work {
    /** Widths of the network of the rows {@code mlp-*}: 784-256-128-10, ReLU between. */
    @SuppressWarnings("MutablePublicArray") // the contenders only read it
    public static final int[] MLP = {784, 256, 128, 10};

    /** Batches made before the clock starts and used in turn. */
    public static final int BATCHES = 32;

    /** Images of a step of the quickstart. */
    public static final int BATCH = 128;

    /** Images that the quickstart learns from. */
    public static final int IMAGES = 55_000;

    /** Steps of an epoch of the quickstart. */
    public static final int STEPS = (IMAGES + BATCH - 1) / BATCH;

    /** What {@link #normal} hands out. */
    private static float @Nullable [] drawn;

    private static double[] told = {};

    private Work() {}

    /**
     * {@code n} normal numbers times {@code scale}; the first million of them over and over, for drawing one takes 30
     * ns.
     */
    public static float[] gauss(long seed, int n, double scale) {
        Random random = new Random(seed);
        float[] values = new float[n];
        int drawn = Math.min(n, 1_000_000);
        for (int i = 0; i < drawn; i++) {
            values[i] = (float) (random.nextGaussian() * scale);
        }
        for (int i = drawn; i < n; i += drawn) {
            System.arraycopy(values, 0, values, i, Math.min(drawn, n - i));
        }
        return values;
    }

    /** {@code n} normal numbers: the same million for every seed, read from another place on, for they are many. */
    public static float[] normal(int seed, int n, double mean, double deviation) {
        if (drawn == null) {
            drawn = gauss(1, 1_000_003, 1);
        }
        float[] values = new float[n];
        int at = Math.floorMod(seed * 7919L, drawn.length);
        for (int i = 0; i < n; i++) {
            values[i] = (float) (mean + deviation * drawn[at]);
            at = at + 1 < drawn.length ? at + 1 : 0;
        }
        return values;
    }

    /** [n, rows, columns] as [n, columns, rows]: NCHW to NHWC, and back with the two exchanged. */
    public static float[] swap(float[] values, int n, int rows, int columns) {
        float[] swapped = new float[values.length];
        int at = 0;
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < columns; c++) {
                for (int r = 0; r < rows; r++) {
                    swapped[at++] = values[(i * rows + r) * columns + c];
                }
            }
        }
        return swapped;
    }

    /** How many vectors the rows {@code search-} have. */
    public static final int VECTORS = 1_000_000;

    /** How long these are. */
    public static final int VECTOR = 384;

    /** How many of them are found. */
    public static final int NEAREST = 10;

    /** Such a vector; the one behind the last is the query. */
    public static float[] vector(int i) {
        return normal(i, VECTOR, 0, 1);
    }

    /** {@code n} labels below {@code classes}. */
    public static int[] labels(long seed, int n, int classes) {
        return new Random(seed).ints(n, 0, classes).toArray();
    }

    /** W[out, in] of linear layer {@code layer} of the network. */
    public static float[] weight(int layer) {
        return gauss(100 + layer, MLP[layer + 1] * MLP[layer], Math.sqrt(2.0 / MLP[layer]));
    }

    /** b[out] of linear layer {@code layer} of the network. */
    public static float[] bias(int layer) {
        return gauss(200 + layer, MLP[layer + 1], 0.1);
    }

    /** The network in double precision. */
    private static double[] mlp(float[] x) {
        double[] h = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            h[i] = x[i];
        }
        for (int layer = 0; layer + 1 < MLP.length; layer++) {
            float[] w = weight(layer);
            float[] b = bias(layer);
            double[] y = new double[b.length];
            for (int o = 0; o < y.length; o++) {
                double sum = b[o];
                for (int i = 0; i < h.length; i++) {
                    sum += w[o * h.length + i] * h[i];
                }
                y[o] = layer + 2 < MLP.length ? Math.max(sum, 0) : sum;
            }
            h = y;
        }
        return h;
    }

    /** A file of Fashion-MNIST as it came: {@code train-images-idx3-ubyte} or {@code train-labels-idx1-ubyte}. */
    public static Path clothes(String file) {
        return Path.of(System.getProperty("fathom.root"), "test-data", "fashion-mnist", file + ".gz");
    }

    /** The first {@code n} bytes of such a file behind its header. */
    public static byte[] clothes(String file, int header, int n) {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(clothes(file)))) {
            in.skipNBytes(header);
            return in.readNBytes(n);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** An elementwise row in double precision. */
    public static double unary(String op, double x) {
        return op.equals("exp") ? Math.exp(x) : activation(op).value().applyAsDouble(x);
    }

    /**
     * An activation.
     *
     * @param row its name in the library's table
     * @param a its first parameter there
     * @param b its second parameter there
     * @param value its value in double precision
     */
    public record Activated(String row, float a, float b, DoubleUnaryOperator value) {
        /** Compares a few values and slopes with double precision; where two pieces meet, a slope is not compared. */
        public void check(float[] x, float[] y, float[] dy, float[] dx) {
            double h = 1e-4;
            for (int i = 0; i < x.length; i += 9973) {
                Work.check(row, y[i], value.applyAsDouble(x[i]), 1e-5);
                double above = (value.applyAsDouble(x[i] + h) - value.applyAsDouble(x[i])) / h;
                double below = (value.applyAsDouble(x[i]) - value.applyAsDouble(x[i] - h)) / h;
                if (Math.abs(above - below) < 0.01) {
                    Work.check("slope of " + row, dx[i], dy[i] * (above + below) / 2, 1e-3);
                }
            }
        }
    }

    /** The activation of a name. */
    public static Activated activation(String op) {
        return switch (op) {
            case "relu" -> new Activated("relu", 0, 0, x -> Math.max(x, 0));
            case "leaky-relu" -> new Activated("leaky_relu", 0.01f, 0, x -> x < 0 ? 0.01f * x : x);
            case "relu6" -> new Activated("clamp", 0, 6, x -> Math.min(Math.max(x, 0), 6));
            case "elu" -> new Activated("elu", 1, 0, x -> x > 0 ? x : Math.expm1(x));
            case "celu" -> new Activated("celu", 0.5f, 0, x -> x > 0 ? x : 0.5 * Math.expm1(2 * x));
            case "selu" ->
                new Activated("selu", 0, 0, x -> 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)));
            case "sigmoid" -> new Activated("sigmoid", 0, 0, x -> 1 / (1 + Math.exp(-x)));
            case "hard-sigmoid" -> new Activated("hard_sigmoid", 0, 0, x -> Math.min(Math.max(x + 3, 0), 6) / 6);
            case "tanh" -> new Activated("tanh", 0, 0, Math::tanh);
            case "hard-tanh" -> new Activated("clamp", -1, 1, x -> Math.min(Math.max(x, -1), 1));
            case "softsign" -> new Activated("softsign", 0, 0, x -> x / (1 + Math.abs(x)));
            case "softplus" -> new Activated("softplus", 1, 0, x -> Math.log1p(Math.exp(x)));
            case "gelu" -> new Activated("gelu", 0, 0, x -> 0.5 * x * erfc(-x / Math.sqrt(2)));
            case "gelu-tanh" ->
                new Activated(
                        "gelu_tanh",
                        0,
                        0,
                        x -> 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))));
            case "quick-gelu" -> new Activated("swish", QUICK, 0, x -> x / (1 + Math.exp(-QUICK * x)));
            case "silu" -> new Activated("silu", 0, 0, x -> x / (1 + Math.exp(-x)));
            case "hard-swish" -> new Activated("hard_swish", 0, 0, x -> x * Math.min(Math.max(x + 3, 0), 6) / 6);
            case "mish" -> new Activated("mish", 0, 0, x -> x * Math.tanh(Math.log1p(Math.exp(x))));
            default -> throw new IllegalArgumentException(op);
        };
    }

    /** The beta of quick GELU. */
    public static final float QUICK = 1.702f;

    /** The activations of the rows {@code activation-*}. */
    public static final List<String> ACTIVATIONS = List.of(
            "relu",
            "leaky-relu",
            "relu6",
            "elu",
            "celu",
            "selu",
            "sigmoid",
            "hard-sigmoid",
            "tanh",
            "hard-tanh",
            "softsign",
            "softplus",
            "gelu",
            "gelu-tanh",
            "quick-gelu",
            "silu",
            "hard-swish",
            "mish");

    /**
     * An elementwise rule of an optimizer.
     *
     * @param moments the number of moments, each of which is read and written
     * @param settings its numbers, in the order of the library's table
     */
    public record Rule(int moments, float... settings) {
        /** The room for settings in a command. */
        public static final int SETTINGS = 7;

        /**
         * The bytes that a step moves for each parameter: it reads the value, the gradient and the moments, and writes
         * all but the gradient.
         */
        public double bytes() {
            return 4 * (3 + 2 * moments);
        }
    }

    /** The rules of the rows {@code update-*}; Adam has a row with PyTorch beside it. */
    public static final List<String> RULES =
            List.of("sgd", "momentum", "adagrad", "adadelta", "rmsprop", "adamax", "nadam", "radam", "lion", "rprop");

    /** The rule of a name, with the moments that it has by default. */
    public static Rule rule(String name) {
        return switch (name) {
            case "sgd" -> new Rule(1, 0.9f, 0, 0, 0);
            case "momentum" -> new Rule(1, 0.9f, 0);
            case "adagrad" -> new Rule(1, 1e-10f, 0, 1);
            case "adadelta" -> new Rule(2, 0.9f, 1e-6f);
            case "rmsprop" -> new Rule(1, 0.99f, 1e-8f, 0, 0);
            case "adam" -> new Rule(2, 0.9f, 0.999f, 1e-8f, 1, 1, 0, 0);
            case "adamax" -> new Rule(2, 0.9f, 0.999f, 1e-8f, 1);
            case "nadam" -> new Rule(2, 0.9f, 0.999f, 1e-8f, 0.1f, 0.9f, 1, 0);
            case "radam" -> new Rule(2, 0.9f, 0.999f, 1e-8f, 1, 1, 0);
            case "lion" -> new Rule(1, 0.9f, 0.99f);
            case "rprop" -> new Rule(2, 0.5f, 1.2f, 1e-6f, 50, 0);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** Complementary error function, relative error below 1.2e-7 (Numerical Recipes in C, 2nd edition, section 6.2). */
    private static double erfc(double x) {
        double z = Math.abs(x);
        double t = 1 / (1 + 0.5 * z);
        double[] c = {
            -1.26551223,
            1.00002368,
            0.37409196,
            0.09678418,
            -0.18628806,
            0.27886807,
            -1.13520398,
            1.48851587,
            -0.82215223,
            0.17087277
        };
        double p = 0;
        for (int i = c.length - 1; i >= 0; i--) {
            p = p * t + c[i];
        }
        double y = t * Math.exp(-z * z + p);
        return x >= 0 ? y : 2 - y;
    }

    /**
     * A structured operation: along the last dimension, but for {@code sum-columns}; {@code gather} takes as many rows
     * of a table as fill the result, {@code permute} moves the last dimension to the second place (NHWC to NCHW).
     *
     * @param shape of the input
     * @param out elements of the result
     */
    public record Structured(int out, int... shape) {
        /** Elements of the input. */
        public int in() {
            return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        }
    }

    /** The operation of a name. */
    public static Structured structured(String op) {
        return switch (op) {
            case "sum-1M" -> new Structured(1, 1, 1_000_000);
            case "sum-rows", "sum-columns", "variance" -> new Structured(1000, 1000, 1000);
            case "gather" -> new Structured(4000 * 256, 10_000, 256);
            case "permute" -> new Structured(16 * 32 * 32 * 64, 16, 32, 32, 64);
            case "softmax", "log-softmax" -> new Structured(128_000, 128, 1000);
            default -> throw new IllegalArgumentException(op);
        };
    }

    /** Compares a few results of a structured operation with double precision. */
    public static void check(String op, float[] x, float[] y) {
        int[] s = structured(op).shape();
        int n = s[s.length - 1];
        int[] rows = op.equals("gather") ? labels(1, y.length / n, s[0]) : new int[0];
        for (int i = 0; i < y.length; i += 1 + y.length / 500) {
            int at = i;
            double[] line = switch (op) {
                case "sum-1M", "sum-rows", "variance" ->
                    IntStream.range(0, n).mapToDouble(j -> x[at * n + j]).toArray();
                case "sum-columns" ->
                    IntStream.range(0, s[0]).mapToDouble(j -> x[j * n + at]).toArray();
                case "softmax", "log-softmax" ->
                    IntStream.range(0, n).mapToDouble(j -> x[at / n * n + j]).toArray();
                default -> new double[0];
            };
            double mean = Arrays.stream(line).sum() / line.length;
            double expected = switch (op) {
                case "variance" ->
                    Arrays.stream(line).map(v -> (v - mean) * (v - mean)).sum() / (n - 1);
                case "softmax" ->
                    Math.exp(x[at]) / Arrays.stream(line).map(Math::exp).sum();
                case "log-softmax" ->
                    x[at] - Math.log(Arrays.stream(line).map(Math::exp).sum());
                case "gather" -> x[rows[at / n] * n + at % n];
                case "permute" -> {
                    int image = s[1] * s[2];
                    yield x[(at / n / image * image + at % image) * n + at / image % n];
                }
                default -> mean * line.length;
            };
            check(op + " at " + at, y[at], expected, 1e-3);
        }
    }

    /**
     * Leaves numbers that the other contenders of the row must have come to as well; the driver compares them, to a
     * part in a thousand of the larger of 1 and their size.
     */
    public static void tell(double... numbers) {
        told = numbers;
    }

    /** A dozen of these numbers, for all of them to be told. */
    public static void tell(float[] numbers) {
        tell(IntStream.range(0, 12)
                .mapToDouble(i -> numbers[i * (numbers.length - 1) / 11])
                .toArray());
    }

    /** Tells of each gradient its norm and two of its numbers. */
    public static void tellOf(float[]... gradients) {
        double[] numbers = new double[3 * gradients.length];
        for (int i = 0; i < gradients.length; i++) {
            float[] g = gradients[i];
            double squares = 0;
            for (float v : g) {
                squares += (double) v * v;
            }
            numbers[3 * i] = Math.sqrt(squares);
            numbers[3 * i + 1] = g[g.length / 3];
            numbers[3 * i + 2] = g[2 * g.length / 3];
        }
        tell(numbers);
    }

    /** What was told last. */
    static double[] told() {
        return told;
    }

    /**
     * Compares results with what they should be.
     *
     * @throws IllegalStateException if one is off by more than {@code tolerance} times the larger of 1 and its size
     */
    public static void check(String what, double actual, double expected, double tolerance) {
        if (!(Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)))) {
            throw new IllegalStateException(what + ": " + actual + " instead of " + expected);
        }
    }

    /**
     * Compares the answer of the network of the rows {@code mlp-} with that in double precision.
     *
     * @throws IllegalStateException if a logit is off by more than {@code tolerance} times the larger of 1 and its size
     */
    public static void checkMlp(float[] x, float[] logits, double tolerance) {
        double[] expected = mlp(x);
        for (int i = 0; i < expected.length; i++) {
            check("logit " + i, logits[i], expected[i], tolerance);
        }
    }

    /**
     * Holds an optimizer to numbers.
     *
     * @throws IllegalStateException if a value is infinite or NaN
     */
    public static void checkFinite(float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!Float.isFinite(values[i])) {
                throw new IllegalStateException("value " + i + " is " + values[i]);
            }
        }
    }

    /**
     * Holds a training row to training.
     *
     * @throws IllegalStateException unless the loss is finite and fell
     */
    public static void checkFell(double first, double last) {
        if (!Double.isFinite(last) || !(last < first)) {
            throw new IllegalStateException("the loss did not fall: " + first + " before, " + last + " after");
        }
    }
}
