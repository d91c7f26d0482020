package dev.fathom.labs.codes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.SpokenDigits.Recording;
import dev.fathom.experiments.statistics.PrincipalAngles;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.LabCall;
import dev.fathom.labs.ShortRun;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab autoencoders}: its short form, and its parts on cases whose answer is known. */
class AutoencodersLabTest {
    @TempDir
    Path temp;

    @Test
    void theShortFormHasEveryPart() {
        TestData.assume("spoken-digits");
        ShortRun run = ShortRun.of(new AutoencodersLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.figure("Linear auto-encoder and PCA, largest principal angle"))
                .isBetween(0.0, 2.0);
        assertThat(run.figure("Linear auto-encoder, squared error beyond that of PCA"))
                .isBetween(-0.01, 0.1);

        String error = ", squared error of a pixel";
        String noisy = error + ", from noisy images";
        assertThat(run.figure("PCA" + error)).isBetween(0.01, 0.02);
        for (String kind : List.of("under-complete", "deep", "over-complete", "sparse", "denoising")) {
            assertThat(run.figure(kind + error)).as(kind).isBetween(0.002, 0.075); // the mean image has 0.087
        }
        assertThat(run.figure("denoising" + noisy)).isLessThan(0.05); // the noise itself has 0.16
        assertThat(run.figure("denoising" + noisy)).isLessThan(run.figure("over-complete" + noisy));
        assertThat(run.figure("sparse, numbers not 0")).isLessThan(0.6 * run.figure("over-complete, numbers not 0"));

        double pixels = run.figure("Retrieval by pixels, precision at 10");
        assertThat(pixels).isBetween(60.0, 80.0);
        assertThat(run.figure("Retrieval by PCA, 32 numbers, precision at 10")).isCloseTo(pixels, within(5.0));
        assertThat(run.figure("Retrieval by binary code, 64 bits, precision at 10"))
                .isBetween(35.0, 80.0);

        double unit = run.figure("Best single unit, mean balanced accuracy over the classes");
        assertThat(unit).isBetween(75.0, 97.0);
        assertThat(run.out()).containsPattern("Trouser +\\d\\d\\.\\d % +\\d\\d\\.\\d % +50 %");

        double silent = run.figure("Mean spectrum, log-spectral distortion");
        for (String frames : List.of("1 frame", "3 frames", "9 frames", "13 frames")) {
            assertThat(run.figure("Binary code of " + frames + ", log-spectral distortion"))
                    .isBetween(2.0, 0.75 * silent);
            assertThat(Math.abs(run.figure("Binary code of " + frames + ", gain over sub-bands")))
                    .isLessThan(3);
        }
        for (String file : List.of(
                "report.html",
                "plane.png",
                "reconstructions.png",
                "noisy.png",
                "retrieval.png",
                "units.png",
                "distortion.png",
                "spectrograms.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    @Test
    void anInterruptedRunKeepsWhatIsFinished() {
        TestData.assume("spoken-digits");
        var run = InterruptedRun.of(new AutoencodersLab(), "== under-complete", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(run.out()).contains("principal angle").doesNotContain("== deep", "looked up by");
        assertThat(run.result().figures()).hasSize(18); // two of each angle, and two of all
    }

    @Test
    void missingRecordingsAreOneSentence() {
        LabCall.Ended run = LabCall.of("autoencoders", temp).in(temp);
        assertThat(run.failure())
                .startsWith("the data set spoken-digits was not found: ")
                .hasLineCount(1);
    }

    // ---- parts

    /** Of two planes in space that share a line, and of a plane with itself in other axes. */
    @Test
    void principalAnglesOfKnownPlanes() {
        double turn = Math.toRadians(30);
        double[] flat = {1, 0, 0, 1, 0, 0}; // columns (1, 0, 0) and (0, 1, 0)
        double[] turned = {2, 1, 0, Math.cos(turn), 0, Math.sin(turn)};
        assertThat(PrincipalAngles.degrees(flat, turned, 2)[1]).isCloseTo(30, within(1e-9));
        assertThat(PrincipalAngles.degrees(flat, turned, 2)[0]).isCloseTo(0, within(1e-5));
        double[] same = {3, 1, -1, 2, 0, 0};
        assertThat(PrincipalAngles.degrees(flat, same, 2)).containsExactly(new double[] {0, 0}, within(1e-5));
        double[] upright = {0, 1, 0, 0, 1, 0};
        assertThat(PrincipalAngles.degrees(flat, upright, 2)[1]).isCloseTo(90, within(1e-9));
        assertThat(PrincipalAngles.transposed(new double[] {1, 2, 3, 4, 5, 6}, 3))
                .containsExactly(1, 4, 2, 5, 3, 6);
    }

    /** Codes are exactly 0 or 1, by the threshold 0.5 of the sigmoid, and gradients are those of the sigmoid. */
    @Test
    void codesAreBits() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {-3, -0.01f, 0, 0.01f, 2}, 5));
            Tensor bits = Autoencoder.bits(x);
            assertThat(bits.toArray()).containsExactly(0, 0, 0, 1, 1);
            pass.backward(bits.sum(), x);
            float[] slope = Objects.requireNonNull(pass.gradient(x)).toArray();
            for (int i = 0; i < 5; i++) {
                double s = 1 / (1 + Math.exp(-x.toArray()[i]));
                assertThat((double) slope[i]).isCloseTo(s * (1 - s), within(1e-6));
            }
        }
        Autoencoder net = Autoencoder.binary(20, 16, 12);
        try (Model<Autoencoder> model = Model.of(net, 3);
                Pass pass = Pass.infer()) {
            Layer encoder = model.net().encoder();
            float[] codes = encoder.apply(Tensor.of(new Rng(1).normal(40 * 20, 0, 1), 40, 20))
                    .toArray();
            assertThat(codes).containsOnly(0, 1).contains(0, 1);
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void windowsPutTogetherAreTheSpectrogram() {
        float[] samples = new Rng(2).normal(2000, 0, 0.1f);
        float[][] spectrogram = SpectrogramWindows.decibels(new Recording(0, "ann", 9, samples));
        assertThat(spectrogram).hasNumberOfRows(1 + 2000 / 128);
        assertThat(spectrogram[0]).hasSize(129); // of a Fourier transform of 256 real samples
        double loudest = Arrays.stream(spectrogram)
                .flatMapToDouble(row -> IntStream.range(0, row.length).mapToDouble(i -> row[i]))
                .max()
                .orElseThrow();
        assertThat(loudest).isCloseTo(0, within(1e-4));
        for (int frames : new int[] {1, 3, 13}) {
            SpectrogramWindows windows = new SpectrogramWindows(frames);
            float[][] cut = windows.windows(spectrogram);
            assertThat(cut).hasNumberOfRows(16 - frames + 1);
            assertThat(cut[2][(frames - 1) * 129 + 5]).isEqualTo(spectrogram[2 + frames - 1][5]);
            float[][] again = windows.overlapped(cut);
            assertThat(SpectrogramWindows.distortion(spectrogram, again)).isCloseTo(0, within(1e-4));
        }
        float[][] louder = Arrays.stream(spectrogram)
                .map(row -> {
                    float[] other = row.clone();
                    for (int i = 0; i < other.length; i++) {
                        other[i] += i % 2 == 0 ? 3 : -3;
                    }
                    return other;
                })
                .toArray(float[][]::new);
        assertThat(SpectrogramWindows.distortion(spectrogram, louder)).isCloseTo(3, within(1e-5)); // decibels
        assertThat(new SpectrogramWindows(17).windows(spectrogram)).isEmpty();
    }

    /** As many different windows as there are centers are coded without any loss, and more of them are not. */
    @Test
    void subBandsKeepAsManyWindowsAsTheyHaveCenters() {
        float[][] windows = new float[64][];
        for (int i = 0; i < windows.length; i++) {
            windows[i] = new Rng(5).split(i % 4).normal(3 * 129, 0, 1);
        }
        SubBands two = SubBands.fit(3, windows, 8, 2, 1);
        assertThat(two.books()).hasSize(8).allMatch(book -> book.length == 4);
        assertThat(two.first()).startsWith(0, 16).endsWith(112, 129);
        float[][] coded = two.coded(windows);
        for (int i = 0; i < windows.length; i++) {
            assertThat(coded[i]).containsExactly(windows[i], within(1e-5f));
        }
        float[][] one = SubBands.fit(3, windows, 8, 1, 1).coded(windows);
        assertThat(one[0]).isNotEqualTo(windows[0]);
    }

    @Test
    void aPlantedUnitIsFound() {
        int n = 300;
        float[][] activations = new float[n][];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = i % 3;
            activations[i] = new Rng(7).split(i).uniform(5, 0, 1);
            activations[i][2] = labels[i] == 1 ? -1 - activations[i][2] : activations[i][2]; // low for class 1
            activations[i][4] = 6; // says nothing
        }
        SingleUnit[] best = SingleUnit.best(activations, labels, 3);
        assertThat(best[1].unit()).isEqualTo(2);
        assertThat(best[1].above()).isFalse();
        assertThat(best[1].threshold()).isBetween(-1f, 0.05f);
        assertThat(best[1].on(activations, labels, 1)).isEqualTo(1);
        assertThat(best[1].accuracy()).isEqualTo(1);
        assertThat(best[0].accuracy()).isBetween(0.5, 0.8);
        int[] swapped = IntStream.of(labels).map(c -> c == 1 ? 0 : 1).toArray();
        assertThat(best[1].on(activations, swapped, 1)).isZero();
    }
}
