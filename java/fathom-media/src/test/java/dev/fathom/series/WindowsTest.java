package dev.fathom.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.nn.Predictions;
import dev.fathom.op.Shape;
import dev.fathom.table.Encoder;
import dev.fathom.table.Table;
import dev.fathom.tensor.Pass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Windows over a series: which rows they have in which order, how they are split, and the stock exchange of the
 * textbook.
 */
class WindowsTest {
    @TempDir
    Path temp;

    /** Row t is t and 100 + t. */
    private static Series counting(int rows) {
        double[][] values = new double[rows][];
        Arrays.setAll(values, t -> new double[] {t, 100 + t});
        return Series.of(List.of("a", "b"), values);
    }

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    private static float[] field(Dataset d, String name) {
        try (Pass pass = Pass.infer()) {
            return d.batches(d.size()).epoch(0).next().get(name).toArray();
        }
    }

    @Test
    void aSeriesOfLengthTHasTMinusLWindows() {
        Windows windows = new Windows(3).targets("b");
        try (Dataset d = windows.dataset(counting(5));
                Pass pass = Pass.infer()) {
            assertThat(d.size()).isEqualTo(2);
            assertThat(windows.count(counting(5))).isEqualTo(2);
            Batch b = d.batches(2).epoch(0).next();
            assertThat(b.x().shape()).isEqualTo(Shape.of(2, 3, 2));
            assertThat(b.x().toArray()).containsExactly(0, 100, 1, 101, 2, 102, 1, 101, 2, 102, 3, 103);
            assertThat(b.y().shape()).isEqualTo(Shape.of(2, 1));
            assertThat(b.y().toArray()).containsExactly(103, 104);
        }
        try (Dataset d = new Windows(4).dataset(counting(5))) {
            assertThat(d).hasToString("Dataset [1, 4, 2] of F32, targets [2]");
            assertThat(field(d, "y")).containsExactly(4, 104);
        }
    }

    @Test
    void inputsTargetsHorizonsAndWhatIsKnown() {
        Windows windows =
                new Windows(2).inputs("b").targets("a", "b").horizons(1, 3).known("a");
        assertThat(windows).hasToString("windows of 2 lags, horizons [1, 3]");
        try (Dataset d = windows.dataset(counting(6))) {
            assertThat(d.size()).isEqualTo(2);
            assertThat(field(d, "x")).containsExactly(100, 101, 101, 102);
            assertThat(field(d, "y")).containsExactly(2, 102, 4, 104, 3, 103, 5, 105);
            assertThat(field(d, "known")).containsExactly(2, 4, 3, 5);
            assertThat(d.shape("known")).isEqualTo(Shape.of(2));
        }
    }

    @Test
    void splitsGoByTheRowsThatAreForecast() {
        Windows windows = new Windows(2).inputs("a").targets("a");
        List<Dataset> parts = windows.split(counting(10), 5, 8);
        assertThat(parts).hasSize(3);
        assertThat(field(parts.get(0), "y")).containsExactly(2, 3, 4);
        assertThat(field(parts.get(1), "y")).containsExactly(5, 6, 7);
        assertThat(field(parts.get(1), "x"))
                .as("the rows before are known by then")
                .containsExactly(3, 4, 4, 5, 5, 6);
        assertThat(field(parts.get(2), "y")).containsExactly(8, 9);
        parts.forEach(Dataset::close);
        List<Dataset> far = windows.horizons(1, 2).split(counting(10), 5);
        assertThat(field(far.get(0), "y")).as("4, 5 is in no part").containsExactly(2, 3, 3, 4);
        assertThat(field(far.get(1), "y")).containsExactly(5, 6, 6, 7, 7, 8, 8, 9);
        far.forEach(Dataset::close);
        try (Dataset odd = windows.dataset(counting(10), t -> t % 2 == 1)) {
            assertThat(field(odd, "y")).containsExactly(3, 5, 7, 9);
        }
        refused(
                () -> windows.split(counting(10), 8, 5),
                "split: the cuts [8, 5] do not ascend within 10 rows; choose 0 < first < ... < 10");
        refused(
                () -> windows.split(counting(10), 10),
                "split: the cuts [10] do not ascend within 10 rows; choose 0 < first < ... < 10");
        refused(
                () -> windows.split(counting(10), 2),
                "windows: none of the 8 windows forecasts only rows that are accepted; accept more of them");
    }

    @Test
    void whatIsTooShortOrWrong() {
        refused(
                () -> new Windows(5).dataset(counting(5)),
                "windows: the series has 5 rows, but a window of 5 lags with the horizon 1 takes 6; use fewer lags, or"
                        + " a longer series");
        refused(
                () -> new Windows(Integer.MAX_VALUE).horizons(Integer.MAX_VALUE).dataset(counting(5)),
                "windows: the series has 5 rows, but a window of 2147483647 lags with the horizon 2147483647 takes "
                        + "4294967294; use fewer lags, or a longer series");
        refused(() -> new Windows(0), "windows: lags=0; a window has at least one row");
        refused(() -> new Windows(1).horizons(), "horizons: [] do not ascend from 1 or more; 1 is the next row");
        refused(() -> new Windows(1).horizons(0), "horizons: [0] do not ascend from 1 or more; 1 is the next row");
        refused(
                () -> new Windows(1).horizons(2, 2),
                "horizons: [2, 2] do not ascend from 1 or more; 1 is the next row");
        refused(
                () -> new Windows(1).targets("c").dataset(counting(5)),
                "series: there is no column c; there are [a, b], so name one of them");
        refused(
                () -> Series.of(List.of("a"), new double[][] {{1}, {Double.NaN}}),
                "series: row 1, column a is NaN; replace it, or keep NaN as a hole with Series.withHoles");
        refused(
                () -> Series.of(List.of("a"), new double[][] {{1}, {1, 2}}),
                "series: row 1 has 2 values for the 1 columns [a]; give one for each");
        refused(
                () -> Series.of(List.of("a", "a"), new double[][] {{1, 2}}),
                "series: there are 1 rows of the columns [a, a]; give at least one row and one column, each with a"
                        + " name of its own");
        refused(
                () -> Series.of(),
                "series: there are 0 rows of the columns [value]; give at least one row and one column, each with a"
                        + " name of its own");
        refused(() -> counting(3).value(3, "a"), "value: row 3 is outside [0, 3); the series has 3 rows");
        refused(() -> counting(3).take(1, 4), "take: 1 to 4 is no part of 3 rows; choose 0 <= from < to <= 3");
    }

    @Test
    void columnsOfATable() throws IOException {
        Path file =
                Files.writeString(temp.resolve("days.csv"), "day,v,train\nmon,1.5,TRUE\ntue,2,FALSE\nmon,-3e1,TRUE\n");
        Table table = Table.csv(file);
        Series s = Series.of(table, "v");
        assertThat(s).hasToString("Series [3, 1] of [v]");
        assertThat(s.values("v")).containsExactly(1.5, 2, -30);
        Series encoded = Series.of(
                table, new Encoder().oneHot("day").number("v").bool("train").fit(table));
        assertThat(encoded.columns()).containsExactly("day=mon", "day=tue", "v", "train");
        assertThat(encoded.values("train")).containsExactly(1, 0, 1);
        assertThat(encoded.take(1, 2).value(0, "day=tue")).isEqualTo(1);
        refused(
                () -> Series.of(table, "day"),
                "days.csv line 2, column day: \"mon\" is not a finite number; choose oneHot for words, or leave the"
                        + " column out");
        refused(() -> Series.of(table), "series: no column is named; name one of [day, v, train]");
        Files.writeString(file, "v\n1\nNA\n");
        refused(
                () -> Series.of(Table.csv(file), "v"),
                "days.csv line 3, column v: the value is missing; leave such rows out with complete(\"v\"), or the"
                        + " column, or keep a hole in a series with Series.withHoles");
    }

    // ---- scales

    @Test
    void aScaleIsLearnedOnTheRowsToTrainOn() {
        Series s = Series.of(List.of("a", "b"), new double[][] {{1, 5}, {3, 5}, {100, 6}});
        Standardization train = Standardization.fit(s.take(0, 2), "a");
        assertThat(train.means()).containsExactly(2.0);
        assertThat(train.deviations()).containsExactly(1.0);
        Series scaled = train.apply(s);
        assertThat(scaled.values("a")).containsExactly(-1, 1, 98);
        assertThat(scaled.values("b")).containsExactly(5, 5, 6);
        assertThat(train.original("a", 98)).isEqualTo(100);
        assertThat(Standardization.fit(s, t -> t < 2, "a")).isEqualTo(train);
        assertThat(Standardization.fit(s).columns()).containsExactly("a", "b");
        assertThat(Arrays.stream(Standardization.fit(s).apply(s).values("b")).sum())
                .isCloseTo(0, within(1e-12));
        refused(
                () -> Standardization.fit(s.take(0, 2)),
                "standardization: column b is 5.0 in all 2 rows, so there is nothing to scale by; leave it out");
        refused(
                () -> Standardization.fit(Series.of(0.1, 0.1, 0.1, 0.1, 0.1, 0.1)),
                "standardization: column value is 0.1 in all 6 rows, so there is nothing to scale by; leave it out");
        refused(
                () -> Standardization.fit(s, t -> false),
                "standardization: none of the 3 rows is accepted; choose at least two to fit on");
        refused(() -> train.original("b", 0), "original: column b is not scaled; there are [a], so name one of them");
        refused(
                () -> new Standardization(List.of("a"), List.of(0.0), List.of(0.0)),
                "standardization: column a has the mean 0.0 and the deviation 0.0; both must be finite, and the"
                        + " deviation above 0");
        refused(
                () -> new Standardization(List.of("a"), List.of(), List.of(1.0)),
                "standardization: 0 means and 1 deviations for the columns [a]; give one of each for every column, at"
                        + " least one");
    }

    // ---- the stock exchange

    /**
     * The autoregression of the textbook (ISLR2, section 10.9.6): five lags of three series, standardized over the
     * whole, least squares on the days with the flag, R2 on the others; and yesterday's volume as the straw man.
     */
    @Test
    void theStockExchangeOfTheTextbook() {
        String data = System.getenv("FATHOM_DATA");
        Path file = Path.of(data == null ? "" : data, "islr", "NYSE.csv");
        assumeTrue(Files.isRegularFile(file), "the stock exchange is not tested: FATHOM_DATA has no islr/NYSE.csv");
        Table table = Table.csv(file);
        String[] columns = {"DJ_return", "log_volume", "log_volatility"};
        Series raw =
                Series.of(table, new Encoder().number(columns).bool("train").fit(table));
        assertThat(raw.length()).isEqualTo(6051);
        assertThat(Arrays.stream(raw.values("train")).sum()).isEqualTo(4281);
        Series s = Standardization.fit(raw, columns).apply(raw);
        Windows windows = new Windows(5).inputs(columns).targets("log_volume");
        assertThat(windows.count(s)).isEqualTo(6046);
        try (Dataset train = windows.dataset(s, t -> s.value(t, "train") == 1);
                Dataset test = windows.dataset(s, t -> s.value(t, "train") == 0)) {
            assertThat(train.size()).isEqualTo(4276);
            assertThat(test.size()).isEqualTo(1770);
            assertThat(train.featureShape()).isEqualTo(Shape.of(5, 3));
            double[] beta = leastSquares(field(train, "x"), field(train, "y"), 15);
            // the intercept, and yesterday's row, which is the last of a window
            assertThat(beta[15]).isCloseTo(-0.006254, within(1e-6));
            assertThat(beta[12]).isCloseTo(0.094605, within(1e-6));
            assertThat(beta[13]).isCloseTo(0.507492, within(1e-6));
            assertThat(beta[14]).isCloseTo(0.579946, within(1e-6));
            float[] x = field(test, "x");
            float[] y = field(test, "y");
            double[] forecast = new double[y.length];
            double[] yesterday = new double[y.length];
            for (int i = 0; i < y.length; i++) {
                forecast[i] = beta[15];
                for (int k = 0; k < 15; k++) {
                    forecast[i] += beta[k] * x[15 * i + k];
                }
                yesterday[i] = x[15 * i + 13];
            }
            assertThat(r2(forecast, y)).isCloseTo(0.4128912939, within(1e-6));
            assertThat(r2(yesterday, y)).isCloseTo(0.1802628784, within(1e-6));
        }
        // the autocorrelation of the volume after 1, 2, 3, 5, 10 and 20 days
        double[] volume = s.values("log_volume");
        double[] acf = Arrays.stream(new int[] {1, 2, 3, 5, 10, 20})
                .mapToDouble(lag -> correlation(volume, lag))
                .toArray();
        assertThat(acf).containsExactly(new double[] {0.6732, 0.4981, 0.4583, 0.4535, 0.3339, 0.2255}, within(5e-5));
        // by time, it is the same split
        List<Dataset> byTime = windows.split(s, 4281);
        assertThat(byTime.get(0).size()).isEqualTo(4276);
        assertThat(byTime.get(1).size()).isEqualTo(1770);
        byTime.forEach(Dataset::close);
    }

    private static double correlation(double[] x, int lag) {
        double mean = Arrays.stream(x).average().orElseThrow();
        double all = 0;
        double lagged = 0;
        for (int t = 0; t < x.length; t++) {
            all += (x[t] - mean) * (x[t] - mean);
            lagged += t < lag ? 0 : (x[t] - mean) * (x[t - lag] - mean);
        }
        return lagged / all;
    }

    private static double r2(double[] forecast, float[] y) {
        double mean = 0;
        for (float v : y) {
            mean += (double) v / y.length;
        }
        double left = 0;
        double all = 0;
        for (int i = 0; i < y.length; i++) {
            left += (y[i] - forecast[i]) * (y[i] - forecast[i]);
            all += (y[i] - mean) * (y[i] - mean);
        }
        return 1 - left / all;
    }

    /** Solves the normal equations by elimination; the last coefficient is the intercept. */
    private static double[] leastSquares(float[] x, float[] y, int k) {
        double[][] a = new double[k + 1][k + 2];
        double[] row = new double[k + 2];
        for (int i = 0; i < y.length; i++) {
            for (int j = 0; j < k; j++) {
                row[j] = x[i * k + j];
            }
            row[k] = 1;
            row[k + 1] = y[i];
            for (int r = 0; r <= k; r++) {
                for (int c = 0; c < k + 2; c++) {
                    a[r][c] += row[r] * row[c];
                }
            }
        }
        for (int p = 0; p <= k; p++) {
            for (int r = 0; r <= k; r++) {
                double f = r == p ? 0 : a[r][p] / a[p][p];
                for (int c = p; c < k + 2; c++) {
                    a[r][c] -= f * a[p][c];
                }
            }
        }
        double[] beta = new double[k + 1];
        Arrays.setAll(beta, r -> a[r][k + 1] / a[r][r]);
        return beta;
    }

    @Test
    void errorsAreTakenForEachHorizon() {
        double[][] rows = new double[20][];
        for (int t = 0; t < rows.length; t++) {
            rows[t] = new double[] {t, 100 + 2 * t};
        }
        Series series = Series.of(List.of("a", "b"), rows);
        Windows windows = new Windows(2).horizons(1, 4);
        try (Dataset data = windows.dataset(series)) {
            // the last row again: one and four steps late, in b twice as much
            float[][] last = new float[data.size()][];
            for (int i = 0; i < last.length; i++) {
                last[i] = new float[] {i + 1, 100 + 2 * (i + 1), i + 1, 100 + 2 * (i + 1)};
            }
            var errors = windows.errors(data, new Predictions(last, Shape.of(4), false));
            assertThat(errors.keySet()).containsExactly(1, 4);
            assertThat(errors.get(1).mae()).isEqualTo(1.5);
            assertThat(errors.get(4).mae()).isEqualTo(6);
            assertThat(errors.get(4).rmse()).isEqualTo(Math.sqrt(40));
            assertThatThrownBy(() -> windows.errors(data, new Predictions(new float[3][4], Shape.of(4), false)))
                    .hasMessage(
                            "errors: there are 3 predictions of [4] for 15 windows of 4 values and 2 horizons; give a"
                                    + " prediction for each value");
        }
    }
}
