package dev.fathom.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes on beside the thread that trains has ended when that goes on, however either of them ends. */
@Timeout(60)
class BesideTest {
    private final CountDownLatch stop = new CountDownLatch(1);
    private final AtomicBoolean ended = new AtomicBoolean();

    private int untilStopped() {
        try {
            stop.await();
            ended.set(true);
            throw new IllegalStateException("stopped");
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** As a step in Scala or Kotlin may. */
    @SuppressWarnings("unchecked")
    private static <E extends Throwable> void throwAnything(Throwable e) throws E {
        throw (E) e;
    }

    @Test
    void bothEndWell() {
        AtomicBoolean here = new AtomicBoolean();
        try (Beside beside = new Beside("beside")) {
            assertThat(beside.run(() -> here.set(true), () -> 7, stop::countDown))
                    .isEqualTo(7);
        }
        assertThat(here).isTrue();
        assertThat(stop.getCount()).isEqualTo(1);
    }

    @Test
    void aFailureHereEndsTheOtherFirst() {
        try (Beside beside = new Beside("beside")) {
            assertThatThrownBy(() -> beside.run(
                            () -> BesideTest.<RuntimeException>throwAnything(new IOException("here")),
                            this::untilStopped,
                            stop::countDown))
                    .isInstanceOf(IOException.class)
                    .hasMessage("here");
        }
        assertThat(ended).isTrue();
    }

    @Test
    void aFailureOfTheOtherIsThrown() {
        try (Beside beside = new Beside("beside")) {
            assertThatThrownBy(() -> beside.run(
                            () -> {},
                            () -> {
                                throw new IllegalArgumentException("beside");
                            },
                            stop::countDown))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("beside");
            assertThatThrownBy(() -> beside.run(
                            () -> {},
                            () -> {
                                throw new StackOverflowError("deep");
                            },
                            stop::countDown))
                    .isInstanceOf(StackOverflowError.class);
            assertThatThrownBy(() -> beside.run(
                            () -> {},
                            () -> {
                                BesideTest.<RuntimeException>throwAnything(new IOException("beside"));
                                return 7;
                            },
                            stop::countDown))
                    .hasCauseInstanceOf(IOException.class);
        }
    }
}
