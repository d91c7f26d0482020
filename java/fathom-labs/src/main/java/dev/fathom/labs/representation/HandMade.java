package dev.fathom.labs.representation;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/** Networks whose weights are not learned but chosen, each to show that a network with these weights exists. */
final class HandMade {
    private HandMade() {}

    /**
     * XOR by threshold units: "not both", 1[1.5 - a - b > 0], "one or both", 1[a + b - 0.5 > 0], and whether both of
     * these hold.
     */
    static Sequential xor() {
        return new Sequential(
                linear(new float[] {-1, -1, 1, 1}, new float[] {1.5f, -0.5f}, 2),
                Tensor::step,
                linear(filled(2, 1), new float[] {-1.5f}, 2),
                Tensor::step);
    }

    /**
     * A sum of {@code n} bumps on [0, 1], each of two steep sigmoids, as high as {@code f} in the middle of its
     * interval: a function that is constant on each of n intervals. Its error is at most max |f'| / (2 n).
     */
    static Sequential steps(DoubleUnaryOperator f, int n) {
        float steep = 1000f * n;
        float[] shifts = new float[2 * n];
        float[] heights = new float[2 * n];
        for (int i = 0; i < n; i++) {
            double from = i == 0 ? -1 : (double) i / n; // the first and the last bump go on beyond the interval
            double to = i == n - 1 ? 2 : (i + 1.0) / n;
            shifts[2 * i] = (float) (-steep * from);
            shifts[2 * i + 1] = (float) (-steep * to);
            heights[2 * i] = (float) f.applyAsDouble((i + 0.5) / n);
            heights[2 * i + 1] = -heights[2 * i];
        }
        return new Sequential(
                linear(filled(2 * n, steep), shifts, 1), Tensor::sigmoid, linear(heights, new float[1], 2 * n));
    }

    /**
     * A sum of n + 1 bumps on [0, 1], each a hat of three ReLUs, as high as {@code f} at its middle i/n: the polygon
     * through these points. Its error is at most max |f''| / (8 n^2).
     */
    static Sequential hats(DoubleUnaryOperator f, int n) {
        float[] shifts = new float[3 * (n + 1)];
        float[] heights = new float[shifts.length];
        for (int i = 0; i <= n; i++) {
            float height = (float) f.applyAsDouble((double) i / n);
            for (int j = 0; j < 3; j++) {
                shifts[3 * i + j] = -(float) (i + j - 1) / n;
                heights[3 * i + j] = (j == 1 ? -2 : 1) * n * height;
            }
        }
        return new Sequential(
                linear(filled(shifts.length, 1), shifts, 1),
                Tensor::relu,
                linear(heights, new float[1], shifts.length));
    }

    /**
     * A bump over the square [-1, 1]^2: four sigmoids say on which side of its edges a place lies, and a fifth whether
     * all four agree.
     */
    static Sequential tower() {
        float steep = 40;
        return new Sequential(
                linear(new float[] {steep, 0, -steep, 0, 0, steep, 0, -steep}, filled(4, steep), 2),
                Tensor::sigmoid,
                linear(filled(4, steep), new float[] {-3.5f * steep}, 4),
                Tensor::sigmoid);
    }

    /**
     * The widths of {@code depth} layers that together make 2^k teeth: powers of 2 as equal as possible, whose product
     * is 2^k.
     */
    static int[] widths(int k, int depth) {
        int[] widths = new int[depth];
        for (int i = 0; i < depth; i++) {
            widths[i] = 1 << (k / depth + (i < k % depth ? 1 : 0));
        }
        return widths;
    }

    /** The least w with (w + 1)^depth of at least {@code pieces}. */
    static int least(int pieces, int depth) {
        return IntStream.iterate(1, w -> w + 1)
                .filter(w -> Math.pow(w + 1.0, depth) >= pieces)
                .findFirst()
                .orElseThrow();
    }

    /**
     * The triangle wave with 2^k pieces between 0 and 1 over the mean of {@code inputs} numbers: 0 at even multiples of
     * 2^-k and 1 at odd ones. With one input it is the sawtooth of Telgarsky (2016). With 2^k inputs that are 0 or 1,
     * the mean is a multiple of 2^-k, and the wave is their parity.
     *
     * <p>A hidden layer of m ReLUs makes the wave with m pieces, m relu(x) + 2 m sum over j = 1 .. m - 1 of (-1)^j
     * relu(x - j/m), and a wave of a wave has the product of their pieces.
     *
     * @param depth the number of hidden layers, 1 to k
     */
    static Sequential wave(int inputs, int k, int depth) {
        List<Layer> layers = new ArrayList<>();
        float[] before = filled(inputs, 1f / inputs);
        for (int m : widths(k, depth)) {
            float[] weights = new float[m * before.length];
            float[] shifts = new float[m];
            float[] slopes = new float[m];
            for (int j = 0; j < m; j++) {
                System.arraycopy(before, 0, weights, j * before.length, before.length);
                shifts[j] = -(float) j / m;
                slopes[j] = j == 0 ? m : j % 2 == 0 ? 2 * m : -2 * m;
            }
            layers.add(linear(weights, shifts, before.length));
            layers.add(Tensor::relu);
            before = slopes;
        }
        layers.add(linear(before, new float[1], before.length));
        return new Sequential(layers);
    }

    /** What a network says to inputs [n, in]. */
    static float[] answers(Sequential net, int in, float... x) {
        try (Model<Sequential> model = Model.of(net, 0);
                Pass pass = Pass.infer()) {
            return model.net().apply(Tensor.of(x, x.length / in, in)).toArray();
        }
    }

    private static Linear linear(float[] weights, float[] bias, int in) {
        return new Linear(in, bias.length, (shape, rng) -> weights.clone()).withBias((shape, rng) -> bias.clone());
    }

    private static float[] filled(int n, float value) {
        float[] all = new float[n];
        Arrays.fill(all, value);
        return all;
    }
}
