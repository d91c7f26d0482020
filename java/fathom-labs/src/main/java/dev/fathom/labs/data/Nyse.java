package dev.fathom.labs.data;

import dev.fathom.data.Encoder;
import dev.fathom.data.Table;
import dev.fathom.series.Series;
import dev.fathom.series.Standardization;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Trading days of the New York Stock Exchange, 1962 to 1986 (ISLR): return of the Dow Jones, volume and volatility, the day of the week, and which days are for training. */
public final class Nyse {
    /** What is forecast. */
    public static final String VOLUME = "log_volume";
    /** The numbers of a day, in the order of the textbook. */
    public static final List<String> NUMBERS = List.of("DJ_return", VOLUME, "log_volatility");

    private static final String FILE = "NYSE.csv";
    private static final String DAY = "day_of_week";
    private static final String TRAIN = "train";
    private static final int FEWEST = 200;

    private Nyse() {}

    /**
     * Reads the days: the three numbers scaled to mean 0 and deviation 1 over the whole series, as the textbook does, five columns such as {@code day_of_week=mon}, and
     * {@code train}, which is 1 on the days to learn from.
     *
     * @throws IllegalArgumentException if there is no file, it is damaged, its days to learn from are not its first ones, or it has fewer than 200 of either kind
     */
    public static Series read(@Nullable Path folder) {
        Path file = new DataSet("islr", List.of(FILE), FILE + " is in the repository intro-stat-learning/ISLP")
                .folder(folder)
                .resolve(FILE);
        Table table = Table.csv(file);
        Series raw = Series.of(
                table,
                new Encoder()
                        .number(NUMBERS.toArray(String[]::new))
                        .oneHot(DAY)
                        .bool(TRAIN)
                        .fit(table));
        int learn = learning(raw);
        if (learn < FEWEST || raw.length() - learn < FEWEST) {
            throw new IllegalArgumentException(FILE + " has " + learn + " days to learn from and "
                    + (raw.length() - learn) + " to test, but windows and cross-validation take " + FEWEST
                    + " of each; give the whole file of 6,051 days");
        }
        for (int t = 0; t < raw.length(); t++) {
            if (raw.value(t, TRAIN) != (t < learn ? 1 : 0)) {
                throw new IllegalArgumentException(table.where(t, TRAIN)
                        + ": a day to learn from comes after a day to test; sort the file by date");
            }
        }
        return Standardization.fit(raw, NUMBERS.toArray(String[]::new)).apply(raw);
    }

    /** The number of days to learn from, which are the first. */
    public static int learning(Series series) {
        double sum = 0;
        for (double flag : series.values(TRAIN)) {
            sum += flag;
        }
        return (int) sum;
    }

    /** The columns that say which day of the week it is. */
    public static List<String> days(Series series) {
        return series.columns().stream().filter(c -> c.startsWith(DAY)).toList();
    }
}
