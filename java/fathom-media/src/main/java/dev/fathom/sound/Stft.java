package dev.fathom.sound;

import dev.fathom.tree.Records;

/**
 * The short-time Fourier transform: a signal is cut into frames of {@code size} samples, {@code hop} samples apart,
 * each is multiplied by a Hann window, w[t] = (1 - cos(2 pi t / window)) / 2, and transformed by {@link Fourier}. A
 * frame of 256 samples has 129 bins. It gives what {@code torch.stft(x, n_fft=size, hop_length=hop, win_length=window,
 * window=torch.hann_window(window), center=center, onesided=True)} gives, with the frames before the bins, and
 * {@link #inverse} is {@code torch.istft}.
 *
 * <p>A centered transform has the middle of frame i at sample i hop: the signal is extended on both sides by size / 2
 * samples of its mirror image without the edge. n samples have 1 + n / hop frames, rounded down. Otherwise frame i
 * begins at sample i hop, and there are 1 + (n - size) / hop.
 *
 * <pre>{@code
 * var stft = new Stft(256).hop(128);
 * Spectrogram s = stft.forward(wav);                       // s.power() is [frames, 129]
 * float[] again = stft.inverse(s, wav.frames());
 * }</pre>
 *
 * @param size samples of a frame, an even number
 * @param hop samples from one frame to the next
 * @param window the length of the Hann window, in the middle of the frame; the samples of the frame outside it count as
 *     0
 * @param center whether the signal is extended so that the middle of a frame is at a multiple of the hop
 */
public record Stft(int size, int hop, int window, boolean center) {
    /** A sum of squared windows below this is too little to divide by. */
    private static final double LEAST = 1e-11;

    /**
     * Checks the sizes.
     *
     * @throws IllegalArgumentException unless the size is even and from 2 to 2^24, the hop from 1 to the size, and the
     *     window from 1 to the size
     */
    public Stft {
        if (size < 2 || size > 1 << 24 || size % 2 != 0 || hop < 1 || hop > size || window < 1 || window > size) {
            throw new IllegalArgumentException("stft: size=" + size + " hop=" + hop + " window=" + window
                    + "; the size must be even and from 2 to 2^24, hop and window from 1 to the size");
        }
    }

    /** Makes centered frames of this size, a quarter of it apart, under a window as long as the frame. */
    public Stft(int size) {
        this(size, Math.max(1, size / 4), size, true);
    }

    /** Returns this transform with frames this many samples apart. */
    public Stft hop(int samples) {
        return Records.with(this, "hop", samples);
    }

    /** Returns this transform with a window of this length. */
    public Stft window(int samples) {
        return Records.with(this, "window", samples);
    }

    /** Returns this transform with frames that begin at multiples of the hop, without any extension of the signal. */
    public Stft uncentered() {
        return Records.with(this, "center", false);
    }

    /** Returns the number of bins of a frame: size / 2 + 1. */
    public int bins() {
        return size / 2 + 1;
    }

    /**
     * Returns the number of frames of a signal of this many samples.
     *
     * @throws IllegalArgumentException if the signal is too short: a centered transform needs more than size / 2
     *     samples for the mirror image, another one at least {@code size}
     */
    public int frames(int samples) {
        if (center ? samples <= size / 2 : samples < size) {
            throw new IllegalArgumentException("stft: a signal of " + samples + " samples is too short for frames of "
                    + size + "; give at least " + (center ? size / 2 + 1 : size) + ", or use smaller frames");
        }
        return 1 + (center ? samples : samples - size) / hop;
    }

    /** The window in the middle of a frame. */
    private double[] weights() {
        double[] weights = new double[size];
        int from = (size - window) / 2;
        for (int t = 0; t < window; t++) {
            weights[from + t] = window == 1 ? 1 : (1 - Math.cos(2 * Math.PI * t / window)) / 2;
        }
        return weights;
    }

    /**
     * Returns the spectra of the mean of a recording's channels, which know its rate, so that {@link Mel} refuses
     * filters for another.
     *
     * @throws IllegalArgumentException if the recording is too short, or the spectra would have 2^31 numbers or more
     */
    public Spectrogram forward(Wav wav) {
        Spectrogram s = forward(wav.mono());
        return new Spectrogram(s.frames(), s.bins(), s.values(), wav.rate());
    }

    /**
     * Returns the spectra of a signal.
     *
     * @throws IllegalArgumentException if the signal is too short, a sample is NaN or infinite, or the spectra would
     *     have 2^31 numbers or more
     */
    public Spectrogram forward(float... signal) {
        int n = signal.length;
        int frames = frames(n);
        if (2L * frames * bins() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("stft: " + frames + " frames of " + bins()
                    + " bins are more than an array can hold; use a larger hop, or parts of the signal");
        }
        for (int i = 0; i < n; i++) {
            if (!Float.isFinite(signal[i])) {
                throw new IllegalArgumentException("stft: sample " + i + " is " + signal[i] + "; give finite samples");
            }
        }
        double[] weights = weights();
        Fourier fourier = new Fourier(size);
        float[] values = new float[2 * frames * bins()];
        double[] frame = new double[size];
        for (int f = 0; f < frames; f++) {
            int from = f * hop - (center ? size / 2 : 0);
            for (int t = 0; t < size; t++) {
                int at = Math.abs(from + t); // mirrored in front, and behind
                frame[t] = weights[t] * signal[at < n ? at : 2 * (n - 1) - at];
            }
            double[] spectrum = fourier.forward(frame);
            for (int i = 0; i < spectrum.length; i++) {
                values[f * spectrum.length + i] = (float) spectrum[i];
            }
        }
        return new Spectrogram(frames, bins(), values);
    }

    /**
     * Returns the signal of {@code samples} samples that these spectra are nearest to: the frames are transformed back,
     * multiplied by the window, added where they overlap, and divided by the sum of the squared windows. What
     * {@link #forward} made comes back, but for rounding. Samples behind the last frame are 0.
     *
     * @throws IllegalArgumentException if the spectra have another number of bins, the number of samples is less than
     *     1, or the windows leave a sample between them without a weight
     */
    public float[] inverse(Spectrogram spectrogram, int samples) {
        if (spectrogram.bins() != bins() || samples < 1) {
            throw new IllegalArgumentException("inverse: spectra of " + spectrogram.bins() + " bins and " + samples
                    + " samples for frames of " + size + ", which have " + bins()
                    + " bins; give spectra of the same size and at least one sample");
        }
        long whole = (long) (spectrogram.frames() - 1) * hop + size;
        if (whole > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "inverse: a signal of " + whole + " samples is more than an array can hold; give fewer frames");
        }
        double[] sum = new double[(int) whole];
        double[] squares = new double[(int) whole];
        double[] weights = weights();
        Fourier fourier = new Fourier(size);
        double[] spectrum = new double[2 * bins()];
        for (int f = 0; f < spectrogram.frames(); f++) {
            for (int i = 0; i < spectrum.length; i++) {
                spectrum[i] = spectrogram.values()[f * spectrum.length + i];
            }
            double[] frame = fourier.inverse(spectrum);
            for (int t = 0; t < size; t++) {
                sum[f * hop + t] += weights[t] * frame[t];
                squares[f * hop + t] += weights[t] * weights[t];
            }
        }
        int from = center ? size / 2 : 0;
        float[] signal = new float[samples];
        for (int i = 0; i < Math.min(samples, whole - from); i++) {
            if (squares[from + i] < LEAST) {
                throw new IllegalArgumentException("inverse: no window has a weight at sample " + i + " with hop=" + hop
                        + " and window=" + window + "; use a smaller hop" + (center ? "" : " and centered frames"));
            }
            signal[i] = (float) (sum[from + i] / squares[from + i]);
        }
        return signal;
    }
}
