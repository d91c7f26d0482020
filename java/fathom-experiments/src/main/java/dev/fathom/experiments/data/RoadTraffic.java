package dev.fathom.experiments.data;

import dev.fathom.series.Series;
import dev.fathom.table.Table;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A week of speeds at loop detectors of Los Angeles every five minutes (METR-LA, in the form of Zhao et al. 2019); not
 * part of the project.
 *
 * @param speeds a column for each detector, 0 where nothing was measured
 * @param roads the weights of the road graph [from][to]
 */
public record RoadTraffic(Series speeds, double[][] roads) {
    private static final DataSet DATA = new DataSet(
            "metr-la-week",
            List.of("los_speed.csv.gz", "los_adj.csv.gz"),
            "download them from the repository lehaifeng/T-GCN and compress them with gzip");

    /**
     * Reads the first {@code rows} steps at the first {@code sensors} detectors, or all if there are fewer.
     *
     * @throws IllegalArgumentException if a file is missing or damaged, or the graph is of other detectors
     */
    public static RoadTraffic read(@Nullable Path data, int rows, int sensors) {
        Path folder = DATA.folder(data);
        Table table = Table.csv(folder.resolve("los_speed.csv.gz"));
        String[] names = table.columns().toArray(String[]::new);
        Series graph = Series.of(Table.csv(folder.resolve("los_adj.csv.gz"), ',', names), names);
        if (graph.length() != names.length) {
            throw new IllegalArgumentException(
                    folder.resolve("los_adj.csv.gz") + ": it has " + graph.length() + " rows, but los_speed.csv.gz has "
                            + names.length + " sensors; the graph needs one row for each sensor");
        }
        String[] used = Arrays.copyOf(names, Math.min(sensors, names.length));
        Series speeds = Series.of(table, used);
        double[][] roads = IntStream.range(0, used.length)
                .mapToObj(from ->
                        Stream.of(used).mapToDouble(to -> graph.value(from, to)).toArray())
                .toArray(double[][]::new);
        return new RoadTraffic(speeds.take(0, Math.min(rows, speeds.length())), roads);
    }
}
