package dev.fathom.labs.reviews;

import dev.fathom.attention.SinusoidalPositions;
import dev.fathom.attention.TransformerEncoder;
import dev.fathom.attention.TransformerEncoderLayer;
import dev.fathom.experiments.data.Reviews;
import dev.fathom.nets.SparseLinear;
import dev.fathom.nn.Conv;
import dev.fathom.nn.Dropout;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Net;
import dev.fathom.op.Activation;
import dev.fathom.op.DType;
import dev.fathom.op.Window;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.AttentionMask;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;

/** Networks that classify a review as positive or negative. */
final class ReviewNets {
    /** The size of a word vector, and the number of units of a hidden layer. */
    static final int WIDTH = 32;
    /** How many words of a review a network reads in order; they are the last ones. */
    static final int LAST = 500;

    private static final int FILTERS = 64;
    private static final int KERNEL = 5;

    private ReviewNets() {}

    /** A network from the codes of words to one logit. */
    interface ReviewNet extends Net {
        /**
         * Returns logits [n, 1], which are above 0 for a positive review.
         *
         * @param words I32 [n, length]
         * @param lengths I32 [n], how many words of each row are not padding
         */
        Tensor logits(Tensor words, Tensor lengths);
    }

    /**
     * The textbook's network on the bag of words: two hidden layers of 16 units, 160,353 parameters. Every word of a
     * row counts as 1.
     */
    record BagOfWordsNet(SparseLinear first, Linear second, Linear out) implements ReviewNet {
        BagOfWordsNet() {
            this(new SparseLinear(Reviews.CODES, 16), new Linear(16, 16).act(Activation.RELU), new Linear(16, 1));
        }

        @Override
        public Tensor logits(Tensor words, Tensor lengths) {
            return out.apply(second.apply(first.apply(words, lengths, null).relu()));
        }
    }

    /** A linear layer on the mean of the word vectors, which is fastText (Joulin et al. 2016). */
    record MeanOfVectors(Embedding words, Linear out) implements ReviewNet {
        MeanOfVectors(Embedding words) {
            this(words, new Linear(WIDTH, 1));
        }

        @Override
        public Tensor logits(Tensor tokens, Tensor lengths) {
            int n = tokens.dim(0);
            Tensor shares = lengths.to(DType.F32).reciprocal().reshape(n, 1).expand(n, tokens.dim(1));
            return out.apply(tokens.embeddingBag(words.weight(), null, lengths, shares, null));
        }
    }

    /** Convolutions over five words, and the maximum of each filter over the review (Kim 2014). */
    record Convolution(Embedding words, Conv conv, Dropout dropout, Linear out) implements ReviewNet {
        Convolution() {
            this(
                    embedding(),
                    new Conv(WIDTH, FILTERS, Window.line(KERNEL).same()).act(Activation.RELU),
                    new Dropout(0.5f),
                    new Linear(FILTERS, 1));
        }

        @Override
        public Tensor logits(Tensor tokens, Tensor lengths) {
            Tensor seen = conv.apply(words.apply(tokens)).mul(mask(tokens, lengths));
            return out.apply(dropout.apply(seen.max(1)));
        }
    }

    /**
     * A linear layer on the last state of a recurrent network.
     *
     * @param padded whether padding is read like a word, as in the textbook; if not, it is masked
     */
    record RecurrentClassifier(Embedding words, Recurrent net, Linear out, boolean padded) implements ReviewNet {
        /** Masks padding. */
        RecurrentClassifier(Embedding words, Recurrent net) {
            this(words, net, new Linear(WIDTH * net.settings().directions(), 1), false);
        }

        /** A copy that reads the padding in front. */
        RecurrentClassifier paddedInFront() {
            return new RecurrentClassifier(words, net, out, true);
        }

        @Override
        public Tensor logits(Tensor tokens, Tensor lengths) {
            return out.apply(net.run(words.apply(tokens), State.EMPTY, padded ? null : lengths)
                    .last());
        }
    }

    /** A linear layer on the mean output of one Transformer layer over all words. */
    record TransformerClassifier(Embedding words, SinusoidalPositions positions, TransformerEncoder encoder, Linear out)
            implements ReviewNet {
        TransformerClassifier() {
            this(
                    embedding(),
                    new SinusoidalPositions(LAST, WIDTH),
                    TransformerEncoder.of(
                            1,
                            () -> new TransformerEncoderLayer(WIDTH, 2, 2 * WIDTH, Activation.RELU).dropout(0.1f),
                            null),
                    new Linear(WIDTH, 1));
        }

        @Override
        public Tensor logits(Tensor tokens, Tensor lengths) {
            Tensor read = encoder.apply(positions.apply(words.apply(tokens)), AttentionMask.NONE.withLengths(lengths));
            Tensor sum = read.mul(mask(tokens, lengths)).sum(1);
            return out.apply(sum.div(lengths.to(DType.F32).reshape(tokens.dim(0), 1)));
        }
    }

    /** 1 for words and 0 for padding, [n, length, 1]. */
    private static Tensor mask(Tensor tokens, Tensor lengths) {
        int n = tokens.dim(0);
        return Tensor.arange(tokens.dim(1)).lt(lengths.reshape(n, 1)).reshape(n, tokens.dim(1), 1);
    }

    /** Word vectors that start small and random; that of padding is 0. */
    static Embedding embedding() {
        return new Embedding(Reviews.CODES, WIDTH, Init.uniform(-0.05f, 0.05f)).padding(0);
    }
}
