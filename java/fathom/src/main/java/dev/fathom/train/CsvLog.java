package dev.fathom.train;

import java.nio.file.Path;

/**
 * Keeps the history in a CSV file with one row for each epoch. {@link Run#writeCsv} replaces the file atomically after
 * each epoch, so whoever reads it finds complete rows only. A run that is resumed from a checkpoint begins with the
 * rows of the epochs before it.
 *
 * @param file the file; missing folders are made
 */
public record CsvLog(Path file) implements Callback {
    /** Writes what is known at the start, so that a file that cannot be written is reported before any work. */
    @Override
    public void onTrainBegin(Run run) {
        run.writeCsv(file);
    }

    @Override
    public void onEpochEnd(Run run, EpochLog log) {
        run.writeCsv(file);
    }
}
