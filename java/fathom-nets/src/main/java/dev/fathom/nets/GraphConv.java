package dev.fathom.nets;

import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.WeightedLayer;
import dev.fathom.op.Activation;
import dev.fathom.op.Checks;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Operand;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Records;
import org.jspecify.annotations.Nullable;

/**
 * y = act(M x W^T + b) for features x [.., nodes, in] of the nodes of a graph with the matrix M, usually D^-1/2 (A + I)
 * D^-1/2 (Kipf and Welling 2017): each node takes the weighted mean of what a linear layer makes of its neighbors and
 * itself.
 *
 * <pre>{@code
 * Graph graph = Graph.normalized(4, new int[][] {{0, 1}, {1, 2}, {2, 3}});
 * var net = new Sequential(
 *         new GraphConv(graph, 10, 16).act(Activation.RELU), new Dropout(0.5f), new GraphConv(graph, 16, 3));
 * }</pre>
 *
 * <p>Nodes are the examples of a batch: a batch is the whole graph in its order, and a loss may leave out nodes whose
 * label is not known. Where the graph is itself an input, {@link Graph#normalized(Tensor)} times the result of a
 * {@link Linear} is the same.
 *
 * @param graph the graph with its weights
 * @param weight W [out, in]
 * @param bias b [out], or null for none
 * @param activation act, or null for none
 */
public record GraphConv(
        Graph graph,
        Parameter weight,
        @Nullable Parameter bias,
        @Nullable Activation activation) implements WeightedLayer {
    /**
     * Makes a layer with a bias and no activation. As in the paper, the weight begins as Xavier's initialization says
     * and the bias at 0.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public GraphConv(Graph graph, int in, int out) {
        this(
                graph,
                new Parameter(
                        Shape.of(Checks.atLeast("GraphConv", "out", out, 1), Checks.atLeast("GraphConv", "in", in, 1)),
                        Init.xavierUniform()),
                new Parameter(Shape.of(out), Init.zeros()),
                null);
    }

    /** Returns this layer without a bias. */
    public GraphConv withoutBias() {
        return Records.with(this, "bias", null);
    }

    /** Returns this layer with an activation. */
    public GraphConv act(Activation a) {
        return Records.with(this, "activation", a);
    }

    /** @throws IllegalArgumentException if x has another number of nodes or of features */
    @Override
    public Tensor weighted(Tensor x, Operand w) {
        Tensor y = graph.propagate(x.linear(w, null));
        y = bias == null ? y : y.add(bias.value());
        return activation == null ? y : Pass.apply(activation, y);
    }
}
