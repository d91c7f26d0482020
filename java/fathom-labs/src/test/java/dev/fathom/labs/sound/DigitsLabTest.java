package dev.fathom.labs.sound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.SpokenDigits;
import dev.fathom.experiments.data.SpokenDigits.Recording;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.labs.LabCall;
import dev.fathom.sound.Wav;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lab on spoken digits, and its parts. */
class DigitsLabTest {
    private static final Pattern NUMBER = Pattern.compile("([\\d.]+) %");

    @TempDir
    Path temp;

    @Test
    void shortForm() {
        TestData.assume("spoken-digits");
        LabCall.Ended run = LabCall.brief("digits", temp);
        assertThat(row(run, "logistic regression")[1]).isGreaterThan(65);
        for (String net : List.of("MLP  ", "MLP with dropout", "CNN", "LSTM", "GRU")) {
            assertThat(row(run, net)[1]).as(net).isGreaterThan(50);
        }
        assertThat(row(run, "MLP  ")[1]).isGreaterThan(75);
        assertThat(row(run, "george")[1]).isGreaterThan(25);
        assertThat(row(run, "jackson")[1]).isGreaterThan(25);
        double beam = row(run, "prefix beam search, width 8")[0];
        assertThat(beam).isLessThan(60);
        assertThat(row(run, "greedy")[0]).isBetween(beam, 80.0);
        assertThat(run.out()).startsWith("\n== logistic regression\n");
        for (String file : List.of("report.html", "string.png", "probabilities.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    /** The percents of the table's row that begins with {@code name}. */
    private static double[] row(LabCall.Ended run, String name) {
        Matcher row = Pattern.compile("(?m)^" + name + ".*%.*$").matcher(run.out());
        assertThat(row.find()).as("a row " + name + " in " + run.out()).isTrue();
        return NUMBER.matcher(row.group())
                .results()
                .mapToDouble(m -> Double.parseDouble(m.group(1)))
                .toArray();
    }

    /** Digits are tones here, of two speakers. */
    private Path tones(int each) throws IOException {
        Path folder = Files.createDirectories(temp.resolve("data/recordings"));
        Random random = new Random(1);
        for (int digit = 0; digit < 10; digit++) {
            for (int i = 0; i < each; i++) {
                for (String speaker : List.of("ann", "bob")) {
                    float[] samples = new float[1600 + random.nextInt(400)];
                    double pitch = 300 * Math.pow(1.28, digit) * (speaker.equals("ann") ? 1 : 1.02);
                    for (int t = 0; t < samples.length; t++) {
                        double loud = t < samples.length / 2 ? 0.4 : 0.1;
                        samples[t] = (float)
                                (loud * Math.sin(2 * Math.PI * pitch * t / 8000) + 0.01 * random.nextGaussian());
                    }
                    Wav.of(8000, samples).write(folder.resolve(digit + "_" + speaker + "_" + i + ".wav"));
                }
            }
        }
        return folder.getParent();
    }

    private LabCall.Ended digits(Path data) {
        return LabCall.of("digits", temp.resolve("out"))
                .brief()
                .epochs(1)
                .resume()
                .data(data)
                .run();
    }

    /** What is finished is not trained again. */
    @Test
    void resumeGoesOn() throws IOException {
        Path data = tones(7);
        LabCall.Ended first = digits(data);
        assertThat(first.failure()).isEmpty();
        LabCall.Ended again = digits(data);
        assertThat(again.failure()).isEmpty();
        assertThat(again.out()).doesNotContain("epoch 1/1");
        for (String name : List.of("MLP  ", "GRU", "ann", "prefix beam")) {
            assertThat(row(again, name)).isEqualTo(row(first, name));
        }
    }

    @Test
    void badDataAreOneSentence() throws IOException {
        LabCall.Ended missing = LabCall.of("digits", temp.resolve("out")).in(temp);
        assertThat(missing.failure())
                .startsWith("the data set spoken-digits was not found: ")
                .hasLineCount(1);
        Path data = tones(1);
        assertThat(digits(data).failure())
                .isEqualTo("spoken-digits has 0 training recordings (index 5 and above) and 20 test"
                        + " recordings (index 0 to 4), but at least 20 and 1 are needed; give the whole folder");
        assertThat(digits(tones(6)).failure())
                .isEqualTo("spoken-digits has 20 recordings of index 5, 14, 23, 32 or 41, which are for the"
                        + " validation of strings, and 0 for their training, but at least 1 of each is needed;"
                        + " give the whole folder");
        Path file = data.resolve("recordings/3_ann_0.wav");
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, 1000));
        LabCall.Ended damaged = digits(data);
        assertThat(damaged.failure()).startsWith(file + ": its header claims ").hasLineCount(1);
        Wav.of(16000, new float[4000]).write(file);
        assertThat(digits(data).failure())
                .isEqualTo(file
                        + ": it has 4000 samples at 16000 Hz, but a recording of a digit has 400 to "
                        + "80000 at 8000 Hz; convert it, or move it elsewhere");
        Files.move(file, file.resolveSibling("three.wav"));
        assertThat(digits(data).failure())
                .isEqualTo(file.resolveSibling("three.wav")
                        + ": the name is not of the form "
                        + "DIGIT_SPEAKER_INDEX.wav, such as 7_jackson_32.wav; rename the file, or move it elsewhere");
    }

    @Test
    void framesHaveNoMeanAndPlacesLieBetweenThem() {
        float[] frames = DigitFeatures.frames(noise(2000));
        assertThat(frames).hasSize(16 * DigitFeatures.BANDS);
        double[] sums = new double[DigitFeatures.BANDS];
        for (int i = 0; i < frames.length; i++) {
            sums[i % DigitFeatures.BANDS] += frames[i];
        }
        assertThat(sums).containsExactly(new double[DigitFeatures.BANDS], within(1e-3));
        assertThat(DigitFeatures.at(frames, 16)).containsExactly(frames, within(1e-5f));
        try (Dataset images = DigitFeatures.images(List.of(new Recording(3, "ann", 0, noise(2000))), 16);
                Pass pass = Pass.infer()) {
            Batch batch = images.batches(1).epoch(0).next();
            float[] image =
                    batch.x().toArray(); // has the mean spectrum, so in each band it is the sequence plus a constant
            float sum = 0;
            for (int i = 0; i < image.length; i++) {
                int band = i % DigitFeatures.BANDS;
                assertThat(image[i] - image[band]).isCloseTo(frames[i] - frames[band], within(1e-4f));
                sum += image[i];
            }
            assertThat(sum).isCloseTo(0, within(1e-2f));
            assertThat(image[0] - frames[0]).isNotCloseTo(0, within(1e-2f));
            assertThat(batch.y().toIntArray()).containsExactly(3);
        }
        float[] three = DigitFeatures.at(frames, 31);
        int b = DigitFeatures.BANDS;
        assertThat(three[b]).isCloseTo((frames[0] + frames[b]) / 2, within(1e-5f));
        assertThat(Arrays.copyOfRange(three, 30 * b, 31 * b))
                .containsExactly(Arrays.copyOfRange(frames, 15 * b, 16 * b), within(1e-5f));
    }

    private static float[] noise(int n) {
        Random random = new Random(1);
        float[] samples = new float[n];
        for (int i = 0; i < n; i++) {
            samples[i] = (float) (0.1 * random.nextGaussian());
        }
        return samples;
    }

    /** Class 0 is the blank, and class c the digit c - 1; a blank divides two equal digits. */
    @Test
    void classesAreDigitsAndTheBlank() {
        int[] classes = {0, 4, 4, 0, 4, 1, 0, 10, 0};
        float[] logits = new float[classes.length * 11];
        for (int t = 0; t < classes.length; t++) {
            logits[t * 11 + classes[t]] = 9;
        }
        try (Pass pass = Pass.infer()) {
            Tensor planted = Tensor.of(logits, 1, classes.length, 11);
            assertThat(DigitStrings.greedy(planted)).containsExactly(3, 3, 0, 9);
            assertThat(DigitStrings.beam(planted)).containsExactly(3, 3, 0, 9);
        }
        try (Dataset strings = DigitFeatures.strings(List.of(
                        new SpokenDigits.Spoken(List.of(0, 9, 9), noise(4000)),
                        new SpokenDigits.Spoken(List.of(3), noise(2000))));
                Pass pass = Pass.infer()) {
            Batch batch = strings.batches(2).epoch(0).next();
            assertThat(batch.lengths("y").toIntArray()).containsExactly(3, 1);
            assertThat(Arrays.copyOf(batch.y().toIntArray(), 4)).containsExactly(1, 10, 10, 4);
        }
    }

    /**
     * Where what is said is easy to hear, strings are recognized: the loss, the labels and the decoding fit each other.
     */
    @Test
    void stringsOfTonesAreRecognized() throws IOException {
        List<Recording> tones = SpokenDigits.read(tones(8), index -> true);
        try (Interrupt interrupt = Interrupt.install(System.err)) {
            PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
            LabRun run = new LabRun(true, 2, 1, false, null, null, temp, interrupt, nowhere, nowhere);
            var recognized = DigitStrings.train(
                    new Lab(new DigitsLab(), run),
                    tones.stream().filter(r -> !r.test()).toList(),
                    tones.stream().filter(Recording::test).toList());
            assertThat(recognized.beam().value()).isLessThan(0.2);
            assertThat(recognized.greedy().value()).isLessThan(0.75);
            assertThat(recognized.probabilities()).hasSize(11 * recognized.frames().length / DigitFeatures.BANDS);
        }
    }

    @Test
    void stringsAreOfOneSpeakerWithSilenceBetween() {
        List<Recording> recordings = List.of(
                new Recording(1, "ann", 5, noise(1000)),
                new Recording(2, "ann", 6, noise(1000)),
                new Recording(7, "bob", 5, noise(1000)));
        for (SpokenDigits.Spoken s : SpokenDigits.strings(recordings, 40, 1)) {
            int n = s.digits().size();
            assertThat(n).isBetween(3, 5);
            assertThat(s.digits().contains(7)).isEqualTo(s.digits().stream().allMatch(d -> d == 7));
            assertThat(s.samples().length).isBetween(1000 * n + 400 * (n + 1), 1000 * n + 1200 * (n + 1));
            assertThat(Arrays.copyOf(s.samples(), 400)).containsExactly(new float[400], within(0.001f));
        }
    }
}
