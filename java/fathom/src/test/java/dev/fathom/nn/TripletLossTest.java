package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Triplets that are found in a batch. */
class TripletLossTest {
    private static final float[] ON_A_LINE = {0, 1, 1.5f, 4};
    private static final int[] CLASSES = {0, 0, 1, 1};

    private static Tensor labels(int... classes) {
        return Tensor.ofInts(classes, classes.length);
    }

    /** By hand: farthest of the own class, nearest of the other. */
    @Test
    void batchHard() {
        try (Pass pass = Pass.grad()) {
            Tensor x = pass.watch(Tensor.of(ON_A_LINE, 4, 1));
            TripletLoss loss = Loss.triplet(1);
            assertThat(loss.each(x, labels(CLASSES)).toArray()).containsExactly(.5f, 1.5f, 3, .5f);
            Tensor mean = loss.of(x, labels(CLASSES));
            assertThat(mean.item()).isEqualTo(1.375f);
            pass.backward(mean);
            // each of the four triplets pulls at three points: d |a - p| - d |a - n|
            float[] found = pass.gradient(x).toArray();
            float[] expected = new float[4];
            int[][] triplets = {{0, 1, 2}, {1, 0, 2}, {2, 3, 1}, {3, 2, 1}};
            for (int[] t : triplets) {
                float toPositive = Math.signum(ON_A_LINE[t[0]] - ON_A_LINE[t[1]]) / 4;
                float toNegative = Math.signum(ON_A_LINE[t[0]] - ON_A_LINE[t[2]]) / 4;
                expected[t[0]] += toPositive - toNegative;
                expected[t[1]] -= toPositive;
                expected[t[2]] += toNegative;
            }
            assertThat(found).containsExactly(expected, offset(1e-6f));
        }
    }

    /** By hand: the nearest of the other class beyond the positive; where none is, the farthest. */
    @Test
    void semiHard() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(ON_A_LINE, 4, 1);
            assertThat(Loss.triplet(1).semiHard().each(x, labels(CLASSES)).toArray())
                    .containsExactly(.5f, 0, 2, .5f);
            assertThat(Loss.triplet(1).semiHard().of(x, labels(CLASSES)).item()).isEqualTo(.75f);
            assertThat(Loss.triplet(1).semiHard().sum().of(x, labels(CLASSES)).item())
                    .isEqualTo(3);
        }
    }

    /** An example alone in its class is a negative of others and no anchor. */
    @Test
    void anchorsHaveAPositive() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(new float[] {0, 2, 3}, 3, 1);
            assertThat(Loss.triplet(0.5f).each(x, labels(7, 7, 1)).toArray()).containsExactly(0, 1.5f);
        }
    }

    /**
     * From 26,757 examples on, three places for every two of them are more than an array holds, and their distances
     * fill gigabytes.
     */
    @Test
    void largeBatchesOfManyClasses() {
        int n = 26_757;
        int[] classes = new int[n];
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            classes[i] = i / 2;
            x[i] = i;
        }
        try (Pass pass = Pass.infer()) {
            float[] found = Loss.triplet(1)
                    .semiHard()
                    .each(Tensor.of(x, n, 1), labels(classes))
                    .toArray();
            assertThat(found)
                    .hasSize(n - 1)
                    .containsOnly(0); // the positive is 1 away and the next one of another class 2
        }
        try (Pass pass = Pass.infer()) {
            Arrays.fill(classes, 0, n - 1, 7);
            classes[n - 1] = 8;
            assertThatThrownBy(() -> Loss.triplet(1).semiHard().each(Tensor.of(x, n, 1), labels(classes)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("triplet: the batch of 26757 examples has 715856780 pairs of one class, and at most"
                            + " 715827882 are compared; draw smaller batches, or take the hardest triplets");
        }
    }

    @Test
    void classesComeApart() {
        float[] x = new Rng(3).normal(60, 0, 1);
        int[] classes = new int[12];
        for (int i = 0; i < 12; i++) {
            classes[i] = i % 3;
            x[5 * i + i % 3] += 0.5f;
        }
        for (TripletLoss loss :
                new TripletLoss[] {Loss.triplet(0.2f), Loss.triplet(0.2f).semiHard()}) {
            try (var model = Model.of(new Sequential(new Linear(5, 32), Tensor::tanh, new Linear(32, 3)), 1);
                    BoundOptimizer adam = new Adam(0.01f).on(model)) {
                float value = 1;
                for (int i = 0; i < 300 && value > 0; i++) {
                    try (Pass pass = Pass.grad()) {
                        Tensor l = loss.of(model.net().apply(Tensor.of(x, 12, 5)), labels(classes));
                        value = l.item();
                        pass.backward(l, model);
                    }
                    adam.step();
                }
                assertThat(value).isLessThan(0.02f);
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(ON_A_LINE, 4, 1);
            TripletLoss loss = Loss.triplet(1);
            String none =
                    "triplet: the batch of 4 examples has no two of one class and one of another; draw batches with"
                            + " several examples of each of several classes";
            assertThatThrownBy(() -> loss.of(x, labels(0, 0, 0, 0)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(none);
            assertThatThrownBy(() -> loss.semiHard().of(x, labels(0, 1, 2, 3))).hasMessage(none);
            assertThatThrownBy(() -> loss.of(x, Tensor.zeros(4)))
                    .hasMessage("triplet: the target [4] is F32 but must be I32 class numbers; make them with"
                            + " Tensor.ofInts, or convert them with to(DType.I32)");
            assertThatThrownBy(() -> loss.of(Tensor.zeros(2, 2, 3), Tensor.ofInts(new int[4], 2, 2)))
                    .hasMessage("triplet: embeddings [2, 2, 3] must be [n, d]; reshape them and their labels");
            assertThatThrownBy(() -> loss.each(x, x, Tensor.zeros(4)))
                    .hasMessage(
                            "triplet: anchors [4, 1], positives [4, 1] and negatives [4] differ; give three tensors of"
                                    + " one shape [.., d]");
            // what has diverged is found by its loss
            assertThat(loss.of(x.mul(Float.NaN), labels(CLASSES)).item()).isNaN();
        }
    }
}
