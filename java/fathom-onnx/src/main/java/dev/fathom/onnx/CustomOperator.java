package dev.fathom.onnx;

import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An operator that the library does not have, or computes otherwise: {@code OnnxModel.read(file,
 * Map.of("com.example.Scale", (attributes, in) -> List.of(in.get(0).mul((Float) attributes.get("factor")))))}. It
 * computes in the current pass by methods of {@link Tensor}, so that it is trained and frozen as the rest of the graph
 * is.
 */
@FunctionalInterface
public interface CustomOperator {
    /**
     * Computes the outputs of a node, in their order.
     *
     * @param attributes by their names: {@code Float}, {@code Long}, {@code String}, {@code float[]}, {@code long[]} or
     *     a list of texts
     * @param inputs with their dimensions in the order of the graph; one that is left out is null. Whole numbers are
     *     I32, and booleans 0 and 1 of F32
     */
    List<Tensor> compute(Map<String, Object> attributes, List<@Nullable Tensor> inputs);
}
