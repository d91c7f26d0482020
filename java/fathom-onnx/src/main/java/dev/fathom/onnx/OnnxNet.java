package dev.fathom.onnx;

import dev.fathom.nn.Layer;
import dev.fathom.parameter.Variable;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;
import dev.fathom.tree.Inline;
import java.util.Map;

/**
 * The graph of an ONNX model as a net, whose parameters have the names of the graph's initializers.
 *
 * @param weights parameters and buffers by their names
 * @param layers recurrent layers by the names of their results
 */
record OnnxNet(
        @Inline Map<String, Variable> weights, @Inline Map<String, Recurrent> layers, Program program)
        implements Layer {
    @Override
    public Tensor forward(Tensor x) {
        return run((Object[]) program.held(x)).values().iterator().next();
    }

    /** Runs the graph, and returns its outputs by their names, in their order. */
    public Map<String, Tensor> run(Object... inputs) {
        return program.results(program.run(weights, layers, inputs));
    }
}
