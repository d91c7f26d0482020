package dev.fathom.labs.reviews;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.experiments.Lab;
import dev.fathom.nn.Embedding;
import dev.fathom.nn.Init;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Net;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.optim.Group;
import dev.fathom.optim.Schedule;
import dev.fathom.tensor.KeptTensor;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Tensor;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.WordVectors;
import dev.fathom.train.Run;
import dev.fathom.train.Step;
import dev.fathom.train.Trainer;
import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * Skip-gram with negative sampling (Mikolov et al. 2013, Distributed Representations of Words and Phrases): a word's
 * vector v predicts the words near it, whose vectors are u, against {@link #NEGATIVES} words drawn from the noise
 * distribution, which is proportional to the frequencies to the power 3/4. The loss of a pair is -ln s(u'v) minus the
 * sum of ln s(-u'v) over the drawn words, where s is the logistic function.
 *
 * <p>As in the authors' paper, a word of frequency f is kept with probability sqrt(t / f), t = {@link #RARE}. The
 * window of each word has a random reach of 1 to {@link #WINDOW} places. Both are drawn once, before training. Adam
 * trains on batches of pairs, whereas the authors use gradient descent on single pairs.
 *
 * @param words v
 * @param contexts u
 */
record SkipGram(Embedding words, Embedding contexts) implements Net {
    static final int WINDOW = 5;
    static final int NEGATIVES = 5;
    static final double RARE = 1e-4;
    static final int BATCH = 1024;
    private static final double POWER = 0.75;
    /** The size of the table that noise is drawn from: a power of two, so that a float can represent every index. */
    private static final int TABLE = 1 << 20;

    /**
     * The trained vectors.
     *
     * @param pairs the number of pairs of words in each epoch
     */
    record Trained(WordVectors vectors, int pairs, Run history) {}

    /** Pairs of words that occur near each other: {@code words[i]} and {@code contexts[i]}. */
    record Pairs(int[] words, int[] contexts) {
        static Pairs of(int[][] texts, long[] counts, int first, long seed) {
            double total = Arrays.stream(counts, first, counts.length).sum();
            SplittableRandom random = new SplittableRandom(seed);
            int[] words = new int[1 << 16];
            int[] contexts = new int[1 << 16];
            int n = 0;
            for (int[] text : texts) {
                int[] kept = Arrays.stream(text)
                        .filter(t -> t >= first && random.nextDouble() < Math.sqrt(RARE * total / counts[t]))
                        .toArray();
                for (int i = 0; i < kept.length; i++) {
                    int reach = 1 + random.nextInt(WINDOW);
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
    }

    /** A table of {@link #TABLE} tokens, in which each has its share of the noise distribution. */
    static int[] noise(long[] counts, int first) {
        double[] upTo = new double[counts.length];
        for (int t = first; t < counts.length; t++) {
            upTo[t] = Math.pow((double) counts[t], POWER) + (t == 0 ? 0 : upTo[t - 1]);
        }
        int[] table = new int[TABLE];
        int token = first;
        for (int i = 0; i < TABLE; i++) {
            while ((i + 0.5) / TABLE * upTo[counts.length - 1] > upTo[token]) {
                token++;
            }
            table[i] = token;
        }
        return table;
    }

    /**
     * The scores u'v of words [n] and their contexts, [n, 1 + negatives]: the true context first, then the drawn ones.
     */
    Tensor scores(Tensor word, Tensor others) {
        Tensor v = words.apply(word).unsqueeze(1);
        return v.matmulTransposed(contexts.apply(others)).squeeze(1);
    }

    /** Trains vectors. */
    static Trained train(Lab lab, ReviewTokens reviews, int dimensions, int epochs) {
        int first = reviews.first();
        int size = reviews.vocabulary().size();
        long[] counts = reviews.counts();
        Pairs pairs = Pairs.of(reviews.training(), counts, first, lab.seed());
        float half = 0.5f / dimensions;
        SkipGram net = new SkipGram(
                new Embedding(size, dimensions, Init.uniform(-half, half)),
                new Embedding(size, dimensions, Init.zeros()));
        try (Pass pass = Pass.infer();
                KeptTensor table = Tensor.ofInts(noise(counts, first), TABLE).keep();
                Dataset data = Dataset.of(
                        Field.ints("x", Shape.SCALAR, pairs.words()).input(),
                        Field.ints("y", Shape.SCALAR, pairs.contexts()).target());
                Model<SkipGram> model = Model.of(net, lab.seed())) {
            var trainer = Trainer.custom(model, new Adam(0.01f), (m, batch) -> {
                        int n = batch.size();
                        Tensor places = Pass.current()
                                .uniform(Shape.of(n, NEGATIVES), 0, TABLE)
                                .to(DType.I32);
                        Tensor drawn = table.take(0, places);
                        Tensor scores =
                                m.scores(batch.x(), Tensor.concat(1, batch.y().unsqueeze(1), drawn));
                        Tensor targets = Tensor.concat(1, Tensor.ones(n, 1), Tensor.zeros(n, NEGATIVES));
                        return new Step.Result(
                                Loss.bceWithLogits().of(scores, targets).mul(1 + NEGATIVES));
                    })
                    .groups(Group.of("*").lazy())
                    .schedule(Schedule.cosine(epochs));
            Run history = lab.train("skip-gram", "words", trainer, data, Math.min(BATCH, data.size()), epochs);
            float[] rows = model.net().words().weight().value().toArray();
            Vocabulary words = Vocabulary.ofTokens(reviews.vocabulary().tokens().subList(first, size));
            return new Trained(
                    WordVectors.of(words, Arrays.copyOfRange(rows, first * dimensions, rows.length)),
                    pairs.words().length,
                    history);
        }
    }
}
