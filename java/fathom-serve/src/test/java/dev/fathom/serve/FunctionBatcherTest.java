package dev.fathom.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.serve.MicroBatcher.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A function that is called once for what many threads ask. */
@Timeout(60)
class FunctionBatcherTest {
    private final List<Integer> sizes = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch release = new CountDownLatch(1);

    private List<Integer> doubled(List<Integer> all) {
        sizes.add(all.size());
        if (all.contains(-1)) {
            throw new IllegalArgumentException("a number is -1; give another");
        }
        return all.stream().map(x -> 2 * x).toList();
    }

    /** Waits for the test to let it go on. */
    private List<Integer> held(List<Integer> all) {
        try {
            release.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return doubled(all);
    }

    @Test
    void together() throws Exception {
        Settings settings = Settings.of(4).delay(Duration.ofSeconds(30));
        try (var batcher = new FunctionBatcher<Integer, Integer>(this::doubled, settings)) {
            List<CompletableFuture<Integer>> all = IntStream.range(0, 4)
                    .mapToObj(i -> CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    return batcher.apply(i);
                                } catch (InterruptedException e) {
                                    throw new IllegalStateException(e);
                                }
                            },
                            task -> new Thread(task).start()))
                    .toList();
            for (int i = 0; i < 4; i++) {
                assertThat(all.get(i).get()).isEqualTo(2 * i);
            }
            assertThat(sizes).containsExactly(4);
            assertThat(batcher.statistics().requests()).isEqualTo(4);
            assertThat(batcher.statistics().batches()).isEqualTo(1);
        }
    }

    /** More examples than the queue holds, in their order, in parts of two groups at most. */
    @Test
    void many() throws Exception {
        List<Integer> numbers = IntStream.range(0, 1000).boxed().toList();
        try (var batcher = new FunctionBatcher<Integer, Integer>(
                this::doubled, Settings.of(8).capacity(20))) {
            for (Duration time : new Duration[] {Duration.ofSeconds(30), Duration.ZERO}) {
                assertThat(batcher.apply(numbers, time))
                        .containsExactlyElementsOf(
                                numbers.stream().map(x -> 2 * x).toList());
            }
            assertThat(batcher.apply(List.of(), Duration.ofSeconds(1))).isEmpty();
            assertThat(batcher.statistics().rejected()).isZero();
        }
        assertThat(sizes).allMatch(n -> n <= 8);
    }

    @Test
    void aRefusedExampleFailsAlone() throws Exception {
        Settings settings = Settings.of(3).delay(Duration.ofMillis(50));
        try (var batcher = new FunctionBatcher<Integer, Integer>(this::doubled, settings)) {
            CompletableFuture<Boolean> refused = CompletableFuture.supplyAsync(() -> {
                assertThatThrownBy(() -> batcher.apply(-1))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("a number is -1; give another");
                return true;
            });
            assertThat(batcher.apply(List.of(1, 2), Duration.ofSeconds(30))).containsExactly(2, 4);
            assertThat(refused.get()).isTrue();
            assertThat(batcher.statistics().failed()).isEqualTo(1);
        }
    }

    /** What has not begun in time is not computed, and what waits behind it is canceled. */
    @Test
    void aDeadlineAndAFullQueue() throws Exception {
        try (var batcher =
                new FunctionBatcher<Integer, Integer>(this::held, Settings.of(1).capacity(4))) {
            CompletableFuture<List<Integer>> first = CompletableFuture.supplyAsync(() -> {
                try {
                    return batcher.apply(List.of(1), Duration.ofSeconds(30));
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            Nets.until(() -> batcher.statistics().batches() == 1);
            assertThatThrownBy(() -> batcher.apply(List.of(2, 3, 4), Duration.ofMillis(20)))
                    .isInstanceOf(DeadlineException.class);
            release.countDown();
            assertThat(first.get()).containsExactly(2);
            Nets.until(() -> batcher.statistics().waiting() == 0);
            assertThat(batcher.statistics().requests()).isEqualTo(1);
            assertThat(batcher.apply(5)).isEqualTo(10);
        }
        CountDownLatch never = new CountDownLatch(1);
        try (var batcher = new FunctionBatcher<Integer, Integer>(
                all -> {
                    try {
                        never.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return all;
                },
                Settings.of(1).capacity(1))) {
            for (int i = 0; i < 2; i++) { // one runs, and one waits
                int number = i;
                new Thread(() -> assertThat(applied(batcher, number)).isEqualTo(number)).start();
                Nets.until(() ->
                        batcher.statistics().batches() + batcher.statistics().waiting() > number);
            }
            assertThatThrownBy(() -> batcher.apply(List.of(3), Duration.ofSeconds(30)))
                    .isInstanceOf(RejectedExecutionException.class)
                    .hasMessageContaining("1 requests wait already");
            never.countDown();
        }
    }

    private static int applied(FunctionBatcher<Integer, Integer> batcher, int number) {
        try {
            return batcher.apply(number);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void mistakes() throws Exception {
        for (Settings bad : new Settings[] {
            Settings.of(1).tokens(3), Settings.of(1).lengths(4), Settings.of(1).threads(1)
        }) {
            assertThatThrownBy(() -> new FunctionBatcher<Integer, Integer>(this::doubled, bad))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("of which a function knows nothing");
        }
        var batcher = new FunctionBatcher<Integer, Integer>(all -> List.of(), Settings.of(1));
        assertThatThrownBy(() -> batcher.apply(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("gave 0 results for 1 examples");
        batcher.close();
        batcher.close();
        assertThatThrownBy(() -> batcher.apply(1)).hasMessageContaining("closed");
    }
}
