package dev.fathom.labs.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.Gson;
import dev.fathom.data.Dataset;
import dev.fathom.experiments.TestData;
import dev.fathom.experiments.pages.Figure;
import dev.fathom.experiments.pages.Findings;
import dev.fathom.labs.InterruptedRun;
import dev.fathom.labs.LabCall;
import dev.fathom.nn.Model;
import dev.fathom.series.Windows;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import dev.fathom.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code fathom lab forecast}: its short form, its autoregressions and scores, and its errors for bad series. */
class ForecastLabTest {
    @TempDir
    Path temp;

    @Test
    void whatReturnsToAMeanIsForecastBetterThanByItsLastValue() throws IOException {
        TestData.assume("exchange-rate");
        TestData.assume("metr-la-week");
        String out = LabCall.brief("forecast", temp).out();
        assertThat(out)
                .contains("Rows 1 to 540 are for training, 541 to 720 for validation and 721 to 900 for the test")
                .contains("One week is not comparable with published results on METR-LA");
        for (String net : List.of("AR", "VAR", "TCN", "Transformer")) {
            assertThat(rmse(out, net + ", 60 minutes")).as(net).isLessThan(0.97 * rmse(out, "Last value, 60 minutes"));
        }
        // a random walk, nearly
        assertThat(rmse(out, "LSTM, 24 days")).isLessThan(rmse(out, "Last value, 24 days") + 0.002);
        String page = Files.readString(temp.resolve("report.html"));
        for (String error : List.of("MAE", "RMSE", "MAPE")) {
            for (String model : List.of("AR", "VAR", "LSTM", "TCN", "Transformer")) {
                assertThat(page)
                        .as("%s of %s beside the last value's", error, model)
                        .containsPattern(
                                ">Exchange rates, " + model + ", 3 days, " + error
                                        + "</th><td[^>]*>[^<]+</td><td[^>]*>[\\d.]+[^<]*</td><td[^>]*>last value</td><td[^>]*>[-+\\d.e]+<")
                        .containsPattern(">One week of METR-LA, " + model + ", 60 minutes, " + error + "<");
            }
        }
        for (String file : List.of(
                "report.html",
                "exchange-rate-errors.png",
                "exchange-rate-truth.png",
                "metr-la-week-errors.png",
                "metr-la-week-truth.png")) {
            assertThat(temp.resolve(file)).isNotEmptyFile();
        }
    }

    private static double rmse(String table, String name) {
        Matcher m = Pattern.compile("\n" + name + " +\\S+ +(\\S+)").matcher(table);
        assertThat(m.find()).as(name).isTrue();
        return Double.parseDouble(m.group(1));
    }

    // ---- series that the test makes

    private Path write(String exchange, String speeds, int sensors) throws IOException {
        return SeriesFiles.write(temp.resolve("data"), exchange, speeds, sensors);
    }

    private LabCall call(Path data) {
        return LabCall.of("forecast", temp.resolve("out")).brief().data(data);
    }

    /** What is finished is not trained again, and forecasts the same. */
    @Test
    void resumeGoesOn() throws IOException {
        String speeds = SeriesFiles.text(200, 3, 0.05);
        long gaps = Pattern.compile("\\b0\\b(?!\\.)").matcher(speeds).results().count();
        Path data = write(SeriesFiles.text(300, 8, 0), speeds, 3);
        LabCall.Ended first = call(data).epochs(1).resume().completed();
        assertThat(first.out()).contains("epoch 1/1");
        LabCall.Ended again = call(data).epochs(1).resume().completed();
        assertThat(again.out()).doesNotContain("epoch 1/1");
        String week = first.out().substring(first.out().indexOf("Last value, 15 minutes"));
        assertThat(again.out()).contains(week.substring(0, week.indexOf("All of it")));
        assertThat(rmse(week, "AR, 60 minutes")).isLessThan(0.9 * rmse(week, "Last value, 60 minutes"));
        assertThat(first.out()).contains("the series has " + gaps + " of them.");
        assertThat(gaps).isGreaterThan(10);
    }

    /** What is finished at Ctrl-C stays on the page. */
    @Test
    void anInterruptedRunGivesWhatIsFinished() throws IOException {
        Path data = write(SeriesFiles.text(300, 8, 0), SeriesFiles.text(200, 3, 0), 3);
        Findings result = InterruptedRun.of(new ForecastLab(), "Exchange rates, TCN", data, temp.resolve("out"))
                .result();
        assertThat(result.isFinished()).isFalse();
        assertThat(result.figures())
                .extracting(Figure::name)
                .contains("Exchange rates, VAR, 3 days, MAE", "Exchange rates, LSTM, 24 days, MAPE")
                .doesNotContain("Exchange rates, TCN, 3 days, MAE", "One week of METR-LA, AR, 15 minutes, MAE");
    }

    @Test
    void badSeriesAreRefusedInOneSentence() throws IOException {
        LabCall.Ended missing = call(temp).run();
        assertThat(missing.failure())
                .isEqualTo("the data set exchange-rate was not found: " + temp
                        + " has no exchange_rate.txt.gz; download it from the repository "
                        + "laiguokun/multivariate-time-series-data,"
                        + " or give the folder that has it with --data");
        refused(
                write(SeriesFiles.text(30, 8, 0), SeriesFiles.text(200, 3, 0), 3),
                "30 rows, but a window of 28 lags with the horizon 24 takes 52");
        refused(
                write(SeriesFiles.text(60, 8, 0), SeriesFiles.text(200, 3, 0), 3),
                "none of the 9 windows forecasts only rows that are accepted");
        refused(
                write(SeriesFiles.text(300, 8, 0), SeriesFiles.text(20, 3, 0), 3),
                "20 rows, but a window of 12 lags with the horizon 12 takes 24");
        refused(write(SeriesFiles.text(300, 7, 0), SeriesFiles.text(200, 3, 0), 3), "exchange_rate.txt.gz");
        refused(
                write(SeriesFiles.text(300, 8, 0).replaceFirst("3\\.", "x."), SeriesFiles.text(200, 3, 0), 3),
                "exchange_rate.txt.gz");
        Path data = write(SeriesFiles.text(300, 8, 0), SeriesFiles.text(200, 3, 0), 3);
        SeriesFiles.gzip(data.resolve("los_adj.csv.gz"), "1,0,0\n");
        refused(data, "it has 1 rows, but los_speed.csv.gz has 3 sensors; the graph needs one row for each sensor");
        Files.write(data.resolve("los_speed.csv.gz"), new byte[] {31, (byte) 139, 8, 0, 1, 2});
        refused(data, "los_speed.csv.gz");
    }

    private void refused(Path data, String words) {
        LabCall.Ended run = call(data).run();
        assertThat(run.failure()).hasLineCount(1).contains(words);
    }

    // ---- parts

    @Test
    void windowsForecastTheRowsThatAreScored() throws IOException {
        Path data = write(SeriesFiles.text(300, 8, 0), SeriesFiles.text(200, 3, 0.1), 3);
        ForecastTask task = ForecastTask.traffic(data, 1000, 1000);
        List<Dataset> parts = new Windows(task.lags())
                .horizons(task.horizons())
                .targets(task.series().columns().toArray(String[]::new))
                .known(task.masks().toArray(String[]::new))
                .split(task.masked(task.series()), task.validation(), task.test());
        int[][] origins = {
            task.origins(0, task.validation()), task.validationOrigins(), task.testOrigins(),
        };
        for (int part = 0; part < 3; part++) {
            try (Dataset set = parts.get(part);
                    Pass pass = Pass.infer()) {
                assertThat(set.size()).isEqualTo(origins[part].length);
                var batch = set.batches(set.size()).epoch(0).next();
                float[] y = batch.y().toArray();
                float[] known = batch.get("known").toArray();
                for (int i = 0; i < y.length; i++) {
                    int row = origins[part][i / 9] - 1 + task.horizons()[i / 3 % 3];
                    assertThat(y[i]).isEqualTo((float) task.truth(row + 1, 0)[i % 3]);
                    assertThat(known[i] == 1).isEqualTo(task.measured()[row][i % 3]);
                }
                assertThat(pass.recording()).isFalse();
            }
        }
        assertThat(task.sources()).containsExactly(List.of(0), List.of(0, 1), List.of(0, 2));
    }

    /**
     * x[t] = 1 + 0.8 x[t - 3] + noise: fewer than three lags do not forecast it, and the test rows do not take part in
     * the choice.
     */
    @Test
    void validationChoosesTheLags() throws IOException {
        float[] noise = new Rng(4).normal(900, 0, 0.3f);
        List<double[]> rows = new ArrayList<>();
        for (int t = 0; t < 300; t++) {
            double[] row = new double[3];
            for (int c = 0; c < 3; c++) {
                row[c] = 1 + (t < 3 ? 4 : 0.8 * rows.get(t - 3)[c]) + noise[3 * t + c];
            }
            rows.add(row);
        }
        ChosenAutoregression chosen = chosen(rows);
        int lags = chosen.best().order();
        assertThat(lags).isIn(3, 6, 12);
        assertThat(chosen.errors()).containsOnlyKeys(1, 2, 3, 6, 12);
        assertThat(chosen.errors().get(lags))
                .isEqualTo(Collections.min(chosen.errors().values()));
        assertThat(chosen.errors().get(2)).isGreaterThan(1.2 * chosen.errors().get(3));
        for (double[] row : rows.subList(240, 300)) { // the test: rows 241 to 300
            row[0] = 9 - row[0];
        }
        assertThat(chosen(rows).errors()).isEqualTo(chosen.errors());
    }

    private ChosenAutoregression chosen(List<double[]> rows) throws IOException {
        String text = rows.stream()
                .map(row -> String.format(Locale.ROOT, "%.4f,%.4f,%.4f%n", row[0], row[1], row[2]))
                .collect(Collectors.joining());
        ForecastTask task = ForecastTask.traffic(write("", text, 3), 1000, 1000);
        return ChosenAutoregression.among(
                List.of(1, 2, 3, 6, 12), task, task.scale().apply(task.series()), false);
    }

    /** A column that is shifted has shifted forecasts, and the other columns keep theirs. */
    @Test
    void aNetForecastsChangesOfEachColumn() throws IOException {
        Path data = write(SeriesFiles.text(300, 8, 0), SeriesFiles.text(200, 3, 0), 3);
        ForecastTask task = ForecastTask.exchange(data, 300);
        for (ForecastNet.Kind kind : ForecastNet.Kind.values()) {
            try (Model<ForecastNet> model = Model.of(ForecastNet.of(kind, task), 1);
                    Pass pass = Pass.infer()) {
                float[] rows = new Rng(2).uniform(2 * 28 * 8, 0, 1);
                float[] y = model.net().apply(Tensor.of(rows, 2, 28, 8)).toArray();
                assertThat(y).hasSize(2 * 4 * 8);
                float[] shifted = rows.clone();
                for (int i = 0; i < rows.length; i++) {
                    shifted[i] += i % 8 == 5 ? 3 : 0; // one column, at all rows
                }
                float[] moved = model.net().apply(Tensor.of(shifted, 2, 28, 8)).toArray();
                for (int i = 0; i < y.length; i++) {
                    assertThat(moved[i] - y[i]).isCloseTo(i % 8 == 5 ? 3 : 0, within(1e-4f));
                }
                assertThat(pass.recording()).isFalse();
            }
        }
    }

    /** What NumPy and scikit-learn compute: test-data/goldens/forecasts.json. */
    private record Golden(
            double[][] truths,
            double[][] forecasts,
            boolean[][] known,
            double mae,
            double rmse,
            double mape,
            double rse,
            double correlation) {}

    @Test
    void scoresAreThoseOfScikitLearn() throws IOException {
        Golden golden = new Gson()
                .fromJson(
                        Files.readString(
                                Path.of(System.getProperty("fathom.root"), "test-data/goldens/forecasts.json")),
                        Golden.class);
        ForecastScores scores = ForecastScores.of(golden.forecasts, golden.truths, golden.known);
        assertThat(scores.mae()).isCloseTo(golden.mae, within(1e-12));
        assertThat(scores.rmse()).isCloseTo(golden.rmse, within(1e-12));
        assertThat(scores.mape()).isCloseTo(golden.mape, within(1e-12));
        assertThat(scores.rse()).isCloseTo(golden.rse, within(1e-12));
        assertThat(scores.correlation()).isCloseTo(golden.correlation, within(1e-12));
        assertThatThrownBy(() -> ForecastScores.of(golden.forecasts, golden.truths, new boolean[12][3]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none of the 12 rows has a known value");
    }
}
