package dev.fathom.sound;

import dev.fathom.tree.Records;

/**
 * A bank of triangular filters over the bins of a spectrum, equally far apart on the mel scale, which follows how
 * people hear the distance of two pitches. The filters of {@link #slaney} are those of {@code librosa.filters.mel},
 * those of {@link #htk} those of {@code torchaudio.transforms.MelSpectrogram}, each with its defaults.
 *
 * <pre>{@code
 * var stft = new Stft(256);
 * var mel = Mel.htk(8000, 256, 26);
 * float[] features = mel.log(stft.forward(wav));           // [frames, 26], ln(power in each band)
 * }</pre>
 *
 * <p>Filter m is a triangle between the frequencies f[m], f[m + 1] and f[m + 2], of which the first is {@code low} and
 * the last {@code high}: its weight at the frequency f of a bin is max(0, min((f - f[m]) / (f[m + 1] - f[m]), (f[m + 2]
 * - f) / (f[m + 2] - f[m + 1]))), and 2 / (f[m + 2] - f[m]) times as much if it is normalized, so that all filters have
 * the same area.
 *
 * @param rate samples a second
 * @param size samples of a frame
 * @param filters the number of filters
 * @param low the lowest frequency, in Hz
 * @param high the highest frequency, in Hz
 * @param scale the formula of the mel scale
 * @param normalized whether all filters have the same area instead of the same height
 */
public record Mel(int rate, int size, int filters, double low, double high, Scale scale, boolean normalized) {
    /** The powers below this are taken for it, because 0 has no logarithm. */
    private static final double LEAST = 1e-10;

    /** The formula from frequency to mel. */
    public enum Scale {
        /** mel(f) = 2595 log10(1 + f / 700), of the Hidden Markov Model Toolkit and O'Shaughnessy (1987). */
        HTK,
        /**
         * Linear up to 1,000 Hz, 3 f / 200, and logarithmic above, 15 + 27 ln(f / 1000) / ln(6.4): Slaney's Auditory
         * Toolbox (1998).
         */
        SLANEY;

        double mel(double f) {
            return this == HTK
                    ? 2595 * Math.log10(1 + f / 700)
                    : f < 1000 ? 3 * f / 200 : 15 + 27 * Math.log(f / 1000) / Math.log(6.4);
        }

        double frequency(double mel) {
            return this == HTK
                    ? 700 * (Math.pow(10, mel / 2595) - 1)
                    : mel < 15 ? 200 * mel / 3 : 1000 * Math.exp(Math.log(6.4) * (mel - 15) / 27);
        }
    }

    /**
     * Checks the numbers.
     *
     * @throws IllegalArgumentException unless the rate is above 0, the size even and from 2 to 2^24, there are 1 to
     *     100,000 filters, and {@code 0 <= low < high <= rate / 2}
     */
    public Mel {
        if (rate < 1 || size < 2 || size > 1 << 24 || size % 2 != 0 || filters < 1 || filters > 100_000) {
            throw new IllegalArgumentException("mel: rate=" + rate + " size=" + size + " filters=" + filters
                    + "; the rate must be above 0, the size even and from 2 to 2^24, and the filters 1 to 100000");
        }
        if (!(low >= 0 && low < high && high <= rate / 2.0)) {
            throw new IllegalArgumentException("mel: low=" + low + " high=" + high + " at " + rate
                    + " samples a second; choose 0 <= low < high <= " + rate / 2.0);
        }
    }

    /** Makes filters from 0 Hz to half the rate as torchaudio does by default: {@link Scale#HTK}, all of height 1. */
    public static Mel htk(int rate, int size, int filters) {
        return new Mel(rate, size, filters, 0, rate / 2.0, Scale.HTK, false);
    }

    /**
     * Makes filters from 0 Hz to half the rate as librosa does by default: {@link Scale#SLANEY}, all of the same area.
     */
    public static Mel slaney(int rate, int size, int filters) {
        return new Mel(rate, size, filters, 0, rate / 2.0, Scale.SLANEY, true);
    }

    /** Returns these filters between other frequencies. */
    public Mel between(double low, double high) {
        return Records.with(this, "low", low, "high", high);
    }

    /** Returns the weights [filters, bins], filter after filter. */
    public float[] weights() {
        double[] exact = exact();
        float[] weights = new float[exact.length];
        for (int i = 0; i < exact.length; i++) {
            weights[i] = (float) exact[i];
        }
        return weights;
    }

    private double[] exact() {
        int bins = size / 2 + 1;
        if ((long) filters * bins > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("mel: " + filters + " filters of " + bins
                    + " bins are more than an array can hold; use fewer, or smaller frames");
        }
        double[] f = new double[filters + 2];
        double from = scale.mel(low);
        double step = (scale.mel(high) - from) / (filters + 1);
        for (int m = 0; m < f.length; m++) {
            f[m] = scale.frequency(from + m * step);
        }
        double[] weights = new double[filters * bins];
        for (int m = 0; m < filters; m++) {
            double height = normalized ? 2 / (f[m + 2] - f[m]) : 1;
            for (int k = 0; k < bins; k++) {
                double at = (double) k * rate / size;
                double rising = (at - f[m]) / (f[m + 1] - f[m]);
                double falling = (f[m + 2] - at) / (f[m + 2] - f[m + 1]);
                weights[m * bins + k] = height * Math.max(0, Math.min(rising, falling));
            }
        }
        return weights;
    }

    /**
     * Returns the power of each frame in each band, [frames, filters].
     *
     * @throws IllegalArgumentException if the spectra are of frames of another size, or of a recording of another rate
     */
    public float[] apply(Spectrogram spectrogram) {
        int bins = size / 2 + 1;
        if (spectrogram.bins() != bins) {
            throw new IllegalArgumentException("mel: spectra of " + spectrogram.bins() + " bins for filters over "
                    + bins + ", which belong to frames of " + size + "; use the same size for both");
        }
        if (spectrogram.rate() != 0 && spectrogram.rate() != rate) {
            throw new IllegalArgumentException("mel: spectra of a recording of " + spectrogram.rate()
                    + " samples a second for filters of " + rate
                    + ", whose bands would lie elsewhere; make filters for this rate, or resample the recording");
        }
        float[] power = spectrogram.power();
        double[] weights = exact();
        float[] bands = new float[Math.multiplyExact(spectrogram.frames(), filters)];
        for (int t = 0; t < spectrogram.frames(); t++) {
            for (int m = 0; m < filters; m++) {
                double sum = 0;
                for (int k = 0; k < bins; k++) {
                    sum += weights[m * bins + k] * power[t * bins + k];
                }
                bands[t * filters + m] = (float) sum;
            }
        }
        return bands;
    }

    /**
     * Returns the log-mel spectrogram, ln(max(power, 1e-10)) of each frame in each band, [frames, filters].
     *
     * @throws IllegalArgumentException as {@link #apply}
     */
    public float[] log(Spectrogram spectrogram) {
        float[] bands = apply(spectrogram);
        for (int i = 0; i < bands.length; i++) {
            bands[i] = (float) Math.log(Math.max(LEAST, bands[i]));
        }
        return bands;
    }
}
