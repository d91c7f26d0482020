package dev.fathom.experiments.book;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The source of a lab: its class, and those of its package that it is made of. */
final class LabCode {
    private static final String SOURCES = "java/fathom-labs/src/main/java";

    private LabCode() {}

    /**
     * The text of each file by its path in the project: the file of {@code lab} first, then the files of the same
     * package whose classes are mentioned in a file before. It is empty where the project has no sources.
     *
     * @throws UncheckedIOException if a file cannot be read
     */
    static Map<String, String> of(Class<?> lab, Path root) {
        Path folder = root.resolve(SOURCES).resolve(lab.getPackageName().replace('.', '/'));
        Map<String, String> code = new LinkedHashMap<>();
        if (!Files.isDirectory(folder)) {
            return code;
        }
        try (Stream<Path> list = Files.list(folder)) {
            List<String> names = list.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".java"))
                    .map(file -> file.substring(0, file.length() - ".java".length()))
                    .sorted()
                    .toList();
            String first =
                    lab.getName().substring(lab.getPackageName().length() + 1).replaceFirst("\\$.*", "");
            Deque<String> open = new ArrayDeque<>(List.of(first));
            Set<String> seen = new HashSet<>(open);
            while (!open.isEmpty()) {
                Path file = folder.resolve(open.remove() + ".java");
                String text = Files.readString(file);
                code.put(root.relativize(file).toString().replace('\\', '/'), text);
                Set<String> words = new HashSet<>(List.of(text.split("\\W+")));
                names.stream().filter(words::contains).filter(seen::add).forEach(open::add);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the sources in " + folder, e);
        }
        return code;
    }
}
