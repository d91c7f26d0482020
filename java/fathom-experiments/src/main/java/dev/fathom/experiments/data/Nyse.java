package dev.fathom.experiments.data;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.series.Series;
import dev.fathom.series.Standardization;
import dev.fathom.table.Encoder;
import dev.fathom.table.Table;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Trading days of the New York Stock Exchange, 1962 to 1986 (ISLR): return of the Dow Jones, volume and volatility, the
 * day of the week, and which days are for training.
 */
public final class Nyse {
    /** The column that is forecast. */
    public static final String VOLUME = "log_volume";
    /** The numeric columns, in the order of the textbook. */
    public static final List<String> NUMBERS = List.of("DJ_return", VOLUME, "log_volatility");

    /** How to get the data of the textbook. */
    static final String ISLP = "download it from the repository intro-stat-learning/ISLP";

    private static final String FILE = "NYSE.csv";
    /** Where they are. */
    public static final DataSet SET = DataSet.of("islr", List.of(FILE), ISLP, "BSD-3-Clause (ISLP)", Nyse::standIn);

    private static final String DAY = "day_of_week";
    private static final String TRAIN = "train";
    private static final int FEWEST = 200;

    private Nyse() {}

    /** Volume and volatility that remember the day before, and returns that do not. */
    private static void standIn(Path folder) {
        SplittableRandom random = new SplittableRandom(7);
        String[] days = {"mon", "tues", "wed", "thur", "fri"};
        StringBuilder text = new StringBuilder("date,day_of_week,DJ_return,log_volume,log_volatility,train\n");
        LocalDate date = LocalDate.of(1962, 12, 3);
        double volume = 0;
        double volatility = -11;
        for (int t = 0; t < 1600; t++) {
            volume = 0.6 * volume + 0.15 * random.nextGaussian();
            volatility = -11 + 0.98 * (volatility + 11) + 0.1 * random.nextGaussian();
            double change = Math.exp(volatility / 2 + 1) * random.nextGaussian();
            text.append(line(
                    "%s,%s,%.6f,%.6f,%.6f,%s\n",
                    date, days[t % 5], change, volume, volatility, t < 1100 ? "TRUE" : "FALSE"));
            date = date.plusDays(t % 5 == 4 ? 3 : 1);
        }
        StandIn.text(folder.resolve(FILE), text.toString());
    }

    /**
     * Reads the days: the three numbers scaled to mean 0 and deviation 1 over the whole series, as in the textbook,
     * five columns such as {@code day_of_week=mon}, and {@code train}, which is 1 on the training days.
     *
     * @throws IllegalArgumentException if the file is missing or damaged, its training days are not its first ones, or
     *     it has fewer than 200 days for training or for the test
     */
    public static Series read(@Nullable Path folder) {
        Path file = SET.folder(folder).resolve(FILE);
        Table table = Table.csv(file);
        Series raw = Series.of(
                table,
                new Encoder()
                        .number(NUMBERS.toArray(String[]::new))
                        .oneHot(DAY)
                        .bool(TRAIN)
                        .fit(table));
        int training = trainingDays(raw);
        if (training < FEWEST || raw.length() - training < FEWEST) {
            throw new IllegalArgumentException(FILE + " has " + training + " training days and "
                    + (raw.length() - training) + " test days, but windows and cross-validation need " + FEWEST
                    + " of each; give the whole file of 6,051 days");
        }
        for (int t = 0; t < raw.length(); t++) {
            if (raw.value(t, TRAIN) != (t < training ? 1 : 0)) {
                throw new IllegalArgumentException(
                        table.where(t, TRAIN) + ": a training day comes after a test day; sort the file by date");
            }
        }
        return Standardization.fit(raw, NUMBERS.toArray(String[]::new)).apply(raw);
    }

    /** The number of training days, which come first. */
    public static int trainingDays(Series series) {
        double sum = 0;
        for (double flag : series.values(TRAIN)) {
            sum += flag;
        }
        return (int) sum;
    }

    /** The columns of the day of the week, one of which is 1. */
    public static List<String> days(Series series) {
        return series.columns().stream().filter(c -> c.startsWith(DAY)).toList();
    }
}
