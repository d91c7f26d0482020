package dev.fathom.labs.autocts;

import dev.fathom.labs.autocts.CellGraph.Edge;
import dev.fathom.search.Dimension;
import dev.fathom.search.Space;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A point of the joint space of AutoCTS+: a cell, of which every block is a copy, and six hyperparameters. One of the
 * two edges into a node comes from the node before it.
 *
 * @param cell the cell
 * @param levels the place of each hyperparameter among its values, from 0, in the order of {@link #HYPERPARAMETERS}
 */
record Candidate(CellGraph cell, List<Integer> levels) {
    /**
     * The names of the hyperparameters: blocks, nodes of a cell, width of the features, width of the output, and two
     * switches.
     */
    static final List<String> HYPERPARAMETERS =
            List.of("blocks", "nodes", "width", "output", "first switch", "second switch");
    /** The number of values of each hyperparameter. */
    static final List<Integer> VALUES = List.of(3, 2, 2, 3, 2, 2);

    /** The numbers of edges of a cell, by the level of its nodes. */
    static final int[] EDGES = {7, 11};

    /** The joint space. Smaller cells do not use the dimensions of the nodes that they lack. */
    static final Space SPACE = space();

    /**
     * Keeps its own list.
     *
     * @throws IllegalArgumentException if the levels are not those of the space, or do not fit the cell
     */
    Candidate {
        levels = List.copyOf(levels);
        for (int i = 0; i < VALUES.size(); i++) {
            if (levels.size() != VALUES.size() || levels.get(i) < 0 || levels.get(i) >= VALUES.get(i)) {
                throw new IllegalArgumentException("candidate: the levels " + levels + " of " + HYPERPARAMETERS
                        + " must be from 0 to below " + VALUES);
            }
        }
        if (cell.edges().size() != EDGES[levels.get(1)]) {
            throw new IllegalArgumentException("candidate: " + cell.edges().size() + " edges at level " + levels.get(1)
                    + " of the nodes, which has " + EDGES[levels.get(1)]);
        }
        for (int e = 0; e < cell.edges().size(); e++) {
            Edge edge = cell.edges().get(e);
            if (edge.operator() == Operator.NONE || e % 2 == 0 && edge.from() != e / 2) {
                throw new IllegalArgumentException("candidate: the edge " + edge + " of " + cell
                        + " is not in the space; every second edge begins at the node before, and none is left out");
            }
        }
    }

    private static Space space() {
        List<Dimension> dimensions = new ArrayList<>();
        String[] operators = Operator.WITHOUT_NONE.stream().map(Operator::title).toArray(String[]::new);
        for (int e = 0; e < EDGES[1]; e++) {
            dimensions.add(Dimension.of("edge " + e, operators));
        }
        for (int node = 3; node <= CellGraph.to(EDGES[1] - 1); node++) {
            String[] before = new String[node - 1];
            for (int i = 0; i < before.length; i++) {
                before[i] = Integer.toString(i);
            }
            dimensions.add(Dimension.of("into " + node, before));
        }
        for (int i = 0; i < VALUES.size(); i++) {
            dimensions.add(Dimension.whole(HYPERPARAMETERS.get(i), 0, VALUES.get(i) - 1));
        }
        return new Space(dimensions);
    }

    /** The candidate at a point of {@link #SPACE}. */
    static Candidate of(List<String> point) {
        int most = EDGES[1];
        List<Integer> levels = point.subList(point.size() - VALUES.size(), point.size()).stream()
                .map(Integer::valueOf)
                .toList();
        List<Edge> edges = new ArrayList<>();
        for (int e = 0; e < EDGES[levels.get(1)]; e++) {
            int node = CellGraph.to(e);
            int from = e % 2 == 0 ? node - 1 : node < 3 ? 0 : Integer.parseInt(point.get(most + node - 3));
            String operator = point.get(e);
            edges.add(new Edge(
                    from,
                    Operator.WITHOUT_NONE.stream()
                            .filter(o -> o.title().equals(operator))
                            .findFirst()
                            .orElseThrow()));
        }
        return new Candidate(new CellGraph(edges), levels);
    }

    /** The point of {@link #SPACE}, in which dimensions that this cell does not use have their first values. */
    List<String> point() {
        List<String> point = new ArrayList<>();
        for (int e = 0; e < EDGES[1]; e++) {
            point.add((e < cell.edges().size() ? cell.edges().get(e).operator() : Operator.SKIP).title());
        }
        for (int e = 3; e < EDGES[1]; e += 2) {
            point.add(
                    e < cell.edges().size()
                            ? Integer.toString(cell.edges().get(e).from())
                            : "0");
        }
        levels.forEach(level -> point.add(level.toString()));
        return Collections.unmodifiableList(point);
    }
}
