package dev.fathom.attention;

import dev.fathom.tensor.Tensor;
import java.util.List;

/**
 * What one step of generation gives.
 *
 * @param output [batch, added tokens, width]
 * @param caches those of the attentions that were called, which now hold the added tokens, for the next step
 */
public record CachedOutput(Tensor output, List<KeyValue> caches) {
    /** Keeps its own copy of the list. */
    public CachedOutput {
        caches = List.copyOf(caches);
    }
}
