package dev.fathom.labs.autocts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.LabCall;
import dev.fathom.labs.series.SeriesFiles;
import dev.fathom.search.ScoreRegressor;
import dev.fathom.validation.Folds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab autocts}: its short form on series and networks that the test makes, and its errors. */
class AutoCtsLabTest {
    private static final int[][] VALUES = {{2, 4, 6}, {4, 6}, {32, 64}, {128, 256, 512}, {0, 1}, {0, 1}};

    @TempDir
    static Path temp;

    private static Path data = Path.of("");
    private static LabCall.Ended first = new LabCall.Ended("", "", "not run");

    @BeforeAll
    static void runTheShortForm() throws IOException {
        data = SeriesFiles.write(temp.resolve("data"), SeriesFiles.text(300, 8, 0), SeriesFiles.text(200, 5, 0.02), 5);
        networks(data);
        first = call(data).resume().completed();
    }

    /** Files of networks whose error has to do with their operators. */
    private static void networks(Path folder) throws IOException {
        List<Measured> all = AutoCtsPartsTest.planted(9 * 40, 3);
        List<String> files = new ArrayList<>();
        IntStream.rangeClosed(1, 3).forEach(i -> files.add("clean" + i + ".json"));
        files.add("noisy.json");
        IntStream.rangeClosed(1, 5).forEach(i -> files.add("noisy" + i + ".json"));
        for (int i = 0; i < files.size(); i++) {
            Files.writeString(folder.resolve(files.get(i)), json(all.subList(40 * i, 40 * i + 40)));
        }
    }

    private static String json(List<Measured> networks) {
        return new Gson()
                .toJson(networks.stream()
                        .map(m -> Map.of(
                                "arch",
                                m.candidate().cell().edges().stream()
                                        .map(e -> new int[] {e.from(), Operator.WITHOUT_NONE.indexOf(e.operator())})
                                        .toList(),
                                "hyper",
                                IntStream.range(0, VALUES.length)
                                        .map(i ->
                                                VALUES[i][m.candidate().levels().get(i)])
                                        .toArray(),
                                "info",
                                IntStream.range(0, m.errors().length)
                                        .mapToObj(i -> new double[] {m.errors()[i], 30, 12})
                                        .toList()))
                        .toList());
    }

    private static LabCall call(Path folder) {
        return LabCall.of("autocts", temp.resolve("out")).brief().epochs(2).data(folder);
    }

    private static double mean(String out, String way) {
        Matcher m = Pattern.compile("\n" + way + " +(-?[\\d.]+)").matcher(out);
        assertThat(m.find()).as(way).isTrue();
        return Double.parseDouble(m.group(1));
    }

    /** The errors of the random candidates in the file after an epoch, the last but so many. */
    private static double[] errors(int before) throws IOException {
        return Files.readAllLines(temp.resolve("out/candidates.csv")).stream()
                .skip(1)
                .limit(8)
                .map(l -> l.split(","))
                .mapToDouble(fields -> Double.parseDouble(fields[fields.length - 1 - before]))
                .toArray();
    }

    @Test
    void theComparatorRanksNetworksThatItHasNotSeen() throws IOException {
        String out = AutoCtsLabTest.first.out();
        assertThat(mean(out, HeldOut.BOTH)).isGreaterThan(0.5);
        assertThat(mean(out, HeldOut.BOTH)).isGreaterThan(mean(out, HeldOut.name(1)));
        assertThat(mean(out, HeldOut.RANK)).isGreaterThan(0.2); // random orders of 60 have 0.13
        assertThat(out)
                .contains("60 that were trained for 100 epochs")
                .contains("8 random candidates are drawn from the joint space")
                .contains("was asked about 80 candidates, and 4 were trained");
        String here = out.substring(out.indexOf("8 random candidates are drawn"));
        double[] first = errors(1);
        double[] second = errors(0);
        double[] least = IntStream.range(0, first.length)
                .mapToDouble(i -> Math.min(first[i], second[i]))
                .toArray();
        double expected = Folds.of(first.length, 2, 1).stream()
                .mapToDouble(f -> ScoreRegressor.rankCorrelation(at(first, f.test()), at(least, f.test())))
                .average()
                .orElseThrow();
        assertThat(mean(here, HeldOut.name(1))).isCloseTo(expected, within(5.1e-4));
        assertThat(out)
                .contains(String.format(
                        Locale.ROOT,
                        "%.4f for the best",
                        Arrays.stream(least).min().orElseThrow()));
        assertThat(temp.resolve("out/candidates.csv")).content().hasLineCount(1 + 8 + 4);
    }

    private static double[] at(double[] values, int[] places) {
        return Arrays.stream(places).mapToDouble(i -> values[i]).toArray();
    }

    @Test
    void bothSearchesForecastBesideTheBaselines() throws IOException {
        String out = first.out().substring(first.out().indexOf("search on One week of METR-LA"));
        List<String> models = List.of(
                "Last value",
                "VAR",
                "LSTM",
                "TCN",
                "AutoCTS",
                "Random architecture",
                "AutoCTS\\+",
                "AutoCTS, seed 2",
                "Random architecture 2");
        for (String model : models) {
            assertThat(mean(out, model + ", 60 minutes")).as(model).isPositive();
        }
        assertThat(mean(out, "AutoCTS, 60 minutes")).isLessThan(1.5 * mean(out, "LSTM, 60 minutes"));
        String page = Files.readString(temp.resolve("out/report.html"));
        for (String error : List.of("MAE", "RMSE", "MAPE")) {
            assertThat(page)
                    .contains(">One week of METR-LA, AutoCTS, 15 minutes, " + error + "<")
                    .contains(">One week of METR-LA, AutoCTS+, 30 minutes, " + error + "<");
        }
        for (String file : List.of(
                "stored.png",
                "trained.png",
                "joint-cell.png",
                "metr-la-week-block-1.png",
                "metr-la-week-supernet.png",
                "evolution.png",
                "metr-la-week-errors.png",
                "metr-la-week-truth.png")) {
            assertThat(temp.resolve("out").resolve(file)).isNotEmptyFile();
        }
    }

    /** Searches and networks that are finished are not done again, and what is computed again is the same. */
    @Test
    void resumeGoesOn() {
        LabCall.Ended again = call(data).resume().completed();
        assertThat(again.out()).doesNotContain("search on One week").doesNotContain("epoch 1/2");
        assertThat(tables(again.out())).isEqualTo(tables(first.out())).hasSizeGreaterThan(40);
    }

    /** The lines of tables but for those with times, whose widths a finished table decides. */
    private static List<String> tables(String out) {
        return out.lines()
                .filter(l -> Pattern.matches("\\S.*  -?\\d\\.\\d{3,}.*", l) && !l.contains("/s"))
                .map(l -> l.replaceAll(" {2,}", "  "))
                .toList();
    }

    /** Another run with the same seed gives the same numbers up to where it is interrupted, and keeps them. */
    @Test
    void anInterruptedRunGivesWhatIsFinished() {
        InterruptedRun run = InterruptedRun.of(
                new AutoCtsLab(), 2, "One week of METR-LA, AutoCTS+", data, temp.resolve("interrupted"));
        Findings result = run.result();
        assertThat(result.isFinished()).isFalse();
        assertThat(result.figures())
                .extracting(Figure::name)
                .contains("Best evolved candidate, validation error", "One week of METR-LA, AutoCTS, 15 minutes, MAE")
                .doesNotContain("One week of METR-LA, AutoCTS+, 15 minutes, MAE");
        List<String> tables = tables(run.out());
        assertThat(tables).hasSizeGreaterThan(25);
        assertThat(tables(first.out())).containsAll(tables);
    }

    @Test
    void badInputIsRefusedInOneSentence() throws IOException {
        Path bad = SeriesFiles.write(temp.resolve("bad"), SeriesFiles.text(300, 8, 0), SeriesFiles.text(200, 5, 0), 5);
        refused(bad, "the data set autocts-pairs was not found");
        networks(bad);
        Path file = bad.resolve("clean2.json");
        String sound = Files.readString(file);
        Files.writeString(file, sound.substring(0, 500));
        refused(bad, "clean2.json is not a list of networks in JSON");
        Files.writeString(file, "[]");
        refused(bad, "clean2.json has no networks");
        Files.writeString(file, "[{\"hyper\": [2, 4, 32, 128, 0, 0], \"info\": [[15, 20, 10]]}]");
        refused(bad, "clean2.json: network 1 has no sound arch, hyper and info (something is missing)");
        Files.writeString(file, sound.replaceFirst("\"hyper\":\\[\\d", "\"hyper\":[3"));
        refused(bad, "(3 is not one of [2, 4, 6])");
        Files.writeString(file, sound);
        Path gone =
                SeriesFiles.write(temp.resolve("short"), SeriesFiles.text(300, 8, 0), SeriesFiles.text(20, 5, 0), 5);
        networks(gone);
        refused(gone, "20 rows, but a window of 12 lags with the horizon 12 takes 24");
    }

    private static void refused(Path folder, String words) {
        LabCall.Ended run = call(folder).run();
        assertThat(run.failure()).hasLineCount(1).contains(words);
    }
}
