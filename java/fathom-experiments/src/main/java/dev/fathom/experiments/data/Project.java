package dev.fathom.experiments.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The project's folder, which holds {@code test-data} and {@code docs}. */
public final class Project {
    private Project() {}

    /**
     * The folder that {@code -Dfathom.root=} or {@code FATHOM_ROOT} names, else the first above the current one that
     * has {@code test-data}.
     */
    public static Optional<Path> root() {
        Optional<String> named = setting("fathom.root", "FATHOM_ROOT");
        if (named.isPresent()) {
            return named.map(Path::of);
        }
        for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
            if (Files.isDirectory(p.resolve("test-data"))) {
                return Optional.of(p);
            }
        }
        return Optional.empty();
    }

    /**
     * The folder of the project's pages.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static Path docs() {
        Path docs = root().map(root -> root.resolve("docs")).orElse(Path.of("docs"));
        if (!Files.isDirectory(docs)) {
            throw new IllegalArgumentException("there is no folder " + docs.toAbsolutePath()
                    + " to store pages in; run this in Fathom's source tree, or name it with -Dfathom.root=");
        }
        return docs;
    }

    /** A property, or else a variable of the environment; one that is blank counts as unset. */
    static Optional<String> setting(@Nullable String property, @Nullable String variable) {
        String set = property == null ? null : System.getProperty(property);
        String value = set == null && variable != null ? System.getenv(variable) : set;
        return Optional.ofNullable(value).filter(v -> !v.isBlank());
    }
}
