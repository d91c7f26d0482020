package dev.fathom.experiments.data;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tensor.Rng;
import java.util.Arrays;

/**
 * Vowels of American English with the mean formants of 33 men, in hertz (Peterson and Barney 1952), spoken by a source
 * and a filter: pulses of the glottis go through four resonances.
 */
public enum Vowel {
    /** As in heed. */
    I("heed", 270, 2290, 3010),
    /** As in head. */
    E("head", 530, 1840, 2480),
    /** As in hod. */
    A("hod", 730, 1090, 2440),
    /** As in hawed. */
    O("hawed", 570, 840, 2410),
    /** As in who'd. */
    U("who'd", 300, 870, 2240);

    /** Samples per second. */
    public static final int RATE = 8000;

    private static final double[] BANDWIDTHS = {60, 80, 120, 180};
    private static final double FOURTH = 3500;
    private static final double GLOTTIS = 200;
    private static final float LOUD = 0.8f;

    private final String word;
    private final double[] formants;

    Vowel(String word, double... formants) {
        this.word = word;
        this.formants = formants;
    }

    /** A word that has it. */
    public String word() {
        return word;
    }

    /** The mean of each formant. */
    public double[] formants() {
        return formants.clone();
    }

    /**
     * A recording of a voice of its own, whose formants differ from the means by a few percent, and whose pitch lies
     * near 120 hertz and wavers.
     */
    public float[] speak(int samples, Rng rng) {
        float[] numbers = rng.split("voice").normal(5, 0, 1);
        double tract = 1 + 0.03 * numbers[0];
        double pitch = 120 * (1 + 0.08 * numbers[1]);
        float[] wavering = rng.split("pitch").normal(samples, 0, 1);
        float[] breath = rng.split("breath").normal(samples, 0, 0.004f);
        double[] sound = new double[samples];
        double phase = 0;
        for (int t = 0; t < samples; t++) {
            phase += pitch * (1 + 0.01 * wavering[t]) / RATE;
            if (phase >= 1) {
                phase -= 1;
                sound[t] = 1;
            }
            sound[t] += breath[t];
        }
        for (int f = 0; f < BANDWIDTHS.length; f++) {
            resonate(
                    sound,
                    tract * (f < formants.length ? formants[f] * (1 + 0.01 * numbers[2 + f]) : FOURTH),
                    BANDWIDTHS[f]);
        }
        return loud(sound);
    }

    /**
     * A sound as one hears it: the glottis lets high frequencies fall. Filters may change places, so this one comes
     * last, and all that is learned and measured is the sound before it, whose spectrum is flat but for the formants.
     */
    public static float[] heard(float[] sound) {
        double[] x = Averages.doubles(sound);
        resonate(x, 0, GLOTTIS);
        return loud(x);
    }

    private static float[] loud(double[] sound) {
        double most = Arrays.stream(sound).map(Math::abs).max().orElse(1);
        float[] scaled = new float[sound.length];
        for (int t = 0; t < scaled.length; t++) {
            scaled[t] = (float) (LOUD * sound[t] / Math.max(1e-9, most));
        }
        return scaled;
    }

    /**
     * y[t] = x[t] + 2 r cos(w) y[t - 1] - r^2 y[t - 2], a resonance at a frequency with a bandwidth (Klatt 1980), in
     * place.
     */
    private static void resonate(double[] x, double frequency, double bandwidth) {
        double r = Math.exp(-Math.PI * bandwidth / RATE);
        double b = 2 * r * Math.cos(2 * Math.PI * frequency / RATE);
        double gain = 1 - b + r * r;
        double one = 0;
        double two = 0;
        for (int t = 0; t < x.length; t++) {
            double y = gain * x[t] + b * one - r * r * two;
            two = one;
            one = y;
            x[t] = y;
        }
    }
}
