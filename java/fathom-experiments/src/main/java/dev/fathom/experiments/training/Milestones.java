package dev.fathom.experiments.training;

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
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;

/**
 * The accuracy on some data while a network learns: after every so many steps, or the first epoch where that has fewer,
 * or after each epoch. It is for a curve and not for the choice of an epoch, and is kept in a file, for a run that goes
 * on.
 */
public final class Milestones implements Callback {
    private final Trainer<?> trainer;
    private final int every;
    private final Path file;
    private final List<Batches> data;
    private final List<double[]> points = new ArrayList<>();

    /** Looks at all of {@code data} after every {@code every} steps, and for 0 after each epoch. */
    public Milestones(Trainer<?> trainer, int every, Path file, Batches... data) {
        this.trainer = trainer;
        this.every = every;
        this.file = file;
        this.data = List.of(data);
    }

    /** What an earlier run saw up to where this one goes on; nothing where it begins anew. */
    @Override
    public void onTrainBegin(Run run) {
        long done = every > 0 ? steps(run) : run.epochs().size();
        if (done <= 0) {
            return;
        }
        try {
            for (String line : Files.readAllLines(file)) {
                double[] point = Arrays.stream(line.split(","))
                        .mapToDouble(Double::parseDouble)
                        .toArray();
                if (point.length != 1 + data.size()) {
                    throw new IllegalArgumentException(line);
                }
                points.add(point);
            }
            points.removeIf(point -> point[0] > done);
            if (every == 0 && points.size() < done) {
                throw new IllegalArgumentException(points.size() + " of " + done + " epochs");
            }
        } catch (IOException | RuntimeException e) {
            throw new IllegalArgumentException(
                    file
                            + " is missing or damaged, and with it what the steps so far led to; remove its "
                            + "folder to begin anew",
                    e);
        }
    }

    private static long steps(Run run) {
        return (run.progress().epoch() - 1L) * run.progress().steps()
                + run.progress().step();
    }

    @Override
    public void onStepEnd(Run run) {
        if (every == 0) {
            return;
        }
        long steps = steps(run);
        if (steps % every == 0
                || points.isEmpty() && run.progress().step() == run.progress().steps()) {
            look((double) steps);
        }
    }

    @Override
    public void onEpochEnd(Run run, EpochLog log) {
        if (every == 0) {
            look(log.epoch());
        }
        write();
    }

    @Override
    public void onTrainEnd(Run run) {
        write();
    }

    private void look(double at) {
        points.add(DoubleStream.concat(
                        DoubleStream.of(at),
                        data.stream().mapToDouble(part -> trainer.evaluate(part).get("accuracy")))
                .toArray());
    }

    private void write() {
        String lines = points.stream()
                .map(point -> (long) point[0] + ","
                        + Arrays.stream(point, 1, point.length)
                                .mapToObj(Double::toString)
                                .collect(Collectors.joining(","))
                        + "\n")
                .collect(Collectors.joining());
        AtomicFile.write(file, out -> out.write(lines.getBytes(StandardCharsets.UTF_8)));
    }

    /** The steps or epochs, and the accuracies on the {@code place}-th part of the data after each. */
    public double[][] points(int place) {
        return new double[][] {
            points.stream().mapToDouble(p -> p[0]).toArray(),
            points.stream().mapToDouble(p -> p[1 + place]).toArray()
        };
    }
}
