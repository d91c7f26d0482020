package dev.fathom.labs.optimization;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab activations}: its short form. */
class ActivationsLabTest {
    private static final List<String> WEAK = List.of("Sigmoid", "Hard sigmoid", "Step");

    @TempDir
    static Path folder;

    private static ShortRun run;

    @BeforeAll
    static void run() {
        run = ShortRun.of(new ActivationsLab(), 1, folder);
    }

    private static List<Figure> accuracies() {
        return run.figures().stream()
                .filter(f -> f.name().endsWith(", test accuracy"))
                .toList();
    }

    @Test
    void allActivationsRaceAndTheOnesThatKeepSignalsLearn() {
        assertThat(accuracies()).hasSize(25);
        for (Figure f : accuracies()) {
            boolean weak = WEAK.contains(f.name().replace(", test accuracy", ""));
            assertThat(f.measured()).as(f.name()).isBetween(weak ? 5.0 : 65.0, 90.0);
        }
        for (String weak : WEAK) {
            assertThat(run.figure(weak + ", test accuracy")).as(weak).isLessThan(run.figure("ReLU, test accuracy"));
        }
    }

    @Test
    void thePageRanksThemAndDrawsTheirCurves() {
        List<Double> order = accuracies().stream().map(Figure::measured).toList();
        assertThat(order).isSortedAccordingTo((a, b) -> Double.compare(b, a));
        for (String kind : List.of("rectifiers", "bounded", "exponential", "gated")) {
            assertThat(folder.resolve(kind + ".png")).isNotEmptyFile();
        }
        assertThat(run.result().isFinished()).isTrue();
    }

    @Test
    void anInterruptedRunSaysNothingItDoesNotKnow(@TempDir Path stopped) {
        InterruptedRun half = InterruptedRun.of(new ActivationsLab(), "10 of 50", null, stopped);
        assertThat(half.result().isFinished()).isFalse();
        assertThat(half.result().figures()).isEmpty();
        assertThat(half.out()).doesNotContain("comes first");
    }
}
