package dev.fathom.labs.reviews;

import dev.fathom.data.Batches;
import dev.fathom.io.AtomicFile;
import dev.fathom.train.Callback;
import dev.fathom.train.EpochLog;
import dev.fathom.train.Run;
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
import org.jspecify.annotations.Nullable;

/**
 * Measures the accuracy on some parts of the data after every epoch, for a plot and not for choosing the epoch. A file
 * keeps a line of numbers for each epoch, so that a resumed run has them all.
 */
record AccuracyCurve(Trainer<?> trainer, List<Batches> parts, Path file) implements Callback {
    /** Keeps the lines of the epochs that were finished before this run, and no others. */
    @Override
    public void onTrainBegin(Run run) {
        int done = run.epochs().size();
        List<double[]> before = done == 0 ? List.of() : read(file, parts.size());
        if (before.size() < done) {
            throw new IllegalArgumentException(file + " has accuracies of " + before.size() + " epochs, but " + done
                    + " epochs are finished; delete its folder to start over");
        }
        write(before.subList(0, done));
    }

    @Override
    public void onEpochEnd(Run run, EpochLog log) {
        List<double[]> epochs = new ArrayList<>(read(file, parts.size()));
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
     * @param parts how many there are after each epoch
     * @throws IllegalArgumentException if the file is missing or damaged
     */
    static List<double[]> read(Path file, int parts) {
        try {
            List<double[]> epochs = Files.readAllLines(file).stream()
                    .map(line -> Arrays.stream(line.split(","))
                            .mapToDouble(Double::parseDouble)
                            .toArray())
                    .toList();
            if (epochs.stream().allMatch(epoch -> epoch.length == parts)) {
                return epochs;
            }
            throw damaged(file, null);
        } catch (IOException | NumberFormatException e) {
            throw damaged(file, e);
        }
    }

    private static IllegalArgumentException damaged(Path file, @Nullable Exception cause) {
        return new IllegalArgumentException(
                file
                        + " is missing or damaged, so the accuracy after each epoch is lost; delete its folder to "
                        + "start over",
                cause);
    }
}
