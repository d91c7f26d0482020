package dev.fathom.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.io.Npy;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.zip.GZIPInputStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a dataset holds, its parts, and every sentence about data that cannot be one. */
class DatasetTest {
    static Path samples() {
        Path at = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(at.resolve("test-data"))) {
            at = at.getParent();
        }
        return at.resolve("test-data/fashion-mnist");
    }

    static Dataset fashion(String part) {
        byte[] labels = idx(part + "-labels-idx1-ubyte.gz", 8);
        int[] classes = IntStream.range(0, labels.length).map(i -> labels[i]).toArray();
        return Dataset.images(idx(part + "-images-idx3-ubyte.gz", 16), Shape.of(28, 28), classes);
    }

    private static byte[] idx(String file, int header) {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(samples().resolve(file)))) {
            in.skipNBytes(header);
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** n examples of 2x2 bytes, example i holding 4i to 4i + 3, of class i % 3. */
    static Dataset small(int n) {
        byte[] pixels = new byte[4 * n];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) i;
        }
        return Dataset.images(
                pixels, Shape.of(2, 2), IntStream.range(0, n).map(i -> i % 3).toArray());
    }

    private static int[] labels(Dataset d) {
        return IntStream.range(0, d.size()).map(d::label).toArray();
    }

    private static int[] first(Dataset d) {
        return IntStream.range(0, d.size()).map(i -> d.pixels(i)[0] & 0xff).toArray();
    }

    private static void assertRefused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    @Test
    void aDatasetMayKnowOfMoreClassesThanItsLabelsHave() {
        try (Dataset data = Dataset.of(new float[][] {{0}, {1}, {2}}, new int[] {1, 0, 1});
                Dataset four = data.withClasses(4);
                Dataset part = four.take(0, 1);
                Dataset both = Dataset.concat(data, four)) {
            assertThat(data.classes()).isEqualTo(2);
            assertThat(four.classes()).isEqualTo(4);
            assertThat(part.classes()).isEqualTo(4);
            assertThat(both.classes()).isEqualTo(4);
            assertThat(four).hasToString("Dataset [3, 1] of F32, 4 classes");
            assertThatThrownBy(() -> four.withClasses(1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("withClasses: 1 classes, but a label is 1; give at least 2");
        }
        try (Dataset numbers = Dataset.of(new float[][] {{0}}, new float[][] {{1}})) {
            assertThatThrownBy(() -> numbers.withClasses(1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("only labels have classes");
        }
    }

    @Test
    void theSameValuesInAnotherShape() {
        try (Dataset all = small(5);
                Dataset maps = all.take(1, 5).reshaped(2, 2, 1)) {
            assertThat(maps.featureShape()).isEqualTo(Shape.of(2, 2, 1));
            assertThat(labels(maps)).containsExactly(1, 2, 0, 1);
            try (Pass pass = Pass.infer()) {
                assertThat(maps.batches(4).epoch(0).next().x().shape()).isEqualTo(Shape.of(4, 2, 2, 1));
            }
            assertRefused(
                    () -> maps.reshaped(3, 1),
                    "reshaped: [3, 1] has 3 values but [2, 2, 1] has 4; give a shape of as many");
        }
    }

    @Test
    void fashionMnistIsWhole() {
        try (Dataset train = fashion("train");
                Dataset test = fashion("t10k")) {
            assertThat(train).hasToString("Dataset [60000, 28, 28] of U8, 10 classes");
            assertThat(train.size()).isEqualTo(60_000);
            assertThat(train.featureShape()).isEqualTo(Shape.of(28, 28));
            assertThat(train.classes()).isEqualTo(10);
            assertThat(Arrays.copyOf(labels(train), 10)).containsExactly(9, 0, 0, 3, 0, 2, 7, 2, 5, 5);
            assertThat(Arrays.copyOf(labels(test), 10)).containsExactly(9, 2, 1, 1, 6, 1, 4, 6, 5, 7);
            int[] counts = new int[10];
            IntStream.of(labels(train)).forEach(l -> counts[l]++);
            assertThat(counts).containsOnly(6000);
            Arrays.fill(counts, 0);
            IntStream.of(labels(test)).forEach(l -> counts[l]++);
            assertThat(counts).containsOnly(1000);
            long sum = 0;
            for (int i = 0; i < train.size(); i++) {
                for (byte b : train.pixels(i)) {
                    sum += b & 0xff;
                }
            }
            // the mean of Fashion-MNIST as published, 0.2860
            assertThat(sum / (60_000.0 * 784 * 255)).isBetween(0.28595, 0.28605);
        }
    }

    @Test
    void partsShareTheExamples() {
        try (Dataset d = small(10)) {
            assertThat(labels(d)).containsExactly(0, 1, 2, 0, 1, 2, 0, 1, 2, 0);
            assertThat(d.pixels(9)).containsExactly(36, 37, 38, 39);
            Dataset middle = d.take(3, 7);
            assertThat(first(middle)).containsExactly(12, 16, 20, 24);
            assertThat(labels(middle)).containsExactly(0, 1, 2, 0);
            Dataset picked = middle.subset(3, 0, 3);
            assertThat(first(picked)).containsExactly(24, 12, 24);
            assertThat(labels(picked)).containsExactly(0, 0, 0);
            assertThat(picked.classes()).isEqualTo(3);
            assertThat(first(picked.take(1, 3))).containsExactly(12, 24);
            Dataset flat = picked.flattened();
            assertThat(flat.featureShape()).isEqualTo(Shape.of(4));
            assertThat(flat.pixels(1)).containsExactly(12, 13, 14, 15);
        }
    }

    @Test
    void aSplitDealsEveryExampleOnce() {
        try (Dataset d = small(50)) {
            Dataset.Split s = d.split(20, 7);
            assertThat(s.rest().size()).isEqualTo(30);
            assertThat(s.heldOut().size()).isEqualTo(20);
            int[] rest = first(s.rest());
            int[] heldOut = first(s.heldOut());
            assertThat(rest).isSorted();
            assertThat(heldOut).isSorted();
            assertThat(IntStream.concat(IntStream.of(rest), IntStream.of(heldOut))
                            .sorted()
                            .toArray())
                    .containsExactly(IntStream.range(0, 50).map(i -> 4 * i).toArray());
            assertThat(first(d.split(20, 7).heldOut())).containsExactly(heldOut);
            assertThat(first(d.split(20, 8).heldOut())).isNotEqualTo(heldOut);
            assertThat(heldOut)
                    .isNotEqualTo(IntStream.range(0, 20).map(i -> 4 * i).toArray());
        }
    }

    @Test
    void partsThatCannotBeAreSentences() {
        try (Dataset d = small(10);
                Dataset one = d.take(0, 1)) {
            assertRefused(() -> d.split(10, 0), "split: cannot hold 10 of 10 examples out; choose 1 to 9");
            assertRefused(() -> d.split(0, 0), "split: cannot hold 0 of 10 examples out; choose 1 to 9");
            assertRefused(() -> one.split(1, 0), "split: cannot hold 1 of 1 examples out; give more examples");
            assertRefused(() -> d.take(5, 5), "take: 5 to 5 is no part of 10 examples; choose 0 <= from < to <= 10");
            assertRefused(() -> d.take(-1, 5), "take: -1 to 5 is no part of 10 examples; choose 0 <= from < to <= 10");
            assertRefused(() -> d.take(5, 11), "take: 5 to 11 is no part of 10 examples; choose 0 <= from < to <= 10");
            assertRefused(d::subset, "subset: there are no examples; give at least one");
            assertRefused(
                    () -> d.subset(1, 10), "subset: example 10 is outside [0, 10); give the number of one that exists");
            assertRefused(
                    () -> d.label(-1), "label: example -1 is outside [0, 10); give the number of one that exists");
            assertRefused(
                    () -> d.pixels(10), "pixels: example 10 is outside [0, 10); give the number of one that exists");
            assertRefused(() -> d.scaled(Float.NaN, 0), "scaled: scale=NaN shift=0.0; both must be finite");
        }
    }

    @Test
    void dataThatCannotBeIsASentence() {
        Shape pair = Shape.of(2);
        float[] x = {1, 2, 3, 4};
        int[] y = {0, 1};
        assertRefused(
                () -> Dataset.of(new float[0], pair, new int[0]), "field x: there are no examples; give at least one");
        assertRefused(
                () -> Dataset.of(new float[0][], new int[0]), "field x: there are no examples; give at least one");
        assertRefused(
                () -> Dataset.images(new byte[0], pair, new int[0]),
                "field x: there are no examples; give at least one");
        assertRefused(
                () -> Dataset.of(new float[3], pair, y),
                "field x: 3 values are not whole examples of shape [2], which take 2 each; give a multiple of that");
        assertRefused(
                () -> Dataset.images(new byte[5], Shape.of(2, 2), y),
                "field x: 5 values are not whole examples of shape [2, 2], which take 4 each; give a multiple of that");
        assertRefused(
                () -> Dataset.of(x, pair, new int[3]), "of: the field x has 2 examples but y has 3; give equally many");
        assertRefused(
                () -> Dataset.of(x, pair, new float[3], Shape.of(1)),
                "of: the field x has 2 examples but y has 3; give equally many");
        assertRefused(
                () -> Dataset.of(x, pair, new int[] {0, -1}),
                "of: label -1 of example 1 is out of range; number the classes from 0");
        assertRefused(
                () -> Dataset.images(new byte[4], pair, new int[] {-7, 0}),
                "of: label -7 of example 0 is out of range; number the classes from 0");
        assertRefused(
                () -> Dataset.of(new float[] {1, 2, 3, Float.NaN}, pair, y),
                "of: features row 1, column 1 is NaN; replace it, or leave the example out");
        assertRefused(
                () -> Dataset.of(new float[][] {{1, 2}, {Float.NEGATIVE_INFINITY, 3}}, y),
                "of: features row 1, column 0 is -Infinity; replace it, or leave the example out");
        assertRefused(
                () -> Dataset.of(new float[][] {{1}, {2}}, new float[][] {{1}, {Float.NaN}}),
                "of: targets row 1, column 0 is NaN; replace it, or leave the example out");
        assertRefused(
                () -> Dataset.of(new float[][] {{1, 2}, {3}}, y),
                "of: features row 1 has 1 values but row 0 has 2; give all rows the same length");
        assertRefused(
                () -> Dataset.of(x, Shape.of(1, 1, 1, 1, 1, 2), y),
                "field x: an example cannot have the shape [1, 1, 1, 1, 1, 2]; it has at most 5 dimensions, none of them 0,"
                        + " and fewer than 2^31 values");
        assertRefused(
                () -> Dataset.of(x, Shape.of(0), y),
                "field x: an example cannot have the shape [0]; it has at most 5 dimensions, none of them 0, and fewer than"
                        + " 2^31 values");
        try (Dataset d = Dataset.of(x, pair, new float[] {1, 2}, Shape.of(1))) {
            assertThat(d).hasToString("Dataset [2, 2] of F32, targets [1]");
            assertThat(d.classes()).isZero();
            assertRefused(
                    () -> d.label(0), "label: the targets of this dataset are floats [1]; read them from a batch");
            assertRefused(() -> d.pixels(0), "pixels: the features of this dataset are floats; read them from a batch");
            assertRefused(
                    () -> d.scaled(1, 0),
                    "scaled: the features of this dataset are floats; scale them before Dataset.of");
            assertRefused(() -> d.batches(0), "batches: size=0; a batch has at least one example");
            assertRefused(() -> d.batches(3), "batches: size=3 but the dataset has 2 examples; use at most that");
            assertRefused(
                    () -> d.shuffled().batches(3), "batches: size=3 but the dataset has 2 examples; use at most that");
        }
    }

    @Test
    void theFeaturesOfAnExampleMayBeOneNumber() {
        try (Dataset d = Dataset.of(new float[] {1, 2, 3}, Shape.SCALAR, new int[] {0, 1, 0});
                Pass pass = Pass.infer()) {
            assertThat(d).hasToString("Dataset [3] of F32, 2 classes");
            assertThat(d.batches(3).epoch(0).next().x().shape()).isEqualTo(Shape.of(3));
        }
    }

    @Test
    void buffersOfEveryKindAreCopied(@TempDir Path temp) throws IOException {
        FloatBuffer x =
                ByteBuffer.allocateDirect(40).order(ByteOrder.BIG_ENDIAN).asFloatBuffer();
        for (int i = 0; i < 10; i++) {
            x.put(i, i);
        }
        x.position(1).limit(7);
        IntBuffer y = ByteBuffer.allocateDirect(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asIntBuffer()
                .put(new int[] {2, 0, 1})
                .flip();
        try (Dataset d = Dataset.of(x, Shape.of(2), y);
                Pass pass = Pass.infer()) {
            x.put(1, 99);
            y.put(0, 9);
            assertThat(x.position()).isEqualTo(1);
            assertThat(d.classes()).isEqualTo(3);
            Batch b = d.batches(3).epoch(0).next();
            assertThat(b.x().toArray()).containsExactly(1, 2, 3, 4, 5, 6);
            assertThat(b.y().toIntArray()).containsExactly(2, 0, 1);
        }
        try (Dataset d = Dataset.of(x, Shape.of(2), FloatBuffer.wrap(new float[] {1, 2, 3}), Shape.SCALAR);
                Pass pass = Pass.infer()) {
            assertThat(d.batches(3).epoch(0).next().y().shape()).isEqualTo(Shape.of(3));
        }
        Path file = Files.write(temp.resolve("pixels"), new byte[] {1, 2, 3, 4, 5, 6});
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                Dataset d = Dataset.images(
                        channel.map(FileChannel.MapMode.READ_ONLY, 2, 4), Shape.of(2), IntBuffer.wrap(new int[2]))) {
            Files.write(file, new byte[0]);
            assertThat(d.pixels(1)).containsExactly(5, 6);
        }
    }

    @Test
    void aMappedFileThatWasTruncatedDoesNotEndTheProcess(@TempDir Path temp) throws IOException {
        Path file = temp.resolve("pixels");
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 1 << 20);
            channel.truncate(4096);
            assertThatThrownBy(() -> Dataset.images(mapped, Shape.of(1 << 19), IntBuffer.wrap(new int[2])))
                    .isExactlyInstanceOf(InternalError.class);
        }
    }

    @Test
    void npyFilesOfFeaturesAndTargets(@TempDir Path temp) {
        Path x = temp.resolve("x.npy");
        Path y = temp.resolve("y.npy");
        Npy.write(x, Shape.of(2, 1, 3), FloatBuffer.wrap(new float[] {1, 2, 3, 4, 5, 6}));
        Npy.write(y, Shape.of(2), IntBuffer.wrap(new int[] {1, 4}));
        try (Dataset d = Dataset.npy(x, y);
                Pass pass = Pass.infer()) {
            assertThat(d).hasToString("Dataset [2, 1, 3] of F32, 5 classes");
            assertThat(d.batches(2).epoch(0).next().x().toArray()).containsExactly(1, 2, 3, 4, 5, 6);
        }
        try (Dataset d = Dataset.npy(x, x)) {
            assertThat(d).hasToString("Dataset [2, 1, 3] of F32, targets [1, 3]");
        }
        assertRefused(
                () -> Dataset.npy(y, y),
                "npy: features must be bytes or floats of one dimension or more, but " + y
                        + " [2] of I32; save them as float32 or uint8");
        Npy.write(y, Shape.of(2, 1), IntBuffer.wrap(new int[] {1, 4}));
        assertRefused(
                () -> Dataset.npy(x, y),
                "npy: labels must be integers of one dimension and targets floats, but " + y
                        + " [2, 1] of I32; save one label for each example, or the targets as float32");
        Npy.write(y, Shape.of(3), ByteBuffer.wrap(new byte[3]));
        assertRefused(() -> Dataset.npy(x, y), "npy: there are 2 examples but 3 labels; give one for each");
        Npy.write(y, Shape.of(2), IntBuffer.wrap(new int[] {1, -4}));
        assertRefused(() -> Dataset.npy(x, y), "of: label -4 of example 1 is out of range; number the classes from 0");
        Npy.write(y, Shape.of(2), FloatBuffer.wrap(new float[] {1, Float.NaN}));
        assertRefused(
                () -> Dataset.npy(x, y), "of: targets row 1, column 0 is NaN; replace it, or leave the example out");
        Npy.write(x, Shape.of(0, 3), FloatBuffer.allocate(0));
        assertRefused(() -> Dataset.npy(x, y), "npy: there are no examples; give at least one");
    }

    @Test
    void aStratifiedSplitKeepsTheShares() {
        int n = 1000;
        // 700 of class 0, 290 of class 1, none of 2, 10 of class 3
        int[] labels = IntStream.range(0, n)
                .map(i -> i % 100 < 70 ? 0 : i % 100 < 99 ? 1 : 3)
                .toArray();
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = i;
        }
        try (Dataset d = Dataset.of(x, Shape.of(1), labels)) {
            Dataset.Split s = d.stratified(205, 7);
            int[] counts = new int[4];
            IntStream.of(labels(s.heldOut())).forEach(c -> counts[c]++);
            // 143.5, 59.45 and 2.05: the class that loses most is rounded up
            assertThat(counts).containsExactly(144, 59, 0, 2);
            assertThat(s.heldOut().size() + s.rest().size()).isEqualTo(n);
            assertThat(s.heldOut().classes()).isEqualTo(4);
            assertThat(labels(d.stratified(205, 7).heldOut())).containsExactly(labels(s.heldOut()));
            assertThat(labels(d.stratified(205, 8).heldOut())).isNotEqualTo(labels(s.heldOut()));
            assertRefused(() -> d.stratified(1000, 7), "split: cannot hold 1000 of 1000 examples out; choose 1 to 999");
        }
        try (Dataset d = Dataset.of(x, Shape.of(1), x, Shape.of(1))) {
            assertRefused(
                    () -> d.stratified(2, 7),
                    "stratified: the targets of this dataset are floats [1], not classes; use split");
        }
    }

    @Test
    void channelsAreNormalizedByThemselves() {
        int n = 37;
        byte[] pixels = new byte[n * 5 * 7 * 3];
        new java.util.Random(1).nextBytes(pixels);
        for (int i = 0; i < pixels.length; i += 3) {
            pixels[i] = (byte) ((pixels[i] & 0xff) / 4 + 9);
        }
        try (Dataset d = Dataset.images(pixels, Shape.of(5, 7, 3), new int[n]);
                Dataset known = d.normalized(new float[] {0.5f, 0.25f, 0.75f}, new float[] {0.1f, 0.2f, 0.3f});
                Dataset own = d.normalizedBy(d).take(0, n).flattened();
                Pass pass = Pass.infer()) {
            float[] mean = {0.5f, 0.25f, 0.75f};
            float[] std = {0.1f, 0.2f, 0.3f};
            float[] x = known.batches(n).epoch(0).next().x().toArray();
            for (int i = 0; i < x.length; i++) {
                double want = ((pixels[i] & 0xff) / 255.0 - mean[i % 3]) / std[i % 3];
                assertThat((double) x[i]).isBetween(want - 1e-5, want + 1e-5);
            }
            assertThat(known.pixels(x)).isEqualTo(pixels);
            float[] z = own.batches(n).epoch(0).next().x().toArray();
            for (int c = 0; c < 3; c++) {
                double sum = 0;
                double square = 0;
                for (int i = c; i < z.length; i += 3) {
                    sum += z[i];
                    square += (double) z[i] * z[i];
                }
                assertThat(sum / (z.length / 3)).isBetween(-1e-5, 1e-5);
                assertThat(square / (z.length / 3)).isBetween(1 - 1e-5, 1 + 1e-5);
            }
            assertThat(own.pixels(z)).isEqualTo(pixels);
            try (Dataset part = d.take(0, 9)) { // like itself, then like the whole
                float[] itself =
                        part.normalizedBy(part).batches(9).epoch(0).next().x().toArray();
                float[] whole =
                        part.normalizedBy(d).batches(9).epoch(0).next().x().toArray();
                assertThat(whole)
                        .containsExactly(Arrays.copyOf(z, whole.length))
                        .isNotEqualTo(itself);
            }
            assertRefused(
                    () -> d.normalized(new float[2], new float[2]),
                    "normalized: 2 means and 2 deviations for 3 channels; give one each for every channel, or for all");
            assertRefused(
                    () -> d.normalized(new float[1], new float[1]),
                    "normalized: mean=0.0 std=0.0 of channel 0; both must be finite, and the deviation above 0");
            assertRefused(
                    () -> d.normalized(new float[1], new float[] {Float.MIN_VALUE}),
                    "normalized: mean=0.0 std=1.4E-45 of channel 0 make numbers beyond the range of a float; "
                            + "give those of values from 0 to 1");
            assertRefused(
                    () -> d.pixels(new float[3]),
                    "pixels: 3 numbers are not whole examples [5, 7, 3]; give all of a batch's");
        }
        byte[] same = {1, 7, 2, 7, 3, 7};
        try (Dataset half = Dataset.images(same, Shape.of(3, 1, 2), new int[1]);
                Dataset gray = Dataset.images(same, Shape.of(3, 2), new int[1])) {
            assertRefused(
                    () -> half.normalizedBy(half),
                    "normalized: channel 1 is 7 everywhere, which no scale gives a deviation of 1; use scaled");
            assertRefused(
                    () -> half.normalizedBy(gray),
                    "normalized: images of 2 channels like those of 1; give a dataset of images of the same kind");
        }
        try (Dataset floats = Dataset.of(new float[] {1, 2}, Shape.of(1), new int[2])) {
            assertRefused(
                    () -> floats.normalizedBy(floats),
                    "normalized: the features of this dataset are floats; scale them before Dataset.of");
        }
    }
}
