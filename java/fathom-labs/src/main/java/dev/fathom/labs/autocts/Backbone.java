package dev.fathom.labs.autocts;

import dev.fathom.labs.series.ForecastTask;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What all searched networks have in front of their blocks and behind them. In front, a value becomes a vector, to
 * which vectors for its time step and its node are added. Behind, ReLU of the sum of what linear layers read from all
 * steps of each block gives the changes from the last row.
 *
 * @param start from a value to the width of the features
 * @param steps a vector for each time step [lags, width]
 * @param nodes a vector for each node [nodes, 1, width]
 * @param roads the transition matrix of the road graph, row by row; empty where there is none
 * @param sources vectors of nodes [nodes, 10] whose products with {@code targets} make a graph that is learned
 * @param targets vectors of nodes [10, nodes]
 * @param reads for each block, from its features at all steps to the width of the output
 * @param out from that width to the horizons
 * @param randomWalk whether the net reads differences from the last row
 */
record Backbone(
        Linear start,
        Parameter steps,
        Parameter nodes,
        float[] roads,
        Parameter sources,
        Parameter targets,
        List<Linear> reads,
        Linear out,
        boolean randomWalk)
        implements Net {
    private static final int GRAPH = 10;

    /** Makes one for {@code blocks} blocks of features of {@code width} channels. */
    static Backbone of(ForecastTask task, int blocks, int width, int output) {
        int n = task.columns();
        return new Backbone(
                new Linear(1, width),
                new Parameter(Shape.of(task.lags(), width), Init.normal(0, 0.1f)),
                new Parameter(Shape.of(n, 1, width), Init.normal(0, 0.1f)),
                transitions(task.roads()),
                new Parameter(Shape.of(n, GRAPH), Init.normal(0, 1)),
                new Parameter(Shape.of(GRAPH, n), Init.normal(0, 1)),
                IntStream.range(0, blocks)
                        .mapToObj(b -> new Linear(task.lags() * width, output))
                        .toList(),
                new Linear(output, task.horizons().length),
                task.randomWalk());
    }

    /**
     * The weights of each row divided by their sum, which makes a random walk. The graph of roads is symmetric, so that
     * its reverse is the same walk.
     */
    private static float[] transitions(double[][] graph) {
        float[] all = new float[graph.length * graph.length];
        for (int i = 0; i < graph.length; i++) {
            double sum = 0;
            for (double weight : graph[i]) {
                sum += weight;
            }
            for (int j = 0; j < graph.length; j++) {
                all[i * graph.length + j] = sum == 0 ? 0 : (float) (graph[i][j] / sum);
            }
        }
        return all;
    }

    /** The number of graphs of a task: the one of roads, if there is one, and the one that is learned. */
    static int graphs(ForecastTask task) {
        return task.roads().length == 0 ? 1 : 2;
    }

    /** The graphs, as matrices whose rows sum to 1; the learned one is softmax(relu(E1 E2)). */
    List<Tensor> graphs() {
        List<Tensor> all = new ArrayList<>();
        int n = sources.shape().dim(0);
        if (roads.length > 0) {
            all.add(Tensor.of(roads, n, n));
        }
        all.add(sources.value().matmul(targets.value()).relu().softmax(-1));
        return all;
    }

    /** The features [n, nodes, lags, width] of windows [n, lags, nodes]. */
    Tensor embed(Tensor x) {
        Tensor seen = randomWalk ? x.sub(last(x)) : x;
        return start.apply(seen.transpose(1, 2).unsqueeze(3)).add(steps.value()).add(nodes.value());
    }

    /** The forecasts [n, horizons * nodes] from windows and the features of each block. */
    Tensor forecast(Tensor x, List<Tensor> blocks) {
        int n = x.dim(0);
        int columns = x.dim(2);
        Tensor sum = null;
        for (int b = 0; b < blocks.size(); b++) {
            Tensor h = blocks.get(b);
            Tensor read = reads.get(b).apply(h.reshape(n, columns, h.dim(2) * h.dim(3)));
            sum = sum == null ? read : sum.add(read);
        }
        if (sum == null) {
            throw new IllegalArgumentException("backbone: there are no blocks; give at least one");
        }
        Tensor change = out.apply(sum.relu()).transpose(1, 2);
        return change.add(last(x)).reshape(n, change.dim(1) * columns);
    }

    private static Tensor last(Tensor x) {
        return x.slice(1, x.dim(1) - 1, x.dim(1));
    }
}
