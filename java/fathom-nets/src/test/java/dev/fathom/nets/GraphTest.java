package dev.fathom.nets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.nn.GradientCheck;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.Golden;
import org.junit.jupiter.api.Test;

/** Weighted graphs, and what flows along their edges. */
class GraphTest {
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
        try (Pass pass = Pass.infer()) {
            assertThatThrownBy(() -> Graph.normalized(5, EDGES).propagate(Tensor.zeros(4, 2)))
                    .hasMessage("Graph: x [4, 2] must be [.., 5, channels], with a row for each of the 5 nodes of the "
                            + "graph");
            assertThatThrownBy(() -> Graph.normalized(Tensor.zeros(2, 3)))
                    .hasMessage("Graph.normalized: adjacency [2, 3] must be [.., nodes, nodes], with a row and a "
                            + "column for each node");
        }
    }

    @Test
    void gradientsAreCentralDifferences() {
        Graph graph = Graph.normalized(5, EDGES);
        try (Pass pass = Pass.infer()) {
            GradientCheck.check(in -> graph.propagate(in[0]), 1e-2, Tensor.of(new Rng(5).normal(15, 0, 1), 5, 3));
            GradientCheck.check(
                    in -> Graph.normalized(in[0].square()).matmul(in[1]),
                    1e-2,
                    Tensor.of(new Rng(2).uniform(9, 0.5f, 1), 3, 3),
                    Tensor.of(new Rng(3).normal(6, 0, 1), 3, 2));
        }
    }
}
