package dev.fathom.labs.optimization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.ShortRun;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab signals}: its short form. */
class SignalsLabTest {
    @TempDir
    static Path folder;

    private static ShortRun run;

    @BeforeAll
    static void run() {
        run = ShortRun.of(new SignalsLab(), 1, folder);
    }

    @Test
    void measuredSignalsAreThoseOfTheTheory() {
        for (Figure f : run.figures()) {
            if (f.name().contains("layer") && !f.name().startsWith("Sigmoid, too")) {
                double theory = Objects.requireNonNull(f.baseline());
                assertThat(f.measured()).as(f.name()).isBetween(theory / 1.7, theory * 1.7);
            }
        }
        assertThat(fading("ReLU, He")).isCloseTo(1, within(0.1));
        assertThat(fading("ReLU, Xavier")).isCloseTo(Math.sqrt(0.5), within(0.05));
        assertThat(fading("Sigmoid, Xavier")).isLessThan(0.25); // no slope is above 1/4
        assertThat(fading("SELU, too large")).isGreaterThan(2);
        assertThat(run.figure("SELU, Xavier, deviation in layer 10")).isCloseTo(1, within(0.2));
        assertThat(run.figure("tanh, too small, deviation in layer 10")).isLessThan(1e-6);
    }

    private static double fading(String name) {
        return run.figure(name + ", gradients, factor for each layer");
    }

    @Test
    void networksLearnFromAStartThatKeepsTheirSignals() {
        assertThat(run.figure("tanh, Xavier, test accuracy")).isGreaterThan(50);
        assertThat(run.figure("SELU, Xavier, test accuracy")).isGreaterThan(50);
        for (String unit : List.of("tanh", "Sigmoid", "ReLU", "SELU")) {
            assertThat(run.figure(unit + ", too small, test accuracy")).as(unit).isLessThan(20);
        }
        assertThat(run.result().isFinished()).isTrue();
    }

    @Test
    void thePageHasHistogramsOfEachActivation() {
        for (String unit : List.of("tanh", "sigmoid", "relu", "selu")) {
            for (String what : List.of("activations", "gradients", "deviations")) {
                assertThat(folder.resolve(unit + "-" + what + ".png")).isNotEmptyFile();
            }
        }
    }
}
