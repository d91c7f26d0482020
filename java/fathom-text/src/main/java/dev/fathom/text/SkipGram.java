package dev.fathom.text;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Net;
import dev.fathom.op.Checks;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.train.Step;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Skip-gram with negative sampling (Mikolov et al. 2013, Distributed Representations of Words and Phrases): a word's
 * vector v predicts the words near it, whose vectors are u, against k words drawn from a noise distribution. The loss
 * of a pair is
 *
 * <pre>
 * -ln s(u'v) - sum over the drawn words of ln s(-u'v),   s(z) = 1 / (1 + exp(-z))
 * </pre>
 *
 * <p>The authors use gradient descent on single pairs; batches of pairs are faster, and Adam suits them:
 *
 * <pre>{@code
 * SkipGram.Pairs pairs = SkipGram.Pairs.of(texts, counts, first, 5, 1e-4, seed);
 * try (Pass pass = Pass.infer();
 *         KeptTensor noise = Tensor.ofInts(SkipGram.noise(counts, first), SkipGram.NOISE).keep();
 *         Dataset data = pairs.dataset();
 *         Model<SkipGram> model = Model.of(SkipGram.of(vocabulary.size(), 100), seed)) {
 *     Trainer.custom(model, new Adam(0.01f), (net, batch) -> net.step(batch, noise, 5))
 *             .groups(Group.of("*").lazy())
 *             .fit(data.shuffled(seed).batches(1024), 4);
 *     WordVectors vectors = model.net().vectors(vocabulary);
 * }
 * }</pre>
 *
 * @param words v
 * @param contexts u
 */
public record SkipGram(Embedding words, Embedding contexts) implements Net {
    /** The length of a table of noise: a power of two, so that a float can represent every index. */
    public static final int NOISE = 1 << 20;

    private static final double POWER = 0.75;

    /**
     * Makes vectors v that are uniform within half of 1 / dimensions around 0, and vectors u that are 0, as the
     * authors' program does.
     *
     * @throws IllegalArgumentException if a size is below 1
     */
    public static SkipGram of(int tokens, int dimensions) {
        Checks.atLeast("SkipGram", "tokens", tokens, 1);
        Checks.atLeast("SkipGram", "dimensions", dimensions, 1);
        float half = 0.5f / dimensions;
        return new SkipGram(
                new Embedding(tokens, dimensions, Init.uniform(-half, half)),
                new Embedding(tokens, dimensions, Init.zeros()));
    }

    /** Pairs of words that occur near each other: {@code words[i]} and {@code contexts[i]}. */
    public record Pairs(int[] words, int[] contexts) {
        /**
         * Checks them.
         *
         * @throws IllegalArgumentException if there are not as many contexts as words
         */
        public Pairs {
            if (words.length != contexts.length) {
                throw new IllegalArgumentException("SkipGram: there are " + words.length + " words, but "
                        + contexts.length + " contexts; give each word the one near it");
            }
        }

        /**
         * Draws pairs from texts. A word of frequency f is kept with probability sqrt(rare / f), and then paired with
         * its neighbors within a random reach of 1 to {@code window} places.
         *
         * @param counts how often each token occurs
         * @param first the first token that is a word; those before it are left out
         * @throws IllegalArgumentException if {@code first} is no token, the window is below 1, {@code rare} is not
         *     above 0, or a text has a token that has no count
         */
        public static Pairs of(int[][] texts, long[] counts, int first, int window, double rare, long seed) {
            check(counts, first);
            Checks.atLeast("SkipGram", "window", window, 1);
            Checks.above0("SkipGram", "rare", rare);
            double total = Arrays.stream(counts, first, counts.length).sum();
            SplittableRandom random = new SplittableRandom(seed);
            int[] words = new int[1 << 16];
            int[] contexts = new int[1 << 16];
            int n = 0;
            for (int[] text : texts) {
                for (int token : text) {
                    if (token < 0 || token >= counts.length) {
                        throw new IllegalArgumentException("SkipGram: a text has the token " + token
                                + ", but there are counts of " + counts.length + " tokens; give a count of each");
                    }
                }
                int[] kept = Arrays.stream(text)
                        .filter(t -> t >= first && random.nextDouble() < Math.sqrt(rare * total / counts[t]))
                        .toArray();
                for (int i = 0; i < kept.length; i++) {
                    int reach = 1 + random.nextInt(window);
                    for (int j = Math.max(0, i - reach); j <= Math.min(kept.length - 1, i + reach); j++) {
                        if (j != i) {
                            if (n == words.length) {
                                words = Arrays.copyOf(words, n + (n >> 1));
                                contexts = Arrays.copyOf(contexts, n + (n >> 1));
                            }
                            words[n] = kept[i];
                            contexts[n++] = kept[j];
                        }
                    }
                }
            }
            return new Pairs(Arrays.copyOf(words, n), Arrays.copyOf(contexts, n));
        }

        /** The words as the field {@code x} and the contexts as the field {@code y}. */
        public Dataset dataset() {
            return Dataset.of(
                    Field.ints("x", Shape.SCALAR, words).input(),
                    Field.ints("y", Shape.SCALAR, contexts).target());
        }
    }

    private static void check(long[] counts, int first) {
        if (first < 0 || first >= counts.length) {
            throw new IllegalArgumentException("SkipGram: the first word is token " + first + ", but there are counts"
                    + " of " + counts.length + " tokens; give one of them");
        }
    }

    /**
     * Returns a table of {@link #NOISE} tokens, in which each has a share that is proportional to its count to the
     * power 3/4: the noise distribution.
     *
     * @param first the first token that is a word; those before it have no share
     * @throws IllegalArgumentException if {@code first} is no token, or no word occurs
     */
    public static int[] noise(long[] counts, int first) {
        check(counts, first);
        double[] upTo = new double[counts.length];
        for (int t = first; t < counts.length; t++) {
            upTo[t] = Math.pow((double) counts[t], POWER) + (t == 0 ? 0 : upTo[t - 1]);
        }
        if (!(upTo[counts.length - 1] > 0)) {
            throw new IllegalArgumentException("SkipGram: no word has a count above 0; count those of the texts");
        }
        int[] table = new int[NOISE];
        int token = first;
        for (int i = 0; i < NOISE; i++) {
            while ((i + 0.5) / NOISE * upTo[counts.length - 1] > upTo[token]) {
                token++;
            }
            table[i] = token;
        }
        return table;
    }

    /**
     * The scores u'v [n, 1 + k] of words, I32 [n], and their contexts, I32 [n, 1 + k]: the true context first, then the
     * drawn ones.
     */
    public Tensor scores(Tensor word, Tensor others) {
        Tensor v = words.apply(word).unsqueeze(1);
        return v.matmulTransposed(contexts.apply(others)).squeeze(1);
    }

    /**
     * The mean loss of a batch of pairs.
     *
     * @param batch of {@link Pairs#dataset}
     * @param noise the table of {@link #noise}
     * @param negatives k, how many words are drawn for each pair
     * @throws IllegalArgumentException if {@code negatives} is below 1
     */
    public Step.Result step(Batch batch, Tensor noise, int negatives) {
        Checks.atLeast("SkipGram", "negatives", negatives, 1);
        int n = batch.size();
        Tensor places =
                Pass.current().uniform(Shape.of(n, negatives), 0, noise.dim(0)).to(DType.I32);
        Tensor drawn = noise.take(0, places);
        Tensor scores = scores(batch.x(), Tensor.concat(1, batch.y().unsqueeze(1), drawn));
        Tensor targets = Tensor.concat(1, Tensor.ones(n, 1), Tensor.zeros(n, negatives));
        return new Step.Result(Loss.bceWithLogits().of(scores, targets).mul(1 + negatives));
    }

    /**
     * The vectors v of the words of a vocabulary, without those of its reserved tokens.
     *
     * @throws IllegalArgumentException if it has another number of tokens than this
     */
    public WordVectors vectors(Vocabulary vocabulary) {
        float[] rows = words.weight().value().toArray();
        int tokens = words.weight().shape().dim(0);
        if (vocabulary.size() != tokens) {
            throw new IllegalArgumentException("SkipGram: the vocabulary has " + vocabulary.size()
                    + " tokens, but there are vectors of " + tokens + "; give the one of the texts");
        }
        int first = vocabulary.reserved().tokens().size();
        return WordVectors.of(
                Vocabulary.ofTokens(vocabulary.tokens().subList(first, tokens)),
                Arrays.copyOfRange(rows, first * (rows.length / tokens), rows.length));
    }
}
