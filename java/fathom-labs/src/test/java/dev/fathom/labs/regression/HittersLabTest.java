package dev.fathom.labs.regression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.fathom.labs.CommandLineRun;
import dev.fathom.labs.data.Hitters;
import dev.fathom.labs.statistics.Lasso;
import dev.fathom.labs.statistics.LeastSquares;
import dev.fathom.labs.statistics.LeastSquares.Coefficient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The players of the textbook: its splits, its linear models to their last digits, scikit-learn's lasso, and networks that learn. */
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
        players = Hitters.read(null).withoutFirstWords();
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

    private static double error(HittersSplit split, Hitters columns) {
        Hitters test = split.test(columns);
        return HittersSplit.meanAbsoluteError(
                test.y(), split.leastSquares(columns).predict(test.x()));
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
        assertThat(python.train()).hasSize(175);
        HittersSplit r = HittersSplit.r(263);
        assertThat(r.train()).hasSize(176);
        assertThat(Arrays.stream(r.test()).sorted().limit(12))
                .containsExactly(4, 6, 10, 13, 14, 16, 22, 30, 31, 41, 46, 47);
    }

    @Test
    void leastSquaresOfBothSplits() {
        assertThat(error(HittersSplit.python(263), players))
                .isCloseTo(golden.get("mae").getAsDouble(), within(FLOAT))
                .isCloseTo(259.7152883, within(FLOAT));
        assertThat(error(HittersSplit.r(263), players)).isCloseTo(254.6686529, within(FLOAT));
        assertThat(HittersSplit.python(263).floors(players).get(0)).isCloseTo(351.4737, within(1e-4));
        assertThat(HittersSplit.python(263).floors(players).get(1)).isCloseTo(333.2779, within(1e-4));
    }

    /** ISLR2, table 10.3: the four columns on the 87 players of the test. */
    @Test
    void theFourVariables() {
        Hitters four = players.columns(List.of("Hits", "Walks", "CRuns", "PutOuts"));
        HittersSplit split = HittersSplit.r(263);
        assertThat(error(split, four)).isCloseTo(234.7015, within(FLOAT));
        Hitters test = split.test(four);
        LeastSquares fit = LeastSquares.fit(test.x(), test.y());
        assertThat(fit.coefficients().stream().mapToDouble(Coefficient::value).toArray())
                .containsExactly(new double[] {3.0580, 0.1808, 0.8588, 0.4646}, within(5e-5));
        assertThat(fit.intercept().value()).isCloseTo(-226.6698, within(5e-5));
        assertThat(fit.intercept().standardError()).isCloseTo(86.26, within(5e-3));
        assertThat(fit.coefficients().get(0).t()).isCloseTo(3.00, within(5e-3));
        assertThat(fit.coefficients().get(0).p()).isCloseTo(0.0036, within(5e-5));
        assertThat(fit.coefficients().get(1).p()).isCloseTo(0.9294, within(1e-4));
        assertThat(fit.coefficients().get(2).p()).isLessThan(1e-4);
    }

    @Test
    void theLassoOfScikitLearn() {
        HittersSplit split = HittersSplit.python(263);
        Hitters learn = split.train(players);
        Hitters test = split.test(players);
        double[] penalties = Lasso.penalties(learn.x(), learn.y(), 100, 0.01);
        assertThat(penalties).containsExactly(doubles(golden.get("penalties")), within(FLOAT));
        double[] errors = split.mean(Lasso.errors(learn.x(), learn.y(), penalties, split.folds()), false);
        assertThat(errors).containsExactly(doubles(golden.get("cvMae")), within(FLOAT));
        List<Lasso> path = Lasso.path(learn.x(), learn.y(), penalties);
        for (var entry : golden.getAsJsonObject("fits").entrySet()) {
            JsonObject expected = entry.getValue().getAsJsonObject();
            Lasso fit = path.get(Integer.parseInt(entry.getKey()));
            double[] coefficients = doubles(expected.get("coefficients"));
            for (int j = 0; j < coefficients.length; j++) {
                assertThat(fit.coefficients().get(j)).isCloseTo(coefficients[j], within(FLOAT));
            }
            assertThat(fit.intercept()).isCloseTo(expected.get("intercept").getAsDouble(), within(1e-3));
            assertThat(fit.meanAbsoluteError(test.x(), test.y()))
                    .isCloseTo(expected.get("testMae").getAsDouble(), within(FLOAT));
        }
        assertThat(golden.get("best").getAsInt()).isEqualTo(61);
    }

    @Test
    void theShortForm() {
        CommandLineRun run = CommandLineRun.lab("hitters", temp);
        assertThat(run.out())
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

    /** A run of one epoch goes on to three; what was finished is not trained again. */
    @Test
    void resumeGoesOn() {
        String out = temp.toString();
        CommandLineRun one = CommandLineRun.of("lab", "hitters", "--short", "--epochs", "1", "--resume", "--out", out);
        CommandLineRun three =
                CommandLineRun.of("lab", "hitters", "--short", "--epochs", "3", "--resume", "--out", out);
        CommandLineRun again =
                CommandLineRun.of("lab", "hitters", "--short", "--epochs", "3", "--resume", "--out", out);
        CommandLineRun fresh = CommandLineRun.of(
                "lab",
                "hitters",
                "--short",
                "--epochs",
                "3",
                "--out",
                temp.resolve("fresh").toString());
        assertThat(List.of(one.code(), three.code(), again.code(), fresh.code()))
                .as(one.err() + three.err())
                .containsOnly(0);
        assertThat(network(three))
                .isNotEqualTo(network(one))
                .isEqualTo(network(again))
                .isEqualTo(network(fresh));
    }

    private static String network(CommandLineRun run) {
        Matcher network = NETWORK.matcher(run.out());
        assertThat(network.find()).isTrue();
        return network.group(2);
    }

    @Test
    void badFilesAreNamedInASentence() throws IOException {
        String[] args = {
            "lab",
            "hitters",
            "--data",
            temp.toString(),
            "--out",
            temp.resolve("out").toString()
        };
        CommandLineRun missing = CommandLineRun.of(args);
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err())
                .isEqualTo("fathom lab: the data of islr are not here: " + temp
                        + " lack Hitters.csv; Hitters.csv is in the repository intro-stat-learning/ISLP\n");
        Path file = temp.resolve("Hitters.csv");
        Path whole = Path.of(System.getProperty("fathom.root"), "test-data/hitters/Hitters.csv");
        List<String> lines = Files.readAllLines(whole);
        Files.write(file, lines.subList(0, 20));
        CommandLineRun few = CommandLineRun.of(args);
        assertThat(few.code()).isEqualTo(1);
        assertThat(few.err())
                .isEqualTo(
                        "fathom lab: Hitters.csv has 16 players with a salary, which are too few to learn 19 columns from and to test; give the whole file of 263\n");
        lines.set(5, lines.get(5).replaceFirst(",\\d+,", ",many,"));
        Files.write(file, lines);
        assertThat(CommandLineRun.of(args).err())
                .startsWith("fathom lab: Hitters.csv line 6, column Hits: \"many\" is not a finite number");
        Files.writeString(file, "a,b\n1,2\n");
        assertThat(CommandLineRun.of(args).err())
                .isEqualTo(
                        "fathom lab: " + file
                                + " has the columns [a, b] but not Salary, League, Division and NewLeague; give the file of ISLP\n");
    }
}
