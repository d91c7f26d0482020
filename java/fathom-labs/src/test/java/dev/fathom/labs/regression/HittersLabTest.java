package dev.fathom.labs.regression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fathom.experiments.data.Hitters;
import dev.fathom.experiments.data.HittersSplit;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.pages.StoredRun;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.LabCall;
import dev.fathom.linear.Lasso;
import dev.fathom.linear.LeastSquares;
import dev.fathom.linear.LeastSquares.Coefficient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The players of the textbook: its splits, its linear models to their last digits, scikit-learn's lasso, and a whole
 * run that reaches every band.
 */
class HittersLabTest {
    private static final Pattern NETWORK = Pattern.compile(
            "Network of the (\\w+) split, 1 of 1: [\\d,]+ epochs, mean absolute error on the test ([\\d.]+)");

    private static final double FLOAT = 1e-4; // salaries are floats

    private static Hitters players;
    private static JsonObject golden;

    @TempDir
    Path temp;

    @BeforeAll
    static void read() throws IOException {
        players = Hitters.read(null).withoutBaselines();
        golden = JsonParser.parseString(Files.readString(
                        Path.of(System.getProperty("fathom.root"), "test-data/goldens/statistics.json")))
                .getAsJsonObject()
                .getAsJsonObject("hitters");
    }

    private static double[] doubles(JsonElement numbers) {
        return numbers.getAsJsonArray().asList().stream()
                .mapToDouble(JsonElement::getAsDouble)
                .toArray();
    }

    @Test
    void theSplitsOfBothEditions() {
        assertThat(players.size()).isEqualTo(263);
        assertThat(players.names()).hasSize(19).contains("League=N", "Division=W", "NewLeague=N");
        HittersSplit python = HittersSplit.python(263);
        JsonArray test = golden.getAsJsonArray("test");
        assertThat(Arrays.stream(python.test()).boxed())
                .containsExactlyElementsOf(
                        test.asList().stream().map(JsonElement::getAsInt).toList());
        assertThat(python.training()).hasSize(175);
        HittersSplit r = HittersSplit.r(263);
        assertThat(r.training()).hasSize(176);
        assertThat(Arrays.stream(r.test()).sorted().limit(12))
                .containsExactly(4, 6, 10, 13, 14, 16, 22, 30, 31, 41, 46, 47);
    }

    @Test
    void leastSquaresOfBothSplits() {
        assertThat(HittersSplit.python(263).leastSquaresError(players))
                .isCloseTo(golden.get("mae").getAsDouble(), within(FLOAT))
                .isCloseTo(259.7152883, within(FLOAT));
        assertThat(HittersSplit.r(263).leastSquaresError(players)).isCloseTo(254.6686529, within(FLOAT));
    }

    /**
     * ISLR2, Table 10.3: all 20 numbers, with the four columns on the 87 players of the test. The p of Walks, which the
     * table prints as 0.9294, is 0.929481 also in exact rational arithmetic.
     */
    @Test
    void theFourVariables() {
        Hitters four = players.columns(FourVariables.FOUR);
        HittersSplit split = HittersSplit.r(263);
        assertThat(split.leastSquaresError(four)).isCloseTo(234.7015, within(FLOAT));
        Hitters test = split.test(four);
        assertThat(test.size()).isEqualTo(87);
        List<Coefficient> all = LeastSquares.fit(test.x(), test.y()).all();
        assertThat(all.stream().mapToDouble(Coefficient::value).toArray())
                .containsExactly(new double[] {-226.6698, 3.0580, 0.1808, 0.8588, 0.4646}, within(5e-5));
        String[] printed = {
            "-226.67 86.26 -2.63 0.0103",
            "3.06 1.02 3.00 0.0036",
            "0.181 2.04 0.09 0.9294",
            "0.859 0.12 7.09 < 0.0001",
            "0.465 0.13 3.60 0.0005"
        };
        for (int j = 0; j < printed.length; j++) {
            List<String> row = FourVariables.TABLE.get(j);
            assertThat(String.join(" ", row)).isEqualTo(printed[j]);
            List<String> rounded = FourVariables.rounded(all.get(j), row);
            assertThat(j == 2 ? rounded.subList(0, 3) : rounded)
                    .as("row %d", j)
                    .isEqualTo(j == 2 ? row.subList(0, 3) : row);
        }
        assertThat(all.get(2).p()).isCloseTo(0.929481155, within(1e-7));
    }

    @Test
    void theLassoOfScikitLearn() {
        HittersSplit split = HittersSplit.python(263);
        Hitters training = split.training(players);
        Hitters test = split.test(players);
        double[] penalties = Lasso.penalties(training.x(), training.y(), 100, 0.01);
        assertThat(penalties).containsExactly(doubles(golden.get("penalties")), within(FLOAT));
        double[] errors = split.mean(split.errors(training, penalties), false);
        assertThat(errors).containsExactly(doubles(golden.get("cvMae")), within(FLOAT));
        List<Lasso> path = Lasso.path(training.x(), training.y(), penalties);
        for (var entry : golden.getAsJsonObject("fits").entrySet()) {
            JsonObject expected = entry.getValue().getAsJsonObject();
            Lasso fit = path.get(Integer.parseInt(entry.getKey()));
            double[] coefficients = doubles(expected.get("coefficients"));
            for (int j = 0; j < coefficients.length; j++) {
                assertThat(fit.coefficients().get(j)).isCloseTo(coefficients[j], within(FLOAT));
            }
            assertThat(fit.intercept()).isCloseTo(expected.get("intercept").getAsDouble(), within(1e-3));
            assertThat(HittersSplit.error(fit, test))
                    .isCloseTo(expected.get("testMae").getAsDouble(), within(FLOAT));
        }
        assertThat(golden.get("best").getAsInt()).isEqualTo(61);
    }

    @Test
    void theShortForm() {
        LabCall.Ended run = LabCall.brief("hitters", temp);
        assertThat(run.out())
                .containsPattern("Mean salary, Python split +0 +351\\.4737\n")
                .containsPattern("Median salary, Python split +0 +333\\.2779\n")
                .containsPattern("Least squares, Python split +19 +259\\.7153 +259\\.715\n")
                .containsPattern("Least squares, R split +19 +254\\.6687 +254\\.6687\n")
                .containsPattern("Lasso, Python split +8 +235\\.6730 +235\\.6755\n")
                .containsPattern("Lasso, R split +12 +252\\.25\\d\\d +252\\.2994\n")
                .containsPattern("Python +255\\.65755 +14\\.97392 +62 of 100 +226\\.1569 +235\\.6730")
                .containsPattern("Intercept +-226\\.6698 +86\\.2609 +-2\\.6277 +0\\.0103")
                .containsPattern("Python +1,051 +\\d+ +1 ")
                .containsPattern("R +1,101 +\\d+ +1 ");
        Matcher network = NETWORK.matcher(run.out());
        assertThat(network.find()).isTrue();
        assertThat(Double.parseDouble(network.group(2)))
                .as("better than a number for all")
                .isLessThan(300);
        assertThat(network.find()).isTrue();
        assertThat(Double.parseDouble(network.group(2))).isLessThan(300);
        assertThat(temp.resolve("report.html")).isNotEmptyFile();
        assertThat(temp.resolve("lasso.png")).isNotEmptyFile();
    }

    /** The whole run: the figures of both editions, each in its band. */
    @Test
    void theWholeRunReachesEveryBandButOne() {
        LabCall.Ended run = LabCall.of("hitters", temp).completed();
        assertThat(run.out())
                .containsPattern("least squares and 234\\.7170 by the relaxed lasso")
                .contains(
                        "The textbook prints 224.8",
                        "this number cannot be reached",
                        "test is 234.70 or more",
                        "0 choose exactly these four")
                .contains("19 round to the printed ones; the p of Walks rounds to 0.9295, printed as 0.9294.");
        List<Figure> figures = StoredRun.read(temp.resolve("hitters.json")).figures();
        assertThat(figures)
                .filteredOn(f -> f.verdict() == Figure.Verdict.MISSED)
                .extracting(Figure::name)
                .containsExactly("Four variables, relaxed lasso, mean absolute error");
        assertThat(figures)
                .filteredOn(f -> f.verdict() == Figure.Verdict.REACHED)
                .hasSize(13) // 2 least squares, 2 lassos, 5 estimates and their count, four variables, 2 networks
                .extracting(Figure::name)
                .contains(
                        "Least squares, Python split, mean absolute error",
                        "Lasso, R split, mean absolute error",
                        "Table 10.3, estimate of Walks",
                        "Four variables, least squares, mean absolute error",
                        "Network, Python split, mean absolute error",
                        "Network, R split, mean absolute error");
        assertThat(figures)
                .filteredOn(f -> f.name().equals("Four variables, relaxed lasso, mean absolute error"))
                .singleElement()
                .satisfies(f -> {
                    assertThat(f.measured()).isCloseTo(234.7170, within(5e-5));
                    assertThat(f.published()).isEqualTo("224.8");
                });
    }

    /** What is finished at Ctrl-C stays on the page. */
    @Test
    void anInterruptedRunGivesWhatIsFinished() {
        Findings result = InterruptedRun.of(new HittersLab(), "Network of the Python split", null, temp)
                .result();
        assertThat(result.isFinished()).isFalse();
        assertThat(result.figures())
                .extracting(Figure::name)
                .contains(
                        "Four variables, least squares, mean absolute error",
                        "Network, Python split, mean absolute error")
                .doesNotContain("Network, R split, mean absolute error");
    }

    @Test
    void badFilesAreNamedInASentence() throws IOException {
        LabCall.Ended missing = LabCall.on(temp, "hitters");
        assertThat(missing.failure())
                .isEqualTo("the data set islr was not found: " + temp
                        + " has no Hitters.csv; download it from the repository intro-stat-learning/ISLP, or give "
                        + "the folder that has it with "
                        + "--data");
        Path file = temp.resolve("Hitters.csv");
        Path whole = Path.of(System.getProperty("fathom.root"), "test-data/hitters/Hitters.csv");
        List<String> lines = Files.readAllLines(whole);
        Files.write(file, lines.subList(0, 20));
        LabCall.Ended few = LabCall.on(temp, "hitters");
        assertThat(few.failure())
                .isEqualTo("Hitters.csv has 16 players with a salary, which are too few to fit 19 "
                        + "columns and to test them; give the whole file, "
                        + "which has 263");
        List<String> renamed = new ArrayList<>(Files.readAllLines(whole));
        renamed.set(0, renamed.get(0).replaceFirst("\\bHits\\b", "Hit"));
        Files.write(file, renamed);
        assertThat(LabCall.on(temp, "hitters").failure())
                .isEqualTo("Hitters.csv has no column Hits; give the file of ISLP");
        lines.set(5, lines.get(5).replaceFirst(",\\d+,", ",many,"));
        Files.write(file, lines);
        assertThat(LabCall.on(temp, "hitters").failure())
                .startsWith("Hitters.csv line 6, column Hits: \"many\" is not a finite number");
        Files.writeString(file, "a,b\n1,2\n");
        assertThat(LabCall.on(temp, "hitters").failure())
                .isEqualTo(file
                        + " has the columns [a, b] but not Salary, League, Division and NewLeague; give "
                        + "the file of ISLP");
    }
}
