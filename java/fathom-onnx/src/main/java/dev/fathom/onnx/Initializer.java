package dev.fathom.onnx;

import dev.fathom.io.TensorFile;
import java.util.List;
import java.util.Map;

/**
 * A constant tensor of a file.
 *
 * @param entry where its numbers lie
 * @param strings its elements where they are texts
 * @param external where its numbers lie in another file: location, offset, length; empty where they lie in this one
 */
record Initializer(ElementType type, TensorFile.Entry entry, List<String> strings, Map<String, String> external) {
    /** This constant under another name. */
    Initializer named(String name) {
        TensorFile.Entry e =
                new TensorFile.Entry(name, entry.type(), entry.stored(), entry.dims(), entry.bytes(), entry.source());
        return new Initializer(type, e, strings, external);
    }

    String name() {
        return entry.name();
    }
}
