package dev.fathom.labs.autocts;

import dev.fathom.labs.autocts.CellGraph.Edge;
import dev.fathom.labs.autocts.Operator.Operation;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.nn.Init;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Net;
import dev.fathom.op.Shape;
import dev.fathom.parameter.Parameter;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The net of all architectures at once: every edge runs every operator, and softmax(alpha / temperature) weighs what
 * they give. In the same way, each node weighs the edges into it, and each block the blocks before it. The lower the
 * temperature, the nearer the net is to one of its architectures.
 *
 * @param weights what training batches teach
 * @param architecture what validation batches teach
 */
record Supernet(Weights weights, Architecture architecture) implements Net {
    /**
     * The part of the channels that the operators of an edge see: one of {@code PARTS}; the others pass unchanged (Xu
     * et al. 2020, PC-DARTS).
     */
    static final int PARTS = 4;

    private static final List<Operator> OPERATORS = List.of(Operator.values());

    /**
     * The weights of all operators.
     *
     * @param edges for each block, for each edge in the order of the nodes that it leads to, an operation for each
     *     operator
     * @param norms for each block
     */
    record Weights(Backbone backbone, List<List<List<Operation>>> edges, List<LayerNorm> norms) implements Net {}

    /**
     * The architecture as numbers.
     *
     * @param operators for each block [edges, operators]
     * @param edges for each block [edges]
     * @param inputs for each block [blocks before it, with the embedding]
     */
    record Architecture(List<Parameter> operators, List<Parameter> edges, List<Parameter> inputs) implements Net {}

    /** Makes a supernet of {@code blocks} blocks of {@code nodes} nodes. */
    static Supernet of(ForecastTask task, int blocks, int nodes, int width, int output) {
        int edges = nodes * (nodes + 1) / 2; // into each node from all before it
        int graphs = Backbone.graphs(task);
        return new Supernet(
                new Weights(
                        Backbone.of(task, blocks, width, output),
                        each(
                                blocks,
                                b -> each(
                                        edges,
                                        e -> OPERATORS.stream()
                                                .map(o -> o.make(width / PARTS, graphs))
                                                .toList())),
                        each(blocks, b -> new LayerNorm(width))),
                new Architecture(
                        each(blocks, b -> alphas(edges, OPERATORS.size())),
                        each(blocks, b -> alphas(edges)),
                        each(blocks, b -> alphas(b + 1))));
    }

    private static <T> List<T> each(int count, IntFunction<T> make) {
        return IntStream.range(0, count).mapToObj(make).toList();
    }

    private static Parameter alphas(int... dims) {
        return new Parameter(Shape.of(dims), Init.normal(0, 1e-3f));
    }

    /** The forecasts [n, horizons * nodes] of windows x [n, lags, nodes] at a temperature. */
    Tensor forecast(Tensor x, float temperature) {
        return Pass.frame(this, () -> {
            List<Tensor> graphs = weights.backbone.graphs();
            List<Tensor> made = new ArrayList<>(List.of(weights.backbone.embed(x)));
            for (int b = 0; b < weights.edges.size(); b++) {
                Tensor h = sum(made, shares(architecture.inputs.get(b).value(), temperature));
                made.add(weights.norms.get(b).apply(h.add(cell(b, h, graphs, temperature))));
            }
            return weights.backbone.forecast(x, made.subList(1, made.size()));
        });
    }

    /** softmax(alpha / temperature) over the last dimension. */
    static Tensor shares(Tensor alpha, float temperature) {
        return alpha.div(temperature).softmax(-1);
    }

    private static Tensor sum(List<Tensor> terms, Tensor shares) {
        Tensor sum = terms.get(0).mul(shares.slice(0, 0, 1));
        for (int i = 1; i < terms.size(); i++) {
            sum = sum.add(terms.get(i).mul(shares.slice(0, i, i + 1)));
        }
        return sum;
    }

    /** The sum of the nodes of a cell behind its input h. */
    private Tensor cell(int block, Tensor h, List<Tensor> graphs, float temperature) {
        Tensor operators = shares(architecture.operators.get(block).value(), temperature);
        Tensor edges = architecture.edges.get(block).value();
        List<List<Operation>> operations = weights.edges.get(block);
        List<Tensor> nodes = new ArrayList<>(List.of(h));
        for (int e = 0; e < operations.size(); e += nodes.size() - 1) {
            int into = nodes.size(); // as many edges lead to the next node
            List<Tensor> given = new ArrayList<>();
            for (int from = 0; from < into; from++) {
                Tensor mix = operators.slice(0, e + from, e + from + 1).reshape(OPERATORS.size());
                given.add(mixed(nodes.get(from), operations.get(e + from), mix, graphs, e + from));
            }
            nodes.add(sum(given, shares(edges.slice(0, e, e + into), temperature)));
        }
        return nodes.subList(1, nodes.size()).stream().reduce(Tensor::add).orElseThrow();
    }

    /**
     * What the operators of an edge make of a quarter of the channels, which goes around from edge to edge, and the
     * other channels as they are.
     */
    static Tensor mixed(Tensor h, List<Operation> operations, Tensor shares, List<Tensor> graphs, int edge) {
        int quarter = h.dim(-1) / PARTS;
        int at = edge % PARTS * quarter;
        Tensor part = h.slice(-1, at, at + quarter);
        List<Tensor> made = operations.stream().map(o -> o.apply(part, graphs)).toList();
        return Tensor.concat(-1, h.slice(-1, 0, at), sum(made, shares), h.slice(-1, at + quarter, h.dim(-1)));
    }

    // ---- what it has become

    /**
     * The architecture with the largest weights: into each node the two strongest edges, or the only one, each with its
     * strongest operator but none.
     */
    Blueprint found() {
        List<CellGraph> cells = new ArrayList<>();
        List<Integer> inputs = new ArrayList<>();
        try (Pass pass = Pass.infer()) {
            for (int b = 0; b < weights.edges.size(); b++) {
                cells.add(strongest(b));
                inputs.add(architecture.inputs.get(b).value().argmax().toIntArray()[0]);
            }
            return new Blueprint(cells, inputs);
        }
    }

    private CellGraph strongest(int block) {
        int n = OPERATORS.size();
        float[] operators =
                architecture.operators.get(block).value().softmax(-1).toArray();
        float[] edges = architecture.edges.get(block).value().toArray();
        List<Edge> kept = new ArrayList<>();
        int e = 0;
        for (int into = 1; e < edges.length; into++) {
            int first = e;
            float[] shares = Tensor.of(Arrays.copyOfRange(edges, e, e + into), into)
                    .softmax(-1)
                    .toArray();
            Comparator<Integer> strength = Comparator.comparingDouble(from ->
                    (double) shares[from] * operators[(first + from) * n + best(operators, (first + from) * n)]);
            IntStream.range(0, into)
                    .boxed()
                    .sorted(strength.reversed())
                    .limit(2)
                    .sorted()
                    .forEach(from -> kept.add(new Edge(from, OPERATORS.get(best(operators, (first + from) * n)))));
            e += into;
        }
        return new CellGraph(kept);
    }

    /** The strongest operator of an edge whose shares begin at {@code at}, other than the first, none. */
    private static int best(float[] shares, int at) {
        return IntStream.range(1, OPERATORS.size())
                .reduce((a, b) -> shares[at + b] > shares[at + a] ? b : a)
                .orElseThrow();
    }
}
