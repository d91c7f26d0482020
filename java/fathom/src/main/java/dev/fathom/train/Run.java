package dev.fathom.train;

import dev.fathom.io.CsvFile;
import dev.fathom.offheap.Block;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A run of a {@link Trainer}: where it stands, what was measured in each epoch, which epoch was best, and why it ended.
 * Callbacks are given it while it goes on. Any thread may keep it, watch it, and end it by {@link #stopNow}.
 *
 * <p>{@link Trainer#fit} returns a run that has ended, and nothing is left to close. {@link Trainer#start} returns one
 * that goes on in a thread of its own. It keeps the optimizer, so that it can be resumed, until it is closed:
 *
 * <pre>{@code
 * try (Run run = trainer.start(batches, 10)) {
 *     run.await();
 *     System.out.println(run.best());
 *     run.resume(15).await();
 * }
 * }</pre>
 */
public final class Run implements AutoCloseable {
    private final Monitor monitor;
    private final List<EpochLog> epochs = new CopyOnWriteArrayList<>();
    private final List<String> notes = new CopyOnWriteArrayList<>();
    private volatile int best = -1;
    private volatile String ended = "";
    private volatile Progress progress;
    private final AtomicReference<@Nullable String> stop = new AtomicReference<>();
    private final AtomicReference<@Nullable String> stopNow = new AtomicReference<>();
    /** What opens when the run ends. */
    private volatile CountDownLatch end = new CountDownLatch(0);

    private volatile @Nullable Thread thread;
    private volatile @Nullable Throwable failure;
    /** Whether somebody was told of the failure. */
    private volatile boolean told;

    /** Null from the close on. */
    private volatile @Nullable Fitting fitting;

    Run(Monitor monitor, Progress progress, @Nullable Fitting fitting) {
        this.monitor = monitor;
        this.progress = progress;
        this.fitting = fitting;
    }

    /** A run without a trainer, of which nothing was measured. */
    Run() {
        this(new Monitor("loss", false), new Progress(0, 0, 0, 0, 0, 0, Double.NaN, Double.NaN, 0), null);
    }

    // ---- life

    /** Trains on a thread of its own, which does not keep the JVM alive, until so many epochs are finished. */
    Run start(int epochs) {
        Fitting open = fitting();
        begin(open, epochs);
        try {
            Workers.thread("fathom-run", () -> train(open)).start();
        } catch (RuntimeException | Error e) { // there is no thread to be had
            open.release();
            end.countDown();
            throw e;
        }
        return this;
    }

    /** Trains on this thread, and gives the memory back. */
    Run call(int epochs) {
        Fitting open = fitting();
        begin(open, epochs);
        train(open);
        close();
        return this;
    }

    private void begin(Fitting open, int epochs) {
        open.begin(epochs);
        stop.set(null);
        stopNow.set(null);
        ended = "";
        failure = null;
        told = false;
        end = new CountDownLatch(1);
    }

    private void train(Fitting open) {
        thread = Thread.currentThread();
        try {
            Block.patiently(() -> failure = open.go());
        } finally {
            thread = null;
            end.countDown();
        }
    }

    private Fitting fitting() {
        Fitting open = fitting;
        if (open == null) {
            throw new IllegalStateException("resume: this run is closed, as every run of fit is, and with it its"
                    + " optimizer; begin with trainer.start(..), or go on from checkpoints with"
                    + " trainer.resume(folder)");
        }
        return open;
    }

    /**
     * Waits until the run has ended.
     *
     * @throws RuntimeException the failure that ended the run, such as a {@link NonFiniteLossException}
     * @throws CancellationException if the waiting thread is interrupted; the run goes on
     * @throws IllegalStateException if it is called on the thread of the run, by a callback
     */
    public Run await() {
        if (thread == Thread.currentThread()) {
            throw new IllegalStateException("await: a callback cannot wait for the end of its own run; stop the run"
                    + " with stop(reason), or wait on another thread");
        }
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException(
                    "await: the waiting thread was interrupted; the run goes on until stopNow(reason) ends it");
        }
        fail();
        return this;
    }

    private void fail() {
        Throwable e = failure;
        told |= e != null;
        if (e instanceof Error error) {
            throw error;
        }
        if (e instanceof RuntimeException exception) {
            throw exception;
        }
        if (e != null) {
            throw new IllegalStateException("the run has failed: " + ended, e);
        }
    }

    /**
     * Lets a run that has ended or was stopped go on in a thread of its own until {@code epochs} epochs are finished,
     * counted from its beginning. It goes on with the optimizer's state, the random numbers and the schedule, from the
     * weights of its last step, so that it ends with the bits of a run that was never stopped. Callbacks begin anew, as
     * after {@link Trainer#resume}.
     *
     * @param epochs number of all epochs, as {@code fit} takes it
     * @throws IllegalArgumentException if the run has begun a later epoch
     * @throws IllegalStateException if the run goes on, has failed, or was closed, as that of {@code fit} is, or if the
     *     weights were changed since it ended
     */
    public synchronized Run resume(int epochs) {
        fitting();
        if (end.getCount() > 0) {
            throw new IllegalStateException("resume: the run is still going on; call await() first");
        }
        if (failure != null) {
            throw new IllegalStateException(
                    "resume: the run has failed: " + ended + "; begin anew, or from a checkpoint", failure);
        }
        return start(epochs);
    }

    /**
     * Stops the run if it goes on, waits for its end, and gives the memory of the optimizer back. Closing twice does
     * nothing.
     *
     * @throws RuntimeException the failure that ended the run, if nobody was told of it by {@link #await}
     * @throws IllegalStateException if it is called on the thread of the run, by a callback
     */
    @Override
    public void close() {
        if (thread == Thread.currentThread()) {
            throw new IllegalStateException("close: a callback cannot wait for the end of its own run; end the run with"
                    + " stopNow(reason), or close it on another thread");
        }
        Fitting open;
        synchronized (this) { // from here on, nobody resumes it
            open = fitting;
            fitting = null;
        }
        if (open == null) {
            return;
        }
        if (end.getCount() > 0) {
            stopNow("closed");
        }
        boolean interrupted = false;
        while (true) {
            try {
                end.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        open.close();
        if (!told) {
            fail();
        }
    }

    // ---- what the training tells and asks

    void add(EpochLog log, boolean isBest) {
        epochs.add(log);
        if (isBest) {
            best = epochs.size() - 1;
        }
    }

    void note(String text) {
        notes.add(text);
    }

    int bestIndex() {
        return best;
    }

    int size() {
        return epochs.size();
    }

    void ended(String reason) {
        ended = reason;
    }

    void at(Progress now) {
        progress = now;
    }

    /** Why the run is to end before the next epoch, or null. */
    @Nullable
    String wish() {
        String after = stop.get();
        return after != null ? after : stopNow.get();
    }

    /** Why it is to end after the step under way, or null. */
    @Nullable
    String wishNow() {
        return stopNow.get();
    }

    // ---- what people see

    /**
     * Returns where the run stands after the last step that was finished. The numbers of what is returned belong
     * together, whatever thread asks.
     */
    public Progress progress() {
        return progress;
    }

    /** Returns the figure by which the best epoch is chosen. */
    public Monitor monitor() {
        return monitor;
    }

    /** Ends the run after the epoch under way. Any thread may call it; the first {@code reason} given is kept. */
    public void stop(String reason) {
        Objects.requireNonNull(reason, "stop: reason is null; say in a few words why training ends");
        stop.compareAndSet(null, reason);
    }

    /**
     * Ends the run after the step of the optimizer under way, or before the first one. Any thread may call it; what is
     * finished is kept, and so is the first {@code reason} given.
     */
    public void stopNow(String reason) {
        Objects.requireNonNull(reason, "stopNow: reason is null; say in a few words why training ends");
        stopNow.compareAndSet(null, reason);
    }

    /** Returns the epochs that are finished, in order. */
    public List<EpochLog> epochs() {
        return List.copyOf(epochs);
    }

    /** Returns the best epoch, judged by the figure of {@link Trainer#keepBest}; null before the first. */
    public @Nullable EpochLog best() {
        return best < 0 ? null : epochs.get(best);
    }

    /**
     * Returns why training ended: {@code 30 epochs}, {@code no better val_loss for 3 epochs}, or the message of a
     * failure. It is empty until the model holds the weights that the run leaves.
     */
    public String ended() {
        return ended;
    }

    /**
     * Returns what happened to checkpoints: from which one training was resumed, and which were damaged or could not be
     * written.
     */
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /** Returns the names of the figures, in order of their first appearance. */
    public List<String> names() {
        Set<String> names = new LinkedHashSet<>();
        epochs.forEach(e -> names.addAll(e.values().keySet()));
        return List.copyOf(names);
    }

    /** Returns the figure called {@code name} of every epoch, NaN where it was not measured. */
    public double[] series(String name) {
        return epochs.stream().mapToDouble(e -> e.value(name)).toArray();
    }

    /**
     * Returns the curve of the figure called {@code name}, as plots take it: the numbers of the epochs, from 1, and
     * {@link #series} of the figure.
     */
    public double[][] curve(String name) {
        return new double[][] {epochs.stream().mapToDouble(EpochLog::epoch).toArray(), series(name)};
    }

    /**
     * Returns the wall time of all epochs together, training and validation, also of those before training was resumed.
     */
    public double seconds() {
        return epochs.stream().mapToDouble(EpochLog::seconds).sum();
    }

    /**
     * Returns how many epochs there were and why they ended, the figures of the last and the best one, and the notes.
     */
    @Override
    public String toString() {
        StringJoiner lines = new StringJoiner(System.lineSeparator() + "  ");
        lines.add(String.format(
                Locale.ROOT,
                "Run of %d epoch%s in %.1f s%s",
                epochs.size(),
                epochs.size() == 1 ? "" : "s",
                seconds(),
                ended.isEmpty() ? "" : ", ended: " + ended));
        if (!epochs.isEmpty()) {
            lines.add("last " + line(epochs.get(epochs.size() - 1)));
        }
        if (best >= 0 && best < epochs.size() - 1) {
            lines.add("best " + line(epochs.get(best)));
        }
        notes.forEach(lines::add);
        return lines.toString();
    }

    private static String line(EpochLog e) {
        return e.values().entrySet().stream()
                .map(v -> String.format(Locale.ROOT, "%s %.4g", v.getKey(), v.getValue()))
                .collect(Collectors.joining("  ", "epoch " + e.epoch() + ": ", ""));
    }

    /**
     * Writes {@code epoch,learning_rate,seconds,...} as CSV, one row for each epoch. Missing folders are made.
     *
     * @throws UncheckedIOException if the file cannot be written; its previous content is then unchanged
     */
    public void writeCsv(Path file) {
        List<String> names = names();
        List<String> header = new ArrayList<>(List.of("epoch", "learning_rate", "seconds"));
        header.addAll(names);
        CsvFile.write(file, header, epochs.stream().map(e -> {
            List<Object> row = new ArrayList<>(List.of(e.epoch(), e.learningRate(), e.seconds()));
            names.forEach(n -> row.add(e.value(n)));
            return row;
        }));
    }
}
