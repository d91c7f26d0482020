package dev.fathom.labs.adversarial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.TestData;
import dev.fathom.labs.ShortRun;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The attacks on a network that is known exactly, and the short form of the lab adversarial. */
class AdversarialLabTest {
    @TempDir
    static Path temp;

    private static @Nullable ShortRun run;

    /** The short form, run once. */
    private static synchronized ShortRun run() {
        TestData.assume("mnist");
        if (run == null) {
            run = ShortRun.of(new AdversarialLab(), 1, temp);
        }
        return run;
    }

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

    @Test
    void everyAttackFindsWhatItIsFor() {
        for (String name : new String[] {"Softmax regression, ", "Maxout, "}) {
            double clean = run().figure(name + "errors on images as they are");
            assertThat(clean).isLessThan(30);
            assertThat(run().figure(name + "errors under FGSM")).isGreaterThan(90);
            assertThat(run().figure(name + "errors under PGD"))
                    .isGreaterThanOrEqualTo(run().figure(name + "errors under FGSM") - 2);
            assertThat(run().figure(name + "target reached by PGD")).isGreaterThan(50);
            assertThat(run().figure(name + "pixels changed")).isBetween(1.0, 40.0);
            assertThat(run().figure(name + "target reached by L-BFGS")).isGreaterThan(95);
            assertThat(run().figure(name + "smallest change by L-BFGS")).isBetween(0.02, 0.2);
            assertThat(run().figure(name + "accuracy under PGD at ε 0.05"))
                    .isBetween(run().figure(name + "accuracy under PGD at ε 0.1"), 100 - clean);
        }
        assertThat(run().figure("Softmax regression, errors under FGSM")).isGreaterThan(98); // 99.9 % in the paper
    }

    @Test
    void trainingOnAttackedImagesHelpsAgainstTheSameAttack() {
        double plain = run().figure("Maxout, errors under FGSM");
        assertThat(run().figure("Maxout, trained on FGSM, errors under FGSM")).isLessThan(plain - 10);
        assertThat(run().out())
                .contains(String.format(
                        Locale.ROOT,
                        "What is trained on one step loses %.1f points more to many steps.",
                        run().figure("Maxout, trained on FGSM, errors under PGD")
                                - run().figure("Maxout, trained on FGSM, errors under FGSM")));
    }

    /** The images held out decide, and the networks of the same form are compared. */
    @Test
    void theFormThatErrsLessOnImagesHeldOutIsTaken() {
        Matcher said = Pattern.compile(
                        "on ([\\d.]+) % of the images held out without dropout and on ([\\d.]+) % with it\\.\\s+"
                                + "So the networks trained on attacked images are (with|without) dropout")
                .matcher(run().out());
        assertThat(said.find()).isTrue();
        boolean with = Double.parseDouble(said.group(2)) < Double.parseDouble(said.group(1));
        assertThat(said.group(3)).isEqualTo(with ? "with" : "without");
        String form = with ? "Maxout with dropout" : "Maxout";
        assertThat(run().out())
                .contains(String.format(
                        Locale.ROOT,
                        "where the plain network errs on %.1f and %.1f %%",
                        run().figure(form + ", errors under FGSM"),
                        run().figure(form + ", errors under PGD")));
    }

    @Test
    void filesAreThere() {
        assertThat(run().result().isFinished()).isTrue();
        for (String file : new String[] {"fgsm.png", "pgd.png", "examples-maxout.png", "examples-projected.png"}) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
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
