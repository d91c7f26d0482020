package dev.fathom.labs.sound;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.data.SpokenDigits;
import dev.fathom.experiments.data.SpokenDigits.Recording;
import dev.fathom.experiments.data.SpokenDigits.Spoken;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.op.Shape;
import dev.fathom.sound.Mel;
import dev.fathom.sound.Stft;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * The features of recordings: logarithms of the power in {@link #BANDS} mel bands, 62.5 frames per second. Sequences
 * are without the mean of the recording in each band, which removes the frequency response of the microphone; images
 * are without its mean over all bands alone, and keep its mean spectrum.
 */
final class DigitFeatures {
    static final int BANDS = 26;
    private static final int SIZE = 256;
    private static final Stft STFT = new Stft(SIZE).hop(128);
    private static final Mel MEL = Mel.htk(SpokenDigits.RATE, SIZE, BANDS);
    /** Lower logarithms are silence and raised to this. */
    private static final float SILENCE = -8;
    /** Brings the standard deviation of the features near 1. */
    private static final float SCALE = 0.4f;

    private DigitFeatures() {}

    /** The features of a sound without its mean in each band, [frames, BANDS]. */
    static float[] frames(float[] samples) {
        return frames(samples, true);
    }

    private static float[] frames(float[] samples, boolean eachBand) {
        float[] log = MEL.log(STFT.forward(samples));
        double[] mean = new double[BANDS];
        int frames = log.length / BANDS;
        for (int i = 0; i < log.length; i++) {
            log[i] = Math.max(SILENCE, log[i]);
            mean[i % BANDS] += log[i] / frames;
        }
        if (!eachBand) {
            Arrays.fill(mean, Arrays.stream(mean).sum() / BANDS);
        }
        for (int i = 0; i < log.length; i++) {
            log[i] = SCALE * (float) (log[i] - mean[i % BANDS]);
        }
        return log;
    }

    /** Features at {@code places} times at equal distances from the first frame to the last, linear between frames. */
    static float[] at(float[] frames, int places) {
        int last = frames.length / BANDS - 1;
        float[] picture = new float[places * BANDS];
        for (int i = 0; i < places; i++) {
            double time = (double) last * i / (places - 1);
            int before = Math.min((int) time, Math.max(0, last - 1));
            int after = Math.min(last, before + 1);
            for (int b = 0; b < BANDS; b++) {
                double from = frames[before * BANDS + b];
                picture[i * BANDS + b] = (float) (from + (time - before) * (frames[after * BANDS + b] - from));
            }
        }
        return picture;
    }

    /** Recordings as images [places, BANDS, 1], labeled with their digits. */
    static Dataset images(List<Recording> recordings, int places) {
        float[][] x = recordings.stream()
                .parallel()
                .map(r -> at(frames(r.samples(), false), places))
                .toArray(float[][]::new);
        return Dataset.of(Averages.flat(x), Shape.of(places, BANDS, 1), digits(recordings));
    }

    /** Recordings as sequences of frames [BANDS], labeled with their digits. */
    static Dataset sequences(List<Recording> recordings) {
        return Dataset.of(
                ragged(recordings.stream().map(Recording::samples).toList()),
                Field.labels("y", digits(recordings)).target());
    }

    private static int[] digits(List<Recording> recordings) {
        return recordings.stream().mapToInt(Recording::digit).toArray();
    }

    private static Field ragged(List<float[]> sounds) {
        List<float[]> frames =
                sounds.stream().parallel().map(DigitFeatures::frames).toList();
        long[] offsets = new long[frames.size() + 1];
        Arrays.setAll(offsets, i -> i == 0 ? 0 : offsets[i - 1] + frames.get(i - 1).length / BANDS);
        FloatBuffer values = FloatBuffer.wrap(Averages.flat(frames.toArray(float[][]::new)));
        return Field.floats("x", Shape.of(BANDS), values).input().ragged(offsets);
    }

    /** Strings as sequences of frames, labeled with their digits plus 1, because class 0 is the blank. */
    static Dataset strings(List<Spoken> strings) {
        int[][] labels = strings.stream()
                .map(s -> s.digits().stream().mapToInt(d -> d + 1).toArray())
                .toArray(int[][]::new);
        return Dataset.of(
                ragged(strings.stream().map(Spoken::samples).toList()),
                Field.ragged("y", labels).target());
    }
}
