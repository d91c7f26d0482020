package dev.fathom.labs.codes;

import dev.fathom.experiments.data.SpokenDigits.Recording;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.sound.Stft;
import dev.fathom.tensor.Vectors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Spectrograms in decibels, cut into windows of some frames and put together again, so that a code of windows can be
 * judged by what it leaves of a spectrogram (Deng et al. 2010).
 *
 * @param frames how many frames a window has; each window begins one frame after the last
 */
record SpectrogramWindows(int frames) {
    /** The bins of a Fourier transform of 256 samples. */
    static final int BINS = 129;

    /** Decibels below the loudest of a recording that count as silence. */
    static final double SILENCE = 60;

    private static final Stft STFT = new Stft(256).hop(128);

    /**
     * The spectrogram of a recording [frames][BINS]: 10 log10 of the power in decibels, where what is too faint is
     * raised to the level of silence.
     */
    static float[][] decibels(Recording recording) {
        float[] power = STFT.forward(recording.samples()).power();
        double loudest = 1e-12;
        for (float p : power) {
            loudest = Math.max(loudest, p);
        }
        float[][] rows = new float[power.length / BINS][BINS];
        for (int i = 0; i < power.length; i++) {
            double decibels = 10 * Math.log10(Math.max(power[i] / loudest, 1e-30));
            rows[i / BINS][i % BINS] = (float) Math.max(-SILENCE, decibels);
        }
        return rows;
    }

    /** All windows of a spectrogram, [windows][frames * BINS]; none of one that is shorter. */
    float[][] windows(float[][] spectrogram) {
        int count = Math.max(0, spectrogram.length - frames + 1);
        float[][] windows = new float[count][frames * BINS];
        for (int w = 0; w < count; w++) {
            for (int t = 0; t < frames; t++) {
                System.arraycopy(spectrogram[w + t], 0, windows[w], t * BINS, BINS);
            }
        }
        return windows;
    }

    /** All windows of several spectrograms. */
    float[][] all(List<float[][]> spectrograms) {
        return spectrograms.stream().flatMap(s -> Arrays.stream(windows(s))).toArray(float[][]::new);
    }

    /**
     * The spectrogram [windows + frames - 1][BINS] whose frames are the means of what all windows that have them say.
     */
    float[][] overlapped(float[][] windows) {
        float[][] spectrogram = new float[windows.length + frames - 1][BINS];
        for (int f = 0; f < spectrogram.length; f++) {
            int first = Math.max(0, f - frames + 1);
            int last = Math.min(windows.length - 1, f);
            for (int w = first; w <= last; w++) {
                for (int b = 0; b < BINS; b++) {
                    spectrogram[f][b] += windows[w][(f - w) * BINS + b] / (last - first + 1);
                }
            }
        }
        return spectrogram;
    }

    /** The spectrograms as long as some others that all their windows together leave. */
    List<float[][]> overlapped(float[][] windows, List<float[][]> as) {
        List<float[][]> all = new ArrayList<>();
        int from = 0;
        for (float[][] spectrogram : as) {
            int to = from + spectrogram.length - frames + 1;
            all.add(overlapped(Arrays.copyOfRange(windows, from, to)));
            from = to;
        }
        return all;
    }

    /**
     * The log-spectral distortion in decibels: the mean over frames of the root of the mean squared difference of bins.
     */
    static double distortion(float[][] spectrogram, float[][] coded) {
        return Averages.mean(
                spectrogram.length, f -> Math.sqrt(Vectors.squaredDistance(spectrogram[f], coded[f]) / BINS));
    }
}
