package dev.fathom.labs.adversarial;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.experiments.TestData;
import dev.fathom.labs.ShortRun;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The short form of the lab adversarial. */
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
}
