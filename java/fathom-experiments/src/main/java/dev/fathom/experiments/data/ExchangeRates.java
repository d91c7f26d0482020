package dev.fathom.experiments.data;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.series.Series;
import dev.fathom.table.Table;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Eight exchange rates by day, 1990 to 2016 (Lai et al. 2018); not part of the project. */
public final class ExchangeRates {
    private static final String FILE = "exchange_rate.txt.gz";
    /** Where they are. */
    public static final DataSet SET = DataSet.of(
            "exchange-rate",
            List.of(FILE),
            "download it from the repository laiguokun/multivariate-time-series-data",
            "none stated",
            ExchangeRates::standIn);

    private static final String[] CURRENCIES = {
        "Australia", "Britain", "Canada", "Switzerland", "China", "Japan", "New Zealand", "Singapore"
    };

    private ExchangeRates() {}

    /** Random walks. */
    private static void standIn(Path folder) {
        SplittableRandom random = new SplittableRandom(5);
        double[] rates = new double[CURRENCIES.length];
        Arrays.setAll(rates, c -> 0.3 + 0.2 * c);
        StringBuilder text = new StringBuilder();
        for (int day = 0; day < 1500; day++) {
            for (int c = 0; c < rates.length; c++) {
                rates[c] *= Math.exp(0.005 * random.nextGaussian());
                text.append(line(c == 0 ? "%.6f" : ",%.6f", rates[c]));
            }
            text.append('\n');
        }
        StandIn.text(folder.resolve(FILE), text.toString());
    }

    /**
     * Reads the first {@code rows} days, or all if there are fewer.
     *
     * @throws IllegalArgumentException if the file is missing or damaged
     */
    public static Series read(@Nullable Path data, int rows) {
        Path file = SET.folder(data).resolve(FILE);
        Series all = Series.of(Table.csv(file, ',', CURRENCIES), CURRENCIES);
        return all.take(0, Math.min(rows, all.length()));
    }
}
