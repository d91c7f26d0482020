package dev.fathom.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.memory.Memory;
import dev.fathom.op.DType;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import dev.fathom.testing.HeapBytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Batches hold what Java would have gathered, every example once an epoch, in an order that (seed, epoch) alone
 * decides.
 */
class BatchesTest {
    /** n examples whose features are their number and whose targets are its tenth. */
    private static Dataset numbered(int n) {
        float[] x = new float[n];
        float[] y = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = i;
            y[i] = i / 10f;
        }
        return Dataset.of(x, Shape.of(1), y, Shape.of(1));
    }

    private static int[] order(Batches batches, int epoch) {
        List<Integer> order = new ArrayList<>();
        Batches.Epoch e = batches.epoch(epoch);
        while (e.hasNext()) {
            try (Pass pass = Pass.infer()) {
                Batch b = e.next();
                assertThat(b.size()).isEqualTo(b.y().dim(0));
                float[] y = b.y().toArray();
                float[] x = b.x().toArray();
                for (int i = 0; i < x.length; i++) {
                    assertThat(y[i]).isEqualTo(x[i] / 10f);
                    order.add((int) x[i]);
                }
            }
        }
        return order.stream().mapToInt(i -> i).toArray();
    }

    @Test
    void aBatchKnowsTheNumbersOfItsExamples() {
        int[][] rows =
                IntStream.range(0, 30).mapToObj(i -> new int[1 + i * 7 % 5]).toArray(int[][]::new);
        float[] y = new float[30];
        for (int i = 0; i < 30; i++) {
            Arrays.fill(rows[i], i);
            y[i] = i;
        }
        try (Dataset whole = Dataset.of(
                        Field.ragged("x", rows).input(),
                        Field.floats("y", Shape.SCALAR, y).target());
                Dataset part =
                        whole.subset(IntStream.range(0, 20).map(i -> 29 - i).toArray())) {
            for (Batches batches : List.of(
                    part.batches(6),
                    part.shuffled(3).batches(6),
                    part.withReplacement(3).batches(6),
                    part.shuffled(3).batches(4).bucketed("x", 2),
                    part.batches(4).bucketed("x", 2))) {
                Batches.Epoch other = batches.epoch(1);
                Batches.Epoch epoch = batches.epoch(0);
                while (epoch.hasNext()) {
                    try (Pass pass = Pass.infer()) {
                        Batch gathered = epoch.next();
                        Batch batch = gathered.withY(gathered.y());
                        other.next();
                        for (int i = 0; i < batch.size(); i++) {
                            assertThat(29 - batch.example(i))
                                    .isEqualTo((int) batch.y().toArray()[i]);
                        }
                        assertThatThrownBy(() -> batch.example(batch.size())).hasMessageContaining("is outside [0, ");
                        assertThat(new Batch(batch.x(), batch.y()).example(0)).isEqualTo(-1);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 16, 17, 28, 784, 1000})
    void bytesBecomeFloatsAsInJava(int columns) {
        byte[] pixels = new byte[5 * columns];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i * 37);
        }
        try (Dataset d = Dataset.images(pixels, Shape.of(columns), new int[] {4, 3, 2, 1, 0});
                Dataset centered = d.scaled(0.5f, -64);
                Pass pass = Pass.infer()) {
            for (int from = 0; from < 5; from += 2) {
                Batch b = d.batches(2).epoch(0).batch(from / 2);
                float[] x = b.x().toArray();
                float[] c = centered.batches(2).epoch(3).batch(from / 2).x().toArray();
                int rows = Math.min(2, 5 - from);
                assertThat(b.x().shape()).isEqualTo(Shape.of(rows, columns));
                assertThat(b.y().dtype()).isEqualTo(DType.I32);
                assertThat(b.y().shape()).isEqualTo(Shape.of(rows));
                for (int i = 0; i < rows * columns; i++) {
                    int pixel = pixels[from * columns + i] & 0xff;
                    assertThat(x[i]).isEqualTo(pixel * (1f / 255));
                    assertThat(c[i]).isEqualTo(pixel * 0.5f - 64);
                }
                for (int i = 0; i < rows; i++) {
                    assertThat(b.y().toIntArray()[i]).isEqualTo(4 - from - i);
                }
            }
        }
    }

    @Test
    void realImagesAndTheirLabelsStayTogether() {
        try (Dataset test = DatasetTest.fashion("t10k");
                Dataset flat = test.flattened()) {
            Batches batches = flat.shuffled(5).batches(128);
            int[] counts = new int[10];
            Set<Integer> seen = new HashSet<>();
            Batches.Epoch epoch = batches.epoch(2);
            while (epoch.hasNext()) {
                try (Pass pass = Pass.infer()) {
                    Batch b = epoch.next();
                    assertThat(b.x().shape()).isEqualTo(Shape.of(b.size(), 784));
                    float[] x = b.x().toArray();
                    int[] y = b.y().toIntArray();
                    for (int i = 0; i < y.length; i++) {
                        counts[y[i]]++;
                        seen.add(Arrays.hashCode(Arrays.copyOfRange(x, 784 * i, 784 * i + 784)) * 31 + y[i]);
                    }
                }
            }
            assertThat(counts).containsOnly(1000);
            Set<Integer> expected = new HashSet<>();
            for (int i = 0; i < 10_000; i++) {
                byte[] pixels = test.pixels(i);
                float[] x = new float[784];
                for (int j = 0; j < 784; j++) {
                    x[j] = (pixels[j] & 0xff) * (1f / 255);
                }
                expected.add(Arrays.hashCode(x) * 31 + test.label(i));
            }
            assertThat(seen).isEqualTo(expected);
        }
    }

    @Test
    void inOrderWithAShortLastBatch() {
        try (Dataset d = numbered(10)) {
            Batches b = d.batches(4);
            assertThat(b.steps()).isEqualTo(3);
            assertThat(b.size()).isEqualTo(4);
            assertThat(b.examples()).isEqualTo(10);
            assertThat(b.data()).isSameAs(d);
            assertThat(order(b, 0)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
            assertThat(order(b, 1)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
            try (Pass pass = Pass.infer()) {
                assertThat(b.epoch(0).batch(2).x().shape()).isEqualTo(Shape.of(2, 1));
            }
            Batches dropping = b.dropLast();
            assertThat(dropping.steps()).isEqualTo(2);
            assertThat(dropping.examples()).isEqualTo(8);
            assertThat(order(dropping, 0)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
            assertThat(d.batches(5).dropLast().steps()).isEqualTo(2);
            assertThat(d.batches(10).steps()).isEqualTo(1);
            assertThat(order(d.batches(1), 0)).hasSize(10);
        }
    }

    @Test
    void everyEpochIsANewOrderThatItsNumberDecides() {
        try (Dataset d = numbered(1000)) {
            Batches b = d.shuffled(42).batches(64);
            int[] first = order(b, 0);
            int[] second = order(b, 1);
            int[] sorted = IntStream.range(0, 1000).toArray();
            assertThat(first).isNotEqualTo(sorted);
            assertThat(second).isNotEqualTo(first);
            assertThat(Arrays.stream(first).sorted().toArray()).containsExactly(sorted);
            assertThat(Arrays.stream(second).sorted().toArray()).containsExactly(sorted);
            assertThat(order(b, 0)).containsExactly(first);
            assertThat(order(d.shuffled(42).batches(1000), 1)).containsExactly(second);
            assertThat(order(d.shuffled(43).batches(64), 0)).isNotEqualTo(first);
            assertThat(order(d.shuffled().batches(64), 0))
                    .containsExactly(order(d.shuffled(0).batches(64), 0));
            assertThat(order(b.dropLast(), 0)).containsExactly(Arrays.copyOf(first, 960));
        }
    }

    @Test
    void drawsComeWithReplacement() {
        int n = 20_000;
        try (Dataset d = numbered(n)) {
            Batches b = d.withReplacement(42).batches(64);
            int[] first = order(b, 0);
            assertThat(first).hasSize(n);
            int[] times = new int[n];
            Arrays.stream(first).forEach(i -> times[i]++);
            // the counts of a bootstrap are Poisson(1): e^-1, e^-1, e^-1 / 2
            assertThat(Arrays.stream(times).filter(t -> t == 0).count() / (double) n)
                    .isBetween(0.358, 0.378);
            assertThat(Arrays.stream(times).filter(t -> t == 1).count() / (double) n)
                    .isBetween(0.358, 0.378);
            assertThat(Arrays.stream(times).filter(t -> t == 2).count() / (double) n)
                    .isBetween(0.174, 0.194);
            // no part of the rows is likelier than another
            for (int tenth = 0; tenth < 10; tenth++) {
                int from = tenth * n / 10;
                assertThat(Arrays.stream(first)
                                .filter(i -> i >= from && i < from + n / 10)
                                .count())
                        .isBetween(1830L, 2170L);
            }
            assertThat(order(b, 1)).isNotEqualTo(first);
            assertThat(order(b, 0)).containsExactly(first);
            assertThat(order(d.withReplacement(43).batches(64), 0)).isNotEqualTo(first);
            assertThat(order(d.take(5, 6).withReplacement(1).batches(1), 0)).containsExactly(5);
        }
    }

    @Test
    void theLastBatchIsKeptDroppedOrTakenSlowly() {
        try (Dataset d = numbered(10);
                Pass pass = Pass.infer()) {
            Batches kept = d.batches(4);
            assertThat(kept.rateFactor(kept.epoch(0).batch(2))).isEqualTo(1);
            Batches scaled = d.shuffled(1).batches(4).scaleLast();
            assertThat(scaled.steps()).isEqualTo(3);
            assertThat(scaled.examples()).isEqualTo(10);
            Batches.Epoch epoch = scaled.epoch(0);
            assertThat(scaled.rateFactor(epoch.batch(0))).isEqualTo(1);
            assertThat(scaled.rateFactor(epoch.batch(2))).isEqualTo(0.5f);
            assertThat(scaled.rateFactor(1)).isEqualTo(0.25f);
            assertThat(scaled.dropLast().steps()).isEqualTo(2);
            assertThat(scaled.size(1)).isEqualTo(4);
            assertThat(scaled.size(2)).isEqualTo(epoch.batch(2).size());
            assertThatThrownBy(() -> scaled.dropLast().size(2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Batches.size: there is no step 2; an epoch has 2 batches, counted from 0");
        }
    }

    @Test
    void rowsOfABatchAreThoseOfTheWholeOne() {
        try (Dataset d = numbered(10);
                Pass pass = Pass.infer()) {
            Batches.Epoch epoch = d.shuffled(1).batches(4).epoch(2);
            for (int step = 0; step < 3; step++) {
                Batch whole = epoch.batch(step);
                Batch part = epoch.batch(step, 1, 2);
                assertThat(part.size()).isEqualTo(1);
                assertThat(part.example(0)).isEqualTo(whole.example(1));
                assertThat(part.x().toArray())
                        .isEqualTo(whole.x().slice(0, 1, 2).toArray());
                assertThat(part.isFirst()).isFalse();
            }
            assertThatThrownBy(() -> epoch.batch(2, 1, 3))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("batch: there are no rows [1, 3) in step 2; an epoch has 3 batches of 4 examples, the"
                            + " last of which may have fewer");
        }
    }

    @Test
    void partsAreShuffledAmongThemselves() {
        try (Dataset d = numbered(1000)) {
            Dataset.Split parts = d.split(300, 1);
            int[] rest = order(parts.rest().batches(100), 0);
            int[] heldOut = order(parts.heldOut().batches(128), 0);
            assertThat(IntStream.concat(IntStream.of(rest), IntStream.of(heldOut))
                            .sorted()
                            .toArray())
                    .containsExactly(IntStream.range(0, 1000).toArray());
            int[] shuffled = order(parts.rest().shuffled(9).batches(100), 4);
            assertThat(shuffled).isNotEqualTo(rest);
            assertThat(Arrays.stream(shuffled).sorted().toArray()).containsExactly(rest);
            assertThat(order(parts.rest().subset(5, 5, 7).batches(3), 0)).containsExactly(rest[5], rest[5], rest[7]);
        }
    }

    @Test
    void targetsKeepTheirShape() {
        try (Dataset d = Dataset.of(
                        new float[] {1, 2, 3, 4, 5, 6},
                        Shape.of(1, 3),
                        new float[] {1, 2, 3, 4, 5, 6, 7, 8},
                        Shape.of(2, 2));
                Pass pass = Pass.infer()) {
            Batch b = d.batches(2).epoch(0).next();
            assertThat(b.x().shape()).isEqualTo(Shape.of(2, 1, 3));
            assertThat(b.y().shape()).isEqualTo(Shape.of(2, 2, 2));
            assertThat(b.y().dtype()).isEqualTo(DType.F32);
            assertThat(b.y().toArray()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
        }
    }

    @Test
    void wrongUseIsASentence() {
        try (Dataset d = numbered(10)) {
            Batches b = d.shuffled(1).batches(4);
            assertThatThrownBy(() -> b.epoch(-1))
                    .isExactlyInstanceOf(IllegalArgumentException.class)
                    .hasMessage("epoch: number -1 does not exist; they count from 0");
            Batches.Epoch old = b.epoch(0);
            assertThatThrownBy(old::next)
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessage("no Pass is open on thread "
                            + Thread.currentThread().getName() + "; wrap the call in try (var pass = Pass.infer())");
            try (Pass pass = Pass.infer()) {
                assertThatThrownBy(() -> old.batch(3))
                        .isExactlyInstanceOf(IllegalArgumentException.class)
                        .hasMessage("batch: step 3 is outside [0, 3); an epoch has 3 batches");
                old.next();
                old.next();
                old.next();
                assertThat(old.hasNext()).isFalse();
                assertThatThrownBy(old::next)
                        .isExactlyInstanceOf(NoSuchElementException.class)
                        .hasMessage("the epoch has 3 batches; ask for the next epoch");
            }
        }
    }

    /** Each epoch has a cursor and an order of its own, whichever was begun last. */
    @Test
    void anEpochGoesOnAfterAnotherWasBegun() {
        try (Dataset d = numbered(10);
                Pass pass = Pass.infer()) {
            for (Batches b : List.of(
                    d.batches(4),
                    d.shuffled(1).batches(4),
                    d.withReplacement(1).batches(4).dropLast())) {
                for (int other : new int[] {0, 1}) {
                    List<float[]> expected = rest(b.epoch(0));
                    List<float[]> ofOther = rest(b.epoch(other));
                    Batches.Epoch epoch = b.epoch(0);
                    List<float[]> seen =
                            new ArrayList<>(List.of(epoch.next().x().toArray()));
                    assertThat(rest(b.epoch(other))).usingRecursiveComparison().isEqualTo(ofOther);
                    seen.addAll(rest(epoch));
                    assertThat(seen).usingRecursiveComparison().isEqualTo(expected);
                }
            }
            assertThat(pass.liveBytes()).isPositive();
        }
    }

    /** Batches are a description: threads share them, and each has the numbers that it has alone. */
    @Test
    void threadsShareBatches() {
        try (Dataset d = Dataset.of(new Rng(1).normal(600, 0, 1), Shape.of(3), new int[200])) {
            Batches batches = d.shuffled(1).batches(16).augment(data -> (b, seed, first) -> {
                Rng rng = new Rng(seed).split(first);
                return b.withX(b.x().add(Tensor.of(rng.normal(3 * b.size(), 0, 1), b.size(), 3)));
            });
            List<List<float[]>> alone = IntStream.range(0, 4)
                    .mapToObj(epoch -> epoch(batches, epoch))
                    .toList();
            for (int round = 0; round < 20; round++) {
                assertThat(IntStream.range(0, 4)
                                .parallel()
                                .mapToObj(epoch -> epoch(batches, epoch))
                                .toList())
                        .usingRecursiveComparison()
                        .isEqualTo(alone);
            }
        }
    }

    private static List<float[]> epoch(Batches batches, int number) {
        try (Pass pass = Pass.infer()) {
            return rest(batches.epoch(number));
        }
    }

    private static List<float[]> rest(Batches.Epoch epoch) {
        List<float[]> all = new ArrayList<>();
        while (epoch.hasNext()) {
            all.add(epoch.next().x().toArray());
        }
        return all;
    }

    /** Two tensors, the record, the pass: a few hundred bytes, whatever the size of the batch. */
    @Test
    void aStepAllocatesNoMoreThanItsTensors() {
        try (Dataset d = DatasetTest.small(60)) {
            long most = Memory.fenced() ? 2048 : 512; // each fence is an object, too
            assertThat(HeapBytes.ofFirstStep(d.shuffled().batches(32))).isBetween(1L, most);
        }
    }
}
