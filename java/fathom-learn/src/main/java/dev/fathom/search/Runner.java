package dev.fathom.search;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import dev.fathom.tensor.Rng;
import dev.fathom.train.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Runs the trials of one search, or takes them from its file. */
final class Runner {
    private final Space space;
    private final Objective objective;
    private final Rng seeds;
    private final Workers workers;
    private final @Nullable Path file;
    private final BooleanSupplier stopped;

    /** What is finished, and what the file had, by the trials' numbers. */
    private final TreeMap<Integer, Result> finished = new TreeMap<>();

    private final List<Result> results = new ArrayList<>();
    private int next;

    Runner(Space space, Objective objective, Rng seeds, Workers workers, @Nullable Path file, BooleanSupplier stopped) {
        this.space = space;
        this.objective = objective;
        this.seeds = seeds;
        this.workers = workers;
        this.file = file;
        this.stopped = stopped;
        if (file != null && Files.exists(file)) {
            read(file);
        }
    }

    /** All results so far, in the order of their numbers. */
    List<Result> results() {
        return List.copyOf(results);
    }

    /** Tries these points, and returns the results of those that were finished before the search was stopped. */
    List<Result> run(List<List<String>> points, int budget) {
        int from = next;
        next += points.size();
        List<Optional<Result>> tried = workers.run(points.size(), i -> {
            int number = from + i;
            Trial trial = new Trial(space, number, seeds.split(number).seed(), budget, points.get(i));
            Result known = known(trial);
            if (known != null) {
                return Optional.of(known);
            }
            return stopped.getAsBoolean() ? Optional.empty() : Optional.of(keep(attempt(trial)));
        });
        List<Result> done = tried.stream().flatMap(Optional::stream).toList();
        results.addAll(done);
        return done;
    }

    private Result attempt(Trial trial) {
        try {
            double score = objective.score(trial);
            return Double.isFinite(score)
                    ? new Result(trial, score, "")
                    : new Result(trial, Double.NaN, "the score is " + score);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("search: trial " + trial.number() + " was interrupted");
        } catch (Exception e) { // whatever it is, the other trials go on
            String message = e.getMessage();
            return new Result(
                    trial, Double.NaN, e.getClass().getSimpleName() + (message == null ? "" : ": " + message));
        }
    }

    private synchronized Result keep(Result result) {
        finished.put(result.trial().number(), result);
        if (file != null) {
            Results.write(file, space, finished.values());
        }
        return result;
    }

    private synchronized @Nullable Result known(Trial trial) {
        Result row = finished.get(trial.number());
        if (row != null && !row.trial().equals(trial)) {
            throw new IllegalArgumentException("search: trial " + trial.number() + " in " + file + " is "
                    + described(row.trial()) + ", and that of this search is " + described(trial)
                    + "; give the seed and settings that wrote the file, or another file");
        }
        return row;
    }

    private static String described(Trial trial) {
        return trial + " with budget " + trial.budget() + " and seed " + trial.seed();
    }

    private void read(Path from) {
        List<String> header = Results.header(space);
        try (CsvReader<CsvRecord> csv = CsvReader.builder().ofCsvRecord(from)) {
            boolean first = true;
            for (CsvRecord row : csv) {
                List<String> fields = row.getFields();
                if (first && !fields.equals(header)) {
                    throw new IllegalArgumentException(
                            "search: the columns of " + from + " are " + fields + ", and those of this search are "
                                    + header + "; give the space that wrote it, or another file");
                }
                if (!first) {
                    Result result = result(fields);
                    finished.put(result.trial().number(), result);
                }
                first = false;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("search: cannot read " + from + ": " + e.getMessage(), e);
        } catch (CsvParseException | NumberFormatException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(
                    "search: " + from + " is not the table of a search (" + e.getMessage() + "); give another file", e);
        }
    }

    private Result result(List<String> fields) {
        int n = space.dimensions().size();
        Trial trial = new Trial(
                space,
                Integer.parseInt(fields.get(0)),
                Long.parseLong(fields.get(1)),
                Integer.parseInt(fields.get(2)),
                fields.subList(3, 3 + n));
        return new Result(trial, Double.parseDouble(fields.get(3 + n)), fields.get(4 + n));
    }
}
