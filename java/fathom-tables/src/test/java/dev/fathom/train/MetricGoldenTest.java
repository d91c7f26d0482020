package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonStreamParser;
import dev.fathom.assess.Classification;
import dev.fathom.assess.ConfusionMatrix;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is said of a classifier's answers against scikit-learn; intervals and probabilities against SciPy. */
class MetricGoldenTest {
    /** Quotients of counts: roundings in double precision. */
    private static final double EXACT = 1e-14;

    private static final JsonObject CASES = new JsonStreamParser(Golden.text("metrics.json"))
            .next()
            .getAsJsonObject()
            .getAsJsonObject("cases");

    private static Set<String> cases() {
        return CASES.keySet();
    }

    private static int[] ints(JsonElement numbers) {
        return numbers.getAsJsonArray().asList().stream()
                .mapToInt(JsonElement::getAsInt)
                .toArray();
    }

    private static float[] floats(JsonElement numbers) {
        JsonArray array = numbers.getAsJsonArray();
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).getAsFloat();
        }
        return values;
    }

    private static void assertEqual(String what, double found, JsonElement expected) {
        if (expected.isJsonNull()) {
            assertThat(found).as(what).isNaN();
        } else {
            assertThat(found).as(what).isCloseTo(expected.getAsDouble(), within(EXACT));
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void confusionAndItsFiguresAsScikitLearnHasThem(String name) {
        JsonObject expected = CASES.getAsJsonObject(name);
        int classes = expected.get("classes").getAsInt();
        int[] labels = ints(expected.get("labels"));
        Layer same = x -> x;
        try (var model = Model.of(new Sequential(same), 1);
                Dataset data = Dataset.of(floats(expected.get("logits")), Shape.of(classes), labels)) {
            Classification found = Classification.of(model, data);
            assertThat(found.size()).isEqualTo(labels.length);
            int[] predicted = ints(expected.get("predicted"));
            for (int i = 0; i < labels.length; i++) {
                assertThat(found.actual(i)).isEqualTo(labels[i]);
                assertThat(found.predicted(i)).as("prediction %d", i).isEqualTo(predicted[i]);
                double p = expected.getAsJsonArray("probability").get(i).getAsDouble();
                assertThat(found.probability(i)).as("probability %d", i).isCloseTo(p, within(5e-7 * p));
            }
            ConfusionMatrix confusion = found.confusion();
            assertThat(confusion.classes()).isEqualTo(classes);
            for (int k = 0; k < classes; k++) {
                int[] row = ints(expected.getAsJsonArray("confusion").get(k));
                for (int j = 0; j < classes; j++) {
                    assertThat(confusion.count(k, j)).as("%d as %d", k, j).isEqualTo(row[j]);
                }
                assertEqual(
                        "precision " + k,
                        confusion.precision(k),
                        expected.getAsJsonArray("precision").get(k));
                assertEqual(
                        "recall " + k,
                        confusion.recall(k),
                        expected.getAsJsonArray("recall").get(k));
                assertEqual(
                        "f1 " + k,
                        confusion.f1(k),
                        expected.getAsJsonArray("f1").get(k));
            }
            assertEqual("accuracy", confusion.accuracy(), expected.get("accuracy"));
            for (int i = 0; i < 2; i++) {
                assertThat(confusion.accuracyInterval95()[i])
                        .isCloseTo(expected.getAsJsonArray("wilson95").get(i).getAsDouble(), within(1e-12));
            }
        }
    }

    /** The trainer's figures: the accuracy of its batches is a share of counts, the loss is float32. */
    @ParameterizedTest
    @MethodSource("cases")
    void accuracyAndCrossEntropyAsScikitLearnHasThem(String name) {
        JsonObject expected = CASES.getAsJsonObject(name);
        int classes = expected.get("classes").getAsInt();
        int[] labels = ints(expected.get("labels"));
        try (Pass pass = Pass.infer()) {
            Tensor logits = Tensor.of(floats(expected.get("logits")), labels.length, classes);
            Tensor target = Tensor.ofInts(labels, labels.length);
            assertEqual(
                    "accuracy", Metric.accuracy().of(logits, target).value() / labels.length, expected.get("accuracy"));
            double loss = expected.get("crossEntropy").getAsDouble();
            assertThat((double) Loss.crossEntropy().of(logits, target).item())
                    .isCloseTo(loss, within(5e-7 * loss + 1e-7));
        }
    }
}
