package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Connectionist temporal classification: PyTorch's losses and gradients, its defined edges, and a net that learns by
 * it.
 */
class CtcTest {
    private static final Golden GOLDEN = new Golden("decode");

    private static Tensor ints(String name) {
        return Tensor.ofInts(
                Golden.whole(GOLDEN.values(name)), GOLDEN.shape(name).toArray());
    }

    @ParameterizedTest
    @ValueSource(strings = {"mean", "sum", "none", "zero_infinity"})
    void lossAndGradientArePyTorchs(String reduction) {
        String name = "ctc_" + reduction;
        int blank = (int) GOLDEN.values(name + "/blank")[0];
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(
                    GOLDEN.values(name + "/x"), GOLDEN.shape(name + "/x").toArray()));
            Tensor targets = ints(name + "/targets");
            Tensor lengths = ints(name + "/lengths");
            Tensor targetLengths = ints(name + "/target_lengths");
            CtcLoss loss = Loss.ctc().blank(blank);
            Tensor y = switch (reduction) {
                case "sum" -> loss.sum().of(x, targets, lengths, targetLengths);
                case "none" -> x.ctcLoss(targets, lengths, targetLengths, blank);
                case "zero_infinity" -> loss.zeroInfinity().of(x, targets, lengths, targetLengths);
                default -> loss.of(x, targets, lengths, targetLengths);
            };
            Golden.assertClose(name, y.toArray(), GOLDEN.values(name + "/loss"), 1e-6, 1e-6);
            pass.backward(y.sum());
            Golden.assertClose(name + " dx", pass.gradient(x).toArray(), GOLDEN.values(name + "/dx"), 1e-6, 2e-6);
        }
    }

    /** What an alignment needs: a step for each label, and one more between equal ones. */
    @Test
    void aTargetThatIsTooLongIsInfinite() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(new Rng(1).normal(2 * 3 * 4, 0, 1), 2, 3, 4));
            Tensor each = x.ctcLoss(Tensor.ofInts(new int[] {1, 2, 3, 1, 1, 2}, 2, 3), null, null, 0);
            assertThat(each.get(0)).isBetween(0f, 20f);
            assertThat(each.get(1)).as("1, blank, 1, 2 are four steps").isEqualTo(Float.POSITIVE_INFINITY);
            pass.backward(each.sum());
            float[] gradient = pass.gradient(x).toArray();
            for (int i = 0; i < gradient.length; i++) {
                assertThat(gradient[i] == 0).isEqualTo(i >= 12);
            }
            Tensor target = Tensor.ofInts(new int[] {1, 2, 3, 1, 1, 2}, 2, 3);
            assertThat(Loss.ctc().of(x, target).item()).isEqualTo(Float.POSITIVE_INFINITY);
            assertThat(Loss.ctc().zeroInfinity().of(x, target).item()).isCloseTo(each.get(0) / 6, within(1e-6f));
            assertThat(Loss.ctc().sum().sums()).isTrue();
        }
    }

    @Test
    void nothingToSayAndNoTimeToSayIt() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new Rng(1).normal(2 * 3 * 4, 0, 1), 2, 3, 4);
            Tensor none = Tensor.ofInts(new int[2], 2);
            Tensor targets = Tensor.ofInts(new int[] {9, 9, -9, 9}, 2, 2);
            float[] blanks = x.logSoftmax(2).slice(2, 0, 1).sum(1, 2).neg().toArray();
            assertThat(x.ctcLoss(targets, null, none, 0).toArray())
                    .as("labels behind the length are not read")
                    .containsExactly(blanks, within(1e-6f));
            assertThat(x.ctcLoss(targets, none, none, 0).toArray()).containsExactly(0, 0);
            assertThat(x.ctcLoss(Tensor.ofInts(new int[] {1, 2}, 2, 1), none, null, 0)
                            .toArray())
                    .containsOnly(Float.POSITIVE_INFINITY);
            assertThat(x.slice(0, 0, 0)
                            .ctcLoss(Tensor.ofInts(new int[0], 0, 1), null, null, 0)
                            .size())
                    .isZero();
        }
    }

    @Test
    void badSettingsAreRefused() {
        assertThatThrownBy(() -> Loss.ctc().blank(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ctc: blank=-1 must be at least 0");
    }

    /** Bursts of a label somewhere in a sequence of unknown timing are learned, from ragged batches. */
    @Test
    void aNetLearnsWithoutAlignments() {
        int n = 60;
        Rng rng = new Rng(3);
        float[][] x = new float[n][];
        int[][] y = new int[n][];
        for (int i = 0; i < n; i++) {
            int labels = 1 + i % 3;
            int each = 3 + i % 4;
            x[i] = rng.normal(labels * each * 4, 0, 0.1f);
            y[i] = new int[labels];
            float[] u = rng.uniform(labels, 0, 3);
            for (int k = 0; k < labels; k++) {
                y[i][k] = 1 + (int) u[k];
                x[i][(k * each + 1) * 4 + y[i][k]] += 2;
            }
        }
        float[] all =
                new float[java.util.Arrays.stream(x).mapToInt(r -> r.length).sum()];
        long[] offsets = new long[n + 1];
        int at = 0;
        for (int i = 0; i < n; i++) {
            System.arraycopy(x[i], 0, all, at, x[i].length);
            at += x[i].length;
            offsets[i + 1] = at / 4;
        }
        Field steps = Field.floats("x", Shape.of(4), all).input().ragged(offsets);
        try (var data = Dataset.of(steps, Field.ragged("y", y).target());
                var model = Model.of(new Sequential(new Linear(4, 16), Tensor::relu, new Linear(16, 4)), 1)) {
            Run history = Trainer.custom(
                            model,
                            new Adam(1e-2f),
                            (net, batch) -> new Step.Result(Loss.ctc()
                                    .of(net.apply(batch.x()), batch.y(), batch.lengths("x"), batch.lengths("y"))))
                    .fit(data.shuffled(1).batches(20), 60);
            double[] losses = history.series("loss");
            assertThat(losses[59]).isLessThan(0.2 * losses[0]);
        }
    }
}
