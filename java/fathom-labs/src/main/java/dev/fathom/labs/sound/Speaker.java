package dev.fathom.labs.sound;

import dev.fathom.experiments.data.Vowel;
import dev.fathom.sound.LinearPrediction;
import dev.fathom.sound.Wav;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/** What a method says: a sound for each vowel, and its envelope. */
record Speaker(String name, float[][] sounds, LinearPrediction[] envelopes) {
    static final int ORDER = 12;
    private static final Vowel[] VOWELS = Vowel.values();

    Speaker(String name, float[][] sounds) {
        this(name, sounds, Arrays.stream(sounds).map(Speaker::envelope).toArray(LinearPrediction[]::new));
    }

    double pitch(int vowel) {
        return LinearPrediction.pitch(Vowel.RATE, sounds[vowel])[0];
    }

    double periodic() {
        return mean(v -> LinearPrediction.pitch(Vowel.RATE, sounds[v.ordinal()])[1]);
    }

    /** The mean relative error of the first two formants in %. */
    double error(LinearPrediction[] known) {
        return mean(v -> error(envelopes[v.ordinal()].formants(), known[v.ordinal()]));
    }

    double distance(LinearPrediction[] known) {
        return mean(v -> envelopes[v.ordinal()].distance(known[v.ordinal()]));
    }

    /** The number of vowels whose envelope is nearest to that of the same vowel. */
    long recognized(LinearPrediction[] known) {
        return IntStream.range(0, VOWELS.length)
                .filter(v ->
                        Arrays.stream(known).allMatch(k -> envelopes[v].distance(known[v]) <= envelopes[v].distance(k)))
                .count();
    }

    /** All vowels one after another, with a fifth of a second of silence behind each. */
    Wav recording() {
        int each = sounds[0].length + Vowel.RATE / 5;
        float[] all = new float[VOWELS.length * each];
        for (int v = 0; v < VOWELS.length; v++) {
            System.arraycopy(Vowel.heard(sounds[v]), 0, all, v * each, sounds[v].length);
        }
        return Wav.of(Vowel.RATE, all);
    }

    /** The envelope of some sounds of a vowel. */
    static LinearPrediction envelope(float[]... sounds) {
        return LinearPrediction.of(Vowel.RATE, ORDER, sounds);
    }

    /** The mean over the vowels. */
    static double mean(ToDoubleFunction<Vowel> of) {
        return Arrays.stream(VOWELS).mapToDouble(of).average().orElseThrow();
    }

    /** The mean relative error of two formants in %. */
    static double error(double[] said, LinearPrediction known) {
        double[] right = known.formants();
        return 50 * (Math.abs(said[0] / right[0] - 1) + Math.abs(said[1] / right[1] - 1));
    }
}
