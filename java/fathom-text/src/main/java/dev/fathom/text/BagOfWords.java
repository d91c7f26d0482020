package dev.fathom.text;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Turns a document of tokens into a weight for each different token in it, without their order. A row is sparse: it has
 * the numbers of its tokens, ascending, and their weights. Together they are the vector w [vocabulary size] whose other
 * elements are 0:
 *
 * <ul>
 *   <li>{@link #binary}: w[t] = 1 if t is in the document
 *   <li>{@link #counts}: w[t] = how often t is in it
 *   <li>{@link #proportions}: w[t] = how often t is in it / the number of its tokens
 *   <li>{@link #tfIdf}: w[t] = how often t is in it * (ln((1 + n) / (1 + n[t])) + 1), divided by the Euclidean norm of
 *       the row, where n documents were seen in training and n[t] of them have t; this is the default of scikit-learn's
 *       {@code TfidfVectorizer}
 * </ul>
 *
 * <p>With a vocabulary of {@link Ngrams}, these are bags of m-grams.
 */
public final class BagOfWords {
    private enum Kind {
        BINARY,
        COUNTS,
        PROPORTIONS,
        TF_IDF
    }

    private final Kind kind;
    private final int size;
    /** Of each token; null where all are 1. */
    private final double @Nullable [] factors;

    private BagOfWords(Kind kind, int size, double @Nullable [] factors) {
        if (size < 1) {
            throw new IllegalArgumentException(
                    "bag of words: size=" + size + " but the vocabulary must have at least one token");
        }
        this.kind = kind;
        this.size = size;
        this.factors = factors;
    }

    /** Weighs each token that is in a document 1, with a vocabulary of {@code size} tokens. */
    public static BagOfWords binary(int size) {
        return new BagOfWords(Kind.BINARY, size, null);
    }

    /** Weighs each token by how often it is in a document, with a vocabulary of {@code size} tokens. */
    public static BagOfWords counts(int size) {
        return new BagOfWords(Kind.COUNTS, size, null);
    }

    /** Weighs each token by its share of a document, with a vocabulary of {@code size} tokens. */
    public static BagOfWords proportions(int size) {
        return new BagOfWords(Kind.PROPORTIONS, size, null);
    }

    /**
     * Weighs each token by how often it is in a document and how rare it is among the {@code documents} to train on,
     * with a vocabulary of {@code size} tokens.
     *
     * @throws IllegalArgumentException if there are no documents, or a token is outside [0, size)
     */
    public static BagOfWords tfIdf(int size, int[][] documents) {
        if (documents.length == 0) {
            throw new IllegalArgumentException("bag of words: there are no documents to count; give at least one");
        }
        BagOfWords binary = binary(size);
        double[] factors = new double[size];
        for (int[] document : documents) {
            for (int id : binary.row(document).ids) {
                factors[id]++;
            }
        }
        for (int t = 0; t < size; t++) {
            factors[t] = Math.log((1.0 + documents.length) / (1 + factors[t])) + 1;
        }
        return new BagOfWords(Kind.TF_IDF, size, factors);
    }

    /**
     * The weights of a document that are not 0.
     *
     * @param ids the numbers of its tokens, ascending
     * @param weights the weight of each
     */
    public record Row(int[] ids, float[] weights) {}

    /**
     * Returns the row of a document.
     *
     * @throws IllegalArgumentException if a token is outside [0, size)
     */
    public Row row(int[] document) {
        int[] sorted = document.clone();
        Arrays.sort(sorted);
        if (sorted.length > 0 && (sorted[0] < 0 || sorted[sorted.length - 1] >= size)) {
            throw new IllegalArgumentException(
                    "bag of words: the token " + (sorted[0] < 0 ? sorted[0] : sorted[sorted.length - 1])
                            + " is outside [0, " + size + "); give the vocabulary's size");
        }
        int[] ids = new int[sorted.length];
        double[] weights = new double[sorted.length];
        int n = 0;
        for (int id : sorted) {
            if (n == 0 || ids[n - 1] != id) {
                ids[n++] = id;
            }
            weights[n - 1]++;
        }
        double squares = 0;
        for (int i = 0; i < n; i++) {
            weights[i] *= factors == null ? 1 : factors[ids[i]];
            squares += weights[i] * weights[i];
        }
        float[] scaled = new float[n];
        for (int i = 0; i < n; i++) {
            scaled[i] = (float)
                    switch (kind) {
                        case BINARY -> 1;
                        case COUNTS -> weights[i];
                        case PROPORTIONS -> weights[i] / sorted.length;
                        case TF_IDF -> weights[i] / Math.sqrt(squares);
                    };
        }
        return new Row(Arrays.copyOf(ids, n), scaled);
    }

    /**
     * Returns a dataset with the rows of some documents: the ragged fields {@code x}, the numbers of the tokens, and
     * {@code weights}, and the labels {@code y} if there are any. A batch pads both with 0, which adds nothing to a
     * weighted sum.
     *
     * @throws IllegalArgumentException if a token is outside [0, size), or there is another number of labels
     */
    public Dataset dataset(int[][] documents, int... labels) {
        int[][] ids = new int[documents.length][];
        float[][] weights = new float[documents.length][];
        for (int i = 0; i < ids.length; i++) {
            Row row = row(documents[i]);
            ids[i] = row.ids;
            weights[i] = row.weights;
        }
        Field x = Field.ragged("x", ids).input();
        Field w = Field.ragged("weights", weights);
        return labels.length == 0
                ? Dataset.of(x, w)
                : Dataset.of(x, w, Field.labels("y", labels).target());
    }

    /**
     * Returns a batch of {@link #dataset} with whole rows [n, size] as the field {@code x}, in which most elements are
     * 0: {@code data.map(bag::dense)}.
     *
     * @throws IllegalArgumentException if the batch has no field {@code weights}, or would have 2^31 elements or more
     */
    public Batch dense(Batch batch) {
        Tensor ids = batch.x();
        Tensor weights = batch.get("weights");
        long all = (long) batch.size() * size;
        if (ids.dtype() != DType.I32
                || ids.shape().rank() != 2
                || !ids.shape().equals(weights.shape())
                || all > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(
                    "dense: x is " + ids.shape() + " and weights " + weights.shape() + ", for " + size
                            + " tokens; give a batch of BagOfWords.dataset with fewer than 2^31 elements in whole "
                            + "rows");
        }
        int[] places = ids.toIntArray();
        int length = ids.dim(1);
        for (int i = 0; i < places.length; i++) {
            places[i] += i / length * size;
        }
        Tensor rows = weights.reshape(places.length).indexAdd(0, Tensor.ofInts(places, places.length), (int) all);
        return batch.withX(rows.reshape(Shape.of(batch.size(), size)));
    }

    /** Returns the number of tokens of the vocabulary, which is the number of inputs of a layer behind it. */
    public int size() {
        return size;
    }
}
