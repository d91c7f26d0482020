package dev.fathom.series;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fathom.data.Batch;
import dev.fathom.data.Dataset;
import dev.fathom.table.Encoder;
import dev.fathom.table.Table;
import dev.fathom.tensor.Pass;
import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.Period;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Series with times and holes: no window reaches over what is not there, and nobody takes a filled value for a measured
 * one.
 */
@Tag("any-instruction-set")
class SeriesTest {
    private static final DateTimeFormatter MINUTES = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm");
    private static final Times HOURLY = Times.of("when", MINUTES, Duration.ofHours(1));

    @TempDir
    Path temp;

    private Table table(String... lines) throws IOException {
        return Table.csv(Files.write(temp.resolve("air.csv"), List.of(lines)));
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isExactlyInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    /** In row t both values are t, so that a window over a hole would show a jump. */
    @Test
    void noWindowReachesOverAHole() throws IOException {
        int n = 300;
        Rng rng = new Rng(5);
        float[] u = rng.uniform(2 * n, 0, 1);
        List<String> lines = new ArrayList<>(List.of("when,a,b"));
        TreeSet<Integer> broken = new TreeSet<>();
        LocalDateTime start = LocalDateTime.of(2024, 2, 28, 0, 0);
        for (int t = 0; t < n; t++) {
            boolean out = t > 0 && t < n - 1 && u[2 * t] < 0.03;
            boolean lacks = u[2 * t + 1] < 0.03;
            if (out || lacks) {
                broken.add(t);
            }
            if (!out) {
                lines.add(start.plusHours(t).format(MINUTES) + "," + t + "," + (lacks ? "NA" : "" + t));
            }
        }
        Series s = Series.withHoles(table(lines.toArray(String[]::new)), HOURLY, "a", "b");
        assertThat(s.length()).isEqualTo(n);
        assertThat(s.time(n - 1)).isEqualTo(start.plusHours(n - 1).format(MINUTES));
        assertThat(s.rowAt("2024-03-01 00:30")).isEqualTo(49); // the leap day counts
        assertThat(broken).hasSizeGreaterThan(8);
        for (int t = 0; t < n; t++) {
            assertThat(s.missing(t, "b")).isEqualTo(broken.contains(t));
        }
        Windows windows = new Windows(4).horizons(1, 3);
        int[] whole = IntStream.range(0, n - 6)
                .filter(i -> broken.subSet(i, i + 5).isEmpty() && !broken.contains(i + 6))
                .toArray();
        assertThat(windows.count(s)).isEqualTo(whole.length);
        try (Dataset data = windows.dataset(s);
                Pass pass = Pass.infer()) {
            assertThat(data.size()).isEqualTo(whole.length);
            Batch all = data.batches(data.size()).epoch(0).next();
            float[] x = all.x().toArray();
            float[] y = all.y().toArray();
            for (int i = 0; i < whole.length; i++) {
                for (int k = 0; k < 8; k++) {
                    assertThat(x[8 * i + k]).isEqualTo(whole[i] + k / 2);
                }
                assertThat(Arrays.copyOfRange(y, 4 * i, 4 * i + 4))
                        .containsExactly(whole[i] + 4, whole[i] + 4, whole[i] + 6, whole[i] + 6);
            }
        }
        // a hole in a column that is not taken is none
        assertThat(new Windows(4).inputs("a").targets("a").count(s)).isGreaterThan(new Windows(4).count(s));
        assertThat(s.filled(Filling.linear()).holes()).isZero();
        assertThat(s.filled(Filling.linear()).values("b"))
                .isEqualTo(IntStream.range(0, n).asDoubleStream().toArray());
        assertThat(windows.count(s.filled(Filling.linear()))).isEqualTo(n - 6);
    }

    @Test
    void aStepThatIsNotOneIsNamed() throws IOException {
        Table gap = table("when,v", "2024-01-01 05:00,1", "2024-01-01 06:00,2", "2024-01-01 09:00,3");
        refused(
                () -> Series.of(gap, HOURLY, "v"),
                "air.csv line 4, column when: 2024-01-01 09:00 comes PT3H after the row before, where the step is"
                        + " PT1H, so 2 rows are missing; mend the file, or read it by Series.withHoles and fill the"
                        + " holes");
        assertThat(Series.withHoles(gap, HOURLY, "v")).hasToString("Series [5, 1] of [v], 2 values missing");
        Table between = table("when,v", "2024-01-01 05:00,1", "2024-01-01 06:30,2");
        for (Times times : List.of(HOURLY, Times.of("when", MINUTES, Period.ofDays(1)))) {
            assertThatThrownBy(() -> Series.withHoles(between, times, "v"))
                    .hasMessageStartingWith(
                            "air.csv line 3, column when: 2024-01-01 06:30 comes PT1H30M after the row before, "
                                    + "where the step is P")
                    .hasMessageEndingWith("so it lies between two rows; mend the time, or give the true step");
        }
        Table doubled = table("when,v", "2024-01-01 05:00,1", "2024-01-01 05:00,2");
        refused(
                () -> Series.withHoles(doubled, HOURLY, "v"),
                "air.csv line 3, column when: 2024-01-01 05:00 is not later than 2024-01-01 05:00 in the row before;"
                        + " sort the rows by time, and leave doubled ones out");
        Table odd = table("when,v", "2024-01-01 05:00,1", "1.1.2024 6:00,2");
        assertThatThrownBy(() -> Series.of(odd, HOURLY, "v"))
                .hasMessageStartingWith(
                        "air.csv line 3, column when: \"1.1.2024 6:00\" is no time that the format of column when "
                                + "reads (");
        Table far = table("when,v", "0001-01-01 05:00,1", "9999-01-01 05:00,2");
        assertThatThrownBy(() -> Series.withHoles(far, Times.of("when", MINUTES, Duration.ofMillis(1)), "v"))
                .hasMessageContaining("more than a series can hold; mend the time, or give the true step");
        assertThatThrownBy(() -> Series.of(gap, Times.of("day", MINUTES, Duration.ofHours(1)), "v"))
                .hasMessage("air.csv has no column day; it has [when, v]");
        refused(
                () -> Times.of("when", MINUTES, Duration.ZERO),
                "times: the step PT0S of column when must be a Duration or a Period above 0, such as"
                        + " Duration.ofHours(1)");
        refused(() -> Times.numbers("t", 0), "times: the step 0.0 of column t must be above 0 and finite");
        assertThat(HOURLY).hasToString("times of column when, step PT1H");
    }

    @Test
    void monthsFollowTheCalendarAndClocksTheirOffset() throws IOException {
        Times monthly = Times.of("when", DateTimeFormatter.ofPattern("yyyy-MM"), Period.ofMonths(1));
        Series months = Series.withHoles(table("when,v", "2023-11,1", "2023-12,2", "2024-03,3"), monthly, "v");
        assertThat(months.length()).isEqualTo(5);
        assertThat(months.time(3)).isEqualTo("2024-02");
        Times last = Times.of("when", DateTimeFormatter.ISO_LOCAL_DATE, Period.ofMonths(1));
        Series ends = Series.of(table("when,v", "2024-01-31,1", "2024-02-29,2", "2024-03-31,3"), last, "v");
        assertThat(ends.length()).isEqualTo(3);
        // in Berlin the hour after one o'clock was left out in March 2024; with offsets no hour is missing
        Times offset = Times.of("when", DateTimeFormatter.ISO_OFFSET_DATE_TIME, Duration.ofHours(1));
        String[] spring = {"when,v", "2024-03-31T01:00:00+01:00,1", "2024-03-31T03:00:00+02:00,2"};
        assertThat(Series.of(table(spring), offset, "v").length()).isEqualTo(2);
        assertThatThrownBy(() -> Series.of(table("when,v", "2024-03-31 01:00,1", "2024-03-31 03:00,2"), HOURLY, "v"))
                .hasMessageContaining("comes PT2H after the row before, where the step is PT1H, so 1 row is missing");
    }

    /** In Berlin two o'clock was left out on 31 March 2024 and came twice on 27 October. */
    @Test
    void zonesAreKept() throws IOException {
        DateTimeFormatter format = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm VV");
        Times hourly = Times.of("when", format, Duration.ofHours(1));
        Series spring = Series.of(
                table("when,v", "2024-03-31 01:00 Europe/Berlin,1", "2024-03-31 03:00 Europe/Berlin,2"), hourly, "v");
        assertThat(spring.length()).isEqualTo(2);
        assertThat(spring.time(1)).isEqualTo("2024-03-31 03:00 Europe/Berlin");
        assertThat(spring.rowAt("2024-03-31 03:00 Europe/Berlin")).isEqualTo(1);
        Series hole = Series.withHoles(
                table("when,v", "2024-10-27 01:00 Europe/Berlin,1", "2024-10-27 04:00 Europe/Berlin,2"), hourly, "v");
        assertThat(hole.length()).isEqualTo(5);
        assertThat(hole.time(3)).isEqualTo("2024-10-27 03:00 Europe/Berlin");
        Times daily = Times.of("when", format, Period.ofDays(1));
        Series days = Series.withHoles(
                table(
                        "when,v",
                        "2024-03-30 02:30 Europe/Berlin,1",
                        "2024-03-31 02:30 Europe/Berlin,2",
                        "2024-04-02 02:30 Europe/Berlin,4"),
                daily,
                "v");
        assertThat(days.values("v")).containsExactly(1, 2, Double.NaN, 4);
        assertThat(days.time(1)).isEqualTo("2024-03-31 02:30 Europe/Berlin");
        assertThat(days.time(2)).isEqualTo("2024-04-01 02:30 Europe/Berlin");
        Times dates = Times.of("when", DateTimeFormatter.ofPattern("yyyy-MM-dd VV"), Period.ofDays(1));
        Series zoned = Series.withHoles(
                table("when,v", "2024-03-30 Europe/Berlin,1", "2024-04-01 Europe/Berlin,3"), dates, "v");
        assertThat(zoned.time(1)).isEqualTo("2024-03-31 Europe/Berlin");
    }

    @Test
    void daysOfTheCalendarMayChangeTheirOffset() throws IOException {
        Times daily = Times.of("when", DateTimeFormatter.ISO_OFFSET_DATE_TIME, Period.ofDays(1));
        String[] spring = {"2024-03-30T00:00:00+01:00", "2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00"};
        String[] autumn = {"2024-10-26T00:00:00+02:00", "2024-10-27T00:00:00+02:00", "2024-10-28T00:00:00+01:00"};
        for (String[] days : List.of(spring, autumn)) {
            Series s = Series.of(table("when,v", days[0] + ",1", days[1] + ",2", days[2] + ",3"), daily, "v");
            assertThat(s.length()).isEqualTo(3);
            for (int t = 0; t < 3; t++) {
                assertThat(s.time(t)).isEqualTo(days[t]);
                assertThat(s.rowAt(days[t])).isEqualTo(t);
            }
            assertThat(s.take(1, 3).time(1)).isEqualTo(days[2]);
        }
        Table twice = table("when,v", "2024-10-27T02:00:00+02:00,1", "2024-10-27T02:00:00+01:00,2");
        refused(
                () -> Series.of(twice, daily, "v"),
                "air.csv line 3, column when: 2024-10-27T02:00:00+01:00 is not later than 2024-10-27T02:00:00+02:00 in"
                        + " the row before; sort the rows by time, and leave doubled ones out");
        Times hourly = Times.of("when", DateTimeFormatter.ISO_OFFSET_DATE_TIME, Duration.ofHours(1));
        Series hours = Series.of(twice, hourly, "v");
        assertThat(hours.length()).isEqualTo(2);
        assertThat(hours.time(1)).isEqualTo("2024-10-27T02:00:00+01:00");
    }

    @Test
    void timesWithAndWithoutOffsetAreNotOfOneColumn() throws IOException {
        Times mixed = Times.of("when", DateTimeFormatter.ISO_DATE_TIME, Duration.ofHours(1));
        Table lacks = table("when,v", "2024-01-01T01:00:00+01:00,1", "2024-01-01T02:00:00,2");
        refused(
                () -> Series.of(lacks, mixed, "v"),
                "air.csv line 3, column when: 2024-01-01T02:00:00 has no offset or zone, but the first time of column"
                        + " when has one; give one to all times, or to none");
        Table has = table("when,v", "2024-01-01T01:00:00,1", "2024-01-01T02:00:00+01:00,2");
        refused(
                () -> Series.of(has, mixed, "v"),
                "air.csv line 3, column when: 2024-01-01T02:00:00+01:00 has an offset or zone, but the first time of"
                        + " column when has none; give one to all times, or to none");
        Series whole = Series.of(table("when,v", "2024-01-01T01:00:00,1", "2024-01-01T02:00:00,2"), mixed, "v");
        refused(
                () -> whole.rowAt("2024-01-01T02:00:00Z"),
                "rowAt: 2024-01-01T02:00:00Z has an offset or zone, but the first time of column when has none; give"
                        + " one to all times, or to none");
    }

    @Test
    void numbersAreTimesToo() throws IOException {
        Times seconds = Times.numbers("t", 1.0 / 3);
        Series s = Series.withHoles(table("t,v", "10,0", "10.333,1", "11,3", "11.333,NA", "11.667,5"), seconds, "v");
        assertThat(s.values("v")).containsExactly(0, 1, Double.NaN, 3, Double.NaN, 5);
        assertThat(s.rowAt("11")).isEqualTo(3);
        Table skewed = table("t,v", "10,0", "10.5,1");
        refused(
                () -> Series.withHoles(skewed, seconds, "v"),
                "air.csv line 3, column t: 10.5 comes 0.5 after the row before, where the step is 0.3333333333333333,"
                        + " so it lies between two rows; mend the time, or give the true step");
        assertThatThrownBy(() -> Series.of(table("t,v", "NaN,0"), seconds, "v")).hasMessageContaining("is no time");
        assertThat(s.take(2, 6).time(1)).isEqualTo(s.time(3));
        assertThat(s.take(2, 6).rowAt("11")).isEqualTo(1);
        refused(() -> s.rowAt("12"), "rowAt: the series ends at 11.667, before 12; give a time that it has");
        refused(
                () -> Series.of(1, 2).time(0),
                "time: this series knows no times; name their column when it is made: Series.of(table, times, ..)");
    }

    @Test
    void holesAreFilledAndMarked() {
        double no = Double.NaN;
        Series s = Series.withHoles(
                List.of("a", "b"), new double[][] {{no, 1}, {2, no}, {no, no}, {no, no}, {8, 5}, {no, 7}});
        assertThat(s).hasToString("Series [6, 2] of [a, b], 7 values missing");
        assertThat(s.filled(Filling.last()).values("a")).containsExactly(no, 2, 2, 2, 8, 8);
        assertThat(s.filled(Filling.linear()).values("a")).containsExactly(no, 2, 4, 6, 8, no);
        assertThat(s.filled(Filling.linear()).values("b")).containsExactly(1, 2, 3, 4, 5, 7);
        assertThat(s.filled(Filling.mean()).values("a")).containsExactly(5, 2, 5, 5, 8, 5);
        assertThat(s.filled(Filling.mean(t -> t < 4)).values("a")).containsExactly(2, 2, 2, 2, 8, 2);
        assertThat(s.filled(Filling.linear().upTo(2)).values("b")).containsExactly(1, no, no, no, 5, 7);
        Series part = s.filled(Filling.last().upTo(2), "a");
        assertThat(part.values("b")).containsExactly(s.values("b"));
        assertThat(IntStream.range(0, 6).filter(t -> part.filled(t, "a")).toArray())
                .containsExactly(2, 3, 5);
        assertThat(part.take(1, 4).filled(1, "a")).isTrue();
        Series masked = part.withMask("a").take(1, 6);
        assertThat(masked.columns()).containsExactly("a", "b", "a filled");
        assertThat(masked.values("a filled")).containsExactly(0, 1, 1, 0, 1);
        assertThat(masked.filled(1, "a")).isTrue();
        // what was filled need not be forecast
        try (Dataset measured = new Windows(1).inputs("a").targets("a").dataset(masked, t -> !masked.filled(t, "a"))) {
            assertThat(measured.size()).isEqualTo(1);
        }
        refused(
                () -> masked.withMask("a"),
                "withMask: one of [a] has a mask already, among [a, b, a filled]; name each column once");
        refused(() -> Filling.last().upTo(0), "filling: holes of up to 0 rows; give at least 1");
        refused(
                () -> s.filled(Filling.mean(t -> t == 0), "a"),
                "filling: column a has no value in the rows that are accepted, and so no mean; accept more of them");
        refused(
                () -> Series.of(List.of("a"), new double[][] {{no}}),
                "series: row 0, column a is NaN; replace it, or keep NaN as a hole with Series.withHoles");
        refused(
                () -> Series.withHoles(List.of("a"), new double[][] {{Double.POSITIVE_INFINITY}}),
                "series: row 0, column a is Infinity; replace it");
    }

    @Test
    void scalesAndForecastsKnowOfHoles() {
        double no = Double.NaN;
        Series s = Series.withHoles(List.of("a"), new double[][] {{1}, {no}, {3}, {4}, {no}, {6}});
        Standardization scale = Standardization.fit(s.take(0, 3));
        assertThat(scale.means()).containsExactly(2.0);
        assertThat(scale.deviations()).containsExactly(1.0);
        assertThat(scale.apply(s).values("a")).containsExactly(-1, no, 1, 2, no, 4);
        refused(
                () -> Standardization.fit(s.take(1, 2)),
                "standardization: none of the 1 rows is accepted and has a value of column a; choose at least two to"
                        + " fit on");
        refused(
                () -> Forecast.oneStepAhead(new Windows(2), s, 4, 2, w -> new float[] {0}),
                "oneStepAhead: column a of row 4 is missing, and the forecast of row 5 needs it; fill the holes, or"
                        + " begin elsewhere");
        assertThat(Forecast.recursive(new Windows(2), s, 4, 3, w -> new float[] {w[1] + 1}))
                .hasNumberOfRows(3);
        refused(
                () -> new Windows(3).count(s),
                "windows: each of the 3 windows of 3 lags touches one of the 2 missing values; use fewer lags, or fill"
                        + " the holes");
    }

    @Test
    void encodedColumnsMayHaveHoles() throws IOException {
        Table table = table("when,day,v", "2024-01-01 00:00,mon,1", "2024-01-01 01:00,NA,NA", "2024-01-01 03:00,tue,4");
        var encoding =
                new Encoder().missingAsNaN().oneHot("day").standardize("v").fit(table);
        Series s = Series.withHoles(table, HOURLY, encoding);
        assertThat(s.columns()).containsExactly("day=mon", "day=tue", "v");
        assertThat(s.values("day=tue")).containsExactly(0, Double.NaN, Double.NaN, 1);
        assertThat(s.values("v")).containsExactly(-1, Double.NaN, Double.NaN, 1);
        assertThatThrownBy(() -> Series.of(table, HOURLY, encoding)).hasMessageContaining("so 1 row is missing");
        assertThatThrownBy(() -> new Encoder()
                        .missingAsNaN()
                        .number("v")
                        .target("v")
                        .fit(table)
                        .dataset(table))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Encoder()
                        .missingAsNaN()
                        .number("v")
                        .label("day")
                        .fit(table)
                        .dataset(table))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the value is missing");
        assertThat(Series.withHoles(table, "v").values("v")).containsExactly(1, Double.NaN, 4);
    }
}
