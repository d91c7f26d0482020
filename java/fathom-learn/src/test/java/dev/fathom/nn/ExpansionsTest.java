package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonStreamParser;
import dev.fathom.features.NaturalSpline;
import dev.fathom.features.NaturalSpline.Basis;
import dev.fathom.features.Polynomial;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import dev.fathom.testing.LayerChecks;
import java.util.Arrays;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** Layers that make more features of features: splines and products. */
class ExpansionsTest {
    private static final JsonObject GOLDEN =
            new JsonStreamParser(Golden.text("expansions.json")).next().getAsJsonObject();

    private static double[] numbers(JsonElement row) {
        return StreamSupport.stream(row.getAsJsonArray().spliterator(), false)
                .mapToDouble(JsonElement::getAsDouble)
                .toArray();
    }

    private static float[] floats(double... x) {
        float[] f = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            f[i] = (float) x[i];
        }
        return f;
    }

    // ---- splines

    /** SciPy's B-splines with two combinations taken away, and its cardinal splines. */
    @Test
    void splinesAreThoseOfSciPy() {
        for (JsonElement each : GOLDEN.getAsJsonArray("splines")) {
            JsonObject golden = each.getAsJsonObject();
            double[] knots = numbers(golden.get("knots"));
            double[] x = numbers(golden.get("x"));
            for (Basis basis : new Basis[] {Basis.B_SPLINES, Basis.CARDINAL}) {
                double[][] found = new NaturalSpline(basis, knots).design(x);
                for (int i = 0; i < x.length; i++) {
                    double[] expected = numbers(
                            golden.getAsJsonArray(basis.name().toLowerCase()).get(i));
                    for (int j = 0; j < knots.length; j++) {
                        assertThat(found[i][j]).as(basis + " " + j).isCloseTo(expected[j], within(1e-12));
                    }
                }
            }
        }
    }

    /** The textbook's formula, at points inside and beyond the knots. */
    @Test
    void truncatedPowersAreTheTextbooks() {
        double[] k = {-1, 0.5, 2, 2.5};
        NaturalSpline spline = new NaturalSpline(Basis.TRUNCATED_POWERS, k);
        for (double x = -3; x < 5; x += 0.17) {
            double[] y = spline.design(x)[0];
            assertThat(y[0]).isCloseTo(1, within(1e-12));
            assertThat(y[1]).isCloseTo(x, within(1e-12));
            for (int j = 0; j < 2; j++) {
                assertThat(y[j + 2]).isCloseTo(d(k, j, x) - d(k, 2, x), within(1e-11));
            }
        }
    }

    private static double d(double[] knots, int k, double x) {
        double last = knots[knots.length - 1];
        return (Math.pow(Math.max(0, x - knots[k]), 3) - Math.pow(Math.max(0, x - last), 3)) / (last - knots[k]);
    }

    /** Every function of every basis is straight beyond the boundary, and its second derivative is continuous. */
    @Test
    void definingProperties() {
        double[] knots = {-5, -3.1, -1, 0.2, 1, 2.5, 5};
        double h = 1e-3; // of the second differences
        for (Basis basis : Basis.values()) {
            NaturalSpline spline = new NaturalSpline(basis, knots);
            for (double x : new double[] {-9, -5.01, 5.01, 8}) {
                for (double second : secondDifferences(spline, x, h)) {
                    assertThat(second).as("straight at " + x).isCloseTo(0, within(1e-6));
                }
            }
            for (double knot : knots) {
                double[] before = limit(spline, knot, -2 * h);
                double[] after = limit(spline, knot, 2 * h);
                for (int j = 0; j < knots.length; j++) {
                    double scale = 1 + Math.abs(before[j]);
                    assertThat(after[j]).as(basis + " at knot " + knot).isCloseTo(before[j], within(1e-5 * scale));
                }
            }
        }
    }

    /** The second derivative on one side of a knot; it is linear there. */
    private static double[] limit(NaturalSpline spline, double knot, double step) {
        double[] near = secondDifferences(spline, knot + step, Math.abs(step) / 2);
        double[] far = secondDifferences(spline, knot + 2 * step, Math.abs(step) / 2);
        double[] limit = new double[near.length];
        for (int j = 0; j < limit.length; j++) {
            limit[j] = 2 * near[j] - far[j];
        }
        return limit;
    }

    private static double[] secondDifferences(NaturalSpline spline, double x, double h) {
        double[][] y = spline.design(x - h, x, x + h);
        double[] second = new double[y[0].length];
        for (int j = 0; j < second.length; j++) {
            second[j] = (y[0][j] - 2 * y[1][j] + y[2][j]) / (h * h);
        }
        return second;
    }

    /** The layer in float32 is the design matrix in double, feature by feature. */
    @Test
    void theLayerIsTheDesignMatrix() {
        double[] knots = {-2, -1, 0.25, 1.5};
        double[] x = {-40, -2, -1.3, 0, 0.25, 0.7, 1.5, 30};
        for (Basis basis : Basis.values()) {
            NaturalSpline spline = new NaturalSpline(basis, knots);
            double[][] design = spline.design(x);
            try (Pass pass = Pass.infer()) {
                Tensor y = spline.apply(Tensor.of(floats(x), 2, 2, 2));
                assertThat(y.shape()).isEqualTo(Shape.of(2, 2, 8));
                float[] found = y.toArray();
                for (int i = 0; i < x.length; i++) {
                    Golden.assertClose(
                            basis + " at " + x[i],
                            Arrays.copyOfRange(found, 4 * i, 4 * i + 4),
                            floats(design[i]),
                            2e-6,
                            2e-6);
                }
            }
        }
    }

    @Test
    void knotsAreChecked() {
        assertThatThrownBy(() -> new NaturalSpline(1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("NaturalSpline: knots=[1.0] must be at least two");
        assertThatThrownBy(() -> new NaturalSpline(0, 1, 1))
                .hasMessage("NaturalSpline: knot 2 is 1.0 after 1.0; knots must be finite and ascend");
        assertThatThrownBy(() -> new NaturalSpline(Double.NaN, 1))
                .hasMessage("NaturalSpline: knot 0 is NaN; knots must be finite and ascend");
        try (Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> new NaturalSpline(0, 1).apply(Tensor.scalar(1)))
                    .hasMessage("NaturalSpline: x is a scalar; give [.., in] with the features last");
        }
    }

    // ---- products

    @Test
    void productsAreThoseOfScikitLearn() {
        for (JsonElement each : GOLDEN.getAsJsonArray("polynomials")) {
            JsonObject golden = each.getAsJsonObject();
            boolean interactions = golden.get("interactions").getAsBoolean();
            Polynomial layer = new Polynomial(
                    golden.get("degree").getAsInt(),
                    interactions ? Polynomial.Terms.INTERACTIONS : Polynomial.Terms.ALL);
            for (int i = 0; i < golden.getAsJsonArray("x").size(); i++) {
                double[] x = numbers(golden.getAsJsonArray("x").get(i));
                double[] y = numbers(golden.getAsJsonArray("y").get(i));
                assertThat(layer.columns(x.length)).isEqualTo(y.length);
                try (Pass pass = Pass.infer()) {
                    float[] found = layer.apply(Tensor.of(floats(x), x.length)).toArray();
                    Golden.assertClose("degree " + layer.degree(), found, floats(y), 1e-6, 1e-6);
                }
            }
        }
    }

    @Test
    void powersAndInteractionsByHand() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {2, 3, 5}, 1, 3);
            assertThat(new Polynomial(3, Polynomial.Terms.POWERS).apply(x).toArray())
                    .containsExactly(2, 3, 5, 4, 9, 25, 8, 27, 125);
            assertThat(new Polynomial(7, Polynomial.Terms.INTERACTIONS).apply(x).toArray())
                    .as("products of different features end at all of them")
                    .containsExactly(2, 3, 5, 6, 10, 15, 30);
            assertThat(new Polynomial(2).apply(x).toArray()).containsExactly(2, 3, 5, 4, 6, 10, 9, 15, 25);
            assertThat(new Polynomial(1).apply(x).toArray()).containsExactly(2, 3, 5);
            assertThatThrownBy(() -> new Polynomial(2).apply(Tensor.zeros(3, 0)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Polynomial: x [3, 0] must be [.., in] with at least one feature");
            assertThatThrownBy(() -> new Polynomial(9).apply(Tensor.zeros(1, 784)))
                    .hasMessage(
                            "Polynomial: in=784 features have more than 16777216 products of up to degree=9 factors; "
                                    + "give a smaller degree");
        }
        assertThatThrownBy(() -> new Polynomial(0)).hasMessage("Polynomial: degree=0 must be at least 1");
    }

    // ---- all of them

    @Test
    void gradientsAreCentralDifferencesAndPlansGiveTheSameBits() {
        float[] x = new Rng(5).normal(12, 0, 1);
        for (Layer layer : new Layer[] {
            new NaturalSpline(-1, 0.2, 1.1),
            new NaturalSpline(Basis.CARDINAL, -1, 0.2, 1.1),
            new NaturalSpline(Basis.TRUNCATED_POWERS, -1, -0.5, 0.2, 1.1),
            new Polynomial(3),
            new Polynomial(2, Polynomial.Terms.INTERACTIONS),
            new Polynomial(3, Polynomial.Terms.POWERS)
        }) {
            LayerChecks.checkAndFreeze(layer, true, x, 4, 3);
        }
    }

    @Test
    void theyTrain() {
        LayerChecks.trains(
                "splines",
                new Sequential(new NaturalSpline(-2, -1, 0, 1, 2), new Linear(15, 8), Tensor::tanh, new Linear(8, 1)),
                3);
        LayerChecks.trains("products", new Sequential(new Polynomial(2), new Linear(9, 1)), 3);
    }

    /**
     * Any number of dimensions, some of them 1 or 0: a result with its gradient, or a sentence that names the layer.
     */
    @Test
    void everyShapeHasAResultOrASentence() {
        for (Layer layer : List.of(
                new NaturalSpline(-1, 0.2, 1), new Polynomial(2), new Polynomial(3, Polynomial.Terms.INTERACTIONS))) {
            assertThat(layer.stepReading()).isEqualTo(Steps.EACH);
            int results = 0;
            for (int rank = 0; rank <= Shape.MAX_RANK; rank++) {
                for (int odd = 0; odd < 1 << rank; odd++) {
                    int[] dims = new int[rank];
                    for (int i = 0; i < rank; i++) {
                        dims[i] = (odd >> i & 1) == 0 ? 2 : odd % 3 == 0 ? 0 : 1;
                    }
                    try (Pass pass = Pass.grad()) {
                        Tensor x = pass.watch(Tensor.ones(dims));
                        Tensor y = layer.apply(x);
                        pass.backward(y.sum());
                        assertThat(pass.gradient(x).shape()).isEqualTo(x.shape());
                        results++;
                    } catch (IllegalArgumentException e) {
                        assertThat(e).hasMessageStartingWith(layer.getClass().getSimpleName());
                    }
                }
            }
            assertThat(results).isGreaterThan(20);
        }
    }
}
