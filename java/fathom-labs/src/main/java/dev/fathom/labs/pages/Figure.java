package dev.fathom.labs.pages;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A number that an experiment measured, beside what is published of it.
 *
 * @param name what was measured, such as {@code LeNet-5, test accuracy}
 * @param unit such as {@code %} or {@code steps}; empty for a bare number
 * @param measured the number, in that unit
 * @param interval its 95 % confidence interval, null where none is known
 * @param published the published number as its source prints it, or a computed {@linkplain #baseline baseline}; empty
 *     where there is none
 * @param source who published it, or what the baseline is; empty where there is none
 * @param band where {@code measured} is expected to lie, null where nothing is expected
 */
public record Figure(
        String name,
        String unit,
        double measured,
        @Nullable Range interval,
        String published,
        String source,
        @Nullable Range band) {
    private static final String BASELINE = "baseline: ";

    /**
     * A published number that a difference can be taken from, such as {@code about 0.7}, {@code 99.1 %} or {@code 225 ±
     * 2}.
     */
    private static final Pattern NUMBER =
            Pattern.compile("(?:about )?(?<value>[-+]?[\\d,]*\\.?\\d+)(?: (?<unit>[^±]+?))?(?: ± [\\d.]+)?");

    /** Two ends, both included; an infinite end leaves its side open. */
    public record Range(double low, double high) {
        /**
         * Checks the ends.
         *
         * @throws IllegalArgumentException if {@code low <= high} does not hold
         */
        public Range {
            if (!(low <= high)) {
                throw new IllegalArgumentException(
                        "figure: a range of " + low + " to " + high + "; give the lower end first");
            }
        }

        boolean holds(double value) {
            return low <= value && value <= high;
        }

        /** How far {@code value} lies outside. */
        double distance(double value) {
            return Math.max(0, Math.max(low - value, value - high));
        }

        /** Its text, such as {@code 98.87 to 99.25} or {@code at least 90}. */
        String words() {
            if (high == Double.POSITIVE_INFINITY) {
                return "at least " + number(low);
            }
            if (low == Double.NEGATIVE_INFINITY) {
                return "at most " + number(high);
            }
            return low == high ? text(low) : text(low) + " to " + text(high);
        }

        /** A number in or near the range, with enough digits to tell the two ends apart. */
        private String text(double value) {
            double size = Math.max(Math.abs(low), Math.abs(high));
            int usual = size < 10 ? 4 : size < 1000 ? 2 : 1;
            int needed = (int) Math.ceil(-Math.log10((high - low) / 2) - 1e-6); // decimals
            boolean narrow = size < 1e-3 ? number(low).equals(number(high)) : needed > usual;
            return narrow && low < high ? String.format(Locale.ROOT, "%." + needed + "f", value) : number(value);
        }
    }

    /** How a figure stands to its band. */
    public enum Verdict {
        /** It lies in the band. */
        REACHED,
        /** It lies outside of the band. */
        MISSED,
        /** There is no band. */
        NONE;

        /** Its word on pages and in files; empty for {@link #NONE}. */
        public String word() {
            return this == NONE ? "" : name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException if {@code measured} is not finite
     */
    public Figure {
        if (!Double.isFinite(measured)) {
            throw new IllegalArgumentException(
                    "figure: " + name + " is " + measured + "; leave out what was not measured");
        }
    }

    /** A number alone, which {@link #interval}, {@link #published} and the bands complete. */
    public static Figure of(String name, String unit, double measured) {
        return new Figure(name, unit, measured, null, "", "", null);
    }

    /** A copy with a 95 % confidence interval. */
    public Figure interval(double low, double high) {
        return new Figure(name, unit, measured, new Range(low, high), published, source, band);
    }

    /** A copy with the published number, as its source prints it. */
    public Figure published(String value, String from) {
        return new Figure(name, unit, measured, interval, value, from, band);
    }

    /**
     * A copy with a number that was computed for the comparison, where nothing is published.
     *
     * @param value the number as a person would print it
     * @param of what it is, such as {@code last value}
     */
    public Figure baseline(String value, String of) {
        return published(value, BASELINE + of);
    }

    /** A copy without a band, for a run that is not whole. */
    Figure withoutBand() {
        return new Figure(name, unit, measured, interval, published, source, null);
    }

    /**
     * The published number or the baseline with its source, such as {@code published 0.42 (ISLP)}; empty where there is
     * none.
     */
    String reference() {
        if (published.isEmpty()) {
            return "";
        }
        return (source.startsWith(BASELINE) ? "" : "published ") + published + " (" + source + ")";
    }

    /** A copy that is expected to lie from {@code low} to {@code high}. */
    public Figure within(double low, double high) {
        return new Figure(name, unit, measured, interval, published, source, new Range(low, high));
    }

    /** A copy that is expected to be {@code low} or more. */
    public Figure atLeast(double low) {
        return within(low, Double.POSITIVE_INFINITY);
    }

    /** A copy that is expected to be {@code high} or less. */
    public Figure atMost(double high) {
        return within(Double.NEGATIVE_INFINITY, high);
    }

    /** The words of the band, such as {@code at least 90}; empty where there is none. */
    public String expected() {
        return band == null ? "" : band.words();
    }

    /** Whether the figure lies in its band. */
    public Verdict verdict() {
        if (band == null) {
            return Verdict.NONE;
        }
        return band.holds(measured) ? Verdict.REACHED : Verdict.MISSED;
    }

    /**
     * The verdict, and for a figure outside of its band by how much it misses the nearer end, such as {@code missed by
     * 0.3}; empty without a band.
     */
    public String judgment() {
        return verdict() == Verdict.MISSED && band != null
                ? Verdict.MISSED.word() + " by " + difference(band.distance(measured), measured)
                : verdict().word();
    }

    /**
     * By how much the measured number is larger than the published one or the baseline, with its sign; empty where that
     * is no single number in the same unit.
     */
    public String difference() {
        Matcher number = NUMBER.matcher(published);
        if (!number.matches()
                || (number.group("unit") != null && !number.group("unit").equals(unit))) {
            return "";
        }
        double other = Double.parseDouble(number.group("value").replace(",", ""));
        String difference = difference(measured - other, other);
        return difference.startsWith("-") || difference.equals("0") ? difference : "+" + difference;
    }

    /**
     * A difference between numbers of about {@code size}, without the digits that are only rounding of floating point
     * numbers.
     */
    private static String difference(double value, double size) {
        return Math.abs(value) <= 1e-12 * Math.abs(size) ? "0" : number(value);
    }

    /** The number with its unit, with as many digits as a narrow band has. */
    public String value() {
        return (band == null ? number(measured) : band.text(measured)) + (unit.isEmpty() ? "" : " " + unit);
    }

    /** A few digits, without an exponent where a person would not write one. */
    static String number(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            return String.format(Locale.ROOT, "%,d", (long) value);
        }
        double size = Math.abs(value);
        if (size < 1e-3 || size >= 1e7) {
            return String.format(Locale.ROOT, "%.3g", value);
        }
        return String.format(Locale.ROOT, size < 10 ? "%.4f" : size < 1000 ? "%.2f" : "%,.1f", value)
                .replaceFirst("(\\.\\d*?)0+$", "$1")
                .replaceFirst("\\.$", "");
    }
}
