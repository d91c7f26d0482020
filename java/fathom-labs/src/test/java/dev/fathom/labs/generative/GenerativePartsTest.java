package dev.fathom.labs.generative;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.data.Bird;
import dev.fathom.experiments.data.Images;
import dev.fathom.experiments.pages.Table;
import dev.fathom.experiments.statistics.Density;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.labs.generative.Mixture.Coverage;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The parts of the generative labs whose numbers are known. */
class GenerativePartsTest {
    // ---- densities and distances

    @Test
    void theValueAtTheOptimumIsMinusLogFour() {
        Density p = Density.pair(2, 0.6);
        assertThat(LineTheory.OPTIMUM).isCloseTo(-1.386294361, within(1e-9));
        assertThat(Density.jensenShannon(p, p)).isZero();
        // far apart, the divergence is log 2, so the value is 0
        assertThat(Density.jensenShannon(Density.normal(-6, 0.5), Density.normal(6, 0.5)))
                .isCloseTo(Math.log(2), within(1e-6));
        assertThat(Density.jensenShannon(p, Density.normal(0, 1)))
                .isCloseTo(Density.jensenShannon(Density.normal(0, 1), p), within(1e-12));
        try (Pass pass = Pass.infer()) {
            Tensor zeros = Tensor.zeros(5, 1);
            assertThat((double) Game.MINIMAX.value(zeros, zeros).item()).isCloseTo(-1.386294361, within(1e-6));
            assertThat((double) Game.MINIMAX.generatorLoss(zeros).item()).isCloseTo(-Math.log(2), within(1e-6));
            assertThat((double) Game.NON_SATURATING.generatorLoss(zeros).item()).isCloseTo(Math.log(2), within(1e-6));
            assertThat(Game.WASSERSTEIN
                            .value(Tensor.ones(3, 1), Tensor.zeros(5, 1))
                            .item())
                    .isEqualTo(1);
        }
    }

    @Test
    void theWassersteinDistanceOfAShiftIsTheShift() {
        assertThat(Density.wasserstein(Density.normal(0, 1), Density.normal(1.5, 1)))
                .isCloseTo(1.5, within(1e-6));
        // of two Gaussians with one mean, the mean of |z| times the difference of the deviations
        assertThat(Density.wasserstein(Density.normal(0, 1), Density.normal(0, 2)))
                .isCloseTo(Math.sqrt(2 / Math.PI), within(1e-4));
        assertThat(Density.wasserstein(new float[] {3, 1, 2}, new float[] {2, 3, 7}))
                .isEqualTo(2);
        assertThatThrownBy(() -> Density.wasserstein(new float[2], new float[3]))
                .hasMessage("wasserstein: samples of 2 and 3 numbers; give two of one size");
    }

    /** Pairing the first points would cost (2 + 2) / 2; crossing over costs (1 + 0) / 2. */
    @Test
    void theBestPairingIsFound() {
        float[] a = {0, 0, 2, 0};
        assertThat(Density.paired(a, new float[] {2, 0, 0, 1})).isEqualTo(0.5);
        float[] x = new Rng(1).normal(6, 0, 1);
        float[] y = new Rng(2).normal(6, 0, 1);
        float[] onALine = {x[0], 0, x[1], 0, x[2], 0, x[3], 0, x[4], 0, x[5], 0};
        float[] another = {y[0], 0, y[1], 0, y[2], 0, y[3], 0, y[4], 0, y[5], 0};
        assertThat(Density.paired(onALine, another)).isCloseTo(Density.wasserstein(x, y), within(1e-6));
    }

    @Test
    void everyPointIsBesideEveryOther() {
        float[][] pairs = KnownDistances.everyPair(new float[] {1, 2, 3, 4}, new float[] {5, 6, 7, 8});
        assertThat(pairs[0]).containsExactly(1, 2, 1, 2, 3, 4, 3, 4);
        assertThat(pairs[1]).containsExactly(5, 6, 7, 8, 5, 6, 7, 8);
    }

    @Test
    void modesAreCounted() {
        for (Mixture mixture : Mixture.values()) {
            Coverage data = mixture.coverage(mixture.sample(new Rng(1).ints(5000, mixture.modes()), new Rng(2)));
            assertThat(data.modes()).isEqualTo(mixture.modes());
            assertThat(data.share()).isGreaterThan(0.99);
        }
        float[] one = new float[200];
        for (int i = 0; i < 200; i += 2) {
            one[i] = i < 100 ? 2 : 1; // half on the first mode of the ring, half on none
        }
        assertThat(Mixture.RING.coverage(one)).isEqualTo(new Coverage(1, 0.5));
        assertThat(Mixture.GRID.coverage(one)).isEqualTo(new Coverage(2, 1));
    }

    @Test
    void minibatchDiscriminationSeesEqualExamples() {
        var layer = new Nets.MinibatchDiscrimination(
                new Parameter(Shape.of(2, 4), (shape, rng) -> new float[] {1, 0, 2, 0, 0, 1, 0, 2}), 2);
        try (Model<Nets.MinibatchDiscrimination> model = Model.of(layer, 1);
                Pass pass = Pass.infer()) {
            float[] y = model.net()
                    .apply(Tensor.of(new float[] {0, 0, 0, 0, 1, 0}, 3, 2))
                    .toArray();
            float near = (float) Math.exp(-1);
            float far = (float) Math.exp(-2);
            float half = (1 + near) / 2;
            float other = (1 + far) / 2;
            float[] expected = {0, 0, half, other, 0, 0, half, other, 1, 0, near, far};
            assertThat(y).containsExactly(expected, within(1e-5f));
        }
    }

    // ---- evaluation

    @Test
    void theInceptionScoreCountsClasses() {
        float[] sure = new float[100];
        float[] same = new float[100];
        float[] unsure = new float[100];
        Arrays.fill(unsure, 0.1f);
        for (int i = 0; i < 10; i++) {
            sure[10 * i + i] = 1;
            same[10 * i] = 1;
        }
        assertThat(SampleQuality.inception(sure, 10)).isCloseTo(10, within(1e-5));
        assertThat(SampleQuality.inception(same, 10)).isCloseTo(1, within(1e-6));
        assertThat(SampleQuality.inception(unsure, 10)).isCloseTo(1, within(1e-6));
    }

    /**
     * The images held out are dark and those of the test are bright, so a choice by the test would be the other one.
     */
    @Test
    void theImagesHeldOutChooseTheNet(@TempDir Path folder) {
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        float[] dark = new Rng(1).uniform(80 * SampleQuality.PIXELS, 0, 0.2f);
        float[] bright = new Rng(2).uniform(80 * SampleQuality.PIXELS, 0.8f, 1);
        try (Interrupt interrupt = Interrupt.install(nowhere);
                Images images = new Images(
                        "shades", List.of("one"), Shape.of(28, 28, 1), shades(dark), shades(dark), shades(bright));
                SampleQuality evaluation = new SampleQuality(lab(folder, interrupt), "Shades", images, 80)) {
            Table.Row near = evaluation.row("dark", dark);
            Table.Row far = evaluation.row("bright", bright);
            assertThat(evaluation.likeliest().name()).isEqualTo("dark");
            assertThat(near.get("log-likelihood")).isLessThan(far.get("log-likelihood"));
            assertThat(far.get("Fréchet distance")).isLessThan(1e-3).isLessThan(near.get("Fréchet distance"));
            assertThat(evaluation.real().name()).isEqualTo("training images");
        }
    }

    private static Lab lab(Path folder, Interrupt interrupt) {
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        return new Lab(new GanLab(), new LabRun(true, 1, 1, false, null, null, folder, interrupt, nowhere, nowhere));
    }

    private static Dataset shades(float[] pixels) {
        return Dataset.of(pixels, Shape.of(28, 28, 1), new int[pixels.length / SampleQuality.PIXELS]);
    }

    // ---- codes

    @Test
    void grayPixelsAreOnFromTheMiddle() {
        float[] gray = new float[SampleQuality.PIXELS];
        gray[1] = 0.49f;
        gray[2] = 0.5f;
        gray[3] = 1;
        try (Dataset images = shades(gray);
                Dataset binary = VaeLab.binary(images);
                Pass pass = Pass.infer()) {
            float[] x = binary.batches(1).epoch(0).next().x().toArray();
            assertThat(Arrays.copyOf(x, 5)).containsExactly(0, 0, 1, 1, 0);
        }
    }

    @Test
    void theBoundOfAVaeIsBelowTheLikelihood() {
        try (Model<Vae> model = Model.of(new Vae(6, 8, 2), 1);
                Pass pass = Pass.infer(new Rng(1))) {
            Tensor x = Tensor.of(new float[] {1, 0, 1, 1, 0, 0}, 1, 6).expand(4000, 6);
            float[] parts = model.net().bound(x).mean(0).toArray();
            // log p(x) by draws from the prior
            Tensor z = pass.randn(200_000, 2);
            Tensor logs = model.net()
                    .logLikelihood(
                            Tensor.of(new float[] {1, 0, 1, 1, 0, 0}, 1, 6).expand(200_000, 6), z);
            double likelihood = logs.logSumExp(0).item() - Math.log(200_000);
            assertThat((double) parts[0] - parts[1]).isLessThan(likelihood);
            assertThat((double) model.net()
                            .importance(x.slice(0, 0, 50), 2000)
                            .mean()
                            .item())
                    .isCloseTo(likelihood, within(0.02));
        }
    }

    // ---- birds

    /** Every color that a bird is said to have is in its caption, and its other words fit one form alone. */
    @Test
    void captionsSayWhatIsDrawn() {
        Rng rng = new Rng(1);
        for (int i = 0; i < 200; i++) {
            Bird bird = Bird.draw(rng);
            assertThat(Bird.PROMPTS).doesNotContain(bird.caption());
            assertThat(bird.caption()).doesNotContainPattern("[A-Z]{2}"); // no slot is left open
            for (int part = 0; part < Bird.PARTS; part++) {
                assertThat(bird.said()[part]).isIn(-1, bird.colors()[part]);
                assertThat(bird.caption())
                        .contains(bird.said()[part] < 0 ? "bird" : Bird.COLORS.get(bird.said()[part]));
            }
            assertThat(bird.caption().matches(".*(short|small|long|large)[ ,].*"))
                    .as(bird.caption())
                    .isEqualTo(bird.said()[Bird.BEAK_LENGTH] >= 0 || bird.said()[Bird.SIZE] >= 0);
        }
    }

    @Test
    void theCourseAsksForSevenBirds() {
        assertThat(Bird.PROMPTS)
                .containsExactly(
                        "This bird is blue with white and has a very short beak",
                        "This bird has wings that are brown and has a yellow belly",
                        "A white bird with a black crown and yellow beak",
                        "This bird is white, black, and brown in color, with a brown beak",
                        "The bird has small beak, with reddish brown crown and gray belly",
                        "This is a small, black bird with a white breast and white on the wingbars.",
                        "This bird is white black and yellow in color, with a short black beak");
        assertThat(Bird.prompted(new Rng(1))).extracting(Bird::caption).isEqualTo(Bird.PROMPTS);
    }

    /**
     * The value of a stage's critic from its logits: real pictures with their texts, with texts that do not fit, and
     * drawings. Without the texts that do not fit, the critic could not tell whether a drawing fits its caption.
     */
    @Test
    void aCriticAlsoJudgesTextsThatDoNotFit() {
        try (Model<BirdNet> model = Model.of(BirdNet.first(), 1);
                Pass pass = Pass.infer(new Rng(2))) {
            BirdNet.Critic critic = model.net().critic();
            Tensor pictures = pass.randn(3, 16, 16, 3);
            Tensor drawings = pass.randn(3, 16, 16, 3);
            Tensor texts = pass.randn(3, BirdStudio.CaptionNet.WIDTH).mul(50);
            Tensor others = pass.randn(3, BirdStudio.CaptionNet.WIDTH).mul(50);
            float[] real = critic.logit(pictures, texts).toArray();
            float[] mismatched = critic.logit(pictures, others).toArray();
            float[] drawn = critic.logit(drawings, texts).toArray();
            double expected = 0;
            for (int i = 0; i < 3; i++) {
                expected += log(real[i]) / 3 + (log(-mismatched[i]) + log(-drawn[i])) / 6;
            }
            assertThat((double) critic.value(pictures, drawings, texts, others).item())
                    .isCloseTo(expected, within(1e-5));
            assertThat(Math.abs(real[0] - mismatched[0])).isGreaterThan(1e-2f);
        }
    }

    /**
     * The loss of a stage's generator: - E log D(G(z, c), t) for a draw c of N(m(t), s(t)^2), and twice the divergence
     * of this distribution from N(0, I), as a mean over its 128 numbers (conditioning augmentation).
     */
    @Test
    void theConditionIsDrawnAndHeldToANormalDistribution() {
        try (Model<BirdNet> model = Model.of(BirdNet.first(), 1)) {
            BirdNet net = model.net();
            float[] text = new Rng(4).normal(3 * BirdStudio.CaptionNet.WIDTH, 0, 3);
            double expected = 0;
            try (Pass pass = Pass.infer(new Rng(2))) {
                Tensor t = Tensor.of(text, 3, BirdStudio.CaptionNet.WIDTH);
                Tensor both = net.generator().augmentation().apply(t);
                Tensor mean = both.slice(1, 0, 128);
                Tensor deviation = both.slice(1, 128, 256).mul(0.5f).exp();
                Tensor z = pass.randn(3, BirdNet.LATENT);
                Tensor c = mean.add(deviation.mul(pass.randn(3, 128)));
                for (float logit :
                        net.critic().logit(net.generator().draw(z, c), t).toArray()) {
                    expected -= log(logit) / 3;
                }
                float[] m = mean.toArray();
                float[] s = deviation.toArray();
                for (int i = 0; i < m.length; i++) {
                    double square = s[i] * s[i];
                    expected += 2 * (m[i] * m[i] + square - Math.log(square) - 1) / 2 / m.length;
                }
            }
            try (Pass pass = Pass.infer(new Rng(2))) {
                Tensor t = Tensor.of(text, 3, BirdStudio.CaptionNet.WIDTH);
                assertThat((double) net.loss(null, t).item()).isCloseTo(expected, within(1e-5));
                assertThat(pass.recording()).isFalse();
            }
        }
    }

    /** A bird that is blue with white: the other captions say one color or size that it does not have. */
    @Test
    void otherCaptionsDoNotFitInOneColor() {
        int[] blue = {0, 1, -1, -1, -1, -1, 0, -1};
        List<Bird> birds = List.of(
                Bird.of(0, blue, 0, new Rng(1)),
                Bird.of(0, blue, 1, new Rng(1)), // says the same in other words
                Bird.of(0, new int[] {3, 1, -1, -1, -1, -1, 0, -1}, 0, new Rng(1)), // its body is yellow
                Bird.of(0, new int[] {3, 4, -1, -1, -1, -1, 0, -1}, 0, new Rng(1)), // its belly is black as well
                Bird.of(0, new int[] {0, 1, -1, -1, -1, -1, 1, -1}, 0, new Rng(1)), // its beak is long
                Bird.of(1, new int[] {-1, 1, 0, -1, -1, -1, -1, -1}, 0, new Rng(1)), // fits: its wings are blue
                Bird.of(1, new int[] {-1, 1, 7, -1, -1, -1, -1, -1}, 0, new Rng(1))); // its wings are red
        assertThat(BirdStudio.others(birds, 0)).hasSize(BirdStudio.OTHERS).containsOnly(2, 4);
        assertThat(birds.get(0).contradicts(birds.get(5).said())).isFalse();
        assertThat(birds.get(0).contradicts(birds.get(6).said())).isTrue();
        assertThat(birds.get(0).differences(birds.get(3).said())).isEqualTo(2);
        assertThat(birds.get(0).differences(birds.get(6).said())).isEqualTo(3);
    }

    /** The texts beside a picture are those of its own caption and of others that do not fit it. */
    @Test
    void picturesHaveTextsThatDoNotFit(@TempDir Path folder) {
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        int n = 200;
        try (Interrupt interrupt = Interrupt.install(nowhere);
                BirdStudio studio = new BirdStudio(lab(folder, interrupt), n, 4);
                Dataset captioned = studio.captioned();
                Pass pass = Pass.infer(new Rng(3))) {
            Rng rng = new Rng(1).split("birds");
            List<Bird> birds = Stream.generate(() -> Bird.draw(rng)).limit(n).toList();
            float[] text = studio.read(birds).text();
            Batch batch = captioned.batches(n).epoch(0).next();
            assertThat(batch.y().toArray()).containsExactly(text);
            float[] others = BirdPainter.other(batch).toArray();
            int width = BirdStudio.CaptionNet.WIDTH;
            for (int i = 0; i < n; i++) {
                float[] other = Arrays.copyOfRange(others, i * width, (i + 1) * width);
                int[] nearest = BirdStudio.others(birds, i);
                assertThat(Arrays.stream(nearest)
                                .anyMatch(j ->
                                        Arrays.equals(other, Arrays.copyOfRange(text, j * width, (j + 1) * width))))
                        .isTrue();
                for (int j : nearest) {
                    assertThat(birds.get(i).contradicts(birds.get(j).said())).isTrue();
                }
            }
            assertThat(pass.recording()).isFalse();
        }
    }

    /** log sigmoid(x). */
    private static double log(double x) {
        return -Math.log1p(Math.exp(-x));
    }

    /** The first test bird is not drawn where the first bird to learn from is. */
    @Test
    void testBirdsHavePlacesOfTheirOwn(@TempDir Path folder) {
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        try (Interrupt interrupt = Interrupt.install(nowhere);
                BirdStudio studio = new BirdStudio(lab(folder, interrupt), 16, 4)) {
            float[] pictures = studio.pictures(studio.tests());
            assertThat(pictures).hasSize(4 * Bird.SIDE * Bird.SIDE * 3);
            byte[] like = studio.tests().get(0).pixels(new Rng(1).split("places"));
            byte[] drawn = new byte[like.length];
            for (int i = 0; i < drawn.length; i++) {
                drawn[i] = (byte) Math.round(127.5f * (pictures[i] + 1));
            }
            assertThat(drawn)
                    .isEqualTo(studio.tests().get(0).pixels(new Rng(1).split("test places")))
                    .isNotEqualTo(like);
        }
    }

    @Test
    void theMiddleOfABirdHasTheColorOfItsBelly() {
        Bird bird = Bird.of(0, new int[] {8, 7, -1, -1, -1, -1, 1, -1}, 1, new Rng(1));
        byte[] pixels = bird.pixels(new Rng(2));
        int at = (22 * Bird.SIDE + 18) * 3;
        assertThat(pixels[at] & 255).isGreaterThan(150);
        assertThat(pixels[at + 1] & 255).isLessThan(80);
        assertThat(pixels).isEqualTo(bird.pixels(new Rng(2))).isNotEqualTo(bird.pixels(new Rng(3)));
    }
}
