package dev.fathom.features;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import dev.fathom.features.Neighborhood.Graph;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** t-SNE and UMAP beside scikit-learn's numbers, see test-data/goldens/embeddings.py. */
class PlacementTest {
    private static final Gson GSON = new Gson();
    private static JsonObject golden;

    @BeforeAll
    static void read() throws IOException {
        golden = GSON.fromJson(
                Files.readString(Path.of(System.getProperty("fathom.root"), "test-data/goldens/embeddings.json")),
                JsonObject.class);
    }

    private static <T> T get(String name, Class<T> type) {
        return GSON.fromJson(golden.get(name), type);
    }

    private static double[] flat(float[][] rows) {
        double[] all = new double[rows.length * rows[0].length];
        for (int i = 0; i < all.length; i++) {
            all[i] = rows[i / rows[0].length][i % rows[0].length];
        }
        return all;
    }

    @Test
    void affinitiesDivergenceAndGradientAreScikitLearns() {
        TSne method = new TSne(2, get("perplexity", Double.class), 1, 0);
        Graph p = method.affinities(get("x", float[][].class));
        double[] dense = get("p", double[].class);
        int n = p.starts().length - 1;
        double[] ours = new double[n * n];
        for (int i = 0; i < n; i++) {
            for (int e = p.starts()[i]; e < p.starts()[i + 1]; e++) {
                ours[i * n + p.places()[e]] = p.values()[e];
            }
        }
        assertThat(ours).containsExactly(dense, within(2e-6)); // scikit-learn stops its search for the width at 1e-5
        double[] y = flat(get("y", float[][].class));
        assertThat(method.divergence(p, y)).isCloseTo(get("divergence", Double.class), within(1e-3));
        assertThat(method.gradient(p, y, 1)).containsExactly(get("gradient", double[].class), within(1e-5));
        assertThat(new TSne(2, 5, 1, 0.5).gradient(p, y, 1))
                .containsExactly(get("gradient", double[].class), within(2e-3));
    }

    @Test
    void trustworthinessIsScikitLearns() {
        double[] expected = get("trustworthiness", double[].class);
        int[] k = {1, 5, 12};
        for (int i = 0; i < k.length; i++) {
            assertThat(Placement.trustworthiness(get("x", float[][].class), get("y", float[][].class), k[i]))
                    .isCloseTo(expected[i], within(1e-12));
        }
        float[][] same = get("x", float[][].class);
        assertThat(Placement.trustworthiness(same, same, 5)).isEqualTo(1);
    }

    @Test
    void digitsAreAsNearAsScikitLearnsAre() {
        float[][] x = get("digits", float[][].class);
        TSne method = new TSne(2, get("digitsPerplexity", Double.class), 1000, 0.5);
        float[][] places = method.place(x, 1);
        assertThat(Placement.trustworthiness(x, places, 10))
                .isGreaterThan(get("digitsTrustworthiness", Double.class) - 0.01);
        assertThat(method.divergence(method.affinities(x), flat(places)))
                .isLessThan(1.05 * get("digitsDivergence", Double.class));
        float[][] umap = new Umap(2).place(x, 1);
        assertThat(Placement.trustworthiness(x, umap, 10))
                .isGreaterThan(get("digitsTrustworthiness", Double.class) - 0.03);
        int[] labels = get("labels", int[].class);
        for (float[][] z : new float[][][] {places, umap}) {
            assertThat(neighborOfSameClass(z, labels)).isGreaterThan(0.9);
        }
        assertThat(Placement.trustworthiness(x, new TSne(3).place(x, 1), 10)).isGreaterThan(0.97);
    }

    /** The share of points whose nearest other point has the same label. */
    private static double neighborOfSameClass(float[][] z, int[] labels) {
        int[][] near = Neighborhood.of(z, 1).places();
        int right = 0;
        for (int i = 0; i < z.length; i++) {
            right += labels[near[i][0]] == labels[i] ? 1 : 0;
        }
        return (double) right / z.length;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void resultsDoNotDependOnThreads(int threads) throws Exception {
        float[][] x = Arrays.copyOf(get("digits", float[][].class), 600);
        for (int i = 240; i < x.length; i++) {
            x[i] = new Rng(i).normal(64, 8, 4);
        }
        for (Placement method : new Placement[] {new TSne(2, 10, 30, 0.5), new Umap(2, 10, 0.1, 20)}) {
            float[][] here = method.place(x, 3);
            ForkJoinPool pool = new ForkJoinPool(threads);
            float[][] there = pool.submit(() -> method.place(x, 3)).get();
            pool.shutdown();
            assertThat(there).isDeepEqualTo(here);
            assertThat(method.place(x, 4)).isNotEqualTo(here);
        }
    }

    /** The curve that the authors' program fits for the least distances 0.1 and 0.5. */
    @Test
    void theCurveOfUmapIsThatOfItsAuthors() {
        assertThat(new Umap(2, 15, 0.1, 1).curve()).containsExactly(new double[] {1.576943, 0.895061}, within(2e-4));
        assertThat(new Umap(2, 15, 0.5, 1).curve()).containsExactly(new double[] {0.583030, 1.334167}, within(2e-4));
    }

    @Test
    void aRowIsTiedToItsNearestFully() {
        float[][] line = new float[9][1];
        for (int i = 0; i < line.length; i++) {
            line[i][0] = i * i;
        }
        Graph ties = new Umap(1, 4, 0.1, 1).ties(line);
        assertThat(ties.places()).startsWith(1, 2, 3); // row 0 is tied to the next three
        assertThat(ties.values()[0]).isEqualTo(1); // its nearest
        assertThat(Arrays.stream(ties.values()).allMatch(v -> v >= 0 && v <= 1)).isTrue();
    }

    @Test
    void theTiesOfARowSumToTheLogarithmOfItsNeighbors() {
        float[][] x = get("digits", float[][].class);
        for (int k : new int[] {5, 15, 40}) {
            for (double[] distances : Neighborhood.of(x, k - 1).distances()) {
                assertThat(Arrays.stream(new Umap(2, k, 0.1, 1).ties(distances)).sum())
                        .isCloseTo(Math.log(k) / Math.log(2), within(1e-5));
            }
        }
    }

    /** Rows that are equal lie near each other, but none on another. */
    @Test
    void equalRowsHavePlacesOfTheirOwn() {
        float[][] x = new float[60][3];
        for (int i = 0; i < x.length; i++) {
            x[i][0] = i % 4;
            x[i][1] = i % 5;
        }
        float[][] places = new Umap(2, 8, 0.1, 200).place(x, 1);
        double[][] nearest = Neighborhood.of(places, 1).distances();
        assertThat(Arrays.stream(nearest).mapToDouble(d -> d[0]).min().orElseThrow())
                .isGreaterThan(1e-4);
        assertThat(Placement.trustworthiness(x, places, 5)).isGreaterThan(0.8);
    }

    @Test
    void aStepCanBeTheLastAndEqualRowsArePlaced() {
        float[][] x = new float[100][3];
        for (int i = 50; i < 100; i++) {
            x[i][0] = 1;
        }
        AtomicInteger steps = new AtomicInteger();
        for (Placement method : new Placement[] {new TSne(2, 5, 100, 0.5), new Umap(2, 5, 0.1, 100)}) {
            steps.set(0);
            float[][] places = method.place(x, 1, step -> {
                steps.set(step);
                return step < 7;
            });
            assertThat(steps).hasValue(7);
            assertThat(places).hasDimensions(100, 2);
            assertThat(flat(places)).doesNotContain(Double.NaN);
        }
    }

    @Test
    void wrongNumbersAreNamed() {
        assertThatThrownBy(() -> new TSne(4)).hasMessageStartingWith("t-SNE: width=4 perplexity=30.0");
        assertThatThrownBy(() -> new Umap(0)).hasMessageStartingWith("UMAP: width=0 neighbors=15");
        assertThatThrownBy(() -> new TSne(2).place(new float[20][3], 1))
                .hasMessage("t-SNE: 20 rows of 3 columns; give more than 31 rows of at least 2 columns");
        assertThatThrownBy(() -> new Umap(2).place(new float[][] {{1, Float.NaN}}, 1))
                .hasMessageContaining("row 0, column 1 is NaN");
        assertThatThrownBy(() -> Placement.trustworthiness(new float[10][2], new float[10][2], 5))
                .hasMessageStartingWith("trustworthiness: k=5 of 10 rows");
    }
}
