package dev.fathom.series;

import dev.fathom.table.Table;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.Period;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.Temporal;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalAmount;
import java.time.temporal.TemporalQueries;
import org.jspecify.annotations.Nullable;

/**
 * The column of a table that says when each row was, and the step from one row to the next. {@link Series#of(Table,
 * Times, String...)} checks by it that no row is missing, doubled or in the wrong place, and
 * {@link Series#withHoles(Table, Times, String...)} keeps a place for each row that the file leaves out.
 *
 * <pre>{@code
 * Times hourly = Times.of("when", DateTimeFormatter.ofPattern("dd.MM.yyyy HH:mm"), Duration.ofHours(1));
 * Times monthly = Times.of("month", DateTimeFormatter.ofPattern("yyyy-MM"), Period.ofMonths(1));
 * Times sampled = Times.numbers("seconds", 0.02);
 * }</pre>
 *
 * <p>The time of row k is the time of the first row plus k steps, so that months and years follow the calendar.
 */
public abstract class Times {
    private final String column;

    private Times(String column) {
        this.column = column;
    }

    /**
     * Reads dates, with or without a time of day. A format with an offset, such as +01:00, or a zone, such as
     * Europe/Berlin, knows the hour that the clocks leave out, and one without takes all times as those of one clock
     * that is never changed. An offset tells an hour that the clocks repeat from the one before it; a zone alone always
     * names the first of the two. A {@link Duration} counts hours that pass, and a {@link Period} days of the calendar,
     * which begin at the same time of day whatever the offset is.
     *
     * @param step from row to row: a {@link Duration}, or a {@link Period} of days, months or years
     * @throws IllegalArgumentException if the step is neither, or not above 0
     */
    public static Times of(String column, DateTimeFormatter format, TemporalAmount step) {
        return new Dates(column, format, step);
    }

    /**
     * Reads numbers, such as seconds, days or years. A time may be off its place by a hundredth of the step, as rounded
     * ones are.
     *
     * @param step from row to row
     * @throws IllegalArgumentException if the step is not above 0 and finite
     */
    public static Times numbers(String column, double step) {
        return new Numbers(column, step);
    }

    /** The text of a time as the column has it. */
    abstract Object parsed(String text);

    /** The number of the row with this time, which is behind row {@code from}; -1 if it lies between two rows. */
    abstract long index(Object start, long from, Object time);

    /** The time of a row. */
    abstract Object at(Object start, long row);

    abstract boolean after(Object time, Object before);

    abstract String text(Object start, long row);

    /** How much later a time is. */
    abstract String between(Object before, Object time);

    abstract String step();

    /**
     * The places of a table's rows in a regular series.
     *
     * @param start the time of row 0
     * @param rows the place of each row, ascending from 0
     */
    record Places(Object start, int[] rows) {
        int length() {
            return rows[rows.length - 1] + 1;
        }
    }

    /** Finds the place of each row, and refuses one that has none. */
    Places places(Table table, boolean holes) {
        int[] rows = new int[table.size()];
        Object start = parse(table.where(0, column), table.text(0, column), null);
        Object before = start;
        for (int row = 1; row < rows.length; row++) {
            Object time = parse(table.where(row, column), table.text(row, column), start);
            String text = table.text(row, column);
            if (!after(time, before)) {
                throw new IllegalArgumentException(table.where(row, column) + ": " + text + " is not later than "
                        + table.text(row - 1, column)
                        + " in the row before; sort the rows by time, and leave doubled ones"
                        + " out");
            }
            String found = " comes " + between(before, time) + " after the row before, where the step is " + step();
            long place = index(start, rows[row - 1], time);
            if (place < 0) {
                throw new IllegalArgumentException(table.where(row, column) + ": " + text + found
                        + ", so it lies between two rows; mend the time, or give the true step");
            }
            long missing = place - rows[row - 1] - 1;
            if (missing > 0 && !holes) {
                throw new IllegalArgumentException(table.where(row, column) + ": " + text + found + ", so " + missing
                        + (missing == 1 ? " row is" : " rows are")
                        + " missing; mend the file, or read it by Series.withHoles and fill the holes");
            }
            if (place >= Integer.MAX_VALUE) {
                throw new IllegalArgumentException(table.where(row, column) + ": " + text + found + ", so " + missing
                        + " rows are missing, more than a series can hold; mend the time, or give the true step");
            }
            rows[row] = (int) place;
            before = time;
        }
        return new Places(start, rows);
    }

    /** The texts of the times of a table's rows at their places, null for a row that it leaves out. */
    @Nullable
    String[] texts(Table table, Places places) {
        String[] texts = new String[places.length()];
        for (int row = 0; row < table.size(); row++) {
            texts[places.rows()[row]] = table.text(row, column);
        }
        return texts;
    }

    /**
     * The time of a text that stands at this place, which must have an offset if the first time of the series has one.
     */
    Object parse(String where, String text, @Nullable Object start) {
        Object time = parse(where, text);
        if (start != null && !start.getClass().equals(time.getClass())) {
            boolean zoned = time instanceof ZonedDateTime;
            throw new IllegalArgumentException(where + ": " + text + (zoned ? " has an" : " has no")
                    + " offset or zone, but the first time of column " + column + (zoned ? " has none" : " has one")
                    + "; give one to all times, or to none");
        }
        return time;
    }

    private Object parse(String where, String text) {
        try {
            return parsed(text);
        } catch (DateTimeException | NumberFormatException e) {
            throw new IllegalArgumentException(
                    where + ": \"" + text + "\" is no time that the format of column " + column + " reads ("
                            + String.valueOf(e.getMessage()).replace('\n', ' ')
                            + "); mend it, or give the right format",
                    e);
        }
    }

    /** Returns a short form such as {@code times of column when, step PT1H}. */
    @Override
    public String toString() {
        return "times of column " + column + ", step " + step();
    }

    private static final class Dates extends Times {
        private final DateTimeFormatter format;
        private final TemporalAmount step;

        Dates(String column, DateTimeFormatter format, TemporalAmount step) {
            super(column);
            boolean ascends = step instanceof Duration d && !d.isNegative() && !d.isZero()
                    || step instanceof Period p && !p.isNegative() && !p.isZero();
            if (!ascends) {
                throw new IllegalArgumentException("times: the step " + step + " of column " + column
                        + " must be a Duration or a Period above 0, such as Duration.ofHours(1)");
            }
            this.format = format;
            this.step = step;
        }

        @Override
        Object parsed(String text) {
            return format.parseBest(
                    text,
                    ZonedDateTime::from,
                    LocalDateTime::from,
                    t -> midnight(LocalDate.from(t), t),
                    t -> midnight(YearMonth.from(t).atDay(1), t));
        }

        /** The first time of a day, in the zone of what was read if it has one. */
        private static TemporalAccessor midnight(LocalDate day, TemporalAccessor read) {
            ZoneId zone = read.query(TemporalQueries.zone());
            return zone == null ? day.atStartOfDay() : day.atStartOfDay(zone);
        }

        /** The time of the calendar where the step is of the calendar, whatever its offset. */
        private Temporal onClock(Object time) {
            return step instanceof Period && time instanceof ZonedDateTime z ? z.toLocalDateTime() : (Temporal) time;
        }

        @Override
        Temporal at(Object start, long row) {
            TemporalAmount all = step instanceof Duration d
                    ? d.multipliedBy(row)
                    : ((Period) step).multipliedBy(Math.toIntExact(row));
            return ((Temporal) start).plus(all);
        }

        @Override
        long index(Object start, long from, Object time) {
            if (step instanceof Duration d) {
                Duration all = Duration.between((Temporal) start, (Temporal) time);
                long row = all.dividedBy(d);
                return d.multipliedBy(row).equals(all) ? row : -1;
            }
            long row = from + 1;
            while (after(time, at(start, row))) {
                row++;
            }
            return after(at(start, row), time) ? -1 : row;
        }

        @Override
        boolean after(Object time, Object before) {
            return onClock(time) instanceof ZonedDateTime t
                    ? t.isAfter((ZonedDateTime) before)
                    : ((LocalDateTime) onClock(time)).isAfter((LocalDateTime) onClock(before));
        }

        @Override
        String text(Object start, long row) {
            return format.format(at(start, row));
        }

        @Override
        String between(Object before, Object time) {
            Duration d = Duration.between(onClock(before), onClock(time));
            boolean days = d.toDays() > 0 && d.equals(Duration.ofDays(d.toDays()));
            return days
                    ? Period.ofDays((int) Math.min(d.toDays(), Integer.MAX_VALUE))
                            .toString()
                    : d.toString();
        }

        @Override
        String step() {
            return step.toString();
        }
    }

    private static final class Numbers extends Times {
        private static final double TOLERANCE = 0.01;

        private final double step;

        Numbers(String column, double step) {
            super(column);
            if (!(step > 0 && step < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "times: the step " + step + " of column " + column + " must be above 0 and finite");
            }
            this.step = step;
        }

        @Override
        Object parsed(String text) {
            double time = Double.parseDouble(text);
            if (!Double.isFinite(time)) {
                throw new NumberFormatException("it is not finite");
            }
            return time;
        }

        @Override
        long index(Object start, long from, Object time) {
            double rows = ((double) time - (double) start) / step;
            return Math.abs(rows - Math.rint(rows)) <= TOLERANCE && Math.rint(rows) > from
                    ? (long) Math.rint(rows)
                    : -1;
        }

        @Override
        Double at(Object start, long row) {
            return (double) start + row * step;
        }

        @Override
        boolean after(Object time, Object before) {
            return (double) time > (double) before;
        }

        @Override
        String text(Object start, long row) {
            return at(start, row).toString();
        }

        @Override
        String between(Object before, Object time) {
            return Float.toString((float) ((double) time - (double) before));
        }

        @Override
        String step() {
            return Double.toString(step);
        }
    }
}
