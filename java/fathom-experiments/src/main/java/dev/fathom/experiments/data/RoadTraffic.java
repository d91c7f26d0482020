package dev.fathom.experiments.data;

import static dev.fathom.experiments.pages.Findings.line;

import dev.fathom.series.Series;
import dev.fathom.table.Table;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
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
    private static final String SPEEDS = "los_speed.csv.gz";
    private static final String ROADS = "los_adj.csv.gz";

    /** Where they are. */
    public static final DataSet SET = DataSet.of(
            "metr-la-week",
            List.of(SPEEDS, ROADS),
            "download them from the repository lehaifeng/T-GCN and compress them with gzip",
            "none stated",
            RoadTraffic::standIn);

    /** A road with 24 detectors in a row and two rush hours a day, each of which sees what its neighbor saw before. */
    private static void standIn(Path folder) {
        SplittableRandom random = new SplittableRandom(6);
        int sensors = 24;
        String header =
                IntStream.range(0, sensors).mapToObj(s -> "" + (700_001 + s)).collect(Collectors.joining(","));
        StringBuilder speeds = new StringBuilder(header).append('\n');
        for (int t = 0; t < 1200; t++) {
            for (int s = 0; s < sensors; s++) {
                double rush = Math.max(0, Math.sin(4 * Math.PI * (t - s) / 288.0));
                speeds.append(line(s == 0 ? "%.2f" : ",%.2f", 65 - 30 * rush + 2 * random.nextGaussian()));
            }
            speeds.append('\n');
        }
        String roads = IntStream.range(0, sensors)
                .mapToObj(from -> IntStream.range(0, sensors)
                        .mapToObj(to -> line("%.3f", Math.abs(from - to) > 2 ? 0 : Math.exp(-Math.abs(from - to))))
                        .collect(Collectors.joining(",")))
                .collect(Collectors.joining("\n"));
        StandIn.text(folder.resolve(SPEEDS), speeds.toString());
        StandIn.text(folder.resolve(ROADS), roads);
    }

    /**
     * Reads the first {@code rows} steps at the first {@code sensors} detectors, or all if there are fewer.
     *
     * @throws IllegalArgumentException if a file is missing or damaged, or the graph is of other detectors
     */
    public static RoadTraffic read(@Nullable Path data, int rows, int sensors) {
        Path folder = SET.folder(data);
        Table table = Table.csv(folder.resolve(SPEEDS));
        String[] names = table.columns().toArray(String[]::new);
        Series graph = Series.of(Table.csv(folder.resolve(ROADS), ',', names), names);
        if (graph.length() != names.length) {
            throw new IllegalArgumentException(
                    folder.resolve(ROADS) + ": it has " + graph.length() + " rows, but los_speed.csv.gz has "
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
