package dev.fathom.labs.restoration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.Lab;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab denoising}: its short form, and damage and filters on cases whose answer is known. */
class DenoisingLabTest {
    @TempDir
    Path temp;

    @Test
    void everyNetworkMendsAndMostBeatFilters() {
        ShortRun run = ShortRun.of(new DenoisingLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        String psnr = ", correcting auto-encoder, PSNR";
        assertThat(run.figure("Fashion-MNIST, noise" + psnr)).isGreaterThan(18); // 16.0 as it is
        assertThat(run.figure("Fashion-MNIST, noise, auto-encoder, PSNR")).isGreaterThan(17.5);
        assertThat(run.figure("Fashion-MNIST, super-resolution" + psnr)).isGreaterThan(20); // 18.3
        assertThat(run.figure("Fashion-MNIST, inpainting" + psnr)).isGreaterThan(20); // 16.0
        assertThat(run.figure("Fashion-MNIST, deblurring" + psnr)).isGreaterThan(19.5); // 17.3
        String gain = ", gain of the network over the best filter";
        assertThat(run.figure("Fashion-MNIST, super-resolution" + gain)).isGreaterThan(1);
        assertThat(run.figure("Fashion-MNIST, deblurring" + gain)).isPositive();
        for (String task : new String[] {"noise", "super-resolution", "inpainting", "deblurring"}) {
            assertThat(temp.resolve("fashion-mnist-" + task + ".png")).isNotEmptyFile();
        }
        assertThat(run.out()).contains("bicubic", "median filter", "Richardson-Lucy", "means of neighbors");
    }

    @Test
    void anInterruptedRunKeepsWhatIsFinished() {
        InterruptedRun run = InterruptedRun.of(new DenoisingLab(), "== Fashion-MNIST, super-resolution", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(run.result().figures()).hasSize(6); // five ways to remove noise, and the gain
        assertThat(run.out()).doesNotContain("== Fashion-MNIST, inpainting");
    }

    /** Strong filters are best on the even images to choose by, and none is good for the stripes of the test. */
    @Test
    void nothingIsChosenByTheTest() {
        try (Dataset even = images(i -> 0.5f);
                Dataset stripes = images(i -> i % 2)) {
            Experiment stripesLab = new Experiment() {
                @Override
                public String name() {
                    return "denoising";
                }

                @Override
                public void run(Lab lab) {
                    lab.put("images", "stripes");
                    new Restoration(lab, "Stripes", even, even, stripes, null).add(Damage.NOISE);
                }
            };
            ShortRun run = ShortRun.of(stripesLab, 1, temp);
            assertThat(run.out()).contains("the best way without a network is called Gaussian filter, deviation 1.5.");
            assertThat(run.figure("Stripes, noise, Gaussian filter, deviation 1.5, PSNR"))
                    .isBetween(6.0, 7.0);
            assertThat(run.figure("Stripes, noise, noisy image, PSNR")).isBetween(16.0, 18.0);
        }
    }

    private static Dataset images(IntToDoubleFunction pixel) {
        float[] all = new float[32 * 16 * 16];
        for (int i = 0; i < all.length; i++) {
            all[i] = (float) pixel.applyAsDouble(i);
        }
        return Dataset.of(Field.floats("x", Shape.of(16, 16, 1), all).input());
    }

    @Test
    void theRatioIsThatOfTheFormula() {
        try (Pass pass = Pass.infer(new Rng(1))) {
            Tensor x = Tensor.full(Shape.of(2, 100, 100, 1), 0.5f);
            assertThat(Restoration.psnr(x.add(0.1f), x)[1]).isCloseTo(20, within(1e-4)); // 10 log10(1 / 0.01)
            double[] cut = Restoration.psnr(x.add(3), x); // only 0.5 is left of it
            assertThat(cut[0]).isCloseTo(-20 * Math.log10(0.5), within(1e-4));
            float noise = Damage.NOISE.of(x).sub(x).square().mean().item();
            assertThat(noise).isCloseTo(0.04f, within(0.001f));
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void everyRepairKeepsAConstant() {
        try (Pass pass = Pass.infer()) {
            Tensor same = Tensor.full(Shape.of(1, 16, 16, 3), 0.25f);
            for (Damage damage : Damage.values()) {
                for (Repair repair : damage.repairs()) {
                    assertThat(repair.of().apply(same).sub(same).abs().max().item())
                            .as(repair.kind())
                            .isLessThan(1e-5f);
                }
            }
            assertThat(pass.recording()).isFalse();
        }
    }

    @Test
    void aMedianForgetsASinglePixelAndNeighborsFillAHole() {
        try (Pass pass = Pass.infer(new Rng(2))) {
            float[] pixels = new float[49];
            pixels[24] = 1;
            assertThat(Repair.median(3)
                            .of()
                            .apply(Tensor.of(pixels, 1, 7, 7, 1))
                            .max()
                            .item())
                    .isZero();
            Tensor x = Tensor.full(Shape.of(20, 28, 28, 1), 0.75f);
            Tensor holes = Damage.HOLES.of(x);
            float[] hidden = holes.lt(0).sum(1, 2, 3).toArray();
            for (float one : hidden) {
                assertThat(one).isBetween(64f, 128f); // two squares of 8 x 8, which may overlap
            }
            assertThat(Repair.neighborFilled(holes).sub(x).abs().max().item()).isLessThan(1e-5f);
            assertThat(Repair.meanFilled(holes).sub(x).abs().max().item()).isLessThan(1e-5f);
            Tensor kept = Damage.HOLES.kept(holes, Tensor.zeros(20, 28, 28, 1));
            assertThat(kept.sub(holes.clamp(0, 1)).abs().max().item()).isZero();
            assertThat(pass.recording()).isFalse();
        }
    }
}
