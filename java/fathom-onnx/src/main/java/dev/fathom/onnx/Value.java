package dev.fathom.onnx;

import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a file says of an input, an output or a value between them.
 *
 * @param type of its elements
 * @param dims null where the file does not tell how many there are
 */
record Value(String name, ElementType type, @Nullable List<Dimension> dims) {
    /**
     * A dimension that is known, or has a name, or neither.
     *
     * @param size -1 where it is free
     * @param name "" where it has none
     */
    record Dimension(long size, String name) {
        @Override
        public String toString() {
            return size >= 0 ? Long.toString(size) : name.isEmpty() ? "?" : name;
        }
    }

    /** Such as {@code input_ids int64 [batch, length]}. */
    @Override
    public String toString() {
        return name + " " + type + " "
                + (dims == null
                        ? "of any shape"
                        : dims.stream().map(Dimension::toString).collect(Collectors.joining(", ", "[", "]")));
    }
}
