package dev.fathom.onnx;

import java.io.Serial;

/** What a node refuses, with its name in front. */
final class NodeException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1;

    NodeException(Node node, IllegalArgumentException why) {
        super(node + ": " + why.getMessage(), why);
    }
}
