package dev.fathom.labs.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.labs.CommandLineRun;
import dev.fathom.labs.data.Nyse;
import dev.fathom.labs.series.NyseSearch.Choice;
import dev.fathom.labs.statistics.Autocorrelation;
import dev.fathom.labs.statistics.LeastSquares;
import dev.fathom.series.Series;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stock exchange of the textbook: its autoregressions to their last digits, networks that learn, and days that someone made up. */
class NyseLabTest {
    private static final String[] DAYS = {"mon", "tues", "wed", "thur", "fri"};

    @TempDir
    Path temp;

    /** ISLR2 and ISLP, section 10.9.6, by scikit-learn in double precision. */
    @Test
    void theAutoregressionsOfTheTextbook() {
        CommandLineRun.assumeData("islr");
        Series s = Nyse.read(null);
        int first = Nyse.learning(s);
        int end = s.length();
        assertThat(first).isEqualTo(4281);
        assertThat(end).isEqualTo(6051);
        List<String> days = Nyse.days(s);
        assertThat(days).hasSize(5);
        assertR2(s, NyseAutoregression.strawMan(s, first, end), 0.1802628784);
        assertR2(s, new NyseAutoregression(5, List.of(Nyse.VOLUME), List.of()).forecast(s, first, end), 0.3732414760);
        assertR2(s, NyseAutoregression.of(5).forecast(s, first, end), 0.4128912939);
        assertR2(s, new NyseAutoregression(5, Nyse.NUMBERS, days).forecast(s, first, end), 0.4595563133);
        LeastSquares fit = NyseAutoregression.of(5).fit(s, first);
        assertThat(fit.intercept().value()).isCloseTo(-0.006254, within(1e-6));
        double[] yesterday = {0.094605, 0.507492, 0.579946};
        for (int j = 0; j < 3; j++) {
            assertThat(fit.coefficients().get(j).value()).isCloseTo(yesterday[j], within(1e-6));
        }
        double[] volume = Autocorrelation.of(s.values(Nyse.VOLUME), 20);
        assertThat(new double[] {volume[1], volume[2], volume[3], volume[5], volume[10], volume[20]})
                .containsExactly(new double[] {0.6732, 0.4981, 0.4583, 0.4535, 0.3339, 0.2255}, within(5e-5));
    }

    private static void assertR2(Series s, double[] forecast, double expected) {
        assertThat(NyseAutoregression.r2(s, Nyse.learning(s), s.length(), forecast))
                .isCloseTo(expected, within(1e-6));
    }

    @Test
    void theShortForm() {
        CommandLineRun.assumeData("islr");
        CommandLineRun run = CommandLineRun.lab("nyse", temp);
        assertThat(run.out())
                .containsPattern("AR\\(5\\) +16 +0\\.412891 +0\\.4129\n")
                .containsPattern("AR\\(5\\), with day of week +20 +0\\.459556 +0\\.45956\n")
                .containsPattern("Straw man +0 +0\\.180263 +0\\.18\n")
                .containsPattern("Non-linear AR, with day of week +705 ")
                .containsPattern("RNN +205 ")
                .containsPattern("LSTM, with day of week +786 ")
                .containsPattern("AR\\(8\\) +8 +0\\.\\d+");
        for (String net : List.of("Non-linear AR", "RNN", "LSTM")) {
            double without = r2(run, net);
            double with = r2(run, net + ", with day of week");
            assertThat(without).as(net).isGreaterThan(0.36);
            assertThat(with)
                    .as(net + " with the day of the week")
                    .isGreaterThan(0.40)
                    .isGreaterThan(without);
        }
        for (String file :
                List.of("report.html", "autocorrelation.png", "forecast.png", "forecast-close.png", "lags.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    private static double r2(CommandLineRun run, String model) {
        Matcher m =
                Pattern.compile("\n" + model + ": test R2 (-?[\\d.]+) after").matcher(run.out());
        assertThat(m.find()).as(model).isTrue();
        return Double.parseDouble(m.group(1));
    }

    // ---- made-up days

    /** Days whose volume follows the day of the week and yesterday's volume. */
    private Path days(int count, int learned) throws IOException {
        Random random = new Random(1);
        List<String> lines = new ArrayList<>(List.of("date,day_of_week,DJ_return,log_volume,log_volatility,train"));
        double volume = 0;
        for (int t = 0; t < count; t++) {
            volume = 0.5 * volume + (t % 5 == 0 ? 1 : 0) + 0.1 * random.nextGaussian();
            lines.add(t + "," + DAYS[t % 5] + "," + random.nextGaussian() + "," + volume + "," + random.nextGaussian()
                    + "," + (t < learned ? "TRUE" : "FALSE"));
        }
        return Files.write(temp.resolve("NYSE.csv"), lines);
    }

    @Test
    void aModelThatSeesTheDayOfTheWeekKnowsWhatDependsOnIt() throws IOException {
        days(600, 400);
        Series s = Nyse.read(temp);
        List<String> days = Nyse.days(s);
        double[] without = NyseAutoregression.of(1).forecast(s, 400, 600);
        double[] with = new NyseAutoregression(1, Nyse.NUMBERS, days).forecast(s, 400, 600);
        assertThat(NyseAutoregression.r2(s, 400, 600, with)).isGreaterThan(0.9);
        assertThat(NyseAutoregression.r2(s, 400, 600, without)).isLessThan(0.6);
        assertThat(NyseAutoregression.r2(s, 400, 600, NyseAutoregression.strawManOfDay(s, 400, 600)))
                .isGreaterThan(0.8)
                .isGreaterThan(NyseAutoregression.r2(s, 400, 600, NyseAutoregression.strawMan(s, 400, 600)));
        double[] itself = NyseAutoregression.volume(s, 400, 600);
        assertThat(NyseAutoregression.r2(s, 400, 600, itself)).isEqualTo(1);
    }

    @Test
    void theBestChoiceHasTheGreatestR2() {
        Choice best = new Choice(3, 0, 0.5);
        assertThat(NyseSearch.best(List.of(new Choice(1, 0, -1), best, new Choice(9, 0, 0.4))))
                .isEqualTo(best);
    }

    /** A run of one epoch goes on to two; what was finished is not trained again. */
    @Test
    void resumeGoesOn() throws IOException {
        days(450, 240);
        String out = temp.resolve("out").toString();
        String[] epochs = {"1", "2", "2"};
        List<Double> r2 = new ArrayList<>();
        for (String n : epochs) {
            CommandLineRun run = CommandLineRun.of(
                    "lab", "nyse", "--short", "--epochs", n, "--resume", "--data", temp.toString(), "--out", out);
            assertThat(run.code()).as(run.err()).isZero();
            r2.add(r2(run, "LSTM, with day of week"));
        }
        CommandLineRun fresh = CommandLineRun.of(
                "lab", "nyse", "--short", "--epochs", "2", "--data", temp.toString(), "--out", out + "-fresh");
        assertThat(r2.get(1))
                .isNotEqualTo(r2.get(0))
                .isEqualTo(r2.get(2))
                .isEqualTo(r2(fresh, "LSTM, with day of week"));
        assertThat(temp.resolve("out/test-lstm-5-12-day-1/checkpoints")).isNotEmptyDirectory();
    }

    @Test
    void badFilesAreNamedInASentence() throws IOException {
        String[] args = {
            "lab",
            "nyse",
            "--data",
            temp.toString(),
            "--out",
            temp.resolve("out").toString()
        };
        CommandLineRun missing = CommandLineRun.of(args);
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err())
                .isEqualTo("fathom lab: the data of islr are not here: " + temp
                        + " lack NYSE.csv; NYSE.csv is in the repository intro-stat-learning/ISLP\n");
        Path file = days(6, 4);
        CommandLineRun few = CommandLineRun.of(args);
        assertThat(few.code()).isEqualTo(1);
        assertThat(few.err())
                .isEqualTo(
                        "fathom lab: NYSE.csv has 4 days to learn from and 2 to test, but windows and cross-validation take 200 of each; give the whole file of 6,051 days\n");
        days(450, 240);
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.add(1, lines.remove(400));
        Files.write(file, lines);
        assertThat(CommandLineRun.of(args).err())
                .isEqualTo(
                        "fathom lab: NYSE.csv line 2, column train: a day to learn from comes after a day to test; sort the file by date\n");
        lines.set(7, lines.get(7).replaceFirst(",[^,]+,([^,]+),([^,]+)$", ",NA,$1,$2"));
        Files.write(file, lines);
        assertThat(CommandLineRun.of(args).err())
                .isEqualTo(
                        "fathom lab: NYSE.csv line 8, column log_volume: the value is missing; leave such rows out with complete(\"log_volume\"), or the column\n");
        Files.writeString(file, "a,b\n1,2\n");
        assertThat(CommandLineRun.of(args).err())
                .isEqualTo("fathom lab: NYSE.csv has no column DJ_return; it has [a, b]\n");
    }
}
