package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.nn.Dropout;
import dev.fathom.nn.Init;
import dev.fathom.nn.Layer;
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
import dev.fathom.testing.LayerChecks;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Convolutions on graphs: their formula, and labels that spread along edges. */
class GraphConvTest {
    private static final int[][] EDGES = {{0, 1}, {1, 2}, {2, 0}, {2, 3}, {4, 3}};

    @Test
    void theFormula() {
        Graph graph = Graph.normalized(2, new int[][] {{0, 1}}); // every weight is 1/2
        var layer = new GraphConv(
                graph,
                new Parameter(Shape.of(1, 2), (s, r) -> new float[] {2, -4}),
                new Parameter(Shape.of(1), Init.constant(-1)),
                Activation.RELU);
        try (var model = Model.of(layer, 0);
                Pass pass = Pass.infer()) {
            assertThat(model.parameters().stream().map(Parameter::name)).containsExactly("weight", "bias");
            Tensor x = Tensor.of(new float[] {1, 0, 3, 0.5f}, 2, 2);
            assertThat(model.net().apply(x).toArray()).containsExactly(2, 2);
            assertThat(new GraphConv(graph, layer.weight(), null, null).apply(x).toArray())
                    .containsExactly(3, 3);
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (var model = Model.of(new GraphConv(Graph.normalized(5, EDGES), 3, 2), 0);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(4, 3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Graph: x [4, 2] must be [.., 5, channels], with a row for each of the 5 nodes of the "
                            + "graph");
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(5, 4)))
                    .hasMessage("linear: x [5, 4] and weight [2, 3] disagree: x.dim(1)=4 but weight.dim(1)=3");
        }
        assertThatThrownBy(() -> new GraphConv(Graph.normalized(1), 0, 2))
                .hasMessage("GraphConv: in=0 must be at least 1");
    }

    @Test
    void gradientsAreCentralDifferencesAndPlansGiveTheSameBits() {
        Graph graph = Graph.normalized(5, EDGES);
        float[] x = new Rng(5).normal(15, 0, 1);
        for (Layer layer :
                new Layer[] {new GraphConv(graph, 3, 2).act(Activation.TANH), new WeightNorm(new GraphConv(graph, 3, 2))
                }) {
            LayerChecks.checkAndFreeze(layer, true, x, 1, 5, 3);
        }
    }

    /** Two communities, of which one node each has a label: two layers find the rest. */
    @Test
    void labelsSpread() {
        int n = 40;
        Rng rng = new Rng(4);
        float[] draws = rng.uniform(n * n, 0, 1);
        List<int[]> edges = new ArrayList<>();
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = i % 2;
            for (int j = 0; j < i; j++) {
                if (draws[i * n + j] < (i % 2 == j % 2 ? 0.4 : 0.03)) {
                    edges.add(new int[] {i, j});
                }
            }
        }
        Graph graph = Graph.normalized(n, edges.toArray(int[][]::new));
        var net = new Sequential(
                new GraphConv(graph, n, 8).act(Activation.RELU), new Dropout(0.2f), new GraphConv(graph, 8, 2));
        try (var model = Model.of(net, 1);
                BoundOptimizer adam = new Adam(0.02f).on(model)) {
            Rng dropping = new Rng(5);
            for (int step = 0; step < 100; step++) {
                try (Pass pass = Pass.train(dropping)) {
                    Tensor y = model.net().apply(Tensor.arange(n).oneHot(n));
                    pass.backward(y.slice(0, 0, 2).crossEntropy(Tensor.ofInts(new int[] {0, 1}, 2)));
                    adam.step();
                }
            }
            try (Pass pass = Pass.infer()) {
                Tensor y = model.net().apply(Tensor.arange(n).oneHot(n));
                assertThat(y.correct(Tensor.ofInts(labels, n)).toIntArray()[0]).isGreaterThanOrEqualTo(36);
            }
        }
    }
}
