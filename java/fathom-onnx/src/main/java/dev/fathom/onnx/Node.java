package dev.fathom.onnx;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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
    /** The value of an attribute, or null where it is not given. */
    @Nullable
    Object value(String attribute) {
        Attribute a = attributes.get(attribute);
        return a == null ? null : a.value();
    }

    /** This node with the values of its tensors instead of the places where they lie in the file. */
    Node held() throws IOException {
        Map<String, Attribute> all = new LinkedHashMap<>();
        for (Attribute a : attributes.values()) {
            all.put(a.name(), a.value() instanceof Initializer i ? new Attribute(a.name(), Array.read(i)) : a);
        }
        return new Node(name, op, domain, inputs, outputs, all);
    }

    /** Tells which node it is, for a message. */
    @Override
    public String toString() {
        String called = domain.isEmpty() ? op : domain + "." + op;
        return called + (name.isEmpty() ? outputs.isEmpty() ? "" : " of " + outputs.get(0) : " " + name);
    }
}
