package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.train.EpochLog;
import dev.fathom.train.Histories;
import dev.fathom.train.History;
import dev.fathom.train.Monitor;
import dev.fathom.train.Progress;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ProgressBarTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    private final Run run = new Run();
    private long now = 1_000_000_000_000L;

    /** A training of 10 epochs x 4 steps of 500 images. */
    private static final class Run implements Progress {
        int epoch = 1;
        int step;

        @Override
        public int epoch() {
            return epoch;
        }

        @Override
        public int epochs() {
            return 10;
        }

        @Override
        public int step() {
            return step;
        }

        @Override
        public int steps() {
            return 4;
        }

        @Override
        public long examples() {
            return step * 500L;
        }

        @Override
        public long examplesPerEpoch() {
            return 2000;
        }

        @Override
        public double loss() {
            return 0.5;
        }

        @Override
        public double learningRate() {
            return 1e-3;
        }

        @Override
        public long updates() {
            return 4L * (epoch - 1) + step;
        }

        @Override
        public Monitor monitor() {
            return new Monitor("loss", false);
        }

        @Override
        public History history() {
            return Histories.of(0);
        }

        @Override
        public void stop(String reason) {}

        @Override
        public void stopNow(String reason) {}
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** Each step takes 0.25 s and validation another second: an epoch of 2 s at 2,000 examples/s. */
    private void epoch(ProgressBar bar, EpochLog log) {
        run.epoch = log.epoch();
        for (run.step = 1; run.step <= 4; run.step++) {
            now += 250_000_000L;
            bar.onStepEnd(run);
        }
        run.step = 4;
        now += 1_000_000_000L;
        bar.onEpochEnd(run, log);
    }

    private static EpochLog log(int epoch) {
        return Histories.epoch(
                epoch, 1e-3, 2.0, "loss", 0.65432, "accuracy", 0.7661, "val_loss", 0.4, "val_accuracy", 0.85);
    }

    @Test
    void withoutATerminalEachEpochIsOneLine() {
        Locale before = Locale.getDefault();
        Locale.setDefault(Locale.GERMANY);
        try {
            ProgressBar bar = new ProgressBar(out, false, () -> now);
            bar.onTrainBegin(run);
            epoch(bar, log(1));
            epoch(bar, log(2));
            epoch(bar, log(10));
            bar.onTrainEnd(run, Histories.of(2, log(1), log(2)));
        } finally {
            Locale.setDefault(before);
        }
        String figures = "  loss 0.6543  accuracy 76.61 %  val_loss 0.4000  val_accuracy 85.00 %  2,000 examples/s  ";
        assertThat(text().lines())
                .containsExactly(
                        "epoch  1/10" + figures + "18 s left",
                        "epoch  2/10" + figures + "16 s left",
                        "epoch 10/10" + figures + "done in 6 s");
        assertThat(text().replace(System.lineSeparator(), "")).matches("[\\x20-\\x7e]*");
    }

    @Test
    void figuresWithoutAValueAndOtherUnits() {
        ProgressBar bar = new ProgressBar(out, false, () -> now).unit("sentences");
        bar.onTrainBegin(run);
        epoch(bar, Histories.epoch(1, 1e-3, 2.0, "loss", Double.NaN, "accuracy", Double.POSITIVE_INFINITY));
        assertThat(text())
                .isEqualToNormalizingNewlines(
                        "epoch  1/10  loss NaN  accuracy Infinity  2,000 sentences/s  18 s left\n");
    }

    @Test
    void onATerminalABarIsDrawnAndReplacedByTheLine() {
        ProgressBar bar = new ProgressBar(out, true, () -> now);
        bar.onTrainBegin(run);
        epoch(bar, log(1));
        epoch(bar, log(2));
        assertThat(text()).contains("\repoch  1/10", "loss 0.5000", "2,000 examples/s", "\r\u001b[K");
        // the 80 columns of a terminal of unknown width
        assertThat(shown())
                .containsExactly(
                        " 1/10  loss 0.6543  accuracy 76.61 %  val_loss 0.4000  val_accuracy 85.00 %",
                        " 2/10  loss 0.6543  accuracy 76.61 %  val_loss 0.4000  val_accuracy 85.00 %");
    }

    @Test
    void aTrainingThatFailsInsideAnEpochLeavesItsBar() {
        ProgressBar bar = new ProgressBar(out, true, () -> now);
        bar.onTrainBegin(run);
        run.step = 1;
        now += 250_000_000L;
        bar.onStepEnd(run);
        Thread.currentThread().interrupt();
        bar.onTrainEnd(run, Histories.of(0));
        assertThat(Thread.interrupted()).as("the interrupt is still there").isTrue();
        assertThat(shown()).hasSize(1);
        assertThat(shown()[0]).startsWith("epoch  1/10").contains("[===").contains("loss 0.5000");
        bar.onTrainEnd(run, Histories.of(0));
        assertThat(shown()).as("a second end says nothing").hasSize(1);
    }

    /** What a terminal would show in the end: of each line what follows the last carriage return. */
    private String[] shown() {
        return Stream.of(text().split("\n"))
                .map(line -> line.substring(line.lastIndexOf('\r') + 1).replace("\u001b[K", ""))
                .toArray(String[]::new);
    }

    @Test
    void theBarNeverKeepsTheJvmAlive() {
        ProgressBar bar = new ProgressBar(out, true, () -> now);
        bar.onTrainBegin(run);
        run.step = 1;
        bar.onStepEnd(run);
        assertThat(Thread.getAllStackTraces().keySet())
                .filteredOn(t -> t.getName().equals("ProgressBar"))
                .isNotEmpty()
                .allMatch(Thread::isDaemon);
        bar.onTrainEnd(run, Histories.of(0));
    }

    @Test
    void aStepAllocatesNothing() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (boolean terminal : new boolean[] {false, true}) {
            ProgressBar bar = new ProgressBar(new PrintStream(OutputStream.nullOutputStream()), terminal, () -> now);
            bar.onTrainBegin(run);
            run.step = 1;
            bar.onStepEnd(run);
            bar.onStepEnd(run);
            long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
            for (int i = 0; i < 10_000; i++) {
                bar.onStepEnd(run); // the clock stands still: nothing is due to be drawn
            }
            long after = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
            assertThat(after - before)
                    .as("bytes in 10,000 steps, terminal=%s", terminal)
                    .isLessThan(1024);
            bar.onTrainEnd(run, Histories.of(0));
        }
    }
}
