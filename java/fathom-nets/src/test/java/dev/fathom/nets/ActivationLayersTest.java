package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import dev.fathom.testing.LayerChecks;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Activations with parameters, random ones, and what is done to logits. */
class ActivationLayersTest {
    private static final Golden GOLDEN = new Golden("layers");

    private static float[] infer(Layer net, float[] x, int... dims) {
        try (var model = Model.of(net, 0);
                Pass pass = Pass.infer()) {
            return model.net().apply(Tensor.of(x, dims)).toArray();
        }
    }

    private static float[] train(Layer net, long seed, float[] x, int... dims) {
        try (var model = Model.of(net, 0);
                Pass pass = Pass.train(new Rng(seed))) {
            return model.net().apply(Tensor.of(x, dims)).toArray();
        }
    }

    private static float[] full(int n, float value) {
        float[] x = new float[n];
        Arrays.fill(x, value);
        return x;
    }

    private static double mean(float[] x) {
        double sum = 0;
        for (float v : x) {
            sum += v;
        }
        return sum / x.length;
    }

    private static double variance(float[] x) {
        double mean = mean(x);
        double sum = 0;
        for (float v : x) {
            sum += (v - mean) * (v - mean);
        }
        return sum / x.length;
    }

    // ---- learned slopes

    @Test
    void slopesBeginAtAQuarterAndAreNamedAsInPyTorch() {
        try (var model = Model.of(new Sequential(new PRelu(), new PRelu(3), new Swish(2)), 0)) {
            assertThat(model.parameters().stream().map(Parameter::name))
                    .containsExactly("0.weight", "1.weight", "2.beta");
            assertThat(model.parameter("0.weight").value().toArray()).containsExactly(0.25f);
            assertThat(model.parameter("1.weight").value().toArray()).containsExactly(0.25f, 0.25f, 0.25f);
            assertThat(model.parameter("2.beta").value().toArray()).containsExactly(1, 1);
        }
        assertThat(infer(new PRelu(), new float[] {-4, 0, 3}, 3)).containsExactly(-1, 0, 3);
    }

    /** The gradient of a slope at x = -2 is -2, and nothing comes from an x above 0. */
    @Test
    void theGradientOfASlope() {
        try (var model = Model.of(new PRelu(2), 0);
                Pass pass = Pass.grad()) {
            pass.backward(model.net()
                    .apply(Tensor.of(new float[] {-2, 5, 1, -3}, 2, 2))
                    .sum());
            assertThat(model.parameters().get(0).gradient().toArray()).containsExactly(-2, -3);
        }
    }

    /** Swish at -2, -1, 0, 1, 2 with beta = 1, and its minimum. */
    @Test
    void swish() {
        float[] x = {-2, -1, 0, 1, 2, -1.278465f};
        double[] y = {-.238405844, -.268941421, 0, .731058579, 1.761594156, -.2784645428};
        float[] found = infer(new Swish(), x, 6);
        for (int i = 0; i < x.length; i++) {
            assertThat((double) found[i]).isCloseTo(y[i], within(1e-7));
        }
        float[] betas = {0, 1.702f, 30};
        for (float beta : betas) {
            Swish layer = new Swish(new Parameter(Shape.of(1), Init.constant(beta)));
            float[] out = infer(layer, x, 6);
            for (int i = 0; i < x.length; i++) {
                assertThat((double) out[i]).isCloseTo(x[i] / (1 + Math.exp(-(double) beta * x[i])), within(1e-6));
            }
        }
    }

    @Test
    void anotherNumberOfChannelsIsRefused() {
        try (var model = Model.of(new Sequential(new PRelu(4)), 0);
                var swish = Model.of(new Swish(2), 0);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(2, 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("PRelu at 0: x [2, 1] must be [.., 4], with a last dimension of 4 as the layer was "
                            + "made for");
            assertThatThrownBy(() -> swish.net().apply(Tensor.scalar(1)))
                    .hasMessage("Swish: x [] must be [.., 2], with a last dimension of 2 as the layer was made for");
        }
    }

    // ---- random slopes

    @Test
    void slopesAreUniformInTrainingAndTheirMeanInEvaluation() {
        float[] y = train(new RRelu(), 3, full(20_000, -1), 20_000);
        for (float v : y) {
            assertThat(-v).isBetween(1 / 8f, 1 / 3f);
        }
        assertThat(-mean(y)).as("5 sigma are .0022").isCloseTo((1 / 8.0 + 1 / 3.0) / 2, within(0.0022));
        assertThat(variance(y)).isCloseTo(Math.pow(1 / 3.0 - 1 / 8.0, 2) / 12, within(2e-4));
        assertThat(train(new RRelu(), 3, full(5, 7), 5)).containsOnly(7);
        assertThat(infer(new RRelu(0.5f, 1), new float[] {-4, 4}, 2)).containsExactly(-3, 4);
        float infinity = Float.POSITIVE_INFINITY;
        for (float[] bad : new float[][] {{-0.1f, 1}, {0.5f, 0.4f}, {0, infinity}, {Float.NaN, 1}, {0, Float.NaN}}) {
            assertThatThrownBy(() -> new RRelu(bad[0], bad[1]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("RRelu: lower=" + bad[0] + " and upper=" + bad[1]
                            + " are the range of slopes and must be finite with 0 <= lower <= upper");
        }
    }

    // ---- alpha dropout and noise

    @Test
    void alphaDropoutKeepsMeanAndVariance() {
        float[] x = new Rng(1).normal(100_000, 0, 1);
        for (float p : new float[] {0.05f, 0.3f, 0.8f}) {
            float[] y = train(new AlphaDropout(p), 2, x, x.length);
            assertThat(mean(y)).isCloseTo(0, within(0.02));
            assertThat(variance(y)).isCloseTo(1, within(0.03));
        }
        assertThat(infer(new AlphaDropout(0.5f), new float[] {3, -4}, 2)).containsExactly(3, -4);
        assertThat(train(new AlphaDropout(0), 1, new float[] {3, -4}, 2)).containsExactly(3, -4);
        assertThatThrownBy(() -> new AlphaDropout(1))
                .hasMessage("AlphaDropout: p=1.0 is the probability to drop and must be in [0, 1)");
    }

    /** What becomes of an element that stays, and of one that is dropped. */
    @Test
    void alphaDropoutIsPyTorchs() {
        for (float p : new float[] {0.05f, 0.1f, 0.5f, 0.9f}) {
            float[] y = train(new AlphaDropout(p), 5, full(1000, 0.3f), 1000);
            float[] distinct = new float[2];
            distinct[0] = Float.POSITIVE_INFINITY;
            distinct[1] = Float.NEGATIVE_INFINITY;
            int dropped = 0;
            for (float v : y) {
                distinct[0] = Math.min(distinct[0], v);
                distinct[1] = Math.max(distinct[1], v);
            }
            for (float v : y) {
                assertThat(v == distinct[0] || v == distinct[1]).isTrue();
                dropped += v == distinct[0] ? 1 : 0;
            }
            Golden.assertClose("p=" + p, distinct, GOLDEN.values("alpha_dropout/" + p), 1e-6, 1e-6);
            assertThat(dropped / 1000.0).isCloseTo(p, within(5 * Math.sqrt(p * (1 - p) / 1000)));
        }
    }

    @Test
    void noiseIsAddedInTrainingAlone() {
        float[] y = train(new GaussianNoise(0.5f), 4, full(50_000, 2), 50_000);
        assertThat(mean(y)).isCloseTo(2, within(5 * 0.5 / Math.sqrt(50_000)));
        assertThat(variance(y)).isCloseTo(0.25, within(0.01));
        assertThat(infer(new GaussianNoise(0.5f), new float[] {1, 2}, 2)).containsExactly(1, 2);
        assertThat(train(new GaussianNoise(0), 1, new float[] {1, 2}, 2)).containsExactly(1, 2);
        for (float bad : new float[] {-1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new GaussianNoise(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("GaussianNoise: std=" + bad + " must be 0 or more and finite");
        }
    }

    /** A fifth dropped: factors of mean 1 and variance 0.2 / 0.8, so that twos have 4 times a quarter. */
    @Test
    void gaussianDropoutHasTheMeanAndVarianceOfDropout() {
        float[] y = train(new GaussianDropout(0.2f), 4, full(50_000, 2), 50_000);
        assertThat(mean(y)).isCloseTo(2, within(5 / Math.sqrt(50_000)));
        assertThat(variance(y)).isCloseTo(1, within(0.04));
        assertThat(infer(new GaussianDropout(0.5f), new float[] {1, 2}, 2)).containsExactly(1, 2);
        assertThat(train(new GaussianDropout(0), 1, new float[] {1, 2}, 2)).containsExactly(1, 2);
        assertThatThrownBy(() -> new GaussianDropout(1)).isInstanceOf(IllegalArgumentException.class);
    }

    // ---- maxout

    /** The windows of a textbook: only the largest gets a gradient. */
    @Test
    void theLargestPieceAndItsGradient() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new float[] {1, 3, 2, 0, 7, -1, -5, -2}, 2, 4));
            Tensor y = new Maxout(4).apply(x);
            assertThat(y.shape()).isEqualTo(Shape.of(2, 1));
            assertThat(y.toArray()).containsExactly(3, 7);
            pass.backward(y.sum());
            assertThat(pass.gradient(x).toArray()).containsExactly(0, 1, 0, 0, 1, 0, 0, 0);
            assertThat(new Maxout(2).apply(x).toArray()).containsExactly(3, 2, 7, -2);
            assertThat(new Maxout(1).apply(x).toArray()).isEqualTo(x.toArray());
            assertThatThrownBy(() -> new Maxout(3).apply(x))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Maxout: x [2, 4] must have a multiple of pieces=3 channels as its last dimension");
        }
        assertThatThrownBy(() -> new Maxout(0)).hasMessage("Maxout: pieces=0 must be at least 1");
    }

    /** |x| is the maximum of x and -x, which one unit of two pieces computes. */
    @Test
    void twoPiecesMakeAnAbsoluteValue() {
        Linear both = new Linear(new Parameter(Shape.of(2, 1), (s, r) -> new float[] {1, -1}), null, null);
        assertThat(infer(new Sequential(both, new Maxout(2)), new float[] {-3, 2}, 2, 1))
                .containsExactly(3, 2);
    }

    // ---- logits

    @Test
    void temperaturesDivideAndTheLearnedOneIsTrained() {
        assertThat(infer(Temperature.fixed(2), new float[] {4, -6}, 2)).containsExactly(2, -3);
        try (var fixed = Model.of(Temperature.fixed(2), 0);
                var learned = Model.of(Temperature.learned(4), 0);
                Pass pass = Pass.grad()) {
            assertThat(fixed.parameters()).isEmpty();
            assertThat(learned.parameters()).hasSize(1);
            pass.backward(learned.net().apply(Tensor.of(new float[] {8}, 1)).sum());
            assertThat(learned.parameters().get(0).gradient().toArray())
                    .as("-x / T^2")
                    .containsExactly(-0.5f);
        }
        for (float bad : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> Temperature.fixed(bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Temperature: value=" + bad + " must be above 0 and finite");
            assertThatThrownBy(() -> Temperature.learned(bad))
                    .hasMessage("Temperature: start=" + bad + " must be above 0 and finite");
            assertThatThrownBy(() -> new GumbelSoftmax(bad))
                    .hasMessage("GumbelSoftmax: temperature=" + bad + " must be above 0 and finite");
        }
    }

    /** The largest element is class i with the probability softmax(x)[i], at any temperature. */
    @Test
    void gumbelSamplesFromSoftmax() {
        int n = 20_000;
        double[] p = {0.6, 0.1, 0.3};
        float[] x = new float[3 * n];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.log(p[i % 3]) + 5;
        }
        for (float temperature : new float[] {0.5f, 3}) {
            float[] soft = train(new GumbelSoftmax(temperature), 7, x, n, 3);
            float[] hard = train(GumbelSoftmax.hard(temperature), 7, x, n, 3);
            double[] counts = new double[3];
            for (int r = 0; r < n; r++) {
                float sum = 0;
                int best = 0;
                for (int c = 0; c < 3; c++) {
                    sum += soft[3 * r + c];
                    best = soft[3 * r + c] > soft[3 * r + best] ? c : best;
                }
                assertThat(sum).isCloseTo(1, within(1e-5f));
                counts[best]++;
                for (int c = 0; c < 3; c++) {
                    assertThat(hard[3 * r + c]).isEqualTo(c == best ? 1f : 0f);
                }
            }
            for (int c = 0; c < 3; c++) {
                assertThat(counts[c] / n).isCloseTo(p[c], within(5 * Math.sqrt(p[c] * (1 - p[c]) / n)));
            }
        }
        assertThat(purity(train(new GumbelSoftmax(0.1f), 7, x, n, 3)))
                .as("close to one-hot")
                .isGreaterThan(0.9);
        assertThat(purity(train(new GumbelSoftmax(10), 7, x, n, 3)))
                .as("close to uniform")
                .isLessThan(0.35);
    }

    /** The mean over rows of three of their sum of squares: 1 if one-hot, 1/3 if uniform. */
    private static double purity(float[] x) {
        double sum = 0;
        for (float v : x) {
            sum += (double) v * v;
        }
        return 3 * sum / x.length;
    }

    @Test
    void theHardFormHasTheGradientOfTheSoftOne() {
        float[] x = new Rng(1).normal(12, 0, 1);
        float[][] gradients = new float[2][];
        for (int i = 0; i < 2; i++) {
            try (Pass pass = Pass.train(new Rng(9))) {
                Tensor in = pass.watch(Tensor.of(x, 4, 3));
                Layer layer = i == 0 ? new GumbelSoftmax(0.7f) : GumbelSoftmax.hard(0.7f);
                pass.backward(layer.apply(in)
                        .mul(Tensor.of(new float[] {1, -2, 5}, 3))
                        .sum());
                gradients[i] = pass.gradient(in).toArray();
            }
        }
        assertThat(gradients[1]).isEqualTo(gradients[0]);
        assertThat(infer(GumbelSoftmax.hard(2), new float[] {1, 3, 2}, 1, 3)).containsExactly(0, 1, 0);
        Golden.assertClose(
                "without noise",
                infer(new GumbelSoftmax(2), new float[] {1, 3, 2}, 1, 3),
                infer(x1 -> x1.div(2).softmax(-1), new float[] {1, 3, 2}, 1, 3),
                0,
                0);
    }

    // ---- all of them

    @Test
    void layersArePyTorchs() {
        check("prelu/shared", new PRelu(given("prelu/shared/weight")));
        check("prelu/channels", new PRelu(given("prelu/channels/weight")));
        check("rrelu/evaluation", new RRelu());
        check("rrelu/given", new RRelu(0.1f, 0.9f));
        check("softmin", new Softmin());
    }

    private static Parameter given(String name) {
        return new Parameter(GOLDEN.shape(name), (shape, rng) -> GOLDEN.values(name));
    }

    private static void check(String name, Layer layer) {
        try (var model = Model.of(layer, 0);
                Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(
                    GOLDEN.values(name + "/x0"), GOLDEN.shape(name + "/x0").toArray()));
            Tensor y = model.net().apply(x);
            Tensor dy = Tensor.of(GOLDEN.values(name + "/dy"), y.shape().toArray());
            pass.backward(y.mul(dy).sum());
            Golden.assertClose(name, y.toArray(), GOLDEN.values(name + "/y"), 2e-6, 1e-6);
            Golden.assertClose(name, pass.gradient(x).toArray(), GOLDEN.values(name + "/dx0"), 2e-6, 1e-6);
            for (Parameter p : model.parameters()) {
                Golden.assertClose(name, p.gradient().toArray(), GOLDEN.values(name + "/d/" + p.name()), 2e-6, 1e-6);
            }
        }
    }

    @Test
    void gradientsAreCentralDifferencesAndPlansGiveTheSameBits() {
        float[] x = new Rng(5).normal(24, 0, 1);
        for (Layer layer : new Layer[] {
            new PRelu(),
            new PRelu(6, -0.5f),
            new Swish(),
            new Swish(6),
            new RRelu(),
            new AlphaDropout(0.4f),
            new GaussianDropout(0.5f),
            new GaussianNoise(0.5f),
            new Maxout(3),
            new Softmin(),
            new Softmin(1),
            Temperature.fixed(0.5f),
            Temperature.learned(2),
            new GumbelSoftmax(0.8f)
        }) {
            LayerChecks.checkAndFreeze(layer, true, x, 2, 2, 6);
        }
        LayerChecks.checkAndFreeze(GumbelSoftmax.hard(1), false, x, 2, 2, 6);
    }

    /** A net with each of them fits a curve of products. */
    @Test
    void theyTrain() {
        for (Layer layer : new Layer[] {
            new PRelu(),
            new PRelu(12),
            new Swish(),
            new Swish(12),
            new RRelu(),
            new AlphaDropout(0.05f),
            new GaussianNoise(0.05f),
            new Maxout(3),
            new Softmin(),
            Temperature.learned(2),
            new GumbelSoftmax(1)
        }) {
            Layer hidden = new Linear(3, 12).act(Activation.TANH);
            Layer last = new Linear(layer instanceof Maxout ? 4 : 12, 1);
            LayerChecks.trains(layer, new Sequential(hidden, layer, last), 3);
        }
    }

    /** Which class to draw is learned through samples that are one-hot vectors. */
    @Test
    void choicesTrain() {
        int[] wanted = {2, 0, 1};
        float[] rows = {1, 0, 0, 0, 1, 0, 0, 0, 1};
        try (var model = Model.of(new Sequential(new Linear(3, 3), GumbelSoftmax.hard(1)), 2);
                BoundOptimizer adam = new Adam(0.05f).on(model)) {
            Rng rng = new Rng(3);
            for (int step = 0; step < 200; step++) {
                try (Pass pass = Pass.train(rng)) {
                    Tensor target = Tensor.ofInts(wanted, 3).oneHot(3);
                    pass.backward(Loss.mse().of(model.net().apply(Tensor.of(rows, 3, 3)), target));
                    adam.step();
                }
            }
            try (Pass pass = Pass.infer()) {
                Tensor y = model.net().apply(Tensor.of(rows, 3, 3));
                assertThat(y.argmax(-1).toIntArray()).isEqualTo(wanted);
            }
        }
    }
}
