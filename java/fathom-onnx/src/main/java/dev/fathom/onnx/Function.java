package dev.fathom.onnx;

import java.util.List;
import java.util.Map;

/**
 * An operator that a file defines by others. Its nodes may have attributes whose value is a {@link Reference}.
 *
 * @param defaults attributes that its callers need not give
 */
record Function(
        String domain,
        String name,
        List<String> inputs,
        List<String> outputs,
        Map<String, Attribute> defaults,
        List<Node> nodes,
        Map<String, Long> opsets) {
    /** The value of an attribute that is taken from the function's caller. */
    record Reference(String attribute) {}
}
