package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Dataset;
import dev.fathom.jni.Native;
import dev.fathom.nn.Linear;
import dev.fathom.nn.Loss;
import dev.fathom.nn.Model;
import dev.fathom.nn.Sequential;
import dev.fathom.op.Shape;
import dev.fathom.optim.Adam;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Jobs side by side. */
class WorkersTest {
    private static float[] trained(int seed) {
        Sequential net = new Sequential(new Linear(128, 256), Tensor::relu, new Linear(256, 3));
        try (Dataset data = Dataset.of(
                        new Rng(7).normal(128 * 200, 0, 1),
                        Shape.of(128),
                        IntStream.range(0, 200).map(i -> i % 3).toArray());
                Model<Sequential> model = Model.of(net, seed)) {
            Trainer.of(model, Loss.crossEntropy(), new Adam(1e-3f))
                    .fit(data.shuffled(seed).batches(100), 3);
            try (Pass pass = Pass.infer()) {
                return model.parameter("0.weight").value().toArray();
            }
        }
    }

    @Test
    void trainingsSideBySideGiveTheBitsOfOneAlone() {
        float[][] alone = {trained(0), trained(1), trained(2), trained(3)};
        long parts = Native.poolCounter(1);
        List<float[]> together = new Workers(3).run(4, WorkersTest::trained);
        assertThat(Native.poolCounter(1))
                .as("parts run by the pool while workers train")
                .isEqualTo(parts);
        assertThat(together.toArray(float[][]::new)).isDeepEqualTo(alone);
    }

    @Test
    @Timeout(20)
    void jobsRunAtOnceInTheirOrder() {
        CountDownLatch three = new CountDownLatch(3);
        List<Integer> doubled = new Workers(3).run(3, i -> {
            three.countDown();
            try {
                assertThat(three.await(10, TimeUnit.SECONDS)).isTrue(); // all three are here at the same time
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return 2 * i;
        });
        assertThat(doubled).containsExactly(0, 2, 4);
        assertThat(new Workers(2).run(0, i -> i)).isEmpty();
    }

    @Test
    void jobsOfAJobStayOnItsThread() {
        List<List<Thread>> threads = new Workers(2).run(2, i -> new Workers(4).run(5, j -> Thread.currentThread()));
        for (List<Thread> own : threads) {
            assertThat(own).hasSize(5).containsOnly(own.get(0));
        }
    }

    @Test
    void aFailureEndsAllAndIsThatOfTheFirst() {
        AtomicInteger run = new AtomicInteger();
        for (int workers : new int[] {1, 3}) {
            run.set(0);
            assertThatThrownBy(() -> new Workers(workers).run(1000, i -> {
                        run.incrementAndGet();
                        if (i >= 4) {
                            throw new IllegalStateException("job " + i);
                        }
                        return i;
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("job 4");
            assertThat(run.get()).isLessThan(20);
        }
    }

    @Test
    void anInterruptEndsTheWaiting() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> new Workers(1).run(1_000_000, i -> {
                    Thread.onSpinWait();
                    return new float[100].length;
                }))
                .isInstanceOf(CancellationException.class)
                .hasMessageContaining("was interrupted");
        assertThat(Thread.interrupted()).isTrue();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Workers(0))
                .withMessage("workers: count=0 must be from 1 to 256");
    }
}
