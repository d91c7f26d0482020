package dev.fathom.catalogue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** All pages of docs/catalogue. */
public final class Catalogue {
    private Catalogue() {}

    static List<CataloguePage> families() {
        return List.of(
                CataloguePage.of("activations", Curves.activations()),
                CataloguePage.of("layers", Map.of()),
                CataloguePage.of("losses", Curves.losses()),
                CataloguePage.of("penalties", Curves.penalties()),
                CataloguePage.of("optimizers", Curves.optimizers()),
                CataloguePage.of("schedules", Curves.schedules()),
                CataloguePage.of("assessment", Map.of()),
                CataloguePage.of("learners", Map.of()));
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
