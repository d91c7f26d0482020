package dev.fathom.labs.autocts;

import dev.fathom.view.ArcDiagram;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A directed acyclic graph of operators: node 0 is the input, node 1 has one incoming edge and every later node two,
 * and a node is the sum of what its edges give.
 *
 * @param edges in the order of the nodes they lead to: 7 for four nodes behind the input, 11 for six
 */
record CellGraph(List<Edge> edges) {
    /** An edge from a node, with what it does. */
    record Edge(int from, Operator operator) {}

    /**
     * Keeps its own list.
     *
     * @throws IllegalArgumentException if the number of edges is even, or an edge does not come from an earlier node
     */
    CellGraph {
        edges = List.copyOf(edges);
        if (edges.size() % 2 == 0) {
            throw new IllegalArgumentException("cell: " + edges.size()
                    + " edges; the first node has one incoming edge and every later one has two, so the number is odd");
        }
        for (int e = 0; e < edges.size(); e++) {
            int from = edges.get(e).from;
            if (from < 0 || from >= to(e)) {
                throw new IllegalArgumentException("cell: edge " + e + " leads from node " + from + " to node " + to(e)
                        + "; give one that begins at an earlier node");
            }
        }
    }

    /** The node to which edge number {@code e} leads. */
    static int to(int e) {
        return (e + 1) / 2 + 1;
    }

    /** The number of nodes behind the input. */
    int nodes() {
        return to(edges.size() - 1);
    }

    /** The nodes in a line, with an arc for each edge. */
    ArcDiagram picture(String title) {
        List<String> names = IntStream.rangeClosed(0, nodes())
                .mapToObj(i -> i == 0 ? "in" : Integer.toString(i))
                .toList();
        ArcDiagram picture = new ArcDiagram(title, names);
        for (int e = 0; e < edges.size(); e++) {
            Operator operator = edges.get(e).operator;
            picture.edge(edges.get(e).from, to(e), operator.title(), operator.ordinal());
        }
        return picture;
    }

    /** The edges in words, such as {@code 0 -dcc-> 1}. */
    @Override
    public String toString() {
        return IntStream.range(0, edges.size())
                .mapToObj(e -> edges.get(e).from + " -" + edges.get(e).operator.title() + "-> " + to(e))
                .collect(Collectors.joining(", "));
    }
}
