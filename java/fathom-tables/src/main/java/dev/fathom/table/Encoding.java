package dev.fathom.table;

import dev.fathom.data.Dataset;
import dev.fathom.data.Field;
import dev.fathom.io.AtomicFile;
import dev.fathom.io.Safetensors;
import dev.fathom.io.TextFile;
import dev.fathom.op.Shape;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An {@link Encoder} fitted to the training rows. It makes datasets of tables, and the features of single rows when a
 * model is served. It is immutable and may be shared by any number of threads.
 *
 * <p>A model is of no use without the encoding that made its inputs, so save both, in two files or in one:
 *
 * <pre>{@code
 * model.save(Path.of("people.safetensors"), encoding.metadata());
 * Encoding served = Encoding.ofModel(Path.of("people.safetensors"));
 * }</pre>
 */
public final class Encoding {
    private static final Set<String> YES = Set.of("true", "t", "yes", "y", "1");
    private static final Set<String> NO = Set.of("false", "f", "no", "n", "0");
    private static final int MOST_VALUES = Integer.MAX_VALUE - 8;
    private static final int MOST_CHARACTERS = 1 << 26;
    /** Names that a short form shows. */
    private static final int MOST_SHOWN = 8;

    /** In the order of the recipe. */
    private final Map<String, Fitted> columns = new LinkedHashMap<>();

    private final List<String> features = new ArrayList<>();
    private final List<String> targets = new ArrayList<>();
    private final @Nullable Fitted label;
    private final boolean unknownAsZeros;
    private final boolean missingAsNaN;

    Encoding(List<Encoder.Column> recipe, boolean unknownAsZeros, boolean missingAsNaN, Table train) {
        this(
                recipe.stream()
                        .map(c -> new Fitted(c, missingAsNaN ? train.complete(c.name()) : train))
                        .toList(),
                unknownAsZeros,
                missingAsNaN);
    }

    Encoding(List<Fitted> fitted, boolean unknownAsZeros, boolean missingAsNaN) {
        this.unknownAsZeros = unknownAsZeros;
        this.missingAsNaN = missingAsNaN;
        Fitted learned = null;
        for (Fitted f : fitted) {
            columns.put(f.column.name(), f);
            if (f.column.kind() == Encoder.Kind.LABEL) {
                learned = f;
            } else {
                (f.column.target() ? targets : features).addAll(f.names());
            }
        }
        label = learned;
    }

    // ---- what it knows

    /** Returns the names of the features in their order: a column's name, or {@code city=Paris}. */
    public List<String> features() {
        return List.copyOf(features);
    }

    /** Returns the names of the targets in their order. */
    public List<String> targets() {
        return List.copyOf(targets);
    }

    /**
     * Returns the texts of a label or a one-hot column, in the order of their numbers.
     *
     * @throws IllegalArgumentException if the column is neither a label nor one-hot
     */
    public List<String> categories(String column) {
        Fitted f = fitted(column);
        if (f.categories.isEmpty()) {
            throw new IllegalArgumentException("categories: column " + column + " has numbers; only labels and one-hot"
                    + " columns have categories");
        }
        return f.categories;
    }

    /**
     * Undoes logarithm and scaling: returns the number that a column had before it was encoded, for example to show a
     * prediction.
     *
     * @throws IllegalArgumentException if the column is not one of numbers
     */
    public double original(String column, double encoded) {
        Fitted f = fitted(column);
        if (f.column.kind() != Encoder.Kind.NUMBER) {
            throw new IllegalArgumentException("original: column " + column + " has texts; see categories");
        }
        double x = encoded;
        for (int i = f.scales.length - 1; i >= 0; i--) {
            x = f.scales[i] == null ? Math.exp(x) : x * f.scales[i].by + f.scales[i].from;
        }
        return x;
    }

    /**
     * Returns the first names of features and targets, such as {@code Encoding of 3 features (age, city=Oslo,
     * city=Rome), label kind of 2 classes}.
     */
    @Override
    public String toString() {
        return "Encoding of " + features.size() + " features " + shown(features)
                + (label == null
                        ? ""
                        : ", label " + label.column.name() + " of " + label.categories.size() + " classes")
                + (targets.isEmpty() ? "" : ", " + targets.size() + " targets " + shown(targets));
    }

    private static String shown(List<String> names) {
        return names.stream()
                .limit(MOST_SHOWN)
                .collect(Collectors.joining(", ", "(", names.size() > MOST_SHOWN ? ", ...)" : ")"));
    }

    private Fitted fitted(String column) {
        Fitted f = columns.get(column);
        if (f == null) {
            throw new IllegalArgumentException(
                    "encoding: column " + column + " is not encoded; there are " + columns.keySet());
        }
        return f;
    }

    // ---- encoding

    /**
     * Returns the rows of a table as examples, with features [k] of floats, and the label or the targets.
     *
     * @throws IllegalArgumentException with file, line and column if a value is missing or cannot be encoded; if the
     *     recipe has no label and no target, or no feature; or if the table lacks a column
     */
    public Dataset dataset(Table table) {
        if (features.isEmpty() || label == null && targets.isEmpty()) {
            throw new IllegalArgumentException("dataset: the encoder names "
                    + (features.isEmpty() ? "no feature" : "no label and no target; add label(...) or target(...)"));
        }
        FloatBuffer x = FloatBuffer.wrap(encode(table, features.size(), false));
        Shape feature = Shape.of(features.size());
        Fitted classes = label;
        if (classes == null) {
            float[] y = encode(table, targets.size(), true);
            return Dataset.of(x, feature, FloatBuffer.wrap(y), Shape.of(targets.size()));
        }
        int[] y = new int[table.size()];
        for (int row = 0; row < y.length; row++) {
            y[row] = classes.category(text(table, row, classes.column.name()), false, place(table, row, classes));
        }
        return Dataset.of(
                Field.floats("x", feature, x).input(),
                Field.labels("y", y).target().classes(classes.categories.size()));
    }

    /**
     * Returns only the features of a table, [rows, k] row after row, for tables without the column to predict. Those of
     * a missing value are NaN if the encoder was told so by {@link Encoder#missingAsNaN}.
     *
     * @throws IllegalArgumentException as {@link #dataset}
     */
    public float[] features(Table table) {
        return encode(table, features.size(), false);
    }

    /**
     * Returns the features [k] of one row, given as a map from column name to text, for a service. A value is missing
     * if the map lacks its column, or it is blank, {@code NA} or {@code NaN}, unless that is one of the column's
     * categories. Its features are NaN if the encoder was told so by {@link Encoder#missingAsNaN}.
     *
     * @throws IllegalArgumentException with the column if a value is missing that must not be, or cannot be encoded
     */
    public float[] features(Map<String, String> row) {
        float[] to = new float[features.size()];
        int at = 0;
        for (Fitted f : columns.values()) {
            if (f.isFeature()) {
                String given = row.get(f.column.name());
                String text = given == null ? "" : given.strip();
                boolean missing = Table.MISSING.contains(text) && !f.categories.contains(text);
                if (missing && !missingAsNaN) {
                    throw new IllegalArgumentException("features: column " + f.column.name()
                            + " is missing; give a value for each of " + row(false));
                }
                at = missing
                        ? f.putMissing(to, at)
                        : f.put(text, unknownAsZeros, () -> "column " + f.column.name(), to, at);
            }
        }
        return to;
    }

    private List<String> row(boolean ofTargets) {
        return columns.values().stream()
                .filter(f -> ofTargets ? f.column.target() : f.isFeature())
                .map(f -> f.column.name())
                .toList();
    }

    private float[] encode(Table table, int width, boolean ofTargets) {
        if ((long) table.size() * width > MOST_VALUES) {
            throw new IllegalArgumentException("dataset: " + table.size() + " rows of " + width
                    + " numbers are more than an array can hold; take fewer rows at a time");
        }
        float[] to = new float[table.size() * width];
        List<Fitted> wanted = row(ofTargets).stream().map(this::fitted).toList();
        int at = 0;
        for (int row = 0; row < table.size(); row++) {
            for (Fitted f : wanted) {
                if (missingAsNaN && table.missing(row, f.column.name())) {
                    at = f.putMissing(to, at);
                } else {
                    at = f.put(text(table, row, f.column.name()), unknownAsZeros, place(table, row, f), to, at);
                }
            }
        }
        return to;
    }

    private static String text(Table table, int row, String column) {
        if (table.missing(row, column)) {
            throw new IllegalArgumentException(table.where(row, column)
                    + ": the value is missing; leave such rows out with complete(\"" + column
                    + "\"), or the column, or keep a hole in a series with Series.withHoles");
        }
        return table.text(row, column);
    }

    private static Supplier<String> place(Table table, int row, Fitted f) {
        return () -> table.where(row, f.column.name());
    }

    // ---- files

    /** The key of {@link #metadata}. */
    private static final String KEY = "fathom.encoding";

    /** Returns this encoding as a JSON object on one line. */
    public String toJson() {
        return EncodingJson.write(unknownAsZeros, missingAsNaN, columns.values());
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @throws IllegalArgumentException if the text is damaged or something else
     */
    public static Encoding ofJson(String json) {
        return EncodingJson.read(json, "encoding");
    }

    /**
     * Writes {@link #toJson} to a file.
     *
     * @throws java.io.UncheckedIOException if the file cannot be written
     */
    public void save(Path file) {
        AtomicFile.write(file, out -> out.write((toJson() + "\n").getBytes(StandardCharsets.UTF_8)));
    }

    /**
     * Reads what {@link #save} wrote. The encoding gives the same features, to the bit.
     *
     * @throws IllegalArgumentException with the file's name if it is damaged or something else
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Encoding load(Path file) {
        return EncodingJson.read(TextFile.read(file, "an encoding", MOST_CHARACTERS), file.toString());
    }

    /**
     * Returns this encoding as metadata of a model's file, {@code fathom.encoding}, for
     * {@link dev.fathom.nn.Model#save(Path, Map)}.
     */
    public Map<String, String> metadata() {
        return Map.of(KEY, toJson());
    }

    /**
     * Reads the encoding in a file of weights.
     *
     * @throws IllegalArgumentException with the file's name if it is damaged or has no encoding
     * @throws java.io.UncheckedIOException if it cannot be read
     */
    public static Encoding ofModel(Path file) {
        try (Safetensors weights = Safetensors.read(file)) {
            String json = weights.metadata().get(KEY);
            if (json == null) {
                throw new IllegalArgumentException(file + ": its metadata have no " + KEY
                        + "; save the weights with model.save(file, encoding.metadata())");
            }
            return EncodingJson.read(json, file.toString());
        }
    }

    /** x becomes (x - from) / by. */
    record Scale(double from, double by) {}

    /** A column with what it takes from the rows to learn from. */
    static final class Fitted {
        final Encoder.Column column;
        final List<String> categories;
        /** One for each step; null is the logarithm. */
        final @Nullable Scale[] scales;

        private final Map<String, Integer> numbers = new HashMap<>();

        /** As it was learned before. */
        Fitted(Encoder.Column column, List<String> categories, @Nullable Scale[] scales) {
            this.column = column;
            this.categories = categories;
            this.scales = scales;
            for (String category : categories) {
                numbers.put(category, numbers.size());
            }
        }

        Fitted(Encoder.Column column, Table train) {
            this(
                    column,
                    column.kind() == Encoder.Kind.ONE_HOT || column.kind() == Encoder.Kind.LABEL
                            ? sorted(column.name(), train)
                            : List.of(),
                    new Scale[column.steps().size()]);
            if (column.kind() == Encoder.Kind.NUMBER) {
                scale(train);
            }
        }

        boolean isFeature() {
            return !column.target() && column.kind() != Encoder.Kind.LABEL;
        }

        List<String> names() {
            return categories.isEmpty()
                    ? List.of(column.name())
                    : categories.stream().map(c -> column.name() + "=" + c).toList();
        }

        // ---- fitting

        static List<String> sorted(String column, Table train) {
            Set<String> seen = new TreeSet<>();
            for (int row = 0; row < train.size(); row++) {
                seen.add(text(train, row, column));
            }
            List<String> all = new ArrayList<>(seen);
            if (seen.stream().noneMatch(text -> Double.isNaN(parsed(text)))) {
                all.sort((a, b) -> Double.compare(parsed(a), parsed(b)));
            }
            return List.copyOf(all);
        }

        private void scale(Table train) {
            double[] x = new double[train.size()];
            for (int row = 0; row < x.length; row++) {
                x[row] = number(text(train, row, column.name()), place(train, row, this), column.target());
            }
            for (int i = 0; i < scales.length; i++) {
                Encoder.Step step = column.steps().get(i);
                Scale scale = switch (step) {
                    case LOG -> null;
                    case STANDARDIZE -> standard(x);
                    case MIN_MAX -> extremes(x);
                };
                if (scale != null && !(scale.by > 0)) {
                    throw new IllegalArgumentException("fit: column " + column.name() + " is "
                            + train.text(0, column.name()) + " in all " + x.length
                            + " rows, so there is nothing to scale by; leave it out");
                }
                scales[i] = scale;
                for (int row = 0; row < x.length; row++) {
                    x[row] = step(x[row], scale, place(train, row, this));
                }
            }
        }

        private static Scale standard(double[] x) {
            double mean = Arrays.stream(x).sum() / x.length;
            double squares = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum();
            return new Scale(mean, Math.sqrt(squares / x.length));
        }

        private static Scale extremes(double[] x) {
            double min = Arrays.stream(x).min().orElseThrow();
            return new Scale(min, Arrays.stream(x).max().orElseThrow() - min);
        }

        // ---- encoding

        /** Writes the numbers of one text and returns where the next ones go. */
        int put(String text, boolean unknownAsZeros, Supplier<String> where, float[] to, int at) {
            switch (column.kind()) {
                case NUMBER -> to[at] = encoded(text, where);
                case BOOL -> to[at] = yes(text, where) ? 1 : 0;
                case SIGN -> to[at] = yes(text, where) ? 1 : -1;
                default -> {
                    int category = category(text, unknownAsZeros, where);
                    if (category >= 0) {
                        to[at + category] = 1;
                    }
                    return at + categories.size();
                }
            }
            return at + 1;
        }

        /** Writes the numbers of a missing value and returns where the next ones go. */
        int putMissing(float[] to, int at) {
            int end = at + Math.max(1, categories.size());
            Arrays.fill(to, at, end, Float.NaN);
            return end;
        }

        /** Its number, -1 for one that is unknown and may be. */
        int category(String text, boolean unknownAsZeros, Supplier<String> where) {
            Integer number = numbers.get(text);
            if (number != null) {
                return number;
            }
            if (unknownAsZeros && column.kind() == Encoder.Kind.ONE_HOT) {
                return -1;
            }
            String known = categories.size() > 20
                    ? categories.subList(0, 20).toString().replace("]", ", ...]")
                    : categories.toString();
            throw new IllegalArgumentException(where.get() + ": " + text + " is none of the " + categories.size()
                    + " categories that fit saw, " + known + "; fit on rows that have it"
                    + (column.kind() == Encoder.Kind.ONE_HOT ? ", or choose unknownAsZeros()" : ""));
        }

        private boolean yes(String text, Supplier<String> where) {
            String word = text.toLowerCase(Locale.ROOT);
            if (!YES.contains(word) && !NO.contains(word)) {
                throw new IllegalArgumentException(where.get() + ": " + text
                        + " is neither yes nor no (true, t, yes, y, 1; false, f, no, n, 0); choose "
                        + (column.target() ? "label" : "oneHot") + " for other words");
            }
            return YES.contains(word);
        }

        private float encoded(String text, Supplier<String> where) {
            double x = number(text, where, column.target());
            for (Scale scale : scales) {
                x = step(x, scale, where);
            }
            float value = (float) x;
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException(
                        where.get() + ": " + text + " is too large for a float; scale the column");
            }
            return value;
        }

        private static double step(double x, @Nullable Scale scale, Supplier<String> where) {
            if (scale != null) {
                return (x - scale.from) / scale.by;
            }
            if (!(x > 0)) {
                throw new IllegalArgumentException(where.get() + ": " + x + " has no logarithm; it must be above 0");
            }
            return Math.log(x);
        }

        private static double number(String text, Supplier<String> where, boolean target) {
            double x = parsed(text);
            if (Double.isNaN(x)) {
                throw new IllegalArgumentException(where.get() + ": \"" + text + "\" is not a finite number; "
                        + (target
                                ? "name the column by label(..) instead of target(..) for words, which are classes"
                                : "choose oneHot for words, or leave the column out"));
            }
            return x;
        }

        /** NaN for what is no finite number; Java's 1d, 1f and 0x1p3 are none either. */
        private static double parsed(String text) {
            char last = text.isEmpty() ? ' ' : text.charAt(text.length() - 1);
            if ((last < '0' || last > '9') && last != '.' || text.indexOf('x') >= 0 || text.indexOf('X') >= 0) {
                return Double.NaN;
            }
            try {
                double x = Double.parseDouble(text);
                return Double.isInfinite(x) ? Double.NaN : x;
            } catch (NumberFormatException e) {
                return Double.NaN;
            }
        }
    }
}
