package dev.fathom.labs.sound;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.Vowel;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.nets.GaussianNoise;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.plan.Plan;
import dev.fathom.plan.Session;
import dev.fathom.sound.MuLaw;
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
    private static final MuLaw LAW = new MuLaw(LEVELS);
    /** The numbers of an input: the samples before, the oldest first, and a one for the vowel. */
    static final int INPUTS = CONTEXT + Vowel.values().length;

    /**
     * The deviation of noise on the inputs in training, so that the network learns to go on from samples of its own,
     * which are a little wrong.
     */
    private static final float NOISE = 0.02f;

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
                x[n * INPUTS + k] = t < 0 ? 0 : LAW.place(LAW.level(sound[t]));
            }
            x[n * INPUTS + CONTEXT + n % vowels] = 1;
            y[n] = LAW.level(sound[at[n]]);
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
                    counts[LAW.level(sample)]++;
                }
            }
        }
        double all = Arrays.stream(counts).sum();
        return Arrays.stream(held)
                .flatMapToDouble(s -> IntStream.range(0, s.length)
                        .mapToDouble(t -> -Math.log(counts[LAW.level(s[t])] / all) / Math.log(2)))
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
                    places[v][CONTEXT + t] = LAW.place(level);
                    spoken[v][t] = LAW.sample(level);
                }
            }
        }
        return spoken;
    }

    /** The level at which the cumulative softmax of logits / temperature passes {@code draw}. */
    private static int drawn(FloatBuffer logits, int from, float temperature, double draw) {
        double[] shares = Averages.each(LEVELS, i -> logits.get(from + i) / temperature);
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
