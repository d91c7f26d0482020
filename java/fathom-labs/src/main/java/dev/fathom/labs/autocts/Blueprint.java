package dev.fathom.labs.autocts;

import dev.fathom.labs.autocts.CellGraph.Edge;
import dev.fathom.tensor.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An architecture of the space of AutoCTS, where each block has a cell of its own.
 *
 * @param cells the cell of each block
 * @param inputs for each block what it reads: 0 is the embedding, and i the output of block i - 1
 */
record Blueprint(List<CellGraph> cells, List<Integer> inputs) {
    private static final List<Operator> OPERATORS = Operator.WITHOUT_NONE;

    /**
     * Draws one of those that a supernet can become: into each node one or two edges from any nodes before it, each
     * with any operator but none, and each block reads any block before it.
     */
    static Blueprint random(int blocks, int nodes, Rng rng) {
        List<CellGraph> cells = new ArrayList<>();
        List<Integer> inputs = new ArrayList<>();
        for (int b = 0; b < blocks; b++) {
            Rng drawn = rng.split(b);
            List<Edge> edges = new ArrayList<>();
            for (int into = 1; into <= nodes; into++) {
                Arrays.stream(drawn.permutation(into))
                        .limit(2)
                        .sorted()
                        .forEach(from -> edges.add(new Edge(from, OPERATORS.get(drawn.ints(1, OPERATORS.size())[0]))));
            }
            cells.add(new CellGraph(edges));
            inputs.add(drawn.ints(1, b + 1)[0]);
        }
        return new Blueprint(cells, inputs);
    }
}
