package dev.fathom.labs.pairs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.data.MovingDigits;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Moving digits: the clips, on a square in the place of a digit, and the decoder that moves a frame. */
class MovingDigitsTest {
    /** Clips of a white square of 12 pixels, which is 6 pixels wide in the clips. */
    private static MovingDigits clips(int n) {
        byte[] square = new byte[28 * 28];
        for (int row = 8; row < 20; row++) {
            Arrays.fill(square, row * 28 + 8, row * 28 + 20, (byte) 255);
        }
        try (Dataset digits = Dataset.images(square, Shape.of(28, 28, 1), new int[1])) {
            return MovingDigits.of(digits, n, new Rng(3));
        }
    }

    @Test
    void theDigitIsWhereItIsSaidToBeAndMovesAsItIsSaidTo() {
        MovingDigits clips = clips(40);
        int reflected = 0;
        for (int clip = 0; clip < clips.clips(); clip++) {
            for (int t = 0; t < MovingDigits.FRAMES; t++) {
                double[] center = MovingDigits.center(clips.frame(clip, t));
                assertThat(center[0]).isCloseTo(clips.place(clip, t, 0), within(0.05));
                assertThat(center[1]).isCloseTo(clips.place(clip, t, 1), within(0.05));
                if (t > 0 && action(clips, clip, t) == action(clips, clip, t - 1)) {
                    double dx = clips.place(clip, t, 0) - clips.place(clip, t - 1, 0);
                    double dy = clips.place(clip, t, 1) - clips.place(clip, t - 1, 1);
                    if (Math.hypot(dx, dy) > 0.95) { // it did not turn between these frames
                        double turns = Math.atan2(dy, dx) / (2 * Math.PI / 8) - action(clips, clip, t);
                        assertThat(Math.abs(turns - 8 * Math.rint(turns / 8))).isLessThan(0.5);
                    }
                } else if (t > 0) {
                    reflected++;
                }
            }
        }
        assertThat(reflected).isGreaterThan(20);
        assertThat(clips(40).frames()).isEqualTo(clips.frames());
    }

    private static int action(MovingDigits clips, int clip, int t) {
        return clips.actions()[clip * MovingDigits.FRAMES + t];
    }

    @Test
    void aMovedFrameIsSharedAmongPixels() {
        float[] frame = new float[MovingDigits.PIXELS];
        frame[10 * MovingDigits.SIDE + 10] = 1;
        float[] moved = MovingDigits.moved(frame, 1.25, -2);
        assertThat(moved[8 * MovingDigits.SIDE + 11]).isEqualTo(0.75f);
        assertThat(moved[8 * MovingDigits.SIDE + 12]).isEqualTo(0.25f);
        assertThat(MovingDigits.moved(frame, 40, 0)).containsOnly(0);
    }

    /** A decoder that is sure of one shift down and one to the right moves every pixel so. */
    @Test
    void theDecoderOfShiftsMovesTheFrame() {
        int hidden = 128;
        var decoder = new Clips.Shifting(sure(hidden, 3 + 2), sure(hidden, 3 - 1));
        float[] frame = new Rng(1).uniform(MovingDigits.PIXELS, 0, 1);
        try (Model<Clips.Shifting> model = Model.of(decoder, 1);
                Pass pass = Pass.infer()) {
            Tensor next = model.net()
                    .next(Tensor.zeros(1, hidden), Tensor.of(frame, 1, MovingDigits.SIDE, MovingDigits.SIDE));
            assertThat(next.toArray()).containsExactly(MovingDigits.moved(frame, -1, 2), within(1e-5f));
            assertThat(pass.recording()).isFalse();
        }
    }

    /** A layer whose softmax is 1 at a place, whatever it reads. */
    private static Linear sure(int hidden, int place) {
        return new Linear(hidden, 7).withBias((shape, rng) -> {
            float[] bias = new float[7];
            bias[place] = 100;
            return bias;
        });
    }
}
