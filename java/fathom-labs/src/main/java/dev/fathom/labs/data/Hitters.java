package dev.fathom.labs.data;

import dev.fathom.data.Encoder;
import dev.fathom.data.Encoding;
import dev.fathom.data.Table;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The baseball players of ISLR who have a salary, in the order of the file.
 *
 * @param names of the columns of x
 * @param x what they did, [players][columns]
 * @param y their salaries in thousands of dollars
 */
public record Hitters(List<String> names, double[][] x, double[] y) {
    private static final String FILE = "Hitters.csv";
    private static final int FEWEST =
            40; // two thirds of them, less a tenth, are enough for 19 columns and an intercept
    private static final Set<String> WORDS = Set.of("League", "Division", "NewLeague");
    private static final Set<String> FIRST = Set.of("League=A", "Division=E", "NewLeague=A");

    /**
     * Reads them from {@code folder}, or where none is given from the project's own copy or {@code FATHOM_DATA}. Of the three columns of two words each, all
     * six are columns of x.
     *
     * @throws IllegalArgumentException if there is no file, or it is damaged, with file, line and column
     */
    public static Hitters read(@Nullable Path folder) {
        Path own = Project.root().map(root -> root.resolve("test-data/hitters")).orElse(Path.of(""));
        boolean usual = folder == null && Files.exists(own.resolve(FILE));
        Path file = (usual
                        ? own
                        : new DataSet("islr", List.of(FILE), FILE + " is in the repository intro-stat-learning/ISLP")
                                .folder(folder))
                .resolve(FILE);
        Table table = Table.csv(file);
        if (!table.columns().contains("Salary") || !table.columns().containsAll(WORDS)) {
            throw new IllegalArgumentException(file + " has the columns " + table.columns()
                    + " but not Salary, League, Division and NewLeague; give the file of ISLP");
        }
        Table complete = table.complete("Salary");
        if (complete.size() < FEWEST) {
            throw new IllegalArgumentException(
                    FILE + " has " + complete.size()
                            + " players with a salary, which are too few to learn 19 columns from and to test; give the whole file of 263");
        }
        Encoder encoder = new Encoder();
        for (String column : table.columns()) {
            if (WORDS.contains(column)) {
                encoder.oneHot(column);
            } else if (!column.equals("Salary")) {
                encoder.number(column);
            }
        }
        Encoding features = encoder.fit(complete);
        float[] x = features.features(complete);
        float[] y = new Encoder().number("Salary").fit(complete).features(complete);
        int k = features.features().size();
        return new Hitters(
                features.features(),
                IntStream.range(0, y.length)
                        .mapToObj(i -> IntStream.range(0, k)
                                .mapToDouble(j -> x[i * k + j])
                                .toArray())
                        .toArray(double[][]::new),
                IntStream.range(0, y.length).mapToDouble(i -> y[i]).toArray());
    }

    /** As a design matrix needs them: without the first word of each of the three columns of words, 19 columns. */
    public Hitters withoutFirstWords() {
        return columns(IntStream.range(0, names.size())
                .filter(j -> !FIRST.contains(names.get(j)))
                .toArray());
    }

    /** As R's {@code model.matrix(Salary ~ . - 1)} has them: both leagues, and the second word of the two columns after it, 20 columns. */
    public Hitters ofModelMatrix() {
        return columns(IntStream.range(0, names.size())
                .filter(j -> names.get(j).equals("League=A") || !FIRST.contains(names.get(j)))
                .toArray());
    }

    /** With these columns alone, in their order. */
    public Hitters columns(int... which) {
        return new Hitters(
                IntStream.of(which).mapToObj(names::get).toList(),
                IntStream.range(0, x.length)
                        .mapToObj(i ->
                                IntStream.of(which).mapToDouble(j -> x[i][j]).toArray())
                        .toArray(double[][]::new),
                y);
    }

    /**
     * With the columns of these names.
     *
     * @throws IllegalArgumentException if one is missing
     */
    public Hitters columns(List<String> which) {
        for (String name : which) {
            if (!names.contains(name)) {
                throw new IllegalArgumentException(FILE + " has no column " + name + "; give the file of ISLP");
            }
        }
        return columns(which.stream().mapToInt(names::indexOf).toArray());
    }

    /** These players alone. */
    public Hitters players(int... which) {
        return new Hitters(
                names,
                IntStream.of(which).mapToObj(i -> x[i]).toArray(double[][]::new),
                IntStream.of(which).mapToDouble(i -> y[i]).toArray());
    }

    /** Their number. */
    public int size() {
        return y.length;
    }
}
