package dev.fathom.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleFunction;

/**
 * A line of the table. NaN stands for a figure that a row lacks.
 *
 * @param name of the row
 * @param threads Fathom's
 * @param value Fathom's figure
 * @param unit of the figures
 * @param peer the fastest one
 * @param peerValue its figure
 * @param ratio above 1 where Fathom is better than that peer
 * @param peakFraction the share of what the machine itself can do
 * @param error of the ratio
 * @param valueError of Fathom's figure
 * @param bar what is asked
 * @param failure why there is no figure, or empty
 * @param contenders every peer by itself; those that failed have no figures
 * @param commit that was measured where it is not the run's own, or empty
 */
record Measurement(
        String name,
        int threads,
        double value,
        String unit,
        String peer,
        double peerValue,
        double ratio,
        double peakFraction,
        double error,
        double valueError,
        Row.Bar bar,
        String failure,
        List<Figure> contenders,
        String commit) {
    private static final double NO = Double.NaN;

    /** A peer's figure, and the ratio to it with its error. */
    record Figure(String name, double value, double ratio, double error) {}

    /** The result of a duel, whose times {@code figure} turns into figures. */
    static Measurement of(
            String name,
            int threads,
            DoubleUnaryOperator figure,
            String unit,
            Duel duel,
            double peakFraction,
            Row.Bar bar) {
        Duel.Outcome o = duel.outcome();
        double value = figure.applyAsDouble(o.ours());
        return new Measurement(
                name,
                threads,
                value,
                unit,
                o.rival(),
                figure.applyAsDouble(o.theirs()),
                o.ratio(),
                peakFraction,
                o.error(),
                value * o.oursError() / o.ours(),
                bar,
                "",
                duel.each().stream()
                        .map(e -> new Figure(e.rival(), figure.applyAsDouble(e.theirs()), e.ratio(), e.error()))
                        .toList(),
                "");
    }

    /** Figures of Fathom, the first one, and of peers, the least of which is the best; they are the same every time. */
    static Measurement counted(String name, List<Figure> figures, String unit, Row.Bar bar) {
        double own = figures.get(0).value();
        List<Figure> peers = figures.stream()
                .skip(1)
                .map(f -> new Figure(f.name(), f.value(), own == 0 ? NO : f.value() / own, 0))
                .toList();
        Figure best =
                peers.stream().min(Comparator.comparingDouble(Figure::value)).orElse(new Figure("", NO, NO, NO));
        return new Measurement(name, 1, own, unit, best.name, best.value, best.ratio, NO, 0, 0, bar, "", peers, "");
    }

    /** A figure without a peer. */
    static Measurement counted(String name, double value, String unit, Row.Bar bar) {
        return new Measurement(name, 1, value, unit, "", NO, NO, NO, NO, NO, bar, "", List.of(), "");
    }

    static Measurement failed(String name, int threads, String unit, Row.Bar bar, String why) {
        return new Measurement(name, threads, NO, unit, "", NO, NO, NO, NO, NO, bar, why, List.of(), "");
    }

    /** This result, marked as measured at another commit than the rest of a run. */
    Measurement from(String other) {
        return with(contenders, other);
    }

    /** This result of a row that these peers left because they failed. */
    Measurement without(List<String> failed) {
        List<Figure> all = new ArrayList<>(contenders);
        failed.forEach(who -> all.add(new Figure(who, NO, NO, NO)));
        return with(all, commit);
    }

    private Measurement with(List<Figure> all, String at) {
        return new Measurement(
                name,
                threads,
                value,
                unit,
                peer,
                peerValue,
                ratio,
                peakFraction,
                error,
                valueError,
                bar,
                failure,
                List.copyOf(all),
                at);
    }

    /** Whether it is the line of this row. */
    boolean is(String row, int ofThreads) {
        return name.equals(row) && threads == ofThreads;
    }

    /** Adds the geometric means of value, peer and ratio if every row of the mean has one; whether it did. */
    static boolean mean(Row.Mean mean, List<Measurement> results) {
        List<Measurement> of = results.stream()
                .filter(r -> mean.has(r.name, r.threads) && r.failure.isEmpty() && !Double.isNaN(r.ratio))
                .toList();
        if (of.size() < mean.rows().size()) {
            return false;
        }
        double value = geometric(mean, of, Measurement::value);
        double ratio = geometric(mean, of, Measurement::ratio);
        double peerValue = geometric(mean, of, Measurement::peerValue);
        double error = ratio * error(mean, of, Measurement::error, Measurement::ratio);
        String peer = of.get(0).peer;
        results.add(new Measurement(
                mean.name(),
                of.get(0).threads,
                value,
                of.get(0).unit,
                peer,
                peerValue,
                ratio,
                geometric(mean, of, Measurement::peakFraction),
                error,
                value * error(mean, of, Measurement::valueError, Measurement::value),
                mean.bar(),
                "",
                List.of(new Figure(peer, peerValue, ratio, error)),
                ""));
        return true;
    }

    /** The relative error of a geometric mean of figures with errors of their own. */
    private static double error(
            Row.Mean mean,
            List<Measurement> of,
            ToDoubleFunction<Measurement> error,
            ToDoubleFunction<Measurement> figure) {
        double squares = of.stream()
                .mapToDouble(r -> Math.pow(mean.weight(r.name) * error.applyAsDouble(r) / figure.applyAsDouble(r), 2))
                .sum();
        return Math.sqrt(squares);
    }

    private static double geometric(Row.Mean mean, List<Measurement> of, ToDoubleFunction<Measurement> figure) {
        return Math.exp(of.stream()
                .mapToDouble(r -> mean.weight(r.name) * Math.log(figure.applyAsDouble(r)))
                .sum());
    }

    String verdict() {
        return failure.isEmpty() ? bar.verdict(value, ratio, peakFraction) : "FAILED";
    }

    /** Whether it is all that must be. */
    boolean met() {
        return failure.isEmpty() && !verdict().equals("MISSED");
    }

    private static final String LINE = "%-42s %2s  %9s %-8s %9s  %-21s %-13s %5s  %-13s %s%n";

    static String table(List<Measurement> results) {
        StringBuilder s = new StringBuilder();
        s.append(String.format(Locale.ROOT, LINE, "row", "th", "fathom", "", "peer", "", "ratio", "peak", "asked", ""));
        for (Measurement r : results) {
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

    static String figure(double x) {
        if (Double.isNaN(x)) {
            return "";
        }
        return String.format(Locale.ROOT, x == 0 || x >= 100 ? "%.0f" : x >= 10 ? "%.1f" : "%.3f", x);
    }
}
