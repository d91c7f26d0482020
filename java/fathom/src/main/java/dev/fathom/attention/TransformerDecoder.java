package dev.fathom.attention;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Net;
import dev.fathom.op.Where;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * y = norm(layer n (... layer 1 (x, memory), memory)), each layer with the same masks, as PyTorch's
 * {@code TransformerDecoder}.
 *
 * @param layers in the order of their calls
 * @param norm what follows the last, or null for nothing
 */
public record TransformerDecoder(
        List<TransformerDecoderLayer> layers, @Nullable Layer norm) implements Net {
    /** Keeps its own copy of the list. */
    public TransformerDecoder {
        layers = List.copyOf(layers);
    }

    /** Makes a stack of {@code count} layers, each made anew. */
    public static TransformerDecoder of(int count, Supplier<TransformerDecoderLayer> layer, @Nullable Layer norm) {
        List<TransformerDecoderLayer> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(layer.get());
        }
        return new TransformerDecoder(all, norm);
    }

    /** Computes the stack; see {@link TransformerDecoderLayer#apply}. */
    public Tensor apply(Tensor x, Tensor memory, AttentionMask mask, AttentionMask memoryMask) {
        return Pass.frame(this, () -> {
            Tensor y = x;
            for (TransformerDecoderLayer layer : layers) {
                y = layer.apply(y, memory, mask, memoryMask);
            }
            return norm == null ? y : norm.apply(y);
        });
    }

    /** Returns the keys and values of a memory, one for each layer, for {@link #step}. */
    public List<KeyValue> memory(Tensor memory) {
        return Pass.frame(
                this,
                () -> layers.stream().map(l -> l.multiheadAttn().memory(memory)).toList());
    }

    /** Returns empty caches for {@link #step}, one for each layer, of the current pass. */
    public List<KeyValue> caches(int batch, int capacity) {
        return layers.stream().map(l -> l.selfAttn().cache(batch, capacity)).toList();
    }

    /**
     * Computes the stack, with a causal mask, on more tokens x [batch, added, width], which stand behind past[b] others
     * that the caches hold.
     *
     * @param caches one for each layer: those of {@link #caches}, or what the step before returned
     * @param past I32 [batch]
     * @param memory what {@link #memory} made once
     * @throws IllegalArgumentException if there are not as many caches and memories as layers, or a cache is full
     */
    public CachedOutput step(
            Tensor x, List<KeyValue> caches, Tensor past, List<KeyValue> memory, AttentionMask memoryMask) {
        if (caches.size() != layers.size() || memory.size() != layers.size()) {
            throw new IllegalArgumentException("TransformerDecoder" + Where.running() + ": there are " + caches.size()
                    + " caches and " + memory.size() + " memories for " + layers.size() + " layers; give one for each");
        }
        return Pass.frame(this, () -> {
            List<KeyValue> now = new ArrayList<>();
            Tensor y = x;
            for (int i = 0; i < layers.size(); i++) {
                CachedOutput step = layers.get(i).step(y, caches.get(i), past, memory.get(i), memoryMask);
                y = step.output();
                now.addAll(step.caches());
            }
            return new CachedOutput(norm == null ? y : norm.apply(y), now);
        });
    }
}
