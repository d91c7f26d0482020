package dev.fathom.labs.generative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.Bird;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short forms of the labs gan, wgan, vae, diffusion and birds. */
class GenerativeLabsTest {
    @TempDir
    Path temp;

    private ShortRun digits(Experiment lab, String... files) {
        TestData.assume("mnist");
        ShortRun run = ShortRun.of(lab, 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.out()).contains("training images", "noise");
        for (String file : files) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
        return run;
    }

    /** A measure of samples, from the row of the page's tables that is about them. */
    private static double measured(ShortRun run, String samples, int column) {
        return run.result().parts().stream()
                .filter(Findings.Table.class::isInstance)
                .flatMap(part -> ((Findings.Table) part).rows().stream())
                .filter(row -> row.get(0).equals(samples))
                .mapToDouble(row -> Double.parseDouble(row.get(column).split(" ", -1)[0]))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no row " + samples));
    }

    private static double frechet(ShortRun run, String samples) {
        return measured(run, samples, 2);
    }

    /**
     * A few steps have taught a net that most pixels are dark: gray images in the place of its samples, which are what
     * a net draws that has not learned, give the test images -571 nats.
     */
    private static void assertThatItLearned(ShortRun run, String net) {
        assertThat(run.figure("Digits, " + net + ", log-likelihood"))
                .as(net)
                .isBetween(-540.0, measured(run, "training images", 3));
    }

    @Test
    void adversarialNets() {
        ShortRun run = digits(
                new GanLab(),
                "discriminators.png",
                "line.png",
                "modes-ring.png",
                "modes.gif",
                "digits-dcgan.png",
                "digits-dcgan-interpolation.png",
                "digits-values.png",
                "clothes-frechet.png");
        assertThat(run.figure("Value, p = N(0, 1²), q = N(0, 1²)")).isCloseTo(-1.386294361, within(1e-3));
        assertThat(run.figure("Value, p = N(-3, 0.5²), q = N(3, 0.5²)")).isCloseTo(0, within(1e-2));
        assertThat(run.figure("Largest distance from p / (p + q)")).isLessThan(0.05);
        assertThat(run.figure("Value of the game on a line")).isCloseTo(LineTheory.OPTIMUM, within(0.05));
        List<String> nets = List.of(
                "dense nets, minimax",
                "dense nets, non-saturating",
                "DCGAN",
                "DCGAN, feature matching",
                "DCGAN, minibatch discrimination",
                "conditional DCGAN");
        for (String net : List.of("dense nets, minimax", "dense nets, non-saturating")) {
            assertThatItLearned(run, net);
        }
        // what other labs stored of their nets stands in the same table
        assertThat(frechet(run, "lab vae: VAE, code of 20")).isLessThan(frechet(run, "lab wgan: weight clipping"));
        assertThat(run.figure("Digits, log-likelihood of the net that the images held out choose"))
                .isIn(nets.stream()
                        .map(net -> run.figure("Digits, " + net + ", log-likelihood"))
                        .toList());
        for (String game : List.of("minimax", "non-saturating", "minibatch discrimination", "conditional")) {
            assertThat(run.out()).contains("== " + game + ", ring of 8");
        }
        assertThat(run.out()).contains("225 ± 2 nats");
    }

    @Test
    void wassersteinNets() {
        ShortRun run = digits(
                new WganLab(),
                "shifts.png",
                "line.png",
                "modes-ring.png",
                "digits-gradient-penalty.png",
                "clothes-gradient-penalty.png",
                "digits-values.png");
        assertThat(run.figure("Largest error of the estimate on a line")).isLessThan(0.25);
        assertThat(run.figure("Largest error of the estimate for six points")).isLessThan(0.25);
        assertThat(run.figure("Distance at the end of the game on a line")).isLessThan(1.2);
        assertThatItLearned(run, "weight clipping");
        // both games have as many rounds
        assertThat(run.out()).contains("After 90 rounds on the ring of 8");
    }

    @Test
    void variationalAutoencoders() {
        ShortRun run = digits(
                new VaeLab(), "vae-2-plane.png", "vae-20-reconstructions.png", "vae-20-samples.png", "bounds.png");
        for (int code : new int[] {2, 20}) {
            String name = "VAE, code of " + code;
            // better than independent pixels, and below the estimate of log p(x)
            assertThat(run.figure(name + ", bound")).isBetween(-195.0, run.figure(name + ", log p(x) by importance"));
            // a decoder that ignores its code has a divergence of 0
            assertThat(run.figure(name + ", divergence")).isGreaterThan(2);
        }
        assertThat(run.figure("VAE, code of 20, bound")).isGreaterThan(run.figure("VAE, code of 2, bound"));
        assertThat(run.figure("Digits, VAE, code of 20, Fréchet distance"))
                .isLessThan(run.figure("Digits, VAE, code of 2, Fréchet distance"))
                .isLessThan(frechet(run, "noise") / 2);
    }

    @Test
    void diffusion() {
        ShortRun run = digits(new DiffusionLab(), "loss.png", "way.png", "samples.png");
        assertThat(run.figure("Loss")).isLessThan(0.4);
        assertThat(run.figure("Digits, diffusion, Fréchet distance"))
                .isBetween(frechet(run, "training images"), frechet(run, "noise") * 3 / 4);
    }

    @Test
    void birds() {
        ShortRun run = ShortRun.of(new BirdsLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        // a net that always answers "not said" is right in 57 %
        assertThat(run.figure("Captions read")).isGreaterThan(60);
        assertThat(run.figure("Colors found in drawn birds")).isGreaterThan(40);
        // critics that tell real birds from drawn ones have passed -log 4
        Findings.Series values = run.result().parts().stream()
                .filter(Findings.Series.class::isInstance)
                .map(Findings.Series.class::cast)
                .findFirst()
                .orElseThrow();
        values.curves()
                .forEach((stage, curve) ->
                        assertThat(curve[1][curve[1].length - 1]).as(stage).isGreaterThan(-1.3));
        assertThat(values.curves()).containsOnlyKeys("stage I", "stage II");
        assertThat(sky()).isGreaterThan(0.1);
        assertThat(run.out()).contains(Bird.PROMPTS);
        for (String file : List.of("birds.png", "prompts.png", "values.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    /**
     * The mean blue of the edges of pictures by the first stage, which is -1 to 1 and begins at 0: all birds are in
     * front of a light sky.
     */
    private double sky() {
        try (Model<BirdNet> model = Model.of(BirdNet.first(), 2)) {
            model.load(temp.resolve("stage-i/stage.safetensors"));
            try (Pass pass = Pass.infer(new Rng(1))) {
                Tensor drawn = model.net()
                        .generator()
                        .draw(
                                pass.randn(64, BirdNet.LATENT),
                                pass.randn(64, BirdNet.CONDITION).mul(0));
                return drawn.slice(1, 0, 1).slice(3, 2, 3).mean().item();
            }
        }
    }

    @Test
    void interruptedRunsAreNotFinished() {
        var birds = InterruptedRun.of(new BirdsLab(), "== the net that reads captions", null, temp.resolve("birds"));
        assertThat(birds.result().isFinished()).isFalse();
        assertThat(birds.out()).doesNotContain("== stage I");
        TestData.assume("mnist");
        var gan = InterruptedRun.of(new GanLab(), "== minimax, ring of 8", null, temp.resolve("gan"));
        assertThat(gan.result().isFinished()).isFalse();
        assertThat(gan.out()).contains("== A game on a line").doesNotContain("== non-saturating");
        assertThat(temp.resolve("gan/discriminators.png")).isNotEmptyFile();
        var vae = InterruptedRun.of(new VaeLab(), "== VAE, code of 2", null, temp.resolve("vae"));
        assertThat(vae.result().isFinished()).isFalse();
        assertThat(vae.out()).doesNotContain("== VAE, code of 20");
    }
}
