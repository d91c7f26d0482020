package dev.fathom.labs.restoration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.data.GarmentScenes;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Model;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab unet}: its short form, and its scores on maps whose answer is known. */
class UnetLabTest {
    @TempDir
    Path temp;

    @Test
    void theUnetIsBetterThanThresholdAndLinearMap() {
        ShortRun run = ShortRun.of(new UnetLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        assertThat(run.figure("U-Net, gain in mean IoU over the better of threshold and linear map"))
                .isGreaterThan(0.08);
        assertThat(run.figure("U-Net, mean IoU")).isGreaterThan(0.25);
        assertThat(run.figure("U-Net, pixels right")).isGreaterThan(run.figure("linear, pixels right"));
        assertThat(run.figure("U-Net, gain by skip connections, pixels right at edges"))
                .isGreaterThan(1);
        assertThat(temp.resolve("scenes.png")).isNotEmptyFile();
    }

    @Test
    void anInterruptedRunShowsWhatIsTrained() {
        InterruptedRun run = InterruptedRun.of(new UnetLab(), "== without skip connections", null, temp);
        assertThat(run.result().isFinished()).isFalse();
        assertThat(run.result().figures()).hasSize(18); // threshold and linear map
        assertThat(run.out()).doesNotContain("== U-Net");
    }

    /** Of nine pixels of class 1, six are found, and two others are said to be of it. */
    @Test
    void intersectionOverUnionIsCounted() {
        int side = GarmentScenes.SIDE;
        int[] mask = new int[side * side];
        int[] said = new int[side * side];
        for (int row = 0; row < 3; row++) {
            for (int column = 0; column < 3; column++) {
                mask[(10 + row) * side + 10 + column] = 1;
                said[(10 + row) * side + 10 + column] = row < 2 ? 1 : 0;
            }
        }
        said[0] = 1;
        said[1] = 2;
        var score = Segmentation.of(new int[][] {said}, new int[][] {mask}, 3);
        assertThat(Segmentation.iou(score.pixels(), 1)).isCloseTo(6 / 10.0, within(1e-9));
        assertThat(Segmentation.iou(score.pixels(), 2)).isZero();
        assertThat(Segmentation.iou(score.objects(), 1)).isCloseTo(6 / 11.0, within(1e-9));
        assertThat(score.pixels().macro(c -> Segmentation.iou(score.pixels(), c)))
                .isCloseTo((Segmentation.iou(score.pixels(), 0) + 0.6) / 3, within(1e-9));
        assertThat(score.pixels().accuracy()).isCloseTo(1 - 5.0 / (side * side), within(1e-9));
        // eight pixels of the square have a neighbor outside, and twelve outside have one in it
        assertThat(score.edges().total()).isEqualTo(20);
        assertThat(score.edges().accuracy()).isCloseTo(1 - 3 / 20.0, within(1e-9));
    }

    @Test
    void skipConnectionsBringTheFineMap() {
        for (boolean skips : new boolean[] {true, false}) {
            try (Model<Layer> model = Model.of(Level.of(1, 4, 2, skips), 1);
                    Pass pass = Pass.infer()) {
                assertThat(model.net().apply(Tensor.ones(2, 16, 16, 1)).shape().toArray())
                        .containsExactly(2, 16, 16, 4);
                assertThat(pass.recording()).isFalse();
            }
        }
    }
}
