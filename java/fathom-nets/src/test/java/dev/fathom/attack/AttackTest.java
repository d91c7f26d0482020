package dev.fathom.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Attacks on a network that is known exactly. */
class AttackTest {
    /** Class 1 where 2 x0 - x1 + 0.5 x2 > 0.5, of pixels between 0 and 1. */
    private static void linear(Consumer<Victim> test) {
        Linear net = new Linear(3, 2, (shape, rng) -> new float[] {0, 0, 0, 2, -1, 0.5f})
                .withBias((shape, rng) -> new float[] {0, -0.5f});
        try (Model<Linear> model = Model.of(net, 0);
                Pass pass = Pass.infer(new Rng(1))) {
            test.accept(new Victim(model.net(), Shape.of(3), 0, 1));
        }
    }

    /** The gradient of the cross-entropy has the signs of the weights, and pixels stay between black and white. */
    @Test
    void theFastGradientSignMethodMovesEveryPixel() {
        linear(victim -> {
            float[] x = {0.5f, 0.2f, 0.9f};
            assertThat(victim.answers(x).classes()).containsExactly(1);
            assertThat(ProjectedGradient.fast(0.25f).of(victim, x, new int[] {1}))
                    .containsExactly(new float[] {0.25f, 0.45f, 0.65f}, within(1e-6f));
            assertThat(ProjectedGradient.fast(0.25f).of(victim, x, new int[] {0}))
                    .containsExactly(new float[] {0.75f, 0, 1}, within(1e-6f));
            // toward a class is away from the other
            assertThat(ProjectedGradient.fast(0.25f).toward().of(victim, x, new int[] {0}))
                    .containsExactly(new float[] {0.25f, 0.45f, 0.65f}, within(1e-6f));
        });
    }

    @Test
    void projectedGradientDescentStaysWithinEpsilon() {
        linear(victim -> {
            float[] x = {0.5f, 0.2f, 0.9f};
            float[] changed = ProjectedGradient.of(0.1f, 10).of(victim, x, new int[] {1});
            assertThat(changed).containsExactly(new float[] {0.4f, 0.3f, 0.8f}, within(1e-6f));
        });
    }

    /** The first pixel promises 2 x 0.5, the second 0.8: making the first black suffices. */
    @Test
    void onePixelIsEnoughWhereItPromisesMost() {
        linear(victim -> {
            float[] changed = new FewPixels(3).of(victim, new float[] {0.5f, 0.2f, 0.9f}, new int[] {1});
            assertThat(changed).containsExactly(0, 0.2f, 0.9f);
            float[] right = {0.1f, 0.2f, 0.3f};
            assertThat(new FewPixels(3).of(victim, right, new int[] {1})).isEqualTo(right); // it errs already
        });
    }

    /** The nearest point of the other side lies along the weights, 0.75 / |w| away. */
    @Test
    void theSmallestChangeIsTheDistanceToTheBoundary() {
        linear(victim -> {
            float[] x = {0.5f, 0.2f, 0.9f};
            float[] changed = new SmallestChange(14, 30).of(victim, x, new int[] {0});
            assertThat(victim.answers(changed).classes()).containsExactly(0);
            double distance = Math.sqrt(
                    Math.pow(changed[0] - x[0], 2) + Math.pow(changed[1] - x[1], 2) + Math.pow(changed[2] - x[2], 2));
            assertThat(distance).isCloseTo(0.75 / Math.sqrt(5.25), within(0.01));
            assertThat((changed[0] - x[0]) / (changed[1] - x[1])).isCloseTo(-2, within(0.05f));
        });
    }

    /** Of three images of class 1, the ones near the boundary are lost, and how surely is known. */
    @Test
    void whatTheNetworkSaysUnderAttackIsCounted() {
        linear(victim -> {
            float[] x = {0.5f, 0.2f, 0.9f, 0.4f, 0.2f, 0.9f, 1, 0, 1};
            try (Dataset data = Dataset.of(x, Shape.of(3), new int[] {1, 1, 1})) {
                Attack.Outcome clean = ProjectedGradient.fast(0).on(victim, data, 1);
                assertThat(clean.accuracy()).isEqualTo(1);
                assertThat(clean.confidence()).isNaN();
                Attack.Outcome attacked = ProjectedGradient.fast(0.25f).on(victim, data, 1);
                assertThat(attacked.accuracy()).isCloseTo(1.0 / 3, within(1e-12));
                // the logits of class 1 are 0.5 - 0.45 + 0.325 - 0.5 and 0.2 less
                double mean = (1 / (1 + Math.exp(-0.125)) + 1 / (1 + Math.exp(-0.325))) / 2;
                assertThat(attacked.confidence()).isCloseTo(mean, within(1e-6));
            }
        });
    }

    /** With q the probability of class 1, dloss/dx = (q - y) w. */
    @Test
    void theGradientIsThatOfTheFormula() {
        linear(victim -> {
            double q = 1 / (1 + Math.exp(-0.75));
            float[] expected = {(float) (2 * (q - 1)), (float) (1 - q), (float) (0.5 * (q - 1))};
            float[] x = {0.5f, 0.2f, 0.9f};
            assertThat(victim.gradient(x, 1)).containsExactly(expected, within(1e-6f));
            assertThat(victim.answers(x).confidence()).containsExactly(new float[] {(float) q}, within(1e-6f));
        });
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        refused(() -> new FewPixels(0), "few_pixels: most=0 must be at least 1");
        refused(() -> ProjectedGradient.fast(-1), "projected_gradient: epsilon=-1.0 must be 0 or more and finite");
        refused(() -> ProjectedGradient.of(1, 0), "projected_gradient: iterations=0 must be at least 1");
        refused(() -> new ProjectedGradient(1, Float.NaN, 1, false), "projected_gradient: step=NaN must be finite");
        refused(() -> new SmallestChange(0, 1), "smallest_change: rounds=0 must be at least 1");
        refused(() -> new SmallestChange(1, 0), "smallest_change: iterations=0 must be at least 1");
        linear(victim -> {
            refused(
                    () -> new Victim(victim.net(), Shape.of(), 0, 1),
                    "victim: an image [] has no dimension; give one at least");
            refused(
                    () -> new Victim(victim.net(), Shape.of(3), 1, 1),
                    "victim: pixels from 1.0 to 1.0; give finite numbers, the lower one first");
            refused(
                    () -> victim.answers(0, 1),
                    "victim: 2 numbers are not images [3] of 3 numbers; give whole images, one at least");
            for (Attack attack : new Attack[] {ProjectedGradient.fast(1), new FewPixels(1), new SmallestChange(1, 1)}) {
                refused(
                        () -> attack.of(victim, new float[3], 1, 1),
                        "victim: 3 numbers and 2 labels; give one label, and 3 numbers, for each image [3]");
            }
            try (Dataset numbers = Dataset.of(new float[][] {{1, 2, 3}}, new float[][] {{1}})) {
                refused(
                        () -> new FewPixels(1).on(victim, numbers, 1),
                        "attack: the dataset has no labels; give one of images with classes");
            }
        });
    }

    @Test
    void theSeedDecides() {
        linear(victim -> {
            float[] x = new Rng(3).uniform(30, 0.3f, 0.7f);
            int[] labels = new int[10];
            ProjectedGradient attack = new ProjectedGradient(0.1f, 0.001f, 1, true);
            float[] first = attacked(attack, victim, x, labels, 1);
            assertThat(attacked(attack, victim, x, labels, 1)).isEqualTo(first);
            assertThat(attacked(attack, victim, x, labels, 2)).isNotEqualTo(first);
        });
    }

    private static float[] attacked(Attack attack, Victim victim, float[] x, int[] labels, long seed) {
        try (Pass pass = Pass.infer(new Rng(seed))) {
            return attack.of(victim, x, labels);
        }
    }
}
