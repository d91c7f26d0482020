package dev.fathom.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Batches;
import dev.fathom.data.Dataset;
import dev.fathom.memory.Memory;
import dev.fathom.op.Shape;
import dev.fathom.tensor.Pass;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How datasets over one memory end, from a user's package, so that the messages name a user's line. */
@Tag("any-instruction-set")
class DatasetLifeTest {
    private static Dataset make() {
        return Dataset.images(new byte[] {1, 2, 3, 4, 5, 6}, Shape.of(1, 2), new int[] {0, 1, 2});
    }

    private static void close(Dataset d) {
        d.close();
    }

    @Test
    void aClosedDatasetSaysWhereItWasClosed() {
        Dataset d = make();
        Batches batches = d.batches(2);
        Batches.Epoch epoch = batches.epoch(0);
        close(d);
        String where = "dataset is closed: it was closed at DatasetLifeTest\\.close\\(DatasetLifeTest\\.java:\\d+\\); "
                + "use it before the close";
        assertThatThrownBy(() -> d.label(0))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessageMatching(where);
        assertThatThrownBy(() -> d.pixels(0))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessageMatching(where);
        assertThatThrownBy(() -> d.take(0, 1))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessageMatching(where);
        assertThatThrownBy(d::flattened)
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessageMatching(where);
        assertThatThrownBy(() -> batches.epoch(1))
                .isExactlyInstanceOf(IllegalStateException.class)
                .hasMessageMatching(where);
        try (Pass pass = Pass.infer()) {
            assertThatThrownBy(epoch::next)
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessageMatching(where);
        }
        d.close(); // once more does nothing
        assertThat(d.size()).isEqualTo(3);
    }

    @Test
    void aPartKeepsTheMemoryAndTheLastOneGivesItBack() {
        int bytes = 32 << 20;
        Dataset d = Dataset.images(new byte[bytes], Shape.of(bytes / 4), new int[] {0, 1, 2, 3});
        Dataset part = d.subset(2, 0);
        d.close();
        assertThat(part.pixels(0)).hasSize(bytes / 4);
        assertThat(part.label(1)).isZero();
        Dataset partOfPart = part.take(0, 1);
        part.close();
        try (Pass pass = Pass.infer()) {
            assertThat(partOfPart.batches(1).epoch(0).next().y().toIntArray()).containsExactly(2);
        }
        long held = Memory.stats().owned();
        partOfPart.close();
        assertThat(Memory.stats().owned()).isLessThanOrEqualTo(held - bytes);
    }

    @Test
    void aDroppedPartIsNotReportedAndADroppedDatasetIs() throws InterruptedException {
        long before = Memory.stats().forgotten();
        try (Dataset d = make()) {
            assertThat(d.flattened().shuffled().batches(3).epoch(0).hasNext()).isTrue();
        }
        for (int i = 0; i < 20; i++) {
            System.gc();
            Thread.sleep(5);
        }
        assertThat(Memory.stats().forgotten()).isEqualTo(before);
        make();
        for (int i = 0; i < 200 && Memory.stats().forgotten() == before; i++) {
            System.gc();
            Thread.sleep(5);
        }
        assertThat(Memory.stats().forgotten()).isEqualTo(before + 1);
    }

    @Test
    void aCloseWaitsForNoOneAndPullsNothingAway() throws InterruptedException {
        for (int round = 0; round < 50; round++) {
            Dataset d = make();
            CountDownLatch reading = new CountDownLatch(1);
            AtomicReference<Throwable> end = new AtomicReference<>();
            Thread reader = new Thread(() -> {
                try (Pass pass = Pass.infer()) {
                    Batches batches = d.shuffled().batches(3);
                    for (int epoch = 0; ; epoch++) {
                        batches.epoch(epoch).next();
                        reading.countDown();
                    }
                } catch (Throwable e) {
                    end.set(e);
                }
            });
            reader.start();
            if (round % 2 == 0) {
                assertThat(reading.await(10, TimeUnit.SECONDS)).isTrue();
            }
            d.close();
            reader.join(10_000);
            assertThat(reader.isAlive()).isFalse();
            assertThat(end.get())
                    .isExactlyInstanceOf(IllegalStateException.class)
                    .hasMessageStartingWith("dataset is closed");
        }
    }
}
