package dev.fathom.cli;

import dev.fathom.experiments.data.ZooModel;
import dev.fathom.io.AtomicFile;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Collectors;

/** The page of the models that {@code ./fathom model} knows. */
final class ZooPage {
    private static final String INTRODUCTION = """
            # Pretrained models

            `./fathom model` lists models that others publish, and `./fathom model NAME` fetches one from its publisher's address into the cache folder, goes on after
            a cut, and keeps nothing that has not the sha256 of the list. Nothing is fetched unless this command is called. Without a network, a copy serves: the
            folder that `FATHOM_DATA` names, or one named by `--from`, whose files are held to the same sums. Files that were made here of published weights have no
            address, and come from such a folder only. `./fathom run` runs those of ONNX, and `./fathom inspect` shows what a file holds.

            "Measured" tells what a test or a stored run of this project says of a model. `./fathom docs` makes this page of the list that the command reads.

            | name | what it is | size | license | measured | to load it from `folder` | origin |
            | --- | --- | --- | --- | --- | --- | --- |
            """;

    private ZooPage() {}

    /** The page in Markdown. */
    static String text() {
        return INTRODUCTION
                + ZooModel.all().stream()
                        .map(m -> "| `" + m.name() + "` | "
                                + String.join(
                                        " | ",
                                        m.what(),
                                        Fetched.size(m.bytes()),
                                        m.license(),
                                        m.measured(),
                                        "`" + m.load() + "`",
                                        origin(m))
                                + " |\n")
                        .collect(Collectors.joining());
    }

    /** The repositories of the files. */
    private static String origin(ZooModel model) {
        String where = model.files().stream()
                .map(ZooModel.Part::address)
                .filter(Objects::nonNull)
                .map(URI::getPath)
                .map(path -> path.split("/", 4))
                .map(parts ->
                        "[" + parts[1] + "/" + parts[2] + "](https://github.com/" + parts[1] + "/" + parts[2] + ")")
                .distinct()
                .collect(Collectors.joining(", "));
        boolean made = model.files().stream().anyMatch(f -> f.address() == null);
        return made ? "made here" + (where.isEmpty() ? "" : " of " + where) : where;
    }

    static void write(Path file) {
        AtomicFile.write(file, out -> out.write(text().getBytes(StandardCharsets.UTF_8)));
    }
}
