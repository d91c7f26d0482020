package dev.fathom.labs.generative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.labs.CommandLineRun;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.labs.experiments.Experiment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short forms of the labs gan, wgan, vae, diffusion and birds. */
class GenerativeLabsTest {
    @TempDir
    Path temp;

    private ShortRun digits(Experiment lab, String... files) {
        CommandLineRun.assumeData("mnist");
        ShortRun run = ShortRun.of(lab, 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.out()).contains("training images", "noise");
        for (String file : files) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
        return run;
    }

    @Test
    void adversarialNets() {
        ShortRun run = digits(
                new GanLab(),
                "discriminators.png",
                "line.png",
                "modes.png",
                "modes.gif",
                "digits-dcgan.png",
                "digits-dcgan-interpolation.png",
                "digits-values.png",
                "clothes-frechet.png");
        assertThat(run.figure("Value, p = N(0, 1²), q = N(0, 1²)")).isCloseTo(-1.386294361, within(1e-3));
        assertThat(run.figure("Value, p = N(-3, 0.5²), q = N(3, 0.5²)")).isCloseTo(0, within(1e-2));
        assertThat(run.figure("Largest distance from p / (p + q)")).isLessThan(0.05);
        assertThat(run.figure("Value of the game on a line")).isCloseTo(DensityStudy.OPTIMUM, within(0.1));
        assertThat(run.figure("minimax, ring of 8, modes covered")).isBetween(0.0, 8.0);
