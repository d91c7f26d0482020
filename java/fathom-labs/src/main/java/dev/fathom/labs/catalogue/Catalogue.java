package dev.fathom.labs.catalogue;

import java.nio.file.Path;
import java.util.List;

/** All pages of docs/catalogue. */
public final class Catalogue {
    private Catalogue() {}

    static List<CataloguePage> families() {
        return List.of(
                Activations.family(),
                Layers.family(),
                Losses.family(),
                Penalties.family(),
                Optimizers.family(),
                Schedules.family(),
                Assessment.family(),
                Learners.family());
    }

    /**
     * Writes all pages and their pictures into {@code folder}.
     *
     * @return the names of the pages
     */
    public static List<String> write(Path folder) {
        List<CataloguePage> families = families();
        families.forEach(f -> f.write(folder));
        return families.stream().map(f -> f.file() + ".md").toList();
    }
}
