/**
 * Sounds to learn from: {@link dev.fathom.sound.Wav} reads and writes recordings, {@link dev.fathom.sound.Fourier} is
 * the Fourier transform of real numbers, {@link dev.fathom.sound.Stft} cuts a recording into frames and transforms each
 * to a {@link dev.fathom.sound.Spectrogram}, or back, and {@link dev.fathom.sound.Mel} sums its power over bands that
 * are as wide as the ear hears them. {@link dev.fathom.sound.LinearPrediction} finds the formants of a voice, and
 * {@link dev.fathom.sound.MuLaw} makes classes of samples.
 *
 * <p>Frames are rows: a spectrogram is [frames, bins], so that it is a sequence as the layers of this library take it,
 * and frames of several recordings are a ragged field of a dataset. PyTorch's {@code torch.stft} gives [bins, frames].
 * The arithmetic is double precision in plain Java: a second of sound takes a few milliseconds, once, before training.
 *
 * <p>Rejected: {@code javax.sound} (it needs the module java.desktop, and knows neither 24-bit nor float samples on
 * every platform), kernels for the transform (nothing trains through it yet), resampling (record at the rate that the
 * model needs), compressed formats.
 */
@org.jspecify.annotations.NullMarked
package dev.fathom.sound;
