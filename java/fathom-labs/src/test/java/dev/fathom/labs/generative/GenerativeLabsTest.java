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
        for (String net : List.of(
                "dense nets, minimax",
                "dense nets, non-saturating",
                "DCGAN",
                "DCGAN, feature matching",
                "DCGAN, minibatch discrimination",
                "conditional DCGAN")) {
            assertThat(run.figure("Digits, " + net + ", inception score")).isBetween(1.0, 10.0);
            assertThat(run.figure("Digits, " + net + ", Fréchet distance")).isGreaterThan(50);
        }
        assertThat(run.figure("Clothes, conditional DCGAN, samples of the class asked for"))
                .isBetween(0.0, 100.0);
        assertThat(run.out()).contains("225 ± 2 nats");
    }

    @Test
    void wassersteinNets() {
        ShortRun run = digits(
                new WganLab(),
                "shifts.png",
                "line.png",
                "modes.png",
                "digits-gradient-penalty.png",
                "digits-values.png");
        assertThat(run.figure("Largest error of the estimate on a line")).isLessThan(0.4);
        assertThat(run.figure("Largest error of the estimate for six points")).isLessThan(0.5);
        assertThat(run.figure("Distance at the end of the game on a line")).isLessThan(1.5);
        assertThat(run.figure("Digits, weight clipping, Fréchet distance")).isPositive();
        assertThat(run.figure("Digits, gradient penalty, Fréchet distance")).isPositive();
    }

    @Test
    void variationalAutoencoders() {
        ShortRun run = digits(
                new VaeLab(), "vae-2-plane.png", "vae-20-reconstructions.png", "vae-20-samples.png", "bounds.png");
        for (int code : new int[] {2, 20}) {
            String name = "VAE, code of " + code;
            // better than independent pixels, and below the estimate of log p(x)
            assertThat(run.figure(name + ", bound")).isBetween(-195.0, run.figure(name + ", log p(x) by importance"));
            assertThat(run.figure(name + ", divergence")).isPositive();
        }
        assertThat(run.figure("VAE, code of 20, bound")).isGreaterThan(run.figure("VAE, code of 2, bound"));
        assertThat(run.figure("Digits, VAE, code of 20, Fréchet distance"))
                .isLessThan(run.figure("Digits, VAE, code of 2, Fréchet distance"));
    }

    @Test
    void diffusion() {
        ShortRun run = digits(new DiffusionLab(), "loss.png", "way.png", "samples.png");
        assertThat(run.figure("Loss")).isLessThan(0.4);
        assertThat(run.figure("Digits, diffusion, Fréchet distance")).isPositive();
    }

    @Test
    void birds() {
        ShortRun run = ShortRun.of(new BirdsLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.figure("Captions read")).isGreaterThan(50);
        assertThat(run.figure("Colors found in drawn birds")).isGreaterThan(40);
        assertThat(run.figure("Stage II, colors found")).isBetween(0.0, 100.0);
        assertThat(run.out()).contains(Bird.PROMPTS);
        for (String file : List.of("birds.png", "prompts.png", "values.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    @Test
    void interruptedRunsAreNotFinished() {
        var birds = InterruptedRun.of(new BirdsLab(), "== the net that reads captions", null, temp.resolve("birds"));
        assertThat(birds.result().isFinished()).isFalse();
        assertThat(birds.out()).doesNotContain("== stage I");
        CommandLineRun.assumeData("mnist");
        var gan = InterruptedRun.of(new GanLab(), "== minimax, ring of 8", null, temp.resolve("gan"));
        assertThat(gan.result().isFinished()).isFalse();
        assertThat(gan.out()).contains("== A game on a line").doesNotContain("== non-saturating");
        assertThat(temp.resolve("gan/discriminators.png")).isNotEmptyFile();
        var vae = InterruptedRun.of(new VaeLab(), "== VAE, code of 2", null, temp.resolve("vae"));
        assertThat(vae.result().isFinished()).isFalse();
        assertThat(vae.out()).doesNotContain("== VAE, code of 20");
    }
}
