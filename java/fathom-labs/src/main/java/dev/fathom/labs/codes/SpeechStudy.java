package dev.fathom.labs.codes;

import static dev.fathom.labs.codes.SpectrogramWindows.BINS;
import static dev.fathom.labs.codes.SpectrogramWindows.SILENCE;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.data.SpokenDigits.Recording;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.features.Examples;
import dev.fathom.nn.Model;
import dev.fathom.view.ImageSheet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Binary codes of windows of spectrograms by an auto-encoder, beside those of as many bits by vector quantization of
 * sub-bands (Deng et al. 2010).
 *
 * @param mean of each bin over the recordings to learn from
 * @param test spectrograms without the mean, in units of {@link #SCALE}
 */
record SpeechStudy(float[] mean, List<float[][]> test) {
    private static final int[] FRAMES = {1, 3, 9, 13};
    private static final int[] BANDS = {8, 4}; // into which the bins are divided, each with its part of the bits
    private static final int BITS = 32;
    private static final String CODE = "Binary code";
    private static final float SCALE = 20; // decibels that become 1 for the network
    private static final int WIDE = 8; // pixels of a frame in pictures
    private static final int HIGH = 2; // and those of a bin

    static void add(Lab lab, List<Recording> recordings) {
        List<float[][]> learn = spectrograms(recordings, false);
        float[][] all = learn.stream().flatMap(Arrays::stream).toArray(float[][]::new);
        float[] mean = new float[BINS];
        for (int b = 0; b < BINS; b++) {
            int bin = b;
            mean[b] = (float) Averages.mean(Arrays.asList(all), f -> f[bin]);
        }
        new SpeechStudy(
                        mean,
                        spectrograms(recordings, true).stream()
                                .map(s -> normalized(s, mean))
                                .toList())
                .run(lab, learn.stream().map(s -> normalized(s, mean)).toList());
    }

    private static List<float[][]> spectrograms(List<Recording> recordings, boolean test) {
        return recordings.stream()
                .filter(r -> r.test() == test)
                .map(SpectrogramWindows::decibels)
                .filter(s -> s.length >= FRAMES[FRAMES.length - 1])
                .toList();
    }

    private static float[][] normalized(float[][] spectrogram, float[] mean) {
        float[][] rows = new float[spectrogram.length][BINS];
        for (int f = 0; f < rows.length; f++) {
            for (int b = 0; b < BINS; b++) {
                rows[f][b] = (spectrogram[f][b] - mean[b]) / SCALE;
            }
        }
        return rows;
    }

    private void run(Lab lab, List<float[][]> learn) {
        int most = lab.of(20_000, 1500);
        lab.section("Binary codes of speech")
                .put("most", most)
                .put("windowBits", BITS)
                .put("bins", BINS);
        lab.put("silence", SILENCE).put("sizes", FRAMES.length);
        Table table = lab.table("speech", "window").named("{column} of {row}, log-spectral distortion");
        Map<String, List<float[][]>> pictures = new LinkedHashMap<>();
        int better = 0;
        for (int frames : FRAMES) {
            SpectrogramWindows windows = new SpectrogramWindows(frames);
            float[][] cut = windows.all(learn);
            float[][] rows = IntStream.of(lab.rng("windows").permutation(cut.length))
                    .limit(most)
                    .mapToObj(w -> cut[w])
                    .toArray(float[][]::new);
            float[][] tested = windows.all(test);
            String window = frames + (frames == 1 ? " frame" : " frames");
            Map<String, float[][]> coded = new LinkedHashMap<>();
            coded.put(CODE, binary(lab, "binary code of " + window, rows, tested));
            for (int bands : BANDS) {
                SubBands books = SubBands.fit(frames, rows, bands, BITS / bands, lab.seed());
                coded.put(bands + " sub-bands", books.coded(tested));
            }
            Map<String, Double> lost = new LinkedHashMap<>();
            coded.forEach((way, all) -> {
                List<float[][]> left = windows.overlapped(all, test);
                pictures.computeIfAbsent(way, w -> new ArrayList<>()).add(left.get(0));
                lost.put(way, distortion(left));
            });
            double code = Objects.requireNonNull(lost.remove(CODE));
            double bands = Collections.min(lost.values());
            Table.Row row =
                    table.row(window).put(CODE, "%.2f dB", code).baseline(bands, "vector quantization of sub-bands");
            lost.forEach((way, dB) -> row.put(way, "%.2f dB", dB));
            row.cell("gain over the better sub-bands", "%+.2f dB", bands - code);
            lab.figure("Binary code of " + window + ", gain over sub-bands", "dB", bands - code);
            better += code < bands ? 1 : 0;
        }
        List<float[][]> silent =
                test.stream().map(s -> new float[s.length][BINS]).toList();
        lab.put("better", better).figure("Mean spectrum, log-spectral distortion", "dB", distortion(silent));
        Map<String, double[]> curves = new LinkedHashMap<>();
        pictures.keySet().forEach(way -> curves.put(way, table.values(way)));
        List<String> places = IntStream.of(FRAMES).mapToObj(String::valueOf).toList();
        lab.curves("distortion.png", "log-spectral distortion, dB", "frames of a window", places, curves);
        int frames = test.get(0).length;
        ImageSheet sheet = new ImageSheet(HIGH * BINS, WIDE * frames, 1).columns(1 + FRAMES.length);
        pictures.forEach((way, left) -> {
            sheet.add(pixels(test.get(0)), "original");
            for (int i = 0; i < FRAMES.length; i++) {
                sheet.add(
                        pixels(left.get(i)), way + " of " + table.rows().get(i).name());
            }
        });
        lab.sheet("spectrograms.png", sheet);
    }

    private static float[][] binary(Lab lab, String name, float[][] rows, float[][] tested) {
        Autoencoder net = Autoencoder.binary(rows[0].length, lab.of(512, 128), BITS);
        try (Dataset data = Dataset.of(rows, new int[rows.length]);
                Dataset others = Dataset.of(tested, new int[tested.length]);
                Model<Autoencoder> model = Model.of(net, lab.seed())) {
            Autoencoder.train(lab, name, model, data, lab.epochs(20, 6), null);
            return Examples.of(net, others).x();
        }
    }

    /** The mean over the test, in decibels. */
    private double distortion(List<float[][]> left) {
        return SCALE * Averages.mean(left.size(), i -> SpectrogramWindows.distortion(test.get(i), left.get(i)));
    }

    /** Time to the right and frequency upward, from silence in black to the loudest in white. */
    private byte[] pixels(float[][] spectrogram) {
        int width = WIDE * spectrogram.length;
        byte[] pixels = new byte[HIGH * BINS * width];
        for (int i = 0; i < pixels.length; i++) {
            int bin = BINS - 1 - i / width / HIGH;
            double decibels = SCALE * spectrogram[i % width / WIDE][bin] + mean[bin];
            pixels[i] = (byte) Math.round(255 * Math.max(0, Math.min(1, 1 + decibels / SILENCE)));
        }
        return pixels;
    }
}
