package dev.fathom.labs.distillation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.TestData;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.ShortRun;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab distill}: its short form, and what a lesson makes small. */
class DistillLabTest {
    @TempDir
    Path temp;

    @Test
    void aTeacherTellsOfADigitThatIsNeverSeenAlsoAfterAnInterrupt() throws Exception {
        TestData.assume("mnist");
        ShortRun run = ShortRun.of(new DistillLab(), 1, temp);
        assertThat(run.result().isFinished()).isTrue();
        double teacher = run.figure("Teacher, wrong on the test");
        double alone = run.figure("Student, labels alone, wrong on the test");
        assertThat(teacher).isBetween(1.0, 7.0);
        assertThat(alone).isBetween(teacher + 1, 14.0);
        int chosen = (int) run.figure("Temperature chosen on images held out");
        assertThat(run.figure("Student, gain by labels and teacher at the temperature chosen"))
                .isCloseTo(
                        alone
                                - run.figure(
                                        "Student, labels and teacher, temperature " + chosen + ", wrong on the test"),
                        within(1e-9));
        // a hot teacher asks more of 30 units than they have
        assertThat(run.figure("Student, labels and teacher, temperature 8, wrong on the test"))
                .isGreaterThan(run.figure("Student, labels and teacher, temperature 1, wrong on the test"));
        assertThat(run.figure("Student that never saw a 3, of these right")).isGreaterThan(10);
        assertThat(run.figure("Student that never saw a 3, of these right after a bias"))
                .isGreaterThan(50);
        assertThat(run.figure("Student of labels that never saw a 3, of these right after a bias"))
                .isLessThan(10);
        assertThat(temp.resolve("temperatures.png")).isNotEmptyFile();
        InterruptedRun stopped = InterruptedRun.assertThatItGoesOn(
                new DistillLab(), "teacher's share 1.0, temperature 2", run, temp.resolve("stopped"));
        assertThat(stopped.result().figures())
                .extracting(Figure::name)
                .containsExactly(
                        "Teacher, wrong on the test",
                        "Student, labels alone, wrong on the test",
                        "Student, teacher alone, temperature 1, wrong on the test",
                        "Student, teacher alone, temperature 2, wrong on the test");
    }

    @Test
    void aLessonWeighsLabelsAndTeacher() {
        try (Pass pass = Pass.infer()) {
            Tensor logits = Tensor.of(new float[] {1, 0, 2, 0}, 2, 2);
            Tensor labels = Tensor.ofInts(new int[] {0, 1}, 2);
            Tensor teacher = Tensor.of(new float[] {3, 0, 0, 1}, 2, 2);
            double entropy = (Math.log1p(Math.exp(-1)) + Math.log1p(Math.exp(2))) / 2;
            assertThat((double) Lesson.LABELS.loss(logits, labels, teacher).item())
                    .isCloseTo(entropy, within(1e-6));
            assertThat(new Lesson(1, 4).loss(logits, labels, logits).item()).isCloseTo(0, within(1e-6f));
            double distilled = new Lesson(1, 2).loss(logits, labels, teacher).item();
            double both = new Lesson(0.75f, 2).loss(logits, labels, teacher).item();
            assertThat(both).isCloseTo(0.75 * distilled + 0.25 * entropy, within(1e-6));
            // T^2 KL of (3, 0) / 2 and (1, 0) / 2, and of (0, 1) / 2 and (2, 0) / 2
            assertThat(distilled).isCloseTo(4 * (kl(1.5, 0.5) + kl(-0.5, 1)) / 2, within(1e-5));
            assertThat(pass.recording()).isFalse();
        }
    }

    /** Of two Bernoulli distributions with these logits. */
    private static double kl(double a, double b) {
        double p = 1 / (1 + Math.exp(-a));
        double q = 1 / (1 + Math.exp(-b));
        return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
    }
}
