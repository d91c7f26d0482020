package dev.fathom.labs.outliers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.anomaly.SlidingWindows;
import dev.fathom.assess.Ranking;
import dev.fathom.ensemble.Diversity;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.LabeledSeries;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.LabCall;
import dev.fathom.labs.ShortRun;
import dev.fathom.labs.outliers.RecurrentAutoencoder.Cell;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.parameter.Parameter;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import dev.fathom.tensor.Vectors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short form, and on small cases what public code gets wrong. */
class AnomaliesLabTest {
    @TempDir
    Path temp;

    @Test
    void theShortFormHasEveryPart() throws IOException {
        List.of("ecg", "nab", "msl", "ucr-internal-bleeding").forEach(TestData::assume);
        ShortRun run = ShortRun.resumed(new AnomaliesLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        // The bounds leave room for another processor's rounding, and none for a reversed or arbitrary ranking. What is
        // poor today may become better, so there are no upper bounds.
        assertThat(run.figure("ECG, mean ROC-AUC of SF S-RNN")).isGreaterThan(0.62);
        assertThat(run.figure("ECG, mean PR-AUC of SF S-RNN")).isGreaterThan(0.32); // the share of outliers is 0.124
        assertThat(run.figure("ECG, mean ROC-AUC of CAE")).isGreaterThan(0.60);
        assertThat(run.figure("NAB, mean ROC-AUC of SF S-RNN")).isGreaterThan(0.67); // the sum of z² has 0.622
        assertThat(run.figure("NAB, mean ROC-AUC of CAE")).isGreaterThan(0.67);
        assertThat(run.figure("MSL, mean ROC-AUC of CAE")).isGreaterThan(0.75); // both linear floors are below 0.58
        assertThat(run.figure("MSL, mean PR-AUC of CAE")).isGreaterThan(0.14); // the share of outliers is 0.067
        assertThat(run.figure("UCR, mean ROC-AUC of SF S-RNN")).isGreaterThan(0.55); // the sum of z² has 0.285
        assertThat(run.figure("all series, mean ROC-AUC of IF S-RNN less that of single"))
                .isGreaterThan(0.005);
        assertThat(run.figure("DIV_F with the diversity term, relative to DIV_F without"))
                .isGreaterThan(1.4);
        assertThat(run.figure("chfdb_chf13_45590 as a stream, ROC-AUC")).isGreaterThan(0.52);
        assertThat(run.figure("ECG, mean ROC-AUC of sum of z²")).isCloseTo(0.672, within(5e-4)); // both floors
        assertThat(run.figure("ECG, mean ROC-AUC of PCA of windows")).isCloseTo(0.810, within(5e-4));
        assertThat(run.figure("ECG, mean ROC-AUC of isolation forest")).isGreaterThan(0.95);
        assertThat(run.out())
                .containsPattern("ECG chfdb_chf13_45590 +0.01 +0\\.\\d+")
                .contains("LOF", "one-class SVM", "matrix profile", "IF RSCN", "SF RSCN", "RandNet", "recurrent VAE")
                .contains("microseconds for each row");
        assertThat(temp.resolve("ecg.png")).isNotEmptyFile();
        assertThat(temp.resolve("members.png")).isNotEmptyFile();
        assertThat(ShortRun.resumed(new AnomaliesLab(), 1, temp).figures()).isEqualTo(run.figures());
    }

    @Test
    void anInterruptedRunEndsAndWritesItsPage() {
        List.of("ecg", "nab", "msl", "ucr-internal-bleeding").forEach(TestData::assume);
        InterruptedRun run = InterruptedRun.of(new AnomaliesLab(), "1 of 4", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(run.out()).contains("1 of 4").doesNotContain("4 of 4");
        assertThat(temp.resolve("report.html")).isNotEmptyFile();
    }

    @Test
    void dataThatAreMissingAreNamed() {
        LabCall.Ended run = LabCall.on(temp, "anomalies");
        assertThat(run.failure()).contains("the data set ecg was not found").hasLineCount(1);
    }

    /** A seed gives the same scores to the last bit each time, and another seed gives other scores. */
    @Test
    void theSeedDecides() {
        LabeledSeries wave = wave();
        List<Object> one = areas(studied(1, study -> study.on(wave)));
        assertThat(areas(studied(1, study -> study.on(wave)))).isEqualTo(one);
        assertThat(areas(studied(2, study -> study.on(wave)))).isNotEqualTo(one);
    }

    private static List<Object> areas(Study.Outcome outcome) {
        return outcome.results().values().stream()
                .<Object>map(r -> List.of(r.area(), r.diversity()))
                .toList();
    }

    private <T> T studied(long seed, Function<Study, T> what) {
        PrintStream printed = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        try (Interrupt interrupt = Interrupt.install(printed)) {
            LabRun run = new LabRun(true, null, seed, false, null, null, temp, interrupt, printed, printed);
            return what.apply(new Study(
                    new Lab(new AnomaliesLab(), run),
                    new Study.Settings(List.of(1, 2), 1, 16, 16, 16, 1, 2, 8, 1, 500)));
        }
    }

    private static LabeledSeries wave() {
        double[][] rows = new double[400][1];
        boolean[] outliers = new boolean[400];
        for (int t = 0; t < rows.length; t++) {
            outliers[t] = t >= 300 && t < 310;
            rows[t][0] = outliers[t] ? Math.cos(2.0 * t) : Math.sin(t / 5.0);
        }
        return LabeledSeries.of("wave", "wave", rows, rows, outliers);
    }

    /** Neither labels nor rows to score have a part in the choice, and the larger rate is better after one epoch. */
    @Test
    void settingsAreChosenWithoutLabels() {
        LabeledSeries wave = wave();
        LabeledSeries other = new LabeledSeries("wave", "wave", wave.training(), new float[50][1], new boolean[50]);
        RecurrentStudy.Choice choice =
                studied(1, study -> recurrent(study, wave).choice());
        RecurrentStudy.Choice again =
                studied(1, study -> recurrent(study, other).choice());
        assertThat(again).isEqualTo(choice);
        assertThat(choice.rate()).isEqualTo(0.01f);
        assertThat(choice.error()).isBetween(0.3, 1.5);
    }

    private static RecurrentStudy recurrent(Study study, LabeledSeries series) {
        return new RecurrentStudy(new Learner(study.lab(), study.settings()), series);
    }

    // ---- the recurrent ensembles

    /**
     * With weights of 0, two members write their biases 1 and 2 for rows of 0, whose mean squared errors are 1 and 4,
     * and all eight numbers of the code are 1000. So the loss is 1 + 4 + 1e-5 * 8000.
     */
    @Test
    void theSharedCodeIsPenalized() {
        RecurrentEnsemble usual = RecurrentEnsemble.of(2, 1, Cell.RSCN, true, 1);
        List<RecurrentAutoencoder> members = IntStream.range(0, 2)
                .mapToObj(m -> new RecurrentAutoencoder(
                        usual.members().get(m).encoder(),
                        usual.members().get(m).decoder(),
                        usual.members().get(m).skip(),
                        constant(8, 1, m + 1)))
                .toList();
        try (var model = Model.of(new RecurrentEnsemble(members, constant(16, 8, 1000)), 1);
                Pass pass = Pass.infer()) {
            assertThat(model.net().loss(Tensor.zeros(3, 4, 1)).item()).isCloseTo(5.08f, within(1e-5f));
        }
    }

    /** A layer that gives the same number for everything. */
    private static Linear constant(int in, int out, float value) {
        return new Linear(in, out, Init.zeros()).withBias(Init.constant(value));
    }

    /**
     * With weights of 0, a large bias of the input, forget and output gates and 0.5 as that of the candidate, the cell
     * grows by g = tanh(0.5) at each step. What is written first is the last row: tanh(g); the first row is tanh(3 g).
     */
    @Test
    void theDecoderWritesFromTheLastRowToTheFirst() {
        float[] bias = new float[32]; // input, forget, candidate, output
        Arrays.fill(bias, 50);
        Arrays.fill(bias, 16, 24, 0.5f);
        RecurrentAutoencoder usual = RecurrentAutoencoder.of(1, Cell.RSCN, new Rng(1));
        Map<String, Parameter> weights = new LinkedHashMap<>(usual.decoder().weights());
        weights.replaceAll(
                (name, w) -> new Parameter(w.shape(), name.equals("bias_ih_l0") ? (shape, rng) -> bias : Init.zeros()));
        RecurrentAutoencoder known = new RecurrentAutoencoder(
                usual.encoder(),
                new Recurrent(usual.decoder().settings(), weights),
                usual.skip(),
                new Linear(8, 1, Init.constant(1 / 8f)).withoutBias());
        try (var model = Model.of(known, 1);
                Pass pass = Pass.infer()) {
            double g = Math.tanh(0.5);
            float[] expected = {(float) Math.tanh(3 * g), (float) Math.tanh(2 * g), (float) Math.tanh(g)};
            assertThat(model.net().rows(Tensor.zeros(1, 8), 3).toArray()).containsExactly(expected, within(1e-6f));
        }
    }

    /** Each member has a skip length from 1 to 10 of its own, and its decoder has the same one. */
    @Test
    void membersSkipDifferentNumbersOfSteps() {
        for (Cell cell : Cell.values()) {
            List<RecurrentAutoencoder> members =
                    RecurrentEnsemble.of(40, 1, cell, false, 1).members();
            assertThat(members.stream().map(m -> lag(m.encoder())).distinct())
                    .containsExactlyInAnyOrder(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
            assertThat(members).allMatch(m -> lag(m.encoder()) == m.skip().lag());
        }
    }

    /**
     * What a decoder writes is what it gives when it reads in one piece what comes of the code and then, row by row,
     * what it wrote last, with both connections at every step as {@link Recurrent} has them.
     */
    @Test
    void theDecoderReadsTheRowThatItWroteLast() {
        RecurrentAutoencoder usual = RecurrentAutoencoder.of(2, Cell.RSCN, new Rng(5));
        RecurrentAutoencoder three =
                new RecurrentAutoencoder(usual.encoder(), usual.decoder(), new Recurrent.Skip(3, null), usual.out());
        try (var model = Model.of(three, 1);
                Pass pass = Pass.infer()) {
            RecurrentAutoencoder net = model.net();
            Tensor code = Tensor.of(new Rng(2).normal(8, 0, 1), 1, 8);
            Tensor written = net.rows(code, 9).flip(1);
            Tensor read = Tensor.concat(1, net.out().apply(code.unsqueeze(1)), written.slice(1, 0, 8));
            State begin = State.of("hidden", code.unsqueeze(1), "cell", Tensor.zeros(1, 1, 8));
            Tensor whole =
                    net.out().apply(net.decoder().skip(3).run(read, begin).steps());
            assertThat(written.toArray()).containsExactly(whole.toArray(), within(1e-6f));
            Tensor zeros =
                    net.decoder().skip(3).run(Tensor.zeros(1, 9, 2), begin).steps();
            assertThat(whole.toArray()[17]).isNotCloseTo(net.out().apply(zeros).toArray()[17], within(1e-3f));
        }
    }

    /** Sparse connections differ from step to step: a step takes the last state, an older one, or their mean. */
    @Test
    void aSparseDecoderDrawsItsConnections() {
        float[][] written = new float[3][];
        for (int seed = 0; seed < 3; seed++) {
            RecurrentAutoencoder usual = RecurrentAutoencoder.of(1, Cell.SPARSE, new Rng(5));
            var skip = new Recurrent.Skip(4, (long) seed);
            try (var model =
                            Model.of(new RecurrentAutoencoder(usual.encoder(), usual.decoder(), skip, usual.out()), 1);
                    Pass pass = Pass.infer()) {
                Tensor code = Tensor.ones(1, 8);
                written[seed] = model.net().rows(code, 12).toArray();
                assertThat(model.net().rows(code, 12).toArray()).isEqualTo(written[seed]);
            }
        }
        assertThat(written[0]).isNotEqualTo(written[1]);
        assertThat(written[1]).isNotEqualTo(written[2]);
    }

    /** An independent member and a shared ensemble both hand over 8 numbers, and no cell state. */
    @Test
    void codesAreEquallyLongInBothFrameworks() {
        for (boolean shared : new boolean[] {false, true}) {
            RecurrentEnsemble net = RecurrentEnsemble.of(1, 1, Cell.RSCN, shared, 3);
            try (var model = Model.of(net, 1);
                    Pass pass = Pass.infer()) {
                Tensor x = Tensor.of(new Rng(2).normal(20, 0, 1), 1, 20, 1);
                RecurrentAutoencoder member = model.net().members().get(0);
                Tensor code = member.code(x);
                assertThat(code.shape().toArray()).containsExactly(1, 8);
                Tensor begin =
                        shared ? Objects.requireNonNull(model.net().join()).apply(code) : code;
                assertThat(model.net().again(x).get(0).toArray())
                        .isEqualTo(member.rows(begin, 20).toArray());
            }
        }
    }

    private static int lag(Recurrent net) {
        return Objects.requireNonNull(net.settings().skip()).lag();
    }

    /**
     * A collection without a training part scores the rows that it learns from; equal lengths and beginnings alone do
     * not make that.
     */
    @Test
    void onlyTheSameRowsAreUnsplit() {
        double[][] rows = {{1}, {2}, {3}};
        double[][] equal = {{1}, {2}, {3}};
        assertThat(LabeledSeries.of("", "", rows, rows, new boolean[3]).unsplit())
                .isTrue();
        assertThat(LabeledSeries.of("", "", rows, equal, new boolean[3]).unsplit())
                .isFalse();
    }

    // ---- what public code gets wrong

    /** The squares are added up, and not the sum squared: errors of 1 and -1 make 2, not 0. */
    @Test
    void errorsAreSquaredBeforeTheyAreAdded() {
        float[][] windows = {{0, 0, 5, 5}};
        float[][] again = {{1, -1, 5, 7}};
        assertThat(Reconstruction.squared(again, windows, 2)).isDeepEqualTo(new double[][] {{2, 4}});
    }

    /**
     * Each row is compared with what was written for it, so there are as many errors as rows, and none of them mixes
     * rows.
     */
    @Test
    void everyRowHasItsOwnError() {
        int t = 6;
        float[][] window = {new float[2 * t]};
        float[][] again = {new float[2 * t]};
        for (int i = 0; i < t; i++) {
            window[0][2 * i] = i;
            again[0][2 * i] = 2 * i;
        }
        assertThat(Reconstruction.squared(again, window, 2)).isDeepEqualTo(new double[][] {{0, 1, 4, 9, 16, 25}});
        assertThat(new SlidingWindows(t, 1).mean(Reconstruction.squared(again, window, 2), t))
                .containsExactly(0, 1, 4, 9, 16, 25);
    }

    /** The median over members is taken row by row, and one wild member does not move it. */
    @Test
    void theScoreIsTheMedianOverMembers() {
        double[][] errors = {{1, 2, 3}, {3, 2, 1}, {1000, 1000, 1000}, {2, 2, 2}};
        assertThat(Reconstruction.median(errors)).containsExactly(2.5, 2, 2.5);
        assertThat(Reconstruction.median(Arrays.copyOf(errors, 2))).containsExactly(2, 2, 2);
        assertThat(Reconstruction.median(errors[0])).containsExactly(1, 2, 3);
    }

    /** Outliers are positive: a perfect score has precision 1 for them, and a reversed one stays below chance. */
    @Test
    void outliersArePositiveAndNothingIsTurnedOver() {
        boolean[] outliers = new boolean[100];
        Arrays.fill(outliers, 0, 4, true);
        double[] scores = IntStream.range(0, 100).mapToDouble(i -> -i).toArray();
        LabeledSeries series = new LabeledSeries("", "", new float[2][1], new float[100][1], outliers);
        Ranking right = series.ranking(scores);
        assertThat(right.rocAuc()).isEqualTo(1);
        assertThat(right.averagePrecision()).isEqualTo(1);
        Ranking reversed = series.ranking(Arrays.stream(scores).map(s -> -s).toArray());
        assertThat(reversed.rocAuc()).isZero();
        assertThat(reversed.averagePrecision()).isLessThan(0.05);
    }

    /**
     * 2 / (M (M - 1)) times the sum over pairs: three members at distances 1, 2 and 3 have 2, and two members their
     * distance.
     */
    @Test
    void diversityIsTheMeanDistanceOfPairs() {
        assertThat(Diversity.distance(new float[] {0}, new float[] {1}, new float[] {3}))
                .isCloseTo(2, within(1e-12));
        assertThat(Diversity.distance(new float[] {0, 0}, new float[] {3, 4})).isCloseTo(5, within(1e-12));
    }

    /** K is subtracted: a member farther from the others has the smaller loss. */
    @Test
    void diversityIsRewarded() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {0, 0}, 1, 2, 1);
            Tensor again = Tensor.of(new float[] {1, 1}, 1, 2, 1);
            Tensor near = Tensor.of(new float[] {1, 1}, 1, 2, 1);
            Tensor far = Tensor.of(new float[] {3, 3}, 1, 2, 1);
            assertThat(ConvolutionalAutoencoder.loss(again, x, near, 0.5f).item())
                    .isEqualTo(1);
            assertThat(ConvolutionalAutoencoder.loss(again, x, far, 0.5f).item())
                    .isEqualTo(-1);
            assertThat(ConvolutionalAutoencoder.loss(again, x, far, 0).item()).isEqualTo(1);
        }
    }

    /** Every row is the last one of a window, the first ones too. */
    @Test
    void windowsOfTheFirstRowsBeginWithTheirMirrorImage() {
        float[][] rows = {{1}, {2}, {3}, {4}};
        assertThat(ConvolutionalStudy.mirrored(2, rows)).isDeepEqualTo(new float[][] {{3}, {2}, {1}, {2}, {3}, {4}});
    }

    /** The decoder of the convolutional net writes a row from earlier rows; only the encoder sees it. */
    @Test
    void windowsAreWrittenInTheirShape() {
        for (Cell cell : Cell.values()) {
            try (var model = Model.of(RecurrentAutoencoder.of(3, cell, new Rng(1)), 1);
                    Pass pass = Pass.infer()) {
                assertThat(model.net().again(Tensor.zeros(2, 7, 3)).shape().toArray())
                        .containsExactly(2, 7, 3);
                assertThat(model.net().code(Tensor.zeros(2, 7, 3)).shape().toArray())
                        .containsExactly(2, 8);
            }
        }
        try (var model = Model.of(ConvolutionalAutoencoder.of(3, 7, 16, 0.2f), 1);
                Pass pass = Pass.infer()) {
            assertThat(model.net().again(Tensor.zeros(2, 7, 3)).shape().toArray())
                    .containsExactly(2, 7, 3);
        }
    }

    /** A stream gives at each row what the members write first after reading the rows up to it in one piece. */
    @Test
    void aStreamIsOneLongWindow() {
        int rows = 25;
        Random random = new Random(4);
        float[][] x = new float[rows][2];
        float[] flat = new float[2 * rows];
        for (int i = 0; i < flat.length; i++) {
            flat[i] = (float) random.nextGaussian();
            x[i / 2][i % 2] = flat[i];
        }
        List<Model<RecurrentAutoencoder>> models = new ArrayList<>();
        double[][] expected = new double[3][rows];
        for (int m = 0; m < 3; m++) {
            var model = Model.of(RecurrentAutoencoder.of(2, Cell.RSCN, new Rng(m)), m);
            models.add(model);
            try (Pass pass = Pass.infer()) {
                for (int t = 0; t < rows; t++) {
                    Tensor read = Tensor.of(Arrays.copyOf(flat, 2 * (t + 1)), 1, t + 1, 2);
                    float[] first = model.net().rows(model.net().code(read), 1).toArray();
                    expected[m][t] = Vectors.squaredDistance(first, x[t]);
                }
            }
        }
        double[] median = Reconstruction.median(expected);
        try (Streaming stream = new Streaming(models.stream().map(Model::net).toList())) {
            for (int pass = 0; pass < 2; pass++) {
                for (int t = 0; t < rows; t++) {
                    assertThat(stream.score(x[t])).isCloseTo(median[t], within(1e-5));
                }
                stream.reset();
            }
        }
        models.forEach(Model::close);
    }
}
