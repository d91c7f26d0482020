package dev.fathom.labs.series;

import dev.fathom.tensor.Rng;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;

/** Small files in the places of the exchange rates and of the week of traffic, for tests. */
public final class SeriesFiles {
    private SeriesFiles() {}

    /** Columns that return to a mean, x[t] = 1 + 0.7 x[t - 1] + noise, as a CSV file, with a share of gaps. */
    public static String text(int rows, int columns, double gaps) {
        float[] noise = new Rng(5).normal(rows * columns, 0, 0.3f);
        float[] missing = new Rng(6).uniform(rows * columns, 0, 1);
        double[] x = new double[columns];
        StringBuilder text = new StringBuilder();
        for (int t = 0; t < rows; t++) {
            List<String> line = new ArrayList<>();
            for (int c = 0; c < columns; c++) {
                x[c] = 1 + 0.7 * (t == 0 ? 3.3 : x[c]) + noise[t * columns + c];
                line.add(missing[t * columns + c] < gaps ? "0" : String.format(Locale.ROOT, "%.4f", x[c]));
            }
            text.append(String.join(",", line)).append('\n');
        }
        return text.toString();
    }

    /** Writes the files of both data sets into a folder. */
    public static Path write(Path folder, String exchange, String speeds, int sensors) throws IOException {
        Files.createDirectories(folder);
        gzip(folder.resolve("exchange_rate.txt.gz"), exchange);
        String names = IntStream.range(0, sensors).mapToObj(c -> "70" + c).collect(Collectors.joining(",", "", "\n"));
        gzip(folder.resolve("los_speed.csv.gz"), names + speeds);
        String row = "1" + ",0".repeat(sensors - 1) + "\n";
        gzip(folder.resolve("los_adj.csv.gz"), row.repeat(sensors));
        return folder;
    }

    /** Writes a compressed text. */
    public static void gzip(Path file, String text) throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
    }
}
