package dev.fathom.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.op.Activation;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.BoundOptimizer;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Graphs and convolutions on them. */
class GraphConvTest {
    private static final int[][] EDGES = {{0, 1}, {1, 2}, {2, 0}, {2, 3}, {4, 3}};

    /** D^-1/2 (A + I) D^-1/2 in double precision. */
    private static double[][] matrix(int n, int[][] edges) {
        double[][] a = new double[n][n];
        for (int i = 0; i < n; i++) {
            a[i][i] = 1;
        }
        for (int[] e : edges) {
            a[e[0]][e[1]] = 1;
            a[e[1]][e[0]] = 1;
        }
        double[] degree = new double[n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                degree[i] += a[i][j];
            }
        }
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                a[i][j] /= Math.sqrt(degree[i] * degree[j]);
            }
        }
        return a;
    }

    /** Lists of edges and matrices give the product of the matrix; a node without edges keeps its row. */
    @Test
    void bothFormsAreTheMatrix() {
        int n = 6;
        double[][] m = matrix(n, EDGES);
        assertThat(m[2][3]).isCloseTo(1 / Math.sqrt(12), within(1e-12));
        float[] h = new Rng(1).normal(2 * n * 3, 0, 1);
        float[] expected = new float[h.length];
        for (int b = 0; b < 2; b++) {
            for (int i = 0; i < n; i++) {
                for (int c = 0; c < 3; c++) {
                    double sum = 0;
                    for (int j = 0; j < n; j++) {
                        sum += m[i][j] * h[(b * n + j) * 3 + c];
                    }
                    expected[(b * n + i) * 3 + c] = (float) sum;
                }
            }
        }
        float[] adjacency = new float[n * n];
        for (int[] e : EDGES) {
            adjacency[e[0] * n + e[1]] = 1;
            adjacency[e[1] * n + e[0]] = 1;
        }
        try (Pass pass = Pass.infer()) {
            Tensor x = Tensor.of(h, 2, n, 3);
            Golden.assertClose("edges", Graph.normalized(n, EDGES).propagate(x).toArray(), expected, 1e-6, 1e-6);
            Tensor dense = Graph.normalized(Tensor.of(adjacency, n, n));
            Golden.assertClose("matrix", dense.matmul(x).toArray(), expected, 1e-6, 1e-6);
            Tensor batch = Graph.normalized(Tensor.of(adjacency, 1, n, n));
            assertThat(batch.toArray()).isEqualTo(dense.toArray());
        }
    }

    @Test
    void edgesCountOnce() {
        Graph once = Graph.normalized(3, new int[][] {{0, 1}, {1, 2}});
        Graph twice = Graph.normalized(3, new int[][] {{2, 1}, {0, 1}, {1, 0}, {1, 2}, {2, 2}});
        assertThat(twice.from()).isEqualTo(once.from());
        assertThat(twice.to()).isEqualTo(once.to());
        assertThat(twice.weights()).isEqualTo(once.weights());
        assertThat(once.from()).hasSize(7);
    }

    /** A graph with directions and weights of its own. */
    @Test
    void weightsOfTheirOwn() {
        Graph graph = new Graph(3, new int[] {0, 0, 2}, new int[] {1, 2, 1}, new float[] {2, 3, -1});
        try (Pass pass = Pass.infer()) {
            assertThat(graph.propagate(Tensor.of(new float[] {1, 10, 100}, 3, 1))
                            .toArray())
                    .containsExactly(0, 2 - 100, 3);
        }
    }

    @Test
    void badGraphsAreRefused() {
        assertThatThrownBy(() -> Graph.normalized(3, new int[][] {{0, 3}}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Graph: edge 0 between 0 and 3 has an end outside [0, 3); give the numbers of nodes");
        assertThatThrownBy(() -> Graph.normalized(3, new int[][] {{0, 1, 2}}))
                .hasMessage("Graph: edge 0 is [0, 1, 2]; give the two nodes at its ends");
        assertThatThrownBy(() -> Graph.normalized(0)).hasMessage("Graph: nodes=0 must be at least 1");
        assertThatThrownBy(() -> new Graph(2, new int[1], new int[1], new float[2]))
                .hasMessage("Graph: 1 beginnings, 1 ends and 2 weights of edges must be equally many");
        assertThatThrownBy(() -> new Graph(2, new int[] {-1}, new int[1], new float[1]))
                .hasMessage("Graph: edge 0 from -1 to 0 has an end outside [0, 2); give the numbers of nodes");
        try (var model = Model.of(new GraphConv(Graph.normalized(5, EDGES), 3, 2), 0);
                Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(4, 3)))
                    .hasMessage("Graph: x [4, 2] must be [.., 5, channels], with a row for each of the 5 nodes of the "
                            + "graph");
            assertThatThrownBy(() -> model.net().apply(Tensor.zeros(5, 4)))
                    .hasMessage("linear: x [5, 4] and weight [2, 3] disagree: x.dim(1)=4 but weight.dim(1)=3");
            assertThatThrownBy(() -> Graph.normalized(Tensor.zeros(2, 3)))
                    .hasMessage("Graph.normalized: adjacency [2, 3] must be [.., nodes, nodes], with a row and a "
                            + "column for each node");
        }
        assertThatThrownBy(() -> new GraphConv(Graph.normalized(1), 0, 2))
                .hasMessage("GraphConv: in=0 must be at least 1");
    }

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
    void gradientsAreCentralDifferencesAndPlansGiveTheSameBits() {
        Graph graph = Graph.normalized(5, EDGES);
        float[] x = new Rng(5).normal(15, 0, 1);
        try (var model = Model.of(new GraphConv(graph, 3, 2).act(Activation.TANH), 1);
                Pass pass = Pass.infer()) {
            GradientCheck.check(in -> model.net().apply(in[0]), 1e-2, model.parameters(), Tensor.of(x, 5, 3));
            GradientCheck.check(
                    in -> Graph.normalized(in[0].square()).matmul(in[1]),
                    1e-2,
                    Tensor.of(new Rng(2).uniform(9, 0.5f, 1), 3, 3),
                    Tensor.of(new Rng(3).normal(6, 0, 1), 3, 2));
        }
        for (Layer layer :
                new Layer[] {new GraphConv(graph, 3, 2).act(Activation.TANH), new WeightNorm(new GraphConv(graph, 3, 2))
                }) {
            WeightedLayersTest.checkAndFreeze(layer, true, x, 1, 5, 3);
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
