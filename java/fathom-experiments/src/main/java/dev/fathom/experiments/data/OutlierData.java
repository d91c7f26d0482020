package dev.fathom.experiments.data;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.fathom.experiments.statistics.Averages;
import dev.fathom.files.Npz;
import dev.fathom.io.Npy;
import dev.fathom.io.TextFile;
import dev.fathom.series.Series;
import dev.fathom.table.Table;
import dev.fathom.tensor.Pass;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The four collections of series with known outliers. */
public final class OutlierData {
    private static final String NAB_LABELS = "labels/combined_windows.json";

    /** An electrocardiogram: the rows around its outliers, and those to learn from and to score, with both ends. */
    record Beats(String name, int first, int last, int trainFrom, int trainTo, int testFrom, int testTo) {}

    /** The split of the papers. */
    static final List<Beats> ECG = List.of(
            new Beats("chfdb_chf01_275", 2330, 2600, 0, 1832, 1833, 3673),
            new Beats("chfdb_chf13_45590", 2800, 2960, 0, 2438, 2439, 3725),
            new Beats("ltstdb_20221_43", 650, 780, 1121, 3730, 0, 1120),
            new Beats("ltstdb_20321_240", 710, 850, 1520, 3530, 73, 1519),
            new Beats("mitdb__100_180", 1800, 1990, 2328, 5270, 73, 2327),
            new Beats("stdb_308_0", 2290, 2550, 2986, 5358, 265, 2985),
            new Beats("xmitdb_x108_0", 4020, 4400, 424, 3575, 3576, 5331));

    /** Where the electrocardiograms are. */
    public static final DataSet ECG_FILES = DataSet.of(
            "ecg",
            ECG.stream().map(b -> b.name() + ".csv").toList(),
            "make them of dataset/ecg/raw in the repository chickenbestlover/RNN-Time-series-Anomaly-Detection",
            "ODC-By 1.0 (PhysioNet)",
            OutlierStandIns::ecg);
    /** Where the series of the Numenta benchmark are. */
    public static final DataSet NAB_FILES = DataSet.of(
            "nab",
            List.of(NAB_LABELS),
            "download data and labels from the repository numenta/NAB",
            "MIT",
            OutlierStandIns::nab);
    /** Where the telemetry is. */
    public static final DataSet MSL_FILES = DataSet.of(
            "msl",
            List.of("msl.npz", "labels.csv"),
            "make them of data/SMAP_MSL in the repository imperial-qore/TranAD",
            "none stated (NASA), BSD-3-Clause",
            OutlierStandIns::msl);
    /** Where the arterial pressures are. */
    public static final DataSet UCR_FILES = DataSet.of(
            "ucr-internal-bleeding",
            List.of(
                    "135_UCR_Anomaly_InternalBleeding16_1200_4187_4199.txt",
                    "136_UCR_Anomaly_InternalBleeding17_1600_3198_3309.txt",
                    "137_UCR_Anomaly_InternalBleeding18_2300_4485_4587.txt",
                    "138_UCR_Anomaly_InternalBleeding19_3000_4187_4197.txt"),
            "download them from data/UCR in the repository imperial-qore/TranAD",
            "none stated, BSD-3-Clause",
            OutlierStandIns::ucr);

    private static final int MOST = 10_000_000; // characters of a text

    private OutlierData() {}

    /** The folder of a collection in {@code data}, which holds all of them, or where data usually are. */
    private static Path folder(DataSet files, @Nullable Path data) {
        return files.folder(data == null ? null : data.resolve(files.name()));
    }

    /** Seven electrocardiograms of two leads, each with one anomalous beat, and the papers' split. */
    public static List<LabeledSeries> ecg(@Nullable Path data) {
        Path folder = folder(ECG_FILES, data);
        return ECG.stream()
                .map(b -> whole(folder.resolve(b.name + ".csv"), file -> {
                    double[][] rows = rows(Series.of(Table.csv(file), "ch1", "ch2"));
                    Objects.checkIndex(b.testTo, rows.length);
                    boolean[] outliers = new boolean[rows.length];
                    Arrays.fill(outliers, b.first + 1, b.last, true);
                    double[][] learned = Arrays.copyOfRange(rows, b.trainFrom, b.trainTo + 1);
                    return split("ECG", b.name, learned, rows, outliers, b.testFrom, b.testTo + 1);
                }))
                .toList();
    }

    private static LabeledSeries split(
            String set, String name, double[][] learned, double[][] rows, boolean[] outliers, int from, int to) {
        double[][] test = Arrays.copyOfRange(rows, from, to);
        return LabeledSeries.of(set, name, learned, test, Arrays.copyOfRange(outliers, from, to));
    }

    /**
     * A series from a file, or one sentence where the file has fewer rows than its labels speak of, or texts for
     * numbers.
     */
    private static LabeledSeries whole(Path file, Function<Path, LabeledSeries> read) {
        try {
            return read.apply(file);
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            throw new IllegalArgumentException(
                    file + ": it is damaged or cut off (" + e.getMessage() + "); download it again", e);
        }
    }

    /**
     * Those series of the Numenta benchmark that lie in the folder, have an anomaly and a name that is wanted. All rows
     * are both learned and scored, as there is no split.
     */
    public static List<LabeledSeries> nab(@Nullable Path data, Predicate<String> wanted) {
        Path folder = folder(NAB_FILES, data);
        Path labels = folder.resolve(NAB_LABELS);
        try {
            List<LabeledSeries> all = new ArrayList<>();
            JsonParser.parseString(TextFile.read(labels, "labels", MOST))
                    .getAsJsonObject()
                    .asMap()
                    .forEach((name, spans) -> {
                        Path file = folder.resolve("data").resolve(name);
                        if (!spans.getAsJsonArray().isEmpty() && wanted.test(name(file)) && Files.exists(file)) {
                            all.add(whole(file, f -> numenta(f, spans.getAsJsonArray())));
                        }
                    });
            if (all.isEmpty()) {
                throw new IllegalArgumentException(
                        folder + ": none of the series is in the folder data; " + NAB_FILES.origin());
            }
            return all;
        } catch (JsonParseException | IllegalStateException e) {
            throw new IllegalArgumentException(
                    labels + ": it is not the JSON of the benchmark's labels; download it again", e);
        }
    }

    /**
     * A series of the Numenta benchmark to score after another one was learned, whose mean and deviation scale both.
     *
     * @param learned the file of the series to learn from, such as
     *     {@code artificialNoAnomaly/art_daily_small_noise.csv}
     * @param asked the file of the series to score, which has an anomaly
     */
    public static LabeledSeries nab(@Nullable Path data, String learned, String asked) {
        Path folder = folder(NAB_FILES, data).resolve("data");
        LabeledSeries known = nab(data, name(folder.resolve(asked))::equals).get(0);
        return whole(
                folder.resolve(learned),
                file -> LabeledSeries.of(
                        "NAB",
                        known.name(),
                        rows(Series.of(Table.csv(file), "value")),
                        rows(Series.of(Table.csv(folder.resolve(asked)), "value")),
                        known.outliers()));
    }

    /** Times are texts of one form, so that their order is that of the texts. */
    private static LabeledSeries numenta(Path file, JsonArray spans) {
        Table table = Table.csv(file);
        double[][] rows = rows(Series.of(table, "value"));
        boolean[] outliers = new boolean[rows.length];
        for (JsonElement span : spans) {
            String from = span.getAsJsonArray().get(0).getAsString().substring(0, 19);
            String to = span.getAsJsonArray().get(1).getAsString().substring(0, 19);
            for (int t = 0; t < rows.length; t++) {
                String time = table.text(t, "timestamp");
                outliers[t] |= time.compareTo(from) >= 0 && time.compareTo(to) <= 0;
            }
        }
        return LabeledSeries.of("NAB", name(file), rows, rows, outliers);
    }

    private static String name(Path file) {
        return file.getFileName().toString().replace(".csv", "");
    }

    /** Eight channels of telemetry of the rover Curiosity, each a value and its commands as zeros and ones. */
    public static List<LabeledSeries> msl(@Nullable Path data) {
        Path folder = folder(MSL_FILES, data);
        Map<String, Npy> arrays = Npz.read(folder.resolve("msl.npz"));
        Table labels = Table.csv(folder.resolve("labels.csv"));
        return arrays.keySet().stream()
                .filter(key -> key.endsWith(".test"))
                .sorted()
                .map(key -> whole(folder.resolve("msl.npz"), npz -> {
                    String channel = key.replace(".test", "");
                    double[][] test = rows(arrays, key);
                    boolean[] outliers = new boolean[test.length];
                    for (int i = 0; i < labels.size(); i++) {
                        if (labels.text(i, "channel").equals(channel)) {
                            int end = Integer.parseInt(labels.text(i, "end")) + 1;
                            Arrays.fill(outliers, Integer.parseInt(labels.text(i, "start")), end, true);
                        }
                    }
                    return LabeledSeries.of("MSL", channel, rows(arrays, channel + ".train"), test, outliers);
                }))
                .toList();
    }

    /** Four arterial pressures whose names tell the end of the training part and the ends of the one anomaly. */
    public static List<LabeledSeries> ucr(@Nullable Path data) {
        Path folder = folder(UCR_FILES, data);
        return UCR_FILES.files().stream()
                .map(file -> whole(folder.resolve(file), path -> {
                    double[][] rows = TextFile.read(path, "a series", MOST)
                            .lines()
                            .filter(line -> !line.isBlank())
                            .map(line -> new double[] {Double.parseDouble(line.strip())})
                            .toArray(double[][]::new);
                    String[] parts = file.replace(".txt", "").split("_", -1);
                    int learned = Integer.parseInt(parts[4]);
                    boolean[] outliers = new boolean[rows.length];
                    Arrays.fill(outliers, Integer.parseInt(parts[5]), Integer.parseInt(parts[6]) + 1, true);
                    double[][] train = Arrays.copyOf(rows, learned);
                    return split("UCR", parts[3], train, rows, outliers, learned, rows.length);
                }))
                .toList();
    }

    private static double[][] rows(Map<String, Npy> arrays, String key) {
        Npy array = arrays.get(key);
        if (array == null) {
            throw new IllegalArgumentException("msl.npz: there is no array " + key + "; make the file again");
        }
        try (Pass pass = Pass.infer()) {
            double[] values = Averages.doubles(array.tensor().toArray());
            int columns = array.shape().dim(1);
            return IntStream.range(0, array.shape().dim(0))
                    .mapToObj(t -> Arrays.copyOfRange(values, t * columns, (t + 1) * columns))
                    .toArray(double[][]::new);
        }
    }

    private static double[][] rows(Series series) {
        List<double[]> columns = series.columns().stream().map(series::values).toList();
        return IntStream.range(0, series.length())
                .mapToObj(t -> columns.stream().mapToDouble(c -> c[t]).toArray())
                .toArray(double[][]::new);
    }
}
