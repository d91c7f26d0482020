package dev.fathom.train;

import java.nio.file.Path;

/**
 * Keeps the history in a CSV file as it grows, a row an epoch: {@link History#writeCsv} after each, whole and in place atomically, so whoever reads
 * it meets complete rows alone. A run that goes on from a checkpoint begins with the rows of the epochs that the checkpoint knows.
 *
 * @param file where; missing folders are made
 */
public record CsvLog(Path file) implements Callback {
    /** Writes what is known at the start, so that a place that cannot be written is told before any work. */
    @Override
    public void onTrainBegin(Progress progress) {
        progress.history().writeCsv(file);
    }

    @Override
    public void onEpochEnd(Progress progress, EpochLog log) {
        progress.history().writeCsv(file);
    }
}
