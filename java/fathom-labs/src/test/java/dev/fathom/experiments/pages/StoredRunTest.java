package dev.fathom.experiments.pages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.experiments.Experiment;
import dev.fathom.labs.Labs;
import dev.fathom.view.Animation;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Figures, the files that keep them, and docs/labs.md, which is made of these files. */
class StoredRunTest {
    private static final Path DOCS = Path.of(System.getProperty("fathom.root"), "docs");

    private static final StoredRun RUN = new StoredRun(
            "coin",
            "1,000 throws",
            "2026-11-21",
            "0123456789ab",
            "a machine",
            7,
            12.34,
            List.of(
                    Figure.of("heads | tails", "%", 50.25)
                            .interval(47.1, 53.4)
                            .published("50 %", "Bernoulli")
                            .expected(Figure.Kind.PUBLISHED, new Figure.Range(49, 51)),
                    Figure.of("edge", "", 0),
                    Figure.of("tails", "%", 42)
                            .baseline(50, "chance")
                            .expected(Figure.Kind.BASELINE, new Figure.Range(49, Double.POSITIVE_INFINITY))));

    @TempDir
    Path temp;

    @Test
    void whatIsWrittenIsRead() {
        Path file = temp.resolve("coin.json");
        RUN.write(file);
        StoredRun read = StoredRun.read(file);
        assertThat(read.figures()).isEqualTo(RUN.figures());
        assertThat(read.seconds()).isEqualTo(12.3);
        assertThat(List.of(read.lab(), read.data(), read.date(), read.commit(), read.machine(), read.seed()))
                .isEqualTo(List.of("coin", "1,000 throws", "2026-11-21", "0123456789ab", "a machine", 7L));
    }

    @Test
    void aFigureStandsToItsBand() {
        assertThat(RUN.figures())
                .extracting(Figure::verdict)
                .containsExactly(Figure.Verdict.REACHED, Figure.Verdict.NONE, Figure.Verdict.MISSED);
        assertThat(banded(49, 49, 51).verdict()).isEqualTo(Figure.Verdict.REACHED);
        assertThat(banded(0.1 * 3, 0, 0.3).verdict()).as("0.30000000000000004").isEqualTo(Figure.Verdict.REACHED);
        assertThat(Figure.of("x", "steps", 4080).value()).isEqualTo("4,080 steps");
        assertThat(Figure.of("x", "%", 99.5).value()).isEqualTo("99.5 %");
        assertThat(Figure.of("x", "", 2.302585).value()).isEqualTo("2.3026");
        assertThat(Figure.of("x", "", 1.5e-9).value()).isEqualTo("1.50e-09");
        assertThatThrownBy(() -> Figure.of("x", "", Double.NaN))
                .hasMessage("figure: x is NaN; leave out what was not measured");
        assertThatThrownBy(() -> banded(1, 2, 1)).hasMessage("figure: a range of 2.0 to 1.0; give the lower end first");
    }

    private static Figure banded(double measured, double low, double high) {
        return Figure.of("x", "", measured).expected(Figure.Kind.EXACT, new Figure.Range(low, high));
    }

    /** The two ends of a band can be told apart, and the number between them has as many digits. */
    @Test
    void narrowBandsHaveEnoughDigits() {
        Figure r2 = banded(0.18026288, 0.1802628784 - 1e-6, 0.1802628784 + 1e-6);
        assertThat(r2.expected()).isEqualTo("0.180262 to 0.180264");
        assertThat(r2.value()).isEqualTo("0.180263");
        Figure error = banded(259.71526, 259.7153 - 1e-3, 259.7153 + 1e-3);
        assertThat(error.expected()).isEqualTo("259.714 to 259.716");
        assertThat(error.value()).isEqualTo("259.715");
        assertThat(new Figure.Range(-226.675, -226.665).words(-226.67)).isEqualTo("-226.675 to -226.665");
        assertThat(new Figure.Range(98.87, 99.25).words(99)).isEqualTo("98.87 to 99.25");
        assertThat(new Figure.Range(20, 20).words(20)).isEqualTo("20");
        assertThat(new Figure.Range(1e-5, 1e-5 + 1e-9).words(1e-5)).isEqualTo("0.0000100000 to 0.0000100010");
        assertThat(new Figure.Range(12_345_678, 12_345_679).words(12_345_678)).isEqualTo("12,345,678 to 12,345,679");
        assertThat(banded(1, 0.9, Double.POSITIVE_INFINITY).value()).isEqualTo("1");
    }

    @Test
    void aDamagedFileIsASentence() throws IOException {
        Path file = temp.resolve("coin.json");
        RUN.write(file);
        String good = Files.readString(file);
        for (String bad : List.of(
                "",
                "[]",
                "null",
                "{",
                "{\"lab\":\"coin\"}",
                good.substring(0, good.indexOf("[")) + "1}",
                good.replaceFirst("\"interval\": \\{[^}]*}", "\"interval\": 1"),
                good.replace("\"seed\": 7", "\"seed\": \"x\""),
                good.replace("\"measured\": 42.0", "\"measured\": {}"))) {
            Files.writeString(file, bad);
            assertThatThrownBy(() -> StoredRun.read(file))
                    .as(bad)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(file + " is not a stored run")
                    .hasMessageEndingWith("; store it again with ./fathom lab NAME --save");
        }
        Files.writeString(file, good.replace("\"seed\": 7,", ""));
        assertThatThrownBy(() -> StoredRun.read(file))
                .hasMessage(
                        file + " is not a stored run (it has no seed); store it again with ./fathom lab NAME --save");
        Files.writeString(file, good.replace("\"measured\": 42.0", "\"measured\": 52.0"));
        assertThatThrownBy(() -> StoredRun.read(file))
                .hasMessage(file + " is not a stored run (the verdict on tails does not follow from its band); "
                        + "store it again with ./fathom lab NAME --save");
    }

    @Test
    void thePageHasEveryLabAndEveryFigure() throws IOException {
        Map<String, String> labs = new LinkedHashMap<>();
        labs.put("coin", "how fair a coin is");
        labs.put("dice", "how fair dice are");
        RUN.write(temp.resolve("coin.json"));
        assertThat(LabsPage.text(labs, temp))
                .contains("\n| [`coin`](#coin) | how fair a coin is | 2026-11-21 |\n| `dice` | how fair dice are | "
                        + "no stored full run yet |\n")
                .endsWith("""

                        ## coin

                        How fair a coin is.

                        `./fathom lab coin --seed 7`, 2026-11-21, commit `0123456789ab`, 12 s on a machine. 1,000 throws.

                        | figure | measured | 95 % interval | baseline | which is | difference |
                        | --- | --- | --- | --- | --- | --- |
                        | heads \\| tails | 50.25 % | 47.1 to 53.4 |  |  |  |
                        | edge | 0 |  |  |  |  |
                        | tails | 42 % |  | 50 % | chance | -8 |
                        """);
        Files.move(temp.resolve("coin.json"), temp.resolve("dice.json"));
        assertThatThrownBy(() -> LabsPage.text(labs, temp)).hasMessageContaining("dice.json is a run of coin, ");
        assertThat(LabsPage.text(labs, temp.resolve("none"))).doesNotContain("## coin");
    }

    @Test
    void docsLabsIsFresh() throws IOException {
        assertThat(Files.readString(DOCS.resolve("labs.md")))
                .as("docs/labs.md is not what the runs in docs/labs say: ./fathom lab --page makes it anew")
                .isEqualTo(LabsPage.text(Labs.shown(), DOCS.resolve("labs")));
    }

    private static List<StoredRun> stored() {
        return List.copyOf(
                StoredRun.all(Labs.shown().keySet(), DOCS.resolve("labs")).values());
    }

    /** Each miss has a reason of its own, and no reason outlives its miss. */
    @Test
    void everyMissHasItsReason() {
        Map<String, Map<String, String>> reasons = Expectations.misses();
        for (StoredRun run : stored()) {
            assertThat(run.figures().stream()
                            .filter(f -> f.verdict() == Figure.Verdict.MISSED)
                            .map(Figure::name))
                    .as("figures of %s outside of their bands; misses.csv says why", run.lab())
                    .containsExactlyInAnyOrderElementsOf(
                            reasons.getOrDefault(run.lab(), Map.of()).keySet());
        }
        assertThat(reasons.values())
                .allSatisfy(all -> assertThat(all.values())
                        .allSatisfy(
                                why -> assertThat(why).hasSizeGreaterThan(20).endsWith(".")));
        assertThat(stored()).extracting(StoredRun::lab).containsAll(reasons.keySet());
    }

    /** A row that no figure has would be a band that has vanished. */
    @Test
    void everyExpectationIsOfAFigure() {
        for (StoredRun run : stored()) {
            assertThat(Expectations.of(run.lab()).unmet(run.figures()))
                    .as("rows of %s.csv", run.lab())
                    .isSubsetOf(OF_OTHER_RUNS);
        }
    }

    /** Rows of figures that are there in some runs only. */
    private static final List<String> OF_OTHER_RUNS =
            List.of("Critical points, correlation of loss and index"); // where ten or more are found

    /** The bands that a run was held to when it was made may become narrower, and wider with a reason alone. */
    @Test
    void noBandWidensOrVanishesWithoutAReason() {
        for (String lab : Labs.shown().keySet()) {
            Path file = DOCS.resolve("labs").resolve(lab + ".json");
            if (!Files.exists(file)) {
                continue;
            }
            Expectations expected = Expectations.of(lab);
            for (Figure then : StoredRun.read(file).figures()) {
                Figure.Range before = then.band();
                if (before == null || !expected.why(then).isEmpty()) {
                    continue;
                }
                Figure.Range now = expected.judge(then, true).band();
                assertThat(now).as("the band of %s, %s", lab, then.name()).isNotNull();
                double slack = 1e-9 * Math.max(Math.abs(before.low()), Math.abs(before.high()));
                slack = Double.isFinite(slack) ? slack : 1e-9;
                assertThat(now.low()).as("%s, %s", lab, then.name()).isGreaterThanOrEqualTo(before.low() - slack);
                assertThat(now.high()).as("%s, %s", lab, then.name()).isLessThanOrEqualTo(before.high() + slack);
            }
        }
    }

    /**
     * What is held to a value decides whether the claim of the lab held; of optimizers, no band says which is sooner.
     */
    @Test
    void verdictsDecideTheClaims() {
        assertThat(Labs.ALL.stream().filter(lab -> {
                    Words words = lab.words();
                    List<Figure> judged =
                            StoredRun.read(DOCS.resolve("labs").resolve(lab.name() + ".json")).figures().stream()
                                    .filter(f -> f.verdict() != Figure.Verdict.NONE)
                                    .toList();
                    return judged.stream().anyMatch(f -> f.kind() != Figure.Kind.SANITY)
                            && judged.stream().noneMatch(f -> words.decides(f.name()));
                }))
                .extracting(Experiment::name)
                .containsExactly("optimizers");
    }

    /** A page of all kinds of parts, and its pictures as files. */
    @Test
    void aResultIsAPage() throws Exception {
        BufferedImage heads = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB);
        Findings result = new Findings("Lab coin", "1,000 throws", new PrintStream(PrintStream.nullOutputStream()))
                .section("Throws", "A <coin>.")
                .text("It is fair.")
                .table(List.of("side", "throws"), List.of(List.of("heads", "503")))
                .add(new Findings.Series(
                        "over.png", "heads over time", "heads", "throws", Map.of("coin", new double[][] {{1, 2}, {0, 1}
                        })))
                .add(new Findings.Moving(
                        "falling.gif", "a coin falls", () -> new Animation(List.of(heads, heads), 100, 500)))
                .add(new Findings.Link("coin/report.html", "more"))
                .figure(Figure.of("edge", "", 0))
                .key(RUN.figures().get(0));
        assertThat(result.isFinished()).isFalse();
        assertThat(result.finished().isFinished()).isTrue();
        String page = Files.readString(result.write(temp));
        assertThat(page)
                .contains("<dt>heads | tails</dt><dd class=\"value\">50.25 %</dd>")
                .contains("95 % interval 47.1 to 53.4; published 50 % (Bernoulli); expected 49 to 51, reached")
                .contains("A &lt;coin&gt;.", "It is fair.", "503", "./coin/report.html", ">edge</th>")
                .contains("<p>1,000 throws.</p>");
        assertThat(temp.resolve("over.png")).isNotEmptyFile();
        assertThat(page).contains("alt=\"a coin falls\"");
        assertThat(temp.resolve("falling.gif")).isNotEmptyFile();
    }
}
