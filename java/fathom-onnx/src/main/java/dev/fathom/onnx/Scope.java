package dev.fathom.onnx;

import dev.fathom.parameter.Variable;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The values of a graph while it runs. The graph of an attribute sees those of the graph around it. */
final class Scope {
    private final @Nullable Scope outer;
    private final Map<String, Object> values = new HashMap<>();
    /** Parameters and buffers of the model by their names. */
    final Map<String, Variable> variables;
    /** Recurrent layers of the model by their names. */
    final Map<String, Recurrent> layers;

    /** An input of the model, on which a count of its sizes depends; null where there is none. */
    @Nullable
    Tensor witness;

    Scope(Map<String, Variable> variables, Map<String, Recurrent> layers) {
        this.outer = null;
        this.variables = variables;
        this.layers = layers;
    }

    Scope(Scope outer) {
        this.outer = outer;
        this.variables = outer.variables;
        this.layers = outer.layers;
        this.witness = outer.witness;
    }

    /** The value of this name, or null where an operator did not compute it, and for the empty name. */
    @Nullable
    Object get(String name) {
        for (Scope s = this; s != null; s = s.outer) {
            Object value = s.values.get(name);
            if (value != null) {
                return value;
            }
        }
        return null;
    }

    void put(String name, @Nullable Object value) {
        if (value != null && !name.isEmpty()) {
            values.put(name, value);
        }
    }

    void putAll(Map<String, ?> all) {
        all.forEach(this::put);
    }
}
