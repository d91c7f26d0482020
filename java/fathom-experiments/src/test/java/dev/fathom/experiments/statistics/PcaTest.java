package dev.fathom.experiments.statistics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import dev.fathom.features.Pca;
import dev.fathom.features.SparseRows;
import dev.fathom.text.Reserved;
import dev.fathom.text.Vocabulary;
import dev.fathom.text.WordVectors;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Principal components against scikit-learn, and co-occurrences against NumPy. */
class PcaTest {
    /** Sums in double precision over numbers that end in single precision. */
    private static final double EXACT = 1e-6;

    private record Case(
            int columns, float[] rows, double[] mean, double[] components, double[] variances, double[] scores) {}

    private record Golden(
            Case sparse,
            Case dense,
            int window,
            int vocabulary,
            int[][] documents,
            double[] counts,
            double[] information) {
        static Golden read() {
            Path file = Path.of(System.getProperty("fathom.root"), "test-data/goldens/pca.json");
            try (Reader in = Files.newBufferedReader(file)) {
                return new Gson().fromJson(in, Golden.class);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static final Golden GOLDEN = Golden.read();

    /** Without the numbers that are 0. */
    private static SparseRows sparse(float[] values, int columns) {
        int[] starts = new int[values.length / columns + 1];
        int[] places = new int[values.length];
        float[] kept = new float[values.length];
        int n = 0;
        for (int i = 0; i < values.length; i++) {
            if (values[i] != 0) {
                places[n] = i % columns;
                kept[n++] = values[i];
            }
            starts[i / columns + 1] = n;
        }
        return new SparseRows(columns, starts, java.util.Arrays.copyOf(places, n), java.util.Arrays.copyOf(kept, n));
    }

    private static double[] dense(SparseRows x) {
        double[] all = new double[x.rows() * x.columns()];
        for (int i = 0; i < x.rows(); i++) {
            for (int k = x.starts()[i]; k < x.starts()[i + 1]; k++) {
                all[i * x.columns() + x.places()[k]] = x.values()[k];
            }
        }
        return all;
    }

    private static void assertSame(Case golden, SparseRows x) {
        Pca pca = Pca.of(x, golden.variances().length, 1e-15, 1);
        assertThat(pca.mean()).containsExactly(golden.mean(), within(EXACT));
        assertThat(pca.variances()).containsExactly(golden.variances(), within(1e-10 * golden.variances()[0]));
        assertThat(pca.components()).containsExactly(golden.components(), within(EXACT));
        assertThat(pca.scores(x)).containsExactly(golden.scores(), within(1e-4));
    }

    @Test
    void componentsAreThoseOfScikitLearn() {
        Case golden = GOLDEN.sparse();
        SparseRows x = sparse(golden.rows(), golden.columns());
        assertThat(x.values()).hasSizeLessThan(golden.rows().length / 2);
        assertThat(dense(x.transposed().transposed())).isEqualTo(dense(x));
        assertSame(golden, x);
        assertSame(golden, SparseRows.dense(golden.rows(), golden.columns()));
        assertSame(GOLDEN.dense(), SparseRows.dense(GOLDEN.dense().rows(), 3)); // as many components as columns
    }

    @Test
    void coOccurrencesAreThoseOfNumPy() {
        SparseRows counts = CoOccurrences.counts(GOLDEN.documents(), GOLDEN.vocabulary(), 1, GOLDEN.window());
        assertThat(dense(counts)).isEqualTo(GOLDEN.counts());
        assertThat(dense(CoOccurrences.information(counts))).containsExactly(GOLDEN.information(), within(EXACT));
    }

    @Test
    void wordsThatStandForEachOtherAreNear() {
        Vocabulary words = Vocabulary.ofTokens(List.of("cat", "dog", "red", "blue", "runs", "shines"))
                .reserved(Reserved.KERAS);
        int[][] documents = new int[60][];
        for (int i = 0; i < documents.length; i++) {
            documents[i] = i % 2 == 0 ? new int[] {1, 4 + i / 2 % 2, 8, 2} : new int[] {1, 6 + i / 2 % 2, 9, 2};
        }
        WordVectors vectors = CoOccurrences.vectors(documents, words, 2, 2, 1, () -> false);
        assertThat(vectors.dimensions()).isEqualTo(2);
        assertThat(vectors.nearest("cat", 1)).containsExactly("dog");
        assertThat(vectors.nearest("blue", 1)).containsExactly("red");
        float[] table = vectors.table(words);
        assertThat(table).hasSize(20).startsWith(0, 0, 0, 0, 0, 0, 0, 0);
        double squares = 0;
        for (float v : table) {
            squares += v * v;
        }
        assertThat(squares / 12).isCloseTo(1, within(1e-5));
    }

    @Test
    void aStoppedIterationEndsAfterItsRound() {
        SparseRows x = SparseRows.dense(GOLDEN.dense().rows(), 3);
        AtomicInteger asked = new AtomicInteger();
        Pca first = Pca.of(x, 1, 0, 1, () -> asked.incrementAndGet() == 2);
        assertThat(asked).hasValue(2);
        assertThat(Math.hypot(Math.hypot(first.components()[0], first.components()[1]), first.components()[2]))
                .isCloseTo(1, within(1e-12));
    }

    @Test
    void badSizesAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pca.of(SparseRows.dense(new float[6], 3), 4, 1e-3, 1))
                .withMessage("pca: 4 components of 2 rows of 3 columns; ask for 1 to 3 of at least two rows");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new SparseRows(2, new int[] {0, 2}, new int[1], new float[2]))
                .withMessageStartingWith(
                        "sparse rows: 1 rows of 2 columns whose last start is 2, with 1 places and 2 values");
    }
}
