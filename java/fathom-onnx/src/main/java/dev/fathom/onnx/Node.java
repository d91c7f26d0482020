package dev.fathom.onnx;

import java.util.List;
import java.util.Map;

/**
 * One operation of a graph.
 *
 * @param name as the file calls it, which may be empty
 * @param op such as {@code Conv}
 * @param domain of the operator, {@code ""} for the standard's own
 * @param inputs names of values; an input that is left out is {@code ""}
 * @param attributes by their names
 */
record Node(
        String name,
        String op,
        String domain,
        List<String> inputs,
        List<String> outputs,
        Map<String, Attribute> attributes) {
    /** Tells which node it is, for a message. */
    @Override
    public String toString() {
        String called = domain.isEmpty() ? op : domain + "." + op;
        return called + (name.isEmpty() ? outputs.isEmpty() ? "" : " of " + outputs.get(0) : " " + name);
    }
}
