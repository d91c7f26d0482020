package dev.fathom.experiments.data;

import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.NamedCsvRecord;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A pretrained model that others publish: a row of {@code models.csv}, and those of its files in
 * {@code model-files.csv}.
 *
 * @param name on the command line
 * @param folder of its files, within {@code FATHOM_DATA} or the cache folder
 * @param what it is
 * @param license of the weights
 * @param measured what a test or a stored run of this project says of it; may be empty
 * @param load Java that reads it from {@code folder}
 */
public record ZooModel(
        String name, String folder, String what, String license, String measured, String load, List<Part> files) {
    /**
     * A file of a model.
     *
     * @param path within its folder
     * @param address where its publisher has it, or null where it was made of what they publish
     */
    public record Part(
            String path, Download.Content content, @Nullable URI address) {}

    /** All of them, in the order of the list. */
    public static List<ZooModel> all() {
        Map<String, List<Part>> files = new LinkedHashMap<>();
        for (NamedCsvRecord row : rows("model-files.csv")) {
            String address = row.getField("address");
            files.computeIfAbsent(row.getField("model"), model -> new ArrayList<>())
                    .add(new Part(
                            row.getField("file"),
                            Download.Content.ofFile(
                                    Long.parseLong(row.getField("bytes")), "SHA-256", row.getField("sha256")),
                            address.isEmpty() ? null : URI.create(address)));
        }
        return rows("models.csv").stream()
                .map(row -> new ZooModel(
                        row.getField("name"),
                        row.getField("folder"),
                        row.getField("what"),
                        row.getField("license"),
                        row.getField("measured"),
                        row.getField("load"),
                        List.copyOf(files.getOrDefault(row.getField("name"), List.of()))))
                .toList();
    }

    /** The rows of a list beside this class. */
    static List<NamedCsvRecord> rows(String resource) {
        try (Reader text = new InputStreamReader(
                        Objects.requireNonNull(ZooModel.class.getResourceAsStream(resource)), StandardCharsets.UTF_8);
                CsvReader<NamedCsvRecord> csv = CsvReader.builder().ofNamedCsvRecord(text)) {
            return csv.stream().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + resource, e);
        }
    }

    /** The bytes of its files. */
    public long bytes() {
        return files.stream().mapToLong(f -> f.content().bytes()).sum();
    }

    /**
     * The first folder that has all of its files as they are known: in {@code FATHOM_DATA}, then in the cache folder.
     */
    public Optional<Path> place() {
        return ImageSet.places(folder).stream()
                .filter(place -> files.stream().allMatch(f -> f.content().isIn(place.resolve(f.path()))))
                .findFirst();
    }

    /** Where {@code ./fathom model} puts it. */
    public Path cache() {
        List<Path> places = ImageSet.places(folder);
        return places.get(places.size() - 1);
    }
}
