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
    private static final String LIST = "expected.tsv";
    /** Where they are. */
    public static final DataSet SET = DataSet.of(
            "islr/book_images",
            List.of(LIST),
            "put the textbook's photographs there, or name their folder with --data",
            "BSD-3-Clause (ISLP)",
            NamedPhotograph::standIn);

    /** Two drawn pictures, of which nothing in particular is said. */
    private static void standIn(Path folder) {
        StringBuilder text = new StringBuilder("file\tcontent\tmodel\trank\tclass_index\tclass_name\tprobability\n");
        for (String name : List.of("flamingo", "kitty")) {
            StandIn.picture(folder.resolve(name + ".jpg"), 400, 300);
            for (int rank = 1; rank <= 3; rank++) {
                text.append(name + ".jpg\ta drawn picture\tsqueezenet1_1\t" + rank + "\t" + rank + "\tclass " + rank
                        + "\t0.001\n");
            }
        }
        StandIn.text(folder.resolve(LIST), text.toString());
    }

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
     * Where the photographs, or their stand-ins, are.
     *
     * @throws IllegalArgumentException if they are nowhere, with what to do
     */
    public static Path folder() {
        return SET.found()
                .orElseThrow(() -> new IllegalArgumentException(
                        "there is no " + ImageSet.places(SET.name()).get(0).resolve(LIST) + "; " + SET.origin()));
    }

    /**
     * What is said of each photograph of a folder, by the file of the photograph.
     *
     * @throws IllegalArgumentException if the list is missing or damaged
     */
    public static Map<String, List<NamedPhotograph>> read(Path folder) {
        Path file = folder.resolve(LIST);
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
