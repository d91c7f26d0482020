package dev.fathom.experiments.statistics;

import dev.fathom.features.Pca;
import dev.fathom.features.SparseRows;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.WordVectors;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/**
 * Counts how often words occur near each other in texts, and computes word vectors from the counts: the principal
 * components of positive pointwise mutual information (Bullinaria and Levy 2007; Levy, Goldberg and Dagan 2015).
 *
 * <pre>{@code
 * WordVectors vectors = CoOccurrences.vectors(documents, vocabulary, 5, 100, 1, () -> false);
 * float[] table = vectors.table(vocabulary);               // [vocabulary size, 100] for an embedding
 * }</pre>
 */
public final class CoOccurrences {
    /**
     * Levy, Goldberg and Dagan raise the frequencies of context words to this power, so that rare ones do not get too
     * much weight.
     */
    private static final double SMOOTHING = 0.75;

    private static final double TOLERANCE = 2e-3;

    private CoOccurrences() {}

    /**
     * Counts in row i and column j how often token j occurs at most {@code window} places from token i.
     *
     * @param documents of tokens from 0 to {@code vocabulary - 1}
     * @param first tokens below this one are not words: they take a place, but are not counted
     */
    public static SparseRows counts(int[][] documents, int vocabulary, int first, int window) {
        int[] text = text(documents, window);
        int[][] where = places(text, vocabulary, first);
        int[] starts = new int[vocabulary + 1];
        int[] columns = new int[1 << 16];
        float[] values = new float[1 << 16];
        float[] row = new float[vocabulary];
        for (int i = 0; i < vocabulary; i++) {
            for (int at : where[i]) {
                for (int d = -window; d <= window; d++) {
                    if (d != 0 && text[at + d] >= first) {
                        row[text[at + d]]++;
                    }
                }
            }
            int n = starts[i];
            for (int j = 0; j < vocabulary; j++) {
                if (row[j] > 0) {
                    if (n == columns.length) {
                        columns = Arrays.copyOf(columns, n + (n >> 1));
                        values = Arrays.copyOf(values, n + (n >> 1));
                    }
                    columns[n] = j;
                    values[n++] = row[j];
                    row[j] = 0;
                }
            }
            starts[i + 1] = n;
        }
        int n = starts[vocabulary];
        return new SparseRows(vocabulary, starts, Arrays.copyOf(columns, n), Arrays.copyOf(values, n));
    }

    /** Joins all documents, with {@code gap} empty places (-1) between them and at both ends. */
    private static int[] text(int[][] documents, int gap) {
        int length =
                gap + Arrays.stream(documents).mapToInt(d -> d.length + gap).sum();
        int[] text = new int[length];
        Arrays.fill(text, -1);
        int at = gap;
        for (int[] document : documents) {
            System.arraycopy(document, 0, text, at, document.length);
            at += document.length + gap;
        }
        return text;
    }

    /** The positions of each token in ascending order; none for tokens below {@code first}. */
    private static int[][] places(int[] text, int vocabulary, int first) {
        int[] counts = new int[vocabulary];
        for (int token : text) {
            if (token >= first) {
                counts[token]++;
            }
        }
        int[][] places = new int[vocabulary][];
        for (int i = 0; i < vocabulary; i++) {
            places[i] = new int[counts[i]];
        }
        for (int at = text.length - 1; at >= 0; at--) {
            if (text[at] >= first) {
                places[text[at]][--counts[text[at]]] = at;
            }
        }
        return places;
    }

    /**
     * The positive pointwise mutual information max(0, ln(p(i, j) / (p(i) q(j)))) of counts, where q(j) is the
     * frequency of column j to the power 3/4, divided by the sum of these powers.
     */
    public static SparseRows information(SparseRows counts) {
        double[] rows = counts.rowSums();
        double[] columns = counts.transposed().rowSums();
        double smoothed = 0;
        for (int j = 0; j < columns.length; j++) {
            columns[j] = Math.pow(columns[j], SMOOTHING);
            smoothed += columns[j];
        }
        int[] starts = new int[counts.starts().length];
        int[] places = new int[counts.places().length];
        float[] values = new float[places.length];
        int n = 0;
        for (int i = 0; i < rows.length; i++) {
            for (int k = counts.starts()[i]; k < counts.starts()[i + 1]; k++) {
                int j = counts.places()[k];
                double value = Math.log(counts.values()[k] / rows[i] * smoothed / columns[j]);
                if (value > 0) {
                    places[n] = j;
                    values[n++] = (float) value;
                }
            }
            starts[i + 1] = n;
        }
        return new SparseRows(counts.columns(), starts, Arrays.copyOf(places, n), Arrays.copyOf(values, n));
    }

    /**
     * Vectors of the tokens of a vocabulary that are not reserved, scaled so that the mean square of all numbers is 1.
     * Number c is the score of the word's row of {@link #information} on principal component c, divided by the fourth
     * root of the component's variance: Levy, Goldberg and Dagan (2015) advise to give the first components less
     * weight.
     *
     * @param documents of the vocabulary's tokens
     * @param stopped is asked after each round of {@link Pca}; where it says true, the vectors are not final and should
     *     be discarded
     */
    public static WordVectors vectors(
            int[][] documents, Vocabulary vocabulary, int window, int dimensions, long seed, BooleanSupplier stopped) {
        int first = vocabulary.reserved().tokens().size();
        SparseRows x = information(counts(documents, vocabulary.size(), first, window));
        Pca pca = Pca.of(x, dimensions, TOLERANCE, seed, stopped);
        double[] scores = pca.scores(x);
        double squares = 0;
        for (int i = first * dimensions; i < scores.length; i++) {
            scores[i] /= Math.pow(pca.variances()[i % dimensions], 0.25);
            squares += scores[i] * scores[i];
        }
        double scale = Math.sqrt((scores.length - first * dimensions) / squares);
        float[] table = new float[scores.length - first * dimensions];
        for (int i = 0; i < table.length; i++) {
            table[i] = (float) (scale * scores[first * dimensions + i]);
        }
        return WordVectors.of(Vocabulary.ofTokens(vocabulary.tokens().subList(first, vocabulary.size())), table);
    }
}
