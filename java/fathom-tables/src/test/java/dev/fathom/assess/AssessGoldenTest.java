package dev.fathom.assess;

import static dev.fathom.testing.Assessed.EXACT;
import static dev.fathom.testing.Assessed.GOLDEN;
import static dev.fathom.testing.Assessed.assertClose;
import static dev.fathom.testing.Assessed.cases;
import static dev.fathom.testing.Assessed.doubles;
import static dev.fathom.testing.Assessed.ints;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Figures of classifiers and regressions, against scikit-learn. */
class AssessGoldenTest {
    private static float[] floats(JsonElement numbers) {
        double[] all = doubles(numbers);
        float[] values = new float[all.length];
        IntStream.range(0, all.length).forEach(i -> values[i] = (float) all[i]);
        return values;
    }

    private static boolean[] truths(JsonElement values) {
        List<JsonElement> all = values.getAsJsonArray().asList();
        boolean[] truths = new boolean[all.size()];
        for (int i = 0; i < truths.length; i++) {
            JsonElement e = all.get(i);
            truths[i] = e.getAsJsonPrimitive().isBoolean() ? e.getAsBoolean() : e.getAsInt() == 1;
        }
        return truths;
    }

    // ---- classes

    static Stream<JsonObject> confusion() {
        return cases(GOLDEN, "confusion");
    }

    @ParameterizedTest
    @MethodSource
    void confusion(JsonObject c) {
        int classes = c.get("classes").getAsInt();
        ConfusionMatrix m = ConfusionMatrix.of(ints(c.get("labels")), ints(c.get("predicted")), classes);
        assertClose(
                "specificity",
                IntStream.range(0, classes).mapToDouble(m::specificity).toArray(),
                c.get("specificity"));
        assertClose("balanced accuracy", m.balancedAccuracy(), c.get("balanced"), EXACT);
        assertClose("mcc", m.mcc(), c.get("mcc"), EXACT);
        assertClose("kappa", m.kappa(), c.get("kappa"), EXACT);
    }

    static Stream<JsonObject> ranking() {
        return cases(GOLDEN, "ranking");
    }

    @ParameterizedTest
    @MethodSource
    void ranking(JsonObject c) {
        Ranking r = Ranking.of(doubles(c.get("scores")), truths(c.get("labels")));
        assertClose("thresholds", r.thresholds(), c.get("thresholds"));
        assertClose("fpr", r.roc()[0], c.get("fpr"));
        assertClose("tpr", r.roc()[1], c.get("tpr"));
        assertClose("auc", r.rocAuc(), c.get("rocAuc"), EXACT);
        assertClose("recall", r.precisionRecall()[0], c.get("recall"));
        assertClose("precision", r.precisionRecall()[1], c.get("precision"));
        assertClose("average precision", r.averagePrecision(), c.get("averagePrecision"), EXACT);
        assertClose("area by trapezoids", r.prAuc(), c.get("prAuc"), EXACT);
    }

    static Stream<JsonObject> classification() {
        return cases(GOLDEN, "classification");
    }

    @ParameterizedTest
    @MethodSource
    void classification(JsonObject c) {
        int classes = c.get("classes").getAsInt();
        int[] labels = ints(c.get("labels"));
        float[] logits = floats(c.get("logits"));
        Classification found = Classification.ofLogits(logits, classes, labels);
        assertClose("log-loss", found.logLoss(), c.get("logLoss"), EXACT);
        assertClose("brier", found.brier(), c.get("brier"), EXACT);
        assertClose(
                "brier of",
                IntStream.range(0, classes).mapToDouble(found::brier).toArray(),
                c.get("brierOf"));
        assertClose(
                "top",
                IntStream.rangeClosed(1, classes)
                        .mapToDouble(found::topAccuracy)
                        .toArray(),
                c.get("top"));
        assertClose("auc", found.rocAuc(), c.get("rocAuc"), EXACT);
        assertClose("ece", found.calibration(15).expectedError(), c.get("ece"), EXACT);
        // the minimum is flat, so a search by values finds its place to half of the digits
        assertClose("temperature", found.temperature(), c.get("temperature"), 1e-6);
        Classification scaled = found.scaled(found.temperature());
        assertClose("scaled loss", scaled.logLoss(), c.get("scaledLoss"), 1e-12);
        assertThat(scaled.logLoss()).isLessThanOrEqualTo(found.logLoss());
        assertThat(scaled.temperature()).as("nothing is left to scale").isCloseTo(1, within(1e-12));
        if (classes == 2) {
            float[] difference = new float[labels.length];
            Arrays.setAll(labels.clone(), i -> {
                difference[i] = logits[2 * i + 1] - logits[2 * i];
                return 0;
            });
            Classification binary = Classification.ofBinary(difference, labels);
            assertClose("binary log-loss", binary.logLoss(), c.get("logLoss"), 1e-6);
            assertClose("binary auc", binary.rocAuc(), c.get("rocAuc"), 1e-6);
            assertThat(binary.right()).containsExactly(found.right());
        }
        float[] p = new float[logits.length];
        for (int i = 0; i < p.length; i++) {
            p[i] = (float) found.probability(i / classes, i % classes);
        }
        Classification again = Classification.ofProbabilities(p, classes, labels);
        assertClose("log-loss of probabilities", again.logLoss(), c.get("logLoss"), 1e-6);
        assertClose("auc of probabilities", again.rocAuc(), c.get("rocAuc"), 1e-2);
    }

    static Stream<JsonObject> calibration() {
        return cases(GOLDEN, "calibration");
    }

    @ParameterizedTest
    @MethodSource
    void calibration(JsonObject c) {
        double[] p = doubles(c.get("p"));
        boolean[] happened = truths(c.get("happened"));
        int bins = c.get("bins").getAsInt();
        assertCalibration(Calibration.equalWidth(p, happened, bins), c.getAsJsonObject("width"));
        assertCalibration(Calibration.equalCount(p, happened, bins), c.getAsJsonObject("count"));
    }

    private static void assertCalibration(Calibration found, JsonObject expected) {
        assertThat(found.bins().stream().mapToInt(Calibration.Bin::examples).toArray())
                .containsExactly(ints(expected.get("examples")));
        assertClose("predicted", found.curve()[0], expected.get("predicted"));
        assertClose("observed", found.curve()[1], expected.get("observed"));
        assertClose("expected error", found.expectedError(), expected.get("ece"), EXACT);
        assertClose("maximum error", found.maximumError(), expected.get("mce"), EXACT);
    }

    // ---- numbers

    static Stream<JsonObject> regression() {
        return cases(GOLDEN, "regression");
    }

    @ParameterizedTest
    @MethodSource
    void regression(JsonObject c) {
        Regression r = Regression.of(doubles(c.get("truth")), doubles(c.get("predicted")));
        assertClose("r2", r.r2(), c.get("r2"), 1e-9); // of a spread of 2 about 1e6
        assertClose("mae", r.mae(), c.get("mae"), EXACT);
        assertClose("mse", r.mse(), c.get("mse"), EXACT);
        assertClose("rmse", r.rmse(), c.get("rmse"), EXACT);
        assertClose("mape", r.mape(), c.get("mape"), EXACT);
    }
}
