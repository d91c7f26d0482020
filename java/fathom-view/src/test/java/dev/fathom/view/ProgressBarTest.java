package dev.fathom.view;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.train.EpochLog;
import dev.fathom.train.Progress;
import dev.fathom.train.Run;
import dev.fathom.train.Runs;
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
    private final Run run = Runs.of(0);
    private long now = 1_000_000_000_000L;

    /** Moves the run, a training of 10 epochs x 4 steps of 500 images. */
    private void at(int epoch, int step) {
        Runs.move(run, new Progress(epoch, 10, step, 4, step * 500L, 2000, 0.5, 1e-3, 4L * (epoch - 1) + step));
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** Each step takes 0.25 s and validation another second: an epoch of 2 s at 2,000 examples/s. */
    private void epoch(ProgressBar bar, EpochLog log) {
        for (int step = 1; step <= 4; step++) {
            at(log.epoch(), step);
            now += 250_000_000L;
            bar.onStepEnd(run);
        }
        now += 1_000_000_000L;
        bar.onEpochEnd(run, log);
    }

    private static EpochLog log(int epoch) {
        return Runs.epoch(epoch, 1e-3, 2.0, "loss", 0.65432, "accuracy", 0.7661, "val_loss", 0.4, "val_accuracy", 0.85);
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
            bar.onTrainEnd(run);
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
        epoch(bar, Runs.epoch(1, 1e-3, 2.0, "loss", Double.NaN, "accuracy", Double.POSITIVE_INFINITY));
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
        at(1, 1);
        now += 250_000_000L;
        bar.onStepEnd(run);
        Thread.currentThread().interrupt();
        bar.onTrainEnd(run);
        assertThat(Thread.interrupted()).as("the interrupt is still there").isTrue();
        assertThat(shown()).hasSize(1);
        assertThat(shown()[0]).startsWith("epoch  1/10").contains("[===").contains("loss 0.5000");
        bar.onTrainEnd(run);
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
        at(1, 1);
        bar.onStepEnd(run);
        assertThat(Thread.getAllStackTraces().keySet())
                .filteredOn(t -> t.getName().equals("ProgressBar"))
                .isNotEmpty()
                .allMatch(Thread::isDaemon);
        bar.onTrainEnd(run);
    }

    @Test
    void aStepAllocatesNothing() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (boolean terminal : new boolean[] {false, true}) {
            ProgressBar bar = new ProgressBar(new PrintStream(OutputStream.nullOutputStream()), terminal, () -> now);
            bar.onTrainBegin(run);
            at(1, 1);
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
            bar.onTrainEnd(run);
        }
    }
}
