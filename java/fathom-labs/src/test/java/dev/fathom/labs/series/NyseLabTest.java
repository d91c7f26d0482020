package dev.fathom.labs.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.fathom.experiments.Lab;
import dev.fathom.experiments.LabRun;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.data.Nyse;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.experiments.statistics.Autocorrelation;
import dev.fathom.experiments.training.Interrupt;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.LabCall;
import dev.fathom.linear.LeastSquares;
import dev.fathom.series.Series;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The stock exchange of the textbook: its autoregressions to their last digits, networks, folds that do not see the
 * future, and made-up days.
 */
class NyseLabTest {
    private static final PrintStream NOWHERE = new PrintStream(OutputStream.nullOutputStream());
    private static final String[] DAYS = {"mon", "tues", "wed", "thur", "fri"};

    @TempDir
    Path temp;

    /** ISLR2 and ISLP, section 10.9.6, by scikit-learn in double precision. */
    @Test
    void theAutoregressionsOfTheTextbook() {
        TestData.assume("islr");
        Series s = Nyse.read(null);
        int first = Nyse.trainingDays(s);
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
        double[] volume = Autocorrelation.of(s.values(Nyse.VOLUME), 40);
        assertThat(volume).hasSize(41);
        assertThat(new double[] {
                    volume[1], volume[2], volume[3], volume[5], volume[10], volume[20], volume[30], volume[40]
                })
                .containsExactly(
                        new double[] {0.6732, 0.4981, 0.4583, 0.4535, 0.3339, 0.2255, 0.1395, 0.0682}, within(5e-5));
    }

    private static void assertR2(Series s, double[] forecast, double expected) {
        assertThat(NyseAutoregression.r2(s, Nyse.trainingDays(s), s.length(), forecast))
                .isCloseTo(expected, within(1e-6));
    }

    @Test
    void theShortForm() {
        TestData.assume("islr");
        LabCall.Ended run = LabCall.brief("nyse", temp);
        assertThat(run.out())
                .containsPattern("AR\\(5\\) +16 +0\\.412891 +0\\.4129\n")
                .containsPattern("AR\\(5\\), with day of week +20 +0\\.459556 +0\\.45956\n")
                .containsPattern("Straw man +0 +0\\.180263 +0\\.18\n")
                .containsPattern("Non-linear AR, with day of week +705 ")
                .containsPattern("RNN +205 ")
                .containsPattern("LSTM, with day of week +786 +0\\.\\d{6}\n")
                .containsPattern("Straw man, with day of week +5 +0\\.\\d{6} *\n")
                .containsPattern("LSTM +781 +0\\.\\d{6} +up to 0\\.01 more than the RNN\n")
                .containsPattern("\n40 +0\\.0682\n")
                .containsPattern("AR +8 +0\\.\\d+")
                .containsPattern("RNN +5 +12 +0\\.\\d+");
        assertThat(run.out()).contains("The test R2 is 0.4133 for the autoregression of the 6 lags that are chosen");
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

    private static double r2(LabCall.Ended run, String model) {
        Matcher m =
                Pattern.compile("\n" + model + ": test R2 (-?[\\d.]+) after").matcher(run.out());
        assertThat(m.find()).as(model).isTrue();
        return Double.parseDouble(m.group(1));
    }

    // ---- made-up days

    /** Days whose volume follows the day of the week and yesterday's volume. */
    private Path days(int count, int training) throws IOException {
        Random random = new Random(1);
        List<String> lines = new ArrayList<>(List.of("date,day_of_week,DJ_return,log_volume,log_volatility,train"));
        double volume = 0;
        for (int t = 0; t < count; t++) {
            volume = 0.5 * volume + (t % 5 == 0 ? 1 : 0) + 0.1 * random.nextGaussian();
            lines.add(t + "," + DAYS[t % 5] + "," + random.nextGaussian() + "," + volume + "," + random.nextGaussian()
                    + "," + (t < training ? "TRUE" : "FALSE"));
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

    /** The folds cover the second half of the training days, and nothing that follows a fold changes its forecasts. */
    @Test
    void foldsDoNotSeeTheFuture() throws IOException {
        days(651, 451);
        Series s = Nyse.read(temp);
        try (Interrupt interrupt = Interrupt.install(System.err)) {
            LabRun run = new LabRun(true, 1, 1, false, temp, null, temp.resolve("out"), interrupt, NOWHERE, NOWHERE);
            Lab lab = new Lab(new NyseLab(), run);
            int[] cuts = NyseSearch.cuts(s, 4);
            assertThat(cuts).containsExactly(225, 281, 337, 394, 451);
            assertThat(NyseSearch.cuts(s, 2)).containsExactly(225, 337, 451);
            for (int f = 0; f < 4; f++) {
                int from = cuts[f];
                int to = cuts[f + 1];
                List<Function<Series, double[]>> models = List.of(
                        x -> NyseAutoregression.of(5).forecast(x, from, to),
                        x -> new NyseAutoregression(5, Nyse.NUMBERS, Nyse.days(x)).forecast(x, from, to),
                        x -> NyseAutoregression.strawManOfDay(x, from, to),
                        x -> new NyseNet("Non-linear AR", 5, 32, true, 1).forecast(lab, x, from, to, 0),
                        x -> new NyseNet("RNN", 5, 4, false, 1).forecast(lab, x, from, to, 0));
                for (var model : models) {
                    double[] forecast = model.apply(s);
                    assertThat(forecast).hasSize(to - from);
                    assertThat(model.apply(changed(s, to))).containsExactly(forecast);
                    double[] tomorrow = model.apply(changed(s, from + 1));
                    assertThat(Arrays.copyOf(tomorrow, 2))
                            .as("the day %d is known when the day after it is forecast", from)
                            .containsExactly(Arrays.copyOf(forecast, 2));
                    assertThat(tomorrow[2]).isNotEqualTo(forecast[2]);
                }
            }
        }
    }

    /** The series with other numbers from a day on. */
    private static Series changed(Series s, int from) {
        double[][] rows = new double[s.length()][s.columns().size()];
        for (int c = 0; c < rows[0].length; c++) {
            String column = s.columns().get(c);
            for (int t = 0; t < rows.length; t++) {
                rows[t][c] = s.value(t, column) + (t >= from && Nyse.NUMBERS.contains(column) ? 3 : 0);
            }
        }
        return Series.of(s.columns(), rows);
    }

    /** What is finished at Ctrl-C stays on the page. */
    @Test
    void anInterruptedRunGivesWhatIsFinished() throws IOException {
        days(450, 240);
        Findings result = InterruptedRun.of(new NyseLab(), "RNN: test R2", temp, temp.resolve("out"))
                .result();
        assertThat(result.isFinished()).isFalse();
        assertThat(result.figures())
                .extracting(Figure::name)
                .contains("AR(5), test R2", "Non-linear AR, with day of week, test R2", "RNN, test R2")
                .doesNotContain("RNN, with day of week, test R2", "LSTM, test R2");
        Findings search = InterruptedRun.of(new NyseLab(), "RNN of 5 lags and 4 units", temp, temp.resolve("out"))
                .result();
        assertThat(search.isFinished()).isFalse();
        assertThat(search.figures())
                .extracting(Figure::name)
                .contains("LSTM, with day of week, test R2", "AR, chosen lags")
                .doesNotContain("RNN, chosen lags");
    }

    /** A run of one epoch goes on to two; what was finished is not trained again. */
    @Test
    void resumeGoesOn() throws IOException {
        days(450, 240);
        List<Double> r2 = new ArrayList<>();
        for (int n : new int[] {1, 2, 2}) {
            LabCall.Ended run = LabCall.of("nyse", temp.resolve("out"))
                    .brief()
                    .epochs(n)
                    .resume()
                    .data(temp)
                    .completed();
            r2.add(r2(run, "LSTM, with day of week"));
        }
        LabCall.Ended fresh = LabCall.of("nyse", temp.resolve("fresh"))
                .brief()
                .epochs(2)
                .data(temp)
                .completed();
        assertThat(r2.get(1))
                .isNotEqualTo(r2.get(0))
                .isEqualTo(r2.get(2))
                .isEqualTo(r2(fresh, "LSTM, with day of week"));
    }

    @Test
    void badFilesAreNamedInASentence() throws IOException {
        LabCall.Ended missing = LabCall.on(temp, "nyse");
        assertThat(missing.failure())
                .isEqualTo("the data set islr was not found: " + temp
                        + " has no NYSE.csv; download it from the repository intro-stat-learning/ISLP, or give"
                        + " the folder that has it with --data");
        Path file = days(6, 4);
        LabCall.Ended few = LabCall.on(temp, "nyse");
        assertThat(few.failure())
                .isEqualTo("NYSE.csv has 4 training days and 2 test days, but windows and cross-validation"
                        + " need 200 of each; give the whole file of 6,051 days");
        days(450, 240);
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.add(1, lines.remove(400));
        Files.write(file, lines);
        assertThat(LabCall.on(temp, "nyse").failure())
                .isEqualTo("NYSE.csv line 2, column train: a training day comes after a test day; sort the"
                        + " file by date");
        lines.set(7, lines.get(7).replaceFirst(",[^,]+,([^,]+),([^,]+)$", ",NA,$1,$2"));
        Files.write(file, lines);
        assertThat(LabCall.on(temp, "nyse").failure())
                .isEqualTo("NYSE.csv line 8, column log_volume: the value is missing; leave such rows out"
                        + " with complete(\"log_volume\"), or the column, or keep a hole in a series with"
                        + " Series.withHoles");
        Files.writeString(file, "a,b\n1,2\n");
        assertThat(LabCall.on(temp, "nyse").failure()).isEqualTo("NYSE.csv has no column DJ_return; it has [a, b]");
    }
}
