package dev.fathom.nn;

import java.util.List;
import java.util.Map;

/**
 * What {@link Model#load} found in a file.
 *
 * @param loaded the model's parameters and buffers that were set, in the order of the model
 * @param missing the model's parameters and buffers that the file lacks and that kept their values, which
 *     {@link Names#optional} allowed. Counts of batches and tables that follow from a net's settings are not named
 * @param unused the file's tensors that were left out, which {@link Names} allowed, in the order of the file. What a
 *     training checkpoint holds beside its model is not named
 * @param metadata the texts that the file carries beside its tensors
 */
public record Loaded(List<String> loaded, List<String> missing, List<String> unused, Map<String, String> metadata) {
    /** Keeps copies. */
    public Loaded {
        loaded = List.copyOf(loaded);
        missing = List.copyOf(missing);
        unused = List.copyOf(unused);
        metadata = Map.copyOf(metadata);
    }
}
