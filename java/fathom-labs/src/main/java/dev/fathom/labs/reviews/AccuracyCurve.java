package dev.fathom.labs.reviews;

import dev.fathom.data.Batches;
import dev.fathom.io.AtomicFile;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Progress;
import dev.fathom.train.Trainer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * The accuracy on some parts of the data after every epoch, to be drawn and not to choose by: a line of numbers for each epoch in a file, for a run that goes
 * on.
 */
record AccuracyCurve(Trainer<?> trainer, List<Batches> parts, Path file) implements Callback {
    /** Keeps the epochs that were finished before this run, and no others. */
    @Override
    public void onTrainBegin(Progress progress) {
        int done = progress.history().epochs().size();
        List<double[]> before = done == 0 ? List.of() : read(file);
        if (before.size() < done || before.stream().anyMatch(e -> e.length != parts.size())) {
            throw new IllegalArgumentException(file + " lacks accuracies of the " + done
                    + " epochs that are finished; remove its folder to begin anew");
        }
        write(before.subList(0, done));
    }

    @Override
    public void onEpochEnd(Progress progress, EpochLog log) {
        List<double[]> epochs = new ArrayList<>(read(file));
        epochs.add(parts.stream()
                .mapToDouble(
                        part -> Objects.requireNonNull(trainer.evaluate(part).get("accuracy")))
                .toArray());
        write(epochs);
    }

    private void write(List<double[]> epochs) {
        String lines = epochs.stream()
                .map(e -> Arrays.stream(e).mapToObj(Double::toString).collect(Collectors.joining(",")) + "\n")
                .collect(Collectors.joining());
        AtomicFile.write(file, out -> out.write(lines.getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * The accuracies after each epoch.
     *
     * @throws IllegalArgumentException if the file is missing or damaged
     */
    static List<double[]> read(Path file) {
        try {
            return Files.readAllLines(file).stream()
                    .map(line -> Arrays.stream(line.split(","))
                            .mapToDouble(Double::parseDouble)
                            .toArray())
                    .toList();
        } catch (IOException | NumberFormatException e) {
            throw new IllegalArgumentException(
                    file
                            + " is missing or damaged, and with it the accuracy after each epoch; remove its folder to begin"
                            + " anew",
                    e);
        }
    }
}
