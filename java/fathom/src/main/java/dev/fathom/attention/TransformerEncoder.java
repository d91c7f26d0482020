package dev.fathom.attention;

import dev.fathom.autograd.Frames;
import dev.fathom.nn.Layer;
import dev.fathom.nn.SequenceLayer;
import dev.fathom.op.Where;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
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
        List<TransformerEncoderLayer> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(layer.get());
        }
        return new TransformerEncoder(all, norm);
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

    /** Returns empty caches for {@link #step}, one for each layer, of the current pass. */
    public List<KeyValue> caches(int batch, int capacity) {
        return layers.stream().map(l -> l.selfAttn().cache(batch, capacity)).toList();
    }

    /**
     * Computes the stack, with a causal mask, on more tokens x [batch, added, width], which stand behind past[b] others
     * that the caches hold. It gives the bits of the same tokens in the whole sequence.
     *
     * @param caches one for each layer: those of {@link #caches}, or what the step before returned
     * @param past I32 [batch]
     * @throws IllegalArgumentException if there are not as many caches as layers, or a cache is full
     */
    public CachedOutput step(Tensor x, List<KeyValue> caches, Tensor past) {
        if (caches.size() != layers.size()) {
            throw new IllegalArgumentException("TransformerEncoder" + Where.running() + ": there are " + caches.size()
                    + " caches for " + layers.size() + " layers; give one for each");
        }
        return Pass.frame(this, () -> {
            List<KeyValue> now = new ArrayList<>();
            Tensor y = x;
            for (int i = 0; i < layers.size(); i++) {
                CachedOutput step = layers.get(i).step(y, caches.get(i), past);
                y = step.output();
                now.addAll(step.caches());
            }
            return new CachedOutput(norm == null ? y : norm.apply(y), now);
        });
    }
}
