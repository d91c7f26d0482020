package dev.fathom.onnx;

import dev.fathom.io.TensorFile;
import java.util.List;

/**
 * A constant tensor of a file.
 *
 * @param entry where its numbers lie
 * @param strings its elements where they are texts
 */
record Initializer(ElementType type, TensorFile.Entry entry, List<String> strings) {
    /** This constant under another name. */
    Initializer named(String name) {
        TensorFile.Entry e =
                new TensorFile.Entry(name, entry.type(), entry.stored(), entry.dims(), entry.bytes(), entry.source());
        return new Initializer(type, e, strings);
    }

    /** How many elements it has. */
    long size() {
        return TensorFile.Entry.elements(entry.dims());
    }

    String name() {
        return entry.name();
    }
}
