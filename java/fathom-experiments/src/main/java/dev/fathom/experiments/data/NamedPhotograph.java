package dev.fathom.experiments.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a program says of one of the textbook's photographs (An Introduction to Statistical Learning).
 *
 * @param file of the photograph
 * @param content what it shows
 * @param network that the program ran
 * @param label the number of the class
 * @param probability of the class
 */
public record NamedPhotograph(String file, String content, String network, int label, double probability) {
    private static NamedPhotograph of(Path file, String text) {
        try {
            String[] cells = text.split("\t");
            int label = Objects.checkIndex(Integer.parseInt(cells[4]), 1000);
            return new NamedPhotograph(cells[0], cells[1], cells[2], label, Double.parseDouble(cells[6]));
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException(
                    file + " has a line that is none of file, content, model, rank, class_index, "
                            + "class_name, probability: " + text.substring(0, Math.min(60, text.length())),
                    e);
        }
    }

    /**
     * Where the photographs are.
     *
     * @throws IllegalArgumentException if they are nowhere, with what to do
     */
    public static Path folder() {
        List<Path> places = ImageSet.places("islr/book_images");
        return places.stream()
                .filter(place -> Files.isRegularFile(place.resolve("expected.tsv")))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "there is no " + places.get(0).resolve("expected.tsv")
                                + "; put the textbook's photographs there, or name their folder with --data"));
    }

    /**
     * What is said of each photograph of a folder, by the file of the photograph.
     *
     * @throws IllegalArgumentException if the list is missing or damaged
     */
    public static Map<String, List<NamedPhotograph>> read(Path folder) {
        Path file = folder.resolve("expected.tsv");
        try (Stream<String> lines = Files.lines(file)) {
            Map<String, List<NamedPhotograph>> all = lines.skip(1)
                    .map(text -> NamedPhotograph.of(file, text))
                    .collect(Collectors.groupingBy(NamedPhotograph::file, LinkedHashMap::new, Collectors.toList()));
            if (all.isEmpty()) {
                throw new IllegalArgumentException(file + " names no photographs; replace it");
            }
            return all;
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    file + " cannot be read; name the folder of the textbook's photographs with --data", e);
        }
    }
}
