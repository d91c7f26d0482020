package dev.fathom.labs.generalization;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.tensor.Rng;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code fathom lab memorize}: random labels are fitted to the last one, in more steps, and help with no other image.
 */
class MemorizeLabTest {
    @TempDir
    static Path folder;

    private static ShortRun run;

    @BeforeAll
    static void shortForm() {
        run = ShortRun.resumed(new MemorizeLab(), 1, folder);
    }

    private static double mixed(int percent, String figure) {
        return run.figure(percent + " % of labels mixed up, " + figure);
    }

    @Test
    void everyLabelIsFitted() {
        for (int percent : new int[] {0, 25, 50, 75, 100}) {
            assertThat(mixed(percent, "training accuracy")).as("%d", percent).isEqualTo(100);
        }
        assertThat(run.result().isFinished()).isTrue();
        assertThat(folder.resolve("memorize.png")).isNotEmptyFile();
        assertThat(folder.resolve("report.html")).isNotEmptyFile();
    }

    @Test
    void theTestIsAtChance() {
        assertThat(mixed(100, "test accuracy")).isBetween(5.0, 15.0);
        assertThat(mixed(0, "test accuracy")).isGreaterThan(75);
        assertThat(mixed(25, "test accuracy")).isBetween(mixed(50, "test accuracy"), mixed(0, "test accuracy"));
        assertThat(mixed(75, "test accuracy")).isBetween(mixed(100, "test accuracy"), mixed(50, "test accuracy"));
    }

    @Test
    void randomLabelsTakeMoreSteps() {
        assertThat(mixed(100, "steps")).isGreaterThan(mixed(0, "steps"));
        assertThat(run.figure("Steps with random labels over steps with true ones"))
                .isEqualTo(mixed(100, "steps") / mixed(0, "steps"));
    }

    /** A part of the labels is in another order; each class keeps its number of images. */
    @Test
    void mixedLabels() {
        int[] labels = IntStream.range(0, 1000).map(i -> i % 10).toArray();
        Pixels images = new Pixels(new float[1000][1], labels);
        int[] half = images.shuffled(0.5, new Rng(1)).labels();
        assertThat(Arrays.stream(half).sorted().toArray())
                .isEqualTo(Arrays.stream(labels).sorted().toArray());
        long changed =
                IntStream.range(0, 1000).filter(i -> half[i] != labels[i]).count();
        assertThat(changed).isBetween(400L, 490L); // nine tenths of 500
        assertThat(images.shuffled(0, new Rng(1)).labels()).isEqualTo(labels);
        assertThat(images.shuffled(0.5, new Rng(1)).labels()).isEqualTo(half);
    }

    /** What is finished is not trained further. */
    @Test
    void resumed() {
        assertThat(ShortRun.resumed(new MemorizeLab(), 1, folder).figures()).isEqualTo(run.figures());
    }

    /** With one epoch, which is quick. */
    @Test
    void theSameSeedGivesTheSameFigures(@TempDir Path first, @TempDir Path second) {
        InterruptedRun one = InterruptedRun.of(new MemorizeLab(), "never", null, first);
        InterruptedRun two = InterruptedRun.of(new MemorizeLab(), "never", null, second);
        assertThat(one.result().isFinished()).isTrue();
        assertThat(two.result().figures()).isEqualTo(one.result().figures());
    }
}
