package dev.fathom.labs.style;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.Pretrained;
import dev.fathom.image.Picture;
import dev.fathom.image.Preprocessing;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.nets.Vgg;
import dev.fathom.nn.Layer;
import dev.fathom.nn.MaxPool;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Trainer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The perceptual loss on numbers that are known, and the short form of the lab. */
class StyleLabTest {
    @TempDir
    Path temp;

    /** Two positions with two channels: (1, 2) and (3, 4). */
    @Test
    void theGramMatrixIsTheMeanProductOfChannels() {
        try (Pass pass = Pass.infer()) {
            Tensor gram = PerceptualLoss.gram(Tensor.of(new float[] {1, 2, 3, 4}, 1, 1, 2, 2));
            assertThat(gram.shape()).isEqualTo(Shape.of(1, 2, 2));
            assertThat(gram.toArray()).containsExactly(5, 7, 7, 10);
        }
    }

    /** A network of one layer that gives the pixels back: maps, content and style can be computed by hand. */
    private static Perception eye() {
        Sequential same = new Sequential(x -> x);
        return new Perception("same", same, List.of(0), 0, Preprocessing.IMAGENET.normalized(0, 1));
    }

    @Test
    void theTermsOfTheLossAreRelativeSquares() {
        byte full = (byte) 255;
        Picture style = new Picture(new byte[] {full, 0, 0, full, 0, 0, full, 0, 0, full, 0, 0}, 2, 2);
        PerceptualLoss loss = PerceptualLoss.of(eye(), style, 10, 0);
        assertThat(loss.grams().get(0)).containsExactly(1, 0, 0, 0, 0, 0, 0, 0, 0);
        try (Pass pass = Pass.infer()) {
            // half as red: the Gram matrix is a quarter, and (1/4 - 1)^2 = 9/16
            Tensor x = style.tensor().mul(0.5f);
            Tensor wanted = Tensor.of(new float[] {0.5f, 0, 0, 0.5f, 0, 0, 0, 0, 0, 0, 0, 0}, 1, 2, 2, 3);
            PerceptualLoss.Terms terms = loss.of(x, wanted);
            assertThat(terms.style().item()).isEqualTo(9 / 16f);
            assertThat(terms.content().item()).isEqualTo(1);
            assertThat(terms.total().item()).isEqualTo(1 + 90 / 16f);
            assertThat(loss.of(style.tensor(), null).total().item()).isZero();
            PerceptualLoss smooth = new PerceptualLoss(eye(), loss.grams(), 10, 2);
            // differences of 0.5 to the right, in one of three channels
            Tensor two = Tensor.of(new float[] {0.5f, 0, 0, 0, 0, 0, 0.5f, 0, 0, 0, 0, 0}, 1, 2, 2, 3);
            assertThat(smooth.of(two, null).total().item()
                            - loss.of(two, null).total().item())
                    .isCloseTo(2 * 0.25f / 3, within(1e-6f));
        }
    }

    /**
     * The content of nothing is 4 / 2, for pixels up to 255 times 255²; the style of nothing is 1 / (4 3²), times 255⁴.
     */
    @Test
    void thePublishedRatioIsAWeight() {
        byte full = (byte) 255;
        Picture red = new Picture(new byte[] {full, 0, 0, full, 0, 0, full, 0, 0, full, 0, 0}, 2, 2);
        PerceptualLoss loss = PerceptualLoss.of(eye(), red, 1, 0);
        assertThat(loss.ofRatio(1e-3, red).weight()).isCloseTo(255 * 255 / 36f / 2 * 1e3f, within(0.1f));
        assertThat(loss.ofRatio(1e-4, red).weight()).isCloseTo(255 * 255 / 36f / 2 * 1e4f, within(1f));
    }

    /** A window of 1, 2, 3 and 6 gives 3, and one that is half outside the mean of what is inside. */
    @Test
    void picturesAreSeenByAveragePooling() {
        Sequential pooled = Perception.averaging(new Sequential(new MaxPool(2).ceil(), Tensor::relu));
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {1, 2, 4, 3, 6, 8}, 1, 2, 3, 1);
            assertThat(pooled.apply(x).toArray()).containsExactly(3, 6);
        }
    }

    /** The layers behind the activations, by torchvision's numbers: 224 pixels are 28 behind conv4. */
    @Test
    void theLayersOfVggAreThoseOfThePaper() {
        Vgg vgg = Vgg.vgg19(10);
        Perception perception = Perception.of(
                Pretrained.ALL.stream()
                        .filter(p -> p.name().equals("vgg19"))
                        .findFirst()
                        .orElseThrow(),
                vgg);
        assertThat(perception.styleLayers()).isEqualTo("features.1, features.6, features.11, features.20, features.29");
        try (Model<Sequential> model = Model.of(vgg.features(), 1);
                Pass pass = Pass.infer()) {
            Perception.Seen seen = perception.of(Tensor.zeros(1, 32, 32, 3));
            assertThat(model.parameterCount()).isEqualTo(20_024_384);
            assertThat(seen.styles().stream().map(Tensor::shape))
                    .containsExactly(
                            Shape.of(1, 32, 32, 64),
                            Shape.of(1, 16, 16, 128),
                            Shape.of(1, 8, 8, 256),
                            Shape.of(1, 4, 4, 512),
                            Shape.of(1, 2, 2, 512));
            assertThat(seen.content().shape()).isEqualTo(Shape.of(1, 4, 4, 512));
            assertThat(seen.content().min().item()).isZero(); // behind its activation
        }
        Layer none = new Sequential();
        assertThatThrownBy(() -> Perception.of(Pretrained.ALL.get(2), none))
                .hasMessage(
                        "alexnet has no layers that are known to tell a style; choose squeezenet1_1, vgg16 or vgg19");
    }

    @Test
    void cropsAreSquaresOfThePhotographs() {
        Picture small = Painting.noise(4, 7, 1);
        Picture large = Painting.noise(9, 5, 2);
        try (Dataset crops = FastStyle.crops(List.of(small, large), 4, 6, 3)) {
            assertThat(crops.featureShape()).isEqualTo(Shape.of(4, 4, 3));
            for (int i = 0; i < 6; i++) {
                assertThat(places(i % 2 == 0 ? small : large, crops.pixels(i))).isEqualTo(1);
            }
        }
    }

    /** At how many places of a picture a square of 4 x 4 pixels stands. */
    private static int places(Picture picture, byte[] square) {
        int places = 0;
        for (int top = 0; top + 4 <= picture.height(); top++) {
            for (int left = 0; left + 4 <= picture.width(); left++) {
                boolean same = true;
                for (int i = 0; i < square.length; i++) {
                    int at = 3 * ((top + i / 12) * picture.width() + left) + i % 12;
                    same &= picture.pixels()[at] == square[i];
                }
                places += same ? 1 : 0;
            }
        }
        return places;
    }

    @Test
    void shortForm() {
        TestData.assume("style-transfer");
        ShortRun run = ShortRun.of(new StyleLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.figure("Starry Night, L-BFGS, distance to the style")).isBetween(0.1, 15.0);
        assertThat(run.figure("Starry Night, Adam, distance to the style"))
                .isGreaterThan(run.figure("Starry Night, L-BFGS, distance to the style"))
                .isLessThan(30);
        assertThat(run.figure("Starry Night, L-BFGS, distance to the content")).isBetween(20.0, 100.0);
        assertThat(run.figure("Starry Night, texture, distance to the style")).isBetween(0.1, 10.0);
        assertThat(run.figure("Starry Night, network, distance to the style")).isLessThan(85);
        assertThat(run.figure("Starry Night, milliseconds per photograph")).isPositive();
        assertThat(run.figure("Starry Night, frozen bits that differ, 1 for any"))
                .isZero();
        assertThat(run.out()).contains("features.1, features.3, features.4, features.6, features.7", "features.6.");
        assertThat(run.figure("Ratio 0.0001, distance to the content"))
                .isGreaterThan(run.figure("Ratio 0.01, distance to the content"));
        for (String file :
                List.of("ratios.png", "styles.png", "losses.png", "textures.png", "fast.png", "training.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    /** The last loss of either curve is that of the picture that is left, and L-BFGS looks about as often as Adam. */
    @Test
    void lossesAreThoseOfThePictureAtTheEnd() {
        AtomicInteger looks = new AtomicInteger();
        Sequential counting = new Sequential(x -> {
            looks.incrementAndGet();
            return x;
        });
        Perception eye = new Perception("same", counting, List.of(0), 0, Preprocessing.IMAGENET.normalized(0, 1));
        PerceptualLoss loss = PerceptualLoss.of(eye, Painting.noise(8, 8, 1), 10, 1);
        Picture begin = Painting.noise(8, 8, 2);
        int[] seen = new int[2];
        for (boolean adam : new boolean[] {false, true}) {
            looks.set(0);
            Painting painting = adam ? Painting.asOftenByAdam(loss, 40) : Painting.byLBfgs(loss, 40);
            Painting.Painted painted = painting.paint(begin, null, Trainer::fit, (iteration, preview) -> {});
            seen[adam ? 1 : 0] = looks.get();
            double[] losses = painted.history().series("val_loss");
            assertThat(losses).hasSize(2);
            try (Pass pass = Pass.infer()) {
                float last = loss.of(painted.picture().tensor(), null).total().item();
                assertThat(losses[1]).isCloseTo(last, within(0.02 * last)); // but for the rounding of pixels
            }
        }
        assertThat(seen[0]).isBetween(seen[1] - 10, seen[1] + 10);
    }

    @Test
    void anInterruptedRunKeepsWhatIsFinished() {
        TestData.assume("style-transfer");
        InterruptedRun stopped = InterruptedRun.of(new StyleLab(), "Starry Night, texture", null, temp);
        assertThat(stopped.result().isFinished()).isFalse();
        assertThat(stopped.out()).contains("Starry Night, Adam ").doesNotContain("a network for it");
        assertThat(temp.resolve("styles.png")).isNotEmptyFile();
    }
}
