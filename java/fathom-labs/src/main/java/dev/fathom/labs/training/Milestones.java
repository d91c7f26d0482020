package dev.fathom.labs.training;

import dev.fathom.data.Dataset;
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
import java.util.List;
import java.util.stream.Collectors;

/**
 * The accuracy on a part of {@code data} after every so many steps, or the first epoch where that has fewer: finer than
 * by epochs, to see how many steps a level takes. Kept in a file, for a run that goes on.
 */
public final class Milestones implements Callback {
    private static final int MOST = 2000;

    private final Trainer<?> trainer;
    private final Dataset data;
    private final int every;
    private final Path file;
    private final List<double[]> points = new ArrayList<>();

    /** Looks every {@code every} steps. */
    Milestones(Trainer<?> trainer, Dataset data, int every, Path file) {
        this.trainer = trainer;
        this.data = data.take(0, Math.min(MOST, data.size()));
        this.every = every;
        this.file = file;
    }

    /** What an earlier run saw up to where this one goes on; nothing where it begins anew. */
    @Override
    public void onTrainBegin(Run run) {
        long done = steps(run);
        if (done <= 0) {
            return;
        }
        try {
            for (String line : Files.readAllLines(file)) {
                String[] cells = line.split(",");
                points.add(new double[] {Long.parseLong(cells[0]), Double.parseDouble(cells[1])});
            }
        } catch (IOException | RuntimeException e) {
            throw new IllegalArgumentException(
                    file
                            + " is missing or damaged, and with it what the steps so far led to; remove its "
                            + "folder to begin anew",
                    e);
        }
        points.removeIf(point -> point[0] > done);
    }

    private static long steps(Run run) {
        return (run.progress().epoch() - 1L) * run.progress().steps()
                + run.progress().step();
    }

    @Override
    public void onStepEnd(Run run) {
        long steps = steps(run);
        if (steps % every == 0
                || points.isEmpty() && run.progress().step() == run.progress().steps()) {
            points.add(new double[] {steps, trainer.evaluate(data).get("accuracy")});
        }
    }

    @Override
    public void onEpochEnd(Run run, EpochLog log) {
        write();
    }

    @Override
    public void onTrainEnd(Run run) {
        write();
    }

    private void write() {
        String lines = points.stream()
                .map(point -> (long) point[0] + "," + point[1] + "\n")
                .collect(Collectors.joining());
        AtomicFile.write(file, out -> out.write(lines.getBytes(StandardCharsets.UTF_8)));
    }

    /** Two rows: the steps, and the accuracy after each. */
    double[][] points() {
        return new double[][] {
            points.stream().mapToDouble(p -> p[0]).toArray(),
            points.stream().mapToDouble(p -> p[1]).toArray()
        };
    }
}
