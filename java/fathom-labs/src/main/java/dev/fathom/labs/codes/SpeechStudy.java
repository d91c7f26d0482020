package dev.fathom.labs.codes;

import static dev.fathom.labs.pages.Findings.line;

import dev.fathom.data.Dataset;
import dev.fathom.features.Examples;
import dev.fathom.labs.data.SpokenDigits.Recording;
import dev.fathom.labs.experiments.LabRun;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.Findings;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Rng;
import dev.fathom.view.ImageSheet;
import dev.fathom.view.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Binary codes of windows of spectrograms by an auto-encoder, beside those of as many bits by vector quantization of
 * sub-bands (Deng et al. 2010).
 */
final class SpeechStudy {
    private static final int[] FRAMES = {1, 3, 9, 13};
    private static final String CODE = "binary code";
    private static final int BITS = 32;
    /** The numbers of bands into which the bins are divided, each with its part of the bits. */
    private static final int[] BANDS = {8, 4};
    /** Decibels that become 1 for the network. */
    private static final float SCALE = 20;
    /** Pixels of a frame in pictures. */
    private static final int WIDE = 8;
    /** Pixels of a bin in pictures. */
    private static final int HIGH = 2;

    private final LabRun run;
    private final Findings page;
    private final List<float[][]> learn;
    private final List<float[][]> test;
    private final float[] mean;
    private final List<Coded> all = new ArrayList<>();

    /**
     * What a code leaves of the test.
     *
     * @param frames of a window
     * @param distortion in decibels
     * @param first what is left of the first spectrogram
     */
    private record Coded(String name, int frames, double distortion, float[][] first) {}

    SpeechStudy(LabRun run, Findings page, List<Recording> recordings) {
        this.run = run;
        this.page = page;
        List<float[][]> learned = spectrograms(recordings, false);
        mean = mean(learned);
        learn = learned.stream().map(this::normalized).toList();
        test = spectrograms(recordings, true).stream().map(this::normalized).toList();
    }

    private static List<float[][]> spectrograms(List<Recording> recordings, boolean test) {
        int longest = FRAMES[FRAMES.length - 1];
        return recordings.stream()
                .filter(r -> r.test() == test)
                .map(SpectrogramWindows::decibels)
                .filter(s -> s.length >= longest)
                .toList();
    }

    private static float[] mean(List<float[][]> spectrograms) {
        double[] sums = new double[SpectrogramWindows.BINS];
        int frames = 0;
        for (float[][] spectrogram : spectrograms) {
            frames += spectrogram.length;
            for (float[] frame : spectrogram) {
                for (int b = 0; b < sums.length; b++) {
                    sums[b] += frame[b];
                }
            }
        }
        float[] mean = new float[sums.length];
        for (int b = 0; b < mean.length; b++) {
            mean[b] = (float) (sums[b] / frames);
        }
        return mean;
    }

    /** Without the mean of each bin over the recordings to learn from, in units of {@link #SCALE}. */
    private float[][] normalized(float[][] spectrogram) {
        float[][] rows = new float[spectrogram.length][SpectrogramWindows.BINS];
        for (int f = 0; f < rows.length; f++) {
            for (int b = 0; b < SpectrogramWindows.BINS; b++) {
                rows[f][b] = (spectrogram[f][b] - mean[b]) / SCALE;
            }
        }
        return rows;
    }

    /** Adds the codes of all windows; false if the run was interrupted. */
    boolean add() {
        int most = run.of(20_000, 1500);
        for (int frames : FRAMES) {
            SpectrogramWindows windows = new SpectrogramWindows(frames);
            float[][] rows = some(windows.all(learn), most);
            float[][] tested = windows.all(test);
            Autoencoder net = Autoencoder.binary(frames * SpectrogramWindows.BINS, run.of(512, 128), BITS);
            try (Dataset data = Dataset.of(rows, new int[rows.length]);
                    Dataset others = Dataset.of(tested, new int[tested.length]);
                    Model<Autoencoder> model =
                            net.train(run, "binary code of " + frames(frames), data, run.epochs(20, 6), null)) {
                if (model == null) {
                    return false;
                }
                judge(CODE, windows, Examples.of(net, others).x());
            }
            for (int bands : BANDS) {
                SubBands books = SubBands.fit(frames, rows, bands, BITS / bands, run.seed());
                judge(bands + " sub-bands", windows, books.coded(tested));
            }
        }
        write(most);
        return true;
    }

    private float[][] some(float[][] rows, int most) {
        return IntStream.of(new Rng(run.seed()).split("windows").permutation(rows.length))
                .limit(most)
                .mapToObj(i -> rows[i])
                .toArray(float[][]::new);
    }

    private static String frames(int frames) {
        return frames + (frames == 1 ? " frame" : " frames");
    }

    private void judge(String name, SpectrogramWindows windows, float[][] coded) {
        double sum = 0;
        int from = 0;
        List<float[][]> left = new ArrayList<>();
        for (float[][] spectrogram : test) {
            int to = from + spectrogram.length - windows.frames() + 1;
            left.add(windows.overlapped(Arrays.copyOfRange(coded, from, to)));
            sum += SpectrogramWindows.distortion(spectrogram, left.get(left.size() - 1));
            from = to;
        }
        all.add(new Coded(name, windows.frames(), SCALE * sum / test.size(), left.get(0)));
    }

    private void write(int most) {
        double silent = test.stream()
                .mapToDouble(
                        s -> SCALE * SpectrogramWindows.distortion(s, new float[s.length][SpectrogramWindows.BINS]))
                .average()
                .orElseThrow();
        List<List<String>> rows = new ArrayList<>();
        Map<String, double[]> curves = new LinkedHashMap<>();
        all.forEach(coded -> curves.computeIfAbsent(
                coded.name,
                name -> all.stream()
                        .filter(c -> c.name.equals(name))
                        .mapToDouble(Coded::distortion)
                        .toArray()));
        double[] codes = Objects.requireNonNull(curves.get(CODE));
        double[] bands = IntStream.range(0, FRAMES.length)
                .mapToDouble(i -> curves.values().stream()
                        .skip(1)
                        .mapToDouble(c -> c[i])
                        .min()
                        .orElseThrow())
                .toArray(); // the better division
        for (int i = 0; i < FRAMES.length; i++) {
            List<String> row = new ArrayList<>(List.of(Integer.toString(FRAMES[i])));
            for (double[] curve : curves.values()) {
                row.add(line("%.2f", curve[i]));
            }
            double gain = bands[i] - codes[i];
            row.add(line("%+.2f", gain));
            rows.add(row);
            page.figure(Figure.of("Binary code of " + frames(FRAMES[i]) + ", log-spectral distortion", "dB", codes[i])
                            .baseline(bands[i], "vector quantization of sub-bands"))
                    .figure(Figure.of("Binary code of " + frames(FRAMES[i]) + ", gain over sub-bands", "dB", gain));
        }
        long better = IntStream.range(0, FRAMES.length)
                .filter(i -> codes[i] < bands[i])
                .count();
        List<String> header = new ArrayList<>(List.of("frames"));
        curves.keySet().forEach(name -> header.add(name + ", dB"));
        header.add("gain over the better sub-bands, dB");
        page.section(
                        "Binary codes of speech",
                        line(
                                "Spoken digits, as spectrograms of %d bins by a Fourier transform of 256 samples, "
                                        + "in decibels, and no lower than %.0f "
                                        + "below the loudest of a recording. Windows of %s frames that overlap "
                                        + "are coded by %d bits each: the "
                                        + "activations of a hidden layer of an auto-encoder are replaced by 1 "
                                        + "where they are above 0.5 and by 0 "
                                        + "elsewhere, in training too, where gradients pass the threshold "
                                        + "unchanged. Beside it, each of 8 or 4 "
                                        + "sub-bands of the same windows is replaced by the nearest of 16 or 256 "
                                        + "centers that k-means found, which "
                                        + "takes as many bits. Both learn from the same windows, at most %,d. "
                                        + "Each frame is then the mean of its "
                                        + "copies in all windows that contain it. The log-spectral "
                                        + "distortion is the root of the mean squared difference over the bins of "
                                        + "a frame, and its mean over the "
                                        + "frames of recordings that were not learned. Deng et al. (2010) train "
                                        + "their auto-encoder stage by stage as "
                                        + "Boltzmann machines on other speech; their binary codes have about 2 dB "
                                        + "less than sub-bands.",
                                SpectrogramWindows.BINS, SpectrogramWindows.SILENCE, "1, 3, 9 and 13", BITS, most))
                .table(header, rows)
                .text(line(
                        "At %d bits a window, binary codes have the lower distortion for %d of the %d sizes of "
                                + "windows. The mean spectrum alone, without a "
                                + "bit, has %.2f dB.",
                        BITS, better, FRAMES.length, silent))
                .figure(Figure.of("Mean spectrum, log-spectral distortion", "dB", silent))
                .picture(
                        "distortion.png",
                        "Log-spectral distortion by the number of frames of a window",
                        () -> Plots.compare(
                                "log-spectral distortion, dB",
                                "frames of a window",
                                IntStream.of(FRAMES).mapToObj(Integer::toString).toList(),
                                curves))
                .picture(
                        "spectrograms.png",
                        "A spectrogram, and what binary codes and sub-bands leave of it",
                        () -> sheet().render());
    }

    private ImageSheet sheet() {
        float[][] spectrogram = test.get(0);
        ImageSheet sheet =
                new ImageSheet(HIGH * SpectrogramWindows.BINS, WIDE * spectrogram.length, 1).columns(1 + FRAMES.length);
        for (String name : all.stream().map(Coded::name).distinct().toList()) {
            sheet.add(pixels(spectrogram), "original");
            all.stream()
                    .filter(coded -> coded.name.equals(name))
                    .forEach(c -> sheet.add(pixels(c.first), c.name + " of " + frames(c.frames)));
        }
        return sheet;
    }

    /** Time to the right and frequency upward, from silence in black to the loudest in white. */
    private byte[] pixels(float[][] spectrogram) {
        int width = WIDE * spectrogram.length;
        byte[] pixels = new byte[HIGH * SpectrogramWindows.BINS * width];
        for (int i = 0; i < pixels.length; i++) {
            int bin = SpectrogramWindows.BINS - 1 - i / width / HIGH;
            double decibels = SCALE * spectrogram[i % width / WIDE][bin] + mean[bin];
            pixels[i] = (byte) Math.round(255 * Math.max(0, Math.min(1, 1 + decibels / SpectrogramWindows.SILENCE)));
        }
        return pixels;
    }
}
