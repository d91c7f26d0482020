package dev.fathom.onnx;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * One operation of a graph.
 *
 * @param name as the file calls it, which may be empty
 * @param op such as {@code Conv}
 * @param domain of the operator, {@code ""} for the standard's own
 * @param overload tells functions of one name apart, {@code ""} elsewhere
 * @param version of the operators of the domain, 0 where a file is not yet told for its functions
 * @param inputs names of values; an input that is left out is {@code ""}
 * @param attributes by their names, each a {@code Float}, {@code Long}, {@code String}, {@link Initializer},
 *     {@link Graph}, {@link Functions.Reference}, {@code float[]}, {@code long[]}, or a {@link List} of one of the
 *     others; a {@link Program} has an {@link Array} instead of each initializer and a program instead of each graph
 */
record Node(
        String name,
        String op,
        String domain,
        String overload,
        long version,
        List<String> inputs,
        List<String> outputs,
        Map<String, Object> attributes) {
    /** The graphs of its attributes, as the file has them. */
    List<Graph> graphs() {
        List<Graph> graphs = new ArrayList<>();
        for (Object a : attributes.values()) {
            for (Object one : a instanceof List<?> several ? several : List.of(a)) {
                if (one instanceof Graph graph) {
                    graphs.add(graph);
                }
            }
        }
        return graphs;
    }

    /** The operator with its domain, unless that is the standard's own. */
    String operator() {
        return domain.isEmpty() ? op : domain + "." + op;
    }

    /** The function that it calls, if the file has one of this name. */
    String function() {
        return operator() + ":" + overload;
    }

    /** Tells which node it is, for a message. */
    @Override
    public String toString() {
        return operator() + (name.isEmpty() ? outputs.isEmpty() ? "" : " of " + outputs.get(0) : " " + name);
    }
}
