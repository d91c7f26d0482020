package dev.fathom.labs.sound;

import dev.fathom.experiments.data.Vowel;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.sound.LinearPrediction;
import dev.fathom.sound.Wav;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;

/**
 * What a method says: takes of each vowel, the envelope of each take, and that of all takes of a vowel.
 *
 * @param sounds [vowels, takes, samples]
 */
record Speaker(String name, float[][][] sounds, LinearPrediction[][] each, LinearPrediction[] envelopes) {
    static final int ORDER = 12;
    private static final Vowel[] VOWELS = Vowel.values();

    Speaker(String name, float[][][] sounds) {
        this(
                name,
                sounds,
                Arrays.stream(sounds)
                        .map(takes ->
                                Arrays.stream(takes).map(Speaker::envelope).toArray(LinearPrediction[]::new))
                        .toArray(LinearPrediction[][]::new),
                Arrays.stream(sounds).map(Speaker::envelope).toArray(LinearPrediction[]::new));
    }

    double pitch(int vowel) {
        return Averages.mean(sounds[vowel].length, i -> LinearPrediction.pitch(Vowel.RATE, sounds[vowel][i])[0]);
    }

    double periodic() {
        return mean(v ->
                Averages.mean(sounds[0].length, i -> LinearPrediction.pitch(Vowel.RATE, sounds[v.ordinal()][i])[1]));
    }

    /** The mean relative error of the first two formants of a take in %. */
    double error(LinearPrediction[] known) {
        return each((v, take) -> error(take.formants(), known[v]));
    }

    /** The mean distance of a take's envelope. */
    double distance(LinearPrediction[] known) {
        return each((v, take) -> take.distance(known[v]));
    }

    /** The mean number of vowels, if each is said once, whose envelope is nearest to that of the same vowel. */
    double recognized(LinearPrediction[] known) {
        return VOWELS.length
                * each((v, take) -> {
                    double right = take.distance(known[v]);
                    return Arrays.stream(known).allMatch(k -> right <= take.distance(k)) ? 1 : 0;
                });
    }

    private interface Measure {
        double of(int vowel, LinearPrediction take);
    }

    /** The mean over the takes of all vowels. */
    private double each(Measure measure) {
        return mean(v -> Averages.mean(each[v.ordinal()].length, i -> measure.of(v.ordinal(), each[v.ordinal()][i])));
    }

    /** A take of each vowel one after another, with a fifth of a second of silence behind each. */
    Wav recording() {
        int each = sounds[0][0].length + Vowel.RATE / 5;
        float[] all = new float[VOWELS.length * each];
        for (int v = 0; v < VOWELS.length; v++) {
            System.arraycopy(Vowel.heard(sounds[v][0]), 0, all, v * each, sounds[v][0].length);
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
