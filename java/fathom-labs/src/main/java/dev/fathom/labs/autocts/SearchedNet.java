package dev.fathom.labs.autocts;

import dev.fathom.labs.autocts.CellGraph.Edge;
import dev.fathom.labs.autocts.Operator.Operation;
import dev.fathom.labs.series.ForecastTask;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Layer;
import dev.fathom.nn.LayerNorm;
import dev.fathom.nn.Net;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A network that a search describes: blocks between a {@link Backbone}.
 *
 * @param backbone what is in front of the blocks and behind them
 * @param blocks in the order in which they run
 * @param inputs for each block what it reads: 0 is the embedding, and i the output of block i - 1
 */
record SearchedNet(Backbone backbone, List<Block> blocks, List<Integer> inputs) implements Layer {
    /**
     * y = norm(h + drop(cell(h))) on features h [n, nodes, steps, width].
     *
     * @param cell the graph of operators
     * @param operations for each edge, with its parameters
     * @param sums whether the cell gives the sum of its nodes, or the last one
     * @param dropout of what the cell gives
     * @param norm over the channels
     */
    record Block(CellGraph cell, List<Operation> operations, boolean sums, Dropout dropout, LayerNorm norm)
            implements Net {
        static Block of(CellGraph cell, int width, int graphs, boolean sums, float dropout) {
            return new Block(
                    cell,
                    cell.edges().stream()
                            .map(e -> e.operator().make(width, graphs))
                            .toList(),
                    sums,
                    new Dropout(dropout),
                    new LayerNorm(width));
        }

        Tensor apply(Tensor h, List<Tensor> graphs) {
            List<Tensor> nodes = new ArrayList<>(List.of(h));
            for (int e = 0; e < operations.size(); e++) {
                Edge edge = cell.edges().get(e);
                Operation operation = operations.get(e);
                Tensor from = nodes.get(edge.from());
                Tensor given = Pass.frame(operation, () -> operation.apply(from, graphs));
                int to = CellGraph.to(e);
                if (to < nodes.size()) {
                    nodes.set(to, nodes.get(to).add(given));
                } else {
                    nodes.add(given);
                }
            }
            int last = nodes.size() - 1;
            Tensor made = sums
                    ? nodes.subList(1, nodes.size()).stream()
                            .reduce(Tensor::add)
                            .orElseThrow()
                    : nodes.get(last);
            return norm.apply(h.add(dropout.apply(made)));
        }
    }

    /** The network of an architecture whose cells differ from block to block. */
    static SearchedNet of(ForecastTask task, Blueprint blueprint, int width, int output) {
        return new SearchedNet(
                Backbone.of(task, blueprint.cells().size(), width, output),
                blueprint.cells().stream()
                        .map(cell -> Block.of(cell, width, Backbone.graphs(task), true, 0))
                        .toList(),
                blueprint.inputs());
    }

    /**
     * The network of a candidate, in sizes of about a quarter of those of AutoCTS+: 1 to 3 blocks, 8 or 16 channels,
     * and 16, 32 or 64 units of output.
     */
    static SearchedNet of(ForecastTask task, Candidate candidate) {
        List<Integer> levels = candidate.levels();
        int blocks = 1 + levels.get(0);
        int width = 8 << levels.get(2);
        return new SearchedNet(
                Backbone.of(task, blocks, width, 16 << levels.get(3)),
                Collections.nCopies(blocks, candidate.cell()).stream()
                        .map(cell -> Block.of(
                                cell, width, Backbone.graphs(task), levels.get(4) == 1, levels.get(5) == 1 ? 0.1f : 0))
                        .toList(),
                IntStream.range(0, blocks).boxed().toList());
    }

    @Override
    public Tensor forward(Tensor x) {
        List<Tensor> graphs = backbone.graphs();
        List<Tensor> made = new ArrayList<>(List.of(backbone.embed(x)));
        for (int b = 0; b < blocks.size(); b++) {
            made.add(blocks.get(b).apply(made.get(inputs.get(b)), graphs));
        }
        return backbone.forecast(x, made.subList(1, made.size()));
    }
}
