package dev.fathom.train;

import dev.fathom.io.CsvFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A run of a {@link Trainer}, one {@code fit}: where it stands, what was measured in each epoch, which epoch was best,
 * and why it ended. {@code fit} returns it, and callbacks are given it while it goes on. Any thread may keep it, watch
 * it, and end it by {@link #stopNow}.
 */
public final class Run {
    private final Monitor monitor;
    private final List<EpochLog> epochs = new CopyOnWriteArrayList<>();
    private final List<String> notes = new CopyOnWriteArrayList<>();
    private volatile int best = -1;
    private volatile String ended = "";
    private volatile Progress progress;
    private volatile @Nullable String stop;
    private volatile @Nullable String stopNow;

    Run(Monitor monitor, Progress progress) {
        this.monitor = monitor;
        this.progress = progress;
    }

    /** A run without a trainer, of which nothing was measured. */
    Run() {
        this(new Monitor("loss", false), new Progress(0, 0, 0, 0, 0, 0, Double.NaN, Double.NaN, 0));
    }

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
        String after = stop;
        return after != null ? after : stopNow;
    }

    /** Why it is to end after the step under way, or null. */
    @Nullable
    String wishNow() {
        return stopNow;
    }

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
        if (stop == null) {
            stop = reason;
        }
    }

    /**
     * Ends the run after the step of the optimizer under way, or before the first one. Any thread may call it, and what
     * is finished is kept.
     */
    public void stopNow(String reason) {
        stopNow = Objects.requireNonNull(reason, "stopNow: reason is null; say in a few words why training ends");
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
     * failure. It is empty while the run goes on.
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
