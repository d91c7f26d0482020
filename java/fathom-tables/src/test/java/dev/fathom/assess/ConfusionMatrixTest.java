package dev.fathom.assess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The assessment of a classifier, on published matrices. */
class ConfusionMatrixTest {
    private static ConfusionMatrix of(int[][] counts) {
        ConfusionMatrix m = new ConfusionMatrix(counts.length);
        for (int i = 0; i < counts.length; i++) {
            for (int j = 0; j < counts.length; j++) {
                for (int k = 0; k < counts[i][j]; k++) {
                    m.add(i, j);
                }
            }
        }
        return m;
    }

    /** The example of Deeplearning4j's page on evaluation, which prints four places. */
    @Test
    void threeClasses() {
        ConfusionMatrix m = of(new int[][] {{24, 0, 0}, {0, 11, 1}, {0, 0, 17}});
        assertThat(m.total()).isEqualTo(53);
        assertThat(m.correct()).isEqualTo(52);
        assertThat(m.count(1, 2)).isEqualTo(1);
        assertThat(m.accuracy()).isCloseTo(0.9811, within(5e-5));
        assertThat(m.macro(m::precision)).isCloseTo(0.9815, within(5e-5));
        assertThat(m.macro(m::recall)).isCloseTo(0.9722, within(5e-5));
        assertThat(m.macro(m::f1)).isCloseTo(0.9760, within(5e-5));
    }

    /** The numbers of scikit-learn 1.2.1, {@code precision_recall_fscore_support(y, p, beta=, average=, labels=)}. */
    @Test
    void averagesOverClasses() {
        ConfusionMatrix m = of(new int[][] {{24, 3, 1}, {2, 11, 4}, {0, 5, 17}});
        assertThat(m.macro(m::precision)).isCloseTo(0.7582505214084162, within(1e-15));
        assertThat(m.macro(m::recall)).isCloseTo(0.7589763177998471, within(1e-15));
        assertThat(m.weighted(m::precision)).isCloseTo(0.7863919270046529, within(1e-15));
        assertThat(m.weighted(m::recall)).isCloseTo(0.7761194029850746, within(1e-15));
        double[] betas = {0.5, 1, 2};
        double[][] each = {
            {0.9090909090909092, 0.5913978494623656, 0.7727272727272727},
            {0.888888888888889, 0.6111111111111113, 0.7727272727272727},
            {0.8695652173913044, 0.632183908045977, 0.7727272727272727}
        };
        double[] macro = {0.7577386770935158, 0.7575757575757577, 0.7581587993881848};
        double[] weighted = {0.7837061029165027, 0.7802653399668326, 0.7775366048319123};
        double[] ofTwo = {0.6896551724137931, 0.7000000000000001, 0.7106598984771574};
        for (int i = 0; i < betas.length; i++) {
            double beta = betas[i];
            for (int k = 0; k < 3; k++) {
                assertThat(m.fBeta(k, beta)).isCloseTo(each[i][k], within(1e-15));
            }
            assertThat(m.macro(k -> m.fBeta(k, beta))).isCloseTo(macro[i], within(1e-15));
            assertThat(m.weighted(k -> m.fBeta(k, beta))).isCloseTo(weighted[i], within(1e-15));
            assertThat(m.micro(1, 2).fBeta(1, beta)).isCloseTo(ofTwo[i], within(1e-15));
            assertThat(m.micro(0, 1, 2).fBeta(1, beta)).isCloseTo(m.accuracy(), within(1e-15));
        }
        assertThat(m.micro(1, 2).precision(1)).isCloseTo(0.6829268292682927, within(1e-15));
        assertThat(m.micro(1, 2).recall(1)).isCloseTo(0.717948717948718, within(1e-15));
        assertThat(m.micro(1, 2).total()).isEqualTo(2 * 67);
        ConfusionMatrix never = of(new int[][] {{3, 0, 1}, {1, 0, 0}, {0, 0, 0}});
        assertThat(never.macro(never::precision))
                .as("without class 1, which was never predicted")
                .isEqualTo(0.375);
        assertThat(never.weighted(never::recall))
                .as("without class 2, which has no examples")
                .isEqualTo(0.6);
        assertThatThrownBy(() -> m.fBeta(0, 0)).hasMessageStartingWith("fBeta: beta=0.0 must be above 0");
        assertThatThrownBy(() -> m.micro(1, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("micro: the classes [1, 1] must be one or more of 0 to 2, each given once");
        assertThatThrownBy(() -> m.micro(3)).hasMessageStartingWith("micro: the classes [3]");
        assertThatThrownBy(m::micro).hasMessageStartingWith("micro: the classes []");
    }

    @Test
    void itShowsItsCountsOrWhatWasConfused() {
        assertThat(of(new int[][] {{24, 3, 1}, {2, 11, 4}, {0, 5, 17}})
                        .toString()
                        .lines())
                .containsExactly(
                        "ConfusionMatrix of 3 classes, 67 examples, accuracy 77.61 %",
                        "  actual  0  1  2  (predicted)",
                        "       0 24  3  1",
                        "       1  2 11  4",
                        "       2  0  5 17");
        ConfusionMatrix many = new ConfusionMatrix(100);
        for (int i = 0; i < 7; i++) {
            for (int k = 0; k <= i; k++) {
                many.add(10 * i, 99 - i);
            }
        }
        assertThat(many.toString().lines())
                .containsExactly(
                        "ConfusionMatrix of 100 classes, 28 examples, accuracy 0.00 %",
                        "  60 predicted as 93: 7",
                        "  50 predicted as 94: 6",
                        "  40 predicted as 95: 5",
                        "  30 predicted as 96: 4",
                        "  20 predicted as 97: 3");
    }

    /**
     * ML session 11, "Assessing the quality of a trained model". The slide prints a precision of .88 and an F1 of .81:
     * misprints for 6/7 = .857 and .8. Its formula for the specificity has TP + FN below the line instead of TN + FP,
     * but its number, .75, is right.
     */
    @Test
    void cancer() {
        int cancer = 0;
        int healthy = 1;
        ConfusionMatrix m = of(new int[][] {{6, 2}, {1, 3}});
        assertThat(m.recall(cancer)).isEqualTo(0.75);
        assertThat(m.recall(healthy)).isEqualTo(0.75);
        assertThat(m.specificity(cancer)).isEqualTo(0.75);
        assertThat(m.specificity(healthy)).isEqualTo(0.75);
        assertThat(m.balancedAccuracy()).isEqualTo(0.75);
        assertThat(m.mcc()).isCloseTo(0.478091444, within(5e-10));
        assertThat(m.kappa()).isCloseTo(0.470588235, within(5e-10));
        assertThat(m.precision(cancer)).isEqualTo(6.0 / 7);
        assertThat(m.precision(healthy)).as("negative predictive value").isEqualTo(0.6);
        assertThat(m.f1(cancer)).isEqualTo(0.8);
        assertThat(m.accuracy()).isEqualTo(0.75);
    }

    /**
     * Wilson's interval is where |p - x| = z sqrt(x (1 - x) / n): checked in that equation, at the edges, and at a
     * published value (Agresti and Coull 1998: none of ten gives 0 to .278).
     */
    @Test
    void wilsonsInterval() {
        int[][] cases = {{8, 10}, {750, 1000}, {1, 3}, {9_000, 10_000}};
        for (int[] c : cases) {
            ConfusionMatrix m = of(new int[][] {{c[0], c[1] - c[0]}, {0, 0}});
            double p = (double) c[0] / c[1];
            double[] interval = m.accuracyInterval95();
            assertThat(interval[0]).isBetween(0.0, p);
            assertThat(interval[1]).isBetween(p, 1.0);
            for (double x : interval) {
                assertThat(Math.abs(p - x)).isCloseTo(1.959963984540054 * Math.sqrt(x * (1 - x) / c[1]), within(1e-12));
            }
        }
        double[] none = of(new int[][] {{0, 10}, {0, 0}}).accuracyInterval95();
        assertThat(none[0]).isZero();
        assertThat(none[1]).isCloseTo(0.278, within(5e-4));
        double[] all = of(new int[][] {{10, 0}, {0, 0}}).accuracyInterval95();
        assertThat(all[0]).isCloseTo(1 - 0.278, within(5e-4));
        assertThat(all[1]).isEqualTo(1);
    }

    @Test
    void whatIsNotThereIsNaNAndWhatCannotBeIsRefused() {
        ConfusionMatrix m = of(new int[][] {{1, 0, 0}, {1, 0, 0}, {0, 0, 0}});
        assertThat(m.precision(1)).as("never predicted").isNaN();
        assertThat(m.recall(2)).as("no examples").isNaN();
        assertThat(m.f1(2)).isNaN();
        assertThat(m.f1(1)).isZero();
        assertThat(new ConfusionMatrix(2).accuracy()).isNaN();
        assertThat(new ConfusionMatrix(2).balancedAccuracy()).isNaN();
        assertThat(new ConfusionMatrix(2).mcc()).isNaN();
        assertThat(new ConfusionMatrix(2).kappa()).isNaN();
        assertThat(m.mcc()).as("predicted as one class").isNaN();
        assertThat(m.balancedAccuracy()).as("of the classes with examples").isEqualTo(0.5);
        assertThat(of(new int[][] {{3, 1}, {0, 0}}).specificity(0))
                .as("no other examples")
                .isNaN();
        assertThat(of(new int[][] {{3, 0}, {0, 0}}).kappa()).as("chance is 1").isNaN();
        assertThat(of(new int[][] {{3, 1}, {0, 0}}).mcc()).as("of one class").isNaN();
        assertThatThrownBy(() -> new ConfusionMatrix(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("confusion matrix: classes is 0 but must be at least 1");
        assertThatThrownBy(() -> m.add(0, 3))
                .hasMessage("confusion matrix: class 3 is outside [0, 3); ask for one of its 3 classes");
        assertThatThrownBy(() -> m.add(-1, 0))
                .hasMessage("confusion matrix: class -1 is outside [0, 3); ask for one of its 3 classes");
        for (ThrowingCallable call : List.<ThrowingCallable>of(
                () -> m.count(0, 3),
                () -> m.recall(3),
                () -> m.specificity(3),
                () -> m.precision(-1),
                () -> m.f1(3),
                () -> m.fBeta(3, 2))) {
            assertThatThrownBy(call)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(" is outside [0, 3); ask for one of its 3 classes");
        }
    }

    /** The features are the logits, so everything can be read off. */
    @Test
    void aClassificationOfEveryExample() {
        int n = 1203; // more than two batches
        float[] logits = new float[3 * n];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            int predicted = i % 3;
            labels[i] = i % 100 == 7 ? (predicted + 1) % 3 : predicted;
            logits[3 * i + predicted] = 1 + i / 1000f;
        }
        try (var model = Model.of(new Sequential(), 0);
                Dataset data = Dataset.of(logits, Shape.of(3), labels)) {
            Classification c = Classification.of(model, data);
            assertThat(c.size()).isEqualTo(n);
            assertThat(c.confusion().total()).isEqualTo(n);
            assertThat(c.confusion().total() - c.confusion().correct()).isEqualTo(12);
            for (int i = 0; i < n; i += 50) {
                assertThat(c.actual(i)).isEqualTo(labels[i]);
                assertThat(c.predicted(i)).isEqualTo(i % 3);
                double e = Math.exp(1 + i / 1000.0);
                assertThat(c.probability(i)).isCloseTo(e / (e + 2), within(1e-6));
            }
            assertThat(c.wrong(3)).as("the most confident first").containsExactly(1107, 1007, 907);
            assertThat(c.wrong(100)).hasSize(12).endsWith(7);
        }
    }
}
