package dev.fathom.attention;

import dev.fathom.nn.Layer;
import dev.fathom.nn.Net;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Next;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
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
        return new TransformerDecoder(Stream.generate(layer).limit(count).toList(), norm);
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

    /**
     * Returns the state for {@link #step} behind which there are no tokens, in the current pass: for each layer the
     * caches {@code layers.i.keys} and {@code layers.i.values}, which have room for {@code capacity} tokens, and the
     * keys and values of the memory, {@code layers.i.memory.keys} and {@code layers.i.memory.values}, which stay as
     * they are; and {@code past}, I32 [batch], which counts the tokens in the caches.
     *
     * @param memory [batch, keys, width]
     */
    public State state(Tensor memory, int capacity) {
        return Pass.frame(
                this, () -> Caches.empty(layers.size(), i -> layers.get(i).cache(memory, capacity), memory.dim(0)));
    }

    /**
     * Computes the stack, with a causal mask, on more tokens x [batch, added, width], which stand behind those of a
     * state; see {@link MultiHeadAttention#step}.
     *
     * @param state that of {@link #state}, or what the step before returned
     * @param memoryMask what the tokens see of the memory
     * @throws IllegalArgumentException if the state is that of another stack, or a cache is full
     */
    public Next step(Tensor x, State state, AttentionMask memoryMask) {
        return Caches.counted(
                x,
                state,
                past -> Pass.frame(this, () -> {
                    Next top = Caches.through(
                            layers.size(), x, state, (i, y, s) -> layers.get(i).step(y, s, past, memoryMask));
                    return norm == null ? top : new Next(norm.apply(top.output()), top.state());
                }));
    }
}
