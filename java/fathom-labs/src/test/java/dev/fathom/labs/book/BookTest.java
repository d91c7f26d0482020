package dev.fathom.labs.book;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fathom.labs.Browser;
import dev.fathom.labs.CommandLineRun;
import dev.fathom.labs.commands.Labs;
import dev.fathom.labs.pages.Figure;
import dev.fathom.labs.pages.StoredRun;
import dev.fathom.labs.representation.PerceptronLab;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code fathom book}: its chapters, its verdicts, and the whole site in a browser. */
class BookTest {
    private static final Path ROOT = Path.of(System.getProperty("fathom.root"));
    private static final Pattern LINK = Pattern.compile("href=\"\\./([^\"#]+)(?:#([^\"]+))?\"");

    @TempDir
    static Path temp;

    static Path site;
    static CommandLineRun made;

    @BeforeAll
    static void book() {
        site = temp.resolve("site");
        CommandLineRun run = command("--run", "short", "--only", "perceptron");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        made = command();
        assertThat(made.err()).isEmpty();
        assertThat(made.code()).isZero();
    }

    private static CommandLineRun command(String... options) {
        return CommandLineRun.of(Stream.concat(
                        Stream.of(
                                "book",
                                "--out",
                                site.toString(),
                                "--runs",
                                temp.resolve("runs").toString()),
                        Stream.of(options))
                .toArray(String[]::new));
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> files = Files.list(site)) {
            return files.sorted().toList();
        }
    }

    private static String read(String page) throws IOException {
        return Files.readString(site.resolve(page));
    }

    @Test
    void everyLabIsInOneChapter() {
        assertThat(Chapter.ALL.stream().flatMap(c -> c.labs().stream()))
                .as("each lab of Labs has its row in Chapter, with what the course claims")
                .containsExactlyInAnyOrderElementsOf(Labs.shown().keySet());
        assertThat(Chapter.ALL).extracting(Chapter::file).doesNotHaveDuplicates();
    }

    /** The number at the top is counted again here, from the files. */
    @Test
    void theTopCountsPublishedAndExactResults() throws IOException {
        long reached = 0;
        long missed = 0;
        for (StoredRun run :
                StoredRun.all(Labs.shown().keySet(), ROOT.resolve("docs/labs")).values()) {
            for (Figure f : run.figures()) {
                if (f.kind() == Figure.Kind.PUBLISHED || f.kind() == Figure.Kind.EXACT) {
                    reached += f.verdict() == Figure.Verdict.REACHED ? 1 : 0;
                    missed += f.verdict() == Figure.Verdict.MISSED ? 1 : 0;
                }
            }
        }
        assertThat(reached).isPositive();
        assertThat(read("index.html"))
                .contains("<dt>Published and exact results reached</dt><dd class=\"value\">" + reached + " of "
                        + (reached + missed) + "</dd>");
    }

    @Test
    void aLabHasItsClaimFiguresPicturesAndCode() throws IOException {
        assertThat(read("units.html"))
                .contains("<b>The course claims</b>A unit divides the plane by a line.")
                .contains("functions of 4 inputs learned</th>", "Pictures of a short run", "data:image/png;base64,")
                .contains("<figcaption>Wrong answers in each epoch</figcaption>")
                .contains("PerceptronLab.java, ", "PerceptronRule.java, ", "record PerceptronRule");
    }

    @Test
    void everyLinkLeadsSomewhere() throws IOException {
        int links = 0;
        for (Path page : pages()) {
            var matcher = LINK.matcher(Files.readString(page));
            while (matcher.find()) {
                links++;
                Path target = site.resolve(matcher.group(1));
                assertThat(target).exists();
                if (matcher.group(2) != null) {
                    assertThat(Files.readString(target)).contains("<section id=\"" + matcher.group(2) + "\">");
                }
            }
        }
        assertThat(links).isGreaterThan(Labs.ALL.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {360, 1280})
    void everyPageFitsTheWindow(int width) throws Exception {
        Path[] pages = pages().toArray(Path[]::new);
        String said = Browser.found(temp).judge(width, pages);
        assertThat(said).doesNotContain("CONSOLE").containsPattern("images=[1-9]");
        assertThat(Pattern.compile("broken=0 hidden=0 unnamed=0 overflow=0 cut=\\d+ outside=0 done")
                        .matcher(said)
                        .results())
                .hasSize(pages.length);
    }

    private static Figure banded(String name, String unit, double measured, Figure.Kind kind, double low) {
        return new Figure(name, unit, measured, null, null, "", "", "", kind, new Figure.Range(low, low + 1));
    }

    @Test
    void aMissedBandIsShownAsMissed() throws IOException {
        StoredRun run = new StoredRun(
                "perceptron",
                "Truth tables",
                "2026-11-22",
                "0123456789ab",
                "a machine",
                1,
                2,
                List.of(
                        Figure.of("free", "", 1),
                        banded("held", "", 2, Figure.Kind.EXACT, 1),
                        banded("fallen", "%", 3, Figure.Kind.PUBLISHED, 4),
                        banded("works", "", 2, Figure.Kind.SANITY, 1)));
        Path folder = temp.resolve("missed");
        new Book(
                        Map.of("perceptron", new PerceptronLab()),
                        Map.of("perceptron", run),
                        List.of(),
                        temp.resolve("none"),
                        temp,
                        Map.of("perceptron", "it was <stopped>"))
                .write(folder);
        assertThat(Files.readString(folder.resolve("index.html")))
                .contains("<dd class=\"value\">1 of 2</dd>", "1 missed, listed below")
                .containsPattern("perceptron</th><td>fallen</td><td[^>]*>3\u00a0%</td><td>4 to 5</td><td>published</td>"
                        + "<td><b class=\"bad\">missed by 1</b>")
                .contains("The run of lab perceptron failed: it was &lt;stopped&gt;");
        assertThat(Files.readString(folder.resolve("units.html")))
                .contains("Outside their bands: fallen, 3 % where 4 to 5 is expected.")
                .containsSubsequence("fallen</th>", "held</th>", "free</th>")
                .contains("There are no pictures yet");
        assertThat(folder.resolve("losses.html")).doesNotExist();
    }

    @Test
    void whatIsFinishedIsNotRunAgain() throws IOException {
        Path page = temp.resolve("runs/lab-short/perceptron/report.html");
        var before = Files.getLastModifiedTime(page);
        Path kept = site;
        try {
            site = temp.resolve("again");
            CommandLineRun run = command("--run", "short", "--only", "perceptron", "--resume");
            assertThat(run.code()).isZero();
            assertThat(run.out()).startsWith("Lab perceptron has been run.\n");
            assertThat(Files.getLastModifiedTime(page)).isEqualTo(before);
            assertThat(pages()).extracting(p -> p.getFileName().toString()).containsExactly("index.html", "units.html");
        } finally {
            site = kept;
        }
    }

    @Test
    void aRunThatFailsIsToldAndTheBookIsMade() throws IOException {
        Path folder = temp.resolve("failed");
        Path docs = Files.createDirectories(temp.resolve("project/docs")).getParent();
        CommandLineRun run = CommandLineRun.in(
                docs,
                "book",
                "--run",
                "short",
                "--only",
                "mnist,perceptron",
                "--out",
                folder.toString(),
                "--runs",
                temp.resolve("failedruns").toString());
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).hasLineCount(1).startsWith("fathom book: lab mnist: ");
        assertThat(Files.readString(folder.resolve("index.html"))).contains("The run of lab mnist failed: ");
        assertThat(Files.readString(folder.resolve("units.html")))
                .contains("No full run is stored yet", "These are the figures of a short run");
    }

    @Test
    void wrongOptionsGetOneLine() {
        assertThat(command("--only", "imagenet").err())
                .isEqualTo("fathom book: --only imagenet: there is no such lab; ./fathom lab --list shows the names"
                        + " (./fathom book --help lists the options)\n");
        assertThat(command("--resume").err())
                .startsWith("fathom book: --resume goes on with runs; add --run short or --run full");
        assertThat(command("--run", "quick").code()).isEqualTo(2);
    }

    @Test
    void aStoredPictureStandsWhereThereIsNoRun() throws IOException {
        Path pictures = temp.resolve("pictures");
        var run = dev.fathom.labs.pages.FinishedRun.read(temp.resolve("runs/lab-short/perceptron"), "perceptron")
                .orElseThrow();
        assertThat(StoredPicture.store(run, pictures)).contains(pictures.resolve("perceptron-short.png"));
        assertThat(StoredPicture.read(pictures, "perceptron"))
                .singleElement()
                .satisfies(p -> assertThat(p.alt()).isEqualTo("First picture of a short run of lab perceptron"));
        assertThat(StoredPicture.read(pictures, "xor")).isEmpty();
    }
}
