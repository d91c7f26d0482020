package dev.fathom.pretrained;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.tensor.Tensor;
import java.util.List;

/**
 * A vector for each token, whatever stands beside it, as model2vec distills them from a larger encoder (Tulkens and van
 * Dongen 2024): their mean is the vector of a text. A text may have any number of tokens.
 *
 * @param words [vocabulary, width]
 */
public record StaticVectors(Embedding words) implements TextEncoder {
    /** Makes vectors for so many tokens. */
    public StaticVectors(int vocabulary, int width) {
        this(new Embedding(vocabulary, width, Init.normal(0, 0.02f)));
    }

    /** The name of the table in a file. */
    static Layout layout(String table) {
        return new Layout(List.of(), List.of(Layout.Row.of("words.weight", table)));
    }

    @Override
    public Tensor encode(TextBatch texts) {
        return words.apply(texts.ids());
    }

    @Override
    public int width() {
        return words.weight().shape().dim(1);
    }

    @Override
    public int vocabulary() {
        return words.weight().shape().dim(0);
    }

    @Override
    public int context() {
        return 1 << 20;
    }
}
