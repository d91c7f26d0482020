package dev.fathom.attention;

import dev.fathom.autograd.Frames;
import dev.fathom.nn.Layer;
import dev.fathom.nn.SequenceLayer;
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
 * y = norm(layer n (... layer 1 (x))), each layer with the same mask, as PyTorch's {@code TransformerEncoder}. With
 * {@link AttentionMask#CAUSAL} it is the stack of a GPT, and {@link #step} generates with it.
 *
 * @param layers in the order of their calls
 * @param norm what follows the last, or null for nothing; layers with norms in front need one
 */
public record TransformerEncoder(
        List<TransformerEncoderLayer> layers, @Nullable Layer norm) implements SequenceLayer {
    /** Keeps its own copy of the list. */
    public TransformerEncoder {
        layers = List.copyOf(layers);
    }

    /** Makes a stack of {@code count} layers, each made anew. */
    public static TransformerEncoder of(int count, Supplier<TransformerEncoderLayer> layer, @Nullable Layer norm) {
        return new TransformerEncoder(Stream.generate(layer).limit(count).toList(), norm);
    }

    @Override
    public Tensor forward(Tensor x, @Nullable Tensor lengths) {
        return run(x, AttentionMask.ofLengths(lengths));
    }

    /** Computes the stack on x [batch, tokens, width], of which a token sees what the mask says. */
    public Tensor apply(Tensor x, AttentionMask mask) {
        return Pass.frame(this, () -> run(x, mask));
    }

    private Tensor run(Tensor x, AttentionMask mask) {
        Frames frames = Frames.current();
        Tensor y = x;
        for (int i = 0; i < layers.size(); i++) {
            y = layers.get(i).apply(y, mask);
            frames.releaseAllBut(y, i);
        }
        return norm == null ? y : SequenceLayer.apply(norm, y, mask.lengths());
    }

    /**
     * Returns the state for {@link #step} behind which there are no tokens, in the current pass: the caches
     * {@code layers.i.keys} and {@code layers.i.values} of each layer, which have room for {@code capacity} tokens, and
     * {@code past}, I32 [batch], which counts those in them.
     */
    public State state(int batch, int capacity) {
        return Caches.empty(layers.size(), i -> layers.get(i).selfAttn().cache(batch, capacity), batch);
    }

    /**
     * Computes the stack, with a causal mask, on more tokens x [batch, added, width], which stand behind those of a
     * state. It gives the bits of the same tokens in the whole sequence; see {@link MultiHeadAttention#step}.
     *
     * @param state that of {@link #state}, or what the step before returned
     * @throws IllegalArgumentException if the state is that of another stack, or a cache is full
     */
    public Next step(Tensor x, State state) {
        return Caches.counted(
                x,
                state,
                past -> Pass.frame(this, () -> {
                    Next top = Caches.through(
                            layers.size(), x, state, (i, y, s) -> layers.get(i).step(y, s, past));
                    return norm == null ? top : new Next(norm.apply(top.output()), top.state());
                }));
    }
}
