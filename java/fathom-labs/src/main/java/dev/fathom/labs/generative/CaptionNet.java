package dev.fathom.labs.generative;

import dev.fathom.nn.Embedding;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.recurrent.Recurrent;
import dev.fathom.tensor.State;
import dev.fathom.tensor.Tensor;

/**
 * Reads captions: a recurrent net over words, which learns to name the color of every part and both sizes, or that they
 * are not said. Its last state is the text that the drawing nets see, so they are told the same for captions that mean
 * the same.
 *
 * @param out from the last state to the logits of all {@link Answers}
 */
record CaptionNet(Embedding words, Recurrent cell, Linear out) implements Net {
    /** How many numbers stand for a caption. */
    static final int WIDTH = 64;

    CaptionNet(int vocabulary) {
        this(new Embedding(vocabulary, 32).padding(0), Recurrent.gru(32, WIDTH), new Linear(WIDTH, Answers.WIDTH));
    }

    Tensor read(Tensor tokens, Tensor lengths) {
        return cell.run(words.apply(tokens), State.EMPTY, lengths).last();
    }

    /**
     * The logits of several questions side by side: one answer of {@link #CHOICES} for each part, the last of which
     * means that it is not said, and two sizes.
     */
    static final class Answers {
        /** The colors, and that none is said; sizes use the first two and the last. */
        static final int CHOICES = Bird.COLORS.size() + 1;

        static final int QUESTIONS = Bird.PARTS + 2;
        static final int WIDTH = QUESTIONS * CHOICES;

        private Answers() {}

        /** The mean cross-entropy of all questions, with the right answers [n, questions]. */
        static Tensor loss(Tensor logits, Tensor answers) {
            int n = logits.dim(0);
            return Loss.crossEntropy().of(logits.reshape(n * QUESTIONS, CHOICES), answers.reshape(n * QUESTIONS));
        }

        /** The likeliest answers [n, questions]. */
        static int[] best(Tensor logits) {
            return logits.reshape(logits.dim(0) * QUESTIONS, CHOICES).argmax(1).toIntArray();
        }
    }
}
