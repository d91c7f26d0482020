package dev.fathom.labs.sound;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.Vowel;
import dev.fathom.nn.GaussianNoise;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A network that says one sample after another: from the {@link #CONTEXT} samples before, which are more than a period,
 * and the vowel, it says the probability of each of {@link #LEVELS} levels of the next (van den Oord et al. 2016).
 * Levels follow the mu-law, which is finer where sound is soft.
 *
 * @param layers from inputs [n, CONTEXT + vowels] to the logits [n, LEVELS]
 */
record Voice(Layer layers) implements Layer {
    static final int LEVELS = 128;
    static final int CONTEXT = 96;
    /** The numbers of an input: the samples before, the oldest first, and a one for the vowel. */
    static final int INPUTS = CONTEXT + Vowel.values().length;

    /**
     * The deviation of noise on the inputs in training, so that the network learns to go on from samples of its own,
     * which are a little wrong.
     */
    private static final float NOISE = 0.02f;

    private static final double MU = LEVELS - 1;

    static Voice of(int units) {
        return new Voice(new Sequential(
                new GaussianNoise(NOISE),
                new Linear(INPUTS, units).act(RELU),
                new Linear(units, units).act(RELU),
                new Linear(units, LEVELS)));
    }

    @Override
    public Tensor forward(Tensor x) {
        return layers.apply(x);
    }

    /** sign(x) log(1 + mu |x|) / log(1 + mu), from -1 to 1, in whole levels. */
    static int level(float sample) {
        double compressed = Math.signum(sample) * Math.log1p(MU * Math.min(1, Math.abs(sample))) / Math.log1p(MU);
        return (int) Math.max(0, Math.min(LEVELS - 1, Math.floor((compressed + 1) / 2 * LEVELS)));
    }

    /** What the network sees of a level: its place from -1 to 1. */
    static float place(int level) {
        return (level + 0.5f) / LEVELS * 2 - 1;
    }

    /** The sample in the middle of a level. */
    static float sample(int level) {
        double compressed = place(level);
        return (float) (Math.signum(compressed) * Math.expm1(Math.abs(compressed) * Math.log1p(MU)) / MU);
    }

    /**
     * Random places of random recordings: x [INPUTS] and the level y that follows. Samples before a recording are
     * silence.
     */
    static Dataset places(float[][][] recordings, int count, Rng rng) {
        float[] x = new float[count * INPUTS];
        int[] y = new int[count];
        int vowels = recordings.length;
        int[] voices = rng.split("voices").ints(count, recordings[0].length);
        int[] at = rng.split("places").ints(count, recordings[0][0].length);
        for (int n = 0; n < count; n++) {
            float[] sound = recordings[n % vowels][voices[n]];
            for (int k = 0; k < CONTEXT; k++) {
                int t = at[n] - CONTEXT + k;
                x[n * INPUTS + k] = t < 0 ? 0 : place(level(sound[t]));
            }
            x[n * INPUTS + CONTEXT + n % vowels] = 1;
            y[n] = level(sound[at[n]]);
        }
        return Dataset.of(x, Shape.of(INPUTS), y);
    }

    /** The bits of a sample that is said by how often each level occurs in the recordings, whatever came before. */
    static double frequencies(float[][][] heard, float[][] held) {
        double[] counts = new double[LEVELS];
        Arrays.fill(counts, 1);
        for (float[][] voices : heard) {
            for (float[] sound : voices) {
                for (float sample : sound) {
                    counts[level(sample)]++;
                }
            }
        }
        double all = Arrays.stream(counts).sum();
        return Arrays.stream(held)
                .flatMapToDouble(s -> IntStream.range(0, s.length)
                        .mapToDouble(t -> -Math.log(counts[level(s[t])] / all) / Math.log(2)))
                .average()
                .orElseThrow();
    }

    /** Says every vowel for so many samples after silence, all at the same time, by a frozen plan. */
    static float[][] speak(Model<Voice> model, int samples, float temperature, Rng rng) {
        int vowels = Vowel.values().length;
        float[][] spoken = new float[vowels][samples];
        float[][] places = new float[vowels][CONTEXT + samples];
        double[] draws = rng.doubles(samples * vowels);
        try (Plan plan = Plan.freeze(model, Shape.of(vowels, INPUTS));
                Session session = plan.newSession(vowels)) {
            FloatBuffer x = session.input();
            for (int v = 0; v < vowels; v++) {
                x.put(v * INPUTS + CONTEXT + v, 1);
            }
            for (int t = 0; t < samples; t++) {
                for (int v = 0; v < vowels; v++) {
                    x.put(v * INPUTS, places[v], t, CONTEXT);
                }
                session.run();
                FloatBuffer logits = session.output();
                for (int v = 0; v < vowels; v++) {
                    int level = drawn(logits, v * LEVELS, temperature, draws[t * vowels + v]);
                    places[v][CONTEXT + t] = place(level);
                    spoken[v][t] = sample(level);
                }
            }
        }
        return spoken;
    }

    /** The level at which the cumulative softmax of logits / temperature passes {@code draw}. */
    private static int drawn(FloatBuffer logits, int from, float temperature, double draw) {
        double[] shares = IntStream.range(0, LEVELS)
                .mapToDouble(i -> logits.get(from + i) / temperature)
                .toArray();
        double most = Arrays.stream(shares).max().orElseThrow();
        Arrays.setAll(shares, i -> Math.exp(shares[i] - most));
        double left = draw * Arrays.stream(shares).sum();
        int level = 0;
        while (level < LEVELS - 1 && left >= shares[level]) {
            left -= shares[level++];
        }
        return level;
    }
}
