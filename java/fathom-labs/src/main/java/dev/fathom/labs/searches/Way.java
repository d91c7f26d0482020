package dev.fathom.labs.searches;

import dev.fathom.experiments.Lab;
import dev.fathom.search.Results;
import dev.fathom.search.Search;
import dev.fathom.search.Space;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/** A way to search a space. */
record Way(String name, Space space, Function<Search, Results> search) {
    /**
     * Searches until the run is to end. The trials are kept in a file of the output folder, from which a resumed run
     * goes on and which another run begins anew.
     */
    Results results(Lab lab, SearchTask task, long seed, String fileName) {
        Path file = lab.folder().resolve(fileName);
        if (!lab.run().resume()) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot replace " + file + ": " + e.getMessage(), e);
            }
        }
        Search[] running = new Search[1];
        running[0] = Search.maximize(space, trial -> {
                    if (lab.run().interrupt().requested()) {
                        running[0].stop();
                    }
                    return task.accuracy(trial, task.choose());
                })
                .file(file)
                .seed(seed)
                .budget(lab.of(9, 3));
        Results results = search.apply(running[0]);
        lab.check();
        return results;
    }
}
