package dev.fathom.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Forecasts from true lags and fed back, by hand. */
class ForecastTest {
    private static final Series FIBONACCI = Series.of(1, 1, 2, 3, 5, 8, 13);
    private static final Forecast.Step SUM = window -> new float[] {window[0] + window[1]};
    /** One too many each time. */
    private static final Forecast.Step MORE = window -> new float[] {window[0] + window[1] + 1};

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(sentence);
    }

    @Test
    void trueLagsForgetTheErrorsAndFedBackOnesGrow() {
        Windows windows = new Windows(2);
        assertThat(Forecast.oneStepAhead(windows, FIBONACCI, 3, 3, MORE)).isDeepEqualTo(new float[][] {{4}, {6}, {9}});
        assertThat(Forecast.recursive(windows, FIBONACCI, 3, 3, MORE)).isDeepEqualTo(new float[][] {{4}, {7}, {12}});
        assertThat(Forecast.recursive(windows, FIBONACCI, 7, 4, SUM))
                .as("beyond the end")
                .isDeepEqualTo(new float[][] {{21}, {34}, {55}, {89}});
        assertThat(Forecast.oneStepAhead(windows, FIBONACCI, 7, 1, SUM)).isDeepEqualTo(new float[][] {{21}});
        assertThat(Forecast.recursive(windows, FIBONACCI, 2, 1, SUM)).isDeepEqualTo(new float[][] {{2}});
    }

    /** b is forecast and fed back, a is always true; the columns are in the order of the inputs. */
    @Test
    void inputsThatAreNotForecastStayTrue() {
        Series s = Series.of(List.of("a", "b"), new double[][] {{1, 10}, {2, 20}, {3, 30}, {4, 40}, {5, 50}});
        List<float[]> seen = new ArrayList<>();
        Forecast.Step step = window -> {
            seen.add(window.clone());
            return new float[] {-window[2]};
        };
        Windows windows = new Windows(2).inputs("b", "a").targets("b");
        assertThat(Forecast.recursive(windows, s, 3, 3, step)).isDeepEqualTo(new float[][] {{-30}, {30}, {-30}});
        assertThat(seen.get(0)).containsExactly(20, 2, 30, 3);
        assertThat(seen.get(1)).containsExactly(30, 3, -30, 4);
        assertThat(seen.get(2)).containsExactly(-30, 4, 30, 5);
        refused(
                () -> Forecast.recursive(windows, s, 3, 4, step),
                "recursive: cannot forecast 4 rows from row 3 with 2 lags and 5 rows; begin at 2 or later but no "
                        + "later than row 5, and forecast at least one row, ending one row after the series at most");
    }

    @Test
    void whatCannotBeForecast() {
        Windows windows = new Windows(2);
        refused(
                () -> Forecast.oneStepAhead(windows, FIBONACCI, 1, 1, SUM),
                "oneStepAhead: cannot forecast 1 rows from row 1 with 2 lags and 7 rows; begin at 2 or later but "
                        + "no later than row 7, and forecast at least one row, ending one row after the series at "
                        + "most");
        refused(
                () -> Forecast.oneStepAhead(windows, FIBONACCI, 7, 2, SUM),
                "oneStepAhead: cannot forecast 2 rows from row 7 with 2 lags and 7 rows; begin at 2 or later but "
                        + "no later than row 7, and forecast at least one row, ending one row after the series at "
                        + "most");
        refused(
                () -> Forecast.recursive(windows, FIBONACCI, 8, 1, SUM),
                "recursive: cannot forecast 1 rows from row 8 with 2 lags and 7 rows; begin at 2 or later but no "
                        + "later than row 7, and forecast at least one row");
        refused(
                () -> Forecast.recursive(windows, FIBONACCI, 2, 0, SUM),
                "recursive: cannot forecast 0 rows from row 2 with 2 lags and 7 rows; begin at 2 or later but no "
                        + "later than row 7, and forecast at least one row");
        refused(
                () -> Forecast.recursive(windows.horizons(2), FIBONACCI, 2, 1, SUM),
                "recursive: the windows of 2 lags, horizons [2] do not forecast the next row alone; use the horizon 1");
        refused(
                () -> Forecast.recursive(windows, FIBONACCI, 2, 1, w -> new float[2]),
                "recursive: the model returned 2 values for the targets [value]; return one for each");
        refused(
                () -> Forecast.recursive(windows, FIBONACCI, 2, 2, w -> new float[] {Float.NaN}),
                "recursive: the forecast of row 2 is NaN; nothing can be forecast from it, so check the model");
    }
}
