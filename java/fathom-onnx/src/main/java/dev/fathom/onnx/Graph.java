package dev.fathom.onnx;

import java.util.List;
import java.util.Map;

/**
 * Operations, in an order in which they can be computed, and the names of what goes in and comes out.
 *
 * @param initializers constants, by their names; one that is an input, too, is what that input is unless it is given
 */
record Graph(List<Node> nodes, Map<String, Initializer> initializers, List<Value> inputs, List<Value> outputs) {}
