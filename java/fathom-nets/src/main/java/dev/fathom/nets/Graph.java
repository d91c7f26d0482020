package dev.fathom.nets;

import dev.fathom.op.Checks;
import dev.fathom.op.Where;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;

/**
 * A weighted graph by the list of its edges: an edge e leads from node {@code from[e]} to node {@code to[e]} with
 * weight {@code weights[e]}. {@link #propagate} lets numbers flow along the edges, at a cost that follows the edges and
 * not the square of the nodes.
 *
 * @param nodes number of nodes; they are called 0 to nodes - 1
 * @param from where each edge begins
 * @param to where each edge ends
 * @param weights by what each edge multiplies
 */
public record Graph(int nodes, int[] from, int[] to, float[] weights) {
    /**
     * Checks the edges, and keeps its own copy of them.
     *
     * @throws IllegalArgumentException if there is no node, the arrays differ in length, or an edge has an end outside
     *     [0, nodes)
     */
    public Graph {
        Checks.atLeast("Graph", "nodes", nodes, 1);
        if (from.length != to.length || from.length != weights.length) {
            throw new IllegalArgumentException("Graph: " + from.length + " beginnings, " + to.length + " ends and "
                    + weights.length + " weights of edges must be equally many");
        }
        for (int e = 0; e < from.length; e++) {
            if (from[e] < 0 || from[e] >= nodes || to[e] < 0 || to[e] >= nodes) {
                throw new IllegalArgumentException("Graph: edge " + e + " from " + from[e] + " to " + to[e]
                        + " has an end outside [0, " + nodes + "); give the numbers of nodes");
            }
        }
        from = from.clone();
        to = to.clone();
        weights = weights.clone();
    }

    /**
     * Returns the graph of undirected edges {a, b}, with a loop at each node, whose weights are those of D^-1/2 (A + I)
     * D^-1/2: an edge has 1 / sqrt(d[a] d[b]), where d[a] is 1 plus the number of neighbors of node a (Kipf and Welling
     * 2017). An edge that is given twice, or in both directions, counts once; loops are there already and need not be
     * given.
     *
     * @throws IllegalArgumentException if there is no node, an edge is not a pair, or an end is outside [0, nodes)
     */
    public static Graph normalized(int nodes, int[]... edges) {
        Checks.atLeast("Graph", "nodes", nodes, 1);
        long[] pairs = new long[2 * edges.length + nodes];
        for (int e = 0; e < edges.length; e++) {
            if (edges[e].length != 2) {
                throw new IllegalArgumentException(
                        "Graph: edge " + e + " is " + Arrays.toString(edges[e]) + "; give the two nodes at its ends");
            }
            int a = edges[e][0];
            int b = edges[e][1];
            if (a < 0 || a >= nodes || b < 0 || b >= nodes) {
                throw new IllegalArgumentException("Graph: edge " + e + " between " + a + " and " + b
                        + " has an end outside [0, " + nodes + "); give the numbers of nodes");
            }
            pairs[2 * e] = (long) a * nodes + b;
            pairs[2 * e + 1] = (long) b * nodes + a;
        }
        for (int i = 0; i < nodes; i++) {
            pairs[2 * edges.length + i] = (long) i * nodes + i;
        }
        pairs = Arrays.stream(pairs).sorted().distinct().toArray();
        int[] from = Arrays.stream(pairs).mapToInt(p -> (int) (p % nodes)).toArray();
        int[] to = Arrays.stream(pairs).mapToInt(p -> (int) (p / nodes)).toArray();
        int[] degree = new int[nodes];
        for (int node : to) {
            degree[node]++;
        }
        float[] weights = new float[from.length];
        for (int e = 0; e < weights.length; e++) {
            weights[e] = (float) (1 / Math.sqrt((double) degree[from[e]] * degree[to[e]]));
        }
        return new Graph(nodes, from, to, weights);
    }

    /**
     * Returns D^-1/2 (A + I) D^-1/2 of an adjacency matrix A [.., nodes, nodes] of numbers that are 0 or more, where D
     * has the sums of the rows of A + I on its diagonal (Kipf and Welling 2017). {@code Graph.normalized(a).matmul(h)}
     * is then what {@link #propagate} computes, for graphs that are inputs of a net.
     *
     * @throws IllegalArgumentException if A is not [.., nodes, nodes]
     */
    public static Tensor normalized(Tensor adjacency) {
        int rank = adjacency.shape().rank();
        if (rank < 2 || adjacency.dim(-1) != adjacency.dim(-2)) {
            throw new IllegalArgumentException("Graph.normalized" + Where.running() + ": adjacency " + adjacency.shape()
                    + " must be [.., nodes, nodes], with a row and a column for each node");
        }
        int n = adjacency.dim(-1);
        Tensor a = adjacency.add(Tensor.arange(n).oneHot(n));
        Tensor scale = a.sum(-1).unsqueeze(-1).rsqrt();
        return a.mul(scale).mul(scale.transpose(-1, -2));
    }

    /**
     * Returns y [.., nodes, channels] of h [.., nodes, channels], where row i of y is the sum of weights[e] h[from[e]]
     * over the edges e to node i: the product of the graph's matrix with h.
     *
     * @throws IllegalArgumentException if h has another number of nodes
     */
    public Tensor propagate(Tensor h) {
        if (h.shape().rank() < 2 || h.dim(-2) != nodes) {
            throw new IllegalArgumentException("Graph" + Where.running() + ": x " + h.shape() + " must be [.., " + nodes
                    + ", channels], with a row for each of the " + nodes + " nodes of the graph");
        }
        Tensor messages = h.take(-2, Tensor.ofInts(from, from.length)).mul(Tensor.of(weights, weights.length, 1));
        return messages.indexAdd(-2, Tensor.ofInts(to, to.length), nodes);
    }
}
