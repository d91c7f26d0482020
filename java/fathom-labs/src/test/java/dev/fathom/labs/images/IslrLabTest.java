package dev.fathom.labs.images;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.TinyImages;
import dev.fathom.labs.LabCall;
import dev.fathom.labs.ShortRun;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code fathom lab islr}: gradient descent of exercise 6, the ridge penalty, and the table on digits or, without them,
 * on fashion.
 */
class IslrLabTest {
    @TempDir
    Path temp;

    /** ISLR2, chapter 10, exercise 6, in double precision. */
    @Test
    void gradientDescentFromTwoStarts() {
        assertThat(SineDescent.descent(2.3, 5))
                .containsExactly(new double[] {2.3, 2.356628, 2.417369, 2.482270, 2.551311, 2.624389}, within(1e-6));
        assertThat(SineDescent.descent(1.4, 5))
                .containsExactly(new double[] {1.4, 1.373003, 1.343353, 1.310804, 1.275097, 1.235956}, within(1e-6));
        double right = SineDescent.descent(2.3, 300)[300];
        double left = SineDescent.descent(1.4, 300)[300];
        assertThat(right).isCloseTo(4.612221559, within(1e-6));
        assertThat(left).isCloseTo(-1.670963748, within(1e-6));
        assertThat(SineDescent.R.applyAsDouble(right)).isCloseTo(-0.533765281, within(1e-6));
        assertThat(SineDescent.R.applyAsDouble(left)).isCloseTo(-1.162083812, within(1e-6));
    }

    /** The sum of squares of W1 and W2 alone, without a half. */
    @Test
    void ridgeOnTheHiddenLayersOnly() {
        try (Model<Sequential> model = Model.of(IslrLab.network(0, 0), 1);
                Pass pass = Pass.infer()) {
            assertThat(model.parameterCount()).isEqualTo(235_146);
            double sum = 0;
            for (String name : new String[] {"0.weight", "2.weight"}) {
                for (float w : model.parameter(name).value().toArray()) {
                    sum += w * (double) w;
                }
            }
            assertThat(IslrLab.ridge().of(model).item()).isCloseTo((float) (1e-4 * sum), within(1e-7f));
        }
    }

    /**
     * On digits where they are; the order of the methods is that of the table already after few epochs on few images.
     */
    @Test
    void theTable() {
        TestData.assume("mnist");
        ShortRun run = ShortRun.of(new IslrLab(), 1, temp);
        double ridge = run.figure("Neural network + ridge, test error");
        double dropout = run.figure("Neural network + dropout, test error");
        double logistic = run.figure("Multinomial logistic regression, test error");
        assertThat(ridge).isBetween(5.0, 20.0).isLessThan(logistic);
        assertThat(dropout).isBetween(5.0, 20.0).isLessThan(logistic);
        assertThat(logistic).isLessThan(run.figure("Linear discriminant analysis, test error"));
        assertThat(run.out())
                .contains("MNIST with 4,800 to learn from, 1,200 for validation and 2,000 for the test")
                .containsPattern("Multinomial logistic regression +7,850 ");
        for (String file : new String[] {"descent.png", "epochs.png", "report.html"}) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    /**
     * Without digits the lab takes clothes and says so; nothing is published of them. The same seed gives the same
     * numbers.
     */
    @Test
    void withoutDigits() throws IOException {
        Path root = TinyImages.write(temp.resolve("tiny"));
        LabCall lab = LabCall.of("islr", temp.resolve("out")).brief();
        LabCall.Ended run = lab.in(root);
        assertThat(run.failure()).isEmpty();
        assertThat(run.out())
                .contains("Fashion-MNIST, because MNIST was not found, with 480 to learn from, 120 for validation")
                .doesNotContain("7.2 %");
        assertThat(table(lab.in(root))).isEqualTo(table(run));
    }

    /** All from the first table on, without the epochs, which say how fast they were. */
    private static String table(LabCall.Ended run) {
        String tables =
                run.out().substring(run.out().indexOf("method "), run.out().indexOf("All of it"));
        return tables.replaceAll("(?m)^epoch .*\\R", "");
    }
}
