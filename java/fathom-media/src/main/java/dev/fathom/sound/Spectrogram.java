package dev.fathom.sound;

/**
 * The spectra of the frames of a recording: [frames, bins, 2], the real and the imaginary part of each bin one after
 * the other, as {@link Stft} makes them. Powers and magnitudes are [frames, bins], frame after frame.
 *
 * @param frames the number of frames
 * @param bins the number of bins of a frame
 * @param values the spectra, frame after frame
 * @param rate samples of the recording a second; 0 where it is not known
 */
public record Spectrogram(int frames, int bins, float[] values, int rate) {
    /** Makes spectra of a signal whose rate is not known. */
    public Spectrogram(int frames, int bins, float[] values) {
        this(frames, bins, values, 0);
    }

    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException if there are no frames or bins, another number of values, or the rate is
     *     negative
     */
    public Spectrogram {
        if (rate < 0) {
            throw new IllegalArgumentException(
                    "spectrogram: rate=" + rate + " must be above 0, or 0 where it is not known");
        }
        if (frames < 1 || bins < 1 || values.length != 2L * frames * bins) {
            throw new IllegalArgumentException("spectrogram: " + values.length + " values are not [" + frames + ", "
                    + bins + ", 2]; give two for each bin of each frame");
        }
    }

    /** Returns re^2 + im^2 of each bin, [frames, bins]. */
    public float[] power() {
        float[] power = new float[frames * bins];
        for (int i = 0; i < power.length; i++) {
            double re = values[2 * i];
            double im = values[2 * i + 1];
            power[i] = (float) (re * re + im * im);
        }
        return power;
    }

    /** Returns the square root of {@link #power}, [frames, bins]. */
    public float[] magnitude() {
        float[] magnitude = new float[frames * bins];
        for (int i = 0; i < magnitude.length; i++) {
            magnitude[i] = (float) Math.hypot(values[2 * i], values[2 * i + 1]);
        }
        return magnitude;
    }
}
