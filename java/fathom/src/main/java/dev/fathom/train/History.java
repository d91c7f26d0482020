package dev.fathom.train;

import de.siegmar.fastcsv.writer.CsvWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The epochs of one {@code fit}: what was measured, which epoch was best, and why it ended. */
public final class History {
    private final List<EpochLog> epochs = new ArrayList<>();
    private int best = -1;
    private String ended = "";

    History() {}

    void add(EpochLog log, boolean isBest) {
        epochs.add(log);
        if (isBest) {
            best = epochs.size() - 1;
        }
    }

    void ended(String reason) {
        ended = reason;
    }

    /** The epochs in order. */
    public List<EpochLog> epochs() {
        return List.copyOf(epochs);
    }

    /** The epoch whose weights were the best on the validation set (on the training loss without one); null before the first. */
    public EpochLog best() {
        return best < 0 ? null : epochs.get(best);
    }

    /** Why training ended, e.g. {@code 30 epochs} or {@code no better val_loss for 3 epochs}. */
    public String ended() {
        return ended;
    }

    /** The names of the figures, in order of their first appearance. */
    public List<String> names() {
        Set<String> names = new LinkedHashSet<>();
        epochs.forEach(e -> names.addAll(e.values().keySet()));
        return List.copyOf(names);
    }

    /** The figure {@code name} of every epoch, NaN where it was not measured. */
    public double[] series(String name) {
        return epochs.stream().mapToDouble(e -> e.value(name)).toArray();
    }

    /** Writes {@code epoch,learning_rate,seconds,...} as CSV, a row an epoch; missing folders are made. */
    public void writeCsv(Path file) {
        try {
            if (file.toAbsolutePath().getParent() != null) {
                Files.createDirectories(file.toAbsolutePath().getParent());
            }
            List<String> names = names();
            try (CsvWriter csv = CsvWriter.builder().build(file)) {
                List<String> header = new ArrayList<>(List.of("epoch", "learning_rate", "seconds"));
                header.addAll(names);
                csv.writeRecord(header);
                for (EpochLog e : epochs) {
                    List<String> row = new ArrayList<>();
                    row.add(Integer.toString(e.epoch()));
                    row.add(Double.toString(e.learningRate()));
                    row.add(Double.toString(e.seconds()));
                    names.forEach(n -> row.add(Double.toString(e.value(n))));
                    csv.writeRecord(row);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("history: cannot write " + file + ": " + e.getMessage(), e);
        }
    }
}
