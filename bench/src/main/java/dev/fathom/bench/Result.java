package dev.fathom.bench;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * A line of the table. NaN stands for what a row has not; {@code error} is that of the ratio, {@code failure} why there
 * is no figure.
 */
record Result(
        String name,
        int threads,
        double value,
        String unit,
        String peer,
        double peerValue,
        double ratio,
        double error,
        double peakFraction,
        Row.Bar bar,
        String failure) {

    static Result failed(String name, int threads, String unit, Row.Bar bar, String why) {
        double no = Double.NaN;
        return new Result(name, threads, no, unit, "", no, no, no, no, bar, why);
    }

    /** Adds the geometric means of value, peer and ratio if every row of the mean has one. */
    static void mean(Row.Mean mean, List<Result> results) {
        List<Result> of = results.stream()
                .filter(r -> mean.rows().contains(r.name) && r.failure.isEmpty() && !Double.isNaN(r.ratio))
                .toList();
        if (of.size() < mean.rows().size()) {
            return;
        }
        double ratio = geometric(of, Result::ratio);
        double squares =
                of.stream().mapToDouble(r -> Math.pow(r.error / r.ratio, 2)).sum();
        results.add(new Result(
                mean.name(),
                of.get(0).threads,
                geometric(of, Result::value),
                of.get(0).unit,
                of.get(0).peer,
                geometric(of, Result::peerValue),
                ratio,
                ratio * Math.sqrt(squares) / of.size(),
                geometric(of, Result::peakFraction),
                mean.bar(),
                ""));
    }

    private static double geometric(List<Result> of, ToDoubleFunction<Result> figure) {
        return Math.exp(of.stream()
                .mapToDouble(r -> Math.log(figure.applyAsDouble(r)))
                .average()
                .orElseThrow());
    }

    String verdict() {
        return failure.isEmpty() ? bar.verdict(bar.atMost() ? value : ratio) : "FAILED";
    }

    /** An array of name, threads, value, unit, peer, peerValue, ratio, peakFraction; null for what a row has not. */
    static String json(Collection<Result> results) {
        return results.stream()
                .map(r -> String.format(
                        "  {\"name\": %s, \"threads\": %d, \"value\": %s, \"unit\": %s, \"peer\": %s, \"peerValue\": %s, "
                                + "\"ratio\": %s, \"peakFraction\": %s}",
                        text(r.name),
                        r.threads,
                        number(r.value),
                        text(r.unit),
                        text(r.peer),
                        number(r.peerValue),
                        number(r.ratio),
                        number(r.peakFraction)))
                .collect(Collectors.joining(",\n", "[\n", "\n]\n"));
    }

    /** Names of rows, units and peers need no escapes. */
    private static String text(String s) {
        return s.isEmpty() ? "null" : '"' + s + '"';
    }

    private static String number(double value) {
        return Double.isFinite(value)
                ? new BigDecimal(value)
                        .round(new MathContext(5))
                        .stripTrailingZeros()
                        .toPlainString()
                : "null";
    }

    private static final String LINE = "%-31s %2s  %9s %-8s %9s  %-21s %-13s %5s  %-13s %s%n";

    static String table(List<Result> results) {
        StringBuilder s = new StringBuilder();
        s.append(String.format(Locale.ROOT, LINE, "row", "th", "fathom", "", "peer", "", "ratio", "peak", "asked", ""));
        for (Result r : results) {
            s.append(String.format(
                    Locale.ROOT,
                    LINE,
                    r.name,
                    r.threads,
                    figure(r.value),
                    r.unit,
                    figure(r.peerValue),
                    r.peer,
                    Double.isNaN(r.ratio) ? "" : String.format(Locale.ROOT, "%.2f +- %.2f", r.ratio, r.error),
                    Double.isNaN(r.peakFraction) ? "" : Math.round(100 * r.peakFraction) + "%",
                    r.bar.text(),
                    r.failure.isEmpty() ? r.verdict() : "FAILED: " + r.failure));
        }
        return s.toString().replaceAll(" +\n", "\n");
    }

    private static String figure(double x) {
        if (Double.isNaN(x)) {
            return "";
        }
        return String.format(Locale.ROOT, x == 0 || x >= 100 ? "%.0f" : x >= 10 ? "%.1f" : "%.3f", x);
    }
}
