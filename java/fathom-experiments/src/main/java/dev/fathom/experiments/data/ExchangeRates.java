package dev.fathom.experiments.data;

import dev.fathom.series.Series;
import dev.fathom.table.Table;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Eight exchange rates by day, 1990 to 2016 (Lai et al. 2018); not part of the project. */
public final class ExchangeRates {
    private static final DataSet DATA = new DataSet(
            "exchange-rate",
            List.of("exchange_rate.txt.gz"),
            "download it from the repository laiguokun/multivariate-time-series-data");
    private static final String[] CURRENCIES = {
        "Australia", "Britain", "Canada", "Switzerland", "China", "Japan", "New Zealand", "Singapore"
    };

    private ExchangeRates() {}

    /**
     * Reads the first {@code rows} days, or all if there are fewer.
     *
     * @throws IllegalArgumentException if the file is missing or damaged
     */
    public static Series read(@Nullable Path data, int rows) {
        Path file = DATA.folder(data).resolve("exchange_rate.txt.gz");
        Series all = Series.of(Table.csv(file, ',', CURRENCIES), CURRENCIES);
        return all.take(0, Math.min(rows, all.length()));
    }
}
