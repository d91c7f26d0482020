package dev.fathom.retrieval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.io.Safetensors;
import dev.fathom.memory.Memory;
import dev.fathom.op.Shape;
import dev.fathom.retrieval.VectorFile.Metric;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a search finds is what sums of doubles over all vectors find, through floats and through int8. */
class VectorFileTest {
    private static final List<Function<Path, VectorFile>> READERS = List.of(VectorFile::open, VectorFile::load);

    @TempDir
    private Path folder;

    private static float[][] vectors(int n, int d, int seed) {
        Rng rng = new Rng(seed);
        return IntStream.range(0, n).mapToObj(i -> rng.split(i).normal(d, 0, 1)).toArray(float[][]::new);
    }

    private VectorFile file(Metric metric, boolean int8, float[]... rows) {
        Path path = folder.resolve("v.safetensors");
        int n = VectorFile.write(
                path, rows[0].length, metric, int8, to -> Arrays.stream(rows).forEach(to::add));
        assertThat(n).isEqualTo(rows.length);
        return VectorFile.open(path);
    }

    private static double score(Metric metric, float[] q, float[] x) {
        double product = 0;
        double a = 0;
        double b = 0;
        for (int i = 0; i < q.length; i++) {
            product += (double) q[i] * x[i];
            a += (double) q[i] * q[i];
            b += (double) x[i] * x[i];
        }
        return metric == Metric.DOT ? product : a * b == 0 ? 0 : product / Math.sqrt(a * b);
    }

    private static List<Integer> expected(Metric metric, float[] q, float[][] rows, int k) {
        return IntStream.range(0, rows.length)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -score(metric, q, rows[i]))
                        .thenComparing(i -> i))
                .limit(k)
                .toList();
    }

    private static List<Integer> indices(List<Neighbor> found) {
        return found.stream().map(Neighbor::index).toList();
    }

    /** Random vectors have no two scores that are equal up to the rounding of floats. */
    @ParameterizedTest
    @EnumSource(Metric.class)
    void theNearestAreThoseOfSumsOfDoubles(Metric metric) {
        for (int d : new int[] {1, 3, 16, 33, 384}) {
            float[][] rows = vectors(d == 1 ? 20 : 1500, d, d);
            float[][] queries = vectors(37, d, 100 + d);
            for (boolean int8 : new boolean[] {false, true}) {
                try (VectorFile file = file(metric, int8, rows)) {
                    if (d == 1 && metric == Metric.COSINE) {
                        continue; // all cosines are 1 or -1
                    }
                    List<List<Neighbor>> batch = file.nearest(queries, 11);
                    for (int j = 0; j < queries.length; j++) {
                        assertThat(indices(batch.get(j))).isEqualTo(expected(metric, queries[j], rows, 11));
                        for (Neighbor n : batch.get(j)) {
                            double want = score(metric, queries[j], rows[n.index()]);
                            assertThat((double) n.score()).isBetween(want - 1e-4, want + 1e-4);
                        }
                    }
                }
            }
        }
    }

    /** Enough rows for several parts, some of them equal; in a batch, alone, by any number of threads, and by codes. */
    @Test
    void theBitsDoNotDependOnThreadsBatchesOrCodes() {
        float[][] rows = vectors(9000, 256, 1);
        for (int i = 0; i < rows.length; i += 7) {
            rows[i] = rows[i % 70];
        }
        float[][] queries = vectors(5, 256, 2);
        List<List<Neighbor>> first;
        try (VectorFile floats = file(Metric.DOT, false, rows)) {
            first = floats.nearest(queries, 300, 1);
            assertThat(first.get(0))
                    .isSortedAccordingTo(Comparator.comparingDouble((Neighbor n) -> -n.score())
                            .thenComparing(Neighbor::index));
            for (int threads : new int[] {2, 3, 8}) {
                assertThat(floats.nearest(queries, 300, threads)).isEqualTo(first);
            }
            for (int j = 0; j < queries.length; j++) {
                assertThat(floats.nearest(queries[j], 300)).isEqualTo(first.get(j));
            }
        }
        try (VectorFile codes = file(Metric.DOT, true, rows);
                VectorFile loaded = VectorFile.load(folder.resolve("v.safetensors"))) {
            for (int threads : new int[] {1, 2, 5}) {
                assertThat(codes.nearest(queries, 300, threads)).isEqualTo(first);
                assertThat(loaded.nearest(queries, 300, threads)).isEqualTo(first);
            }
        }
        file(Metric.DOT, false, rows).close();
        try (VectorFile loaded = VectorFile.load(folder.resolve("v.safetensors"))) {
            assertThat(loaded.nearest(queries, 300, 3)).isEqualTo(first);
            assertThat(loaded.vector(8999)).isEqualTo(rows[8999]);
        }
    }

    /** What becomes of the file does not matter to it, and it gives its memory back once a search has ended. */
    @Test
    void aLoadedFileLivesOnInMemory() throws Exception {
        float[][] rows = vectors(20_000, 64, 1);
        file(Metric.DOT, true, rows).close();
        Path path = folder.resolve("v.safetensors");
        long before = Memory.stats().owned();
        VectorFile file = VectorFile.load(path);
        assertThat(Memory.stats().owned()).isGreaterThanOrEqualTo(before + Files.size(path));
        Files.delete(path);
        List<Neighbor> want = file.nearest(rows[5], 3);
        assertThat(want.get(0).index()).isEqualTo(5);
        assertThat(file.vector(5)).isEqualTo(rows[5]);
        FutureTask<String> searching = new FutureTask<>(() -> {
            try {
                for (; ; ) {
                    assertThat(file.nearest(rows[5], 3)).isEqualTo(want);
                }
            } catch (IllegalStateException closed) {
                return closed.getMessage();
            }
        });
        new Thread(searching).start();
        Thread.sleep(50);
        file.close();
        assertThat(searching.get()).contains("file of vectors is closed");
        assertThat(Memory.stats().owned()).isEqualTo(before);
        assertThatThrownBy(() -> file.nearest(rows[5], 3))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("file of vectors is closed: it was closed at ");
        assertThatThrownBy(() -> file.vector(5))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is closed");
    }

    /**
     * Too many may be the best, so that all are scored by their floats: equal ones, and numbers as large as floats are.
     */
    @Test
    void codesThatDecideNothingGiveWayToFloats() {
        float[] one = vectors(1, 32, 3)[0];
        float[][] rows = new float[40_000][];
        Arrays.fill(rows, one);
        try (VectorFile file = file(Metric.COSINE, true, rows)) {
            List<Neighbor> found = file.nearest(one, 5);
            assertThat(indices(found)).containsExactly(0, 1, 2, 3, 4);
            assertThat(found).allMatch(n -> n.score() == found.get(0).score());
        }
        float[][] huge = vectors(500, 32, 4);
        for (float[] row : huge) {
            for (int i = 0; i < row.length; i++) {
                row[i] *= 1e36f;
            }
        }
        try (VectorFile floats = file(Metric.DOT, false, huge)) {
            List<Neighbor> want = floats.nearest(huge[7], 9);
            try (VectorFile codes = file(Metric.DOT, true, huge)) {
                assertThat(codes.nearest(huge[7], 9)).isEqualTo(want);
            }
        }
        float[][] tiny = vectors(500, 32, 4);
        for (float[] row : tiny) {
            for (int i = 0; i < row.length; i++) {
                row[i] *= 1e-22f;
            }
        }
        try (VectorFile floats = file(Metric.DOT, false, tiny)) {
            List<Neighbor> want = floats.nearest(tiny[7], 9);
            try (VectorFile codes = file(Metric.DOT, true, tiny)) {
                assertThat(codes.nearest(tiny[7], 9)).isEqualTo(want);
            }
        }
    }

    /** Random files, spread from one cluster to none, hold to the same answers through codes. */
    @Test
    void codesFindTheSameInClusters() {
        for (int seed = 0; seed < 20; seed++) {
            int d = 1 + new Rng(seed).ints(1, 200)[0];
            float spread = (float) Math.pow(10, -seed / 4);
            float[][] rows = vectors(2000, d, seed);
            for (float[] row : rows) {
                for (int i = 0; i < d; i++) {
                    row[i] = rows[0][i] + spread * row[i];
                }
            }
            float[][] queries = {rows[5], vectors(1, d, 77)[0], new float[d]};
            try (VectorFile floats = file(Metric.COSINE, false, rows)) {
                List<List<Neighbor>> want = floats.nearest(queries, 20);
                try (VectorFile codes = file(Metric.COSINE, true, rows)) {
                    assertThat(codes.nearest(queries, 20)).as("seed %d", seed).isEqualTo(want);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void zerosAndSmallFiles(boolean int8) {
        try (VectorFile file = file(Metric.COSINE, int8, new float[] {0, 0}, new float[] {0, 2}, new float[] {-1, 0})) {
            assertThat(file.vector(1)).containsExactly(0, 1);
            assertThat(file.nearest(new float[] {0, 5}, 9))
                    .containsExactly(new Neighbor(1, 1), new Neighbor(0, 0), new Neighbor(2, 0));
            assertThat(indices(file.nearest(new float[2], 2))).containsExactly(0, 1);
            assertThat(file.nearest(new float[0][], 2)).isEmpty();
            assertThat(file)
                    .hasToString(folder.resolve("v.safetensors") + ": 3 vectors of 2, cosine" + (int8 ? ", int8" : ""));
        }
        Path empty = folder.resolve("empty");
        VectorFile.write(empty, 3, Metric.DOT, int8, rows -> {});
        try (VectorFile file = VectorFile.open(empty)) {
            assertThat(file.count()).isZero();
            assertThat(file.dimensions()).isEqualTo(3);
            assertThat(file.int8()).isEqualTo(int8);
            assertThat(file.nearest(new float[3], 4)).isEmpty();
            assertThatThrownBy(() -> file.vector(0)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void whatIsAskedWronglyIsRefused() {
        try (VectorFile file = file(Metric.DOT, false, new float[] {1, 2}, new float[] {3, 4})) {
            assertThatThrownBy(() -> file.nearest(new float[2], 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("nearest: k=0 must be at least 1");
            assertThatThrownBy(() -> file.nearest(new float[3], 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "nearest: query number 0 has 3 numbers but the file's vectors have 2; use the model that"
                                    + " made them");
            assertThatThrownBy(() -> file.nearest(new float[] {1, Float.NaN}, 1))
                    .hasMessage("nearest: query number 0 has NaN at 1; all numbers must be finite");
            file.close();
            assertThatThrownBy(() -> file.nearest(new float[2], 1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("was closed");
        }
        assertThatThrownBy(() -> VectorFile.write(folder.resolve("x"), 0, Metric.DOT, false, rows -> {}))
                .hasMessage("VectorFile: vectors of 0 numbers cannot be written; 1 to 65536 are possible");
    }

    /** A failure leaves the old file, and nothing beside it. */
    @Test
    void aWriterThatFailsLeavesTheOldFile() throws IOException {
        try (VectorFile old = file(Metric.DOT, true, new float[] {1, 2})) {
            assertThat(old.count()).isOne();
        }
        Path path = folder.resolve("v.safetensors");
        byte[] before = Files.readAllBytes(path);
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> VectorFile.write(path, 2, Metric.COSINE, true, rows -> {
                        rows.add(new float[] {1, 1});
                        assertThat(rows.count()).isOne();
                        rows.add(new float[] {1, bad});
                    }))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("add: vector number 1 has " + bad + " at 1; all numbers must be finite");
        }
        assertThatThrownBy(() -> VectorFile.write(path, 2, Metric.DOT, true, rows -> rows.add(new float[3])))
                .hasMessageStartingWith("add: vector number 0 has 3 numbers but the file's vectors have 2");
        assertThat(Files.readAllBytes(path)).isEqualTo(before);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(path);
        }
        Files.createDirectory(folder.resolve("sub"));
        assertThatThrownBy(() -> VectorFile.write(folder.resolve("sub"), 2, Metric.DOT, false, rows -> {}))
                .isInstanceOf(UncheckedIOException.class);
    }

    /** Every length that a damaged file can have, and a header that is another. */
    @Test
    void aDamagedFileIsOneSentence() throws IOException {
        file(Metric.COSINE, true, vectors(3, 4, 1)).close();
        byte[] bytes = Files.readAllBytes(folder.resolve("v.safetensors"));
        Path cut = folder.resolve("cut");
        for (int n = 0; n < bytes.length; n += n < 520 ? 13 : 1) {
            Files.write(cut, Arrays.copyOf(bytes, n));
            for (Function<Path, VectorFile> reader : READERS) {
                assertThatThrownBy(() -> reader.apply(cut))
                        .as("%d bytes", n)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("cut");
            }
        }
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        for (String[] change : new String[][] {
            {"cosine", "euclid"},
            {"\"vectors\"", "\"vektors\""},
            {"I8", "U8"},
            {"[3,4],\"data_offsets\":[0,48]", "[4,3],\"data_offsets\":[0,48]"},
            {"\"shape\":[3,3]", "\"shape\":[9,1]"},
            {"\"bounds\"", "\"bonnds\""}
        }) {
            assertThat(text).contains(change[0]);
            Files.write(cut, text.replace(change[0], change[1]).getBytes(StandardCharsets.ISO_8859_1));
            long before = Memory.stats().owned();
            for (Function<Path, VectorFile> reader : READERS) {
                assertThatThrownBy(() -> reader.apply(cut))
                        .as(change[0])
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("cut");
            }
            assertThat(Memory.stats().owned()).as("%s", change[0]).isLessThanOrEqualTo(before);
        }
    }

    /** It must not end the process, as a read of a page that is gone does. */
    @Test
    void aFileThatBecomesShorterIsAnError() throws IOException {
        try (VectorFile file = file(Metric.DOT, false, vectors(20_000, 64, 1));
                RandomAccessFile cut =
                        new RandomAccessFile(folder.resolve("v.safetensors").toFile(), "rw")) {
            cut.setLength(4096);
            for (int threads : new int[] {1, 4}) {
                assertThatThrownBy(() -> file.nearest(new float[1][64], 1, threads))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageMatching("read: .*v.safetensors became shorter than .*");
            }
        }
    }

    /** Others write and read such a file: here the library's own writer of safetensors, and its reader. */
    @Test
    void itIsSafetensors() {
        Path path = folder.resolve("other");
        new Safetensors.Writer()
                .add("vectors", Shape.of(3, 2), FloatBuffer.wrap(new float[] {1, 0, Float.NaN, 1, 0, 3}))
                .write(path);
        try (VectorFile file = VectorFile.open(path)) {
            assertThat(file.metric()).isEqualTo(Metric.DOT);
            assertThat(file.nearest(new float[] {1, 1}, 5)).containsExactly(new Neighbor(2, 3), new Neighbor(0, 1));
        }
        float[][] rows = vectors(3, 5, 9);
        file(Metric.DOT, true, rows).close();
        try (Safetensors file = Safetensors.read(folder.resolve("v.safetensors"))) {
            assertThat(file.names()).containsExactly("vectors", "bounds", "codes");
            float[] all = new float[15];
            file.copy("vectors", FloatBuffer.wrap(all));
            assertThat(Arrays.copyOfRange(all, 5, 10)).isEqualTo(rows[1]);
        }
    }
}
