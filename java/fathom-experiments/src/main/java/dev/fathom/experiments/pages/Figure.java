package dev.fathom.experiments.pages;

import dev.fathom.experiments.statistics.Averages;
import dev.fathom.tree.Records;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A number that an experiment measured, beside what was computed or published of it and what is expected of it.
 *
 * @param name what was measured, such as {@code LeNet-5, test accuracy}
 * @param unit such as {@code %} or {@code steps}; empty for a bare number
 * @param measured the number, in that unit
 * @param interval its 95 % confidence interval, null where none is known
 * @param baseline a number in that unit that was computed for the comparison, null where there is none
 * @param of what the baseline is, such as {@code last value}; empty where there is none
 * @param published the published number as its source prints it; empty where there is none
 * @param source who published it; empty where there is none
 * @param kind where the band comes from, null where nothing is expected
 * @param band where {@code measured} is expected to lie, null where nothing is expected
 */
public record Figure(
        String name,
        String unit,
        double measured,
        @Nullable Range interval,
        @Nullable Double baseline,
        String of,
        String published,
        String source,
        @Nullable Kind kind,
        @Nullable Range band) {
    /** A number that a difference can be taken from, such as {@code about 0.7}, {@code 99.1 %} or {@code 225 ± 2}. */
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

        /** Whether a number lies in it, up to the rounding of floating point numbers. */
        boolean holds(double value) {
            return distance(value) <= 1e-12 * Math.abs(value);
        }

        /** How far {@code value} lies outside. */
        double distance(double value) {
            return Math.max(0, Math.max(low - value, value - high));
        }

        /** Its text beside a figure, such as {@code 98.87 to 99.25} or {@code at least 90}. */
        String words(double measured) {
            if (high == Double.POSITIVE_INFINITY) {
                return "at least " + text(low, measured);
            }
            if (low == Double.NEGATIVE_INFINITY) {
                return "at most " + text(high, measured);
            }
            return low == high ? text(low, measured) : text(low, measured) + " to " + text(high, measured);
        }

        /** A number with enough digits to tell the two ends apart, and a figure from the end that it misses. */
        private String text(double value, double measured) {
            String shown = number(measured);
            if (!holds(measured) && (shown.equals(number(low)) || shown.equals(number(high)))) {
                return decimals(value, Math.min(distance(measured), low < high ? high - low : Double.MAX_VALUE));
            }
            double size = Math.max(Math.abs(low), Math.abs(high));
            int usual = size < 10 ? 4 : size < 1000 ? 2 : 1;
            boolean narrow = size < 1e-3 ? number(low).equals(number(high)) : needed(high - low) > usual;
            return narrow && low < high ? decimals(value, high - low) : number(value);
        }

        private static String decimals(double value, double apart) {
            return String.format(Locale.ROOT, "%." + needed(apart) + "f", value);
        }

        /** The decimals by which numbers so far apart differ. */
        private static int needed(double apart) {
            return (int) Math.ceil(-Math.log10(apart / 2) - 1e-6);
        }
    }

    /** Where a band comes from. */
    public enum Kind {
        /** A published value, with its own spread or what its source says of it. */
        PUBLISHED,
        /** A derivation: a theorem, a formula, or another program that computes the same. */
        EXACT,
        /** A simpler way that was measured in the same run, and a margin. */
        BASELINE,
        /** What anything that works reaches. */
        SANITY;

        /** Its word on pages and in files. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
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

    /** A number alone, which {@link #interval} and {@link #baseline} complete. */
    public static Figure of(String name, String unit, double measured) {
        return new Figure(name, unit, measured, null, null, "", "", "", null, null);
    }

    /** The mean of numbers that depend on chance, with its 95 % confidence interval. */
    public static Figure mean(String name, String unit, double... values) {
        double mean = Averages.mean(values);
        double half = Averages.interval95(values);
        return of(name, unit, mean).interval(mean - half, mean + half);
    }

    /** A copy with a 95 % confidence interval. */
    public Figure interval(double low, double high) {
        return Records.with(this, "interval", new Range(low, high));
    }

    /**
     * A copy with a number in the same unit that was computed for the comparison.
     *
     * @param value the number
     * @param what what it is, such as {@code last value}
     * @throws IllegalArgumentException if it is not finite
     */
    public Figure baseline(double value, String what) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(
                    "figure: the baseline of " + name + " is " + value + "; leave out what was not measured");
        }
        return Records.with(this, "baseline", value, "of", what);
    }

    /** A copy with the published number, as its source prints it. */
    Figure published(String value, String from) {
        return Records.with(this, "published", value, "source", from);
    }

    /** A copy that is expected to lie in a band. */
    Figure expected(Kind why, Range where) {
        return Records.with(this, "kind", why, "band", where);
    }

    /** The baseline with its unit; empty where there is none. */
    String baselineText() {
        return baseline == null ? "" : withUnit(number(baseline));
    }

    /** What it is compared with, such as {@code published 0.42 (ISLP)}; empty where that is nothing. */
    String reference() {
        return Stream.of(
                        published.isEmpty() ? "" : "published " + published + " (" + source + ")",
                        baseline == null ? "" : baselineText() + " (" + of + ")")
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining("; "));
    }

    /** The words of the band, such as {@code at least 90}; empty where there is none. */
    public String expected() {
        return band == null ? "" : band.words(measured);
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
     * By how much the measured number is larger than the published one, or else than the baseline, with its sign; empty
     * where that is no single number in the same unit.
     */
    public String difference() {
        Matcher number = NUMBER.matcher(published);
        double other;
        if (published.isEmpty() && baseline != null) {
            other = baseline;
        } else if (number.matches()
                && (number.group("unit") == null || number.group("unit").equals(unit))) {
            other = Double.parseDouble(number.group("value").replace(",", ""));
        } else {
            return "";
        }
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
        return withUnit(band == null ? number(measured) : band.text(measured, measured));
    }

    private String withUnit(String number) {
        return unit.isEmpty() ? number : number + " " + unit;
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
