package dev.fathom.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.fathom.autograd.Recomputation;
import dev.fathom.parameter.Buffer;
import dev.fathom.parameter.Parameter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Several losses in one pass, and one gradient from several passes: both are sums, with no more said than backward. */
class AccumulationTest {
    private static final int ROWS = 24;
    private static final int IN = 10;
    private static final int HIDDEN = 16;
    private static final int CLASSES = 5;

    private final Rng rng = new Rng(8);
    private final Numbers values = new Numbers();
    private final Parameter trunk = weight("trunk", HIDDEN, IN);
    private final Parameter left = weight("left", CLASSES, HIDDEN);
    private final Parameter right = weight("right", 1, HIDDEN);
    private final Buffer mean = values.buffer("mean", new float[HIDDEN], HIDDEN);
    private final float[] x = rng.normal(ROWS * IN, 0, 1);

    private Parameter weight(String name, int out, int in) {
        return values.parameter(name, rng.normal(out * in, 0, 0.3f), out, in);
    }

    @BeforeEach
    void bind() {
        values.bind();
    }

    @AfterEach
    void close() {
        values.close();
    }

    private List<float[]> gradients() {
        List<float[]> all = new ArrayList<>();
        for (Parameter p : List.of(trunk, left, right)) {
            all.add(p.gradient() == null ? new float[0] : p.gradient().toArray());
        }
        values.step();
        return all;
    }

    private static void same(List<float[]> actual, List<float[]> expected) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(actual.get(i)).as("parameter " + i).containsExactly(expected.get(i), offset(1e-6f));
        }
    }

    private Tensor hidden(Tensor rows, boolean recompute) {
        return recompute ? Recomputation.run(this::trunk, rows) : trunk(rows);
    }

    private Tensor trunk(Tensor rows) {
        Tensor h = rows.linear(trunk, null).tanh();
        mean.update(h.mean(0).add(mean.value()));
        return h;
    }

    private Tensor labeled(Tensor h) {
        int[] labels = new int[h.dim(0)];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = i % CLASSES;
        }
        return h.linear(left, null).crossEntropy(Tensor.ofInts(labels, labels.length));
    }

    private Tensor valued(Tensor h) {
        return h.linear(right, null).square().mean();
    }

    /**
     * d(a + 0.5 b) = da + 0.5 db, whether the sum is of losses or of gradients, also where the trunk runs again for
     * each.
     */
    @Test
    void lossesOfOnePassAdd() {
        for (boolean recompute : new boolean[] {false, true}) {
            List<float[]> together;
            try (Pass pass = Pass.train(new Rng(1))) {
                Tensor h = hidden(Tensor.of(x, ROWS, IN), recompute);
                pass.backward(labeled(h).add(valued(h).mul(0.5f)));
                together = gradients();
            }
            try (Pass pass = Pass.train(new Rng(1))) {
                Tensor h = hidden(Tensor.of(x, ROWS, IN), recompute);
                float[] before = mean.value().toArray();
                pass.backward(labeled(h));
                float[] committed = mean.value().toArray();
                pass.backward(valued(h).mul(0.5f));
                same(gradients(), together);
                assertThat(committed).isNotEqualTo(before);
                assertThat(mean.value().toArray()).as("one update a pass").isEqualTo(committed);
            }
        }
    }

    /** Each loss may aim at parameters of its own, as the two of a GAN do. */
    @Test
    void lossesOfOnePassHaveTargetsOfTheirOwn() {
        try (Pass pass = Pass.train(new Rng(1))) {
            Tensor h = hidden(Tensor.of(x, ROWS, IN), false);
            Tensor a = labeled(h);
            Tensor b = valued(h);
            pass.backward(a);
            List<float[]> ofA = gradients();
            pass.backward(b);
            List<float[]> ofB = gradients();
            pass.backward(a, left);
            pass.backward(b, trunk, right);
            same(gradients(), List.of(ofB.get(0), ofA.get(1), ofB.get(2)));
        }
    }

    /** A batch in parts, one pass each, every loss weighted by its share of the rows, is the batch at once. */
    @Test
    void passesAddUpToTheWholeBatch() {
        for (int[] cuts : new int[][] {{0, 24}, {0, 12, 24}, {0, 1, 8, 11, 24}}) {
            for (boolean recompute : new boolean[] {false, true}) {
                try (Pass pass = Pass.train(new Rng(1))) {
                    pass.backward(valued(hidden(Tensor.of(x, ROWS, IN), recompute)));
                }
                List<float[]> whole = gradients();
                for (int i = 1; i < cuts.length; i++) {
                    try (Pass pass = Pass.train(new Rng(i))) {
                        Tensor rows = Tensor.of(x, ROWS, IN).slice(0, cuts[i - 1], cuts[i]);
                        pass.backward(valued(hidden(rows, recompute)).mul((cuts[i] - cuts[i - 1]) / (float) ROWS));
                    }
                }
                same(gradients(), whole);
            }
        }
    }

    /** What a part of the passes does not reach keeps what the others gave. */
    @Test
    void passesMayReachDifferentParameters() {
        try (Pass pass = Pass.train(new Rng(1))) {
            pass.backward(valued(hidden(Tensor.of(x, ROWS, IN), false)));
        }
        List<float[]> first = gradients();
        try (Pass pass = Pass.train(new Rng(1))) {
            pass.backward(valued(hidden(Tensor.of(x, ROWS, IN), false)));
        }
        values.freeze(trunk);
        try (Pass pass = Pass.train(new Rng(1))) {
            pass.backward(labeled(hidden(Tensor.of(x, ROWS, IN), false)));
        }
        assertThat(left.gradient()).isNotNull();
        List<float[]> both = gradients();
        assertThat(both.get(0)).isEqualTo(first.get(0));
        assertThat(both.get(2)).isEqualTo(first.get(2));
    }
}
