package dev.fathom.onnx;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One operation of a graph.
 *
 * @param name as the file calls it, which may be empty
 * @param op such as {@code Conv}
 * @param domain of the operator, {@code ""} for the standard's own
 * @param inputs names of values; an input that is left out is {@code ""}
 * @param attributes by their names, each a {@code Float}, {@code Long}, {@code String}, {@link Initializer},
 *     {@link Graph}, {@code float[]}, {@code long[]}, or a {@link List} of one of the others; {@link #held} makes an
 *     {@link Array} of each initializer
 */
record Node(
        String name,
        String op,
        String domain,
        List<String> inputs,
        List<String> outputs,
        Map<String, Object> attributes) {
    /** This node with the values of its tensors instead of the places where they lie in the file. */
    Node held() throws IOException {
        Map<String, Object> all = new LinkedHashMap<>(attributes);
        for (Map.Entry<String, Object> a : all.entrySet()) {
            if (a.getValue() instanceof Initializer i) {
                a.setValue(Array.read(i));
            }
        }
        return new Node(name, op, domain, inputs, outputs, all);
    }

    /** The operator with its domain, unless that is the standard's own. */
    String operator() {
        return domain.isEmpty() ? op : domain + "." + op;
    }

    /** Tells which node it is, for a message. */
    @Override
    public String toString() {
        return operator() + (name.isEmpty() ? outputs.isEmpty() ? "" : " of " + outputs.get(0) : " " + name);
    }
}
