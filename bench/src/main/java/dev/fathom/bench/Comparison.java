package dev.fathom.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What changed from one run to another on processors of one kind. A row with peers is judged by its ratio, which a
 * noisy machine moves little, because it disturbs both sides. A row without peers is judged by the share of the
 * machine's bound that it reaches, and a figure that must stay small by whether it still does.
 *
 * <p>A change counts if it is larger than the errors of both runs together (the root of the sum of their squares) and
 * larger than what two runs of the same code differ by anyway: {@link #RATIO} of a ratio, {@link #SHARE} of a share.
 *
 * @param changes of every row that could be compared
 */
record Comparison(List<Change> changes) {
    /** The processes of another run find their memory at other addresses. */
    private static final double RATIO = 0.03;
    /** The probe runs before and after the rows, not beside them as the peers do. */
    private static final double SHARE = 0.1;

    /** What became of a row. */
    enum Fate {
        FELL,
        SAME,
        ROSE
    }

    /**
     * What became of a row.
     *
     * @param by what it is judged by, or why there is nothing to judge by
     * @param margin of a change that does not count; NaN for a figure that must stay small
     */
    record Change(String name, int threads, String by, double before, double now, double margin, Fate fate) {}

    /**
     * Compares two runs, row by row. A row that the later run lacks fell if that run was to measure all of them.
     *
     * @throws IOException if they ran on different kinds of processors
     */
    static Comparison of(Report before, Report now) throws IOException {
        check(before.machine(), now.machine());
        List<Change> changes = new ArrayList<>();
        for (Measurement old : before.rows()) {
            Measurement row = now.rows().stream()
                    .filter(r -> r.is(old.name(), old.threads()))
                    .findFirst()
                    .orElse(null);
            Change change = !old.failure().isEmpty()
                    ? null
                    : row != null ? change(old, row) : now.complete() ? lost(old, "not measured any more") : null;
            if (change != null) {
                changes.add(change);
            }
        }
        return new Comparison(changes);
    }

    /**
     * Refuses to compare what cannot be compared.
     *
     * @throws IOException if they are different kinds of processors
     */
    static void check(Machine before, Machine now) throws IOException {
        if (!before.slug().equals(now.slug())) {
            throw new IOException("the earlier run is of " + before.slug() + " and the later one of " + now.slug()
                    + "; only runs on one kind of processor can be compared");
        }
    }

    private static @Nullable Change change(Measurement old, Measurement row) {
        if (!row.failure().isEmpty()) {
            return lost(old, "FAILED: " + row.failure());
        }
        if (row.bar().atMost()) {
            boolean was = old.met();
            boolean is = row.met();
            Fate fate = was == is ? Fate.SAME : is ? Fate.ROSE : Fate.FELL;
            return new Change(row.name(), row.threads(), row.unit(), old.value(), row.value(), Double.NaN, fate);
        }
        if (!Double.isNaN(old.ratio()) && !Double.isNaN(row.ratio())) {
            double margin = Math.max(Math.hypot(old.error(), row.error()), RATIO * old.ratio());
            return judged(row, "ratio", old.ratio(), row.ratio(), margin);
        }
        if (!Double.isNaN(old.peakFraction()) && !Double.isNaN(row.peakFraction())) {
            double margin = Math.max(Math.hypot(shareError(old), shareError(row)), SHARE * old.peakFraction());
            return judged(row, "share of bound", old.peakFraction(), row.peakFraction(), margin);
        }
        return null;
    }

    private static double shareError(Measurement row) {
        return row.peakFraction() * row.valueError() / row.value();
    }

    private static Change judged(Measurement row, String by, double before, double now, double margin) {
        Fate fate = Math.abs(now - before) <= margin ? Fate.SAME : now > before ? Fate.ROSE : Fate.FELL;
        return new Change(row.name(), row.threads(), by, before, now, margin, fate);
    }

    private static Change lost(Measurement old, String why) {
        double no = Double.NaN;
        return new Change(old.name(), old.threads(), why, no, no, no, Fate.FELL);
    }

    /** How many rows fell. */
    long fell() {
        return count(Fate.FELL);
    }

    private long count(Fate fate) {
        return changes.stream().filter(c -> c.fate == fate).count();
    }

    private static final String LINE = "%-42s %2s  %9s %9s %9s  %-15s %s%n";

    /** The rows that fell and those that rose, and how many there are. */
    String table() {
        StringBuilder s = new StringBuilder();
        if (count(Fate.SAME) < changes.size()) {
            s.append(String.format(Locale.ROOT, LINE, "row", "th", "before", "now", "margin", "judged by", ""));
        }
        for (Fate fate : List.of(Fate.FELL, Fate.ROSE)) {
            for (Change c : changes) {
                if (c.fate == fate) {
                    s.append(String.format(
                            Locale.ROOT,
                            LINE,
                            c.name,
                            c.threads,
                            Measurement.figure(c.before),
                            Measurement.figure(c.now),
                            Measurement.figure(c.margin),
                            c.by,
                            fate == Fate.FELL ? "FELL" : "rose"));
                }
            }
        }
        s.append(String.format(
                Locale.ROOT, "%d rows compared, %d fell, %d rose%n", changes.size(), fell(), count(Fate.ROSE)));
        return s.toString();
    }
}
