package dev.fathom.experiments.book;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.cli.CommandLineRun;
import dev.fathom.experiments.Browser;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.StoredRun;
import dev.fathom.labs.Labs;
import dev.fathom.labs.representation.PerceptronLab;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
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

    @Test
    void everyChapterHasExercises() throws IOException {
        for (Chapter chapter : Chapter.ALL) {
            List<Exercise> exercises = Exercise.all(ROOT, chapter);
            assertThat(exercises).as(chapter.file()).hasSizeGreaterThanOrEqualTo(2);
            assertThat(read(chapter.file()))
                    .contains("<section id=\"exercises\">", exercises.get(0).title());
        }
        assertThat(Exercise.all(ROOT, Chapter.ALL.get(0)).get(2)).satisfies(steps -> {
            assertThat(steps.solution()).startsWith("48,000 / 128 = 375, ").endsWith("128 images too.");
            assertThat(steps.printed()).isEqualTo("375 128\n");
        });
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
                .contains("functions of 4 inputs learned</th>", "data:image/png;base64,")
                .contains("<b>A short run</b>The pictures below come from a part of the data and few epochs.")
                .contains("<figcaption>Wrong answers in each epoch</figcaption>")
                .contains("PerceptronLab.java, ", "PerceptronRule.java, ", "record PerceptronRule");
    }

    @Test
    void theNetworkOfEveryLabIsDrawn() {
        assertThat(Labs.ALL)
                .allSatisfy(lab -> assertThat(lab.net().map(Object::toString))
                        .as(lab.name())
                        .hasValueSatisfying(net -> assertThat(net).contains("input", "output", "parameters")));
    }

    @Test
    void aLabWithManyMissedBandsTellsFew() throws IOException {
        assertThat(read("recurrence.html")).containsPattern("MAE, [^;<]+ is expected; and \\d+ others\\.</p>");
        for (Path page : pages()) {
            assertThat(Pattern.compile("<b>Fathom measured</b>([^<]*)")
                            .matcher(Files.readString(page))
                            .results())
                    .allSatisfy(note -> assertThat(note.group(1)).hasSizeLessThan(700));
        }
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
    @ValueSource(ints = {390, 1280})
    void everyPageFitsTheWindow(int width) throws Exception {
        Path[] pages = pages().toArray(Path[]::new);
        String said = Browser.found(temp).judge(width, pages);
        assertThat(said).doesNotContain("CONSOLE").containsPattern("images=[1-9]");
        assertThat(Pattern.compile("broken=0 hidden=0 unnamed=0 overflow=0 cut=\\d+ unseen=0 outside=0 done")
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
                .containsPattern("perceptron: fallen</th><td[^>]*>3\u00a0%</td><td>4 to 5</td>"
                        + "<td><b class=\"bad\">missed by 1</b></td><td>published</td>")
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
            assertThat(pages())
                    .extracting(p -> p.getFileName().toString())
                    .containsExactly("claims.html", "index.html", "units.html");
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

    /** Figures of a full run are those of a commit, and two queues would spoil each other's times. */
    @Test
    void fullRunsAreOfACleanCommitAndAlone() throws Exception {
        Path root = Files.createDirectories(temp.resolve("queue"));
        Files.createDirectories(root.resolve("docs"));
        Files.writeString(Files.createDirectories(root.resolve("java")).resolve("A.java"), "class A {}");
        for (String git : List.of("init -q", "add .", "-c user.name=A -c user.email=a@b.c commit -q -m A")) {
            List<String> command = new ArrayList<>(List.of("git", "-C", root.toString()));
            command.addAll(List.of(git.split(" ")));
            assertThat(new ProcessBuilder(command).start().waitFor()).isZero();
        }
        String[] full = {
            "book",
            "--run",
            "full",
            "--only",
            "perceptron",
            "--out",
            temp.resolve("full").toString(),
            "--runs",
            temp.resolve("fullruns").toString()
        };
        Files.createDirectories(temp.resolve("fullruns"));
        try (var other = FileChannel.open(
                        temp.resolve("fullruns/book.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = other.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertThat(CommandLineRun.in(root, full).err())
                    .contains("another ./fathom book --run full is under way in");
        }
        Files.writeString(root.resolve("java/B.java"), "class B {}");
        assertThat(CommandLineRun.in(root, full).err()).contains("the sources were changed after the last one");
    }

    private static StoredRun seeded(double value, double seconds) {
        Figure figure = Figure.of("a", "%", value).baseline(value, "b");
        return new StoredRun("xor", "data", "day", "commit", "machine", 7, seconds, List.of(figure));
    }

    @Test
    void theMeanOfSeedsHasAnInterval() {
        List<StoredRun> runs = List.of(seeded(1, 10), seeded(2, 10), seeded(6, 10));
        StoredRun mean = StoredRun.mean(runs);
        // scipy.stats.t.interval(0.95, 2, loc=3, scale=scipy.stats.sem([1, 2, 6]))
        assertThat(mean.figures()).singleElement().satisfies(f -> {
            assertThat(f.measured()).isEqualTo(3);
            assertThat(f.baseline()).isEqualTo(3);
            assertThat(f.interval().low()).isCloseTo(-3.572411, within(2e-3));
            assertThat(f.interval().high()).isCloseTo(9.572411, within(2e-3));
        });
        assertThat(mean.data()).isEqualTo("data; means over 3 seeds from 7 on");
        assertThat(mean.seconds()).isEqualTo(30);
        assertThat(StoredRun.mean(List.of(seeded(1, 10), seeded(2, 0))).seconds())
                .as("one of the runs was on a busy machine")
                .isZero();
        assertThatThrownBy(() -> StoredRun.mean(runs.subList(0, 1))).hasMessageContaining("give 2 to 10");
    }

    @Test
    void aLabRunsFromSeveralSeeds() throws IOException {
        Path folder = temp.resolve("seeds");
        String[] lab = {"lab", "perceptron", "--short", "--seeds", "2", "--out", folder.toString()};
        CommandLineRun run = CommandLineRun.of(lab);
        assertThat(run.err()).isEmpty();
        assertThat(StoredRun.read(folder.resolve("short.json")).data()).endsWith("means over 2 seeds from 1 on");
        assertThat(Files.readString(folder.resolve("report.html"))).contains("2 seeds", "seed-2/report.html");
        var seeds = dev.fathom.experiments.pages.FinishedRun.read(folder, "perceptron")
                .orElseThrow();
        assertThat(StoredPicture.chosen(seeds, "planes.png")).isZero();
        assertThat(StoredPicture.chosen(seeds, "mistakes.png")).isEqualTo(1);
        assertThat(CommandLineRun.of(Stream.concat(Stream.of(lab), Stream.of("--resume"))
                                .toArray(String[]::new))
                        .out())
                .doesNotContain("All of it on one page");
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
        var run = dev.fathom.experiments.pages.FinishedRun.read(temp.resolve("runs/lab-short/perceptron"), "perceptron")
                .orElseThrow();
        assertThat(StoredPicture.store(run, new PerceptronLab().words(), pictures))
                .contains(pictures.resolve("perceptron-short.png"));
        assertThat(StoredPicture.read(pictures, "perceptron"))
                .singleElement()
                .satisfies(p -> assertThat(p.alt()).isEqualTo("A picture of a short run of lab perceptron"));
        assertThat(StoredPicture.read(pictures, "xor")).isEmpty();
    }
}
