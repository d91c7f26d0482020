package dev.fathom.labs.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.TestData;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.ShortRun;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short form of the lab very-deep. */
class VeryDeepLabTest {
    @TempDir
    static Path temp;

    private static ShortRun run;

    @BeforeAll
    static void shortForm() {
        TestData.assume("mnist");
        run = ShortRun.of(new VeryDeepLab(), 1, temp);
    }

    /** Near the line itself, a network of 250 units may fall on the other side of it. */
    @Test
    void phasesAreThoseOfTheTheory() {
        assertThat(run.figure("Points whose phase is that of the theory")).isGreaterThan(95);
        assertThat(run.figure("Median deviation of χ from the theory")).isBetween(0.0, 4.0);
        assertThat(run.figure("Correlation of inputs in the ordered phase")).isGreaterThan(0.95);
        assertThat(run.figure("Correlation of inputs in the chaotic phase")).isBetween(0.2, 0.7);
    }

    @Test
    void everyFigureOfTheWholeRunThatIsExactIsReached() {
        assertThat(run.figure("σ_w² of 16 layers")).isCloseTo(1.11538062, within(5.1e-9));
        assertThat(run.figure("σ_b² of 10,000 layers") / 1.332534e-12).isCloseTo(1, within(5e-7));
        assertThat(run.missed(Figure.Kind.EXACT)).isEmpty();
        assertThat(run.missed(Figure.Kind.BASELINE))
                .noneMatch(f -> f.name().matches("Points.*|Median.*|.*chaotic.*|Delta.*singular.*"));
        assertThat(run.figures().stream()
                        .filter(f -> f.name().matches("σ.*|Linear.*|Points.*|Median.*|.*chaotic.*|Delta.*singular.*")))
                .hasSize(18 + 3 + 3 + 2);
    }

    @Test
    void deltaOrthogonalWeightsKeepSingularValuesAndGaussianOnesLoseThem() {
        for (int depth : new int[] {16, 256}) {
            String what = " layers, singular values of 1/2 to 2";
            assertThat(run.figure("Delta, " + depth + what)).isGreaterThan(75);
            assertThat(run.figure("Gauss, " + depth + what)).isLessThan(30);
        }
        assertThat(run.figure("Gauss, 256 layers, singular values of 1/2 to 2")).isLessThan(2);
        assertThat(run.out()).containsPattern("Gauss, 256 layers +[\\d.]+ +[\\d.]+e-\\d+ +below rounding +");
    }

    @Test
    void theStartDecidesWhetherAVeryDeepNetworkLearns() {
        double delta = run.figure("Delta, 300 layers, loss at the end");
        double gauss = run.figure("Gauss, 300 layers, loss at the end");
        assertThat(delta).isLessThan(2.28);
        assertThat(run.figure("Delta, 300 layers, loss on other images")).isLessThan(2.28);
        assertThat(gauss).isCloseTo(Math.log(10), within(0.001));
        assertThat(run.figure("Gauss, 300 layers, loss on other images")).isCloseTo(Math.log(10), within(0.001));
        assertThat(run.out()).contains("Adam 2.3e-05").contains("At a rate of 1 / (144 depth)");
        assertThat(run.out()).containsPattern("so that an image needs 1\\.\\d MB instead of [234]\\.\\d MB");
    }

    @Test
    void filesAreThere() {
        for (String file : new String[] {
            "theory.png", "measured.png", "correlations.png", "singular-values.png", "deepest.png", "report.html"
        }) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }
}
