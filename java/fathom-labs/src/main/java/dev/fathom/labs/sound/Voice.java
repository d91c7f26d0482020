package dev.fathom.labs.sound;

import static dev.fathom.op.Activation.RELU;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.data.Vowel;
import dev.fathom.experiments.statistics.Averages;
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
 * A network that says one sample after another: from the {@link #CONTEXT} samples before and the vowel, it says the
 * probability of each of {@link #LEVELS} levels of the next (van den Oord et al. 2016). Levels follow the mu-law, which
 * is finer where sound is soft. The sound may be a voice, or what linear prediction leaves of one.
 *
 * @param layers from inputs [n, CONTEXT + vowels] to the logits [n, LEVELS]
 */
record Voice(Layer layers) implements Layer {
    static final int LEVELS = 128;
    /** Two periods of 85 hertz: how far apart the last two pulses are tells when the next one comes. */
    static final int CONTEXT = 192;

    private static final MuLaw LAW = new MuLaw(LEVELS);
    private static final int SILENCE = LAW.level(0);
    private static final int VOWELS = Vowel.values().length;
    /** The numbers of an input: the samples before, the oldest first, and one for each vowel. */
    static final int INPUTS = CONTEXT + VOWELS;

    static Voice of(int units) {
        return new Voice(new Sequential(
                new Linear(INPUTS, units).act(RELU), new Linear(units, units).act(RELU), new Linear(units, LEVELS)));
    }

    @Override
    public Tensor forward(Tensor x) {
        return layers.apply(x);
    }

    /**
     * Random places of random recordings of each vowel: x [INPUTS], as {@linkplain MuLaw#place places} of levels, and
     * the level y that follows. Samples before a recording are silence.
     */
    static Dataset places(float[][][] recordings, int count, Rng rng) {
        byte[] x = new byte[count * INPUTS];
        int[] y = new int[count];
        int[] voices = rng.split("voices").ints(count, recordings[0].length);
        int[] at = rng.split("places").ints(count, recordings[0][0].length);
        for (int n = 0; n < count; n++) {
            float[] sound = recordings[n % VOWELS][voices[n]];
            for (int k = 0; k < CONTEXT; k++) {
                int t = at[n] - CONTEXT + k;
                x[n * INPUTS + k] = (byte) (t < 0 ? SILENCE : LAW.level(sound[t]));
            }
            for (int v = 0; v < VOWELS; v++) {
                x[n * INPUTS + CONTEXT + v] = (byte) chosen(v == n % VOWELS);
            }
            y[n] = LAW.level(sound[at[n]]);
        }
        try (Dataset levels = Dataset.of(
                Field.pixels("x", Shape.of(INPUTS), x).input(),
                Field.labels("y", y).target())) {
            return levels.scaled(2f / LEVELS, 1f / LEVELS - 1);
        }
    }

    /** The level that stands for the vowel to say, or for another one. */
    private static int chosen(boolean vowel) {
        return vowel ? LEVELS - 1 : 0;
    }

    /** The bits of a sample that is said by how often each level occurs in the recordings, whatever came before. */
    static double frequencies(float[][][] heard, float[][][] held) {
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
                .flatMap(Arrays::stream)
                .flatMapToDouble(s -> IntStream.range(0, s.length)
                        .mapToDouble(t -> -Math.log(counts[LAW.level(s[t])] / all) / Math.log(2)))
                .average()
                .orElseThrow();
    }

    /**
     * Says every vowel a few times [vowels, takes, samples] after silence, all at the same time, by a frozen plan: each
     * sample is drawn from the probabilities that the network says.
     */
    static float[][][] speak(Model<Voice> model, int takes, int samples, Rng rng) {
        int rows = VOWELS * takes;
        float[][][] spoken = new float[VOWELS][takes][samples];
        float[][] places = new float[rows][CONTEXT + samples];
        double[] draws = rng.doubles(samples * rows);
        try (Plan plan = Plan.freeze(model, Shape.of(rows, INPUTS));
                Session session = plan.newSession(rows)) {
            FloatBuffer x = session.input();
            for (int row = 0; row < rows; row++) {
                Arrays.fill(places[row], 0, CONTEXT, LAW.place(SILENCE));
                for (int v = 0; v < VOWELS; v++) {
                    x.put(row * INPUTS + CONTEXT + v, LAW.place(chosen(v == row / takes)));
                }
            }
            for (int t = 0; t < samples; t++) {
                for (int row = 0; row < rows; row++) {
                    x.put(row * INPUTS, places[row], t, CONTEXT);
                }
                session.run();
                FloatBuffer logits = session.output();
                for (int row = 0; row < rows; row++) {
                    int level = drawn(logits, row * LEVELS, draws[t * rows + row]);
                    places[row][CONTEXT + t] = LAW.place(level);
                    spoken[row / takes][row % takes][t] = LAW.sample(level);
                }
            }
        }
        return spoken;
    }

    /** The level at which the cumulative softmax of logits passes {@code draw}. */
    private static int drawn(FloatBuffer logits, int from, double draw) {
        double[] shares = Averages.each(LEVELS, i -> logits.get(from + i));
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
