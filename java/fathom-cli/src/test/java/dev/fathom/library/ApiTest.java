package dev.fathom.library;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What users may call is written down in {@code docs/api}, a file for each module, so that nobody changes it without
 * seeing it.
 */
class ApiTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));
    private static final List<Path> MODULES = Stream.of(
                    "fathom",
                    "fathom-tables",
                    "fathom-files",
                    "fathom-text",
                    "fathom-media",
                    "fathom-learn",
                    "fathom-nets",
                    "fathom-onnx",
                    "fathom-serve",
                    "fathom-view")
            .map(ROOT.resolve("java")::resolve)
            .toList();

    static List<Path> modules() {
        return MODULES;
    }

    @ParameterizedTest
    @MethodSource("modules")
    void theApiIsTheOneWrittenDown(Path module) throws Exception {
        Path file = ROOT.resolve("docs/api").resolve(module.getFileName() + ".txt");
        List<String> now = PublicApi.of(MODULES).lines(module);
        if (Boolean.getBoolean("fathom.api.write")) {
            Files.createDirectories(file.getParent());
            Files.write(file, now);
        }
        List<String> changes = difference(Files.readAllLines(file), now);
        assertThat(changes)
                .withFailMessage(() -> "The public API is not the one in docs/api/" + file.getFileName() + ":\n"
                        + String.join("\n", changes)
                        + "\nIf this is meant, write it down with\n"
                        + "  mvn -o -q test -pl java/fathom-cli -am -Dtest=ApiTest -Dfathom.api.write=true\n"
                        + "and say in CHANGELOG.md what users must change.")
                .isEmpty();
    }

    /** The lines that went and the lines that came, in the order of the file. */
    private static List<String> difference(List<String> before, List<String> now) {
        List<String> lines = new ArrayList<>();
        before.stream().filter(l -> !now.contains(l)).forEach(l -> lines.add("- " + l));
        now.stream().filter(l -> !before.contains(l)).forEach(l -> lines.add("+ " + l));
        lines.sort((a, b) -> a.substring(2).compareTo(b.substring(2)));
        return lines;
    }

    @Test
    void aChangeIsShownByItsLines() {
        assertThat(difference(List.of("a.B.c(): int", "a.B.e(): int"), List.of("a.B.c(): long", "a.B.e(): int")))
                .containsExactly("- a.B.c(): int", "+ a.B.c(): long");
        assertThat(difference(List.of("a"), List.of("a"))).isEmpty();
    }

    /** Each kind of line, so that the tool cannot lose a part of the API unseen. */
    @Test
    void theToolSeesTypesMembersAndGenerics() throws Exception {
        PublicApi api = PublicApi.of(MODULES);
        List<String> lines = new ArrayList<>(api.lines(MODULES.get(0)));
        lines.addAll(api.lines(MODULES.get(MODULES.size() - 1)));
        assertThat(lines)
                .doesNotHaveDuplicates()
                .contains("dev.fathom.nn.Layer: interface of dev.fathom.nn.Net")
                .contains("dev.fathom.optim.Adam.new(float)")
                .contains("dev.fathom.optim.Adam.beta1(): float")
                .contains("dev.fathom.view.ProgressBar.new()")
                .anyMatch(l -> l.matches(
                        "dev\\.fathom\\.nn\\.Model\\.of\\(M, long\\): static <M extends dev\\.fathom\\.nn\\.Net> "
                                + "dev\\.fathom\\.nn\\.Model<M>"))
                .anyMatch(l -> l.matches(".*\\.Tensor\\.zeros\\(int\\.\\.\\.\\): static .*\\.Tensor"))
                .anyMatch(l -> l.matches(".*\\.PadMode\\.REFLECT: static .*\\.PadMode"))
                .noneMatch(l -> l.contains(".hashCode()") || l.contains(".valueOf(") || l.contains("$"));
    }
}
