package dev.fathom.labs.searches;

import dev.fathom.experiments.LabRun;
import dev.fathom.search.Objective;
import dev.fathom.search.Search;
import dev.fathom.search.Space;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BiFunction;

/**
 * Searches of a lab: their trials are kept in a file of the output folder, from which a resumed run goes on, and they
 * end when the run is to end.
 */
public final class KeptSearch {
    private KeptSearch() {}

    /**
     * A search whose trials are kept in {@code file}, which a run that is not resumed begins anew.
     *
     * @param direction {@code Search::maximize} or {@code Search::minimize}
     */
    public static Search of(
            LabRun run, BiFunction<Space, Objective, Search> direction, Space space, Objective objective, Path file) {
        if (!run.resume()) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot replace " + file + ": " + e.getMessage(), e);
            }
        }
        Search[] search = new Search[1];
        search[0] = direction
                .apply(space, trial -> {
                    if (run.interrupt().requested()) {
                        search[0].stop();
                    }
                    return objective.score(trial);
                })
                .file(file);
        return search[0];
    }
}
