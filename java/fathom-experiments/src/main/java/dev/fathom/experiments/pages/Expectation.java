package dev.fathom.experiments.pages;

import dev.fathom.experiments.pages.Figure.Kind;
import dev.fathom.experiments.pages.Figure.Range;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is expected of figures with a name: a row of {@link Expectations}.
 *
 * @param figure the name, in which {@code *} stands for any text
 * @param kind where the band comes from
 * @param low its lower end, such as {@code 98.87}, {@code baseline + 1}, {@code baseline / 2}; empty for an open end
 * @param high its upper end
 * @param published the published number as its source prints it; empty where there is none
 * @param source who published it, or what the band is derived from
 * @param first the band as it was first written down, where that was another one; empty otherwise
 * @param why why it was changed; empty where it was not
 */
record Expectation(
        String figure, Kind kind, String low, String high, String published, String source, String first, String why) {
    private static final String NUMBER = "[-+]?\\d+(?:\\.\\d+)?(?:[eE][-+]?\\d+)?";
    private static final Pattern END =
            Pattern.compile("(?<number>" + NUMBER + ")|baseline(?: (?<sign>[-+*/]) (?<by>" + NUMBER + "))?");

    /**
     * Checks the row.
     *
     * @throws IllegalArgumentException if it expects nothing, has an end that is no number, has a published value
     *     without its source, or is of another kind than what it names
     */
    Expectation {
        if (low.isEmpty() && high.isEmpty()) {
            throw refused(figure, "has no band; give low, high or both");
        }
        for (String end : new String[] {low, high}) {
            if (!end.isEmpty() && !END.matcher(end).matches()) {
                throw refused(figure, "has the end \"" + end + "\"; write a number, or \"baseline - 1\"");
            }
        }
        if (published.isEmpty() ? kind == Kind.PUBLISHED : kind != Kind.PUBLISHED && kind != Kind.EXACT) {
            throw refused(
                    figure,
                    "is " + kind.word() + " with the published value \"" + published
                            + "\"; a published value is what its band is for");
        }
        if ((kind == Kind.PUBLISHED || kind == Kind.EXACT) && source.isEmpty()) {
            throw refused(figure, "is " + kind.word() + " without a source");
        }
        if (kind == Kind.BASELINE && !(low + high).contains("baseline")) {
            throw refused(figure, "is held to a baseline, but its band does not name it");
        }
        if (first.isEmpty() != why.isEmpty()) {
            throw refused(figure, "names its first band or why it was changed; give both or none");
        }
    }

    private static IllegalArgumentException refused(String figure, String what) {
        return new IllegalArgumentException("expected: \"" + figure + "\" " + what);
    }

    /** Whether this is the row of a figure; one of many names that names the baseline is of figures that have one. */
    boolean isOf(Figure f) {
        if (figure.contains("*") && (low + high).contains("baseline") && f.baseline() == null) {
            return false;
        }
        String[] parts = figure.split("\\*", -1);
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < parts.length; i++) {
            name.append(i == 0 ? "" : ".*").append(Pattern.quote(parts[i]));
        }
        return f.name().matches(name.toString());
    }

    /** The band around or beside the baseline of a figure. */
    Range band(Figure f) {
        return new Range(end(f, low, Double.NEGATIVE_INFINITY), end(f, high, Double.POSITIVE_INFINITY));
    }

    private double end(Figure f, String text, double open) {
        if (text.isEmpty()) {
            return open;
        }
        Matcher end = END.matcher(text);
        if (!end.matches() || end.group("number") != null) {
            return Double.parseDouble(text);
        }
        Double baseline = f.baseline();
        if (baseline == null) {
            throw refused(figure, "is held to the baseline of " + f.name() + ", which has none");
        }
        if (end.group("by") == null) {
            return baseline;
        }
        double by = Double.parseDouble(end.group("by"));
        return switch (end.group("sign")) {
            case "+" -> baseline + by;
            case "-" -> baseline - by;
            case "*" -> baseline * by;
            default -> baseline / by;
        };
    }
}
