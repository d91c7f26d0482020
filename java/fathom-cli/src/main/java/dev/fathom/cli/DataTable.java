package dev.fathom.cli;

import dev.fathom.experiments.Experiment;
import dev.fathom.experiments.data.DataSet;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.labs.Labs;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The table of {@code fathom data all}. */
final class DataTable {
    private DataTable() {}

    /** A row for each set: whether it is there, where, its size, its license, and which labs read it. */
    static String text(List<DataSet> sets) {
        return Findings.columns(
                List.of("set", "there", "where", "size", "license", "labs"),
                sets.stream().map(DataTable::row).toList());
    }

    private static List<String> row(DataSet set) {
        Optional<Path> place = set.place();
        Optional<Path> where = set.found();
        return List.of(
                set.name(),
                place.isPresent() ? "yes" : where.isPresent() ? "stand-in" : "no",
                where.map(Path::toString).orElse(""),
                where.map(folder -> Fetched.size(bytes(folder))).orElse(""),
                set.license(),
                Labs.ALL.stream()
                        .filter(lab ->
                                lab.reads().stream().anyMatch(s -> s.name().equals(set.name())))
                        .map(Experiment::name)
                        .collect(Collectors.joining(", ")));
    }

    private static long bytes(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }
}
