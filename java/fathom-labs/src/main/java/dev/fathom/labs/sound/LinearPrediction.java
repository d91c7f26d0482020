package dev.fathom.labs.sound;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A linear autoregressive model x[t] = sum a[k] x[t - k] + e[t] by the autocorrelation of a sound (Atal and Hanauer
 * 1971): its gain over frequencies is the envelope of the spectrum, whose peaks are the formants.
 *
 * @param a the coefficients a[1] to a[order]
 * @param deviation of e
 */
record LinearPrediction(double[] a, double deviation) {
    private static final int FRAME = 240;
    private static final double STEP = 5;
    /** The lowest and the highest pitch that is looked for, in hertz. */
    private static final int[] PITCH = {70, 250};

    /**
     * Fits sounds by the mean autocorrelation of their frames under a Hann window, solved by Levinson's and Durbin's
     * recursion.
     */
    static LinearPrediction of(int order, float[]... sounds) {
        double[] r = new double[order + 1];
        int frames = 0;
        for (float[] sound : sounds) {
            for (int from = 0; from + FRAME <= sound.length; from += FRAME / 2, frames++) {
                double[] x = new double[FRAME];
                for (int t = 0; t < FRAME; t++) {
                    x[t] = sound[from + t] * (0.5 - 0.5 * Math.cos(2 * Math.PI * (t + 0.5) / FRAME));
                }
                for (int lag = 0; lag <= order; lag++) {
                    for (int t = lag; t < FRAME; t++) {
                        r[lag] += x[t] * x[t - lag];
                    }
                }
            }
        }
        r[0] = r[0] * (1 + 1e-6) + 1e-12;
        double[] a = new double[order + 1];
        double error = r[0];
        for (int k = 1; k <= order; k++) {
            double sum = r[k];
            for (int j = 1; j < k; j++) {
                sum -= a[j] * r[k - j];
            }
            double reflection = sum / error;
            double[] before = a.clone();
            a[k] = reflection;
            for (int j = 1; j < k; j++) {
                a[j] = before[j] - reflection * before[k - j];
            }
            error *= 1 - reflection * reflection;
        }
        double power = 0.375 * FRAME * Math.max(1, frames); // the mean square of the window
        return new LinearPrediction(Arrays.copyOfRange(a, 1, order + 1), Math.sqrt(error / power));
    }

    /** Its frequencies, up to half the rate. */
    static double[] frequencies() {
        double[] all = new double[(int) (Vowel.RATE / 2 / STEP)];
        Arrays.setAll(all, i -> (i + 1) * STEP);
        return all;
    }

    /** The gain at {@link #frequencies}, in decibels, with mean 0. */
    double[] envelope() {
        double[] frequencies = frequencies();
        double[] all = new double[frequencies.length];
        for (int i = 0; i < all.length; i++) {
            double w = 2 * Math.PI * frequencies[i] / Vowel.RATE;
            double real = 1;
            double imaginary = 0;
            for (int k = 0; k < a.length; k++) {
                real -= a[k] * Math.cos(w * (k + 1));
                imaginary += a[k] * Math.sin(w * (k + 1));
            }
            all[i] = -10 * Math.log10(real * real + imaginary * imaginary);
        }
        double mean = Averages.mean(all);
        return Arrays.stream(all).map(gain -> gain - mean).toArray();
    }

    /**
     * The frequencies of the first two peaks of the envelope above 200 hertz. Where there is only one, it stands twice.
     */
    double[] formants() {
        double[] frequencies = frequencies();
        double[] gain = envelope();
        List<Double> peaks = new ArrayList<>();
        for (int i = 1; i + 1 < gain.length; i++) {
            if (frequencies[i] > 200 && gain[i] > gain[i - 1] && gain[i] >= gain[i + 1]) {
                peaks.add(frequencies[i]);
            }
        }
        double first = peaks.isEmpty() ? frequencies[0] : peaks.get(0);
        return new double[] {first, peaks.size() < 2 ? first : peaks.get(1)};
    }

    /** The root of the mean squared difference of two envelopes, in decibels. */
    double distance(LinearPrediction other) {
        double[] mine = envelope();
        double[] theirs = other.envelope();
        return Math.sqrt(IntStream.range(0, mine.length)
                .mapToDouble(i -> (mine[i] - theirs[i]) * (mine[i] - theirs[i]))
                .average()
                .orElseThrow());
    }

    /** A sound of this model, driven by normal noise. */
    float[] speak(int samples, Rng rng) {
        float[] noise = rng.normal(samples, 0, (float) deviation);
        float[] x = new float[samples];
        for (int t = 0; t < samples; t++) {
            double sum = noise[t];
            for (int k = 1; k <= Math.min(t, a.length); k++) {
                sum += a[k - 1] * x[t - k];
            }
            x[t] = (float) Math.max(-1, Math.min(1, sum));
        }
        return x;
    }

    /**
     * The pitch of a sound in hertz and how periodic it is: the lag of the largest autocorrelation between those of 70
     * and 250 hertz, and its size.
     */
    static double[] pitch(float[] x) {
        double best = -1;
        int at = 1;
        for (int lag = Vowel.RATE / PITCH[1]; lag <= Vowel.RATE / PITCH[0]; lag++) {
            double product = 0;
            double one = 1e-12;
            double two = 1e-12;
            for (int t = lag; t < x.length; t++) {
                product += (double) x[t] * x[t - lag];
                one += (double) x[t] * x[t];
                two += (double) x[t - lag] * x[t - lag];
            }
            double r = product / Math.sqrt(one * two);
            if (r > best) {
                best = r;
                at = lag;
            }
        }
        return new double[] {(double) Vowel.RATE / at, best};
    }
}
