package dev.fathom.labs.objectives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.nn.Loss;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.FileImageInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each loss gets what it asks for. */
class LossesLabTest {
    @TempDir
    static Path temp;

    private static ShortRun run;

    @BeforeAll
    static void run() {
        run = ShortRun.of(new LossesLab(), 1, temp);
    }

    @Test
    void outliersPullTheLineOfL2Only() {
        double l2 = run.figure("L2, mean |error| of a line with outliers");
        assertThat(run.figure("L1, mean |error| of a line with outliers")).isLessThan(l2 / 5);
        assertThat(run.figure("smooth L1, mean |error| of a line with outliers"))
                .isLessThan(l2 / 2);
        String closed = run.out().replaceAll("(?s).*least squares in closed form +\\S+ +\\S+ +(\\S+).*", "$1");
        assertThat(l2).as("L2 finds the least squares").isCloseTo(Double.parseDouble(closed), within(1e-3));
    }

    @Test
    void unequalCostsAskForAQuantile() {
        double quantile = run.figure("quantile 0.9, mean cost of late and early predictions");
        double huber = run.figure("asymmetric Huber, mean cost of late and early predictions");
        double l2 = run.figure("L2, mean cost of late and early predictions");
        double l1 = run.figure("L1, mean cost of late and early predictions");
        assertThat(quantile).isLessThan(0.8 * l2).isLessThan(0.8 * l1);
        assertThat(huber).isLessThan(0.8 * l2);
        assertThat(run.figure("quantile 0.9, trips that take longer than predicted"))
                .isBetween(8.0, 12.0);
    }

    /** Two trips, one 12 minutes late and one 3 minutes early: (9 * 12 + 3) / 2. */
    @Test
    void costsOfLateAndEarlyMinutes() {
        var score = Lines.Score.of(1, 2, new float[][] {{0, 0.5f}, {2.2f, 1.7f}});
        assertThat(score.cost()).isCloseTo((9 * 12 + 3) / 2.0, within(1e-5));
        assertThat(score.late()).isEqualTo(0.5);
        assertThat(score.early()).isCloseTo(1.5, within(1e-5));
        assertThat(Lines.LEVEL).isEqualTo(0.9);
    }

    @Test
    void squaredEmdIsLeastUnderItself() {
        Figure emd = run.figures().stream()
                .filter(f -> f.name().equals("squared EMD, squared EMD on the test"))
                .findFirst()
                .orElseThrow();
        assertThat(run.missed(Figure.Kind.BASELINE)).doesNotContain(emd);
        assertThat(emd.measured()).isBetween(0.2, 0.8);
        assertThat(run.figure("squared EMD, answers two or more classes off")).isBetween(2.0, 30.0);
        assertThat(run.figure("squared EMD, accuracy")).isGreaterThan(30);
    }

    @Test
    void oneHotWinsTheRaceOfEncodings() {
        double number = run.figure("one number, accuracy");
        double binary = run.figure("binary code, accuracy");
        double hot = run.figure("one-hot, accuracy");
        assertThat(number).isBetween(15.0, 60.0);
        assertThat(binary).isGreaterThan(number + 5);
        assertThat(hot).isGreaterThan(binary + 5).isGreaterThan(70);
    }

    @Test
    void theProductMakesXorLinear() {
        assertThat(run.figure("logistic regression on XOR, accuracy")).isBetween(25.0, 76.0);
        assertThat(run.figure("logistic regression on XOR with x1 x2, accuracy"))
                .isGreaterThan(98);
    }

    @Test
    void theWarpedPlaneIsAnAnimation() throws Exception {
        assertThat(run.figure("two circles after the layer that warps the plane, accuracy"))
                .isGreaterThan(97);
        Path gif = temp.resolve("warp.gif");
        try (var in = new FileImageInputStream(gif.toFile())) {
            ImageReader reader = ImageIO.getImageReadersByFormatName("gif").next();
            reader.setInput(in);
            assertThat(reader.getNumImages(true)).isEqualTo(10);
        }
        assertThat(Files.readString(temp.resolve("report.html"))).contains("src=\"data:image/gif;base64,");
    }

    @Test
    void thePageHasItsPictures() {
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.missed(Figure.Kind.EXACT)).isEmpty();
        for (String picture : List.of("losses", "outliers", "late-and-early", "encodings", "crossed")) {
            assertThat(temp.resolve(picture + ".png")).isNotEmptyFile();
        }
    }

    @Test
    void theCurvesAreThoseOfTheLosses() {
        assertThat(LossesLab.values(Loss.huber(1), -2, -1, -0.5, 0, 0.5, 1, 2))
                .containsExactly(1.5, 0.5, 0.125, 0, 0.125, 0.5, 1.5);
        assertThat(LossesLab.values(Loss.quantile(0.9f), -1, 1)).containsExactly(new double[] {0.9, 0.1}, within(1e-6));
    }

    @Test
    void anInterruptedRunGivesWhatIsFinished(@TempDir Path folder) {
        var stopped = InterruptedRun.of(new LossesLab(), "Labels as binary code", null, folder)
                .result();
        assertThat(stopped.isFinished()).isFalse();
        assertThat(stopped.figures())
                .extracting(Figure::name)
                .contains("L1, mean |error| of a line with outliers", "squared EMD, accuracy")
                .doesNotContain("binary code, accuracy", "logistic regression on XOR, accuracy");
    }

    @Test
    void theSeedDecides(@TempDir Path folder) {
        InterruptedRun.assertThatTheSeedDecides(new LossesLab(), 1, folder);
    }
}
