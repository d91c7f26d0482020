package dev.fathom.sound;

import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Linear prediction of a sound (Atal and Hanauer 1971): x[t] = a[1] x[t - 1] + ... + a[order] x[t - order] + e[t], by
 * the autocorrelation of the sound. Its gain over frequencies is the envelope of the spectrum, whose peaks are the
 * formants of a voice.
 *
 * <pre>{@code
 * LinearPrediction voice = LinearPrediction.of(wav.rate(), 12, wav.mono());
 * double[] formants = voice.formants();                    // such as 730 and 1090 hertz, in hod
 * float[] whispered = voice.speak(8000, new Rng(1));
 * }</pre>
 *
 * @param rate samples per second
 * @param a the coefficients a[1] to a[order]
 * @param deviation of e
 */
public record LinearPrediction(int rate, double[] a, double deviation) {
    private static final double WINDOW = 0.03; // seconds of a frame
    private static final double STEP = 5;
    /** The lowest and the highest pitch that is looked for, in hertz. */
    private static final int[] PITCH = {70, 250};

    /**
     * Keeps its own array.
     *
     * @throws IllegalArgumentException unless the rate is at least 500, there is a coefficient, and all numbers are
     *     finite
     */
    public LinearPrediction {
        a = a.clone();
        if (rate < 2 * PITCH[1]
                || a.length == 0
                || !DoubleStream.concat(DoubleStream.of(deviation), Arrays.stream(a))
                        .allMatch(Double::isFinite)) {
            throw new IllegalArgumentException("linear prediction: rate=" + rate + " a=" + Arrays.toString(a)
                    + " deviation=" + deviation + "; give a rate of at least " + 2 * PITCH[1]
                    + " and one or more finite coefficients");
        }
    }

    /** Returns the coefficients a[1] to a[order]. */
    @Override
    public double[] a() {
        return a.clone();
    }

    /**
     * Fits sounds by the mean autocorrelation of their frames of 30 milliseconds, half of that apart, under a Hann
     * window; Levinson's and Durbin's recursion solves for the coefficients.
     *
     * @throws IllegalArgumentException if the rate is below 500, the order is not from 1 to less than the samples of a
     *     frame, no sound has a whole frame, or a sample is NaN or infinite
     */
    public static LinearPrediction of(int rate, int order, float[]... sounds) {
        int frame = (int) Math.round(WINDOW * rate);
        if (rate < 2 * PITCH[1] || order < 1 || order >= frame) {
            throw new IllegalArgumentException("linear prediction: rate=" + rate + " order=" + order
                    + "; give a rate of at least " + 2 * PITCH[1] + " and an order from 1 to less than the " + frame
                    + " samples of a frame");
        }
        double[] r = new double[order + 1];
        int frames = 0;
        for (float[] sound : sounds) {
            for (int from = 0; from + frame <= sound.length; from += frame / 2, frames++) {
                double[] x = new double[frame];
                for (int t = 0; t < frame; t++) {
                    x[t] = sound[from + t] * (0.5 - 0.5 * Math.cos(2 * Math.PI * (t + 0.5) / frame));
                }
                for (int lag = 0; lag <= order; lag++) {
                    for (int t = lag; t < frame; t++) {
                        r[lag] += x[t] * x[t - lag];
                    }
                }
            }
        }
        if (frames == 0 || !Double.isFinite(r[0])) {
            throw new IllegalArgumentException("linear prediction: there is no frame of " + frame
                    + " finite samples; give a sound of at least 30 milliseconds");
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
        double power = 0.375 * frame * frames; // the mean square of the window
        return new LinearPrediction(rate, Arrays.copyOfRange(a, 1, order + 1), Math.sqrt(error / power));
    }

    /** Returns the frequencies of {@link #envelope}, every 5 hertz up to half the rate. */
    public double[] frequencies() {
        int half = rate / 2;
        double[] all = new double[(int) (half / STEP)];
        Arrays.setAll(all, i -> (i + 1) * STEP);
        return all;
    }

    /** Returns the gain 1 / |1 - sum of a[k] e^(-iwk)|^2 at {@link #frequencies}, in decibels, with mean 0. */
    public double[] envelope() {
        double[] frequencies = frequencies();
        double[] all = new double[frequencies.length];
        for (int i = 0; i < all.length; i++) {
            double w = 2 * Math.PI * frequencies[i] / rate;
            double real = 1;
            double imaginary = 0;
            for (int k = 0; k < a.length; k++) {
                real -= a[k] * Math.cos(w * (k + 1));
                imaginary += a[k] * Math.sin(w * (k + 1));
            }
            all[i] = -10 * Math.log10(real * real + imaginary * imaginary);
        }
        double mean = Arrays.stream(all).average().orElseThrow();
        return Arrays.stream(all).map(gain -> gain - mean).toArray();
    }

    /**
     * Returns the frequencies of the first two peaks of the envelope above 200 hertz. If there is only one, it is
     * returned twice.
     */
    public double[] formants() {
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

    /**
     * Returns the root of the mean squared difference of two envelopes, in decibels.
     *
     * @throws IllegalArgumentException if the other one has another rate
     */
    public double distance(LinearPrediction other) {
        if (rate != other.rate) {
            throw new IllegalArgumentException("linear prediction: rates of " + rate + " and " + other.rate
                    + " have envelopes of other frequencies; give sounds of the same rate");
        }
        double[] mine = envelope();
        double[] theirs = other.envelope();
        return Math.sqrt(IntStream.range(0, mine.length)
                .mapToDouble(i -> (mine[i] - theirs[i]) * (mine[i] - theirs[i]))
                .average()
                .orElseThrow());
    }

    /** Returns what is left of a sound, e[t] = x[t] - a[1] x[t - 1] - ... - a[order] x[t - order], after silence. */
    public float[] residual(float... x) {
        float[] e = new float[x.length];
        for (int t = 0; t < e.length; t++) {
            e[t] = (float) (x[t] - predicted(x, t));
        }
        return e;
    }

    /**
     * Returns the sound x[t] = a[1] x[t - 1] + ... + a[order] x[t - order] + e[t] after silence, cut off at -1 and 1;
     * the inverse of {@link #residual}.
     */
    public float[] excited(float... e) {
        float[] x = new float[e.length];
        for (int t = 0; t < x.length; t++) {
            x[t] = (float) Math.max(-1, Math.min(1, e[t] + predicted(x, t)));
        }
        return x;
    }

    private double predicted(float[] x, int t) {
        double sum = 0;
        for (int k = 1; k <= Math.min(t, a.length); k++) {
            sum += a[k - 1] * x[t - k];
        }
        return sum;
    }

    /** Returns a sound of this model, driven by normal noise and cut off at -1 and 1. */
    public float[] speak(int samples, Rng rng) {
        return excited(rng.normal(samples, 0, (float) deviation));
    }

    /**
     * Returns the pitch of a sound in hertz and how periodic it is: the lag of the largest autocorrelation between
     * those of 70 and 250 hertz, and its size.
     *
     * @throws IllegalArgumentException if the rate is below 500, the sound is shorter than two periods of 70 hertz, or
     *     a sample is NaN or infinite
     */
    public static double[] pitch(int rate, float... x) {
        if (rate < 2 * PITCH[1] || x.length < 2 * (rate / PITCH[0])) {
            throw new IllegalArgumentException("pitch: " + x.length + " samples at a rate of " + rate
                    + "; give at least two periods of " + PITCH[0] + " hertz at a rate of at least " + 2 * PITCH[1]);
        }
        for (float sample : x) {
            if (!Float.isFinite(sample)) {
                throw new IllegalArgumentException("pitch: a sample is " + sample + "; give finite numbers");
            }
        }
        double best = -1;
        int at = 1;
        for (int lag = rate / PITCH[1]; lag <= rate / PITCH[0]; lag++) {
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
        return new double[] {(double) rate / at, best};
    }
}
