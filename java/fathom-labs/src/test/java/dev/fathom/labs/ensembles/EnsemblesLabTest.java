package dev.fathom.labs.ensembles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.ensemble.Ensemble;
import dev.fathom.experiments.data.FriedmanFunction;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.features.Examples;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.tensor.Rng;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab ensembles}: its short form, the random forest alone, and the generated function. */
class EnsemblesLabTest {
    @TempDir
    static Path folder;

    private static ShortRun run;

    @BeforeAll
    static void shortForm() {
        run = ShortRun.of(new EnsemblesLab(), 1, folder);
    }

    @Test
    void ensemblesBeatTheirMeanMember() {
        for (String team : List.of("bagged networks", "AdaBoost", "stack", "forest")) {
            assertThat(run.figure("Gain over the mean member: " + team))
                    .as(team)
                    .isPositive();
        }
        assertThat(run.figure("Bagged networks, test accuracy")).isGreaterThan(75);
        assertThat(run.figure("Random forest, test accuracy")).isGreaterThan(72);
        assertThat(run.figure("Gain over the mean member: forest"))
                .isGreaterThan(run.figure("Gain over the mean member: bagged networks"));
    }

    /** One stump is right on less than a fifth of ten classes. */
    @Test
    void adaBoostMakesStumpsStrong() {
        assertThat(run.figure("AdaBoost of stumps, test accuracy"))
                .isGreaterThan(45)
                .isGreaterThan(run.figure("Bagged stumps, test accuracy") + 10);
        assertThat(run.figure("AdaBoost of stumps, training error")).isLessThan(50);
        assertThat(run.figure("AdaBoost, weight on what a member got wrong, distance from 90 %"))
                .isLessThan(1e-9);
    }

    @Test
    void theStackIsAboutAsGoodAsItsBestMember() {
        Figure stack = run.figures().stream()
                .filter(f -> f.name().equals("Stack, test accuracy"))
                .findFirst()
                .orElseThrow();
        double best = Objects.requireNonNull(stack.baseline());
        assertThat(stack.measured()).isGreaterThan(best - 2);
    }

    @Test
    void boostingOfResiduals() {
        double stumps = run.figure("Boosted stumps, squared error on test rows");
        assertThat(stumps)
                .isLessThan(run.figure("Bagged stumps, squared error on test rows") / 2)
                .isBetween(1.0, 8.0);
        assertThat(run.figure("Boosted stumps, largest rise of the training error in a round"))
                .isLessThan(1e-6);
        assertThat(run.figure("Boosted networks, squared error on test rows")).isBetween(1.0, 9.0);
        assertThat(run.figure("Random forest, squared error on test rows")).isBetween(1.0, 12.0);
        assertThat(run.figure("Bagged networks, error of the decomposition")).isLessThan(1e-5);
    }

    @Test
    void workersChangeNoAnswer() {
        assertThat(run.figure("Answers that a second worker changed")).isZero();
        assertThat(run.figures()).anyMatch(f -> f.name().equals("Speedup by a second worker") && f.band() == null);
    }

    /** All figures but the measured time. */
    private static List<Figure> repeatable(List<Figure> figures) {
        return figures.stream().filter(f -> !f.name().startsWith("Speedup")).toList();
    }

    @Test
    void theSeedDecides(@TempDir Path other) {
        List<Figure> again =
                repeatable(ShortRun.of(new EnsemblesLab(), 1, other).figures());
        assertThat(again).isEqualTo(repeatable(run.figures())).hasSizeGreaterThan(15);
    }

    @Test
    void anInterruptedRunKeepsWhatIsFinished(@TempDir Path other) {
        InterruptedRun stopped = InterruptedRun.of(new EnsemblesLab(), "Single models", null, other);
        assertThat(stopped.result().isFinished()).isFalse();
        assertThat(stopped.out()).doesNotContain("Bagging trains");
        assertThat(other.resolve("report.html")).isNotEmptyFile();
    }

    @Test
    void forestsRepeat() {
        Examples learn = FriedmanFunction.draw(100, new Rng(1));
        Examples test = FriedmanFunction.draw(100, new Rng(2));
        Ensemble forest = new Forest(10, 0.5).fit(learn, 3);
        float[][] made = forest.predict(test.x());
        assertThat(new Forest(10, 0.5).fit(learn, 3).predict(test.x())).isDeepEqualTo(made);
        assertThat(new Forest(10, 0.5).fit(learn, 4).predict(test.x()))
                .as("another seed")
                .satisfies(p -> assertThat(Arrays.deepEquals(p, made)).isFalse());
        assertThat(forest.squaredError(learn)).isLessThan(5);
        assertThat(forest.members()).hasSize(10);
    }

    @Test
    void forestsVoteForClasses() {
        Examples learn = FriedmanFunction.draw(200, new Rng(1));
        int[] labels = new int[200];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = learn.x()[i][0] < 0.3 ? 2 : learn.x()[i][1] < 0.5 ? 1 : 0;
        }
        Examples classes = Examples.ofClasses(learn.x(), 4, labels); // nothing is of the last class
        Ensemble forest = new Forest(20, 0.5).fit(classes, 1);
        assertThat(forest.accuracy(classes)).isGreaterThan(0.97);
        float[] votes = forest.predict(classes.x())[0];
        assertThat(votes).hasSize(4);
        assertThat(votes[0] + votes[1] + votes[2]).isCloseTo(1, within(1e-6f));
    }
}
