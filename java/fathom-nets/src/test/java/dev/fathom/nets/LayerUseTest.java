package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.attention.MultiHeadAttention;
import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.data.Padding;
import dev.fathom.kernel.Isa;
import dev.fathom.kernel.NativeRuntime;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Layer;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.nn.Steps;
import dev.fathom.nn.TimeDistributed;
import dev.fathom.op.Shape;
import dev.fathom.op.Window;
import dev.fathom.tensor.ExtremeIntegersTest;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Layers given sequences of different lengths, and tensors of any shape. */
class LayerUseTest {
    private static final long[] OFFSETS = {0, 5, 7, 8}; // of the steps of three sequences

    private static Graph path(int nodes) {
        return Graph.normalized(nodes, new int[][] {{0, 1}, {1, 2}});
    }

    private static Dataset sequences(Shape step, Padding padding) {
        float[] x = new Rng(3).normal(8 * (int) step.size(), 0, 1);
        return Dataset.of(Field.floats("x", step, x).input().ragged(OFFSETS)).padded("x", padding.value(5));
    }

    /** What the net makes of the steps of a sequence, in a batch of these. */
    private static float[] made(Layer net, Dataset data, int sequence, int... batch) {
        int length = (int) (OFFSETS[sequence + 1] - OFFSETS[sequence]);
        try (Dataset some = data.subset(batch);
                Pass pass = Pass.infer()) {
            Batch all = some.batches(batch.length).epoch(0).next();
            int row = Arrays.binarySearch(batch, sequence);
            Tensor y = net.apply(all).slice(0, row, row + 1);
            int from = all.paddedInFront("x") ? y.dim(1) - length : 0;
            return y.slice(1, from, from + length).toArray();
        }
    }

    @Test
    void paddingChangesNothingWhereEachStepIsAlone() {
        boolean exact = NativeRuntime.get().isa() != Isa.BASELINE;
        for (Layer layer : List.of(
                new RadialBasis(4, 4),
                new TimeDistributed(new GraphConv(path(3), 4, 2)),
                new DropConnect(new Linear(4, 4), 0),
                new SpectralNorm(new Linear(4, 4)),
                new WeightNorm(new Linear(4, 4)),
                Temperature.fixed(2),
                new AlphaDropout(0),
                new GaussianDropout(0),
                new GaussianNoise(0),
                new GumbelSoftmax(1),
                new Maxout(2),
                new PRelu(4),
                new RRelu(0.2f, 0.2f),
                new Softmin(),
                new Swish(4))) {
            Shape step = layer instanceof TimeDistributed ? Shape.of(3, 4) : Shape.of(4);
            try (var model = Model.of(new Sequential(layer), 1)) {
                assertThat(layer.stepReading()).isEqualTo(Steps.EACH);
                for (Padding padding : List.of(Padding.front(), Padding.behind())) {
                    try (Dataset data = sequences(step, padding)) {
                        for (int i = 0; i < 3; i++) {
                            assertThat(made(model.net(), data, i, 0, 1, 2))
                                    .as("%s, %s, sequence %d", layer, padding, i)
                                    .containsExactly(made(model.net(), data, i, i), within(exact ? 0 : 1e-6f));
                        }
                    }
                }
            }
        }
    }

    @Test
    void anotherWeightReadsTheStepsThatItsLayerReads() {
        assertThat(new WeightNorm(Conv.causal(4, 4, 2, 1)).stepReading()).isEqualTo(Steps.PADDED_BEHIND);
    }

    @Test
    void layersOfAnySize() throws Exception {
        List<Class<?>> classes = new ArrayList<>(ExtremeIntegersTest.publicClasses(MultiHeadAttention.class));
        classes.addAll(List.of(
                Bilinear.class,
                GraphConv.class,
                Maxout.class,
                PRelu.class,
                RadialBasis.class,
                Softmin.class,
                SparseLinear.class,
                Swish.class));
        new ExtremeIntegersTest().layers(classes, 11, 10);
    }

    /** Nodes of a graph are no steps, and a softmin over steps mixes them. */
    @Test
    void paddedNodesAreRefused() {
        for (Layer layer : List.of(
                new GraphConv(path(5), 4, 4),
                new Softmin(1),
                new WeightNorm(new Conv(4, 4, Window.line(3).same())))) {
            assertThat(layer.stepReading()).isEqualTo(Steps.MIXED);
            try (var model = Model.of(new Sequential(layer), 1)) {
                for (Padding padding : List.of(Padding.front(), Padding.behind())) {
                    try (Dataset data = sequences(Shape.of(4), padding)) {
                        assertThatThrownBy(() -> made(model.net(), data, 0, 0, 1, 2))
                                .isInstanceOf(IllegalArgumentException.class)
                                .hasMessageContaining("padding would change its result");
                    }
                }
            }
        }
    }

    /**
     * Any number of dimensions, some of them 1 or 0: a result with its gradient, or a sentence that begins with the op
     * and the layer's place.
     */
    @Test
    void everyShapeHasAResultOrASentence() {
        for (Layer layer : List.of(
                new LocallyConnected(Shape.of(2, 3, 2), 3, 2),
                new RadialBasis(2, 3),
                new GraphConv(Graph.normalized(2, new int[] {0, 1}), 2, 3),
                new WeightNorm(new Conv(2, 3, Window.of(2, 2))),
                new SpectralNorm(new Conv(2, 3, Window.of(2, 2))),
                new DropConnect(new Linear(2, 3), 0.5f),
                Temperature.learned(2),
                new PRelu(),
                new PRelu(2),
                new Swish(2),
                new RRelu(),
                new AlphaDropout(0.5f),
                new GaussianDropout(0.5f),
                new GaussianNoise(0.5f),
                new Maxout(2),
                new Softmin(),
                new GumbelSoftmax(0.5f),
                GumbelSoftmax.hard(0.5f))) {
            int results = 0;
            try (var model = Model.of(new Sequential(layer), 1)) {
                for (int rank = 0; rank <= Shape.MAX_RANK; rank++) {
                    for (int code = 0; code < 1 << 2 * rank; code++) {
                        int[] dims = new int[rank];
                        for (int i = 0; i < rank; i++) {
                            dims[i] = code >> 2 * i & 3;
                        }
                        results += gives(model.net(), dims) ? 1 : 0;
                    }
                }
            }
            assertThat(results).as("%s", layer).isPositive();
        }
    }

    /** Whether there is a result, of which nothing is NaN; a refusal is a sentence. */
    private static boolean gives(Layer net, int... dims) {
        try (Pass pass = Pass.train(new Rng(1))) {
            Tensor x = pass.watch(Tensor.full(Shape.of(dims), 0.5f));
            Tensor y = net.apply(x);
            assertThat(y.toArray()).doesNotContain(Float.NaN);
            pass.backward(y.sum());
            assertThat(pass.gradient(x).toArray()).doesNotContain(Float.NaN);
            return true;
        } catch (IllegalArgumentException e) {
            assertThat(e)
                    .as("%s of %s", net, Arrays.toString(dims))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessageMatching("\\w+ at 0(\\.\\w+)?: .*[\\[\\d].*");
            return false;
        }
    }
}
