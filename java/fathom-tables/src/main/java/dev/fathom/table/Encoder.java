package dev.fathom.table;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A recipe that turns the columns of a {@link Table} into numbers. {@link #fit} looks at the training rows and gives
 * the {@link Encoding}, which then serves every table with the same columns, so that nothing of the rows held out leaks
 * into it.
 *
 * <pre>{@code
 * Table.Split rows = Table.csv(Path.of("people.csv")).complete("income").split(1000, 1);
 * var encoding = new Encoder()
 *     .standardize("age")
 *     .log("income").standardize("income")   // in this order
 *     .oneHot("city")
 *     .label("kind")
 *     .fit(rows.rest());
 * Dataset train = encoding.dataset(rows.rest()), test = encoding.dataset(rows.heldOut());
 * }</pre>
 *
 * <p>The features come in the order in which their columns are first named here. A column that is not named is ignored
 * and may lack values. A missing value in a named column is refused with its line, unless {@link #missingAsNaN} is set.
 */
public final class Encoder {
    /** What a column becomes. */
    enum Kind {
        NUMBER,
        BOOL,
        SIGN,
        ONE_HOT,
        LABEL
    }

    /** What is done to a number. */
    enum Step {
        LOG,
        STANDARDIZE,
        MIN_MAX
    }

    /** One column of the recipe. */
    record Column(String name, Kind kind, List<Step> steps, boolean target) {}

    private final Map<String, Column> columns = new LinkedHashMap<>();
    private boolean unknownAsZeros;
    private boolean missingAsNaN;
    private @Nullable String label;

    /** Begins a recipe that names no column so far. */
    public Encoder() {}

    /** Takes numbers as they are. */
    public Encoder number(String... names) {
        return add(Kind.NUMBER, null, names);
    }

    /** Takes natural logarithms: ln x, for x &gt; 0. */
    public Encoder log(String... names) {
        return add(Kind.NUMBER, Step.LOG, names);
    }

    /**
     * Takes (x - mean) / deviation, with mean and deviation of the training rows; the deviation divides by their count.
     */
    public Encoder standardize(String... names) {
        return add(Kind.NUMBER, Step.STANDARDIZE, names);
    }

    /**
     * Takes (x - min) / (max - min), with the extremes of the training rows, whose values become 0 to 1. Other rows may
     * go beyond.
     */
    public Encoder minMax(String... names) {
        return add(Kind.NUMBER, Step.MIN_MAX, names);
    }

    /**
     * Takes yes as 1 and no as 0. The texts {@code true, t, yes, y, 1} and {@code false, f, no, n, 0} are understood in
     * upper and lower case.
     */
    public Encoder bool(String... names) {
        return add(Kind.BOOL, null, names);
    }

    /** Takes yes as 1 and no as -1, with the texts of {@link #bool}. */
    public Encoder sign(String... names) {
        return add(Kind.SIGN, null, names);
    }

    /**
     * Makes a feature for each text of the training rows, which is 1 in the rows with this text and 0 elsewhere. The
     * texts are sorted, as numbers if all of them are numbers.
     */
    public Encoder oneHot(String... names) {
        return add(Kind.ONE_HOT, null, names);
    }

    /** Lets {@link #oneHot} encode a text that {@link #fit} did not see as all zeros instead of refusing it. */
    public Encoder unknownAsZeros() {
        unknownAsZeros = true;
        return this;
    }

    /**
     * Lets a missing value be NaN in all features of its column instead of being refused, and {@link #fit} learn from
     * the values that are there. Only {@code dev.fathom.series.Series} takes NaN, as a hole that can be filled; a
     * {@link dev.fathom.data.Dataset} refuses it.
     */
    public Encoder missingAsNaN() {
        missingAsNaN = true;
        return this;
    }

    /**
     * Names the column to predict, as classes: its texts in the training rows are numbered from 0, sorted as those of
     * {@link #oneHot}.
     *
     * @throws IllegalArgumentException if there is a label or a target already, or the column is encoded
     */
    public Encoder label(String name) {
        if (label != null || columns.values().stream().anyMatch(Column::target)) {
            throw new IllegalArgumentException(
                    "label: " + (label != null ? label + " is the label" : "there are targets")
                            + " already; a dataset has one label for each example or float targets");
        }
        label = name;
        return add(Kind.LABEL, null, name);
    }

    /**
     * Names the columns to predict as floats, [k] for each example: the numbers as they are, or as the recipe encodes
     * them.
     *
     * @throws IllegalArgumentException if there is a label
     */
    public Encoder target(String... names) {
        if (label != null) {
            throw new IllegalArgumentException("target: " + label
                    + " is the label already; a dataset has one label for each example or float targets");
        }
        for (String name : names) {
            Column c = columns.getOrDefault(name, new Column(name, Kind.NUMBER, List.of(), false));
            columns.put(name, new Column(name, c.kind, c.steps, true));
        }
        return this;
    }

    private Encoder add(Kind kind, @Nullable Step step, String... names) {
        for (String name : names) {
            Column c = columns.get(name);
            if (c != null && (c.kind != kind || step == null)) {
                throw new IllegalArgumentException("encoder: column " + name + " is encoded already, as "
                        + c.kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-')
                        + "; only log, standardize and min-max may follow one another");
            }
            List<Step> steps = new ArrayList<>(c == null ? List.of() : c.steps);
            if (step != null) {
                steps.add(step);
            }
            columns.put(name, new Column(name, kind, List.copyOf(steps), c != null && c.target));
        }
        return this;
    }

    /**
     * Takes what the recipe needs (means, extremes, categories) from the training rows.
     *
     * @throws IllegalArgumentException if the recipe is empty or names a column that the table lacks, a value is
     *     missing or cannot be encoded, or a column to standardize or to scale is the same in all rows
     */
    public Encoding fit(Table train) {
        if (columns.isEmpty()) {
            throw new IllegalArgumentException("fit: the encoder names no column; say how each is encoded");
        }
        return new Encoding(List.copyOf(columns.values()), unknownAsZeros, missingAsNaN, train);
    }
}
