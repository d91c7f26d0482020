package dev.fathom.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A recipe that makes numbers of a {@link Table}: which columns, and how. {@link #fit} looks at the rows to learn from and gives the
 * {@link Encoding}, which then serves every table with the same columns, so that nothing of the rows held out is in it.
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
 * <p>The features come in the order in which their columns are first named here. A column that is not named plays no part, and may lack values;
 * a missing value in one that is, is refused with its line.
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
    private @Nullable String label;

    /** A recipe that names no column so far. */
    public Encoder() {}

    /** Numbers as they are. */
    public Encoder number(String... names) {
        return add(Kind.NUMBER, null, names);
    }

    /** Natural logarithms: ln x, for x &gt; 0. */
    public Encoder log(String... names) {
        return add(Kind.NUMBER, Step.LOG, names);
    }

    /** (x - mean) / deviation, of the rows to learn from; the deviation divides by their count. */
    public Encoder standardize(String... names) {
        return add(Kind.NUMBER, Step.STANDARDIZE, names);
    }

    /** (x - min) / (max - min), of the rows to learn from: 0 to 1, and beyond where another row goes beyond. */
    public Encoder minMax(String... names) {
        return add(Kind.NUMBER, Step.MIN_MAX, names);
    }

    /** Yes as 1 and no as 0; {@code true, t, yes, y, 1} and {@code false, f, no, n, 0} are understood, in large and small letters. */
    public Encoder bool(String... names) {
        return add(Kind.BOOL, null, names);
    }

    /** Yes as 1 and no as -1, written as for {@link #bool}. */
    public Encoder sign(String... names) {
        return add(Kind.SIGN, null, names);
    }

    /** For each text of the rows to learn from a feature that is 1 where it stands and else 0; sorted, as numbers where all are. */
    public Encoder oneHot(String... names) {
        return add(Kind.ONE_HOT, null, names);
    }

    /** From here, a text that {@link #fit} did not see is all zeros for {@link #oneHot}, and not refused. */
    public Encoder unknownAsZeros() {
        unknownAsZeros = true;
        return this;
    }

    /**
     * The column to learn, as classes: its texts in the rows to learn from, numbered from 0, sorted as those of {@link #oneHot}.
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
     * Columns to learn as floats, [k] for each example: the numbers as they are, or as the recipe encodes them.
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
     * Takes what the recipe needs (means, extremes, categories) from the rows to learn from.
     *
     * @throws IllegalArgumentException if the recipe is empty or names a column that the table lacks, a value is missing or cannot be encoded, or a
     *     column to standardize or to scale is the same in all rows
     */
    public Encoding fit(Table train) {
        if (columns.isEmpty()) {
            throw new IllegalArgumentException("fit: the encoder names no column; say how each is encoded");
        }
        return new Encoding(List.copyOf(columns.values()), unknownAsZeros, train);
    }
}
