package dev.fathom.experiments.data;

import dev.fathom.data.Dataset;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.op.Shape;
import dev.fathom.table.Encoder;
import dev.fathom.table.Encoding;
import dev.fathom.table.Table;
import dev.fathom.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The baseball players of ISLR whose salary is known, in the order of the file.
 *
 * @param names of the columns of x
 * @param x their records, [players][columns]
 * @param y their salaries in thousands of dollars
 */
public record Hitters(List<String> names, double[][] x, double[] y) {
    private static final String FILE = "Hitters.csv";
    /** Where they are; the project's tree has a copy. */
    public static final DataSet SET =
            DataSet.of("hitters", List.of(FILE), Nyse.ISLP, "BSD-3-Clause (ISLP)", Hitters::standIn);

    /** Two thirds of them, less a fold of a tenth, are enough for 19 columns and an intercept. */
    private static final int FEWEST = 40;

    private static final Set<String> CATEGORIES = Set.of("League", "Division", "NewLeague");
    private static final Set<String> BASELINES = Set.of("League=A", "Division=E", "NewLeague=A");

    /**
     * Reads the players from {@code folder}, or if it is null from {@link #SET} or the textbook's other data. Each of
     * the three categorical columns, which have two values, becomes two columns of x.
     *
     * @throws IllegalArgumentException if the file is missing or damaged; the message names the line and the column
     */
    public static Hitters read(@Nullable Path folder) {
        Path file = place(folder).resolve(FILE);
        Table table = Table.csv(file);
        if (!table.columns().contains("Salary") || !table.columns().containsAll(CATEGORIES)) {
            throw new IllegalArgumentException(file + " has the columns " + table.columns()
                    + " but not Salary, League, Division and NewLeague; give the file of ISLP");
        }
        Table complete = table.complete("Salary");
        if (complete.size() < FEWEST) {
            throw new IllegalArgumentException(FILE + " has " + complete.size()
                    + " players with a salary, which are too few to fit 19 columns and to test them; give "
                    + "the whole file, which has 263");
        }
        Encoder encoder = new Encoder();
        for (String column : table.columns()) {
            if (CATEGORIES.contains(column)) {
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
                Averages.doubles(y));
    }

    /** Where they are, also among the textbook's other data. */
    private static Path place(@Nullable Path folder) {
        DataSet textbook = DataSet.of(Nyse.SET.name(), List.of(FILE), Nyse.ISLP, SET.license(), SET.writer());
        return folder != null
                ? textbook.folder(folder)
                : SET.place().or(textbook::place).or(SET::standIn).orElseGet(() -> textbook.folder(null));
    }

    /** Players whose salary grows with the hits and the years. */
    private static void standIn(Path folder) {
        SplittableRandom random = new SplittableRandom(8);
        StringBuilder text = new StringBuilder("AtBat,Hits,HmRun,Runs,RBI,Walks,Years,CAtBat,CHits,CHmRun,CRuns,CRBI,"
                + "CWalks,League,Division,PutOuts,Assists,Errors,Salary,NewLeague\n");
        for (int i = 0; i < 263; i++) {
            int hits = random.nextInt(30, 200);
            int years = random.nextInt(1, 20);
            int[] season = {hits * 4 + random.nextInt(60), hits, random.nextInt(40), hits / 2, hits / 2, hits / 3};
            for (int k = 0; k < season.length; k++) {
                season[k] += random.nextInt(10);
                text.append(season[k]).append(',');
            }
            text.append(years);
            for (int value : season) {
                text.append(',').append(value * years + random.nextInt(50));
            }
            String league = random.nextBoolean() ? "A" : "N";
            text.append(',').append(league).append(random.nextBoolean() ? ",E" : ",W");
            for (int k = 0; k < 3; k++) {
                text.append(',').append(random.nextInt(300));
            }
            text.append(',')
                    .append(50 + 3 * hits + 20 * years + random.nextInt(200))
                    .append(',');
            text.append(random.nextInt(10) == 0 ? "A" : league).append('\n');
        }
        StandIn.text(folder.resolve(FILE), text.toString());
    }

    /**
     * The columns of a design matrix: each of the three categories without the column of its first value, which is the
     * baseline, 19 columns.
     */
    public Hitters withoutBaselines() {
        return columns(IntStream.range(0, names.size())
                .filter(j -> !BASELINES.contains(names.get(j)))
                .toArray());
    }

    /**
     * The columns of R's {@code model.matrix(Salary ~ . - 1)}: as {@link #withoutBaselines}, but with both leagues, 20
     * columns.
     */
    public Hitters modelMatrix() {
        return columns(IntStream.range(0, names.size())
                .filter(j -> names.get(j).equals("League=A") || !BASELINES.contains(names.get(j)))
                .toArray());
    }

    /** The players with only these columns, in this order. */
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
     * The players with only the columns of these names, in this order.
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

    /** The columns scaled as R's {@code scale} does, to mean 0 and a standard deviation of 1 with the divisor n - 1. */
    public Hitters scaled() {
        double[][] z = Arrays.stream(x).map(double[]::clone).toArray(double[][]::new);
        for (int j = 0; j < names.size(); j++) {
            int column = j;
            double[] values = Arrays.stream(x).mapToDouble(row -> row[column]).toArray();
            double mean = Averages.mean(values);
            double deviation = Averages.deviation(values);
            Arrays.stream(z).forEach(row -> row[column] = (row[column] - mean) / deviation);
        }
        return new Hitters(names, z, y);
    }

    /** The columns [players, columns], rounded to floats. */
    public Tensor features() {
        return Tensor.of(floats(), size(), names.size());
    }

    /** The players as examples, whose target is the salary [1]. */
    public Dataset dataset() {
        return Dataset.of(floats(), Shape.of(names.size()), Averages.floats(y), Shape.of(1));
    }

    private float[] floats() {
        return Averages.floats(Arrays.stream(x).flatMapToDouble(Arrays::stream).toArray());
    }

    /** Only these players, in this order. */
    public Hitters players(int... which) {
        return new Hitters(
                names,
                IntStream.of(which).mapToObj(i -> x[i]).toArray(double[][]::new),
                IntStream.of(which).mapToDouble(i -> y[i]).toArray());
    }

    /** The number of players. */
    public int size() {
        return y.length;
    }
}
