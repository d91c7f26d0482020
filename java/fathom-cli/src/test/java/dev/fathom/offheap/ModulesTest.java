package dev.fathom.offheap;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A leak is reported at the first line outside the library, and the library is several modules. */
class ModulesTest {
    @Test
    void theClassesOfAllModulesAreTheLibrarys() throws Exception {
        Path java = Path.of(System.getProperty("fathom.root"), "java");
        for (String module : List.of(
                "fathom",
                "fathom-tables",
                "fathom-files",
                "fathom-text",
                "fathom-media",
                "fathom-learn",
                "fathom-nets",
                "fathom-serve")) {
            Path classes = java.resolve(module).resolve("target/classes");
            List<Path> files;
            try (Stream<Path> all = Files.walk(classes)) {
                files = all.filter(f -> f.toString().endsWith(".class"))
                        .filter(f -> !f.getFileName().toString().contains("-info"))
                        .toList();
            }
            assertThat(files).isNotEmpty();
            for (Path file : files) {
                String name =
                        classes.relativize(file).toString().replace('/', '.').replace(".class", "");
                Class<?> type = Class.forName(name, false, getClass().getClassLoader());
                assertThat(OffHeap.ofLibrary(type)).as(name).isTrue();
            }
        }
        assertThat(OffHeap.ofLibrary(dev.fathom.cli.Main.class)).isFalse();
    }
}
